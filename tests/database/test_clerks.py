"""Operators of single municipalities, on both databases: their work ends as the federation's does, and nothing of others is theirs."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from kokuho_adapters.database.partition import partition_column
from kokuho_adapters.database.tables import candidate, finding, metadata
from kokuho_core import usecases
from kokuho_core.access import Operation, Role
from kokuho_core.errors import AccessDenied, KokuhoError, NotApproved, NotFound
from kokuho_core.insured_person.fact import IdentityVerdict
from kokuho_core.ports.gates import StopState
from kokuho_core.ports.keys import KeyPurpose
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases import (
    card_use,
    documents,
    due_registrations,
    high_cost,
    municipal_numbers,
    municipal_office,
    unanswered,
)
from kokuho_core.usecases.approvals import approve, list_approvals, refuse, withdraw
from kokuho_core.usecases.audit import list_audit
from kokuho_core.usecases.authentication import enrol, list_factors, unlock
from kokuho_core.usecases.deliver import deliver, publish_committed
from kokuho_core.usecases.gates import refuse_stopped, release_stopped, stopped_files
from kokuho_core.usecases.identity import decide_identity
from kokuho_core.usecases.listings import list_candidates, list_findings
from kokuho_core.usecases.number_lookup import look_up_number, open_look_ups
from kokuho_core.usecases.office import Office, Settings
from kokuho_core.usecases.person import inspect_person
from kokuho_core.usecases.recall import recall, recalled_files
from kokuho_core.usecases.receive import receive, release_held
from kokuho_core.usecases.resolve import resolve
from kokuho_core.usecases.retention import disposals, due_records, run_disposal
from kokuho_core.usecases.reveal import reveal_number
from kokuho_core.usecases.rights import grant_right, list_rights, renew_right, revoke_right, transfer_right
from kokuho_core.usecases.second_look import confirm_decision, list_second_looks, refuse_decision
from kokuho_core.usecases.status import provided, status, unknown_on_media
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdKey, HouseholdNumber, InsurerNumber

from ..aggregation.histories import MUNICIPALITIES, Sent, histories
from ..aggregation.test_order import AS_OF, DERIVED, decide_all
from ..prefecture.clerks import ClerksAtWork, as_clerk, grant, in_session_of
from ..prefecture.office import A, B, C, PrefectureOffice, household, instruction, number, person
from ..prefecture.worlds import MakeOffice, Worlds

EXAMPLES = 40 if os.environ.get("KOKUHO_TEST_PROFILE") == "long" else 2
"""Random histories; each is played twice."""


@pytest.fixture
def site(make_office: MakeOffice) -> PrefectureOffice:
    return make_office(kind=ClerksAtWork)


def derived(office: PrefectureOffice) -> dict[str, list[tuple[Any, ...]]]:
    """What follows from the facts; indexes of numbers differ, since each prefecture has its own key."""
    found = {}
    with office.installation.database.begin(read_only=True) as work:
        for name in DERIVED:
            table = metadata.tables[name]
            kept = [column for column in table.c if column.name not in ("number_index", "version")]
            found[name] = sorted((tuple(row) for row in work.connection.execute(select(*kept))), key=repr)
    return found


def play(office: PrefectureOffice, files: list[Sent]) -> list[Any]:
    answers = []
    for each in files:
        for answer in office.receive(office.write(each.file_id, each.sender, each.rows, each.sequence)):
            answers.append((answer.file_id, answer.insurer_number, answer.result, answer.counts, answer.errors))
    office.resolve(AS_OF)
    decide_all(office)
    return answers


def seen_by(office: PrefectureOffice, scope: InsurerNumber | None) -> dict[str, list[str]]:
    """Every row of a municipality's tables that a unit of work of this scope sees."""
    with office.installation.database.begin(read_only=True, scope=scope) as work:
        return {
            table.name: sorted(map(repr, work.connection.execute(select(table))))
            for table in metadata.sorted_tables
            if partition_column(table) is not None and table.name != "data_key"
        }


