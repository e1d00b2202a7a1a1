"""登録の適合性試験: whether a receiver of registrations keeps what was agreed, asked over its own channel.

Anything that is a :class:`~kokuho_core.ports.registry.RegistryGateway` is asked: a vendor's server over HTTPS, a folder, an
adapter in the same process. Random exchanges go out, repetitions and refusals among them; what comes back and what is shown
afterwards is judged by a receiver of a few lines that knows the rules alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, SeededChoices, chance, pick
from kokuho_core.conformance.lives import INSURERS
from kokuho_core.errors import ChannelRefused
from kokuho_core.ports.registry import (
    Batch,
    Exchange,
    RecordKey,
    RegistrationLine,
    RegistryGateway,
    ResultCode,
)
from kokuho_core.synthetic.numbers import synthetic_number
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId
from kokuho_core.vocabulary.individual_number import IndividualNumber

_FIRST_MOMENT: Final = datetime(2026, 4, 1, 9)
_FIRST_DAY: Final = date(2026, 4, 1)

REGISTRATION_RULES: Final = {
    "R-1": (
        "どの委託区画にも、その市町村の記録だけがある。",
        "Each partition shows its own municipality's records alone.",
    ),
    "R-3": (
        "一括登録は番号の順に一度だけ効き、記録ごとに結果が返る。",
        "A batch takes effect once, in order, with a result per record.",
    ),
    "R-4": (
        "登録した記録は、送った値と被保険者枝番で表示される。",
        "A registered record is shown with the values sent and its branch number.",
    ),
    "R-8": (
        "取り消した記録は二度と表示されず、表示はいつも当方と一致する。",
        "A cancelled record is shown no more; what is shown equals what was sent.",
    ),
}
"""Rule number to what it says of a receiver, in Japanese and English."""

_EAST, _WEST = (each.insurer_number for each in INSURERS[:2])


@frozen
class Registry:
    """試験対象の受け手. ``partitions``: two municipalities whose partitions are empty and that ``gateway`` is let into;
    ``people_from``: four people from this serial on are nobody else's, where partitions of earlier exchanges are still there."""

    gateway: RegistryGateway
    partitions: tuple[InsurerNumber, InsurerNumber] = (_EAST, _WEST)
    people_from: int = 0


MakeRegistry = Callable[[], AbstractContextManager[Registry]]
"""A receiver for one exchange: a fresh one, or fresh partitions of one that goes on."""


@frozen
class Record:
    """一件: record ``key`` of ``person`` in one partition; ``kind`` 1 新規 or 3 取消."""

    key: int
    person: int
    kind: str
    start: date
    end: date | None


@frozen
class Act:
    """一手: one batch for a partition. ``twist``: sent as it is, sent twice, under a used number, or out of turn."""

    partition: int
    records: tuple[Record, ...]
    twist: str = "once"

    def __str__(self) -> str:
        what = "、".join(
            f"{'登録' if each.kind == '1' else '取消'} 記録{each.key}(人{each.person} {each.start}〜{each.end or ''})"
            for each in self.records
        )
        return f"{INSURERS[self.partition].name}: {what}({_TWISTS[self.twist]})"


_TWISTS: Final = {
    "once": "一度送る",
    "twice": "回答が届かなかったものとして、同じものをもう一度送る",
    "used number": "使った番号で別の内容を送る",
    "out of turn": "次でない番号で送る",
}


@frozen
class RegistrationFault:
    """不適合: the shortest exchange that shows it, and the difference."""

    rule: str
    acts: tuple[Act, ...]
    what: str
    expected: str
    actual: str


@frozen
class RegistrationReport:
    """登録の試験報告. ``values``: how many values rested on each rule."""

    exchanges: int
    values: dict[str, int]
    faults: tuple[RegistrationFault, ...]

    @property
    def is_conformant(self) -> bool:
        return not self.faults


@define
class _Partition:
    """What a receiver must know of one municipality."""

    live: dict[int, Record] = field(factory=dict)
    taken: dict[tuple[int, str], bool] = field(factory=dict)
    batches: int = 0

    def take(self, record: Record) -> ResultCode:
        key = (record.key, record.kind)
        if key in self.taken:
            return ResultCode.RECEIVED_BEFORE if self.taken[key] else ResultCode.ERROR
        is_right = record.kind == "1" or record.key in self.live
        self.taken[key] = is_right
        if not is_right:
            return ResultCode.ERROR
        if record.kind == "1":
            self.live[record.key] = record
        else:
            del self.live[record.key]
        return ResultCode.DONE


def exchanges_of(name: str) -> tuple[Act, ...]:
    """The exchange of a name, the same everywhere."""
    return tuple(_acts(SeededChoices(name)))


