"""マイナンバーカードの保険証利用: the registration of a person's card, and its withdrawal (C-1 … C-4)."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from attrs import frozen

from kokuho_core.vocabulary.month import Month


class CardRegistrationState(StrEnum):
    """利用登録区分 of RIYOTO."""

    REGISTERED = "1"
    NOT_REGISTERED = "2"
    CANCELLED = "3"


class WithdrawalResultCode(StrEnum):
    """結果区分 of KAIJOKEKKA."""

    ACCEPTED = "1"
    NOT_REGISTERED = "2"
    ERROR = "9"


MONTHS_USABLE_AFTER_EXPIRY: Final = 3
"""有効期限の月の翌月から3か月目の末日まで、資格確認には使える (C-2)."""


def last_day_of(month: Month) -> date:
    """月末."""
    return month.plus(1).first_day - timedelta(days=1)


def withdrawal_effective_on(applied_on: date) -> date:
    """解除予定年月日: a withdrawal takes effect at the end of the month after the application (C-3)."""
    return last_day_of(Month.containing(applied_on).plus(1))


def usable_until(certificate_expires_on: date) -> date:
    """資格確認に使える最終日 of an electronic certificate: the end of the third month after the month of its expiry (C-2)."""
    return last_day_of(Month.containing(certificate_expires_on).plus(MONTHS_USABLE_AFTER_EXPIRY))


class Withdrawn(NamedTuple):
    """解除申請 that was sent on and not refused. ``effective_on`` is its last day, None while the receiver has not answered."""

    applied_on: date
    effective_on: date | None


@frozen
class CardUse:
    """利用登録の状態 of one person, as a snapshot told it. It belongs to the person and survives moves (C-4)."""

    snapshot_on: date
    registration: CardRegistrationState
    certificate_expires_on: date | None = None
    withdrawal_applied_on: date | None = None
    """申請 that was sent on and not refused; the snapshots say when it took effect."""

    @classmethod
    def told(
        cls,
        snapshot_on: date,
        registration: CardRegistrationState,
        certificate_expires_on: date | None,
        withdrawal: Withdrawn | None,
    ) -> CardUse:
        """As a snapshot says it, beside an application for withdrawal that was not refused (C-3).

        Once a snapshot says that the registration was cancelled, the application has had its effect; and so it has once a
        snapshot of a later day than the last of the registration says anything: who is registered then, registered anew.
        """
        is_over = registration is CardRegistrationState.CANCELLED or (
            withdrawal is not None and withdrawal.effective_on is not None and withdrawal.effective_on < snapshot_on
        )
        applied_on = None if withdrawal is None or is_over else withdrawal.applied_on
        return cls(snapshot_on, registration, certificate_expires_on, applied_on)
