"""Edits as municipalities make them every day, and what then stands, told from the edits alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from attrs import define, field, frozen
from hypothesis import strategies as st

from ..aggregation.support import insured
from ..prefecture.office import A, B

KINDS = ("correct_start", "correct_end", "reopen", "rename", "cancel", "move")
_FIRST = date(2020, 4, 1)


@frozen
class Edit:
    """One notice at one counter: who (1 …), what, and by how many days."""

    person: int
    kind: str
    days: int


def edits(persons: int = 3) -> st.SearchStrategy[Edit]:
    return st.builds(Edit, st.integers(1, persons), st.sampled_from(KINDS), st.integers(0, 6))


@define
class Record:
    """One history row as its municipality keeps it."""

    insurer: str
    addressee: str
    serial: int
    history: int
    start: date
    reason: str
    end: date | None = None
    end_reason: str | None = None
    name: str = "見本　花子"

    def row(self, kind: str) -> Mapping[str, Any]:
        return insured(
            self.insurer, self.addressee, self.serial, history=self.history, start=self.start.isoformat(),
            reason=self.reason, end=self.end.isoformat() if self.end else None, end_reason=self.end_reason, kind=kind,
            name=self.name,
        )  # fmt: skip


@define
class Municipalities:
    """Two municipalities that never contradict each other: everybody has one live record in one of them, or none.

    After a move there is the ended one as well, which neither of them touches any more.
    """

    current: dict[int, Record] = field(factory=dict)
    left: dict[int, Record] = field(factory=dict)
    histories: dict[tuple[str, int], int] = field(factory=dict)
    renamed: int = 0

    def apply(self, edit: Edit) -> list[tuple[str, Mapping[str, Any]]]:
        """(sender, record) of everything that must be sent for the edit. Whoever is not there enters first."""
        known = self.current.get(edit.person)
        if known is None:
            return [self._enter(edit)]
        return getattr(self, f"_{edit.kind}")(known, edit)  # type: ignore[no-any-return]

    def standing(self, insurer: str) -> list[tuple[int, date, date | None, str]]:
        """(serial, start, end, name) of every live record that covers a day."""
        records = [*self.current.values(), *self.left.values()]
        return sorted(
            (
                (each.serial, each.start, each.end, each.name)
                for each in records
                if each.insurer == insurer and each.start != each.end
            ),
            key=repr,
        )

    def _next(self, insurer: str, person: int) -> int:
        self.histories[insurer, person] = self.histories.get((insurer, person), 0) + 1
        return self.histories[insurer, person]

    def _enter(self, edit: Edit) -> tuple[str, Mapping[str, Any]]:
        insurer = (A, B)[edit.person % 2]
        record = Record(
            insurer,
            f"{edit.person}0",
            edit.person,
            self._next(insurer, edit.person),
            _FIRST + timedelta(edit.days),
            "03",
        )
        self.current[edit.person] = record
        return (insurer, record.row("1"))

    def _correct_start(self, record: Record, edit: Edit) -> list[tuple[str, Mapping[str, Any]]]:
        if edit.person in self.left:
            return []
        start = _FIRST + timedelta(edit.days)
        record.start = start if record.end is None else min(start, record.end)  # reversed, nobody would take it (P-2)
        return [(record.insurer, record.row("2"))]

    def _correct_end(self, record: Record, edit: Edit) -> list[tuple[str, Mapping[str, Any]]]:
        record.end, record.end_reason = record.start + timedelta(edit.days * 7), "53"
        return [(record.insurer, record.row("2"))]

    def _reopen(self, record: Record, edit: Edit) -> list[tuple[str, Mapping[str, Any]]]:
        record.end = record.end_reason = None
        return [(record.insurer, record.row("2"))]

    def _rename(self, record: Record, edit: Edit) -> list[tuple[str, Mapping[str, Any]]]:
        self.renamed += 1
        record.name = f"見本　花子{edit.days}"
        return [(record.insurer, record.row("2"))]

    def _cancel(self, record: Record, edit: Edit) -> list[tuple[str, Mapping[str, Any]]]:
        del self.current[edit.person]
        sent = [(record.insurer, record.row("3"))]
        before = self.left.pop(edit.person, None)
        if before is not None:  # the move never was: it is open again where it was left
            before.end = before.end_reason = None
            sent.append((before.insurer, before.row("2")))
            self.current[edit.person] = before
        return sent

    def _move(self, record: Record, edit: Edit) -> list[tuple[str, Mapping[str, Any]]]:
        if edit.person in self.left:
            return []
        day = record.start + timedelta(30 + edit.days)
        record.end, record.end_reason = day, "57"
        insurer = B if record.insurer == A else A
        entered = Record(
            insurer, f"{edit.person}7", edit.person, self._next(insurer, edit.person), day, "07", name=record.name
        )
        self.left[edit.person], self.current[edit.person] = record, entered
        return [(record.insurer, record.row("2")), (insurer, entered.row("1"))]
