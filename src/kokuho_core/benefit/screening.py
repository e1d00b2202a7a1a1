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
    """

    from_70: int
    under_70: int
    whole: int
    special: int


def bounds_of(law: MonthLaw, class_under_70: str | None, class_from_70: str | None, choices: Choices) -> Bounds:
    """The bounds of one pair of classes; a missing class bounds at 0, so that whoever needs it is calculated and refused."""
    under_70 = _least(law, AgeGroup.UNDER_70, class_under_70)
    needed = 0 if choices.whole_household is WholeHousehold.ALWAYS else law.aggregation.amount
    from_70 = _least(law, AgeGroup.FROM_70, class_from_70)
    cap = 0 if choices.specific_disease_amounts is Continued.REFUSE else law.disease.cap
    return Bounds(from_70, needed, under_70, min(from_70, under_70, cap))


def bounded_subsidies(law: Law) -> frozenset[str]:
    """公費 under the ceilings of the income classes, whose figures are known: their parts cannot be paid below the bounds."""
    return frozenset(
        houbetsu
        for houbetsu, rule in law.subsidies.items()
        if rule.kind is SubsidyKind.CLASS and rule.basis.mark is Mark.QUOTED
    )


def _least(law: MonthLaw, age_group: AgeGroup, income_class: str | None) -> int:
    row: CeilingRow | None = law.tables[age_group].rows.get(income_class or "")
    if row is None:
        return 0
    return min(limit for limit in (row.base, row.multiple, row.outpatient) if limit is not None)
