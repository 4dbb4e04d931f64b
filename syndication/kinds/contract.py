"""What a kind of post is: the class of its contents, and all that the rest of the house asks of it. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from syndication.content.post import Content, Draft, Image, Matter, Status
from syndication.content.reason import Reason
from syndication.infra.rendering import gettext
from syndication.kinds import lines
from syndication.kinds.announced import Advice, Price, Recall


@dataclass(frozen=True)
class Fact:
    """One thing to know of a post, in the language that was asked for.

    `text` stands beside its `label`, `line` alone; `more` is added where there is room. `brief`: said even where there is
    little. `kept`: not given up where a text is shortened. `verbatim`: to be copied letter by letter.
    """

    label: str
    text: str
    line: str = ""
    more: str = ""
    brief: bool = True
    kept: bool = False
    verbatim: bool = False

    @property
    def bare(self) -> str:
        """By itself in a line, without a word for what is copied."""
        return self.text if self.verbatim else self.line or self.text

    @property
    def whole(self) -> str:
        """All of it in one line."""
        said = self.line or self.text
        return f"{said} – {self.more}" if self.more else said


@dataclass(frozen=True)
class DateLine:
    """One date of a list: when, what is different about it (empty for nothing), and a picture of its own."""

    when: str
    different: str
    off: bool
    image: Image | None = None


@dataclass(frozen=True)
class Appointment:
    """One component of a calendar (RFC 5545 section 3.6.1). A `start` of whole days is a date, and so is its `end`.

    `part` tells the components of one post apart. `rule` is the RRULE as `icalendar` takes it, `excluded` and `added` are
    EXDATE and RDATE. `title` and `text` stand for those of the post where they say something, `said` for all that the post
    says. `recurrence_id` names a date of a series that this component is about.
    """

    start: datetime | date
    end: datetime | date | None = None
    rule: Any = None
    excluded: Sequence[datetime | date] = ()
    added: Sequence[datetime | date] = ()
    recurrence_id: datetime | date | None = None
    part: str = ""
    title: str = ""
    text: str = ""
    said: Content | None = None


@dataclass(frozen=True)
class Window:
    """From when to when a network is to show a post: what takes place then, or holds so long. `start` None: from now on.

    `unstated`: its end is our guess. `next_only`: there are other dates.
    """

    nature: Literal["happens", "holds"]
    start: datetime | None
    end: datetime
    whole_days: bool = False
    unstated: bool = False
    next_only: bool = False


@dataclass(frozen=True)
class Group:
    """Fields that stand together in a form, in their order, under a heading for people (English; translated).

    `closed`: what few posts need; only the heading is seen until somebody opens it, or something stands in them.
    """

    heading: str
    fields: tuple[str, ...]
    closed: bool = False


#: How a field is typed in: "own" is a box of the kind's own making.
BoxName = Literal[
    "line",
    "text",
    "address",
    "moment",
    "day",
    "hour",
    "yes",
    "price",
    "number",
    "choice",
    "topics",
    "pictures",
    "place",
    "own",
]  # fmt: skip -- one glance shows every box


@dataclass(frozen=True)
class Boxed:
    """An annotation for a field whose type does not say how it is typed in."""

    box: BoxName


@dataclass(frozen=True)
class OwnBox:
    """Several lines that stand for fields of a kind's own.

    `read` makes the fields of what was typed and of the fields that are known already; `written` is its other way.
    """

    read: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    written: Callable[[Any, str], str]


@dataclass(frozen=True)
class SpanBoxes:
    """The two boxes that say from when to when, and what the first may say beside: whole days, and a rule (RFC 5545)."""

    start: str
    end: str
    whole: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Form:
    """How a kind is filled in: its groups in their order, and what to write into a field (English; translated).

    `labels`: what is asked, where that is not the same for all kinds. `folded`: asked for only behind "more". `left`: kept
    as they are, since people do not type them. `needed`: asked for though an integrator may leave them out.
    """

    groups: tuple[Group, ...]
    hints: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    folded: tuple[str, ...] = ("url", "currency")
    left: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    choices: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    own: Mapping[str, OwnBox] = field(default_factory=dict)
    span: SpanBoxes | None = None


@dataclass(frozen=True)
class Filter:
    """By what posts of a kind can be chosen, beside topic, merchant and district; the label is English, translated."""

    name: str
    label: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class Deed:
    """What may be done with a post of a kind beside revising and withdrawing it: `fields` are what it then says."""

    name: str
    label: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """When something is, as one line of a table says it: whole days as dates (`end` is the last), else moments."""

    start: datetime | date
    end: datetime | date | None = None
    whole_days: bool = False


class Cells(Protocol):
    """One line of a table on its way to the fields of a post; a cell that cannot be read is None, with a fault noted."""

    @property
    def zone(self) -> ZoneInfo:
        """The city's."""

    @property
    def values(self) -> Mapping[str, str]:
        """What stands in the cells, by the field of their column; empty ones are missing."""

    def moment(self, *names: str, last: bool = False) -> datetime | date | None:
        """The first of these cells that holds something; `last`: the later of two days, None where it names one."""

    def start_of(self, *names: str) -> datetime | None:
        """The same, where a date means its beginning."""

    def clock_time(self, name: str, *, last: bool = False) -> time | None:
        """A time of day; `last`: the later of two, None where the cell names one."""

    def span(
        self,
        starts: Sequence[str],
        hours: Sequence[str],
        ends: Sequence[str],
        end_hours: Sequence[str],
        whole: str,
    ) -> Span | None:
        """From when to when, whatever of day and hours stands in which of these cells; None where no day is said.

        `whole`: the cell that says whether it is of whole days.
        """

    def yes(self, name: str) -> bool:
        """Whether the cell says yes."""

    def price(self, name: str) -> str | None:
        """A price as a plain decimal."""

    def at(self, day: date, hour: time) -> datetime:
        """That time of that day in the city."""

    def day_after(self, day: date) -> datetime:
        """The end of that day in the city."""


