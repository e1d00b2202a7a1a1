"""確定指示の二人目の確認: where the setting asks for it, a received decision counts once a second person looked at it (S-34).

1. the record is received, judged and kept as any other; its sender is answered that it waits (KKH-H005)
2. whoever took it in has asked by that for the consent of somebody else
3. confirmed by another, it is judged once more and takes effect; refused, its sender is answered (KKH-H006)

Decisions on one candidate take effect in the order in which they were received: a later one waits for an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from kokuho_core.access import Operation
from kokuho_core.access.operators import is_same_operator
from kokuho_core.approval import Act, Agreement, ApprovalKind
from kokuho_core.errors import Conflict, InvalidValue, NotFound, Problem, RecordRefused
from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.household_continuity.decision import DecisionFact
from kokuho_core.ports.second_look import LookState, SecondLook
from kokuho_core.ports.stores import RecordOutcome, UnitOfWork
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.admission import admitted, now_of, operator_of
from kokuho_core.usecases.approvals import Consent, ask_consent, leave_request
from kokuho_core.usecases.listings import require_insurer
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.returns import retell_candidates
from kokuho_core.vocabulary.codes import Decision
from kokuho_core.vocabulary.identifiers import InsurerNumber

_REFUSED = "2"


def take_effect(work: UnitOfWork, decided: Candidate) -> None:
    """A decision counts from here on, for both municipalities (H-6)."""
    work.candidates.save([decided])
    work.households.mark_households([decided.pair.entered])  # what was carried on from there may change
    retell_candidates(work, [decided])


def as_if_confirmed(candidate: Candidate, waiting: Iterable[DecisionFact]) -> Candidate:
    """The candidate as it will be once what waits is confirmed, by which a later decision is judged on receipt."""
    for each in waiting:
        with suppress(RecordRefused):
            candidate = candidate.decide(Decision(each.decision), each.decided_on)
    return candidate


def await_second_look(office: Office, work: UnitOfWork, fact: DecisionFact, candidate: Candidate) -> None:
    """Keep a received decision from counting, and ask for the consent of another than who takes it in."""
    work.looks.wait(fact)
    leave_request(office, work, _taking_effect(fact, candidate), f"KEISHIJI {fact.file_no}-{fact.line}")


@admitted(Operation.LIST_CANDIDATES, subject=lambda given: given["insurer"] or "", insurer=lambda given: given["insurer"])
def list_second_looks(
    office: Office, insurer: InsurerNumber | None = None, *, waiting_only: bool = True
) -> list[SecondLook]:
    """確認待ちの確定指示, in received order. Raises :class:`NotFound` (KKH-N002) for an unknown insurer."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        return list(work.looks.all(insurer, waiting_only=waiting_only))


@admitted(
    Operation.CONFIRM_DECISION, subject=lambda given: given["number"], insurer=lambda given: given["insurer"]
)
def confirm_decision(
    office: Office, number: str, insurer: InsurerNumber | None = None, *, reason: str = ""
) -> SecondLook:
    """確認: the decision takes effect, if another person than the one who took it in says so.

    What the candidate no longer allows is settled as impossible, and its sender is answered. ``insurer`` restricts to one
    municipality, as a municipal operator must. Raises :class:`NotFound` (KKH-H007), :class:`Conflict` (KKH-H008) while an
    earlier decision on the candidate waits, :class:`NotApproved` (KKH-A007) while nobody else agrees.
    """

    def confirm() -> Consent:
        with office.database.begin() as work:
            look = _waiting(work, number, insurer)
            with work.prefecture_wide():  # a decision about two households is told to both municipalities
                consent = _confirmed(office, work, look, reason)
            work.commit()
            return consent

    office.database.repeated(confirm).require()
    return _found(office, number)


@admitted(
    Operation.CONFIRM_DECISION, subject=lambda given: given["number"], insurer=lambda given: given["insurer"]
)
def refuse_decision(
    office: Office, number: str, insurer: InsurerNumber | None = None, *, reason: str
) -> SecondLook:
    """差戻し: the decision never counts, and its sender is told. One person suffices: it changes nothing for anybody.

    Raises :class:`NotFound` (KKH-H007), :class:`InvalidValue` (KKH-A021) without a reason.
    """
    if not reason.strip():
        raise InvalidValue(Problem("KKH-A021", field="reason"))

    def refuse() -> None:
        with office.database.begin() as work:
            look = _waiting(work, number, insurer)
            operator = operator_of(office)
            agreement = Agreement(operator, operator, reason)
            work.looks.settle(number, LookState.REFUSED, agreement, office.clock.now())
            with work.prefecture_wide():  # requests stand with those of the whole prefecture
                _close_requests(office, work, look.decision, reason)
            _answer(office, work, look, "KKH-H006")
            work.commit()

    office.database.repeated(refuse)
    return _found(office, number)


