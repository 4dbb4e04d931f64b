"""What search engines read passes Google's rules for events, whatever a post says; and nothing breaks out of the script.

The rules are those of https://developers.google.com/search/docs/appearance/structured-data/event: what is required, and of what
is recommended all that a post can know.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from starlette.testclient import TestClient

from syndication import clock
from syndication.config import Settings
from syndication.content.post import Image
from syndication.publishing import posts
from syndication.web.site.structured import structured
from tests import factories
from tests.channels.samples import content, view
from tests.web.conftest import Party

_SCHEMA = "https://schema.org/"
_STATES = {
    _SCHEMA + name for name in ("EventScheduled", "EventCancelled", "EventPostponed", "EventRescheduled")
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


def faults(event: dict[str, Any]) -> list[str]:
    """What Google's rules find wrong with an event, and with each date of a series."""
    found = [name for name in ("name", "startDate", "location", "description", "url") if not event.get(name)]
    start, end = event.get("startDate", ""), event.get("endDate", "")
    form = _DAY if len(start) == 10 else _MOMENT
    if not form.fullmatch(start) or not form.fullmatch(end):
        found.append(f"dates {start} {end}")
    elif (date.fromisoformat if form is _DAY else datetime.fromisoformat)(start) > (
        date.fromisoformat if form is _DAY else datetime.fromisoformat
    )(end):
        found.append("ends before it starts")
    place = event.get("location", {})
    if place.get("@type") != "Place" or not place.get("name") or not str(place.get("address", "")).strip():
        found.append(f"location {place}")
    if event.get("eventStatus") not in _STATES:
        found.append("eventStatus")
    if (event.get("eventStatus") == f"{_SCHEMA}EventRescheduled") != ("previousStartDate" in event):
        found.append("previousStartDate goes with EventRescheduled and nothing else")
    if "previousStartDate" in event and not form.fullmatch(event["previousStartDate"]):
        found.append("previousStartDate has another form than startDate")
    if event.get("eventAttendanceMode") != f"{_SCHEMA}OfflineEventAttendanceMode":
        found.append("eventAttendanceMode")
    organizer = event.get("organizer", {})
    if not organizer.get("name") or not re.match("https?://", organizer.get("url", "")):
        found.append("organizer")
    if "image" in event and not all(re.match("https?://", one) for one in event["image"]):
        found.append("image")
    if "offers" in event:
        found += [f"offers.{name}" for name in _wrong_in_offer(event["offers"])]
        if (event["offers"]["price"] == "0") != event["isAccessibleForFree"]:
            found.append("isAccessibleForFree")
    return found + [fault for one in event.get("subEvent", ()) for fault in faults(one)]


def _wrong_in_offer(offer: dict[str, Any]) -> list[str]:
    forms = {
        "price": r"\d+(\.\d\d)?", "priceCurrency": "[A-Z]{3}", "url": "https?://.+", "validFrom": _MOMENT.pattern,
        "availability": f"{_SCHEMA}(InStock|SoldOut)",
    }  # fmt: skip
    return [name for name, form in forms.items() if not re.fullmatch(form, str(offer.get(name, "")))]


