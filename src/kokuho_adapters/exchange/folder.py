"""授受フォルダ: a folder that two sides reach, for instance on a file server (S-13).

The sender writes each file under a temporary name and gives it its own when it is complete; the manifest (送付状) comes last.
The receiver takes what a manifest lists: each file is copied to a private place while it is hashed, and only the copy, found
right, is used. So nothing depends on when a sender stops writing, or on what happens to the shared folder afterwards.

The receiver's own folder (控え) holds ``taken/`` with the manifests taken, by which nothing is taken twice, and ``quarantine/``
with what was damaged. It belongs to the receiver alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from attrs import field, frozen

from kokuho_adapters.durable_files import sync_folder, write_durably
from kokuho_adapters.exchange.manifest import (
    MAX_FILE_BYTES,
    MAX_MANIFEST_BYTES,
    SUFFIX,
    ListedFile,
    Manifest,
)
from kokuho_adapters.exchange.outbound_scan import scan_file
from kokuho_adapters.exchange.plain_names import is_plain, require_plain
from kokuho_adapters.exchange.staging import (
    copy_hashed,
    digest_of,
    open_regular,
    private_folder,
)
from kokuho_adapters.files.layout import LayoutBook
from kokuho_adapters.recorded_acts import BeforeItHolds, recorded_elsewhere
from kokuho_core.errors import FileRefused, KokuhoError, Problem

TAKEN: Final = "taken"
QUARANTINE: Final = "quarantine"


def send_files(
    paths: Sequence[Path],
    folder: Path,
    sender: str,
    addressee: str,
    created_at: datetime,
    book: LayoutBook,
    record: BeforeItHolds[Manifest] = recorded_elsewhere,
) -> Manifest:
    """Put ``paths`` into ``folder`` under their own names, the manifest last. Nothing of theirs appears before all are scanned
    and the sending is on ``record``.

    Raises :class:`FileRefused`: KKH-E003 names, KKH-E004 limits, KKH-E009 individual numbers, KKH-E013 another file of that
    name in the folder, KKH-F015 not readable. What was put there before a failure has no manifest, so nobody takes it;
    sending the same files again goes on with it.
    """
    require_plain([path.name for path in paths])
    folder.mkdir(parents=True, exist_ok=True)
    with private_folder(folder) as staging:
        listed = stage_outgoing(paths, staging, book)
        manifest = Manifest.fresh(sender, addressee, created_at, tuple(listed))
        record(manifest)
        for each in listed:
            publish_new(staging / each.name, folder / each.name, each)
        sync_folder(folder)
        write_durably(folder / manifest.name, manifest.to_bytes())
    return manifest


def stage_outgoing(paths: Iterable[Path], staging: Path, book: LayoutBook) -> list[ListedFile]:
    """Copy what is to leave into ``staging`` and scan the copies (S-6): what was scanned is what goes."""
    listed = []
    for path in paths:
        copy = staging / path.name
        with open_regular(path) as source:
            listed.append(ListedFile(path.name, copy_hashed(source, copy, MAX_FILE_BYTES)))
        scan_file(copy, book)
    return listed


def publish_new(staged: Path, final: Path, listed: ListedFile) -> None:
    """Give a staged file its final name. The same content there already is left; raises KKH-E013 for any other."""
    while not _has_published(staged, final, listed):
        continue  # what stood there was taken meanwhile, so that there is room now


def _has_published(staged: Path, final: Path, listed: ListedFile) -> bool:
    """False when something stood in the way that is gone by now."""
    try:
        # a link is made only where nothing stands; renaming would overwrite on some systems
        os.link(staged, final)
    except FileExistsError:
        return _stands(final, listed)
    except OSError:  # no links on this disk
        if final.exists():
            return _stands(final, listed)
        staged.rename(final)
    return True


def _stands(final: Path, listed: ListedFile) -> bool:
    """Whether the very same stands there; False when it is gone. Raises KKH-E013 for another one."""
    try:
        is_same = digest_of(final) == listed.digest
    except FileRefused:
        if final.is_symlink() or final.exists():
            raise
        return False
    if not is_same:
        raise FileRefused(Problem("KKH-E013", field=listed.name))
    return True


class Outcome(Enum):
    """受取結果 of one sending."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    WAITING = "waiting"
    QUARANTINED = "quarantined"


@frozen
class Taking:
    """受取の答え: ``files`` are the names taken; ``problems`` say why a sending waits or was set aside."""

    manifest: str
    outcome: Outcome
    sender: str = ""
    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@frozen
