"""高額該当: what a settlement means for the counting of months, and the record the municipality sends of it (H-1 … H-3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from enum import StrEnum

from attrs import frozen

from kokuho_core.benefit.choices import InKindMonths
from kokuho_core.benefit.settlement import Settlement
from kokuho_core.high_cost_history.history import (
    MONTHS_BEFORE_MULTIPLE,
    HighCostMonth,
    carried_over,
    first_in_window,
)
from kokuho_core.high_cost_history.record import HighCostRecord
from kokuho_core.vocabulary.codes import OccurrenceKind, UpdateKind
from kokuho_core.vocabulary.identifiers import HouseholdKey
from kokuho_core.vocabulary.month import Month


class PaymentKind(StrEnum):
    """給付方法."""

    IN_KIND = "1"
    REFUND = "2"


@frozen
class CountedMonths:
    """多数回該当の数え: the months in the window before ``month``, and whether they make it the fourth or later (H-2)."""

    month: Month
    counted: tuple[Month, ...]
    is_multiple: bool


def counted_months(
    own: Iterable[HighCostMonth], carried: Collection[HighCostMonth], month: Month, moved_in: Month | None = None
) -> CountedMonths:
    """Own months, and those that continuity carries over from another municipality of the prefecture (H-2, H-3).

    Months before 2018-04 are never carried over, nor those outside the twelve months of the move ``moved_in``.
    """
    brought = carried_over(carried, moved_in or month) if carried else []
    first = first_in_window(month)
    counted = {
        each.month for each in (*own, *brought) if first <= each.month < month and each.kind == OccurrenceKind.HOUSEHOLD
    }
    return CountedMonths(month, tuple(sorted(counted)), is_multiple=len(counted) >= MONTHS_BEFORE_MULTIPLE)


@frozen
class Occurrence:
    """高額該当: the kind of one month, how it was paid, and how much of it (yen)."""

    month: Month
    kind: OccurrenceKind
    payment: PaymentKind
    amount: int

    @property
    def high_cost_month(self) -> HighCostMonth:
        return HighCostMonth(self.month, self.kind.value)


def occurrence_of(settlement: Settlement) -> Occurrence | None:
    """The month as a 高額該当月, None when nothing was paid that a count knows of.

    The outpatient ceiling of one person alone makes kind 2, which is never counted (H-2). Subsidised parts and specific
    diseases are no payment under 国保法施行令29条の2第1項〜第4項, to which the count looks, and make no month at all.
    """
    counts_in_kind = settlement.choices.in_kind_months is InKindMonths.COUNTED
    household = outpatient = refund = 0
    for step in settlement.steps:
        if not step.is_in_kind:
            refund += step.benefit
        elif not counts_in_kind:
            continue
        if step.counts:
            household += step.benefit
        elif step.is_outpatient_ceiling:
            outpatient += step.benefit
    if not (household or outpatient):
        return None
    kind = OccurrenceKind.HOUSEHOLD if household else OccurrenceKind.OUTPATIENT
    if refund:
        return Occurrence(settlement.case.month, kind, PaymentKind.REFUND, refund)
    return Occurrence(settlement.case.month, kind, PaymentKind.IN_KIND, household or outpatient)


def records_of(
    household: HouseholdKey,
    month: Month,
    occurrence: Occurrence | None,
    updated_at: datetime,
    sent: OccurrenceKind | None = None,
    paid_on: date | None = None,
) -> list[HighCostRecord]:
    """高額該当情報レコード (KOGAKU): new, a correction of what was ``sent`` before, or its cancellation (H-1, X-4)."""

    def record(kind: OccurrenceKind, update: UpdateKind) -> HighCostRecord:
        stands = occurrence if update is not UpdateKind.CANCELLATION else None
        return HighCostRecord(
            insurer_number=household.insurer_number,
            household_number=household.household_number,
            treatment_month=month,
            update_kind=update.value,
            occurrence_kind=kind.value,
            payment_kind=None if stands is None else stands.payment.value,
            paid_on=None if stands is None else paid_on,
            paid_amount=0 if stands is None else stands.amount,
            updated_at=updated_at,
        )

    if occurrence is not None and sent is occurrence.kind:
        return [record(sent, UpdateKind.CORRECTION)]
    records = [] if sent is None else [record(sent, UpdateKind.CANCELLATION)]
    if occurrence is not None:
        records.append(record(occurrence.kind, UpdateKind.NEW))
    return records
