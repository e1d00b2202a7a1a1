"""二つの読取り: what one reader takes the other takes too, with the same values; and the comparison can fail (S-18)."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kokuho_adapters.files import Layout, LayoutBook, lines, reader, values
from kokuho_adapters.files.layout import parse_layout
from kokuho_core.errors import SetupFault

from .comparison import BOOK, SENDER, STAMP, reading, require_same_reading
from .fuzz import CORPUS, INSURERS, LAYOUT, mutated, run_one, seeds
from .second_reader import LAYOUTS, layout

FILE_IDS = sorted(each.id for each in BOOK)
SEEDS = seeds()

# --- generated files ---


def texts_of(item: dict[str, Any]) -> st.SearchStrategy[str]:
    """Mostly right texts of a field, and now and then anything."""
    most = item.get("length") or item.get("max_length") or 8
    least = item.get("length", 1)
    by_type: dict[str, st.SearchStrategy[str]] = {
        "digits": st.text("0123456789", min_size=least, max_size=most),
        "int": st.text("0123456789", min_size=1, max_size=most),
        "text": st.text(min_size=least, max_size=min(most, 12)),
        "code": st.sampled_from(sorted(item.get("codes", {"1": ""}))),
        "date": st.dates().map(lambda day: f"{day:%Y%m%d}".rjust(8, "0")),
        "month": st.dates().map(lambda day: f"{day:%Y%m}".rjust(6, "0")),
        "datetime": st.datetimes().map(lambda moment: f"{moment:%Y%m%d%H%M%S}".rjust(14, "0")),
        "flag": st.sampled_from("01"),
    }
    right = by_type[item["type"]]
    anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
    odd = st.sampled_from(["", "\uff11" * most, "1" * (most + 1), "20230229", "99991231", "00010101", '"', '""', ",", " ", "\t"])
    return st.integers(0, 19).flatmap(lambda draw: anything if draw == 0 else odd if draw == 1 else right)


@st.composite
def written_files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of any kind whose structure is right, in any lawful way of quoting."""
    file_id = draw(st.sampled_from(FILE_IDS))
    definition = layout(file_id)
    fields = sorted(definition["field"], key=lambda item: item["no"])
    municipal = definition["direction"].startswith("municipality->aggregation")
    rows = draw(
        st.lists(
            st.tuples(
                *(
                    st.just(SENDER) if item["key"] == "insurer_number" and municipal else texts_of(item) for item in fields
                )
            ),
            max_size=3,
        )
    )
    made = io.StringIO()
    quoting: Any = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]))
    write = csv.writer(made, quoting=quoting).writerow
    write(["1", file_id, "1.0", SENDER if municipal else "000000", STAMP, "1"])
    for row in rows:
        write(["2", *row])
    write(["9", str(len(rows))])
    return file_id, made.getvalue().encode()


@settings(max_examples=400)
@given(written_files(), st.sampled_from([1, 9, 65536]))
def test_files_of_right_structure_are_read_the_same(written: tuple[str, bytes], size: int) -> None:
    """Rules: S-18."""
    file_id, content = written
    require_same_reading(content, "utf-8", file_id, size)


@settings(max_examples=400)
@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_damaged_seeds_of_the_fuzzer(name: str, data: st.DataObject) -> None:
    """Rules: S-18. What ``make fuzz`` does for minutes, a little of it in every test run: files, layouts, insurers."""
    content = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(1, len(content)))
        cut = data.draw(st.sampled_from([0, 1, 2, 8]))
        put = data.draw(st.sampled_from([b"", b'"', b",", b"\r\n", b"\n", b"\0", b"\xff", b"=", b"[[field]]\n", b"9", b"\xef\xbc\x91"]))
        content[at : at + cut] = put
    run_one(bytes(content))


@settings(max_examples=400)
@given(st.sampled_from(sorted(SEEDS)), st.integers(0, 2**32), st.integers(1, 4))
def test_what_the_fuzzer_makes_of_good_inputs(name: str, seed: int, times: int) -> None:
    """Rules: S-18. Its changes of cells and values, without the guidance that comes from watching the code."""
    content = SEEDS[name]
    for number in range(times):
        content = mutated(content, 8192, seed + number, lambda data, longest: (data[1:] + data[:1])[:longest])
    run_one(content)