C = TypeVar("C", bound=Content)


class Kind(ABC, Generic[C]):
    """One kind of post. Stateless: one instance serves all posts in all threads. Texts for people are English, translated."""

    #: Its name in the API, in addresses of feeds and in the tables: at most 20 letters.
    name: ClassVar[str]
    #: What one is called, and several: "Event", "Events".
    one: ClassVar[str]
    many: ClassVar[str]
    content: ClassVar[type[Content]]
    #: The class of its drafts, where its own code asks for more than any draft has; else one is made.
    draft: ClassVar[type[Draft] | None] = None
    form: ClassVar[Form]
    deeds: ClassVar[tuple[Deed, ...]] = ()
    #: A post as an integrator would hand it in: a summary, and its fields.
    example: ClassVar[tuple[str, Mapping[str, Any]]]
    #: More of them, by a name of their own.
    variants: ClassVar[Mapping[str, tuple[str, Mapping[str, Any]]]] = {}
    filters: ClassVar[tuple[Filter, ...]] = ()
    #: Whether it has a word in calendars.
    in_calendars: ClassVar[bool] = False
    #: What the column of the kind may hold in a table, as slugs; its own columns with their names; columns by which a line
    #: that names no kind is taken for one of this.
    called: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    known_by: ClassVar[Collection[str]] = ()

    def heading(self, language: str) -> str:
        """What several of them are called; kinds of other packages say it in their own way."""
        return gettext(language)(self.many)

    def title(self, content: C, language: str) -> str:
        """What it is called; what we wrote ourselves is called something in every language."""
        return content.title

    @abstractmethod
    def when(self, content: C, zone: ZoneInfo, language: str, now: datetime) -> str:
        """When it next happens, or how long it is valid, as people hear it at `now`; empty where nothing is said."""

    def where(self, content: C) -> str:
        """Where it is, in one line."""
        return lines.place(content.place)

    def facts(self, content: C, zone: ZoneInfo, language: str) -> tuple[Fact, ...]:
        """What there is to know beside when and where, the most important first."""
        return ()

    def news(
        self,
        matter: Matter,
        content: C,
        zone: ZoneInfo,
        language: str,
        *,
        before: Content | None,
        now: datetime,
    ) -> str:
        """ "New time: …" for people who saw `before`, a line each; empty for a matter that it has no words for."""
        match matter:
            case "time":
                return lines.new_time(self.when(content, zone, language, now), language)
            case "place":
                return lines.new_place(self.where(content), language)
        return ""

    def dates(
        self, content: C, zone: ZoneInfo, language: str, now: datetime, most: int
    ) -> Sequence[DateLine]:
        """The next dates of what has several, for a list; empty for all else."""
        return ()

    def day(self, content: C, zone: ZoneInfo, now: datetime) -> datetime | None:
        """The moment under whose day a newsletter tells it, earlier where it runs; None: under the name of the kind."""
        return None

    @abstractmethod
    def structured(self, content: C, merchant: str, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
        """What schema.org has for it, beside name, description, address and pictures. JSON types, with `@type`."""

    def appointments(self, content: C, zone: ZoneInfo) -> tuple[Appointment, ...]:
        """Its components in a calendar; the title, the place and the rest are added to each."""
        return ()

    def again(self, content: C, zone: ZoneInfo, now: datetime) -> C:
        """The same said once more, at its next dates that are not over at `now`, and as if nothing had become of it."""
        return content

    def weekly_on(self, content: C, zone: ZoneInfo) -> date | None:
        """The day in the city by which one date is named of what comes every week; None for what cannot come so."""
        return None

    def days_later(self, content: C, days: int, zone: ZoneInfo) -> C:
        """The same so many days later, or earlier, at the same hours of `zone`'s clock."""
        return content

    def extras(self, content: C) -> dict[str, Any]:
        """What a JSON Feed says beside the fields that the API has. JSON types."""
        return {}

    def window(self, content: C, zone: ZoneInfo, now: datetime) -> Window | None:
        """From when to when a network is to show it; None where it has no end."""
        return None

    def prices(self, content: C) -> Sequence[Price]:
        """The prices at which goods are to be had by it, so that they are remembered (PAngV § 11)."""
        return ()

    def price_advice(self, content: C, recall: Recall, zone: ZoneInfo, language: str) -> Sequence[Advice]:
        """What to know of a reduction that it announces; `recall` tells what was announced before (PAngV § 11)."""
        return ()

    def from_cells(self, cells: Cells) -> dict[str, Any]:
        """Its own fields from a line of a table."""
        return {}


@dataclass(frozen=True)
class Foreign:
    """An annotation for a field of another kind that a document holds beside its own, empty, as it always did."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source),
            custom_error_type="foreign",
            custom_error_message="{words}",
            custom_error_context={"words": Reason("does not go with kind {}", self.kind)},
        )


#: The deed that says of a date that it falls out.
CANCEL = "cancel"
#: What may be done with a post of what takes place: each says so in its `status`.
CALL_OFF: tuple[Deed, ...] = (
    Deed(CANCEL, "Cancel", {"status": "cancelled"}),
    Deed("postpone", "Postpone", {"status": "postponed"}),
    Deed("sold_out", "Sold out", {"status": "sold_out"}),
)
#: What a status is called by schema.org (https://schema.org/EventStatusType).
STATES: Mapping[Status, str] = {
    "scheduled": "EventScheduled",
    "cancelled": "EventCancelled",
    "postponed": "EventPostponed",
    "sold_out": "EventScheduled",
}
#: The shortest that people take for a moment that is told.
MOMENT = timedelta(microseconds=1)
