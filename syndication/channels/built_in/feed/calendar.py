"""iCalendar (RFC 5545): what takes place; cancelled and withdrawn ones stay, since a calendar that polls learns no other way."""

from datetime import date, datetime
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone
from icalendar.prop import vText

from syndication import kinds
from syndication.channels import wording
from syndication.channels.built_in.feed.view import KEPT, FeedView, clean, text, title
from syndication.channels.envelope import PostView
from syndication.kinds.contract import Appointment

#: RFC 5545 section 3.8.1.11; what is sold out still takes place, its title says that it is full.
_STATES = {
    "scheduled": "CONFIRMED",
    "cancelled": "CANCELLED",
    "postponed": "TENTATIVE",
    "sold_out": "CONFIRMED",
}
#: The years for which the zone's changes of clock are written out.
_FIRST, _LAST = date(2020, 1, 1), date(2038, 1, 1)


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
        pieces.append(_timezone(view.city.zone))
    pieces += events
    return b"".join([*pieces, b"END:VCALENDAR\r\n"])


@lru_cache(maxsize=4)
def _timezone(zone: ZoneInfo) -> bytes:
    """The zone's rules, so that a repeated event keeps its wall-clock time on every device."""
    return bytes(Timezone.from_tzid(str(zone), first_date=_FIRST, last_date=_LAST).to_ical())


@lru_cache(maxsize=KEPT)
def _events(post: PostView, host: str, zone: ZoneInfo, removed: datetime | None) -> bytes:
    """What stands in a calendar of a post; nothing of one whose kind has no word there."""
    appointments = kinds.of(post.content).appointments(post.content, zone)
    return b"".join(_event(post, one, host, zone, removed) for one in appointments)


def _event(post: PostView, one: Appointment, host: str, zone: ZoneInfo, removed: datetime | None) -> bytes:
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
    if not removed:
        _add_facts(event, post, one, zone)
    return bytes(event.to_ical())


def _add_facts(event: Event, post: PostView, one: Appointment, zone: ZoneInfo) -> None:
    content = post.content
    event.add("description", clean(one.text) or text(post, zone))
    event.add("url", clean(post.link))
    if content.place is not None:
        event.add(
            "location", clean(", ".join(part for part in (content.place.name, content.place.address) if part))
        )
        if content.place.latitude is not None and content.place.longitude is not None:
            event.add("geo", (content.place.latitude, content.place.longitude))
    if content.topics:
        event.add("categories", list(content.topics))
