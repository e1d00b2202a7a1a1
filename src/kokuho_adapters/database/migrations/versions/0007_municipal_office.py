"""自庁の表 (tables of the municipal office)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "office_row",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("history_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("household_number", TEXT, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("previous_number_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("insurer_number", "kind", "subject", "history_number", "version", name=op.f("pk_office_row")),
    )
    op.create_index(op.f("ix_office_row_insurer_number_kind_household_number"), "office_row", ["insurer_number", "kind", "household_number"])
    op.create_index(op.f("ix_office_row_insurer_number_notice"), "office_row", ["insurer_number", "notice"])
    op.create_index(op.f("ix_office_row_number_index"), "office_row", ["number_index"])
    op.create_index(
        "ix_office_row_waiting",
        "office_row",
        ["insurer_number", "kind", "subject", "history_number"],
        sqlite_where=sa.text("is_waiting IS 1"),
        postgresql_where=sa.text("is_waiting IS true"),
    )
    op.create_table(
        "office_person",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("death_notice", sa.Integer(), nullable=True),
        sa.Column("former_starts", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "addressee_number", name=op.f("pk_office_person")),
    )
    op.create_table(
        "office_notice",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("notified_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("grounds", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "number", name=op.f("pk_office_notice")),
    )
    op.create_table(
        "office_file",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("folder", TEXT, nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("is_refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "name", name=op.f("pk_office_file")),
    )
    op.create_table(
        "office_sent_line",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("history_number", sa.Integer(), nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("result", TEXT, nullable=True),
        sa.Column("error_code", TEXT, nullable=True),
        sa.Column("error_field", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("insurer_number", "name", "line", name=op.f("pk_office_sent_line")),
    )
    op.create_table(
        "office_other",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("identity", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "file_id", "identity", name=op.f("pk_office_other")),
    )
    op.create_index(op.f("ix_office_other_insurer_number_file_id_subject"), "office_other", ["insurer_number", "file_id", "subject"])
    op.create_table(
        "office_returned",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "file_id", "item", name=op.f("pk_office_returned")),
    )
    op.create_index(op.f("ix_office_returned_insurer_number_file_id_subject"), "office_returned", ["insurer_number", "file_id", "subject"])
    op.create_table(
        "office_handover",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "addressee_number", name=op.f("pk_office_handover")),
    )


def downgrade() -> None:
    op.drop_table("office_handover")
    op.drop_table("office_returned")
    op.drop_table("office_other")
    op.drop_table("office_sent_line")
    op.drop_table("office_file")
    op.drop_table("office_notice")
    op.drop_table("office_person")
    op.drop_table("office_row")
