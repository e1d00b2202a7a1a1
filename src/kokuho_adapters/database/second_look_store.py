"""二人目の確認の保管 (S-34)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row, Select, and_, insert, select, update

from kokuho_adapters.database.tables import decision, received_file, second_look
from kokuho_core.approval import Agreement
from kokuho_core.errors import Conflict, Problem
from kokuho_core.household_continuity.decision import DecisionFact
from kokuho_core.ports.second_look import LookState, SecondLook
from kokuho_core.vocabulary.identifiers import InsurerNumber

_decisions, _looks, _files = decision.c, second_look.c, received_file.c
_NUMBER: Final = re.compile(r"(\d{1,18})-(\d{1,9})", re.ASCII)
_OF_DECISION: Final = and_(_decisions.file_no == _looks.file_no, _decisions.line == _looks.line)
_WAITS: Final = _looks.state == LookState.WAITING.value


@frozen
class SqlSecondLookStore:
    """:class:`kokuho_core.ports.second_look.SecondLookStore` on SQL tables."""

    connection: Connection

    def wait(self, decision: DecisionFact) -> None:
        self.connection.execute(
            insert(second_look).values(
                file_no=decision.file_no,
                line=decision.line,
                insurer_number=decision.insurer_number,
                candidate_number=decision.candidate_number,
                state=LookState.WAITING.value,
            )
        )

    def find(self, number: str) -> SecondLook | None:
        place = _place(number)
        if place is None:
            return None
        row = self.connection.execute(_listed().where(_looks.file_no == place[0], _looks.line == place[1])).first()
        return _look(row) if row is not None else None

    def waiting_from(self, insurer: InsurerNumber) -> list[DecisionFact]:
        query = (
            select(decision)
            .join(second_look, _OF_DECISION)
            .where(_WAITS, _looks.insurer_number == insurer)
            .order_by(_looks.file_no, _looks.line)
        )
        return [DecisionFact(*row) for row in self.connection.execute(query)]

    def all(self, insurer: InsurerNumber | None = None, *, waiting_only: bool = True) -> Iterable[SecondLook]:
        query = _listed().order_by(_looks.file_no, _looks.line)
        if insurer is not None:
            query = query.where(_looks.insurer_number == insurer)
        if waiting_only:
            query = query.where(_WAITS)
        return map(_look, self.connection.execute(query))

    def settle(self, number: str, state: LookState, agreement: Agreement, at: datetime, code: str | None = None) -> None:
        file_no, line = _place(number) or (None, None)
        statement = update(second_look).where(_looks.file_no == file_no, _looks.line == line, _WAITS)
        done = self.connection.execute(
            statement.values(
                state=state.value, settled_by=agreement.asked_by, agreed_by=agreement.agreed_by, reason=agreement.reason,
                code=code, settled_at=at,
            )
        )  # fmt: skip
        if done.rowcount != 1:
            raise Conflict(Problem("KKH-X001", field="decision"))


def _place(number: str) -> tuple[int, int] | None:
    found = _NUMBER.fullmatch(number)
    return (int(found[1]), int(found[2])) if found is not None else None


def _listed() -> Select[Any]:
    settled = (_looks.state, _looks.settled_by, _looks.agreed_by, _looks.reason, _looks.code, _looks.settled_at)
    return (
        select(*decision.c, _files.name, _files.recorded_at, *settled)
        .join(second_look, _OF_DECISION)
        .join(received_file, _files.file_no == _decisions.file_no)
    )


def _look(row: Row[Any]) -> SecondLook:
    width = len(decision.c)
    file, received_at, state, *settled = row[width:]
    return SecondLook(DecisionFact(*row[:width]), file, received_at, LookState(state), *settled)
