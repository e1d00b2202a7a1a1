"""What stands in a prefecture's database, looked at from outside: every number, its indexes, every byte."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from kokuho_adapters.composition import Installation
from kokuho_adapters.database.key_rotation_store import SqlKeyRotationStore

from ..aggregation.support import dump

NAMING = (("person_record", "number_index"), ("person_record", "previous_number_index"), ("person_number", "number_index"))


def numbers(installation: Installation) -> dict[tuple[str, bytes], str]:
    """Every sealed number, opened, by municipality and index."""
    with installation.custody.database.begin(read_only=True) as work:
        sealed = SqlKeyRotationStore(work.connection).under_keys([key.key_id for key in work.keys.all()], None, 10**6)
        vault = installation.custody.vault
        return {(each.insurer_number, each.index): vault.reveal(work.keys, each).reveal() for each in sealed}


def named(database: Path, of: dict[bytes, str]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that name an index, with the number in its place: what must not change when indexes do."""
    found = {}
    with closing(sqlite3.connect(database)) as connection:
        for table, keys in (
            ("person_record", "file_no, line, insurer_number, number_index, previous_number_index"),
            ("person_number", "serial, number_index"),
        ):
            rows = connection.execute(f"select {keys} from {table}").fetchall()
            found[table] = sorted(
                tuple(of[value] if isinstance(value, bytes) else value for value in row) for row in rows
            )
    return found


def by_number(installation: Installation, database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """:func:`named` with the numbers as they open now. A number with two indexes at once is found here."""
    opened = numbers(installation)
    of = {index: number for (_, index), number in opened.items()}
    assert len(of) == len(set(of.values())), "a number stands under two indexes"
    vault = sorted((insurer, number) for (insurer, _), number in opened.items())
    return {**named(database, of), "number_vault": vault}


def blobs(database: Path) -> Iterator[bytes]:
    """Every byte string of every table, the pages of the file as they are, and its journal."""
    for rows in dump(database).values():
        for row in rows:
            yield from (value for value in row if isinstance(value, bytes))
    for path in database.parent.glob(f"{database.name}*"):
        if not path.name.endswith((".json", ".lock")):
            yield path.read_bytes()


def forms(secret: bytes) -> list[bytes]:
    """How a secret could stand somewhere."""
    encoded = base64.b64encode(secret)
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), encoded.rstrip(b"="), base64.urlsafe_b64encode(secret).rstrip(b"=")]


def key_ids_in(database: Path) -> set[str]:
    """The ids of the keys under which numbers and held files stand, read from the values themselves."""
    from kokuho_adapters.security.content_protection import key_id_of

    with closing(sqlite3.connect(database)) as connection:
        found = {row[0] for row in connection.execute("select distinct key_id from number_vault")}
        for (block,) in connection.execute("select content from held_content where block_no = 0"):
            key_id = key_id_of(block)
            assert key_id is not None
            found.add(key_id)
    return found
