"""例: each example runs, and is what the pages show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import DOCS, ROOT, blocks_of, same_package

EXAMPLES = ROOT / "examples"


def _run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **same_package()},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_embed(tmp_path: Path) -> None:
    source = EXAMPLES / "embed.py"
    assert len(source.read_text("utf-8").splitlines()) <= 40
    done = _run(str(source), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "SKKOJIN" in done.stdout and "open findings" in done.stdout and "TOKUSO" in done.stdout
    assert not list(tmp_path.iterdir())


def test_own_layout(tmp_path: Path) -> None:
    folder = EXAMPLES / "own_layout"
    [file] = folder.glob("*.csv")
    done = _run(
        "-m", "kokuho_adapters.cli", "--config", str(folder / "kokuho.toml"), "check", str(file), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    without = _run("-m", "kokuho_adapters.cli", "check", str(file), cwd=tmp_path)
    assert without.returncode == 3 and "KKH-F002" in without.stdout


@pytest.mark.parametrize("name", ["SKSETAI-2.0.toml", "SKSETAI_139519_20250401090000_0001.csv"])
def test_own_layout_is_what_the_page_shows(name: str) -> None:
    [shown] = [b for b in blocks_of((DOCS / "layouts.md").read_text("utf-8")) if b.marks.get("file") == name]
    content = (EXAMPLES / "own_layout" / name).read_bytes().decode("utf-8")
    assert content.splitlines() == list(shown.lines)
    assert ("\r\n" in content) == name.endswith(".csv")
