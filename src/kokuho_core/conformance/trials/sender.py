"""登録の送り手の試験: a client of the registration interface, before a receiver whose answers get lost, late and shuffled.

Step by step it gets what municipalities send and what must be registered now; afterwards the receiver's own state is judged:
each record is in effect once, nothing is lost, and what was corrected is invalidated first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, chance, pick
from kokuho_core.conformance.lives import INSURERS, insurer
from kokuho_core.conformance.story import CANCELLED, CORRECTED, NEW, PERSON
from kokuho_core.conformance.system import FileToSend
from kokuho_core.conformance.trials.rules import Port
from kokuho_core.conformance.trials.trial import Check
from kokuho_core.entrusted_partition.subscriber import OTHER_LOSS
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.insurers import Insurer
from kokuho_core.vocabulary.reasons import MOVED_OUT_OF_PREFECTURE

_FIRST_DAY: Final = date(2024, 4, 1)
_FIRST_MOMENT: Final = datetime(2024, 6, 1, 9)
_PEOPLE: Final = 4
_FROM_OUTSIDE: Final = "01"

FAULTS: Final[Mapping[str, str]] = {
    "": "",
    "lost_answer@send": "受け付けた回答が届かない",
    "lost_answer@send*3": "受け付けた回答が三度届かない",
    "lost_request@send": "送信が途中で切れる",
    "error@send*2": "送信に5xxが二度返る",
    "slow@send": "送信の回答が遅い",
    "late_result@results": "結果が遅れて出る",
    "shuffled_result@results": "結果が順不同で出る",
    "repeated_result@results": "結果が二重に出る",
    "cut_answer@results": "結果の回答が途中で切れる",
    "error@results": "結果の照会に5xxが返る",
}
"""障害 by the name under which the simulated server takes an order for it, and what it is."""


@frozen
class Subscription:
    """登録すべき内容 of one application period of person ``person``; dates are exclusive at their end (P-1)."""

    insurer_number: InsurerNumber
    person: int
    history: int
    name: str
    start: date
    end: date | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """What a receiver shows of it, by layout key, as the texts of the columns."""
        end = f"{self.end:%Y%m%d}" if self.end is not None else ""
        return {
            "card_number": f"{self.person:07d}", "name": self.name, "birth_date": f"{self.born:%Y%m%d}", "sex": "2",
            "address": "見本町1丁目", "qualification_acquired": f"{self.start:%Y%m%d}", "qualification_lost": end,
            "reason_of_loss": OTHER_LOSS if end else "", "application_start": f"{self.start:%Y%m%d}", "application_end": end,
        }  # fmt: skip

    @property
    def born(self) -> date:
        return date(1980, 1 + self.person % 12, 1 + self.person % 28)


@frozen
class Effect:
    """効果: a record that took effect at the receiver; ``person`` is the serial of its 個人番号, None for a stranger's."""

    insurer_number: InsurerNumber
    record_key: str
    person: int | None
    is_live: bool
    texts: Mapping[str, str]


@frozen
class Answer:
    """受け手の拒否 of a request (``record_key`` empty) or of a record of ``person``, by the receiver's code."""

    record_key: str
    code: str
    person: int | None = None


class SenderUnderTest(Protocol):
    """試験対象の送り手, with a receiver whose partitions of ``insurers`` are empty, and people that are nobody else's."""

    @property
    def insurers(self) -> Sequence[Insurer]: ...

    @property
    def people_from(self) -> int: ...

    def register(
        self, files: Sequence[FileToSend], wanted: Sequence[Subscription], as_of: date, fault: str
    ) -> str:
        """Have the client register what is new, while ``fault`` (of :data:`FAULTS`) happens on the way.

        It may give up and is begun again a few times. Returns what the last failure was, empty when it ended well.
        """
        ...

    def effects(self) -> Sequence[Effect]: ...

    def refusals(self) -> Sequence[Answer]:
        """What the receiver refused so far."""
        ...


MakeSender = Callable[[], AbstractContextManager[SenderUnderTest]]
"""A client that knows nothing yet, before empty partitions."""

_CHANGES: Final = {
    "enter": "加入", "rename": "氏名の訂正", "redate": "開始日の訂正", "leave": "喪失", "return": "再加入", "cancel": "取消",
}  # fmt: skip


