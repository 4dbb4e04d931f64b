"""Microsoft Teams: Adaptive Cards to a workflow that waits for them (learn.microsoft.com, "Create incoming webhooks with
Workflows for Microsoft Teams"; adaptivecards.io, schema 1.4)."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from syndication.channels.by_http import Rule
from syndication.channels.contract import Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, joined, preview, unmarked
from syndication.channels.social import markdown, pictured
from syndication.channels.social.counting import cut, utf16
from syndication.channels.social.hook import Hook, HookSettings
from syndication.channels.social.requests import as_json
from syndication.channels.social.settings import SecretAddress
from syndication.channels.social.words import SHORTENED, pieces
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate
from syndication.infra.rendering import gettext

#: A message has at most 28 kB; escaping and umlauts need room.
_CHARACTERS, _BYTES = 5000, 28_000

RULES: tuple[Rule, ...] = (
    Rule(None, "WorkflowNotFound", "gone", "The workflow was deleted in Teams. Please make a new one and enter its address."),
    Rule(None, "WorkflowTriggerIsNotEnabled", "access", "The workflow is switched off in Teams. Please switch it on again."),
    Rule(None, "TriggerInputSchemaMismatch", "refused", "The workflow expects no cards. Please use the template for alerts."),
    Rule(None, "AuthorizationRequired", "access", "The workflow asks for a login. Please let anyone trigger it."),
    Rule(404, "", "gone", "Teams knows no such workflow. Please make a new one and enter its address."),
    Rule(410, "", "gone", "The workflow is gone from Teams. Please make a new one and enter its address."),
    Rule(401, "", "access", "The workflow does not accept us. Please copy its address once more and enter it."),
    Rule(403, "", "access", "The workflow does not accept us. Please copy its address once more and enter it."),
    Rule(400, "", "refused", "Teams does not take this post as it is; its answer says why."),
    Rule(413, "", "refused", "Teams says the post is too long."),
)  # fmt: skip


class TeamsSettings(HookSettings):
    """One workflow that posts in a channel."""

    webhook: SecretAddress = Field(
        description="Address of the workflow (channel, Workflows, webhook alerts)."
    )


class Teams(Hook):
    """Posts one card: title, facts, text, first picture, and a button to the page."""

    kind = "teams"
    label = "Microsoft Teams"
    abilities = replace(Hook.abilities, length=_CHARACTERS)
    settings = TeamsSettings
    rehearsed = Answer(202, {}, b"")
    #: Four a second for each webhook.
    limits = (Limit("destination", Rate(4, 1)),)
    rules = RULES

    def body(self, envelope: Envelope, *, correction: bool) -> tuple[Any, str]:
        """A message with one Adaptive Card."""
        parts, shortened = _parts(envelope, correction=correction)
        url, alt, more = pictured.first(envelope)
        if url:
            parts.append({"type": "Image", "url": url, "altText": cut(alt, 500), "size": "Stretch"})
        open_page = {
            "type": "Action.OpenUrl",
            "title": gettext(envelope.post.content.language)("Read more"),
            "url": envelope.post.link,
        }
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": parts,
            "actions": [open_page],
        }
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card,
        }
        remark = Reason.joined(SHORTENED if shortened else "", more)
        return {"type": "message", "attachments": [attachment]}, remark

    def seen(self, said: Any) -> Preview:
        """The card from top to bottom; what is counted is the whole message."""
        parts = said["attachments"][0]["content"]["body"]
        title = next(one for one in parts if one.get("size") == "Large")
        text = joined(*(_seen(one) for one in parts if one is not title))
        size = len(as_json(said))
        return preview(text, title=unmarked(title["text"]), length=size, most=_BYTES, unit="bytes")


def _parts(envelope: Envelope, *, correction: bool) -> tuple[list[dict[str, Any]], bool]:
    """The card's texts, and whether one had to be shortened."""
    words, say = pieces(envelope, Teams.kind, correction=correction), gettext(envelope.post.content.language)
    facts = [(say("When"), words.when), (say("Where"), words.where)]
    facts += [(one.label, one.text) for one in words.facts]
    said = words.own or words.text
    text = cut(said, _CHARACTERS, utf16)
    parts = [_block(_marked(line), color="Attention", weight="Bolder") for line in words.notice.splitlines()]
    parts.append(_block(markdown.escaped(words.title), size="Large", weight="Bolder"))
    if any(value for _, value in facts):
        rows = [{"title": name, "value": _marked(value)} for name, value in facts if value]
        parts.append({"type": "FactSet", "facts": rows})
    parts += [_block(_marked(part)) for part in (text, words.merchant) if part]
    if words.hashtags:
        parts.append({"type": "TextBlock", "text": " ".join(words.hashtags), "wrap": True, "isSubtle": True})
    return parts, text != said


def _seen(part: dict[str, Any]) -> str:
    """What people see of one element of the card; a picture says nothing."""
    if part["type"] == "FactSet":
        return "\n".join(f"{one['title']}: {unmarked(one['value'])}" for one in part["facts"])
    return unmarked(part.get("text", ""))


def _block(text: str, **looks: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **looks}


def _marked(text: str) -> str:
    """A text in the card's Markdown ("Format cards in Teams"): signs escaped, addresses as links, an empty line for each end
    of a line."""
    lines = [markdown.plain(line, marked=True) for line in text.splitlines() if line.strip()]
    return "\n\n".join(lines)
