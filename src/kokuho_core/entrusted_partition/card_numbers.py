"""記号・番号・枝番: two digits that are one person's under one symbol and number on any day (R-2)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from attrs import frozen

from kokuho_core.entrusted_partition.exchanged import RecordKey
from kokuho_core.entrusted_partition.subscriber import Subscriber
from kokuho_core.vocabulary.identifiers import MunicipalInsuredId


class CardHolder(NamedTuple):
    """枝番の使用者: a version that stands under 記号・番号・枝番 (None: one not made yet), and its application period."""

    record_key: RecordKey | None
    municipal_insured_id: MunicipalInsuredId
    start: date
    end: date | None


@frozen
class CardsGiven:
    """枝番の割当て. ``taken``: places of records whose card is somebody else's; ``freed``: versions that make room for others."""

    taken: frozenset[int]
    freed: frozenset[RecordKey]


def give_cards(
    wanted: Sequence[tuple[Subscriber, str]],
    holders: Mapping[str, Sequence[CardHolder]],
    leaving: Container[RecordKey | None],
) -> CardsGiven:
    """Who may be registered under his card (second of each pair), in this order; who stands there and stays goes before."""
    given: dict[str, list[CardHolder]] = {}
    taken: set[int] = set()
    freed: set[RecordKey] = set()
    for place, (content, card) in enumerate(wanted):
        own = CardHolder(None, content.municipal_insured_id, content.application_start, content.application_end)
        others = given.get(card)
        if others is None and card not in holders:  # most cards
            given[card] = [own]
            continue
        if others is None:
            others = given[card] = [other for other in holders[card] if other.record_key not in leaving]
        if any(_shares_a_day(content, other) for other in others):
            taken.add(place)
            continue
        others.append(own)
        for other in holders.get(card, ()):
            if other.record_key is not None and other.record_key in leaving and _shares_a_day(content, other):
                freed.add(other.record_key)
    return CardsGiven(frozenset(taken), frozenset(freed))


def _shares_a_day(content: Subscriber, other: CardHolder) -> bool:
    """With another person."""
    return other.municipal_insured_id != content.municipal_insured_id and content.meets(other.start, other.end)
