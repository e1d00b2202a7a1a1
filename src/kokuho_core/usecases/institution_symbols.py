"""機関別符号の取得 (R-10): requested per person, tracked until it is there. The symbol itself never comes here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import partial

from attrs import field, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.entrusted_partition.exchanged import Exchange, ReceptionNumber, SymbolResult
from kokuho_core.errors import NotFound, Problem
from kokuho_core.ports.registration import SentBatch
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.listings import require_short
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.register import arrived_batches, require_insurer, send_batches
from kokuho_core.usecases.registration_results import ResultProblem
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId


@mutable
class SymbolSummary:
    """機関別符号の件数 of one municipality."""

    insurer_number: InsurerNumber
    requested: int = 0
    sent: int = 0
    answered: int = 0
    waiting: int = 0
    problems: list[ResultProblem] = field(factory=list)


@frozen
class SymbolItem:
    """機関別符号の取得状況 of one person. ``result``: 1 取得, 2 対象なし, 9 エラー, None not answered."""

    municipal_insured_id: MunicipalInsuredId
    requested_on: date
    result: str | None
    processed_at: datetime | None


@admitted(Operation.EXCHANGE_SYMBOLS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def request_symbols(office: Office, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]) -> int:
    """取得を依頼する; who has a symbol or waits for one is not asked for again. Returns how many are new.

    Raises :class:`NotFound` (KKH-N002, KKH-N001 for somebody who is not of this municipality).
    """

    def put() -> int:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            if set(persons) - work.card_use.known_persons(insurer, list(persons)):
                raise NotFound(Problem("KKH-N001", field="municipal_insured_id"))
            new = work.registrations.request_symbols(insurer, persons, office.clock.today())
            work.commit()
            return new

    return office.database.repeated(put)


@admitted(Operation.EXCHANGE_SYMBOLS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def exchange_symbols(office: Office, insurer: InsurerNumber, gateway: RegistryGateway) -> SymbolSummary:
    """依頼を送り、結果を受け取る. Raises :class:`NotFound` (KKH-N002), and what the gateway raises."""
    summary = SymbolSummary(insurer)
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
    summary.sent = sum(batch.lines for batch in send_batches(office, Exchange.INSTITUTION_SYMBOL, insurer, gateway))
    with office.database.begin(read_only=True) as work:
        waiting = arrived_batches(work, Exchange.INSTITUTION_SYMBOL, insurer)
    for batch, reception in waiting:
        office.database.repeated(partial(_take, office, gateway, batch, reception, summary))
    return summary


def _take(
    office: Office, gateway: RegistryGateway, batch: SentBatch, reception: ReceptionNumber, summary: SymbolSummary
) -> None:
    insurer = batch.insurer_number
    answers: Iterable[SymbolResult] | None = gateway.results(batch.exchange, insurer, batch.number, reception)
    problems, answered, is_settled = [], 0, False
    if answers is not None:
        with office.database.begin() as work:
            for answer in answers:
                code = None
                if answer.insurer_number != insurer:
                    code = "KKH-K011"
                elif not work.registrations.answer_symbol(
                    batch, answer.municipal_insured_id, answer.result, answer.processed_at
                ):
                    code = "KKH-K010"
                if code is None:
                    answered += 1
                else:
                    problem = Problem(code, field="municipal_insured_id")
                    problems.append(ResultProblem(answer.municipal_insured_id, problem))
            is_settled = work.registrations.settle(batch, office.clock.now())
            work.commit()
    summary.answered += answered
    summary.problems += problems
    summary.waiting += not is_settled


@admitted(Operation.EXCHANGE_SYMBOLS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def symbols(office: Office, insurer: InsurerNumber, *, bulk_reason: str | None = None) -> list[SymbolItem]:
    """機関別符号の取得状況の一覧. Raises :class:`NotFound` (KKH-N002); beyond the limit of a list as any (S-6)."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        listed = [SymbolItem(*each) for each in work.registrations.symbols(insurer)]
    require_short(office, Operation.EXCHANGE_SYMBOLS, len(listed), insurer, bulk_reason)
    return listed
