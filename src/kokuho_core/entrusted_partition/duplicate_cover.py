"""資格重複状況結果と職権喪失: another valid cover, and when it may end the 国保 qualification (R-7, S-25; 保国発1129第1号).

Decision table. 職権喪失 is possible only where every line says yes, and then two people decide it (S-7):

====  ==========================================================================  =========
no    condition                                                                   otherwise
====  ==========================================================================  =========
1     the other cover began on or after the acquisition of the 国保 qualification  KKH-K031
2     listed at least twice in a row                                              KKH-K032
3     the same cover each time                                                    KKH-K033
====  ==========================================================================  =========

And there must be something to end: a 国保 qualification that goes on here beyond the day of the loss (KKH-K036).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import Enum
from itertools import takewhile
from typing import Any, Final, NamedTuple

from attrs import frozen

from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.vocabulary.reasons import EMPLOYEE_INSURANCE

TIMES_IN_A_ROW: Final = 2
"""連続して掲載される回数."""


class OtherCover(NamedTuple):
    """他の医療保険の資格: insurer and first day, which together say whether it is the same one."""

    insurer_number: str
    acquired_on: date


class Obstacle(Enum):
    """職権喪失できない理由, by its error code."""

    BEGAN_EARLIER = "KKH-K031"
    NOT_TWICE_IN_A_ROW = "KKH-K032"
    NOT_THE_SAME = "KKH-K033"
    ENDED_ALREADY = "KKH-K036"


class StandingQualification(NamedTuple):
    """今の国保の資格 of a person here: acquired at prefecture level, and the end of its application (exclusive, None: open)."""

    acquired: date
    application_end: date | None


@frozen
class PossibleLoss:
    """職権喪失できる資格: everything a decision rests on. ``lost_on`` is exclusive (D-5)."""

    cover: OtherCover
    lost_on: date
    listed_on: tuple[date, ...]


@frozen
class CoverVerdict:
    """職権喪失の可否. ``cover`` is the one of the newest list; ``lost_on`` (exclusive, D-5) is the day after it began."""

    cover: OtherCover | None
    listed_on: tuple[date, ...]
    obstacles: tuple[Obstacle, ...]

    @property
    def is_possible(self) -> bool:
        return self.loss is not None

    @property
    def loss(self) -> PossibleLoss | None:
        """What may be decided; None where it may not."""
        if self.cover is None or self.lost_on is None or self.obstacles:
            return None
        return PossibleLoss(self.cover, self.lost_on, self.listed_on)

    @property
    def lost_on(self) -> date | None:
        """喪失年月日 that would follow: the day after the other cover began (D-5)."""
        return None if self.cover is None else _lost_on(self.cover)


def judge_covers(
    standing: StandingQualification | None, lists: Sequence[date], listings: Mapping[date, Sequence[OtherCover]]
) -> CoverVerdict:
    """職権喪失の可否 of one person.

    ``standing`` is None while the qualification is held: then nothing can be decided. ``lists`` are the days of all lists of the
    municipality in ascending order, also those without him; ``listings`` his covers by list. Of several covers for which it is
    possible the one that began first decides the day.
    """
    if not lists or not listings.get(lists[-1]):
        return CoverVerdict(None, (), (Obstacle.NOT_TWICE_IN_A_ROW,))
    judged = [_judge(standing, cover, lists, listings) for cover in listings[lists[-1]]]
    return min(judged, key=_foremost)


def _foremost(verdict: CoverVerdict) -> tuple[Any, ...]:
    cover = verdict.cover
    return (len(verdict.obstacles), *(() if cover is None else (cover.acquired_on, cover.insurer_number)))


def _judge(
    standing: StandingQualification | None,
    cover: OtherCover,
    lists: Sequence[date],
    listings: Mapping[date, Sequence[OtherCover]],
) -> CoverVerdict:
    row = list(takewhile(listings.get, reversed(lists)))
    same = list(takewhile(lambda day: cover in listings[day], row))
    obstacles = []
    if standing is None or cover.acquired_on < standing.acquired:
        obstacles.append(Obstacle.BEGAN_EARLIER)
    if len(row) < TIMES_IN_A_ROW:
        obstacles.append(Obstacle.NOT_TWICE_IN_A_ROW)
    elif len(same) < TIMES_IN_A_ROW:
        obstacles.append(Obstacle.NOT_THE_SAME)
    if standing is not None and standing.application_end is not None:
        if standing.application_end <= _lost_on(cover):
            obstacles.append(Obstacle.ENDED_ALREADY)
    rests_on = row if obstacles else same
    return CoverVerdict(cover, tuple(reversed(rests_on)), tuple(obstacles))


def _lost_on(cover: OtherCover) -> date:
    return DateRules().ends_on(EMPLOYEE_INSURANCE, cover.acquired_on)
