"""連番: numbers that count up inside the transaction, so that an undone one leaves no trace."""

from __future__ import annotations

from attrs import field, frozen
from sqlalchemy import Connection, select

from kokuho_adapters.database.statements import upsert
from kokuho_adapters.database.tables import counter


@frozen
class Counters:
    """連番 by name. Values are read once and written back by :meth:`save`."""

    connection: Connection
    _values: dict[str, int] = field(factory=dict)
    _changed: set[str] = field(factory=set)

    def next(self, name: str) -> int:
        if name not in self._values:
            found = self.connection.execute(select(counter.c.value).where(counter.c.name == name)).scalar()
            self._values[name] = int(found or 0)
        self._values[name] += 1
        self._changed.add(name)
        return self._values[name]

    def save(self) -> None:
        """Write the values used; part of the commit."""
        if self._changed:
            rows = [{"name": name, "value": self._values[name]} for name in sorted(self._changed)]
            self.connection.execute(upsert(self.connection, counter), rows)
            self._changed.clear()