class ExchangeFolder:
    """授受フォルダの受け手. ``addressee`` is who takes here: sendings to others are not touched.

    ``received`` gets the files, ``records`` keeps what was taken and what was set aside.
    """

    shared: Path
    received: Path
    records: Path
    addressee: str
    senders: frozenset[str] | None = field(default=None)
    """Whose sendings are taken; None for everybody who can write into the folder."""
    record: BeforeItHolds[Taking] = field(default=recorded_elsewhere, kw_only=True)
    """Told what is about to be taken or set aside; what merely waits is left as it is."""

    def take(self) -> list[Taking]:
        """Take every sending that is complete, in the order of time of creation. May be repeated and interrupted."""
        try:
            found = sorted(each.name for each in self.shared.iterdir() if each.name.endswith(SUFFIX))
        except OSError:
            raise FileRefused(Problem("KKH-F015", field=self.shared.name)) from None
        for folder in (self.received, self.records / TAKEN, self.records / QUARANTINE):
            folder.mkdir(parents=True, exist_ok=True)
        # the time of creation stands behind the two parties
        found.sort(key=lambda name: name.split("_", 2)[-1])
        return [taking for name in found if (taking := self._take_one(name)) is not None]

    def _take_one(self, name: str) -> Taking | None:
        try:
            manifest = self._manifest(name)
        except KokuhoError as error:
            return self._set_aside(name, None, error.problems)
        if manifest.addressee != self.addressee:
            return None
        if self.senders is not None and manifest.sender not in self.senders:
            return self._set_aside(name, None, (Problem("KKH-E007", field="sender"),))
        record = self.records / TAKEN / name
        if record.exists():
            if record.read_bytes() != manifest.to_bytes():
                return self._set_aside(name, None, (Problem("KKH-E002", field="manifest"),))
            duplicate = Taking(name, Outcome.DUPLICATE, manifest.sender)
            self.record(duplicate)
            self._clear(manifest)
            return duplicate
        waiting = self._missing(manifest)
        if waiting:
            return Taking(name, Outcome.WAITING, manifest.sender, (), waiting)
        taking = Taking(name, Outcome.TAKEN, manifest.sender, tuple(each.name for each in manifest.files))
        try:
            self._receive(manifest, taking)
        except FileRefused as error:
            if error.code in ("KKH-E013", "KKH-F015"):
                return Taking(name, Outcome.WAITING, manifest.sender, (), error.problems)
            return self._set_aside(name, manifest, error.problems)
        write_durably(record, manifest.to_bytes())
        self._clear(manifest)
        return taking

    def _manifest(self, name: str) -> Manifest:
        with open_regular(self.shared / name) as file:
            manifest = Manifest.from_bytes(file.read(MAX_MANIFEST_BYTES + 1))
        if manifest.name != name:
            raise FileRefused(Problem("KKH-E001", field="name"))
        return manifest

    def _missing(self, manifest: Manifest) -> tuple[Problem, ...]:
        """Files that are not there or shorter than listed: somebody may still be copying them."""
        problems = []
        for each in manifest.files:
            try:
                size = (self.shared / each.name).lstat().st_size
            except OSError:
                size = -1
            if size < each.digest.size and not (self.shared / each.name).is_symlink():
                problems.append(Problem("KKH-E005", field=each.name))
        return tuple(problems)

    def _receive(self, manifest: Manifest, taking: Taking) -> None:
        """All of it or nothing: every file is staged and found right before the first gets its name."""
        with private_folder(self.received) as staging:
            for each in manifest.files:
                if not self._is_right(each, staging):
                    raise FileRefused(Problem("KKH-E002", field=each.name))
            for each in manifest.files:
                final = self.received / each.name
                if final.exists() and digest_of(final) != each.digest:
                    raise FileRefused(Problem("KKH-E013", field=each.name))
            self.record(taking)
            for each in manifest.files:
                publish_new(staging / each.name, self.received / each.name, each)
        sync_folder(self.received)

    def _is_right(self, listed: ListedFile, staging: Path) -> bool:
        with open_regular(self.shared / listed.name) as source:
            try:
                return copy_hashed(source, staging / listed.name, listed.digest.size) == listed.digest
            except FileRefused:
                return False  # longer than listed

    def _clear(self, manifest: Manifest) -> None:
        """Remove what was taken from the shared folder, unless it has changed since; the manifest first."""
        (self.shared / manifest.name).unlink(missing_ok=True)
        for each in manifest.files:
            path = self.shared / each.name
            try:
                if digest_of(path) == each.digest:
                    path.unlink(missing_ok=True)
            except (FileRefused, OSError):
                continue  # gone, or somebody else's by now
        sync_folder(self.shared)

    def _set_aside(self, name: str, manifest: Manifest | None, problems: tuple[Problem, ...]) -> Taking:
        """隔離: manifest and files leave the shared folder, so that they are neither read nor reported again."""
        shown = name if is_plain(name) else f"unnamed{SUFFIX}"
        sender = manifest.sender if manifest is not None else ""
        aside = Taking(shown, Outcome.QUARANTINED, sender, (), problems)
        self.record(aside)
        stem = shown.removesuffix(SUFFIX)
        place, number = self.records / QUARANTINE / stem, 0
        while place.exists():
            number += 1
            place = place.with_name(f"{stem}-{number}")
        place.mkdir()
        self._move_aside(self.shared / name, place / shown)
        for each in manifest.files if manifest is not None else ():
            self._move_aside(self.shared / each.name, place / each.name)
        return aside

    @staticmethod
    def _move_aside(source: Path, target: Path) -> None:
        """On another disk the bytes are copied. Of a link, or of what has gone, there is nothing to keep."""
        try:
            with open_regular(source) as file:
                copy_hashed(file, target, MAX_FILE_BYTES)
        except FileRefused:
            target.unlink(missing_ok=True)
        source.unlink(missing_ok=True)
