"""ファイル授受の口: what the use cases need of an incoming or outgoing file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from attrs import field, frozen

from kokuho_core.errors import Problem
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber

FIRST_LINE: Final = 2
"""Where the first record of a file stands: behind the control record (X-3)."""


@frozen
class FileHeader:
    """ファイルの素性: what name and control record say, already found to agree (X-1)."""

    file_id: str
    layout_version: str
    sender: InsurerNumber
    created_at: datetime
    sequence: int


@frozen
class ReadRecord:
    """One data record as read: ``values`` in the order of the keys asked for, or the ``problems`` that refuse it.

    ``line`` counts the control record as 1 (X-3). ``warnings`` stop nothing.
    """

    line: int
    values: tuple[Any, ...] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class IncomingFile(Protocol):
    """受信ファイル. Everything streams; each method may be called more than once and reads from the start."""

    @property
    def name(self) -> str:
        """The plain file name."""
        ...

    def header(self) -> FileHeader:
        """Raises :class:`FileRefused` when name or control record is wrong, or the sender unknown."""
        ...

    def records(self, keys: tuple[str, ...]) -> Iterator[ReadRecord]:
        """All data records, ``values`` ordered by ``keys``.

        Raises :class:`FileRefused` as soon as the structure is found broken, so nothing may be committed before the end.
        """
        ...

    def blocks(self) -> Iterator[bytes]:
        """The raw bytes, block by block."""
        ...


class Writability(Protocol):
    """書けるかどうか: asked before something is kept that would stop the file it goes into later."""

    def __call__(
        self, encoding: str, file_id: str, keys: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> Sequence[Problem]:
        """The first problem of each row that the newest layout or the encoding cannot hold, none where all can be written."""
        ...


@frozen(slots=False, repr=False)  # lives for one batch only
class PreparedLines:
    """用意された行: some lines of a file that are written but for their individual numbers (I-5).

    ``lines`` was made for the :class:`OutgoingFiles` it is given to. ``numbers`` has a column of them for each key of
    such a field, None where no line has one.
    """

    lines: Any
    numbers: Mapping[str, Sequence[IndividualNumber | None] | None]


Columns = Sequence[Sequence[Any]]
"""The values of many rows, for each of some keys those of all."""


class OutgoingFiles(Protocol):
    """送信ファイル: writes complete files only; a file is seen by others when it is published, not before."""

    def write(
        self,
        file_id: str,
        addressee: InsurerNumber,
        created_at: datetime,
        sequence: int,
        keys: Sequence[str],
        rows: Iterable[Sequence[Any]],
    ) -> tuple[str, int]:
        """Write one file under a temporary name; the values of ``rows`` are in the order of ``keys``.

        Returns its final name and the number of data records.
        """
        ...

    def write_columns(
        self,
        file_id: str,
        addressee: InsurerNumber,
        created_at: datetime,
        sequence: int,
        keys: Sequence[str],
        batches: Iterable[Columns | PreparedLines],
    ) -> tuple[str, int]:
        """As :meth:`write`, for rows that are given many at a time as they are kept: for each of ``keys`` the values of all of
        them, days, months and moments in ISO text.

        What was prepared for these files, and in their order, may stand in the place of some.
        """
        ...

    def publish(self, *names: str) -> None:
        """Give the written files their final names. Harmless when they were published before."""
        ...
