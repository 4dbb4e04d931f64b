"""RSS 2.0 and Atom (RFC 4287), written by feedgen; what feedgen cannot say is added to its elements."""

from datetime import UTC, datetime
from html import escape
from typing import Any, Literal
from uuid import UUID

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from syndication.channels.built_in.feed.view import (
    KEPT,
    FeedView,
    Tombstone,
    clean,
    html,
    identity,
    media_type,
    title,
    when,
)
from syndication.channels.envelope import PostView
from syndication.content.licenses import LICENSES, name_of
from syndication.content.post import Image

_ATOM = "http://www.w3.org/2005/Atom"
#: Atom tombstones (RFC 6721).
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DC = "http://purl.org/dc/elements/1.1/"
#: The module of RSS for licences, which are addresses there: creativeCommonsRssModule at userland.com.
_CC = "http://backend.userland.com/creativeCommonsRssModule"
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class _FeedExtras(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """A hub's link and the next page's in both formats, and tombstones in Atom."""

    hub = ""
    following = ""
    removed: tuple[Tombstone, ...] = ()

    def extend_ns(self) -> dict[str, str]:
        """Namespaces for the root element."""
        return {"creativeCommons": _CC} | ({"at": _TOMBSTONES} if self.removed else {})

    def extend_rss(self, feed: Any) -> Any:
        """`<atom:link>` in the channel: `rel="hub"` (WebSub section 4), `rel="next"` (RFC 5005 section 3)."""
        for rel, href in self._links():
            feed[0].insert(3, etree.Element(f"{{{_ATOM}}}link", rel=rel, href=href))
        return feed

    def _links(self) -> list[tuple[str, str]]:
        links = (("hub", self.hub), ("next", self.following))
        return [(rel, href) for rel, href in links if href]

    def extend_atom(self, feed: Any) -> Any:
        """The same as `<link>`, and one `<at:deleted-entry>` for each withdrawn post."""
        for rel, href in self._links():
            etree.SubElement(feed, "link", rel=rel, href=href)
        for tombstone in self.removed:
            at = tombstone.at.isoformat()
            etree.SubElement(feed, f"{{{_TOMBSTONES}}}deleted-entry", ref=identity(tombstone.post), when=at)
        return feed


class _EntryExtras(BaseEntryExtension):  # type: ignore[misc]  # as above
    """Pictures and the language in Atom, the moment of the last revision in RSS, which has no word for it, and the licence."""

    updated: datetime | None = None
    images: tuple[Image, ...] = ()
    #: Of the entry, where it is not that of the feed.
    language = ""
    #: An SPDX id; empty: not said.
    license = ""

    def extend_rss(self, entry: Any) -> Any:
        """`<atom:updated>`, `<dc:rights>`, and `<creativeCommons:license>` where the licence has an address."""
        if self.license:
            etree.SubElement(entry, f"{{{_DC}}}rights").text = name_of(self.license)
            if LICENSES[self.license]:
                etree.SubElement(entry, f"{{{_CC}}}license").text = LICENSES[self.license]
        if self.updated is not None:
            etree.SubElement(entry, f"{{{_ATOM}}}updated").text = self.updated.isoformat()
        return entry

    def extend_atom(self, entry: Any) -> Any:
        """One `<link rel="enclosure">` for each picture (RFC 4287 section 4.2.7.2), `xml:lang` (section 2), `<rights>` (section
        4.2.10) and `<link rel="license">` (RFC 4946)."""
        if self.language:
            entry.set(_LANGUAGE, self.language)
        if self.license:
            etree.SubElement(entry, "rights").text = name_of(self.license)
            if LICENSES[self.license]:
                etree.SubElement(entry, "link", rel="license", href=LICENSES[self.license])
        for image in self.images:
            link = {"href": clean(image.url), "type": media_type(image), "title": clean(image.alt)}
            etree.SubElement(entry, "link", rel="enclosure", **link)
        return entry


def render(form: Literal["rss", "atom"], view: FeedView) -> bytes:
    """The document in UTF-8. The same view gives the same bytes."""
    entries = _entries(form, view)
    head, end, rest = _written(form, _feed(view)).rpartition(_ENDS[form])
    return b"".join([head, *entries, end, rest])


#: What stands behind the last entry, and how one begins and ends: in a text each `<` is written as `&lt;`.
_ENDS = {"rss": b"</channel>", "atom": b"</feed>"}
_ENTRY = {"rss": (b"<item", b"</item>"), "atom": (b"<entry", b"</entry>")}
#: Entries as they were written last, each with the post it says: of a feed that is built again most are as they were.
_written_entries: dict[tuple[str, str, str, UUID], tuple[PostView, bytes]] = {}


def _entries(form: Literal["rss", "atom"], view: FeedView) -> list[bytes]:
    """The entries in their order; the ones that are new are written together, as feedgen does."""
    if len(_written_entries) > 2 * KEPT:
        _written_entries.clear()
    places = [(form, when(post, view), view.city.language, post.id) for post in view.posts]
    known = {place: _written_entries.get(place) for place in places}
    fresh = []
    for place, post in zip(places, view.posts, strict=True):
        if (kept := known[place]) is None or kept[0] != post:
            fresh.append((place, post))
    if fresh:
        feed = _feed(view)
        for _, post in fresh:
            _fill(form, feed.add_entry(order="append"), post, view)
        begin, end = _ENTRY[form]
        whole = _written(form, feed).rpartition(_ENDS[form])[0]
        pieces = whole[whole.index(begin) :].removesuffix(end).split(end)
        for (place, post), piece in zip(fresh, pieces, strict=True):
            known[place] = _written_entries[place] = (post, piece + end)
    return [kept[1] for place in places if (kept := known[place]) is not None]


def _written(form: Literal["rss", "atom"], feed: Any) -> bytes:
    document: bytes = feed.rss_str(pretty=False) if form == "rss" else feed.atom_str(pretty=False)
    return document


def _feed(view: FeedView) -> Any:
    feed = FeedGenerator()
    feed.register_extension("extras", _FeedExtras, _EntryExtras)
    feed.load_extension("dc", atom=False)
    feed.extras.hub, feed.extras.following, feed.extras.removed = view.hub, view.next_url, view.removed
    feed.id(view.self_url)
    feed.title(clean(view.title))
    feed.subtitle(clean(view.description))
    feed.author(name=clean(view.city.name))
    # The last link is the one that feedgen makes the channel's in RSS.
    feed.link(href=view.page_url or view.self_url, rel="self")
    feed.link(href=view.city.base_url, rel="alternate")
    feed.language(view.city.language)
    feed.updated(view.updated or _NEVER)
    feed.lastBuildDate(view.updated or _NEVER)
    feed.ttl(max(1, view.max_age // 60))
    feed.generator("syndication")
    return feed


def _fill(form: str, entry: FeedEntry, post: PostView, view: FeedView) -> None:
    content = post.content
    entry.id(identity(post))
    entry.guid(identity(post), permalink=False)
    entry.title(title(post))
    entry.link(href=clean(post.link), rel="alternate")
    entry.published(post.published_at)
    entry.updated(post.updated_at)
    # Not as CDATA, which a text with its end in it would break; feedgen escapes.
    entry.content(html(post, when(post, view), view.city.zone), type="html")
    entry.category(term=content.kind)
    for topic in content.topics:
        label = {"label": clean(topic.spelling)} if topic.spelling != topic else {}
        entry.category(term=str(topic), **label)
    entry.extras.updated, entry.extras.images = post.updated_at, content.images
    entry.extras.license = post.merchant.license_texts
    entry.extras.language = content.language if content.language != view.city.language else ""
    if form == "atom":
        if content.summary:
            entry.summary(clean(content.summary))
        uri = {"uri": clean(post.merchant.url)} if post.merchant.url else {}
        entry.author(name=clean(post.merchant.name), **uri)
        return
    if content.summary:
        entry.description(escape(clean(content.summary)))  # readers take it for HTML
    entry.dc.dc_creator(clean(post.merchant.name))
    if content.images:
        # RSS takes one, and wants a length, which nobody knows before it is fetched (RSS 2.0: "length says how big it is").
        entry.enclosure(clean(content.images[0].url), "0", media_type(content.images[0]))
