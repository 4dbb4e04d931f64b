"""A push service and the browser behind it: RFC 8030 sections 5 (TTL, Urgency, Topic), RFC 8291 (the browser opens what
was encrypted for it), RFC 8292 section 4 (the signature is checked)."""

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import http_ece
from py_vapid import Vapid02

from syndication.stack.receiver import Reply, Request
from tests.browser import AUTH, KEY
from tests.remotes.remote import Problem, Remote, reply, route


class FakeWebPush(Remote):
    """One browser at one push service."""

    posting = r"POST /push/"

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, dict[str, Any]] = {}
        self.headers: list[dict[str, str]] = []
        self.subscribed = True

    @property
    def copies(self) -> int:
        return len(self.shown)

    @route("POST /push/browser1")
    def push(self, request: Request) -> Reply:
        if not self.subscribed:
            raise Problem(410, {"reason": "unsubscribed"})
        headers = dict(request.headers)
        if not headers.get("ttl", "").isdigit() or headers.get("content-encoding") != "aes128gcm":
            raise Problem(400, {"reason": "TTL and Content-Encoding are needed"})
        if len(request.body) > 4096:
            raise Problem(413, {"reason": "too long"})
        if len(headers.get("topic", "")) > 32:
            raise Problem(400, {"reason": "Topic has more than 32 characters"})
        self._check_signature(headers)
        opened = http_ece.decrypt(request.body, private_key=KEY, auth_secret=AUTH, version="aes128gcm")
        said = json.loads(opened)
        self.headers.append(headers)
        self.shown[said["tag"]] = said
        return reply(None, 201, Location="/message/1")

    def _check_signature(self, headers: dict[str, str]) -> None:
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        if scheme != "vapid" or not Vapid02.verify(headers["authorization"]):
            raise Problem(401, {"reason": "bad signature"})
        claims = json.loads(base64.urlsafe_b64decode(fields["t"].split(".")[1] + "=="))
        if urlsplit(claims["aud"]).netloc != headers["host"]:
            raise Problem(403, {"reason": "signed for somebody else"})
