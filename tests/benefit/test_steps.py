"""段: halves and quarters, 公費, specific diseases, payment in kind, units, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from kokuho_core.benefit.ages import person_born
from kokuho_core.benefit.ceiling import Ceiling, Share
from kokuho_core.benefit.choices import (
    Choices,
    Continued,
    DiseaseOnMove,
    InKindMonths,
    SubsidisedCeiling,
    Turning75,
    Unverified,
)
from kokuho_core.benefit.explanation import explain, notices
from kokuho_core.benefit.law_tables import TABLES, AgeGroup, Law, Setting, month_of, text_of
from kokuho_core.benefit.occurrences import occurrence_of
from kokuho_core.benefit.receipts import Disease, HouseholdMonth, Part, Person, Receipt, Subsidy
from kokuho_core.benefit.settlement import Settlement, settle
from kokuho_core.benefit.steps import StepKind
from kokuho_core.errors import InvalidValue, SetupFault
from kokuho_core.vocabulary.month import Month

from .households import LAW, household, receipt

IN, OUT = Setting.INPATIENT, Setting.OUTPATIENT


def settled(case: HouseholdMonth, **choices: Any) -> Settlement:
    return settle(case, LAW, Choices(**choices))


def refused(code: str, case: HouseholdMonth, **choices: Any) -> None:
    with pytest.raises(InvalidValue) as error:
        settled(case, **choices)
    assert error.value.code == code


# --- halves and quarters ---


def test_the_month_of_the_75th_birthday_is_halved_for_the_person_first() -> None:
    """Rules: H-8: outpatient 9,000, then 28,800 alone, then the household with its whole ceiling."""
    case = household(
        "2024-05",
        receipt("父", points=10_000, share=20),
        receipt("父", points=20_000, share=20, setting=IN),
        receipt("母", points=25_000, share=20, setting=IN),
        elder="父母", halved="父", over="一般",
    )  # fmt: skip
    found = settled(case)
    limits = [(step.kind, step.burden, step.limit) for step in found.steps]
    assert limits == [
        (StepKind.OUTPATIENT, 20_000, 9_000),
        (StepKind.PERSON_FROM_70, 49_000, 28_800),
        (StepKind.HOUSEHOLD_FROM_70, 78_800, 57_600),
    ]
    assert found.patient_total == 57_600
    assert any("turning_75" in line.ja for line in notices(found))
    refused("KKH-T019", case, turning_75=Turning75.REFUSE)


def test_a_move_inside_the_prefecture_halves_everything_for_the_household() -> None:
    """Rules: H-8: both municipalities apply a half, and 10,500 yen."""
    case = household(
        "2024-05",
        receipt("子", points=3_500, institution="A"),
        receipt("子", points=3_490, institution="B"),
        receipt("父", points=40_000, setting=IN),
        under="ウ", share=Share.HALF,
    )  # fmt: skip
    [step] = settled(case).steps
    assert (step.burden, step.cost) == (130_500, 435_000)
    assert step.limit == 40_050 + (435_000 - 133_500) // 100


@pytest.mark.parametrize(("month", "limit"), [("2018-03", 57_600), ("2018-04", 28_800)])
def test_moves_are_halved_from_2018_04_on(month: str, limit: int) -> None:
    """Rules: H-8: before that month every municipality insured for itself; the answer says so."""
    moved = household(month, receipt("父", points=40_000, setting=IN), under="エ", share=Share.HALF)
    found = settled(moved)
    assert (found.steps[0].limit, found.case) == (limit, moved)
    assert any("県内転居月の特例は 2018-04" in line.ja for line in notices(found)) == (month == "2018-03")
    small = household(month, receipt(points=3_500), receipt(points=20_000, setting=IN), under="エ", share=Share.HALF)
    assert settled(small).persons[0].excluded == (10_500 if month == "2018-03" else 0)


@pytest.mark.parametrize(("month", "limit"), [("2008-03", 44_400), ("2008-04", 22_200)])
def test_the_75th_birthday_halves_from_2008_04_on(month: str, limit: int) -> None:
    """Rules: H-8: from 2009-01, and by application for the months since 2008-04, when the late elderly's insurance began."""
    turning = household(month, receipt("父", points=60_000, share=10, setting=IN), elder="父", halved="父", over="一般")
    found = settled(turning)
    assert (found.steps[0].limit, found.steps[-1].kind) == (limit, StepKind.HOUSEHOLD_FROM_70)
    assert any("75歳到達月の特例は 2008-04" in line.ja for line in notices(found)) == (month == "2008-03")


