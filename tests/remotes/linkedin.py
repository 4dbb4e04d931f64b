"""LinkedIn as learn.microsoft.com/linkedin describes it: marketing/community-management/shares/posts-api, images-api and
little-text-format, marketing/versioning, shared/api-guide/concepts/error-handling, and shared/authentication
(authorization-code-flow, programmatic-refresh-tokens, token-introspection)."""

import io
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from PIL import Image

from syndication.stack.receiver import Reply, Request
from tests.remotes.login import Logins
from tests.remotes.remote import OPEN, Problem, Remote, body_of, query_of, reply, route

_ORGANIZATION = "urn:li:organization:5515715"
_TOKEN = re.compile(
    r"\\(?P<sign>[|{}@\[\]()<>#\\*_~])|\{hashtag\|\\#\|(?P<tag>(?:[^\\|{}]|\\.)+)\}|(?P<text>[^|{}@\[\]()<>#\\*_~])"
)
_REQUIRED = {"author", "commentary", "visibility", "distribution", "lifecycleState"}


def error(status: int, code: str, message: str = "…", service: int = 0) -> Reply:
    """An error in LinkedIn's form."""
    return reply({"status": status, "serviceErrorCode": service, "code": code, "message": message}, status)


class Denied(Problem):
    """Raised by a handler to answer with an error."""

    def __init__(self, status: int, code: str, message: str = "…", service: int = 0) -> None:
        super().__init__(status)
        self.reply = error(status, code, message, service)


