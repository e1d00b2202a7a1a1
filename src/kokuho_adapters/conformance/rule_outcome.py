"""規則の結果をpytestの結果に: how a test of one rule ends, for the suites of systems and of ports.

Kept: passed. Broken: failed, with the shortest story as message. Excepted as announced: an expected failure; announced in vain:
failed. Not exercised and not applicable: skipped with the reason.
"""

from __future__ import annotations

import pytest

from kokuho_adapters.conformance.described import STATE_WORDS, described, reason_of
from kokuho_core.conformance.report import RuleResult, RuleState
from kokuho_core.conformance.trials.report import PortFault, PortRuleResult


def end_test(result: RuleResult | PortRuleResult) -> None:
    """End the running test as ``result`` says."""
    said = f"{result.rule.number} {STATE_WORDS[result.state]}: {result.rule.ja} {reason_of(result)}"
    match result.state:
        case RuleState.KEPT:
            return
        case RuleState.BROKEN:
            explained = [each if isinstance(each, PortFault) else described(each) for each in result.faults]
            stories = "\n\n".join(each.text for each in explained)
            pytest.fail(f"{said}\n\n{stories}", pytrace=False)
        case RuleState.EXCEPTION_OUTDATED:
            pytest.fail(f"[XPASS(strict)] {said}", pytrace=False)
        case RuleState.EXCEPTED:
            pytest.xfail(said)
        case _:
            pytest.skip(said)
