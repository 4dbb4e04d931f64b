"""Which characters of foreign text may appear in lines, tables and mails, and which belong together."""

import unicodedata
from collections.abc import Iterator

import regex

#: UAX #29. Flags are two letters each; left to \X, a run of them would be counted anew from its begin for every letter.
_GRAPHEME = regex.compile(r"[\U0001F1E6-\U0001F1FF]{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*|\X")


def graphemes(text: str) -> Iterator[str]:
    """User-perceived characters: a family emoji is one (UAX #29 extended grapheme clusters)."""
    return (found[0] for found in _GRAPHEME.finditer(text))


def control_characters(text: str, *, allowed: str = "") -> set[str]:
    """The characters of `text` that must stand in no header, title or line: Cc, Cs, U+2028 and U+2029."""
    return {
        c for c in set(text) - set(allowed) if unicodedata.category(c) in ("Cc", "Cs") or c in "\u2028\u2029"
    }


def legible(text: str) -> str:
    """`text`, with U+FFFD for each control character but tabs and line feeds: what can be stored, shown and mailed."""
    bad = control_characters(text, allowed="\n\t")
    return "".join("\ufffd" if c in bad else c for c in text) if bad else text


def escaped(document: str) -> str:
    """JSON whose control characters are all written as numbers, those too that JSON lets stand: a terminal obeys some."""
    bad = control_characters(document, allowed="\n")
    return "".join(f"\\u{ord(c):04x}" if c in bad else c for c in document) if bad else document
