"""登録期限: registration within 5 calendar days after the insurer received the notice (R-5)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from kokuho_core.entrusted_partition.subscriber import CardDetails, RowInForce, Subscriber

DAYS_TO_REGISTER: Final = 5
"""届出を受けてから登録までの日数 (国民健康保険法施行規則, 2023年6月改正)."""


def due_on(notified_on: date) -> date:
    """登録期限: the last day on which the change is registered in time."""
    return notified_on + timedelta(days=DAYS_TO_REGISTER)


def is_overdue(notified_on: date, as_of: date) -> bool:
    """期限超過."""
    return due_on(notified_on) < as_of


def notice_of(row: RowInForce, details: CardDetails, now: Subscriber, before: Subscriber | None) -> date:
    """届出年月日 of the change that led from ``before`` to ``now``: of the date that moved.

    Where the record names no notice, or none of its dates moved (a name, an address, a card), the day on which the municipality
    made the record.
    """
    made = row.updated_on
    if now.application_end is not None and (before is None or before.application_end != now.application_end):
        return details.end_notified or made
    if before is None or before.application_start != now.application_start:
        return details.start_notified or made
    return made
