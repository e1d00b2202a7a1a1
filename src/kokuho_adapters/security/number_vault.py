"""番号保管庫: AES-256-GCM for the 個人番号, HMAC-SHA-256 for finding it again (S-3, S-8, S-9).

Stored form of a number: ``nonce (12) ‖ ciphertext (12) ‖ tag (16)``. The authenticated data are prefecture, table, column,
index and key id, so a value moved to another row, prefecture or key does not open. The index is the full 32-byte HMAC under
a key of its own, one per prefecture, because the same number must be found across municipalities.

No exception raised here holds a number, and no local variable of a frame that raises does.
"""

from __future__ import annotations

import hmac as constant_time
import os
import re
from collections.abc import Sequence
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from kokuho_adapters.security.framing import framed
from kokuho_adapters.security.key_ring import KeyRing
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex, individual_number_problem

_NONCE: Final = 12
_SEALED: Final = _NONCE + 12 + 16
_INDEX: Final = 32
_BATCH: Final = 4096
_PREFECTURE: Final = re.compile(r"0[1-9]|[1-3][0-9]|4[0-7]", re.ASCII)


class AesGcmNumberVault:
    """番号保管庫 of one prefecture (``prefecture``: 都道府県コード ``01`` to ``47``).

    Raises :class:`SetupFault` (KKH-C010) for another prefecture code. Safe in threads and after ``fork``: nothing is kept
    between two calls but prepared keys. Not pickled: another process loads the key ring itself.
    """

    __slots__ = ("__aad_head", "__aad_tail", "__ciphers", "__index_base", "__key_id", "__prefecture")

    def __init__(self, ring: KeyRing, prefecture: str) -> None:
        if not _PREFECTURE.fullmatch(prefecture):
            raise SetupFault(Problem("KKH-C010", field="prefecture"))
        self.__prefecture = prefecture
        self.__key_id = ring.current_id
        self.__ciphers = {key.key_id: AESGCM(key.material) for key in ring.encryption_keys}
        # framed(prefecture, table, column, index, key id), taken apart so that only the index is put in per number
        self.__aad_head = framed(prefecture, "number_vault", "ciphertext") + _INDEX.to_bytes(4, "big")
        self.__aad_tail = {key_id: framed(key_id) for key_id in self.__ciphers}
        self.__index_base = HMAC(ring.index_key.material, SHA256())
        self.__index_base.update(framed(prefecture, "number_vault", "index"))

    def __repr__(self) -> str:
        return f"AesGcmNumberVault(prefecture={self.__prefecture!r}, key_id={self.__key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a number vault is not serialised: load the key ring where it is needed")

    def seal(self, numbers: Sequence[IndividualNumber]) -> list[SealedNumber]:
        """Encrypt and index many numbers at once, in order, with a fresh 96-bit nonce for each (S-8)."""
        key_id = self.__key_id
        encrypt = self.__ciphers[key_id].encrypt
        head, tail = self.__aad_head, self.__aad_tail[key_id]
        index_of = self.index
        sealed: list[SealedNumber] = []
        for start in range(0, len(numbers), _BATCH):
            batch = numbers[start : start + _BATCH]
            drawn = os.urandom(_NONCE * len(batch))
            for place, number in enumerate(batch):
                nonce = drawn[_NONCE * place : _NONCE * (place + 1)]
                index = index_of(number)
                ciphertext = nonce + encrypt(nonce, number.reveal().encode("ascii"), head + index + tail)
                sealed.append(SealedNumber(index, key_id, ciphertext))
        return sealed

    def index(self, number: IndividualNumber) -> NumberIndex:
        """The keyed index for a lookup (S-9): 32 bytes, to be guarded like the number itself."""
        mac = self.__index_base.copy()
        mac.update(number.reveal().encode("ascii"))
        return NumberIndex(mac.finalize())

    def reveal(self, sealed: SealedNumber) -> IndividualNumber:
        """Open one number and check it against its index.

        Raises :class:`SetupFault` (KKH-C011) when ciphertext, index or key id was changed or belongs elsewhere.
        """
        number = self.__opened(sealed)
        if number is None or not constant_time.compare_digest(self.index(number), sealed.index):
            raise SetupFault(Problem("KKH-C011", field="individual_number"))
        return number

    def __opened(self, sealed: SealedNumber) -> IndividualNumber | None:
        cipher = self.__ciphers.get(sealed.key_id)
        if cipher is None or len(sealed.ciphertext) != _SEALED or len(sealed.index) != _INDEX:
            return None
        aad = self.__aad_head + sealed.index + self.__aad_tail[sealed.key_id]
        try:
            digits = cipher.decrypt(sealed.ciphertext[:_NONCE], sealed.ciphertext[_NONCE:], aad).decode("ascii")
        except (InvalidTag, UnicodeDecodeError):
            return None
        return None if individual_number_problem(digits) else IndividualNumber.checked(digits)
