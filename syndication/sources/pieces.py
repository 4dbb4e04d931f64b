"""The pieces of a cell that says when: days, hours, and what leads from one to the next, in German and English."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from syndication.content.reason import Reason
from syndication.sources.quoting import quoted

#: How a date with slashes is read where its numbers leave it open.
Order = Literal["day/month", "month/day"]
#: Minutes of a day: the last of them ends it (ISO 8601: 24:00).
MIDNIGHT = 24 * 60

_MONTHS = (
    "jan(?:uar|uary|ner)?|jän(?:ner)?|feb(?:r|ruar|ruary|er)?|mär(?:z)?|maerz|mrz|mar(?:ch)?|apr(?:il)?|mai|may|jun(?:i|e)?|"
    "jul(?:i|y)?|aug(?:ust)?|sep(?:t|tember)?|o[kc]t(?:ober)?|nov(?:ember)?|de[zc](?:ember)?"
)
_MONTH_OF = {
    "jan": 1, "jän": 1, "feb": 2, "mär": 3, "mae": 3, "mrz": 3, "mar": 3, "apr": 4, "mai": 5, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11, "dez": 12, "dec": 12,
}  # fmt: skip
_WEEKDAYS = (
    "montags?|mon(?:day)?s?|mo|dienstags?|di|tue(?:s|sdays?)?|mittwochs?|mi|wed(?:nesdays?)?|donnerstags?|do|"
    "thu(?:r|rs|rsdays?)?|freitags?|fridays?|fri|fr|samstags?|sonnabends?|saturdays?|sat|sa|sonntags?|sundays?|sun|so"
)
_WEEKDAY_OF = {
    name: number
    for number, names in enumerate(("mo", "di tu", "mi we", "do th", "fr", "sa", "so su"))
    for name in names.split()
}
_AND = r"[/&+]|und\b|and\b|u\."
_TO = r"-|bis\b|to\b|until\b|till\b"

#: Four figures behind a day: a year of our time, not `1930`, which is half past seven in the evening.
_A_YEAR = r"(?:19[6-9]|20\d)\d(?!\s?uhr)"
_PARTS = "morgens|früh|vormittags?|mittags?|nachmittags?|abends?|nachts?|morning|noon|afternoon|evening|night"
_TOKENS = re.compile(
    rf"""(?P<blank>[\s,;:|()]+)
    | (?P<iso>(?P<iy>\d{{4}})-(?P<im>\d\d)-(?P<id>\d\d)(?:T(?=\d))?)
    | (?P<german>(?P<gd>\d{{1,2}})\.\s?(?P<gm>\d{{1,2}})(?:\.(?:\s(?={_A_YEAR}))?(?P<gy>\d{{4}})
        |\.(?P<gs>\d{{2}})(?![\d:.]|\s?(?:uhr|h)\b)|\.))
    | (?P<slashed>(?P<sa>\d{{1,2}})(?P<sep>[/-])(?P<sb>\d{{1,2}})(?P=sep)(?P<sy>\d{{4}}|\d\d)(?!\d))
    | (?P<named>(?P<nd>\d{{1,2}})(?:\.|st|nd|rd|th)?\s?(?:of\s)?(?P<nm>{_MONTHS})\b\.?(?:,?\s?(?P<ny>{_A_YEAR}))?)
    | (?P<english>(?P<em>{_MONTHS})\b\.?\s(?P<ed>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d)(?:,?\s(?P<ey>{_A_YEAR}))?)
    | (?P<spoken>(?P<th>\d{{1,2}})\s?(?:uhr|(?<=\s)h)\s?(?P<tm>\d\d)(?![\d:.]|\s?(?:uhr|h\b)))
    | (?P<midnight>(?:mitternacht|midnight)\b)
    | (?P<clock>(?P<ch>\d{{1,2}})(?:[:.](?P<cm>\d\d)(?::\d\d(?:\.\d+)?)?)?(?!\d)
        (?P<mark>\s?(?:uhr|h|a\.?m\b\.?|p\.?m\b\.?|[ap](?=\W|$)))(?![a-zäöü\d]))
    | (?P<colon>(?P<lh>\d{{1,2}})[:.h](?P<lm>\d\d)(?::\d\d(?:\.\d+)?)?(?!\d))
    | (?P<year>\d{{4}}(?!\d))
    | (?P<day>\d{{1,2}}\.(?!\d))
    | (?P<bare>\d{{1,2}}(?!\d))
    | (?P<academic>[sc]\.\s?t\b\.?|[sc]t\b\.?)
    | (?P<part>(?:{_PARTS})\b)
    | (?P<weekday>(?:{_WEEKDAYS})\b\.?)
    | (?P<to>{_TO})
    | (?P<both>{_AND})
    | (?P<filler>(?:ab|um|von|vom|am|in|zum|der|den|dem|from|at|on|the|ca\.?|circa|gegen
        |beginn|begin|start|uhr|h|jeweils|open\ end|ende\ offen)(?![a-zäöü]))
    """,
    re.VERBOSE | re.IGNORECASE,
)  # fmt: skip
_MONTH_HEADING = re.compile(rf"(?P<month>{_MONTHS})\b\.? ?[/-]? ?(?P<year>\d{{4}})?", re.IGNORECASE)


class Hour(NamedTuple):
    """Minutes since the midnight that began the day; 1440 is the one that ends it."""

    minutes: int
    #: Whether am or pm stood there.
    halved: bool = False


@dataclass
class Day:
    """A day as far as it is said."""

    day: int
    month: int | None = None
    year: int | None = None
    weekday: int | None = None


#: The sorts of pieces that are hours for themselves.
HOURS = ("spoken", "midnight", "clock", "colon")
#: What a piece of a cell is, by the groups of _TOKENS; of those that are not named here nothing follows.
_SORTS = (
    "iso", "german", "slashed", "named", "english", "spoken", "midnight", "clock", "colon",
    "year", "day", "bare", "academic", "part", "weekday", "to", "both",
)  # fmt: skip
Piece = tuple[str, re.Match[str]]


def pieces(plain: str, text: str, hours: bool) -> list[Piece]:
    """What the cell is made of, each with its sort. Raises ValueError for a word that is not known here."""
    found, place = [], 0
    while place < len(plain):
        token = _TOKENS.match(plain, place)
        if token is None:
            raise unreadable(text, hours)
        place = token.end()
        if sort := next((name for name in _SORTS if token[name] is not None), None):
            found.append((sort, token))
    return found


def is_day_of_a_range(pieces: list[Piece], number: int) -> bool:
    """Whether the number is a day of `5-7.12.2026` or `Dec 5-7, 2026`."""
    before = [sort for sort, _ in pieces[:number] if sort != "weekday"][-2:]
    behind = [sort for sort, _ in pieces[number + 1 :] if sort != "weekday"][:2]
    links = ("to", "both")
    begins = len(behind) == 2 and behind[0] in links and behind[1] in ("german", "named", "day")
    return begins or (len(before) == 2 and before[0] == "english" and before[1] in links)


def day_of(sort: str, token: re.Match[str], order: Order) -> Day:
    """The day that a piece names."""
    match sort:
        case "iso":
            return Day(int(token["id"]), int(token["im"]), int(token["iy"]))
        case "german":
            year = token["gy"] or token["gs"]
            return Day(int(token["gd"]), int(token["gm"]), _year(year))
        case "slashed":
            first, second = int(token["sa"]), int(token["sb"])
            if order == "month/day":
                first, second = second, first
            return Day(first, second, _year(token["sy"]))
        case "named":
            return Day(int(token["nd"]), _month(token["nm"]), _year(token["ny"]))
        case "english":
            return Day(int(token["ed"]), _month(token["em"]), _year(token["ey"]))
    return Day(int(token[0].rstrip(".")))


def _year(digits: str | None) -> int | None:
    return None if digits is None else int(digits) + (2000 if len(digits) == 2 else 0)


def _month(name: str) -> int:
    return _MONTH_OF[name[:3].lower()]


def hour_of(token: re.Match[str], text: str) -> Hour:
    """The hour that a piece names. Raises ValueError where there is none such."""
    if token["midnight"]:
        return Hour(MIDNIGHT)
    if token["year"]:
        hour, minute, mark = int(token[0][:2]), int(token[0][2:]), ""
    elif token["spoken"]:
        hour, minute, mark = int(token["th"]), int(token["tm"]), ""
    elif token["colon"]:
        hour, minute, mark = int(token["lh"]), int(token["lm"]), ""
    else:
        hour, minute = int(token["ch"]), int(token["cm"] or 0)
        mark = token["mark"].strip().lower()[:1]
    if mark in ("a", "p"):
        if not 1 <= hour <= 12:
            raise unreadable(text, hours=True)
        hour = hour % 12 + (12 if mark == "p" else 0)
    if minute > 59 or hour * 60 + minute > MIDNIGHT:
        raise unreadable(text, hours=True)
    return Hour(hour * 60 + minute, halved=mark in ("a", "p"))


def is_year(token: re.Match[str]) -> bool:
    """Whether four figures are a year rather than an hour such as `1830`."""
    return re.fullmatch(_A_YEAR, token[0]) is not None


def in_part(hour: Hour, word: str) -> Hour:
    """`8` of `8 Uhr abends`: the hour in that part of the day."""
    later = word.lower().startswith(("nachmittag", "abend", "afternoon", "evening"))
    late = word.lower().startswith(("nacht", "night")) and hour.minutes >= 8 * 60
    if hour.minutes < 12 * 60 and (later or late):
        return Hour(hour.minutes + 12 * 60, halved=True)
    return hour


def weekday_of(token: re.Match[str]) -> int:
    """The day of the week that a piece names, Monday as 0."""
    name = token[0].lower()
    return 5 if name.startswith("sonna") else _WEEKDAY_OF[name[:2]]


def month_heading(text: str) -> tuple[int, int | None] | None:
    """Month and year of a line such as `Dezember 2026`; the year is None where it is not said."""
    found = _MONTH_HEADING.fullmatch(" ".join(text.strip("-–: \n\t").split()))
    return (_month(found["month"]), int(found["year"]) if found["year"] else None) if found else None


def slashed(text: str) -> Iterator[tuple[int, int]]:
    """The first two numbers of each date in `text` that is written with slashes or hyphens."""
    for token in re.finditer(r"(?<![\d/-])(\d{1,2})([/-])(\d{1,2})\2(?:\d{4}|\d\d)(?!\d)", text):
        yield int(token[1]), int(token[3])


def unreadable(text: str, hours: bool) -> ValueError:
    """That a cell of days, or of hours, says neither."""
    if hours:
        return ValueError(Reason("is not a time such as 18:00: {}", quoted(text[:60])))
    return ValueError(Reason("is not a date such as 24.12.2026 18:00: {}", quoted(text[:60])))
