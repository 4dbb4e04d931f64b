"""Web Push: a notice on the screen of one browser that asked for it (RFC 8030, 8188, 8291; VAPID, RFC 8292)."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from pydantic import Field, SecretStr

from syndication.channels import by_http
from syndication.channels.by_http import Rule
from syndication.channels.contract import Abilities, Channel
from syndication.channels.envelope import Envelope
from syndication.channels.messages import HttpMessage
from syndication.channels.preview import Preview, preview
from syndication.channels.social import pictured
from syndication.channels.social.counting import cut
from syndication.channels.social.requests import as_json
from syndication.channels.social.settings import SecretAddress, SocialSettings, host_of
from syndication.channels.social.words import SHORTENED, Words, pieces
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused
from syndication.config import settings as process_settings
from syndication.content.reason import Reason
from syndication.infra.signing import base64url, from_base64url, vapid_public_key

#: RFC 8291 section 4: so many bytes are left of the 4,096 that push services take.
_PAYLOAD = 3993
#: So many bytes of text are more than any screen shows.
_TEXT = 1000
_LONGEST = timedelta(days=28)

RULES: tuple[Rule, ...] = (
    Rule(404, "", "gone", "This browser no longer wants notices."),
    Rule(410, "", "gone", "This browser no longer wants notices."),
    Rule(401, "", "refused", "The push service does not accept our key. Please tell the operator."),
    Rule(403, "", "refused", "The push service knows this browser under another key of ours. It has to subscribe again."),
    Rule(413, "", "refused", "The push service says the notice is too long."),
)  # fmt: skip


class WebPushSettings(SocialSettings):
    """One browser's subscription, as its PushSubscription tells it. Whoever knows it can send to it: all of it is secret."""

    endpoint: SecretAddress = Field(description="Where its push service takes messages.")
    p256dh: SecretStr = Field(description="The browser's public key, base64url.")
    auth: SecretStr = Field(description="The browser's authentication secret, base64url.")

    @property
    def host(self) -> str:
        """The push service."""
        return host_of(self.endpoint.get_secret_value())


@dataclass(frozen=True)
class Notice:
    """What the service worker is handed; it is encrypted when it is sent, with a fresh key each time."""

    endpoint: str = field(repr=False)
    #: The browser's public key and its authentication secret, base64url.
    key: str = field(repr=False)
    auth: str = field(repr=False)
    payload: bytes
    topic: str
    seconds: int
    urgent: bool


class WebPush(Channel[Envelope, Notice]):
    """One notice for each post; a later one with the same topic takes its place, on its way and on the screen."""

    kind = "webpush"
    label = "Web Push"
    queue = "push"
    abilities = Abilities(
        revise=True,
        withdraw=True,
        repeatable=True,
        images=True,
        fetches="page",
        length=_TEXT,
        keeps_track=True,
    )
    settings = WebPushSettings
    personal = True
    #: Behind the outlets that many people read: there may be ten thousand devices.
    priority = 6

    def public_key(self) -> str:
        """What a browser calls `applicationServerKey` (RFC 8292 section 3.2)."""
        private = process_settings().vapid_key.get_secret_value()
        return vapid_public_key(private) if private else ""

    def render(self, envelope: Envelope) -> Notice:
        """Title, text, link, picture and tag as JSON; a withdrawal says so under the same tag."""
        chosen, post = envelope.settings, envelope.post
        assert isinstance(chosen, WebPushSettings)
        words = pieces(envelope, self.kind)
        withdrawn = envelope.action == "withdrawn"
        text = "" if withdrawn else _whole(words)
        said = {
            "title": words.title,
            "url": post.link,
            "image": "" if withdrawn else pictured.first(envelope)[0],
            "tag": str(post.id),
            "withdrawn": withdrawn,
            "quiet": envelope.shown is not None and not withdrawn and not envelope.changed,
            "lang": post.content.language,
        }
        ends = post.over_at - envelope.tried_at if post.over_at else _LONGEST
        return Notice(
            endpoint=chosen.endpoint.get_secret_value(),
            key=chosen.p256dh.get_secret_value(),
            auth=chosen.auth.get_secret_value(),
            payload=as_json(_fitting(said, text)),
            # RFC 8030 section 5.4: at most 32 characters of base64url.
            topic=base64url(post.id.bytes),
            seconds=int(max(timedelta(minutes=1), min(ends, _LONGEST)).total_seconds()),
            urgent=withdrawn or bool(envelope.changed),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The notice as a device shows it; what is counted is all that goes with it."""
        payload = self.render(envelope).payload
        said, content = json.loads(payload), envelope.post.content
        whole = said["body"] == _whole(pieces(envelope, self.kind))
        return preview(
            said["body"],
            title=said["title"],
            length=len(payload),
            most=_PAYLOAD,
            unit="bytes",
            images=content.images,
            shown=1,
            remark=Reason.joined("" if whole else SHORTENED, pictured.left_out(content.images, 1)),
        )

    def send(self, message: Notice, tools: Tools) -> Receipt:
        """One encrypted POST, signed with the city's key; 404 and 410 end the subscription."""
        try:
            pushed = _encrypted(message)
        except Exception as error:
            raise Refused(Reason("The browser's keys cannot be used. It has to subscribe again.")) from error
        headers = (
            ("content-type", "application/octet-stream"),
            ("content-encoding", "aes128gcm"),
            ("ttl", str(message.seconds)),
            ("topic", message.topic),
            ("urgency", "high" if message.urgent else "normal"),
            *_signed(message.endpoint),
        )
        answer = by_http.call(
            HttpMessage("POST", message.endpoint, headers, pushed), tools, rules=RULES, who="The push service"
        )
        return Receipt(reference=message.topic, code=answer.status)


def _whole(words: Words) -> str:
    """All that there is to say, before it is shortened."""
    brief = [one.text for one in words.facts if one.brief]
    facts = " · ".join(part for part in (words.when, words.where, *brief) if part)
    return f"{facts}\n{words.own or words.text}".strip()


def _encrypted(message: Notice) -> bytes:
    """RFC 8291, with a key and a salt of its own. Raises whatever a key that is none makes the libraries raise."""
    body: bytes = http_ece.encrypt(
        message.payload,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=from_base64url(message.key),
        auth_secret=from_base64url(message.auth),
        version="aes128gcm",
    )
    return body


def _fitting(said: dict[str, Any], text: str) -> dict[str, Any]:
    """With as much of the text as there is room for."""
    room = min(_TEXT, _PAYLOAD - len(as_json(said | {"body": ""})))
    return said | {"body": cut(text, room, lambda part: len(as_json(part)) - 2)}


def _vapid() -> Vapid02:
    key = process_settings().vapid_key.get_secret_value()
    if not key:
        raise Refused(Reason("The operator has set no key for Web Push (SYNDICATION_VAPID_KEY)."))
    return Vapid02.from_string(key)


def _signed(endpoint: str) -> tuple[tuple[str, str], ...]:
    """The Authorization header of RFC 8292 section 3; `sub` says who is to be asked about us."""
    scheme, _, rest = endpoint.partition("://")
    claims = {"aud": f"{scheme}://{rest.partition('/')[0]}", "sub": f"mailto:{process_settings().mail_from}"}
    return tuple((name.lower(), value) for name, value in _vapid().sign(claims).items())
