"""Feed documents: a view in, bytes out, for each format."""

from syndication.channels.built_in.feed import json_feed
from syndication.channels.built_in.feed.view import FeedView, Format, Tombstone
from syndication.kinds import KINDS

__all__ = ["CONTENT_TYPES", "KINDS_OF", "FeedView", "Format", "Tombstone", "render"]

CONTENT_TYPES: dict[Format, str] = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
    "ics": "text/calendar; charset=utf-8",
}

#: The kinds of post that a format has words for, where it has not for all.
KINDS_OF: dict[Format, tuple[str, ...]] = {"ics": tuple(one.name for one in KINDS if one.in_calendars)}


def render(form: Format, view: FeedView) -> bytes:
    """The document; pure, so the same view always gives the same bytes and the same ETag."""
    # Their libraries are loaded where a document is written, not in each process that knows of feeds.
    match form:
        case "rss" | "atom":
            from syndication.channels.built_in.feed import xml

            return xml.render(form, view)
        case "json":
            return json_feed.render(view)
        case "ics":
            from syndication.channels.built_in.feed import calendar

            return calendar.render(view)
