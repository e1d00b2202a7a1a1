"""生活史の生成: what happens to a few people and households in a prefecture, legal by construction, and what its offices send.

Everything here is told as it happens: somebody moves, joins an employer's insurance, is born, dies; an office records it late,
wrongly, twice, or in one municipality only. What is to be judged of it is not decided here.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from attrs import frozen

from kokuho_core.conformance.choices import Choices, chance, pick
from kokuho_core.conformance.life_events import EVENTS
from kokuho_core.conformance.municipalities import INSURERS, PREFECTURE, insurer
from kokuho_core.conformance.story import Story
from kokuho_core.conformance.telling import Telling

__all__ = ["INSURERS", "PREFECTURE", "THEMES", "Theme", "insurer", "tell"]

_DAYS_BACK: Final = (1, 20, 60, 30, 31, 5, 120)
"""How long before the judgement something happens: thirty days is the wait for an answer, thirty-one are over it (P-6)."""


@frozen
class Theme:
    """主題: which kinds of events a story leans to, and when it begins. ``events`` may name one several times."""

    name: str
    events: tuple[str, ...]
    first_day: date = date(2022, 1, 1)


_USUAL: Final = (
    "move", "move", "move", "part moves", "leaves insurance", "comes back", "birth", "head changes", "month", "month",
)  # fmt: skip
_AWRY: Final = ("gap", "overlap", "one side only", "nobody entered", "nobody left", "corrected", "cancelled")
THEMES: Final = (
    Theme("日々の異動", _USUAL),
    Theme("食い違う届出", (*_AWRY, *_USUAL[2:])),
    Theme("遅い届出", ("nobody left", "leaving told late", "entering told late", "nobody entered", "move", "corrected")),
    Theme("同じ日のこと", ("back at once", "back at once", "same day", "one side only", "move", "leaves insurance")),
    Theme("訂正と取消", ("move", "move", "corrected", "cancelled", "cancelled", "anew", "gap", "same day", "leaves insurance")),
    Theme(
        "世帯の分離と合併",
        ("part moves", "part moves", "joins", "joins", "one leaves at the move", "one comes at the move", "head changes"),
    ),
    Theme("高額該当と継続", ("month", "month", "move", "move", "part moves", "late month", "month cancelled", "month cancelled")),
    Theme("番号", ("number later", "number changes", "move", "move", "other person's number", "leaves insurance")),
    Theme("受け付けられない記録", ("refused overlap", "refused anew", "refused correction", "move", "cancelled", "month")),
    Theme("住所地特例", ("special residence", "move", "move", "special residence", "comes back")),
    Theme("2018年4月の前後", ("move", "move", "gap", "overlap", "month", "part moves"), date(2017, 12, 1)),
    Theme("市町村の合併", ("municipalities merge", "move", "move", "gap", "overlap", "nobody left", "month", "comes back")),
)


def tell(name: str, choices: Choices, theme: Theme | None = None) -> Story:
    """One life story. ``theme``: the kind of lives; without one it is drawn too."""
    theme = theme or pick(choices, THEMES)
    life = Telling(choices, theme.first_day)
    for _ in range(1 + chance(choices, 3)):
        life.settle(may_lack_number="number later" in theme.events)
    for _ in range(1 + choices.below(3)):
        for each in life.owed[:]:
            if not chance(choices, 3):
                life.catch_up(each)
        for days in sorted((pick(choices, _DAYS_BACK) for _ in range(1 + choices.below(3))), reverse=True):
            if life.is_over:
                break
            life.day = life.next_judgement() - timedelta(days)
            EVENTS[pick(choices, theme.events)](life)
        if not life.is_over:
            life.close_step()
    if chance(choices, 4):
        life.send_again()
    return Story(name, life.insurers(), tuple(life.steps))
