"""Parses Accept, Accept-Encoding and Accept-Language, weights included."""

import re

from starlette.datastructures import Headers

#: RFC 9110 section 12.4.2: from 0 (not acceptable) to 1, with at most three digits.
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def listed(headers: Headers, name: str) -> str:
    """The list of a header; lines of the same name are one list (RFC 9110 section 5.3)."""
    return ", ".join(headers.getlist(name))


def weighed(header: str) -> dict[str, float]:
    """What a header lists, in small letters, with its weight: 1.0 where none stands beside it, 0.0 where it is none."""
    found: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name:
            given = [value.removeprefix("q=") for value in parameters if value.startswith("q=")]
            found[name] = _number(given[-1]) if given else 1.0
    return found


def _number(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) else 0.0
