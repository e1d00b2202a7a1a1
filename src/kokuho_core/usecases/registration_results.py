"""登録結果の取込み (5-⑥): what the receiver answered takes effect once, whatever comes twice, late or wrong (R-3).

1. for every batch that was taken, the results are fetched as far as they are there
2. each is judged: one that cannot be believed has no effect and is listed
3. the others are kept, with the person's 被保険者枝番 and 本人確認状態
4. a batch is settled when every line has its result
5. who was not verified then, or found to differ, is asked about again: the check of a person is done later, and corrected (R-6)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from attrs import field, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.eligibility_history.results import REPEATED, UNKNOWN_RECORD, SentMessage, problem_with
from kokuho_core.entrusted_partition.exchanged import (
    Exchange,
    ReceptionNumber,
    RecordKey,
    RegistrationResult,
    ResultCode,
    Verification,
)
from kokuho_core.entrusted_partition.subscriber import RegisteredPerson
from kokuho_core.errors import ChannelRefused, Problem
from kokuho_core.ports.registration import PartitionCounts, SentBatch
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.usecases.register import arrived_batches, require_insurer
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

Item = TypeVar("Item")

NO_MORE: Final = "KKH-K105"
"""The receiver does not tell these results any more. What it shows then says how the check came out (reconcile)."""


@frozen
class ResultProblem:
    """結果の1件についての指摘. ``record_key`` as it came; ``receiver_code`` is the receiver's own error code."""

    record_key: str
    problem: Problem
    receiver_code: str | None = None


@mutable
class ResultSummary:
    """登録結果の件数 of one municipality. ``waiting`` are batches whose results are not all there.

    ``verified`` are persons of whom a result says anew, and otherwise, how the check of their number came out (R-6).
    """

    insurer_number: InsurerNumber
    registered: int = 0
    cancelled: int = 0
    refused: int = 0
    repeated: int = 0
    not_applied: int = 0
    settled: int = 0
    waiting: int = 0
    verified: int = 0
    problems: list[ResultProblem] = field(factory=list)
    counts: PartitionCounts = PartitionCounts(0, 0, 0, 0, 0)


