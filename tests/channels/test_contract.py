"""What every channel of the registry owes, tried on each of them with a real remote."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from syndication import channels
from syndication.channels.base import Receipt, Refused, Tools, TryLater, Verdict
from syndication.config import Settings as ProcessSettings
from syndication.http import Client
from syndication.mail import Outbox
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests.channels.samples import AT, SAMPLES, Sample

ALL = [channel.kind for channel in channels.CHANNELS]
QUEUES = {"push", "mail", "feeds"}


class Shelf:
    """A shelf that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def refresh(self, scopes: Any) -> int:
        self.asked.append(tuple(scopes))
        return len(scopes)


@pytest.fixture
def tools(receiver: Receiver, mail_sink: MailSink, settings: ProcessSettings) -> Iterator[Tools]:
    client = Client(timeout=1.0, allow_private=True)
    box = Outbox("127.0.0.1", mail_sink.port, "none", timeout=1.0, final_timeout=1.0)
    yield Tools(client, box, Shelf())
    client.close()
    box.close()


def sample(kind: str) -> Sample:
    settings, envelope = SAMPLES[kind]
    return Sample(channels.by_kind(kind), settings, envelope)


@pytest.mark.parametrize("kind", ALL)
def test_it_is_described_for_people_and_routed(kind: str) -> None:
    channel = channels.by_kind(kind)
    assert channel.label
    assert channel.queue in QUEUES
    assert channel.__doc__
    assert all(info.description for info in channel.settings.model_fields.values()), (
        "each setting says what to fill in"
    )


@pytest.mark.parametrize("kind", ALL)
def test_rendering_is_pure(kind: str, receiver: Receiver, settings: ProcessSettings) -> None:
    one = sample(kind)
    envelope = one.envelope(receiver.url())
    assert one.channel.render(envelope) == one.channel.render(envelope)
    assert receiver.requests == []


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("action", ["published", "revised", "withdrawn"])
def test_every_change_is_sent_and_received(
    kind: str, action: str, tools: Tools, receiver: Receiver, mail_sink: MailSink
) -> None:
    one = sample(kind)
    receipt = one.channel.send(one.channel.render(one.envelope(receiver.url(), action)), tools)
    assert isinstance(receipt, Receipt)
    assert len(receiver.requests) + len(mail_sink.mails) + len(tools.shelf.asked) == 1  # type: ignore[attr-defined]  # the test's shelf


@pytest.mark.parametrize("kind", ALL)
def test_a_dead_remote_is_tried_later(kind: str, settings: ProcessSettings) -> None:
    one = sample(kind)
    with Receiver() as gone, MailSink() as dead:
        url, port = gone.url(), dead.port
    tools = Tools(Client(timeout=1.0, allow_private=True), Outbox("127.0.0.1", port, "none"), Shelf())
    if one.channel.queue == "feeds":
        assert isinstance(one.channel.send(one.channel.render(one.envelope(url)), tools), Receipt)
        return
    with pytest.raises(TryLater) as caught:
        one.channel.send(one.channel.render(one.envelope(url)), tools)
    assert caught.value.reason.endswith(".")


@pytest.mark.parametrize("kind", [channel.kind for channel in channels.CHANNELS if channel.queue == "push"])
@pytest.mark.parametrize("status", [100, 204, 301, 400, 401, 404, 410, 413, 422, 429, 500, 503, 599])
def test_every_status_of_a_remote_is_a_receipt_or_a_verdict_in_words(
    kind: str, status: int, tools: Tools, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(status, {"Retry-After": "7"}, b"\xff\x00no")
    one = sample(kind)
    message = one.channel.render(one.envelope(receiver.url()))
    if status == 204:
        assert one.channel.send(message, tools).code == 204
        return
    with pytest.raises(Verdict) as caught:
        one.channel.send(message, tools)
    assert caught.value.reason[0].isupper()
    assert caught.value.reason.endswith(".")
    if status in (429, 503):
        assert isinstance(caught.value, TryLater)
        assert caught.value.after == 7
    if status in (301, 400, 413, 422):
        assert isinstance(caught.value, Refused)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    "hostile",
    [
        {"title": "x" * 200},
        {"title": "Ä" * 200, "summary": "ß" * 500},
        {"body": "a" * 9_000},
        {"body": "[x](javascript:alert(1)) <img src=x onerror=alert(1)>"},
        {"summary": "{{ 7*7 }} {% include '/etc/passwd' %} %(city)s {0}"},
        {"title": "=?utf-8?q?x?= \u202e 👩‍👩‍👧‍👦 ﷽"},
        {"coupon_code": None, "place": None, "images": (), "url": None},
    ],
)
def test_hostile_and_extreme_content_is_sent_or_refused_in_words(
    kind: str, hostile: dict[str, Any], tools: Tools, receiver: Receiver, mail_sink: MailSink
) -> None:
    one = sample(kind)
    with contextlib.suppress(Refused):
        one.channel.send(one.channel.render(one.envelope(receiver.url(), **hostile)), tools)
    for request in receiver.requests:
        if "json" in request.headers.get("content-type", ""):
            json.loads(request.body)
    for mail in mail_sink.mails:
        assert "49" not in mail.message["Subject"]
        assert mail.message["Bcc"] is None


@pytest.mark.parametrize("kind", ALL)
def test_secrets_are_named_and_never_shown(kind: str, settings: ProcessSettings) -> None:
    one = sample(kind)
    filled = {name: value.format(url="http://127.0.0.1:9/") for name, value in one.settings.items()}
    made = one.channel.settings.model_validate(filled)
    for name in made.secret_names():
        value = getattr(made, name)
        if isinstance(value, SecretStr):
            assert value.get_secret_value() not in repr(made) + json.dumps(made.plain())
    assert set(made.plain()).isdisjoint(made.secret_names())
    again = one.channel.settings.model_validate({**made.plain(), **made.secrets()})
    assert again == made


def test_every_channel_has_a_sample() -> None:
    assert set(ALL) == set(SAMPLES)
    assert AT.tzinfo is not None
