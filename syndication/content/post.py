"""What a post says: the frozen content of a Revision, and the draft it is made from."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from syndication.content import recurrence
from syndication.content.base import (
    KEPT,
    Language,
    Line,
    Moment,
    Money,
    PictureAddress,
    Text,
    Topic,
    Value,
    WebAddress,
    canonical,
    faults_of,
    unique,
)
from syndication.content.bounds import Few
from syndication.errors import Invalid

Kind = Literal["offer", "event"]

Status = Literal["scheduled", "cancelled", "postponed", "sold_out"]

Action = Literal["published", "revised", "withdrawn"]

KINDS: tuple[Kind, ...] = ("offer", "event")

#: An event that names no end is taken to be over this long after its start.
UNSTATED_LENGTH = timedelta(hours=3)

#: Rules that would run for ever are only looked at this far ahead when a last occurrence is searched.
_MOST_OCCURRENCES = 2000


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
    topics: Annotated[tuple[Topic, ...], Few(10), AfterValidator(unique)] = ()
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
        return hashlib.sha256(canonical(said).encode()).hexdigest()

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
