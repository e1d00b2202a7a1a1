"""持ち帰った結果ファイル: KANKEKKA, KAIJOKEKKA and FUGOKEKKA files that somebody carried here by hand (R-3).

A file answers the batch with its own sequence number, so nothing but the files is needed. What else a gateway does needs a way to
the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from attrs import field, frozen

from kokuho_adapters.files import LayoutBook, OpenFormatFile
from kokuho_adapters.files.naming import FileName
from kokuho_adapters.registry.answers import RESULT_FILE, SHAPES
from kokuho_core.errors import ChannelRefused, FileRefused, Problem
from kokuho_core.ports.registry import Batch, CardRegistration, DuplicateList, Exchange, ReceptionNumber, ShownRecord
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class CarriedResults:
    """結果ファイルだけの :class:`~kokuho_core.ports.registry.RegistryGateway`.

    Raises :class:`FileRefused`: KKH-F001 a name that follows no rule, KKH-F013 a file that is no result.
    """

    files: Sequence[Path]
    book: LayoutBook = field(repr=False)

    def __attrs_post_init__(self) -> None:
        for path in self.files:
            if FileName.parse(path.name).file_id not in RESULT_FILE.values():
                raise FileRefused(Problem("KKH-F013", field=path.name))

    @property
    def channel(self) -> str:
        return "file"

    @property
    def batch_lines(self) -> int:
        return 0

    def insurers(self) -> list[InsurerNumber]:
        """Whom the files answer."""
        return sorted({InsurerNumber(FileName.parse(path.name).insurer_number) for path in self.files})

    def numbers(self, insurer: InsurerNumber) -> frozenset[int]:
        """Which registrations of a municipality the files answer."""
        names = [FileName.parse(path.name) for path in self.files]
        kind = RESULT_FILE[Exchange.REGISTRATION]
        return frozenset(each.sequence for each in names if (each.file_id, each.insurer_number) == (kind, insurer))

    def results(
        self, exchange: Exchange, insurer: InsurerNumber, number: int, reception: ReceptionNumber
    ) -> Iterable[Any] | None:
        wanted = (RESULT_FILE[exchange], insurer, number)
        found = []
        for path in self.files:
            name = FileName.parse(path.name)
            if (name.file_id, name.insurer_number, name.sequence) == wanted:
                found.append(path)
        return self._read(found) if found else None

    def _read(self, paths: Iterable[Path]) -> Iterator[Any]:
        for path in paths:
            file = OpenFormatFile.from_path(path, self.book, accept="aggregation")
            shape = SHAPES[file.header().file_id]
            for record in file.records(shape._fields):
                if record.problems:
                    raise FileRefused(*record.problems)
                yield shape._make(record.values)

    def send(self, batch: Batch) -> ReceptionNumber:
        """Raises :class:`ChannelRefused` (KKH-K101), as everything but :meth:`results`."""
        self._no_way()

    def shown(self, insurer: InsurerNumber) -> Iterator[ShownRecord]:
        self._no_way()

    def card_registrations(self, insurer: InsurerNumber) -> Iterable[CardRegistration] | None:
        self._no_way()

    def duplicates(self, insurer: InsurerNumber) -> DuplicateList | None:
        self._no_way()

    @staticmethod
    def _no_way() -> NoReturn:
        raise ChannelRefused(Problem("KKH-K101", field="carried files"))
