"""送信: what is written reads back, and what the layout or the encoding cannot hold is never written."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_adapters.files import Field, Layout, LayoutBook, OpenFormatFile, OpenFormatFolder, as_table, format_value
from kokuho_adapters.files.preparing import LinePreparer
from kokuho_adapters.files.values import FieldFault, compile_format_column, compile_kept, compile_kept_column
from kokuho_adapters.files.writer import as_csv
from kokuho_core.errors import FileRefused, InvalidValue, NotFound, Problem, SetupFault
from kokuho_core.ports.files import OutgoingFiles, PreparedLines
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.month import Month

from .support import (
    BOOK,
    CREATED,
    OTHER,
    REGISTER,
    SAMPLE_ROWS,
    SAMPLES,
    SENDER,
    individual_number,
    is_municipal,
    name_of,
    read_back,
    write,
)

LAYOUTS = {layout.id: layout for layout in BOOK}
ROW = SAMPLE_ROWS["KAIJO"][0]


# --- samples ---


@pytest.mark.parametrize("file_id", SAMPLE_ROWS)
def test_the_sample_is_written_byte_for_byte(file_id: str, tmp_path: Path) -> None:
    path = write(tmp_path, LAYOUTS[file_id], list(SAMPLE_ROWS[file_id]))
    assert path.read_bytes() == (SAMPLES / path.name).read_bytes()


@pytest.mark.parametrize("file_id", SAMPLE_ROWS)
def test_the_sample_reads_as_its_rows(file_id: str) -> None:
    layout = LAYOUTS[file_id]
    records = read_back(SAMPLES / name_of(file_id), layout)
    assert [record.line for record in records] == list(range(2, 2 + len(SAMPLE_ROWS[file_id])))
    for record, row in zip(records, SAMPLE_ROWS[file_id], strict=True):
        assert record.problems == () and record.warnings == ()
        assert dict(zip(layout.keys, record.values, strict=True)) == {key: row.get(key) for key in layout.keys}


@pytest.mark.parametrize("file_id", SAMPLE_ROWS)
def test_the_sample_holds_the_contract_alone(file_id: str) -> None:
    """Read with nothing but csv and the TOML tables."""
    definition = Path(__file__).parents[2] / "src" / "kokuho_adapters" / "files" / "layouts" / f"{file_id}.toml"
    fields = tomllib.loads(definition.read_text("utf-8"))["field"]
    raw = (SAMPLES / name_of(file_id)).read_bytes()
    assert raw.endswith(b"\r\n") and raw.count(b"\n") == raw.count(b"\r\n")
    control, *data, end = csv.reader(raw.decode("utf-8").split("\r\n")[:-1])
    sender = SENDER if is_municipal(LAYOUTS[file_id]) else "000000"
    assert control == ["1", file_id, "1.0", sender, "20230403093015", "1"]
    assert end == ["9", str(len(data))]
    for row in data:
        assert row[0] == "2" and len(row) == 1 + len(fields)
        for item, text in zip(fields, row[1:], strict=True):
            assert text or not item["required"]
            assert len(text) in (0, item.get("length", len(text)))
            assert len(text) <= item.get("max_length", len(text))
            assert not text or not isinstance(item.get("codes"), dict) or text in item["codes"]


# --- anything the layout can hold reads back ---


def values_of(item: Field) -> st.SearchStrategy[Any]:
    least, most = (item.length, item.length) if item.length is not None else (1, item.max_length or 1)
    if "individual_number" in item.key:
        return st.integers(1, 10**11 - 1).map(lambda payload: individual_number(f"{payload:011d}"))
    days = st.dates(date(1, 1, 2), date(9998, 12, 31))
    by_type: dict[str, st.SearchStrategy[Any]] = {
        "digits": st.text("0123456789", min_size=least, max_size=most),
        "int": st.integers(0, 10**most - 1),
        "text": st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=least, max_size=most),
        "date": days,
        "month": st.integers(12, 119_999).map(Month),
        "datetime": st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
        "flag": st.sampled_from("01"),
        "code": st.sampled_from(sorted(item.codes or {"": ""})),
    }
    return by_type[item.type]


def rows_of(layout: Layout) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.fixed_dictionaries(
        {
            item.key: st.just(SENDER)
            if item.key == "insurer_number"
            else values_of(item)
            if item.required
            else st.none() | values_of(item)
            for item in layout.fields
        }
    )
    return st.lists(row, max_size=3)


@pytest.mark.parametrize("convention", ["exclusive", "inclusive"])
@pytest.mark.parametrize("file_id", SAMPLE_ROWS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_reads_back(file_id: str, convention: str, tmp_path: Path, data: st.DataObject) -> None:
    layout = evolve(LAYOUTS[file_id], end_convention=convention)
    rows = data.draw(rows_of(layout))
    records = read_back(write(tmp_path, layout, list(rows)), layout)
    assert [dict(zip(layout.keys, record.values, strict=True)) for record in records] == rows
    assert not any(record.problems for record in records)


@given(st.lists(st.tuples(*[st.text("ab ,\"\r\n'\u3042", max_size=4)] * 3), min_size=1, max_size=5))
def test_lines_are_those_of_the_csv_module(rows: list[tuple[str, ...]]) -> None:
    """Rules: S-18. Whatever stands in them, and whichever way they are written."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    assert as_csv(list(zip(*rows, strict=True))) == buffer.getvalue()


