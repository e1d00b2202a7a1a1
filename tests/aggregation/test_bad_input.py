"""What is wrong with a file or a record: code, line and field, and nothing half applied (X-1, X-22, S-14 … S-18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from kokuho_adapters.files import OpenFormatFile, cp932
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.check import check
from kokuho_core.usecases.receive import receive

from ..prefecture.contents import ask
from ..prefecture.office import (
    INSURERS,
    A,
    B,
    PrefectureOffice,
    high_cost,
    instruction,
    insurer_number,
    nominal_head,
    number,
)
from ..prefecture.worlds import MakeOffice
from .support import about, cells, codes, dump, effect, insured, put, set_cell, told

Change = Callable[[bytes], bytes]
RECORDS = (insured(A, "1", 1), insured(A, "2", 2))


def small(office: PrefectureOffice, sequence: int | None = None) -> tuple[str, bytes]:
    """Name and content of a valid file of two records; the file itself is taken away again."""
    path = office.write("SKKOJIN", A, RECORDS, sequence)
    content = path.read_bytes()
    path.unlink()
    return path.name, content


def on_line(line: int, change: Change) -> Change:
    """``change`` applied to one line, which it gets without its CRLF."""

    def changed(content: bytes) -> bytes:
        lines = content.split(b"\r\n")
        lines[line - 1] = change(lines[line - 1])
        return b"\r\n".join(lines)

    return changed


def swap(old: bytes, new: bytes) -> Change:
    return lambda content: content.replace(old, new, 1)


STRUCTURE: dict[str, tuple[Change, tuple[str, int, str]]] = {
    "count too high": (swap(b"\r\n9,2\r\n", b"\r\n9,3\r\n"), ("KKH-F006", 4, "")),
    "count too low": (swap(b"\r\n9,2\r\n", b"\r\n9,1\r\n"), ("KKH-F006", 4, "")),
    "count in full-width digits": (swap(b"\r\n9,2\r\n", "\r\n9,２\r\n".encode()), ("KKH-F006", 4, "")),
    "no count": (swap(b"\r\n9,2\r\n", b"\r\n9\r\n"), ("KKH-F007", 4, "")),
    "no end record": (swap(b"9,2\r\n", b""), ("KKH-F005", 4, "")),
    "a record lost on the way": (
        lambda content: b"\r\n".join([*content.split(b"\r\n")[:2], *content.split(b"\r\n")[3:]]),
        ("KKH-F006", 3, ""),
    ),
    "an empty line": (on_line(3, lambda line: b""), ("KKH-F012", 3, "")),
    "no last CRLF": (lambda content: content[:-2], ("KKH-F008", 4, "")),
    "only half a CRLF": (lambda content: content[:-1], ("KKH-F008", 4, "")),
    "an empty line after the end": (lambda content: content + b"\r\n", ("KKH-F012", 5, "")),
    "a record after the end": (lambda content: content + content.split(b"\r\n")[1] + b"\r\n", ("KKH-F012", 5, "")),
    "a second file behind the first": (lambda content: content + content, ("KKH-F012", 5, "")),
    "empty": (lambda content: b"", ("KKH-F005", 1, "")),
    "no control record": (lambda content: content.split(b"\r\n", 1)[1], ("KKH-F014", 1, "")),
    "control record in the middle": (on_line(3, lambda line: b"1" + line[1:]), ("KKH-F012", 3, "")),
    "unknown record kind": (on_line(3, lambda line: b"5" + line[1:]), ("KKH-F012", 3, "")),
    "another file id in the control record": (swap(b"1,SKKOJIN,", b"1,SKSETAI,"), ("KKH-F003", 1, "file_id")),
    "another sender in the control record": (swap(A.encode(), B.encode()), ("KKH-F003", 1, "sender")),
    "another time in the control record": (swap(b",20240531", b",20240530"), ("KKH-F003", 1, "created_at")),
    "another sequence in the control record": (on_line(1, lambda line: line[:-1] + b"2"), ("KKH-F003", 1, "sequence")),
    "an impossible time in the control record": (swap(b",20240531", b",20240231"), ("KKH-F014", 1, "created_at")),
    "a sequence that is no number": (on_line(1, lambda line: line[:-1] + b"x"), ("KKH-F014", 1, "sequence")),
    "unknown layout version": (swap(b",1.0,", b",9.9,"), ("KKH-F002", 1, "layout_version")),
    "a column too few": (on_line(3, lambda line: line.rsplit(b",", 1)[0]), ("KKH-F007", 3, "")),
    "a column too many": (on_line(3, lambda line: line + b","), ("KKH-F007", 3, "")),
    "another municipality's record": (on_line(3, swap(A.encode(), B.encode())), ("KKH-F011", 3, "insurer_number")),
    "a record of another prefecture": (on_line(3, swap(A.encode(), b"140012")), ("KKH-F011", 3, "insurer_number")),
    "a record without its insurer": (on_line(3, swap(A.encode(), b"")), ("KKH-F011", 3, "insurer_number")),
    "an unclosed quote": (on_line(2, swap(b",03,", b',"03,')), ("KKH-F008", 2, "")),
    "a quote inside a field": (on_line(3, swap(b",03,", b',0"3,')), ("KKH-F008", 3, "")),
    "text after a closing quote": (on_line(3, swap(b",03,", b',"03"x,')), ("KKH-F008", 3, "")),
    "NUL": (on_line(3, swap(b",03,", b",0\x003,")), ("KKH-F008", 3, "")),
    "a lone CR": (on_line(3, swap(b",03,", b",0\r3,")), ("KKH-F008", 3, "")),
    "a bare LF inside a record": (on_line(3, swap(b",03,", b",0\n3,")), ("KKH-F016", 3, "")),
    "bare LF line ends": (lambda content: content.replace(b"\r\n", b"\n"), ("KKH-F016", 1, "")),
    "one bare LF line end": (
        lambda content: content[:-7] + content[-7:].replace(b"\r\n", b"\n", 1),
        ("KKH-F016", 3, ""),
    ),
    "bytes of cp932": (on_line(3, lambda line: line.decode().encode("cp932")), ("KKH-F010", 3, "")),
    "a byte that is no UTF-8": (on_line(2, swap(b",03,", b",\xff,")), ("KKH-F010", 2, "")),
    "an overlong byte sequence": (on_line(2, swap(b",03,", b",\xc0\xaf,")), ("KKH-F010", 2, "")),
    "a surrogate": (on_line(2, swap(b",03,", b",\xed\xa0\x80,")), ("KKH-F010", 2, "")),
    "a BOM": (lambda content: b"\xef\xbb\xbf" + content, ("KKH-F009", 1, "")),
}


class TestStructure:
    @pytest.mark.parametrize(("change", "due"), list(STRUCTURE.values()), ids=list(STRUCTURE))
    def test_it_refuses_the_whole_file(
        self, office: PrefectureOffice, change: Change, due: tuple[str, int, str]
    ) -> None:
        """Rules: X-1, X-2, X-3, X-38."""
        name, content = small(office)
        before = effect(office)
        path = put(office, name, change(content))
        [answer] = office.receive(path)
        assert answer.result is FileResult.REJECTED
        assert (answer.file, answer.counts.accepted, answer.counts.rejected) == (name, 0, 0)
        assert codes(answer) == [due]
        assert effect(office) == before
        checked = check(office.installation.incoming(path, office.installation.register()))
        assert (checked.result, codes(checked)) == (FileResult.REJECTED, [due])
        assert about(office.deliver(A)["SHOKEKKA"], "source_file", "line", "result", "error_code") == [
            (name, 0, "2", due[0])
        ]
        # it used no sequence number
        assert office.receive(put(office, name, content))[0].result is FileResult.APPLIED

    @pytest.mark.parametrize(
        ("rename", "due"),
        [
            (lambda name: "SKKOJIN.csv", ("KKH-F001", 0, "")),
            (lambda name: name.replace(".csv", ".CSV"), ("KKH-F001", 0, "")),
            (lambda name: name.replace("_0001", "_1"), ("KKH-F001", 0, "")),
            (lambda name: name.replace("_0001", "_0000"), ("KKH-F001", 0, "")),
            (lambda name: name.replace("20240531", "20240231"), ("KKH-F001", 0, "")),
            (lambda name: name.replace("SKKOJIN", "SKKOJINX"), ("KKH-F002", 0, "file_id")),
            (lambda name: name.replace("SKKOJIN", "TOKUSO"), ("KKH-F013", 0, "file_id")),
            (lambda name: name.replace(A, insurer_number(999)), ("KKH-F004", 0, "sender")),
            (lambda name: name.replace(A, "140012"), ("KKH-F004", 0, "sender")),
            (lambda name: name.replace(A, B), ("KKH-F003", 1, "sender")),
            (lambda name: name.replace("_0001", "_0002"), ("KKH-F003", 1, "sequence")),
            (lambda name: name.replace("0531", "0530"), ("KKH-F003", 1, "created_at")),
        ],
    )
    def test_so_does_a_wrong_name(self, office: PrefectureOffice, rename: Any, due: tuple[str, int, str]) -> None:
        """Rules: X-1, X-2."""
        name, content = small(office)
        before = effect(office)
        [answer] = office.receive(put(office, rename(name), content))
        assert (answer.result, codes(answer)) == (FileResult.REJECTED, [due])
        assert effect(office) == before

    @pytest.mark.parametrize("odd", ["\t", "\n", "\x7f", "\udc8e\udc8e", "\u2028"])
    def test_a_refused_name_of_any_characters_can_still_be_answered(self, office: PrefectureOffice, odd: str) -> None:
        """Rules: X-1, X-3."""
        name, content = small(office)
        before = effect(office)
        file = OpenFormatFile.from_blocks(
            f"SKKOJIN_{A}_{odd}_0001.csv", lambda: iter([content]), office.book, office.installation.register()
        )
        [answer] = receive(office.office, file)
        assert (answer.result, codes(answer)) == (FileResult.REJECTED, [("KKH-F001", 0, "")])
        assert effect(office) == before
        [row] = office.deliver(A)["SHOKEKKA"]
        shown = f"SKKOJIN_{A}_{chr(0xFFFD) * len(odd)}_0001.csv"
        assert about([row], "source_file", "line", "result", "error_code") == [(shown, 0, "2", "KKH-F001")]
        assert office.receive(put(office, name, content))[0].result is FileResult.APPLIED

    def test_every_prefix_is_refused_and_leaves_nothing(self, office: PrefectureOffice) -> None:
        """Rules: X-1, X-2."""
        name, content = small(office)
        before = effect(office)
        path = office.inbox / name
        for end in range(len(content)):
            path.write_bytes(content[:end])
            [answer] = office.receive(path)
            assert answer.result is FileResult.REJECTED, end
            assert answer.errors[0].code in ("KKH-F005", "KKH-F008"), end
        assert effect(office) == before
        path.write_bytes(content)
        assert office.receive(path)[0].counts.accepted == 2

    def test_a_fault_at_the_very_end_of_many_records_undoes_them_all(self, office: PrefectureOffice) -> None:
        """Rules: X-1."""
        before = effect(office)
        path = office.write("SKKOJIN", A, [insured(A, str(serial), serial) for serial in range(1, 2501)])
        path.write_bytes(path.read_bytes().replace(b"9,2500", b"9,2501"))
        assert codes(office.receive(path)[0]) == [("KKH-F006", 2502, "")]
        assert effect(office) == before

    def test_a_missing_file_is_refused(self, office: PrefectureOffice) -> None:
        """Rules: X-1."""
        name, _ = small(office)
        [answer] = office.receive(office.inbox / name)
        assert (answer.result, codes(answer)) == (FileResult.REJECTED, [("KKH-F015", 0, "")])

    def test_quoted_fields_and_quoted_line_ends_are_read(self, office: PrefectureOffice) -> None:
        """Rules: X-1."""
        name, content = small(office)
        lines = [",".join(f'"{cell}"' for cell in line.split(",")) for line in content.decode().split("\r\n")[:-1]]
        [answer] = office.receive(put(office, name, "".join(line + "\r\n" for line in lines).encode()))
        assert answer.counts.accepted == 2


FIELDS: list[tuple[str, str, str]] = [
    ("addressee_number", "１２３", "KKH-V002"),
    ("addressee_number", "1234567890123456", "KKH-V003"),
    ("addressee_number", "", "KKH-V001"),
    ("history_number", "１", "KKH-V002"),
    ("history_number", "-1", "KKH-V007"),
    ("history_number", "+1", "KKH-V007"),
    ("history_number", "12345", "KKH-V003"),
    ("update_kind", "4", "KKH-V008"),
    ("update_kind", "１", "KKH-V008"),
    ("individual_number", "", "accepted"),
    ("individual_number", "000000000000", "KKH-I011"),
    ("individual_number", number(1)[:11] + str((int(number(1)[11]) + 1) % 10), "KKH-I012"),
    ("individual_number", number(1)[:11], "KKH-I010"),
    ("individual_number", number(1) + "0", "KKH-I010"),
    ("individual_number", "９" + number(1)[1:], "KKH-I010"),
    ("individual_number", f"{number(1)[:4]}-{number(1)[4:8]}-{number(1)[8:]}", "KKH-I010"),
    ("previous_individual_number", "000000000000", "KKH-I011"),
    ("name", "", "KKH-V001"),
    ("name", "あ" * 101, "KKH-V003"),
    ("name", "あ" * 100, "accepted"),
    ("name", "見本\t花子", "KKH-V010"),
    ("name", "見本\x7f", "KKH-V010"),
    ("birth_date", "20230230", "KKH-V004"),
    ("birth_date", "19000229", "KKH-V004"),
    ("birth_date", "20000229", "accepted"),
    ("birth_date", "２０００0229", "KKH-V002"),
    ("member_end", "99991231", "KKH-V016"),
    ("birth_date", "2000-2-9", "KKH-V004"),
    ("birth_date", "00000000", "KKH-V004"),
    ("birth_date", "20001301", "KKH-V004"),
    ("birth_date", "", "KKH-V001"),
    ("sex", "9", "KKH-V008"),
    ("postal_code", "123-4567", "KKH-V002"),
    ("postal_code", "123456", "KKH-V003"),
    ("application_start", "", "KKH-V012"),
    ("application_start_reason", "57", "KKH-V008"),
    ("application_start_reason", "", "KKH-V012"),
    ("application_end_reason", "53", "KKH-V015"),
    ("address_withheld", "2", "KKH-V009"),
    ("updated_at", "20240401250000", "KKH-V006"),
    ("updated_at", "20240401", "KKH-V006"),
]


class TestFields:
    @pytest.mark.parametrize(("key", "text", "code"), FIELDS)
    def test_it_refuses_only_its_record(self, office: PrefectureOffice, key: str, text: str, code: str) -> None:
        """Rules: X-1, X-2, X-3, X-38, I-1."""
        path = set_cell(office, office.write("SKKOJIN", A, RECORDS), 2, key, text)
        checked = check(office.installation.incoming(path, office.installation.register()))
        [answer] = office.receive(path)
        assert answer.result is FileResult.APPLIED
        if code == "accepted":
            assert (answer.counts.accepted, codes(answer)) == (2, [])
            return
        field = "application_end" if code == "KKH-V015" else key
        assert codes(answer) == codes(checked) == [(code, 2, field)]
        assert (answer.counts.accepted, answer.counts.rejected, answer.counts.held) == (1, 1, 0)
        office.resolve()
        assert about(told(office, A, "HIHOID"), "addressee_number") == [("2",)]
        [refused, taken] = told(office, A, "SHOKEKKA")
        assert about([refused], "line", "result", "error_code", "error_field") == [(2, "2", code, field)]
        assert about([taken], "line", "result", "error_code") == [(3, "1", None)]
        # the sequence number is used up; the record comes again under the next one
        again = office.persons(A, RECORDS[0])
        assert (again.result, again.counts.accepted) == (FileResult.APPLIED, 1)

    def test_all_faults_of_a_record_are_reported_together(self, office: PrefectureOffice) -> None:
        """Rules: X-1."""
        path = office.write("SKKOJIN", A, RECORDS)
        for key, text in (("birth_date", "20230230"), ("sex", "7"), ("individual_number", "000000000000")):
            set_cell(office, path, 2, key, text)
        [answer] = office.receive(path)
        assert codes(answer) == [
            ("KKH-I011", 2, "individual_number"),
            ("KKH-V004", 2, "birth_date"),
            ("KKH-V008", 2, "sex"),
        ]
        assert (answer.counts.accepted, answer.counts.rejected) == (1, 1)

    def test_what_belongs_together(self, office: PrefectureOffice) -> None:
        """Rules: Q-1, P-2, X-1."""
        path = office.write("SKKOJIN", A, [nominal_head(A, "3"), insured(A, "4", 4, end="2024-01-01", end_reason="53")])
        set_cell(office, path, 2, "application_start", "20240101")
        set_cell(office, path, 3, "application_end_reason", "")
        assert codes(office.receive(path)[0]) == [
            ("KKH-V013", 2, "application_start"),
            ("KKH-V014", 3, "application_end_reason"),
        ]

    @pytest.mark.parametrize(
        ("key", "text", "code"),
        [
            ("treatment_month", "202313", "KKH-V005"),
            ("treatment_month", "２０２３01", "KKH-V002"),
            ("paid_amount", "-1", "KKH-V007"),
            ("paid_amount", "1.5", "KKH-V007"),
            ("occurrence_kind", "3", "KKH-V008"),
        ],
    )
    def test_of_a_month(self, office: PrefectureOffice, key: str, text: str, code: str) -> None:
        """Rules: X-1, H-1."""
        path = office.write("KOGAKU", A, [high_cost(A, "1", "202301"), high_cost(A, "1", "202302")])
        [answer] = office.receive(set_cell(office, path, 3, key, text))
        assert codes(answer) == [(code, 3, key)]
        assert answer.counts.accepted == 1

    def test_a_refused_record_leaves_no_trace_of_its_number(self, office: PrefectureOffice) -> None:
        """Rules: X-1, I-5, P-3."""
        before = effect(office)
        office.persons(A, insured(A, "1", 1), insured(A, "1", 1, history=2, start="2022-01-01"))
        after = effect(office)
        assert after["person_record"] == before["person_record"]
        assert after["pending_person"] == before["pending_person"]


class TestEncodings:
    def test_private_use_characters_are_kept_and_reported_by_row_and_column(self, office: PrefectureOffice) -> None:
        """Rules: X-22."""
        name, address = "見\ue000本\uf8ff髙𠮷", "町\U000f0001〜－"
        answer = office.persons(A, insured(A, "1", 1), insured(A, "2", 2, name=name, address=address))
        assert answer.counts.accepted == 2
        assert [(each.code, each.line, each.field) for each in answer.warnings] == [
            ("KKH-V011", 3, "name"),
            ("KKH-V011", 3, "address"),
        ]
        kept = ask(office.stored_in, "select name, address from person_record where addressee_number = '2'")
        assert [(one.encode(), other.encode()) for one, other in kept] == [(name.encode(), address.encode())]
        row = told(office, A, "SHOKEKKA")[1]
        assert (row["line"], row["result"], row["error_code"], row["error_field"]) == (3, "1", "KKH-V011", "name")

    @pytest.fixture
    def cp932_office(self, make_office: MakeOffice) -> PrefectureOffice:
        return make_office(
            insurers=[evolve(each, encoding="cp932") if each.insurer_number == A else each for each in INSURERS]
        )

    def test_the_encoding_of_a_sender(self, cp932_office: PrefectureOffice) -> None:
        """Rules: X-22."""
        office = cp932_office
        path = office.write("SKKOJIN", A, [insured(A, "1", 1, name="髙橋～①")])
        path.write_bytes(cp932.encode(path.read_bytes().decode()).replace(cp932.encode("①"), b"\xf0\x40"))
        [answer] = office.receive(path)
        assert [(each.code, each.line, each.field) for each in answer.warnings] == [("KKH-V011", 2, "name")]
        assert ask(office.stored_in, "select name from person_record") == [("髙橋～\ue000",)]
        assert office.persons(B, insured(B, "1", 2)).counts.accepted == 1

    def test_an_encoding_given_by_hand_goes_first(self, cp932_office: PrefectureOffice) -> None:
        """Rules: X-22."""
        office = cp932_office
        path = office.write("SKKOJIN", A, [insured(A, "1", 1, name="髙橋")])
        assert codes(office.receive(path)[0])[0][0] in ("KKH-F010", "KKH-F008")
        assert office.receive(path, "utf-8")[0].counts.accepted == 1

    def test_a_bom_where_it_is_declared(self, office: PrefectureOffice) -> None:
        """Rules: X-22, X-1."""
        path = office.write("SKKOJIN", A, RECORDS)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert office.receive(path, "utf-8-sig")[0].counts.accepted == 2

    def test_a_held_file_keeps_the_encoding_given_by_hand(self, office: PrefectureOffice) -> None:
        """Rules: X-22, X-2."""
        second = office.write("SKKOJIN", A, [insured(A, "2", 2, name="髙橋")], sequence=2)
        second.write_bytes(second.read_bytes().decode().encode("cp932"))
        assert office.receive(second, "cp932")[0].result is FileResult.HELD
        answers = office.receive(office.write("SKKOJIN", A, [insured(A, "1", 1)], sequence=1))
        assert [answer.result for answer in answers] == [FileResult.APPLIED] * 2
        assert ask(office.stored_in, "select name from person_record where addressee_number = '2'") == [("髙橋",)]

    def test_delivered_files_are_utf_8_for_everybody(self, cp932_office: PrefectureOffice) -> None:
        """Rules: X-38, X-22."""
        office = cp932_office
        path = office.write("SKKOJIN", A, RECORDS)
        path.write_bytes(path.read_bytes().decode().encode("cp932"))
        office.receive(path)
        office.resolve()
        assert set(office.deliver(A)) == {"TOKUSO", "HIHOID", "SHOKEKKA"}
        for written in office.outbox.iterdir():
            assert not written.read_bytes().startswith(b"\xef\xbb\xbf")
            written.read_bytes().decode("utf-8")


class TestSequence:
    """One (sender, FILE_ID) counts from 1 without a break."""

    def files(self, office: PrefectureOffice, count: int) -> list[Any]:
        return [office.write("SKKOJIN", A, [insured(A, str(n), n)], sequence=n) for n in range(1, count + 1)]

    def test_the_same_file_twice_has_one_effect(self, office: PrefectureOffice) -> None:
        """Rules: X-2, X-3."""
        [path] = self.files(office, 1)
        office.receive(path)
        before = effect(office)
        [answer] = office.receive(path)
        assert (answer.result, codes(answer), [each.code for each in answer.warnings]) == (
            FileResult.DUPLICATE,
            [],
            ["KKH-F022"],
        )
        assert effect(office) == before
        rows = about(told(office, A, "SHOKEKKA"), "line", "result", "error_code")
        assert rows == [(2, "1", None), (0, "4", "KKH-F022")]

    def test_a_used_name_with_other_content_is_rejected(self, office: PrefectureOffice) -> None:
        """Rules: X-2."""
        [path] = self.files(office, 1)
        office.receive(path)
        before = effect(office)
        path.write_bytes(path.read_bytes().replace("花子".encode(), "花代".encode()))
        [answer] = office.receive(path)
        assert (answer.result, codes(answer)) == (FileResult.REJECTED, [("KKH-F020", 0, "")])
        assert effect(office) == before

    def test_a_used_number_under_another_name_is_rejected(self, office: PrefectureOffice) -> None:
        """Rules: X-2."""
        self.files(office, 1)
        office.receive(self.files(office, 1)[0])
        before = effect(office)
        [answer] = office.receive(office.write("SKKOJIN", A, [insured(A, "9", 9)], sequence=1))
        assert (answer.result, codes(answer)) == (FileResult.REJECTED, [("KKH-F020", 0, "")])
        assert effect(office) == before

    def test_the_first_number_is_one(self, office: PrefectureOffice) -> None:
        """Rules: X-2."""
        assert office.receive(self.files(office, 2)[1])[0].result is FileResult.HELD

    def test_senders_and_kinds_of_files_count_apart(self, office: PrefectureOffice) -> None:
        """Rules: X-2."""
        assert office.persons(A, insured(A, "1", 1)).result is FileResult.APPLIED
        assert office.persons(B, insured(B, "1", 2)).result is FileResult.APPLIED
        assert office.months(A, high_cost(A, "1", "202301")).result is FileResult.APPLIED

    def test_a_held_file_waits_and_is_released_by_the_missing_one(self, office: PrefectureOffice) -> None:
        """Rules: X-2, X-3."""
        first, second = self.files(office, 2)
        before = effect(office)
        [held] = office.receive(second)
        assert (held.result, codes(held)) == (FileResult.HELD, [("KKH-F021", 0, "")])
        after = effect(office)
        after.pop("held_content")
        before.pop("held_content")
        assert after == before
        office.resolve()
        assert about(office.deliver(A)["SHOKEKKA"], "line", "result", "error_code") == [(0, "3", "KKH-F021")]
        answers = office.receive(first)
        assert [(answer.file, answer.result, answer.counts.accepted) for answer in answers] == [
            (first.name, FileResult.APPLIED, 1),
            (second.name, FileResult.APPLIED, 1),
        ]
        assert effect(office)["held_content"] == []
        assert about(office.deliver(A)["SHOKEKKA"], "source_file", "line", "result") == [
            (first.name, 2, "1"),
            (second.name, 2, "1"),
        ]
        assert office.receive(second)[0].result is FileResult.DUPLICATE

    def test_several_held_ones_follow_in_order_as_far_as_they_can(self, office: PrefectureOffice) -> None:
        """Rules: X-2."""
        paths = self.files(office, 6)
        for position in (5, 2, 3, 1):
            assert office.receive(paths[position])[0].result is FileResult.HELD
        answers = office.receive(paths[0])
        assert [answer.file for answer in answers] == [path.name for path in paths[:4]]
        assert {answer.result for answer in answers} == {FileResult.APPLIED}
        answers = office.receive(paths[4])
        assert [answer.file for answer in answers] == [path.name for path in paths[4:]]
        assert effect(office)["held_content"] == []

    def test_a_correction_held_before_its_first_record_is_applied_after_it(self, office: PrefectureOffice) -> None:
        """Rules: X-2, P-7."""
        first = office.write("SKKOJIN", A, [insured(A, "1", 1)], sequence=1)
        second = office.write(
            "SKKOJIN", A, [insured(A, "1", 1, kind="2", end="2024-01-01", end_reason="53")], sequence=2
        )
        third = office.write(
            "SKKOJIN", A, [insured(A, "1", 1, kind="2", end="2024-02-01", end_reason="53")], sequence=3
        )
        office.receive(third)
        office.receive(second)
        assert [answer.counts.accepted for answer in office.receive(first)] == [1, 1, 1]
        office.resolve()
        assert [row["qualification_lost"].isoformat() for row in told(office, A, "TOKUSO")] == ["2024-02-01"]

    def test_a_held_file_again_is_held_and_otherwise_rejected(self, office: PrefectureOffice) -> None:
        """Rules: X-2."""
        first, second = self.files(office, 2)
        content = second.read_bytes()
        office.receive(second)
        assert office.receive(second)[0].result is FileResult.HELD
        second.write_bytes(content.replace("花子".encode(), "花代".encode()))
        [answer] = office.receive(second)
        assert (answer.result, codes(answer)) == (FileResult.REJECTED, [("KKH-F020", 0, "")])
        [answer] = office.receive(office.write("SKKOJIN", A, [insured(A, "9", 9)], sequence=2))
        assert (answer.result, codes(answer)) == (FileResult.REJECTED, [("KKH-F020", 0, "")])
        # what was held first is what is applied
        assert [answer.counts.accepted for answer in office.receive(first)] == [1, 1]
        assert ask(office.stored_in, "select distinct name from person_record") == [("見本　花子",)]

    def test_a_broken_file_is_not_held(self, office: PrefectureOffice) -> None:
        """Rules: X-1, X-2."""
        first, second = self.files(office, 2)
        content = second.read_bytes()
        second.write_bytes(content[:-3])
        before = effect(office)
        assert office.receive(second)[0].result is FileResult.REJECTED
        assert effect(office) == before
        assert len(office.receive(first)) == 1
        second.write_bytes(content)
        assert office.receive(second)[0].result is FileResult.APPLIED

    def test_a_refused_predecessor_releases_nothing(self, office: PrefectureOffice) -> None:
        """Rules: X-2."""
        first, second = self.files(office, 2)
        office.receive(second)
        content = first.read_bytes()
        first.write_bytes(content[:-3])
        assert [answer.result for answer in office.receive(first)] == [FileResult.REJECTED]
        first.write_bytes(content)
        assert [answer.result for answer in office.receive(first)] == [FileResult.APPLIED] * 2

    def test_a_predecessor_with_refused_records_releases(self, office: PrefectureOffice) -> None:
        """Rules: X-1, X-2."""
        first, second = self.files(office, 2)
        office.receive(second)
        answers = office.receive(set_cell(office, first, 2, "sex", "9"))
        assert [(answer.counts.accepted, answer.counts.rejected) for answer in answers] == [(0, 1), (1, 0)]

    def test_refused_records_of_a_held_file_are_told_when_it_is_released(self, office: PrefectureOffice) -> None:
        """Rules: X-1, X-2, X-3."""
        first, second = self.files(office, 2)
        office.receive(set_cell(office, second, 2, "sex", "9"))
        _, answer = office.receive(first)
        assert codes(answer) == [("KKH-V008", 2, "sex")]

    def test_a_held_decision_is_taken_when_its_turn_comes(self, office: PrefectureOffice) -> None:
        """Rules: X-2, H-6."""
        second = office.write("KEISHIJI", B, [instruction(B, "K130000000009", "1")], sequence=2)
        first = office.write("KEISHIJI", B, [instruction(B, "K130000000008", "1")], sequence=1)
        assert office.receive(second)[0].result is FileResult.HELD
        assert [codes(answer) for answer in office.receive(first)] == [[("KKH-H001", 2, "candidate_number")]] * 2

    def test_in_is_accepted_rejected_and_held(self, office: PrefectureOffice) -> None:
        """Rules: X-1, X-3, X-6."""
        office.persons(B, insured(B, "1", 1, sex="1", end="2020-01-02", start="2020-01-01", end_reason="53"))
        path = office.write("SKKOJIN", A, [insured(A, str(n), n) for n in range(1, 6)])
        [answer] = office.receive(set_cell(office, path, 4, "sex", "9"))
        assert (answer.counts.accepted, answer.counts.rejected, answer.counts.held) == (3, 1, 1)
        rows = about(told(office, A, "SHOKEKKA"), "line", "result", "error_code")
        assert rows == [(2, "3", "KKH-I001"), (3, "1", None), (4, "2", "KKH-V008"), (5, "1", None), (6, "1", None)]


class TestWarnings:
    def test_another_insurer_that_contradicts_the_facts_is_only_a_warning(self, office: PrefectureOffice) -> None:
        """Rules: X-23, X-3."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01", other_insurer_number=B))
        answer = office.persons(
            B, insured(B, "7", 1, start="2024-04-01", reason="07", other_insurer_number=INSURERS[2].insurer_number)
        )
        assert answer.counts.accepted == 1
        assert [(each.code, each.line, each.field) for each in answer.warnings] == [
            ("KKH-Q001", 2, "other_insurer_number")
        ]
        assert about(told(office, B, "SHOKEKKA"), "result", "error_code") == [("1", "KKH-Q001")]
        office.resolve()
        assert about(told(office, B, "TOKUSO"), "carried_from") == [(A,)]

    def test_a_date_that_contradicts_its_reason_is_only_a_warning(self, office: PrefectureOffice) -> None:
        """Rules: D-1, D-4, P-7."""
        answer = office.persons(A, insured(A, "1", 1, start="2024-04-01", reason="02", birth_date="2024-03-30"))
        assert answer.counts.accepted == 1
        assert [(each.code, each.line, each.field, each.rule) for each in answer.warnings] == [
            ("KKH-D001", 2, "application_start", "D-1")
        ]


class TestUnknownHousehold:
    def test_a_member_whose_household_has_not_come_is_accepted(self, office: PrefectureOffice) -> None:
        """Rules: X-5."""
        assert office.persons(A, insured(A, "1", 1, "777")).counts.accepted == 1
        office.resolve()
        assert len(told(office, A, "TOKUSO")) == 1
        assert dump(office.stored_in)["household_record"] == []
        assert cells(next(office.outbox.glob("TOKUSO_*")), 1)[3] == "000000"
