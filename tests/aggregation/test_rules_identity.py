"""I-1 … I-5, X-6, X-7, X-33, X-34: who is who, by 個人番号, from files to IDs."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from kokuho_adapters.database.tables import person_number

from ..prefecture.contents import ask
from ..prefecture.office import A, B, C, PrefectureOffice, nominal_head, number, person
from ..prefecture.worlds import MakeOffice
from .support import about, codes, entered, insured, open_findings, qualification, told


def ids(office: PrefectureOffice, insurer: str) -> dict[str, str]:
    """Prefectural ID by addressee number."""
    return {row["addressee_number"]: row["prefectural_insured_id"] for row in told(office, insurer, "HIHOID")}


def identity_findings(office: PrefectureOffice) -> list[tuple[Any, ...]]:
    """(known municipality, held municipality, application start of the held record) of each open identity finding."""
    return [(each[1], each[2], each[3]) for each in open_findings(office) if each[0] == "identity"]


class TestIds:
    def test_one_number_is_one_person_with_an_id_in_each_municipality(self, office: PrefectureOffice) -> None:
        """Rules: Q-2, Q-5, I-1, S-22."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01", name="別名　花", name_kana="ベツ", address="他所"))
        office.resolve()
        [for_a], [for_b] = told(office, A, "HIHOID"), told(office, B, "HIHOID")
        assert for_a["prefectural_insured_id"] == for_b["prefectural_insured_id"]
        assert for_a["municipal_insured_id"] != for_b["municipal_insured_id"]
        assert about([for_a, for_b], "update_kind", "previous_prefectural_insured_id") == [("1", None)] * 2

    def test_a_right_check_digit_links_nobody(self, office: PrefectureOffice) -> None:
        """Rules: I-1, S-22. People alike in all but numbers drawn at random, each with its right digit, stay apart."""
        draw = Random(22)
        serials = draw.sample(range(9_999_999), 60)
        for insurer, drawn in ((A, serials[:30]), (B, serials[30:])):
            office.persons(insurer, *(insured(insurer, str(n), serial) for n, serial in enumerate(drawn, 1)))
        office.resolve()
        assert len({*ids(office, A).values(), *ids(office, B).values()}) == len(serials)
        assert open_findings(office) == []

    def test_the_database_itself_keeps_a_number_to_one_person(self, office: PrefectureOffice) -> None:
        """Rules: S-22. By direct SQL, past all that judges."""
        office.persons(A, insured(A, "1", 1), insured(A, "2", 2))
        office.resolve()
        with office.installation.database.begin() as work:
            one, other = work.connection.execute(select(person_number).order_by(person_number.c.serial)).all()
            with pytest.raises(IntegrityError):
                work.connection.execute(insert(person_number).values(number_index=one.number_index, serial=other.serial))

    def test_members_and_nominal_heads_get_ids(self, office: PrefectureOffice) -> None:
        """Rules: Q-1, Q-2, X-12."""
        office.persons(A, nominal_head(A, "1", number=number(1)), insured(A, "2", 2), nominal_head(A, "3"))
        office.resolve()
        assert sorted(ids(office, A)) == ["1", "2", "3"]
        assert len(set(ids(office, A).values())) == 3
        assert about(told(office, A, "TOKUSO"), "addressee_number") == [("2",)]

    def test_ids_are_settled_at_resolve_and_not_before(self, office: PrefectureOffice) -> None:
        """Rules: X-33."""
        office.persons(A, insured(A, "1", 1))
        assert set(office.deliver(A)) == {"SHOKEKKA"}
        office.resolve()
        assert {"HIHOID", "TOKUSO"} <= set(office.deliver(A))

    def test_ids_do_not_depend_on_the_order_of_reception(self, make_office: MakeOffice) -> None:
        """Rules: X-33, X-7."""
        files = [(A, [insured(A, "1", 1), insured(A, "2", 2)]), (B, [insured(B, "1", 3), nominal_head(B, "5")])]
        found = []
        for name, order in (("one", files), ("other", files[::-1])):
            office = make_office(name)
            for sender, rows in order:
                office.persons(sender, *rows)
            office.resolve()
            found.append((ids(office, A), ids(office, B)))
        assert found[0] == found[1]


