"""Posts of each kind as merchants type them at the desk: a menu in lines, a reduction, a night, every Thursday, once more."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from starlette.testclient import TestClient

from syndication import clock
from syndication.config import settings as now_set
from syndication.publishing import posts
from tests.town import fan_out
from tests.web.test_writing import HOME, boxes, client, id_of, written

__all__ = ["client"]
pytestmark = pytest.mark.enough("sqlite")  # what is typed is read before any SQL
#: A Monday.
MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _monday(client: TestClient) -> None:
    clock.travel(MONDAY - clock.now())


def published(client: TestClient, kind: str, **typed: str) -> tuple[Any, str, str]:
    """A post as it was typed, once it is out: what it says, where it is at the desk, and the check page."""
    check, where, secret = written(client, kind, **typed)
    assert check.url.path == f"{where}/check", check.text
    out = client.post(f"{where}/check", data={"token": secret, "then": "publish", "how": "now"})
    assert "Fertig." in out.text
    return posts.read(id_of(where)).content, where, check.text


def zone() -> ZoneInfo:
    return now_set().zone


def test_a_lunch_menu_is_typed_in_lines(client: TestClient) -> None:
    typed = "Mo: Linsensuppe (vegan), klein 4,80 €, groß 6,80 € [Sellerie]\nDi: Rouladen – mit Klößen 12,90 €\nSalat 5 €"
    content, where, check = published(
        client, "menu", title="Mittagstisch", dishes=typed, from_date="heute", until_date="Fr",
        served_from="11.30 Uhr", served_until="14 Uhr",
    )  # fmt: skip
    assert [one.date.isoformat() for one in content.days] == ["2026-11-30", "2026-12-01"]
    (soup,) = content.days[0].dishes
    assert (soup.name, soup.diet, soup.allergens) == ("Linsensuppe", "vegan", ("celery",))
    assert [(one.label, str(one.price)) for one in soup.prices] == [("klein", "4.80"), ("groß", "6.80")]
    assert content.days[1].dishes[0].description == "mit Klößen"
    assert [one.name for one in content.dishes] == ["Salat"]
    assert content.until_date.isoformat() == "2026-12-04"
    assert "Linsensuppe" in check
    assert "Mo: Linsensuppe (vegan), klein 4,80 €" in boxes(client.get(f"{where}/write").text)["dishes"]


def test_a_reduction_is_held_against_what_was_announced_before(client: TestClient) -> None:
    published(client, "offer", title="Rotwein", price="8", valid_until="morgen")
    clock.travel(timedelta(days=3))
    content, _, check = published(
        client,
        "offer",
        title="Rotwein",
        price="7,20 €",
        price_before="9 €",
        percent_off="20 %",
        valid_until="bis Sa",
    )
    assert "Bitte sehen Sie sich den Preis noch einmal an" in check
    assert "8,00" in check
    assert (str(content.price), str(content.price_before), content.percent_off) == ("7.20", "9", 20)


def test_an_event_that_ends_after_midnight(client: TestClient) -> None:
    content, _, check = published(client, "event", title="Tanz", starts_at="Sa 22 Uhr", ends_at="2 Uhr")
    assert content.ends_at - content.starts_at == timedelta(hours=4)
    assert content.ends_at.astimezone(zone()).isoformat() == "2026-12-06T02:00:00+01:00"
    assert "22:00–02:00 Uhr" in check


def test_every_thursday_is_a_rule_that_calendars_read(client: TestClient) -> None:
    published(client, "event", title="Stammtisch", starts_at="jeden Donnerstag 19 Uhr")
    fan_out()
    calendar = Calendar.from_ical(client.get("/feeds/all.ics").content)
    (found,) = calendar.walk("VEVENT")
    assert str(found["SUMMARY"]) == "Stammtisch"
    assert found["RRULE"].to_ical() in (b"FREQ=WEEKLY;BYDAY=TH", b"FREQ=WEEKLY")
    assert found["DTSTART"].dt.astimezone(zone()).isoformat() == "2026-12-03T19:00:00+01:00"


@pytest.mark.parametrize(
    ("kind", "typed", "later", "box", "right"),
    [
        ("event", {"starts_at": "Do 19 Uhr"}, 0, "starts_at", "Donnerstag, 10. Dezember 2026, 19:00 Uhr"),
        ("event", {"starts_at": "Do 19 Uhr"}, 20, "starts_at", "Donnerstag, 24. Dezember 2026, 19:00 Uhr"),
        ("event", {"starts_at": "heute 19 Uhr"}, 7, "starts_at", "Montag, 7. Dezember 2026, 19:00 Uhr"),
        ("menu", {"dishes": "Suppe", "from_date": "heute"}, 4, "from_date", "Montag, 7. Dezember 2026"),
    ],
)
def test_once_more_is_the_next_same_weekday(
    client: TestClient, kind: str, typed: dict[str, str], later: int, box: str, right: str
) -> None:
    _, where, _ = published(client, kind, title="Wie immer", **typed)
    secret = boxes(client.get(f"{where}/write").text)["token"]
    clock.travel(timedelta(days=later))
    again = client.post(f"{where}/again", data={"token": secret})
    assert again.url.path != f"{where}/write"
    filled = boxes(again.text)
    assert (filled["title"], filled[box]) == ("Wie immer", right)
    assert HOME in again.url.path
    assert len(posts.listed()) == 1
