"""Links by which outlets are connected may be made by people at their desk."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NAME = "ck_connect_links_made_by"


def _say(*makers: str) -> None:
    with op.batch_alter_table("connect_links") as links:
        links.drop_constraint(op.f(_NAME), type_="check")
        links.create_check_constraint(op.f(_NAME), f"made_by IN ({', '.join(map(repr, makers))})")


def upgrade() -> None:
    _say("key", "command", "letter", "person")


def downgrade() -> None:
    op.execute("UPDATE connect_links SET made_by = 'command' WHERE made_by = 'person'")
    _say("key", "command", "letter")
