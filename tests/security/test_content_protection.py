"""Held files (S-8, S-12): a stream opens whole, in order and in its own context, or not at all."""

from __future__ import annotations

import hashlib
import hmac
import pickle
from collections.abc import Iterator
from itertools import permutations

import pytest

from kokuho_adapters.security import AesGcmContentProtection, KeyRing, SecretKey
from kokuho_adapters.security.content_protection import CHUNK_BYTES, TAG_BYTES
from kokuho_core.errors import SetupFault
from kokuho_core.ports.vault import ContentProtection

from .helpers import digits_of, fixed_ring

CONTEXT = "received:17"


def content_of(size: int) -> bytes:
    unit = b"".join(f"{digits_of(serial)},".encode() for serial in range(1, 200))
    return (unit * (size // len(unit) + 1))[:size]


def refused(protection: AesGcmContentProtection, blocks: list[bytes], context: str = CONTEXT) -> None:
    with pytest.raises(SetupFault) as caught:
        list(protection.decrypt(blocks, context))
    assert caught.value.code == "KKH-C011"
    assert caught.value.__context__ is None


def test_fulfils_the_port(protection: AesGcmContentProtection) -> None:
    port: ContentProtection = protection
    assert len(port.fingerprint([])) == 32


@pytest.mark.parametrize(
    "size",
    [0, 1, 15, 16, 17, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 77],
)
def test_round_trip(protection: AesGcmContentProtection, size: int) -> None:
    content = content_of(size)
    encrypted = list(protection.encrypt([content], CONTEXT))
    assert all(len(block) <= CHUNK_BYTES + TAG_BYTES for block in encrypted)
    assert b"".join(protection.decrypt(encrypted, CONTEXT)) == content
    assert digits_of(1).encode() not in b"".join(encrypted)


@pytest.mark.parametrize("cut", [1, 7, 1000, CHUNK_BYTES, CHUNK_BYTES + 16, 10**9])
def test_cutting_of_blocks_does_not_matter(protection: AesGcmContentProtection, cut: int) -> None:
    content = content_of(CHUNK_BYTES + 5000 if cut >= 1000 else 3000)

    def pieces(data: bytes) -> Iterator[bytes]:
        yield b""
        for start in range(0, len(data), cut):
            yield data[start : start + cut]
        yield b""

    encrypted = b"".join(protection.encrypt(pieces(content), CONTEXT))
    assert b"".join(protection.decrypt(pieces(encrypted), CONTEXT)) == content
    assert protection.fingerprint(pieces(content)) == protection.fingerprint([content])


def test_chunks_come_out_while_reading(protection: AesGcmContentProtection) -> None:
    """Nothing is kept but one chunk: the first one is there before the fourth is read."""
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield bytes(CHUNK_BYTES)

    stream = protection.encrypt(endless(), CONTEXT)
    next(stream)
    next(stream)
    assert read <= 3


def test_cut_at_every_chunk_boundary_and_beside_it(protection: AesGcmContentProtection) -> None:
    blocks = list(protection.encrypt([content_of(3 * CHUNK_BYTES + 10)], CONTEXT))
    whole = b"".join(blocks)
    ends = [sum(map(len, blocks[:count])) for count in range(len(blocks) + 1)]
    for end in ends:
        for length in {end - 1, end, end + 1} - {-1, len(whole), len(whole) + 1}:
            refused(protection, [whole[:length]])
    refused(protection, [])
    refused(protection, [whole, b"\0"])


def test_cut_at_every_byte_of_a_short_stream(protection: AesGcmContentProtection) -> None:
    whole = b"".join(protection.encrypt([content_of(40)], CONTEXT))
    for length in range(len(whole)):
        refused(protection, [whole[:length]])
        refused(protection, [whole[length:]] if length else [whole[1:]])


def test_every_flipped_bit_is_refused(protection: AesGcmContentProtection) -> None:
    whole = b"".join(protection.encrypt([content_of(20)], CONTEXT))
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        refused(protection, [bytes(changed)])


def test_reordered_repeated_and_dropped_chunks_are_refused(protection: AesGcmContentProtection) -> None:
    header, *chunks = protection.encrypt([content_of(3 * CHUNK_BYTES)], CONTEXT)
    right = tuple(range(len(chunks)))
    for order in permutations(right):
        if order != right:
            refused(protection, [header, *(chunks[place] for place in order)])
    for place in right:
        refused(protection, [header, *chunks[:place], *chunks[place + 1 :]])
        refused(protection, [header, *chunks[: place + 1], *chunks[place:]])


def test_chunks_of_another_stream_are_refused(protection: AesGcmContentProtection) -> None:
    content = content_of(2 * CHUNK_BYTES + 5)
    one = list(protection.encrypt([content], CONTEXT))
    two = list(protection.encrypt([content], CONTEXT))
    assert len(set(one) | set(two)) == len(one) + len(two)
    for place in range(len(one)):
        refused(protection, [*one[:place], two[place], *one[place + 1 :]])


def test_other_context_and_other_keys_are_refused(protection: AesGcmContentProtection, ring: KeyRing) -> None:
    blocks = list(protection.encrypt([content_of(100)], CONTEXT))
    refused(protection, blocks, "received:18")
    refused(protection, blocks, "")
    refused(AesGcmContentProtection(KeyRing.generate()), blocks)
    same_id = KeyRing(
        ring.encryption_keys, ring.current_id, ring.index_key, SecretKey(ring.content_key.key_id, bytes([7]) * 32)
    )
    refused(AesGcmContentProtection(same_id), blocks)


def test_fingerprint_is_keyed_and_apart_from_the_other_keys(protection: AesGcmContentProtection) -> None:
    content = content_of(1000)
    fixed = AesGcmContentProtection(fixed_ring())
    assert fixed.fingerprint([content]) != protection.fingerprint([content])
    assert fixed.fingerprint([content]) == AesGcmContentProtection(fixed_ring()).fingerprint([content])
    assert fixed.fingerprint([content]) != hashlib.sha256(content).digest()
    for key in range(1, 5):
        assert fixed.fingerprint([content]) != hmac.new(bytes([key]) * 32, content, hashlib.sha256).digest()
    assert fixed.fingerprint([content]) != fixed.fingerprint([content + b"\0"])


def hkdf(material: bytes, salt: bytes, purpose: bytes) -> bytes:
    """RFC 5869 in two lines, for one block of output."""
    parts = (b"kokuho", b"content_protection", purpose)
    info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.new(hmac.new(salt, material, hashlib.sha256).digest(), info + b"\x01", hashlib.sha256).digest()


def test_fingerprint_known_answer() -> None:
    """The documented derivation, computed by other means: stored fingerprints must be found again for ever."""
    key = hkdf(bytes([4]) * 32, bytes(32), b"fingerprint")
    expected = hmac.new(key, b"content", hashlib.sha256).digest()
    assert AesGcmContentProtection(fixed_ring()).fingerprint([b"con", b"tent"]) == expected


def test_stored_stream_known_answer() -> None:
    """A stream written by the first release must open in every later one."""
    stream = bytes.fromhex(
        "4b4b484301026331cb45721ed0b5782795b02ffb9a42b76f82331799fa16f4e7"
        "0ad7772c99b065c7ee7baaf30e2b95bb878ade5e88d26857dd7d408b9594"
    )
    assert b"".join(AesGcmContentProtection(fixed_ring()).decrypt([stream], CONTEXT)) == "国保".encode()


def test_nothing_is_shown_or_pickled(protection: AesGcmContentProtection, ring: KeyRing) -> None:
    assert repr(ring.content_key.material) not in repr(protection)
    with pytest.raises(TypeError):
        pickle.dumps(protection)
