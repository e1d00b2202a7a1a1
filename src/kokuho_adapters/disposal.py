"""廃棄の後始末: files that were never finished or were set aside, and backups (S-29)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from attrs import frozen

from kokuho_adapters.exchange.folder import QUARANTINE
from kokuho_adapters.exchange.staging import STAGING_PREFIX, STAGING_SUFFIX
from kokuho_adapters.security.key_custody import KeyCustody
from kokuho_adapters.security.key_disposal import destroy_key
from kokuho_adapters.security.key_rotation import rotate_data_keys
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyState
from kokuho_core.ports.retention import DueCounts
from kokuho_core.retention.rules import RULES, RecordKind
from kokuho_core.vocabulary.identifiers import InsurerNumber

UNFINISHED: Final = ("*.part", "*.tmp", f"{STAGING_PREFIX}*{STAGING_SUFFIX}")
"""Names under which files are written, and folders in which they are gathered, until they are complete."""


@frozen
class KeptFiles:
    """:class:`kokuho_core.ports.retention.FilesKept` in these folders, and in what is set aside in ``quarantine/`` below them."""

    folders: tuple[Path, ...]

    def due(self, as_of: date) -> DueCounts:
        found = ((kind, sum(1 for _ in self._found(kind, as_of))) for kind in (RecordKind.TEMPORARY, RecordKind.QUARANTINE))
        return {(kind, None): count for kind, count in found if count}

    def destroy(self, as_of: date) -> None:
        left = 0
        for kind in (RecordKind.TEMPORARY, RecordKind.QUARANTINE):
            for path in list(self._found(kind, as_of)):
                try:
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink(missing_ok=True)
                except OSError:
                    left += 1
        if left:
            raise SetupFault(Problem("KKH-C021", field=str(left)))

    def _found(self, kind: RecordKind, as_of: date) -> Iterator[Path]:
        """What nobody has written to since ``as_of`` less the days of its kind."""
        last_day = RULES[kind].last_day(as_of)
        for folder in dict.fromkeys(self.folders):
            for path in sorted(_kept(folder, kind)):
                written = datetime.fromtimestamp(path.lstat().st_mtime, UTC).astimezone().date()
                if written <= last_day:
                    yield path


def _kept(folder: Path, kind: RecordKind) -> Iterable[Path]:
    if kind is RecordKind.QUARANTINE:
        return (folder / QUARANTINE).glob("*")
    return (path for pattern in UNFINISHED for path in folder.glob(pattern))


def shred_backups(custody: KeyCustody, insurers: Iterable[InsurerNumber], by: str, reason: str) -> list[str]:
    """Make the numbers in older backups of these municipalities unreadable: new data keys, and the old ones destroyed.

    What stands is sealed anew first, so nothing of this database is lost. The ids of the destroyed keys.
    """
    destroyed = []
    for insurer in sorted(set(insurers)):
        rotate_data_keys(custody, insurer)
        with custody.database.begin(read_only=True) as work:
            retired = [key for key in work.keys.in_state(KeyPurpose.DATA, KeyState.RETIRED) if key.insurer_number == insurer]
        for key in retired:
            destroy_key(custody, key.key_id, by, reason)
            destroyed.append(key.key_id)
    return destroyed
