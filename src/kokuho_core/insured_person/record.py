"""資格情報(個人): one record as a municipality sends it (Q-1), and its own invariants (P-2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import fields, frozen

from kokuho_core.errors import Problem, RecordRefused
from kokuho_core.vocabulary.codes import InsuredKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber


@frozen(slots=False)  # lives for one batch only: a frozen class with slots takes three times as long to fill
class PersonRecord:
    """資格情報(個人)レコード (SKKOJIN). Attribute names are the layout keys; an empty field is None.

    Raises :class:`RecordRefused` with all violations together: KKH-P002 a reversed period, KKH-V012 … KKH-V015 start, end
    and reasons that do not belong together.
    """

    insurer_number: InsurerNumber
    addressee_number: AddresseeNumber
    history_number: int
    update_kind: str
    individual_number: IndividualNumber | None
    previous_individual_number: IndividualNumber | None
    name: str
    name_kana: str
    alias: str | None
    name_on_card: str | None
    name_kana_on_card: str | None
    true_name: str | None
    true_name_kana: str | None
    sex_on_back: str | None
    birth_date: date
    sex: str
    postal_code: str | None
    address: str
    card_symbol: str | None
    card_number: str
    branch_number: str | None
    household_number: HouseholdNumber
    member_start: date | None
    member_end: date | None
    relationship: str
    insured_kind: str
    application_start: date | None
    application_start_reason: str | None
    application_start_notified: date | None
    application_end: date | None
    application_end_reason: str | None
    application_end_notified: date | None
    qualification_acquired: date | None
    qualification_acquired_reason: str | None
    qualification_acquired_notified: date | None
    qualification_lost: date | None
    qualification_lost_reason: str | None
    qualification_lost_notified: date | None
    special_case: str
    special_case_start: date | None
    special_case_end: date | None
    other_insurer_number: str | None
    address_withheld: str
    self_view_stopped: str
    updated_at: datetime

    def __attrs_post_init__(self) -> None:
        problems = _reason_problems(self)
        if _has_an_end(self):
            problems = _period_problems(self) + problems
        if problems:
            raise RecordRefused(*problems)


PERSON_KEYS: Final = tuple(attribute.name for attribute in fields(PersonRecord))
"""The layout keys of SKKOJIN in the order of :class:`PersonRecord`."""


def _has_an_end(record: PersonRecord) -> bool:
    """Whether any period can be reversed at all."""
    return (
        record.application_end is not None
        or record.qualification_lost is not None
        or record.member_end is not None
        or record.special_case_end is not None
    )


def _period_problems(record: PersonRecord) -> list[Problem]:
    """P-2: no period of the record may be reversed."""
    return [
        Problem("KKH-P002", field=key)
        for key, start, end in (
            ("member_end", record.member_start, record.member_end),
            ("application_end", record.application_start, record.application_end),
            ("qualification_lost", record.qualification_acquired, record.qualification_lost),
            ("special_case_end", record.special_case_start, record.special_case_end),
        )
        if end is not None and start is not None and end < start
    ]


def _reason_problems(record: PersonRecord) -> list[Problem]:
    found = []
    if record.insured_kind == InsuredKind.NOMINAL_HEAD:
        if record.application_start is not None or record.application_end is not None:
            found.append(Problem("KKH-V013", field="application_start"))
        return found
    if record.application_start is None:
        found.append(Problem("KKH-V012", field="application_start"))
    if record.application_start_reason is None:
        found.append(Problem("KKH-V012", field="application_start_reason"))
    if record.application_end is not None and record.application_end_reason is None:
        found.append(Problem("KKH-V014", field="application_end_reason"))
    if record.application_end is None and record.application_end_reason is not None:
        found.append(Problem("KKH-V015", field="application_end"))
    return found
