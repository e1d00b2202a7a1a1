"""給付: the months of one household in order, each with the count that the months before it make (H-2, H-3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import evolve, frozen

from kokuho_core.benefit.choices import DEFAULT_CHOICES, Choices
from kokuho_core.benefit.law_tables import Law
from kokuho_core.benefit.occurrences import CountedMonths, Occurrence, counted_months, occurrence_of
from kokuho_core.benefit.receipts import HouseholdMonth
from kokuho_core.benefit.settlement import Settlement, settle
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.high_cost_history.history import HighCostHistory, HighCostMonth
from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.vocabulary.month import Month


@frozen
class KnownMonths:
    """高額該当の履歴 as the municipality knows it: its own months, and those continuity carried over (KOHIKEKKA, H-3).

    ``moved_in`` is the month of the move that carried them; without it the window of the month asked about applies.
    """

    own: tuple[HighCostMonth, ...] = ()
    carried: tuple[HighCostMonth, ...] = ()
    moved_in: Month | None = None

    @classmethod
    def of(cls, history: HighCostHistory, entered: Iterable[Candidate] = ()) -> KnownMonths:
        """From the aggregate of H-1, and the candidates that entered this household: only a confirmed one carries over (H-6)."""
        carried = {month for candidate in entered for month in candidate.carried_months}
        return cls(tuple(history.months()), tuple(sorted(carried)))


@frozen
class SettledMonth:
    """一月の結果: the count it rests on, the settlement, and what it is to the months after it."""

    counted: CountedMonths
    settlement: Settlement
    occurrence: Occurrence | None


def settle_months(
    months: Sequence[HouseholdMonth], known: KnownMonths, law: Law, choices: Choices = DEFAULT_CHOICES
) -> list[SettledMonth]:
    """高額療養費 of one household, month by month; a month paid here counts for the next.

    What is settled here replaces what ``known`` says of the same month. Raises :class:`InvalidValue`: KKH-T005 for a month
    given twice, and what :func:`kokuho_core.benefit.settlement.settle` raises.
    """
    ordered = sorted(months, key=_month) if len(months) > 1 else months
    anew = {each.month for each in ordered}
    if len(anew) != len(ordered):
        raise InvalidValue(Problem("KKH-T005", field="months"))
    own = [each for each in known.own if each.month not in anew]
    carried = [each for each in known.carried if each.month not in anew]
    settled = []
    for case in ordered:
        counted = counted_months(own, carried, case.month, known.moved_in)
        if case.is_multiple is not counted.is_multiple:
            case = evolve(case, is_multiple=counted.is_multiple)
        settlement = settle(case, law, choices)
        occurrence = occurrence_of(settlement)
        if occurrence is not None:
            own.append(occurrence.high_cost_month)
        settled.append(SettledMonth(counted, settlement, occurrence))
    return settled


def _month(case: HouseholdMonth) -> Month:
    return case.month
