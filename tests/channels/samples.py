"""One envelope of each kind for every channel, so that the contract runs over all of them with real remotes."""

import hashlib
import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import PIL.Image

from syndication.channels.built_in.newsletter import EditionView, Entry, Newsletter, compose
from syndication.channels.contract import Channel
from syndication.channels.envelope import City, Copy, Envelope, Note, PostView, Publisher
from syndication.channels.settings import Settings
from syndication.content.post import Content, Image, Place
from syndication.infra.http import Client
from syndication.infra.images import Pictures
from syndication.kinds.reading import made
from tests.browser import AUTH, P256DH, b64

CITY = City(
    "Coburg", "https://coburg.example", ZoneInfo("Europe/Berlin"), "de", "Stadtmarketing Coburg, Herrngasse 4"
)
SENDER = "news@coburg.example"
AT = datetime(2026, 8, 10, 5, 0, tzinfo=UTC)
TOKEN = "MTIz.qPz7s0o3F1m2y4N5p6Q7r8S9t0U1v2W3x4Y5z6A7b8C"


def content(**fields: Any) -> Content:
    """An event with everything that an event can say."""
    full: dict[str, Any] = {
        "kind": "event",
        "title": "Weinabend & Käse <b>für alle</b> 🍷",
        "summary": "Sechs Weine aus Franken",
        "body": "Mit *Musik* und [Wein](https://wein.example).\n\n- rot\n- weiß\n\n<script>alert(1)</script>",
        "url": "https://weinhaus.example/abend",
        "topics": ("musik", "wein"),
        "images": (Image(url="https://weinhaus.example/bild.jpg", alt="Zwei Gläser"),),
        "place": Place(name="Weinhaus", address="Markt 3", latitude=50.26, longitude=10.96),
        "starts_at": datetime(2026, 8, 15, 17, 0, tzinfo=UTC),
        "ends_at": datetime(2026, 8, 15, 21, 0, tzinfo=UTC),
        "price": "24.00",
    }
    return made(**full | fields)


def view(number: int = 1, **fields: Any) -> PostView:
    """A post of the Weinhaus."""
    one = content(**fields)
    identity = UUID(int=0x018F0000_0000_7000_8000_000000000000 + number)
    merchant = Publisher(
        "weinhaus", "Weinhaus am Markt", "https://weinhaus.example", "Markt 3, 96450 Coburg", "mitte"
    )
    return PostView(
        identity, 1, one, merchant, AT, AT, f"https://coburg.example/posts/{identity}", one.over_at(CITY.zone)
    )


def envelope(settings: Settings, action: Any = "published", **fields: Any) -> Envelope:
    """One change of the sample post."""
    return Envelope("c1-0", action, view(**fields), CITY, settings, AT, 1)


@lru_cache(maxsize=1)
def picture() -> bytes:
    """The picture of the sample post, as its merchant's website has it: a PNG larger than networks take."""
    target = io.BytesIO()
    drawn = PIL.Image.linear_gradient("L").resize((2200, 1100)).convert("RGB")
    drawn.save(target, "PNG")
    return target.getvalue()


def copy(address: str = "anna@example.org", **fields: Any) -> Copy:
    """One reader's copy of an edition of one post."""
    edition = EditionView("de", AT, (Entry(view(**fields)),), ())
    return Copy("e1-r1", compose(edition, CITY, SENDER), address, TOKEN, CITY, SENDER, AT)


def letter(name: str = "confirm", address: str = "anna@example.org") -> Note:
    """A letter with all that any letter needs."""
    payload = {
        "letter": name,
        "to": address,
        "language": "de",
        "token": TOKEN,
        "outlet": "Website",
        "reason": "The address answered 410.",
        "since": AT.isoformat(),
        "ends": AT.isoformat(),
        "until": AT.isoformat(),
        "name": "Anna",
        "who": "Rosa Rosen",
        "role": "editor",
        "where": "Café Rosengarten",
        "browser": "Firefox",
        "system": "Android",
        "connect": "",
        "names": "Café Rosengarten, Bäckerei Vollkorn",
        "merchant": "Café Rosengarten",
        "because": "Wir haben unter dieser Adresse keinen Laden gefunden.",
        "reply_to": "rathaus@coburg.example",
        "post": "https://coburg.example/posts/4711",
        "page": "https://coburg.example/desk/merchants/cafe/posts/4711",
        "outcome": "removed",
        "title": "Kaffee für lau",
        "why": "spam",
        "ground": "Regeln dieser Stadt, Nummer 3",
        "reported": "yes",
        "number": "2",
        "scheduled": "3",
        "standing": "12",
        "withdraw": "",
        "missed": "1",
        "said": "1400 MB are free.",
        "begun": "Since today.",
        "whose": "Whose turn it is: yours.",
        "first": "First: make room.",
    }
    return Note(f"l-{name}", payload, CITY, Settings(), SENDER, AT)


