"""Events: what takes place at a time, once or by a rule."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from icalendar import vRecur
from pydantic import Field, ValidationInfo, field_validator

from syndication.content import recurrence as rules
from syndication.content.base import KEPT, Line, Moment, Money
from syndication.content.post import UNSTATED_LENGTH, Content, Matter, Status, last_occurrence, occurrences
from syndication.infra.rendering import day, gettext, moment, spoken, time_of_day
from syndication.kinds import lines
from syndication.kinds.contract import (
    CALL_OFF,
    MOMENT,
    STATES,
    Appointment,
    Cells,
    Fact,
    Filter,
    Foreign,
    Form,
    Group,
    Kind,
    Window,
)

_Foreign = Annotated[None, Foreign("event")]


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
    all_day: bool = False
    recurrence: (
        Annotated[Line, Field(max_length=300, description="RFC 5545 RRULE, without the name")] | None
    ) = None
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

    def contradictions(self) -> list[str]:
        """An end before the start."""
        if self.ends_at and self.ends_at < self.starts_at:
            return ["ends_at must not be before starts_at"]
        return []

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

    def length(self) -> timedelta:
        """How long one occurrence lasts."""
        stated = self.ends_at - self.starts_at if self.ends_at else None
        if (
            self.all_day
        ):  # `ends_at` is the midnight behind the last day; one that names the day itself still means it
            return max(stated or timedelta(0), timedelta(days=1))
        return UNSTATED_LENGTH if stated is None else stated

    def over_at(self, zone: ZoneInfo) -> datetime | None:
        """The end of its last occurrence."""
        if self.recurrence:
            last = last_occurrence(self, zone)
            return last + self.length() if last else None
        return self.starts_at + self.length()

    def upcoming(self, zone: ZoneInfo, *, after: datetime, most: int) -> list[datetime]:
        """The next occurrences."""
        return occurrences(self, zone, after=after, most=most)


def notice(at: datetime, until: datetime | None = None, **said: Any) -> EventContent:
    """A message of the city's own about a moment, which every channel can say; `said` are fields of a post."""
    return EventContent(kind="event", starts_at=at, ends_at=until, **said)


_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_NAMES = {
    "de": ("montags", "dienstags", "mittwochs", "donnerstags", "freitags", "samstags", "sonntags"),
    "en": ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"),
}


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_RHYTHMS = {
    "DAILY": (_("every day"), _("every {} days")),
    "WEEKLY": (_("every week"), _("every {} weeks")),
    "MONTHLY": (_("every month"), _("every {} months")),
    "YEARLY": (_("every year"), _("every {} years")),
}


def when(content: "EventContent", zone: ZoneInfo, language: str) -> str:
    """When it happens, on the wall clock of `zone`."""
    text = _span(content, content.starts_at, zone, language)
    return f"{text}, {rhythm(content.recurrence, language)}" if content.recurrence else text


def _span(content: "EventContent", starts: datetime, zone: ZoneInfo, language: str) -> str:
    ends = content.ends_at
    if content.all_day:
        last = starts + content.length() - timedelta(microseconds=1)
        first_day, last_day = day(starts, language, zone), day(last, language, zone)
        return first_day if first_day == last_day else f"{first_day} – {last_day}"
    if ends is None or ends == starts:
        return moment(starts, zone, language)
    if starts.astimezone(zone).date() == ends.astimezone(zone).date() or ends - starts < timedelta(hours=12):
        oclock = " Uhr" if spoken(language) == "de" else ""
        return f"{day(starts, language, zone)}, {time_of_day(starts, zone)}–{time_of_day(ends, zone)}{oclock}"
    return f"{moment(starts, zone, language)} – {moment(ends, zone, language)}"


