"""表: facts are only added to; the tables below «derived» can be made anew from them at any time (P-7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Computed,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from kokuho_adapters.known_results import DAYS, MOMENTS, KnownResults

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _unless_none(convert: Callable[[Any], Any], most: int) -> KnownResults:
    """What ``convert`` makes of a value; None, which is NULL, stays None."""
    return KnownResults(lambda value: None if value is None else convert(value), most)


_DAY_TEXTS: Final = _unless_none(date.isoformat, DAYS)
_DAYS: Final = _unless_none(date.fromisoformat, DAYS)
_MOMENT_TEXTS: Final = _unless_none(lambda moment: moment.isoformat(" ", "microseconds"), MOMENTS)
_MOMENTS: Final = _unless_none(datetime.fromisoformat, MOMENTS)


class IsoDate(TypeDecorator[date]):
    """日付: a real DATE where the database has one; in SQLite ISO text, written without the detours of the general type."""

    impl = Date
    cache_ok = True

    @property
    def python_type(self) -> type[date]:
        return date

    def bind_processor(self, dialect: Dialect) -> Callable[[date | None], Any] | None:
        return _DAY_TEXTS.__getitem__ if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], date | None] | None:
        return _DAYS.__getitem__ if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


class IsoDateTime(TypeDecorator[datetime]):
    """日時: as :class:`IsoDate`."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        return _MOMENT_TEXTS.__getitem__ if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        return _MOMENTS.__getitem__ if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


