"""Apprise: more than 150 services by one address, all of them through the one door."""

from typing import Any

import pytest
import requests
from pydantic import ValidationError

from syndication.channels.apprise import AppriseChannel, AppriseSettings
from syndication.channels.base import Refused, TryLater, Unconfirmed
from syndication.channels.doors import Tools
from syndication.http import Client
from syndication.lent import lend
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account


@pytest.fixture
def service(receiver: Receiver, tools: Tools) -> Account:
    return account("apprise", receiver, tools)


def test_a_post_arrives_as_text(service: Account) -> None:
    before, receipt = service.publish()
    (notice,) = service.remote.notices
    assert notice["title"] == "Weinhaus am Markt"
    assert before.post.link in notice["message"]
    assert receipt.code == 200
    assert service.receiver.requests[0].headers["accept-encoding"] == "identity", "it came through the door"


def test_a_correction_says_first_what_changed(service: Account) -> None:
    before, receipt = service.publish()
    service.send(service.change(before, receipt, status="cancelled"))
    assert service.remote.notices[1]["message"].startswith("Abgesagt\n")


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (Reply(401), Refused),
        (Reply(404), Refused),
        (Reply(302, {"Location": "http://127.0.0.1:1/"}), Refused),
        (Reply(429, {"Retry-After": "7"}), TryLater),
        (Reply(503), TryLater),
        (Reply(500), Unconfirmed),
        (Reply(close=True), Unconfirmed),
        (Reply(hang=True), Unconfirmed),
    ],
)
def test_a_no_becomes_a_verdict(service: Account, fault: Reply, verdict: type[Exception]) -> None:
    service.remote.fail(fault)
    with pytest.raises(verdict):
        service.publish()
    assert len(service.receiver.requests) == 1


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mailto://user:pw@example.org", "syslog://", "dbus://", "mqtt://h/t", "file:///etc"],
)
def test_only_services_of_the_web_are_taken(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AppriseSettings(url=url)
    assert "user:pw" not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize(
    "url",
    [
        "zulip://bot@org/a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4/stream",
        "pover://user@token",
        "gotify://host/token",
        "signal://h/+4915112345678",
    ],
)
def test_many_services_are_known(url: str) -> None:
    assert AppriseSettings(url=url).url.get_secret_value() == url


def test_a_private_address_is_refused_by_the_door(tools: Tools, service: Account) -> None:
    careful = Tools(Client(timeout=1.0), tools.mail, tools.shelf, tools.pictures, tools.memory)
    with pytest.raises(Refused):
        service.channel.send(service.channel.render(service.envelope()), careful)
    assert service.remote.notices == []


def test_only_what_is_lent_goes_through_the_door(receiver: Receiver, tools: Tools) -> None:
    with lend(tools.http) as lent:
        assert requests.get(receiver.url(), timeout=2).status_code == 204
        assert requests.post(receiver.url(), data={"a": "b"}, timeout=2).status_code == 204
    assert len(lent.answers) == 2
    assert requests.get(receiver.url(), timeout=2).status_code == 204
    assert len(lent.answers) == 2
    assert receiver.requests[1].body == b"a=b"


def test_a_broken_library_is_a_verdict_too(service: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def notify(self, **_: Any) -> bool:
            raise KeyError("oops")

    monkeypatch.setattr("syndication.channels.apprise._service", lambda _: Broken())
    assert isinstance(service.channel, AppriseChannel)
    with pytest.raises(Refused):
        service.publish()