def test_both_in_one_month_make_a_quarter() -> None:
    """Rules: H-8: municipality A a quarter, B a quarter, the late elderly a half."""
    case = household(
        "2024-05",
        receipt("父", points=40_000, share=20, setting=IN),
        elder="父",
        halved="父",
        over="一般",
        share=Share.HALF,
    )
    found = settled(case)
    assert [(step.kind, step.limit) for step in found.steps] == [
        (StepKind.PERSON_FROM_70, 14_400),
        (StepKind.HOUSEHOLD_FROM_70, 28_800),
    ]
    assert "4分の1" in explain(found)[0].ja and "2分の1" in explain(found)[1].ja


def test_a_halved_person_under_70_is_settled_alone_with_his_own_threshold() -> None:
    case = household(
        "2024-05", receipt("妻", points=3_500), receipt("妻", points=20_000, setting=IN), receipt("子", points=6_990),
        receipt("子", points=10_000, setting=IN), under="オ", halved="妻",
    )  # fmt: skip
    found = settled(case)
    assert [(step.kind, step.burden, step.limit) for step in found.steps] == [
        (StepKind.PERSON_UNDER_70, 70_500, 17_700),
        (StepKind.WHOLE_HOUSEHOLD, 47_700, 35_400),
    ]


@pytest.mark.parametrize(
    ("born", "month", "group", "halved"),
    [
        ("1954-05-01", "2024-05", AgeGroup.FROM_70, False),
        ("1954-05-02", "2024-05", AgeGroup.UNDER_70, False),
        ("1954-05-02", "2024-06", AgeGroup.FROM_70, False),
        ("1954-04-30", "2024-05", AgeGroup.FROM_70, False),
        ("1949-05-02", "2024-05", AgeGroup.FROM_70, True),
        ("1949-05-31", "2024-05", AgeGroup.FROM_70, True),
        ("1949-06-01", "2024-05", AgeGroup.FROM_70, False),
        ("1952-02-29", "2022-02", AgeGroup.UNDER_70, False),
        ("1952-02-29", "2022-03", AgeGroup.FROM_70, False),
        ("1952-02-29", "2027-02", AgeGroup.FROM_70, False),
        ("2024-05-31", "2024-05", AgeGroup.UNDER_70, False),
    ],
)
def test_age_groups_by_birth_date(born: str, month: str, group: AgeGroup, halved: bool) -> None:
    """Rules: D-7, H-8: born on the 1st there is no half: the month is the late elderly's."""
    from datetime import date

    found = person_born("父", date.fromisoformat(born), month_of(month))
    assert (found.age_group, found.is_halved) == (group, halved)


@pytest.mark.parametrize(
    ("born", "month", "code"),
    [
        ("1949-05-01", "2024-05", "KKH-T022"),
        ("1949-04-30", "2024-05", "KKH-T022"),
        ("1952-02-29", "2027-03", "KKH-T022"),
        ("2024-06-01", "2024-05", "KKH-T007"),
    ],
)
def test_people_of_75_are_not_insured_here(born: str, month: str, code: str) -> None:
    """Rules: D-7."""
    from datetime import date

    with pytest.raises(InvalidValue) as error:
        person_born("父", date.fromisoformat(born), month_of(month))
    assert error.value.code == code


# --- units ---


def test_a_pharmacy_belongs_to_the_institution_that_prescribed() -> None:
    clinic = receipt(points=5_000, institution="A医院")
    pharmacy = receipt(points=2_000, institution="B薬局", prescribed_by="A医院")
    apart = evolve(pharmacy, prescribed_by=None)
    big = receipt(points=100_000, setting=IN, institution="C病院")
    assert settled(household("2024-05", clinic, pharmacy, big, under="ウ")).steps[0].burden == 321_000
    assert settled(household("2024-05", clinic, apart, big, under="ウ")).steps[0].burden == 300_000


