"""Two operators of the federation, for acts that nobody does alone (S-7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import pytest
from attrs import evolve

from kokuho_core.access import AccessContext, Grant, Role, fiscal_year_end, operator_id
from kokuho_core.errors import NotApproved
from kokuho_core.usecases.office import Office

from .office import PrefectureOffice, SteppingClock

FIRST, SECOND = "tanto01", "kakari02"
REASON = "送信元に電話で確認"

Answer = TypeVar("Answer")


def as_operator(site: PrefectureOffice, name: str, at: datetime = datetime(2026, 6, 1, 9, 0), **changes: Any) -> Office:
    """The office as ``name`` works in it from ``at`` on, with the federation's right; whoever set it up keeps his."""
    clock, operator = SteppingClock(at), operator_id(name)
    with site.installation.database.begin() as work:
        if not work.rights.all().of(operator, clock.now()):
            day = at.date()
            grant = Grant(
                work.rights.next_number(), operator, Role.FEDERATION, None, day, fiscal_year_end(day), operator, clock.now()
            )
            work.rights.save([grant])
            work.commit()
    office = site.office
    context = AccessContext(operator, "試験端末")
    keeper = evolve(office.gatekeeper, context=context, clock=clock)
    return evolve(office, gatekeeper=keeper, database=evolve(office.database, gatekeeper=keeper), **changes)


def by_two(site: PrefectureOffice, act: Callable[[Office], Answer]) -> Answer:
    """One asks for the act, and it is not done; the other one does it."""
    with pytest.raises(NotApproved, match="KKH-A007"):
        act(as_operator(site, FIRST))
    return act(as_operator(site, SECOND))
