"""医療機関での段: each step at one institution with everything it tells, and what of it makes a counted month."""

from __future__ import annotations

import pytest
from attrs import evolve

from kokuho_core.benefit.ceiling import Ceiling, Share
from kokuho_core.benefit.choices import Choices, DiseaseRemainder
from kokuho_core.benefit.law_tables import AgeGroup, Basis, Mark, Setting
from kokuho_core.benefit.occurrences import occurrence_of
from kokuho_core.benefit.receipts import Disease, HouseholdMonth, Part, Receipt, Subsidy
from kokuho_core.benefit.settlement import settle
from kokuho_core.benefit.steps import Step, StepKind
from kokuho_core.vocabulary.month import Month

from .households import LAW, household, receipt

IN, OUT = Setting.INPATIENT, Setting.OUTPATIENT


def steps(case: HouseholdMonth) -> tuple[Step, ...]:
    return settle(case, LAW).steps


@pytest.mark.parametrize(
    ("disease", "income_class", "limit", "row", "mark"),
    [
        (Disease.DIALYSIS, "ア", 20_000, "人工透析(旧ただし書き所得600万円超)", Mark.QUOTED),
        (Disease.DIALYSIS, "ウ", 10_000, "特定疾病", Mark.QUOTED),
        (Disease.HIV, "ア", 10_000, "特定疾病", Mark.INFERRED),
    ],
)
def test_the_step_of_a_specific_disease(disease: Disease, income_class: str, limit: int, row: str, mark: Mark) -> None:
    seen = receipt("夫", points=40_000, disease=disease, institution="A")
    [step] = steps(household("2024-05", seen, under=income_class))
    source = LAW.at(Month.of(2024, 5)).disease.basis.source
    assert source and step == Step(
        StepKind.SPECIFIC_DISEASE, 120_000, limit, Ceiling(limit), Basis("特定疾病の限度額", row, source, mark), None, "夫", "A",
        OUT, Share.WHOLE, is_multiple=False, is_in_kind=True, counts=False,
    )  # fmt: skip


def subsidised(houbetsu: str, cost: int, setting: Setting, cap: int = 5_000) -> Receipt:
    return receipt("夫", parts=(Part(cost, Subsidy(houbetsu, cap)),), setting=setting, institution="A")


def test_the_step_of_a_subsidised_part_and_that_it_makes_no_counted_month() -> None:
    """Rules: H-2: it is no payment that the count looks at, whatever the ceiling it comes under."""
    case = household("2024-05", subsidised("54", 400_000, IN), under="ウ")
    found = settle(case, LAW)
    row = LAW.at(Month.of(2024, 5)).row(case.persons[0].age_group, "ウ")
    assert [step for step in found.steps if step.benefit] == [
        Step(
            StepKind.SUBSIDISED_PART, 120_000, 81_430, Ceiling(80_100, 267_000), row.basis, 400_000, "夫", "A", IN,
            Share.WHOLE, is_multiple=False, is_in_kind=True, counts=False,
        ),
    ]  # fmt: skip
    [part] = found.institutions[0].subsidised
    assert (part.houbetsu, part.name) == ("54", "難病の特定医療")
    assert occurrence_of(found) is None
    fourth = steps(evolve(case, is_multiple=True))[0]
    assert (fourth.limit, fourth.cost, fourth.is_multiple) == (44_400, None, True)
    other = steps(evolve(case, receipts=(subsidised("15", 400_000, IN),), is_multiple=True))[0]
    assert (other.limit, other.cost, other.is_multiple) == (81_430, 400_000, False)
    outside = household("2024-05", subsidised("54", 200_000, OUT), elder="夫", over="一般", is_multiple=True)
    assert [(step.limit, step.is_multiple) for step in steps(outside) if step.is_in_kind] == [(18_000, False)]


def test_a_subsidised_part_at_its_ceiling_makes_no_step() -> None:
    at = receipt("夫", parts=(Part(192_000, Subsidy("54", 5_000)),), setting=IN, institution="A")
    assert [step.kind for step in steps(household("2024-05", at, under="エ"))] == [StepKind.WHOLE_HOUSEHOLD]
    above, _ = steps(household("2024-05", evolve(at, parts=(Part(192_010, Subsidy("54", 5_000)),)), under="エ"))
    assert (above.burden, above.limit) == (57_603, 57_600)