@pytest.mark.parametrize("kind", sorted({item.type for layout in LAYOUTS.values() for item in layout.fields}))
@settings(max_examples=60)
@given(data=st.data())
def test_a_column_is_written_as_each_of_its_values(kind: str, data: st.DataObject) -> None:
    """Rules: S-18. Also where some are absent, wrong, or have a part that is not written."""
    item = data.draw(st.sampled_from([item for layout in LAYOUTS.values() for item in layout.fields if item.type == kind]))
    odd = st.sampled_from([None, "", 7, "?", date.max, datetime(2024, 5, 1, 9, 30, 0, 5), datetime(2024, 5, 1, tzinfo=UTC)])
    value = values_of(item)
    if "individual_number" in item.key:
        value |= values_of(item).map(IndividualNumber.reveal)
    values = data.draw(st.lists(value, min_size=1, max_size=4) | st.lists(odd | value, min_size=1, max_size=4))
    try:
        expected = [format_value(item, value) for value in values]
    except InvalidValue:
        with pytest.raises(FieldFault):
            compile_format_column(item, False)(values)
        return
    assert list(compile_format_column(item, False)(values)) == expected


READ = {"date": date.fromisoformat, "month": Month.parse, "datetime": datetime.fromisoformat}
"""How what a database row keeps as text becomes a value."""


@pytest.mark.parametrize("kind", [*READ, "digits"])
@settings(max_examples=60)
@given(inclusive=st.booleans(), data=st.data())
def test_a_column_as_it_is_kept_is_written_as_its_values(kind: str, inclusive: bool, data: st.DataObject) -> None:
    """Rules: S-18. Also where some are absent, wrong, or have a part that is not written."""
    item = data.draw(st.sampled_from([item for layout in LAYOUTS.values() for item in layout.fields if item.type == kind]))
    odd = ["0001-01-01", "9999-12-31", "9998-12-31", "2023-02-30", "2024-05-01T09:30:00.000005", "2024-05-01T09:30:00+00:00"]
    odd += ["2024-W17-7T16:45:00", "20240501T093000", "2024-05-01T09:30", "202413", "000001", "?", "", "\uff12024-05-01"]
    kept = values_of(item).map(lambda value: value if isinstance(value, int | str | IndividualNumber) else text_of(value))
    values = data.draw(
        st.lists(kept, min_size=1, max_size=4) | st.lists(st.sampled_from([*odd, None, 7]) | kept, min_size=1, max_size=4)
    )
    write, write_each = compile_kept_column(item, inclusive), compile_kept(item, inclusive)
    try:
        expected = [format_value(item, read(item, value), inclusive) for value in values]
    except (InvalidValue, ValueError, TypeError):
        with pytest.raises(FieldFault):
            write(values)
        return
    assert list(write(values)) == expected
    assert [write_each(value) for value in values if value not in (None, "")] == list(filter(None, expected))


