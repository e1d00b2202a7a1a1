"""The pytest plugin, as a vendor uses it: in a test suite of its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest

from kokuho_core.conformance import RULES, Report, RuleState
from kokuho_core.conformance.trials import PORT_RULES, PortReport

from .conftest import CLUMSY_SEED

pytest_plugins = ["pytester"]

_PLUGIN: Final = "kokuho_adapters.conformance.pytest_plugin"
_ROOT: Final = Path(__file__).parents[2]
_CONFTEST: Final = f"""
import sys
sys.path.insert(0, {str(_ROOT)!r})
import pytest
from tests.conformance.clumsy import clumsy

@pytest.fixture(scope="session")
def kokuho_system():
    return clumsy

@pytest.fixture(scope="session")
def kokuho_exceptions():
    return {{"Q-4": "次の版で対応する", "H-3": "未定"}}
"""


def _options() -> list[str]:
    """The plugin by name where it is not installed with the package (a source tree on the path)."""
    is_installed = bool(entry_points(group="pytest11", name="kokuho-conformance"))
    return ["-p", "no:cacheprovider", "-p", "no:xdist", *([] if is_installed else ["-p", _PLUGIN])]


@pytest.fixture
def vendor(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile(test_rules="from kokuho_adapters.conformance.pytest_suite import *\n")
    return pytester


def test_one_test_for_each_rule(vendor: pytest.Pytester, clumsy_report: Report) -> None:
    """Rules: P-6, Q-4. As the report of the same run says: passed, failed with the story, skipped, and expected to fail."""
    result = vendor.runpytest(*_options(), "--kokuho-stories", "48", "--kokuho-seed", CLUMSY_SEED, "-rsx")
    outcomes = result.parseoutcomes()
    states = [each.state for each in clumsy_report.results]
    failing = states.count(RuleState.BROKEN) + states.count(RuleState.EXCEPTION_OUTDATED)
    assert sum(outcomes.get(each, 0) for each in ("passed", "failed", "skipped", "xfailed")) == len(RULES)
    assert outcomes["passed"] == states.count(RuleState.KEPT) > 0
    assert outcomes["failed"] == failing > 3
    assert outcomes["xfailed"] == states.count(RuleState.EXCEPTED) > 0
    shown = result.stdout.str()
    assert "P-6 守られなかった" in shown and f"生活史 {CLUMSY_SEED}/" in shown and "期待: なし。返却: 空白" in shown
    assert "[XPASS(strict)] H-3 除外が不要" in shown and "次の版で対応する" in shown
    assert "試されなかった" in shown and "判断できない" in shown


def test_a_part_that_is_not_there_is_not_tested(vendor: pytest.Pytester) -> None:
    """Rules: H-4."""
    arguments = ("--kokuho-stories", "4", "--kokuho-capabilities", "findings, receipts", "-rs")
    shown = vendor.runpytest(*_options(), *arguments).stdout.str()
    assert "Q-2 対象外" in shown and "P-5 対象外" not in shown


_PORTS: Final = f"""
import sys
sys.path.insert(0, {str(_ROOT)!r})
import pytest
from tests.conformance.port_mutants import CLUMSY_STORES, MUTANTS

@pytest.fixture(scope="session")
def kokuho_ports():
    return [CLUMSY_STORES, MUTANTS["half a file"][0]]

@pytest.fixture(scope="session")
def kokuho_port_exceptions():
    return {{"S-21": "次の版で直す", "S-15": "未定"}}
"""


@pytest.fixture
def ports(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(_PORTS)
    pytester.makepyfile(test_ports="from kokuho_adapters.conformance.pytest_port_suite import *\n")
    return pytester


def test_one_test_for_each_rule_of_a_port(ports: pytest.Pytester, port_report: PortReport) -> None:
    """Rules: S-13, S-21, S-26. As the report of the same run says; ports that were not brought are skipped."""
    result = ports.runpytest(*_options(), "--kokuho-stories", "20", "-rsx")
    outcomes = result.parseoutcomes()
    states = [each.state for each in port_report.results]
    assert outcomes == {
        "passed": states.count(RuleState.KEPT),
        "failed": states.count(RuleState.BROKEN) + states.count(RuleState.EXCEPTION_OUTDATED),
        "skipped": states.count(RuleState.NOT_APPLICABLE),
        "xfailed": states.count(RuleState.EXCEPTED),
    }
    assert (outcomes["failed"], outcomes["xfailed"], sum(outcomes.values())) == (3, 1, len(PORT_RULES))
    shown = result.stdout.str()
    for fault in port_report.faults:
        is_announced = fault.rule == "S-21"
        assert (f"1. {fault.acts[0]}" in shown and fault.sentence in shown) != is_announced
    assert "[XPASS(strict)] S-15 除外が不要" in shown and "次の版で直す" in shown


def test_an_exception_for_no_rule_of_a_port_is_told(ports: pytest.Pytester) -> None:
    ports.makeconftest(_PORTS.replace("S-21", "Q-4"))
    result = ports.runpytest(*_options(), "--kokuho-stories", "1")
    result.stdout.fnmatch_lines(["*kokuho_port_exceptions: no such rule: Q-4*"])
    assert result.parseoutcomes()["errors"] == len(PORT_RULES)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--kokuho-capabilities", "everything"), "--kokuho-capabilities: one or more of"),
        (("--kokuho-stories", "0"), "--kokuho-stories"),
        (("--kokuho-stories", "many"), "--kokuho-stories"),
    ],
)
def test_a_wrong_option_is_told_before_anything_runs(vendor: pytest.Pytester, arguments: tuple[str, str], told: str) -> None:
    result = vendor.runpytest(*_options(), *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in result.stderr.str()


def test_an_exception_for_no_rule_is_told(vendor: pytest.Pytester) -> None:
    vendor.makeconftest(_CONFTEST.replace("Q-4", "Z-9"))
    result = vendor.runpytest(*_options(), "--kokuho-stories", "1")
    result.stdout.fnmatch_lines(["*no such rule: Z-9*"])
    assert result.parseoutcomes()["errors"] == len(RULES)


def test_a_suite_without_a_system_says_what_is_missing(vendor: pytest.Pytester) -> None:
    vendor.makeconftest("")
    result = vendor.runpytest(*_options())
    result.stdout.fnmatch_lines(["*fixture 'kokuho_system' not found*"])


def test_it_costs_nothing_where_it_is_not_used() -> None:
    """The plugin is loaded by every pytest beside it: nothing of the library comes along but two empty packages."""
    code = (
        f"import pytest, sys; before = set(sys.modules); import {_PLUGIN}; "
        "print(*sorted(each for each in set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["kokuho_adapters", "kokuho_adapters.conformance", _PLUGIN]


def test_the_package_names_the_plugin() -> None:
    declared = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert declared == {"kokuho-conformance": _PLUGIN}
    assert hasattr(import_module(_PLUGIN), "pytest_addoption")
