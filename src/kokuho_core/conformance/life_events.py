"""生活の出来事: what may happen to a household, and what the offices concerned say of it; each a function of the story so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from kokuho_core.conformance.choices import chance, pick
from kokuho_core.conformance.municipalities import HEIR, TAKEN_OVER
from kokuho_core.conformance.story import CANCELLED, CORRECTED, HIGH_COST, NEW, PERSON, Pair
from kokuho_core.conformance.telling import INSURED, Home, Owed, Someone, Telling
from kokuho_core.vocabulary.month import Month
from kokuho_core.vocabulary.reasons import (
    BIRTH,
    DEATH,
    EMPLOYEE_INSURANCE,
    LEFT_EMPLOYEE_INSURANCE,
    MOVED_IN_FROM_OUTSIDE,
    MOVED_IN_INSIDE,
    MOVED_OUT_INSIDE,
    MOVED_OUT_OF_PREFECTURE,
    OTHER,
    RESIDENCE_SPECIAL_ACQUIRED,
    RESIDENCE_SPECIAL_LOST,
    WELFARE_BEGAN,
)

_DAY: Final = timedelta(days=1)


def _move(life: Telling) -> None:
    _move_household(life, 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)


def _gap(life: Telling) -> None:
    _move_household(
        life, pick(life.choices, (1, 3, 30)), MOVED_OUT_INSIDE, pick(life.choices, (MOVED_IN_INSIDE, LEFT_EMPLOYEE_INSURANCE))
    )


def _overlap(life: Telling) -> None:
    _move_household(life, pick(life.choices, (-1, -4)), MOVED_OUT_INSIDE, MOVED_IN_INSIDE)


def _one_side_only(life: Telling) -> None:
    sides = ((MOVED_OUT_INSIDE, MOVED_IN_FROM_OUTSIDE), (MOVED_OUT_OF_PREFECTURE, MOVED_IN_INSIDE))
    _move_household(life, 0, *pick(life.choices, sides))


def _nobody_entered(life: Telling) -> None:
    _move_household(life, None, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)


def _nobody_left(life: Telling) -> None:
    """They enter elsewhere and the municipality left has not heard of it: an overlap without end."""
    home = life.some_home()
    if home is not None:
        movers = life.insured_of(home)
        for each in movers:
            each.row = None
        _enter(life, home, movers, movers[0], life.day, MOVED_IN_INSIDE)


def _leaving_told_late(life: Telling) -> None:
    """They enter elsewhere, and the municipality left hears of it in a later step, if ever: an overlap until then."""
    home = life.some_home()
    if home is None:
        return
    movers, day = life.insured_of(home), life.day
    left = [each.row for each in movers if each.row is not None]
    for each in movers:
        each.row = None
    _enter(life, home, movers, movers[0], day, MOVED_IN_INSIDE)

    def tell() -> None:
        for row in left:
            end = max(day, row["application_start"])
            life.correct(row, application_end=end, application_end_reason=MOVED_OUT_INSIDE)

    life.owed.append(Owed(movers, tell))


def _entering_told_late(life: Telling) -> None:
    """They leave, and the municipality entered hears of it in a later step, if ever: nobody has entered until then."""
    home = life.some_home()
    if home is None:
        return
    movers, day = life.insured_of(home), life.day
    for each in movers:
        life.end(each, day, MOVED_OUT_INSIDE)
        each.last = None  # he is somewhere, though no office says so

    def tell() -> None:
        _enter(life, home, movers, movers[0], day, MOVED_IN_INSIDE)

    life.owed.append(Owed(movers, tell))


def _back_at_once(life: Telling) -> None:
    """Gone and insured anew in the same municipality on one day, by reasons that fit together or do not."""
    home = life.some_home()
    if home is None:
        return
    person = pick(life.choices, life.insured_of(home))
    life.end(person, life.day, pick(life.choices, (MOVED_OUT_INSIDE, MOVED_OUT_OF_PREFECTURE, EMPLOYEE_INSURANCE)))
    life.insure(person, home, life.day, pick(life.choices, (LEFT_EMPLOYEE_INSURANCE, MOVED_IN_INSIDE)))


def _municipalities_merge(life: Telling) -> None:
    """One municipality takes over another: its people are recorded anew there, and nobody has moved (Q-10)."""
    if life.merged_on is not None:
        _move(life)
        return
    life.merged_on = life.day
    are_ended = not chance(life.choices, 4)
    for home in [each for each in life.insured_homes() if each.insurer == TAKEN_OVER.insurer_number]:
        people = life.insured_of(home)
        anew = life.new_home(HEIR.insurer_number, home.head if home.head in people else people[0], life.day, "99")
        for each in people:
            if are_ended:
                life.end(each, life.day, OTHER)
            life.insure(each, anew, life.day, OTHER)


def _move_household(life: Telling, days_between: int | None, leaves: str, enters: str) -> None:
    """All insured members; the head stays head, or another of them becomes it."""
    home = life.some_home()
    if home is None:
        return
    movers = life.insured_of(home)
    head = home.head if home.head in movers else movers[0]
    if len(movers) > 1 and chance(life.choices, 4):
        head = movers[-1]
    _leave_and_enter(life, home, movers, head, days_between, leaves, enters)


def _part_moves(life: Telling) -> None:
    """Some go, some stay; who goes may be the head."""
    home = life.some_home()
    if home is None or len(life.insured_of(home)) < 2:
        return
    insured = life.insured_of(home)
    movers = insured[: life.choices.below(len(insured) - 1) + 1] if chance(life.choices, 2) else insured[-1:]
    _leave_and_enter(life, home, movers, movers[0], 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)
    staying = life.insured_of(home)
    if home.head in movers and staying and not chance(life.choices, 3):
        life.tell_head(home, staying[0], life.day, "04")


def _one_leaves_at_the_move(life: Telling) -> None:
    """On the day of the move one of the household dies or finds other cover, who may be its head (X-17, H-5)."""
    home = life.some_home()
    if home is None or len(life.insured_of(home)) < 2:
        return
    person = pick(life.choices, life.insured_of(home))
    reason = pick(life.choices, (EMPLOYEE_INSURANCE, DEATH, WELFARE_BEGAN))
    life.end(person, life.day, reason)
    if reason == DEATH:
        person.last = None
    movers = life.insured_of(home)
    stays_head = home.head is person and reason == EMPLOYEE_INSURANCE and chance(life.choices, 2)
    head = home.head if home.head in movers else movers[0]
    entered = _leave_and_enter(life, home, movers, head, 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)
    if stays_head and entered is not None:
        life.become_nominal(entered, person, life.day)


def _one_comes_at_the_move(life: Telling) -> None:
    """On the day of the move somebody joins the household where it goes: a child, or one who had other cover."""
    home = life.some_home()
    if home is None:
        return
    movers = life.insured_of(home)
    entered = _leave_and_enter(life, home, movers, movers[0], 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)
    if entered is not None:
        is_child = chance(life.choices, 2)
        reason = BIRTH if is_child else LEFT_EMPLOYEE_INSURANCE
        life.insure(life.somebody(life.day if is_child else None), entered, life.day, reason)


def _joins(life: Telling) -> None:
    """A household moves into another municipality's household; the head there, or the one who comes, is head."""
    home = life.some_home()
    others = [each for each in life.insured_homes() if home is not None and each.insurer != home.insurer]
    if home is None or not others:
        return
    other, movers = pick(life.choices, others), life.insured_of(home)
    _leave_and_enter(life, home, movers, None, 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE, other)
    if chance(life.choices, 2):
        life.tell_head(other, movers[0], life.day, "06")