@pytest.mark.parametrize(("halved", "share", "limit"), [("夫", Share.WHOLE, 28_800), ("", Share.HALF, 28_800), ("夫", Share.HALF, 14_400)])
def test_the_ceiling_of_a_subsidised_part_is_shared_like_any_other(halved: str, share: Share, limit: int) -> None:
    """Rules: H-8: of the class, and of those without one."""
    for houbetsu, ceiling in (("54", limit), ("15", limit)):
        case = household("2024-05", subsidised(houbetsu, 400_000, IN), elder="夫", halved=halved, over="一般", share=share)
        first = steps(case)[0]
        assert (first.kind, first.limit) == (StepKind.SUBSIDISED_PART, ceiling)


def test_welfare_leaves_the_whole_to_the_subsidy_up_to_its_amount() -> None:
    """生活保護: no share of the cost; the patient bears what he was told, here 3,000 yen."""
    found = settle(household("2024-05", subsidised("12", 400_000, IN, cap=3_000), under="オ"), LAW)
    [part] = found.institutions[0].subsidised
    assert (part.copay_after_ceiling, part.patient, found.patient_total) == (35_400, 3_000, 3_000)


def test_the_steps_in_kind_with_and_without_a_cost() -> None:
    row = LAW.at(Month.of(2024, 5)).row(household("2024-05", receipt(points=1)).persons[0].age_group, "ウ")
    case = household("2024-05", receipt("夫", points=100_000, setting=IN, in_kind=True, institution="A"), under="ウ")
    expected = Step(
        StepKind.IN_KIND, 300_000, 87_430, Ceiling(80_100, 267_000), row.basis, 1_000_000, "夫", "A", IN, is_in_kind=True,
    )  # fmt: skip
    assert steps(case)[0] == expected
    fourth = steps(evolve(case, is_multiple=True))[0]
    assert (fourth.limit, fourth.cost, fourth.is_multiple, fourth.counts) == (44_400, None, True, True)
    outside = household("2024-05", receipt("夫", points=10_000, share=20, in_kind=True), elder="夫", over="一般", is_multiple=True)
    [first, *_] = steps(outside)
    assert (first.limit, first.is_multiple, first.counts, first.cost) == (18_000, False, False, None)
    at = household("2024-05", receipt("夫", cost=192_000, setting=IN, in_kind=True), under="エ")
    assert [step for step in steps(at) if step.is_in_kind] == []


def test_both_parts_together_in_kind_from_21_000_yen_on() -> None:
    """Under 70 both parts count from exactly 21,000 yen on; what they came to together is one step more."""
    def case(points: int) -> HouseholdMonth:
        parts = (Part(70_000, Subsidy("54", 10_000)), Part(points * 10))
        return household(
            "2024-05", receipt("夫", parts=parts, setting=IN, institution="A", in_kind=True), under="オ", is_multiple=True
        )

    two, one = steps(case(20_000)), steps(evolve(case(20_000), receipts=(
        receipt("夫", parts=(Part(69_990, Subsidy("54", 10_000)), Part(200_000)), setting=IN, institution="A", in_kind=True),)))  # fmt: skip
    assert [(step.burden, step.limit, step.counts) for step in two if step.is_in_kind] == [
        (60_000, 24_600, True), (34_600, 24_600, True),
    ]  # fmt: skip
    assert [(step.burden, step.limit) for step in one if step.is_in_kind] == [(60_000, 24_600)]
    exactly = [step for step in steps(case(7_000)) if step.is_in_kind]
    assert [(step.burden, step.limit) for step in exactly] == [(31_000, 24_600)]


