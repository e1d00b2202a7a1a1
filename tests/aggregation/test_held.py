"""What is held must neither get lost, nor count as effective, nor stop anybody else."""

from __future__ import annotations

from datetime import date

from kokuho_adapters.composition import initialise
from kokuho_core.reception.ledger import FileResult
from kokuho_core.vocabulary.insurers import Insurer

from ..prefecture.contents import ask, change, dump
from ..prefecture.office import INSURERS, PREFECTURE, A, B, PrefectureOffice, number, person


def tokuso(office: PrefectureOffice, insurer: str) -> list[tuple[date, date | None]]:
    rows = office.deliver(insurer, everything=True).get("TOKUSO", [])
    return [(row["application_start"], row["application_end"]) for row in rows]


def test_a_held_correction_does_not_make_room(office: PrefectureOffice) -> None:
    """Rules: P-3, X-6. The old version stands, so a period after the held end overlaps it."""
    office.persons(B, person(B, "7", number=number(2), sex="1"))
    office.persons(A, person(A, "1", number=number(1)))
    held = office.persons(A, person(A, "1", kind="2", number=number(2), end="2023-01-01", end_reason="53"))
    assert held.counts.held == 1
    answer = office.persons(A, person(A, "1", 2, start="2023-06-01", number=number(1)))
    assert [(problem.code, problem.line) for problem in answer.errors] == [("KKH-P003", 2)]
    office.resolve()
    assert tokuso(office, A) == [(date(2020, 4, 1), None)]


def test_a_held_record_is_no_overlap(office: PrefectureOffice) -> None:
    """Rules: P-3, X-6, X-34. A record without effect does not refuse another one; it waits until it fits."""
    office.persons(B, person(B, "7", number=number(2), sex="1"))
    assert office.persons(A, person(A, "1", number=number(2))).counts.held == 1
    answer = office.persons(A, person(A, "1", 2, start="2021-04-01", number=number(1)))
    assert (answer.counts.accepted, answer.errors) == (1, ())
    office.resolve()
    assert tokuso(office, A) == [(date(2021, 4, 1), None)]
    office.persons(B, person(B, "7", kind="3", number=number(2), sex="1"))  # the conflict over the number goes away
    office.resolve()
    assert tokuso(office, A) == [(date(2021, 4, 1), None)]


def test_a_held_file_keeps_the_encoding_it_came_with(office: PrefectureOffice) -> None:
    """Rules: X-2, X-22."""
    first, second = (office.write("SKKOJIN", A, [person(A, str(i), number=number(i))]) for i in (1, 2))
    assert office.receive(second)[0].result is FileResult.HELD
    other = [Insurer(each.insurer_number, each.municipality_code, each.name, encoding="cp932") for each in INSURERS]
    initialise(office.owners_configuration, PREFECTURE, other)
    answers = office.receive(first, "utf-8")
    assert [answer.result for answer in answers] == [FileResult.APPLIED, FileResult.APPLIED]


def test_a_damaged_held_file_is_refused_alone(office: PrefectureOffice) -> None:
    """Rules: X-2. Everybody else is answered as ever, and the file may be sent again."""
    first, second = (office.write("SKKOJIN", A, [person(A, str(i), number=number(i))]) for i in (1, 2))
    office.receive(second)
    [(content,)] = ask(office.stored_in, "SELECT content FROM held_content WHERE block_no = 0")
    damaged = content[:-1] + bytes([content[-1] ^ 1])
    change(office.stored_in, "UPDATE held_content SET content = :damaged WHERE block_no = 0", damaged=damaged)
    answers = office.receive(first)
    assert [(a.result, [p.code for p in a.errors]) for a in answers] == [
        (FileResult.APPLIED, []),
        (FileResult.REJECTED, ["KKH-F023"]),
    ]
    assert office.persons(B, person(B, "9", number=number(9))).result is FileResult.APPLIED
    assert office.receive(second)[0].result is FileResult.APPLIED


def test_a_solved_finding_hides_somebody_protected_later(office: PrefectureOffice) -> None:
    """Rules: Q-5, X-27."""
    office.persons(A, person(A, "1", number=number(1), end="2024-03-10", end_reason="57"))
    office.persons(B, person(B, "2", number=number(1), start="2024-03-01", reason="07"))
    office.resolve()
    assert office.deliver(A)["KAKUNIN"][0]["to_insurer"] == B
    office.persons(A, person(A, "1", kind="2", number=number(1), end="2024-03-01", end_reason="57"))
    later = person(B, "2", kind="2", number=number(1), start="2024-03-01", reason="07", address_withheld="1")
    later["updated_at"] = later["updated_at"].replace(year=2025)
    office.persons(B, later)
    office.resolve()
    [row] = office.deliver(A, everything=True)["KAKUNIN"]
    assert (row["status"], row["from_insurer"], row["to_insurer"]) == ("2", A, None)


def test_a_held_record_of_a_protected_person_is_not_traced(office: PrefectureOffice) -> None:
    """Rules: Q-5, X-27, I-1."""
    office.persons(A, person(A, "1", number=number(1)))
    office.persons(B, person(B, "2", number=number(1), sex="1", address_withheld="1"))
    office.resolve()
    assert office.deliver(A)["KAKUNIN"][0]["to_insurer"] is None
    assert office.deliver(B)["KAKUNIN"][0]["to_insurer"] == B


def test_a_number_in_a_refused_name_goes_nowhere(office: PrefectureOffice) -> None:
    """Rules: X-1."""
    path = office.inbox / f"SKKOJIN_{A}_{number(1)}_0001.csv"
    path.write_bytes(b"")
    [answer] = office.receive(path)
    assert answer.result is FileResult.REJECTED
    assert number(1) not in repr(answer)
    assert number(1) not in repr(office.deliver(A))
    assert number(1) not in repr(dump(office.stored_in))
