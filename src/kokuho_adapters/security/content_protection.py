"""内容保護: held files are encrypted in a stream and recognised by a keyed fingerprint (S-8, S-12).

Form: ``"KKHC" ‖ version (1) ‖ length of key id (1) ‖ key id ‖ salt (32)``, then chunks of 256 KiB plaintext and a 16-byte
tag each; the last chunk is shorter or equal, and there always is one. Every stream has a key of its own, derived (HKDF) from
the content key and the random salt, so the chunk number can be the nonce and never repeats under one key. The
authenticated data of a chunk are header, context, chunk number and «last» flag (the STREAM construction): a chunk that was
changed, moved, left out, added or taken from another file does not open, and neither does a stream without its last chunk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kokuho_adapters.security.framing import framed
from kokuho_adapters.security.key_ring import KEY_BYTES, KeyRing
from kokuho_core.errors import Problem, SetupFault

CHUNK_BYTES: Final = 256 * 1024
TAG_BYTES: Final = 16
_MAGIC: Final = b"KKHC\x01"
_SALT: Final = 32


class AesGcmContentProtection:
    """内容保護 with the ring's content key; encryption and fingerprint use separate keys derived from it."""

    __slots__ = ("__content_key", "__fingerprint_base", "__key_id")

    def __init__(self, ring: KeyRing) -> None:
        self.__key_id = ring.content_key.key_id
        self.__content_key = ring.content_key
        self.__fingerprint_base = HMAC(_derive(ring.content_key.material, b"", "fingerprint"), SHA256())

    def __repr__(self) -> str:
        return f"AesGcmContentProtection(key_id={self.__key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("content protection is not serialised: load the key ring where it is needed")

    def fingerprint(self, blocks: Iterable[bytes]) -> bytes:
        """Keyed digest (HMAC-SHA-256, 32 bytes) of the content, however it is cut into blocks."""
        mac = self.__fingerprint_base.copy()
        for block in blocks:
            mac.update(block)
        return mac.finalize()

    def encrypt(self, blocks: Iterable[bytes], context: str) -> Iterator[bytes]:
        """The header and then the encrypted chunks. Their cutting need not be kept: decryption finds it again."""
        salt = os.urandom(_SALT)
        key_id = self.__key_id.encode("ascii")
        header = _MAGIC + len(key_id).to_bytes(1, "big") + key_id + salt
        cipher = self.__stream_cipher(salt)
        yield header
        for number, (chunk, last) in enumerate(_cut(blocks, CHUNK_BYTES)):
            yield cipher.encrypt(_nonce(number), chunk, _aad(header, context, number, last))

    def decrypt(self, blocks: Iterable[bytes], context: str) -> Iterator[bytes]:
        """Chunks in clear, each verified before it is handed on.

        Raises :class:`SetupFault` (KKH-C011) when a chunk was changed, moved or left out. A missing end is noticed only at
        the end: what came before must not be used until the iterator is exhausted (S-12).
        """
        source = _Source(blocks)
        header = _read_header(source, self.__key_id)
        if header is None:
            raise _fault()
        cipher = self.__stream_cipher(header[-_SALT:])
        for number, (chunk, last) in enumerate(_cut(source.rest(), CHUNK_BYTES + TAG_BYTES)):
            plain = _opened(cipher, _nonce(number), chunk, _aad(header, context, number, last))
            if plain is None:
                raise _fault()
            if plain:
                yield plain

    def __stream_cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(_derive(self.__content_key.material, salt, "encryption"))


def _fault() -> SetupFault:
    return SetupFault(Problem("KKH-C011", field="content"))


def _derive(material: bytes, salt: bytes, purpose: str) -> bytes:
    info = framed("kokuho", "content_protection", purpose)
    return HKDF(SHA256(), KEY_BYTES, salt or None, info).derive(material)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _aad(header: bytes, context: str, number: int, last: bool) -> bytes:
    return framed(header, context, number.to_bytes(8, "big"), b"\x01" if last else b"\x00")


def _opened(cipher: AESGCM, nonce: bytes, chunk: bytes, aad: bytes) -> bytes | None:
    try:
        return cipher.decrypt(nonce, chunk, aad)
    except InvalidTag:
        return None


def _cut(blocks: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Chunks of exactly ``size`` bytes and a last one of at most that, marked True; one empty chunk for no content."""
    kept = bytearray()
    for block in blocks:
        view = memoryview(block)
        while len(kept) + len(view) > size:
            taken = size - len(kept)
            kept += view[:taken]
            yield bytes(kept), False
            kept.clear()
            view = view[taken:]
        kept += view
    yield bytes(kept), True


class _Source:
    """Bytes of a block stream: first exactly so many, then the rest."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._kept = b""

    def take(self, size: int) -> bytes | None:
        """Exactly ``size`` bytes, or None where the stream ends before."""
        while len(self._kept) < size:
            block = next(self._blocks, None)
            if block is None:
                return None
            self._kept += block
        taken, self._kept = self._kept[:size], self._kept[size:]
        return taken

    def rest(self) -> Iterator[bytes]:
        """Everything after what was taken."""
        yield self._kept
        yield from self._blocks


def _read_header(source: _Source, key_id: str) -> bytes | None:
    """The whole header, or None where it is cut, of another form, or names another key."""
    expected = _MAGIC + len(key_id).to_bytes(1, "big") + key_id.encode("ascii")
    start = source.take(len(expected))
    salt = source.take(_SALT)
    return start + salt if start == expected and salt is not None else None