def _leave_and_enter(
    life: Telling,
    home: Home,
    movers: Sequence[Someone],
    head: Someone | None,
    days_between: int | None,
    leaves: str,
    enters: str,
    into: Home | None = None,
) -> Home | None:
    for each in movers:
        life.end(each, life.day - timedelta(days=days_between or 0), leaves)
    return None if days_between is None else _enter(life, home, movers, head, life.day, enters, into)


def _enter(
    life: Telling,
    home: Home,
    movers: Sequence[Someone],
    head: Someone | None,
    entered: date,
    enters: str,
    into: Home | None = None,
) -> Home | None:
    """Into household ``into``, back into one of ``head``'s own, or into a new one."""
    insurer = into.insurer if into is not None else life.elsewhere(home.insurer)
    back = [each for each in life.homes if each.insurer == insurer and each.head is head and not life.insured_of(each)]
    if into is None and head is not None:
        into = back[0] if back and chance(life.choices, 2) else life.new_home(insurer, head, entered, "03")
    if into is None:
        return None
    for each in movers:
        life.insure(each, into, entered, enters)
    pair = Pair(*home.key, *into.key)
    if pair not in life.pairs:
        life.pairs.append(pair)
    return into


def _leaves_insurance(life: Telling) -> None:
    """Employee insurance, death, welfare, another prefecture: one of the household, who may be its head."""
    home = life.some_home()
    if home is None:
        return
    insured = life.insured_of(home)
    person = pick(life.choices, insured)
    reason = pick(life.choices, (EMPLOYEE_INSURANCE, DEATH, WELFARE_BEGAN, MOVED_OUT_OF_PREFECTURE))
    life.end(person, life.day, reason)
    staying = life.insured_of(home)
    if home.head is person and staying:
        if reason == EMPLOYEE_INSURANCE and chance(life.choices, 2):
            life.become_nominal(home, person, life.day)
        else:
            life.tell_head(home, staying[0], life.day, "04")
    if reason == DEATH:
        person.last = None


