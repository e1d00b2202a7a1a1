"""期待: what a prefecture's aggregation must have told after each step of a story, by the reference models (spec §§2–5).

Everything received is kept and judged anew after each step, so that no shortcut of a system under test is shared with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

from attrs import define, field, frozen

from kokuho_core.conformance.reference.continuity import (
    CHECK,
    Calendar,
    Candidate,
    Continued,
    Cover,
    Fact,
    Head,
    Household,
    Member,
    World,
    candidates,
    carried,
    segment_of,
)
from kokuho_core.conformance.reference.counting import window
from kokuho_core.conformance.reference.identity import Message, identities
from kokuho_core.conformance.reference.qualification import Finding, One, P, Ref, findings, tokuso
from kokuho_core.conformance.story import (
    CANCELLED,
    HIGH_COST,
    HOUSEHOLD,
    NEW,
    PERSON,
    DecisionMade,
    Pair,
    Row,
    Sending,
    Step,
)
from kokuho_core.vocabulary.insurers import Insurer

YES, NO, REVOKED = "1", "2", "3"
"""``decision`` of KEISHIJI and KEIKAKU."""
ACCEPTED, REFUSED, HELD, DUPLICATE = "1", "2", "3", "4"
"""``result`` of SHOKEKKA."""
FINDING_CODES: Final = {"overlap": "1", "gap": "2", "identity": "3", "one_sided": "4", "unmatched": "5"}
"""``kind`` of KAKUNIN."""

Person = frozenset[tuple[str, str]]
"""A person by his addressees (insurer number, addressee number)."""


class Key(NamedTuple):
    """What is told: to whom, by which file, about what."""

    insurer: str
    file_id: str
    subject: tuple[Any, ...]


@frozen
class Told:
    """期待される一行: the fields that the rules decide. ``about``: whom it speaks of; ``traits``: the rules special to them."""

    values: Mapping[str, Any]
    about: Person = frozenset()
    traits: frozenset[str] = frozenset()


@frozen
class Receipt:
    """処理結果 of one record, with the rule that decides it."""

    result: str
    rule: str = "X-2"


_TAKEN, _WAITING = Receipt(ACCEPTED), Receipt(HELD, "I-1")
_UNKNOWN, _OVERLAPPING, _UNDECIDED = Receipt(REFUSED, "X-4"), Receipt(REFUSED, "P-3"), Receipt(REFUSED, "X-18")


@frozen
class Expectation:
    """期待: what stands for every municipality after one step, and what became of each record of it.

    ``receipts``: (sending, line) to result; ``candidates``: what may be decided upon next; ``merged``: pairs of insurer numbers
    that stand for one municipality (Q-10); ``gone``: addressees all of whose records were cancelled (P-7).
    """

    rows: Mapping[Key, Told]
    receipts: Mapping[tuple[str, int], Receipt]
    candidates: Mapping[Pair, Candidate]
    merged: frozenset[tuple[str, str]] = frozenset()
    gone: Person = frozenset()


@define
class _Ledger:
    """受渡簿 of one sender and kind of file: the next number, and files that wait for it (X-2)."""

    due: int = 1
    waiting: dict[int, Sending] = field(factory=dict)
    applied: dict[int, Sending] = field(factory=dict)


@define
class _Decided:
    decision: str
    on: date


class Prefecture:
    """参照実装: takes steps one after the other. ``insurers``: of the story; it knows by them which municipalities merged."""

    def __init__(self, insurers: Iterable[Insurer] = (), wait_days: int = 30) -> None:
        self._merged = _merged(insurers)
        self._wait_days = wait_days
        self._ledgers: dict[tuple[str, str], _Ledger] = {}
        self._messages: list[tuple[Message, Row]] = []
        self._cancelled: set[tuple[str, str, int]] = set()
        self._households: dict[tuple[str, str, int], Row] = {}
        self._gone_households: set[tuple[str, str, int]] = set()
        self._months: dict[tuple[str, str, Any, str], Row] = {}
        self._decisions: dict[Pair, _Decided] = {}
        self._listed: dict[Pair, Candidate] = {}
        self._ever_listed: set[Pair] = set()
        self._told_decided: dict[Key, Mapping[str, Any]] = {}
        self._told_carried: set[Pair] = set()

    def take(self, step: Step) -> Expectation:
        """Raises nothing: what a municipality must not send is refused here too, and told so."""
        receipts = dict(self._decide(step.decisions))
        for sending in step.sendings:
            receipts.update(self._receive(sending))
        return self._judge(step.as_of, receipts)

    # --- reception (X-2, X-4, P-3) ---

    def _receive(self, sending: Sending) -> Iterator[tuple[tuple[str, int], Receipt]]:
        ledger = self._ledgers.setdefault((sending.sender, sending.file_id), _Ledger())
        if sending.sequence in ledger.applied:
            return
        ledger.waiting[sending.sequence] = sending
        while ledger.due in ledger.waiting:
            due = ledger.waiting.pop(ledger.due)
            ledger.applied[ledger.due] = due
            ledger.due += 1
            for line, result in enumerate(self._apply(due), 2):
                yield (due.name, line), result

    def _apply(self, sending: Sending) -> list[Receipt]:
        if sending.file_id == PERSON:
            return self._apply_persons(sending.rows)
        apply = {HOUSEHOLD: self._apply_household, HIGH_COST: self._apply_month}[sending.file_id]
        return [_TAKEN if apply(row) else _UNKNOWN for row in sending.rows]

    def _apply_persons(self, rows: Sequence[Row]) -> list[Receipt]:
        known = {message.identity for message, _ in self._messages}
        taken: list[bool] = []
        for row in rows:
            identity = _identity(row)
            is_new = row["update_kind"] == NEW
            taken.append(identity not in self._cancelled and (identity in known) != is_new)
            if taken[-1]:
                known.add(identity)
                if row["update_kind"] == CANCELLED:
                    self._cancelled.add(identity)
        before = list(self._messages)
        self._messages += [(_message(row), row) for row, is_taken in zip(rows, taken, strict=True) if is_taken]
        overlapping = self._overlapping({(row["insurer_number"], row["addressee_number"]) for row in rows})
        if overlapping:
            self._messages = before + [
                each for each in self._messages[len(before) :] if each[0].who not in overlapping
            ]
        held = set(identities([message for message, _ in self._messages]).held)
        waiting = {self._messages[index][1]["updated_at"] for index in held}
        return [
            _UNKNOWN if not is_taken
            else _OVERLAPPING if (row["insurer_number"], row["addressee_number"]) in overlapping
            else _WAITING if row["updated_at"] in waiting else _TAKEN
            for row, is_taken in zip(rows, taken, strict=True)
        ]  # fmt: skip

    def _overlapping(self, addressees: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Addressees with two periods in one municipality that have a common day (P-3)."""
        latest: dict[tuple[str, str, int], Row] = {}
        for message, row in self._messages:
            latest.pop(message.identity, None)
            if message.update_kind != CANCELLED:
                latest[message.identity] = row
        found: set[tuple[str, str]] = set()
        for who in addressees:
            rows = [row for identity, row in latest.items() if identity[:2] == who and row["insured_kind"] == "1"]
            spans = sorted(
                (start, max((each for each in rows if each["application_start"] == start), key=_history)["application_end"])
                for start in {each["application_start"] for each in rows}
            )
            live = [(start, end) for start, end in spans if start != end]
            if any(end is None or end > start for (_, end), (start, _) in pairwise(live)):
                found.add(who)
        return found

    def _apply_household(self, row: Row) -> bool:
        identity = (row["insurer_number"], row["household_number"], row["history_number"])
        if identity in self._gone_households or (identity in self._households) == (row["update_kind"] == NEW):
            return False
        self._households.pop(identity, None)
        if row["update_kind"] == CANCELLED:
            self._gone_households.add(identity)
        else:
            self._households[identity] = row
        return True

    def _apply_month(self, row: Row) -> bool:
        key = (row["insurer_number"], row["household_number"], row["treatment_month"], row["occurrence_kind"])
        if (key in self._months) == (row["update_kind"] == NEW):
            return False
        self._months.pop(key, None)
        if row["update_kind"] != CANCELLED:
            self._months[key] = row
        return True

    def _decide(self, decisions: Iterable[DecisionMade]) -> Iterator[tuple[tuple[str, int], Receipt]]:
        """Judged by what was listed last (X-18); a pair that was not listed cannot be decided upon."""
        for each in decisions:
            candidate = self._listed.get(each.pair)
            if candidate is None:
                continue
            is_refused = (each.decision == YES and candidate.suggestion == CHECK) or (
                each.decision == REVOKED and self._stands(each.pair) is None
            )
            if not is_refused:
                self._decisions[each.pair] = _Decided(each.decision, each.decided_on)
            yield (f"{each.pair}", 0), _UNDECIDED if is_refused else _TAKEN

    def _stands(self, pair: Pair) -> _Decided | None:
        """The decision on a pair, unless it was revoked."""
        decided = self._decisions.get(pair)
        return None if decided is None or decided.decision == REVOKED else decided

    # --- judgement ---

    def _one(self, one: str, other: str) -> bool:
        return one == other or (one, other) in self._merged

    def _judge(self, as_of: date, receipts: Mapping[tuple[str, int], Receipt]) -> Expectation:
        known = identities([message for message, _ in self._messages])
        standing = [self._messages[index][1] for index in known.standing.values()]
        people = _People.of(known.groups, standing)
        world = World(as_of=as_of, wait_days=self._wait_days, one=self._one)
        traits = self._traits(people)
        rows: dict[Key, Told] = {}
        for person, covers in people.covers.items():
            world.persons[people.name(person)] = covers
        rows.update(self._identity_conflict(self._messages[index][1]) for index in known.held)
        for row in self._households.values():
            head = Head(
                row["history_number"],
                people.name_of((row["insurer_number"], row["head_addressee_number"])),
                row["head_kind"] == "2",
                row["head_start"],
                row["head_end"],
            )
            world.heads.setdefault((row["insurer_number"], row["household_number"]), []).append(head)
        for row in self._months.values():
            first = row["treatment_month"].first_day
            fact = Fact((row["insurer_number"], row["household_number"]), (first.year, first.month), row["occurrence_kind"])
            world.facts.append(fact)
        for person in people.all:
            rows.update(_ids(person, traits[person]))
            rows.update(_qualifications(people, person, self._one, traits[person]))
            rows.update(_findings(people, person, as_of, self._wait_days, self._one, traits[person]))
        listed = self._continue(world)
        rows.update(self._households_told(world, listed, people, self._in_conflict(known.held, people)))
        self._listed = listed
        self._ever_listed |= set(listed)
        return Expectation(rows, receipts, listed, self._merged, self._gone())

    def _gone(self) -> Person:
        living = {message.who for message, _ in self._messages if message.identity not in self._cancelled}
        return frozenset(identity[:2] for identity in self._cancelled) - living

    def _traits(self, people: _People) -> dict[Person, frozenset[str]]:
        """特徴: what the records of a person have been through, by the rule that speaks of it."""
        found: dict[Person, set[str]] = {person: set() for person in people.all}
        for message, row in self._messages:
            person = people.person_of(message.who)
            if person is None:
                continue
            own = found[person]
            if message.update_kind == CANCELLED or (message.update_kind != NEW and _is_rewritten(self._messages, message, row)):
                own.add("P-7")
            if row["application_start"] is not None and row["application_start"] == row["application_end"]:
                own.add("P-2")
            if message.previous is not None:
                own.add("I-4")
            if row["application_end_reason"] == "58" or row["application_start_reason"] == "08":
                own.add("D-9")
            if row["address_withheld"] == "1":
                own.add("Q-5")
            if any(day is not None and day < date(2018, 4, 1) for day in (row["application_start"], row["application_end"])):
                own.add("Q-9")
        without = {message.who for message, _ in self._messages if message.number is None}
        for person, own in found.items():
            if without & person:
                own.add("I-3")
            offices = {insurer for insurer, _ in person}
            if any({one, other} <= offices for one, other in self._merged):
                own.add("Q-10")
        return {person: frozenset(own) for person, own in found.items()}

    def _identity_conflict(self, row: Row) -> tuple[Key, Told]:
        """KAKUNIN tells both sides, with the application start of the held record (X-6). Of several addressees of the person
        who is known under the number, one at least is told."""
        mine = (row["insurer_number"], row["addressee_number"])
        values = {"period_start": row["application_start"], "other_side_is_told": True}
        return Key(mine[0], "KAKUNIN", (FINDING_CODES["identity"], mine[1])), Told(values, frozenset({mine}), frozenset({"I-1"}))

    def _in_conflict(self, held: Iterable[int], people: _People) -> frozenset[str | None]:
        """Names of the persons whose number a held record has: whether that blocks a candidate depends on who is named (X-28)."""
        numbers = {self._messages[index][1]["individual_number"] for index in held}
        return frozenset(people.name_of(who) for who, known in people.numbers.items() if known & numbers)

    def _continue(self, world: World) -> dict[Pair, Candidate]:
        """The candidates, with what is confirmed counted along the chain (H-7): a pair after those it builds on."""
        found = _pairs(candidates(world))
        for pair, candidate in sorted(found.items(), key=lambda each: each[1].moved_on):
            decided = self._decisions.get(pair)
            if decided is not None and decided.decision == YES:
                world.continued.append(Continued(_left(pair), _entered(pair), candidate.moved_on))
        return _pairs(candidates(world)) if world.continued else found

    def _households_told(
        self, world: World, listed: Mapping[Pair, Candidate], people: _People, in_conflict: frozenset[str | None]
    ) -> Iterator[tuple[Key, Told]]:
        calendar = Calendar(world)
        for pair, candidate in listed.items():
            decided = self._decisions.get(pair)
            about = frozenset(who for name in candidate.movers for who in people.named(name))
            is_final = decided is not None and (
                decided.decision == NO or (decided.decision == YES and candidate.suggestion != CHECK)
            )
            values: dict[str, Any] = {
                "moved_on": candidate.moved_on,
                "moved_members": len(candidate.movers),
                "occurrence_count": candidate.carried_months,
            }
            if not candidate.movers & in_conflict:
                values |= {
                    "status": "3" if is_final else "1",
                    "suggestion": candidate.suggestion,
                    "suggestion_reason": candidate.reason,
                }
            yield Key(pair.insurer_number, "KEIKOHO", pair), Told(values, about)
            if decided is not None:
                yield from self._decided_rows(world, calendar, pair, candidate, decided, people)
        for pair in self._ever_listed - set(listed):
            yield Key(pair.insurer_number, "KEIKOHO", pair), Told({"status": "2"}, traits=frozenset({"P-7"}))
            for key in (Key(insurer, "KEIKAKU", pair) for insurer in (pair.insurer_number, pair.from_insurer)):
                if key in self._told_decided:
                    self._told_decided[key] = {**self._told_decided[key], "decision": REVOKED}
                    yield key, Told({"decision": REVOKED}, traits=frozenset({"P-7"}))
            if pair in self._told_carried:
                yield Key(pair.insurer_number, "KOHIKEKKA", pair), Told({"result": "3"}, traits=frozenset({"P-7"}))

    def _decided_rows(
        self,
        world: World,
        calendar: Calendar,
        pair: Pair,
        candidate: Candidate,
        decided: _Decided,
        people: _People,
    ) -> Iterator[tuple[Key, Told]]:
        """KEIKAKU to both, KOHIKI and KOHIKEKKA to the one entered (H-6, H-7, X-36)."""
        about = frozenset(who for name in candidate.movers for who in people.named(name))
        is_yes = decided.decision == YES
        traits = frozenset({"H-7"} if pair in self._told_carried else ())
        hide = any(people.is_protected(each) for each in map(people.person_named, candidate.movers))
        for insurer in (pair.insurer_number, pair.from_insurer):
            hides = hide and insurer == pair.from_insurer
            values: dict[str, Any] = {
                "insurer_number": None if hides else pair.insurer_number,
                "household_number": None if hides else pair.household_number,
                "moved_on": candidate.moved_on,
                "decision": decided.decision,
                "decided_on": decided.on,
            }
            if is_yes:
                values["carried_months"] = candidate.carried_months
            key = Key(insurer, "KEIKAKU", pair)
            told = self._told_decided.get(key)
            if told is not None and told["decision"] == decided.decision == REVOKED:
                # Whether a revocation that was told is told again when its row changes, X-13 leaves open: judged is what stays.
                values = {name: value for name, value in values.items() if told.get(name) == value}
            else:
                self._told_decided[key] = values
            yield key, Told(values, about, frozenset({"X-27"} if hides else ()))
        if is_yes:
            self._told_carried.add(pair)
            months = carried(world, calendar, _left(pair), candidate.moved_on)
            for month, kind in months:
                subject = (*pair, f"{month[0]:04d}{month[1]:02d}", kind)
                yield Key(pair.insurer_number, "KOHIKI", subject), Told({"stands": True}, about, traits)
            result = {
                "result": "1" if candidate.carried_months else "2",
                "carried_months": candidate.carried_months,
                "occurrence_count": _count_entered(world, calendar, pair, candidate.moved_on),
            }
            yield Key(pair.insurer_number, "KOHIKEKKA", pair), Told(result, about, traits)
        elif pair in self._told_carried:
            yield Key(pair.insurer_number, "KOHIKEKKA", pair), Told({"result": "3"}, about)


