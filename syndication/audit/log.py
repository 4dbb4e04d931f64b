"""Writes lines of the audit log. Why it is like this: docs/decisions/0046-who-did-what.md."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from syndication.audit.acting import Actor, current
from syndication.config import settings
from syndication.infra import db, mail_addresses
from syndication.infra.signing import veiled
from syndication.models import LogLine, Post

#: What can be done; web/desk/log_words.py has the words.
What = Literal[
    "post.created",
    "post.revised",
    "post.published",
    "post.withdrawn",
    "series.begun",
    "series.changed",
    "series.ended",
    "file.taken",
    "picture.added",
    "merchant.applied",
    "merchant.admitted",
    "merchant.suspended",
    "merchant.changed",
    "review.rules",
    "review.handed_in",
    "review.approved",
    "review.returned",
    "review.edited",
    "review.expired",
    "acting.begun",
    "acting.ended",
    "application.declined",
    "application.asked_back",
    "key.made",
    "key.revoked",
    "person.added",
    "person.changed",
    "person.role",
    "person.joined",
    "person.left",
    "person.removed",
    "person.signed_in",
    "person.signed_out",
    "person.link",
    "passkey.added",
    "passkey.changed",
    "passkey.removed",
    "outlet.made",
    "outlet.changed",
    "outlet.paused",
    "outlet.resumed",
    "outlet.removed",
    "outlet.tested",
    "outlet.secret",
    "outlet.alarms",
    "link.made",
    "link.ended",
    "delivery.replayed",
    "delivery.retried",
    "delivery.seen",
    "delivery.dropped",
    "bulk.begun",
    "bulk.stopped",
    "bulk.resumed",
    "edition.introduced",
    "edition.held",
    "edition.released",
    "edition.cancelled",
    "edition.tested",
    "alerts.chosen",
    "alerts.tested",
    "reader.found",
    "reader.exported",
    "reader.erased",
    "reader.left",
    "readers.imported",
    "report.received",
    "report.kept",
    "report.removed",
    "look.changed",
    "topic.renamed",
    "topic.merged",
    "topic.split",
    "district.renamed",
    "district.split",
    "secrets.renewed",
    "backup.restored",
]  # fmt: skip -- one glance shows every act
Kind = Literal[
    "post",
    "series",
    "file",
    "picture",
    "merchant",
    "key",
    "person",
    "outlet",
    "link",
    "delivery",
    "bulk",
    "edition",
    "alert",
    "reader",
    "readers",
    "report",
    "topic",
    "district",
    "city",
]  # fmt: skip -- as above


@dataclass(frozen=True)
class About:
    """What an act is about, by the name it has now. Of a post and a reader no name is kept."""

    kind: Kind
    id: UUID | int | str = ""
    name: str = ""


def of_reader(email: str) -> About:
    """A reader, by a keyed hash of the address: who has it can see what was done about it, and nobody can read it out."""
    return About("reader", veiled(settings().keys[0], "log", mail_addresses.key(email)))


def record(
    session: Session,
    what: What,
    about: About,
    *,
    merchant_id: UUID | None = None,
    actor: Actor | None = None,
    **details: Any,
) -> None:
    """Write down an act in the transaction that does it. `actor`: who acts, if not whoever came in.

    `details` are names and counts: no secret, nothing of a reader, no word that a post says.
    """
    who = actor or current()
    if who.behalf:
        details["in_the_name_of"] = who.behalf[:200]
    session.add(
        LogLine(
            at=db.now(session),
            by=who.by[:60],
            by_name=who.name[:200],
            way=who.way,
            what=what,
            about=about.kind,
            about_id=str(about.id)[:64],
            about_name=about.name[:200],
            merchant_id=merchant_id,
            details=details,
        )
    )


def record_post(session: Session, what: What, post: Post, **details: Any) -> None:
    """The same of a post. Its title then is that of its revision, and is forgotten with it."""
    about = About("post", post.id)
    record(session, what, about, merchant_id=post.merchant_id, revision=post.revision, **details)
