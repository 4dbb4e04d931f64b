"""The Bot API as core.telegram.org/bots/api describes it: sendMessage, sendPhoto, editMessageText, editMessageCaption,
editMessageMedia, deleteMessage, getChat, "Formatting options" (HTML), "Making requests" and ResponseParameters."""

import html
import json
import re
from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Part, Problem, Remote, body_of, form_of, reply, route

_TAGS = {"b", "strong", "i", "em", "u", "s", "a", "code", "pre", "blockquote", "span", "tg-spoiler"}


def refuse(status: int, description: str, **parameters: int) -> Problem:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return Problem(status, body | ({"parameters": parameters} if parameters else {}))


def fields_of(request: Request) -> dict[str, Any]:
    """Parameters as JSON or as a form; files stay parts."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(body_of(request))
    return {name: part if part.filename else part.text for name, part in form_of(request).items()}


class FakeTelegram(Remote):
    """One bot, administrator of one public channel."""

    posting = r"POST /.*/send(Message|Photo)"
    token = "123456:telegram-bot-token"
    chat = "@coburg"

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[int, dict[str, Any]] = {}
        #: What the bot is in the channel (ChatMember).
        self.status = "administrator"
        self._number = 40

    @property
    def copies(self) -> int:
        return len(self.messages)

    @route("POST /bot([^/]+)/(\\w+)")
    def call(self, request: Request, token: str, method: str) -> Reply:
        if token != self.token:
            raise refuse(401, "Unauthorized")
        fields = fields_of(request)
        if fields.get("chat_id") != self.chat:
            raise refuse(400, "Bad Request: chat not found")
        handler = getattr(self, f"do_{method}", None)
        if handler is None:
            raise refuse(404, "Not Found")
        return reply({"ok": True, "result": handler(fields)})

    def do_getChat(self, _: dict[str, Any]) -> Any:
        return {"id": -100123, "type": "channel", "title": "Coburg aktuell", "username": "coburg"}

    def do_getChatMember(self, fields: dict[str, Any]) -> Any:
        if str(fields.get("user_id")) != self.token.partition(":")[0]:
            raise refuse(400, "Bad Request: user not found")
        rights = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}
        return {"status": self.status, **(rights if self.status == "administrator" else {})}

    def do_sendMessage(self, fields: dict[str, Any]) -> Any:
        return self._new(
            {"text": self._parsed(fields["text"], fields, 4096, "message is too long"), **self._rest(fields)}
        )

    def do_sendPhoto(self, fields: dict[str, Any]) -> Any:
        self._photo(fields.get("photo"))
        caption = self._parsed(fields.get("caption", ""), fields, 1024, "message caption is too long")
        return self._new({"photo": [{"file_id": "p"}], "caption": caption, **self._rest(fields)})

    def do_editMessageText(self, fields: dict[str, Any]) -> Any:
        one = self._known(fields)
        if "photo" in one:
            raise refuse(400, "Bad Request: there is no text in the message to edit")
        return self._changed(one, "text", self._parsed(fields["text"], fields, 4096, "message is too long"))

    def do_editMessageCaption(self, fields: dict[str, Any]) -> Any:
        one = self._known(fields)
        if "photo" not in one:
            raise refuse(400, "Bad Request: there is no caption in the message to edit")
        caption = self._parsed(fields["caption"], fields, 1024, "message caption is too long")
        return self._changed(one, "caption", caption)

    def do_editMessageMedia(self, fields: dict[str, Any]) -> Any:
        one, media = self._known(fields), json.loads(fields["media"])
        self._photo(fields.get(media["media"].removeprefix("attach://")))
        one["photo"] = [{"file_id": "another"}]
        one["caption"] = self._parsed(media["caption"], media, 1024, "message caption is too long")
        return one

    def do_deleteMessage(self, fields: dict[str, Any]) -> Any:
        if int(fields["message_id"]) not in self.messages:
            raise refuse(400, "Bad Request: message to delete not found")
        del self.messages[int(fields["message_id"])]
        return True

    def _new(self, content: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self.messages[self._number] = {"message_id": self._number, **content}
        return self.messages[self._number]

    def _rest(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"silent": fields.get("disable_notification") in (True, "true")}

    def _known(self, fields: dict[str, Any]) -> dict[str, Any]:
        found = self.messages.get(int(fields["message_id"]))
        if found is None:
            raise refuse(400, "Bad Request: message to edit not found")
        return found

    def _changed(self, one: dict[str, Any], name: str, value: str) -> dict[str, Any]:
        if one[name] == value:
            raise refuse(
                400, "Bad Request: message is not modified: specified new message content is the same"
            )
        one[name] = value
        return one

    @staticmethod
    def _photo(part: Any) -> None:
        if not isinstance(part, Part) or not part.data.startswith(b"\xff\xd8\xff"):
            raise refuse(400, "Bad Request: there is no photo in the request")
        if len(part.data) > 10_000_000:
            raise refuse(413, "Request Entity Too Large")

    @staticmethod
    def _parsed(text: str, fields: dict[str, Any], most: int, complaint: str) -> str:
        """What people see, with the links behind their words."""
        if fields.get("parse_mode") != "HTML":
            raise refuse(400, "Bad Request: unsupported parse_mode")
        for tag in re.findall(r"</?([a-z-]+)[^>]*>", text):
            if tag not in _TAGS:
                raise refuse(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        if re.search(r"<(?![/a-z])|&(?!(lt|gt|amp|quot|#\d+|#x[0-9a-f]+);)", text):
            raise refuse(400, "Bad Request: can't parse entities")
        seen = html.unescape(re.sub(r"<[^>]*>", "", text))
        if not seen.strip():
            raise refuse(400, "Bad Request: message text is empty")
        if len(seen.encode("utf-16-le")) // 2 > most:
            raise refuse(400, f"Bad Request: {complaint}")
        links = re.findall(r'<a href="([^"]*)">', text)
        return seen + "".join(f" [{html.unescape(link)}]" for link in links)
