"""Matrix: room messages over the client-server API (spec.matrix.org, v1.10 and later)."""

from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, SecretStr

from syndication.channels.by_http import Rule
from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Account, Settings
from syndication.channels.social.counting import octets
from syndication.channels.social.pictured import fetched, left_out
from syndication.channels.social.requests import Network, as_json, items_at, text_at
from syndication.channels.social.settings import Server, SocialSettings, host_of
from syndication.channels.social.words import compose
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, TryLater
from syndication.content import addresses
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.images import Limits
from syndication.infra.rate_limits import Rate

#: An event has at most 65,536 bytes (section "Size limits"), and an edit holds its text four times.
_BYTES = 10_000
_LOOK_BACK = 100
_TIMELINE = 2_000_000
#: Names the post within the event, so that a message whose id got lost is found again.
_MARK = "org.syndication.post"

RULES: tuple[Rule, ...] = (
    Rule(None, "M_UNKNOWN_TOKEN", "access", "Matrix no longer accepts our access. Please enter a new access token."),
    Rule(None, "M_MISSING_TOKEN", "access", "Matrix asks for an access token. Please enter one."),
    Rule(None, "M_USER_DEACTIVATED", "access", "Matrix says this account is switched off."),
    Rule(None, "M_USER_SUSPENDED", "access", "Matrix says this account is suspended. Ask your server why."),
    Rule(None, "M_CONSENT_NOT_GIVEN", "access", "Matrix wants this account to agree to its server's terms. Please log in there."),
    Rule(None, "M_LIMIT_EXCEEDED", "later", "Matrix asks for fewer messages. It will be tried again."),
    Rule(None, "M_RESOURCE_LIMIT_EXCEEDED", "later", "The Matrix server has used up what it may. It will be tried again."),
    Rule(403, "", "access", "The Matrix account may not write into this room. Please invite it and let it post."),
    Rule(413, "", "refused", "Matrix says the message or its picture is too large."),
    Rule(404, "", "refused", "Matrix knows no such room. Please enter its address again, such as #coburg:matrix.org."),
)  # fmt: skip


class MatrixSettings(SocialSettings):
    """The account that writes, and the room it writes into. Invite the account there first."""

    harmless: ClassVar[frozenset[str]] = SocialSettings.harmless | {"room", "account"}

    server: Server = Field(description="The account's server, such as https://matrix.org.")
    access_token: SecretStr = Field(description="Access token of the account (Settings, Help and about).")
    room: str = Field(
        pattern=r"^[#!][^\s]{2,250}$", description="The room, such as #coburg:matrix.org or its internal id."
    )
    account: str = Field("", max_length=300, description="Name of the account; the service fills it in.")

    @property
    def host(self) -> str:
        """The account's server."""
        return host_of(self.server)

    @property
    def speaks_as(self) -> Account | None:
        """The room, and whose token it is as the server said."""
        name = f"{self.account} ({self.room}, {self.host})".lstrip()
        return Account(name, name, told=bool(self.account))


@dataclass(frozen=True)
class RoomMessage:
    """What is to stand in the room. `transaction` is the same on every try, so that a repeat makes no second message."""

    server: str
    token: str = field(repr=False)
    room: str
    transaction: str
    delete: bool
    content: dict[str, Any]
    images: tuple[Image, ...]
    keep_media: bool
    reference: str
    doubtful: bool
    remark: str


