"""What is registered of whom, and how a change reaches the receiver."""

from __future__ import annotations

from datetime import date

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B, day, nominal_head, number, person
from .counter import Counter


def test_a_person_is_registered_once(counter: Counter) -> None:
    """Rules: R-1, R-2, R-3."""
    counter.told(
        A, insured(A, "10", 1, branch_number="01", name="見本　一郎", address_withheld="1", self_view_stopped="1")
    )
    done = counter.register()
    assert [batch.lines for batch in done.batches] == [1]
    assert done.counts.sent == 1
    summary = counter.results()
    assert (summary.registered, summary.settled, summary.waiting) == (1, 1, 0)
    (line,) = counter.receiver.of(A).live.values()
    assert line.individual_number.reveal() == number(1)
    assert (line.name, line.branch_number, line.sex_on_back) == ("見本　一郎", "01", "0")
    assert (line.address_withheld, line.self_view_stopped) == ("1", "1")
    assert line.municipal_insured_id == counter.municipal_id(A, "10")
    assert not counter.register().batches
    assert counter.reconcile().agrees


def test_each_municipality_has_its_own_partition(counter: Counter) -> None:
    """Rules: R-1."""
    counter.told(A, insured(A, "10", 1))
    counter.told(B, insured(B, "70", 2))
    assert counter.exchange(A).registered == 1
    assert counter.exchange(B).registered == 1
    assert [{each.insurer_number for each in counter.receiver.of(of).live.values()} for of in (A, B)] == [{A}, {B}]


def test_a_correction_cancels_the_old_and_registers_the_new(counter: Counter) -> None:
    """Rules: R-8, S-24."""
    counter.told(A, insured(A, "10", 1, start="2020-04-01"))
    counter.exchange()
    counter.told(A, insured(A, "10", 1, start="2020-05-01", kind="2"))
    done = counter.register()
    assert (done.prepared.registrations, done.prepared.cancellations) == (1, 1)
    effects = counter.receiver.of(A).effects
    assert [kind for _, kind in effects] == ["1", "3", "1"]
    assert effects[1][0] == effects[0][0] != effects[2][0]
    assert counter.live() == [(day("2020-05-01"), None, day("2020-05-01"), None)]
    counter.results()
    assert counter.reconcile().agrees


def test_a_cancelled_record_is_cancelled_at_the_receiver(counter: Counter) -> None:
    """Rules: P-7, R-8."""
    row = insured(A, "10", 1)
    counter.told(A, row)
    counter.exchange()
    counter.told(A, {**row, "update_kind": "3"})
    summary = counter.exchange()
    assert (summary.cancelled, summary.registered) == (1, 0)
    assert counter.live() == []
    assert counter.reconcile().agrees


def test_what_never_left_needs_no_cancellation(counter: Counter) -> None:
    """Rules: R-8."""
    row = insured(A, "10", 1)
    counter.told(A, row)
    assert counter.counts().waiting == 1
    counter.told(A, {**row, "update_kind": "3"})
    assert counter.register().batches == ()
    assert counter.receiver.of(A).effects == []


def test_a_move_inside_the_prefecture_reaches_both_partitions(counter: Counter) -> None:
    """Rules: Q-4, R-2, R-8. The loss is told by the last municipality alone, the acquisition is carried."""
    counter.told(A, insured(A, "10", 1, start="2020-04-01"))
    counter.exchange(A)
    counter.told(A, insured(A, "10", 1, start="2020-04-01", end="2024-06-01", kind="2"))
    counter.told(B, entered(B, "70", 1, start="2024-06-01"))
    counter.exchange(A)
    counter.exchange(B)
    assert counter.live(A) == [(day("2020-04-01"), day("2024-06-01"), day("2020-04-01"), None)]
    assert counter.live(B) == [(day("2024-06-01"), None, day("2020-04-01"), None)]
    assert counter.reconcile(A).agrees
    assert counter.reconcile(B).agrees


def test_a_loss_is_told_with_its_reason(counter: Counter) -> None:
    """Rules: R-2."""
    for serial, reason in ((1, "52"), (2, "54"), (3, "53"), (4, "51"), (5, "59")):
        counter.told(A, insured(A, f"{serial}0", serial, end="2024-05-01", end_reason=reason))
    counter.exchange()
    lost = {each.individual_number.reveal(): each for each in counter.receiver.of(A).live.values()}
    assert {lost[number(serial)].reason_of_loss for serial in (1,)} == {"01"}
    assert [lost[number(serial)].reason_of_loss for serial in range(1, 6)] == ["01", "02", "03", "99", "03"]
    assert {each.qualification_lost for each in lost.values()} == {day("2024-05-01")}