def _merged(insurers: Iterable[Insurer]) -> frozenset[tuple[str, str]]:
    """Predecessor and successor, and the successor's own, in both directions (X-31)."""
    successors = {each.insurer_number: each.successor for each in insurers}
    pairs: set[tuple[str, str]] = set()
    for number, heir in successors.items():
        while heir is not None and (number, heir) not in pairs:
            pairs |= {(number, heir), (heir, number)}
            heir = successors.get(heir)
    return frozenset(pairs)


def _count_entered(world: World, calendar: Calendar, pair: Pair, moved_on: date) -> int:
    """Months of kind 1 of the household entered, its own and carried in, as of the month of the move (X-20, X-36)."""
    household = _entered(pair)
    segment = segment_of(calendar, household, moved_on)
    months = set(window((moved_on.year, moved_on.month)))
    found = {
        fact.month
        for fact in world.facts
        if fact.household == household
        and fact.kind == "1"
        and fact.month in months
        and segment_of(calendar, household, date(*fact.month, 1)) == segment
    }
    for each in world.continued:
        if each.entered == household and segment_of(calendar, household, each.moved_on) == segment:
            carried_in = carried(world, calendar, each.left, each.moved_on)
            found |= {month for month, kind in carried_in if kind == "1" and month in months}
    return len(found)


