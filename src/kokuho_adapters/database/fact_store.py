"""事実の保管: what the stores of received records have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Select, Table, and_, bindparam, delete, exists, or_, select

from kokuho_adapters.database.statements import (
    batches,
    in_columns,
    insert_or_ignore,
    raw_rows,
    streamed_columns,
    under_keys,
)
from kokuho_adapters.database.tables import SET_ASIDE, recalled_file, received_file
from kokuho_core.vocabulary.codes import UpdateKind

Fact = TypeVar("Fact")


def groups_to_judge(
    connection: Connection,
    table: Table,
    key: Sequence[Column[Any]],
    columns: Sequence[Column[Any]],
    make: Callable[..., Fact],
    file_no: int,
) -> Iterator[tuple[list[Fact], list[Fact]]]:
    """Per key of the file: the facts known before and those of the file, both in received order.

    ``columns`` begin with the file, and the key is among them.
    A key with one new record and nothing else can break no rule between records, so it is left out.
    """
    query = _query_to_judge(table, tuple(key), tuple(columns))
    first, second = ([column.name for column in columns].index(part.name) for part in key)
    found = chain.from_iterable(
        zip(zip(values[first], values[second], strict=True), values[0], map(make, *values), strict=True)
        for values in streamed_columns(connection, query, {"received": file_no})
    )
    for _, group in groupby(found, key=itemgetter(0)):
        known: list[Fact] = []
        sent: list[Fact] = []
        for _, of_file, fact in group:
            (sent if of_file == file_no else known).append(fact)
        yield known, sent


@cache
def _query_to_judge(
    table: Table, key: tuple[Column[Any], ...], columns: tuple[Column[Any], ...]
) -> Select[Any]:
    """Made once: to put it together costs as much as to ask it about a small file."""
    sent, other = table.alias("sent").c, table.alias("other").c
    named = [sent[column.name] for column in key]
    same = [other[column.name] == sent[column.name] for column in key]
    another = select(other.file_no).where(*same, or_(other.file_no != sent.file_no, other.line != sent.line))
    many = (
        select(*named)
        .where(sent.file_no == bindparam("received"), or_(sent.update_kind != UpdateKind.NEW.value, exists(another)))
        .distinct()
        .subquery()
    )
    return (
        select(*columns)
        .join(many, and_(*(column == many.c[column.name] for column in key)))
        .order_by(*key, table.c.file_no, table.c.line)
    )


def mark_pending(connection: Connection, table: Table, key: tuple[Column[Any], ...], pending: Table, file_no: int) -> None:
    """Whom or what a file is about waits for the next resolve."""
    statement = _marking(insert_or_ignore(connection, pending), table, key)
    connection.execute(statement, {"received": file_no})


@cache
def _marking(into_pending: Any, table: Table, key: tuple[Column[Any], ...]) -> Any:
    about = select(*key).where(table.c.file_no == bindparam("received")).distinct()
    return into_pending.from_select([part.name for part in key], about)


def discard(connection: Connection, table: Table, file_no: int, lines: Iterable[int]) -> None:
    """Take records of the file being received out again."""
    for batch in batches(lines):
        connection.execute(delete(table).where(table.c.file_no == file_no, table.c.line.in_(batch)))


def facts_of(
    connection: Connection,
    table: Table,
    key: tuple[Column[Any], Column[Any]],
    columns: Sequence[Column[Any]],
    make: Callable[..., Fact],
    keys: Iterable[tuple[Any, Any]],
    known_at: datetime | None,
) -> list[Fact]:
    """All facts under ``keys`` in received order, as known at a time (P-7); ``columns`` begin with file and line."""
    found: list[Sequence[Any]] = []
    listed = list(keys)
    query = select(*columns)
    as_known = query if known_at is None else (
        query.join(received_file, received_file.c.file_no == table.c.file_no).where(received_file.c.recorded_at <= known_at)
    )
    for wanted in under_keys(connection, *key, listed):
        found.extend(raw_rows(connection, as_known.where(wanted)))
    if known_at is not None:
        found.extend(_recalled_since(connection, table, key, columns, listed, known_at))
    if not found:
        return []
    found.sort(key=itemgetter(0, 1))
    return list(map(make, *in_columns(connection.dialect, query, found)))


def _recalled_since(
    connection: Connection,
    table: Table,
    key: tuple[Column[Any], Column[Any]],
    columns: Sequence[Column[Any]],
    keys: Iterable[tuple[Any, Any]],
    known_at: datetime,
) -> Iterator[Sequence[Any]]:
    """Facts of files that were recalled after ``known_at``: at that time they counted."""
    aside = SET_ASIDE[table].c
    first, second = (aside[part.name] for part in key)
    for wanted in under_keys(connection, first, second, keys):
        query = (
            select(*(aside[column.name] for column in columns))
            .join(received_file, received_file.c.file_no == aside.file_no)
            .join(recalled_file, recalled_file.c.file_no == aside.file_no)
            .where(wanted, received_file.c.recorded_at <= known_at, recalled_file.c.recalled_at > known_at)
        )
        yield from raw_rows(connection, query)
