"""Answers that are none: whatever a network says in place of what it should, the outcome is a verdict and never a breakdown."""

import contextlib
from dataclasses import replace

import pytest

from syndication.channels.envelope import Envelope
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Verdict
from syndication.delivery.decide import skip_reason
from syndication.stack.receiver import Receiver, Reply
from tests.channels.samples import Sample
from tests.channels.test_contract import PLAIN, remote, sample
from tests.remotes import REMOTES, Remote

__all__ = ["remote"]  # the fixture
ACTIONS = ["published", "doubtful", "revised", "withdrawn"]
ANSWERS = [
    b"",
    b"<html>Please log in to this network</html>",
    b"{}",
    b"[]",
    b"[{}]",
    b"null",
    b"5",
    b'"ok"',
    b'{"id": {}, "did": 5, "accessJwt": [], "event_id": [], "content_uri": 5, "chunk": [5], "access_token": {},'
    b' "result": 7, "data": 5, "media_attachments": 5, "uri": 5}',
    b'{"did": "did:plc:x", "accessJwt": "a", "refreshJwt": "b", "access_token": "x", "user_id": "@a", "room_id": "!r",'
    b' "value": 5, "chunk": 5, "data": [5], "elements": [5], "localPosts": [5], "result": [5], "content_uri": "mxc://s/1"}',
]


def _envelope(one: Sample, action: str, url: str, tools: Tools) -> Envelope | None:
    """What is to be sent; None where the engine would not."""
    if action in ("published", "doubtful"):
        return replace(one.envelope(url), doubtful=action == "doubtful")
    envelope = one.envelope(url, action)
    if skip_reason(replace(envelope, shown=envelope.post.content), one.channel.abilities, one.channel.label):
        return None
    first = one.channel.send(one.channel.render(one.envelope(url)), tools)
    return replace(envelope, reference=first.reference, shown=envelope.post.content)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("kind", sorted(REMOTES))
def test_an_answer_that_is_none_breaks_nothing(
    kind: str, action: str, tools: Tools, receiver: Receiver, remote: Remote
) -> None:
    one = sample(kind)
    envelope = _envelope(one, action, receiver.url(), tools)
    if envelope is None:
        return
    message = one.channel.render(envelope)
    for body in ANSWERS:
        receiver.answer = lambda _, body=body: Reply(200, {}, body)  # type: ignore[misc]  # bound for this round
        with contextlib.suppress(Verdict):
            one.channel.send(message, tools)


@pytest.mark.parametrize("action", ACTIONS[2:])
@pytest.mark.parametrize("kind", sorted(set(REMOTES) - PLAIN))
def test_a_page_in_place_of_an_answer_changes_and_deletes_nothing(
    kind: str, action: str, tools: Tools, receiver: Receiver, remote: Remote
) -> None:
    """P5 and P7: a page that asks for a log-in is no yes to a correction or a withdrawal."""
    one = sample(kind)
    envelope = _envelope(one, action, receiver.url(), tools)
    if envelope is None:
        return
    message = one.channel.render(envelope)
    receiver.answer = lambda _: Reply(200, {"content-type": "text/html"}, ANSWERS[1])
    with pytest.raises(Verdict):
        one.channel.send(message, tools)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"event_id": ""}'])
def test_matrix_says_which_event_replaced_or_took_out_the_message(
    body: bytes, tools: Tools, receiver: Receiver
) -> None:
    one, fake = sample("matrix"), REMOTES["matrix"]()
    for action in ACTIONS[2:]:
        receiver.answer = fake.answer
        envelope = _envelope(one, action, receiver.url(), tools)
        assert envelope is not None
        receiver.answer = lambda _: Reply(200, {}, body)
        with pytest.raises(Verdict):
            one.channel.send(one.channel.render(envelope), tools)
