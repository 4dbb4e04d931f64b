"""Takes a message from the queue: it becomes a post, or a dead letter with its reason."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import select

from syndication import clock
from syndication.content.characters import control_characters
from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound, SyndicationError, Unavailable
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import DeadLetter, Merchant
from syndication.publishing import posts
from syndication.publishing.posts import Manner

_log = structlog.get_logger(__name__)
#: Longest payload that is kept of a bad message, and longest reason (characters).
_KEPT = 20_000
_LONGEST_REASON = 2_000
#: Longest slug a merchant can have.
_LONGEST_SLUG = 60


def submit(arguments: Sequence[Any], named: Mapping[str, Any]) -> posts.Outcome | None:
    """The outcome of a message `{"merchant": slug, "post": {…}}`; None where it became a dead letter.

    `"tell": "nobody"` beside them takes the post in without a message to anybody.

    The post must carry `source_ref`: a message may come twice, and must not become two posts. Both parts may also come by
    position, or as the one object by position. Raises one of `db.AWAY` where the database does not answer.
    """
    try:
        merchant_slug, fields, tell = _parsed(arguments, named)
        merchant_id = _merchant(merchant_slug)
        return posts.submit(merchant_id, draft(fields), manner=Manner(quiet=tell == "nobody"))
    except Unavailable:  # the message comes again
        raise
    except SyndicationError as error:
        bury({"args": list(arguments), "kwargs": dict(named)}, str(error))
        return None


def _parsed(arguments: Sequence[Any], named: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], str]:
    if not named and [isinstance(one, Mapping) for one in arguments] == [True]:
        named, arguments = arguments[0], []
    fields = dict(named)
    if unknown := sorted(set(map(str, fields)) - {"merchant", "post", "tell"}):
        raise Invalid.field(unknown[0], "is not known; a message holds merchant and post")
    for name, value in zip(("merchant", "post"), arguments, strict=False):
        fields.setdefault(name, value)
    if len(arguments) > 2 or not isinstance(fields.get("merchant"), str):
        raise Invalid.field("merchant", "must be the merchant's slug")
    post = fields.get("post")
    if not isinstance(post, Mapping):
        raise Invalid.field("post", "must be an object with the fields of a post")
    if not post.get("source_ref"):
        raise Invalid.field(
            "post.source_ref", "is needed in a message, so that one that comes twice makes one post"
        )
    tell = fields.get("tell", "each")
    if tell not in ("nobody", "each"):
        raise Invalid.field("tell", "must be nobody or each")
    return fields["merchant"], post, str(tell)


def _merchant(slug: str) -> Any:
    unknown = NotFound(f"There is no merchant called {slug[:_LONGEST_SLUG]!r}.")
    if len(slug) > _LONGEST_SLUG or control_characters(
        slug
    ):  # PostgreSQL has no text with U+0000 to look for
        raise unknown
    with db.reading() as session:
        merchant_id = session.scalar(select(Merchant.id).where(Merchant.slug == slug))
    if merchant_id is None:
        raise unknown
    return merchant_id


def bury(message: Any, reason: str) -> None:
    """Keep what came, as far as it can be shown, with the reason why it became no post."""
    keep(json.dumps(message, ensure_ascii=True, default=str), reason)


def keep(payload: str, reason: str) -> None:
    """Keep the beginning of what came as a dead letter."""
    # A reason or payload may quote what came; a character that no database takes must not keep the letter from being kept.
    reason = Reason.quoted("".join(c if c.isprintable() else "\ufffd" for c in reason[:_LONGEST_REASON]))
    payload = payload[:_KEPT].encode("ascii", "backslashreplace").decode().replace("\0", "\\u0000")[:_KEPT]
    with db.transaction() as session:
        session.add(DeadLetter(source="queue", payload=payload, reason=reason, created_at=clock.now()))
    _log.warning("intake.refused", reason=reason)
