"""按分: the benefit of each step by person, and what each person still bears of outpatient care (外来年間合算)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from kokuho_core.benefit.annual import HouseholdRest
from kokuho_core.benefit.law_tables import AgeGroup, Setting
from kokuho_core.benefit.settlement import Settlement
from kokuho_core.benefit.steps import Step, StepKind

Place = tuple[str, Setting]
"""Person and setting."""


def apportioned(amount: int, weights: Mapping[Place, int]) -> dict[Place, int]:
    """``amount`` in proportion to ``weights`` in whole yen; the yen left over go to the largest fractions, then by name.

    The parts add up to ``amount`` and none exceeds its weight, as long as ``amount`` does not exceed all weights together.
    """
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(weights, 0)
    parts = {place: amount * weight // total for place, weight in weights.items()}
    left = amount - sum(parts.values())
    order = sorted(weights, key=lambda place: (-(amount * weights[place] % total), place))
    for place in order[:left]:
        parts[place] += 1
    return parts


@frozen
class PersonShares:
    """一人分の結果 (yen): benefit by step, and what is left to bear of what was aggregated."""

    benefits: Mapping[StepKind, int]
    outpatient_rest: int
    inpatient_rest: int
    excluded: int


def shares_of(settlement: Settlement) -> dict[str, PersonShares]:
    """By person: a step over several people is apportioned by what each still bore."""
    rest: dict[Place, int] = {}
    for burden in settlement.persons:
        rest[burden.person.name, Setting.OUTPATIENT] = burden.outpatient
        rest[burden.person.name, Setting.INPATIENT] = burden.inpatient
    benefits: dict[str, dict[StepKind, int]] = {burden.person.name: {} for burden in settlement.persons}
    for step in settlement.steps:
        if step.is_in_kind:  # what was never asked for is no burden of the aggregation
            _add(benefits, step.person or "", step.kind, step.benefit)
            continue
        for place, part in apportioned(step.benefit, _weights(step, rest, settlement)).items():
            rest[place] -= part
            _add(benefits, place[0], step.kind, part)
    return {
        burden.person.name: PersonShares(
            benefits[burden.person.name],
            rest[burden.person.name, Setting.OUTPATIENT],
            rest[burden.person.name, Setting.INPATIENT],
            burden.excluded,
        )
        for burden in settlement.persons
    }


def _add(benefits: dict[str, dict[StepKind, int]], person: str, kind: StepKind, amount: int) -> None:
    if amount:
        benefits[person][kind] = benefits[person].get(kind, 0) + amount


def _weights(step: Step, rest: Mapping[Place, int], settlement: Settlement) -> dict[Place, int]:
    if step.kind is StepKind.OUTPATIENT:
        place = (step.person or "", Setting.OUTPATIENT)
        return {place: rest[place]}
    names: Iterable[str]
    if step.person is not None:
        names = (step.person,)
    elif step.kind is StepKind.HOUSEHOLD_FROM_70:
        names = [each.person.name for each in settlement.persons if each.person.age_group is AgeGroup.FROM_70]
    else:
        names = [each.person.name for each in settlement.persons]
    return {(name, setting): rest[name, setting] for name in names for setting in Setting}


def rest_of(settlement: Settlement) -> HouseholdRest:
    """世帯の残額 of the month, for the annual cap."""
    excluded = sum(each.excluded for each in settlement.persons)
    return HouseholdRest(settlement.case.month, settlement.patient_total - excluded, excluded)
