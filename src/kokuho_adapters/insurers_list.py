"""保険者一覧: reads ``insurers.csv``, the insurers of one prefecture, strictly and with all faults at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from kokuho_core.errors import InvalidValue, Problem, SetupFault
from kokuho_core.vocabulary.check_digits import is_ascii_digits
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalityCode
from kokuho_core.vocabulary.insurers import Insurer

REQUIRED: Final = ("insurer_number", "municipality_code", "name")
OPTIONAL: Final = ("encoding", "valid_from", "valid_until", "successor")
INSURERS_FILE: Final = "insurers.csv"
"""The usual name of the list; in a folder of received files it is no received file."""


class _Wrong(Exception):
    """One value is wrong: its code."""

    def __init__(self, code: str, key: str) -> None:
        self.problem = Problem(code, field=key)
        super().__init__(code)


def read_insurers(path: Path, prefecture: str | None = None) -> list[Insurer]:
    """The insurers in ``path`` (UTF-8 CSV with header; optional columns may stand in any order), all of ``prefecture``.

    Raises :class:`SetupFault` with every fault and its line: KKH-C001 保険者番号, KKH-C002 市町村コード, KKH-C003 validity,
    KKH-C004 encoding, KKH-C005 another prefecture, KKH-C006 header, form, a number that stands twice, an unknown
    successor, KKH-C013 not readable.
    """
    problems: list[Problem] = []
    insurers: list[Insurer] = []
    line_of: dict[str, int] = {}
    for line, row in _rows(path):
        try:
            insurer = _insurer(row)
        except _Wrong as wrong:
            problems.append(wrong.problem.at(line))
            continue
        except InvalidValue as invalid:
            problems.extend(problem.at(line) for problem in invalid.problems)
            continue
        if insurer.insurer_number in line_of:
            problems.append(Problem("KKH-C006", line, "insurer_number"))
        problems.extend(problem.at(line) for problem in _of_other_prefecture(insurer, prefecture))
        line_of.setdefault(insurer.insurer_number, line)
        insurers.append(insurer)
    if not problems:
        problems = [
            Problem("KKH-C006", line_of[each.insurer_number], "successor")
            for each in insurers
            if each.successor is not None and (each.successor not in line_of or each.successor == each.insurer_number)
        ]
    if not problems and not insurers:
        problems = [Problem("KKH-C006", 2)]
    if problems:
        raise SetupFault(*sorted(problems, key=lambda problem: problem.line))
    return insurers


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")  # a spreadsheet program writes a BOM
    except OSError:
        raise SetupFault(Problem("KKH-C013", field=path.name)) from None
    except UnicodeDecodeError:
        raise SetupFault(Problem("KKH-C006", field=f"{path.name}: not UTF-8")) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for row in reader:
            if header is None:
                header = row
                _require_header(header)
            elif row:
                if len(row) != len(header):
                    raise SetupFault(Problem("KKH-C006", reader.line_num))
                yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error:
        raise SetupFault(Problem("KKH-C006", reader.line_num)) from None
    if header is None:
        raise SetupFault(Problem("KKH-C006", 1))


def _require_header(header: list[str]) -> None:
    known = (*REQUIRED, *OPTIONAL)
    wrong = [key for key in REQUIRED if key not in header]
    wrong += [key for key in header if key not in known or header.count(key) > 1]
    if wrong:
        raise SetupFault(*(Problem("KKH-C006", 1, key[:40]) for key in dict.fromkeys(wrong)))


def _insurer(row: Mapping[str, str]) -> Insurer:
    if not row["name"].strip() or not row["name"].replace("\u3000", "").isprintable():
        raise _Wrong("KKH-C006", "name")
    successor = row.get("successor", "")
    if successor and not is_ascii_digits(successor, 6):
        raise _Wrong("KKH-C006", "successor")
    return Insurer(
        InsurerNumber(row["insurer_number"]),
        MunicipalityCode(row["municipality_code"]),
        row["name"],
        valid_from=_day(row, "valid_from"),
        valid_until=_day(row, "valid_until"),
        successor=InsurerNumber(successor) if successor else None,
        encoding=row.get("encoding") or "utf-8",
    )


def _day(row: Mapping[str, str], key: str) -> date | None:
    text = row.get(key, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise _Wrong("KKH-C006", key)
    return day


def _of_other_prefecture(insurer: Insurer, prefecture: str | None) -> list[Problem]:
    if prefecture is None:
        return []
    parts = (("insurer_number", insurer.insurer_number), ("municipality_code", insurer.municipality_code))
    return [Problem("KKH-C005", field=key) for key, number in parts if number[:2] != prefecture]