PLACES: list[Any] = [
    None, {"name": "Hofgarten"}, {"name": "Hof", "address": ""}, {"name": "Hof", "address": "Markt 1, 96450 Coburg"},
    {"name": "</script>", "latitude": 50.26, "longitude": 10.96},
]  # fmt: skip
TIMES: list[dict[str, Any]] = [
    {"ends_at": None},
    {"ends_at": datetime(2026, 8, 15, 17, 0, tzinfo=UTC)},
    {"ends_at": datetime(2026, 8, 17, 12, 0, tzinfo=UTC)},
    {"starts_at": datetime(2026, 8, 14, 22, tzinfo=UTC), "ends_at": None, "all_day": True},
    {"starts_at": datetime(2026, 8, 14, 22, tzinfo=UTC), "ends_at": datetime(2026, 8, 16, 22, tzinfo=UTC), "all_day": True},
    {"starts_at": datetime(2026, 10, 24, 20, tzinfo=UTC), "ends_at": datetime(2026, 10, 25, 3, tzinfo=UTC)},
    {"recurrence": "FREQ=WEEKLY"},
    {"recurrence": "FREQ=DAILY;COUNT=3", "starts_at": datetime(2019, 8, 15, tzinfo=UTC), "ends_at": None},
    {
        "recurrence": "FREQ=WEEKLY;COUNT=5",
        "excluded": ["2026-08-22T17:00:00Z"],
        "dates": [
            {"recurrence_id": "2026-08-29T17:00:00Z", "status": "cancelled", "title": "Fällt aus"},
            {"recurrence_id": "2026-09-05T17:00:00Z", "starts_at": "2026-09-06T17:00:00Z", "price": "0"},
            {"recurrence_id": "2026-09-12T17:00:00Z", "status": "sold_out", "place": {"name": "Saal"}, "price": "5"},
        ],
    },
    {"starts_at": datetime(2026, 8, 14, 22, tzinfo=UTC), "ends_at": None, "all_day": True, "recurrence": "FREQ=MONTHLY"},
]  # fmt: skip
TEXTS: list[dict[str, Any]] = [
    {"summary": "", "body": ""},
    {"summary": "", "body": "Ein *langer* Text. " * 100},
    {"summary": "</script><script>alert(1)</script><!--", "title": "</SCRIPT>", "images": ()},
    {
        "images": (
            Image(url="https://a.example/1.jpg", alt="eins"),
            Image(url="https://a.example/2.jpg", alt="zwei"),
        )
    },
]
STATES = ["scheduled", "cancelled", "postponed", "sold_out"]


@pytest.fixture
def in_august() -> Iterator[None]:
    """Before all of these dates but the one of 2019."""
    clock.travel(datetime(2026, 8, 1, tzinfo=UTC) - clock.now())
    yield
    clock.reset()


def document(settings: Settings, previous: datetime | None = None, **fields: Any) -> dict[str, Any]:
    said = structured(view(**fields), settings, previous)
    assert "<" not in said
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.mark.parametrize("times", TIMES, ids=range(len(TIMES)))
def test_every_event_passes_googles_rules(times: dict[str, Any], settings: Settings, in_august: None) -> None:
    count = 0
    for place, texts, status, price in product(PLACES, TEXTS, STATES, (None, "0", "0.00", "24.00", "7.5")):
        fields = {"place": place, "status": status, "price": price} | texts | times
        told = document(settings, **fields)
        assert faults(told) == [], fields
        assert ("offers" in told) == (price is not None)
        assert told.get("isAccessibleForFree", False) == (price in ("0", "0.00"))
        count += 1
    assert count == 400


def test_whole_days_are_dates_of_which_the_last_is_the_end(settings: Settings) -> None:
    told = document(settings, **TIMES[4])
    assert (told["startDate"], told["endDate"]) == ("2026-08-15", "2026-08-16")
    told = document(settings, **TIMES[3])
    assert (told["startDate"], told["endDate"]) == ("2026-08-15", "2026-08-15")


def test_moments_have_the_offset_of_their_day(settings: Settings) -> None:
    told = document(settings, **TIMES[5])
    assert (told["startDate"], told["endDate"]) == ("2026-10-24T22:00:00+02:00", "2026-10-25T04:00:00+01:00")


@pytest.mark.parametrize(
    ("place", "right"),
    [
        (None, {"name": "Weinhaus am Markt", "address": "Markt 3, 96450 Coburg"}),
        ({"name": "Hofgarten"}, {"name": "Hofgarten", "address": "Hofgarten, Coburg"}),
        ({"name": "Hof", "address": "Markt 1"}, {"name": "Hof", "address": "Markt 1"}),
    ],
)
def test_a_place_has_an_address(place: Any, right: dict[str, str], settings: Settings) -> None:
    assert document(settings, place=place)["location"] == {"@type": "Place"} | right


