"""鍵の入替え: online, in batches of one transaction each, and to be taken up again after an end at any point (S-10).

Everything a rotation has to know stands in the database: the new key is current and the old one «replaced» from the first
transaction on, values under the old key are what is left to do, and with none left the old key is retired. So to begin again
is to go on. Readers find either key by the id at the value; writers use the new one at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from enum import Enum

from attrs import evolve, frozen

from kokuho_adapters.database.key_register import SqlKeyRegister
from kokuho_adapters.database.key_rotation_store import Place, SqlKeyRotationStore
from kokuho_adapters.database.unit_of_work import SqlUnitOfWork
from kokuho_adapters.security.content_protection import key_id_of
from kokuho_adapters.security.key_custody import KeyCustody
from kokuho_core.errors import NotFound, Problem
from kokuho_core.ports.keys import KeyPurpose, KeyState, StoredKey
from kokuho_core.vocabulary.identifiers import InsurerNumber


class RotatedKeys(Enum):
    """入替えの種類."""

    DATA = "data"
    INDEX = "index"
    MASTER = "master"


@frozen
class Rotated:
    """入替えの結果. ``values`` were made anew; ``resumed`` says that an earlier rotation was brought to its end."""

    kind: RotatedKeys
    retired: tuple[str, ...]
    values: int
    resumed: bool = False


# --- data keys ---


def rotate_data_keys(custody: KeyCustody, insurer: InsurerNumber | None = None) -> Rotated:
    """データ鍵の入替え, of one municipality or all: numbers and held files are sealed anew under the new keys.

    Raises :class:`NotFound` (KKH-N002) for a municipality without keys, :class:`SetupFault` as vault and provider do.
    """
    replaced, resumed = _begun(custody, KeyPurpose.DATA, insurer)
    old = frozenset(key.key_id for key in replaced)
    done = 0
    while True:
        done += _renew_numbers(custody, old)
        done += _renew_held_files(custody, old)
        with custody.database.begin() as work:
            if _left(work, old) == 0:
                _retire(custody, work.keys, replaced)
                work.commit()
                return Rotated(RotatedKeys.DATA, tuple(sorted(old)), done, resumed)


def _begun(
    custody: KeyCustody, purpose: KeyPurpose, insurer: InsurerNumber | None
) -> tuple[list[StoredKey], bool]:
    """The keys being replaced: those of a rotation that did not end, else the current ones, whose successors are made now."""
    provider = custody.data_keys.provider
    with custody.database.begin() as work:
        replaced = _of(work.keys.in_state(purpose, KeyState.REPLACED), insurer)
        if replaced:
            return replaced, True
        replaced = _of(work.keys.in_state(purpose, KeyState.CURRENT), insurer)
        if not replaced:
            raise NotFound(Problem("KKH-N002", field="insurer"))
        now = custody.clock.now()
        for old, wrapping_key_id in zip(replaced, provider.create_keys(len(replaced)), strict=True):
            work.keys.set_state(old, KeyState.REPLACED, now)
            work.keys.add(
                [custody.data_keys.make(purpose, old.insurer_number, old.version + 1, wrapping_key_id, now)]
            )
        work.commit()
    return [evolve(old, state=KeyState.REPLACED) for old in replaced], False


def _of(keys: Iterable[StoredKey], insurer: InsurerNumber | None) -> list[StoredKey]:
    return [key for key in keys if insurer in (None, key.insurer_number)]


def _renew_numbers(custody: KeyCustody, old: frozenset[str]) -> int:
    done, total = 0, _standing(custody, old)
    after: Place | None = None
    while True:
        with custody.database.begin() as work:
            sealed_store = SqlKeyRotationStore(work.connection)
            sealed = sealed_store.under_keys(sorted(old), after, custody.batch)
            if not sealed:
                return done
            sealed_store.put(list(custody.vault.renewed(work.keys, sealed)))
            work.commit()
        after = (sealed[-1].index, sealed[-1].insurer_number)
        done += len(sealed)
        custody.progress("個人番号 / numbers", done, max(done, total))
        time.sleep(custody.pause_seconds)


def _standing(custody: KeyCustody, old: frozenset[str]) -> int:
    with custody.database.begin(read_only=True) as work:
        return sum(count for key, count in SqlKeyRotationStore(work.connection).count_by_key().items() if key in old)


def _renew_held_files(custody: KeyCustody, old: frozenset[str]) -> int:
    """One transaction for each held file: its content is decrypted and encrypted in a stream."""
    done = 0
    while True:
        with custody.database.begin() as work:
            sealed_store = SqlKeyRotationStore(work.connection)
            left = [held for held, block in sealed_store.held_files() if key_id_of(block) in old]
            if not left:
                return done
            held, keys = left[0], work.keys
            clear = custody.protection.decrypt(keys, held.sender, sealed_store.blocks(held.file_no), held.name)
            sealed_store.replace_blocks(held, custody.protection.encrypt(keys, held.sender, clear, held.name))
            work.commit()
        done += 1
        custody.progress("保留ファイル / held files", done, done + len(left) - 1)
        time.sleep(custody.pause_seconds)


def _left(work: SqlUnitOfWork, old: frozenset[str]) -> int:
    sealed_store = SqlKeyRotationStore(work.connection)
    numbers = sum(count for key_id, count in sealed_store.count_by_key().items() if key_id in old)
    return numbers + sum(key_id_of(block) in old for _, block in sealed_store.held_files())


def _retire(custody: KeyCustody, keys: SqlKeyRegister, replaced: Iterable[StoredKey]) -> None:
    now = custody.clock.now()
    for key in replaced:
        keys.set_state(key, KeyState.RETIRED, now)


# --- index key ---


def rotate_index_key(custody: KeyCustody) -> Rotated:
    """索引の鍵の入替え: every number gets its index under the new key, in every row that names it, municipality by municipality.

    All rows of one number change in one transaction, in which nobody else writes; so at any moment equal numbers have equal
    indexes, and nothing that joins by index ever sees half of a change. Raises :class:`SetupFault` as vault and provider do.
    """
    [replaced], resumed = _begun(custody, KeyPurpose.INDEX, None)
    done = 0
    after: bytes | None = None
    with custody.database.begin(read_only=True) as work:
        total = SqlKeyRotationStore(work.connection).count_by_index_version().get(replaced.version, 0)
    while True:
        with custody.database.begin() as work:
            work.keys.hold_against_writers(replaced)
            sealed_store = SqlKeyRotationStore(work.connection)
            sealed = sealed_store.under_index(replaced.version, after, custody.batch)
            if not sealed and after is None:
                _retire(custody, work.keys, [replaced])
                work.commit()
                return Rotated(RotatedKeys.INDEX, (replaced.key_id,), done, resumed)
            if sealed:
                renewed = list(custody.vault.renewed(work.keys, sealed, work.keys.current(KeyPurpose.INDEX)))
                sealed_store.move({old.index: new.index for old, new in zip(sealed, renewed, strict=True)}, renewed)
                work.commit()
        # the end is reached when a look from the beginning finds nothing
        after = sealed[-1].index if sealed else None
        done += len(sealed)
        custody.progress("索引 / indexes", done, max(done, total))
        time.sleep(custody.pause_seconds)


# --- wrapping keys ---


def rotate_wrapping_keys(custody: KeyCustody) -> Rotated:
    """鍵を包む鍵の入替え: every data key is wrapped under a new key of the provider, all in one transaction.

    Values stay as they are. The old wrapping keys are retired and stay with the provider, because backups of the database name
    them; they go when the data key is destroyed. Raises :class:`SetupFault` as the provider does.
    """
    with custody.database.begin() as work:
        now = custody.clock.now()
        live = [key for key in work.keys.all() if key.state is not KeyState.DESTROYED]
        for key, wrapping_key_id in zip(live, custody.data_keys.provider.create_keys(len(live)), strict=True):
            work.keys.rewrap(custody.data_keys.rewrap(key, wrapping_key_id), now)
        work.commit()
    return Rotated(RotatedKeys.MASTER, tuple(sorted(key.wrapping_key_id or "" for key in live)), len(live))
