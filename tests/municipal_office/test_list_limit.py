"""The limit of a list (S-6) holds at the counter of a municipality too, for all that it is told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from kokuho_core.access import Role
from kokuho_core.errors import AccessDenied, NotApproved
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.office import Office, Settings

from ..prefecture.clerks import grant, in_session_of
from ..prefecture.office import A, PrefectureOffice
from .test_office import Clerk, moved_in

REASON = "年次の点検"
NAMES = ("1", "2")
LISTS: list[tuple[Callable[..., Any], int]] = [
    (municipal_office.lists, 5),  # two persons and their household wait; two periods of which nothing is known yet
    (municipal_office.documents, 2),
    (municipal_office.overview, 7),
]


@pytest.fixture
def site(office: PrefectureOffice) -> PrefectureOffice:
    Clerk(office).notify(moved_in("2020-04-01", "10", *NAMES), *NAMES)
    grant(office, "ito", Role.MUNICIPALITY, A)
    return office


def limited(site: PrefectureOffice, name: str, limit: int) -> Office:
    return evolve(in_session_of(site, name), settings=Settings(list_limit=limit))


def test_at_the_limit_everybody_beyond_it_nobody_until_a_second_clerk_agrees(site: PrefectureOffice) -> None:
    """Rules: S-4, S-6, S-7. Each approval opens one list once."""
    for listing, rows in LISTS:
        told = listing(limited(site, f"clerk-{A}", rows), A)
        first, second = (limited(site, name, rows - 1) for name in (f"clerk-{A}", "ito"))
        with pytest.raises(AccessDenied, match="KKH-A013"):
            listing(first, A)
        for _ in range(2):
            with pytest.raises(NotApproved, match="KKH-A007"):
                listing(first, A, bulk_reason=REASON)
        assert listing(second, A, bulk_reason=REASON) == told
        with pytest.raises(NotApproved, match="KKH-A007"):
            listing(second, A, bulk_reason=REASON)
        assert listing(first, A, bulk_reason=REASON) == told  # who agrees to what the other one asked for
    with site.installation.database.begin(read_only=True) as work:
        denied = [each.entry for each in work.audit.read() if each.entry.code == "KKH-A013"]
    assert [each.operation.value for each in denied] == ["list_office"] * len(LISTS)


def test_the_overview_is_the_lists_and_the_documents(site: PrefectureOffice) -> None:
    """Rules: S-6, C-2. No row is left out of what is counted."""
    office = limited(site, f"clerk-{A}", 7)
    seen = municipal_office.overview(office, A)
    assert seen.lists == municipal_office.lists(office, A)
    assert list(seen.documents) == municipal_office.documents(office, A)
    counted = (seen.lists.waiting, seen.lists.awaited, seen.documents)
    assert [len(each) for each in counted] == [3, 2, 2] and seen.lists.rows == 5
