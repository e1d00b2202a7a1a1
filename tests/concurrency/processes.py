"""Processes that begin at the same moment, and what they printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import kokuho_core

_SOURCES: Final = (Path(kokuho_core.__file__).parent.parent, Path(__file__).parent.parent.parent)
_LONGEST: Final = 300


def at_once(module: str, arguments: Sequence[Sequence[object]]) -> list[list[str]]:
    """Run ``module`` once for each list of arguments; each says «ready» and waits. The lines of each."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _SOURCES))}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", module, *map(str, each)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            env=environment,
        )
        for each in arguments
    ]  # fmt: skip
    try:
        for process in running:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == "ready\n", process.communicate()[1]
        lines = []
        for process in running:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        with ThreadPoolExecutor(len(running)) as readers:  # who is not read from would wait, and no longer be at once
            ended = list(readers.map(lambda process: process.communicate(timeout=_LONGEST), running))
        for process, (output, errors) in zip(running, ended, strict=True):
            assert process.returncode == 0, errors
            lines.append(output.splitlines())
        return lines
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
