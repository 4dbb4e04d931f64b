"""Rejects JSON bodies that are too deep, ambiguous or not text, before anything else reads them."""

import json
import re
from typing import Any

#: A post has some dozen lists and objects, and less than a thousand values.
_MOST_NESTS, _MOST_DIGITS, _MOST_VALUES = 2000, 100, 50_000
#: What the parser can follow; that settings are flat is said by their field.
_DEEPEST = 920
# Possessive, and an end of the text ends a string too: no text makes this look twice at any byte.
_STRING = re.compile(rb'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
_DEEP = f"The body is nested too deeply; at most {_DEEPEST} levels are accepted."
_NEST = re.compile(rb"[\[{\]}]")
_DIGITS = re.compile(rb"[0-9]{%d}" % (_MOST_DIGITS + 1))


class _Twice(Exception):
    """An object that names a field twice (RFC 8259 section 4: what then counts, nobody knows)."""


def fault(body: bytes) -> str:
    """Why a body cannot be read, as a sentence; empty where it can be, or where the JSON parser says it better."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return f"The body is not UTF-8: see the byte at {error.start}."
    too_many = f"The body holds more than {_MOST_VALUES} values."
    if body.count(b'"') > 2 * _MOST_VALUES:
        return too_many
    bare = _STRING.sub(b"", body)
    nests = bare.count(b"[") + bare.count(b"{")
    if nests > _MOST_NESTS:
        return f"The body holds {nests} lists and objects; at most {_MOST_NESTS} are accepted."
    if bare.count(b",") > _MOST_VALUES:
        return too_many
    if _depth(bare) > _DEEPEST:
        return _DEEP
    if _DIGITS.search(bare):
        return f"The body holds a number of more than {_MOST_DIGITS} digits."
    try:
        json.loads(text, object_pairs_hook=_once)
    except _Twice as twice:
        return f"The body names the field {twice} twice; which of them counts cannot be known."
    except RecursionError:
        return _DEEP
    except ValueError:  # said later, with the character it stands at
        return ""
    return ""


def _depth(bare: bytes) -> int:
    """The deepest nesting of a text without strings; what closes more than was opened is left to the parser."""
    depth = deepest = 0
    for found in _NEST.finditer(bare):
        depth += 1 if found[0] in b"[{" else -1
        deepest = max(deepest, depth)
        if depth < 0 or deepest > _DEEPEST:
            break
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise _Twice(next(name for name, _ in pairs if name in seen or seen.add(name))[:60])  # type: ignore[func-returns-value]  # None is falsy, which is the point
    return found
