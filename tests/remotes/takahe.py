"""A Takahē 0.11 as its source has it (jointakahe/takahe: api/middleware.py, api/models/token.py, api/views/statuses.py,
api/views/oauth.py, api/services): where it differs from the Mastodon that it speaks like."""

import re
from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.login import fields_of
from tests.remotes.mastodon import FakeMastodon
from tests.remotes.remote import Problem, body_of, query_of, reply, route


class FakeTakahe(FakeMastodon):
    """One account. `strangers` are posts of others on its home timeline, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.granted = "read write"
        self.strangers: list[dict[str, Any]] = []
        self.logins.scope = "read write"

    def _signed_in(self, request: Request, scope: str = "read") -> None:
        said = request.headers.get("authorization", "")
        if not said:
            raise Problem(401, {"error": "identity_token_required"})
        if said != f"Bearer {self.token}":
            problem = Problem(400)
            problem.reply = Reply(400, {"Content-Type": "text/html; charset=utf-8"}, b"Invalid Bearer token")
            raise problem
        if not {scope, scope.partition(":")[0]} & set(self.granted.split()):
            raise Problem(403, {"error": "out_of_scope_for_token"})

    @route("POST /api/v1/apps")
    def register(self, request: Request) -> Reply:
        """Takes whatever scopes."""
        body = body_of(request)
        self.logins.apps["tk-1"] = ("app-secret", body["redirect_uris"])
        return reply(
            {"id": "1", "name": body["client_name"], "client_id": "tk-1", "client_secret": "app-secret"}
        )

    @route("GET /oauth/authorize")
    def authorize(self, request: Request) -> Reply:
        """Grants what is asked for, and looks whether it was enough when it is used."""
        self.granted = self.logins.scope = query_of(request)["scope"]
        return self.logins.authorize(request)

    @route("POST /oauth/token")
    def tokens(self, request: Request) -> Reply:
        form = fields_of(request)
        if form.get("code") not in self.logins.codes:
            raise Problem(401, {"error": "access_denied"})
        self.logins.redeem(form)
        return reply(
            {"access_token": self.token, "token_type": "Bearer", "scope": self.granted, "created_at": 1}
        )

    @route("GET /api/v2/instance")
    def instance(self, request: Request) -> Reply:
        if "authorization" in request.headers:
            self._signed_in(request)
        statuses = {
            "max_characters": self.characters,
            "max_media_attachments": 4,
            "characters_reserved_per_url": 23,
        }
        return reply({"version": "takahe/0.11.0", "configuration": {"statuses": statuses}})

    @route("GET /api/v1/accounts/7/statuses")
    def timeline(self, request: Request) -> Reply:
        """Of nobody the private ones, not even of the account itself."""
        self._signed_in(request, "read:statuses")
        newest = sorted(self.statuses.values(), key=lambda one: -int(one["id"]))
        return reply([one for one in newest if one["visibility"] != "private"])

    @route("GET /api/v1/timelines/home")
    def home(self, request: Request) -> Reply:
        self._signed_in(request, "read:statuses")
        asked = query_of(request)
        newest = sorted(self.statuses.values(), key=lambda one: -int(one["id"]))
        every = [*self.strangers, *({**one, "account": {"id": "7"}} for one in newest)]
        if before := asked.get("max_id"):
            every = every[next(place for place, one in enumerate(every) if one["id"] == before) + 1 :]
        return reply(every[: min(int(asked.get("limit", "20")), 40)])

    @route("POST /api/v1/statuses")
    def post(self, request: Request) -> Reply:
        """As Mastodon, without a look at the Idempotency-Key."""
        self._signed_in(request, "write:statuses")
        self.keys.clear()
        return super().post(request)

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(body.get("status") or "") > self.characters:
            raise Problem(400, {"error": "Status is too long"})
        return super()._checked(body)

    def length(self, text: str) -> int:
        """What its Mastodon would count matters no more."""
        return 0

    def calls_somebody(self, text: str) -> bool:
        """core/html.py: a name behind an @ that no letter, digit, hyphen, underscore or slash stands before."""
        return re.search(r"(?:^|[^\w/-])@[\w-]", text) is not None
