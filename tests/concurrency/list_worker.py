"""A process of many: random transactions on lists, through units of work or, to see what these prevent, without them.

``python -m tests.concurrency.list_worker URL PROCESS COUNT SEED guarded|plain`` prints «ready», waits for a line, and prints
each transaction when it is over.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, Final

from attrs import define, field
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.database.faults import translated

from .history import FIRST_ITEM_OF_PROCESS

LISTS: Final = 3
"""Keys from 0 are lists of rows, keys from ``LISTS`` on are lists in one value."""
KEYS: Final = range(2 * LISTS)
_LONGEST_PAUSE: Final = 0.004

TABLES: Final = (
    "CREATE TABLE list_row (list integer NOT NULL, place integer NOT NULL, item integer NOT NULL)",
    "CREATE TABLE list_value (list integer NOT NULL, items text NOT NULL)",
    *(f"INSERT INTO list_value VALUES ({key}, '')" for key in KEYS if key >= LISTS),
)

_ROWS: Final = text("SELECT item FROM list_row WHERE list = :key ORDER BY place, item")
_COUNT: Final = text("SELECT count(*) FROM list_row WHERE list = :key")
_ADD_ROW: Final = text("INSERT INTO list_row VALUES (:key, :place, :item)")
_VALUE: Final = text("SELECT items FROM list_value WHERE list = :key")
_PUT_VALUE: Final = text("UPDATE list_value SET items = :items WHERE list = :key")
_ADD_TO_ALL: Final = text("UPDATE list_value SET items = items || CAST(:item + list AS text) || ' '")


def read(connection: Connection, key: int) -> list[int]:
    if key < LISTS:
        return list(connection.execute(_ROWS, {"key": key}).scalars())
    return [int(item) for item in connection.execute(_VALUE, {"key": key}).scalar_one().split()]


def append(connection: Connection, key: int, item: int) -> None:
    """A rule over rows that may not be there yet, or the classic: read, change, write back."""
    if key < LISTS:
        place = connection.execute(_COUNT, {"key": key}).scalar_one()
        connection.execute(_ADD_ROW, {"key": key, "place": place, "item": item})
        return
    items = connection.execute(_VALUE, {"key": key}).scalar_one()
    connection.execute(_PUT_VALUE, {"key": key, "items": f"{items}{item} "})


@define
class Worker:
    database: SqlDatabase
    process: int
    is_guarded: bool
    seed: int
    random: Random = field(init=False)
    _items: Iterator[int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.random = Random(1000 * self.seed + self.process)
        self._items = iter(range(FIRST_ITEM_OF_PROCESS * (self.process + 1), sys.maxsize, len(KEYS)))

    def run(self, number: int) -> dict[str, Any]:
        """One transaction; tried again as a use case is, and only the last try is told, since the others left nothing."""
        kind = self.random.choices(("write", "lane", "read", "abandon"), (4, 3, 2, 1))[0]
        plan = [
            (self.random.choice(("read", "append") if kind != "read" else ("read",)), self.random.choice(KEYS))
            for _ in range(self.random.randint(2, 4))
        ]
        is_bulk = kind in ("write", "lane") and self.random.random() < 0.15
        invoked = time.monotonic_ns()
        told = self.database.repeated(lambda: self._attempt(kind, plan, is_bulk))
        return {
            "number": FIRST_ITEM_OF_PROCESS * (self.process + 1) + number, "invoked": invoked,
            "completed": time.monotonic_ns(), "committed": kind != "abandon", "steps": told,
        }  # fmt: skip

    def _attempt(self, kind: str, plan: list[tuple[str, int]], is_bulk: bool) -> list[tuple[int, int | None, list[int]]]:
        steps: list[tuple[int, int | None, list[int]]] = []
        with self._transaction(kind) as (connection, commit):
            for what, key in plan:
                if what == "read":
                    steps.append((key, None, read(connection, key)))
                else:
                    item = next(self._items)
                    append(connection, key, item)
                    steps.append((key, item, []))
                time.sleep(self.random.uniform(0, _LONGEST_PAUSE))
            if is_bulk:
                first = next(self._items)
                connection.execute(_ADD_TO_ALL, {"item": first})
                steps += [(key, first + key, []) for key in KEYS if key >= LISTS]
            if kind in ("write", "lane"):
                commit()
        return steps

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[Any]:
        if not self.is_guarded:
            try:
                with self.database.engine.connect() as connection:
                    yield connection, connection.commit
            except DBAPIError as error:
                raise translated(error) from None
            return
        lane = str(self.random.randrange(4)) if kind == "lane" else None
        with self.database.begin(read_only=kind == "read", lane=lane) as work:
            work.alone()
            yield work.connection, work.commit


def main(url: str, process: int, count: int, seed: int, is_guarded: bool) -> None:
    worker = Worker(open_database(url), process, is_guarded, seed)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        print(json.dumps(worker.run(number)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "guarded")