def owned_by(office: PrefectureOffice, place: str) -> dict[str, list[str]]:
    """Those that the federation sees and that name this municipality."""
    with office.installation.database.begin(read_only=True) as work:
        return {
            table.name: sorted(map(repr, work.connection.execute(select(table).where(table.c[column] == place))))
            for table in metadata.sorted_tables
            if (column := partition_column(table)) is not None and table.name != "data_key"
        }


def test_what_clerks_do_ends_as_what_the_federation_does(worlds: Worlds) -> None:
    """Rules: S-1. Answers, everything derived, what each sees, every returned row and every list, on random histories."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.reuse),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        files = list(data.draw(histories(), label="files"))
        with worlds.office(kind=ClerksAtWork) as clerks, worlds.office() as federation:
            assert play(clerks, files) == play(federation, files)
            found, due = derived(clerks), derived(federation)
            for table in DERIVED:
                assert found[table] == due[table], table
            for place in MUNICIPALITIES:
                require_same(clerks, federation, place)

    run()


def require_same(clerks: PrefectureOffice, federation: PrefectureOffice, place: str) -> None:
    """What the clerk of ``place`` sees is what the federation sees of it."""
    assert seen_by(clerks, InsurerNumber(place)) == owned_by(clerks, place)
    clerk, insurer = as_clerk(clerks, place), InsurerNumber(place)
    assert list_findings(clerk, insurer) == list_findings(federation.office, insurer)
    assert list_candidates(clerk, insurer) == list_candidates(federation.office, insurer)
    [own] = status(clerk, insurer=insurer).municipalities
    [same] = status(federation.office, insurer=insurer).municipalities
    assert (own.untold_rows, own.pending_persons, own.overdue) == (same.untold_rows, same.pending_persons, same.overdue)
    assert clerks.deliver(place) == federation.deliver(place)


def two_municipalities(office: PrefectureOffice) -> None:
    """A family that moves from A to B, in whose place B has somebody with a period that overlaps his in C."""
    office.persons(A, person(A, "1", number=number(1), end="2024-05-01", end_reason="57", household="11"))
    office.households(A, household(A, "11", "1"))
    office.persons(
        B,
        person(B, "7", number=number(1), start="2024-05-01", reason="07", household="21"),
        person(B, "8", number=number(2), household="22"),
    )
    office.households(B, household(B, "21", "7", start="2024-05-01"))
    office.persons(C, person(C, "9", number=number(2), start="2021-04-01"))
    office.resolve()


class TestWhatAClerkSees:
    def test_every_row_of_every_table_is_his_own(self, site: PrefectureOffice) -> None:
        """Rules: S-1. In a unit of work of the use cases, not beside them."""
        two_municipalities(site)
        clerk = as_clerk(site, A)
        keeper = clerk.gatekeeper
        assert keeper is not None
        open_to_both = {finding.name: ("left_insurer", "entered_insurer"), candidate.name: ("from_insurer", "to_insurer")}
        seen = 0
        with keeper.admitted(Operation.LIST_FINDINGS, insurer=A), clerk.database.begin(read_only=True) as work:
            connection: Any = work.connection  # type: ignore[attr-defined]
            for table in metadata.sorted_tables:
                rows = connection.execute(select(table)).mappings().all()
                if table.name in ("insurer", "installation"):
                    assert rows
                elif table.name in open_to_both:
                    assert all(A in (row[name] for name in open_to_both[table.name]) for row in rows), table.name
                elif table.name == "data_key":
                    assert {row["insurer_number"] for row in rows} == {A, None}
                else:
                    column = partition_column(table)
                    assert {row[column] if column else "hidden" for row in rows} <= {A}, table.name
                seen += len(rows)
        assert seen > 10

    def test_he_sees_the_candidates_of_his_municipality(self, site: PrefectureOffice) -> None:
        """Rules: S-1. What is known to both sides is shown to both."""
        two_municipalities(site)
        [row] = list_candidates(as_clerk(site, B), B)
        assert row.head_municipal_insured_id is not None
        assert [row] == list_candidates(site.office, B)
        [shared] = list_findings(as_clerk(site, B), B)
        assert [shared] == list_findings(as_clerk(site, C), C)
        assert list_findings(as_clerk(site, A), A) == []

    def test_a_number_of_another_municipality_is_found_by_its_index(self, site: PrefectureOffice) -> None:
        """Rules: S-1, I-1. The clerk learns that his record conflicts, not with whom; the federation sees the finding."""
        site.persons(B, person(B, "7", number=number(1)))
        answer = site.persons(A, person(A, "1", number=number(1), birth_date=date(1999, 1, 1)))
        assert (answer.counts.accepted, answer.counts.held) == (0, 1)
        assert [each.code for each in answer.errors] == ["KKH-I001"]
        assert B not in repr(answer)
        site.resolve()
        [conflict] = site.findings()
        assert conflict.kind.value == "identity"

    def test_no_key_of_another_municipality_opens(self, site: PrefectureOffice) -> None:
        """Rules: S-1, S-8."""
        clerk = as_clerk(site, A)
        keeper = clerk.gatekeeper
        assert keeper is not None
        with keeper.admitted(Operation.DELIVER, insurer=A), clerk.database.begin() as work:
            assert work.keys.current(KeyPurpose.DATA, A).insurer_number == A
            assert work.keys.current(KeyPurpose.INDEX).insurer_number is None
            with pytest.raises(KokuhoError, match="KKH-C015"):
                work.keys.current(KeyPurpose.DATA, B)

    def test_he_sees_numbers_of_his_own_up_to_the_limit_of_the_day(self, make_office: MakeOffice) -> None:
        """Rules: S-1, S-3, S-26. Several sessions of one clerk at once do not pass it together."""
        site = make_office(kind=ClerksAtWork, settings=Settings(reveal_daily_limit=3))
        two_municipalities(site)

        def look(_: int) -> str:
            try:
                return reveal_number(in_session_of(site, f"clerk-{B}"), f"{B}/7", "窓口での確認").reveal()
            except AccessDenied as denied:
                return denied.code

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(look, range(6))) == [number(1)] * 3 + ["KKH-A022"] * 3

    def test_the_scope_is_closed_behind_each_look_at_the_prefecture(self, site: PrefectureOffice) -> None:
        """Rules: S-1. Also when it ends by an error, and when it is asked for twice."""
        two_municipalities(site)

        def places(work: Any) -> set[str]:
            return set(work.connection.execute(text("SELECT insurer_number FROM person_record")).scalars())

        with site.installation.database.begin(scope=A) as work:
            assert places(work) == {A}
            with work.prefecture_wide():
                with work.prefecture_wide():
                    assert places(work) == {A, B, C}
                assert places(work) == {A, B, C}
            assert places(work) == {A}
            with pytest.raises(ZeroDivisionError), work.prefecture_wide():
                _ = 1 / 0
            assert places(work) == {A}


ABOUT_ONESELF = {"authentication.log_in", "authentication.log_out"}
"""Use cases that are about nobody's data but whoever calls them."""


