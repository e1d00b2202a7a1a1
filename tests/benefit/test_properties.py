"""性質: what holds for every household and month, whatever the figures are."""

from __future__ import annotations

import random

from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from kokuho_core.benefit.apportionment import apportioned, shares_of
from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.choices import Choices, DiseaseOnMove, DiseaseRemainder, WholeHousehold
from kokuho_core.benefit.law_tables import AgeGroup, Law, Setting
from kokuho_core.benefit.receipts import HouseholdMonth, Part, Receipt
from kokuho_core.benefit.settlement import Settlement, settle
from kokuho_core.benefit.steps import StepKind
from kokuho_core.vocabulary.month import Month

from . import model
from .households import LAW, cases, household, months, receipt

CHOICES = Choices(specific_disease_on_move=DiseaseOnMove.DIVIDED)
AGGREGATING = evolve(CHOICES, specific_disease_remainder=DiseaseRemainder.AGGREGATED)


def settled(case: HouseholdMonth, choices: Choices = CHOICES) -> Settlement:
    return settle(case, LAW, choices)


def copayments(case: HouseholdMonth) -> int:
    return sum(each.copay_of(part) for each in case.receipts for part in each.parts)


@given(cases())
def test_the_benefit_is_never_negative_and_never_above_the_copayment(case: HouseholdMonth) -> None:
    """Rules: H-2, H-8."""
    found = settled(case)
    assert all(step.benefit >= 0 for step in found.steps)
    assert 0 <= found.refund <= found.window_total <= copayments(case)
    assert found.in_kind + found.refund <= copayments(case)
    assert found.patient_total >= 0
    for each in found.institutions:
        assert 0 <= each.patient_total <= each.insurance_copay <= each.copay


@given(cases(plain=True))
def test_the_steps_are_those_of_a_model_written_from_the_text(case: HouseholdMonth) -> None:
    """Rules: H-2: the three steps, the 21,000 yen, the rounding, the table of the month."""
    day = case.month.first_day
    group_of = {
        person.name: "under70" if person.age_group is AgeGroup.UNDER_70 else "from70" for person in case.persons
    }
    lines = [
        (each.person, group_of[each.person], each.place or "", each.is_dental, each.setting is Setting.INPATIENT,
         each.parts[0].cost or 0, each.share_percent or 0)
        for each in case.receipts
    ]  # fmt: skip
    assert case.class_under_70 is not None and case.class_from_70 is not None
    expected = model.benefit(day.year, day.month, case.class_under_70, case.class_from_70, case.is_multiple, lines)
    found = settled(case)
    kinds = (StepKind.OUTPATIENT, StepKind.HOUSEHOLD_FROM_70, StepKind.WHOLE_HOUSEHOLD)
    assert tuple(found.benefit_of(kind) for kind in kinds) == expected
    assert found.refund == sum(expected)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_receipts_and_persons_makes_no_difference(case: HouseholdMonth, rng: random.Random) -> None:
    receipts, persons = list(case.receipts), list(case.persons)
    rng.shuffle(receipts)
    rng.shuffle(persons)
    one, other = settled(case), settled(evolve(case, receipts=tuple(receipts), persons=persons))
    assert one.steps == other.steps
    assert shares_of(one) == shares_of(other)
    assert sorted(map(repr, one.institutions)) == sorted(map(repr, other.institutions))


