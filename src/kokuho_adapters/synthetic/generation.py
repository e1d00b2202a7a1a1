"""生成: puts what a synthetic prefecture tells into the files of its municipalities."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Final

from attrs import field, frozen, mutable

from kokuho_adapters.files import FileName, Layout, LayoutBook
from kokuho_adapters.files.naming import format_timestamp
from kokuho_adapters.insurers_list import INSURERS_FILE, REQUIRED
from kokuho_core.conformance.in_prefecture import tell_stories
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.synthetic.plan import CHANGE_SEQUENCES, INITIAL_LOAD, PrefecturePlan
from kokuho_core.synthetic.prefecture import sequence_of_day, tell_day, tell_prefecture
from kokuho_core.synthetic.rows import FILE_IDS, Message, Row
from kokuho_core.usecases.office import Progress, silent
from kokuho_core.vocabulary.insurers import Insurer

DEFAULT_BASE_DAY: Final = date(2024, 4, 1)
"""The day of the initial load."""

_LINES: Final = 64
"""Lines kept per file before they are written, few because hundreds of files are written side by side."""
_TOLD_EVERY: Final = 10_000


@frozen
class GeneratedFiles:
    """生成結果: file names in the order they are to be received, and the data records by FILE_ID."""

    names: tuple[str, ...]
    records: dict[str, int]


def generate_prefecture(
    persons: int,
    municipalities: int,
    seed: int,
    directory: Path,
    prefecture: str = "13",
    progress: Progress | None = None,
    base_day: date = DEFAULT_BASE_DAY,
    stories: int = 0,
) -> GeneratedFiles:
    """合成都道府県の生成: ``insurers.csv`` and, for each municipality, an initial load and two later files of changes.

    ``persons`` are insured in the initial load; nominal heads and who joins later come on top, and the people of ``stories``
    life stories of the conformance run: conflicts, corrections, cancellations, records that must be refused. The same arguments
    give the same bytes. The numbers have right check digits and belong to nobody on purpose; never mix them with real data.
    Raises :class:`InvalidValue` (KKH-C010) for arguments that make no prefecture.
    """
    plan = PrefecturePlan.drawn(persons, municipalities, seed, prefecture, base_day)
    told = progress or silent
    done, due = 0, _TOLD_EVERY

    def messages() -> Iterator[list[Message]]:
        nonlocal done, due
        for size, each in tell_prefecture(plan):
            yield each
            done += size
            if done >= due:
                told("generate", done, persons)
                due += _TOLD_EVERY
        yield from in_stories

    in_stories = tell_stories(plan, stories)
    directory.mkdir(parents=True, exist_ok=True)
    _write_insurers(directory / INSURERS_FILE, plan.insurers)
    return write_files(directory, plan, (INITIAL_LOAD, *CHANGE_SEQUENCES), messages())


def generate_day(
    persons: int,
    municipalities: int,
    seed: int,
    directory: Path,
    prefecture: str = "13",
    base_day: date = DEFAULT_BASE_DAY,
    *,
    changes: int = 2000,
    day: int = 1,
) -> GeneratedFiles:
    """翌日以降の異動: one more day of ``changes`` changes (households with something to tell).

    Nothing of it is read. Days follow each other from 1 with the same ``changes``; each household changes once, so
    there are days until two fifths of all have. Raises :class:`InvalidValue` (KKH-C010) beyond that.
    """
    plan = PrefecturePlan.drawn(persons, municipalities, seed, prefecture, base_day)
    plan.positions_of_day(day, changes)
    directory.mkdir(parents=True, exist_ok=True)
    return write_files(directory, plan, (sequence_of_day(day),), tell_day(plan, day, changes))


def _write_insurers(path: Path, insurers: Iterable[Insurer]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\r\n")
        rows.writerow(REQUIRED)
        rows.writerows((each.insurer_number, each.municipality_code, each.name) for each in insurers)


def write_files(
    directory: Path, plan: PrefecturePlan, sequences: Iterable[int], told: Iterable[list[Message]]
) -> GeneratedFiles:
    """Every municipality gets a file of each kind for each sequence, if need be without records: none is missing."""
    book = LayoutBook.shipped()
    growing: dict[tuple[int, str, str], _GrowingFile] = {}
    for sequence in sequences:
        for file_id in FILE_IDS:
            layout = book.newest(file_id)
            if layout is None:
                raise SetupFault(Problem("KKH-F002", field=file_id))
            for insurer in plan.insurers:
                name = FileName(file_id, insurer.insurer_number, plan.created_at(sequence), sequence)
                growing[sequence, file_id, insurer.insurer_number] = _GrowingFile.begun(directory, name, layout)
    for messages in told:
        for sequence, file_id, row in messages:
            growing[sequence, file_id, row["insurer_number"]].add(row)
    records: Counter[str] = Counter()
    for (_, file_id, _), file in growing.items():
        records[file_id] += file.finish()
    return GeneratedFiles(tuple(file.path.name for file in growing.values()), dict(records))


@mutable
class _GrowingFile:
    """One file while it grows: opened for a moment for every few lines, so that any number can be written side by side.

    The values hold no comma, quote or line end, so a line is its fields and commas. The file gets its name at the end.
    """

    path: Path
    _pick: Callable[[Row], tuple[str, ...]]
    _lines: list[str]
    _count: int = field(default=0, init=False)

    @classmethod
    def begun(cls, directory: Path, name: FileName, layout: Layout) -> _GrowingFile:
        created_at: datetime = name.created_at
        control = f"1,{layout.id},{layout.version},{name.insurer_number},{format_timestamp(created_at)},{name.sequence}"
        growing = cls(directory / str(name), itemgetter(*layout.keys), [control])
        growing._part.unlink(missing_ok=True)
        return growing

    @property
    def _part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    def add(self, row: Row) -> None:
        self._lines.append("2," + ",".join(self._pick(row)))
        self._count += 1
        if len(self._lines) >= _LINES:
            self._flush()

    def _flush(self) -> None:
        self._lines.append("")
        with self._part.open("ab") as file:
            file.write("\r\n".join(self._lines).encode("utf-8"))
        self._lines.clear()

    def finish(self) -> int:
        """Write the end record and give the file its name. Returns the number of data records."""
        self._lines.append(f"9,{self._count}")
        self._flush()
        self._part.replace(self.path)
        return self._count
