"""ファイル内の突合: what a file says about each subject, judged with nothing else at hand (P-3, X-4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

from attrs import field, frozen, mutable

from kokuho_core.errors import Problem
from kokuho_core.high_cost_history import history as high_cost
from kokuho_core.high_cost_history.history import HIGH_COST_FACT_KEYS, HighCostFact
from kokuho_core.household import household as households
from kokuho_core.household.household import HOUSEHOLD_FACT_KEYS, HouseholdFact
from kokuho_core.insured_person import person as persons
from kokuho_core.insured_person.fact import TOLD_KEYS, fact_told
from kokuho_core.vocabulary.codes import UpdateKind

MOST_RECORDS: Final = 10_000
"""Of a file that is judged by itself: memory must not grow with the municipality."""


@frozen
class Judging:
    """突合の仕方 of one kind of file: what is judged of a record, beside what was known and what was sent with it."""

    keys: tuple[str, ...]
    """Attributes of the record; the first two say whom it is about."""
    fact: Callable[..., Any]
    """Makes a fact of the line and the values under ``keys``."""
    judge: Callable[..., dict[int, Problem]]
    """Refusals by line, of the facts known of one subject and those sent."""

    def told(self, records: Iterable[tuple[int, Any]]) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Of each record, given under its line, whom it is about and what makes its fact."""
        values_of = attrgetter(*self.keys)
        for line, record in records:
            values = values_of(record)
            yield values[:2], (line, *values)


# A household's or a month's fact begins with file and line, which the record itself does not know.
PERSONS: Final = Judging(TOLD_KEYS, fact_told, persons.judge_file)
HOUSEHOLDS: Final = Judging(HOUSEHOLD_FACT_KEYS[2:], partial(HouseholdFact, 0), households.judge_file)
HIGH_COST: Final = Judging(HIGH_COST_FACT_KEYS[2:], partial(HighCostFact, 0), high_cost.judge_file)


@mutable
class FirstFile:
    """初回ファイル: the first one of its kind from its sender, about whose subjects nothing was known before (X-2)."""

    judging: Judging
    _sent: dict[tuple[Any, ...], list[tuple[Any, ...]]] | None = field(factory=dict, init=False)
    _count: int = field(default=0, init=False)

    def add(self, records: Sequence[tuple[int, Any]]) -> None:
        """Records as they follow in the file, each under its line."""
        self._count += len(records)
        if self._count > MOST_RECORDS:
            self._sent = None
        if self._sent is not None:
            for subject, told in self.judging.told(records):
                self._sent.setdefault(subject, []).append(told)

    def refused(self) -> dict[int, Problem] | None:
        """Refusals by line; None where there were too many records to judge them so."""
        if self._sent is None:
            return None
        kind_at = 1 + self.judging.keys.index("update_kind")
        refused: dict[int, Problem] = {}
        for told in self._sent.values():
            if len(told) > 1 or told[0][kind_at] != UpdateKind.NEW:  # one new record alone breaks no rule
                refused.update(self.judging.judge((), [self.judging.fact(*values) for values in told]))
        return refused
