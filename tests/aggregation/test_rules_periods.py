"""P-1 … P-7: periods, overlap and gap, correction and cancellation, from files to findings."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from kokuho_adapters import files as files_adapter
from kokuho_core.usecases.office import Settings
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber

from ..prefecture.office import A, B, C, D, PrefectureOffice, household, nominal_head
from ..prefecture.worlds import MakeOffice
from .support import about, codes, effect, entered, finding_of, insured, iso, open_findings, qualification, told

SHIPPED = Path(files_adapter.__file__).parent / "layouts"


def inclusive(folder: Path, *file_ids: str) -> list[Path]:
    """Layouts like the shipped ones, version 2.0, whose end days are the last day covered."""
    made = []
    for file_id in file_ids:
        text = (SHIPPED / f"{file_id}.toml").read_text(encoding="utf-8")
        text = text.replace('"exclusive"', '"inclusive"').replace('version = "1.0"', 'version = "2.0"')
        path = folder / f"{file_id}.toml"
        path.write_text(text, encoding="utf-8")
        made.append(path)
    return made


class TestHalfOpen:
    def test_the_day_of_the_move_belongs_to_the_municipality_entered(self, office: PrefectureOffice) -> None:
        """Rules: P-1, P-5, Q-4."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        assert open_findings(office) == []
        assert about(told(office, A, "TOKUSO"), "application_end") == [(date(2024, 4, 1),)]

    def test_an_open_end_is_empty_and_no_sentinel(self, office: PrefectureOffice) -> None:
        """Rules: P-1."""
        office.persons(A, insured(A, "1", 1))
        office.resolve()
        row = told(office, A, "TOKUSO")[0]
        assert row["application_end"] is None
        assert row["qualification_lost"] is None

    def test_a_layout_with_inclusive_ends_means_the_same_days(self, make_office: MakeOffice, tmp_path: Path) -> None:
        """Rules: P-1."""
        office = make_office(layouts=inclusive(tmp_path, "SKKOJIN", "TOKUSO"))
        path = office.write("SKKOJIN", A, [insured(A, "1", 1, end="2024-04-01")])
        assert b",20240331,57," in path.read_bytes()
        assert b",2.0," in path.read_bytes()
        office.receive(path)
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        assert open_findings(office) == []
        office.deliver(A)
        written = next(office.outbox.glob("TOKUSO_*")).read_bytes()
        assert b",20200401,20240331\r\n" in written

    def test_inclusive_same_day_ends_the_day_before_it_starts(self, make_office: MakeOffice, tmp_path: Path) -> None:
        """Rules: P-1, P-2."""
        office = make_office(layouts=inclusive(tmp_path, "SKKOJIN"))
        same_day = office.write(
            "SKKOJIN", A, [insured(A, "1", 1, start="2024-04-01", end="2024-04-01", end_reason="99")]
        )
        assert b",20240401,03,,20240331,99," in same_day.read_bytes()
        assert office.receive(same_day)[0].counts.accepted == 1
        reversed_one = office.write(
            "SKKOJIN", A, [insured(A, "2", 2, start="2024-04-01", end="2024-04-01", end_reason="99")]
        )
        reversed_one.write_bytes(reversed_one.read_bytes().replace(b"20240331", b"20240330"))
        assert codes(office.receive(reversed_one)[0]) == [("KKH-P002", 2, "application_end")]


