"""Tables that we hand out as CSV (RFC 4180): a spreadsheet opens them at a click and takes no cell for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

#: Or Excel takes it for another encoding.
MARK = "\ufeff"
#: A cell that begins so is taken for a formula by a spreadsheet (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def written(rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    """Rows of texts, each cell quoted, as they were but for what would be a formula: that has an apostrophe in front."""
    made = io.StringIO()
    lines = csv.writer(made, delimiter=separator, quoting=csv.QUOTE_ALL)
    lines.writerows([_plain(cell) for cell in row] for row in rows)
    return made.getvalue()


def separator(language: str) -> str:
    """What Excel looks for between two cells where it speaks that language."""
    return ";" if language == "de" else ","


def _plain(text: str) -> str:
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text
