"""試験対象: what a system under test must be able to do. A door stands between this and files, a command or a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol

from attrs import frozen

from kokuho_core.conformance.story import Row
from kokuho_core.errors import KokuhoError, Problem
from kokuho_core.vocabulary.insurers import Insurer

ReturnedRows = Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]
"""(insurer number, FILE_ID) to the rows that came back, by layout key, in the order of the files."""


@frozen
class FileToSend:
    """送付ファイル. ``rows`` hold serials in place of 個人番号 (:data:`kokuho_core.conformance.story.Row`)."""

    file_id: str
    sender: str
    created_at: datetime
    sequence: int
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The name the open format gives it."""
        return f"{self.file_id}_{self.sender}_{self.created_at:%Y%m%d%H%M%S}_{self.sequence:04d}.csv"


class SystemFailed(KokuhoError):
    """試験対象が答えない: it failed, took too long, or returned what cannot be read. That is a fault of its own (X-1).

    ``said``: the last lines it said about it, already without any 個人番号. ``tries``: how many runs the shortest story of this
    fault may cost, where each takes long.
    """

    def __init__(self, *problems: Problem, said: Sequence[str] = (), tries: int | None = None) -> None:
        super().__init__(*problems)
        self.said = tuple(said)
        self.tries = tries


class Aggregation(Protocol):
    """集約システム under test, with the state of one prefecture that was empty at first."""

    def take(self, files: Sequence[FileToSend], as_of: date) -> ReturnedRows:
        """Receive all ``files``, judge for business date ``as_of``, and return what is new for every municipality.

        Raises :class:`SystemFailed` where the system gives no answer.
        """
        ...


MakeAggregation = Callable[[Sequence[Insurer]], AbstractContextManager[Aggregation]]
"""A fresh prefecture of these municipalities; leaving the context throws it away."""