def _pairs(found: Mapping[tuple[Household, Household], Candidate]) -> dict[Pair, Candidate]:
    return {Pair(*left, *entered): candidate for (left, entered), candidate in found.items()}


def _left(pair: Pair) -> Household:
    return pair.from_insurer, pair.from_household_number


def _entered(pair: Pair) -> Household:
    return pair.insurer_number, pair.household_number


def _history(row: Row) -> int:
    number: int = row["history_number"]
    return number


def _identity(row: Row) -> tuple[str, str, int]:
    return row["insurer_number"], row["addressee_number"], row["history_number"]


def _message(row: Row) -> Message:
    number, previous = row["individual_number"], row["previous_individual_number"]
    return Message(
        row["insurer_number"], row["addressee_number"], row["history_number"], row["update_kind"],
        None if number is None else str(number), None if previous is None else str(previous), row["birth_date"], row["sex"],
    )  # fmt: skip


def _is_rewritten(messages: Sequence[tuple[Message, Row]], message: Message, row: Row) -> bool:
    """Whether a correction takes back something that was said, instead of adding what was open."""
    before = [each for other, each in messages if other.identity == message.identity and each["updated_at"] < row["updated_at"]]
    was = before[-1] if before else row
    return any(
        was[key] is not None and was[key] != row[key]
        for key in ("application_start", "application_end", "application_start_reason", "application_end_reason")
    )


