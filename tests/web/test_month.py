"""The sheet of one month for the council: each figure with its scope, what is unknown as such, one page of paper, and a table."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from syndication import clock, insight
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.delivery import drain
from syndication.infra import db
from syndication.insight import month, tallies
from syndication.models import Alert, Attempt, Consent, Delivery, LogLine, Outage, Tally
from syndication.stack.receiver import Receiver
from syndication.web.app import create_app
from tests import factories
from tests.town import deliveries, fan_out, hook, later, publish
from tests.web.test_city import enter, page
from tests.web.test_desk import BROWSER

#: In the city's time the middle of a month.
NOW = datetime(2026, 11, 17, 11, tzinfo=UTC)


@pytest.fixture
def client(city: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(city), headers=BROWSER, raise_server_exceptions=False) as one:
        enter(one, "viewer")
        yield one


def fold() -> None:
    insight.fold()
    later(tallies.SETTLED + 2)
    insight.fold()


def tried(number: int, at: datetime, *, outcome: str = "sent") -> None:
    """So many deliveries to an outlet, each with a try at that moment."""
    like = deliveries()[0]
    with db.transaction() as session:
        for one in range(number):
            row = Delivery(
                key=f"{outcome}-{at:%d%H%M%S}-{one}", channel="webhook", queue="push", created_at=at, due_at=at,
                destination_id=like.destination_id, post_id=like.post_id, change_id=None, state="sent", sent_at=at,
            )  # fmt: skip
            session.add(row)
            session.flush()
            session.add(Attempt(delivery_id=row.id, at=at, duration=5, outcome=outcome, trigger="schedule"))


def one_month(name: str) -> month.Month:
    return month.month(name)


def test_tries_are_counted_by_the_month_of_the_city_once(city: Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish()
    fan_out()
    border = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)  # half past midnight of November in the city
    tried(2, border - timedelta(hours=1), outcome="failed")
    tried(3, border)
    tried(1, border + timedelta(days=1), outcome="unconfirmed")
    fold()
    fold()
    with db.reading() as session:
        assert tallies.months_since(session) == datetime.fromtimestamp(0, UTC), "from the beginning"
        assert tallies.month(session, "2026-10") == {("webhook", "failed"): 2}
        assert tallies.month(session, "2026-11") == {("webhook", "sent"): 3, ("webhook", "unconfirmed"): 1}


def test_the_time_to_arrival_is_that_of_the_month(city: Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish()
    fan_out()
    later(3)
    drain.drain("push")
    fold()
    with db.reading() as session:
        name = f"{clock.now().astimezone(city.zone):%Y-%m}"
        (found,) = tallies.month_arrivals(session, name).values()
    assert found == {5.0: 1}, "three seconds, and no more than five"
    row = one_month(name).channels[0]
    assert (row.channel, row.arrived, row.half, row.nearly_all) == ("webhook", 1, 5.0, 5.0)


def test_steps_say_within_what_time_a_share_had_arrived() -> None:
    steps = {1.0: 50, 5.0: 48, 60.0: 1, float("inf"): 1}
    assert (month.within(steps, 0.5), month.within(steps, 0.99)) == (1.0, 60.0)
    assert month.within({1.0: 1, float("inf"): 99}, 0.99) == float("inf")
    assert month.within({}, 0.5) is None


def test_a_month_before_months_were_counted_is_unknown_and_not_nothing(
    city: Settings, receiver: Receiver, client: TestClient
) -> None:
    hook(receiver)
    publish()
    fan_out()
    now = clock.now()
    tried(2, now - timedelta(days=70))
    fold()
    with db.transaction() as session:  # as a version before this one left it
        session.execute(delete(Tally).where(Tally.metric.like("month%") | Tally.metric.like("arrival_20%")))
    tried(1, now)
    fold()
    earlier = f"{(now - timedelta(days=70)).astimezone(city.zone):%Y-%m}"
    assert one_month(earlier).unknown
    said = page(client, f"/desk/city/month/{earlier}")
    assert "Unbekannt: Nach Monaten wird erst seit später gezählt" in said
    this = one_month(f"{now.astimezone(city.zone):%Y-%m}")
    assert (this.unknown, this.partial) == (False, True)
    assert [one.arrived for one in this.channels] == [1]
    assert "was davor war, wurde nicht" in page(client, f"/desk/city/month/{this.name}").lower()


def test_what_was_pruned_still_counts(city: Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish()
    fan_out()
    tried(4, clock.now())
    fold()
    name = f"{clock.now().astimezone(city.zone):%Y-%m}"
    with db.transaction() as session:
        session.execute(delete(Attempt))
        session.execute(delete(Delivery))
    assert [one.arrived for one in one_month(name).channels] == [4]


def readers() -> None:
    """Three came this month and one left; two came before, of whom one left this month."""
    now = clock.now()
    with db.transaction() as session:
        for number, (came, left) in enumerate(((1, None), (1, None), (1, 1), (60, None), (60, 1))):
            row = factories.reader(session, f"r{number}@example.org", state="left" if left else "confirmed")
            session.flush()
            session.execute(delete(Consent).where(Consent.reader_id == row.id))
            for action, ago in (("confirmed", came), ("withdrawn", left)):
                if ago is not None:
                    session.add(
                        Consent(reader_id=row.id, action=action, wording="Ja", source="form", at=now - timedelta(days=ago))
                    )  # fmt: skip


@pytest.fixture
def middle(city: Settings) -> None:
    """The middle of a month, so that yesterday lies in it and two months ago does not."""
    clock.travel(NOW - clock.now())


def test_readers_who_came_and_left_and_how_many_there_were(middle: None, city: Settings) -> None:
    readers()
    this = one_month("2026-11")
    assert (this.came, this.left, this.readers) == (3, 2, 3)
    before = one_month("2026-10")
    assert (before.came, before.left, before.readers) == (0, 0, 2)
    assert one_month("2026-09").readers == 2
    assert month.months() == ["2026-11", "2026-10", "2026-09"]


@pytest.mark.enough("sqlite")
def test_the_sheet_says_it_in_words_with_its_scope(
    middle: None, client: TestClient, receiver: Receiver
) -> None:
    readers()
    destination_id = hook(receiver, name="Stadtportal")
    publish()
    fan_out()
    tried(3, clock.now())
    fold()
    began = clock.now() - timedelta(days=2)
    with db.transaction() as session:
        session.add(
            Outage(
                destination_id=destination_id,
                began_at=began,
                ended_at=began + timedelta(hours=3),
                told_by="mail",
            )
        )
        session.add(
            Alert(
                rule="disk", about="stadtserver", name="stadtserver", began_at=began, found_at=began, on_at=began,
                seen_at=began, said=Reason(), ended_at=began + timedelta(minutes=95),
            )
        )  # fmt: skip
        session.add(
            LogLine(
                at=began, by="", by_name="", way="page", what="delivery.replayed", about="delivery", about_id="1",
                about_name="", merchant_id=None, details={},
            )
        )  # fmt: skip
    said = re.sub(r"<[^>]+>", " ", page(client, "/desk/city/month/2026-11"))
    for words in (
        "Coburg: November 2026", "Veranstaltungen 1", "Geschäfte, die gepostet haben 1", "kamen 3", "gingen 2", "jetzt 3",
        "Stadtportal nahm nichts an", "3 Stunden lang", "Die Platte von stadtserver ist fast voll", "Noch einmal gesendet: 1",
    ):  # fmt: skip
        assert words in " ".join(said.split()), words
    assert "November 2026" in page(client, "/desk/city/month")


@pytest.mark.enough("sqlite")
def test_the_table_opens_in_a_german_excel_and_holds_no_formula(
    middle: None, client: TestClient, receiver: Receiver
) -> None:
    readers()
    destination_id = hook(receiver, name="=cmd|calc")
    publish()
    fan_out()
    tried(3, clock.now())
    fold()
    with db.transaction() as session:
        session.add(Outage(destination_id=destination_id, began_at=clock.now(), told_by="mail"))
    answer = client.get("/desk/city/month/2026-11.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="2026-11.csv"' in answer.headers["content-disposition"]
    assert answer.text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert rows[0] == ["Was", "Zahl", "Wie gezählt"]
    found = {row[0]: row[1] for row in rows}
    assert found["Leser, die kamen"] == "3"
    assert found["Webhook: angekommen"] == "3"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


@pytest.mark.enough("sqlite")
@pytest.mark.parametrize("name", ["2026-13", "26-1", "2026-1", "x", "2999-01", "2026-11.pdf", "0001-01"])
def test_what_is_no_month_or_has_not_begun_is_not_found(client: TestClient, name: str) -> None:
    assert client.get(f"/desk/city/month/{name}").status_code == 404
    assert client.get(f"/desk/city/month/{name}.csv").status_code == 404
