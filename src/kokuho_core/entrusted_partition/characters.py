"""受信側の文字: which characters the receiver can hold, and what may stand in their place.

Nothing is ever replaced silently (S-17): a record with a character that the receiver cannot hold is listed and waits, unless
somebody wrote an explicit rule for just that character. The original stays in the record as it was received.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from attrs import field, frozen

from kokuho_core.entrusted_partition.subscriber import Subscriber
from kokuho_core.errors import InvalidValue, Problem

# 外字 mean something only where they were made; control characters and what is no character mean nothing anywhere.
_HELD_BY_NOBODY: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_TEXTS: Final = (
    "card_symbol", "card_number", "name", "name_kana", "name_on_card", "name_kana_on_card", "true_name", "true_name_kana",
    "address",
)  # fmt: skip
_texts_of: Final = itemgetter(*(Subscriber._fields.index(key) for key in _TEXTS))


@frozen
class Repertoire:
    """受信側の文字集合と置換規則.

    ``encoding`` narrows what is held to a coded character set of Python (``cp932``, ``euc_jis_2004``); None: all of Unicode but
    private use (外字), control characters and non-characters. ``replacements`` are the explicit rules, character by character.
    Raises :class:`InvalidValue` (KKH-K005) for an unknown character set, or a rule that leads to what is not held either.
    """

    encoding: str | None = None
    replacements: Mapping[str, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        try:
            "".encode(self.encoding or "utf-8")
        except LookupError:
            raise InvalidValue(Problem("KKH-K005", field="encoding")) from None
        for number, (original, replacement) in enumerate(self.replacements.items(), 1):
            if len(original) != 1 or not all(map(self.holds, replacement)):
                raise InvalidValue(Problem("KKH-K005", field=f"replacements[{number}]"))

    def holds(self, character: str) -> bool:
        """Whether the receiver can hold one character."""
        if _HELD_BY_NOBODY.match(character):
            return False
        if self.encoding is None:
            return True
        try:
            return character.encode(self.encoding).decode(self.encoding) == character
        except UnicodeError:
            return False

    def fitted(self, subscriber: Subscriber) -> tuple[Subscriber, tuple[str, ...], tuple[str, ...]]:
        """The record as the receiver can hold it, the fields in which a rule replaced something, and those that do not fit."""
        if self.encoding is None and not _HELD_BY_NOBODY.search("".join(filter(None, _texts_of(subscriber)))):
            return subscriber, (), ()
        replaced: dict[str, str] = {}
        unfit: list[str] = []
        for key, text in zip(_TEXTS, _texts_of(subscriber), strict=True):
            if text is None:
                continue
            fitting = "".join(each if self.holds(each) else self.replacements.get(each, each) for each in text)
            if fitting != text:
                replaced[key] = fitting
            if not all(map(self.holds, fitting)):
                unfit.append(key)
        return subscriber._replace(**replaced), tuple(replaced), tuple(unfit)  # type: ignore[arg-type]
