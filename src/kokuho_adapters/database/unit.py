"""一件の処理の約束: what a unit of work says of itself when it begins; kept as an option of its connection."""

from __future__ import annotations

from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Connection

from kokuho_core.vocabulary.identifiers import InsurerNumber

FEDERATION: Final = "*"
"""The scope of the federation: every municipality."""

SCOPE_SETTING: Final = "kokuho.scope"
"""The scope of a transaction in PostgreSQL. Where it is not set, no row of any municipality is seen."""

_UNIT: Final = "kokuho_unit"
_READ_ONLY: Final = "kokuho_read_only"


@frozen
class Unit:
    """``lane``: see :meth:`kokuho_core.ports.stores.Database.begin`. ``scope``: the one municipality it sees (S-1)."""

    read_only: bool = False
    lane: str | None = None
    scope: InsurerNumber | None = None
    beyond: list[bool] = field(factory=list, init=False, eq=False, repr=False)
    """Not empty while it sees the whole prefecture; see :mod:`kokuho_adapters.database.beyond_scope`."""

    @property
    def scope_text(self) -> str:
        return self.scope or FEDERATION

    def options(self) -> dict[str, Any]:
        return {_UNIT: self, _READ_ONLY: self.read_only}


def unit_of(connection: Connection) -> Unit | None:
    """The unit of work on this connection; None for a connection that was opened for something else."""
    found: Unit | None = connection.get_execution_options().get(_UNIT)
    return found
