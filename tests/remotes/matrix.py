"""A homeserver as spec.matrix.org describes the client-server API v1.10: whoami, join, send with transaction ids,
redact, messages, media upload, "Standard error response" and "Rate limiting".

A real one, Synapse, runs in tests/e2e/test_matrix.py; this one can fail on order.
"""

import json
from typing import Any
from urllib.parse import unquote

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Problem, Remote, body_of, query_of, reply, route


def refuse(status: int, code: str, message: str = "") -> Problem:
    return Problem(status, {"errcode": code, "error": message or code})


class FakeMatrix(Remote):
    """One account, one room."""

    posting = r"PUT .*/send/m\.room\.message/"
    token = "syt_matrix_access_token"
    me = "@coburg:matrix.example"
    alias, room = "#coburg:matrix.example", "!abc123:matrix.example"

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Any]] = {}
        self.redacted: set[str] = set()
        self.transactions: dict[str, str] = {}
        self.media: dict[str, bytes] = {}
        self.joined = False

    @property
    def copies(self) -> int:
        return len(self.shown())

    def _signed_in(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise refuse(401, "M_UNKNOWN_TOKEN", "Unrecognised access token")

    @route("GET /_matrix/client/v3/account/whoami")
    def whoami(self, request: Request) -> Reply:
        self._signed_in(request)
        return reply({"user_id": self.me})

    @route("POST /_matrix/client/v3/join/(.+)")
    def join(self, request: Request, room: str) -> Reply:
        self._signed_in(request)
        if unquote(room) not in (self.alias, self.room):
            raise refuse(404, "M_NOT_FOUND", "Room alias not found.")
        self.joined = True
        return reply({"room_id": self.room})

    @route("POST /_matrix/media/v3/upload")
    def upload(self, request: Request) -> Reply:
        self._signed_in(request)
        uri = f"mxc://matrix.example/m{len(self.media)}"
        self.media[uri] = request.body
        return reply({"content_uri": uri})

    def _in_room(self, request: Request, room: str) -> None:
        self._signed_in(request)
        if unquote(room) != self.room or not self.joined:
            raise refuse(403, "M_FORBIDDEN", f"User {self.me} not in room")

    @route("PUT /_matrix/client/v3/rooms/([^/]+)/send/m.room.message/([^/]+)")
    def send(self, request: Request, room: str, transaction: str) -> Reply:
        self._in_room(request, room)
        content = body_of(request)
        if len(request.body) > 65_536:
            raise refuse(413, "M_TOO_LARGE", "event too large")
        if transaction not in self.transactions:
            if not isinstance(content.get("body"), str) or content.get("msgtype") not in (
                "m.text",
                "m.image",
            ):
                raise refuse(400, "M_BAD_JSON")
            if content["msgtype"] == "m.image" and content["url"] not in self.media:
                raise refuse(400, "M_BAD_JSON", "no such media")
            event_id = f"$event{len(self.events)}"
            self.events[event_id] = content
            self.transactions[transaction] = event_id
        return reply({"event_id": self.transactions[transaction]})

    @route("PUT /_matrix/client/v3/rooms/([^/]+)/redact/([^/]+)/([^/]+)")
    def redact(self, request: Request, room: str, event: str, _transaction: str) -> Reply:
        self._in_room(request, room)
        if unquote(event) not in self.events:
            raise refuse(404, "M_NOT_FOUND", "event not found")
        self.redacted.add(unquote(event))
        return reply({"event_id": "$redaction"})

    @route("GET /_matrix/client/v3/rooms/([^/]+)/messages")
    def messages(self, request: Request, room: str) -> Reply:
        self._in_room(request, room)
        wanted = json.loads(query_of(request)["filter"])
        assert wanted == {"types": ["m.room.message"], "senders": [self.me]}
        newest = [
            {"event_id": event_id, "sender": self.me, "content": {} if event_id in self.redacted else content}
            for event_id, content in reversed(self.events.items())
        ]
        return reply({"chunk": newest})

    def shown(self) -> list[dict[str, Any]]:
        """What people in the room see, edits and redactions applied."""
        seen = {
            event_id: content
            for event_id, content in self.events.items()
            if event_id not in self.redacted and "m.relates_to" not in content
        }
        for content in self.events.values():
            replaced = content.get("m.relates_to", {}).get("event_id")
            if replaced in seen:
                seen[replaced] = content["m.new_content"]
        return list(seen.values())
