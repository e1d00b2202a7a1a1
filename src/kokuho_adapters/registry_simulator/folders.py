"""ファイル連携の窓口: one exchange folder per client, whose name is the identity (R-3, S-13).

What comes: KANYUSHA, KAIJO, FUGO, and SHOKAI, which asks for the records of a partition. What goes: the result of each file, the
records asked for, and the snapshots and lists as they are made. **An answer carries the number of the file it answers**; an
answer given once more has a later time. A list is made «on» its own day: the file of an empty one tells it by its name. What is
refused as a whole is answered with a SHOKEKKA of one record, line 0.
"""

from __future__ import annotations

import csv
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from kokuho_adapters.exchange.folder import ExchangeFolder, Outcome, send_files
from kokuho_adapters.files import LayoutBook, OpenFormatFile, OpenFormatFolder
from kokuho_adapters.files.naming import FileName
from kokuho_adapters.files.reader import AGGREGATION
from kokuho_adapters.files.values import compile_field
from kokuho_adapters.registry_simulator.answers import REFUSALS, Refusal, Refused
from kokuho_adapters.registry_simulator.faults import FaultKind, FaultPlace
from kokuho_adapters.registry_simulator.receiver import RESULT_OF, SHOWN, Caller, Receiver, layout_of
from kokuho_adapters.registry_simulator.settings import Client
from kokuho_core.errors import FileRefused
from kokuho_core.vocabulary.identifiers import InsurerNumber

INTERMEDIATE: Final = "000001"
"""Who the intermediate server is on a 送付状; no insurer number begins with 00."""
INQUIRY: Final = "SHOKAI"
CHANNEL: Final = "file"

_KINDS: Final = frozenset({FaultKind.ERROR, FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER})


