"""不適合の経過図: the people of a fault as pictures, with what was expected and what came back among the findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from attrs import evolve

from kokuho_adapters.conformance.layout_wording import LayoutWording
from kokuho_adapters.timeline import Bar, BarStyle, DotKind, Lane, Mark, MarkKind, MonthDot, MoveArrow, Timeline
from kokuho_core.conformance.cast import Cast, Someone, person_rows
from kokuho_core.conformance.comparison import about
from kokuho_core.conformance.run import Played
from kokuho_core.conformance.story import CANCELLED, HIGH_COST, PERSON, Row, Story
from kokuho_core.vocabulary.reasons import MOVED_IN_INSIDE, MOVED_OUT_INSIDE

MOST_PEOPLE: Final = 4
"""A fault is about one or two people as a rule; of a big household a few are enough."""
_MARKS: Final = {
    "1": MarkKind.OVERLAP, "2": MarkKind.GAP, "3": MarkKind.IDENTITY, "4": MarkKind.ONE_SIDED, "5": MarkKind.UNMATCHED,
}  # fmt: skip
_OUTPATIENT: Final = "2"


def timelines(played: Played) -> tuple[Timeline, ...]:
    """One picture for each person concerned; for everybody where the fault is about nobody in particular."""
    cast = Cast.of(played.story)
    concerned = about(played)
    people = [each for each in cast.people if not concerned.isdisjoint(each.addressees)] or list(cast.people)
    return tuple(_timeline(played, someone) for someone in people[:MOST_PEOPLE])


def _timeline(played: Played, someone: Someone) -> Timeline:
    story = played.story
    rows = [row for row in person_rows(story) if _is_of(someone, row)]
    names: dict[str, str] = {each.insurer_number: each.name for each in story.insurers}
    standing = tuple(_lanes(_standing(rows), someone, names))
    places = {each: place for place, each in enumerate(_insurers(someone))}
    marks = tuple(_marks(played, someone, places))
    return Timeline(
        title=f"{someone.name}さん(人{someone.number})の経過" if someone.name else f"人{someone.number}の経過",
        subtitle="帯は届け出られた適用期間、確認事項は期待と返却",
        as_of=story.steps[-1].as_of,
        lanes=(*standing, *_earlier_lanes(rows, names)),
        marks=marks,
        arrows=tuple(_arrows(_standing(rows), places)),
        months=tuple(_months(story, {(row["insurer_number"], row["household_number"]) for row in rows})),
    )


def _is_of(someone: Someone, row: Row) -> bool:
    return (row["insurer_number"], row["addressee_number"]) in someone.addressees


def _insurers(someone: Someone) -> list[str]:
    return list(dict.fromkeys(insurer for insurer, _ in someone.addressees))


def _identity(row: Row) -> tuple[Any, ...]:
    return row["insurer_number"], row["addressee_number"], row["history_number"]


def _standing(rows: Iterable[Row]) -> list[Row]:
    """The last word on each record, without cancelled ones."""
    latest: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        latest.pop(_identity(row), None)
        if row["update_kind"] != CANCELLED:
            latest[_identity(row)] = row
    found = [row for row in latest.values() if row["application_start"] is not None]
    return sorted(found, key=lambda row: row["application_start"])


def _lanes(standing: list[Row], someone: Someone, names: Mapping[str, str]) -> Iterator[Lane]:
    for insurer in _insurers(someone):
        bars = tuple(_bar(row) for row in standing if row["insurer_number"] == insurer)
        numbers = "・".join(number for own, number in someone.addressees if own == insurer)
        yield Lane(names.get(insurer, insurer), bars, f"宛名番号 {numbers}")


def _bar(row: Row, style: BarStyle = BarStyle.NORMAL) -> Bar:
    words = LayoutWording()
    start_reason, end_reason = row["application_start_reason"], row["application_end_reason"]
    return Bar(
        start=row["application_start"],
        end=row["application_end"],
        label=f"世帯{row['household_number']}" if style is BarStyle.NORMAL else "",
        start_text=words.code(PERSON, "application_start_reason", start_reason) if start_reason else "",
        end_text=words.code(PERSON, "application_end_reason", end_reason) if end_reason else "",
        style=style,
    )


def _earlier_lanes(rows: list[Row], names: Mapping[str, str]) -> Iterator[Lane]:
    """What was corrected (dashed) or cancelled (struck out): of one record its dates, where they changed."""
    earlier: dict[str, list[Bar]] = {}
    latest: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        before = latest.get(_identity(row))
        if row["application_start"] is not None:
            if row["update_kind"] == CANCELLED:
                earlier.setdefault(row["insurer_number"], []).append(_bar(row, BarStyle.CANCELLED))
            elif before is not None and _is_moved(before, row):
                earlier.setdefault(row["insurer_number"], []).append(_bar(before, BarStyle.REPLACED))
        latest[_identity(row)] = row
    for insurer, bars in earlier.items():
        for place, bar in enumerate(bars, 1):  # one below the other: they overlap as a rule
            detail = "訂正前の記録" if bar.style is BarStyle.REPLACED else "取り消された記録"
            yield Lane(names.get(insurer, insurer), (bar,), f"{detail}{place if len(bars) > 1 else ''}")


def _is_moved(before: Row, row: Row) -> bool:
    """An end that becomes known is how things go, not the correction of a mistake."""
    if before["application_start"] is None:
        return False
    is_end_changed = before["application_end"] is not None and before["application_end"] != row["application_end"]
    return is_end_changed or bool(before["application_start"] != row["application_start"])


def _arrows(standing: list[Row], places: Mapping[str, int]) -> Iterator[MoveArrow]:
    """県内異動: from a period that ends by one to the next that begins by one."""
    for left in standing:
        if left["application_end_reason"] == MOVED_OUT_INSIDE and left["application_end"] is not None:
            later = [
                row for row in standing
                if row["application_start_reason"] == MOVED_IN_INSIDE and row["insurer_number"] != left["insurer_number"]
                and row["application_start"] >= left["application_start"]
            ]  # fmt: skip
            if later:
                entered = later[0]
                yield MoveArrow(entered["application_start"], places[left["insurer_number"]], places[entered["insurer_number"]])


def _marks(played: Played, someone: Someone, places: Mapping[str, int]) -> Iterator[Mark]:
    """KAKUNIN on both sides, each once: expected, returned, or both."""
    if not played.expectations:
        return
    rows = played.expectations[-1].rows
    known = {(key.insurer, *key.subject) for key in rows if key.file_id == "HIHOID"}
    expected = {key: told.values for key, told in rows.items() if key.file_id == "KAKUNIN"}
    returned = {key: row for key, row in played.returned.standing(known).items() if key.file_id == "KAKUNIN"}
    seen: set[tuple[Any, ...]] = set()
    for key in [*expected, *(each for each in returned if each not in expected)]:
        if (key.insurer, key.subject[1]) not in someone.addressees:
            continue
        values, row = expected.get(key), returned.get(key)
        mark = _mark(key.subject, {**(row or {}), **(values or {})}, places)
        state = "期待どおり" if _agree(values, row) else "期待のみ(返却なし)" if row is None else (
            "返却のみ(期待なし)" if values is None else "期待と返却が違う"
        )  # fmt: skip
        to_whom = played_name(played.story, key.insurer)
        if mark is not None and (identity := (mark.kind, mark.start, mark.end, state, to_whom)) not in seen:
            seen.add(identity)
            days = f" {(mark.end - mark.start).days}日" if mark.end is not None and mark.end > mark.start else ""
            yield evolve(mark, label=f"{_KIND_WORDS[mark.kind]}{days} — {to_whom}へ {state}")


_KIND_WORDS: Final = {
    MarkKind.OVERLAP: "重複",
    MarkKind.GAP: "空白",
    MarkKind.ONE_SIDED: "片側のみ",
    MarkKind.UNMATCHED: "相手なし",
    MarkKind.IDENTITY: "本人確認不一致",
}


def played_name(story: Story, insurer: str) -> str:
    """What a municipality of the story is called."""
    return next((each.name for each in story.insurers if each.insurer_number == insurer), insurer)


def _agree(values: Mapping[str, Any] | None, row: Mapping[str, Any] | None) -> bool:
    if values is None or row is None:
        return False
    return all(row.get(name) == value for name, value in values.items())


def _mark(subject: tuple[Any, ...], values: Mapping[str, Any], places: Mapping[str, int]) -> Mark | None:
    start = subject[4] if len(subject) > 4 else values.get("period_start")
    if not isinstance(start, date):
        return None
    sides = tuple(places[each] for each in subject[2:4] if each in places)
    return Mark(_MARKS[subject[0]], start, values.get("period_end"), sides)


def _months(story: Story, homes: set[tuple[str, str]]) -> Iterator[MonthDot]:
    """高額該当月 told for the households the person was in."""
    latest: dict[tuple[Any, ...], Row] = {}
    for sending in story.sendings():
        for row in sending.rows if sending.file_id == HIGH_COST else ():
            if (row["insurer_number"], row["household_number"]) in homes:
                name = (row["insurer_number"], row["household_number"], row["treatment_month"], row["occurrence_kind"])
                latest[name] = row
    for row in latest.values():
        if row["update_kind"] != CANCELLED:
            kind = DotKind.OUTPATIENT if row["occurrence_kind"] == _OUTPATIENT else DotKind.HOUSEHOLD
            yield MonthDot(row["treatment_month"].first_day, kind, f"世帯{row['household_number']}")
