"""根拠: the facts without which a value would be another one or none, found by leaving each out and deriving again."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from kokuho_core.explanation.conclusions import Conclusion, conclusions_about
from kokuho_core.explanation.world import Evidence, derive_world
from kokuho_core.vocabulary.identifiers import Addressee, Source


@frozen
class Explanation:
    """説明 of one value. Each ground is a set of received records: had they not come, the value would not stand.

    A ground of several records is one thing said more than once (a record and its correction, say), where none of them
    alone decides.
    """

    conclusion: Conclusion
    grounds: tuple[frozenset[Source], ...]


def explain(evidence: Evidence, addressees: frozenset[Addressee]) -> list[Explanation]:
    """Every value derived about a person, with its grounds."""
    stands = conclusions_about(derive_world(evidence), addressees)
    grounds: dict[tuple[str, ...], list[frozenset[Source]]] = {name: [] for name in stands}
    for level in _levels(evidence):
        for unit in level:
            without = conclusions_about(derive_world(evidence.without(unit)), addressees)
            for name, conclusion in stands.items():
                finer_known = any(ground <= unit for ground in grounds[name])
                if not finer_known and _value(without.get(name)) != conclusion.value:
                    grounds[name].append(unit)
    return [Explanation(conclusion, tuple(grounds[name])) for name, conclusion in stands.items()]


def _value(conclusion: Conclusion | None) -> str | None:
    return conclusion.value if conclusion is not None else None


def _levels(evidence: Evidence) -> list[list[frozenset[Source]]]:
    """Units to leave out, fine ones first: single messages, whole records, all that was sent about one subject."""
    messages: list[tuple[Source, tuple[str, ...], tuple[str, ...]]] = []
    subject: tuple[str, ...]
    for fact in evidence.persons:
        subject = ("person", fact.insurer_number, fact.addressee_number)
        messages.append((fact.source, (*subject, str(fact.history_number)), subject))
    for row in evidence.households:
        subject = ("household", row.insurer_number, row.household_number)
        messages.append((Source(row.file_no, row.line), (*subject, str(row.history_number)), subject))
    for month in evidence.high_cost:
        subject = ("month", month.insurer_number, month.household_number)
        record = (*subject, str(month.treatment_month), month.occurrence_kind)
        messages.append((Source(month.file_no, month.line), record, subject))
    for decided in evidence.decisions:
        subject = ("decision", str(decided.pair))
        messages.append((decided.source, subject, subject))
    return [
        _units((source, (str(source),)) for source, _, _ in messages),
        _units((source, record) for source, record, _ in messages),
        _units((source, subject) for source, _, subject in messages),
    ]


def _units(named: Iterable[tuple[Source, tuple[str, ...]]]) -> list[frozenset[Source]]:
    units: dict[tuple[str, ...], set[Source]] = {}
    for source, name in named:
        units.setdefault(name, set()).add(source)
    return [frozenset(units[name]) for name in sorted(units)]
