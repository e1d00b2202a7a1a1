"""Random transactions of several processes through units of work: an order explains all of them, on both databases (S-26)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import pytest

from ..prefecture.contents import Place, connected
from ..prefecture.office import PrefectureOffice
from ..prefecture.servers import Server
from .history import History, Step, Transaction, anomalies
from .list_worker import KEYS, TABLES, read
from .processes import at_once

PROCESSES = 4
TRANSACTIONS = 60


def history_of(place: Place, worker: str, mode: str, seed: int) -> tuple[History, dict[int, Sequence[int]]]:
    with connected(place) as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
        if not os.fspath(place).endswith("sqlite3"):
            connection.exec_driver_sql("GRANT ALL ON list_row, list_value TO PUBLIC")
    given = [(worker, process, TRANSACTIONS, seed, mode) for process in range(PROCESSES)]
    history = [
        Transaction(
            told["number"],
            tuple(Step(key, item, tuple(seen)) for key, item, seen in told["steps"]),
            told["committed"],
            told["invoked"],
            told["completed"],
        )
        for lines in at_once("tests.concurrency.list_worker", given)
        for told in map(json.loads, lines)
    ]
    with connected(place) as connection:
        return history, {key: read(connection, key) for key in KEYS}


def require_one_order(office: PrefectureOffice, seed: int) -> None:
    history, final = history_of(office.stored_in, office.configuration.database, "guarded", seed)
    assert len(history) == PROCESSES * TRANSACTIONS
    assert sum(map(len, final.values())) > len(history) / 2
    assert overlapping(history) > len(history) / 2, "they did not run at the same time"
    assert anomalies(history, final) == []


def overlapping(history: History) -> int:
    """Transactions that began before an earlier one was over."""
    found, latest = 0, 0
    for each in sorted(history, key=lambda each: each.invoked):
        found += each.invoked < latest
        latest = max(latest, each.completed)
    return found


def test_one_order_explains_what_all_saw(office: PrefectureOffice) -> None:
    """Rules: S-26. No lost update, no G0, G1, G2, and nothing that time forbids."""
    require_one_order(office, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_one_order_explains_what_all_saw_often(office: PrefectureOffice, seed: int) -> None:
    """Rules: S-26."""
    require_one_order(office, seed)


def test_plain_transactions_break_it(server: Server) -> None:
    """Rules: S-26. The same without units of work, so that the test above can fail."""
    url = server.new_database()
    history, final = history_of(url, url, "plain", 1)
    found = anomalies(history, final)
    assert any("lost update" in each for each in found)
    assert any("G2" in each or "G-single" in each for each in found)
    server.drop(url)
