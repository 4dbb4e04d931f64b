"""Calendars as they come in, damaged by chance: `python -m tests.sources.mutations 65000` reads so many and says how it went."""

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from syndication.errors import Invalid
from syndication.sources import Row, calendar

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 1, 15, 12, 0, tzinfo=UTC)
FIXTURES = Path(__file__).parent.parent / "fixtures"
#: The entry that is never damaged, and its reference.
UNTOUCHED = "unversehrt@musterstadt.example"
#: It, as it stands in a file.
SOUND = (
    f"BEGIN:VEVENT\r\nUID:{UNTOUCHED}\r\nDTSTAMP:20360101T080000Z\r\nSUMMARY:Unversehrt\r\n"
    "DTSTART;TZID=Europe/Berlin:20361001T190000\r\nEND:VEVENT\r\n"
).encode()
_NAMES = [
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "EXRULE",
    "RECURRENCE-ID",
    "SEQUENCE",
    "DTSTAMP",
    "UID",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "GEO",
    "CATEGORIES",
    "STATUS",
    "CLASS",
    "URL",
    "IMAGE",
    "ATTACH",
    "X-ALT-DESC",
    "X-MICROSOFT-CDO-ALLDAYEVENT",
    "BEGIN",
    "END",
    "TZID",
]
_PARAMETERS = [
    "VALUE=TEXT",
    "VALUE=URI",
    "VALUE=DATE",
    "VALUE=DATE-TIME",
    "VALUE=PERIOD",
    "VALUE=BINARY",
    "VALUE=BOOLEAN",
    "VALUE=FLOAT",
    "VALUE=INTEGER",
    "VALUE=RECUR",
    "VALUE=TIME",
    "VALUE=UTC-OFFSET",
    "VALUE=CAL-ADDRESS",
    "VALUE=DURATION",
    "VALUE=UNKNOWN",
    "VALUE=",
    "TZID=Europe/Berlin",
    "TZID=Nirgends/Ort",
    "TZID=",
    "RANGE=THISANDFUTURE",
    "ENCODING=QUOTED-PRINTABLE",
    "ENCODING=BASE64",
    "LANGUAGE=de",
    "FMTTYPE=text/html",
    'X-P="a;b:c"',
    "X-P=",
    "=",
]
_VALUES = (
    "",
    "083000",
    "20360822",
    "20360822T200000",
    "20360822T200000Z",
    "2036-08-22T20:00+02:00",
    "20360822T200000Z/PT2H",
    "20360822T200000Z/20360822T210000Z",
    "20360822T200000Z,20360823",
    "20361340T250000",
    "00010101T000000",
    "00010101",
    "99991231T235959Z",
    "99991231",
    "+0100",
    "PT0S",
    "-P1D",
    "P99999999D",
    "P1W",
    "abc",
    "-1",
    "1.5",
    "99999999999999999999999999",
    "52.2;13.0",
    "nan;inf",
    "1;2;3",
    "FREQ=DAILY",
    "FREQ=DAILY;COUNT=0",
    "FREQ=WEEKLY;INTERVAL=0",
    "FREQ=WEEKLY;BYDAY=MO;UNTIL=20361201",
    "FREQ=WEEKLY;UNTIL=083000",
    "FREQ=WEEKLY;UNTIL=20361201,20361202",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=HOURLY",
    "COUNT=3",
    "TRUE",
    "CANCELLED",
    "PRIVATE",
    "https://town.example/a.png",
    "mailto:a@town.example",
    "VEVENT",
    "VALARM",
    "VTIMEZONE",
    "\\",
    "\\n\\N\\,\\;",
    "&amp;&#8211;&#x110000;&#0;",
    "<p>a</p><a href='https://town.example'>b",
    "=C3=BCber=",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
)


