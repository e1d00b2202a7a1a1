"""同じ結果: whatever the history, both channels end in the same state, and the state is the one of a model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from attrs import define, field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_core.ports.registry import RegistrationLine, RegistryGateway, ShownRecord
from kokuho_core.vocabulary.identifiers import InsurerNumber

from .kit import batch, exchanged, line
from .pool import Pool

EXAMPLES = 40 if settings().max_examples <= 100 else 300  # the pool has invented people for no more
START = date(2026, 4, 1)


@frozen
class Act:
    """One record of a batch: register ``key``, or cancel it; ``faulty`` gives it a loss before the acquisition."""

    key: int
    person: int
    begins: int
    days: int | None
    kind: str
    faulty: bool


ACTS = st.builds(
    Act,
    key=st.integers(1, 8),
    person=st.integers(1, 3),
    begins=st.integers(0, 6),
    days=st.none() | st.integers(0, 4),
    kind=st.sampled_from("1113"),
    faulty=st.sampled_from([False] * 9 + [True]),
)
BATCHES = st.lists(st.lists(ACTS, min_size=1, max_size=5, unique_by=lambda act: act.key), min_size=1, max_size=5)


def record(act: Act, insurer: InsurerNumber, persons: int) -> RegistrationLine:
    start = START + timedelta(days=act.begins)
    return line(
        f"K{act.key}",
        persons * 1000 + act.person,
        kind=act.kind,
        insurer=insurer,
        start=start,
        end=start + timedelta(days=act.days) if act.days is not None else None,
        **({"lost": START - timedelta(days=1)} if act.faulty else {}),
    )


@define
class Model:
    """What a receiver has to make of it: written anew from the rules, record by record."""

    known: dict[int, tuple[Act, bool]] = field(factory=dict)

    def take(self, acts: Sequence[Act]) -> dict[int, str]:
        answers: dict[int, str] = {}
        added = []
        for act in acts:
            before = self.known.get(act.key)
            if act.faulty:
                answers[act.key] = "2"
            elif act.kind == "3":
                fits = before is not None and (before[0].person, before[0].begins) == (act.person, act.begins)
                answers[act.key] = "2" if not fits else "1" if before is not None and before[1] else "3"
            elif before is None:
                answers[act.key] = "1"
            else:
                same = (before[0].person, before[0].begins, before[0].days) == (act.person, act.begins, act.days)
                answers[act.key] = "3" if same else "2"
        for act in acts:
            if answers[act.key] == "1" and act.kind == "3":
                self.known[act.key] = (self.known[act.key][0], False)
            elif answers[act.key] == "1":
                self.known[act.key] = (act, True)
                added.append(act)
        clashing = [act for act in added if any(self._clash(act, each) for each in self.live() if each.key != act.key)]
        for act in clashing:
            answers[act.key] = "2"
            del self.known[act.key]
        return answers

    def live(self) -> list[Act]:
        return [act for act, is_live in self.known.values() if is_live]

    @staticmethod
    def _clash(one: Act, other: Act) -> bool:
        days = [set(range(act.begins, 30 if act.days is None else act.begins + act.days)) for act in (one, other)]
        return one.person == other.person and bool(days[0] & days[1])


def run(
    gateway: RegistryGateway, insurer: InsurerNumber, persons: int, batches: Sequence[Sequence[Act]]
) -> tuple[Any, Any]:
    """Answers of all batches and what is shown in the end, without what the partition alone decides."""
    answers = []
    for number, acts in enumerate(batches, 1):
        results = exchanged(gateway, batch(number, [record(act, insurer, persons) for act in acts], insurer))
        answers.append(
            {each.record_key: (each.result, each.error_code, each.internal_branch_number) for each in results}
        )
        assert len(results) == len(acts)
    return answers, [_comparable(each, persons) for each in gateway.shown(insurer)]


def _comparable(shown: ShownRecord, persons: int) -> tuple[Any, ...]:
    own = f"{persons * 1000:08d}"[:5]
    return tuple(value.replace(own, "") if isinstance(value, str) else value for value in shown[1:])


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_both_channels_end_in_the_state_of_the_model(pool: Pool, batches: list[list[Act]]) -> None:
    """Rules: R-3, R-8, P-7. Over a real folder and over TLS, against the running simulator."""
    model, due = Model(), []
    for acts in batches:
        due.append({f"K{key}": answer for key, answer in model.take(acts).items()})
    seen = {}
    for channel in ("file", "server"):
        insurer, persons = pool.fresh(), pool.persons() + 10_000
        answers, shown = run(pool.side.gateway(channel), insurer, persons, batches)
        assert [{key: answer[0] for key, answer in each.items()} for each in answers] == due
        seen[channel] = (answers, shown)
    assert seen["file"] == seen["server"]
    assert {each[1] for each in seen["file"][1]} == {f"K{act.key}" for act in model.live()}
