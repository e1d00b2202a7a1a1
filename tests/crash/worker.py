"""The process that is killed. ``python -m tests.crash.worker`` reads jobs, one JSON object a line, and begins a process for
each: it runs commands one after the other and says which is done. A job that is to be killed meets its end either at one of
its operations or at a moment of time; the answer to a job is its last line, the exit code.

Where the system can fork, a job's process is ready at once; elsewhere each starts an interpreter of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from .commands import commands, on_server, prefecture
from .operations import Operation, watched

DONE: Final = "done"
ENDED: Final = "ended"
KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows both end a process at once


def _tell(word: str, number: int) -> None:
    """In one piece, whatever happens: a line that was begun would be taken for another."""
    os.write(sys.stdout.fileno(), f"{word} {number}\n".encode())


def perform(job: dict[str, Any]) -> None:
    """Run the commands of a job from ``first`` up to ``last``; ``operations``: how many of them it lives for."""
    left = job.get("operations")
    folder = Path(job["folder"])

    def meet(_operation: Operation) -> None:
        nonlocal left
        if left is not None:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), KILL)

    at = on_server(job["database"], folder) if "database" in job else None
    with watched(folder, meet), prefecture(folder, at) as opened:
        for command in commands()[job["first"] : job["last"]]:
            opened.run(command)
            _tell(DONE, command.place)


def _forked(job: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            perform(job)
            code = 0
        except BaseException as error:  # noqa: BLE001 - nothing of the parent may run in this process
            print(type(error).__name__, error, file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    if job.get("seconds") is not None:
        time.sleep(job["seconds"])
        os.kill(child, KILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _started(job: dict[str, Any]) -> int:
    child = subprocess.Popen([sys.executable, "-m", __spec__.name, json.dumps(job)])
    if job.get("seconds") is not None:
        time.sleep(job["seconds"])
        child.kill()
    return child.wait()


def main() -> None:
    if len(sys.argv) > 1:
        perform(json.loads(sys.argv[1]))
        return
    begin = _forked if hasattr(os, "fork") else _started
    for line in sys.stdin:
        _tell(ENDED, begin(json.loads(line)))


if __name__ == "__main__":
    main()
