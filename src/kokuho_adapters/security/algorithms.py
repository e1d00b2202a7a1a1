"""許可された暗号: algorithms of the CRYPTREC list with their shortest keys; nothing else starts (S-11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kokuho_core.errors import Problem, SetupFault

KEY_BYTES: Final = 32
"""Every key of this package has 256 bits."""

RING_ALGORITHMS: Final[Mapping[str, str]] = {
    "wrapping": "AES-256-GCM",
    "encryption": "AES-256-GCM",
    "index": "HMAC-SHA-256",
    "derivation": "HKDF-SHA-256",
}
"""What a key ring must name, neither more nor less."""

WRAPPING_ALGORITHMS: Final[Mapping[str, int]] = {"AES-256-GCM": 256, "AES-256-CCM": 256, "RSA-OAEP-SHA-256": 3072}
"""What a key provider may wrap with, and the least bits of its keys."""


def require_wrapping(algorithm: str, key_bits: int) -> None:
    """Raises :class:`SetupFault` (KKH-C014) for an algorithm or key length that is not allowed."""
    least = WRAPPING_ALGORITHMS.get(algorithm)
    if least is None:
        raise SetupFault(Problem("KKH-C014", field="algorithm"))
    if type(key_bits) is not int or key_bits < least:
        raise SetupFault(Problem("KKH-C014", field="key_length"))
