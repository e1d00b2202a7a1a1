"""二人目の確認 (S-34)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_index(
        op.f("uq_decision_file_no_line_insurer_number"), "decision", ["file_no", "line", "insurer_number"], unique=True
    )
    op.create_table(
        "second_look",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("candidate_number", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settled_by", TEXT, nullable=True),
        sa.Column("agreed_by", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_no", "line", "insurer_number"],
            ["decision.file_no", "decision.line", "decision.insurer_number"],
            name=op.f("fk_second_look_decision_file_no_line_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_second_look")),
    )
    op.create_index(op.f("ix_second_look_candidate_number"), "second_look", ["candidate_number"])
    op.create_index(op.f("ix_second_look_insurer_number_state"), "second_look", ["insurer_number", "state"])
    op.create_table(
        "recalled_second_look",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("candidate_number", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settled_by", TEXT, nullable=True),
        sa.Column("agreed_by", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_recalled_second_look")),
    )
    op.create_index(op.f("ix_recalled_second_look_candidate_number"), "recalled_second_look", ["candidate_number"])


def downgrade() -> None:
    op.drop_table("recalled_second_look")
    op.drop_table("second_look")
    op.drop_index(op.f("uq_decision_file_no_line_insurer_number"), "decision")
