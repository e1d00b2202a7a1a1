"""Accidents that happened, played again with invented people: each is stopped by the mechanism named here."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kokuho_core.identity.basic_items import ITEMS, BasicItems, compare_basic_items
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.gates import refuse_stopped, stopped_files
from kokuho_core.usecases.recall import recall
from kokuho_core.usecases.status import status

from ..aggregation.support import dump
from ..prefecture.office import A, B, PrefectureOffice, number, person
from ..prefecture.two_people import REASON, by_two
from ..recall.receivers import Receiver

TOLD_AT = datetime(2024, 4, 1, 9)


def certificate(serial: int, history: int, share: str | None, kind: str = "1") -> dict[str, Any]:
    """高齢受給者証 with its share (FUZOKU)."""
    return {
        "insurer_number": A, "addressee_number": str(serial), "history_number": history, "update_kind": kind,
        "certificate_kind": "11", "issue_kind": "1", "issued_on": date(2024, 4, 1), "effective_on": date(2024, 4, 1),
        "expires_on": date(2024, 7, 31), "copay_share": share, "updated_at": TOLD_AT,
    }  # fmt: skip


class TestRokunohe2024:
    """A bulk reload changed the share of 671 people in one run, from 2 to 3 tenths."""

    PEOPLE, CHANGED = 1400, 671

    @pytest.fixture
    def standing(self, office: PrefectureOffice) -> PrefectureOffice:
        rows = [certificate(serial, 1, "2") for serial in range(1, self.PEOPLE + 1)]
        assert office.send("FUZOKU", A, rows)[0].result is FileResult.APPLIED
        return office

    @pytest.mark.parametrize(("history", "kind"), [(1, "2"), (2, "1")], ids=["corrected", "issued anew"])
    def test_the_gate_on_mass_change_stops_it(self, standing: PrefectureOffice, history: int, kind: str) -> None:
        """Rules: S-28."""
        rows = [certificate(serial, history, "3", kind) for serial in range(1, self.CHANGED + 1)]
        answer = standing.send("FUZOKU", A, rows)[0]
        assert answer.result is FileResult.HELD
        assert [(problem.code, problem.field) for problem in answer.errors] == [("KKH-G001", "copay_share")]
        (stopped,) = stopped_files(standing.office)
        (stop,) = stopped.stops
        assert (stop.measure.affected, stop.measure.standing) == (self.CHANGED, self.PEOPLE)
        assert len(dump(standing.stored_in)["other_record"]) == self.PEOPLE

    def test_the_yearly_judgement_passes(self, standing: PrefectureOffice) -> None:
        """Rules: S-28. Every certificate is issued anew in August; the share of one in twenty-five changes."""
        rows = [
            certificate(serial, 2, "3" if serial % 25 == 0 else "2") for serial in range(1, self.PEOPLE + 1)
        ]
        assert standing.send("FUZOKU", A, rows)[0].result is FileResult.APPLIED


class TestKumamoto2025:
    """A wrong setting of the output left fields empty that had been filled."""

    def test_the_gate_on_empty_fields_stops_it(self, office: PrefectureOffice) -> None:
        """Rules: S-28. It is refused, and the right file comes under the same sequence number."""
        rows = [person(A, str(serial), number=number(serial), card_symbol="見01", branch_number="01") for serial in range(1, 101)]
        office.persons(A, *rows)
        wrong = [{**row, "update_kind": "2", "branch_number": None} for row in rows]
        answer = office.persons(A, *wrong)
        assert [(problem.code, problem.field) for problem in answer.errors] == [("KKH-G002", "branch_number")]
        (stopped,) = stopped_files(office.office)
        refuse_stopped(office.office, stopped.file_no, "出力設定の誤り")
        right = [{**row, "update_kind": "2"} for row in rows]
        assert office.send("SKKOJIN", A, right, sequence=2)[0].result is FileResult.APPLIED


class TestChiba2023:
    """A corrected record without invalidation left 7 wrong registrations (5,695 wrong shares elsewhere): the receiver's history
    joined what should have been taken away."""

    def test_every_correction_reaches_the_receiver(self, office: PrefectureOffice) -> None:
        """Rules: S-24, P-7, Q-7. Wrongly moved, recalled: nobody keeps a trace of it."""
        receivers = [Receiver(A), Receiver(B)]
        office.persons(A, person(A, "1", number=number(1)))
        wrong = office.persons(B, person(B, "9", number=number(1), start="2024-04-01", reason="07"))
        office.resolve()
        for each in receivers:
            each.take_delivery(office)
        assert receivers[0].findings
        by_two(office, lambda office: recall(office, wrong.file, REASON))
        office.resolve()
        for each in receivers:
            each.take_delivery(office)
        assert all(each.view()["findings"] == [] for each in receivers)
        assert (wrong.file, 0, "KKH-G007") in receivers[1].results

    def test_a_cancelled_record_is_never_revived(self, office: PrefectureOffice) -> None:
        """Rules: P-7, X-4. A correction of what was cancelled is refused, so that nothing joins on to it."""
        row = person(A, "1", number=number(1))
        office.persons(A, row)
        office.persons(A, {**row, "update_kind": "3"})
        for kind in ("1", "2"):
            assert [each.code for each in office.persons(A, {**row, "update_kind": kind}).errors] == ["KKH-P007"]


class TestSilence2022:
    """A dead terminal silently stopped the updates for weeks."""

    def test_the_alarm_rings_on_the_third_business_day(self, office: PrefectureOffice) -> None:
        """Rules: S-28, R-5."""
        office.persons(A, person(A, "1", number=number(1)))
        last = office.clock.today()  # a Saturday: the alarm rings on Wednesday
        rings = [status(office.office, last + timedelta(days=days)).has_overdue for days in range(22)]
        assert rings == [False] * 4 + [True] * 18


class TestLinkedOnThreeItems2023:
    """A number that was looked up was linked to somebody of whom only three items matched."""

    ASKED = BasicItems("見本　花子", "ミホン　ハナコ", date(1960, 5, 5), "2", "見本町１丁目")
    OTHER = BasicItems("別人　太郎", "ベツジン　タロウ", date(1970, 1, 1), "1", "別の町")

    def test_five_items_link_and_nothing_less(self) -> None:
        """Rules: I-2, S-23."""
        for count in range(len(ITEMS) + 1):
            for differing in itertools.combinations(ITEMS, count):
                found = BasicItems(*(getattr(self.OTHER if item in differing else self.ASKED, item) for item in ITEMS))
                evidence = compare_basic_items(self.ASKED, found)
                assert evidence.may_link is (count == 0)
                assert set(evidence.differing) == set(differing)
