"""Feed documents: stored as bytes with their ETag, rebuilt once after any number of changes, never served stale."""

import gzip
import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audience import feed_pages
from syndication.channels.built_in.feed.documents import KINDS_OF, FeedView, Format, Tombstone, render
from syndication.channels.built_in.websub import WebSub
from syndication.channels.envelope import PostView, WeeklyView
from syndication.config import Settings, settings
from syndication.content.base import slugify
from syndication.content.reason import Reason
from syndication.errors import NotFound, Unavailable
from syndication.infra import db, wakeups
from syndication.kinds import NAMES, UNLISTED
from syndication.ledger import lifecycle
from syndication.models import Delivery, Destination, FeedDocument, Merchant, Post, PostTopic
from syndication.publishing import coming, filing, topics, views, weekly_views

__all__ = [
    "FORMATS",
    "Document",
    "Moved",
    "Scope",
    "Shelf",
    "document",
    "parse_scope",
    "ping",
    "sweep",
]

FORMATS: tuple[Format, ...] = get_args(Format)
#: A withdrawn post is named as removed this long: readers that poll once a month must still learn of it.
_REMEMBERED = timedelta(days=30)
#: Seconds that somebody waits for the pages of others.
_PATIENCE = 3.0
_CROWDED = Reason("Too many pages of feeds are being asked for. Please try again in a moment.")
_one_at_a_time = threading.Lock()
_FACETS = ("kind", "topic", "merchant")
_LONGEST = 200


@dataclass(frozen=True)
class Scope:
    """What a feed is about; an empty facet means everything."""

    kind: str = ""
    topic: str = ""
    merchant: str = ""

    def __str__(self) -> str:
        return "/".join(f"{name}/{value}" for name in _FACETS if (value := getattr(self, name))) or "all"


class Moved(NotFound):
    """The topic of a feed is filed elsewhere now; `to` is the scope under which it goes on."""

    def __init__(self, to: Scope) -> None:
        super().__init__("There is no such feed.")
        self.to = to


@dataclass(frozen=True)
class Document:
    """A finished document. `modified_at` (UTC, whole seconds) is when its bytes last changed; the ETag is strong."""

    body: bytes
    compressed: bytes
    etag: str
    modified_at: datetime


def parse_scope(text: str) -> Scope:
    """The scope that the path of a feed names, such as `kind/event/topic/musik`. Raises NotFound."""
    if text == "all":
        return Scope()
    parts = text.split("/")
    found = dict(zip(parts[::2], parts[1::2], strict=False))
    scope = Scope(**{name: value for name, value in found.items() if name in _FACETS})
    # One scope has one address: facets in the fixed order, each once, slugs as we write them.
    proper = str(scope) == text and len(text) <= _LONGEST and scope.kind in ("", *NAMES)
    if not proper or any(value != slugify(value) for value in (scope.topic, scope.merchant)):
        raise NotFound("There is no such feed.")
    return scope


def document(scope: str, form: Format, *, known: Document | None = None) -> Document:
    """The fresh document of a scope, built now where it is missing or stale. Raises NotFound for an unknown scope.

    `known` is one that the caller got earlier; it comes back, and its bytes are not read again, where it is still the one.
    """
    with db.reading() as session:
        state = _state(session, scope, form)
        fresh = state is not None and state.is_fresh(clock.now())
        if state is not None and fresh:
            return _read(session, scope, form, state, known)
    if state is None:
        _create(parse_scope(scope), form)
    _build(scope, [form])
    with db.reading() as session:
        state = _state(session, scope, form)
        assert state is not None
        return _read(session, scope, form, state, known)


def later_page(scope: str, form: Format, number: int, *, known: Document | None = None) -> Document:
    """A page of a feed behind the first, made for whoever asks and not kept: few read so far, and each change moves all.

    One is made at a time in a process. Raises NotFound for an unknown scope and a page that there is not, and Unavailable
    where too many are asked for.
    """
    if number < 2 or form in KINDS_OF:
        raise NotFound("There is no such feed.")
    if not _one_at_a_time.acquire(timeout=_PATIENCE):
        raise Unavailable(_CROWDED, _PATIENCE)
    try:
        return _later_page(scope, form, number, known)
    finally:
        _one_at_a_time.release()


