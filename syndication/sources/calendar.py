"""Reads iCalendar files (RFC 5545) as they occur in the wild: one broken entry spoils no other."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog
from icalendar import Component
from icalendar.prop import vDDDLists, vDDDTypes, vRecur

from syndication.content.reason import Reason
from syndication.content.schedule import MOST_OWN
from syndication.errors import Fault, Invalid
from syndication.kinds.event_content import EventDraft, event_draft
from syndication.kinds.reading import draft
from syndication.sources import lines, repair, series, zones
from syndication.sources.entry import Entry, reference, shown, when
from syndication.sources.row import MOST_ENTRIES, DateOf, Rank, Row, Version, made, refused

_log = structlog.get_logger(__name__)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_TITLE = re.compile(rb"SUMMARY(?:;[^:]*)?:(.*)", re.IGNORECASE)
_Made = TypeVar("_Made")


@dataclass
class _Read:
    """An entry with what its row needs."""

    entry: Entry
    uid: str
    replaces: date | datetime | None
    rank: tuple[int, datetime]
    day: date | None  # that of the series (in the city) which this entry replaces
    newer: Reason | None = None  # position of the entry that replaces this one
    listed_with: "_Read | None" = None  # the first of several dates of one event
    named: datetime | None = None  # `replaces` in UTC

    @property
    def for_all_later(self) -> bool:
        """Whether it replaces all later dates, too."""
        mark = self.entry.one("RECURRENCE-ID") if self.replaces else None
        return mark is not None and str(mark.params.get("RANGE", "")).upper() == "THISANDFUTURE"


def read(data: bytes, *, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    """One row for each entry, in the order of the file; dates of a series that stands in it too go into that one's row.

    `now` decides which exceptions go where a series has too many. Raises Invalid where this is no calendar at all.
    """
    begins = lines.begins(data)
    plain = lines.unfolded(data.lstrip(b"\xef\xbb\xbf \t\r\n"))
    if not plain or plain[0].strip().upper() != b"BEGIN:VCALENDAR":
        raise Invalid.field("file", Reason("is not a calendar: it does not begin with BEGIN:VCALENDAR"))
    cancelled = any(line.strip().upper() == b"METHOD:CANCEL" for line in plain)
    zones.learn(plain)
    blocks = list(lines.entries(plain))
    if len(blocks) > MOST_ENTRIES:
        raise Invalid.field(
            "file", Reason("holds {} entries; {} are read at most", len(blocks), MOST_ENTRIES)
        )
    found = [
        _parsed(_where(number, begins, len(blocks)), name, block, zone, ends=ends)
        for number, (name, block, ends) in enumerate(blocks, 1)
    ]
    known = [one for one in found if isinstance(one, _Read)]
    _mark_repeated(known)
    rows = _rows(known, now, cancelled=cancelled)
    for row in found:
        mine = [row] if isinstance(row, Row) else rows[row.entry.position]
        yield from (replace(one, faults=tuple(map(_named, one.faults))) for one in mine)


def _where(number: int, begins: list[int], count: int) -> Reason:
    """Which entry of the file it is, and in which line that begins, where nothing hides how lines are counted."""
    if len(begins) == count:
        return Reason("entry {}, line {}", number, begins[number - 1])
    return Reason("entry {}", number)


def _named(fault: Fault) -> Fault:
    """A fault whose field can be put into words: no name of ours stands in the file."""
    return Fault(Reason(fault.field), fault.message) if fault.field in EventDraft.model_fields else fault


def _guarded(
    work: Callable[[], _Made], position: Reason, title: str, source_ref: str | None = None
) -> _Made | Row:
    """What `work` makes of an entry, or the row that says why nothing can be made of it: no entry ends the reading of others."""
    try:
        return work()
    except Invalid as error:
        faults = error.faults
    except OverflowError:
        faults = (Fault("DTSTART", Reason("lies outside the years 1 to 9999")),)
    except Exception as error:
        # Whatever else a library may raise for what nobody thought of; the log has it for us.
        _log.warning("calendar_entry_unread", position=position, error=repr(error))
        faults = (Fault("", Reason("cannot be read: something in it is not as RFC 5545 has it")),)
    return refused(position, *faults, title=title, source_ref=source_ref)


def _parsed(position: Reason, name: str, block: list[bytes], zone: ZoneInfo, *, ends: bool) -> Row | _Read:
    title = next((found[1] for line in block if (found := _TITLE.match(line))), b"").decode(errors="replace")
    if not ends:
        return refused(
            position,
            Fault("", Reason("begins with BEGIN:{} and never ends: the file is damaged here", name)),
            title=title,
        )
    if name != "VEVENT":
        return refused(
            position, Fault("", Reason("is a {}; only events (VEVENT) become posts", name)), title=title
        )
    return _guarded(lambda: _event(position, block, zone), position, title)


def _event(position: Reason, block: list[bytes], zone: ZoneInfo) -> _Read:
    """Raises Invalid where the entry cannot be read."""
    remarks: list[str] = []
    raw = b"\n".join(block)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
        remarks.append(Reason("is not UTF-8: read as Windows-1252"))
    plain = [lines.plain(line) for line in text.replace("\0", "").split("\n")]
    try:
        component = Component.from_ical("".join(f"{line}\r\n" for line in plain if line))
    except zones.UNREADABLE as error:
        raise Invalid.field("", Reason("cannot be read: {}", str(error)[:200])) from error
    entry = Entry(position, component, zone, remarks)
    entry.remarks += [
        Reason("line left out: {}", str(reason)[:120]) for where, reason in component.errors if where is None
    ]
    replaces = entry.recurrence_id
    if (
        replaces is None and entry.faults
    ):  # of which date it is nobody knows; it must not be taken for the series
        raise Invalid(*entry.faults)
    day = _day(replaces, zone) if replaces is not None else None
    return _Read(entry, entry.uid, replaces, _rank(entry), day)


def _rank(entry: Entry) -> tuple[int, datetime]:
    """What decides between two entries of one UID: SEQUENCE, then DTSTAMP (RFC 5546 section 2.1.5)."""
    stamps = [stamp for one in entry.sound("DTSTAMP", vDDDTypes) if isinstance(stamp := one.dt, datetime)]
    newest = max((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC) for stamp in stamps), default=None)
    sequence = max((int(one) for one in entry.sound("SEQUENCE", int)), default=0)
    return sequence, (newest or datetime.min.replace(tzinfo=UTC)).astimezone(UTC)


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
        best = max(enumerate(group), key=lambda pair: (_begins(pair[1]), pair[1].rank, pair[0]))[1]
        for one in group:
            one.newer = None if one is best else best.entry.position


def _one_list(group: list[_Read]) -> bool:
    """Whether entries of one UID, equally new, are the dates of one event that repeats by no rule, as courses are written."""
    if len(group) < 2 or not all(map(_begins, group)):
        return False
    starts = [one.entry.component["DTSTART"] for one in group]
    ruled = any(one.entry.every(name) for one in group for name in ("RRULE", "RDATE", "EXDATE"))
    different = len({start.to_ical() for start in starts}) == len(group)
    return not ruled and different and len({one.rank for one in group}) == 1


def _begins(one: _Read) -> bool:
    """Whether its start can be read; where it cannot, it takes no other's place, however new it is."""
    start = one.entry.component.get("DTSTART")
    return isinstance(start, vDDDTypes) and isinstance(start.dt, date)


