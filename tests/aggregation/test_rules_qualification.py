"""Q-3 … Q-10, X-8 … X-13, X-27, X-30, X-31, X-37: the qualification each municipality is told."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from ..prefecture.office import INSURERS, A, B, C, D, PrefectureOffice, nominal_head, number
from ..prefecture.worlds import MakeOffice
from .support import about, entered, insured, open_findings, qualification, told


class TestChains:
    def test_a_move_inside_is_one_qualification(self, office: PrefectureOffice) -> None:
        """Rules: Q-3, Q-4, D-8, X-10, X-11."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]
        assert about(
            told(office, B, "TOKUSO"), "qualification_acquired_reason", "application_start", "application_end"
        ) == [("03", date(2024, 4, 1), None)]

    def test_a_chain_of_three_with_a_loss_at_its_end(self, office: PrefectureOffice) -> None:
        """Rules: Q-4, X-10, X-11."""
        office.persons(A, insured(A, "1", 1, end="2022-04-01", qualification_acquired="2019-10-01"))
        office.persons(B, entered(B, "7", 1, start="2022-04-01", end="2023-04-01", qualification_acquired="2018-01-01"))
        office.persons(C, entered(C, "3", 1, start="2023-04-01", end="2024-04-01", end_reason="53"))
        office.resolve()
        # only the first period's 資格取得年月日 is read; the loss is told in the last row alone
        assert qualification(office, A) == [("2019-10-01", None, None, "1")]
        assert qualification(office, B) == [("2019-10-01", None, A, "2")]
        assert qualification(office, C) == [("2019-10-01", "2024-04-01", B, "3")]
        assert about(told(office, C, "TOKUSO"), "qualification_lost_reason") == [("53",)]

    def test_there_and_back_again(self, office: PrefectureOffice) -> None:
        """Rules: Q-4, X-10."""
        office.persons(A, insured(A, "1", 1, end="2022-04-01"))
        office.persons(B, entered(B, "7", 1, start="2022-04-01", end="2023-04-01"))
        office.persons(A, entered(A, "1", 1, history=2, start="2023-04-01"))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1"), ("2020-04-01", None, B, "2")]
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]
        assert open_findings(office) == []

    def test_a_later_correction_of_the_first_reaches_the_last(self, office: PrefectureOffice) -> None:
        """Rules: Q-3, P-7, X-13."""
        office.persons(A, insured(A, "1", 1, end="2022-04-01"))
        office.persons(B, entered(B, "7", 1, start="2022-04-01", end="2023-04-01"))
        office.persons(C, entered(C, "3", 1, start="2023-04-01"))
        office.resolve()
        for insurer in (A, B, C):
            office.deliver(insurer)
        office.persons(A, insured(A, "1", 1, end="2022-04-01", qualification_acquired="2020-03-15", kind="2"))
        office.resolve()
        for insurer in (A, B, C):
            assert about(office.deliver(insurer)["TOKUSO"], "qualification_acquired") == [(date(2020, 3, 15),)]

    @pytest.mark.parametrize(
        ("end_reason", "reason"), [("53", "03"), ("51", "01"), ("54", "04"), ("99", "99"), ("52", "01")]
    )
    def test_nothing_else_continues(self, office: PrefectureOffice, end_reason: str, reason: str) -> None:
        """Rules: Q-4, P-6."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01", end_reason=end_reason))
        office.persons(B, insured(B, "7", 1, start="2024-04-01", reason=reason))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", "2024-04-01", None, "3")]
        assert qualification(office, B) == [("2024-04-01", None, None, "1")]
        assert open_findings(office) == []

    def test_a_gap_begins_a_new_qualification(self, office: PrefectureOffice) -> None:
        """Rules: Q-4, X-11."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-02"))
        office.resolve("2024-04-03")
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]
        assert qualification(office, B) == [("2024-04-02", None, None, "1")]

    def test_an_overlap_holds_both_and_all_that_continues_them(self, office: PrefectureOffice) -> None:
        """Rules: Q-4, X-9."""
        office.persons(A, insured(A, "1", 1, end="2022-04-05"))
        office.persons(B, entered(B, "7", 1, start="2022-04-01", end="2023-04-01"))
        office.persons(C, entered(C, "3", 1, start="2023-04-01", end="2024-01-01", end_reason="53"))
        office.persons(D, insured(D, "4", 1, start="2024-02-01"))
        office.resolve()
        assert (
            qualification(office, A)
            == qualification(office, B)
            == qualification(office, C)
            == [(None, None, None, "9")]
        )
        assert qualification(office, D) == [("2024-02-01", None, None, "1")]

    def test_what_an_overlap_continues_is_not_held(self, office: PrefectureOffice) -> None:
        """Rules: X-9."""
        office.persons(A, insured(A, "1", 1, end="2022-04-01"))
        office.persons(B, entered(B, "7", 1, start="2022-04-01", end="2023-04-05"))
        office.persons(C, entered(C, "3", 1, start="2023-04-01"))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]
        assert qualification(office, B) == qualification(office, C) == [(None, None, None, "9")]

    @pytest.mark.parametrize(("end_reason", "reason"), [("57", "03"), ("53", "07")])
    def test_a_one_sided_touch_holds_likewise(self, office: PrefectureOffice, end_reason: str, reason: str) -> None:
        """Rules: Q-4, X-9, X-26."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01", end_reason=end_reason))
        office.persons(B, insured(B, "7", 1, start="2024-04-01", reason=reason))
        office.resolve()
        assert qualification(office, A) == qualification(office, B) == [(None, None, None, "9")]

    def test_it_is_no_longer_held_once_solved(self, office: PrefectureOffice) -> None:
        """Rules: Q-4, X-9."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        office.persons(A, insured(A, "1", 1, end="2024-04-01", kind="2"))
        office.resolve()
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]

    def test_a_last_period_that_ended_for_a_move_inside_has_no_loss(self, office: PrefectureOffice) -> None:
        """Rules: X-11, P-6."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.resolve("2024-06-30")
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]
        assert open_findings(office) == [("unmatched", A, None, "2024-04-01", None, None)]

    def test_a_cancelled_record_in_the_middle_breaks_the_chain(self, office: PrefectureOffice) -> None:
        """Rules: Q-7, X-12, P-7."""
        office.persons(A, insured(A, "1", 1, end="2022-04-01"))
        office.persons(B, entered(B, "7", 1, start="2022-04-01", end="2023-04-01"))
        office.persons(C, entered(C, "3", 1, start="2023-04-01"))
        office.resolve("2023-04-02")
        office.persons(B, entered(B, "7", 1, start="2022-04-01", end="2023-04-01", kind="3"))
        office.resolve("2023-04-02")
        assert qualification(office, B) == []
        assert qualification(office, C) == [("2023-04-01", None, None, "1")]
        assert open_findings(office) == [("gap", A, C, "2022-04-01", "2023-04-01", 365)]

    def test_a_cancelled_row_of_a_period_gives_it_nothing(self, office: PrefectureOffice) -> None:
        """Rules: Q-7, P-3, X-12."""
        office.persons(A, insured(A, "1", 1), insured(A, "1", 1, history=2, end="2024-01-01", end_reason="53"))
        office.resolve()
        office.persons(A, insured(A, "1", 1, history=2, end="2024-01-01", end_reason="53", kind="3"))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]


class TestResidenceSpecial:
    def test_a_household_change_inside_one_insurer_goes_on(self, office: PrefectureOffice) -> None:
        """Rules: Q-4, D-9, X-37."""
        office.persons(
            A,
            insured(A, "1", 1, end="2024-04-01", end_reason="58"),
            insured(A, "1", 1, "2", history=2, start="2024-04-01", reason="08", special_case="3"),
        )
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1"), ("2020-04-01", None, None, "2")]
        assert open_findings(office) == []

    def test_the_municipality_before_is_the_nearest_other(self, office: PrefectureOffice) -> None:
        """Rules: X-37, X-10."""
        office.persons(A, insured(A, "1", 1, end="2022-04-01"))
        office.persons(
            B,
            entered(B, "7", 1, start="2022-04-01", end="2023-04-01", end_reason="58"),
            insured(B, "7", 1, "2", history=2, start="2023-04-01", reason="08", special_case="3"),
        )
        office.resolve()
        assert qualification(office, B) == [("2020-04-01", None, A, "2"), ("2020-04-01", None, A, "2")]

    def test_its_loss_without_acquisition_is_a_loss(self, office: PrefectureOffice) -> None:
        """Rules: X-37, X-11."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01", end_reason="58"))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", "2024-04-01", None, "3")]

    def test_students_and_remote_members_stay_where_they_are(self, office: PrefectureOffice) -> None:
        """Rules: D-10, Q-4."""
        office.persons(A, insured(A, "1", 1, special_case="1", special_case_start="2023-04-01", address="他県"))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]


