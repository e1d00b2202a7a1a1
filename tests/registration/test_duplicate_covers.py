"""Another valid cover: three conditions for an ex-officio loss, and two people."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from kokuho_core.entrusted_partition.duplicate_cover import (
    Obstacle,
    OtherCover,
    StandingQualification,
    judge_covers,
)
from kokuho_core.entrusted_partition.exchanged import DuplicateList
from kokuho_core.errors import Conflict, FileRefused, InvalidValue, NotApproved, NotFound
from kokuho_core.usecases.duplicate_covers import CoverSummary, decide_loss, decided_losses, list_covers, take_covers
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

from ..aggregation.support import insured
from ..prefecture.office import A, B, day
from ..prefecture.two_people import FIRST, REASON, SECOND, as_operator, by_two
from .counter import Counter
from .model_receiver import duplicate

ACQUIRED = StandingQualification(date(2024, 4, 1), None)
MAY, JUNE, JULY = date(2024, 5, 1), date(2024, 6, 1), date(2024, 7, 1)
COVER, OTHER = OtherCover("06130012", date(2024, 4, 15)), OtherCover("06130020", date(2024, 4, 15))


class TestDecisionTable:
    @pytest.mark.parametrize(("begins", "twice", "same"), list(product((True, False), repeat=3)))
    def test_all_eight_combinations(self, begins: bool, twice: bool, same: bool) -> None:
        """Rules: R-7, S-25. Possible only where all three hold."""
        acquired = ACQUIRED if begins else ACQUIRED._replace(acquired=date(2024, 4, 16))
        before = {MAY: [COVER if same else OTHER]} if twice else {}
        lists = [MAY, JUNE] if same or twice else [JUNE]
        verdict = judge_covers(acquired, lists, {**before, JUNE: [COVER]})
        expected = set()
        if not begins:
            expected.add(Obstacle.BEGAN_EARLIER)
        if not twice:
            expected.add(Obstacle.NOT_TWICE_IN_A_ROW)
        if twice and not same:
            expected.add(Obstacle.NOT_THE_SAME)
        assert set(verdict.obstacles) == expected
        assert verdict.is_possible is (begins and twice and same)

    @pytest.mark.parametrize(("began", "possible"), [("2024-03-31", False), ("2024-04-01", True), ("2024-04-02", True)])
    def test_on_the_very_day_is_enough(self, began: str, possible: bool) -> None:
        """Rules: R-7, S-25, D-5. The loss would be the day after."""
        cover = OtherCover("06130012", day(began))
        verdict = judge_covers(ACQUIRED, [MAY, JUNE], {MAY: [cover], JUNE: [cover]})
        assert verdict.is_possible is possible
        assert verdict.lost_on == date.fromordinal(day(began).toordinal() + 1)

    def test_a_list_without_him_in_between(self) -> None:
        """Rules: R-7, S-25. Twice, but not in a row."""
        verdict = judge_covers(ACQUIRED, [MAY, JUNE, JULY], {MAY: [COVER], JULY: [COVER]})
        assert verdict.obstacles == (Obstacle.NOT_TWICE_IN_A_ROW,)

    def test_no_longer_listed(self) -> None:
        """Rules: R-7, S-25."""
        verdict = judge_covers(ACQUIRED, [MAY, JUNE, JULY], {MAY: [COVER], JUNE: [COVER]})
        assert not verdict.is_possible
        assert verdict.cover is None

    def test_another_first_day_is_another_cover(self) -> None:
        """Rules: R-7, S-25."""
        moved = COVER._replace(acquired_on=date(2024, 4, 20))
        verdict = judge_covers(ACQUIRED, [MAY, JUNE], {MAY: [moved], JUNE: [COVER]})
        assert verdict.obstacles == (Obstacle.NOT_THE_SAME,)

    def test_of_several_covers_the_one_that_stayed(self) -> None:
        """Rules: R-7."""
        verdict = judge_covers(ACQUIRED, [MAY, JUNE], {MAY: [COVER], JUNE: [OTHER, COVER]})
        assert (verdict.cover, verdict.is_possible) == (COVER, True)

    def test_of_several_that_stayed_the_first_decides_the_day(self) -> None:
        """Rules: R-7, D-5. Whatever its number, and in whatever order they are listed."""
        later = OtherCover("06130001", date(2024, 4, 28))
        for listed in ([COVER, later], [later, COVER]):
            verdict = judge_covers(ACQUIRED, [MAY, JUNE], {MAY: listed, JUNE: listed})
            assert (verdict.cover, verdict.lost_on) == (COVER, day("2024-04-16"))

    def test_it_rests_on_the_lists_with_this_cover(self) -> None:
        """Rules: R-7, S-25. Listed before with another one: that list says nothing of this cover."""
        verdict = judge_covers(ACQUIRED, [MAY, JUNE, JULY], {MAY: [OTHER], JUNE: [COVER], JULY: [COVER]})
        assert (verdict.is_possible, verdict.listed_on) == (True, (JUNE, JULY))

    @pytest.mark.parametrize(("end", "possible"), [("2024-04-15", False), ("2024-04-16", False), ("2024-04-17", True)])
    def test_what_has_ended_is_not_ended_again(self, end: str, possible: bool) -> None:
        """Rules: R-7, D-5. A loss or a move-out notified meanwhile; one with too late a day may still be set right."""
        verdict = judge_covers(
            ACQUIRED._replace(application_end=day(end)), [MAY, JUNE], {MAY: [COVER], JUNE: [COVER]}
        )
        assert verdict.is_possible is possible
        assert verdict.obstacles == (() if possible else (Obstacle.ENDED_ALREADY,))

    def test_a_held_qualification_decides_nothing(self) -> None:
        """Rules: R-7, X-9."""
        assert not judge_covers(None, [MAY, JUNE], {MAY: [COVER], JUNE: [COVER]}).is_possible


def take(counter: Counter, on: date, *covers: OtherCover, addressee: str = "10", insurer: str = A) -> CoverSummary:
    person = counter.municipal_id(insurer, addressee)
    rows = [duplicate(insurer, person, on, each.insurer_number, each.acquired_on.isoformat()) for each in covers]
    counter.receiver.covers[insurer] = DuplicateList(on, rows)
    return take_covers(counter.office, InsurerNumber(insurer), counter.receiver)


@pytest.fixture
def insured_one(counter: Counter) -> Counter:
    counter.told(A, insured(A, "10", 1, start="2024-04-01"), insured(A, "20", 2, start="2024-04-01"))
    return counter


def person_of(counter: Counter, addressee: str = "10") -> MunicipalInsuredId:
    return MunicipalInsuredId(counter.municipal_id(A, addressee))


class TestLists:
    def test_taken_once(self, insured_one: Counter) -> None:
        """Rules: R-7."""
        assert take(insured_one, MAY, COVER).persons == 1
        assert take(insured_one, MAY, COVER).persons is None
        (item,) = list_covers(insured_one.office, InsurerNumber(A))
        assert (item.municipal_insured_id, item.verdict.obstacles) == (
            person_of(insured_one), (Obstacle.NOT_TWICE_IN_A_ROW,),
        )  # fmt: skip

    def test_an_empty_list_ends_the_row(self, insured_one: Counter) -> None:
        """Rules: R-7."""
        take(insured_one, MAY, COVER)
        take(insured_one, JUNE)
        assert list_covers(insured_one.office, InsurerNumber(A)) == []
        take(insured_one, JULY, COVER)
        (item,) = list_covers(insured_one.office, InsurerNumber(A))
        assert not item.verdict.is_possible

    def test_older_than_the_last(self, insured_one: Counter) -> None:
        """Rules: R-7."""
        take(insured_one, JUNE, COVER)
        with pytest.raises(FileRefused) as refused:
            take(insured_one, MAY, COVER)
        assert refused.value.code == "KKH-K035"

    def test_of_another_municipality(self, insured_one: Counter) -> None:
        """Rules: R-1, R-7."""
        rows = [duplicate(B, person_of(insured_one), MAY)]
        insured_one.receiver.covers[A] = DuplicateList(MAY, rows)
        with pytest.raises(FileRefused) as refused:
            take_covers(insured_one.office, InsurerNumber(A), insured_one.receiver)
        assert refused.value.code == "KKH-K011"

    def test_somebody_unknown_is_left_out(self, insured_one: Counter) -> None:
        """Rules: R-7."""
        insured_one.receiver.covers[A] = DuplicateList(MAY, [duplicate(A, "M9999999999999998", MAY)])
        summary = take_covers(insured_one.office, InsurerNumber(A), insured_one.receiver)
        assert ([each.problem.code for each in summary.problems], summary.persons) == (["KKH-K021"], 0)


class TestDecision:
    def test_two_people(self, insured_one: Counter) -> None:
        """Rules: R-7, S-7, S-25."""
        take(insured_one, MAY, COVER)
        take(insured_one, JUNE, COVER)
        person, insurer = person_of(insured_one), InsurerNumber(A)
        loss = by_two(insured_one, lambda office: decide_loss(office, insurer, person, REASON))
        assert (loss.lost_on, loss.listed_on) == (day("2024-04-16"), (MAY, JUNE))
        assert loss.asked_by != loss.agreed_by
        assert decided_losses(insured_one.office, insurer) == [loss]
        assert [each.decided is not None for each in list_covers(insured_one.office, insurer)] == [True]

    def test_one_person_alone_cannot(self, insured_one: Counter) -> None:
        """Rules: S-7, S-25."""
        take(insured_one, MAY, COVER)
        take(insured_one, JUNE, COVER)
        person, insurer = person_of(insured_one), InsurerNumber(A)
        for _ in range(2):
            with pytest.raises(NotApproved) as refused:
                decide_loss(as_operator(insured_one, FIRST), insurer, person, REASON)
            assert refused.value.code == "KKH-A007"
        assert decided_losses(insured_one.office, insurer) == []

    def test_another_list_meanwhile_is_another_act(self, insured_one: Counter) -> None:
        """Rules: S-7, S-25. What was asked for rested on two lists, now there are three."""
        take(insured_one, MAY, COVER)
        take(insured_one, JUNE, COVER)
        person, insurer = person_of(insured_one), InsurerNumber(A)
        with pytest.raises(NotApproved):
            decide_loss(as_operator(insured_one, FIRST), insurer, person, REASON)
        take(insured_one, JULY, COVER)
        with pytest.raises((NotApproved, InvalidValue)):
            decide_loss(as_operator(insured_one, SECOND), insurer, person)
        assert decided_losses(insured_one.office, insurer) == []

    @pytest.mark.parametrize(
        ("covers", "expected"),
        [
            ((COVER,), {"KKH-K032"}),
            ((OTHER, COVER), {"KKH-K033"}),
            ((COVER._replace(acquired_on=date(2024, 3, 1)),), {"KKH-K031", "KKH-K032"}),
        ],
        ids=["once", "another cover", "before the acquisition, and once"],
    )
    def test_every_condition_that_is_not_met_is_named(
        self, insured_one: Counter, covers: tuple[OtherCover, ...], expected: set[str]
    ) -> None:
        """Rules: R-7, S-25."""
        for on, cover in zip((MAY, JUNE), covers, strict=False):
            take(insured_one, on, cover)
        with pytest.raises(Conflict) as refused:
            decide_loss(as_operator(insured_one, FIRST), InsurerNumber(A), person_of(insured_one), REASON)
        assert {each.code for each in refused.value.problems} == expected

    def test_who_has_lost_it_loses_nothing(self, insured_one: Counter) -> None:
        """Rules: R-7. The loss was notified between two lists."""
        take(insured_one, MAY, COVER)
        row = insured(A, "10", 1, start="2024-04-01", end="2024-04-16", end_reason="53", kind="2")
        insured_one.told(A, row)
        take(insured_one, JUNE, COVER)
        with pytest.raises(Conflict) as refused:
            decide_loss(as_operator(insured_one, FIRST), InsurerNumber(A), person_of(insured_one), REASON)
        assert [each.code for each in refused.value.problems] == ["KKH-K036"]

    def test_what_is_decided_stays_as_it_was(self, insured_one: Counter) -> None:
        """Rules: R-7, S-7, P-7. Another cover with the same insurer, years later, is another decision."""
        insurer, person = InsurerNumber(A), person_of(insured_one)
        take(insured_one, MAY, COVER)
        take(insured_one, JUNE, COVER)
        first = by_two(insured_one, lambda office: decide_loss(office, insurer, person, REASON))
        assert decide_loss(as_operator(insured_one, SECOND), insurer, person, "again") == first
        later = COVER._replace(acquired_on=date(2024, 6, 20))
        take(insured_one, JULY, later)
        assert [each.decided for each in list_covers(insured_one.office, insurer)] == [None]
        take(insured_one, date(2024, 8, 1), later)
        second = by_two(insured_one, lambda office: decide_loss(office, insurer, person, REASON))
        assert decided_losses(insured_one.office, insurer) == [first, second]

    def test_nobody_who_is_not_listed(self, insured_one: Counter) -> None:
        """Rules: R-7."""
        with pytest.raises(NotFound) as refused:
            decide_loss(as_operator(insured_one, FIRST), InsurerNumber(A), person_of(insured_one, "20"), REASON)
        assert refused.value.code == "KKH-K034"
