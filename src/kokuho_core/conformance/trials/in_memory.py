"""記憶の中の口: the ports of the trials in memory, as small as their rules allow."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final, Self

from attrs import define, field

from kokuho_core.conformance.trials.stores import Received, fact_of
from kokuho_core.errors import Conflict, FileRefused, Problem, SetupFault
from kokuho_core.household_continuity.candidate import Candidate, candidate_number
from kokuho_core.identity.insured_ids import IssuedId, municipal_id, prefectural_id
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.ports.files import FileHeader
from kokuho_core.ports.keys import KeyPurpose, KeyState, StoredKey
from kokuho_core.ports.stores import FileCounts, KnownAddressee, QualificationSpan
from kokuho_core.reception.ledger import FileResult, Ledger, LedgerEntry
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber, MunicipalInsuredId
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.insurers import Insurer

_PREFECTURE: Final = "13"


@define
class State:
    """All that is kept."""

    files: dict[int, tuple[LedgerEntry, InsurerNumber | None, str, datetime]] = field(factory=dict)
    facts: list[PersonFact] = field(factory=list)
    ids: dict[Addressee, KnownAddressee] = field(factory=dict)
    spans: dict[Addressee, list[QualificationSpan]] = field(factory=dict)
    candidates: dict[str, tuple[Candidate, int]] = field(factory=dict)
    counters: dict[str, int] = field(factory=dict)

    def next(self, name: str) -> int:
        self.counters[name] = self.counters.get(name, 0) + 1
        return self.counters[name]


@define
class Unit:
    """一件の処理, on a state of its own until it is committed. It stands for all of its stores."""

    _stores: MemoryStores
    _scope: InsurerNumber | None
    state: State
    versions: dict[str, int] = field(factory=dict)

    @property
    def files(self) -> Self:
        return self

    @property
    def persons(self) -> MemoryPersons:
        return MemoryPersons(self)

    @property
    def ids(self) -> MemoryIds:
        return MemoryIds(self.state)

    @property
    def spans(self) -> MemorySpans:
        return MemorySpans(self.state)

    @property
    def candidates(self) -> MemoryCandidates:
        return MemoryCandidates(self.state, self.versions)

    def sees(self, insurer: InsurerNumber | None) -> bool:
        return self._scope is None or insurer == self._scope

    def commit(self) -> None:
        self._stores.state = copy.deepcopy(self.state)

    # --- 受渡簿 ---

    def ledger(self, sender: InsurerNumber, file_id: str) -> Ledger:
        return Ledger(sender, file_id, max((each.sequence for each in self._entries(sender, file_id)), default=0))

    def entry(self, sender: InsurerNumber, file_id: str, sequence: int) -> LedgerEntry | None:
        return next((each for each in self._entries(sender, file_id) if each.sequence == sequence), None)

    def _entries(self, sender: InsurerNumber, file_id: str) -> list[LedgerEntry]:
        kept = self.state.files.values()
        return [entry for entry, by, kind, _ in kept if (by, kind) == (sender, file_id) and self.sees(by)]

    def enter(
        self,
        name: str,
        header: FileHeader | None,
        sender: InsurerNumber | None,
        fingerprint: bytes,
        result: FileResult,
        recorded_at: datetime,
    ) -> int:
        file_no = self.state.next("file")
        entry = LedgerEntry(name, header.sequence if header else 0, fingerprint, result)
        self.state.files[file_no] = (entry, sender, header.file_id if header else "", recorded_at)
        return file_no

    def finish(self, file_no: int, counts: FileCounts) -> None:
        """Nobody asks for the counts here."""


@define
class MemoryPersons:
    """資格情報(個人)."""

    unit: Unit

    def add(self, file_no: int, records: Received) -> None:
        for line, record, number, previous in records:
            indexes = (None if each is None else each.index for each in (number, previous))
            self.unit.state.facts.append(fact_of(file_no, line, record, *indexes))

    def facts_of(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> list[PersonFact]:
        wanted, files = set(addressees), self.unit.state.files
        found = (
            each for each in self.unit.state.facts
            if each.addressee in wanted and self.unit.sees(each.insurer_number)
            and (known_at is None or files[each.file_no][3] <= known_at)
        )  # fmt: skip
        return sorted(found, key=lambda each: each.received)


@define
class MemoryIds:
    """被保険者IDの発番."""

    state: State

    def of_addressees(self, addressees: Iterable[Addressee]) -> dict[Addressee, KnownAddressee]:
        return {each: self.state.ids[each] for each in addressees if each in self.state.ids}

    def issue(self) -> IssuedId:
        serial = self.state.next("person")
        return IssuedId(serial, prefectural_id(_PREFECTURE, serial), frozenset())

    def issue_municipal(self, insurer: InsurerNumber) -> MunicipalInsuredId:
        return municipal_id(insurer, self.state.next(insurer))

    def save(
        self,
        ids: Mapping[Addressee, KnownAddressee],
        before: Mapping[Addressee, KnownAddressee],
        numbers: Mapping[int, tuple[frozenset[NumberIndex], frozenset[NumberIndex]]],
        look_again_on: Mapping[int, date | None],
        issued: Iterable[IssuedId],
    ) -> None:
        self.state.ids.update(ids)


@define
class MemorySpans:
    """資格の区間."""

    state: State

    def replace(self, addressees: Iterable[Addressee], spans: Iterable[QualificationSpan]) -> None:
        for each in addressees:
            self.state.spans.pop(each, None)
        for span in spans:
            standing = [other for kept in self.state.spans.values() for other in kept if other.serial == span.serial]
            if any(self.overlap(span, other) for other in standing):
                raise Conflict(Problem("KKH-X001"))
            self.state.spans.setdefault(span.period.addressee, []).append(span)

    @staticmethod
    def overlap(one: QualificationSpan, other: QualificationSpan) -> bool:
        far = date.max
        return one.start < (other.end or far) and other.start < (one.end or far)


@define
class MemoryCandidates:
    """継続候補世帯; ``versions`` are those read in this unit."""

    state: State
    versions: dict[str, int]

    def by_number(self, number: str) -> Candidate | None:
        if number not in self.state.candidates:
            return None
        found, self.versions[number] = self.state.candidates[number]
        return found

    def next_number(self) -> str:
        return candidate_number(_PREFECTURE, self.state.next("candidate"))

    def save(self, candidates: Iterable[Candidate]) -> None:
        for each in candidates:
            version = self.state.candidates[each.number][1] if each.number in self.state.candidates else 0
            if self.versions.get(each.number, 0) != version:
                raise Conflict(Problem("KKH-X001"))
            self.state.candidates[each.number] = (each, version + 1)
            self.versions[each.number] = version + 1


@define
class MemoryStores:
    """保管 (:class:`~kokuho_core.conformance.trials.stores.StoresUnderTest`)."""

    state: State = field(factory=State)

    @contextmanager
    def begin(self, *, read_only: bool = False, scope: InsurerNumber | None = None) -> Iterator[Unit]:
        yield Unit(self, scope, self.state if read_only else copy.deepcopy(self.state))


@contextmanager
def memory_stores(insurers: Sequence[Insurer]) -> Iterator[MemoryStores]:
    """Fresh stores, for :class:`~kokuho_core.conformance.trials.stores.StoresTrial`."""
    yield MemoryStores()


@define
class MemoryExchange:
    """ファイル授受 (:class:`~kokuho_core.conformance.trials.exchange.ExchangeUnderTest`)."""

    under_way: list[tuple[str, bytes]] = field(factory=list)
    given: list[tuple[str, bytes]] = field(factory=list)

    def send(self, files: Mapping[str, bytes]) -> None:
        known = dict(self.given + self.under_way)
        if any(known.get(name, content) != content for name, content in files.items()):
            raise FileRefused(Problem("KKH-E013", field="name"))
        self.under_way += files.items()

    def break_off(self, files: Mapping[str, bytes], done: float) -> None:
        """What was not sent whole was not sent."""

    def take(self) -> None:
        for each in self.under_way:
            if each not in self.given:
                self.given.append(each)
        self.under_way.clear()

    def received(self) -> Sequence[tuple[str, bytes]]:
        return tuple(self.given)


@contextmanager
def memory_exchange() -> Iterator[MemoryExchange]:
    """A fresh exchange, for :class:`~kokuho_core.conformance.trials.exchange.ExchangeTrial`."""
    yield MemoryExchange()


@define
class MemoryKeyRegister:
    """鍵の台帳 (:class:`~kokuho_core.ports.keys.KeyRegister`) of a prefecture whose keys are not rotated."""

    keys: dict[str, StoredKey] = field(factory=dict)

    def current(self, purpose: KeyPurpose, insurer: InsurerNumber | None = None) -> StoredKey:
        wanted = (purpose, insurer, KeyState.CURRENT)
        found = next((each for each in self.keys.values() if (each.purpose, each.insurer_number, each.state) == wanted), None)
        if found is None:
            raise SetupFault(Problem("KKH-C015"))
        return found

    def replaced_index_key(self) -> StoredKey | None:
        return None

    def index_key(self, version: int) -> StoredKey | None:
        wanted = (KeyPurpose.INDEX, version)
        return next((each for each in self.keys.values() if (each.purpose, each.version) == wanted), None)

    def find(self, key_id: str) -> StoredKey | None:
        return self.keys.get(key_id)

    def standing(self, version: int, indexes: Sequence[NumberIndex]) -> set[NumberIndex]:
        return set()

    def count(self, key: StoredKey, encryptions: int) -> None:
        """A trial ends long before a key is used up."""

    def add(self, keys: Iterable[StoredKey]) -> None:
        self.keys.update({each.key_id: each for each in keys})
