"""The whole circle: notices in three municipalities, their files, the aggregation, what it returns, taken in again.

Afterwards each municipality's view is what a brute-force model of the prefecture says of the ledger.
"""

from __future__ import annotations

import os
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_core.errors import NotFound
from kokuho_core.returning.rows import KakuninRow, KeikohoRow
from kokuho_core.usecases import municipal_office
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber

from ..models.continuity_model import Cover, Head, Member, World, candidates
from ..models.qualification_model import findings, tokuso
from ..prefecture.worlds import Worlds
from .three_offices import MUNICIPALITIES, ThreeOffices, live

AS_OF = "2024-12-31"
KINDS = {"overlap": "1", "gap": "2", "one_sided": "4", "unmatched": "5"}
IS_LONG = os.environ.get("KOKUHO_TEST_PROFILE") == "long"


def histories(worlds: Worlds, count: int) -> settings:
    return settings(
        max_examples=worlds.examples(count),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )


def go_round(offices: ThreeOffices, draw: Any) -> None:
    """Everybody's files there and back; what comes back is applied in any order, and some of it twice."""
    for insurer in MUNICIPALITIES:
        offices.send(insurer)
    offices.site.resolve(AS_OF)
    for insurer in MUNICIPALITIES:
        files = offices.take_back(insurer)
        order = draw(st.permutations(files)) if len(files) > 1 else files
        for file in order:
            offices.apply(insurer, file)
        for file in files:
            again = offices.apply(insurer, file)
            assert again.changes == () and again.refused == ()


def views_are_right(offices: ThreeOffices) -> None:
    """Each office's view, against the model."""
    periods = offices.periods()
    expected: dict[tuple[InsurerNumber, str], dict[date, Any]] = {}
    open_findings: dict[tuple[InsurerNumber, str], set[Any]] = {}
    for name, listed in periods.items():
        starts = {each.ref: each.start for each in listed}
        insurers = {each.ref: each.insurer for each in listed}
        for ref, row in tokuso(listed).items():
            expected.setdefault((InsurerNumber(ref[0]), name), {})[starts[ref]] = row
        for found in findings(listed, date.fromisoformat(AS_OF)):
            sides = [insurers[side] if side is not None else None for side in (found.from_, found.to)]
            said = (KINDS[found.kind], *sides, found.period_start, found.period_end, found.days)
            for side in set(sides) - {None}:
                open_findings.setdefault((InsurerNumber(str(side)), name), set()).add(said)
    for insurer in MUNICIPALITIES:
        for name, listed in periods.items():
            mine = [each for each in listed if each.insurer == insurer]
            try:
                view = municipal_office.person(offices.site.office, insurer, AddresseeNumber(name))
            except NotFound:
                assert not mine
                continue
            own = [(each.days.start, each.days.end_day) for each in view.person.application_periods()]
            assert own == sorted((each.start, each.end) for each in mine)
            given = {
                row.application_start: (
                    row.qualification_acquired, row.qualification_acquired_reason, row.qualification_lost,
                    row.qualification_lost_reason, row.carried_from, row.status,
                )
                for row in view.qualifications
            }  # fmt: skip
            assert given == expected.get((insurer, name), {})
            assert view.contradictions == ()
            said = {
                (row.kind, row.from_insurer, row.to_insurer, row.period_start, row.period_end, row.days)
                for row in view.findings
                if isinstance(row, KakuninRow) and row.status == "1"
            }
            assert said == open_findings.get((insurer, name), set())
        lists = municipal_office.lists(offices.site.office, insurer)
        assert lists.waiting == () and lists.refused == () and lists.awaited == () and lists.contradictions == ()


def world_of(offices: ThreeOffices) -> World:
    """The households as the offices themselves have them, with the periods of the ledger."""
    world = World(as_of=date.fromisoformat(AS_OF))
    periods = offices.periods()
    with offices.site.installation.database.begin(read_only=True) as work:
        known = {each: work.municipal.known(each, [AddresseeNumber(name) for name in periods]) for each in MUNICIPALITIES}
    for name, listed in periods.items():
        for period in listed:
            rows = [row.record for row in known[InsurerNumber(period.insurer)].persons[AddresseeNumber(name)].live_rows]
            members = tuple(
                Member(row.household_number, row.history_number, row.member_start, row.member_end)
                for row in rows
                if row.application_start == period.start
            )
            world.persons.setdefault(name, []).append(Cover(period, members))
    for insurer, found in known.items():
        for household in found.households.values():
            world.heads[insurer, household.household_number] = [
                Head(row.history_number, row.record.head_addressee_number, row.record.head_kind == "2",
                     row.record.head_start, row.record.head_end)
                for row in household.live_rows
            ]  # fmt: skip
    return world


def candidates_are_right(offices: ThreeOffices) -> None:
    """継続候補 of each office that was moved into, against the model."""
    expected = {
        pair: (each.moved_on, len(each.movers), each.carried_months, each.suggestion, each.reason)
        for pair, each in candidates(world_of(offices)).items()
    }
    given = {}
    for insurer in MUNICIPALITIES:
        with offices.site.installation.database.begin(read_only=True) as work:
            items = list(work.municipal.returned_of(insurer, "KEIKOHO"))
        for row in (item.row for item in items):
            assert isinstance(row, KeikohoRow)
            if row.status != "2":
                pair = ((row.from_insurer, row.from_household_number), (insurer, row.household_number))
                given[pair] = (row.moved_on, row.moved_members, row.occurrence_count, row.suggestion, row.suggestion_reason)
    assert given == expected


@pytest.mark.parametrize("part", range(10 if IS_LONG else 1))
def test_each_view_is_what_the_model_of_the_prefecture_says(worlds: Worlds, part: int) -> None:
    """Rules: Q-1, Q-4, Q-5, Q-6, D-1 … D-9, P-4 … P-7, X-8 … X-13, H-4 … H-6, X-14 … X-18."""

    @histories(worlds, 220 if IS_LONG else 12)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        with worlds.office() as site:
            offices = ThreeOffices(site)

            def after_each(draw: Any) -> None:
                if draw(st.integers(0, 3)) == 0:
                    go_round(offices, draw)

            live(data.draw, offices, after_each)
            go_round(offices, data.draw)
            views_are_right(offices)
            candidates_are_right(offices)

    run()
