"""機械のためのファイル: text that a spreadsheet would take for a formula leaves as it came, and no CSV is made for people (S-19)."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

import kokuho_adapters
import kokuho_core
from kokuho_adapters.files import LayoutBook, OpenFormatFolder
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import insured
from ..files.support import BOOK, CREATED, KAIJO_KEYS, SENDER, kaijo, read
from ..prefecture.office import A, PrefectureOffice

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "|calc", "%0", " =1", "\u00a0=1", "\u3000=1", "＝１", "'=1", '="a"', "=1,2"]

FOR_MACHINES = {
    "kokuho_adapters/files/writer.py": "the open format: read by programs, byte for byte (S-17)",
    "kokuho_adapters/cli/benefit.py": "payments by household and month: taken by the paying system, codes and figures alone",
    "kokuho_adapters/resident_register.py": "dates handed over to the resident register: read by it",
    "kokuho_adapters/conformance/step_folder.py": "insurers.csv of the prefecture of a life story: read by the system under test",
    "kokuho_adapters/synthetic/generation.py": "insurers.csv of an invented prefecture: read by «init»",
}
"""Every module that writes CSV, and for which program. A list for people must neutralise formulas, and be added with a test."""

_WRITES = {"writer", "DictWriter", "to_csv", "write_csv"}


def writers(source: str) -> Iterator[str]:
    """The calls in ``source`` that write CSV."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in _WRITES:
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            if base == "csv" or node.attr in ("to_csv", "write_csv"):
                yield f"{base}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "csv":
            yield from (f"csv.{name.name}" for name in node.names)


def test_no_csv_is_made_for_people() -> None:
    """Rules: S-19. Commands answer with tables on the screen or JSON; what writes CSV writes for a program."""
    found = {
        path.relative_to(Path(str(package.__file__)).parents[1]).as_posix()
        for package in (kokuho_core, kokuho_adapters)
        for path in Path(str(package.__file__)).parent.rglob("*.py")
        if any(writers(path.read_text("utf-8")))
    }
    assert found == set(FOR_MACHINES)


@pytest.mark.parametrize(
    "source",
    ["import csv\ncsv.writer(x)", "import csv\ncsv.DictWriter(x, y)", "from csv import writer", "frame.write_csv(x)"],
)
def test_a_module_that_writes_csv_is_seen(source: str) -> None:
    """Rules: S-19."""
    assert list(writers(source))


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text_like_any_other(text: str, encoding: str, tmp_path: Path) -> None:
    """Rules: S-19, S-17. In, and out again with the same bytes."""
    if encoding == "cp932" and "\u00a0" in text:
        text = text.replace("\u00a0", "\u3000")
    folder = OpenFormatFolder(tmp_path, LayoutBook(BOOK), encoding, InsurerNumber(SENDER))
    name, _ = folder.write("KAIJO", SENDER, CREATED, 1, KAIJO_KEYS, [(SENDER, text, date(2023, 4, 1))])
    folder.publish(name)
    raw = (tmp_path / name).read_bytes()
    cell = f'"{text.replace(chr(34), chr(34) * 2)}"' if set(text) & set('",') else text
    assert raw == kaijo(f"{cell},20230401").encode(encoding)
    [record] = read(raw, encoding=encoding)
    assert record.values[1] == text and not record.problems


def test_formulas_stay_in_what_is_kept_and_leave_nothing_behind(tmp_path: Path) -> None:
    """Rules: S-19, S-17. A name that looks like a formula is kept as sent; returned files carry no free text of a sender."""
    with PrefectureOffice(tmp_path) as office:
        path = office.write("SKKOJIN", A, [insured(A, str(n), n, name=text) for n, text in enumerate(FORMULAS, 1)])
        [answer] = office.receive(path)
        assert answer.counts.accepted == len(FORMULAS)
        with closing(sqlite3.connect(office.database_file)) as connection:
            kept = [name for (name,) in connection.execute("select name from person_record")]
        assert sorted(kept) == sorted(FORMULAS)
        office.resolve()
        office.deliver(A)
        for file in office.outbox.iterdir():
            for line in file.read_text("utf-8").splitlines():
                assert not any(cell[:1] in "=+-@|%" for cell in line.split(",") if cell), file.name