@define
class _People:
    """Who is whom, with the live periods of each over all municipalities."""

    all: list[Person]
    covers: dict[Person, list[Cover]]
    numbers: dict[tuple[str, str], set[int]]
    addressee: dict[tuple[Person, Ref], str]
    _protected: frozenset[Person]
    _by_addressee: dict[tuple[str, str], Person]

    @classmethod
    def of(cls, groups: Iterable[Person], standing: Sequence[Row]) -> _People:
        everybody = sorted(groups, key=sorted)
        by_addressee = {who: person for person in everybody for who in person}
        numbers: dict[tuple[str, str], set[int]] = {}
        newest: dict[Person, Row] = {}
        spans: dict[tuple[str, str, date], list[Row]] = {}
        for row in standing:
            who = (row["insurer_number"], row["addressee_number"])
            numbers.setdefault(who, set()).add(row["individual_number"])
            person = by_addressee[who]
            if person not in newest or newest[person]["updated_at"] < row["updated_at"]:
                newest[person] = row
            if row["insured_kind"] == "1":
                spans.setdefault((*who, row["application_start"]), []).append(row)
        covers: dict[Person, list[Cover]] = {}
        addressee: dict[tuple[Person, Ref], str] = {}
        for (insurer, number, start), rows in spans.items():
            rows.sort(key=_history)
            last, person = rows[-1], by_addressee[insurer, number]
            period = P(
                insurer, rows[0]["history_number"], start, last["application_end"], last["application_start_reason"],
                last["application_end_reason"], last.get("qualification_acquired"), last.get("qualification_acquired_reason"),
                last.get("qualification_lost"), last.get("qualification_lost_reason"),
            )  # fmt: skip
            members = tuple(
                Member(row["household_number"], row["history_number"], row["member_start"], row["member_end"]) for row in rows
            )
            covers.setdefault(person, []).append(Cover(period, members))
            addressee[person, period.ref] = number
        protected = frozenset(person for person, row in newest.items() if row["address_withheld"] == "1")
        return cls(everybody, covers, numbers, addressee, protected, by_addressee)

    def person_of(self, who: tuple[str, str]) -> Person | None:
        return self._by_addressee.get(who)

    def name(self, person: Person) -> str:
        return "/".join(min(person))

    def name_of(self, who: tuple[str, str]) -> str | None:
        """None where no record of him stands: as a head he is unknown (X-18)."""
        person = self._by_addressee.get(who)
        return None if person is None else self.name(person)

    def person_named(self, name: str) -> Person:
        insurer, addressee = name.split("/")
        return self._by_addressee[insurer, addressee]

    def named(self, name: str) -> Person:
        return self.person_named(name)

    def is_protected(self, person: Person) -> bool:
        return person in self._protected

    def periods(self, person: Person) -> list[P]:
        return [cover.period for cover in self.covers.get(person, [])]


