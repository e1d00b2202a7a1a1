"""共通の文: bulk insert, insert-or-ignore and upsert, each in the words of the database at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, insert
from sqlalchemy.dialects import postgresql, sqlite

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int = 500) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``: databases limit the parameters of one statement."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def under_keys(
    first: ColumnElement[Any], second: ColumnElement[Any], keys: Iterable[tuple[Any, Any]]
) -> Iterator[ColumnElement[bool]]:
    """Conditions that together select rows under two-part keys, such as insurer and addressee.

    One per first part and batch of second parts: a list of pairs would keep SQLite from using the index.
    """
    by_first: dict[Any, list[Any]] = {}
    for one, other in keys:
        by_first.setdefault(one, []).append(other)
    for one in sorted(by_first):
        for batch in batches(by_first[one]):
            yield and_(first == one, second.in_(batch))


def bulk_insert(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert many rows, given as sequences in the order of ``columns``, by the driver's ``executemany``.

    The statement is compiled once and values are converted by the column types, which is what the mapper needs of
    SQLAlchemy here; building a dictionary per row would cost more than the insert itself.
    """
    dialect = connection.dialect
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    order = [column.name for column in table.columns if column.name in columns]  # the order of the compiled statement
    places = itemgetter(*(columns.index(name) for name in order))
    processors = []
    for position, name in enumerate(order):
        processor = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            processors.append((position, processor))
    parameters: list[Any] = []
    for row in rows:
        values = list(places(row))
        for position, processor in processors:
            if values[position] is not None:
                values[position] = processor(values[position])
        parameters.append(tuple(values) if compiled.positional else dict(zip(order, values, strict=True)))
    if parameters:
        connection.exec_driver_sql(str(compiled), parameters)


def _dialect_insert(connection: Connection, table: Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def insert_or_ignore(connection: Connection, table: Table) -> Any:
    """An INSERT that leaves rows alone which are already there."""
    return _dialect_insert(connection, table).on_conflict_do_nothing()


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that replaces the other columns of a row whose primary key is already there."""
    statement = _dialect_insert(connection, table)
    keys = [column.name for column in table.primary_key.columns]
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