class TestConflicts:
    @pytest.mark.parametrize("wrong", [{"birth_date": "1961-05-05"}, {"sex": "1"}])
    def test_birth_date_and_sex_must_agree(self, office: PrefectureOffice, wrong: dict[str, str]) -> None:
        """Rules: I-1, X-6, Q-5."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        answer = office.persons(B, entered(B, "7", 1, start="2024-04-01", **wrong))
        assert (answer.counts.accepted, answer.counts.held) == (0, 1)
        assert codes(answer) == [("KKH-I001", 2, "individual_number")]
        office.resolve("2024-04-02")
        assert identity_findings(office) == [(A, B, "2024-04-01")]
        for insurer, addressee in ((A, "1"), (B, "7")):
            rows = about(told(office, insurer, "KAKUNIN"), "kind", "addressee_number", "period_start", "status")
            assert rows == [("3", addressee, date(2024, 4, 1), "1")]
        # never merged, never sent on
        assert told(office, B, "TOKUSO") == told(office, B, "HIHOID") == told(office, B, "KEIKOHO") == []
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]

    def test_the_one_received_later_is_held_whoever_is_right(self, office: PrefectureOffice) -> None:
        """Rules: X-6, X-7."""
        office.persons(B, entered(B, "7", 1, start="2024-04-01", sex="1"))
        assert office.persons(A, insured(A, "1", 1, end="2024-04-01")).counts.held == 1
        office.resolve("2024-04-02")
        assert identity_findings(office) == [(B, A, "2020-04-01")]

    def test_a_second_addressee_of_the_municipality_under_one_number_is_held(self, office: PrefectureOffice) -> None:
        """Rules: I-1, X-6, S-22."""
        answer = office.persons(
            A, insured(A, "1", 1, end="2023-01-01", end_reason="53"), insured(A, "2", 1, start="2023-06-01")
        )
        assert (answer.counts.accepted, answer.counts.held) == (1, 1)
        assert codes(answer) == [("KKH-I001", 3, "individual_number")]
        office.resolve()
        assert list(ids(office, A)) == ["1"]
        assert identity_findings(office) == [(A, A, "2023-06-01")]

    def test_a_second_number_of_one_addressee_is_held(self, office: PrefectureOffice) -> None:
        """Rules: X-6, I-4, S-22."""
        office.persons(A, insured(A, "1", 1, end="2023-01-01", end_reason="53"))
        answer = office.persons(A, insured(A, "1", 2, history=2, start="2023-06-01"))
        assert answer.counts.held == 1
        office.resolve()
        assert identity_findings(office) == [(A, A, "2023-06-01")]
        assert qualification(office, A) == [("2020-04-01", "2023-01-01", None, "3")]

    def test_a_second_number_that_names_the_first_is_taken(self, office: PrefectureOffice) -> None:
        """Rules: X-6, I-4, S-22."""
        office.persons(A, insured(A, "1", 1, end="2023-01-01", end_reason="53"))
        office.resolve()
        before = ids(office, A)
        answer = office.persons(A, insured(A, "1", 2, history=2, start="2023-06-01", previous=number(1)))
        assert answer.counts.accepted == 1
        office.resolve()
        assert ids(office, A) == before
        assert len(qualification(office, A)) == 2
        # both numbers are his now
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.persons(C, entered(C, "8", 2, start="2024-05-01"))
        office.resolve()
        assert {*ids(office, B).values(), *ids(office, C).values()} == set(before.values())

    def test_a_held_correction_leaves_the_old_version_standing(self, office: PrefectureOffice) -> None:
        """Rules: X-6, X-34."""
        office.persons(A, insured(A, "1", 1))
        office.persons(B, insured(B, "7", 2, start="2021-01-01"))
        office.resolve()
        answer = office.persons(A, insured(A, "1", 2, kind="2", sex="1", end="2024-01-01", end_reason="53"))
        assert answer.counts.held == 1
        office.resolve()
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]
        assert len(identity_findings(office)) == 1

    def test_a_held_correction_takes_effect_when_the_conflict_is_gone(self, office: PrefectureOffice) -> None:
        """Rules: X-6."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        held = office.persons(
            B, entered(B, "7", 1, start="2024-04-01", kind="2", sex="1", end="2024-05-01", end_reason="53")
        )
        assert held.counts.held == 1
        office.resolve("2024-06-01")
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]
        office.persons(A, insured(A, "1", 1, end="2024-04-01", kind="3"))
        office.resolve("2024-04-02")
        assert identity_findings(office) == []
        assert qualification(office, B) == [("2024-04-01", "2024-05-01", None, "3")]

    @pytest.mark.parametrize(
        "way", ["the known side corrects", "the known side cancels", "the held side corrects", "the held side cancels"]
    )
    def test_a_held_record_takes_effect_or_goes(self, office: PrefectureOffice, way: str) -> None:
        """Rules: X-6, X-25, P-4."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01", sex="1"))
        office.resolve("2024-04-02")
        [finding] = [each for each in office.findings() if each.kind.value == "identity"]
        match way:
            case "the known side corrects":
                office.persons(A, insured(A, "1", 1, end="2024-04-01", sex="1", kind="2"))
            case "the known side cancels":
                office.persons(A, insured(A, "1", 1, end="2024-04-01", kind="3"))
            case "the held side corrects":
                office.persons(B, entered(B, "7", 1, start="2024-04-01", kind="2"))
            case _:
                office.persons(B, entered(B, "7", 1, start="2024-04-01", sex="1", kind="3"))
        summary = office.resolve("2024-04-02")
        assert summary.findings_solved == 1
        assert identity_findings(office) == []
        due = {
            "the known side corrects": [("2020-04-01", None, A, "2")],
            "the known side cancels": [("2024-04-01", None, None, "1")],
            "the held side corrects": [("2020-04-01", None, A, "2")],
            "the held side cancels": [],
        }
        assert qualification(office, B) == due[way]
        assert finding.number in [each.number for each in office.findings() if not each.is_open]

    def test_both_sides_correcting_one_after_the_other_ends_the_conflict(self, office: PrefectureOffice) -> None:
        """Rules: X-6."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        for insurer, row in (
            (A, insured(A, "1", 1, end="2024-04-01", sex="1", kind="2")),
            (B, entered(B, "7", 1, start="2024-04-01", sex="1", kind="2")),
        ):
            office.persons(insurer, row)
        office.resolve("2024-04-02")
        assert open_findings(office) == []
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]

    def test_the_only_record_corrected_to_another_number_is_held(self, office: PrefectureOffice) -> None:
        """Rules: X-34, X-6, I-4."""
        office.persons(A, insured(A, "1", 1))
        assert office.persons(A, insured(A, "1", 2, kind="2")).counts.held == 1
        office.resolve()
        assert len(identity_findings(office)) == 1
        answer = office.persons(A, insured(A, "1", 2, kind="2", previous=number(1)))
        assert answer.counts.accepted == 1
        office.resolve()
        assert identity_findings(office) == []

    def test_a_wrong_check_digit_never_makes_a_person(self, office: PrefectureOffice) -> None:
        """Rules: I-1, X-1, S-22."""
        path = office.write("SKKOJIN", A, [insured(A, "1", 1)])
        good = number(1)
        bad = good[:11] + str((int(good[11]) + 1) % 10)
        path.write_bytes(path.read_bytes().replace(good.encode(), bad.encode()))
        assert codes(office.receive(path)[0]) == [("KKH-I012", 2, "individual_number")]


