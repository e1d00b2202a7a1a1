"""H-1 … H-8, X-14 … X-21, X-27 … X-29, X-35, X-36: households that move and what they carry with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from kokuho_core.vocabulary.month import Month

from ..prefecture.office import A, B, C, D, PrefectureOffice, high_cost, household, instruction, nominal_head
from .support import about, codes, entered, insured, iso, number, open_findings, told

DAY = "2024-04-01"


def suggestions(office: PrefectureOffice) -> list[tuple[Any, ...]]:
    """(from, household, to, household, suggestion, reason) of each candidate that stands."""
    found = []
    for each in office.candidates():
        if not each.is_withdrawn:
            left, into = each.pair.left, each.pair.entered
            found.append(
                (
                    left.insurer_number,
                    left.household_number,
                    into.insurer_number,
                    into.household_number,
                    each.comparison.suggestion.value,
                    each.comparison.reason.value,
                )
            )
    return sorted(found)


def months(office: PrefectureOffice, insurer: str, name: str, *when: str, **more: Any) -> None:
    answer = office.months(insurer, *(high_cost(insurer, name, month, **more) for month in when))
    assert answer.counts.rejected == 0


def carried(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(month, kind, update kind) of KOHIKI rows."""
    return sorted((str(row["treatment_month"]), row["occurrence_kind"], row["update_kind"]) for row in rows)


def stays(insurer: str, addressee: str, serial: int, household_number: str = "1", **more: Any) -> dict[str, Any]:
    return insured(insurer, addressee, serial, household_number, **more)


def goes(addressee: str, serial: int, household_number: str = "1", **more: Any) -> dict[str, Any]:
    return insured(A, addressee, serial, household_number, end=more.pop("end", DAY), **more)


def comes(addressee: str, serial: int, household_number: str = "9", **more: Any) -> dict[str, Any]:
    return entered(B, addressee, serial, household_number, start=more.pop("start", DAY), **more)


class World:
    """What each municipality says of its persons and households."""

    def __init__(self) -> None:
        self.persons: dict[str, list[dict[str, Any]]] = {A: [], B: [], C: []}
        self.households: dict[str, list[dict[str, Any]]] = {A: [], B: [], C: []}

    def a(self, *rows: dict[str, Any]) -> World:
        self.persons[A] += rows
        return self

    def b(self, *rows: dict[str, Any]) -> World:
        self.persons[B] += rows
        return self

    def heads(self, *rows: dict[str, Any]) -> World:
        for row in rows:
            self.households[row["insurer_number"]].append(row)
        return self

    def send(self, office: PrefectureOffice) -> None:
        for insurer in (A, B, C):
            if self.households[insurer]:
                assert office.households(insurer, *self.households[insurer]).counts.rejected == 0
            if self.persons[insurer]:
                assert office.persons(insurer, *self.persons[insurer]).counts.rejected == 0


def world() -> World:
    """Head 1 (person 1) of household 1 in A; household 9 of B belongs to whoever comes."""
    return World()


def head(insurer: str, name: str, addressee: str, **more: Any) -> dict[str, Any]:
    return household(insurer, name, addressee, **more)


