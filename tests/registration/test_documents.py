"""資格確認書 or 資格情報のお知らせ: the decision table, what it rests on, and whether the document is still to be issued."""

from __future__ import annotations

from calendar import isleap
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.benefit.ages import person_born
from kokuho_core.benefit.law_tables import AgeGroup
from kokuho_core.certificates.card_use import CardRegistrationState, CardUse
from kokuho_core.certificates.documents import Document, DocumentReason, Holder, decide_document
from kokuho_core.entrusted_partition.exchanged import Verification
from kokuho_core.errors import InvalidValue, NotFound
from kokuho_core.usecases.documents import DocumentItem, decide_documents, request_document, withdraw_request
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId
from kokuho_core.vocabulary.month import Month

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
            (evolve(PLAIN, verification=Verification.MISMATCHED), CERTIFICATE, DocumentReason.VERIFICATION_MISMATCH),
            (evolve(PLAIN, verification=Verification.UNVERIFIED), CERTIFICATE, DocumentReason.UNVERIFIED),
            (evolve(PLAIN, verification=Verification.MATCHED), NOTICE, DocumentReason.REGISTERED),
            (evolve(PLAIN, verification=Verification.NO_DOUBT), NOTICE, DocumentReason.REGISTERED),
            (evolve(PLAIN, is_registered=False), CERTIFICATE, DocumentReason.NOT_VIEWABLE),
            (evolve(PLAIN, self_view_stopped=True), CERTIFICATE, DocumentReason.VIEWING_STOPPED),
            (
                evolve(PLAIN, self_view_stopped=True, verification=Verification.MISMATCHED, card_returned=True, card=None),
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
            ("1955-04-02", "2025-04-30", None),
            ("1955-04-02", "2025-05-01", "2025-07-31"),
            ("1955-04-01", "2025-03-31", None),
            ("1955-04-01", "2025-04-01", "2025-07-31"),
            ("1955-04-01", "2025-07-31", "2025-07-31"),
            ("1955-04-01", "2025-08-01", "2026-07-31"),
            ("1956-02-29", "2026-02-28", None),
            ("1956-02-29", "2026-03-01", "2026-07-31"),
            ("1951-05-20", "2025-08-01", "2026-05-19"),
            ("1951-08-01", "2025-08-01", "2026-07-31"),
            ("1950-07-31", "2025-01-10", "2025-07-30"),
        ],
        ids=[
            "69", "70 this month", "the month after", "born on the 1st, the day before", "born on the 1st", "the last day",
            "the next year", "a leap day, the day before", "a leap day", "75 in spring", "75 on the day after", "75 on the last day",
        ],
    )
    def test_until_when(self, birth: str, as_of: str, expires: str | None) -> None:
        """Rules: C-2, D-7. Under 70 a notice has no expiry; 70 to 74 it is yearly to 07-31, at the latest until 後期高齢者医療."""
        decision = decide_document(evolve(PLAIN, birth_date=day(birth)), day(as_of))
        assert decision.expires_on == (None if expires is None else day(expires))

    @pytest.mark.parametrize(
        ("birth", "expires"),
        [("1955-09-02", "2025-09-30"), ("1955-09-01", "2025-08-31"), ("1956-07-31", "2026-07-31"), ("1980-01-01", "2026-07-31")],
        ids=["70 in September", "born on the 1st", "70 on the last day", "not yet"],
    )
    def test_a_certificate_ends_before_the_share_must_stand_on_it(self, birth: str, expires: str) -> None:
        """Rules: C-2."""
        decision = decide_document(evolve(PLAIN, birth_date=day(birth), card=None), day("2025-08-01"))
        assert decision.expires_on == day(expires)

    @given(born=st.dates(date(1940, 1, 1), date(1990, 12, 31)), as_of=st.dates(date(2024, 12, 2), date(2034, 12, 31)))
    def test_no_expiry_reaches_into_another_age(self, born: date, as_of: date) -> None:
        """Rules: C-2, D-7. Told month by month: of one document one age group, of a share at every age that has one."""
        certificate = decide_document(evolve(PLAIN, birth_date=born, card=None), as_of).expires_on
        notice = decide_document(evolve(PLAIN, birth_date=born, card=evolve(REGISTERED, certificate_expires_on=None)), as_of).expires_on
        assert certificate is not None
        if (group := _age_group(born, as_of)) == "late":
            assert certificate < as_of
            return
        assert as_of <= certificate
        assert {_age_group(born, certificate), _age_group(born, as_of)} == {group}
        assert (certificate.month, certificate.day) == (7, 31) or _age_group(born, certificate + timedelta(1)) != group
        assert notice == (None if group == "under 70" else certificate)


def _age_group(born: date, on: date) -> str:
    """From the month of treatment, as the benefit side judges it (another module, written from another text)."""
    if (on.year - born.year, on.month, on.day) >= (75, *((3, 1) if _is_moved(born, on) else (born.month, born.day))):
        return "late"
    try:
        group = person_born("", born, Month.containing(on)).age_group
    except InvalidValue:
        return "late"
    return "under 70" if group is AgeGroup.UNDER_70 else "elderly"


