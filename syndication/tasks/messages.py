"""Checks a raw queue message before trusting any of it: it becomes a call of one of our tasks, or is buried."""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

from syndication import clock
from syndication.content.base import new_id
from syndication.tasks.arguments import BURY, TASKS

#: Largest body that is opened, largest item of a list in Redis, which holds a body in base64, and largest headers (bytes).
MOST_BODY = 256_000
_MOST_ITEM = 600_000
_MOST_HEADERS = 16_000
#: Deepest JSON that is opened: a post is four deep. Longest number (digits) and longest name (characters).
_DEEPEST = 32
_LONGEST_NUMBER = 20
_LONGEST_NAME = 255
#: How much of a message that is refused is kept (characters).
_KEPT = 15_000
_KEPT_HEADERS = 4_000
_ENCODINGS = (None, "", "utf-8", "utf8", "us-ascii", "ascii")
#: What may stand in a header where it stands there at all; nothing but task, id and expires is used.
_HEADERS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ["lang", "shadow", "root_id", "parent_id", "group", "argsrepr", "kwargsrepr", "origin", "meth"],
        (str,),
    ),
    **dict.fromkeys(["retries", "group_index", "replaced_task_nesting"], (int,)),
    **dict.fromkeys(["ignore_result", "utc", "redelivered"], (bool,)),
    **dict.fromkeys(["timelimit", "stamped_headers", "groups"], (list,)),
    "stamps": (dict, list),
}
#: Other tasks that a message may ask for. The wish is refused aloud: none of them would run.
_OTHER_TASKS = ("callbacks", "errbacks", "chain", "chord")
#: A text, or a bracket outside of one. It fits wherever it begins, so it is linear in what is looked through.
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class Refused(Exception):
    """Why a message is not taken, as a sentence."""


@dataclass(frozen=True)
class Parts:
    """A message as the broker gave it, nothing of it opened."""

    headers: Any
    content_type: Any
    content_encoding: Any
    body: Any = field(repr=False)


@dataclass(frozen=True)
class Call:
    """A task of ours, and arguments that it can take. All of it is plain: texts, numbers, lists, objects."""

    task: str
    id: str
    args: list[Any] = field(repr=False)
    named: dict[str, Any] = field(repr=False)
    expires: datetime | None = None

    @property
    def headers(self) -> dict[str, Any]:
        """Celery's headers, none of them as it came."""
        expires = {"expires": self.expires.isoformat()} if self.expires else {}
        return {"lang": "py", "task": self.task, "id": self.id, "root_id": self.id, "retries": 0} | expires

    @property
    def body(self) -> bytes:
        """The body in Celery's protocol 2."""
        return json.dumps([self.args, self.named, {}], ensure_ascii=False).encode()


def call(parts: Parts) -> Call:
    """What a message asks for, or the call that writes down why it is refused. Raises nothing."""
    try:
        return _read(parts)
    except Refused as refused:
        return buried(str(refused), _shown(parts))
    except Exception as error:  # what nobody thought of is refused like all the rest
        return buried(f"The message cannot be read ({type(error).__name__}).", _shown(parts))


def buried(reason: str, shown: Mapping[str, Any]) -> Call:
    """The call that keeps a refused message, as far as it can be shown, with its reason."""
    payload = json.dumps(shown, ensure_ascii=True, default=repr)
    return Call(BURY, str(new_id()), [reason.encode("utf-8", "replace").decode(), payload], {})


def from_redis(item: bytes) -> Call:
    """The same for an item of a list in Redis, in which a message stands in kombu's form or in none. Raises nothing."""
    try:
        return call(_parts(item))
    except Refused as refused:
        return buried(str(refused), {"message": item[:_KEPT].decode("utf-8", "replace")})


