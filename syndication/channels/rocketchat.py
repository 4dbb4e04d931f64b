"""Rocket.Chat: messages of an incoming webhook (docs.rocket.chat, Integrations, Incoming webhook)."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from syndication.channels.by_http import Rule, shown
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview, unmarked
from syndication.channels.social import markdown, pictured
from syndication.channels.social.counting import utf16
from syndication.channels.social.hook import Hook, HookSettings
from syndication.channels.social.settings import SecretAddress
from syndication.channels.verdicts import Refused, Unconfirmed
from syndication.content.reason import Reason
from syndication.infra.http import Answer

#: Message_MaxAllowedSize, unless its administrators say otherwise.
_CHARACTERS = 5000

RULES: tuple[Rule, ...] = (
    Rule(None, "invalid integration", "gone", "Rocket.Chat knows no such webhook. Please make a new one and enter its address."),
    Rule(None, "invalid-channel", "access", "The channel of this webhook is gone. Please make a webhook for another one."),
    Rule(404, "", "gone", "Rocket.Chat knows no such webhook. Please make a new one and enter its address."),
    Rule(403, "", "access", "Rocket.Chat does not let this webhook post. Please look at it there."),
    Rule(401, "", "access", "Rocket.Chat does not accept this webhook. Please make a new one and enter its address."),
    Rule(400, "", "refused", "Rocket.Chat does not take this post as it is; its answer says why."),
    Rule(413, "", "refused", "Rocket.Chat says the post is too long."),
)  # fmt: skip


class RocketChatSettings(HookSettings):
    """One incoming webhook of a channel."""

    webhook: SecretAddress = Field(
        description="Address of the webhook (Administration, Integrations, New, Incoming)."
    )


class RocketChat(Hook):
    """Posts one message in Markdown, with its first picture as an attachment."""

    kind = "rocketchat"
    label = "Rocket.Chat"
    abilities = replace(Hook.abilities, length=_CHARACTERS)
    settings = RocketChatSettings
    rehearsed = Answer(200, {}, b'{"success": true}')
    rules = RULES

    def body(self, envelope: Envelope, *, correction: bool) -> tuple[Any, str]:
        """The text; Rocket.Chat fetches a picture itself."""
        text, remark = markdown.message(envelope, self.kind, _CHARACTERS, correction=correction)
        url, alt, more = pictured.first(envelope)
        said: dict[str, Any] = {"text": text}
        if url:
            said["attachments"] = [{"title": alt, "image_url": url}]
        return said, Reason.joined(remark, more)

    def seen(self, said: Any) -> Preview:
        """The text without its Markdown."""
        return preview(unmarked(said["text"]), length=utf16(said["text"]), most=_CHARACTERS)

    def accepts(self, answer: Answer) -> None:
        """Rocket.Chat answers {"success": true}, and may say no with status 200."""
        said = shown(answer)
        if '"success":true' in said.replace(" ", ""):
            return
        if '"success":false' in said.replace(" ", ""):
            raise Refused(
                Reason("Rocket.Chat does not take this post; its answer says why."),
                code=answer.status,
                answer=said,
            )
        raise Unconfirmed(
            Reason("Rocket.Chat answered something else than it should. Please look there."),
            code=answer.status,
            answer=said,
        )
