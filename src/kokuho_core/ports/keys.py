"""鍵の台帳の口: which key is for what, as the database keeps it. Materials stand there wrapped, never in clear (S-9, S-10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from attrs import field, frozen

from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

ENCRYPTION_DUE: Final = 2**30
"""暗号化の回数 at which a data key is due for rotation."""
ENCRYPTION_LIMIT: Final = 2**31
"""暗号化の回数 a data key is never used beyond. Half of what 96-bit random nonces allow (2³²): the other half is for
encryptions that were undone with their transaction and so were not counted (S-10)."""


class KeyPurpose(Enum):
    """鍵の用途. ``DATA`` is one per municipality, the others are one per prefecture."""

    DATA = "data"
    INDEX = "index"
    FINGERPRINT = "fingerprint"


class KeyState(Enum):
    """鍵の状態."""

    CURRENT = "current"
    """現用: new values are made with it."""
    REPLACED = "replaced"
    """入替え中: values under it are being made anew."""
    RETIRED = "retired"
    """退役: no value of this database is under it; kept for older backups."""
    DESTROYED = "destroyed"
    """破棄済み: nothing under it can ever be read again, in backups neither."""


@frozen(eq=False)
class StoredKey:
    """台帳の鍵: one version of a key. ``wrapped`` is its material under the provider's key ``wrapping_key_id``.

    ``insurer_number`` is None for a key of the whole prefecture. ``wrapped`` and ``wrapping_key_id`` are None once the key is
    destroyed.
    """

    key_id: str
    purpose: KeyPurpose
    insurer_number: InsurerNumber | None
    version: int
    state: KeyState
    wrapping_key_id: str | None
    wrapped: bytes | None = field(repr=False)
    created_at: datetime
    retired_at: datetime | None = None
    destroyed_at: datetime | None = None


class KeyRegister(Protocol):
    """鍵の台帳 inside one unit of work: what it names as current stays so until the unit ends (S-10)."""

    def current(self, purpose: KeyPurpose, insurer: InsurerNumber | None = None) -> StoredKey:
        """The key for new values. Raises :class:`SetupFault` (KKH-C015) where ``init`` made none."""
        ...

    def replaced_index_key(self) -> StoredKey | None:
        """The index key that is being replaced, None outside of its rotation."""
        ...

    def index_key(self, version: int) -> StoredKey | None:
        """The index key of a version."""
        ...

    def find(self, key_id: str) -> StoredKey | None: ...

    def standing(self, version: int, indexes: Sequence[NumberIndex]) -> set[NumberIndex]:
        """Those of ``indexes`` that are kept under an index key's version."""
        ...

    def count(self, key: StoredKey, encryptions: int) -> None:
        """Count uses of a data key; written with the commit. Raises :class:`SetupFault` (KKH-C017) at the limit."""
        ...

    def add(self, keys: Iterable[StoredKey]) -> None: ...
