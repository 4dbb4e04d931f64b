"""The dates of an event for search engines (schema.org): a series with its schedule and the dates that come next."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from syndication.content import recurrence, schedule
from syndication.content.schedule import Occurrence
from syndication.kinds.event_content import EventContent
from syndication.kinds.single import single

#: schema.org's words for a status.
_STATES = {
    "scheduled": "EventScheduled",
    "cancelled": "EventCancelled",
    "postponed": "EventPostponed",
    "sold_out": "EventScheduled",
}
_SCHEMA = "https://schema.org/"
#: Next dates that are told one by one; the days of RFC 5545 in schema.org's order.
_MOST = 12
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PERIODS = {"DAILY": "P{}D", "WEEKLY": "P{}W", "MONTHLY": "P{}M", "YEARLY": "P{}Y"}


def series(content: EventContent, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """What makes an Event an EventSeries: its schedule, and the dates that come next as events; empty for a single event."""
    if not schedule.repeats(content):
        return {}
    coming = list(islice(schedule.dates(content, zone, after=now), _MOST))
    told: dict[str, Any] = {
        "@type": "EventSeries",
        "subEvent": [_event(content, one, zone) for one in coming],
    }
    if coming:
        told |= {
            "startDate": _moment(content, coming[0].starts_at, zone),
            "endDate": _moment(content, coming[0].ends_at, zone, last=True),
        }
    if content.recurrence and (found := _schedule(content, zone)):
        told["eventSchedule"] = found
    return told


def _event(content: EventContent, date: Occurrence, zone: ZoneInfo) -> dict[str, Any]:
    alone = single(content, date)
    moved = date.own is not None and date.own.starts_at is not None
    state = "EventRescheduled" if moved and alone.status == "scheduled" else _STATES[alone.status]
    told: dict[str, Any] = {
        "@type": "Event",
        "name": alone.title,
        "startDate": _moment(content, date.starts_at, zone),
        "endDate": _moment(content, date.ends_at, zone, last=True),
        "eventStatus": _SCHEMA + state,
    }
    if moved:
        told["previousStartDate"] = _moment(content, date.recurrence_id, zone)
    if alone.place is not None:
        told["location"] = {"@type": "Place", "name": alone.place.name, "address": alone.place.address or ""}
    if alone.price is not None:
        told["offers"] = {
            "@type": "Offer",
            "price": str(alone.price),
            "priceCurrency": content.currency,
            "availability": _SCHEMA + ("SoldOut" if alone.status == "sold_out" else "InStock"),
        }
    return told


def _moment(content: EventContent, moment: datetime, zone: ZoneInfo, *, last: bool = False) -> str:
    """With its offset; a date for whole days, of which the end is the last one."""
    local = moment.astimezone(zone)
    if content.all_day:
        return (local - timedelta(microseconds=1) if last else local).date().isoformat()
    return local.isoformat()


def _schedule(content: EventContent, zone: ZoneInfo) -> dict[str, Any]:
    """The rule as a Schedule; empty where it cannot be read."""
    try:
        rule = recurrence.parsed(content.recurrence or "")
    except ValueError:
        return {}
    starts, last = content.starts_at.astimezone(zone), schedule.last_date(content, zone)
    told: dict[str, Any] = {
        "@type": "Schedule",
        "repeatFrequency": _PERIODS[rule.frequency].format(rule.interval),
        "startDate": starts.date().isoformat(),
        "scheduleTimezone": str(zone),
    }
    if last is not None:
        told["endDate"] = last.starts_at.astimezone(zone).date().isoformat()
    if not content.all_day:
        told["startTime"] = f"{starts:%H:%M:%S}"
        if content.ends_at is not None:
            told["endTime"] = f"{content.ends_at.astimezone(zone):%H:%M:%S}"
    if rule.days:
        told["byDay"] = [f"{place or ''}{_DAYS[weekday]}" for place, weekday in rule.days]
    if rule.month_days:
        told["byMonthDay"] = list(rule.month_days)
    if rule.months:
        told["byMonth"] = list(rule.months)
    if content.excluded:
        told["exceptDate"] = [_moment(content, moment, zone) for moment in content.excluded]
    return told
