"""Reads iCalendar files (RFC 5545) as they occur in the wild: one broken entry spoils no other."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Component, Timezone
from icalendar.error import InvalidCalendar

from syndication.content.post import UNSTATED_LENGTH
from syndication.errors import Fault, Invalid
from syndication.sources import series
from syndication.sources.entry import Entry, broken, reference
from syndication.sources.row import MOST_ENTRIES, Row, made, refused

#: Folded lines are joined as bytes: many programs fold in the middle of a letter.
_FOLD = re.compile(rb"\r?\n[ \t]")
#: What icalendar raises for blocks it cannot read.
_UNREADABLE = (ValueError, KeyError, IndexError, AttributeError, InvalidCalendar)
_ENTRIES = (b"VEVENT", b"VTODO", b"VJOURNAL", b"VFREEBUSY")


@dataclass
class _Read:
    """An entry with what its row needs."""

    entry: Entry
    uid: str
    replaces: date | datetime | None
    rank: tuple[int, datetime]
    newer: str | None = None  # position of the entry that replaces this one

    @property
    def day(self) -> date | None:
        """The day (in the city) of the series that this entry replaces."""
        return _day(self.replaces, self.entry.zone) if self.replaces else None


def read(data: bytes, *, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    """One row for each entry, in the order of the file; a series with exceptions gives one for each of its parts.

    `now` decides which parts of such a series are over. Raises Invalid where this is no calendar at all.
    """
    lines = _FOLD.sub(b"", data.lstrip(b"\xef\xbb\xbf \t\r\n")).splitlines()
    if not lines or lines[0].strip().upper() != b"BEGIN:VCALENDAR":
        raise Invalid.field("file", "is not a calendar: it does not begin with BEGIN:VCALENDAR")
    cancelled = any(line.strip().upper() == b"METHOD:CANCEL" for line in lines)
    _learn_zones(lines)
    found = [
        _parsed(f"entry {number}", name, block, zone)
        for number, (name, block) in enumerate(_blocks(lines), 1)
    ]
    if len(found) > MOST_ENTRIES:
        raise Invalid.field("file", f"holds {len(found)} entries; {MOST_ENTRIES} are read at most")
    known = [one for one in found if isinstance(one, _Read)]
    _mark_repeated(known)
    replaced = defaultdict(set)
    for one in known:
        if one.day and not one.newer:
            replaced[one.uid].add(one.day)
    for row in found:
        if isinstance(row, Row):
            yield row
        else:
            yield from _rows(row, replaced[row.uid], now, cancelled=cancelled)


def _blocks(lines: Iterable[bytes]) -> Iterator[tuple[str, list[bytes] | None]]:
    """Name and lines of each entry; None for the lines of one that does not end."""
    name, block = b"", []
    for line in lines:
        mark = line.strip().upper()
        begun = mark.removeprefix(b"BEGIN:") if mark.startswith(b"BEGIN:") else b""
        if begun in _ENTRIES:
            if name:
                yield name.decode(), None
            name, block = begun, [mark]
        elif name:
            if mark:
                block.append(line)
            if mark in (b"END:" + name, b"END:VCALENDAR"):
                yield name.decode(), block if mark == b"END:" + name else None
                name, block = b"", []
    if name:
        yield name.decode(), None


def _learn_zones(lines: list[bytes]) -> None:
    """Time zones that the file describes itself; icalendar keeps them by name for the entries."""
    block: list[bytes] = []
    for line in lines:
        mark = line.strip().upper()
        if mark == b"BEGIN:VTIMEZONE" or block:
            block.append(line)
        if mark == b"END:VTIMEZONE" and block:
            # One that is damaged: its times are then read in the city's zone, and each row says so.
            with suppress(*_UNREADABLE):
                Timezone.from_ical(b"\r\n".join(block) + b"\r\n")
            block = []


def _parsed(position: str, name: str, block: list[bytes] | None, zone: ZoneInfo) -> Row | _Read:
    if block is None:
        return refused(
            position, Fault("", f"begins with BEGIN:{name} and never ends: the file is damaged here")
        )
    if name != "VEVENT":
        return refused(position, Fault("", f"is a {name}; only events (VEVENT) become posts"))
    remarks = []
    raw = b"\r\n".join(block) + b"\r\n"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
        remarks.append("is not UTF-8: read as Windows-1252")
    try:
        component = Component.from_ical(text.replace("\0", ""))
    except _UNREADABLE as error:
        return refused(position, Fault("", f"cannot be read: {str(error)[:200]}"))
    entry = Entry(position, component, zone, remarks)
    entry.remarks += [
        f"line left out: {str(reason)[:120]}" for where, reason in component.errors if where is None
    ]
    replaces = entry.recurrence_id
    return _Read(entry, entry.uid, replaces, _rank(entry))


def _rank(entry: Entry) -> tuple[int, datetime]:
    """What decides between two entries of one UID: SEQUENCE, then DTSTAMP (RFC 5546 section 2.1.5)."""
    stamps = [one.dt for one in entry.sound("DTSTAMP") if isinstance(one.dt, datetime)]
    newest = max((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC) for stamp in stamps), default=None)
    sequence = max((int(one) for one in entry.sound("SEQUENCE")), default=0)
    return sequence, newest or datetime.min.replace(tzinfo=UTC)


def _mark_repeated(known: list[_Read]) -> None:
    groups: dict[tuple[str, date | None], list[_Read]] = defaultdict(list)
    for one in known:
        groups[one.uid, one.day].append(one)
    for group in groups.values():
        best = max(enumerate(group), key=lambda pair: (pair[1].rank, pair[0]))[1]
        for one in group:
            one.newer = None if one is best else best.entry.position


def _rows(one: _Read, replaced: set[date], now: datetime, *, cancelled: bool) -> Iterator[Row]:
    entry = one.entry
    try:
        fields = entry.fields()
        if cancelled:
            fields["status"] = "cancelled"
        if one.newer:
            entry.faults.append(
                Fault("UID", f"is also that of {one.newer}, which is newer and was read instead")
            )
        if entry.faults:
            yield made(
                entry.position, fields | {"source_ref": one.uid}, remarks=entry.remarks, faults=entry.faults
            )
        elif one.replaces is not None:
            yield _replacement(one, fields)
        else:
            yield from _series(one, fields, replaced, now)
    except Invalid as error:
        yield made(
            entry.position, fields | {"source_ref": one.uid}, remarks=entry.remarks, faults=error.faults
        )
    except OverflowError:
        yield refused(
            entry.position, Fault("DTSTART", "lies outside the years 1 to 9999"), source_ref=one.uid
        )


def _replacement(one: _Read, fields: dict[str, Any]) -> Row:
    entry = one.entry
    assert one.replaces is not None
    faults = []
    if entry.one("RECURRENCE-ID").params.get("RANGE", "").upper() == "THISANDFUTURE":
        faults.append(
            Fault(
                "RECURRENCE-ID",
                "changes all later dates of a series at once, which is not supported; they stand as before",
            )
        )
    ref = reference(one.uid, _compact(one.replaces, entry))
    return made(entry.position, fields | {"source_ref": ref}, remarks=entry.remarks, faults=faults)


def _series(one: _Read, fields: dict[str, Any], replaced: set[date], now: datetime) -> Iterator[Row]:
    """The rows of an entry, by its RRULE, EXDATE, RDATE and the entries that replace single dates."""
    entry, start = one.entry, fields["starts_at"]
    ends = fields.get("ends_at")
    length = timedelta(days=1) if fields.get("all_day") else UNSTATED_LENGTH
    if ends is not None:
        length = ends.astimezone(UTC) - start.astimezone(UTC)
    parts = _parts(entry, start, replaced, length, now)
    for number, part in enumerate(parts, 1):
        more = {"starts_at": part.starts_at, "recurrence": part.recurrence}
        if ends is not None:
            more["ends_at"] = (
                ends if part.starts_at == start else _shifted(ends, start, part.starts_at, entry.zone)
            )
        first = part.starts_at == start
        ref = reference(one.uid) if first else reference(one.uid, f"{part.starts_at:%Y%m%dT%H%M%SZ}")
        position = entry.position if len(parts) == 1 else f"{entry.position}, part {number}"
        yield made(position, fields | more | {"source_ref": ref}, remarks=entry.remarks)


def _shifted(ends: datetime, start: datetime, later: datetime, zone: ZoneInfo) -> datetime:
    """The end of the occurrence that begins at `later`: as long after it, on the wall clock, as `ends` is after `start`."""
    length = ends.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)
    return later.astimezone(zone) + length


def _parts(
    entry: Entry, start: datetime, replaced: set[date], length: timedelta, now: datetime
) -> list[series.Part]:
    single = series.Part(start.astimezone(UTC), start.astimezone(UTC), None)
    added = [series.Part(moment, moment, None) for moment in _dates(entry, "RDATE")]
    rules = entry.every("RRULE")
    if "EXRULE" in entry.component or len(rules) > 1:
        raise Invalid.field("recurrence", "is told by more than one rule, which is not supported")
    if not rules:
        return [single, *(part for part in added if part != single)]
    rule = _rule(entry, rules[0])
    exceptions = replaced | {moment.astimezone(entry.zone).date() for moment in _dates(entry, "EXDATE")}
    if not series.agrees(rule, start, entry.zone):
        if start.utcoffset() != timedelta(0) or start.tzname() != "UTC":
            raise Invalid.field(
                "recurrence",
                "repeats by the clock of another time zone than the city's, which is not supported",
            )
        entry.remarks.append("a series in UTC: repeats at the same time on the city's clock")
    parts, remarks = series.split(
        rule, start.astimezone(UTC), exceptions, length=length, zone=entry.zone, now=now
    )
    entry.remarks += remarks
    return [*parts, *added]


def _rule(entry: Entry, found: Any) -> str:
    """The rule with UNTIL as a moment in UTC; a date counts to its end in the city, a time without a zone is the city's."""
    if broken(found):
        raise Invalid.field("recurrence", f"is not a rule of RFC 5545: {str(found)[:80]!r}")
    until = found.pop("UNTIL", None)
    rule = str(found.to_ical().decode())
    if not until:
        return rule
    last = until[0] if isinstance(until, list) else until
    if not isinstance(last, datetime):
        end = entry.midnight(last + timedelta(days=1)).astimezone(UTC) - timedelta(seconds=1)
    else:
        end = (last if last.tzinfo else last.replace(tzinfo=entry.zone)).astimezone(UTC)
    return f"{rule};UNTIL={end:%Y%m%dT%H%M%SZ}"


def _dates(entry: Entry, name: str) -> list[datetime]:
    """The moments (UTC) of EXDATE or RDATE; all-day ones are the city's midnight."""
    found = []
    for group in entry.every(name):
        if broken(group):
            raise Invalid.field("recurrence", f"has an {name} that is no date: {str(group)[:80]!r}")
        for one in group.dts:
            moment = one.dt[0] if isinstance(one.dt, tuple) else one.dt
            if not isinstance(moment, datetime):
                moment = entry.midnight(moment)
            found.append((moment if moment.tzinfo else moment.replace(tzinfo=entry.zone)).astimezone(UTC))
    return found


def _day(moment: date | datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment


def _compact(moment: date | datetime, entry: Entry) -> str:
    utc = (moment if isinstance(moment, datetime) else entry.midnight(moment)).astimezone(UTC)
    return f"{utc:%Y%m%dT%H%M%SZ}"