def _rows(known: list[_Read], now: datetime, *, cancelled: bool) -> dict[str, list[Row]]:
    """The rows of the entries, by their positions; none for a date that went into its series."""
    rows: dict[str, list[Row]] = {
        one.entry.position: [_guarded(partial(_row, one, now, cancelled=cancelled), *_names(one))]
        for one in known
    }
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
        rows[first.entry.position] = [
            _guarded(partial(_whole, first, row, _coming(mine, now)), *_names(first))
        ]
    return rows


def _names(one: _Read) -> tuple[Reason, str, str]:
    """By what an entry is found in its file: where it stands, its title, its reference."""
    return one.entry.position, repair.one_line(one.entry.text("SUMMARY")), reference(one.uid)


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


def _judge(one: _Read) -> None:
    entry = one.entry
    if one.newer:
        entry.faults.append(
            Fault("UID", Reason("is also that of {}, which is newer and was read instead", one.newer))
        )
    if one.for_all_later:
        entry.faults.append(
            Fault(
                "RECURRENCE-ID",
                Reason(
                    "changes all later dates of a series at once, which is not supported; they stand as before"
                ),
            )
        )


def _dated(entry: Entry, fields: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The dates of an entry, by its RRULE, EXDATE and RDATE."""
    start, ends = fields["starts_at"], fields.get("ends_at")
    rules = entry.every("RRULE")
    if "EXRULE" in entry.component or len(rules) > 1:
        raise Invalid.field("recurrence", Reason("is told by more than one rule, which is not supported"))
    rule = _rule(entry, rules[0]) if rules else None
    if rule is not None and not series.agrees(rule, start, entry.zone):
        if start.utcoffset() != timedelta(0) or start.tzname() != "UTC":
            raise Invalid.field(
                "recurrence",
                Reason("repeats by the clock of another time zone than the city's, which is not supported"),
            )
        entry.remarks.append(Reason("a series in UTC: repeats at the same time on the city's clock"))
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
    zone, off = first.entry.zone, _off_alone(told, parts)
    told = told.model_copy(update={"status": "scheduled"}) if off is not None else told
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
                remarks.append(
                    Reason("{} is older than the series, which leaves its date out", one.entry.position)
                )
            else:
                told = series.with_date(told, alone, named, zone, listed=one.listed_with is not None)
                ranks[meant or named] = one.rank
                remarks.append(
                    Reason(
                        "{} went into it as its date of {}",
                        one.entry.position,
                        f"{named.astimezone(zone):%Y-%m-%d}",
                    )
                )
                remarks += part.remarks
        if off is not None and off.starts_at is not None:
            told = series.with_date(told, off, off.starts_at, zone)
        checked = draft(told.model_dump())
    except Invalid as error:
        return replace(row, draft=None, faults=error.faults)
    return replace(
        row, draft=checked, remarks=tuple(dict.fromkeys(remarks)), version=Version(first.rank, ranks)
    )


def _off_alone(first: EventDraft, parts: list[tuple[_Read, Row]]) -> EventDraft | None:
    """The first of several evenings where it is off and others are not: one that is off must not call off the course."""
    others = [event_draft(row.draft) for one, row in parts if one.listed_with and row.draft is not None]
    on = any(other.status != "cancelled" for other in others)
    return first if first.status == "cancelled" and on else None


def _rule(entry: Entry, found: Any) -> str:
    """The rule with UNTIL as a moment in UTC; a date counts to its end in the city, a time without a zone is the city's."""
    parts: Any = found if isinstance(found, vRecur) else None
    if parts is None:
        raise Invalid.field("recurrence", Reason("is not a rule of RFC 5545: {}", shown(found)))
    until = parts.pop("UNTIL", None)
    rule = str(parts.to_ical().decode())
    if not until:
        return rule
    last = until[0] if isinstance(until, list) else until
    if not isinstance(last, date):
        raise Invalid.field("recurrence", Reason("has an UNTIL that is no date: {}", last))
    if not isinstance(last, datetime):
        end = entry.midnight(last + timedelta(days=1)).astimezone(UTC) - timedelta(seconds=1)
    else:
        end = (last if last.tzinfo else last.replace(tzinfo=entry.zone)).astimezone(UTC)
    return f"{rule};UNTIL={end:%Y%m%dT%H%M%SZ}"


def _dates(entry: Entry, name: str) -> list[datetime]:
    """The moments (UTC) of EXDATE or RDATE; all-day ones are the city's midnight."""
    found = []
    for group in entry.every(name):
        for one in group.dts if isinstance(group, vDDDLists) else [group]:
            moment = when(one)
            if isinstance(moment, tuple):
                moment = moment[0]
            if not isinstance(moment, date):
                raise Invalid.field("recurrence", Reason("has an {} that is no date: {}", name, shown(group)))
            if not isinstance(moment, datetime):
                moment = entry.midnight(moment)
            found.append((moment if moment.tzinfo else moment.replace(tzinfo=entry.zone)).astimezone(UTC))
    return found


def _day(moment: date | datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment


def _utc(moment: date | datetime, entry: Entry) -> datetime:
    return (moment if isinstance(moment, datetime) else entry.midnight(moment)).astimezone(UTC)
