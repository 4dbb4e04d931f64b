"""Which posts an edition tells of becomes a table; what was kept of editions and never read is dropped."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: Editions read at a time.
_CHUNK = 500
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_editions = sa.table(
    "editions",
    sa.column("id", sa.BigInteger()),
    sa.column("key", sa.String()),
    sa.column("slot_at", db.UTCDateTime(timezone=True)),
    sa.column("posts", sa.JSON()),
)
_changes = sa.table(
    "changes",
    sa.column("id", sa.BigInteger()),
    sa.column("post_id", sa.Uuid()),
    sa.column("revision", sa.Integer()),
    sa.column("action", sa.String()),
    sa.column("joined_at", db.UTCDateTime(timezone=True)),
)
_posts = sa.table("posts", sa.column("id", sa.Uuid()))


def upgrade() -> None:
    told = op.create_table(
        "edition_posts",
        sa.Column("edition_id", _COUNTER, nullable=False, autoincrement=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("change_id", _COUNTER, nullable=False),
        sa.Column("since", _COUNTER, nullable=True),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_edition_posts_edition_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_edition_posts_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition_id", "post_id", name=op.f("pk_edition_posts")),
    )
    connection = op.get_bind()
    for rows in _in_chunks(connection):
        connection.execute(told.insert(), rows)
    op.create_index(op.f("ix_edition_posts_post_id"), "edition_posts", ["post_id"])
    op.create_index("ix_deliveries_edition_id_reader_id", "deliveries", ["edition_id", "reader_id"])
    op.drop_index("ix_deliveries_edition_id", "deliveries")
    op.drop_column("editions", "posts")
    op.drop_column("editions", "over_at")


def downgrade() -> None:
    op.add_column("editions", sa.Column("posts", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("editions", sa.Column("over_at", db.UTCDateTime(timezone=True), nullable=True))
    op.create_index("ix_deliveries_edition_id", "deliveries", ["edition_id"])
    op.drop_index("ix_deliveries_edition_id_reader_id", "deliveries")
    op.drop_table("edition_posts")


def _in_chunks(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    last = 0
    while True:
        chunk = sa.select(_editions).where(_editions.c.id > last).order_by(_editions.c.id).limit(_CHUNK)
        editions = connection.execute(chunk).all()
        if not editions:
            return
        last = editions[-1].id
        if rows := _rows(connection, editions):
            yield rows


def _rows(connection: sa.Connection, editions: Sequence[Any]) -> list[dict[str, Any]]:
    named = {edition.id: _named(edition.posts) for edition in editions}
    ids = {post_id for told in named.values() for post_id in told}
    living = set(connection.scalars(sa.select(_posts.c.id).where(_posts.c.id.in_(ids))))
    changes: dict[tuple[UUID, int], list[Any]] = {}
    of_these = sa.select(_changes).where(_changes.c.post_id.in_(living)).order_by(_changes.c.id)
    for change in connection.execute(of_these):
        changes.setdefault((change.post_id, change.revision), []).append(change)
    return [
        {
            "edition_id": edition.id,
            "post_id": post_id,
            "revision": number,
            "change_id": _change(edition, changes.get((post_id, number), [])),
            "since": _since(edition.key),
        }
        for edition in editions
        for post_id, number in named[edition.id].items()
        if post_id in living
    ]


def _named(posts: Any) -> dict[UUID, int]:
    """The posts of an edition and their revisions, as it kept them: [[post id, revision], …]."""
    pairs = json.loads(posts) if isinstance(posts, str) else posts
    found = {}
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, list) and len(pair) == 2:
            found[UUID(str(pair[0]))] = int(pair[1])
    return found


def _change(edition: Any, changes: Sequence[Any]) -> int:
    """The change that an edition told of. A withdrawal has the revision that it takes back; what came later was not told."""
    own = str(edition.key).split(":")
    if own[0] == "change" and len(own) > 1 and own[1].isdigit():
        return int(own[1])
    past = [one for one in changes if one.joined_at is not None and one.joined_at <= edition.slot_at]
    known = past or [one for one in changes if one.action != "withdrawn"]
    return int(known[-1].id) if known else 0


def _since(key: str) -> int | None:
    """Of the key `change:<id>:<language>:correction:<change that it corrects>`."""
    before, _, since = str(key).rpartition(":correction:")
    return int(since) if before and since.isdigit() else None
