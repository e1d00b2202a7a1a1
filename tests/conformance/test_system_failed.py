"""答えない試験対象: a system that fails is a fault of its own (X-1), found in a bundle, shortened, and never taken for conformant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from attrs import define, field

from kokuho_adapters.conformance import terminal
from kokuho_adapters.conformance.html import html
from kokuho_adapters.conformance.junit import junit
from kokuho_adapters.conformance.report_json import as_json
from kokuho_core.conformance import (
    Capability,
    ConformanceSettings,
    FileToSend,
    ReturnedRows,
    RuleState,
    SystemFailed,
    run_conformance,
    story_of,
)
from kokuho_core.conformance.comparison import comparisons
from kokuho_core.conformance.sentences import EnglishSentences
from kokuho_core.conformance.story import PERSON
from kokuho_core.errors import Problem
from kokuho_core.vocabulary.insurers import Insurer

DEATH = "52"


@define
class _Fragile:
    """Returns nothing, and fails at a record with the reason ``at``; where ``once``, only beside other stories."""

    at: str
    once: bool = False
    tries: int | None = None
    runs: int = 0
    insurers: Sequence[Insurer] = field(factory=tuple)

    @contextmanager
    def open(self, insurers: Sequence[Insurer]) -> Iterator[_Fragile]:
        self.insurers, self.runs = insurers, self.runs + 1
        yield self

    def take(self, files: Sequence[FileToSend], as_of: date) -> ReturnedRows:
        reasons = {row["application_end_reason"] for each in files if each.file_id == PERSON for row in each.rows}
        if self.at in reasons and not (self.once and len(self.insurers) == 3):
            raise SystemFailed(Problem("KKH-Y002", field="exit 1"), said=("stack trace",), tries=self.tries)
        return {}


def _settings(**more: int) -> ConformanceSettings:
    return ConformanceSettings(seed="fragile", stories=48, together=16, most_faults=1, **more)


NOTHING: frozenset[Capability] = frozenset()
"""A system that returns nothing and says so has no fault but its failure."""


def test_a_failure_is_found_in_its_bundle_and_shortened() -> None:
    """Rules: X-1."""
    system = _Fragile(DEATH)
    report = run_conformance(system.open, NOTHING, _settings())
    [fault] = report.faults
    assert (fault.rule, fault.deviation.field, fault.deviation.actual) == ("X-1", "KKH-Y002", "KKH-Y002 exit 1")
    assert fault.played.failure is not None and fault.played.failure.said == ("stack trace",)
    story = fault.played.story
    assert (story.people, len(story.steps), story.files) == (1, 1, 1)
    assert len(story.steps) < len(story_of(*_place(fault.found_in)).steps) or fault.tries
    assert not report.is_conformant
    for told in (terminal.text(report), junit(report), html(report), json.dumps(as_json(report), ensure_ascii=False)):
        assert "試験対象は答えなかった" in told and "KKH-Y002 exit 1" in told
    assert "stack trace" in terminal.text(report) and "stack trace" in html(report)
    english = comparisons(fault.played, EnglishSentences())
    assert english[0].sentence.startswith("The system gave no answer - KKH-Y002 exit 1: ") and english[0].sentence.isascii()
    states = {each.rule.number: each.state for each in report.results}
    assert states["X-1"] is RuleState.BROKEN and states["P-1"] is RuleState.NOT_APPLICABLE


def _place(name: str) -> tuple[str, int]:
    seed, _, number = name.partition("/")
    return seed, int(number)


def test_a_failure_among_other_stories_alone_is_reported_as_it_was_played() -> None:
    """Rules: X-1. It does not show when its stories are played alone: still no system is called conformant for that."""
    report = run_conformance(_Fragile(DEATH, once=True).open, NOTHING, _settings())
    [fault] = report.faults
    assert fault.rule == "X-1" and fault.tries == 0
    assert not report.is_conformant


def test_a_failure_that_takes_long_is_shortened_by_few_runs() -> None:
    """Rules: X-1."""
    patient, hasty = _Fragile(DEATH), _Fragile(DEATH, tries=2)
    full = run_conformance(patient.open, NOTHING, _settings())
    short = run_conformance(hasty.open, NOTHING, _settings())
    assert short.faults[0].tries <= 2 < full.faults[0].tries
    assert hasty.runs < patient.runs


def test_a_rule_of_a_part_that_was_not_claimed_counts_where_it_is_broken() -> None:
    """Rules: I-1. A receipt shows that a record was taken which must wait, whoever derives the qualification."""
    report = run_conformance(_AcceptsAll().open, {Capability.RECEIPTS}, ConformanceSettings(seed="1", stories=50, most_faults=9))
    broken = {each.rule.number for each in report.results if each.state is RuleState.BROKEN}
    assert broken == {each.rule for each in report.faults} and "I-1" in broken
    assert not report.is_conformant


@define
class _AcceptsAll:
    """Answers that every record was accepted, and returns nothing else."""

    @contextmanager
    def open(self, insurers: Sequence[Insurer]) -> Iterator[_AcceptsAll]:
        yield self

    def take(self, files: Sequence[FileToSend], as_of: date) -> ReturnedRows:
        rows: dict[tuple[str, str], list[dict[str, object]]] = {}
        for each in files:
            told = rows.setdefault((each.sender, "SHOKEKKA"), [])
            told += [{"source_file": each.name, "line": line, "result": "1"} for line in range(2, len(each.rows) + 2)]
            for row in told:
                row["insurer_number"] = each.sender
        return rows


def test_every_answer_counts_for_the_rule() -> None:
    """Rules: X-1."""
    report = run_conformance(_Fragile("no such reason").open, NOTHING, ConformanceSettings(stories=8))
    kept = next(each for each in report.results if each.rule.number == "X-1")
    assert kept.state is RuleState.KEPT and kept.exercised >= 8
