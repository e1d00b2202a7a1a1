"""Two-person approval (S-7, S-34): any sequence of steps by anybody, against a model that only remembers what happened."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kokuho_core.approval import APPROVAL_DAYS, Act, Approval, ApprovalKind, ApprovalState, digest_of
from kokuho_core.errors import InvalidValue, NotApproved

T0 = datetime(2026, 6, 1, 9, 0)
KIND = ApprovalKind.NUMBER_LINK
ACT = Act(KIND, "F-1", {"verdict": "same", "left": "1/2", "entered": "3/4"})
SHOWN = ACT.digest
OTHER = Act(KIND, "F-1", {"verdict": "other", "left": "1/2", "entered": "3/4"}).digest


def asked(by: str = "sato") -> Approval:
    return Approval.requested("1", ACT, by, "窓口で本人確認", T0)


def approved() -> Approval:
    return asked().approve("tanaka", T0 + timedelta(hours=1), SHOWN)


def code_of(step: object) -> str:
    with pytest.raises(NotApproved) as refused:
        step()  # type: ignore[operator]
    return refused.value.code


class TestSteps:
    @pytest.mark.parametrize("by", ["sato", "Sato", " SATO ", "ｓａｔｏ", ""])
    def test_nobody_approves_his_own_request(self, by: str) -> None:
        """Rules: S-7."""
        assert code_of(lambda: asked().approve(by, T0, SHOWN)) == "KKH-A008"
        assert code_of(lambda: asked().refuse(by, T0, "no")) == "KKH-A008"

    def test_changed_content_is_not_approved(self) -> None:
        """Rules: S-7."""
        assert code_of(lambda: asked().approve("tanaka", T0, OTHER)) == "KKH-A009"

    def test_content_changed_after_the_approval_is_not_done(self) -> None:
        """Rules: S-7."""
        assert code_of(lambda: approved().use("sato", T0 + timedelta(hours=2), OTHER)) == "KKH-A009"

    def test_it_is_used_once(self) -> None:
        """Rules: S-7."""
        used = approved().use("sato", T0 + timedelta(hours=2), SHOWN)
        assert used.state is ApprovalState.USED
        assert code_of(lambda: used.use("sato", T0 + timedelta(hours=3), SHOWN)) == "KKH-A011"

    def test_it_is_not_used_before_it_is_approved(self) -> None:
        """Rules: S-7."""
        assert code_of(lambda: asked().use("sato", T0, SHOWN)) == "KKH-A007"

    def test_it_ends_to_the_second(self) -> None:
        """Rules: S-7."""
        end = T0 + timedelta(days=APPROVAL_DAYS)
        before = end - timedelta(microseconds=1)
        assert asked().approve("tanaka", before, SHOWN).state is ApprovalState.APPROVED
        assert code_of(lambda: asked().approve("tanaka", end, SHOWN)) == "KKH-A010"
        assert approved().use("sato", before, SHOWN).state is ApprovalState.USED
        assert code_of(lambda: approved().use("sato", end, SHOWN)) == "KKH-A010"
        assert code_of(lambda: asked().use("sato", end, SHOWN)) == "KKH-A010"

    @pytest.mark.parametrize(("by", "reason", "days"), [(" ", "r", 1), ("sato", " ", 1), ("sato", "r", 0)])
    def test_a_request_needs_a_person_a_reason_and_a_term(self, by: str, reason: str, days: int) -> None:
        """Rules: S-7."""
        with pytest.raises(InvalidValue, match="KKH-A021"):
            Approval.requested("1", ACT, by, reason, T0, days=days)


class TestDigest:
    def test_every_part_counts(self) -> None:
        """Rules: S-7."""
        base = digest_of(KIND, "F-1", {"a": "1", "b": "2"})
        others = [
            digest_of(ApprovalKind.FILE_RECALL, "F-1", {"a": "1", "b": "2"}),
            digest_of(KIND, "F-2", {"a": "1", "b": "2"}),
            digest_of(KIND, "F-1", {"a": "1", "b": "3"}),
            digest_of(KIND, "F-1", {"a": "1b", "": "2"}),
            digest_of(KIND, "F-1", {"a": "1"}),
            digest_of(KIND, "F-1a", {"": "1", "b": "2"}),
        ]
        assert len({base, *others}) == 1 + len(others)

    def test_the_order_of_the_parts_does_not(self) -> None:
        """Rules: S-7."""
        assert digest_of(KIND, "F-1", {"a": "1", "b": "2"}) == digest_of(KIND, "F-1", {"b": "2", "a": "1"})


@frozen
class Agreed:
    """What the model remembers: who asked, who agreed, until when, and whether it was done."""

    by: str | None = None
    ended: bool = False
    done: int = 0


PEOPLE = st.sampled_from(["sato", "SATO", "tanaka", "suzuki"])
CONTENT = st.sampled_from([SHOWN, OTHER])


class ApprovalLife(RuleBasedStateMachine):
    """One request by «sato», steps by anybody at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.approval = asked()
        self.now = T0
        self.model = Agreed()

    def _try(self, step: object) -> bool:
        try:
            self.approval = step()  # type: ignore[operator]
        except NotApproved:
            return False
        return True

    @property
    def _in_time(self) -> bool:
        return self.now < T0 + timedelta(days=APPROVAL_DAYS)

    @rule(hours=st.integers(0, 60))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(by=PEOPLE, content=CONTENT)
    def approve(self, by: str, content: str) -> None:
        due = by.lower() != "sato" and content == SHOWN and self._in_time and self.model == Agreed()
        assert self._try(lambda: self.approval.approve(by, self.now, content)) == due  # type: ignore[arg-type]
        if due:
            self.model = Agreed(by)

    @rule(by=PEOPLE)
    def refuse(self, by: str) -> None:
        due = by.lower() != "sato" and self._in_time and self.model == Agreed()
        assert self._try(lambda: self.approval.refuse(by, self.now, "no")) == due
        if due:
            self.model = Agreed(ended=True)

    @rule(by=PEOPLE)
    def withdraw(self, by: str) -> None:
        due = by.lower() == "sato" and not self.model.ended and not self.model.done
        assert self._try(lambda: self.approval.withdraw(by, self.now)) == due
        if due:
            self.model = Agreed(ended=True)

    @rule(by=PEOPLE, content=CONTENT)
    def use(self, by: str, content: str) -> None:
        due = (
            self.model.by is not None
            and not self.model.ended
            and not self.model.done
            and content == SHOWN
            and self._in_time
        )
        assert self._try(lambda: self.approval.use(by, self.now, content)) == due  # type: ignore[arg-type]
        if due:
            self.model = Agreed(self.model.by, done=self.model.done + 1)

    @invariant()
    def nothing_is_done_alone_or_twice(self) -> None:
        """Rules: S-7, S-34."""
        assert self.model.done == (self.approval.state is ApprovalState.USED)
        if self.approval.state in (ApprovalState.USED, ApprovalState.APPROVED):
            assert self.approval.decided_by is not None
            assert self.approval.decided_by.lower() != self.approval.requested_by
        assert self.approval.digest == SHOWN and self.approval.requested_by == "sato"


TestApprovalLife = ApprovalLife.TestCase
