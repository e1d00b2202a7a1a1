"""一度きりの符号: the codes of RFC 6238, when one counts, and where its secret stands."""

from __future__ import annotations

import base64
import hashlib
import hmac
import pickle
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.security.data_keys import DataKeys
from kokuho_adapters.security.file_key_provider import FileKeyProvider
from kokuho_adapters.security.key_ring import KeyRing
from kokuho_adapters.security.one_time_codes import STEP_SECONDS, TotpCodes, code_at
from kokuho_core.access import operator_id
from kokuho_core.access.second_factor import SecondFactor
from kokuho_core.errors import SetupFault
from kokuho_core.ports.keys import KeyPurpose

NOW = datetime(2026, 6, 1, 9, 0, 10)
SATO = operator_id("sato")


def keys(folder: Path, prefecture: str = "13") -> TotpCodes:
    path = folder / "ring.keys.json"
    if not path.exists():
        KeyRing.create(path).with_new(1).replace(path)
    data_keys = DataKeys(FileKeyProvider(path), prefecture)
    wrapping = next(iter(KeyRing.load(path).key_ids))
    made = data_keys.make(KeyPurpose.FINGERPRINT, None, 1, wrapping, NOW)
    return TotpCodes(data_keys.opened(made), prefecture)


@pytest.fixture
def codes(tmp_path: Path) -> TotpCodes:
    return keys(tmp_path)


def enrolled(codes: TotpCodes) -> tuple[SecondFactor, bytes]:
    """A factor, and the secret as the operator's device knows it."""
    made = codes.new_secret(SATO)
    secret = parse_qs(urlsplit(made.uri).query)["secret"][0]
    return SecondFactor(SATO, made.sealed, "admin", NOW), base64.b32decode(secret + "=" * (-len(secret) % 8))


def as_a_device(secret: bytes, at: datetime) -> str:
    """RFC 4226 and RFC 6238 by the standard library alone."""
    digest = hmac.new(secret, struct.pack(">Q", int(at.timestamp()) // STEP_SECONDS), hashlib.sha256).digest()
    place = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "46119246"), (1111111109, "68084774"), (1111111111, "67062674"), (1234567890, "91819424"),
        (2000000000, "90698825"), (20000000000, "77737706"),
    ],
)  # fmt: skip
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    """Rules: S-31. Appendix B, SHA256, eight digits."""
    assert code_at(b"12345678901234567890123456789012", seconds // STEP_SECONDS, digits=8) == code


@given(secret=st.binary(min_size=32, max_size=32), seconds=st.integers(0, 2**33))
def test_the_codes_are_those_of_any_device(secret: bytes, seconds: int) -> None:
    """Rules: S-31."""
    at = datetime.fromtimestamp(seconds, UTC)
    assert code_at(secret, seconds // STEP_SECONDS) == as_a_device(secret, at)


def test_what_the_device_is_given(codes: TotpCodes) -> None:
    """Rules: S-31, S-11."""
    uri = urlsplit(codes.new_secret(SATO).uri)
    asked = {key: values[0] for key, values in parse_qs(uri.query).items()}
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/kokuho 13:sato")
    assert (asked["algorithm"], asked["digits"], asked["period"], asked["issuer"]) == ("SHA256", "6", "30", "kokuho 13")
    assert len(base64.b32decode(asked["secret"] + "=" * (-len(asked["secret"]) % 8))) == 32


@pytest.mark.parametrize("steps", [-3, -2, -1, 0, 1, 2, 3])
def test_one_step_around_counts(codes: TotpCodes, steps: int) -> None:
    """Rules: S-31."""
    factor, secret = enrolled(codes)
    now = int(NOW.timestamp()) // STEP_SECONDS
    found = codes.step_of(factor, as_a_device(secret, NOW + timedelta(seconds=steps * STEP_SECONDS)), NOW)
    assert found == (now + steps if abs(steps) <= 1 else None)


def test_as_people_type_it(codes: TotpCodes) -> None:
    """Rules: S-31."""
    factor, secret = enrolled(codes)
    code = as_a_device(secret, NOW)
    wide = code.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"})
    for typed in (code, f" {code[:3]} {code[3:]}\n", wide):
        assert codes.step_of(factor, typed, NOW) is not None
    other = f"{(int(code) + 1) % 10**6:06d}"
    around = {as_a_device(secret, NOW + timedelta(seconds=STEP_SECONDS * n)) for n in (-1, 1)}
    for typed in ("", "x" * 6, code[:5], code + "0", "-" + code[1:], "٣" * 5 + "x", *({other} - around)):
        assert codes.step_of(factor, typed, NOW) is None


def test_a_sealed_secret_is_its_operators_alone(codes: TotpCodes, tmp_path: Path) -> None:
    """Rules: S-31, S-8. Another's, another prefecture's, and one with any bit changed opens nothing."""
    factor, secret = enrolled(codes)
    code = as_a_device(secret, NOW)
    assert codes.step_of(evolve(factor, operator=operator_id("SATO")), code, NOW) is not None
    changed = [
        evolve(factor, sealed=bytes(b ^ (1 << bit) if n == place else b for n, b in enumerate(factor.sealed)))
        for place in range(len(factor.sealed))
        for bit in range(8)
    ]
    short = [evolve(factor, sealed=factor.sealed[:length]) for length in (0, 5, 12, len(factor.sealed) - 1)]
    for each in (evolve(factor, operator=operator_id("suzuki")), *changed, *short):
        with pytest.raises(SetupFault, match="KKH-C011"):
            codes.step_of(each, code, NOW)
    with pytest.raises(SetupFault, match="KKH-C011"):
        keys(tmp_path, "14").step_of(factor, code, NOW)


def test_nothing_shows_the_secret(codes: TotpCodes) -> None:
    """Rules: S-31, S-3."""
    made = codes.new_secret(SATO)
    factor, secret = enrolled(codes)
    assert secret not in factor.sealed
    shown = f"{made!r} {factor!r} {codes!r}"
    for part in (made.uri, base64.b32encode(secret).decode().rstrip("="), secret.hex(), repr(secret)):
        assert part not in shown
    with pytest.raises(TypeError):
        pickle.dumps(codes)
    assert codes.new_secret(SATO).uri != codes.new_secret(SATO).uri
