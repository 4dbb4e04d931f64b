"""Finds the line, or the two lines, that name a table's columns, below whatever stands above them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from syndication.content.base import slugify
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.sources.columns import Column, columns, field_of, is_known
from syndication.sources.grid import DEEPEST_HEADING, Line

_YEAR = re.compile(r"(?<![\d.])(20\d\d)(?!\d)")
#: When a table was made says nothing of what stands in it.
_AS_OF = re.compile(r"\b(?:stand|as of|printed|gedruckt|erstellt)\b.*", re.IGNORECASE)


@dataclass(frozen=True)
class Heading:
    """The columns; the lines above them; and the first of `lines` that is below."""

    columns: tuple[Column, ...]
    above: tuple[Line, ...]
    below: int

    @property
    def year(self) -> int | None:
        """The one year that stands above the columns, such as in `Veranstaltungen 2027`."""
        return year_in(" ".join(_AS_OF.sub("", text) for line in self.above for text in line.filled))


def year_in(text: str) -> int | None:
    """The one year that a text names; None where it names none, or several."""
    years = set(_YEAR.findall(text))
    return int(years.pop()) if len(years) == 1 else None


def find(lines: Sequence[Line]) -> Heading | None:
    """The heading: the first line with a column for the title and another one, else the first line if it has the title."""
    for position, line in enumerate(lines[:DEEPEST_HEADING]):
        following = lines[position + 1] if position + 1 < len(lines) else None
        joined = _joined(line, following)
        if joined and _is_heading(joined):
            return Heading(columns(joined), tuple(lines[:position]), position + 2)
        if _is_heading(line.cells):
            return Heading(columns(line.cells), tuple(lines[:position]), position + 1)
    if lines and "title" in map(field_of, lines[0].cells):
        return Heading(columns(lines[0].cells), (), 1)
    return None


def missing() -> Invalid:
    """What to say where nothing names the columns."""
    return Invalid.field(
        "file", Reason("has no column for the title; a line must name the columns, such as Titel;Beginn;Ort.")
    )


def required(lines: Sequence[Line]) -> Heading:
    """The same. Raises Invalid where there is none."""
    found = find(lines)
    if found is None:
        raise missing()
    return found


def repeats(line: Line, heading: Heading) -> bool:
    """Whether a line below is the heading once more, as at the top of a printed page."""
    names = [one.name for one in heading.columns if one.name]
    return line.filled == names


def _is_heading(cells: Sequence[str]) -> bool:
    fields = [field_of(name) for name in cells]
    return "title" in fields and len({field for field in fields if field}) > 1


def _joined(upper: Line, lower: Line | None) -> list[str] | None:
    """The names of a heading over two lines, such as `Datum` over `von` and `bis`; None where `lower` names no columns."""
    if lower is None or not lower.filled or lower.fault or len(upper.filled) < 2:
        return None
    wide = max(len(upper.cells), len(lower.cells))
    above = [*upper.cells, *[""] * (wide - len(upper.cells))]
    below = [*lower.cells, *[""] * (wide - len(lower.cells))]
    names, spanned = [], ""
    for over, under in zip(above, below, strict=True):
        if over.strip() or not under.strip():
            spanned = over.strip()
        name = _name(spanned, under.strip())
        if name is None:
            return None
        names.append(name)
    return names


def _name(over: str, under: str) -> str | None:
    """Of `Datum` over `von`: `Datum von` or `von`, whichever is known; None where neither is."""
    if not under:
        return over
    if slugify(under) and is_known(f"{over} {under}"):
        return f"{over} {under}"
    return under if field_of(under) else None
