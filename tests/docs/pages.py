"""頁の実行: what a page tells the reader to type is run as printed, in order, in an empty folder.

The commands of the READMEs are run as programs, those of ``docs/`` in this process, which is faster.

Marks (comments that no reader sees) stand on the line before a fenced block:

=====================  ===================================================================================
``<!-- file: NAME -->``  the block is the content of a file, written with the line ends of an editor (LF)
``<!-- crlf: NAME -->``  (no block) the file gets CRLF line ends, as an editor told to do so would write
``<!-- from: PAGE -->``  (no block) the files of another page, as they are at its end
``<!-- compare -->``     the output is compared; ``…`` stands for anything, a line of its own for any lines,
                         ``YYYYMMDDHHMMSS`` for the time of running; ``<!-- compare: excerpt -->`` is kept by --accept
``<!-- exit: N -->``     the last command of the block ends with N
``<!-- skip -->``        the block is not for this machine (another system's shell)
=====================  ===================================================================================

``python -m tests.docs.pages --accept PAGE…`` (in the project's folder) writes the true output into the compared blocks.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from attrs import frozen
from click.testing import CliRunner

import kokuho_adapters
from kokuho_adapters.cli.commands import cli

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "README.ja.md", *sorted(DOCS.glob("*.md"))]
STAMP = "YYYYMMDDHHMMSS"
"""Stands in a page for the time at which a file is made."""

_FENCE = re.compile(r"^```(.*)$")
_MARK = re.compile(r"^<!-- (file|crlf|from|exit|compare|skip)(?:: (.*?))? -->$")
_MAKE = re.compile(r"make\s+([a-z-]+)")


@frozen
class Block:
    """A fenced block with the marks before it. ``first`` and ``last`` are the lines between the fences."""

    language: str
    lines: tuple[str, ...]
    marks: dict[str, str]
    first: int
    last: int


def blocks_of(text: str) -> Iterator[Block]:
    """All fenced blocks, and marks that stand alone as blocks without language."""
    marks: dict[str, str] = {}
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        mark, fence = _MARK.match(line), _FENCE.match(line)
        if mark is not None:
            marks[mark[1]] = mark[2] or ""
            if mark[1] in ("crlf", "from"):
                yield Block("", (), marks, number, number)
                marks = {}
        elif fence is not None:
            end = lines.index("```", number + 1)
            yield Block(fence[1], tuple(lines[number + 1 : end]), marks, number + 1, end)
            marks, number = {}, end
        elif line.strip():
            marks = {}
        number += 1


class Page:
    """One page while it is run in ``folder``."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.text = path.read_text("utf-8")
        self.names: dict[str, Any] = {"__name__": "page"}

    def run(self, *, accept: bool = False) -> str:
        """Run every block; returns the page, with the true outputs where ``accept``."""
        lines = self.text.split("\n")
        replaced: list[tuple[Block, list[str]]] = []
        for block in blocks_of(self.text):
            if "skip" in block.marks:
                continue
            if "from" in block.marks:
                for each in blocks_of((self.path.parent / block.marks["from"]).read_text("utf-8")):
                    self._file(each)
            elif "crlf" in block.marks:
                for path in self._paths(block.marks["crlf"]):
                    content = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                    path.write_bytes(content)
            elif "file" in block.marks:
                self._file(block)
            elif block.language == "python":
                self._python(block)
            elif block.language == "console":
                true = self._console(block, accept=accept)
                if accept and block.marks.get("compare") == "":
                    replaced.append((block, true))
        for block, true in reversed(replaced):
            lines[block.first : block.last] = true
        return "\n".join(lines)

    def _file(self, block: Block) -> None:
        if "file" in block.marks:
            path = self.folder / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(("\n".join(block.lines) + "\n").encode("utf-8"))

    def _paths(self, pattern: str) -> list[Path]:
        found = sorted(self.folder.glob(pattern))
        assert found, f"{self.path.name}: no file {pattern}"
        return found

    def _python(self, block: Block) -> None:
        source = "\n" * block.first + "\n".join(block.lines)
        with _inside(self.folder):
            exec(compile(source, str(self.path), "exec"), self.names)

    # --- console ---

    def _console(self, block: Block, *, accept: bool) -> list[str]:
        commands: list[tuple[str, list[str]]] = []
        for line in block.lines:
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                assert commands, f"{self.path.name}:{block.first}: output before a command: {line}"
                commands[-1][1].append(line)
        true: list[str] = []
        for number, (command, shown) in enumerate(commands, 1):
            is_last = number == len(commands)
            code, output = self._command(command)
            due = int(block.marks.get("exit", "0")) if is_last else 0
            assert code == due, f"{self.path.name}:{block.first}: $ {command}: exit {code}, not {due}\n{output}"
            true += [f"$ {command}", *_without_today(output)]
            if "compare" in block.marks and not accept:
                assert _matches(shown, output), (
                    f"{self.path.name}:{block.first}: $ {command}\n--- shown\n" + "\n".join(shown) + f"\n--- true\n{output}"
                )
        return true

    def _command(self, command: str) -> tuple[int, str]:
        program, *arguments = shlex.split(command, comments=True)
        folders = os.environ.get("PATH", "").split(os.pathsep)
        if str(Path(sys.executable).parent) != folders[0]:  # «python» inside a command is the one that runs here
            os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), *folders])
        if program == "make":
            target = _MAKE.match(command)
            assert target is not None and re.search(rf"^{target[1]}:", _makefile(), re.MULTILINE), command
            return 0, ""
        if program in ("source", ".") or (program == "cd" and len(arguments) == 1):
            return 0, ""
        if program == "cat":
            return 0, "".join(path.read_text("utf-8") for each in arguments for path in self._paths(each))
        if program == "ls":
            folder = self.folder / (arguments[0] if arguments else ".")
            return 0, "\n".join(sorted(path.name for path in folder.iterdir()))
        given = [
            found
            for each in arguments
            for found in (
                [path.relative_to(self.folder).as_posix() for path in self._paths(each)]
                if "*" in each and program != "python"
                else [each]
            )
        ]
        if program in ("kokuho", ".venv/bin/kokuho"):
            if self.path.parent == DOCS:
                with _inside(self.folder):
                    result = CliRunner().invoke(cli, given)
                return result.exit_code, result.stderr + result.stdout
            words = [sys.executable, "-m", "kokuho_adapters.cli"]
        elif program in ("python", ".venv/bin/python"):
            words = [sys.executable]
        else:
            raise AssertionError(f"{self.path.name}: cannot run «{command}»")
        done = subprocess.run(
            [*words, *given],
            cwd=self.folder,
            env={**os.environ, "PYTHONUTF8": "1", **same_package()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout


def same_package() -> dict[str, str]:
    """Where PYTHONPATH leads here, for a process with another working folder; and the plugin for pytest, which the installed
    package declares."""
    place = Path(kokuho_adapters.__file__).resolve().parents[1]
    declared = bool(entry_points(group="pytest11", name="kokuho-conformance"))
    path = {"PYTHONPATH": str(place)} if os.environ.get("PYTHONPATH") else {}
    return path if declared else {**path, "PYTEST_PLUGINS": "kokuho_adapters.conformance.pytest_plugin"}


def _makefile() -> str:
    return (ROOT / "Makefile").read_text("utf-8")


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _matches(shown: list[str], output: str) -> bool:
    parts = []
    for line in _tidy("\n".join(shown)):
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            form = ".*?".join(re.escape(part) for part in line.split("…"))
            parts.append(form.replace(STAMP, r"\d{14}") + r"\n")
    if os.sep == "\\":
        output = output.replace("\\\\", "/").replace("\\", "/")
    return re.fullmatch("".join(parts), "\n".join([*_tidy(output), ""])) is not None


def _tidy(text: str) -> list[str]:
    """Lines without blanks at their ends; empty lines, which separate tables, do not count."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _without_today(output: str) -> list[str]:
    today = date.today()  # noqa: DTZ011 - the day the command has just named
    text = re.sub(rf"{today:%Y%m%d}\d{{6}}", STAMP, output)
    text = re.sub(rf"{today:%Y-%m-%d}T\d\d:\d\d:\d\d", "…", text)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip("\n")
    return text.replace(today.isoformat(), "…").split("\n") if text else []


if __name__ == "__main__":
    for name in (each for each in sys.argv[1:] if not each.startswith("--")):
        with tempfile.TemporaryDirectory() as temporary:
            page = Page(Path(name).resolve(), Path(temporary).resolve())
            result = page.run(accept="--accept" in sys.argv)
            page.path.write_text(result, encoding="utf-8", newline="\n")