def test_what_became_of_an_event_is_said(settings: Settings) -> None:
    assert document(settings, status="cancelled")["eventStatus"] == f"{_SCHEMA}EventCancelled"
    assert document(settings, status="postponed")["eventStatus"] == f"{_SCHEMA}EventPostponed"
    full = document(settings, status="sold_out")
    assert full["offers"]["availability"] == f"{_SCHEMA}SoldOut"
    assert full["description"] == "Ausverkauft. Sechs Weine aus Franken"
    before = datetime(2026, 8, 1, 17, tzinfo=UTC)
    moved = document(settings, previous=before)
    assert (moved["eventStatus"], moved["previousStartDate"]) == (
        f"{_SCHEMA}EventRescheduled",
        "2026-08-01T19:00:00+02:00",
    )
    assert document(settings, previous=before, **TIMES[3])["previousStartDate"] == "2026-08-01"
    assert "previousStartDate" not in document(settings, previous=before, status="cancelled")


def test_each_date_of_a_series_is_an_event_of_its_own(settings: Settings, in_august: None) -> None:
    told = document(settings, price=None, **TIMES[8])
    assert told["@type"] == "EventSeries"
    first, off, moved, full = told["subEvent"]
    assert first["location"] == told["location"]
    assert "offers" not in first
    assert (off["name"], off["eventStatus"]) == ("Fällt aus", f"{_SCHEMA}EventCancelled")
    assert moved["previousStartDate"] == "2026-09-05T19:00:00+02:00"
    assert moved["isAccessibleForFree"]
    assert full["location"]["address"] == "Saal, Coburg"
    assert full["offers"]["availability"] == f"{_SCHEMA}SoldOut"
    assert all(one["organizer"]["url"] for one in told["subEvent"])


def test_an_offer_says_what_it_is_of_and_how_long_it_holds(settings: Settings) -> None:
    offer = replace(
        view(),
        content=content(
            kind="offer", title="Kaffee zum halben Preis", starts_at=None, ends_at=None, price="1.60",
            valid_from=datetime(2026, 8, 10, tzinfo=UTC), valid_until=datetime(2026, 8, 31, 20, tzinfo=UTC),
        ),
    )  # fmt: skip
    told = json.loads(structured(offer, settings))
    assert told["@type"] == "Offer"
    assert told["itemOffered"] == {"@type": "Product", "name": "Kaffee zum halben Preis"}
    assert (told["price"], told["priceCurrency"]) == ("1.60", "EUR")
    assert (told["validFrom"], told["validThrough"]) == (
        "2026-08-10T02:00:00+02:00",
        "2026-08-31T22:00:00+02:00",
    )


def test_the_page_of_an_event_that_was_moved_says_so(client: TestClient, cafe: Party) -> None:
    assert cafe.merchant_id
    hostile = "</script><script>alert(1)</script>"
    days = [(clock.now() + timedelta(days=day)).replace(microsecond=0) for day in (7, 9)]
    drafts = [
        factories.event(hostile, starts_at=day.isoformat(), summary=summary)
        for day, summary in ((days[0], "Zuerst"), (days[1], "Später"), (days[1], "Noch später"))
    ]
    first = posts.create(cafe.merchant_id, drafts[0])
    for draft in drafts[1:]:
        posts.revise(cafe.merchant_id, first.id, draft)
    page = client.get(f"/posts/{first.id}").text
    (said,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    told = json.loads(said)
    assert faults(told) == []
    assert told["name"] == hostile
    assert [datetime.fromisoformat(told[name]) for name in ("previousStartDate", "startDate")] == days


def test_a_picture_bears_its_licence_where_the_merchant_gives_one(settings: Settings) -> None:
    image = Image(url="https://example.org/a.jpg", alt="Zwei Gläser")
    post = view(images=(image,))
    assert isinstance(json.loads(structured(post, settings))["image"][0], str)
    free = replace(post, merchant=replace(post.merchant, license_pictures="CC-BY-4.0"))
    shown = json.loads(structured(free, settings))["image"][0]
    assert shown["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert shown["contentUrl"].endswith("-framed.jpg?v=" + shown["contentUrl"][-8:])
