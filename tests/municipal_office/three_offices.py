"""Three municipal offices and their aggregation, with a ledger beside them that knows nothing of either.

What happens to two families is drawn; each office is told by notices, some late, some with the wrong day, some never. The ledger
writes down the application periods that follow, with its own arithmetic of days.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

from attrs import define, field
from hypothesis import strategies as st

from kokuho_adapters.files import OpenFormatFile
from kokuho_core.errors import NotificationRefused
from kokuho_core.municipal_office.notification import (
    CoverBegan,
    CoverEnded,
    DateCorrected,
    Entrant,
    Head,
    MovedIn,
    MovedOut,
    NewHousehold,
    OtherCover,
    PeriodSide,
    ResidenceSpecial,
    StayEnded,
    Withdrawn,
)
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.check import check
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.municipal_desk import AppliedFile
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber

from ..models.qualification_model import P
from ..prefecture.office import A, B, C, PrefectureOffice, number
from .counter import items

MUNICIPALITIES = (A, B, C)
FAMILIES = (("1", "2"), ("3",))
FIRST = date(2022, 1, 10)
TODAY = datetime(2024, 6, 1, 9, 0, 0)
ONE_DAY = timedelta(days=1)


@define
class Period:
    """適用期間 as the ledger has it."""

    start: date
    start_reason: str
    acquired: date | None
    end: date | None = None
    end_reason: str | None = None
    lost: date | None = None


Ledger = dict[tuple[InsurerNumber, str], list[Period]]


@define(eq=False)
class ThreeOffices:
    """What happens, told to the offices and written into the ledger."""

    site: PrefectureOffice
    ledger: Ledger = field(factory=dict)
    homes: dict[str, tuple[InsurerNumber, HouseholdNumber]] = field(factory=dict)
    """Where each person lives as an insured member."""
    before: dict[InsurerNumber, list[tuple[int, Ledger, dict[str, Any]]]] = field(factory=dict)
    """By office, its notices with what stood before them."""
    made: int = 0
    answered: int = 0

    # --- notices ---

    def tell(self, insurer: InsurerNumber, notice: Any) -> bool:
        """Tell an office; False where it refuses."""
        stood = (deepcopy(self.ledger), dict(self.homes))
        numbers = {
            each.addressee_number: IndividualNumber(number(int(each.addressee_number)))
            for each in getattr(notice, "entrants", ())
        }
        try:
            taken = municipal_office.notify(self.site.office, insurer, notice, numbers)
        except NotificationRefused:
            return False
        self.before.setdefault(insurer, []).append((taken.number, *stood))
        return True

    def must(self, insurer: InsurerNumber, notice: Any) -> None:
        assert self.tell(insurer, notice), notice

    def new_home(self, head: str) -> NewHousehold:
        self.made += 1
        household = HouseholdNumber(f"{900 + self.made}")
        return NewHousehold(household, household, Head(AddresseeNumber(head)))

    # --- the ledger ---

    def begin(self, insurer: InsurerNumber, people: tuple[str, ...], home: HouseholdNumber, start: date, reason: str) -> None:
        for each in people:
            acquired = None if reason == "07" else start
            self.ledger.setdefault((insurer, each), []).append(Period(start, reason, acquired))
            self.homes[each] = (insurer, home)

    def end(self, insurer: InsurerNumber, people: tuple[str, ...], end: date, reason: str) -> None:
        for each in people:
            period = self.ledger[insurer, each][-1]
            period.end, period.end_reason, period.lost = end, reason, None if reason == "57" else end
            self.homes.pop(each, None)

    def periods(self) -> dict[str, list[P]]:
        """Every person's periods in all municipalities, for the model of the prefecture."""
        found: dict[str, list[P]] = {}
        for (insurer, person), periods in self.ledger.items():
            found.setdefault(person, []).extend(
                P(
                    insurer, place, each.start, each.end, each.start_reason, each.end_reason, each.acquired,
                    each.start_reason if each.acquired else None, each.lost, each.end_reason if each.lost else None,
                )
                for place, each in enumerate(periods)
            )  # fmt: skip
        return found

    # --- files there and back ---

    def send(self, insurer: InsurerNumber) -> None:
        """Build what waits; every file passes the check and the reception without a word."""
        folder = self.site.installation.sending(self.site.inbox, insurer)
        for file in municipal_office.build(self.site.office, insurer, folder, str(self.site.inbox)):
            path = self.site.inbox / file.name
            checked = check(OpenFormatFile.from_path(path, self.site.book))
            assert not checked.errors and not checked.warnings, checked
            for answer in self.site.receive(path):
                assert answer.result is FileResult.APPLIED and not answer.errors and not answer.warnings, answer
                assert answer.counts.accepted == file.records

    def take_back(self, insurer: InsurerNumber) -> list[Any]:
        """Deliver to one office; the files, to be applied in any order."""
        outgoing = self.site.installation.outgoing(self.site.outbox)
        files = deliver(self.site.office, insurer, outgoing, str(self.site.outbox))
        return [self.site.installation.returned(self.site.outbox / each.file) for each in files]

    def apply(self, insurer: InsurerNumber, file: Any) -> AppliedFile:
        answer = municipal_office.apply(self.site.office, insurer, file)
        assert not answer.refused and not answer.problems, answer
        return answer


