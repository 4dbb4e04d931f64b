"""Takes a post back whose words must not be repeated: its rows keep what it was about, and no word of what it said.

Mails, feeds, webhooks, notes at networks, pages and listings all read the revisions, so what is not there is said by none.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from syndication.infra import db
from syndication.kinds.reading import kept
from syndication.models import Attempt, Delivery, Revision
from syndication.publishing import posts, price_memory

#: What stands instead of the title, by the post's language.
TITLES = {"de": "Ein Beitrag", "en": "A post"}
_EMPTY: dict[str, Any] = {"summary": "", "body": "", "url": None, "images": [], "texts": {}}


def withdraw(post_id: UUID) -> posts.PostRecord:
    """Take a post back and forget its words, in one transaction; also one that was taken back before. Raises NotFound."""
    with db.transaction() as session:
        posts.withdraw(None, post_id)
        revisions = session.scalars(select(Revision).where(Revision.post_id == post_id)).all()
        titles = {str(one.content["title"]) for one in revisions}
        for revision in revisions:
            language = str(revision.content.get("language", "de"))
            silent = kept(
                _without(titles, TITLES.get(language, TITLES["en"]), {**revision.content, **_EMPTY})
            )
            # Its digest, too: workers keep contents by it.
            revision.content, revision.digest = silent.model_dump(mode="json"), silent.digest()
        price_memory.forget(session, post_id)
        ours = select(Delivery.id).where(Delivery.post_id == post_id)
        # What an outlet answered may quote it.
        session.execute(update(Attempt).where(Attempt.delivery_id.in_(ours)).values(answer=""))
    return posts.read(post_id)


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