def text_of(value: Any) -> str:
    return str(value) if isinstance(value, Month) else str(value.isoformat())


def read(item: Field, value: Any) -> Any:
    return READ[item.type](value) if item.type in READ and value is not None and value != "" else value


def test_what_was_prepared_is_written_as_the_rest(tmp_path: Path) -> None:
    """Rules: I-5, S-6, S-26. Lines with marks in the place of numbers, in a column of their own and in one that lacks some."""
    layout = LAYOUTS["SKKOJIN"]
    [sample, *_] = SAMPLE_ROWS["SKKOJIN"]
    rows = [{**sample, "individual_number": None, "previous_individual_number": None, "name": name} for name in ("a", 'b,"', "c")]
    own = [individual_number(f"{place:011d}") for place in (1, 2, 3)]
    former = [None, own[0], None]
    kept = [{key: text_of(value) if isinstance(value, date) else value for key, value in row.items()} for row in rows]
    columns = [[row.get(key) for row in kept] for key in layout.keys]
    folder = OpenFormatFolder(tmp_path, BOOK)
    form = folder.form_of("SKKOJIN", layout.keys)
    assert form is not None
    prepared = LinePreparer(form).prepared(columns, 3, 5)
    assert prepared is not None and prepared.number == 3
    with_numbers = [list(column) for column in columns]
    with_numbers[layout.keys.index("individual_number")] = own
    with_numbers[layout.keys.index("previous_individual_number")] = former
    lines = PreparedLines(prepared, {"individual_number": own, "previous_individual_number": former})
    without = PreparedLines(prepared, {"individual_number": None, "previous_individual_number": None})
    written = []
    for sequence, batches in enumerate(([with_numbers, with_numbers, columns], [with_numbers, lines, without]), 1):
        name, count = folder.write_columns("SKKOJIN", SENDER, CREATED, sequence, layout.keys, batches)
        assert count == 9
        folder.publish(name)
        written.append((tmp_path / name).read_bytes().split(b"\r\n")[1:])
    assert written[0] == written[1] and own[0].reveal().encode() in written[0][4]
    with pytest.raises(ValueError, match="zip"):
        prepared.filled([["1", "2"], ["", ""]])  # numbers of other lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_every_encoding_reads_back(encoding: str, tmp_path: Path) -> None:
    row = {**ROW, "municipal_insured_id": "髙﨑①\ue000\uff5e"}
    path = write(tmp_path, LAYOUTS["KAIJO"], [row], encoding)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    assert encoding != "cp932" or b"\xf0\x40\x81\x60" in path.read_bytes()
    (record,) = read_back(path, LAYOUTS["KAIJO"], encoding)
    assert record.values[1] == row["municipal_insured_id"]


def test_a_large_file_is_written_in_batches(tmp_path: Path) -> None:
    path = write(tmp_path, LAYOUTS["KAIJO"], [ROW] * 2500, "utf-8-sig")
    assert path.read_bytes().count(b"\xef\xbb\xbf") == 1
    assert len(read_back(path, LAYOUTS["KAIJO"], "utf-8-sig")) == 2500


def test_codes_of_the_core_are_written_by_their_value(tmp_path: Path) -> None:
    row = {**SAMPLE_ROWS["KOGAKU"][0], "update_kind": UpdateKind.CORRECTION}
    (record,) = read_back(write(tmp_path, LAYOUTS["KOGAKU"], [row]), LAYOUTS["KOGAKU"])
    assert record.values[3] == "2" and type(record.values[3]) is str


# --- publishing ---


