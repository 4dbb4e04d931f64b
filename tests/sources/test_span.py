"""From when to when: what the cells for days and for hours say, joined."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from syndication.kinds.contract import Span
from syndication.sources import span, when
from syndication.sources.span import Cells
from syndication.sources.when import Frame, Said

BERLIN = ZoneInfo("Europe/Berlin")
FRAME = Frame(date(2026, 11, 25))


def cells(start: str, hour: str = "", end: str = "", end_hour: str = "", *, whole: bool = False) -> Cells:
    def said(text: str, *, hours: bool = False) -> list[Said]:
        return [when.said(text, FRAME, hours=hours, after=date(2026, 12, 5))] if text else []

    return Cells(said(start), said(hour, hours=True), said(end), said(end_hour, hours=True), whole, BERLIN)


def joined(*texts: str, whole: bool = False) -> Span:
    found = cells(*texts, whole=whole)
    assert found.first is not None
    return span.joined(found, found.first)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("texts", "start", "end"),
    [
        (("5.12.2026", "18:00"), "2026-12-05T18:00", None),
        (("5.12.2026", "18–22 Uhr"), "2026-12-05T18:00", "2026-12-05T22:00"),
        (("5.12.2026", "22:00", "", "2:00"), "2026-12-05T22:00", "2026-12-06T02:00"),
        (("5.12.2026", "18:00", "", "24:00"), "2026-12-05T18:00", "2026-12-06T00:00"),
        (("5.12.2026", "18:00", "", "0:00"), "2026-12-05T18:00", "2026-12-06T00:00"),
        (("5.12.2026", "24:00"), "2026-12-06T00:00", None),
        (("5.12.2026", "18:00", "5.12.2026"), "2026-12-05T18:00", None),
        (("5.12.2026", "18:00", "5.12.2026", "18:00"), "2026-12-05T18:00", None),
        (("5.12.2026", "18:00", "7.12.2026", "24:00"), "2026-12-05T18:00", "2026-12-08T00:00"),
        (("5.12.2026", "18:00", "7.12.2026"), "2026-12-05T18:00", "2026-12-08T00:00"),
        (("5.–7.12.2026", "10–18 Uhr"), "2026-12-05T10:00", "2026-12-07T18:00"),
        (("2026-12-05 00:00", "18:00"), "2026-12-05T18:00", None),
        (("5.12.2026 18:00", "", "22 Uhr"), "2026-12-05T18:00", "2026-12-05T22:00"),
        (("2026-12-05T18:00+01:00", "", "2026-12-05T20:00Z"), "2026-12-05T18:00", "2026-12-05T21:00"),
    ],
)
def test_day_and_hour_are_joined_from_wherever_they_stand(
    texts: tuple[str, ...], start: str, end: str | None
) -> None:
    assert joined(*texts) == Span(at(start), at(end) if end else None)


@pytest.mark.parametrize(
    ("texts", "whole", "last"),
    [
        (("5.12.2026",), False, None),
        (("5.–7.12.2026",), False, date(2026, 12, 7)),
        (("5.12.2026", "ganztägig", "7.12.2026"), False, date(2026, 12, 7)),
        (("5.12.2026", "0:00", "7.12.2026", "0:00"), True, date(2026, 12, 6)),
        (("5.12.2026", "18:00", "7.12.2026"), True, date(2026, 12, 7)),
    ],
)
def test_without_hours_it_is_of_whole_days(texts: tuple[str, ...], whole: bool, last: date | None) -> None:
    assert joined(*texts, whole=whole) == Span(date(2026, 12, 5), last, whole_days=True)


def test_an_end_without_a_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="says until when, and not from when"):
        joined("5.12.2026", "bis 22 Uhr")


def test_the_clocks_going_forward_take_nothing_from_an_evening() -> None:
    assert joined("27.3.2027", "22:00", "", "6:00") == Span(at("2027-03-27T22:00"), at("2027-03-28T06:00"))
