"""Everything that has no channel of its own: more than 150 services through Apprise (appriseit.com), by one address."""

import logging
import sys
from dataclasses import dataclass, field
from typing import Any, ClassVar

import apprise
from pydantic import Field, SecretStr, field_validator

from syndication.channels.base import (
    Abilities,
    Channel,
    Envelope,
    Queue,
    Receipt,
    Refused,
    Settings,
    TryLater,
    Unconfirmed,
)
from syndication.channels.by_http import asked_to_wait, message_date, shown, verdict_for
from syndication.channels.doors import Tools
from syndication.channels.social.settings import SocialSettings
from syndication.channels.social.words import compose
from syndication.lent import Lent, lend

_CHARACTERS = 4000
#: Apprise writes addresses, which hold secrets, into its log.
logging.getLogger("apprise").disabled = True


def _service(url: str) -> Any:
    """The service behind an address. Raises ValueError with words for whoever entered it."""
    found = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if found is None:
        raise ValueError("is no address that Apprise knows; see its list of services")
    if not hasattr(sys.modules[type(found).__module__], "requests"):
        raise ValueError(
            "belongs to a service that is not reached over the web; only those that are can be used"
        )
    found.request_rate_per_sec = 0  # rates are kept by the delivery engine; a send never sleeps
    return found


class AppriseSettings(SocialSettings):
    """One address in Apprise's form, such as `zulip://bot@org/token/stream`. It holds the access, so it is a secret."""

    url: SecretStr = Field(description="Address of the service, as Apprise writes it.")

    @field_validator("url")
    @classmethod
    def _known(cls, url: SecretStr) -> SecretStr:
        _service(url.get_secret_value())
        return url


@dataclass(frozen=True)
class Notice:
    """A title and a text for one service."""

    url: str = field(repr=False)
    title: str
    text: str
    remark: str


class AppriseChannel(Channel[Envelope, Notice]):
    """Hands the text to one of Apprise's services. What was posted there can be neither changed nor taken back."""

    kind: ClassVar[str] = "apprise"
    label: ClassVar[str] = "Apprise"
    queue: ClassVar[Queue] = "push"
    abilities: ClassVar[Abilities] = Abilities(
        revise=False, withdraw=False, repeatable=False, length=_CHARACTERS, keeps_track=True, corrects=True
    )
    settings: ClassVar[type[Settings]] = AppriseSettings
    typed: ClassVar[tuple[str, ...]] = ("url",)

    def render(self, envelope: Envelope) -> Notice:
        """The post as plain text, no longer than the service takes."""
        assert isinstance(envelope.settings, AppriseSettings)
        url = envelope.settings.url.get_secret_value()
        service = _service(url)
        most = min(_CHARACTERS, int(getattr(service, "body_maxlen", 0)) or _CHARACTERS)
        correction = envelope.action == "revised" and envelope.shown is not None
        composed = compose(envelope, self.kind, most, correction=correction)
        return Notice(url, envelope.post.merchant.name, composed.text, composed.remark)

    def send(self, message: Notice, tools: Tools) -> Receipt:
        """One notification; its requests go through the same door as all others."""
        with lend(tools.http) as lent:
            try:
                done = _service(message.url).notify(body=message.text, title=message.title)
            except Exception as error:  # what 150 services do wrong is not listed anywhere
                raise _verdict(lent) from error
        if done:
            code = lent.answers[-1].status if lent.answers else None
            return Receipt(code=code, remark=message.remark)
        raise _verdict(lent)


def _verdict(lent: Lent) -> Exception:
    """What became of it, from the last thing the service said: Apprise itself only says that it did not work."""
    if lent.failure is not None:
        if lent.failure.blocked:
            return Refused(lent.failure.reason)
        if lent.failure.sent:
            return Unconfirmed(lent.failure.reason)
        return TryLater(lent.failure.reason, slow=lent.failure.timed_out)
    if not lent.answers:
        return Refused("Apprise could not use this address. Please enter it again.")
    answer = lent.answers[-1]
    if 200 <= answer.status < 300:
        return Unconfirmed(
            "The service answered something that Apprise does not take for a yes.",
            code=answer.status,
            answer=shown(answer),
        )
    if answer.status in (500, 502, 504):
        return Unconfirmed(
            f"The service answered {answer.status}; whether it was posted is not known.",
            code=answer.status,
            answer=shown(answer),
        )
    if answer.status in (429, 503):
        after = asked_to_wait(answer, message_date(answer))
        reason = f"The service answered {answer.status}. It will be tried again."
        return TryLater(
            reason, after=after, slow=answer.status == 429, code=answer.status, answer=shown(answer)
        )
    return verdict_for(answer, gone=frozenset(), now=message_date(answer), who="The service")
