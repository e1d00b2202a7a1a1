"""insurers.csv is read strictly, and every fault is told with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kokuho_adapters.insurers_list import read_insurers
from kokuho_core.errors import SetupFault

from ..prefecture.office import insurer_number, municipality_code

HEADER = "insurer_number,municipality_code,name"
N1, C1 = insurer_number(901), municipality_code(901)
N2, C2 = insurer_number(902), municipality_code(902)


def written(folder: Path, *lines: str, encoding: str = "utf-8", end: str = "\r\n") -> Path:
    path = folder / "insurers.csv"
    path.write_bytes("".join(f"{line}{end}" for line in lines).encode(encoding))
    return path


def faults(path: Path, prefecture: str | None = "13") -> list[tuple[str, int, str]]:
    with pytest.raises(SetupFault) as raised:
        read_insurers(path, prefecture)
    return [(problem.code, problem.line, problem.field) for problem in raised.value.problems]


def test_required_columns_alone(tmp_path: Path) -> None:
    (only,) = read_insurers(written(tmp_path, HEADER, f"{N1},{C1},あさひ市"), "13")
    assert (only.insurer_number, only.municipality_code, only.name, only.encoding) == (N1, C1, "あさひ市", "utf-8")
    assert only.valid_from is None
    assert only.successor is None


def test_optional_columns_in_any_order(tmp_path: Path) -> None:
    lines = (
        "name,successor,encoding,valid_until,valid_from,municipality_code,insurer_number",
        f"きゅう町,{N2},cp932,2024-04-01,1956-01-01,{C1},{N1}",
        f"しん市,,,,2024-04-01,{C2},{N2}",
    )
    old, new = read_insurers(written(tmp_path, *lines), "13")
    assert (old.successor, old.encoding) == (N2, "cp932")
    assert (old.valid_from, old.valid_until) == (date(1956, 1, 1), date(2024, 4, 1))
    assert (new.successor, new.encoding, new.valid_until) == (None, "utf-8", None)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_of_spreadsheet_programs(tmp_path: Path, encoding: str, end: str) -> None:
    path = written(tmp_path, HEADER, f'{N1},{C1},"あさひ, 市"', "", encoding=encoding, end=end)
    assert [each.name for each in read_insurers(path, "13")] == ["あさひ, 市"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), [("KKH-C006", 1, "")]),
        ((HEADER,), [("KKH-C006", 2, "")]),
        (("insurer_number,name",), [("KKH-C006", 1, "municipality_code")]),
        ((f"{HEADER},colour",), [("KKH-C006", 1, "colour")]),
        ((f"{HEADER},name",), [("KKH-C006", 1, "name")]),
        ((HEADER, f"{N1},{C1}"), [("KKH-C006", 2, "")]),
        ((HEADER, f'{N1},{C1},"open'), [("KKH-C006", 2, "")]),
        ((HEADER, f"{N1},{C1}, "), [("KKH-C006", 2, "name")]),
        ((HEADER, f"130000,{C1},あ"), [("KKH-C001", 2, "insurer_number")]),
        ((HEADER, f"1390,{C1},あ"), [("KKH-C001", 2, "insurer_number")]),
        ((HEADER, f"{N1},139010,あ"), [("KKH-C002", 2, "municipality_code")]),
        ((HEADER, f"{N1},{C1},あ", f"{N1},{C1},い"), [("KKH-C006", 3, "insurer_number")]),
        ((f"{HEADER},encoding", f"{N1},{C1},あ,shift_jis"), [("KKH-C004", 2, "encoding")]),
        ((f"{HEADER},valid_from", f"{N1},{C1},あ,2024-02-30"), [("KKH-C006", 2, "valid_from")]),
        ((f"{HEADER},valid_from", f"{N1},{C1},あ,20240201"), [("KKH-C006", 2, "valid_from")]),
        (
            (f"{HEADER},valid_from,valid_until", f"{N1},{C1},あ,2024-02-01,2024-01-01"),
            [("KKH-C003", 2, "valid_until")],
        ),
        ((f"{HEADER},successor", f"{N1},{C1},あ,{N2}"), [("KKH-C006", 2, "successor")]),
        ((f"{HEADER},successor", f"{N1},{C1},あ,{N1}"), [("KKH-C006", 2, "successor")]),
        ((f"{HEADER},successor", f"{N1},{C1},あ,x"), [("KKH-C006", 2, "successor")]),
    ],
)
def test_faults_with_their_lines(tmp_path: Path, lines: tuple[str, ...], expected: list[tuple[str, int, str]]) -> None:
    assert faults(written(tmp_path, *lines)) == expected


def test_all_faults_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, f"130000,{C1},あ", f"{N2},{C2},い", f"{N1},139010,う")
    assert faults(path) == [("KKH-C001", 2, "insurer_number"), ("KKH-C002", 4, "municipality_code")]


def test_another_prefecture(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, f"{N1},{C1},あ")
    assert faults(path, "14") == [("KKH-C005", 2, "insurer_number"), ("KKH-C005", 2, "municipality_code")]
    assert len(read_insurers(path)) == 1


@pytest.mark.parametrize("content", [b"\x82\xa0", "あ".encode("utf-16")])
def test_other_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "insurers.csv"
    path.write_bytes(content)
    assert [code for code, _, _ in faults(path)] == ["KKH-C006"]


def test_a_missing_file(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.csv") == [("KKH-C013", 0, "none.csv")]
    assert faults(tmp_path) == [("KKH-C013", 0, tmp_path.name)]
