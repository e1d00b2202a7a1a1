"""部品の規則ごとの試験: ``from kokuho_adapters.conformance.pytest_port_suite import *`` gives a test for each rule of a port.

Rules of ports that are not among ``kokuho_ports`` are skipped. How a test ends: :mod:`kokuho_adapters.conformance.rule_outcome`.
The fixtures are those of :mod:`kokuho_adapters.conformance.pytest_plugin`.
"""

from __future__ import annotations

import pytest

from kokuho_adapters.conformance.rule_outcome import end_test
from kokuho_core.conformance.trials.report import PortReport
from kokuho_core.conformance.trials.rules import PORT_RULES

__all__ = ["test_kokuho_port_rule"]


@pytest.mark.parametrize("name", [each.name for each in PORT_RULES])
def test_kokuho_port_rule(kokuho_port_report: PortReport, name: str) -> None:
    """One rule of one port in the conformance run."""
    end_test(next(each for each in kokuho_port_report.results if each.rule.name == name))
