"""規則ごとの試験: ``from kokuho_adapters.conformance.pytest_suite import *`` in a test module gives one test for each rule.

How a test ends: :mod:`kokuho_adapters.conformance.rule_outcome`. The fixtures are those of
:mod:`kokuho_adapters.conformance.pytest_plugin`.
"""

from __future__ import annotations

import pytest

from kokuho_adapters.conformance.rule_outcome import end_test
from kokuho_core.conformance.report import Report
from kokuho_core.conformance.rules import RULES

__all__ = ["test_kokuho_rule"]


@pytest.mark.parametrize("number", [each.number for each in RULES])
def test_kokuho_rule(kokuho_report: Report, number: str) -> None:
    """One rule of the conformance run."""
    end_test(next(each for each in kokuho_report.results if each.rule.number == number))
