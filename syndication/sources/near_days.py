"""Days that are reckoned from today, in German and English, put as dates: `morgen`, `Samstag`, `Ende Januar`, `jeden Do`."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from syndication.content.reason import Reason
from syndication.infra.rendering import full_day
from syndication.sources.pieces import Order, Piece, day_of, month_heading, unreadable, weekday_of
from syndication.sources.when import pieces_of

_RULE_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_SORTS = ("iso", "german", "slashed", "named", "english", "day")
_WEEKDAY = r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag"
_COMPOUND = re.compile(
    rf"\b({_WEEKDAY}|heute|morgen)[ -]?(morgen|vormittag|mittag|nachmittag|abend|nacht)\b", re.IGNORECASE
)
_PART_OF = {"morgen": "morgens", "nacht": "nachts"}
_RELATIVE = re.compile(
    r"\b(?:(?P<after>übermorgen|uebermorgen|(?:the )?day after tomorrow)|(?P<next>morgen|tomorrow)"
    r"|(?P<night>tonight)|(?P<this>heute|today)|(?P<before>gestern|yesterday)"
    r"|in (?P<many>\d{1,2}|einem|einer|a|one) (?P<unit>tag(?:en)?|days?|wochen?|weeks?))\b",
    re.IGNORECASE,
)
_FEASTS = {
    "nikolaus": (6, 12), "heiligabend": (24, 12), "heilig abend": (24, 12), "christmas eve": (24, 12),
    "silvester": (31, 12), "new year's eve": (31, 12), "neujahr": (1, 1), "new year's day": (1, 1),
}  # fmt: skip
_FEAST = re.compile(rf"\b(?:{'|'.join(_FEASTS)})\b", re.IGNORECASE)
_NOW = re.compile(r"\b(?:ab sofort|ab jetzt|from now(?: on)?|jetzt|now)\b", re.IGNORECASE)
_MONTH_END = re.compile(
    r"\b(?:ende|(?:the )?end of)\s+(?:(?P<this>des monats|(?:the|this) month)|(?P<month>[a-zä]+\.?(?:\s\d{4})?))|\bmonatsende\b",
    re.IGNORECASE,
)
_WEEKEND = re.compile(r"\b(?:(?:am|this|at the|on the) )?(?:wochenende|weekend)\b", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:nur|only)\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:by|through|thru|bis (?:einschließlich|inklusive|inkl\.))(?=\s)", re.IGNORECASE)
#: `11/29/2026` has but one way to be read.
_MONTH_FIRST = re.compile(r"(?<![\d/])(\d{1,2})/(1[3-9]|2\d|3[01])/(\d{4}|\d\d)(?![\d/])")
_SHORT_SLASHED = re.compile(
    r"(?<![\d/.:-])(\d{1,2})/(\d{1,2})(?![\d/.:-])(?!\s?(?:uhr|h\b|[ap]m\b))", re.IGNORECASE
)
#: `28.11` is a day where no such hour is, or where an hour follows.
_SHORT_DOTTED = re.compile(
    r"(?<![\d.:])(\d{1,2})\.(\d{1,2})(?![\d.:])(?!\s?uhr)(?P<hour>(?=,?\s+(?:um |ab )?\d{1,2}(?:[:.]\d\d|\s?uhr)))?",
    re.IGNORECASE,
)
_EVERY = re.compile(
    r"\b(?:jede woche|every week|jeden|jede|jeder|every|each|immer|wöchentlich|weekly)\b", re.IGNORECASE
)
_DAILY = re.compile(r"\b(?:täglich|daily|(?:jeden|every|each) (?:tag|day))\b", re.IGNORECASE)
_REPEATED = re.compile(rf"(?:{_WEEKDAY}|(?:mon|tues|wednes|thurs|fri|satur|sun)day)s", re.IGNORECASE)
_THIS = re.compile(
    r"\b(?:kommende[nrs]?|nächste[nrs]?|diese[nrs]?|this|next|coming)\s+(?=[a-zä])", re.IGNORECASE
)


@dataclass(frozen=True)
class Dated:
    """A text whose days are dates. `weekdays`: some of them were said as a day of the week alone. `rule`: an RRULE."""

    text: str
    weekdays: bool = False
    rule: str | None = None
    remarks: tuple[Reason, ...] = ()


def dated(text: str, now: datetime, since: date, order: Order, language: str) -> Dated:
    """`text` with dates for what is reckoned from `now`, local, and from `since`: weekdays are the next from that day on.

    Raises ValueError with a Reason for words that no time is made of.
    """
    remarks: list[Reason] = []
    plain = re.sub("[\u2010-\u2015\u2212]", "-", text).replace("\u2019", "'")
    plain = _COMPOUND.sub(lambda found: f"{found[1]} {_PART_OF.get(found[2].lower(), found[2])}", plain)
    rule, plain = _daily(plain, since)
    plain = _MONTH_FIRST.sub(r"\2/\1/\3", plain) if order == "day/month" else plain
    plain = _UNTIL.sub("until", _ONLY.sub(" ", plain))
    plain = _NOW.sub(lambda _: f"{now:%Y-%m-%d %H:%M}", plain)
    plain = _RELATIVE.sub(lambda found: _relative(found, now.date()), plain)
    plain = _FEAST.sub(lambda found: "{}.{}.".format(*_FEASTS[found[0].lower()]), plain)
    plain = _MONTH_END.sub(lambda found: _month_end(found, since), plain)
    plain = _WEEKEND.sub("Sa - So", plain)
    plain = _SHORT_SLASHED.sub(lambda found: _slashed(found, order, since, language, remarks), plain)
    plain = _SHORT_DOTTED.sub(_dotted, plain)
    plain = _THIS.sub("", plain)
    every = _EVERY.search(plain) is not None
    plain = _EVERY.sub(" ", plain)
    found = pieces_of(plain)
    lone = list(_lone(found, every))
    if every or (lone and all(_REPEATED.fullmatch(found[place][1][0]) for place in lone)):
        if not lone:
            raise unreadable(text, hours=False)
        return _weekly(plain, found, lone, since, tuple(remarks))
    for place, day in reversed([*_next_days(found, lone, since, order)]):
        token = found[place][1]
        plain = f"{plain[: token.start()]} {day.isoformat()} {plain[token.end() :]}"
    return Dated(plain, bool(lone or rule), rule, tuple(remarks))


def _relative(found: re.Match[str], today: date) -> str:
    if found["many"]:
        many = int(found["many"]) if found["many"].isdigit() else 1
        days = many * (7 if found["unit"].lower().startswith("w") else 1)
    else:
        days = 2 if found["after"] else 1 if found["next"] else -1 if found["before"] else 0
    return (today + timedelta(days=days)).isoformat() + (
        " evening" if found["night"] and _no_hour(found) else ""
    )


def _no_hour(found: re.Match[str]) -> bool:
    """Whether `tonight` needs to say that its hour is one of the evening."""
    return re.search(r"\d\s?pm|\d\s?p\.m", found.string, re.IGNORECASE) is None


def _month_end(found: re.Match[str], since: date) -> str:
    if not found["month"]:
        return since.replace(day=monthrange(since.year, since.month)[1]).isoformat()
    named = month_heading(found["month"])
    if named is None:
        return found[0]
    month, year = named
    year = year or since.year + (month < since.month)
    return date(year, month, monthrange(year, month)[1]).isoformat()


def _slashed(found: re.Match[str], order: Order, since: date, language: str, remarks: list[Reason]) -> str:
    """`1/2`: by the language, unless its numbers leave but one way."""
    day, month = int(found[1]), int(found[2])
    either = day <= 12 and month <= 12
    if (order == "month/day" and day <= 12) or month > 12:
        day, month = month, day
    try:
        meant = date(since.year, month, day)
        meant = meant if meant >= since else date(since.year + 1, month, day)
    except ValueError:
        return found[0]
    if either and day != month:
        remarks.append(Reason("{} was understood as {}.", found[0], full_day(meant, language)))
    return meant.isoformat()


def _dotted(found: re.Match[str]) -> str:
    first, second = int(found[1]), int(found[2])
    no_hour = first > 24 or (first == 24 and second) or second > 59
    return f"{found[0]}." if 1 <= second <= 12 and (no_hour or found["hour"] is not None) else found[0]


def _daily(plain: str, since: date) -> tuple[str | None, str]:
    if _DAILY.search(plain) is None:
        return None, plain
    rest = _DAILY.sub(" ", plain)
    return "FREQ=DAILY", rest if _begins_on_a_date(pieces_of(rest)) else f"{since.isoformat()} {rest}"


# Days of the week


def _lone(found: list[Piece], every: bool) -> Iterator[int]:
    """The places of weekdays that stand beside no date; one that comes again and again has none."""
    no_date = not any(sort in _DAY_SORTS for sort, _ in found)
    for place, (sort, _) in enumerate(found):
        if sort == "weekday":
            follows = found[place + 1][0] if place + 1 < len(found) else ""
            behind_to = place > 0 and found[place - 1][0] == "to" and follows not in _DAY_SORTS
            if no_date or behind_to or (every and follows not in _DAY_SORTS):
                yield place


def _next_days(found: list[Piece], lone: list[int], since: date, order: Order) -> Iterator[tuple[int, date]]:
    """Each of them as the next such day from `since` on, and from the day before it in the text on."""
    for place, (sort, token) in enumerate(found):
        if place in lone:
            since += timedelta(days=(weekday_of(token) - since.weekday()) % 7)
            yield place, since
        elif sort in _DAY_SORTS:
            named = day_of(sort, token, order)
            years = (named.year,) if named.year else (since.year, since.year + 1)
            for year in years if named.month else ():
                try:
                    day = date(year, named.month or 1, named.day)
                except ValueError:
                    continue
                if day >= since:
                    since = day
                    break


def _begins_on_a_date(found: list[Piece]) -> bool:
    """Whether it names a day other than that until which it is."""
    return any(
        sort in _DAY_SORTS and (place == 0 or found[place - 1][0] not in ("to", "weekday"))
        for place, (sort, _) in enumerate(found)
    )


def _weekly(
    plain: str, found: list[Piece], lone: list[int], since: date, remarks: tuple[Reason, ...]
) -> Dated:
    """`jeden Donnerstag`, `dienstags und donnerstags`, `montags bis freitags`: its first day, and the rule."""
    days = [weekday_of(found[place][1]) for place in lone]
    if len(lone) == 2 and lone[1] == lone[0] + 2 and found[lone[0] + 1][0] == "to":
        days = [(days[0] + more) % 7 for more in range((days[1] - days[0]) % 7 + 1)]
    first = min(since + timedelta(days=(day - since.weekday()) % 7) for day in days)
    start, end = found[lone[0]][1].start(), found[lone[-1]][1].end()
    between = found[lone[0] : lone[-1] + 1]
    counted = lone[0] > 0 and found[lone[0] - 1][0] == "day"  # `jeden 1. Donnerstag`
    if (
        counted
        or _begins_on_a_date(found)
        or any(sort not in ("weekday", "to", "both") for sort, _ in between)
    ):
        raise unreadable(plain, hours=False)
    rule = "FREQ=WEEKLY;BYDAY=" + ",".join(_RULE_DAYS[day] for day in sorted(set(days)))
    return Dated(f"{plain[:start]} {first.isoformat()} {plain[end:]}", True, rule, remarks)
