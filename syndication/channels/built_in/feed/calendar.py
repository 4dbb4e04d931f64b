"""iCalendar (RFC 5545): what takes place; cancelled and withdrawn ones stay, since a calendar that polls learns no other way."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from icalendar.prop import vText

from syndication import kinds
from syndication.channels import wording
from syndication.channels.built_in.feed import zone as zones
from syndication.channels.built_in.feed.view import KEPT_EVENTS, FeedView, clean, text, title
from syndication.channels.envelope import PostView
from syndication.kinds.contract import Appointment

#: RFC 5545 section 3.8.1.11; what is sold out still takes place, its title says that it is full.
_STATES = {
    "scheduled": "CONFIRMED",
    "cancelled": "CANCELLED",
    "postponed": "TENTATIVE",
    "sold_out": "CONFIRMED",
}


def render(view: FeedView) -> bytes:
    """The calendar in UTF-8 with CRLF line ends. The same view gives the same bytes."""
    head = Calendar()
    head.add("prodid", "-//syndication//feeds//EN")
    head.add("version", "2.0")
    head.add("method", "PUBLISH")
    head.add("x-wr-calname", vText(clean(view.title)))
    head.add("x-wr-timezone", vText(str(view.city.zone)))
    # RFC 7986 section 5.7, and the older name that more programs know.
    refresh = f"PT{max(1, view.max_age // 60)}M"
    pieces = [head.to_ical().removesuffix(b"END:VCALENDAR\r\n")]
    pieces.append(f"REFRESH-INTERVAL;VALUE=DURATION:{refresh}\r\nX-PUBLISHED-TTL:{refresh}\r\n".encode())
    host = urlsplit(view.city.base_url).hostname or "localhost"
    told: list[tuple[PostView, datetime | None]] = [(post, None) for post in view.posts]
    told += [(one.post, one.at) for one in view.removed]
    events = [_events(post, host, view.city.zone, at) for post, at in told]
    if any(events):
        pieces.append(zones.described(view.city.zone))
    pieces += events
    return b"".join([*pieces, b"END:VCALENDAR\r\n"])


@lru_cache(maxsize=KEPT_EVENTS)
def _events(post: PostView, host: str, zone: ZoneInfo, removed: datetime | None) -> bytes:
    """What stands in a calendar of a post; nothing of one whose kind has no word there."""
    appointments = kinds.of(post.content).appointments(post.content, zone)
    # What was taken back takes its single dates along.
    told = [one for one in appointments if one.recurrence_id is None or not removed]
    return b"".join(_event(post, one, host, zone, removed) for one in told)


def _event(post: PostView, one: Appointment, host: str, zone: ZoneInfo, removed: datetime | None) -> bytes:
    post = post if one.said is None else replace(post, content=one.said)
    content = post.content
    event = Event()
    event.add("uid", f"{post.id}{one.part and '-'}{one.part}@{host}")
    # RFC 5545 section 3.8.7.4: grows with each revision, and once more for a withdrawal.
    event.add("sequence", post.revision - 1 + (1 if removed else 0))
    event.add("dtstamp", removed or post.updated_at)
    event.add("created", post.published_at)
    event.add("last-modified", removed or post.updated_at)
    # What was withdrawn was taken back, its words too.
    said = clean(one.title) or title(post)
    event.add("summary", wording.mark("withdrawn", content.language) if removed else said)
    event.add("status", "CANCELLED" if removed else _STATES[content.standing])
    event.add("dtstart", one.start)
    if one.end is not None:
        event.add("dtend", one.end)
    if one.rule is not None:
        event.add("rrule", one.rule)
    for name, moments in (("exdate", one.excluded), ("rdate", one.added)):
        if moments:
            event.add(name, list(moments), **_type(one))
    if one.recurrence_id is not None:
        event.add("recurrence-id", one.recurrence_id)
    if not removed:
        _add_facts(event, post, one, zone)
    return bytes(event.to_ical())


def _type(one: Appointment) -> dict[str, Any]:
    """Lists of dates say that they are none of moments."""
    return {} if isinstance(one.start, datetime) else {"parameters": {"VALUE": "DATE"}}


def _add_facts(event: Event, post: PostView, one: Appointment, zone: ZoneInfo) -> None:
    content = post.content
    # When it is, the calendar itself says.
    event.add("description", clean(one.text) or text(post, "", zone))
    event.add("url", clean(post.link))
    if content.place is not None:
        event.add(
            "location", clean(", ".join(part for part in (content.place.name, content.place.address) if part))
        )
        if content.place.latitude is not None and content.place.longitude is not None:
            event.add("geo", (content.place.latitude, content.place.longitude))
    if content.topics:
        event.add("categories", [topic.spelling for topic in content.topics])
