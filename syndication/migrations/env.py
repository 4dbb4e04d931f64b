"""Alembic's entry: runs migrations on the database it is handed."""

from alembic import context

from syndication import db
from syndication.models import Base

engine = db.open_engine(context.config.attributes["url"])
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
