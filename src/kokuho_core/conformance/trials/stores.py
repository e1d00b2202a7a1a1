"""保管の試験: units of work that end, or are left; what is read back; what was known when; what must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, chance, pick
from kokuho_core.conformance.lives import INSURERS
from kokuho_core.conformance.trials.rules import Port
from kokuho_core.conformance.trials.trial import REFUSED, TAKEN, Check, outcome
from kokuho_core.household_continuity.candidate import Candidate, HouseholdPair
from kokuho_core.identity.insured_ids import IssuedId
from kokuho_core.insured_person.application_period import PeriodKey
from kokuho_core.insured_person.fact import FACT_KEYS, PersonFact
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.ports.files import FileHeader
from kokuho_core.ports.stores import FileCounts, KnownAddressee, QualificationSpan
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.reception.ledger import FileResult, Ledger, LedgerEntry
from kokuho_core.vocabulary.codes import InsuredKind
from kokuho_core.vocabulary.identifiers import (
    Addressee,
    AddresseeNumber,
    HouseholdKey,
    HouseholdNumber,
    InsurerNumber,
    MunicipalInsuredId,
)
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.insurers import Insurer

_FIRST_MOMENT: Final = datetime(2024, 6, 1, 9)
_FIRST_DAY: Final = date(2024, 4, 1)
_FILE: Final = "SKKOJIN"
_CITIES: Final = tuple(each.insurer_number for each in INSURERS[:2])
_PEOPLE: Final = 4

Received = Sequence[tuple[int, PersonRecord, SealedNumber | None, SealedNumber | None]]


# --- what is tried: parts of the ports of kokuho_core.ports.stores, whose texts bind ---


class TriedFiles(Protocol):
    """Of :class:`~kokuho_core.ports.stores.FileStore`."""

    def ledger(self, sender: InsurerNumber, file_id: str) -> Ledger: ...

    def entry(self, sender: InsurerNumber, file_id: str, sequence: int) -> LedgerEntry | None: ...

    def enter(
        self,
        name: str,
        header: FileHeader | None,
        sender: InsurerNumber | None,
        fingerprint: bytes,
        result: FileResult,
        recorded_at: datetime,
    ) -> int: ...

    def finish(self, file_no: int, counts: FileCounts) -> None: ...


class TriedPersons(Protocol):
    """Of :class:`~kokuho_core.ports.stores.PersonStore`."""

    def add(self, file_no: int, records: Received) -> None: ...

    def facts_of(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> list[PersonFact]: ...


class TriedIds(Protocol):
    """Of :class:`~kokuho_core.ports.stores.IdStore`."""

    def of_addressees(self, addressees: Iterable[Addressee]) -> dict[Addressee, KnownAddressee]: ...

    def issue(self) -> IssuedId: ...

    def issue_municipal(self, insurer: InsurerNumber) -> MunicipalInsuredId: ...

    def save(
        self,
        ids: Mapping[Addressee, KnownAddressee],
        before: Mapping[Addressee, KnownAddressee],
        numbers: Mapping[int, tuple[frozenset[NumberIndex], frozenset[NumberIndex]]],
        look_again_on: Mapping[int, date | None],
        issued: Iterable[IssuedId],
    ) -> None: ...


class TriedSpans(Protocol):
    """Of :class:`~kokuho_core.ports.stores.SpanStore`."""

    def replace(self, addressees: Iterable[Addressee], spans: Iterable[QualificationSpan]) -> None: ...


class TriedCandidates(Protocol):
    """Of :class:`~kokuho_core.ports.stores.CandidateStore`."""

    def by_number(self, number: str) -> Candidate | None: ...

    def next_number(self) -> str: ...

    def save(self, candidates: Iterable[Candidate]) -> None: ...


class TriedUnit(Protocol):
    """Of :class:`~kokuho_core.ports.stores.UnitOfWork`."""

    @property
    def files(self) -> TriedFiles: ...

    @property
    def persons(self) -> TriedPersons: ...

    @property
    def ids(self) -> TriedIds: ...

    @property
    def spans(self) -> TriedSpans: ...

    @property
    def candidates(self) -> TriedCandidates: ...

    def commit(self) -> None: ...


class StoresUnderTest(Protocol):
    """試験対象の保管. Of :class:`~kokuho_core.ports.stores.Database`, of which every implementation is one of this too."""

    def begin(
        self, *, read_only: bool = False, scope: InsurerNumber | None = None
    ) -> AbstractContextManager[TriedUnit]: ...


MakeStores = Callable[[Sequence[Insurer]], AbstractContextManager[StoresUnderTest]]
"""Fresh, empty stores that know these insurers."""


# --- acts ---

_ENDS: Final = {"commit": "確定する", "leave": "確定せずに離れる", "raise": "途中で失敗する"}


@frozen
class Receive:
    """受付: one file of a city about some people, in one unit of work."""

    city: int
    people: tuple[int, ...]
    ends: str = "commit"

    def __str__(self) -> str:
        people = "、".join(f"人{each}" for each in self.people)
        return f"{INSURERS[self.city].name}のファイル({people})を書き、{_ENDS[self.ends]}"


@frozen
class Look:
    """参照: everybody is asked for, within the scope of one city."""

    city: int

    def __str__(self) -> str:
        return f"{INSURERS[self.city].name}の範囲で、全員の記録を読む"


@frozen
class Judge:
    """候補の更新. ``is_stale``: what is saved was read before somebody else changed it."""

    candidate: int
    days: int
    is_stale: bool = False

    def __str__(self) -> str:
        how = "読んだ後に別の人が変えてから" if self.is_stale else "読んで"
        return f"候補{self.candidate}を{how}保存する"


@frozen
class Cover:
    """資格の区間: those of one person in both cities, as days from the first and lengths (0: open)."""

    person: int
    spans: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        told = "、".join(
            f"{INSURERS[city].name} {_day(start)}〜{_day(start + days) if days else ''}"
            for city, (start, days) in enumerate(self.spans)
        )
        return f"人{self.person}の資格の区間を {told} とする"


@frozen
class StoresTrial:
    """保管の試験 (S-1, S-21, S-26, S-27, P-7, X-2)."""

    make: MakeStores
    port: Port = field(default=Port.STORES, init=False)
    rule_of_failures: str = field(default="S-27", init=False)

    def history(self, choices: Choices) -> Iterator[Any]:
        for _ in range(3 + choices.below(6)):
            match pick(choices, ("receive", "receive", "receive", "judge", "cover", "look")):
                case "receive":
                    people = tuple(sorted({1 + choices.below(_PEOPLE) for _ in range(1 + choices.below(3))}))
                    yield Receive(choices.below(2), people, pick(choices, ("commit", "commit", "commit", "leave", "raise")))
                case "judge":
                    yield Judge(1 + choices.below(2), 1 + choices.below(300), chance(choices, 2))
                case "cover":
                    first = (choices.below(40), pick(choices, (30, 1, 0)))
                    second = (choices.below(80), pick(choices, (30, 1, 0)))
                    yield Cover(1 + choices.below(_PEOPLE), pick(choices, ((first,), (first, second), (first, second))))
                case _:
                    yield Look(choices.below(2))

    def simpler(self, act: Any) -> Iterator[Any]:
        if isinstance(act, Receive):
            for gone in range(len(act.people)):
                if len(act.people) > 1:
                    yield evolve(act, people=act.people[:gone] + act.people[gone + 1 :])

    @contextmanager
    def open(self) -> Iterator[Callable[[Any], Iterator[Check]]]:
        with self.make(INSURERS) as stores:
            yield _Stage(stores)


class _LeftInTheMiddle(Exception):
    """The unit of work fails by itself; nothing of the system's."""


