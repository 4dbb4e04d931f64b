"""Everything without a channel of its own: a hundred services reached by one address through Apprise (appriseit.com).

Apprise is not trusted: which addresses it may see stands in `apprise_services`, and it runs in a confined process
(`apprise_plugins`) whose requests are sent from here.
"""

import base64
import json
import queue
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import Field, SecretStr, field_validator

from syndication.channels.apprise_services import service_of
from syndication.channels.by_http import message_date, retry_after, shown, verdict_for
from syndication.channels.contract import Abilities, Channel
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Settings
from syndication.channels.social.counting import graphemes
from syndication.channels.social.settings import SocialSettings
from syndication.channels.social.words import compose
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, TryLater, Unconfirmed
from syndication.content.reason import Reason
from syndication.infra import confined
from syndication.infra.http import OURS, Answer, Client, Failure

_CHARACTERS = 4000
#: The module that is confined, named and not imported: nothing of Apprise is loaded here.
_INSIDE = "syndication.infra.confined.apprise_plugins"
_MEMORY = 150_000_000
#: Processes in which Apprise may run for this one; each takes 60 MB while it is in use, and ends a minute later.
_MOST_AT_ONCE = 4
#: Seconds for one post in all, and for a process to become free before it.
_LONGEST, _PATIENCE = 45.0, 20.0
#: Requests of one post: an address may name many who are to get it.
_MOST_REQUESTS = 20
_METHODS = {"GET", "POST", "PUT"}
_UNUSABLE = Reason("Apprise could not use this address. Please enter it again.")


class AppriseSettings(SocialSettings):
    """One address in Apprise's form, such as `zulip://bot@org/token/stream`. It holds the access, so it is a secret."""

    url: SecretStr = Field(description="Address of the service, as Apprise writes it.")

    @field_validator("url")
    @classmethod
    def _may_be_used(cls, url: SecretStr) -> SecretStr:
        service_of(url.get_secret_value())
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

    kind = "apprise"
    label = "Apprise"
    queue = "push"
    abilities = Abilities(
        revise=False, withdraw=False, repeatable=False, length=_CHARACTERS, keeps_track=True, corrects=True
    )
    settings = AppriseSettings
    typed = ("url",)

    def render(self, envelope: Envelope) -> Notice:
        """The post as plain text, no longer than the service takes."""
        assert isinstance(envelope.settings, AppriseSettings)
        url = envelope.settings.url.get_secret_value()
        correction = envelope.action == "revised" and envelope.shown is not None
        composed = compose(envelope, self.kind, _most(envelope.settings), correction=correction)
        return Notice(url, envelope.post.merchant.name, composed.text, composed.remark)

    def preview(self, envelope: Envelope) -> Preview:
        """The text under the merchant's name, without pictures."""
        assert isinstance(envelope.settings, AppriseSettings)
        message = self.render(envelope)
        return preview(
            message.text,
            title=message.title,
            length=graphemes(message.text),
            most=_most(envelope.settings),
            images=envelope.post.content.images,
            remark=message.remark,
        )

    def send(self, message: Notice, tools: Tools) -> Receipt:
        """One notification; its requests go through the same door as all others."""
        door = _Door(tools.http)
        said = _asked({"url": message.url, "title": message.title, "text": message.text}, door)
        if said.get("done"):
            return Receipt(code=door.answers[-1].status if door.answers else None, remark=message.remark)
        raise _verdict(door)

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Asks Apprise whether it can use the address; nothing is sent."""
        assert isinstance(settings, AppriseSettings)
        if not _asked({"url": settings.url.get_secret_value()}, _Door(tools.http)).get("known"):
            raise Refused(_UNUSABLE)
        return settings


def _most(chosen: AppriseSettings) -> int:
    """Longest text that the service takes."""
    return min(_CHARACTERS, service_of(chosen.url.get_secret_value()).most)


class _Door:
    """Sends what is asked from within the confined process, by our rules, and remembers what came back."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._left = _MOST_REQUESTS
        self.answers: list[Answer] = []
        self.failure: Failure | None = None

    def reply(self, question: bytes) -> bytes:
        """The answer to one request, or why there is none; a redirect comes without its target, so nobody follows it."""
        try:
            answer = self._sent(json.loads(question))
        except Failure as failure:
            self.failure = failure
            return json.dumps({"failure": failure.reason}).encode()
        self.answers.append(answer)
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "location"}
        body = base64.b64encode(answer.body).decode()
        return json.dumps({"status": answer.status, "headers": headers, "body": body}).encode()

    def _sent(self, asked: Any) -> Answer:
        self._left -= 1
        if self._left < 0:
            raise Failure(
                Reason("The address names more receivers than {} requests reach.", _MOST_REQUESTS),
                blocked=True,
            )
        try:
            if asked["method"] not in _METHODS:
                raise Failure(Reason("Apprise wanted to do more there than to post."), blocked=True)
            headers = {name: value for name, value in asked["headers"].items() if name.lower() not in OURS}
            body = base64.b64decode(asked["body"])
            return self._client.request(asked["method"], asked["url"], headers=headers, body=body)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Failure(_UNUSABLE, blocked=True) from error


#: The process that was used last is used next, so that idle ones end.
_free: "queue.LifoQueue[confined.Child]" = queue.LifoQueue()
for _ in range(_MOST_AT_ONCE):
    _free.put(confined.Child(_INSIDE, memory=_MEMORY))


def _asked(frame: dict[str, str], door: _Door) -> dict[str, Any]:
    """What the confined process answers; nothing where it ended before it did. Raises TryLater where none became free."""
    try:
        child = _free.get(timeout=_PATIENCE)
    except queue.Empty:
        raise TryLater(
            Reason("Other services of Apprise take long to answer. It will be tried again."), outlet=False
        ) from None
    try:
        said: dict[str, Any] = json.loads(
            child.ask(json.dumps(frame).encode(), seconds=_LONGEST, reply=door.reply)
        )
        return said
    except confined.Failed as failed:
        if not door.answers and door.failure is None:
            raise TryLater(
                Reason("Apprise ended before it sent anything. It will be tried again."), outlet=False
            ) from failed
        return {}
    finally:
        _free.put(child)


def _verdict(door: _Door) -> Exception:
    """What became of it, from the last thing the service said: Apprise itself only says that it did not work."""
    if door.failure is not None:
        if door.failure.blocked:
            return Refused(door.failure.reason)
        if door.failure.sent:
            return Unconfirmed(door.failure.reason)
        return TryLater(door.failure.reason, slow=door.failure.timed_out)
    if not door.answers:
        return Refused(_UNUSABLE)
    answer = door.answers[-1]
    if 200 <= answer.status < 300:
        return Unconfirmed(
            Reason("The service answered something that Apprise does not take for a yes."),
            code=answer.status,
            answer=shown(answer),
        )
    if answer.status in (500, 502, 504):
        return Unconfirmed(
            Reason("The service answered {}; whether it was posted is not known.", answer.status),
            code=answer.status,
            answer=shown(answer),
        )
    if answer.status in (429, 503):
        after = retry_after(answer, message_date(answer))
        reason = Reason("The service answered {}. It will be tried again.", answer.status)
        return TryLater(
            reason, after=after, slow=answer.status == 429, code=answer.status, answer=shown(answer)
        )
    return verdict_for(answer, gone=frozenset(), now=message_date(answer), who="The service")
