"""模型: the three steps for households without anything special, written from the text of the rules and nothing of the library.

Figures are those typed from the sources; sums are fractions, rounded once where the law rounds.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

SOURCE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("figures_from_source.toml").read_text("utf-8"))


def row_of(group: str, year: int, month: int, income_class: str) -> list[int | None]:
    since = max(each for each in SOURCE[group] if each <= f"{year:04d}-{month:02d}")
    printed = SOURCE[group][since][income_class]
    return [None if each == "-" else int(each.replace(",", "")) for each in printed.split(" / ")]


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def limit(row: list[int | None], cost: int, fourth: bool) -> int:
    base, threshold, multiple = row[0], row[1], row[2]
    assert base is not None
    if fourth and multiple is not None:
        return multiple
    if threshold is None:
        return base
    return base + half_up(Fraction(max(cost, threshold) - threshold, 100))


Line = tuple[str, str, str, bool, bool, int, int]
"""Person, age group (under70, from70), institution, dental, inpatient, cost, share in percent."""


def benefit(year: int, month: int, under: str, over: str, fourth: bool, lines: list[Line]) -> tuple[int, int, int]:
    """Step 1, 2 and 3 in yen."""
    units: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for number, (person, group, institution, dental, inpatient, cost, share) in enumerate(lines):
        place = institution or f"#{number}"
        units[person, group, place, dental, inpatient][0] += cost
        units[person, group, place, dental, inpatient][1] += half_up(Fraction(cost * share, 100))
    first = second = third = 0
    carried = carried_cost = 0
    row = row_of("from70", year, month, over)
    elder = {key: unit for key, unit in units.items() if key[1] == "from70"}
    for person in sorted({key[0] for key in elder}):
        outside = sum(unit[1] for key, unit in elder.items() if key[0] == person and not key[4])
        inside = sum(unit[1] for key, unit in elder.items() if key[0] == person and key[4])
        if row[3] is not None and outside > row[3]:
            first += outside - row[3]
            outside = row[3]
        carried += outside + inside
    carried_cost = sum(unit[0] for unit in elder.values())
    ceiling = limit(row, carried_cost, fourth)
    if carried > ceiling:
        second, carried = carried - ceiling, ceiling
    younger = [unit for key, unit in units.items() if key[1] == "under70" and unit[1] >= 21_000]
    if younger:
        total = carried + sum(unit[1] for unit in younger)
        cost = carried_cost + sum(unit[0] for unit in younger)
        third = max(0, total - limit(row_of("under70", year, month, under), cost, fourth))
    return first, second, third
