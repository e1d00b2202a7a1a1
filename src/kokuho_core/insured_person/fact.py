"""資格情報(個人)の事実: what the rules judge of a received record. The number has become an index, names stay outside."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from attrs import fields, frozen

from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, HouseholdNumber, InsurerNumber, Source
from kokuho_core.vocabulary.individual_number import NumberIndex


@frozen
class PersonFact:
    """One received message about one record ``(insurer, addressee, history)``; never changed, only followed by others (P-7).

    ``file_no`` and ``line`` are its source and its place in the received order.
    """

    file_no: int
    line: int
    insurer_number: InsurerNumber
    addressee_number: AddresseeNumber
    history_number: int
    update_kind: str
    number: NumberIndex | None
    previous_number: NumberIndex | None
    birth_date: date
    sex: str
    household_number: HouseholdNumber
    member_start: date | None
    member_end: date | None
    insured_kind: str
    application_start: date | None
    application_start_reason: str | None
    application_end: date | None
    application_end_reason: str | None
    qualification_acquired: date | None
    qualification_acquired_reason: str | None
    qualification_lost: date | None
    qualification_lost_reason: str | None
    special_case: str
    address_withheld: str
    updated_at: datetime
    verdict: str | None = None
    """What a person decided about an identity conflict of this record (X-25): an :class:`IdentityVerdict` or None."""

    @property
    def source(self) -> Source:
        return Source(self.file_no, self.line)

    @property
    def addressee(self) -> Addressee:
        return Addressee(self.insurer_number, self.addressee_number)

    @property
    def updated_on(self) -> date:
        """The day on which the municipality made the record."""
        return self.updated_at.date()

    @property
    def row(self) -> RowKey:
        return (self.insurer_number, self.addressee_number, self.history_number)

    @property
    def received(self) -> tuple[int, int]:
        """Place in the received order."""
        return (self.file_no, self.line)

    def names_household_on(self, day: date) -> bool:
        """Whether ``day`` lies within the member dates of this row, where they are given (X-14)."""
        return (self.member_start is None or self.member_start <= day) and (
            self.member_end is None or day < self.member_end
        )


class IdentityVerdict(StrEnum):
    """本人確認の判定 (X-25)."""

    SAME = "same"  # the person known under the number: the record takes effect as it is
    DIFFERENT = "different"  # somebody else: the record takes effect without the number


RowKey = tuple[InsurerNumber, AddresseeNumber, int]
"""履歴行: identity of one record: insurer, addressee, history number."""

FACT_KEYS: Final = tuple(attribute.name for attribute in fields(PersonFact) if attribute.name != "verdict")
"""Attribute names of :class:`PersonFact` that come from the record itself, in order."""
TOLD_KEYS: Final = tuple(key for key in FACT_KEYS if key not in ("file_no", "line", "number", "previous_number"))
"""Those of them that every reader of a record knows, in order: its file is not entered and its number not looked up yet."""


def fact_told(
    line: int, insurer: InsurerNumber, addressee: AddresseeNumber, history_number: int, update_kind: str, *others: Any
) -> PersonFact:
    """What the rules judge of a record on ``line``, of which only its values under :data:`TOLD_KEYS` are known."""
    return PersonFact(0, line, insurer, addressee, history_number, update_kind, None, None, *others)