def test_the_fuzzer_reaches_what_is_behind_the_structure() -> None:
    """Rules: S-18. Of a thousand changed files some are taken, some have a refused record, some are refused."""
    tally = Counter(
        run_one(mutated(SEEDS[f"SKKOJIN_{SENDER}_{STAMP}_0001"], 8192, seed, lambda data, _: data)) for seed in range(1000)
    )
    for outcome in ("file taken", "file with a refused record", "file refused", "layout refused"):
        assert tally[outcome] >= 10, tally


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_the_seeds_of_the_fuzzer_are_good(name: str) -> None:
    """Rules: S-18."""
    assert run_one(SEEDS[name]).endswith(" taken")


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.bin")), ids=lambda path: path.stem)
def test_what_once_was_found(path: Path) -> None:
    """Rules: S-18."""
    run_one(path.read_bytes())


# --- the comparison finds what it is meant to find ---

FULL_WIDTH = f"2,{SENDER},\uff11\uff12,202301,1,1,,,0,20230402235959"


def kogaku(record: str) -> bytes:
    return f"1,KOGAKU,1.0,{SENDER},{STAMP},1\r\n{record}\r\n9,1\r\n".encode()


def lax_csv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_is_well_quoted", lambda source, row: True)


def lax_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(item: Any, inclusive: bool) -> Callable[[str], Any]:
        return str if item.type == "digits" else values.compile_field(item, inclusive)

    monkeypatch.setattr(reader, "compile_field", compiled)
    monkeypatch.setattr(reader, "compile_column", lambda item, parse: lambda texts: [parse(text) or None for text in texts])