class Matrix(Channel[Envelope, RoomMessage]):
    """Sends, replaces (m.replace) and redacts one message for each post, with its picture and caption."""

    kind = "matrix"
    label = "Matrix"
    queue = "push"
    abilities = Abilities(
        revise=True, withdraw=True, repeatable=True, images=True, length=_BYTES, keeps_track=True
    )
    settings = MatrixSettings
    typed = ("server", "access_token", "room")
    rehearsed = Answer(
        200,
        {},
        b'{"room_id": "!room:server", "content_uri": "mxc://server/1", "event_id": "$1", "user_id": "@you:server"}',
    )
    #: What Synapse allows an account unless its operator says otherwise (rc_message).
    limits = (Limit("destination", Rate(10, 50)),)
    tended_every = 86_400.0

    def render(self, envelope: Envelope) -> RoomMessage:
        """The message as plain text and as HTML (section "m.room.message msgtypes")."""
        chosen, content = envelope.settings, envelope.post.content
        assert isinstance(chosen, MatrixSettings)
        composed = compose(envelope, self.kind, _BYTES, count=octets)
        return RoomMessage(
            server=chosen.server,
            token=chosen.access_token.get_secret_value(),
            room=chosen.room,
            transaction=envelope.key,
            delete=envelope.action == "withdrawn",
            content={
                "msgtype": "m.text",
                "body": composed.text,
                "format": "org.matrix.custom.html",
                "formatted_body": _html(composed.text),
                # Says that it calls nobody, whatever names stand in it (section "User and room mentions").
                "m.mentions": {},
                _MARK: str(envelope.post.id),
            },
            images=content.images[:1],
            keep_media=envelope.shown is not None and envelope.shown.images[:1] == content.images[:1],
            reference=envelope.reference or "",
            doubtful=envelope.doubtful,
            remark=Reason.joined(composed.remark, left_out(content.images, 1)),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The message; its HTML says the same."""
        message = self.render(envelope)
        text = message.content["body"]
        return preview(
            text,
            length=octets(text),
            most=_BYTES,
            unit="bytes",
            images=envelope.post.content.images,
            shown=1,
            remark=message.remark,
        )

    def send(self, message: RoomMessage, tools: Tools) -> Receipt:
        """Into the room, as a new message or in place of the one that stands there; or takes that one out."""
        network = _network(message.server, message.token, tools)
        room = _room(network, message)
        event_id, _, media = message.reference.partition(" ")
        if not event_id and message.doubtful:
            event_id, media = _found(network, message, room)
        if message.delete:
            return _redacted(network, message, room, event_id)
        content, media, remark = self._with_picture(network, message, media)
        if event_id:
            content = {
                **content,
                "body": f"* {content['body']}",
                "m.new_content": content,
                "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
            }
        url = f"{_rooms(message.server)}/{_safe(room)}/send/m.room.message/{_safe(message.transaction)}"
        sent = _sent(network, url, content)
        event_id = event_id or sent
        return Receipt(
            reference=f"{event_id} {media}".strip(),
            code=200,
            link=f"https://matrix.to/#/{_safe(room)}/{_safe(event_id)}",
            remark=Reason.joined(message.remark, remark),
        )

    def _with_picture(
        self, network: Network, message: RoomMessage, media: str
    ) -> tuple[dict[str, Any], str, str]:
        """The content with its picture, the picture for the next edit, and a remark."""
        remark = ""
        if not (message.keep_media and media):
            pictures, remark = fetched(message.images, Limits(side=1600), network.tools)
            media = ""
            for _, picture in pictures:
                url = f"{message.server}/_matrix/media/v3/upload?filename=picture.jpg"
                uri = text_at(
                    network.json("POST", url, data=picture.data, content_type=picture.type), "content_uri"
                )
                if not uri:
                    raise TryLater(Reason("Matrix answered without the id of the picture."))
                media = f"{uri} {picture.width} {picture.height} {len(picture.data)}"
        if not media:
            return message.content, "", remark
        uri, width, height, size = media.split()
        info = {"mimetype": "image/jpeg", "w": int(width), "h": int(height), "size": int(size)}
        alt = message.images[0].alt if message.images else ""
        image = {"msgtype": "m.image", "filename": "picture.jpg", "url": uri, "info": info}
        # A caption takes the place of the body; the words for those who cannot see it stand at its end.
        words = f"{message.content['body']}\n\n[{alt}]"
        html = f"{message.content['formatted_body']}<br><br>[{escape(alt)}]"
        return {**message.content, **image, "body": words, "formatted_body": html}, media, remark

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Asks the server whose token it is, and accepts the invitation into the room."""
        assert isinstance(settings, MatrixSettings)
        network = _network(settings.server, settings.access_token.get_secret_value(), tools)
        me = network.json("GET", f"{settings.server}/_matrix/client/v3/account/whoami")
        _join(network, settings.server, settings.room)
        return settings.model_copy(update={"account": text_at(me, "user_id")})


def _network(server: str, token: str, tools: Tools) -> Network:
    return Network(Matrix.label, RULES, tools, (("authorization", f"Bearer {token}"),), server)


def _rooms(server: str) -> str:
    return f"{server}/_matrix/client/v3/rooms"


def _safe(part: str) -> str:
    return quote(part, safe="")


def _room(network: Network, message: RoomMessage) -> str:
    """The room's internal id; an alias is looked up, and an invitation accepted, once in a process."""
    key = f"matrix {message.server} {message.room}"
    known = network.tools.sessions.get(key)
    if known is None:
        known = _join(network, message.server, message.room)
        network.tools.sessions.put(key, known)
    return str(known)


def _join(network: Network, server: str, room: str) -> str:
    joined = network.json("POST", f"{server}/_matrix/client/v3/join/{_safe(room)}", body={})
    return text_at(joined, "room_id") or room


def _redacted(network: Network, message: RoomMessage, room: str, event_id: str) -> Receipt:
    if not event_id:
        return Receipt(remark=Reason("It does not stand in the room, so there was nothing to take out."))
    url = f"{_rooms(message.server)}/{_safe(room)}/redact/{_safe(event_id)}/{_safe(message.transaction)}"
    _sent(network, url, {})
    return Receipt(code=200)


def _sent(network: Network, url: str, content: dict[str, Any]) -> str:
    """The id of the event that now stands in the room; the same transaction once more is the same event."""
    event_id = text_at(network.json("PUT", url, body=content), "event_id")
    if not event_id:
        raise TryLater(Reason("Matrix answered without the number of the message."))
    return event_id


def _found(network: Network, message: RoomMessage, room: str) -> tuple[str, str]:
    """Id and picture of the message that an earlier try may have left in the room; empty for none."""
    me = text_at(network.json("GET", f"{message.server}/_matrix/client/v3/account/whoami"), "user_id")
    wanted = as_json({"types": ["m.room.message"], "senders": [me]}).decode()
    url = f"{_rooms(message.server)}/{_safe(room)}/messages?dir=b&limit={_LOOK_BACK}&filter={_safe(wanted)}"
    found = network.json("GET", url, most_read=_TIMELINE)
    events = items_at(found, "chunk")
    if events is None:
        raise TryLater(Reason("Matrix did not show what stands in the room. It will be tried again."))
    for event in events:
        content = event.get("content", {}) if isinstance(event, dict) else {}
        if content.get(_MARK) == message.content[_MARK] and "m.relates_to" not in content:
            info = content.get("info", {})
            media = (
                f"{content['url']} {info.get('w')} {info.get('h')} {info.get('size')}"
                if "url" in content
                else ""
            )
            return text_at(event, "event_id"), media
    return "", ""


def _html(text: str) -> str:
    """The text as harmless HTML: the first line bold, addresses as links."""
    parts, done = [], 0
    for one in addresses.found(text):
        parts += [
            escape(text[done : one.start]),
            f'<a href="{escape(one.href)}">{escape(text[one.start : one.end])}</a>',
        ]
        done = one.end
    html = "".join([*parts, escape(text[done:])])
    first, newline, rest = html.partition("\n")
    return f"<strong>{first}</strong>{newline}{rest}".replace("\n", "<br>")
