"""Discord: messages of a webhook in one channel of a server (discord.com/developers/docs/resources/webhook)."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from syndication.channels.by_http import Rule, cooldown, json_of
from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, joined, preview, unmarked
from syndication.channels.settings import Account, Settings
from syndication.channels.social import markdown
from syndication.channels.social.counting import cut, headline, utf16
from syndication.channels.social.pictured import fetched, left_out
from syndication.channels.social.requests import Network, as_its_body_asks, as_json, text_at
from syndication.channels.social.settings import SocialSettings, host_of, public
from syndication.channels.social.words import SHORTENED, pieces
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, TryLater, Unconfirmed
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.images import Limits
from syndication.infra.rate_limits import Rate
from syndication.infra.rendering import gettext

#: resources/message, "Embed Limits": all texts of an embed together have at most 6,000 characters.
_TITLE, _DESCRIPTION, _VALUE, _FOOTER, _ALT = 256, 3500, 1024, 200, 1024
_COLOUR = {"cancelled": 0xB3261E, "postponed": 0x9A6700, "sold_out": 0x9A6700}
#: Wakes nobody, whatever a text holds.
_QUIET: dict[str, Any] = {"allowed_mentions": {"parse": []}}
_PATH = re.compile(r"/api(/v\d+)?/webhooks/\d{1,20}/[\w-]{1,200}/?$")

RULES: tuple[Rule, ...] = (
    Rule(404, "10015", "gone", "The webhook was deleted on Discord. Please make a new one and enter its address."),
    Rule(404, "10008", "refused", "The post no longer stands on Discord: somebody deleted it there."),
    Rule(404, "", "gone", "Discord knows no such webhook. Please make a new one and enter its address."),
    Rule(401, "", "access", "Discord does not accept this webhook. Please make a new one and enter its address."),
    Rule(403, "", "access", "Discord does not let this webhook post. Please look at its channel's settings there."),
    Rule(400, "10003", "access", "The channel was deleted on Discord. Please make a webhook in another one."),
    Rule(413, "", "refused", "Discord says the picture is too large."),
    Rule(400, "", "refused", "Discord does not take this post as it is; its answer says why."),
)  # fmt: skip
_ALREADY_GONE = (Rule(404, "10008", "fine"),)


def _webhook(secret: SecretStr) -> SecretStr:
    url = public(secret.get_secret_value())
    if not _PATH.search(url):
        raise ValueError(
            "is no address of a Discord webhook; it looks like https://discord.com/api/webhooks/…/…"
        )
    return SecretStr(url.rstrip("/"))


class DiscordSettings(SocialSettings):
    """One webhook; whoever knows its address can post, so all of it is secret."""

    harmless: ClassVar[frozenset[str]] = SocialSettings.harmless | {"server_id", "channel_id"}

    webhook: Annotated[SecretStr, AfterValidator(_webhook)] = Field(
        description="Address of the webhook (channel settings, Integrations, Webhooks)."
    )
    server_id: str = Field("", max_length=30, description="Number of the server; the service fills it in.")
    channel_id: str = Field("", max_length=30, description="Number of the channel; the service fills it in.")

    @property
    def host(self) -> str:
        """Discord's own host."""
        return host_of(self.webhook.get_secret_value())

    @property
    def speaks_as(self) -> Account | None:
        """The channel that the webhook posts into, as Discord said."""
        name = f"{self.server_id}/{self.channel_id}"
        return Account(name, name) if self.channel_id else None


@dataclass(frozen=True)
class WebhookMessage:
    """One message with one embed. `reference` is its number, and the picture's name where it has one."""

    url: str = field(repr=False)
    server_id: str
    channel_id: str
    delete: bool
    embed: dict[str, Any]
    images: tuple[Image, ...]
    keep_media: bool
    reference: str
    remark: str


