"""Implementations of the ports with one mistake each, and the rule that it breaks."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from attrs import define, evolve, field

from kokuho_adapters.conformance.own_ports import own_vault
from kokuho_core.conformance.trials import (
    ExchangeTrial,
    ExchangeUnderTest,
    StoresTrial,
    StoresUnderTest,
    Trial,
    VaultTrial,
    VaultUnderTest,
)
from kokuho_core.conformance.trials.in_memory import (
    MemoryCandidates,
    MemoryExchange,
    MemoryPersons,
    MemorySpans,
    MemoryStores,
    State,
    Unit,
)
from kokuho_core.errors import SetupFault
from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.ports.stores import QualificationSpan
from kokuho_core.ports.vault import NumberVault, SealedColumn, SealedNumber
from kokuho_core.vocabulary.identifiers import Addressee
from kokuho_core.vocabulary.individual_number import IndividualNumber

# --- stores ---


class _LastWins(MemoryCandidates):
    """Lost update: who saves last is right."""

    def save(self, candidates: Iterable[Candidate]) -> None:
        for each in candidates:
            self.by_number(each.number)
            super().save([each])


class _KnowsTheFuture(MemoryPersons):
    """What was known at a time is what is known now."""

    def facts_of(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> Any:
        return super().facts_of(addressees)


class _InclusiveMoment(MemoryPersons):
    """What was recorded at the very moment was not known then."""

    def facts_of(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> Any:
        files = self.unit.state.files
        return [each for each in super().facts_of(addressees) if known_at is None or files[each.file_no][3] < known_at]


class _Unordered(MemoryPersons):
    """By addressee, not as received."""

    def facts_of(self, addressees: Iterable[Addressee], known_at: datetime | None = None) -> Any:
        return sorted(super().facts_of(addressees, known_at), key=lambda each: (each.addressee, each.received))


class _DropsCorrections(MemoryPersons):
    """A correction is written over what it corrects."""

    def add(self, file_no: int, records: Any) -> None:
        known = {record.addressee_number for _, record, *_ in records}
        facts = self.unit.state.facts
        facts[:] = [each for each in facts if each.addressee_number not in known]
        super().add(file_no, records)


class _LeavesAGap(MemorySpans):
    """Spans that share their last day do not overlap."""

    @staticmethod
    def overlap(one: QualificationSpan, other: QualificationSpan) -> bool:
        return MemorySpans.overlap(one, other) and None not in (one.end, other.end)


class _OverlapsByADay(MemorySpans):
    """An end date is a day that is still covered."""

    @staticmethod
    def overlap(one: QualificationSpan, other: QualificationSpan) -> bool:
        far = date.max
        return one.start <= (other.end or far) and other.start <= (one.end or far)


@define
class _Stores(MemoryStores):
    """With other parts."""

    parts: Mapping[str, type[Any]] = {}
    keeps_everything: bool = False
    has_no_scope: bool = False
    ledger_of_all: bool = False

    @contextmanager
    def begin(self, *, read_only: bool = False, scope: Any = None) -> Iterator[Any]:
        stores, parts = self, self.parts

        class Mistaken(Unit):
            @property
            def persons(self) -> MemoryPersons:
                return parts.get("persons", MemoryPersons)(self)  # type: ignore[no-any-return]

            @property
            def spans(self) -> MemorySpans:
                return parts.get("spans", MemorySpans)(self.state)  # type: ignore[no-any-return]

            @property
            def candidates(self) -> MemoryCandidates:
                return parts.get("candidates", MemoryCandidates)(self.state, self.versions)  # type: ignore[no-any-return]

            def _entries(self, sender: Any, file_id: str) -> Any:
                if not stores.ledger_of_all:
                    return super()._entries(sender, file_id)
                return [entry for entry, *_ in self.state.files.values()]

        state: State = self.state if read_only or self.keeps_everything else copy.deepcopy(self.state)
        yield Mistaken(self, None if self.has_no_scope else scope, state)


def stores(**mistake: Any) -> Trial[Any]:
    @contextmanager
    def make(insurers: Sequence[Any]) -> Iterator[StoresUnderTest]:
        yield _Stores(**mistake)

    return StoresTrial(make)


# --- exchange ---


class _ShowsHalfFiles(MemoryExchange):
    def break_off(self, files: Mapping[str, bytes], done: float) -> None:
        self.under_way += [(name, content[: int(len(content) * done)]) for name, content in files.items()]


class _ShowsSomeOfASending(MemoryExchange):
    """Each file is whole, but who died had sent some of them only."""

    def break_off(self, files: Mapping[str, bytes], done: float) -> None:
        listed = list(files.items())
        self.under_way += listed[: int(len(listed) * done)]


class _TakesTwice(MemoryExchange):
    def take(self) -> None:
        self.given += self.under_way
        self.under_way.clear()


class _Overwrites(MemoryExchange):
    """The newest content under a name is right."""

    def send(self, files: Mapping[str, bytes]) -> None:
        self.under_way += files.items()

    def take(self) -> None:
        for name, content in self.under_way:
            names = [each for each, _ in self.given]
            if name in names:
                self.given[names.index(name)] = (name, content)
            else:
                self.given.append((name, content))
        self.under_way.clear()


class _NewestFirst(MemoryExchange):
    def take(self) -> None:
        self.under_way.reverse()
        super().take()


class _LosesTheLast(MemoryExchange):
    """Who takes clears the folder, of what came meanwhile too."""

    def take(self) -> None:
        del self.under_way[2:]
        super().take()


class _TextMode(MemoryExchange):
    """Line ends are turned into those of this system."""

    def received(self) -> Sequence[tuple[str, bytes]]:
        return [(name, content.replace(b"\r\n", b"\n")) for name, content in self.given]


class _NeedsNoReceiver(MemoryExchange):
    """What is sent is there before the receiver takes it."""

    def send(self, files: Mapping[str, bytes]) -> None:
        super().send(files)
        self.take()


def exchange(kind: type[MemoryExchange]) -> Trial[Any]:
    @contextmanager
    def make() -> Iterator[ExchangeUnderTest]:
        yield kind()

    return ExchangeTrial(make)


# --- vault ---


@define
class _Vault:
    """A vault before a right one."""

    right: NumberVault

    def seal(self, keys: Any, insurer: Any, numbers: Any) -> list[SealedNumber]:
        return self.right.seal(keys, insurer, numbers)

    def indexes(self, keys: Any, number: Any) -> Any:
        return self.right.indexes(keys, number)

    def reveal(self, keys: Any, sealed: SealedNumber) -> IndividualNumber:
        return self.right.reveal(keys, sealed)

    def reveal_column(self, keys: Any, sealed: SealedColumn) -> list[IndividualNumber | None]:
        version = 1
        return [
            None
            if index is None or key_id is None or ciphertext is None
            else self.reveal(keys, SealedNumber(sealed.insurer_number, index, version, key_id, ciphertext))
            for index, key_id, ciphertext in zip(sealed.indexes, sealed.key_ids, sealed.ciphertexts, strict=True)
        ]


class _PlainHash(_Vault):
    def seal(self, keys: Any, insurer: Any, numbers: Any) -> list[SealedNumber]:
        sealed = super().seal(keys, insurer, numbers)
        return [evolve(each, index=self.indexes(keys, number)[0]) for each, number in zip(sealed, numbers, strict=True)]

    def indexes(self, keys: Any, number: IndividualNumber) -> Any:
        return (hashlib.sha256(number.reveal().encode()).digest(),)

    def reveal(self, keys: Any, sealed: SealedNumber) -> IndividualNumber:
        raise NotImplementedError


@define
class _Remembering(_Vault):
    """Keeps the digits in its own way: what is sealed is opened out of a table."""

    table: dict[bytes, tuple[SealedNumber, str]] = field(repr=False)

    def seal(self, keys: Any, insurer: Any, numbers: Any) -> list[SealedNumber]:
        made = super().seal(keys, insurer, numbers)
        self.table |= {each.ciphertext: (each, n.reveal()) for each, n in zip(made, numbers, strict=True)}
        return made

    def known(self, sealed: SealedNumber) -> str:
        return self.table[sealed.ciphertext][1]


class _UnboundContent(_Remembering):
    """Whose a ciphertext is, is not looked at."""

    def reveal(self, keys: Any, sealed: SealedNumber) -> IndividualNumber:
        if sealed.ciphertext in self.table:
            return IndividualNumber(self.known(sealed))
        return super().reveal(keys, sealed)


class _TalksInErrors(_Remembering):
    def reveal(self, keys: Any, sealed: SealedNumber) -> IndividualNumber:
        try:
            return super().reveal(keys, sealed)
        except SetupFault:
            digits = next((digits for each, digits in self.table.values() if each.index == sealed.index), "")
            raise ValueError(f"cannot open the sealed value of {digits}") from None


class _OpensInAnotherOrder(_Vault):
    """Many numbers at once come back in another order."""

    def reveal_column(self, keys: Any, sealed: SealedColumn) -> list[IndividualNumber | None]:
        return super().reveal_column(keys, sealed)[::-1]


class _PlainAtRest(_Vault):
    def seal(self, keys: Any, insurer: Any, numbers: Any) -> list[SealedNumber]:
        sealed = super().seal(keys, insurer, numbers)
        return [evolve(each, key_id=each.key_id + n.reveal()) for each, n in zip(sealed, numbers, strict=True)]

    def reveal(self, keys: Any, sealed: SealedNumber) -> IndividualNumber:
        return super().reveal(keys, evolve(sealed, key_id=sealed.key_id[:-12]))


@define
class _Talkative(_Vault):
    """Shows what it sealed last where somebody logs it."""

    last: str = ""

    def seal(self, keys: Any, insurer: Any, numbers: Any) -> list[SealedNumber]:
        self.last = numbers[-1].reveal()
        return super().seal(keys, insurer, numbers)


@define
class _OneNonce(_Vault):
    """What was sealed once is not sealed anew."""

    kept: dict[tuple[str, str], SealedNumber] = field(repr=False)

    def seal(self, keys: Any, insurer: Any, numbers: Any) -> list[SealedNumber]:
        made = super().seal(keys, insurer, numbers)
        pairs = zip(made, numbers, strict=True)
        return [self.kept.setdefault((insurer, number.reveal()), each) for each, number in pairs]


class _IndexPerCity(_Vault):
    """Each municipality has an index key of its own, so that nobody is found across them."""

    def seal(self, keys: Any, insurer: str, numbers: Any) -> list[SealedNumber]:
        return [evolve(each, index=_mixed(each.index, insurer)) for each in super().seal(keys, insurer, numbers)]  # type: ignore[arg-type]

    def reveal(self, keys: Any, sealed: SealedNumber) -> IndividualNumber:
        return super().reveal(keys, evolve(sealed, index=_mixed(sealed.index, sealed.insurer_number)))  # type: ignore[arg-type]


def _mixed(index: bytes, insurer: str) -> bytes:
    salt = hashlib.sha256(insurer.encode()).digest()
    return bytes(one ^ other for one, other in zip(index, salt, strict=True))


def vault(mistaken: Callable[[NumberVault], Any]) -> Trial[Any]:
    @contextmanager
    def make(insurers: Sequence[Any]) -> Iterator[VaultUnderTest]:
        with own_vault(insurers) as right:
            yield evolve(right, vault=mistaken(right.vault))

    return VaultTrial(make)


CLUMSY_STORES = stores(parts={"candidates": _LastWins, "spans": _LeavesAGap})
"""With two mistakes, for the tests of what is said about them."""
MUTANTS: dict[str, tuple[Trial[Any], str]] = {
    "lost update": (stores(parts={"candidates": _LastWins}), "S-26"),
    "rollback keeps": (stores(keeps_everything=True), "S-27"),
    "knows the future": (stores(parts={"persons": _KnowsTheFuture}), "P-7"),
    "not known at the moment": (stores(parts={"persons": _InclusiveMoment}), "P-7"),
    "not in the order received": (stores(parts={"persons": _Unordered}), "P-7"),
    "writes over": (stores(parts={"persons": _DropsCorrections}), "S-27"),
    "open spans overlap": (stores(parts={"spans": _LeavesAGap}), "S-21"),
    "touching spans overlap": (stores(parts={"spans": _OverlapsByADay}), "S-21"),
    "sees the neighbour": (stores(has_no_scope=True), "S-1"),
    "one ledger for all": (stores(ledger_of_all=True), "X-2"),
    "half a file": (exchange(_ShowsHalfFiles), "S-13"),
    "half a sending": (exchange(_ShowsSomeOfASending), "S-13"),
    "taken twice": (exchange(_TakesTwice), "S-14"),
    "overwrites": (exchange(_Overwrites), "S-14"),
    "newest first": (exchange(_NewestFirst), "S-15"),
    "loses the last": (exchange(_LosesTheLast), "S-13"),
    "text mode": (exchange(_TextMode), "S-13"),
    "visible before it is taken": (exchange(_NeedsNoReceiver), "S-13"),
    "plain hash": (vault(_PlainHash), "S-9"),
    "plain at rest": (vault(_PlainAtRest), "S-9"),
    "an index per city": (vault(_IndexPerCity), "S-9"),
    "content not bound": (vault(lambda right: _UnboundContent(right, {})), "S-8"),
    "number in an error": (vault(lambda right: _TalksInErrors(right, {})), "S-3"),
    "number in its representation": (vault(_Talkative), "S-3"),
    "another order": (vault(_OpensInAnotherOrder), "S-8"),
    "one nonce": (vault(lambda right: _OneNonce(right, {})), "S-8"),
}
"""Name to the trial of a mistaken port, and the rule that it breaks."""
