"""番号の照会: numbers in the vault, whichever municipality sent them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from kokuho_adapters.database.tables import insurer, number_vault

_vault = number_vault.c


def in_all_municipalities(indexes: Sequence[bytes]) -> tuple[ColumnElement[bool], ...]:
    """The conditions that find these numbers: the municipalities are named one by one, since each has its part of the index."""
    return (_vault.insurer_number.in_(select(insurer.c.insurer_number)), _vault.number_index.in_(indexes))
