"""What happens to a few people in three municipalities, drawn at random: some told late, with the wrong day, or never."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from attrs import define, field
from hypothesis import strategies as st

from kokuho_core.conformance.reference.counting import month_before
from kokuho_core.municipal_office.notification import (
    CoverBegan,
    CoverEnded,
    DateCorrected,
    Died,
    HeadChanged,
    HouseholdChanged,
    ItemsChanged,
    MovedIn,
    MovedOut,
    OtherCover,
    PeriodSide,
    ResidenceSpecial,
    StayEnded,
)
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber

from .counter import items
from .ledger import MunicipalLedger
from .three_offices import MUNICIPALITIES, ThreeOffices, addressees, as_head, described

FAMILIES = (("1", "2", "3"), ("4", "5"))
NEVER_INSURED = ("8", "9")
"""Grandparents in another insurance, who are heads at most (擬制世帯主)."""
FIRST = date(2022, 1, 10)
ONE_DAY = timedelta(days=1)

Home = tuple[InsurerNumber, str]


def live(draw: st.DrawFn, offices: ThreeOffices, after_each: Callable[[], object]) -> None:
    """One random history."""
    lives = Lives(draw, offices)
    lives.begin()
    for _ in range(draw(st.integers(2, 8))):
        lives.go_on(draw(st.sampled_from([20, 31, 45, 100])))
        after_each()
    lives.catch_up()


@define(eq=False)
class Lives:
    draw: Any
    offices: ThreeOffices
    day: date = FIRST
    dead: set[str] = field(factory=set)
    late: list[Callable[[], object]] = field(factory=list)
    """What an office will be told of only later, or never."""

    def begin(self) -> None:
        """Both families come, the first as a whole, with months that somebody may ask for later."""
        place, people = self.draw(st.sampled_from(MUNICIPALITIES)), FAMILIES[0]
        self.enter(place, people, MovedIn, self.when(), self.day, "01", None)
        self.day += timedelta(days=self.draw(st.sampled_from([40, 200])))
        for home in self.homes():
            self._state_months(*home)
        self.comes()

    def go_on(self, days: int) -> None:
        self.day += timedelta(days=days)
        if self.late and self.draw(st.booleans()):
            self.late.pop(0)()
        homes = self.homes()
        if not homes:
            self.comes()
            return
        happening = self.draw(st.sampled_from(HAPPENINGS))
        home = self.draw(st.sampled_from(homes))
        if self.own(home).last_day(home[1]) < self.day - timedelta(days=8):  # nothing before what is known already
            happening(self, home)

    def catch_up(self) -> None:
        while self.late and self.draw(st.integers(0, 3)):
            self.late.pop(0)()

    # --- looking about ---

    def own(self, home: Home) -> MunicipalLedger:
        return self.offices.ledger.municipalities[home[0]]

    def homes(self, but: Home | None = None, at: Sequence[InsurerNumber] = MUNICIPALITIES) -> list[Home]:
        found = [(each, household) for each in at for household in self.offices.ledger.municipalities[each].homes()]
        return [each for each in found if each != but]

    def when(self, day: date | None = None) -> dict[str, date]:
        on = day or self.day
        return {"event_on": on, "notified_on": on + timedelta(days=self.draw(st.sampled_from([0, 3, 60])))}

    def some_of(self, people: Sequence[str], *, all_but_one: bool = False) -> tuple[str, ...]:
        """Some of them, in their order; never all of them with ``all_but_one``."""
        most = len(people) - 1 if all_but_one else len(people)
        chosen = self.draw(st.sets(st.sampled_from(people), min_size=1, max_size=max(1, most)))
        return tuple(each for each in people if each in chosen)

    def nobodys_head(self, insurer: InsurerNumber, *also: str) -> str | None:
        """Somebody not insured who is head of nothing in this municipality: a grandparent, or one of ``also``."""
        heads = self.offices.ledger.municipalities[insurer].heads.values()
        busy = {listed[-1].person for listed in heads if listed[-1].end is None}
        free = [each for each in (*also, *also, *NEVER_INSURED) if each not in busy | self.dead]
        return self.draw(st.sampled_from([*free, None])) if free else None

    def follower(self, home: Home, leaving: Sequence[str]) -> str | None:
        """Who is head of those who stay, where the head is among those who leave."""
        stay = [each for each in self.own(home).insured(home[1]) if each not in leaving]
        return stay[0] if stay and self.own(home).head(home[1]).person in leaving else None

    # --- coming ---

    def comes(self, home: Home | None = None) -> None:
        """Somebody insured nowhere joins: in a household of his own, or in one that is there."""
        family = self.draw(st.sampled_from(FAMILIES))
        free = [each for each in family if each not in self.dead and not self.offices.ledger.is_insured(each)]
        if not free:
            return
        people = self.some_of(free)
        cover = self.draw(st.sampled_from([None, OtherCover.EMPLOYEE_INSURANCE, OtherCover.WELFARE]))
        reason = "01" if cover is None else cover.left
        start = self.day + ONE_DAY if cover is OtherCover.EMPLOYEE_INSURANCE else self.day
        notice: Callable[..., Any] = MovedIn if cover is None else partial(CoverEnded, cover=cover)
        place = home[0] if home is not None else self.draw(st.sampled_from(MUNICIPALITIES))
        self.enter(place, people, notice, self.when(), start, reason, None if self.draw(st.booleans()) else home)

    def enter(
        self, place: InsurerNumber, people: tuple[str, ...], notice: Callable[..., Any], when: dict[str, date], start: date,
        reason: str, home: Home | None, *heads: str,
    ) -> str | None:  # fmt: skip
        """Into ``home``, where that is in ``place``, else a new household. Its number, None where the office refuses."""
        entrants = tuple(map(described, people))
        if home is not None and home[0] == place:
            takes_over = self.draw(st.integers(0, 3)) == 0
            new_head = as_head(people[0]) if takes_over else None

            def join(ledger: MunicipalLedger) -> None:
                ledger.begin(people, home[1], start, reason)
                if takes_over and ledger.head(home[1]).person != people[0]:
                    ledger.seat(home[1], people[0], start)

            told = notice(**when, household=HouseholdNumber(home[1]), entrants=entrants, new_head=new_head)
            return home[1] if self.offices.tell(place, told, join) else None
        grandparent = self.nobodys_head(place, *heads)
        head = grandparent or self.draw(st.sampled_from(people))
        new = self.offices.new_home(head, is_nominal=head == grandparent)

        def found(ledger: MunicipalLedger) -> None:
            ledger.found(new.household_number, head, start, is_nominal=head == grandparent)
            ledger.begin(people, new.household_number, start, reason)

        told = notice(**when, household=new, entrants=entrants)
        return new.household_number if self.offices.tell(place, told, found) else None

    # --- moving ---

    def moves(self, home: Home) -> None:
        self._move(home, self.own(home).insured(home[1]))

    def some_move(self, home: Home) -> None:
        insured = self.own(home).insured(home[1])
        people = self.some_of(insured, all_but_one=True)
        if len(insured) > 1 and self.draw(st.integers(0, 3)) == 0:  # and the others lose their insurance on that very day
            others = tuple(each for each in insured if each not in people)
            if self.own(home).head(home[1]).person not in others:
                notice = CoverBegan(**self.when(), cover=OtherCover.WELFARE, people=addressees(others))
                self.offices.tell(home[0], notice, lambda ledger: ledger.end(others, self.day, "54"))
        self._move(home, people)

    def _move(self, home: Home, people: tuple[str, ...]) -> None:
        """Out of one municipality and into another: mostly as it should be, sometimes days apart, one-sided, late or never."""
        place, day = home[0], self.day
        there = self.draw(st.sampled_from([each for each in MUNICIPALITIES if each != place]))
        how = self.draw(st.sampled_from(WAYS))
        self._end_special_cases(home, people)
        new_head = self.follower(home, people)
        head = self.own(home).head(home[1])
        is_empty = set(people) == set(self.own(home).insured(home[1]))
        his = (head.person,) if head.is_nominal and is_empty else ()
        leaving = (*people, *his) if self.draw(st.booleans()) else people
        end, reason = (day + ONE_DAY, "51") if how == "left abroad" else (day, "57")
        out = MovedOut(
            **self.when(), people=addressees(leaving), to_insurer=None if how == "left abroad" else there,
            new_head=as_head(new_head) if new_head else None,
        )  # fmt: skip
        leave = partial(
            self.offices.tell, place, out, lambda ledger: ledger.end(people, end, reason, new_head)
        )
        if how == "told late":
            self.late.append(leave)
        elif not leave():
            return
        self.offices.seen[f"moved {how}"] += 1
        if how == "never came":
            return
        entered = day + timedelta(days=self.draw(st.sampled_from([-6, 6]))) if how == "apart" else day
        came_from = None if how == "came from abroad" else place
        homes = self.homes(at=[there])
        into = self.draw(st.sampled_from(homes)) if homes and self.draw(st.integers(0, 2)) == 0 else None
        notice = partial(MovedIn, from_insurer=came_from)
        entered_home = self.enter(there, people, notice, self.when(entered), entered, "01" if came_from is None else "07", into, *his)
        if entered_home is not None and self.draw(st.integers(0, 3)) == 0:
            self.welfare_ends((there, entered_home), entered)

    def welfare_ends(self, home: Home, day: date) -> None:
        """Somebody insured nowhere joins on that very day."""
        free = [each for family in FAMILIES for each in family if each not in self.dead]
        free = [each for each in free if not self.offices.ledger.is_insured(each)]
        if free:
            notice = partial(CoverEnded, cover=OtherCover.WELFARE)
            self.enter(home[0], (self.draw(st.sampled_from(free)),), notice, self.when(day), day, "04", home)

    def _end_special_cases(self, home: Home, people: Sequence[str]) -> None:
        """Who is under 住所地特例 has to end that before he can move out (KKH-M012)."""
        for each in people:
            if self.own(home).persons[each][-1].start_reason == "08":
                over = StayEnded(event_on=self.day, notified_on=self.day, person=AddresseeNumber(each), address="見本町１丁目")
                self.offices.tell(home[0], over)

    # --- leaving ---

    def loses(self, home: Home) -> None:
        """Employee insurance, welfare, or out of the prefecture."""
        people = self.some_of(self.own(home).insured(home[1]))
        follower = self.follower(home, people)
        code = self.draw(st.sampled_from(["51", "53", "53", "54"]))
        if code == "51":
            self._end_special_cases(home, people)
            named = follower
            notice: Any = MovedOut(**self.when(), people=addressees(people), new_head=as_head(named) if named else None)
        else:
            named = follower if self.draw(st.booleans()) else None
            cover = OtherCover.EMPLOYEE_INSURANCE if code == "53" else OtherCover.WELFARE
            notice = CoverBegan(
                **self.when(), cover=cover, people=addressees(people), new_head=as_head(named) if named else None
            )
        end = self.day if code == "54" else self.day + ONE_DAY
        self.offices.tell(home[0], notice, lambda ledger: ledger.end(people, end, code, named, stays=code != "51"))

    def dies(self, home: Home) -> None:
        one = self.draw(st.sampled_from(self.own(home).insured(home[1])))
        follower = self.follower(home, (one,))
        notice = Died(**self.when(), person=AddresseeNumber(one), new_head=as_head(follower) if follower else None)
        if self.offices.tell(home[0], notice, lambda ledger: ledger.end((one,), self.day + ONE_DAY, "52", follower)):
            self.dead.add(one)

    # --- households ---

    def splits(self, home: Home) -> None:
        insured = self.own(home).insured(home[1])
        if len(insured) < 2:
            return
        people = self.some_of(insured, all_but_one=True)
        follower = self.follower(home, people)
        new = self.offices.new_home(people[0])
        notice = HouseholdChanged(
            **self.when(), people=addressees(people), household=new, new_head=as_head(follower) if follower else None
        )

        def split(ledger: MunicipalLedger) -> None:
            ledger.found(new.household_number, people[0], self.day)
            ledger.change_household(people, new.household_number, self.day, follower)

        if self.offices.tell(home[0], notice, split):
            self.offices.seen["split"] += 1

    def joins(self, home: Home) -> None:
        """Some or all of a household go over to another one of the municipality."""
        others = self.homes(but=home, at=[home[0]])
        if not others:
            return
        into = self.draw(st.sampled_from(others))[1]
        people = self.some_of(self.own(home).insured(home[1]))
        follower = self.follower(home, people)
        notice = HouseholdChanged(
            **self.when(), people=addressees(people), household=HouseholdNumber(into),
            new_head=as_head(follower) if follower else None,
        )  # fmt: skip

        def join(ledger: MunicipalLedger) -> None:
            head = ledger.head(into)
            ledger.change_household(people, into, self.day, follower)
            if head.is_nominal and head.person in people:
                ledger.seat(into, head.person, self.day)

        if self.offices.tell(home[0], notice, join):
            self.offices.seen["merger"] += 1

    def changes_head(self, home: Home) -> None:
        """Another member, or a grandparent who is not insured here."""
        own = self.own(home)
        members = [each for each in own.insured(home[1]) if each != own.head(home[1]).person]
        grandparent = self.nobodys_head(home[0])
        choices = [*members, *([grandparent] if grandparent else [])]
        if not choices:
            return
        head = self.draw(st.sampled_from(choices))
        is_nominal = head == grandparent
        notice = HeadChanged(**self.when(), household=HouseholdNumber(home[1]), head=as_head(head, is_nominal=is_nominal))
        if self.offices.tell(home[0], notice, lambda ledger: ledger.seat(home[1], head, self.day, is_nominal=is_nominal)):
            self.offices.seen["nominal head" if is_nominal else "head"] += 1

    def goes_to_a_facility(self, home: Home) -> None:
        """D-9."""
        one = self.draw(st.sampled_from(self.own(home).insured(home[1])))
        follower = self.follower(home, (one,))
        new = self.offices.new_home(one)
        notice = ResidenceSpecial(
            **self.when(), person=AddresseeNumber(one), household=new, address="施設",
            new_head=as_head(follower) if follower else None,
        )  # fmt: skip

        def effect(ledger: MunicipalLedger) -> None:
            acquired = ledger.persons[one][-1].acquired
            ledger.end((one,), self.day, "58", follower)
            ledger.found(new.household_number, one, self.day)
            ledger.begin((one,), new.household_number, self.day, "08", acquired)

        self.offices.tell(home[0], notice, effect)

    # --- corrections ---

    def start_was_another(self, home: Home) -> None:
        """The day of the last period's start was another one, for all who began with it on the same day."""
        own = self.own(home)
        one = own.persons[self.draw(st.sampled_from(own.insured(home[1])))][-1]
        people = tuple(
            each for each in own.insured(home[1]) if (own.persons[each][-1].start, own.persons[each][-1].start_reason)
            == (one.start, one.start_reason)
        )  # fmt: skip
        if one.start_reason == "08":
            return
        old, new = one.start, one.start + timedelta(days=self.draw(st.sampled_from([-8, -3, 4])))
        event = new - ONE_DAY if one.start_reason == "03" else new
        notice = DateCorrected(
            event_on=event, notified_on=old + timedelta(days=90), people=addressees(people), side=PeriodSide.START
        )
        self.offices.tell(home[0], notice, lambda ledger: ledger.correct_start(people, old, new))

    def end_was_another(self, home: Home) -> None:
        """The day on which somebody's insurance ended was another one, for all who left that household with him."""
        own = self.own(home)
        ended = {name: periods[-1] for name, periods in own.persons.items() if periods and periods[-1].end is not None}
        if not ended:
            return
        one = ended[self.draw(st.sampled_from(sorted(ended)))]
        people = tuple(
            name for name, each in ended.items()
            if (each.end, each.end_reason, each.stays[-1].household) == (one.end, one.end_reason, one.stays[-1].household)
        )  # fmt: skip
        assert one.end is not None
        if one.end_reason == "58":
            return
        old, new = one.end, one.end + timedelta(days=self.draw(st.sampled_from([-5, 3, 6])))
        event = new if one.end_reason in ("54", "57") else new - ONE_DAY
        notice = DateCorrected(
            event_on=event, notified_on=old + timedelta(days=90), people=addressees(people), side=PeriodSide.END
        )
        self.offices.tell(home[0], notice, lambda ledger: ledger.correct_end(people, old, new))

    def items_change(self, home: Home) -> None:
        one = self.draw(st.sampled_from(self.own(home).insured(home[1])))
        born = described(one).items
        assert born is not None
        told = items(born.birth_date.isoformat(), born.sex, name=f"見本　{self.draw(st.sampled_from('春夏秋冬'))}", number=None)
        self.offices.tell(home[0], ItemsChanged(**self.when(), person=AddresseeNumber(one), items=told))

    def never_was(self, home: Home) -> None:
        self.offices.withdraw_last(home[0], self.day)

    # --- months ---

    def months(self, home: Home) -> None:
        """高額該当月 of the year before, of any household there ever was; some cost nothing, some were outpatient only."""
        place = self.draw(st.sampled_from(MUNICIPALITIES)) if self.draw(st.booleans()) else home[0]
        households = sorted(self.offices.ledger.municipalities[place].heads)
        if not households:
            return
        self._state_months(place, self.draw(st.sampled_from(households)))

    def _state_months(self, place: InsurerNumber, household: str) -> None:
        month = (self.day.year, self.day.month)
        for _ in range(self.draw(st.integers(1, 4))):
            for _ in range(self.draw(st.integers(1, 4))):
                month = month_before(month)
            kind = self.draw(st.sampled_from(["1", "1", "1", "2"]))
            self.offices.state_month(place, household, month, kind, self.draw(st.sampled_from([0, 25_000])))

    def month_never_was(self, home: Home) -> None:
        told = [
            (*household, *month) for household, months in sorted(self.offices.ledger.months.items()) for month in sorted(months)
        ]
        if told:
            self.offices.withdraw_month(*self.draw(st.sampled_from(told)))


WAYS = ("rightly",) * 5 + ("apart", "left abroad", "came from abroad", "never came", "told late")
HAPPENINGS: tuple[Callable[[Lives, Home], object], ...] = (
    *(Lives.moves,) * 5, *(Lives.some_move,) * 3, *(Lives.comes,) * 3, *(Lives.months,) * 4, Lives.month_never_was, Lives.loses,
    Lives.loses, Lives.dies, Lives.splits, Lives.splits, Lives.joins, Lives.changes_head, Lives.changes_head,
    Lives.goes_to_a_facility, Lives.start_was_another, Lives.start_was_another, Lives.end_was_another, Lives.items_change,
    Lives.never_was,
)  # fmt: skip
