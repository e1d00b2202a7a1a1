"""提供した人と目的 (S-33)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for name in ("provided_by", "purpose"):
        op.add_column("delivery", sa.Column(name, TEXT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        for name in ("purpose", "provided_by"):
            batch_op.drop_column(name)
