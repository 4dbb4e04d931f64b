"""Apprise: a hundred services by one address, confined, all of them through the one door."""

import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from syndication.channels import apprise as apprise_channel
from syndication.channels.apprise import AppriseSettings, Notice, _Door
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Unconfirmed
from syndication.content.faults import faults_of
from syndication.infra.confined import apprise_plugins
from syndication.infra.http import Client
from syndication.infra.reasons import translated_error
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT

ROOT = Path(__file__).parents[2]


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
        pytest.param(Reply(hang=True), Unconfirmed, marks=pytest.mark.no_answer),
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
    careful = Tools(Client(timeout=10.0), tools.mail, tools.shelf, tools.pictures, tools.sessions)
    with pytest.raises(Refused):
        service.channel.send(service.channel.render(service.envelope()), careful)
    assert service.remote.notices == []


def test_an_address_that_apprise_cannot_use_is_said_before_a_post_needs_it(
    service: Account, receiver: Receiver
) -> None:
    for url, usable in (("zulip://nonsense", False), (f"json://127.0.0.1:{receiver.port}/hook", True)):
        checked = AppriseSettings(url=url)
        if usable:
            assert service.channel.tend(checked, service.tools, AT) == checked
            continue
        with pytest.raises(Refused, match="could not use this address"):
            service.channel.tend(checked, service.tools, AT)
        with pytest.raises(Refused, match="could not use this address"):
            service.channel.send(Notice(url, "Weinhaus", "Weinabend", ""), service.tools)
    assert receiver.requests == []


def test_it_runs_in_another_process_that_is_made_anew_when_it_died(service: Account) -> None:
    service.publish()
    running = [child for child in apprise_channel._free.queue if child.pid is not None]
    assert running
    for child in running:
        os.kill(child.pid or 0, signal.SIGKILL)
    service.publish()
    assert len(service.remote.notices) == 2


def test_where_all_processes_are_in_use_a_post_waits_and_is_tried_later(
    service: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise_channel, "_PATIENCE", 0.05)
    free = apprise_channel._free
    used = [free.get_nowait() for _ in range(apprise_channel._MOST_AT_ONCE)]
    try:
        with pytest.raises(TryLater, match="take long to answer") as later:
            service.publish()
    finally:
        for child in used:
            free.put(child)
    assert not later.value.outlet, "it says nothing about this outlet"
    service.publish()


def test_nothing_of_apprise_is_loaded_here() -> None:
    """Neither its plugins nor its memory: it only runs where it is confined."""
    said = "import sys, syndication.channels; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_long_list_of_receivers_is_not_worked_off(service: Account) -> None:
    many = "/".join(str(4915112345600 + one) for one in range(30))
    host = service.receiver.url("").removeprefix("http://").rstrip("/")
    notice = Notice(f"signal://{host}/4915112345678/{many}?batch=no", "Weinhaus", "Weinabend", "")
    with pytest.raises(ValueError, match="leave it out: batch"):
        AppriseSettings(url=notice.url)
    with pytest.raises(Refused, match="20 requests"):
        service.channel.send(notice, service.tools)
    assert len(service.receiver.requests) == 20


@pytest.mark.parametrize(
    "question",
    [
        {"method": "DELETE", "url": "(here)", "headers": {}, "body": ""},
        {"method": "POST", "url": "(here)", "headers": {"X": "a\r\nb: c"}, "body": ""},
        {"method": "POST", "url": "(here)", "headers": [], "body": ""},
        {"method": "POST", "url": "file:///etc/passwd", "headers": {}, "body": ""},
        {"method": "POST", "url": 7, "headers": {}, "body": ""},
        {"method": "POST"},
        [],
    ],
)
def test_what_is_asked_from_within_is_judged_like_all_else(
    service: Account, receiver: Receiver, question: Any
) -> None:
    if isinstance(question, dict) and question.get("url") == "(here)":
        question = question | {"url": receiver.url()}
    door = _Door(service.tools.http)
    told = json.loads(door.reply(json.dumps(question).encode()))
    assert set(told) == {"failure"}
    assert receiver.requests == []


def test_only_what_is_answered_is_handed_out(receiver: Receiver) -> None:
    asked: list[Any] = []

    def ask(question: bytes) -> bytes:
        asked.append(json.loads(question))
        return json.dumps({"status": 200, "headers": {}, "body": ""}).encode()

    frame = {
        "url": f"json://anna:pw@127.0.0.1:{receiver.port}/hook",
        "title": "Weinhaus",
        "text": "Weinabend",
    }
    assert json.loads(apprise_plugins.answer(json.dumps(frame).encode(), ask)) == {
        "known": True,
        "done": True,
    }
    (question,) = asked
    assert question["url"] == receiver.url()
    assert question["headers"]["Authorization"] == "Basic YW5uYTpwdw=="
    assert json.loads(base64.b64decode(question["body"]))["message"] == "Weinabend"
    assert receiver.requests == []
    assert requests.get(receiver.url(), timeout=10).status_code == 204, "all others send as ever"


def test_a_broken_plugin_is_a_verdict_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> bool:
        raise KeyError("oops")

    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.send", broken)
    frame = {"url": "json://board.example/hook", "title": "Weinhaus", "text": "Weinabend"}
    said = json.loads(apprise_plugins.answer(json.dumps(frame).encode(), lambda _: b""))
    assert said == {"known": True, "done": False}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "holds a part that cannot be used here, please leave it out: template"),
        ("de", "enthält einen Teil, der hier nicht verwendet werden kann, bitte weglassen: template"),
    ],
)
def test_what_is_refused_is_said_in_the_readers_language(language: str, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        AppriseSettings(url="zulip://bot@org/token/stream?template=x")
    (fault,) = faults_of(refused.value)
    assert translated_error(fault.message, language) == words