def check_command(whole: Any) -> None:
    """Raise Refused for what was published to the workers' control channel and is no command (kombu.pidbox).

    Celery starts the channel anew after one that it cannot read, and may hear nothing there from then on.
    """
    parts = _from_kombu(whole)
    headers, body = _headers(parts.headers), bytes(parts.body)
    _check_outside(headers, parts.content_type, parts.content_encoding, len(body))
    command = _plain(_text(body, "command"), "command")
    if not isinstance(command, dict) or not isinstance(command.get("method"), str):
        raise Refused("The command has no name.")
    kinds: Mapping[str, tuple[type, ...]] = {
        **dict.fromkeys(["arguments", "reply_to"], (dict,)),
        "destination": (list,),
        "ticket": (str,),
        # Nobody here selects workers by a pattern, which somebody else could make endless.
        **dict.fromkeys(["pattern", "matcher"], ()),
    }
    if any(
        command.get(name) is not None and not isinstance(command[name], kind) for name, kind in kinds.items()
    ):
        raise Refused("The command cannot be read.")
    answer, tag = command.get("reply_to"), whole["properties"].get("delivery_tag")
    texts = [tag, *([answer.get("exchange"), answer.get("routing_key")] if answer else [])]
    if not all(isinstance(text, str) for text in texts) or not isinstance(headers.get("clock", 0), int):
        raise Refused("The command cannot be read.")


def _parts(item: bytes) -> Parts:
    if len(item) > _MOST_ITEM:
        raise Refused(f"The message is larger than {MOST_BODY // 1000} kB.")
    return _from_kombu(_plain(_text(item, "message"), "message"))


def _from_kombu(whole: Any) -> Parts:
    if not isinstance(whole, dict):
        raise Refused("The message is not an object with body, headers and properties.")
    properties = whole.get("properties") or {}
    if not isinstance(properties, dict):
        raise Refused("The message's properties must be an object.")
    body = whole.get("body")
    if not isinstance(body, str):
        raise Refused("The message has no body; it must be a text.")
    encoding = properties.get("body_encoding")
    if encoding not in (None, "", "utf-8", "base64"):
        raise Refused("The body's encoding (body_encoding) must be base64 or utf-8.")
    return Parts(
        whole.get("headers"),
        whole.get("content-type"),
        whole.get("content-encoding"),
        _from_base64(body) if encoding == "base64" else body.encode(),
    )


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("The body is not in base64, as body_encoding says.") from None


def _read(parts: Parts) -> Call:
    headers = _headers(parts.headers)
    body = (
        parts.body.encode("utf-8", "surrogatepass")
        if isinstance(parts.body, str)
        else bytes(parts.body or b"")
    )
    _check_outside(headers, parts.content_type, parts.content_encoding, len(body))
    value = _plain(_text(body, "body"), "body")
    if "task" in headers:
        if not isinstance(value, list) or len(value) != 3:
            raise Refused("The body must be a list of three: [arguments, named arguments, {}].")
        args, named, rest = value
    elif isinstance(value, dict) and "task" in value:  # Celery's protocol 1
        headers, rest = {**value, **headers}, {name: value.get(name) for name in _OTHER_TASKS}
        args, named = value.get("args"), value.get("kwargs")
    else:
        raise Refused("The message names no task.")
    _check_wishes(headers, rest)
    return _made(headers, _listed(args), _named(named))


def _headers(headers: Any) -> dict[str, Any]:
    if headers is None or headers == []:  # PHP writes an empty object so
        return {}
    if not isinstance(headers, Mapping):
        raise Refused("The message's headers must be an object.")
    if len(json.dumps(headers, default=repr)) > _MOST_HEADERS:
        raise Refused(f"The message's headers are larger than {_MOST_HEADERS // 1000} kB.")
    return dict(headers)


def _check_outside(headers: Mapping[str, Any], kind: Any, encoding: Any, size: int) -> None:
    """What can be said of a body without opening it."""
    if headers.get("compression"):
        raise Refused("The message is compressed. Please send it as it is.")
    plain = kind.replace(" ", "").lower() if isinstance(kind, str) else kind
    if plain not in ("application/json", "application/json;charset=utf-8"):
        raise Refused(f"The content type must be application/json, not {str(kind)[:60]!r}.")
    if (encoding.lower() if isinstance(encoding, str) else encoding) not in _ENCODINGS:
        raise Refused(f"The content encoding must be utf-8, not {str(encoding)[:60]!r}.")
    if size > MOST_BODY:
        raise Refused(f"The message is larger than {MOST_BODY // 1000} kB.")