@pytest.mark.parametrize("other", [{"is_dental": True}, {"setting": IN}, {"institution": "B"}, {"institution": None}])
def test_what_is_not_one_unit_is_not_added_up(other: dict[str, Any]) -> None:
    """Medical and dental, in hospital and out of it, each institution: 15,000 yen twice stay below 21,000."""
    one = receipt(points=5_000, institution="A")
    assert settled(household("2024-05", one, evolve(one, **other), under="オ")).persons[0].excluded == 30_000
    assert settled(household("2024-05", one, one, under="オ")).persons[0].excluded == 0


def test_what_a_step_says_of_a_unit_does_not_depend_on_the_order_of_its_receipts() -> None:
    """The prescribing institution stands for the pharmacy too, and two units of one institution have their own order."""
    clinic = receipt(points=100_000, institution="A", in_kind=True)
    pharmacy = receipt(points=50_000, institution="薬局", prescribed_by="A", in_kind=True)
    dental = receipt(points=100_010, institution="A", is_dental=True, in_kind=True)
    one, other = (settled(household("2024-05", *each, under="エ")) for each in (
        (clinic, pharmacy, dental), (dental, pharmacy, clinic),
    ))  # fmt: skip
    assert one.steps == other.steps
    assert {step.institution for step in one.steps if step.is_in_kind} == {"A"}
    assert {each.institution for each in one.institutions} == {"A"}


# --- specific diseases ---


@pytest.mark.parametrize(
    ("income_class", "disease", "limit"),
    [
        ("ア", Disease.DIALYSIS, 20_000),
        ("イ", Disease.DIALYSIS, 20_000),
        ("ウ", Disease.DIALYSIS, 10_000),
        ("オ", Disease.DIALYSIS, 10_000),
        ("ア", Disease.HAEMOPHILIA, 10_000),
        ("ア", Disease.HIV, 10_000),
    ],
)
def test_the_ceiling_of_a_specific_disease(income_class: str, disease: Disease, limit: int) -> None:
    found = settled(household("2024-05", receipt(points=40_000, disease=disease), under=income_class))
    assert found.patient_total == limit
    assert found.steps[0].kind is StepKind.SPECIFIC_DISEASE
    assert occurrence_of(found) is None, "no payment that 多数回 looks at"


def test_a_specific_disease_in_special_months() -> None:
    dialysis = receipt("父", points=40_000, share=20, setting=IN, disease=Disease.DIALYSIS)
    turning = household("2024-05", dialysis, elder="父", halved="父", over="一般")
    assert settled(turning).patient_total == 5_000
    moving = evolve(household("2024-05", dialysis, elder="父", over="一般"), share=Share.HALF)
    refused("KKH-T016", moving)
    assert settled(moving, specific_disease_on_move=DiseaseOnMove.WHOLE).patient_total == 10_000
    assert settled(moving, specific_disease_on_move=DiseaseOnMove.DIVIDED).patient_total == 5_000
    now = household("2026-09", dialysis, elder="父", over="一般")
    assert settled(now).patient_total == 10_000
    assert any("specific_disease_amounts" in line.ja for line in notices(settled(now)))
    refused("KKH-T014", now, specific_disease_amounts=Continued.REFUSE)
    with pytest.raises(InvalidValue, match="KKH-T017"):
        Receipt("父", IN, (Part(10), Part(10, Subsidy("15"))), 20, disease=Disease.DIALYSIS)


def test_what_is_left_out_is_told() -> None:
    dialysis = receipt("父", points=40_000, share=20, disease=Disease.DIALYSIS)
    told = explain(settled(household("2024-05", dialysis, elder="父", over="一般")))
    assert any("合算の対象外[父]: 10,000円(特定疾病の限度額を超えた療養の分)" in line.ja for line in told)
    small = explain(settled(household("2024-05", receipt(points=1_000), under="ウ", share=Share.HALF)))
    assert any("3,000円(一医療機関で10,500円未満" in line.ja for line in small)