class TestBefore2018:
    def test_a_move_before_the_reform_was_a_loss_and_an_acquisition(self, office: PrefectureOffice) -> None:
        """Rules: Q-9, X-30."""
        office.persons(A, insured(A, "1", 1, start="2010-04-01", end="2018-03-31"))
        office.persons(B, entered(B, "7", 1, start="2018-03-31"))
        office.resolve()
        assert qualification(office, A) == [("2010-04-01", "2018-03-31", None, "3")]
        assert qualification(office, B) == [("2018-03-31", None, None, "1")]
        assert open_findings(office) == []
        assert office.candidates() == []

    def test_a_move_on_its_first_day_continues(self, office: PrefectureOffice) -> None:
        """Rules: Q-9."""
        office.persons(A, insured(A, "1", 1, start="2010-04-01", end="2018-04-01", qualification_acquired="2005-06-01"))
        office.persons(B, entered(B, "7", 1, start="2018-04-01"))
        office.resolve()
        assert qualification(office, B) == [("2005-06-01", None, A, "2")]
        assert len(office.candidates()) == 1

    def test_what_is_carried_on_is_the_date_the_municipality_held(self, office: PrefectureOffice) -> None:
        """Rules: Q-9, X-10."""
        office.persons(A, insured(A, "1", 1, start="2008-04-01", end="2015-04-01"))
        office.persons(B, entered(B, "7", 1, start="2015-04-01", end="2020-04-01", qualification_acquired="2015-04-01"))
        office.persons(C, entered(C, "3", 1, start="2020-04-01"))
        office.resolve()
        assert qualification(office, C) == [("2015-04-01", None, B, "2")]

    @pytest.mark.parametrize(
        ("left", "into", "due"),
        [
            (("2017-01-01", "57"), ("2017-02-01", "07"), []),
            (("2017-01-01", "57"), ("2017-01-01", "01"), []),
            (("2017-02-01", "57"), ("2017-01-01", "07"), [("overlap", A, B, "2017-01-01", "2017-02-01", 31)]),
        ],
        ids=["gap", "one-sided", "overlap"],
    )
    def test_a_claim_counts_as_none_but_overlaps_are_found(self, office: PrefectureOffice, left, into, due) -> None:  # type: ignore[no-untyped-def]
        """Rules: X-30, P-6."""
        office.persons(A, insured(A, "1", 1, start="2010-04-01", end=left[0], end_reason=left[1]))
        office.persons(B, insured(B, "7", 1, start=into[0], reason=into[1]))
        office.resolve()
        assert open_findings(office) == due
        assert office.candidates() == []

    def test_nothing_is_unmatched(self, office: PrefectureOffice) -> None:
        """Rules: X-30, P-6."""
        office.persons(A, insured(A, "1", 1, start="2010-04-01", end="2017-01-01"))
        office.persons(B, entered(B, "7", 2, start="2017-01-01"))
        office.resolve()
        assert open_findings(office) == []


