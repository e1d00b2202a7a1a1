"""所得区分の判定: the class of a household for one month of treatment (国保法施行令29条の3・27条の2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from kokuho_core.benefit.choices import DEFAULT_CHOICES, Choices, ClassBounds
from kokuho_core.benefit.law_tables import AgeGroup, CeilingRow, Law
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.month import Month

_AUGUST: Final = 8
_ALL_BORN_SINCE_1945: Final = Month.of(2020, 2)
"""From this month on nobody from 70 to 74 was born before 1945-01-02, to whom the exception would not apply (unverified)."""


def income_year_for(month: Month) -> int:
    """所得の年: of the year before last from January to July, of last year from August on."""
    day = month.first_day
    return day.year - (1 if day.month >= _AUGUST else 2)


def old_proviso_income(total_income: int, income_year: int, law: Law) -> int:
    """旧ただし書き所得 (yen): total income less the basic deduction of that year, never negative.

    Without retirement income, and without losses carried forward for 雑損失.
    """
    deductions = [amount for since, amount in law.income.basic_deductions if since <= income_year]
    if not deductions:
        raise InvalidValue(Problem("KKH-T001", field="income_year"))
    return max(total_income - deductions[-1], 0)


@frozen
class InsuredIncome:
    """一人の所得: ``total_income`` 総所得金額等 (None: not declared), ``taxable`` 住民税課税所得, ``receipts`` 収入 (yen)."""

    age_group: AgeGroup
    total_income: int | None
    taxable: int = 0
    receipts: int = 0


@frozen
class HouseholdIncome:
    """世帯の所得: all insured of the household on the first of the month.

    ``is_tax_exempt``: head (nominal too) and all insured are exempt from residence tax. ``has_no_income``: after the
    deduction for pensions nobody has any income left. ``applied_for_standard``: 基準収入額適用申請 was made.
    ``former_receipts``: receipts of 旧国保被保険者 (moved to the late elderly), for a household with one insured from 70 on.
    """

    insured: Sequence[InsuredIncome]
    is_tax_exempt: bool = False
    has_no_income: bool = False
    applied_for_standard: bool = False
    former_receipts: int | None = None


def class_under_70(
    household: HouseholdIncome, month: Month, law: Law, choices: Choices = DEFAULT_CHOICES
) -> CeilingRow:
    """70歳未満の区分 by the sum of 旧ただし書き所得 of all insured; the highest when somebody has not declared."""
    rows = list(law.at(month).tables[AgeGroup.UNDER_70].rows.values())
    if any(each.total_income is None for each in household.insured):
        return max(rows, key=lambda row: row.above or 0)
    if household.is_tax_exempt:
        return next(row for row in rows if row.tax_exempt)
    income = _proviso_total(household.insured, month, law)
    if choices.class_bounds is ClassBounds.REFUSE and law.at(month).tables[AgeGroup.UNDER_70].has_inferred_bounds:
        if any(income == row.up_to for row in rows):
            raise InvalidValue(Problem("KKH-T025", field="total_income"))
    return next(
        row
        for row in rows
        if not row.tax_exempt and income > (-1 if row.above is None else row.above)
        and (row.up_to is None or income <= row.up_to)
    )  # fmt: skip


def _proviso_total(insured: Sequence[InsuredIncome], month: Month, law: Law) -> int:
    year = income_year_for(month)
    return sum(old_proviso_income(each.total_income or 0, year, law) for each in insured)


def class_from_70(household: HouseholdIncome, month: Month, law: Law) -> CeilingRow:
    """70〜74歳の区分 by the highest 課税所得 of an insured person from 70 on.

    一般 instead of 現役並み: receipts under 3,830,000 yen (one person) or 5,200,000 yen (several, or with 旧国保被保険者) on
    application, or 旧ただし書き所得 of all from 70 on together at most 2,100,000 yen. Raises :class:`InvalidValue` (KKH-T006)
    where that last rule would decide a month before 2020-02, for then it asks for birth dates no source confirms.
    """
    table = law.at(month).tables[AgeGroup.FROM_70]
    rows = list(table.rows.values())
    if household.has_no_income:
        return next(row for row in rows if row.no_income)
    if household.is_tax_exempt:
        return next(row for row in rows if row.tax_exempt)
    elderly = [each for each in household.insured if each.age_group is AgeGroup.FROM_70]
    if any(each.total_income is None for each in elderly):
        return max(rows, key=lambda row: row.taxable_from or 0)
    taxable = max((each.taxable for each in elderly), default=0)
    active = min(row.taxable_from for row in rows if row.taxable_from is not None and row.outpatient_annual is None)
    if taxable >= active and _is_general_after_all(household, elderly, month, law):
        taxable = active - 1
    fitting = [row for row in rows if not (row.tax_exempt or row.no_income) and taxable >= (row.taxable_from or 0)]
    return max(fitting, key=lambda row: row.taxable_from or 0)


def _is_general_after_all(household: HouseholdIncome, elderly: Sequence[InsuredIncome], month: Month, law: Law) -> bool:
    if _proviso_total(elderly, month, law) <= law.income.active_old_proviso:
        if month < _ALL_BORN_SINCE_1945:
            raise InvalidValue(Problem("KKH-T006", field="month"))
        return True
    if not household.applied_for_standard:
        return False
    receipts = sum(each.receipts for each in elderly)
    if len(elderly) > 1:
        return receipts < law.income.active_income_several
    if receipts < law.income.active_income_single:
        return True
    former = household.former_receipts
    return former is not None and receipts + former < law.income.active_income_several


def pension_deduction(month: Month, law: Law) -> int:
    """低所得Ⅰの年金控除の読替 (yen): deducted from pensions when it is judged whether any income is left."""
    found = [each.amount for each in law.income.pension_deductions if each.since <= month]
    if not found:
        raise InvalidValue(Problem("KKH-T001", field="month"))
    return found[-1]
