"""内容保護: held files are encrypted in a stream and recognised by a keyed fingerprint (S-8, S-12).

Form: ``"KKHC" ‖ version (2) ‖ length of key id (1) ‖ key id ‖ salt (32)``, then chunks of 256 KiB plaintext and a 16-byte
tag each; the last chunk is shorter or equal, and there always is one. Every stream has a key of its own, derived (HKDF) from
the municipality's data key and the random salt, so the chunk number can be the nonce and never repeats under one key. The
authenticated data of a chunk are header, prefecture, municipality, context, chunk number and «last» flag (the STREAM
construction): a chunk that was changed, moved, left out, added or taken from another file or municipality does not open, and
neither does a stream without its last chunk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kokuho_adapters.security.data_keys import DataKeys, OpenedKey
from kokuho_adapters.security.framing import framed
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyRegister, StoredKey
from kokuho_core.vocabulary.identifiers import InsurerNumber

CHUNK_BYTES: Final = 256 * 1024
TAG_BYTES: Final = 16
_MAGIC: Final = b"KKHC\x02"
_SALT: Final = 32


class AesGcmContentProtection:
    """内容保護 with the municipalities' data keys, and a fingerprint key (``fingerprint_key``) of the prefecture.

    The fingerprint key is not rotated: files are not kept, so their fingerprints could not be made anew, and without them a
    file that comes twice would not be recognised.
    """

    __slots__ = ("__data_keys", "__fingerprint_base")

    def __init__(self, data_keys: DataKeys, fingerprint_key: StoredKey) -> None:
        self.__data_keys = data_keys
        self.__fingerprint_base = data_keys.opened(fingerprint_key).fingerprint()

    def __repr__(self) -> str:
        return f"AesGcmContentProtection(prefecture={self.__data_keys.prefecture!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("content protection is not serialised: open the keys where it is needed")

    def fingerprint(self, blocks: Iterable[bytes]) -> bytes:
        """Keyed digest (HMAC-SHA-256, 32 bytes) of the content, however it is cut into blocks."""
        mac = self.__fingerprint_base.copy()
        for block in blocks:
            mac.update(block)
        return mac.finalize()

    def encrypt(
        self, keys: KeyRegister, insurer: InsurerNumber, blocks: Iterable[bytes], context: str
    ) -> Iterator[bytes]:
        """The header and then the encrypted chunks. Their cutting need not be kept: decryption finds it again."""
        opened = self.__data_keys.opened(keys.current(KeyPurpose.DATA, insurer))
        salt = os.urandom(_SALT)
        key_id = opened.key_id.encode("ascii")
        header = _MAGIC + len(key_id).to_bytes(1, "big") + key_id + salt
        return _encrypted(opened, header, self.__bound(insurer, context), blocks)

    def decrypt(
        self, keys: KeyRegister, insurer: InsurerNumber, blocks: Iterable[bytes], context: str
    ) -> Iterator[bytes]:
        """Chunks in clear, each verified before it is handed on.

        Raises :class:`SetupFault`: KKH-C011 when a chunk was changed, moved or left out, KKH-C016 when the key is gone. A
        missing end is noticed only at the end: what came before must not be used until the iterator is exhausted (S-12).
        """
        source = _Source(blocks)
        header = _read_header(source)
        key = keys.find(_key_id_in(header)) if header is not None else None
        if header is None or key is None or key.insurer_number != insurer:
            raise _fault()
        return _decrypted(self.__data_keys.opened(key), header, self.__bound(insurer, context), source)

    def __bound(self, insurer: InsurerNumber, context: str) -> bytes:
        return framed(self.__data_keys.prefecture, insurer, "held_content", "content", context)


def key_id_of(first_block: bytes) -> str | None:
    """The id of the key of an encrypted stream, from its first block; None where it is of another form."""
    header = _read_header(_Source([first_block]))
    return _key_id_in(header) if header is not None else None


def _encrypted(opened: OpenedKey, header: bytes, bound: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    cipher = opened.stream_cipher(header[-_SALT:])
    yield header
    for number, (chunk, last) in enumerate(_cut(blocks, CHUNK_BYTES)):
        yield cipher.encrypt(_nonce(number), chunk, _aad(header, bound, number, last))


def _decrypted(opened: OpenedKey, header: bytes, bound: bytes, source: _Source) -> Iterator[bytes]:
    cipher = opened.stream_cipher(header[-_SALT:])
    for number, (chunk, last) in enumerate(_cut(source.rest(), CHUNK_BYTES + TAG_BYTES)):
        plain = _open_chunk(cipher, _nonce(number), chunk, _aad(header, bound, number, last))
        if plain is None:
            raise _fault()
        if plain:
            yield plain


def _fault() -> SetupFault:
    return SetupFault(Problem("KKH-C011", field="content"))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _aad(header: bytes, bound: bytes, number: int, last: bool) -> bytes:
    return framed(header, bound, number.to_bytes(8, "big"), b"\x01" if last else b"\x00")


def _open_chunk(cipher: AESGCM, nonce: bytes, chunk: bytes, aad: bytes) -> bytes | None:
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


def _read_header(source: _Source) -> bytes | None:
    """The whole header, or None where it is cut or of another form."""
    start = source.take(len(_MAGIC) + 1)
    if start is None or start[:-1] != _MAGIC:
        return None
    rest = source.take(start[-1] + _SALT)
    return start + rest if rest is not None else None


def _key_id_in(header: bytes) -> str:
    return header[len(_MAGIC) + 1 : -_SALT].decode("ascii", errors="replace")