class TestMergedMunicipalities:
    @pytest.fixture
    def merged(self, make_office: MakeOffice) -> PrefectureOffice:
        """C became part of D on 2024-04-01."""
        insurers = [
            evolve(each, valid_until=date(2024, 4, 1), successor=D) if each.insurer_number == C else each
            for each in INSURERS
        ]
        return make_office(insurers=insurers)

    def test_a_merger_is_no_move(self, merged: PrefectureOffice) -> None:
        """Rules: Q-10, X-31."""
        merged.persons(C, insured(C, "3", 1, end="2024-04-01", end_reason="99"))
        merged.persons(D, insured(D, "4", 1, start="2024-04-01", reason="99"))
        merged.resolve()
        assert open_findings(merged) == []
        assert merged.candidates() == []
        assert [each[::3] for each in qualification(merged, D)] == [("2020-04-01", "2")]
        assert [each[0:2] for each in qualification(merged, C)] == [("2020-04-01", None)]
        assert about(told(merged, C, "TOKUSO"), "insurer_number") == [(C,)]
        assert about(told(merged, D, "TOKUSO"), "insurer_number") == [(D,)]

    @pytest.mark.parametrize(("end_reason", "reason"), [("57", "07"), ("57", "99"), ("53", "07")])
    def test_whatever_the_reasons(self, merged: PrefectureOffice, end_reason: str, reason: str) -> None:
        """Rules: X-31."""
        merged.persons(C, insured(C, "3", 1, end="2024-04-01", end_reason=end_reason))
        merged.persons(D, insured(D, "4", 1, start="2024-04-01", reason=reason))
        merged.resolve()
        assert open_findings(merged) == []
        assert merged.candidates() == []
        assert [each[::3] for each in qualification(merged, D)] == [("2020-04-01", "2")]

    def test_overlaps_and_gaps_between_them_are_none(self, merged: PrefectureOffice) -> None:
        """Rules: X-31."""
        merged.persons(
            C,
            insured(C, "3", 1, end="2024-04-05", end_reason="99"),
            insured(C, "4", 2, end="2024-03-01", end_reason="99"),
        )
        merged.persons(
            D, insured(D, "3", 1, start="2024-04-01", reason="99"), insured(D, "4", 2, start="2024-04-01", reason="99")
        )
        merged.resolve()
        assert open_findings(merged) == []

    def test_a_real_move_to_the_predecessor_reaches_the_successor(self, merged: PrefectureOffice) -> None:
        """Rules: Q-10, X-31, X-37."""
        merged.persons(A, insured(A, "1", 1, end="2023-04-01"))
        merged.persons(C, entered(C, "3", 1, start="2023-04-01", end="2024-04-01", end_reason="99"))
        merged.persons(D, insured(D, "4", 1, start="2024-04-01", reason="99"))
        merged.resolve()
        assert qualification(merged, C) == [("2020-04-01", None, A, "2")]
        assert qualification(merged, D)[0][0] == "2020-04-01"
        assert [(each.pair.left.insurer_number, each.pair.entered.insurer_number) for each in merged.candidates()] == [
            (A, C)
        ]


