"""Takes a post back whose words must not be repeated: its rows keep what it was about, and no word of what it said.

Mails, feeds, webhooks, notes at networks, pages and listings all read the revisions, so what is not there is said by none.
"""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from syndication.audit import log
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.kinds.reading import kept
from syndication.models import Attempt, DeadLetter, Delivery, Merchant, Post, Revision
from syndication.publishing import posts, price_memory, weekly, weekly_making
from syndication.publishing.withdrawal import Grounds

#: What stands instead of the title, by the post's language.
TITLES = {"de": "Ein Beitrag", "en": "A post"}
#: Without a statement, by nobody who is known.
UNLAWFUL = Grounds("unlawful")
#: Fields by whose texts a message of the queue is known to be about the same.
_QUOTED = ("title", "summary", "body", "url")
FORGOTTEN = Reason("It held words that were taken back as unlawful, and was forgotten.")
_EMPTY: dict[str, Any] = {"summary": "", "body": "", "url": None, "images": [], "texts": {}}


def withdraw(
    post_id: UUID, grounds: Grounds = UNLAWFUL, *, merchant_id: UUID | None = None
) -> posts.PostRecord:
    """Take a post back and forget its words, in one transaction; also one that was taken back before, for another reason.

    Raises NotFound, and with `merchant_id` where it is not that merchant's, and Forbidden.
    """
    with db.transaction() as session:
        weekly_id = session.scalar(select(Post.weekly_id).where(Post.id == post_id))
        if weekly_id is not None:
            weekly_making.locked(session, weekly_id)  # before its posts, as whoever makes them
        posts.withdraw(merchant_id, post_id, grounds)
        post = session.get_one(Post, post_id)
        if post.withdrawn_reason != "unlawful":
            post.withdrawn_reason, post.withdrawn_by = "unlawful", grounds.by
            post.withdrawn_statement = grounds.statement
            log.record_post(session, "post.withdrawn", post, reason="unlawful")
        revisions = session.scalars(select(Revision).where(Revision.post_id == post_id)).all()
        said = {str(text) for one in revisions for name in _QUOTED if (text := one.content.get(name))}
        titles = {str(one.content["title"]) for one in revisions}
        for revision in revisions:
            language = str(revision.content.get("language", "de"))
            silent = kept(
                _without(titles, TITLES.get(language, TITLES["en"]), {**revision.content, **_EMPTY})
            )
            # Its digest, too: workers keep contents by it.
            revision.content, revision.digest = silent.model_dump(mode="json"), silent.digest()
        if weekly_id is not None and revisions:
            for other in weekly.silence(session, weekly_id, said | titles, silent):
                withdraw(other, grounds, merchant_id=merchant_id)
        price_memory.forget(session, post_id)
        ours = select(Delivery.id).where(Delivery.post_id == post_id)
        # What an outlet answered may quote it.
        session.execute(update(Attempt).where(Attempt.delivery_id.in_(ours)).values(answer=""))
        _forget_messages(session, session.get_one(Merchant, post.merchant_id), said)
    return posts.read(post_id)


def _forget_messages(session: Session, merchant: Merchant, said: set[str]) -> None:
    """Messages of the queue that became no post, name the merchant and hold one of these texts; that one came stays known."""
    quoting = [_holds(text) for text in said - set(TITLES.values())]
    if quoting:
        theirs = update(DeadLetter).where(_holds(merchant.slug), or_(*quoting))
        session.execute(theirs.values(payload="", reason=FORGOTTEN))


def _holds(text: str) -> ColumnElement[bool]:
    """A dead letter's payload has this as a string of JSON; it is kept in ASCII, escaped by JSON or by us."""
    escaped = (
        json.dumps(text),
        json.dumps(text, ensure_ascii=False).encode("ascii", "backslashreplace").decode(),
    )
    return or_(*(DeadLetter.payload.contains(one, autoescape=True) for one in dict.fromkeys(escaped)))


def _without(titles: set[str], instead: str, said: Any, name: str = "") -> Any:
    """`said` (plain JSON) with `instead` for each title in it, of single dates too, and wherever one is quoted."""
    if isinstance(said, dict):
        return {key: _without(titles, instead, value, key) for key, value in said.items()}
    if isinstance(said, list):
        return [_without(titles, instead, one) for one in said]
    if isinstance(said, str) and (
        name == "title" or any(title.casefold() in said.casefold() for title in titles)
    ):
        return instead
    return said
