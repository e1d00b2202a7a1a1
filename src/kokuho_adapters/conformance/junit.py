"""JUnit XML: one test case for each rule, for the CI of a vendor."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # writes XML, parses none # nosec B405

from kokuho_adapters.conformance.described import STATE_WORDS, described, reason_of
from kokuho_adapters.printable import printable
from kokuho_core.conformance.report import Report, RuleResult, RuleState
from kokuho_core.conformance.trials.report import PortFault, PortReport, PortRuleResult

_SKIPPED: Final = (RuleState.NOT_EXERCISED, RuleState.NOT_APPLICABLE, RuleState.UNCLEAR, RuleState.EXCEPTED)
"""JUnit knows no expected failure; a rule excepted is a skipped case with its reason."""


def junit(report: Report | PortReport) -> str:
    """One ``testsuite``; a broken rule is a failure with the stories as its text."""
    cases = [_case(each) for each in report.results]
    count = {name: sum(case.find(name) is not None for case in cases) for name in ("failure", "skipped")}
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        name=printable(f"kokuho-conformance {report.system}"),
        tests=str(len(cases)),
        failures=str(count["failure"]),
        errors="0",
        skipped=str(count["skipped"]),
        time="0",
    )
    properties = SubElement(suite, "properties")
    facts = {"seed": report.seed, "stories": str(report.stories), "capabilities": " ".join(sorted(report.capabilities))}
    for name, value in facts.items():
        SubElement(properties, "property", name=name, value=printable(value))
    suite.extend(cases)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(result: RuleResult | PortRuleResult) -> Element:
    case = Element(
        "testcase",
        classname=f"kokuho.conformance.{result.rule.capability or 'every_system'}",
        name=f"{result.rule.number} {result.rule.ja}",
        time="0",
    )
    message = printable(f"{STATE_WORDS[result.state]}: {reason_of(result)}")
    explained = [each if isinstance(each, PortFault) else described(each) for each in result.faults]
    stories = printable("\n\n".join(each.text for each in explained))
    match result.state:
        case RuleState.BROKEN:
            failure = SubElement(case, "failure", message=printable(explained[0].sentence), type=result.state.value)
            failure.text = stories
        case RuleState.EXCEPTION_OUTDATED:
            SubElement(case, "failure", message=message, type=result.state.value).text = message
        case state if state in _SKIPPED:
            SubElement(case, "skipped", message=message)
            if stories:
                SubElement(case, "system-out").text = stories
        case _:
            SubElement(case, "system-out").text = f"試した値: {result.exercised}"
    return case
