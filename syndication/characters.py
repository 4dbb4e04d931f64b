"""Which characters of foreign text may stand in a line, a table or a mail of ours."""

import unicodedata


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
