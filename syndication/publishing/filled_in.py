"""Reads what a person typed into the form of a kind: times as people say them, prices as they write them."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syndication.content.post import Draft, Place
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.kinds import Kind, fields
from syndication.kinds.contract import SpanBoxes
from syndication.kinds.fields import Question
from syndication.kinds.reading import draft
from syndication.sources import spoken

#: What was typed, by the names of the boxes: those of the form, and of boxes that have several, such as `place.name`.
Typed = Mapping[str, str]
#: Pictures are typed in as `images.0.url` and `images.0.alt`, the first ten of them.
MOST_PICTURES = 10
#: Where it is: at the own place of the merchant, not said, elsewhere; or a place of before, as `written_out.placed` writes it.
OWN, NOWHERE, ELSEWHERE = "own", "", "elsewhere"
_NEEDED = Reason("is needed")
_UNITS = re.compile(r"[\s€%]|EUR|Euro", re.IGNORECASE)
_ASIDE = re.compile(r"[,.][-–]$")


@dataclass(frozen=True)
class Desk:
    """Where somebody sits and types. `place`: that of their merchant. `now` is aware; `zone` is the city's."""

    now: datetime
    zone: ZoneInfo
    language: str
    place: Place | None


@dataclass
class _Reading:
    """One form while it is read."""

    desk: Desk
    typed: Typed
    found: dict[str, Any] = field(default_factory=dict)
    remarks: dict[str, Reason] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        return self.typed.get(name, "").strip()


@dataclass(frozen=True)
class Understood:
    """A draft, and by box what was understood of it where that was not plain."""

    draft: Draft
    remarks: Mapping[str, Reason]


def read(kind: Kind[Any], typed: Typed, kept: Mapping[str, Any], desk: Desk) -> Understood:
    """The draft that a filled-in form makes. `kept`: fields that the form does not ask for.

    Raises Invalid with every fault, each at the name of its box.
    """
    reading = _Reading(desk, typed)
    asked = list(fields.questions(kind, desk.language))
    span = kind.form.span
    in_span = {span.start, span.end, span.whole, span.rule} if span else set()
    for question in asked:
        if question.name not in in_span and question.box != "own":
            with _noting(reading, question.name):
                reading.found[question.name] = _READERS[question.box](reading, question)
    if span:
        _read_span(span, reading)
    for question in asked:
        if question.box == "own":  # may need the others
            with _noting(reading, question.name):
                reading.found |= kind.form.own[question.name].read(reading.text(question.name), reading.found)
    faulty = {one.field for one in reading.faults}
    for question in asked:
        if question.needed and question.name not in faulty and not reading.text(question.name):
            reading.faults.append(Fault(question.name, _NEEDED))
    return _checked(kind, kept, reading, asked)


def settled(kind: Kind[Any], typed: Typed, desk: Desk) -> dict[str, str]:
    """The same boxes, days and hours written out in full: "Saturday" typed today is another day next week.

    What is not understood stays as it was typed.
    """
    told, span = dict(typed), kind.form.span
    near: datetime | None = None
    for question in fields.questions(kind, desk.language):  # a start stands before its end
        if question.box in ("moment", "day") and (text := told.get(question.name, "")):
            with suppress(Invalid):
                ends = span is not None and question.name == span.end
                heard = _understood(text, desk, near if ends else None)
                told[question.name] = text if _as_written(text, heard, desk) else _said(heard, desk)
                if span is not None and question.name == span.start:
                    near = _moment(heard.start, desk.zone)
                    told |= {span.rule: heard.rule} if heard.rule else {}
    return told


def _understood(text: str, desk: Desk, near: datetime | None) -> "spoken.Heard":
    """What was typed; of what a post said already, it does not matter how long ago that is."""
    heard = spoken.understood(text, desk.now, desk.zone, desk.language, near=near, past=True)
    if _as_written(text, heard, desk):
        return heard
    return spoken.understood(text, desk.now, desk.zone, desk.language, near=near)


def _as_written(text: str, heard: "spoken.Heard", desk: Desk) -> bool:
    """Whether a box holds what `written_out.written` writes: nobody types a day out as fully by mistake."""
    exact = spelled(heard.start, desk) if isinstance(heard.start, datetime) else ""
    return heard.rule is None and text in (_said(heard, desk), exact)