def _acts(choices: Choices) -> Iterator[Act]:
    """Registrations of a few people, corrected by cancellation and registration anew, with what goes wrong on the way."""
    live: dict[int, dict[int, Record]] = {0: {}, 1: {}}
    keys = 0
    for _ in range(1 + choices.below(6)):
        partition = choices.below(2)
        records: list[Record] = []
        for _ in range(1 + choices.below(3)):
            old = [each for each in live[partition].values() if each not in records]
            if old and chance(choices, 2):
                gone = pick(choices, old)
                records.append(evolve(gone, kind="3"))
                del live[partition][gone.key]
                person = gone.person
            else:
                person = 1 + choices.below(4)
            if any(each.person == person for each in live[partition].values()) or chance(choices, 5):
                continue
            keys += 1
            start = _FIRST_DAY + timedelta(days=choices.below(60))
            end = start + timedelta(days=30) if chance(choices, 3) else None
            live[partition][keys] = Record(keys, person, "1", start, end)
            records.append(live[partition][keys])
        if records:
            yield Act(partition, tuple(records), pick(choices, ("once", "once", "twice", "used number", "out of turn")))
    if keys and chance(choices, 3):
        yield Act(0, (Record(999, 1, "3", _FIRST_DAY, None),))


class _Exchange:
    """One exchange with a fresh receiver."""

    def __init__(self, registry: Registry, wait: Callable[[], None], most_waits: int) -> None:
        self.registry, self.gateway, self.wait, self.most_waits = registry, registry.gateway, wait, most_waits
        self.partitions = (_Partition(), _Partition())
        self.branches: dict[tuple[int, int], str] = {}
        self.values: dict[str, int] = dict.fromkeys(REGISTRATION_RULES, 0)

    def play(self, acts: Sequence[Act]) -> RegistrationFault | None:
        """The first difference, None where everything is as it must be."""
        for number, act in enumerate(acts, 1):
            for found in self._act(act):
                rule, what, expected, actual = found
                self.values[rule] += 1
                if expected != actual:
                    return RegistrationFault(rule, tuple(acts[:number]), what, f"{expected}", f"{actual}")
        return None

    def _act(self, act: Act) -> Iterator[tuple[str, str, Any, Any]]:
        partition = self.partitions[act.partition]
        if act.twist == "used number" and partition.batches:
            yield "R-3", "使った番号で別の内容を送る", "拒否", self._refusal(act, partition.batches)
        if act.twist == "out of turn" and self.gateway.channel == "server":
            yield "R-3", "次でない番号で送る", "拒否", self._refusal(act, partition.batches + 2)
        partition.batches += 1
        sent = self._batch(act, partition.batches)
        reception = self.gateway.send(sent)
        expected = {each.key: partition.take(each) for each in act.records}
        if act.twist == "twice":
            yield "R-3", "同じものをもう一度送ったときの受付番号", reception, self.gateway.send(sent)
        results = self._results(sent, reception)
        if act.twist == "twice":
            again = {each.record_key: each.result for each in self._results(sent, reception)}
            yield "R-3", "結果をもう一度取りに行く", {each.record_key: each.result for each in results}, again
        by_key = {each.record_key: each for each in results}
        for record in act.records:
            result = by_key.get(_key(record))
            yield "R-3", f"記録{record.key}の結果", expected[record.key].value, result.result if result else "返らない"
            if result is not None and expected[record.key] is ResultCode.DONE and record.kind == "1":
                who = (act.partition, record.person)
                yield "R-4", f"人{record.person}の被保険者枝番があること", True, bool(result.internal_branch_number)
                branch = self.branches.setdefault(who, result.internal_branch_number)
                yield "R-4", f"人{record.person}の被保険者枝番", branch, result.internal_branch_number
        yield from self._shown()

    def _shown(self) -> Iterator[tuple[str, str, Any, Any]]:
        for place, partition in enumerate(self.partitions):
            insurer = self.registry.partitions[place]
            shown = list(self.gateway.shown(insurer))
            yield "R-1", f"{INSURERS[place].name}に表示される記録の保険者", {insurer} if shown else set(), {
                each.insurer_number for each in shown
            }
            due = sorted(_key(each) for each in partition.live.values())
            yield "R-8", f"{INSURERS[place].name}に表示される記録", due, sorted(each.record_key for each in shown)
            lines = {_key(each): self._line(each, insurer) for each in partition.live.values()}
            for each in shown:
                for name in _SHOWN:
                    expected = getattr(lines[RecordKey(each.record_key)], name)
                    yield "R-4", f"{each.record_key} の {name}", expected, getattr(each, name)
        held = {branch for (place, _), branch in self.branches.items() if place == 0}
        yield "R-4", "人ごとに別の被保険者枝番", len({who for who in self.branches if who[0] == 0}), len(held)

    def _refusal(self, act: Act, number: int) -> str:
        other = tuple(evolve(each, key=each.key + 500, kind="1") for each in act.records)
        sent = self._batch(evolve(act, records=other), number)
        try:
            reception = self.gateway.send(sent)
            self._results(sent, reception)
        except ChannelRefused:
            return "拒否"
        return "受け付けられた"

    def _results(self, sent: Batch, reception: Any) -> list[Any]:
        for _ in range(self.most_waits):
            found = self.gateway.results(sent.exchange, sent.insurer_number, sent.number, reception)
            results = [] if found is None else list(found)
            if len({each.record_key for each in results}) == sent.count:
                return results
            self.wait()
        return []

    def _batch(self, act: Act, number: int) -> Batch:
        insurer = self.registry.partitions[act.partition]
        lines = [self._line(each, insurer) for each in act.records]
        moment = _FIRST_MOMENT + timedelta(minutes=number)
        return Batch(Exchange.REGISTRATION, insurer, number, moment, len(lines), lambda: iter(lines))

    def _line(self, record: Record, insurer: InsurerNumber) -> RegistrationLine:
        person = self.registry.people_from + record.person
        return RegistrationLine(
            insurer_number=insurer,
            record_key=_key(record),
            update_kind=record.kind,
            individual_number=IndividualNumber(synthetic_number(person)),
            municipal_insured_id=MunicipalInsuredId(f"M{person:08d}"),
            card_symbol=None,
            card_number=f"{person:07d}",
            branch_number="01",
            name=f"見本{record.person}",
            name_kana="ミホン",
            name_on_card=None,
            name_kana_on_card=None,
            true_name=None,
            true_name_kana=None,
            sex_on_back="0",
            birth_date=date(1980, 1, record.person),
            sex="2",
            address="あさひ市見本町1丁目",
            qualification_acquired=record.start,
            qualification_lost=record.end,
            reason_of_loss="99" if record.end else None,
            application_start=record.start,
            application_end=record.end,
            address_withheld="0",
            self_view_stopped="0",
            notified_on=record.start,
        )


