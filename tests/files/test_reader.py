"""受信: every kind of bad input with its code, line and field, and that nothing broken is ever taken (S-16 … S-18)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kokuho_adapters.files import OpenFormatFile
from kokuho_core.errors import FileRefused, InvalidValue, Problem, Severity
from kokuho_core.ports.files import IncomingFile, ReadRecord
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.month import Month

from .support import (
    BOOK,
    CP932,
    CREATED,
    GOOD,
    KAIJO_KEYS,
    OTHER,
    REGISTER,
    SAMPLES,
    SENDER,
    STAMP,
    STRANGER,
    incoming,
    individual_number,
    kaijo,
    name_of,
    read,
)

WHOLE = kaijo(*GOOD)


def refused(content: str | bytes, **options: Any) -> Problem:
    with pytest.raises(FileRefused) as caught:
        read(content, **options)
    seen: BaseException | None = caught.value
    while seen is not None:  # a UnicodeDecodeError would carry the bytes into every log
        assert isinstance(seen, FileRefused)
        seen = seen.__cause__ or seen.__context__
    (problem,) = caught.value.problems
    return problem


def test_a_whole_file() -> None:
    file: IncomingFile = incoming(WHOLE)
    header = file.header()
    assert (header.file_id, header.layout_version, header.sender) == ("KAIJO", "1.0", SENDER)
    assert (header.created_at, header.sequence) == (CREATED, 1)
    for _ in range(2):  # from the start each time
        records = list(file.records(("applied_on", "municipal_insured_id")))
        assert [record.line for record in records] == [2, 3]
        assert [record.values for record in records] == [(date(2023, 4, 1), "M001"), (date(2023, 4, 2), "M002")]
        assert not any(record.problems or record.warnings for record in records)
    assert b"".join(file.blocks()) == WHOLE.encode()
    assert file.name == name_of()


def test_values_in_the_order_of_the_keys() -> None:
    assert [record.values for record in read(WHOLE, ("applied_on",))] == [(date(2023, 4, 1),), (date(2023, 4, 2),)]
    assert [record.values for record in read(WHOLE, ())] == [(), ()]
    assert read(WHOLE, ("none", "municipal_insured_id", "municipal_insured_id"))[0].values == (None, "M001", "M001")


def test_a_file_without_records() -> None:
    assert read(kaijo()) == []


def test_a_quoted_file_reads_the_same() -> None:
    lines = [",".join(f'"{cell}"' for cell in line.split(",")) for line in WHOLE.splitlines()]
    assert read("\r\n".join(lines) + "\r\n") == read(WHOLE)


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
def test_the_size_of_blocks_does_not_matter(size: int) -> None:
    assert read(WHOLE, size=size) == read(WHOLE)


def test_every_prefix_is_refused() -> None:
    """S-16: a cut at any byte, with quotes and characters of several bytes in the way."""
    content = kaijo('"M0""01",20230401', "外字\ue000𠮷,20230402", '"M\r\n2",20230402').encode()
    assert len(read(content)) == 3
    for end in range(len(content)):
        problem = refused(content[:end])
        assert problem.code in ("KKH-F005", "KKH-F008")
        assert problem.code == "KKH-F005" or end >= len(content) - 2


def test_every_prefix_in_cp932_is_refused() -> None:
    content = kaijo("表示,20230401", sender=CP932).encode("cp932")
    name = name_of(sender=CP932)
    assert len(read(content, name=name)) == 1
    for end in range(len(content)):
        refused(content[:end], name=name)


# --- the name (line 0) ---

NAMED = {
    "form": ("KAIJO-130013.csv", "KKH-F001", ""),
    "unknown file": (name_of("MOON"), "KKH-F002", "file_id"),
    "direction": (name_of("TOKUSO"), "KKH-F013", "file_id"),
    "from the intermediate server": (name_of("KANKEKKA"), "KKH-F013", "file_id"),
    "other prefecture": (name_of(sender=STRANGER), "KKH-F004", "sender"),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_wrong_name(case: str) -> None:
    name, code, key = NAMED[case]
    assert refused(WHOLE, name=name) == Problem(code, 0, key)
    with pytest.raises(FileRefused, match=code):
        incoming(WHOLE, name).header()


def test_without_register_the_sender_is_not_looked_up() -> None:
    text = kaijo(*GOOD, sender=STRANGER)
    assert len(read(text, name=name_of(sender=STRANGER), register=None)) == 2


def test_a_file_of_the_aggregation() -> None:
    text = f"1,TOKUSO,1.0,000000,{STAMP},1\r\n9,0\r\n"
    file = incoming(text, name_of("TOKUSO"), accept="aggregation")
    assert file.header().sender == SENDER
    assert list(file.records(("status",))) == []
    assert refused(text.replace("000000", SENDER), name=name_of("TOKUSO"), accept="aggregation").code == "KKH-F003"
    problem = refused(WHOLE, name=name_of("SKKOJIN"), accept="aggregation")
    assert problem == Problem("KKH-F013", 0, "file_id")


# --- the control record ---

CONTROL = {
    "missing": (WHOLE[WHOLE.index("2,") :], "KKH-F014", ""),
    "only an end": ("9,0\r\n", "KKH-F014", ""),
    "five columns": (WHOLE.replace(",1\r\n", "\r\n", 1), "KKH-F014", ""),
    "seven columns": (WHOLE.replace(",1\r\n", ",1,\r\n", 1), "KKH-F014", ""),
    "empty line": ("\r\n" + WHOLE, "KKH-F014", ""),
    "bare quote": (WHOLE.replace("1,KAIJO", '1,KAI"JO'), "KKH-F014", ""),
    "no file id": (WHOLE.replace("1,KAIJO", "1,"), "KKH-F014", "file_id"),
    "no version": (WHOLE.replace(",1.0,", ",,"), "KKH-F014", "layout_version"),
    "sender's form": (WHOLE.replace(f"1.0,{SENDER}", "1.0,13001X"), "KKH-F014", "sender"),
    "no real moment": (WHOLE.replace(STAMP, "20230230000000"), "KKH-F014", "created_at"),
    "sequence": (WHOLE.replace(f"{STAMP},1", f"{STAMP},x"), "KKH-F014", "sequence"),
    "full-width sequence": (WHOLE.replace(f"{STAMP},1", f"{STAMP},\uff11"), "KKH-F014", "sequence"),
    "huge sequence": (WHOLE.replace(f"{STAMP},1", f"{STAMP},{'1' * 10}"), "KKH-F014", "sequence"),
    "other file id": (WHOLE.replace("1,KAIJO", "1,SKKOJIN"), "KKH-F003", "file_id"),
    "other sender": (WHOLE.replace(f"1.0,{SENDER}", f"1.0,{OTHER}"), "KKH-F003", "sender"),
    "aggregation as sender": (WHOLE.replace(f"1.0,{SENDER}", "1.0,000000"), "KKH-F003", "sender"),
    "other moment": (WHOLE.replace(STAMP, "20230403093016"), "KKH-F003", "created_at"),
    "other sequence": (WHOLE.replace(f"{STAMP},1", f"{STAMP},2"), "KKH-F003", "sequence"),
    "unknown version": (WHOLE.replace(",1.0,", ",9.9,"), "KKH-F002", "layout_version"),
    "open quote": (WHOLE.replace("1,KAIJO", '1,"KAIJO'), "KKH-F008", ""),
    "text after quote": (WHOLE.replace("1,KAIJO", '1,"KAIJO"x'), "KKH-F008", ""),
}


@pytest.mark.parametrize("case", CONTROL)
def test_a_wrong_control_record(case: str) -> None:
    content, code, key = CONTROL[case]
    assert refused(content) == Problem(code, 1, key)
    with pytest.raises(FileRefused, match=code):
        incoming(content).header()


def test_a_padded_sequence_agrees() -> None:
    assert incoming(WHOLE.replace(f"{STAMP},1", f"{STAMP},0001")).header().sequence == 1


# --- structure ---

LINE_3 = f"2,{SENDER},{GOOD[1]}"
STRUCTURE: dict[str, tuple[str | bytes, str, int, str]] = {
    "empty file": ("", "KKH-F005", 1, ""),
    "no end record": (WHOLE[: WHOLE.rindex("9,")], "KKH-F005", 4, ""),
    "cut in a record": (WHOLE[: WHOLE.index("M002")], "KKH-F005", 3, ""),
    "cut in a quoted line end": (kaijo('"M\r\n1",20230401')[:-25], "KKH-F005", 2, ""),
    "no last CRLF": (WHOLE[:-2], "KKH-F008", 4, ""),
    "CR alone at the end": (WHOLE[:-1], "KKH-F008", 4, ""),
    "count too small": (kaijo(*GOOD, count=1), "KKH-F006", 4, ""),
    "count too large": (kaijo(*GOOD, count=3), "KKH-F006", 4, ""),
    "no count": (WHOLE.replace("9,2", "9,"), "KKH-F006", 4, ""),
    "full-width count": (WHOLE.replace("9,2", "9,\uff12"), "KKH-F006", 4, ""),
    "end record of three columns": (WHOLE.replace("9,2", "9,2,"), "KKH-F007", 4, ""),
    "end record of one column": (WHOLE.replace("9,2", "9"), "KKH-F007", 4, ""),
    "a column too few": (WHOLE.replace("M002,", ""), "KKH-F007", 3, ""),
    "a column too many": (WHOLE.replace("M002,", "M002,,"), "KKH-F007", 3, ""),
    "NUL": (WHOLE.replace("M002", "M\x002"), "KKH-F008", 3, ""),
    "bare LF": (WHOLE.replace("\r\n", "\n"), "KKH-F016", 1, ""),
    "one bare LF": (WHOLE.replace(LINE_3 + "\r", LINE_3), "KKH-F016", 3, ""),
    "bare LF and NUL": (WHOLE.replace(LINE_3 + "\r", LINE_3 + "\0"), "KKH-F008", 3, ""),
    "bare LF after a bare CR": (WHOLE.replace(LINE_3 + "\r", "\r" + LINE_3), "KKH-F008", 3, ""),
    "LF before CR": (WHOLE.replace(LINE_3 + "\r\n", LINE_3 + "\n\r"), "KKH-F016", 3, ""),
    "bare CR": (WHOLE.replace("\r\n", "\r"), "KKH-F008", 1, ""),
    "CR inside a field": (WHOLE.replace("M002", "M\r2"), "KKH-F008", 3, ""),
    "bare LF inside quotes": (WHOLE.replace("M002", '"M\n2"'), "KKH-F016", 3, ""),
    "open quote": (WHOLE.replace("M002", '"M002'), "KKH-F008", 3, ""),
    "quote inside a field": (WHOLE.replace("M002", 'M"002'), "KKH-F008", 3, ""),
    "text after a quote": (WHOLE.replace("M002", '"M"002'), "KKH-F008", 3, ""),
    "blank after a quote": (WHOLE.replace("M002", '"M" '), "KKH-F008", 3, ""),
    "BOM": (b"\xef\xbb\xbf" + WHOLE.encode(), "KKH-F009", 1, ""),
    "cp932 bytes": (kaijo(*GOOD, "外,20230403").encode("cp932"), "KKH-F010", 4, ""),
    "cut character before a line end": (WHOLE.encode().replace(b"M002", b"M\xe5\xa4"), "KKH-F010", 3, ""),
    "surrogate": (WHOLE.encode().replace(b"M002", b"\xed\xa0\x80"), "KKH-F010", 3, ""),
    "overlong slash": (WHOLE.encode().replace(b"M002", b"\xc0\xaf"), "KKH-F010", 3, ""),
    "foreign record": (WHOLE.replace(LINE_3, LINE_3.replace(SENDER, OTHER)), "KKH-F011", 3, "insurer_number"),
    "unknown insurer": (WHOLE.replace(LINE_3, LINE_3.replace(SENDER, "999999")), "KKH-F011", 3, "insurer_number"),
    "no insurer": (WHOLE.replace(LINE_3, LINE_3.replace(SENDER, "")), "KKH-F011", 3, "insurer_number"),
    "foreign before its faults": (WHOLE.replace(LINE_3, f"2,{OTHER},,x"), "KKH-F011", 3, "insurer_number"),
    "unknown kind": (WHOLE.replace(LINE_3, "3" + LINE_3[1:]), "KKH-F012", 3, ""),
    "empty kind": (WHOLE.replace(LINE_3, LINE_3[1:]), "KKH-F012", 3, ""),
    "empty line": (WHOLE.replace(LINE_3, ""), "KKH-F012", 3, ""),
    "second control record": (WHOLE.replace(LINE_3, WHOLE.splitlines()[0]), "KKH-F012", 3, ""),
    "record after the end": (WHOLE + LINE_3 + "\r\n", "KKH-F012", 5, ""),
    "second end": (WHOLE + "9,2\r\n", "KKH-F012", 5, ""),
    "empty line after the end": (WHOLE + "\r\n", "KKH-F012", 5, ""),
    "blank after the end": (WHOLE + " ", "KKH-F012", 5, ""),
    "end-of-file character": (WHOLE + "\x1a", "KKH-F012", 5, ""),
    "NUL after the end": (WHOLE + "\0\r\n", "KKH-F012", 5, ""),
    "line over 1 MiB": (WHOLE.replace("M002", "M" * (1 << 20)), "KKH-F017", 3, ""),
    "line just below 1 MiB": (WHOLE.replace("M002", "M," * 524_000), "KKH-F007", 3, ""),
    "no line at all": ("x" * (3 << 20), "KKH-F017", 1, ""),
    "field over the limit of csv": (WHOLE.replace("M002", "M" * 200_000), "KKH-F017", 3, ""),
    "quote open over many lines": (kaijo(GOOD[0], '"M002,20230402', *[GOOD[0]] * 9000), "KKH-F008", 3, ""),
    "quote open over long lines": (kaijo(GOOD[0], '"M,' + "x" * 70_000, *["x" * 70_000] * 3), "KKH-F008", 3, ""),
    "far down": (kaijo(*[GOOD[0]] * 20_000, "M\x00,20230401", *GOOD), "KKH-F008", 20_002, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", STRUCTURE)
def test_a_broken_structure_refuses_the_file(case: str) -> None:
    content, code, line, key = STRUCTURE[case]
    assert refused(content) == Problem(code, line, key)
    raw = content.encode() if isinstance(content, str) else content
    if len(raw) < 10_000:
        assert refused(content, size=1) == Problem(code, line, key)
    assert refused(content, size=1 << 24) == Problem(code, line, key)


def test_records_before_the_fault_are_given_out() -> None:
    records = incoming(WHOLE.replace("M002,", "")).records(KAIJO_KEYS)
    assert next(records).line == 2
    with pytest.raises(FileRefused):
        next(records)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 999, 1000, 1001, 2000, 2500])
@pytest.mark.parametrize("faults", ["none", "first", "last", "both ends of a batch"])
def test_lines_after_an_end_record_are_never_numbered(count: int, faults: str) -> None:
    """Rules: S-16, X-3. Read a column at a time, records get their lines by counting: what stands behind an early end record
    is refused under its own line, and none of it is given out under another one."""
    good, bad = "M001,20230401", "M\t1,20230401"
    wrong = {"none": [], "first": [2], "last": [count + 1], "both ends of a batch": [1001, 1002]}[faults]
    before = [bad if line in wrong else good for line in range(2, count + 2)]
    for behind in (f"2,{SENDER},{good}", f"2,{SENDER},{bad}", f"2,{OTHER},{good}", "2", "9,1", ""):
        text = kaijo(*before) + f"{behind}\r\n" + kaijo(good).split("\r\n", 1)[1]
        for size in (1000, 1 << 20):
            assert refused(text, size=size) == Problem("KKH-F012", count + 3)
            given: list[tuple[int, int]] = []
            with contextlib.suppress(FileRefused):
                for record in incoming(text, size=size).records(KAIJO_KEYS):
                    given.append((record.line, len(record.problems)))
            assert given == [(line, line in wrong) for line in range(2, count + 2)]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    file = OpenFormatFile.from_path(tmp_path / name_of(), BOOK, REGISTER)
    for use in (file.header, lambda: list(file.records(())), lambda: list(file.blocks())):
        with pytest.raises(FileRefused) as caught:
            use()
        assert caught.value.problems == (Problem("KKH-F015"),)
        assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_the_source_is_closed_when_reading_stops_early() -> None:
    closed = []

    def blocks() -> Iterator[bytes]:
        try:
            yield WHOLE.encode()
            yield b""
        finally:
            closed.append(True)

    file = OpenFormatFile.from_blocks(name_of(), blocks, BOOK, REGISTER)
    file.header()
    assert len(closed) == 1
    records = file.records(KAIJO_KEYS)
    next(records)
    records.close()  # type: ignore[attr-defined]
    assert len(closed) == 2
    plain = OpenFormatFile.from_blocks(name_of(), lambda: iter([WHOLE.encode()]), BOOK, REGISTER)
    assert plain.header() == file.header()


# --- fields ---


def skkojin(**changes: str) -> str:
    """The second sample person with other raw texts."""
    layout = BOOK.newest("SKKOJIN")
    assert layout is not None
    lines = (SAMPLES / name_of("SKKOJIN")).read_bytes().decode().split("\r\n")
    cells = lines[2].split(",")
    for key, text in changes.items():
        cells[layout.keys.index(key) + 1] = text
    return "\r\n".join([lines[0], ",".join(cells), "9,1", ""])


FIELDS = {
    "required": ({"name": ""}, "KKH-V001"),
    "full-width digits": ({"addressee_number": "\uff11\uff12\uff13"}, "KKH-V002"),
    "sign": ({"addressee_number": "-1"}, "KKH-V002"),
    "superscript": ({"household_number": "1²"}, "KKH-V002"),
    "blank": ({"household_number": " 1"}, "KKH-V002"),
    "short digits": ({"postal_code": "123456"}, "KKH-V003"),
    "long digits": ({"addressee_number": "1" * 16}, "KKH-V003"),
    "long text": ({"name": "あ" * 101}, "KKH-V003"),
    "long int": ({"history_number": "12345"}, "KKH-V003"),
    "no real day": ({"birth_date": "20230229"}, "KKH-V004"),
    "day with strokes": ({"birth_date": "2023-2-1"}, "KKH-V004"),
    "full-width day": ({"birth_date": "2023020\uff11"}, "KKH-V002"),
    "day of zeros": ({"member_end": "00000000"}, "KKH-V004"),
    "short day": ({"birth_date": "2023021"}, "KKH-V004"),
    "no real moment": ({"updated_at": "20230402240000"}, "KKH-V006"),
    "short moment": ({"updated_at": "20230402"}, "KKH-V006"),
    "negative": ({"history_number": "-1"}, "KKH-V007"),
    "underscore": ({"history_number": "1_0"}, "KKH-V007"),
    "full-width int": ({"history_number": "\uff11"}, "KKH-V002"),
    "no end as a day": ({"member_end": "99991231"}, "KKH-V016"),
    "code": ({"update_kind": "4"}, "KKH-V008"),
    "code of another table": ({"application_start_reason": "51"}, "KKH-V008"),
    "code of other length": ({"relationship": "1"}, "KKH-V008"),
    "flag": ({"address_withheld": "Y"}, "KKH-V009"),
    "tab": ({"name": "試験\t太郎"}, "KKH-V010"),
    "DEL": ({"address": "架空\x7f"}, "KKH-V010"),
    "C1": ({"address": "架空\x85"}, "KKH-V010"),
    "escape": ({"alias": "\x1b[31m"}, "KKH-V010"),
    "quoted line end": ({"address": '"架空\r\n二丁目"'}, "KKH-V010"),
    "quoted line end in digits": ({"household_number": '"7\r\n00"'}, "KKH-V002"),
    "number's length": ({"individual_number": "12345678901"}, "KKH-I010"),
    "full-width number": ({"individual_number": "12345678901\uff18"}, "KKH-I010"),
    "number of zeros": ({"individual_number": "0" * 12}, "KKH-I011"),
    "number's check digit": ({"previous_individual_number": "123456789010"}, "KKH-I012"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_wrong_field_refuses_its_record(case: str) -> None:
    changes, code = FIELDS[case]
    (record,) = read(skkojin(**changes), ("name",), name=name_of("SKKOJIN"))
    assert record.problems == tuple(Problem(code, 2, key) for key in changes)
    assert record.values == ()
    assert not any(text and text in repr(record) for text in changes.values() if len(text) > 4)


def test_no_real_month() -> None:
    text = kaijo("700,202313,1,1,,,0,20230402235959", "700,202301,1,1,,,0,20230402235959").replace("KAIJO", "KOGAKU")
    wrong, right = read(text, ("treatment_month", "paid_amount"), name=name_of("KOGAKU"))
    assert wrong.problems == (Problem("KKH-V005", 2, "treatment_month"),)
    assert right.values == (Month.of(2023, 1), 0)
    for month in ("202300", "20231", "000001"):
        assert read(text.replace("202313", month), (), name=name_of("KOGAKU"))[0].problems[0].code == "KKH-V005"


def test_all_problems_of_a_record_and_only_of_that_record() -> None:
    wrong, right = read(kaijo("M\t1,20230230", GOOD[0]))
    assert wrong.problems == (
        Problem("KKH-V010", 2, "municipal_insured_id"),
        Problem("KKH-V004", 2, "applied_on"),
    )
    assert right.values == (SENDER, "M001", date(2023, 4, 1)) and not right.problems


def test_lines_are_records_not_text_lines() -> None:
    """X-3, with a quoted line end before."""
    records = read(kaijo('"M\r\n\r\n1",20230401', "M2,20230230"))
    assert [(record.line, record.problems[0].field) for record in records] == [
        (2, "municipal_insured_id"), (3, "applied_on")
    ]  # fmt: skip


def test_more_days_than_are_kept_in_mind() -> None:
    days = [date.fromordinal(date(1850, 1, 1).toordinal() + number) for number in range(50_100)]
    records = read(kaijo(*(f"M,{day:%Y%m%d}" for day in days)), ("applied_on",))
    assert [record.values[0] for record in records] == days


def test_a_quoted_line_end_across_blocks_is_seen() -> None:
    text = kaijo('"M\r\n1",20230401', *[GOOD[0]] * 3)
    for size in range(1, len(text)):
        records = read(text, size=size)
        assert [len(record.problems) for record in records] == [1, 0, 0, 0]


def test_the_individual_number_is_never_in_clear() -> None:
    number = individual_number("12345678901")
    digits = number.reveal()
    (record,) = read(skkojin(individual_number=digits), ("individual_number",), name=name_of("SKKOJIN"))
    assert isinstance(record.values[0], IndividualNumber) and record.values[0] == number
    assert digits not in repr(record) and digits not in str(record)
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    (record,) = read(skkojin(individual_number=wrong, birth_date="x"), (), name=name_of("SKKOJIN"))
    assert [problem.code for problem in record.problems] == ["KKH-I012", "KKH-V004"]
    assert wrong[:6] not in repr(record) and wrong[:6] not in "".join(problem.message for problem in record.problems)


# --- characters ---


@pytest.mark.parametrize("character", ["\ue000", "\uf8ff", "\U000f0000", "\U00100000", "\U0010fffd"])
def test_private_use_characters_are_kept_and_reported(character: str) -> None:
    (record,) = read(kaijo(f"髙{character}𠮷,20230401"))
    assert record.values[1] == f"髙{character}𠮷"
    assert record.warnings == (Problem("KKH-V011", 2, "municipal_insured_id"),)
    assert not record.problems and record.warnings[0].is_warning


@pytest.mark.parametrize("text", ["\u301c\uff5e~", "葛\U000e0100", "か\u3099", "a\u200db", "\u3000", "A\u00a0B", " x "])
def test_text_is_neither_normalised_nor_warned_about(text: str) -> None:
    (record,) = read(kaijo(f"{text},20230401"))
    assert record.values[1] == text
    assert not record.problems and not record.warnings


def test_every_cp932_code_is_kept() -> None:
    """S-17: all two-byte codes decode to themselves, F040–F9FC are reported and leave byte-exact."""
    codes = []
    for lead in (*range(0x81, 0xA0), *range(0xE0, 0xFD)):
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFD)):
            raw = bytes((lead, trail))
            try:
                raw.decode("cp932")
            except UnicodeDecodeError:
                continue
            codes.append(raw)
    assert len(codes) > 9000
    lines = [f"1,KAIJO,1.0,{CP932},{STAMP},1".encode()]
    lines += [b"2,%s,%s,20230401" % (CP932.encode(), raw) for raw in codes]
    content = b"\r\n".join([*lines, b"9,%d" % len(codes), b""])
    records = read(content, name=name_of(sender=CP932))
    assert len(records) == len(codes)
    for raw, record in zip(codes, records, strict=True):
        assert record.values[1] == raw.decode("cp932")
        is_gaiji = 0xF0 <= raw[0] <= 0xF9
        assert ("KKH-V011" in [each.code for each in record.warnings]) == is_gaiji
        assert not is_gaiji or record.values[1].encode("cp932") == raw


def test_a_cp932_code_without_a_character_refuses_the_file() -> None:
    content = kaijo("M001,20230401", "??,20230401", sender=CP932).encode().replace(b"??", b"\x85\x40")
    assert refused(content, name=name_of(sender=CP932)) == Problem("KKH-F010", 3)


def test_the_encoding_follows_from_the_sender_or_is_given() -> None:
    """X-22."""
    text = kaijo("髙橋,20230401", sender=CP932)
    name = name_of(sender=CP932)
    assert read(text.encode("cp932"), name=name)[0].values[1] == "髙橋"
    assert read(text, name=name, encoding="utf-8")[0].values[1] == "髙橋"
    own = kaijo("髙橋,20230401")
    assert read(own.encode("cp932"), encoding="cp932")[0].values[1] == "髙橋"
    assert read(own.encode("utf-8-sig"), encoding="utf-8-sig", size=1)[0].values[1] == "髙橋"
    assert read(own, encoding="utf-8-sig")[0].values[1] == "髙橋"


def test_a_second_bom_is_no_control_record() -> None:
    assert refused(b"\xef\xbb\xbf" + WHOLE.encode("utf-8-sig"), encoding="utf-8-sig") == Problem("KKH-F014", 1)


@pytest.mark.parametrize("encoding", ["shift_jis", "utf-16", "UTF-8", ""])
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(InvalidValue, match="KKH-C004"):
        incoming(WHOLE, encoding=encoding)


# --- a second parser ---


def plain_rows(content: bytes) -> list[list[str]] | None:
    """RFC 4180 by hand, for comparison: rows of a file with CRLF line ends, None when it is not one."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if not text.endswith("\r\n") or "\r" in text.replace("\r\n", "") or "\n" in text.replace("\r\n", ""):
        return None
    rows: list[list[str]] = [[]]
    at = 0
    while at < len(text):
        cell = ""
        if text[at] == '"':
            at += 1
            while True:
                end = text.find('"', at)
                if end < 0:
                    return None
                cell += text[at:end]
                at = end + 1
                if text[at : at + 1] != '"':
                    break
                cell += '"'
                at += 1
        else:
            end = min(found for found in (text.find(",", at), text.find("\r\n", at)) if found >= 0)
            cell, at = text[at:end], end
            if '"' in cell:
                return None
        rows[-1].append(cell)
        if text[at] == ",":
            at += 1
            if text[at : at + 2] == "\r\n":
                rows[-1].append("")
        if text[at : at + 2] == "\r\n":
            at += 2
            rows.append([])
        elif text[at - 1] != ",":
            return None
    return rows[:-1]


