"""番号保管庫の口: 個人番号 in, keyed index out; the number itself comes back only by ``reveal``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from attrs import frozen

from kokuho_core.ports.keys import KeyRegister
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex


@frozen(repr=False)
class SealedNumber:
    """封印した個人番号 of one municipality: the ciphertext with the id of its key, found by its keyed index (S-8, S-9).

    ``index_version`` is the version of the index key.
    """

    insurer_number: InsurerNumber
    index: NumberIndex
    index_version: int
    key_id: str
    ciphertext: bytes

    def __repr__(self) -> str:
        return f"SealedNumber(insurer_number={self.insurer_number!r}, key_id={self.key_id!r})"


@frozen(repr=False)
class SealedColumn:
    """封印した個人番号の列: those of many records of one municipality, in order, without an object for each.

    Where a record has none, its index is None.
    """

    insurer_number: InsurerNumber
    indexes: Sequence[NumberIndex | None]
    key_ids: Sequence[str | None]
    ciphertexts: Sequence[bytes | None]

    def __repr__(self) -> str:
        return f"SealedColumn(insurer_number={self.insurer_number!r})"


class NumberVault(Protocol):
    """番号保管庫. Each municipality has its own encryption keys; the index key is one per prefecture, so that the same number is
    found across municipalities. ``keys`` is the register of the unit of work in which the values are kept or were read."""

    def seal(
        self, keys: KeyRegister, insurer: InsurerNumber, numbers: Sequence[IndividualNumber]
    ) -> list[SealedNumber]:
        """Encrypt and index many numbers of one municipality at once, in order."""
        ...

    def indexes(self, keys: KeyRegister, number: IndividualNumber) -> tuple[NumberIndex, ...]:
        """The indexes under which ``number`` may stand, for a lookup: one, or two while the index key is replaced."""
        ...

    def reveal(self, keys: KeyRegister, sealed: SealedNumber) -> IndividualNumber:
        """Open one number.

        Raises :class:`SetupFault`: KKH-C011 when it was changed or belongs elsewhere, KKH-C016 when its key is gone.
        """
        ...

    def reveal_column(self, keys: KeyRegister, sealed: SealedColumn) -> list[IndividualNumber | None]:
        """Open many numbers at once, in order: for what has to name every number (the registration, R-2, and the files of a
        municipal office).

        Raises as :meth:`reveal`.
        """
        ...


class ContentProtection(Protocol):
    """内容保護: for received files that must wait (held), which contain 個人番号."""

    def fingerprint(self, blocks: Iterable[bytes]) -> bytes:
        """Keyed digest of a file's content: a plain hash of a file with a 個人番号 could be guessed."""
        ...

    def encrypt(
        self, keys: KeyRegister, insurer: InsurerNumber, blocks: Iterable[bytes], context: str
    ) -> Iterator[bytes]:
        """Encrypted blocks of a municipality's content, bound to it, to ``context`` and to their order."""
        ...

    def decrypt(
        self, keys: KeyRegister, insurer: InsurerNumber, blocks: Iterable[bytes], context: str
    ) -> Iterator[bytes]:
        """``keys`` is needed only during the call, not while the answer is read.

        Raises :class:`SetupFault`: KKH-C011 when a block was changed, moved or left out, KKH-C016 when the key is gone.
        """
        ...