class TestProvisionalIds:
    def test_a_person_without_a_number_gets_ids_too(self, office: PrefectureOffice) -> None:
        """Rules: I-3."""
        office.persons(A, person(A, "1"), person(A, "2"))
        office.resolve()
        assert len(set(ids(office, A).values())) == 2
        assert len(qualification(office, A)) == 2

    def test_when_the_number_comes_the_known_id_survives_and_both_are_told(self, office: PrefectureOffice) -> None:
        """Rules: I-3, X-33, Q-5."""
        office.persons(B, person(B, "7", start="2024-04-01", reason="07"))
        office.resolve("2024-04-02")
        provisional = ids(office, B)["7"]
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.resolve("2024-04-02")
        known = ids(office, A)["1"]
        assert known != provisional
        for insurer in (A, B):
            office.deliver(insurer)
        office.persons(B, entered(B, "7", 1, start="2024-04-01", kind="2"))
        office.resolve("2024-04-02")
        [row] = office.deliver(B)["HIHOID"]
        assert about([row], "update_kind", "prefectural_insured_id", "previous_prefectural_insured_id") == [
            ("2", known, provisional)
        ]
        assert "HIHOID" not in office.deliver(A)
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]
        with office.installation.database.begin(read_only=True) as work:
            assert work.ids.find(provisional) == known

    def test_a_number_that_is_new_keeps_the_provisional_id(self, office: PrefectureOffice) -> None:
        """Rules: I-3, X-33."""
        office.persons(A, person(A, "1"))
        office.resolve()
        before = ids(office, A)
        office.persons(A, insured(A, "1", 1, kind="2"))
        office.resolve()
        assert ids(office, A) == before

    def test_an_id_under_a_number_goes_before_an_older_provisional_one(self, office: PrefectureOffice) -> None:
        """Rules: X-33."""
        office.persons(A, person(A, "1"))
        office.resolve()
        office.persons(B, insured(B, "7", 1))
        office.resolve()
        [of_b] = ids(office, B).values()
        office.persons(A, insured(A, "1", 1, kind="2", end="2020-04-01", end_reason="99"))
        office.resolve()
        assert ids(office, A) == {"1": of_b}

    def test_of_two_ids_under_numbers_the_first_issued_survives(self, office: PrefectureOffice) -> None:
        """Rules: X-33, I-4."""
        office.persons(B, insured(B, "7", 2, end="2021-01-01", end_reason="53"))
        office.resolve()
        first = ids(office, B)["7"]
        office.persons(A, insured(A, "1", 1, start="2022-01-01"))
        office.resolve()
        assert ids(office, A)["1"] != first
        office.deliver(A)
        office.persons(A, insured(A, "1", 1, start="2022-01-01", kind="2", previous=number(2)))
        office.resolve()
        assert ids(office, A) == {"1": first}
        assert ids(office, B) == {"7": first}


