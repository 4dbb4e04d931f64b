"""The data a feed document is rendered from, and the wording that all formats share."""

import mimetypes
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndication import kinds
from syndication.channels import wording
from syndication.channels.envelope import City, PostView, WeeklyView
from syndication.content.post import Content, Image
from syndication.infra.markdown import markdown_to_html, markdown_to_text, plain_to_html
from syndication.infra.rendering import gettext

Format = Literal["rss", "atom", "json", "ics"]

#: Posts whose rendered words a process keeps: a feed is rebuilt for one changed post, the other hundreds are as they were.
KEPT = 1000
#: The same of a calendar, which holds far more.
KEPT_EVENTS = 6000
#: What XML 1.0 section 2.2 forbids. Markdown lets some of it through where it is written as a number, such as `&#12;`.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Tombstone:
    """A post that was withdrawn `at` that moment (UTC), as it last was."""

    post: PostView
    at: datetime


@dataclass(frozen=True)
class FeedView:
    """One feed: what it is about (empty facets mean everything), and its posts, in the order in which they stand.

    `merchant` is a name for people. `updated` is the newest change in it, None where nothing ever happened;
    `max_age` in seconds.
    """

    city: City
    kind: str
    topic: str
    merchant: str
    self_url: str
    hub: str
    updated: datetime | None
    posts: tuple[PostView, ...]
    removed: tuple[Tombstone, ...]
    max_age: int
    #: When it is built (UTC): dates are told as of then. None: as of the revision of each post.
    now: datetime | None = None
    #: Where this is a later page of the feed: its own address. The next page's, where there is one.
    page_url: str = ""
    next_url: str = ""
    #: What comes every week in it; its dates that are out stand among the posts.
    weekly: tuple[WeeklyView, ...] = ()

    @property
    def title(self) -> str:
        """What the feed is called in a reader's list."""
        return " · ".join([self.city.name, *self._about()])

    @property
    def description(self) -> str:
        """One sentence about the feed."""
        say = gettext(self.city.language)
        about = self._about() or [say("Offers and events")]
        return say("{} from {}").format(", ".join(about), self.city.name)

    def _about(self) -> list[str]:
        kind = kinds.by_name(self.kind).heading(self.city.language) if self.kind else ""
        return [part for part in (kind, self.topic, self.merchant) if part]


def identity(post: PostView) -> str:
    """The id of a post in all formats, the same for ever (RFC 4122)."""
    return f"urn:uuid:{post.id}"


def media_type(image: Image) -> str:
    """The type of a picture, as its address tells it."""
    return mimetypes.guess_type(urlsplit(image.url).path)[0] or "image/jpeg"


def title(post: PostView) -> str:
    """The title with what happened to it, in the post's own language."""
    return clean(wording.title(post.content, post.content.language))


def when(post: PostView, view: FeedView) -> str:
    """When it next takes place, in the post's own language."""
    content = post.content
    return wording.when(content, view.city.zone, content.language, view.now or post.updated_at)


def facts(content: Content, when: str, zone: ZoneInfo) -> list[str]:
    """When, where, for how much: a line each, in the post's own language."""
    language = content.language
    lines = [when, wording.where(content)]
    lines += [one.whole for one in wording.facts(content, zone, language)]
    return [clean(line) for line in lines if line]


def text(post: PostView, when: str, zone: ZoneInfo) -> str:
    """The whole post as plain text, and when it is in these words."""
    return _text(post.content, when, zone, post.merchant.name, post.merchant.address)


@lru_cache(maxsize=KEPT)
def _text(content: Content, when: str, zone: ZoneInfo, name: str, address: str) -> str:
    body = clean(markdown_to_text(content.body))
    by = clean(", ".join(part for part in (name, address) if part))
    return "\n\n".join(
        part for part in ("\n".join(facts(content, when, zone)), clean(content.summary), body, by) if part
    )


def html(post: PostView, when: str, zone: ZoneInfo) -> str:
    """The whole post as harmless HTML, and when it is in these words."""
    return _html(post.content, when, zone, post.merchant.name, post.merchant.address)


@lru_cache(maxsize=KEPT)
def _html(content: Content, when: str, zone: ZoneInfo, name: str, address: str) -> str:
    head = "<br>".join(escape(line) for line in facts(content, when, zone))
    parts = [
        f"<p>{head}</p>" if head else "",
        f"<p>{plain_to_html(clean(content.summary))}</p>" if content.summary else "",
    ]
    parts.append(clean(markdown_to_html(content.body)) if content.body else "")
    by = ", ".join(part for part in (name, address) if part)
    return "".join([*parts, f"<p>{escape(clean(by))}</p>"])


def clean(words: str) -> str:
    """Without what no XML document may hold: one such character would cost everybody the whole feed."""
    return _FORBIDDEN.sub("", words)
