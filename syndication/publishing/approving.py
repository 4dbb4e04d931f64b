"""What the town hall does with a post that waits for it: let it out, send it back, put a word right."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import acting, log
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Merchant, Post, Review
from syndication.publishing import posts, review
from syndication.publishing.posts import PostRecord

#: What may be changed in a post that waits, beside it all at the merchant's desk.
WORDS = ("title", "summary", "body")
_DECIDED = Reason("It does not wait any more: somebody has decided, or it was taken back.")
_ANOTHER = Reason("It was changed meanwhile. Please look at it once more.")
_OVER = Reason("It is over by now, so nobody can be told of it any more. Please send it back.")


def as_it_would_be(post_id: UUID) -> tuple[PostRecord, PostRecord]:
    """A post as it stands, and as it would be once it is approved. Raises NotFound."""
    standing = posts.read(post_id)
    with db.reading() as session:
        content = posts.latest(session, session.get_one(Post, post_id))
    return standing, replace(standing, content=content)


def approve(post_id: UUID, version: int | None = None) -> PostRecord:
    """Let it out: at once, at its hour, or at once where that has passed; a correction is told now.

    `version` is what somebody has seen of it. Raises Conflict (decided, changed meanwhile, over, its merchant may not
    publish), and Invalid for what is refused by now.
    """
    with db.transaction() as session:
        post, row = _open(session, post_id, version)
        now, merchant = clock.now(), session.get_one(Merchant, post.merchant_id)
        if merchant.state != "admitted":
            raise Conflict(Reason("{} may not publish at the moment. Please admit it first.", merchant.name))
        if post.state != "published" and post.over_at is not None and post.over_at <= now:
            raise Conflict(_OVER)
        wanted = review.correction_of(row)
        _decide(row, "approved", now)
        session.flush()
        log.record_post(session, "review.approved", post)
        if wanted is not None:
            row.content = None
            session.flush()
            posts.correct(session, post, draft(wanted.model_dump(mode="json")).spelled_as(wanted))
        elif post.publish_at is None or post.publish_at <= now:
            row.hour_was = post.publish_at
            # What falls out, or missed its hour long ago, waits for its merchant to choose another one.
            if not post.skipped and post.missed_at is None:
                posts.bring_out(session, post, now)
    return posts.read(post_id)


def send_back(session: Session, post_id: UUID, because: str, version: int | None = None) -> Post:
    """It waits for its merchant, who is to change it. Raises Conflict."""
    post, row = _open(session, post_id, version)
    _decide(row, "returned", clock.now())
    row.because = because
    log.record_post(session, "review.returned", post)
    return post


def edit(post_id: UUID, version: int, words: Mapping[str, str]) -> bool:
    """Put words right in what waits; its merchant sees which, and who did it. Returns whether anything is another now.

    It goes on waiting. Raises Conflict, and Invalid for what cannot stand in a post.
    """
    with db.transaction() as session:
        post, row = _open(session, post_id, version)
        merchant = session.get_one(Merchant, post.merchant_id)
        before = posts.latest(session, post)
        said = before.model_dump(mode="json") | {name: words[name] for name in WORDS if name in words}
        if not said["title"]:
            raise Invalid.field("title", "must not be empty")
        wanted = draft(said).spelled_as(before)
        made = [
            [acting.current().name, name, str(getattr(before, name)), str(getattr(wanted, name))]
            for name in WORDS
            if str(getattr(before, name)) != str(getattr(wanted, name))
        ]
        if not made:
            return False
        edits, handed_in_at, told_at = row.edits.get("made", []), row.handed_in_at, row.told_at
        # Its revision says who of the town hall wrote it.
        with acting.by(replace(acting.current(), behalf=merchant.name)):
            posts.revise(None, post_id, wanted)
        if session.get(Review, post_id) is None:
            return True  # it says what stands already
        row.state, row.handed_in_at, row.told_at = "waiting", handed_in_at, told_at
        row.edits = {"made": [*edits, *made]}
        log.record_post(session, "review.edited", post, fields=[one[1] for one in made])
        return True


def expire(session: Session, row: Review) -> Post:
    """What is over waits for nobody any more; whoever calls this tells its merchant."""
    post = session.get_one(Post, row.post_id, with_for_update=True)
    _decide(row, "expired", clock.now())
    row.content, row.decided_by = None, ""
    log.record_post(session, "review.expired", post)
    return post


def _open(session: Session, post_id: UUID, version: int | None) -> tuple[Post, Review]:
    post = session.get(Post, post_id, with_for_update=True)
    row = review.waiting_for(session, post) if post is not None else None
    if post is None or row is None or row.state != "waiting":
        raise Conflict(_DECIDED)
    if version is not None and row.version != version:
        raise Conflict(_ANOTHER)
    return post, row


def _decide(row: Review, state: str, now: datetime) -> None:
    row.state, row.decided_at, row.decided_by = state, now, acting.current().by
    row.version += 1
