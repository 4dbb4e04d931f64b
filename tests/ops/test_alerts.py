"""Every rule of the alerts goes over its limit and back on real rows and parts: told once, with its end, by a way that works."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import delete, select, text, update

from syndication import clock, config
from syndication.accounts import people
from syndication.delivery import outages
from syndication.infra import db
from syndication.insight import alert_rules
from syndication.models import (
    Alert,
    Change,
    Delivery,
    Destination,
    Heartbeat,
    LogLine,
    Mailing,
    SignUp,
    Tally,
)
from syndication.ops import alerts, broker
from syndication.ops.alerts import deciding, parts, watcher
from syndication.ops.celery_wakeups import QUEUES
from syndication.stack import redis_server
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.e2e import nursery
from tests.infra.test_smtp import certificate
from tests.ops.alerting import (
    ELSEWHERE,
    OPERATOR,
    choose,
    comes_and_goes,
    fails,
    found,
    heard,
    look,
    messages,
    ntfy,
    subjects,
    text_of,
    works,
)
from tests.town import fan_out, hook, later, publish


@pytest.mark.parametrize(
    ("queue", "minutes"), [("fanout", 5), ("housekeeping", 5), ("push", 10), ("mail", 60), ("feeds", 10)]
)
def test_a_queue_that_stands_still(
    queue: str, minutes: int, city: config.Settings, mail_sink: MailSink, receiver: Receiver
) -> None:
    if queue == "housekeeping":
        with db.transaction() as session:
            session.add(
                SignUp(
                    email="anna@example.org", language="de", interest={}, cadence="instantly", source="form",
                    wording="Ja", at=clock.now(),
                )
            )  # fmt: skip
    else:
        hook(receiver)
        publish()
        if queue != "fanout":
            fan_out()
            with db.transaction() as session:
                session.execute(update(Delivery).values(queue=queue))
    later(minutes * 60 - 10)
    look(city)
    assert found() == [], "below its limit"
    later(20)

    def repair() -> None:
        with db.transaction() as session:
            session.execute(update(Change).values(fanned_at=clock.now()))
            session.execute(update(Delivery).values(state="sent"))
            session.execute(delete(SignUp))

    words = comes_and_goes(city, mail_sink, f"queue.{queue}", repair)
    assert "könnten hinausgehen" in words
    assert "Wer dran ist: Wer sich um den Server kümmert" in words
    assert "Zuerst: " in words


def test_much_that_fails_on_one_channel(city: config.Settings, mail_sink: MailSink) -> None:
    hour = f"{clock.now().astimezone(UTC):%Y-%m-%d %H}"
    with db.transaction() as session:
        session.add(Tally(metric="hourly_sent", channel="mastodon", label=hour, value=10))
        session.add(Tally(metric="hourly_later", channel="mastodon", label=hour, value=10))
        session.add(Tally(metric="hourly_failed", channel="bluesky", label=hour, value=19))
    look(city)
    assert found() == [], "half of them is not more than half, and 19 tries say nothing"
    with db.transaction() as session:
        session.add(Tally(metric="hourly_failed", channel="mastodon", label=hour, value=1))

    def repair() -> None:
        with db.transaction() as session:
            session.execute(update(Tally).where(Tally.metric == "hourly_sent").values(value=100))

    words = comes_and_goes(city, mail_sink, "failures", repair)
    assert subjects(mail_sink)[0] == "Vieles geht schief: Mastodon"
    assert "Von 21 Versuchen" in words


def test_a_silent_clockwork(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        session.add(Heartbeat(name="beat", at=clock.now()))
    later(110)
    look(city)
    assert found() == []
    later(20)

    def repair() -> None:
        clock_now = clock.now()
        with db.transaction() as session:  # it goes on ticking
            session.execute(update(Heartbeat).values(at=clock_now + timedelta(seconds=deciding.WELL)))

    words = comes_and_goes(city, mail_sink, "beat", repair)
    assert "Der Taktgeber steht" in words


@pytest.fixture
def workers(city: config.Settings, tmp_path: Path) -> Iterator[tuple[config.Settings, psutil.Process]]:
    """A real redis and a real worker that serves every queue."""
    with redis_server.start(tmp_path / "redis") as server:
        cfg = city.model_copy(update={"broker_url": server.url})
        config.use(cfg)
        part = started(cfg, tmp_path)
        yield cfg, part
        if part.is_running():
            nursery.end(part)


def started(cfg: config.Settings, tmp_path: Path) -> psutil.Process:
    environment = {
        **config.as_environment(cfg),
        "SYNDICATION_DATABASE_URL": db.engine().url.render_as_string(hide_password=False),
    }
    arguments = [
        "-A",
        "worker",
        "worker",
        "-Q",
        ",".join(QUEUES),
        "-c",
        "1",
        "--without-gossip",
        "--without-mingle",
    ]
    part = nursery.start(arguments, environment, tmp_path / "worker.log")
    deadline = clock.monotonic() + 30
    while clock.monotonic() < deadline and broker.unserved(broker.listeners(cfg.resolved_broker_url)):
        pass
    assert not broker.unserved(broker.listeners(cfg.resolved_broker_url)), (
        tmp_path / "worker.log"
    ).read_text()
    return part


@pytest.mark.enough("sqlite")
def test_a_worker_that_was_killed(
    workers: tuple[config.Settings, psutil.Process], tmp_path: Path, mail_sink: MailSink
) -> None:
    cfg, part = workers
    look(cfg, but_for=())
    assert found() == []
    nursery.end(part)  # kill -9
    again: list[psutil.Process] = []
    words = comes_and_goes(
        cfg, mail_sink, "workers", lambda: again.append(started(cfg, tmp_path)), but_for=()
    )
    nursery.end(again[0])
    assert "Kein Arbeiter bedient: fanout, push, mail, feeds, housekeeping, sweeps." in words


@pytest.mark.enough("sqlite")
def test_a_redis_that_is_away_is_told_alone_and_not_with_all_that_follows(
    city: config.Settings, tmp_path: Path, mail_sink: MailSink
) -> None:
    with db.transaction() as session:
        session.add(Heartbeat(name="beat", at=clock.now() - timedelta(hours=1)))
    publish()
    later(600)
    with redis_server.start(tmp_path / "redis") as server:
        cfg = city.model_copy(update={"broker_url": server.url})
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSTOP)
        pid = server.pid

        def repair() -> None:
            os.kill(pid, signal.SIGCONT)
            with db.transaction() as session:
                session.execute(update(Heartbeat).values(at=clock.now() + timedelta(seconds=600)))
                session.execute(update(Change).values(fanned_at=clock.now()))

        words = comes_and_goes(cfg, mail_sink, "broker", repair, but_for=("workers",))
    assert "Der Bote zwischen den Teilen (Redis) antwortet nicht" in words


@pytest.mark.enough("sqlite")
def test_a_disk_that_is_nearly_full(city: config.Settings, mail_sink: MailSink) -> None:
    free = parts.machine.room(city)
    assert free is not None
    choose("disk", limit=free.free / 1e9 + 100)
    words = comes_and_goes(city, mail_sink, "disk", lambda: choose("disk", limit=0.1))
    assert "MB sind frei" in words


@pytest.mark.enough("sqlite")
def test_a_disk_of_another_machine_is_not_called_well_by_this_one(
    city: config.Settings, mail_sink: MailSink
) -> None:
    now = clock.now()
    with db.transaction() as session:
        session.add(
            Alert(rule="disk", about="other", name="other", began_at=now, found_at=now, on_at=now, seen_at=now)
        )  # fmt: skip
    look(city)
    later(3600)
    look(city)
    assert found()[0].ended_at is None
    later(24 * 3600)
    look(city)
    assert found()[0].ended_at is not None, "nobody saw it for a day: the machine is gone"


@pytest.mark.enough("sqlite")
def test_a_slow_database(city: config.Settings, mail_sink: MailSink) -> None:
    choose("database", limit=1)
    postgresql = db.engine().dialect.name == "postgresql"
    holding = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with db.engine().connect() as connection:  # SQLite's BEGIN IMMEDIATE: whoever writes waits
            connection.execute(text("LOCK TABLE pg_class IN EXCLUSIVE MODE" if postgresql else "SELECT 1"))
            held.set()
            holding.wait(1.5)

    def slow_look() -> None:
        held.clear()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(5)
        look(city)
        thread.join()

    slow_look()
    later(alert_rules.limits()["database"].wait)
    slow_look()
    assert subjects(mail_sink) == ["Die Datenbank ist langsam oder weg"]
    look(city)
    later(deciding.WELL)
    look(city)
    assert subjects(mail_sink)[1:] == ["Wieder in Ordnung: Die Datenbank ist langsam oder weg"]


def test_a_database_that_is_away_is_told_by_mail_once_and_its_end_when_it_is_back(
    city: config.Settings, mail_sink: MailSink
) -> None:
    here = db.engine().url.render_as_string(hide_password=False)
    people.add("otto@coburg.example", name="Otto Amt", role="operator")
    web, up = alerts.Watcher(city, but_for=ELSEWHERE), alerts.Watcher(city, but_for=ELSEWHERE)
    web.look()
    up.look()
    db.connect(
        "postgresql://nobody@127.0.0.1:1/none"
        if "postgresql" in here
        else f"sqlite:///{city.data_dir}/no/such/file"
    )
    if "sqlite" in here:
        (city.data_dir / "no").write_text("a file where the folder would be")
    for one in (web, up):
        one.look()
    assert mail_sink.mails == [], "not at once"
    later(60)
    for one in (
        web,
        up,
        alerts.Watcher(city),
        web,
    ):  # one that was started anew knows the address of the settings alone
        one.look()
    assert sorted(mail.recipient for mail in mail_sink.mails) == [OPERATOR, "otto@coburg.example"]
    assert "Die Datenbank ist langsam oder weg" in text_of(mail_sink)
    db.connect(here)
    later(600)
    for _ in range(2):
        for one in (web, up):
            one.look()
        later(deciding.WELL)
    assert len(mail_sink.mails) == 4
    assert "Wieder in Ordnung" in str(mail_sink.mails[-1].message["Subject"])
    assert (city.data_dir / watcher._FILE).read_text() == ""


@pytest.mark.enough("sqlite")
def test_a_certificate_of_our_own_address_that_ends(
    city: config.Settings, tmp_path: Path, mail_sink: MailSink
) -> None:
    server, _ = certificate(tmp_path)  # for a day
    parts._certificates.clear()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            while True:
                try:
                    plain, _ = listening.accept()
                    server.wrap_socket(plain, server_side=True).close()
                except OSError:
                    return

        threading.Thread(target=answer, daemon=True).start()
        cfg = city.model_copy(update={"base_url": f"https://127.0.0.1:{port}"})

        def repair() -> None:  # a new one is found at the next look an hour later
            parts._certificates[cfg.base_url] = (clock.monotonic(), clock.now() + timedelta(days=90))

        words = comes_and_goes(cfg, mail_sink, "certificate", repair)
        listening.shutdown(socket.SHUT_RDWR)
    assert "Das Zertifikat von 127.0.0.1 läuft bald ab" in words


@pytest.mark.enough("sqlite")
def test_an_access_that_ends(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        outlet_id = factories.destination(
            session, "linkedin", name="Unser LinkedIn", secrets={"access_token": "x"},
            settings={"organization": "1", "expires_at": (clock.now() + timedelta(days=6)).isoformat()},
        ).id  # fmt: skip

    def repair() -> None:
        with db.transaction() as session:
            row = session.get(Destination, outlet_id)
            assert row is not None
            row.settings = {**row.settings, "expires_at": (clock.now() + timedelta(days=60)).isoformat()}

    words = comes_and_goes(city, mail_sink, "access", repair)
    assert "Der Zugang zu Unser LinkedIn läuft bald ab" in words


def test_a_newsletter_that_is_held_beyond_its_hour(city: config.Settings, mail_sink: MailSink) -> None:
    slot = clock.now().replace(microsecond=0) - timedelta(minutes=59)
    with db.transaction() as session:
        session.add(Mailing(slot_at=slot, state="held", decided_by="Otto", decided_at=clock.now()))
    look(city)
    assert found() == []
    later(120)

    def repair() -> None:
        with db.transaction() as session:
            session.execute(update(Mailing).values(state="open"))

    words = comes_and_goes(city, mail_sink, "edition", repair)
    assert "Otto" in words


@pytest.mark.parametrize(("source", "days"), [("queue", 3), ("file", 14)])
def test_a_source_that_falls_silent(
    source: str, days: int, city: config.Settings, mail_sink: MailSink
) -> None:
    what, way = {"queue": ("post.created", "queue"), "file": ("file.taken", "page")}[source]

    def comes(ago: timedelta) -> None:
        with db.transaction() as session:
            session.add(
                LogLine(
                    at=clock.now() - ago, by=way, by_name="", way=way, what=what, about="post", about_id="1",
                    about_name="", merchant_id=None, details={},
                )
            )  # fmt: skip

    comes(timedelta(days=days, hours=25))
    comes(timedelta(days=days, hours=1))
    look(city)
    assert found() == [], "what came on two days is not missed"
    comes(timedelta(days=days + 3))
    words = comes_and_goes(city, mail_sink, f"source.{source}", lambda: comes(timedelta(0)))
    assert f"Zuletzt kam vor {days} Tagen etwas" in words


def test_a_mail_server_that_takes_nothing_is_told_by_another_way(
    city: config.Settings, mail_sink: MailSink, receiver: Receiver
) -> None:
    ntfy(receiver)
    takes, mail_sink.on_recipient = mail_sink.on_recipient, lambda _: "451 4.3.0 not now"
    fails(290)
    look(city)
    assert found() == []
    later(20)
    for _ in range(2):
        look(city)
    assert heard(receiver) == ["Der Mailserver nimmt nichts an"]
    assert mail_sink.mails == []
    mail_sink.on_recipient = takes
    works()
    look(city)
    later(deciding.WELL)
    look(city)
    assert heard(receiver)[1:] == ["Wieder in Ordnung: Der Mailserver nimmt nichts an"]
    assert subjects(mail_sink) == ["Wieder in Ordnung: Der Mailserver nimmt nichts an"], (
        "by mail as well, as it could not before"
    )


def test_an_outage_and_an_alert_of_the_same_mail_server_are_not_told_twice(
    city: config.Settings, mail_sink: MailSink, receiver: Receiver
) -> None:
    ntfy(receiver)
    fails(310)
    outages.sweep(city)
    look(city)
    with db.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.channel == "ntfy")).all()
    assert len(rows) == 1, "the outage tells it"
    assert (messages(), found()[0].told_elsewhere) == ([], True)


def test_where_the_alert_was_first_the_outage_is_silent(
    city: config.Settings, mail_sink: MailSink, receiver: Receiver
) -> None:
    ntfy(receiver)
    choose("mail", limit=2)
    fails(200)
    look(city)
    assert heard(receiver) == ["Der Mailserver nimmt nichts an"]
    later(200)
    outages.sweep(city)
    with db.reading() as session:
        assert session.scalars(select(Delivery).where(Delivery.channel == "ntfy")).all() == []


def test_every_rule_can_be_told_in_both_languages() -> None:
    assert len(alert_rules.BY_NAME) == len(alert_rules.RULES)
    for rule in alert_rules.RULES:
        assert rule.least <= rule.limit <= rule.most, rule.name
        assert rule.expression, rule.name
    assert set(alert_rules.BY_NAME) == {*parts.alert_facts.looks(), *parts._parts(None, 0.0)}  # type: ignore[arg-type]
