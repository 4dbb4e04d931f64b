"""Telegram: messages of a bot in a channel or group (core.telegram.org/bots/api)."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from syndication.channels.by_http import Rule
from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview, untagged
from syndication.channels.settings import Account, Settings
from syndication.channels.social.counting import utf16
from syndication.channels.social.pictured import fetched, left_out
from syndication.channels.social.requests import Network, as_its_body_asks, as_json, text_at
from syndication.channels.social.settings import Server, SocialSettings
from syndication.channels.social.words import compose
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, TryLater, Unconfirmed
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.images import Limits
from syndication.infra.rate_limits import Rate

#: In UTF-16 code units, after the entities were parsed: sendMessage, and the caption of sendPhoto.
_TEXT, _CAPTION = 4096, 1024

_NO_ADMINISTRATOR = Reason("The bot may not write there. Please make it an administrator of the channel.")

RULES: tuple[Rule, ...] = (
    Rule(401, "", "access", "Telegram no longer knows this bot. Please ask @BotFather for its token and enter it."),
    Rule(404, "", "access", "Telegram does not know this bot. Please ask @BotFather for its token and enter it."),
    Rule(403, "kicked", "access", "The bot was removed from the channel. Please make it an administrator there again."),
    Rule(403, "blocked", "access", "The bot was blocked there. Please unblock it."),
    Rule(403, "", "access", _NO_ADMINISTRATOR),
    Rule(400, "chat not found", "access", "Telegram knows no such channel. Please check its name, and add the bot to it."),
    Rule(400, "need administrator rights", "access", _NO_ADMINISTRATOR),
    Rule(400, "not enough rights", "access", "The bot may not do this. Please give it the rights to post, edit and delete."),
    Rule(400, "upgraded to a supergroup", "access", "The group became a supergroup and has a new number. Please enter it."),
    Rule(400, "message is not modified", "fine"),
    Rule(400, "message to delete not found", "fine"),
    Rule(400, "message can't be deleted", "refused", "Telegram deletes for bots only within 48 hours. Please delete it by hand."),
    Rule(400, "message to edit not found", "refused", "The post no longer stands on Telegram: somebody deleted it there."),
    Rule(400, "message can't be edited", "refused", "Telegram no longer lets the bot change this. Please do it by hand."),
    Rule(400, "", "refused", "Telegram does not take this post as it is; its answer says why."),
    Rule(413, "", "refused", "Telegram says the picture is too large."),
)  # fmt: skip


class TelegramSettings(SocialSettings):
    """A bot, and the channel or group in which it is an administrator."""

    harmless: ClassVar[frozenset[str]] = SocialSettings.harmless | {"chat", "silent", "title", "username"}

    bot_token: SecretStr = Field(description="Token of the bot, as @BotFather tells it.")
    chat: str = Field(
        pattern=r"^(@[A-Za-z]\w{3,31}|-?\d{1,20})$",
        description="The channel, such as @coburg, or the number of a group.",
    )
    silent: bool = Field(False, description="Whether messages come without a sound.")
    api: Server = Field(
        "https://api.telegram.org",
        description="Address of the Bot API; change it only for a server of your own.",
    )
    title: str = Field("", max_length=300, description="Name of the channel; the service fills it in.")
    username: str = Field(
        "", max_length=64, description="Public name of the channel; the service fills it in."
    )

    @property
    def host(self) -> str:
        """The bot, by its number: Telegram counts what one bot sends to all its chats."""
        return self.bot_token.get_secret_value().partition(":")[0]

    @property
    def speaks_as(self) -> Account | None:
        """The channel or group, whichever bot writes into it."""
        return Account(self.chat.lower(), self.chat, told=bool(self.title or self.username))


@dataclass(frozen=True)
class BotMessage:
    """What is to stand in the chat. `reference` is the message's number, and whether it has a picture."""

    base: str = field(repr=False)
    chat: str
    username: str
    delete: bool
    silent: bool
    text: str
    caption: str
    images: tuple[Image, ...]
    keep_media: bool
    reference: str
    remark: str


