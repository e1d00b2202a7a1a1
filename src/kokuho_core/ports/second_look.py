"""二人目の確認の口: what it needs of a database that decisions wait for a second look (S-34)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Protocol

from attrs import frozen

from kokuho_core.approval import Agreement
from kokuho_core.household_continuity.decision import DecisionFact
from kokuho_core.vocabulary.identifiers import InsurerNumber


class LookState(Enum):
    """確認の状態."""

    WAITING = "waiting"
    """確認待ち: received and kept, but it does not count yet."""
    CONFIRMED = "confirmed"
    """確認済み: it counts, from then on."""
    REFUSED = "refused"
    """差戻し by a person."""
    IMPOSSIBLE = "impossible"
    """確定不可: confirmed, but the candidate no longer allowed it."""


@frozen
class SecondLook:
    """確定指示の確認: one received decision and what became of it. ``code`` says why it is impossible."""

    decision: DecisionFact
    file: str
    received_at: datetime
    state: LookState
    settled_by: str | None = None
    agreed_by: str | None = None
    reason: str | None = None
    code: str | None = None
    settled_at: datetime | None = None

    @property
    def number(self) -> str:
        """確認番号: number of the file in the 受渡簿 and line in the file."""
        return f"{self.decision.file_no}-{self.decision.line}"


class SecondLookStore(Protocol):
    """確認待ちの保管. The decisions themselves stand with the others; those listed here count once they are confirmed."""

    def wait(self, decision: DecisionFact) -> None: ...

    def find(self, number: str) -> SecondLook | None: ...

    def waiting_from(self, insurer: InsurerNumber) -> list[DecisionFact]:
        """All of one municipality, in received order."""
        ...

    def all(self, insurer: InsurerNumber | None = None, *, waiting_only: bool = True) -> Iterable[SecondLook]:
        """In received order."""
        ...

    def settle(self, number: str, state: LookState, agreement: Agreement, at: datetime, code: str | None = None) -> None:
        """Raises :class:`Conflict` (KKH-X001) when somebody else settled it first."""
        ...
