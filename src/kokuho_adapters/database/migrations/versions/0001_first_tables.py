"""最初の表 (first tables)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "data_key",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("insurer_number", TEXT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("wrapping_key_id", TEXT, nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("retired_at", sa.DateTime(), nullable=True),
        sa.Column("destroyed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_data_key")),
        sa.UniqueConstraint(
            "purpose", "insurer_number", "version", name=op.f("uq_data_key_purpose_insurer_number_version")
        ),
    )
    with op.batch_alter_table("data_key", schema=None) as batch_op:
        batch_op.create_index(
            "ix_data_key_current_of_insurer",
            ["purpose", "insurer_number"],
            unique=True,
            sqlite_where=sa.text("state = 'current' AND insurer_number IS NOT NULL"),
            postgresql_where=sa.text("state = 'current' AND insurer_number IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_data_key_current_of_prefecture",
            ["purpose"],
            unique=True,
            sqlite_where=sa.text("state = 'current' AND insurer_number IS NULL"),
            postgresql_where=sa.text("state = 'current' AND insurer_number IS NULL"),
        )

    op.create_table(
        "finding",
        sa.Column("number", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("left_insurer", TEXT, nullable=True),
        sa.Column("left_addressee", TEXT, nullable=True),
        sa.Column("left_history", sa.Integer(), nullable=True),
        sa.Column("entered_insurer", TEXT, nullable=True),
        sa.Column("entered_addressee", TEXT, nullable=True),
        sa.Column("entered_history", sa.Integer(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("detected_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_finding")),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_finding_entered_insurer_entered_addressee"),
            ["entered_insurer", "entered_addressee"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_finding_is_open"), ["is_open"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_finding_left_insurer_left_addressee"), ["left_insurer", "left_addressee"], unique=False
        )

    op.create_table(
        "installation",
        sa.Column("prefecture", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("prefecture", name=op.f("pk_installation")),
    )
    op.create_table(
        "insurer",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("municipality_code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("successor", TEXT, nullable=True),
        sa.Column("encoding", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", name=op.f("pk_insurer")),
    )
    op.create_table(
        "key_disposal",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("insurer_number", TEXT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decided_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("completed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_disposal")),
    )
    op.create_table(
        "key_usage",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("encryptions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_usage")),
    )
    op.create_table(
        "media_handover",
        sa.Column("number", TEXT, nullable=False),
        sa.Column("direction", TEXT, nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("package", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("files", TEXT, nullable=False),
        sa.Column("medium", TEXT, nullable=False),
        sa.Column("handed_by", TEXT, nullable=False),
        sa.Column("handed_at", sa.DateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("number", "direction", name=op.f("pk_media_handover")),
    )
    with op.batch_alter_table("media_handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_media_handover_insurer_number"), ["insurer_number"], unique=False)

    op.create_table(
        "media_settlement",
        sa.Column("number", TEXT, nullable=False),
        sa.Column("direction", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("settled_by", TEXT, nullable=False),
        sa.Column("settled_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", "direction", name=op.f("pk_media_settlement")),
    )
    op.create_table(
        "number_vault",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("index_version", sa.Integer(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "number_index", name=op.f("pk_number_vault")),
    )
    op.create_table(
        "pending_household",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("household_number", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "household_number", name=op.f("pk_pending_household")),
    )
    op.create_table(
        "pending_person",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("insurer_number", "addressee_number", name=op.f("pk_pending_person")),
    )
    op.create_table(
        "prefectural_person",
        sa.Column("serial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("insured_id", TEXT, nullable=False),
        sa.Column("retired_into", sa.BigInteger(), nullable=True),
        sa.Column("look_again_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["retired_into"],
            ["prefectural_person.serial"],
            name=op.f("fk_prefectural_person_prefectural_person_retired_into"),
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_prefectural_person")),
        sa.UniqueConstraint("insured_id", name=op.f("uq_prefectural_person_insured_id")),
    )
    with op.batch_alter_table("prefectural_person", schema=None) as batch_op:
        batch_op.create_index(
            "ix_prefectural_person_look_again_on",
            ["look_again_on"],
            unique=False,
            sqlite_where=sa.text("look_again_on IS NOT NULL"),
            postgresql_where=sa.text("look_again_on IS NOT NULL"),
        )

    op.create_table(
        "returned_row",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("stands", TEXT, nullable=True),
        sa.Column("told", TEXT, nullable=True),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "file_id", "insurer_number", "item", name=op.f("pk_returned_row")),
    )
    with op.batch_alter_table("returned_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_returned_row_due",
            ["insurer_number", "file_id", "subject", "item"],
            unique=False,
            sqlite_where=sa.text("is_due IS 1"),
            postgresql_where=sa.text("is_due IS true"),
        )

    op.create_table(
        "wrapping_key",
        sa.Column("wrapping_key_id", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("retired_at", sa.DateTime(), nullable=True),
        sa.Column("destroyed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("wrapping_key_id", name=op.f("pk_wrapping_key")),
    )
    with op.batch_alter_table("wrapping_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wrapping_key_key_id"), ["key_id"], unique=False)

    op.create_table(
        "candidate",
        sa.Column("number", TEXT, nullable=False),
        sa.Column("from_insurer", TEXT, nullable=False),
        sa.Column("from_household", TEXT, nullable=False),
        sa.Column("to_insurer", TEXT, nullable=False),
        sa.Column("to_household", TEXT, nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("movers", TEXT, nullable=False),
        sa.Column("head_addressee", TEXT, nullable=True),
        sa.Column("suggestion", TEXT, nullable=False),
        sa.Column("suggestion_reason", TEXT, nullable=False),
        sa.Column("rules", TEXT, nullable=False),
        sa.Column("is_protected", sa.Boolean(), nullable=False),
        sa.Column("left_months", TEXT, nullable=False),
        sa.Column("entered_months", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_insurer"], ["insurer.insurer_number"], name=op.f("fk_candidate_insurer_from_insurer")
        ),
        sa.ForeignKeyConstraint(
            ["to_insurer"], ["insurer.insurer_number"], name=op.f("fk_candidate_insurer_to_insurer")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_candidate")),
        sa.UniqueConstraint(
            "from_insurer",
            "from_household",
            "to_insurer",
            "to_household",
            name=op.f("uq_candidate_from_insurer_from_household_to_insurer_to_household"),
        ),
        sa.UniqueConstraint("number", "to_insurer", name=op.f("uq_candidate_number_to_insurer")),
    )
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_candidate_to_insurer_to_household"), ["to_insurer", "to_household"], unique=False
        )

    op.create_table(
        "delivery",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("folder", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insurer_number"], ["insurer.insurer_number"], name=op.f("fk_delivery_insurer_insurer_number")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "file_id", "sequence", name=op.f("pk_delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_is_published"), ["is_published"], unique=False)

    op.create_table(
        "known_addressee",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("municipal_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["serial"], ["prefectural_person.serial"], name=op.f("fk_known_addressee_prefectural_person_serial")
        ),
        sa.PrimaryKeyConstraint("insurer_number", "addressee_number", name=op.f("pk_known_addressee")),
        sa.UniqueConstraint("municipal_id", name=op.f("uq_known_addressee_municipal_id")),
    )
    with op.batch_alter_table("known_addressee", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_known_addressee_serial"), ["serial"], unique=False)

    op.create_table(
        "person_number",
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["serial"], ["prefectural_person.serial"], name=op.f("fk_person_number_prefectural_person_serial")
        ),
        sa.PrimaryKeyConstraint("number_index", name=op.f("pk_person_number")),
    )
    with op.batch_alter_table("person_number", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_number_serial"), ["serial"], unique=False)

    op.create_table(
        "received_file",
        sa.Column("file_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=True),
        sa.Column("sender", TEXT, nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=True),
        sa.Column("layout_version", TEXT, nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("result", TEXT, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.Column("is_reported", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sender"], ["insurer.insurer_number"], name=op.f("fk_received_file_insurer_sender")),
        sa.PrimaryKeyConstraint("file_no", name=op.f("pk_received_file")),
        sa.UniqueConstraint("file_no", "sender", name=op.f("uq_received_file_file_no_sender")),
    )
    with op.batch_alter_table("received_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_received_file_is_waiting"), ["is_waiting"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_received_file_sender_file_id_sequence"), ["sender", "file_id", "sequence"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_received_file_sender_is_reported"), ["sender", "is_reported"], unique=False
        )

    op.create_table(
        "decision",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("candidate_number", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_number", "insurer_number"],
            ["candidate.number", "candidate.to_insurer"],
            name=op.f("fk_decision_candidate_candidate_number_insurer_number"),
        ),
        sa.ForeignKeyConstraint(
            ["file_no", "insurer_number"],
            ["received_file.file_no", "received_file.sender"],
            name=op.f("fk_decision_received_file_file_no_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_candidate_number"), ["candidate_number"], unique=False)

    op.create_table(
        "held_content",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("block_no", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("encoding", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["file_no", "insurer_number"],
            ["received_file.file_no", "received_file.sender"],
            name=op.f("fk_held_content_received_file_file_no_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "block_no", name=op.f("pk_held_content")),
    )
    op.create_table(
        "high_cost_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("household_number", TEXT, nullable=False),
        sa.Column("treatment_month", sa.Integer(), nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("occurrence_kind", TEXT, nullable=False),
        sa.Column("payment_kind", TEXT, nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_amount", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no", "insurer_number"],
            ["received_file.file_no", "received_file.sender"],
            name=op.f("fk_high_cost_record_received_file_file_no_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_high_cost_record")),
    )
    with op.batch_alter_table("high_cost_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_high_cost_record_insurer_number_household_number_file_no_line"),
            ["insurer_number", "household_number", "file_no", "line"],
            unique=False,
        )

    op.create_table(
        "household_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("household_number", TEXT, nullable=False),
        sa.Column("history_number", sa.Integer(), nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("card_symbol", TEXT, nullable=True),
        sa.Column("card_number", TEXT, nullable=False),
        sa.Column("head_addressee_number", TEXT, nullable=False),
        sa.Column("head_kind", TEXT, nullable=False),
        sa.Column("head_start", sa.Date(), nullable=False),
        sa.Column("head_start_notified", sa.Date(), nullable=True),
        sa.Column("head_end", sa.Date(), nullable=True),
        sa.Column("head_end_notified", sa.Date(), nullable=True),
        sa.Column("household_start", sa.Date(), nullable=False),
        sa.Column("household_end", sa.Date(), nullable=True),
        sa.Column("change_reason", TEXT, nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("notified_on", sa.Date(), nullable=False),
        sa.Column("other_insurer_number", TEXT, nullable=True),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no", "insurer_number"],
            ["received_file.file_no", "received_file.sender"],
            name=op.f("fk_household_record_received_file_file_no_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_household_record")),
    )
    with op.batch_alter_table("household_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_household_record_insurer_number_household_number_file_no_line"),
            ["insurer_number", "household_number", "file_no", "line"],
            unique=False,
        )

    op.create_table(
        "move",
        sa.Column("left_insurer", TEXT, nullable=False),
        sa.Column("left_addressee", TEXT, nullable=False),
        sa.Column("left_history", sa.Integer(), nullable=False),
        sa.Column("entered_insurer", TEXT, nullable=False),
        sa.Column("entered_addressee", TEXT, nullable=False),
        sa.Column("entered_history", sa.Integer(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("from_household", TEXT, nullable=False),
        sa.Column("to_household", TEXT, nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entered_insurer", "entered_addressee"],
            ["known_addressee.insurer_number", "known_addressee.addressee_number"],
            name=op.f("fk_move_known_addressee_entered_insurer_entered_addressee"),
        ),
        sa.ForeignKeyConstraint(
            ["left_insurer", "left_addressee"],
            ["known_addressee.insurer_number", "known_addressee.addressee_number"],
            name=op.f("fk_move_known_addressee_left_insurer_left_addressee"),
        ),
        sa.PrimaryKeyConstraint(
            "left_insurer",
            "left_addressee",
            "left_history",
            "entered_insurer",
            "entered_addressee",
            "entered_history",
            name=op.f("pk_move"),
        ),
    )
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_move_entered_insurer_to_household"), ["entered_insurer", "to_household"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_move_left_insurer_from_household"), ["left_insurer", "from_household"], unique=False
        )

    op.create_table(
        "other_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("identity", TEXT, nullable=False),
        sa.Column("update_kind", TEXT, nullable=True),
        sa.Column("content", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no", "insurer_number"],
            ["received_file.file_no", "received_file.sender"],
            name=op.f("fk_other_record_received_file_file_no_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_other_record")),
    )
    with op.batch_alter_table("other_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_other_record_file_id_identity"), ["file_id", "identity"], unique=False)

    op.create_table(
        "person_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("history_number", sa.Integer(), nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("previous_number_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_kana", TEXT, nullable=False),
        sa.Column("alias", TEXT, nullable=True),
        sa.Column("name_on_card", TEXT, nullable=True),
        sa.Column("name_kana_on_card", TEXT, nullable=True),
        sa.Column("true_name", TEXT, nullable=True),
        sa.Column("true_name_kana", TEXT, nullable=True),
        sa.Column("sex_on_back", TEXT, nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", TEXT, nullable=False),
        sa.Column("postal_code", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("card_symbol", TEXT, nullable=True),
        sa.Column("card_number", TEXT, nullable=False),
        sa.Column("branch_number", TEXT, nullable=True),
        sa.Column("household_number", TEXT, nullable=False),
        sa.Column("member_start", sa.Date(), nullable=True),
        sa.Column("member_end", sa.Date(), nullable=True),
        sa.Column("relationship", TEXT, nullable=False),
        sa.Column("insured_kind", TEXT, nullable=False),
        sa.Column("application_start", sa.Date(), nullable=True),
        sa.Column("application_start_reason", TEXT, nullable=True),
        sa.Column("application_start_notified", sa.Date(), nullable=True),
        sa.Column("application_end", sa.Date(), nullable=True),
        sa.Column("application_end_reason", TEXT, nullable=True),
        sa.Column("application_end_notified", sa.Date(), nullable=True),
        sa.Column("qualification_acquired", sa.Date(), nullable=True),
        sa.Column("qualification_acquired_reason", TEXT, nullable=True),
        sa.Column("qualification_acquired_notified", sa.Date(), nullable=True),
        sa.Column("qualification_lost", sa.Date(), nullable=True),
        sa.Column("qualification_lost_reason", TEXT, nullable=True),
        sa.Column("qualification_lost_notified", sa.Date(), nullable=True),
        sa.Column("special_case", TEXT, nullable=False),
        sa.Column("special_case_start", sa.Date(), nullable=True),
        sa.Column("special_case_end", sa.Date(), nullable=True),
        sa.Column("other_insurer_number", TEXT, nullable=True),
        sa.Column("address_withheld", TEXT, nullable=False),
        sa.Column("self_view_stopped", TEXT, nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no", "insurer_number"],
            ["received_file.file_no", "received_file.sender"],
            name=op.f("fk_person_record_received_file_file_no_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", "insurer_number", name=op.f("pk_person_record")),
    )
    with op.batch_alter_table("person_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_person_record_insurer_number_addressee_number_file_no_line"),
            ["insurer_number", "addressee_number", "file_no", "line"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_person_record_insurer_number_household_number"),
            ["insurer_number", "household_number"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_person_record_number_index"), ["number_index"], unique=False)
        batch_op.create_index(
            "ix_person_record_previous_number_index",
            ["previous_number_index"],
            unique=False,
            sqlite_where=sa.text("previous_number_index IS NOT NULL"),
            postgresql_where=sa.text("previous_number_index IS NOT NULL"),
        )

    op.create_table(
        "qualification_span",
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("history_number", sa.Integer(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("start_day", sa.Date(), nullable=False),
        sa.Column("end_day", sa.Date(), nullable=True),
        sa.CheckConstraint("end_day IS NULL OR end_day > start_day", name=op.f("ck_qualification_span_period")),
        sa.ForeignKeyConstraint(
            ["insurer_number", "addressee_number"],
            ["known_addressee.insurer_number", "known_addressee.addressee_number"],
            name=op.f("fk_qualification_span_known_addressee_insurer_number_addressee_number"),
        ),
        sa.ForeignKeyConstraint(
            ["serial"], ["prefectural_person.serial"], name=op.f("fk_qualification_span_prefectural_person_serial")
        ),
        sa.PrimaryKeyConstraint(
            "insurer_number", "addressee_number", "history_number", name=op.f("pk_qualification_span")
        ),
    )
    with op.batch_alter_table("qualification_span", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_qualification_span_serial_start_day"), ["serial", "start_day"], unique=False
        )

    op.create_table(
        "record_outcome",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=True),
        sa.Column("result", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("field", TEXT, nullable=True),
        sa.Column("rule", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["file_no", "insurer_number"],
            ["received_file.file_no", "received_file.sender"],
            name=op.f("fk_record_outcome_received_file_file_no_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", "ordinal", name=op.f("pk_record_outcome")),
    )
    op.create_table(
        "held_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no", "line", "insurer_number"],
            ["person_record.file_no", "person_record.line", "person_record.insurer_number"],
            name=op.f("fk_held_record_person_record_file_no_line_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_held_record")),
    )
    with op.batch_alter_table("held_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_held_record_insurer_number_addressee_number"),
            ["insurer_number", "addressee_number"],
            unique=False,
        )

    op.create_table(
        "identity_verdict",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("decided_by", TEXT, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no", "line", "insurer_number"],
            ["person_record.file_no", "person_record.line", "person_record.insurer_number"],
            name=op.f("fk_identity_verdict_person_record_file_no_line_insurer_number"),
        ),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_identity_verdict")),
    )
    op.create_table(
        "disposal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("agreed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("completed_at", sa.DateTime(), nullable=True),
        sa.Column("counts", TEXT, nullable=False),
        sa.Column("destroyed_keys", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_disposal")),
    )
    op.create_table(
        "disposal_subject",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", "serial", name=op.f("pk_disposal_subject")),
    )
    op.create_table(
        "gate_stop",
        sa.Column("file_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("stopped_at", sa.DateTime(), nullable=False),
        sa.Column("measures", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settled_by", TEXT, nullable=True),
        sa.Column("agreed_by", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("file_no", name=op.f("pk_gate_stop")),
    )
    with op.batch_alter_table("gate_stop", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_gate_stop_insurer_number_state"), ["insurer_number", "state"], unique=False
        )

    op.create_table(
        "recalled_decision",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("candidate_number", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_recalled_decision")),
    )
    with op.batch_alter_table("recalled_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recalled_decision_candidate_number"), ["candidate_number"], unique=False)

    op.create_table(
        "recalled_file",
        sa.Column("file_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("recalled_at", sa.DateTime(), nullable=False),
        sa.Column("asked_by", TEXT, nullable=False),
        sa.Column("agreed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("file_no", name=op.f("pk_recalled_file")),
    )
    op.create_table(
        "recalled_high_cost_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("household_number", TEXT, nullable=False),
        sa.Column("treatment_month", sa.Integer(), nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("occurrence_kind", TEXT, nullable=False),
        sa.Column("payment_kind", TEXT, nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_amount", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_recalled_high_cost_record")),
    )
    with op.batch_alter_table("recalled_high_cost_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recalled_high_cost_record_insurer_number_household_number"),
            ["insurer_number", "household_number"],
            unique=False,
        )

    op.create_table(
        "recalled_household_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("household_number", TEXT, nullable=False),
        sa.Column("history_number", sa.Integer(), nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("card_symbol", TEXT, nullable=True),
        sa.Column("card_number", TEXT, nullable=False),
        sa.Column("head_addressee_number", TEXT, nullable=False),
        sa.Column("head_kind", TEXT, nullable=False),
        sa.Column("head_start", sa.Date(), nullable=False),
        sa.Column("head_start_notified", sa.Date(), nullable=True),
        sa.Column("head_end", sa.Date(), nullable=True),
        sa.Column("head_end_notified", sa.Date(), nullable=True),
        sa.Column("household_start", sa.Date(), nullable=False),
        sa.Column("household_end", sa.Date(), nullable=True),
        sa.Column("change_reason", TEXT, nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("notified_on", sa.Date(), nullable=False),
        sa.Column("other_insurer_number", TEXT, nullable=True),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_recalled_household_record")),
    )
    with op.batch_alter_table("recalled_household_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recalled_household_record_insurer_number_household_number"),
            ["insurer_number", "household_number"],
            unique=False,
        )

    op.create_table(
        "recalled_identity_verdict",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("decided_by", TEXT, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_recalled_identity_verdict")),
    )
    with op.batch_alter_table("recalled_identity_verdict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recalled_identity_verdict_recorded_at"), ["recorded_at"], unique=False)

    op.create_table(
        "recalled_other_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("file_id", TEXT, nullable=False),
        sa.Column("identity", TEXT, nullable=False),
        sa.Column("update_kind", TEXT, nullable=True),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_recalled_other_record")),
    )
    with op.batch_alter_table("recalled_other_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recalled_other_record_file_id_identity"), ["file_id", "identity"], unique=False
        )

    op.create_table(
        "recalled_person_record",
        sa.Column("file_no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("insurer_number", TEXT, nullable=False),
        sa.Column("addressee_number", TEXT, nullable=False),
        sa.Column("history_number", sa.Integer(), nullable=False),
        sa.Column("update_kind", TEXT, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("previous_number_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_kana", TEXT, nullable=False),
        sa.Column("alias", TEXT, nullable=True),
        sa.Column("name_on_card", TEXT, nullable=True),
        sa.Column("name_kana_on_card", TEXT, nullable=True),
        sa.Column("true_name", TEXT, nullable=True),
        sa.Column("true_name_kana", TEXT, nullable=True),
        sa.Column("sex_on_back", TEXT, nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", TEXT, nullable=False),
        sa.Column("postal_code", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("card_symbol", TEXT, nullable=True),
        sa.Column("card_number", TEXT, nullable=False),
        sa.Column("branch_number", TEXT, nullable=True),
        sa.Column("household_number", TEXT, nullable=False),
        sa.Column("member_start", sa.Date(), nullable=True),
        sa.Column("member_end", sa.Date(), nullable=True),
        sa.Column("relationship", TEXT, nullable=False),
        sa.Column("insured_kind", TEXT, nullable=False),
        sa.Column("application_start", sa.Date(), nullable=True),
        sa.Column("application_start_reason", TEXT, nullable=True),
        sa.Column("application_start_notified", sa.Date(), nullable=True),
        sa.Column("application_end", sa.Date(), nullable=True),
        sa.Column("application_end_reason", TEXT, nullable=True),
        sa.Column("application_end_notified", sa.Date(), nullable=True),
        sa.Column("qualification_acquired", sa.Date(), nullable=True),
        sa.Column("qualification_acquired_reason", TEXT, nullable=True),
        sa.Column("qualification_acquired_notified", sa.Date(), nullable=True),
        sa.Column("qualification_lost", sa.Date(), nullable=True),
        sa.Column("qualification_lost_reason", TEXT, nullable=True),
        sa.Column("qualification_lost_notified", sa.Date(), nullable=True),
        sa.Column("special_case", TEXT, nullable=False),
        sa.Column("special_case_start", sa.Date(), nullable=True),
        sa.Column("special_case_end", sa.Date(), nullable=True),
        sa.Column("other_insurer_number", TEXT, nullable=True),
        sa.Column("address_withheld", TEXT, nullable=False),
        sa.Column("self_view_stopped", TEXT, nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("file_no", "line", name=op.f("pk_recalled_person_record")),
    )
    with op.batch_alter_table("recalled_person_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recalled_person_record_insurer_number_addressee_number"),
            ["insurer_number", "addressee_number"],
            unique=False,
        )
    op.create_table(
        "operator_grant",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operator", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("granted_by", TEXT, nullable=False),
        sa.Column("granted_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_operator_grant")),
    )
    op.create_table(
        "approval",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("insurer", TEXT, nullable=True),
        sa.Column("requested_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("requested_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decided_reason", TEXT, nullable=True),
        sa.Column("used_by", TEXT, nullable=True),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_kind_subject"), ["kind", "subject"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("session", TEXT, nullable=False),
        sa.Column("operator", TEXT, nullable=False),
        sa.Column("terminal", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=True),
        sa.Column("operation", TEXT, nullable=False),
        sa.Column("result", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("insurer", TEXT, nullable=True),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("counts", TEXT, nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_entry")),
    )


def downgrade() -> None:
    op.drop_table("audit_entry")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_kind_subject"))

    op.drop_table("approval")
    op.drop_table("operator_grant")
    op.drop_table("disposal")
    op.drop_table("disposal_subject")
    op.drop_table("gate_stop")
    op.drop_table("recalled_decision")
    op.drop_table("recalled_file")
    op.drop_table("recalled_high_cost_record")
    op.drop_table("recalled_household_record")
    op.drop_table("recalled_identity_verdict")
    op.drop_table("recalled_other_record")
    op.drop_table("recalled_person_record")
    op.drop_table("identity_verdict")
    with op.batch_alter_table("held_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_held_record_insurer_number_addressee_number"))

    op.drop_table("held_record")
    op.drop_table("record_outcome")
    with op.batch_alter_table("qualification_span", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_qualification_span_serial_start_day"))

    op.drop_table("qualification_span")
    with op.batch_alter_table("person_record", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_person_record_previous_number_index",
            sqlite_where=sa.text("previous_number_index IS NOT NULL"),
            postgresql_where=sa.text("previous_number_index IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_person_record_number_index"))
        batch_op.drop_index(batch_op.f("ix_person_record_insurer_number_household_number"))
        batch_op.drop_index(batch_op.f("ix_person_record_insurer_number_addressee_number_file_no_line"))

    op.drop_table("person_record")
    with op.batch_alter_table("other_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_other_record_file_id_identity"))

    op.drop_table("other_record")
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_move_left_insurer_from_household"))
        batch_op.drop_index(batch_op.f("ix_move_entered_insurer_to_household"))

    op.drop_table("move")
    with op.batch_alter_table("household_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_household_record_insurer_number_household_number_file_no_line"))

    op.drop_table("household_record")
    with op.batch_alter_table("high_cost_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_high_cost_record_insurer_number_household_number_file_no_line"))

    op.drop_table("high_cost_record")
    op.drop_table("held_content")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_candidate_number"))

    op.drop_table("decision")
    with op.batch_alter_table("received_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_received_file_sender_is_reported"))
        batch_op.drop_index(batch_op.f("ix_received_file_sender_file_id_sequence"))
        batch_op.drop_index(batch_op.f("ix_received_file_is_waiting"))

    op.drop_table("received_file")
    with op.batch_alter_table("person_number", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_number_serial"))

    op.drop_table("person_number")
    with op.batch_alter_table("known_addressee", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_known_addressee_serial"))

    op.drop_table("known_addressee")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_is_published"))

    op.drop_table("delivery")
    with op.batch_alter_table("candidate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_candidate_to_insurer_to_household"))

    op.drop_table("candidate")
    with op.batch_alter_table("wrapping_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wrapping_key_key_id"))

    op.drop_table("wrapping_key")
    with op.batch_alter_table("returned_row", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_returned_row_due", sqlite_where=sa.text("is_due IS 1"), postgresql_where=sa.text("is_due IS true")
        )

    op.drop_table("returned_row")
    with op.batch_alter_table("prefectural_person", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_prefectural_person_look_again_on",
            sqlite_where=sa.text("look_again_on IS NOT NULL"),
            postgresql_where=sa.text("look_again_on IS NOT NULL"),
        )

    op.drop_table("prefectural_person")
    op.drop_table("pending_person")
    op.drop_table("pending_household")
    op.drop_table("number_vault")
    op.drop_table("media_settlement")
    with op.batch_alter_table("media_handover", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_media_handover_insurer_number"))

    op.drop_table("media_handover")
    op.drop_table("key_usage")
    op.drop_table("key_disposal")
    op.drop_table("insurer")
    op.drop_table("installation")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_finding_left_insurer_left_addressee"))
        batch_op.drop_index(batch_op.f("ix_finding_is_open"))
        batch_op.drop_index(batch_op.f("ix_finding_entered_insurer_entered_addressee"))

    op.drop_table("finding")
    with op.batch_alter_table("data_key", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_data_key_current_of_prefecture",
            sqlite_where=sa.text("state = 'current' AND insurer_number IS NULL"),
            postgresql_where=sa.text("state = 'current' AND insurer_number IS NULL"),
        )
        batch_op.drop_index(
            "ix_data_key_current_of_insurer",
            sqlite_where=sa.text("state = 'current' AND insurer_number IS NOT NULL"),
            postgresql_where=sa.text("state = 'current' AND insurer_number IS NOT NULL"),
        )

    op.drop_table("data_key")
    op.drop_table("counter")
