"""Two municipalities that do whatever they like, against a model: neither ever sees or changes a row of the other (S-1)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, insert, select, update

from kokuho_adapters.database import SqlDatabase, open_database
from kokuho_adapters.database.tables import finding, returned_row
from kokuho_core.errors import SetupFault

from ..prefecture.office import INSURERS, A, B
from ..prefecture.servers import Server

PLACES = st.sampled_from([A, B])
ITEMS = st.sampled_from("123")
_row = returned_row.c


def _values(insurer: str, item: str, told: str) -> dict[str, Any]:
    return {
        "subject": insurer,
        "file_id": "HIHOID",
        "insurer_number": insurer,
        "item": item,
        "told": told,
        "waits_in": 1,
    }


def refused_if(condition: bool) -> AbstractContextManager[Any]:
    return pytest.raises(SetupFault, match="KKH-B002") if condition else nullcontext()


class _Tenants(RuleBasedStateMachine):
    """The model is what each municipality has told itself, by item."""

    database: SqlDatabase

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, dict[str, str]] = {A: {}, B: {}}
        with self.database.begin() as work:
            work.connection.execute(returned_row.delete())
            work.commit()

    @rule(scope=PLACES, place=PLACES, item=ITEMS, told=st.text("ab", max_size=3))
    def add(self, scope: Any, place: Any, item: str, told: str) -> None:
        if scope == place and item in self.model[place]:
            return
        with refused_if(scope != place), self.database.begin(scope=scope) as work:
            work.connection.execute(insert(returned_row).values(_values(place, item, told)))
            work.commit()
        if scope == place:
            self.model[place][item] = told

    @rule(scope=PLACES, told=st.text("cd", max_size=3))
    def change_everything(self, scope: Any, told: str) -> None:
        with self.database.begin(scope=scope) as work:
            changed = work.connection.execute(update(returned_row).values(told=told)).rowcount
            work.commit()
        assert changed == len(self.model[scope])
        self.model[scope] = dict.fromkeys(self.model[scope], told)

    @rule(scope=PLACES, item=ITEMS)
    def remove(self, scope: Any, item: str) -> None:
        with self.database.begin(scope=scope) as work:
            work.connection.execute(returned_row.delete().where(_row.item == item))
            work.commit()
        self.model[scope].pop(item, None)

    @rule(scope=PLACES, item=ITEMS)
    def give_away(self, scope: Any, item: str) -> None:
        """A row cannot be made another's."""
        other = B if scope == A else A
        with refused_if(item in self.model[scope]), self.database.begin(scope=scope) as work:
            work.connection.execute(update(returned_row).where(_row.item == item).values(insurer_number=other))
            work.commit()

    @rule(scope=PLACES, item=ITEMS)
    def forget_to_commit(self, scope: Any, item: str) -> None:
        with self.database.begin(scope=scope) as work:
            work.connection.execute(returned_row.delete())

    @rule(scope=PLACES)
    def look_at_the_federations(self, scope: Any) -> None:
        with self.database.begin(read_only=True, scope=scope) as work:
            assert work.connection.execute(select(func.count()).select_from(finding)).scalar() == 0

    @invariant()
    def each_sees_its_own(self) -> None:
        seen: dict[str, dict[str, str]] = {}
        for scope in (A, B):
            with self.database.begin(read_only=True, scope=scope) as work:
                rows = work.connection.execute(select(_row.insurer_number, _row.item, _row.told)).all()
            assert {row.insurer_number for row in rows} <= {scope}
            seen[scope] = {row.item: row.told for row in rows}
        assert seen == self.model

    @invariant()
    def the_federation_sees_everything(self) -> None:
        with self.database.begin(read_only=True) as work:
            count = work.connection.execute(select(func.count()).select_from(returned_row)).scalar()
        assert count == sum(map(len, self.model.values()))


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_neither_reaches_the_other(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Rules: S-1."""
    if backend == "sqlite":
        url = worker = f"sqlite:///{(tmp_path / 'two.sqlite3').as_posix()}"
    else:
        server: Server = request.getfixturevalue("server")
        url = server.new_database()
    owner = open_database(url)
    owner.migrate()
    with owner.begin() as work:
        work.save_register("13", INSURERS)
        one = insert(finding).values(number="F1", kind="1", is_open=True, detected_on=date(2024, 6, 1))
        work.connection.execute(one)
        work.commit()
    owner.close()
    if backend == "postgresql":
        worker = server.as_worker(url)
    opened = open_database(worker)
    machine = type("Tenants", (_Tenants,), {"database": opened})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    opened.close()
