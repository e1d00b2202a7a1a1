"""世帯の状況: who belongs to a household on a day, who is its head, and where else a person is covered (X-14, X-17)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from attrs import field, frozen

from kokuho_core.household.household import Household
from kokuho_core.insured_person.application_period import ApplicationPeriod
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, PrefecturalInsuredId
from kokuho_core.vocabulary.reasons import (
    MOVED_IN_FROM_OUTSIDE,
    MOVED_IN_INSIDE,
    MOVED_OUT_INSIDE,
    MOVED_OUT_OF_PREFECTURE,
)


@frozen
class Resident:
    """一人の県内被保険者: all his application periods in all municipalities, and whether he is protected (X-27)."""

    person: PrefecturalInsuredId
    addressees: frozenset[Addressee]
    periods: tuple[ApplicationPeriod, ...]
    is_protected: bool

    def period_on(self, day: date) -> ApplicationPeriod | None:
        return next((period for period in self.periods if period.days.covers(day)), None)

    def left_by_move(self, day: date) -> bool:
        """Whether a period ended on ``day`` for a move out, inside the prefecture or out of it (57, 51)."""
        return any(
            p.days.end == day and p.end_reason in (MOVED_OUT_INSIDE, MOVED_OUT_OF_PREFECTURE) for p in self.periods
        )

    def in_household_on(self, household: HouseholdKey, day: date) -> ApplicationPeriod | None:
        """The period by which he is a member of ``household`` on ``day`` (X-14)."""
        for period in self.periods:
            if period.days.covers(day) and period.household_on(day) == household:
                return period
        return None


def _by_person(residents: Iterable[Resident]) -> Mapping[PrefecturalInsuredId, Resident]:
    return {resident.person: resident for resident in residents}


def _person_of(residents: Iterable[Resident]) -> Mapping[Addressee, PrefecturalInsuredId]:
    return {addressee: resident.person for resident in residents for addressee in resident.addressees}


@frozen
class Residents:
    """関係する人と世帯: everybody who ever named one of the households in question, with those households."""

    _residents: Mapping[PrefecturalInsuredId, Resident] = field(converter=_by_person)
    _households: Mapping[HouseholdKey, Household]
    _person_of: Mapping[Addressee, PrefecturalInsuredId] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_person_of", _person_of(self._residents.values()))

    def __getitem__(self, person: PrefecturalInsuredId) -> Resident:
        return self._residents[person]

    def head_on(self, household: HouseholdKey, day: date) -> PrefecturalInsuredId | None:
        """世帯主 on ``day`` as a person; None when household record or head's own record has not come (X-5)."""
        known = self._households.get(household)
        headship = known.head_on(day) if known is not None else None
        return self._person_of.get(headship.head) if headship is not None else None

    def head_addressee_on(self, household: HouseholdKey, day: date) -> Addressee | None:
        """世帯主 on ``day`` as the municipality knows him."""
        known = self._households.get(household)
        headship = known.head_on(day) if known is not None else None
        return headship.head if headship is not None else None

    def head_changes(self, household: HouseholdKey) -> list[date]:
        known = self._households.get(household)
        return known.head_changes() if known is not None else []

    def members_on(self, household: HouseholdKey, day: date) -> frozenset[PrefecturalInsuredId]:
        """世帯員 on ``day``: those whose current row names the household, and the nominal head (X-14)."""
        members = {r.person for r in self._residents.values() if r.in_household_on(household, day) is not None}
        known = self._households.get(household)
        headship = known.head_on(day) if known is not None else None
        if headship is not None and headship.is_nominal and headship.head in self._person_of:
            members.add(self._person_of[headship.head])
        return frozenset(members)

    def went_elsewhere(self, person: PrefecturalInsuredId, left: HouseholdKey, day: date) -> bool:
        """Whether somebody no longer in household ``left`` on ``day`` is a split-off: covered elsewhere, left by a move,
        or a nominal head who stays head (X-16, X-17). Death or employee insurance is no split."""
        resident = self._residents[person]
        if resident.period_on(day) is not None or resident.left_by_move(day):
            return True
        return self.head_on(left, day) == person

    def came_from_elsewhere(
        self, person: PrefecturalInsuredId, entered: HouseholdKey, day: date, day_before: date
    ) -> bool:
        """Whether somebody new in household ``entered`` on ``day`` came from another one (X-16)."""
        resident = self._residents[person]
        if resident.period_on(day_before) is not None:
            return True
        period = resident.in_household_on(entered, day)
        return period is not None and period.start_reason in (MOVED_IN_INSIDE, MOVED_IN_FROM_OUTSIDE)
