"""ファイル連携: batches as KANYUSHA, KAIJO and FUGO files in an exchange folder, answers as files in another (R-3, S-13).

Each file goes under a temporary name, complete and flushed, and gets its own by renaming; the 送付状 with size and SHA-256
comes last. An answer carries the sequence number of the file that it answers, so that it is known whichever comes first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from kokuho_adapters.durable_files import sync_folder, write_durably
from kokuho_adapters.exchange.folder import ExchangeFolder, Outcome, publish_new
from kokuho_adapters.exchange.manifest import SUFFIX, ListedFile, Manifest
from kokuho_adapters.exchange.staging import digest_of, private_folder
from kokuho_adapters.files import LayoutBook, OpenFormatFile, OpenFormatFolder
from kokuho_adapters.files.naming import FileName
from kokuho_adapters.files.reader import AGGREGATION
from kokuho_adapters.registry.answers import CARDS, DUPLICATES, RESULT_FILE, SHAPES, SHOWN, layout_in
from kokuho_core.errors import ChannelFault, ChannelRefused, FileRefused, KokuhoError, Problem, SetupFault
from kokuho_core.ports.registry import (
    Batch,
    CardRegistration,
    DuplicateCover,
    DuplicateList,
    Exchange,
    ReceptionNumber,
    ShownRecord,
)
from kokuho_core.vocabulary.identifiers import InsurerNumber

INTERMEDIATE: Final = "000001"
"""Who the intermediate server is on a 送付状; no insurer number begins with 00."""
INQUIRY: Final = "SHOKAI"
"""照会要求: asks for the records of a partition."""
BATCH_LINES: Final = 100_000

_REFUSAL: Final = "SHOKEKKA"
_REFUSED: Final = "2"


@frozen
class FolderGateway:
    """中間サーバーへのファイル連携: a :class:`~kokuho_core.ports.registry.RegistryGateway`.

    ``to_server`` and ``from_server`` are the folders that both sides reach; ``own`` belongs to us alone and keeps what was taken
    and what was asked for. :meth:`shown` waits up to ``wait_seconds`` for the answer and looks for it every ``pause_seconds``.
    ``now`` gives local time.
    """

    to_server: Path
    from_server: Path
    own: Path
    book: LayoutBook = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)
    wait_seconds: float = 10.0
    pause_seconds: float = 0.2

    @property
    def channel(self) -> str:
        return "file"

    @property
    def batch_lines(self) -> int:
        return BATCH_LINES

    # --- sending ---

    def send(self, batch: Batch) -> ReceptionNumber:
        """Put the batch into the folder. The 受付番号 is the name of its file.

        Raises, beside what the port names, :class:`InvalidValue` and :class:`FileRefused` (KKH-E009) for a value that the file
        cannot hold or must not.
        """
        file_id = batch.exchange.value
        keys = layout_in(self.book, file_id).keys
        return ReceptionNumber(
            self._put(file_id, batch.insurer_number, batch.created_at, batch.number, keys, batch.lines())
        )

    def _put(
        self,
        file_id: str,
        insurer: InsurerNumber,
        created_at: datetime,
        number: int,
        keys: tuple[str, ...],
        lines: Iterable[Any],
    ) -> str:
        try:
            self.to_server.mkdir(parents=True, exist_ok=True)
            with private_folder(self.to_server) as staging:
                outgoing = OpenFormatFolder(staging, self.book)
                name, _ = outgoing.write(file_id, insurer, created_at, number, keys, lines)
                outgoing.publish(name)
                listed = ListedFile(name, digest_of(staging / name))
                publish_new(staging / name, self.to_server / name, listed)
            sync_folder(self.to_server)
            if not self._is_listed(listed):
                manifest = Manifest.fresh(AGGREGATION, INTERMEDIATE, created_at, (listed,))
                write_durably(self.to_server / manifest.name, manifest.to_bytes())
        except FileRefused as refused:
            if refused.code != "KKH-E013":
                raise
            raise ChannelRefused(Problem("KKH-K104", field=file_id)) from None
        except SetupFault as fault:
            if fault.code != "KKH-C020":
                raise
            raise ChannelFault(Problem("KKH-K101", field=self.to_server.name)) from None
        except OSError:
            raise ChannelFault(Problem("KKH-K101", field=self.to_server.name)) from None
        return name

    def _is_listed(self, listed: ListedFile) -> bool:
        """Whether this very file waits in the folder under a 送付状 already."""
        for path in self.to_server.glob(f"{AGGREGATION}_{INTERMEDIATE}_*{SUFFIX}"):
            try:
                if listed in Manifest.from_bytes(path.read_bytes()).files:
                    return True
            except (KokuhoError, OSError):
                continue  # taken meanwhile, or none of ours
        return False

    # --- answers ---

    def results(
        self, exchange: Exchange, insurer: InsurerNumber, number: int, reception: ReceptionNumber
    ) -> Iterable[Any] | None:
        """What has come of the results of a batch.

        Raises, beside what the port names, :class:`ChannelRefused` (KKH-K103 … KKH-K105) when the whole file was refused.
        """
        self._take()
        self._raise_refusal(insurer, number, reception)
        found = self._answers(RESULT_FILE[exchange], insurer, number)
        return self._read(found) if found else None

    def shown(self, insurer: InsurerNumber) -> Iterator[ShownRecord]:
        """Asks for the records, waits for the answer, and gives it out. An answer that comes later is used by the next call."""
        number, reception = self._inquire(insurer)
        due = time.monotonic() + self.wait_seconds
        while True:
            self._take()
            try:
                self._raise_refusal(insurer, number, ReceptionNumber(reception))
            except ChannelRefused:
                self._close_inquiry(insurer)
                raise
            found = self._answers(SHOWN, insurer, number)
            if found:
                break
            if time.monotonic() >= due:
                raise ChannelFault(Problem("KKH-K101", field=SHOWN))
            time.sleep(self.pause_seconds)
        return self._read_once(insurer, found[-1:])

    def card_registrations(self, insurer: InsurerNumber) -> Iterable[CardRegistration] | None:
        found = self._newest_file(CARDS, insurer)
        return self._read([found]) if found is not None else None

    def duplicates(self, insurer: InsurerNumber) -> DuplicateList | None:
        """The newest list. An empty one is of the day on which its file was made."""
        found = self._newest_file(DUPLICATES, insurer)
        if found is None:
            return None
        rows: Iterator[DuplicateCover] = self._read([found])
        first = next(rows, None)
        if first is None:
            return DuplicateList(FileName.parse(found.name).created_at.date(), ())
        return DuplicateList(first.listed_on, chain((first,), rows))

    def _newest_file(self, file_id: str, insurer: InsurerNumber) -> Path | None:
        self._take()
        found = self._answers(file_id, insurer)
        return found[-1] if found else None

    # --- inquiries ---

    def _inquiry(self, insurer: InsurerNumber) -> Path:
        return self.own / "inquiries" / insurer

    def _inquire(self, insurer: InsurerNumber) -> tuple[int, str]:
        """Number and name of the open inquiry, which is sent if there is none. What was asked is known after a crash too."""
        known = self._inquiry(insurer)
        last = known.read_text("utf-8").split() if known.exists() else ["0", "closed"]
        if last[1] != "closed":
            name = FileName.parse(last[1])
        else:
            created_at = self.now().replace(microsecond=0)
            name = FileName(INQUIRY, insurer, created_at, int(last[0]) + 1)
            known.parent.mkdir(parents=True, exist_ok=True)
            write_durably(known, f"{name.sequence} {name}".encode())
        line = (insurer, name.created_at)
        keys = ("insurer_number", "requested_at")
        return name.sequence, self._put(INQUIRY, insurer, name.created_at, name.sequence, keys, [line])

    def _close_inquiry(self, insurer: InsurerNumber) -> None:
        known = self._inquiry(insurer)
        write_durably(known, f"{known.read_text('utf-8').split()[0]} closed".encode())

    def _read_once(self, insurer: InsurerNumber, paths: list[Path]) -> Iterator[ShownRecord]:
        """Read to the end, the inquiry is closed and its answer forgotten."""
        yield from self._read(paths)
        self._close_inquiry(insurer)
        for path in paths:
            path.unlink(missing_ok=True)

    # --- files ---

    @property
    def _received(self) -> Path:
        return self.own / "received"

    def _take(self) -> None:
        """Take what is complete. Raises :class:`FileRefused` when a sending was damaged and has been set aside."""
        try:
            self.from_server.mkdir(parents=True, exist_ok=True)
            folder = ExchangeFolder(
                self.from_server, self._received, self.own / "taken", AGGREGATION, frozenset({INTERMEDIATE})
            )
            takings = folder.take()
        except OSError:
            raise ChannelFault(Problem("KKH-K101", field=self.from_server.name)) from None
        damaged = [
            problem for taking in takings if taking.outcome is Outcome.QUARANTINED for problem in taking.problems
        ]
        if damaged:
            raise FileRefused(*damaged)

    def _answers(self, file_id: str, insurer: InsurerNumber, number: int | None = None) -> list[Path]:
        """The files that came, in the order of their numbers and times; of one number, or all."""
        found = []
        for path in self._received.glob(f"{file_id}_{insurer}_*.csv"):
            try:
                name = FileName.parse(path.name)
            except FileRefused:
                continue
            if number is None or name.sequence == number:
                found.append((name.sequence, name.created_at, path))
        return [path for _, _, path in sorted(found)]

    def _read(self, paths: list[Path]) -> Iterator[Any]:
        """The records of files, as the tuples of the port. A record with a fault refuses its file (S-18)."""
        for path in paths:
            shape = SHAPES[FileName.parse(path.name).file_id]
            for record in OpenFormatFile.from_path(path, self.book, accept="aggregation").records(shape._fields):
                if record.problems:
                    raise FileRefused(*record.problems)
                yield shape._make(record.values)

    def _raise_refusal(self, insurer: InsurerNumber, number: int, reception: ReceptionNumber) -> None:
        """Whether the file ``reception`` was refused as a whole; told once, so that it may be sent again."""
        for path in self._answers(_REFUSAL, insurer, number):
            records = OpenFormatFile.from_path(path, self.book, accept="aggregation").records(
                ("source_file", "result", "error_code")
            )
            codes = [
                code
                for source, result, code in (each.values for each in records)
                if (source, result) == (reception, _REFUSED)
            ]
            if codes:
                path.unlink()
                raise ChannelRefused(Problem(_CODE_OF.get(codes[0], "KKH-K105"), field=codes[0] or ""))


_CODE_OF: Final = {"S401": "KKH-K103", "S403": "KKH-K103", "S409": "KKH-K104", "S410": "KKH-K104"}
"""Answers of the receiver that have a code of their own here."""