def _ids(person: Person, traits: frozenset[str]) -> Iterator[tuple[Key, Told]]:
    """HIHOID: one prefectural ID for all addressees of a person, and for nobody else's (Q-2)."""
    for who in person:
        yield Key(who[0], "HIHOID", (who[1],)), Told({"same_person": tuple(sorted(person))}, person, traits)


def _qualifications(people: _People, person: Person, one: One, traits: frozenset[str]) -> Iterator[tuple[Key, Told]]:
    """TOKUSO (Q-4, X-9 … X-12)."""
    periods = people.periods(person)
    starts = {period.ref: period for period in periods}
    for ref, row in tokuso(periods, one).items():
        period = starts[ref]
        values = {
            "qualification_acquired": row.acquired,
            "qualification_acquired_reason": row.acquired_reason,
            "qualification_lost": row.lost,
            "qualification_lost_reason": row.lost_reason,
            "carried_from": row.carried_from,
            "status": row.status,
            "application_end": period.end,
        }
        subject = (people.addressee[person, ref], period.start)
        yield Key(period.insurer, "TOKUSO", subject), Told(values, person, traits)


def _findings(
    people: _People, person: Person, as_of: date, wait_days: int, one: One, traits: frozenset[str]
) -> Iterator[tuple[Key, Told]]:
    """KAKUNIN, open findings only, to both sides (P-4 … P-6, Q-5)."""
    for found in findings(people.periods(person), as_of, wait_days, one):
        for side in (found.from_, found.to):
            if side is not None:
                yield _finding_row(people, person, found, side, traits)


def _finding_row(
    people: _People, person: Person, found: Finding, side: Ref, traits: frozenset[str]
) -> tuple[Key, Told]:
    is_left = side == found.from_
    from_insurer = found.from_[0] if found.from_ else None
    to_insurer = found.to[0] if found.to else None
    if people.is_protected(person) and is_left and to_insurer != side[0]:
        to_insurer = None
    values = {"period_end": found.period_end, "days": found.days}
    subject = (FINDING_CODES[found.kind], people.addressee[person, side], from_insurer, to_insurer, found.period_start)
    return Key(side[0], "KAKUNIN", subject), Told(values, person, traits)
