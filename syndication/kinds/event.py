"""Events: what takes place at a time, once or by a rule."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from syndication.content import schedule
from syndication.content.post import Content, Matter
from syndication.infra.rendering import gettext
from syndication.kinds import again, dates_as_data, dates_in_words, event_calendar, lines
from syndication.kinds.contract import (
    CALL_OFF,
    MOMENT,
    Appointment,
    Cells,
    DateLine,
    Fact,
    Filter,
    Form,
    Group,
    Kind,
    SpanBoxes,
    Window,
)
from syndication.kinds.event_content import EventContent, EventDraft

#: A rule that says when it ends (RFC 5545 section 3.3.10).
_ENDS = re.compile(r"\b(UNTIL|COUNT)=")


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


class Event(Kind[EventContent]):
    """Something that takes place."""

    name: ClassVar[str] = "event"
    one: ClassVar[str] = _("Event")
    many: ClassVar[str] = _("Events")
    content: ClassVar[type[Content]] = EventContent
    draft: ClassVar = EventDraft
    in_calendars: ClassVar[bool] = True
    deeds: ClassVar = CALL_OFF
    filters: ClassVar = (Filter("free", _("Free of charge"), lambda content: content.price == 0),)
    form: ClassVar[Form] = Form(
        (
            Group(_("What"), ("title", "images")),
            Group(_("When"), ("starts_at", "ends_at", "all_day", "recurrence", "excluded", "added", "dates")),
            Group(_("Where"), ("place",)),
            Group(_("Price"), ("price", "currency")),
            Group(_("In words"), ("summary", "body", "topics", "url")),
        ),
        {
            "title": _("What people look for, such as “Wine evening with live music”."),
            "ends_at": _("Left empty, we take it to last three hours."),
            "price": _("0 means free of charge; left empty, no price is said."),
            "starts_at": _("Such as “Sat 7:30 pm” or “28.11. 19:30”."),
            "recurrence": _(
                "For what is the same each time. Else post it once, and choose “Every week” there."
            ),
        },
        labels={
            "starts_at": _("When does it begin?"),
            "ends_at": _("Until when?"),
            "all_day": _("It lasts whole days"),
            "recurrence": _("Does it come again?"),
        },
        folded=("url", "currency", "all_day"),
        left=("excluded", "added", "dates"),
        choices={
            "recurrence": (
                ("", _("once")),
                ("FREQ=WEEKLY", _("every week")),
                ("FREQ=WEEKLY;INTERVAL=2", _("every two weeks")),
                ("FREQ=DAILY", _("every day")),
            )
        },
        span=SpanBoxes("starts_at", "ends_at", whole="all_day", rule="recurrence"),
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
    variants: ClassVar = {
        "series": (
            "A series of which one date falls out and one was moved",
            {
                "kind": "event",
                "title": "Abendmarkt",
                "starts_at": "2030-12-05T17:00:00+01:00",
                "ends_at": "2030-12-05T20:00:00+01:00",
                "recurrence": "FREQ=WEEKLY;COUNT=8",
                "excluded": ["2030-12-12T17:00:00+01:00"],
                "dates": [
                    {"recurrence_id": "2030-12-26T17:00:00+01:00", "starts_at": "2030-12-23T17:00:00+01:00"}
                ],
            },
        )
    }
    called: ClassVar = ("event", "veranstaltung", "termin")
    columns: ClassVar = {
        "title": ("event", "veranstaltung", "veranstaltungstitel"),
        "starts_at": ("starts-at", "start", "beginn", "anfang", "begin", "starts"),
        "ends_at": ("ends-at", "end", "ende", "ends"),
        "all_day": ("all-day", "ganztaegig", "all-day-event", "ganztaegiges-ereignis", "ganztags"),
        "recurrence": ("recurrence", "wiederholung", "rrule"),
    }
    known_by: ClassVar = ("starts_at", "day", "recurrence", "from", "all_day", "time")

    def when(self, content: EventContent, zone: ZoneInfo, language: str, now: datetime) -> str:
        """The next date, its hours, and what comes behind it."""
        return dates_in_words.when(content, zone, language, now)

    def dates(
        self, content: EventContent, zone: ZoneInfo, language: str, now: datetime, most: int
    ) -> Sequence[DateLine]:
        """The next ones of a series, those that are off too."""
        return dates_in_words.coming(content, zone, language, now, most)

    def again(self, content: EventContent, zone: ZoneInfo, now: datetime) -> EventContent:
        """One date, or a rule without an end, from the next such weekday on; what was other on single dates is over."""
        weeks = again.weeks_until(content.starts_at, zone, now)
        endless = content.recurrence and not _ENDS.search(content.recurrence)
        return self.days_later(content, 7 * weeks, zone).model_copy(
            update={
                "recurrence": content.recurrence if endless else None,
                "excluded": (),
                "added": (),
                "dates": (),
                "status": "scheduled",
            }
        )

    def weekly_on(self, content: EventContent, zone: ZoneInfo) -> date | None:
        """The day on which it begins; what has several dates already is a series of its own."""
        return None if schedule.repeats(content) else content.starts_at.astimezone(zone).date()

    def days_later(self, content: EventContent, days: int, zone: ZoneInfo) -> EventContent:
        """Start and end by the clock."""
        ends = content.ends_at
        moved = {
            "starts_at": again.later(content.starts_at, days, zone),
            "ends_at": again.later(ends, days, zone) if ends else None,
        }
        return content.model_copy(update=moved)

    def facts(self, content: EventContent, zone: ZoneInfo, language: str) -> tuple[Fact, ...]:
        """The price."""
        price = lines.price(content.price, content.currency, language)
        return (Fact(gettext(language)("Price"), price),) if price else ()

    def news(
        self,
        matter: Matter,
        content: EventContent,
        zone: ZoneInfo,
        language: str,
        *,
        before: Content | None,
        now: datetime,
    ) -> str:
        """A new time, place or price, or what became of single dates."""
        if matter == "dates" and isinstance(before, EventContent):
            return "\n".join(dates_in_words.news(before, content, zone, language, now))
        if matter == "price":
            return lines.new_price(lines.price(content.price, content.currency, language), language)
        return super().news(matter, content, zone, language, before=before, now=now)

    def day(self, content: EventContent, zone: ZoneInfo, now: datetime) -> datetime:
        """The start of the date that runs at `now`, else of the next one."""
        date = schedule.upcoming(content, zone, now)
        return date.starts_at if date is not None else content.starts_at

    def structured(
        self, content: EventContent, merchant: str, zone: ZoneInfo, now: datetime
    ) -> dict[str, Any]:
        """https://schema.org/Event, of several dates an EventSeries."""
        organizer = {"@type": "Organization", "name": merchant}
        series = dates_as_data.series(content, zone, now)
        return dates_as_data.alone(content, zone) | {"organizer": organizer} | series

    def appointments(self, content: EventContent, zone: ZoneInfo) -> tuple[Appointment, ...]:
        """One component, with the rule of a series, and one more for each date of its own."""
        return event_calendar.appointments(content, zone)

    def window(self, content: EventContent, zone: ZoneInfo, now: datetime) -> Window:
        """The next date. Without hours, or without an end that is stated, it is the whole day."""
        several = schedule.repeats(content)
        one = schedule.upcoming(content, zone, now) if several else None
        start, end = (
            (one.starts_at, one.ends_at) if one else (content.starts_at, content.starts_at + content.length())
        )
        open_end = content.ends_at is None or content.ends_at == content.starts_at
        whole = content.all_day or open_end
        last = end - MOMENT if content.all_day else start
        return Window(
            "happens",
            start,
            last if whole else end,
            whole_days=whole,
            unstated=open_end and not content.all_day,
            next_only=several,
        )

    def from_cells(self, cells: Cells) -> dict[str, Any]:
        """Start and end, from a day and hours in whatever columns they stand."""
        return _times(cells) | (
            {"recurrence": cells.values["recurrence"]} if "recurrence" in cells.values else {}
        )


# From tables


def _times(cells: Cells) -> dict[str, Any]:
    found = cells.span(
        ("starts_at", "from", "day"), ("time",), ("ends_at", "until", "last_day"), ("end_time",), "all_day"
    )
    if found is None:
        return {}
    if found.whole_days or not isinstance(found.start, datetime):
        last = found.end
        ends = cells.day_after(last) if last is not None else None
        return {"starts_at": cells.at(found.start, time()), "ends_at": ends, "all_day": True}
    return {"starts_at": found.start, "ends_at": found.end}
