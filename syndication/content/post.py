"""What every post says, whatever its kind: the frozen heart of a Revision, and the draft that becomes one."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from syndication.content import spelling
from syndication.content.base import (
    KEPT,
    Language,
    Line,
    Moment,
    PictureAddress,
    Text,
    Value,
    WebAddress,
    Words,
    canonical,
    unique,
)
from syndication.content.bounds import Few
from syndication.content.faults import Contradiction
from syndication.content.reason import Reason
from syndication.content.spelling import Spelled
from syndication.content.topics import Topic
from syndication.errors import Fault

Status = Literal["scheduled", "cancelled", "postponed", "sold_out"]

_MOMENT = timedelta(microseconds=1)

#: What does not take place as people believed.
CALLED_OFF: tuple[Status, ...] = ("cancelled", "postponed")

Action = Literal["published", "revised", "withdrawn"]

#: What of a post can change so that people must hear of it: "status", "time", "place", "price", or a word of its kind's own.
Matter = str


class Image(Value):
    """A picture on the web, with the text for those who cannot see it."""

    url: PictureAddress
    alt: Annotated[Words, Field(min_length=1, max_length=500)]


class Place(Value):
    """Where it happens; coordinates are WGS 84 decimal degrees and come as a pair."""

    name: Annotated[Words, Field(min_length=1, max_length=200)]
    address: Annotated[Line, Field(max_length=300)] | None = None
    latitude: Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            missing = "latitude" if self.latitude is None else "longitude"
            raise Contradiction(Fault(missing, Reason("is needed: latitude and longitude come together")))
        return self


class Content(Value):
    """What a post says at one moment; each kind adds its own fields. All moments are kept in UTC."""

    #: The fields behind each matter, in the order in which people are told.
    watched: ClassVar[Mapping[Matter, tuple[str, ...]]] = {"place": ("place",)}
    #: Fields that stored documents may lack: empty, they leave a digest what it was before there were any.
    later: ClassVar[frozenset[str]] = frozenset({"texts"})

    kind: str
    title: Annotated[Words, Field(min_length=1, max_length=200)]
    summary: Annotated[Line, Field(max_length=500)] = ""
    body: Annotated[Text, Field(max_length=20_000, description="Markdown")] = ""
    url: WebAddress | None = None
    language: Language = "de"
    topics: Annotated[tuple[Topic, ...], Few(10), AfterValidator(unique)] = ()
    images: Annotated[tuple[Image, ...], Few(10)] = ()
    place: Place | None = None
    texts: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")],
            Annotated[Text, Spelled(spelling.TEXT), Field(min_length=1, max_length=5000)],
        ],
        Few(40),
        Field(description="Own words for single channels, by their kind."),
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if faults := self.contradictions():
            raise Contradiction(*faults)
        return self

    def contradictions(self) -> list[Fault]:
        """What in it cannot be true together: for each the field to change, and a sentence."""
        return []

    @property
    def standing(self) -> Status:
        """What has become of it: of a kind that cannot be cancelled, nothing."""
        return "scheduled"

    @property
    def about(self) -> tuple[str, ...]:
        """Who wants one of these kinds wants to hear of it."""
        return (self.kind,)

    @property
    def begins(self) -> datetime | None:
        """The first moment (UTC) that it is about; None where it names none."""
        return None

    @property
    def ends_by(self) -> str:
        """The field that says when it is over."""
        return "kind"

    def pictures_by_field(self) -> dict[str, Image]:
        """Every picture of it by the name of its field, in an order that stays."""
        return {f"images.{number}": image for number, image in enumerate(self.images)}

    def pictures(self) -> tuple[Image, ...]:
        """Every picture of it, in an order that stays."""
        return tuple(self.pictures_by_field().values())

    def over_at(self, zone: ZoneInfo) -> datetime | None:
        """The moment (UTC) from which the post is stale; None where it never ends. Days and rules are of `zone`'s clock."""
        return None

    def upcoming(self, zone: ZoneInfo, *, after: datetime, most: int) -> list[datetime]:
        """Starts (UTC) of at most `most` dates of it that end after `after`; none where nothing takes place."""
        return []

    def comes(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """The moment (UTC) by which somebody must know of it at `now`, to sort by: the smaller, the sooner.

        The next start; of what has begun the end, so that nothing that runs stands before what begins sooner. None: never.
        """
        start = next(iter(self.upcoming(zone, after=now, most=1)), self.begins)
        if start is not None and start > now:
            return start
        end = self.said_until(zone, now) or self.over_at(zone)
        return end - _MOMENT if end is not None else None  # it ends before what begins at its end

    def matters_since(self, before: "Content", now: datetime | None) -> Sequence[Matter]:
        """See `matters`."""
        return [
            matter
            for matter, names in self.watched.items()
            if any(getattr(before, name, None) != getattr(self, name) for name in names)
        ]

    def date_faults(self, zone: ZoneInfo) -> list[Fault]:
        """What names dates that it does not have on `zone`'s clock."""
        return []

    def said_until(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """Until when the words for its time, as they are at `now`, stay true; None: for ever."""
        return None

    def date_news_until(self, before: "Content") -> datetime | None:
        """Where nothing but single dates are other than in `before`: when the last of them is over; else None."""
        return None

    def called_off_since(self, before: "Content", now: datetime) -> bool:
        """Whether people who saw `before` would come in vain: it, or a date of it after `now`, is off."""
        return self.standing in CALLED_OFF and before.standing != self.standing

    def __hash__(self) -> int:
        """Of a few fields: `texts` has no hash of its own, and equal contents agree in these."""
        return hash((self.kind, self.title, self.summary, self.body, self.url, self.standing))

    def digest(self) -> str:
        """SHA-256 over the canonical JSON; equal for contents that say the same."""
        said = self.model_dump(mode="json")
        for name in self.later:
            if not said[name]:
                del said[name]
        return hashlib.sha256(canonical(said).encode()).hexdigest()

    def spellings(self) -> dict[str, str]:
        """How its topics are spelled, by their slugs, where that is another text."""
        return {str(topic): topic.spelling for topic in self.topics if topic.spelling != topic}

    def spelled_as(self, before: "Content") -> Self:
        """The same, with topics that it names by their slugs spelled as in `before`, from which they may have been copied."""
        known = before.spellings()
        spelled = tuple(
            Topic(topic, known.get(topic, "") if topic.spelling == topic else topic.spelling)
            for topic in self.topics
        )
        return self.model_copy(update={"topics": spelled})

    def document(self) -> dict[str, Any]:
        """What a table keeps, of JSON types: the fields, and beside them how topics are spelled, which says nothing new."""
        said = self.model_dump(mode="json")
        return said | ({"spellings": spellings} if (spellings := self.spellings()) else {})


class Draft(Content):
    """What a merchant hands in: the content, and what is to happen with it."""

    #: The class of the content; each kind's drafts know theirs.
    plain: ClassVar[type[Content]] = Content

    publish_at: Moment | None = None
    source_ref: Annotated[Words, Field(min_length=1, max_length=255)] | None = None

    def content(self) -> Content:
        """The part that is frozen into a Revision."""
        said = self.model_dump(exclude={"publish_at", "source_ref"})
        return self.plain.model_validate(said, context=KEPT)


def matters(before: Content, after: Content, now: datetime | None = None) -> tuple[Matter, ...]:
    """What changed that a reader who saw `before` must be told; empty for mere wording, and for single dates before `now`."""
    return tuple(after.matters_since(before, now))
