"""pytestプラグイン ``kokuho-conformance``: the options of a conformance run, and the run as a fixture.

A vendor's test suite is two files. ``conftest.py`` says what is to be tested:

    @pytest.fixture(scope="session")
    def kokuho_system():
        return my_system  # called with the municipalities, gives a context manager with a fresh, empty system

and a test module gets one test for each rule by ``from kokuho_adapters.conformance.pytest_suite import *``.

The plugin is loaded by every pytest of the environment it is installed in; nothing else is imported until a run is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from kokuho_core.conformance.report import Report
    from kokuho_core.conformance.rules import Capability
    from kokuho_core.conformance.system import MakeAggregation

_GROUP: Final = "kokuho: conformance to the rules of data exchange (国保 適合性試験)"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Three options; a run is repeated by the same ones."""
    group = parser.getgroup("kokuho-conformance", _GROUP)
    group.addoption("--kokuho-stories", type=_count, metavar="N", help="how many life stories to play (default: 200)")
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

    unknown = [each for each in kokuho_exceptions if each not in RULE]
    if unknown:
        pytest.fail(f"kokuho_exceptions: no such rule: {', '.join(sorted(unknown))}", pytrace=False)
    usual = ConformanceSettings()
    settings = ConformanceSettings(
        seed=pytestconfig.getoption("--kokuho-seed") or usual.seed,
        stories=pytestconfig.getoption("--kokuho-stories") or usual.stories,
        exceptions=kokuho_exceptions,
    )
    return run_conformance(kokuho_system, _capabilities(pytestconfig), settings)


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
