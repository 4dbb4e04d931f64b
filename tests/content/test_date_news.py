"""A change of one date is news of that date alone, and none where nobody can act on it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from syndication.content import date_news
from syndication.content.post import matters
from syndication.kinds.event_content import EventContent
from syndication.kinds.reading import draft

CHRISTMAS = "2026-12-24T16:00:00Z"


def market(**fields: Any) -> EventContent:
    starts = {"starts_at": "2026-12-03T16:00:00Z", "recurrence": "FREQ=WEEKLY;COUNT=12"}
    series = {"kind": "event", "title": "Markt"} | starts
    return draft(series | fields).content()


def own(**fields: Any) -> EventContent:
    return market(dates=[{"recurrence_id": CHRISTMAS, **fields}])


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (market(), market(excluded=[CHRISTMAS]), "off"),
        (market(), own(status="cancelled"), "off"),
        (own(status="sold_out"), market(excluded=[CHRISTMAS]), "off"),
        (market(excluded=[CHRISTMAS]), own(status="cancelled"), None),
        (market(excluded=[CHRISTMAS]), market(), "added"),
        (own(status="cancelled"), market(), "on"),
        (market(), own(starts_at="2026-12-23T16:00:00Z"), "moved"),
        (own(starts_at="2026-12-23T16:00:00Z"), market(), "moved"),
        (market(), own(ends_at="2026-12-24T21:00:00Z"), "moved"),
        (market(), own(status="postponed"), "postponed"),
        (market(), own(status="sold_out"), "sold_out"),
        (own(status="sold_out"), market(), "on"),
        (market(), own(place={"name": "Kirche"}), "place"),
        (market(), own(price="5"), "price"),
        (market(), market(added=[CHRISTMAS.replace("16", "10")]), "added"),
        (market(added=[CHRISTMAS.replace("16", "10")]), market(), "off"),
        (market(), own(title="Weihnachtsmarkt", body="Mit Glühwein"), None),
        (market(), market(recurrence="FREQ=WEEKLY;COUNT=14", excluded=[CHRISTMAS]), "off"),
        (market(), market(recurrence="FREQ=DAILY;COUNT=90", excluded=[CHRISTMAS]), None),
    ],
)
def test_each_change_of_a_date_is_called_by_its_name(
    before: EventContent, after: EventContent, what: str | None
) -> None:
    found = date_news.between(before, after)
    assert [one.what for one in found] == ([what] if what else [])
    assert ("dates" in matters(before, after)) is bool(what)


def test_what_is_over_is_no_news() -> None:
    before, after = market(), market(excluded=[CHRISTMAS])
    assert matters(before, after, datetime(2026, 12, 24, 18, tzinfo=UTC)) == ("dates",)
    assert matters(before, after, datetime(2026, 12, 24, 20, tzinfo=UTC)) == ()


def test_a_date_is_called_by_when_people_believe_it_to_be() -> None:
    (one,) = date_news.between(own(starts_at="2026-12-23T16:00:00Z"), own(status="cancelled"))
    assert (one.told_at, one.what) == (datetime(2026, 12, 23, 16, tzinfo=UTC), "off")
