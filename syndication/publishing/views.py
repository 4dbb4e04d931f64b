"""Turns rows into what channels see: a post at a revision, its publisher, the city."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from syndication.channels.envelope import City, PostView
from syndication.config import Settings
from syndication.content.post import Content
from syndication.infra import db
from syndication.kinds.reading import kept
from syndication.models import Merchant, Post, Revision
from syndication.publishing import filing as filings
from syndication.publishing import look, palette
from syndication.publishing.look import PAGES, Look
from syndication.publishing.publishers import publisher


def city(settings: Settings) -> City:
    """The deployment as texts need it: as the town hall has it look, else as the settings say."""
    return city_looking(settings, look.current())


def city_looking(settings: Settings, worn: Look) -> City:
    """The same in another look, such as one that is being prepared."""
    said = tuple(
        page
        for page in PAGES
        if worn.text(page, settings.language) or (page == "imprint" and settings.imprint)
    )
    brand, link = palette.of_mails(worn)
    return City(
        name=worn.name or settings.city_name,
        base_url=settings.base_url,
        zone=settings.zone,
        language=settings.language,
        imprint=settings.imprint,
        pages=said,
        brand=brand,
        link=link,
        stylesheet=palette.address(worn),
        logo=f"/look/logo-{worn.logo}.png" if worn.logo else "",
    )


def page(base_url: str, post_id: UUID) -> str:
    """The address of a post's own page, the same for ever."""
    return f"{base_url}/posts/{post_id}"


#: Contents by their digest and spellings: a feed of hundreds is built again for one change, and the rest is as it was.
_contents: dict[tuple[str, ...], Content] = {}
_MOST_CONTENTS = 7000
#: Revisions that are looked at for an earlier moment.
_LOOKED_AT = 20


def content_of(revision: Revision) -> Content:
    """What a revision says, its topics as they are filed. Equal digests are equal contents, each read once."""
    key = (revision.digest, *revision.content.get("spellings", {}).values())
    found = _contents.get(key) or _remembered(key, kept(revision.content))
    filing = filings.of_row(revision)
    if not filing.concerns(found.topics):
        return found
    named = (*key, *(f"{one}={one.spelling}" for one in filing.topics(found.topics)))
    return _contents.get(named) or _remembered(named, filings.filed(filing, found))


def _remembered(key: tuple[str, ...], content: Content) -> Content:
    if len(_contents) >= _MOST_CONTENTS:
        _contents.clear()
    _contents[key] = content
    return content


def by_hall(post_ids: Iterable[UUID]) -> dict[UUID, dict[int, str]]:
    """Which revisions of posts somebody of the town hall wrote in the merchant's name: post → number → their name."""
    wanted = select(Revision.post_id, Revision.number, Revision.by_hall).where(
        Revision.post_id.in_(list(post_ids)), Revision.by_hall != ""
    )
    found: dict[UUID, dict[int, str]] = {}
    with db.reading() as session:
        for post_id, number, name in session.execute(wanted):
            found.setdefault(post_id, {})[number] = name
    return found


def view(post: Post, revision: Revision, merchant: Merchant, base_url: str) -> PostView:
    """A post at one revision. `updated_at` is the revision's moment, so the same revision always looks the same."""
    content = content_of(revision)
    return PostView(
        id=post.id,
        revision=revision.number,
        content=content,
        merchant=publisher(merchant),
        published_at=post.published_at or post.created_at,
        updated_at=max(revision.created_at, post.published_at or post.created_at),
        link=content.url or page(base_url, post.id),
        over_at=post.over_at,
        weekly=post.weekly_id,
        weekly_on=post.weekly_on,
        spelled=tuple(topic.spelling for topic in content.topics),
    )


def rows(*conditions: ColumnElement[bool]) -> Select[Post, Revision, Merchant]:
    """Posts with their current revision and merchant, to be narrowed, ordered and limited."""
    current = and_(Revision.post_id == Post.id, Revision.number == Post.revision)
    return (
        select(Post, Revision, Merchant)
        .join(Revision, current)
        .join(Merchant, Merchant.id == Post.merchant_id)
        .where(*conditions)
    )


def views(session: Session, statement: Select[Post, Revision, Merchant], base_url: str) -> list[PostView]:
    """The posts that `statement`, made from `rows`, selects."""
    return [
        view(post, revision, merchant, base_url) for post, revision, merchant in session.execute(statement)
    ]


def begin_before(session: Session, post: PostView) -> datetime | None:
    """When a post that was moved was to begin, as was told last; None where it never was to begin at another moment."""
    earlier = select(Revision).where(Revision.post_id == post.id, Revision.number < post.revision)
    for revision in session.scalars(earlier.order_by(Revision.number.desc()).limit(_LOOKED_AT)):
        begins = content_of(revision).begins
        if begins is not None and begins != post.content.begins:
            return begins
    return None


def newest(limit: int, base_url: str, now: datetime) -> list[PostView]:
    """The newest published posts that are not over at `now`."""
    current = (Post.state == "published", or_(Post.over_at.is_(None), Post.over_at > now))
    with db.reading() as session:
        statement = rows(*current).order_by(Post.published_at.desc(), Post.id.desc()).limit(limit)
        return views(session, statement, base_url)


def by_id(session: Session, post_ids: Iterable[UUID], base_url: str) -> dict[UUID, PostView]:
    """Current views of the given posts."""
    return {one.id: one for one in views(session, rows(Post.id.in_(list(post_ids))), base_url)}