def spelled(moment: datetime, desk: Desk) -> str:
    """A moment as people say it; as ISO 8601 where their words do not tell it apart from others, as with seconds."""
    local = moment.astimezone(desk.zone)
    if local.replace(second=0, microsecond=0, fold=0).astimezone(UTC) != moment:
        return local.isoformat()
    return spoken.said(local, None, False, desk.zone, desk.language)


def _said(heard: "spoken.Heard", desk: Desk) -> str:
    start = heard.start if heard.start is not None else heard.end
    end = heard.end if heard.start is not None else None
    return spoken.said(start, end, heard.whole_days, desk.zone, desk.language)


class _noting:  # noqa: N801 -- reads as what it does
    """Turns what a box refuses into a fault of it."""

    def __init__(self, reading: _Reading, name: str) -> None:
        self._reading, self._name = reading, name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Invalid):
            return False
        self._reading.faults.append(Fault(self._name, error.faults[0].message))
        return True


def _checked(
    kind: Kind[Any], kept: Mapping[str, Any], reading: _Reading, asked: list[Question]
) -> Understood:
    """The draft by the same checks as of whoever hands one in, whose faults are named by box."""
    said = {
        **kept,
        "kind": kind.name,
        "language": kept.get("language", reading.desk.language),
        **reading.found,
    }
    faults = list(reading.faults)
    try:
        found = draft({name: value for name, value in said.items() if value is not None})
    except Invalid as error:
        boxes, already = {one.name for one in asked}, {one.field for one in faults}
        named = [Fault(_box(one.field, boxes), one.message) for one in error.faults]
        faults += [one for one in named if one.field not in already]
    if faults:
        order = {one.name: number for number, one in enumerate(asked)}
        raise Invalid(*sorted(faults, key=lambda one: order.get(one.field.partition(".")[0], -1)))
    return Understood(found, reading.remarks)


def _box(path: str, boxes: set[str]) -> str:
    """The box of a field: pictures and places have several, which are named as they are."""
    first = path.partition(".")[0]
    if first in ("place", "images"):
        return path
    return first if first in boxes else path


# From when to when


def _read_span(span: SpanBoxes, reading: _Reading) -> None:
    """Start and end, which may both stand in the first box, with whole days and a rule."""
    start, end = reading.text(span.start), reading.text(span.end)
    whole = bool(span.whole) and reading.text(span.whole) != ""
    first = _heard(reading, span.start, start) if start else None
    begins = first.start if first else None
    near = _moment(begins, reading.desk.zone) if begins is not None else None
    last = _heard(reading, span.end, end, near) if end else None
    ends = (last.end or last.start) if last else first.end if first else None
    zone = reading.desk.zone
    whole = whole or (
        bool(span.whole)
        and begins is not None
        and not isinstance(begins, datetime)
        and bool(first and first.whole_days)
    )
    reading.found[span.start] = _moment(begins, zone)
    reading.found[span.end] = _end(ends, zone)
    if span.whole:
        reading.found[span.whole] = whole
        if whole:
            reading.found |= _whole_days(span, begins, ends, zone)
    if span.rule:
        rule = reading.text(span.rule) or (first.rule if first else None)
        reading.found[span.rule] = rule or None


def _whole_days(span: SpanBoxes, begins: Any, ends: Any, zone: ZoneInfo) -> dict[str, Any]:
    first = begins.astimezone(zone).date() if isinstance(begins, datetime) else begins
    last = ends.astimezone(zone).date() if isinstance(ends, datetime) else ends
    if first is None:
        return {}
    return {span.start: _moment(first, zone), span.end: _end(last or first, zone)}


def _heard(reading: _Reading, name: str, text: str, near: datetime | None = None) -> "spoken.Heard | None":
    desk = reading.desk
    with _noting(reading, name):
        heard = _understood(text, desk, near)
        if heard.remarks:
            reading.remarks[name] = Reason.joined(*heard.remarks)
        return heard
    return None


