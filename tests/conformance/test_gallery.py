"""Systems with one mistake each, and that the harness finds it: proof that it can fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .gallery import GALLERY
from .mutant import source_of

STORIES = 400
IN_MAKE_TEST = ("重複の日数を両端含みで数える", "県内転出で資格喪失とする", "世帯の継続を世帯員で判断する")
ROOT = Path(__file__).parents[2]


def play(number: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.conformance.mutant", str(number), str(STORIES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("mutant", GALLERY, ids=lambda each: each.name)
def test_a_mutant_changes_exactly_one_passage(mutant: Any) -> None:
    assert source_of(mutant.module).count(mutant.old) == 1


@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=() if each.name in IN_MAKE_TEST else pytest.mark.long, id=each.name) for n, each in enumerate(GALLERY)],
)
def test_the_mistake_is_found_as_a_short_story(number: int) -> None:
    """Rules: P-1 … P-7, Q-2 … Q-9, I-1, I-4, H-2 … H-7."""
    found = play(number)
    assert found["caught"], found
    assert found["files"] <= 8 and found["people"] <= 5, found
