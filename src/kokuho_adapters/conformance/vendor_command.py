"""試験対象のコマンド: started as a process of its own, never through a shell, with an end to its time."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess  # the system under test is another program  # nosec B404
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from attrs import frozen

from kokuho_adapters.security.redaction import redact_text
from kokuho_core.conformance.system import SystemFailed
from kokuho_core.errors import Problem, SetupFault

_IS_WINDOWS: Final = os.name == "nt"
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_NEEDED: Final = ("{in}", "{out}")
_LAST_LINES: Final = 20
_LAST_BYTES: Final = 8192
_TRIES_AFTER_TIMEOUT: Final = 8
"""A run that ends by its time alone is long: fewer of them for the shortest story."""


@frozen
class VendorCommand:
    """コマンド: its words with places in braces, such as ``{in}``, and the seconds one step may take."""

    words: tuple[str, ...]
    timeout: float = 60.0

    @classmethod
    def parse(cls, text: str, timeout: float = 60.0, needed: Sequence[str] = _NEEDED) -> VendorCommand:
        """From one line: words are separated by blanks, quotes hold a word together, as on this operating system.

        Raises :class:`SetupFault` (KKH-Y007) for an open quote, no words, or without one of ``needed``.
        """
        try:
            words = _split(text)
        except ValueError:
            raise SetupFault(Problem("KKH-Y007", field="quote")) from None
        missing = [each for each in needed if not any(each in word for word in words)]
        if missing:
            raise SetupFault(Problem("KKH-Y007", field=" ".join(missing)))
        return cls(tuple(words), timeout)

    def require_program(self) -> None:
        """Raises :class:`SetupFault` (KKH-Y001) where there is no such program, before a long run begins."""
        if shutil.which(self.words[0]) is None:
            raise _not_started(self.words[0])

    def run(self, places: Mapping[str, str]) -> None:
        """Run it once with ``places`` for the names in braces, in the working folder of this process.

        Raises :class:`SetupFault` (KKH-Y001) where it cannot be started; :class:`SystemFailed`: KKH-Y002 it ended with another
        code than 0, KKH-Y003 it did not end in time.
        """
        words = [_PLACEHOLDER.sub(lambda found: places.get(found[1], found[0]), word) for word in self.words]
        words[0] = shutil.which(words[0]) or words[0]  # finds .exe and .cmd on Windows
        with tempfile.TemporaryFile() as errors:  # a pipe would stay open as long as any child of it lives
            process = _started(words, errors)
            try:
                code = process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                fault = Problem("KKH-Y003", field=f"{self.timeout:g} s")
                raise SystemFailed(fault, said=_last_lines(errors), tries=_TRIES_AFTER_TIMEOUT) from None
            finally:
                _end(process)
            if code != 0:
                raise SystemFailed(Problem("KKH-Y002", field=f"exit {code}"), said=_last_lines(errors))


def _split(text: str) -> list[str]:
    if not _IS_WINDOWS:
        return shlex.split(text)
    # a backslash separates folders there; quotes, which then stay, are taken off
    return [word[1:-1] if word[:1] == word[-1:] == '"' else word for word in shlex.split(text, posix=False)]


def _started(words: Sequence[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """In a process group of its own, so that what it started ends with it."""
    try:
        return subprocess.Popen(  # the vendor's own command, word by word  # noqa: S603 # nosec B603
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=not _IS_WINDOWS,
        )
    except (OSError, ValueError):
        raise _not_started(words[0]) from None


def _not_started(program: str) -> SetupFault:
    return SetupFault(Problem("KKH-Y001", field=redact_text(Path(program).name)))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of it goes on, whatever it started."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        taskkill = shutil.which("taskkill")
        if taskkill is not None:
            words = [taskkill, "/F", "/T", "/PID", str(process.pid)]
            subprocess.run(words, check=False, capture_output=True)  # of this system, with a number  # noqa: S603 # nosec B603
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _last_lines(errors: IO[bytes]) -> tuple[str, ...]:
    """The end of what it said, without numbers (S-3)."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _LAST_BYTES))
    lines = errors.read().decode("utf-8", errors="replace").splitlines()
    if size > _LAST_BYTES:
        lines = lines[1:]  # cut in its middle
    return tuple(redact_text("\n".join(lines[-_LAST_LINES:])).splitlines())