def _later_page(scope: str, form: Format, number: int, known: Document | None) -> Document:
    cfg = settings()
    parsed, now = parse_scope(scope), clock.now()
    with db.reading() as session:
        _check_known(session, parsed)
        page = feed_pages.page(
            session, list(_conditions(parsed, form)), number, cfg.feed_size, now, cfg.base_url
        )
        if not page.posts:
            raise NotFound("There is no such page of this feed.")
        name = _merchant_name(session, parsed.merchant)
        topic = topics.name(session, parsed.topic) if parsed.topic else ""
    material = _Material({}, page.posts, page.more, [], [], name, topic, now, None)
    body = render(form, _view(scope, form, material, cfg, number))
    etag = hashlib.sha256(body).hexdigest()
    if known is not None and known.etag == etag:
        return known
    return Document(body, gzip.compress(body, 6, mtime=0), etag, now.replace(microsecond=0))


class Shelf:
    """The shelf that the feed channel asks to be put in order."""

    def refresh(self, scopes: Sequence[str]) -> int:
        """Build all documents of `scopes` that are not fresh; returns how many changed."""
        return _refresh(FeedDocument.scope.in_(scopes))


def sweep(*, most: int = 100) -> int:
    """Build documents that nobody asked for since they became stale, so that hubs hear of it; returns how many changed."""
    return _refresh(FeedDocument.id.is_not(None), most=most)


def _refresh(which: ColumnElement[bool], *, most: int = 1000) -> int:
    coming.refresh()
    stale = or_(FeedDocument.built < FeedDocument.wanted, FeedDocument.stale_at <= clock.now())
    with db.reading() as session:
        found = session.execute(
            select(FeedDocument.scope, FeedDocument.format)
            .where(which, stale)
            .order_by(FeedDocument.id)
            .limit(most)
        ).all()
    # The formats of one scope share their posts, which are the dearer half of a build.
    together: dict[tuple[str, bool], list[Format]] = {}
    for scope, form in found:
        if form in FORMATS:
            together.setdefault((scope, form in KINDS_OF), []).append(form)
    return sum(_build(scope, forms) for (scope, _), forms in together.items())


@dataclass(frozen=True)
class _State:
    """How a document stands, without its bytes."""

    id: int
    wanted: int
    built: int
    stale_at: datetime | None
    etag: str

    def is_fresh(self, now: datetime) -> bool:
        return self.built >= self.wanted and (self.stale_at is None or self.stale_at > now)


def _state(session: Session, scope: str, form: str) -> _State | None:
    statement = select(
        FeedDocument.id, FeedDocument.wanted, FeedDocument.built, FeedDocument.stale_at, FeedDocument.etag
    ).where(FeedDocument.scope == scope, FeedDocument.format == form)
    row = session.execute(statement).one_or_none()
    return _State(*row) if row is not None else None


def _read(session: Session, scope: str, form: str, state: _State, known: Document | None) -> Document:
    if known is not None and known.etag == state.etag:
        return known
    row = session.execute(
        select(FeedDocument.body, FeedDocument.compressed, FeedDocument.etag, FeedDocument.modified_at).where(
            FeedDocument.scope == scope, FeedDocument.format == form
        )
    ).one()
    assert row.modified_at is not None, "a document that was built knows when"
    return Document(row.body, row.compressed, row.etag, row.modified_at)


def _create(scope: Scope, form: Format) -> None:
    """A row for a document that is asked for the first time, where its scope means something."""
    with db.transaction() as session:
        _check_known(session, scope)
        db.insert_new(
            session,
            FeedDocument.__table__,
            [
                {
                    "scope": str(scope),
                    "format": form,
                    "wanted": 1,
                    "built": 0,
                    "etag": "",
                    "body": b"",
                    "compressed": b"",
                }
            ],
        )


