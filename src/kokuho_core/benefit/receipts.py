"""レセプト: what one household received and paid in one month, as the calculation takes it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from kokuho_core.benefit.ceiling import Share, percentage_of
from kokuho_core.benefit.law_tables import AgeGroup, Setting
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.individual_number import individual_number_problem
from kokuho_core.vocabulary.month import Month

YEN_PER_POINT: Final = 10
"""1点 = 10円."""


class Disease(StrEnum):
    """特定疾病(長)."""

    DIALYSIS = "dialysis"
    HAEMOPHILIA = "haemophilia"
    HIV = "hiv"


@frozen
class Subsidy:
    """公費 of one part: 法別番号, and what is left of the patient's monthly cap here (自己負担上限月額, None: no cap)."""

    houbetsu: str
    monthly_cap: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.monthly_cap is not None and self.monthly_cap < 0:
            raise InvalidValue(Problem("KKH-T007", field="monthly_cap"))


@frozen
class Part:
    """療養の部分: cost (医療費10割, yen), and the 公費 it falls under.

    ``cost`` may be None where only the copayment is known. Raises :class:`InvalidValue` (KKH-T007).
    """

    cost: int | None
    subsidy: Subsidy | None = None

    def __attrs_post_init__(self) -> None:
        if self.cost is not None and self.cost < 0:
            raise InvalidValue(Problem("KKH-T007", field="total_cost"))


@frozen
class Receipt:
    """レセプト1件.

    ``share_percent`` is the insured person's share of the cost. ``copay`` is what was paid at the window, where it is known
    otherwise; else it follows from cost and share. ``in_kind``: the window asked no more than the ceiling (限度額の現物給付).
    ``prescribed_by`` names, for a pharmacy, the institution that prescribed: both are one unit of the 21,000-yen rule.
    ``institution`` None stands for one that no other receipt shares. Food, room charges and what no insurance pays do not
    belong here. Raises :class:`InvalidValue`: KKH-T007 amounts, KKH-T005 what cannot go together, KKH-T017 特定疾病 in parts.
    """

    person: str
    setting: Setting
    parts: tuple[Part, ...]
    share_percent: int | None = None
    copay: int | None = None
    institution: str | None = None
    is_dental: bool = False
    in_kind: bool = False
    prescribed_by: str | None = None
    disease: Disease | None = None

    def __attrs_post_init__(self) -> None:
        if not self.parts:
            raise InvalidValue(Problem("KKH-T005", field="parts"))
        if self.share_percent is not None and not 0 <= self.share_percent <= 30:
            raise InvalidValue(Problem("KKH-T007", field="copay_rate"))
        if self.copay is not None:
            cost = self.parts[0].cost
            if self.copay < 0 or (cost is not None and self.copay > cost):
                raise InvalidValue(Problem("KKH-T007", field="copay"))
            if len(self.parts) > 1 or self.parts[0].subsidy is not None:
                raise InvalidValue(Problem("KKH-T005", field="copay"))
        elif self.share_percent is None or None in [part.cost for part in self.parts]:
            raise InvalidValue(Problem("KKH-T005", field="copay"))
        if self.prescribed_by is not None and self.setting is not Setting.OUTPATIENT:
            raise InvalidValue(Problem("KKH-T005", field="prescribed_by"))
        if self.disease is not None and len(self.parts) > 1:
            raise InvalidValue(Problem("KKH-T017", field="specific_disease"))

    @property
    def place(self) -> str | None:
        """The institution whose unit of the 21,000-yen rule this belongs to: for a pharmacy the one that prescribed."""
        return self.prescribed_by or self.institution

    @property
    def is_plain(self) -> bool:
        """Whether it is one part of the insurance alone, without a ceiling of its own at the institution."""
        return self.disease is None and len(self.parts) == 1 and self.parts[0].subsidy is None

    def copay_of(self, part: Part) -> int:
        """一部負担金 of ``part`` before any ceiling: as paid, or its share of the cost in whole yen."""
        if self.copay is not None:
            return self.copay
        if part.cost is None or self.share_percent is None:
            raise InvalidValue(Problem("KKH-T005", field="copay"))
        return percentage_of(part.cost, self.share_percent)


@frozen
class Person:
    """世帯の被保険者 in the month: a name for the answer (no 個人番号: KKH-T018), and the age group.

    ``is_halved``: turns 75 in this month, or leaves employee insurance with the one who does; not when born on the 1st
    (then the whole month is the late elderly's) and not on recognition of a disability (H-8).
    """

    name: str
    age_group: AgeGroup
    is_halved: bool = False

    def __attrs_post_init__(self) -> None:
        if individual_number_problem(self.name) is None:
            raise InvalidValue(Problem("KKH-T018", field="person"))


def _listed(persons: Iterable[Person]) -> tuple[Person, ...]:
    return tuple(persons)


@frozen
class HouseholdMonth:
    """一世帯の一月: everything the calculation of one month needs.

    ``is_multiple`` 多数回該当 (H-2). ``share`` is a half in the month of a move inside the prefecture with continuity, but not
    for one dated the 1st (H-8). Raises :class:`InvalidValue` (KKH-T005) for a receipt of nobody named, or a name given twice.
    """

    month: Month
    persons: tuple[Person, ...] = field(converter=_listed)
    receipts: tuple[Receipt, ...]
    class_under_70: str | None = None
    class_from_70: str | None = None
    is_multiple: bool = False
    share: Share = Share.WHOLE

    def __attrs_post_init__(self) -> None:
        named = {person.name for person in self.persons}
        if len(named) != len(self.persons):
            raise InvalidValue(Problem("KKH-T005", field="persons"))
        if not {receipt.person for receipt in self.receipts} <= named:
            raise InvalidValue(Problem("KKH-T005", field="person"))
        if self.share is Share.QUARTER:  # a household is halved once; a quarter is a person's
            raise InvalidValue(Problem("KKH-T005", field="share"))
