"""見本: keys, certificates and files that several tests of the exchange need. Every number in them is invented."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from kokuho_adapters.exchange.credentials import Certificate, load_private_key
from kokuho_adapters.exchange.media_package import Party
from kokuho_adapters.files import LayoutBook
from kokuho_core.vocabulary.check_digits import individual_number_digit

BOOK = LayoutBook.shipped()
MUNICIPALITY, OTHER, AGGREGATION = "139519", "139527", "000000"
MOMENT = datetime(2025, 5, 1, 9, 0, 0)


def number(serial: int) -> str:
    """An invented number with a right check digit."""
    payload = f"98{serial:09d}"
    return payload + str(individual_number_digit(payload))


@cache
def key_of(kind: str, name: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """One key per name, made once."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048 if kind == "short" else 3072)


def write_party(
    folder: Path, name: str, kind: str = "rsa", passphrase: bytes | None = None, days: tuple[int, int] = (-1, 30)
) -> tuple[Path, Path]:
    """Certificate and key files of a self-signed party."""
    folder.mkdir(parents=True, exist_ok=True)
    key = key_of(kind, name)
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    hidden = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))
    return paths


def party(folder: Path, name: str, kind: str = "rsa") -> Party:
    certificate_file, key_file = write_party(folder, name, kind)
    certificate = Certificate.load(certificate_file)
    return Party(certificate, load_private_key(key_file, None, certificate, "key"))


def run(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    """A program of the system, which must be there and succeed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done
