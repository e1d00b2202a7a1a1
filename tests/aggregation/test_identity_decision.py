"""A person decides a held identity conflict (X-25)."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from kokuho_adapters.cli.commands import cli
from kokuho_core.errors import NotFound
from kokuho_core.insured_person.fact import IdentityVerdict
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.usecases.identity import decide_identity
from kokuho_core.usecases.person import inspect_person

from ..prefecture.office import A, B, PrefectureOffice, number, person


@pytest.fixture
def conflict(office: PrefectureOffice) -> PrefectureOffice:
    """The same number in two municipalities with different dates of birth."""
    office.persons(A, person(A, "100", number=number(1)))
    answer = office.persons(B, person(B, "200", number=number(1), birth_date="1961-01-01"))
    assert answer.counts.held == 1
    office.resolve()
    return office


def identity_finding(office: PrefectureOffice) -> str:
    [finding] = [each for each in office.findings() if each.kind is FindingKind.IDENTITY]
    return str(finding.number)


def test_somebody_else(conflict: PrefectureOffice) -> None:
    """Rules: X-25, I-1, I-3. Decided to be somebody else, the record takes effect without the number."""
    decide_identity(conflict.office, identity_finding(conflict), IdentityVerdict.DIFFERENT)
    summary = conflict.resolve()
    assert (summary.findings_solved, summary.findings_open, summary.persons) == (1, 0, 2)
    [here], [there] = conflict.deliver(A)["HIHOID"], conflict.deliver(B)["HIHOID"]
    assert here["prefectural_insured_id"] != there["prefectural_insured_id"]


def test_the_same_person(conflict: PrefectureOffice) -> None:
    """Rules: X-25, I-1, P-7. Decided to be the same, it takes effect as it is; earlier knowledge stays as it was."""
    before = conflict.clock.now()
    decide_identity(conflict.office, identity_finding(conflict), IdentityVerdict.SAME)
    conflict.resolve()
    [here], [there] = conflict.deliver(A)["HIHOID"], conflict.deliver(B)["HIHOID"]
    assert here["prefectural_insured_id"] == there["prefectural_insured_id"]
    person_id = here["prefectural_insured_id"]
    assert len(inspect_person(conflict.office, person_id).known[0].settled.addressees) == 2
    then = inspect_person(conflict.office, person_id, known_at=before)
    assert "held" in {line.state for line in then.history}


def test_the_known_side_goes_on_after_the_decision(conflict: PrefectureOffice) -> None:
    """Rules: X-25. The difference was looked at once; it does not hold the other side's next record."""
    decide_identity(conflict.office, identity_finding(conflict), IdentityVerdict.SAME)
    conflict.resolve()
    assert conflict.persons(A, person(A, "100", 2, number=number(1))).counts.held == 0


def test_only_an_open_conflict_can_be_decided(conflict: PrefectureOffice) -> None:
    """Rules: X-25."""
    number_ = identity_finding(conflict)
    decide_identity(conflict.office, number_, IdentityVerdict.DIFFERENT)
    conflict.resolve()
    for wrong in (number_, "F130000009999"):
        with pytest.raises(NotFound, match="KKH-I002"):
            decide_identity(conflict.office, wrong, IdentityVerdict.SAME)


def test_on_the_command_line(conflict: PrefectureOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: X-25."""
    monkeypatch.chdir(conflict.folder)  # where the key ring is, for a database on a server
    database = conflict.configuration.database
    arguments = ["--database", database, "identity", identity_finding(conflict), "--verdict", "different"]
    answer = CliRunner().invoke(cli, [*arguments, "--json"])
    assert answer.exit_code == 0
    assert '"verdict": "different"' in answer.stdout
    assert conflict.resolve().findings_open == 0
