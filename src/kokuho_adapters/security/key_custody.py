"""鍵の保管: which keys there are, what stands under them and when they are due (S-10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from attrs import frozen

from kokuho_adapters.database.engine import SqlDatabase
from kokuho_adapters.database.key_register import KeyDisposal
from kokuho_adapters.database.key_rotation_store import SqlKeyRotationStore
from kokuho_adapters.security.content_protection import AesGcmContentProtection, key_id_of
from kokuho_adapters.security.data_keys import DataKeys
from kokuho_adapters.security.key_provider import require_sound
from kokuho_adapters.security.number_vault import AesGcmNumberVault
from kokuho_core.errors import SetupFault
from kokuho_core.ports.keys import ENCRYPTION_DUE, KeyPurpose, KeyRegister, KeyState, StoredKey
from kokuho_core.ports.stores import Clock
from kokuho_core.usecases.office import Progress, silent
from kokuho_core.vocabulary.identifiers import InsurerNumber

ROTATE_AFTER_DAYS: Final = 365
"""A current key is due for rotation after this many days, or after :data:`ENCRYPTION_DUE` encryptions."""


@frozen
class KeyCustody:
    """鍵の保管の作業環境: what rotation and disposal work with.

    ``pause_seconds`` is left between two batches, so that others who wait to write get their turn: SQLite wakes them every
    tenth of a second. ``batch`` is how many values one transaction renews.
    """

    database: SqlDatabase
    data_keys: DataKeys
    vault: AesGcmNumberVault
    protection: AesGcmContentProtection
    clock: Clock
    progress: Progress = silent
    pause_seconds: float = 0.12
    batch: int = 5000


def make_missing_keys(
    keys: KeyRegister, data_keys: DataKeys, insurers: Iterable[InsurerNumber], now: datetime
) -> list[StoredKey]:
    """Make the keys that the prefecture and its insurers lack, each under a wrapping key of its own.

    With keys there already, one of them is opened, so that a foreign provider is noticed. Raises :class:`SetupFault`: KKH-C011
    or KKH-C016 when the provider is not the one the keys were made with, KKH-C014 when it is not sound.
    """
    wanted: list[tuple[KeyPurpose, InsurerNumber | None]] = [(KeyPurpose.FINGERPRINT, None), (KeyPurpose.INDEX, None)]
    wanted += [(KeyPurpose.DATA, insurer) for insurer in sorted(set(insurers))]
    missing: list[tuple[KeyPurpose, InsurerNumber | None]] = []
    for purpose, insurer in wanted:
        try:
            found = keys.current(purpose, insurer)
        except SetupFault:
            missing.append((purpose, insurer))
        else:
            if purpose is not KeyPurpose.DATA:
                data_keys.opened(found)
    if not missing:
        return []
    wrapping = data_keys.provider.create_keys(len(missing))
    require_sound(data_keys.provider, wrapping[0])
    made = [
        data_keys.make(purpose, insurer, 1, wrapping_key_id, now)
        for (purpose, insurer), wrapping_key_id in zip(missing, wrapping, strict=True)
    ]
    keys.add(made)
    return made


# --- overview ---


@frozen
class KeyStatus:
    """鍵の状況. ``values`` counts what of this database stands under the key, None for the fingerprint key."""

    key_id: str
    purpose: KeyPurpose
    insurer_number: InsurerNumber | None
    version: int
    state: KeyState
    created_at: datetime
    retired_at: datetime | None
    destroyed_at: datetime | None
    wrapping_key_id: str | None
    values: int | None
    encryptions: int | None
    next_rotation_on: date | None
    is_due: bool


@frozen
class KeyOverview:
    """鍵の一覧. ``unused_wrapping_keys`` are keys of the provider that this database never named: a rotation that ended early,
    or another database's."""

    keys: tuple[KeyStatus, ...]
    disposals: tuple[KeyDisposal, ...]
    unused_wrapping_keys: int

    @property
    def is_settled(self) -> bool:
        """Whether nothing is due, half replaced or half destroyed."""
        return not any(key.is_due or key.state is KeyState.REPLACED for key in self.keys) and all(
            disposal.completed_at is not None for disposal in self.disposals
        )


def overview(custody: KeyCustody) -> KeyOverview:
    """Every key with its state, what stands under it and its next rotation."""
    today = custody.clock.today()
    with custody.database.begin(read_only=True) as work:
        sealed = SqlKeyRotationStore(work.connection)
        values = sealed.count_by_key()
        for _, block in sealed.held_files():
            key_id = key_id_of(block) or ""
            values[key_id] = values.get(key_id, 0) + 1
        by_version = sealed.count_by_index_version()
        uses = work.keys.encryptions()
        keys = work.keys.all()
        disposals = work.keys.disposals()
        named = work.keys.known_wrapping_keys()
    listed = tuple(
        _status(key, _values_under(key, values, by_version), uses.get(key.key_id, 0), today) for key in keys
    )
    return KeyOverview(listed, tuple(disposals), len(custody.data_keys.provider.key_ids() - named))


def _values_under(key: StoredKey, by_key: dict[str, int], by_version: dict[int, int]) -> int | None:
    if key.purpose is KeyPurpose.FINGERPRINT:
        return None
    return by_version.get(key.version, 0) if key.purpose is KeyPurpose.INDEX else by_key.get(key.key_id, 0)


def _status(key: StoredKey, values: int | None, encryptions: int, today: date) -> KeyStatus:
    rotates = key.state is KeyState.CURRENT and key.purpose is not KeyPurpose.FINGERPRINT
    due_on = (key.created_at + timedelta(days=ROTATE_AFTER_DAYS)).date() if rotates else None
    if rotates and encryptions >= ENCRYPTION_DUE:
        due_on = today
    return KeyStatus(
        key.key_id, key.purpose, key.insurer_number, key.version, key.state, key.created_at, key.retired_at,
        key.destroyed_at, key.wrapping_key_id, values, encryptions if key.purpose is KeyPurpose.DATA else None,
        due_on, due_on is not None and due_on <= today,
    )  # fmt: skip
