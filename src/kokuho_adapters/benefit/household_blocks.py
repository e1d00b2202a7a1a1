"""世帯の区切り: a large CSV, ordered by household, in blocks of whole households; and the history read along with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Final

from attrs import frozen

from kokuho_core.errors import FileRefused, InvalidValue, Problem
from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.vocabulary.codes import OccurrenceKind
from kokuho_core.vocabulary.month import Month

BLOCK_BYTES: Final = 2 * 1024 * 1024
"""Read at once: enough for columns to pay, and small beside any machine, however large the file is."""
HISTORY_COLUMNS: Final = ("household", "month", "kind")
"""The columns of the history, ordered by household: months known before, as KOGAKU has them (kind 1 or 2)."""
_HOUSEHOLD: Final = itemgetter(0)


@frozen
class Block:
    """Whole households: the lines of ``first`` to ``last``, from line ``first_line`` of the file on."""

    content: bytes
    first_line: int
    first: str
    last: str


def household_blocks(path: Path, columns: Sequence[str], size: int = BLOCK_BYTES) -> Iterator[Block]:
    """The file in blocks that end where a household ends.

    Raises :class:`FileRefused`: KKH-F015 not readable, KKH-T029 another heading or no household, KKH-T028 a household below
    one of an earlier block (within a block, whoever reads it looks).
    """
    before, line = b"", 2
    try:
        with path.open("rb") as file:
            if file.readline().rstrip(b"\r\n") != ",".join(columns).encode():
                raise FileRefused(Problem("KKH-T029", 1, path.name))
            for content in _whole_households(file, size):
                first, last = content.partition(b",")[0], _household_of_last_line(content)
                if not first or not last or b'"' in first + last:
                    raise FileRefused(Problem("KKH-T029", line, path.name))
                if first <= before:
                    raise FileRefused(Problem("KKH-T028", line, path.name))
                yield Block(content, line, _text(first, line, path), _text(last, line, path))
                before = last
                line += content.count(b"\n")
    except OSError:
        raise FileRefused(Problem("KKH-F015", field=path.name)) from None


def _text(household: bytes, line: int, path: Path) -> str:
    try:
        return household.decode("utf-8")
    except UnicodeDecodeError:
        raise FileRefused(Problem("KKH-T029", line, path.name)) from None


def _whole_households(file: IO[bytes], size: int) -> Iterator[bytes]:
    rest = b""
    while read := file.read(size):
        lines, newline, tail = (rest + read).rpartition(b"\n")
        lines += newline
        cut = _start_of_last_household(lines)
        if cut:
            yield lines[:cut]
        rest = lines[cut:] + tail
    if rest:
        yield rest if rest.endswith(b"\n") else rest + b"\n"


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
        for line, row in enumerate(csv.reader(io.StringIO(block.content.decode("utf-8"))), block.first_line):
            try:
                household, month, kind = row
                found = HighCostMonth(Month.parse(month), OccurrenceKind(kind).value)
            except (ValueError, InvalidValue):
                raise FileRefused(Problem("KKH-T029", line, self._name)) from None
            if household < before:
                raise FileRefused(Problem("KKH-T028", line, self._name))
            before = household
            yield household, found
