"""確定指示の二人目の確認 (S-34): what was received does not count before a second person looked at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kokuho_core.access import AccessContext, Role, operator_id
from kokuho_core.approval import ApprovalKind
from kokuho_core.errors import AccessDenied, Conflict, InvalidValue, KokuhoError, NotApproved, NotFound
from kokuho_core.ports.second_look import LookState
from kokuho_core.usecases.approvals import approve, list_approvals
from kokuho_core.usecases.office import Settings
from kokuho_core.usecases.person import inspect_person
from kokuho_core.usecases.recall import recall
from kokuho_core.usecases.receive import receive
from kokuho_core.usecases.second_look import confirm_decision, list_second_looks, refuse_decision
from kokuho_core.vocabulary.codes import Decision

from ..aggregation.support import entered, insured
from ..prefecture.clerks import grant, in_session_of
from ..prefecture.contents import dump
from ..prefecture.office import A, B, C, PrefectureOffice, high_cost, household, instruction
from ..prefecture.two_people import FIRST, REASON, SECOND, as_operator, by_two
from ..prefecture.worlds import MakeOffice

LOOKING = Settings(second_look_at_decisions=True)


def move(office: PrefectureOffice) -> PrefectureOffice:
    """One person with a high-cost month moves from A to B: a candidate that may be confirmed."""
    office.persons(A, insured(A, "1", 1, end="2024-04-01"))
    office.households(A, household(A, "1", "1"))
    office.persons(B, entered(B, "9", 1, start="2024-04-01"))
    office.households(B, household(B, "1", "9", start="2024-04-01"))
    office.months(A, high_cost(A, "1", "202403"))
    office.resolve()
    for each in (A, B):
        office.deliver(each)
    return office


@pytest.fixture
def site(make_office: MakeOffice) -> PrefectureOffice:
    return move(make_office(settings=LOOKING))


def candidate(site: PrefectureOffice) -> Any:
    (found,) = site.candidates()
    return found


def send(site: PrefectureOffice, *decisions: str, by: str = FIRST) -> Any:
    """A KEISHIJI file, taken in by ``by``."""
    path = site.write("KEISHIJI", B, [instruction(B, candidate(site).number, each) for each in decisions])
    (answer,) = receive(as_operator(site, by), site.installation.incoming(path, site.installation.register()))
    return answer


def waiting(site: PrefectureOffice) -> list[str]:
    return [each.number for each in list_second_looks(site.office)]


def told(site: PrefectureOffice) -> list[tuple[Any, ...]]:
    rows = site.deliver(B).get("SHOKEKKA", [])
    return [(row["line"], row["result"], row["error_code"]) for row in rows if row["source_file"].startswith("KEISHIJI")]


class TestEffect:
    def test_received_it_waits_and_tells_nobody(self, site: PrefectureOffice) -> None:
        """Rules: S-34, S-16, H-6."""
        answer = send(site, "1")
        assert (answer.counts.accepted, answer.counts.rejected, answer.counts.held) == (0, 0, 1)
        assert [problem.code for problem in answer.errors] == ["KKH-H005"]
        assert (candidate(site).decision, len(waiting(site))) == (None, 1)
        site.resolve()
        returned = site.deliver(B)
        assert not {"KEIKAKU", "KOHIKI", "KOHIKEKKA"} & returned.keys()
        assert [(row["line"], row["result"], row["error_code"]) for row in returned["SHOKEKKA"]] == [(2, "3", "KKH-H005")]

    def test_confirmed_by_another_it_counts_at_once(self, site: PrefectureOffice) -> None:
        """Rules: S-34, H-6."""
        send(site, "1")
        (number,) = waiting(site)
        with pytest.raises(NotApproved, match="KKH-A007"):
            confirm_decision(as_operator(site, FIRST.upper()), number)
        assert candidate(site).decision is None
        look = confirm_decision(as_operator(site, SECOND), number)
        assert (look.state, look.settled_by, look.agreed_by) == (LookState.CONFIRMED, FIRST, SECOND)
        assert (candidate(site).decision, waiting(site)) == (Decision.CONTINUED, [])
        returned = site.deliver(B)
        assert len(returned["KOHIKI"]) == len(returned["KEIKAKU"]) == 1
        with pytest.raises(NotFound, match="KKH-H007"):
            confirm_decision(as_operator(site, SECOND), number)

    def test_refused_it_never_counts_and_the_sender_is_told(self, site: PrefectureOffice) -> None:
        """Rules: S-34, X-3."""
        send(site, "1")
        (number,) = waiting(site)
        assert told(site) == [(2, "3", "KKH-H005")]
        with pytest.raises(InvalidValue, match="KKH-A021"):
            refuse_decision(as_operator(site, SECOND), number, reason=" ")
        look = refuse_decision(as_operator(site, SECOND), number, reason=REASON)
        assert (look.state, look.reason) == (LookState.REFUSED, REASON)
        assert told(site) == [(2, "2", "KKH-H006")]
        assert candidate(site).decision is None
        assert list_approvals(as_operator(site, SECOND), waiting_only=True) == []

    @pytest.mark.parametrize("by", [FIRST, SECOND])
    def test_either_may_refuse_and_nobody_is_asked_any_more(self, site: PrefectureOffice, by: str) -> None:
        """Rules: S-34."""
        send(site, "2")
        asked = list_approvals(as_operator(site, SECOND), waiting_only=True)
        assert [(each.kind, each.requested_by, each.insurer) for each in asked] == [
            (ApprovalKind.IMPORTED_DECISION, FIRST, B)
        ]
        refuse_decision(as_operator(site, by), waiting(site)[0], reason=REASON)
        assert list_approvals(as_operator(site, SECOND), waiting_only=True) == []

    def test_without_the_setting_it_counts_at_once(self, make_office: MakeOffice) -> None:
        """Rules: S-34, H-6."""
        site = move(make_office())
        assert send(site, "1").counts.accepted == 1
        assert candidate(site).decision is Decision.CONTINUED
        assert list_second_looks(site.office, waiting_only=False) == []

    def test_one_person_alone_confirms_nothing(self, site: PrefectureOffice) -> None:
        """Rules: S-34. In the trial of one person too: who switches it on means it."""
        site.decide(B, instruction(B, candidate(site).number, "1"))
        with pytest.raises(NotApproved, match="KKH-A007"):
            confirm_decision(site.office, waiting(site)[0])


class TestOrder:
    def test_a_later_one_waits_for_an_earlier_one(self, site: PrefectureOffice) -> None:
        """Rules: S-34, X-18. The revocation is judged as if the decision before it counted already."""
        answer = send(site, "1", "3")
        assert answer.counts.held == 2
        first, second = waiting(site)
        with pytest.raises(Conflict, match="KKH-H008") as early:
            confirm_decision(as_operator(site, SECOND), second)
        assert early.value.problems[0].field == first
        confirm_decision(as_operator(site, SECOND), first)
        assert candidate(site).decision is Decision.CONTINUED
        confirm_decision(as_operator(site, SECOND), second)
        assert candidate(site).decision is Decision.REVOKED

    def test_what_became_impossible_is_answered(self, site: PrefectureOffice) -> None:
        """Rules: S-34, X-28. The decision that was to be revoked was refused."""
        send(site, "1", "3")
        told(site)
        first, second = waiting(site)
        refuse_decision(as_operator(site, SECOND), first, reason=REASON)
        look = confirm_decision(as_operator(site, SECOND), second)
        assert (look.state, look.code) == (LookState.IMPOSSIBLE, "KKH-H003")
        assert sorted(told(site)) == [(2, "2", "KKH-H006"), (3, "2", "KKH-H003")]
        assert candidate(site).decision is None

    def test_what_can_never_be_is_refused_on_receipt(self, site: PrefectureOffice) -> None:
        """Rules: S-34, X-28."""
        answer = send(site, "3")
        assert (answer.counts.rejected, [problem.code for problem in answer.errors]) == (1, ["KKH-H003"])
        assert waiting(site) == []

    def test_it_waits_behind_another_though_the_setting_was_switched_off(self, site: PrefectureOffice) -> None:
        """Rules: S-34, X-18."""
        send(site, "1")
        office = as_operator(site, FIRST, settings=Settings())
        path = site.write("KEISHIJI", B, [instruction(B, candidate(site).number, "2")])
        (answer,) = receive(office, site.installation.incoming(path, site.installation.register()))
        assert answer.counts.held == 1
        for number in waiting(site):
            confirm_decision(as_operator(site, SECOND), number)
        assert candidate(site).decision is Decision.NOT_CONTINUED


class TestAgreement:
    def test_a_candidate_that_changed_is_agreed_to_anew(self, site: PrefectureOffice) -> None:
        """Rules: S-34, S-7. Another suggestion than when the first person asked: another act."""
        send(site, "2")
        (number,) = waiting(site)
        site.persons(C, insured(C, "5", 1, start="2024-05-15"))
        site.resolve()
        with pytest.raises(InvalidValue, match="KKH-A021"):
            confirm_decision(as_operator(site, SECOND), number)
        with pytest.raises(NotApproved, match="KKH-A007"):
            confirm_decision(as_operator(site, SECOND), number, reason=REASON)
        assert candidate(site).decision is None
        confirm_decision(as_operator(site, FIRST), number)
        assert candidate(site).decision is Decision.NOT_CONTINUED

    def test_approved_first_and_done_by_the_one_who_took_it_in(self, site: PrefectureOffice) -> None:
        """Rules: S-34, S-7."""
        send(site, "1")
        (asked,) = list_approvals(as_operator(site, SECOND), waiting_only=True)
        approve(as_operator(site, SECOND), asked.number, asked.digest)
        assert candidate(site).decision is None
        confirm_decision(as_operator(site, FIRST), waiting(site)[0])
        assert candidate(site).decision is Decision.CONTINUED

    def test_another_municipality_neither_sees_nor_confirms_it(self, site: PrefectureOffice) -> None:
        """Rules: S-34, S-1."""
        send(site, "1")
        (number,) = waiting(site)
        assert list_second_looks(site.office, A) == []
        with pytest.raises(NotFound, match="KKH-H007"):
            confirm_decision(as_operator(site, SECOND), number, A)
        keeper = as_operator(site, SECOND)
        stranger = evolve(keeper.gatekeeper, context=AccessContext(operator_id("nobody"), "試験端末"))
        denied = evolve(keeper, gatekeeper=stranger, database=evolve(keeper.database, gatekeeper=stranger))
        with pytest.raises(AccessDenied, match="KKH-A002"):
            confirm_decision(denied, number)

    def test_clerks_of_the_municipality_decide_among_themselves(self, site: PrefectureOffice) -> None:
        """Rules: S-34, S-1, S-7. One takes it in, another of the same municipality confirms; of another one, nobody."""
        for name, insurer in (("sasaki", B), ("kato", B), ("stranger", A)):
            grant(site, name, Role.MUNICIPALITY, insurer)
        first, second, stranger = (in_session_of(site, name, settings=LOOKING) for name in ("sasaki", "kato", "stranger"))
        path = site.write("KEISHIJI", B, [instruction(B, candidate(site).number, each) for each in "12"])
        (answer,) = receive(first, site.installation.incoming(path, site.installation.register()))
        assert answer.counts.held == 2
        number, later = (each.number for each in list_second_looks(second, B))
        with pytest.raises(NotApproved, match="KKH-A007"):
            confirm_decision(first, number, B)
        for insurer, refusal in ((A, (NotFound, "KKH-H007")), (B, (AccessDenied, "KKH-A004"))):
            with pytest.raises(refusal[0], match=refusal[1]):
                confirm_decision(stranger, number, insurer)
        assert confirm_decision(second, number, B).state is LookState.CONFIRMED
        assert refuse_decision(second, later, B, reason=REASON).state is LookState.REFUSED
        assert candidate(site).decision is Decision.CONTINUED
        assert len(site.deliver(A)["KEIKAKU"]) == len(site.deliver(B)["KEIKAKU"]) == 1
        assert list_approvals(as_operator(site, SECOND), waiting_only=True) == []

    @pytest.mark.parametrize("number", ["", "x", "0-0", "1-", "1-2-3", "99-2", "１-２"])
    def test_no_such_number(self, site: PrefectureOffice, number: str) -> None:
        """Rules: S-34."""
        with pytest.raises(NotFound, match="KKH-H007"):
            confirm_decision(as_operator(site, SECOND), number)


class TestHistory:
    def test_what_was_known_before_the_confirmation(self, site: PrefectureOffice) -> None:
        """Rules: S-34, P-7. It is known from the confirmation on, not from the receipt."""
        send(site, "1")
        before = site.clock.now()
        confirm_decision(as_operator(site, SECOND), waiting(site)[0])
        number = candidate(site).number
        with site.installation.database.begin(read_only=True) as work:
            assert work.candidates.decisions([number], before) == []
            assert [each.decision for each in work.candidates.decisions([number], site.clock.now())] == ["1"]
        person = candidate(site).movers[0]

        def carried(known_at: Any) -> bool:
            view = inspect_person(site.office, person, known_at=known_at)
            return any(each.is_confirmed for each in view.candidates)

        assert (carried(before), carried(None)) == (False, True)

    def test_a_recalled_file_takes_what_waits_with_it(self, site: PrefectureOffice) -> None:
        """Rules: S-34, S-24."""
        answer = send(site, "1")
        (number,) = waiting(site)
        by_two(site, lambda office: recall(office, answer.file, REASON))
        assert waiting(site) == []
        with pytest.raises(NotFound, match="KKH-H007"):
            confirm_decision(as_operator(site, SECOND), number)
        found = dump(site.stored_in)
        assert (found["decision"], found["second_look"]) == ([], [])
        assert len(found["recalled_decision"]) == len(found["recalled_second_look"]) == 1

    def test_a_recalled_decision_that_was_confirmed(self, site: PrefectureOffice) -> None:
        """Rules: S-34, S-24, P-7."""
        answer = send(site, "1")
        received = site.clock.now()
        confirm_decision(as_operator(site, SECOND), waiting(site)[0])
        confirmed = site.clock.now()
        by_two(site, lambda office: recall(office, answer.file, REASON))
        assert candidate(site).decision is None
        number = candidate(site).number
        with site.installation.database.begin(read_only=True) as work:
            known = [len(work.candidates.decisions([number], at)) for at in (received, confirmed, site.clock.now())]
        assert known == [0, 1, 0]


# --- any course of events ---


@define
class Remembered:
    """What the model knows of one decision that waits or waited."""

    decision: str
    asked: dict[str, str] = field(factory=dict)
    """Who asked, by what the candidate looked like."""
    agreed: set[str] = field(factory=set)
    """What the candidate looked like when somebody else approved."""


OPERATORS = st.sampled_from([FIRST, SECOND, "third03"])


class SecondLooks(RuleBasedStateMachine):
    """Files arrive, people confirm, approve and refuse in any order, facts change; beside a model that only remembers."""

    template: Path
    folders: Iterator[Path]

    @initialize()
    def begin(self) -> None:
        folder = next(self.folders)
        shutil.copytree(self.template, folder)
        self.site = PrefectureOffice(folder, LOOKING)
        self.site._sequences.update({(sender, file_id): 1 for sender in (A, B) for file_id in ("SKKOJIN", "SKSETAI", "KOGAKU")})
        self.site._created += timedelta(hours=1)
        self.number = candidate(self.site).number
        self.remembered: dict[str, Remembered] = {}
        self.order: list[str] = []
        self.stands: str | None = None
        self.disputed = False
        self.looking = True
        self.claims = 0

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.close()

    def allows(self, decision: str, stands: str | None) -> str | None:
        if decision == "1" and self.disputed:
            return "KKH-H002"
        if decision == "3" and stands in (None, "3"):
            return "KKH-H003"
        return None

    @property
    def look(self) -> str:
        return "disputed" if self.disputed else "clear"

    @rule(decision=st.sampled_from("123"), by=OPERATORS)
    def arrives(self, decision: str, by: str) -> None:
        stands = self.stands
        for each in self.order:
            if self.allows(self.remembered[each].decision, stands) is None:
                stands = self.remembered[each].decision
        fault = self.allows(decision, stands)
        path = self.site.write("KEISHIJI", B, [instruction(B, self.number, decision)])
        office = as_operator(self.site, by, settings=Settings(second_look_at_decisions=self.looking))
        (answer,) = receive(office, self.site.installation.incoming(path, self.site.installation.register()))
        codes = [problem.code for problem in answer.errors]
        if fault is not None:
            assert codes == [fault]
        elif self.looking or self.order:
            assert codes == ["KKH-H005"]
            number = waiting(self.site)[-1]
            self.remembered[number] = Remembered(decision, {self.look: by})
            self.order.append(number)
        else:
            assert codes == []
            self.stands = decision

    @precondition(lambda self: self.order)
    @rule(by=OPERATORS, place=st.integers(0, 2))
    def confirms(self, by: str, place: int) -> None:
        number = self.order[min(place, len(self.order) - 1)]
        known = self.remembered[number]
        expected: str | None = None
        if number != self.order[0]:
            expected = "KKH-H008"
        elif self.look not in known.agreed and known.asked.setdefault(self.look, by) == by:
            expected = "KKH-A007"
        if expected is not None:
            with pytest.raises(KokuhoError, match=expected):
                confirm_decision(as_operator(self.site, by), number, reason=REASON)
            return
        confirm_decision(as_operator(self.site, by), number, reason=REASON)
        self.order.remove(number)
        if self.allows(known.decision, self.stands) is None:
            self.stands = known.decision

    @precondition(lambda self: self.order)
    @rule(by=OPERATORS, place=st.integers(0, 2))
    def approves(self, by: str, place: int) -> None:
        number = self.order[min(place, len(self.order) - 1)]
        known = self.remembered[number]
        office = as_operator(self.site, by)
        for each in list_approvals(office, waiting_only=True):
            if each.subject == f"decision {number}":
                look = next(look for look, who in known.asked.items() if who == each.requested_by and look not in known.agreed)
                with suppress(NotApproved):
                    approve(office, each.number, each.digest)
                    assert by != each.requested_by
                    known.agreed.add(look)

    @precondition(lambda self: self.order)
    @rule(by=OPERATORS, place=st.integers(0, 2))
    def refuses(self, by: str, place: int) -> None:
        number = self.order[min(place, len(self.order) - 1)]
        assert refuse_decision(as_operator(self.site, by), number, reason=REASON).state is LookState.REFUSED
        self.order.remove(number)

    @rule()
    def facts_change(self) -> None:
        """A third municipality claims the same days, or takes that back: the candidate becomes unclear, or clear."""
        if not self.disputed:
            self.claims += 1
        kind = "3" if self.disputed else "1"
        self.site.persons(C, insured(C, "5", 1, start="2024-05-15", history=self.claims, kind=kind))
        self.disputed = not self.disputed
        self.site.resolve()

    @rule()
    def setting_changes(self) -> None:
        self.looking = not self.looking

    @invariant()
    def only_what_was_confirmed_counts(self) -> None:
        if not hasattr(self, "site"):
            return
        decided = candidate(self.site).decision
        assert (decided.value if decided is not None else None) == self.stands
        assert waiting(self.site) == self.order


def test_any_course_of_events(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rules: S-34, S-7."""
    base = tmp_path_factory.mktemp("courses")
    SecondLooks.template = base / "template"
    SecondLooks.folders = (base / str(n) for n in count(1))
    move(PrefectureOffice(SecondLooks.template)).close()
    run_state_machine_as_test(
        SecondLooks,
        settings=settings(
            max_examples=min(settings().max_examples, 300) // 10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
