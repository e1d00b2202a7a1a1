"""医療機関ごとの一月: one person, institution, setting and medical or dental (21,000円の単位), before anything is aggregated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from attrs import frozen

from kokuho_core.benefit.ceiling import Ceiling, Share, percentage_of
from kokuho_core.benefit.choices import (
    Choices,
    Continued,
    DiseaseOnMove,
    DiseaseRemainder,
    SubsidisedCeiling,
    Unverified,
)
from kokuho_core.benefit.law_tables import (
    AgeGroup,
    Basis,
    CeilingRow,
    Mark,
    MonthLaw,
    Setting,
    SubsidyKind,
    SubsidyRule,
)
from kokuho_core.benefit.receipts import Disease, HouseholdMonth, Person, Receipt
from kokuho_core.benefit.steps import Step, StepKind
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.month import Month

AMOUNTS_CHANGED: Final = Month.of(2026, 8)
"""From this month on it is not verified that the ceilings of specific diseases stayed (令和8年政令第240号)."""


class Charge(NamedTuple):
    """自己負担の一まとまり: ``amount`` is what the patient still bears, ``cost`` the medical cost behind it.

    A tuple, because bulk work makes millions of them.

    ``tested`` is the 一部負担金相当額 that the 21,000-yen rule looks at; ``is_excluded`` charges are never aggregated.
    """

    amount: int
    tested: int
    cost: int | None
    is_excluded: bool = False


@frozen
class SubsidisedPart:
    """公費併用部分: what the insurance leaves after its ceiling, and what of it the patient himself bears."""

    houbetsu: str
    name: str
    copay_after_ceiling: int
    patient: int


class InstitutionMonth(NamedTuple):
    """医療機関ごとの結果. ``copay`` is the 一部負担金 before ceilings, ``charges`` what of it goes on to the aggregation.

    A tuple, because bulk work makes millions of them.
    """

    person: str
    setting: Setting
    institution: str | None
    is_dental: bool
    copay: int
    charges: tuple[Charge, ...]
    subsidised: tuple[SubsidisedPart, ...]
    patient_total: int

    @property
    def insurance_copay(self) -> int:
        """レセプトの一部負担金 after the ceilings: what patient and 公費 bear together."""
        return self.patient_total + sum(each.copay_after_ceiling - each.patient for each in self.subsidised)


UnitKey = tuple[str, str, bool, Setting]
"""Person, institution, dental or medical, setting."""


def units_of(receipts: Iterable[Receipt]) -> dict[UnitKey, list[Receipt]]:
    """21,000円の単位: a pharmacy belongs to the institution that prescribed; no name stands for an institution of its own."""
    units: dict[UnitKey, list[Receipt]] = {}
    alone = 0
    for receipt in receipts:
        institution = receipt.place
        if institution is None:
            alone += 1
            institution = f"\0{alone}"  # no institution has such a name
        key = (receipt.person, institution, receipt.is_dental, receipt.setting)
        units.setdefault(key, []).append(receipt)
    return units


class Context(NamedTuple):
    """What every institution of one person shares. A tuple, because bulk work makes millions."""

    law: MonthLaw
    row: CeilingRow
    case: HouseholdMonth
    person: Person
    share: Share
    choices: Choices
    threshold: int
    """世帯合算の対象となる額, 0 from 70 on."""

    def ceiling(self, setting: Setting) -> tuple[Ceiling, bool]:
        """The ceiling one institution applies to this person, and whether a payment under it counts for 多数回."""
        if setting is Setting.OUTPATIENT and self.row.outpatient is not None:
            return Ceiling(self.share.of(self.row.outpatient)), False
        return self.row.ceiling(multiple=self.case.is_multiple, share=self.share), True


def settle_institution(context: Context, receipts: Sequence[Receipt], steps: list[Step]) -> InstitutionMonth:
    """Everything that happens at one institution: subsidised parts, specific diseases, and payment in kind.

    Steps are appended to ``steps``. Raises :class:`InvalidValue` where the law tables or the choices give no figure.
    """
    first = receipts[0]
    if len(receipts) > 1 or not first.is_plain:
        return _settle_parts(context, receipts, steps)
    part = first.parts[0]
    copay = first.copay_of(part)
    charge = Charge(copay, copay, part.cost)
    if first.in_kind:
        [charge] = _in_kind(context, _Group(part.cost, copay), [], receipts, _told(context, first), steps)
    return InstitutionMonth(
        first.person, first.setting, first.place, first.is_dental, copay, (charge,), (), charge.amount
    )


def _told(context: Context, first: Receipt) -> dict[str, Any]:
    """What every step at one institution tells of it."""
    return {"person": first.person, "institution": first.place, "setting": first.setting, "share": context.share}


def _settle_parts(context: Context, receipts: Sequence[Receipt], steps: list[Step]) -> InstitutionMonth:
    first = receipts[0]
    groups = _groups(receipts)
    told = _told(context, first)
    charges: list[Charge] = []
    subsidised: list[SubsidisedPart] = []
    plain = groups.pop((None, None), None)
    for (houbetsu, disease), group in sorted(groups.items(), key=lambda each: (each[0][0] or "", each[0][1] or "")):
        capped, exceeded = group.copay, False
        if disease is not None:
            capped, exceeded = _disease(context, disease, group, told, steps)
        if houbetsu is None:
            if exceeded:
                aggregated = context.choices.specific_disease_remainder is DiseaseRemainder.AGGREGATED
                charges.append(Charge(capped, capped, group.cost, is_excluded=not aggregated))
            else:
                plain = group if plain is None else plain.plus(group)
            continue
        part = _subsidised(context, houbetsu, group, capped, first.setting, told, steps)
        subsidised.append(part)
        excluded = exceeded and context.choices.specific_disease_remainder is DiseaseRemainder.EXCLUDED
        charges.append(Charge(part.patient, part.copay_after_ceiling, group.cost, is_excluded=excluded))
    in_kind = all(receipt.in_kind for receipt in receipts)
    if in_kind:
        charges = _in_kind(context, plain, charges, receipts, told, steps)
    elif plain is not None:
        charges.append(Charge(plain.copay, plain.copay, plain.cost))
    return InstitutionMonth(
        first.person,
        first.setting,
        first.place,
        first.is_dental,
        sum(receipt.copay_of(part) for receipt in receipts for part in receipt.parts),
        tuple(charges),
        tuple(subsidised),
        sum(charge.amount for charge in charges),
    )


class _Group(NamedTuple):
    """Parts of one kind at one institution, together."""

    cost: int | None
    copay: int
    monthly_cap: int | None = None

    def plus(self, other: _Group) -> _Group:
        """Raises :class:`InvalidValue` (KKH-T010) when the same 公費 is given with two monthly caps."""
        if self.monthly_cap != other.monthly_cap:
            raise InvalidValue(Problem("KKH-T010", field="monthly_cap"))
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return _Group(cost, self.copay + other.copay, self.monthly_cap)


def _groups(receipts: Iterable[Receipt]) -> dict[tuple[str | None, Disease | None], _Group]:
    """By 公費 and specific disease; neither is the part the insurance covers alone (医保単独)."""
    groups: dict[tuple[str | None, Disease | None], _Group] = {}
    for receipt in receipts:
        for part in receipt.parts:
            houbetsu = part.subsidy.houbetsu if part.subsidy is not None else None
            cap = part.subsidy.monthly_cap if part.subsidy is not None else None
            group = _Group(part.cost, receipt.copay_of(part), cap)
            key = (houbetsu, receipt.disease)
            groups[key] = groups[key].plus(group) if key in groups else group
    return groups


# --- 特定疾病 ---


def _disease(
    context: Context, disease: Disease, group: _Group, told: dict[str, Any], steps: list[Step]
) -> tuple[int, bool]:
    """What is left of the copayment, and whether the ceiling of the disease was exceeded."""
    law, choices, rule = context.law, context.choices, context.law.disease
    if law.month >= AMOUNTS_CHANGED and choices.specific_disease_amounts is Continued.REFUSE:
        raise InvalidValue(Problem("KKH-T014", field="specific_disease"))
    has_own = (
        disease is Disease.DIALYSIS
        and context.person.age_group is AgeGroup.UNDER_70
        and context.row.income_class in rule.dialysis_classes
    )
    limit = Share.WHOLE.of(rule.dialysis_cap if has_own else rule.cap)
    if context.person.is_halved:
        limit = Share.HALF.of(limit)
    if context.case.share is not Share.WHOLE:
        if choices.specific_disease_on_move is DiseaseOnMove.REFUSE:
            raise InvalidValue(Problem("KKH-T016", field="specific_disease"))
        if choices.specific_disease_on_move is DiseaseOnMove.DIVIDED:
            limit = context.case.share.of(limit)
    if group.copay <= limit:
        return group.copay, False
    basis = Basis(
        rule.basis.table,
        "人工透析(旧ただし書き所得600万円超)" if has_own else "特定疾病",
        rule.basis.source,
        Mark.QUOTED if disease is Disease.DIALYSIS else Mark.INFERRED,
    )
    step = Step(
        StepKind.SPECIFIC_DISEASE, group.copay, limit, Ceiling(limit), basis, counts=False, is_in_kind=True, **told
    )
    steps.append(step)
    return limit, True


# --- 公費 ---


def _subsidised(
    context: Context,
    houbetsu: str,
    group: _Group,
    copay: int,
    setting: Setting,
    told: dict[str, Any],
    steps: list[Step],
) -> SubsidisedPart:
    rule = context.law.subsidies.get(houbetsu)
    if rule is None:
        raise InvalidValue(Problem("KKH-T008", field="houbetsu"))
    if rule.kind is SubsidyKind.WELFARE and group.monthly_cap is None:
        raise InvalidValue(Problem("KKH-T009", field="monthly_cap"))
    refuse_unverified(rule.basis, context.choices)
    ceiling, basis, is_multiple = _subsidy_ceiling(context, rule, setting)
    limit = ceiling.of(group.cost)
    after = min(copay, limit)
    if copay > limit:
        steps.append(
            Step(
                StepKind.SUBSIDISED_PART, copay, limit, ceiling, basis, cost=group.cost if ceiling.needs_cost else None,
                is_multiple=is_multiple, is_in_kind=True, counts=False, **told,
            )
        )  # fmt: skip
    patient = min(after, _patient_share(rule, group.cost or 0))  # a receipt with 公費 has its costs
    if group.monthly_cap is not None:
        patient = min(patient, group.monthly_cap)
    return SubsidisedPart(houbetsu, rule.name, after, patient)


def _patient_share(rule: SubsidyRule, cost: int) -> int:
    """公費の患者負担 before the monthly cap; 生保 leaves the cap alone."""
    return cost if rule.kind is SubsidyKind.WELFARE else percentage_of(cost, rule.share_percent)


def _subsidy_ceiling(context: Context, rule: SubsidyRule, setting: Setting) -> tuple[Ceiling, Basis, bool]:
    """難病 takes the class's ceiling, in hospital with 多数回, others one ceiling for all classes, never with 多数回."""
    if rule.kind is SubsidyKind.CLASS:
        if setting is Setting.OUTPATIENT and context.row.outpatient is not None:
            return Ceiling(context.share.of(context.row.outpatient)), context.row.basis, False
        is_multiple = context.case.is_multiple and setting is Setting.INPATIENT
        return context.row.ceiling(multiple=is_multiple, share=context.share), context.row.basis, is_multiple
    if not context.law.are_subsidy_ceilings_known and context.choices.subsidised_ceiling is SubsidisedCeiling.REFUSE:
        raise InvalidValue(Problem("KKH-T015", field="public_subsidy"))
    found = context.law.subsidy_ceilings[rule.kind, context.person.age_group]
    refuse_unverified(found.basis, context.choices)
    ceiling = found.outpatient if setting is Setting.OUTPATIENT else found.inpatient
    return ceiling.shared(context.share), found.basis, False