def test_a_file_is_seen_only_when_published(tmp_path: Path) -> None:
    folder: OutgoingFiles = OpenFormatFolder(tmp_path, BOOK)
    name, count = folder.write("RIYOTO", SENDER, CREATED, 12, *as_table(SAMPLE_ROWS["RIYOTO"]))
    assert (name, count) == (name_of("RIYOTO", sequence=12), 2)
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.part"]
    folder.publish(name)
    folder.publish(name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    header = OpenFormatFile.from_path(tmp_path / name, BOOK, REGISTER, accept="aggregation").header()
    assert (header.sender, header.sequence, header.created_at) == (SENDER, 12, CREATED)


def test_a_file_written_again_takes_the_place_of_an_unpublished_one(tmp_path: Path) -> None:
    folder = OpenFormatFolder(tmp_path, BOOK)
    (tmp_path / f"{name_of('RIYOTO')}.part").write_bytes(b"left by a crash" * 1000)
    name, _ = folder.write("RIYOTO", SENDER, CREATED, 1, (), ())
    assert (tmp_path / f"{name}.part").read_bytes().endswith(b",1\r\n9,0\r\n")


def test_what_was_never_written_cannot_be_published(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="KKH-F015"):
        OpenFormatFolder(tmp_path, BOOK).publish(name_of())
    with pytest.raises(FileRefused, match="KKH-F001"):
        OpenFormatFolder(tmp_path, BOOK).publish("../" + name_of())


def test_nothing_is_left_when_the_rows_fail(tmp_path: Path) -> None:
    keys, known = as_table(SAMPLE_ROWS["RIYOTO"])

    def rows() -> Iterator[tuple[Any, ...]]:
        yield known[0]
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        OpenFormatFolder(tmp_path, BOOK).write("RIYOTO", SENDER, CREATED, 1, keys, rows())
    assert list(tmp_path.iterdir()) == []


def test_what_makes_no_file(tmp_path: Path) -> None:
    folder = OpenFormatFolder(tmp_path, BOOK, sender=SENDER)
    with pytest.raises(SetupFault, match="KKH-F002"):
        folder.write("MOON", SENDER, CREATED, 1, (), ())
    with pytest.raises(InvalidValue, match="KKH-F003"):
        folder.write("KAIJO", OTHER, CREATED, 1, (), ())
    with pytest.raises(FileRefused, match="KKH-F001"):
        folder.write("KAIJO", SENDER, CREATED, 0, (), ())
    with pytest.raises(InvalidValue, match="KKH-C004"):
        OpenFormatFolder(tmp_path, BOOK, encoding="utf-16")
    assert list(tmp_path.iterdir()) == []


# --- values that cannot be written ---

SECRET = "秘密123"
WRONG: dict[str, tuple[str, Mapping[str, Any], str]] = {
    "required": ("KAIJO", {"municipal_insured_id": None}, "KKH-V001"),
    "required, empty": ("KAIJO", {"municipal_insured_id": ""}, "KKH-V001"),
    "digits": ("SKKOJIN", {"addressee_number": SECRET}, "KKH-V002"),
    "digits as a number": ("SKKOJIN", {"addressee_number": 123}, "KKH-V002"),
    "length of digits": ("SKKOJIN", {"postal_code": "123456"}, "KKH-V003"),
    "length of text": ("KAIJO", {"municipal_insured_id": SECRET * 10}, "KKH-V003"),
    "date as text": ("KAIJO", {"applied_on": SECRET}, "KKH-V004"),
    "date as a moment": ("KAIJO", {"applied_on": CREATED}, "KKH-V004"),
    "no end as a day": ("KAIJO", {"applied_on": date(9999, 12, 31)}, "KKH-V016"),
    "month": ("KOGAKU", {"treatment_month": date(2023, 1, 1)}, "KKH-V005"),
    "month without year": ("KOGAKU", {"treatment_month": Month(3)}, "KKH-V005"),
    "moment": ("KOGAKU", {"updated_at": date(2023, 1, 1)}, "KKH-V006"),
    "negative": ("KOGAKU", {"paid_amount": -1}, "KKH-V007"),
    "int as text": ("KOGAKU", {"paid_amount": "1"}, "KKH-V007"),
    "int as a truth": ("KOGAKU", {"paid_amount": True}, "KKH-V007"),
    "long int": ("KOGAKU", {"paid_amount": 10**9}, "KKH-V003"),
    "code": ("KOGAKU", {"update_kind": SECRET}, "KKH-V008"),
    "flag": ("SKKOJIN", {"address_withheld": True}, "KKH-V009"),
    "control character": ("KAIJO", {"municipal_insured_id": "a\r\nb"}, "KKH-V010"),
    "text as a number": ("KAIJO", {"municipal_insured_id": 1}, "KKH-V010"),
    "number's form": ("SKKOJIN", {"individual_number": "12345"}, "KKH-I010"),
    "number as int": ("SKKOJIN", {"individual_number": 123456789018}, "KKH-I010"),
    "number's check digit": ("SKKOJIN", {"individual_number": "123456789010"}, "KKH-I012"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_value_the_layout_cannot_hold(case: str, tmp_path: Path) -> None:
    file_id, change, code = WRONG[case]
    ((key, value),) = change.items()
    first = SAMPLE_ROWS[file_id][0]
    with pytest.raises(InvalidValue) as caught:
        OpenFormatFolder(tmp_path, BOOK).write(file_id, SENDER, CREATED, 1, *as_table([first, {**first, **change}]))
    assert caught.value.problems == (Problem(code, 3, key),)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert SECRET not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    (item,) = (item for item in LAYOUTS[file_id].fields if item.key == key)
    with pytest.raises(InvalidValue) as alone:
        format_value(item, value)
    assert alone.value.problems == (Problem(code, 0, key),)


@pytest.mark.parametrize("text", ["𠮷", "葛\U000e0100", "\u00a5", "\u203e", "\u301c", "\U000f0000"])
def test_cp932_never_replaces_a_character(text: str, tmp_path: Path) -> None:
    """S-17: no «?», and no backslash for «¥» either."""
    rows = [ROW] * 1500 + [{**ROW, "municipal_insured_id": text}] + [ROW]
    with pytest.raises(InvalidValue) as caught:
        OpenFormatFolder(tmp_path, BOOK, "cp932", SENDER).write("KAIJO", SENDER, CREATED, 1, *as_table(rows))
    assert caught.value.problems == (Problem("KKH-F010", 1502, "municipal_insured_id"),)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert list(tmp_path.iterdir()) == []


def test_a_lone_surrogate_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="KKH-F010"):
        write(tmp_path, LAYOUTS["KAIJO"], [{**ROW, "municipal_insured_id": "\ud800"}])


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("name", "試験", "試験"),
        ("alias", None, ""),
        ("alias", "", ""),
        ("birth_date", date(12, 3, 4), "00120304"),
        ("history_number", 0, "0"),
        ("updated_at", datetime(2023, 4, 3, 1, 2, 3), "20230403010203"),
        ("individual_number", individual_number("12345678901"), individual_number("12345678901").reveal()),
    ],
)
def test_one_value(key: str, value: Any, text: str) -> None:
    (item,) = (item for item in LAYOUTS["SKKOJIN"].fields if item.key == key)
    assert format_value(item, value) == text


def test_an_inclusive_end_is_the_last_day_covered() -> None:
    (item,) = (item for item in LAYOUTS["SKKOJIN"].fields if item.key == "application_end")
    assert format_value(item, date(2024, 3, 1), inclusive=True) == "20240229"
    assert format_value(item, date(2024, 3, 1)) == "20240301"
    with pytest.raises(InvalidValue, match="KKH-V004"):
        format_value(item, date.min, inclusive=True)


def test_a_book_of_one_layout_is_enough(tmp_path: Path) -> None:
    assert LayoutBook([LAYOUTS["KAIJO"]]).newest("KAIJO") is LAYOUTS["KAIJO"]
