"""Runs with many faults for all tests of reports."""

from __future__ import annotations

import pytest

from kokuho_core.conformance import ConformanceSettings, Report, run_conformance
from kokuho_core.conformance.trials import PortReport, run_port_conformance

from .clumsy import clumsy
from .port_mutants import CLUMSY_STORES, MUTANTS

SYSTEM = "見本<システム> & \"試験\" '1'\x1b"
"""With everything that XML and HTML must not take as it is."""
CLUMSY_SEED = "clumsy-1"
"""Of stories that show faults of every form."""


@pytest.fixture(scope="session")
def clumsy_report() -> Report:
    settings = ConformanceSettings(
        seed=CLUMSY_SEED, stories=48, most_faults=8, most_tries=40, exceptions={"Q-4": "次の版で<対応>する", "H-3": "未定"}
    )
    return run_conformance(clumsy, settings=settings, system=SYSTEM)


@pytest.fixture(scope="session")
def port_report() -> PortReport:
    """Two ports with mistakes; one of these is announced, and so is one that there is not."""
    settings = ConformanceSettings(stories=20, exceptions={"S-21": "次の版で<直す>", "S-15": "未定"})
    return run_port_conformance([CLUMSY_STORES, MUTANTS["half a file"][0]], settings, system=SYSTEM)
