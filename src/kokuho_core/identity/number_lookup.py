"""番号の照会の判定: which of the candidates of a register may be linked, and which a second person has to look at (I-2, S-23)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Final

from attrs import field, frozen

from kokuho_core.identity.basic_items import ITEMS, BasicItems, LinkEvidence, compare_basic_items
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber

_WRITTEN: Final = ("name", "address")
"""Items that are written in characters of which there are variants; the others agree, or somebody else is meant."""
_SELECTORS: Final = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""字形選択子: they choose the shape of the character before them."""


@frozen
class NumberCandidate:
    """候補: somebody whom a register knows, with his 個人番号."""

    items: BasicItems
    number: IndividualNumber = field(repr=False)


class LookUpOutcome(Enum):
    """照会の結果. The value is what the database and the command line say."""

    LINKED = "linked"
    """結び付けた: five items match, or a second person agreed that a character is a variant of the other."""
    WAITING = "waiting"
    """二人目の確認待ち: five items but for characters that may be variants."""
    HELD = "held"
    """保留: not linked, and the number goes nowhere."""


@frozen
class LookUpJudgement:
    """判定. ``place`` is that of the candidate spoken of, None where there is none or no single one."""

    outcome: LookUpOutcome
    evidence: LinkEvidence
    place: int | None = None


@frozen
class NumberLookUp:
    """照会の記録: who looked up whose number, what matched, and what became of it. No item's value, no number."""

    insurer_number: InsurerNumber
    number: int
    addressee_number: AddresseeNumber
    at: datetime
    asked_by: str
    agreed_by: str | None
    outcome: LookUpOutcome
    candidates: int
    evidence: LinkEvidence
    code: str = ""
    """Why it was held."""
    notice: int | None = None
    """The notice by which the number was linked."""

    @property
    def is_open(self) -> bool:
        return self.outcome is not LookUpOutcome.LINKED


def judge_candidates(asked: BasicItems, candidates: Sequence[BasicItems]) -> LookUpJudgement:
    """Linked is the one candidate in whom all five items match; one who differs in possible variants alone waits for a person.

    Several of either kind are none: nobody knows which of them he is.
    """
    evidence = [compare_basic_items(asked, each) for each in candidates]
    for outcome, fitting in (
        (LookUpOutcome.LINKED, [place for place, each in enumerate(evidence) if each.may_link]),
        (LookUpOutcome.WAITING, [p for p, each in enumerate(evidence) if _may_be_variants(asked, candidates[p], each)]),
    ):
        if len(fitting) == 1:
            return LookUpJudgement(outcome, evidence[fitting[0]], fitting[0])
        if fitting:
            return LookUpJudgement(LookUpOutcome.HELD, evidence[fitting[0]])
    nearest = max(evidence, key=lambda each: len(each.matched), default=LinkEvidence(frozenset()))
    return LookUpJudgement(LookUpOutcome.HELD, nearest)


def _may_be_variants(asked: BasicItems, found: BasicItems, evidence: LinkEvidence) -> bool:
    return (
        not evidence.may_link
        and all(item in evidence.matched for item in ITEMS if item not in _WRITTEN)
        and all(_is_variant(getattr(asked, item), getattr(found, item)) for item in evidence.differing)
    )


def _is_variant(one: str, other: str) -> bool:
    """異体字 as far as a program can tell: as many characters, and only 漢字 stand where they differ."""
    left, right = _characters(one), _characters(other)
    return len(left) == len(right) and all(
        a == b or (_is_ideograph(a) and _is_ideograph(b)) for a, b in zip(left, right, strict=True)
    )


def _characters(text: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    return "".join(each for each in plain if not any(low <= ord(each) <= high for low, high in _SELECTORS))


def _is_ideograph(character: str) -> bool:
    """漢字; 外字 too, which mean something only where they were made."""
    return unicodedata.name(character, "").startswith("CJK") or 0xE000 <= ord(character) <= 0xF8FF
