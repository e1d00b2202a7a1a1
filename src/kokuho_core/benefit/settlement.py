"""算定: 高額療養費 of one household and month, in the statutory order (国保法施行令29条の2・29条の3; H-2, H-8).

1. outpatient care of each person from 70 on, 2. the household from 70 on, 3. the whole household.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import define, evolve, frozen

from kokuho_core.benefit.ceiling import Ceiling, Share
from kokuho_core.benefit.choices import DEFAULT_CHOICES, Choices, Turning75, WholeHousehold
from kokuho_core.benefit.institution_month import (
    Context,
    InstitutionMonth,
    refuse_unverified,
    settle_institution,
    units_of,
)
from kokuho_core.benefit.law_tables import AgeGroup, CeilingRow, Law, MonthLaw, Setting
from kokuho_core.benefit.receipts import HouseholdMonth, Person
from kokuho_core.benefit.steps import Step, StepKind
from kokuho_core.errors import InvalidValue, Problem

_UNDER_70, _FROM_70, _OUTPATIENT = AgeGroup.UNDER_70, AgeGroup.FROM_70, Setting.OUTPATIENT
_STEP_ORDER: Final = {kind: place for place, kind in enumerate(StepKind)}


@define
class PersonBurden:
    """一人の自己負担 (yen): outpatient and inpatient as they enter the aggregation, the cost behind both, what stays outside,
    and what the steps have left of both so far."""

    person: Person
    share: Share
    outpatient: int = 0
    inpatient: int = 0
    cost: int | None = 0
    excluded: int = 0
    rest_outpatient: int = 0
    rest_inpatient: int = 0

    @property
    def rest(self) -> int:
        return self.rest_outpatient + self.rest_inpatient


@frozen
class Settlement:
    """算定結果 of one household and month.

    ``steps`` stand in the statutory order. ``persons`` are the burdens as they entered the aggregation, in order of name;
    ``law`` is what held in the month.
    """

    case: HouseholdMonth
    law: MonthLaw
    choices: Choices
    institutions: tuple[InstitutionMonth, ...]
    persons: tuple[PersonBurden, ...]
    steps: tuple[Step, ...]

    def benefit_of(self, *kinds: StepKind) -> int:
        """支給額 of the steps of ``kinds``."""
        return sum(step.benefit for step in self.steps if step.kind in kinds)

    @property
    def is_paid(self) -> bool:
        """Whether anything is paid at all."""
        return any(step.burden > step.limit for step in self.steps)

    @property
    def in_kind(self) -> int:
        """現物給付: what institutions did not ask for."""
        return sum(step.benefit for step in self.steps if step.is_in_kind)

    @property
    def refund(self) -> int:
        """償還払い: what is paid to the head of the household."""
        return sum(step.benefit for step in self.steps if not step.is_in_kind)

    @property
    def window_total(self) -> int:
        """窓口負担: what the patients bore before the refund."""
        return sum(each.patient_total for each in self.institutions)

    @property
    def patient_total(self) -> int:
        """最終の自己負担."""
        return self.window_total - self.refund


def settle(case: HouseholdMonth, law: Law, choices: Choices = DEFAULT_CHOICES) -> Settlement:
    """高額療養費 of one month. The order of the receipts makes no difference.

    Raises :class:`InvalidValue`: KKH-T001 … KKH-T011, KKH-T014 … KKH-T016, KKH-T019 where law tables or choices give no figure.
    """
    month = law.at(case.month)
    given, case = case, _as_halved_by(month, case)
    rows: dict[AgeGroup, CeilingRow] = {}
    contexts: dict[str, Context] = {}
    burdens: dict[str, PersonBurden] = {}
    institutions: list[InstitutionMonth] = []
    of_units: list[tuple[bool, list[Step]]] = []
    named = {person.name: person for person in case.persons}
    for (name, *_), receipts in units_of(case.receipts).items():
        context = contexts.get(name)
        if context is None:
            context = contexts[name] = _context(case, month, named[name], rows, choices)
            burdens[name] = PersonBurden(context.person, context.share)
        at_unit: list[Step] = []
        settled = settle_institution(context, receipts, at_unit)
        if at_unit:
            of_units.append((settled.is_dental, at_unit))
        institutions.append(settled)
        _take_in(burdens[name], settled, context.threshold)
    persons = [burdens[name] for name in sorted(burdens)]
    for each in persons:
        each.rest_outpatient, each.rest_inpatient = each.outpatient, each.inpatient
    if len(of_units) > 1:
        of_units.sort(key=_unit_place)
    steps = [step for _, at_unit in of_units for step in at_unit]
    _aggregate(case, rows, persons, choices, steps, month)
    if len(steps) > 1:
        steps.sort(key=_place)
    return Settlement(given, month, choices, tuple(institutions), tuple(persons), tuple(steps))


def _as_halved_by(law: MonthLaw, case: HouseholdMonth) -> HouseholdMonth:
    """The month with the halves the law knows then: before it came into force, nothing is halved (H-8)."""
    if not law.halves_moves and case.share is not Share.WHOLE:
        case = evolve(case, share=Share.WHOLE)
    if not law.halves_turning_75 and any(person.is_halved for person in case.persons):
        case = evolve(case, persons=[evolve(person, is_halved=False) for person in case.persons])
    return case


def _place(step: Step) -> tuple[int, str, str, str]:
    """Where a step stands, whatever order the receipts came in."""
    return _STEP_ORDER[step.kind], step.person or "", step.institution or "", step.setting or ""


def _unit_place(of_unit: tuple[bool, Sequence[Step]]) -> tuple[bool, list[tuple[int, int, int]]]:
    """Which of two units of one institution comes first: medical before dental, then by the figures of their steps."""
    is_dental, steps = of_unit
    return is_dental, [(step.burden, step.limit, step.cost or 0) for step in steps]


def _context(
    case: HouseholdMonth, law: MonthLaw, person: Person, rows: dict[AgeGroup, CeilingRow], choices: Choices
) -> Context:
    row = rows.get(person.age_group)
    if row is None:
        given = case.class_under_70 if person.age_group is _UNDER_70 else case.class_from_70
        row = rows[person.age_group] = law.row(person.age_group, given)
        refuse_unverified(row.basis, choices)
    share = case.share
    if person.is_halved:
        if choices.turning_75 is Turning75.REFUSE:
            raise InvalidValue(Problem("KKH-T019", field="turns_75"))
        share = share.halved
    threshold = share.of(law.aggregation.amount) if person.age_group is _UNDER_70 else 0
    return Context(law, row, case, person, share, choices, threshold)


def _take_in(burden: PersonBurden, settled: InstitutionMonth, threshold: int) -> None:
    """世帯合算の対象: all charges from 70 on, those of 21,000 yen and more under 70."""
    for amount, tested, cost, is_excluded in settled.charges:
        if is_excluded or tested < threshold:
            burden.excluded += amount
            continue
        if settled.setting is _OUTPATIENT:
            burden.outpatient += amount
        else:
            burden.inpatient += amount
        burden.cost = None if burden.cost is None or cost is None else burden.cost + cost


def _aggregate(
    case: HouseholdMonth,
    rows: Mapping[AgeGroup, CeilingRow],
    persons: Sequence[PersonBurden],
    choices: Choices,
    steps: list[Step],
    law: MonthLaw,
) -> None:
    elderly = [each for each in persons if each.person.age_group is _FROM_70]
    younger = [each for each in persons if each.person.age_group is _UNDER_70]
    left_over = 0
    if elderly:
        row = rows[_FROM_70]
        for each in elderly:
            _outpatient(each, row, steps)
            _alone(each, row, case, StepKind.PERSON_FROM_70, steps)
        left_over = _together(elderly, row, case, StepKind.HOUSEHOLD_FROM_70, sum(e.rest for e in elderly), steps)
    if younger:
        for each in younger:
            _alone(each, rows[_UNDER_70], case, StepKind.PERSON_UNDER_70, steps)
    amount = sum(each.rest for each in younger)
    if amount or choices.whole_household is WholeHousehold.ALWAYS:
        row = rows.get(_UNDER_70) or law.row(_UNDER_70, case.class_under_70)
        _together([*elderly, *younger], row, case, StepKind.WHOLE_HOUSEHOLD, left_over + amount, steps)


def _outpatient(each: PersonBurden, row: CeilingRow, steps: list[Step]) -> None:
    """第1段: outpatient care of one person; who has an active income has no such ceiling from 2018-08 on."""
    if row.outpatient is None or not each.rest_outpatient:
        return
    limit = each.share.of(row.outpatient)
    steps.append(
        Step(
            StepKind.OUTPATIENT, each.rest_outpatient, limit, Ceiling(limit), row.basis, person=each.person.name,
            setting=Setting.OUTPATIENT, share=each.share, counts=False,
        )
    )  # fmt: skip
    each.rest_outpatient = min(each.rest_outpatient, limit)


def _alone(each: PersonBurden, row: CeilingRow, case: HouseholdMonth, kind: StepKind, steps: list[Step]) -> None:
    """75歳到達月の個人: first alone against the halved ceiling, what is left goes on to the household."""
    if not each.person.is_halved or not each.rest:
        return
    ceiling = row.ceiling(multiple=case.is_multiple, share=each.share)
    limit, burden = ceiling.of(each.cost), each.rest
    steps.append(
        Step(
            kind, burden, limit, ceiling, row.basis, cost=each.cost if ceiling.needs_cost else None,
            person=each.person.name, share=each.share, is_multiple=case.is_multiple,
        )
    )  # fmt: skip
    left = min(burden, limit)
    each.rest_inpatient = min(each.rest_inpatient, left)
    each.rest_outpatient = left - each.rest_inpatient


def _together(
    persons: Sequence[PersonBurden],
    row: CeilingRow,
    case: HouseholdMonth,
    kind: StepKind,
    burden: int,
    steps: list[Step],
) -> int:
    """A step over several people. Returns what is left of ``burden``."""
    if not burden:
        return 0
    ceiling = row.ceiling(multiple=case.is_multiple, share=case.share)
    cost: int | None = None
    if ceiling.needs_cost:
        costs = [each.cost for each in persons if each.rest]
        cost = None if None in costs else sum(each for each in costs if each is not None)
    limit = ceiling.of(cost)
    steps.append(
        Step(
            kind, burden, limit, ceiling, row.basis, cost=cost, share=case.share,
            is_multiple=case.is_multiple and row.multiple is not None,
        )
    )  # fmt: skip
    return min(burden, limit)
