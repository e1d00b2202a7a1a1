"""資格確認書 or 資格情報のお知らせ: the decision table, what it rests on, and whether the document is still to be issued."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from attrs import evolve

from kokuho_core.certificates.card_use import CardRegistrationState, CardUse
from kokuho_core.certificates.documents import Document, DocumentReason, Holder, decide_document
from kokuho_core.errors import InvalidValue, NotFound
from kokuho_core.usecases.documents import DocumentItem, decide_documents, request_document, withdraw_request
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B, day, person
from .counter import Counter
from .test_card_use import apply, exchange, snapshot

AS_OF = date(2025, 4, 1)
REGISTERED = CardUse(date(2025, 3, 1), CardRegistrationState.REGISTERED, date(2029, 1, 1))
PLAIN = Holder(date(1980, 1, 1), card=REGISTERED)
NOTICE, CERTIFICATE = Document.NOTICE, Document.CERTIFICATE


class TestDecisionTable:
    @pytest.mark.parametrize(
        ("holder", "document", "reason"),
        [
            (PLAIN, NOTICE, DocumentReason.REGISTERED),
            (evolve(PLAIN, care_requested=True), CERTIFICATE, DocumentReason.CARE_ON_REQUEST),
            (evolve(PLAIN, card=None), CERTIFICATE, DocumentReason.NO_SNAPSHOT),
            (
                evolve(PLAIN, card=evolve(REGISTERED, registration=CardRegistrationState.NOT_REGISTERED)),
                CERTIFICATE, DocumentReason.NOT_REGISTERED,
            ),
            (
                evolve(PLAIN, card=evolve(REGISTERED, registration=CardRegistrationState.CANCELLED)),
                CERTIFICATE, DocumentReason.REGISTRATION_CANCELLED,
            ),
            (
                evolve(PLAIN, card=evolve(REGISTERED, certificate_expires_on=date(2024, 12, 31))),
                CERTIFICATE, DocumentReason.CERTIFICATE_EXPIRED,
            ),
            (
                evolve(PLAIN, card=evolve(REGISTERED, certificate_expires_on=date(2025, 1, 1))),
                NOTICE, DocumentReason.REGISTERED,
            ),
            (evolve(PLAIN, card=evolve(REGISTERED, certificate_expires_on=None)), NOTICE, DocumentReason.REGISTERED),
            (evolve(PLAIN, card_returned=True), CERTIFICATE, DocumentReason.CARD_RETURNED),
            (
                evolve(PLAIN, card=evolve(REGISTERED, withdrawal_applied_on=date(2025, 3, 20))),
                CERTIFICATE, DocumentReason.WITHDRAWAL_APPLIED,
            ),
            (evolve(PLAIN, verification_mismatch=True), CERTIFICATE, DocumentReason.VERIFICATION_MISMATCH),
            (evolve(PLAIN, is_registered=False), CERTIFICATE, DocumentReason.NOT_VIEWABLE),
            (evolve(PLAIN, self_view_stopped=True), CERTIFICATE, DocumentReason.VIEWING_STOPPED),
            (
                evolve(PLAIN, self_view_stopped=True, verification_mismatch=True, card_returned=True, card=None),
                CERTIFICATE, DocumentReason.VIEWING_STOPPED,
            ),
        ],
    )  # fmt: skip
    def test_each_line(self, holder: Holder, document: Document, reason: DocumentReason) -> None:
        """Rules: C-2, C-3, C-5, R-6."""
        decision = decide_document(holder, AS_OF)
        assert (decision.document, decision.reason) == (document, reason)

    def test_it_names_the_snapshot(self) -> None:
        """Rules: C-2."""
        assert decide_document(PLAIN, AS_OF).snapshot_on == date(2025, 3, 1)
        assert decide_document(evolve(PLAIN, card=None), AS_OF).snapshot_on is None

    @pytest.mark.parametrize(
        ("birth", "as_of", "expires"),
        [
            ("1955-04-02", "2025-04-01", None),
            ("1955-04-01", "2025-04-01", "2025-07-31"),
            ("1955-04-01", "2025-07-31", "2025-07-31"),
            ("1955-04-01", "2025-08-01", "2026-07-31"),
        ],
        ids=["69", "70", "the last day", "the next year"],
    )
    def test_until_when(self, birth: str, as_of: str, expires: str | None) -> None:
        """Rules: C-2. Under 70 a notice has no expiry; 70 to 74 it is yearly to 07-31."""
        decision = decide_document(evolve(PLAIN, birth_date=day(birth)), day(as_of))
        assert decision.expires_on == (None if expires is None else day(expires))


def decided(counter: Counter, as_of: str = "2024-06-30", insurer: str = A) -> list[DocumentItem]:
    return decide_documents(counter.office, InsurerNumber(insurer), day(as_of))


def issued(counter: Counter, addressee: str, kind: str, on: str, history: int = 1, **more: Any) -> None:
    row = {
        "insurer_number": A, "addressee_number": addressee, "history_number": history, "update_kind": "1",
        "certificate_kind": kind, "issue_kind": "1", "issued_on": day(on), "effective_on": day(on),
        "updated_at": datetime(2024, 6, 1),
    }  # fmt: skip
    answer = counter.send("FUZOKU", A, [{**row, **more}])[0]
    assert answer.counts.accepted == 1


class TestList:
    def test_by_the_snapshot(self, counter: Counter) -> None:
        """Rules: C-1, C-2."""
        counter.told(A, insured(A, "10", 1), insured(A, "20", 2), insured(A, "30", 3, self_view_stopped="1"))
        snapshot(counter, "2024-06-01", ("10", "1"), ("20", "2"), ("30", "1"))
        exchange(counter)
        found = {each.addressee_number: (each.document, each.reason, each.snapshot_on) for each in decided(counter)}
        on = day("2024-06-01")
        assert found == {
            "10": (NOTICE, DocumentReason.REGISTERED, on),
            "20": (CERTIFICATE, DocumentReason.NOT_REGISTERED, on),
            "30": (CERTIFICATE, DocumentReason.VIEWING_STOPPED, on),
        }

    def test_an_application_for_withdrawal_counts_at_once(self, counter: Counter) -> None:
        """Rules: C-3."""
        counter.told(A, insured(A, "10", 1))
        snapshot(counter, "2024-06-01", ("10", "1"))
        apply(counter, on="2024-06-10")
        exchange(counter)
        assert [each.reason for each in decided(counter, "2024-06-09")] == [DocumentReason.REGISTERED]
        assert [each.reason for each in decided(counter, "2024-06-10")] == [DocumentReason.WITHDRAWAL_APPLIED]
        snapshot(counter, "2024-08-01", ("10", "3"))
        exchange(counter)
        assert [each.reason for each in decided(counter, "2024-08-02")] == [DocumentReason.REGISTRATION_CANCELLED]

    def test_only_who_is_insured_that_day(self, counter: Counter) -> None:
        """Rules: C-2."""
        counter.told(A, insured(A, "10", 1, end="2024-05-01", end_reason="53"))
        assert decided(counter) == []
        assert len(decided(counter, "2024-04-30")) == 1

    def test_a_document_is_issued_once(self, counter: Counter) -> None:
        """Rules: C-2, R-2."""
        counter.told(A, insured(A, "10", 1))
        assert [each.to_issue for each in decided(counter)] == [True]
        issued(counter, "10", "01", "2024-06-15", expires_on=day("2024-07-31"))
        assert [(each.to_issue, each.to_collect) for each in decided(counter)] == [(False, ())]
        assert [each.to_issue for each in decided(counter, "2024-08-01")] == [True]

    def test_the_other_document_is_collected(self, counter: Counter) -> None:
        """Rules: C-2, R-2."""
        counter.told(A, insured(A, "10", 1))
        issued(counter, "10", "02", "2024-06-01", history=7)
        (item,) = decided(counter)
        assert (item.document, item.to_issue, item.to_collect) == (CERTIFICATE, True, (7,))
        issued(
            counter, "10", "02", "2024-06-01", history=7, update_kind="2", collected_on=day("2024-06-20"),
            collect_reason_on=day("2024-06-18"),
        )  # fmt: skip
        assert decided(counter)[0].to_collect == ()

    def test_another_number_is_another_document(self, counter: Counter) -> None:
        """Rules: C-4. The registration of the card survives, the document is made anew."""
        counter.told(A, insured(A, "10", 1, card_number="0001"))
        snapshot(counter, "2024-06-01", ("10", "1"))
        exchange(counter)
        decided(counter, "2024-06-02")
        issued(counter, "10", "02", "2024-06-03")
        assert [each.to_issue for each in decided(counter, "2024-06-10")] == [False]
        counter.told(A, insured(A, "10", 1, card_number="0002", kind="2"))
        (item,) = decided(counter, "2024-06-20")
        assert (item.document, item.to_issue, item.to_collect) == (NOTICE, True, (1,))

    def test_a_move_makes_it_anew(self, counter: Counter) -> None:
        """Rules: C-4."""
        counter.told(A, insured(A, "10", 1, end="2024-06-01"))
        counter.told(B, entered(B, "70", 1, start="2024-06-01"))
        assert decided(counter, "2024-06-02") == []
        assert [each.to_issue for each in decided(counter, "2024-06-02", B)] == [True]

    def test_who_cannot_be_registered_needs_one_most(self, counter: Counter) -> None:
        """Rules: C-2, R-1. Blocked or refused: the card shows nothing."""
        counter.receiver.refuses = lambda line: "E1" if line.name.endswith("二郎") else None
        counter.told(A, person(A, "10"), insured(A, "20", 2, name="見本　二郎"), insured(A, "30", 3))
        snapshot(counter, "2024-06-01", ("10", "1"), ("20", "1"), ("30", "1"))
        exchange(counter)
        counter.exchange()
        assert {each.addressee_number: each.reason for each in decided(counter)} == {
            "10": DocumentReason.NOT_VIEWABLE, "20": DocumentReason.NOT_VIEWABLE, "30": DocumentReason.REGISTERED,
        }  # fmt: skip

    def test_a_decision_is_kept_once(self, counter: Counter) -> None:
        """Rules: C-2. What it rested on stays, and a later one is beside it."""
        counter.told(A, insured(A, "10", 1))
        for _ in range(2):
            decided(counter)
        snapshot(counter, "2024-06-01", ("10", "1"))
        exchange(counter)
        decided(counter)
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(counter.database_file)) as connection:
            rows = connection.execute("select number, reason, snapshot_on from document_decision order by 1").fetchall()
        assert rows == [(1, "no_snapshot", None), (2, "registered", "2024-06-01")]


class TestRequests:
    def test_care_and_returned_cards(self, counter: Counter) -> None:
        """Rules: C-2."""
        counter.told(A, insured(A, "10", 1))
        snapshot(counter, "2024-06-01", ("10", "1"))
        exchange(counter)
        who, insurer = MunicipalInsuredId(counter.municipal_id(A, "10")), InsurerNumber(A)
        for kind, reason in (("care", DocumentReason.CARE_ON_REQUEST), ("returned", DocumentReason.CARD_RETURNED)):
            request_document(counter.office, insurer, who, kind, "窓口")
            request_document(counter.office, insurer, who, kind, "窓口")
            assert decided(counter)[0].reason is reason
            withdraw_request(counter.office, insurer, who, kind)
            assert decided(counter)[0].reason is DocumentReason.REGISTERED

    def test_for_nobody(self, counter: Counter) -> None:
        """Rules: C-2."""
        with pytest.raises(NotFound):
            request_document(counter.office, InsurerNumber(A), MunicipalInsuredId("M1"), "care", "")
        with pytest.raises(InvalidValue):
            request_document(counter.office, InsurerNumber(A), MunicipalInsuredId("M1"), "other", "")
        with pytest.raises(NotFound):
            withdraw_request(counter.office, InsurerNumber(A), MunicipalInsuredId("M1"), "care")
