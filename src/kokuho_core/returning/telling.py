"""返却の要否: what to tell a municipality, given what it was told last (X-13, X-28, X-36)."""

from __future__ import annotations

from attrs import evolve

from kokuho_core.returning.rows import HihoidRow, KakuninRow, KeikakuRow, KeikohoRow, KohikekkaRow, KohikiRow, Row
from kokuho_core.vocabulary.codes import CandidateStatus, CarryResult, Decision, UpdateKind


def what_to_tell(current: Row | None, told: Row | None) -> Row | None:
    """The row that is due, or None. ``current`` is what stands now, ``told`` the row delivered last."""
    if isinstance(current, HihoidRow):
        return _insured_id(current, told)
    if isinstance(current, KohikiRow) or isinstance(told, KohikiRow):
        return _carried_month(current, told)
    if current is None or current == told:
        return None  # a row that vanishes is not told
    if _needs_an_earlier_telling(current) and (told is None or _needs_an_earlier_telling(told)):
        return None
    return current


def _needs_an_earlier_telling(row: Row) -> bool:
    """Solved, withdrawn and taken back mean something only to somebody who was told before (X-13, X-36)."""
    match row:
        case KakuninRow(status="2"):
            return True
        case KeikohoRow(status=CandidateStatus.WITHDRAWN):
            return True
        case KeikakuRow(decision=Decision.REVOKED):
            return True
        case KohikekkaRow(result=CarryResult.TAKEN_BACK):
            return True
    return False


def _insured_id(current: HihoidRow, told: Row | None) -> Row | None:
    """I-3: a changed ID is told with the one told before."""
    if not isinstance(told, HihoidRow):
        return current
    if told.prefectural_insured_id == current.prefectural_insured_id:
        return None
    return evolve(current, update_kind="2", previous_prefectural_insured_id=told.prefectural_insured_id)


def _carried_month(current: Row | None, told: Row | None) -> Row | None:
    """H-7: a month that no longer stands is taken back by kind 3 (X-13); one that returns is told anew."""
    stands_told = isinstance(told, KohikiRow) and told.update_kind != UpdateKind.CANCELLATION
    if isinstance(current, KohikiRow):
        return None if stands_told else current
    if isinstance(told, KohikiRow) and stands_told:
        return evolve(told, update_kind=UpdateKind.CANCELLATION.value)
    return None
