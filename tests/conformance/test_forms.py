"""The other forms of a report: on a terminal, as JSON, as JUnit XML, and the certificate."""

from __future__ import annotations

import copy
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve

from kokuho_adapters.conformance.certificate import certificate, content_hash, verify_certificate
from kokuho_adapters.conformance.described import CAPABILITY_WORDS, PORT_WORDS, STATE_MEANINGS, STATE_WORDS, described
from kokuho_adapters.conformance.junit import junit
from kokuho_adapters.conformance.report_json import as_json
from kokuho_adapters.conformance.terminal import text
from kokuho_core.conformance import (
    ALL_CAPABILITIES,
    RULES,
    Capability,
    ConformanceSettings,
    Report,
    RuleState,
    run_conformance,
)
from kokuho_core.conformance.report import results_of
from kokuho_core.conformance.trials import Port

from .clumsy import clumsy


def test_every_state_and_every_part_has_its_words() -> None:
    assert set(STATE_WORDS) == set(STATE_MEANINGS) == set(RuleState)
    assert set(CAPABILITY_WORDS) == set(Capability) and set(PORT_WORDS) == set(Port)


# --- terminal ---


def test_the_terminal_shows_every_rule_and_every_fault(clumsy_report: Report) -> None:
    shown = text(clumsy_report)
    for each in clumsy_report.results:
        assert re.search(rf"^ *{re.escape(each.rule.number)} .*{re.escape(STATE_WORDS[each.state])}", shown, re.MULTILINE)
    for fault in clumsy_report.faults:
        assert described(fault).text in shown
    assert not re.search(r"[0-9]{12}", shown) and "\x1b" not in shown


# --- JSON ---


def test_json_keeps_its_form(clumsy_report: Report) -> None:
    """What a program of version 1 reads stays where it is."""
    data = json.loads(json.dumps(as_json(clumsy_report), ensure_ascii=False))
    assert (data["format"], data["version"]) == ("kokuho-conformance-report", 1)
    assert _form(data) == _form(_VERSION_1)
    assert [each["rule"] for each in data["rules"]] == [each.number for each in RULES]
    assert sum(len(each["faults"]) for each in data["rules"]) == len(clumsy_report.faults)
    assert not re.search(r"[0-9]{12}", json.dumps(data))


_FILE = {"name": "", "remark": "", "sentences": [""]}
_FIELD = {"name": "", "expected": "", "actual": "", "differs": True}
_DIFFERENCE = {"rule": "", "told_to": "", "file": "", "subject": "", "sentence": "", "fields": [_FIELD]}
_FAULT = {
    "rule": "", "found_in": "", "story_number": 1, "tries": 1, "people": 1, "files": 1, "sentence": "",
    "differences": [_DIFFERENCE], "story": [{"heading": "", "files": [_FILE]}],
}  # fmt: skip
_RULE = {
    "rule": "", "capability": "", "ja": "", "en": "", "state": "", "exercised": 1, "reason": "", "faults": [_FAULT],
}  # fmt: skip
_VERSION_1 = {
    "format": "", "version": 1, "system": "", "seed": "", "stories": 1, "capabilities": [""], "is_conformant": False,
    "rules": [_RULE],
}  # fmt: skip


def _form(data: Any) -> Any:
    """Keys and kinds; a list is what its elements are, all of one form."""
    if isinstance(data, dict):
        return {key: _form(value) for key, value in data.items()}
    if isinstance(data, list):
        forms = [_form(each) for each in data if each != [] and not (isinstance(each, dict) and [] in each.values())]
        assert all(each == forms[0] for each in forms)
        return forms[:1]
    return type(data).__name__


# --- JUnit ---


def test_junit_has_a_case_for_each_rule(clumsy_report: Report) -> None:
    """The numbers of the suite are those of its cases, and each case says by its element what its rule's state is."""
    root = ET.fromstring(junit(clumsy_report).encode())
    (suite,) = root
    cases = suite.findall("testcase")
    assert (root.tag, suite.tag) == ("testsuites", "testsuite") and len(cases) == len(RULES)
    assert suite.get("tests") == str(len(cases)) and suite.get("errors") == "0"
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    wanted = {
        RuleState.KEPT: {"system-out"}, RuleState.BROKEN: {"failure"}, RuleState.EXCEPTION_OUTDATED: {"failure"},
        RuleState.NOT_EXERCISED: {"skipped"}, RuleState.NOT_APPLICABLE: {"skipped"}, RuleState.UNCLEAR: {"skipped"},
        RuleState.EXCEPTED: {"skipped"},
    }  # fmt: skip
    for case, result in zip(cases, clumsy_report.results, strict=True):
        assert case.get("name") == f"{result.rule.number} {result.rule.ja}"
        assert case.get("classname") == f"kokuho.conformance.{result.rule.capability or 'every_system'}"
        assert {each.tag for each in case} - ({"system-out"} if result.faults else set()) == wanted[result.state]
        for fault in result.faults:
            assert described(fault).text in "".join(case.itertext())
    assert {each.state for each in clumsy_report.results} >= {
        RuleState.KEPT, RuleState.BROKEN, RuleState.UNCLEAR, RuleState.EXCEPTED, RuleState.EXCEPTION_OUTDATED,
    }  # fmt: skip


