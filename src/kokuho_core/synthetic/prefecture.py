"""合成都道府県: everything its municipalities send, household by household."""

from __future__ import annotations

from collections.abc import Iterator

from kokuho_core.conformance.choices import SeededChoices, Shares
from kokuho_core.synthetic.changes import ChoicesOf, tell_change
from kokuho_core.synthetic.household_life import HouseholdLife
from kokuho_core.synthetic.plan import CHANGE_SEQUENCES, HouseholdSite, PrefecturePlan
from kokuho_core.synthetic.rows import Message


def tell_prefecture(plan: PrefecturePlan) -> Iterator[tuple[int, list[Message]]]:
    """For each household, how many insured it brings, and all it tells in the initial load and in the change files."""
    choices_of, partners = _choices(plan), _choices(plan)
    for municipality, indexes in enumerate(plan.sites()):
        for index in indexes:
            site = plan.site(index, municipality)
            yield site.size, tell_household(plan, site, choices_of(site), partners)


def tell_household(plan: PrefecturePlan, site: HouseholdSite, choices: Shares, partners: ChoicesOf) -> list[Message]:
    """What one household tells in the initial load and in the change files; ``partners``: by which one it joins is told."""
    life = HouseholdLife(plan, site, choices)
    sequence = plan.sequence_at(site.position)
    if sequence is not None:
        tell_change(life, sequence, CHANGE_SEQUENCES[-1], partners)
    return life.messages


def tell_day(plan: PrefecturePlan, day: int, changes: int) -> Iterator[list[Message]]:
    """What ``changes`` households tell on further day ``day`` (from 1). Each changes once, so the days run out."""
    choices_of, partners = _choices(plan), _choices(plan)
    sequence = sequence_of_day(day)
    for position in plan.positions_of_day(day, changes):
        site = plan.at_position(position)
        life = HouseholdLife(plan, site, choices_of(site))
        life.messages.clear()  # told in the initial load
        tell_change(life, sequence, sequence, partners)
        yield life.messages


def _choices(plan: PrefecturePlan) -> ChoicesOf:
    """Seeded for each household; those given before are spent."""
    choices = SeededChoices()
    return lambda site: choices.begun(plan.seed_of(site))


def sequence_of_day(day: int) -> int:
    """連番 of the files of further day ``day``."""
    return CHANGE_SEQUENCES[-1] + day
