"""What a channel is given to render: the post, its publisher, the city, and what happened to the post."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from syndication.channels.settings import Settings
from syndication.content.post import Action, Content, Matter, matters

Queue = Literal["push", "mail", "feeds"]


@dataclass(frozen=True)
class City:
    """The deployment, as texts need it. `base_url` has no slash at its end."""

    name: str
    base_url: str
    zone: ZoneInfo
    language: str = "de"
    imprint: str = ""
    #: Which pages there are about who is behind it: `imprint`, `privacy`, `accessibility`.
    pages: tuple[str, ...] = ()
    #: Colours of mails: the city's, and that of links.
    brand: str = "#b3402a"
    link: str = "#0b5d8a"
    #: Where pages find its own colours and its logo; empty: it has none.
    stylesheet: str = ""
    logo: str = ""


@dataclass(frozen=True)
class Publisher:
    """The merchant behind a post, with the imprint that every outlet carries; licences are SPDX ids, empty: not said."""

    slug: str
    name: str
    url: str | None = None
    address: str = ""
    district: str | None = None
    license_texts: str = ""
    license_pictures: str = ""


@dataclass(frozen=True)
class PostView:
    """A post at one revision. Moments are aware, in UTC; `link` is the page to send people to.

    `weekly`: what comes every week of which it is the date `weekly_on`.
    """

    id: UUID
    revision: int
    content: Content
    merchant: Publisher
    published_at: datetime
    updated_at: datetime
    link: str
    over_at: datetime | None = None
    weekly: UUID | None = None
    weekly_on: date | None = None
    #: How its topics are spelled, so that two views are equal only where they look the same: topics are equal by their slugs.
    spelled: tuple[str, ...] = ()


@dataclass(frozen=True)
class WeeklyView:
    """What comes every `interval` weeks, on the city's days from `start` to `until` (None: for ever), not on those `off`.

    `content` is what all its dates say, as on `start`. Moments are in UTC.
    """

    id: UUID
    content: Content
    merchant: Publisher
    start: date
    interval: int
    until: date | None
    off: tuple[date, ...]
    sequence: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Envelope:
    """One change for one destination.

    `key` is equal on every try, so a receiver can recognise a repeat. `tried_at` is this try's moment (UTC).
    `reference` is what the remote called the post when it last accepted it, or None. `sequence` grows with each change.
    `shown` is what the outlet last accepted of this post, or None. `doubtful`: an earlier try may have arrived there
    without our knowing, so an outlet that keeps a reference should be looked at before the post is made again;
    `earlier` is what such tries said where the post was revised since.
    """

    key: str
    action: Action
    post: PostView
    city: City
    settings: Settings
    tried_at: datetime
    sequence: int
    reference: str | None = None
    shown: Content | None = None
    doubtful: bool = False
    earlier: tuple[Content, ...] = ()
    test: bool = False

    @property
    def changed(self) -> tuple[Matter, ...]:
        """What people who saw the earlier version must be told; empty for mere wording, and for a first version."""
        return matters(self.shown, self.post.content, self.tried_at) if self.shown is not None else ()

    def saying(self, content: Content) -> "Envelope":
        """The same change, had the post said `content`."""
        return replace(self, post=replace(self.post, content=content))


@dataclass(frozen=True)
class Copy:
    """One reader's copy of a composed edition; `parts` is what `newsletter.compose` returned, through JSON."""

    key: str
    parts: Mapping[str, Any]
    address: str
    leave_token: str
    city: City
    sender: str
    tried_at: datetime


@dataclass(frozen=True)
class Note:
    """Something that is no post, for one person or machine: a confirmation, a warning, a ping. `payload` is plain JSON."""

    key: str
    payload: Mapping[str, Any]
    city: City
    settings: Settings
    sender: str
    tried_at: datetime