def person(name: str) -> Entrant:
    return Entrant(AddresseeNumber(name), items(f"196{name}-05-05", "2", number=None))


def live(draw: st.DrawFn, offices: ThreeOffices, after_each: Any) -> None:
    """One random history."""
    day = FIRST
    for _ in range(draw(st.integers(2, 7))):
        day += timedelta(days=draw(st.sampled_from([20, 45, 100])))
        family = draw(st.sampled_from(FAMILIES))
        insured = tuple(each for each in family if each in offices.homes)
        places = {offices.homes[each][0] for each in insured}
        if not insured:
            _comes(draw, offices, family, day)
        else:
            place = min(places)
            those = tuple(each for each in insured if offices.homes[each][0] == place)
            _happens(draw, offices, family, those, place, day)
        after_each(draw)


def _comes(draw: st.DrawFn, offices: ThreeOffices, family: tuple[str, ...], day: date) -> None:
    place = draw(st.sampled_from(MUNICIPALITIES))
    home = offices.new_home(family[0])
    entrants = tuple(person(each) for each in family)
    when = {"event_on": day, "notified_on": day + timedelta(days=draw(st.sampled_from([0, 3, 60])))}
    if draw(st.booleans()):
        offices.must(place, MovedIn(**when, household=home, entrants=entrants))
        offices.begin(place, family, home.household_number, day, "01")
    else:
        offices.must(place, CoverEnded(**when, cover=OtherCover.EMPLOYEE_INSURANCE, household=home, entrants=entrants))
        offices.begin(place, family, home.household_number, day + ONE_DAY, "03")


EVENTS = ("move", "move", "move", "move", "one leaves", "away", "head employed", "correct", "correct", "withdraw", "facility")


def _happens(
    draw: st.DrawFn, offices: ThreeOffices, family: tuple[str, ...], those: tuple[str, ...], place: InsurerNumber, day: date
) -> None:
    addressees = tuple(AddresseeNumber(each) for each in those)
    when = {"event_on": day, "notified_on": day + timedelta(days=draw(st.sampled_from([0, 3, 60])))}
    match draw(st.sampled_from(EVENTS)):
        case "move":
            _moves(draw, offices, those, place, day)
        case "away":
            _ends_special_cases(offices, those, place, day)
            offices.must(place, MovedOut(**when, people=addressees))
            offices.end(place, those, day + ONE_DAY, "51")
        case "one leaves" if len(those) > 1:
            offices.must(place, CoverBegan(**when, cover=OtherCover.WELFARE, people=addressees[1:]))
            offices.end(place, those[1:], day, "54")
        case "head employed" | "one leaves":
            offices.must(place, CoverBegan(**when, cover=OtherCover.EMPLOYEE_INSURANCE, people=addressees[:1]))
            offices.end(place, those[:1], day + ONE_DAY, "53")
        case "facility":
            one = those[-1]
            home = offices.new_home(one)
            head = Head(AddresseeNumber(those[0])) if len(those) > 1 else None
            notice = ResidenceSpecial(
                **when, person=AddresseeNumber(one), household=home, address="施設", new_head=head
            )
            last = offices.ledger[place, one][-1]
            acquired = last.acquired
            if offices.tell(place, notice):
                last.end, last.end_reason = day, "58"
                offices.ledger[place, one].append(Period(day, "08", acquired))
                offices.homes[one] = (place, home.household_number)
        case "correct":
            _corrected(draw, offices, those, place)
        case "withdraw":
            _withdrawn(offices, place, day)


