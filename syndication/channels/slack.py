"""Slack: messages of an incoming webhook in one channel (docs.slack.dev, Incoming webhooks and Block Kit)."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

from pydantic import Field

from syndication.channels.by_http import Rule
from syndication.channels.contract import Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, joined, preview
from syndication.channels.social import pictured
from syndication.channels.social.counting import cut, headline, utf16
from syndication.channels.social.hook import Hook, HookSettings
from syndication.channels.social.settings import SecretAddress
from syndication.channels.social.words import SHORTENED, pieces
from syndication.content import addresses
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate

#: Block Kit: header 150, section 3,000, alt_text 2,000 characters; the fallback of a notice is kept short.
_HEADER, _SECTION, _ALT, _CONTEXT, _FALLBACK = 150, 3000, 2000, 2000, 300

RULES: tuple[Rule, ...] = (
    Rule(None, "no_active_hooks", "gone", "The webhook was switched off on Slack. Please make a new one and enter its address."),
    Rule(None, "no_service", "gone", "Slack knows no such webhook. Please make a new one and enter its address."),
    Rule(None, "no_team", "gone", "Slack knows no such workspace. Please make a new webhook and enter its address."),
    Rule(None, "team_disabled", "gone", "The Slack workspace was switched off."),
    Rule(None, "invalid_token", "access", "Slack no longer accepts this webhook. Please make a new one and enter its address."),
    Rule(None, "channel_is_archived", "access", "The Slack channel is archived. Please make a webhook for another channel."),
    Rule(None, "channel_not_found", "access", "The Slack channel is gone. Please make a webhook for another channel."),
    Rule(None, "user_not_found", "access", "Whoever made the webhook has left Slack. Please make a new one."),
    Rule(None, "action_prohibited", "access", "An administrator of the Slack workspace forbids this. Please ask there."),
    Rule(None, "posting_to_general_channel_denied", "access", "Slack does not allow posts in this channel."),
    Rule(None, "invalid_payload", "refused", "Slack does not take this post as it is; its answer says why."),
    Rule(None, "invalid_blocks", "refused", "Slack does not take this post as it is; its answer says why."),
    Rule(None, "no_text", "refused", "Slack does not take a post without words."),
    Rule(None, "too_many_attachments", "refused", "Slack says the post has too many parts."),
    Rule(404, "", "gone", "Slack knows no such webhook. Please make a new one and enter its address."),
    Rule(410, "", "gone", "The Slack channel is archived or gone. Please make a webhook for another channel."),
    Rule(403, "", "access", "Slack does not accept this webhook. Please make a new one and enter its address."),
)  # fmt: skip


class SlackSettings(HookSettings):
    """One incoming webhook of a channel."""

    webhook: SecretAddress = Field(
        description="Address of the webhook (api.slack.com/apps, Incoming Webhooks)."
    )


class Slack(Hook):
    """Posts one message in Block Kit, with plain words for notices on the screen."""

    kind = "slack"
    label = "Slack"
    abilities = replace(Hook.abilities, length=_SECTION)
    settings = SlackSettings
    rehearsed = Answer(200, {}, b"ok")
    yes = "ok"
    #: One a second for each webhook (docs.slack.dev/apis/web-api/rate-limits).
    limits = (Limit("destination", Rate(1, 1)),)
    rules = RULES

    def body(self, envelope: Envelope, *, correction: bool) -> tuple[Any, str]:
        """Blocks, and what is read out where blocks cannot be shown."""
        blocks, remark = _blocks(envelope, correction=correction)
        words = pieces(envelope, self.kind)
        fallback = " – ".join(part for part in (words.title, words.when) if part)
        said = {
            "text": _escaped(cut(fallback, _FALLBACK, _escaped_length)),
            "blocks": blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        return said, remark

    def seen(self, said: Any) -> Preview:
        """The blocks from top to bottom; what is counted are those with the text."""
        header, *others = said["blocks"]
        parts = [_seen(block) for block in others]
        texts = [
            _escaped_length(_seen(block)) for block in others if block["type"] in ("section", "rich_text")
        ]
        return preview(joined(*parts), title=header["text"]["text"], length=sum(texts), most=_SECTION)


def _blocks(envelope: Envelope, *, correction: bool) -> tuple[list[dict[str, Any]], str]:
    """Header, facts and text, picture, and a line about who and where; with a remark on what was left out."""
    words = pieces(envelope, Slack.kind, correction=correction)
    picture, alt, more = pictured.first(envelope)
    facts = [] if words.own else [words.when, words.where, *(one.bare for one in words.facts)]
    notice, lines = words.notice, "\n".join(line for line in facts if line)
    said = words.own or words.text
    room = _SECTION - _escaped_length(notice + lines) - 10
    text = cut(said, room, _escaped_length)
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": headline(words.title, _HEADER, utf16), "emoji": False},
        }
    ]
    if words.own:  # the merchant's own words for this service may be formatted
        blocks += [_rich([_text(notice, bold=True)])] if notice else []
        blocks.append(
            {"type": "section", "text": {"type": "mrkdwn", "text": _escaped(text), "verbatim": True}}
        )
    elif whole := [part for part in (notice, lines, text) if part]:
        parts = [_text(f"{notice}\n\n" if len(whole) > 1 else notice, bold=True)] if notice else []
        blocks.append(_rich([*parts, *_linked("\n\n".join(part for part in (lines, text) if part))]))
    if picture:  # Slack fetches it itself
        blocks.append({"type": "image", "image_url": picture, "alt_text": cut(alt, _ALT, utf16)})
    last = [_plain(words.merchant)] if words.merchant else []
    last.append({"type": "mrkdwn", "text": f"<{_escaped(envelope.post.link)}>"})
    last += [_plain(" ".join(words.hashtags))] if words.hashtags else []
    blocks.append({"type": "context", "elements": last})
    return blocks, Reason.joined(SHORTENED if text != said else "", more)


def _seen(block: dict[str, Any]) -> str:
    """What people see of one block; a picture says nothing."""
    if block["type"] == "rich_text":
        return "".join(one["text"] for part in block["elements"] for one in part["elements"])
    texts = block.get("elements", ()) if block["type"] == "context" else [block.get("text")]
    return " ".join(_unescaped(one) for one in texts if one)


def _unescaped(text: dict[str, Any]) -> str:
    """What people see of a text object."""
    if text["type"] == "plain_text":
        return str(text["text"])
    bare = re.sub(r"<([^<>]+)>", r"\1", text["text"])
    return unescape(re.sub(r"(?<!\w)([*_~`])(?=\S)([^\n]+?)(?<=\S)\1(?!\w)", r"\2", bare))


def _escaped(text: str) -> str:
    """The three characters with a meaning in mrkdwn, which keeps `<!channel>` and `<@U1>` from waking anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped_length(text: str) -> int:
    return utf16(_escaped(text))


def _plain(text: str) -> dict[str, Any]:
    """A text of a context block that is shown as it is."""
    return {"type": "plain_text", "text": cut(text, _CONTEXT, utf16), "emoji": False}


def _rich(elements: list[dict[str, Any]]) -> dict[str, Any]:
    """A block that is shown as it is: in mrkdwn nothing can be escaped, so "*" and "_" of a text would format it."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _text(text: str, *, bold: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"style": {"bold": True}} if bold else {})


def _linked(text: str) -> list[dict[str, Any]]:
    """Elements of a text, with its addresses as links."""
    found, done = [], 0
    for one in addresses.found(text):
        before = text[done : one.start]
        found += [_text(before)] if before else []
        found.append({"type": "link", "url": one.href, "text": text[one.start : one.end]})
        done = one.end
    return [*found, _text(text[done:])] if text[done:] else found
