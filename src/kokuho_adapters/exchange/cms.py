"""CMS (RFC 5652): signed, then encrypted, as streams, readable by ``openssl cms`` (S-12).

One profile only, both ways: SignedData (SHA-256; RSA-PSS or ECDSA) inside AuthEnvelopedData (RFC 5083; AES-256-GCM, the key
wrapped by RSA-OAEP with SHA-256). Anything else is refused: an unauthenticated form (EnvelopedData), PKCS #1 v1.5 padding,
SHA-1, a shorter tag, lengths that are not definite. Whoever reads gets bytes before the tag and the signature have been
checked, so nothing read may be used until ``finish`` has returned.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, Annotated, Final, cast

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ObjectIdentifier

from kokuho_adapters.exchange.credentials import Certificate, PrivateKey
from kokuho_adapters.exchange.der import (
    CONTEXT_0,
    IMPLICIT_OCTETS_0,
    OCTETS,
    SEQUENCE,
    SET,
    DerSource,
    damaged,
    head,
    part,
)
from kokuho_core.errors import FileRefused, Problem

MAX_CONTENT_BYTES: Final = 8 << 30
"""Far below what one AES-GCM key may encrypt (64 GiB)."""

_SMALL: Final = 1 << 20
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


def _oid(dotted: str) -> bytes:
    return asn1.encode_der(ObjectIdentifier(dotted))


_DATA: Final = _oid("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = _oid("1.2.840.113549.1.7.2")
_AUTH_ENVELOPED_DATA: Final = _oid("1.2.840.113549.1.9.16.1.23")
_AES_256_GCM: Final = _oid("2.16.840.1.101.3.4.1.46")
_NULL: Final = b"\x05\x00"
_SHA256_OID: Final = _oid("2.16.840.1.101.3.4.2.1")
_SHA256: Final = part(SEQUENCE, _SHA256_OID)
_SHA256_FORMS: Final = (_SHA256, part(SEQUENCE, _SHA256_OID, _NULL))
_MGF1_FORMS: Final = tuple(part(SEQUENCE, _oid("1.2.840.113549.1.1.8"), form) for form in _SHA256_FORMS)
_OAEP_FORMS: Final = tuple(
    part(SEQUENCE, _oid("1.2.840.113549.1.1.7"), part(SEQUENCE, part(0xA0, digest), part(0xA1, mgf)))
    for digest in _SHA256_FORMS
    for mgf in _MGF1_FORMS
)
_PSS_OID: Final = _oid("1.2.840.113549.1.1.10")
_PSS: Final = part(
    SEQUENCE,
    _PSS_OID,
    part(SEQUENCE, part(0xA0, _SHA256), part(0xA1, _MGF1_FORMS[0]), part(0xA2, asn1.encode_der(SHA256.digest_size))),
)
_ECDSA: Final = part(SEQUENCE, _oid("1.2.840.10045.4.3.2"))
_CONTENT_TYPE: Final = ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNING_TIME: Final = ObjectIdentifier("1.2.840.113549.1.9.5")
_ZERO, _ONE = asn1.encode_der(0), asn1.encode_der(1)


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _Recipient:
    version: int
    rid: _IssuerAndSerial
    algorithm: asn1.TLV
    encrypted_key: bytes


@asn1.sequence
class _GcmParameters:
    nonce: bytes
    tag_length: Annotated[int, asn1.Default(12)]


@asn1.sequence
class _Attribute:
    type: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _Signer:
    version: int
    sid: _IssuerAndSerial
    digest: asn1.TLV
    attributes: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    algorithm: asn1.TLV
    signature: bytes
    unsigned: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class _PssParameters:
    digest: Annotated[asn1.TLV, asn1.Explicit(0)]
    mask: Annotated[asn1.TLV, asn1.Explicit(1)]
    salt: Annotated[int, asn1.Explicit(2)]


@asn1.sequence
class _PssAlgorithm:
    algorithm: ObjectIdentifier
    parameters: _PssParameters


# --- writing ---


def seal(
    out: IO[bytes],
    content: Iterable[bytes],
    size: int,
    digest: bytes,
    signer: tuple[Certificate, PrivateKey],
    recipients: Sequence[Certificate],
    moment: datetime,
) -> None:
    """Write ``content``, of ``size`` bytes and SHA-256 ``digest``, signed by ``signer`` and encrypted for ``recipients``.

    ``moment`` of signing is UTC. Raises :class:`FileRefused` (KKH-E002) when ``content`` has another size or digest than
    told, (KKH-E004) above ``MAX_CONTENT_BYTES``; what has been written by then is of no use to anybody.
    """
    before, after = _signed_frame(size, digest, *signer, moment)
    total = len(before) + size + len(after)
    if total > MAX_CONTENT_BYTES:
        raise FileRefused(Problem("KKH-E004", field="size"))
    key, nonce = os.urandom(32), os.urandom(_NONCE_BYTES)
    infos = part(SET, *sorted(_wrapped(each, key) for each in recipients))
    algorithm = part(SEQUENCE, _AES_256_GCM, asn1.encode_der(_GcmParameters(nonce=nonce, tag_length=_TAG_BYTES)))
    # outermost last: every length is known from the sizes of the parts inside
    encrypted_head = head(IMPLICIT_OCTETS_0, total)
    inner = _DATA + algorithm + encrypted_head
    info_head = head(SEQUENCE, len(inner) + total)
    mac_head = head(OCTETS, _TAG_BYTES)
    body = _ZERO + infos + info_head + inner
    body_length = len(body) + total + len(mac_head) + _TAG_BYTES
    body_head = head(SEQUENCE, body_length)
    explicit_head = head(CONTEXT_0, len(body_head) + body_length)
    whole = len(_AUTH_ENVELOPED_DATA) + len(explicit_head) + len(body_head) + body_length
    out.write(head(SEQUENCE, whole) + _AUTH_ENVELOPED_DATA + explicit_head + body_head + body)
    encryptor = Cipher(algorithms.AES256(key), modes.GCM(nonce)).encryptor()
    out.write(encryptor.update(before))
    for block in _as_told(content, size, digest):
        out.write(encryptor.update(block))
    out.write(encryptor.update(after) + encryptor.finalize() + mac_head + encryptor.tag)


def _as_told(content: Iterable[bytes], size: int, digest: bytes) -> Iterator[bytes]:
    sha256 = hashlib.sha256()
    for block in content:
        sha256.update(block)
        size -= len(block)
        yield block
    if size != 0 or sha256.digest() != digest:
        raise FileRefused(Problem("KKH-E002"))


def _signed_frame(
    size: int, digest: bytes, certificate: Certificate, key: PrivateKey, moment: datetime
) -> tuple[bytes, bytes]:
    """What stands before and after the content in SignedData."""
    attributes = asn1.SetOf(
        [
            _attribute(_CONTENT_TYPE, _DATA),
            _attribute(_MESSAGE_DIGEST, asn1.encode_der(digest)),
            _attribute(_SIGNING_TIME, asn1.encode_der(asn1.UTCTime(moment.astimezone(UTC).replace(microsecond=0)))),
        ]
    )
    signed = asn1.encode_der(attributes)
    if isinstance(key, rsa.RSAPrivateKey):
        algorithm = _PSS
        signature = key.sign(signed, padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256())
    else:
        algorithm = _ECDSA
        signature = key.sign(signed, ec.ECDSA(SHA256()))
    signer = _Signer(
        version=1,
        sid=_issuer_and_serial(certificate),
        digest=_tlv(_SHA256),
        attributes=attributes,
        algorithm=_tlv(algorithm),
        signature=signature,
        unsigned=None,
    )
    after = part(CONTEXT_0, certificate.x509.public_bytes(Encoding.DER)) + part(SET, asn1.encode_der(signer))
    octets_head = head(OCTETS, size)
    explicit_head = head(CONTEXT_0, len(octets_head) + size)
    info = _DATA + explicit_head + octets_head
    before = _ONE + part(SET, _SHA256) + head(SEQUENCE, len(info) + size) + info
    body_length = len(before) + size + len(after)
    body_head = head(SEQUENCE, body_length)
    explicit = head(CONTEXT_0, len(body_head) + body_length)
    outer = head(SEQUENCE, len(_SIGNED_DATA) + len(explicit) + len(body_head) + body_length)
    return outer + _SIGNED_DATA + explicit + body_head + before, after


def _attribute(kind: ObjectIdentifier, value: bytes) -> _Attribute:
    return _Attribute(type=kind, values=asn1.SetOf([_tlv(value)]))


def _issuer_and_serial(certificate: Certificate) -> _IssuerAndSerial:
    return _IssuerAndSerial(issuer=_tlv(certificate.x509.issuer.public_bytes()), serial=certificate.x509.serial_number)


def _tlv(der: bytes) -> asn1.TLV:
    return asn1.decode_der(asn1.TLV, der)


def _oaep() -> padding.OAEP:
    return padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)


def _wrapped(recipient: Certificate, key: bytes) -> bytes:
    return asn1.encode_der(
        _Recipient(
            version=0,
            rid=_issuer_and_serial(recipient),
            algorithm=_tlv(_OAEP_FORMS[0]),
            encrypted_key=recipient.require_encryption().encrypt(key, _oaep()),
        )
    )


# --- reading ---


class Opened:
    """復号: the encrypted content as a stream. Not to be trusted before :meth:`finish`.

    Raises :class:`FileRefused`: KKH-E006 for any other form, KKH-E007 when it is not encrypted for ``recipient``.
    """

    def __init__(self, source: IO[bytes], recipient: Certificate, key: PrivateKey) -> None:
        der = DerSource(source)
        end = der.enter(SEQUENCE, "envelope") + der.position
        if der.exactly(len(_AUTH_ENVELOPED_DATA), "envelope") != _AUTH_ENVELOPED_DATA:
            raise damaged("not authenticated encryption")
        for tag in (CONTEXT_0, SEQUENCE):
            if der.enter(tag, "envelope") + der.position != end:
                raise damaged("length")
        if der.exactly(len(_ZERO), "envelope") != _ZERO:
            raise damaged("envelope")
        content_key = _unwrapped(der.whole(SET, "recipients", _SMALL), recipient, key)
        info_end = der.enter(SEQUENCE, "envelope") + der.position
        if der.exactly(len(_DATA), "envelope") != _DATA:
            raise damaged("envelope")
        nonce = _nonce(der.whole(SEQUENCE, "algorithm", _SMALL))
        self._left = der.enter(IMPLICIT_OCTETS_0, "content")
        # exactly the tag stands behind the content, and nothing behind the tag
        if der.position + self._left != info_end or info_end + 2 + _TAG_BYTES != end:
            raise damaged("length")
        if self._left > MAX_CONTENT_BYTES:
            raise damaged("length")
        self._der, self._source = der, source
        self._decryptor = Cipher(algorithms.AES256(content_key), modes.GCM(nonce)).decryptor()

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        block = self._der.exactly(wanted, "content")
        self._left -= wanted
        return self._decryptor.update(block)

    def finish(self) -> None:
        """Verify the tag over everything. Raises :class:`FileRefused` (KKH-E006)."""
        if self._left:
            raise damaged("content")
        if self._der.enter(OCTETS, "tag") != _TAG_BYTES:
            raise damaged("tag")
        tag = self._der.exactly(_TAG_BYTES, "tag")
        if self._source.read(1):
            raise damaged("something behind the end")
        try:
            self._decryptor.finalize_with_tag(tag)
        except InvalidTag:
            raise damaged("tag") from None


def _nonce(algorithm: bytes) -> bytes:
    inner = DerSource(_memory(algorithm))
    inner.enter(SEQUENCE, "algorithm")
    if inner.exactly(len(_AES_256_GCM), "algorithm") != _AES_256_GCM:
        raise damaged("algorithm")
    try:
        parameters = asn1.decode_der(_GcmParameters, algorithm[inner.position :])
    except ValueError:
        raise damaged("algorithm") from None
    if len(parameters.nonce) != _NONCE_BYTES or parameters.tag_length != _TAG_BYTES:
        raise damaged("algorithm")
    return parameters.nonce


def _unwrapped(infos: bytes, recipient: Certificate, key: PrivateKey) -> bytes:
    """The content key, from the entry for ``recipient``."""
    own = asn1.encode_der(_issuer_and_serial(recipient))
    for info in _members(infos, "recipients"):
        try:
            entry = asn1.decode_der(_Recipient, info)
        except ValueError:
            continue  # another kind of recipient
        if asn1.encode_der(entry.rid) != own:
            continue
        if entry.version != 0:
            raise damaged("recipients")
        if asn1.encode_der(entry.algorithm) not in _OAEP_FORMS or not isinstance(key, rsa.RSAPrivateKey):
            raise damaged("algorithm")
        try:
            content_key = key.decrypt(entry.encrypted_key, _oaep())
        except ValueError:
            raise damaged("content key") from None
        if len(content_key) != 32:
            raise damaged("content key")
        return content_key
    raise FileRefused(Problem("KKH-E007", field="recipient"))


def _members(parts: bytes, where: str) -> Iterator[bytes]:
    """The parts inside a part."""
    der = DerSource(_memory(parts))
    length = der.enter(parts[0], where)
    end = der.position + length
    while der.position < end:
        start = der.position
        tag = parts[start]
        inside = der.enter(tag, where)
        der.exactly(inside, where)
        yield parts[start : der.position]


def _memory(content: bytes) -> IO[bytes]:
    return io.BytesIO(content)


class Signed:
    """署名された内容 as a stream. Not to be trusted before :meth:`finish`, nor before the envelope's."""

    def __init__(self, source: Opened) -> None:
        # Opened reads like a file, and that is all that is asked of it
        self._der = der = DerSource(cast("IO[bytes]", source))
        der.enter(SEQUENCE, "signed data")
        if der.exactly(len(_SIGNED_DATA), "signed data") != _SIGNED_DATA:
            raise damaged("not signed")
        der.enter(CONTEXT_0, "signed data")
        self._length = der.enter(SEQUENCE, "signed data")
        self._start = der.position
        if der.exactly(len(_ONE), "signed data") != _ONE:
            raise damaged("signed data")
        if set(_members(der.whole(SET, "signed data", _SMALL), "signed data")).isdisjoint(_SHA256_FORMS):
            raise damaged("algorithm")
        der.enter(SEQUENCE, "signed data")
        if der.exactly(len(_DATA), "signed data") != _DATA:
            raise damaged("signed data")
        der.enter(CONTEXT_0, "signed data")
        self._left = der.enter(OCTETS, "signed data")
        self._sha256 = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        block = self._der.exactly(wanted, "content")
        self._left -= wanted
        self._sha256.update(block)
        return block

    def finish(self, trusted: Sequence[Certificate]) -> Certificate:
        """Who of ``trusted`` signed it. Raises :class:`FileRefused`: KKH-E006 damaged, KKH-E007 signed by nobody of them."""
        if self._left:
            raise damaged("content")
        rest = self._length - (self._der.position - self._start)
        if not 0 < rest <= _SMALL:
            raise damaged("signed data")
        tail = self._der.exactly(rest, "signed data")
        signers = [each for each in _members(part(SEQUENCE, tail), "signed data") if each[0] == SET]
        infos = [each for signer in signers for each in _members(signer, "signed data")]
        if len(signers) != 1 or len(infos) != 1:
            raise damaged("one signer is due")
        try:
            signer = asn1.decode_der(_Signer, infos[0])
        except ValueError:
            raise damaged("signed data") from None
        name = asn1.encode_der(signer.sid)
        for certificate in trusted:
            if asn1.encode_der(_issuer_and_serial(certificate)) == name and self._is_signed(signer, certificate):
                return certificate
        raise FileRefused(Problem("KKH-E007", field="signer"))

    def _is_signed(self, signer: _Signer, certificate: Certificate) -> bool:
        attributes: dict[ObjectIdentifier, list[bytes]] = {}
        for each in signer.attributes.as_list():
            attributes.setdefault(each.type, []).extend(asn1.encode_der(value) for value in each.values.as_list())
        if attributes.get(_MESSAGE_DIGEST) != [asn1.encode_der(self._sha256.digest())]:
            raise damaged("digest")
        if attributes.get(_CONTENT_TYPE) != [_DATA] or asn1.encode_der(signer.digest) not in _SHA256_FORMS:
            raise damaged("algorithm")
        signed = asn1.encode_der(signer.attributes)
        algorithm, key = asn1.encode_der(signer.algorithm), certificate.public_key
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signer.signature, signed, padding.PSS(padding.MGF1(SHA256()), _salt(algorithm)), SHA256())
            elif algorithm == _ECDSA:
                key.verify(signer.signature, signed, ec.ECDSA(SHA256()))
            else:
                raise damaged("algorithm")
        except InvalidSignature:
            return False
        return True


def _salt(algorithm: bytes) -> int:
    """Length of the salt of RSA-PSS with SHA-256 throughout, at least that of the hash."""
    try:
        read = asn1.decode_der(_PssAlgorithm, algorithm)
    except ValueError:
        raise damaged("algorithm") from None
    digest, mask = (asn1.encode_der(each) for each in (read.parameters.digest, read.parameters.mask))
    allowed = digest in _SHA256_FORMS and mask in _MGF1_FORMS and asn1.encode_der(read.algorithm) == _PSS_OID
    if not allowed or not SHA256.digest_size <= read.parameters.salt <= 2048:
        raise damaged("algorithm")
    return read.parameters.salt
