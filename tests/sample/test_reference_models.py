"""The sample against the reference models of the rules, which were written from the specification alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from kokuho_adapters.sample.municipal_office import HIGH_COST, HOUSEHOLD, PERSON, Entry, MunicipalOffices
from kokuho_adapters.sample.story import AFTER_LOST, LOST, ROUNDS, WEST, tell
from kokuho_core.conformance.reference.continuity import Continued, Cover, Fact, Head, Member, World, candidates
from kokuho_core.conformance.reference.qualification import P, findings, tokuso

from .rounds import Played

FOLDERS = [each.folder for each in ROUNDS]
Live = dict[tuple[str, ...], dict[str, Any]]


def received(offices: MunicipalOffices, until: int) -> Iterator[Entry]:
    """What has taken effect after a round: not the file that waits for its predecessor, not the held identity conflict."""
    for entry in offices.entries:
        came = FOLDERS.index((LOST if entry.sending is AFTER_LOST else entry.sending).round.folder)
        if entry.file_id == HOUSEHOLD:
            came = FOLDERS.index(entry.sending.round.folder)
        is_conflict = (entry.sender, entry.row.get("addressee_number"), came) == (WEST.number, "22101", 1)
        if came <= until and not (is_conflict and until == 1):
            yield entry


def standing(entries: Iterator[Entry], file_id: str, *keys: str) -> Live:
    """The records in force. A record under a used identity is refused (X-4)."""
    live: Live = {}
    used: set[tuple[str, ...]] = set()
    for entry in entries:
        if entry.file_id == file_id:
            identity = tuple(str(entry.row[key]) for key in ("insurer_number", *keys))
            if entry.row["update_kind"] == "3":
                live.pop(identity, None)
            elif entry.row["update_kind"] == "2" or identity not in used:
                live[identity] = entry.row
            used.add(identity)
    return live


def world_after(until: int) -> World:
    offices = tell()
    world = World(as_of=ROUNDS[until].as_of)
    rows = standing(received(offices, until), PERSON, "addressee_number", "history_number")
    person_of: dict[tuple[str, str], str] = {}
    for row in rows.values():
        addressee = row["addressee_number"]
        known_later = row["individual_number"] is None
        person_of[row["insurer_number"], addressee] = addressee if known_later else addressee[1:]
    periods: dict[tuple[str, str, date], list[dict[str, Any]]] = {}
    for row in rows.values():
        if row["insured_kind"] == "1":
            key = (row["insurer_number"], row["addressee_number"], row["application_start"])
            periods.setdefault(key, []).append(row)
    for (insurer, addressee, start), listed in periods.items():
        listed.sort(key=lambda row: row["history_number"])
        last = listed[-1]
        period = P(
            insurer, listed[0]["history_number"], start, last.get("application_end"), last["application_start_reason"],
            last.get("application_end_reason"), last.get("qualification_acquired"), last.get("qualification_acquired_reason"),
            last.get("qualification_lost"), last.get("qualification_lost_reason"),
        )  # fmt: skip
        members = tuple(
            Member(row["household_number"], row["history_number"], row["member_start"], row.get("member_end"))
            for row in listed
        )
        world.persons.setdefault(person_of[insurer, addressee], []).append(Cover(period, members))
    heads = standing(received(offices, until), HOUSEHOLD, "household_number", "history_number")
    for row in heads.values():
        head = Head(
            row["history_number"], person_of.get((row["insurer_number"], row["head_addressee_number"]), "unknown"),
            row["head_kind"] == "2", row["head_start"], row.get("head_end"),
        )  # fmt: skip
        world.heads.setdefault((row["insurer_number"], row["household_number"]), []).append(head)
    months = standing(received(offices, until), HIGH_COST, "household_number", "treatment_month", "occurrence_kind")
    for row in months.values():
        month = row["treatment_month"].first_day
        household = (row["insurer_number"], row["household_number"])
        world.facts.append(Fact(household, (month.year, month.month), row["occurrence_kind"]))
    return world


@pytest.mark.parametrize("until", range(len(ROUNDS)))
def test_findings(played: Played, until: int) -> None:
    """Rules: P-4, P-5, P-6, X-8, X-26. Identity conflicts are no matter of periods."""
    world = world_after(until)
    expected = []
    for covers in world.persons.values():
        for found in findings([cover.period for cover in covers], world.as_of):
            sides = tuple(side[0] if side else None for side in (found.from_, found.to))
            expected.append((found.kind, *sides, found.period_start, found.period_end, found.days))
    given = [
        (
            row["kind"], row["from_insurer"], row["to_insurer"], date.fromisoformat(row["period_start"]),
            date.fromisoformat(row["period_end"]) if row["period_end"] else None, row["days"],
        )
        for row in played.rounds[FOLDERS[until]]["findings.json"]
        if row["status"] == "open" and row["kind"] != "identity"
    ]  # fmt: skip
    assert sorted(given, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("until", range(len(ROUNDS)))
def test_qualifications(played: Played, until: int) -> None:
    """Rules: Q-4, X-9 … X-12, X-37. What a municipality was told last is what stands; the cancelled record's row is not told."""
    told: dict[tuple[str, str], tuple[str, ...]] = {}
    keys = (
        "qualification_acquired", "qualification_acquired_reason", "qualification_lost", "qualification_lost_reason",
        "carried_from", "status",
    )  # fmt: skip
    for folder in FOLDERS[: until + 1]:
        for name, content in played.rounds[folder].items():
            for row in content.get("TOKUSO", []) if name[0].isdigit() else []:
                key = (row["insurer_number"] + row["addressee_number"][1:], row["application_start"])
                told[key] = tuple(row[each] for each in keys)
    expected: dict[tuple[str, str], tuple[str, ...]] = {}
    for person, covers in world_after(until).persons.items():
        for ref, row in tokuso([cover.period for cover in covers]).items():
            (start,) = (cover.period.start for cover in covers if cover.period.ref == ref)
            expected[ref[0] + person[-4:], f"{start:%Y%m%d}"] = tuple(
                f"{value:%Y%m%d}" if isinstance(value, date) else value or "" for value in row
            )
    gone = told.keys() - expected.keys()
    assert {key: told[key] for key in expected} == expected
    assert gone <= {("1395190601", "20250501"), ("1395192201", "20250515")}  # cancelled; start corrected


@pytest.mark.parametrize("until", range(len(ROUNDS)))
def test_candidates(played: Played, until: int) -> None:
    """Rules: H-4 … H-7, X-15 … X-21, X-35. The decisions are those that the aggregation took."""
    world, listed = world_after(until), played.rounds[FOLDERS[until]]["candidates.json"]
    confirmed: set[str] = set()
    for folder in FOLDERS[: until + 1]:
        for name, content in played.rounds[folder].items():
            for row in content.get("KEIKAKU", []) if name[0].isdigit() else []:
                (confirmed.add if row["decision"] == "1" else confirmed.discard)(row["candidate_number"])
    given = {}
    for row in listed:
        left = (row["from_insurer"], row["from_household_number"])
        entered = (row["insurer_number"], row["household_number"])
        moved_on = date.fromisoformat(row["moved_on"])
        if row["candidate_number"] in confirmed:
            world.continued.append(Continued(left, entered, moved_on))
        if row["status"] != "2":
            counts = (row["moved_members"], row["occurrence_count"])
            given[left, entered] = (moved_on, *counts, row["suggestion"], row["suggestion_reason"])
    expected = {
        pair: (each.moved_on, len(each.movers), each.carried_months, each.suggestion, each.reason)
        for pair, each in candidates(world).items()
    }
    assert given == expected
