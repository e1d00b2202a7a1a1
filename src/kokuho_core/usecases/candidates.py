"""継続候補世帯の抽出と引継 (3-4, 4-3): pairs of households that a change concerns are judged again (H-6, H-7).

Pairs are judged in the order of their moves, so that what one confirmed candidate carries in is there when the next one
along the chain is judged; a pair whose carried months change brings its neighbours with it (H-7).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from datetime import date

from attrs import field, frozen, mutable

from kokuho_core.high_cost_history.history import HighCostHistory, histories_of
from kokuho_core.household.household import Household, households_of
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.household_continuity.judgement import CarriedIn, PairFacts, judge
from kokuho_core.household_continuity.residents import Resident, Residents
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.insured_person.person import live_rows
from kokuho_core.ports.stores import PersonMove, StoredFinding, UnitOfWork
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.qualification.judgement import is_protected, prefectural_periods
from kokuho_core.qualification.moves import Move
from kokuho_core.usecases.returns import retell_candidates
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, PrefecturalInsuredId, Source

_PAIRS_TOGETHER = 200

def judge_candidates(work: UnitOfWork) -> tuple[int, int]:
    """Judge all pairs that concern a waiting household. Returns how many candidates were opened and withdrawn."""
    queue = _Queue()
    queue.extend(work.candidates.pending_pairs())
    opened = withdrawn = 0
    while batch := queue.take(_PAIRS_TOGETHER):
        view = _View.of(work, batch)
        changed = []
        for moved_on, pair in batch:
            before = view.candidates.get(pair) or Candidate.unjudged(work.candidates.next_number(), pair, moved_on)
            now = judge(before, view.facts_of(pair))
            opened += before.is_withdrawn and not now.is_withdrawn
            withdrawn += now.is_withdrawn and not before.is_withdrawn
            if now != before:
                changed.append(now)
                view.update(now)
            if now.carried_months != before.carried_months:
                queue.extend(each for each in work.candidates.pairs_touching(pair.entered) if each[1] != pair)
        work.candidates.save(changed)
        retell_candidates(work, changed)
    work.households.clear_pending()
    return opened, withdrawn


@mutable
class _Queue:
    """Pairs in the order of their moves, each at most once at a time."""

    _heap: list[tuple[date, HouseholdPair]] = field(factory=list)
    _waiting: set[HouseholdPair] = field(factory=set)

    def extend(self, pairs: Iterable[tuple[date, HouseholdPair]]) -> None:
        for moved_on, pair in pairs:
            if pair not in self._waiting:
                self._waiting.add(pair)
                heapq.heappush(self._heap, (moved_on, pair))

    def take(self, limit: int) -> list[tuple[date, HouseholdPair]]:
        taken = [heapq.heappop(self._heap) for _ in range(min(limit, len(self._heap)))]
        self._waiting.difference_update(pair for _, pair in taken)
        return taken


@frozen
class _View:
    """Everything needed to judge a batch of pairs, read at once."""

    candidates: dict[HouseholdPair, Candidate]
    moves: dict[HouseholdPair, list[PersonMove]]
    residents: dict[PrefecturalInsuredId, Resident]
    persons_of: dict[HouseholdKey, set[PrefecturalInsuredId]]
    households: dict[HouseholdKey, Household]
    histories: dict[HouseholdKey, HighCostHistory]
    entering: dict[HouseholdKey, dict[str, Candidate]]
    disputed: frozenset[tuple[Addressee, int]]

    @classmethod
    def of(cls, work: UnitOfWork, batch: Sequence[tuple[date, HouseholdPair]]) -> _View:
        pairs = [pair for _, pair in batch]
        keys = {key for pair in pairs for key in (pair.left, pair.entered)}
        households = households_of(work.households.facts_of(keys))
        persons_of, residents = residents_of(work, keys, households)
        moves = work.candidates.moves_of(pairs)
        entered = {each.move.entered.addressee for listed in moves.values() for each in listed}
        entering: dict[HouseholdKey, dict[str, Candidate]] = {}
        for candidate in work.candidates.entering(keys):
            entering.setdefault(candidate.pair.entered, {})[candidate.number] = candidate
        return cls(
            candidates=work.candidates.of_pairs(pairs),
            moves=moves,
            residents=residents,
            persons_of=persons_of,
            households=households,
            histories=histories_of(work.high_cost.facts_of(keys)),
            entering=entering,
            disputed=disputed_periods(work.findings.naming(entered)),
        )

    def facts_of(self, pair: HouseholdPair) -> PairFacts:
        movers: dict[PrefecturalInsuredId, list[Move]] = {}
        for each in self.moves.get(pair, ()):
            movers.setdefault(each.person, []).append(each.move)
        around = self.persons_of.get(pair.left, set()) | self.persons_of.get(pair.entered, set()) | movers.keys()
        entered = (move.entered for moves in movers.values() for move in moves)
        return PairFacts(
            movers=movers,
            has_open_finding=any((key.addressee, key.history_number) in self.disputed for key in entered),
            residents=Residents([self.residents[person] for person in around], self.households),
            histories=self.histories,
            carried_in={
                key: [
                    CarriedIn(each.number, each.moved_on, each.carried_months)
                    for each in self.entering.get(key, {}).values()
                ]
                for key in (pair.left, pair.entered)
            },
        )

    def update(self, candidate: Candidate) -> None:
        """Let the following pairs of the batch see what this one carries now."""
        self.entering.setdefault(candidate.pair.entered, {})[candidate.number] = candidate


def resident_of(
    person: PrefecturalInsuredId, messages: Iterable[Sequence[PersonFact]], held: frozenset[Source]
) -> Resident:
    """一人の県内被保険者 from the messages about each of his addressees."""
    rows = [row for each in messages for row in live_rows(each, held)]
    addressees = frozenset(row.addressee for row in rows)
    periods = tuple(period for period in prefectural_periods(rows) if not period.days.is_empty)
    return Resident(person, addressees, periods, is_protected(rows))


def residents_of(
    work: UnitOfWork, keys: Iterable[HouseholdKey], households: dict[HouseholdKey, Household]
) -> tuple[dict[HouseholdKey, set[PrefecturalInsuredId]], dict[PrefecturalInsuredId, Resident]]:
    """Everybody who ever named one of the households or is its head, with all his periods in the prefecture."""
    around = [(key, addressee) for key, addressee in work.persons.naming(keys)]
    around += [(key, headship.head) for key, household in households.items() for headship in household.headships()]
    known = work.ids.of_addressees({addressee for _, addressee in around})
    persons_of: dict[HouseholdKey, set[PrefecturalInsuredId]] = {}
    for key, addressee in around:
        if addressee in known:
            persons_of.setdefault(key, set()).add(known[addressee].issued.insured_id)
    addressees = work.ids.addressees_of({each.issued.insured_id for each in known.values()})
    held = work.persons.held(addressees)
    messages: dict[PrefecturalInsuredId, dict[Addressee, list[PersonFact]]] = {}
    for fact in work.persons.facts_of(addressees):
        messages.setdefault(addressees[fact.addressee], {}).setdefault(fact.addressee, []).append(fact)
    residents = {person: resident_of(person, each.values(), held) for person, each in messages.items()}
    told_of = {key: found & residents.keys() for key, found in persons_of.items()}  # all about one may have been recalled
    return told_of, residents


def disputed_periods(findings: Iterable[StoredFinding]) -> frozenset[tuple[Addressee, int]]:
    """Periods named by an open finding: their candidates cannot be confirmed (X-18, X-28).

    An identity conflict concerns the held record alone, not the known one it conflicts with.
    """
    named: set[tuple[Addressee, int]] = set()
    for finding in findings:
        if finding.is_open:
            sides = (finding.entered,) if finding.kind is FindingKind.IDENTITY else (finding.left, finding.entered)
            named.update(side for side in sides if side is not None)
    return frozenset(named)