@define
class _Stage:
    stores: StoresUnderTest
    facts: list[tuple[datetime, PersonFact]] = field(factory=list)
    applied: dict[InsurerNumber, list[str]] = field(factory=dict)
    units: int = 0
    candidates: dict[int, Candidate] = field(factory=dict)
    known: dict[Addressee, KnownAddressee] = field(factory=dict)

    def __call__(self, act: Any) -> Iterator[Check]:
        match act:
            case Receive():
                yield from self._receive(act)
            case Look():
                yield from self._look(act)
            case Judge():
                yield from self._judge(act)
            case Cover():
                yield from self._cover(act)

    # --- receive ---

    def _receive(self, act: Receive) -> Iterator[Check]:
        city = _CITIES[act.city]
        self.units += 1
        at = _FIRST_MOMENT + timedelta(minutes=self.units)
        names = self.applied.setdefault(city, [])
        sequence = len(names) + 1
        name = f"{_FILE}_{city}_{at:%Y%m%d%H%M%S}_{sequence:04d}.csv"
        records = [(2 + place, self._record(city, person), None, None) for place, person in enumerate(act.people)]
        file_no, inside = 0, list[PersonFact]()
        try:
            with self.stores.begin() as unit:
                header = FileHeader(_FILE, "1.0", city, at, sequence)
                file_no = unit.files.enter(name, header, city, _fingerprint(name), FileResult.APPLIED, at)
                unit.persons.add(file_no, records)
                unit.files.finish(file_no, FileCounts(accepted=len(records)))
                inside = unit.persons.facts_of([_addressee(city, person) for person in act.people])
                if act.ends == "commit":
                    unit.commit()
                elif act.ends == "raise":
                    raise _LeftInTheMiddle
        except _LeftInTheMiddle:
            pass
        made = [fact_of(file_no, line, record) for line, record, *_ in records]
        own = [fact for _, fact in self.facts if fact.addressee in {each.addressee for each in made}]
        yield Check("S-27", "その処理の中で読める記録", _shown([*own, *made]), _shown(inside))
        if act.ends == "commit":
            names.append(name)
            self.facts += [(at, fact) for fact in made]
        yield from self._stands()

    def _stands(self) -> Iterator[Check]:
        with self.stores.begin(read_only=True) as unit:
            everybody = [_addressee(city, person) for city in _CITIES for person in range(1, _PEOPLE + 1)]
            now = unit.persons.facts_of(everybody)
            expected = sorted((fact for _, fact in self.facts), key=_place)
            yield Check("S-27", "確定した記録の数", len(expected), len(now))
            yield Check("S-27", "確定した記録", _shown(expected), _shown(sorted(now, key=_place)))
            yield Check("P-7", "記録の順", [_place(each) for each in expected], [_place(each) for each in now])
            for moment in sorted({at for at, _ in self.facts}):
                for when in (moment, moment - timedelta(seconds=1)):
                    past = unit.persons.facts_of(everybody, when)
                    then = [fact for at, fact in self.facts if at <= when]
                    yield Check("P-7", f"{when}に分かっていたこと", _shown(sorted(then, key=_place)), _shown(past))
            for city, names in self.applied.items():
                yield Check("X-2", "最後に適用した通し番号", len(names), unit.files.ledger(city, _FILE).last_applied)
                for sequence, name in enumerate([*names, None], 1):
                    entry = unit.files.entry(city, _FILE, sequence)
                    told = None if entry is None else (entry.name, entry.fingerprint, entry.result)
                    due = None if name is None else (name, _fingerprint(name), FileResult.APPLIED)
                    yield Check("X-2", f"通し番号{sequence}の受渡簿", due, told)

    def _record(self, city: InsurerNumber, person: int) -> PersonRecord:
        """The next history row of a person: the first begins a period, each later one is a correction of it."""
        addressee = _addressee(city, person)
        before = sum(fact.addressee == addressee for _, fact in self.facts)
        return PersonRecord(
            insurer_number=city, addressee_number=addressee.addressee_number, history_number=1,
            update_kind="2" if before else "1", individual_number=None, previous_individual_number=None,
            name=f"見本{person}", name_kana="ミホン", alias=None, name_on_card=None, name_kana_on_card=None, true_name=None,
            true_name_kana=None, sex_on_back=None, birth_date=date(1980, 1, person), sex="2", postal_code=None,
            address="見本町1丁目", card_symbol=None, card_number=f"{person:07d}", branch_number="01",
            household_number=HouseholdNumber(f"{person:05d}"), member_start=None, member_end=None, relationship="02",
            insured_kind=InsuredKind.INSURED.value, application_start=_FIRST_DAY + timedelta(days=before),
            application_start_reason="01", application_start_notified=_FIRST_DAY, application_end=None,
            application_end_reason=None, application_end_notified=None, qualification_acquired=_FIRST_DAY,
            qualification_acquired_reason="01", qualification_acquired_notified=_FIRST_DAY, qualification_lost=None,
            qualification_lost_reason=None, qualification_lost_notified=None, special_case="0", special_case_start=None,
            special_case_end=None, other_insurer_number=None, address_withheld="0", self_view_stopped="0",
            updated_at=_FIRST_MOMENT + timedelta(seconds=before),
        )  # fmt: skip

    # --- look ---

    def _look(self, act: Look) -> Iterator[Check]:
        everybody = [_addressee(city, person) for city in _CITIES for person in range(1, _PEOPLE + 1)]
        with self.stores.begin(read_only=True, scope=_CITIES[act.city]) as unit:
            seen = unit.persons.facts_of(everybody)
            other = _CITIES[1 - act.city]
            yield Check("S-1", "他の市町村の記録", 0, sum(each.insurer_number == other for each in seen))
            own = [fact for _, fact in self.facts if fact.insurer_number == _CITIES[act.city]]
            yield Check("S-1", "自分の記録", _shown(sorted(own, key=_place)), _shown(seen))
            sequences = unit.files.ledger(other, _FILE).last_applied
            yield Check("S-1", "他の市町村の受渡簿", 0, sequences)

    # --- candidates ---

    def _judge(self, act: Judge) -> Iterator[Check]:
        if act.candidate not in self.candidates:
            with self.stores.begin() as unit:
                made = Candidate.unjudged(unit.candidates.next_number(), _pair(act.candidate), _FIRST_DAY)
                unit.candidates.save([made])
                unit.commit()
            self.candidates[act.candidate] = made
        known = self.candidates[act.candidate]
        with self.stores.begin(read_only=True) as unit:
            before = unit.candidates.by_number(known.number)
        yield Check("S-27", f"候補{act.candidate}", known, before)
        changed = evolve(known, moved_on=_FIRST_DAY + timedelta(days=act.days))
        with self.stores.begin() as unit:
            unit.candidates.by_number(known.number)
            unit.candidates.save([changed])
            unit.commit()
        self.candidates[act.candidate] = changed
        if act.is_stale and before is not None:
            stale = evolve(before, moved_on=_FIRST_DAY + timedelta(days=act.days + 1))
            yield Check("S-26", "古い候補の保存", REFUSED, outcome(lambda: self._save(stale)))
        with self.stores.begin(read_only=True) as unit:
            after = unit.candidates.by_number(known.number)
        yield Check("S-26", f"候補{act.candidate}の異動日", changed.moved_on, None if after is None else after.moved_on)
        yield Check("S-27", f"候補{act.candidate}", changed, after)

    def _save(self, candidate: Candidate) -> None:
        with self.stores.begin() as unit:
            unit.candidates.save([candidate])
            unit.commit()

    # --- spans ---

    def _cover(self, act: Cover) -> Iterator[Check]:
        both = [_addressee(city, act.person) for city in _CITIES]
        if both[0] not in self.known:
            yield from self._issue(both)
        serial = self.known[both[0]].issued.serial
        spans = [
            QualificationSpan(PeriodKey(addressee, 1), serial, _day(start), _day(start + days) if days else None)
            for addressee, (start, days) in zip(both, act.spans, strict=False)
        ]
        due = REFUSED if len(spans) == 2 and _overlap(*spans) else TAKEN
        yield Check("S-21", str(act), due, outcome(lambda: self._replace(both, spans)))

    def _issue(self, both: Sequence[Addressee]) -> Iterator[Check]:
        with self.stores.begin() as unit:
            issued = unit.ids.issue()
            known = {each: KnownAddressee(issued, unit.ids.issue_municipal(each.insurer_number)) for each in both}
            unit.ids.save(known, {}, {issued.serial: (frozenset(), frozenset())}, {issued.serial: None}, [issued])
            unit.commit()
        serials = {each.issued.serial for each in self.known.values()}
        yield Check("S-27", "新しい都道府県被保険者IDであること", True, issued.serial not in serials)
        self.known |= known
        with self.stores.begin(read_only=True) as unit:
            yield Check("S-27", "発番したID", known, unit.ids.of_addressees(both))

    def _replace(self, both: Sequence[Addressee], spans: Sequence[QualificationSpan]) -> None:
        with self.stores.begin() as unit:
            unit.spans.replace(both, spans)
            unit.commit()


