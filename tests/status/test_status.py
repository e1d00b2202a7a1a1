"""Who is silent, and what waits for somebody."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from attrs import evolve

from kokuho_core.gates.feeds import DEFAULT_INTERVALS, FeedSettings, is_overdue
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.office import Settings
from kokuho_core.usecases.status import MunicipalityStatus, provided, status

from ..prefecture.office import INSURERS, A, B, PrefectureOffice, household, number, person
from ..prefecture.worlds import MakeOffice, Worlds

FRIDAY = date(2024, 5, 31)


@pytest.fixture
def office(make_office: MakeOffice) -> PrefectureOffice:
    made = make_office()
    made.office.clock._start = datetime.combine(FRIDAY, datetime.min.time())
    return made


def of(office: PrefectureOffice, insurer: str, as_of: date) -> MunicipalityStatus:
    return next(each for each in status(office.office, as_of).municipalities if each.insurer_number == insurer)


class TestSilence:
    def test_two_business_days_may_pass_and_no_more(self, office: PrefectureOffice) -> None:
        """Rules: S-28, R-5. Friday's file: Tuesday is still right, Wednesday is not."""
        office.persons(A, person(A, "1"))
        for days, late in ((0, ()), (1, ()), (3, ()), (4, ()), (5, ("SKKOJIN",)), (30, ("SKKOJIN",))):
            found = of(office, A, FRIDAY + timedelta(days=days))
            assert found.overdue == late, days
        assert not status(office.office, FRIDAY).has_overdue
        assert status(office.office, FRIDAY + timedelta(days=5)).has_overdue

    def test_a_municipality_that_never_sent_has_not_begun(self, office: PrefectureOffice) -> None:
        """Rules: S-28."""
        found = of(office, B, FRIDAY + timedelta(days=100))
        assert found.overdue == ()
        assert [(feed.file_id, feed.name) for feed in found.feeds] == [
            (kind, None) for kind in sorted(DEFAULT_INTERVALS)
        ]

    def test_what_is_refused_or_held_is_silence_too(self, office: PrefectureOffice) -> None:
        """Rules: S-28."""
        office.persons(A, person(A, "1"))
        office.clock._start += timedelta(days=5)
        held = office.send("SKKOJIN", A, [person(A, "2")], sequence=9)[0]
        assert held.result is FileResult.HELD
        found = of(office, A, FRIDAY + timedelta(days=5))
        assert (found.overdue, found.waiting_files) == (("SKKOJIN",), 1)

    def test_a_file_without_records_is_a_sign_of_life(self, office: PrefectureOffice) -> None:
        """Rules: S-28."""
        office.persons(A, person(A, "1"))
        office.clock._start += timedelta(days=5)
        assert office.persons(A).result is FileResult.APPLIED
        assert of(office, A, FRIDAY + timedelta(days=5)).overdue == ()

    def test_intervals_by_sender(self, worlds: Worlds) -> None:
        """Rules: S-28."""
        feeds = FeedSettings(by_sender={A: {"SKKOJIN": 20, "FUZOKU": 0}})
        with worlds.office(settings=Settings(feeds=feeds)) as office:
            for sender in (A, B):
                office.persons(sender, person(sender, "1"))
            day = office.clock.today() + timedelta(days=10)
            assert (of(office, A, day).overdue, of(office, B, day).overdue) == ((), ("SKKOJIN",))

    def test_a_municipality_that_is_no_more_is_not_waited_for(self, worlds: Worlds) -> None:
        """Rules: S-28, Q-10."""
        merged = [evolve(INSURERS[0], valid_until=date(2024, 6, 10), successor=B), *INSURERS[1:]]
        with worlds.office(insurers=merged) as office:
            office.persons(A, person(A, "1"))
            assert status(office.office, date(2024, 6, 9)).has_overdue
            assert not status(office.office, date(2024, 6, 10)).has_overdue

    @pytest.mark.parametrize("interval", [0, -1])
    def test_where_nothing_is_expected_nothing_is_overdue(self, interval: int) -> None:
        """Rules: S-28."""
        assert not is_overdue(date(2018, 1, 1), interval, date(2024, 1, 1))


class TestWork:
    def test_what_waits_for_whom(self, office: PrefectureOffice) -> None:
        """Rules: S-28, X-2, X-13."""
        office.persons(A, person(A, "1", number=number(1)))
        office.households(A, household(A, "1", "1"))
        office.send("SKKOJIN", A, [person(A, "2")], sequence=3)
        refused = office.write("SKKOJIN", A, [person(A, "3")], sequence=1)
        assert office.receive(refused)[0].result is FileResult.REJECTED
        found = of(office, A, FRIDAY)
        waiting = (found.waiting_files, found.rejected_files, found.pending_persons, found.untold_rows)
        assert waiting == (1, 1, 1, 0)
        assert found.delivered_at is None
        office.resolve()
        found = of(office, A, FRIDAY)
        assert (found.pending_persons, found.untold_rows) == (0, 2)
        office.deliver(A)
        found = of(office, A, FRIDAY)
        assert (found.rejected_files, found.untold_rows, found.delivered_at.date()) == (0, 0, FRIDAY)  # type: ignore[union-attr]

    def test_the_record_of_what_was_provided(self, office: PrefectureOffice) -> None:
        """Rules: S-33."""
        for sender in (A, B):
            office.persons(sender, person(sender, "1", number=number(1 if sender == A else 2)))
        office.resolve()
        office.deliver(A)
        office.clock._start += timedelta(days=1)
        office.deliver(B)
        listed = provided(office.office)
        assert {each.insurer_number for each in listed} == {A, B}
        assert all(each.is_published and (office.outbox / each.name).exists() for each in listed)
        assert {each.insurer_number for each in provided(office.office, until=FRIDAY)} == {A}
        assert {each.insurer_number for each in provided(office.office, since=FRIDAY + timedelta(days=1))} == {B}
        assert {each.file_id for each in provided(office.office, A)} == {"TOKUSO", "HIHOID", "SHOKEKKA"}
