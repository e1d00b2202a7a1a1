"""A municipal office on the library's own store: notices, files, results, lists, the resident register (both databases)."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import delete

from kokuho_adapters.database.tables import number_vault
from kokuho_adapters.files import as_table
from kokuho_adapters.resident_register import ResidentRegisterFolder
from kokuho_core.errors import FileRefused, NotFound, NotificationRefused, SetupFault
from kokuho_core.high_cost_history.record import HighCostRecord
from kokuho_core.insured_person.record import PERSON_KEYS
from kokuho_core.municipal_office.notification import (
    CoverBegan,
    DateCorrected,
    Entrant,
    Head,
    ItemsChanged,
    MovedIn,
    MovedOut,
    NewHousehold,
    OtherCover,
    PeriodSide,
    Withdrawn,
)
from kokuho_core.municipal_office.other_rows import OTHER_KEYS, CertificateRecord, IncomeRecord
from kokuho_core.ports.files import PreparedLines
from kokuho_core.ports.forerunner import NobodyWrites
from kokuho_core.reception.ledger import FileResult
from kokuho_core.returning.rows import row_keys
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.municipal_desk import (
    SENT_FILES,
    CameBack,
    Reconciled,
    _household_rows,
    _other_rows,
    _person_rows,
)
from kokuho_core.usecases.municipal_lines import OutgoingLines
from kokuho_core.usecases.municipal_numbers import revealing
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.month import Month

from ..aggregation.support import codes
from ..prefecture.clerks import as_clerk
from ..prefecture.office import INSURERS, A, B, PrefectureOffice, instruction, number
from ..prefecture.worlds import MakeOffice
from .counter import AT, d, items, told

ONE, TWO = AddresseeNumber("1"), AddresseeNumber("2")
HOME = HouseholdNumber("10")


def someone(name: str, born: str = "1970-05-05") -> Entrant:
    return Entrant(AddresseeNumber(name), items(born, number=None))


def numbers(*names: str) -> dict[AddresseeNumber, IndividualNumber]:
    return {AddresseeNumber(name): IndividualNumber(number(int(name))) for name in names}


def moved_in(day: str, home: str = "10", *names: str, origin: InsurerNumber | None = None) -> MovedIn:
    people = names or ("1",)
    household = NewHousehold(HouseholdNumber(home), home, Head(AddresseeNumber(people[0])))
    return MovedIn(**told(day), household=household, entrants=tuple(map(someone, people)), from_insurer=origin)


class Clerk:
    """The clerk of one municipality, who sees his own rows alone."""

    def __init__(self, site: PrefectureOffice, insurer: InsurerNumber = A) -> None:
        self.site, self.insurer = site, insurer
        self.office = as_clerk(site, insurer)

    def notify(self, notice: Any, *names: str) -> Any:
        return municipal_office.notify(self.office, self.insurer, notice, numbers(*names))

    def build(self) -> list[Any]:
        folder = self.site.installation.sending(self.site.inbox, self.insurer)
        return municipal_office.build(self.office, self.insurer, folder, str(self.site.inbox))

    def send(self) -> list[Any]:
        """Build and receive; the answers."""
        return [answer for each in self.build() for answer in self.site.receive(self.site.inbox / each.name)]

    def apply(self) -> dict[str, Any]:
        """Deliver and apply everything; the answers by file id."""
        outgoing = self.site.installation.outgoing(self.site.outbox)
        files = deliver(self.office, self.insurer, outgoing, str(self.site.outbox))
        return {
            each.file_id: municipal_office.apply(
                self.office, self.insurer, self.site.installation.returned(self.site.outbox / each.file)
            )
            for each in files
        }

    def sent_files(self) -> list[Any]:
        with self.site.installation.database.begin(read_only=True) as work:
            return sorted(work.municipal.sent_files(self.insurer), key=lambda each: (each.created_at, each.file_id))

    def lists(self) -> Any:
        return municipal_office.lists(self.office, self.insurer)

    def person(self, addressee: AddresseeNumber = ONE) -> Any:
        return municipal_office.person(self.office, self.insurer, addressee)


@pytest.fixture
def clerk(office: PrefectureOffice) -> Clerk:
    return Clerk(office)


def test_a_clerk_takes_notices_sends_and_takes_back(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: S-1, S-4, Q-1, Q-6."""
    other = Clerk(office, B)
    clerk.notify(moved_in("2020-04-01", "10", "1", "2"), "1", "2")
    clerk.notify(MovedOut(**told("2024-03-01"), people=(ONE, TWO), to_insurer=B))
    other.notify(moved_in("2024-03-01", "77", "1", "2", origin=A), "1", "2")
    for each in (clerk, other):
        answers = each.send()
        assert [answer.result for answer in answers] == [FileResult.APPLIED] * 2
        assert not any(answer.errors or answer.warnings for answer in answers)
    office.resolve()
    clerk.apply()
    changes = other.apply()["TOKUSO"].changes
    assert [(each.before, each.now.subject) for each in changes] == [(None, "1"), (None, "2")]
    [row] = other.person().qualifications
    assert (row.qualification_acquired, row.carried_from, row.status) == (d("2020-04-01"), A, "2")
    assert other.person().insured_id.prefectural_insured_id == clerk.person().insured_id.prefectural_insured_id
    with pytest.raises(NotFound, match="KKH-N001"):
        clerk.person(AddresseeNumber("99"))