CASES: dict[str, tuple[Callable[[], World], tuple[str, str]]] = {
    # H-4 (1), H-5: the whole household moves, same head
    "all move, same head": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2))
            .b(comes("11", 1), comes("12", 2))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "1"),
    ),
    # H-4 (2), H-5
    "all move, the head changes inside": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2))
            .b(comes("11", 1), comes("12", 2))
            .heads(head(A, "1", "1"), head(B, "9", "12", start=DAY))
        ),
        ("1", "2"),
    ),
    # H-4 (3)
    "a child is born on the way": (
        lambda: (
            world()
            .a(goes("1", 1))
            .b(comes("11", 1), insured(B, "12", 2, "9", start=DAY, reason="02"))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "3"),
    ),
    "one joins from employee insurance": (
        lambda: (
            world()
            .a(goes("1", 1))
            .b(comes("11", 1), insured(B, "12", 2, "9", start=DAY, reason="03"))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "3"),
    ),
    # H-4 (4), X-17: on the very day of the move too
    "one dies on the day of the move": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2, end_reason="52"))
            .b(comes("11", 1))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "4"),
    ),
    "one joins employee insurance on the day of the move": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2, end_reason="53"))
            .b(comes("11", 1))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "4"),
    ),
    "one who died earlier is not missed": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2, end="2024-03-01", end_reason="52"))
            .b(comes("11", 1))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "1"),
    ),
    # precedence of X-16: head changed before more before fewer
    "head changed, one more, one fewer": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2), goes("3", 3, end_reason="52"))
            .b(comes("11", 1), comes("12", 2), insured(B, "14", 4, "9", start=DAY, reason="02"))
            .heads(head(A, "1", "1"), head(B, "9", "12", start=DAY))
        ),
        ("1", "2"),
    ),
    "one more, one fewer": (
        lambda: (
            world()
            .a(goes("1", 1), goes("3", 3, end_reason="52"))
            .b(comes("11", 1), insured(B, "14", 4, "9", start=DAY, reason="02"))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "3"),
    ),
    # H-5: head leaves and is head again: yes for him
    "the head leaves and is head again": (
        lambda: (
            world()
            .a(goes("1", 1), stays(A, "2", 2))
            .b(comes("11", 1))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "5"),
    ),
    # H-5: a member leaves and becomes head: no for him
    "a member leaves and becomes head": (
        lambda: (
            world()
            .a(stays(A, "1", 1), goes("2", 2))
            .b(comes("12", 2))
            .heads(head(A, "1", "1"), head(B, "9", "12", start=DAY))
        ),
        ("2", "5"),
    ),
    "the head dies, a member leaves another behind and becomes head": (
        lambda: (
            world()
            .a(goes("1", 1, end_reason="52"), goes("2", 2), stays(A, "3", 3))
            .b(comes("12", 2))
            .heads(head(A, "1", "1"), head(B, "9", "12", start=DAY))
        ),
        ("2", "5"),
    ),
    # left by 51 is a split too
    "one leaves the prefecture on the day of the move": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2, end_reason="51"))
            .b(comes("11", 1))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "5"),
    ),
    "one leaves for elsewhere inside by 57 and has not arrived": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2))
            .b(comes("11", 1))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "5"),
    ),
    # H-5: A joins C's household, C stays head: only C's counts
    "joins a household whose head stays": (
        lambda: (
            world()
            .a(goes("1", 1))
            .b(comes("11", 1), stays(B, "13", 3, "9"))
            .heads(head(A, "1", "1"), head(B, "9", "13"))
        ),
        ("2", "6"),
    ),
    # H-5: A moves in and is head over C: A's counts
    "moves in and is head over those who are there": (
        lambda: (
            world()
            .a(goes("1", 1))
            .b(comes("11", 1), stays(B, "13", 3, "9"))
            .heads(head(A, "1", "1"), head(B, "9", "13", head_end=DAY), head(B, "9", "11", history=2, start=DAY))
        ),
        ("1", "6"),
    ),
    "one comes from another household of the municipality entered": (
        lambda: (
            world()
            .a(goes("1", 1))
            .b(
                comes("11", 1),
                stays(B, "13", 3, "8", member_end=DAY),
                stays(B, "13", 3, "9", history=2, member_start=DAY),
            )
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY), head(B, "8", "13"))
        ),
        ("1", "6"),
    ),
    "one comes by 01 from outside": (
        lambda: (
            world()
            .a(goes("1", 1))
            .b(comes("11", 1), insured(B, "12", 2, "9", start=DAY, reason="01"))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=DAY))
        ),
        ("1", "6"),
    ),
    "the new head was not of the old household": (
        lambda: (
            world()
            .a(goes("1", 1), goes("2", 2))
            .b(comes("11", 1), comes("12", 2), insured(B, "14", 4, "9", start=DAY, reason="03"))
            .heads(head(A, "1", "1"), head(B, "9", "14", start=DAY))
        ),
        ("2", "6"),
    ),
    "split and merger are reported as merger": (
        lambda: (
            world()
            .a(goes("1", 1), stays(A, "2", 2))
            .b(comes("11", 1), stays(B, "13", 3, "9"))
            .heads(head(A, "1", "1"), head(B, "9", "13", head_end=DAY), head(B, "9", "11", history=2, start=DAY))
        ),
        ("1", "6"),
    ),
    # H-5: nominal heads
    "the nominal head stays head": (
        lambda: (
            world()
            .a(nominal_head(A, "1", number=number(1)), goes("2", 2))
            .b(nominal_head(B, "11", number=number(1), household="9"), comes("12", 2))
            .heads(head(A, "1", "1", head_kind="2", head_end=DAY), head(B, "9", "11", head_kind="2", start=DAY))
        ),
        ("1", "1"),
    ),
    "the head joins employee insurance and all move": (
        lambda: (
            world()
            .a(goes("1", 1, end_reason="53"), goes("2", 2))
            .b(nominal_head(B, "11", number=number(1), household="9"), comes("12", 2))
            .heads(head(A, "1", "1", head_end=DAY), head(B, "9", "11", head_kind="2", start=DAY))
        ),
        ("1", "1"),
    ),
    #
    "a nominal head stays behind as a head": (
        lambda: (
            world()
            .a(nominal_head(A, "1", number=number(1)), goes("2", 2))
            .b(comes("12", 2))
            .heads(head(A, "1", "1", head_kind="2"), head(B, "9", "12", start=DAY))
        ),
        ("2", "5"),
    ),
    "a nominal head who is no head afterwards stays behind": (
        lambda: (
            world()
            .a(nominal_head(A, "1", number=number(1)), goes("2", 2))
            .b(comes("12", 2))
            .heads(head(A, "1", "1", head_kind="2", head_end=DAY), head(B, "9", "12", start=DAY))
        ),
        ("1", "2"),
    ),
    # head unknown
    "no household record of the municipality entered": (
        lambda: world().a(goes("1", 1)).b(comes("11", 1)).heads(head(A, "1", "1")),
        ("3", "9"),
    ),
    "no household record of the municipality left": (
        lambda: world().a(goes("1", 1)).b(comes("11", 1)).heads(head(B, "9", "11", start=DAY)),
        ("3", "9"),
    ),
    "a head of whom nothing was sent": (
        lambda: world().a(goes("2", 2)).b(comes("12", 2)).heads(head(A, "1", "1"), head(B, "9", "12", start=DAY)),
        ("3", "9"),
    ),
    "a head who begins after the move": (
        lambda: (
            world().a(goes("1", 1)).b(comes("11", 1)).heads(head(A, "1", "1"), head(B, "9", "11", start="2024-04-02"))
        ),
        ("3", "9"),
    ),
}


