"""An alert is told once, with its end, whoever looks, however it comes and goes, and wherever a watcher dies."""

import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from syndication import clock, config
from syndication.accounts import people
from syndication.infra import db
from syndication.insight import alerts as shown
from syndication.models import (
    Mailing,
)
from syndication.ops import alerts
from syndication.ops.alerts import deciding, telling
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from syndication.tasks import housekeeping
from tests.ops.alerting import OPERATOR, choose, found, heard, look, messages, ntfy, subjects
from tests.town import later

# How it is told


@pytest.fixture
def held(city: config.Settings) -> datetime:
    """A newsletter that waits, which needs no time to be told."""
    slot = clock.now().replace(microsecond=0) - timedelta(hours=2)
    with db.transaction() as session:
        session.add(Mailing(slot_at=slot, state="held", decided_by="Otto", decided_at=clock.now()))
    return slot


def turn(state: str) -> None:
    with db.transaction() as session:
        session.execute(update(Mailing).values(state=state))


def test_two_watchers_at_once_tell_once(city: config.Settings, held: datetime, mail_sink: MailSink) -> None:
    people.add("otto@coburg.example", name="Otto Amt", role="operator")
    threads = [threading.Thread(target=look, args=(city,)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    look(city)
    assert sorted(mail.recipient for mail in mail_sink.mails) == [OPERATOR, "otto@coburg.example"]


def test_what_comes_and_goes_is_told_once_an_hour(
    city: config.Settings, held: datetime, mail_sink: MailSink
) -> None:
    for _ in range(12):  # every two minutes the other way round
        turn("held")
        look(city)
        later(120)
        turn("open")
        look(city)
        later(60)
    assert subjects(mail_sink) == ["Ein Newsletter wird noch gehalten"]
    later(1200)
    look(city)
    assert len(subjects(mail_sink)) == 2, "its end, when it has been well for longer"
    turn("held")
    look(city)
    later(60)
    look(city)
    assert len(subjects(mail_sink)) == 2, "within the hour nobody hears of it again"
    later(3600)
    look(city)
    assert len(subjects(mail_sink)) == 3, "but when the hour is over"


def test_an_end_within_the_hour_of_what_was_not_told_is_not_told(
    city: config.Settings, held: datetime, mail_sink: MailSink
) -> None:
    look(city)
    turn("open")
    look(city)
    later(130)
    look(city)
    turn("held")
    look(city)
    turn("open")
    look(city)
    later(1000)
    look(city)
    assert len(subjects(mail_sink)) == 2
    assert [one.ended_at is not None for one in found()] == [True, True]
    assert len(shown.recent()) == 2, "the page lists both"


def test_a_rule_that_is_switched_off_says_nothing_and_ends_what_it_began(
    city: config.Settings, held: datetime, mail_sink: MailSink
) -> None:
    look(city)
    choose("edition", on=False)
    look(city)
    assert found()[0].ended_at is not None
    look(city)
    assert len(subjects(mail_sink)) == 1
    assert len(found()) == 1


def test_a_test_says_that_it_is_one(city: config.Settings, mail_sink: MailSink, receiver: Receiver) -> None:
    ntfy(receiver)
    assert alerts.test(city) == 2
    assert alerts.deliver(city) == 2
    assert alerts.deliver(city) == 0
    assert subjects(mail_sink) == ["Probe der Warnungen"]
    assert heard(receiver) == ["Probe der Warnungen"]
    at = shown.last_test()
    assert at is not None
    assert at[1:] == (2, 0)


def test_a_mailbox_that_cannot_be_reached_keeps_no_one_else_waiting(
    city: config.Settings, held: datetime, mail_sink: MailSink, receiver: Receiver
) -> None:
    ntfy(receiver)
    takes, mail_sink.on_data = mail_sink.on_data, lambda _: "451 4.3.0 not now"
    look(city)
    assert heard(receiver) == ["Ein Newsletter wird noch gehalten"]
    first = messages()[0]
    assert (first.state, first.attempts) == ("waiting", 1)
    assert "not now" in str(first.reason)
    mail_sink.on_data = takes
    later(61)
    look(city)
    assert subjects(mail_sink) == ["Ein Newsletter wird noch gehalten"]


def test_an_operator_reads_it_in_their_language(
    city: config.Settings, held: datetime, mail_sink: MailSink
) -> None:
    person = people.add("olga@coburg.example", name="Olga", role="operator", language="en")
    assert person
    look(city)
    mine = [one for one in mail_sink.mails if one.recipient == "olga@coburg.example"]
    assert [str(one.message["Subject"]) for one in mine] == ["A newsletter is still held"]


@pytest.mark.enough("sqlite")
def test_the_task_of_the_clock_looks_as_well(
    city: config.Settings, held: datetime, mail_sink: MailSink
) -> None:
    housekeeping.alert()
    assert subjects(mail_sink) == ["Ein Newsletter wird noch gehalten"]
    assert [one.rule for one in found() if one.on_at is None] == ["broker"], (
        "here is none, and of workers nothing is said"
    )


# kill -9

_DIES = """
import os, signal, sys
from syndication import config
from syndication.infra import db
from syndication.ops import alerts
from syndication.ops.alerts import telling, deciding, watcher
cfg = config.settings()
db.connect(sys.argv[1])
def dies(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
point = sys.argv[2]
if point == "decided":
    watcher.deliver = dies
elif point == "claimed":
    telling._deliver = dies
elif point == "sent":
    send = telling.to_mailbox
    def sent(*given):
        send(*given)
        dies()
    telling.to_mailbox = sent
elif point == "deciding":
    deciding._tell = dies
alerts.Watcher(cfg, but_for=("workers", "broker")).look()
"""


@pytest.mark.parametrize(("point", "already"), [("deciding", 0), ("decided", 0), ("claimed", 0), ("sent", 1)])
def test_whatever_dies_between_deciding_and_telling_it_is_told_and_at_most_twice(
    point: str, already: int, city: config.Settings, held: datetime, mail_sink: MailSink
) -> None:
    url = db.engine().url.render_as_string(hide_password=False)
    environment = {**os.environ, **config.as_environment(city)}
    done = subprocess.run(
        [sys.executable, "-c", _DIES, url, point], env=environment, check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert len(mail_sink.mails) == already
    look(city)
    if point in ("claimed", "sent"):
        assert len(mail_sink.mails) == already, "another one waits for the claim to run out"
        later(telling.CLAIM + 1)
        look(city)
    assert len(mail_sink.mails) == already + 1
    assert len({mail.message["Message-ID"] for mail in mail_sink.mails}) == 1, "the same mail"
    turn("open")
    look(city)
    later(deciding.WELL)
    look(city)
    look(city)
    assert subjects(mail_sink)[already + 1 :] == ["Wieder in Ordnung: Ein Newsletter wird noch gehalten"]


def test_an_end_is_told_though_the_watcher_died_before_it_wrote_down_that_it_began(
    city: config.Settings, held: datetime, mail_sink: MailSink
) -> None:
    url = db.engine().url.render_as_string(hide_password=False)
    environment = {**os.environ, **config.as_environment(city)}
    subprocess.run(
        [sys.executable, "-c", _DIES, url, "sent"], env=environment, check=False, capture_output=True
    )
    turn("open")
    for _ in range(3):
        look(city)
        later(deciding.WELL)
    assert subjects(mail_sink) == [
        "Ein Newsletter wird noch gehalten",
        "Wieder in Ordnung: Ein Newsletter wird noch gehalten",
    ]


def test_what_ended_long_ago_is_forgotten(city: config.Settings, held: datetime, mail_sink: MailSink) -> None:
    look(city)
    turn("open")
    look(city)
    later(deciding.WELL)
    look(city)
    later(91 * 86400)
    with db.transaction() as session:
        assert shown.forget(session, clock.now()) == 1
    assert (found(), messages()) == ([], [])
