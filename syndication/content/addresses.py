"""Finds the addresses that people type into a text: of the web, with or without https:// in front, and of mail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Endings that make an address of a name without `www.`: those that our towns write, and none that is a word.
_ENDINGS = "de|at|ch|eu|com|org|net|info|bayern|berlin|hamburg|koeln|cologne|nrw|ruhr|saarland|wien|museum"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
#: What an address is made of (RFC 3986, and letters of all languages): no white space, quotes, or signs that mark up text.
_REST = r"[^\s<>\"`\\|\u200b\u2060\ufeff]"
#: A longer run of signs is no address: browsers and posts end at about 2,000, and each beginning in it would be read to its end.
_WEB = rf"(?i:https?)://{_REST}{{1,2000}}+(?!{_REST})"
_ADDRESS = re.compile(
    rf"""
    (?<![^\W_])(?P<web>{_WEB})
    | (?<![\w@.+/%=&?\#-])(?P<mail>\w[\w.%+-]{{0,63}}@(?:{_LABEL}\.){{1,8}}[^\W\d_]{{2,24}}(?![\w@]|-\w))
    | (?<![\w@.+/%=&?\#-])(?P<bare>
        (?:(?i:www)\.{_LABEL}(?:\.{_LABEL}){{1,8}} | (?:{_LABEL}\.){{1,5}}(?:{_ENDINGS}))
        (?![\w@-]|\.\w) (?:(?::\d{{1,5}})?[/?\#]{_REST}*)?
      )
    """,
    re.VERBOSE,
)
_AT_START = re.compile(_WEB)
_BRACKETS = {")": "(", "]": "[", "}": "{"}
#: What closes a sentence, a quotation or an emphasis behind an address, or opens what follows it.
_AROUND = ".,;:!?…'*_~„“”‚‘’»«›‹([{"


@dataclass(frozen=True)
class Address:
    """Where an address stands in a text, in characters of Python, and where it leads: https:, http: or mailto:."""

    start: int
    end: int
    href: str


def found(text: str) -> Iterator[Address]:
    """The addresses of `text`, from its beginning to its end.

    A bracket that was opened inside an address belongs to it, as in …/wiki/Coburg_(Stadt); what closes a sentence does not.
    """
    for match in _ADDRESS.finditer(text):
        kind, start = str(match.lastgroup), match.start()
        typed = match[0] if kind == "mail" else _own(match[0])
        if href := _href(kind, typed):
            yield Address(start, start + len(typed), href)


def spelled_out(text: str) -> str:
    """The text with https:// before each address of the web that was typed without it."""
    pieces, done = [], 0
    for one in found(text):
        if not one.href.startswith("mailto:"):
            pieces += [text[done : one.start], one.href]
            done = one.end
    return "".join([*pieces, text[done:]])


def at_start(text: str) -> Address | None:
    """The address with http:// or https:// that `text` begins with."""
    match = _AT_START.match(text)
    typed = _own(match[0]) if match else ""
    return Address(0, len(typed), typed) if _href("web", typed) else None


def _own(run: str) -> str:
    """What of a run of signs is the address: up to a bracket that it did not open, and without what stands behind it."""
    opened = dict.fromkeys(_BRACKETS.values(), 0)
    for place, sign in enumerate(run):
        if sign in opened:
            opened[sign] += 1
        elif sign in _BRACKETS:
            opened[_BRACKETS[sign]] -= 1
            if opened[_BRACKETS[sign]] < 0:
                return run[:place].rstrip(_AROUND)
    return run.rstrip(_AROUND)


def _href(kind: str, typed: str) -> str:
    """Where it leads; empty where it names no host."""
    if kind == "mail":
        return f"mailto:{typed}"
    href = typed if kind == "web" else f"https://{typed}"
    try:
        return href if urlsplit(href).hostname else ""
    except ValueError:
        return ""