def calls_for_another(site: PrefectureOffice, clerk: Office, theirs: Path) -> dict[str, Callable[[], object]]:
    """Every use case there is, as a clerk of A would call it about B."""
    outgoing, folder = site.installation.outgoing(site.outbox), str(site.outbox)
    number_of_theirs, nobody = site.findings()[0].number, cast(Any, None)
    return {
        "approvals.approve": lambda: approve(clerk, "1", ""),  # type: ignore[arg-type]
        "approvals.list_approvals": lambda: list_approvals(clerk),
        "approvals.refuse": lambda: refuse(clerk, "1", "x"),
        "approvals.withdraw": lambda: withdraw(clerk, "1"),
        "audit.list_audit": lambda: list_audit(clerk),
        "number_lookup.look_up_number": lambda: look_up_number(clerk, B, AddresseeNumber("1"), nobody),
        "number_lookup.open_look_ups": lambda: open_look_ups(clerk, B),
        "authentication.enrol": lambda: enrol(clerk, site.installation.codes, "other"),
        "authentication.list_factors": lambda: list_factors(clerk),
        "authentication.unlock": lambda: unlock(clerk, "other"),
        "card_use.withdrawals": lambda: card_use.withdrawals(clerk, B),
        "documents.decide_documents": lambda: documents.decide_documents(clerk, B),
        "documents.request_document": lambda: documents.request_document(clerk, B, nobody, "01", "x"),
        "documents.withdraw_request": lambda: documents.withdraw_request(clerk, B, nobody, "01"),
        "due_registrations.due_registrations": lambda: due_registrations.due_registrations(clerk, B),
        "high_cost.known_months": lambda: high_cost.known_months(clerk, HouseholdKey(B, HouseholdNumber("21"))),
        "municipal_numbers.build_elsewhere": lambda: municipal_numbers.build_elsewhere(clerk, B, nobody),
        "municipal_numbers.notify_elsewhere": lambda: municipal_numbers.notify_elsewhere(clerk, B, nobody, {}, nobody),
        "municipal_office.documents": lambda: municipal_office.documents(clerk, B),
        "unanswered.unanswered_batches": lambda: unanswered.unanswered_batches(clerk, B),
        "deliver.deliver": lambda: deliver(clerk, B, outgoing, folder),
        "deliver.publish_committed": lambda: publish_committed(clerk, outgoing, folder),
        "gates.refuse_stopped": lambda: refuse_stopped(clerk, 1, "x"),
        "gates.release_stopped": lambda: release_stopped(clerk, 1, "x"),
        "gates.stopped_files": lambda: stopped_files(clerk, B),
        "municipal_office.apply": lambda: municipal_office.apply(clerk, B, site.installation.returned(theirs)),
        "municipal_office.build": lambda: municipal_office.build(clerk, B, outgoing, folder),
        "municipal_office.hand_over": lambda: municipal_office.hand_over(clerk, B, nobody),
        "municipal_office.load": lambda: municipal_office.load(clerk, B, site.installation.returned(theirs), is_sent=True),
        "municipal_office.lists": lambda: municipal_office.lists(clerk, B),
        "municipal_office.overview": lambda: municipal_office.overview(clerk, B),
        "municipal_office.notify": lambda: municipal_office.notify(clerk, B, nobody),
        "municipal_office.person": lambda: municipal_office.person(clerk, B, AddresseeNumber("7")),
        "municipal_office.state": lambda: municipal_office.state(clerk, B, "KOGAKU", nobody),
        "municipal_office.withdraw": lambda: municipal_office.withdraw(clerk, B, "KOGAKU", "1"),
        "identity.decide_identity": lambda: decide_identity(clerk, number_of_theirs, IdentityVerdict.SAME, "x"),
        "listings.list_candidates": lambda: list_candidates(clerk, B),
        "listings.list_findings": lambda: list_findings(clerk, B),
        "person.inspect_person": lambda: inspect_person(clerk, "P1300000000001"),
        "recall.recall": lambda: recall(clerk, theirs.name, "x"),
        "recall.recalled_files": lambda: recalled_files(clerk, B),
        "receive.receive": lambda: receive(clerk, site.installation.incoming(theirs, site.installation.register())),
        "receive.release_held": lambda: release_held(clerk),
        "reveal.reveal_number": lambda: reveal_number(clerk, f"{B}/7", "x"),
        "resolve.resolve": lambda: resolve(clerk),
        "retention.disposals": lambda: disposals(clerk),
        "retention.due_records": lambda: due_records(clerk),
        "retention.run_disposal": lambda: run_disposal(clerk, reason="x"),
        "rights.grant_right": lambda: grant_right(clerk, "other", Role.AUDITOR),
        "rights.list_rights": lambda: list_rights(clerk),
        "rights.renew_right": lambda: renew_right(clerk, "1"),
        "rights.revoke_right": lambda: revoke_right(clerk, "1"),
        "rights.transfer_right": lambda: transfer_right(clerk, "1", "other"),
        "second_look.confirm_decision": lambda: confirm_decision(clerk, "1-2", B),
        "second_look.list_second_looks": lambda: list_second_looks(clerk, B),
        "second_look.refuse_decision": lambda: refuse_decision(clerk, "1-2", B, reason="x"),
        "status.provided": lambda: provided(clerk, B),
        "status.unknown_on_media": lambda: unknown_on_media(clerk, B),
        "status.status": lambda: status(clerk, insurer=B),
    }


