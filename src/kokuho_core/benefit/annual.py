"""年の高額療養費: 外来年間合算 and 年間上限, both for the year from 1 August to 31 July, refunded afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from kokuho_core.benefit.choices import DEFAULT_CHOICES, ActiveMonths, AnnualCapAmounts, Choices
from kokuho_core.benefit.law_tables import AgeGroup, Basis, Law
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.month import Month

YEAR_BEGINS: Final = 8
"""計算期間 begins on 1 August; the class is that of 31 July, its last day (基準日)."""


@frozen
class BenefitYear:
    """計算期間 1 August to 31 July, named by the year it begins in."""

    begins: int

    @property
    def first(self) -> Month:
        return Month.of(self.begins, YEAR_BEGINS)

    @property
    def last(self) -> Month:
        """The month of the 基準日."""
        return self.first.plus(11)

    def holds(self, month: Month) -> bool:
        return self.first <= month <= self.last

    def only(self, months: Iterable[Month]) -> None:
        """Raises :class:`InvalidValue` (KKH-T023) for a month outside the year, or one that comes twice."""
        listed = list(months)
        if not all(map(self.holds, listed)) or len(set(listed)) != len(listed):
            raise InvalidValue(Problem("KKH-T023", field="months"))


@frozen
class AnnualBenefit:
    """年の給付: ``paid`` yen over the year against ``cap``."""

    year: BenefitYear
    paid: int
    cap: int
    basis: Basis

    @property
    def benefit(self) -> int:
        return max(self.paid - self.cap, 0)


@frozen
class OutpatientMonth:
    """外来の一月: what one person from 70 on still bore of outpatient care after the monthly benefit (yen)."""

    month: Month
    left_over: int
    is_active_income: bool = False

    def __attrs_post_init__(self) -> None:
        if self.left_over < 0:
            raise InvalidValue(Problem("KKH-T007", field="left_over"))


def outpatient_year(
    year: BenefitYear,
    class_on_base_date: str,
    months: Sequence[OutpatientMonth],
    law: Law,
    choices: Choices = DEFAULT_CHOICES,
) -> AnnualBenefit:
    """外来年間合算 of one person (令和の年8月〜翌年7月), by the class on 31 July.

    Months as a person of active income are left out (choice ``active_months``). Raises :class:`InvalidValue`: KKH-T027 for a
    class without such a cap, KKH-T023 for months outside the year.
    """
    year.only(each.month for each in months)
    row = law.at(year.last).row(AgeGroup.FROM_70, class_on_base_date)
    if row.outpatient_annual is None:
        raise InvalidValue(Problem("KKH-T027", field="income_class_70plus"))
    counted = [
        each.left_over for each in months if choices.active_months is ActiveMonths.INCLUDED or not each.is_active_income
    ]
    return AnnualBenefit(year, sum(counted), row.outpatient_annual, row.basis)


def annual_cap(
    year: BenefitYear,
    age_group: AgeGroup,
    class_on_base_date: str,
    paid_after_monthly_benefit: int,
    law: Law,
    *,
    is_confirmed_low: bool = False,
) -> AnnualBenefit:
    """年間上限 (from 2026-08 on): what was borne over the year after the monthly benefits and the outpatient year.

    ``is_confirmed_low``: 年収約200万円以下 was confirmed, which lowers the cap of 区分エ and 一般. The monthly ceilings stay.
    Raises :class:`InvalidValue`: KKH-T027 without such a cap, KKH-T007 for a negative amount.
    """
    if paid_after_monthly_benefit < 0:
        raise InvalidValue(Problem("KKH-T007", field="paid_after_monthly_benefit"))
    row = law.at(year.last).row(age_group, class_on_base_date)
    if is_confirmed_low and row.annual_cap_low is None and row.annual_cap is not None:
        raise InvalidValue(Problem("KKH-T027", field="low_income_200"))
    cap = row.annual_cap_low if is_confirmed_low else row.annual_cap
    if cap is None:
        raise InvalidValue(Problem("KKH-T027", field="income_class"))
    return AnnualBenefit(year, paid_after_monthly_benefit, cap, row.basis)


@frozen
class HouseholdRest:
    """世帯の残額 of one month: aggregated and not aggregated amounts the household still bore (yen)."""

    month: Month
    aggregated: int
    excluded: int


def accumulated(
    year: BenefitYear, months: Sequence[HouseholdRest], outpatient_year_benefit: int, choices: Choices
) -> int:
    """年間上限に積み上げる額: the rest of each month, less what the outpatient year paid.

    Raises :class:`InvalidValue` (KKH-T024) unless ``annual_cap_amounts`` was chosen: no source settles what is summed.
    """
    if choices.annual_cap_amounts is AnnualCapAmounts.REFUSE:
        raise InvalidValue(Problem("KKH-T024", field="annual_cap_amounts"))
    year.only(each.month for each in months)
    total = sum(each.aggregated for each in months)
    if choices.annual_cap_amounts is AnnualCapAmounts.ALL:
        total += sum(each.excluded for each in months)
    return max(total - outpatient_year_benefit, 0)
