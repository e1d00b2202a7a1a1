"""Number vault (S-3, S-8, S-9): what goes in comes out, everything else is refused, nothing is shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import pickle
import threading
import traceback

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kokuho_adapters.security import AesGcmNumberVault, KeyRing
from kokuho_core.errors import SetupFault
from kokuho_core.ports.vault import NumberVault, SealedNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

from .helpers import digits_of, fixed_ring, number_of


def refused(vault: AesGcmNumberVault, sealed: SealedNumber) -> SetupFault:
    with pytest.raises(SetupFault) as caught:
        vault.reveal(sealed)
    assert caught.value.code == "KKH-C011"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def test_fulfils_the_port(vault: AesGcmNumberVault) -> None:
    port: NumberVault = vault
    assert port.seal([]) == []


@pytest.mark.parametrize("count", [1, 2, 4095, 4096, 4097])
def test_round_trip_in_order(vault: AesGcmNumberVault, count: int) -> None:
    sealed = vault.seal([number_of(serial) for serial in range(1, count + 1)])
    assert len(sealed) == count
    for serial in {1, count // 2 + 1, count}:
        assert vault.reveal(sealed[serial - 1]).reveal() == digits_of(serial)


def test_index_is_equal_for_equal_numbers_only(vault: AesGcmNumberVault) -> None:
    first, again, other = vault.seal([number_of(1), number_of(1), number_of(2)])
    assert first.index == again.index == vault.index(number_of(1))
    assert first.index != other.index
    assert len(first.index) == 32
    assert first.ciphertext != again.ciphertext


def test_every_flipped_bit_is_refused(vault: AesGcmNumberVault) -> None:
    [sealed] = vault.seal([number_of(1)])
    for bit in range(len(sealed.ciphertext) * 8):
        changed = bytearray(sealed.ciphertext)
        changed[bit // 8] ^= 1 << bit % 8
        refused(vault, evolve(sealed, ciphertext=bytes(changed)))
    for bit in range(len(sealed.index) * 8):
        changed = bytearray(sealed.index)
        changed[bit // 8] ^= 1 << bit % 8
        refused(vault, evolve(sealed, index=NumberIndex(bytes(changed))))


def test_every_other_length_is_refused(vault: AesGcmNumberVault) -> None:
    [sealed] = vault.seal([number_of(1)])
    for length in range(len(sealed.ciphertext)):
        refused(vault, evolve(sealed, ciphertext=sealed.ciphertext[:length]))
    refused(vault, evolve(sealed, ciphertext=sealed.ciphertext + b"\0"))
    refused(vault, evolve(sealed, index=NumberIndex(sealed.index[:31])))
    refused(vault, evolve(sealed, index=NumberIndex(sealed.index + b"\0")))
    refused(vault, evolve(sealed, key_id="unknown"))


def test_values_of_two_numbers_cannot_be_swapped(vault: AesGcmNumberVault) -> None:
    one, two = vault.seal([number_of(1), number_of(2)])
    refused(vault, evolve(one, ciphertext=two.ciphertext))
    refused(vault, evolve(one, index=two.index))
    refused(vault, evolve(two, ciphertext=one.ciphertext))


def test_other_ring_other_prefecture_and_other_key_are_refused(ring: KeyRing, vault: AesGcmNumberVault) -> None:
    [sealed] = vault.seal([number_of(1)])
    refused(AesGcmNumberVault(KeyRing.generate(), "13"), sealed)
    refused(AesGcmNumberVault(ring, "14"), sealed)
    [fixed] = AesGcmNumberVault(fixed_ring(), "13").seal([number_of(1)])
    refused(AesGcmNumberVault(fixed_ring(), "13"), evolve(fixed, key_id="e1"))


def test_value_under_a_retired_key_still_opens() -> None:
    [old] = AesGcmNumberVault(fixed_ring(current="e1"), "13").seal([number_of(7)])
    vault = AesGcmNumberVault(fixed_ring(current="e2"), "13")
    [new] = vault.seal([number_of(7)])
    assert (old.key_id, new.key_id) == ("e1", "e2")
    assert vault.reveal(old).reveal() == vault.reveal(new).reveal() == digits_of(7)
    assert old.index == new.index


def test_reveal_checks_the_index_under_its_own_key() -> None:
    """The ciphertext opens (same encryption keys), but the index was made with another index key."""
    [sealed] = AesGcmNumberVault(fixed_ring(), "13").seal([number_of(1)])
    refused(AesGcmNumberVault(fixed_ring(index_byte=9), "13"), sealed)


def test_plaintext_that_is_no_number_is_refused() -> None:
    """Somebody with the encryption key, but without the index key, cannot plant other content."""
    for plain in (b"000000000000", b"\xff" * 12, b"12345678901x"):
        index = NumberIndex(bytes(32))
        nonce = os.urandom(12)
        parts = (b"13", b"number_vault", b"ciphertext", index, b"e2")
        encryptor = Cipher(algorithms.AES256(bytes([2]) * 32), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(b"".join(len(part).to_bytes(4, "big") + part for part in parts))
        ciphertext = nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag
        refused(AesGcmNumberVault(fixed_ring(), "13"), SealedNumber(index, "e2", ciphertext))


# --- known answers: the stored form, computed by other means ---


def test_index_is_hmac_sha256_with_domain() -> None:
    digits = digits_of(12345678901)
    domain = b"\0\0\0\x0213" + b"\0\0\0\x0cnumber_vault" + b"\0\0\0\x05index"
    expected = hmac.new(bytes([3]) * 32, domain + digits.encode(), hashlib.sha256).digest()
    assert AesGcmNumberVault(fixed_ring(), "13").index(number_of(12345678901)) == expected


def test_index_known_answer() -> None:
    """Fixed for ever: a changed value would make every stored number unfindable."""
    index = AesGcmNumberVault(fixed_ring(), "13").index(number_of(1))
    assert index.hex() == "bb3dd2df8662a9788b4d4565c1108720d173a59c22125416f4aa9b693d6c978d"


def test_stored_form_known_answer() -> None:
    """A value sealed by the first release must open in every later one."""
    index = NumberIndex(bytes.fromhex("bb3dd2df8662a9788b4d4565c1108720d173a59c22125416f4aa9b693d6c978d"))
    ciphertext = bytes.fromhex("d20800d5d45f9ee4b941031793025275128620c0acef6bf8bb5fc1edeb3a1eb3aade65ee834a5407")
    opened = AesGcmNumberVault(fixed_ring(), "13").reveal(SealedNumber(index, "e2", ciphertext))
    assert opened.reveal() == digits_of(1)


def test_ciphertext_is_aes_256_gcm_with_documented_aad() -> None:
    [sealed] = AesGcmNumberVault(fixed_ring(), "13").seal([number_of(5)])
    nonce, body, tag = sealed.ciphertext[:12], sealed.ciphertext[12:24], sealed.ciphertext[24:]
    decryptor = Cipher(algorithms.AES256(bytes([2]) * 32), modes.GCM(nonce, tag)).decryptor()
    parts = (b"13", b"number_vault", b"ciphertext", sealed.index, b"e2")
    decryptor.authenticate_additional_data(b"".join(len(part).to_bytes(4, "big") + part for part in parts))
    assert (decryptor.update(body) + decryptor.finalize()).decode() == digits_of(5)


# --- separation ---


def test_index_is_no_unkeyed_hash_and_shares_no_key(vault: AesGcmNumberVault) -> None:
    digits = digits_of(1).encode()
    index = AesGcmNumberVault(fixed_ring(), "13").index(number_of(1))
    for name in ("sha256", "sha3_256", "blake2s", "sha512_256"):
        assert hashlib.new(name, digits).digest() != index
    for key in (bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32, bytes([4]) * 32, b""):
        assert hmac.new(key or b"\0", digits, hashlib.sha256).digest() != index
    assert index != AesGcmNumberVault(fixed_ring(index_byte=9), "13").index(number_of(1))
    assert index != AesGcmNumberVault(fixed_ring(), "14").index(number_of(1))
    assert index != vault.index(number_of(1))
    assert index == AesGcmNumberVault(fixed_ring(current="e1"), "13").index(number_of(1))


def test_nonces_are_unique(vault: AesGcmNumberVault) -> None:
    numbers = [number_of(1)] * 100_000
    assert len({sealed.ciphertext[:12] for sealed in vault.seal(numbers)}) == 100_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_nonces_differ_after_fork(vault: AesGcmNumberVault) -> None:
    vault.seal([number_of(1)])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - the other process
        os.write(writer, b"".join(sealed.ciphertext[:12] for sealed in vault.seal([number_of(1)] * 100)))
        os._exit(0)
    os.waitpid(child, 0)
    drawn = os.read(reader, 1200)
    os.close(reader)
    os.close(writer)
    theirs = {drawn[start : start + 12] for start in range(0, 1200, 12)}
    ours = {sealed.ciphertext[:12] for sealed in vault.seal([number_of(1)] * 100)}
    assert len(theirs | ours) == 200


def test_one_vault_serves_many_threads(vault: AesGcmNumberVault) -> None:
    failures: list[int] = []

    def work(base: int) -> None:
        serials = range(base, base + 500)
        sealed = vault.seal([number_of(serial) for serial in serials])
        failures.extend(
            serial
            for serial, value in zip(serials, sealed, strict=True)
            if vault.reveal(value).reveal() != digits_of(serial)
        )

    threads = [threading.Thread(target=work, args=(1000 * place,)) for place in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("prefecture", ["", "0", "00", "48", "99", "1", "013", "１３", "13 ", "ab", "13\n"])
def test_unknown_prefecture_is_refused(ring: KeyRing, prefecture: str) -> None:
    with pytest.raises(SetupFault) as caught:
        AesGcmNumberVault(ring, prefecture)
    assert caught.value.code == "KKH-C010"


@pytest.mark.parametrize("prefecture", ["01", "09", "10", "29", "39", "40", "47"])
def test_prefectures(ring: KeyRing, prefecture: str) -> None:
    assert prefecture in repr(AesGcmNumberVault(ring, prefecture))


# --- nothing is shown ---


def test_no_form_shows_number_index_or_key(ring: KeyRing, vault: AesGcmNumberVault) -> None:
    [sealed] = vault.seal([number_of(1)])
    opened = vault.reveal(sealed)
    fault = refused(vault, evolve(sealed, ciphertext=bytes(40)))
    trace = traceback.TracebackException.from_exception(fault, capture_locals=True)
    # pytest's own frame names the sealed value it passed, hence only the vault's frames are looked at
    frames = [frame for frame in trace.stack if "number_vault" in frame.filename]
    assert frames
    local = [value for frame in frames for value in (frame.locals or {}).values()]
    shown = [repr(vault), str(vault), f"{vault}", repr(sealed), f"{sealed}", repr(opened), str(opened), f"{opened}"]
    shown += [f"{opened:>20}", f"%s {opened}" % opened, str(fault), repr(fault), str(fault.args), *local]
    digits = digits_of(1)
    secrets = [digits.encode(), sealed.index, *(key.material for key in (*ring.encryption_keys, ring.index_key))]
    forms = [
        digits,
        *(f(secret) for secret in secrets for f in (repr, bytes.hex, lambda b: base64.b64encode(b).decode())),
    ]
    assert not any(form in text for form in forms for text in shown)


def test_failed_index_check_shows_no_number() -> None:
    """Here the ciphertext opened, so the number was in memory when the fault was raised."""
    [sealed] = AesGcmNumberVault(fixed_ring(), "13").seal([number_of(1)])
    fault = refused(AesGcmNumberVault(fixed_ring(index_byte=9), "13"), sealed)
    trace = traceback.TracebackException.from_exception(fault, capture_locals=True)
    assert digits_of(1) not in "".join(trace.format())


def test_failure_while_sealing_shows_no_number(vault: AesGcmNumberVault, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_entropy(size: int) -> bytes:
        raise OSError("no entropy")

    numbers = [number_of(1)]
    monkeypatch.setattr(os, "urandom", no_entropy)
    with pytest.raises(OSError, match="no entropy") as caught:
        vault.seal(numbers)
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert digits_of(1) not in "".join(trace.format())


def test_neither_vault_nor_number_is_pickled(vault: AesGcmNumberVault) -> None:
    for value in (vault, number_of(1), [number_of(1)]):
        with pytest.raises(TypeError):
            pickle.dumps(value)
