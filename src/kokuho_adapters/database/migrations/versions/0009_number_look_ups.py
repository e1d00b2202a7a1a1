"""番号の照会の記録 (look-ups of numbers, with what matched)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "office_look_up",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("looked_up_at", sa.DateTime(), nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("agreed_by", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("matched", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("notice", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number", "notice"],
            ["office_notice.insurer_number", "office_notice.number"],
            name=op.f("fk_office_look_up_insurer_number_notice_office_notice"),
        ),
        sa.PrimaryKeyConstraint("insurer_number", "number", name=op.f("pk_office_look_up")),
    )


def downgrade() -> None:
    op.drop_table("office_look_up")
