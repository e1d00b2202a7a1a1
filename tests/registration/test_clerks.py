"""An operator of one municipality looks at what concerns his own partition, and at nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from kokuho_adapters.composition import open_installation
from kokuho_core.access import Operation
from kokuho_core.errors import AccessDenied
from kokuho_core.ports.audit import AuditResult
from kokuho_core.usecases.card_use import exchange_card_use, withdrawals
from kokuho_core.usecases.documents import CARE, decide_documents, request_document
from kokuho_core.usecases.due_registrations import due_registrations
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.reconcile import reconcile
from kokuho_core.usecases.register import register
from kokuho_core.usecases.unanswered import send_unanswered, unanswered_batches
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

from ..aggregation.support import insured
from ..prefecture.clerks import as_clerk
from ..prefecture.office import A, B, day
from ..prefecture.servers import Server, server
from .counter import Counter
from .test_card_use import apply, snapshot

__all__ = ["server"]


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counter]:
    """Two municipalities with people who are not registered yet; A has a snapshot and an application too."""
    made = Counter(tmp_path / "office")
    if request.param == "postgresql":
        made.close()
        at: Server = request.getfixturevalue("server")
        made = Counter(tmp_path / "postgresql", database=at.new_database())
        made.close()
        made.configuration = evolve(made.configuration, database=at.as_worker(made.configuration.database))
        made.installation = open_installation(made.configuration, clock=made.clock)
    with made:
        made.told(A, insured(A, "10", 1), insured(A, "20", 2, name="\ue000"))
        made.told(B, insured(B, "70", 7))
        snapshot(made, "2024-06-01", ("10", "1"))
        apply(made)
        exchange_card_use(made.office, InsurerNumber(A), made.receiver)
        yield made


def test_his_own_lists(both: Counter) -> None:
    """Rules: R-1, R-5, C-2, C-3, S-1."""
    office, own = as_clerk(both, A), InsurerNumber(A)
    due = [(each.registration.addressee_number, each.registration.state) for each in due_registrations(office, own)]
    assert sorted(due) == [("10", "waiting"), ("20", "blocked")]
    items = decide_documents(office, own, day("2024-06-20"))
    assert {(each.addressee_number, each.reason.name) for each in items} == {
        ("10", "WITHDRAWAL_APPLIED"), ("20", "NOT_VIEWABLE"),
    }  # fmt: skip
    person = MunicipalInsuredId(items[0].municipal_insured_id)
    assert request_document(office, own, person, CARE, "窓口").municipal_insured_id == person
    assert len(withdrawals(office, own)) == 1
    assert [each.batch.number for each in unanswered_batches(office, own)] == []
    both.exchange()
    assert [each.registration.state for each in due_registrations(office, own)] == ["blocked"]
    assert both.reconcile().agrees


_LOOKS: dict[Operation, Callable[[Office, InsurerNumber], Any]] = {
    Operation.LIST_DUE: due_registrations,
    Operation.DECIDE_DOCUMENTS: decide_documents,
    Operation.LIST_CARD_USE: withdrawals,
}


def test_nothing_of_another_municipality(both: Counter) -> None:
    """Rules: R-1, S-1, S-4. Refused and recorded; what he may not do at all is refused even for his own."""
    office = as_clerk(both, A)
    for operation, look in _LOOKS.items():
        with pytest.raises(AccessDenied) as denied:
            look(office, InsurerNumber(B))
        assert denied.value.code == "KKH-A004"
        with both.installation.database.begin(read_only=True) as work:
            last = list(work.audit.read())[-1].entry
        assert (last.operation, last.result) == (operation, AuditResult.DENIED)
    with pytest.raises(AccessDenied) as denied:
        due_registrations(office, None)  # of everybody
    assert denied.value.code == "KKH-A004"
    for act in (register, reconcile, exchange_card_use, send_unanswered):
        with pytest.raises(AccessDenied) as denied:
            act(office, InsurerNumber(A), both.receiver)  # type: ignore[operator]
        assert denied.value.code == "KKH-A002"
