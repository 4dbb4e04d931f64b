"""iCalendar (RFC 5545): events alone; cancelled and withdrawn ones stay, since a calendar that polls learns no other way."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur
from icalendar.prop import vText

from syndication.channels import wording
from syndication.channels.built_in.feed import zone as zones
from syndication.channels.built_in.feed.view import KEPT, FeedView, clean, text, title
from syndication.channels.envelope import PostView
from syndication.content import schedule
from syndication.content.post import Content
from syndication.content.single import single

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
    events = [(post, None) for post in view.posts if post.content.starts_at]
    gone = [(one.post, one.at) for one in view.removed if one.post.content.starts_at]
    if events or gone:
        pieces.append(zones.described(view.city.zone))
    pieces += [_events(post, host, view.city.zone, at) for post, at in (*events, *gone)]
    return b"".join([*pieces, b"END:VCALENDAR\r\n"])


@lru_cache(maxsize=KEPT)
def _events(post: PostView, host: str, zone: ZoneInfo, removed: datetime | None) -> bytes:
    """The event, and behind it one more of the same UID for each date of its own (RFC 5545 section 3.8.4.4)."""
    content = post.content
    event = _event(post, host, zone, removed)
    if content.recurrence:
        event.add("rrule", _rule(content, zone))
    excluded = [*content.excluded, *_not_by_the_rule(content, zone)]
    added = [moment for moment in content.added if moment != content.starts_at]
    for name, moments in (("exdate", excluded), ("rdate", added)):
        if moments:
            event.add(name, [_moment(one, content, zone) for one in sorted(moments)], **_type(content))
    pieces = [bytes(event.to_ical())]
    for date_of_its_own in () if removed else schedule.own_dates(content, zone):
        alone = replace(post, content=single(content, date_of_its_own))
        event = _event(alone, host, zone, None)
        event.add("recurrence-id", _moment(date_of_its_own.recurrence_id, content, zone))
        pieces.append(bytes(event.to_ical()))
    return b"".join(pieces)


def _not_by_the_rule(content: Content, zone: ZoneInfo) -> list[datetime]:
    """A start that the rule leaves out: programs count it as a date (RFC 5545 section 3.8.5.3), and nobody said it is."""
    first, starts = schedule.first_by_rule(content, zone), content.starts_at
    if first is None or starts is None or starts in content.added:
        return []
    return [starts] if first != starts.replace(microsecond=0) else []


def _moment(moment: datetime, content: Content, zone: ZoneInfo) -> date | datetime:
    """Of the type of DTSTART."""
    local = moment.astimezone(zone)
    return local.date() if content.all_day else local


def _type(content: Content) -> dict[str, Any]:
    return {"parameters": {"VALUE": "DATE"}} if content.all_day else {}


def _event(post: PostView, host: str, zone: ZoneInfo, removed: datetime | None) -> Event:
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
    if not removed:
        _add_facts(event, post, zone)
    return event


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
    # When it is, the calendar itself says.
    event.add("description", text(post, ""))
    event.add("url", clean(post.link))
    if content.place is not None:
        event.add(
            "location", clean(", ".join(part for part in (content.place.name, content.place.address) if part))
        )
        if content.place.latitude is not None and content.place.longitude is not None:
            event.add("geo", (content.place.latitude, content.place.longitude))
    if content.topics:
        event.add("categories", list(content.topics))
