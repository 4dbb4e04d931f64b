"""Slack: messages of an incoming webhook in one channel (docs.slack.dev, Incoming webhooks and Block Kit)."""

import re
from dataclasses import replace
from typing import Any

from pydantic import Field

from syndication.channels.by_http import Rule
from syndication.channels.contract import Limit
from syndication.channels.envelope import Envelope
from syndication.channels.social import pictured
from syndication.channels.social.counting import cut, utf16
from syndication.channels.social.hook import Hook, HookSettings
from syndication.channels.social.settings import SecretAddress
from syndication.channels.social.words import SHORTENED, pieces
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate

#: Block Kit: header 150, section 3,000, alt_text 2,000 characters; the fallback of a notice is kept short.
_HEADER, _SECTION, _ALT, _FALLBACK = 150, 3000, 2000, 300

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
            "text": cut(_escaped(fallback), _FALLBACK, utf16),
            "blocks": blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        return said, remark


def _blocks(envelope: Envelope, *, correction: bool) -> tuple[list[dict[str, Any]], str]:
    """Header, facts and text, picture, and a line about who and where; with a remark on what was left out."""
    words = pieces(envelope, Slack.kind, correction=correction)
    picture, alt, more = pictured.first(envelope)
    facts = [line for line in (words.when, words.where, *(one.bare for one in words.facts)) if line]
    said = words.own or words.text
    lines = [f"*{_escaped(line)}*" for line in words.notice.splitlines()]
    lines += [] if words.own else [_escaped(line) for line in facts]
    room = _SECTION - utf16("\n".join(lines)) - 2
    text = cut(_escaped(said), room, utf16)
    whole = "\n\n".join(part for part in ("\n".join(lines), text) if part)
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": cut(words.title, _HEADER, utf16), "emoji": True},
        }
    ]
    if whole:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": whole, "verbatim": True}})
    if picture:  # Slack fetches it itself
        blocks.append({"type": "image", "image_url": picture, "alt_text": cut(alt, _ALT, utf16)})
    last = " · ".join(part for part in (words.merchant, f"<{envelope.post.link}>", *words.hashtags) if part)
    blocks.append(
        {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(_line(last), 2000, utf16)}]}
    )
    return blocks, Reason.joined(SHORTENED if text != _escaped(said) else "", more)


def _escaped(text: str) -> str:
    """The three characters with a meaning in mrkdwn, which keeps `<!channel>` and `<@U1>` from waking anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(text: str) -> str:
    """Escaped but for the one link that is ours."""
    found = re.search(r"<https?://[^<>|]+>", text)
    if not found:
        return _escaped(text)
    return _escaped(text[: found.start()]) + found[0].replace("&", "&amp;") + _escaped(text[found.end() :])
