"""段: where a process that is to be killed has come to. A step is a statement to the database or a file put in its place.

Moments are no measure: on a machine that does other work too, a process may be over, or not have begun, after any time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

import kokuho_core

_SOURCES: Final = (Path(kokuho_core.__file__).parent.parent, Path(__file__).parent.parent.parent)
_REACHED: Final = "reached\n"


# --- in the process ---


def announce(at: int, *, stays: bool) -> Callable[[], int]:
    """From now on say so when step ``at`` is reached (0: never), and stay there if it shall. Gives how many steps there were."""
    steps = count(1)

    def step() -> None:
        if next(steps) == at:
            print(_REACHED, end="", flush=True)
            if stays:
                sys.stdin.read()

    def audited(name: str, _arguments: Any) -> None:
        if name == "os.rename":
            step()

    event.listen(Engine, "before_cursor_execute", lambda *_: step())
    sys.addaudithook(audited)
    return lambda: next(steps) - 1


# --- outside ---


def begin(module: str, *arguments: object, at: int = 0, stays: bool = False) -> subprocess.Popen[str]:
    """Start ``module`` with these arguments, and behind them those of :func:`announce`; it has said that it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments), str(at), str(int(stays))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _SOURCES))},
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "begun\n", process.communicate()[1]
    return process


def finish(module: str, *arguments: object) -> int:
    """Let it come to its end. How many steps it took."""
    process = begin(module, *arguments)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    done, steps = output.split()
    assert done == "done"
    return int(steps)


def kill_at(module: str, *arguments: object, at: int, after: float | None = None) -> None:
    """Kill it at the step, where it stays; or so many seconds after it, where it goes on, and may be over before."""
    process = begin(module, *arguments, at=at, stays=after is None)
    assert process.stdout is not None
    line = process.stdout.readline()
    if line != _REACHED:
        assert line.startswith("done "), process.communicate()[1]
    elif after is not None:
        time.sleep(after)
    process.kill()
    process.communicate()
