"""Number vault (S-1, S-3, S-8, S-9): what goes in comes out, everything else is refused, nothing is shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import pickle
import threading
import traceback
from collections.abc import Iterable, Sequence

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kokuho_adapters.security import DataKeys
from kokuho_core.errors import SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyState
from kokuho_core.ports.vault import NumberVault, SealedColumn, SealedNumber
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

from ..prefecture.office import A, B, C
from .bench import Bench, bench, digits_of, fixed_bench, number_of
from .hardware import HardwareModule


def refused(bench: Bench, sealed: SealedNumber, code: str = "KKH-C011") -> SetupFault:
    with pytest.raises(SetupFault) as caught:
        bench.reveal(sealed)
    assert caught.value.code == code
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def flipped(value: bytes) -> Iterable[bytes]:
    for bit in range(len(value) * 8):
        changed = bytearray(value)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def test_fulfils_the_port(bench: Bench) -> None:
    port: NumberVault = bench.vault
    assert port.seal(bench.keys, A, []) == []


@pytest.mark.parametrize("count", [1, 2, 4095, 4096, 4097])
def test_round_trip_in_order(bench: Bench, count: int) -> None:
    """Rules: S-8."""
    sealed = bench.seal(*range(1, count + 1))
    assert len(sealed) == count
    for serial in {1, count // 2 + 1, count}:
        assert bench.reveal(sealed[serial - 1]).reveal() == digits_of(serial)


def test_index_is_equal_for_equal_numbers_only_in_all_municipalities(bench: Bench) -> None:
    """Rules: S-9."""
    first, again, other = bench.seal(1, 1, 2)
    [elsewhere] = bench.seal(1, insurer=B)
    assert first.index == again.index == elsewhere.index == bench.index(1)
    assert first.index != other.index
    assert len(first.index) == 32
    assert first.ciphertext != again.ciphertext


# --- nothing but the very value opens ---


def test_every_flipped_bit_is_refused(bench: Bench) -> None:
    """Rules: S-8."""
    [sealed] = bench.seal(1)
    for ciphertext in flipped(sealed.ciphertext):
        refused(bench, evolve(sealed, ciphertext=ciphertext))
    for index in flipped(sealed.index):
        refused(bench, evolve(sealed, index=NumberIndex(index)))
    for key_id in flipped(sealed.key_id.encode("ascii")):
        refused(bench, evolve(sealed, key_id=key_id.decode("latin-1")))
    for insurer in flipped(sealed.insurer_number.encode("ascii")):
        refused(bench, evolve(sealed, insurer_number=InsurerNumber(insurer.decode("latin-1"))))
    for version in range(-3, 70):
        if version != sealed.index_version:
            refused(bench, evolve(sealed, index_version=version))


def test_every_other_length_is_refused(bench: Bench) -> None:
    """Rules: S-8."""
    [sealed] = bench.seal(1)
    for length in range(len(sealed.ciphertext)):
        refused(bench, evolve(sealed, ciphertext=sealed.ciphertext[:length]))
    refused(bench, evolve(sealed, ciphertext=sealed.ciphertext + b"\0"))
    refused(bench, evolve(sealed, index=NumberIndex(sealed.index[:31])))
    refused(bench, evolve(sealed, index=NumberIndex(sealed.index + b"\0")))
    refused(bench, evolve(sealed, key_id="unknown"))
    refused(bench, evolve(sealed, key_id=bench.keys.current(KeyPurpose.INDEX).key_id))


def test_every_swap_of_parts_is_refused(bench: Bench) -> None:
    """Rules: S-1, S-8. Rows, municipalities, index versions, key ids and ciphertexts, in every combination."""
    before = [*bench.seal(1, 2), *bench.seal(1, 2, insurer=B)]
    bench.renew(KeyPurpose.DATA, A)
    bench.renew(KeyPurpose.INDEX)
    after = [*bench.seal(1, 2), *bench.seal(1, 2, insurer=B)]
    values = [*before, *after]
    assert len({each.key_id for each in values}) == 3
    for each in values:
        assert bench.reveal(each).reveal() in (digits_of(1), digits_of(2))
    for one, two in itertools.permutations(values, 2):
        for parts in itertools.product((one, two), repeat=5):
            mixed = SealedNumber(
                parts[0].insurer_number, parts[1].index, parts[2].index_version, parts[3].key_id, parts[4].ciphertext
            )
            if mixed not in values:
                refused(bench, mixed)


def test_a_column_opens_as_each_of_its_numbers_does(bench: Bench) -> None:
    """Rules: S-8. Under two keys, with gaps; one wrong part of one of them, and none is opened."""
    before = bench.seal(1, 2)
    bench.renew(KeyPurpose.DATA, A)
    values = [before[0], None, *bench.seal(3), before[1], None]
    column = column_of(values)
    opened = bench.vault.reveal_column(bench.keys, column)
    assert [each and each.reveal() for each in opened] == [digits_of(1), None, digits_of(3), digits_of(2), None]
    assert bench.vault.reveal_column(bench.keys, column_of([None])) == [None]
    assert "1" not in repr(column).replace(A, "")
    [sealed] = bench.seal(4)
    [elsewhere] = bench.seal(4, insurer=B)
    for wrong in (
        *(evolve(sealed, ciphertext=ciphertext) for ciphertext in flipped(sealed.ciphertext)),
        *(evolve(sealed, ciphertext=sealed.ciphertext[:length]) for length in range(len(sealed.ciphertext))),
        *(evolve(sealed, index=NumberIndex(index)) for index in flipped(sealed.index)),
        evolve(sealed, index=before[0].index), evolve(sealed, key_id=before[0].key_id), evolve(sealed, key_id="unknown"),
        evolve(sealed, key_id=bench.keys.current(KeyPurpose.INDEX).key_id), elsewhere,
    ):  # fmt: skip
        column_refused(bench, column_of([values[0], wrong, values[2]]))
    for gone in ({"key_ids": [None]}, {"ciphertexts": [None]}):
        column_refused(bench, evolve(column_of([sealed]), **gone))


def column_of(values: Sequence[SealedNumber | None]) -> SealedColumn:
    parts = [(each.index, each.key_id, each.ciphertext) if each is not None else (None, None, None) for each in values]
    return SealedColumn(A, *zip(*parts, strict=True))


def column_refused(bench: Bench, column: SealedColumn) -> None:
    """Refused as a whole, with nothing of a number in what is raised."""
    with pytest.raises(SetupFault, match="KKH-C011") as raised:
        bench.vault.reveal_column(bench.keys, column)
    assert raised.value.__cause__ is None and raised.value.__context__ is None


def test_another_provider_another_prefecture_and_another_key_are_refused(bench: Bench) -> None:
    """Rules: S-8, S-9."""
    [sealed] = bench.seal(1)
    other = DataKeys(bench.provider, "14")
    with pytest.raises(SetupFault, match="KKH-C011"):  # the data key itself is bound to its prefecture
        other.opened(bench.keys.current(KeyPurpose.DATA, A))
    with pytest.raises(SetupFault, match="KKH-C016"):
        DataKeys(HardwareModule(), "13").opened(bench.keys.current(KeyPurpose.DATA, A))
    [fixed] = fixed_bench().seal(1)
    refused(fixed_bench("14"), fixed)
    refused(fixed_bench(data_byte=8), fixed)
    assert fixed_bench().reveal(fixed).reveal() == digits_of(1)
    assert bench.reveal(sealed).reveal() == digits_of(1)


def test_wrapped_keys_cannot_be_exchanged(bench: Bench) -> None:
    """Rules: S-1, S-8. A wrapped key is bound to its municipality, use, version, id and wrapping key."""
    one, two = bench.keys.current(KeyPurpose.DATA, A), bench.keys.current(KeyPurpose.DATA, B)
    index = bench.keys.current(KeyPurpose.INDEX)
    fresh = DataKeys(bench.provider, "13")
    for key in (
        evolve(one, wrapped=two.wrapped),
        evolve(one, wrapped=two.wrapped, wrapping_key_id=two.wrapping_key_id),
        evolve(one, insurer_number=B),
        evolve(one, insurer_number=None),
        evolve(one, purpose=KeyPurpose.INDEX),
        evolve(one, version=2),
        evolve(one, key_id=two.key_id),
        evolve(index, insurer_number=A),
        evolve(index, wrapped=one.wrapped, wrapping_key_id=one.wrapping_key_id),
        *(evolve(one, wrapped=changed) for changed in flipped(one.wrapped or b"")),
        *(evolve(one, wrapped=(one.wrapped or b"")[:length]) for length in range(len(one.wrapped or b""))),
    ):
        with pytest.raises(SetupFault, match="KKH-C011"):
            fresh.opened(key)
    assert fresh.opened(one).key_id == one.key_id


def test_value_under_a_replaced_and_a_retired_key_still_opens(bench: Bench) -> None:
    """Rules: S-10."""
    [old] = bench.seal(7)
    new_key = bench.renew(KeyPurpose.DATA, A)
    [new] = bench.seal(7)
    assert old.key_id != new.key_id == new_key.key_id
    old_key = bench.keys.find(old.key_id)
    assert old_key is not None
    for state in (KeyState.REPLACED, KeyState.RETIRED):
        bench.keys.replace(old_key, state)
        assert bench.reveal(old).reveal() == bench.reveal(new).reveal() == digits_of(7)
    assert old.index == new.index


def test_while_the_index_key_is_replaced(bench: Bench) -> None:
    """Rules: S-10. A number that stands under its old index keeps it; every other one gets the new index."""
    [known] = bench.seal(1)
    bench.renew(KeyPurpose.INDEX)
    bench.keys.kept[1] = {known.index}
    again, new = bench.seal(1, 2)
    assert (again.index, again.index_version) == (known.index, 1)
    assert new.index_version == 2
    both = bench.vault.indexes(bench.keys, number_of(1))
    assert known.index in both and len(set(both)) == 2
    [moved] = bench.vault.renewed(bench.keys, [known], bench.keys.current(KeyPurpose.INDEX))
    assert (moved.index, moved.index_version) == (both[0], 2)
    bench.keys.kept[1] = set()
    assert bench.seal(1)[0].index == moved.index
    assert {bench.reveal(each).reveal() for each in (known, again, moved)} == {digits_of(1)}


def test_a_destroyed_key_opens_nothing(bench: Bench) -> None:
    """Rules: S-29."""
    [sealed] = bench.seal(1)
    key = bench.keys.current(KeyPurpose.DATA, A)
    bench.provider.destroy_keys([key.wrapping_key_id or ""])
    bench.data_keys.forget(key.key_id)
    refused(bench, sealed, "KKH-C016")
    bench.keys.keys[key.key_id] = evolve(key, state=KeyState.DESTROYED, wrapped=None, wrapping_key_id=None)
    refused(bench, sealed, "KKH-C016")


def test_encryptions_are_counted(bench: Bench) -> None:
    """Rules: S-10."""
    bench.seal(*range(1, 4098))
    bench.seal(1, 2, 3, insurer=B)
    ids = {insurer: bench.keys.current(KeyPurpose.DATA, insurer).key_id for insurer in (A, B)}
    assert bench.keys.counted == {ids[A]: 4097, ids[B]: 3}
    list(bench.vault.renewed(bench.keys, bench.seal(1)))
    assert bench.keys.counted[ids[A]] == 4099


def test_a_municipality_without_a_key_is_told(bench: Bench) -> None:
    """Rules: S-1."""
    with pytest.raises(SetupFault, match="KKH-C015"):
        bench.seal(1, insurer=C)


def test_reveal_checks_the_index_under_its_own_key() -> None:
    """Rules: S-9. The ciphertext opens (same data key), but the index was made with another index key."""
    [sealed] = fixed_bench().seal(1)
    refused(fixed_bench(index_byte=9), sealed)


# --- known answers: the stored form, computed by other means ---


def hkdf(material: bytes, *purpose: bytes) -> bytes:
    """RFC 5869 in two lines, for one block of output without salt."""
    info = framed(b"kokuho", *purpose)
    return hmac.new(hmac.new(bytes(32), material, hashlib.sha256).digest(), info + b"\x01", hashlib.sha256).digest()


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def bound(index: bytes) -> bytes:
    """The authenticated data as documented."""
    return framed(b"13", A.encode(), b"number_vault", b"ciphertext", index, b"e2")


NUMBERS_KEY = hkdf(bytes([2]) * 32, b"number_vault", b"encryption")


def test_plaintext_that_is_no_number_is_refused() -> None:
    """Somebody with the encryption key, but without the index key, cannot plant other content."""
    for plain in (b"000000000000", b"\xff" * 12, b"12345678901x", digits_of(3).encode()):
        index = NumberIndex(bytes(32))
        nonce = os.urandom(12)
        encryptor = Cipher(algorithms.AES256(NUMBERS_KEY), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound(index))
        ciphertext = nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag
        refused(fixed_bench(), SealedNumber(A, index, 1, "e2", ciphertext))


def test_index_is_hmac_sha256_with_domain() -> None:
    """Rules: S-9, S-11."""
    digits = digits_of(12345678901)
    domain = b"\0\0\0\x0213" + b"\0\0\0\x0cnumber_vault" + b"\0\0\0\x05index"
    expected = hmac.new(bytes([3]) * 32, domain + digits.encode(), hashlib.sha256).digest()
    assert fixed_bench().index(12345678901) == expected


def test_index_known_answer() -> None:
    """Fixed for ever: a changed value would make every stored number unfindable."""
    assert fixed_bench().index(1).hex() == "bb3dd2df8662a9788b4d4565c1108720d173a59c22125416f4aa9b693d6c978d"


def test_ciphertext_is_aes_256_gcm_with_documented_key_and_bound() -> None:
    """Rules: S-8, S-11."""
    [sealed] = fixed_bench().seal(5)
    nonce, body, tag = sealed.ciphertext[:12], sealed.ciphertext[12:24], sealed.ciphertext[24:]
    decryptor = Cipher(algorithms.AES256(NUMBERS_KEY), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(bound(sealed.index))
    assert (decryptor.update(body) + decryptor.finalize()).decode() == digits_of(5)


def test_stored_form_known_answer() -> None:
    """A value sealed by the first release must open in every later one."""
    index = NumberIndex(bytes.fromhex("bb3dd2df8662a9788b4d4565c1108720d173a59c22125416f4aa9b693d6c978d"))
    ciphertext = bytes.fromhex(KNOWN_CIPHERTEXT)
    assert fixed_bench().reveal(SealedNumber(A, index, 1, "e2", ciphertext)).reveal() == digits_of(1)


KNOWN_CIPHERTEXT = "a8dc6187311898a3bc24a6456c3272e3892b763c75e1fa1ec947c99a00cf30b63a04fbec2b56176a"


# --- separation ---


def test_index_is_no_unkeyed_hash_and_shares_no_key(bench: Bench) -> None:
    """Rules: S-9."""
    digits = digits_of(1).encode()
    index = fixed_bench().index(1)
    for name in sorted(hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}):
        assert hashlib.new(name, digits).digest()[:32] != index[: hashlib.new(name).digest_size]
    for byte in range(10):
        assert hmac.new(bytes([byte]) * 32, digits, hashlib.sha256).digest() != index
    assert index != fixed_bench(index_byte=9).index(1)
    assert index != fixed_bench("14").index(1)
    assert index != bench.index(1)
    assert index == fixed_bench(data_byte=8).index(1)


@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_nonces_are_unique(bench: Bench, count: int) -> None:
    """Rules: S-8."""
    numbers = [number_of(1)] * 10_000
    drawn: set[bytes] = set()
    for _ in range(count // 10_000):
        drawn.update(sealed.ciphertext[:12] for sealed in bench.vault.seal(bench.keys, A, numbers))
    assert len(drawn) == count


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork: no process there begins with another's memory")
def test_nonces_differ_after_fork(bench: Bench) -> None:
    """Rules: S-8."""
    bench.seal(1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - the other process
        os.write(writer, b"".join(sealed.ciphertext[:12] for sealed in bench.seal(*[1] * 100)))
        os._exit(0)
    os.waitpid(child, 0)
    drawn = os.read(reader, 1200)
    os.close(reader)
    os.close(writer)
    theirs = {drawn[start : start + 12] for start in range(0, 1200, 12)}
    ours = {sealed.ciphertext[:12] for sealed in bench.seal(*[1] * 100)}
    assert len(theirs | ours) == 200


def test_one_vault_serves_many_threads(bench: Bench) -> None:
    failures: list[int] = []

    def work(base: int) -> None:
        serials = range(base, base + 500)
        sealed = bench.seal(*serials, insurer=(A, B)[base // 1000 % 2])
        failures.extend(
            serial
            for serial, value in zip(serials, sealed, strict=True)
            if bench.reveal(value).reveal() != digits_of(serial)
        )

    threads = [threading.Thread(target=work, args=(1000 * place,)) for place in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("prefecture", ["", "0", "00", "48", "99", "1", "013", "１３", "13 ", "ab", "13\n"])
def test_unknown_prefecture_is_refused(prefecture: str) -> None:
    with pytest.raises(SetupFault) as caught:
        DataKeys(HardwareModule(), prefecture)
    assert caught.value.code == "KKH-C010"


@pytest.mark.parametrize("prefecture", ["01", "09", "10", "29", "39", "40", "47"])
def test_prefectures(prefecture: str) -> None:
    assert prefecture in repr(bench(prefecture).vault)


# --- nothing is shown ---


def test_no_form_shows_number_index_or_key() -> None:
    """Rules: S-3."""
    fixed = fixed_bench()
    [sealed] = fixed.seal(1)
    opened = fixed.reveal(sealed)
    fault = refused(fixed, evolve(sealed, ciphertext=bytes(40)))
    trace = traceback.TracebackException.from_exception(fault, capture_locals=True)
    # pytest's own frame names the sealed value it passed, hence only the vault's frames are looked at
    frames = [frame for frame in trace.stack if "kokuho_adapters" in frame.filename]
    assert frames
    local = [value for frame in frames for value in (frame.locals or {}).values()]
    key = fixed.data_keys.opened(fixed.keys.current(KeyPurpose.DATA, A))
    shown = [repr(fixed.vault), f"{fixed.vault}", repr(sealed), f"{sealed}", repr(opened), str(opened), f"{opened}"]
    shown += [repr(fixed.data_keys), repr(key), repr(fixed.keys.current(KeyPurpose.DATA, A)), repr(fixed.protection)]
    shown += [f"{opened:>20}", f"%s {opened}" % opened, str(fault), repr(fault), str(fault.args), *local]
    digits = digits_of(1)
    secrets = [digits.encode(), sealed.index, *(bytes([byte]) * 32 for byte in (2, 3, 4, 5)), NUMBERS_KEY]
    forms = [
        digits,
        *(f(secret) for secret in secrets for f in (repr, bytes.hex, lambda b: base64.b64encode(b).decode())),
    ]
    assert not any(form in text for form in forms for text in shown)


def test_failed_index_check_shows_no_number() -> None:
    """Rules: S-3. Here the ciphertext opened, so the number was in memory when the fault was raised."""
    [sealed] = fixed_bench().seal(1)
    fault = refused(fixed_bench(index_byte=9), sealed)
    trace = traceback.TracebackException.from_exception(fault, capture_locals=True)
    assert digits_of(1) not in "".join(trace.format())


def test_failure_while_sealing_shows_no_number(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-3."""

    def no_entropy(size: int) -> bytes:
        raise OSError("no entropy")

    monkeypatch.setattr(os, "urandom", no_entropy)
    with pytest.raises(OSError, match="no entropy") as caught:
        bench.seal(1)
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert digits_of(1) not in "".join(trace.format())


def test_nothing_secret_is_pickled(bench: Bench) -> None:
    """Rules: S-9."""
    opened = bench.data_keys.opened(bench.keys.current(KeyPurpose.DATA, A))
    for value in (bench.vault, bench.data_keys, bench.protection, opened, number_of(1), [number_of(1)]):
        with pytest.raises(TypeError):
            pickle.dumps(value)
