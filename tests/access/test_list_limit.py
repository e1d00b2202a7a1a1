"""The limit of a list (S-6): at it everything is told, one row beyond it nothing, until a second person agreed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from attrs import evolve

from kokuho_core import usecases
from kokuho_core.access import Role
from kokuho_core.errors import AccessDenied, NotApproved
from kokuho_core.usecases.approvals import approve, list_approvals
from kokuho_core.usecases.audit import AuditFilter, list_audit
from kokuho_core.usecases.due_registrations import due_registrations
from kokuho_core.usecases.listings import list_candidates, list_findings
from kokuho_core.usecases.office import Office, Settings

from ..prefecture.clerks import grant, in_session_of
from ..prefecture.office import A, B, C, PrefectureOffice, household, number, person
from ..prefecture.worlds import MakeOffice

REASON = "年次の点検"
ROWS = 3
Listing = Callable[..., Sequence[Any]]
LISTS: list[tuple[Listing, Any]] = [(list_findings, None), (list_findings, B), (list_candidates, None), (list_candidates, B)]
"""All of them are asked of one prefecture: each is another list."""


@pytest.fixture
def site(make_office: MakeOffice) -> PrefectureOffice:
    """Three families move from A to B, and three persons of B overlap with C."""
    made = make_office()
    families = range(1, ROWS + 1)
    made.persons(
        A, *(person(A, str(n), number=number(n), end="2024-05-01", end_reason="57", household=f"1{n}") for n in families)
    )
    made.households(A, *(household(A, f"1{n}", str(n)) for n in families))
    came = [person(B, str(n), number=number(n), start="2024-05-01", reason="07", household=f"2{n}") for n in families]
    made.persons(B, *came, *(person(B, f"9{n}", number=number(90 + n), household=f"9{n}") for n in families))
    made.households(B, *(household(B, f"2{n}", str(n), start="2024-05-01") for n in families))
    made.persons(C, *(person(C, str(n), number=number(90 + n), start="2021-04-01") for n in families))
    made.resolve()
    for name in ("tanaka", "suzuki"):
        grant(made, name, Role.FEDERATION)
    return made


def limited(site: PrefectureOffice, name: str, limit: int) -> Office:
    return evolve(in_session_of(site, name), settings=Settings(list_limit=limit))


def denials(site: PrefectureOffice) -> list[tuple[str, str]]:
    with site.installation.database.begin(read_only=True) as work:
        entries = [each.entry for each in work.audit.read()]
    return [(each.operation.value, each.code) for each in entries if each.result.value == "denied"]


class TestAtTheLimit:
    def test_as_many_as_allowed_are_told(self, site: PrefectureOffice) -> None:
        """Rules: S-6."""
        for listing, insurer in LISTS:
            assert len(listing(limited(site, "tanaka", ROWS), insurer)) == ROWS
            assert len(listing(limited(site, "tanaka", ROWS + 1), insurer)) == ROWS
        assert denials(site) == []

    def test_one_more_is_denied_and_on_record(self, site: PrefectureOffice) -> None:
        """Rules: S-4, S-6."""
        for listing, insurer in LISTS:
            with pytest.raises(AccessDenied, match="KKH-A013"):
                listing(limited(site, "tanaka", ROWS - 1), insurer)
        assert denials(site) == [(each.operation.value, "KKH-A013") for each, _ in LISTS]  # type: ignore[attr-defined]

    def test_one_more_is_told_once_when_a_second_person_agreed(self, site: PrefectureOffice) -> None:
        """Rules: S-6, S-7. And of this list alone: each of the others waits for its own approval."""
        first, second = (limited(site, name, ROWS - 1) for name in ("tanaka", "suzuki"))
        for number_of_list, (listing, insurer) in enumerate(LISTS, 1):
            for _ in range(2):
                with pytest.raises(NotApproved, match="KKH-A007"):
                    listing(first, insurer, bulk_reason=REASON)
            [asked] = list_approvals(second, waiting_only=True)
            with pytest.raises(NotApproved, match="KKH-A008"):
                approve(first, asked.number, asked.digest)
            approve(second, asked.number, asked.digest)
            assert len(listing(first, insurer, bulk_reason=REASON)) == ROWS
            assert len(list_approvals(second)) == number_of_list
        for listing, insurer in LISTS:  # each was used up
            with pytest.raises(NotApproved, match="KKH-A007"):
                listing(first, insurer, bulk_reason=REASON)

    def test_one_person_alone_is_asked_where_it_is_set_so(self, site: PrefectureOffice) -> None:
        """Rules: S-6, S-7. To give a reason for what is not too long asks for nothing."""
        settings = Settings(list_limit=ROWS - 1, two_person_approval=True)
        for listing, insurer in LISTS:
            with pytest.raises(NotApproved, match="KKH-A007"):
                listing(evolve(site.office, settings=settings), insurer, bulk_reason=REASON)
            assert len(listing(limited(site, "tanaka", ROWS), insurer, bulk_reason=REASON)) == ROWS
        assert len(list_approvals(site.office, waiting_only=True)) == len(LISTS)


def test_what_is_due_in_the_whole_prefecture_is_listed_up_to_the_limit(site: PrefectureOffice) -> None:
    """Rules: S-4, S-6, S-7."""
    every = len(due_registrations(limited(site, "tanaka", 1000), None))
    assert every > ROWS
    assert len(due_registrations(limited(site, "tanaka", every), None)) == every
    with pytest.raises(AccessDenied, match="KKH-A013"):
        due_registrations(limited(site, "tanaka", every - 1), None)
    with pytest.raises(NotApproved, match="KKH-A007"):
        due_registrations(limited(site, "tanaka", every - 1), None, bulk_reason=REASON)
    assert len(due_registrations(limited(site, "suzuki", every - 1), None, bulk_reason=REASON)) == every
    assert denials(site)[0] == ("list_due", "KKH-A013")


def test_the_audit_log_is_listed_up_to_the_limit(site: PrefectureOffice) -> None:
    """Rules: S-4, S-6."""
    wanted = AuditFilter(operator=site.office.gatekeeper.context.operator)
    for _ in range(2):  # the look itself is one entry more each time
        known = len(list_audit(site.office, wanted))
        assert len(list_audit(evolve(site.office, settings=Settings(list_limit=known + 1)), wanted)) == known + 1
        with pytest.raises(AccessDenied, match="KKH-A013"):
            list_audit(evolve(site.office, settings=Settings(list_limit=known + 1)), wanted)


OF_NO_PERSON = {
    "approvals.list_approvals", "authentication.list_factors", "deliver.deliver", "gates.stopped_files",
    "municipal_numbers.build_elsewhere", "municipal_office.build", "recall.recalled_files", "receive.receive",
    "retention.disposals", "rights.grant_right", "rights.list_rights", "rights.renew_right", "rights.revoke_right",
    "rights.transfer_right", "status.provided", "status.unknown_on_media", "unanswered.send_unanswered",
    "unanswered.unanswered_batches",
}  # fmt: skip
"""Files, batches, operators and what they asked for."""
ACT_BY_ACT = {
    "duplicate_covers.decided_losses", "number_lookup.open_look_ups", "second_look.list_second_looks",
    "municipal_office.hand_over",
}  # fmt: skip
"""What clerks decided or are to decide one by one; what the resident register is given, which is no list on a screen."""
BY_ITSELF = {"audit.list_audit"}


def test_whatever_gives_rows_has_the_limit_or_says_why_not() -> None:
    """Rules: S-6. An inventory: a new use case that lists people is to be put on one side."""
    listing = set()
    for name, function in use_cases():
        signature = inspect.signature(function)
        answers = str(signature.return_annotation)
        if "bulk_reason" not in signature.parameters and answers.startswith(("list[", "tuple[", "Sequence[", "dict[")):
            listing.add(name)
    assert listing == OF_NO_PERSON | ACT_BY_ACT | BY_ITSELF


def use_cases() -> Iterator[tuple[str, Callable[..., object]]]:
    for module in iter_modules(usecases.__path__):
        loaded = import_module(f"{usecases.__name__}.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            if hasattr(function, "operation") and function.__module__ == loaded.__name__:
                yield f"{module.name}.{name}", function
