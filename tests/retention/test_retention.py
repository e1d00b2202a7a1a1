"""What is due when, what its disposal destroys, and what it leaves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kokuho_adapters.database.scrubbing import scrub
from kokuho_adapters.disposal import shred_backups
from kokuho_core.approval import ApprovalState
from kokuho_core.errors import InvalidValue, NotApproved, NotFound
from kokuho_core.retention.rules import RULES, RecordKind, years_before
from kokuho_core.usecases.approvals import list_approvals
from kokuho_core.usecases.recall import recall
from kokuho_core.usecases.retention import disposals, due_records, run_disposal

from ..aggregation.support import dump, entered, insured
from ..prefecture import contents
from ..prefecture.office import A, B, PrefectureOffice, high_cost, household, nominal_head, number
from ..prefecture.two_people import FIRST, REASON, SECOND, as_operator, by_two

LOST = "2019-06-01"
FIVE_YEARS_ON = date(2024, 6, 1)


def lose(office: PrefectureOffice, reason: str = "53", addressee: str = "1", serial: int = 1, **more: Any) -> None:
    row = insured(A, addressee, serial, start="2018-04-01", end=LOST, end_reason=reason, name="消える　花子", **more)
    office.persons(A, row)
    office.resolve()


def persons_due(office: PrefectureOffice, day: date) -> int:
    return sum(count for (kind, _), count in due_records(office.office, day).items() if kind is RecordKind.PERSON)


def tables_naming(office: PrefectureOffice, text: str) -> list[str]:
    found = dump(office.stored_in)
    return [table for table, rows in found.items() if any(text in repr(row) for row in rows)]


class TestDue:
    @pytest.mark.parametrize("reason", ["53", "51", "55"], ids=["other cover", "moved out", "death"])
    def test_five_years_after_the_loss_and_not_a_day_earlier(self, office: PrefectureOffice, reason: str) -> None:
        """Rules: S-29, S-35. A dead person's records like a living one's."""
        lose(office, reason)
        assert persons_due(office, FIVE_YEARS_ON - timedelta(days=1)) == 0
        assert persons_due(office, FIVE_YEARS_ON) == 1

    def test_a_move_inside_the_prefecture_is_no_loss(self, office: PrefectureOffice) -> None:
        """Rules: S-35, D-8. The left municipality's record carries the date of acquisition on."""
        office.persons(A, insured(A, "1", 1, start="2018-04-01", end=LOST, end_reason="57"))
        office.persons(B, entered(B, "9", 1, start=LOST))
        office.resolve()
        assert persons_due(office, FIVE_YEARS_ON + timedelta(days=3650)) == 0
        office.persons(B, entered(B, "9", 1, start=LOST, kind="2", end="2021-01-01", end_reason="53"))
        office.resolve()
        assert persons_due(office, date(2025, 12, 31)) == 0
        assert due_records(office.office, date(2026, 1, 1)).items() >= {(RecordKind.PERSON, A): 1, (RecordKind.PERSON, B): 1}.items()

    def test_the_version_that_stands_counts(self, office: PrefectureOffice) -> None:
        """Rules: S-29, P-3, P-7. A corrected end, a cancelled end, and a row that gives another row's period its end."""
        lose(office)
        office.persons(A, insured(A, "1", 1, start="2018-04-01", kind="2"))
        office.resolve()
        assert persons_due(office, date(2040, 1, 1)) == 0
        more = insured(A, "1", 1, start="2018-04-01", history=2, end=LOST, end_reason="53")
        office.persons(A, more)
        office.resolve()
        assert persons_due(office, FIVE_YEARS_ON) == 1

    def test_who_waits_for_resolve_is_not_due(self, office: PrefectureOffice) -> None:
        """Rules: S-29."""
        lose(office)
        office.persons(A, insured(A, "1", 1, start="2020-04-01", history=2))
        assert persons_due(office, date(2040, 1, 1)) == 0

    def test_of_whom_nothing_stands_since_that_was_said(self, office: PrefectureOffice) -> None:
        """Rules: S-29. Cancelled in 2024, as recorded; or recalled."""
        lose(office)
        office.persons(A, insured(A, "1", 1, start="2018-04-01", end=LOST, end_reason="53", kind="3"))
        wrong = office.persons(A, insured(A, "2", 2))
        office.resolve()
        by_two(office, lambda office: recall(office, wrong.file, REASON))
        office.resolve()
        assert persons_due(office, date(2029, 5, 31)) == 0
        assert persons_due(office, date(2029, 6, 1)) == 2

    def test_a_nominal_head_is_kept_while_he_is_one(self, office: PrefectureOffice) -> None:
        """Rules: S-29, X-14."""
        office.persons(A, nominal_head(A, "5", number=number(5)))
        office.resolve()
        assert persons_due(office, date(2040, 1, 1)) == 0
        office.persons(A, nominal_head(A, "5", number=number(5), kind="2", member_end=LOST))
        office.resolve()
        assert persons_due(office, FIVE_YEARS_ON) == 1

    @pytest.mark.parametrize(
        ("day", "before"), [(date(2024, 2, 29), date(2019, 2, 28)), (date(2028, 2, 29), date(2023, 2, 28)), (date(2024, 3, 1), date(2019, 3, 1))]
    )
    def test_years_are_calendar_years(self, day: date, before: date) -> None:
        """Rules: S-29."""
        assert years_before(day, 5) == before

    def test_every_rule_names_its_source(self) -> None:
        """Rules: S-29, S-33, S-35."""
        assert set(RULES) == set(RecordKind)
        assert all(rule.source and rule.since for rule in RULES.values())


