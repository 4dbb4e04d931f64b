"""What of a post stands where nobody can take it back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from syndication import channels
from syndication.infra import db
from syndication.models import Change, Delivery, Destination, EditionPost


@dataclass(frozen=True)
class Remnant:
    """`count` copies at one outlet, or in mailboxes or on devices where `outlet` names the channel; `at`: the last (UTC).

    `link` is where people see the last one there, where the outlet said so.
    """

    outlet: str
    channel: str
    count: int
    at: datetime | None
    link: str | None = None


def left_behind(post_id: UUID) -> list[Remnant]:
    """Where a post was sent by a channel that takes nothing back, or perhaps was, without an answer."""
    telling = select(EditionPost.edition_id).where(EditionPost.post_id == post_id)
    told = or_(Delivery.post_id == post_id, Delivery.edition_id.in_(telling))
    statement = (
        select(
            Delivery.channel,
            Destination.name,
            func.count(),
            func.max(Delivery.sent_at),
            func.max(Delivery.link),
        )
        .outerjoin(Destination, Destination.id == Delivery.destination_id)
        .outerjoin(Change, Change.id == Delivery.change_id)
        .where(told, Delivery.state.in_(("sent", "unconfirmed")))
        .where(or_(Change.id.is_(None), Change.action != "withdrawn"))
        .group_by(Delivery.channel, Destination.name)
        .order_by(Delivery.channel, Destination.name)
    )
    with db.reading() as session:
        return [
            Remnant(name if name and not _personal(channel) else channel, channel, count, at, link)
            for channel, name, count, at, link in session.execute(statement)
            if _stays(channel)
        ]


def _stays(kind: str) -> bool:
    """A mail lies in its mailbox, and a notice was read, even where the channel can tell of the withdrawal."""
    if not channels.known(kind):
        return True
    channel = channels.by_kind(kind)
    return channel.serves == "readers" or channel.personal or not channel.abilities.withdraw


def _personal(channel: str) -> bool:
    return channel in channels.personal_kinds()
