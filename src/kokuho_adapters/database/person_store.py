"""資格情報(個人)の保管."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import Connection, Select, and_, bindparam, delete, func, insert, literal, or_, select, tuple_, union

from kokuho_adapters.database import fact_store
from kokuho_adapters.database.number_keys import one_of_numbers, same_number
from kokuho_adapters.database.statements import (
    Bound,
    batches,
    bound,
    bulk_insert,
    insert_bound,
    insert_or_ignore,
    raw_rows,
    under_keys,
    upsert,
)
from kokuho_adapters.database.tables import (
    held_record,
    identity_verdict,
    insurer,
    known_addressee,
    number_vault,
    pending_person,
    person_record,
    prefectural_person,
    recalled_identity_verdict,
    recalled_person_record,
)
from kokuho_core.insured_person.fact import FACT_KEYS, PersonFact
from kokuho_core.insured_person.record import PERSON_KEYS, PersonRecord
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import (
    Addressee,
    AddresseeNumber,
    HouseholdKey,
    HouseholdNumber,
    InsurerNumber,
    Source,
)
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.reasons import MOVED_IN_INSIDE, MOVED_OUT_INSIDE

_records = person_record.c
_held = held_record.c
_NUMBERS: Final = ("individual_number", "previous_individual_number")
_PLAIN_KEYS: Final = tuple(key for key in PERSON_KEYS if key not in _NUMBERS)
_plain_values: Final = attrgetter(*_PLAIN_KEYS)
_VAULT_COLUMNS: Final = ("insurer_number", "number_index", "index_version", "key_id", "ciphertext")
_COLUMNS: Final = ("line", "number_index", "previous_number_index", *_PLAIN_KEYS)
_RENAMED: Final = {"number": "number_index", "previous_number": "previous_number_index"}
PERSON_COLUMNS: Final = tuple(_records[_RENAMED.get(key, key)] for key in FACT_KEYS)
_KEY: Final = (_records.insurer_number, _records.addressee_number)
_own: Final = person_record.alias("own")
_HELD_BY: Final = select(_held.file_no, _held.line).where(_held.insurer_number == bindparam("sender"))
_INSURERS: Final = select(insurer.c.insurer_number)


def _pair(addressee: Addressee) -> tuple[str, str]:
    return (addressee.insurer_number, addressee.addressee_number)


def _addressee(row: Sequence[Any]) -> Addressee:
    return Addressee(InsurerNumber(row[0]), AddresseeNumber(row[1]))


# Queries of every file, made once: to put them together costs as much as to ask them about a small file.


@cache
def _sharing_numbers() -> Select[Any]:
    """Agreeing records of other municipalities, the usual move, are left out: only a difference can conflict."""
    sent, other, theirs = person_record.alias("sent"), person_record.alias("other"), person_record.alias("theirs")
    key = (sent.c.insurer_number, sent.c.addressee_number)
    same_person = and_(
        other.c.insurer_number == sent.c.insurer_number, other.c.addressee_number == sent.c.addressee_number
    )
    from_file = select(*key).where(sent.c.file_no == bindparam("received"))
    of_other = [other.c[name].label(f"other_{name}") for name in ("insurer_number", "addressee_number", "file_no", "line")]
    shared = (  # asked once for the three that rest on it: it is few rows, but every row of the file is looked up for them
        from_file.add_columns(sent.c.birth_date, sent.c.sex, *of_other)
        .join(other, same_number(other.c.number_index, sent.c.number_index))
        .where(~same_person)
        .cte("shared")
    )
    sharing = select(shared.c.insurer_number, shared.c.addressee_number)
    any_of_theirs = and_(
        theirs.c.insurer_number == shared.c.other_insurer_number,
        theirs.c.addressee_number == shared.c.other_addressee_number,
    )
    differs = or_(theirs.c.birth_date != shared.c.birth_date, theirs.c.sex != shared.c.sex)
    is_held = and_(held_record.c.file_no == shared.c.other_file_no, held_record.c.line == shared.c.other_line)
    found = union(
        sharing.where(shared.c.other_insurer_number == shared.c.insurer_number),
        sharing.join(theirs, any_of_theirs).where(differs),
        sharing.join(held_record, is_held),
        from_file.join(other, same_number(other.c.previous_number_index, sent.c.number_index)),
        from_file.where(sent.c.previous_number_index.is_not(None)),
        from_file.join(other, same_person).where(other.c.number_index != sent.c.number_index),
    ).subquery()
    return select(found).order_by(*found.c)


@cache
def _neighbours_of_moves() -> Select[Any]:
    """Moves inside the prefecture that name another insurer, each with the periods of the same number that touch it."""
    sent, other = person_record.alias("sent"), person_record.alias("other")
    left = sent.c.application_end_reason == MOVED_OUT_INSIDE  # then it names 転出先, else 転入前
    entered = and_(sent.c.application_start_reason == MOVED_IN_INSIDE, left.is_not(True))
    touching = and_(
        same_number(other.c.number_index, sent.c.number_index),
        other.c.insurer_number != sent.c.insurer_number,
        other.c.update_kind != UpdateKind.CANCELLATION.value,
        or_(
            and_(entered, other.c.application_end == sent.c.application_start),
            and_(left, other.c.application_start == sent.c.application_end),
        ),
    )
    return (
        select(sent.c.line, sent.c.insurer_number, sent.c.other_insurer_number, other.c.insurer_number)
        .outerjoin(other, touching)
        .where(
            sent.c.file_no == bindparam("received"),
            sent.c.other_insurer_number.is_not(None),
            sent.c.update_kind != UpdateKind.CANCELLATION.value,
            or_(entered, left),
        )
    )


@cache
def _sharing() -> Select[Any]:
    """Records of other addressees that name a number of «own», as the present or the previous one of either side."""
    own, other = _own.c, person_record.alias("other").c
    theirs = (other.number_index, other.previous_number_index)
    shared = or_(*(same_number(mine, their) for mine in (own.number_index, own.previous_number_index) for their in theirs))
    another = or_(other.insurer_number != own.insurer_number, other.addressee_number != own.addressee_number)
    return select(other.insurer_number, other.addressee_number).distinct().where(another, shared)


@frozen
class SqlPersonStore:
    """:class:`kokuho_core.ports.stores.PersonStore` on SQL tables."""

    connection: Connection

    def add(
        self,
        file_no: int,
        records: Sequence[tuple[int, PersonRecord, SealedNumber | None, SealedNumber | None]],
    ) -> None:
        self.keep(file_no, self.bound(records))

    def bound(
        self, records: Sequence[tuple[int, PersonRecord, SealedNumber | None, SealedNumber | None]]
    ) -> tuple[Bound, Bound]:
        dialect = self.connection.dialect
        vault = (
            (sealed.insurer_number, sealed.index, sealed.index_version, sealed.key_id, sealed.ciphertext)
            for _, _, *both in records
            for sealed in both
            if sealed is not None
        )
        rows = (
            (
                line,
                number.index if number is not None else None,
                previous.index if previous is not None else None,
                *_plain_values(record),
            )
            for line, record, number, previous in records
        )
        return bound(dialect, number_vault, _VAULT_COLUMNS, vault), bound(dialect, person_record, _COLUMNS, rows)

    def keep(self, file_no: int, records: tuple[Bound, Bound]) -> None:
        vault, rows = records
        insert_bound(self.connection, number_vault, vault, statement=insert_or_ignore(self.connection, number_vault))
        insert_bound(self.connection, person_record, rows, {"file_no": file_no})

    def groups_to_judge(self, file_no: int) -> Iterator[tuple[list[PersonFact], list[PersonFact]]]:
        return fact_store.groups_to_judge(self.connection, person_record, _KEY, PERSON_COLUMNS, PersonFact, file_no)

    def discard(self, file_no: int, lines: Iterable[int]) -> None:
        fact_store.discard(self.connection, person_record, file_no, lines)

    def sharing_numbers(self, file_no: int) -> list[Addressee]:
        """By the number itself, as somebody's previous one, or as a second one of the same addressee."""
        rows = self.connection.execute(_sharing_numbers(), {"received": file_no})
        return [_addressee(row) for row in rows]

    def contradicted_other_insurers(self, file_no: int) -> list[int]:
        known = set(self.connection.execute(_INSURERS).scalars())
        stated: dict[int, bool] = {}
        touched: dict[int, list[bool]] = {}
        for line, own, said, met in self.connection.execute(_neighbours_of_moves(), {"received": file_no}):
            stated[line] = said in known and said != own
            if met is not None:
                touched.setdefault(line, []).append(met == said)
        return sorted(line for line, possible in stated.items() if not possible or not any(touched.get(line, [True])))

    def mark_pending(self, file_no: int) -> None:
        fact_store.mark_pending(self.connection, person_record, _KEY, pending_person, file_no)

    def wake(self, as_of: date) -> None:
        due = (
            select(known_addressee.c.insurer_number, known_addressee.c.addressee_number)
            .join(prefectural_person, prefectural_person.c.serial == known_addressee.c.serial)
            .where(prefectural_person.c.look_again_on <= as_of)
        )
        self.connection.execute(
            insert_or_ignore(self.connection, pending_person).from_select(["insurer_number", "addressee_number"], due)
        )

    def count_pending(self) -> int:
        return int(self.connection.execute(select(func.count()).select_from(pending_person)).scalar_one())

    def take_pending(self, limit: int) -> list[Addressee]:
        rows = self.connection.execute(
            select(pending_person).order_by(*pending_person.primary_key).limit(limit)
        )
        taken = [_addressee(row) for row in rows]
        if taken:  # all up to the last one, as they were read
            last = tuple_(*map(literal, _pair(taken[-1])))
            self.connection.execute(delete(pending_person).where(tuple_(*pending_person.primary_key) <= last))
        return taken

    def settle_pending(self, addressees: Iterable[Addressee]) -> None:
        waiting = pending_person.c
        for wanted in under_keys(self.connection, waiting.insurer_number, waiting.addressee_number, map(_pair, addressees)):
            self.connection.execute(delete(pending_person).where(wanted))

    def facts_of(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> list[PersonFact]:
        keys = map(_pair, addressees)
        facts = fact_store.facts_of(
            self.connection, person_record, _KEY, PERSON_COLUMNS, PersonFact, keys, known_at
        )
        verdicts = self._verdicts(known_at)
        return [evolve(f, verdict=verdicts.get(f.source)) for f in facts] if verdicts else facts

    def _verdicts(self, known_at: datetime | None) -> dict[Source, str]:
        """All decisions on identity conflicts; they are few (X-25)."""
        if known_at is None:
            queries = [select(identity_verdict)]
        else:  # those on recalled records too: before the recall they counted
            queries = [
                select(table).where(table.c.recorded_at <= known_at)
                for table in (identity_verdict, recalled_identity_verdict)
            ]
        rows = (row for query in queries for row in self.connection.execute(query))
        return {Source(row.file_no, row.line): row.verdict for row in rows}

    def add_verdict(self, held: Source, verdict: str, decided_by: str, recorded_at: datetime) -> None:
        record = (_records.file_no == held.file_no, _records.line == held.line)
        bulk_insert(
            self.connection,
            identity_verdict,
            ("file_no", "line", "insurer_number", "verdict", "decided_by", "recorded_at"),
            [
                (held.file_no, held.line, of_insurer, verdict, decided_by, recorded_at)
                for of_insurer in self.connection.execute(select(_records.insurer_number).where(*record)).scalars()
            ],
            upsert(self.connection, identity_verdict),
        )
        waiting = select(*_KEY).where(*record)
        self.connection.execute(
            insert_or_ignore(self.connection, pending_person).from_select(
                ["insurer_number", "addressee_number"], waiting
            )
        )

    def sharing_with(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> set[Addressee]:
        if known_at is not None:
            return self._ever_sharing_with(addressees)
        found: set[Addressee] = set()
        for wanted in under_keys(self.connection, _own.c.insurer_number, _own.c.addressee_number, map(_pair, addressees)):
            found.update(map(_addressee, raw_rows(self.connection, _sharing().where(wanted))))
        return found

    def _ever_sharing_with(self, addressees: Iterable[Addressee]) -> set[Addressee]:
        """As above, with the records of recalled files on either side."""
        own = set(addressees)
        numbers: set[bytes] = set()
        for records in (_records, recalled_person_record.c):
            for wanted in under_keys(self.connection, records.insurer_number, records.addressee_number, map(_pair, own)):
                named = select(records.number_index, records.previous_number_index).where(wanted)
                numbers.update(index for row in self.connection.execute(named) for index in row if index is not None)
        found: set[Addressee] = set()
        for records in (_records, recalled_person_record.c):
            for batch in batches(numbers):
                under = or_(one_of_numbers(records.number_index, batch), one_of_numbers(records.previous_number_index, batch))
                theirs = select(records.insurer_number, records.addressee_number).where(under)
                found.update(map(_addressee, self.connection.execute(theirs).all()))
        return found - own

    def naming(
        self, households: Iterable[HouseholdKey], known_at: datetime | None = None
    ) -> list[tuple[HouseholdKey, Addressee]]:
        found: set[tuple[HouseholdKey, Addressee]] = set()
        keys = [(each.insurer_number, each.household_number) for each in households]
        for table in (person_record,) if known_at is None else (person_record, recalled_person_record):
            records = table.c
            for wanted in under_keys(self.connection, records.insurer_number, records.household_number, keys):
                named = select(records.insurer_number, records.addressee_number, records.household_number).where(wanted)
                # without DISTINCT, for which SQLite would leave the index of households
                for row in self.connection.execute(named).all():
                    addressee = _addressee(row)
                    found.add((HouseholdKey(addressee.insurer_number, HouseholdNumber(row[2])), addressee))
        return sorted(found)

    def held(self, addressees: Iterable[Addressee]) -> frozenset[Source]:
        found: set[Source] = set()
        for wanted in under_keys(self.connection, _held.insurer_number, _held.addressee_number, map(_pair, addressees)):
            rows = self.connection.execute(select(_held.file_no, _held.line).where(wanted))
            found.update(Source(row.file_no, row.line) for row in rows)
        return frozenset(found)

    def held_by(self, insurer: InsurerNumber) -> frozenset[Source]:
        rows = self.connection.execute(_HELD_BY, {"sender": insurer})
        return frozenset(Source(row.file_no, row.line) for row in rows)

    def sealed(self, insurer: InsurerNumber, number: NumberIndex) -> SealedNumber | None:
        vault = number_vault.c
        row = self.connection.execute(
            select(vault.insurer_number, vault.number_index, vault.index_version, vault.key_id, vault.ciphertext).where(
                vault.number_index == number, vault.insurer_number == insurer
            )
        ).first()
        return SealedNumber(*row) if row is not None else None

    def hold(self, addressees: Iterable[Addressee], held: Iterable[PersonFact]) -> None:
        if self.connection.execute(select(literal(1)).select_from(held_record).limit(1)).first() is not None:
            for wanted in under_keys(self.connection, _held.insurer_number, _held.addressee_number, map(_pair, addressees)):
                self.connection.execute(delete(held_record).where(wanted))
        rows = [
            {
                "file_no": fact.file_no,
                "line": fact.line,
                "insurer_number": fact.insurer_number,
                "addressee_number": fact.addressee_number,
            }
            for fact in held
        ]
        if rows:
            self.connection.execute(insert(held_record), rows)
