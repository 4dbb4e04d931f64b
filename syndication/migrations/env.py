"""Alembic's entry: runs migrations on the database it is handed."""

import sqlite3

from alembic import context

from syndication.infra import db
from syndication.models import Base

engine = db.open_engine(context.config.attributes["url"])
with engine.connect() as connection:
    if isinstance(driver := connection.connection.driver_connection, sqlite3.Connection):
        # SQLite changes a table by making it anew; dropping the old one would delete what points at it. It hears this
        # only outside a transaction, so a migration that makes tables anew checks at its end that nothing points nowhere.
        driver.execute("PRAGMA foreign_keys=OFF")
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
