"""送信前の走査: a number is found in every form and place, and nothing else is taken for one."""

from __future__ import annotations

import base64
import re
import time
from datetime import datetime
from math import comb
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.exchange.outbound_scan import scan_file
from kokuho_adapters.files import OpenFormatFolder
from kokuho_adapters.files.outbound_scan import OutboundScan, _Tally
from kokuho_core.errors import FileRefused
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import individual_number_problem

from .samples import BOOK, MUNICIPALITY, number

N = number(12345)
WIDE = N.translate({48 + each: 0xFF10 + each for each in range(10)})
FORMS = {
    "plain": N,
    "hyphens": f"{N[:4]}-{N[4:8]}-{N[8:]}",
    "blanks": f"{N[:4]} {N[4:8]} {N[8:]}",
    "full width": WIDE,
    "full width, grouped": f"{WIDE[:4]}－{WIDE[4:8]}－{WIDE[8:]}",
    "base64": base64.b64encode(N.encode()).decode(),
}


def refused(text: str | bytes, folder: Path, name: str = "memo.txt") -> FileRefused | None:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    refusal = None
    try:
        scan_file(path, BOOK)
    except FileRefused as error:
        refusal = error
    assert refusal is None or (refusal.code == "KKH-E009" and N not in str(refusal) + repr(refusal))
    return refusal


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("frame", ["{}", "氏名{}です\n", "a,b\r\n1,{},x\r\n", '"{}"', "x: {}", "\n\n{}\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16"])
def test_a_number_is_found(form: str, frame: str, encoding: str, tmp_path: Path) -> None:
    """Rules: S-6."""
    text = frame.format(FORMS[form])
    assert refused(text.encode(encoding), tmp_path) is not None


@pytest.mark.parametrize(
    "text",
    [
        "P" + N,
        N + "1",
        "1" + N,
        N[:11],
        N[:11] + str((int(N[11]) + 1) % 10),
        "20250401123000",
        "000000000000",
        "M1395190000000018",
        f"{N[:4]},{N[4:8]},{N[8:]}",
        f"{N[:4]}-{N[4:8]} {N[8:]}",
        "１" + WIDE,
        "",
    ],
)
def test_what_is_no_number_passes(text: str, tmp_path: Path) -> None:
    """Rules: S-6."""
    assert refused(f"a,{text},b\r\n", tmp_path) is None


@given(st.text("0123456789,-PA \n", max_size=60))
def test_it_says_what_a_plain_reading_says(text: str) -> None:
    """Rules: S-6."""

    found = any(
        individual_number_problem(match[0]) is None
        for match in re.finditer(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])", text)
    ) or any(
        individual_number_problem(match[1] + match[3] + match[4]) is None
        for match in re.finditer(r"(?<![0-9A-Za-z])(?=([0-9]{4})([ -])([0-9]{4})\2([0-9]{4})(?![0-9A-Za-z]))", text)
    )
    scan = OutboundScan(None)
    try:
        scan.see(text.encode())
        scan.finish()
    except FileRefused:
        assert found
    else:
        assert not found


def test_it_is_found_wherever_the_reading_is_cut(tmp_path: Path) -> None:
    """Rules: S-6."""
    for before in range((1 << 20) - 16, (1 << 20) + 4):
        assert refused(b"x" * (before - 1) + b"," + N.encode() + b"," + b"x" * 50, tmp_path) is not None


# --- columns ---

HIHOID = "HIHOID_139519_20250401180000_0001.csv"


def hihoid(addressees: list[str], person: str = "P130000000013") -> str:
    rows = "".join(f"2,139519,{each},M1395190000000018,{person},1,\r\n" for each in addressees)
    return f"1,HIHOID,1.0,000000,20250401180000,1\r\n{rows}9,{len(addressees)}\r\n"


