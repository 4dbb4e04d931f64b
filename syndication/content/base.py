"""Building blocks for values: texts, addresses, money, moments, ids, slugs."""

import json
import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from syndication import clock
from syndication.content import bounds
from syndication.content.characters import control_characters
from syndication.errors import Fault

#: With this context something is read that was kept: what was accepted once is not judged anew.
KEPT = {"kept": True}

_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue"})


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
        raise ValueError(f"must be one line without control characters (found {_named(bad)})")
    return text.strip()


def _many_lines(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if bad := control_characters(text, allowed="\n\t"):
        raise ValueError(f"must not hold control characters (found {_named(bad)})")
    return text.strip()


def _named(characters: set[str]) -> str:
    return ", ".join(f"U+{ord(c):04X}" for c in sorted(characters))


def _web_address(schemes: tuple[str, ...], text: str) -> str:
    text = _one_line(text)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not a web address") from error
    if parts.scheme not in schemes or not host or " " in text:
        raise ValueError(f"must be a web address that begins with {' or '.join(s + '://' for s in schemes)}")
    return text


def _picture_address(text: str) -> str:
    """https; on this machine itself, where the service is tried out and keeps uploaded pictures, http too."""
    here = urlsplit(_web_address(("https", "http"), text)).hostname in ("localhost", "127.0.0.1", "::1")
    return _web_address(("https", "http") if here else ("https",), text)


def unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each value once, in the order of their first naming."""
    return tuple(dict.fromkeys(values))


def _in_utc(moment: datetime) -> datetime:
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the years 1970 to 9000") from error
    if not 1970 <= moment.year <= 9000:
        raise ValueError("lies outside the years 1970 to 9000")
    return moment


Line = Annotated[str, AfterValidator(_one_line)]

Text = Annotated[str, AfterValidator(_many_lines)]

WebAddress = Annotated[
    str, Field(max_length=2000), AfterValidator(lambda text: _web_address(("https", "http"), text))
]

PictureAddress = Annotated[str, Field(max_length=2000), AfterValidator(_picture_address)]

Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]

Money = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]

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


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """Pydantic's findings as our Faults, in our words."""
    found = error.errors(include_url=False, include_input=False)
    named = [
        Fault(".".join(str(part) for part in one["loc"]), in_words(one))
        for one in found[: bounds.MOST_FAULTS]
    ]
    return tuple(bounds.told(named, len(found)))


def in_words(found: Mapping[str, Any]) -> str:
    """What one of our checks said, which may be a Reason; else pydantic's words, or ours where they read like a machine's."""
    said = found.get("ctx", {}).get("error")
    if isinstance(said, ValueError):
        return str(said)
    return _SAID.get(found["type"], str(found["msg"]).removeprefix("Value error, "))


_SAID = {"missing": "is needed", "extra_forbidden": "is no field here"}


def canonical(data: Any) -> str:
    """JSON that is equal for equal `data`: sorted names, no blanks, characters as they are."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
