"""Reads JSON and JSON Lines with the fields of the API."""

import json
from collections.abc import Iterator
from typing import Any

from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.sources.row import MOST_ENTRIES, Row, made, refused


def read(data: bytes) -> Iterator[Row]:
    """A row for each post of `[…]` or `{"posts": […]}`, or of JSON Lines. Raises Invalid where it is none of them."""
    text = _text(data)
    try:
        found = _parsed(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            return read_lines(data)
        raise Invalid.field(
            "file", Reason("is not JSON: {} at line {}, column {}", error.msg, error.lineno, error.colno)
        ) from error
    except (ValueError, RecursionError) as error:
        raise Invalid.field("file", Reason("is not JSON: {}", error)) from error
    posts = found.get("posts") if isinstance(found, dict) else found
    if not isinstance(posts, list):
        raise Invalid.field(
            "file", Reason('must hold a list of posts, or an object with such a list as "posts"')
        )
    if len(posts) > MOST_ENTRIES:
        raise Invalid.field("file", Reason("holds {} posts; {} are read at most", len(posts), MOST_ENTRIES))
    return (_row(Reason("post {}", number), fields) for number, fields in enumerate(posts, 1))


def read_lines(data: bytes) -> Iterator[Row]:
    """A row for each line that holds something. Raises Invalid where there are too many."""
    lines = [(number, line) for number, line in enumerate(_text(data).split("\n"), 1) if line.strip()]
    if len(lines) > MOST_ENTRIES:
        raise Invalid.field("file", Reason("holds {} lines; {} are read at most", len(lines), MOST_ENTRIES))
    return (_line(Reason("line {}", number), line) for number, line in lines)


def _line(position: str, line: str) -> Row:
    try:
        return _row(position, _parsed(line))
    except json.JSONDecodeError as error:
        return refused(position, Fault("", Reason("is not JSON: {} at column {}", error.msg, error.colno)))
    except (ValueError, RecursionError) as error:
        return refused(position, Fault("", Reason("is not JSON: {}", error)))


def _row(position: str, fields: Any) -> Row:
    if not isinstance(fields, dict):
        return refused(position, Fault("", Reason("is no object with the fields of a post")))
    return made(position, fields)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_constant=_no_number)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid.field(
            "file", Reason("is not UTF-8 (at byte {}), as JSON must be", error.start)
        ) from error
