"""規則ごとの試験: ``from kokuho_adapters.conformance.pytest_suite import *`` in a test module gives one test for each rule.

Kept: passed. Broken: failed, with the shortest story as message. Excepted as announced: an expected failure; announced in vain:
failed. Not exercised and not applicable: skipped with the reason. The fixtures are those of
:mod:`kokuho_adapters.conformance.pytest_plugin`.
"""

from __future__ import annotations

import pytest

from kokuho_adapters.conformance.described import STATE_WORDS, described, reason_of
from kokuho_core.conformance.report import Report, RuleState
from kokuho_core.conformance.rules import RULES

__all__ = ["test_kokuho_rule"]


@pytest.mark.parametrize("number", [each.number for each in RULES])
def test_kokuho_rule(kokuho_report: Report, number: str) -> None:
    """One rule of the conformance run."""
    result = next(each for each in kokuho_report.results if each.rule.number == number)
    said = f"{number} {STATE_WORDS[result.state]}: {result.rule.ja} {reason_of(result)}"
    stories = "\n\n".join(described(each).text for each in result.faults)
    match result.state:
        case RuleState.KEPT:
            return
        case RuleState.BROKEN:
            pytest.fail(f"{said}\n\n{stories}", pytrace=False)
        case RuleState.EXCEPTION_OUTDATED:
            pytest.fail(f"[XPASS(strict)] {said}", pytrace=False)
        case RuleState.EXCEPTED:
            pytest.xfail(said)
        case _:
            pytest.skip(said)
