"""合成都道府県: everything its municipalities send, household by household."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from kokuho_core.synthetic.changes import tell_change
from kokuho_core.synthetic.household_life import HouseholdLife
from kokuho_core.synthetic.plan import CHANGE_SEQUENCES, PrefecturePlan
from kokuho_core.synthetic.rows import Message


def tell_prefecture(plan: PrefecturePlan) -> Iterator[tuple[int, list[Message]]]:
    """For each household, how many insured it brings, and all it tells in the initial load and in the change files."""
    random, partner_random = Random(), Random()  # seeded for each household # nosec B311
    last = CHANGE_SEQUENCES[-1]
    for municipality, indexes in enumerate(plan.sites()):
        for index in indexes:
            site = plan.site(index, municipality)
            life = HouseholdLife(plan, site, random)
            sequence = plan.sequence_at(site.position)
            if sequence is not None:
                tell_change(life, sequence, last, partner_random)
            yield site.size, life.messages


def tell_day(plan: PrefecturePlan, day: int, changes: int) -> Iterator[list[Message]]:
    """What ``changes`` households tell on further day ``day`` (from 1). Each changes once, so the days run out."""
    random, partner_random = Random(), Random()  # seeded for each household # nosec B311
    sequence = sequence_of_day(day)
    for position in plan.positions_of_day(day, changes):
        life = HouseholdLife(plan, plan.at_position(position), random)
        life.messages.clear()  # told in the initial load
        tell_change(life, sequence, sequence, partner_random)
        yield life.messages


def sequence_of_day(day: int) -> int:
    """連番 of the files of further day ``day``."""
    return CHANGE_SEQUENCES[-1] + day
