"""年の給付: outpatient year, annual cap, medical and care together, funeral grant, and the classes of income."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.benefit.annual import (
    BenefitYear,
    HouseholdRest,
    OutpatientMonth,
    accumulated,
    annual_cap,
    outpatient_year,
)
from kokuho_core.benefit.apportionment import rest_of, shares_of
from kokuho_core.benefit.care_combined import Borne, care_combined
from kokuho_core.benefit.choices import ActiveMonths, AnnualCapAmounts, Choices, ClassBounds, Continued
from kokuho_core.benefit.funeral import FuneralRate, funeral_grant
from kokuho_core.benefit.income_class import (
    HouseholdIncome,
    InsuredIncome,
    class_from_70,
    class_under_70,
    income_year_for,
    old_proviso_income,
    pension_deduction,
)
from kokuho_core.benefit.law_tables import AgeGroup, Setting, month_of
from kokuho_core.benefit.settlement import settle
from kokuho_core.errors import InvalidValue
from kokuho_core.vocabulary.month import Month

from .households import LAW, household, receipt

YOUNGER, ELDER = AgeGroup.UNDER_70, AgeGroup.FROM_70


def outpatient(year: int, income_class: str, left: int, months: int = 12, **choices: object) -> int:
    of = BenefitYear(year)
    listed = [OutpatientMonth(of.first.plus(n), left, is_active_income=n < 2) for n in range(months)]
    return outpatient_year(of, income_class, listed, LAW, Choices(**choices)).benefit  # type: ignore[arg-type]


# --- 外来年間合算 ---


@pytest.mark.parametrize(
    ("year", "income_class", "expected"),
    [(2025, "一般", 36_000), (2026, "一般", 0), (2017, "一般", 36_000), (2025, "低所得Ⅱ", 36_000)],
)
def test_the_outpatient_year(year: int, income_class: str, expected: int) -> None:
    """Twelve months of 18,000 yen, of which two as a person of active income do not count."""
    assert outpatient(year, income_class, 18_000) == expected
    assert outpatient(year, income_class, 18_000, active_months=ActiveMonths.INCLUDED) == max(
        0, 216_000 - (144_000 if year < 2026 else 216_000)
    )


def test_who_has_no_outpatient_year() -> None:
    for year, income_class in ((2025, "現役並みⅠ"), (2026, "低所得Ⅰ"), (2016, "一般")):
        with pytest.raises(InvalidValue, match=r"KKH-T02[37]|KKH-T002"):
            outpatient(year, income_class, 1)


def test_the_year_runs_from_august_to_july() -> None:
    of = BenefitYear(2026)
    assert (str(of.first), str(of.last)) == ("202608", "202707")
    for month in ("2026-07", "2027-08"):
        with pytest.raises(InvalidValue, match="KKH-T023"):
            outpatient_year(of, "一般", [OutpatientMonth(month_of(month), 1)], LAW)
    with pytest.raises(InvalidValue, match="KKH-T023"):
        outpatient_year(of, "一般", [OutpatientMonth(of.first, 1)] * 2, LAW)
    with pytest.raises(InvalidValue, match="KKH-T007"):
        OutpatientMonth(of.first, -1)


def test_what_is_left_of_outpatient_care_comes_from_the_month() -> None:
    """The benefit of the month is taken off first, shared out by what each still bore."""
    case = household(
        "2024-05", receipt("父", points=20_000, share=20), receipt("母", points=50_000, share=20, setting=Setting.INPATIENT),
        elder="父母", over="一般",
    )  # fmt: skip
    found = settle(case, LAW)
    shares = shares_of(found)
    assert found.patient_total == 57_600
    assert shares["父"].outpatient_rest == 18_000 - 9_214  # 60,400 × 18,000 ÷ 118,000 = 9,213.56
    assert shares["父"].outpatient_rest + shares["母"].inpatient_rest == 57_600
    assert rest_of(found) == HouseholdRest(Month.of(2024, 5), 57_600, 0)
    small = settle(household("2024-05", receipt(points=1_000), receipt(points=9_000, institution="B"), under="ウ"), LAW)
    assert rest_of(small) == HouseholdRest(Month.of(2024, 5), 27_000, 3_000)


# --- 年間上限 ---


def test_the_annual_cap_is_refunded_above_the_sum() -> None:
    found = annual_cap(BenefitYear(2026), YOUNGER, "ウ", 600_000, LAW)
    assert (found.cap, found.benefit) == (530_000, 70_000)
    assert annual_cap(BenefitYear(2026), YOUNGER, "エ", 600_000, LAW).cap == 530_000
    low = annual_cap(BenefitYear(2026), YOUNGER, "エ", 600_000, LAW, is_confirmed_low=True)
    assert (low.cap, low.benefit) == (410_000, 190_000)
    assert annual_cap(BenefitYear(2026), ELDER, "低所得Ⅰ", 100_000, LAW).benefit == 0


def test_where_there_is_no_annual_cap() -> None:
    for year, income_class, low in ((2025, "ウ", False), (2026, "ウ", True), (2025, "エ", True)):
        with pytest.raises(InvalidValue, match="KKH-T027"):
            annual_cap(BenefitYear(year), YOUNGER, income_class, 1, LAW, is_confirmed_low=low)
    with pytest.raises(InvalidValue, match="KKH-T007"):
        annual_cap(BenefitYear(2026), YOUNGER, "ウ", -1, LAW)


def test_what_is_summed_must_be_chosen() -> None:
    of = BenefitYear(2026)
    months = [HouseholdRest(of.first.plus(n), 40_000, 5_000) for n in range(12)]
    with pytest.raises(InvalidValue, match="KKH-T024"):
        accumulated(of, months, 0, Choices())
    assert accumulated(of, months, 30_000, Choices(annual_cap_amounts=AnnualCapAmounts.AGGREGATED)) == 450_000
    assert accumulated(of, months, 30_000, Choices(annual_cap_amounts=AnnualCapAmounts.ALL)) == 510_000
    with pytest.raises(InvalidValue, match="KKH-T023"):
        accumulated(of, [HouseholdRest(Month.of(2026, 7), 1, 1)], 0, Choices(annual_cap_amounts=AnnualCapAmounts.ALL))


# --- 高額介護合算 ---

YEAR = BenefitYear(2024)


def test_medical_and_care_costs_from_70_on() -> None:
    """700,000 yen against 560,000: 140,000, three sevenths of them from the 国保."""
    found = care_combined(YEAR, LAW, from_70=Borne(300_000, 400_000), class_from_70="一般")
    assert (found.medical, found.care) == (60_000, 80_000)


def test_the_household_comes_after_those_from_70_on() -> None:
    found = care_combined(
        YEAR,
        LAW,
        from_70=Borne(300_000, 400_000),
        class_from_70="一般",
        under_70=Borne(500_000, 0),
        class_under_70="ウ",
    )
    assert found.from_70 is not None and found.all is not None
    assert (found.from_70.medical, found.from_70.care) == (60_000, 80_000)
    assert (found.all.total, found.all.cap) == (1_060_000, 670_000)
    assert found.all.medical + found.all.care == 390_000
    assert found.all.medical == 390_000 * 740_000 // 1_060_000


@pytest.mark.parametrize(("excess", "paid"), [(0, 0), (500, 0), (501, 501)])
def test_500_yen_are_not_paid(excess: int, paid: int) -> None:
    found = care_combined(YEAR, LAW, under_70=Borne(670_000 + excess, 0), class_under_70="ウ")
    assert found.medical == paid


def test_several_users_of_care_in_the_lowest_class() -> None:
    """The medical part against 190,000 yen, the care part against 310,000."""
    borne = Borne(200_000, 200_000)
    one = care_combined(YEAR, LAW, from_70=borne, class_from_70="低所得Ⅰ")
    several = care_combined(YEAR, LAW, from_70=borne, class_from_70="低所得Ⅰ", has_several_care_users=True)
    assert (one.medical, one.care) == (105_000, 105_000)
    assert (several.medical, several.care) == (105_000, 45_000)
    none = care_combined(
        YEAR, LAW, from_70=Borne(100_000, 200_000), class_from_70="低所得Ⅰ", has_several_care_users=True
    )
    assert none.care == 0


def test_years_without_verified_ceilings_are_refused() -> None:
    borne = Borne(900_000, 0)
    with pytest.raises(InvalidValue, match="KKH-T013"):
        care_combined(BenefitYear(2017), LAW, under_70=borne, class_under_70="ウ")
    with pytest.raises(InvalidValue, match="KKH-T014"):
        care_combined(BenefitYear(2026), LAW, under_70=borne, class_under_70="ウ")
    chosen = Choices(care_combined_amounts=Continued.UNCHANGED)
    assert care_combined(BenefitYear(2026), LAW, under_70=borne, class_under_70="ウ", choices=chosen).medical == 230_000
    for income_class, code in ((None, "KKH-T003"), ("上位", "KKH-T002")):
        with pytest.raises(InvalidValue, match=code):
            care_combined(YEAR, LAW, under_70=borne, class_under_70=income_class)
    with pytest.raises(InvalidValue, match="KKH-T007"):
        Borne(-1, 0)


@given(
    st.integers(0, 3 * 10**6), st.integers(0, 3 * 10**6), st.integers(0, 3 * 10**6), st.integers(0, 3 * 10**6),
    st.booleans(),
)  # fmt: skip
def test_medical_and_care_never_pay_more_than_was_borne(a: int, b: int, c: int, d: int, several: bool) -> None:
    found = care_combined(
        YEAR, LAW, from_70=Borne(a, b), class_from_70="低所得Ⅰ", under_70=Borne(c, d), class_under_70="オ",
        has_several_care_users=several,
    )  # fmt: skip
    assert 0 <= found.medical <= a + c and 0 <= found.care <= b + d


# --- 葬祭費 ---


def test_the_funeral_grant_is_that_of_the_ordinance() -> None:
    rates = [FuneralRate(date(2020, 4, 1), 30_000, "条例"), FuneralRate(date(2024, 4, 1), 50_000, "改正条例")]
    assert funeral_grant(date(2024, 3, 31), "長男", rates).amount == 30_000
    assert funeral_grant(date(2024, 4, 1), "長男", list(reversed(rates))).ordinance == "改正条例"
    with pytest.raises(InvalidValue, match="KKH-T027"):
        funeral_grant(date(2020, 3, 31), "長男", rates)
    with pytest.raises(InvalidValue, match="KKH-T007"):
        FuneralRate(date(2020, 4, 1), -1, "条例")


# --- 所得区分 ---


def income(total: int | None, group: AgeGroup = YOUNGER, taxable: int = 0, receipts: int = 0) -> InsuredIncome:
    return InsuredIncome(group, total, taxable, receipts)


@pytest.mark.parametrize(
    ("month", "year"), [("2026-07", 2024), ("2026-08", 2025), ("2026-12", 2025), ("2027-01", 2025)]
)
def test_the_year_of_income(month: str, year: int) -> None:
    assert income_year_for(month_of(month)) == year


def test_income_after_the_basic_deduction() -> None:
    assert old_proviso_income(5_000_000, 2019, LAW) == 4_670_000
    assert old_proviso_income(5_000_000, 2020, LAW) == 4_570_000
    assert old_proviso_income(400_000, 2024, LAW) == 0
    with pytest.raises(InvalidValue, match="KKH-T001"):
        old_proviso_income(1, 2005, LAW)


@pytest.mark.parametrize(
    ("month", "total", "expected"),
    [
        ("2026-08", 9_440_000, "イ"), ("2026-08", 9_440_001, "ア"), ("2026-08", 6_430_000, "ウ"),
        ("2026-08", 6_430_001, "イ"), ("2026-08", 2_530_000, "エ"), ("2026-08", 2_530_001, "ウ"), ("2026-08", 0, "エ"),
        ("2014-12", 6_330_000, "一般"), ("2014-12", 6_330_001, "上位"),
        ("2027-08", 1_290_000, "e3"), ("2027-08", 1_290_001, "e2"), ("2027-08", 13_990_001, "a1"),
    ],
)  # fmt: skip
def test_classes_under_70_by_income(month: str, total: int, expected: str) -> None:
    """«Above» and «up to»: a class begins one yen above the bound. All insured count together."""
    found = class_under_70(HouseholdIncome([income(total)]), month_of(month), LAW)
    assert found.income_class == expected


def test_households_exempt_from_tax_and_without_a_declaration() -> None:
    at = month_of("2026-08")
    assert class_under_70(HouseholdIncome([income(0)], is_tax_exempt=True), at, LAW).income_class == "オ"
    assert class_under_70(HouseholdIncome([income(0), income(None)], is_tax_exempt=True), at, LAW).income_class == "ア"
    two = HouseholdIncome([income(1_500_000), income(1_500_000)])
    assert class_under_70(two, at, LAW).income_class == "ウ"


def test_an_income_on_the_bound_of_the_thirteen_classes_may_be_refused() -> None:
    choices = Choices(class_bounds=ClassBounds.REFUSE)
    at = month_of("2027-08")
    with pytest.raises(InvalidValue, match="KKH-T025"):
        class_under_70(HouseholdIncome([income(1_290_000)]), at, LAW, choices)
    assert class_under_70(HouseholdIncome([income(1_290_001)]), at, LAW, choices).income_class == "e2"
    assert class_under_70(HouseholdIncome([income(2_530_000)]), month_of("2026-08"), LAW, choices).income_class == "エ"


@pytest.mark.parametrize(
    ("month", "taxable", "expected"),
    [
        ("2026-08", 6_900_000, "現役並みⅢ"), ("2026-08", 6_899_999, "現役並みⅡ"), ("2026-08", 3_800_000, "現役並みⅡ"),
        ("2026-08", 1_450_000, "現役並みⅠ"), ("2026-08", 1_449_999, "一般"), ("2016-08", 1_450_000, "現役並み"),
        ("2027-08", 1_450_000, "u3"), ("2027-08", 1_449_999, "e1"), ("2027-08", 569_999, "e2"), ("2027-08", 0, "e3"),
        ("2027-08", 11_070_000, "a1"),
    ],
)  # fmt: skip
def test_classes_from_70_by_taxable_income(month: str, taxable: int, expected: str) -> None:
    insured = [income(9_000_000, ELDER, taxable), income(9_000_000, ELDER, 0)]
    assert class_from_70(HouseholdIncome(insured), month_of(month), LAW).income_class == expected


def test_who_is_general_in_spite_of_active_income() -> None:
    """Receipts under 3,830,000 or 5,200,000 yen on application, or 旧ただし書き所得 of 2,100,000 yen at most."""
    at = month_of("2026-08")

    def found(*insured: InsuredIncome, **more: object) -> str:
        return class_from_70(HouseholdIncome(insured, **more), at, LAW).income_class  # type: ignore[arg-type]

    one = income(3_000_000, ELDER, 1_500_000, 3_829_999)
    assert found(one) == "現役並みⅠ"
    assert found(one, applied_for_standard=True) == "一般"
    assert found(evolve(one, receipts=3_830_000), applied_for_standard=True) == "現役並みⅠ"
    assert found(evolve(one, receipts=4_000_000), applied_for_standard=True, former_receipts=1_000_000) == "一般"
    assert found(evolve(one, receipts=4_000_000), applied_for_standard=True, former_receipts=1_200_000) == "現役並みⅠ"
    other = income(0, ELDER, 0, 1_370_001)
    assert found(one, evolve(other, receipts=1_370_000), applied_for_standard=True) == "一般"
    assert found(one, other, applied_for_standard=True) == "現役並みⅠ"
    assert found(evolve(one, total_income=2_530_000)) == "一般"
    assert found(evolve(one, total_income=2_530_001)) == "現役並みⅠ"
    assert found(income(None, ELDER)) == "現役並みⅢ"
    assert found(one, is_tax_exempt=True) == "低所得Ⅱ"
    assert found(one, is_tax_exempt=True, has_no_income=True) == "低所得Ⅰ"
    assert found(income(9_000_000, YOUNGER, 9_000_000)) == "一般"


def test_the_exception_that_asks_for_birth_dates_is_refused_where_they_matter() -> None:
    low = HouseholdIncome([income(2_000_000, ELDER, 1_500_000)])
    with pytest.raises(InvalidValue, match="KKH-T006"):
        class_from_70(low, month_of("2020-01"), LAW)
    assert class_from_70(low, month_of("2020-02"), LAW).income_class == "一般"


def test_the_deduction_for_pensions() -> None:
    found = [pension_deduction(month_of(month), LAW) for month in ("2025-07", "2025-08", "2026-08")]
    assert found == [800_000, 806_700, 826_500]
    with pytest.raises(InvalidValue, match="KKH-T001"):
        pension_deduction(month_of("2007-03"), LAW)
