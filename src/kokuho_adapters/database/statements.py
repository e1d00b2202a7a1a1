"""共通の文: bulk insert, insert-or-ignore and upsert, each in the words of the database at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib import import_module
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final, TypeVar

import orjson
from attrs import frozen
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import TypeEngine

from kokuho_adapters.database.copy_text import CopyText, copy_text
from kokuho_adapters.database.copying import WORTH_COPYING, copy_rows
from kokuho_adapters.database.one_message import rows_as_they_come

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int = 500) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``: databases limit the parameters of one statement."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


# SQLite reads a list that is one parameter by a function that stands for a table. What SQLAlchemy makes of that are objects that
# refer to each other: thousands of them, each with its list, would stay in memory until somebody looks for such rings.


class _TextsOf(FunctionElement[str]):
    """SQLite: the texts of a JSON list, as rows."""

    name = "texts_of"
    inherit_cache = True


class _PairsOf(FunctionElement[str]):
    """SQLite: the pairs of a JSON list of pairs, as rows. A list of pairs itself would keep it from using an index."""

    name = "pairs_of"
    inherit_cache = True


@compiles(_TextsOf)
def _texts_of(element: _TextsOf, compiler: SQLCompiler, **more: Any) -> str:
    listed = compiler.process(element.clauses, **more)
    return f"(SELECT value FROM json_each({listed}))"  # noqa: S608 - a parameter # nosec B608


@compiles(_PairsOf)
def _pairs_of(element: _PairsOf, compiler: SQLCompiler, **more: Any) -> str:
    listed = compiler.process(element.clauses, **more)
    pairs = "json_extract(value, '$[0]'), json_extract(value, '$[1]')"
    return f"(SELECT {pairs} FROM json_each({listed}))"  # noqa: S608 - a parameter # nosec B608


_IN: Final = custom_op[bool]("IN", is_comparison=True)


def one_of(connection: Connection, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a text column is one of many values, given as a single parameter.

    A parameter per value would be expanded into the statement anew each time, which costs more than the query.
    """
    if connection.dialect.name == "sqlite":
        return BinaryExpression(column, _TextsOf(orjson.dumps(values).decode()), _IN, Boolean())
    return column == func.any(bindparam(None, list(values), type_=ARRAY(Text)))


def under_keys(
    connection: Connection, first: ColumnElement[Any], second: ColumnElement[Any], keys: Iterable[tuple[str, str | int]]
) -> Iterator[ColumnElement[bool]]:
    """The condition that selects rows under two-part keys, such as insurer and addressee; none without keys.

    The keys are a single parameter, as in :func:`one_of`.
    """
    pairs = list(dict.fromkeys(keys))
    if not pairs:
        return
    if connection.dialect.name == "sqlite":
        yield BinaryExpression(tuple_(first, second), _PairsOf(orjson.dumps(pairs).decode()), _IN, Boolean())
        return
    types = (Text, Integer if isinstance(second.type, Integer) else Text)
    columns = zip(types, zip(*pairs, strict=True), strict=True)
    parts = [bindparam(None, list(values), type_=ARRAY(of)) for of, values in columns]
    listed = func.unnest(*parts).table_valued("one", "other").render_derived()
    yield tuple_(first, second).in_(select(listed.c.one, listed.c.other))


