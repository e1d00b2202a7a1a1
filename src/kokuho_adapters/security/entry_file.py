"""監査記録のファイル: the entries of a log that has no database, one line of JSON each, in the form of the table (S-4)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import asdict, frozen

from kokuho_adapters.durable_files import sync_file
from kokuho_core.access.operations import Operation
from kokuho_core.access.operators import is_same_operator
from kokuho_core.access.roles import Role
from kokuho_core.ports.audit import AuditEntry, AuditResult, ChainedEntry
from kokuho_core.vocabulary.identifiers import InsurerNumber

_TAIL_BYTES: Final = 64 * 1024
"""More than one entry can take: what goes into one is of bounded length."""


@frozen
class EntryFile:
    """:class:`kokuho_core.ports.audit.AuditStore` in one file, which grows and nothing else. Whoever writes holds a lock."""

    path: Path

    def take_turn(self) -> tuple[int, bytes] | None:
        """The caller holds the lock. Raises :class:`ValueError` where the file does not end with an entry, :class:`OSError`."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                tail = file.read()
        except FileNotFoundError:
            return None
        if not tail:
            return None
        found = _read(tail.splitlines()[-1])
        return found.sequence, found.mac

    def add(self, chained: ChainedEntry) -> None:
        """Durable when it returns. Raises :class:`OSError`."""
        content = asdict(chained.entry, recurse=False, value_serializer=_plain)
        line = json.dumps({"sequence": chained.sequence, **content, "mac": chained.mac.hex()})
        with self.path.open("ab") as file:
            file.write(f"{line}\n".encode("ascii"))
            sync_file(file)

    def cut_off_unfinished(self) -> None:
        """What a crash left of a line that nobody was told of."""
        try:
            with self.path.open("r+b") as file:
                start = max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES)
                file.seek(start)
                tail = file.read()
                if tail and not tail.endswith(b"\n"):
                    file.truncate(start + tail.rfind(b"\n") + 1)
                    sync_file(file)
        except FileNotFoundError:
            return

    def count(self, operator: str, operation: Operation, result: AuditResult, since: datetime) -> int:
        wanted = (operation, result)
        found = (each.entry for each in self.read())
        return sum(
            (each.operation, each.result) == wanted and each.at >= since and is_same_operator(each.operator, operator)
            for each in found
        )

    def read(self, after: int = 0) -> Iterator[ChainedEntry]:
        """Raises :class:`ValueError` at a line that cannot be an entry, :class:`OSError`."""
        try:
            with self.path.open("rb") as file:
                for line in file:
                    chained = _read(line)
                    if chained.sequence > after:
                        yield chained
        except FileNotFoundError:
            return


def _plain(_: Any, __: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    return value.value if isinstance(value, Operation | AuditResult | Role) else value


def _read(line: bytes) -> ChainedEntry:
    """Raises :class:`ValueError`, which shows nothing of the line."""
    chained = None
    try:
        said = json.loads(line)
        sequence, mac = int(said.pop("sequence")), bytes.fromhex(said.pop("mac"))
        said["at"] = datetime.fromisoformat(said["at"])
        said["operation"], said["result"] = Operation(said["operation"]), AuditResult(said["result"])
        said["role"] = Role(said["role"]) if said["role"] is not None else None
        said["insurer"] = InsurerNumber(said["insurer"]) if said["insurer"] is not None else None
        chained = ChainedEntry(sequence, AuditEntry(**said), mac)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    if chained is None:
        raise ValueError("not an entry")
    return chained
