"""A server of ntfy 2.16 or newer, as docs.ntfy.sh/publish describes it: "Publish as JSON", "Updating + deleting
notifications", "Limitations" and "Access tokens"."""

from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Problem, Remote, body_of, reply, route

_KNOWN = {
    "topic",
    "sequence_id",
    "title",
    "message",
    "tags",
    "priority",
    "click",
    "attach",
    "filename",
    "markdown",
    "icon",
}


class FakeNtfy(Remote):
    """One protected topic, and what its followers see."""

    posting = r"POST /$"
    token = "tk_ntfy-access-token"

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, dict[str, Any]] = {}
        self.rung = 0

    @property
    def copies(self) -> int:
        return len(self.shown)

    def _allowed(self, request: Request) -> None:
        said = request.headers.get("authorization")
        if said is None:
            raise Problem(403, {"code": 40301, "http": 403, "error": "forbidden"})
        if said != f"Bearer {self.token}":
            raise Problem(401, {"code": 40101, "http": 401, "error": "unauthorized"})

    @route("POST /?")
    def publish(self, request: Request) -> Reply:
        self._allowed(request)
        body = body_of(request)
        if (
            set(body) - _KNOWN
            or not isinstance(body.get("topic"), str)
            or body["priority"] not in range(1, 6)
        ):
            raise Problem(
                400, {"code": 40024, "http": 400, "error": "invalid request: request body must be valid JSON"}
            )
        if len(body["message"].encode()) > 4096:
            raise Problem(413, {"code": 41301, "http": 413, "error": "message too long"})
        if not body["click"].startswith("http"):
            raise Problem(
                400, {"code": 40010, "http": 400, "error": "invalid request: click action URL is invalid"}
            )
        self.rung += 1
        self.shown[body["sequence_id"]] = body
        return reply({"id": f"m{self.rung}", "event": "message", "topic": body["topic"]})

    @route("DELETE /coburg/([0-9a-zA-Z_-]{1,64})")
    def delete(self, request: Request, sequence: str) -> Reply:
        self._allowed(request)
        self.shown.pop(sequence, None)
        return reply({"event": "message_delete", "sequence_id": sequence})