def _is_moved(born: date, on: date) -> bool:
    """Born on a 29 February that this year does not have."""
    return (born.month, born.day) == (2, 29) and not isleap(on.year)


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

    def test_an_application_counts_before_it_is_sent_on(self, counter: Counter) -> None:
        """Rules: C-3. The certificate is issued at once, whenever somebody next exchanges with the server."""
        counter.told(A, insured(A, "10", 1))
        snapshot(counter, "2024-06-01", ("10", "1"))
        exchange(counter)
        apply(counter, on="2024-06-10")
        assert [each.reason for each in decided(counter, "2024-06-10")] == [DocumentReason.WITHDRAWAL_APPLIED]
        assert exchange(counter).sent == 1

    def test_who_registers_anew_gets_a_notice_again(self, counter: Counter) -> None:
        """Rules: C-2, C-3. A withdrawal ends the registration at the end of the following month, and no later one."""
        counter.told(A, insured(A, "10", 1))
        snapshot(counter, "2024-06-01", ("10", "1"))
        apply(counter, on="2024-06-10")
        exchange(counter)
        exchange(counter)
        found = []
        for on, state in (("2024-07-31", "1"), ("2024-08-01", "3"), ("2024-09-01", "1")):
            snapshot(counter, on, ("10", state))
            exchange(counter)
            found += [each.reason for each in decided(counter, on)]
        assert found == [
            DocumentReason.WITHDRAWAL_APPLIED, DocumentReason.REGISTRATION_CANCELLED, DocumentReason.REGISTERED,
        ]  # fmt: skip

    def test_at_70_a_notice_with_the_share_is_due(self, counter: Counter) -> None:
        """Rules: C-2. The one without expiry was for somebody under 70; from 75 on another insurer issues."""
        counter.told(A, insured(A, "10", 1, birth_date=day("1954-06-20")))
        snapshot(counter, "2024-06-01", ("10", "1"))
        exchange(counter)
        issued(counter, "10", "02", "2024-06-03")
        assert [each.to_issue for each in decided(counter, "2024-06-30")] == [False]
        (item,) = decided(counter, "2024-07-01")
        assert (item.document, item.expires_on, item.to_issue) == (NOTICE, day("2024-07-31"), True)
        issued(counter, "10", "02", "2024-07-01", history=2, expires_on=day("2024-07-31"))
        assert [each.to_issue for each in decided(counter, "2024-07-01")] == [False]
        assert [each.to_issue for each in decided(counter, "2029-06-19")] == [True]
        assert [each.to_issue for each in decided(counter, "2029-06-20")] == [False]

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
        changed = {**insured(A, "10", 1, card_number="0002", kind="2"), "updated_at": datetime(2024, 6, 15)}
        counter.told(A, changed)
        (item,) = decided(counter, "2024-06-20")
        assert (item.document, item.to_issue, item.to_collect) == (NOTICE, True, (1,))

    @pytest.mark.parametrize("looked_at_before", [True, False])
    def test_it_is_made_anew_on_the_day_of_the_change(self, counter: Counter, looked_at_before: bool) -> None:
        """Rules: C-4. What the counter issued that very day counts, whenever somebody decides; what is older never does."""
        counter.told(A, insured(A, "10", 1, card_number="0001"))
        issued(counter, "10", "01", "2024-06-03", expires_on=day("2024-07-31"))
        assert [each.to_issue for each in decided(counter, "2024-06-10") if looked_at_before] in ([False], [])
        changed = {**insured(A, "10", 1, card_number="0002", kind="2"), "updated_at": datetime(2024, 6, 15, 10)}
        counter.told(A, changed)
        if not looked_at_before:
            counter.counts()
        assert [(each.to_issue, each.to_collect) for each in decided(counter, "2024-06-20")] == [(True, (1,))]
        issued(counter, "10", "01", "2024-06-15", history=2, expires_on=day("2024-07-31"))
        assert [(each.to_issue, each.to_collect) for each in decided(counter, "2024-06-20")] == [(False, (1,))]

    def test_a_move_makes_it_anew(self, counter: Counter) -> None:
        """Rules: C-4, R-1. The registration of the card goes on, but what a snapshot of one partition says is not used in another."""
        counter.told(A, insured(A, "10", 1, end="2024-06-01"))
        snapshot(counter, "2024-05-01", ("10", "1"))
        exchange(counter)
        counter.told(B, entered(B, "70", 1, start="2024-06-01"))
        assert decided(counter, "2024-06-02") == []
        (item,) = decided(counter, "2024-06-02", B)
        assert (item.document, item.reason, item.to_issue) == (CERTIFICATE, DocumentReason.NO_SNAPSHOT, True)

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
