"""What every command sets up: settings, database, wake-ups, and errors shown in one line.

Commands import what they work with when they are called: whoever asks for help, or mistypes, waits for no library.
"""

import getpass
import os
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from syndication.audit import acting
from syndication.cli.needs import NEEDS
from syndication.content.characters import legible
from syndication.errors import Invalid, SyndicationError
from syndication.infra import private_files

if TYPE_CHECKING:
    from syndication.config import Settings

_TABLES = "If its tables are missing or old, run `syndication migrate`."


class Group(TyperGroup):
    """The top of all commands: what is wrong with a request is said in a line each, not as a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """The command's result; exit code 1 after an error that is worded for a person."""
        private_files.process()
        try:
            with acting.entering("command", f"command {_user()}", _user()):
                return super().invoke(ctx)
        except Invalid as error:
            fail(*(str(fault) for fault in error.faults))
        except SyndicationError as error:
            fail(str(error))
        except Exception as error:
            if (said := _of_the_database(error)) is None:
                raise
            fail(said)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands by what somebody comes for, each with its first sentence."""
        shown = {name: one for name in self.list_commands(ctx) if (one := self.get_command(ctx, name))}
        grouped = {heading: [name for name in names if name in shown] for heading, names in NEEDS.items()}
        for heading, names in grouped.items():
            with formatter.section(heading):
                formatter.write_dl([(name, shown[name].get_short_help_str(100)) for name in names])
        formatter.write_paragraph()
        formatter.write_text("`syndication COMMAND --help` has an example of each.")


def _user() -> str:
    """Who works at the command line, as the system calls them."""
    try:
        return getpass.getuser()[:50]
    except (OSError, KeyError):  # a user whom the system knows by a number alone, as in a container
        return str(os.getuid())


def _of_the_database(error: Exception) -> str | None:
    """What a database says, in a line; None for an error of another kind."""
    if not type(error).__module__.startswith("sqlalchemy."):
        return None
    from sqlalchemy.exc import DBAPIError

    from syndication.infra import db

    if not isinstance(error, DBAPIError):
        return None
    cause = (str(error.orig) or type(error.orig).__name__).strip().splitlines()[0]
    known = db.why(error) != "away"
    advice = "`syndication doctor` says more." if known else _TABLES
    return f"The database refuses: {cause}. {advice}"


def fail(*lines: str) -> None:
    """Say on stderr what is wrong, and end with exit code 1."""
    for line in lines:
        typer.echo(legible(f"syndication: {line}"), err=True)
    raise typer.Exit(1)


def start(*, wakes: bool = False) -> "Settings":
    """The settings, after this process is connected to the database; with `wakes`, wake-ups reach the workers.

    Raises Invalid for wrong settings, Unavailable where the database does not answer.
    """
    from syndication.config import settings
    from syndication.infra import db, logs, wakeups

    cfg = settings()
    logs.configure("WARNING", "text")
    db.connect(cfg.resolved_database_url, pool_size=1)
    db.check()
    if wakes:
        from syndication.ops.celery_wakeups import sender

        wakeups.use(sender(cfg))
    return cfg
