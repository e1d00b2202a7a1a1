"""自庁の保管: rows as JSON lists in the order of their record's attributes, each change a further version (P-7)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, Final

import orjson
from attrs import evolve, frozen
from sqlalchemy import (
    Connection,
    Integer,
    Row,
    Select,
    Update,
    and_,
    case,
    false,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy import cast as sql_cast

from kokuho_adapters.database.rounds import move_on, next_round
from kokuho_adapters.database.row_text import RowText
from kokuho_adapters.database.statements import (
    as_utf8,
    batches,
    bulk_insert,
    insert_or_ignore,
    one_of,
    streamed,
    under_keys,
    upsert,
)
from kokuho_adapters.database.tables import (
    insurer,
    number_vault,
    office_file,
    office_handover,
    office_notice,
    office_other,
    office_person,
    office_returned,
    office_round,
    office_row,
    office_sent_line,
    office_sent_lines,
)
from kokuho_core.household.record import HouseholdRecord
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.municipal_office.desk import Ground
from kokuho_core.municipal_office.history_row import HouseholdRow, PersonRow
from kokuho_core.municipal_office.other_rows import OTHER_RECORDS, OtherRow
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.municipal_office.returned import QualificationDates, ReturnedItem
from kokuho_core.ports.files import FIRST_LINE
from kokuho_core.ports.municipal import (
    HouseholdMessage,
    LineParts,
    LinesGoingOut,
    Notice,
    OtherMessage,
    PersonMessage,
    RowPlace,
    SentFile,
    SentLine,
    WaitingSubject,
)
from kokuho_core.ports.vault import SealedColumn, SealedNumber
from kokuho_core.returning.rows import ROW_TYPES
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.reasons import DEATH

PERSON: Final = "P"
HOUSEHOLD: Final = "H"
_KIND_OF_FILE: Final = {"SKKOJIN": PERSON, "SKSETAI": HOUSEHOLD}
_FILE_OF_KIND: Final = {kind: file_id for file_id, kind in _KIND_OF_FILE.items()}
_row, _sent, _sent_together, _other = office_row.c, office_sent_line.c, office_sent_lines.c, office_other.c
_PERSONS: Final = RowText(PersonRecord)
_HOUSEHOLDS: Final = RowText(HouseholdRecord)
_OTHERS: Final[Mapping[str, RowText[Any]]] = {key: RowText(kind) for key, kind in OTHER_RECORDS.items()}
_RETURNED: Final[Mapping[str, RowText[Any]]] = {key: RowText(kind) for key, kind in ROW_TYPES.items()}
_DATES: Final = RowText(QualificationDates)
_GROUND: Final = RowText(Ground)
_ROW_COLUMNS: Final = (
    "insurer_number", "kind", "subject", "history_number", "version", "content", "household_number", "number_index",
    "previous_number_index", "notice", "changed_by", "is_cancelled", "is_sent", "waits_in", "recorded_at",
)  # fmt: skip
_LINE_COLUMNS: Final = (
    "insurer_number", "name", "line", "subject", "history_number", "update_kind", "result", "error_code", "error_field"
)  # fmt: skip
_NOTED_TOGETHER: Final = 1000
_READ_TOGETHER: Final = 1000
_STANDS: Final = _row.superseded_at.is_(None)


# 送付回: everybody is marked as sent by one row (:mod:`kokuho_adapters.database.rounds`). ``is_sent`` is as it was when
# the row began to wait.
_next_round: Final = partial(next_round, office_round)


_ROW_AFTERWARDS: Final = or_(_row.is_sent, not_(_row.is_cancelled))
"""Whether a row is sent after its round, as :func:`kokuho_core.municipal_office.history_row.sent` has it."""
_OTHER_AFTERWARDS: Final = not_(_other.is_cancelled)
"""As :meth:`OtherRow.sent`."""


def _marks_of(columns: Any, next_round: Any, afterwards: Any) -> tuple[Any, Any]:
    """Whether a row is sent and whether it waits."""
    is_sent = case((columns.waits_in < next_round, afterwards), else_=columns.is_sent)
    return is_sent.label("was_sent"), func.coalesce(columns.waits_in == next_round, false()).label("waits")


def _goes_out(columns: Any, next_round: Any) -> Any:
    """As :meth:`HistoryRow.waits_as`: a row that was taken back before anybody was sent it goes nowhere."""
    return and_(columns.waits_in == next_round, or_(columns.is_sent, not_(columns.is_cancelled)))


def _update_kind(columns: Any) -> Any:
    """更新区分 of a row that goes out."""
    return case(
        (columns.is_cancelled, UpdateKind.CANCELLATION.value),
        (columns.is_sent, UpdateKind.CORRECTION.value),
        else_=UpdateKind.NEW.value,
    )


_OWN: Final = number_vault.alias("own_number")
_FORMER: Final = number_vault.alias("former_number")


def _with_sealed_numbers(query: Select[Any]) -> Select[Any]:
    """Both sealed numbers of a row beside it: index, key and ciphertext."""
    source: Any = office_row
    for vault, index in ((_OWN, _row.number_index), (_FORMER, _row.previous_number_index)):
        here = and_(vault.c.insurer_number == _row.insurer_number, vault.c.number_index == index)
        source = source.outerjoin(vault, here)
    own = (_row.number_index, _OWN.c.key_id, _OWN.c.ciphertext)
    former = (_row.previous_number_index, _FORMER.c.key_id, _FORMER.c.ciphertext)
    return query.add_columns(*own, *former).select_from(source)


def _sealed(insurer_number: InsurerNumber, columns: Sequence[Sequence[Any]]) -> SealedColumn | None:
    return SealedColumn(insurer_number, *columns) if any(columns[0]) else None


@frozen
class SqlMunicipalStore:
    """:class:`kokuho_core.ports.municipal.NumberedStore` on SQL tables."""

    connection: Connection

    # --- history ---

    def insurers(self) -> frozenset[InsurerNumber]:
        return frozenset(map(InsurerNumber, self.connection.execute(select(insurer.c.insurer_number)).scalars()))

    def persons(
        self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber] | None = None
    ) -> Iterator[OwnPerson]:
        if addressees is not None:
            yield from self._persons(insurer_number, sorted(addressees))
            return
        query = select(_row.subject).where(_row.insurer_number == insurer_number, _row.kind == PERSON)
        subjects = self.connection.execute(query.distinct().order_by(_row.subject)).scalars()
        for batch in batches(subjects.all(), 1000):
            yield from self._persons(insurer_number, batch)

    def households(self, insurer_number: InsurerNumber, numbers: Iterable[HouseholdNumber]) -> Iterator[OwnHousehold]:
        rows: dict[str, list[HouseholdRow]] = {}
        for row in self._rows(insurer_number, HOUSEHOLD, sorted(numbers)):
            rows.setdefault(row.subject, []).append(_household_row(row))
        for subject, each in rows.items():
            yield OwnHousehold(insurer_number, HouseholdNumber(subject), tuple(each))

    def homes_of(self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber]) -> set[HouseholdNumber]:
        found = self._others_of(insurer_number, _row.subject, sorted(addressees), _row.household_number)
        return set(map(HouseholdNumber, found))

    def ever_in(self, insurer_number: InsurerNumber, households: Iterable[HouseholdNumber]) -> set[AddresseeNumber]:
        found = self._others_of(insurer_number, _row.household_number, sorted(households), _row.subject)
        return set(map(AddresseeNumber, found))

    def concerned_by(
        self, insurer_number: InsurerNumber, notice: int
    ) -> tuple[set[AddresseeNumber], set[HouseholdNumber]]:
        query = select(_row.kind, _row.subject).where(_row.insurer_number == insurer_number, _row.notice == notice)
        rows = self.connection.execute(query.distinct()).all()
        deaths = select(office_person.c.addressee_number).where(
            office_person.c.insurer_number == insurer_number, office_person.c.death_notice == notice
        )
        persons = {AddresseeNumber(subject) for kind, subject in rows if kind == PERSON}
        persons.update(map(AddresseeNumber, self.connection.execute(deaths).scalars()))
        return persons, {HouseholdNumber(subject) for kind, subject in rows if kind == HOUSEHOLD}

    def next_notice(self, insurer_number: InsurerNumber) -> int:
        query = select(func.max(office_notice.c.number)).where(office_notice.c.insurer_number == insurer_number)
        return int(self.connection.execute(query).scalar() or 0) + 1

    def keep(
        self,
        insurer_number: InsurerNumber,
        notice: Notice,
        persons: Iterable[OwnPerson],
        households: Iterable[OwnHousehold],
    ) -> None:
        self.connection.execute(
            insert(office_notice).values(
                insurer_number=insurer_number, number=notice.number, kind=notice.kind, event_on=notice.event_on,
                notified_on=notice.notified_on, recorded_at=notice.recorded_at,
                grounds=orjson.dumps([_GROUND.dump(each) for each in notice.grounds]).decode(),
            )
        )  # fmt: skip
        kept = list(persons)
        wanted: list[tuple[Any, ...]] = [
            (PERSON, each.addressee_number, row, _person_values(row)) for each in kept for row in each.rows
        ]
        wanted += [
            (HOUSEHOLD, each.household_number, row, _household_values(row))
            for each in households
            for row in each.rows
        ]
        self._keep_rows(insurer_number, notice, wanted)
        marks = [
            (
                insurer_number, each.addressee_number, each.died_on, each.death_notice,
                json.dumps(sorted(day.isoformat() for day in each.former_starts)),
            )
            for each in kept
        ]  # fmt: skip
        columns = ("insurer_number", "addressee_number", "died_on", "death_notice", "former_starts")
        bulk_insert(self.connection, office_person, columns, marks, upsert(self.connection, office_person))

    def _keep_rows(self, insurer_number: InsurerNumber, notice: Notice, wanted: Sequence[tuple[Any, ...]]) -> None:
        """Further versions of what changed; for the others only whether they wait."""
        standing: dict[tuple[str, str, int], Row[Any]] = {}
        round_of = {kind: self._next_round(insurer_number, file_id) for file_id, kind in _KIND_OF_FILE.items()}
        for kind in (PERSON, HOUSEHOLD):
            subjects = sorted({subject for each, subject, _, _ in wanted if each == kind})
            for row in self._rows(insurer_number, kind, subjects):
                standing[kind, row.subject, row.history_number] = row
        added = []
        for kind, subject, row, values in wanted:
            before = standing.get((kind, subject, row.history_number))
            waits_in = round_of[kind] if row.is_waiting else None
            if before is not None:
                said = (before.content, before.household_number, before.number_index, before.previous_number_index)
                here = and_(
                    _row.insurer_number == insurer_number, _row.kind == kind, _row.subject == subject,
                    _row.history_number == row.history_number, _row.version == before.version,
                )  # fmt: skip
                if said == values and before.is_cancelled == row.is_cancelled and before.changed_by == row.changed_by:
                    if (before.was_sent, before.waits) != (row.is_sent, row.is_waiting):
                        self.connection.execute(
                            update(office_row).where(here).values(is_sent=row.is_sent, waits_in=waits_in)
                        )
                    continue
                self.connection.execute(
                    update(office_row).where(here).values(superseded_at=notice.recorded_at, waits_in=None)
                )
            version = before.version + 1 if before is not None else 1
            key = (insurer_number, kind, subject, row.history_number, version)
            marks = (row.is_cancelled, row.is_sent, waits_in)
            added.append((*key, *values, row.notice, row.changed_by, *marks, notice.recorded_at))
        bulk_insert(self.connection, office_row, _ROW_COLUMNS, added)

    def notices(self, insurer_number: InsurerNumber, addressee: AddresseeNumber | None = None) -> list[Notice]:
        told = office_notice.c
        query = select(office_notice).where(told.insurer_number == insurer_number).order_by(told.number)
        if addressee is not None:
            mine = (_row.insurer_number == insurer_number, _row.kind == PERSON, _row.subject == addressee)
            numbers = select(_row.notice).where(*mine).union(select(_row.changed_by).where(*mine))
            query = query.where(told.number.in_(numbers))
        return [
            Notice(
                row.number, row.kind, row.event_on, row.notified_on, row.recorded_at,
                tuple(_GROUND.load(each) for each in orjson.loads(row.grounds)),
            )
            for row in self.connection.execute(query)
        ]  # fmt: skip

    def _others_of(self, insurer_number: InsurerNumber, of: Any, subjects: Sequence[str], wanted: Any) -> set[str]:
        found: set[str] = set()
        for batch in batches(subjects):
            query = select(wanted).where(
                _row.insurer_number == insurer_number, _row.kind == PERSON, one_of(self.connection, of, batch)
            )
            found.update(self.connection.execute(query.distinct()).scalars())
        return found

    def _rows(self, insurer_number: InsurerNumber, kind: str, subjects: Sequence[str]) -> Iterator[Row[Any]]:
        for batch in batches(subjects):
            query = _rows_of(insurer_number, kind).where(one_of(self.connection, _row.subject, batch))
            yield from self.connection.execute(query.order_by(_row.subject, _row.history_number))

    def _persons(self, insurer_number: InsurerNumber, subjects: Sequence[str]) -> Iterator[OwnPerson]:
        rows: dict[str, list[PersonRow]] = {}
        for row in self._rows(insurer_number, PERSON, subjects):
            rows.setdefault(row.subject, []).append(_person_row(row))
        marks: dict[str, Row[Any]] = {}
        for batch in batches(subjects):
            query = select(office_person).where(
                office_person.c.insurer_number == insurer_number,
                one_of(self.connection, office_person.c.addressee_number, batch),
            )
            marks.update({row.addressee_number: row for row in self.connection.execute(query)})
        for subject, each in rows.items():
            person, mark = OwnPerson(insurer_number, AddresseeNumber(subject), tuple(each)), marks.get(subject)
            if mark is not None:
                former = frozenset(map(date.fromisoformat, json.loads(mark.former_starts)))
                person = evolve(person, died_on=mark.died_on, death_notice=mark.death_notice, former_starts=former)
            yield person

    # --- cut-over ---

    def begin_load(self, insurer_number: InsurerNumber, at: datetime) -> bool:
        if self.next_notice(insurer_number) > 1:
            return False
        notice = insert_or_ignore(self.connection, office_notice).values(
            insurer_number=insurer_number, number=0, kind="Loaded", event_on=at.date(), notified_on=at.date(),
            recorded_at=at, grounds="[]",
        )  # fmt: skip
        self.connection.execute(notice)
        return True

    def load_persons(self, insurer_number: InsurerNumber, rows: Iterable[PersonRow], at: datetime) -> None:
        given = list(rows)
        self._load(insurer_number, PERSON, ((row.record.addressee_number, row, _person_values(row)) for row in given), at)
        dead = [
            (insurer_number, row.record.addressee_number, row.record.application_end - timedelta(days=1), 0, "[]")
            for row in given
            if row.record.application_end_reason == DEATH and row.record.application_end is not None and not row.is_cancelled
        ]
        columns = ("insurer_number", "addressee_number", "died_on", "death_notice", "former_starts")
        bulk_insert(self.connection, office_person, columns, dead, upsert(self.connection, office_person))

    def load_households(self, insurer_number: InsurerNumber, rows: Iterable[HouseholdRow], at: datetime) -> None:
        told = ((row.record.household_number, row, _household_values(row)) for row in rows)
        self._load(insurer_number, HOUSEHOLD, told, at)

    def _load(self, insurer_number: InsurerNumber, kind: str, rows: Iterable[tuple[Any, ...]], at: datetime) -> None:
        next_round = self._next_round(insurer_number, _FILE_OF_KIND[kind])
        values = (
            (
                insurer_number, kind, subject, row.history_number, 1, *content, 0, 0, row.is_cancelled, row.is_sent,
                next_round if row.is_waiting else None, at,
            )
            for subject, row, content in rows
        )  # fmt: skip
        columns = (*_ROW_COLUMNS, "superseded_at")
        bulk_insert(
            self.connection, office_row, columns, ((*each, None) for each in values), upsert(self.connection, office_row)
        )

    # --- individual numbers ---

    def keep_numbers(self, sealed: Iterable[SealedNumber]) -> None:
        values = ((each.insurer_number, each.index, each.index_version, each.key_id, each.ciphertext) for each in sealed)
        columns = ("insurer_number", "number_index", "index_version", "key_id", "ciphertext")
        bulk_insert(self.connection, number_vault, columns, values, insert_or_ignore(self.connection, number_vault))

    def sealed_numbers(
        self, insurer_number: InsurerNumber, indexes: Sequence[NumberIndex]
    ) -> Mapping[NumberIndex, SealedNumber]:
        vault = number_vault.c
        found = {}
        for batch in batches(indexes):
            query = select(vault.insurer_number, vault.number_index, vault.index_version, vault.key_id, vault.ciphertext)
            query = query.where(vault.insurer_number == insurer_number, vault.number_index.in_(batch))
            for row in self.connection.execute(query):
                sealed = SealedNumber(*row)
                found[sealed.index] = sealed
        return found

    # --- sending ---

    def waiting_persons(self, insurer_number: InsurerNumber) -> Iterator[PersonMessage]:
        for row in self._going_out(insurer_number, PERSON):
            message = _person_row(row)
            if (kind := message.waits_as) is not None:
                yield kind, message

    def waiting_households(self, insurer_number: InsurerNumber) -> Iterator[HouseholdMessage]:
        for row in self._going_out(insurer_number, HOUSEHOLD):
            message = _household_row(row)
            if (kind := message.waits_as) is not None:
                yield kind, message

    def waiting_others(self, insurer_number: InsurerNumber, file_id: str) -> Iterator[OtherMessage]:
        query = _others_of_file(insurer_number, file_id).where(*_others_going_out(insurer_number, file_id))
        query = query.order_by(_other.identity)
        for row in self.connection.execute(query.execution_options(yield_per=1000)):
            message = _other_row(row)
            if (kind := message.waits_as) is not None:
                yield kind, message

    def _going_out(self, insurer_number: InsurerNumber, kind: str) -> Iterator[Row[Any]]:
        query = _rows_of(insurer_number, kind).where(*_rows_going_out(insurer_number, kind))
        query = query.order_by(_row.subject, _row.history_number)
        yield from self.connection.execute(query.execution_options(yield_per=1000))

    def lines_going_out(
        self,
        insurer_number: InsurerNumber,
        file_id: str,
        after: RowPlace | None = None,
        parts: LineParts = LineParts.ALL,
    ) -> Iterator[LinesGoingOut]:
        going = _sending_of(insurer_number, file_id)
        query = going.places
        if LineParts.CONTENT in parts:
            query = query.add_columns(going.kind, as_utf8(self.connection, going.content))
        if LineParts.NUMBERS in parts and file_id == _FILE_OF_KIND[PERSON]:
            query = _with_sealed_numbers(query)
        if after is not None:
            query = query.where(tuple_(*going.order) > tuple_(*map(literal, after[: len(going.order)])))
        place = going.text.keys.index("update_kind") if "update_kind" in going.text.keys else None
        for rows in streamed(self.connection, query.order_by(*going.order), _READ_TOGETHER):
            subjects, histories, *others = zip(*rows, strict=True)
            columns: list[Sequence[Any]] = []
            if LineParts.CONTENT in parts:
                kinds, contents, *others = others
                columns = going.text.kept_columns(contents)
                if place is not None:
                    columns[place] = kinds
            numbers = (_sealed(insurer_number, some) for some in batches(others, 3))
            yield LinesGoingOut(list(zip(subjects, histories, strict=True)), columns, *numbers)

    def count_going_out(self, insurer_number: InsurerNumber) -> int:
        counted = (
            select(func.count()).select_from(office_row).where(*_rows_going_out(insurer_number, kind))
            for kind in (PERSON, HOUSEHOLD)
        )
        return sum(int(self.connection.execute(query).scalar_one()) for query in counted)

    def waiting(self, insurer_number: InsurerNumber) -> list[WaitingSubject]:
        told = office_notice.c
        query = (
            select(_row.kind, _row.subject, func.min(told.number), func.min(told.notified_on, type_=told.notified_on.type))
            .join(office_notice, and_(told.insurer_number == _row.insurer_number, told.number == _row.changed_by))
            .group_by(_row.kind, _row.subject)
            .order_by(_row.subject)
        )
        return [
            WaitingSubject(*row)
            for kind in (PERSON, HOUSEHOLD)
            for row in self.connection.execute(query.where(*_rows_going_out(insurer_number, kind)))
        ]

    def next_sequence(self, insurer_number: InsurerNumber, file_id: str) -> int:
        files = office_file.c
        query = select(files.sequence).where(
            files.insurer_number == insurer_number, files.file_id == file_id, files.is_refused.is_(False)
        )
        used = set(self.connection.execute(query).scalars())
        return next(number for number in range(1, len(used) + 2) if number not in used)

    def mark_sent(self, insurer_number: InsurerNumber, file: SentFile, folder: str) -> None:
        self.connection.execute(
            insert(office_file).values(
                insurer_number=insurer_number, name=file.name, file_id=file.file_id, sequence=file.sequence,
                records=file.records, created_at=file.created_at, folder=folder, is_published=file.is_published,
                is_refused=False,
            )
        )  # fmt: skip
        self._note_lines(insurer_number, file)
        move_on(self.connection, office_round, insurer_number, file.file_id)

    def _note_lines(self, insurer_number: InsurerNumber, file: SentFile) -> None:
        going = _sending_of(insurer_number, file.file_id)
        query = going.places.add_columns(going.kind).order_by(*going.order)
        line = FIRST_LINE
        for rows in streamed(self.connection, query, _NOTED_TOGETHER):
            lines = orjson.dumps(list(map(tuple, rows))).decode()
            noting = insert(office_sent_lines).values(insurer_number=insurer_number, name=file.name, first_line=line, lines=lines)
            self.connection.execute(noting)
            line += len(rows)

    def _next_round(self, insurer_number: InsurerNumber, file_id: str) -> int:
        return int(self.connection.execute(select(_next_round(insurer_number, file_id))).scalar_one())

    def unpublished(self, insurer_number: InsurerNumber, folder: str) -> list[str]:
        files = office_file.c
        query = select(files.name).where(
            files.insurer_number == insurer_number, files.folder == folder, files.is_published.is_(False)
        )
        return list(self.connection.execute(query.order_by(files.name)).scalars())

    def mark_published(self, insurer_number: InsurerNumber, names: Iterable[str]) -> None:
        for batch in batches(names):
            self.connection.execute(
                update(office_file)
                .where(
                    office_file.c.insurer_number == insurer_number, one_of(self.connection, office_file.c.name, batch)
                )
                .values(is_published=True)
            )

    def sent_files(self, insurer_number: InsurerNumber) -> list[SentFile]:
        files = office_file.c
        query = select(files.file_id, files.sequence, files.name, files.records, files.created_at, files.is_published)
        query = query.where(files.insurer_number == insurer_number).order_by(files.created_at, files.name)
        return [SentFile(*row) for row in self.connection.execute(query)]

    # --- what became of it ---

    def sent_line(self, insurer_number: InsurerNumber, name: str, line: int) -> SentLine | None:
        query = select(*_LINE).where(_sent.insurer_number == insurer_number, _sent.name == name, _sent.line == line)
        row = self.connection.execute(query).first()
        if row is not None:
            return _sent_line(row)
        around = _lines_together(insurer_number, name).where(_sent_together.first_line <= line)
        found = self.connection.execute(around.order_by(_sent_together.first_line.desc()).limit(1)).first()
        told = orjson.loads(found.lines)[line - found.first_line :] if found is not None else ()
        return _sent_line((line, *told[0], None, None, None)) if told else None

    def answer_line(self, insurer_number: InsurerNumber, name: str, line: SentLine) -> None:
        told = (line.subject, line.history_number, line.update_kind.value, line.result, line.error_code, line.error_field)
        values = dict(zip(_LINE_COLUMNS, (insurer_number, name, line.line, *told), strict=True))
        self.connection.execute(upsert(self.connection, office_sent_line).values(values))
        if line.result != _REFUSED or line.update_kind is not UpdateKind.NEW:
            return
        file_id = name.split("_", maxsplit=1)[0]
        next_round = _next_round(insurer_number, file_id)
        waits_in = (_row if file_id in _KIND_OF_FILE else _other).waits_in
        still = case((waits_in == next_round, waits_in), else_=null())
        rows = self._sent_rows(insurer_number, file_id, [(line.subject, line.history_number)])
        self.connection.execute(rows.values(is_sent=False, waits_in=still))

    def refuse_file(self, insurer_number: InsurerNumber, name: str) -> bool:
        files = office_file.c
        here = (files.insurer_number == insurer_number, files.name == name)
        found = self.connection.execute(select(files.is_refused).where(*here)).first()
        if found is None or found[0]:
            return False
        self.connection.execute(update(office_file).where(*here).values(is_refused=True))
        file_id = name.split("_", maxsplit=1)[0]
        next_round = self._next_round(insurer_number, file_id)
        together = _lines_together(insurer_number, name)
        for first in self.connection.execute(together.with_only_columns(_sent_together.first_line)).scalars().all():
            found = self.connection.execute(together.where(_sent_together.first_line == first)).one()
            for is_new, lines in groupby(sorted(orjson.loads(found.lines), key=_is_new), _is_new):
                rows = self._sent_rows(insurer_number, file_id, [(subject, number) for subject, number, _ in lines])
                self.connection.execute(rows.values(waits_in=next_round, is_sent=not is_new))
        return True

    def _sent_rows(self, insurer_number: InsurerNumber, file_id: str, places: Sequence[RowPlace]) -> Update:
        """An UPDATE of what stands now of rows that were sent."""
        kind = _KIND_OF_FILE.get(file_id)
        if kind is None:
            these = one_of(self.connection, _other.identity, [identity for identity, _ in places])
            return update(office_other).where(_other.insurer_number == insurer_number, _other.file_id == file_id, these)
        rows = update(office_row).where(_row.insurer_number == insurer_number, _row.kind == kind, _STANDS)
        return rows.where(*under_keys(self.connection, _row.subject, _row.history_number, places))

    def refused_lines(self, insurer_number: InsurerNumber) -> list[tuple[str, SentLine]]:
        query = (
            select(_sent.name, *_LINE)
            .where(_sent.insurer_number == insurer_number, _sent.result.in_((_REFUSED, _HELD)))
            .order_by(_sent.name, _sent.line)
        )
        return [(row[0], _sent_line(row[1:])) for row in self.connection.execute(query)]

    # --- certificates, income, months ---

    def other(self, insurer_number: InsurerNumber, file_id: str, identity: str) -> OtherRow | None:
        query = _others_of_file(insurer_number, file_id).where(_other.identity == identity)
        row = self.connection.execute(query).first()
        return _other_row(row) if row is not None else None

    def keep_other(self, insurer_number: InsurerNumber, row: OtherRow) -> None:
        subject = row.identity.split("/")[0]
        content = _OTHERS[row.file_id].dump(row.record)
        waits_in = self._next_round(insurer_number, row.file_id) if row.is_waiting else None
        self.connection.execute(
            upsert(self.connection, office_other).values(
                insurer_number=insurer_number, file_id=row.file_id, identity=row.identity, subject=subject,
                content=content, is_cancelled=row.is_cancelled, is_sent=row.is_sent, waits_in=waits_in,
            )
        )  # fmt: skip

    def others_of(self, insurer_number: InsurerNumber, file_id: str, subjects: Iterable[str]) -> Iterator[OtherRow]:
        query = _others_of_file(insurer_number, file_id)
        for batch in batches(subjects):
            mine = query.where(one_of(self.connection, _other.subject, batch))
            yield from map(_other_row, self.connection.execute(mine.order_by(_other.subject, _other.identity)))

    # --- what came back ---

    def returned(
        self, insurer_number: InsurerNumber, file_id: str, items: Iterable[str]
    ) -> Mapping[str, ReturnedItem]:
        mine = office_returned.c
        found = {}
        for batch in batches(items):
            query = select(office_returned).where(
                mine.insurer_number == insurer_number, mine.file_id == file_id, one_of(self.connection, mine.item, batch)
            )
            found.update({row.item: _returned_item(row) for row in self.connection.execute(query)})
        return found

    def keep_returned(self, insurer_number: InsurerNumber, items: Iterable[ReturnedItem]) -> None:
        values = (
            (
                insurer_number, each.file_id, each.item, each.subject, each.sequence, each.line,
                _RETURNED[each.file_id].dump(each.row),
            )
            for each in items
        )  # fmt: skip
        columns = ("insurer_number", "file_id", "item", "subject", "sequence", "line", "content")
        bulk_insert(self.connection, office_returned, columns, values, upsert(self.connection, office_returned))

    def returned_of(
        self, insurer_number: InsurerNumber, file_id: str, subjects: Iterable[str] | None = None
    ) -> Iterator[ReturnedItem]:
        mine = office_returned.c
        query: Select[Any] = select(office_returned).where(mine.insurer_number == insurer_number, mine.file_id == file_id)
        query = query.order_by(mine.item)
        if subjects is None:
            yield from map(_returned_item, self.connection.execute(query.execution_options(yield_per=1000)))
            return
        for batch in batches(subjects):
            yield from map(
                _returned_item, self.connection.execute(query.where(one_of(self.connection, mine.subject, batch)))
            )

    # --- the resident register ---

    def handed_over(
        self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber]
    ) -> Mapping[AddresseeNumber, QualificationDates]:
        mine = office_handover.c
        found = {}
        for batch in batches(addressees):
            query = select(mine.content).where(
                mine.insurer_number == insurer_number, one_of(self.connection, mine.addressee_number, batch)
            )
            for text in self.connection.execute(query).scalars():
                dates = _DATES.load(text)
                found[dates.addressee_number] = dates
        return found

    def keep_handed_over(self, insurer_number: InsurerNumber, dates: Iterable[QualificationDates]) -> None:
        values = ((insurer_number, each.addressee_number, _DATES.dump(each)) for each in dates)
        columns = ("insurer_number", "addressee_number", "content")
        bulk_insert(self.connection, office_handover, columns, values, upsert(self.connection, office_handover))


_REFUSED: Final = "2"
_HELD: Final = "3"
_LINE: Final = (
    _sent.line, _sent.subject, _sent.history_number, _sent.update_kind, _sent.result, _sent.error_code, _sent.error_field
)  # fmt: skip


def _sent_line(row: Any) -> SentLine:
    line, subject, history_number, kind, result, code, field = row
    return SentLine(line, subject, history_number, UpdateKind(kind), result, code, field)


def _is_new(line: tuple[str, int, str]) -> bool:
    return line[2] == UpdateKind.NEW.value


def _lines_together(insurer_number: InsurerNumber, name: str) -> Select[Any]:
    mine = (_sent_together.insurer_number == insurer_number, _sent_together.name == name)
    return select(_sent_together.first_line, _sent_together.lines).where(*mine)


def _rows_of(insurer_number: InsurerNumber, kind: str) -> Select[Any]:
    """What stands, with its marks."""
    marks = _marks_of(_row, _next_round(insurer_number, _FILE_OF_KIND[kind]), _ROW_AFTERWARDS)
    return select(office_row, *marks).where(_row.insurer_number == insurer_number, _row.kind == kind, _STANDS)


def _rows_going_out(insurer_number: InsurerNumber, kind: str) -> tuple[Any, ...]:
    goes_out = _goes_out(_row, _next_round(insurer_number, _FILE_OF_KIND[kind]))
    return (_row.insurer_number == insurer_number, _row.kind == kind, goes_out)  # what was superseded does not wait


@frozen
class _Sending:
    """送付 of one kind of file: the rows that go out, as parts of statements."""

    places: Select[Any]
    """Their :data:`RowPlace`."""
    order: tuple[Any, ...]
    kind: Any
    content: Any
    text: RowText[Any]


def _sending_of(insurer_number: InsurerNumber, file_id: str) -> _Sending:
    kind = _KIND_OF_FILE.get(file_id)
    if kind is None:
        nothing = sql_cast(literal(0), Integer).label("history_number")
        places = select(_other.identity.label("subject"), nothing).where(*_others_going_out(insurer_number, file_id))
        return _Sending(places, (_other.identity,), _update_kind(_other).label("kind"), _other.content, _OTHERS[file_id])
    places = select(_row.subject, _row.history_number).where(*_rows_going_out(insurer_number, kind))
    text: RowText[Any] = _PERSONS if kind == PERSON else _HOUSEHOLDS
    return _Sending(places, (_row.subject, _row.history_number), _update_kind(_row).label("kind"), _row.content, text)


def _others_of_file(insurer_number: InsurerNumber, file_id: str) -> Select[Any]:
    marks = _marks_of(_other, _next_round(insurer_number, file_id), _OTHER_AFTERWARDS)
    return select(office_other, *marks).where(_other.insurer_number == insurer_number, _other.file_id == file_id)


def _others_going_out(insurer_number: InsurerNumber, file_id: str) -> tuple[Any, ...]:
    goes_out = _goes_out(_other, _next_round(insurer_number, file_id))
    return (_other.insurer_number == insurer_number, _other.file_id == file_id, goes_out)


def _person_values(row: PersonRow) -> tuple[Any, ...]:
    """Content, household and both indexes; the record of a row never holds a 個人番号."""
    return (_PERSONS.dump(row.record), row.record.household_number, row.number, row.previous_number)


def _household_values(row: HouseholdRow) -> tuple[Any, ...]:
    return (_HOUSEHOLDS.dump(row.record), row.record.household_number, None, None)


def _marks(row: Row[Any]) -> tuple[int, int, bool, bool, bool]:
    return (row.notice, row.changed_by, row.is_cancelled, row.was_sent, row.waits)


def _person_row(row: Row[Any]) -> PersonRow:
    return PersonRow(_PERSONS.load(row.content), *_marks(row), row.number_index, row.previous_number_index)


def _household_row(row: Row[Any]) -> HouseholdRow:
    return HouseholdRow(_HOUSEHOLDS.load(row.content), *_marks(row))


def _other_row(row: Row[Any]) -> OtherRow:
    return OtherRow(row.file_id, _OTHERS[row.file_id].load(row.content), row.is_cancelled, row.was_sent, row.waits)


def _returned_item(row: Row[Any]) -> ReturnedItem:
    loaded = _RETURNED[row.file_id].load(row.content)
    return ReturnedItem(row.file_id, row.item, row.subject, row.sequence, row.line, loaded)
