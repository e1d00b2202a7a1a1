"""自庁の保管: the ports of the library on the tables of this system.

:class:`~kokuho_core.ports.municipal.HistoryAndResults` is all this counter needs. It has no 付属証, no 住民票への引渡し and no
初期移行, so it leaves those ports out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from attrs import fields
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from flask_site.tables import (
    FormerRow,
    HouseholdHistory,
    NoticeEntry,
    Outgoing,
    OutgoingLine,
    Person,
    PersonHistory,
    Returned,
)
from kokuho_adapters.database.row_text import RowText
from kokuho_core.household.record import HouseholdRecord
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.municipal_office.desk import Ground
from kokuho_core.municipal_office.history_row import HouseholdRow, PersonRow, never_taken, sent
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.municipal_office.returned import ReturnedItem
from kokuho_core.ports.municipal import (
    HouseholdMessage,
    Notice,
    OtherMessage,
    PersonMessage,
    SentFile,
    SentLine,
    WaitingSubject,
)
from kokuho_core.returning.rows import ROW_TYPES
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber

PERSONS, HOUSEHOLDS = RowText(PersonRecord), RowText(HouseholdRecord)
GROUNDS = RowText(Ground)
ROWS = {file_id: RowText(kind) for file_id, kind in ROW_TYPES.items()}
MARKS = ("notice", "changed_by", "is_cancelled", "is_sent", "is_waiting")
FIXED = {"update_kind": UpdateKind.NEW.value, "individual_number": None, "previous_individual_number": None}
"""Of every record that is kept: the numbers are in the vault, and the kind of update is decided when it is sent."""
REFUSED = "2"


class SessionStore:
    """One municipality's tables, in a session that its caller commits."""

    def __init__(self, session: Session, insurer: InsurerNumber, insurers: Iterable[InsurerNumber]) -> None:
        self.session, self.insurer, self._insurers = session, insurer, frozenset(insurers)

    # --- 履歴 ---

    def insurers(self) -> frozenset[InsurerNumber]:
        return self._insurers

    def persons(
        self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber] | None = None
    ) -> Iterator[OwnPerson]:
        query = select(PersonHistory.addressee_number).distinct().order_by(PersonHistory.addressee_number)
        known = list(self.session.scalars(query)) if addressees is None else sorted(set(addressees))
        for start in range(0, len(known), 500):
            some = known[start : start + 500]
            rows: dict[str, list[PersonRow]] = {}
            for row in self.session.scalars(
                select(PersonHistory)
                .where(PersonHistory.addressee_number.in_(some))
                .order_by(PersonHistory.addressee_number, PersonHistory.history_number)
            ):
                rows.setdefault(row.addressee_number, []).append(self._person_row(row))
            marks = {
                each.addressee_number: each
                for each in self.session.scalars(select(Person).where(Person.addressee_number.in_(some)))
            }
            for number, each in rows.items():
                mark = marks[number]
                yield OwnPerson(
                    insurer_number, AddresseeNumber(number), tuple(each), mark.died_on, mark.death_notice,
                    frozenset(map(date.fromisoformat, json.loads(mark.former_starts))),
                )  # fmt: skip

    def households(self, insurer_number: InsurerNumber, numbers: Iterable[HouseholdNumber]) -> Iterator[OwnHousehold]:
        rows: dict[str, list[HouseholdRow]] = {}
        for row in self.session.scalars(
            select(HouseholdHistory)
            .where(HouseholdHistory.household_number.in_(sorted(numbers)))
            .order_by(HouseholdHistory.household_number, HouseholdHistory.history_number)
        ):
            rows.setdefault(row.household_number, []).append(self._household_row(row))
        for number, each in rows.items():
            yield OwnHousehold(insurer_number, HouseholdNumber(number), tuple(each))

    def homes_of(self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber]) -> set[HouseholdNumber]:
        query = select(PersonHistory.household_number).where(PersonHistory.addressee_number.in_(sorted(addressees)))
        return set(map(HouseholdNumber, self.session.scalars(query.distinct())))

    def ever_in(self, insurer_number: InsurerNumber, households: Iterable[HouseholdNumber]) -> set[AddresseeNumber]:
        query = select(PersonHistory.addressee_number).where(PersonHistory.household_number.in_(sorted(households)))
        return set(map(AddresseeNumber, self.session.scalars(query.distinct())))

    def concerned_by(
        self, insurer_number: InsurerNumber, notice: int
    ) -> tuple[set[AddresseeNumber], set[HouseholdNumber]]:
        persons = set(self.session.scalars(select(PersonHistory.addressee_number).where(PersonHistory.notice == notice)))
        persons |= set(self.session.scalars(select(Person.addressee_number).where(Person.death_notice == notice)))
        households = select(HouseholdHistory.household_number).where(HouseholdHistory.notice == notice)
        return set(map(AddresseeNumber, persons)), set(map(HouseholdNumber, self.session.scalars(households)))

    def next_notice(self, insurer_number: InsurerNumber) -> int:
        return (self.session.scalar(select(func.max(NoticeEntry.number))) or 0) + 1

    def keep(
        self, insurer_number: InsurerNumber, notice: Notice, persons: Iterable[OwnPerson], households: Iterable[OwnHousehold]
    ) -> None:
        grounds = json.dumps([GROUNDS.dump(each) for each in notice.grounds])
        self.session.add(
            NoticeEntry(
                number=notice.number, kind=notice.kind, event_on=notice.event_on, notified_on=notice.notified_on,
                recorded_at=notice.recorded_at, grounds=grounds,
            )
        )  # fmt: skip
        for person in persons:
            former = json.dumps(sorted(day.isoformat() for day in person.former_starts))
            self.session.merge(
                Person(
                    addressee_number=person.addressee_number, died_on=person.died_on, death_notice=person.death_notice,
                    former_starts=former,
                )
            )  # fmt: skip
            for row in person.rows:
                kept = self.session.get(PersonHistory, (person.addressee_number, row.history_number))
                before = None if kept is None else self._person_row(kept)
                if before is not None and _stood_otherwise(before, row):
                    self._set_aside("個人履歴", person.addressee_number, before, PERSONS.dump(before.record), notice)
                if before != row:
                    self.session.merge(
                        _filled(PersonHistory, row, number=row.number, previous_number=row.previous_number)
                    )
        for household in households:
            for home in household.rows:
                found = self.session.get(HouseholdHistory, (household.household_number, home.history_number))
                stood = None if found is None else self._household_row(found)
                if stood is not None and _stood_otherwise(stood, home):
                    content = HOUSEHOLDS.dump(stood.record)
                    self._set_aside("世帯履歴", household.household_number, stood, content, notice)
                if stood != home:
                    self.session.merge(_filled(HouseholdHistory, home))
        self.session.flush()

    def _set_aside(
        self, table: str, subject: str, row: PersonRow | HouseholdRow, content: str, notice: Notice
    ) -> None:
        self.session.add(
            FormerRow(
                table=table, subject=subject, history_number=row.history_number, content=content,
                changed_by=row.changed_by, is_cancelled=row.is_cancelled, stood_until=notice.recorded_at,
            )
        )  # fmt: skip

    def notices(self, insurer_number: InsurerNumber, addressee: AddresseeNumber | None = None) -> list[Notice]:
        query = select(NoticeEntry).order_by(NoticeEntry.number)
        if addressee is not None:
            mine = PersonHistory.addressee_number == addressee
            former = (FormerRow.table == "個人履歴", FormerRow.subject == addressee)
            query = query.where(
                NoticeEntry.number.in_(select(PersonHistory.notice).where(mine))
                | NoticeEntry.number.in_(select(PersonHistory.changed_by).where(mine))
                | NoticeEntry.number.in_(select(FormerRow.changed_by).where(*former))
            )
        return [
            Notice(
                each.number, each.kind, each.event_on, each.notified_on, each.recorded_at,
                tuple(GROUNDS.load(text) for text in json.loads(each.grounds)),
            )
            for each in self.session.scalars(query)
        ]  # fmt: skip

    # --- 送付 ---

    def waiting_persons(self, insurer_number: InsurerNumber) -> Iterator[PersonMessage]:
        query = select(PersonHistory).where(PersonHistory.is_waiting)
        for row in self.session.scalars(query.order_by(PersonHistory.addressee_number, PersonHistory.history_number)):
            message = self._person_row(row)
            if (kind := message.waits_as) is not None:
                yield kind, message

    def waiting_households(self, insurer_number: InsurerNumber) -> Iterator[HouseholdMessage]:
        query = select(HouseholdHistory).where(HouseholdHistory.is_waiting)
        for row in self.session.scalars(
            query.order_by(HouseholdHistory.household_number, HouseholdHistory.history_number)
        ):
            message = self._household_row(row)
            if (kind := message.waits_as) is not None:
                yield kind, message

    def waiting_others(self, insurer_number: InsurerNumber, file_id: str) -> Iterator[OtherMessage]:
        return iter(())  # 付属証・所得区分・高額該当月 are another system's

    def waiting(self, insurer_number: InsurerNumber) -> list[WaitingSubject]:
        told = dict(self.session.execute(select(NoticeEntry.number, NoticeEntry.notified_on)).all())
        changed: dict[tuple[str, str], set[int]] = {}
        for _, person in self.waiting_persons(insurer_number):
            changed.setdefault(("P", person.record.addressee_number), set()).add(person.changed_by)
        for _, home in self.waiting_households(insurer_number):
            changed.setdefault(("H", home.record.household_number), set()).add(home.changed_by)
        return [
            WaitingSubject(kind, subject, min(notices), min(told[each] for each in notices))
            for (kind, subject), notices in changed.items()
        ]

    def next_sequence(self, insurer_number: InsurerNumber, file_id: str) -> int:
        query = select(Outgoing.sequence).where(Outgoing.file_id == file_id, ~Outgoing.is_refused)
        used = set(self.session.scalars(query))
        return next(number for number in range(1, len(used) + 2) if number not in used)

    def mark_sent(self, insurer_number: InsurerNumber, file: SentFile, folder: str) -> None:
        self.session.add(
            Outgoing(
                name=file.name, file_id=file.file_id, sequence=file.sequence, records=file.records,
                created_at=file.created_at, folder=folder, is_published=file.is_published, is_refused=False,
            )
        )  # fmt: skip
        if file.file_id == "SKKOJIN":
            for line, (kind, row) in enumerate(list(self.waiting_persons(insurer_number)), 2):
                self._sent(file.name, line, row.record.addressee_number, row.history_number, kind)
                self._mark(PersonHistory, row.record.addressee_number, sent(row, kind))
        else:
            for line, (kind, home) in enumerate(list(self.waiting_households(insurer_number)), 2):
                self._sent(file.name, line, home.record.household_number, home.history_number, kind)
                self._mark(HouseholdHistory, home.record.household_number, sent(home, kind))
        self.session.flush()

    def _sent(self, name: str, line: int, subject: str, history_number: int, kind: UpdateKind) -> None:
        self.session.add(
            OutgoingLine(name=name, line=line, subject=subject, history_number=history_number, update_kind=kind.value)
        )

    def _mark(self, table: Any, subject: str, row: PersonRow | HouseholdRow) -> None:
        kept: Any = self.session.get_one(table, (subject, row.history_number))
        kept.is_sent, kept.is_waiting = row.is_sent, row.is_waiting

    def unpublished(self, insurer_number: InsurerNumber, folder: str) -> list[str]:
        query = select(Outgoing.name).where(Outgoing.folder == folder, ~Outgoing.is_published)
        return list(self.session.scalars(query.order_by(Outgoing.name)))

    def mark_published(self, insurer_number: InsurerNumber, names: Iterable[str]) -> None:
        self.session.execute(update(Outgoing).where(Outgoing.name.in_(list(names))).values(is_published=True))

    def sent_line(self, insurer_number: InsurerNumber, name: str, line: int) -> SentLine | None:
        found = self.session.get(OutgoingLine, (name, line))
        return None if found is None else _sent_line(found)

    def answer_line(self, insurer_number: InsurerNumber, name: str, line: SentLine) -> None:
        kept = self.session.get_one(OutgoingLine, (name, line.line))
        kept.result, kept.error_code, kept.error_field = line.result, line.error_code, line.error_field
        if line.result == REFUSED and line.update_kind is UpdateKind.NEW:
            self._never_taken(name, line)
        self.session.flush()

    def refuse_file(self, insurer_number: InsurerNumber, name: str) -> bool:
        file = self.session.get(Outgoing, name)
        if file is None or file.is_refused:
            return False
        file.is_refused = True
        for each in self.session.scalars(select(OutgoingLine).where(OutgoingLine.name == name)).all():
            line = _sent_line(each)
            if line.update_kind is UpdateKind.NEW:
                self._never_taken(name, line)
            row: Any = self.session.get_one(_table(name), (line.subject, line.history_number))
            row.is_waiting = True
        self.session.flush()
        return True

    def _never_taken(self, name: str, line: SentLine) -> None:
        row: Any = self.session.get_one(_table(name), (line.subject, line.history_number))
        told = self._person_row(row) if isinstance(row, PersonHistory) else self._household_row(row)
        row.is_sent = never_taken(told).is_sent

    def refused_lines(self, insurer_number: InsurerNumber) -> list[tuple[str, SentLine]]:
        query = select(OutgoingLine).where(OutgoingLine.result.in_((REFUSED, "3")))
        found = self.session.scalars(query.order_by(OutgoingLine.name, OutgoingLine.line))
        return [(each.name, _sent_line(each)) for each in found]

    # --- 返却 ---

    def returned(self, insurer_number: InsurerNumber, file_id: str, items: Iterable[str]) -> Mapping[str, ReturnedItem]:
        query = select(Returned).where(Returned.file_id == file_id, Returned.item.in_(list(items)))
        return {each.item: _returned_item(each) for each in self.session.scalars(query)}

    def keep_returned(self, insurer_number: InsurerNumber, items: Iterable[ReturnedItem]) -> None:
        for each in items:
            self.session.merge(
                Returned(
                    file_id=each.file_id, item=each.item, subject=each.subject, sequence=each.sequence, line=each.line,
                    content=ROWS[each.file_id].dump(each.row),
                )
            )  # fmt: skip
        self.session.flush()

    def returned_of(
        self, insurer_number: InsurerNumber, file_id: str, subjects: Iterable[str] | None = None
    ) -> Iterator[ReturnedItem]:
        query = select(Returned).where(Returned.file_id == file_id).order_by(Returned.item)
        if subjects is not None:
            query = query.where(Returned.subject.in_(list(subjects)))
        return map(_returned_item, self.session.scalars(query))

    # --- 行から ---

    def _person_row(self, row: PersonHistory) -> PersonRow:
        return PersonRow(_record(PersonRecord, self.insurer, row), *_marks(row), row.number, row.previous_number)

    def _household_row(self, row: HouseholdHistory) -> HouseholdRow:
        return HouseholdRow(_record(HouseholdRecord, self.insurer, row), *_marks(row))


