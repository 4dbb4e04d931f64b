"""Makes requests to a network: JSON in and out, its own table of errors, and forms with pictures."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syndication.channels import by_http
from syndication.channels.by_http import Rule
from syndication.channels.messages import HttpMessage
from syndication.channels.tools import Tools
from syndication.channels.verdicts import TryLater
from syndication.content.characters import legible
from syndication.infra.http import Answer, multipart
from syndication.infra.ssrf import origin

#: Separates the parts of a form; no picture holds it but by a chance of one in 2**200.
_BOUNDARY = "syndication-7f1d0c5e9b3a4f6280c1e57d94ab36f2"

#: A count has no more digits than the tables hold.
_MOST_DIGITS = 9
#: Name of a field, and its text or (file name, content, type).
Field = tuple[str, str | tuple[str, bytes, str]]


@dataclass(frozen=True)
class Network:
    """Speaks with one network on behalf of one send: headers and rules are the same for all its requests.

    `headers` hold the access, so only the server `home` is shown them: an answer may name any other address.
    """

    name: str
    rules: tuple[Rule, ...]
    tools: Tools
    headers: tuple[tuple[str, str], ...] = ()
    home: str = ""

    def call(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        data: bytes = b"",
        content_type: str = "application/json",
        headers: Sequence[tuple[str, str]] = (),
        repeatable: bool = True,
        outlet: bool = True,
        rules: Sequence[Rule] = (),
        most_read: int | None = None,
    ) -> Answer:
        """One request; `body` is sent as JSON, or `data` as it is. Raises a Verdict for every answer but a good one.

        `rules` of this request go before those of the network. Not `repeatable`: see by_http.call.
        """
        payload = as_json(body) if body is not None else data
        access = self.headers if origin(url) == origin(self.home) else ()
        sent = [*access, *headers, *([("content-type", content_type)] if payload else [])]
        answer = by_http.call(
            HttpMessage(method, url, tuple(sent), payload),
            self.tools,
            rules=(*rules, *self.rules),
            who=self.name,
            repeatable=repeatable,
            outlet=outlet,
            most_read=most_read,
        )
        # A page where the network says JSON comes from something in between: nothing was posted, changed or deleted.
        if 200 <= answer.status < 300 and answer.body.strip() and origin(url) == origin(self.home or url):
            by_http.json_of(answer, self.name, repeatable=repeatable)
        return answer

    def json(self, method: str, url: str, *, repeatable: bool = True, **named: Any) -> Any:
        """The JSON of a good answer."""
        answer = self.call(method, url, repeatable=repeatable, **named)
        return by_http.json_of(answer, self.name, repeatable=repeatable)

    def form(self, url: str, fields: Sequence[Field], **named: Any) -> Any:
        """The JSON a network answers to a form (RFC 7578)."""
        content_type, data = multipart(fields, _BOUNDARY)
        return self.json("POST", url, data=data, content_type=content_type, **named)

    def form_call(self, method: str, url: str, fields: Sequence[Field], **named: Any) -> Answer:
        """A form by another method than POST, or one whose answer's headers count."""
        content_type, data = multipart(fields, _BOUNDARY)
        return self.call(method, url, data=data, content_type=content_type, **named)


def as_its_body_asks(later: TryLater) -> TryLater:
    """For networks that say in the body how long to wait: `retry_after` in seconds, in Telegram's ResponseParameters and in
    Discord's answers to too many requests."""
    if found := re.search(r'"retry_after":\s*(\d{1,6}(\.\d+)?)', later.answer):
        later.after = float(found[1])
    return later


def as_json(body: Any) -> bytes:
    """The bytes of a JSON body: UTF-8, without spaces, in the order of writing."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def items_at(found: Any, name: str) -> list[Any] | None:
    """The list under a name of an answer; None where there is none, which is not the same as an empty one."""
    inside = found.get(name) if isinstance(found, Mapping) else None
    return inside if isinstance(inside, list) else None


def text_at(found: Any, *path: str | int) -> str:
    """The text at a place of an answer, or empty where there is none: networks leave things out."""
    for step in path:
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return ""
    # JSON may hold what no table and no header takes: NUL, half a character.
    return "" if found is None or isinstance(found, Mapping | list) else legible(str(found))


def count_at(found: Any, *path: str | int) -> int | None:
    """The number at a place of an answer; None where there is none that counts anything."""
    said = text_at(found, *path)
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _MOST_DIGITS else None
