"""The Chiba case: a receiver that joins touching periods and takes «the newest» never revives what was cancelled."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kokuho_core.entrusted_partition.exchanged import RegistrationLine

from ..prefecture.office import A, B
from .counter import Counter
from .edits import Edit, Municipalities, edits
from .model_receiver import days

EXAMPLES = 20 if settings().max_examples <= 100 else 200


@define
class JoiningReceiver:
    """It keeps periods, not records: those of one person that touch become one, with the attributes that came last.

    A cancellation takes away the days of the record it names. What is never cancelled stays for ever.
    """

    days: dict[str, dict[date, str]] = field(factory=dict)

    def take(self, line: RegistrationLine) -> None:
        own = self.days.setdefault(line.municipal_insured_id, {})
        if line.update_kind == "3":
            for day in days(line):
                own.pop(day, None)
            return
        for day in days(line):
            own[day] = line.name
        self._join(own, line)

    @staticmethod
    def _join(own: dict[date, str], line: RegistrationLine) -> None:
        """Periods that touch the new one get its attributes, as «the newest»."""
        for step, start in ((-1, line.application_start), (1, max(days(line), default=line.application_start))):
            day = start + timedelta(step)
            while day in own:
                own[day] = line.name
                day += timedelta(step)

    def covered(self) -> Mapping[str, frozenset[date]]:
        return {person: frozenset(own) for person, own in self.days.items() if own}


def covered_by(lines: Iterable[RegistrationLine]) -> dict[str, frozenset[date]]:
    found: dict[str, set[date]] = {}
    for line in lines:
        found.setdefault(line.municipal_insured_id, set()).update(days(line))
    return {person: frozenset(own) for person, own in found.items() if own}


def fed_by(lines: Iterable[RegistrationLine]) -> JoiningReceiver:
    receiver = JoiningReceiver()
    for line in lines:
        receiver.take(line)
    return receiver


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    Counter(folder).close()
    return folder


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(edits(2), min_size=3, max_size=12))
@example(history=[Edit(1, "rename", 0), Edit(1, "move", 0), Edit(1, "cancel", 0)])
@example(history=[Edit(1, "rename", 0), Edit(1, "correct_start", 6), Edit(1, "correct_end", 2), Edit(1, "cancel", 0)])
def test_every_date_is_ours(template: Path, history: list[Edit]) -> None:
    """Rules: R-8, Q-7, S-24, P-7."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(template, folder, dirs_exist_ok=True)
    municipalities = Municipalities()
    try:
        with Counter(folder) as counter:
            for edit in history:
                for sender, row in municipalities.apply(edit):
                    assert counter.persons(sender, row).counts.accepted == 1
                counter.resolve()
                for insurer in (A, B):
                    counter.exchange(insurer)
                    partition = counter.receiver.of(insurer)
                    assert fed_by(partition.lines).covered() == covered_by(partition.live.values())
            for insurer in (A, B):
                assert counter.reconcile(insurer).agrees
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_without_the_cancellation_it_would(counter: Counter) -> None:
    """Rules: S-24. What the accident was: the corrected record alone, and the old days stay (so the model can tell)."""
    municipalities = Municipalities()
    for edit in (Edit(2, "rename", 0), Edit(2, "correct_start", 6)):
        for sender, row in municipalities.apply(edit):
            counter.told(sender, row)
        counter.exchange(A)
    partition = counter.receiver.of(A)
    assert fed_by(partition.lines).covered() == covered_by(partition.live.values())
    forgetful = [line for line in partition.lines if line.update_kind != "3"]
    assert fed_by(forgetful).covered() != covered_by(partition.live.values())