def rhythm(rule: str, language: str) -> str:
    """ "jede Woche, freitags" for an RRULE. Ordinals and ends are left out: the calendar feed has them."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    say = gettext(language)
    once, several = _RHYTHMS[parts["FREQ"]]
    interval = int(parts.get("INTERVAL", "1"))
    text = say(once) if interval == 1 else say(several).format(interval)
    days = [match.group() for match in re.finditer("|".join(_DAYS), parts.get("BYDAY", ""))]
    if parts["FREQ"] == "WEEKLY" and days:
        names = _DAY_NAMES[spoken(language)]
        text += ", " + ", ".join(names[_DAYS.index(one)] for one in days)
    return text


class Event(Kind[EventContent]):
    """Something that takes place."""

    name: ClassVar[str] = "event"
    one: ClassVar[str] = _("Event")
    many: ClassVar[str] = _("Events")
    content: ClassVar[type[Content]] = EventContent
    in_calendars: ClassVar[bool] = True
    deeds: ClassVar = CALL_OFF
    filters: ClassVar = (Filter("free", _("Free of charge"), lambda content: content.price == 0),)
    form: ClassVar[Form] = Form(
        (
            Group(_("What"), ("title", "summary", "body", "images", "topics", "url")),
            Group(_("When"), ("starts_at", "ends_at", "all_day", "recurrence")),
            Group(_("Where"), ("place",)),
            Group(_("Price"), ("price", "currency")),
        ),
        {
            "title": _("What people look for, such as “Wine evening with live music”."),
            "ends_at": _("Left empty, we take it to last three hours."),
            "price": _("0 means free of charge; left empty, no price is said."),
        },
    )
    example: ClassVar = (
        "A weekly evening",
        {
            "kind": "event",
            "title": "Weinabend im Hof",
            "starts_at": "2030-08-15T19:00:00+02:00",
            "ends_at": "2030-08-15T22:00:00+02:00",
            "recurrence": "FREQ=WEEKLY;COUNT=4",
            "place": {"name": "Hofgarten", "address": "Markt 1, 96450 Coburg"},
        },
    )
    called: ClassVar = ("event", "veranstaltung", "termin")
    columns: ClassVar = {
        "starts_at": ("starts-at", "start", "beginn", "anfang"),
        "ends_at": ("ends-at", "end", "ende"),
        "all_day": ("all-day", "ganztaegig"),
        "recurrence": ("recurrence", "wiederholung", "rrule"),
    }
    known_by: ClassVar = ("starts_at", "day", "recurrence", "from", "all_day")

    def when(self, content: EventContent, zone: ZoneInfo, language: str) -> str:
        """Day and hours, and how often."""
        return when(content, zone, language)

    def facts(self, content: EventContent, zone: ZoneInfo, language: str) -> tuple[Fact, ...]:
        """The price."""
        price = lines.price(content.price, content.currency, language)
        return (Fact(gettext(language)("Price"), price),) if price else ()

    def news(self, matter: Matter, content: EventContent, zone: ZoneInfo, language: str) -> str:
        """A new time, place or price."""
        match matter:
            case "time":
                return lines.new_time(when(content, zone, language), language)
            case "place":
                return lines.new_place(self.where(content), language)
            case "price":
                return lines.new_price(lines.price(content.price, content.currency, language), language)
        return ""

    def day(self, content: EventContent) -> datetime:
        """Its start."""
        return content.starts_at

    def structured(self, content: EventContent, merchant: str, zone: ZoneInfo) -> dict[str, Any]:
        """https://schema.org/Event."""
        told: dict[str, Any] = {
            "@type": "Event",
            "startDate": content.starts_at.astimezone(zone).isoformat(),
            "eventStatus": f"https://schema.org/{STATES[content.status]}",
            "organizer": {"@type": "Organization", "name": merchant},
        }
        if content.ends_at is not None:
            told["endDate"] = content.ends_at.astimezone(zone).isoformat()
        if content.place is not None:
            told["location"] = {
                "@type": "Place",
                "name": content.place.name,
                "address": content.place.address or "",
            }
        return told

    def appointments(self, content: EventContent, zone: ZoneInfo) -> tuple[Appointment, ...]:
        """One component, with the rule of a series."""
        start, rule = content.starts_at.astimezone(zone), _rule(content, zone) if content.recurrence else None
        if content.all_day:
            days = max(1, round(content.length() / timedelta(days=1)))
            return (Appointment(start.date(), start.date() + timedelta(days=days), rule),)
        later = content.ends_at is not None and content.ends_at > content.starts_at
        end = content.ends_at.astimezone(zone) if content.ends_at is not None and later else None
        return (Appointment(start, end, rule),)

    def window(self, content: EventContent, zone: ZoneInfo, now: datetime) -> Window:
        """The next occurrence. Without hours, or without an end that is stated, it is the whole day."""
        upcoming = occurrences(content, zone, after=now, most=1) if content.recurrence else []
        start = upcoming[0] if upcoming else content.starts_at
        open_end = content.ends_at is None or content.ends_at == content.starts_at
        whole = content.all_day or open_end
        last = start + content.length() - MOMENT if content.all_day else start
        return Window(
            "happens",
            start,
            last if whole else start + content.length(),
            whole_days=whole,
            unstated=open_end and not content.all_day,
            next_only=bool(content.recurrence),
        )

    def from_cells(self, cells: Cells) -> dict[str, Any]:
        """Start and end, from a day and hours in whatever columns they stand."""
        return _times(cells) | (
            {"recurrence": cells.values["recurrence"]} if "recurrence" in cells.values else {}
        )


