"""The login of a network (RFC 6749 section 4.1, RFC 7636) whose owner agrees to everything at once."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Problem, query_of


@dataclass
class Logins:
    """Codes a network gave out, each good once and for the app that asked; `apps` holds secrets and redirect addresses."""

    apps: dict[str, tuple[str, str]]
    scope: str
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    agrees: bool = True

    def authorize(self, request: Request) -> Reply:
        """The page where the owner logs in: it sends them back at once."""
        asked = query_of(request)
        app = self.apps.get(asked.get("client_id", ""))
        if app is None or asked.get("redirect_uri") != app[1] or asked.get("response_type") != "code":
            raise Problem(400, {"error": "invalid_request"})
        if asked.get("scope") != self.scope:
            raise Problem(400, {"error": "invalid_scope"})
        if self.agrees:
            code = secrets.token_urlsafe(9)
            self.codes[code] = asked
            back = {"code": code, "state": asked.get("state", "")}
        else:
            back = {"error": "access_denied", "state": asked.get("state", "")}
        return Reply(302, {"Location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    def redeem(self, form: dict[str, str]) -> None:
        """Check what is sent for a token."""
        app = self.apps.get(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app[0]:
            raise Problem(401, {"error": "invalid_client"})
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            raise Problem(400, {"error": "invalid_grant", "error_description": "expired or used"})
        if challenge := asked.get("code_challenge"):
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != challenge:
                raise Problem(400, {"error": "invalid_grant"})


def fields_of(request: Request) -> dict[str, str]:
    """A urlencoded form, and nothing else."""
    if request.headers.get("content-type") != "application/x-www-form-urlencoded":
        raise Problem(415, {"error": "invalid_request"})
    return dict(parse_qsl(request.body.decode()))
