"""高額介護合算療養費: medical and care costs of a household over a year, first of those from 70 on, then of all."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from kokuho_core.benefit.annual import BenefitYear
from kokuho_core.benefit.choices import DEFAULT_CHOICES, Choices, Continued
from kokuho_core.benefit.law_tables import Basis, CareRule, Law
from kokuho_core.errors import InvalidValue, Problem

_LOWEST = "低所得Ⅰ"


@frozen
class Borne:
    """年の自己負担 after the benefits of medical and of care insurance (yen)."""

    medical: int
    care: int

    def __attrs_post_init__(self) -> None:
        if self.medical < 0 or self.care < 0:
            raise InvalidValue(Problem("KKH-T007", field="amounts"))

    @property
    def total(self) -> int:
        return self.medical + self.care


@frozen
class CareShare:
    """支給額 of one step: what the medical insurer pays, and what the care insurer pays."""

    total: int
    cap: int
    medical: int
    care: int


@frozen
class CareCombined:
    """高額介護合算療養費の結果."""

    year: BenefitYear
    from_70: CareShare | None
    all: CareShare | None
    basis: Basis

    @property
    def medical(self) -> int:
        """高額介護合算療養費, the part of the 国保."""
        return sum(each.medical for each in (self.from_70, self.all) if each is not None)

    @property
    def care(self) -> int:
        """高額医療合算介護サービス費, the part of the care insurance."""
        return sum(each.care for each in (self.from_70, self.all) if each is not None)


def care_combined(
    year: BenefitYear,
    law: Law,
    *,
    from_70: Borne | None = None,
    class_from_70: str | None = None,
    under_70: Borne | None = None,
    class_under_70: str | None = None,
    has_several_care_users: bool = False,
    choices: Choices = DEFAULT_CHOICES,
) -> CareCombined:
    """The year from 1 August by the classes on 31 July. Under 70 only amounts of 21,000 yen and more belong in (medical).

    An excess of 500 yen or less is not paid. In 低所得Ⅰ with several users of care, the care part has its own cap.
    Raises :class:`InvalidValue`: KKH-T013 without a table, KKH-T014 for years that are not verified, KKH-T002 / KKH-T003 classes.
    """
    rule = law.care_at(year.first)
    if year.first >= rule.unknown_from and choices.care_combined_amounts is Continued.REFUSE:
        raise InvalidValue(Problem("KKH-T014", field="care_combined_amounts"))
    first = None
    rest = under_70
    if from_70 is not None:
        cap = _cap(rule.from_70, class_from_70, "income_class_70plus")
        several = class_from_70 == _LOWEST and has_several_care_users
        first = _share(from_70, cap, rule.several_care_users if several else cap, rule)
        if under_70 is not None:
            rest = Borne(under_70.medical + from_70.medical - first.medical, under_70.care + from_70.care - first.care)
    second = None
    if rest is not None:
        cap = _cap(rule.under_70, class_under_70, "income_class_under70")
        second = _share(rest, cap, cap, rule)
    return CareCombined(year, first, second, rule.basis)


def _cap(caps: Mapping[str, int], income_class: str | None, field: str) -> int:
    if income_class is None:
        raise InvalidValue(Problem("KKH-T003", field=field))
    if income_class not in caps:
        raise InvalidValue(Problem("KKH-T002", field=field))
    return caps[income_class]


def _share(borne: Borne, cap: int, care_cap: int, rule: CareRule) -> CareShare:
    """按分: both insurers pay in proportion to what was borne on their side; the medical part is rounded down to the yen."""
    excess = borne.total - cap
    if excess <= rule.not_paid_up_to:
        return CareShare(borne.total, cap, 0, 0)
    medical = excess * borne.medical // borne.total
    if care_cap == cap:
        return CareShare(borne.total, cap, medical, excess - medical)
    own_excess = borne.total - care_cap
    care = 0
    if own_excess > rule.not_paid_up_to:
        care = own_excess - own_excess * borne.medical // borne.total
    return CareShare(borne.total, cap, medical, care)
