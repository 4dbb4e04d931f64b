"""What readers see of a business: hours, phone, imprint, links, licences, a logo; what came of a post; readers of feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

_TEXTS = {
    "opening_hours": 1000,
    "phone": 60,
    "contact": 254,
    "imprint": 4000,
    "license_texts": 40,
    "license_pictures": 40,
    "logo": 16,
}


def upgrade() -> None:
    for name, length in _TEXTS.items():
        op.add_column("merchants", sa.Column(name, sa.String(length=length), nullable=True))
    op.add_column("merchants", sa.Column("links", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "logos",
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
            name=op.f("fk_logos_merchant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_logos")),
    )


def downgrade() -> None:
    op.drop_table("logos")
    for name in (*_TEXTS, "links"):
        op.drop_column("merchants", name)