class TestDisposal:
    def test_everything_that_names_him_is_gone_and_nobody_else(self, office: PrefectureOffice) -> None:
        """Rules: S-29, S-35. Tables, and the pages of a file, are searched for what must not be there any more."""
        lose(office, addressee="70001", household="88001", serial=77)
        office.households(A, household(A, "88001", "70001"), household(A, "2", "2"))
        office.months(A, high_cost(A, "88001", "201905"), high_cost(A, "2", "202404"))
        office.persons(A, insured(A, "2", 2, "2", name="残る　太郎"))
        office.resolve()
        office.deliver(A)
        vault = dump(office.stored_in)["number_vault"]
        disposal = by_two(office, lambda office: run_disposal(office, FIVE_YEARS_ON, REASON))
        assert scrub(office.installation.database.engine) == (office.stored_in == office.database_file)
        assert disposal.counts == {(RecordKind.PERSON, A): 1}
        assert disposal.completed_at is not None
        assert (disposal.asked_by, disposal.agreed_by) == ("tanto01", "kakari02")
        assert tables_naming(office, "70001") == tables_naming(office, "88001") == []
        kept = dump(office.stored_in)["number_vault"]
        (gone,) = [row for row in vault if row not in kept]
        traces = ("消える　花子".encode(), b"70001", b"88001", gone[1], gone[-1])
        pages = [(file.name, file.read_bytes()) for file in office.folder.glob("kokuho.sqlite3*")]
        for name, raw in [*contents.bytes_of_tables(office.stored_in), *pages]:
            assert [trace[:12] for trace in traces if trace in raw] == [], name
        assert any("残る　太郎".encode() in content for _, content in contents.bytes_of_tables(office.stored_in))
        assert len(office.deliver(A, everything=True)["TOKUSO"]) == 1
        assert office.resolve().persons == 0
        with pytest.raises(NotFound, match="KKH-G009"):
            by_two(office, lambda office: run_disposal(office, FIVE_YEARS_ON, REASON))

    def test_a_household_stays_while_somebody_is_left(self, office: PrefectureOffice) -> None:
        """Rules: S-29."""
        lose(office)
        office.households(A, household(A, "1", "1"))
        office.persons(A, insured(A, "2", 2))
        office.resolve()
        by_two(office, lambda office: run_disposal(office, FIVE_YEARS_ON, REASON))
        found = dump(office.stored_in)
        assert len(found["household_record"]) == len(found["person_record"]) == 1

    def test_interrupted_it_goes_on_under_its_own_agreement(
        self, office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules: S-29, S-27. After any number of batches; the record tells all of it."""
        rows = [insured(A, str(i), i, start="2018-04-01", end=LOST, end_reason="53") for i in range(1, 8)]
        office.persons(A, *rows)
        office.resolve()
        monkeypatch.setattr("kokuho_core.usecases.retention._TOGETHER", 2)
        for batches in range(1, 4):

            class Killed(Exception):
                pass

            seen: list[int] = []

            def progress(step: str, done: int, total: int | None = None, seen: list[int] = seen) -> None:
                seen.append(done)
                raise Killed

            if batches == 1:
                with pytest.raises(NotApproved, match="KKH-A007"):
                    run_disposal(as_operator(office, FIRST), FIVE_YEARS_ON, REASON)
            with pytest.raises(Killed):
                run_disposal(as_operator(office, SECOND, progress=progress), FIVE_YEARS_ON)
            assert seen == [2]
            assert disposals(office.office)[0].completed_at is None
        done = run_disposal(office.office, FIVE_YEARS_ON)
        assert done.counts == {(RecordKind.PERSON, A): 7}
        assert len(disposals(office.office)) == 1
        assert dump(office.stored_in)["person_record"] == dump(office.stored_in)["disposal_subject"] == []

    def test_receipts_go_after_five_years_but_the_sequence_stays_used(self, office: PrefectureOffice) -> None:
        """Rules: S-29, S-33, X-2. A file of a sequence whose line is gone is refused, not applied again."""
        lose(office)
        first = next(office.inbox.iterdir())
        office.persons(A, insured(A, "2", 2))
        office.resolve()
        office.deliver(A)
        office.persons(A, insured(A, "3", 3))
        office.resolve()
        office.deliver(A)
        office.clock._start += timedelta(days=5 * 366)
        by_two(office, lambda office: run_disposal(office, FIVE_YEARS_ON, REASON))
        later = date(2029, 7, 1)
        due = due_records(office.office, later)
        assert due[RecordKind.LEDGER, A] == 1
        assert due[RecordKind.PROVIDED, A] == 3
        by_two(office, lambda office: run_disposal(office, later, REASON))
        found = dump(office.stored_in)
        assert len(found["received_file"]) == 2
        assert len(found["delivery"]) == 3
        assert [problem.code for problem in office.receive(first)[0].errors] == ["KKH-F020"]

    def test_content_that_nobody_released_for_a_year(self, office: PrefectureOffice) -> None:
        """Rules: S-29."""
        office.send("SKKOJIN", A, [insured(A, "1", 1)], sequence=5)
        assert (RecordKind.HELD_CONTENT, A) not in due_records(office.office, date(2025, 5, 31))
        assert due_records(office.office, date(2025, 6, 1)) == {(RecordKind.HELD_CONTENT, A): 1}
        by_two(office, lambda office: run_disposal(office, date(2025, 6, 1), REASON))
        assert dump(office.stored_in)["held_content"] == []

    def test_backups_cannot_be_read_any_more(self, office: PrefectureOffice) -> None:
        """Rules: S-29. What stands can; the keys of another municipality are not touched."""
        lose(office)
        office.persons(A, insured(A, "2", 2))
        office.persons(B, insured(B, "2", 3))
        backup = contents.ask(office.stored_in, "select insurer_number, key_id from number_vault")
        by_two(office, lambda office: run_disposal(office, FIVE_YEARS_ON, REASON))
        destroyed = shred_backups(office.installation.custody, [A], "kakari02", "保存期間の満了")
        assert destroyed == sorted({key for insurer, key in backup if insurer == A})
        states = {row.key_id: row.state for row in contents.ask(office.stored_in, "select key_id, state from data_key")}
        now = {key for (key,) in contents.ask(office.stored_in, "select key_id from number_vault")}
        assert all(states[key] == ("destroyed" if insurer == A else "current") for insurer, key in backup)
        assert all(states[key] == "current" for key in now)


class TestTwoPeople:
    def test_one_asks_and_another_does(self, office: PrefectureOffice) -> None:
        """Rules: S-7, S-29. Not he himself, however he writes his name."""
        lose(office)
        with pytest.raises(InvalidValue, match="KKH-A021"):
            run_disposal(as_operator(office, "sato"), FIVE_YEARS_ON)
        for same in ("sato", "SATO"):
            with pytest.raises(NotApproved, match="KKH-A007"):
                run_disposal(as_operator(office, same), FIVE_YEARS_ON, "満了")
        assert len(list_approvals(office.office)) == 1
        done = run_disposal(as_operator(office, "suzuki"), FIVE_YEARS_ON)
        assert (done.asked_by, done.agreed_by, done.reason) == ("sato", "suzuki", "満了")
        assert [each.state for each in list_approvals(office.office)] == [ApprovalState.USED]

    def test_changed_content_or_too_late(self, office: PrefectureOffice) -> None:
        """Rules: S-7. What is counted anew must be asked for anew; a request holds for a week."""
        lose(office)
        with pytest.raises(NotApproved, match="KKH-A007"):
            run_disposal(as_operator(office, "sato"), FIVE_YEARS_ON, "満了")
        lose(office, addressee="2", serial=2, household="2")
        with pytest.raises(NotApproved, match="KKH-A007"):
            run_disposal(as_operator(office, "suzuki"), FIVE_YEARS_ON, "満了")
        with pytest.raises(NotApproved, match="KKH-A007"):
            run_disposal(as_operator(office, "sato", datetime(2026, 6, 9)), FIVE_YEARS_ON, "満了")
        assert disposals(office.office) == []
