"""Building blocks for values: texts, addresses, moments, ids, slugs."""

import json
import re
import secrets
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from syndication import clock
from syndication.content import bounds, spelling
from syndication.content.characters import control_characters
from syndication.content.reason import Reason
from syndication.content.spelling import Spelled

#: With this context something is read that was kept: what was accepted once is not judged anew.
KEPT = {"kept": True}

_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue"})


#: RFC 3339 section 5.6, seconds and the colon of the zone may be missing.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562 section 5.7): sorts by the millisecond of its making, unguessable in the rest."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = (milliseconds << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)


def slugify(text: str) -> str:
    """A lower-case word of a-z, 0-9 and hyphens for `text`, at most 60 long; empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", text.translate(_TRANSLITERATED)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-")


def _one_line(text: str) -> str:
    if bad := control_characters(text):
        raise ValueError(Reason("must be one line without control characters (found {})", _named(bad)))
    return text.strip()


def _many_lines(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if bad := control_characters(text, allowed="\n\t"):
        raise ValueError(Reason("must not hold control characters (found {})", _named(bad)))
    return text.strip()


def _named(characters: set[str]) -> str:
    return ", ".join(f"U+{ord(c):04X}" for c in sorted(characters))


def _web_address(schemes: tuple[str, ...], text: str) -> str:
    text = _one_line(text)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(Reason("is not a web address")) from error
    if parts.scheme not in schemes or not host or " " in text:
        raise ValueError(
            Reason("must be a web address that begins with {}", ", ".join(f"{one}://" for one in schemes))
        )
    return text


def _picture_address(text: str) -> str:
    """https; on this machine itself, where the service is tried out and keeps uploaded pictures, http too."""
    here = urlsplit(_web_address(("https", "http"), text)).hostname in ("localhost", "127.0.0.1", "::1")
    return _web_address(("https", "http") if here else ("https",), text)


def unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each value once, in the order of their first naming."""
    return tuple(dict.fromkeys(values))


def _written_moment(given: Any) -> Any:
    """RFC 3339 as text; a number is no moment, whatever it counts."""
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str) or not (found := _MOMENT.fullmatch(given.strip())):
        raise ValueError(Reason("must be a moment such as 2030-08-15T19:00:00+02:00"))
    if not found["zone"]:
        raise ValueError(Reason("must carry a zone, such as +02:00"))
    return given.strip()


def _written_day(given: Any) -> Any:
    if type(given) is date or (isinstance(given, str) and _DAY.fullmatch(given)):
        return given
    raise ValueError(Reason("must be a day such as 2030-08-15"))


def _whole(given: Any) -> Any:
    if isinstance(given, bool) or not (
        isinstance(given, int) or (isinstance(given, float) and given.is_integer())
    ):
        raise ValueError(Reason("must be a whole number"))
    return int(given)


def _in_utc(moment: datetime) -> datetime:
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(Reason("lies outside the years 1970 to 9000")) from error
    if not 1970 <= moment.year <= 9000:
        raise ValueError(Reason("lies outside the years 1970 to 9000"))
    return moment


Line = Annotated[str, Spelled(spelling.LINE), AfterValidator(_one_line)]

#: A line that says something.
Words = Annotated[str, Spelled(spelling.WORDS), AfterValidator(_one_line)]

Text = Annotated[str, Spelled(spelling.LINES), AfterValidator(_many_lines)]

WebAddress = Annotated[
    str,
    Spelled(spelling.WEB_ADDRESS),
    Field(max_length=2000),
    AfterValidator(lambda text: _web_address(("https", "http"), text)),
]

PictureAddress = Annotated[
    str, Spelled(spelling.PICTURE), Field(max_length=2000), AfterValidator(_picture_address)
]

Moment = Annotated[
    AwareDatetime, Spelled(spelling.YEAR), BeforeValidator(_written_moment), AfterValidator(_in_utc)
]

#: An annotation behind the bounds of an int: whole as JSON Schema has it, so 5.0 is, true and "5" are not.
IsWhole = BeforeValidator(_whole)

Day = Annotated[date, Spelled(spelling.YEAR), BeforeValidator(_written_day)]

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]


class Value(BaseModel):
    """Frozen, and strict about names: an unknown field is an error, not a silent loss. Its lists have an end (`Few`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_names(cls, given: Any) -> Any:
        return bounds.known_names(given, cls.model_fields)


class Record(BaseModel):
    """What may be shown of something that is kept; made by us, so its fields hold what they say. Moments are aware, in UTC."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def canonical(data: Any) -> str:
    """JSON that is equal for equal `data`: sorted names, no blanks, characters as they are."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