@frozen
class Month:
    """一回分: what happened to whom, and what goes wrong while it is registered."""

    changes: tuple[tuple[str, int], ...]
    fault: str = ""

    def __str__(self) -> str:
        told = "、".join(f"人{person}の{_CHANGES[what]}" for what, person in self.changes) or "変更なし"
        return f"{told} を登録する" + (f"({FAULTS[self.fault]})" if self.fault else "")


@frozen
class SenderTrial:
    """登録の送り手の試験 (R-1, R-3, R-4, R-8)."""

    make: MakeSender
    port: Port = field(default=Port.SENDER, init=False)
    rule_of_failures: str = field(default="R-3", init=False)

    def history(self, choices: Choices) -> Iterator[Month]:
        there: set[int] = set()
        for _ in range(2 + choices.below(3)):
            changes: dict[int, str] = {}
            for _ in range(1 + choices.below(3)):
                person = 1 + choices.below(_PEOPLE)
                later = ("rename", "redate", "leave", "return", "cancel")
                changes.setdefault(person, pick(choices, later) if person in there else "enter")
            there |= changes.keys()
            fault = "" if chance(choices, 4) else pick(choices, tuple(FAULTS))
            yield Month(tuple((what, person) for person, what in changes.items()), fault)

    def simpler(self, act: Month) -> Iterator[Month]:
        if act.fault:
            yield evolve(act, fault="")
        for gone in range(len(act.changes)):
            if len(act.changes) > 1:
                yield evolve(act, changes=act.changes[:gone] + act.changes[gone + 1 :])

    @contextmanager
    def open(self) -> Iterator[Callable[[Month], Iterator[Check]]]:
        with self.make() as sender:
            yield _Stage(sender)


