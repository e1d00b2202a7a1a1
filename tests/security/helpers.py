"""Numbers and keys for these tests.

Numbers are computed, never written out: the repository holds no valid 個人番号, not even an invented one.
"""

from __future__ import annotations

from kokuho_adapters.security import KeyRing, SecretKey
from kokuho_core.vocabulary.check_digits import individual_number_digit
from kokuho_core.vocabulary.individual_number import IndividualNumber


def digits_of(serial: int) -> str:
    """The ``serial``-th number with a right check digit."""
    payload = f"{serial:011d}"
    return f"{payload}{individual_number_digit(payload)}"


def number_of(serial: int) -> IndividualNumber:
    return IndividualNumber(digits_of(serial))


def fixed_ring(*, current: str = "e2", index_byte: int = 3) -> KeyRing:
    """A ring of known keys (each one byte repeated), with a retired key ``e1`` and a current one ``e2``."""
    keys = (SecretKey("e1", bytes([1]) * 32), SecretKey("e2", bytes([2]) * 32))
    return KeyRing(keys, current, SecretKey("i1", bytes([index_byte]) * 32), SecretKey("c1", bytes([4]) * 32))
