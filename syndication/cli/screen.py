"""Shows the results of commands: as a table for people, as JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from syndication.content.characters import escaped, legible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

#: The option of every command that shows something.
Json = Annotated[bool, typer.Option("--json", help="Print JSON, with times in UTC.")]
#: Columns of a table that goes to a file or a pipe, where nothing says how wide it may be.
_WIDTH = 200
_NOTHING = "–"
#: Columns that keep their width, however narrow the window is.
_WHOLE = ("id", "slug", "delivery", "message")
#: The least width in which other words can be read. Where a column would get less, each row is a sheet of its own.
_READABLE = 16
_GAP = 2


def console(*, err: bool = False) -> "Console":
    """A console that writes to today's stdout or stderr; colours and the window's width only where there is one."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _WIDTH, highlight=False, markup=False)


def say(line: str) -> None:
    """One line for a person, on stdout; nothing in it is a command to the terminal."""
    typer.echo(legible(line.replace("\r\n", "\n")))


def as_json(found: Any) -> None:
    """`found` as JSON on stdout: lists, mappings, dataclasses and models of plain values."""
    typer.echo(escaped(json.dumps(found, default=_plain, ensure_ascii=False, indent=2)))


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    zone: ZoneInfo,
    title: str | None = None,
    none: str = "None.",
) -> None:
    """Rows under headings, moments in `zone`; the sentence `none` where there are no rows.

    A terminal shows the ends of ids (decision 0036), and each row as a sheet where it is too narrow for columns. A file or a
    pipe gets whole ids, for whatever reads it next.
    """
    lines = [list(row) for row in rows]
    if not lines:
        say(none)
        return
    cells = [[_cell(value, zone, short=sys.stdout.isatty()) for value in line] for line in lines]
    # An id or a moment that is broken over two lines can be copied by nobody.
    whole = [
        heading in _WHOLE or any(isinstance(line[place], datetime | UUID) for line in lines)
        for place, heading in enumerate(headings)
    ]
    out = console()
    if title:
        out.print(legible(title))
    if _least(headings, cells, whole) > out.width:
        for number, row in enumerate(cells):
            if number:
                out.print()
            _print_sheet(
                out,
                [(head, cell) for head, cell in zip(headings, row, strict=True) if cell.plain != _NOTHING],
            )
        return
    out.print(_drawn(headings, cells, whole))  # fmt: skip


def _drawn(headings: Sequence[str], cells: "list[list[Text]]", whole: Sequence[bool]) -> "Table":
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for heading, unbroken in zip(headings, whole, strict=True):
        drawn.add_column(heading, overflow="fold", no_wrap=unbroken)
    for row in cells:
        drawn.add_row(*row)
    return drawn


def _least(headings: Sequence[str], cells: "list[list[Text]]", whole: Sequence[bool]) -> int:
    """The least width in which the table can be read, in characters of the terminal."""
    wide = [
        max(len(heading), *(row[place].cell_len for row in cells)) for place, heading in enumerate(headings)
    ]
    return sum(
        width if unbroken else min(width, _READABLE) for width, unbroken in zip(wide, whole, strict=True)
    ) + _GAP * (len(headings) - 1)


def sheet(fields: Mapping[str, Any], *, zone: ZoneInfo) -> None:
    """One thing, a line for each of its fields."""
    _print_sheet(console(), [(name, _cell(value, zone)) for name, value in fields.items()])


def _print_sheet(out: "Console", fields: "Iterable[tuple[str, Text]]") -> None:
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, show_header=False, show_edge=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, cell in fields:
        drawn.add_row(name, cell)
    out.print(drawn)


def age(seconds: float) -> str:
    """A span of time as people say it: `45 s`, `12 min`, `3 h`, `9 d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _cell(value: Any, zone: ZoneInfo, *, short: bool = False) -> "Text":
    # Text, never markup: titles and reasons are other people's words, and may hold what rich takes for a command.
    from rich.text import Text

    if isinstance(value, datetime):
        return Text(f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if value is None or value == "":
        return Text(_NOTHING)
    if short and isinstance(value, UUID):
        from syndication.insight.short_ids import short as shortened

        return Text(shortened(value))
    return Text("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in str(value)))


def _plain(value: Any) -> Any:
    from pydantic import BaseModel

    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
