"""What tests do to a town: publish, fan out, look at deliveries, let time pass."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from syndication import clock, db, fanout, posts
from syndication.models import Change, Delivery
from syndication.stack.receiver import Receiver
from tests import factories

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


def publish(slug: str = "cafe", **fields: Any) -> posts.PostRecord:
    with db.transaction() as session:
        found = factories.merchant(session, slug)
        merchant_id = found.id
    return posts.create(merchant_id, factories.event(**fields))


def fan_out() -> None:
    with db.reading() as session:
        ids = session.scalars(select(Change.id).where(Change.fanned_at.is_(None)).order_by(Change.id)).all()
    for change_id in ids:
        fanout.fan_out(change_id)


def hook(receiver: Receiver, path: str = "/hook", **fields: Any) -> Any:
    receiver.secrets[path] = SECRET
    with db.transaction() as session:
        return factories.destination(
            session, "webhook", settings={"url": receiver.url(path)}, secrets={"secret": SECRET}, **fields
        ).id


def deliveries(channel: str = "webhook") -> list[Delivery]:
    with db.reading() as session:
        return list(
            session.scalars(select(Delivery).where(Delivery.channel == channel).order_by(Delivery.id))
        )


def states(channel: str = "webhook") -> list[str]:
    return [row.state for row in deliveries(channel)]


def later(seconds: float) -> None:
    clock.travel(timedelta(seconds=seconds))
