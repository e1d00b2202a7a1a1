"""送った行 (lines sent), many together: a line has a row of its own only when something came back about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TOGETHER = 1000
LINES = sa.table(
    "office_sent_lines", sa.column("insurer_number"), sa.column("name"), sa.column("first_line"), sa.column("lines")
)
LINE = sa.table(
    "office_sent_line", sa.column("insurer_number"), sa.column("name"), sa.column("line"), sa.column("subject"),
    sa.column("history_number"), sa.column("update_kind"), sa.column("result"), sa.column("error_code"),
    sa.column("error_field"),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "office_sent_lines",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.Column("lines", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "name", "first_line", name=op.f("pk_office_sent_lines")),
    )
    connection = op.get_bind()
    for insurer_number, name in _files(LINE):
        mine = sa.and_(LINE.c.insurer_number == insurer_number, LINE.c.name == name)
        query = sa.select(LINE.c.line, LINE.c.subject, LINE.c.history_number, LINE.c.update_kind)
        rows = connection.execute(query.where(mine).order_by(LINE.c.line)).all()
        for start in range(0, len(rows), TOGETHER):
            some = rows[start : start + TOGETHER]
            lines = json.dumps([tuple(row)[1:] for row in some], ensure_ascii=False, separators=(",", ":"))
            values = {"insurer_number": insurer_number, "name": name, "first_line": some[0].line, "lines": lines}
            connection.execute(sa.insert(LINES).values(values))
    connection.execute(sa.delete(LINE).where(LINE.c.result.is_(None)))


def downgrade() -> None:
    connection = op.get_bind()
    for insurer_number, name in _files(LINES):
        mine = sa.and_(LINES.c.insurer_number == insurer_number, LINES.c.name == name)
        told = sa.select(LINE.c.line).where(LINE.c.insurer_number == insurer_number, LINE.c.name == name)
        there = set(connection.execute(told).scalars())
        for first, lines in connection.execute(sa.select(LINES.c.first_line, LINES.c.lines).where(mine)).all():
            values = [
                {
                    "insurer_number": insurer_number, "name": name, "line": line, "subject": subject,
                    "history_number": history_number, "update_kind": kind,
                }
                for line, (subject, history_number, kind) in enumerate(json.loads(lines), first)
                if line not in there
            ]  # fmt: skip
            if values:
                connection.execute(sa.insert(LINE), values)
    op.drop_table("office_sent_lines")


def _files(table: Any) -> Iterator[tuple[str, str]]:
    query = sa.select(table.c.insurer_number, table.c.name).distinct()
    for row in op.get_bind().execute(query).all():
        yield row[0], row[1]
