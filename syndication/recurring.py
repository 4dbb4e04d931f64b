"""Dates that come again (RFC 5545 section 3.3.10): rules are checked, and followed for a hundred years at most."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from dateutil.rrule import rrulestr

_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
#: How many days one turn of a rule has at most: none has one behind them.
_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}
#: No month is longer: a rule for a later day would be searched for to the end of time.
_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
#: Years a rule is followed.
_YEARS = 100
#: After so many years the calendar is the same again, days of the week too.
_CYCLE = 400
_LAST_YEAR = 9999
#: What dateutil raises for a rule that it cannot read.
UNREADABLE = (ValueError, TypeError, OverflowError, KeyError, IndexError, ZeroDivisionError)


def checked(rule: str) -> str:
    """The rule in capitals, without its name. Raises ValueError where it cannot be followed."""
    rule = rule.removeprefix("RRULE:").upper()
    parts = dict(part.partition("=")[::2] for part in rule.split(";") if part)
    if unknown := set(parts) - _PARTS:
        raise ValueError(f"holds {', '.join(sorted(unknown))}, which is not supported in a rule")
    if parts.get("FREQ") not in _DAYS:
        raise ValueError("must begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    interval = parts.get("INTERVAL", "1")
    if not (interval.isascii() and interval.isdigit() and len(interval) < 10 and 1 <= int(interval) <= 366):
        raise ValueError("has an INTERVAL that is no number from 1 to 366")
    _check_days(parts)
    try:
        next(starts(rule, datetime(2026, 1, 1, tzinfo=UTC)), None)
    except IndexError as error:
        raise ValueError("has a BYDAY that no month or year has") from error
    except UNREADABLE as error:
        raise ValueError(f"is not a rule of RFC 5545: {error}") from error
    return rule


def _check_days(parts: Mapping[str, str]) -> None:
    """Raise ValueError for a day that none of the rule's months has, or that stands behind all days of its turn."""
    days, months, places = (_numbers(parts, name) for name in ("BYMONTHDAY", "BYMONTH", "BYSETPOS"))
    if not all(1 <= day <= 31 for day in days) or not all(1 <= month <= 12 for month in months):
        raise ValueError("has a BYMONTHDAY or BYMONTH that no year has")
    longest = max((_LONGEST.get(month, 31) for month in months), default=31)
    if days and min(days) > longest:
        raise ValueError("names a day that none of its months has")
    if places and not all(1 <= place <= _DAYS[parts["FREQ"]] for place in places):
        raise ValueError(f"has a BYSETPOS that is no number up to {_DAYS[parts['FREQ']]}")


def _numbers(parts: Mapping[str, str], name: str) -> list[int]:
    try:
        return [abs(int(number)) for number in parts.get(name, "").split(",") if number]
    except ValueError as error:
        raise ValueError("has a BYMONTHDAY, BYMONTH or BYSETPOS that is no number") from error


def starts(rule: str, first: datetime) -> Iterator[datetime]:
    """The dates of `rule` from `first` (aware) on, at the wall clock of its zone. Raises one of UNREADABLE.

    UNTIL counts in UTC, a bare date to its end. What comes a hundred years later is left out.
    """
    # dateutil looks for a date that never comes, or hardly ever, to the year 9999. So the rule is followed near the end
    # of time, some centuries further on in the same calendar.
    shift = max(0, (_LAST_YEAR - _YEARS - first.year) // _CYCLE * _CYCLE)
    moved = first.replace(year=first.year + shift, tzinfo=None)
    until = _until(rule)
    bare = ";".join(part for part in rule.split(";") if part and not part.upper().startswith("UNTIL="))
    for moment in rrulestr(bare, dtstart=moved):
        start = moment.replace(year=moment.year - shift, tzinfo=first.tzinfo)
        if (until is not None and start > until) or start.year > first.year + _YEARS:
            return
        yield start


def _until(rule: str) -> datetime | None:
    found = re.search(r"(?:^|;)UNTIL=([^;]*)", rule, re.IGNORECASE)
    if not found:
        return None
    said = found[1].upper()
    if len(said) == len("20261231"):
        return datetime.strptime(said + "235959", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return datetime.strptime(said.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
