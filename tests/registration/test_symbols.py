"""機関別符号: asked for once per person, and followed until it is there."""

from __future__ import annotations

import pytest

from kokuho_core.errors import ChannelFault, NotFound
from kokuho_core.usecases.institution_symbols import exchange_symbols, request_symbols, symbols
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

from ..aggregation.support import insured
from ..prefecture.office import A, B
from .counter import Counter


@pytest.fixture
def person(counter: Counter) -> MunicipalInsuredId:
    counter.told(A, insured(A, "10", 1))
    return MunicipalInsuredId(counter.municipal_id(A, "10"))


def test_requested_and_there(counter: Counter, person: MunicipalInsuredId) -> None:
    """Rules: R-10."""
    insurer = InsurerNumber(A)
    assert request_symbols(counter.office, insurer, [person, person]) == 1
    assert [each.result for each in symbols(counter.office, insurer)] == [None]
    summary = exchange_symbols(counter.office, insurer, counter.receiver)
    assert (summary.sent, summary.answered, summary.waiting) == (1, 1, 0)
    assert [each.result for each in symbols(counter.office, insurer)] == ["1"]
    assert request_symbols(counter.office, insurer, [person]) == 0


def test_an_error_may_be_asked_again(counter: Counter, person: MunicipalInsuredId) -> None:
    """Rules: R-10."""
    insurer = InsurerNumber(A)
    request_symbols(counter.office, insurer, [person])
    counter.receiver.arrange = lambda answers: [each._replace(result="9") for each in answers]
    exchange_symbols(counter.office, insurer, counter.receiver)
    assert request_symbols(counter.office, insurer, [person]) == 1


def test_a_lost_answer_asks_once(counter: Counter, person: MunicipalInsuredId) -> None:
    """Rules: R-10, R-3."""
    insurer = InsurerNumber(A)
    request_symbols(counter.office, insurer, [person])
    counter.receiver.fault = lambda step: step if step == "after effect" else None
    with pytest.raises(ChannelFault):
        exchange_symbols(counter.office, insurer, counter.receiver)
    counter.receiver.fault = lambda step: None
    assert exchange_symbols(counter.office, insurer, counter.receiver).answered == 1
    assert len(counter.receiver.of(A).batches) == 1


def test_answers_about_somebody_else(counter: Counter, person: MunicipalInsuredId) -> None:
    """Rules: R-1, R-10."""
    insurer = InsurerNumber(A)
    request_symbols(counter.office, insurer, [person])
    counter.receiver.arrange = lambda answers: [
        answers[0]._replace(insurer_number=B), answers[0]._replace(municipal_insured_id="M1"),
    ]  # fmt: skip
    summary = exchange_symbols(counter.office, insurer, counter.receiver)
    assert [each.problem.code for each in summary.problems] == ["KKH-K011", "KKH-K010"]
    assert summary.waiting == 1


def test_not_for_a_stranger(counter: Counter, person: MunicipalInsuredId) -> None:
    """Rules: R-1, R-10."""
    with pytest.raises(NotFound):
        request_symbols(counter.office, InsurerNumber(B), [person])
