"""資格確認書・資格情報のお知らせの判定: which of the two a person gets, why, until when, on which snapshot (C-2 … C-5).

Decision table, first line that applies; «card» is the registration of the My Number card for use as an insurance card.

====================================================  ====================  ==========================
condition                                             document              reason
====================================================  ====================  ==========================
自己情報提供不可フラグ (C-5)                          資格確認書            VIEWING_STOPPED
本人確認 mismatch (R-6)                               資格確認書            VERIFICATION_MISMATCH
本人確認 not done yet (R-6: not visible)              資格確認書            UNVERIFIED
not registered with the receiver (blocked, refused)   資格確認書            NOT_VIEWABLE
withdrawal applied for and not refused (C-3)          資格確認書            WITHDRAWAL_APPLIED
card handed back                                      資格確認書            CARD_RETURNED
no snapshot names the person                          資格確認書            NO_SNAPSHOT
not registered                                        資格確認書            NOT_REGISTERED
registration cancelled                                資格確認書            REGISTRATION_CANCELLED
certificate no longer usable                          資格確認書            CERTIFICATE_EXPIRED
registered, in need of care or support, on request    資格確認書            CARE_ON_REQUEST
registered                                            資格情報のお知らせ    REGISTERED
====================================================  ====================  ==========================
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum
from typing import Final

from attrs import frozen

from kokuho_core.certificates.card_use import CardRegistrationState, CardUse, usable_until
from kokuho_core.entrusted_partition.exchanged import Verification
from kokuho_core.qualification.date_rules import completes_age
from kokuho_core.vocabulary.month import Month


class Document(Enum):
    """交付する書類, by 証区分 of FUZOKU."""

    CERTIFICATE = "01"
    """資格確認書."""
    NOTICE = "02"
    """資格情報のお知らせ."""


class DocumentReason(Enum):
    """交付の理由."""

    VIEWING_STOPPED = "viewing_stopped"
    VERIFICATION_MISMATCH = "verification_mismatch"
    UNVERIFIED = "unverified"
    NOT_VIEWABLE = "not_viewable"
    WITHDRAWAL_APPLIED = "withdrawal_applied"
    CARD_RETURNED = "card_returned"
    NO_SNAPSHOT = "no_snapshot"
    NOT_REGISTERED = "not_registered"
    REGISTRATION_CANCELLED = "registration_cancelled"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CARE_ON_REQUEST = "care_on_request"
    REGISTERED = "registered"


ELDERLY_AGE: Final = 70
LATE_ELDERLY_AGE: Final = 75
CERTIFICATE_YEARS: Final = 1
"""資格確認書の有効期間: at most five years by law, one year here as most municipalities do (setting)."""


@frozen
class Holder:
    """交付対象者: what the decision rests on, on one day."""

    birth_date: date
    self_view_stopped: bool = False
    verification: Verification | None = None
    """本人確認状態 as the receiver told it last; None while it told none."""
    is_registered: bool = True
    """Whether the intermediate server may know the qualification at all (R-1)."""
    card: CardUse | None = None
    card_returned: bool = False
    care_requested: bool = False
    """要配慮者の申請: in need of care or support, and asked for a 資格確認書 although registered."""


@frozen
class DocumentDecision:
    """交付の判定. ``expires_on`` is the last day of validity, None for a notice without expiry."""

    document: Document
    reason: DocumentReason
    snapshot_on: date | None
    expires_on: date | None


def decide_document(holder: Holder, as_of: date) -> DocumentDecision:
    """資格確認書か資格情報のお知らせか on ``as_of``, by the table above."""
    reason = _reason(holder, as_of)
    document = Document.NOTICE if reason is DocumentReason.REGISTERED else Document.CERTIFICATE
    snapshot_on = None if holder.card is None else holder.card.snapshot_on
    return DocumentDecision(document, reason, snapshot_on, expiry_of(document, holder.birth_date, as_of))


def _reason(holder: Holder, as_of: date) -> DocumentReason:
    if holder.self_view_stopped:
        return DocumentReason.VIEWING_STOPPED
    if holder.verification is Verification.MISMATCHED:
        return DocumentReason.VERIFICATION_MISMATCH
    if holder.verification is Verification.UNVERIFIED:
        return DocumentReason.UNVERIFIED
    if not holder.is_registered:
        return DocumentReason.NOT_VIEWABLE
    card = holder.card
    if card is not None and card.withdrawal_applied_on is not None:
        return DocumentReason.WITHDRAWAL_APPLIED
    if holder.card_returned:
        return DocumentReason.CARD_RETURNED
    if card is None:
        return DocumentReason.NO_SNAPSHOT
    if card.registration is CardRegistrationState.NOT_REGISTERED:
        return DocumentReason.NOT_REGISTERED
    if card.registration is CardRegistrationState.CANCELLED:
        return DocumentReason.REGISTRATION_CANCELLED
    if card.certificate_expires_on is not None and usable_until(card.certificate_expires_on) < as_of:
        return DocumentReason.CERTIFICATE_EXPIRED
    return DocumentReason.CARE_ON_REQUEST if holder.care_requested else DocumentReason.REGISTERED


def elderly_from(birth_date: date) -> date:
    """70歳からの扱いの始まり: the 1st of the month after the age is completed; born on the 1st: of the month of the birthday.

    The age is completed on the day before the birthday (年齢計算ニ関する法律), hence the difference.
    """
    completed_on = completes_age(birth_date, ELDERLY_AGE) - timedelta(days=1)
    return Month.containing(completed_on).plus(1).first_day


def late_elderly_from(birth_date: date) -> date:
    """後期高齢者医療の始まり: the 75th birthday (D-7)."""
    return completes_age(birth_date, LATE_ELDERLY_AGE)


def expiry_of(document: Document, birth_date: date, as_of: date) -> date | None:
    """有効期限: the last day of validity (C-2).

    Yearly to 07-31, but not into the time from which another document is needed: what is issued under 70 ends before the share
    of the 70- to 74-year-olds has to stand on it, and everything on the day before the 75th birthday. A notice for somebody under
    70 has none.
    """
    is_elderly = elderly_from(birth_date) <= as_of
    if document is Document.NOTICE and not is_elderly:
        return None
    end = date(as_of.year, 7, 31)
    if end < as_of:
        end = end.replace(year=as_of.year + CERTIFICATE_YEARS)
    turns = late_elderly_from(birth_date) if is_elderly else elderly_from(birth_date)
    return min(end, turns - timedelta(days=1))
