"""番号の照会先の口: the resident register or whoever else answers with 個人番号 to basic items (I-2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kokuho_core.identity.basic_items import BasicItems
from kokuho_core.identity.number_lookup import NumberCandidate


class NumberRegister(Protocol):
    """番号の照会先. What it answers is a suggestion: the library compares the five items itself."""

    def candidates(self, asked: BasicItems) -> Sequence[NumberCandidate]:
        """Whom it finds for these items. Raises :class:`InvalidValue` (KKH-I020, KKH-I010 … KKH-I012), :class:`SetupFault`."""
        ...
