"""登録の受け手の試験: whether a receiver of registrations keeps what was agreed, asked over its own channel.

Anything that is a :class:`~kokuho_core.ports.registry.RegistryGateway` is asked: a vendor's server over HTTPS, a folder, an
adapter in the same process. Random exchanges go out, repetitions and refusals among them; what comes back and what is shown
afterwards is judged by a receiver of a few lines that knows the rules alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, chance, pick
from kokuho_core.conformance.lives import INSURERS
from kokuho_core.conformance.trials.rules import Port
from kokuho_core.conformance.trials.trial import REFUSED, TAKEN, Check
from kokuho_core.errors import ChannelRefused
from kokuho_core.ports.registry import (
    Batch,
    Exchange,
    ReceptionNumber,
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
    """一手: one batch for a partition. ``twist``: what is done beside sending it, a key of ``_TWISTS``."""

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
    "later": "結果は次のまとめの後で取りに行く",
}


@define
class _Partition:
    """What a receiver must know of one municipality."""

    live: dict[int, Record] = field(factory=dict)
    taken: dict[tuple[int, str], bool] = field(factory=dict)
    batches: int = 0

    def possible(self, records: tuple[Record, ...]) -> Iterator[Record]:
        """Without a registration of somebody who has one: in a shortened history its cancellation may be missing."""
        there = {each.person: each.key for each in self.live.values()}
        for each in records:
            if (each.key, each.kind) in self.taken:
                yield each
            elif each.kind == "3":
                there = {person: key for person, key in there.items() if key != each.key}
                yield each
            elif each.person not in there:
                there[each.person] = each.key
                yield each

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


@frozen
class ReceiverTrial:
    """登録の受け手の試験 (R-1, R-3, R-4, R-8).

    ``wait`` is called between two questions for results that are not there yet, at most ``most_waits`` times.
    """

    make: MakeRegistry
    wait: Callable[[], None] = lambda: None
    most_waits: int = 200
    port: Port = field(default=Port.RECEIVER, init=False)
    rule_of_failures: str = field(default="R-3", init=False)

    def history(self, choices: Choices) -> Iterator[Act]:
        """Registrations of a few people, corrected by cancellation and registration anew, with what goes wrong on the way."""
        live: dict[int, dict[int, Record]] = {0: {}, 1: {}}
        sent: dict[int, list[Record]] = {0: [], 1: []}
        keys = 0
        for _ in range(1 + choices.below(6)):
            partition = choices.below(2)
            records: list[Record] = []
            if sent[partition] and chance(choices, 4):
                records.append(pick(choices, sent[partition]))  # one that was answered before
            for _ in range(1 + choices.below(3)):
                old = [each for each in live[partition].values() if each not in records]
                if old and chance(choices, 2):
                    gone = pick(choices, old)
                    if any(each.key == gone.key for each in records):
                        continue
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
                sent[partition] += (each for each in records if each not in sent[partition])
                twists = ("once", "once", "twice", "used number", "out of turn", "later")
                yield Act(partition, tuple(records), pick(choices, twists))
        if keys and chance(choices, 3):
            yield Act(0, (Record(999, 1, "3", _FIRST_DAY, None),))

    def simpler(self, act: Act) -> Iterator[Act]:
        if act.twist != "once":
            yield evolve(act, twist="once")
        for gone in range(len(act.records)):
            if len(act.records) > 1:
                yield evolve(act, records=act.records[:gone] + act.records[gone + 1 :])

    @contextmanager
    def open(self) -> Iterator[Callable[[Act], Iterator[Check]]]:
        with self.make() as registry:
            yield _Exchange(registry, self.wait, self.most_waits)


@define
class _Exchange:
    """One exchange with a fresh receiver. ``late``: batches whose results were not asked for yet."""

    registry: Registry
    wait: Callable[[], None]
    most_waits: int
    partitions: tuple[_Partition, _Partition] = field(factory=lambda: (_Partition(), _Partition()))
    branches: dict[tuple[int, int], str] = field(factory=dict)
    late: list[tuple[Act, Batch, ReceptionNumber, dict[int, ResultCode]]] = field(factory=list)

    @property
    def gateway(self) -> RegistryGateway:
        return self.registry.gateway

    def __call__(self, act: Act) -> Iterator[Check]:
        partition = self.partitions[act.partition]
        act = evolve(act, records=tuple(partition.possible(act.records)))
        if not act.records:
            return
        if act.twist == "used number" and partition.batches:
            yield Check("R-3", "使った番号で別の内容を送る", REFUSED, self._refusal(act, partition.batches))
        if act.twist == "out of turn" and self.gateway.channel == "server":
            yield Check("R-3", "次でない番号で送る", REFUSED, self._refusal(act, partition.batches + 2))
        partition.batches += 1
        sent = self._batch(act, partition.batches)
        reception = self.gateway.send(sent)
        expected = {each.key: partition.take(each) for each in act.records}
        if act.twist == "later":
            self.late.append((act, sent, reception, expected))
            return
        if act.twist == "twice":
            yield Check("R-3", "同じものをもう一度送ったときの受付番号", reception, self.gateway.send(sent))
        yield from self._answered(act, sent, reception, expected)
        while self.late:
            yield from self._answered(*self.late.pop())
        yield from self._shown()

    def _answered(
        self, act: Act, sent: Batch, reception: ReceptionNumber, expected: dict[int, ResultCode]
    ) -> Iterator[Check]:
        results = self._results(sent, reception)
        if act.twist == "twice":
            again = {each.record_key: each.result for each in self._results(sent, reception)}
            yield Check("R-3", "結果をもう一度取りに行く", {each.record_key: each.result for each in results}, again)
        by_key = {each.record_key: each for each in results}
        for record in act.records:
            result = by_key.get(_key(record))
            told = result.result if result is not None else "返らない"
            yield Check("R-3", f"記録{record.key}の結果", expected[record.key].value, told)
            if result is not None and expected[record.key] is ResultCode.DONE and record.kind == "1":
                who = (act.partition, record.person)
                yield Check("R-4", f"人{record.person}の被保険者枝番があること", True, bool(result.internal_branch_number))
                branch = self.branches.setdefault(who, result.internal_branch_number)
                yield Check("R-4", f"人{record.person}の被保険者枝番", branch, result.internal_branch_number)

    def _shown(self) -> Iterator[Check]:
        for place, partition in enumerate(self.partitions):
            insurer = self.registry.partitions[place]
            shown = list(self.gateway.shown(insurer))
            insurers = {each.insurer_number for each in shown}
            yield Check("R-1", f"{INSURERS[place].name}に表示される記録の保険者", {insurer} if shown else set(), insurers)
            due = sorted(_key(each) for each in partition.live.values())
            listed = sorted(each.record_key for each in shown)
            yield Check("R-8", f"{INSURERS[place].name}に表示される記録", due, listed)
            lines = {_key(each): self._line(each, insurer) for each in partition.live.values()}
            for each in shown:
                for name in _SHOWN:
                    expected = getattr(lines[RecordKey(each.record_key)], name)
                    yield Check("R-4", f"{each.record_key} の {name}", expected, getattr(each, name))
        held = {branch for (place, _), branch in self.branches.items() if place == 0}
        yield Check("R-4", "人ごとに別の被保険者枝番", len({who for who in self.branches if who[0] == 0}), len(held))

    def _refusal(self, act: Act, number: int) -> str:
        other = tuple(evolve(each, key=each.key + 500, kind="1") for each in act.records)
        sent = self._batch(evolve(act, records=other), number)
        try:
            reception = self.gateway.send(sent)
            self._results(sent, reception)
        except ChannelRefused:
            return REFUSED
        return TAKEN

    def _results(self, sent: Batch, reception: ReceptionNumber) -> list[Any]:
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


def _key(record: Record) -> RecordKey:
    return RecordKey(f"K{record.key}")
