"""Reads a list of readers that a spreadsheet saved as CSV (RFC 4180), each line with the proof of consent or without."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from syndication.content.cadence import Cadence
from syndication.content.characters import legible
from syndication.content.reason import NO_REASON, Reason
from syndication.errors import Invalid
from syndication.infra import mail_addresses
from syndication.infra.languages import LANGUAGES

#: Bytes and lines of a list at most.
MOST_BYTES, MOST_LINES = 2_000_000, 10_000
_NAMES: Mapping[str, tuple[str, ...]] = {
    "email": (
        "email",
        "e-mail",
        "mail",
        "address",
        "mail address",
        "adresse",
        "mailadresse",
        "e-mail-adresse",
    ),
    "language": ("language", "sprache", "lang"),
    "interests": ("interests", "topics", "interessen", "themen"),
    "cadence": ("cadence", "rhythm", "rhythmus"),
    "at": ("consent date", "consented at", "date", "datum", "eingewilligt am", "einwilligung am"),
    "wording": ("wording", "consent", "wortlaut", "einwilligung"),
    "source": ("source", "quelle", "herkunft"),
}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names}
_LANGUAGES = {"deutsch": "de", "german": "de", "englisch": "en", "english": "en"}
#: ="x", by which spreadsheets are told that x is text, and the apostrophe that says the same.
_AS_TEXT = re.compile(r'^(?:="(.*)"|\'(.*))$', re.DOTALL)
_GERMAN_DAY = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ ,]+(\d{1,2}):(\d{2})(?::\d{2})?)?$")
_NO_COLUMNS = Reason(
    "has no heading that names a column of mail addresses; please name the columns {}",
    "address, language, interests, consent date, wording, source",
)
_NO_ADDRESS = Reason("This is no mail address.")
_NO_LANGUAGE = Reason("The language must be one of {}.", ", ".join(LANGUAGES))
_NO_DATE = Reason("The day of the consent cannot be read; please write it like {}.", "24.12.2025")
_FUTURE = Reason("The day of the consent has not come yet.")
_NO_CADENCE = Reason("The rhythm must be like {}.", "weekly thu 07:00")
_TOO_LONG = Reason("A cell of this line is too long.")
_LONGEST = 2000


@dataclass(frozen=True)
class Entry:
    """One line: its number in the file, and what it says; `at` (UTC) and words are the proof. `fault`: why it is refused."""

    number: int
    email: str
    language: str = ""
    interests: tuple[str, ...] = ()
    cadence: str = ""
    at: datetime | None = None
    wording: str = ""
    source: str = ""
    fault: Reason = NO_REASON

    @property
    def proven(self) -> bool:
        """Whether it says when was agreed, and to what or where (GDPR Art. 7(1))."""
        return self.at is not None and bool(self.wording or self.source)


def read(data: bytes, *, zone: ZoneInfo, now: datetime) -> list[Entry]:
    """The lines of a list in whatever encoding and with whatever separator. Raises Invalid where it is none, or too long."""
    if len(data) > MOST_BYTES:
        raise Invalid.field("files", Reason("is too large; at most {} MB are taken", MOST_BYTES // 1_000_000))
    text = legible(_decoded(data).replace("\r\n", "\n").replace("\r", "\n"))
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    separator = max(";,\t|", key=first.count)
    try:
        table = enumerate(csv.reader((f"{line}\n" for line in lines), delimiter=separator), 1)
        # The heading, all that is taken, and one by which it is seen that there are more.
        filled = islice(((number, row) for number, row in table if any(row)), MOST_LINES + 2)
        rows = [(number, [_plain(cell) for cell in row]) for number, row in filled]
    except csv.Error as error:
        raise Invalid.field("files", Reason("cannot be read as a table")) from error
    if not rows:
        raise Invalid.field("files", Reason("is empty"))
    columns = [_FIELDS.get(name.casefold().replace("_", " ")) for name in rows[0][1]]
    if "email" not in columns:
        raise Invalid.field("files", _NO_COLUMNS)
    if len(rows) - 1 > MOST_LINES:
        raise Invalid.field("files", Reason("has too many lines; at most {} are taken at once", MOST_LINES))
    return [_entry(number, dict(zip(columns, row, strict=False)), zone, now) for number, row in rows[1:]]


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _plain(cell: str) -> str:
    text = cell.strip()
    found = _AS_TEXT.match(text)
    return (found[1] if found[1] is not None else found[2]).strip() if found else text


def _entry(number: int, said: Mapping[str | None, str], zone: ZoneInfo, now: datetime) -> Entry:
    values = {field: said.get(field, "") for field in _NAMES}
    if any(len(value) > _LONGEST for value in values.values()):
        return Entry(number, values["email"][:60], fault=_TOO_LONG)
    try:
        email = mail_addresses.spelled(values["email"])
    except Invalid:
        return Entry(number, values["email"][:254], fault=_NO_ADDRESS)
    language = values["language"].casefold()[:20]
    language = _LANGUAGES.get(language, language)
    at, fault = None, NO_REASON
    if values["at"]:
        at = _moment(values["at"], zone)
        fault = _NO_DATE if at is None else _FUTURE if at > now + timedelta(days=1) else NO_REASON
    if language and language not in LANGUAGES:
        fault = _NO_LANGUAGE
    if values["cadence"]:
        try:
            Cadence.parse(values["cadence"])
        except ValueError:
            fault = _NO_CADENCE
    wanted = tuple(one.strip() for one in re.split(r"[,;|/]", values["interests"]) if one.strip())
    return Entry(
        number, email, language, wanted, values["cadence"], at, values["wording"], values["source"], fault
    )


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        if german := _GERMAN_DAY.match(text):
            day, month, year, hour, minute = (int(part or 0) for part in german.groups())
            found = datetime(year, month, day, hour, minute)  # noqa: DTZ001 -- the zone follows
        else:
            found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        return None