def _check_known(session: Session, scope: Scope) -> None:
    """Only what exists gets a document: else anybody could fill the disk with feeds about nothing."""
    merchant = select(Merchant.id).where(Merchant.slug == scope.merchant, Merchant.state != "applied")
    # Whoever files a topic elsewhere waits, or is seen here: no document is made under a name that is gone.
    db.advisory_lock(session, filing.LOCK, shared=True)
    if scope.topic and (now := filing.becomes(session, scope.topic)) != scope.topic:
        raise Moved(replace(scope, topic=now))
    topic = select(PostTopic.topic).where(filing.is_under(scope.topic))
    for value, statement in ((scope.merchant, merchant), (scope.topic, topic)):
        if value and session.scalar(statement.limit(1)) is None:
            raise NotFound("There is no such feed.")


# Building


@dataclass(frozen=True)
class _Material:
    """What one build works on: the posts, and what the documents wanted before they were read.

    A change meanwhile therefore asks for another build.
    """

    before: dict[Format, _State]
    posts: list[PostView]
    more: bool
    removed: list[Tombstone]
    weekly: list[WeeklyView]
    name: str
    topic: str
    now: datetime
    stale_at: datetime | None


def _build(scope: str, forms: Sequence[Format]) -> int:
    """Build and store documents of one scope whose formats show the same posts; returns how many changed."""
    cfg = settings()
    coming.refresh()
    with db.reading() as session:
        material = _material(session, parse_scope(scope), forms, cfg)
    changed = 0
    for form, before in material.before.items():
        body = render(form, _view(scope, form, material, cfg))
        with db.transaction() as session:
            changed += _store(session, before, material.stale_at, body, _address(scope, form, cfg))
    return changed


def _material(session: Session, scope: Scope, forms: Sequence[Format], cfg: Settings) -> _Material:
    states = {form: _state(session, str(scope), form) for form in forms}
    before = {form: state for form, state in states.items() if state is not None}
    form = forms[0]
    now = clock.now()
    inside = list(_conditions(scope, form))
    posts, more = _posts(session, inside, form, now, cfg)
    # What was withdrawn before its hour came was never seen, so nobody need unlearn it.
    # What went into a series is no loss: its dates stand there.
    seen = (Post.state == "withdrawn", Post.published_at.is_not(None), Post.joined_to.is_(None))
    gone = views.rows(*seen, Post.withdrawn_at > now - _REMEMBERED, *inside)
    newest_gone = gone.order_by(Post.withdrawn_at.desc()).limit(cfg.feed_size)
    removed = [
        Tombstone(views.view(post, revision, merchant, cfg.base_url), post.withdrawn_at)
        for post, revision, merchant in session.execute(newest_gone)
        if post.withdrawn_at is not None
    ]
    ends = [post.over_at for post in posts if post.over_at is not None]
    ends += [one.at + _REMEMBERED for one in removed]
    weekly = _weekly(session, scope, posts, now, cfg) if form in KINDS_OF else []
    ends += [over for one in weekly if (over := one.content.over_at(cfg.zone)) is not None and over > now]
    if form not in KINDS_OF:  # a calendar says all dates at once, the others the next one
        told = (post.content.said_until(cfg.zone, now) for post in posts)
        ends += [until for until in told if until is not None]
    name = _merchant_name(session, scope.merchant)
    topic = topics.name(session, scope.topic) if scope.topic else ""
    return _Material(before, posts, more, removed, weekly, name, topic, now, min(ends, default=None))


def _weekly(
    session: Session, scope: Scope, posts: list[PostView], now: datetime, cfg: Settings
) -> list[WeeklyView]:
    return weekly_views.views(
        session,
        posts,
        now,
        most=cfg.calendar_size,
        kind=scope.kind,
        topic=scope.topic,
        merchant=scope.merchant,
    )


