"""鍵の入替え: online, in batches of one transaction each, and to be taken up again after an end at any point (S-10).

Everything a rotation has to know stands in the database: the new key is current and the old one «replaced» from the first
transaction on, values under the old key are what is left to do, and with none left the old key is retired. So to begin again
is to go on. Readers find either key by the id at the value; writers use the new one at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, TypeVar

from attrs import evolve, frozen

from kokuho_adapters.database.key_rotation_store import Place, SqlKeyRotationStore, place_of
from kokuho_adapters.security.content_protection import key_id_of
from kokuho_adapters.security.key_custody import KeyCustody
from kokuho_core.errors import Conflict, NotFound, Problem
from kokuho_core.ports.keys import KeyPurpose, KeyState, StoredKey
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.identifiers import InsurerNumber

Answer = TypeVar("Answer")

_ATTEMPTS: Final = 8
_LONGEST_WAIT: Final = 5.0


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

    Raises :class:`NotFound` (KKH-N002) for a municipality without keys, :class:`SetupFault` as vault and provider do,
    :class:`Conflict` when others never leave it a turn: then it is to be called again.
    """
    replaced, resumed = _begun(custody, KeyPurpose.DATA, insurer)
    old = frozenset(key.key_id for key in replaced)
    done = 0
    while True:
        done += _renew_numbers(custody, old) + _renew_held_files(custody, old)
        if _in_turn(lambda: _retired_when_empty(custody, old)):
            return Rotated(RotatedKeys.DATA, tuple(sorted(old)), done, resumed)


def _in_turn(step: Callable[[], Answer]) -> Answer:
    """Do one transaction; where somebody else was in its way, do it again a little later."""
    for attempt in range(_ATTEMPTS):
        try:
            return step()
        except Conflict:
            time.sleep(min(0.02 * 3**attempt, _LONGEST_WAIT))
    return step()


def _begun(custody: KeyCustody, purpose: KeyPurpose, insurer: InsurerNumber | None) -> tuple[list[StoredKey], bool]:
    """The keys being replaced: those of a rotation that did not end, else the current ones, whose successors are made now."""

    def begin() -> tuple[list[StoredKey], bool]:
        with custody.database.begin() as work:
            replaced = _of(work.keys.in_state(purpose, KeyState.REPLACED), insurer)
            if replaced:
                return replaced, True
            replaced = _of(work.keys.in_state(purpose, KeyState.CURRENT), insurer)
            if not replaced:
                raise NotFound(Problem("KKH-N002", field="insurer"))
            now = custody.clock.now()
            for old in replaced:  # waits for those who use them, before the provider is asked for anything
                work.keys.set_state(old, KeyState.REPLACED, now)
            wrapping = custody.data_keys.provider.create_keys(len(replaced))
            work.keys.add(
                custody.data_keys.make(purpose, old.insurer_number, old.version + 1, wrapping_key_id, now)
                for old, wrapping_key_id in zip(replaced, wrapping, strict=True)
            )
            work.commit()
        return [evolve(old, state=KeyState.REPLACED) for old in replaced], False

    return _in_turn(begin)


def _of(keys: Iterable[StoredKey], insurer: InsurerNumber | None) -> list[StoredKey]:
    return [key for key in keys if insurer in (None, key.insurer_number)]


def _renew_numbers(custody: KeyCustody, old: frozenset[str]) -> int:
    done, total = 0, _standing(custody, old)
    after: Place | None = None

    def renew() -> list[SealedNumber]:
        with custody.database.begin() as work:
            sealed_store = SqlKeyRotationStore(work.connection)
            sealed = sealed_store.under_keys(sorted(old), after, custody.batch)
            if sealed:
                sealed_store.put(list(custody.vault.renewed(work.keys, sealed)))
                work.commit()
            return sealed

    while sealed := _in_turn(renew):
        after = place_of(sealed[-1])
        done += len(sealed)
        custody.progress("個人番号 / numbers", done, max(done, total))
        time.sleep(custody.pause_seconds)
    return done


def _standing(custody: KeyCustody, old: frozenset[str]) -> int:
    with custody.database.begin(read_only=True) as work:
        return sum(count for key, count in SqlKeyRotationStore(work.connection).count_by_key().items() if key in old)


