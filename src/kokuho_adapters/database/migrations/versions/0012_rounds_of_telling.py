"""返却の回 (rounds of telling): a returned row waits in one, so that all that is told together is marked at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DUE, WAITS = "ix_returned_row_due", "ix_returned_row_waits_in"
ROWS = sa.table(
    "returned_row", sa.column("insurer_number"), sa.column("file_id"), sa.column("told"),
    sa.column("is_due", sa.Boolean()), sa.column("waits_in", sa.Integer()),
)  # fmt: skip
ROUNDS = sa.table("return_round", sa.column("insurer_number"), sa.column("file_id"), sa.column("number"))
AS_IT_STANDS = "="


def upgrade() -> None:
    op.create_table(
        "return_round",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "file_id", name=op.f("pk_return_round")),
    )
    op.add_column("returned_row", sa.Column("waits_in", sa.Integer(), nullable=True))
    op.execute(ROWS.update().where(ROWS.c.is_due).values(waits_in=1))
    op.drop_index(DUE, "returned_row")
    with op.batch_alter_table("returned_row", schema=None) as batch_op:
        batch_op.drop_column("is_due")
    op.create_index(
        WAITS,
        "returned_row",
        ["insurer_number", "file_id", "waits_in", "subject", "item"],
        sqlite_where=sa.text("waits_in IS NOT NULL"),
        postgresql_where=sa.text("waits_in IS NOT NULL"),
    )


def downgrade() -> None:
    mine = (ROUNDS.c.insurer_number == ROWS.c.insurer_number, ROUNDS.c.file_id == ROWS.c.file_id)
    next_one = sa.select(sa.func.coalesce(sa.func.max(ROUNDS.c.number), 1)).where(*mine).correlate(ROWS).scalar_subquery()
    op.drop_index(WAITS, "returned_row")
    op.add_column("returned_row", sa.Column("is_due", sa.Boolean(), nullable=True))
    op.execute(
        ROWS.update().values(
            is_due=sa.func.coalesce(ROWS.c.waits_in == next_one, sa.false()),
            told=sa.case((ROWS.c.waits_in < next_one, AS_IT_STANDS), else_=ROWS.c.told),
        )
    )
    with op.batch_alter_table("returned_row", schema=None) as batch_op:
        batch_op.alter_column("is_due", nullable=False, existing_type=sa.Boolean())
        batch_op.drop_column("waits_in")
    op.create_index(
        DUE,
        "returned_row",
        ["insurer_number", "file_id", "subject", "item"],
        sqlite_where=sa.text("is_due IS 1"),
        postgresql_where=sa.text("is_due IS true"),
    )
    op.drop_table("return_round")
