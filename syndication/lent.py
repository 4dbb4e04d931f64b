"""The door lent to libraries that speak HTTP by themselves: their requests keep to the same rules as ours."""

import contextlib
import io
import threading
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from syndication.http import OURS, Answer, Client, Failure


class Lent:
    """What a library did while a client was lent to it: the answers it got, and the last failure."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.answers: list[Answer] = []
        self.failure: Failure | None = None


_lent = threading.local()


@contextlib.contextmanager
def lend(client: Client) -> Iterator[Lent]:
    """Inside this block, what a library asks of `requests` in this thread goes through `client` and keeps to its rules.

    A redirect is shown to the library without its target, so it is not followed.
    """
    _lent.now = Lent(client)
    try:
        yield _lent.now
    finally:
        _lent.now = None


class _LentAdapter(HTTPAdapter):
    """Hands a library's request to the client, and the client's answer back."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Called by requests."""
        lent: Lent = _lent.now
        headers = {name: value for name, value in request.headers.items() if name.lower() not in OURS}
        body = request.body or b""
        try:
            answer = lent.client.request(
                request.method or "GET",
                request.url or "",
                headers=headers,
                body=body.encode() if isinstance(body, str) else body,
            )
        except Failure as failure:
            lent.failure = failure
            raise requests.ConnectionError(failure.reason) from failure
        lent.answers.append(answer)
        return _as_response(answer, request)


def _as_response(answer: Answer, request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update({k: v for k, v in answer.headers.items() if k.lower() != "location"})
    response.raw, response.url, response.request = io.BytesIO(answer.body), request.url or "", request
    return response


class _Session(requests.Session):
    """The session that `requests.post` and its like open: ours while a client is lent, as ever otherwise."""

    def __init__(self) -> None:
        super().__init__()
        if getattr(_lent, "now", None) is not None:
            self.trust_env = False
            for scheme in ("http://", "https://"):
                self.mount(scheme, _LentAdapter())


requests.sessions.Session = _Session  # type: ignore[misc]  # the one place where requests looks it up