def lax_days(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import date

    monkeypatch.setattr(values, "_DAYS", values.KnownResults(lambda text: date(2023, 2, min(28, int(text[6:])))))


def lax_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_is_clean", lambda raw: True)


def lax_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_no_data_record", lambda row, line, columns: None)


def lax_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CONTROL", re.compile("(?!)"))


GOOD = f"2,{SENDER},700,202301,1,1,,,0,20230402235959"
PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], bytes]] = {
    "quote inside a field": (lax_csv, kogaku(GOOD.replace("700", '7""0'))),
    "full-width digits": (lax_digits, kogaku(FULL_WIDTH)),
    "unreal day": (lax_days, kogaku(GOOD.replace(",,,", ",,20230230,"))),
    "bare LF": (lax_ends, kogaku(GOOD).replace(b"\r\n9", b"\n9")),
    "count": (lax_count, kogaku(GOOD).replace(b"9,1", b"9,2")),
    "control character": (lax_characters, kogaku(GOOD).replace(b"KOGAKU", b"KAIJO").replace(GOOD.encode(), b"2,%s,a\tb,20230401" % SENDER.encode())),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: S-18. A reader made lax in one point disagrees with the second reader."""
    plant, content = PLANTED[fault]
    file_id = content.split(b",")[1].decode()
    require_same_reading(content, "utf-8", file_id)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        require_same_reading(content, "utf-8", file_id)


# --- sizes ---


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("size", [7, 65536, 1 << 24])
def test_the_longest_line_and_field_are_the_same_for_both(size: int, encoding: str) -> None:
    """Rules: S-18. At the limit and one byte beyond it."""
    head = f"2,{SENDER},"
    for length in (131_072, 131_073):
        content = f"1,KAIJO,1.0,{SENDER},{STAMP},1\r\n{head}{'M' * length},20230401\r\n9,1\r\n".encode(encoding)
        taken = require_same_reading(content, encoding, "KAIJO", size)
        assert (taken is not None) == (length == 131_072)
    if size == 7:
        return
    for length in (1 << 20, (1 << 20) + 1):  # with its CR
        cells = "," * (length - len(head) - 1)
        content = f"1,KAIJO,1.0,{SENDER},{STAMP},1\r\n{head}{cells}\r\n9,1\r\n".encode(encoding)
        assert require_same_reading(content, encoding, "KAIJO", size) is None


def test_a_record_over_many_lines_is_the_same_for_both() -> None:
    """Rules: S-18. A thousand lines in quotes are one record with a wrong field, one more line is no record."""
    for lines_in_quotes in (999, 1000, 1001):
        text = '"' + "\r\n" * (lines_in_quotes - 1) + '"'
        content = f"1,KAIJO,1.0,{SENDER},{STAMP},1\r\n2,{SENDER},{text},20230401\r\n9,1\r\n".encode()
        taken = require_same_reading(content, "utf-8", "KAIJO")
        assert (taken is not None) == (lines_in_quotes <= 1000)


def test_a_large_file_is_read_in_little_memory() -> None:
    """Rules: S-18. 100,000 records with a fault every thousand; what is kept does not grow with them."""
    import tracemalloc

    def blocks(count: int) -> Iterator[bytes]:
        yield f"1,KAIJO,1.0,{SENDER},{STAMP},1\r\n".encode()
        good, bad = f"2,{SENDER},M001,20230401\r\n".encode(), f"2,{SENDER},M\t1,20230401\r\n".encode()
        for _ in range(count // 1000):
            yield good * 999 + bad
        yield b"9,%d\r\n" % count

    def peak(count: int) -> int:
        name = f"KAIJO_{SENDER}_{STAMP}_0001.csv"
        file = reader.OpenFormatFile.from_blocks(name, lambda: blocks(count), BOOK)
        tracemalloc.start()
        try:
            wrong = sum(bool(record.problems) for record in file.records(("municipal_insured_id",)))
            return tracemalloc.get_traced_memory()[1] if wrong == count // 1000 else -1
        finally:
            tracemalloc.stop()

    small, large = peak(10_000), peak(100_000)
    assert 0 < large < small * 1.2 + 100_000


# --- layouts ---


def layout_texts() -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in sorted(LAYOUTS.glob("[A-Z]*.toml"))}


TEXTS = layout_texts()
WRONG_VALUES: list[Any] = [
    "", "x", "あ", "\x00", 0, -1, 1, 2**70, 1.5, float("inf"), float("nan"), True, False, [], [[]], {}, {"": ""}, {"1": 1},
    [{}], ["a"], "reasons.", "reasons.loss", "reasons.loss.x", "1" * 5000, "9" * 5000, "１.０", "1.0.0.0", "99999999999.0",
]  # fmt: skip


def refused_or_made(make: Callable[[], Layout]) -> Layout | None:
    """The layout, None where it is refused as documented, with its file named."""
    try:
        return make()
    except SetupFault as fault:
        if fault.code != "KKH-C009" or not fault.problems[0].field.startswith("vendor.toml: "):
            raise
        return None


@settings(max_examples=300)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_a_definition_with_any_value_anywhere_is_refused_or_works(file_id: str, data: st.DataObject) -> None:
    """Rules: S-18. Values of every TOML kind in every place; anything but KKH-C009 would show here."""
    source = tomllib.loads(TEXTS[file_id])
    reasons = tomllib.loads((LAYOUTS / "reasons.toml").read_text("utf-8"))
    tables = {table: {code: one["name"] for code, one in codes.items()} for table, codes in reasons.items()}
    parse_layout(source, "vendor.toml", tables)
    for _ in range(data.draw(st.integers(1, 3))):
        fields = source.get("field")
        places: list[Any] = [source]
        if isinstance(fields, list):
            places += [item for item in fields if isinstance(item, dict)]
        place = data.draw(st.sampled_from(places))
        key = data.draw(st.sampled_from([*place, "extra", "end", "codes", "length", "max_length"]))
        if data.draw(st.booleans()):
            place.pop(key, None)
        else:
            place[key] = data.draw(st.sampled_from(WRONG_VALUES))
    made = refused_or_made(lambda: parse_layout(source, "vendor.toml", tables))
    if made is None:
        return
    for item in made.fields:
        values.compile_field(item, made.is_inclusive)
        values.compile_format(item, made.is_inclusive)
    assert made in list(LayoutBook([made]))


@settings(max_examples=200)
@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 100_000), st.binary(min_size=0, max_size=4), st.integers(0, 8))
def test_a_definition_with_any_bytes_anywhere_is_refused_or_works(file_id: str, at: int, put: bytes, cut: int) -> None:
    """Rules: S-18."""
    raw = TEXTS[file_id].encode()
    at %= len(raw) + 1
    run_one(bytes([LAYOUT]) + raw[:at] + put + raw[at + cut :])


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_as_a_definition_or_a_list_of_insurers(content: bytes) -> None:
    """Rules: S-18."""
    run_one(bytes([LAYOUT]) + content)
    run_one(bytes([INSURERS]) + content)


@pytest.mark.parametrize("file_id", FILE_IDS)
def test_both_readers_know_the_same_layouts(file_id: str) -> None:
    """Rules: S-18. What the comparison rests on: fields in the same order, and a good file taken."""
    own = BOOK.newest(file_id)
    assert own is not None
    assert list(own.keys) == [item["key"] for item in sorted(layout(file_id)["field"], key=lambda item: item["no"])]
    content = SEEDS[f"{file_id}_{SENDER}_{STAMP}_0001"][1:]
    records = reading(content, "utf-8", file_id)
    assert records and not any(record.problems for record in records)
