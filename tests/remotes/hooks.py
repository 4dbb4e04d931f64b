"""Three chat services with incoming webhooks.

Mattermost: developers.mattermost.com/integrate/webhooks/incoming ("Parameters", "Troubleshooting") and message attachments.
Rocket.Chat: docs.rocket.chat, "Incoming webhook" and the message attachments of chat.postMessage.
Microsoft Teams: learn.microsoft.com, "Create incoming webhooks with Workflows"; adaptivecards.io, schema 1.4.
"""

from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Problem, Remote, body_of, reply, route

MATTERMOST = "/hooks/mattermost-token"
ROCKETCHAT = "/hooks/6ad/rocketchat-token"
TEAMS = "/workflows/abc/triggers/manual/paths/invoke"
#: The kinds of elements a card of ours may hold, and what each needs (schema 1.4).
_ELEMENTS = {"TextBlock": {"text"}, "FactSet": {"facts"}, "Image": {"url", "altText"}}


class _Hooks(Remote):
    """What all of them keep: the messages that were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    @property
    def copies(self) -> int:
        return len(self.messages)


class FakeMattermost(_Hooks):
    """One webhook in one channel."""

    posting = r"POST /hooks/"

    @route(f"POST {MATTERMOST}")
    def post(self, request: Request) -> Reply:
        body = body_of(request)
        if not body.get("text") and not body.get("attachments"):
            raise self._no(400, "web.incoming_webhook.text.app_error", "No text specified.")
        if len(body["text"].encode("utf-16-le")) // 2 > 16_383:
            raise self._no(413, "web.incoming_webhook.text.length.app_error", "Maximum text length is 16383.")
        if set(body) - {"text", "attachments", "props", "username", "icon_url", "channel"}:
            raise self._no(400, "web.incoming_webhook.parse.app_error", "Unable to parse incoming data.")
        for one in body.get("attachments", []):
            assert one["fallback"], "an attachment says what it shows"
        self.messages.append(body)
        return Reply(200, {"Content-Type": "text/plain"}, b"ok")

    @route("POST /hooks/.*")
    def unknown(self, _: Request) -> Reply:
        raise self._no(404, "web.incoming_webhook.invalid.app_error", "Invalid webhook.")

    @staticmethod
    def _no(status: int, code: str, message: str) -> Problem:
        return Problem(status, {"id": code, "message": message, "status_code": status})


class FakeRocketChat(_Hooks):
    """One webhook in one channel."""

    posting = r"POST /hooks/"

    @route(f"POST {ROCKETCHAT}")
    def post(self, request: Request) -> Reply:
        body = body_of(request)
        if len(body.get("text", "")) > 5000:
            raise Problem(400, {"success": False, "error": "error-message-size-exceeded"})
        if not body.get("text") and not body.get("attachments"):
            raise Problem(400, {"success": False, "error": "body-text-is-required"})
        self.messages.append(body)
        return reply({"success": True})

    @route("POST /hooks/.*")
    def unknown(self, _: Request) -> Reply:
        raise Problem(404, {"success": False, "error": "Invalid integration id or token provided."})


class FakeTeams(_Hooks):
    """One workflow that posts in one channel."""

    posting = r"POST /workflows/"

    @route(f"POST {TEAMS}")
    def post(self, request: Request) -> Reply:
        if len(request.body) > 28_000:
            raise Problem(413, {"error": {"code": "RequestEntityTooLarge"}})
        body = body_of(request)
        if body.get("type") != "message" or not body.get("attachments"):
            raise Problem(400, {"error": {"code": "TriggerInputSchemaMismatch"}})
        (attachment,) = body["attachments"]
        card = attachment["content"]
        known = attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        if not known or (card["type"], card["version"]) != ("AdaptiveCard", "1.4"):
            raise Problem(400, {"error": {"code": "BadRequest", "message": "no Adaptive Card"}})
        for element in card["body"]:
            if missing := {name for name in _ELEMENTS[element["type"]] if not element.get(name)}:
                raise Problem(400, {"error": {"code": "BadRequest", "message": f"{missing} missing"}})
        self.messages.append(card)
        return Reply(202)

    @route("POST /workflows/.*")
    def unknown(self, _: Request) -> Reply:
        raise Problem(
            404, {"error": {"code": "WorkflowNotFound", "message": "The workflow could not be found."}}
        )
