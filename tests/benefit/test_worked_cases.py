"""計算事例: every worked case of the public documents, by kind."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ..docs.pages import DOCS
from .worked_cases import DISPUTED, MORE_CASES, judge, read_cases, tally

CASES = read_cases()
MORE = read_cases(MORE_CASES)


@pytest.mark.parametrize("case", [*CASES, *MORE], ids=[case["id"] for case in (*CASES, *MORE)])
def test_worked_case(case: dict[str, Any]) -> None:
    """Rules: H-2 … H-5, H-8."""
    verdict = judge(case)
    if verdict.is_disputed:
        assert not verdict.agrees, "no longer disputed: take it off the list"
        pytest.skip(f"disputed: {DISPUTED[verdict.id]}")
    assert not verdict.differences


def test_every_case_is_one_of_a_kind_the_library_answers() -> None:
    assert len(CASES) == len({case["id"] for case in CASES}) == 166
    assert len(MORE) == len({case["id"] for case in MORE}) == 77
    assert not {case["id"] for case in CASES} & {case["id"] for case in MORE}
    assert not DISPUTED.keys() - {case["id"] for case in CASES}


def test_a_wrong_figure_would_be_noticed() -> None:
    """Each case fails when any of its expected figures is another one."""
    for case in (*CASES, *MORE):
        for name, value in case["expected"].items():
            if name in ("city", "same_prefecture"):  # circumstances, which this document writes beside the figures
                continue
            other = value + 1 if type(value) is int else not value if isinstance(value, bool) else "another"
            wrong = case | {"expected": case["expected"] | {name: other}}
            assert judge(wrong).differences, (case["id"], name)


def test_the_table_of_the_page_is_what_the_cases_give() -> None:
    page = (DOCS / "benefit.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    given = [
        (kind, str(passed), str(total), str(disputed)) for kind, passed, total, disputed in tally(map(judge, CASES))
    ]
    assert rows == given
