"""What stands in a prefecture, in a form in which two runs can be compared, and its checksum.

Left out is what no two runs have in common: random keys and what is sealed with them (the numbers are compared instead, as
they open), the numbering of receipts (their names stand for it), and the receipts of files that were given again because
nobody had heard the first answer.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, text

from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.database.tables import NUMBER_KEY_BYTES
from kokuho_core.reception.ledger import FileResult

from ..aggregation.support import Dump
from ..prefecture.contents import connected
from ..security.sealed import numbers
from .commands import DATABASE, OUTBOX, configuration
from .effects import EFFECT

_OF_KEYS: Final = frozenset({"data_key", "key_usage", "wrapping_key", "key_disposal"})
_OF_ACCESS: Final = frozenset({"operator_grant", "approval", "audit_entry"})
_INDEXES: Final = frozenset({"number_index", "previous_number_index"})
_KEYS: Final = {"number_key": "number_index", "previous_number_key": "previous_number_index"}
_SEALED: Final = frozenset({"fingerprint", "ciphertext", "content", "key_id", "index_version"})
_AGAIN: Final = frozenset({FileResult.DUPLICATE.value, FileResult.REJECTED.value})
RESULTS: Final = "SHOKEKKA"


def checksum(state: Dump) -> str:
    return hashlib.sha256(repr(sorted(state.items())).encode()).hexdigest()


def state_of(folder: Path, at: Configuration | None = None) -> Dump:
    """Every table, before the first command none; ``at``: where it is not in the folder's own file."""
    if at is not None:
        return _state_on_server(at)
    database = folder / DATABASE
    if not database.exists():
        return {}
    with closing(sqlite3.connect(database)) as connection:
        tables = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")} - {EFFECT}
        if "number_vault" not in tables:
            return {}
        found = {table: _rows(connection, table) for table in sorted(tables - _OF_KEYS - _OF_ACCESS)}
    if not found["installation"]:
        return {}
    return _comparable(found, _clear_numbers(configuration(folder)) if found["number_vault"] else {})


def _state_on_server(at: Configuration) -> Dump:
    """With values as SQLite keeps them, so that both can be compared."""
    with connected(at.database) as connection:
        _wait_for_the_dead(connection)
        tables = set(inspect(connection).get_table_names())
        if "number_vault" not in tables:
            return {}
        found = {
            table: [
                {name: _as_in_a_file(value) for name, value in row.items()}
                for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()
            ]
            for table in sorted(tables - _OF_KEYS - _OF_ACCESS)
        }
    if not found["installation"]:
        return {}
    return _comparable(found, _clear_numbers(at) if found["number_vault"] else {})


def _wait_for_the_dead(connection: Connection) -> None:
    """Until the server has noticed that a killed process is gone, and has undone or finished what it was at."""
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    for _ in range(1000):
        if connection.execute(others).scalar() == 0:
            return
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))  # else a transaction keeps what it saw of others
        time.sleep(0.01)
    raise AssertionError("a killed process is still connected")


def _as_in_a_file(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    return value.isoformat() if isinstance(value, date) else value


def _rows(connection: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    cursor = connection.execute(f"select * from {table}")
    names = [each[0] for each in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _clear_numbers(at: Configuration) -> dict[bytes, str]:
    with open_installation(at) as opened:
        return clear_numbers(opened)


def clear_numbers(opened: Installation) -> dict[bytes, str]:
    """Every number by its index, as they open now."""
    found = {index: number for (_, index), number in numbers(opened).items()}
    assert len(found) == len(set(found.values())), "a number stands under two indexes"
    return found


def _comparable(found: dict[str, list[dict[str, Any]]], clear: dict[bytes, str]) -> Dump:
    receipts: dict[Any, str] = {}
    known: set[str] = set()
    for row in sorted(found.get("received_file", []), key=lambda row: row["file_no"]):
        label = f"{row['name']} {row['result']}"
        if row["result"] not in _AGAIN and label not in known:
            receipts[row["file_no"]] = label
            known.add(label)
    state: Dump = {}
    for table, rows in found.items():
        kept = [_row(table, row, receipts, clear) for row in rows if row.get("file_no") in (None, *receipts)]
        if table == "counter":
            kept = [row for row in kept if ("name", "received_file") not in row]
        state[table] = sorted(kept, key=repr)
    return state


def _row(table: str, row: dict[str, Any], receipts: dict[Any, str], clear: dict[bytes, str]) -> tuple[Any, ...]:
    shown = []
    for name, value in row.items():
        if name in _KEYS:
            assert value == (row[_KEYS[name]] and row[_KEYS[name]][:NUMBER_KEY_BYTES])
            continue
        if name in _INDEXES and value is not None:
            value = clear[value]
        elif name == "file_no":
            value = receipts[value]
        is_sealed = name in _SEALED and table != "other_record"
        if is_sealed or (name == "records" and row.get("file_id") == RESULTS):
            continue
        shown.append((name, value))
    return tuple(shown)


# --- what was delivered ---


def delivered(folder: Path) -> dict[str, tuple[bytes, ...]]:
    """The lines of every file under its final name; those that tell of a file given again are left out."""
    outbox = folder / OUTBOX
    return {path.relative_to(outbox).as_posix(): _lines(path) for path in outbox.rglob("*.csv")}


def _lines(path: Path) -> tuple[bytes, ...]:
    lines = path.read_bytes().split(b"\r\n")
    assert lines[-2:] == [b"9,%d" % (len(lines) - 3), b""], "a file under its final name is cut"
    if not path.name.startswith(RESULTS):
        return tuple(lines)
    told = lines[:-2]
    again = {
        line
        for line in told
        if (cells := line.split(b","))[0] == b"2" and cells[3] == b"0" and cells[4] in (b"2", b"4")
    }
    return tuple(dict.fromkeys(line for line in told if line not in again))
