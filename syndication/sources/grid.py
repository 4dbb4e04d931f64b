"""A table before it is understood: lines of cells; and how they are found in a text that a spreadsheet saved."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.sources.columns import field_of
from syndication.sources.typed import MOST_COLUMNS

#: So many lines from the top a heading is looked for.
DEEPEST_HEADING = 30
#: Many times what is taken of one file: who sends more lines does not wait for all of them to be read.
_MOST_LINES = 100_000
_SEPARATORS = ";,\t|"
#: What Excel reads as the separator, and shows nobody.
_SEPARATOR_LINE = re.compile(r"""["']?sep=(\\t|[^\r\n])["']?[;,\t]*[ \t]*(?:\r\n|\r|\n|$)""", re.IGNORECASE)
#: Only these end a line (RFC 4180 section 2); in a cell there may be others, such as U+2028.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True)
class Line:
    """A line of a table: its number in the file, from 1, and its cells; or why it cannot be split into cells."""

    number: int
    cells: tuple[str, ...]
    fault: str = ""

    @property
    def filled(self) -> list[str]:
        """The cells that hold something."""
        return [value.strip() for value in self.cells if value.strip()]


def lines_of(data: bytes, remarks: list[str]) -> list[Line]:
    """The lines of a CSV file (RFC 4180) that are not blank, in whatever encoding and with whatever separator.

    Raises Invalid where there are too many.
    """
    text = _decoded(data, remarks)
    lines, first = _LINE.findall(text), 1
    separator_line = _SEPARATOR_LINE.match(text)
    if separator_line:
        said = separator_line[1]
        separator, first = ("\t" if said == "\\t" else said), 2
    else:
        separator = _separator(lines[:DEEPEST_HEADING])
    found = list(islice(_records(lines, separator, first), _MOST_LINES + 1))
    if len(found) > _MOST_LINES:
        raise Invalid.field("file", Reason("has more than {} lines; please split it", _MOST_LINES))
    return found


def _decoded(data: bytes, remarks: list[str]) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        remarks.append(Reason("the file is not UTF-8: read as Windows-1252"))
        text = data.decode("cp1252", errors="replace")
    return unicodedata.normalize("NFC", text)


def _separator(lines: list[str]) -> str:
    """The one that makes most known columns of a line."""

    def known(separator: str) -> int:
        return max(
            (
                sum(field_of(name) is not None for name in line.strip().split(separator, MOST_COLUMNS))
                for line in lines
            ),
            default=0,
        )

    return max(_SEPARATORS, key=known)


def _records(lines: list[str], separator: str, first: int) -> Iterator[Line]:
    """Each record that is not blank; one with a fault where quotes do not match.

    After such a line reading goes on with the next one, so that one forgotten quote does not swallow the rest.
    """
    position = first - 1
    while position < len(lines):
        reader = csv.reader((lines[i] for i in range(position, len(lines))), delimiter=separator, strict=True)
        begin, done = position, 0
        try:
            for cells in reader:
                if any(value.strip() for value in cells):
                    yield Line(begin + done + 1, tuple(cells[:MOST_COLUMNS]))
                done = reader.line_num
            return
        except csv.Error as error:
            fault = Reason('cannot be split into cells, look for a lone quotation mark ("): {}', str(error))
            yield Line(begin + done + 1, (), fault)
            position = begin + done + 1