def _renew_held_files(custody: KeyCustody, old: frozenset[str]) -> int:
    """One transaction for each held file: its content is decrypted and encrypted in a stream."""
    done = 0

    def renew() -> int:
        with custody.database.begin() as work:
            sealed_store = SqlKeyRotationStore(work.connection)
            left = [held for held, block in sealed_store.held_files() if key_id_of(block) in old]
            if left:
                held, keys = left[0], work.keys
                clear = custody.protection.decrypt(keys, held.sender, sealed_store.blocks(held.file_no), held.name)
                sealed_store.replace_blocks(held, custody.protection.encrypt(keys, held.sender, clear, held.name))
                work.commit()
            return len(left)

    while left := _in_turn(renew):
        done += 1
        custody.progress("保留ファイル / held files", done, done + left - 1)
        time.sleep(custody.pause_seconds)
    return done


def _retired_when_empty(custody: KeyCustody, old: frozenset[str]) -> bool:
    """Retire the old keys if nothing is left under them; whether that was so."""
    with custody.database.begin() as work:
        sealed_store = SqlKeyRotationStore(work.connection)
        if any(key_id in old for key_id in sealed_store.count_by_key()):
            return False
        if any(key_id_of(block) in old for _, block in sealed_store.held_files()):
            return False
        for key in work.keys.in_state(KeyPurpose.DATA, KeyState.REPLACED):  # another process may have come first
            if key.key_id in old:
                work.keys.set_state(key, KeyState.RETIRED, custody.clock.now())
        work.commit()
        return True


# --- index key ---


def rotate_index_key(custody: KeyCustody) -> Rotated:
    """索引の鍵の入替え: every number gets its index under the new key, in every row that names it.

    All rows of one number change in one transaction, in which nobody else writes; so at any moment equal numbers have equal
    indexes, and nothing that joins by index ever sees half of a change. Raises as :func:`rotate_data_keys`.
    """
    [replaced], resumed = _begun(custody, KeyPurpose.INDEX, None)
    done = 0
    after: Place | None = None
    with custody.database.begin(read_only=True) as work:
        total = SqlKeyRotationStore(work.connection).count_by_index_version().get(replaced.version, 0)
    while True:
        sealed = _in_turn(lambda: _moved(custody, replaced, after))  # noqa: B023 - called at once
        if sealed is None:
            return Rotated(RotatedKeys.INDEX, (replaced.key_id,), done, resumed)
        after = place_of(sealed[-1]) if sealed else None
        done += len(sealed)
        custody.progress("索引 / indexes", done, max(done, total))
        time.sleep(custody.pause_seconds)


def _moved(custody: KeyCustody, replaced: StoredKey, after: Place | None) -> list[SealedNumber] | None:
    """Give a batch of numbers their new index. None when a look from the beginning finds none left: the old key is retired."""
    with custody.database.begin() as work:
        if not work.keys.hold_against_writers(replaced):
            return None  # another process has come to the end first
        sealed_store = SqlKeyRotationStore(work.connection)
        sealed = sealed_store.under_index(replaced.version, after, custody.batch)
        if sealed:
            renewed = list(custody.vault.renewed(work.keys, sealed, work.keys.current(KeyPurpose.INDEX)))
            sealed_store.move(sealed, renewed)
        elif after is None:
            work.keys.set_state(replaced, KeyState.RETIRED, custody.clock.now())
        work.commit()
        return None if not sealed and after is None else sealed


# --- wrapping keys ---


def rotate_wrapping_keys(custody: KeyCustody) -> Rotated:
    """鍵を包む鍵の入替え: every data key is wrapped under a new key of the provider, all in one transaction.

    Values stay as they are. The old wrapping keys are retired and stay with the provider, because backups of the database name
    them; they go when the data key is destroyed. Raises as :func:`rotate_data_keys`.
    """

    def rewrap() -> list[StoredKey]:
        with custody.database.begin() as work:
            now = custody.clock.now()
            live = [key for key in work.keys.all() if key.state is not KeyState.DESTROYED]
            if not all(work.keys.hold_against_writers(key) for key in live):
                raise Conflict(Problem("KKH-X001", field="data_key"))
            for key, wrapping_key_id in zip(live, custody.data_keys.provider.create_keys(len(live)), strict=True):
                work.keys.rewrap(custody.data_keys.rewrap(key, wrapping_key_id), now)
            work.commit()
            return live

    live = _in_turn(rewrap)
    return Rotated(RotatedKeys.MASTER, tuple(sorted(key.wrapping_key_id or "" for key in live)), len(live))
