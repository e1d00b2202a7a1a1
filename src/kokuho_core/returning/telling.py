"""返却の要否: what to tell a municipality, given what it was told last (X-13, X-28, X-36)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, Final

from attrs import evolve, fields

from kokuho_core.returning.rows import HihoidRow, KakuninRow, KeikakuRow, KeikohoRow, KohikekkaRow, KohikiRow, Row
from kokuho_core.vocabulary.codes import CandidateStatus, CarryResult, Decision, UpdateKind


def what_to_tell(current: Row | None, told: Row | None) -> Row | None:
    """The row that is due, or None. ``current`` is what stands now, ``told`` the row delivered last."""
    if told is None and current is not None:
        return None if _needs_an_earlier_telling(current) else current
    if isinstance(current, HihoidRow):
        return _insured_id(current, told)
    if isinstance(current, KohikiRow) or isinstance(told, KohikiRow):
        return _carried_month(current, told)
    if current is None or current == told:
        return None  # a row that vanishes is not told
    if _needs_an_earlier_telling(current) and (told is None or _needs_an_earlier_telling(told)):
        return None
    return current


_NEEDS_AN_EARLIER_TELLING: Final[Mapping[type[Any], tuple[str, str]]] = {
    KakuninRow: ("status", "2"),
    KeikohoRow: ("status", CandidateStatus.WITHDRAWN.value),
    KeikakuRow: ("decision", Decision.REVOKED.value),
    KohikekkaRow: ("result", CarryResult.TAKEN_BACK.value),
}


def _needs_an_earlier_telling(row: Row) -> bool:
    """Solved, withdrawn and taken back mean something only to somebody who was told before (X-13, X-36)."""
    sign = _NEEDS_AN_EARLIER_TELLING.get(type(row))
    return sign is not None and getattr(row, sign[0]) == sign[1]


def what_to_tell_first(kind: type[Row], columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """As :func:`what_to_tell` for rows of one class of which nothing was told yet: what is due of them.

    They are given and returned as they are kept, for each attribute the values of all of them.
    """
    sign = _NEEDS_AN_EARLIER_TELLING.get(kind)
    if sign is None:
        return columns
    place = [attribute.name for attribute in fields(kind)].index(sign[0])
    are_due = [value != sign[1] for value in columns[place]]
    return [list(compress(column, are_due)) for column in columns]


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
