"""廃棄の保管: who is due is found by one statement, and destroyed in batches with everything that names him (S-29)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from kokuho_adapters.database.number_keys import one_of_numbers
from kokuho_adapters.database.statements import batches, under_keys
from kokuho_adapters.database.tables import (
    PERMANENT,
    SET_ASIDE,
    candidate,
    decision,
    delivery,
    disposal,
    disposal_subject,
    finding,
    gate_stop,
    held_content,
    identity_verdict,
    known_addressee,
    media_handover,
    media_settlement,
    metadata,
    move,
    number_vault,
    office_row,
    other_record,
    pending_person,
    person_number,
    person_record,
    prefectural_person,
    recalled_decision,
    recalled_file,
    recalled_person_record,
    recalled_second_look,
    received_file,
    record_outcome,
    returned_row,
    second_look,
)
from kokuho_core.approval import Agreement
from kokuho_core.ports.retention import Disposal, DueCounts
from kokuho_core.reception.ledger import FileResult
from kokuho_core.retention.rules import RULES, RecordKind
from kokuho_core.returning.rows import addressee_subject
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber

_files, _persons, _known, _subjects = received_file.c, person_record.c, known_addressee.c, disposal_subject.c


def _tables_with(*columns: str, but: Table) -> tuple[Table, ...]:
    """Every table with these columns, what refers to others first, so that one that is added later is not forgotten.

    All but the 委託区画, which is kept for ever (S-35).
    """
    return tuple(
        table
        for table in reversed(metadata.sorted_tables)
        if {*columns} <= {*table.columns.keys()} and table is not but and table.name not in PERMANENT
    )


_ADDRESSED: Final = _tables_with("insurer_number", "addressee_number", but=known_addressee)
_IN_HOUSEHOLDS: Final = tuple(
    table
    for table in _tables_with("insurer_number", "household_number", but=person_record)
    if table is not recalled_person_record
)
_Keys = Sequence[tuple[str, str]]


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time())


@frozen
class SqlRetentionStore:
    """:class:`kokuho_core.ports.retention.RetentionStore` on SQL tables."""

    connection: Connection

    # --- what is due ---

    def due(self, as_of: date) -> DueCounts:
        counts: dict[tuple[RecordKind, InsurerNumber | None], int] = {}
        persons = _due_persons(_last_day(RecordKind.PERSON, as_of)).subquery()
        query = select(_known.insurer_number, func.count()).join(persons, persons.c.serial == _known.serial)
        self._count(counts, RecordKind.PERSON, query.group_by(_known.insurer_number))
        for kind, table, insurer, wanted in _receipts_due(as_of):
            column = table.c[insurer]
            self._count(counts, kind, select(column, func.count()).where(*wanted).group_by(column))
        return counts

    def _count(
        self, counts: dict[tuple[RecordKind, InsurerNumber | None], int], kind: RecordKind, query: Select[Any]
    ) -> None:
        for insurer, count in self.connection.execute(query):
            counts[kind, InsurerNumber(insurer) if insurer is not None else None] = int(count)

    # --- the record of a disposal ---

    def unfinished(self) -> Disposal | None:
        row = self.connection.execute(select(disposal).where(disposal.c.completed_at.is_(None))).first()
        return _disposal(row) if row is not None else None

    def begin(self, as_of: date, agreement: Agreement, at: datetime) -> int:
        number = int(self.connection.execute(select(func.coalesce(func.max(disposal.c.number), 0))).scalar_one()) + 1
        self.connection.execute(
            insert(disposal).values(
                number=number, as_of=as_of, asked_by=agreement.asked_by, agreed_by=agreement.agreed_by,
                reason=agreement.reason, started_at=at, counts="{}", destroyed_keys="[]",
            )
        )  # fmt: skip
        due = _due_persons(_last_day(RecordKind.PERSON, as_of)).subquery()
        self.connection.execute(
            insert(disposal_subject).from_select(["number", "serial"], select(literal(number), due.c.serial))
        )
        return number

    def complete(self, number: int, at: datetime) -> None:
        self.connection.execute(update(disposal).where(disposal.c.number == number).values(completed_at=at))

    def add_destroyed_keys(self, number: int, key_ids: list[str]) -> None:
        self.connection.execute(
            update(disposal).where(disposal.c.number == number).values(destroyed_keys=json.dumps(key_ids))
        )

    def folders(self) -> list[str]:
        return sorted(self.connection.execute(select(delivery.c.folder).distinct()).scalars())

    def all(self) -> list[Disposal]:
        return [_disposal(row) for row in self.connection.execute(select(disposal).order_by(disposal.c.number))]

    def add_counts(self, number: int, added: DueCounts) -> None:
        text = self.connection.execute(select(disposal.c.counts).where(disposal.c.number == number)).scalar_one()
        counts = json.loads(text)
        for (kind, insurer), count in added.items():
            key = f"{kind.value}/{insurer or ''}"
            counts[key] = counts.get(key, 0) + count
        self.connection.execute(
            update(disposal).where(disposal.c.number == number).values(counts=json.dumps(counts, sort_keys=True))
        )

    # --- destroying ---

    def dispose_persons(self, number: int, limit: int) -> int:
        self._overwrite_what_is_deleted()
        chosen = select(_subjects.serial).where(_subjects.number == number).order_by(_subjects.serial).limit(limit)
        serials = list(self.connection.execute(chosen).scalars())
        if not serials:
            return 0
        rows = self.connection.execute(
            select(_known.insurer_number, _known.addressee_number, _known.municipal_id).where(_known.serial.in_(serials))
        ).all()
        addressees = [(row[0], row[1]) for row in rows]
        households, numbers = self._named_by(addressees)
        self._delete_findings(addressees)
        self._delete_person_records(addressees)
        self._delete_rows([addressee_subject(Addressee(InsurerNumber(a), AddresseeNumber(b))) for a, b in addressees])
        self._delete_rows([row[2] for row in rows])
        self._delete_others("FUZOKU", [f"{insurer}/{addressee}" for insurer, addressee in addressees])
        self._delete_others("KAIJO", [f"{row[0]}/{row[2]}" for row in rows])
        self._delete_empty_households(households)
        self._delete_numbers(numbers)
        self.connection.execute(delete(person_number).where(person_number.c.serial.in_(serials)))
        self.connection.execute(delete(known_addressee).where(_known.serial.in_(serials)))
        persons = prefectural_person.c
        self.connection.execute(
            delete(prefectural_person).where(or_(persons.serial.in_(serials), persons.retired_into.in_(serials)))
        )
        self.connection.execute(
            delete(disposal_subject).where(_subjects.number == number, _subjects.serial.in_(serials))
        )
        counts: dict[tuple[RecordKind, InsurerNumber | None], int] = {}
        for insurer, _ in addressees:
            key = (RecordKind.PERSON, InsurerNumber(insurer))
            counts[key] = counts.get(key, 0) + 1
        self.add_counts(number, counts)
        return len(serials)

    def dispose_receipts(self, number: int, as_of: date) -> None:
        self._overwrite_what_is_deleted()
        counts: dict[tuple[RecordKind, InsurerNumber | None], int] = {}
        for kind, table, insurer, wanted in _receipts_due(as_of):
            column = table.c[insurer]
            self._count(counts, kind, select(column, func.count()).where(*wanted).group_by(column))
            keys = list(table.primary_key.columns)
            found = self.connection.execute(select(*keys).where(*wanted)).all()
            for batch in batches(found, 200):
                if kind is RecordKind.HELD_CONTENT:
                    self._forget_content([row[0] for row in batch])
                    continue
                listed = [tuple(row) for row in batch]
                if kind is RecordKind.LEDGER:
                    file_nos = [row[0] for row in batch]
                    for each in (record_outcome, gate_stop, recalled_file, held_content):
                        self.connection.execute(delete(each).where(each.c.file_no.in_(file_nos)))
                if kind is RecordKind.MEDIA:
                    settled = tuple_(media_settlement.c.number, media_settlement.c.direction)
                    self.connection.execute(delete(media_settlement).where(settled.in_(listed)))
                self.connection.execute(delete(table).where(tuple_(*keys).in_(listed)))
        self.add_counts(number, counts)

    def _forget_content(self, file_nos: list[int]) -> None:
        self.connection.execute(update(received_file).where(_files.file_no.in_(file_nos)).values(is_waiting=False))
        self.connection.execute(delete(held_content).where(held_content.c.file_no.in_(file_nos)))

    def _overwrite_what_is_deleted(self) -> None:
        """SQLite leaves deleted rows on their pages unless told otherwise."""
        if self.connection.dialect.name == "sqlite":
            self.connection.exec_driver_sql("PRAGMA secure_delete=ON")

    def _named_by(self, addressees: _Keys) -> tuple[set[tuple[str, str]], set[tuple[str, bytes]]]:
        """Households and number indexes in the records of these people."""
        households: set[tuple[str, str]] = set()
        numbers: set[tuple[str, bytes]] = set()
        for table in (person_record, recalled_person_record):
            own = table.c
            for wanted in under_keys(self.connection, own.insurer_number, own.addressee_number, addressees):
                query = select(own.insurer_number, own.household_number, own.number_index, own.previous_number_index)
                for insurer, household, *indexes in self.connection.execute(query.where(wanted)):
                    households.add((insurer, household))
                    numbers.update((insurer, index) for index in indexes if index is not None)
        return households, numbers

    def _delete_findings(self, addressees: _Keys) -> None:
        own = finding.c
        for insurer, addressee in ((own.left_insurer, own.left_addressee), (own.entered_insurer, own.entered_addressee)):
            for wanted in under_keys(self.connection, insurer, addressee, addressees):
                numbers = list(self.connection.execute(select(own.number).where(wanted)).scalars())
                self._delete_rows(numbers)
                self.connection.execute(delete(finding).where(wanted))

    def _delete_person_records(self, addressees: _Keys) -> None:
        own, moves = person_record.c, move.c
        for wanted in under_keys(self.connection, own.insurer_number, own.addressee_number, addressees):
            sources = select(own.file_no, own.line).where(wanted)
            decided = tuple_(identity_verdict.c.file_no, identity_verdict.c.line)
            self.connection.execute(delete(identity_verdict).where(decided.in_(sources)))
        for table in _ADDRESSED:
            for wanted in under_keys(self.connection, table.c.insurer_number, table.c.addressee_number, addressees):
                self.connection.execute(delete(table).where(wanted))
        for insurer, addressee in (
            (moves.left_insurer, moves.left_addressee), (moves.entered_insurer, moves.entered_addressee),
        ):  # fmt: skip
            for wanted in under_keys(self.connection, insurer, addressee, addressees):
                self.connection.execute(delete(move).where(wanted))

    def _delete_empty_households(self, named: Iterable[tuple[str, str]]) -> None:
        """Households of which nobody is left, with what was decided about them; their counts ended years ago (H-2)."""
        left: set[tuple[str, str]] = set()
        listed = list(named)
        for wanted in under_keys(self.connection, _persons.insurer_number, _persons.household_number, listed):
            still = select(_persons.insurer_number, _persons.household_number).where(wanted)
            left.update((row[0], row[1]) for row in self.connection.execute(still))
        empty = sorted(set(listed) - left)
        for table in _IN_HOUSEHOLDS:
            for wanted in under_keys(self.connection, table.c.insurer_number, table.c.household_number, empty):
                self.connection.execute(delete(table).where(wanted))
        self._delete_others("SHOTOKU", [f"{insurer}/{household}" for insurer, household in empty])
        own = candidate.c
        for insurer, household in ((own.from_insurer, own.from_household), (own.to_insurer, own.to_household)):
            for wanted in under_keys(self.connection, insurer, household, empty):
                numbers = list(self.connection.execute(select(own.number).where(wanted)).scalars())
                self._delete_rows(numbers)
                for batch in batches(numbers):
                    for table in (second_look, recalled_second_look, decision, recalled_decision):
                        self.connection.execute(delete(table).where(table.c.candidate_number.in_(batch)))
                self.connection.execute(delete(candidate).where(wanted))

    def _delete_rows(self, subjects: Iterable[str]) -> None:
        for batch in batches(subjects):
            self.connection.execute(delete(returned_row).where(returned_row.c.subject.in_(batch)))

    def _delete_others(self, file_id: str, subjects: Iterable[str]) -> None:
        for table in (other_record, SET_ASIDE[other_record]):
            own = table.c
            for subject in subjects:
                of_subject = and_(own.identity >= f"{subject}/", own.identity < f"{subject}0")  # «0» follows «/»
                self.connection.execute(delete(table).where(own.file_id == file_id, of_subject))

    def _delete_numbers(self, numbers: Iterable[tuple[str, bytes]]) -> None:
        """個人番号 that no record of the municipality names any more."""
        vault = number_vault.c
        for batch in batches(sorted(numbers), 200):
            unnamed = set(batch)
            for table in (person_record, recalled_person_record, office_row):
                for column in (table.c.number_index, table.c.previous_number_index):
                    held = one_of_numbers(column, [index for _, index in batch])
                    naming = self.connection.execute(select(table.c.insurer_number, column).where(held))
                    unnamed.difference_update((insurer, index) for insurer, index in naming)
            wanted = (and_(vault.insurer_number == insurer, vault.number_index == index) for insurer, index in unnamed)
            self.connection.execute(delete(number_vault).where(or_(false(), *wanted)))


def _last_day(kind: RecordKind, as_of: date) -> date:
    return RULES[kind].last_day(as_of)


def _due_persons(last_day: date) -> Select[Any]:
    """Serials of persons none of whose periods, in any municipality, is open or ended after ``last_day``.

    The version that stands of each record is the newest; rows with one application start are one period, whose end the highest
    history number gives (P-3). Of whom nothing stands any more, the day counts on which that was said.
    """
    newest = func.row_number().over(
        partition_by=(_persons.insurer_number, _persons.addressee_number, _persons.history_number),
        order_by=(_persons.file_no.desc(), _persons.line.desc()),
    )
    kept = ("insurer_number", "addressee_number", "history_number", "update_kind", "application_start")
    ended = case((_persons.insured_kind == "2", _persons.member_end), else_=_persons.application_end)
    versions = select(*(_persons[key] for key in kept), ended.label("ended"), newest.label("place")).subquery().c
    highest = func.row_number().over(
        partition_by=(versions.insurer_number, versions.addressee_number, versions.application_start),
        order_by=versions.history_number.desc(),
    )
    standing = (
        select(versions.insurer_number, versions.addressee_number, versions.ended, highest.label("place"))
        .where(versions.place == 1, versions.update_kind != UpdateKind.CANCELLATION.value)
        .subquery()
    )
    periods = select(
        standing.c.insurer_number,
        standing.c.addressee_number,
        case((or_(standing.c.ended.is_(None), standing.c.ended > last_day), 1), else_=0).label("is_kept"),
    ).where(standing.c.place == 1)
    said = [
        select(table.c.insurer_number, table.c.addressee_number, func.max(when).label("moment"))
        .join(dated, dated.c.file_no == table.c.file_no)
        .group_by(table.c.insurer_number, table.c.addressee_number)
        for table, dated, when in (
            (person_record, received_file, _files.recorded_at),
            (recalled_person_record, recalled_file, recalled_file.c.recalled_at),
        )
    ]
    spoken = union_all(*said).subquery().c
    nothing_stands = ~exists().where(
        standing.c.insurer_number == spoken.insurer_number, standing.c.addressee_number == spoken.addressee_number
    )
    is_kept = case((spoken.moment >= _end_of(last_day), 1), else_=0)
    vanished = select(spoken.insurer_number, spoken.addressee_number, is_kept).where(nothing_stands)
    told = union_all(periods, vanished).subquery()
    waits = exists().where(
        pending_person.c.insurer_number == _known.insurer_number,
        pending_person.c.addressee_number == _known.addressee_number,
    )
    return (
        select(_known.serial)
        .join(
            told,
            and_(
                told.c.insurer_number == _known.insurer_number, told.c.addressee_number == _known.addressee_number
            ),
        )
        .group_by(_known.serial)
        .having(func.sum(told.c.is_kept) == 0, func.sum(case((waits, 1), else_=0)) == 0)
    )


def _receipts_due(
    as_of: date,
) -> list[tuple[RecordKind, Table, str, list[ColumnElement[bool]]]]:
    """Lines of ledgers that are due, and in which column their municipality stands.

    A file stays while facts of it stand, and so does the last of each sequence, by which the next is judged.
    """
    facts = [*SET_ASIDE, *SET_ASIDE.values()]
    later_file, later = received_file.alias("later").c, delivery.alias("later").c
    given, handed, settled = delivery.c, media_handover.c, media_settlement.c
    is_succeeded = exists().where(
        later_file.sender == _files.sender,
        later_file.file_id == _files.file_id,
        later_file.sequence > _files.sequence,
        later_file.result == FileResult.APPLIED.value,
    )
    return [
        (
            RecordKind.LEDGER,
            received_file,
            "sender",
            [
                _files.recorded_at < _end_of(_last_day(RecordKind.LEDGER, as_of)),
                _files.is_waiting.is_(False),
                or_(_files.result != FileResult.APPLIED.value, is_succeeded),
                *(~exists().where(table.c.file_no == _files.file_no) for table in facts),
            ],
        ),
        (
            RecordKind.PROVIDED,
            delivery,
            "insurer_number",
            [
                given.created_at < _end_of(_last_day(RecordKind.PROVIDED, as_of)),
                given.is_published.is_(True),
                exists().where(
                    later.insurer_number == given.insurer_number,
                    later.file_id == given.file_id,
                    later.sequence > given.sequence,
                ),
            ],
        ),
        (
            RecordKind.MEDIA,
            media_handover,
            "insurer_number",
            [
                exists().where(
                    settled.number == handed.number,
                    settled.direction == handed.direction,
                    settled.settled_at < _end_of(_last_day(RecordKind.MEDIA, as_of)),
                )
            ],
        ),
        (
            RecordKind.HELD_CONTENT,
            received_file,
            "sender",
            [_files.recorded_at < _end_of(_last_day(RecordKind.HELD_CONTENT, as_of)), _files.is_waiting.is_(True)],
        ),
    ]


def _disposal(row: Row[Any]) -> Disposal:
    counts = {}
    for key, count in json.loads(row.counts).items():
        kind, insurer = key.split("/")
        counts[RecordKind(kind), InsurerNumber(insurer) if insurer else None] = count
    return Disposal(
        row.number, row.as_of, row.asked_by, row.agreed_by, row.reason, row.started_at, row.completed_at, counts,
        tuple(json.loads(row.destroyed_keys)),
    )  # fmt: skip
