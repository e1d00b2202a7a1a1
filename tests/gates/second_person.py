"""Two people who agree to one act, for tests of what follows from their agreement."""

from __future__ import annotations

from attrs import field, mutable

from kokuho_core.errors import Conflict, Problem
from kokuho_core.ports.second_person import Act, Agreement
from kokuho_core.ports.stores import UnitOfWork


@mutable
class TwoPeople:
    """They agree to ``agreed_to`` alone, once; with None to whatever they are asked."""

    agreed_to: Act | None = None
    asked: list[Act] = field(factory=list)

    def agreed(self, work: UnitOfWork, act: Act) -> Agreement:
        self.asked.append(act)
        if self.agreed_to is not None and act != self.agreed_to:
            raise Conflict(Problem("KKH-X001"))
        return Agreement("tanto01", "kakari02", "送信元に電話で確認")
