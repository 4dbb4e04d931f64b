"""A webhook as discord.com/developers/docs describes it: resources/webhook (Execute, Edit Message, Delete Message, Get
Webhook with Token), resources/message (Embed Limits, Allowed Mentions), reference (Uploading Files, error codes) and
topics/rate-limits."""

import json
from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Part, Problem, Remote, body_of, form_of, query_of, reply, route

PATH = "/api/webhooks/222/discord-webhook-token"
_MOST = {"title": 256, "description": 4096}


def refuse(status: int, code: int, message: str) -> Problem:
    return Problem(status, {"code": code, "message": message})


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class FakeDiscord(Remote):
    """One webhook in one channel."""

    posting = r"POST /api/webhooks/[^/]+/[^/]+$"

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, dict[str, Any]] = {}
        self.remaining = 4
        self._number = 900

    @property
    def copies(self) -> int:
        return len(self.messages)

    @route(f"GET {PATH}")
    def about(self, _: Request) -> Reply:
        return reply({"id": "222", "guild_id": "100", "channel_id": "200", "name": "Coburg"})

    @route(f"POST {PATH}")
    def execute(self, request: Request) -> Reply:
        if query_of(request).get("wait") != "true":
            self._checked(request, {})
            return reply(None, 204)
        self._number += 1
        message = {"id": str(self._number), **self._checked(request, {})}
        self.messages[message["id"]] = message
        return self._limited(message)

    @route(f"PATCH {PATH}/messages/(\\d+)")
    def edit(self, request: Request, number: str) -> Reply:
        if number not in self.messages:
            raise refuse(404, 10008, "Unknown Message")
        self.messages[number] |= self._checked(request, self.messages[number])
        return self._limited(self.messages[number])

    @route(f"DELETE {PATH}/messages/(\\d+)")
    def delete(self, _: Request, number: str) -> Reply:
        if self.messages.pop(number, None) is None:
            raise refuse(404, 10008, "Unknown Message")
        return reply(None, 204)

    @route("(?:GET|POST) /api/webhooks/.*")
    def unknown(self, _: Request) -> Reply:
        raise refuse(404, 10015, "Unknown Webhook")

    def _limited(self, message: dict[str, Any]) -> Reply:
        limits = {"X_RateLimit_Limit": "5", "X_RateLimit_Remaining": str(self.remaining)}
        return reply(message, **limits, X_RateLimit_Reset_After="1.5")

    def _checked(self, request: Request, before: dict[str, Any]) -> dict[str, Any]:
        form: dict[str, Part] = {}
        if request.headers.get("content-type", "").startswith("multipart/"):
            form = form_of(request)
            body = json.loads(form["payload_json"].text)
        else:
            body = body_of(request)
        if body.get("allowed_mentions") != {"parse": []}:
            raise refuse(400, 50035, "this test wants nobody to be pinged")
        attachments = [
            {"filename": form[f"files[{one['id']}]"].filename, "description": one["description"]}
            for one in body.get("attachments", [])
        ]
        if any(
            not part.data.startswith(b"\xff\xd8\xff") for name, part in form.items() if name != "payload_json"
        ):
            raise refuse(400, 50035, "Invalid Form Body")
        kept = attachments if "attachments" in body else before.get("attachments", [])
        if not body.get("embeds") and not body.get("content"):
            raise refuse(400, 50006, "Cannot send an empty message")
        for embed in body["embeds"]:
            self._check(embed, [one["filename"] for one in kept])
        return {"embeds": body["embeds"], "attachments": kept}

    @staticmethod
    def _check(embed: dict[str, Any], files: list[str]) -> None:
        """Embed Limits."""
        texts = [
            embed.get("title", ""),
            embed.get("description", ""),
            embed.get("footer", {}).get("text", ""),
        ]
        for field in embed.get("fields", []):
            texts += [field["name"], field["value"]]
            if not field["value"] or _length(field["value"]) > 1024 or _length(field["name"]) > 256:
                raise refuse(400, 50035, "Invalid Form Body: field")
        too_long = any(_length(embed.get(name, "")) > most for name, most in _MOST.items())
        if too_long or _length(texts[2]) > 2048 or sum(map(_length, texts)) > 6000:
            raise refuse(400, 50035, "Invalid Form Body: BASE_TYPE_MAX_LENGTH")
        image = embed.get("image", {}).get("url", "")
        if image.startswith("attachment://") and image.removeprefix("attachment://") not in files:
            raise refuse(400, 50035, "Invalid Form Body: no such attachment")
