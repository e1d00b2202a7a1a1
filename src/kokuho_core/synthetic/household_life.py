"""合成世帯の成り立ち: one household with its members as the initial load tells it, and the changes it can go through.

Each change tells whom it concerns and everybody insured in the same household, nominal head included (Q-1).
"""

from __future__ import annotations

from typing import Final

from attrs import frozen, mutable

from kokuho_core.conformance.choices import Shares
from kokuho_core.synthetic.names import FOREIGN_NAMES, GIVEN_NAMES, PREFECTURE_NAME, SURNAMES, TOWNS
from kokuho_core.synthetic.plan import INITIAL_LOAD, SLOTS, Change, HouseholdSite, Past, PrefecturePlan
from kokuho_core.synthetic.rows import (
    DAY,
    HIGH_COST,
    HOUSEHOLD,
    PERSON,
    Message,
    Row,
    corrected,
    next_row,
    ordinal_of,
)
from kokuho_core.vocabulary.month import Month
from kokuho_core.vocabulary.reasons import (
    DEATH,
    EMPLOYEE_INSURANCE,
    INTRA_PREFECTURE_SINCE,
    MOVED_IN_INSIDE,
    MOVED_OUT_INSIDE,
    MOVED_OUT_OF_PREFECTURE,
    RESIDENCE_SPECIAL_LOST,
)

HOME, FORMER, LATER, SPLIT_OFF, NEWCOMERS = "1", "3", "5", "7", "9"
"""First digit of household and addressee numbers, so that what one household leads to never meets another's."""
CHILD_SLOT, HEAD_SLOT, NEWCOMER_SLOT, CHANGED_NUMBER_SLOT = 5, 8, 10, SLOTS - 1
"""Serial numbers of a household beyond those of its first members (0 to 4)."""

_YEAR: Final = 365.25
_INTRA_SINCE: Final = INTRA_PREFECTURE_SINCE.toordinal()
_OLDEST: Final = 73.8
"""Nobody else turns 75 unnoticed while further days are told."""
_TIMES: Final = tuple(f"{hour:02d}{minute:02d}00" for hour in range(9, 17) for minute in (5, 20, 35, 50))
_START_REASONS: Final = ((0.72, "03"), (0.88, "01"), (0.93, "04"), (0.97, "05"), (1.0, "99"))
_CHANGE_OF_HOUSEHOLD: Final = {"01": "02", "07": "03"}


@mutable(slots=True)
class Home:
    """世帯 in one municipality: its own latest row, and the latest row of everybody in it. The head comes first."""

    row: Row
    people: list[Row]

    @property
    def insurer(self) -> str:
        return self.row["insurer_number"]

    @property
    def insured(self) -> list[Row]:
        return [person for person in self.people if person["insured_kind"] == "1"]


@frozen
class HomeNumbers:
    """番号: the household number, the card, and the stem of its members' addressee numbers."""

    household: str
    card: str

    @classmethod
    def of(cls, kind: str, number: int) -> HomeNumbers:
        return cls(f"{kind}{number:09d}", f"{kind}{number:08d}")

    def addressee(self, slot: int) -> str:
        return f"{self.household}{slot:02d}"


