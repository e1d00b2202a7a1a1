"""算定の段: one step of the statutory order, with everything that tells where its figure comes from."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from kokuho_core.benefit.ceiling import Ceiling, Share
from kokuho_core.benefit.law_tables import Basis, Setting


class StepKind(StrEnum):
    """段の種類, in the statutory order."""

    SUBSIDISED_PART = "subsidised_part"
    """公費併用部分の限度額 (特定給付対象療養)."""
    SPECIFIC_DISEASE = "specific_disease"
    """特定疾病の限度額."""
    IN_KIND = "in_kind"
    """現物給付: at one institution no more than the ceiling was asked."""
    OUTPATIENT = "outpatient"
    """第1段: 70歳以上の外来(個人)."""
    PERSON_FROM_70 = "person_from_70"
    """75歳到達月の個人(70歳以上)."""
    HOUSEHOLD_FROM_70 = "household_from_70"
    """第2段: 70歳以上の世帯."""
    PERSON_UNDER_70 = "person_under_70"
    """75歳到達月に国保へ移った元被扶養者など、2分の1の個人(70歳未満)."""
    WHOLE_HOUSEHOLD = "whole_household"
    """第3段: 世帯全体."""


class Step(NamedTuple):
    """一つの段: ``burden`` yen against ``limit`` yen; what is above is the ``benefit``. A tuple: bulk work makes millions.

    ``cost`` is the medical cost the limit rests on (None where it needs none), ``counts`` whether a payment makes the month
    one of 多数回該当. ``person`` None means the household.
    """

    kind: StepKind
    burden: int
    limit: int
    ceiling: Ceiling
    basis: Basis
    cost: int | None = None
    person: str | None = None
    institution: str | None = None
    setting: Setting | None = None
    share: Share = Share.WHOLE
    is_multiple: bool = False
    is_in_kind: bool = False
    counts: bool = True

    @property
    def is_outpatient_ceiling(self) -> bool:
        """Whether this is the outpatient ceiling of one person from 70 on, at the window or afterwards (H-2)."""
        return self.kind is StepKind.OUTPATIENT or (
            self.kind is StepKind.IN_KIND and self.setting is Setting.OUTPATIENT and not self.counts
        )

    @property
    def benefit(self) -> int:
        """支給額 of this step, never negative."""
        return self.burden - self.limit if self.burden > self.limit else 0
