"""登場人物: who is one person in a story, by its records alone, and what a report calls him (人1, 人2, …)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from kokuho_core.conformance.story import PERSON, Row, Story

Who = tuple[str, str]
"""An addressee: insurer number and addressee number."""


@frozen
class Someone:
    """一人: ``number`` by first appearance; ``name`` as the records have it; ``addressees`` by first appearance."""

    number: int
    name: str
    addressees: tuple[Who, ...]


@frozen
class Cast:
    """登場人物 of a story. Somebody sent with another's 個人番号 and another birth date or sex is another person (I-1)."""

    people: tuple[Someone, ...]
    _by_addressee: Mapping[Who, Someone]

    @classmethod
    def of(cls, story: Story) -> Cast:
        groups: list[tuple[set[Any], list[Who], str]] = []
        for row in person_rows(story):
            who = (row["insurer_number"], row["addressee_number"])
            marks = {who, *_numbers(row)}
            same = [each for each in groups if each[0] & marks]
            if not same:
                groups.append((marks, [who], str(row.get("name") or "").replace("　", " ")))
                continue
            first = same[0]
            for other in same[1:]:
                groups.remove(other)
                marks |= other[0]
                first[1].extend(each for each in other[1] if each not in first[1])
            first[0].update(marks)
            if who not in first[1]:
                first[1].append(who)
        people = tuple(Someone(place, name, tuple(who)) for place, (_, who, name) in enumerate(groups, 1))
        return cls(people, {who: each for each in people for who in each.addressees})

    def get(self, who: Who) -> Someone | None:
        """None for an addressee of whom the story has no record."""
        return self._by_addressee.get(who)


def person_rows(story: Story) -> Iterator[Row]:
    """個人情報異動 of a story, each file once, in the order of sending."""
    return (row for sending in story.sendings() if sending.file_id == PERSON for row in sending.rows)


def _numbers(row: Row) -> Iterator[tuple[Any, ...]]:
    for key in ("individual_number", "previous_individual_number"):
        if row.get(key):
            yield row[key], row["birth_date"], row["sex"]
