"""継続候補世帯の保管, with the moves they rest on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.statements import batches, under_keys
from kokuho_adapters.database.tables import (
    candidate,
    decision,
    move,
    pending_household,
    recalled_decision,
    recalled_file,
    recalled_second_look,
    received_file,
    second_look,
)
from kokuho_core.errors import Conflict, Problem
from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair, candidate_number
from kokuho_core.household_continuity.comparison import Comparison
from kokuho_core.household_continuity.decision import DecisionFact
from kokuho_core.insured_person.application_period import PeriodKey
from kokuho_core.ports.second_look import LookState
from kokuho_core.ports.stores import PersonMove
from kokuho_core.qualification.moves import Move
from kokuho_core.vocabulary.codes import Decision, Suggestion, SuggestionReason
from kokuho_core.vocabulary.identifiers import (
    Addressee,
    AddresseeNumber,
    HouseholdKey,
    HouseholdNumber,
    InsurerNumber,
    PrefecturalInsuredId,
)
from kokuho_core.vocabulary.month import Month

_candidate, _move, _decision = candidate.c, move.c, decision.c
_MOVE_PAIR = (_move.left_insurer, _move.from_household, _move.entered_insurer, _move.to_household)
_PAIR = (_candidate.from_insurer, _candidate.from_household, _candidate.to_insurer, _candidate.to_household)
_move_key: Final = attrgetter(*(column.name for column in move.primary_key))


@frozen
class SqlCandidateStore:
    """:class:`kokuho_core.ports.stores.CandidateStore` on SQL tables. ``_versions`` are those of the candidates read."""

    connection: Connection
    counters: Counters
    prefecture: str
    _versions: dict[str, int] = field(factory=dict)

    def replace_moves(self, addressees: Iterable[Addressee], moves: Iterable[PersonMove]) -> None:
        keys = ((each.insurer_number, each.addressee_number) for each in addressees)
        for wanted in under_keys(self.connection, _move.left_insurer, _move.left_addressee, keys):
            self.connection.execute(delete(move).where(wanted))
        rows = [_move_row(each) for each in moves]
        if rows:
            self.connection.execute(insert(move), rows)

    def pending_pairs(self) -> list[tuple[date, HouseholdPair]]:
        waiting = (pending_household.c.insurer_number, pending_household.c.household_number)
        queries = []
        for pair, moved_on in ((_MOVE_PAIR, _move.moved_on), (_PAIR, _candidate.moved_on)):
            for side in (pair[:2], pair[2:]):  # one query per side: an OR of both would not use the indexes
                queries.append(select(*pair, moved_on).where(tuple_(*side).in_(select(*waiting))))
        return self._placed(queries)

    def pairs_touching(self, household: HouseholdKey) -> list[tuple[date, HouseholdPair]]:
        key = (household.insurer_number, household.household_number)
        queries = []
        for pair, moved_on in ((_MOVE_PAIR, _move.moved_on), (_PAIR, _candidate.moved_on)):
            for side in (pair[:2], pair[2:]):
                same = and_(*(mine == theirs for mine, theirs in zip(side, key, strict=True)))
                queries.append(select(*pair, moved_on).where(same))
        return self._placed(queries)

    def _placed(self, queries: Sequence[Any]) -> list[tuple[date, HouseholdPair]]:
        """The pairs found by any of the queries, with their earliest day."""
        found = union_all(*queries).subquery()
        pair = list(found.c)[:4]
        moved_on = func.min(list(found.c)[4])
        rows = self.connection.execute(select(*pair, moved_on).group_by(*pair).order_by(*pair))
        return [(_day(row[4]), _household_pair(*row[:4])) for row in rows]

    def moves_of(self, pairs: Iterable[HouseholdPair]) -> dict[HouseholdPair, list[PersonMove]]:
        found: dict[HouseholdPair, list[PersonMove]] = {}
        wanted_pairs = set(pairs)
        for wanted in under_keys(self.connection, *_MOVE_PAIR[:2], {_pair_key(pair)[:2] for pair in wanted_pairs}):
            rows = self.connection.execute(select(move).where(wanted)).all()
            for row in sorted(rows, key=_move_key):  # to have the database sort them would cost it the index
                each = _person_move(row)
                pair = HouseholdPair(each.move.from_household, each.move.to_household)
                if pair in wanted_pairs:
                    found.setdefault(pair, []).append(each)
        return found

    def of_pairs(self, pairs: Iterable[HouseholdPair]) -> dict[HouseholdPair, Candidate]:
        found = {}
        wanted_pairs = set(pairs)
        for wanted in under_keys(self.connection, *_PAIR[:2], {_pair_key(pair)[:2] for pair in wanted_pairs}):
            for row in self.connection.execute(select(candidate).where(wanted)):
                each = self._read(row)
                if each.pair in wanted_pairs:
                    found[each.pair] = each
        return found

    def entering(self, households: Iterable[HouseholdKey]) -> list[Candidate]:
        found: list[Candidate] = []
        keys = ((each.insurer_number, each.household_number) for each in households)
        for wanted in under_keys(self.connection, _candidate.to_insurer, _candidate.to_household, keys):
            query = select(candidate).where(wanted).order_by(_candidate.number)
            found.extend(self._read(row) for row in self.connection.execute(query))
        return found

    def by_number(self, number: str) -> Candidate | None:
        row = self.connection.execute(select(candidate).where(_candidate.number == number)).first()
        return self._read(row) if row is not None else None

    def next_number(self) -> str:
        return candidate_number(self.prefecture, self.counters.next("candidate"))

    def save(self, candidates: Iterable[Candidate]) -> None:
        listed = list(candidates)
        new = [_candidate_row(each) | {"version": 1} for each in listed if each.number not in self._versions]
        if new:
            self.connection.execute(insert(candidate), new)
        for each in listed:
            version = self._versions.get(each.number)
            if version is not None:
                statement = update(candidate).where(_candidate.number == each.number, _candidate.version == version)
                values = _candidate_row(each) | {"version": version + 1}
                if self.connection.execute(statement.values(**values)).rowcount != 1:
                    raise Conflict(Problem("KKH-X001"))
            self._versions[each.number] = (version or 0) + 1

    def add_decision(self, fact: DecisionFact) -> None:
        self.connection.execute(
            insert(decision).values(
                file_no=fact.file_no,
                line=fact.line,
                insurer_number=fact.insurer_number,
                candidate_number=fact.candidate_number,
                decision=fact.decision,
                decided_on=fact.decided_on,
                decided_by=fact.decided_by,
                reason=fact.reason,
            )
        )

    def decisions(self, numbers: Iterable[str], known_at: datetime | None = None) -> list[DecisionFact]:
        found: list[DecisionFact] = []
        for batch in batches(numbers):
            query = _counting(decision, second_look, batch, known_at)
            if known_at is not None:
                query = query.join(received_file, received_file.c.file_no == _decision.file_no)
                query = query.where(received_file.c.recorded_at <= known_at)
            found.extend(DecisionFact(*row) for row in self.connection.execute(query))
            if known_at is not None:
                found.extend(DecisionFact(*row) for row in self.connection.execute(_recalled_since(batch, known_at)))
        return sorted(found, key=lambda fact: (fact.file_no, fact.line))

    def all(self, insurer: InsurerNumber | None) -> Iterator[Candidate]:
        query = select(candidate).order_by(_candidate.number)
        if insurer is not None:
            query = query.where(_candidate.to_insurer == insurer)
        return (self._read(row) for row in self.connection.execute(query))

    def _read(self, row: Row[Any]) -> Candidate:
        self._versions[row.number] = row.version
        head = AddresseeNumber(row.head_addressee) if row.head_addressee is not None else None
        return Candidate(
            number=row.number,
            pair=_household_pair(row.from_insurer, row.from_household, row.to_insurer, row.to_household),
            moved_on=row.moved_on,
            movers=tuple(PrefecturalInsuredId(each) for each in json.loads(row.movers)),
            head=Addressee(InsurerNumber(row.to_insurer), head) if head is not None else None,
            comparison=Comparison(
                Suggestion(row.suggestion),
                SuggestionReason(row.suggestion_reason),
                tuple(row.rules.split(",")) if row.rules else (),
            ),
            is_protected=row.is_protected,
            left_months=_months(row.left_months),
            entered_months=_months(row.entered_months),
            decision=Decision(row.decision) if row.decision is not None else None,
            decided_on=row.decided_on,
        )


def _recalled_since(numbers: Sequence[str], known_at: datetime) -> Select[Any]:
    """Decisions of files that were recalled after ``known_at``: at that time they counted (P-7)."""
    aside = recalled_decision.c
    return (
        _counting(recalled_decision, recalled_second_look, numbers, known_at)
        .join(received_file, received_file.c.file_no == aside.file_no)
        .join(recalled_file, recalled_file.c.file_no == aside.file_no)
        .where(received_file.c.recorded_at <= known_at, recalled_file.c.recalled_at > known_at)
    )


def _counting(decisions: Table, looks: Table, numbers: Sequence[str], known_at: datetime | None) -> Select[Any]:
    """Decisions that no second look was asked for, and those that were confirmed, by ``known_at`` where it is given (S-34)."""
    of_decision = and_(looks.c.file_no == decisions.c.file_no, looks.c.line == decisions.c.line)
    confirmed = looks.c.state == LookState.CONFIRMED.value
    if known_at is not None:
        confirmed &= looks.c.settled_at <= known_at
    return (
        select(decisions)
        .outerjoin(looks, of_decision)
        .where(decisions.c.candidate_number.in_(numbers), or_(looks.c.file_no.is_(None), confirmed))
    )


def _day(value: date | str) -> date:
    """An aggregate over a date column loses its type in SQLite."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _household_pair(from_insurer: str, from_household: str, to_insurer: str, to_household: str) -> HouseholdPair:
    return HouseholdPair(
        HouseholdKey(InsurerNumber(from_insurer), HouseholdNumber(from_household)),
        HouseholdKey(InsurerNumber(to_insurer), HouseholdNumber(to_household)),
    )


