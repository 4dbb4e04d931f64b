"""Posts as an operator looks for them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from syndication.infra import db
from syndication.models import Change, Merchant, Post, Revision


@dataclass(frozen=True)
class PostRow:
    """A post in a listing; `over_at` is when it becomes stale. Moments are aware, in UTC."""

    id: UUID
    merchant: str
    kind: str
    state: str
    title: str
    revision: int
    published_at: datetime | None
    over_at: datetime | None


@dataclass(frozen=True)
class ChangeRow:
    """One change of a post; `fanned_at` is when all its deliveries had been made."""

    action: str
    revision: int
    title: str
    created_at: datetime
    fanned_at: datetime | None


def posts(
    *,
    merchant: str | None = None,
    kind: str | None = None,
    state: str | None = None,
    text: str | None = None,
    limit: int = 50,
) -> list[PostRow]:
    """Posts, the newest first; `text` stands in the title, the summary or the body, whatever its capitals."""
    statement = (
        select(Post, Revision.content, Merchant.slug)
        .join(Revision, (Revision.post_id == Post.id) & (Revision.number == Post.revision))
        .join(Merchant, Merchant.id == Post.merchant_id)
        .order_by(Post.id.desc())
    )
    wanted = ((Merchant.slug, merchant), (Post.kind, kind), (Post.state, state))
    statement = statement.where(*(column == value for column, value in wanted if value is not None))
    # The text is compared here: the databases know no capitals beyond ASCII alike, and look into JSON each in its own way.
    sought, found = (text or "").casefold(), list[PostRow]()
    with db.reading() as session:
        rows = session.execute(statement if sought else statement.limit(limit))
        for post, content, slug in rows:
            if len(found) == limit:
                break
            if (
                sought
                in "\n".join(str(content.get(name, "")) for name in ("title", "summary", "body")).casefold()
            ):
                found.append(
                    PostRow(
                        post.id, slug, post.kind, post.state, str(content["title"]),
                        post.revision, post.published_at, post.over_at,
                    )
                )  # fmt: skip
    return found


def changes(post_id: UUID) -> list[ChangeRow]:
    """What was told of a post, the newest first."""
    statement = (
        select(Change, Revision.content)
        .join(Revision, (Revision.post_id == Change.post_id) & (Revision.number == Change.revision))
        .where(Change.post_id == post_id)
        .order_by(Change.id.desc())
    )
    with db.reading() as session:
        return [
            ChangeRow(one.action, one.revision, str(content["title"]), one.created_at, one.fanned_at)
            for one, content in session.execute(statement)
        ]