def _comes_back(life: Telling) -> None:
    """Somebody who was insured before is insured anew, in his own municipality or in another."""
    gone = [each for each in life.people if each.row is None and each.last is not None]
    if not gone:
        return
    person = pick(life.choices, gone)
    last = person.last or {}
    offices = life.offices()
    own = last["insurer_number"] if last["insurer_number"] in offices else HEIR.insurer_number
    insurer = pick(life.choices, (own, *offices))
    start = max(life.day, last["application_end"] + pick(life.choices, (_DAY, timedelta(40))))
    home = life.new_home(insurer, person, start, "02")
    life.insure(person, home, start, pick(life.choices, (LEFT_EMPLOYEE_INSURANCE, MOVED_IN_FROM_OUTSIDE, OTHER)))


def _birth(life: Telling) -> None:
    home = life.some_home()
    if home is not None:
        life.insure(life.somebody(life.day), home, life.day, BIRTH)


def _head_changes(life: Telling) -> None:
    home = life.some_home()
    others = [each for each in life.insured_of(home) if each is not home.head] if home is not None else []
    if home is not None and others:
        life.tell_head(home, others[0], life.day, "04")


def _special_residence(life: Telling) -> None:
    """住所地特例: he moves into a home elsewhere and stays with his insurer under another number (D-9)."""
    home = life.some_home()
    if home is None:
        return
    person = pick(life.choices, life.insured_of(home))
    life.end(person, life.day, RESIDENCE_SPECIAL_LOST)
    own = life.new_home(home.insurer, person, life.day, "05")
    if not chance(life.choices, 6):
        life.insure(person, own, life.day, RESIDENCE_SPECIAL_ACQUIRED)


def _same_day(life: Telling) -> None:
    """Insured and gone on one day (同日得喪): covers nothing (P-2)."""
    home = life.some_home()
    if home is None:
        return
    person = pick(life.choices, life.insured_of(home))
    other = life.elsewhere(home.insurer)
    passing = life.new_home(other, person, life.day, "02")
    row = life.record(person, passing, life.day, pick(life.choices, (MOVED_IN_INSIDE, MOVED_IN_FROM_OUTSIDE)))
    life.tell_person({**row, "application_end": life.day, "application_end_reason": MOVED_OUT_OF_PREFECTURE})


def _ended_rows(life: Telling) -> list[dict[str, Any]]:
    return [
        row for rows in life.rows.values() for row in rows if row["insured_kind"] == INSURED and row["application_end"]
    ]


