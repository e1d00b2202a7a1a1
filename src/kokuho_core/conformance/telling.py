"""語り: who is where in a life story, and what each office has said so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, chance, pick
from kokuho_core.conformance.municipalities import HEIR, INSURERS, TAKEN_OVER
from kokuho_core.conformance.story import (
    CANCELLED,
    CORRECTED,
    HOUSEHOLD,
    NEW,
    PERSON,
    DecisionMade,
    Pair,
    Sending,
    Step,
)
from kokuho_core.vocabulary.insurers import Insurer
from kokuho_core.vocabulary.reasons import (
    LEFT_EMPLOYEE_INSURANCE,
    MOVED_IN_FROM_OUTSIDE,
    RESIDENCE_SPECIAL_ACQUIRED,
    WELFARE_ENDED,
)

INSURED, NOMINAL = "1", "2"
"""``insured_kind`` and ``head_kind``."""
_BETWEEN_JUDGEMENTS: Final = timedelta(days=125)
_SURNAMES: Final = ("見本", "試験", "架空", "仮名", "例示", "模擬", "練習", "雛形")
_KANA: Final = ("ミホン", "シケン", "カクウ", "カメイ", "レイジ", "モギ", "レンシュウ", "ヒナガタ")
_GIVEN: Final = (("太郎", "タロウ", "1"), ("花子", "ハナコ", "2"), ("次郎", "ジロウ", "1"), ("桃子", "モモコ", "2"))
_NUMBERS: Final = tuple(each.insurer_number for each in INSURERS)


@define
class Someone:
    """A person: what is true of him, and the record that is open where he is insured now."""

    serial: int
    number: int | None
    born: date
    is_protected: bool
    row: dict[str, Any] | None = None
    since: date = date.min
    last: dict[str, Any] | None = None


@define
class Home:
    """A household in one municipality; ``rows`` are its records, ``months`` what was told of its high-cost months."""

    insurer: str
    number: str
    head: Someone
    members: list[Someone]
    rows: list[dict[str, Any]] = field(factory=list)
    months: list[dict[str, Any]] = field(factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.insurer, self.number


@frozen
class Owed:
    """届出の遅れ: what an office has not heard yet, and about whom."""

    people: Sequence[Someone]
    tell: Callable[[], None]


class Telling:
    """One story on its way: who is where, and what each office has said so far."""

    def __init__(self, choices: Choices, first_day: date) -> None:
        self.choices = choices
        self.first_day = first_day
        self.day = first_day
        self.moment = datetime(2024, 1, 1, 9)
        self.people: list[Someone] = []
        self.homes: list[Home] = []
        self.pairs: list[Pair] = []
        self.listed: list[Pair] = []
        self.decided: list[Pair] = []
        self.owed: list[Owed] = []
        self.merged_on: date | None = None
        self.rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.steps: list[Step] = []
        self.pending: list[tuple[str, str, list[dict[str, Any]]]] = []
        self.sequences: dict[tuple[str, str], int] = {}
        self.histories: dict[tuple[str, str], int] = {}
        self.household_numbers: dict[str, int] = {}
        self.sent: list[Sending] = []
        self.is_over = False

    # --- steps ---

    def insurers(self) -> tuple[Insurer, ...]:
        """The municipalities of the story, with the merger if there was one."""
        if self.merged_on is None:
            return INSURERS
        taken_over = evolve(TAKEN_OVER, valid_until=self.merged_on, successor=HEIR.insurer_number)
        return tuple(taken_over if each is TAKEN_OVER else each for each in INSURERS)

    def next_judgement(self) -> date:
        """Business dates stand at equal distances, so that stories side by side are judged on the days that each means."""
        return self.first_day + _BETWEEN_JUDGEMENTS * (len(self.steps) + 1)

    def close_step(self) -> None:
        """Everything said since the last step goes out; sometimes an office then decides what it was asked."""
        as_of = self.next_judgement()
        sendings = tuple(self.sendings())
        self.steps.append(Step(as_of, sendings, self.decisions(as_of)))
        self.listed = list(self.pairs)

    def sendings(self) -> Iterable[Sending]:
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

    def decisions(self, as_of: date) -> tuple[DecisionMade, ...]:
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

    def send_again(self) -> None:
        """The same file once more: no effect."""
        again = pick(self.choices, self.sent)
        self.steps.append(Step(self.next_judgement(), (again,)))

    # --- what offices say ---

    def say(self, file_id: str, row: dict[str, Any]) -> None:
        """A record goes into the file that its office is writing, or sometimes into a new one."""
        self.moment += timedelta(minutes=1)
        row = {**row, "updated_at": self.moment}
        sender = row["insurer_number"]
        own = [rows for *whose, rows in self.pending if whose == [file_id, sender]]
        if own and not chance(self.choices, 6):
            own[-1].append(row)  # never into an earlier file: a correction would overtake what it corrects
        else:
            self.pending.append((file_id, sender, [row]))

    def tell_person(self, row: dict[str, Any], kind: str = NEW) -> dict[str, Any]:
        """個人情報異動 of one person. Returns the row as it was told."""
        row = {**row, "update_kind": kind}
        records = self.rows.setdefault((row["insurer_number"], row["addressee_number"]), [])
        records[:] = [each for each in records if each["history_number"] != row["history_number"]]
        if kind != CANCELLED:
            records.append(row)
        self.say(PERSON, row)
        return row

    def correct(self, row: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A correction of what was told. Returns the row as it is now."""
        return self.tell_person({**row, **changes}, CORRECTED)

    def next_history(self, *subject: str) -> int:
        key = (subject[0], "/".join(subject[1:]))
        self.histories[key] = self.histories.get(key, 0) + 1
        return self.histories[key]

    # --- people and households ---

    def somebody(self, born: date | None = None, *, is_numbered: bool = True) -> Someone:
        serial = len(self.people) + 1
        person = Someone(
            serial,
            serial if is_numbered else None,
            born or date(1950 + 7 * serial % 50, 1 + serial % 12, 1 + serial % 28),
            chance(self.choices, 8),
        )
        self.people.append(person)
        return person

    def record(self, person: Someone, home: Home, start: date | None, reason: str | None) -> dict[str, Any]:
        insurer, addressee = home.insurer, f"{person.serial}"
        given, kana, sex = _GIVEN[person.serial % len(_GIVEN)]
        return {
            "insurer_number": insurer,
            "addressee_number": addressee,
            "history_number": self.next_history(insurer, addressee),
            "individual_number": person.number,
            "previous_individual_number": None,
            "name": f"{_SURNAMES[person.serial % len(_SURNAMES)]}　{given}",
            "name_kana": f"{_KANA[person.serial % len(_KANA)]}　{kana}",
            "birth_date": person.born,
            "sex": sex,
            "address": f"{self.name_of(insurer)}見本町{person.serial}丁目",
            "card_number": home.number,
            "household_number": home.number,
            "member_start": None,
            "member_end": None,
            "relationship": "01" if home.head is person else "05",
            "insured_kind": NOMINAL if start is None else INSURED,
            "application_start": start,
            "application_start_reason": reason,
            "application_end": None,
            "application_end_reason": None,
            "special_case": "3" if reason == RESIDENCE_SPECIAL_ACQUIRED else "0",
            "address_withheld": "1" if person.is_protected else "0",
            "self_view_stopped": "0",
        }

    def name_of(self, insurer: str) -> str:
        return next(each.name for each in INSURERS if each.insurer_number == insurer)

    def insure(self, person: Someone, home: Home, start: date, reason: str) -> None:
        """From ``start``, or from the end the office has in its books for him: it would not record two periods at once (P-3)."""
        for each in self.owed[:]:
            if person in each.people:  # asked at the counter, he tells that too
                self.catch_up(each)
        known = self.rows.get((home.insurer, f"{person.serial}"), [])
        start = max([start, *(row["application_end"] for row in known if row["application_end"] is not None)])
        person.row = self.tell_person(self.record(person, home, start, reason))
        person.since = start
        if person not in home.members:
            home.members.append(person)

    def end(self, person: Someone, end: date, reason: str) -> None:
        """His cover here ends; the office says so by a correction of the open record."""
        if person.row is None:
            return
        person.last = self.correct(person.row, application_end=max(end, person.since), application_end_reason=reason)
        person.row = None

    def catch_up(self, owed: Owed) -> None:
        """A late notice comes at last."""
        self.owed.remove(owed)
        owed.tell()

    def new_home(self, insurer: str, head: Someone, day: date, reason: str, kind: str = INSURED) -> Home:
        self.household_numbers[insurer] = number = self.household_numbers.get(insurer, 0) + 1
        home = Home(insurer, f"{number}", head, [])
        self.homes.append(home)
        self.tell_head(home, head, day, reason, kind)
        return home

    def tell_head(self, home: Home, head: Someone, day: date, reason: str, kind: str = INSURED) -> None:
        """A record of the household under its head; the record before it ends (H-4)."""
        since = home.rows[0]["household_start"] if home.rows else day
        if home.rows:
            home.rows[-1] = {**home.rows[-1], "update_kind": CORRECTED, "head_end": max(day, home.rows[-1]["head_start"])}
            self.say(HOUSEHOLD, home.rows[-1])
        row = {
            "insurer_number": home.insurer,
            "household_number": home.number,
            "history_number": self.next_history(home.insurer, "household", home.number),
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
        self.say(HOUSEHOLD, row)

    def become_nominal(self, home: Home, head: Someone, day: date) -> None:
        """The head is no longer insured himself, and stays head (擬制世帯主)."""
        self.tell_person(self.record(head, home, None, None))
        self.tell_head(home, head, day, "99", NOMINAL)

    def settle(self, *, may_lack_number: bool = False) -> None:
        """A household that was there before the story; its head's 個人番号 may not be known yet."""
        insurer = pick(self.choices, _NUMBERS)
        size = pick(self.choices, (1, 1, 2, 2, 3))
        hide_number = may_lack_number and chance(self.choices, 2)
        members = [self.somebody(is_numbered=not (hide_number and i == 0)) for i in range(size)]
        home = self.new_home(insurer, members[0], self.day, "01")
        for each in members:
            reason = pick(self.choices, (LEFT_EMPLOYEE_INSURANCE, MOVED_IN_FROM_OUTSIDE, WELFARE_ENDED))
            self.insure(each, home, self.day, reason)

    # --- choosing whom it happens to ---

    def insured_homes(self) -> list[Home]:
        return [each for each in self.homes if self.insured_of(each)]

    def some_home(self) -> Home | None:
        """A household with somebody insured; None where nobody is."""
        homes = self.insured_homes()
        return pick(self.choices, homes) if homes else None

    def elsewhere(self, insurer: str) -> str:
        return pick(self.choices, [each for each in self.offices() if each != insurer])

    def offices(self) -> tuple[str, ...]:
        """The municipalities there are: one that was taken over enters nobody any more."""
        return _NUMBERS if self.merged_on is None else tuple(each for each in _NUMBERS if each != TAKEN_OVER.insurer_number)

    def insured_of(self, home: Home) -> list[Someone]:
        keys = ("insurer_number", "household_number")
        return [each for each in home.members if each.row is not None and tuple(each.row[key] for key in keys) == home.key]
