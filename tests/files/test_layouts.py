"""レイアウト: the shipped definitions, a vendor's own, and definitions that are wrong (KKH-C009)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kokuho_adapters.files import LayoutBook
from kokuho_core.errors import SetupFault
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS
from kokuho_core.household.record import HOUSEHOLD_KEYS
from kokuho_core.insured_person.record import PERSON_KEYS

from .support import BOOK, GOOD, KAIJO_KEYS, SAMPLE_ROWS, SENDER, kaijo, read, write

KAIJO = """\
id = "KAIJO"
name = "解除"
version = "1.0"
direction = "municipality->aggregation->intermediate"
end_convention = "exclusive"

[[field]]
no = 1
key = "insurer_number"
name = "保険者番号"
type = "digits"
length = 6
required = true

[[field]]
no = 2
key = "municipal_insured_id"
name = "ID"
type = "text"
max_length = 20
required = true

[[field]]
no = 3
key = "applied_on"
name = "申請日"
type = "date"
length = 8
required = true
"""


def extra(no: int, key: str, rest: str) -> str:
    return f'\n[[field]]\nno = {no}\nkey = "{key}"\nname = "追加"\nrequired = false\n{rest}\n'


def book_with(tmp_path: Path, *texts: str, base: LayoutBook = BOOK) -> LayoutBook:
    paths = []
    for number, text in enumerate(texts):
        paths.append(tmp_path / f"vendor{number}.toml")
        paths[-1].write_text(text, "utf-8")
    return base.with_files(paths)


def test_all_layouts_are_shipped() -> None:
    assert {layout.id for layout in BOOK} == set(SAMPLE_ROWS)
    assert len(list(BOOK)) == 24
    assert LayoutBook.shipped() is LayoutBook.shipped()


@pytest.mark.parametrize(
    ("file_id", "keys"), [("SKKOJIN", PERSON_KEYS), ("SKSETAI", HOUSEHOLD_KEYS), ("KOGAKU", HIGH_COST_KEYS)]
)
def test_records_of_the_core_are_keyed_by_the_layout(file_id: str, keys: tuple[str, ...]) -> None:
    layout = BOOK.newest(file_id)
    assert layout is not None
    assert set(keys) == set(layout.keys)


def test_ends_are_the_ends_of_periods() -> None:
    ends = {(layout.id, item.key) for layout in BOOK for item in layout.fields if item.is_end}
    assert {key for file_id, key in ends if file_id == "SKKOJIN"} == {
        "member_end", "application_end", "qualification_lost", "special_case_end"
    }  # fmt: skip
    assert ("FUZOKU", "expires_on") not in ends
    assert ("SHOTOKU", "valid_until") not in ends


def test_reason_codes_come_from_their_table() -> None:
    layout = BOOK.newest("SKKOJIN")
    assert layout is not None
    codes = {item.key: item.codes for item in layout.fields}
    assert (codes["application_start_reason"] or {})["07"] == "転入(県内)"
    assert set(codes["application_end_reason"] or {}) >= {"51", "57", "99"}


def test_another_version_is_added_and_the_newest_is_the_highest_number(tmp_path: Path) -> None:
    book = book_with(tmp_path, KAIJO.replace('"1.0"', '"1.10"'), KAIJO.replace('"1.0"', '"1.9"'))
    newest = book.newest("KAIJO")
    assert newest is not None and newest.version == "1.10"
    assert book.get("KAIJO", "1.0") == BOOK.get("KAIJO", "1.0")
    assert book.get("KAIJO", "2.0") is None and book.get("NONE", "1.0") is None and book.newest("NONE") is None
    assert "KAIJO" in book and "NONE" not in book


def test_a_file_of_another_name_is_added(tmp_path: Path) -> None:
    book = book_with(
        tmp_path, KAIJO.replace('id = "KAIJO"', 'id = "TOKUBETSU"').replace('"municipal_insured_id"', '"x"')
    )
    assert book.get("TOKUBETSU", "1.0") is not None and len(list(book)) == 25


def test_the_same_version_replaces(tmp_path: Path) -> None:
    book = book_with(tmp_path, KAIJO)
    layout = book.get("KAIJO", "1.0")
    assert layout is not None and layout.name == "解除"
    assert len(list(book)) == 24


def test_a_file_in_another_version_is_read_by_that_version(tmp_path: Path) -> None:
    book = book_with(tmp_path, KAIJO.replace('"1.0"', '"2.0"') + extra(4, "memo", 'type = "text"\nmax_length = 5'))
    text = kaijo("M001,20230401,メモ").replace(",1.0,", ",2.0,")
    (record,) = read(text, (*KAIJO_KEYS, "memo"), book=book)
    assert record.values == (SENDER, "M001", date(2023, 4, 1), "メモ")
    (old,) = read(kaijo(GOOD[0]), (*KAIJO_KEYS, "memo"), book=book)
    assert old.values[3] is None


def test_a_reordered_layout_reads_and_writes_by_key(tmp_path: Path) -> None:
    swapped = KAIJO.replace("no = 3", "no = 0").replace("no = 1", "no = 3").replace("no = 0", "no = 1")
    book = book_with(tmp_path, swapped.replace("max_length = 20", "max_length = 4"))
    layout = book.newest("KAIJO")
    assert layout is not None and layout.keys == tuple(reversed(KAIJO_KEYS))
    text = kaijo().replace("9,0", f"2,20230401,M001,{SENDER}\r\n9,1")
    (record,) = read(text, book=book)
    assert record.values == (SENDER, "M001", date(2023, 4, 1))
    path = write(tmp_path, layout, [dict(zip(KAIJO_KEYS, record.values, strict=True))])
    assert path.read_bytes() == text.encode()
    (refused,) = read(text.replace("M001", "M0012"), book=book)
    assert [(p.code, p.line, p.field) for p in refused.problems] == [("KKH-V003", 2, "municipal_insured_id")]


def test_a_dropped_optional_field_reads_as_none(tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "src/kokuho_adapters/files/layouts/KEISHIJI.toml").read_text("utf-8")
    book = book_with(tmp_path, shipped[: shipped.rindex("[[field]]")])
    stamped = kaijo().replace("KAIJO", "KEISHIJI")
    text = stamped.replace("9,0", f"2,{SENDER},C1,1,20230401,staff\r\n9,1")
    (record,) = read(text, ("reason", "decision"), name=f"KEISHIJI_{SENDER}_20230403093015_0001.csv", book=book)
    assert record.values == (None, "1")


INCLUSIVE = (
    KAIJO.replace('"exclusive"', '"inclusive"')
    + extra(4, "stay_end", 'type = "date"\nlength = 8')
    + extra(5, "qualification_lost", 'type = "date"')
    + extra(6, "last_day", 'type = "date"\nend = true')
    + extra(7, "week_end", 'type = "date"\nend = false')
)


def test_inclusive_ends_become_half_open_and_back(tmp_path: Path) -> None:
    """P-1: the reader adds one day to ends alone, the writer takes it away."""
    book = book_with(tmp_path, INCLUSIVE)
    layout = book.newest("KAIJO")
    assert layout is not None and layout.is_inclusive
    text = kaijo("M001,20230401,20240229,20221231,20230331,20230331", "M002,20230401,,,,")
    full, empty = read(text, layout.keys, book=book)
    assert full.values[2:] == (
        date(2023, 4, 1), date(2024, 3, 1), date(2023, 1, 1), date(2023, 4, 1), date(2023, 3, 31)
    )  # fmt: skip
    assert empty.values[3:] == (None, None, None, None)
    rows = [dict(zip(layout.keys, record.values, strict=True)) for record in (full, empty)]
    assert write(tmp_path, layout, list(rows)).read_bytes() == text.encode()


def test_an_inclusive_end_the_day_before_the_start_is_an_empty_period(tmp_path: Path) -> None:
    """P-2: same-day 得喪 is written as start − 1 day and reads as start == end."""
    (record,) = read(
        kaijo("M001,20230401,20230331,,,"), ("applied_on", "stay_end"), book=book_with(tmp_path, INCLUSIVE)
    )
    assert record.values == (date(2023, 4, 1), date(2023, 4, 1))


def test_the_last_day_of_the_calendar_has_no_day_after_it(tmp_path: Path) -> None:
    (record,) = read(kaijo("M001,20230401,99991231,,,"), book=book_with(tmp_path, INCLUSIVE))
    assert [(p.code, p.field) for p in record.problems] == [("KKH-V016", "stay_end")]


WRONG = {
    "no TOML": ("= =", "cannot be read"),
    "unknown key": ("speed = 1\n" + KAIJO, "unknown key speed"),
    "no id": (KAIJO.replace('id = "KAIJO"', ""), "id is missing"),
    "lower id": (KAIJO.replace('id = "KAIJO"', 'id = "kaijo"'), "id is not"),
    "version": (KAIJO.replace('"1.0"', '"1.x"'), "version"),
    "version number": (KAIJO.replace('"1.0"', "1.0"), "version is missing"),
    "direction": (KAIJO.replace("->intermediate", "->moon"), "direction"),
    "other direction": (KAIJO.replace("->intermediate", ""), "direction is not"),
    "convention": (KAIJO.replace('"exclusive"', '"both"'), "end_convention"),
    "no fields": (KAIJO[: KAIJO.index("[[")], "no fields"),
    "duplicate number": (KAIJO.replace("no = 3", "no = 2"), "stands twice"),
    "gap": (KAIJO.replace("no = 3", "no = 4"), "number 3 is missing"),
    "number zero": (KAIJO.replace("no = 3", "no = 0"), "no positive number"),
    "number true": (KAIJO.replace("no = 1", "no = true"), "no positive number"),
    "duplicate key": (KAIJO + extra(4, "applied_on", 'type = "date"'), "applied_on: key stands twice"),
    "bad key": (KAIJO.replace('"applied_on"', '"Applied On"'), "field 3: key"),
    "unknown type": (KAIJO.replace('"date"', '"day"'), "applied_on: type is unknown"),
    "unknown field key": (KAIJO.replace("length = 8", "lenght = 8"), "applied_on: unknown key lenght"),
    "no name": (KAIJO.replace('name = "ID"', 'name = ""'), "municipal_insured_id: name"),
    "required as text": (KAIJO.replace("required = true", 'required = "yes"', 1), "insurer_number: required"),
    "negative length": (KAIJO.replace("length = 6", "length = -6"), "insurer_number: length"),
    "two lengths": (KAIJO.replace("length = 6", "length = 6\nmax_length = 6"), "both length"),
    "no length": (KAIJO.replace("length = 6\n", ""), "length or max_length"),
    "length of a date": (KAIJO.replace("length = 8", "length = 10"), "length of date is 8"),
    "end of a text": (KAIJO.replace("max_length = 20", "max_length = 20\nend = true"), "end is for dates"),
    "codes of a text": (KAIJO + extra(4, "x", 'type = "text"\nlength = 1\ncodes = { "1" = "a" }'), "type code"),
    "no codes": (KAIJO + extra(4, "x", 'type = "code"\nlength = 1'), "x: codes are missing"),
    "unknown table": (KAIJO + extra(4, "x", 'type = "code"\ncodes = "reasons.moon"'), "reasons.moon is unknown"),
    "empty code": (KAIJO + extra(4, "x", 'type = "code"\ncodes = { "" = "a" }'), "codes are ASCII"),
    "length of a code": (KAIJO + extra(4, "x", 'type = "code"\nlength = 2\ncodes = { "1" = "a" }'), "another length"),
    "dropped required": (KAIJO[: KAIJO.rindex("[[")], "applied_on: a required field is missing"),
    "no longer required": (KAIJO[: KAIJO.rindex("true")] + "false\n", "applied_on: must stay required"),
    "other kind of value": (KAIJO.replace('"date"\nlength = 8', '"text"\nlength = 8'), "type must stay date"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_definition_names_file_and_field(case: str, tmp_path: Path) -> None:
    text, told = WRONG[case]
    with pytest.raises(SetupFault) as caught:
        book_with(tmp_path, text)
    (problem,) = caught.value.problems
    assert problem.code == "KKH-C009"
    assert problem.field.startswith("vendor0.toml: ")
    assert told in problem.field


def test_one_layout_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupFault, match="given twice"):
        book_with(tmp_path, KAIJO, KAIJO)


def test_a_missing_layout_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupFault, match="KKH-C009"):
        BOOK.with_files([tmp_path / "none.toml"])


def test_codes_that_rules_are_written_in_cannot_grow(tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "src/kokuho_adapters/files/layouts/KEISHIJI.toml").read_text("utf-8")
    with pytest.raises(SetupFault, match="decision: has a code no rule knows"):
        book_with(tmp_path, shipped.replace('"3" = ', '"4" = "?", "3" = '))
    assert book_with(tmp_path, shipped.replace(', "3" = "確定取消"', "")).newest("KEISHIJI") is not None
