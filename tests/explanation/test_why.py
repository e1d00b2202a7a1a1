"""Every derived value of the sample prefecture is explained by facts that really carry it."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from kokuho_adapters.composition import Installation, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_core.explanation.conclusions import conclusions_about
from kokuho_core.explanation.world import derive_world
from kokuho_core.returning.rows import TokusoRow
from kokuho_core.usecases.person import PersonView, collect_evidence, inspect_person

from ..prefecture.office import A, B, PrefectureOffice, household, number, person
from ..sample.rounds import play

AS_OF = date(2025, 8, 31)
FACTS = ("person_record", "household_record", "high_cost_record", "decision")


def configuration(folder: Path) -> Configuration:
    return Configuration(database=f"sqlite:///{(folder / 'sample.sqlite3').as_posix()}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("why")
    play(made)
    return made


@pytest.fixture(scope="module")
def sample(folder: Path) -> Iterator[Installation]:
    with open_installation(configuration(folder)) as opened:
        yield opened


def persons(sample: Installation) -> list[str]:
    with sample.database.begin(read_only=True) as work:
        return list(work.ids.persons_of(None))


@pytest.fixture(scope="module")
def views(sample: Installation) -> list[PersonView]:
    return [inspect_person(sample.office, person, AS_OF, why=True) for person in persons(sample)]


def test_every_value_names_facts_and_rules(views: list[PersonView]) -> None:
    """Rules: P-7, Q-4, H-2."""
    assert len(views) > 20
    for view in views:
        assert view.explanations
        for explanation in view.explanations:
            assert explanation.grounds, explanation.conclusion
            assert all(re.fullmatch(r"[PQIHX]-\d+", rule) for rule in explanation.conclusion.rules)
            for ground in explanation.grounds:
                assert all(source.file_no in view.sources and source.line >= 2 for source in ground)


def test_without_a_named_fact_the_value_is_another(sample: Installation, views: list[PersonView]) -> None:
    """Rules: P-7."""
    checked = 0
    for view in views:
        addressees = frozenset(view.municipal_ids)
        with sample.database.begin(read_only=True) as work:
            evidence = collect_evidence(work, addressees, AS_OF, sample.office.settings.unmatched_wait_days, None)
        for explanation in view.explanations:
            for ground in explanation.grounds:
                without = conclusions_about(derive_world(evidence.without(ground)), addressees)
                now = without.get(explanation.conclusion.name)
                assert now is None or now.value != explanation.conclusion.value, (explanation.conclusion, ground)
                checked += 1
    assert checked > 300


def test_without_a_named_fact_in_the_database_the_value_is_another(
    folder: Path, views: list[PersonView], tmp_path: Path
) -> None:
    """Rules: P-7. The same over the real database, for a choice of facts: the rows are deleted there."""
    every = [(view, e, ground) for view in views for e in view.explanations for ground in e.grounds]
    for serial, (view, explanation, ground) in enumerate(random.Random(7).sample(every, 25)):
        copy = tmp_path / str(serial)
        copy.mkdir()
        for suffix in ("", ".keys.json"):
            source = folder / f"sample.sqlite3{suffix}"
            (copy / source.name).write_bytes(source.read_bytes())
            (copy / source.name).chmod(0o600)
        with (
            closing(sqlite3.connect(folder / "sample.sqlite3")) as original,
            closing(sqlite3.connect(copy / "sample.sqlite3")) as target,
        ):
            original.backup(target)
            for table in FACTS:
                target.executemany(
                    f"DELETE FROM {table} WHERE file_no = ? AND line = ?", [(s.file_no, s.line) for s in ground]
                )
            target.commit()
        with open_installation(configuration(copy)) as opened:
            after = inspect_person(opened.office, view.person, AS_OF, why=True)
        values = {each.conclusion.name: each.conclusion.value for each in after.explanations}
        assert values.get(explanation.conclusion.name) != explanation.conclusion.value


def test_what_is_derived_anew_is_what_was_told(sample: Installation, views: list[PersonView]) -> None:
    """Rules: Q-4, H-6. Looking at a person derives the same as the daily work has stored."""
    with sample.database.begin(read_only=True) as work:
        stored = {candidate.number: candidate for candidate in work.candidates.all(None)}
        for view in views:
            subjects = [f"{each.insurer_number}/{each.addressee_number}" for each in view.municipal_ids]
            told = {
                (key.subject, key.item): row
                for key, (row, _) in work.returns.of_subjects(subjects).items()
                if isinstance(row, TokusoRow)
            }
            derived = [q for known in view.known for q in known.judgement.qualifications]
            assert len(derived) == len(told)
            for q in derived:
                addressee = q.key.addressee
                row = told[f"{addressee.insurer_number}/{addressee.addressee_number}", str(q.key.history_number)]
                assert (row.status, row.qualification_acquired, row.qualification_lost, row.carried_from) == (
                    q.status,
                    q.acquired,
                    q.lost,
                    q.carried_from,
                )
            still_open = {finding.identity for finding in view.findings if finding.is_open}
            assert {
                (f.kind, f.left and (f.left.addressee, f.left.history_number), f.entered and
                 (f.entered.addressee, f.entered.history_number))
                for known in view.known for f in known.judgement.findings
            } <= still_open  # fmt: skip
            for candidate in view.candidates:
                daily = stored[candidate.number]
                assert (candidate.comparison, candidate.left_months, candidate.decision, candidate.moved_on) == (
                    daily.comparison,
                    daily.left_months,
                    daily.decision,
                    daily.moved_on,
                )


def test_as_known_before_the_last_round(sample: Installation, views: list[PersonView]) -> None:
    """Rules: P-7. What was known at a time is answered from the facts received until then."""
    moments = sorted({moment for view in views for _, moment in view.sources.values()})
    early = moments[len(moments) // 3]
    changed = 0
    for view in views:
        then = inspect_person(sample.office, view.person, AS_OF, early)
        assert all(moment <= early for _, moment in then.sources.values())
        assert {line.fact.source for line in then.history} <= {line.fact.source for line in view.history}
        changed += {line.fact.source for line in then.history} != {line.fact.source for line in view.history}
    assert changed > 5


def test_a_held_correction_disputes_the_candidate_here_as_in_the_daily_work(tmp_path: Path) -> None:
    """Rules: X-18, X-28. What is derived anew agrees with what was stored, an identity conflict included."""
    with PrefectureOffice(tmp_path) as office:
        office.households(A, household(A, "1", "100"))
        office.persons(A, person(A, "100", number=number(1), end="2024-05-15", end_reason="57"))
        office.households(B, household(B, "1", "200", start="2024-05-15"))
        moved_in = {"number": number(1), "start": "2024-05-15", "reason": "07"}
        office.persons(B, person(B, "200", **moved_in))
        assert office.persons(B, person(B, "200", kind="2", sex="1", **moved_in)).counts.held == 1
        office.resolve()
        [daily] = office.candidates()
        [anew] = inspect_person(office.office, daily.movers[0], AS_OF).candidates
    assert daily.comparison.reason == "9"
    assert anew.comparison == daily.comparison
