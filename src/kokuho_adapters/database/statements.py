"""共通の文: bulk insert, insert-or-ignore and upsert, each in the words of the database at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib import import_module
from itertools import islice, repeat
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    tuple_,
)

from kokuho_adapters.database.copying import WORTH_COPYING, copy_rows

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int = 500) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``: databases limit the parameters of one statement."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def one_of(connection: Connection, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a text column is one of many values, given as a single parameter.

    A parameter per value would be expanded into the statement anew each time, which costs more than the query.
    """
    if connection.dialect.name == "sqlite":
        listed = func.json_each(orjson.dumps(values).decode()).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == func.any(bindparam(None, list(values), type_=ARRAY(Text)))


def under_keys(
    connection: Connection, first: ColumnElement[Any], second: ColumnElement[Any], keys: Iterable[tuple[str, str]]
) -> Iterator[ColumnElement[bool]]:
    """The condition that selects rows under two-part keys, such as insurer and addressee; none without keys.

    The keys are a single parameter, as in :func:`one_of`. They must come from a SELECT: a list of pairs would keep SQLite
    from using the index.
    """
    pairs = sorted(set(keys))
    if not pairs:
        return
    if connection.dialect.name == "sqlite":
        value = func.json_each(orjson.dumps(pairs).decode()).table_valued("value").c.value
        wanted = select(func.json_extract(value, "$[0]"), func.json_extract(value, "$[1]"))
    else:
        parts = [bindparam(None, list(part), type_=ARRAY(Text)) for part in zip(*pairs, strict=True)]
        listed = func.unnest(*parts).table_valued("one", "other").render_derived()
        wanted = select(listed.c.one, listed.c.other)
    yield tuple_(first, second).in_(wanted)


Bound = dict[str, Sequence[Any]]
"""Rows a column at a time, as the driver takes their values; empty without rows."""


def bound(dialect: Dialect, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Bound:
    """Rows, given as sequences in the order of ``columns``, converted by the column types."""
    given: Bound = dict(zip(columns, zip(*rows, strict=True), strict=False))
    for name, values in given.items():
        kind = table.c[name].type
        processor = kind.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None and not isinstance(kind, LargeBinary):  # every driver takes bytes as they are
            given[name] = tuple(map(processor, values))
    return given


def bulk_insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    statement: Any = None,
    constants: Mapping[str, Any] | None = None,
) -> None:
    """Insert many rows, given as sequences in the order of ``columns``, by the driver's ``executemany`` or by COPY.

    ``statement`` is an INSERT of another kind (:func:`upsert`, :func:`insert_or_ignore`); ``constants`` are columns that have
    one value in all rows.
    """
    dialect, same = connection.dialect, constants or {}
    once = bound(dialect, table, tuple(same), (tuple(same.values()),))
    fixed = {name: value for name, (value,) in once.items()}
    insert_bound(connection, table, bound(dialect, table, columns, rows), fixed, statement)


def insert_bound(
    connection: Connection, table: Table, rows: Bound, constants: Mapping[str, Any] | None = None, statement: Any = None
) -> None:
    """As :func:`bulk_insert`, for rows that were converted before. ``constants`` are columns with one value, as it stands.

    The statement is compiled once and values are converted by the column types, which is all that is needed of SQLAlchemy
    here; a dictionary per row would cost more than the insert itself.
    """
    if not rows:
        return
    dialect = connection.dialect
    same = constants or {}
    text, order, is_positional = _compiled(dialect, table, (*same, *rows), statement)
    number = len(next(iter(rows.values())))
    columns = [repeat(same[name], number) if name in same else rows[name] for name in order]
    parameters: list[Any] = list(zip(*columns, strict=True))
    if dialect.name == "postgresql" and len(parameters) >= WORTH_COPYING:
        copy_rows(connection, table, order, parameters, statement)
        return
    if not is_positional:
        parameters = [dict(zip(order, values, strict=True)) for values in parameters]
    connection.exec_driver_sql(text, parameters)


@lru_cache(maxsize=100)
def _compiled(dialect: Dialect, table: Table, columns: tuple[str, ...], statement: Any) -> tuple[str, list[str], bool]:
    """Text of an INSERT, the columns in the order of its parameters, and whether those are given by position."""
    compiled = (insert(table) if statement is None else statement).compile(dialect=dialect, column_keys=list(columns))
    order = [column.name for column in table.columns if column.name in columns]
    return str(compiled), order, bool(compiled.positional)


def insert_or_ignore(connection: Connection, table: Table) -> Any:
    """An INSERT that leaves rows alone which are already there."""
    return _insert_or_ignore(connection.dialect.name, table)


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that replaces the other columns of a row whose primary key is already there."""
    return _upsert(connection.dialect.name, table)


def insert_of(dialect_name: str, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    dialect = import_module(f"sqlalchemy.dialects.{dialect_name}")  # the one that is not used is not loaded
    return dialect.insert(table)


@cache
def _insert_or_ignore(dialect_name: str, table: Table) -> Any:
    return insert_of(dialect_name, table).on_conflict_do_nothing()


@cache
def _upsert(dialect_name: str, table: Table) -> Any:
    statement = insert_of(dialect_name, table)
    keys = [column.name for column in table.primary_key.columns]
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