def test_a_specific_disease_under_a_subsidy_takes_the_lower_ceiling() -> None:
    dialysis = receipt(
        setting=IN, disease=Disease.DIALYSIS, parts=(Part(400_000, Subsidy("15", 20_000)),), institution="A"
    )
    found = settled(household("2024-05", dialysis, under="ウ"))
    [part] = found.institutions[0].subsidised
    assert (part.copay_after_ceiling, part.patient) == (10_000, 10_000)


# --- 公費 ---


def subsidised(month: str, houbetsu: str, cost: int, cap: int | None = None, **given: Any) -> HouseholdMonth:
    return household(month, receipt(parts=(Part(cost, Subsidy(houbetsu, cap)),), institution="A", **given), under="ウ")


def test_figures_nobody_confirmed_are_refused_until_chosen() -> None:
    refused("KKH-T006", subsidised("2024-05", "16", 400_000))
    assert settled(subsidised("2024-05", "16", 400_000), unverified_amounts=Unverified.USE).patient_total == 40_000
    before = household(
        "2016-05", receipt("父", parts=(Part(400_000, Subsidy("15")),), share=20), elder="父", over="一般"
    )
    refused("KKH-T006", before)
    found = settled(before, unverified_amounts=Unverified.USE)
    assert found.institutions[0].subsidised[0].copay_after_ceiling == 12_000
    assert any(line.mark.value == "R" for line in notices(found))


def test_subsidised_ceilings_from_2026_08_are_refused_until_chosen() -> None:
    case = subsidised("2026-08", "15", 500_000)
    refused("KKH-T015", case)
    found = settled(case, subsidised_ceiling=SubsidisedCeiling.UNCHANGED)
    assert found.institutions[0].subsidised[0].copay_after_ceiling == 82_430
    assert any("subsidised_ceiling" in line.ja for line in notices(found))
    assert settled(subsidised("2026-07", "15", 500_000)).patient_total == 50_000
    # 難病 takes the ceiling of the class, which is known
    known = settled(subsidised("2026-08", "54", 500_000))
    assert known.institutions[0].subsidised[0].copay_after_ceiling == 87_940
    assert not any("subsidised_ceiling" in line.ja for line in notices(known))


def test_wrong_subsidies_are_refused() -> None:
    refused("KKH-T008", subsidised("2024-05", "99", 100_000))
    refused("KKH-T009", subsidised("2024-05", "12", 100_000))
    twice = [receipt(parts=(Part(100_000, Subsidy("54", cap)),), institution="A") for cap in (5_000, 10_000)]
    refused("KKH-T010", household("2024-05", *twice, under="ウ"))


def test_several_times_applies_to_intractable_diseases_in_hospital_only() -> None:
    for setting, expected in ((IN, 44_400), (OUT, 81_430)):
        case = evolve(subsidised("2024-05", "54", 400_000, setting=setting), is_multiple=True)
        assert settled(case).institutions[0].subsidised[0].copay_after_ceiling == expected


def test_what_remains_under_a_subsidy_is_aggregated_with_others() -> None:
    """Both reach 21,000 yen, one before what the 公費 pays."""
    own = receipt("妻", parts=(Part(300_000, Subsidy("54", 10_000)),), institution="A")
    other = receipt("夫", points=100_000, setting=IN, institution="B")
    [*_, step] = settled(household("2024-05", own, other, under="ウ")).steps
    assert (step.burden, step.cost) == (310_000, 1_300_000)


# --- 現物給付 ---


def test_payment_in_kind_asks_no_more_than_the_ceiling() -> None:
    case = household("2024-05", receipt(points=100_000, in_kind=True), under="ウ")
    found = settled(case)
    assert (found.window_total, found.in_kind, found.refund) == (87_430, 212_570, 0)
    told = occurrence_of(found)
    assert told is not None and (told.kind.value, told.payment.value, told.amount) == ("1", "1", 212_570)
    assert occurrence_of(settled(case, in_kind_months=InKindMonths.NOT_COUNTED)) is None
    assert any("in_kind_months" in line.ja for line in notices(found))


def test_outpatient_care_under_70_is_paid_in_kind_from_2012_04_on() -> None:
    outside = receipt(points=100_000, in_kind=True)
    refused("KKH-T011", household("2012-03", outside, under="一般"))
    assert settled(household("2012-04", outside, under="一般")).in_kind == 212_570
    assert settled(household("2012-03", evolve(outside, setting=IN), under="一般")).in_kind == 212_570
    assert settled(household("2012-03", evolve(outside, in_kind=False), under="一般")).refund == 212_570


