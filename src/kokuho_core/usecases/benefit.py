"""給付: the months of one household in order, each with the count that the months before it make (H-2, H-3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain

from attrs import evolve, frozen

from kokuho_core.benefit.choices import DEFAULT_CHOICES, Choices
from kokuho_core.benefit.law_tables import Law
from kokuho_core.benefit.occurrences import CountedMonths, Occurrence, counted_months, occurrence_of
from kokuho_core.benefit.receipts import HouseholdMonth
from kokuho_core.benefit.settlement import Settlement, settle
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.high_cost_history.history import HighCostHistory, HighCostMonth
from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.household_continuity.counting_segments import own_months, segment_of
from kokuho_core.household_continuity.judgement import CarriedIn
from kokuho_core.vocabulary.month import Month


@frozen
class KnownMonths:
    """高額該当の履歴 as the municipality knows it: its own months, and those continuity carried over (KOHIKEKKA, H-3).

    ``moved_in`` is the month of the move that carried them; without it the window of the month asked about applies. ``entered``
    are the months that confirmed candidates brought in, as the aggregation knows them, and ``segment_starts`` the days on which
    a new counting segment (通算区分) of this household begins: what lies in another one does not count.
    """

    own: tuple[HighCostMonth, ...] = ()
    carried: tuple[HighCostMonth, ...] = ()
    moved_in: Month | None = None
    entered: tuple[CarriedIn, ...] = ()
    segment_starts: tuple[date, ...] = ()

    @classmethod
    def of(
        cls, history: HighCostHistory, entered: Iterable[Candidate] = (), segment_starts: Iterable[date] = ()
    ) -> KnownMonths:
        """From the aggregate of H-1, and the candidates that entered this household: only a confirmed one carries over (H-6)."""
        carried = (CarriedIn(each.number, each.moved_on, each.carried_months) for each in entered if each.carried_months)
        return cls(tuple(history.months()), entered=tuple(carried), segment_starts=tuple(segment_starts))

    def but(self, anew: Collection[Month]) -> KnownMonths:
        """Without the months that are settled ``anew``."""

        def left(months: Iterable[HighCostMonth]) -> tuple[HighCostMonth, ...]:
            return tuple(each for each in months if each.month not in anew)

        entered = tuple(evolve(each, months=left(each.months)) for each in self.entered)
        return evolve(self, own=left(self.own), carried=left(self.carried), entered=entered)

    def counted(self, month: Month, settled: Iterable[HighCostMonth] = ()) -> CountedMonths:
        """The count before ``month``, with what was ``settled`` besides: within its counting segment (X-19, X-21, X-29)."""
        own, carried = [*self.own, *settled], self.carried
        if self.entered:
            day = month.first_day
            segment = segment_of(self.segment_starts, day)
            brought = (
                each.months
                for each in self.entered
                if Month.containing(each.moved_on) <= month and segment_of(self.segment_starts, each.moved_on) == segment
            )
            carried = (*carried, *chain.from_iterable(brought))
        if self.segment_starts:
            own = own_months(own, self.segment_starts, month.first_day)
        return counted_months(own, carried, month, self.moved_in)


@frozen
class SettledMonth:
    """一月の結果: the count it rests on, the settlement, and what it is to the months after it."""

    counted: CountedMonths
    settlement: Settlement
    occurrence: Occurrence | None


def settle_months(
    months: Sequence[HouseholdMonth],
    known: KnownMonths,
    law: Law,
    choices: Choices = DEFAULT_CHOICES,
    judged: Mapping[Month, bool] | None = None,
) -> list[SettledMonth]:
    """高額療養費 of one household, month by month; a month paid here counts for the next.

    What is settled here replaces what ``known`` says of the same month. ``judged`` tells of a month whether it is one of
    多数回該当, whatever the count says. Raises :class:`InvalidValue`: KKH-T005 for a month
    given twice, and what :func:`kokuho_core.benefit.settlement.settle` raises.
    """
    ordered = sorted(months, key=_month) if len(months) > 1 else months
    anew = {each.month for each in ordered}
    if len(anew) != len(ordered):
        raise InvalidValue(Problem("KKH-T005", field="months"))
    known = known.but(anew)
    own: list[HighCostMonth] = []
    settled = []
    for case in ordered:
        counted = known.counted(case.month, own)
        if judged and case.month in judged:
            counted = evolve(counted, is_multiple=judged[case.month])
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
