"""The limit of a list (S-6) holds for what concerns people's cards, documents and covers too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from kokuho_core.certificates.documents import Document
from kokuho_core.entrusted_partition.duplicate_cover import OtherCover
from kokuho_core.entrusted_partition.exchanged import DuplicateList
from kokuho_core.errors import AccessDenied, NotApproved
from kokuho_core.usecases.card_use import withdrawals
from kokuho_core.usecases.documents import decide_documents
from kokuho_core.usecases.duplicate_covers import list_covers, take_covers
from kokuho_core.usecases.institution_symbols import request_symbols, symbols
from kokuho_core.usecases.office import Settings
from kokuho_core.usecases.reconcile import reconcile
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

from ..aggregation.support import insured
from ..prefecture.office import A, day
from .counter import Counter
from .model_receiver import ModelReceiver, duplicate
from .test_card_use import apply, exchange
from .test_documents import issued

PEOPLE = ("10", "20", "30")
INSURER = InsurerNumber(A)
COVER = OtherCover("06130012", date(2024, 5, 1))
LISTS: list[Callable[..., Sequence[Any]]] = [withdrawals, decide_documents, list_covers, symbols]


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """Three people, each on every one of these lists."""
    with Counter(Path(tmp_path_factory.mktemp("limit")) / "office") as made:
        made.told(A, *(insured(A, each, n, start="2024-04-01") for n, each in enumerate(PEOPLE, 1)))
        for each in PEOPLE:
            apply(made, each)
        exchange(made)
        ids = [made.municipal_id(A, each) for each in PEOPLE]
        made.receiver.covers[A] = DuplicateList(
            day("2024-06-01"), [duplicate(A, each, day("2024-06-01"), COVER.insurer_number, "2024-05-01") for each in ids]
        )
        take_covers(made.office, INSURER, made.receiver)
        request_symbols(made.office, INSURER, [MunicipalInsuredId(each) for each in ids])
        yield made


@pytest.mark.parametrize("listing", LISTS)
def test_at_the_limit_everybody_and_beyond_it_nobody(counter: Counter, listing: Callable[..., Sequence[Any]]) -> None:
    """Rules: S-6, S-7. The second person's approval opens it; here the same one may give it, as nobody else is entitled."""
    fits, short = (evolve(counter.office, settings=Settings(list_limit=rows)) for rows in (len(PEOPLE), len(PEOPLE) - 1))
    assert len(listing(fits, INSURER)) == len(PEOPLE)
    with pytest.raises(AccessDenied, match="KKH-A013"):
        listing(short, INSURER)
    assert len(listing(short, INSURER, bulk_reason="年次の点検")) == len(PEOPLE)
    strict = evolve(short, settings=evolve(short.settings, two_person_approval=True))
    with pytest.raises(NotApproved, match="KKH-A007"):
        listing(strict, INSURER, bulk_reason="年次の点検")


def test_the_differences_of_a_reconciliation_are_a_list_too(counter: Counter) -> None:
    """Rules: S-6, S-7. Beside a receiver that knows nobody, everybody differs."""
    fits, short = (evolve(counter.office, settings=Settings(list_limit=rows)) for rows in (len(PEOPLE), len(PEOPLE) - 1))
    assert len(reconcile(fits, INSURER, ModelReceiver()).differences) == len(PEOPLE)
    with pytest.raises(AccessDenied, match="KKH-A013"):
        reconcile(short, INSURER, ModelReceiver())
    counter.exchange()
    assert reconcile(short, INSURER, counter.receiver).agrees, "where both sides agree there is nothing to tell"
    assert len(reconcile(short, INSURER, ModelReceiver(), bulk_reason="年次の点検").differences) == len(PEOPLE)
    strict = evolve(short, settings=evolve(short.settings, two_person_approval=True))
    with pytest.raises(NotApproved, match="KKH-A007"):
        reconcile(strict, INSURER, ModelReceiver(), bulk_reason="年次の点検")


def test_whoever_asks_for_one_person_gets_one_row(tmp_path: Path) -> None:
    """Rules: S-6. Only what is asked for counts; what was issued already is not asked for by «due»."""
    with Counter(tmp_path / "office") as office:
        office.told(A, *(insured(A, each, n, start="2024-04-01") for n, each in enumerate(PEOPLE, 1)))
        one = MunicipalInsuredId(office.municipal_id(A, "20"))
        by_two, by_one = (evolve(office.office, settings=Settings(list_limit=rows)) for rows in (2, 1))
        on = day("2024-06-20")
        with pytest.raises(AccessDenied, match="KKH-A013"):
            decide_documents(by_two, INSURER, on, due_only=True)
        assert [each.municipal_insured_id for each in decide_documents(by_one, INSURER, on, person=one)] == [one]
        issued(office, "10", Document.CERTIFICATE.value, "2024-06-10")
        due = decide_documents(by_two, INSURER, on, due_only=True)
        assert [each.addressee_number for each in due] == ["20", "30"] and all(each.is_due for each in due)
        with pytest.raises(AccessDenied, match="KKH-A013"):
            decide_documents(by_two, INSURER, on)
        with pytest.raises(AccessDenied, match="KKH-A013"):
            decide_documents(by_one, INSURER, on, due_only=True)