def test_people_without_a_period_are_not_registered(counter: Counter) -> None:
    """Rules: X-12. Nominal heads, and same-day periods, cover no day."""
    counter.told(A, nominal_head(A, "10"), insured(A, "20", 2, start="2020-04-01", end="2020-04-01", end_reason="53"))
    assert counter.register().batches == ()


class TestBlocked:
    def test_without_a_number_it_waits_for_one(self, counter: Counter) -> None:
        """Rules: I-3, R-2."""
        counter.told(A, person(A, "10"))
        assert counter.register().counts.blocked == 1
        assert counter.receiver.of(A).effects == []
        counter.told(A, person(A, "10", kind="2", number=number(1)))
        assert counter.exchange().registered == 1
        assert counter.counts().blocked == 0

    def test_an_open_overlap_holds_and_what_stands_stays(self, counter: Counter) -> None:
        """Rules: P-4, Q-4, X-9."""
        counter.told(A, insured(A, "10", 1, start="2020-04-01"))
        counter.exchange(A)
        counter.told(B, entered(B, "70", 1, start="2024-06-01"))
        assert counter.register(A).batches == ()
        assert counter.register(B).counts.blocked == 1
        assert len(counter.live(A)) == 1
        assert counter.live(B) == []
        counter.told(A, insured(A, "10", 1, start="2020-04-01", end="2024-06-01", kind="2"))
        counter.exchange(A)
        counter.exchange(B)
        assert counter.live(A) == [(day("2020-04-01"), day("2024-06-01"), day("2020-04-01"), None)]
        assert counter.live(B) == [(day("2024-06-01"), None, day("2020-04-01"), None)]

    def test_a_branch_number_is_one_persons(self, counter: Counter) -> None:
        """Rules: R-2."""
        counter.told(A, insured(A, "10", 1, branch_number="01"))
        counter.exchange()
        counter.told(A, insured(A, "20", 2, branch_number="01"))
        assert counter.register().counts.blocked == 1
        counter.told(A, insured(A, "20", 2, branch_number="02", kind="2"))
        assert counter.register().counts.blocked == 0
        assert sorted(str(each.branch_number) for each in counter.receiver.of(A).live.values()) == ["01", "02"]

    def test_a_branch_number_may_be_given_again_afterwards(self, counter: Counter) -> None:
        """Rules: R-2."""
        counter.told(A, insured(A, "10", 1, branch_number="01", end="2024-01-01", end_reason="53"))
        counter.told(A, insured(A, "20", 2, branch_number="01", start="2024-01-01"))
        assert counter.register().counts.blocked == 0

    def test_two_of_one_file_with_one_branch_number(self, counter: Counter) -> None:
        """Rules: R-2."""
        counter.told(A, insured(A, "10", 1, branch_number="01"), insured(A, "20", 2, branch_number="01"))
        done = counter.register()
        assert (done.prepared.registrations, done.counts.blocked) == (1, 1)

    def test_private_characters_wait(self, counter: Counter) -> None:
        """Rules: S-17, X-22."""
        counter.told(A, insured(A, "10", 1, name="見本　\ue000子"))
        assert counter.register().counts.blocked == 1
        assert counter.receiver.of(A).effects == []


def test_a_changed_number_is_a_correction(counter: Counter) -> None:
    """Rules: I-4, R-8, S-22."""
    counter.told(A, insured(A, "10", 1))
    counter.exchange()
    counter.told(A, {**insured(A, "10", 2, kind="2"), "previous_individual_number": number(1)})
    counter.exchange()
    (line,) = counter.receiver.of(A).live.values()
    assert line.individual_number.reveal() == number(2)
    assert [kind for _, kind in counter.receiver.of(A).effects] == ["1", "3", "1"]


def test_a_change_that_registration_does_not_tell_sends_nothing(counter: Counter) -> None:
    """Rules: R-8. A household number is not registered."""
    counter.told(A, insured(A, "10", 1, household="1"))
    counter.exchange()
    counter.told(A, insured(A, "10", 1, household="2", kind="2"))
    assert counter.register().batches == ()


def test_what_is_kept_is_never_changed(counter: Counter) -> None:
    """Rules: R-8, S-24. The database itself refuses to change or delete a version of the history."""
    counter.told(A, insured(A, "10", 1))
    counter.exchange()
    import sqlite3
    from contextlib import closing

    import pytest

    with closing(sqlite3.connect(counter.database_file)) as connection:
        for statement in (
            "delete from registration_version",
            "update registration_version set content = '[]'",
            "update registration_version set record_key = 'X'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="only ends"):
                connection.execute(statement)


def test_dates_are_whole(counter: Counter) -> None:
    """Rules: P-1, R-5."""
    counter.told(A, insured(A, "10", 1, start="2024-06-01", application_start_notified="2024-06-05"))
    counter.register()
    (line,) = counter.receiver.of(A).live.values()
    assert line.notified_on == date(2024, 6, 5)
