"""鍵と証明書: PEM files given by path; only algorithms and lengths of the allow-list are taken (S-11)."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeGuard

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from kokuho_core.errors import Problem, SetupFault

MIN_RSA_BITS: Final = 3072
"""128 bits of strength, which CRYPTREC asks for beyond 2030."""

_MAX_PEM_BYTES: Final = 1 << 20
_VALID_DAYS: Final = 3 * 365
PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey


def _fault(part: str) -> SetupFault:
    return SetupFault(Problem("KKH-E008", field=part))


def _pem(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_PEM_BYTES + 1)
    except OSError:
        raise _fault(f"{what}: not readable") from None
    if len(content) > _MAX_PEM_BYTES:
        raise _fault(f"{what}: no PEM")
    return content


@frozen
class Certificate:
    """証明書 of one party. ``moment`` for which it must be valid is given in UTC."""

    x509: x509.Certificate
    public_key: PublicKey = field(repr=False)

    @classmethod
    def load(cls, path: Path, what: str = "certificate", moment: datetime | None = None) -> Certificate:
        """Read one PEM certificate; of several in the file, the first. Raises :class:`SetupFault` (KKH-E008)."""
        content = _pem(path, what)
        read = None
        try:
            read = x509.load_pem_x509_certificates(content)[0]
            key = read.public_key()
        except (ValueError, UnsupportedAlgorithm):
            raise _fault(f"{what}: no certificate in PEM form") from None
        if not _is_allowed(key):
            raise _fault(f"{what}: algorithm or key length")
        now = moment or datetime.now(UTC)
        if not read.not_valid_before_utc <= now <= read.not_valid_after_utc:
            raise _fault(f"{what}: not valid now")
        return cls(read, key)

    def require_encryption(self) -> RSAPublicKey:
        """The key to encrypt for. Raises :class:`SetupFault` (KKH-E008) unless it is RSA."""
        if not isinstance(self.public_key, RSAPublicKey):
            raise _fault("recipient: RSA needed")
        return self.public_key


def load_private_key(path: Path, passphrase: bytes | None, certificate: Certificate, what: str) -> PrivateKey:
    """The private key of ``certificate``. Raises :class:`SetupFault` (KKH-E008): form, passphrase, another pair."""
    content = _pem(path, what)
    key = None
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):  # so that no context holds what was read
        key = load_pem_private_key(content, passphrase)
    if key is None:
        raise _fault(f"{what}: form or passphrase")
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey) or not _is_allowed(key.public_key()):
        raise _fault(f"{what}: algorithm or key length")
    if _spki(key.public_key()) != _spki(certificate.public_key):
        raise _fault(f"{what}: does not belong to the certificate")
    return key


def _spki(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _is_allowed(key: object) -> TypeGuard[PublicKey]:
    if isinstance(key, RSAPublicKey):
        return key.key_size >= MIN_RSA_BITS
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1 | SECP384R1)


def make_party(
    folder: Path, name: str, passphrase: bytes | None, moment: datetime, record: Callable[[], None] = lambda: None
) -> tuple[Path, Path]:
    """A new RSA key and a certificate for it, signed by itself, valid for three years from ``moment`` (UTC).

    ``record`` is called when all is ready, before the first file is written; where it raises, nothing is.
    Returns the files ``<name>.pem`` (to give to the other side) and ``<name>.key`` (to keep). Raises :class:`SetupFault`
    (KKH-E008) where one of them exists.
    """
    key = generate_private_key(65537, MIN_RSA_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(minutes=5))
        .not_valid_after(moment + timedelta(days=_VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    hidden = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    files = folder / f"{name}.pem", folder / f"{name}.key"
    folder.mkdir(parents=True, exist_ok=True)
    contents = certificate.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)
    if any(path.exists() for path in files):
        raise _fault(f"{name}: exists already")
    record()
    for path, content, mode in zip(files, contents, (0o644, 0o600), strict=True):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    return files
