"""年齢: in which age group a month of treatment falls, and whether the month is that of the 75th birthday (D-7, H-8)."""

from __future__ import annotations

from datetime import date

from kokuho_core.benefit.law_tables import AgeGroup
from kokuho_core.benefit.receipts import Person
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.qualification.date_rules import completes_age
from kokuho_core.vocabulary.month import Month


def person_born(name: str, born: date, month: Month) -> Person:
    """The person in ``month``: the 70s begin with the month after the 70th birthday, born on the 1st with its month.

    In the month of the 75th birthday the ceilings are halved; born on the 1st, the month is the late elderly's.
    Raises :class:`InvalidValue`: KKH-T022 from then on, KKH-T007 for a birth after the month.
    """
    if Month.containing(born) > month:
        raise InvalidValue(Problem("KKH-T007", field="birth_date"))
    late = completes_age(born, 75)
    if late <= month.first_day:
        raise InvalidValue(Problem("KKH-T022", field="birth_date"))
    is_elder = completes_age(born, 70) <= month.first_day
    group = AgeGroup.FROM_70 if is_elder else AgeGroup.UNDER_70
    return Person(name, group, is_halved=Month.containing(late) == month)
