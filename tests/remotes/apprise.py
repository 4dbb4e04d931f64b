"""One of the services that Apprise reaches: the receiver of its `json://` addresses (Apprise wiki, Notify_Custom_JSON)."""

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Problem, Remote, body_of, reply, route


class FakeApprise(Remote):
    """What `json://host/hook` posts to."""

    posting = r"POST /hook"

    def __init__(self) -> None:
        super().__init__()
        self.notices: list[dict[str, str]] = []

    @property
    def copies(self) -> int:
        return len(self.notices)

    @route("POST /hook/?")
    def take(self, request: Request) -> Reply:
        body = body_of(request)
        if not body.get("message"):
            raise Problem(400, {"error": "no message"})
        self.notices.append(body)
        return reply({"ok": True})
