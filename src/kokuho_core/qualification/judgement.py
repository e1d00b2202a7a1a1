"""資格継続の判定: everything that follows from one person's application periods (Q-3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from attrs import frozen

from kokuho_core.insured_person.application_period import ApplicationPeriod, application_periods
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.qualification.derivation import Qualification, derive_qualifications
from kokuho_core.qualification.findings import UNMATCHED_WAIT_DAYS, Finding, find_conflicts
from kokuho_core.qualification.moves import Move, find_moves
from kokuho_core.vocabulary.insurers import InsurerRegister


@frozen
class PersonJudgement:
    """一人についての判定結果."""

    periods: tuple[ApplicationPeriod, ...]
    findings: tuple[Finding, ...]
    look_again_on: date | None
    qualifications: tuple[Qualification, ...]
    moves: tuple[Move, ...]
    is_protected: bool


def judge_person(
    live_rows: Sequence[PersonFact], register: InsurerRegister, as_of: date, wait_days: int = UNMATCHED_WAIT_DAYS
) -> PersonJudgement:
    """Check and derive one person from his live rows in all municipalities, on business date ``as_of``."""
    periods = prefectural_periods(live_rows)
    conflicts = find_conflicts(periods, register, as_of, wait_days)
    return PersonJudgement(
        periods=tuple(periods),
        findings=conflicts.findings,
        look_again_on=conflicts.look_again_on,
        qualifications=tuple(derive_qualifications(periods, conflicts.findings, register)),
        moves=tuple(find_moves(periods, register)),
        is_protected=is_protected(live_rows),
    )


def plain_qualification(row: PersonFact, register: InsurerRegister) -> Qualification | None:
    """The one thing that :func:`judge_person` finds of somebody with this row alone, or None where it finds more or less."""
    periods = application_periods((row,))
    if not periods or periods[0].days.is_empty or periods[0].claims_entry or periods[0].claims_exit:
        return None
    return derive_qualifications(periods, (), register)[0]


def prefectural_periods(live_rows: Sequence[PersonFact]) -> list[ApplicationPeriod]:
    """県内の全適用期間 of one person."""
    if len(live_rows) == 1:
        return application_periods(live_rows)
    in_order = sorted(live_rows, key=lambda row: row.row)
    return [
        period for _, rows in groupby(in_order, key=lambda row: row.addressee) for period in application_periods(rows)
    ]


def is_protected(live_rows: Sequence[PersonFact]) -> bool:
    """不開示該当: the newest row anywhere has the flag (X-27); newest by 処理年月日時, so that arrival order does not matter."""
    if len(live_rows) == 1:
        return live_rows[0].address_withheld == "1"
    if not live_rows:
        return False
    newest = max(live_rows, key=lambda row: (row.updated_at, row.insurer_number, row.history_number))
    return newest.address_withheld == "1"
