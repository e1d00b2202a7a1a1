"""番号の照会の記録の口 (I-2, S-23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kokuho_core.identity.number_lookup import NumberLookUp
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex


class LookUpStore(Protocol):
    """番号の照会の保管: look-ups are added, never changed."""

    def next_number(self, insurer_number: InsurerNumber) -> int: ...

    def add(self, look_up: NumberLookUp) -> None: ...

    def latest(self, insurer_number: InsurerNumber) -> list[NumberLookUp]:
        """The latest of each person, by number."""
        ...

    def bears(self, insurer_number: InsurerNumber, indexes: Sequence[NumberIndex]) -> bool:
        """Whether anybody of the municipality stands under one of these numbers (I-1)."""
        ...