@admitted(Operation.TAKE_RESULTS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def take_results(
    office: Office, insurer: InsurerNumber, gateway: RegistryGateway, *, told_anew: Collection[int] = ()
) -> ResultSummary:
    """加入者情報登録結果の取込み of all batches that wait for them. Each batch is one transaction.

    Settled batches are looked at once more where somebody's 本人確認 is open, and where ``told_anew`` names their numbers.
    Raises :class:`NotFound` (KKH-N002), and what the gateway raises: a broken answer has no effect at all.
    """
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        waiting = arrived_batches(work, Exchange.REGISTRATION, insurer)
        settled = work.registrations.to_be_verified(insurer, told_anew)
    summary = ResultSummary(insurer)
    for batch, reception in waiting:
        taken = office.database.repeated(partial(_take, office, gateway, batch, reception))
        _add(summary, taken)
        office.progress("results", summary.settled, len(waiting))
    for batch, reception in settled:
        _add(summary, office.database.repeated(partial(_take_again, office, gateway, batch, reception)))
    with office.database.begin(read_only=True) as work:
        summary.counts = work.registrations.counts(insurer)
    return summary


def _add(summary: ResultSummary, taken: ResultSummary) -> None:
    summary.registered += taken.registered
    summary.cancelled += taken.cancelled
    summary.refused += taken.refused
    summary.repeated += taken.repeated
    summary.not_applied += taken.not_applied
    summary.settled += taken.settled
    summary.waiting += taken.waiting
    summary.verified += taken.verified
    summary.problems += taken.problems


def _take(office: Office, gateway: RegistryGateway, batch: SentBatch, reception: ReceptionNumber) -> ResultSummary:
    """The results of one batch, all of them or none (the answer may turn out to be broken at its end)."""
    summary = ResultSummary(batch.insurer_number)
    answers: Iterable[RegistrationResult] | None = gateway.results(
        batch.exchange, batch.insurer_number, batch.number, reception
    )
    if answers is None:
        summary.waiting = 1
        return summary
    with office.database.begin() as work:
        _apply_all(work, batch, answers, summary)
        if work.registrations.settle(batch, office.clock.now()):
            summary.settled = 1
        else:
            summary.waiting = 1
        work.commit()
    return summary


def _take_again(
    office: Office, gateway: RegistryGateway, batch: SentBatch, reception: ReceptionNumber
) -> ResultSummary:
    """本人確認状態 by the results of a settled batch, asked for again on purpose: what they repeat is nothing to tell."""
    summary = ResultSummary(batch.insurer_number)
    try:
        answers: Iterable[RegistrationResult] | None = gateway.results(
            batch.exchange, batch.insurer_number, batch.number, reception
        )
    except ChannelRefused as refused:
        if refused.code != NO_MORE:
            raise
        summary.problems.append(ResultProblem(reception, refused.problems[0]))
        return summary
    if answers is None:
        return summary
    with office.database.begin() as work:
        _apply_all(work, batch, answers, summary)
        if summary.verified:  # else nothing changed, and no change goes on record
            work.commit()
    summary.repeated = 0
    summary.problems = [each for each in summary.problems if each.problem.code != REPEATED]
    return summary


def _apply_all(
    work: UnitOfWork, batch: SentBatch, answers: Iterable[RegistrationResult], summary: ResultSummary
) -> None:
    before: dict[MunicipalInsuredId, Verification | None] = {}
    for some in _some(answers, BATCH):
        _apply(work, batch, some, summary, before)
    after = work.registrations.registered_persons(batch.insurer_number, list(before))
    summary.verified = sum(after[person].verification is not state for person, state in before.items())


def _some(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some


def _apply(
    work: UnitOfWork,
    batch: SentBatch,
    answers: Sequence[RegistrationResult],
    summary: ResultSummary,
    before: dict[MunicipalInsuredId, Verification | None],
) -> None:
    """Judge some answers, and keep what counts; ``before`` gets the 本人確認状態 of those of whom it is told anew."""
    known = work.registrations.messages(batch, [each.record_key for each in answers])
    messages = {key: message for key, (message, _) in known.items()}
    people = {message.municipal_insured_id: person for message, person in known.values()}
    applied: list[tuple[SentMessage, RegistrationResult]] = []
    newest: dict[MunicipalInsuredId, RegistrationResult] = {}
    for answer in answers:
        message = messages.get(RecordKey(answer.record_key))
        person = people[message.municipal_insured_id] if message is not None else RegisteredPerson()
        code = problem_with(answer, batch.insurer_number, message, person)
        if message is None or code is not None:
            code = code or UNKNOWN_RECORD
            summary.problems.append(ResultProblem(answer.record_key, Problem(code, field="record_key")))
            summary.repeated += code == REPEATED
            summary.not_applied += code != REPEATED
            if message is not None and code == REPEATED and answer.result != ResultCode.ERROR:
                who = message.municipal_insured_id
                if _is_news(answer, newest.get(who), person):
                    _remember(people, newest, who, answer)
                    before.setdefault(who, person.verification)
            continue
        applied.append((message, answer))
        messages[message.record_key] = message._replace(result=answer.result, error_code=answer.error_code)
        if answer.result == ResultCode.ERROR:
            summary.refused += 1
            problem = Problem("KKH-K016", field=answer.error_field or "")
            summary.problems.append(ResultProblem(message.record_key, problem, answer.error_code))
            continue
        summary.registered += message.update_kind == "1"
        summary.cancelled += message.update_kind != "1"
        _remember(people, newest, message.municipal_insured_id, answer)
    work.registrations.apply(batch.insurer_number, applied, newest)


def _is_news(answer: RegistrationResult, newest: RegistrationResult | None, person: RegisteredPerson) -> bool:
    """Whether the check of a person came out otherwise than it was told (R-6)."""
    known = person.verification if newest is None or newest.verification is None else newest.verification
    return answer.verification is not None and answer.verification != known


def _remember(
    people: dict[MunicipalInsuredId, RegisteredPerson],
    newest: dict[MunicipalInsuredId, RegistrationResult],
    who: MunicipalInsuredId,
    answer: RegistrationResult,
) -> None:
    """One person may be named several times in one answer, in any order (R-6)."""
    before = newest.get(who)
    later, earlier = (
        (answer, before) if before is None or answer.processed_at >= before.processed_at else (before, answer)
    )
    if earlier is not None:
        later = later._replace(
            internal_branch_number=later.internal_branch_number or earlier.internal_branch_number,
            verification=later.verification or earlier.verification,
        )
    newest[who] = later
    branch = people[who].internal_branch_number or later.internal_branch_number
    people[who] = people[who]._replace(internal_branch_number=branch)  # type: ignore[arg-type]
