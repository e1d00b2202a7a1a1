"""断り: each thing that cannot be calculated, with its exact code and the name of the field that is to be put right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from kokuho_core.benefit.ages import person_born
from kokuho_core.benefit.annual import (
    BenefitYear,
    HouseholdRest,
    OutpatientMonth,
    accumulated,
    annual_cap,
    outpatient_year,
)
from kokuho_core.benefit.care_combined import Borne, care_combined
from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.choices import Choices, ClassBounds, Continued, Turning75
from kokuho_core.benefit.funeral import FuneralRate, funeral_grant
from kokuho_core.benefit.income_class import (
    HouseholdIncome,
    InsuredIncome,
    class_from_70,
    class_under_70,
    old_proviso_income,
    pension_deduction,
)
from kokuho_core.benefit.law_tables import AgeGroup, Setting, month_of
from kokuho_core.benefit.receipts import Disease, HouseholdMonth, Part, Person, Receipt, Subsidy
from kokuho_core.benefit.settlement import settle
from kokuho_core.errors import InvalidValue
from kokuho_core.premium.assessment import PremiumRate, assess
from kokuho_core.usecases.benefit import KnownMonths, settle_months
from kokuho_core.vocabulary.month import Month

from .households import LAW, household, receipt

IN, OUT, ELDER = Setting.INPATIENT, Setting.OUTPATIENT, AgeGroup.FROM_70
YEAR = BenefitYear(2026)


def settled(case: HouseholdMonth, **choices: Any) -> Callable[[], object]:
    return lambda: settle(case, LAW, Choices(**choices))


def under_subsidy(month: str, houbetsu: str, cap: int | None = None) -> HouseholdMonth:
    return household(month, receipt(parts=(Part(400_000, Subsidy(houbetsu, cap)),), institution="A"), under="ウ")


DIALYSIS = receipt("父", points=40_000, share=20, setting=IN, disease=Disease.DIALYSIS)
LATE = HouseholdIncome([InsuredIncome(ELDER, 2_000_000, 1_500_000)])
ON_BOUND = HouseholdIncome([InsuredIncome(AgeGroup.UNDER_70, 1_290_000)])

REFUSED: dict[str, tuple[str, str, Callable[[], object]]] = {
    "month before all tables": ("KKH-T001", "month", settled(household("2007-03", receipt(points=1), under="一般"))),
    "class of another table": (
        "KKH-T002", "income_class_under70", settled(household("2024-05", receipt(points=1), under="上位"))),
    "no class from 70 on": ("KKH-T003", "income_class_70plus", settled(household("2024-05", receipt("父", points=1), elder="父"))),
    "cost needed": (
        "KKH-T004", "total_cost",
        settled(household("2024-05", Receipt("夫", IN, (Part(None),), copay=90_000), under="ウ"))),
    "no parts": ("KKH-T005", "parts", lambda: Receipt("夫", IN, (), 30)),
    "paid amount of several parts": ("KKH-T005", "copay", lambda: Receipt("夫", IN, (Part(10), Part(10)), 30, copay=1)),
    "neither share nor paid amount": ("KKH-T005", "copay", lambda: Receipt("夫", IN, (Part(10),))),
    "share of an unknown cost": ("KKH-T005", "copay", lambda: Receipt("夫", IN, (Part(10), Part(None)), 30)),
    "prescription in hospital": ("KKH-T005", "prescribed_by", lambda: Receipt("夫", IN, (Part(10),), 30, prescribed_by="A")),
    "one name twice": ("KKH-T005", "persons", lambda: HouseholdMonth(Month.of(2024, 5), [Person("夫", ELDER)] * 2, ())),
    "receipt of nobody": ("KKH-T005", "person", lambda: HouseholdMonth(Month.of(2024, 5), [], (receipt(points=1),))),
    "a household quartered": (
        "KKH-T005", "share", lambda: HouseholdMonth(Month.of(2024, 5), [], (), share=Share.QUARTER)),
    "one month twice": (
        "KKH-T005", "months", lambda: settle_months([household("2024-05")] * 2, KnownMonths(), LAW)),
    "figure nobody confirmed": ("KKH-T006", "unverified_amounts", settled(under_subsidy("2024-05", "16"))),
    "exception that asks for births": ("KKH-T006", "month", lambda: class_from_70(LATE, month_of("2020-01"), LAW)),
    "negative cap": ("KKH-T007", "monthly_cap", lambda: Subsidy("54", -1)),
    "negative cost": ("KKH-T007", "total_cost", lambda: Part(-1)),
    "share above 30 percent": ("KKH-T007", "copay_rate", lambda: Receipt("夫", IN, (Part(10),), 31)),
    "negative share": ("KKH-T007", "copay_rate", lambda: Receipt("夫", IN, (Part(10),), -1)),
    "paid more than the cost": ("KKH-T007", "copay", lambda: Receipt("夫", IN, (Part(10),), copay=11)),
    "paid less than nothing": ("KKH-T007", "copay", lambda: Receipt("夫", IN, (Part(None),), copay=-1)),
    "born later": ("KKH-T007", "birth_date", lambda: person_born("子", date(2024, 6, 1), month_of("2024-05"))),
    "negative rest": ("KKH-T007", "left_over", lambda: OutpatientMonth(YEAR.first, -1)),
    "negative sum": (
        "KKH-T007", "paid_after_monthly_benefit", lambda: annual_cap(YEAR, AgeGroup.UNDER_70, "ウ", -1, LAW)),
    "negative care": ("KKH-T007", "amounts", lambda: Borne(0, -1)),
    "negative grant": ("KKH-T007", "amount", lambda: FuneralRate(date(2020, 4, 1), -1, "条例")),
    "no rate": ("KKH-T007", "rate", lambda: PremiumRate("seven", 0, 0)),
    "rate above one": ("KKH-T007", "rate", lambda: PremiumRate("1.01", 0, 0)),
    "negative income": ("KKH-T007", "income", lambda: assess({}, -1, 0, 1)),
    "negative deduction": ("KKH-T007", "income", lambda: assess({}, 0, -1, 1)),
    "negative members": ("KKH-T007", "income", lambda: assess({}, 0, 0, -1)),
    "unknown subsidy": ("KKH-T008", "houbetsu", settled(under_subsidy("2024-05", "99"))),
    "welfare without its amount": ("KKH-T009", "monthly_cap", settled(under_subsidy("2024-05", "12"))),
    "two caps of one subsidy": (
        "KKH-T010", "monthly_cap",
        settled(household("2024-05", *(receipt(parts=(Part(10, Subsidy("54", n)),), institution="A") for n in (1, 2)), under="ウ"))),
    "outpatient in kind too early": (
        "KKH-T011", "in_kind", settled(household("2012-03", receipt(points=1, in_kind=True), under="一般"))),
    "care before the tables": (
        "KKH-T013", "year", lambda: care_combined(BenefitYear(2017), LAW, under_70=Borne(1, 1), class_under_70="ウ")),
    "care not verified": ("KKH-T014", "care_combined_amounts", lambda: care_combined(YEAR, LAW)),
    "disease not verified": (
        "KKH-T014", "specific_disease",
        settled(household("2026-08", DIALYSIS, elder="父", over="一般"), specific_disease_amounts=Continued.REFUSE)),
    "subsidised ceiling not known": ("KKH-T015", "public_subsidy", settled(under_subsidy("2026-08", "15"))),
    "disease in a month of a move": (
        "KKH-T016", "specific_disease", settled(household("2024-05", DIALYSIS, elder="父", over="一般", share=Share.HALF))),
    "disease in parts": (
        "KKH-T017", "specific_disease", lambda: Receipt("夫", IN, (Part(1), Part(1)), 30, disease=Disease.HIV)),
    "an individual number as a name": ("KKH-T018", "person", lambda: Person("123456789018", ELDER)),
    "75 refused": (
        "KKH-T019", "turns_75",
        settled(household("2024-05", receipt("父", points=1), elder="父", halved="父", over="一般"), turning_75=Turning75.REFUSE)),
    "late elderly": ("KKH-T022", "birth_date", lambda: person_born("父", date(1949, 4, 30), month_of("2024-05"))),
    "month outside the year": (
        "KKH-T023", "months", lambda: outpatient_year(YEAR, "一般", [OutpatientMonth(Month.of(2026, 7), 1)], LAW)),
    "nobody chose what is summed": (
        "KKH-T024", "annual_cap_amounts", lambda: accumulated(YEAR, [HouseholdRest(YEAR.first, 1, 1)], 0, Choices())),
    "income on the bound": (
        "KKH-T025", "total_income",
        lambda: class_under_70(ON_BOUND, month_of("2027-08"), LAW, Choices(class_bounds=ClassBounds.REFUSE))),
    "no outpatient year": ("KKH-T027", "income_class_70plus", lambda: outpatient_year(YEAR, "現役並みⅠ", [], LAW)),
    "no annual cap": ("KKH-T027", "income_class", lambda: annual_cap(BenefitYear(2025), AgeGroup.UNDER_70, "ウ", 1, LAW)),
    "no lower annual cap": (
        "KKH-T027", "low_income_200", lambda: annual_cap(YEAR, AgeGroup.UNDER_70, "ウ", 1, LAW, is_confirmed_low=True)),
    "no ordinance yet": ("KKH-T027", "died_on", lambda: funeral_grant(date(2020, 4, 1), "長男", [])),
    "no deduction that year": ("KKH-T001", "income_year", lambda: old_proviso_income(1, 2005, LAW)),
    "no pension deduction yet": ("KKH-T001", "month", lambda: pension_deduction(month_of("2007-03"), LAW)),
    "care without a class": (
        "KKH-T003", "income_class_under70", lambda: care_combined(BenefitYear(2024), LAW, under_70=Borne(1, 1))),
    "care without a class from 70 on": (
        "KKH-T003", "income_class_70plus", lambda: care_combined(BenefitYear(2024), LAW, from_70=Borne(1, 1))),
    "care of an unknown class": (
        "KKH-T002", "income_class_70plus",
        lambda: care_combined(BenefitYear(2024), LAW, from_70=Borne(1, 1), class_from_70="ウ")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_calculated_says_what_is_wrong(name: str) -> None:
    code, field, attempt = REFUSED[name]
    with pytest.raises(InvalidValue) as error:
        attempt()
    assert [(problem.code, problem.field) for problem in error.value.problems] == [(code, field)]


def test_the_least_that_is_possible_is_not_refused() -> None:
    """Nothing at all: no cost, no share, no rest, no grant, a rate of nothing and of all."""
    nothing = Receipt("夫", IN, (Part(0, Subsidy("54", 0)),), 0)
    assert settle(household("2024-05", nothing, under="ウ"), LAW).patient_total == 0
    assert settle(household("2024-05", Receipt("夫", IN, (Part(10),), copay=10), under="ウ"), LAW).patient_total == 10
    assert settle(household("2024-05", Receipt("夫", IN, (Part(10),), copay=0), under="ウ"), LAW).patient_total == 0
    assert outpatient_year(YEAR, "一般", [OutpatientMonth(YEAR.first, 0)], LAW).paid == 0
    assert funeral_grant(date(2020, 4, 1), "長男", [FuneralRate(date(2020, 4, 1), 0, "条例")]).amount == 0
    rates = {"none": PremiumRate("0", 0, 10), "all": PremiumRate("1", 0, 10_000)}
    assert assess(rates, 1_000, 0, 0) == {"none": 0, "all": 1_000}
    assert assess(rates, 1_000, 2_000, 1) == {"none": 0, "all": 0}
    assert annual_cap(YEAR, AgeGroup.UNDER_70, "ウ", 0, LAW).benefit == 0


def test_an_answer_of_the_year_says_for_which_year_and_by_which_row() -> None:
    outpatient = outpatient_year(BenefitYear(2025), "一般", [], LAW)
    assert (outpatient.year, outpatient.basis.row) == (BenefitYear(2025), "一般")
    care = care_combined(BenefitYear(2024), LAW, from_70=Borne(100_000, 300_000), class_from_70="低所得Ⅰ",
                         has_several_care_users=True)  # fmt: skip
    assert (care.year, care.basis.table) == (BenefitYear(2024), "高額介護合算療養費の限度額")
    assert care.from_70 is not None and (care.from_70.total, care.from_70.cap) == (400_000, 190_000)
    # the care part has its own cap of 310,000 yen: 90,000 above it, three quarters of which are on the side of care
    assert (care.from_70.medical, care.from_70.care) == (52_500, 67_500)
    small = care_combined(BenefitYear(2024), LAW, from_70=Borne(0, 310_500), class_from_70="低所得Ⅰ",
                          has_several_care_users=True)  # fmt: skip
    assert small.care == 0, "500 yen above the cap of the care part are not paid"
    below = care_combined(BenefitYear(2024), LAW, under_70=Borne(1, 2), class_under_70="ウ")
    assert below.all is not None and (below.all.total, below.all.cap) == (3, 670_000)
    grant = funeral_grant(date(2024, 5, 1), "長男", [FuneralRate(date(2020, 4, 1), 50_000, "条例")])
    assert (grant.died_on, grant.recipient) == (date(2024, 5, 1), "長男")


def test_active_income_begins_at_1_450_000_yen_with_and_without_the_exception() -> None:
    """Exactly at the bound too, somebody may be 一般 after all."""
    at = month_of("2024-05")
    one = InsuredIncome(ELDER, 3_000_000, 1_450_000, 3_000_000)
    assert class_from_70(HouseholdIncome([one]), at, LAW).income_class == "現役並みⅠ"
    assert class_from_70(HouseholdIncome([one], applied_for_standard=True), at, LAW).income_class == "一般"
    none_from_70 = HouseholdIncome([InsuredIncome(AgeGroup.UNDER_70, None)])
    assert class_from_70(none_from_70, at, LAW).income_class == "一般"
    assert class_under_70(none_from_70, at, LAW).income_class == "ア"