def outcome(content: bytes, size: int) -> list[ReadRecord] | Problem:
    try:
        return read(content, size=size)
    except FileRefused as error:
        return error.problems[0]


SEED = kaijo('"M""1",20230401', "外\ue000,20230402", '"a,b",20230403').encode()


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SEED)),
            st.integers(0, 3),
            st.sampled_from([b"", b'"', b",", b"\r\n", b"\n", b"\r", b"\0", b"9,3", b"2", b"\xff", b"\t", b"x"]),
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([1, 5, 65536]),
)
def test_a_damaged_file_is_refused_or_read_like_a_second_parser_does(
    changes: list[tuple[int, int, bytes]], size: int
) -> None:
    content = SEED
    for at, cut, put in changes:
        content = content[:at] + put + content[at + cut :]
    records = outcome(content, size)
    if isinstance(records, Problem):
        assert records.entry.severity is Severity.FILE
        return
    rows = plain_rows(content)
    assert rows is not None
    assert len(rows) == len(records) + 2 and rows[-1] == ["9", str(len(records))]
    for row, record in zip(rows[1:-1], records, strict=True):
        assert row[:2] == ["2", SENDER]
        if not record.problems:
            assert record.values[1] == row[2] and record.values[2].strftime("%Y%m%d") == row[3]


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(content: bytes) -> None:
    refused(content)
