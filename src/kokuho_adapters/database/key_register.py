"""鍵の台帳: data keys, what wraps them and how often they were used (S-8, S-10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Connection, Row, Select, bindparam, insert, or_, select, update

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.number_lookup import in_all_municipalities
from kokuho_adapters.database.statements import batches
from kokuho_adapters.database.tables import data_key, key_disposal, key_usage, number_vault, wrapping_key
from kokuho_core.errors import Conflict, Problem, SetupFault
from kokuho_core.ports.keys import ENCRYPTION_LIMIT, KeyPurpose, KeyState, StoredKey
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

_keys, _usage, _wrapping, _disposals = data_key.c, key_usage.c, wrapping_key.c, key_disposal.c
_LOOKS: Final = 4
"""Who waited for a rotation to begin sees the key that was replaced, but its successor only when he looks again."""
_IN_USE: Final = or_(_keys.state == KeyState.CURRENT.value, _keys.state == KeyState.REPLACED.value)

# Statements of every file, made once: to put them together costs more than to execute them.
_USED: Final = select(_usage.encryptions).where(_usage.key_id == bindparam("wanted"))
_USE: Final = (
    update(key_usage)
    .where(_usage.key_id == bindparam("which"))
    .values(encryptions=_usage.encryptions + bindparam("more"))
)


@cache
def _in_use(*, of_prefecture: bool, held: bool) -> Select[Any]:
    """The keys of one purpose; ``held`` until the unit of work ends."""
    query = select(data_key).where(_keys.purpose == bindparam("purpose"), _IN_USE)
    whose = _keys.insurer_number.is_(None) if of_prefecture else _keys.insurer_number == bindparam("insurer")
    return query.where(whose).with_for_update(read=True) if held else query.where(whose)


@frozen
class KeyDisposal:
    """鍵の破棄記録. ``completed_at`` is None until the provider has destroyed every key that ever wrapped it."""

    key_id: str
    purpose: KeyPurpose
    insurer_number: InsurerNumber | None
    version: int
    decided_by: str
    reason: str
    decided_at: datetime
    completed_at: datetime | None = None


@frozen
class SqlKeyRegister:
    """:class:`kokuho_core.ports.keys.KeyRegister` on SQL tables, with what rotation and disposal need besides.

    A unit of work that writes holds the rows of the keys it uses (FOR SHARE, where the database has it): a rotation waits for
    it before another key becomes current.
    """

    connection: Connection
    _current: dict[tuple[KeyPurpose, InsurerNumber | None], StoredKey] = field(factory=dict)
    _known: dict[str, StoredKey | None] = field(factory=dict)
    _index_versions: dict[int, StoredKey] = field(factory=dict)
    _used: dict[str, int] = field(factory=dict)
    """Uses of a key, those of this unit of work included."""
    _counted: dict[str, int] = field(factory=dict)
    """Uses of this unit of work that are not written yet."""

    # --- the port ---

    def current(self, purpose: KeyPurpose, insurer: InsurerNumber | None = None) -> StoredKey:
        for _ in range(_LOOKS):
            found = self._current.get((purpose, insurer))
            if found is not None:
                return found
            self._load_in_use(purpose, insurer)
        raise SetupFault(Problem("KKH-C015", field=insurer or purpose.value))

    def replaced_index_key(self) -> StoredKey | None:
        self.current(KeyPurpose.INDEX)
        return next((key for key in self._index_versions.values() if key.state is KeyState.REPLACED), None)

    def index_key(self, version: int) -> StoredKey | None:
        if version not in self._index_versions:
            self._select(select(data_key).where(_keys.purpose == KeyPurpose.INDEX.value, _keys.version == version))
        return self._index_versions.get(version)

    def find(self, key_id: str) -> StoredKey | None:
        if key_id not in self._known:
            self._known[key_id] = None
            self._select(select(data_key).where(_keys.key_id == key_id))
        return self._known[key_id]

    def standing(self, version: int, indexes: Sequence[NumberIndex]) -> set[NumberIndex]:
        found: set[NumberIndex] = set()
        vault = number_vault.c
        for batch in batches(indexes):
            query = select(vault.number_index).where(*in_all_municipalities(batch), vault.index_version == version)
            with prefecture_wide(self.connection):  # all rows of a number have the same index, wherever they stand
                found.update(NumberIndex(index) for index in self.connection.execute(query).scalars())
        return found

    def count(self, key: StoredKey, encryptions: int) -> None:
        if key.key_id not in self._used:
            with prefecture_wide(self.connection):
                self._used[key.key_id] = int(self.connection.execute(_USED, {"wanted": key.key_id}).scalar() or 0)
        if self._used[key.key_id] + encryptions > ENCRYPTION_LIMIT:
            raise SetupFault(Problem("KKH-C017", field=key.key_id))
        self._used[key.key_id] += encryptions
        self._counted[key.key_id] = self._counted.get(key.key_id, 0) + encryptions

    def add(self, keys: Iterable[StoredKey]) -> None:
        for key in keys:
            self.connection.execute(insert(data_key).values(_row_of(key)))
            self.connection.execute(insert(key_usage).values(key_id=key.key_id, encryptions=0))
            self._add_wrapping(key, key.created_at)
        self._forget()

    # --- part of the commit ---

    def save(self) -> None:
        """Write the uses counted; in the order of the keys, so that two units of work cannot wait for each other."""
        if self._counted:
            with prefecture_wide(self.connection):
                self.connection.execute(
                    _USE,
                    [{"which": key_id, "more": more} for key_id, more in sorted(self._counted.items())],
                )
            self._counted.clear()

    # --- rotation and disposal ---

    def all(self) -> list[StoredKey]:
        """Every key there ever was, by purpose, municipality and version."""
        query = select(data_key).order_by(_keys.purpose, _keys.insurer_number, _keys.version)
        return [_key_of(row) for row in self.connection.execute(query)]

    def in_state(self, purpose: KeyPurpose, state: KeyState) -> list[StoredKey]:
        return [key for key in self.all() if (key.purpose, key.state) == (purpose, state)]

    def encryptions(self) -> dict[str, int]:
        """Uses of every key."""
        return {row.key_id: row.encryptions for row in self.connection.execute(select(key_usage))}

    def hold_against_writers(self, key: StoredKey) -> bool:
        """Wait until no unit of work relies on the state of ``key``, and make later ones wait until this one ends.

        False when it is no longer in that state. The row is written, not only locked: a unit of work that began before and
        reads an older state of the database must not get hold of it afterwards.
        """
        return self._update(key, {"state": key.state.value})

    def set_state(self, key: StoredKey, state: KeyState, now: datetime) -> None:
        """Raises :class:`Conflict` (KKH-X001) when ``key`` is no longer in the state in which it was read."""
        values: dict[str, Any] = {"state": state.value}
        if state is KeyState.RETIRED:
            values["retired_at"] = now
        if state is KeyState.DESTROYED:
            values |= {"destroyed_at": now, "wrapped": None, "wrapping_key_id": None}
        if not self._update(key, values):
            raise Conflict(Problem("KKH-X001", field="data_key"))
        self._forget()

    def rewrap(self, key: StoredKey, now: datetime) -> None:
        """Keep ``key`` under another wrapping key; the one before is retired, not destroyed: older backups need it."""
        retired = update(wrapping_key).where(
            _wrapping.key_id == key.key_id, _wrapping.state == KeyState.CURRENT.value
        )
        self.connection.execute(retired.values(state=KeyState.RETIRED.value, retired_at=now))
        rewrapped = update(data_key).where(_keys.key_id == key.key_id)
        self.connection.execute(rewrapped.values(wrapping_key_id=key.wrapping_key_id, wrapped=key.wrapped))
        self._add_wrapping(key, now)
        self._forget()

    def wrapping_keys(self, key_id: str) -> list[str]:
        """Every key of the provider that wraps or ever wrapped ``key_id`` and was not destroyed."""
        query = select(_wrapping.wrapping_key_id).where(
            _wrapping.key_id == key_id, _wrapping.state != KeyState.DESTROYED.value
        )
        return list(self.connection.execute(query.order_by(_wrapping.wrapping_key_id)).scalars())

    def known_wrapping_keys(self) -> frozenset[str]:
        """Every key of the provider that this database ever named."""
        return frozenset(self.connection.execute(select(_wrapping.wrapping_key_id)).scalars())

    def add_disposal(self, disposal: KeyDisposal) -> None:
        values = {column.name: getattr(disposal, column.name) for column in key_disposal.columns}
        self.connection.execute(insert(key_disposal).values({**values, "purpose": disposal.purpose.value}))

    def disposals(self, *, open_only: bool = False) -> list[KeyDisposal]:
        query = select(key_disposal).order_by(_disposals.decided_at, _disposals.key_id)
        if open_only:
            query = query.where(_disposals.completed_at.is_(None))
        rows = self.connection.execute(query).mappings()
        return [KeyDisposal(**{**row, "purpose": KeyPurpose(row["purpose"])}) for row in rows]

    def complete_disposal(self, key_id: str, now: datetime) -> None:
        """The provider has destroyed every key that wrapped ``key_id``."""
        gone = update(wrapping_key).where(_wrapping.key_id == key_id, _wrapping.state != KeyState.DESTROYED.value)
        self.connection.execute(gone.values(state=KeyState.DESTROYED.value, destroyed_at=now))
        self.connection.execute(
            update(key_disposal).where(_disposals.key_id == key_id).values(completed_at=now)
        )

    # --- inside ---

    def _update(self, key: StoredKey, values: dict[str, Any]) -> bool:
        statement = update(data_key).where(_keys.key_id == key.key_id, _keys.state == key.state.value)
        return self.connection.execute(statement.values(values)).rowcount == 1

    def _load_in_use(self, purpose: KeyPurpose, insurer: InsurerNumber | None) -> None:
        query = _in_use(of_prefecture=insurer is None, held=not _is_read_only(self.connection))
        if insurer is not None:
            self._select(query, {"purpose": purpose.value, "insurer": insurer})
            return
        with prefecture_wide(self.connection):  # a municipality reads the prefecture's keys, but could not lock their rows
            self._select(query, {"purpose": purpose.value})

    def _select(self, query: Select[Any], wanted: Mapping[str, Any] | None = None) -> None:
        for row in self.connection.execute(query, wanted):
            key = _key_of(row)
            self._known[key.key_id] = key
            if key.state is KeyState.CURRENT:
                self._current[key.purpose, key.insurer_number] = key
            if key.purpose is KeyPurpose.INDEX:
                self._index_versions[key.version] = key

    def _add_wrapping(self, key: StoredKey, now: datetime) -> None:
        self.connection.execute(
            insert(wrapping_key).values(
                wrapping_key_id=key.wrapping_key_id, key_id=key.key_id, state=KeyState.CURRENT.value, created_at=now
            )
        )

    def _forget(self) -> None:
        """What was read before may not stand any more."""
        for known in (self._current, self._known, self._index_versions):
            known.clear()


def _is_read_only(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("kokuho_read_only", False))


def _key_of(row: Row[Any]) -> StoredKey:
    return StoredKey(
        row.key_id, KeyPurpose(row.purpose), row.insurer_number, row.version, KeyState(row.state),
        row.wrapping_key_id, row.wrapped, row.created_at, row.retired_at, row.destroyed_at,
    )  # fmt: skip


def _row_of(key: StoredKey) -> dict[str, Any]:
    values = {column.name: getattr(key, column.name) for column in data_key.columns}
    return {**values, "purpose": key.purpose.value, "state": key.state.value}
