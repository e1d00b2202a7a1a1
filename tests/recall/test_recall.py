"""One file recalled: what is undone, what stays known, and what forbids it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from kokuho_core.errors import Conflict, NotApproved, NotFound
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.person import inspect_person
from kokuho_core.usecases.recall import recall, recalled_files

from ..aggregation.support import dump, entered, insured, open_findings, qualification, told
from ..prefecture.office import A, B, PrefectureOffice, high_cost, household, instruction, number
from ..prefecture.two_people import FIRST, REASON, SECOND, as_operator, by_two


def undo(office: PrefectureOffice, answer: Any) -> None:
    by_two(office, lambda office: recall(office, answer.file, REASON))
    office.resolve()


class TestEffect:
    def test_what_was_known_before_can_still_be_asked(self, office: PrefectureOffice) -> None:
        """Rules: S-24, P-7."""
        office.persons(A, insured(A, "1", 1, start="2018-04-01"))
        wrong = office.persons(A, insured(A, "1", 1, start="2018-04-01", kind="2", end="2024-01-01", end_reason="53"))
        office.resolve()
        person = told(office, A, "HIHOID")[0]["prefectural_insured_id"]
        between = office.clock.now()
        undo(office, wrong)
        assert qualification(office, A) == [("2018-04-01", None, None, "1")]

        def ends(known_at: datetime | None) -> list[Any]:
            return [
                row.application_end.isoformat() if row.application_end else None
                for known in inspect_person(office.office, person, known_at=known_at).known
                for row in known.settled.rows
            ]

        assert ends(None) == [None]
        assert ends(between) == ["2024-01-01"]

    def test_a_finding_it_made_is_solved_for_the_other_side_too(self, office: PrefectureOffice) -> None:
        """Rules: S-24, P-4, X-13."""
        office.persons(A, insured(A, "1", 1))
        wrong = office.persons(B, entered(B, "9", 1, start="2024-04-01"))
        office.resolve()
        assert [each[0] for each in open_findings(office)] == ["overlap"]
        office.deliver(A)
        undo(office, wrong)
        assert open_findings(office) == []
        assert [row["status"] for row in office.deliver(A)["KAKUNIN"]] == ["2"]
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]

    def test_somebody_whose_only_records_are_recalled(self, office: PrefectureOffice) -> None:
        """Rules: S-24. Nothing stands of him; sent rightly later, he has the same ID."""
        wrong = office.persons(A, insured(A, "1", 1))
        office.resolve()
        before = told(office, A, "HIHOID")
        undo(office, wrong)
        assert told(office, A, "HIHOID") == told(office, A, "TOKUSO") == []
        again = office.persons(A, insured(A, "1", 1))
        assert again.result is FileResult.APPLIED
        office.resolve()
        assert [row["municipal_insured_id"] for row in told(office, A, "HIHOID")] == [before[0]["municipal_insured_id"]]

    def test_a_held_identity_conflict_goes_with_its_cause(self, office: PrefectureOffice) -> None:
        """Rules: S-24, I-1, X-6. The right record was held because the wrong one had come first."""
        wrong = office.persons(A, insured(A, "1", 1, birth_date="1950-01-01"))
        assert office.persons(B, insured(B, "9", 1)).counts.held == 1
        office.resolve()
        undo(office, wrong)
        assert qualification(office, B) == [("2020-04-01", None, None, "1")]
        assert dump(office.stored_in)["held_record"] == []

    def test_households_and_months(self, office: PrefectureOffice) -> None:
        """Rules: S-24, H-1."""
        right = office.households(A, household(A, "1", "1"))
        wrong = office.months(A, high_cost(A, "1", "202404"))
        undo(office, wrong)
        found = dump(office.stored_in)
        assert (len(found["high_cost_record"]), len(found["household_record"])) == (0, 1)
        undo(office, right)
        assert dump(office.stored_in)["household_record"] == []

    def test_a_decision(self, office: PrefectureOffice) -> None:
        """Rules: S-24, H-6, X-18. The decision before it holds again."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.households(A, household(A, "1", "1"))
        office.persons(B, entered(B, "9", 1, start="2024-04-01"))
        office.households(B, household(B, "1", "9", start="2024-04-01"))
        office.months(A, high_cost(A, "1", "202403"))
        office.resolve()
        (candidate,) = office.candidates()
        first = office.decide(B, instruction(B, candidate.number, "2"))
        wrong = office.decide(B, instruction(B, candidate.number, "1"))
        office.deliver(B)
        with pytest.raises(Conflict, match="KKH-G006"):
            by_two(office, lambda office: recall(office, first.file, REASON))
        undo(office, wrong)
        assert [each.decision for each in office.candidates()] == ["2"]
        assert [row["update_kind"] for row in office.deliver(B).get("KOHIKI", [])] == ["3"]
        undo(office, first)
        assert [each.decision for each in office.candidates()] == [None]

    def test_the_sender_is_told_and_the_sequence_stays_used(self, office: PrefectureOffice) -> None:
        """Rules: S-24, X-2, X-3."""
        path = office.write("SKKOJIN", A, [insured(A, "1", 1)])
        wrong = office.receive(path)[0]
        undo(office, wrong)
        results = [(row["source_file"], row["line"], row["error_code"]) for row in office.deliver(A)["SHOKEKKA"]]
        assert results == [(path.name, 2, None), (path.name, 0, "KKH-G007")]
        assert office.receive(path)[0].result is FileResult.DUPLICATE
        assert office.persons(A, insured(A, "1", 1)).result is FileResult.APPLIED


