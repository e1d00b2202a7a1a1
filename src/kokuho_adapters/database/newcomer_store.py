"""新しく知る人の保管: each table in one go, from values that may have been converted by another process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection

from kokuho_adapters.database.return_store import RETURNED_COLUMNS, returned_values
from kokuho_adapters.database.rounds import ReturnRounds
from kokuho_adapters.database.span_store import SPAN_COLUMNS
from kokuho_adapters.database.statements import Bound, bound, insert_bound, insert_or_ignore, upsert
from kokuho_adapters.database.tables import (
    known_addressee,
    pending_household,
    person_number,
    prefectural_person,
    qualification_span,
    returned_row,
)
from kokuho_core.ports.assigned import Newcomer

_PERSON_COLUMNS: Final = ("serial", "insured_id", "look_again_on")
_ADDRESSEE_COLUMNS: Final = ("insurer_number", "addressee_number", "serial", "municipal_id")
_NUMBER_COLUMNS: Final = ("number_index", "serial")
_HOUSEHOLD_COLUMNS: Final = ("insurer_number", "household_number")


@frozen
class SqlNewcomerStore:
    """:class:`kokuho_core.ports.assigned.NewcomerStore` on SQL tables."""

    connection: Connection
    rounds: ReturnRounds

    def bound(self, newcomers: Iterable[Newcomer]) -> tuple[Bound, ...]:
        """In the order in which the tables refer to each other."""
        persons: list[tuple[Any, ...]] = []
        addressees: list[tuple[Any, ...]] = []
        numbers: list[tuple[Any, ...]] = []
        spans: list[tuple[Any, ...]] = []
        rows: list[tuple[Any, ...]] = []
        households: dict[tuple[str, str], None] = {}
        waits_in = self.rounds.numbers()
        for each in newcomers:
            issued = each.issued
            persons.append((issued.serial, issued.insured_id, each.look_again_on))
            addressees.extend((*who, issued.serial, municipal) for who, municipal in each.municipal_ids.items())
            numbers.extend((number, issued.serial) for number in issued.numbers)
            spans.extend((*key.addressee, key.history_number, *rest) for key, *rest in each.spans)
            rows.extend(returned_values(key, row, None, waits_in[key[1:3]]) for key, row in each.rows.items())
            households.update(dict.fromkeys(each.households))
        dialect = self.connection.dialect
        return (
            bound(dialect, prefectural_person, _PERSON_COLUMNS, persons),
            bound(dialect, known_addressee, _ADDRESSEE_COLUMNS, addressees),
            bound(dialect, person_number, _NUMBER_COLUMNS, numbers),
            bound(dialect, qualification_span, SPAN_COLUMNS, spans),
            bound(dialect, returned_row, RETURNED_COLUMNS, rows),
            bound(dialect, pending_household, _HOUSEHOLD_COLUMNS, households),
        )

    def keep(self, bound: tuple[Bound, ...]) -> None:
        persons, addressees, numbers, spans, rows, households = bound
        connection = self.connection
        insert_bound(connection, prefectural_person, persons)
        insert_bound(connection, known_addressee, addressees)
        insert_bound(connection, person_number, numbers, statement=upsert(connection, person_number))
        insert_bound(connection, qualification_span, spans)
        insert_bound(connection, returned_row, rows, statement=upsert(connection, returned_row))
        insert_bound(connection, pending_household, households, statement=insert_or_ignore(connection, pending_household))
