"""一括計算: a year of receipts of a whole prefecture, streamed; memory does not grow with their number.

The file has one line per part of a receipt, ordered by household and month (:data:`COLUMNS`). Blocks of whole households are
read, screened by columns and calculated, in several processes where wanted; what may be paid goes through the same calculation as
a single household.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from functools import cache
from itertools import groupby
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from attrs import frozen

from kokuho_adapters.benefit.household_blocks import BLOCK_BYTES, HISTORY_COLUMNS, Block, HistoryAlong, household_blocks
from kokuho_adapters.benefit.receipt_frames import COLUMNS, Screen, frame_of, month_numbered, require_polars
from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.choices import DEFAULT_CHOICES, Choices
from kokuho_core.benefit.law_tables import AgeGroup, Law, Setting
from kokuho_core.benefit.receipts import YEN_PER_POINT, Disease, HouseholdMonth, Part, Person, Receipt, Subsidy
from kokuho_core.benefit.steps import StepKind
from kokuho_core.errors import FileRefused, InvalidValue, KokuhoError, Problem, RecordRefused
from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.usecases.benefit import KnownMonths, SettledMonth, settle_months
from kokuho_core.vocabulary.month import Month

__all__ = ["COLUMNS", "HISTORY_COLUMNS", "BulkMonth", "settle_file"]

_GROUPS: Final = {1: AgeGroup.UNDER_70, 2: AgeGroup.FROM_70}
_SETTINGS: Final = {1: Setting.INPATIENT, 2: Setting.OUTPATIENT}
_DISEASES: Final = {None: None, 1: Disease.DIALYSIS, 2: Disease.HAEMOPHILIA, 3: Disease.HIV}
_HOUSEHOLD, _MONTH = itemgetter(0), itemgetter(1)

_COLUMN_OF: Final = {
    StepKind.SUBSIDISED_PART: 0,
    StepKind.SPECIFIC_DISEASE: 0,
    StepKind.IN_KIND: 0,
    StepKind.OUTPATIENT: 1,
    StepKind.PERSON_FROM_70: 2,
    StepKind.HOUSEHOLD_FROM_70: 2,
    StepKind.PERSON_UNDER_70: 3,
    StepKind.WHOLE_HOUSEHOLD: 3,
}
"""In kind, and the three steps: what is not paid in kind is refunded."""

Row = tuple[Any, ...]


class BulkMonth(NamedTuple):
    """一括計算の結果 of one household month in which something was paid (yen). A tuple: there are hundreds of thousands."""

    household: str
    month: Month
    is_multiple: bool
    kind: str | None
    in_kind: int
    refund: int
    step1: int
    step2: int
    step3: int

    @classmethod
    def of(cls, household: str, settled: SettledMonth) -> BulkMonth:
        return _result(_figures(household, settled))


_Figures = tuple[str, int, bool, str | None, int, int, int, int, int]
"""A :class:`BulkMonth` as it comes from another process: nothing but numbers and text."""


def _figures(household: str, settled: SettledMonth) -> _Figures:
    sums = [0, 0, 0, 0]
    for step in settled.settlement.steps:
        sums[_COLUMN_OF[step.kind]] += step.benefit
    in_kind, first, second, third = sums
    kind = None if settled.occurrence is None else settled.occurrence.kind.value
    month = settled.settlement.case.month.ordinal
    refund = first + second + third
    return household, month, settled.counted.is_multiple, kind, in_kind, refund, first, second, third


def _result(figures: _Figures) -> BulkMonth:
    return BulkMonth._make((figures[0], Month(figures[1]), *figures[2:]))


def settle_file(
    receipts: Path,
    history: Path | None = None,
    choices: Choices = DEFAULT_CHOICES,
    *,
    processes: int = 1,
    screened: bool = True,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[BulkMonth]:
    """Every household month of ``receipts`` in which something is paid, in the order of the file.

    ``history`` gives months before the file. Without ``screened`` every month is calculated, which changes no figure; what is
    wrong with the data of a month in which nothing can be paid comes to light only then.
    Raises :class:`FileRefused`: KKH-T028 not in order, KKH-T029 a line that cannot be read, and :class:`SetupFault` KKH-T030
    without the extra package, and :class:`RecordRefused` with the line of the month that cannot be calculated, after all
    months before it.
    """
    require_polars()
    known = HistoryAlong(history)
    before = 1  # the heading
    with _workers(processes) as pool:
        blocks = (
            _Work(block, known.of(block.first, block.last), choices, screened)
            for block in household_blocks(receipts, COLUMNS, block_bytes)
        )
        for done in map(_settle_block, blocks) if pool is None else _in_turn(pool, blocks, processes):
            yield from map(_result, done.months)
            if done.problems:
                name = receipts.name if done.is_file_refused else None
                problems = (Problem(each.code, before + each.line, name or each.field) for each in done.problems)
                raise (FileRefused if done.is_file_refused else RecordRefused)(*problems)
            before += done.lines


@frozen
class _Work:
    """Whole households, and what was known of them before."""

    block: Block
    known: Mapping[str, tuple[HighCostMonth, ...]]
    choices: Choices
    screened: bool


@frozen
class _Done:
    """What became of the work; ``problems`` are data, because an exception does not come whole out of another process.

    Their lines are those of the block, of which there are ``lines``.
    """

    months: list[_Figures]
    lines: int
    problems: tuple[Problem, ...] = ()
    is_file_refused: bool = False


def _workers(processes: int) -> Any:
    if processes < 2:
        return nullcontext(None)
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_one_thread)


def _one_thread() -> None:
    """Each process reads columns with one thread: there are as many processes as processors."""
    os.environ["POLARS_MAX_THREADS"] = "1"


def _in_turn(pool: Executor, work: Iterator[_Work], processes: int) -> Iterator[_Done]:
    """Results in the order of the work, with no more of it waiting than keeps the processes busy."""
    waiting = []
    for each in work:
        waiting.append(pool.submit(_settle_block, each))
        if len(waiting) > 2 * processes:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


# --- calculating ---


@cache
def _screen(choices: Choices) -> Screen:
    return Screen(choices)


def _settle_block(work: _Work) -> _Done:
    law = Law.shipped()
    found: list[_Figures] = []
    try:
        frame = frame_of(work.block)
    except FileRefused as error:
        return _Done(found, 0, error.problems, is_file_refused=True)
    lines = (_screen(work.choices).left(frame) if work.screened else frame).rows()
    for household, of_household in groupby(lines, key=_HOUSEHOLD):
        rows = list(of_household)
        known = KnownMonths(work.known.get(household, ()))
        try:
            persons: dict[Any, Person] = {}
            months = [_case(list(of_month), persons) for _, of_month in groupby(rows, key=_MONTH)]
            settled = settle_months(months, known, law, work.choices)
        except KokuhoError:
            return _Done(found, frame.height, _fault(rows, known, work.choices))
        found.extend(_figures(household, each) for each in settled if each.settlement.is_paid)
    return _Done(found, frame.height)


def _fault(rows: Sequence[Row], known: KnownMonths, choices: Choices) -> tuple[Problem, ...]:
    """What is wrong in one household, with the first line of the month it is in."""
    for _, of_month in groupby(rows, key=_MONTH):
        lines = list(of_month)
        try:
            settle_months([_case(lines, {})], known, Law.shipped(), choices)
        except KokuhoError as error:
            return tuple(Problem(each.code, lines[0][-1], each.field) for each in error.problems)
    return (Problem("KKH-T029", rows[0][-1]),)


def _case(rows: Sequence[Row], known: dict[Any, Person]) -> HouseholdMonth:
    """One household month; ``known`` keeps its people for the months after it.

    Raises :class:`InvalidValue`, KKH-T029 for a code that no column has, a column left empty, and lines of one month that do not
    agree about the household or a person.
    """
    first = rows[0]
    told = first[2:5]
    persons: dict[str, Person] = {}
    try:
        for row in rows:
            if row[2:5] != told:
                raise InvalidValue(Problem("KKH-T029"))
            key = row[5:8]
            person = known.get(key)
            if person is None:
                person = known[key] = Person(row[5], _GROUPS[row[6]], is_halved=bool(row[7]))
            if persons.setdefault(row[5], person) is not person:
                raise InvalidValue(Problem("KKH-T029"))
        receipts = tuple(map(_receipt, rows))
    except (KeyError, TypeError):
        raise InvalidValue(Problem("KKH-T029")) from None
    share = Share.HALF if first[4] else Share.WHOLE
    return HouseholdMonth(month_numbered(first[1]), persons.values(), receipts, first[2], first[3], share=share)


def _receipt(row: Row) -> Receipt:
    (_, _, _, _, _, person, _, _, institution, setting, dental, points, share, copay, in_kind, prescribed_by, disease,
     houbetsu, cap, _) = row  # fmt: skip
    subsidy = None if houbetsu is None else Subsidy(houbetsu, cap)
    return Receipt(
        person, _SETTINGS[setting], (Part(points * YEN_PER_POINT, subsidy),), share, copay, institution, bool(dental),
        bool(in_kind), prescribed_by, _DISEASES[disease],
    )  # fmt: skip
