"""The iCalendar feed (RFC 5545): events only, cancelled and withdrawn ones included, so that subscribed calendars remove them."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vRecur
from icalendar.prop import vText

from syndication.channels import wording
from syndication.channels.built_in.feed.view import KEPT, FeedView, clean, text, title
from syndication.channels.envelope import PostView
from syndication.content.post import Content

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
    events = [(post, None) for post in view.posts if post.content.starts_at]
    gone = [(one.post, one.at) for one in view.removed if one.post.content.starts_at]
    if events or gone:
        pieces.append(_timezone(view.city.zone))
    pieces += [_event(post, host, view.city.zone, at) for post, at in (*events, *gone)]
    return b"".join([*pieces, b"END:VCALENDAR\r\n"])


@lru_cache(maxsize=4)
def _timezone(zone: ZoneInfo) -> bytes:
    """The zone's rules, so that a repeated event keeps its wall-clock time on every device."""
    return bytes(Timezone.from_tzid(str(zone), first_date=_FIRST, last_date=_LAST).to_ical())


@lru_cache(maxsize=KEPT)
def _event(post: PostView, host: str, zone: ZoneInfo, removed: datetime | None) -> bytes:
    content = post.content
    event = Event()
    event.add("uid", f"{post.id}@{host}")
    # RFC 5545 section 3.8.7.4: grows with each revision, and once more for a withdrawal.
    event.add("sequence", post.revision - 1 + (1 if removed else 0))
    event.add("dtstamp", removed or post.updated_at)
    event.add("created", post.published_at)
    event.add("last-modified", removed or post.updated_at)
    # What was withdrawn was taken back, its words too.
    event.add("summary", wording.mark("withdrawn", content.language) if removed else title(post))
    event.add("status", "CANCELLED" if removed else _STATES[content.status])
    _add_times(event, content, zone)
    if content.recurrence:
        event.add("rrule", _rule(content, zone))
    if not removed:
        _add_facts(event, post, zone)
    return bytes(event.to_ical())


def _add_times(event: Event, content: Content, zone: ZoneInfo) -> None:
    assert content.starts_at is not None
    start = content.starts_at.astimezone(zone)
    if content.all_day:
        days = max(1, round((content.length()) / timedelta(days=1)))
        event.add("dtstart", start.date())
        event.add("dtend", start.date() + timedelta(days=days))
        return
    event.add("dtstart", start)
    if content.ends_at is not None and content.ends_at > content.starts_at:
        event.add("dtend", content.ends_at.astimezone(zone))


def _rule(content: Content, zone: ZoneInfo) -> vRecur:
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


def _add_facts(event: Event, post: PostView, zone: ZoneInfo) -> None:
    content = post.content
    event.add("description", text(post, zone))
    event.add("url", clean(post.link))
    if content.place is not None:
        event.add(
            "location", clean(", ".join(part for part in (content.place.name, content.place.address) if part))
        )
        if content.place.latitude is not None and content.place.longitude is not None:
            event.add("geo", (content.place.latitude, content.place.longitude))
    if content.topics:
        event.add("categories", list(content.topics))