@given(cases(), st.data())
def test_splitting_a_receipt_of_one_institution_changes_nothing(case: HouseholdMonth, data: st.DataObject) -> None:
    """One institution's care is one unit of the 21,000 yen, however many receipts it comes on."""
    named = [each for each in case.receipts if each.place is not None]
    assume(named)
    whole = data.draw(st.sampled_from(named))
    first, second = [], []
    for part in whole.parts:
        assert part.cost is not None
        some = data.draw(st.integers(0, part.cost // 10)) * 10
        first.append(evolve(part, cost=some))
        second.append(evolve(part, cost=part.cost - some))
    halves = [evolve(whole, parts=tuple(first)), evolve(whole, parts=tuple(second))]
    rest = list(case.receipts)
    rest.remove(whole)
    split = settled(evolve(case, receipts=(*rest, *halves)))
    together = settled(case)
    assert split.patient_total == together.patient_total
    assert split.refund == together.refund
    assert split.steps == together.steps


@given(cases(plain=True))
def test_splitting_over_institutions_never_helps(case: HouseholdMonth) -> None:
    """Care at one institution is at least as well off as the same care at several: 21,000 yen are reached sooner."""
    one = evolve(case, receipts=tuple(evolve(each, institution="A") for each in case.receipts))
    several = evolve(case, receipts=tuple(evolve(each, institution=None) for each in case.receipts))
    # the cost of what is joined raises the ceiling by 1 %, which is less than the share of it that is joined
    assert settled(one).patient_total <= settled(several).patient_total


@given(cases(), st.data())
def test_more_cost_never_means_less_benefit(case: HouseholdMonth, data: st.DataObject) -> None:
    """Monotone in cost, by points: a point more is 10 yen of cost, at least a yen of copayment, at most a yen of ceiling.

    Choosing that the rest of specific diseases is aggregated; where it is excluded, going above its ceiling leaves the
    aggregation, which is what the law says (see the next test). A patient who pays 5 % under 公費 gains a point's copayment
    only every second time, so subsidised parts stay as they are here.
    """
    assume(case.receipts)
    place = data.draw(st.integers(0, len(case.receipts) - 1))
    more = data.draw(st.integers(1, 50_000)) * 10
    whole = case.receipts[place]
    assume(whole.disease is None)
    part = whole.parts[0]
    assert part.cost is not None
    grown = evolve(whole, parts=(evolve(part, cost=part.cost + more), *whole.parts[1:]))
    receipts = (*case.receipts[:place], grown, *case.receipts[place + 1 :])
    before, after = settled(case, AGGREGATING), settled(evolve(case, receipts=receipts), AGGREGATING)
    assert after.in_kind + after.refund >= before.in_kind + before.refund


def test_above_the_ceiling_of_a_disease_the_rest_leaves_the_aggregation() -> None:
    """The one place where more cost may mean less benefit, as 健康保険法施行令41条1項1号 excludes that treatment."""
    other = receipt("母", points=40_000, share=20, setting=Setting.INPATIENT)

    def case(points: int) -> Settlement:
        from kokuho_core.benefit.receipts import Disease

        dialysis = receipt("父", points=points, share=20, setting=Setting.INPATIENT, disease=Disease.DIALYSIS)
        return settled(household("2024-05", dialysis, other, elder="父母", over="一般"))

    at, above = case(5_000), case(5_010)
    assert (at.refund, above.refund, above.in_kind) == (32_400, 22_400, 20)


@given(cases())
def test_the_fourth_month_never_leaves_more_to_pay_than_the_third(case: HouseholdMonth) -> None:
    """Rules: H-2."""
    third, fourth = settled(evolve(case, is_multiple=False)), settled(evolve(case, is_multiple=True))
    assert fourth.patient_total <= third.patient_total
    assert fourth.in_kind + fourth.refund >= third.in_kind + third.refund


@given(cases(plain=True))
def test_half_the_ceiling_never_leaves_more_to_pay(case: HouseholdMonth) -> None:
    """Rules: H-8."""
    halved = evolve(case, share=Share.HALF)
    assert settled(halved).patient_total <= settled(case).patient_total


@given(cases(plain=True), st.data())
def test_a_table_that_begins_later_changes_only_the_months_between(case: HouseholdMonth, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from([each for each in LAW.ceiling_tables if each.since > Month.of(2007, 4)]))
    later = data.draw(st.integers(1, 18))
    moved = LAW.with_effect_from(table.id, table.since.plus(later))
    last = LAW.last_month_of(table)
    assume(last is None or table.since.plus(later) <= last)  # the next table stays the next
    if not table.since <= case.month < table.since.plus(later):
        assert settle(case, moved, CHOICES).steps == settle(case, LAW, CHOICES).steps
    else:
        before = LAW.at(table.since.plus(-1)).tables[table.age_group]
        assert moved.at(case.month).tables[table.age_group] == before


@given(months)
def test_every_month_has_the_table_in_force(month: Month) -> None:
    for group in AgeGroup:
        table = LAW.at(month).tables[group]
        assert table.since <= month
        last = LAW.last_month_of(table)
        assert last is None or month <= last


@given(cases())
def test_shares_of_persons_add_up(case: HouseholdMonth) -> None:
    found = settled(case)
    shares = shares_of(found)
    for kind in StepKind:
        assert sum(each.benefits.get(kind, 0) for each in shares.values()) == found.benefit_of(kind)
    for each in shares.values():
        assert min(each.outpatient_rest, each.inpatient_rest, each.excluded) >= 0
    left = sum(each.outpatient_rest + each.inpatient_rest + each.excluded for each in shares.values())
    assert left == found.patient_total


@given(
    st.dictionaries(st.tuples(st.text(max_size=2), st.sampled_from(Setting)), st.integers(0, 10**7), min_size=1),
    st.data(),
)
def test_apportioning_is_exact(weights: dict[tuple[str, Setting], int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(weights.values())))
    parts = apportioned(amount, weights)
    assert sum(parts.values()) == amount
    total = sum(weights.values())
    for place, part in parts.items():
        assert 0 <= part <= weights[place]
        assert not total or abs(part * total - amount * weights[place]) < total


@given(cases())
def test_nothing_is_left_unexplained(case: HouseholdMonth) -> None:
    """Every step stands in the explanation with its figure, row and source, in both languages."""
    from kokuho_core.benefit.explanation import explain

    found = settled(case)
    lines = explain(found)
    for step, line in zip(found.steps, lines, strict=False):
        assert f"{step.burden:,}円" in line.ja and f"{step.burden:,} yen" in line.en
        assert line.rule and line.row == step.basis.text and line.source == step.basis.source
        if step.benefit:
            assert f"支給額 {step.benefit:,}円" in line.ja
    assert any(f"最終の自己負担 {found.patient_total:,}円" in line.ja for line in lines)


@given(cases(plain=True))
def test_all_steps_apply_even_without_people_under_70_where_chosen(case: HouseholdMonth) -> None:
    always = evolve(CHOICES, whole_household=WholeHousehold.ALWAYS)
    assert settled(case, always).patient_total <= settled(case).patient_total


def test_costs_of_what_is_too_small_do_not_raise_the_ceiling() -> None:
    """20,990 yen stay outside with their cost; 21,000 yen join with it."""
    big = receipt(points=100_000, setting=Setting.INPATIENT, institution="A")
    for points, aggregated in ((6_990, False), (7_000, True)):
        found = settled(household("2024-05", big, receipt(points=points, institution="B"), under="ウ"))
        [step] = found.steps
        assert step.cost == 1_000_000 + (70_000 if aggregated else 0)
        assert step.limit == (88_130 if aggregated else 87_430)


def test_law_tables_are_shared() -> None:
    assert Law.shipped() is LAW


def test_a_part_without_cost_is_enough_where_the_ceiling_needs_none() -> None:
    known = Receipt("甲", Setting.INPATIENT, (Part(None),), None, copay=60_000)
    assert settled(household("2024-05", known, under="エ")).refund == 2_400
