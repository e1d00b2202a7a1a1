"""生成した頁: current, and true in both directions."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType
from typing import Any

import pytest

from kokuho_adapters.files import LayoutBook
from kokuho_core.errors import CATALOGUE

from .pages import DOCS

_FORM = re.compile(r"KKH-[A-Z]\d{3}")


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kokuho_docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _generate()


@pytest.mark.parametrize("name", generate.PAGES)
def test_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == generate.fresh(name), f"docs/{name}: run python docs/generate.py"


def test_every_rule_has_its_place_in_the_code_and_a_test() -> None:
    code, tests = generate.code_places(), generate.test_places()
    due = {
        rule
        for rule, told in generate.read_rules()["rules"].items()
        if rule[0] in "PDQIH" and not told.get("planned")
    }
    assert not {rule for rule in due if not code.get(rule)}, "no place in the code"
    assert not {rule for rule in due if not tests.get(rule)}, "no test"


def test_the_rules_are_all_there_and_planned_ones_are_marked() -> None:
    rules = generate.read_rules()["rules"]
    numbers = {"P": 7, "D": 10, "Q": 10, "I": 5, "H": 8, "X": 38, "R": 10, "C": 5}
    expected = [f"{group}-{number}" for group, last in numbers.items() for number in range(1, last + 1)]
    assert sorted(rules) == sorted(expected)
    assert {rule for rule, told in rules.items() if told.get("planned")} == {"R-9"}
    assert all(told.get("reason") for rule, told in rules.items() if rule[0] == "X")


def test_every_requirement_that_is_held_has_a_test_and_every_other_a_reason() -> None:
    told, tests = generate.read_requirements(), generate.test_places()
    assert list(told) == [f"S-{number}" for number in range(1, 36)]
    assert not [number for number, each in told.items() if each["state"] == "held" and not tests.get(number)]
    assert not [number for number, each in told.items() if (each["state"] == "held") == ("open" in each)]


def test_nothing_cites_a_rule_that_does_not_exist() -> None:
    rules = set(generate.read_rules()["rules"]) | set(generate.read_requirements())
    assert not set(generate.code_places()) - rules
    assert not set(generate.test_places()) - rules


def test_every_code_is_used_and_every_used_code_is_explained() -> None:
    known = set(CATALOGUE)
    assert not known - generate.used_codes(), "in the catalogue, raised nowhere"
    assert not generate.cited_codes() - known, "cited, not in the catalogue"


def test_codes_have_their_form_and_both_languages() -> None:
    for code, entry in CATALOGUE.items():
        assert _FORM.fullmatch(code) and entry.code == code
        for text in (entry.message_ja, entry.message_en, entry.remedy_ja, entry.remedy_en, entry.example):
            assert text and "\n" not in text
        assert entry.message_ja.endswith("。") and entry.message_en.endswith(".")


def test_ranges_of_rules_are_understood() -> None:
    assert generate.rules_in("D-1 … D-3, P-4; X-7") == {"D-1", "D-2", "D-3", "P-4", "X-7"}
    assert generate.rules_in("KKH-P003 UTF-8 AES-256") == set()


_REASON_ROW = re.compile(r"^\| (取得|喪失) \| (\w+) \| (.*?) \|", re.MULTILINE)
_LISTED_CODE = re.compile(r"(\w+) (.+)")


def _shown_codes(cell: str, reasons: dict[str, dict[str, str]]) -> dict[str, str]:
    """What a reader finds in the last cell of a field, or behind its link."""
    link = re.fullmatch(r"\[(取得|喪失)事由\]\(#.+\)", cell)
    if link is not None:
        return reasons[link[1]]
    listed = [_LISTED_CODE.fullmatch(each) for each in cell.split("、")]
    return {each[1]: each[2] for each in listed if each is not None}


@pytest.mark.parametrize("layout", list(LayoutBook.shipped()), ids=lambda layout: layout.id)
def test_every_code_field_shows_its_own_codes(layout: Any) -> None:
    text = (DOCS / "layouts.md").read_text("utf-8")
    reasons: dict[str, dict[str, str]] = {}
    for name, code, meaning in _REASON_ROW.findall(text):
        reasons.setdefault(name, {})[code] = meaning
    section = text.split(f"\n### {layout.id}\n")[1].split("\n### ")[0]
    lines = [line for line in section.splitlines() if re.match(r"\| \d+ \|", line)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    cells = {row[2].strip("`"): row[-1] for row in rows}
    for item in layout.fields:
        assert _shown_codes(cells[item.key], reasons) == (item.codes or {}), item.key