class TestSuggestion:
    @pytest.mark.parametrize(("make", "due"), list(CASES.values()), ids=list(CASES))
    def test_case(self, office: PrefectureOffice, make: Callable[[], World], due: tuple[str, str]) -> None:
        """Rules: H-4, H-5, X-14, X-15, X-16, X-17, X-18."""
        make().send(office)
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "9", *due)]
        [row] = told(office, B, "KEIKOHO")
        assert about(
            [row],
            "insurer_number",
            "from_insurer",
            "household_number",
            "from_household_number",
            "status",
            "suggestion",
            "suggestion_reason",
        ) == [(B, A, "9", "1", "1", *due)]
        assert iso(row["moved_on"]) == DAY
        assert told(office, A, "KEIKOHO") == []

    def test_the_order_of_arrival_does_not_matter(self, office: PrefectureOffice) -> None:
        """Rules: X-5, X-7, H-6."""
        office.persons(B, comes("11", 1), comes("12", 2))
        office.resolve("2024-04-15")
        office.persons(A, goes("1", 1), goes("2", 2))
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "9", "3", "9")]
        office.households(B, head(B, "9", "11", start=DAY))
        office.households(A, head(A, "1", "1"))
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "9", "1", "1")]

    def test_a_split_makes_two_pairs(self, office: PrefectureOffice) -> None:
        """Rules: H-5, X-15."""
        office.households(A, head(A, "1", "1"))
        office.persons(A, goes("1", 1), goes("2", 2))
        office.households(B, head(B, "9", "11", start=DAY))
        office.persons(B, comes("11", 1))
        office.households(C, head(C, "5", "12", start=DAY))
        office.persons(C, entered(C, "12", 2, "5", start=DAY))
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "9", "1", "5"), (A, "1", C, "5", "2", "5")]

    @pytest.mark.parametrize(
        ("left", "into"),
        [
            ({"end_reason": "51"}, {"reason": "01"}),
            ({"end": "2023-01-01", "end_reason": "51"}, {"reason": "01"}),
            ({"end_reason": "53"}, {"reason": "03"}),
        ],
        ids=["out and in again at once", "out of the prefecture and back", "employee insurance and back"],
    )
    def test_no_candidate_without_a_move_inside(self, office: PrefectureOffice, left: Any, into: Any) -> None:
        """Rules: H-5, H-6, X-15."""
        world().a(goes("1", 1, **left)).b(comes("11", 1, **into)).heads(
            head(A, "1", "1"), head(B, "9", "11", start=DAY)
        ).send(office)
        office.resolve("2024-04-15")
        assert suggestions(office) == []

    def test_a_nominal_head_who_moves_alone_makes_none(self, office: PrefectureOffice) -> None:
        """Rules: X-20, H-6."""
        world().a(nominal_head(A, "1", number=number(1))).b(
            nominal_head(B, "11", number=number(1), household="9")
        ).heads(head(A, "1", "1", head_kind="2", head_end=DAY), head(B, "9", "11", head_kind="2", start=DAY)).send(
            office
        )
        office.resolve("2024-04-15")
        assert office.candidates() == []

    def test_movers_on_several_days_are_judged_on_the_first(self, office: PrefectureOffice) -> None:
        """Rules: X-15, X-35."""
        world().a(goes("1", 1), goes("2", 2, end="2024-04-20")).b(
            comes("11", 1), comes("12", 2, start="2024-04-20")
        ).heads(head(A, "1", "1"), head(B, "9", "11", start=DAY)).send(office)
        office.resolve("2024-05-15")
        assert suggestions(office) == [(A, "1", B, "9", "1", "1")]
        [row] = told(office, B, "KEIKOHO")
        assert (iso(row["moved_on"]), row["moved_members"]) == (DAY, 2)

    def test_the_head_of_the_current_record_counts_not_the_relationship(self, office: PrefectureOffice) -> None:
        """Rules: X-20, H-4."""
        world().a(goes("1", 1, relationship="02"), goes("2", 2, relationship="01")).b(
            comes("11", 1, relationship="02"), comes("12", 2, relationship="01")
        ).heads(head(A, "1", "2"), head(A, "1", "1", history=2), head(B, "9", "11", start=DAY)).send(office)
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "9", "1", "1")]

    def test_member_dates_and_history_numbers_say_who_lives_where(self, office: PrefectureOffice) -> None:
        """Rules: X-14, X-32."""
        # person 2 left household 1 for household 2 of A long before the move, the head moved alone
        world().a(
            goes("1", 1),
            stays(A, "2", 2, "1", member_end="2022-01-01"),
            stays(A, "2", 2, "2", history=2, member_start="2022-01-01"),
        ).b(comes("11", 1)).heads(
            head(A, "1", "1"), head(A, "2", "2", start="2022-01-01"), head(B, "9", "11", start=DAY)
        ).send(office)
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "9", "1", "1")]

    def test_the_pair_names_the_household_of_the_day(self, office: PrefectureOffice) -> None:
        """Rules: X-14, X-32, X-15."""
        world().a(
            goes("1", 1, "1", end=DAY, member_end="2023-01-01"), goes("1", 1, "2", history=2, member_start="2023-01-01")
        ).b(
            comes("11", 1, "9", member_end="2024-05-01"), comes("11", 1, "8", history=2, member_start="2024-05-01")
        ).heads(head(A, "2", "1"), head(B, "9", "11", start=DAY)).send(office)
        office.resolve("2024-06-15")
        assert suggestions(office) == [(A, "2", B, "9", "1", "1")]


class TestOpenFindings:
    def world_with(self, end: str, start: str, **more: Any) -> World:
        return (
            world()
            .a(goes("1", 1, end=end))
            .b(comes("11", 1, start=start, **more))
            .heads(head(A, "1", "1"), head(B, "9", "11", start=start))
        )

    @pytest.mark.parametrize(
        ("end", "start", "more", "kind"),
        [
            ("2024-04-05", DAY, {}, "overlap"),
            ("2024-03-20", DAY, {}, "gap"),
            (DAY, DAY, {"reason": "03"}, "one_sided"),
        ],
    )
    def test_it_cannot_be_confirmed_while_one_is_open(
        self, office: PrefectureOffice, end: str, start: str, more: Any, kind: str
    ) -> None:
        """Rules: H-5, X-18, X-26, X-28."""
        self.world_with(end, start, **more).send(office)
        office.resolve("2024-04-15")
        assert [each[0] for each in open_findings(office)] == [kind]
        assert suggestions(office) == [(A, "1", B, "9", "3", "9")]
        [candidate] = office.candidates()
        answer = office.decide(B, instruction(B, candidate.number, "1"))
        assert codes(answer) == [("KKH-H002", 2, "decision")]
        assert told(office, B, "KEIKAKU") == []
        assert office.decide(B, instruction(B, candidate.number, "2")).counts.accepted == 1
        assert about(told(office, B, "KEIKAKU"), "decision") == [("2",)]

    def test_it_can_be_once_the_finding_is_solved(self, office: PrefectureOffice) -> None:
        """Rules: X-18, H-5."""
        self.world_with("2024-04-05", DAY).send(office)
        office.resolve("2024-04-15")
        office.persons(A, goes("1", 1, kind="2"))
        [candidate] = office.candidates()
        # judged by the state of the last resolve
        assert codes(office.decide(B, instruction(B, candidate.number, "1"))) == [("KKH-H002", 2, "decision")]
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "9", "1", "1")]
        assert office.decide(B, instruction(B, candidate.number, "1")).counts.accepted == 1

    def test_a_later_finding_reopens_but_does_not_undo(self, office: PrefectureOffice) -> None:
        """Rules: X-18, X-28, H-6."""
        self.world_with(DAY, DAY).send(office)
        months(office, A, "1", "2024-01")
        office.resolve("2024-04-15")
        [candidate] = office.candidates()
        office.decide(B, instruction(B, candidate.number, "1"))
        assert about(told(office, B, "KEIKOHO"), "status") == [("3",)]
        office.persons(A, goes("1", 1, kind="2", end="2024-04-05"))
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "status", "suggestion", "suggestion_reason") == [("1", "3", "9")]
        assert about(told(office, B, "KEIKAKU"), "decision") == [("1",)]
        assert carried(told(office, B, "KOHIKI")) == [("202401", "1", "1")]
        office.persons(A, goes("1", 1, kind="2"))
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "status") == [("3",)]

    def test_no_is_never_reopened(self, office: PrefectureOffice) -> None:
        """Rules: X-28."""
        self.world_with(DAY, DAY).send(office)
        office.resolve("2024-04-15")
        [candidate] = office.candidates()
        office.decide(B, instruction(B, candidate.number, "2"))
        office.persons(A, goes("1", 1, kind="2", end="2024-04-05"))
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "status") == [("3",)]

    def test_only_findings_that_name_the_entered_period_block(self, office: PrefectureOffice) -> None:
        """Rules: X-28."""
        world().a(goes("1", 1)).b(comes("11", 1)).heads(head(A, "1", "1"), head(B, "9", "11", start=DAY)).send(office)
        # C's old period overlaps the one left, not the one entered
        office.persons(C, insured(C, "3", 1, "7", start="2021-01-01", end="2021-02-01", end_reason="53"))
        office.resolve("2024-04-15")
        assert [each[0] for each in open_findings(office)] == ["overlap"]
        assert (A, "1", B, "9", "1", "1") in suggestions(office)

    def test_all_of_those_block(self, office: PrefectureOffice) -> None:
        """Rules: X-28."""
        world().a(goes("1", 1)).b(comes("11", 1)).heads(head(A, "1", "1"), head(B, "9", "11", start=DAY)).send(office)
        office.persons(C, insured(C, "3", 1, "7", start="2024-04-10", reason="03"))
        office.resolve("2024-04-15")
        assert (A, "1", B, "9", "3", "9") in suggestions(office)


def simple_move(office: PrefectureOffice, *own_months: str) -> str:
    """Head 1 moves from household 1 of A to household 9 of B. Returns the candidate number."""
    world().a(goes("1", 1)).b(comes("11", 1)).heads(head(A, "1", "1"), head(B, "9", "11", start=DAY)).send(office)
    if own_months:
        months(office, A, "1", *own_months)
    office.resolve("2024-04-15")
    [candidate] = office.candidates()
    return str(candidate.number)


def confirm(office: PrefectureOffice, candidate: str, decision: str = "1") -> None:
    answer = office.decide(B, instruction(B, candidate, decision))
    assert codes(answer) == []
    assert answer.counts.accepted == 1


class TestDecision:
    def test_nothing_is_confirmed_by_itself(self, office: PrefectureOffice) -> None:
        """Rules: H-6."""
        simple_move(office, "2024-01")
        for insurer in (A, B):
            assert (
                told(office, insurer, "KEIKAKU")
                == told(office, insurer, "KOHIKI")
                == told(office, insurer, "KOHIKEKKA")
                == []
            )

    def test_yes_is_told_to_both_and_carries_the_months(self, office: PrefectureOffice) -> None:
        """Rules: H-6, H-3, X-19, X-20."""
        number_ = simple_move(office, "2024-01", "2024-02")
        office.deliver(A)
        office.deliver(B)
        confirm(office, number_)
        for_a, for_b = office.deliver(A), office.deliver(B)
        keys = (
            "insurer_number",
            "candidate_number",
            "household_number",
            "from_insurer",
            "from_household_number",
            "decision",
            "carried_months",
        )
        assert about(for_a["KEIKAKU"], *keys) == about(for_b["KEIKAKU"], *keys) == [(B, number_, "9", A, "1", "1", 2)]
        assert iso(for_a["KEIKAKU"][0]["decided_on"]) == "2024-06-10"
        assert iso(for_a["KEIKAKU"][0]["moved_on"]) == DAY
        assert carried(for_b["KOHIKI"]) == [("202401", "1", "1"), ("202402", "1", "1")]
        assert (
            about(for_b["KOHIKI"], "insurer_number", "household_number", "from_insurer", "from_household_number")
            == [(B, "9", A, "1")] * 2
        )
        assert about(for_b["KOHIKEKKA"], "candidate_number", "result", "carried_months", "occurrence_count") == [
            (number_, "1", 2, 2)
        ]
        assert about(for_b["KEIKOHO"], "status") == [("3",)]
        assert "KOHIKI" not in for_a and "KOHIKEKKA" not in for_a and "KEIKOHO" not in for_a

    def test_yes_without_months_says_why_none(self, office: PrefectureOffice) -> None:
        """Rules: H-6, X-36."""
        confirm(office, simple_move(office))
        assert about(told(office, B, "KOHIKEKKA"), "result", "carried_months") == [("2", 0)]
        assert told(office, B, "KOHIKI") == []

    def test_only_outpatient_months_are_none_too_but_carried(self, office: PrefectureOffice) -> None:
        """Rules: X-19, X-20, X-36, H-2."""
        number_ = simple_move(office)
        months(office, A, "1", "2024-01", occurrence="2")
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "occurrence_count") == [(0,)]
        confirm(office, number_)
        assert about(told(office, B, "KOHIKEKKA"), "result", "carried_months", "occurrence_count") == [("2", 0, 0)]
        assert carried(told(office, B, "KOHIKI")) == [("202401", "2", "1")]

    def test_no_is_told_to_both_and_carries_nothing(self, office: PrefectureOffice) -> None:
        """Rules: H-6, X-36."""
        confirm(office, simple_move(office, "2024-01"), "2")
        for insurer in (A, B):
            assert about(told(office, insurer, "KEIKAKU"), "decision", "carried_months") == [("2", 0)]
        assert told(office, B, "KOHIKI") == told(office, B, "KOHIKEKKA") == []

    def test_a_decision_can_be_revoked(self, office: PrefectureOffice) -> None:
        """Rules: H-6, X-28, X-13."""
        number_ = simple_move(office, "2024-01")
        confirm(office, number_)
        office.deliver(A)
        office.deliver(B)
        confirm(office, number_, "3")
        for_a, for_b = office.deliver(A), office.deliver(B)
        assert about(for_a["KEIKAKU"], "decision") == about(for_b["KEIKAKU"], "decision") == [("3",)]
        assert carried(for_b["KOHIKI"]) == [("202401", "1", "3")]
        assert about(for_b["KOHIKEKKA"], "result") == [("3",)]
        assert about(for_b["KEIKOHO"], "status") == [("1",)]
        confirm(office, number_)
        again = office.deliver(B)
        assert carried(again["KOHIKI"]) == [("202401", "1", "1")]
        assert about(again["KEIKAKU"], "decision") == [("1",)]

    def test_what_was_revoked_before_it_was_told_is_not_told(self, office: PrefectureOffice) -> None:
        """Rules: X-13, X-36."""
        number_ = simple_move(office, "2024-01")
        confirm(office, number_)
        confirm(office, number_, "3")
        assert not {"KEIKAKU", "KOHIKI", "KOHIKEKKA"} & set(office.deliver(B))

    def test_a_later_decision_replaces_an_earlier_one(self, office: PrefectureOffice) -> None:
        """Rules: X-18, X-36."""
        number_ = simple_move(office, "2024-01")
        confirm(office, number_)
        office.deliver(B)
        confirm(office, number_, "2")
        delivered = office.deliver(B)
        assert about(delivered["KEIKAKU"], "decision") == [("2",)]
        assert carried(delivered["KOHIKI"]) == [("202401", "1", "3")]
        assert about(delivered["KOHIKEKKA"], "result") == [("3",)]

    def test_two_decisions_in_one_file(self, office: PrefectureOffice) -> None:
        """Rules: X-18, X-1."""
        number_ = simple_move(office)
        answer = office.decide(
            B, instruction(B, number_, "1"), instruction(B, number_, "3"), instruction(B, number_, "3")
        )
        assert (answer.counts.accepted, answer.counts.rejected) == (2, 1)
        assert codes(answer) == [("KKH-H003", 4, "decision")]

    def test_what_cannot_be_decided(self, office: PrefectureOffice) -> None:
        """Rules: H-6, X-1, X-28."""
        number_ = simple_move(office)
        assert codes(office.decide(B, instruction(B, number_, "3"))) == [("KKH-H003", 2, "decision")]
        assert codes(office.decide(B, instruction(B, "K130000009999", "1"))) == [("KKH-H001", 2, "candidate_number")]
        assert codes(office.decide(A, instruction(A, number_, "1"))) == [("KKH-H001", 2, "candidate_number")]
        assert told(office, B, "KEIKAKU") == []

    def test_a_candidate_whose_facts_vanish_is_withdrawn_and_returns_with_its_decision(
        self, office: PrefectureOffice
    ) -> None:
        """Rules: H-6, X-28, X-13."""
        number_ = simple_move(office, "2024-01")
        confirm(office, number_)
        office.deliver(A)
        office.deliver(B)
        office.persons(B, comes("11", 1, kind="3"))
        assert office.resolve("2024-04-15").candidates_withdrawn == 1
        for_a, for_b = office.deliver(A), office.deliver(B)
        assert about(for_b["KEIKOHO"], "candidate_number", "status") == [(number_, "2")]
        assert about(for_a["KEIKAKU"], "decision") == about(for_b["KEIKAKU"], "decision") == [("3",)]
        assert about(for_b["KOHIKEKKA"], "result") == [("3",)]
        assert carried(for_b["KOHIKI"]) == [("202401", "1", "3")]
        assert codes(office.decide(B, instruction(B, number_, "1"))) == [("KKH-H004", 2, "candidate_number")]
        office.persons(B, comes("11", 1, history=2))
        assert office.resolve("2024-04-15").candidates_opened == 1
        back = office.deliver(B)
        assert about(back["KEIKOHO"], "candidate_number", "status") == [(number_, "3")]
        assert about(back["KEIKAKU"], "decision") == [("1",)]
        assert carried(back["KOHIKI"]) == [("202401", "1", "1")]

    def test_a_candidate_withdrawn_before_it_was_told_is_not_told(self, office: PrefectureOffice) -> None:
        """Rules: X-13, H-6."""
        simple_move(office)
        office.persons(B, comes("11", 1, kind="3"))
        office.resolve("2024-04-15")
        assert "KEIKOHO" not in office.deliver(B)

    def test_a_protected_mover_hides_where_he_went(self, office: PrefectureOffice) -> None:
        """Rules: X-27, Q-5, H-6."""
        world().a(goes("1", 1), goes("2", 2)).b(
            comes("11", 1), comes("12", 2, address_withheld="1", updated_at="2024-05-01")
        ).heads(head(A, "1", "1"), head(B, "9", "11", start=DAY)).send(office)
        office.resolve("2024-04-15")
        [candidate] = office.candidates()
        confirm(office, candidate.number)
        keys = ("insurer_number", "household_number", "from_insurer", "from_household_number", "decision")
        assert about(told(office, A, "KEIKAKU"), *keys) == [(None, None, A, "1", "1")]
        assert about(told(office, B, "KEIKAKU"), *keys) == [(B, "9", A, "1", "1")]


class TestCounting:
    def test_one_month_counts_once_and_an_amount_of_nothing_counts(self, office: PrefectureOffice) -> None:
        """Rules: H-1, H-2, X-20."""
        number_ = simple_move(office, "2024-01")
        months(office, A, "1", "2024-02", amount=0)
        months(office, A, "1", "2024-02", occurrence="2")
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "occurrence_count") == [(2,)]
        confirm(office, number_)
        assert carried(told(office, B, "KOHIKI")) == [("202401", "1", "1"), ("202402", "1", "1"), ("202402", "2", "1")]

    def test_the_window_is_the_twelve_months_that_end_with_the_move(self, office: PrefectureOffice) -> None:
        """Rules: H-2, H-3, X-19."""
        number_ = simple_move(office, "2023-04", "2023-05", "2024-04", "2024-05")
        assert about(told(office, B, "KEIKOHO"), "occurrence_count") == [(2,)]
        confirm(office, number_)
        assert carried(told(office, B, "KOHIKI")) == [("202305", "1", "1"), ("202404", "1", "1")]

    def test_months_before_2018_04_are_not_carried(self, office: PrefectureOffice) -> None:
        """Rules: H-3, Q-9."""
        day = "2018-05-01"
        world().a(goes("1", 1, start="2010-04-01", end=day)).b(comes("11", 1, start=day)).heads(
            head(A, "1", "1", start="2010-04-01"), head(B, "9", "11", start=day)
        ).send(office)
        months(office, A, "1", "2018-02", "2018-03", "2018-04")
        office.resolve("2018-05-10")
        [candidate] = office.candidates()
        confirm(office, candidate.number)
        assert carried(told(office, B, "KOHIKI")) == [("201804", "1", "1")]
        assert about(told(office, B, "KOHIKEKKA"), "carried_months") == [(1,)]

    def test_the_month_of_the_move_counts_once(self, office: PrefectureOffice) -> None:
        """Rules: H-8, H-2, X-36."""
        day = "2024-04-15"
        world().a(goes("1", 1, end=day)).b(comes("11", 1, start=day)).heads(
            head(A, "1", "1"), head(B, "9", "11", start=day)
        ).send(office)
        months(office, A, "1", "2024-03", "2024-04")
        months(office, B, "9", "2024-04")
        office.resolve("2024-04-20")
        [candidate] = office.candidates()
        confirm(office, candidate.number)
        assert about(told(office, B, "KOHIKEKKA"), "carried_months", "occurrence_count") == [(2, 2)]

    def test_corrected_amounts_change_nothing_and_are_not_told(self, office: PrefectureOffice) -> None:
        """Rules: X-36, H-7, X-13."""
        number_ = simple_move(office, "2024-01")
        confirm(office, number_)
        office.deliver(B)
        months(office, A, "1", "2024-01", kind="2", amount=1)
        office.resolve("2024-04-15")
        assert set(office.deliver(B)) == set()

    def test_a_cancelled_month_may_be_sent_anew(self, office: PrefectureOffice) -> None:
        """Rules: X-4, H-1."""
        simple_move(office, "2024-01")
        assert codes(office.months(A, high_cost(A, "1", "2024-01"))) == [("KKH-R002", 2, "treatment_month")]
        months(office, A, "1", "2024-01", kind="3")
        assert codes(office.months(A, high_cost(A, "1", "2024-01", kind="2"))) == [("KKH-P007", 2, "treatment_month")]
        assert codes(office.months(A, high_cost(A, "1", "2024-01", kind="3"))) == [("KKH-P007", 2, "treatment_month")]
        months(office, A, "1", "2024-01")
        assert codes(office.months(A, high_cost(A, "1", "2024-02", kind="3"))) == [("KKH-R001", 2, "treatment_month")]
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "occurrence_count") == [(1,)]

    def test_those_left_under_a_new_head_start_anew(self, office: PrefectureOffice) -> None:
        """Rules: H-1, H-4, H-5, X-21, X-29."""
        # head 1 leaves A for B in 2023-10, persons 2 stay under head 2 and move on to B in 2024-04
        world().a(goes("1", 1, end="2023-10-01"), goes("2", 2)).b(
            comes("11", 1, start="2023-10-01"), comes("12", 2, "8")
        ).heads(
            head(A, "1", "1", head_end="2023-10-01"),
            head(A, "1", "2", history=2, start="2023-10-01"),
            head(B, "9", "11", start="2023-10-01"),
            head(B, "8", "12", start=DAY),
        ).send(office)
        months(office, A, "1", "2023-08", "2023-09", "2023-10", "2024-01")
        office.resolve("2024-04-15")
        assert suggestions(office) == [(A, "1", B, "8", "1", "1"), (A, "1", B, "9", "1", "5")]
        counts = {row["household_number"]: row["occurrence_count"] for row in told(office, B, "KEIKOHO")}
        assert counts == {"9": 2, "8": 2}
        for each in office.candidates():
            confirm(office, each.number)
        by_household: dict[str, list[str]] = {}
        for row in told(office, B, "KOHIKI"):
            by_household.setdefault(row["household_number"], []).append(str(row["treatment_month"]))
        # a month belongs to the segment of its first day
        assert {key: sorted(each) for key, each in by_household.items()} == {
            "9": ["202308", "202309"],
            "8": ["202310", "202401"],
        }

    def test_a_head_who_dies_leaves_the_counts_to_those_who_stay(self, office: PrefectureOffice) -> None:
        """Rules: H-4, X-29, H-1."""
        world().a(goes("1", 1, end="2023-10-01", end_reason="52"), goes("2", 2)).b(comes("12", 2)).heads(
            head(A, "1", "1", head_end="2023-10-01"),
            head(A, "1", "2", history=2, start="2023-10-01"),
            head(B, "9", "12", start=DAY),
        ).send(office)
        months(office, A, "1", "2023-08", "2024-01")
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "occurrence_count") == [(2,)]

    def test_a_head_who_leaves_the_prefecture_alone_splits_off(self, office: PrefectureOffice) -> None:
        """Rules: X-29, H-4."""
        world().a(goes("1", 1, end="2023-10-01", end_reason="51"), goes("2", 2)).b(comes("12", 2)).heads(
            head(A, "1", "1", head_end="2023-10-01"),
            head(A, "1", "2", history=2, start="2023-10-01"),
            head(B, "9", "12", start=DAY),
        ).send(office)
        months(office, A, "1", "2023-08", "2024-01")
        office.resolve("2024-04-15")
        assert about(told(office, B, "KEIKOHO"), "occurrence_count") == [(1,)]

    def test_the_counts_of_those_whose_household_is_taken_over_end(self, office: PrefectureOffice) -> None:
        """Rules: X-21, H-5, X-29."""
        make, _ = CASES["moves in and is head over those who are there"]
        make().send(office)
        months(office, A, "1", "2024-01")
        months(office, B, "9", "2024-02", "2024-03")
        months(office, B, "9", "2024-04")
        office.resolve("2024-04-15")
        [candidate] = office.candidates()
        confirm(office, candidate.number)
        # the month of the move and what was carried in, not C's own earlier months
        assert about(told(office, B, "KOHIKEKKA"), "carried_months", "occurrence_count") == [(1, 2)]

    def test_joining_adds_nothing_to_the_counts_of_the_one_who_stays_head(self, office: PrefectureOffice) -> None:
        """Rules: H-5, H-6."""
        make, _ = CASES["joins a household whose head stays"]
        make().send(office)
        months(office, A, "1", "2024-01")
        months(office, B, "9", "2024-02")
        office.resolve("2024-04-15")
        [candidate] = office.candidates()
        assert about(told(office, B, "KEIKOHO"), "occurrence_count", "suggestion") == [(1, "2")]
        confirm(office, candidate.number, "2")
        assert told(office, B, "KOHIKI") == []


class TestLaterFacts:
    def test_months_known_later_reach_the_new_municipality(self, office: PrefectureOffice) -> None:
        """Rules: H-7, X-13."""
        confirm(office, simple_move(office, "2024-01"))
        office.deliver(A)
        office.deliver(B)
        months(office, A, "1", "2024-02")
        months(office, A, "1", "2024-01", kind="3")
        office.resolve("2024-04-15")
        for_b = office.deliver(B)
        assert carried(for_b["KOHIKI"]) == [("202401", "1", "3"), ("202402", "1", "1")]
        assert "KEIKAKU" not in for_b  # still one month
        months(office, A, "1", "2024-03")
        office.resolve("2024-04-15")
        for_a, for_b = office.deliver(A), office.deliver(B)
        assert carried(for_b["KOHIKI"]) == [("202403", "1", "1")]
        assert about(for_b["KOHIKEKKA"], "result", "carried_months") == [("1", 2)]
        assert about(for_a["KEIKAKU"], "carried_months") == [(2,)]

    def chain(self, office: PrefectureOffice) -> list[str]:
        """Person 1 goes from A to B and on to C; both candidates confirmed. Returns their numbers."""
        office.households(A, head(A, "1", "1"))
        office.persons(A, goes("1", 1, end="2024-01-10"))
        office.households(B, head(B, "9", "11", start="2024-01-10"))
        office.persons(B, comes("11", 1, start="2024-01-10", end="2024-03-10", end_reason="57"))
        office.households(C, head(C, "5", "21", start="2024-03-10"))
        office.persons(C, entered(C, "21", 1, "5", start="2024-03-10"))
        months(office, A, "1", "2023-11")
        months(office, B, "9", "2024-02")
        office.resolve("2024-04-15")
        numbers = {each.pair.entered.insurer_number: each.number for each in office.candidates()}
        office.decide(C, instruction(C, numbers[C], "1"))
        office.decide(B, instruction(B, numbers[B], "1"))
        office.resolve("2024-04-15")
        return [numbers[B], numbers[C]]

    def test_they_go_on_along_a_chain(self, office: PrefectureOffice) -> None:
        """Rules: H-7, X-19."""
        self.chain(office)
        assert carried(office.deliver(B)["KOHIKI"]) == [("202311", "1", "1")]
        assert carried(office.deliver(C)["KOHIKI"]) == [("202311", "1", "1"), ("202402", "1", "1")]
        months(office, A, "1", "2023-12")
        office.resolve("2024-04-15")
        assert carried(office.deliver(B)["KOHIKI"]) == [("202312", "1", "1")]
        assert carried(office.deliver(C)["KOHIKI"]) == [("202312", "1", "1")]
        months(office, A, "1", "2023-11", kind="3")
        office.resolve("2024-04-15")
        assert carried(office.deliver(B)["KOHIKI"]) == [("202311", "1", "3")]
        for_c = office.deliver(C)
        assert carried(for_c["KOHIKI"]) == [("202311", "1", "3")]
        assert about(for_c["KOHIKI"], "from_insurer", "from_household_number") == [(B, "9")]

    def test_a_revocation_reaches_the_end_of_the_chain(self, office: PrefectureOffice) -> None:
        """Rules: H-7, H-6."""
        first, _ = self.chain(office)
        office.deliver(C)
        confirm(office, first, "3")
        office.resolve("2024-04-15")
        assert carried(office.deliver(C)["KOHIKI"]) == [("202311", "1", "3")]

    def test_what_is_not_confirmed_is_not_carried_on(self, office: PrefectureOffice) -> None:
        """Rules: H-6, X-19."""
        first, _ = self.chain(office)
        confirm(office, first, "2")
        office.resolve("2024-04-15")
        assert carried(told(office, C, "KOHIKI")) == [("202402", "1", "1")]

    def test_a_circle_ends(self, office: PrefectureOffice) -> None:
        """Rules: H-7, X-19."""
        office.households(A, head(A, "1", "1"))
        office.persons(A, goes("1", 1, end="2024-01-10"), entered(A, "1", 1, history=2, start="2024-03-10"))
        office.households(B, head(B, "9", "11", start="2024-01-10"))
        office.persons(B, comes("11", 1, start="2024-01-10", end="2024-03-10", end_reason="57"))
        months(office, A, "1", "2023-11")
        months(office, B, "9", "2024-02")
        office.resolve("2024-04-15")
        numbers = {each.pair.entered.insurer_number: each.number for each in office.candidates()}
        office.decide(A, instruction(A, numbers[A], "1"))
        office.decide(B, instruction(B, numbers[B], "1"))
        office.resolve("2024-04-15")
        assert carried(told(office, B, "KOHIKI")) == [("202311", "1", "1")]
        assert {month for month, _, _ in carried(told(office, A, "KOHIKI"))} >= {"202402"}
        assert about(told(office, A, "KOHIKEKKA"), "occurrence_count") == [(2,)]

    def test_a_month_of_a_household_nobody_knows_waits(self, office: PrefectureOffice) -> None:
        """Rules: X-5, H-1."""
        months(office, A, "1", "2024-01")
        office.resolve("2024-04-15")
        simple_move(office)
        assert about(told(office, B, "KEIKOHO"), "occurrence_count") == [(1,)]


def test_the_candidate_names_its_head_by_the_municipal_id(office: PrefectureOffice) -> None:
    """Rules: H-6, Q-2."""
    simple_move(office)
    [row] = told(office, B, "KEIKOHO")
    assert row["head_municipal_insured_id"] == told(office, B, "HIHOID")[0]["municipal_insured_id"]
    assert row["moved_members"] == 1
    assert str(Month.of(2024, 4)) == "202404"
    assert D not in {row["from_insurer"], row["insurer_number"]}
