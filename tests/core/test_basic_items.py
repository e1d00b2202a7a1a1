"""A looked-up number is linked on five matching items and on nothing less (I-2)."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pytest
from attrs import evolve

from kokuho_core.identity.basic_items import ITEMS, BasicItems, compare_basic_items

PERSON = BasicItems("見本　太郎", "ミホン　タロウ", date(1960, 5, 5), "1", "見本町１丁目２番")
OTHER = {
    "name": "見本　次郎",
    "name_kana": "ミホン　ジロウ",
    "birth_date": date(1960, 5, 6),
    "sex": "2",
    "address": "見本町１丁目３番",
}


@pytest.mark.parametrize("count", range(6))
def test_every_choice_of_differing_items(count: int) -> None:
    """Rules: I-2, S-23. Any item and any pair that differs forbids the link, and the evidence says which."""
    for differing in combinations(ITEMS, count):
        found = evolve(PERSON, **{item: OTHER[item] for item in differing})
        evidence = compare_basic_items(PERSON, found)
        assert evidence.may_link == (count == 0)
        assert evidence.differing == tuple(item for item in ITEMS if item in differing)


@pytest.mark.parametrize(
    ("name", "same"), [("見本 太郎", True), ("見本太郎", True), ("見夲　太郎", False), ("", False)]
)
def test_width_and_spaces_do_not_matter_variants_do(name: str, same: bool) -> None:
    """Rules: I-2, S-23. A variant character is for a person to judge."""
    assert compare_basic_items(PERSON, evolve(PERSON, name=name)).may_link is same


def test_evidence_and_items_show_no_values() -> None:
    """Rules: I-2."""
    evidence = compare_basic_items(PERSON, evolve(PERSON, sex="2"))
    assert "見本" not in repr(evidence) + repr(PERSON)
