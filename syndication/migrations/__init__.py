"""Schema migrations: bring a database to the present tables, and say whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from syndication.infra import db


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest schema; a SQLite file and its folder are made."""
    database = make_url(url).database
    if url.startswith("sqlite") and database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(_config(url), "head")


def at_head() -> bool:
    """Whether this process's database has the newest schema."""
    newest = ScriptDirectory.from_config(_config("")).get_current_head()
    with db.engine().execution_options(reading=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest
