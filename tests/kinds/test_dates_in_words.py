"""When an event takes place, as a neighbour would say it: the next date, what comes behind it, and what is different."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndication.channels import wording
from syndication.kinds import dates_in_words
from syndication.kinds.event_content import EventContent
from syndication.kinds.reading import draft

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
SKIPS_ONE = "Do., 10. Dezember 2026, dann jeden Donnerstag bis 18. Februar 2027, 17:00–20:00 Uhr, nicht am 3. Dezember"
CHURCH = {"name": "Kirche"}
THURSDAYS = ("2026-12-03T17:00", "2026-12-03T20:00", "FREQ=WEEKLY;COUNT=12")


def event(starts: str, ends: str = "", rule: str | None = None, **fields: Any) -> EventContent:
    times = [datetime.fromisoformat(at).replace(tzinfo=BERLIN) if at else None for at in (starts, ends)]
    given = {
        "kind": "event",
        "title": "Markt",
        "starts_at": times[0],
        "ends_at": times[1],
        "recurrence": rule,
    }
    return draft(given | fields).content()


def when(content: EventContent, language: str = "de", now: datetime = NOW) -> str:
    return dates_in_words.when(content, BERLIN, language, now)


@pytest.mark.parametrize(
    ("content", "german", "english"),
    [
        (
            event("2019-04-06T07:00", "2019-04-06T13:00", "FREQ=WEEKLY;BYDAY=SA"),
            "Sa., 28. November 2026, dann jeden Samstag, 07:00–13:00 Uhr",
            "Sat, 28 November 2026, then every Saturday, 07:00–13:00",
        ),
        (
            event("2019-04-06T00:00", "", "FREQ=WEEKLY;BYDAY=SA", all_day=True),
            "Sa., 28. November 2026, dann jeden Samstag",
            "Sat, 28 November 2026, then every Saturday",
        ),
        (
            event("2026-10-01T00:00", "2027-02-01T00:00", all_day=True),
            "noch bis 31. Januar 2027",
            "until 31 January 2027",
        ),
        (event("2026-10-01T10:00", "2026-12-31T18:00"), "noch bis 31. Dezember, 18:00 Uhr", "until 31 December, 18:00"),
        (
            event("2026-12-04T17:00", "2026-12-04T20:00", "FREQ=WEEKLY;UNTIL=20261220"),
            "Fr., 4. Dezember 2026, dann jeden Freitag bis 18. Dezember, 17:00–20:00 Uhr",
            "Fri, 4 December 2026, then every Friday until 18 December, 17:00–20:00",
        ),
        (
            event("2026-01-03T17:00", "", "FREQ=MONTHLY;BYDAY=1SA"),
            "Sa., 5. Dezember 2026, dann jeden ersten Samstag im Monat, 17:00 Uhr",
            "Sat, 5 December 2026, then every first Saturday of the month, 17:00",
        ),
        (
            event("2026-01-02T17:00", "", "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1"),
            "Fr., 27. November 2026, dann jeden letzten Freitag im Monat, 17:00 Uhr",
            "Fri, 27 November 2026, then every last Friday of the month, 17:00",
        ),
        (
            event("2026-01-15T17:00", "", "FREQ=MONTHLY"),
            "Di., 15. Dezember 2026, dann am 15. jedes Monats, 17:00 Uhr",
            "Tue, 15 December 2026, then on day 15 of every month, 17:00",
        ),
        (
            event("2026-01-06T17:00", "", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA"),
            "Sa., 28. November 2026, dann alle 2 Wochen am Dienstag und Samstag, 17:00 Uhr",
            "Sat, 28 November 2026, then every 2 weeks on Tuesday and Saturday, 17:00",
        ),
        (
            event("2026-01-05T17:00", "", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
            "Mi., 25. November 2026, dann täglich von Montag bis Freitag, 17:00 Uhr",
            "Wed, 25 November 2026, then every day from Monday to Friday, 17:00",
        ),
        (
            event("2026-05-02T17:00", "", "FREQ=WEEKLY;BYDAY=SA;BYMONTH=5,6,7,8,9"),
            "Sa., 1. Mai 2027, dann jeden Samstag von Mai bis September, 17:00 Uhr",
            "Sat, 1 May 2027, then every Saturday from May to September, 17:00",
        ),
        (
            event("2026-12-24T17:00", "", "FREQ=YEARLY"),
            "Do., 24. Dezember 2026, dann jedes Jahr, 17:00 Uhr",
            "Thu, 24 December 2026, then every year, 17:00",
        ),
        (
            event("2027-01-08T18:30", "2027-01-08T20:30", added=["2027-01-15T17:30:00Z", "2027-01-22T17:30:00Z"]),
            "Fr., 8. Januar 2027, 18:30–20:30 Uhr, weitere Termine: 15. Januar 2027 und 22. Januar 2027",
            "Fri, 8 January 2027, 18:30–20:30, more dates: 15 January 2027 and 22 January 2027",
        ),
        (event("2026-12-05T18:00"), "Sa., 5. Dezember 2026, 18:00 Uhr", "Sat, 5 December 2026, 18:00"),
        (event("2026-11-20T17:00", "", "FREQ=WEEKLY;COUNT=2"), "Fr., 27. November 2026, 17:00 Uhr", ""),
        (event("2026-10-02T17:00", "", "FREQ=WEEKLY;COUNT=2"), "Fr., 9. Oktober 2026, 17:00 Uhr", "Fri, 9 October 2026, 17:00"),
        (
            event("2026-06-30T17:00", "", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"),
            "Mo., 30. November 2026, dann jeden Monat, 17:00 Uhr",
            "",
        ),
    ],
)  # fmt: skip
def test_the_next_date_is_told_and_how_it_goes_on(content: EventContent, german: str, english: str) -> None:
    assert when(content) == german
    assert english in ("", when(content, "en"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"excluded": ["2026-12-10T16:00:00Z"]}, "17:00–20:00 Uhr, nicht am 10. Dezember"),
        (
            {"excluded": [f"2026-12-{day}T16:00:00Z" for day in (10, 17, 24, 31)]},
            "nicht am 10. Dezember, 17. Dezember, 24. Dezember und 31. Dezember",
        ),
        (
            {"excluded": [f"2026-12-{day}T16:00:00Z" for day in (10, 17, 24, 31)] + ["2027-01-14T16:00:00Z"]},
            "nicht am 10. Dezember, 17. Dezember, 24. Dezember und an 2 weiteren Tagen",
        ),
        ({"dates": [{"recurrence_id": "2026-12-31T16:00:00Z", "status": "cancelled"}]}, "nicht am 31. Dezember"),
        (
            {"dates": [{"recurrence_id": "2026-12-24T16:00:00Z", "starts_at": "2026-12-23T16:00:00Z"}]},
            "23. Dezember (statt 24. Dezember)",
        ),
        ({"dates": [{"recurrence_id": "2026-12-03T16:00:00Z", "status": "sold_out"}]}, "3. Dezember 2026 (ausverkauft), dann"),
        (
            {"dates": [{"recurrence_id": "2026-12-03T16:00:00Z", "starts_at": "2026-12-02T15:00:00Z"}]},
            "Mi., 2. Dezember 2026, 16:00–19:00 Uhr (statt 3. Dezember), dann jeden Donnerstag bis 18. Februar 2027",
        ),
        # Where the next one is, and what it is called, where that is not as always.
        (
            {"dates": [{"recurrence_id": "2026-12-03T16:00:00Z", "title": "Nikolaus", "place": CHURCH, "price": "5"}]},
            "Do., 3. Dezember 2026 („Nikolaus“, Kirche, 5,00\xa0€), dann jeden Donnerstag",
        ),
        # What falls out next is said as well, else people come.
        ({"excluded": ["2026-12-03T16:00:00Z"]}, SKIPS_ONE),
    ],
)  # fmt: skip
def test_what_is_not_as_usual_is_said_with_it(fields: dict[str, Any], words: str) -> None:
    assert words in when(event(*THURSDAYS, **fields))


def test_the_words_change_when_a_date_has_passed() -> None:
    market = event(*THURSDAYS, excluded=["2026-12-10T16:00:00Z"])
    assert when(market).startswith("Do., 3. Dezember")
    during = datetime(2026, 12, 3, 18, tzinfo=UTC)
    assert when(market, now=during).startswith("Do., 3. Dezember")
    behind = during + timedelta(hours=2)
    assert when(market, now=behind).startswith("Do., 17. Dezember")
    assert "nicht am 10. Dezember" in when(market, now=behind)
    assert "nicht am" not in when(market, now=behind + timedelta(days=8))


def test_a_list_of_dates_says_what_is_different_about_each() -> None:
    own = [
        {"recurrence_id": "2026-12-10T16:00:00Z", "title": "Nikolausmarkt", "price": "3"},
        {"recurrence_id": "2026-12-17T16:00:00Z", "status": "cancelled"},
        {"recurrence_id": "2026-12-24T16:00:00Z", "place": {"name": "Kirche", "address": "Markt 2"}},
    ]
    found = dates_in_words.coming(event(*THURSDAYS, dates=own), BERLIN, "de", NOW, 5)
    assert [(one.when[:7], one.different, one.off) for one in found] == [
        ("Do., 3.", "", False),
        ("Do., 10", "Nikolausmarkt · 3,00\xa0€", False),
        ("Do., 17", "abgesagt", True),
        ("Do., 24", "Kirche, Markt 2", False),
        ("Do., 31", "", False),
    ]
    assert dates_in_words.coming(event("2026-12-05T18:00"), BERLIN, "de", NOW) == []


@pytest.mark.parametrize(
    ("fields", "german", "english"),
    [
        (
            {"excluded": ["2026-12-24T16:00:00Z"]},
            "Der Termin am 24.12. fällt aus",
            "The date on 24 December is cancelled",
        ),
        (
            {"dates": [{"recurrence_id": "2026-12-24T16:00:00Z", "starts_at": "2026-12-23T16:00:00Z"}]},
            "Der Termin am 24.12. ist verlegt: Mi., 23. Dezember 2026, 17:00–20:00 Uhr",
            "The date on 24 December was moved: Wed, 23 December 2026, 17:00–20:00",
        ),
        (
            {"dates": [{"recurrence_id": "2027-01-07T16:00:00Z", "status": "sold_out"}]},
            "Der Termin am 7.1.2027 ist ausverkauft",
            "The date on 7 January 2027 is sold out",
        ),
        (
            {"added": ["2026-12-05T10:00:00Z"]},
            "Zusätzlicher Termin: Sa., 5. Dezember 2026, 11:00–14:00 Uhr",
            "One more date: Sat, 5 December 2026, 11:00–14:00",
        ),
    ],
)
def test_what_became_of_one_date_is_one_sentence(fields: dict[str, Any], german: str, english: str) -> None:
    before, after = event(*THURSDAYS), event(*THURSDAYS, **fields)
    assert dates_in_words.news(before, after, BERLIN, "de", NOW) == [german]
    assert dates_in_words.news(before, after, BERLIN, "en", NOW) == [english]


def test_very_much_news_is_counted() -> None:
    off = [f"2026-12-{day:02}T16:00:00Z" for day in (3, 10, 17, 24, 31)]
    off += [f"2027-01-{day:02}T16:00:00Z" for day in (7, 14, 21)]
    found = dates_in_words.news(event(*THURSDAYS), event(*THURSDAYS, excluded=off), BERLIN, "de", NOW)
    assert len(found) == 7
    assert found[-1] == "und 2 weitere Termine"


def test_the_hour_from_which_an_offer_is_valid_is_said_until_it_has_come() -> None:
    offer = draft(
        {
            "kind": "offer", "title": "x", "valid_from": "2026-12-04T17:00:00Z", "valid_until": "2026-12-05T23:00:00Z",
        }
    ).content()  # fmt: skip
    assert wording.when(offer, BERLIN, "de", NOW) == (
        "gültig von Fr., 4. Dezember 2026, 18:00 Uhr bis Sa., 5. Dezember 2026"
    )
    begun = datetime(2026, 12, 4, 18, tzinfo=UTC)
    assert wording.when(offer, BERLIN, "de", begun) == "gültig bis Sa., 5. Dezember 2026"
