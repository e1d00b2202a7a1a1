"""第二の認証 (S-31)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "operator_factor",
        sa.Column("operator", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_by", TEXT, nullable=False),
        sa.Column("enrolled_at", sa.DateTime(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("operator", name=op.f("pk_operator_factor")),
    )
    op.create_table(
        "operator_login",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("operator", TEXT, nullable=False),
        sa.Column("terminal", TEXT, nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_operator_login")),
    )
    op.create_index(op.f("ix_operator_login_operator"), "operator_login", ["operator"])


def downgrade() -> None:
    op.drop_table("operator_login")
    op.drop_table("operator_factor")
