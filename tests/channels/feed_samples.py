"""Feeds as the formats get them, and what a reader's program makes of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import icalendar
from lxml import etree

from syndication.channels.built_in.feed.documents import FeedView, Format, Tombstone
from syndication.channels.envelope import PostView
from tests.channels.samples import AT, CITY, view

HUB = "https://hub.example/"
NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
}
#: Words that a merchant may hand in and that must stop no reader's program; `description` tells the tests apart.
HOSTILE: Mapping[str, Mapping[str, Any]] = {
    "script": {"title": "<script>alert(1)</script>", "body": "<script>alert(1)</script>", "summary": "<script>x"},
    "link": {"body": "[x](javascript:alert(1)) ![y](http://a.example/\"onerror=\"x)"},
    "form feed by its number": {"body": "a&#12;b &#xfffe; &#xffff; &#x1; &#xd800;"},
    "end of CDATA": {"title": "]]>", "summary": "]]>", "body": '[x](http://a.example "]]>") ]]>'},
    "non-characters": {"title": "a\uffffb", "summary": "a\ufffeb", "body": "a\uffffb"},
    "non-characters in addresses": {
        "url": "https://a.example/\ufffe",
        "images": [{"url": "https://a.example/\uffff.png", "alt": "x\uffff"}],
    },
    "lines for a calendar": {"summary": "a;b,c\\n", "body": "BEGIN:VEVENT\nEND:VCALENDAR\n\nX:y;z,\\", "topics": ["a-b"]},
    "many bytes a letter": {"title": "👩‍👩‍👧‍👦" * 20, "body": "ﷺ🍷ß" * 500},
    "right to left": {"title": "\u202eabc\u202c =?utf-8?q?x?= ﷽"},
}  # fmt: skip


def numbered(number: int, *, minutes: int = 0, revision: int = 1, **fields: Any) -> PostView:
    """A sample post with its own id, published `minutes` after the first."""
    moment = AT + timedelta(minutes=minutes)
    post = view(number, **fields)
    return replace(post, published_at=moment, updated_at=moment, revision=revision)


def feed(*posts: PostView, removed: tuple[Tombstone, ...] = (), **changes: Any) -> FeedView:
    """A feed of `posts` for everything, with a hub."""
    moments = [post.updated_at for post in posts] + [one.at for one in removed]
    values: dict[str, Any] = {
        "city": CITY,
        "kind": "",
        "topic": "",
        "merchant": "",
        "self_url": "https://coburg.example/feeds/all.feed",
        "hub": HUB,
        "updated": max(moments, default=None),
        "posts": posts,
        "removed": removed,
        "max_age": 300,
    }
    return FeedView(**values | changes)


def withdrawn(post: PostView, *, hours: int = 1) -> Tombstone:
    """What is left of `post`, withdrawn `hours` after its publishing."""
    return Tombstone(post, post.published_at + timedelta(hours=hours))


def found(document: bytes, path: str) -> Any:
    """What an XPath finds in a document that a strict parser accepts."""
    parser = etree.XMLParser(resolve_entities=False, recover=False)
    return etree.fromstring(document, parser).xpath(path, namespaces=NAMESPACES)


def events(document: bytes) -> dict[str, Any]:
    """The events of a calendar by their UID."""
    calendar = icalendar.Calendar.from_ical(document)
    assert calendar.errors == []
    entries = [one for one in calendar.walk("VEVENT") if isinstance(one, icalendar.Event)]
    assert all(one.errors == [] for one in entries)
    return {str(one["uid"]): one for one in entries}


def moment(text: str) -> datetime:
    """An aware moment from its ISO 8601 form."""
    return datetime.fromisoformat(text)


FORMATS: tuple[Format, ...] = ("rss", "atom", "json", "ics")
