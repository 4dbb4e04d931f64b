"""What an event says: what takes place at a time, once, at several dates, or by a rule with exceptions."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictBool, ValidationInfo, field_validator, model_validator

from syndication.content import date_news, schedule
from syndication.content import recurrence as rules
from syndication.content.base import KEPT, Line, Moment, Text, Value, Words
from syndication.content.bounds import Few
from syndication.content.faults import Contradiction
from syndication.content.money import Money
from syndication.content.post import Content, Draft, Image, Matter, Place, Status
from syndication.content.reason import Reason
from syndication.content.schedule import MOST_DATES, MOST_OWN
from syndication.errors import Fault
from syndication.kinds.contract import Foreign

_Foreign = Annotated[None, Foreign("event")]


class OwnDate(Value):
    """One date of an event that is not as the others: moved, called off, sold out, with words or a price of its own.

    What is left out is as with all dates.
    """

    recurrence_id: Annotated[
        Moment,
        Field(description="Which date it is: its start as the rule, or the list of added dates, has it."),
    ]
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    status: Status | None = None
    title: Annotated[Words, Field(min_length=1, max_length=200)] | None = None
    summary: Annotated[Line, Field(max_length=500)] | None = None
    body: Annotated[Text, Field(max_length=5000, description="Markdown")] | None = None
    place: Place | None = None
    price: Money | None = None
    image: Image | None = None

    @model_validator(mode="after")
    def _ends_behind_its_start(self) -> Self:
        if self.ends_at is not None and self.ends_at < (self.starts_at or self.recurrence_id):
            raise Contradiction(Fault("ends_at", Reason("must not be before its start")))
        return self


def _nothing(value: Any) -> bool:
    """Left out where it is empty, so that what says nothing of it is as before there was any."""
    return not value


def _in_order(moments: tuple[datetime, ...]) -> tuple[datetime, ...]:
    return tuple(sorted(set(moments)))


class EventContent(Content):
    """What takes place: a concert, a reading, a market."""

    watched: ClassVar = {
        "status": ("status",),
        "time": ("starts_at", "ends_at", "all_day", "recurrence"),
        "place": ("place",),
        "price": ("price", "currency"),
    }

    kind: Literal["event"]
    valid_from: _Foreign = None
    valid_until: _Foreign = None
    starts_at: Moment
    ends_at: Moment | None = None
    all_day: StrictBool = False
    recurrence: (
        Annotated[Line, Field(max_length=300, description="RFC 5545 RRULE, without the name")] | None
    ) = None
    excluded: Annotated[
        tuple[Moment, ...],
        Few(MOST_DATES),
        AfterValidator(_in_order),
        Field(exclude_if=_nothing, description="Starts that the rule gives and that fall out."),
    ] = ()
    added: Annotated[
        tuple[Moment, ...],
        Few(MOST_DATES),
        AfterValidator(_in_order),
        Field(
            exclude_if=_nothing,
            description="Starts of more dates, beside the first one or those of the rule.",
        ),
    ] = ()
    dates: Annotated[
        tuple[OwnDate, ...],
        Few(MOST_OWN),
        Field(exclude_if=_nothing, description="Dates of their own, where the event has several."),
    ] = ()
    status: Status = "scheduled"
    price: Money | None = None
    price_before: _Foreign = None
    lowest_price_30d: _Foreign = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    coupon_code: _Foreign = None

    @field_validator("recurrence")
    @classmethod
    def _rule(cls, rule: str | None, info: ValidationInfo) -> str | None:
        if not rule:
            return None
        return rule if info.context == KEPT else rules.checked(rule, info.data.get("starts_at"))

    def contradictions(self) -> list[Fault]:
        """An end before the start; dates that cannot be meant, whatever the city's time is."""
        ends_early = self.ends_at is not None and self.ends_at < self.starts_at
        early = [Fault("ends_at", Reason("must not be before starts_at"))] if ends_early else []
        return early + schedule.contradictions(self)

    @property
    def standing(self) -> Status:
        """Whether it was cancelled, postponed or is sold out."""
        return self.status

    @property
    def begins(self) -> datetime:
        """Its start, of a series the first."""
        return self.starts_at

    @property
    def ends_by(self) -> str:
        """Its end, where it names one."""
        return "ends_at" if self.ends_at else "starts_at"

    def pictures_by_field(self) -> dict[str, Image]:
        """Its own, then those of single dates."""
        own = {f"dates.{number}.image": one.image for number, one in enumerate(self.dates)}
        return super().pictures_by_field() | {name: image for name, image in own.items() if image is not None}

    def length(self) -> timedelta:
        """How long one date lasts."""
        return schedule.length(self)

    def over_at(self, zone: ZoneInfo) -> datetime | None:
        """The end of its last date."""
        return schedule.over_at(self, zone)

    def upcoming(self, zone: ZoneInfo, *, after: datetime, most: int) -> list[datetime]:
        """The next dates that take place."""
        return schedule.occurrences(self, zone, after=after, most=most)

    def date_faults(self, zone: ZoneInfo) -> list[Fault]:
        """Dates of their own, or left out, that the rule does not give."""
        return schedule.faults(self, zone)

    def said_until(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """Until the next date is another one."""
        return schedule.said_until(self, zone, now)

    def date_news_until(self, before: Content) -> datetime | None:
        """When the last of the dates that are other than in `before` is over."""
        if tuple(self.matters_since(before, None)) != ("dates",):
            return None
        return max(one.ends_at for one in self._date_news(before, None))

    def matters_since(self, before: Content, now: datetime | None) -> list[Matter]:
        """What changed, and among it whether single dates did."""
        changed = list(super().matters_since(before, now))
        if self._date_news(before, now):
            changed.insert(sum(matter in ("status", "time") for matter in changed), "dates")
        return changed

    def called_off_since(self, before: Content, now: datetime) -> bool:
        """Also where a single date is off."""
        off = any(one.what in ("off", "postponed") for one in self._date_news(before, now))
        return off or super().called_off_since(before, now)

    def _date_news(self, before: Content, now: datetime | None) -> list[date_news.DateNews]:
        return date_news.between(before, self, now) if isinstance(before, EventContent) else []


class EventDraft(EventContent, Draft):
    """What takes place: a concert, a reading, a market."""

    plain: ClassVar = EventContent


def event(content: Content) -> EventContent:
    """The content of what is known to take place. Raises TypeError for another kind."""
    if not isinstance(content, EventContent):
        raise TypeError(f"takes place at no time: {content.kind}")
    return content


def event_draft(draft: Draft) -> EventDraft:
    """The same of a draft."""
    if not isinstance(draft, EventDraft):
        raise TypeError(f"takes place at no time: {draft.kind}")
    return draft


def notice(at: datetime, until: datetime | None = None, **said: Any) -> EventContent:
    """A message of the city's own about a moment, which every channel can say; `said` are fields of a post."""
    return EventContent(kind="event", starts_at=at, ends_at=until, **said)
