"""The command line as a module, for processes that start each other: `python -m syndication.cli`."""

from syndication.cli import app

app()
