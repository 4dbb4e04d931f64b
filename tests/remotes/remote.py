"""What every fake network shares: routes, JSON, forms, and faults on order."""

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from syndication.stack.receiver import Reply, Request

Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Part:
    """One field of a form; `filename` is empty for plain text."""

    name: str
    filename: str
    type: str
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode()


def reply(body: Any = None, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        return Reply(status, named)
    return Reply(
        status, {"Content-Type": "application/json; charset=utf-8", **named}, json.dumps(body).encode()
    )


#: The connection ends without an answer.
_CUT = Reply(close=True)
#: How an address begins that a network takes; the test city stands for one of the internet.
OPEN = ("https://", "http://localhost:8000")


class Problem(Exception):
    """Raised by a handler to answer with an error."""

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        super().__init__(f"{status} {body}")
        self.reply = reply(body, status, **headers)


class Remote(ABC):
    """A fake network: give `answer` to a Receiver. Handlers are methods marked with `route`."""

    #: The request that makes a post, as "METHOD /path" (a regular expression).
    posting: ClassVar[str]

    def __init__(self) -> None:
        self.calls: list[Request] = []
        self._faults: list[tuple[str, Reply]] = []

    @property
    @abstractmethod
    def copies(self) -> int:
        """How many posts stand there for people to see."""

    def makes_a_post(self, request: Request) -> bool:
        """Whether a request is the one that makes a post."""
        return bool(re.search(self.posting, _target(request)))

    def answer(self, request: Request) -> Reply:
        """What the network says to `request`."""
        self.calls.append(request)
        target = _target(request)
        for index, (pattern, fault) in enumerate(self._faults):
            if re.search(pattern, target):
                del self._faults[index]
                return fault
        try:
            for name in dir(type(self)):
                handler = getattr(type(self), name)
                for pattern in getattr(handler, "routes", ()):
                    if found := re.fullmatch(pattern, target):
                        return handler(self, request, *found.groups())  # type: ignore[no-any-return]  # marked as a Handler
            raise Problem(404, {"error": f"no such method: {target}"})
        except Problem as problem:
            return problem.reply

    def fail(self, fault: Reply, on: str = "", times: int = 1) -> None:
        """Answer the next `times` requests whose "METHOD /path" holds the pattern `on` with `fault`, and do nothing."""
        self._faults += [(on, fault)] * times


class Losing:
    """A network whose answer to the first request that makes a post is lost: `fault` comes instead.

    `arrives`: it has done what it was asked.
    """

    def __init__(self, remote: Any, fault: Reply = _CUT) -> None:
        self.remote, self.fault, self.arrives = remote, fault, True
        #: That request, and whether it came.
        self.request: Request | None = None
        self.lost = threading.Event()

    def answer(self, request: Request) -> Reply:
        """What the network says, or does in place of saying it."""
        if self.lost.is_set() or not self.remote.makes_a_post(request):
            return self.remote.answer(request)  # type: ignore[no-any-return]  # a Remote's
        if self.arrives:
            self.remote.answer(request)
        self.request = request
        self.lost.set()
        return self.fault


def _target(request: Request) -> str:
    return f"{request.method} {urlsplit(request.path).path}"


def route(pattern: str) -> Callable[[Handler], Handler]:
    """Marks a handler for "METHOD /path", a regular expression whose groups it gets."""

    def mark(handler: Handler) -> Handler:
        handler.routes = (*getattr(handler, "routes", ()), pattern)  # type: ignore[attr-defined]  # a function takes any
        return handler

    return mark


def body_of(request: Request) -> Any:
    """The JSON body. Anything else is a 400, as real servers say."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Problem(415, {"error": "not JSON"})
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise Problem(400, {"error": "malformed JSON"}) from error


def form_of(request: Request) -> dict[str, Part]:
    """The fields of a multipart form (RFC 7578)."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Problem(415, {"error": "not a form"})
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body, policy=HTTP)
    found = {}
    for part in message.iter_parts():  # type: ignore[attr-defined]  # the policy makes it an EmailMessage
        name = str(part.get_param("name", header="content-disposition"))
        found[name] = Part(
            name, part.get_filename() or "", part.get_content_type(), part.get_payload(decode=True) or b""
        )
    return found


def query_of(request: Request) -> dict[str, str]:
    """The parameters behind the question mark."""
    return dict(parse_qsl(urlsplit(request.path).query, keep_blank_values=True))