@define
class _Stage:
    """``standing``: by person and history number, what must be registered. ``touched``: who was ever corrected."""

    sender: SenderUnderTest
    standing: dict[tuple[int, int], Subscription] = field(factory=dict)
    histories: dict[int, int] = field(factory=dict)
    sequences: dict[str, int] = field(factory=dict)
    touched: set[int] = field(factory=set)
    ended: set[str] = field(factory=set)
    months: int = 0

    def __call__(self, act: Month) -> Iterator[Check]:
        self.months += 1
        rows: dict[str, list[dict[str, Any]]] = {}
        for what, person in act.changes:
            for changed, kind in self._changed(what, person):
                rows.setdefault(changed.insurer_number, []).append(self._row(changed, kind))
        files = [self._file(sender, listed) for sender, listed in sorted(rows.items())]
        wanted = [self.standing[key] for key in sorted(self.standing)]
        as_of = _FIRST_MOMENT.date() + timedelta(days=self.months)
        said = self.sender.register(files, wanted, as_of, act.fault)
        yield from self._refused()
        yield Check("R-3", "送り手が終えられること", "", said)
        yield from self._judged()

    # --- what happens ---

    def _changed(self, what: str, person: int) -> Iterator[tuple[Subscription, str]]:
        """The record of a change and its 更新区分; none where the change has nothing to begin with."""
        own = max((key for key in self.standing if key[0] == person), default=None)
        last = None if own is None else self.standing[own]
        if last is None or own is None:
            if what == "enter" or self.histories.get(person):
                yield self._entered(person, _FIRST_DAY), NEW
            return
        match what:
            case "return" if last.end is not None:
                yield self._entered(person, last.end + timedelta(days=10)), NEW
            case "cancel":
                del self.standing[own]
                self.touched.add(person)
                yield last, CANCELLED
            case "rename" | "redate" | "leave":
                changed = last
                if what == "rename":
                    changed = evolve(last, name=f"{last.name}子")
                elif what == "redate":
                    changed = evolve(last, start=last.start + timedelta(days=1))
                elif last.end is None:
                    changed = evolve(last, end=last.start + timedelta(days=20))
                if changed != last and (changed.end is None or changed.start < changed.end):
                    self.standing[own] = changed
                    self.touched.add(person)
                    yield changed, CORRECTED
            case _:
                return

    def _entered(self, person: int, start: date) -> Subscription:
        self.histories[person] = history = self.histories.get(person, 0) + 1
        own = self.sender.insurers[person % 2].insurer_number
        entered = Subscription(own, self.sender.people_from + person, history, "見本花", start)
        self.standing[person, history] = entered
        return entered

    def _row(self, each: Subscription, kind: str) -> dict[str, Any]:
        """As its municipality sends it; 個人番号 stand as serials."""
        reason = MOVED_OUT_OF_PREFECTURE if each.end is not None else None
        return {
            "insurer_number": each.insurer_number, "addressee_number": f"{each.person:08d}", "history_number": each.history,
            "update_kind": kind, "individual_number": each.person, "previous_individual_number": None, "name": each.name,
            "name_kana": "ミホン", "birth_date": each.born, "sex": "2", "address": "見本町1丁目",
            "card_number": f"{each.person:07d}", "branch_number": "01", "household_number": f"{each.person:08d}",
            "relationship": "02", "insured_kind": "1", "application_start": each.start,
            "application_start_reason": _FROM_OUTSIDE, "application_start_notified": each.start, "application_end": each.end,
            "application_end_reason": reason, "application_end_notified": each.end, "qualification_acquired": each.start,
            "qualification_acquired_reason": _FROM_OUTSIDE, "qualification_acquired_notified": each.start,
            "qualification_lost": each.end, "qualification_lost_reason": reason, "qualification_lost_notified": each.end,
            "special_case": "0", "address_withheld": "0", "self_view_stopped": "0",
            "updated_at": _FIRST_MOMENT + timedelta(minutes=self.months),
        }  # fmt: skip

    def _file(self, sender: str, rows: Sequence[dict[str, Any]]) -> FileToSend:
        self.sequences[sender] = sequence = self.sequences.get(sender, 0) + 1
        made = _FIRST_MOMENT + timedelta(minutes=self.months)
        return FileToSend(PERSON, sender, made, sequence, tuple(rows))

    # --- what came of it ---

    def _refused(self) -> Iterator[Check]:
        people_from = self.sender.people_from
        touched = {people_from + person for person in self.touched}
        for answer in self.sender.refusals():
            rule = _RULE_OF.get(answer.code, "R-4")
            if answer.code == _OVERLAP and answer.person not in touched:
                rule = "R-3"  # nobody corrected it: the same was registered once more
            what = f"記録{answer.record_key}の受付" if answer.record_key else "まとめの受付"
            yield Check(rule, what, "受付", f"拒否 {answer.code}")

    def _judged(self) -> Iterator[Check]:
        people_from = self.sender.people_from
        effects = self.sender.effects()
        live = [each for each in effects if each.is_live]
        for person in sorted({key[0] for key in self.standing} | self.histories.keys()):
            wanted = [each for key, each in sorted(self.standing.items()) if key[0] == person]
            shown = sorted(
                (each for each in live if each.person == people_from + person),
                key=lambda each: each.texts["application_start"],
            )
            own = self.sender.insurers[person % 2].insurer_number
            places = {each.insurer_number for each in effects if each.person == people_from + person}
            yield Check("R-1", f"人{person}の記録がある委託区画", {own} if places else places, places)
            rule = "R-8" if person in self.touched else "R-3"
            yield Check(rule, f"人{person}の有効な記録の数", len(wanted), len(shown))
            for one, other in zip(wanted, shown, strict=True):
                for name, text in one.texts.items():
                    yield Check("R-8" if person in self.touched else "R-4", f"人{person}の {name}", text, other.texts[name])
        strangers = [each.record_key for each in effects if each.person is None]
        yield Check("R-3", "渡していない人の記録", [], strangers)
        now = {each.record_key for each in live}
        yield Check("R-8", "取り消した後に再び有効になった記録", [], sorted(self.ended & now))
        self.ended |= {each.record_key for each in effects if not each.is_live}


_OVERLAP: Final = "R004"
_RULE_OF: Final = {
    "R001": "R-8", "R002": "R-8", "R003": "R-8", _OVERLAP: "R-8", "S403": "R-1", "S411": "R-1", "S409": "R-3", "S410": "R-3",
    "S422": "R-8",
}  # fmt: skip
"""The rule that a refusal of the simulated server shows broken; values that are not allowed break R-4."""


def insurers_of(place: int) -> tuple[Insurer, Insurer]:
    """Two municipalities for the history at ``place``, which no other history has."""
    first, second = (insurer(1 + 2 * place + each, INSURERS[each].name) for each in (0, 1))
    return first, second