class TestRefusal:
    def test_a_later_file_that_rests_on_it_is_named(self, office: PrefectureOffice) -> None:
        """Rules: S-24. Recalled in reverse order both go."""
        first = office.persons(A, insured(A, "1", 1))
        office.persons(A, insured(A, "2", 2))
        later = office.persons(A, insured(A, "1", 1, kind="2", address="別の町"))
        with pytest.raises(Conflict) as caught:
            recall(office.office, first.file, REASON)
        assert [(problem.code, problem.field) for problem in caught.value.problems] == [("KKH-G006", later.file)]
        undo(office, later)
        undo(office, first)
        assert [row["addressee_number"] for row in told(office, A, "TOKUSO")] == ["2"]

    def test_a_period_that_fits_only_because_this_file_ended_another(self, office: PrefectureOffice) -> None:
        """Rules: S-24, P-3."""
        office.persons(A, insured(A, "1", 1))
        ended = office.persons(A, insured(A, "1", 1, kind="2", end="2022-01-01", end_reason="53"))
        office.persons(A, insured(A, "1", 1, start="2023-01-01", history=2))
        with pytest.raises(Conflict, match="KKH-G006"):
            by_two(office, lambda office: recall(office, ended.file, REASON))

    def test_a_month_sent_anew_after_its_cancellation(self, office: PrefectureOffice) -> None:
        """Rules: S-24, X-4."""
        office.months(A, high_cost(A, "1", "202404"))
        cancelled = office.months(A, high_cost(A, "1", "202404", "3"))
        office.months(A, high_cost(A, "1", "202404"))
        with pytest.raises(Conflict, match="KKH-G006"):
            by_two(office, lambda office: recall(office, cancelled.file, REASON))

    def test_only_applied_files_and_only_once(self, office: PrefectureOffice) -> None:
        """Rules: S-24."""
        held = office.send("SKKOJIN", A, [insured(A, "1", 1)], sequence=4)[0]
        applied = office.households(A, household(A, "1", "1"))
        for name in (held.file, "SKKOJIN_x", "999", "1"):
            with pytest.raises(NotFound, match="KKH-G008"):
                recall(office.office, name, REASON)
        by_two(office, lambda office: recall(office, "2", REASON))
        with pytest.raises(NotFound, match="KKH-G008"):
            by_two(office, lambda office: recall(office, applied.file, REASON))
        (listed,) = recalled_files(office.office)
        assert (listed.name, listed.asked_by, listed.agreed_by, listed.records) == (
            applied.file,
            "tanto01",
            "kakari02",
            1,
        )

    def test_two_people_agree_to_this_content(self, office: PrefectureOffice) -> None:
        """Rules: S-7, S-24."""
        one = office.persons(A, insured(A, "1", 1))
        other = office.persons(A, insured(A, "2", 2))
        with pytest.raises(NotApproved, match="KKH-A007") as asked:
            recall(as_operator(office, FIRST), one.file, REASON)
        with pytest.raises(NotApproved, match="KKH-A007"):
            recall(as_operator(office, SECOND), other.file, REASON)
        assert recalled_files(office.office) == []
        recall(as_operator(office, SECOND), one.file)
        assert [each.name for each in recalled_files(office.office)] == [one.file]
        assert number(1) not in repr(asked.value)
