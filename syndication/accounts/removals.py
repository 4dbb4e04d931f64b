"""The town hall removes a post everywhere by one act: its owners are told why, and so is whoever reported it.

What its merchant gets is the statement of reasons of Regulation (EU) 2022/2065, Article 17.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from syndication.accounts import letters, reports
from syndication.audit import acting
from syndication.config import settings
from syndication.content.base import Line, Text, Value
from syndication.content.reason import Reason
from syndication.errors import Conflict
from syndication.infra import db
from syndication.models import Merchant, Post
from syndication.publishing import posts, unlawful
from syndication.publishing.withdrawal import Grounds

_GONE = Reason("It was taken back already, so nothing was done.")


class Removal(Value):
    """Why a post is removed. `ground`: the law, or the rule of the city, that it breaks (Article 17(3)(d) and (e)).

    `tell_readers`: whether those who were told of it hear that it was taken back; its title is told only where it is lawful.
    """

    why: Literal["unlawful", "spam", "other"]
    ground: Annotated[Line, Field(min_length=1, max_length=200)]
    statement: Annotated[Text, Field(min_length=1, max_length=1700)]
    tell_readers: bool = False


def remove(post_id: UUID, wanted: Removal) -> None:
    """Take a post back everywhere, tell its owners why, and decide all reports of it, in one transaction.

    What is unlawful is forgotten, also where it was taken back before for another reason. Raises NotFound, and Conflict where
    it is done already.
    """
    with db.transaction() as session:
        before = posts.read(post_id)
        post = session.get_one(Post, post_id, with_for_update=True)
        if post.state == "withdrawn" and (wanted.why != "unlawful" or post.withdrawn_reason == "unlawful"):
            raise Conflict(_GONE)
        said = f"{wanted.statement}\n\n{wanted.ground}"
        grounds = Grounds(wanted.why, said, acting.current().by, untold=not wanted.tell_readers)
        if wanted.why == "unlawful":
            unlawful.withdraw(post_id, grounds)
        else:
            posts.withdraw(None, post_id, grounds)
        merchant = session.get_one(Merchant, post.merchant_id)
        about = {
            "letter": "removed",
            "merchant": merchant.name,
            "title": "" if wanted.why == "unlawful" else before.content.title,
            "since": (post.published_at or post.created_at).isoformat(),
            "why": wanted.why,
            "ground": wanted.ground,
            "because": wanted.statement,
            "page": f"{settings().base_url}/desk/merchants/{merchant.slug}/posts/{post_id}",
            "reply_to": settings().operator_email or settings().mail_from,
        }
        reported = reports.settle(session, post, wanted.statement)
        letters.to_owners(session, merchant, {**about, "reported": "yes" if reported else ""})
