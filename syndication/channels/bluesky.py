"""Bluesky: records of app.bsky.feed.post in the account's repository, over XRPC (atproto.com/specs, docs.bsky.app)."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID

from pydantic import Field, SecretStr

from syndication.channels.by_http import Rule, cooldown, json_of
from syndication.channels.contract import Abilities, Channel, Echo, Limit
from syndication.channels.envelope import Envelope, PostView
from syndication.channels.preview import Preview, joined, preview
from syndication.channels.settings import Account, Settings
from syndication.channels.social.counting import cut, graphemes, octets
from syndication.channels.social.pictured import fetched, left_out
from syndication.channels.social.requests import Network, count_at, items_at, text_at
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

_COLLECTION = "app.bsky.feed.post"
#: Graphemes; of bytes there may be ten for each (app.bsky.feed.post: maxGraphemes 300, maxLength 3000).
_CHARACTERS, _BYTES_EACH = 300, 10
_PICTURES = 4
#: A link is shown no longer than this; the facet below it holds the whole address.
_LINK_SHOWN = 30
_CARD_TITLE, _CARD_TEXT = 200, 300
_ALT = 2000
_HASHTAG = re.compile(r"(?<!\S)#(\w{1,64})")
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
_EDITED = Reason("Bluesky keeps the new text, but some apps go on showing the first one.")

RULES: tuple[Rule, ...] = (
    Rule(None, "AccountTakedown", "access", "Bluesky says this account is suspended. Log in there to see why."),
    Rule(None, "AccountDeactivated", "access", "Bluesky says this account is switched off. Log in there to switch it on again."),
    Rule(None, "AuthFactorTokenRequired", "access", "Bluesky asks for a second factor. Please enter an app password instead."),
    Rule(401, "", "access", "Bluesky does not accept this name and app password. Please make a new app password and enter it."),
    Rule(400, "InvalidToken", "access", "Bluesky no longer accepts our access. Please make a new app password and enter it."),
    Rule(400, "ExpiredToken", "later", "Bluesky ended our session early. It will be tried again."),
    Rule(403, "", "access", "Bluesky does not allow this app password to post. Please make a new one and enter it."),
    Rule(413, "", "refused", "Bluesky says the picture is too large."),
    Rule(400, "InvalidSwap", "later", "Bluesky was just changing this account. It will be tried again."),
    Rule(400, "", "refused", "Bluesky does not take this post as it is; its answer says why."),
)  # fmt: skip
#: Sessions end after some minutes; this is how a server says so.
_ENDED = (Rule(400, "ExpiredToken", "fine"), Rule(401, "ExpiredToken", "fine"))


class BlueskySettings(SocialSettings):
    """The account, by its name and an app password (Settings, Privacy and security, App passwords)."""

    harmless: ClassVar[frozenset[str]] = SocialSettings.harmless | {"identifier"}

    identifier: str = Field(
        min_length=3, max_length=300, description="Name of the account, such as coburg.bsky.social."
    )
    app_password: SecretStr = Field(
        description="An app password of the account; not the account's own password."
    )
    server: Server = Field(
        "https://bsky.social", description="Where the account lives; leave it unless you host it yourself."
    )

    @property
    def host(self) -> str:
        """The account's server."""
        return host_of(self.server)

    @property
    def speaks_as(self) -> Account | None:
        """The name it signs in with, and where."""
        name = f"{self.identifier.removeprefix('@')} ({self.host})"
        return Account(name.lower(), name, told=False)


@dataclass(frozen=True)
class Access:
    """Where the account lives, and what opens it."""

    server: str
    identifier: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, settings: BlueskySettings) -> "Access":
        """The access that settings describe."""
        return cls(settings.server, settings.identifier, settings.app_password.get_secret_value())


@dataclass(frozen=True)
class Skeet:
    """One record. `rkey` is its name in the repository, the same on every try: a repeat replaces it by itself."""

    access: Access
    rkey: str
    delete: bool
    record: dict[str, Any]
    images: tuple[Image, ...]
    #: Whether the pictures that stand there stay.
    keep_embed: bool
    remark: str


