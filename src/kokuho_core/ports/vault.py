"""番号保管庫の口: 個人番号 in, keyed index out; the number itself comes back only by ``reveal``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from attrs import frozen

from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex


@frozen(repr=False)
class SealedNumber:
    """封印した個人番号: the ciphertext with the id of its key, found by its keyed index (S-8, S-9)."""

    index: NumberIndex
    key_id: str
    ciphertext: bytes

    def __repr__(self) -> str:
        return f"SealedNumber(key_id={self.key_id!r})"


class NumberVault(Protocol):
    """番号保管庫. Encryption and index use separate keys; neither stands in the database."""

    def seal(self, numbers: Sequence[IndividualNumber]) -> list[SealedNumber]:
        """Encrypt and index many numbers at once, in order."""
        ...

    def index(self, number: IndividualNumber) -> NumberIndex:
        """The keyed index alone, for a lookup."""
        ...

    def reveal(self, sealed: SealedNumber) -> IndividualNumber:
        """Open one number. Raises :class:`SetupFault` (KKH-C011) when it was changed or sealed with another key."""
        ...


class ContentProtection(Protocol):
    """内容保護: for received files that must wait (held), which contain 個人番号."""

    def fingerprint(self, blocks: Iterable[bytes]) -> bytes:
        """Keyed digest of a file's content: a plain hash of a file with a 個人番号 could be guessed."""
        ...

    def encrypt(self, blocks: Iterable[bytes], context: str) -> Iterator[bytes]:
        """Encrypted blocks, bound to ``context`` and to their order."""
        ...

    def decrypt(self, blocks: Iterable[bytes], context: str) -> Iterator[bytes]:
        """Raises :class:`SetupFault` (KKH-C011) when a block was changed, moved or left out."""
        ...
