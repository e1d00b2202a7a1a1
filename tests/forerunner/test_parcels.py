"""Messages between the two processes arrive as they were sent, whatever becomes of the sender meanwhile (S-26)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from threading import Event, Thread

import pytest

from kokuho_adapters.database.statements import BoundRows
from kokuho_adapters.forerunner import process
from kokuho_adapters.forerunner.parcels import receive, send

MESSAGES = 20
CONTENT = list(range(100_000))
SENDER = f"""
import sys
from kokuho_adapters.forerunner.parcels import send
for number in range({MESSAGES}):
    send((number, list(range({len(CONTENT)}))), sys.stdout.buffer)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes are not stopped here")
def test_from_a_process_that_is_stopped_again_and_again() -> None:
    """Rules: S-26."""
    ended = Event()

    def stop(which: int) -> None:
        while not ended.is_set():
            os.kill(which, signal.SIGSTOP)
            time.sleep(0.002)
            os.kill(which, signal.SIGCONT)
            time.sleep(0.002)

    with subprocess.Popen([sys.executable, "-c", SENDER], stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        stopper = Thread(target=stop, args=(sender.pid,))
        stopper.start()
        try:
            for number in range(MESSAGES):
                assert receive(sender.stdout) == (number, CONTENT)
        finally:
            ended.set()
            stopper.join()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe stays as wide as it is")
def test_a_whole_answer_fits_into_the_pipe() -> None:
    """Who answers is not held up by who has no time to read."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as to:
        process._widen(source)
        os.set_blocking(to.fileno(), False)
        assert to.write(bytes(1_000_000)) == 1_000_000


def test_a_pipe_that_cannot_be_widened_stays_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "no pipe").open("wb") as file:
        process._widen(file)


AS_SQLITE_TAKES_THEM = BoundRows(("name", "number", "index"), [("外字\ue000", 2**62, bytes(range(256))), (None, -1, b"")])
AS_OTHERS_TAKE_THEM = BoundRows(("day", "name"), [(date(2024, 4, 1), "山田"), (None, "")])


@pytest.mark.parametrize("rows", [AS_SQLITE_TAKES_THEM, AS_OTHERS_TAKE_THEM, BoundRows()])
def test_rows_arrive_as_they_are(rows: BoundRows) -> None:
    """Rules: S-26. Values that every driver takes, and those of one that takes others."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as to:
        send((1, [rows, rows]), to)
        number, arrived = receive(source)
    assert (number, arrived) == (1, [rows, rows])
    assert {type(each) for each in arrived} == {BoundRows}