def _moves(
    draw: st.DrawFn, offices: ThreeOffices, those: tuple[str, ...], place: InsurerNumber, day: date
) -> None:
    """Out of one municipality and into another: mostly as it should be, sometimes days apart, one-sided or never told."""
    there = draw(st.sampled_from([each for each in MUNICIPALITIES if each != place]))
    addressees = tuple(AddresseeNumber(each) for each in those)
    how = draw(st.sampled_from(["rightly", "rightly", "rightly", "apart", "left abroad", "came from abroad", "never came"]))
    entered = day + timedelta(days=draw(st.sampled_from([-6, 6]))) if how == "apart" else day
    _ends_special_cases(offices, those, place, day)
    out = {"event_on": day, "notified_on": day + timedelta(days=2)}
    if how == "left abroad":
        offices.must(place, MovedOut(**out, people=addressees))
        offices.end(place, those, day + ONE_DAY, "51")
    else:
        offices.must(place, MovedOut(**out, people=addressees, to_insurer=there))
        offices.end(place, those, day, "57")
    if how == "never came":
        return
    into = {"event_on": entered, "notified_on": entered + timedelta(days=draw(st.sampled_from([0, 30])))}
    home = offices.new_home(those[0])
    came_from = None if how == "came from abroad" else place
    notice = MovedIn(**into, household=home, entrants=tuple(map(person, those)), from_insurer=came_from)
    if offices.tell(there, notice):
        offices.begin(there, those, home.household_number, entered, "01" if came_from is None else "07")


def _ends_special_cases(offices: ThreeOffices, those: tuple[str, ...], place: InsurerNumber, day: date) -> None:
    """Who is under 住所地特例 has to end that before he can move out (KKH-M012)."""
    for each in those:
        if offices.ledger[place, each][-1].start_reason == "08":
            notice = StayEnded(event_on=day, notified_on=day, person=AddresseeNumber(each), address="見本町１丁目")
            offices.must(place, notice)


def _corrected(draw: st.DrawFn, offices: ThreeOffices, those: tuple[str, ...], place: InsurerNumber) -> None:
    """The day of the last period's start was another one, for all who began with it on the same day."""
    starts = {offices.ledger[place, each][-1].start for each in those}
    if len(starts) > 1 or {offices.ledger[place, each][-1].start_reason for each in those} & {"08"}:
        return
    (start,) = starts
    new = start + timedelta(days=draw(st.sampled_from([-8, -3, 4])))
    reason = offices.ledger[place, those[0]][-1].start_reason
    event = new - ONE_DAY if reason == "03" else new
    people = tuple(AddresseeNumber(each) for each in those)
    notice = DateCorrected(event_on=event, notified_on=start + timedelta(days=90), people=people, side=PeriodSide.START)
    if offices.tell(place, notice):
        for each in those:
            period = offices.ledger[place, each][-1]
            period.start = new
            period.acquired = new if period.acquired == start else period.acquired


def _withdrawn(offices: ThreeOffices, place: InsurerNumber, day: date) -> None:
    """The last notice of an office never was; the ledger of that office is what it was before."""
    if not offices.before.get(place):
        return
    taken, ledger, homes = offices.before[place][-1]
    people = {each for (insurer, each) in offices.ledger if insurer == place}
    still = {each for each in people if offices.homes.get(each, (place, None))[0] == place}
    if people != still:
        return  # they live elsewhere meanwhile: a clerk would not
    if offices.tell(place, Withdrawn(event_on=day, notified_on=day, notice_number=taken)):
        for key in [key for key in offices.ledger if key[0] == place]:
            offices.ledger[key] = ledger.get(key, [])
        for each in people:
            offices.homes.pop(each, None)
            if homes.get(each, (None, None))[0] == place:
                offices.homes[each] = homes[each]
        offices.before[place] = []


