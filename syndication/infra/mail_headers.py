"""Writes mail headers (RFC 5322, RFC 2047) so that nothing in a text can turn into a header."""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import idna

from syndication.content.characters import control_characters, graphemes
from syndication.content.reason import Reason

#: Longest encoded word, and longest line that holds one (RFC 2047 section 2); longest line at all (RFC 5322 section 2.1.1).
_WORD, _ENCODED_LINE, _LINE = 75, 76, 998
_OPENING, _CLOSING = "=?utf-8?{}?", "?="
#: What Q leaves as it is everywhere an encoded word may stand (RFC 2047 section 5 (3)).
_Q_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
#: A name before an address that needs no quotes.
_BARE = re.compile(r"[A-Za-z0-9-]+(?: [A-Za-z0-9-]+)*")
#: RFC 5322 section 3.2.3, and signs beyond ASCII by RFC 6532.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_LONGEST_ADDRESS = 254


class Unfit(ValueError):
    """Something that cannot stand in a mail's head, or a mail that is not what was meant; `str(error)` is a sentence."""


@dataclass(frozen=True)
class Line:
    """One header field: as it goes over the wire, folded and with CRLF, and what whoever reads it must get.

    For a mailbox `means` is the name before the address, and `address` the address. `decoded`: a reader decodes it.
    """

    name: str
    written: str
    means: str
    address: str = ""
    decoded: bool = True


def text(name: str, value: str) -> Line:
    """A field of free text, such as Subject: `value` to the letter, blanks too. Raises Unfit for control characters."""
    _check(name, value)
    if _plain(value) and len(name) + 2 + len(value) <= _ENCODED_LINE:
        return Line(name, f"{name}: {value}\r\n", value)
    return Line(name, f"{name}: {_folded(value, len(name) + 2)}\r\n", value)


def mailbox(name: str, shown: str, at: str) -> Line:
    """A field with one mailbox, such as From: the name `shown`, and the address `at`. Raises Unfit."""
    spec = address(at)
    _check(name, shown)
    if not shown:
        return Line(name, f"{name}: <{spec}>\r\n", "", spec)
    if _BARE.fullmatch(shown):
        said = shown
    elif _plain(shown) and not set(shown) & set('"\\'):
        said = f'"{shown}"'
    else:
        said = ""
    if not said or len(name) + 2 + len(said) > _ENCODED_LINE:
        said = _folded(shown, len(name) + 2)
    last = len(said.rpartition("\r\n")[2]) + (0 if "\r\n" in said else len(name) + 2)
    fold = " " if last + len(spec.encode()) + 3 <= _ENCODED_LINE else "\r\n "
    return Line(name, f"{name}: {said}{fold}<{spec}>\r\n", shown, spec)


def exact(name: str, value: str) -> Line:
    """A field whose words are ours, such as List-Id: printable ASCII, folded at blanks where it is long. Raises Unfit.

    A word that is longer than a line stays whole (RFC 5322 section 2.1.1 wishes for short lines, and asks for 998).
    """
    _check(name, value)
    if not value or not _plain(value) or max(map(len, value.split(" "))) > _LINE - len(name) - 2:
        raise Unfit(f"This cannot stand in the header {name} of a mail: {value[:60]!r}.")
    first, *others = value.split(" ")
    lines = [f"{name}: {first}"]
    for one in others:
        if len(lines[-1]) + 1 + len(one) <= _ENCODED_LINE:
            lines[-1] += f" {one}"
        else:
            lines.append(f" {one}")
    return Line(name, "\r\n".join(lines) + "\r\n", value, decoded=False)


def word(value: str) -> str:
    """`value`, where it can stand between angle brackets: printable ASCII without blanks. Raises Unfit."""
    if (
        not value
        or not value.isascii()
        or not value.isprintable()
        or set(value) & set(' <>"')
        or "=?" in value
    ):
        raise Unfit(f"This cannot stand in the head of a mail: {value[:60]!r}.")
    return value


@lru_cache(maxsize=4000)  # asked several times for each mail of an edition
def address(value: str) -> str:
    """A mail address (RFC 5321 section 4.1.2) as it stands in header and command, its domain in ASCII. Raises Unfit.

    A local part in quotes is none of ours, nor is one that a reader could take for an encoded word.
    """
    local, _, domain = value.rpartition("@")
    unseen = any(unicodedata.category(c)[0] in "CZ" for c in local)
    if len(value) > _LONGEST_ADDRESS or unseen or "=?" in local or not _LOCAL.fullmatch(local):
        raise Unfit(Reason("This is not a mail address."))
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except UnicodeError as error:
            raise Unfit(Reason("This mail address names no domain.")) from error
    if not _DOMAIN.fullmatch(domain):
        raise Unfit(Reason("This is not a mail address."))
    return f"{local}@{domain}"


def written(lines: Iterable[Line]) -> str:
    """The lines as they go over the wire."""
    return "".join(line.written for line in lines)


# How it is done


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise Unfit(f"This is no name of a header: {name[:60]!r}.")
    if bad := control_characters(value):
        found = ", ".join(f"U+{ord(c):04X}" for c in sorted(bad))
        raise Unfit(
            f"The header {name} of a mail must be one line without control characters (found {found})."
        )


def _plain(value: str) -> bool:
    """Whether a text can stand as it is: nobody would decode, fold or trim any of it."""
    return value.isascii() and "=?" not in value and "  " not in value and value == value.strip()


def _folded(value: str, indent: int) -> str:
    """Encoded words, one on each line; the first begins behind `indent` characters. An empty text stays empty."""
    octets = value.encode()
    kind = _Q if len(_q(octets)) <= len(_b(octets)) else _B
    words = list(_words(value, kind, _ENCODED_LINE - indent))
    return "\r\n ".join(words)


def _words(value: str, kind: "_Kind", first: int) -> Iterator[str]:
    room = min(_WORD, first)
    gathered = b""
    for octets in _pieces(value, kind, room):
        if gathered and kind.length(gathered + octets) > room:
            yield kind.word(gathered)
            gathered, room = b"", _WORD
        gathered += octets
    if gathered:
        yield kind.word(gathered)


def _pieces(value: str, kind: "_Kind", room: int) -> Iterator[bytes]:
    """What is better not torn apart: graphemes, or where one is longer than a word its characters."""
    for grapheme in graphemes(value):
        octets = grapheme.encode()
        if kind.length(octets) <= room:
            yield octets
        else:
            yield from (character.encode() for character in grapheme)


def _b(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")


def _q(octets: bytes) -> str:
    return "".join(chr(one) if one in _Q_PLAIN else "_" if one == 0x20 else f"={one:02X}" for one in octets)


@dataclass(frozen=True)
class _Kind:
    """One of the two encodings of RFC 2047 section 4."""

    opening: str
    encode: Callable[[bytes], str]

    def word(self, octets: bytes) -> str:
        return f"{self.opening}{self.encode(octets)}{_CLOSING}"

    def length(self, octets: bytes) -> int:
        return len(self.word(octets))


_Q = _Kind(_OPENING.format("q"), _q)
_B = _Kind(_OPENING.format("b"), _b)
