"""A history with a file recalled at its end is the same history without that file (S-24, P-7)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.errors import Conflict
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.recall import recall

from ..aggregation.histories import MUNICIPALITIES, Sent, histories
from ..aggregation.test_order import AS_OF, examples, without_numbers
from ..prefecture.office import PrefectureOffice
from ..prefecture.two_people import REASON, by_two
from ..prefecture.worlds import Worlds
from .receivers import Receiver

PARTS = 4
EXAMPLES = 500 if os.environ.get("KOKUHO_TEST_PROFILE") == "long" else 30
"""Per part on SQLite: 30 histories in «make test», 2,000 in «make test-long»."""


def receive_all(office: PrefectureOffice, files: Sequence[Sent]) -> int:
    """Receive in order; how many records were refused."""
    refused = 0
    for each in files:
        (answer,) = office.receive(office.write(each.file_id, each.sender, each.rows, each.sequence))
        assert answer.result is FileResult.APPLIED
        refused += answer.counts.rejected
    return refused


def without(files: Sequence[Sent], left_out: Sent) -> list[Sent]:
    """The files had this one never been made; later ones of its kind have lower sequence numbers."""
    return [
        evolve(each, sequence=each.sequence - 1)
        if (each.sender, each.file_id) == (left_out.sender, left_out.file_id) and each.sequence > left_out.sequence
        else each
        for each in files
        if each is not left_out
    ]


def settle(office: PrefectureOffice, receivers: Sequence[Receiver]) -> None:
    office.resolve(AS_OF)
    for each in receivers:
        each.take_delivery(office)


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, PARTS))])
def test_as_if_it_had_never_come(worlds: Worlds, part: int) -> None:
    """Rules: S-24, P-7, H-7, X-13, S-15. Judged state, and what every municipality knows from its deliveries."""
    seen: Counter[str] = Counter()

    count = worlds.examples(EXAMPLES)

    @examples(count)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        files = data.draw(histories(), label="files")
        wrong = data.draw(st.sampled_from(files), label="recalled")
        told_between = data.draw(st.booleans(), label="delivered before")
        told, due = [Receiver(each) for each in MUNICIPALITIES], [Receiver(each) for each in MUNICIPALITIES]
        with worlds.office() as one, worlds.office() as other:
            assert receive_all(one, files) == 0
            if told_between:
                settle(one, told)
            name = next(p.name for p in one.inbox.iterdir() if named(p.name, wrong))
            refused = receive_all(other, without(files, wrong))
            if refused:  # a later file rests on it
                with pytest.raises(Conflict, match="KKH-G006"):
                    by_two(one, lambda office: recall(office, name, REASON))
                seen["refused"] += 1
                return
            by_two(one, lambda office: recall(office, name, REASON))
            seen["recalled"] += 1
            settle(one, told)
            settle(other, due)
            found, expected = without_numbers(one), without_numbers(other)
            for each in expected:
                assert found[each] == expected[each], each
            for receiver, right in zip(told, due, strict=True):
                assert receiver.view() == right.view(), receiver.insurer
                for period, row in right.periods.items():
                    assert receiver.periods[period] == row, (receiver.insurer, period)
            (sender,) = (each for each in told if each.insurer == wrong.sender)
            assert (name, 0, "KKH-G007") in sender.results
            assert one.resolve(AS_OF).persons == 0

    run()
    assert seen["recalled"] >= count / 4
    assert seen["refused"] or count < 200  # about one in thirty


def named(name: str, sent: Sent) -> bool:
    file_id, sender, _, sequence = Path(name).stem.split("_")
    return (file_id, sender, int(sequence)) == (sent.file_id, sent.sender, sent.sequence)
