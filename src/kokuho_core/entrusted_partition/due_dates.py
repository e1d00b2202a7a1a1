"""登録期限: registration within 5 calendar days after the insurer received the notice (R-5)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, NamedTuple

from kokuho_core.entrusted_partition.subscriber import CardDetails, RowInForce, Subscriber
from kokuho_core.vocabulary.identifiers import Source

DAYS_TO_REGISTER: Final = 5
"""届出を受けてから登録までの日数 (国民健康保険法施行規則, 2023年6月改正)."""


def due_on(notified_on: date) -> date:
    """登録期限: the last day on which the change is registered in time."""
    return notified_on + timedelta(days=DAYS_TO_REGISTER)


def is_overdue(notified_on: date, as_of: date) -> bool:
    """期限超過."""
    return due_on(notified_on) < as_of


class Told(NamedTuple):
    """登録してあるもの: what is registered of an application period, and the notices that its history row named."""

    content: Subscriber
    source: Source
    details: CardDetails | None


def notice_of(row: RowInForce, details: CardDetails, now: Subscriber, before: Told | None, today: date) -> date:
    """届出年月日 of the change that led from ``before`` to ``now``: of the dates that moved, the earliest notice.

    Where the record names no notice of the change (a name, an address, a date corrected under the notice that was answered
    already), the day on which the municipality made the record. Where it made none, because the change came from another
    municipality or a setting, the day on which it is seen.
    """
    if before is not None and before.source == row.source:
        return today
    old = None if before is None else before.content
    answered = None if before is None else before.details
    notices = []
    if old is None or old.application_start != now.application_start:
        notices.append(_unless_answered(details.start_notified, answered and answered.start_notified))
    if now.application_end is not None and (old is None or old.application_end != now.application_end):
        notices.append(_unless_answered(details.end_notified, answered and answered.end_notified))
    return min((each or row.updated_on for each in notices), default=row.updated_on)


def _unless_answered(notified_on: date | None, answered: date | None) -> date | None:
    return None if notified_on == answered else notified_on
