"""被保険者IDの保管と発番."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Select, bindparam, delete, select, update

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.statements import batches, bulk_insert, under_keys, upsert
from kokuho_adapters.database.tables import known_addressee, person_number, prefectural_person
from kokuho_core.identity.insured_ids import IssuedId, municipal_id, prefectural_id
from kokuho_core.ports.assigned import Numbering
from kokuho_core.ports.stores import KnownAddressee
from kokuho_core.vocabulary.identifiers import (
    Addressee,
    AddresseeNumber,
    InsurerNumber,
    MunicipalInsuredId,
    PrefecturalInsuredId,
)
from kokuho_core.vocabulary.individual_number import NumberIndex

_PREFECTURAL: Final = "prefectural_person"
_MUNICIPAL: Final = "municipal_person/"
_known, _person, _number = known_addressee.c, prefectural_person.c, person_number.c


# Queries of every batch, made once: a list that is part of the query itself would stay in memory with it, see one_of.


@cache
def _numbers_of() -> Select[Any]:
    return select(_number.serial, _number.number_index).where(_number.serial.in_(bindparam("serials", expanding=True)))


@cache
def _under_numbers() -> Select[Any]:
    return (
        select(_person.serial, _person.insured_id)
        .join(person_number, _number.serial == _person.serial)
        .where(_number.number_index.in_(bindparam("numbers", expanding=True)))
    )


@cache
def _addressees_of() -> Select[Any]:
    return (
        select(_known.insurer_number, _known.addressee_number, _person.insured_id)
        .join(prefectural_person, _person.serial == _known.serial)
        .where(_person.insured_id.in_(bindparam("persons", expanding=True)))
    )


@frozen
class SqlIdStore:
    """:class:`kokuho_core.ports.stores.IdStore` on SQL tables."""

    connection: Connection
    counters: Counters
    prefecture: str

    def of_addressees(self, addressees: Iterable[Addressee]) -> dict[Addressee, KnownAddressee]:
        found: dict[Addressee, tuple[int, str, str]] = {}
        keys = ((each.insurer_number, each.addressee_number) for each in addressees)
        for wanted in under_keys(self.connection, _known.insurer_number, _known.addressee_number, keys):
            rows = self.connection.execute(
                select(
                    _known.insurer_number, _known.addressee_number, _known.serial, _person.insured_id, _known.municipal_id
                )
                .join(prefectural_person, _person.serial == _known.serial)
                .where(wanted)
            )
            for insurer, addressee, serial, insured_id, municipal in rows.all():
                known = Addressee(InsurerNumber(insurer), AddresseeNumber(addressee))
                found[known] = (serial, insured_id, municipal)
        numbers = self._numbers({serial for serial, _, _ in found.values()})
        return {
            addressee: KnownAddressee(
                IssuedId(serial, PrefecturalInsuredId(insured_id), numbers.get(serial, frozenset())),
                MunicipalInsuredId(municipal),
            )
            for addressee, (serial, insured_id, municipal) in found.items()
        }

    def _numbers(self, serials: Iterable[int]) -> dict[int, frozenset[NumberIndex]]:
        found: dict[int, set[NumberIndex]] = {}
        for batch in batches(serials):
            for serial, index in self.connection.execute(_numbers_of(), {"serials": batch}).all():
                found.setdefault(serial, set()).add(NumberIndex(index))
        return {serial: frozenset(numbers) for serial, numbers in found.items()}

    def under_numbers(self, numbers: Iterable[NumberIndex]) -> list[IssuedId]:
        serials: dict[int, str] = {}
        for batch in batches(numbers):
            serials |= dict(self.connection.execute(_under_numbers(), {"numbers": batch}).all())
        under = self._numbers(serials)
        return [IssuedId(s, PrefecturalInsuredId(insured_id), under[s]) for s, insured_id in sorted(serials.items())]

    def issue(self) -> IssuedId:
        serial = self.counters.next(_PREFECTURAL)
        return IssuedId(serial, prefectural_id(self.prefecture, serial), frozenset())

    def issue_municipal(self, insurer: InsurerNumber) -> MunicipalInsuredId:
        return municipal_id(insurer, self.counters.next(f"{_MUNICIPAL}{insurer}"))

    def numbering(self) -> dict[str, int]:
        return {name: value for name, value in self.counters.known().items() if name.startswith((_PREFECTURAL, _MUNICIPAL))}

    def go_on_from(self, numbering: Numbering) -> None:
        self.counters.forget(self.numbering())
        for name, value in numbering.items():
            self.counters.reached(name, value)

    def save(
        self,
        ids: Mapping[Addressee, KnownAddressee],
        before: Mapping[Addressee, KnownAddressee],
        numbers: Mapping[int, tuple[frozenset[NumberIndex], frozenset[NumberIndex]]],
        look_again_on: Mapping[int, date | None],
        issued: Iterable[IssuedId],
    ) -> None:
        new = {each.serial: (each.serial, each.insured_id, look_again_on.get(each.serial)) for each in issued}
        bulk_insert(self.connection, prefectural_person, ("serial", "insured_id", "look_again_on"), new.values())
        known = [serial for serial in look_again_on if serial not in new]
        if known:
            self.connection.execute(
                update(prefectural_person)
                .where(_person.serial == bindparam("which"))
                .values(look_again_on=bindparam("look_again"), retired_into=None),
                [{"which": serial, "look_again": look_again_on[serial]} for serial in known],
            )
        serials = {addressee: each.issued.serial for addressee, each in before.items()}
        self._save_addressees(ids, serials)
        self._save_numbers(numbers)
        self._retire(
            {
                serials[addressee]: each.issued.serial
                for addressee, each in ids.items()
                if addressee in serials and serials[addressee] != each.issued.serial
            }
        )

    def _save_addressees(self, ids: Mapping[Addressee, KnownAddressee], serials: Mapping[Addressee, int]) -> None:
        columns = ("insurer_number", "addressee_number", "serial", "municipal_id")
        rows = [
            (addressee.insurer_number, addressee.addressee_number, each.issued.serial, each.municipal_id)
            for addressee, each in ids.items()
            if serials.get(addressee) != each.issued.serial
        ]
        statement = upsert(self.connection, known_addressee) if serials else None
        bulk_insert(self.connection, known_addressee, columns, rows, statement)

    def _save_numbers(self, numbers: Mapping[int, tuple[frozenset[NumberIndex], frozenset[NumberIndex]]]) -> None:
        for batch in batches(serial for serial, (before, _) in numbers.items() if before):
            self.connection.execute(delete(person_number).where(_number.serial.in_(batch)))
        rows = [(number, serial) for serial, (_, now) in numbers.items() for number in now]
        statement = upsert(self.connection, person_number)
        bulk_insert(self.connection, person_number, ("number_index", "serial"), rows, statement)

    def _retire(self, changed: Mapping[int, int]) -> None:
        """An ID that nobody bears any more is retired into the one that took its place (I-3)."""
        if changed:
            still = set(
                self.connection.execute(select(_known.serial).where(_known.serial.in_(list(changed)))).scalars()
            )
            for old, new in changed.items():
                if old not in still:
                    statement = update(prefectural_person).where(_person.serial == old)
                    self.connection.execute(statement.values(retired_into=new, look_again_on=None))

    def addressees_of(self, persons: Iterable[PrefecturalInsuredId]) -> dict[Addressee, PrefecturalInsuredId]:
        found: dict[Addressee, PrefecturalInsuredId] = {}
        for batch in batches(persons):
            for insurer, addressee, insured_id in self.connection.execute(_addressees_of(), {"persons": batch}).all():
                found[Addressee(insurer, addressee)] = PrefecturalInsuredId(insured_id)
        return found

    def find(self, insured_id: str) -> PrefecturalInsuredId | None:
        row: Any = self.connection.execute(select(prefectural_person).where(_person.insured_id == insured_id)).first()
        if row is None:
            row = self.connection.execute(
                select(prefectural_person)
                .join(known_addressee, _known.serial == _person.serial)
                .where(_known.municipal_id == insured_id)
            ).first()
        while row is not None and row.retired_into is not None:
            row = self.connection.execute(
                select(prefectural_person).where(_person.serial == row.retired_into)
            ).first()
        return PrefecturalInsuredId(row.insured_id) if row is not None else None

    def bearer(self, municipal_id: str) -> Addressee | None:
        row = self.connection.execute(
            select(_known.insurer_number, _known.addressee_number).where(_known.municipal_id == municipal_id)
        ).first()
        return Addressee(row.insurer_number, row.addressee_number) if row is not None else None

    def persons_of(self, insurer: InsurerNumber | None) -> Iterator[PrefecturalInsuredId]:
        query = select(_person.insured_id).where(_person.retired_into.is_(None)).order_by(_person.serial)
        if insurer is not None:
            serials = select(_known.serial).where(_known.insurer_number == insurer)
            query = query.where(_person.serial.in_(serials))
        return (PrefecturalInsuredId(insured_id) for insured_id in self.connection.execute(query).scalars())
