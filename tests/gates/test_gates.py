"""A file that changes too much at once is held, whole and encrypted, until two people release it or one refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kokuho_core.errors import NotApproved, NotFound
from kokuho_core.gates.thresholds import GateLimits, GateSettings, Threshold
from kokuho_core.gates.watched import WATCHED
from kokuho_core.ports.gates import StopState
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.approvals import list_approvals
from kokuho_core.usecases.gates import refuse_stopped, release_stopped, stopped_files
from kokuho_core.usecases.office import Settings
from kokuho_core.usecases.receive import release_held

from ..aggregation.support import effect
from ..prefecture.contents import ask, change, dump
from ..prefecture.office import A, B, PrefectureOffice, high_cost, household, number, person
from ..prefecture.two_people import FIRST, REASON, SECOND, as_operator, by_two
from ..prefecture.worlds import Worlds

PEOPLE = 60


@contextmanager
def with_other(office: PrefectureOffice, table: str, column: str, file_no: int, other: bytes | None) -> Iterator[None]:
    """With another content in one place; None: with one number less in it."""
    where = f"where file_no = {file_no}"
    ((before,),) = ask(office.stored_in, f"select {column} from {table} {where}")
    altered = before.replace(str(PEOPLE), str(PEOPLE - 1)) if other is None else other
    assert altered != before
    for value in (altered, before):
        change(office.stored_in, f"update {table} set {column} = :value {where}", value=value)
        if value is altered:
            yield


def people(sender: str = A, count: int = PEOPLE, **fields: Any) -> list[dict[str, Any]]:
    return [
        person(sender, str(serial), number=number(serial), card_symbol="見01", **fields)
        for serial in range(1, count + 1)
    ]


def moved(rows: list[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
    return [{**row, "update_kind": "2", **fields} for row in rows]


@pytest.fixture
def standing(office: PrefectureOffice) -> PrefectureOffice:
    """All people of A are known."""
    assert office.persons(A, *people()).result is FileResult.APPLIED
    return office


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in answer.errors]


class TestStopping:
    def test_a_field_that_changes_for_many(self, standing: PrefectureOffice) -> None:
        """Rules: S-28. Nothing of the file takes effect, and the sender is told why."""
        before = effect(standing)
        answer = standing.persons(A, *moved(people(), household_number="9"))
        assert (answer.result, answer.counts.accepted) == (FileResult.HELD, 0)
        assert codes(answer) == [("KKH-G001", "household_number")]
        after = effect(standing)
        assert after.pop("held_content")
        assert len(after.pop("gate_stop")) == 1
        before = {table: rows for table, rows in before.items() if table in after}
        for table in ("key_usage", "data_key"):  # the held content was encrypted
            before.pop(table, None)
            after.pop(table, None)
        assert after == before

    def test_a_field_that_becomes_empty_for_many(self, standing: PrefectureOffice) -> None:
        """Rules: S-28."""
        answer = standing.persons(A, *moved(people(), card_symbol=None))
        assert codes(answer) == [("KKH-G002", "card_symbol")]

    @pytest.mark.parametrize(
        "ended",
        [{"kind": "3"}, {"kind": "2", "end": "2024-05-01", "end_reason": "53"}],
        ids=["cancelled", "ended"],
    )
    def test_many_cancellations_or_ends(self, standing: PrefectureOffice, ended: dict[str, Any]) -> None:
        """Rules: S-28."""
        assert codes(standing.persons(A, *people(**ended))) == [("KKH-G003", "")]

    def test_daily_work_passes(self, standing: PrefectureOffice) -> None:
        """Rules: S-28. Newcomers, records sent anew unchanged, numbers that become known, and a few changes."""
        assert standing.persons(A, *moved(people())).result is FileResult.APPLIED
        newcomers = [person(A, str(900 + serial), number=number(500 + serial)) for serial in range(200)]
        assert standing.persons(A, *newcomers).result is FileResult.APPLIED
        few = moved(people(count=19), household_number="9")
        assert standing.persons(A, *few).result is FileResult.APPLIED

    def test_numbers_that_become_known_for_many_are_no_change(self, office: PrefectureOffice) -> None:
        """Rules: S-28, I-3."""
        unknown = [person(A, str(serial)) for serial in range(1, PEOPLE + 1)]
        office.persons(A, *unknown)
        known = [{**row, "individual_number": number(i), "update_kind": "2"} for i, row in enumerate(unknown, 1)]
        assert office.persons(A, *known).result is FileResult.APPLIED

    def test_another_sender_does_not_count(self, standing: PrefectureOffice) -> None:
        """Rules: S-28, S-1. What stands is what this sender told."""
        standing.persons(B, *people(B, count=10))
        assert standing.persons(B, *moved(people(B, count=10), household_number="9")).result is FileResult.APPLIED

    def test_the_first_file_of_a_sender_passes(self, office: PrefectureOffice) -> None:
        """Rules: S-28. An initial load with ends and cancellations in it changes nothing that stood."""
        rows = people()
        answer = office.persons(A, *rows, *moved(rows, household_number="9"))
        assert answer.result is FileResult.APPLIED

    def test_households_and_months(self, office: PrefectureOffice) -> None:
        """Rules: S-28."""
        office.households(A, *(household(A, str(i), str(i)) for i in range(1, PEOPLE + 1)))
        answer = office.households(A, *(household(A, str(i), "999", kind="2") for i in range(1, PEOPLE + 1)))
        assert codes(answer) == [("KKH-G001", "head_addressee_number")]
        office.months(A, *(high_cost(A, str(i), "202404") for i in range(1, PEOPLE + 1)))
        answer = office.months(A, *(high_cost(A, str(i), "202404", "3") for i in range(1, PEOPLE + 1)))
        assert codes(answer) == [("KKH-G003", "")]

    def test_limits_of_the_installation_and_of_a_sender(self, worlds: Worlds) -> None:
        """Rules: S-28."""
        strict = GateSettings(GateLimits(change=Threshold(1, 1))).with_sender(B, GateLimits())
        with worlds.office(settings=Settings(gates=strict)) as office:
            for sender in (A, B):
                office.persons(sender, *people(sender, 10))
            assert office.persons(A, *moved(people(A, 1), household_number="9")).result is FileResult.HELD
            assert office.persons(B, *moved(people(B, 10), household_number="9")).result is FileResult.APPLIED

    def test_every_watched_field_is_one_of_its_layout(self, office: PrefectureOffice) -> None:
        """Rules: S-28."""
        for file_id, watched in WATCHED.items():
            layout = office.book.newest(file_id)
            assert layout is not None
            together = (watched.together,) if watched.together else ()
            named = {*watched.changes, *watched.emptied, *watched.ends, *together}
            assert named <= set(layout.keys), file_id
            optional = {field.key for field in layout.fields if not field.required}
            assert set(watched.emptied) <= optional, file_id


class TestReleasing:
    def stop(self, office: PrefectureOffice, field: str = "9") -> int:
        assert office.persons(A, *moved(people(), household_number=field)).result is FileResult.HELD
        (stopped,) = stopped_files(office.office)
        return stopped.file_no

    def test_two_people_release_it_and_it_is_applied(self, standing: PrefectureOffice) -> None:
        """Rules: S-28, S-7. What waited behind it follows."""
        file_no = self.stop(standing)
        follower = standing.persons(A, person(A, "1", number=number(1), card_symbol="見01", household="9", kind="2"))
        assert (follower.result, codes(follower)) == (FileResult.HELD, [("KKH-F021", "")])
        assert list(release_held(standing.office)) == []
        released = by_two(standing, lambda office: release_stopped(office, file_no, REASON))
        assert (released.state, released.settled_by, released.agreed_by) == (StopState.RELEASED, FIRST, SECOND)
        answers = list(release_held(standing.office))
        assert [(each.result, each.counts.accepted) for each in answers] == [
            (FileResult.APPLIED, PEOPLE),
            (FileResult.APPLIED, 1),
        ]
        assert stopped_files(standing.office) == []
        assert ask(standing.stored_in, "select count(*) from held_content") == [(0,)]

    def test_their_agreement_is_bound_to_content_and_measures(self, standing: PrefectureOffice) -> None:
        """Rules: S-7, S-28."""
        file_no = self.stop(standing)
        with pytest.raises(NotApproved, match="KKH-A007"):
            release_stopped(as_operator(standing, FIRST), file_no, REASON)
        (asked,) = list_approvals(standing.office)
        for table, column, other in (("received_file", "fingerprint", b"other"), ("gate_stop", "measures", None)):
            with with_other(standing, table, column, file_no, other), pytest.raises(NotApproved, match="KKH-A007"):
                release_stopped(as_operator(standing, SECOND), file_no, REASON)
        assert stopped_files(standing.office)[0].state is StopState.STOPPED
        assert list(release_held(standing.office)) == []
        assert release_stopped(as_operator(standing, SECOND), file_no).agreed_by == SECOND
        assert list_approvals(standing.office)[0].number == asked.number

    def test_one_refuses_it_and_the_right_file_comes_under_the_same_number(self, standing: PrefectureOffice) -> None:
        """Rules: S-28, X-2. The sender is told in the results of its files."""
        file_no = self.stop(standing)
        other = standing.send("SKKOJIN", A, moved(people(count=1), household_number="7"), sequence=2)[0]
        assert codes(other) == [("KKH-F020", "")]
        refused = refuse_stopped(standing.office, file_no, "出力設定の誤り")
        assert (refused.state, refused.agreed_by) == (StopState.REFUSED, None)
        told = [
            (row["line"], row["result"], row["error_code"])
            for row in standing.deliver(A)["SHOKEKKA"]
            if row["line"] == 0
        ]
        assert told == [(0, "3", "KKH-G001"), (0, "2", "KKH-F020"), (0, "2", "KKH-G004")]
        again = standing.send("SKKOJIN", A, moved(people(count=1), household_number="7"), sequence=2)[0]
        assert again.result is FileResult.APPLIED
        with pytest.raises(NotFound, match="KKH-G005"):
            by_two(standing, lambda office: release_stopped(office, file_no, REASON))
        with pytest.raises(NotFound, match="KKH-G005"):
            refuse_stopped(standing.office, 999, "ない")

    def test_sent_again_it_is_still_stopped_once(self, standing: PrefectureOffice) -> None:
        """Rules: S-28, S-14."""
        path = standing.write("SKKOJIN", A, moved(people(), household_number="9"))
        for _ in range(2):
            assert standing.receive(path)[0].result is FileResult.HELD
        (stopped,) = stopped_files(standing.office)
        by_two(standing, lambda office: release_stopped(office, stopped.file_no, REASON))
        assert standing.receive(path)[0].result is FileResult.APPLIED
        assert standing.receive(path)[0].result is FileResult.DUPLICATE

    def test_a_file_that_waited_for_another_meets_the_gates_when_its_turn_comes(
        self, standing: PrefectureOffice
    ) -> None:
        """Rules: S-28, S-15."""
        late = standing.write("SKKOJIN", A, people(count=1, kind="2"), sequence=2)
        mass = standing.write("SKKOJIN", A, moved(people(), household_number="9"), sequence=3)
        assert codes(standing.receive(mass)[0]) == [("KKH-F021", "")]
        answers = standing.receive(late)
        assert [(each.result, codes(each)) for each in answers] == [
            (FileResult.APPLIED, []),
            (FileResult.HELD, [("KKH-G001", "household_number")]),
        ]
        (stopped,) = stopped_files(standing.office)
        by_two(standing, lambda office: release_stopped(office, stopped.file_no, REASON))
        assert [each.result for each in release_held(standing.office)] == [FileResult.APPLIED]

    def test_its_content_is_kept_encrypted(self, standing: PrefectureOffice) -> None:
        """Rules: S-28, S-8."""
        rows = moved(people(), household_number="9", name="秘密　見本")
        standing.persons(A, *rows)
        assert sum(len(content) for (content,) in ask(standing.stored_in, "select content from held_content")) > 1000
        kept = repr(dump(standing.stored_in))
        assert "秘密" not in kept and repr("秘密　見本".encode())[2:-1] not in kept
