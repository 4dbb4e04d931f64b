"""What comes every week may be closed several times, or until somebody says otherwise, and may go on in another way."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_WEEKLY = sa.table(
    "weekly",
    sa.column("id", sa.Uuid()),
    sa.column("closed_from", sa.Date()),
    sa.column("closed_until", sa.Date()),
    sa.column("closed", sa.JSON()),
)


def upgrade() -> None:
    op.add_column("weekly", sa.Column("closed", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("weekly", sa.Column("followed_by", sa.Uuid(), nullable=True))
    bind, row = op.get_bind(), _WEEKLY.c
    closed = sa.select(row.id, row.closed_from, row.closed_until).where(row.closed_until.is_not(None))
    for weekly_id, first, last in bind.execute(closed).all():
        spans = [[first.isoformat(), last.isoformat()]]
        bind.execute(_WEEKLY.update().where(row.id == weekly_id).values(closed=spans))
    op.drop_column("weekly", "closed_from")
    op.drop_column("weekly", "closed_until")


def downgrade() -> None:
    op.add_column("weekly", sa.Column("closed_from", sa.Date(), nullable=True))
    op.add_column("weekly", sa.Column("closed_until", sa.Date(), nullable=True))
    bind, row = op.get_bind(), _WEEKLY.c
    for weekly_id, spans in bind.execute(sa.select(row.id, row.closed)).all():
        if spans:
            # The version before knows one time, which ends.
            first, last = (date.fromisoformat(one) if one else date(9999, 12, 31) for one in spans[0])
            there = _WEEKLY.update().where(row.id == weekly_id)
            bind.execute(there.values(closed_from=first, closed_until=last))
    op.drop_column("weekly", "followed_by")
    op.drop_column("weekly", "closed")
