"""一つの引数で渡す一覧: whatever is asked about a thousand keys at a time finds them by an index, and leaves nothing in memory."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, delete, or_, select

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.id_store import SqlIdStore
from kokuho_adapters.database.on_sqlite import open_sqlite
from kokuho_adapters.database.statements import one_of, under_keys
from kokuho_adapters.database.tables import counter, known_addressee, metadata, person_number, prefectural_person
from kokuho_adapters.database.tables import returned_row as table
from kokuho_core.identity.insured_ids import IssuedId
from kokuho_core.ports.stores import KnownAddressee
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

KEYS = [("139519", f"{each:05d}") for each in range(1000)]
FOREIGN = ("139527", "00001")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_sqlite(URL.create("sqlite", database=str(tmp_path / "keys.sqlite3")))
    with engine.connect() as made:
        made.exec_driver_sql("CREATE TABLE returned_row (subject TEXT, item TEXT, PRIMARY KEY (subject, item))")
        made.exec_driver_sql("INSERT INTO returned_row VALUES (?, ?)", [*KEYS, FOREIGN])
        yield made
    engine.dispose()


def found(connection: Connection, keys: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    own = table.c
    [wanted] = under_keys(connection, own.subject, own.item, keys)
    return [tuple(row) for row in connection.execute(select(own.subject, own.item).where(wanted).order_by(own.item))]


def test_keys_of_two_parts(connection: Connection) -> None:
    """Both parts have to be those of one key."""
    assert found(connection, [KEYS[3], KEYS[3], ("139527", "00003"), KEYS[1]]) == [KEYS[1], KEYS[3]]
    assert found(connection, KEYS) == KEYS
    assert list(under_keys(connection, table.c.subject, table.c.item, [])) == []


def test_by_an_index(connection: Connection) -> None:
    """A list of pairs as such would have the whole table read."""
    own = table.c
    [wanted] = under_keys(connection, own.subject, own.item, KEYS[:2])
    text = str(select(own.subject).where(wanted).compile(connection))
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", ('[["1","2"]]',)).all()
    assert any("SEARCH returned_row" in row[3] and "subject=? AND item=?" in row[3] for row in plan)


def test_beside_other_conditions(connection: Connection) -> None:
    """Two lists in one statement, a condition turned round, and what is deleted."""
    own = table.c
    [foreign] = under_keys(connection, own.subject, own.item, [FOREIGN])
    few = one_of(connection, own.item, ["00001", "00002"])
    either = select(own.subject, own.item).where(or_(few, foreign)).order_by(own.subject, own.item)
    assert [tuple(row) for row in connection.execute(either)] == [KEYS[1], KEYS[2], FOREIGN]
    assert connection.execute(delete(table).where(~few)).rowcount == 998
    assert connection.execute(delete(table).where(foreign)).rowcount == 1
    assert found(connection, [*KEYS, FOREIGN]) == [KEYS[1], KEYS[2]]


def test_nothing_is_left_behind(connection: Connection) -> None:
    """What is asked a thousand times must not stay until somebody looks for objects that refer to each other."""
    own, items = table.c, [item for _, item in KEYS]

    def ask() -> None:
        connection.execute(select(own.subject).where(one_of(connection, own.item, items))).all()
        found(connection, KEYS)

    leaves_nothing(ask)


def test_nothing_is_left_behind_of_numbers(connection: Connection) -> None:
    """Whoever judges a prefecture asks for all its numbers, some hundreds at a time."""
    metadata.create_all(connection, [prefectural_person, person_number, known_addressee, counter])
    ids = SqlIdStore(connection, Counters(connection), "13")
    numbers = [NumberIndex(each.to_bytes(32, "big")) for each in range(1000)]
    issued = {Addressee(InsurerNumber("139519"), AddresseeNumber(f"{each:05d}")): ids.issue() for each in range(3)}
    known = {
        each: KnownAddressee(IssuedId(one.serial, one.insured_id, frozenset()), ids.issue_municipal(each.insurer_number))
        for each, one in issued.items()
    }
    own = {one.serial: frozenset((numbers[place],)) for place, one in enumerate(issued.values())}
    ids.save(known, {}, {serial: (frozenset(), now) for serial, now in own.items()}, {}, issued.values())

    def ask() -> None:
        assert [each.numbers for each in ids.under_numbers(numbers)] == list(own.values())

    leaves_nothing(ask)


def leaves_nothing(ask: Callable[[], None]) -> None:
    ask()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            ask()
        assert gc.collect() == 0
    finally:
        gc.enable()
