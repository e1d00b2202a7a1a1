"""生活史の生成: what happens to a few people and households in a prefecture, legal by construction, and what its offices send.

Everything here is told as it happens: somebody moves, joins an employer's insurance, is born, dies; an office records it late,
wrongly, twice, or in one municipality only. What is to be judged of it is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, chance, pick
from kokuho_core.conformance.story import (
    CANCELLED,
    CORRECTED,
    HIGH_COST,
    HOUSEHOLD,
    NEW,
    PERSON,
    DecisionMade,
    Pair,
    Sending,
    Step,
    Story,
)
from kokuho_core.synthetic.plan import make_insurer
from kokuho_core.vocabulary.insurers import Insurer
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
    WELFARE_ENDED,
)

PREFECTURE: Final = "13"
_INSURED, _NOMINAL = "1", "2"
_DAY: Final = timedelta(days=1)
_BETWEEN_JUDGEMENTS: Final = timedelta(days=125)
_DAYS_BACK: Final = (1, 20, 60, 30, 31, 5, 120)
"""How long before the judgement something happens: thirty days is the wait for an answer, thirty-one are over it (P-6)."""
_SURNAMES: Final = ("見本", "試験", "架空", "仮名", "例示", "模擬", "練習", "雛形")
_KANA: Final = ("ミホン", "シケン", "カクウ", "カメイ", "レイジ", "モギ", "レンシュウ", "ヒナガタ")
_GIVEN: Final = (("太郎", "タロウ", "1"), ("花子", "ハナコ", "2"), ("次郎", "ジロウ", "1"), ("桃子", "モモコ", "2"))


def insurer(serial: int, name: str) -> Insurer:
    """A synthetic municipality; ``serial`` from 1 to 999."""
    return make_insurer(PREFECTURE, serial, name)


INSURERS: Final = (insurer(901, "あさひ市"), insurer(902, "みなと市"), insurer(903, "やまて町"))
"""保険者 of every story: synthetic municipalities of one prefecture."""

_NUMBERS: Final = tuple(each.insurer_number for each in INSURERS)
_HEIR, _, _TAKEN_OVER = INSURERS


@frozen
class Theme:
    """主題: which kinds of events a story leans to, and when it begins. ``events`` may name one several times."""

    name: str
    events: tuple[str, ...]
    first_day: date = date(2022, 1, 1)


_USUAL: Final = (
    "move", "move", "move", "part moves", "leaves insurance", "comes back", "birth", "head changes", "month", "month",
)  # fmt: skip
_AWRY: Final = ("gap", "overlap", "one side only", "nobody entered", "nobody left", "corrected", "cancelled")
THEMES: Final = (
    Theme("日々の異動", _USUAL),
    Theme("食い違う届出", (*_AWRY, *_USUAL[2:])),
    Theme("遅い届出", ("nobody left", "leaving told late", "entering told late", "nobody entered", "move", "corrected")),
    Theme("同じ日のこと", ("back at once", "back at once", "same day", "one side only", "move", "leaves insurance")),
    Theme("訂正と取消", ("move", "move", "corrected", "cancelled", "cancelled", "anew", "gap", "same day", "leaves insurance")),
    Theme(
        "世帯の分離と合併",
        ("part moves", "part moves", "joins", "joins", "one leaves at the move", "one comes at the move", "head changes"),
    ),
    Theme("高額該当と継続", ("month", "month", "move", "move", "part moves", "late month", "month cancelled", "month cancelled")),
    Theme("番号", ("number later", "number changes", "move", "move", "other person's number", "leaves insurance")),
    Theme("受け付けられない記録", ("refused overlap", "refused anew", "refused correction", "move", "cancelled", "month")),
    Theme("住所地特例", ("special residence", "move", "move", "special residence", "comes back")),
    Theme("2018年4月の前後", ("move", "move", "gap", "overlap", "month", "part moves"), date(2017, 12, 1)),
    Theme("市町村の合併", ("municipalities merge", "move", "move", "gap", "overlap", "nobody left", "month", "comes back")),
)


def tell(name: str, choices: Choices, theme: Theme | None = None) -> Story:
    """One life story. ``theme``: the kind of lives; without one it is drawn too."""
    return _Telling(choices, theme or pick(choices, THEMES)).story(name)


@define
class _Someone:
    """A person: what is true of him, and the record that is open where he is insured now."""

    serial: int
    number: int | None
    born: date
    is_protected: bool
    row: dict[str, Any] | None = None
    since: date = date.min
    last: dict[str, Any] | None = None


@define
class _Home:
    """A household in one municipality; ``rows`` are its records, ``months`` what was told of its high-cost months."""

    insurer: str
    number: str
    head: _Someone
    members: list[_Someone]
    rows: list[dict[str, Any]] = field(factory=list)
    months: list[dict[str, Any]] = field(factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.insurer, self.number


@frozen
class _Owed:
    """届出の遅れ: what an office has not heard yet, and about whom."""

    people: Sequence[_Someone]
    tell: Callable[[], None]


class _Telling:
    """One story on its way: who is where, and what each office has said so far."""

    def __init__(self, choices: Choices, theme: Theme) -> None:
        self.choices = choices
        self.theme = theme
        self.day = theme.first_day
        self.moment = datetime(2024, 1, 1, 9)
        self.people: list[_Someone] = []
        self.homes: list[_Home] = []
        self.pairs: list[Pair] = []
        self.listed: list[Pair] = []
        self.decided: list[Pair] = []
        self.owed: list[_Owed] = []
        self.merged_on: date | None = None
        self.rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.steps: list[Step] = []
        self.pending: list[tuple[str, str, list[dict[str, Any]]]] = []
        self.sequences: dict[tuple[str, str], int] = {}
        self.histories: dict[tuple[str, str], int] = {}
        self.household_numbers: dict[str, int] = {}
        self.sent: list[Sending] = []
        self.is_over = False

    # --- the story ---

    def story(self, name: str) -> Story:
        for _ in range(1 + chance(self.choices, 3)):
            self._settle()
        for _ in range(1 + self.choices.below(3)):
            for each in self.owed[:]:
                if not chance(self.choices, 3):
                    self._catch_up(each)
            for days in sorted((pick(self.choices, _DAYS_BACK) for _ in range(1 + self.choices.below(3))), reverse=True):
                if self.is_over:
                    break
                self.day = self._next_judgement() - timedelta(days)
                _EVENTS[pick(self.choices, self.theme.events)](self)
            if not self.is_over:
                self._close_step()
        if chance(self.choices, 4):
            self._send_again()
        return Story(name, self._insurers(), tuple(self.steps))

    def _insurers(self) -> tuple[Insurer, ...]:
        if self.merged_on is None:
            return INSURERS
        taken_over = evolve(_TAKEN_OVER, valid_until=self.merged_on, successor=_HEIR.insurer_number)
        return tuple(taken_over if each is _TAKEN_OVER else each for each in INSURERS)

    def _next_judgement(self) -> date:
        """Business dates stand at equal distances, so that stories side by side are judged on the days that each means."""
        return self.theme.first_day + _BETWEEN_JUDGEMENTS * (len(self.steps) + 1)

    def _close_step(self) -> None:
        """Everything said since the last step goes out; sometimes an office then decides what it was asked."""
        as_of = self._next_judgement()
        sendings = tuple(self._sendings())
        self.steps.append(Step(as_of, sendings, self._decisions(as_of)))
        self.listed = list(self.pairs)

    def _sendings(self) -> Iterable[Sending]:
        files: list[Sending] = []
        for file_id, sender, rows in self.pending:
            self.sequences[sender, file_id] = sequence = self.sequences.get((sender, file_id), 0) + 1
            files.append(Sending(file_id, sender, sequence, tuple(rows)))
        self.pending = []
        if len(files) > 1 and chance(self.choices, 4):  # one file is late: the next of its sender waits for it
            late = self.choices.below(len(files))
            files.append(files.pop(late))
        self.sent += files
        return files

    def _decisions(self, as_of: date) -> tuple[DecisionMade, ...]:
        """About pairs that were listed in an earlier step; a candidate that the system did not list is left out."""
        asked = [each for each in self.listed if each not in self.decided]
        made: list[DecisionMade] = []
        for pair in asked:
            if not chance(self.choices, 3):
                self.decided.append(pair)
                made.append(DecisionMade(pair, pick(self.choices, ("1", "1", "1", "2")), as_of))
        told = {each.pair: each.decision for step in self.steps for each in step.decisions}
        for pair in sorted(told.keys() - {each.pair for each in made}):
            if told[pair] != "3" and chance(self.choices, 5):
                made.append(DecisionMade(pair, "3", as_of))
        return tuple(made)

    def _send_again(self) -> None:
        """The same file once more: no effect."""
        again = pick(self.choices, self.sent)
        self.steps.append(Step(self._next_judgement(), (again,)))

    # --- what offices say ---

    def _say(self, file_id: str, row: dict[str, Any]) -> None:
        self.moment += timedelta(minutes=1)
        row = {**row, "updated_at": self.moment}
        sender = row["insurer_number"]
        own = [rows for *whose, rows in self.pending if whose == [file_id, sender]]
        if own and not chance(self.choices, 6):
            own[-1].append(row)  # never into an earlier file: a correction would overtake what it corrects
        else:
            self.pending.append((file_id, sender, [row]))

    def _tell_person(self, row: dict[str, Any], kind: str = NEW) -> dict[str, Any]:
        row = {**row, "update_kind": kind}
        records = self.rows.setdefault((row["insurer_number"], row["addressee_number"]), [])
        records[:] = [each for each in records if each["history_number"] != row["history_number"]]
        if kind != CANCELLED:
            records.append(row)
        self._say(PERSON, row)
        return row

    def _correct(self, row: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return self._tell_person({**row, **changes}, CORRECTED)

    def _next_history(self, *subject: str) -> int:
        key = (subject[0], "/".join(subject[1:]))
        self.histories[key] = self.histories.get(key, 0) + 1
        return self.histories[key]

    # --- people and households ---

    def _somebody(self, born: date | None = None, *, is_numbered: bool = True) -> _Someone:
        serial = len(self.people) + 1
        person = _Someone(
            serial,
            serial if is_numbered else None,
            born or date(1950 + 7 * serial % 50, 1 + serial % 12, 1 + serial % 28),
            chance(self.choices, 8),
        )
        self.people.append(person)
        return person

    def _record(self, person: _Someone, home: _Home, start: date | None, reason: str | None) -> dict[str, Any]:
        insurer, addressee = home.insurer, f"{person.serial}"
        given, kana, sex = _GIVEN[person.serial % len(_GIVEN)]
        return {
            "insurer_number": insurer,
            "addressee_number": addressee,
            "history_number": self._next_history(insurer, addressee),
            "individual_number": person.number,
            "previous_individual_number": None,
            "name": f"{_SURNAMES[person.serial % len(_SURNAMES)]}　{given}",
            "name_kana": f"{_KANA[person.serial % len(_KANA)]}　{kana}",
            "birth_date": person.born,
            "sex": sex,
            "address": f"{self._name_of(insurer)}見本町{person.serial}丁目",
            "card_number": home.number,
            "household_number": home.number,
            "member_start": None,
            "member_end": None,
            "relationship": "01" if home.head is person else "05",
            "insured_kind": _NOMINAL if start is None else _INSURED,
            "application_start": start,
            "application_start_reason": reason,
            "application_end": None,
            "application_end_reason": None,
            "special_case": "3" if reason == RESIDENCE_SPECIAL_ACQUIRED else "0",
            "address_withheld": "1" if person.is_protected else "0",
            "self_view_stopped": "0",
        }

    def _name_of(self, insurer: str) -> str:
        return next(each.name for each in INSURERS if each.insurer_number == insurer)

    def _insure(self, person: _Someone, home: _Home, start: date, reason: str) -> None:
        """From ``start``, or from the end the office has in its books for him: it would not record two periods at once (P-3)."""
        for each in self.owed[:]:
            if person in each.people:  # asked at the counter, he tells that too
                self._catch_up(each)
        known = self.rows.get((home.insurer, f"{person.serial}"), [])
        start = max([start, *(row["application_end"] for row in known if row["application_end"] is not None)])
        person.row = self._tell_person(self._record(person, home, start, reason))
        person.since = start
        if person not in home.members:
            home.members.append(person)

    def _end(self, person: _Someone, end: date, reason: str) -> None:
        """His cover here ends; the office says so by a correction of the open record."""
        if person.row is None:
            return
        person.last = self._correct(person.row, application_end=max(end, person.since), application_end_reason=reason)
        person.row = None

    def _catch_up(self, owed: _Owed) -> None:
        """A late notice comes at last."""
        self.owed.remove(owed)
        owed.tell()

    def _new_home(self, insurer: str, head: _Someone, day: date, reason: str, kind: str = _INSURED) -> _Home:
        self.household_numbers[insurer] = number = self.household_numbers.get(insurer, 0) + 1
        home = _Home(insurer, f"{number}", head, [])
        self.homes.append(home)
        self._tell_head(home, head, day, reason, kind)
        return home

    def _tell_head(self, home: _Home, head: _Someone, day: date, reason: str, kind: str = _INSURED) -> None:
        """A record of the household under its head; the record before it ends (H-4)."""
        since = home.rows[0]["household_start"] if home.rows else day
        if home.rows:
            home.rows[-1] = {**home.rows[-1], "update_kind": CORRECTED, "head_end": max(day, home.rows[-1]["head_start"])}
            self._say(HOUSEHOLD, home.rows[-1])
        row = {
            "insurer_number": home.insurer,
            "household_number": home.number,
            "history_number": self._next_history(home.insurer, "household", home.number),
            "update_kind": NEW,
            "card_number": home.number,
            "head_addressee_number": f"{head.serial}",
            "head_kind": kind,
            "head_start": day,
            "head_end": None,
            "household_start": since,
            "change_reason": reason,
            "changed_on": day,
            "notified_on": day,
        }
        home.head = head
        home.rows.append(row)
        self._say(HOUSEHOLD, row)

    def _become_nominal(self, home: _Home, head: _Someone, day: date) -> None:
        """The head is no longer insured himself, and stays head (擬制世帯主)."""
        self._tell_person(self._record(head, home, None, None))
        self._tell_head(home, head, day, "99", _NOMINAL)

    def _settle(self) -> None:
        """A household that was there before the story."""
        insurer = pick(self.choices, _NUMBERS)
        size = pick(self.choices, (1, 1, 2, 2, 3))
        hide_number = "number later" in self.theme.events and chance(self.choices, 2)
        members = [self._somebody(is_numbered=not (hide_number and i == 0)) for i in range(size)]
        home = self._new_home(insurer, members[0], self.day, "01")
        for each in members:
            reason = pick(self.choices, (LEFT_EMPLOYEE_INSURANCE, MOVED_IN_FROM_OUTSIDE, WELFARE_ENDED))
            self._insure(each, home, self.day, reason)

    # --- choosing whom it happens to ---

    def _insured_homes(self) -> list[_Home]:
        return [each for each in self.homes if self._insured_of(each)]

    def _some_home(self) -> _Home | None:
        homes = self._insured_homes()
        return pick(self.choices, homes) if homes else None

    def _elsewhere(self, insurer: str) -> str:
        return pick(self.choices, [each for each in self._offices() if each != insurer])

    def _offices(self) -> tuple[str, ...]:
        """The municipalities there are: one that was taken over enters nobody any more."""
        return _NUMBERS if self.merged_on is None else tuple(each for each in _NUMBERS if each != _TAKEN_OVER.insurer_number)

    def _insured_of(self, home: _Home) -> list[_Someone]:
        keys = ("insurer_number", "household_number")
        return [each for each in home.members if each.row is not None and tuple(each.row[key] for key in keys) == home.key]

    # --- events ---

    def _move(self) -> None:
        self._move_household(0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)

    def _gap(self) -> None:
        self._move_household(
            pick(self.choices, (1, 3, 30)), MOVED_OUT_INSIDE, pick(self.choices, (MOVED_IN_INSIDE, LEFT_EMPLOYEE_INSURANCE))
        )

    def _overlap(self) -> None:
        self._move_household(pick(self.choices, (-1, -4)), MOVED_OUT_INSIDE, MOVED_IN_INSIDE)

    def _one_side_only(self) -> None:
        sides = ((MOVED_OUT_INSIDE, MOVED_IN_FROM_OUTSIDE), (MOVED_OUT_OF_PREFECTURE, MOVED_IN_INSIDE))
        self._move_household(0, *pick(self.choices, sides))

    def _nobody_entered(self) -> None:
        self._move_household(None, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)

    def _nobody_left(self) -> None:
        """They enter elsewhere and the municipality left has not heard of it: an overlap without end."""
        home = self._some_home()
        if home is not None:
            movers = self._insured_of(home)
            for each in movers:
                each.row = None
            self._enter(home, movers, movers[0], self.day, MOVED_IN_INSIDE)

    def _leaving_told_late(self) -> None:
        """They enter elsewhere, and the municipality left hears of it in a later step, if ever: an overlap until then."""
        home = self._some_home()
        if home is None:
            return
        movers, day = self._insured_of(home), self.day
        left = [each.row for each in movers if each.row is not None]
        for each in movers:
            each.row = None
        self._enter(home, movers, movers[0], day, MOVED_IN_INSIDE)

        def tell() -> None:
            for row in left:
                end = max(day, row["application_start"])
                self._correct(row, application_end=end, application_end_reason=MOVED_OUT_INSIDE)

        self.owed.append(_Owed(movers, tell))

    def _entering_told_late(self) -> None:
        """They leave, and the municipality entered hears of it in a later step, if ever: nobody has entered until then."""
        home = self._some_home()
        if home is None:
            return
        movers, day = self._insured_of(home), self.day
        for each in movers:
            self._end(each, day, MOVED_OUT_INSIDE)
            each.last = None  # he is somewhere, though no office says so

        def tell() -> None:
            self._enter(home, movers, movers[0], day, MOVED_IN_INSIDE)

        self.owed.append(_Owed(movers, tell))

    def _back_at_once(self) -> None:
        """Gone and insured anew in the same municipality on one day, by reasons that fit together or do not."""
        home = self._some_home()
        if home is None:
            return
        person = pick(self.choices, self._insured_of(home))
        self._end(person, self.day, pick(self.choices, (MOVED_OUT_INSIDE, MOVED_OUT_OF_PREFECTURE, EMPLOYEE_INSURANCE)))
        self._insure(person, home, self.day, pick(self.choices, (LEFT_EMPLOYEE_INSURANCE, MOVED_IN_INSIDE)))

    def _municipalities_merge(self) -> None:
        """One municipality takes over another: its people are recorded anew there, and nobody has moved (Q-10)."""
        if self.merged_on is not None:
            self._move()
            return
        self.merged_on = self.day
        are_ended = not chance(self.choices, 4)
        for home in [each for each in self._insured_homes() if each.insurer == _TAKEN_OVER.insurer_number]:
            people = self._insured_of(home)
            anew = self._new_home(_HEIR.insurer_number, home.head if home.head in people else people[0], self.day, "99")
            for each in people:
                if are_ended:
                    self._end(each, self.day, OTHER)
                self._insure(each, anew, self.day, OTHER)

    def _move_household(self, days_between: int | None, leaves: str, enters: str) -> None:
        """All insured members; the head stays head, or another of them becomes it."""
        home = self._some_home()
        if home is None:
            return
        movers = self._insured_of(home)
        head = home.head if home.head in movers else movers[0]
        if len(movers) > 1 and chance(self.choices, 4):
            head = movers[-1]
        self._leave_and_enter(home, movers, head, days_between, leaves, enters)

    def _part_moves(self) -> None:
        """Some go, some stay; who goes may be the head."""
        home = self._some_home()
        if home is None or len(self._insured_of(home)) < 2:
            return
        insured = self._insured_of(home)
        movers = insured[: self.choices.below(len(insured) - 1) + 1] if chance(self.choices, 2) else insured[-1:]
        self._leave_and_enter(home, movers, movers[0], 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)
        staying = self._insured_of(home)
        if home.head in movers and staying and not chance(self.choices, 3):
            self._tell_head(home, staying[0], self.day, "04")

    def _one_leaves_at_the_move(self) -> None:
        """On the day of the move one of the household dies or finds other cover, who may be its head (X-17, H-5)."""
        home = self._some_home()
        if home is None or len(self._insured_of(home)) < 2:
            return
        person = pick(self.choices, self._insured_of(home))
        reason = pick(self.choices, (EMPLOYEE_INSURANCE, DEATH, WELFARE_BEGAN))
        self._end(person, self.day, reason)
        if reason == DEATH:
            person.last = None
        movers = self._insured_of(home)
        stays_head = home.head is person and reason == EMPLOYEE_INSURANCE and chance(self.choices, 2)
        head = home.head if home.head in movers else movers[0]
        entered = self._leave_and_enter(home, movers, head, 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)
        if stays_head and entered is not None:
            self._become_nominal(entered, person, self.day)

    def _one_comes_at_the_move(self) -> None:
        """On the day of the move somebody joins the household where it goes: a child, or one who had other cover."""
        home = self._some_home()
        if home is None:
            return
        movers = self._insured_of(home)
        entered = self._leave_and_enter(home, movers, movers[0], 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE)
        if entered is not None:
            is_child = chance(self.choices, 2)
            reason = BIRTH if is_child else LEFT_EMPLOYEE_INSURANCE
            self._insure(self._somebody(self.day if is_child else None), entered, self.day, reason)

    def _joins(self) -> None:
        """A household moves into another municipality's household; the head there, or the one who comes, is head."""
        home = self._some_home()
        others = [each for each in self._insured_homes() if home is not None and each.insurer != home.insurer]
        if home is None or not others:
            return
        other, movers = pick(self.choices, others), self._insured_of(home)
        self._leave_and_enter(home, movers, None, 0, MOVED_OUT_INSIDE, MOVED_IN_INSIDE, other)
        if chance(self.choices, 2):
            self._tell_head(other, movers[0], self.day, "06")

    def _leave_and_enter(
        self,
        home: _Home,
        movers: Sequence[_Someone],
        head: _Someone | None,
        days_between: int | None,
        leaves: str,
        enters: str,
        into: _Home | None = None,
    ) -> _Home | None:
        for each in movers:
            self._end(each, self.day - timedelta(days=days_between or 0), leaves)
        return None if days_between is None else self._enter(home, movers, head, self.day, enters, into)

    def _enter(
        self,
        home: _Home,
        movers: Sequence[_Someone],
        head: _Someone | None,
        entered: date,
        enters: str,
        into: _Home | None = None,
    ) -> _Home | None:
        """Into household ``into``, back into one of ``head``'s own, or into a new one."""
        insurer = into.insurer if into is not None else self._elsewhere(home.insurer)
        back = [each for each in self.homes if each.insurer == insurer and each.head is head and not self._insured_of(each)]
        if into is None and head is not None:
            into = back[0] if back and chance(self.choices, 2) else self._new_home(insurer, head, entered, "03")
        if into is None:
            return None
        for each in movers:
            self._insure(each, into, entered, enters)
        pair = Pair(*home.key, *into.key)
        if pair not in self.pairs:
            self.pairs.append(pair)
        return into

    def _leaves_insurance(self) -> None:
        """Employee insurance, death, welfare, another prefecture: one of the household, who may be its head."""
        home = self._some_home()
        if home is None:
            return
        insured = self._insured_of(home)
        person = pick(self.choices, insured)
        reason = pick(self.choices, (EMPLOYEE_INSURANCE, DEATH, WELFARE_BEGAN, MOVED_OUT_OF_PREFECTURE))
        self._end(person, self.day, reason)
        staying = self._insured_of(home)
        if home.head is person and staying:
            if reason == EMPLOYEE_INSURANCE and chance(self.choices, 2):
                self._become_nominal(home, person, self.day)
            else:
                self._tell_head(home, staying[0], self.day, "04")
        if reason == DEATH:
            person.last = None

    def _comes_back(self) -> None:
        """Somebody who was insured before is insured anew, in his own municipality or in another."""
        gone = [each for each in self.people if each.row is None and each.last is not None]
        if not gone:
            return
        person = pick(self.choices, gone)
        last = person.last or {}
        offices = self._offices()
        own = last["insurer_number"] if last["insurer_number"] in offices else _HEIR.insurer_number
        insurer = pick(self.choices, (own, *offices))
        start = max(self.day, last["application_end"] + pick(self.choices, (_DAY, timedelta(40))))
        home = self._new_home(insurer, person, start, "02")
        self._insure(person, home, start, pick(self.choices, (LEFT_EMPLOYEE_INSURANCE, MOVED_IN_FROM_OUTSIDE, OTHER)))

    def _birth(self) -> None:
        home = self._some_home()
        if home is not None:
            self._insure(self._somebody(self.day), home, self.day, BIRTH)

    def _head_changes(self) -> None:
        home = self._some_home()
        others = [each for each in self._insured_of(home) if each is not home.head] if home is not None else []
        if home is not None and others:
            self._tell_head(home, others[0], self.day, "04")

    def _special_residence(self) -> None:
        """住所地特例: he moves into a home elsewhere and stays with his insurer under another number (D-9)."""
        home = self._some_home()
        if home is None:
            return
        person = pick(self.choices, self._insured_of(home))
        self._end(person, self.day, RESIDENCE_SPECIAL_LOST)
        own = self._new_home(home.insurer, person, self.day, "05")
        if not chance(self.choices, 6):
            self._insure(person, own, self.day, RESIDENCE_SPECIAL_ACQUIRED)

    def _same_day(self) -> None:
        """Insured and gone on one day (同日得喪): covers nothing (P-2)."""
        home = self._some_home()
        if home is None:
            return
        person = pick(self.choices, self._insured_of(home))
        other = self._elsewhere(home.insurer)
        passing = self._new_home(other, person, self.day, "02")
        row = self._record(person, passing, self.day, pick(self.choices, (MOVED_IN_INSIDE, MOVED_IN_FROM_OUTSIDE)))
        self._tell_person({**row, "application_end": self.day, "application_end_reason": MOVED_OUT_OF_PREFECTURE})

    def _ended_rows(self) -> list[dict[str, Any]]:
        return [
            row for rows in self.rows.values() for row in rows if row["insured_kind"] == _INSURED and row["application_end"]
        ]

    def _corrected(self) -> None:
        """A date was wrong: the record is corrected under its history number (P-7)."""
        rows = self._ended_rows()
        if not rows:
            return
        row = pick(self.choices, rows)
        days = timedelta(days=pick(self.choices, (1, -1, 7)))
        if chance(self.choices, 3) and row["application_start"] + days <= row["application_end"]:
            self._replace(row, application_start=row["application_start"] + days)
        elif row["application_start"] <= row["application_end"] + days:
            self._replace(row, application_end=row["application_end"] + days)

    def _replace(self, row: dict[str, Any], **changes: Any) -> None:
        """Unless another period of the same person is in the way (P-3): then the office would not have said so."""
        others = [
            each for each in self.rows[row["insurer_number"], row["addressee_number"]]
            if each is not row and each["insured_kind"] == _INSURED and each["application_start"] != row["application_start"]
        ]  # fmt: skip
        changed = {**row, **changes}
        if all(_apart(changed, each) for each in others):
            self._forget(row, self._correct(row, **changes))

    def _forget(self, row: dict[str, Any], now: dict[str, Any] | None) -> None:
        for person in self.people:
            if person.last is not None and _is_same(person.last, row):
                person.last = now

    def _cancelled(self) -> None:
        rows = self._ended_rows()
        if rows:
            row = pick(self.choices, rows)
            self._tell_person(row, CANCELLED)
            self._forget(row, None)

    def _anew(self) -> None:
        """Cancelled, and sent anew as another record; the cancelled one stays cancelled."""
        rows = self._ended_rows()
        if rows:
            row = pick(self.choices, rows)
            self._tell_person(row, CANCELLED)
            history = self._next_history(row["insurer_number"], row["addressee_number"])
            end = row["application_end"] + timedelta(days=pick(self.choices, (0, 0, 2)))
            again = {**row, "history_number": history}
            others = [
                each for each in self.rows[row["insurer_number"], row["addressee_number"]] if each["insured_kind"] == _INSURED
            ]
            if all(_apart({**again, "application_end": end}, each) for each in others):
                again["application_end"] = end
            self._forget(row, self._tell_person(again))

    def _month(self) -> None:
        """高額該当: one to four months up to now (H-1)."""
        self._tell_months(range(pick(self.choices, (1, 1, 2, 4, 13))), self._insured_homes())

    def _late_month(self) -> None:
        """A month that becomes known after its household has moved away (H-7)."""
        left = [each for each in self.homes if not self._insured_of(each)]
        self._tell_months((1 + self.choices.below(3),), left or self.homes)

    def _tell_months(self, back: Iterable[int], homes: Sequence[_Home]) -> None:
        if not homes:
            return
        home = pick(self.choices, homes)
        now = Month.containing(self.day)
        for each in back:
            month = now.plus(-each)
            kind = pick(self.choices, ("1", "1", "1", "2"))
            if any(row["treatment_month"] == month and row["occurrence_kind"] == kind for row in home.months):
                continue
            row = {
                "insurer_number": home.insurer, "household_number": home.number, "treatment_month": month, "update_kind": NEW,
                "occurrence_kind": kind, "paid_amount": pick(self.choices, (12_000, 0)),
            }  # fmt: skip
            home.months.append(row)
            self._say(HIGH_COST, row)

    def _month_cancelled(self) -> None:
        """A month is taken back; rather one that was carried on than another (H-7)."""
        told = [(home, row) for home in self.homes for row in home.months]
        passed_on = {(each.from_insurer, each.from_household_number) for each in self.decided}
        told = [(home, row) for home, row in told if home.key in passed_on] or told
        if told:
            home, row = pick(self.choices, told)
            home.months.remove(row)
            self._say(HIGH_COST, {**row, "update_kind": CANCELLED})

    def _number_later(self) -> None:
        """The number of somebody without one becomes known (I-3)."""
        for person in self.people:
            if person.number is None and person.row is not None:
                person.number = person.serial
                person.row = self._correct(person.row, individual_number=person.number)
                return
        self._move()

    def _number_changes(self) -> None:
        """A new number was given; the record names the one before (I-4)."""
        insured = [each for each in self.people if each.row is not None and each.number is not None]
        if insured:
            person = pick(self.choices, insured)
            before, person.number = person.number, 100 + person.serial + (person.number or 0)
            person.row = self._correct(
                person.row or {}, individual_number=person.number, previous_individual_number=before
            )

    def _other_persons_number(self) -> None:
        """Somebody is sent with the number of another, and another birth date (I-1): held, in a step of its own."""
        known = [each for each in self.people if each.number is not None and each.row is not None]
        if not known:
            return
        if self.pending:
            self._close_step()
        known_person = pick(self.choices, known)
        impostor = self._somebody(date(1999, 9, 9))
        impostor.number, impostor.is_protected = known_person.number, False
        insurer = self._elsewhere((known_person.row or {})["insurer_number"])
        home = self._new_home(insurer, impostor, self.day, "02")
        self._insure(impostor, home, self.day, MOVED_IN_FROM_OUTSIDE)
        impostor.row = impostor.last = None
        self._close_step()
        self.is_over = True

    def _refused_overlap(self) -> None:
        """A second period of one person over the first, in one municipality: refused (P-3)."""
        rows = [row for row in self._ended_rows() if row["application_start"] + _DAY < row["application_end"]]
        if rows:
            row = pick(self.choices, rows)
            history = self._next_history(row["insurer_number"], row["addressee_number"])
            wrong = {**row, "history_number": history, "update_kind": NEW, "application_start": row["application_start"] + _DAY}
            self._alone(wrong)

    def _refused_anew(self) -> None:
        """A cancelled record under its old history number: refused (P-7, X-4)."""
        rows = self._ended_rows()
        if rows:
            row = pick(self.choices, rows)
            self._tell_person(row, CANCELLED)
            self._forget(row, None)
            self._alone({**row, "update_kind": NEW})

    def _refused_correction(self) -> None:
        """A correction of a record that was never sent: refused (X-4)."""
        rows = self._ended_rows()
        if rows:
            row = pick(self.choices, rows)
            history = self._next_history(row["insurer_number"], row["addressee_number"])
            self._alone({**row, "history_number": history, "update_kind": CORRECTED})

    def _alone(self, row: dict[str, Any]) -> None:
        """In a file of its own, so that nothing else of the person is refused with it."""
        self.moment += timedelta(minutes=1)
        self.pending.append((PERSON, row["insurer_number"], [{**row, "updated_at": self.moment}]))
        self._close_step()


