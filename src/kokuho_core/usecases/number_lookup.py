"""番号の照会 (I-2, S-23): a clerk looks up the 個人番号 of a person who told none, by the five basic items.

1. the person is known here and has no number; a number that changes is a notice, not a look-up
2. the register is asked, outside of any transaction
3. the five items are compared as they stand now: linked on all five, and on nothing less
4. a variant character is for two people (S-7); anything else is held, and the number is neither kept nor sent
5. what matched is kept with the link, and with what was not linked; values and numbers are not
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from kokuho_core.access import Operation
from kokuho_core.approval import Act, Agreement, ApprovalKind
from kokuho_core.errors import Conflict, NotFound, Problem
from kokuho_core.identity.basic_items import BasicItems
from kokuho_core.identity.number_lookup import (
    LookUpJudgement,
    LookUpOutcome,
    NumberCandidate,
    NumberLookUp,
    judge_candidates,
)
from kokuho_core.municipal_office.notification import ItemsChanged
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.ports.number_register import NumberRegister
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases import municipal_desk
from kokuho_core.usecases.admission import admitted, count, now_of, operator_of
from kokuho_core.usecases.approvals import Consent, ask_consent
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

_TOO_FEW = "KKH-I022"
_SOMEBODY_ELSES = "KKH-I023"


@admitted(
    Operation.LOOK_UP_NUMBER, subject=lambda given: given["addressee"], insurer=lambda given: given["insurer"]
)
def look_up_number(
    office: Office, insurer: InsurerNumber, addressee: AddresseeNumber, register: NumberRegister, reason: str = ""
) -> NumberLookUp:
    """番号を照会する. The answer says what became of it; where it is linked, the number goes with the next file (Q-1).

    Raises :class:`NotFound`: KKH-N002, KKH-N001; :class:`Conflict`: KKH-I021 a number is known; :class:`NotApproved` (KKH-A007)
    while it waits for a second person, who does the same; :class:`InvalidValue` (KKH-I020) for an answer that is none.
    """
    with office.database.begin(read_only=True) as work:
        asked = _items(_without_number(work, insurer, addressee))
    candidates = register.candidates(asked)

    def decide() -> tuple[NumberLookUp, Consent | None]:
        with office.database.begin() as work:
            person = _without_number(work, insurer, addressee)
            found = _distinct(office, work, candidates)
            judgement = judge_candidates(_items(person), [each.items for _, each in found])
            look_up, consent = _decided(office, work, person, found, judgement, reason)
            work.look_ups.add(look_up)
            count(candidates=look_up.candidates, linked=int(not look_up.is_open))
            work.commit()
        return look_up, consent

    look_up, consent = office.database.repeated(decide)
    if consent is not None:
        consent.require()
    return look_up


@admitted(Operation.LIST_OFFICE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def open_look_ups(office: Office, insurer: InsurerNumber) -> list[NumberLookUp]:
    """保留・確認待ち: the latest look-up of everybody who still has no number, by number."""
    with office.database.begin(read_only=True) as work:
        return [each for each in work.look_ups.latest(insurer) if each.is_open]


def _without_number(work: UnitOfWork, insurer: InsurerNumber, addressee: AddresseeNumber) -> OwnPerson:
    if insurer not in work.register():
        raise NotFound(Problem("KKH-N002", field="insurer"))
    view = municipal_desk.person_view(work.municipal, insurer, addressee)
    if view is None or view.person.current is None:
        raise NotFound(Problem("KKH-N001", field="addressee_number"))
    if view.person.current.number is not None:
        raise Conflict(Problem("KKH-I021", field="individual_number"))
    return view.person


def _items(person: OwnPerson) -> BasicItems:
    said = person.items()
    return BasicItems(said.name, said.name_kana, said.birth_date, said.sex, said.address)


def _distinct(
    office: Office, work: UnitOfWork, candidates: Sequence[NumberCandidate]
) -> list[tuple[NumberIndex, NumberCandidate]]:
    """Each number once where it came with the same items: a register may answer twice with one person."""
    found: dict[tuple[NumberIndex, BasicItems], tuple[NumberIndex, NumberCandidate]] = {}
    for each in candidates:
        index = office.vault.indexes(work.keys, each.number)[0]
        found.setdefault((index, each.items), (index, each))
    return list(found.values())


def _decided(
    office: Office, work: UnitOfWork, person: OwnPerson, found: Sequence[tuple[NumberIndex, NumberCandidate]],
    judgement: LookUpJudgement, reason: str,
) -> tuple[NumberLookUp, Consent | None]:  # fmt: skip
    insurer, operator = person.insurer_number, operator_of(office)
    number = work.look_ups.next_number(insurer)
    look_up = NumberLookUp(
        insurer, number, person.addressee_number, now_of(office), operator, None, judgement.outcome, len(found),
        judgement.evidence,
    )  # fmt: skip
    if judgement.place is None:
        return evolve(look_up, outcome=LookUpOutcome.HELD, code=_TOO_FEW), None
    index, candidate = found[judgement.place]
    if work.look_ups.bears(insurer, office.vault.indexes(work.keys, candidate.number)):
        return evolve(look_up, outcome=LookUpOutcome.HELD, code=_SOMEBODY_ELSES), None
    if judgement.outcome is LookUpOutcome.LINKED:
        return evolve(look_up, notice=_link(office, work, person, candidate)), None
    consent = ask_consent(office, work, _act(person, index, judgement), reason)
    agreed: Agreement | None = consent.agreement
    if agreed is None:
        return look_up, consent
    linked = evolve(look_up, asked_by=agreed.asked_by, agreed_by=agreed.agreed_by, outcome=LookUpOutcome.LINKED)
    return evolve(linked, notice=_link(office, work, person, candidate)), None


def _link(office: Office, work: UnitOfWork, person: OwnPerson, candidate: NumberCandidate) -> int:
    """The number becomes known from now on: a further row, sent with the next file. Its notice is what the evidence names."""
    insurer, at = person.insurer_number, office.clock.now()
    [sealed] = office.vault.seal(work.keys, insurer, [candidate.number])
    work.municipal.keep_numbers([sealed])
    notice = ItemsChanged(
        event_on=at.date(), notified_on=at.date(), person=person.addressee_number,
        items=evolve(person.items(), number=sealed.index),
    )  # fmt: skip
    return municipal_desk.take_notice(work.municipal, insurer, notice, at, office.settings.date_rules).number


def _act(person: OwnPerson, index: NumberIndex, judgement: LookUpJudgement) -> Act:
    """What two people agree to: this number, for this person as he stands, differing in these items."""
    row = person.current
    content = {
        "row": "" if row is None else f"{row.history_number}/{row.changed_by}/{row.record.updated_at.isoformat()}",
        "found": index.hex(),
        "differing": ",".join(judgement.evidence.differing),
    }
    subject = f"{person.insurer_number}/{person.addressee_number}"
    return Act(ApprovalKind.NUMBER_LOOK_UP, subject, content, person.insurer_number)
