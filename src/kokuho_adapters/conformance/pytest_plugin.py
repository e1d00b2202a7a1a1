"""pytestプラグイン ``kokuho-conformance``: the options of a conformance run, and the runs as fixtures.

A vendor's test suite is two files. ``conftest.py`` says what is to be tested:

    @pytest.fixture(scope="session")
    def kokuho_system():
        return my_system  # called with the municipalities, gives a context manager with a fresh, empty system

and a test module gets one test for each rule by ``from kokuho_adapters.conformance.pytest_suite import *``. For ports
(:mod:`kokuho_core.conformance.trials`) it is a fixture ``kokuho_ports``, which gives a list of trials, and ``from
kokuho_adapters.conformance.pytest_port_suite import *``.

The plugin is loaded by every pytest of the environment it is installed in; nothing else is imported until a run is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from kokuho_core.conformance.harness import ConformanceSettings
    from kokuho_core.conformance.report import Report
    from kokuho_core.conformance.rules import Capability
    from kokuho_core.conformance.system import MakeAggregation
    from kokuho_core.conformance.trials.report import PortReport
    from kokuho_core.conformance.trials.trial import Trial

_GROUP: Final = "kokuho: conformance to the rules of data exchange (国保 適合性試験)"
_HISTORIES: Final = 30
"""Of each port: as ``kokuho conformance ports`` plays."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Three options; a run is repeated by the same ones."""
    group = parser.getgroup("kokuho-conformance", _GROUP)
    group.addoption(
        "--kokuho-stories", type=_count, metavar="N", help="how many life stories (200) or histories of each port (30) to play"
    )
    group.addoption("--kokuho-seed", metavar="TEXT", help="the seed they are made from (default: 1)")
    group.addoption(
        "--kokuho-capabilities", metavar="NAMES", help="parts the system has, with commas between (default: all of them)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """A wrong name is told before anything runs."""
    if config.getoption("--kokuho-capabilities") is not None:
        _capabilities(config)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


@pytest.fixture(scope="session")
def kokuho_exceptions() -> Mapping[str, str]:
    """Rule number to the reason why it is not kept yet; a ``conftest.py`` says otherwise by a fixture of this name."""
    return {}


@pytest.fixture(scope="session")
def kokuho_report(
    pytestconfig: pytest.Config, kokuho_system: MakeAggregation, kokuho_exceptions: Mapping[str, str]
) -> Report:
    """The report of one run, made when the first test asks for it."""
    from kokuho_core.conformance.harness import ConformanceSettings, run_conformance
    from kokuho_core.conformance.rules import RULE

    announced = _announced("kokuho_exceptions", kokuho_exceptions, RULE)
    settings = _settings(pytestconfig, ConformanceSettings(exceptions=announced))
    return run_conformance(kokuho_system, _capabilities(pytestconfig), settings)


@pytest.fixture(scope="session")
def kokuho_port_exceptions() -> Mapping[str, str]:
    """As ``kokuho_exceptions``, by the numbers of the rules of ports."""
    return {}


@pytest.fixture(scope="session")
def kokuho_port_report(
    pytestconfig: pytest.Config, kokuho_ports: Sequence[Trial[Any]], kokuho_port_exceptions: Mapping[str, str]
) -> PortReport:
    """The report of one run on the ports, made when the first test asks for it."""
    from kokuho_core.conformance.harness import ConformanceSettings
    from kokuho_core.conformance.trials.harness import run_port_conformance
    from kokuho_core.conformance.trials.rules import PORT_RULES

    announced = _announced("kokuho_port_exceptions", kokuho_port_exceptions, {each.number for each in PORT_RULES})
    settings = _settings(pytestconfig, ConformanceSettings(stories=_HISTORIES, exceptions=announced))
    return run_port_conformance(kokuho_ports, settings)


def _announced(fixture: str, exceptions: Mapping[str, str], known: Collection[str]) -> Mapping[str, str]:
    unknown = sorted(each for each in exceptions if each not in known)
    if unknown:
        pytest.fail(f"{fixture}: no such rule: {', '.join(unknown)}", pytrace=False)
    return exceptions


def _settings(config: pytest.Config, usual: ConformanceSettings) -> ConformanceSettings:
    """``usual`` with what the command line says otherwise."""
    from attrs import evolve

    seed, stories = config.getoption("--kokuho-seed") or usual.seed, config.getoption("--kokuho-stories") or usual.stories
    return evolve(usual, seed=seed, stories=stories)


def _capabilities(config: pytest.Config) -> frozenset[Capability]:
    from kokuho_core.conformance.rules import ALL_CAPABILITIES, Capability

    named: str | None = config.getoption("--kokuho-capabilities")
    if named is None:
        return ALL_CAPABILITIES
    try:
        return frozenset(Capability(each.strip()) for each in named.split(","))
    except ValueError:
        known = ", ".join(each.value for each in Capability)
        raise pytest.UsageError(f"--kokuho-capabilities: one or more of {known}") from None
