"""iCalendar (RFC 5545): what takes place; cancelled and withdrawn ones stay, since a calendar that polls learns no other way."""

from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar.prop import vText

from syndication import kinds
from syndication.channels.built_in.feed import weekly_dates
from syndication.channels.built_in.feed import zone as zones
from syndication.channels.built_in.feed.component import component, uid
from syndication.channels.built_in.feed.view import KEPT_EVENTS, FeedView, clean
from syndication.channels.envelope import PostView, WeeklyView


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
    weekly = {one.id for one in view.weekly}
    told: list[tuple[PostView, datetime | None]] = [(post, None) for post in view.posts]
    told += [(one.post, one.at) for one in view.removed]
    events = [_events(post, host, view.city.zone, at) for post, at in told if post.weekly not in weekly]
    events += [_weekly(one, view, host) for one in view.weekly]
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
    return b"".join(component(post, one, uid(post, one, host), zone, removed=removed) for one in told)


def _weekly(one: WeeklyView, view: FeedView, host: str) -> bytes:
    dates = tuple(post for post in view.posts if post.weekly == one.id)
    return weekly_dates.components(one, dates, host, view.city.base_url, view.city.zone)