class Bluesky(Channel[Envelope, Skeet]):
    """Writes, rewrites and deletes one record for each post."""

    kind = "bluesky"
    label = "Bluesky"
    queue = "push"
    abilities = Abilities(
        revise=True, withdraw=True, repeatable=True, images=True, length=_CHARACTERS, keeps_track=True
    )
    settings = BlueskySettings
    typed = ("identifier", "app_password", "server")
    rehearsed = Answer(
        200,
        {},
        b'{"did": "did:plc:you", "accessJwt": "session", "refreshJwt": "session", "blob": {"ref": "1"},'
        b' "uri": "at://did:plc:you/app.bsky.feed.post/1"}',
    )
    #: 5,000 points an hour, three for each new record (docs.bsky.app, Rate Limits).
    limits = (Limit("destination", Rate(1600, 3600)),)
    tended_every = 86_400.0
    echoes = True

    def render(self, envelope: Envelope) -> Skeet:
        """The record but for its pictures, which must be there before it can name them."""
        chosen, post = envelope.settings, envelope.post
        assert isinstance(chosen, BlueskySettings)
        images = post.content.images[:_PICTURES]
        shown = _short(post.link)
        composed = compose(
            envelope,
            self.kind,
            _CHARACTERS,
            count=lambda text: _length(_last_replaced(text, post.link, shown)),
            link=bool(images),  # without pictures it is the card's
        )
        return Skeet(
            access=Access.of(chosen),
            rkey=envelope.reference or tid(post),
            delete=envelope.action == "withdrawn",
            record=_record(post, composed.text, shown) | ({} if images else {"embed": _card(post)}),
            images=images,
            keep_embed=envelope.shown is not None and envelope.shown.images == post.content.images,
            remark=Reason.joined(
                composed.remark,
                left_out(post.content.images, _PICTURES),
                _EDITED if envelope.shown is not None and envelope.action == "revised" else "",
            ),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The text with its short link; without pictures, the address of the card below it."""
        message, images = self.render(envelope), envelope.post.content.images
        text = message.record["text"]
        return preview(
            joined(text, "" if images else envelope.post.link),
            length=_length(text),
            most=_CHARACTERS,
            images=images,
            shown=_PICTURES,
            remark=message.remark,
        )

    def send(self, message: Skeet, tools: Tools) -> Receipt:
        """Pictures first, then putRecord under the same name every time; or deleteRecord, which may find nothing."""
        repository = _Repository(Network(self.label, RULES, tools), message.access)
        name = {"repo": repository.did, "collection": _COLLECTION, "rkey": message.rkey}
        if message.delete:
            answer = repository.call("com.atproto.repo.deleteRecord", name)
            return Receipt(code=answer.status, cooldown=cooldown(answer))
        record, remark = message.record, message.remark
        if message.images:
            embed, said = repository.embed(message)
            record, remark = record | embed, Reason.joined(remark, said)
        answer = repository.call("com.atproto.repo.putRecord", name | {"record": record, "validate": True})
        if not text_at(json_of(answer, self.label), "uri").startswith("at://"):
            # It may stand there all the same: the next try writes the same record.
            raise TryLater(Reason("Bluesky answered without the id of the post."), code=answer.status)
        return Receipt(
            reference=message.rkey,
            code=answer.status,
            link=f"https://bsky.app/profile/{repository.did}/post/{message.rkey}",
            remark=remark,
            cooldown=cooldown(answer),
        )

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Signs in anew, so that an app password that was taken back is noticed before a post needs it."""
        assert isinstance(settings, BlueskySettings)
        _Repository(Network(self.label, RULES, tools), Access.of(settings)).sign_in()
        return settings

    def echo(self, settings: Settings, reference: str, tools: Tools) -> Echo | None:
        """The counts of a post (app.bsky.feed.getPosts), which the account's server asks Bluesky's index for."""
        assert isinstance(settings, BlueskySettings)
        found = _Repository(Network(self.label, RULES, tools), Access.of(settings)).counted(reference)
        if found is None:
            return None
        return Echo(*(count_at(found, name) for name in ("likeCount", "repostCount", "replyCount")))


class _Repository:
    """The account's repository, with a session that outlives a send and is renewed when the server ends it."""

    def __init__(self, network: Network, access: Access) -> None:
        self._network, self._opened_by = network, access
        secret = hashlib.sha256(access.password.encode()).hexdigest()
        self._memory_key = f"bluesky {access.server} {access.identifier} {secret}"
        self._session: dict[str, str] = network.tools.sessions.get(self._memory_key) or {}

    @property
    def did(self) -> str:
        """The account's lasting name (DID)."""
        return self._signed_in()["did"]

    def call(
        self, method: str, body: Any = None, *, data: bytes = b"", content_type: str = "application/json"
    ) -> Any:
        """One procedure (HTTP POST) with the session; once more where the server ended it before doing anything."""
        url = f"{self._opened_by.server}/xrpc/{method}"
        answer = self._network.call(
            "POST", url, body=body, data=data, content_type=content_type, headers=self._access(), rules=_ENDED
        )
        if answer.status < 400:
            return answer
        self._session = self._renewed()
        return self._network.call(
            "POST", url, body=body, data=data, content_type=content_type, headers=self._access()
        )

    def embed(self, message: Skeet) -> tuple[dict[str, Any], str]:
        """The pictures as the record names them, and a remark about those that could not be had."""
        if message.keep_embed and (standing := self._standing(message.rkey)):
            return {"embed": standing}, ""
        # docs.bsky.app: a picture has at most 1,000,000 bytes.
        pictures, remark = fetched(message.images, Limits(side=2000, bytes=950_000), self._network.tools)
        found = []
        for image, picture in pictures:
            answer = self.call("com.atproto.repo.uploadBlob", data=picture.data, content_type=picture.type)
            blob = _inside(json_of(answer, self._network.name), "blob")
            if not blob:
                raise TryLater(Reason("Bluesky answered without the id of the picture."))
            found.append(
                {
                    "alt": cut(image.alt, _ALT),
                    "image": blob,
                    "aspectRatio": {"width": picture.width, "height": picture.height},
                }
            )
        return ({"embed": {"$type": "app.bsky.embed.images", "images": found}} if found else {}), remark

    def counted(self, rkey: str) -> Any:
        """That record as the network's index sees it (a query, HTTP GET); None where it is not in it."""
        uri = f"at://{self.did}/{_COLLECTION}/{rkey}"
        url = f"{self._opened_by.server}/xrpc/app.bsky.feed.getPosts?uris={quote(uri, safe='')}"
        answer = self._network.call("GET", url, headers=self._access(), rules=_ENDED)
        if answer.status >= 400:
            self._session = self._renewed()
            answer = self._network.call("GET", url, headers=self._access())
        return next(iter(items_at(json_of(answer, self._network.name), "posts") or []), None)

    def _standing(self, rkey: str) -> Any:
        url = (
            f"{self._opened_by.server}/xrpc/com.atproto.repo.getRecord"
            f"?repo={self.did}&collection={_COLLECTION}&rkey={rkey}"
        )
        answer = self._network.call("GET", url, rules=(Rule(400, "", "fine"), Rule(404, "", "fine")))
        if answer.status >= 400:
            return None
        return _inside(_inside(json_of(answer, self._network.name), "value"), "embed")

    def _access(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._signed_in()['access']}"),)

    def _signed_in(self) -> dict[str, str]:
        self._session = self._session or self.sign_in()
        return self._session

    def sign_in(self) -> dict[str, str]:
        """A new session (com.atproto.server.createSession). Raises a Verdict."""
        body = {"identifier": self._opened_by.identifier, "password": self._opened_by.password}
        return self._kept(
            self._network.json(
                "POST", f"{self._opened_by.server}/xrpc/com.atproto.server.createSession", body=body
            )
        )

    def _renewed(self) -> dict[str, str]:
        answer = self._network.call(
            "POST",
            f"{self._opened_by.server}/xrpc/com.atproto.server.refreshSession",
            headers=(("authorization", f"Bearer {self._session['refresh']}"),),
            rules=(Rule(400, "Token", "fine"), Rule(401, "", "fine")),
        )
        if answer.status >= 400:
            return self.sign_in()
        return self._kept(json_of(answer, self._network.name))

    def _kept(self, found: Any) -> dict[str, str]:
        session = {
            "did": text_at(found, "did"),
            "access": text_at(found, "accessJwt"),
            "refresh": text_at(found, "refreshJwt"),
        }
        if not (session["did"] and session["access"]):
            raise TryLater(Reason("Bluesky answered without an access token."))
        self._network.tools.sessions.put(self._memory_key, session)
        return session


def _inside(found: Any, name: str) -> dict[str, Any]:
    """The object under a name of an answer, or an empty one where there is none."""
    inside = found.get(name) if isinstance(found, dict) else None
    return inside if isinstance(inside, dict) else {}


def _record(post: PostView, text: str, shown: str) -> dict[str, Any]:
    """app.bsky.feed.post with the link shortened where it stands, and facets for links and hashtags."""
    text = _last_replaced(text, post.link, shown)
    record: dict[str, Any] = {
        "$type": _COLLECTION,
        "text": text,
        "createdAt": post.published_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "langs": [post.content.language],
    }
    facets = _facets(text, post.link, shown)
    return record | ({"facets": facets} if facets else {})


def _length(text: str) -> int:
    """Graphemes, or more where the text has more bytes than go with so many."""
    return max(graphemes(text), -(-octets(text) // _BYTES_EACH))


def _facets(text: str, link: str, shown: str) -> list[dict[str, Any]]:
    """app.bsky.richtext.facet: what is a link or a hashtag, by its place in the UTF-8 bytes of the text."""
    place = text.rfind(shown)
    found = (
        [(place, place + len(shown), {"$type": "app.bsky.richtext.facet#link", "uri": link})]
        if place >= 0
        else []
    )
    taken = [(start, end) for start, end, _ in found]
    for one in addresses.found(text):
        web = not one.href.startswith("mailto:")
        if web and all(one.end <= a or one.start >= b for a, b in taken):
            found.append((one.start, one.end, {"$type": "app.bsky.richtext.facet#link", "uri": one.href}))
    for match in _HASHTAG.finditer(text):
        found.append((*match.span(), {"$type": "app.bsky.richtext.facet#tag", "tag": match[1]}))
    return [
        {
            "index": {"byteStart": len(text[:start].encode()), "byteEnd": len(text[:end].encode())},
            "features": [feature],
        }
        for start, end, feature in sorted(found, key=lambda one: one[0])
    ]


def _card(post: PostView) -> dict[str, Any]:
    content = post.content
    return {
        "$type": "app.bsky.embed.external",
        "external": {
            "uri": post.link,
            "title": cut(content.title, _CARD_TITLE),
            "description": cut(content.summary, _CARD_TEXT),
        },
    }


def _short(link: str) -> str:
    """ "coburg.example/posts/0192…": what people see of a link."""
    bare = link.partition("://")[2].removesuffix("/")
    return bare if len(bare) <= _LINK_SHOWN else bare[: _LINK_SHOWN - 1] + "…"


def _last_replaced(text: str, old: str, new: str) -> str:
    before, found, after = text.rpartition(old)
    return before + new + after if found else text


def tid(post: PostView) -> str:
    """A record key of the form TID (atproto.com/specs/tid) that is always the same for a post: 53 bits of microseconds
    from its publishing, 10 bits that tell posts of the same moment apart, both filled up from the post's id.
    """
    chance = int.from_bytes(hashlib.sha256(UUID(str(post.id)).bytes).digest()[:4], "big")
    microseconds = int(post.published_at.timestamp() * 1000) * 1000 + chance % 1000
    number = (microseconds << 10) | (chance // 1000) % 1024
    return "".join(_BASE32[(number >> shift) & 31] for shift in range(60, -5, -5))