def _corrected(life: Telling) -> None:
    """A date was wrong: the record is corrected under its history number (P-7)."""
    rows = _ended_rows(life)
    if not rows:
        return
    row = pick(life.choices, rows)
    days = timedelta(days=pick(life.choices, (1, -1, 7)))
    if chance(life.choices, 3) and row["application_start"] + days <= row["application_end"]:
        _replace(life, row, application_start=row["application_start"] + days)
    elif row["application_start"] <= row["application_end"] + days:
        _replace(life, row, application_end=row["application_end"] + days)


def _replace(life: Telling, row: dict[str, Any], **changes: Any) -> None:
    """Unless another period of the same person is in the way (P-3): then the office would not have said so."""
    others = [
        each for each in life.rows[row["insurer_number"], row["addressee_number"]]
        if each is not row and each["insured_kind"] == INSURED and each["application_start"] != row["application_start"]
    ]  # fmt: skip
    changed = {**row, **changes}
    if all(_apart(changed, each) for each in others):
        _forget(life, row, life.correct(row, **changes))


def _forget(life: Telling, row: dict[str, Any], now: dict[str, Any] | None) -> None:
    for person in life.people:
        if person.last is not None and _is_same(person.last, row):
            person.last = now


def _cancelled(life: Telling) -> None:
    rows = _ended_rows(life)
    if rows:
        row = pick(life.choices, rows)
        life.tell_person(row, CANCELLED)
        _forget(life, row, None)


def _anew(life: Telling) -> None:
    """Cancelled, and sent anew as another record; the cancelled one stays cancelled."""
    rows = _ended_rows(life)
    if rows:
        row = pick(life.choices, rows)
        life.tell_person(row, CANCELLED)
        history = life.next_history(row["insurer_number"], row["addressee_number"])
        end = row["application_end"] + timedelta(days=pick(life.choices, (0, 0, 2)))
        again = {**row, "history_number": history}
        others = [
            each for each in life.rows[row["insurer_number"], row["addressee_number"]] if each["insured_kind"] == INSURED
        ]
        if all(_apart({**again, "application_end": end}, each) for each in others):
            again["application_end"] = end
        _forget(life, row, life.tell_person(again))


def _month(life: Telling) -> None:
    """高額該当: one to four months up to now (H-1)."""
    _tell_months(life, range(pick(life.choices, (1, 1, 2, 4, 13))), life.insured_homes())


def _late_month(life: Telling) -> None:
    """A month that becomes known after its household has moved away (H-7)."""
    left = [each for each in life.homes if not life.insured_of(each)]
    _tell_months(life, (1 + life.choices.below(3),), left or life.homes)


def _tell_months(life: Telling, back: Iterable[int], homes: Sequence[Home]) -> None:
    if not homes:
        return
    home = pick(life.choices, homes)
    now = Month.containing(life.day)
    for each in back:
        month = now.plus(-each)
        kind = pick(life.choices, ("1", "1", "1", "2"))
        if any(row["treatment_month"] == month and row["occurrence_kind"] == kind for row in home.months):
            continue
        row = {
            "insurer_number": home.insurer, "household_number": home.number, "treatment_month": month, "update_kind": NEW,
            "occurrence_kind": kind, "paid_amount": pick(life.choices, (12_000, 0)),
        }  # fmt: skip
        home.months.append(row)
        life.say(HIGH_COST, row)


def _month_cancelled(life: Telling) -> None:
    """A month is taken back; rather one that was carried on than another (H-7)."""
    told = [(home, row) for home in life.homes for row in home.months]
    passed_on = {(each.from_insurer, each.from_household_number) for each in life.decided}
    told = [(home, row) for home, row in told if home.key in passed_on] or told
    if told:
        home, row = pick(life.choices, told)
        home.months.remove(row)
        life.say(HIGH_COST, {**row, "update_kind": CANCELLED})


def _number_later(life: Telling) -> None:
    """The number of somebody without one becomes known (I-3)."""
    for person in life.people:
        if person.number is None and person.row is not None:
            person.number = person.serial
            person.row = life.correct(person.row, individual_number=person.number)
            return
    _move(life)


