"""TLS: the server asks every client for a certificate and shows it to the application; refused handshakes are recorded (R-1).

The application finds the certificate in the scope, as the TLS extension of ASGI has it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, cast

from cryptography import x509
from cryptography.x509.oid import NameOID
from uvicorn.protocols.http.h11_impl import H11Protocol

ABORT: Final = "kokuho.abort"
"""Extension of the scope: breaks the connection."""
_CIPHERS: Final = "ECDHE+AESGCM"
_NOT_YET: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


def server_context(certificate: Path, key: Path, authority: Path, refused: Callable[[str], None]) -> ssl.SSLContext:
    """TLS 1.2 or later with algorithms of the CRYPTREC list (S-11); clients need a certificate of ``authority``.

    ``refused`` is told why a handshake failed.
    """

    class Handshake(ssl.SSLObject):
        """One connection, whose failed handshake does not go by unseen."""

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except _NOT_YET:
                raise
            except ssl.SSLError as error:
                refused(getattr(error, "verify_message", "") or (error.reason or "handshake").lower())
                raise

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0  # a certificate is looked at on every connection
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.sslobject_class = Handshake
    return context


def common_name(certificate: bytes) -> str:
    """The one common name of a certificate (DER); empty where there is none, or more than one."""
    names = x509.load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def certified_protocol(not_http: Callable[[str], None]) -> type[H11Protocol]:
    """HTTP/1.1, with the client's certificate in the scope of each request.

    ``not_http`` is told the name in it when what comes is no request at all: that never reaches the application.
    """

    class CertifiedProtocol(H11Protocol):
        _subject = ""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport = cast(asyncio.Transport, transport)  # a connection is one that reads and writes
            super().connection_made(transport)
            inner: Any = self.app
            secured = transport.get_extra_info("ssl_object")
            certificate = secured.getpeercert(binary_form=True) if secured is not None else None
            extensions: dict[str, Any] = {ABORT: transport.abort}
            if certificate:
                self._subject = common_name(certificate)
                extensions["tls"] = {
                    "client_cert_name": self._subject,
                    "client_cert_chain": [ssl.DER_cert_to_PEM_cert(certificate)],
                }

            def with_certificate(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
                done: Awaitable[None] = inner(
                    {**scope, "extensions": {**scope.get("extensions", {}), **extensions}}, receive, send
                )
                return done

            self.app = with_certificate

        def send_400_response(self, msg: str) -> None:
            not_http(self._subject)
            super().send_400_response(msg)

    return CertifiedProtocol


def subject_of(scope: Any) -> str:
    """The name in the client's certificate; empty without one."""
    return str(scope.get("extensions", {}).get("tls", {}).get("client_cert_name", ""))