def test_what_was_paid_at_the_window_tells_what_was_paid_in_kind() -> None:
    known = receipt("妻", cost=800_000, share=20, copay=57_600, in_kind=True, setting=IN)
    found = settled(household("2024-05", known, elder="妻", over="一般"))
    assert (found.window_total, found.in_kind, found.refund) == (57_600, 102_400, 0)
    assert "限度額 57,600円" in explain(found)[0].ja
    less = settled(household("2024-05", evolve(known, copay=50_000), elder="妻", over="一般"))
    assert less.in_kind == 110_000 and "窓口の支払い 50,000円" in explain(less)[0].ja
    unknown = evolve(known, share_percent=None)
    assert settled(household("2024-05", unknown, elder="妻", over="一般")).in_kind == 0


def test_what_several_receipts_of_one_institution_were_paid_is_added_up() -> None:
    """Paid 30,000 and 27,600 yen of 160,000: the rest came in kind, and it counts as a payment of the household."""
    paid = [receipt("妻", cost=cost, share=20, copay=copay, in_kind=True, setting=IN, institution="A")
            for cost, copay in ((300_000, 30_000), (500_000, 27_600))]  # fmt: skip
    found = settled(household("2024-05", *paid, elder="妻", over="現役並みⅠ"))
    [step] = [each for each in found.steps if each.is_in_kind]
    assert (step.burden, step.limit, step.benefit, step.cost, step.counts) == (160_000, 57_600, 102_400, 800_000, True)
    told = occurrence_of(found)
    assert told is not None and (told.month, told.amount) == (Month.of(2024, 5), 102_400)
    whole = [evolve(each, copay=percent) for each, percent in zip(paid, (60_000, 100_000), strict=True)]
    assert not [each for each in settled(household("2024-05", *whole, elder="妻", over="現役並みⅠ")).steps if each.is_in_kind]


def test_the_outpatient_ceiling_alone_makes_an_outpatient_month() -> None:
    """Rules: H-1, H-2."""
    for in_kind in (False, True):
        seen = receipt("父", points=15_000, share=20, in_kind=in_kind)
        told = occurrence_of(settled(household("2024-05", seen, elder="父", over="一般")))
        assert told is not None and (told.kind.value, told.amount) == ("2", 12_000)
    active = receipt("父", points=100_000, in_kind=True)
    told = occurrence_of(settled(household("2024-05", active, elder="父", over="現役並みⅠ")))
    assert told is not None and told.kind.value == "1"
    nothing = occurrence_of(settled(household("2024-05", receipt("父", points=1_000), elder="父", over="一般")))
    assert nothing is None


# --- what is refused ---


@pytest.mark.parametrize(
    ("code", "case"),
    [
        ("KKH-T001", household("2007-03", receipt(points=1), under="一般")),
        ("KKH-T002", household("2014-12", receipt(points=1), under="ウ")),
        ("KKH-T002", household("2024-05", receipt("父", points=1), elder="父", over="現役並み")),
        ("KKH-T003", household("2024-05", receipt(points=1))),
        ("KKH-T003", household("2024-05", receipt("父", points=1), elder="父", under="ウ")),
        ("KKH-T004", household("2024-05", Receipt("甲", IN, (Part(None),), copay=90_000), under="ウ")),
    ],
)
def test_what_the_tables_cannot_answer_is_refused(code: str, case: HouseholdMonth) -> None:
    refused(code, case)


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("KKH-T005", {"parts": ()}),
        ("KKH-T005", {"parts": (Part(None),), "share_percent": 30}),
        ("KKH-T005", {"parts": (Part(100),)}),
        ("KKH-T005", {"parts": (Part(100), Part(200)), "copay": 10}),
        ("KKH-T005", {"parts": (Part(100, Subsidy("54")),), "copay": 10}),
        ("KKH-T005", {"parts": (Part(100),), "share_percent": 30, "prescribed_by": "A"}),
        ("KKH-T007", {"parts": (Part(100),), "share_percent": 31}),
        ("KKH-T007", {"parts": (Part(100),), "share_percent": -1}),
        ("KKH-T007", {"parts": (Part(100),), "copay": 101}),
        ("KKH-T007", {"parts": (Part(100),), "copay": -1}),
    ],
)
def test_receipts_that_cannot_be_are_refused(code: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as error:
        Receipt("甲", IN, **given)
    assert error.value.code == code


def test_other_values_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidValue, match="KKH-T007"):
        Part(-1)
    with pytest.raises(InvalidValue, match="KKH-T007"):
        Subsidy("54", -1)
    person = Person("甲", AgeGroup.UNDER_70)
    for broken in (
        {"receipts": (receipt("乙", points=1),)},
        {"persons": [person, person]},
        {"share": Share.QUARTER},
    ):
        with pytest.raises(InvalidValue, match="KKH-T005"):
            HouseholdMonth(**{"month": Month.of(2024, 5), "persons": [person], "receipts": (), **broken})  # type: ignore[arg-type]


