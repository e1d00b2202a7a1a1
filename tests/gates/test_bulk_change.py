"""A bulk change takes effect by two people alone (S-7): any sequence of steps on a file that a gate stopped, against a model.

Files are the only way in which what was received changes for many at once, so the release of the file is the agreement to it.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from attrs import mutable
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kokuho_core.approval import APPROVAL_DAYS
from kokuho_core.errors import KokuhoError, NotApproved
from kokuho_core.ports.gates import StopState
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.approvals import approve, list_approvals, refuse, withdraw
from kokuho_core.usecases.gates import release_stopped, stopped_files
from kokuho_core.usecases.receive import release_held

from ..prefecture.contents import change
from ..prefecture.office import A, PrefectureOffice
from ..prefecture.two_people import REASON, as_operator
from .test_gates import PEOPLE, moved, people, with_other

OPERATORS: Final = st.sampled_from(["tanto01", "kakari02", "TANTO01", "kakari03"])
T0: Final = datetime(2026, 6, 1, 9, 0)
TERM: Final = timedelta(days=APPROVAL_DAYS)


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefecture in which a change for everybody of A waits behind a gate."""
    folder = tmp_path_factory.mktemp("bulk") / "office"
    folder.mkdir()
    with PrefectureOffice(folder) as site:
        site.persons(A, *people())
        assert site.persons(A, *moved(people(), household_number="9")).result is FileResult.HELD
        for name in ("tanto01", "kakari02", "kakari03"):
            as_operator(site, name, T0)
    return folder


@mutable
class Asked:
    """依頼 as the model remembers it: by whom, until when, of which content, and who agreed."""

    by: str
    until: datetime
    content: int
    agreed: bool = False
    is_over: bool = False


