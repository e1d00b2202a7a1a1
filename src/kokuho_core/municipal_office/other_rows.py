"""付属証・所得区分・高額該当: what the office says besides the history of insurance itself (FUZOKU, SHOTOKU, KOGAKU)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from attrs import evolve, field, fields, frozen

from kokuho_core.errors import NotificationRefused, Problem
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS, HighCostRecord
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.month import Month


@frozen
class CertificateRecord:
    """付属証履歴レコード (FUZOKU). Attribute names are the layout keys.

    Raises :class:`NotificationRefused` (KKH-P002) for a certificate that was collected before it was issued, or expires before
    it takes effect.
    """

    insurer_number: InsurerNumber
    addressee_number: AddresseeNumber
    history_number: int
    update_kind: str
    certificate_kind: str
    issue_kind: str
    issued_on: date
    issue_notified: date | None
    collected_on: date | None
    collect_notified: date | None
    collect_reason_on: date | None
    effective_on: date
    expires_on: date | None
    copay_share: str | None
    income_class: str | None
    specific_disease: str | None
    updated_at: datetime

    def __attrs_post_init__(self) -> None:
        for key, start, end in (
            ("collected_on", self.issued_on, self.collected_on),
            ("expires_on", self.effective_on, self.expires_on),
        ):
            if end is not None and end < start:
                raise NotificationRefused(Problem("KKH-P002", field=key))


@frozen
class IncomeRecord:
    """世帯所得区分レコード (SHOTOKU). A household's classes from one month on; sent again, they replace what was sent."""

    insurer_number: InsurerNumber
    household_number: HouseholdNumber
    valid_from: Month
    valid_until: Month | None
    income_class_under70: str | None
    income_class_70plus: str | None
    updated_at: datetime

    def __attrs_post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise NotificationRefused(Problem("KKH-P002", field="valid_until"))


OtherRecord = CertificateRecord | IncomeRecord | HighCostRecord
OTHER_RECORDS: Final[Mapping[str, type[OtherRecord]]] = {
    "FUZOKU": CertificateRecord,
    "SHOTOKU": IncomeRecord,
    "KOGAKU": HighCostRecord,
}
"""Record class of each file that is not the history of insurance."""
OTHER_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "FUZOKU": tuple(attribute.name for attribute in fields(CertificateRecord)),
    "SHOTOKU": tuple(attribute.name for attribute in fields(IncomeRecord)),
    "KOGAKU": HIGH_COST_KEYS,
}
"""The layout keys of each, in the order of the record."""


@frozen
class OtherRow:
    """One such record as it stands, and what the aggregation knows of it (P-7). A cancelled month may be told anew (X-4)."""

    file_id: str
    record: OtherRecord = field(repr=False)
    is_cancelled: bool = False
    is_sent: bool = False
    is_waiting: bool = True

    @property
    def identity(self) -> str:
        return identity_of(self.record)

    @property
    def waits_as(self) -> UpdateKind | None:
        """更新区分 under which it goes into the next file, None if it does not."""
        if not self.is_waiting or (self.is_cancelled and not self.is_sent):
            return None
        if self.is_cancelled:
            return UpdateKind.CANCELLATION
        return UpdateKind.CORRECTION if self.is_sent else UpdateKind.NEW

    def sent(self) -> OtherRow:
        """As it stands once it was sent."""
        return evolve(self, is_sent=not self.is_cancelled, is_waiting=False)


def identity_of(record: OtherRecord) -> str:
    """What makes a further record the same one, told otherwise."""
    match record:
        case CertificateRecord():
            return f"{record.addressee_number}/{record.history_number}"
        case IncomeRecord():
            return f"{record.household_number}/{record.valid_from}"
        case _:
            return f"{record.household_number}/{record.treatment_month}/{record.occurrence_kind}"


def stated(known: OtherRow | None, file_id: str, record: OtherRecord) -> OtherRow:
    """新規 or 訂正: the record stands like this.

    Raises :class:`NotificationRefused` (KKH-P007): a cancelled certificate is never told again; a month may be (X-4).
    """
    if known is None:
        return OtherRow(file_id, record)
    if known.is_cancelled and file_id == "FUZOKU":
        raise NotificationRefused(Problem("KKH-P007", field="history_number"))
    return evolve(known, record=record, is_cancelled=False, is_waiting=True)


def withdrawn(known: OtherRow | None) -> OtherRow:
    """取消. Raises :class:`NotificationRefused` (KKH-R001): there is none, or what it says is only ever replaced (SHOTOKU)."""
    if known is None or known.is_cancelled or known.file_id == "SHOTOKU":
        raise NotificationRefused(Problem("KKH-R001", field="update_kind"))
    return evolve(known, is_cancelled=True, is_waiting=True)
