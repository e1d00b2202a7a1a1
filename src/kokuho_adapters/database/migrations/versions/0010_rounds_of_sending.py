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
ROUNDS = sa.table("office_round", sa.column("insurer_number"), sa.column("file_id"), sa.column("number"))


def rows_of(name: str) -> sa.TableClause:
    texts = (sa.column(each, sa.Text()) for each in ("insurer_number", "kind", "file_id"))
    marks = (sa.column(each, sa.Boolean()) for each in ("is_waiting", "is_sent", "is_cancelled"))
    return sa.table(name, *texts, *marks, sa.column("waits_in", sa.Integer()))


def next_round(rows: sa.TableClause, file_id: sa.ColumnElement[str]) -> sa.ScalarSelect[int]:
    of_file = (ROUNDS.c.insurer_number == rows.c.insurer_number, ROUNDS.c.file_id == file_id)
    return sa.select(sa.func.coalesce(sa.func.max(ROUNDS.c.number), 1)).where(*of_file).correlate(rows).scalar_subquery()


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
        rows = rows_of(name)
        op.execute(rows.update().where(rows.c.is_waiting).values(waits_in=1))
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
    row, other = (rows_of(name) for name in TABLES)
    of_row = sa.case((row.c.kind == "P", "SKKOJIN"), else_="SKSETAI")
    for rows, file_id, afterwards in (
        (row, of_row, row.c.is_sent | ~row.c.is_cancelled),
        (other, other.c.file_id, ~other.c.is_cancelled),
    ):
        name = rows.name
        op.add_column(name, sa.Column("is_waiting", sa.Boolean(), nullable=True))
        number = next_round(rows, file_id)
        op.execute(
            rows.update().values(
                is_waiting=sa.func.coalesce(rows.c.waits_in == number, sa.false()),
                is_sent=sa.case((rows.c.waits_in < number, afterwards), else_=rows.c.is_sent),
            )
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
