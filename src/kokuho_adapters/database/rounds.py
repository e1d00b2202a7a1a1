"""回: what waits bears the number of the round in which it will go, and going moves its file on to the next round.

So all that goes is marked by one row, and nothing of it is written again. What waits in an earlier round than the next has gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.statements import insert_of
from kokuho_adapters.database.tables import return_round
from kokuho_core.vocabulary.identifiers import InsurerNumber

FIRST: Final = 1
"""The round that comes next where none has gone."""


def next_round(rounds: Table, insurer_number: Any, file_id: Any) -> Any:
    """The number of the round that comes next, as a part of another statement."""
    mine = (rounds.c.insurer_number == insurer_number, rounds.c.file_id == file_id)
    return select(func.coalesce(func.max(rounds.c.number), FIRST)).where(*mine).scalar_subquery()


NEXT_RETURN: Final = func.coalesce(return_round.c.number, FIRST)
"""返却の回 that comes next, where ``return_round`` is outer-joined on :func:`return_round_of`."""


def return_round_of(insurer_number: Any, file_id: Any) -> ColumnElement[bool]:
    return and_(return_round.c.insurer_number == insurer_number, return_round.c.file_id == file_id)


def move_on(connection: Connection, rounds: Table, insurer_number: InsurerNumber, file_id: str) -> None:
    """What waits goes, and the next round comes."""
    of_file = {"insurer_number": insurer_number, "file_id": file_id, "number": FIRST + 1}
    connection.execute(_next_one(connection.dialect.name, rounds), of_file)


@cache
def _next_one(dialect_name: str, rounds: Table) -> Any:
    keys = [column.name for column in rounds.primary_key.columns]
    return insert_of(dialect_name, rounds).on_conflict_do_update(
        index_elements=keys, set_={"number": rounds.c.number + 1}
    )


class _Numbers(dict[tuple[str, str], int]):
    def __missing__(self, key: tuple[str, str]) -> int:
        return FIRST


@frozen
class ReturnRounds:
    """返却の回 that come next, for many rows: read once in a transaction, for there are few."""

    connection: Connection
    _read: list[_Numbers] = field(factory=list, init=False, repr=False)

    def numbers(self) -> Mapping[tuple[str, str], int]:
        """By kind of file and municipality, which stand together in a :class:`ReturnKey` too.

        Of all municipalities: one that decides about two households has both told.
        """
        if not self._read:
            rounds = return_round.c
            with prefecture_wide(self.connection):
                rows = self.connection.execute(select(rounds.file_id, rounds.insurer_number, rounds.number)).all()
            self._read.append(_Numbers({(file_id, insurer): number for file_id, insurer, number in rows}))
        return self._read[0]

    def move_on(self, insurer_number: InsurerNumber, file_id: str) -> None:
        move_on(self.connection, return_round, insurer_number, file_id)
        self.forget()

    def forget(self) -> None:
        """After a commit others may have gone."""
        self._read.clear()
