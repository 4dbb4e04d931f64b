"""The ping to a hub: its form, and what a hub's answers mean."""

from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from syndication import config
from syndication.channels.built_in.websub import HubSettings, WebSub
from syndication.channels.envelope import Note
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Refused, TryLater
from syndication.config import Settings
from syndication.stack.receiver import Receiver, Reply
from tests.channels.samples import AT, CITY, SENDER

TOPIC = "https://coburg.example/feeds/kind/event/topic/musik.atom"


def note(hub: str) -> Note:
    """A ping about one feed."""
    return Note("w1-1-abc", {"topic": TOPIC}, CITY, HubSettings(hub=hub), SENDER, AT)


def test_the_hub_gets_the_form_that_hubs_understand(tools: Tools, receiver: Receiver) -> None:
    channel = WebSub()
    receipt = channel.send(channel.render(note(receiver.url("/hub"))), tools)
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/hub")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    form = parse_qs(request.body.decode(), strict_parsing=True)
    assert form == {"hub.mode": ["publish"], "hub.url": [TOPIC], "hub.topic": [TOPIC]}
    assert receipt.code == 204


def test_the_same_note_gives_the_same_bytes(settings: Settings) -> None:
    first, later = note("https://hub.example/"), note("https://hub.example/")
    assert WebSub().render(first) == WebSub().render(replace(later, tried_at=AT.replace(hour=9)))


@pytest.mark.parametrize("status", [404, 410])
def test_no_answer_closes_a_hub_for_good(status: int, tools: Tools, receiver: Receiver) -> None:
    """The hub is a setting of the city: switching it off by itself would be noticed by nobody."""
    receiver.answer = lambda _: Reply(status)
    with pytest.raises(Refused) as caught:
        WebSub().send(WebSub().render(note(receiver.url())), tools)
    assert not isinstance(caught.value, Gone)
    assert caught.value.code == status


def test_a_hub_that_is_busy_is_tried_later(tools: Tools, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(503, {"Retry-After": "30"})
    with pytest.raises(TryLater) as caught:
        WebSub().send(WebSub().render(note(receiver.url())), tools)
    assert caught.value.after == 30


@pytest.mark.parametrize(
    "hub", ["http://127.0.0.1:8080/", "https://10.0.0.1/", "ftp://hub.example/", "hub", ""]
)
def test_a_hub_must_be_a_public_web_address(hub: str, settings: Settings) -> None:
    config.use(settings.model_copy(update={"allow_private_addresses": False}))
    with pytest.raises(ValidationError):
        HubSettings(hub=hub)
    assert HubSettings(hub="https://hub.example/").hub == "https://hub.example/"
