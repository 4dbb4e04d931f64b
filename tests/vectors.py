"""The vectors of fixtures/script_vectors.txt, each with a call that tells which one worked."""

from pathlib import Path
from urllib.parse import quote

from syndication.content.characters import control_characters

_FILE = Path(__file__).parent / "fixtures" / "script_vectors.txt"


def _read() -> tuple[list[str], list[str]]:
    """Those that are made of elements, and those that are made of Markdown."""
    parts: dict[str, list[str]] = {}
    for line in _FILE.read_text(encoding="ascii").splitlines():
        if line in ("# elements", "# markdown"):
            parts[line.removeprefix("# ")] = []
        elif parts:
            list(parts.values())[-1].append(line.encode().decode("unicode_escape"))
    return parts["elements"], parts["markdown"]


def _taken(text: str, allowed: str = "") -> str:
    """Without the characters that are refused at the door."""
    return "".join(" " if control_characters(c, allowed=allowed) else c for c in text)


_elements, _markdown = _read()
#: Words for a title, a name, a place: one line each.
LINES = [_taken(form.replace("CALL", f"hit({number})")) for number, form in enumerate(_elements)]
#: Words for what is written in Markdown.
TEXTS = [
    _taken(form.replace("CALL", f"hit({1000 + number})"), "\n\t")
    for number, form in enumerate([*_markdown, *_elements])
]
#: Ends of a web address that is otherwise in order.
ENDS = [f"?x={quote(line, safe='<>()=')}" for line in LINES]