class TestWhoIsToldWhat:
    def test_each_sees_only_its_own_people(self, office: PrefectureOffice) -> None:
        """Rules: Q-5."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"), insured(A, "2", 2), nominal_head(A, "3"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"), insured(B, "8", 3))
        office.persons(C, insured(C, "9", 4, end="2021-01-01", end_reason="53"))
        office.resolve()
        for insurer, due in ((A, {"1", "2", "3"}), (B, {"7", "8"}), (C, {"9"})):
            for file_id, rows in office.deliver(insurer).items():
                assert {row["insurer_number"] for row in rows} == {insurer}, file_id
                if file_id in ("HIHOID", "TOKUSO", "KAKUNIN"):
                    assert {row["addressee_number"] for row in rows} <= due
        assert office.deliver(D) == {}

    def test_the_other_code_is_left_out_for_a_protected_person(self, office: PrefectureOffice) -> None:
        """Rules: Q-5, X-27."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01", address_withheld="1", updated_at="2024-04-02"))
        office.resolve()
        keys = ("from_insurer", "to_insurer", "period_start", "period_end")
        days = (date(2024, 4, 1), date(2024, 4, 5))
        assert about(told(office, A, "KAKUNIN"), *keys) == [(A, None, *days)]
        assert about(told(office, B, "KAKUNIN"), *keys) == [(A, B, *days)]

    def test_protection_follows_the_newest_row_anywhere(self, office: PrefectureOffice) -> None:
        """Rules: X-27."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05", address_withheld="1", updated_at="2024-03-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01", updated_at="2024-04-02"))
        office.resolve()
        assert about(told(office, A, "KAKUNIN"), "to_insurer") == [(B,)]
        office.persons(A, insured(A, "1", 1, end="2024-04-05", address_withheld="1", updated_at="2024-04-03", kind="2"))
        office.resolve()
        assert about(told(office, A, "KAKUNIN"), "to_insurer") == [(None,)]

    def test_only_what_differs_is_due_and_no_file_when_nothing_is(self, office: PrefectureOffice) -> None:
        """Rules: X-13."""
        office.persons(A, insured(A, "1", 1), insured(A, "2", 2))
        office.resolve()
        assert len(office.deliver(A)["TOKUSO"]) == 2
        office.resolve()
        assert office.deliver(A) == {}
        office.persons(A, insured(A, "2", 2, kind="2", address="新町", end="2024-01-01", end_reason="53"))
        office.resolve()
        delivered = office.deliver(A)
        assert about(delivered["TOKUSO"], "addressee_number", "status") == [("2", "3")]
        assert set(delivered) == {"TOKUSO", "SHOKEKKA"}

    def test_what_changed_and_changed_back_is_not_due(self, office: PrefectureOffice) -> None:
        """Rules: X-13."""
        office.persons(A, insured(A, "1", 1))
        office.resolve()
        office.deliver(A)
        for more in ({"end": "2024-01-01", "end_reason": "53"}, {}):
            office.persons(A, insured(A, "1", 1, kind="2", **more))
            office.resolve()
        assert set(office.deliver(A)) == {"SHOKEKKA"}

    def test_a_row_that_vanishes_is_not_told_and_one_that_returns_is(self, office: PrefectureOffice) -> None:
        """Rules: X-13, X-12."""
        office.persons(A, insured(A, "1", 1))
        office.resolve()
        office.deliver(A)
        office.persons(A, insured(A, "1", 1, kind="3"))
        office.resolve()
        assert set(office.deliver(A)) == {"SHOKEKKA"}
        office.persons(A, insured(A, "1", 1, history=2))
        office.resolve()
        assert about(office.deliver(A)["TOKUSO"], "addressee_number", "status") == [("1", "1")]

    def test_a_finding_solved_before_it_was_delivered_is_never_delivered(self, office: PrefectureOffice) -> None:
        """Rules: X-13."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        assert "KAKUNIN" in office.deliver(B)
        office.persons(A, insured(A, "1", 1, end="2024-04-01", kind="2"))
        office.resolve()
        assert "KAKUNIN" not in office.deliver(A)
        assert about(office.deliver(B)["KAKUNIN"], "status") == [("2",)]
        assert told(office, A, "KAKUNIN") == []

    def test_everything_again_on_request(self, office: PrefectureOffice) -> None:
        """Rules: Q-5, X-13."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        first = office.deliver(B)
        again = office.deliver(B, everything=True)
        assert {file_id: len(rows) for file_id, rows in again.items()} == {
            file_id: len(rows) for file_id, rows in first.items()
        }
        assert again["TOKUSO"] == first["TOKUSO"]
        assert office.deliver(B) == {}

    def test_numbers_of_files_count_up_by_one(self, office: PrefectureOffice) -> None:
        """Rules: Q-5, X-2."""
        office.persons(A, insured(A, "1", 1))
        office.resolve()
        office.deliver(A)
        office.persons(A, insured(A, "1", 1, kind="2", end="2024-01-01", end_reason="53"))
        office.resolve()
        office.deliver(A)
        names = sorted(path.name for path in office.outbox.glob(f"TOKUSO_{A}_*"))
        assert [name[-8:-4] for name in names] == ["0001", "0002"]
        assert "HIHOID" not in {path.name.split("_")[0] for path in office.outbox.glob("*_0002.csv")}

    def test_no_delivered_file_names_a_number(self, office: PrefectureOffice) -> None:
        """Rules: I-5, Q-2."""
        office.persons(A, insured(A, "1", 1))
        office.resolve()
        office.deliver(A)
        for path in office.outbox.iterdir():
            assert number(1).encode() not in path.read_bytes()