class TestReversedAndSameDay:
    def test_a_reversed_period_is_refused_alone(self, office: PrefectureOffice) -> None:
        """Rules: P-2, X-1."""
        answer = office.persons(
            A, insured(A, "1", 1, start="2024-04-02", end="2024-04-01"), insured(A, "2", 2, start="2024-04-02")
        )
        assert (answer.counts.accepted, answer.counts.rejected) == (1, 1)
        assert codes(answer) == [("KKH-P002", 2, "application_end")]
        office.resolve()
        assert about(told(office, A, "HIHOID"), "addressee_number") == [("2",)]

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("member_start", "member_end"),
            ("qualification_acquired", "qualification_lost"),
            ("special_case_start", "special_case_end"),
        ],
    )
    def test_so_is_every_other_reversed_period(self, office: PrefectureOffice, start: str, end: str) -> None:
        """Rules: P-2."""
        answer = office.persons(A, insured(A, "1", 1, **{start: "2024-04-02", end: "2024-04-01"}))
        assert codes(answer) == [("KKH-P002", 2, end)]

    def test_a_same_day_period_covers_no_day(self, office: PrefectureOffice) -> None:
        """Rules: P-2, X-12."""
        office.persons(A, insured(A, "1", 1))
        office.persons(B, entered(B, "7", 1, start="2023-05-01", end="2023-05-01"))
        office.resolve("2024-06-30")
        assert open_findings(office) == []
        assert told(office, B, "TOKUSO") == []
        assert len(told(office, B, "HIHOID")) == 1
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]

    def test_a_same_day_period_stays_in_the_history(self, office: PrefectureOffice) -> None:
        """Rules: P-2, P-7."""
        office.persons(A, insured(A, "1", 1, start="2024-04-01", end="2024-04-01", end_reason="53"))
        answer = office.persons(A, insured(A, "1", 1, start="2024-04-01", kind="2"))
        assert answer.counts.accepted == 1
        office.resolve()
        assert qualification(office, A) == [("2024-04-01", None, None, "1")]

    def test_a_same_day_period_does_not_fill_or_split_a_gap(self, office: PrefectureOffice) -> None:
        """Rules: P-2, P-5, X-8."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-05", end="2024-04-05"))
        office.persons(C, entered(C, "3", 1, start="2024-04-11"))
        office.resolve("2024-04-20")
        assert open_findings(office) == [("gap", A, C, "2024-04-01", "2024-04-11", 10)]

    def test_a_same_day_period_does_not_overlap_inside_its_municipality(self, office: PrefectureOffice) -> None:
        """Rules: P-2, P-3."""
        same_day = insured(A, "1", 1, history=2, start="2022-05-01", end="2022-05-01", end_reason="99")
        assert office.persons(A, insured(A, "1", 1), same_day).counts.accepted == 2


class TestInsideOneMunicipality:
    def test_overlapping_periods_are_refused_together(self, office: PrefectureOffice) -> None:
        """Rules: P-3, X-1."""
        answer = office.persons(
            A,
            insured(A, "1", 1),
            insured(A, "2", 2),
            insured(A, "1", 1, history=2, start="2023-01-01"),
        )
        assert codes(answer) == [("KKH-P003", 2, "application_start"), ("KKH-P003", 4, "application_start")]
        assert (answer.counts.accepted, answer.counts.rejected) == (1, 2)
        office.resolve()
        assert about(told(office, A, "HIHOID"), "addressee_number") == [("2",)]

    def test_an_overlap_with_what_was_sent_before_refuses_only_the_new_records(self, office: PrefectureOffice) -> None:
        """Rules: P-3."""
        office.persons(A, insured(A, "1", 1))
        before = effect(office)
        answer = office.persons(A, insured(A, "1", 1, history=2, start="2023-01-01"))
        assert codes(answer) == [("KKH-P003", 2, "application_start")]
        assert effect(office) == before

    @pytest.mark.parametrize("opens_first", [False, True])
    def test_one_file_may_close_one_and_open_the_next(self, office: PrefectureOffice, opens_first: bool) -> None:
        """Rules: P-3."""
        office.persons(A, insured(A, "1", 1))
        closing = insured(A, "1", 1, kind="2", end="2023-01-01", end_reason="53")
        opening = insured(A, "1", 1, history=2, start="2023-06-01")
        rows = [opening, closing] if opens_first else [closing, opening]
        assert office.persons(A, *rows).counts.accepted == 2
        office.resolve()
        assert qualification(office, A) == [
            ("2020-04-01", "2023-01-01", None, "3"),
            ("2023-06-01", None, None, "1"),
        ]

    def test_touching_periods_do_not_overlap(self, office: PrefectureOffice) -> None:
        """Rules: P-1, P-3."""
        office.persons(A, insured(A, "1", 1, end="2023-01-01", end_reason="53"))
        assert office.persons(A, insured(A, "1", 1, history=2, start="2023-01-01")).counts.accepted == 1

    def test_rows_of_one_start_are_one_period_and_the_highest_gives_end_and_attributes(
        self, office: PrefectureOffice
    ) -> None:
        """Rules: P-3, X-32."""
        office.persons(A, insured(A, "1", 1, household="1"), insured(A, "1", 1, household="2", history=2))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]
        office.persons(A, insured(A, "1", 1, household="2", history=3, end="2024-02-01", end_reason="53"))
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", "2024-02-01", None, "3")]

    def test_the_row_with_the_highest_history_number_counts_however_late_a_lower_one_comes(
        self, office: PrefectureOffice
    ) -> None:
        """Rules: P-3, X-32."""
        office.persons(A, insured(A, "1", 1, history=5, end="2024-02-01", end_reason="53"))
        office.persons(A, insured(A, "1", 1, history=2, end="2023-02-01", end_reason="52"))
        office.resolve()
        rows = about(told(office, A, "TOKUSO"), "qualification_lost", "qualification_lost_reason")
        assert rows == [(date(2024, 2, 1), "53")]

    def test_a_nominal_head_has_no_period_and_overlaps_nothing(self, office: PrefectureOffice) -> None:
        """Rules: P-3, Q-1."""
        answer = office.persons(A, insured(A, "1", 1, end="2023-01-01", end_reason="53"), nominal_head(A, "1", 2))
        assert answer.counts.accepted == 2
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", "2023-01-01", None, "3")]


PAIRS = [
    ("normal move", ("2020-04-01", "2024-04-01", "57"), ("2024-04-01", None, "07"), []),
    (
        "one day of gap",
        ("2020-04-01", "2024-04-01", "57"),
        ("2024-04-02", None, "07"),
        [("gap", "2024-04-01", "2024-04-02", 1)],
    ),
    (
        "gap over a leap day",
        ("2020-04-01", "2024-02-28", "57"),
        ("2024-03-01", None, "07"),
        [("gap", "2024-02-28", "2024-03-01", 2)],
    ),
    (
        "one day of overlap",
        ("2020-04-01", "2024-04-02", "57"),
        ("2024-04-01", None, "07"),
        [("overlap", "2024-04-01", "2024-04-02", 1)],
    ),
    (
        "the inner one ends first",
        ("2020-04-01", "2024-04-30", "57"),
        ("2024-04-01", "2024-04-11", "53"),
        [("overlap", "2024-04-01", "2024-04-11", 10)],
    ),
    ("both open", ("2020-04-01", None, None), ("2024-04-01", None, "07"), [("overlap", "2024-04-01", None, None)]),
    (
        "left one open, entered one closed",
        ("2020-04-01", None, None),
        ("2024-04-01", "2024-05-01", "53"),
        [("overlap", "2024-04-01", "2024-05-01", 30)],
    ),
    ("nothing claimed, apart", ("2020-04-01", "2023-04-01", "53"), ("2024-04-01", None, "03"), []),
    ("nothing claimed, touching", ("2020-04-01", "2024-04-01", "53"), ("2024-04-01", None, "03"), []),
    (
        "only the left side claims, apart",
        ("2020-04-01", "2024-04-01", "57"),
        ("2024-04-03", None, "01"),
        [("gap", "2024-04-01", "2024-04-03", 2)],
    ),
    (
        "only the entered side claims, apart",
        ("2020-04-01", "2024-04-01", "53"),
        ("2024-04-03", None, "07"),
        [("gap", "2024-04-01", "2024-04-03", 2)],
    ),
    (
        "only the left side claims, touching",
        ("2020-04-01", "2024-04-01", "57"),
        ("2024-04-01", None, "01"),
        [("one_sided", "2024-04-01", "2024-04-01", 0)],
    ),
    (
        "only the entered side claims, touching",
        ("2020-04-01", "2024-04-01", "51"),
        ("2024-04-01", None, "07"),
        [("one_sided", "2024-04-01", "2024-04-01", 0)],
    ),
    (
        "dead and yet moved",
        ("2020-04-01", "2024-04-01", "52"),
        ("2024-04-02", None, "07"),
        [("gap", "2024-04-01", "2024-04-02", 1)],
    ),
    (
        "an overlap needs no claim",
        ("2020-04-01", "2024-04-05", "53"),
        ("2024-04-01", None, "03"),
        [("overlap", "2024-04-01", "2024-04-05", 4)],
    ),
]


class TestBetweenMunicipalities:
    @pytest.mark.parametrize(("left", "into", "due"), [each[1:] for each in PAIRS], ids=[each[0] for each in PAIRS])
    def test_two_periods(self, office: PrefectureOffice, left, into, due) -> None:  # type: ignore[no-untyped-def]
        """Rules: P-4, P-5, P-6, X-8, X-26."""
        start, end, end_reason = left
        office.persons(A, insured(A, "1", 1, start=start, end=end, end_reason=end_reason))
        start, end, reason = into
        ended = {"end": end, "end_reason": "53"} if end else {}
        office.persons(
            B, insured(B, "7", 1, start=start, reason=reason if reason in ("07", "01", "03") else "07", **ended)
        )
        office.resolve("2024-04-10")
        assert open_findings(office) == [(kind, A, B, first, last, days) for kind, first, last, days in due]

    def test_all_pairs_that_overlap_are_found(self, office: PrefectureOffice) -> None:
        """Rules: P-5."""
        office.persons(A, insured(A, "1", 1))
        office.persons(B, insured(B, "2", 1, start="2021-01-01", end="2021-02-01", end_reason="53"))
        office.persons(C, insured(C, "3", 1, start="2023-01-01"))
        office.resolve()
        assert open_findings(office) == [
            ("overlap", A, B, "2021-01-01", "2021-02-01", 31),
            ("overlap", A, C, "2023-01-01", None, None),
        ]

    def test_a_gap_counts_from_the_latest_end_before(self, office: PrefectureOffice) -> None:
        """Rules: P-5, X-8."""
        office.persons(A, insured(A, "1", 1, start="2023-01-01", end="2023-06-01"))
        office.persons(B, insured(B, "2", 1, start="2023-02-01", end="2023-03-01", end_reason="53"))
        office.persons(C, entered(C, "3", 1, start="2023-07-01"))
        office.resolve("2023-07-02")
        assert open_findings(office) == [
            ("gap", A, C, "2023-06-01", "2023-07-01", 30),
            ("overlap", A, B, "2023-02-01", "2023-03-01", 28),
        ]

    def test_a_gap_has_every_pair_at_its_two_ends(self, office: PrefectureOffice) -> None:
        """Rules: X-8, P-6."""
        office.persons(A, insured(A, "1", 1, start="2023-01-01", end="2023-06-01"))
        office.persons(B, insured(B, "2", 1, start="2023-02-01", end="2023-06-01", end_reason="53"))
        office.persons(C, entered(C, "3", 1, start="2023-07-01", end="2023-08-01", end_reason="53"))
        office.persons(D, insured(D, "4", 1, start="2023-07-01", reason="01"))
        office.resolve("2023-07-02")
        gaps = [each[:3] for each in open_findings(office) if each[0] == "gap"]
        # B ended for employee insurance and D began from outside: that pair claims no move inside
        assert gaps == [("gap", A, C), ("gap", A, D), ("gap", B, C)]

    @pytest.mark.parametrize(
        ("of_a", "of_b", "first"),
        [
            (("2022-01-01", None), ("2021-01-01", None), B),
            (("2022-01-01", None), ("2022-01-01", "2023-01-01"), B),
            (("2022-01-01", "2023-01-01"), ("2022-01-01", None), A),
            (("2022-01-01", None), ("2022-01-01", None), A),
            (("2022-01-01", "2023-01-01"), ("2022-01-01", "2023-01-01"), A),
        ],
        ids=["start", "open end is last", "end", "insurer number, open", "insurer number, closed"],
    )
    def test_the_earlier_is_from(self, office: PrefectureOffice, of_a, of_b, first) -> None:  # type: ignore[no-untyped-def]
        """Rules: P-5."""
        for insurer, (start, end) in ((B, of_b), (A, of_a)):
            office.persons(insurer, insured(insurer, "1", 1, start=start, end=end, end_reason="53" if end else None))
        office.resolve()
        found = open_findings(office)
        assert [each[:3] for each in found] == [("overlap", first, B if first == A else A)]

    def test_a_finding_is_listed_to_both_and_nothing_is_repaired(self, office: PrefectureOffice) -> None:
        """Rules: P-4, Q-5."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve("2024-06-30")
        keys = (
            "kind",
            "addressee_number",
            "from_insurer",
            "to_insurer",
            "period_start",
            "period_end",
            "days",
            "status",
            "detected_on",
        )
        due = ("1", A, B, date(2024, 4, 1), date(2024, 4, 5), 4, "1", date(2024, 6, 30))
        [for_a], [for_b] = told(office, A, "KAKUNIN"), told(office, B, "KAKUNIN")
        assert about([for_a], *keys) == [(due[0], "1", *due[1:])]
        assert about([for_b], *keys) == [(due[0], "7", *due[1:])]
        assert for_a["finding_number"] == for_b["finding_number"]
        assert for_a["municipal_insured_id"] == told(office, A, "HIHOID")[0]["municipal_insured_id"]
        assert for_b["municipal_insured_id"] == told(office, B, "HIHOID")[0]["municipal_insured_id"]
        assert about(told(office, A, "TOKUSO"), "application_end") == [(date(2024, 4, 5),)]

    def test_a_finding_keeps_its_number_while_dates_move_is_solved_and_reopens(self, office: PrefectureOffice) -> None:
        """Rules: P-4, P-5, X-13, X-38."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        [first] = office.findings()
        office.deliver(A)

        office.persons(A, insured(A, "1", 1, end="2024-04-03", kind="2"))
        office.resolve()
        [moved] = office.findings()
        assert (moved.number, finding_of(moved)) == (first.number, ("overlap", A, B, "2024-04-01", "2024-04-03", 2))
        assert about(office.deliver(A)["KAKUNIN"], "finding_number", "days") == [(first.number, 2)]

        office.persons(A, insured(A, "1", 1, end="2024-04-01", kind="2"))
        summary = office.resolve()
        assert (summary.findings_solved, summary.findings_open) == (1, 0)
        assert about(office.deliver(A)["KAKUNIN"], "finding_number", "status") == [(first.number, "2")]

        office.persons(A, insured(A, "1", 1, end="2024-04-02", kind="2"))
        summary = office.resolve()
        assert summary.findings_opened == 1
        [reopened] = office.findings()
        assert (reopened.number, reopened.is_open) == (first.number, True)
        assert about(office.deliver(A)["KAKUNIN"], "finding_number", "status", "days") == [(first.number, "1", 1)]

    def test_another_kind_of_the_same_pair_is_another_finding(self, office: PrefectureOffice) -> None:
        """Rules: P-5."""
        office.persons(A, insured(A, "1", 1, end="2024-04-05"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        office.persons(A, insured(A, "1", 1, end="2024-03-25", kind="2"))
        office.resolve()
        found = {each.kind.value: each for each in office.findings()}
        assert {kind: each.is_open for kind, each in found.items()} == {"overlap": False, "gap": True}
        assert found["overlap"].number != found["gap"].number


class TestUnmatched:
    @pytest.mark.parametrize(("as_of", "is_told"), [("2024-05-01", False), ("2024-05-02", True)])
    @pytest.mark.parametrize("side", ["left", "entered"])
    def test_it_waits_for_more_than_thirty_days(
        self, office: PrefectureOffice, as_of: str, is_told: bool, side: str
    ) -> None:
        """Rules: P-6, X-26, X-11."""
        if side == "left":
            office.persons(A, insured(A, "1", 1, end="2024-04-01"))
            due = [("unmatched", A, None, "2024-04-01", None, None)]
        else:
            office.persons(A, entered(A, "1", 1, start="2024-04-01"))
            due = [("unmatched", None, A, "2024-04-01", None, None)]
        office.resolve(as_of)
        assert open_findings(office) == (due if is_told else [])

    def test_time_alone_opens_it_without_any_new_file(self, office: PrefectureOffice) -> None:
        """Rules: P-6."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.resolve("2024-04-10")
        office.resolve("2024-05-01")
        assert open_findings(office) == []
        office.resolve("2024-05-02")
        assert open_findings(office) == [("unmatched", A, None, "2024-04-01", None, None)]

    def test_the_wait_is_a_setting(self, make_office: MakeOffice) -> None:
        """Rules: P-6."""
        office = make_office(settings=Settings(unmatched_wait_days=5))
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.resolve("2024-04-06")
        assert open_findings(office) == []
        office.resolve("2024-04-07")
        assert len(open_findings(office)) == 1

    def test_it_is_solved_when_the_other_side_comes(self, office: PrefectureOffice) -> None:
        """Rules: P-6, P-4."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.resolve("2024-06-30")
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        assert office.resolve("2024-06-30").findings_solved == 1
        assert open_findings(office) == []
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]

    def test_it_becomes_a_gap_when_the_other_side_comes_late(self, office: PrefectureOffice) -> None:
        """Rules: P-6."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.resolve("2024-06-30")
        office.persons(B, entered(B, "7", 1, start="2024-04-03"))
        office.resolve("2024-06-30")
        assert open_findings(office) == [("gap", A, B, "2024-04-01", "2024-04-03", 2)]

    def test_it_is_not_told_where_an_overlap_tells_it(self, office: PrefectureOffice) -> None:
        """Rules: X-26."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, insured(B, "7", 1, start="2023-01-01"))
        office.resolve("2024-06-30")
        assert open_findings(office) == [("overlap", A, B, "2023-01-01", "2024-04-01", 456)]

    def test_another_period_of_the_same_municipality_is_no_answer(self, office: PrefectureOffice) -> None:
        """Rules: P-6, X-26."""
        office.persons(
            A, insured(A, "1", 1, end="2024-04-01"), insured(A, "1", 1, history=2, start="2024-04-01", reason="01")
        )
        office.resolve("2024-06-30")
        assert open_findings(office) == [("unmatched", A, None, "2024-04-01", None, None)]

    def test_only_one_side_is_told(self, office: PrefectureOffice) -> None:
        """Rules: X-26, Q-5."""
        office.persons(A, entered(A, "1", 1, start="2024-04-01"))
        office.resolve("2024-06-30")
        [row] = told(office, A, "KAKUNIN")
        assert about([row], "kind", "from_insurer", "to_insurer", "period_start", "period_end", "days") == [
            ("5", None, A, date(2024, 4, 1), None, None)
        ]


class TestCorrections:
    def test_a_correction_replaces_and_a_cancellation_takes_away(self, office: PrefectureOffice) -> None:
        """Rules: P-7."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-10"))
        office.resolve("2024-04-20")
        assert len(open_findings(office)) == 1
        office.persons(B, entered(B, "7", 1, start="2024-04-10", kind="3"))
        office.resolve("2024-04-20")
        assert open_findings(office) == []
        assert told(office, B, "TOKUSO") == []
        office.resolve("2024-06-30")
        assert open_findings(office) == [("unmatched", A, None, "2024-04-01", None, None)]

    @pytest.mark.parametrize("kind", ["1", "2", "3"])
    def test_a_cancelled_identity_is_never_used_again(self, office: PrefectureOffice, kind: str) -> None:
        """Rules: P-7, X-4."""
        office.persons(A, insured(A, "1", 1))
        office.persons(A, insured(A, "1", 1, kind="3"))
        before = effect(office)
        answer = office.persons(A, insured(A, "1", 1, kind=kind))
        assert codes(answer) == [("KKH-P007", 2, "history_number")]
        assert effect(office) == before
        assert office.persons(A, insured(A, "1", 1, history=2)).counts.accepted == 1

    @pytest.mark.parametrize("kind", ["2", "3"])
    def test_what_was_never_sent_is_neither_corrected_nor_cancelled(self, office: PrefectureOffice, kind: str) -> None:
        """Rules: P-7, X-1."""
        office.persons(A, insured(A, "1", 1))
        before = effect(office)
        assert codes(office.persons(A, insured(A, "1", 1, history=2, kind=kind))) == [("KKH-R001", 2, "history_number")]
        assert effect(office) == before

    def test_new_twice_is_refused(self, office: PrefectureOffice) -> None:
        """Rules: P-7."""
        office.persons(A, insured(A, "1", 1))
        assert codes(office.persons(A, insured(A, "1", 1))) == [("KKH-R002", 2, "history_number")]

    def test_records_of_one_file_are_judged_in_its_order(self, office: PrefectureOffice) -> None:
        """Rules: P-7, X-4."""
        answer = office.persons(
            A,
            insured(A, "1", 1, kind="2"),
            insured(A, "1", 1),
            insured(A, "1", 1, kind="2", end="2024-01-01", end_reason="53"),
            insured(A, "1", 1, kind="3"),
            insured(A, "1", 1, kind="2"),
        )
        assert codes(answer) == [("KKH-R001", 2, "history_number"), ("KKH-P007", 6, "history_number")]
        assert answer.counts.accepted == 3

    def test_what_was_known_when_can_still_be_answered(self, office: PrefectureOffice) -> None:
        """Rules: P-7."""
        office.persons(A, insured(A, "1", 1))
        before = office.clock.now()
        office.persons(A, insured(A, "1", 1, kind="2", end="2024-01-01", end_reason="53"))
        between = office.clock.now()
        office.persons(A, insured(A, "1", 1, kind="3"))
        him = [Addressee(A, AddresseeNumber("1"))]
        with office.installation.database.begin(read_only=True) as work:
            known = {
                when: [(fact.update_kind, iso(fact.application_end)) for fact in work.persons.facts_of(him, known_at)]
                for when, known_at in (("before", before), ("between", between), ("now", None))
            }
            assert work.persons.facts_of(him, datetime(2024, 1, 1)) == []
        assert known == {
            "before": [("1", None)],
            "between": [("1", None), ("2", "2024-01-01")],
            "now": [("1", None), ("2", "2024-01-01"), ("3", None)],
        }

    def test_the_same_lives_of_a_household_record(self, office: PrefectureOffice) -> None:
        """Rules: P-7, X-4."""
        assert codes(office.households(A, household(A, "1", "1", kind="2"))) == [("KKH-R001", 2, "history_number")]
        assert office.households(A, household(A, "1", "1")).counts.accepted == 1
        assert codes(office.households(A, household(A, "1", "1"))) == [("KKH-R002", 2, "history_number")]
        assert office.households(A, household(A, "1", "1", kind="3")).counts.accepted == 1
        for kind in ("1", "2", "3"):
            assert codes(office.households(A, household(A, "1", "1", kind=kind))) == [("KKH-P007", 2, "history_number")]
