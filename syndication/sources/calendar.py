"""Reads iCalendar files (RFC 5545) as they occur in the wild: one broken entry spoils no other."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Component, Timezone
from icalendar.error import InvalidCalendar
from icalendar.prop import vDDDTypes

from syndication.content.schedule import MOST_OWN
from syndication.errors import Fault, Invalid
from syndication.kinds.event_content import event_draft
from syndication.kinds.reading import draft
from syndication.sources import series
from syndication.sources.entry import Entry, broken, reference
from syndication.sources.row import MOST_ENTRIES, DateOf, Rank, Row, Version, made, refused

#: Folded lines are joined as bytes: many programs fold in the middle of a letter.
_FOLD = re.compile(rb"\r?\n[ \t]")
#: What icalendar raises for blocks it cannot read.
_UNREADABLE = (ValueError, KeyError, IndexError, AttributeError, InvalidCalendar)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ENTRIES = (b"VEVENT", b"VTODO", b"VJOURNAL", b"VFREEBUSY")


@dataclass
class _Read:
    """An entry with what its row needs."""

    entry: Entry
    uid: str
    replaces: date | datetime | None
    rank: tuple[int, datetime]
    newer: str | None = None  # position of the entry that replaces this one
    listed_with: "_Read | None" = None  # the first of several dates of one event
    named: datetime | None = None  # `replaces` in UTC

    @property
    def for_all_later(self) -> bool:
        """Whether it replaces all later dates, too."""
        mark = self.entry.one("RECURRENCE-ID") if self.replaces else None
        return mark is not None and str(mark.params.get("RANGE", "")).upper() == "THISANDFUTURE"

    @property
    def day(self) -> date | None:
        """The day (in the city) of the series that this entry replaces."""
        return _day(self.replaces, self.entry.zone) if self.replaces else None


def read(data: bytes, *, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    """One row for each entry, in the order of the file; dates of a series that stands in it too go into that one's row.

    `now` decides which exceptions go where a series has too many. Raises Invalid where this is no calendar at all.
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
    rows = _rows(known, now, cancelled=cancelled)
    for row in found:
        yield from [row] if isinstance(row, Row) else rows[row.entry.position]


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
    for (_, day), group in groups.items():
        if day is None and _one_list(group):
            first, *others = sorted(group, key=lambda one: one.entry.component["DTSTART"].to_ical())
            for one in others:
                one.listed_with = first
            continue
        best = max(enumerate(group), key=lambda pair: (pair[1].rank, pair[0]))[1]
        for one in group:
            one.newer = None if one is best else best.entry.position


def _one_list(group: list[_Read]) -> bool:
    """Whether entries of one UID, equally new, are the dates of one event that repeats by no rule, as courses are written."""
    starts = [one.entry.component.get("DTSTART") for one in group]
    if len(group) < 2 or not all(isinstance(start, vDDDTypes) for start in starts):
        return False
    ruled = any(one.entry.every(name) for one in group for name in ("RRULE", "RDATE", "EXDATE"))
    different = len({start.to_ical() for start in starts}) == len(group)
    return not ruled and different and len({one.rank for one in group}) == 1


def _rows(known: list[_Read], now: datetime, *, cancelled: bool) -> dict[str, list[Row]]:
    """The rows of the entries, by their positions; none for a date that went into its series."""
    rows = {one.entry.position: [_row(one, now, cancelled=cancelled)] for one in known}
    firsts = {
        one.uid: one for one in known if not one.newer and one.named is None and one.listed_with is None
    }
    parts: dict[str, list[tuple[_Read, Row]]] = defaultdict(list)
    for one in known:
        (row,) = rows[one.entry.position]
        first = firsts.get(one.uid)
        if first is None or one is first or one.newer or rows[first.entry.position][0].draft is None:
            continue
        parts[one.uid].append((one, row))
        if row.draft is not None:
            rows[one.entry.position] = []
    for uid, mine in parts.items():
        first = firsts[uid]
        (row,) = rows[first.entry.position]
        rows[first.entry.position] = [_whole(first, row, _coming(mine, now))]
    return rows


