"""資格の区間: the days on which somebody's qualification stands, each once (S-21)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from kokuho_core.insured_person.application_period import ApplicationPeriod, PeriodKey
from kokuho_core.periods import DayRange
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.vocabulary.codes import QualificationStatus
from kokuho_core.vocabulary.insurers import InsurerRegister


@frozen
class StandingSpan:
    """資格の区間, known by its first application period."""

    period: PeriodKey
    days: DayRange


def standing_spans(qualifications: Iterable[Qualification], register: InsurerRegister) -> Iterator[StandingSpan]:
    """The spans of one person in order of time. A held qualification stands for nothing yet (X-9).

    Periods that overlap in municipalities that became one are one span (X-31). No other periods that stand overlap; none are
    joined here, so that the store refuses them if they ever do.
    """
    joined: list[ApplicationPeriod] = []
    for each in qualifications:
        if each.status is QualificationStatus.HELD:
            continue
        double = [period for period in joined if period.days.intersection(each.period.days) is not None]
        if joined and not (double and all(_is_one(period, each.period, register) for period in double)):
            yield _span_of(joined)
            joined = []
        joined.append(each.period)
    if joined:
        yield _span_of(joined)


def _is_one(one: ApplicationPeriod, other: ApplicationPeriod, register: InsurerRegister) -> bool:
    return register.is_one_municipality(one.insurer_number, other.insurer_number)


def _span_of(joined: list[ApplicationPeriod]) -> StandingSpan:
    days = joined[0].days
    for period in joined[1:]:
        days = days.until_the_later(period.days)
    return StandingSpan(joined[0].key, days)
