"""What stands in the boxes of a form makes the same post again: of every kind, for corrections, whenever one corrects."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication import kinds
from syndication.content.post import Content, Place
from syndication.errors import Invalid
from syndication.kinds import KINDS
from syndication.kinds.reading import draft
from syndication.publishing import filled_in, written_out
from syndication.publishing.filled_in import Desk

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2030, 8, 12, 9, 0, tzinfo=UTC)
CAFE = Place(name="Café Rosengarten", address="Markt 1, 96450 Coburg")
EXAMPLES: dict[str, Mapping[str, Any]] = {
    f"{kind.name}, {name}": fields
    for kind in KINDS
    for name, (_, fields) in {"example": kind.example, **kind.variants}.items()
}


def desk(now: datetime = NOW, language: str = "de") -> Desk:
    return Desk(now, ZONE, language, CAFE)


def again(content: Content, at: Desk) -> Content:
    """What its own form, opened and sent as it is, makes of a post."""
    kind = kinds.of(content)
    typed, kept = written_out.written(kind, content, at), written_out.kept(kind, content)
    settled = filled_in.settled(kind, typed, at)
    assert {name: settled[name] for name in typed} == typed, "what is written out already stays as it is"
    return filled_in.read(kind, typed, {**kept, "texts": dict(content.texts)}, at).draft.content()


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("days", [-400, -3, 0, 2, 20, 60, 400])
@pytest.mark.parametrize("example", EXAMPLES)
def test_a_form_that_is_opened_and_sent_changes_nothing(example: str, days: int, language: str) -> None:
    content = draft(dict(EXAMPLES[example])).content()
    assert again(content, desk(NOW + timedelta(days=days), language)) == content


@given(
    starts=st.datetimes(datetime(2028, 1, 1), datetime(2032, 1, 1)).map(lambda one: one.replace(tzinfo=UTC)),
    length=st.none() | st.timedeltas(timedelta(0), timedelta(days=40)),
    language=st.sampled_from(["de", "en"]),
)
def test_any_moments_of_an_event_stay_to_the_second(
    starts: datetime, length: timedelta | None, language: str
) -> None:
    said = {"kind": "event", "title": "Fest", "starts_at": starts.replace(microsecond=0).isoformat()}
    if length is not None:
        said["ends_at"] = (starts + length).replace(microsecond=0).isoformat()
    content = draft(said).content()
    assert again(content, desk(language=language)) == content


@given(first=st.dates(date(2028, 1, 1), date(2032, 1, 1)), days=st.none() | st.integers(1, 20))
def test_whole_days_stay_whole_days(first: date, days: int | None) -> None:
    def midnight(day: date) -> str:
        return datetime(day.year, day.month, day.day, tzinfo=ZONE).isoformat()

    said: dict[str, Any] = {"kind": "event", "title": "Fest", "all_day": True, "starts_at": midnight(first)}
    if days is not None:
        said["ends_at"] = midnight(first + timedelta(days=days))
    content: Any = draft(said).content()
    after: Any = again(content, desk())
    assert (after.starts_at, after.all_day, after.over_at(ZONE)) == (
        content.starts_at,
        True,
        content.over_at(ZONE),
    )


def test_what_the_form_does_not_ask_for_stays() -> None:
    said = {
        **EXAMPLES["event, series"], "texts": {"mastodon": "Kurz"}, "added": ["2030-12-10T17:00:00+01:00"],
        "place": {"name": "Markt", "latitude": 50.25, "longitude": 10.96}, "language": "en", "status": "sold_out",
        "images": [{"url": "https://cafe.example/a.jpg", "alt": "Ein Glas"}], "topics": ["Kunst & Kultur", "Musik"],
        "price": "0", "url": "https://cafe.example/fest?a=1&b=2", "body": "Eins.\n\n- zwei\n- drei",
    }  # fmt: skip
    content = draft(said).content()
    assert again(content, desk()) == content


@pytest.mark.parametrize(
    ("kind", "typed", "right"),
    [
        ("event", {"starts_at": "Sa 19:30"}, {"starts_at": datetime(2030, 8, 17, 17, 30, tzinfo=UTC), "ends_at": None}),
        ("event", {"starts_at": "Sa 22-2 Uhr"}, {"ends_at": datetime(2030, 8, 18, 0, 0, tzinfo=UTC)}),
        ("event", {"starts_at": "Sa 22 Uhr", "ends_at": "2 Uhr"}, {"ends_at": datetime(2030, 8, 18, 0, 0, tzinfo=UTC)}),
        ("event", {"starts_at": "24.8."}, {"all_day": True, "starts_at": datetime(2030, 8, 23, 22, tzinfo=UTC)}),
        ("event", {"starts_at": "jeden Donnerstag 19 Uhr"}, {"recurrence": "FREQ=WEEKLY;BYDAY=TH"}),
        ("event", {"starts_at": "Do 19 Uhr", "recurrence": "FREQ=WEEKLY"}, {"recurrence": "FREQ=WEEKLY"}),
        ("event", {"starts_at": "Sa 22 bis 2 Uhr"}, {"ends_at": datetime(2030, 8, 18, 0, 0, tzinfo=UTC)}),
        ("event", {"starts_at": "Sa 19:30", "price": "frei"}, {"price": 0}),
        ("event", {"starts_at": "Sa 19:30", "price": "12,-"}, {"price": 12}),
        ("offer", {"price": "7,20", "price_before": "8", "percent_off": "10", "lowest_price_30d": "8"}, {"percent_off": 10}),
        ("event", {"starts_at": "Sa 19:30", "url": "cafe.example/fest"}, {"url": "https://cafe.example/fest"}),
        ("event", {"starts_at": "Sa 19:30", "place": "own"}, {"place": CAFE}),
        ("offer", {"valid_until": "bis Samstag"}, {"valid_until": datetime(2030, 8, 17, 22, tzinfo=UTC)}),
        ("offer", {"percent_off": "-20 %"}, {"percent_off": 20}),
        ("menu", {"dishes": "Suppe 4,80 €", "from_date": "morgen"}, {"from_date": date(2030, 8, 13), "until_date": None}),
        (
            "menu",
            {"dishes": "Suppe", "from_date": "Mo", "served_from": "11.30 Uhr", "served_until": "14 Uhr"},
            {"served_from": "11:30", "served_until": "14:00"},
        ),
    ],
)  # fmt: skip
def test_what_people_type_is_understood(kind: str, typed: dict[str, str], right: dict[str, Any]) -> None:
    found: Any = filled_in.read(kinds.by_name(kind), {"title": "Fest", **typed}, {}, desk()).draft
    content = found.content()
    assert {name: getattr(content, name) for name in right} == right


@pytest.mark.parametrize(
    ("kind", "typed", "boxes"),
    [
        ("event", {}, ["title", "starts_at"]),
        ("event", {"title": "F", "starts_at": "irgendwann", "price": "viel"}, ["starts_at", "price"]),
        ("event", {"title": "F", "starts_at": "Sa 19 Uhr", "ends_at": "2.1.2029"}, ["ends_at"]),
        ("event", {"title": "F", "starts_at": "Sa 19 Uhr", "place": "elsewhere"}, ["place"]),
        ("event", {"title": "F", "starts_at": "Sa 19 Uhr", "images.0.url": "https://a.example/b.jpg"}, ["images.0.alt"]),
        ("event", {"title": "F", "starts_at": "12.1.2029 19:00"}, ["starts_at"]),
        ("offer", {"title": "F", "percent_off": "viel"}, ["percent_off"]),
        ("menu", {"title": "F", "from_date": "morgen", "dishes": "Suppe [Glück]"}, ["dishes"]),
        ("menu", {"title": "F", "from_date": "morgen", "dishes": "Suppe", "served_from": "morgen"}, ["served_from"]),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_box(kind: str, typed: dict[str, str], boxes: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        filled_in.read(kinds.by_name(kind), typed, {}, desk())
    assert [fault.field for fault in refused.value.faults] == boxes
