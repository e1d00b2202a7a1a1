"""五情報の一致: when a 個人番号 that was looked up, not supplied by the person, may be linked to him (I-2)."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Final

from attrs import fields, frozen


@frozen(repr=False)
class BasicItems:
    """基本情報: 漢字氏名, カナ氏名, 生年月日, 性別, 住所 of one person, as a register holds them."""

    name: str
    name_kana: str
    birth_date: date
    sex: str
    address: str


ITEMS: Final = tuple(attribute.name for attribute in fields(BasicItems))
"""The five items, all of which must match (令和5年6月省令; a link on three was the accident of 2023)."""


@frozen
class LinkEvidence:
    """照合記録: which items matched, kept with the link and shown to whoever decides where one did not. No values."""

    matched: frozenset[str]

    @property
    def differing(self) -> tuple[str, ...]:
        return tuple(item for item in ITEMS if item not in self.matched)

    @property
    def may_link(self) -> bool:
        """Only on five matching items; otherwise a person decides and nothing is sent on."""
        return not self.differing


def compare_basic_items(asked: BasicItems, found: BasicItems) -> LinkEvidence:
    """Compare the person asked for with the one a number was found for. Names are compared by a match key, never changed."""
    return LinkEvidence(
        frozenset(item for item in ITEMS if _match_key(getattr(asked, item)) == _match_key(getattr(found, item)))
    )


def _match_key(value: str | date) -> str | date:
    """Width and spaces do not tell people apart; variant characters do, and go to a person."""
    return "".join(unicodedata.normalize("NFKC", value).split()) if isinstance(value, str) else value
