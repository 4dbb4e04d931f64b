"""Meta's Graph API as developers.facebook.com describes it: docs/graph-api/guides/error-handling, guides/secure-requests
(appsecret_proof), overview/rate-limiting (X-Business-Use-Case-Usage), reference/debug_token, and the login:
docs/facebook-login/guides/advanced/manual-flow, guides/access-tokens/get-long-lived and reference/user/accounts."""

import hashlib
import hmac
import json
import re
from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.login import Logins
from tests.remotes.remote import Problem, Remote, query_of, reply, route


def error(code: int, message: str = "", subcode: int = 0, status: int = 400, **headers: str) -> Reply:
    """An error as the Graph API answers it, in its own spacing."""
    body: dict[str, Any] = {"message": message or f"(#{code}) …", "type": "OAuthException", "code": code}
    if subcode:
        body["error_subcode"] = subcode
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps({"error": body | {"fbtrace_id": "A6LJylpZRKw2xKLFsAP"}}, indent=3)
    return Reply(status, {"Content-Type": "application/json; charset=UTF-8", **named}, text.encode())


class Denied(Problem):
    """Raised by a handler to answer with an error of the Graph API."""

    def __init__(self, code: int, message: str = "", subcode: int = 0, status: int = 400) -> None:
        super().__init__(status)
        self.reply = error(code, message, subcode, status)


class FakeGraph(Remote):
    """One app that demands proofs by its secret, and one access."""

    token = "EAAG-page-token"
    secret = "f00dcafe"
    scope = ""

    def __init__(self) -> None:
        super().__init__()
        self.debug: dict[str, Any] = {"is_valid": True, "expires_at": 0, "data_access_expires_at": 0}
        self.logins = Logins({}, self.scope)
        #: The pages that the login manages.
        self.pages: list[dict[str, Any]] = [
            {"id": "104512345678901", "name": "Weinhaus am Markt", "access_token": self.token}
        ]
        self.me_id, self.me_name = "104512345678901", "Weinhaus am Markt"

    @route(r"GET /v25\.0/dialog/oauth")
    def authorize(self, request: Request) -> Reply:
        return self.logins.authorize(request)

    @route(r"GET /v25\.0/oauth/access_token")
    def user_token(self, request: Request) -> Reply:
        asked = query_of(request)
        if asked.get("grant_type") == "fb_exchange_token":
            if (
                asked.get("fb_exchange_token") != "EAAG-user-short"
                or asked.get("client_secret") != self.secret
            ):
                raise Denied(190, "Invalid OAuth access token.")
            return reply({"access_token": "EAAG-user-long", "token_type": "bearer", "expires_in": 5_183_944})
        try:
            self.logins.redeem(asked)
        except Problem as problem:
            if problem.reply.status == 401:
                raise Denied(1, "Error validating client secret.") from problem
            raise Denied(100, "This authorization code has been used.", 36009) from problem
        return reply({"access_token": "EAAG-user-short", "token_type": "bearer", "expires_in": 5183})

    @route(r"GET /v25\.0/me/accounts")
    def managed(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer EAAG-user-long":
            raise Denied(190, "Invalid OAuth access token.")
        names = re.sub(r"\{.*?\}", "", query_of(request)["fields"]).split(",")
        return reply({"data": [{name: page[name] for name in names if name in page} for page in self.pages]})

    def signed_in(self, request: Request) -> None:
        """Check the access token and its proof."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Denied(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        proof = hmac.new(self.secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        if query_of(request).get("appsecret_proof") != proof:
            raise Denied(100, "Invalid appsecret_proof provided in the API argument")

    @route(r"GET /v25\.0/debug_token")
    def debugged(self, request: Request) -> Reply:
        self.signed_in(request)
        if query_of(request).get("input_token") != self.token:
            raise Denied(100, "The access token could not be decrypted")
        return reply({"data": {"app_id": "138483919580948", "type": "PAGE", **self.debug}})

    @route(r"GET /v25\.0/me")
    def me(self, request: Request) -> Reply:
        self.signed_in(request)
        return reply({"id": self.me_id, "name": self.me_name})