def _number_changes(life: Telling) -> None:
    """A new number was given; the record names the one before (I-4)."""
    insured = [each for each in life.people if each.row is not None and each.number is not None]
    if insured:
        person = pick(life.choices, insured)
        before, person.number = person.number, 100 + person.serial + (person.number or 0)
        person.row = life.correct(
            person.row or {}, individual_number=person.number, previous_individual_number=before
        )


def _other_persons_number(life: Telling) -> None:
    """Somebody is sent with the number of another, and another birth date (I-1): held, in a step of its own."""
    known = [each for each in life.people if each.number is not None and each.row is not None]
    if not known:
        return
    if life.pending:
        life.close_step()
    known_person = pick(life.choices, known)
    impostor = life.somebody(date(1999, 9, 9))
    impostor.number, impostor.is_protected = known_person.number, False
    insurer = life.elsewhere((known_person.row or {})["insurer_number"])
    home = life.new_home(insurer, impostor, life.day, "02")
    life.insure(impostor, home, life.day, MOVED_IN_FROM_OUTSIDE)
    impostor.row = impostor.last = None
    life.close_step()
    life.is_over = True


def _refused_overlap(life: Telling) -> None:
    """A second period of one person over the first, in one municipality: refused (P-3)."""
    rows = [row for row in _ended_rows(life) if row["application_start"] + _DAY < row["application_end"]]
    if rows:
        row = pick(life.choices, rows)
        history = life.next_history(row["insurer_number"], row["addressee_number"])
        wrong = {**row, "history_number": history, "update_kind": NEW, "application_start": row["application_start"] + _DAY}
        _alone(life, wrong)


def _refused_anew(life: Telling) -> None:
    """A cancelled record under its old history number: refused (P-7, X-4)."""
    rows = _ended_rows(life)
    if rows:
        row = pick(life.choices, rows)
        life.tell_person(row, CANCELLED)
        _forget(life, row, None)
        _alone(life, {**row, "update_kind": NEW})


def _refused_correction(life: Telling) -> None:
    """A correction of a record that was never sent: refused (X-4)."""
    rows = _ended_rows(life)
    if rows:
        row = pick(life.choices, rows)
        history = life.next_history(row["insurer_number"], row["addressee_number"])
        _alone(life, {**row, "history_number": history, "update_kind": CORRECTED})


def _alone(life: Telling, row: dict[str, Any]) -> None:
    """In a file of its own, so that nothing else of the person is refused with it."""
    life.moment += timedelta(minutes=1)
    life.pending.append((PERSON, row["insurer_number"], [{**row, "updated_at": life.moment}]))
    life.close_step()


EVENTS: Final[Mapping[str, Callable[[Telling], None]]] = {
    "anew": _anew,
    "back at once": _back_at_once,
    "birth": _birth,
    "cancelled": _cancelled,
    "comes back": _comes_back,
    "corrected": _corrected,
    "entering told late": _entering_told_late,
    "gap": _gap,
    "head changes": _head_changes,
    "joins": _joins,
    "late month": _late_month,
    "leaving told late": _leaving_told_late,
    "leaves insurance": _leaves_insurance,
    "month": _month,
    "month cancelled": _month_cancelled,
    "move": _move,
    "municipalities merge": _municipalities_merge,
    "nobody entered": _nobody_entered,
    "nobody left": _nobody_left,
    "number changes": _number_changes,
    "number later": _number_later,
    "one comes at the move": _one_comes_at_the_move,
    "one leaves at the move": _one_leaves_at_the_move,
    "one side only": _one_side_only,
    "other person's number": _other_persons_number,
    "overlap": _overlap,
    "part moves": _part_moves,
    "refused anew": _refused_anew,
    "refused correction": _refused_correction,
    "refused overlap": _refused_overlap,
    "same day": _same_day,
    "special residence": _special_residence,
}
"""What may happen, by the names that themes use."""


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("insurer_number", "addressee_number", "history_number")
    return all(one[key] == other[key] for key in keys)


def _apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Two periods of one person in one municipality without a common day, or the same application period."""
    if one["application_start"] == other["application_start"]:
        return True
    first, second = sorted((one, other), key=lambda row: row["application_start"])
    return bool(first["application_end"]) and first["application_end"] <= second["application_start"]