def _pair_key(pair: HouseholdPair) -> tuple[str, str, str, str]:
    left, entered = pair.left, pair.entered
    return (left.insurer_number, left.household_number, entered.insurer_number, entered.household_number)


def _move_row(each: PersonMove) -> dict[str, Any]:
    left, entered = each.move.left, each.move.entered
    return {
        "left_insurer": left.addressee.insurer_number,
        "left_addressee": left.addressee.addressee_number,
        "left_history": left.history_number,
        "entered_insurer": entered.addressee.insurer_number,
        "entered_addressee": entered.addressee.addressee_number,
        "entered_history": entered.history_number,
        "person": each.person,
        "from_household": each.move.from_household.household_number,
        "to_household": each.move.to_household.household_number,
        "moved_on": each.move.moved_on,
    }


def _person_move(row: Row[Any]) -> PersonMove:
    left = Addressee(InsurerNumber(row.left_insurer), AddresseeNumber(row.left_addressee))
    entered = Addressee(InsurerNumber(row.entered_insurer), AddresseeNumber(row.entered_addressee))
    return PersonMove(
        PrefecturalInsuredId(row.person),
        Move(
            PeriodKey(left, row.left_history),
            PeriodKey(entered, row.entered_history),
            HouseholdKey(left.insurer_number, HouseholdNumber(row.from_household)),
            HouseholdKey(entered.insurer_number, HouseholdNumber(row.to_household)),
            row.moved_on,
        ),
    )


def _months(text: str) -> tuple[HighCostMonth, ...]:
    parts = (each.split(":") for each in text.split(",") if each)
    return tuple(HighCostMonth(Month.parse(month), kind) for month, kind in parts)


def _months_text(months: Iterable[HighCostMonth]) -> str:
    return ",".join(f"{month.month}:{month.kind}" for month in months)


def _candidate_row(each: Candidate) -> dict[str, Any]:
    from_insurer, from_household, to_insurer, to_household = _pair_key(each.pair)
    return {
        "number": each.number,
        "from_insurer": from_insurer,
        "from_household": from_household,
        "to_insurer": to_insurer,
        "to_household": to_household,
        "moved_on": each.moved_on,
        "movers": json.dumps(each.movers),
        "head_addressee": each.head.addressee_number if each.head is not None else None,
        "suggestion": each.comparison.suggestion.value,
        "suggestion_reason": each.comparison.reason.value,
        "rules": ",".join(each.comparison.rules),
        "is_protected": each.is_protected,
        "left_months": _months_text(each.left_months),
        "entered_months": _months_text(each.entered_months),
        "decision": each.decision.value if each.decision is not None else None,
        "decided_on": each.decided_on,
    }
