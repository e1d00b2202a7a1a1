"""送付回 (rounds of sending): a row waits in one, so that all that goes out together is marked at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TABLES = ("office_row", "office_other")
WAITING = "ix_office_row_waiting"
NEXT = "(SELECT coalesce(max(number), 1) FROM office_round n WHERE n.insurer_number = {table}.insurer_number AND n.file_id = {file_id})"
FILE_OF_ROW = "(CASE kind WHEN 'P' THEN 'SKKOJIN' ELSE 'SKSETAI' END)"


def upgrade() -> None:
    op.create_table(
        "office_round",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "file_id", name=op.f("pk_office_round")),
    )
    op.drop_index(WAITING, "office_row")
    for name in TABLES:
        op.add_column(name, sa.Column("waits_in", sa.Integer(), nullable=True))
        op.execute(f"UPDATE {name} SET waits_in = 1 WHERE is_waiting")  # noqa: S608 - names from above
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.drop_column("is_waiting")
    op.create_index(
        WAITING,
        "office_row",
        ["insurer_number", "kind", "waits_in", "subject", "history_number", "is_cancelled", "is_sent"],
        sqlite_where=sa.text("waits_in IS NOT NULL"),
        postgresql_where=sa.text("waits_in IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(WAITING, "office_row")
    for name, file_id, afterwards in (
        ("office_row", FILE_OF_ROW, "is_sent OR NOT is_cancelled"),
        ("office_other", "office_other.file_id", "NOT is_cancelled"),
    ):
        op.add_column(name, sa.Column("is_waiting", sa.Boolean(), nullable=True))
        number = NEXT.format(table=name, file_id=file_id)
        op.execute(
            f"UPDATE {name} SET is_waiting = coalesce(waits_in = {number}, false),"  # noqa: S608 - names from above
            f" is_sent = CASE WHEN waits_in < {number} THEN {afterwards} ELSE is_sent END"
        )
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.alter_column("is_waiting", nullable=False, existing_type=sa.Boolean())
            batch_op.drop_column("waits_in")
    op.create_index(
        WAITING,
        "office_row",
        ["insurer_number", "kind", "subject", "history_number"],
        sqlite_where=sa.text("is_waiting IS 1"),
        postgresql_where=sa.text("is_waiting IS true"),
    )
    op.drop_table("office_round")
