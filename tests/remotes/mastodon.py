"""A Mastodon 4.x as docs.joinmastodon.org describes it: methods/statuses, methods/media, methods/accounts,
methods/instance, methods/apps, methods/oauth, entities/Error and api/rate-limits."""

import html
import io
import re
from typing import Any

import regex
from PIL import Image

from syndication import clock
from syndication.stack.receiver import Reply, Request
from tests.remotes.login import Logins, fields_of
from tests.remotes.remote import Problem, Remote, body_of, form_of, query_of, reply, route

_LINK = re.compile(r"https?://\S+")


class FakeMastodon(Remote):
    """One account on one server."""

    posting = r"POST /api/v1/statuses"
    token = "mastodon-access-token"

    def __init__(self, *, characters: int = 500, per_link: int = 23) -> None:
        super().__init__()
        self.characters, self.per_link = characters, per_link
        self.about = {"version": "4.3.1"}
        self.statuses: dict[str, dict[str, Any]] = {}
        self.media: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.logins = Logins({}, "read:accounts read:statuses write:media write:statuses")
        self._number = 115_000
        #: Of each status (entities/Status), where people did something.
        self.counts: dict[str, dict[str, Any]] = {}

    @property
    def copies(self) -> int:
        return len(self.statuses)

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    def _signed_in(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Problem(401, {"error": "The access token is invalid"})

    @route("POST /api/v1/apps")
    def register(self, request: Request) -> Reply:
        body = body_of(request)
        if not body.get("client_name") or not str(body.get("redirect_uris", "")).startswith("http"):
            raise Problem(422, {"error": "Validation failed: Redirect URI must be an absolute URI."})
        if unknown := set(body.get("scopes", "read").split()) - set(self.logins.scope.split()):
            raise Problem(422, {"error": f"Validation failed: Scopes {unknown} doesn't match"})
        client_id = f"app-{self._next()}"
        self.logins.apps[client_id] = ("app-secret", body["redirect_uris"])
        return reply(
            {"id": "1", "name": body["client_name"], "client_id": client_id, "client_secret": "app-secret"}
        )

    @route("GET /oauth/authorize")
    def authorize(self, request: Request) -> Reply:
        if query_of(request).get("code_challenge_method", "S256") != "S256":
            raise Problem(400, {"error": "invalid_request"})
        return self.logins.authorize(request)

    @route("POST /oauth/token")
    def tokens(self, request: Request) -> Reply:
        self.logins.redeem(fields_of(request))
        return reply(
            {"access_token": self.token, "token_type": "Bearer", "scope": self.logins.scope, "created_at": 1}
        )

    @route("GET /api/v2/instance")
    def instance(self, _request: Request) -> Reply:
        statuses = {
            "max_characters": self.characters,
            "max_media_attachments": 4,
            "characters_reserved_per_url": self.per_link,
        }
        return reply({"domain": "social.example", **self.about, "configuration": {"statuses": statuses}})

    @route("GET /api/v1/accounts/verify_credentials")
    def me(self, request: Request) -> Reply:
        self._signed_in(request)
        return reply(
            {"id": "7", "username": "coburg", "acct": "coburg", "url": "https://social.example/@coburg"}
        )

    @route("GET /api/v1/accounts/7/statuses")
    def timeline(self, request: Request) -> Reply:
        self._signed_in(request)
        newest = sorted(self.statuses.values(), key=lambda one: -int(one["id"]))
        return reply(newest[: int(query_of(request).get("limit", "20"))])

    @route("POST /api/v2/media")
    def upload(self, request: Request) -> Reply:
        self._signed_in(request)
        form = form_of(request)
        if "file" not in form or not form["file"].filename:
            raise Problem(422, {"error": "Validation failed: File can't be blank"})
        try:
            Image.open(io.BytesIO(form["file"].data)).verify()
        except Exception as error:
            raise Problem(422, {"error": "Validation failed: File content type is invalid"}) from error
        if len(form["description"].text) > 1500:
            raise Problem(422, {"error": "Validation failed: Description is too long"})
        one = {
            "id": self._next(),
            "type": "image",
            "description": form["description"].text,
            "url": "https://x.example/1",
        }
        self.media[one["id"]] = one
        return reply(one)

    @route("POST /api/v1/statuses")
    def post(self, request: Request) -> Reply:
        self._signed_in(request)
        key = request.headers.get("idempotency-key", "")
        if key and key in self.keys:
            return reply(self.statuses[self.keys[key]])
        body = body_of(request)
        status = {
            "id": self._next(),
            "visibility": body.get("visibility", "public"),
            "created_at": f"{clock.now():%Y-%m-%dT%H:%M:%S}.000Z",
            **self._checked(body),
        }
        if status["visibility"] not in ("public", "unlisted", "private", "direct"):
            raise Problem(422, {"error": "Validation failed: Visibility is not included in the list"})
        status["url"] = f"https://social.example/@coburg/{status['id']}"
        self.statuses[status["id"]] = status
        if key:
            self.keys[key] = status["id"]
        return reply(status, **self.limits())

    @route(r"GET /api/v1/statuses/(\d+)")
    def read(self, request: Request, status_id: str) -> Reply:
        self._signed_in(request)
        if status_id not in self.statuses:
            raise Problem(404, {"error": "Record not found"})
        counts = {"favourites_count": 0, "reblogs_count": 0, "replies_count": 0}
        return reply(self.statuses[status_id] | counts | self.counts.get(status_id, {}))

    @route(r"PUT /api/v1/statuses/(\d+)")
    def edit(self, request: Request, status_id: str) -> Reply:
        self._signed_in(request)
        if status_id not in self.statuses:
            raise Problem(404, {"error": "Record not found"})
        self.statuses[status_id] |= self._checked(body_of(request)) | {"edited_at": "2026-08-10T06:00:00Z"}
        return reply(self.statuses[status_id])

    @route(r"DELETE /api/v1/statuses/(\d+)")
    def delete(self, request: Request, status_id: str) -> Reply:
        self._signed_in(request)
        if status_id not in self.statuses:
            raise Problem(404, {"error": "Record not found"})
        return reply(self.statuses.pop(status_id))

    def limits(self) -> dict[str, str]:
        return {"X_RateLimit_Limit": "300", "X_RateLimit_Remaining": "299"}

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        text, ids = body.get("status") or "", body.get("media_ids") or []
        if not text and not ids:
            raise Problem(422, {"error": "Validation failed: Text can't be blank"})
        if self.length(text) > self.characters:
            raise Problem(
                422, {"error": f"Validation failed: Text character limit of {self.characters} exceeded"}
            )
        if len(ids) > 4:
            raise Problem(422, {"error": "Cannot attach more than 4 files"})
        if unknown := [one for one in ids if one not in self.media]:
            raise Problem(422, {"error": f"Media {', '.join(unknown)} not found"})
        if not re.fullmatch(r"[a-z]{2,3}", body.get("language", "de")):
            raise Problem(422, {"error": "Validation failed: Language is invalid"})
        return {
            "text": text,
            "language": body.get("language"),
            "content": _shown(text),
            "media_attachments": [self.media[one] for one in ids],
        }

    def length(self, text: str) -> int:
        """As the server counts: graphemes, every link as long as the server says."""
        return len(regex.findall(r"\X", _LINK.sub("x" * self.per_link, text)))


def _shown(text: str) -> str:
    """The HTML a server makes of it: links are shortened by spans, lines are breaks."""

    def link(found: re.Match[str]) -> str:
        address = html.escape(found.group())
        bare = address.removeprefix("https://")
        return (
            f'<a href="{address}" rel="nofollow noopener"><span class="invisible">https://</span>'
            f'<span class="ellipsis">{bare[:30]}</span><span class="invisible">{bare[30:]}</span></a>'
        )

    paragraphs = [
        _LINK.sub(link, html.escape(part, quote=False).replace("\n", "<br />")) for part in text.split("\n\n")
    ]
    return "".join(f"<p>{part}</p>" for part in paragraphs)
