"""見本の市町村: keeps what each municipality knows and writes its records, so that a story tells only what happens.

Every call is one thing that happens; history numbers, unchanged members (Q-1) and both kinds of records follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import define, evolve, field, frozen

from kokuho_core.household_continuity.candidate import candidate_number
from kokuho_core.vocabulary.check_digits import individual_number_digit, luhn_digit, municipality_digit
from kokuho_core.vocabulary.month import Month

PREFECTURE: Final = "13"
PERSON: Final = "SKKOJIN"
HOUSEHOLD: Final = "SKSETAI"
HIGH_COST: Final = "KOGAKU"
INCOME: Final = "SHOTOKU"
CERTIFICATE: Final = "FUZOKU"
DECISION: Final = "KEISHIJI"
FILE_IDS: Final = (HOUSEHOLD, PERSON, HIGH_COST, INCOME, CERTIFICATE, DECISION)
"""In the order in which a municipality sends them."""

MALE: Final = "1"
FEMALE: Final = "2"
HEAD: Final = "01"
SPOUSE: Final = "02"
CHILD: Final = "03"
RELATIVE: Final = "05"

FROM_OUTSIDE: Final = "01"
LEFT_EMPLOYEE_INSURANCE: Final = "03"
MOVED_IN: Final = "07"
SPECIAL_ACQUIRED: Final = "08"
TO_OUTSIDE: Final = "51"
JOINED_EMPLOYEE_INSURANCE: Final = "53"
MOVED_OUT: Final = "57"
SPECIAL_LOST: Final = "58"

YES: Final = "1"
NO: Final = "2"
REVOKE: Final = "3"

Row = dict[str, Any]


def day(text: str) -> date:
    return date.fromisoformat(text)


@frozen
class Municipality:
    """見本の市町村. ``prefix`` begins its addressee and household numbers."""

    serial: int
    name: str

    @property
    def number(self) -> str:
        payload = f"{PREFECTURE}{self.serial:03d}"
        return f"{payload}{luhn_digit(payload)}"

    @property
    def code(self) -> str:
        payload = f"{PREFECTURE}{self.serial:03d}"
        return f"{payload}{municipality_digit(payload)}"

    @property
    def prefix(self) -> str:
        return str(self.serial % 10)

    def address(self, serial: str) -> str:
        return f"{self.name}見本町{int(serial[:2])}番{int(serial[2:])}号"


@frozen
class Round:
    """一回分: the files of one folder, received together and judged for business date ``as_of``."""

    name: str
    folder: str
    told_at: datetime
    as_of: date
    text_ja: str
    text_en: str


@frozen
class Sending:
    """送付: files made at ``made_at`` that arrive with a round."""

    round: Round
    made_at: datetime

    @property
    def told_at(self) -> datetime:
        """処理年月日時 of the records."""
        return self.made_at - timedelta(hours=8)


@frozen
class Person:
    """見本の人. ``serial`` is storyline and place in it; each municipality makes its addressee number of it."""

    serial: str
    name: str
    kana: str
    born: date
    sex: str
    relationship: str
    is_protected: bool

    @property
    def number(self) -> str:
        """Synthetic 個人番号 with a valid check digit, in a range of the sample's own."""
        payload = f"{98_000_000_000 + int(self.serial):011d}"
        return f"{payload}{individual_number_digit(payload)}"

    def addressee(self, place: Municipality) -> str:
        return f"{place.prefix}{self.serial}"


@frozen
class Home:
    """世帯 in one municipality."""

    place: Municipality
    number: str


@frozen(order=True)
class CandidateMark:
    """候補番号 are issued by round, date of the move and pair; so the story knows them before they exist."""

    round: str
    moved_on: date
    left: tuple[str, str]
    entered: tuple[str, str]


@frozen
class Entry:
    """One record on its way."""

    sending: Sending
    file_id: str
    sender: str
    row: Row
    candidate: CandidateMark | None = None


@frozen
class Caption:
    """筋: what one storyline shows."""

    name: str
    rules: str
    text_ja: str
    text_en: str


