"""先回りの口: a second process that computes ahead what needs no transaction, while the first one reads and writes.

It never decides anything of its own: what it answers is what the one who asks would have computed. Where it has no answer, it
is computed by who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from kokuho_core.errors import Problem
from kokuho_core.ports.assigned import Assigned, Numbering
from kokuho_core.ports.files import FileHeader, IncomingFile, OutgoingFiles
from kokuho_core.ports.stores import RecordOutcome
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber

if TYPE_CHECKING:  # hardly a process sends the files of a municipal office
    from kokuho_core.ports.municipal import RowPlace


class ForerunnerLost(Exception):
    """The forerunner ended, or what it computed counts no more: what was begun with its answers must be begun again without."""


@frozen
class SealedWith:
    """封印の鍵: the keys that numbers were sealed with ahead, and how many were."""

    index_version: int
    key_id: str
    numbers: int


@frozen
class TakenRecords:
    """先に読んだレコード: some records of a file, in order, as :class:`kokuho_core.usecases.reception_kinds.Reception` took them.

    ``bound`` are the accepted ones in the form in which the database takes them. ``fault`` is what refuses the whole file after
    them; the file ends with the last of its parts. With that come the refusals by line that all records together lead to, where
    nothing else needs to be known for them.
    """

    total: int
    outcomes: tuple[RecordOutcome, ...]
    bound: Any
    sealed: SealedWith | None
    fault: tuple[Problem, ...]
    is_last: bool
    refused: Mapping[int, Problem] | None = None


class JudgingAhead(Protocol):
    """先回りの判定 inside one unit of work that judges alone."""

    def ask(self, waiting: Sequence[Addressee], numbering: Numbering) -> None:
        """Have the connected groups around ``waiting`` judged and numbered from there on, unless they were asked for before."""
        ...

    def follow(self, coming: Sequence[Sequence[Addressee]]) -> None:
        """Have the first of these judged after what was asked for last: without whom that covers, and from where its numbers end.

        The others come after it; what can be done about them before their turn may be.
        """
        ...

    def answer(self) -> Assigned | None:
        """The next one, by what was committed before the unit of work. None: nobody worked on it."""
        ...

    def forget(self) -> None:
        """Where an answer did not count, those that follow upon it do not either."""
        ...


@frozen
class LinesAhead:
    """先に用意した行: ``rows`` says which rows they are of, ``lines`` is for who writes the file, as ``PreparedLines`` has it."""

    rows: Sequence[RowPlace]
    lines: Any = field(repr=False)


class WritingAhead(Protocol):
    """先回りの書出し inside one unit of work that changes none of the rows before all are written."""

    @property
    def is_ready(self) -> bool:
        """Whether it pays to ask; asked without waiting."""
        ...

    def ask(self, file_id: str, keys: Sequence[str], after: RowPlace | None, line: int) -> None:
        """Have all that waits for this file behind ``after`` prepared by ``keys``; the first of it will stand on ``line``."""
        ...

    def answer(self) -> LinesAhead | None:
        """The next ones, as many together as the store gives. None: who asks goes on without."""
        ...

    def forget(self) -> None:
        """What it prepares is not wanted; it is asked no more."""
        ...


class Forerunner(Protocol):
    """先回り."""

    def taken(self, incoming: IncomingFile, header: FileHeader) -> Iterator[TakenRecords] | None:
        """The records of a file that was announced, once; None: nobody reads it. The iterator raises :class:`ForerunnerLost`."""
        ...

    def judging(self, as_of: date, waiting: int) -> AbstractContextManager[JudgingAhead]:
        """For so many who wait. To be left before the unit of work is committed."""
        ...

    def writing(
        self, outgoing: OutgoingFiles, insurer: InsurerNumber, waiting: int
    ) -> AbstractContextManager[WritingAhead]:
        """For so many rows that go out into files of ``outgoing``. To be left before the unit of work is committed."""
        ...


class NoForerunner:
    """Everything is computed by who asks."""

    def taken(self, incoming: IncomingFile, header: FileHeader) -> Iterator[TakenRecords] | None:
        return None

    def judging(self, as_of: date, waiting: int) -> AbstractContextManager[JudgingAhead]:
        return nullcontext(self)

    def ask(self, waiting: Sequence[Addressee], numbering: Numbering) -> None: ...

    def follow(self, coming: Sequence[Sequence[Addressee]]) -> None: ...

    def answer(self) -> Assigned | None:
        return None

    def writing(
        self, outgoing: OutgoingFiles, insurer: InsurerNumber, waiting: int
    ) -> AbstractContextManager[WritingAhead]:
        return nullcontext(NobodyWrites())

    def forget(self) -> None: ...


class NobodyWrites:
    """Every line is written by who asks."""

    is_ready = False

    def ask(self, file_id: str, keys: Sequence[str], after: RowPlace | None, line: int) -> None: ...

    def answer(self) -> LinesAhead | None:
        return None

    def forget(self) -> None: ...
