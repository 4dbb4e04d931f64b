"""What the demo prints: a line for each arrival, and below them the table, which fills meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from syndication.config import Settings
from syndication.stack.demo_arrivals import Arrivals
from syndication.stack.demo_table import table

#: Columns, where nobody looks at a terminal: wide enough for whole addresses.
_WIDE = 140


class Screen:
    """Where nobody looks at a terminal, the table is printed once, at its end."""

    def __init__(self, cfg: Settings, folder: Path, came: Arrivals, expected: int) -> None:
        terminal = Console()
        self._console = terminal if terminal.is_terminal else Console(width=_WIDE)
        self._cfg, self._folder, self._came, self._expected = cfg, folder, came, expected
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """A line, never broken: addresses stay whole."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def look(self) -> None:
        """Say whatever came since the last look."""
        lines = list(self._came.news())
        for line in lines:
            self.say(line)
        if lines and self._live is not None:
            self._live.update(self._table(ended=False), refresh=True)

    @contextmanager
    def table(self) -> Iterator[None]:
        """The table stands below all lines, and stays as it is at the end of the block."""
        with Live(self._table(ended=False), console=self._console, auto_refresh=False) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None
                live.update(self._table(ended=True), refresh=True)

    def _table(self, *, ended: bool) -> Table:
        return table(self._came, self._expected, self._cfg, self._folder, ended=ended)