@define
class FolderService:
    """窓口. :meth:`work_once` does everything that is there to do; it may be stopped at any point and repeated."""

    _receiver: Receiver
    _book: LayoutBook = field(factory=LayoutBook.shipped)
    _stopped: threading.Event = field(factory=threading.Event)

    def work_once(self) -> int:
        """Take and answer what all clients sent. Returns how many files were taken in or put out."""
        clients = [each for each in self._receiver.settings.clients.values() if not each.operator]
        return sum(self._take(client) + self._put_out(client) for client in clients)

    def work_until_stopped(self, pause_seconds: float) -> None:
        """Again and again, until :meth:`stop`."""
        while not self._stopped.is_set():
            if not self.work_once():
                self._stopped.wait(pause_seconds)

    def stop(self) -> None:
        self._stopped.set()

    # --- coming in ---

    def _take(self, client: Client) -> int:
        settings, caller = self._receiver.settings, Caller(CHANNEL, client.name)
        received = settings.state_folder / "received" / client.name
        shared = settings.to_server(client.name)
        for folder in (shared, settings.from_server(client.name)):
            folder.mkdir(parents=True, exist_ok=True)
        exchange = ExchangeFolder(
            shared, received, settings.state_folder / "taken" / client.name, INTERMEDIATE, frozenset({AGGREGATION})
        )
        taken = exchange.take()
        for taking in taken:
            if taking.outcome is Outcome.QUARANTINED:
                self._receiver.note(caller, "take", "", Refusal.MALFORMED, taking.problems[0].code)
        files = sorted((each for each in received.glob("*.csv")), key=_order)
        return sum(self._take_file(caller, each) for each in files)

    def _take_file(self, caller: Caller, path: Path) -> int:
        """1 when the file is done with, 0 when it must wait."""
        name = _name_of(path)
        try:
            if name is None or name.file_id not in (*RESULT_OF, INQUIRY):
                raise FileRefused
            file = OpenFormatFile.from_path(path, self._book, accept="aggregation")
            for _ in file.records(()):
                pass  # the structure is right to the end
        except FileRefused as refused:
            self._receiver.note(
                caller, "take", "", Refusal.MALFORMED, refused.problems[0].code if refused.problems else ""
            )
            if name is not None:
                self._refuse(
                    caller, name, refused.problems[0].code if refused.problems else Refusal.MALFORMED.value, ""
                )
            path.unlink()
            return 1
        if name.file_id == INQUIRY:
            self._show(caller, name)
        elif not self._take_batch(caller, name, path):
            return 0
        path.unlink()
        return 1

    def _take_batch(self, caller: Caller, name: FileName, path: Path) -> bool:
        receiver, insurer = self._receiver, name.insurer_number
        if name.sequence > receiver.next_number(name.file_id, insurer) and insurer in self._partitions(caller):
            return False  # until the earlier ones are there
        fault = receiver.next_fault(FaultPlace.SEND, _KINDS)
        kind = fault.kind if fault is not None else None
        if kind is FaultKind.ERROR:
            return False
        if kind is FaultKind.LOST_REQUEST:
            return True
        try:
            reception, is_new = receiver.take(caller, name.file_id, insurer, name.sequence, _texts(path))
        except Refused as refused:
            self._refuse(caller, name, refused.refusal.value, REFUSALS[refused.refusal])
            return True
        if kind is FaultKind.LOST_ANSWER:
            receiver.begin_publishing(reception)
            receiver.set_published(reception)
        elif not is_new:
            receiver.publish_again(reception)
        return True

    def _partitions(self, caller: Caller) -> frozenset[str]:
        return self._receiver.settings.clients[caller.subject].partitions

    # --- going out ---

    def _put_out(self, client: Client) -> int:
        put_out = 0
        for reception in self._receiver.unpublished(client.partitions):
            self._receiver.begin_publishing(reception)
            told = self._receiver.results(reception)
            if told is None:
                continue
            rows, twice = told
            kept = list(rows) if twice else rows
            for _ in range(1 + twice):
                self._send(client.name, RESULT_OF[reception.exchange], reception.insurer_number, reception.number, kept)
            self._receiver.set_published(reception)
            put_out += 1
        for listing, file_id, insurer, sequence, day in self._receiver.unpublished_listings(client.partitions):
            self._send(
                client.name,
                file_id,
                insurer,
                sequence,
                self._listed(listing, insurer, day),
                _on_that_day(day, sequence),
            )
            self._receiver.set_listing_published(listing)
            put_out += 1
        return put_out

    def _listed(self, listing: int, insurer: str, day: str) -> Iterator[tuple[str, ...]]:
        after = -1
        while page := self._receiver.listed(listing, insurer, day, after):
            yield from page
            after += len(page)

    def _show(self, caller: Caller, name: FileName) -> None:
        insurer = name.insurer_number
        try:
            self._send(caller.subject, SHOWN, insurer, name.sequence, self._receiver.shown(caller, insurer))
        except Refused as refused:
            self._refuse(caller, name, refused.refusal.value, REFUSALS[refused.refusal])

    def _refuse(self, caller: Caller, name: FileName, code: str, message: str) -> None:
        row = (name.insurer_number, str(name), "0", "2", code, "", message)
        self._send(caller.subject, "SHOKEKKA", name.insurer_number, name.sequence, [row])

    def _send(
        self,
        client: str,
        file_id: str,
        insurer: str,
        number: int,
        rows: Iterable[Sequence[str]],
        made_at: datetime | None = None,
    ) -> None:
        settings = self._receiver.settings
        made_at = made_at or self._receiver.fresh_stamp()
        settings.state_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="put-out-", dir=settings.state_folder) as temporary:
            folder = OpenFormatFolder(Path(temporary), self._book)
            layout = layout_of(file_id)
            name, _ = folder.write(file_id, InsurerNumber(insurer), made_at, number, layout.keys, _typed(file_id, rows))
            folder.publish(name)
            send_files(
                [Path(temporary) / name], settings.from_server(client), INTERMEDIATE, AGGREGATION, made_at, self._book
            )


def _on_that_day(day: str, sequence: int) -> datetime:
    """When a list is said to have been made: on its own day, which an empty one could not tell otherwise."""
    return datetime.fromisoformat(day) + timedelta(seconds=sequence % 86400)


def _typed(file_id: str, rows: Iterable[Sequence[str]]) -> Iterator[tuple[Any, ...]]:
    """Texts as the values that the writer of files takes."""
    layout = layout_of(file_id)
    parsers = [compile_field(item, layout.is_inclusive) for item in layout.fields]
    for row in rows:
        yield tuple(parse(text) if text else None for parse, text in zip(parsers, row, strict=True))


def _texts(path: Path) -> Iterator[list[str]]:
    """The texts of the data records of a file whose structure has been found right."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, strict=True):
            if row[0] == "2":
                yield row[1:]


def _name_of(path: Path) -> FileName | None:
    try:
        return FileName.parse(path.name)
    except FileRefused:
        return None


def _order(path: Path) -> tuple[str, str, int, str]:
    name = _name_of(path)
    return ("", "", 0, path.name) if name is None else (name.file_id, name.insurer_number, name.sequence, path.name)