def test_the_column_of_numbers_may_hold_them_and_no_other(tmp_path: Path) -> None:
    """Rules: S-6."""
    layout = BOOK.newest("SKKOJIN")
    assert layout is not None

    def file(column: str) -> str:
        cells = ["" for _ in layout.fields]
        cells[layout.keys.index(column)] = N
        return f"1,SKKOJIN,1.0,139519,20250401180000,1\r\n2,{','.join(cells)}\r\n9,1\r\n"

    name = "SKKOJIN_139519_20250401180000_0001.csv"
    assert refused(file("individual_number"), tmp_path, name) is None
    assert refused(file("previous_individual_number"), tmp_path, name) is None
    for column in ("name", "address", "card_number"):
        refusal = refused(file(column), tmp_path, name)
        assert refusal is not None and refusal.problems[0].field == column and refusal.problems[0].line == 2
    # the same file under a name that promises no layout
    assert refused(file("individual_number"), tmp_path, "copy.csv") is not None
    assert refused(file("individual_number"), tmp_path, HIHOID) is not None


def test_a_quoted_comma_moves_no_column(tmp_path: Path) -> None:
    """Rules: S-6."""
    layout = BOOK.newest("SKKOJIN")
    assert layout is not None
    cells = ["" for _ in layout.fields]
    cells[layout.keys.index("addressee_number")] = '"5,0"'
    cells[layout.keys.index("individual_number") - 1] = N
    text = f"1,SKKOJIN,1.0,139519,20250401180000,1\r\n2,{','.join(cells)}\r\n9,1\r\n"
    assert refused(text, tmp_path, "SKKOJIN_139519_20250401180000_0001.csv") is not None


def test_a_column_of_other_digits_is_judged_as_a_whole(tmp_path: Path) -> None:
    """Rules: S-6."""
    by_chance = [f"9800{serial:08d}" for serial in range(2000)]
    assert sum(individual_number_problem(each) is None for each in by_chance) > 100
    assert refused(hihoid(by_chance), tmp_path, HIHOID) is None
    refusal = refused(hihoid([number(each) for each in range(7)]), tmp_path, HIHOID)
    assert refusal is not None and refusal.problems[0].field == "addressee_number" and refusal.problems[0].line == 2
    assert refused(hihoid([number(each) for each in range(6)]), tmp_path, HIHOID) is None
    many_rows_of_one_person = [number(1)] * 500
    assert refused(hihoid(many_rows_of_one_person), tmp_path, HIHOID) is None
    assert refused(hihoid(["50001"], person=N), tmp_path, HIHOID) is not None


def test_chance_stops_no_file() -> None:
    """Rules: S-6. What is told as once in ten million is at most that, exactly counted, for every size of a column."""
    for size in range(1, 120):
        chances = [comb(size, like) * 0.1**like * 0.9 ** (size - like) for like in range(size + 1)]
        stopped = [like for like in range(size + 1) if are_numbers(size, like)]
        assert sum(chances[like] for like in stopped) <= 1.000001e-7, size
        assert bool(stopped) == (size >= 7) and (not stopped or stopped == list(range(stopped[0], size + 1)))


def are_numbers(size: int, like: int) -> bool:
    return _Tally(size, like).are_numbers()


# --- where files are made ---


def test_a_leak_is_not_published_by_delivery(tmp_path: Path) -> None:
    """Rules: S-6."""
    folder = OpenFormatFolder(tmp_path, BOOK)
    keys = ("insurer_number", "addressee_number", "municipal_insured_id", "prefectural_insured_id", "update_kind")
    insurer = InsurerNumber(MUNICIPALITY)

    def write(person: str, rows: int = 2500) -> tuple[str, int]:
        good: list[Any] = [(insurer, str(each), "M1395190000000018", "P130000000013", "1") for each in range(rows)]
        return folder.write(
            "HIHOID", insurer, datetime(2025, 4, 1, 18), 1, keys, [*good, (insurer, "7", "M1", person, "1")]
        )

    with pytest.raises(FileRefused) as refusal:
        write(N)
    problem = refusal.value.problems[0]
    assert (problem.code, problem.line, problem.field) == ("KKH-E009", 2502, "prefectural_insured_id")
    assert list(tmp_path.iterdir()) == []
    assert write("P130000000013")[1] == 2501


def test_looking_through_a_file_is_fast(tmp_path: Path) -> None:
    """Rules: S-6. A bound of ten times what is measured (0.3 µs per record), so that nothing slow comes in unnoticed."""
    rows = hihoid([str(each) for each in range(100_000)]).encode()
    layout = BOOK.newest("HIHOID")
    started = time.perf_counter()
    scan = OutboundScan(layout)
    scan.see(rows)
    scan.finish()
    assert time.perf_counter() - started < 0.3
