"""連番: numbers that count up inside the transaction, so that an undone one leaves no trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Connection, bindparam, func, select

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.statements import insert_of
from kokuho_adapters.database.tables import counter

_KEPT: Final = select(counter.c.value).where(counter.c.name == bindparam("wanted"))


@frozen
class Counters:
    """連番 by name. Values are read once and written back by :meth:`save`."""

    connection: Connection
    _values: dict[str, int] = field(factory=dict)
    _changed: set[str] = field(factory=set)

    def next(self, name: str) -> int:
        return self.take(name, 1)[0]

    def take(self, name: str, many: int) -> range:
        """The next so many numbers."""
        if name not in self._values:
            self._values[name] = self.kept(name)
        first = self._values[name] + 1
        if many:
            self._values[name] += many
            self._changed.add(name)
        return range(first, first + many)

    def kept(self, name: str) -> int:
        """The last number that was committed, 0 before the first."""
        with prefecture_wide(self.connection):
            return int(self.connection.execute(_KEPT, {"wanted": name}).scalar() or 0)

    def reached(self, name: str, value: int) -> None:
        """A number that was found otherwise."""
        self._values[name] = value
        self._changed.add(name)

    def known(self) -> Mapping[str, int]:
        """The last numbers, of those names that were asked for."""
        return self._values

    def forget(self, names: Iterable[str]) -> None:
        """Numbers that were used for nothing."""
        for name in names:
            self._values.pop(name, None)
            self._changed.discard(name)

    def save(self) -> None:
        """Write the values used; part of the commit. No value ever goes back."""
        if self._changed:
            rows = [{"name": name, "value": self._values[name]} for name in sorted(self._changed)]
            with prefecture_wide(self.connection):
                self.connection.execute(_raise(self.connection.dialect.name), rows)
            self._changed.clear()
        self._values.clear()  # from here on others may count


@cache
def _raise(dialect_name: str) -> Any:
    statement = insert_of(dialect_name, counter)
    higher = func.greatest if dialect_name == "postgresql" else func.max
    value = higher(counter.c.value, statement.excluded.value)
    return statement.on_conflict_do_update(index_elements=[counter.c.name], set_={"value": value})
