"""SSHの方針: which algorithms client and server use, of the CRYPTREC list only (S-11), and the library, loaded when needed."""

from __future__ import annotations

from typing import Any, Final

from kokuho_core.errors import Problem, SetupFault

_KEX: Final = (
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
)
_ENCRYPTION: Final = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com")
SIGNATURES: Final = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "rsa-sha2-512", "rsa-sha2-256")

_COMMON: Final[dict[str, Any]] = {
    "kex_algs": list(_KEX),
    "encryption_algs": list(_ENCRYPTION),
    "signature_algs": list(SIGNATURES),
    "compression_algs": None,
}
CLIENT_POLICY: Final[dict[str, Any]] = {**_COMMON, "server_host_key_algs": list(SIGNATURES)}
SERVER_POLICY: Final[dict[str, Any]] = _COMMON


def ssh() -> Any:
    """The library asyncssh. Raises :class:`SetupFault` (KKH-E014) when the extra ``sftp`` is not installed."""
    try:
        import asyncssh  # noqa: PLC0415 - an extra
    except ImportError:
        raise SetupFault(Problem("KKH-E014", field="sftp")) from None
    return asyncssh
