"""Numbers and keys for these tests.

Numbers are computed, never written out: the repository holds no valid 個人番号, not even an invented one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from kokuho_adapters.security import AesGcmContentProtection, AesGcmNumberVault, DataKeys, KeyProvider
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyState, StoredKey
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.check_digits import individual_number_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex

from ..prefecture.office import A, B
from .hardware import HardwareModule

NOW = datetime(2026, 4, 1, 9, 0, 0)


def digits_of(serial: int) -> str:
    """The ``serial``-th number with a right check digit."""
    payload = f"{serial:011d}"
    return f"{payload}{individual_number_digit(payload)}"


def number_of(serial: int) -> IndividualNumber:
    return IndividualNumber(digits_of(serial))


@frozen
class Register:
    """A :class:`~kokuho_core.ports.keys.KeyRegister` in memory."""

    keys: dict[str, StoredKey] = field(factory=dict)
    counted: dict[str, int] = field(factory=dict)
    kept: dict[int, set[NumberIndex]] = field(factory=dict)

    def current(self, purpose: KeyPurpose, insurer: InsurerNumber | None = None) -> StoredKey:
        for key in self.keys.values():
            if (key.purpose, key.insurer_number, key.state) == (purpose, insurer, KeyState.CURRENT):
                return key
        raise SetupFault(Problem("KKH-C015"))

    def replaced_index_key(self) -> StoredKey | None:
        wanted = (KeyPurpose.INDEX, KeyState.REPLACED)
        return next((key for key in self.keys.values() if (key.purpose, key.state) == wanted), None)

    def index_key(self, version: int) -> StoredKey | None:
        wanted = (KeyPurpose.INDEX, version)
        return next((key for key in self.keys.values() if (key.purpose, key.version) == wanted), None)

    def find(self, key_id: str) -> StoredKey | None:
        return self.keys.get(key_id)

    def standing(self, version: int, indexes: Sequence[NumberIndex]) -> set[NumberIndex]:
        return self.kept.get(version, set()) & set(indexes)

    def count(self, key: StoredKey, encryptions: int) -> None:
        self.counted[key.key_id] = self.counted.get(key.key_id, 0) + encryptions

    def add(self, keys: Iterable[StoredKey]) -> None:
        self.keys.update({key.key_id: key for key in keys})

    def replace(self, old: StoredKey, state: KeyState = KeyState.REPLACED) -> None:
        self.keys[old.key_id] = evolve(old, state=state)


@frozen
class Bench:
    """番号保管庫と内容保護 on a register in memory."""

    provider: KeyProvider
    data_keys: DataKeys
    keys: Register
    vault: AesGcmNumberVault
    protection: AesGcmContentProtection

    def seal(self, *serials: int, insurer: InsurerNumber = A) -> list[SealedNumber]:
        return self.vault.seal(self.keys, insurer, [number_of(serial) for serial in serials])

    def reveal(self, sealed: SealedNumber) -> IndividualNumber:
        return self.vault.reveal(self.keys, sealed)

    def index(self, serial: int) -> NumberIndex:
        return self.vault.indexes(self.keys, number_of(serial))[0]

    def renew(self, purpose: KeyPurpose, insurer: InsurerNumber | None = None) -> StoredKey:
        """Replace a key by its next version."""
        old = self.keys.current(purpose, insurer)
        self.keys.replace(old)
        [wrapping] = self.provider.create_keys(1)
        new = self.data_keys.make(purpose, insurer, old.version + 1, wrapping, NOW)
        self.keys.add([new])
        return new


def bench(prefecture: str = "13", provider: KeyProvider | None = None) -> Bench:
    """With fresh keys for two municipalities."""
    module = provider or HardwareModule()
    data_keys, keys = DataKeys(module, prefecture), Register()
    wanted = [(KeyPurpose.FINGERPRINT, None), (KeyPurpose.INDEX, None), (KeyPurpose.DATA, A), (KeyPurpose.DATA, B)]
    for (purpose, insurer), wrapping in zip(wanted, module.create_keys(len(wanted)), strict=True):
        keys.add([data_keys.make(purpose, insurer, 1, wrapping, NOW)])
    return _put_together(module, data_keys, keys)


def fixed_bench(prefecture: str = "13", index_byte: int = 3, data_byte: int = 2) -> Bench:
    """Of known keys, each one byte repeated: data key «e2», index key «i1», fingerprint key «c1»."""
    module = _Fixed({"e2": data_byte, "i1": index_byte, "c1": 4, "e3": 5})
    keys = Register()
    for key_id, purpose, insurer in (
        ("e2", KeyPurpose.DATA, A),
        ("e3", KeyPurpose.DATA, B),
        ("i1", KeyPurpose.INDEX, None),
        ("c1", KeyPurpose.FINGERPRINT, None),
    ):
        keys.add([StoredKey(key_id, purpose, insurer, 1, KeyState.CURRENT, key_id, b"-", NOW)])
    return _put_together(module, DataKeys(module, prefecture), keys)


def _put_together(provider: KeyProvider, data_keys: DataKeys, keys: Register) -> Bench:
    protection = AesGcmContentProtection(data_keys, keys.current(KeyPurpose.FINGERPRINT))
    return Bench(provider, data_keys, keys, AesGcmNumberVault(data_keys), protection)


class _Fixed(HardwareModule):
    """Unwraps to known bytes, whatever it is given: for known answers only."""

    def __init__(self, known: dict[str, int]) -> None:
        super().__init__()
        self._known = known

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        return bytes([self._known[key_id]]) * 32
