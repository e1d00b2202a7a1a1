"""一回分のフォルダ: the files of one step as a vendor gets them, and what he returns."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from kokuho_adapters.conformance.numbered_rows import numbered
from kokuho_adapters.files import FileName, LayoutBook, OpenFormatFile, OpenFormatFolder, as_table
from kokuho_adapters.insurers_list import INSURERS_FILE
from kokuho_adapters.security.redaction import redact_text
from kokuho_core.conformance.rules import FILES_OF
from kokuho_core.conformance.system import FileToSend, SystemFailed
from kokuho_core.errors import FileRefused, Problem
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister

ORDER_FILE: Final = "order.txt"
STEP_FILE: Final = "step.json"
RECEIPTS: Final = "SHOKEKKA"
RETURNED_KINDS: Final = frozenset(file_id for files in FILES_OF.values() for file_id in files)
"""FILE_ID of everything that is judged."""


@frozen
class FileForm:
    """様式: layouts and character code in which files go out and come back."""

    book: LayoutBook
    encoding: str = "utf-8"

    def write_step(
        self, folder: Path, insurers: Sequence[Insurer], number: int, as_of: date, files: Sequence[FileToSend]
    ) -> None:
        """One step: its files, ``order.txt`` (their names in the order in which they arrive), ``step.json``, ``insurers.csv``."""
        folder.mkdir(parents=True)
        names = [self.write_file(folder, each) for each in files]
        _write_text(folder / ORDER_FILE, "".join(f"{name}\n" for name in names))
        step = {"step": number, "as_of": as_of.isoformat(), "files": names}
        _write_text(folder / STEP_FILE, json.dumps(step, ensure_ascii=False, indent=2) + "\n")
        self._write_insurers(folder / INSURERS_FILE, insurers)

    def write_file(self, folder: Path, file: FileToSend) -> str:
        """The file as its municipality would write it; returns its name. The same file twice in one step is there once."""
        sender = InsurerNumber(file.sender)
        if not (folder / file.name).exists():
            sending = OpenFormatFolder(folder, self.book, self.encoding, sender)
            rows = [numbered(row) for row in file.rows]
            name, _ = sending.write(file.file_id, sender, file.created_at, file.sequence, *as_table(rows))
            sending.publish(name)
        return file.name

    def read_returned(
        self, folder: Path, insurers: Sequence[Insurer]
    ) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """All that lies in ``folder`` and below it, by municipality and kind, in the order in which it was made.

        Raises :class:`SystemFailed` (KKH-Y004) for a file that cannot be read, or is not one of those that are returned.
        """
        register = InsurerRegister(evolve(each, encoding=self.encoding) for each in insurers)
        found: list[tuple[FileName, Path]] = []
        for path in sorted(folder.rglob("*")):
            if not path.is_dir():
                found.append((_named(path), path))
        found.sort(key=lambda each: (each[0].created_at, each[0].sequence, str(each[0])))
        returned: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for name, path in found:
            rows = returned.setdefault((name.insurer_number, name.file_id), [])
            rows += self._rows(name, OpenFormatFile.from_path(path, self.book, register, self.encoding, "aggregation"))
        return returned

    def _rows(self, name: FileName, file: OpenFormatFile) -> Iterator[dict[str, Any]]:
        layout = LayoutBook.shipped().newest(name.file_id)  # a key that a vendor's own layout lacks is empty
        keys = () if layout is None else layout.keys
        try:
            for record in file.records(keys):
                if record.problems:
                    raise _unreadable(str(name), *record.problems)
                row = dict(zip(keys, record.values, strict=True))
                if name.file_id == RECEIPTS:
                    FileName.parse(row["source_file"])  # a receipt that names no file says nothing
                yield row
        except FileRefused as refused:
            raise _unreadable(str(name), *refused.problems) from None

    def _write_insurers(self, path: Path, insurers: Sequence[Insurer]) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(("insurer_number", "municipality_code", "name", "encoding", "valid_until", "successor"))
            out.writerows(
                (each.insurer_number, each.municipality_code, each.name, self.encoding, each.valid_until, each.successor)
                for each in insurers
            )


def _named(path: Path) -> FileName:
    """Raises :class:`SystemFailed` (KKH-Y004) for a name that is none, or of a kind that is not returned."""
    try:
        name = FileName.parse(path.name)
    except FileRefused as refused:
        raise _unreadable(path.name, *refused.problems) from None
    if name.file_id not in RETURNED_KINDS:
        raise _unreadable(path.name, Problem("KKH-F013", field="file_id"))
    return name


def _unreadable(name: str, *causes: Problem) -> SystemFailed:
    return SystemFailed(Problem("KKH-Y004", field=redact_text(name)[:120]), *causes)


def _write_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
