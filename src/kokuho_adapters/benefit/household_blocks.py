"""世帯の区切り: a large CSV, ordered by household, in blocks of whole households; and the history read along with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from os import SEEK_END
from pathlib import Path
from typing import IO, Final

from attrs import frozen

from kokuho_core.errors import FileRefused, InvalidValue, Problem
from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.vocabulary.codes import OccurrenceKind
from kokuho_core.vocabulary.month import Month

BLOCK_BYTES: Final = 4 * 1024 * 1024
"""Read at once: enough for columns to pay, and small beside any machine, however large the file is."""
HISTORY_COLUMNS: Final = ("household", "month", "kind")
"""The columns of the history, ordered by household: months known before, as KOGAKU has them (kind 1 or 2)."""
_HOUSEHOLD: Final = itemgetter(0)


_WINDOW: Final = 64 * 1024
"""Looked at around a cut, and twice as much where one household is longer."""


@frozen
class Block:
    """Whole households: the lines of ``first`` to ``last``, from byte ``start`` of the file up to ``end``.

    Only where it lies, so that whoever works on it reads it himself. Its lines are counted from 1.
    """

    path: Path
    start: int
    end: int
    first: str
    last: str

    def content(self) -> bytes:
        """The lines, the last one ended too."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            content = file.read(self.end - self.start)
        return content if content.endswith(b"\n") else content + b"\n"


def household_blocks(path: Path, columns: Sequence[str], size: int = BLOCK_BYTES) -> Iterator[Block]:
    """The file in blocks that end where a household ends.

    Raises :class:`FileRefused`: KKH-F015 not readable, KKH-T029 another heading or no household, KKH-T028 a household below
    one of an earlier block (within a block, whoever reads it looks).
    """
    before = b""
    try:
        with path.open("rb") as file:
            if file.readline().rstrip(b"\r\n") != ",".join(columns).encode():
                raise FileRefused(Problem("KKH-T029", 1, path.name))
            for start, end in _cuts(file, size):
                first, last = _household_at(file, start), _last_household(file, start, end)
                if not first or not last or b'"' in first + last:
                    raise FileRefused(Problem("KKH-T029", _line_at(file, start), path.name))
                if first <= before:
                    raise FileRefused(Problem("KKH-T028", _line_at(file, start), path.name))
                try:
                    block = Block(path, start, end, first.decode("utf-8"), last.decode("utf-8"))
                except UnicodeDecodeError:
                    raise FileRefused(Problem("KKH-T029", _line_at(file, start), path.name)) from None
                yield block
                before = last
    except OSError:
        raise FileRefused(Problem("KKH-F015", field=path.name)) from None


def _cuts(file: IO[bytes], size: int) -> Iterator[tuple[int, int]]:
    """Where blocks of about ``size`` bytes begin and end, from where the file stands on."""
    start, whole = file.tell(), file.seek(0, SEEK_END)
    while start < whole:
        target = start + size
        while target < whole and not (cut := _cut_before(file, start, target)):
            target += size
        end = cut if target < whole else whole
        yield start, end
        start = end


def _cut_before(file: IO[bytes], start: int, target: int) -> int:
    """Where the last household that begins between ``start`` and ``target`` begins, 0 if none does."""
    window = _WINDOW
    while True:
        low = max(start, target - window)
        lines = _bytes(file, low, target)
        lines = lines[: lines.rfind(b"\n") + 1]
        if low > start:  # what stands before the first line end may be half a line
            half = lines.find(b"\n") + 1
            low, lines = low + half, lines[half:]
        cut = _start_of_last_household(lines)
        if cut:
            return low + cut
        if low == start:
            return 0
        window *= 2


def _bytes(file: IO[bytes], start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _household_at(file: IO[bytes], start: int) -> bytes:
    file.seek(start)
    return file.readline().partition(b",")[0]


def _last_household(file: IO[bytes], start: int, end: int) -> bytes:
    """The household of the last line before ``end``."""
    window = _WINDOW
    while True:
        low = max(start, end - window)
        lines = _bytes(file, low, end)
        if low == start or b"\n" in lines[:-1]:
            return _household_of_last_line(lines)
        window *= 2


def _line_at(file: IO[bytes], start: int) -> int:
    """The number of the line that begins at ``start``."""
    file.seek(0)
    return sum(file.read(min(_WINDOW, start - at)).count(b"\n") for at in range(0, start, _WINDOW)) + 1


def _household_of_last_line(lines: bytes) -> bytes:
    start = lines.rfind(b"\n", 0, len(lines) - 1) + 1
    return lines[start:].partition(b",")[0]


def _start_of_last_household(lines: bytes) -> int:
    """Where the lines of the last household begin, 0 if there is no other."""
    if not lines:
        return 0
    household = _household_of_last_line(lines) + b","
    start = len(lines)
    while start:
        before = lines.rfind(b"\n", 0, start - 1) + 1
        if not lines.startswith(household, before):
            return start
        start = before
    return 0


class HistoryAlong:
    """高額該当の履歴, read along with the receipts: both are ordered by household."""

    def __init__(self, path: Path | None) -> None:
        self._blocks = iter(()) if path is None else household_blocks(path, HISTORY_COLUMNS)
        self._name = "" if path is None else path.name
        self._waiting: list[tuple[str, HighCostMonth]] = []
        self._line = 1

    def of(self, first: str, last: str) -> dict[str, tuple[HighCostMonth, ...]]:
        """What is known of the households from ``first`` to ``last``; those before are passed over."""
        while not self._waiting or self._waiting[-1][0] <= last:
            block = next(self._blocks, None)
            if block is None:
                break
            self._waiting.extend(self._months(block))
        wanted = [each for each in self._waiting if first <= each[0] <= last]
        self._waiting = [each for each in self._waiting if each[0] > last]
        return {household: tuple(month for _, month in months) for household, months in groupby(wanted, key=_HOUSEHOLD)}

    def _months(self, block: Block) -> Iterator[tuple[str, HighCostMonth]]:
        """Raises :class:`FileRefused`: KKH-T029 a line that cannot be read, KKH-T028 not in order."""
        before = ""
        for text in block.content().split(b"\n")[:-1]:
            self._line += 1
            try:
                [[household, month, kind]] = csv.reader([text.decode("utf-8")])
                found = HighCostMonth(Month.parse(month), OccurrenceKind(kind).value)
            except (ValueError, InvalidValue):
                raise FileRefused(Problem("KKH-T029", self._line, self._name)) from None
            if household < before:
                raise FileRefused(Problem("KKH-T028", self._line, self._name))
            before = household
            yield household, found
