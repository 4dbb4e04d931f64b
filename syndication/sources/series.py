"""Series with exceptions, as what a post can say: runs of a plain rule, and single dates."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from syndication.errors import Invalid

#: A series is looked at this far (occurrences) to find its exceptions: a daily one over 27 years.
_MOST_OCCURRENCES = 10_000
#: Most posts one series may become.
_MOST_PARTS = 60
#: Occurrences by which two readings of one rule are compared: two years of a weekly one, so every change of the clocks.
_COMPARED = 110


@dataclass(frozen=True)
class Part:
    """A stretch of a series without exceptions: the first start (UTC) and its rule, or None for a single date."""

    starts_at: datetime
    recurrence: str | None


def split(
    rule: str, start: datetime, exceptions: Collection[date], *, length: timedelta, zone: ZoneInfo, now: datetime
) -> tuple[list[Part], list[str]]:
    """The parts of a series that skips `exceptions` (days in `zone`), and remarks.

    `rule` is an RRULE (RFC 5545 section 3.3.10) with UNTIL in UTC; occurrences keep `zone`'s wall-clock time. Parts that
    were over before `now` are left out unless all of them were. Raises Invalid where the series cannot be told.
    """
    remarks: list[str] = []
    runs, rest = _runs(rule, start, exceptions, zone)
    first = runs[0][0][1] if runs else rest[1] if rest else None
    parts: list[Part] = []
    if first != start and start.astimezone(zone).date() not in exceptions and not _occurs(rule, start, zone):
        remarks.append("begins on a day its own rule leaves out: that day became a post of its own")
        parts.append(Part(start, None))
    parts += [_closed(rule, run) for run in runs]
    ended = [Part(part.starts_at, part.recurrence) for part, over in zip(parts, _ends(parts, zone, length), strict=True) if over <= now]
    if rest:
        parts.append(Part(rest[1], _counted(rule, rest[0])))
    if ended and len(ended) < len(parts):
        remarks.append(f"{len(ended)} earlier parts of the series are over and left out")
        parts = [part for part in parts if part not in ended]
    elif ended:
        parts = parts[-1:]
    if not parts:
        raise Invalid.field("recurrence", "leaves no date: every date of the series is an exception")
    if len(parts) > _MOST_PARTS:
        raise Invalid.field("recurrence", f"has exceptions that would make {len(parts)} posts; {_MOST_PARTS} are allowed")
    if len(parts) > 1:
        remarks.append(f"a series with exceptions: became {len(parts)} posts")
    return parts, remarks
