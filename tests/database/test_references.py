"""A row cannot point at another municipality's row: each foreign key that leads to one is tried with direct SQL (S-2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Column, Connection, ForeignKeyConstraint, Table, insert, select

from kokuho_adapters.database.partition import partition_column
from kokuho_adapters.database.tables import metadata, move, person_record
from kokuho_core.errors import Conflict

from ..prefecture.office import A, B, PrefectureOffice

_INVENTED: dict[type, Any] = {
    bool: False, int: 1, str: "1", bytes: b"1", date: date(2024, 1, 1), datetime: datetime(2024, 1, 1),
}  # fmt: skip

INTO_A_MUNICIPALITY = [
    constraint
    for table in metadata.sorted_tables
    for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.name))
    if partition_column(constraint.referred_table) is not None
]


def invented(column: Column[Any], municipality: str) -> Any:
    if column.name in ("insurer_number", "sender"):
        return municipality
    return _INVENTED[getattr(column.type, "impl_instance", column.type).python_type]


def row(connection: Connection, table: Table, municipality: str) -> dict[str, Any]:
    """Values for a row of a municipality; what it refers to is there afterwards."""
    values = {
        column.name: invented(column, municipality)
        for column in table.c
        if not column.nullable or column.foreign_keys
    }
    for constraint in table.foreign_key_constraints:
        target = constraint.referred_table
        if target is table or target.name == "insurer":
            values.update(dict.fromkeys((each.parent.name for each in constraint.elements), municipality))
            values.update({"retired_into": None} if target is table else {})
            continue
        found = present(connection, target, municipality)
        values.update({each.parent.name: found[each.column.name] for each in constraint.elements})
    return values


def present(connection: Connection, table: Table, municipality: str) -> dict[str, Any]:
    """The row of a municipality, made if it is not there."""
    values = row(connection, table, municipality)
    keys = [column == values[column.name] for column in table.primary_key.columns]
    if connection.execute(select(table).where(*keys)).first() is None:
        connection.execute(insert(table).values(values))
    return values


def key_id(constraint: ForeignKeyConstraint) -> str:
    return f"{constraint.table.name}-{'-'.join(each.parent.name for each in constraint.elements)}"


def test_they_are_all_found() -> None:
    """Rules: S-2."""
    assert {each.table.name for each in INTO_A_MUNICIPALITY} >= {person_record.name, move.name, "held_record", "decision"}
    assert all(len(each.elements) > 1 for each in INTO_A_MUNICIPALITY)


@pytest.mark.parametrize("constraint", INTO_A_MUNICIPALITY, ids=key_id)
def test_a_child_of_another_municipalitys_parent_is_refused(
    office: PrefectureOffice, constraint: ForeignKeyConstraint
) -> None:
    """Rules: S-2, S-1. With the right municipality the same row is taken, so nothing else was in its way."""
    table = constraint.table
    owner = next(each for each in constraint.elements if each.column.name == partition_column(constraint.referred_table))
    database = office.installation.database
    for municipality, is_refused in ((B, True), (A, False)):
        with database.begin() as work:
            values = row(work.connection, table, A)
            assert values[owner.parent.name] == A
            work.commit()
        values[owner.parent.name] = municipality
        if is_refused:
            with pytest.raises(Conflict, match="KKH-X002"), database.begin() as work:
                work.connection.execute(insert(table).values(values))
        else:
            with database.begin() as work:
                work.connection.execute(insert(table).values(values))
                work.commit()