def test_costs_of_which_one_is_not_known_are_not_known_together() -> None:
    """Paid amounts are enough where the ceiling asks for no cost."""
    known = Receipt("夫", IN, (Part(200_000),), copay=40_000, institution="A")
    unknown = Receipt("夫", IN, (Part(None),), copay=30_000, institution="A")
    for order in ((known, unknown), (unknown, known), (unknown, unknown)):
        [step] = steps(household("2024-05", *order, under="エ"))
        assert (step.burden, step.limit) == (sum(each.copay or 0 for each in order), 57_600)


def test_what_one_institution_charges_under_the_ceilings_of_diseases_adds_up_with_the_rest() -> None:
    """Below its ceiling, treatment of a disease is as any other: 6,000, 9,000 and 6,000 yen reach 21,000."""
    small = [receipt("夫", cost=cost, disease=disease, institution="A")
             for cost, disease in ((20_000, Disease.DIALYSIS), (30_000, Disease.HIV), (20_000, None))]  # fmt: skip
    found = settle(household("2024-05", *small, under="エ"), LAW)
    [burden], [unit] = found.persons, found.institutions
    assert (burden.outpatient, burden.inpatient, burden.excluded, burden.cost) == (21_000, 0, 0, 70_000)
    assert (unit.person, unit.setting, unit.institution, unit.copay, unit.patient_total) == ("夫", OUT, "A", 21_000, 21_000)
    above = [evolve(small[0], parts=(Part(400_000),)), *small[1:]]
    [burden] = settle(household("2024-05", *above, under="エ"), LAW).persons
    assert burden.excluded == 10_000 + 15_000, "the disease by its ceiling, the rest because it stays below 21,000 yen"


@pytest.mark.parametrize(
    ("remainder", "excluded", "aggregated"),
    [(DiseaseRemainder.EXCLUDED, 10_000, 0), (DiseaseRemainder.AGGREGATED, 0, 10_000)],
)
def test_what_is_left_of_a_disease_is_aggregated_where_chosen(
    remainder: DiseaseRemainder, excluded: int, aggregated: int
) -> None:
    """With a subsidy and without."""
    for part in (Part(400_000), Part(400_000, Subsidy("15", 20_000))):
        seen = receipt("父", parts=(part,), share=20, setting=IN, disease=Disease.DIALYSIS, institution="A")
        found = settle(
            household("2024-05", seen, elder="父", over="一般"), LAW, Choices(specific_disease_remainder=remainder)
        )
        assert [(each.excluded, each.inpatient) for each in found.persons] == [(excluded, aggregated)]


def test_the_steps_after_the_institutions_as_a_whole() -> None:
    """Rules: H-2, H-8: the outpatient ceiling of one who turns 75, himself alone, those from 70 on, the household."""
    case = household(
        "2024-05", receipt("父", points=10_000, share=20), receipt("父", points=20_000, share=20, setting=IN),
        receipt("母", points=50_000, share=20, setting=IN), receipt("子", points=100_000, setting=IN),
        elder="父母", halved="父", under="ウ", over="一般", is_multiple=True,
    )  # fmt: skip
    law = LAW.at(Month.of(2024, 5))
    elder, younger = (law.row(group, name).basis for group, name in ((AgeGroup.FROM_70, "一般"), (AgeGroup.UNDER_70, "ウ")))
    assert steps(case) == (
        Step(StepKind.OUTPATIENT, 20_000, 9_000, Ceiling(9_000), elder, None, "父", None, OUT, Share.HALF, counts=False),
        Step(StepKind.PERSON_FROM_70, 49_000, 22_200, Ceiling(22_200), elder, None, "父", None, None, Share.HALF, is_multiple=True),
        Step(StepKind.HOUSEHOLD_FROM_70, 122_200, 44_400, Ceiling(44_400), elder, is_multiple=True),
        Step(StepKind.WHOLE_HOUSEHOLD, 344_400, 44_400, Ceiling(44_400), younger, is_multiple=True),
    )  # fmt: skip
    third = steps(evolve(case, is_multiple=False))
    assert [(step.limit, step.cost, step.is_multiple) for step in third] == [
        (9_000, None, False), (28_800, None, False), (57_600, None, False), (95_430, 1_800_000, False),
    ]  # fmt: skip