def _moment(said: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    """A day by its beginning."""
    if said is None or isinstance(said, datetime):
        return said
    return datetime.combine(said, time(), zone)


def _end(said: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    """A day by its end, which is the midnight behind it."""
    if said is None or isinstance(said, datetime):
        return said
    return datetime.combine(said + timedelta(days=1), time(), zone)


# One box each


def _line(reading: _Reading, question: Question) -> str | None:
    return reading.text(question.name) or None


def _address(reading: _Reading, question: Question) -> str | None:
    """What people type without its beginning is completed."""
    text = reading.text(question.name)
    if not text:
        return None
    return text if "://" in text else f"https://{text}"


def _yes(reading: _Reading, question: Question) -> bool:
    return reading.text(question.name) != ""


def _price(reading: _Reading, question: Question) -> str | None:
    """ "12,-", "12 €" and "12.00" are the same; what is none is refused by its field."""
    text = _ASIDE.sub("", _UNITS.sub("", reading.text(question.name)))
    if text.casefold() in ("frei", "free", "kostenlos", "eintrittfrei", "umsonst"):
        return "0"
    return text or None


def _number(reading: _Reading, question: Question) -> int | str | None:
    text = _UNITS.sub("", reading.text(question.name)).lstrip("-−–")
    return int(text) if text.isdecimal() and len(text) < 9 else text or None


def _day(reading: _Reading, question: Question) -> date | None:
    text = reading.text(question.name)
    if not text:
        return None
    heard = _heard(reading, question.name, text)
    said = (heard.start or heard.end) if heard else None
    return said.astimezone(reading.desk.zone).date() if isinstance(said, datetime) else said


def _hour(reading: _Reading, question: Question) -> str | None:
    """ "11.30 Uhr" as "11:30"."""
    text = reading.text(question.name)
    if not text:
        return None
    heard = _heard(reading, question.name, text)
    if heard and not isinstance(heard.start, datetime):
        raise Invalid.field(question.name, Reason("must be a time of day such as 19:30"))
    return (
        f"{heard.start.astimezone(reading.desk.zone):%H:%M}"
        if heard and isinstance(heard.start, datetime)
        else None
    )


def _topics(reading: _Reading, question: Question) -> list[str]:
    """Those that were ticked, a line each, and those that were typed, with commas between."""
    text = reading.text(question.name) + "\n" + reading.text(f"{question.name}.more")
    return [one.strip() for one in re.split(r"[,;\n]", text) if one.strip(" #")]


def _pictures(reading: _Reading, question: Question) -> list[dict[str, str]]:
    found = []
    for number in range(MOST_PICTURES):
        at = f"{question.name}.{number}"
        if url := reading.text(f"{at}.url"):
            alt = reading.text(f"{at}.alt")
            if not alt:
                reading.faults.append(
                    Fault(
                        f"{at}.alt",
                        Reason("Please say in a few words what can be seen, for those who cannot see it."),
                    )
                )
            found.append({"url": url, "alt": alt or "-"})
    return found


def _place(reading: _Reading, question: Question) -> dict[str, Any] | None:
    chosen, own = reading.typed.get(question.name, NOWHERE), reading.desk.place
    if chosen == OWN:
        return own.model_dump(exclude_none=True) if own else None
    if chosen == ELSEWHERE:
        name, address = reading.text(f"{question.name}.name"), reading.text(f"{question.name}.address")
        if not name and not address:
            raise Invalid.field(question.name, Reason("Please say where, or choose another place."))
        return {"name": name or address, "address": address or None}
    with suppress(ValueError, TypeError):
        name, address, latitude, longitude = json.loads(chosen)
        return {"name": name, "address": address, "latitude": latitude, "longitude": longitude}
    return None


def _point(reading: _Reading, question: Question) -> datetime | None:
    text = reading.text(question.name)
    heard = _heard(reading, question.name, text) if text else None
    return _moment(heard.start, reading.desk.zone) if heard else None


_READERS: Mapping[str, Callable[[_Reading, Question], Any]] = {
    "line": _line,
    "text": _line,
    "choice": _line,
    "address": _address,
    "yes": _yes,
    "price": _price,
    "number": _number,
    "day": _day,
    "hour": _hour,
    "topics": _topics,
    "pictures": _pictures,
    "place": _place,
    "moment": _point,
}  # fmt: skip -- one glance shows the reader of every box
