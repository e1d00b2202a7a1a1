"""The harness as a server: our own registration keeps the rules, a small client of another vendor too; mistaken ones are found."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from attrs import frozen

from kokuho_adapters.conformance.sender_door import NEEDED, SenderDoor
from kokuho_adapters.conformance.vendor_command import VendorCommand
from kokuho_core.conformance import ConformanceSettings
from kokuho_core.conformance.choices import SeededChoices
from kokuho_core.conformance.system import SystemFailed
from kokuho_core.conformance.trials import Port, PortReport, SenderTrial, run_port_conformance
from kokuho_core.conformance.trials.sender import FAULTS
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.synthetic.numbers import synthetic_number

ROOT = Path(__file__).parents[2]
SMALL, OWN = Path(__file__).with_name("small_sender.py"), ROOT / "examples" / "sender_kokuho.py"


@frozen
class InThisProcess:
    """A script as a command, without a process of its own: to start Python takes longer than all the rest."""

    script: Path
    words: Sequence[str]

    def run(self, places: Mapping[str, str]) -> None:
        argv, sys.argv = sys.argv, [str(self.script), *(places[each] for each in self.words)]
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                runpy.run_path(str(self.script), run_name="__main__")
        except SystemExit as left:
            raise SystemFailed(Problem("KKH-Y002", field="exit 1")) from left
        finally:
            sys.argv = argv


def small() -> InThisProcess:
    return InThisProcess(SMALL, ("in", "state", "url", "certificates"))


def judged(door: SenderDoor, stories: int, tries: int = 12, most_faults: int = 1) -> PortReport:
    trial = SenderTrial(door.open)
    settings = ConformanceSettings(stories=stories, most_tries=tries, most_faults=most_faults)
    return run_port_conformance([trial], settings)


def test_own_registration_keeps_the_rules() -> None:
    """Rules: R-1, R-3, R-4, R-8, S-24. Whatever is lost, late or shuffled on the way."""
    command = InThisProcess(OWN, ("in", "state", "as_of", "url", "certificates"))
    with SenderDoor(command) as door:
        report = judged(door, 2)
    assert report.is_conformant, "\n".join(each.text for each in report.faults)
    assert all(report.exercised(Port.SENDER).values())


def test_a_client_of_another_vendor_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: R-1, R-3, R-4, R-8. Written in the standard library alone; no false alarm."""
    monkeypatch.delenv("BUG", raising=False)
    with SenderDoor(small()) as door:
        report = judged(door, 4)
    assert report.is_conformant, "\n".join(each.text for each in report.faults)


MISTAKES = {
    "forgets": "R-3",
    "doubles": "R-3",
    "no invalidation": "R-8",
    "key of the person": "R-8",
    "inclusive end": "R-8",
}


@pytest.mark.parametrize(
    ("bug", "rule"),
    [pytest.param(*each, marks=[pytest.mark.long] if place > 2 else []) for place, each in enumerate(MISTAKES.items())],
)
def test_a_mistaken_client_is_found(bug: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: R-3, R-8, S-24. In at most three steps, without a number."""
    monkeypatch.setenv("BUG", bug)
    with SenderDoor(small()) as door:
        # who registers twice breaks R-8 too, where somebody was corrected meanwhile
        faults = judged(door, 15, most_faults=2 if bug == "doubles" else 1).faults
    assert rule in {each.rule for each in faults}, faults
    for fault in faults:
        assert len(fault.acts) <= 3, fault.text
        assert not any(synthetic_number(person) in fault.text for person in range(1, 300)), fault.text


def test_every_fault_is_among_the_histories() -> None:
    """Rules: R-3."""
    trial = SenderTrial(contextlib.nullcontext)  # type: ignore[arg-type,return-value]
    drawn = {act.fault for number in range(100) for act in trial.history(SeededChoices(f"faults/{number}"))}
    assert drawn == FAULTS.keys()


def test_a_command_that_never_ends_well_breaks_a_rule(tmp_path: Path) -> None:
    """Rules: R-3. It is begun again a few times; what it says is no part of the report."""
    runs = tmp_path / "runs"
    script = tmp_path / "client.py"
    script.write_text(f"import sys; open({str(runs)!r}, 'a').write('x'); sys.exit('no {synthetic_number(1)}')", "utf-8")
    command = VendorCommand.parse(f'"{sys.executable}" "{script}" {{in}} {{url}} {{certificates}}', needed=NEEDED)
    with SenderDoor(command) as door:
        [fault] = judged(door, 1, tries=0).faults
    assert (fault.rule, fault.actual) == ("R-3", "KKH-Y002 exit 1") and len(runs.read_text()) == 4


def test_a_command_that_does_not_ask_for_the_server_is_no_sender() -> None:
    with pytest.raises(SetupFault) as refused:
        VendorCommand.parse("client {in}", needed=NEEDED)
    assert (refused.value.code, refused.value.problems[0].field) == ("KKH-Y007", "{url} {certificates}")
