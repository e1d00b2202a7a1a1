"""この製品の口: its own stores, exchange folder and number vault, as the trials of the library's door want them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import define, field, frozen
from sqlalchemy.engine import make_url

from kokuho_adapters.conformance.embedded import Prefectures, temporary_folder
from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.exchange.folder import ExchangeFolder, Outcome, send_files
from kokuho_adapters.exchange.manifest import Manifest
from kokuho_adapters.files import LayoutBook
from kokuho_adapters.security import AesGcmNumberVault, DataKeys, KeyRing
from kokuho_adapters.security.file_key_provider import FileKeyProvider
from kokuho_adapters.security.key_custody import make_missing_keys
from kokuho_core.conformance.lives import PREFECTURE
from kokuho_core.conformance.trials.in_memory import MemoryKeyRegister
from kokuho_core.conformance.trials.vault import VaultUnderTest
from kokuho_core.ports.keys import KeyRegister
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import Insurer

_MOMENT: Final = datetime(2024, 6, 1, 9)
SENDER: Final = "130013"
ADDRESSEE: Final = "000000"


@frozen
class OwnStores:
    """保管: the database of an empty prefecture; ``open`` is the ``make`` of a StoresTrial."""

    prefectures: Prefectures

    @contextmanager
    def open(self, insurers: Sequence[Insurer]) -> Iterator[SqlDatabase]:
        with self.prefectures.fresh(insurers) as (_, configuration):
            database = open_database(make_url(configuration.database))
            try:
                yield database
            finally:
                database.close()


@contextmanager
def own_vault(insurers: Sequence[InsurerNumber]) -> Iterator[VaultUnderTest]:
    """番号保管庫 with a key ring of its own: the ``make`` of a VaultTrial."""
    with temporary_folder() as folder:
        ring, register = folder / "keys.json", MemoryKeyRegister()
        KeyRing.create(ring)
        data_keys = DataKeys(FileKeyProvider(ring), PREFECTURE)
        make_missing_keys(register, data_keys, insurers, _MOMENT)

        @contextmanager
        def keys() -> Iterator[KeyRegister]:
            yield register

        yield VaultUnderTest(AesGcmNumberVault(data_keys), keys)


class SenderDied(Exception):
    """The sender of a trial dies where it is told to."""


Send = Callable[[Sequence[Path], datetime, Callable[[Manifest], None]], Manifest]
"""Send files at a moment; the function is told of the manifest before anything is published."""


@define
class OwnExchange:
    """ファイル授受 into a folder; ``fetch`` brings there what lies on a server."""

    send_paths: Send
    where: Path
    taker: ExchangeFolder
    own: Path
    fetch: Callable[[], None]
    _moment: datetime = _MOMENT
    _order: list[str] = field(factory=list)

    def send(self, files: Mapping[str, bytes]) -> None:
        self._send(files, lambda manifest: None)

    def break_off(self, files: Mapping[str, bytes], done: float) -> None:
        """Before anything is published; or when everything is, but the manifest, which comes last."""
        if done >= 0.5:
            manifest = self._send(files, lambda manifest: None)
            (self.where / manifest.name).unlink()
            return
        try:
            self._send(files, _die)
        except SenderDied:
            return

    def take(self) -> None:
        self.fetch()
        for taking in self.taker.take():
            if taking.outcome is Outcome.TAKEN:
                self._order += [name for name in taking.files if name not in self._order]

    def received(self) -> Sequence[tuple[str, bytes]]:
        there = {each.name for each in self.taker.received.iterdir()} if self.taker.received.exists() else set()
        unordered = sorted(each for each in there if each not in self._order)
        return [(name, (self.taker.received / name).read_bytes()) for name in (*self._order, *unordered)]

    def _send(self, files: Mapping[str, bytes], record: Callable[[Manifest], None]) -> Manifest:
        self._moment += timedelta(seconds=1)
        self.own.mkdir(exist_ok=True)
        for name, content in files.items():
            (self.own / name).write_bytes(content)
        return self.send_paths([self.own / name for name in files], self._moment, record)


def _die(manifest: Manifest) -> None:
    raise SenderDied


@contextmanager
def own_folder_exchange() -> Iterator[OwnExchange]:
    """授受フォルダ: the ``make`` of an ExchangeTrial."""
    book = LayoutBook.shipped()
    with temporary_folder() as folder:
        shared = folder / "shared"
        shared.mkdir()

        def send(paths: Sequence[Path], moment: datetime, record: Callable[[Manifest], None]) -> Manifest:
            return send_files(paths, shared, SENDER, ADDRESSEE, moment, book, record)

        taker = ExchangeFolder(shared, folder / "received", folder / "records", ADDRESSEE)
        yield OwnExchange(send, shared, taker, folder / "own", lambda: None)


