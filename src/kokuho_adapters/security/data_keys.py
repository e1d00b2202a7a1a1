"""データ鍵: keys out of the register, unwrapped by the provider when first needed and kept in memory (S-8, S-9).

Every use has a key of its own, derived (HKDF-SHA-256) from the data key, so that numbers and held files never share one.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Final, NoReturn

from attrs import evolve, frozen
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kokuho_adapters.security.algorithms import KEY_BYTES
from kokuho_adapters.security.framing import framed
from kokuho_adapters.security.key_provider import GuardedProvider, KeyProvider
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyState, StoredKey
from kokuho_core.vocabulary.identifiers import InsurerNumber

_PREFECTURE: Final = re.compile(r"0[1-9]|[1-3][0-9]|4[0-7]", re.ASCII)
_WHOLE_PREFECTURE: Final = "*"


@frozen(eq=False, repr=False)
class OpenedKey:
    """開いた鍵: what one key of the register is used by. Its material cannot be asked for."""

    key_id: str
    version: int
    _material: bytes
    numbers: AESGCM
    """For the numbers of the vault."""

    def stream_cipher(self, salt: bytes) -> AESGCM:
        """For one held file."""
        return AESGCM(_derived(self._material, salt, "content_protection", "encryption"))

    def digest(self, *domain: str) -> HMAC:
        """The beginning of a keyed digest, to be copied; ``domain`` separates what is digested."""
        mac = HMAC(self._material, SHA256())
        mac.update(framed(*domain))
        return mac

    def fingerprint(self) -> HMAC:
        """The beginning of a file's fingerprint, to be copied."""
        return HMAC(_derived(self._material, b"", "content_protection", "fingerprint"), SHA256())

    def audit(self, use: str) -> HMAC:
        """The beginning of a digest of the audit log (``use``: its entries or its checkpoint), to be copied."""
        return audit_digest(self._material, use)

    def factors(self) -> AESGCM:
        """For the secrets of operators' second factors."""
        return AESGCM(_derived(self._material, b"", "second_factor", "encryption"))

    def __repr__(self) -> str:
        return f"OpenedKey(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opened key is not serialised: open it where it is needed")


class DataKeys:
    """データ鍵 of one prefecture (``prefecture``: 都道府県コード ``01`` to ``47``).

    Raises :class:`SetupFault` (KKH-C010) for another prefecture code. Safe in threads and after ``fork``. An opened key stays
    in memory until :meth:`forget` or the end of the process; Python cannot promise that no copy of it is left there.
    """

    __slots__ = ("__opened", "__prefecture", "__provider")

    def __init__(self, provider: KeyProvider, prefecture: str) -> None:
        if not _PREFECTURE.fullmatch(prefecture):
            raise SetupFault(Problem("KKH-C010", field="prefecture"))
        self.__provider = GuardedProvider(provider)
        self.__prefecture = prefecture
        self.__opened: dict[str, OpenedKey] = {}

    def __repr__(self) -> str:
        return f"DataKeys(prefecture={self.__prefecture!r}, provider={self.__provider!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("data keys are not serialised: open them where they are needed")

    @property
    def prefecture(self) -> str:
        return self.__prefecture

    @property
    def provider(self) -> KeyProvider:
        return self.__provider

    def opened(self, key: StoredKey) -> OpenedKey:
        """``key``, unwrapped once.

        Raises :class:`SetupFault`: KKH-C016 destroyed or no longer with the provider, KKH-C011 changed or of another row.
        """
        known = self.__opened.get(key.key_id)
        if known is None:
            known = self.__opened[key.key_id] = _opened(key, self.__unwrapped(key))
        return known

    def forget(self, key_id: str) -> None:
        """Drop an opened key, as far as Python lets go of it."""
        self.__opened.pop(key_id, None)

    def make(
        self, purpose: KeyPurpose, insurer: InsurerNumber | None, version: int, wrapping_key_id: str, now: datetime
    ) -> StoredKey:
        """A fresh current key, wrapped under ``wrapping_key_id``; it is not in the register yet."""
        key = StoredKey(
            secrets.token_hex(8), purpose, insurer, version, KeyState.CURRENT, wrapping_key_id, None, now
        )
        return evolve(key, wrapped=self.__wrapped(key, wrapping_key_id, secrets.token_bytes(KEY_BYTES)))

    def rewrap(self, key: StoredKey, wrapping_key_id: str) -> StoredKey:
        """The same key under another key of the provider."""
        wrapped = self.__wrapped(key, wrapping_key_id, self.__unwrapped(key))
        return evolve(key, wrapping_key_id=wrapping_key_id, wrapped=wrapped)

    def __wrapped(self, key: StoredKey, wrapping_key_id: str, material: bytes) -> bytes:
        return self.__provider.wrap(wrapping_key_id, material, self.__context(key, wrapping_key_id))

    def __unwrapped(self, key: StoredKey) -> bytes:
        if key.wrapped is None or key.wrapping_key_id is None:
            raise SetupFault(Problem("KKH-C016", field=f"{key.purpose.value}_key"))
        context = self.__context(key, key.wrapping_key_id)
        material = self.__provider.unwrap(key.wrapping_key_id, key.wrapped, context)
        if len(material) != KEY_BYTES:
            raise SetupFault(Problem("KKH-C014", field="key_length"))
        return material

    def __context(self, key: StoredKey, wrapping_key_id: str) -> bytes:
        """Binds a wrapped key to its row: prefecture, municipality, table, column, row and wrapping key (S-8)."""
        scope = key.insurer_number or _WHOLE_PREFECTURE
        row = (key.purpose.value, str(key.version), key.key_id)
        return framed(self.__prefecture, scope, "data_key", "wrapped", *row, wrapping_key_id)


def audit_digest(material: bytes, use: str) -> HMAC:
    """The beginning of a digest of an audit log under a key of its own."""
    return HMAC(_derived(material, b"", "audit", use), SHA256())


def _opened(key: StoredKey, material: bytes) -> OpenedKey:
    numbers = AESGCM(_derived(material, b"", "number_vault", "encryption"))
    return OpenedKey(key.key_id, key.version, material, numbers)


def _derived(material: bytes, salt: bytes, *purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt or None, framed("kokuho", *purpose)).derive(material)
