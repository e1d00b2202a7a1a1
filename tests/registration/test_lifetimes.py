"""What outlives what: recalled files, disposed persons, rotated keys, and no number anywhere but on the line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from typing import Any

import pytest
from attrs import evolve

from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key
from kokuho_core.errors import Conflict
from kokuho_core.usecases.card_use import exchange_card_use, withdrawals
from kokuho_core.usecases.documents import decide_documents
from kokuho_core.usecases.recall import recall
from kokuho_core.usecases.retention import run_disposal
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import dump, insured
from ..prefecture.office import A, number
from ..prefecture.two_people import REASON, by_two
from .counter import Counter


class TestRecall:
    def test_it_is_cancelled_at_the_receiver(self, counter: Counter) -> None:
        """Rules: S-24, R-8, P-7. The recalled record went out; the cancellation goes after it, under the same number."""
        wrong = counter.persons(A, insured(A, "10", 1))
        counter.resolve()
        counter.exchange()
        by_two(counter, lambda office: recall(office, wrong.file, REASON))
        counter.resolve()
        assert counter.exchange().cancelled == 1
        assert counter.live() == []
        assert counter.receiver.of(A).lines[-1].individual_number.reveal() == number(1)
        assert counter.reconcile().agrees

    def test_what_it_had_corrected_stands_again(self, counter: Counter) -> None:
        """Rules: S-24, R-8."""
        counter.told(A, insured(A, "10", 1, name="見本　花子"))
        counter.exchange()
        wrong = counter.persons(A, insured(A, "10", 1, kind="2", name="見本　違子"))
        counter.resolve()
        counter.exchange()
        by_two(counter, lambda office: recall(office, wrong.file, REASON))
        counter.resolve()
        counter.exchange()
        assert [each.name for each in counter.receiver.of(A).live.values()] == ["見本　花子"]
        assert len({each.record_key for each in counter.receiver.of(A).lines}) == 3

    def test_an_application_for_withdrawal_until_it_is_sent(self, counter: Counter) -> None:
        """Rules: C-3. Unsent it is taken back; the receiver could not take back what it got, so that is refused."""
        counter.told(A, insured(A, "10", 1))
        [first] = counter.send("KAIJO", A, [_application(counter, "2024-06-10")])
        by_two(counter, lambda office: recall(office, first.file, REASON))
        exchange_card_use(counter.office, InsurerNumber(A), counter.receiver)
        assert withdrawals(counter.office, InsurerNumber(A)) == []
        [second] = counter.send("KAIJO", A, [_application(counter, "2024-06-11")])
        exchange_card_use(counter.office, InsurerNumber(A), counter.receiver)
        with pytest.raises(Conflict) as refused:
            recall(counter.office, second.file, REASON)
        assert refused.value.code == "KKH-K026"
        assert len(withdrawals(counter.office, InsurerNumber(A))) == 1

    def test_a_recalled_certificate_counts_no_more(self, counter: Counter) -> None:
        """Rules: S-24, R-2."""
        counter.told(A, insured(A, "10", 1))
        row = {
            "insurer_number": A, "addressee_number": "10", "history_number": 1, "update_kind": "1",
            "certificate_kind": "01", "issue_kind": "1", "issued_on": date(2024, 6, 1),
            "effective_on": date(2024, 6, 1), "updated_at": datetime(2024, 6, 1),
        }  # fmt: skip
        answer = counter.send("FUZOKU", A, [row])[0]
        on = date(2024, 6, 30)
        assert [each.to_issue for each in decide_documents(counter.office, InsurerNumber(A), on)] == [False]
        by_two(counter, lambda office: recall(office, answer.file, REASON))
        assert [each.to_issue for each in decide_documents(counter.office, InsurerNumber(A), on)] == [True]


def _application(counter: Counter, on: str) -> dict[str, Any]:
    person = counter.municipal_id(A, "10")
    return {"insurer_number": A, "municipal_insured_id": person, "applied_on": date.fromisoformat(on)}


def test_the_partition_is_kept_for_ever(counter: Counter) -> None:
    """Rules: S-35, R-1. Five years after the loss the person's records go, the 委託区画 stays and agrees."""
    row = insured(A, "10", 1, start="2018-04-01", end="2019-06-01", end_reason="53")
    counter.told(A, row)
    counter.exchange()
    before = dump(counter.database_file)
    by_two(counter, lambda office: run_disposal(office, date(2024, 6, 1), REASON))
    after = dump(counter.database_file)
    assert after["person_record"] == []
    assert after["number_vault"] == []
    assert [after[each] for each in ("registration_version", "registration_message", "subscriber")] == [
        before[each] for each in ("registration_version", "registration_message", "subscriber")
    ]
    counter.resolve()
    assert counter.register().batches == ()
    assert counter.reconcile().agrees


@pytest.mark.parametrize("rotate", [rotate_data_keys, rotate_index_key], ids=["data", "index"])
def test_rotated_keys_change_nothing(counter: Counter, rotate: Callable[[Any], Any]) -> None:
    """Rules: S-10, R-8. No correction is sent because a key is new, and what waits still finds its number."""
    counter.told(A, insured(A, "10", 1), insured(A, "20", 2))
    counter.exchange()
    counter.told(A, insured(A, "10", 1, kind="2", name="見本　次郎"))
    counter.counts()
    rotate(evolve(counter.installation.custody, pause_seconds=0))
    counter.told(A, insured(A, "20", 2, kind="2", household="9"))
    done = counter.register()
    assert [batch.lines for batch in done.batches] == [2]
    assert {each.individual_number.reveal() for each in counter.receiver.of(A).live.values()} == {number(1), number(2)}
    counter.results()
    assert counter.reconcile().agrees


def test_no_number_stands_anywhere(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    """Rules: S-3. Not in a table, a repr, an error or the log: it is in clear on the line alone."""
    counter.told(A, insured(A, "10", 1, name="見本　\ue000"), insured(A, "20", 2))
    done = counter.register()
    summary = counter.results()
    assert counter.receiver.of(A).numbers
    texts = [repr(done), repr(summary), repr(counter.reconcile()), caplog.text, repr(dump(counter.database_file))]
    lines = counter.receiver.of(A).lines
    texts += [repr(lines), str(lines[0]), f"{lines[0]}"]
    for secret in (number(1), number(2)):
        assert not [text for text in texts if secret in text]
    with closing(sqlite3.connect(counter.database_file)) as connection:
        raw = "\n".join(connection.iterdump())
    assert number(2) not in raw


def test_every_provision_is_on_record(counter: Counter) -> None:
    """Rules: S-4, R-1. What went to the other body, and how many."""
    counter.told(A, insured(A, "10", 1), insured(A, "20", 2))
    counter.register()
    with closing(sqlite3.connect(counter.database_file)) as connection:
        query = "select insurer, counts from audit_entry where operation = 'register' and result = 'done'"
        recorded = [(insurer, json.loads(counts)) for insurer, counts in connection.execute(query)]
    assert (A, {"provided": 2}) in recorded