def _merchant_name(session: Session, slug: str) -> str:
    return session.scalar(select(Merchant.name).where(Merchant.slug == slug)) or "" if slug else ""


def _posts(
    session: Session, inside: list[ColumnElement[bool]], form: Format, now: datetime, cfg: Settings
) -> tuple[list[PostView], bool]:
    """What stands in the document, and whether there are later pages; a calendar has none."""
    if form in KINDS_OF:
        return feed_pages.calendar(session, inside, cfg.calendar_size, now, cfg.base_url), False
    page = feed_pages.page(session, inside, 1, cfg.feed_size, now, cfg.base_url)
    return page.posts, page.more


def _conditions(scope: Scope, form: Format) -> Iterator[ColumnElement[bool]]:
    yield Post.kind.not_in(UNLISTED)  # what it tells of stands there itself
    if form in KINDS_OF:
        yield Post.kind.in_(KINDS_OF[form])
    if scope.kind:
        yield Post.kind == scope.kind
    if scope.topic:
        yield exists().where(PostTopic.post_id == Post.id, filing.is_under(scope.topic))
    if scope.merchant:
        yield Post.merchant_id == select(Merchant.id).where(Merchant.slug == scope.merchant).scalar_subquery()


def _view(scope: str, form: Format, material: _Material, cfg: Settings, number: int = 1) -> FeedView:
    moments = [post.updated_at for post in material.posts] + [one.at for one in material.removed]
    parsed = parse_scope(scope)
    return FeedView(
        city=views.city(cfg),
        kind=parsed.kind,
        topic=material.topic,
        merchant=material.name,
        self_url=_address(scope, form, cfg),
        hub=cfg.websub_hub if number == 1 else "",  # it hears of kept documents alone
        updated=max(moments, default=None),
        posts=tuple(material.posts),
        removed=tuple(material.removed),
        weekly=tuple(material.weekly),
        max_age=cfg.feed_max_age,
        now=material.now,
        page_url=_address(scope, form, cfg, number) if number > 1 else "",
        next_url=_address(scope, form, cfg, number + 1) if material.more else "",
    )


def _address(scope: str, form: str, cfg: Settings, number: int = 1) -> str:
    return f"{cfg.base_url}/feeds/{scope}.{form}" + (f"?page={number}" if number > 1 else "")


def _store(session: Session, before: _State, stale_at: datetime | None, body: bytes, address: str) -> bool:
    """Put a finished document on the shelf; returns whether its bytes changed."""
    mine = FeedDocument.id == before.id
    locked = select(FeedDocument.built, FeedDocument.etag).where(mine).with_for_update()
    stored = session.execute(locked).one_or_none()
    if stored is None or stored.built > before.wanted:
        return False  # somebody who began later was faster
    values: dict[str, Any] = {"built": before.wanted, "stale_at": stale_at}
    etag = hashlib.sha256(body).hexdigest()
    changed: bool = etag != stored.etag
    if changed:
        values |= {"etag": etag, "body": body, "compressed": gzip.compress(body, 6, mtime=0)}
        values["modified_at"] = clock.now().replace(microsecond=0)
    session.execute(
        update(FeedDocument).where(mine).values(values).execution_options(synchronize_session=False)
    )
    if changed and settings().websub_hub:
        ping(session, f"w{before.id}-{before.wanted}-{etag[:16]}", address)
    return changed


def ping(session: Session, key: str, topic: str) -> None:
    """Tell the hub, once for each version of a document."""
    hub = session.scalars(
        select(Destination).where(Destination.channel == WebSub.kind, Destination.state == "active").limit(1)
    ).one_or_none()
    if hub is None:
        return
    now = db.now(session)
    row = lifecycle.row(WebSub, key, now, destination_id=hub.id, payload={"topic": topic})
    if db.insert_new(session, Delivery.__table__, [row]):
        wakeups.after_commit(session, WebSub.queue)
