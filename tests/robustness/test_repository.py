"""作り物だけ: no file of this project holds a number that could be somebody's 個人番号 (S-30)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..prefecture.office import number

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "docs", "examples", "benchmarks", ".ci")
_MADE = {"__pycache__", "_build", ".hypothesis"}

INVENTED = {
    r"9800000[0-9]{5}": "the people of the sample story, in its files and in the pages that show it",
    r"9[07]00000000[0-9]{2}": "people of the pages on registration and on the municipal office",
    r"0{12}": "no number at all (KKH-I011)",
    r"1234567890(18|1[0-9])": "the digits in their order, in tests of the reader",
    r"109876543216": "the digits backwards, likewise",
    r"(\d)\1{10}\d": "one digit eleven times, in tests of check digits",
    r"1300000000[0-9]{2}": "numbers of findings and candidates (F13…, K13…), of which one in eleven looks like a 個人番号",
}
"""What may stand in a committed file, and why it is nobody's. All other numbers of tests are computed when they run."""

_WRITTEN = re.compile(
    r"(?<![0-9])[0-9]{12}(?![0-9])"
    r"|(?<![0-9])(?<![0-9][-_ .])[0-9]{4}([-_ .])[0-9]{4}\1[0-9]{4}(?![0-9])(?![-_ .][0-9])"  # three groups, no list of them
)


def has_check_digit(digits: str) -> bool:
    """総務省令第85号 第5条, written down once more: the scan must not depend on what it guards."""
    total = sum(int(digits[10 - n]) * (n + 2 if n < 6 else n - 4) for n in range(11))
    return int(digits[11]) == (0 if total % 11 <= 1 else 11 - total % 11)


def suspicious(text: str) -> Iterator[str]:
    """Numbers with a right check digit in ``text``: in full or half width, in one piece or in groups of four."""
    for found in _WRITTEN.finditer(unicodedata.normalize("NFKC", text)):
        digits = re.sub("[^0-9]", "", found[0])
        if has_check_digit(digits) and not any(re.fullmatch(known, digits) for known in INVENTED):
            yield digits


def committed() -> Iterator[Path]:
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith(".cov") and ".sqlite3" not in path.name:
            yield path
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and not _MADE & set(path.parts) and path.suffix not in (".pyc", ".so"):
                yield path


def test_no_file_holds_a_number_that_is_not_invented() -> None:
    """Rules: S-30. File and line, never the number."""
    places = []
    seen = 0
    for path in committed():
        seen += 1
        for line, text in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if any(suspicious(text)):
                places.append(f"{path.relative_to(ROOT).as_posix()}:{line}")
    assert not places
    assert seen > 300  # the scan finds its way


@pytest.mark.parametrize("serial", range(1, 40))
def test_the_scan_sees_a_number_in_any_form(serial: int) -> None:
    """Rules: S-30."""
    digits = number(serial * 7_919)
    grouped = f"{digits[:4]} {digits[4:8]} {digits[8:]}"
    full_width = digits.translate({ord("0") + n: "０１２３４５６７８９"[n] for n in range(10)})
    for text in (digits, f"x{digits}y", grouped, grouped.replace(" ", "-"), full_width, f"2,130013,{digits},"):
        assert list(suspicious(text)) == [digits]
    wrong = digits[:11] + str((int(digits[11]) + 1) % 10)
    for text in (wrong, f"1{digits}", f"{digits}1", digits[:11]):
        assert not list(suspicious(text))