def streamed(
    connection: Connection, query: Select[Any], together: int, parameters: Mapping[str, Any] | None = None
) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of ``query``, so many at a time. Those of SQLite are as the driver gives them, without an object of SQLAlchemy
    for each: for columns whose values it takes as they are."""
    if connection.dialect.name != "sqlite":
        with connection.execute(query.execution_options(yield_per=together), parameters) as result:
            yield from result.partitions()
        return
    with connection.execute(query, parameters) as result:
        while rows := result.cursor.fetchmany(together):
            yield rows


Raw = Sequence[Sequence[Any]]
"""Rows as the driver gives them."""


def raw_rows(connection: Connection, query: Select[Any]) -> Raw:
    """For :func:`in_columns`."""
    with connection.execute(query) as result:
        rows: Raw = result.cursor.fetchall()
    return rows


def in_columns(dialect: Dialect, query: Select[Any], rows: Raw) -> list[Sequence[Any]]:
    """At least one row of ``query`` a column at a time, converted by the column types.

    An object of SQLAlchemy for each row would cost as much as to read it.
    """
    converted: list[Sequence[Any]] = []
    for column, values in zip(query.selected_columns, zip(*rows, strict=True), strict=True):
        processor = column.type.dialect_impl(dialect).result_processor(dialect, None)
        if processor is not None and not isinstance(column.type, LargeBinary):  # every driver gives bytes as they are
            values = tuple(map(processor, values))
        converted.append(values)
    return converted


def streamed_columns(
    connection: Connection, query: Select[Any], parameters: Mapping[str, Any], together: int = 1000
) -> Iterator[list[Sequence[Any]]]:
    """The rows of ``query``, so many at a time, as :func:`in_columns` gives them.

    It is one of those that are made once, and nothing else is asked until all are taken.
    """
    if connection.dialect.name == "sqlite":
        found = streamed(connection, query, together, parameters)
    else:
        found = rows_as_they_come(connection, query, parameters, together)
    for rows in found:
        yield in_columns(connection.dialect, query, rows)


def as_utf8(connection: Connection, text: ColumnElement[str]) -> ColumnElement[Any]:
    """A text column in the bytes in which SQLite has it, where they are to be read further; as text elsewhere."""
    return sql_cast(text, LargeBinary) if connection.dialect.name == "sqlite" else text


@frozen
class BoundRows:
    """Rows as the driver takes their values, in the order of ``columns``, which is that of the table."""

    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[Any, ...]] = ()


Bound = BoundRows | CopyText
"""Rows that need no more than to be written; many of them as COPY takes them where there is one."""


def bound(dialect: Dialect, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Bound:
    """Rows, given as sequences in the order of ``columns``, converted by the column types."""
    given: dict[str, Sequence[Any]] = dict(zip(columns, zip(*rows, strict=True), strict=False))
    if not given:
        return BoundRows()
    if dialect.name == "postgresql" and len(given[columns[0]]) >= WORTH_COPYING:
        return copy_text(table, given)
    names = tuple(column.name for column in table.columns if column.name in given)
    converted = [_converted(dialect, table.c[name].type, given[name]) for name in names]
    return BoundRows(names, list(zip(*converted, strict=True)))


def _converted(dialect: Dialect, kind: TypeEngine[Any], values: Sequence[Any]) -> Iterable[Any]:
    processor = kind.dialect_impl(dialect).bind_processor(dialect)
    if processor is None or isinstance(kind, LargeBinary):  # every driver takes bytes as they are
        return values
    return map(processor, values)


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
    dialect = connection.dialect
    same = {name: next(iter(_converted(dialect, table.c[name].type, [each]))) for name, each in (constants or {}).items()}
    insert_bound(connection, table, bound(dialect, table, columns, rows), same, statement)


def insert_bound(
    connection: Connection, table: Table, rows: Bound, constants: Mapping[str, Any] | None = None, statement: Any = None
) -> None:
    """As :func:`bulk_insert`, for rows that were converted before. ``constants`` are columns with one value, as it stands.

    The statement is compiled once and values are converted by the column types, which is all that is needed of SQLAlchemy
    here; a dictionary per row would cost more than the insert itself.
    """
    same = constants or {}
    if isinstance(rows, CopyText):
        copy_rows(connection, table, rows, same, statement)
        return
    if not rows.rows:
        return
    given = (*same, *rows.columns)
    text, order, is_positional = _compiled(connection.dialect, table, given, statement)
    first = tuple(same.values())
    parameters: Sequence[Any] = [first + row for row in rows.rows] if first else rows.rows
    if not is_positional:
        parameters = [dict(zip(given, values, strict=True)) for values in parameters]
    elif order != given:
        parameters = list(map(itemgetter(*map(given.index, order)), parameters))
    if is_positional and len(order) <= _NARROW:
        together = len(parameters) - len(parameters) % _TOGETHER
        for start in range(0, together, _TOGETHER):
            some = parameters[start : start + _TOGETHER]
            connection.exec_driver_sql(_of_many_rows(text, len(order)), tuple(chain.from_iterable(some)))
        parameters = parameters[together:]
    if parameters:
        connection.exec_driver_sql(text, parameters)


_NARROW: Final = 8
_TOGETHER: Final = 100
"""Rows of at most so many columns go into SQLite so many by one statement, which takes a fifth off their time; wide ones gain
nothing. A statement has far fewer parameters than SQLite allows."""


@lru_cache(maxsize=100)
def _of_many_rows(text: str, columns: int) -> str:
    """The same INSERT for many rows."""
    one = f"({', '.join('?' * columns)})"
    return text.replace(f"VALUES {one}", f"VALUES {', '.join([one] * _TOGETHER)}", 1)


@lru_cache(maxsize=100)
def _compiled(
    dialect: Dialect, table: Table, columns: tuple[str, ...], statement: Any
) -> tuple[str, tuple[str, ...], bool]:
    """Text of an INSERT, the columns in the order of its parameters, and whether those are given by position."""
    compiled = (insert(table) if statement is None else statement).compile(dialect=dialect, column_keys=list(columns))
    order = tuple(column.name for column in table.columns if column.name in columns)
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
