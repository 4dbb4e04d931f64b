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
    from rich.text import Text

#: The option of every command that shows something.
Json = Annotated[bool, typer.Option("--json", help="Print JSON, with times in UTC.")]
#: Columns of a table that goes to a file or a pipe, where nothing says how wide it may be.
_WIDTH = 200
_NOTHING = "–"
#: Columns that keep their width, however narrow the window is.
_WHOLE = ("id", "slug", "delivery", "message")


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
    """Rows under headings, moments in `zone`; the sentence `none` where there are no rows."""
    from rich.table import Table

    drawn = Table(
        title=legible(title) if title else None,
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
        show_edge=False,
    )
    for heading in headings:
        # An id that is broken over two lines can be copied by nobody.
        drawn.add_column(heading, overflow="fold", no_wrap=heading in _WHOLE)
    for row in rows:
        drawn.add_row(*(_cell(value, zone) for value in row))
    if drawn.row_count:
        console().print(drawn)
    else:
        say(none)


def sheet(fields: Mapping[str, Any], *, zone: ZoneInfo) -> None:
    """One thing, a line for each of its fields."""
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, show_header=False, show_edge=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in fields.items():
        drawn.add_row(name, _cell(value, zone))
    console().print(drawn)


def age(seconds: float) -> str:
    """A span of time as people say it: `45 s`, `12 min`, `3 h`, `9 d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _cell(value: Any, zone: ZoneInfo) -> "Text":
    # Text, never markup: titles and reasons are other people's words, and may hold what rich takes for a command.
    from rich.text import Text

    if isinstance(value, datetime):
        return Text(f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if value is None or value == "":
        return Text(_NOTHING)
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
