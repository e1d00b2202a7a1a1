"""資格重複状況結果と職権喪失 (R-7, S-25): lists of other covers, and the decision that two people make on them.

The decision changes no date by itself: the municipality ends the qualification by its own record (reason 59), for which this list
tells it the day.
"""

from __future__ import annotations

from functools import partial

from attrs import field, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.approval import Act, Agreement, ApprovalKind
from kokuho_core.entrusted_partition.duplicate_cover import CoverVerdict, OtherCover, PossibleLoss, judge_covers
from kokuho_core.errors import Conflict, FileRefused, NotFound, Problem
from kokuho_core.ports.registration import DecidedLoss
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.approvals import Consent, ask_consent
from kokuho_core.usecases.listings import require_short
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.register import require_insurer
from kokuho_core.usecases.registration_results import ResultProblem
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId


@mutable
class CoverSummary:
    """資格重複状況結果の取込み. ``persons`` is None where there was no new list."""

    insurer_number: InsurerNumber
    persons: int | None = None
    problems: list[ResultProblem] = field(factory=list)


@frozen
class CoverItem:
    """資格が重複している一人, with what may be decided."""

    insurer_number: InsurerNumber
    municipal_insured_id: MunicipalInsuredId
    verdict: CoverVerdict
    decided: DecidedLoss | None