def _rule(content: EventContent, zone: ZoneInfo) -> vRecur:
    """UNTIL has the type of DTSTART: a date for whole days, else UTC (RFC 5545 section 3.3.10)."""
    rule = vRecur.from_ical(content.recurrence or "")
    until = [_until(value, zone, content.all_day) for value in rule.get("UNTIL", [])]
    if until:
        rule["UNTIL"] = until
    return vRecur(rule)


def _until(value: date | datetime, zone: ZoneInfo, all_day: bool) -> date | datetime:
    moment = (
        (value if value.tzinfo else value.replace(tzinfo=UTC))
        if isinstance(value, datetime)
        else datetime(value.year, value.month, value.day, 23, 59, 59, tzinfo=UTC)
    )
    return moment.astimezone(zone).date() if all_day else moment


# From tables


def _times(cells: Cells) -> dict[str, Any]:
    start = cells.moment("starts_at", "from", "day")
    hour = cells.clock_time("time")
    if start is not None and not isinstance(start, datetime) and hour is not None:
        start = cells.at(start, hour)
    whole = cells.yes("all_day")
    if start is None:
        return {}
    whole = whole or not isinstance(start, datetime)
    first = start.astimezone(cells.zone).date() if isinstance(start, datetime) else start
    end = _end(cells, start, first)
    if whole:
        last = end.astimezone(cells.zone).date() if isinstance(end, datetime) else end
        ends = cells.day_after(last) if last else None
        return {"starts_at": cells.at(first, time()), "ends_at": ends, "all_day": True}
    if end is not None and not isinstance(end, datetime):
        end = cells.day_after(end)
    return {"starts_at": start, "ends_at": end}


def _end(cells: Cells, start: datetime | date, first: date) -> datetime | date | None:
    """The end: a date, a date with a time, or a time alone, which is the next one after the start."""
    said = next((name for name in ("ends_at", "until") if name in cells.values), "ends_at")
    if not cells.is_clock_time(said):
        end = cells.moment(said, "last_day")
        hour = cells.clock_time("end_time")
        if hour is None or isinstance(end, datetime):
            return end
        return _after(start, cells.at(end or first, hour))
    alone = cells.clock_time(said)
    return _after(start, cells.at(first, alone)) if alone is not None else None


def _after(start: datetime | date, end: datetime) -> datetime:
    late = isinstance(start, datetime) and end <= start and start - end < timedelta(days=1)
    return end + timedelta(days=1) if late else end