def _confirmed(office: Office, work: UnitOfWork, look: SecondLook, reason: str) -> Consent:
    fact = look.decision
    earlier = [each for each in work.looks.waiting_from(fact.insurer_number) if _precedes(each, fact)]
    if earlier:
        raise Conflict(Problem("KKH-H008", field=f"{earlier[0].file_no}-{earlier[0].line}"))
    candidate = work.candidates.by_number(fact.candidate_number)
    if candidate is None:
        raise NotFound(Problem("KKH-H007", field="number"))
    consent = ask_consent(office, work, _taking_effect(fact, candidate), reason)
    if consent.agreement is not None:
        _settle(office, work, look, candidate, consent.agreement)
    return consent


def _settle(office: Office, work: UnitOfWork, look: SecondLook, candidate: Candidate, agreement: Agreement) -> None:
    """Judged once more: since it was received, the facts may have changed (X-18, X-28)."""
    now, fact = office.clock.now(), look.decision
    try:
        decided = candidate.decide(Decision(fact.decision), fact.decided_on)
    except RecordRefused as refusal:
        work.looks.settle(look.number, LookState.IMPOSSIBLE, agreement, now, refusal.code)
        _answer(office, work, look, refusal.code)
        return
    work.looks.settle(look.number, LookState.CONFIRMED, agreement, now)
    with work.prefecture_wide():  # told to both municipalities, as when it needs no second look
        take_effect(work, decided)


def _taking_effect(fact: DecisionFact, candidate: Candidate) -> Act:
    """What the second person agrees to: this decision, on a candidate that looks as it does now."""
    content = {
        "decision": fact.decision,
        "decided_on": fact.decided_on.isoformat(),
        "candidate": fact.candidate_number,
        "moved_on": candidate.moved_on.isoformat(),
        "movers": ",".join(candidate.movers),
        "suggestion": candidate.comparison.suggestion.value,
        "suggestion_reason": candidate.comparison.reason.value,
    }
    return Act(ApprovalKind.IMPORTED_DECISION, _subject(fact), content, fact.insurer_number)


def _subject(fact: DecisionFact) -> str:
    return f"decision {fact.file_no}-{fact.line}"


def _close_requests(office: Office, work: UnitOfWork, fact: DecisionFact, reason: str) -> None:
    """Nobody shall be asked any more for what was refused."""
    operator, now = operator_of(office), now_of(office)
    for request in work.approvals.of_subject(ApprovalKind.IMPORTED_DECISION, _subject(fact)):
        if request.is_waiting(now):
            own = is_same_operator(request.requested_by, operator)
            work.approvals.save(request.withdraw(operator, now) if own else request.refuse(operator, now, reason))


def _answer(office: Office, work: UnitOfWork, look: SecondLook, code: str) -> None:
    """Tell the sender, in the results of his files, that the record is refused after all."""
    fact = look.decision
    told = work.files.enter(look.file, None, fact.insurer_number, b"", FileResult.REJECTED, office.clock.now())
    work.files.add_outcomes(told, [RecordOutcome(fact.line, _REFUSED, Problem(code, fact.line, "decision"))])


def _precedes(each: DecisionFact, fact: DecisionFact) -> bool:
    same = each.candidate_number == fact.candidate_number
    return same and (each.file_no, each.line) < (fact.file_no, fact.line)


def _waiting(work: UnitOfWork, number: str, insurer: InsurerNumber | None) -> SecondLook:
    found = work.looks.find(number)
    if found is None or found.state is not LookState.WAITING or insurer not in (None, found.decision.insurer_number):
        raise NotFound(Problem("KKH-H007", field="number"))
    return found


def _found(office: Office, number: str) -> SecondLook:
    with office.database.begin(read_only=True) as work:
        found = work.looks.find(number)
    if found is None:
        raise NotFound(Problem("KKH-H007", field="number"))
    return found
