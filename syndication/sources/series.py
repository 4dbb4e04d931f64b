"""Turns a series with exceptions into what posts can say: stretches of a plain rule, and single dates."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from syndication.content import recurrence
from syndication.errors import Invalid

#: A series is looked at this far (occurrences): a daily one over 27 years.
_MOST_OCCURRENCES = 10_000
#: Most posts one series may become.
_MOST_PARTS = 60
#: Occurrences by which two readings of a rule are compared: two years of a weekly one, so every change of the clocks.
_COMPARED = 110
_NO_RULE = "is not a rule of RFC 5545: "


@dataclass(frozen=True)
class Part:
    """A stretch of a series without exceptions: its first and last start (UTC), and its rule; None for a single date."""

    starts_at: datetime
    last: datetime | None
    recurrence: str | None


def split(
    rule: str,
    start: datetime,
    exceptions: Collection[date],
    *,
    length: timedelta,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[list[Part], list[str]]:
    """The parts of a series without the days (in `zone`) of `exceptions`, and remarks.

    `rule` is an RRULE (RFC 5545 section 3.3.10) with UNTIL in UTC; its occurrences keep `zone`'s wall-clock time.
    Parts that are over by `now` are left out, unless all are. Raises Invalid where the series cannot be told.
    """
    remarks: list[str] = []
    try:
        recurrence.checked(rule, start)
        parts = list(_stretches(rule, start, set(exceptions), zone))
    except ValueError as error:
        known = str(error).removeprefix(_NO_RULE)
        raise Invalid.field("recurrence", f"{_NO_RULE}{known}") from error
    if not parts:
        raise Invalid.field("recurrence", "leaves no date: every date of the series is an exception")
    if (
        parts[0].recurrence is None
        and parts[0].starts_at == start
        and len(parts) > 1
        and not _begins(rule, start, zone)
    ):
        remarks.append("begins on a day that its rule leaves out: that day became a post of its own")
    current = [part for part in parts if part.last is None or part.last + length > now] or parts[-1:]
    if len(current) > _MOST_PARTS:
        raise Invalid.field("recurrence", f"has so many exceptions that it would become {len(current)} posts")
    if len(current) < len(parts):
        remarks.append(f"{len(parts) - len(current)} earlier parts of the series are over and left out")
    if len(current) > 1:
        remarks.append(f"a series with exceptions: read as {len(current)} posts")
    return current, remarks


def agrees(rule: str, start: datetime, zone: ZoneInfo) -> bool:
    """Whether a rule means the same moments in the zone of `start` as at `zone`'s wall clock."""
    try:
        walk = recurrence.walk(recurrence.parsed(rule), start)
        own = [moment.astimezone(UTC) for moment in islice(walk, _COMPARED)]
        return own == list(islice(_occurrences(rule, start, zone), _COMPARED))
    except ValueError:
        return True  # the rule itself is at fault, and `split` says so


def _occurrences(rule: str, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    for moment in recurrence.walk(recurrence.parsed(rule), start.astimezone(zone)):
        yield moment.astimezone(UTC)


def _begins(rule: str, start: datetime, zone: ZoneInfo) -> bool:
    return next(_occurrences(rule, start, zone), None) == start


def _stretches(rule: str, start: datetime, exceptions: set[date], zone: ZoneInfo) -> Iterator[Part]:
    counted = 0
    if not _begins(rule, start, zone):
        # RFC 5545 section 3.8.5.3: DTSTART counts as the first occurrence, even where its rule would leave it out.
        counted = 1
        if start.astimezone(zone).date() not in exceptions:
            yield Part(start, start, None)
    run: list[datetime] = []
    last_exception = max(exceptions, default=None)
    for index, moment in enumerate(_occurrences(rule, start, zone)):
        day = moment.astimezone(zone).date()
        if index >= _MOST_OCCURRENCES:
            raise Invalid.field("recurrence", f"has exceptions beyond its first {_MOST_OCCURRENCES} dates")
        if last_exception is None or day > last_exception:
            yield from _tail(rule, run[0] if run else moment, index - len(run) + counted, zone)
            return
        if day not in exceptions:
            run.append(moment)
        elif run:
            yield _closed(rule, run)
            run = []
    if run:
        yield _closed(rule, run)


def _closed(rule: str, run: list[datetime]) -> Part:
    if len(run) == 1:
        return Part(run[0], run[0], None)
    fields = _fields(rule)
    fields.pop("COUNT", None)
    return Part(run[0], run[-1], _joined(fields | {"UNTIL": f"{run[-1]:%Y%m%dT%H%M%SZ}"}))


def _tail(rule: str, first: datetime, before: int, zone: ZoneInfo) -> Iterator[Part]:
    """The part behind the last exception, with what its rule leaves of COUNT after `before` occurrences."""
    fields = _fields(rule)
    if "COUNT" in fields:
        left = int(fields["COUNT"]) - before
        if left <= 0:
            return
        fields["COUNT"] = str(left)
    ended = "COUNT" in fields or "UNTIL" in fields
    moments = list(islice(_occurrences(_joined(fields), first, zone), _MOST_OCCURRENCES)) if ended else []
    if len(moments) == 1:
        yield Part(first, first, None)
    else:
        last = moments[-1] if 0 < len(moments) < _MOST_OCCURRENCES else None
        yield Part(first, last, _joined(fields))


def _fields(rule: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in rule.upper().split(";") if part)


def _joined(fields: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in fields.items())
