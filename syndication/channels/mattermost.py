"""Mattermost: messages of an incoming webhook (developers.mattermost.com/integrate/webhooks/incoming)."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from syndication.channels.by_http import Rule
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview, unmarked
from syndication.channels.social import markdown, pictured
from syndication.channels.social.counting import utf16
from syndication.channels.social.hook import Hook, HookSettings
from syndication.channels.social.settings import SecretAddress
from syndication.content.reason import Reason
from syndication.infra.http import Answer

#: A post has at most 16,383 characters.
_CHARACTERS = 16_383

RULES: tuple[Rule, ...] = (
    Rule(404, "", "gone", "Mattermost knows no such webhook. Please make a new one and enter its address."),
    Rule(403, "", "access", "Mattermost does not let this webhook post in its channel. Please look at it there."),
    Rule(501, "", "access", "Incoming webhooks are switched off on this Mattermost. Please ask its administrators."),
    Rule(400, "channel", "access", "The channel of this webhook is gone. Please make a webhook for another one."),
    Rule(400, "", "refused", "Mattermost does not take this post as it is; its answer says why."),
    Rule(413, "", "refused", "Mattermost says the post is too long."),
)  # fmt: skip


class MattermostSettings(HookSettings):
    """One incoming webhook of a channel."""

    webhook: SecretAddress = Field(description="Address of the webhook (Integrations, Incoming Webhooks).")


class Mattermost(Hook):
    """Posts one message in Markdown, with its first picture below."""

    kind = "mattermost"
    label = "Mattermost"
    abilities = replace(Hook.abilities, length=_CHARACTERS)
    settings = MattermostSettings
    rehearsed = Answer(200, {}, b"ok")
    yes = "ok"
    rules = RULES

    def body(self, envelope: Envelope, *, correction: bool) -> tuple[Any, str]:
        """The text; a picture is fetched by Mattermost itself."""
        text, remark = markdown.message(envelope, self.kind, _CHARACTERS, correction=correction)
        url, alt, more = pictured.first(envelope)
        said: dict[str, Any] = {"text": text}
        if url:
            said["attachments"] = [{"fallback": alt, "text": markdown.plain(alt), "image_url": url}]
        return said, Reason.joined(remark, more)

    def seen(self, said: Any) -> Preview:
        """The text without its Markdown."""
        return preview(unmarked(said["text"]), length=utf16(said["text"]), most=_CHARACTERS)