_EVENTS: Final[Mapping[str, Callable[[_Telling], None]]] = {
    "anew": _Telling._anew,
    "back at once": _Telling._back_at_once,
    "birth": _Telling._birth,
    "cancelled": _Telling._cancelled,
    "comes back": _Telling._comes_back,
    "corrected": _Telling._corrected,
    "entering told late": _Telling._entering_told_late,
    "gap": _Telling._gap,
    "head changes": _Telling._head_changes,
    "joins": _Telling._joins,
    "late month": _Telling._late_month,
    "leaving told late": _Telling._leaving_told_late,
    "leaves insurance": _Telling._leaves_insurance,
    "month": _Telling._month,
    "month cancelled": _Telling._month_cancelled,
    "move": _Telling._move,
    "municipalities merge": _Telling._municipalities_merge,
    "nobody entered": _Telling._nobody_entered,
    "nobody left": _Telling._nobody_left,
    "number changes": _Telling._number_changes,
    "number later": _Telling._number_later,
    "one comes at the move": _Telling._one_comes_at_the_move,
    "one leaves at the move": _Telling._one_leaves_at_the_move,
    "one side only": _Telling._one_side_only,
    "other person's number": _Telling._other_persons_number,
    "overlap": _Telling._overlap,
    "part moves": _Telling._part_moves,
    "refused anew": _Telling._refused_anew,
    "refused correction": _Telling._refused_correction,
    "refused overlap": _Telling._refused_overlap,
    "same day": _Telling._same_day,
    "special residence": _Telling._special_residence,
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