def _check_wishes(headers: Mapping[str, Any], rest: Any) -> None:
    """What else a message asks for, beside the task."""
    for name, kinds in _HEADERS.items():
        found = headers.get(name)
        if found is not None and not isinstance(found, kinds):
            raise Refused(f"The header {name} cannot be {_short(found)}.")
    limits = headers.get("timelimit") or []
    if len(limits) > 2 or not all(one is None or isinstance(one, int | float) for one in limits):
        raise Refused(f"The header timelimit cannot be {_short(limits)}.")
    if rest is not None and not isinstance(rest, dict) and rest != []:
        raise Refused("The third part of the body must be an object.")
    for name in _OTHER_TASKS:
        if headers.get(name) or (rest or {}).get(name):
            raise Refused(
                f"The message asks for other tasks ({name}), which are not run. Please send it without."
            )
    if headers.get("eta") not in (None, ""):
        raise Refused("The message asks to wait (eta). Please send it without; a post can have a publish_at.")


def _made(headers: Mapping[str, Any], args: list[Any], named: dict[str, Any]) -> Call:
    task, identity = (_name(headers, name) for name in ("task", "id"))
    fits = TASKS.get(task)
    if fits is None:
        raise Refused(f"There is no task called {task[:60]!r}.")
    if not fits(args, named):
        raise Refused(f"The task {task} takes no such arguments: {_short([args, named])}.")
    expires = _moment(headers.get("expires"))
    if expires and task == "posts.submit":
        if expires < clock.now():
            raise Refused(f"The message was to be taken until {expires:%d.%m.%Y %H:%M} UTC, and came later.")
        expires = None  # from here on it is ours
    return Call(task, identity, args, named, expires)


def _name(headers: Mapping[str, Any], name: str) -> str:
    found = headers.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_NAME or not found.isprintable():
        raise Refused(f"The header {name} must be a text of at most {_LONGEST_NAME} characters.")
    return found


def _moment(text: Any) -> datetime | None:
    if text is None or text == "":
        return None
    if isinstance(text, datetime):  # a table of AMQP can hold one
        text = text.isoformat()
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Refused(f"The header expires must be a moment (ISO 8601), not {_short(text)}.") from None


def _listed(args: Any) -> list[Any]:
    if args is None or args == {}:
        return []
    if not isinstance(args, list):
        raise Refused(f"The arguments must be a list, not {_short(args)}.")
    return args


def _named(named: Any) -> dict[str, Any]:
    if (
        named is None or named == []
    ):  # celery-node leaves out what is not given; PHP writes an empty object as a list
        return {}
    if not isinstance(named, dict):
        raise Refused(f"The named arguments must be an object, not {_short(named)}.")
    return named


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"The {what} cannot be read: it is not UTF-8.") from None


def _plain(text: str, what: str) -> Any:
    """JSON as RFC 8259 has it, without what readers understand differently (RFC 7493) and what kombu would make objects of."""
    depth = 0
    for found in _BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > _DEEPEST:
            raise Refused(f"The {what} is nested more than {_DEEPEST} deep.")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_number, parse_int=_whole, parse_float=_broken
        )
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refused(f"The {what} holds half a character (a lone surrogate).") from None
    except (ValueError, RecursionError):
        raise Refused(f"The {what} cannot be read: it is not JSON.") from None
    return value


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refused(f"The message says {name[:60]!r} twice.")
        if name == "__type__":
            raise Refused("The message holds an object with a __type__, which is not plain JSON.")
        found[name] = value
    return found


def _no_number(text: str) -> NoReturn:
    raise Refused(f"The message holds {text}, which is no number.")


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise Refused(f"The message holds a number of {len(text)} digits.")
    return int(text)


def _broken(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise Refused("The message holds a number that is too large.")
    return found


def _short(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=True, default=repr)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def _shown(parts: Parts) -> dict[str, Any]:
    body = (
        parts.body
        if isinstance(parts.body, str)
        else bytes(parts.body or b"")[:_KEPT].decode("utf-8", "replace")
    )
    headers: Any = parts.headers
    try:
        headers = (
            headers
            if len(written := json.dumps(headers, default=repr)) <= _KEPT_HEADERS
            else written[:_KEPT_HEADERS]
        )
    except (ValueError, TypeError, RecursionError):
        headers = "?"
    return {"headers": headers, "content_type": str(parts.content_type)[:60], "body": body[:_KEPT]}
