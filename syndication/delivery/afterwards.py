"""Says what can still be done at an outlet once a post stands there, and where it stands."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from syndication import channels
from syndication.audience import reach, told
from syndication.channels.contract import Channel
from syndication.content.reason import Reason
from syndication.delivery.decide import CANNOT_CHANGE, CANNOT_WITHDRAW
from syndication.infra import db
from syndication.models import Delivery, Destination

_MAILED = Reason("A mail cannot be taken back: whoever got it hears of changes in another one.")
_CHANGES = Reason("A correction changes the post there.")
_BESIDE = Reason("The post cannot be changed there; a correction that matters is posted beside it.")
_NO_CHANGE = Reason("The post cannot be changed there any more.")
_WITHDRAWS = Reason("It can be taken back there.")
_NO_WITHDRAWAL = Reason("It cannot be taken back there, only deleted by hand.")


@dataclass(frozen=True)
class Left:
    """Where a post stands, or may stand, and what a correction and a withdrawal do there.

    `link` is where people see it, empty where nobody knows. `people` is how many were told by mail; else 0.
    """

    destination_id: UUID | None
    name: str
    channel: str
    label: str
    own: bool
    link: str
    correction: Reason
    withdrawal: Reason
    people: int = 0


def sentence(channel: Channel[Any, Any]) -> Reason:
    """What a later correction and a later withdrawal do there."""
    able = channel.abilities
    if channel.serves == "readers":
        return _MAILED
    change = _CHANGES if able.revise else _BESIDE if able.corrects else _NO_CHANGE
    return Reason.joined(change, _WITHDRAWS if able.withdraw else _NO_WITHDRAWAL)


def left_there(post_id: UUID) -> list[Left]:
    """Every outlet that has the post or may have it, the merchant's own first; people's devices are left out."""
    with db.reading() as session:
        rows = session.execute(
            select(Delivery.link, Destination)
            .join(Destination, Destination.id == Delivery.destination_id)
            .where(Delivery.post_id == post_id, Delivery.state.in_(told.ARRIVED))
            .where(Destination.channel.not_in(channels.personal_kinds()))
            .order_by(Delivery.id)
        )
        found: dict[UUID, Left] = {}
        for link, destination in rows:
            if channels.known(destination.channel):
                earlier = found.get(destination.id)
                found[destination.id] = _left(destination, link or (earlier.link if earlier else ""))
        mailed = reach.told_of(session, post_id)
    by_mail = [_mailed(mailed)] if mailed else []
    return [*sorted(found.values(), key=lambda one: (not one.own, one.label, one.name)), *by_mail]


def _left(destination: Destination, link: str) -> Left:
    channel = channels.by_kind(destination.channel)
    able, label = channel.abilities, channel.label
    change = _CHANGES if able.revise else _BESIDE if able.corrects else Reason(CANNOT_CHANGE, label)
    return Left(
        destination.id,
        destination.name,
        channel.kind,
        label,
        destination.merchant_id is not None,
        link,
        change,
        _WITHDRAWS if able.withdraw else Reason(CANNOT_WITHDRAW, label),
    )


def _mailed(people: int) -> Left:
    channel = next(one for one in channels.CHANNELS if one.serves == "readers")
    return Left(None, channel.label, channel.kind, channel.label, False, "", _MAILED, _MAILED, people)
