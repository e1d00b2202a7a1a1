"""返却の更新: keeps what stands beside what was told, so that only differences are due (X-13)."""

from __future__ import annotations

from collections.abc import Iterable

from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.returning.rows import Returned, ReturnKey, Row, candidate_rows
from kokuho_core.returning.telling import what_to_tell


def retell(work: UnitOfWork, subjects: Iterable[str], current: Returned) -> None:
    """Replace what stands about ``subjects`` by ``current``."""
    known = work.returns.of_subjects(subjects)
    changed: list[tuple[ReturnKey, Row | None, Row | None, bool]] = []
    for key, row in current.items():
        before, told = known.pop(key, (None, None))
        if row != before:
            changed.append((key, row, told, what_to_tell(row, told) is not None))
    for key, (before, told) in known.items():  # what vanished
        if before is not None:
            changed.append((key, None, told, what_to_tell(None, told) is not None))
    if changed:
        work.returns.save(changed)


def retell_candidates(work: UnitOfWork, candidates: Iterable[Candidate]) -> None:
    """Update everything that is told about these candidates."""
    listed = list(candidates)
    heads = work.ids.of_addressees({each.head for each in listed if each.head is not None})
    rows: dict[ReturnKey, Row] = {}
    for candidate in listed:
        known = heads.get(candidate.head) if candidate.head is not None else None
        rows.update(candidate_rows(candidate, known.municipal_id if known is not None else None))
    retell(work, [candidate.number for candidate in listed], rows)
