"""生活史の市町村: the municipalities in which every life story happens."""

from __future__ import annotations

from typing import Final

from kokuho_core.synthetic.plan import make_insurer
from kokuho_core.vocabulary.insurers import Insurer

PREFECTURE: Final = "13"


def insurer(serial: int, name: str) -> Insurer:
    """A synthetic municipality; ``serial`` from 1 to 999."""
    return make_insurer(PREFECTURE, serial, name)


INSURERS: Final = (insurer(901, "あさひ市"), insurer(902, "みなと市"), insurer(903, "やまて町"))
"""保険者 of every story: synthetic municipalities of one prefecture."""

HEIR, _, TAKEN_OVER = INSURERS
"""Of a merger, in stories that have one (Q-10)."""
