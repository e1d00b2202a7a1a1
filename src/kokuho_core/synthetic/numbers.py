"""合成個人番号: numbers with a right check digit, each drawn once, without remembering any."""

from __future__ import annotations

from math import gcd
from random import Random
from typing import Final

from attrs import frozen

from kokuho_core.vocabulary.check_digits import individual_number_digit

_PAYLOADS: Final = 10**11
"""Eleven digits before the check digit."""


@frozen
class Shuffle:
    """並べ替え: a permutation of ``0 … size − 1`` that needs no table (affine, keyed by a seed)."""

    size: int
    factor: int
    shift: int

    @classmethod
    def drawn(cls, size: int, random: Random) -> Shuffle:
        factor = 1 + int(random.random() * size)  # invented data, the same for the same seed # nosec B311
        while gcd(factor, size) != 1:
            factor += 1
        return cls(size, factor, int(random.random() * size))  # likewise # nosec B311

    def at(self, position: int) -> int:
        return (self.factor * position + self.shift) % self.size

    def inverse(self) -> Shuffle:
        """The permutation that leads back."""
        back = pow(self.factor, -1, self.size)
        return Shuffle(self.size, back, -back * self.shift % self.size)


@frozen
class IndividualNumbers:
    """個人番号の払出し: ``of(serial)`` is another number for every serial below 10^11 − 1."""

    _shuffle: Shuffle

    @classmethod
    def drawn(cls, random: Random) -> IndividualNumbers:
        return cls(Shuffle.drawn(_PAYLOADS, random))

    def of(self, serial: int) -> str:
        # The payload of zeros alone makes no number; the last serial's stands in for it.
        payload = self._shuffle.at(serial) or self._shuffle.at(_PAYLOADS - 1)
        digits = f"{payload:011d}"
        return f"{digits}{individual_number_digit(digits)}"


def synthetic_number(serial: int) -> str:
    """A 個人番号 with a right check digit, in a range of the test tools' own. ``serial`` below 10^9."""
    payload = f"97{serial:09d}"
    return f"{payload}{individual_number_digit(payload)}"