_SHOWN: Final = (
    "municipal_insured_id", "card_number", "branch_number", "name", "birth_date", "sex", "qualification_acquired",
    "qualification_lost", "application_start", "application_end", "address_withheld",
)  # fmt: skip


def run_registration_conformance(
    make: MakeRegistry,
    *,
    seed: str = "1",
    exchanges: int = 50,
    wait: Callable[[], None] = lambda: None,
    most_waits: int = 200,
) -> RegistrationReport:
    """Play the exchanges of a seed, each with a fresh receiver, and shorten what shows a fault.

    ``wait`` is called between two questions for results that are not there yet, at most ``most_waits`` times.
    """
    values: dict[str, int] = dict.fromkeys(REGISTRATION_RULES, 0)
    faults: list[RegistrationFault] = []

    def play(acts: Sequence[Act]) -> RegistrationFault | None:
        with make() as registry:
            exchange = _Exchange(registry, wait, most_waits)
            found = exchange.play(acts)
        for rule, count in exchange.values.items():
            values[rule] += count
        return found

    for number in range(exchanges):
        fault = play(exchanges_of(f"{seed}/{number}"))
        if fault is not None and fault.rule not in {each.rule for each in faults}:
            faults.append(_shortest(fault, play))
    return RegistrationReport(exchanges, values, tuple(faults))


def _shortest(fault: RegistrationFault, play: Callable[[Sequence[Act]], RegistrationFault | None]) -> RegistrationFault:
    """Without one act after the other, then without one record after the other, as long as the same rule is broken."""
    again = True
    while again:
        again = False
        for shorter in _shorter(fault.acts):
            found = play(shorter)
            if found is not None and found.rule == fault.rule:
                fault, again = found, True
                break
    return fault


def _shorter(acts: Sequence[Act]) -> Iterator[tuple[Act, ...]]:
    for place in range(len(acts)):
        if len(acts) > 1:
            yield (*acts[:place], *acts[place + 1 :])
    for place, act in enumerate(acts):
        for gone in range(len(act.records)):
            if len(act.records) > 1:
                fewer = evolve(act, records=act.records[:gone] + act.records[gone + 1 :])
                yield (*acts[:place], fewer, *acts[place + 1 :])


def _key(record: Record) -> RecordKey:
    return RecordKey(f"K{record.key}")
