"""順番: who may write when several processes work for one prefecture (S-26).

SQLite lets one writer in at a time. On PostgreSQL a unit of work is let in one at a time too, by an advisory lock that ends
with its transaction; but one that begins in a *lane* (the files of one kind from one sender) only loads at first, beside
others, and waits for the lock when it asks to be *alone*. From then on it sees all that was committed before it, and whatever
it judges and keeps is as if it had been the only one.

Files are numbered in the order in which they are judged: who has a lower number is waited for. Numbers are found from the
highest that was kept and the highest that is on its way, so that a file that is undone leaves none missing.
"""

from __future__ import annotations

import zlib
from typing import Final

from attrs import field, frozen
from sqlalchemy import Connection, text

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.copying import rows_added
from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.one_message import rows_of_each
from kokuho_adapters.database.planning import count_what_grew
from kokuho_adapters.database.unit import unit_of

_RECEIVED_FILE: Final = "received_file"

# First keys of the advisory locks; «ko» in front, so that they meet no one else's in the same database.
_ALONE, _LANE, _ENTRANCE, _ON_ITS_WAY = (0x6B6F0000 + number for number in (1, 2, 3, 4))

_LOCK: Final = text("SELECT pg_advisory_xact_lock(:what, :which)")
_LOCK_SHARED: Final = text("SELECT pg_advisory_xact_lock_shared(:what, :which)")
_NUMBERS_ON_THEIR_WAY: Final = f"""
SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = {_ON_ITS_WAY} AND objsubid = 2
AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1
"""  # noqa: S608 - a number of this module # nosec B608
_LAST_KEPT: Final = f"SELECT value FROM counter WHERE name = '{_RECEIVED_FILE}'"  # noqa: S608 # nosec B608


def turn_of(lane: str | None) -> tuple[int, int]:
    """The lock that a unit of work waits for when it begins: that of its lane, else that of everybody who writes.

    Two lanes that share a key wait for each other, which does no harm.
    """
    return (_LANE, zlib.crc32(lane.encode()) - 2**31) if lane is not None else (_ALONE, 0)


def wait_to_be_alone(connection: Connection) -> None:
    """Wait until no other writer judges."""
    connection.execute(_LOCK, {"what": _ALONE, "which": 0})


@frozen
class Turns:
    """順番 of one unit of work."""

    connection: Connection
    counters: Counters
    _entered: list[int] = field(factory=list)

    def enter(self) -> int:
        """A number for a file; higher than that of every file judged before."""
        if not self._is_shared:
            return self.counters.next(_RECEIVED_FILE)
        number = self._numbered_beside_others()
        self._entered.append(number)
        self.counters.reached(_RECEIVED_FILE, number)
        return number

    def alone(self) -> None:
        """Wait until all files with lower numbers and every other writer are done."""
        unit = unit_of(self.connection)
        if not self._is_shared or unit is None or unit.lane is None:
            return
        first = min(self._entered, default=None)
        if first is not None:
            for (number,) in rows_of_each(self.connection, _NUMBERS_ON_THEIR_WAY)[0]:
                if number < first:
                    self.connection.execute(_LOCK_SHARED, {"what": _ON_ITS_WAY, "which": number})
        wait_to_be_alone(self.connection)
        added = rows_added(self.connection)
        count_what_grew(self.connection, added)
        added.clear()

    def done(self) -> None:
        """After the commit; what follows is another transaction."""
        self._entered.clear()

    @property
    def _is_shared(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def _numbered_beside_others(self) -> int:
        """The entrance is open for one at a time, and outlives no statement but these."""
        try:
            with prefecture_wide(self.connection):
                # In this order: what is no longer on its way when the first is asked was kept when the second is.
                _, on_their_way, kept = rows_of_each(
                    self.connection, f"SELECT pg_advisory_lock({_ENTRANCE}, 0)", _NUMBERS_ON_THEIR_WAY, _LAST_KEPT
                )
            number: int = max([0, *(each for (each,) in (*kept, *on_their_way)), *self._entered]) + 1
            rows_of_each(
                self.connection,
                f"SELECT pg_advisory_xact_lock({_ON_ITS_WAY}, {number})",
                f"SELECT pg_advisory_unlock({_ENTRANCE}, 0)",
            )
        except BaseException:
            self.connection.invalidate()  # the entrance must not stay open with a connection that is used again
            raise
        return number