def all_use_cases() -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for module in iter_modules(usecases.__path__):
        loaded = import_module(f"{usecases.__name__}.{module.name}")
        found |= {
            f"{module.name}.{name}": function.operation
            for name, function in inspect.getmembers(loaded, inspect.isfunction)
            if hasattr(function, "operation") and function.__module__ == loaded.__name__
        }
    return found


def everything_kept(site: PrefectureOffice) -> dict[str, list[Any]]:
    """All rows but the audit log's and the rights."""
    with site.installation.database.begin(read_only=True) as work:
        return {
            table.name: sorted(map(repr, work.connection.execute(select(table))))
            for table in metadata.sorted_tables
            if table.name not in ("audit_entry", "operator_grant", "counter")
        }


class TestWhatAClerkCannotDo:
    def test_every_use_case_about_another_municipality_is_denied_and_recorded(
        self, site: PrefectureOffice
    ) -> None:
        """Rules: S-1, S-4, S-31."""
        two_municipalities(site)
        theirs = site.write("SKKOJIN", B, [person(B, "99", number=number(50))])
        clerk = as_clerk(site, A)
        before = everything_kept(site)
        tried = calls_for_another(site, clerk, theirs)
        known = all_use_cases()
        his = {name for name, operation in known.items() if operation.is_open_to(Role.MUNICIPALITY)}
        assert his - ABOUT_ONESELF <= set(tried) <= known.keys(), "what his role may do at all is tried here"
        codes = {}
        for name, call in tried.items():
            with pytest.raises(AccessDenied) as denied:
                call()
            codes[name] = denied.value.code
        assert set(codes.values()) == {"KKH-A002", "KKH-A004"}
        assert everything_kept(site) == before
        with site.installation.database.begin(read_only=True) as work:
            recorded = [each.entry for each in work.audit.read() if each.entry.operator == clerk.gatekeeper.context.operator]
        assert [each.code for each in recorded if each.result.value == "denied"] == list(codes.values())

    def test_without_a_municipality_named_he_gets_no_list_of_all(self, site: PrefectureOffice) -> None:
        """Rules: S-1, S-31."""
        clerk = as_clerk(site, A)
        whole: list[Callable[[], object]] = [
            lambda: list_findings(clerk),
            lambda: list_candidates(clerk),
            lambda: status(clerk),
            lambda: provided(clerk),
            lambda: stopped_files(clerk),
            lambda: recalled_files(clerk),
            lambda: list_second_looks(clerk),
        ]
        for call in whole:
            with pytest.raises(AccessDenied, match="KKH-A004"):
                call()

    def test_a_file_that_claims_another_sender_inside_is_refused(self, site: PrefectureOffice) -> None:
        """Rules: S-1, S-16, X-2. Named as his own, with the control record or the records of another."""
        theirs = site.write("SKKOJIN", B, [person(B, "99", number=number(50))], 1)
        renamed = theirs.with_name(theirs.name.replace(f"_{B}_", f"_{A}_"))
        theirs.rename(renamed)
        [answer] = site.receive(renamed)
        assert answer.result is FileResult.REJECTED
        mixed = site.write("SKKOJIN", A, [person(B, "99", number=number(50))], 1)
        [answer] = site.receive(mixed)
        assert answer.result is FileResult.REJECTED, answer
        with site.installation.database.begin(read_only=True) as work:
            assert work.connection.execute(text("SELECT count(*) FROM person_record")).scalar() == 0

    def test_a_decision_about_a_household_that_others_entered_is_refused(
        self, site: PrefectureOffice
    ) -> None:
        """Rules: S-1, H-6."""
        two_municipalities(site)
        [pair] = site.candidates()
        answer = site.decide(A, instruction(A, pair.number, "2"))
        assert [each.code for each in answer.errors] == ["KKH-H001"]
        assert site.decide(B, instruction(B, pair.number, "2")).counts.accepted == 1

    def test_a_decision_of_his_municipality_is_confirmed_by_another_of_it(self, make_office: MakeOffice) -> None:
        """Rules: S-1, S-34. Nobody of another municipality sees it, and both are told of its effect."""
        site = make_office(kind=ClerksAtWork, settings=Settings(second_look_at_decisions=True))
        two_municipalities(site)
        for place in (A, B):
            site.deliver(place)
        [pair] = site.candidates()
        assert site.decide(B, instruction(B, pair.number, "2")).counts.held == 1
        [waiting] = list_second_looks(as_clerk(site, B), B)
        assert list_second_looks(as_clerk(site, A), A) == []
        with pytest.raises(NotFound, match="KKH-H007"):
            confirm_decision(as_clerk(site, A), waiting.number, A)
        with pytest.raises(NotApproved, match="KKH-A007"):
            confirm_decision(as_clerk(site, B), waiting.number, B, reason="確認")
        grant(site, "kato", Role.MUNICIPALITY, B)
        confirm_decision(in_session_of(site, "kato"), waiting.number, B, reason="確認")
        [decided] = site.candidates()
        assert decided.decision == "2"
        assert "KEIKOHO" in site.deliver(B)

    def test_another_scope_is_not_opened_inside_an_admission(self, site: PrefectureOffice) -> None:
        """Rules: S-1."""
        clerk = as_clerk(site, A)
        keeper = clerk.gatekeeper
        assert keeper is not None
        with keeper.admitted(Operation.LIST_FINDINGS, insurer=A):
            with pytest.raises(AccessDenied, match="KKH-A004"), clerk.database.begin(scope=B):
                pass
            with clerk.database.begin(scope=A):
                pass

    def test_a_held_file_of_another_municipality_waits_for_its_own_clerk(
        self, site: PrefectureOffice
    ) -> None:
        """Rules: S-1, X-2."""
        second = site.write("SKKOJIN", B, [person(B, "2", number=number(2))], 2)
        assert site.receive(second)[0].result is FileResult.HELD
        site.persons(A, person(A, "1", number=number(1)))
        first = site.write("SKKOJIN", B, [person(B, "1", number=number(3))], 1)
        assert [each.result for each in site.receive(first)] == [FileResult.APPLIED, FileResult.APPLIED]

    def test_gates_stop_his_files_and_only_the_federation_releases(self, site: PrefectureOffice) -> None:
        """Rules: S-1, S-7, S-28."""
        people = [person(A, str(n), number=number(n)) for n in range(1, 121)]
        site.persons(A, *people)
        site.persons(A, *({**each, "update_kind": "2", "birth_date": date(1961, 1, 1)} for each in people))
        clerk = as_clerk(site, A)
        stopped = stopped_files(clerk, A)
        assert [each.state for each in stopped] == [StopState.STOPPED]
        with pytest.raises(AccessDenied, match="KKH-A002"):
            release_stopped(clerk, stopped[0].file_no, "x")

    def test_a_long_list_of_his_own_is_approved_by_another_of_his_municipality(
        self, make_office: MakeOffice
    ) -> None:
        """Rules: S-1, S-6, S-7."""
        site = make_office(kind=ClerksAtWork, settings=Settings(list_limit=0))
        two_municipalities(site)
        for name in ("sasaki", "kato"):
            grant(site, name, Role.MUNICIPALITY, B)
        grant(site, "stranger", Role.MUNICIPALITY, C)
        first, second, stranger = (in_session_of(site, name) for name in ("sasaki", "kato", "stranger"))
        with pytest.raises(NotApproved, match="KKH-A007"):
            list_findings(first, B, bulk_reason="年次点検")
        with pytest.raises(NotApproved, match="KKH-A007"):
            list_findings(stranger, C, bulk_reason="年次点検")  # his own list is another request
        assert len(list_findings(second, B, bulk_reason="年次点検")) == 1