def test_an_individual_number_is_no_name() -> None:
    """Rules: S-3: and it does not stand in the error either."""
    from kokuho_core.vocabulary.check_digits import individual_number_digit

    number = "12345678901" + str(individual_number_digit("12345678901"))
    with pytest.raises(InvalidValue) as error:
        Person(number, AgeGroup.UNDER_70)
    assert error.value.code == "KKH-T018"
    assert number not in str(error.value)


# --- the law tables themselves ---


def test_broken_law_tables_are_refused() -> None:
    ceilings, rules = (text_of(name) for name in TABLES)
    assert Law.parse(ceilings, rules) == LAW
    for wrong in (
        (ceilings.replace("base = 80_100", "base = 80_101", 1), rules),
        (ceilings.replace('class = "イ"', 'class = "ア"', 1), rules),
        (ceilings.replace("multiple = 83_400", "mutliple = 83_400", 1), rules),
        (ceilings.replace('from = "2015-01"', 'from = "2015-1"', 1), rules),
        (ceilings.replace('age_group = "under70"', 'age_group = "under69"', 1), rules),
        (ceilings + "[", rules),
        (ceilings, rules.replace("cap = 10_000", 'cap = "10_000"', 1)),
        (ceilings, rules.replace('kind = "general"', 'kind = "other"', 1)),
    ):
        with pytest.raises(SetupFault, match="KKH-T020"):
            Law.parse(*wrong)


@pytest.mark.parametrize("text", ["2024", "2024-5", "2024-13", "24-05", "2024-0５", "202405", "2024-00"])
def test_months_are_written_one_way(text: str) -> None:
    with pytest.raises(InvalidValue, match="KKH-V005"):
        month_of(text)


def test_a_ceiling_that_needs_no_cost_ignores_it() -> None:
    assert Ceiling(35_400).of(None) == Ceiling(35_400).of(10**9) == 35_400
    assert Ceiling(80_100, 267_000).shared(Share.HALF) == Ceiling(40_050, 133_500)
    with pytest.raises(InvalidValue, match="KKH-T004"):
        Ceiling(80_100, 267_000).of(None)


def test_a_table_not_in_force_is_told() -> None:
    case = household("2027-08", receipt(points=100_000, setting=IN), under="u3")
    assert any("未施行" in line.ja for line in notices(settled(case)))
    assert not any(
        "未施行" in line.ja for line in notices(settled(household("2026-08", receipt(points=1), under="ウ")))
    )


def test_choices_by_name() -> None:
    assert Choices.from_names({}) == Choices()
    chosen = Choices.from_names({"turning_75": "refuse"}, Choices(in_kind_months=InKindMonths.NOT_COUNTED))
    assert (chosen.turning_75, chosen.in_kind_months) == (Turning75.REFUSE, InKindMonths.NOT_COUNTED)
    with pytest.raises(InvalidValue) as error:
        Choices.from_names({"turning_75": "maybe", "nobody": "x", "in_kind_months": 3})
    assert [(each.code, each.field) for each in error.value.problems] == [
        ("KKH-T012", "turning_75"), ("KKH-T012", "choice"), ("KKH-T012", "in_kind_months"),
    ]  # fmt: skip
    assert all(each.question and each.reason and each.english.isascii() for each in Choices.described())
