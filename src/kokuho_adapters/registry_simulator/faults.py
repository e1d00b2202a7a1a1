"""障害の注文: what shall go wrong, where and how often. Ordered by tests and trials; nothing goes wrong by chance."""

from __future__ import annotations

import re
import sqlite3
from enum import StrEnum
from typing import Final

from attrs import field, frozen


class FaultKind(StrEnum):
    """障害の種類."""

    SLOW = "slow"
    """The answer comes after ``seconds``."""
    ERROR = "error"
    """The answer is ``status`` (5xx); nothing was done. By folder: the sending is not taken this time."""
    LOST_REQUEST = "lost_request"
    """The connection breaks before anything is done."""
    LOST_ANSWER = "lost_answer"
    """All is done, then the connection breaks. By folder: no result file is made until the batch is sent again."""
    CUT_ANSWER = "cut_answer"
    """The connection breaks in the middle of the answer."""
    LATE_RESULT = "late_result"
    """Results of a batch are withheld until those of a later one were told, or they were asked for three times."""
    REPEATED_RESULT = "repeated_result"
    """Results of a batch are told twice."""
    SHUFFLED_RESULT = "shuffled_result"
    """Results of a batch come in another order than its records."""


class FaultPlace(StrEnum):
    """障害の場所: which request it meets."""

    SEND = "send"
    RESULTS = "results"
    SHOWN = "shown"
    LISTINGS = "listings"
    ANY = "any"


_FORM: Final = re.compile(
    r"(?P<kind>[a-z_]+)@(?P<place>[a-z]+)(?:\+(?P<skip>[0-9]{1,4}))?(?:\*(?P<times>[0-9]{1,4}))?", re.ASCII
)


@frozen
class Fault:
    """障害 1件: it meets the requests at ``place`` ``times`` times, after ``skip`` of them went well."""

    kind: FaultKind
    place: FaultPlace = FaultPlace.ANY
    skip: int = field(default=0)
    times: int = field(default=1)
    seconds: float = field(default=1.0)
    status: int = field(default=503)

    def __attrs_post_init__(self) -> None:
        if not (0 <= self.skip <= 9999 and 1 <= self.times <= 9999 and 0 <= self.seconds <= 600):
            raise ValueError("skip, times or seconds")
        if self.status not in (500, 502, 503, 504):
            raise ValueError("status")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """``KIND@PLACE[+SKIP][*TIMES]``, for instance ``lost_answer@send+1*2``. Raises :class:`ValueError`."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(text)
        return cls(
            FaultKind(match["kind"]), FaultPlace(match["place"]), int(match["skip"] or 0), int(match["times"] or 1)
        )


def order(connection: sqlite3.Connection, fault: Fault) -> None:
    """Add ``fault`` to what shall go wrong."""
    connection.execute(
        "INSERT INTO fault (kind, place, skip, times, seconds, status) VALUES (?, ?, ?, ?, ?, ?)",
        (fault.kind.value, fault.place.value, fault.skip, fault.times, fault.seconds, fault.status),
    )


def cancel_all(connection: sqlite3.Connection) -> None:
    """Nothing goes wrong any more."""
    connection.execute("DELETE FROM fault")


def next_fault(connection: sqlite3.Connection, place: FaultPlace, kinds: frozenset[FaultKind]) -> Fault | None:
    """What meets a request at ``place``: the first ordered of ``kinds``, which is used up by it."""
    rows = connection.execute(
        "SELECT fault, kind, place, skip, times, seconds, status FROM fault WHERE place IN (?, 'any') ORDER BY fault",
        (place.value,),
    ).fetchall()
    for number, kind, where, skip, times, seconds, status in rows:
        if FaultKind(kind) not in kinds:
            continue
        if skip:
            connection.execute("UPDATE fault SET skip = skip - 1 WHERE fault = ?", (number,))
            continue
        if times > 1:
            connection.execute("UPDATE fault SET times = times - 1 WHERE fault = ?", (number,))
        else:
            connection.execute("DELETE FROM fault WHERE fault = ?", (number,))
        return Fault(FaultKind(kind), FaultPlace(where), 0, times, seconds, status)
    return None
