"""The dates of an event for search engines (schema.org): a series with its schedule and the dates that come next."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from syndication.content import recurrence, schedule
from syndication.content.post import Place
from syndication.content.schedule import Occurrence
from syndication.kinds.contract import STATES
from syndication.kinds.event_content import EventContent
from syndication.kinds.single import single

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


def alone(content: EventContent, zone: ZoneInfo) -> dict[str, Any]:
    """An event of one date, or what all dates of a series have in common, as a https://schema.org/Event."""
    told: dict[str, Any] = {
        "@type": "Event",
        "startDate": _moment(content, content.starts_at, zone),
        "endDate": _moment(content, content.starts_at + content.length(), zone, last=True),
        "eventStatus": _SCHEMA + STATES[content.status],
        "eventAttendanceMode": _SCHEMA + "OfflineEventAttendanceMode",
    }
    if content.place is not None:
        told["location"] = _place(content.place)
    if content.price is not None:
        to_be_had = content.status in ("scheduled", "postponed")
        told["isAccessibleForFree"] = content.price == 0
        told["offers"] = {
            "@type": "Offer",
            "price": f"{content.price:.2f}" if content.price else "0",
            "priceCurrency": content.currency,
            "availability": _SCHEMA + ("InStock" if to_be_had else "SoldOut"),
        }
    return told


def _place(place: Place) -> dict[str, Any]:
    told: dict[str, Any] = {"@type": "Place", "name": place.name}
    if place.address:
        told["address"] = place.address
    if place.latitude is not None:
        told["geo"] = {"@type": "GeoCoordinates", "latitude": place.latitude, "longitude": place.longitude}
    return told


def _event(content: EventContent, date: Occurrence, zone: ZoneInfo) -> dict[str, Any]:
    one = single(content, date)
    told = {"name": one.title} | ({"description": one.summary} if one.summary else {}) | alone(one, zone)
    if date.own is not None and date.own.starts_at is not None and one.status == "scheduled":
        told["eventStatus"] = f"{_SCHEMA}EventRescheduled"
        told["previousStartDate"] = _moment(content, date.recurrence_id, zone)
    return told


def _moment(content: EventContent, moment: datetime, zone: ZoneInfo, *, last: bool = False) -> str:
    """With its offset; a date for whole days, of which the end is the last one."""
    local = moment.astimezone(zone)
    if content.all_day:
        return (local - timedelta(microseconds=1) if last else local).date().isoformat()
    return local.isoformat(timespec="seconds")


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
