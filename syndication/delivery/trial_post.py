"""The post of a test delivery: looks real, says that it is a test, and is removed again where people would see it."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from syndication import kinds
from syndication.channels.envelope import City, Envelope, PostView, Publisher
from syndication.channels.settings import Settings
from syndication.content.post import Image
from syndication.delivery.lane import Outcome
from syndication.ledger import lifecycle
from syndication.models import Delivery
from syndication.publishing import uploads

_ID = UUID("00000000-0000-7000-8000-000000000000")
_WORDS = {
    "de": ("Probebeitrag", "Dieser Beitrag prüft nur die Verbindung. Er steht sonst nirgends."),
    "en": ("Test post", "This post only checks the connection. It stands nowhere else."),
}


#: How long a test stands where people could take it for a post.
_STANDS = timedelta(minutes=5)
_BACK = "-back"


def envelope(row: Delivery, city: City, settings: Settings, *, pictured: bool) -> Envelope:
    """A test delivery's envelope, made from the city alone, equal on every try."""
    title, summary = _WORDS[city.language]
    payload = row.payload or {}
    at = datetime.fromisoformat(payload["stood_at"]) if "stood_at" in payload else row.created_at
    post = PostView(
        id=_ID,
        revision=1,
        content=kinds.notice(
            at + timedelta(days=7),
            at + timedelta(days=7, hours=2),
            title=title,
            summary=summary,
            topics=("test",),
            images=(Image(url=uploads.address(uploads.TEST), alt=title),) if pictured else (),
            language=city.language,
        ),
        merchant=Publisher("test", city.name),
        published_at=at,
        updated_at=at,
        link=city.base_url,
    )
    sent = Envelope(row.key, "published", post, city, settings, row.due_at, sequence=0, test=True)
    if "takes_back" not in payload:
        return sent
    return replace(sent, action="withdrawn", sequence=1, reference=payload["takes_back"], shown=post.content)


def taking_back(outcome: Outcome, destination_id: UUID | None) -> Delivery | None:
    """The delivery that deletes a test which now stands at a network; None where there is nothing to delete."""
    parcel, channel = outcome.parcel, outcome.parcel.channel
    was = parcel.envelope
    stands = outcome.state == "sent" and isinstance(was, Envelope) and was.test and was.action == "published"
    able = channel.abilities.keeps_track and channel.abilities.withdraw
    if not (stands and able and outcome.reference and destination_id):
        return None
    payload = {
        "test": True,
        "takes_back": outcome.reference,
        "stood_at": was.post.published_at.isoformat(),
    }
    due_at, key = outcome.at + _STANDS, f"{parcel.key}{_BACK}"
    back = lifecycle.row(
        channel, key, outcome.at, destination_id=destination_id, due_at=due_at, payload=payload
    )
    return Delivery(**back)


def takes_back(key: str) -> bool:
    """Whether a delivery of that key only deletes a test again."""
    return key.endswith(_BACK)
