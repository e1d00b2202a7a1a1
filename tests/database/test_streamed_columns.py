"""Rows that are read a column at a time are those that are read one by one, on both databases (P-7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select

from kokuho_adapters.database import SqlDatabase
from kokuho_adapters.database.statements import in_columns, raw_rows, streamed_columns
from kokuho_adapters.database.tables import received_file

from ..prefecture.office import A, B

_files = received_file.c
FILES = select(received_file).where(_files.file_no != bindparam("but")).order_by(_files.file_no)
"""Numbers, texts, bytes, moments and flags, some of them absent."""
BUT = {"but": 3}


def _keep(connection: Connection, number: int = 7) -> list[tuple[Any, ...]]:
    """Some files; those that FILES asks for."""
    for file_no in range(1, number + 1):
        connection.execute(
            insert(received_file).values(
                file_no=file_no, name=f"見本{file_no}.csv", file_id="SKKOJIN", sender=A if file_no % 2 else B,
                sequence=file_no, created_at=datetime(2024, 4, file_no, 9, 30), layout_version="1",
                fingerprint=bytes(range(32)), result="applied", recorded_at=datetime(2024, 4, file_no, 9, 31, 0, 5),
                accepted=file_no, rejected=0, held=0, is_waiting=False, is_reported=file_no == 2,
            )
        )  # fmt: skip
    return [tuple(row) for row in connection.execute(FILES, BUT)]


@pytest.mark.parametrize("together", [1, 2, 6, 1000])
def test_so_many_at_a_time(database: SqlDatabase, together: int) -> None:
    """Rules: P-7."""
    with database.begin() as work:
        kept = _keep(work.connection)
        parts = list(streamed_columns(work.connection, FILES, BUT, together))
    assert [row for part in parts for row in zip(*part, strict=True)] == kept
    assert len(kept) == 6
    assert len(parts) == -(-6 // together)
    assert {type(value) for value in kept[0]} == {int, str, datetime, bytes, bool}


def test_all_at_once(database: SqlDatabase) -> None:
    """Rules: P-7."""
    query = FILES.where(_files.sequence > 0).params(BUT)
    with database.begin() as work:
        kept = _keep(work.connection)
        rows = raw_rows(work.connection, query)
        assert list(zip(*in_columns(work.connection.dialect, query, rows), strict=True)) == kept


def test_none_at_all(database: SqlDatabase) -> None:
    """Rules: P-7."""
    with database.begin(read_only=True) as work:
        assert list(streamed_columns(work.connection, FILES, BUT)) == []
        assert raw_rows(work.connection, FILES.params(BUT)) == []


def test_what_is_asked_after_it(database: SqlDatabase) -> None:
    """Rules: P-7. One that nobody took to its end leaves the connection to the next one."""
    with database.begin() as work:
        kept = _keep(work.connection)
        begun = streamed_columns(work.connection, FILES, BUT, 1)
        next(begun)
        del begun
        assert [tuple(row) for row in work.connection.execute(FILES, BUT)] == kept