def refuse_unverified(basis: Basis, choices: Choices) -> None:
    """Raises :class:`InvalidValue` (KKH-T006) for a figure that no source confirms, unless it was chosen."""
    if basis.mark is Mark.REMEMBERED and choices.unverified_amounts is Unverified.REFUSE:
        raise InvalidValue(Problem("KKH-T006", field="unverified_amounts"))


# --- 現物給付 ---


def _in_kind(
    context: Context,
    plain: _Group | None,
    subsidised: list[Charge],
    receipts: Sequence[Receipt],
    told: dict[str, Any],
    steps: list[Step],
) -> list[Charge]:
    """At the window: the plain part up to the ceiling, then together with subsidised parts up to the ceiling of both.

    From 70 on both always go together; under 70 where each alone reaches the amount that is aggregated.
    """
    setting: Setting = told["setting"]
    is_under_70 = context.person.age_group is AgeGroup.UNDER_70
    if is_under_70 and setting is Setting.OUTPATIENT and not context.law.has_outpatient_in_kind:
        raise InvalidValue(Problem("KKH-T011", field="in_kind"))
    ceiling, counts = context.ceiling(setting)
    charges = list(subsidised)
    if plain is not None:
        amount = plain.copay
        known = all(receipt.copay is None for receipt in receipts)
        if not known:
            _paid_in_kind(context, receipts, plain, ceiling, counts, told, steps)
        elif amount > (limit := ceiling.of(plain.cost)):
            steps.append(_in_kind_step(context, amount, limit, ceiling, counts, plain.cost, told))
            amount = limit
        charges.append(Charge(amount, amount, plain.cost))
    together = [each for each in charges if not each.is_excluded and each.tested >= context.threshold]
    if not subsidised or (is_under_70 and len(together) < 2):
        return charges
    burden = sum(each.amount for each in together)
    cost = sum(each.cost or 0 for each in together)
    limit = ceiling.of(cost)
    if burden <= limit:
        return charges
    steps.append(_in_kind_step(context, burden, limit, ceiling, counts, cost, told))
    rest = [each for each in charges if each not in together]
    return [*rest, Charge(limit, max(each.tested for each in together), cost)]


def _in_kind_step(
    context: Context, burden: int, limit: int, ceiling: Ceiling, counts: bool, cost: int | None, told: dict[str, Any]
) -> Step:
    return Step(
        StepKind.IN_KIND, burden, limit, ceiling, context.row.basis, cost=cost if ceiling.needs_cost else None,
        is_multiple=counts and context.case.is_multiple, is_in_kind=True, counts=counts, **told,
    )  # fmt: skip


def _paid_in_kind(
    context: Context,
    receipts: Sequence[Receipt],
    plain: _Group,
    ceiling: Ceiling,
    counts: bool,
    told: dict[str, Any],
    steps: list[Step],
) -> None:
    """What the window did not ask, where paid amount, cost and share tell it."""
    full = 0
    for receipt in receipts:
        cost = receipt.parts[0].cost
        if receipt.share_percent is None or cost is None:
            return
        full += percentage_of(cost, receipt.share_percent)
    if full > plain.copay:
        steps.append(_in_kind_step(context, full, plain.copay, ceiling, counts, plain.cost, told))
