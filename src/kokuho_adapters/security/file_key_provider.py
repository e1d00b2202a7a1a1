"""鍵ファイルによる提供元: the wrapping keys in a key ring file, read into this process (S-9, S-10)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kokuho_adapters.security.algorithms import KEY_BYTES
from kokuho_adapters.security.file_lock import locked
from kokuho_adapters.security.key_ring import KeyRing, SecretKey
from kokuho_core.errors import Problem, SetupFault

_NONCE: Final = 12
_WAIT_SECONDS: Final = 30.0


class FileKeyProvider:
    """:class:`~kokuho_adapters.security.key_provider.KeyProvider` on a key ring file.

    Whoever can read the file can read what its keys wrap: an HSM or a key service keeps them better. Changes of the file are
    made under a lock (``<file>.lock``) and appear whole; a key that another process made is found by reading again.
    Raises :class:`SetupFault` (KKH-C008) where the file is missing, damaged or open to others.
    """

    algorithm = "AES-256-GCM"
    key_bits = 8 * KEY_BYTES

    __slots__ = ("__lock", "__path", "__ring")

    def __init__(self, path: Path) -> None:
        self.__path = Path(path)
        self.__lock = Lock()
        self.__ring = KeyRing.load(self.__path)

    def __repr__(self) -> str:
        return f"FileKeyProvider({str(self.__path)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key provider is not serialised: open it where it is needed")

    def create_keys(self, count: int) -> Sequence[str]:
        before = len(self.__change(lambda ring: ring.with_new(count)).keys) - count
        return [key.key_id for key in self.__ring.keys[before:]]

    def key_ids(self) -> frozenset[str]:
        self.__ring = KeyRing.load(self.__path)
        return self.__ring.key_ids

    def wrap(self, key_id: str, material: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.__key(key_id).material).encrypt(nonce, material, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        cipher = AESGCM(self.__key(key_id).material)
        material = b""
        with suppress(InvalidTag, ValueError):
            material = cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], context)
        if not material:
            raise SetupFault(Problem("KKH-C011", field="data_key"))
        return material

    def destroy_keys(self, key_ids: Iterable[str]) -> None:
        gone = frozenset(key_ids)
        self.__change(lambda ring: ring.without(gone), shred=True)

    def __key(self, key_id: str) -> SecretKey:
        key = self.__ring.get(key_id)
        if key is None:
            self.__ring = KeyRing.load(self.__path)
            key = self.__ring.get(key_id)
        if key is None:
            raise SetupFault(Problem("KKH-C016", field="wrapping_key"))
        return key

    def __change(self, change: Callable[[KeyRing], KeyRing], *, shred: bool = False) -> KeyRing:
        fault = ""
        try:
            with self.__lock, locked(self.__path.with_name(f"{self.__path.name}.lock"), _WAIT_SECONDS):
                changed = change(KeyRing.load(self.__path))
                changed.replace(self.__path, shred=shred)
                self.__ring = changed
                return changed
        except TimeoutError:
            fault = "file_locked"
        except OSError:
            fault = "file_not_written"
        raise SetupFault(Problem("KKH-C008", field=fault))
