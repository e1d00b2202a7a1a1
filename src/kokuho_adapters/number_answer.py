"""照会の回答ファイル: what a register answered to basic items, carried here as JSON (I-2).

A list of candidates, each with ``name``, ``name_kana``, ``birth_date``, ``sex``, ``address`` and ``individual_number``. The file
holds 個人番号 in clear; delete it when it was taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

import orjson
from attrs import frozen

from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.identity.basic_items import ITEMS, BasicItems
from kokuho_core.identity.number_lookup import NumberCandidate
from kokuho_core.vocabulary.individual_number import IndividualNumber

_MAX_BYTES: Final = 1_000_000
MOST_CANDIDATES: Final = 50
"""A look-up is for one person; more is a list of people (S-6)."""
_KEYS: Final = frozenset({*ITEMS, "individual_number"})


@frozen
class AnswerFile:
    """:class:`kokuho_core.ports.number_register.NumberRegister` by an answer that was fetched beforehand."""

    path: Path

    def candidates(self, asked: BasicItems) -> Sequence[NumberCandidate]:
        """Raises :class:`InvalidValue`: KKH-I020 with the place, never a value; KKH-I010 … KKH-I012 for a number."""
        said: Any = None
        with suppress(OSError, orjson.JSONDecodeError), self.path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
            said = orjson.loads(content) if len(content) <= _MAX_BYTES else None
        if not isinstance(said, list) or len(said) > MOST_CANDIDATES:
            raise InvalidValue(Problem("KKH-I020", field="$"))
        return [_candidate(each, place) for place, each in enumerate(said)]


def _candidate(said: Any, place: int) -> NumberCandidate:
    if not isinstance(said, dict) or set(said) != _KEYS or not all(isinstance(value, str) for value in said.values()):
        raise InvalidValue(Problem("KKH-I020", field=f"$[{place}]"))
    born = None
    with suppress(ValueError):
        born = date.fromisoformat(said["birth_date"])
    if born is None:
        raise InvalidValue(Problem("KKH-I020", field=f"$[{place}].birth_date"))
    items = BasicItems(said["name"], said["name_kana"], born, said["sex"], said["address"])
    return NumberCandidate(items, IndividualNumber(said["individual_number"]))