def _overlap(one: QualificationSpan, other: QualificationSpan) -> bool:
    """P-1: half-open, None is open."""
    return (other.end is None or one.start < other.end) and (one.end is None or other.start < one.end)


def _day(days: int) -> date:
    return _FIRST_DAY + timedelta(days=days)


def _addressee(city: InsurerNumber, person: int) -> Addressee:
    return Addressee(city, AddresseeNumber(f"{person:06d}"))


def _pair(candidate: int) -> HouseholdPair:
    left, entered = (HouseholdKey(city, HouseholdNumber(f"{candidate:05d}")) for city in _CITIES)
    return HouseholdPair(left, entered)


def _fingerprint(name: str) -> bytes:
    return name.encode("ascii").ljust(64, b"=")[-64:]


def fact_of(
    file_no: int,
    line: int,
    record: PersonRecord,
    number: NumberIndex | None = None,
    previous: NumberIndex | None = None,
) -> PersonFact:
    """What the rules judge of a record that was received."""
    given: dict[str, Any] = {"file_no": file_no, "line": line, "number": number, "previous_number": previous}
    return PersonFact(**{key: given[key] if key in given else getattr(record, key) for key in FACT_KEYS})


def _place(fact: PersonFact) -> tuple[int, int]:
    return fact.received


def _shown(facts: Iterable[PersonFact]) -> list[str]:
    """As texts: what differs is told as it reads."""
    return [f"{each}" for each in facts]