class Telegram(Channel[Envelope, BotMessage]):
    """Sends, edits and deletes one message for each post, with its first picture above the text."""

    kind = "telegram"
    label = "Telegram"
    queue = "push"
    abilities = Abilities(
        revise=True, withdraw=True, repeatable=False, images=True, length=_TEXT, keeps_track=True
    )
    settings = TelegramSettings
    typed = ("bot_token", "chat")
    rehearsed = Answer(200, {}, b'{"ok": true, "result": {"message_id": 1}}')
    #: core.telegram.org/bots/faq: one a second and 20 a minute in one chat, 30 a second in all.
    limits = (
        Limit("destination", Rate(1, 1)),
        Limit("destination", Rate(20, 60)),
        Limit("host", Rate(30, 1)),
    )
    tended_every = 86_400.0

    def render(self, envelope: Envelope) -> BotMessage:
        """The text in Telegram's HTML, once as a message and once as the shorter caption of a picture."""
        chosen, images = envelope.settings, envelope.post.content.images
        assert isinstance(chosen, TelegramSettings)
        token = chosen.bot_token.get_secret_value()
        message = compose(envelope, self.kind, _TEXT, count=_visible, suffix="html")
        caption = compose(envelope, self.kind, _CAPTION, count=_visible, suffix="html")
        return BotMessage(
            base=f"{chosen.api}/bot{token}",
            chat=chosen.chat,
            username=chosen.username
            or chosen.chat.removeprefix("@" if chosen.chat.startswith("@") else chosen.chat),
            delete=envelope.action == "withdrawn",
            silent=chosen.silent,
            text=message.text,
            caption=caption.text,
            images=images[:1],
            keep_media=envelope.shown is not None and envelope.shown.images[:1] == images[:1],
            reference=envelope.reference or "",
            remark=Reason.joined(
                caption.remark if images else message.remark,
                left_out(images, 1),
            ),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The caption where there is a picture, else the message."""
        message, images = self.render(envelope), envelope.post.content.images
        text, most = (message.caption, _CAPTION) if images else (message.text, _TEXT)
        return preview(
            untagged(text), length=_visible(text), most=most, images=images, shown=1, remark=message.remark
        )

    def send(self, message: BotMessage, tools: Tools) -> Receipt:
        """One call of the Bot API. A new message whose answer is lost is unconfirmed: a repeat would post twice."""
        network = Network(self.label, RULES, tools)
        number, _, has_picture = message.reference.partition(" ")
        if message.delete:
            return _call(network, message, "deleteMessage", {"message_id": int(number or 0)}, repeatable=True)
        if number:
            return _edited(network, message, number, bool(has_picture))
        pictures, remark = fetched(message.images, Limits(side=1280), tools)
        remark = Reason.joined(message.remark, remark)
        quiet = {"disable_notification": True} if message.silent else {}
        if not pictures:
            return _call(network, message, "sendMessage", _text(message) | quiet, remark=remark)
        caption = {"caption": message.caption, "parse_mode": "HTML", **quiet}
        return _call(network, message, "sendPhoto", caption, photo=pictures[0][1].data, remark=remark)

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Asks for the name of the chat (getChat), and whether the bot may write there (getChatMember)."""
        assert isinstance(settings, TelegramSettings)
        network = Network(self.label, RULES, tools)
        base = f"{settings.api}/bot{settings.bot_token.get_secret_value()}"
        found = network.json("POST", f"{base}/getChat", body={"chat_id": settings.chat})
        asked = {"chat_id": settings.chat, "user_id": settings.host}
        member = network.json("POST", f"{base}/getChatMember", body=asked)
        if not _may_write(text_at(found, "result", "type"), member):
            raise Refused(_NO_ADMINISTRATOR, credentials=True)
        return settings.model_copy(
            update={
                "title": text_at(found, "result", "title")[:300],
                "username": text_at(found, "result", "username")[:64],
            }
        )


def _may_write(chat: str, member: Any) -> bool:
    """Into a channel only administrators with the right to post write, into a group every member (ChatMember)."""
    status = text_at(member, "result", "status")
    if chat == "channel":
        return status == "creator" or text_at(member, "result", "can_post_messages") == "True"
    return status in ("creator", "administrator", "member", "restricted")


def _text(message: BotMessage) -> dict[str, Any]:
    return {"text": message.text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _edited(network: Network, message: BotMessage, number: str, has_picture: bool) -> Receipt:
    """A message without a picture cannot get one by an edit, nor the other way round; then only the text changes."""
    target = {"message_id": int(number)}
    if not has_picture:
        remark = Reason("Telegram cannot add a picture to what was posted.") if message.images else ""
        return _call(
            network,
            message,
            "editMessageText",
            target | _text(message),
            remark=Reason.joined(message.remark, remark),
            repeatable=True,
        )
    caption = {"caption": message.caption, "parse_mode": "HTML"}
    pictures, remark = (
        ([], "") if message.keep_media else fetched(message.images, Limits(side=1280), network.tools)
    )
    if not pictures:
        remark = Reason.joined(message.remark, remark)
        return _call(network, message, "editMessageCaption", target | caption, remark=remark, repeatable=True)
    media = {"type": "photo", "media": "attach://photo", **caption}
    body = target | {"media": as_json(media).decode()}
    return _call(
        network,
        message,
        "editMessageMedia",
        body,
        photo=pictures[0][1].data,
        remark=message.remark,
        repeatable=True,
    )


def _call(
    network: Network,
    message: BotMessage,
    method: str,
    body: dict[str, Any],
    *,
    photo: bytes = b"",
    remark: str = "",
    repeatable: bool = False,
) -> Receipt:
    url, body = f"{message.base}/{method}", {"chat_id": message.chat, **body}
    try:
        if photo:
            fields: list[Any] = [(name, _field(value)) for name, value in body.items()]
            found = network.form(
                url, [*fields, ("photo", ("photo.jpg", photo, "image/jpeg"))], repeatable=repeatable
            )
        else:
            found = network.json("POST", url, body=body, repeatable=repeatable)
    except TryLater as later:
        raise as_its_body_asks(later) from later
    return _receipt(found, message, bool(photo), remark)


def _field(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _receipt(found: Any, message: BotMessage, has_picture: bool, remark: str) -> Receipt:
    """The number of the message; an edit that changed nothing, and a deletion, have none of their own."""
    if message.delete:
        return Receipt(code=200)
    number, _, old_picture = message.reference.partition(" ")
    number = text_at(found, "result", "message_id") or number
    if not number:
        raise Unconfirmed(Reason("Telegram answered without the number of the message."))
    if not number.isdigit():
        raise Refused(Reason("Telegram answered something else than the number of a message."))
    return Receipt(
        reference=f"{number} photo" if has_picture or old_picture else number,
        code=200,
        link=f"https://t.me/{message.username}/{number}" if message.username else None,
        remark=remark,
    )


def _visible(html: str) -> int:
    """As Telegram counts: UTF-16 code units of what is left when the tags are gone."""
    return utf16(unescape(re.sub(r"<[^<>]*>", "", html)))