BYTEWISE: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that every database sorts and compares byte by byte, whatever language it was set up for."""


def _text(name: str, *, required: bool = False) -> Column[str]:
    return Column(name, BYTEWISE, nullable=not required)


def _date(name: str, *, required: bool = False) -> Column[object]:
    return Column(name, IsoDate, nullable=not required)


def _source() -> tuple[Column[int], Column[int]]:
    """Where a fact was received; also its place in the received order."""
    return Column("file_no", BigInteger, nullable=False), Column("line", Integer, nullable=False)


def _insurer() -> Column[str]:
    """The municipality whose row it is (S-1)."""
    return _text("insurer_number", required=True)


NUMBER_KEY_BYTES: Final = 4
"""Of an index of 32 bytes: even among ten millions of numbers one in four hundred begins like another."""


def _number_key(name: str, number: str) -> Column[bytes]:
    """The first bytes of an index, made by the database; see :mod:`kokuho_adapters.database.number_keys`."""
    return Column(name, LargeBinary(NUMBER_KEY_BYTES), Computed(f"substr({number}, 1, {NUMBER_KEY_BYTES})"))


def _received() -> ForeignKeyConstraint:
    """The file a row came with, which is of the same municipality (S-2)."""
    return ForeignKeyConstraint(["file_no", "insurer_number"], ["received_file.file_no", "received_file.sender"])


def _rounds(name: str) -> Table:
    """回 that comes next of each kind of file, 1 where there is no row; see :mod:`kokuho_adapters.database.rounds`."""
    return Table(
        name,
        metadata,
        _insurer(),
        _text("file_id", required=True),
        Column("number", Integer, nullable=False),
        PrimaryKeyConstraint("insurer_number", "file_id"),
    )


def _partial(name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False) -> None:
    """An index of some rows alone.

    The same is said to PostgreSQL by the migrations only: said here, all its drivers would be loaded by everybody.
    """
    Index(name, *columns, unique=unique, sqlite_where=where)


# --- installation ---

installation = Table("installation", metadata, Column("prefecture", BYTEWISE, primary_key=True))

insurer = Table(
    "insurer",
    metadata,
    Column("insurer_number", BYTEWISE, primary_key=True),
    _text("municipality_code", required=True),
    _text("name", required=True),
    _date("valid_from"),
    _date("valid_until"),
    _text("successor"),
    _text("encoding", required=True),
)

counter = Table(
    "counter", metadata, Column("name", BYTEWISE, primary_key=True), Column("value", BigInteger, nullable=False)
)

# --- 受渡簿 ---

received_file = Table(
    "received_file",
    metadata,
    Column("file_no", BigInteger, primary_key=True, autoincrement=False),
    _text("name", required=True),
    _text("file_id"),
    Column("sender", BYTEWISE, ForeignKey("insurer.insurer_number")),  # None: a refused file of nobody known
    Column("sequence", Integer),
    Column("created_at", IsoDateTime),
    _text("layout_version"),
    Column("fingerprint", LargeBinary, nullable=False),
    _text("result", required=True),
    Column("recorded_at", IsoDateTime, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("is_waiting", Boolean, nullable=False),
    Column("is_reported", Boolean, nullable=False),
    Index(None, "sender", "file_id", "sequence"),
    Index(None, "is_waiting"),
    Index(None, "sender", "is_reported"),
    UniqueConstraint("file_no", "sender"),
)

held_content = Table(
    "held_content",
    metadata,
    Column("file_no", BigInteger, nullable=False),
    Column("block_no", Integer, nullable=False),
    _insurer(),
    Column("content", LargeBinary, nullable=False),
    Column("encoding", BYTEWISE),
    PrimaryKeyConstraint("file_no", "block_no"),
    _received(),
)

record_outcome = Table(
    "record_outcome",
    metadata,
    *_source(),
    Column("ordinal", Integer, nullable=False),
    _text("insurer_number"),  # None: of a refused file of nobody known
    _text("result", required=True),
    _text("code"),
    _text("field"),
    _text("rule"),
    PrimaryKeyConstraint("file_no", "line", "ordinal"),
    _received(),
)

# --- facts ---

number_vault = Table(
    "number_vault",
    metadata,
    _text("insurer_number", required=True),
    Column("number_index", LargeBinary(32), nullable=False),
    Column("index_version", Integer, nullable=False),
    _text("key_id", required=True),
    Column("ciphertext", LargeBinary, nullable=False),
    # In this order: the file of one municipality then touches its own part of the index alone, not all of it.
    PrimaryKeyConstraint("insurer_number", "number_index"),
)

person_record = Table(
    "person_record",
    metadata,
    *_source(),
    _text("insurer_number", required=True),
    _text("addressee_number", required=True),
    Column("history_number", Integer, nullable=False),
    _text("update_kind", required=True),
    Column("number_index", LargeBinary(32)),
    Column("previous_number_index", LargeBinary(32)),
    _text("name", required=True),
    _text("name_kana", required=True),
    _text("alias"),
    _text("name_on_card"),
    _text("name_kana_on_card"),
    _text("true_name"),
    _text("true_name_kana"),
    _text("sex_on_back"),
    _date("birth_date", required=True),
    _text("sex", required=True),
    _text("postal_code"),
    _text("address", required=True),
    _text("card_symbol"),
    _text("card_number", required=True),
    _text("branch_number"),
    _text("household_number", required=True),
    _date("member_start"),
    _date("member_end"),
    _text("relationship", required=True),
    _text("insured_kind", required=True),
    _date("application_start"),
    _text("application_start_reason"),
    _date("application_start_notified"),
    _date("application_end"),
    _text("application_end_reason"),
    _date("application_end_notified"),
    _date("qualification_acquired"),
    _text("qualification_acquired_reason"),
    _date("qualification_acquired_notified"),
    _date("qualification_lost"),
    _text("qualification_lost_reason"),
    _date("qualification_lost_notified"),
    _text("special_case", required=True),
    _date("special_case_start"),
    _date("special_case_end"),
    _text("other_insurer_number"),
    _text("address_withheld", required=True),
    _text("self_view_stopped", required=True),
    Column("updated_at", IsoDateTime, nullable=False),
    _number_key("number_key", "number_index"),
    _number_key("previous_number_key", "previous_number_index"),
    PrimaryKeyConstraint("file_no", "line", "insurer_number"),  # what is held or decided of it is of its municipality
    _received(),
    Index(None, "insurer_number", "addressee_number", "file_no", "line"),
    Index(None, "number_key"),
    Index(None, "insurer_number", "household_number"),
)
_partial(
    "ix_person_record_previous_number_index",
    person_record.c.previous_number_index,
    where=person_record.c.previous_number_index.is_not(None),
)

identity_verdict = Table(
    "identity_verdict",
    metadata,
    *_source(),
    _insurer(),
    _text("verdict", required=True),
    _text("decided_by", required=True),
    Column("recorded_at", IsoDateTime, nullable=False),
    PrimaryKeyConstraint("file_no", "line"),
    ForeignKeyConstraint(
        ["file_no", "line", "insurer_number"],
        ["person_record.file_no", "person_record.line", "person_record.insurer_number"],
    ),
)

household_record = Table(
    "household_record",
    metadata,
    *_source(),
    _text("insurer_number", required=True),
    _text("household_number", required=True),
    Column("history_number", Integer, nullable=False),
    _text("update_kind", required=True),
    _text("card_symbol"),
    _text("card_number", required=True),
    _text("head_addressee_number", required=True),
    _text("head_kind", required=True),
    _date("head_start", required=True),
    _date("head_start_notified"),
    _date("head_end"),
    _date("head_end_notified"),
    _date("household_start", required=True),
    _date("household_end"),
    _text("change_reason", required=True),
    _date("changed_on", required=True),
    _date("notified_on", required=True),
    _text("other_insurer_number"),
    Column("updated_at", IsoDateTime, nullable=False),
    PrimaryKeyConstraint("file_no", "line"),
    _received(),
    Index(None, "insurer_number", "household_number", "file_no", "line"),
)

high_cost_record = Table(
    "high_cost_record",
    metadata,
    *_source(),
    _text("insurer_number", required=True),
    _text("household_number", required=True),
    Column("treatment_month", Integer, nullable=False),
    _text("update_kind", required=True),
    _text("occurrence_kind", required=True),
    _text("payment_kind"),
    _date("paid_on"),
    Column("paid_amount", BigInteger, nullable=False),
    Column("updated_at", IsoDateTime, nullable=False),
    PrimaryKeyConstraint("file_no", "line"),
    _received(),
    Index(None, "insurer_number", "household_number", "file_no", "line"),
)

other_record = Table(
    "other_record",
    metadata,
    *_source(),
    _insurer(),
    _text("file_id", required=True),
    _text("identity", required=True),
    _text("update_kind"),
    _text("content", required=True),
    PrimaryKeyConstraint("file_no", "line"),
    _received(),
    Index(None, "file_id", "identity"),
)

decision = Table(
    "decision",
    metadata,
    *_source(),
    _insurer(),
    _text("candidate_number", required=True),
    _text("decision", required=True),
    _date("decided_on", required=True),
    _text("decided_by", required=True),
    _text("reason"),
    PrimaryKeyConstraint("file_no", "line"),
    _received(),
    ForeignKeyConstraint(["candidate_number", "insurer_number"], ["candidate.number", "candidate.to_insurer"]),
    Index(None, "candidate_number"),
    Index("uq_decision_file_no_line_insurer_number", "file_no", "line", "insurer_number", unique=True),
)

second_look = Table(
    "second_look",
    metadata,
    *_source(),
    _insurer(),
    _text("candidate_number", required=True),
    _text("state", required=True),
    _text("settled_by"),
    _text("agreed_by"),
    _text("reason"),
    _text("code"),
    Column("settled_at", IsoDateTime),
    PrimaryKeyConstraint("file_no", "line"),
    ForeignKeyConstraint(
        ["file_no", "line", "insurer_number"], ["decision.file_no", "decision.line", "decision.insurer_number"]
    ),
    Index(None, "insurer_number", "state"),
    Index(None, "candidate_number"),
)

# --- waiting for resolve ---

pending_person = Table(
    "pending_person",
    metadata,
    _text("insurer_number", required=True),
    _text("addressee_number", required=True),
    PrimaryKeyConstraint("insurer_number", "addressee_number"),
)

pending_household = Table(
    "pending_household",
    metadata,
    _text("insurer_number", required=True),
    _text("household_number", required=True),
    PrimaryKeyConstraint("insurer_number", "household_number"),
)

# --- derived: identity ---

prefectural_person = Table(
    "prefectural_person",
    metadata,
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    _text("insured_id", required=True),
    Column("retired_into", BigInteger, ForeignKey("prefectural_person.serial")),
    _date("look_again_on"),
    UniqueConstraint("insured_id"),
)
_partial(
    "ix_prefectural_person_look_again_on",
    prefectural_person.c.look_again_on,
    where=prefectural_person.c.look_again_on.is_not(None),
)

person_number = Table(
    "person_number",
    metadata,
    Column("number_index", LargeBinary(32), primary_key=True),
    Column("serial", BigInteger, ForeignKey("prefectural_person.serial"), nullable=False),
    Index(None, "serial"),
)

known_addressee = Table(
    "known_addressee",
    metadata,
    _text("insurer_number", required=True),
    _text("addressee_number", required=True),
    Column("serial", BigInteger, ForeignKey("prefectural_person.serial"), nullable=False),
    _text("municipal_id", required=True),
    PrimaryKeyConstraint("insurer_number", "addressee_number"),
    UniqueConstraint("municipal_id"),
    Index(None, "serial"),
)

held_record = Table(
    "held_record",
    metadata,
    *_source(),
    _text("insurer_number", required=True),
    _text("addressee_number", required=True),
    PrimaryKeyConstraint("file_no", "line"),
    ForeignKeyConstraint(
        ["file_no", "line", "insurer_number"],
        ["person_record.file_no", "person_record.line", "person_record.insurer_number"],
    ),
    Index(None, "insurer_number", "addressee_number"),
)

# --- derived: qualification ---

qualification_span = Table(
    "qualification_span",
    metadata,
    _insurer(),
    _text("addressee_number", required=True),
    Column("history_number", Integer, nullable=False),
    Column("serial", BigInteger, ForeignKey("prefectural_person.serial"), nullable=False),
    _date("start_day", required=True),
    _date("end_day"),  # exclusive; None: open
    PrimaryKeyConstraint("insurer_number", "addressee_number", "history_number"),
    ForeignKeyConstraint(
        ["insurer_number", "addressee_number"], ["known_addressee.insurer_number", "known_addressee.addressee_number"]
    ),
    CheckConstraint("end_day IS NULL OR end_day > start_day", name="period"),
    Index(None, "serial", "start_day"),
)
"""Part of a person's qualification that one application period stands for. Those of one person never overlap (S-21), which
:mod:`kokuho_adapters.database.overlap` has the database itself refuse."""

# --- derived: findings and candidates ---

finding = Table(
    "finding",
    metadata,
    Column("number", BYTEWISE, primary_key=True),
    _text("kind", required=True),
    _text("person"),
    _text("left_insurer"),
    _text("left_addressee"),
    Column("left_history", Integer),
    _text("entered_insurer"),
    _text("entered_addressee"),
    Column("entered_history", Integer),
    _date("period_start"),
    _date("period_end"),
    Column("days", Integer),
    Column("is_open", Boolean, nullable=False),
    _date("detected_on", required=True),
    Index(None, "left_insurer", "left_addressee"),
    Index(None, "entered_insurer", "entered_addressee"),
    Index(None, "is_open"),
)

move = Table(
    "move",
    metadata,
    _text("left_insurer", required=True),
    _text("left_addressee", required=True),
    Column("left_history", Integer, nullable=False),
    _text("entered_insurer", required=True),
    _text("entered_addressee", required=True),
    Column("entered_history", Integer, nullable=False),
    _text("person", required=True),
    _text("from_household", required=True),
    _text("to_household", required=True),
    _date("moved_on", required=True),
    PrimaryKeyConstraint(
        "left_insurer", "left_addressee", "left_history", "entered_insurer", "entered_addressee", "entered_history"
    ),
    ForeignKeyConstraint(
        ["left_insurer", "left_addressee"], ["known_addressee.insurer_number", "known_addressee.addressee_number"]
    ),
    ForeignKeyConstraint(
        ["entered_insurer", "entered_addressee"], ["known_addressee.insurer_number", "known_addressee.addressee_number"]
    ),
    Index(None, "left_insurer", "from_household"),
    Index(None, "entered_insurer", "to_household"),
)

candidate = Table(
    "candidate",
    metadata,
    Column("number", BYTEWISE, primary_key=True),
    Column("from_insurer", BYTEWISE, ForeignKey("insurer.insurer_number"), nullable=False),
    _text("from_household", required=True),
    Column("to_insurer", BYTEWISE, ForeignKey("insurer.insurer_number"), nullable=False),
    _text("to_household", required=True),
    _date("moved_on", required=True),
    _text("movers", required=True),
    _text("head_addressee"),
    _text("suggestion", required=True),
    _text("suggestion_reason", required=True),
    _text("rules", required=True),
    Column("is_protected", Boolean, nullable=False),
    _text("left_months", required=True),
    _text("entered_months", required=True),
    _text("decision"),
    _date("decided_on"),
    Column("version", Integer, nullable=False),
    UniqueConstraint("from_insurer", "from_household", "to_insurer", "to_household"),
    UniqueConstraint("number", "to_insurer"),
    Index(None, "to_insurer", "to_household"),
)

# --- what municipalities are told ---

returned_row = Table(
    "returned_row",
    metadata,
    _text("subject", required=True),
    _text("file_id", required=True),
    _text("insurer_number", required=True),
    _text("item", required=True),
    _text("stands"),
    _text("told"),
    Column("waits_in", Integer),  # return_round in which it goes; None: it is not due
    PrimaryKeyConstraint("subject", "file_id", "insurer_number", "item"),
)
_partial(
    "ix_returned_row_waits_in",
    returned_row.c.insurer_number,
    returned_row.c.file_id,
    returned_row.c.waits_in,
    returned_row.c.subject,
    returned_row.c.item,
    where=returned_row.c.waits_in.is_not(None),
)

return_round = _rounds("return_round")  # 返却の回: what waits in an earlier one was told

delivery = Table(
    "delivery",
    metadata,
    Column("insurer_number", BYTEWISE, ForeignKey("insurer.insurer_number"), nullable=False),
    _text("file_id", required=True),
    Column("sequence", Integer, nullable=False),
    _text("name", required=True),
    _text("folder", required=True),
    Column("created_at", IsoDateTime, nullable=False),
    Column("records", Integer, nullable=False),
    Column("is_published", Boolean, nullable=False),
    _text("provided_by"),  # None: delivered before this was kept
    _text("purpose"),
    PrimaryKeyConstraint("insurer_number", "file_id", "sequence"),
    Index(None, "is_published"),
)

# --- keys: wrapped, never in clear ---

data_key = Table(
    "data_key",
    metadata,
    Column("key_id", BYTEWISE, primary_key=True),
    _text("purpose", required=True),
    _text("insurer_number"),  # None: a key of the whole prefecture
    Column("version", Integer, nullable=False),
    _text("state", required=True),
    _text("wrapping_key_id"),
    Column("wrapped", LargeBinary),
    Column("created_at", IsoDateTime, nullable=False),
    Column("retired_at", IsoDateTime),
    Column("destroyed_at", IsoDateTime),
    UniqueConstraint("purpose", "insurer_number", "version"),
)
_current_of_insurer = (data_key.c.state == "current") & data_key.c.insurer_number.is_not(None)
_current_of_prefecture = (data_key.c.state == "current") & data_key.c.insurer_number.is_(None)
_partial(
    "ix_data_key_current_of_insurer",
    data_key.c.purpose,
    data_key.c.insurer_number,
    unique=True,
    where=_current_of_insurer,
)
_partial(
    "ix_data_key_current_of_prefecture",
    data_key.c.purpose,
    unique=True,
    where=_current_of_prefecture,
)

key_usage = Table(
    "key_usage",
    metadata,
    Column("key_id", BYTEWISE, primary_key=True),
    Column("encryptions", BigInteger, nullable=False),
)

wrapping_key = Table(
    "wrapping_key",
    metadata,
    Column("wrapping_key_id", BYTEWISE, primary_key=True),
    _text("key_id", required=True),
    _text("state", required=True),
    Column("created_at", IsoDateTime, nullable=False),
    Column("retired_at", IsoDateTime),
    Column("destroyed_at", IsoDateTime),
    Index(None, "key_id"),
)

key_disposal = Table(
    "key_disposal",
    metadata,
    Column("key_id", BYTEWISE, primary_key=True),
    _text("purpose", required=True),
    _text("insurer_number"),
    Column("version", Integer, nullable=False),
    _text("decided_by", required=True),
    _text("reason", required=True),
    Column("decided_at", IsoDateTime, nullable=False),
    Column("completed_at", IsoDateTime),
)

# --- 媒体の受渡簿 ---

media_handover = Table(
    "media_handover",
    metadata,
    _text("number", required=True),
    _text("direction", required=True),
    _text("insurer_number", required=True),
    _text("package", required=True),
    Column("size", BigInteger, nullable=False),
    _text("sha256", required=True),
    _text("files", required=True),
    _text("medium", required=True),
    _text("handed_by", required=True),
    Column("handed_at", IsoDateTime, nullable=False),
    _date("due_on"),
    PrimaryKeyConstraint("number", "direction"),
    Index(None, "insurer_number"),
)

media_settlement = Table(
    "media_settlement",
    metadata,
    _text("number", required=True),
    _text("direction", required=True),
    _text("outcome", required=True),
    _text("settled_by", required=True),
    Column("settled_at", IsoDateTime, nullable=False),
    PrimaryKeyConstraint("number", "direction"),
)

# --- 安全弁 ---

gate_stop = Table(
    "gate_stop",
    metadata,
    Column("file_no", BigInteger, primary_key=True, autoincrement=False),
    _text("insurer_number", required=True),
    Column("stopped_at", IsoDateTime, nullable=False),
    _text("measures", required=True),
    _text("state", required=True),
    _text("settled_by"),
    _text("agreed_by"),
    _text("reason"),
    Column("settled_at", IsoDateTime),
    Index(None, "insurer_number", "state"),
)

# --- 取消し: files recalled, and their records as they were (P-7) ---

recalled_file = Table(
    "recalled_file",
    metadata,
    Column("file_no", BigInteger, primary_key=True, autoincrement=False),
    _text("insurer_number", required=True),
    Column("recalled_at", IsoDateTime, nullable=False),
    _text("asked_by", required=True),
    _text("agreed_by", required=True),
    _text("reason", required=True),
    Column("records", Integer, nullable=False),
)


def _set_aside(table: Table, *key: str) -> Table:
    """A table with the same columns for what counts no more; looked into only to know what was known before."""
    columns = [
        Column(column.name, column.type, nullable=column.nullable) for column in table.columns if column.computed is None
    ]
    return Table(
        f"recalled_{table.name}", metadata, *columns, PrimaryKeyConstraint("file_no", "line"), Index(None, *key)
    )


recalled_person_record = _set_aside(person_record, "insurer_number", "addressee_number")
recalled_household_record = _set_aside(household_record, "insurer_number", "household_number")
recalled_high_cost_record = _set_aside(high_cost_record, "insurer_number", "household_number")
recalled_other_record = _set_aside(other_record, "file_id", "identity")
recalled_decision = _set_aside(decision, "candidate_number")
recalled_second_look = _set_aside(second_look, "candidate_number")
recalled_identity_verdict = _set_aside(identity_verdict, "recorded_at")

SET_ASIDE: Final = {
    identity_verdict: recalled_identity_verdict,
    person_record: recalled_person_record,
    household_record: recalled_household_record,
    high_cost_record: recalled_high_cost_record,
    other_record: recalled_other_record,
    second_look: recalled_second_look,
    decision: recalled_decision,
}
"""Where the records of a recalled file are moved to, in this order: what names a record goes before it."""

# --- 廃棄 ---

disposal = Table(
    "disposal",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _date("as_of", required=True),
    _text("asked_by", required=True),
    _text("agreed_by", required=True),
    _text("reason", required=True),
    Column("started_at", IsoDateTime, nullable=False),
    Column("completed_at", IsoDateTime),
    _text("counts", required=True),
    _text("destroyed_keys", required=True),
)

disposal_subject = Table(
    "disposal_subject",
    metadata,
    Column("number", Integer, nullable=False),
    Column("serial", BigInteger, nullable=False),
    PrimaryKeyConstraint("number", "serial"),
)

# --- access, approval, audit ---

operator_grant = Table(
    "operator_grant",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _text("operator", required=True),
    _text("role", required=True),
    _text("scope"),
    _date("valid_from", required=True),
    _date("valid_until", required=True),
    _text("granted_by", required=True),
    Column("granted_at", IsoDateTime, nullable=False),
    Column("revoked_at", IsoDateTime),
    _text("revoked_by"),
)

operator_factor = Table(
    "operator_factor",
    metadata,
    Column("operator", BYTEWISE, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    _text("enrolled_by", required=True),
    Column("enrolled_at", IsoDateTime, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_at", IsoDateTime),
    Column("version", Integer, nullable=False),
)

operator_login = Table(
    "operator_login",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    _text("operator", required=True),
    _text("terminal", required=True),
    Column("opened_at", IsoDateTime, nullable=False),
    Column("expires_at", IsoDateTime, nullable=False),
    Column("closed_at", IsoDateTime),
    Index(None, "operator"),
)

approval = Table(
    "approval",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _text("kind", required=True),
    _text("subject", required=True),
    _text("digest", required=True),
    _text("insurer"),
    _text("requested_by", required=True),
    _text("reason", required=True),
    Column("requested_at", IsoDateTime, nullable=False),
    Column("expires_at", IsoDateTime, nullable=False),
    _text("state", required=True),
    _text("decided_by"),
    Column("decided_at", IsoDateTime),
    _text("decided_reason"),
    _text("used_by"),
    Column("used_at", IsoDateTime),
    Column("version", Integer, nullable=False),
    Index(None, "kind", "subject"),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", IsoDateTime, nullable=False),
    _text("session", required=True),
    _text("operator", required=True),
    _text("terminal", required=True),
    _text("role"),
    _text("operation", required=True),
    _text("result", required=True),
    _text("subject", required=True),
    _text("insurer"),
    _text("purpose", required=True),
    _text("code", required=True),
    _text("counts", required=True),
    Column("mac", LargeBinary(32), nullable=False),
)


# --- 委託区画(中継): kept for ever, so it rests on no table that retention empties (R-1, S-35) ---

pending_registration = Table(
    "pending_registration",
    metadata,
    _insurer(),
    _text("addressee_number", required=True),
    PrimaryKeyConstraint("insurer_number", "addressee_number"),
)

registration_version = Table(
    "registration_version",
    metadata,
    _insurer(),
    _text("record_key", required=True),
    _text("addressee_number", required=True),
    _text("municipal_id", required=True),
    Column("period", Integer, nullable=False),
    *_source(),  # of the history row it was made from, by which its number is found
    _text("content", required=True),
    _text("card"),  # symbol, number and branch number, None without a branch number
    _text("replaced"),
    _date("notified_on", required=True),
    Column("recorded_at", IsoDateTime, nullable=False),
    Column("ended_at", IsoDateTime),
    PrimaryKeyConstraint("insurer_number", "record_key"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
    Index(None, "insurer_number", "addressee_number"),
)
_partial(
    "ix_registration_version_card",
    registration_version.c.insurer_number,
    registration_version.c.card,
    where=registration_version.c.card.is_not(None) & registration_version.c.ended_at.is_(None),
)

registration_message = Table(
    "registration_message",
    metadata,
    _insurer(),
    Column("number", BigInteger, nullable=False),
    _text("record_key", required=True),
    _text("update_kind", required=True),
    _date("notified_on", required=True),
    _text("result"),  # None: not answered
    _text("error_code"),
    _text("error_field"),
    Column("processed_at", IsoDateTime),
    PrimaryKeyConstraint("insurer_number", "number"),
    UniqueConstraint("insurer_number", "record_key", "update_kind"),
    ForeignKeyConstraint(
        ["insurer_number", "record_key"],
        ["registration_version.insurer_number", "registration_version.record_key"],
        name="fk_registration_message_version",
    ),
)
_partial(
    "ix_registration_message_waiting",
    registration_message.c.insurer_number,
    registration_message.c.number,
    where=registration_message.c.result.is_(None),
)

registration_batch = Table(
    "registration_batch",
    metadata,
    _insurer(),
    _text("exchange", required=True),
    Column("number", Integer, nullable=False),
    Column("first_message", BigInteger, nullable=False),
    Column("last_message", BigInteger, nullable=False),
    Column("line_count", Integer, nullable=False),
    _text("channel", required=True),
    Column("created_at", IsoDateTime, nullable=False),
    _text("reception"),  # None: perhaps not sent
    Column("sent_at", IsoDateTime),
    Column("settled_at", IsoDateTime),  # None: results are missing
    PrimaryKeyConstraint("insurer_number", "exchange", "number"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

registration_block = Table(
    "registration_block",
    metadata,
    _insurer(),
    _text("addressee_number", required=True),
    Column("period", Integer, nullable=False),
    _text("municipal_id"),
    *_source(),
    _text("code", required=True),
    _text("fields", required=True),
    _date("start_day"),
    _date("end_day"),
    _date("notified_on", required=True),
    PrimaryKeyConstraint("insurer_number", "addressee_number", "period"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

subscriber = Table(
    "subscriber",
    metadata,
    _insurer(),
    _text("municipal_id", required=True),
    _text("internal_branch_number"),
    _text("verification"),
    Column("processed_at", IsoDateTime, nullable=False),
    PrimaryKeyConstraint("insurer_number", "municipal_id"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

relay_certificate = Table(
    "relay_certificate",
    metadata,
    *_source(),
    _insurer(),
    _text("addressee_number", required=True),
    _text("identity", required=True),
    _text("update_kind", required=True),
    _text("content", required=True),
    Column("is_recalled", Boolean, nullable=False),
    PrimaryKeyConstraint("file_no", "line"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
    Index(None, "insurer_number", "addressee_number"),
)

institution_symbol = Table(
    "institution_symbol",
    metadata,
    _insurer(),
    Column("number", BigInteger, nullable=False),
    _text("municipal_id", required=True),
    _date("requested_on", required=True),
    _text("result"),
    Column("processed_at", IsoDateTime),
    PrimaryKeyConstraint("insurer_number", "number"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
    Index(None, "insurer_number", "municipal_id"),
)

# --- 利用登録 ---

card_snapshot = Table(
    "card_snapshot",
    metadata,
    _insurer(),
    _date("snapshot_on", required=True),
    Column("taken_at", IsoDateTime, nullable=False),
    Column("persons", Integer, nullable=False),
    PrimaryKeyConstraint("insurer_number", "snapshot_on"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

card_registration = Table(
    "card_registration",
    metadata,
    _insurer(),
    _text("municipal_id", required=True),
    _date("snapshot_on", required=True),
    _text("registration", required=True),
    _date("certificate_expires_on"),
    PrimaryKeyConstraint("insurer_number", "municipal_id"),
    ForeignKeyConstraint(
        ["insurer_number", "snapshot_on"],
        ["card_snapshot.insurer_number", "card_snapshot.snapshot_on"],
        name="fk_card_registration_snapshot",
    ),
)

card_withdrawal = Table(
    "card_withdrawal",
    metadata,
    _insurer(),
    Column("number", BigInteger, nullable=False),
    _text("municipal_id", required=True),
    _date("applied_on", required=True),
    *_source(),
    _text("result"),
    _date("effective_on"),
    PrimaryKeyConstraint("insurer_number", "number"),
    UniqueConstraint("insurer_number", "municipal_id", "applied_on"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

document_decision = Table(
    "document_decision",
    metadata,
    _insurer(),
    _text("municipal_id", required=True),
    Column("number", Integer, nullable=False),
    _text("document", required=True),
    _text("reason", required=True),
    _date("snapshot_on"),
    _date("expires_on"),
    _text("card", required=True),  # symbol, number and branch number it is made out for (C-4)
    _date("made_out_since", required=True),
    Column("decided_at", IsoDateTime, nullable=False),
    PrimaryKeyConstraint("insurer_number", "municipal_id", "number"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

document_request = Table(
    "document_request",
    metadata,
    _insurer(),
    _text("municipal_id", required=True),
    _text("kind", required=True),
    _date("requested_on", required=True),
    _text("requested_by", required=True),
    Column("recorded_at", IsoDateTime, nullable=False),
    Column("ended_at", IsoDateTime),
    PrimaryKeyConstraint("insurer_number", "municipal_id", "kind", "recorded_at"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

# --- 資格重複状況結果 ---

cover_list = Table(
    "cover_list",
    metadata,
    _insurer(),
    _date("listed_on", required=True),
    Column("taken_at", IsoDateTime, nullable=False),
    Column("listed", Integer, nullable=False),
    PrimaryKeyConstraint("insurer_number", "listed_on"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

cover_listing = Table(
    "cover_listing",
    metadata,
    _insurer(),
    _text("municipal_id", required=True),
    _date("listed_on", required=True),
    _text("other_insurer_number", required=True),
    _date("other_acquired_on", required=True),
    PrimaryKeyConstraint(
        "insurer_number", "municipal_id", "listed_on", "other_insurer_number", "other_acquired_on"
    ),
    ForeignKeyConstraint(
        ["insurer_number", "listed_on"],
        ["cover_list.insurer_number", "cover_list.listed_on"],
        name="fk_cover_listing_list",
    ),
)

ex_officio_loss = Table(
    "ex_officio_loss",
    metadata,
    _insurer(),
    _text("municipal_id", required=True),
    _text("other_insurer_number", required=True),
    _date("other_acquired_on", required=True),
    _date("lost_on", required=True),
    _text("listed_on", required=True),
    _text("asked_by", required=True),
    _text("agreed_by", required=True),
    _text("reason", required=True),
    Column("decided_at", IsoDateTime, nullable=False),
    PrimaryKeyConstraint("insurer_number", "municipal_id", "other_insurer_number", "other_acquired_on"),
    ForeignKeyConstraint(["insurer_number"], ["insurer.insurer_number"]),
)

PERMANENT: Final = frozenset({registration_version.name, relay_certificate.name})
"""Tables that name addressees and are kept for ever all the same: 委託区画 (R-1, S-35)."""
# --- 自庁: the municipal office's own side, a municipality's alone ---

office_row = Table(  # 履歴行 of persons («P») and households («H»); what stood before is kept as an earlier version (P-7)
    "office_row",
    metadata,
    _insurer(),
    _text("kind", required=True),
    _text("subject", required=True),
    Column("history_number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    _text("content", required=True),
    _text("household_number", required=True),
    Column("number_index", LargeBinary(32)),
    Column("previous_number_index", LargeBinary(32)),
    Column("notice", Integer, nullable=False),
    Column("changed_by", Integer, nullable=False),
    Column("is_cancelled", Boolean, nullable=False),
    Column("is_sent", Boolean, nullable=False),  # as it was when the row began to wait
    Column("waits_in", Integer),  # 送付回
    Column("recorded_at", IsoDateTime, nullable=False),
    Column("superseded_at", IsoDateTime),
    PrimaryKeyConstraint("insurer_number", "kind", "subject", "history_number", "version"),
    Index(None, "insurer_number", "kind", "household_number"),
    Index(None, "insurer_number", "notice"),
    Index(None, "number_index"),
)
_partial(
    "ix_office_row_waiting",
    office_row.c.insurer_number,
    office_row.c.kind,
    office_row.c.waits_in,
    office_row.c.subject,
    office_row.c.history_number,
    office_row.c.is_cancelled,
    office_row.c.is_sent,  # all that a sending notes of a row, which itself is wide
    where=office_row.c.waits_in.is_not(None),
)

office_round = _rounds("office_round")  # 送付回: what waits in an earlier one went out with it

office_person = Table(
    "office_person",
    metadata,
    _insurer(),
    _text("addressee_number", required=True),
    _date("died_on"),
    Column("death_notice", Integer),
    _text("former_starts", required=True),
    PrimaryKeyConstraint("insurer_number", "addressee_number"),
)

office_notice = Table(
    "office_notice",
    metadata,
    _insurer(),
    Column("number", Integer, nullable=False),
    _text("kind", required=True),
    _date("event_on", required=True),
    _date("notified_on", required=True),
    Column("recorded_at", IsoDateTime, nullable=False),
    _text("grounds", required=True),
    PrimaryKeyConstraint("insurer_number", "number"),
)

office_file = Table(
    "office_file",
    metadata,
    _insurer(),
    _text("name", required=True),
    _text("file_id", required=True),
    Column("sequence", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Column("created_at", IsoDateTime, nullable=False),
    _text("folder", required=True),
    Column("is_published", Boolean, nullable=False),
    Column("is_refused", Boolean, nullable=False),  # as a whole: its sequence number is free again
    PrimaryKeyConstraint("insurer_number", "name"),
)

office_sent_lines = Table(  # 送った行 many together, in order: a row for each would cost more than the file itself
    "office_sent_lines",
    metadata,
    _insurer(),
    _text("name", required=True),
    Column("first_line", Integer, nullable=False),
    _text("lines", required=True),  # JSON: for each its subject, history number and update kind
    PrimaryKeyConstraint("insurer_number", "name", "first_line"),
)

office_sent_line = Table(  # 送った行 of which something came back
    "office_sent_line",
    metadata,
    _insurer(),
    _text("name", required=True),
    Column("line", Integer, nullable=False),
    _text("subject", required=True),
    Column("history_number", Integer, nullable=False),
    _text("update_kind", required=True),
    _text("result"),
    _text("error_code"),
    _text("error_field"),
    PrimaryKeyConstraint("insurer_number", "name", "line"),
)

office_other = Table(
    "office_other",
    metadata,
    _insurer(),
    _text("file_id", required=True),
    _text("identity", required=True),
    _text("subject", required=True),
    _text("content", required=True),
    Column("is_cancelled", Boolean, nullable=False),
    Column("is_sent", Boolean, nullable=False),  # as it was when the row began to wait
    Column("waits_in", Integer),  # 送付回
    PrimaryKeyConstraint("insurer_number", "file_id", "identity"),
    Index(None, "insurer_number", "file_id", "subject"),
)

office_returned = Table(
    "office_returned",
    metadata,
    _insurer(),
    _text("file_id", required=True),
    _text("item", required=True),
    _text("subject", required=True),
    Column("sequence", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    _text("content", required=True),
    PrimaryKeyConstraint("insurer_number", "file_id", "item"),
    Index(None, "insurer_number", "file_id", "subject"),
)

office_look_up = Table(  # 番号の照会: which items matched, never their values (I-2, S-23)
    "office_look_up",
    metadata,
    _insurer(),
    Column("number", Integer, nullable=False),
    _text("addressee_number", required=True),
    Column("looked_up_at", IsoDateTime, nullable=False),
    _text("asked_by", required=True),
    _text("agreed_by"),
    _text("outcome", required=True),
    Column("candidates", Integer, nullable=False),
    _text("matched", required=True),
    _text("code", required=True),
    Column("notice", Integer),
    PrimaryKeyConstraint("insurer_number", "number"),
    ForeignKeyConstraint(["insurer_number", "notice"], ["office_notice.insurer_number", "office_notice.number"]),
)

office_handover = Table(
    "office_handover",
    metadata,
    _insurer(),
    _text("addressee_number", required=True),
    _text("content", required=True),
    PrimaryKeyConstraint("insurer_number", "addressee_number"),
)