@define
class MunicipalOffices:
    """All municipalities of the sample, and everything they send in the order in which it happens."""

    entries: list[Entry] = field(factory=list)
    captions: list[Caption] = field(factory=list)
    marks: list[CandidateMark] = field(factory=list)
    people: list[Person] = field(factory=list)
    _persons: dict[tuple[str, str], Row] = field(factory=dict)
    _households: dict[Home, Row] = field(factory=dict)
    _members: dict[Home, list[Person]] = field(factory=dict)

    # --- who there is ---

    def storyline(self, name: str, rules: str, text_ja: str, text_en: str) -> str:
        """Begin a storyline; returns its two digits."""
        self.captions.append(Caption(name, rules, text_ja, text_en))
        return f"{len(self.captions):02d}"

    def person(
        self, line: str, name: str, kana: str, born: str, sex: str, relationship: str = HEAD, *, protected: bool = False
    ) -> Person:
        place = 1 + sum(1 for each in self.people if each.serial.startswith(line))
        made = Person(f"{line}{place:02d}", f"見本　{name}", f"ミホン　{kana}", day(born), sex, relationship, protected)
        self.people.append(made)
        return made

    def candidate_numbers(self) -> Mapping[CandidateMark, str]:
        return {mark: candidate_number(PREFECTURE, place) for place, mark in enumerate(sorted(self.marks), 1)}

    # --- households ---

    def settle(
        self, when: Sending, place: Municipality, people: Sequence[Person], start: str, reason: str, *,
        source: Municipality | None = None, is_nominal: bool = False, **details: Any,
    ) -> Home:  # fmt: skip
        """People form a household of their own in ``place``; the first is head. ``details`` go into their records."""
        head = people[0]
        taken = sum(1 for home in self._households if home.place == place and home.number[1:3] == head.serial[:2])
        home = Home(place, f"{place.prefix}{head.serial[:2]}{taken + 1}")
        since, notified = day(start), self._notified(start, details)
        self._households[home] = {
            "insurer_number": place.number, "household_number": home.number, "history_number": 0,
            "card_symbol": place.name[:2], "card_number": home.number,
            "household_start": since, "head_start_notified": notified, "head_start": since,
            "head_addressee_number": head.addressee(place), "head_kind": "2" if is_nominal else "1",
        }  # fmt: skip
        changed = {MOVED_IN: "03", FROM_OUTSIDE: "02"}.get(reason, "01")
        self._tell_household(when, home, changed, since, notified, source)
        self._members[home] = []
        for person in people:
            insured = not (is_nominal and person is head)
            self._enter(when, home, person, since, notified, reason if insured else None, source, details)
        return home

    def join(
        self, when: Sending, home: Home, person: Person, start: str, source: Municipality, *, as_head: bool = False
    ) -> None:
        """Somebody moves into a household that is there already; the others are sent as they are (Q-1)."""
        others = list(self._members[home])
        since, notified = day(start), day(start) + timedelta(days=3)
        if as_head:
            self.change_head(when, home, person, start, RELATIVE)
            self._enter(when, home, person, since, notified, MOVED_IN, source, {})
        else:
            self._enter(when, home, evolve(person, relationship=RELATIVE), since, notified, MOVED_IN, source, {})
        for other in others:
            self.unchanged(when, other, home.place)

    def leave(
        self, when: Sending, home: Home, people: Sequence[Person], end: str, reason: str,
        to: Municipality | None = None, *, notified: str | None = None,
    ) -> None:  # fmt: skip
        """People leave; who stays is sent as he is (Q-1), and a household that nobody stays in ends."""
        on = day(end)
        told = day(notified) if notified else on + timedelta(days=3)
        for person in people:
            row = self._persons[home.place.number, person.serial]
            changes: Row = {"member_end": on, "other_insurer_number": to.number if to else None}
            if row["insured_kind"] == "1":
                changes |= _ended(on, reason, told)
            self._tell_person(when, home.place, person, changes)
            self._members[home] = [each for each in self._members[home] if each.serial != person.serial]
        if self._members[home]:
            for other in self._members[home]:
                self.unchanged(when, other, home.place)
            return
        self._households[home] |= {"head_end": on, "head_end_notified": told, "household_end": on}
        changed = {MOVED_OUT: "07", TO_OUTSIDE: "08"}.get(reason, "09")
        self._tell_household(when, home, changed, on, told, to)

    def change_head(
        self,
        when: Sending,
        home: Home,
        head: Person,
        start: str,
        others: str | None = None,
        *,
        is_nominal: bool = False,
    ) -> None:
        """世帯主変更: the old headship ends, the new one begins; the members' records follow."""
        on = day(start)
        told = on + timedelta(days=3)
        self._households[home] |= {"head_end": on, "head_end_notified": told}
        self._tell_household(when, home, "04", on, told, None)
        self._households[home] |= {
            "head_addressee_number": head.addressee(home.place), "head_kind": "2" if is_nominal else "1",
            "head_start": on, "head_start_notified": told, "head_end": None, "head_end_notified": None,
        }  # fmt: skip
        self._tell_household(when, home, "04", on, told, None)
        for member in self._members[home]:
            relationship = HEAD if member.serial == head.serial else others
            row = self._persons[home.place.number, member.serial]
            if relationship is not None and row["relationship"] != relationship:
                self._tell_person(when, home.place, member, {"relationship": relationship})

    def become_nominal_head(self, when: Sending, home: Home, head: Person, end: str) -> None:
        """The head alone joins employee insurance: his period ends, he stays head without being insured."""
        on = day(end)
        ended: Row = {"member_end": on} | _ended(on, JOINED_EMPLOYEE_INSURANCE, on + timedelta(days=3))
        self._tell_person(when, home.place, head, ended)
        self._tell_person(when, home.place, head, {**_NOT_INSURED, "member_start": on, "member_end": None})
        self.change_head(when, home, head, end, is_nominal=True)

    def move_within(self, when: Sending, home: Home, person: Person, on: str, **details: Any) -> Home:
        """住所地特例 (58 / 08): another household and number, the same insurer; the qualification does not break (D-9)."""
        acquired = self._persons[home.place.number, person.serial]["qualification_acquired"]
        self.leave(when, home, [person], on, SPECIAL_LOST)
        details = {"qualification_acquired": acquired, **details}
        return self.settle(when, home.place, [person], on, SPECIAL_ACQUIRED, **details)

    def correct_household(self, when: Sending, home: Home, **changes: Any) -> None:
        """訂正 of the last household record."""
        row = self._households[home]
        row |= {**changes, "update_kind": "2", "updated_at": when.told_at}
        self._send(when, HOUSEHOLD, home.place, row)

    def cancel_household(self, when: Sending, home: Home) -> None:
        self._send(
            when, HOUSEHOLD, home.place, self._households[home] | {"update_kind": "3", "updated_at": when.told_at}
        )

    # --- persons ---

    def change(self, when: Sending, person: Person, place: Municipality, **changes: Any) -> None:
        """A new history row."""
        self._tell_person(when, place, person, changes)

    def correct(self, when: Sending, person: Person, place: Municipality, **changes: Any) -> None:
        """訂正: the last record once more, with ``changes``."""
        row = self._persons[place.number, person.serial]
        row |= {**changes, "update_kind": "2", "updated_at": when.told_at}
        self._send(when, PERSON, place, row)

    def unchanged(self, when: Sending, person: Person, place: Municipality) -> None:
        """Q-1: a member of the household of somebody who changed, unless he was told of with the same file."""
        if self._persons[place.number, person.serial]["updated_at"] != when.told_at:
            self.correct(when, person, place)

    def cancel(self, when: Sending, person: Person, place: Municipality) -> None:
        """取消・無効化."""
        row = self._persons[place.number, person.serial] | {"update_kind": "3", "updated_at": when.told_at}
        self._send(when, PERSON, place, row)

    def send_again(self, when: Sending, person: Person, place: Municipality) -> None:
        """The last record sent as new once more, under its old history number."""
        row = self._persons[place.number, person.serial] | {"update_kind": "1", "updated_at": when.told_at}
        self._send(when, PERSON, place, row)

    # --- other facts ---

    def high_cost(
        self, when: Sending, home: Home, *months: str, kind: str = "1", occurrence: str = "1", paid: int = 25_000
    ) -> None:
        """高額該当 months; ``occurrence`` 2 is the outpatient ceiling of 70 and over alone."""
        for month in months:
            paid_on = Month.parse(month).plus(3).first_day
            refund = paid > 0 and paid_on <= when.made_at.date()
            self._send(
                when, HIGH_COST, home.place,
                {
                    "household_number": home.number, "treatment_month": Month.parse(month), "update_kind": kind,
                    "occurrence_kind": occurrence, "payment_kind": "2" if refund else "1",
                    "paid_on": paid_on if refund else None, "paid_amount": paid,
                    "updated_at": when.told_at,
                },
            )  # fmt: skip

    def income(self, when: Sending, home: Home, valid_from: str, **classes: str) -> None:
        self._send(
            when, INCOME, home.place,
            {"household_number": home.number, "valid_from": Month.parse(valid_from), "updated_at": when.told_at, **classes},
        )  # fmt: skip

    def certificate(
        self, when: Sending, person: Person, place: Municipality, kind: str, issued: str, **details: Any
    ) -> None:
        row: Row = {
            "addressee_number": person.addressee(place), "history_number": 1, "update_kind": "1", "certificate_kind": kind,
            "issue_kind": "1", "issued_on": day(issued), "effective_on": day(issued), "updated_at": when.told_at,
        }  # fmt: skip
        self._send(when, CERTIFICATE, place, row | details)

    # --- continuity ---

    def candidate(self, when: Sending, left: Home, entered: Home, moved_on: str) -> CandidateMark:
        """A pair that becomes a candidate in the round of ``when``."""
        mark = CandidateMark(
            when.round.folder, day(moved_on), (left.place.number, left.number), (entered.place.number, entered.number)
        )
        self.marks.append(mark)
        return mark

    def decide(self, when: Sending, place: Municipality, mark: CandidateMark, decision: str, reason: str) -> None:
        """確定指示 of the municipality moved into."""
        row = {
            "insurer_number": place.number, "decision": decision, "decided_on": when.made_at.date(),
            "decided_by": f"mihon{place.prefix}", "reason": reason,
        }  # fmt: skip
        self.entries.append(Entry(when, DECISION, place.number, row, mark))

    # --- records ---

    def _notified(self, start: str, details: Row) -> date:
        given = details.pop("notified", None)
        return day(given) if given else day(start) + timedelta(days=3)

    def _enter(
        self, when: Sending, home: Home, person: Person, since: date, notified: date, reason: str | None,
        source: Municipality | None, details: Row,
    ) -> None:  # fmt: skip
        place, members = home.place, self._members[home]
        before = self._persons.get((place.number, person.serial))
        is_head = self._households[home]["head_addressee_number"] == person.addressee(place)
        members.append(person)
        row: Row = {
            "addressee_number": person.addressee(place),
            "history_number": before["history_number"] if before else 0,
            "individual_number": person.number, "name": person.name, "name_kana": person.kana,
            "birth_date": person.born, "sex": person.sex,
            "postal_code": f"000000{place.prefix}", "address": place.address(person.serial),
            "card_symbol": place.name[:2], "card_number": home.number, "branch_number": f"{len(members):02d}",
            "household_number": home.number, "member_start": since,
            "relationship": HEAD if is_head else SPOUSE if person.relationship == HEAD else person.relationship,
            "insured_kind": "1", "special_case": "0", "other_insurer_number": source.number if source else None,
            "address_withheld": "1" if person.is_protected else "0", "self_view_stopped": "0",
        }  # fmt: skip
        if reason is None:
            row |= _NOT_INSURED
        else:
            row |= {
                "application_start": since, "application_start_reason": reason, "application_start_notified": notified
            }  # fmt: skip
            if reason not in (MOVED_IN, SPECIAL_ACQUIRED):
                row |= {
                    "qualification_acquired": since, "qualification_acquired_reason": reason,
                    "qualification_acquired_notified": notified,
                }  # fmt: skip
        self._persons[place.number, person.serial] = row
        self._tell_person(when, place, person, details)

    def _tell_person(self, when: Sending, place: Municipality, person: Person, changes: Mapping[str, Any]) -> None:
        before = self._persons[place.number, person.serial]
        row = {
            **before, **changes, "history_number": before["history_number"] + 1, "update_kind": "1",
            "updated_at": when.told_at,
        }  # fmt: skip
        self._persons[place.number, person.serial] = row
        self._send(when, PERSON, place, row)

    def _tell_household(
        self, when: Sending, home: Home, reason: str, on: date, notified: date, other: Municipality | None
    ) -> None:
        row = self._households[home]
        row |= {
            "history_number": row["history_number"] + 1, "update_kind": "1", "change_reason": reason, "changed_on": on,
            "notified_on": notified, "other_insurer_number": other.number if other else None, "updated_at": when.told_at,
        }  # fmt: skip
        self._send(when, HOUSEHOLD, home.place, row)

    def _send(self, when: Sending, file_id: str, place: Municipality, row: Mapping[str, Any]) -> None:
        self.entries.append(Entry(when, file_id, place.number, {"insurer_number": place.number, **row}))


def _ended(on: date, reason: str, notified: date) -> Row:
    """適用終了; but for a move inside the prefecture and 住所地特例 the qualification is lost as well (D-8, D-9)."""
    row: Row = {"application_end": on, "application_end_reason": reason, "application_end_notified": notified}
    if reason not in (MOVED_OUT, SPECIAL_LOST):
        row |= {"qualification_lost": on, "qualification_lost_reason": reason, "qualification_lost_notified": notified}
    return row


def _without(keys: Iterable[str]) -> Row:
    return dict.fromkeys(keys)


_NOT_INSURED: Final[Row] = _without(
    f"{period}{part}"
    for period in ("application_start", "application_end", "qualification_acquired", "qualification_lost")
    for part in ("", "_reason", "_notified")
) | {"insured_kind": "2", "other_insurer_number": None}
"""What makes a record one of a nominal head."""
