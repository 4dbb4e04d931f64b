"""Runs Apprise's plugins in a confined process; each request they make is handed out and judged by the parent.

A frame is JSON: `url`, and with it `title` and `text` where something is to be posted. The answer says whether Apprise can
use the address (`known`), and whether it believes that all was posted (`done`).
"""

import base64
import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import apprise
import requests
from apprise.manager_plugins import NotificationManager
from requests.adapters import HTTPAdapter

Ask = Callable[[bytes], bytes]

#: Apprise writes addresses, which hold secrets, into its log.
logging.getLogger("apprise").disabled = True
#: All plugins are loaded now: later there is no disk.
NotificationManager().schemas()  # type: ignore[no-untyped-call]  # Apprise types only a part of itself
#: Nothing is kept on the disk, no plugin is loaded from it, and nothing goes on at another moment.
_ASSET = apprise.AppriseAsset(
    storage_mode="memory", async_mode=False, pgp_autogen=False, pem_autogen=False, http_redirects=False
)


def answer(frame: bytes, ask: Ask) -> bytes:
    """Look whether Apprise can use an address, or post something there."""
    wanted = json.loads(frame)
    with _handed_out(ask):
        service = apprise.Apprise.instantiate(wanted["url"], asset=_ASSET, suppress_exceptions=True)
        known = service is not None and wanted["url"].lower().startswith(f"{service.schema}://")
        done = bool(known and "text" in wanted and _posted(service, wanted))
        del service  # some log out when they go, which is a request too
    return json.dumps({"known": known, "done": done}).encode()


def _posted(service: Any, wanted: dict[str, str]) -> bool:
    service.request_rate_per_sec = 0  # rates are kept by the delivery engine; a send never sleeps
    try:
        return bool(service.notify(body=wanted["text"], title=wanted["title"]))
    except (
        Exception
    ):  # what a hundred services do wrong is not listed anywhere; the requests tell what became of it
        return False


@contextlib.contextmanager
def _handed_out(ask: Ask) -> Iterator[None]:
    """Inside this block, whatever sends by `requests` sends by `ask`."""

    def send(_: HTTPAdapter, request: requests.PreparedRequest, *__: Any, **___: Any) -> requests.Response:
        return _as_response(json.loads(ask(_as_question(request))), request)

    replaced = ((HTTPAdapter, "send", send), (requests.sessions, "get_netrc_auth", lambda *_, **__: None))
    before = [(where, name, getattr(where, name)) for where, name, _ in replaced]
    for where, name, ours in replaced:
        setattr(where, name, ours)
    try:
        yield
    finally:
        for where, name, theirs in before:
            setattr(where, name, theirs)


def _as_question(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    if not isinstance(body, bytes | str):
        raise requests.exceptions.InvalidSchema("only texts are sent, no files")
    said = {
        "method": request.method,
        "url": request.url,
        "headers": {_text(name): _text(value) for name, value in request.headers.items()},
        "body": base64.b64encode(body.encode() if isinstance(body, str) else body).decode(),
    }
    return json.dumps(said).encode()


def _as_response(told: dict[str, Any], request: requests.PreparedRequest) -> requests.Response:
    if "failure" in told:
        raise requests.ConnectionError(told["failure"])
    response = requests.Response()
    response.status_code = told["status"]
    response.headers.update(told["headers"])
    response.raw = io.BytesIO(base64.b64decode(told["body"]))
    response.url, response.request = request.url or "", request
    return response


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
