"""Database and keys apart (S-9): who has the database and its backups, but not the keys, finds no number."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import shutil
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kokuho_adapters.security.framing import framed
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys
from kokuho_core.ports.keys import StoredKey

from ..aggregation.support import insured
from ..prefecture.office import A, B, PrefectureOffice, number
from .sealed import blobs, forms


@pytest.fixture
def rotated(office: PrefectureOffice, tmp_path: Path) -> PrefectureOffice:
    """A prefecture that knows three numbers, with a backup of its database from before three rotations."""
    office.persons(A, *[insured(A, str(n), n) for n in (1, 2)])
    office.persons(B, insured(B, "3", 3, previous=number(1)))
    office.receive(office.write("SKKOJIN", A, [insured(A, "9", 9)], sequence=5))
    office.resolve()
    for path in office.folder.glob("*.sqlite3*"):
        if ".json" not in path.name:
            shutil.copy(path, office.folder / f"{path.name}.backup")
    for rotate in (rotate_data_keys, rotate_index_key, rotate_wrapping_keys):
        rotate(office.installation.custody)
    return office


def unwrapped(office: PrefectureOffice) -> dict[str, bytes]:
    """The materials of all data keys, which only the provider can open."""
    found: dict[str, bytes] = {}
    provider = office.installation.custody.data_keys.provider

    def context(key: StoredKey) -> bytes:
        row = (key.purpose.value, str(key.version), key.key_id)
        return framed("13", key.insurer_number or "*", "data_key", "wrapped", *row, key.wrapping_key_id or "")

    with office.installation.database.begin(read_only=True) as work:
        for key in work.keys.all():
            assert key.wrapping_key_id is not None and key.wrapped is not None
            found[key.key_id] = provider.unwrap(key.wrapping_key_id, key.wrapped, context(key))
    return found


def test_no_key_stands_in_the_database_or_its_backup(rotated: PrefectureOffice) -> None:
    """Rules: S-9."""
    ring = next(rotated.folder.glob("*.keys.json"))
    wrapping = [b64decode(key["key"]) for key in json.loads(ring.read_bytes())["keys"]]
    materials = [*wrapping, *unwrapped(rotated).values()]
    assert len(set(materials)) == len(materials) >= 20
    everything = list(blobs(rotated.database_file))
    assert any(path.name.endswith(".backup") for path in rotated.folder.iterdir())
    for material in materials:
        for form in forms(material):
            assert not any(form in blob for blob in everything)


def test_a_known_number_cannot_be_found_without_the_keys(rotated: PrefectureOffice) -> None:
    """Rules: S-9. Not by itself, by no unkeyed hash, and under no key that could be made of what stands in the database."""
    everything = list(blobs(rotated.database_file))
    together = b"\0".join(everything)
    domain = framed("13", "number_vault", "index")
    small = [blob for blob in everything if len(blob) <= 300]
    candidates = {blob[start : start + 32] for blob in small for start in range(max(1, len(blob) - 31))}
    candidates |= {bytes(32), b"", b"13", *(hashlib.sha256(blob).digest() for blob in small)}
    for serial in (1, 2, 3, 9):
        digits = number(serial).encode()
        assert digits not in together
        for name in sorted(hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}):
            for text in (digits, domain + digits, b"13" + digits, digits + b"13"):
                assert hashlib.new(name, text).digest()[:20] not in together
        for key in candidates:
            for text in (digits, domain + digits):
                assert hmac.new(key, text, hashlib.sha256).digest() not in together


def test_with_the_keys_it_is_found(rotated: PrefectureOffice) -> None:
    """Rules: S-9. The search above finds what it looks for, when it has the key."""
    together = b"\0".join(blobs(rotated.database_file))
    domain = framed("13", "number_vault", "index")
    found = [
        key_id
        for key_id, material in unwrapped(rotated).items()
        if hmac.new(material, domain + number(1).encode(), hashlib.sha256).digest() in together
    ]
    assert len(found) == 2  # the index key of now, and that of the backup


def test_no_key_is_logged(rotated: PrefectureOffice, caplog: Any, capsys: Any) -> None:
    """Rules: S-3, S-9."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
    try:
        rotated.persons(B, insured(B, "4", 4))
        rotate_data_keys(rotated.installation.custody)
    finally:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    told = caplog.text + "".join(capsys.readouterr())
    assert "data_key" in told
    ring = next(rotated.folder.glob("*.keys.json"))
    for material in (*unwrapped(rotated).values(), *(b64decode(k["key"]) for k in json.loads(ring.read_bytes())["keys"])):
        assert not any(form.decode("latin-1") in told for form in (*forms(material), repr(material)[2:-1].encode()))


def test_keys_of_one_use_do_nothing_for_another(rotated: PrefectureOffice) -> None:
    """Rules: S-8. The data key itself encrypts nothing: what does is derived from it for one use."""
    with rotated.installation.database.begin(read_only=True) as work:
        rows = work.connection.exec_driver_sql(
            "select insurer_number, number_index, key_id, ciphertext from number_vault"
        ).all()
    materials = unwrapped(rotated)
    for insurer, index, key_id, ciphertext in rows:
        bound = framed("13", insurer, "number_vault", "ciphertext", index, key_id)
        with pytest.raises(InvalidTag):
            AESGCM(materials[key_id]).decrypt(ciphertext[:12], ciphertext[12:], bound)
