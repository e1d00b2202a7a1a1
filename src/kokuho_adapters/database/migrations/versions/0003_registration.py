"""委託区画・資格履歴・利用登録・資格重複状況結果 (registration); versions are never changed but to end, and never deleted (R-8)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_KEPT = (
    "insurer_number", "record_key", "addressee_number", "municipal_id", "period", "file_no", "line", "content", "card",
    "replaced", "notified_on", "recorded_at",
)  # fmt: skip
_CHANGED = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _KEPT)
_SQLITE = (
    "CREATE TRIGGER registration_version_stays_{name} BEFORE {verb} ON registration_version {when}"
    " BEGIN SELECT RAISE(ABORT, 'a version of the history only ends'); END"
)
_FUNCTION = (
    "CREATE FUNCTION kokuho_history_stays() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'a version of the history only ends' USING ERRCODE = '42501'; END $$"
)
_POSTGRESQL = (
    "CREATE TRIGGER registration_version_stays_{name} BEFORE {verb} ON registration_version"
    " FOR EACH {what} {when} EXECUTE FUNCTION kokuho_history_stays()"
)


def upgrade() -> None:
    op.create_table(
        "pending_registration",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "addressee_number", name=op.f("pk_pending_registration")),
    )
    op.create_table(
        "card_snapshot",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("snapshot_on", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_card_snapshot_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "snapshot_on", name=op.f("pk_card_snapshot")),
    )
    op.create_table(
        "card_withdrawal",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("result", TEXT, nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_card_withdrawal_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "number", name=op.f("pk_card_withdrawal")),
        sa.UniqueConstraint(
            "insurer_number",
            "municipal_id",
            "applied_on",
            name=op.f("uq_card_withdrawal_insurer_number_municipal_id_applied_on"),
        ),
    )
    op.create_table(
        "cover_list",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_cover_list_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "listed_on", name=op.f("pk_cover_list")),
    )
    op.create_table(
        "document_decision",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("snapshot_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("card", TEXT, nullable=False),
        sa.Column("made_out_since", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_document_decision_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "municipal_id", "number", name=op.f("pk_document_decision")),
    )
    op.create_table(
        "document_request",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("requested_by", TEXT, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_document_request_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint(
            "insurer_number", "municipal_id", "kind", "recorded_at", name=op.f("pk_document_request")
        ),
    )
    op.create_table(
        "ex_officio_loss",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("other_insurer_number", TEXT, nullable=False),
        sa.Column("other_acquired_on", sa.Date(), nullable=False),
        sa.Column("lost_on", sa.Date(), nullable=False),
        sa.Column("listed_on", TEXT, nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("agreed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_ex_officio_loss_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint(
            "insurer_number",
            "municipal_id",
            "other_insurer_number",
            "other_acquired_on",
            name=op.f("pk_ex_officio_loss"),
        ),
    )
    op.create_table(
        "institution_symbol",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("result", TEXT, nullable=True),
        sa.Column("processed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_institution_symbol_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "number", name=op.f("pk_institution_symbol")),
    )
    with op.batch_alter_table("institution_symbol", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_institution_symbol_insurer_number_municipal_id"),
            ["insurer_number", "municipal_id"],
            unique=False,
        )

    op.create_table(
        "registration_batch",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("exchange", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_message", sa.BigInteger(), nullable=False),
        sa.Column("last_message", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("reception", TEXT, nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_registration_batch_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "exchange", "number", name=op.f("pk_registration_batch")),
    )
    op.create_table(
        "registration_block",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("municipal_id", TEXT, nullable=True),
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("fields", TEXT, nullable=False),
        sa.Column("start_day", sa.Date(), nullable=True),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.Column("notified_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_registration_block_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "addressee_number", "period", name=op.f("pk_registration_block")),
    )
    op.create_table(
        "registration_version",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("card", TEXT, nullable=True),
        sa.Column("replaced", TEXT, nullable=True),
        sa.Column("notified_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_registration_version_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "record_key", name=op.f("pk_registration_version")),
    )
    with op.batch_alter_table("registration_version", schema=None) as batch_op:
        batch_op.create_index(
            "ix_registration_version_card",
            ["insurer_number", "card"],
            unique=False,
            sqlite_where=sa.text("card IS NOT NULL AND ended_at IS NULL"),
            postgresql_where=sa.text("card IS NOT NULL AND ended_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_registration_version_insurer_number_addressee_number"),
            ["insurer_number", "addressee_number"],
            unique=False,
        )

    op.create_table(
        "relay_certificate",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("identity", TEXT, nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("is_recalled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_relay_certificate_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_relay_certificate")),
    )
    with op.batch_alter_table("relay_certificate", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_relay_certificate_insurer_number_addressee_number"),
            ["insurer_number", "addressee_number"],
            unique=False,
        )

    op.create_table(
        "subscriber",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("internal_branch_number", TEXT, nullable=True),
        sa.Column("verification", TEXT, nullable=True),
        sa.Column("processed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_subscriber_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "municipal_id", name=op.f("pk_subscriber")),
    )
    op.create_table(
        "card_registration",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("snapshot_on", sa.Date(), nullable=False),
        sa.Column("registration", TEXT, nullable=False),
        sa.Column("certificate_expires_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number", "snapshot_on"],
            ["card_snapshot.insurer_number", "card_snapshot.snapshot_on"],
            name="fk_card_registration_snapshot",
        ),
        sa.PrimaryKeyConstraint("insurer_number", "municipal_id", name=op.f("pk_card_registration")),
    )
    op.create_table(
        "cover_listing",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("other_insurer_number", TEXT, nullable=False),
        sa.Column("other_acquired_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number", "listed_on"],
            ["cover_list.insurer_number", "cover_list.listed_on"],
            name="fk_cover_listing_list",
        ),
        sa.PrimaryKeyConstraint(
            "insurer_number",
            "municipal_id",
            "listed_on",
            "other_insurer_number",
            "other_acquired_on",
            name=op.f("pk_cover_listing"),
        ),
    )
    op.create_table(
        "registration_message",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("notified_on", sa.Date(), nullable=False),
        sa.Column("result", TEXT, nullable=True),
        sa.Column("error_code", TEXT, nullable=True),
        sa.Column("error_field", TEXT, nullable=True),
        sa.Column("processed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["insurer_number", "record_key"],
            ["registration_version.insurer_number", "registration_version.record_key"],
            name="fk_registration_message_version",
        ),
        sa.PrimaryKeyConstraint("insurer_number", "number", name=op.f("pk_registration_message")),
        sa.UniqueConstraint(
            "insurer_number",
            "record_key",
            "update_kind",
            name=op.f("uq_registration_message_insurer_number_record_key_update_kind"),
        ),
    )
    with op.batch_alter_table("registration_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_registration_message_waiting",
            ["insurer_number", "number"],
            unique=False,
            sqlite_where=sa.text("result IS NULL"),
            postgresql_where=sa.text("result IS NULL"),
        )
    _keep_history()


def _keep_history() -> None:
    if op.get_bind().dialect.name == "postgresql":
        both = [", ".join(f"{row}.{column}" for column in _KEPT) for row in ("OLD", "NEW")]
        changed = f"WHEN (OLD.ended_at IS NOT NULL OR ({both[0]}) IS DISTINCT FROM ({both[1]}))"
        op.execute(_FUNCTION)
        op.execute(_POSTGRESQL.format(name="update", verb="UPDATE", what="ROW", when=changed))
        op.execute(_POSTGRESQL.format(name="delete", verb="DELETE", what="ROW", when=""))
        op.execute(_POSTGRESQL.format(name="whole", verb="TRUNCATE", what="STATEMENT", when=""))
        return
    op.execute(_SQLITE.format(name="update", verb="UPDATE", when=f"WHEN OLD.ended_at IS NOT NULL OR {_CHANGED}"))
    op.execute(_SQLITE.format(name="delete", verb="DELETE", when=""))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION kokuho_history_stays() CASCADE")
    with op.batch_alter_table("registration_message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_registration_message_waiting",
            sqlite_where=sa.text("result IS NULL"),
            postgresql_where=sa.text("result IS NULL"),
        )

    op.drop_table("registration_message")
    op.drop_table("cover_listing")
    op.drop_table("card_registration")
    op.drop_table("subscriber")
    with op.batch_alter_table("relay_certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_relay_certificate_insurer_number_addressee_number"))

    op.drop_table("relay_certificate")
    with op.batch_alter_table("registration_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registration_version_insurer_number_addressee_number"))
        batch_op.drop_index(
            "ix_registration_version_card",
            sqlite_where=sa.text("card IS NOT NULL AND ended_at IS NULL"),
            postgresql_where=sa.text("card IS NOT NULL AND ended_at IS NULL"),
        )

    op.drop_table("registration_version")
    op.drop_table("registration_block")
    op.drop_table("registration_batch")
    with op.batch_alter_table("institution_symbol", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_institution_symbol_insurer_number_municipal_id"))

    op.drop_table("institution_symbol")
    op.drop_table("ex_officio_loss")
    op.drop_table("document_request")
    op.drop_table("document_decision")
    op.drop_table("cover_list")
    op.drop_table("card_withdrawal")
    op.drop_table("card_snapshot")
    op.drop_table("pending_registration")
