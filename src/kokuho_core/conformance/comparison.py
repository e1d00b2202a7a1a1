"""対比: what was expected and what came back, field by field and in one sentence, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import define, frozen

from kokuho_core.conformance.cast import Cast, Who
from kokuho_core.conformance.expectation import Key
from kokuho_core.conformance.judgement import MISSING, UNEXPECTED, Deviation
from kokuho_core.conformance.run import Played
from kokuho_core.conformance.sentences import Sentences
from kokuho_core.conformance.story import Pair

_FINDING: Final = ("kind", "addressee_number", "from_insurer", "to_insurer", "period_start")
_HOUSEHOLD_FILES: Final = ("KEIKOHO", "KEIKAKU", "KOHIKI", "KOHIKEKKA")
_SHOWN_OF_UNEXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "TOKUSO": ("qualification_acquired", "qualification_lost", "status", "carried_from", "application_end"),
    "KEIKOHO": ("moved_on", "suggestion", "suggestion_reason", "occurrence_count"),
    "KOHIKI": ("treatment_month",),
}
"""What a row that should not be there is known by."""


@frozen
class ComparedField:
    """一項目の対比."""

    name: str
    expected: str
    actual: str

    @property
    def differs(self) -> bool:
        return self.expected != self.actual


@frozen
class Comparison:
    """対比 of one row. ``told_to``: the municipality it is for; ``expected`` and ``actual``: what differs, in words;
    ``is_whole``: the row itself is missing, or should not be there."""

    rule: str
    told_to: str
    file: str
    subject: str
    fields: tuple[ComparedField, ...]
    expected: str
    actual: str
    sentence: str
    is_whole: bool = False


def comparisons(played: Played, say: Sentences) -> tuple[Comparison, ...]:
    """Each row that differs once, in the order of the judgement."""
    seen: set[tuple[Key, str]] = set()
    compared = _Compared.of(played, say)
    found = []
    for each in played.deviations:
        name = (each.key, each.field if each.key.subject == () else "")
        if name not in seen:
            seen.add(name)
            found.append(compared.row(each))
    return tuple(found)


def about(played: Played) -> frozenset[Who]:
    """Whom the deviations are about: of households, the people who moved."""
    found: set[Who] = set()
    for each in played.deviations:
        found |= set(each.about)
        if each.key.file_id in ("TOKUSO", "HIHOID") and each.key.subject:
            found.add((each.key.insurer, each.key.subject[0]))
        elif each.key.file_id == "SHOKEKKA":
            found |= _of_record(played, *each.key.subject)
    return frozenset(found)


def _of_record(played: Played, source: str, line: int) -> set[Who]:
    """Whom a record that was answered speaks of; the first record stands on line 2."""
    rows = [
        each.rows[line - 2] for each in played.story.sendings() if each.name == source and line - 2 < len(each.rows)
    ]
    return {(row["insurer_number"], row["addressee_number"]) for row in rows if "addressee_number" in row}


@define
class _Compared:
    say: Sentences
    cast: Cast
    expected: Mapping[Key, Mapping[str, Any]]
    standing: Mapping[Key, Mapping[str, Any]]

    @classmethod
    def of(cls, played: Played, say: Sentences) -> _Compared:
        rows = played.expectations[-1].rows if played.expectations else {}
        known = {(key.insurer, *key.subject) for key in rows if key.file_id == "HIHOID"}
        expected = {key: told.values for key, told in rows.items()}
        return cls(say, Cast.of(played.story), expected, played.returned.standing(known))

    def row(self, deviation: Deviation) -> Comparison:
        key, say = deviation.key, self.say
        if not key.file_id:
            field = ComparedField(deviation.field, f"{deviation.expected}", f"{deviation.actual}")
            told = say.unanswered(field.name, field.actual)
            return Comparison(deviation.rule, "", "", "", (field,), field.expected, field.actual, told)
        fields = tuple(self._fields(deviation))
        subject = self._subject(key)
        is_missing, is_unexpected = deviation.actual == MISSING, deviation.expected == UNEXPECTED
        expected = say.nothing() if is_unexpected else self._told(key, fields, "expected")
        actual = say.nothing() if is_missing else self._told(key, fields, "actual")
        sentence = say.compared(key.insurer, key.file_id, subject, expected, actual)
        return Comparison(
            deviation.rule, say.municipality(key.insurer), say.file(key.file_id), subject, fields, expected, actual, sentence,
            is_missing or is_unexpected,
        )  # fmt: skip

    def _fields(self, deviation: Deviation) -> Iterator[ComparedField]:
        key = deviation.key
        if key.file_id == "SHOKEKKA" or key.subject == ():
            name = deviation.field
            yield self._field(key, name, deviation.expected, deviation.actual)
            return
        actual = self.standing.get(key)
        expected = self.expected.get(key) if deviation.expected != UNEXPECTED else None
        names = expected or _shown(key, actual or {})
        for name in names:
            yield self._field(
                key, name, MISSING if expected is None else expected[name], MISSING if actual is None else actual.get(name)
            )

    def _field(self, key: Key, name: str, expected: Any, actual: Any) -> ComparedField:
        shown = (
            "—" if value == MISSING and name != "result" else self.say.nothing() if value == MISSING
            else self.say.value(key.file_id, name, value)
            for value in (expected, actual)
        )  # fmt: skip
        return ComparedField(self.say.field(key.file_id, name), *shown)

    def _told(self, key: Key, fields: tuple[ComparedField, ...], side: str) -> str:
        if key.file_id == "KAKUNIN" and key.subject:
            values = (self.expected if side == "expected" else self.standing).get(key, {})
            return self.say.finding({"period_start": None, **values, **_finding_subject(key)})
        return self.say.fields([(each.name, getattr(each, side)) for each in fields if each.differs])

    def _subject(self, key: Key) -> str:
        subject = key.subject
        match key.file_id:
            case "TOKUSO" if subject:
                return self.say.period(self._person(key), subject[1])
            case "HIHOID" | "KAKUNIN" if subject:
                return self._person(key)
            case "SHOKEKKA":
                return self.say.record(*subject)
            case file_id if file_id in _HOUSEHOLD_FILES and len(subject) >= len(Pair._fields):
                pair = Pair(*subject[: len(Pair._fields)])
                return self.say.pair((pair[0], pair[1]), (pair[2], pair[3]))
            case _:
                return ""

    def _person(self, key: Key) -> str:
        addressee = key.subject[1] if key.file_id == "KAKUNIN" else key.subject[0]
        someone = self.cast.get((key.insurer, addressee))
        return self.say.stranger(addressee) if someone is None else self.say.person(someone.number, someone.name)


def _finding_subject(key: Key) -> Mapping[str, Any]:
    """An identity conflict is named by kind and addressee alone."""
    return {name: value for name, value in zip(_FINDING, key.subject, strict=False) if name != "period_start" or value}


def _shown(key: Key, row: Mapping[str, Any]) -> list[str]:
    if key.file_id == "KAKUNIN":
        return [each for each in ("period_end", "days") if each in row]
    wanted = _SHOWN_OF_UNEXPECTED.get(key.file_id, ())
    return [each for each in wanted if each in row] or sorted(row)