def _row(one: _Read, now: datetime, *, cancelled: bool) -> Row:
    """The row of an entry by itself."""
    entry = one.entry
    ref, version, date_of = reference(one.uid), Version(one.rank), None
    fields: dict[str, Any] = {}
    try:
        if one.replaces is not None:
            one.named = _utc(one.replaces, entry)
            ref, date_of = reference(one.uid, f"{one.named:%Y%m%dT%H%M%SZ}"), DateOf(ref, one.named)
        fields = entry.fields()
        if cancelled:
            fields["status"] = "cancelled"
        _judge(one)
        if not entry.faults and one.named is None:
            fields |= _dated(entry, fields, now)
        remarks, faults = entry.remarks, entry.faults
        row = made(entry.position, fields | {"source_ref": ref}, remarks=remarks, faults=faults)
        return replace(row, version=version, date_of=date_of)
    except Invalid as error:
        fields |= {"source_ref": ref}
        return made(entry.position, fields, remarks=entry.remarks, faults=error.faults)
    except OverflowError:
        return refused(
            entry.position, Fault("DTSTART", "lies outside the years 1 to 9999"), source_ref=one.uid
        )


def _judge(one: _Read) -> None:
    entry = one.entry
    if one.newer:
        entry.faults.append(Fault("UID", f"is also that of {one.newer}, which is newer and was read instead"))
    if one.for_all_later:
        entry.faults.append(
            Fault(
                "RECURRENCE-ID",
                "changes all later dates of a series at once, which is not supported; they stand as before",
            )
        )


def _dated(entry: Entry, fields: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The dates of an entry, by its RRULE, EXDATE and RDATE."""
    start, ends = fields["starts_at"], fields.get("ends_at")
    rules = entry.every("RRULE")
    if "EXRULE" in entry.component or len(rules) > 1:
        raise Invalid.field("recurrence", "is told by more than one rule, which is not supported")
    rule = _rule(entry, rules[0]) if rules else None
    if rule is not None and not series.agrees(rule, start, entry.zone):
        if start.utcoffset() != timedelta(0) or start.tzname() != "UTC":
            raise Invalid.field(
                "recurrence",
                "repeats by the clock of another time zone than the city's, which is not supported",
            )
        entry.remarks.append("a series in UTC: repeats at the same time on the city's clock")
    excluded, added = _dates(entry, "EXDATE"), _dates(entry, "RDATE")
    found = series.dates(rule, start, excluded=excluded, added=added, zone=entry.zone, now=now)
    entry.remarks += found.remarks
    if ends is not None and found.starts_at != start.astimezone(UTC):
        ends = _shifted(ends, start, found.starts_at, entry.zone)
    return {
        "starts_at": found.starts_at,
        "ends_at": ends,
        "recurrence": found.recurrence,
        "excluded": found.excluded,
        "added": found.added,
    }


def _shifted(ends: datetime, start: datetime, later: datetime, zone: ZoneInfo) -> datetime:
    """The end of the occurrence that begins at `later`: as long after it, on the wall clock, as `ends` is after `start`."""
    length = ends.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)
    return later.astimezone(zone) + length


def _coming(parts: list[tuple[_Read, Row]], now: datetime) -> list[tuple[_Read, Row]]:
    """The dates of their own; of more than a post can hold those alone that are, or were, still to come."""
    if len(parts) <= MOST_OWN:
        return parts
    return [
        (one, row)
        for one, row in parts
        if max(
            moment
            for moment in (one.named, row.draft and event_draft(row.draft).starts_at, _LONG_AGO)
            if moment
        )
        > now
    ]


def _whole(first: _Read, row: Row, parts: list[tuple[_Read, Row]]) -> Row:
    """The row of a series with the dates that other entries of the file replace, or add to it."""
    assert row.draft is not None
    told, remarks, ranks = event_draft(row.draft), list(row.remarks), dict[datetime, Rank]()
    zone = first.entry.zone
    try:
        for one, part in parts:
            alone = event_draft(part.draft) if part.draft is not None else None
            named = one.named or (alone.starts_at if alone is not None else None)
            if named is None or one.for_all_later:
                continue
            meant = series.occurrence(told, named, zone)
            if alone is None:  # what cannot be told as it is now is not told as it was
                told = series.without(told, meant) if meant else told
            elif meant in told.excluded and one.rank < first.rank:
                remarks.append(f"{one.entry.position} is older than the series, which leaves its date out")
            else:
                told = series.with_date(told, alone, named, zone)
                ranks[meant or named] = one.rank
                remarks.append(
                    f"{one.entry.position} went into it as its date of {named.astimezone(zone):%Y-%m-%d}"
                )
                remarks += part.remarks
        checked = draft(told.model_dump())
    except Invalid as error:
        return replace(row, draft=None, faults=error.faults)
    return replace(
        row, draft=checked, remarks=tuple(dict.fromkeys(remarks)), version=Version(first.rank, ranks)
    )


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


def _utc(moment: date | datetime, entry: Entry) -> datetime:
    return (moment if isinstance(moment, datetime) else entry.midnight(moment)).astimezone(UTC)
