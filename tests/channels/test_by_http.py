"""One HTTP request, one verdict: what is shown of an answer never holds the access that was shown."""

import base64

import pytest

from syndication.channels import by_http
from syndication.channels.messages import HttpMessage
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Verdict
from syndication.stack.receiver import Receiver, Reply, Request

SECRET = "geheim-4711-token"
BASIC = base64.b64encode(b"shop:" + SECRET.encode()).decode()


def echo(status: int) -> object:
    def answer(request: Request) -> Reply:
        return Reply(status, {}, "\n".join(f"{n}: {v}" for n, v in request.headers.items()).encode())

    return answer


@pytest.mark.parametrize("status", [200, 202, 400, 401, 429, 500])
@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("authorization", f"Bearer {SECRET}", SECRET),
        ("Authorization", f"Basic {BASIC}", BASIC),
        ("authorization", f"vapid t={SECRET}, k=public-key-of-the-city", SECRET),
        ("authorization", SECRET, SECRET),
        ("X-API-Key", SECRET, SECRET),
        ("cookie", f"session={SECRET}; other=1", SECRET),
    ],
)
def test_an_answer_that_repeats_the_access_shows_none(
    status: int, name: str, value: str, secret: str, tools: Tools, receiver: Receiver
) -> None:
    receiver.answer = echo(status)  # type: ignore[assignment]  # a function of a request
    message = HttpMessage("POST", receiver.url(), ((name, value),), b"x")
    try:
        said = by_http.shown(by_http.call(message, tools)) + by_http.send(message, tools).answer
    except Verdict as verdict:
        said = verdict.answer + verdict.reason
    assert "host:" in said.lower(), "it repeats the request"
    assert secret not in said


def test_an_access_that_is_empty_changes_nothing_of_an_answer(tools: Tools, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, {}, b'{"id": "1"}')
    message = HttpMessage("POST", receiver.url(), (("authorization", "Bearer "), ("cookie", "")), b"x")
    assert by_http.call(message, tools).body == b'{"id": "1"}'
