"""The values that travel between all rooms: what a post says, who wants it, and how often."""

import hashlib
import json
import re
import secrets
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from syndication import clock
from syndication.content import bounds, recurrence
from syndication.content.bounds import Few
from syndication.content.characters import control_characters
from syndication.errors import Fault, Invalid

Kind = Literal["offer", "event"]
Status = Literal["scheduled", "cancelled", "postponed", "sold_out"]
Action = Literal["published", "revised", "withdrawn"]

KINDS: tuple[Kind, ...] = ("offer", "event")
#: An event that names no end is taken to be over this long after its start.
UNSTATED_LENGTH = timedelta(hours=3)
#: Rules that would run for ever are only looked at this far ahead when a last occurrence is searched.
_MOST_OCCURRENCES = 2000
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


def _topic(text: str) -> str:
    slug = slugify(text)
    if not slug:
        raise ValueError("must hold a letter or a digit")
    return slug


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
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
Topic = Annotated[str, Field(max_length=60), AfterValidator(_topic)]
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


class Image(Value):
    """A picture on the web, with the text for those who cannot see it."""

    url: PictureAddress
    alt: Annotated[Line, Field(min_length=1, max_length=500)]


class Place(Value):
    """Where it happens; coordinates are WGS 84 decimal degrees and come as a pair."""

    name: Annotated[Line, Field(min_length=1, max_length=200)]
    address: Annotated[Line, Field(max_length=300)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude come together")
        return self


class Content(Value):
    """What a post says at one moment: the frozen heart of a Revision. All moments are kept in UTC."""

    kind: Kind
    title: Annotated[Line, Field(min_length=1, max_length=200)]
    summary: Annotated[Line, Field(max_length=500)] = ""
    body: Annotated[Text, Field(max_length=20_000, description="Markdown")] = ""
    url: WebAddress | None = None
    language: Language = "de"
    topics: Annotated[tuple[Topic, ...], Few(10), AfterValidator(_unique)] = ()
    images: Annotated[tuple[Image, ...], Few(10)] = ()
    place: Place | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    all_day: bool = False
    recurrence: (
        Annotated[Line, Field(max_length=300, description="RFC 5545 RRULE, without the name")] | None
    ) = None
    status: Status = "scheduled"
    price: Money | None = None
    price_before: Money | None = None
    lowest_price_30d: Money | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    coupon_code: Annotated[Line, Field(max_length=60)] | None = None
    texts: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")],
            Annotated[Text, Field(min_length=1, max_length=5000)],
        ],
        Few(40),
        Field(description="Own words for single channels, by their kind."),
    ] = Field(default_factory=dict)

    @field_validator("recurrence")
    @classmethod
    def _rule(cls, rule: str | None, info: ValidationInfo) -> str | None:
        if not rule:
            return None
        return rule if info.context == KEPT else recurrence.checked(rule, info.data.get("starts_at"))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [*self._misplaced(), *self._contradictions()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _misplaced(self) -> list[str]:
        """Fields that belong to the other kind."""
        offer_only = ("valid_from", "valid_until", "coupon_code", "price_before", "lowest_price_30d")
        event_only = ("starts_at", "ends_at", "recurrence")
        other = event_only if self.kind == "offer" else offer_only
        faults = [
            f"{name} does not go with kind {self.kind}" for name in other if getattr(self, name) is not None
        ]
        if self.kind == "offer" and (self.all_day or self.status != "scheduled"):
            faults.append("all_day and status do not go with kind offer")
        if self.kind == "event" and self.starts_at is None:
            faults.append("starts_at is needed for an event")
        return faults

    def _contradictions(self) -> list[str]:
        faults = []
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            faults.append("valid_until must be later than valid_from")
        if self.starts_at and self.ends_at and self.ends_at < self.starts_at:
            faults.append("ends_at must not be before starts_at")
        if self.price_before is not None and (self.price is None or self.price_before <= self.price):
            faults.append("price_before must be higher than price")
        return faults

    def __hash__(self) -> int:
        """Of a few fields: `texts` has no hash of its own, and equal contents agree in these."""
        return hash(
            (self.kind, self.title, self.summary, self.url, self.starts_at, self.valid_until, self.status)
        )

    def digest(self) -> str:
        """SHA-256 over the canonical JSON; equal for contents that say the same."""
        said = self.model_dump(mode="json")
        if not said["texts"]:  # as before there were any
            del said["texts"]
        return hashlib.sha256(_canonical(said).encode()).hexdigest()

    def length(self) -> timedelta:
        """How long one occurrence of an event lasts."""
        stated = self.ends_at - self.starts_at if self.starts_at and self.ends_at else None
        if (
            self.all_day
        ):  # `ends_at` is the midnight behind the last day; one that names the day itself still means it
            return max(stated or timedelta(0), timedelta(days=1))
        return UNSTATED_LENGTH if stated is None else stated

    def over_at(self, zone: ZoneInfo) -> datetime | None:
        """The moment (UTC) from which the post is stale; None where it never ends. Rules repeat at `zone`'s wall clock."""
        if self.kind == "offer":
            return self.valid_until
        if self.recurrence:
            last = last_occurrence(self, zone)
            return last + self.length() if last else None
        return self.starts_at + self.length() if self.starts_at else None


class Draft(Content):
    """What a merchant hands in: the content, and what is to happen with it."""

    publish_at: Moment | None = None
    source_ref: Annotated[Line, Field(min_length=1, max_length=255)] | None = None

    def content(self) -> Content:
        """The part that is frozen into a Revision."""
        return kept(self.model_dump(exclude={"publish_at", "source_ref"}))


def draft(fields: Any) -> Draft:
    """A Draft from plain data (JSON types). Raises Invalid with one Fault for each thing that is wrong."""
    try:
        return Draft.model_validate(fields)
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error


def faults_of(error: ValidationError) -> tuple[Fault, ...]:
    """Pydantic's findings as our Faults, in our words."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    named = [
        Fault(".".join(str(part) for part in one["loc"]), one["msg"].removeprefix("Value error, "))
        for one in found[: bounds.MOST_FAULTS]
    ]
    return tuple(bounds.told(named, len(found)))


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def kept(data: Any) -> Content:
    """A content as it was kept, from its JSON. What is refused today may have been accepted once, and stays readable."""
    return Content.model_validate(data, context=KEPT)


def occurrences(content: Content, zone: ZoneInfo, *, after: datetime, most: int) -> list[datetime]:
    """Starts (UTC) of at most `most` occurrences that end after `after`, at `zone`'s wall-clock time across DST."""
    if content.starts_at is None:
        return []
    if not content.recurrence:
        return [content.starts_at] if content.starts_at + content.length() > after else []
    found: list[datetime] = []
    for start in _starts(content, zone):
        if len(found) >= most:
            break
        if start + content.length() > after:
            found.append(start)
    return found


def last_occurrence(content: Content, zone: ZoneInfo) -> datetime | None:
    """Start (UTC) of the last occurrence; None where the rule has no end."""
    if content.starts_at is None or not content.recurrence:
        return content.starts_at
    if "COUNT=" not in content.recurrence and "UNTIL=" not in content.recurrence:
        return None
    last = content.starts_at
    for index, start in enumerate(_starts(content, zone), 1):
        if index > _MOST_OCCURRENCES:
            return None
        last = start
    return last


def _starts(content: Content, zone: ZoneInfo) -> Iterator[datetime]:
    """Starts (UTC) by the content's rule, one more than are looked at; the start alone where the rule cannot be read."""
    assert content.starts_at is not None
    try:
        rule = recurrence.parsed(content.recurrence or "")
    except ValueError:  # kept from a time when less was refused
        return iter((content.starts_at,))
    walk = recurrence.walk(rule, content.starts_at.astimezone(zone))
    return (start.astimezone(UTC) for start in islice(walk, _MOST_OCCURRENCES + 1))


Matter = Literal["status", "time", "place", "price"]


def matters(before: Content, after: Content) -> tuple[Matter, ...]:
    """What changed that a reader who saw `before` must be told; empty for mere wording."""
    watched: dict[Matter, tuple[str, ...]] = {
        "status": ("status",),
        "time": ("starts_at", "ends_at", "all_day", "recurrence", "valid_from", "valid_until"),
        "place": ("place",),
        "price": ("price", "currency", "coupon_code"),
    }
    return tuple(
        matter
        for matter, names in watched.items()
        if any(getattr(before, name) != getattr(after, name) for name in names)
    )


class Interest(Value):
    """Which posts somebody wants; an empty facet wants everything, all facets must agree."""

    kinds: Annotated[tuple[Kind, ...], Few(20), AfterValidator(_unique)] = ()
    topics: Annotated[tuple[Topic, ...], Few(50), AfterValidator(_unique)] = ()
    merchants: Annotated[
        tuple[Annotated[Line, Field(max_length=60)], ...], Few(50), AfterValidator(_unique)
    ] = ()
    districts: Annotated[
        tuple[Annotated[Line, Field(max_length=60)], ...], Few(50), AfterValidator(_unique)
    ] = ()

    def matches(self, content: Content, *, merchant: str, district: str | None) -> bool:
        """Whether a post of `merchant` (slug) in `district` is wanted."""
        return (
            (not self.kinds or content.kind in self.kinds)
            and (not self.topics or not set(self.topics).isdisjoint(content.topics))
            and (not self.merchants or merchant in self.merchants)
            and (not self.districts or district in self.districts)
        )

    def key(self) -> str:
        """A digest that is equal for equal interests, whatever the order they were named in."""
        facets = {name: sorted(values) for name, values in self.model_dump(mode="json").items()}
        return hashlib.sha256(_canonical(facets).encode()).hexdigest()[:32]


_CADENCE = re.compile(
    r"^(?:(?P<instantly>instantly)|daily (?P<daily>\d\d:\d\d)|weekly (?P<day>mon|tue|wed|thu|fri|sat|sun) (?P<weekly>\d\d:\d\d))$"
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Cadence(Value):
    """When somebody wants to hear: `instantly`, `daily 07:00` or `weekly thu 07:00`, in the city's wall-clock time."""

    rhythm: Literal["instantly", "daily", "weekly"]
    hour: int = 0
    minute: int = 0
    weekday: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cadence that `text` names. Raises ValueError with the accepted forms."""
        found = _CADENCE.match(text)
        if not found:
            raise ValueError("must be 'instantly', 'daily HH:MM' or 'weekly mon..sun HH:MM'")
        if found["instantly"]:
            return cls(rhythm="instantly")
        hour, minute = map(int, (found["daily"] or found["weekly"]).split(":"))
        if hour > 23 or minute > 59:
            raise ValueError("must name a time between 00:00 and 23:59")
        if found["daily"]:
            return cls(rhythm="daily", hour=hour, minute=minute)
        return cls(rhythm="weekly", hour=hour, minute=minute, weekday=WEEKDAYS.index(found["day"]))

    def __str__(self) -> str:
        at = f"{self.hour:02d}:{self.minute:02d}"
        if self.rhythm == "instantly":
            return "instantly"
        return f"daily {at}" if self.weekday is None else f"weekly {WEEKDAYS[self.weekday]} {at}"
