"""Reads table cells as German and English people fill them in: dates, prices, yes and no."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

_GERMAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})(?:,?\s+(\S.*))?")
_CLOCK = re.compile(r"(?:um\s+)?(\d{1,2})(?:[:.](\d{2})(?::\d{2})?)?\s*(?:Uhr|h)?", re.IGNORECASE)
_FREE = {"kostenlos", "kostenfrei", "gratis", "frei", "eintritt frei", "free"}
_YES = {"ja", "j", "yes", "y", "x", "1", "true", "wahr"}
_NO = {"nein", "n", "no", "0", "false", "falsch", "-"}


def moment(text: str, zone: ZoneInfo) -> datetime | date:
    """`24.12.2026 18:00`, `24.12.2026`, or ISO 8601; without a zone it is on `zone`'s clock. Raises ValueError."""
    german = _GERMAN.fullmatch(text)
    if german:
        year = int(german[3]) + (2000 if len(german[3]) == 2 else 0)
        day = _valid(lambda: date(year, int(german[2]), int(german[1])), text)
        return _on(day, german[4], zone) if german[4] else day
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return _valid(lambda: date.fromisoformat(text), text)
    found = _valid(lambda: datetime.fromisoformat(text), text)
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _on(day: date, hour: str, zone: ZoneInfo) -> datetime:
    late = timedelta(days=1) if re.match(r"(?:um\s+)?24\b", hour) else timedelta(0)
    return at(day + late, clock_time(hour), zone)


def clock_time(text: str) -> time:
    """`18:00`, `18.30 Uhr` or `18 Uhr`; `24:00` as midnight. Raises ValueError."""
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise ValueError(f"is not a time such as 18:00: {text[:60]!r}")
    return _valid(lambda: time(0 if found[1] == "24" else int(found[1]), int(found[2] or 0)), text)


def is_clock_time(text: str) -> bool:
    """Whether only a time of day stands there."""
    return _CLOCK.fullmatch(text) is not None


def at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """That time of that day on `zone`'s clock."""
    return datetime.combine(day, hour, zone)


def day_after(day: date, zone: ZoneInfo) -> datetime:
    """The end of a day in `zone`: people who write "until the 24th" mean the whole of it."""
    return datetime.combine(day + timedelta(days=1), time(), zone)


def price(text: str) -> str:
    """`12,50 €`, `1.299,00`, `12.50` or `kostenlos` as a plain decimal. Raises ValueError."""
    if text.casefold() in _FREE:
        return "0"
    number = re.sub(r"(?i)\s|€|eur(?:o)?", "", text)
    number = re.sub(r",[-–]+$", "", number)
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d+,\d{1,2}", number):
        number = number.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d{1,2}", number):
        number = number.replace(",", "")
    if not re.fullmatch(r"\d+(?:\.\d{1,2})?", number):
        raise ValueError(f"is not a price such as 12,50: {text[:60]!r}")
    return number


def yes(text: str) -> bool:
    """`ja`, `yes`, `x` against `nein`, `no`, `0`. Raises ValueError."""
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise ValueError(f"must be ja or nein, not {text[:60]!r}")


def number(text: str) -> float:
    """A decimal number with point or comma. Raises ValueError."""
    return _valid(lambda: float(text.replace(",", ".")), text, "a number such as 50,2612")


def _valid(make: Callable[[], T], text: str, what: str = "a date such as 24.12.2026 18:00") -> T:
    try:
        return make()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is not {what}: {text[:60]!r}") from error
