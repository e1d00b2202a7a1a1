"""マイナンバーカードの保険証利用 (C-1, C-3): snapshots on to the municipality, applications out, their results back.

1. the newest snapshot of the receiver is taken; one that is older than the last is refused
2. applications for withdrawal that municipalities sent (KAIJO) go on to the receiver, in numbered batches like registrations
3. their results come back; each says when the withdrawal takes effect
4. snapshot (RIYOTO) and results (KAIJOKEKKA) go on to the municipality with its next delivery
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from itertools import islice

from attrs import field, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.certificates.card_use import WithdrawalResultCode, withdrawal_effective_on
from kokuho_core.entrusted_partition.exchanged import CardRegistration, Exchange, ReceptionNumber, WithdrawalResult
from kokuho_core.errors import FileRefused, Problem
from kokuho_core.ports.registration import SentBatch, Withdrawal
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.returning.rows import KaijokekkaRow, ReturnKey, RiyotoRow, Row
from kokuho_core.returning.telling import what_to_tell
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.listings import require_short
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.usecases.register import arrived_batches, require_insurer, send_batches
from kokuho_core.usecases.registration_results import ResultProblem
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId


@mutable
class CardUseSummary:
    """利用登録の件数 of one municipality. ``snapshot_on`` is None where there was no new snapshot."""

    insurer_number: InsurerNumber
    snapshot_on: date | None = None
    registrations: int = 0
    sent: int = 0
    answered: int = 0
    waiting: int = 0
    problems: list[ResultProblem] = field(factory=list)


@admitted(Operation.EXCHANGE_CARD_USE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def exchange_card_use(office: Office, insurer: InsurerNumber, gateway: RegistryGateway) -> CardUseSummary:
    """利用登録情報の授受 of one municipality, both ways.

    Raises :class:`NotFound` (KKH-N002), :class:`FileRefused` when the snapshot as a whole cannot be (KKH-K011, KKH-K020,
    KKH-K022, KKH-K023), and what the gateway raises; what was done before stays done.
    """
    summary = CardUseSummary(insurer)
    send_withdrawals(office, insurer, gateway, summary)
    take_withdrawal_results(office, insurer, gateway, summary)
    take_snapshot(office, insurer, gateway, summary)
    return summary


# --- snapshots ---


@admitted(Operation.EXCHANGE_CARD_USE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def take_snapshot(
    office: Office, insurer: InsurerNumber, gateway: RegistryGateway, summary: CardUseSummary | None = None
) -> CardUseSummary:
    """利用登録情報の取込み. The same snapshot once more has no effect. Raises as :func:`exchange_card_use`."""
    return office.database.repeated(
        partial(_take_snapshot, office, insurer, gateway, summary or CardUseSummary(insurer))
    )


def _take_snapshot(
    office: Office, insurer: InsurerNumber, gateway: RegistryGateway, summary: CardUseSummary
) -> CardUseSummary:
    with office.database.begin() as work:
        require_insurer(work, insurer)
        rows = gateway.card_registrations(insurer)
        waiting = iter(rows if rows is not None else ())
        first = next(waiting, None)
        if first is None:
            return summary
        last = work.card_use.last_snapshot(insurer)
        if last is not None and first.snapshot_on < last:
            raise FileRefused(Problem("KKH-K020", field="snapshot_on"))
        if first.snapshot_on == last:
            return summary
        work.card_use.begin_snapshot(insurer, first.snapshot_on, office.clock.now())
        problems: list[ResultProblem] = []
        kept, some = 0, [first, *islice(waiting, BATCH - 1)]
        while some:
            kept += _keep(work, insurer, first.snapshot_on, some, problems)
            office.progress("card use", kept)
            some = list(islice(waiting, BATCH))
        work.card_use.finish_snapshot(insurer, first.snapshot_on, kept)
        work.commit()
    summary.snapshot_on, summary.registrations = first.snapshot_on, kept
    summary.problems += problems
    return summary


def _keep(
    work: UnitOfWork,
    insurer: InsurerNumber,
    snapshot_on: date,
    rows: Sequence[CardRegistration],
    problems: list[ResultProblem],
) -> int:
    if any(each.insurer_number != insurer for each in rows):
        raise FileRefused(Problem("KKH-K011", field="insurer_number"))
    if any(each.snapshot_on != snapshot_on for each in rows):
        raise FileRefused(Problem("KKH-K022", field="snapshot_on"))
    known = work.card_use.known_persons(insurer, [each.municipal_insured_id for each in rows])
    problems += [
        ResultProblem(each.municipal_insured_id, Problem("KKH-K021", field="municipal_insured_id"))
        for each in rows
        if each.municipal_insured_id not in known
    ]
    kept = [each for each in rows if each.municipal_insured_id in known]
    _require_each_once(work, insurer, snapshot_on, kept)
    work.card_use.keep(insurer, kept)
    _tell(
        work,
        {
            ReturnKey(each.municipal_insured_id, "RIYOTO", insurer): RiyotoRow(
                insurer,
                each.municipal_insured_id,
                each.snapshot_on,
                each.card_registration,
                each.certificate_expires_on,
            )
            for each in kept
        },
    )
    return len(kept)


def _require_each_once(
    work: UnitOfWork, insurer: InsurerNumber, snapshot_on: date, rows: Sequence[CardRegistration]
) -> None:
    """Of a person named twice nobody can say what he is (C-1)."""
    persons = [MunicipalInsuredId(each.municipal_insured_id) for each in rows]
    before = work.card_use.registrations(insurer, persons)
    if len(set(persons)) < len(persons) or any(each.snapshot_on == snapshot_on for each in before.values()):
        raise FileRefused(Problem("KKH-K023", field="municipal_insured_id"))


def _tell(work: UnitOfWork, rows: dict[ReturnKey, Row]) -> None:
    """Put these rows up for the next delivery, where they differ from what was told last (X-13)."""
    known = work.returns.of_subjects({key.subject for key in rows})
    changed = []
    for key, row in rows.items():
        before, told = known.get(key, (None, None))
        if row != before:
            changed.append((key, row, told, what_to_tell(row, told) is not None))
    work.returns.save(changed)


# --- withdrawals ---


@admitted(Operation.EXCHANGE_CARD_USE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def send_withdrawals(
    office: Office, insurer: InsurerNumber, gateway: RegistryGateway, summary: CardUseSummary | None = None
) -> CardUseSummary:
    """利用登録解除申請を送る. One for an ID that nobody has waits, and is listed each time.

    Raises as :func:`exchange_card_use`.
    """
    summary = summary or CardUseSummary(insurer)

    def feed() -> list[str]:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            unknown = work.card_use.feed_withdrawals(insurer)
            work.commit()
            return unknown

    summary.problems += [
        ResultProblem(person, Problem("KKH-K021", field="municipal_insured_id"))
        for person in office.database.repeated(feed)
    ]
    summary.sent += sum(batch.lines for batch in send_batches(office, Exchange.CARD_WITHDRAWAL, insurer, gateway))
    return summary


@admitted(Operation.EXCHANGE_CARD_USE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def take_withdrawal_results(
    office: Office, insurer: InsurerNumber, gateway: RegistryGateway, summary: CardUseSummary | None = None
) -> CardUseSummary:
    """利用登録解除結果の取込み. Raises as :func:`exchange_card_use`."""
    summary = summary or CardUseSummary(insurer)
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        open_ones = arrived_batches(work, Exchange.CARD_WITHDRAWAL, insurer)
    for batch, reception in open_ones:
        answered, problems, is_settled = office.database.repeated(
            partial(_take_results, office, gateway, batch, reception)
        )
        summary.answered += answered
        summary.problems += problems
        summary.waiting += not is_settled
    return summary


def _take_results(
    office: Office, gateway: RegistryGateway, batch: SentBatch, reception: ReceptionNumber
) -> tuple[int, list[ResultProblem], bool]:
    insurer = batch.insurer_number
    answers: Iterable[WithdrawalResult] | None = gateway.results(batch.exchange, insurer, batch.number, reception)
    if answers is None:
        return 0, [], False
    problems: list[ResultProblem] = []
    told: dict[ReturnKey, Row] = {}
    with office.database.begin() as work:
        asked = {
            (each.municipal_insured_id, each.applied_on): each for each in work.card_use.withdrawals(insurer, batch)
        }
        answered = 0
        for answer in answers:
            key = (MunicipalInsuredId(answer.municipal_insured_id), answer.applied_on)
            code = _problem_with(answer, insurer, asked.get(key))
            if code is not None:
                problems.append(ResultProblem(answer.municipal_insured_id, Problem(code, field="result")))
            if code in (None, "KKH-K025"):
                work.card_use.answer_withdrawal(insurer, asked[key].number, answer.result, answer.effective_on)
                asked[key] = asked[key]._replace(result=answer.result, effective_on=answer.effective_on)
                row = KaijokekkaRow(insurer, key[0], key[1], answer.result, answer.effective_on)
                told[ReturnKey(key[0], "KAIJOKEKKA", insurer, key[1].isoformat())] = row
                answered += 1
        _tell(work, told)
        is_settled = work.registrations.settle(batch, office.clock.now())
        work.commit()
    return answered, problems, is_settled


def _problem_with(answer: WithdrawalResult, insurer: InsurerNumber, asked: Withdrawal | None) -> str | None:
    """Error code of an answer that has no effect (KKH-K025: that has one all the same), None for a plain one."""
    if answer.insurer_number != insurer:
        return "KKH-K011"
    if asked is None:
        return "KKH-K024"
    if asked.result is not None:
        is_same = (asked.result, asked.effective_on) == (answer.result, answer.effective_on)
        return "KKH-K012" if is_same else "KKH-K013"
    is_accepted = answer.result == WithdrawalResultCode.ACCEPTED
    if is_accepted and answer.effective_on != withdrawal_effective_on(answer.applied_on):
        return "KKH-K025"
    return None


@frozen
class WithdrawalItem:
    """利用登録解除申請の一件. ``expected_on`` is the end of the following month (C-3)."""

    withdrawal: Withdrawal
    expected_on: date


@admitted(Operation.LIST_CARD_USE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def withdrawals(office: Office, insurer: InsurerNumber, *, bulk_reason: str | None = None) -> list[WithdrawalItem]:
    """利用登録解除申請の一覧. Raises :class:`NotFound` (KKH-N002); beyond the limit of a list as any (S-6)."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        listed = work.card_use.withdrawals(insurer)
    require_short(office, Operation.LIST_CARD_USE, len(listed), insurer, bulk_reason)
    return [WithdrawalItem(each, withdrawal_effective_on(each.applied_on)) for each in listed]
