"""What every channel of the registry owes, tried on each of them with a real remote."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from syndication import channels
from syndication.channels.contract import Channel
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, TryLater, Unconfirmed, Verdict
from syndication.config import Settings as ProcessSettings
from syndication.delivery.decide import skip_reason
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests import hostile
from tests.channels.conftest import make_tools
from tests.channels.samples import AT, SAMPLES, Sample, filled_in
from tests.remotes import REMOTES, Losing, Remote

ALL = [channel.kind for channel in channels.CHANNELS]
QUEUES = {"push", "mail", "feeds"}


@pytest.fixture
def remote(request: pytest.FixtureRequest, receiver: Receiver) -> Remote | None:
    """The fake network of the kind under test, listening at the receiver; None where any HTTP server will do."""
    kind = request.getfixturevalue("kind")
    if kind not in REMOTES:
        return None
    fake = REMOTES[kind]()
    receiver.answer = fake.answer
    return fake


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
    kind: str, action: str, tools: Tools, receiver: Receiver, mail_sink: MailSink, remote: Remote | None
) -> None:
    one = sample(kind)
    envelope = one.envelope(receiver.url(), action)
    if remote is not None and action != "published":
        if skip_reason(
            replace(envelope, shown=envelope.post.content), one.channel.abilities, one.channel.label
        ):
            return  # the engine does not send it: test_lifecycle shows what the merchant reads
        first = one.channel.send(one.channel.render(one.envelope(receiver.url())), tools)
        envelope = replace(envelope, reference=first.reference, shown=envelope.post.content)
    receipt = one.channel.send(one.channel.render(envelope), tools)
    assert isinstance(receipt, Receipt)
    arrived = len(receiver.requests) + len(mail_sink.mails) + len(tools.shelf.asked)  # type: ignore[attr-defined]  # the test's shelf
    assert arrived == 1 if remote is None else arrived >= 1


def test_who_says_that_it_finds_can_look_and_repeats_nothing() -> None:
    for channel in channels.CHANNELS:
        assert channel.abilities.finds == (type(channel).find is not Channel.find), channel.kind
        assert not (channel.abilities.finds and channel.abilities.repeatable), channel.kind


@pytest.mark.parametrize("kind", ALL)
def test_a_dead_remote_is_tried_later(kind: str, settings: ProcessSettings, tmp_path: Path) -> None:
    one = sample(kind)
    with Receiver() as gone, MailSink() as dead:
        url, port = gone.url(), dead.port
    with make_tools(tmp_path, port) as tools:
        if one.channel.queue == "feeds":
            assert isinstance(one.channel.send(one.channel.render(one.envelope(url)), tools), Receipt)
            return
        with pytest.raises(TryLater) as caught:
            one.channel.send(one.channel.render(one.envelope(url)), tools)
    assert caught.value.reason.endswith(".")


NO_ANSWER = pytest.param(100, marks=pytest.mark.no_answer)  # a status that only announces another


@pytest.mark.parametrize("kind", [channel.kind for channel in channels.CHANNELS if channel.queue == "push"])
@pytest.mark.parametrize("status", [NO_ANSWER, 204, 301, 400, 401, 404, 410, 413, 422, 429, 500, 503, 599])
def test_every_status_of_a_remote_is_a_receipt_or_a_verdict_in_words(
    kind: str, status: int, tools: Tools, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(status, {"Retry-After": "7"}, b"\xff\x00no")
    one = sample(kind)
    message = one.channel.render(one.envelope(receiver.url()))
    if status == 204 and kind not in REMOTES:
        assert one.channel.send(message, tools).code == 204
        return
    if status == 204:  # some networks say so; from others it is an answer without the post's id
        with contextlib.suppress(TryLater, Unconfirmed, Refused):
            assert one.channel.send(message, tools).code == 204
        return
    with pytest.raises(Verdict) as caught:
        one.channel.send(message, tools)
    assert caught.value.reason[0].isupper() or caught.value.reason.startswith(one.channel.label)
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
        {"body": "**_~`<@&>|#[x]\\\\ " * 500, "title": "<*&@_" * 40},
        {"texts": dict.fromkeys(ALL, "&<*_@" * 199)},
        {"body": "[x](javascript:alert(1)) <img src=x onerror=alert(1)>"},
        {"summary": "{{ 7*7 }} {% include '/etc/passwd' %} %(city)s {0}"},
        {"title": "=?utf-8?q?x?= \u202e 👩‍👩‍👧‍👦 ﷽"},
        {"place": None, "images": (), "url": None},
    ],
)
def test_hostile_and_extreme_content_is_sent_or_refused_in_words(
    kind: str,
    hostile: dict[str, Any],
    tools: Tools,
    receiver: Receiver,
    mail_sink: MailSink,
    remote: Remote | None,
) -> None:
    one = sample(kind)
    message = None
    with contextlib.suppress(Refused):
        message = one.channel.render(one.envelope(receiver.url(), **hostile))
    if message is None:
        return
    # A fake refuses what the real one would: a long text is for us to cut.
    assert isinstance(one.channel.send(message, tools), Receipt)
    for request in receiver.requests:
        if "json" in request.headers.get("content-type", ""):
            json.loads(request.body)
    for mail in mail_sink.mails:
        assert "49" not in mail.message["Subject"]
        assert mail.message["Bcc"] is None


@pytest.mark.parametrize("kind", [channel.kind for channel in channels.CHANNELS if channel.queue == "push"])
def test_no_text_adds_a_header_to_a_request(
    kind: str, tools: Tools, receiver: Receiver, remote: Remote | None
) -> None:
    """The names of the headers are those of a harmless post, and no value comes from the text."""
    one = sample(kind)
    one.channel.send(one.channel.render(one.envelope(receiver.url())), tools)
    known = {name for request in receiver.requests for name in request.headers}
    before = len(receiver.requests)
    for text in hostile.LEGAL[::4]:
        with contextlib.suppress(Refused, TryLater):  # a fake network that has this post already says so
            message = one.channel.render(one.envelope(receiver.url(), title=text, summary=text))
            one.channel.send(message, tools)
    assert len(receiver.requests) > before
    for request in receiver.requests[before:]:
        assert set(request.headers) <= known
        assert all(value.isascii() and value.isprintable() for value in request.headers.values())


@pytest.mark.parametrize("kind", ALL)
def test_secrets_are_named_and_never_shown(kind: str, settings: ProcessSettings) -> None:
    one = sample(kind)
    filled = {
        name: filled_in(value, "http://127.0.0.1:8080/") if isinstance(value, str) else value
        for name, value in one.settings.items()
    }
    made = one.channel.settings.model_validate(filled)
    for name in made.secret_names():
        value = getattr(made, name)
        if isinstance(value, SecretStr):
            assert value.get_secret_value() not in repr(made) + json.dumps(made.plain())
    assert set(made.plain()).isdisjoint(made.secret_names())
    again = one.channel.settings.model_validate({**made.plain(), **made.secrets()})
    assert again == made


#: Whose 2xx is a yes, whatever stands behind it.
PLAIN = {"teams", "webpush", "apprise"}
FAULTS = {
    "cut off before an answer": Reply(close=True),
    "no answer": Reply(hang=True),
    "cut off within the status": Reply(200, {}, b"{}", cut=11),
    "cut off within the body": Reply(200, {}, b'{"id": "123456789"}', cut=42),
    "an answer of something in between": Reply(200, {}, b"<html>Please log in to this network</html>"),
    # A yes that does not say what the post is called there: nobody could correct it or take it back.
    "nothing in the answer": Reply(200, {}, b"{}"),
    "no body": Reply(200, {}, b""),
    "no content": Reply(204),
    "another answer": Reply(200, {}, b'{"unexpected": true, "ok": true}'),
    "a list": Reply(200, {}, b"[]"),
    "a list of nothing": Reply(200, {}, b"[{}]"),
    "null": Reply(200, {}, b"null"),
    "a number": Reply(200, {}, b"5"),
    "a text": Reply(200, {}, b'"ok"'),
    "names that are none": Reply(
        200,
        {},
        b'{"id": null, "event_id": null, "uri": null, "cid": null, "name": null, "ts": null, "ok": true,'
        b' "result": {"message_id": null}, "post_id": null, "content_uri": null}',
    ),
    "names that are empty": Reply(
        200,
        {},
        b'{"id": "", "event_id": "", "uri": "", "cid": "", "name": "", "ts": "", "ok": true,'
        b' "result": {"message_id": ""}, "post_id": "", "content_uri": ""}',
    ),
    "names of another kind": Reply(
        200,
        {},
        b'{"id": {}, "event_id": [], "uri": 5, "cid": 5, "name": {}, "ts": {}, "ok": true, "result": [],'
        b' "post_id": {}, "content_uri": 7}',
    ),
}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(name, marks=[pytest.mark.no_answer] if reply.hang else [])
        for name, reply in FAULTS.items()
    ],
)
@pytest.mark.parametrize("kind", sorted(REMOTES))
def test_a_post_whose_answer_is_lost_is_unconfirmed_or_safe_to_repeat(
    kind: str, fault: str, tools: Tools, receiver: Receiver, remote: Remote
) -> None:
    """P7: what went out and was not answered is never called sent, nor failed for good."""
    one = sample(kind)
    message = one.channel.render(one.envelope(receiver.url()))
    losing = Losing(remote, FAULTS[fault])
    receiver.answer = losing.answer
    verdict: Verdict | None = None
    try:
        receipt = one.channel.send(message, tools)
        assert kind in PLAIN, f"{kind} took it for a yes: {receipt}"
    except (TryLater, Unconfirmed) as raised:
        verdict = raised
    assert losing.lost.is_set(), "the post went out"
    # `repeatable=` of the request says what the channel's abilities say.
    if not one.channel.abilities.repeatable:
        assert isinstance(verdict, Unconfirmed | None), "it would be posted twice"
        return
    assert isinstance(verdict, TryLater | None), "nobody needs to look there"
    one.channel.send(one.channel.render(replace(one.envelope(receiver.url()), doubtful=True)), tools)
    assert remote.copies == 1, "the repeat made no second post"


def test_every_channel_has_a_sample_and_every_network_a_fake() -> None:
    """Without a fake a channel would pass over all tests of what is lost, repeated and looked for, in silence."""
    assert set(ALL) == set(SAMPLES)
    tracked = {channel.kind for channel in channels.CHANNELS if channel.abilities.keeps_track}
    assert tracked <= set(REMOTES)
    assert set(REMOTES) <= {channel.kind for channel in channels.CHANNELS if channel.queue == "push"}
    assert {channel.kind for channel in channels.CHANNELS if channel.configurable} - set(REMOTES) == {
        "webhook"
    }
    assert AT.tzinfo is not None