class TestSplit:
    def test_who_keeps_the_number_keeps_the_id(self, office: PrefectureOffice) -> None:
        """Rules: I-4, X-33, X-34."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve("2024-04-02")
        together = ids(office, A)["1"]
        office.deliver(A)
        office.deliver(B)
        answer = office.persons(B, entered(B, "7", 2, start="2024-04-01", kind="2"))
        assert answer.counts.accepted == 1
        office.resolve("2024-04-02")
        [row] = office.deliver(B)["HIHOID"]
        assert (row["update_kind"], row["previous_prefectural_insured_id"]) == ("2", together)
        assert row["prefectural_insured_id"] != together
        assert ids(office, A) == {"1": together}
        # everything derived is derived anew
        assert qualification(office, A) == [("2020-04-01", None, None, "1")]
        assert qualification(office, B) == [("2024-04-01", None, None, "1")]
        office.resolve("2024-06-30")
        assert open_findings(office) == [
            ("unmatched", A, None, "2024-04-01", None, None),
            ("unmatched", None, B, "2024-04-01", None, None),
        ]

    def test_it_is_the_same_when_the_first_known_turns_out_to_be_the_other(self, office: PrefectureOffice) -> None:
        """Rules: I-4, X-33."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve("2024-04-02")
        together = ids(office, B)["7"]
        office.persons(A, insured(A, "1", 2, end="2024-04-01", kind="2"))
        office.resolve("2024-04-02")
        assert ids(office, B) == {"7": together}
        assert ids(office, A)["1"] != together

    def test_a_changed_number_stays_one_person(self, office: PrefectureOffice) -> None:
        """Rules: I-4, X-6, S-22."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.resolve("2024-04-02")
        before = ids(office, A)["1"]
        office.persons(B, entered(B, "7", 2, start="2024-04-01", previous=number(1)))
        office.resolve("2024-04-02")
        assert ids(office, B) == {"7": before}
        assert qualification(office, B) == [("2020-04-01", None, A, "2")]


class TestVault:
    def test_a_number_is_stored_once_per_municipality_and_sealed(self, office: PrefectureOffice) -> None:
        """Rules: I-5, S-1, S-8, S-35. That of somebody who died as any other."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        dead = office.persons(A, insured(A, "2", 2, end="2024-04-01", end_reason="52"))
        assert dead.counts.accepted == 1
        office.resolve()
        kept = ask(office.stored_in, "select number_index, ciphertext, insurer_number, key_id from number_vault")
        assert sorted(row[2] for row in kept) == [A, A, B]
        assert len({row[0] for row in kept}) == 2
        assert len({(row[2], row[3]) for row in kept}) == 2
        for index, ciphertext, _, _ in kept:
            assert len(index) == 32
            for serial in (1, 2):
                assert number(serial).encode() not in ciphertext