class BulkChange(RuleBasedStateMachine):
    """One stopped file, steps by anybody at any time."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)
        self.site = PrefectureOffice(self.folder, is_initialised=True)
        self.now, self.content, self.is_released = T0, 0, False
        self.asked: list[Asked] = []
        [stopped] = stopped_files(self.site.office)
        self.file_no, self.fingerprint = stopped.file_no, stopped.fingerprint

    def teardown(self) -> None:
        self.site.close()
        shutil.rmtree(self.folder)

    def office(self, by: str) -> Any:
        return as_operator(self.site, by, self.now)

    def standing(self) -> list[Asked]:
        """Requests of the content as it is now that still count."""
        return [
            each for each in self.asked if each.content == self.content and not each.is_over and self.now < each.until
        ]

    @rule(hours=st.sampled_from([1, 30, 24 * APPROVAL_DAYS + 1]))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: not self.is_released)
    @rule(content=st.integers(0, 1))
    def the_content_is_another(self, content: int) -> None:
        """As only somebody with the tables in his hands can do it."""
        self.content = content
        value = self.fingerprint if content == 0 else b"x" * len(self.fingerprint)
        change(
            self.site.stored_in, f"update received_file set fingerprint = :value where file_no = {self.file_no}", value=value
        )

    @precondition(lambda self: not self.is_released)
    @rule(by=OPERATORS)
    def release(self, by: str) -> None:
        standing = self.standing()
        usable = [each for each in standing if each.agreed]
        by_another = [each for each in standing if not each.agreed and each.by != by.lower()]
        code = ""
        try:
            release_stopped(self.office(by), self.file_no, REASON)
        except NotApproved as refused:
            code = refused.code
        done = not code
        assert code in ("", "KKH-A007")
        assert done == bool(usable or by_another)
        self.is_released = done
        if not done and not standing:
            self.asked.append(Asked(by.lower(), self.now + TERM, self.content))

    @precondition(lambda self: bool(self.asked))
    @rule(by=OPERATORS, place=st.integers(0, 3), how=st.sampled_from(["approve", "refuse", "withdraw"]))
    def decide(self, by: str, place: int, how: str) -> None:
        place %= len(self.asked)
        asked, office = self.asked[place], self.office(by)
        listed = list_approvals(office)[place]
        is_open = not asked.is_over and not self.is_released
        if how == "withdraw":
            due = is_open and by.lower() == asked.by
        else:
            due = is_open and not asked.agreed and by.lower() != asked.by and self.now < asked.until
        decided = True
        try:
            if how == "approve":
                approve(office, listed.number, listed.digest)
            elif how == "refuse":
                refuse(office, listed.number, REASON)
            else:
                withdraw(office, listed.number)
        except KokuhoError:
            decided = False
        if not self.is_released:
            assert decided == due
            asked.agreed = asked.agreed or (decided and how == "approve")
            asked.is_over = asked.is_over or (decided and how != "approve")

    @invariant()
    def nothing_of_it_is_applied_by_one_alone(self) -> None:
        with self.site.installation.database.begin(read_only=True) as work:
            found = work.gates.find(self.file_no)
        assert found is not None
        assert (found.state is StopState.RELEASED) == self.is_released
        if self.is_released:
            assert found.agreed_by is not None and found.settled_by is not None
            assert found.agreed_by.lower() != found.settled_by.lower()
        elif self.content == 0:
            assert list(release_held(self.site.office)) == []


def test_any_sequence_of_steps(stopped_once: Path) -> None:
    """Rules: S-7, S-28. Same user, stale request, content changed after the approval, refused, withdrawn: nothing is applied."""
    BulkChange.template = stopped_once
    examples = max(25, settings().max_examples // 10)
    run_state_machine_as_test(
        BulkChange,
        settings=settings(
            max_examples=examples, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


@pytest.mark.parametrize("table", ["fingerprint", "measures"])
def test_what_was_approved_is_not_done_to_another_content(stopped_once: Path, tmp_path: Path, table: str) -> None:
    """Rules: S-7, S-28. Changed after the approval, by whoever has the tables in his hands; changed back, it holds."""
    shutil.copytree(stopped_once, tmp_path / "office")
    with PrefectureOffice(tmp_path / "office", is_initialised=True) as site:
        [stopped] = stopped_files(site.office)
        with pytest.raises(NotApproved, match="KKH-A007"):
            release_stopped(as_operator(site, "tanto01", T0), stopped.file_no, REASON)
        [asked] = list_approvals(site.office)
        approve(as_operator(site, "kakari02", T0), asked.number, asked.digest)
        where = ("received_file", b"other") if table == "fingerprint" else ("gate_stop", None)
        with with_other(site, where[0], table, stopped.file_no, where[1]):
            for name in ("tanto01", "kakari02"):
                with pytest.raises(NotApproved, match="KKH-A007"):
                    release_stopped(as_operator(site, name, T0), stopped.file_no, REASON)
                withdraw(as_operator(site, name, T0), list_approvals(site.office)[-1].number)
        late = as_operator(site, "tanto01", T0 + TERM + timedelta(hours=1))
        with pytest.raises(NotApproved, match="KKH-A007"):
            release_stopped(late, stopped.file_no, REASON)
        assert release_stopped(as_operator(site, "tanto01", T0), stopped.file_no).state is StopState.RELEASED


def test_released_by_two_it_is_applied_whole(stopped_once: Path, tmp_path: Path) -> None:
    """Rules: S-7, S-28."""
    shutil.copytree(stopped_once, tmp_path / "office")
    with PrefectureOffice(tmp_path / "office", is_initialised=True) as site:
        [stopped] = stopped_files(site.office)
        with pytest.raises(NotApproved, match="KKH-A007"):
            release_stopped(as_operator(site, "tanto01", T0), stopped.file_no, REASON)
        release_stopped(as_operator(site, "kakari02", T0), stopped.file_no)
        [answer] = release_held(site.office)
        assert (answer.result, answer.counts.accepted) == (FileResult.APPLIED, PEOPLE)