class Discord(Channel[Envelope, WebhookMessage]):
    """Posts, edits and deletes one message for each post: an embed with its facts and its first picture."""

    kind = "discord"
    label = "Discord"
    queue = "push"
    abilities = Abilities(
        revise=True, withdraw=True, repeatable=False, images=True, length=_DESCRIPTION, keeps_track=True
    )
    settings = DiscordSettings
    typed = ("webhook",)
    #: Five in two seconds and 30 a minute for each webhook; 50 a second from one machine (topics/rate-limits).
    limits = (
        Limit("destination", Rate(5, 2)),
        Limit("destination", Rate(30, 60)),
        Limit("host", Rate(50, 1)),
    )
    tended_every = 86_400.0

    def render(self, envelope: Envelope) -> WebhookMessage:
        """The embed in the post's language; nobody is pinged, whatever the text holds."""
        chosen, images = envelope.settings, envelope.post.content.images
        assert isinstance(chosen, DiscordSettings)
        embed, shortened = _embed(envelope)
        return WebhookMessage(
            url=chosen.webhook.get_secret_value(),
            server_id=chosen.server_id,
            channel_id=chosen.channel_id,
            delete=envelope.action == "withdrawn",
            embed=embed,
            images=images[:1],
            keep_media=envelope.shown is not None and envelope.shown.images[:1] == images[:1],
            reference=envelope.reference or "",
            remark=Reason.joined(
                SHORTENED if shortened else "",
                left_out(images, 1),
            ),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The embed from top to bottom; what is counted is its description."""
        message, images = self.render(envelope), envelope.post.content.images
        embed = message.embed
        said = embed.get("description", "")
        fields = "\n".join(f"{one['name']}: {unmarked(one['value'])}" for one in embed.get("fields", ()))
        return preview(
            joined(unmarked(said), fields, embed.get("footer", {}).get("text", "")),
            title=unmarked(embed.get("title", "")),
            length=utf16(said),
            most=_DESCRIPTION,
            images=images,
            shown=1,
            remark=message.remark,
        )

    def send(self, message: WebhookMessage, tools: Tools) -> Receipt:
        """One request with `wait=true`, so that Discord says what became of it."""
        network = Network(self.label, RULES, tools)
        number, _, picture = message.reference.partition(" ")
        try:
            if message.delete:
                answer = network.call("DELETE", f"{message.url}/messages/{number}", rules=_ALREADY_GONE)
                return Receipt(code=answer.status, cooldown=_cooldown(answer))
            return _posted(network, message, number, picture)
        except TryLater as later:
            raise as_its_body_asks(later) from later

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Asks the webhook where it posts, for the links people see."""
        assert isinstance(settings, DiscordSettings)
        found = Network(self.label, RULES, tools).json("GET", settings.webhook.get_secret_value())
        return settings.model_copy(
            update={"server_id": text_at(found, "guild_id"), "channel_id": text_at(found, "channel_id")}
        )


def _embed(envelope: Envelope) -> tuple[dict[str, Any], bool]:
    """The embed, and whether its text had to be shortened."""
    post, words, say = envelope.post, pieces(envelope, Discord.kind), gettext(envelope.post.content.language)
    said = words.own or words.text
    text = cut(said, _DESCRIPTION, _plain_length)
    facts = [(say("When"), words.when), (say("Where"), words.where)]
    facts += [(one.label, one.text) for one in words.facts]
    embed: dict[str, Any] = {
        "title": markdown.escaped(headline(words.title, _TITLE, _escaped_length)),
        "url": post.link,
        "description": markdown.plain(text),
        "color": _COLOUR.get(post.content.standing, 0x1F6F5C),
        "fields": [
            {"name": name, "value": markdown.plain(cut(value, _VALUE, _plain_length)), "inline": False}
            for name, value in facts
            if value
        ],
        "footer": {
            "text": cut(
                " · ".join(part for part in (words.merchant or post.merchant.name, *words.hashtags) if part),
                _FOOTER,
                utf16,
            )
        },
    }
    return {name: value for name, value in embed.items() if value not in ("", [])}, text != said


def _escaped_length(text: str) -> int:
    return utf16(markdown.escaped(text))


def _plain_length(text: str) -> int:
    return utf16(markdown.plain(text))


def _posted(network: Network, message: WebhookMessage, number: str, picture: str) -> Receipt:
    keep = bool(number and picture and message.keep_media)
    pictures, remark = ([], "") if keep else fetched(message.images, Limits(side=1600), network.tools)
    embed, body = message.embed, _QUIET
    files: list[tuple[str, tuple[str, bytes, str]]] = []
    if keep:
        embed = embed | {"image": {"url": f"attachment://{picture}"}}
    elif pictures:
        image, found = pictures[0]
        picture = "picture.jpg"
        files = [("files[0]", (picture, found.data, found.type))]
        embed = embed | {"image": {"url": f"attachment://{picture}"}}
        attachment = {"id": 0, "filename": picture, "description": cut(image.alt, _ALT, utf16)}
        body = body | {"attachments": [attachment]}
    else:
        picture = ""
        body = body | ({"attachments": []} if number else {})
    method, url = (
        ("PATCH", f"{message.url}/messages/{number}") if number else ("POST", f"{message.url}?wait=true")
    )
    answer = _sent(network, method, url, body | {"embeds": [embed]}, files, repeatable=bool(number))
    found_number = text_at(json_of(answer, network.name, repeatable=bool(number)), "id") or number
    if not found_number.isdigit():
        raise Unconfirmed(Reason("Discord answered without the number of the message."), code=answer.status)
    where = f"{message.server_id}/{message.channel_id}/{found_number}"
    return Receipt(
        reference=f"{found_number} {picture}".strip(),
        code=answer.status,
        link=f"https://discord.com/channels/{where}" if message.server_id and message.channel_id else None,
        remark=Reason.joined(message.remark, remark),
        cooldown=_cooldown(answer),
    )


def _sent(
    network: Network,
    method: str,
    url: str,
    body: dict[str, Any],
    files: list[tuple[str, tuple[str, bytes, str]]],
    *,
    repeatable: bool,
) -> Answer:
    if not files:
        return network.call(method, url, body=body, repeatable=repeatable)
    payload = ("payload_json", as_json(body).decode())
    return network.form_call(method, url, [payload, *files], repeatable=repeatable)


def _cooldown(answer: Answer) -> float:
    """Seconds until the webhook may post again, once it has used up what it may (topics/rate-limits)."""
    if answer.headers.get("x-ratelimit-remaining") == "0":
        try:
            return max(0.0, float(answer.headers.get("x-ratelimit-reset-after", "")))
        except ValueError:
            return cooldown(answer)
    return 0.0
