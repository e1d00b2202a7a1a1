"""Documents that a municipality issues and collects on 2024-06-01, by what it has itself (C-2 … C-5)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from kokuho_core.certificates.documents import Document, DocumentReason
from kokuho_core.municipal_office.notification import Head, HouseholdChanged, ItemsChanged, MovedOut, NewHousehold
from kokuho_core.municipal_office.other_rows import CertificateRecord
from kokuho_core.municipal_office.returned import item_of
from kokuho_core.returning.rows import HihoidRow, KaijokekkaRow, RiyotoRow
from kokuho_core.usecases import municipal_office
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber

from ..prefecture.office import A, PrefectureOffice
from .counter import AT, d, items, told
from .test_office import ONE, TWO, Clerk, moved_in


@pytest.fixture
def clerk(office: PrefectureOffice) -> Clerk:
    made = Clerk(office)
    made.notify(moved_in("2020-04-01", "10", "1", "2"), "1", "2")
    return made


def came_back(clerk: Clerk, *rows: Any, sequence: int = 1) -> None:
    """What the aggregation told, as if its files had been taken in."""
    with clerk.site.installation.database.begin() as work:
        work.municipal.keep_returned(A, [item_of(row, sequence, line) for line, row in enumerate(rows, 2)])
        work.commit()


def known(*names: str) -> list[HihoidRow]:
    return [HihoidRow(A, name, f"M{name}", f"P{name}", "1", None) for name in names]


def card(name: str, state: str, expires: str = "2030-01-01", on: str = "2024-05-31") -> RiyotoRow:
    return RiyotoRow(A, f"M{name}", d(on), state, d(expires))


def issued(of: AddresseeNumber, history: int, kind: str, on: str, until: str | None = None, collected: str | None = None) -> Any:
    end, back = d(until) if until else None, d(collected) if collected else None
    return CertificateRecord(A, of, history, "1", kind, "1", d(on), None, back, None, None, d(on), end, None, None, None, AT)


def due(clerk: Clerk) -> dict[str, tuple[Document, DocumentReason, bool, tuple[int, ...]]]:
    found = municipal_office.documents(clerk.office, A)
    return {each.addressee_number: (each.document, each.reason, each.to_issue, each.to_collect) for each in found}


def test_the_snapshot_decides_who_gets_what(clerk: Clerk) -> None:
    """Rules: C-2. Registered: a notice; not registered, or in no snapshot: 資格確認書."""
    nobody = (Document.CERTIFICATE, DocumentReason.NO_SNAPSHOT, True, ())
    assert due(clerk) == {"1": nobody, "2": nobody}
    came_back(clerk, *known("1", "2"), card("1", "1"), card("2", "2"))
    assert due(clerk) == {
        "1": (Document.NOTICE, DocumentReason.REGISTERED, True, ()),
        "2": (Document.CERTIFICATE, DocumentReason.NOT_REGISTERED, True, ()),
    }
    [one, two] = municipal_office.documents(clerk.office, A)
    assert (one.snapshot_on, one.expires_on) == (d("2024-05-31"), None)
    assert (two.snapshot_on, two.expires_on) == (d("2024-05-31"), d("2024-07-31"))


def test_what_was_issued_is_due_no_more_until_it_ends_or_is_another_one(clerk: Clerk) -> None:
    """Rules: C-2, C-4."""
    came_back(clerk, *known("1", "2"), card("1", "1"), card("2", "2"))
    for record in (issued(ONE, 1, "02", "2024-04-01"), issued(TWO, 1, "01", "2023-08-01", "2024-07-31")):
        municipal_office.state(clerk.office, A, "FUZOKU", record)
    assert due(clerk) == {}
    came_back(clerk, card("1", "3", on="2024-06-01"), card("2", "1", on="2024-06-01"), sequence=2)
    assert due(clerk) == {
        "1": (Document.CERTIFICATE, DocumentReason.REGISTRATION_CANCELLED, True, (1,)),
        "2": (Document.NOTICE, DocumentReason.REGISTERED, True, (1,)),
    }
    municipal_office.state(clerk.office, A, "FUZOKU", issued(ONE, 2, "01", "2024-06-01", "2024-07-31"))
    municipal_office.state(clerk.office, A, "FUZOKU", issued(ONE, 1, "02", "2024-04-01", None, "2024-06-01"))
    municipal_office.state(clerk.office, A, "FUZOKU", issued(TWO, 2, "02", "2024-06-01"))
    assert due(clerk) == {"2": (Document.NOTICE, DocumentReason.REGISTERED, False, (1,))}
    municipal_office.withdraw(clerk.office, A, "FUZOKU", "2/2")
    assert due(clerk)["2"][2:] == (True, (1,))


def test_another_number_takes_another_document(clerk: Clerk) -> None:
    """Rules: C-4. The document belongs to number and issuer; a change of the name alone changes neither."""
    came_back(clerk, *known("1", "2"), card("1", "1"), card("2", "1"))
    for who in (ONE, TWO):
        municipal_office.state(clerk.office, A, "FUZOKU", issued(who, 1, "02", "2023-04-01"))
    clerk.notify(ItemsChanged(**told("2024-04-01"), person=ONE, items=items("1970-05-05", name="別名", number=None)))
    assert due(clerk) == {}
    split = NewHousehold(HouseholdNumber("20"), "20", Head(TWO))
    clerk.notify(HouseholdChanged(**told("2024-05-01"), people=(TWO,), household=split))
    assert due(clerk) == {"2": (Document.NOTICE, DocumentReason.REGISTERED, True, (1,))}
    municipal_office.state(clerk.office, A, "FUZOKU", issued(TWO, 2, "02", "2024-05-01"))
    assert due(clerk) == {"2": (Document.NOTICE, DocumentReason.REGISTERED, False, (1,))}


def test_an_accepted_withdrawal_counts_until_the_snapshot_says_it(clerk: Clerk) -> None:
    """Rules: C-3."""
    came_back(clerk, *known("1"), card("1", "1"), KaijokekkaRow(A, "M1", d("2024-05-20"), "1", d("2024-06-30")))
    assert due(clerk)["1"][:2] == (Document.CERTIFICATE, DocumentReason.WITHDRAWAL_APPLIED)
    came_back(clerk, card("1", "3", on="2024-06-30"), sequence=2)
    assert due(clerk)["1"][1] is DocumentReason.REGISTRATION_CANCELLED
    came_back(clerk, card("1", "1", on="2024-07-01"), sequence=3)  # registered anew, on a day when the other had ended
    assert due(clerk)["1"][1] is DocumentReason.REGISTERED
    came_back(clerk, *known("2"), card("2", "1"), KaijokekkaRow(A, "M2", d("2024-05-20"), "9", None))
    assert due(clerk)["2"][1] is DocumentReason.REGISTERED


def test_who_does_not_let_himself_be_seen_gets_a_certificate_and_who_left_gets_nothing(clerk: Clerk) -> None:
    """Rules: C-5, C-2."""
    came_back(clerk, *known("1", "2"), card("1", "1"), card("2", "1", "2024-02-15"))
    hidden = evolve(items("1970-05-05", number=None), self_view_stopped="1")
    clerk.notify(ItemsChanged(**told("2024-05-01"), person=ONE, items=hidden))
    assert {who: each[1] for who, each in due(clerk).items()} == {
        "1": DocumentReason.VIEWING_STOPPED,
        "2": DocumentReason.CERTIFICATE_EXPIRED,
    }
    clerk.notify(MovedOut(**told("2024-05-10"), people=(ONE, TWO)))
    assert due(clerk) == {}