def _record(kind: Any, insurer: InsurerNumber, row: Any) -> Any:
    fixed = {**FIXED, "insurer_number": insurer}
    names = (attribute.name for attribute in fields(kind))
    return kind(**{name: fixed[name] if name in fixed else getattr(row, name) for name in names})


def _marks(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, mark) for mark in MARKS)


def _filled(table: Any, row: PersonRow | HouseholdRow, **more: Any) -> Any:
    """The row as it goes into a table: its record without what is fixed, its marks."""
    record = {name: getattr(row.record, name) for name in (each.name for each in fields(type(row.record)))}
    own = {key: value for key, value in record.items() if key not in FIXED and key != "insurer_number"}
    return table(**own, **{mark: getattr(row, mark) for mark in MARKS}, **more)


def _stood_otherwise(before: Any, now: Any) -> bool:
    """Whether something else stood before than marks of sending."""

    def said(row: Any) -> tuple[Any, ...]:
        return (row.record, row.changed_by, row.is_cancelled, getattr(row, "number", None))

    return said(before) != said(now)


def _table(name: str) -> Any:
    return PersonHistory if name.startswith("SKKOJIN_") else HouseholdHistory


def _sent_line(each: OutgoingLine) -> SentLine:
    return SentLine(
        each.line, each.subject, each.history_number, UpdateKind(each.update_kind), each.result, each.error_code, each.error_field
    )


def _returned_item(each: Returned) -> ReturnedItem:
    row = ROWS[each.file_id].load(each.content)
    return ReturnedItem(each.file_id, each.item, each.subject, each.sequence, each.line, row)
