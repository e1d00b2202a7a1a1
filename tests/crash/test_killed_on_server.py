"""Killed while the database is on a server: what stands there is what stands in a file, after every single commit (S-27)."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path
from random import Random

import pytest
from sqlalchemy.exc import OperationalError

from kokuho_core.errors import KokuhoError

from ..prefecture.contents import ask
from ..prefecture.servers import Server, name_of, started
from .commands import Command, commands, on_server, one_of_each_work, prefecture
from .killing import Nursery, live, look_at
from .operations import Operation, watched
from .states import delivered, state_of
from .undisturbed import Undisturbed

LIVES = 12
KILLS_OF_A_LIFE = 20
"""At least, in a life that ends only when every command is done."""


def test_killed_again_and_again(undisturbed: Undisturbed, nursed: Nursery, server: Server, tmp_path: Path) -> None:
    """Rules: S-27, S-14, X-2, X-13."""
    url = server.new_database()
    kills = live(undisturbed, tmp_path / "office", nursed, Random(0), url)
    assert kills.total >= KILLS_OF_A_LIFE
    server.drop(url)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, LIVES + 1))
def test_killed_for_long(
    undisturbed: Undisturbed, nursed: Nursery, server: Server, tmp_path: Path, seed: int
) -> None:
    """Rules: S-27, S-14, X-2, X-13."""
    url = server.new_database()
    assert live(undisturbed, tmp_path / "office", nursed, Random(seed), url).total >= KILLS_OF_A_LIFE
    server.drop(url)


# --- the server itself ---


def kill_whoever_works(server: Server, url: str) -> None:
    """kill -9 of a backend: the server stops all others at once, as in a crash, and recovers from its log."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = :name AND backend_type = 'client backend'"
        " AND pid <> pg_backend_pid()"
    )
    for (pid,) in ask(server.uri, query, name=name_of(url)):
        os.kill(pid, signal.SIGKILL)


def wait_until_recovered(url: str) -> None:
    for _ in range(600):
        try:
            assert ask(url, "SELECT 1") == [(1,)]
        except OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server does not come back")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_the_server_crashes(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Rules: S-27. In each kind of work, at a random statement: no answer without a durable commit, and no half of one."""
    random, told = Random(4), []
    folder = undisturbed.before(commands()[0], tmp_path / "office")
    struck = {command.place for command in one_of_each_work()} - {0}
    with started(tempfile.mkdtemp(prefix="kokuho-postgresql-")) as server:
        url = server.new_database()
        at = on_server(url, folder)
        for command in commands():
            if command.place in struck:
                told.append(_crash_in(server, url, folder, command, random.randrange(30)))
                wait_until_recovered(url)
                look_at(undisturbed, folder, command.place + (told[-1] is None), at)
            with prefecture(folder, at) as opened:
                opened.run(command)
        assert state_of(folder, at) == undisturbed.final
        assert delivered(folder) == undisturbed.delivered
    assert set(told) <= {"KKH-B001", "KKH-A005", None}
    assert told.count(None) <= len(told) / 3


def _crash_in(server: Server, url: str, folder: Path, command: Command, operation: int) -> str | None:
    """What was told; None when the command was done before its turn to crash came."""
    left = operation

    def meet(met: Operation) -> None:
        nonlocal left
        if met.is_of_database:
            left -= 1
            if left == -1:
                kill_whoever_works(server, url)

    try:
        with watched(folder, meet), prefecture(folder, on_server(url, folder)) as opened:
            opened.run(command)
    except KokuhoError as error:
        return error.code
    return None
