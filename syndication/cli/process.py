"""What every command sets up: settings, database, wake-ups, and errors shown in one line."""

from typing import Any

import typer
from sqlalchemy.exc import DBAPIError
from typer.core import TyperGroup

from syndication.config import Settings, settings
from syndication.content.characters import legible
from syndication.errors import Invalid, SyndicationError
from syndication.infra import db, logs, private_files, wakeups
from syndication.ops.celery_wakeups import sender

_TABLES = "If its tables are missing or old, run `syndication migrate`."


class Group(TyperGroup):
    """The top of all commands: what is wrong with a request is said in a line each, not as a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """The command's result; exit code 1 after an error that is worded for a person."""
        private_files.process()
        try:
            return super().invoke(ctx)
        except Invalid as error:
            fail(*(str(fault) for fault in error.faults))
        except SyndicationError as error:
            fail(str(error))
        except DBAPIError as error:
            cause = (str(error.orig) or type(error.orig).__name__).strip().splitlines()[0]
            known = db.why(error) != "away"
            advice = "`syndication doctor` says more." if known else _TABLES
            fail(f"The database refuses: {cause}. {advice}")


def fail(*lines: str) -> None:
    """Say on stderr what is wrong, and end with exit code 1."""
    for line in lines:
        typer.echo(legible(f"syndication: {line}"), err=True)
    raise typer.Exit(1)


def start(*, wakes: bool = False) -> Settings:
    """The settings, after this process is connected to the database; with `wakes`, wake-ups reach the workers.

    Raises Invalid for wrong settings, Unavailable where the database does not answer.
    """
    cfg = settings()
    logs.configure("WARNING", "text")
    db.connect(cfg.resolved_database_url, pool_size=1)
    db.check()
    if wakes:
        wakeups.use(sender(cfg))
    return cfg
