"""高額該当の照会: the months of one household as the aggregation knows them, for the calculation of its benefit (H-1 … H-3)."""

from __future__ import annotations

from kokuho_core.access import Operation
from kokuho_core.errors import NotFound, Problem
from kokuho_core.high_cost_history.history import HighCostHistory, histories_of
from kokuho_core.household.household import households_of
from kokuho_core.household_continuity.counting_segments import segment_starts
from kokuho_core.household_continuity.residents import Residents
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.benefit import KnownMonths
from kokuho_core.usecases.candidates import residents_of
from kokuho_core.usecases.listings import require_insurer
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import HouseholdKey


@admitted(
    Operation.SHOW_HIGH_COST,
    subject=lambda given: given["household"].insurer_number,
    insurer=lambda given: given["household"].insurer_number,
)
def known_months(office: Office, household: HouseholdKey) -> KnownMonths:
    """What counts for 多数回該当 of ``household``: its own months, those of confirmed candidates, and its counting segments.

    1. the months that stand among those its municipality sent (H-1)
    2. those that confirmed continuity brought in, as of the last resolve (H-3, H-6, H-7)
    3. the days on which a new counting segment begins (X-21, X-29)

    Raises :class:`NotFound`: KKH-N002 unknown insurer, KKH-T032 a household nobody has told of.
    """
    with office.database.begin(read_only=True) as work:
        require_insurer(work, household.insurer_number)
        households = households_of(work.households.facts_of([household]))
        histories = histories_of(work.high_cost.facts_of([household]))
        if household not in households and household not in histories:
            raise NotFound(Problem("KKH-T032", field="household_number"))
        entered = work.candidates.entering([household])
        with work.prefecture_wide():  # whether a head split off or came in, the other municipalities' periods tell
            persons, residents = residents_of(work, [household], households)
        around = Residents([residents[person] for person in persons.get(household, ())], households)
    return KnownMonths.of(histories.get(household, HighCostHistory()), entered, segment_starts(around, household))
