"""Shared by chat services with incoming webhooks: a secret address, one POST of JSON, nothing to edit or delete."""

import json
from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pydantic import Field

from syndication.channels import by_http
from syndication.channels.by_http import Rule, shown
from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.messages import HttpMessage
from syndication.channels.preview import Preview
from syndication.channels.social.requests import as_json
from syndication.channels.social.settings import SecretAddress, SocialSettings, host_of
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Unconfirmed
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate


class HookSettings(SocialSettings):
    """One incoming webhook; whoever knows its address can post, so all of it is secret."""

    webhook: SecretAddress = Field(description="Address of the webhook.")

    @property
    def host(self) -> str:
        """The service's host."""
        return host_of(self.webhook.get_secret_value())


@dataclass(frozen=True)
class HookMessage:
    """One message as it is sent."""

    request: HttpMessage = field(repr=False)
    remark: str


class Hook(Channel[Envelope, HookMessage]):
    """Posts one message; a later change that matters is posted as a correction beside it."""

    queue = "push"
    abilities = Abilities(
        revise=False,
        withdraw=False,
        repeatable=False,
        images=True,
        fetches="page",
        keeps_track=True,
        corrects=True,
    )
    settings = HookSettings
    typed = ("webhook",)
    limits = (Limit("destination", Rate(1, 1)),)
    #: With what a service says yes, or nothing where its status says enough.
    yes: ClassVar[str] = ""
    #: What the service answers, and what that means.
    rules: ClassVar[tuple[Rule, ...]] = ()

    @abstractmethod
    def body(self, envelope: Envelope, *, correction: bool) -> tuple[Any, str]:
        """The JSON of the message, and a remark on what was left out. Pure."""

    def accepts(self, answer: Answer) -> None:
        """Raise the Verdict for a 2xx that is no yes: it may come from something in between, and nothing was posted."""
        if self.yes and shown(answer).strip() != self.yes:
            raise Unconfirmed(
                Reason("{} answered something else than it should. Please look there.", self.label),
                code=answer.status,
                answer=shown(answer),
            )

    def render(self, envelope: Envelope) -> HookMessage:
        """The message as the service wants it; a correction says first what changed."""
        assert isinstance(envelope.settings, HookSettings)
        correction = envelope.action == "revised" and envelope.shown is not None
        said, remark = self.body(envelope, correction=correction)
        headers = (("content-type", "application/json; charset=utf-8"),)
        url = envelope.settings.webhook.get_secret_value()
        return HookMessage(HttpMessage("POST", url, headers, as_json(said)), remark)

    @abstractmethod
    def seen(self, said: Any) -> Preview:
        """What people see of the JSON that `body` made, but for pictures and the remark. Pure."""

    def preview(self, envelope: Envelope) -> Preview:
        """What people see of the message, with its first picture."""
        message, images = self.render(envelope), envelope.post.content.images
        return replace(
            self.seen(json.loads(message.request.body)),
            images=images[:1],
            left_out=max(0, len(images) - 1),
            remark=Reason.quoted(message.remark),
        )

    def send(self, message: HookMessage, tools: Tools) -> Receipt:
        """One POST; without an answer nobody knows whether it stands there."""
        answer = by_http.call(message.request, tools, rules=self.rules, who=self.label, repeatable=False)
        self.accepts(answer)
        return Receipt(code=answer.status, answer=shown(answer), remark=message.remark)