class FakeLinkedIn(Remote):
    """One organisation, and the place where tokens are renewed."""

    posting = r"POST /rest/posts$"

    def __init__(self) -> None:
        super().__init__()
        self.token = "AQX-access"
        self.refresh = "AQX-refresh"
        self.active = True
        self.posts: dict[str, dict[str, Any]] = {}
        #: Image → its picture has been uploaded.
        self.images: dict[str, bool] = {}
        self.logins = Logins({}, "w_organization_social r_organization_social")
        self._number = 7_000

    @property
    def copies(self) -> int:
        return len(self.posts)

    def _next(self) -> str:
        self._number += 1
        return str(self._number)

    def _signed_in(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Denied(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)

    def _spoken(self, request: Request) -> None:
        self._signed_in(request)
        version = request.headers.get("linkedin-version", "")
        if not version:
            raise Denied(400, "VERSION_MISSING", "A version must be present.")
        if not "202511" < version <= "202611":
            raise Denied(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            raise Denied(400, "ILLEGAL_ARGUMENT", "Invalid Rest.li protocol version")

    @route("POST /rest/images")
    def upload_begins(self, request: Request) -> Reply:
        self._spoken(request)
        if query_of(request).get("action") != "initializeUpload":
            raise Denied(400, "ILLEGAL_ARGUMENT")
        if body_of(request) != {"initializeUploadRequest": {"owner": _ORGANIZATION}}:
            raise Denied(403, "ACCESS_DENIED", "not the owner")
        image = f"urn:li:image:C4E{self._next()}"
        self.images[image] = False
        url = f"http://{request.headers['host']}/dms-uploads/{image.rpartition(':')[2]}/0?sync=0&v=beta"
        return reply({"value": {"uploadUrlExpiresAt": 1786000000000, "uploadUrl": url, "image": image}})

    @route(r"PUT /dms-uploads/(\w+)/0")
    def upload(self, request: Request, image: str) -> Reply:
        self._signed_in(request)
        try:
            Image.open(io.BytesIO(request.body)).verify()
        except Exception as fault:
            raise Denied(400, "UNPROCESSABLE_IMAGE") from fault
        self.images[f"urn:li:image:{image}"] = True
        return Reply(201)

    @route("POST /rest/posts")
    def create(self, request: Request) -> Reply:
        self._spoken(request)
        body = body_of(request)
        if missing := _REQUIRED - set(body):
            raise Denied(422, "MISSING_FIELD", f"ERROR :: /{min(missing)} :: field is required but not found")
        if body["author"] != _ORGANIZATION:
            raise Denied(403, "ACCESS_DENIED", "Organization permissions must be used")
        if (body["visibility"], body["lifecycleState"]) != ("PUBLIC", "PUBLISHED"):
            raise Denied(422, "INVALID_VALUE")
        if body["distribution"].get("feedDistribution") != "MAIN_FEED":
            raise Denied(422, "INVALID_VALUE")
        text = read(body["commentary"])
        for urn, other in self.posts.items():
            if other["text"] == text:
                raise Denied(422, "DUPLICATE_POST", f"Content is a duplicate of {urn}")
        self._checked(body.get("content", {}))
        urn = f"urn:li:share:{self._next()}"
        self.posts[urn] = {"text": text, "content": body.get("content")}
        return Reply(201, {"x-restli-id": urn})

    def _checked(self, content: dict[str, Any]) -> None:
        match content:
            case {"article": {"source": str(source), "title": str(title)}}:
                if not source.startswith(OPEN) or not 0 < len(title) <= 400:
                    raise Denied(422, "INVALID_CONTENT", "article")
                images = []
            case {"media": one}:
                images = [one]
            case {"multiImage": {"images": images}} if 2 <= len(images) <= 20:
                pass
            case _:
                raise Denied(422, "INVALID_CONTENT", "one of article, media, multiImage")
        for one in images:
            if not self.images.get(one["id"]) or len(one["altText"]) > 4086:
                raise Denied(422, "INVALID_CONTENT", f"{one['id']} is not there")

    @route(r"POST /rest/posts/(urn%3Ali%3Ashare%3A\d+)")
    def update(self, request: Request, quoted: str) -> Reply:
        self._spoken(request)
        if request.headers.get("x-restli-method") != "PARTIAL_UPDATE":
            raise Denied(400, "ILLEGAL_ARGUMENT", "POST with a key is a partial update")
        changes = body_of(request)["patch"]["$set"]
        if set(changes) != {"commentary"}:
            raise Denied(422, "NOT_UPDATABLE")
        self._standing(unquote(quoted))["text"] = read(changes["commentary"])
        return Reply(204)

    @route(r"DELETE /rest/posts/(urn%3Ali%3Ashare%3A\d+)")
    def delete(self, request: Request, quoted: str) -> Reply:
        self._spoken(request)
        self._standing(unquote(quoted))
        del self.posts[unquote(quoted)]
        return Reply(204)

    def _standing(self, urn: str) -> dict[str, Any]:
        if urn not in self.posts:
            raise Denied(404, "NOT_FOUND", f"{urn} not found")
        return self.posts[urn]

    def _form(self, request: Request) -> dict[str, str]:
        form = dict(parse_qsl(request.body.decode()))
        if (form.get("client_id"), form.get("client_secret")) != ("78app", "WPL-secret"):
            raise Problem(
                401, {"error": "invalid_client", "error_description": "Client authentication failed"}
            )
        return form

    @route("GET /oauth/v2/authorization")
    def authorize(self, request: Request) -> Reply:
        return self.logins.authorize(request)

    @route("POST /oauth/v2/accessToken")
    def renew(self, request: Request) -> Reply:
        form = self._form(request)
        if form.get("grant_type") == "authorization_code":
            self.logins.redeem(form)
        elif form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            raise Problem(
                400, {"error": "invalid_grant", "error_description": "The refresh token is invalid"}
            )
        self.token = f"AQX-access-{self._next()}"
        return reply(
            {
                "access_token": self.token,
                "expires_in": 5_184_000,
                "refresh_token": self.refresh,
                "refresh_token_expires_in": 20_000_000,
            }
        )

    @route("POST /oauth/v2/introspectToken")
    def introspect(self, request: Request) -> Reply:
        if self._form(request).get("token") != self.token:
            return reply({"active": False})
        return reply({"active": self.active, "status": "active", "expires_at": 1_790_000_000})


def read(commentary: str) -> str:
    """What people see of a text in the "little" format. LinkedIn cuts a text off where a reserved sign stands bare."""
    if not 0 < len(commentary.encode("utf-16-le")) / 2 <= 3000:
        raise Denied(422, "FIELD_LENGTH_TOO_LONG", "commentary")
    pieces, place = [], 0
    while found := _TOKEN.match(commentary, place):
        tag = re.sub(r"\\(.)", r"\1", found["tag"]) if found["tag"] else ""
        pieces.append(found["sign"] or found["text"] or f"#{tag}")
        place = found.end()
    return "".join(pieces)
