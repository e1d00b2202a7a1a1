"""番号保管庫: AES-256-GCM for the 個人番号, HMAC-SHA-256 for finding it again (S-1, S-3, S-8, S-9).

Stored form of a number: ``nonce (12) ‖ ciphertext (12) ‖ tag (16)``. The authenticated data are prefecture, municipality,
table, column, index and key id, so a value moved to another row, municipality, prefecture or key does not open. The index is
the full 32-byte HMAC under a key of its own, one per prefecture, because the same number must be found across municipalities.

While the index key is replaced, a number that already stands under its old index keeps it until the rotation comes to it, and
every other one gets the new index: at any moment all rows of a number have the same index (S-10).

No exception raised here holds a number, and no local variable of a frame that raises does.
"""

from __future__ import annotations

import hmac as constant_time
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NoReturn, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hmac import HMAC

from kokuho_adapters.security.data_keys import DataKeys
from kokuho_adapters.security.framing import framed
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyRegister, StoredKey
from kokuho_core.ports.vault import SealedColumn, SealedNumber
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex, individual_number_problem

_NONCE: Final = 12
_SEALED: Final = _NONCE + 12 + 16
_INDEX: Final = 32
_BATCH: Final = 4096


class AesGcmNumberVault:
    """番号保管庫 of one prefecture.

    Safe in threads and after ``fork``: nothing is kept between two calls but prepared keys. Not pickled: another process opens
    the keys itself.
    """

    __slots__ = ("__data_keys", "__index_bases")

    def __init__(self, data_keys: DataKeys) -> None:
        self.__data_keys = data_keys
        self.__index_bases: dict[str, HMAC] = {}

    def __repr__(self) -> str:
        return f"AesGcmNumberVault(prefecture={self.__data_keys.prefecture!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a number vault is not serialised: open the keys where it is needed")

    def seal(
        self, keys: KeyRegister, insurer: InsurerNumber, numbers: Sequence[IndividualNumber]
    ) -> list[SealedNumber]:
        """Encrypt and index many numbers at once, in order, with a fresh 96-bit nonce for each (S-8).

        Raises :class:`SetupFault` as the register and the provider do, KKH-C017 when the key is used up.
        """
        if not numbers:
            return []
        current = keys.current(KeyPurpose.INDEX)
        replaced = keys.replaced_index_key()
        sealed: list[SealedNumber] = []
        for start in range(0, len(numbers), _BATCH):
            batch = numbers[start : start + _BATCH]
            indexed = list(zip(batch, self.__indexes(current, batch), (current.version,) * len(batch), strict=True))
            if replaced is not None:
                before = self.__indexes(replaced, batch)
                standing = keys.standing(replaced.version, before)
                indexed = [
                    (number, old, replaced.version) if old in standing else each
                    for each, number, old in zip(indexed, batch, before, strict=True)
                ]
            sealed += self.__encrypted(keys, insurer, indexed)
        return sealed

    def indexes(self, keys: KeyRegister, number: IndividualNumber) -> tuple[NumberIndex, ...]:
        """The keyed indexes for a lookup (S-9): 32 bytes each, to be guarded like the number itself."""
        current, replaced = keys.current(KeyPurpose.INDEX), keys.replaced_index_key()
        return tuple(self.__indexes(key, [number])[0] for key in (current, replaced) if key is not None)

    def reveal(self, keys: KeyRegister, sealed: SealedNumber) -> IndividualNumber:
        """Open one number and check it against its index.

        Raises :class:`SetupFault`: KKH-C011 when any part of ``sealed`` was changed or belongs elsewhere, KKH-C016 when its key
        was destroyed.
        """
        number = self.__opened(keys, sealed)
        if number is None:
            raise SetupFault(Problem("KKH-C011", field="individual_number"))
        return number

    def reveal_column(self, keys: KeyRegister, sealed: SealedColumn) -> list[IndividualNumber | None]:
        """Open many numbers at once, in order. Each ciphertext authenticates the index under which it was sealed.

        Raises :class:`SetupFault` as :meth:`reveal`.
        """
        prepared: dict[str | None, _Opening] = {}
        for key_id in set(sealed.key_ids):
            if key_id is None:
                continue
            key = keys.find(key_id)
            if key is None or key.purpose is not KeyPurpose.DATA or key.insurer_number != sealed.insurer_number:
                raise SetupFault(Problem("KKH-C011", field="individual_number"))
            prepared[key_id] = (self.__data_keys.opened(key).numbers.decrypt, *self.__bound(sealed.insurer_number, key_id))
        numbers = _opened_with(prepared, sealed)
        if numbers is None:
            raise SetupFault(Problem("KKH-C011", field="individual_number"))
        return numbers

    def renewed(
        self, keys: KeyRegister, sealed: Sequence[SealedNumber], index_key: StoredKey | None = None
    ) -> Iterator[SealedNumber]:
        """Each of ``sealed`` again under its municipality's current key, and under ``index_key`` if one is given (S-10).

        Raises :class:`SetupFault` as :meth:`reveal`.
        """
        for each in sealed:
            number = [self.reveal(keys, each)]
            index, version = each.index, each.index_version
            if index_key is not None:
                index, version = self.__indexes(index_key, number)[0], index_key.version
            yield from self.__encrypted(keys, each.insurer_number, [(number[0], index, version)])

    def __indexes(self, key: StoredKey, numbers: Iterable[IndividualNumber]) -> list[NumberIndex]:
        copied = self.__index_base(key).copy
        indexes: list[bytes] = []
        for number in numbers:
            mac = copied()
            mac.update(number.reveal().encode())
            indexes.append(mac.finalize())
        return cast(list[NumberIndex], indexes)

    def __index_base(self, key: StoredKey) -> HMAC:
        base = self.__index_bases.get(key.key_id)
        if base is None:
            opened = self.__data_keys.opened(key)
            base = self.__index_bases[key.key_id] = opened.digest(self.__data_keys.prefecture, "number_vault", "index")
        return base

    def __encrypted(
        self,
        keys: KeyRegister,
        insurer: InsurerNumber,
        indexed: Sequence[tuple[IndividualNumber, NumberIndex, int]],
    ) -> list[SealedNumber]:
        key = keys.current(KeyPurpose.DATA, insurer)
        keys.count(key, len(indexed))
        key_id, encrypt = key.key_id, self.__data_keys.opened(key).numbers.encrypt
        head, tail = self.__bound(insurer, key_id)
        drawn = os.urandom(_NONCE * len(indexed))
        sealed: list[SealedNumber] = []
        keep, start = sealed.append, 0
        for number, index, version in indexed:
            end = start + _NONCE
            nonce = drawn[start:end]
            ciphertext = nonce + encrypt(nonce, number.reveal().encode(), head + index + tail)
            keep(SealedNumber(insurer, index, version, key_id, ciphertext))
            start = end
        return sealed

    def __bound(self, insurer: InsurerNumber, key_id: str) -> tuple[bytes, bytes]:
        """framed(prefecture, municipality, table, column, index, key id), taken apart so that only the index is put in."""
        head = framed(self.__data_keys.prefecture, insurer, "number_vault", "ciphertext")
        return head + _INDEX.to_bytes(4, "big"), framed(key_id)

    def __opened(self, keys: KeyRegister, sealed: SealedNumber) -> IndividualNumber | None:
        key, index_key = keys.find(sealed.key_id), keys.index_key(sealed.index_version)
        if key is None or index_key is None or len(sealed.ciphertext) != _SEALED or len(sealed.index) != _INDEX:
            return None
        if key.purpose is not KeyPurpose.DATA or key.insurer_number != sealed.insurer_number:
            return None
        cipher = self.__data_keys.opened(key).numbers
        head, tail = self.__bound(sealed.insurer_number, sealed.key_id)
        try:
            digits = cipher.decrypt(
                sealed.ciphertext[:_NONCE], sealed.ciphertext[_NONCE:], head + sealed.index + tail
            ).decode("ascii")
        except (InvalidTag, UnicodeDecodeError):
            return None
        if individual_number_problem(digits):
            return None
        number = IndividualNumber.checked(digits)
        return number if constant_time.compare_digest(self.__indexes(index_key, [number])[0], sealed.index) else None


_Opening = tuple[Callable[..., bytes], bytes, bytes]
"""What opens under one key, and what is authenticated before and behind the index."""


def _opened_with(prepared: Mapping[str | None, _Opening], sealed: SealedColumn) -> list[IndividualNumber | None] | None:
    """The numbers, or None where anything was changed or is missing; only numbers were ever sealed."""
    numbers: list[IndividualNumber | None] = []
    keep, checked = numbers.append, IndividualNumber.checked
    try:
        for index, key_id, ciphertext in zip(sealed.indexes, sealed.key_ids, sealed.ciphertexts, strict=True):
            if index is None:
                keep(None)
                continue
            decrypt, head, tail = prepared[key_id]
            if ciphertext is None:
                return None
            keep(checked(decrypt(ciphertext[:_NONCE], ciphertext[_NONCE:], head + index + tail).decode("ascii")))
    except (InvalidTag, ValueError, KeyError):
        return None
    return numbers