def test_junit_holds_what_xml_cannot(clumsy_report: Report) -> None:
    wrong = evolve(clumsy_report, system="\x00\ud800\ufffe]]>&<system>", seed="\x1b\"'")
    (suite,) = ET.fromstring(junit(wrong).encode())
    assert suite.get("name") == "kokuho-conformance ]]>&<system>"
    assert {each.get("name"): each.get("value") for each in suite.iter("property")}["seed"] == "\"'"


# --- certificate ---


@pytest.fixture(scope="module")
def sample(clumsy_report: Report) -> dict[str, Any]:
    return certificate(clumsy_report)


def _sealed(data: dict[str, Any]) -> dict[str, Any]:
    """With a hash made anew, as somebody would who changes it on purpose."""
    content = {key: value for key, value in data.items() if key != "sha256"}
    return {**content, "sha256": content_hash(content)}


def test_a_certificate_is_whole_and_survives_a_file(sample: dict[str, Any]) -> None:
    assert verify_certificate(sample) == ()
    assert verify_certificate(json.loads(json.dumps(sample, indent=4, sort_keys=True))) == ()
    assert re.fullmatch(r"[0-9a-f]{64}", sample["sha256"])
    assert sample["counts"]["broken"] == sum(each["state"] == "broken" for each in sample["results"]) > 0


def test_the_same_run_gives_the_same_certificate() -> None:
    """Whoever doubts a certificate runs the seed again and compares."""
    settings = ConformanceSettings(seed="again", stories=8, most_faults=2, most_tries=10)
    first, second = (run_conformance(clumsy, settings=settings, system="試験") for _ in range(2))
    assert certificate(first) == certificate(second)
    other = run_conformance(clumsy, settings=evolve(settings, seed="other"), system="試験")
    assert certificate(other)["sha256"] != certificate(first)["sha256"]


def test_every_change_is_found(sample: dict[str, Any]) -> None:
    """Rules: S-13. Of each value, however deep."""
    places = list(_places(sample))
    assert len(places) > 100
    for place in places:
        changed = copy.deepcopy(sample)
        holder = changed
        for key in place[:-1]:
            holder = holder[key]
        value = holder[place[-1]]
        holder[place[-1]] = (not value) if isinstance(value, bool) else value + (1 if isinstance(value, int) else "x")
        assert verify_certificate(changed) != (), place


def _places(data: Any, place: tuple[Any, ...] = ()) -> Any:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield from _places(value, (*place, key))
    if not isinstance(data, dict | list):
        yield place


def test_a_hash_made_anew_does_not_make_results_agree(sample: dict[str, Any]) -> None:
    broken = next(n for n, each in enumerate(sample["results"]) if each["state"] == "broken")
    improved = copy.deepcopy(sample)
    improved["is_conformant"] = True
    assert verify_certificate(_sealed(improved)) == ("適合・不適合が規則ごとの結果と合わない。",)
    improved["results"][broken]["state"] = "kept"
    assert len(verify_certificate(_sealed(improved))) >= 2
    shorter = copy.deepcopy(sample)
    del shorter["results"][broken]
    assert "規則の表と結果の数か順序が違う。" in verify_certificate(_sealed(shorter))


@pytest.mark.parametrize(
    "wrong",
    [None, [], {}, "", {"format": "other"}],
)
def test_what_is_no_certificate_is_called_so(wrong: object) -> None:
    assert verify_certificate(wrong) == ("試験証明の形をしていない。",)


@pytest.mark.parametrize(
    ("key", "value"),
    [("results", None), ("results", [1]), ("results", [{}]), ("capabilities", "x"), ("capabilities", [1]), ("counts", []),
     ("version", 2), ("format", "x"), ("system", float("nan")), ("is_conformant", 1)],
)  # fmt: skip
def test_a_certificate_of_another_form_is_told_and_raises_nothing(sample: dict[str, Any], key: str, value: object) -> None:
    changed = {**sample, key: value}
    is_hashable = not isinstance(value, float)  # no canonical JSON has what is no number
    assert verify_certificate(_sealed(changed) if is_hashable else changed) != ()


def test_a_conformant_report_has_a_certificate_and_a_clean_suite() -> None:
    capabilities = ALL_CAPABILITIES - {Capability.CARRY_OVER}
    results = results_of([], {each.number: 1 for each in RULES}, capabilities, {})
    report = Report("試験", "1", 10, capabilities, results)
    assert certificate(report)["is_conformant"] is True and verify_certificate(certificate(report)) == ()
    (suite,) = ET.fromstring(junit(report).encode())
    assert suite.get("failures") == "0" and int(suite.get("skipped") or 0) > 0
