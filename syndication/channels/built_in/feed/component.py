"""One component of a calendar (RFC 5545 section 3.6.1): what a post says, at the times of an appointment."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Event, vUri

from syndication.channels import wording
from syndication.channels.built_in.feed.view import clean, text, title
from syndication.channels.envelope import PostView
from syndication.content.licenses import LICENSES
from syndication.kinds.contract import Appointment

#: RFC 5545 section 3.8.1.11; what is sold out still takes place, its title says that it is full.
_STATES = {
    "scheduled": "CONFIRMED",
    "cancelled": "CANCELLED",
    "postponed": "TENTATIVE",
    "sold_out": "CONFIRMED",
}


def component(
    post: PostView,
    one: Appointment,
    uid: str,
    zone: ZoneInfo,
    *,
    removed: datetime | None = None,
    behind: int = 0,
) -> bytes:
    """The component under `uid`; of what was `removed` only that it was. `behind`: its SEQUENCE is higher by so much."""
    post = post if one.said is None else replace(post, content=one.said)
    content = post.content
    event = Event()
    event.add("uid", uid)
    # RFC 5545 section 3.8.7.4: grows with each revision, and once more for a withdrawal.
    event.add("sequence", behind + post.revision - 1 + (1 if removed else 0))
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


def uid(post: PostView, one: Appointment, host: str) -> str:
    """What a component of a post by itself is known by for ever (RFC 5545 section 3.8.4.7)."""
    return f"{post.id}{one.part and '-'}{one.part}@{host}"


def _type(one: Appointment) -> dict[str, Any]:
    """Lists of dates say that they are none of moments."""
    return {} if isinstance(one.start, datetime) else {"parameters": {"VALUE": "DATE"}}


def _add_facts(event: Event, post: PostView, one: Appointment, zone: ZoneInfo) -> None:
    content = post.content
    # When it is, the calendar itself says.
    event.add("description", clean(one.text) or text(post, "", zone))
    event.add("url", clean(post.link))
    if address := LICENSES.get(post.merchant.license_texts):
        # RFC 9253 section 8.2; of the relations of RFC 8288, "license" is the one of RFC 4946.
        event.add("link", vUri(address), parameters={"LINKREL": "license", "VALUE": "URI"})
    if content.place is not None:
        event.add(
            "location", clean(", ".join(part for part in (content.place.name, content.place.address) if part))
        )
        if content.place.latitude is not None and content.place.longitude is not None:
            event.add("geo", (content.place.latitude, content.place.longitude))
    if content.topics:
        event.add("categories", [topic.spelling for topic in content.topics])