def test_a_refused_notice_leaves_nothing(clerk: Clerk) -> None:
    """Rules: P-2, S-4."""
    with pytest.raises(NotificationRefused, match="KKH-M005"):
        clerk.notify(MovedOut(**told("2024-03-01"), people=(ONE,)))
    assert clerk.lists().waiting == () and clerk.build() == []


def test_what_stood_before_stays_on_record(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: P-7."""
    clerk.notify(moved_in("2020-04-01"), "1")
    clerk.notify(DateCorrected(**told("2020-04-10"), people=(ONE,), side=PeriodSide.START))
    clerk.notify(ItemsChanged(**told("2020-05-01"), person=ONE, items=items("1970-05-05", name="別名", number=None)))
    with office.installation.database.begin(read_only=True) as work:
        rows = work.connection.exec_driver_sql(
            "SELECT history_number, version, superseded_at IS NULL FROM office_row WHERE kind = 'P' ORDER BY 1, 2"
        ).all()
    assert [tuple(row) for row in rows] == [(1, 1, False), (1, 2, True), (2, 1, True)]
    assert [each.kind for each in clerk.person().notices] == ["MovedIn", "DateCorrected", "ItemsChanged"]
    assert ("application_start", "D-1") in {(each.field, each.rule) for each in clerk.person().grounds}


def test_the_number_is_sealed_and_only_in_the_file(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: S-3, S-8, I-5."""
    clerk.notify(moved_in("2020-04-01"), "1")
    files = {each.file_id: office.inbox / each.name for each in clerk.build()}
    assert number(1) in files["SKKOJIN"].read_text() and number(1) not in files["SKSETAI"].read_text()
    if isinstance(office.stored_in, Path):
        with closing(sqlite3.connect(office.stored_in)) as connection:
            assert not any(number(1) in line for line in connection.iterdump())
    assert number(1) not in repr(clerk.person())


def as_kept(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Month) else value


def test_the_lines_of_a_file_are_those_of_its_rows(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: Q-1, P-7, I-5. The way by which a full build streams says the same as row after row, of every kind of file."""
    clerk.notify(moved_in("2020-04-01", "10", "1", "2"), "1", "2")
    clerk.send()
    month = HighCostRecord(A, HOME, Month.parse("202404"), "1", "1", "2", None, 25_000, AT)
    card = CertificateRecord(
        A, ONE, 1, "1", "01", "1", d("2024-04-01"), None, None, None, None, d("2024-04-01"), None, None, None, None, AT
    )
    for file_id, record in (
        ("KOGAKU", month), ("FUZOKU", card), ("SHOTOKU", IncomeRecord(A, HOME, Month.parse("202308"), None, "A03", None, AT)),
    ):  # fmt: skip
        municipal_office.state(clerk.office, A, file_id, record)
    clerk.notify(moved_in("2021-05-01", "30", "3", "4"), "3", "4")
    clerk.notify(moved_in("2021-06-01", "50", "5"), "5")
    clerk.notify(Withdrawn(**told("2021-07-01"), notice_number=3))
    clerk.notify(DateCorrected(**told("2020-04-10"), people=(TWO,), side=PeriodSide.START))
    changed = ItemsChanged(**told("2024-05-01"), person=ONE, items=items("1970-05-05", number=None))
    municipal_office.notify(clerk.office, A, changed, {ONE: IndividualNumber(number(77))})
    with office.installation.database.begin(read_only=True) as work:
        store, reveal = work.municipal, revealing(office.office, work, A)
        lines = OutgoingLines(office.office, work, A, NobodyWrites())
        rows = {
            "SKKOJIN": list(_person_rows(store.waiting_persons(A), reveal)),
            "SKSETAI": list(_household_rows(store.waiting_households(A))),
            **{each: list(_other_rows(store.waiting_others(A, each), OTHER_KEYS[each])) for each in OTHER_KEYS},
        }
        streamed: dict[str, Any] = {each: [] for each in SENT_FILES}
        for file_id, streaming in streamed.items():
            for batch in lines.of(file_id):
                assert not isinstance(batch, PreparedLines)
                streaming += map(list, zip(*batch, strict=True))
    assert streamed == {file_id: [list(map(as_kept, line)) for line in lines] for file_id, lines in rows.items()}
    assert all(rows.values())
    kinds = {line[PERSON_KEYS.index("update_kind")] for line in rows["SKKOJIN"]}
    assert kinds == {"1", "2"} and number(77) in {each.reveal() for line in rows["SKKOJIN"] for each in line[4:5]}


def test_a_number_that_is_not_in_the_vault_stops_the_file(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: S-3, S-17. A file without it would say that nobody knows it."""
    clerk.notify(moved_in("2020-04-01"), "1")
    with office.installation.database.begin() as work:
        work.connection.execute(delete(number_vault))
        work.commit()
    with pytest.raises(SetupFault, match="KKH-C011"):
        clerk.build()
    assert len(clerk.lists().waiting) == 2 and not list(office.inbox.glob("SK*.csv"))


def test_by_when_a_change_must_be_registered(clerk: Clerk) -> None:
    """Rules: R-5."""
    clerk.notify(moved_in("2024-05-28"), "1")
    [home, person] = sorted(clerk.lists().waiting, key=lambda each: each.waiting.kind)
    assert (home.waiting.kind, person.waiting.kind, person.waiting.subject) == ("H", "P", "1")
    assert (person.due_on, person.is_overdue) == (d("2024-06-02"), False)
    clerk.build()
    assert clerk.lists().waiting == ()


class TestWhatCouldNotBeSent:
    """One value that no file can hold is refused with its notice, and never stops everybody's file later."""

    @pytest.mark.parametrize(
        ("code", "field", "changed"),
        [
            ("KKH-V001", "name", {"name": ""}),
            ("KKH-V003", "name_kana", {"name_kana": "ア" * 200}),
            ("KKH-V008", "sex", {"sex": "9"}),
            ("KKH-V010", "address", {"address": "見本町\t１丁目"}),
            ("KKH-V009", "self_view_stopped", {"self_view_stopped": "Y"}),
            ("KKH-V002", "postal_code", {"postal_code": "１２３４５６７"}),
        ],
    )
    def test_a_value_of_a_person(self, clerk: Clerk, code: str, field: str, changed: dict[str, str]) -> None:
        """Rules: Q-1, S-3."""
        one = someone("1")
        notice = evolve(moved_in("2020-04-01"), entrants=(evolve(one, items=evolve(one.items, **changed)),))
        with pytest.raises(NotificationRefused) as refused:
            clerk.notify(notice, "1")
        assert [(each.code, each.line, each.field) for each in refused.value.problems] == [(code, 0, field)]
        assert all(value not in str(refused.value) for value in changed.values() if len(value) > 1)
        assert clerk.lists().waiting == ()

    def test_a_number_that_is_none(self, clerk: Clerk) -> None:
        """Rules: Q-1."""
        with pytest.raises(NotificationRefused) as refused:
            clerk.notify(moved_in("2020-04-01", "１０", "abc"))
        assert {(each.code, each.field) for each in refused.value.problems} == {
            ("KKH-V002", "addressee_number"), ("KKH-V002", "household_number"),
        }  # fmt: skip

    def test_a_character_that_the_encoding_lacks(self, make_office: MakeOffice) -> None:
        """Rules: S-17. The insurer's files are CP932."""
        insurers = [evolve(each, encoding="cp932") if each.insurer_number == A else each for each in INSURERS]
        clerk, one = Clerk(make_office("cp932", insurers=insurers)), someone("1")
        notice = evolve(moved_in("2020-04-01"), entrants=(evolve(one, items=evolve(one.items, name="𠮷田")),))
        with pytest.raises(NotificationRefused) as refused:
            clerk.notify(notice, "1")
        assert [(each.code, each.field) for each in refused.value.problems] == [("KKH-F010", "name")]
        clerk.notify(moved_in("2020-04-01"), "1")
        assert len(clerk.build()) == 2

    def test_a_month_of_another_kind(self, clerk: Clerk) -> None:
        """Rules: H-1."""
        clerk.notify(moved_in("2020-04-01"), "1")
        month = HighCostRecord(A, HOME, Month.parse("202404"), "1", "7", "2", None, 25_000, AT)
        with pytest.raises(NotificationRefused, match="KKH-V008"):
            municipal_office.state(clerk.office, A, "KOGAKU", month)


def test_our_rows_are_reconciled_with_what_came_back(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: Q-5, Q-6. Whatever differs is counted and listed; neither side is put in the other's place."""
    clerk.notify(moved_in("2020-04-01", "10", "1", "2"), "1", "2")
    assert clerk.lists().reconciled == Reconciled(periods=2, agreeing=0, contradicted=0, awaited=2, strangers=0)
    clerk.send()
    office.resolve()
    clerk.apply()
    lists = clerk.lists()
    assert lists.reconciled == Reconciled(periods=2, agreeing=2, contradicted=0, awaited=0, strangers=0)
    assert lists.came_back == (CameBack("TOKUSO", 2, 1), CameBack("HIHOID", 2, 1))
    # the aggregation tells another day of 1, and of somebody who is nobody here
    told = dict.fromkeys(row_keys("TOKUSO")) | {
        "insurer_number": A, "municipal_insured_id": "M0000000001", "prefectural_insured_id": "P0000000001", "status": "1",
        "qualification_acquired": d("2020-04-01"), "qualification_acquired_reason": "01",
    }  # fmt: skip
    rows = [
        {**told, "addressee_number": "1", "application_start": d("2020-04-01"), "application_end": d("2024-01-01")},
        {**told, "addressee_number": "98", "application_start": d("2021-04-01")},
    ]
    outgoing = office.installation.outgoing(office.outbox)
    name, _ = outgoing.write("TOKUSO", A, AT, 2, *as_table(rows))
    outgoing.publish(name)
    answer = municipal_office.apply(clerk.office, A, office.installation.returned(office.outbox / name))
    lists = clerk.lists()
    assert lists.reconciled == Reconciled(periods=2, agreeing=1, contradicted=1, awaited=0, strangers=1)
    for found in (answer.contradictions, lists.contradictions):
        said = {(each.code, each.addressee_number, each.field, each.ours, each.theirs) for each in found}
        assert said == {
            ("KKH-M017", "1", "application_end", None, d("2024-01-01")),
            ("KKH-M016", "98", "addressee_number", None, None),
        }
    assert clerk.person().person.is_insured, "our own row stays"
    with pytest.raises(NotFound, match="KKH-N001"):
        clerk.person(AddresseeNumber("98"))


class TestWhatIsRefusedThere:
    def test_a_refused_record_is_listed_and_goes_as_new_again(self, clerk: Clerk, office: PrefectureOffice) -> None:
        """Rules: X-1, X-3, X-4."""
        clerk.notify(moved_in("2020-04-01", "10", "1", "2"), "1", "2")
        path = next(office.inbox / each.name for each in clerk.build() if each.file_id == "SKKOJIN")
        path.write_bytes(path.read_bytes().replace("見本町１丁目".encode(), b"", 1))
        [answer] = office.receive(path)
        assert codes(answer) == [("KKH-V001", 2, "address")]
        office.resolve()
        [refused] = clerk.apply()["SHOKEKKA"].refused
        assert (refused.line, refused.subject, refused.error_code, refused.error_field) == (2, "1", "KKH-V001", "address")
        [(name, line)] = clerk.lists().refused
        assert (name, line.subject) == (path.name, "1")
        assert clerk.lists().awaited == ((ONE, d("2020-04-01")),)
        clerk.notify(ItemsChanged(**told("2024-05-01"), person=ONE, items=items("1970-05-05", number=None)))
        answers = {each.file_id: each for each in clerk.send()}
        assert codes(answers["SKKOJIN"]) == [] and answers["SKKOJIN"].counts.accepted == 2

    def test_a_file_refused_whole_waits_again_under_its_number(self, clerk: Clerk, office: PrefectureOffice) -> None:
        """Rules: X-1, X-2."""
        clerk.notify(moved_in("2020-04-01"), "1")
        files = clerk.build()
        for each in files:
            path = office.inbox / each.name
            path.write_bytes(path.read_bytes().replace(b"\r\n9,1\r\n", b"\r\n9,7\r\n"))
            [answer] = office.receive(path)
            assert answer.result is FileResult.REJECTED
        assert clerk.build() == []
        results = clerk.apply()["SHOKEKKA"]
        assert [(each.file, each.line, each.error_code) for each in results.refused] == [
            (each.name, 0, "KKH-F006") for each in files
        ]
        again = clerk.send()
        assert [each.result for each in again] == [FileResult.APPLIED] * 2 and not any(each.errors for each in again)
        assert [(each.file_id, each.sequence) for each in clerk.sent_files()] == [("SKKOJIN", 1), ("SKSETAI", 1)] * 2


def test_a_file_of_another_municipality_is_not_applied(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: Q-5, S-1."""
    clerk.notify(moved_in("2020-04-01"), "1")
    clerk.send()
    office.resolve()
    outgoing = office.installation.outgoing(office.outbox)
    files = deliver(clerk.office, A, outgoing, str(office.outbox))
    with pytest.raises(FileRefused, match="KKH-M018"):
        municipal_office.apply(Clerk(office, B).office, B, office.installation.returned(office.outbox / files[0].file))


def test_certificates_income_and_months_go_out_too(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: Q-1, H-1, X-4."""
    clerk.notify(moved_in("2020-04-01"), "1")
    month = HighCostRecord(A, HOME, Month.parse("202404"), "1", "1", "2", None, 25_000, AT)
    card = CertificateRecord(
        A, ONE, 1, "1", "01", "1", d("2024-04-01"), None, None, None, None, d("2024-04-01"), None, None, None, None, AT
    )
    income = IncomeRecord(A, HOME, Month.parse("202308"), None, "A03", None, AT)
    for file_id, record in (("KOGAKU", month), ("FUZOKU", card), ("SHOTOKU", income)):
        municipal_office.state(clerk.office, A, file_id, record)
    answers = {each.file_id: each for each in clerk.send()}
    assert set(answers) == {"SKKOJIN", "SKSETAI", "KOGAKU", "FUZOKU", "SHOTOKU"}
    assert not any(each.errors or each.warnings for each in answers.values())
    municipal_office.withdraw(clerk.office, A, "KOGAKU", "10/202404/1")
    municipal_office.state(clerk.office, A, "FUZOKU", evolve(card, collected_on=d("2024-05-01")))
    answers = {each.file_id: each for each in clerk.send()}
    assert set(answers) == {"KOGAKU", "FUZOKU"} and not any(each.errors for each in answers.values())
    municipal_office.state(clerk.office, A, "KOGAKU", month)
    [again] = clerk.send()
    assert again.result is FileResult.APPLIED and not again.errors
    with pytest.raises(NotificationRefused, match="KKH-M005"):
        municipal_office.state(clerk.office, A, "FUZOKU", evolve(card, addressee_number=AddresseeNumber("99")))
    with pytest.raises(NotificationRefused, match="KKH-M007"):
        municipal_office.state(clerk.office, A, "KOGAKU", evolve(month, household_number=HouseholdNumber("99")))


def test_a_carry_over_comes_and_is_confirmed(clerk: Clerk, office: PrefectureOffice) -> None:
    """Rules: H-6, H-7, X-20."""
    other = Clerk(office, B)
    clerk.notify(moved_in("2020-04-01"), "1")
    for month in ("202311", "202401"):
        record = HighCostRecord(A, HOME, Month.parse(month), "1", "1", "2", None, 25_000, AT)
        municipal_office.state(clerk.office, A, "KOGAKU", record)
    clerk.notify(MovedOut(**told("2024-03-01"), people=(ONE,), to_insurer=B))
    other.notify(moved_in("2024-03-01", "77", "1", origin=A), "1")
    clerk.send()
    other.send()
    office.resolve()
    other.apply()
    [candidate] = other.lists().candidates
    assert (candidate.from_household_number, candidate.occurrence_count) == ("10", 2)
    assert not office.decide(B, instruction(B, candidate.candidate_number, "1")).errors
    office.resolve()
    answers = other.apply()
    assert set(answers) >= {"KEIKAKU", "KOHIKI", "KOHIKEKKA"}
    [carry_over] = other.lists().carry_overs
    assert (carry_over.told, carry_over.came, carry_over.is_confirmed) == (2, 2, True)
    assert other.lists().candidates == ()
    assert clerk.apply()["KEIKAKU"].changes[0].now.row.decision == "1"


def test_the_resident_register_gets_dates_again_when_they_change(clerk: Clerk, office: PrefectureOffice, tmp_path: Path) -> None:
    """Rules: Q-8."""
    other = Clerk(office, B)
    register = ResidentRegisterFolder(tmp_path)

    def hand_over() -> list[dict[str, str]]:
        municipal_office.hand_over(other.office, B, register)
        found = sorted(tmp_path.glob("*.csv"))
        rows = [row for path in found for row in csv.DictReader(path.open(encoding="utf-8", newline=""))]
        for path in found:
            path.unlink()
        return rows

    other.notify(moved_in("2024-03-01", "77", "1", origin=A), "1")
    assert [(row["宛名番号"], row["国保資格取得年月日"], row["適用開始年月日"]) for row in hand_over()] == [("1", "", "20240301")]
    assert hand_over() == []
    clerk.notify(moved_in("2020-04-01"), "1")
    clerk.notify(MovedOut(**told("2024-03-01"), people=(ONE,), to_insurer=B))
    other.send()
    clerk.send()
    office.resolve()
    other.apply()
    [row] = hand_over()
    assert (row["国保資格取得年月日"], row["国保資格喪失年月日"]) == ("20200401", "")
    other.notify(CoverBegan(**told("2024-05-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(ONE,)))
    [row] = hand_over()
    assert (row["適用終了年月日"], row["国保資格取得年月日"]) == ("20240502", "20200401")
    other.send()
    office.resolve()
    other.apply()
    assert [row["国保資格喪失年月日"] for row in hand_over()] == ["20240502"]
    assert hand_over() == []
    assert date(2024, 5, 2) == other.person().dates.qualification_lost


def test_two_hand_overs_in_one_second_are_two_files(tmp_path: Path) -> None:
    """Rules: Q-8. Neither takes the other's place."""
    register, at = ResidentRegisterFolder(tmp_path), datetime(2025, 5, 1, 9, 0, 0)
    names = [register.hand_over(A, [], at) for _ in range(2)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(set(names))
    assert len(set(names)) == 2
