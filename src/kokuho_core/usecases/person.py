"""一人の照会: periods, qualification, findings and history of one person, as of a day, as known at a time (P-7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from attrs import evolve, frozen

from kokuho_core.access import Operation
from kokuho_core.errors import NotFound, Problem
from kokuho_core.explanation.grounds import Explanation, explain
from kokuho_core.explanation.world import DecidedPair, Evidence, KnownPerson, World, derive_world
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.insured_person.person import live_rows
from kokuho_core.ports.stores import StoredFinding, UnitOfWork
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.connected import connected_groups
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.codes import Decision, UpdateKind
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, PrefecturalInsuredId, Source


@frozen
class HistoryLine:
    """履歴の1行: one received message and what became of it: current, superseded, cancelled, cancellation or held."""

    fact: PersonFact
    state: str


@frozen
class PersonView:
    """照会結果. ``sources`` gives file name and time of reception of every file number that occurs."""

    person: PrefecturalInsuredId
    as_of: date
    known_at: datetime | None
    municipal_ids: Mapping[Addressee, str]
    known: tuple[KnownPerson, ...]
    history: tuple[HistoryLine, ...]
    findings: tuple[StoredFinding, ...]
    candidates: tuple[Candidate, ...]
    sources: Mapping[int, tuple[str, datetime]]
    explanations: tuple[Explanation, ...]


@admitted(Operation.SHOW_PERSON, subject=lambda given: given["insured_id"])
def inspect_person(
    office: Office,
    insured_id: str,
    as_of: date | None = None,
    known_at: datetime | None = None,
    *,
    why: bool = False,
) -> PersonView:
    """Look at one person by prefectural or municipal ID. Derived anew from the facts received until ``known_at``.

    Raises :class:`NotFound` (KKH-N001).
    """
    with office.database.begin(read_only=True) as work:
        person = work.ids.find(insured_id)
        if person is None:
            raise NotFound(Problem("KKH-N001", field="ID"))
        addressees = frozenset(work.ids.addressees_of([person]))
        day = as_of or office.clock.today()
        evidence = collect_evidence(work, addressees, day, office.settings.unmatched_wait_days, known_at)
        world = derive_world(evidence)
        numbers = {each.pair: each.number for each in _stored_candidates(work, world)}
        files = {source.file_no for source in evidence.sources()}
        known = tuple(world.persons_among(addressees))
        return PersonView(
            person=person,
            as_of=day,
            known_at=known_at,
            municipal_ids={a: each.municipal_id for a, each in work.ids.of_addressees(addressees).items()},
            known=known,
            history=tuple(_history(evidence.persons, addressees, world)),
            findings=tuple(work.findings.naming(addressees)),
            candidates=tuple(
                _renumbered(candidate, numbers) for each in known for candidate in world.candidates_of(each)
            ),
            sources=work.files.sources(files),
            explanations=tuple(explain(evidence, addressees)) if why else (),
        )


def _stored_candidates(work: UnitOfWork, world: World) -> Iterable[Candidate]:
    return work.candidates.of_pairs([candidate.pair for candidate in world.candidates]).values()


def _renumbered(candidate: Candidate, numbers: Mapping[HouseholdPair, str]) -> Candidate:
    return evolve(candidate, number=numbers.get(candidate.pair, ""))


def _history(facts: Iterable[PersonFact], addressees: frozenset[Addressee], world: World) -> Iterable[HistoryLine]:
    held = {conflict.held.source for conflict in world.conflicts}
    by_addressee: dict[Addressee, list[PersonFact]] = {}
    for fact in facts:
        if fact.addressee in addressees:
            by_addressee.setdefault(fact.addressee, []).append(fact)
    for addressee in sorted(by_addressee):
        messages = by_addressee[addressee]
        current = {row.source for row in live_rows(messages, frozenset(held))}
        cancelled = {m.history_number for m in messages if m.update_kind == UpdateKind.CANCELLATION}
        for message in messages:
            if message.update_kind == UpdateKind.CANCELLATION:
                state = "cancellation"
            elif message.source in current:
                state = "current"
            elif message.history_number in cancelled:
                state = "cancelled"
            else:
                state = "held" if message.source in held else "superseded"
            yield HistoryLine(message, state)


def collect_evidence(
    work: UnitOfWork, addressees: frozenset[Addressee], as_of: date, wait_days: int, known_at: datetime | None
) -> Evidence:
    """The facts around a person: his households, those they came from by confirmed moves, and everybody in them."""
    own = [fact for group in connected_groups(work.persons, addressees, known_at) for fact in group]
    keys: set[HouseholdKey] = set()
    frontier = {HouseholdKey(fact.insurer_number, fact.household_number) for fact in own}
    while frontier:
        keys |= frontier
        frontier = {candidate.pair.left for candidate in work.candidates.entering(frontier)} - keys
    households = work.households.facts_of(keys, known_at)
    around = {addressee for _, addressee in work.persons.naming(keys, known_at)} | {fact.addressee for fact in own}
    around |= {Addressee(fact.insurer_number, fact.head_addressee_number) for fact in households}
    persons = [fact for group in connected_groups(work.persons, around, known_at) for fact in group]
    pairs = {candidate.number: candidate.pair for candidate in work.candidates.entering(keys)}
    decisions = tuple(
        DecidedPair(
            Source(each.file_no, each.line), pairs[each.candidate_number], Decision(each.decision), each.decided_on
        )
        for each in work.candidates.decisions(pairs, known_at)
    )
    return Evidence(
        persons=tuple(sorted(persons, key=lambda fact: fact.received)),
        households=tuple(households),
        high_cost=tuple(work.high_cost.facts_of(keys, known_at)),
        decisions=decisions,
        register=work.register(),
        as_of=as_of,
        wait_days=wait_days,
    )
