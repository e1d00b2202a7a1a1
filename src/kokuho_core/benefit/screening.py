"""ふるい: which household months may be left out of the calculation, because nothing can be paid in them whatever else holds.

The bulk path looks at sums first and calculates only what this lets through. The bounds come from the same rows of the law
tables that the calculation uses: they are no second copy of a rule, only the least that any rule could ask for.
"""

from __future__ import annotations

from attrs import frozen

from kokuho_core.benefit.choices import Choices, Continued, WholeHousehold
from kokuho_core.benefit.law_tables import AgeGroup, CeilingRow, Law, Mark, MonthLaw, SubsidyKind


@frozen
class Bounds:
    """下限 (yen). Nothing is paid in a month whose burden from 70 on is at most ``from_70`` and where either the burden under
    70 is below ``under_70`` or that of all is at most ``whole``.

    With specific diseases, and 公費 of :func:`bounded_subsidies`, nothing is paid where the burden of all is at most
    ``special``. Months with halves, moves, other 公費 or amounts paid in kind at the window are always calculated.

    In a month without any of those last, nothing is paid either where nobody from 70 on bore more than ``outpatient`` outside
    hospital, all from 70 on together bore at most ``household``, what was borne under treatment of a specific disease is at
    most ``disease``, and the same as above holds of the burden under 70 in units of ``aggregated`` yen and more: those below
    stay outside.
    """

    from_70: int
    under_70: int
    whole: int
    special: int
    outpatient: int
    household: int
    aggregated: int
    disease: int

    @classmethod
    def none(cls) -> Bounds:
        """Bounds that leave nothing out: whatever it is goes through the calculation."""
        return cls(from_70=-1, under_70=0, whole=-1, special=-1, outpatient=-1, household=-1, aggregated=0, disease=-1)


def bounds_of(law: MonthLaw, class_under_70: str | None, class_from_70: str | None, choices: Choices) -> Bounds:
    """The bounds of one pair of classes; a missing class bounds at 0, so that whoever needs it is calculated and refused."""
    younger, elder = _row(law, AgeGroup.UNDER_70, class_under_70), _row(law, AgeGroup.FROM_70, class_from_70)
    whole, household = _least(younger), _least(elder)
    outpatient = household if elder is None or elder.outpatient is None else elder.outpatient
    from_70 = min(household, outpatient)
    cap = 0 if choices.specific_disease_amounts is Continued.REFUSE else law.disease.cap
    return Bounds(
        from_70=from_70,
        under_70=0 if choices.whole_household is WholeHousehold.ALWAYS else law.aggregation.amount,
        whole=whole,
        special=min(from_70, whole, cap),
        outpatient=outpatient,
        household=household,
        aggregated=0 if younger is None else law.aggregation.amount,
        disease=cap,
    )


def bounded_subsidies(law: Law) -> frozenset[str]:
    """公費 under the ceilings of the income classes, whose figures are known: their parts cannot be paid below the bounds."""
    return frozenset(
        houbetsu
        for houbetsu, rule in law.subsidies.items()
        if rule.kind is SubsidyKind.CLASS and rule.basis.mark is Mark.QUOTED
    )


def _row(law: MonthLaw, age_group: AgeGroup, income_class: str | None) -> CeilingRow | None:
    return law.tables[age_group].rows.get(income_class or "")


def _least(row: CeilingRow | None) -> int:
    """The least that the household ceiling of this row can be."""
    if row is None:
        return 0
    return row.base if row.multiple is None else min(row.base, row.multiple)
