"""What tests do to a town: publish, fan out, look at deliveries, let time pass."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from syndication import channels, clock, config
from syndication.audience import signups
from syndication.content.interest import Interest
from syndication.delivery import drain, fanout
from syndication.infra import db
from syndication.models import Change, Delivery, SignUp
from syndication.publishing import posts
from syndication.stack.receiver import Receiver
from tests import factories
from tests.channels.samples import SAMPLES, filled_in, kept_pictures

#: A picture that a merchant's website has; see keep_pictures.
PICTURE = {"url": "https://weinhaus.example/bild.jpg", "alt": "Zwei Gläser"}
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


def account(kind: str, receiver: Receiver, **fields: Any) -> Any:
    """A destination of that kind as in the contract's sample, at a fake network that listens at `receiver`."""
    filled = {
        name: filled_in(one, receiver.url("")) if isinstance(one, str) else one
        for name, one in SAMPLES[kind][0].items()
    }
    secret = set(channels.by_kind(kind).settings.secret_names())
    with db.transaction() as session:
        return factories.destination(
            session,
            kind,
            settings={name: one for name, one in filled.items() if name not in secret},
            secrets={name: one for name, one in filled.items() if name in secret},
            **fields,
        ).id


def keep_pictures(cfg: config.Settings) -> None:
    """As if PICTURE had been fetched a moment ago: tests reach no website."""
    folder = cfg.data_dir / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    kept_pictures(drain.tools().http, folder)


def deliveries(channel: str = "webhook") -> list[Delivery]:
    with db.reading() as session:
        return list(
            session.scalars(select(Delivery).where(Delivery.channel == channel).order_by(Delivery.id))
        )


def states(channel: str = "webhook") -> list[str]:
    return [row.state for row in deliveries(channel)]


def later(seconds: float) -> None:
    clock.travel(timedelta(seconds=seconds))


def sign_up(email: str, *, cadence: str = "weekly thu 07:00", **chosen: Any) -> None:
    """Somebody signs up, and a worker does its part."""
    wanted = {"language": "de", "interest": Interest(), "source": "form", "wording": "Ja, gern.", **chosen}
    signups.ask(signups.checked(email, cadence=cadence, **wanted))
    answer_sign_ups()


def answer_sign_ups() -> None:
    """Let a worker answer all that waits."""
    with db.reading() as session:
        ids = session.scalars(select(SignUp.id).order_by(SignUp.id)).all()
    for one in ids:
        signups.answer(one)
