"""The one command that plays a story again, as it can be typed."""

from __future__ import annotations

import os
import shlex
import subprocess  # only to quote words as Windows does  # nosec B404
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kokuho_adapters.cli.conformance.options import Trial
from kokuho_core.conformance.rules import ALL_CAPABILITIES


def replay_line(story: Path, trial: Trial, line: str | None = None, said: Mapping[str, Any] | None = None) -> str:
    """``line`` and ``said``: the command of a vendor, and how files go to it; without them this library's own aggregation."""
    words = ["kokuho", "conformance", "replay", str(story)]
    if line is not None and said is not None:
        words += ["--command", line]
        words += ["--replay"] if said["replay"] else []
        words += ["--timeout", f"{said['timeout']:g}"] if said["timeout"] != 60 else []
        words += [word for each in said["layouts"] for word in ("--layout", str(each))]
        words += ["--encoding", said["encoding"]] if said["encoding"] != "utf-8" else []
    if trial.capabilities != ALL_CAPABILITIES:
        words += [word for each in sorted(trial.capabilities) for word in ("--capability", each.value)]
    words += ["--wait-days", str(trial.settings.wait_days)] if trial.settings.wait_days != 30 else []
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