def files() -> list[bytes]:
    """The calendars of the fixtures."""
    return [
        file.read_bytes() for file in (FIXTURES / "town.ics", *sorted((FIXTURES / "series").glob("*.ics")))
    ]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The calendar after a few accidents, with one sound entry put in front of its others."""
    head, begin, rest = re.split(
        rb"^(BEGIN:V(?:TIMEZONE|EVENT)\n)", data.replace(b"\r\n", b"\n"), maxsplit=1, flags=re.MULTILINE
    )
    lines = (begin + rest).split(b"\n")
    for _ in range(chance.randint(1, 5)):
        _ACCIDENTS[chance.randrange(len(_ACCIDENTS))](lines, chance)
    return head.replace(b"\n", b"\r\n") + SOUND + b"\r\n".join(lines)


def _any(lines: list[bytes], chance: random.Random) -> int:
    return chance.randrange(len(lines)) if lines else 0


def _other_value(lines: list[bytes], chance: random.Random) -> None:
    at = _any(lines, chance)
    name = lines[at].partition(b":")[0] if lines else b""
    lines[at : at + 1] = [name + b":" + chance.choice(_VALUES).encode()]


def _parameter(lines: list[bytes], chance: random.Random) -> None:
    at = _any(lines, chance)
    name, colon, value = lines[at].partition(b":") if lines else (b"", b"", b"")
    lines[at : at + 1] = [
        name.partition(b";")[0] + b";" + chance.choice(_PARAMETERS).encode() + colon + value
    ]


def _more(lines: list[bytes], chance: random.Random) -> None:
    name, value = chance.choice(_NAMES), chance.choice(_VALUES)
    parameter = chance.choice(["", "", ";" + chance.choice(_PARAMETERS)])
    lines.insert(_any(lines, chance), f"{name}{parameter}:{value}".encode())


def _less(lines: list[bytes], chance: random.Random) -> None:
    del lines[(at := _any(lines, chance)) : at + 1]


def _twice(lines: list[bytes], chance: random.Random) -> None:
    at, to = _any(lines, chance), _any(lines, chance)
    lines.insert(to, lines[at] if lines else b"")


def _bytes(lines: list[bytes], chance: random.Random) -> None:
    at = _any(lines, chance)
    line = bytearray(lines[at] if lines else b"")
    for _ in range(chance.randint(1, 4)):
        place = chance.randint(0, len(line))
        line[place : place + chance.randint(0, 2)] = bytes([chance.randrange(256)])
    lines[at : at + 1] = [bytes(line)]


def _cut(lines: list[bytes], chance: random.Random) -> None:
    at = _any(lines, chance)
    lines[at:] = [lines[at][: chance.randint(0, 20)]] if lines else []


_ACCIDENTS = (
    _other_value,
    _other_value,
    _other_value,
    _parameter,
    _parameter,
    _more,
    _more,
    _less,
    _twice,
    _bytes,
    _cut,
)


def wrong(data: bytes) -> str | None:
    """What is wrong with the reading of a damaged calendar; None where every entry is accounted for."""
    try:
        rows: list[Row] = list(calendar.read(data, zone=BERLIN, now=NOW))
        for draft in (row.draft for row in rows if row.draft):
            draft.over_at(BERLIN)
            draft.date_faults(BERLIN)
    except Invalid:
        return "refused as a whole"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:60]}"
    if not any(row.source_ref == UNTOUCHED and row.draft is not None for row in rows):
        return "the sound entry is missing"
    for fault in (fault for row in rows for fault in row.faults):
        if fault.message.startswith("cannot be read: something"):
            return "nobody thought of this"
    return None if all(row.draft or row.faults for row in rows) else "an entry without a word"


def _tries(most: int) -> Iterator[tuple[int, str | None]]:
    calendars = files()
    for number in range(most):
        chance = random.Random(number)  # the same accidents every time
        yield number, wrong(damaged(chance.choice(calendars), chance))


def main(most: int) -> None:
    """Prints how many of `most` damaged calendars were read wrongly, and the first of each way."""
    began, found, first = time.monotonic(), Counter[str](), dict[str, int]()
    for number, what in _tries(most):
        if what:
            found[what] += 1
            first.setdefault(what, number)
    for what, times in found.most_common(40):
        print(f"{times:6} {what}  (first: {first[what]})")
    took = time.monotonic() - began
    print(f"{found.total()} of {most} damaged calendars were read wrongly, in {took:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]))