class HouseholdLife:
    """合成世帯の一生: what is told about one household, from the initial load on, in ``messages``."""

    def __init__(self, plan: PrefecturePlan, site: HouseholdSite, choices: Shares) -> None:
        self.plan = plan
        self.site = site
        self.draw = choices.share
        self.below = choices.below
        self.messages: list[Message] = []
        self.base = plan.base_day.toordinal()
        self.insurer = plan.insurers[site.municipality].insurer_number
        self.change = plan.change_at(site.position) if site.position < plan.changing else None
        self.home = self._settle(plan.past_at(site.position))

    # --- drawing ---

    def other_municipality(self) -> int:
        """Another municipality, near ones rather than far ones; its own where there is only one."""
        count = len(self.plan.insurers)
        return (self.site.municipality + 1 + int(self.draw() ** 2 * (count - 1))) % count if count > 1 else 0

    def address(self, municipality: int) -> str:
        drawn = int(self.draw() * 64_000)
        town, rest = TOWNS[drawn % 8], drawn // 8
        place = self.plan.insurers[municipality].name
        return f"{PREFECTURE_NAME}{place}{town}{rest % 5 + 1}丁目{rest // 5 % 40 + 1}番{rest // 200 + 1}号"

    def _stamp(self, ordinal: int) -> str:
        return DAY[ordinal] + _TIMES[ordinal % len(_TIMES)]

    # --- telling ---

    def tell(self, sequence: int, file_id: str, row: Row) -> None:
        self.messages.append((sequence, file_id, row))

    def tell_all(self, sequence: int, home: Home) -> None:
        """Tell a household that is new to its municipality."""
        self.tell(sequence, HOUSEHOLD, home.row)
        for person in home.people:
            self.tell(sequence, PERSON, person)

    # --- the initial load ---

    def _settle(self, past: Past) -> Home:
        site, draw = self.site, self.draw
        start = self.base - 430 - int(draw() ** 2 * 5000)
        numbers = HomeNumbers.of(HOME, site.local)
        surname = SURNAMES[int(draw() * len(SURNAMES))]
        address = self.address(site.municipality)
        is_nominal = draw() < 0.12
        people = [
            self.person(slot, numbers, surname, address, self._birth(slot), start, is_head=slot == 0 and not is_nominal)
            for slot in range(site.size)
        ]
        self._prepare(people)
        if is_nominal:
            people.insert(0, self._nominal_head(numbers, surname, people[0]))
        home = Home(self.household(numbers, people[0], people[-1], start), people)
        moved = self.base
        match past:
            case Past.NONE:
                self.tell_all(INITIAL_LOAD, home)
            case Past.MOVED:
                moved = self.base - 31 - int(draw() * 335)
                home = self._settled_after_move(home, moved)
            case _:
                self._tell_eventful(past, home)
        if draw() < 0.08:
            self._high_cost_year(home, moved)
        return home

    def _birth(self, slot: int) -> int:
        """Day of birth of the member at ``slot``: mostly 60 and older, families with children among them."""
        size, drawn = self.site.size, self.draw()
        if size >= 3:
            age = 32 + drawn * 16 if slot < 2 else 1.5 + drawn * 16  # nobody is born within the year before
        elif drawn < (0.72 if size == 1 else 0.84):
            age = 60 + self.draw() * (_OLDEST - 60)
        else:
            age = 20 + self.draw() * 39
        return self.base - int(age * _YEAR)

    def _prepare(self, people: list[Row]) -> None:
        """What the initial load must already hold for the change that will come."""
        match self.change:
            case Change.LATE_ELDERLY:
                birthday = self.plan.elderly_birthday(self.site.position)
                people[0]["birth_date"] = DAY[birthday.replace(year=birthday.year - 75).toordinal()]
            case Change.STUDENT if len(people) > 1:
                born = self.base - int((18.3 + self.draw() * 3) * _YEAR)
                people[-1].update(birth_date=DAY[born], relationship="03")
                self._started(people[-1], ordinal_of(people[0]["application_start"]), "03")
            case Change.NUMBER_COMES:
                people[0]["individual_number"] = ""

    def person(
        self, slot: int, numbers: HomeNumbers, surname: tuple[str, str], address: str, born: int, start: int, *,
        is_head: bool, reason: str | None = None,
    ) -> Row:  # fmt: skip
        """A person insured from ``start``, or from birth if born later, with the first row of his history."""
        draw = self.draw
        drawn = draw()
        sex = "1" if drawn < 0.48 else "2"
        given = GIVEN_NAMES[sex][int(draw() * len(GIVEN_NAMES[sex]))]
        municipality = self.site.municipality
        if born > start:
            start, reason = born, "02"
        elif reason is None:
            chance = draw()
            reason = next(code for share, code in _START_REASONS if chance < share)
            if reason == "01" and start < _INTRA_SINCE and chance < 0.80:
                reason = MOVED_IN_INSIDE
        notified = DAY[start + int(drawn * 14)]
        row = {
            "insurer_number": self.insurer,
            "addressee_number": numbers.addressee(slot),
            "history_number": "1",
            "update_kind": "1",
            "individual_number": "" if draw() < 0.003 else self.plan.numbers.of(self.site.index * SLOTS + slot),
            "previous_individual_number": "",
            "name": f"{surname[0]}\u3000{given[0]}",
            "name_kana": f"{surname[1]}\u3000{given[1]}",
            "alias": "",
            "name_on_card": "",
            "name_kana_on_card": "",
            "true_name": "",
            "true_name_kana": "",
            "sex_on_back": "1" if 0.478 < drawn < 0.482 else "0",
            "birth_date": DAY[born],
            "sex": sex,
            "postal_code": f"000{municipality:04d}",
            "address": address,
            "card_symbol": f"{municipality + 1:02d}",
            "card_number": numbers.card,
            "branch_number": f"{slot + 1:02d}",
            "household_number": numbers.household,
            "member_start": DAY[start],
            "member_end": "",
            "relationship": "01" if is_head else "02" if slot < 2 else "03",
            "insured_kind": "1",
            "application_start": DAY[start],
            "application_start_reason": reason,
            "application_start_notified": notified,
            "application_end": "",
            "application_end_reason": "",
            "application_end_notified": "",
            "qualification_acquired": DAY[start],
            "qualification_acquired_reason": reason,
            "qualification_acquired_notified": notified,
            "qualification_lost": "",
            "qualification_lost_reason": "",
            "qualification_lost_notified": "",
            "special_case": "0",
            "special_case_start": "",
            "special_case_end": "",
            "other_insurer_number": "",
            "address_withheld": "1" if 0.2 < drawn < 0.202 else "0",
            "self_view_stopped": "1" if 0.3 < drawn < 0.301 else "0",
            "updated_at": notified + _TIMES[int(drawn * len(_TIMES))],
        }
        if 0.6 < drawn < 0.62:
            name, kana, alias, alias_kana = FOREIGN_NAMES[int(draw() * len(FOREIGN_NAMES))]
            row.update(name=name, name_kana=kana)
            if drawn < 0.61:
                row.update(alias=alias, name_on_card=alias, name_kana_on_card=alias_kana)
                row.update(true_name=name, true_name_kana=kana)
        return row

    def _nominal_head(self, numbers: HomeNumbers, surname: tuple[str, str], member: Row) -> Row:
        """擬制世帯主: head of the household, insured elsewhere (employee insurance, or 後期 from 75 on)."""
        born = ordinal_of(member["birth_date"])
        born -= int((2 + self.draw() * 8) * _YEAR) if born < self.base - 40 * _YEAR else int(28 * _YEAR)
        start = ordinal_of(member["application_start"])
        head = self.person(HEAD_SLOT, numbers, surname, member["address"], born, start, is_head=True)
        return head | NOT_INSURED | {"member_start": DAY[start]}

    def household(self, numbers: HomeNumbers, head: Row, member: Row, start: int) -> Row:
        """The first row of a household's history; ``member`` tells how it came about."""
        start = max(start, ordinal_of(head["member_start"]))
        reason = _CHANGE_OF_HOUSEHOLD.get(member["application_start_reason"], "01")
        notified = DAY[start + 7]
        return {
            "insurer_number": head["insurer_number"],
            "household_number": numbers.household,
            "history_number": "1",
            "update_kind": "1",
            "card_symbol": head["card_symbol"],
            "card_number": numbers.card,
            "head_addressee_number": head["addressee_number"],
            "head_kind": head["insured_kind"],
            "head_start": DAY[start],
            "head_start_notified": notified,
            "head_end": "",
            "head_end_notified": "",
            "household_start": DAY[start],
            "household_end": "",
            "change_reason": reason,
            "changed_on": DAY[start],
            "notified_on": notified,
            "other_insurer_number": "",
            "updated_at": self._stamp(start + 7),
        }

    def _tell_eventful(self, past: Past, home: Home) -> None:
        """An initial load that gives more than the present state."""
        day = self.base - 60 - self.below(300)
        stamp = self._stamp(day + 7)
        if past is Past.HEAD_CHANGED and len(home.insured) > 1:
            before = home.insured[1]
            earlier = home.row | {"head_addressee_number": before["addressee_number"], "head_kind": "1"}
            self.tell(INITIAL_LOAD, HOUSEHOLD, earlier)
            ended = self._headship_ended(earlier, day, day, stamp, "04")
            home.row = self._headship_begun(ended, home.people[0], day, stamp)
            self.tell(INITIAL_LOAD, HOUSEHOLD, ended)
        self.tell(INITIAL_LOAD, HOUSEHOLD, home.row)
        for place, person in enumerate(home.people):
            away = self.base - 400 + self.below(200)
            if past is Past.EARLIER_PERIOD and person["insured_kind"] == "1":
                ended = self.ended(person, away, EMPLOYEE_INSURANCE, away, self._stamp(away + 3))
                self.tell(INITIAL_LOAD, PERSON, person)
                self.tell(INITIAL_LOAD, PERSON, ended)
                back = away + 30 + self.below(120)
                person = next_row(ended, stamp, **NOT_ENDED, member_start=DAY[back])
                self._started(person, back, "03")
                person["updated_at"] = person["application_start_notified"] + stamp[8:]
            elif past is Past.NEW_ADDRESS:
                self.tell(INITIAL_LOAD, PERSON, person)
                person = next_row(person, stamp, address=home.people[0]["address"] + "新居")
            home.people[place] = person
            self.tell(INITIAL_LOAD, PERSON, person)

    def _settled_after_move(self, home: Home, day: int) -> Home:
        """The household moved in from elsewhere in the prefecture on ``day``: both sides are in the initial load."""
        origin = self.other_municipality()
        if origin == self.site.municipality:
            self.tell_all(INITIAL_LOAD, home)
            return home
        former = self.settled_in(home, origin, HomeNumbers.of(FORMER, self.site.index))
        self.tell_all(INITIAL_LOAD, former)
        return self.move(
            former,
            self.site.municipality,
            HomeNumbers.of(HOME, self.site.local),
            day,
            day + 3,
            INITIAL_LOAD,
            INITIAL_LOAD,
        )

    def settled_in(self, home: Home, municipality: int, numbers: HomeNumbers) -> Home:
        """The same household as it would be known in another municipality."""
        there = self._identity_in(municipality, numbers)
        there["address"] = self.address(municipality)
        people = [person | there | {"addressee_number": self._addressee(person, numbers)} for person in home.people]
        return Home(home.row | self._identity_of_household(people[0]), people)

    def _identity_in(self, municipality: int, numbers: HomeNumbers) -> Row:
        return {
            "insurer_number": self.plan.insurers[municipality].insurer_number,
            "household_number": numbers.household,
            "card_number": numbers.card,
            "card_symbol": f"{municipality + 1:02d}",
            "postal_code": f"000{municipality:04d}",
        }

    def _addressee(self, person: Row, numbers: HomeNumbers) -> str:
        return f"{numbers.household}{person['addressee_number'][-2:]}"

    def _identity_of_household(self, head: Row) -> Row:
        keys = ("insurer_number", "household_number", "card_symbol", "card_number")
        return {key: head[key] for key in keys} | {"head_addressee_number": head["addressee_number"]}

    # --- high-cost months ---

    def _high_cost_year(self, home: Home, moved: int) -> None:
        """Some months of the past year; those before a move belong to the municipality left, which told them."""
        last, since = Month.containing(self.plan.base_day), DAY[moved][:6]
        share = 0.1 + self.draw() * 0.6
        former = HomeNumbers.of(FORMER, self.site.index).household
        left = next(
            (row for _, file_id, row in self.messages if file_id == HOUSEHOLD and row["household_number"] == former),
            None,
        )
        for ago in range(13, 1, -1):
            if self.draw() < share:
                month = last.plus(-ago)
                source = left if left is not None and str(month) < since else home.row
                self.tell(
                    INITIAL_LOAD,
                    HIGH_COST,
                    self.high_cost_month(source, month, month.plus(2).first_day.toordinal() + 20),
                )

    def high_cost_month(self, household: Row, month: Month, told: int) -> Row:
        """高額該当情報: mostly of the household, sometimes the outpatient ceiling alone, in kind or as a refund."""
        drawn = self.draw()
        is_refund = drawn < 0.4
        return {
            "insurer_number": household["insurer_number"],
            "household_number": household["household_number"],
            "treatment_month": str(month),
            "update_kind": "1",
            "occurrence_kind": "2" if 0.3 < drawn < 0.45 else "1",
            "payment_kind": "2" if is_refund else "1",
            "paid_on": DAY[told] if is_refund else "",
            "paid_amount": "0" if drawn > 0.95 else str(1000 + int(self.draw() * 300_000)),
            "updated_at": self._stamp(told),
        }

    # --- parts of changes ---

    def _started(self, person: Row, day: int, reason: str) -> None:
        """適用開始 and, but for a move inside the prefecture, 資格取得 on the same day."""
        notified = DAY[day + 5]
        person.update(
            application_start=DAY[day], application_start_reason=reason, application_start_notified=notified,
            member_start=DAY[day],
        )  # fmt: skip
        is_inside = reason == MOVED_IN_INSIDE
        person.update(
            qualification_acquired="" if is_inside else DAY[day],
            qualification_acquired_reason="" if is_inside else reason,
            qualification_acquired_notified="" if is_inside else notified,
        )

    def ended(self, person: Row, end: int, reason: str, notified: int, stamp: str, other: str = "") -> Row:
        """適用終了 on ``end`` (exclusive); but for a move inside the prefecture the qualification is lost as well."""
        day, told = DAY[end], DAY[notified]
        lost = {}
        if reason not in (MOVED_OUT_INSIDE, RESIDENCE_SPECIAL_LOST):
            lost = {
                "qualification_lost": day, "qualification_lost_reason": reason, "qualification_lost_notified": told
            }  # fmt: skip
        return next_row(
            person, stamp, member_end=day, application_end=day, application_end_reason=reason,
            application_end_notified=told, other_insurer_number=other, **lost,
        )  # fmt: skip

    def _headship_ended(self, household: Row, day: int, notified: int, stamp: str, reason: str) -> Row:
        return next_row(
            household, stamp, head_end=DAY[day], head_end_notified=DAY[notified], change_reason=reason,
            changed_on=DAY[day], notified_on=DAY[notified],
        )  # fmt: skip

    def _headship_begun(self, household: Row, head: Row, day: int, stamp: str) -> Row:
        return next_row(
            household, stamp, head_addressee_number=head["addressee_number"], head_kind=head["insured_kind"],
            head_start=DAY[day], head_start_notified=household["head_end_notified"], head_end="", head_end_notified="",
        )  # fmt: skip

    # --- changes ---

    def tell_person(self, sequence: int, home: Home, place: int, row: Row) -> None:
        """Tell the next row of the one at ``place`` and keep it as the latest."""
        home.people[place] = row
        self.tell(sequence, PERSON, row)

    def tell_unchanged(self, sequence: int, home: Home, told: set[str], stamp: str) -> None:
        """Q-1: send the others of the household too, as they are."""
        for place, person in enumerate(home.people):
            if person["addressee_number"] not in told:
                self.tell_person(sequence, home, place, corrected(person, stamp))

    def end_household(
        self, sequence: int, home: Home, day: int, notified: int, stamp: str, reason: str, other: str
    ) -> None:
        """世帯の終了 in its municipality."""
        ended = self._headship_ended(home.row, day, notified, stamp, reason)
        home.row = ended | {"household_end": DAY[day], "other_insurer_number": other}
        self.tell(sequence, HOUSEHOLD, home.row)

    def change_head(self, sequence: int, home: Home, place: int, day: int, notified: int, stamp: str) -> None:
        """世帯主変更: the one at ``place`` is head from ``day`` on, and stands first."""
        home.row = self._headship_ended(home.row, day, notified, stamp, "04")
        self.tell(sequence, HOUSEHOLD, home.row)
        head = home.people.pop(place)
        home.people.insert(0, head)
        home.row = self._headship_begun(home.row, head, day, stamp)
        self.tell(sequence, HOUSEHOLD, home.row)

    def leave(
        self, sequence: int, home: Home, day: int, notified: int, reason: str, other: str, household_reason: str
    ) -> None:
        """The whole household leaves its municipality on ``day``."""
        stamp = self._stamp(notified)
        for place, person in enumerate(home.people):
            if person["insured_kind"] == "1":
                self.tell_person(sequence, home, place, self.ended(person, day, reason, notified, stamp, other))
            else:
                row = next_row(person, stamp, member_end=DAY[day], other_insurer_number=other)
                self.tell_person(sequence, home, place, row)
        self.end_household(sequence, home, day, notified, stamp, household_reason, other)

    def arrive(
        self, sequence: int, people: list[Row], municipality: int, numbers: HomeNumbers, day: int, notified: int,
        other: str, *, joins: Row | None = None,
    ) -> Home:  # fmt: skip
        """People enter a municipality from inside the prefecture, as a household of their own or into ``joins``."""
        stamp = self._stamp(notified)
        address, there = self.address(municipality), self._identity_in(municipality, numbers)
        if joins is not None:
            there |= {key: joins[key] for key in ("household_number", "card_number", "card_symbol")}
        entered = []
        for person in people:
            row = person | there | NOT_ENDED
            row.update(
                addressee_number=self._addressee(person, numbers), history_number="1", update_kind="1", address=address,
                other_insurer_number=other, updated_at=stamp, member_start=DAY[day], previous_individual_number="",
            )  # fmt: skip
            if row["insured_kind"] == "1":
                self._started(row, day, MOVED_IN_INSIDE)
                row["application_start_notified"] = DAY[notified]
            if joins is not None:
                row["relationship"] = "05"
            entered.append(row)
        if joins is not None:
            for row in entered:
                self.tell(sequence, PERSON, row)
            return Home(joins, entered)
        entered[0]["relationship"] = "01"
        home = Home(self.household(numbers, entered[0], {"application_start_reason": MOVED_IN_INSIDE}, day), entered)
        home.row.update(
            other_insurer_number=other, updated_at=stamp, notified_on=DAY[notified], head_start_notified=DAY[notified]
        )
        self.tell_all(sequence, home)
        return home

    def move(
        self, home: Home, municipality: int, numbers: HomeNumbers, day: int, notified: int, sequence: int, later: int
    ) -> Home:
        """県内転居 of the whole household: 57 and 07 on the same day; about three in a hundred do not fit together."""
        there, here = self.plan.insurers[municipality].insurer_number, home.insurer
        end, reason, entered = day, MOVED_OUT_INSIDE, day
        drawn = self.draw()
        if drawn < 0.010:  # 空白
            entered = day + 1 + self.below(20)
        elif drawn < 0.019:  # 重複
            end = day + 1 + self.below(20)
        elif drawn < 0.025:  # 片側のみ: told as a move out of the prefecture
            reason = MOVED_OUT_OF_PREFECTURE
        people = list(home.people)
        if not 0.025 <= drawn < 0.030:  # otherwise the municipality left was told nothing: 重複 without end
            other, household_reason = (there, "07") if reason == MOVED_OUT_INSIDE else ("", "08")
            self.leave(sequence, home, end, max(notified, end), reason, other, household_reason)
        return self.arrive(later, people, municipality, numbers, entered, max(notified, entered), here)

    def lose(self, sequence: int, place: int, end: int, reason: str, notified: int) -> None:
        """One insured person goes. A head who lives on and leaves others behind becomes a nominal head."""
        home, stamp = self.home, self._stamp(notified)
        person = home.people[place]
        ended = self.ended(person, end, reason, notified, stamp)
        self.tell_person(sequence, home, place, ended)
        told = {person["addressee_number"]}
        staying = [each for each in home.insured if each is not ended]
        if not staying:
            if place:
                nominal = next_row(home.people[0], stamp, member_end=DAY[end])
                self.tell_person(sequence, home, 0, nominal)
                told.add(nominal["addressee_number"])
            self.end_household(sequence, home, end, notified, stamp, "09", "")
        elif place == 0 and reason == DEATH:
            successor = home.people.index(staying[0])
            self.change_head(sequence, home, successor, end, notified, stamp)
            head = next_row(home.people[0], stamp, relationship="01")
            self.tell_person(sequence, home, 0, head)
            told.add(head["addressee_number"])
        elif place == 0:
            nominal = next_row(ended, stamp, **NOT_INSURED, member_start=DAY[end], member_end="")
            self.tell_person(sequence, home, 0, nominal)
            self.change_head(sequence, home, 0, end, notified, stamp)
        self.tell_unchanged(sequence, home, told, stamp)


NOT_ENDED: Final = dict.fromkeys(
    (
        "application_end", "application_end_reason", "application_end_notified", "qualification_lost",
        "qualification_lost_reason", "qualification_lost_notified", "member_end",
    ),
    "",
)  # fmt: skip
NOT_INSURED: Final = dict.fromkeys(
    (
        "application_start", "application_start_reason", "application_start_notified", "application_end",
        "application_end_reason", "application_end_notified", "qualification_acquired", "qualification_acquired_reason",
        "qualification_acquired_notified", "qualification_lost", "qualification_lost_reason",
        "qualification_lost_notified",
    ),
    "",
) | {"insured_kind": "2"}  # fmt: skip