def kept_pictures(client: Client, folder: Path) -> Pictures:
    """Pictures as they are when the sample's were fetched a moment ago: tests reach no website."""
    for name in ("bild", "neu"):
        url = f"https://weinhaus.example/{name}.jpg"
        (folder / hashlib.sha256(url.encode()).hexdigest()).write_bytes(picture())
    return Pictures(client, folder)


def filled_in(value: str, url: str) -> str:
    """A setting with `{url}`, `{root}` (without a path) and `{host}` of the remote filled in."""
    parts = urlsplit(url)
    return value.format(url=url, root=f"{parts.scheme}://{parts.netloc}", host=parts.netloc)


@dataclass(frozen=True)
class Sample:
    """What a channel is tested with: its settings and one envelope, made for a remote at `url`."""

    channel: Channel[Any, Any]
    settings: dict[str, Any]
    kind: str

    def envelope(self, url: str, action: Any = "published", /, **fields: Any) -> Any:
        """The envelope, with the places in the settings filled in."""
        filled = {
            name: filled_in(value, url) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }
        settings = self.channel.settings.model_validate(filled)
        if self.kind == "copy":
            return copy(**fields)
        if self.kind == "letter":
            return letter()
        if self.kind == "ping":
            return Note("w1", {"topic": "https://coburg.example/feeds/all.rss"}, CITY, settings, SENDER, AT)
        return replace(envelope(settings, action, **fields))


#: How each channel is tried. A channel without a line here fails the contract.
SAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    Newsletter.kind: ({}, "copy"),
    "letter": ({}, "letter"),
    "feed": ({}, "change"),
    "webhook": ({"url": "{url}", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}, "change"),
    "websub": ({"hub": "{url}"}, "ping"),
    "mastodon": ({"server": "{url}", "access_token": "mastodon-access-token"}, "change"),
    "matrix": (
        {"server": "{url}", "access_token": "syt_matrix_access_token", "room": "#coburg:matrix.example"},
        "change",
    ),
    "telegram": ({"api": "{url}", "bot_token": "123456:telegram-bot-token", "chat": "@coburg"}, "change"),
    "discord": ({"webhook": "{root}/api/webhooks/222/discord-webhook-token"}, "change"),
    "slack": ({"webhook": "{root}/services/T000/B000/slack-webhook-token"}, "change"),
    "mattermost": ({"webhook": "{root}/hooks/mattermost-token"}, "change"),
    "rocketchat": ({"webhook": "{root}/hooks/6ad/rocketchat-token"}, "change"),
    "teams": ({"webhook": "{root}/workflows/abc/triggers/manual/paths/invoke?sig=teams-token"}, "change"),
    "ntfy": ({"server": "{url}", "topic": "coburg", "access_token": "tk_ntfy-access-token"}, "change"),
    "webpush": (
        {"endpoint": "{root}/push/browser1", "p256dh": P256DH, "auth": b64(AUTH)},
        "change",
    ),
    "apprise": ({"url": "json://{host}/hook"}, "change"),
    "bluesky": (
        {"server": "{url}", "identifier": "coburg.bsky.social", "app_password": "abcd-efgh-ijkl-mnop"},
        "change",
    ),
    "facebook": (
        {
            "api": "{url}",
            "page_id": "104512345678901",
            "access_token": "EAAG-page-token",
            "app_secret": "f00dcafe",
        },
        "change",
    ),
    "instagram": (
        {
            "api": "{url}",
            "user_id": "17841400008460056",
            "access_token": "EAAG-page-token",
            "app_secret": "f00dcafe",
        },
        "change",
    ),
    "google_business": (
        {
            "account": "111",
            "location": "222",
            "client_id": "app.apps.example",
            "client_secret": "GOCSPX-client",
            "refresh_token": "1//refresh",
            "api": "{url}",
            "auth": "{url}",
        },
        "change",
    ),
    "linkedin": (
        {"organization": "5515715", "access_token": "AQX-access", "api": "{url}", "auth": "{url}"},
        "change",
    ),
}
