"""The post of a test delivery: looks like a real one and says that it is none."""

from datetime import timedelta
from uuid import UUID

from syndication import gallery
from syndication.channels.base import City, Envelope, PostView, Publisher, Settings
from syndication.content import Content, Image
from syndication.models import Delivery

_ID = UUID("00000000-0000-7000-8000-000000000000")
_WORDS = {
    "de": ("Probebeitrag", "Dieser Beitrag prüft nur die Verbindung. Er steht sonst nirgends."),
    "en": ("Test post", "This post only checks the connection. It stands nowhere else."),
}


def envelope(row: Delivery, city: City, settings: Settings, *, pictured: bool) -> Envelope:
    """A test delivery's envelope, made from the city alone, equal on every try."""
    title, summary = _WORDS[city.language]
    at = row.created_at
    post = PostView(
        id=_ID,
        revision=1,
        content=Content(
            kind="event",
            title=title,
            summary=summary,
            starts_at=at + timedelta(days=7),
            ends_at=at + timedelta(days=7, hours=2),
            topics=("test",),
            images=(Image(url=gallery.address(gallery.TEST), alt=title),) if pictured else (),
            language=city.language,
        ),
        merchant=Publisher("test", city.name),
        published_at=at,
        updated_at=at,
        link=city.base_url,
    )
    return Envelope(row.key, "published", post, city, settings, row.due_at, sequence=0, test=True)