@admitted(Operation.TAKE_COVERS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def take_covers(office: Office, insurer: InsurerNumber, gateway: RegistryGateway) -> CoverSummary:
    """資格重複状況結果一覧の取込み. The same list once more has no effect.

    Raises :class:`NotFound` (KKH-N002), :class:`FileRefused` (KKH-K011 of another municipality, KKH-K035 older than the last,
    KKH-K022 of more than one day), and what the gateway raises.
    """
    return office.database.repeated(partial(_take, office, insurer, gateway))


def _take(office: Office, insurer: InsurerNumber, gateway: RegistryGateway) -> CoverSummary:
    summary = CoverSummary(insurer)
    with office.database.begin() as work:
        require_insurer(work, insurer)
        taken = gateway.duplicates(insurer)
        if taken is None:
            return summary
        listed_on, rows = taken.listed_on, list(taken.rows)
        if any(each.insurer_number != insurer for each in rows):
            raise FileRefused(Problem("KKH-K011", field="insurer_number"))
        if any(each.listed_on != listed_on for each in rows):
            raise FileRefused(Problem("KKH-K022", field="listed_on"))
        lists = work.covers.lists(insurer)
        if listed_on in lists:
            return summary
        if lists and listed_on < lists[-1]:
            raise FileRefused(Problem("KKH-K035", field="listed_on"))
        known = work.card_use.known_persons(insurer, [each.municipal_insured_id for each in rows])
        kept = [each for each in rows if each.municipal_insured_id in known]
        work.covers.add_list(insurer, listed_on, kept, office.clock.now())
        work.commit()
    summary.persons = len({each.municipal_insured_id for each in rows} & known)
    summary.problems += [
        ResultProblem(each.municipal_insured_id, Problem("KKH-K021", field="municipal_insured_id"))
        for each in rows
        if each.municipal_insured_id not in known
    ]
    return summary


@admitted(Operation.LIST_COVERS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def list_covers(office: Office, insurer: InsurerNumber, *, bulk_reason: str | None = None) -> list[CoverItem]:
    """資格が重複している人の一覧 by the newest list, each with the conditions that are not met.

    Raises :class:`NotFound` (KKH-N002); beyond the limit of a list as any (S-6).
    """
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        lists = work.covers.lists(insurer)
        listings = work.covers.listings(insurer)
        newest = [person for person, by_list in listings.items() if lists and lists[-1] in by_list]
        standing = work.covers.standing(insurer, newest)
        decided = _decided_by_cover(work, insurer)
    require_short(office, Operation.LIST_COVERS, len(newest), insurer, bulk_reason)
    items = []
    for person in sorted(newest):
        by_list = {day: [OtherCover(*each) for each in covers] for day, covers in listings[person].items()}
        verdict = judge_covers(standing.get(person), lists, by_list)
        known = None if verdict.cover is None else decided.get((person, verdict.cover))
        items.append(CoverItem(insurer, person, verdict, known))
    return items


def _decided_by_cover(
    work: UnitOfWork, insurer: InsurerNumber
) -> dict[tuple[MunicipalInsuredId, OtherCover], DecidedLoss]:
    """決定 by person and cover: a later cover with the same insurer is another one."""
    return {
        (each.municipal_insured_id, OtherCover(each.other_insurer_number, each.other_acquired_on)): each
        for each in work.covers.decided(insurer)
    }


@admitted(Operation.DECIDE_LOSS, subject=lambda given: given["person"], insurer=lambda given: given["insurer"])
def decide_loss(office: Office, insurer: InsurerNumber, person: MunicipalInsuredId, reason: str = "") -> DecidedLoss:
    """職権喪失の決定. The first person asks for it, with a ``reason``; done by a second one, it is decided (S-7, S-25).

    What was decided stays as it was decided: asked for once more, it is only told. Raises :class:`NotFound` (KKH-N002, KKH-K034
    on no list), :class:`Conflict` with every condition that is not met (KKH-K031, KKH-K032, KKH-K033, KKH-K036),
    :class:`NotApproved` (KKH-A007) while it waits for a second person.
    """

    def decide() -> Consent | DecidedLoss:
        with office.database.begin() as work:
            loss = _possible(work, insurer, person)
            known = _decided_by_cover(work, insurer).get((person, loss.cover))
            if known is not None:
                return known
            outcome: Consent | DecidedLoss = ask_consent(office, work, _act(insurer, person, loss), reason)
            if isinstance(outcome, Consent) and outcome.agreement is not None:
                outcome = _decided(office, insurer, person, loss, outcome.agreement)
                work.covers.decide(outcome)
            work.commit()
            return outcome

    outcome = office.database.repeated(decide)
    if isinstance(outcome, Consent):
        raise outcome.refusal()
    return outcome


def _decided(
    office: Office, insurer: InsurerNumber, person: MunicipalInsuredId, loss: PossibleLoss, agreement: Agreement
) -> DecidedLoss:
    return DecidedLoss(
        insurer,
        person,
        loss.cover.insurer_number,
        loss.cover.acquired_on,
        loss.lost_on,
        loss.listed_on,
        agreement.asked_by,
        agreement.agreed_by,
        agreement.reason,
        office.clock.now(),
    )


@admitted(Operation.LIST_COVERS, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def decided_losses(office: Office, insurer: InsurerNumber) -> list[DecidedLoss]:
    """職権喪失の決定の一覧. Raises :class:`NotFound` (KKH-N002)."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        return work.covers.decided(insurer)


def _possible(work: UnitOfWork, insurer: InsurerNumber, person: MunicipalInsuredId) -> PossibleLoss:
    require_insurer(work, insurer)
    listed = work.covers.listings(insurer, person).get(person)
    if not listed:
        raise NotFound(Problem("KKH-K034", field="municipal_insured_id"))
    by_list = {day: [OtherCover(*each) for each in covers] for day, covers in listed.items()}
    verdict = judge_covers(work.covers.standing(insurer, [person]).get(person), work.covers.lists(insurer), by_list)
    loss = verdict.loss
    if loss is None:
        raise Conflict(*(Problem(each.value, field="municipal_insured_id") for each in verdict.obstacles))
    return loss


def _act(insurer: InsurerNumber, person: MunicipalInsuredId, loss: PossibleLoss) -> Act:
    content = {
        "other_insurer_number": loss.cover.insurer_number,
        "other_acquired_on": loss.cover.acquired_on.isoformat(),
        "lost_on": loss.lost_on.isoformat(),
        "listed_on": " ".join(day.isoformat() for day in loss.listed_on),
    }
    return Act(ApprovalKind.EX_OFFICIO_LOSS, person, content, insurer)
