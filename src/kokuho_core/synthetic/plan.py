"""合成都道府県の設計: how many households stand where, and which of them tells what when. All of it by arithmetic.

The households of the prefecture are shuffled once; the place of a household in that order (its *position*) decides what
becomes of it: the first 40 % have one change each, told on one day; the next 20 % have an eventful past in their
initial load; the rest live quietly, and the last of them take in households that merge into theirs.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from random import Random
from typing import Final

from attrs import field, frozen

from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.synthetic.names import MOST_MUNICIPALITIES, municipality_name
from kokuho_core.synthetic.numbers import IndividualNumbers, Shuffle
from kokuho_core.vocabulary.check_digits import is_ascii_digits, luhn_digit, municipality_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalityCode
from kokuho_core.vocabulary.insurers import Insurer

INITIAL_LOAD: Final = 1
"""初期登録: the sequence number of every first file."""
CHANGE_SEQUENCES: Final = (2, 3)
"""The change files that belong to every prefecture."""

SLOTS: Final = 16
"""Serial numbers set aside for each household: its members, those who join, those who come anew."""

_SIZES: Final = (1, 2, 1, 1, 4, 1, 1, 2, 1, 1, 2, 1, 1, 3, 1, 1, 2, 1, 2, 1)
"""世帯の被保険者数, 1.5 on average."""
_SIZES_TOTAL: Final = sum(_SIZES)
_DAYS_AFTER_LOAD: Final = {INITIAL_LOAD: 0, 2: 14, 3: 28}
_TOLD_PER_SEQUENCE: Final = 0.02
_CHANGING: Final = 0.4
_EVENTFUL: Final = 0.2


class Change(StrEnum):
    """異動の種類 of the stories told."""

    MOVE = "県内転居(世帯全員)"
    LATE_OTHER_SIDE = "県内転居(転入側の届出遅れ)"
    PROTECTED_MOVE = "県内転居(不開示該当)"
    HEAD_LEAVES = "世帯主のみ県内転出"
    MEMBER_LEAVES = "世帯員のみ県内転出"
    MERGER = "他世帯への合流"
    SPLIT = "世帯分離"
    HEAD_CHANGE = "世帯主変更"
    OUT_OF_PREFECTURE = "県外転出"
    INTO_PREFECTURE = "県外転入"
    BIRTH = "出生"
    DEATH = "死亡"
    EMPLOYED = "社保加入"
    EMPLOYED_LATE_NOTICE = "社保加入(届出遅れ)"
    LEFT_EMPLOYMENT = "社保離脱"
    LATE_ELDERLY = "後期加入"
    CORRECTION = "訂正"
    CANCELLATION = "取消"
    HIGH_COST = "高額該当"
    HIGH_COST_CORRECTION = "高額該当の訂正・取消"
    RESIDENCE_SPECIAL = "住所地特例"
    STUDENT = "マル学"
    NUMBER_COMES = "個人番号の判明"
    NUMBER_CHANGES = "個人番号の変更"


_WEIGHTS: Final = {
    Change.MOVE: 16,
    Change.LATE_OTHER_SIDE: 2,
    Change.PROTECTED_MOVE: 1,
    Change.HEAD_LEAVES: 2,
    Change.MEMBER_LEAVES: 3,
    Change.MERGER: 2,
    Change.SPLIT: 3,
    Change.HEAD_CHANGE: 2,
    Change.OUT_OF_PREFECTURE: 4,
    Change.INTO_PREFECTURE: 4,
    Change.BIRTH: 2,
    Change.DEATH: 5,
    Change.EMPLOYED: 7,
    Change.EMPLOYED_LATE_NOTICE: 3,
    Change.LEFT_EMPLOYMENT: 8,
    Change.LATE_ELDERLY: 6,
    Change.CORRECTION: 4,
    Change.CANCELLATION: 2,
    Change.HIGH_COST: 8,
    Change.HIGH_COST_CORRECTION: 3,
    Change.RESIDENCE_SPECIAL: 1,
    Change.STUDENT: 2,
    Change.NUMBER_COMES: 1,
    Change.NUMBER_CHANGES: 1,
}
_DECK: Final = tuple(change for change, weight in _WEIGHTS.items() for _ in range(weight))


class Past(StrEnum):
    """初期登録にある経過: what an eventful household has behind it."""

    NONE = ""
    MOVED = "前年の県内転居"
    EARLIER_PERIOD = "以前の適用期間"
    NEW_ADDRESS = "市内転居"
    HEAD_CHANGED = "以前の世帯主変更"


_PASTS: Final = ((0.12, Past.MOVED), (0.60, Past.EARLIER_PERIOD), (0.85, Past.NEW_ADDRESS), (1.0, Past.HEAD_CHANGED))


def make_insurers(prefecture: str, municipalities: int) -> tuple[Insurer, ...]:
    """合成保険者一覧.

    Raises :class:`InvalidValue` (KKH-C010) for no 都道府県コード, no municipality, or more than there are names for.
    """
    if not (is_ascii_digits(prefecture, 2) and 1 <= int(prefecture) <= 47):
        raise InvalidValue(Problem("KKH-C010", field="prefecture"))
    if not 1 <= municipalities <= MOST_MUNICIPALITIES:
        raise InvalidValue(Problem("KKH-C010", field="municipalities"))
    return tuple(make_insurer(prefecture, place + 1, municipality_name(place)) for place in range(municipalities))


def make_insurer(prefecture: str, serial: int, name: str) -> Insurer:
    """合成保険者. ``serial`` from 1 to 999: another one for each within the prefecture."""
    payload = f"{prefecture}{serial:03d}"
    number = InsurerNumber(f"{payload}{luhn_digit(payload)}")
    return Insurer(number, MunicipalityCode(f"{payload}{municipality_digit(payload)}"), name)


@frozen
class HouseholdSite:
    """世帯の所在: the municipality, the number of the household within it, how many are insured, and its position."""

    index: int
    municipality: int
    local: int
    size: int
    position: int


@frozen
class PrefecturePlan:
    """合成都道府県の設計, from a seed. ``persons`` are insured in the initial load; who joins later comes on top."""

    seed: int
    base_day: date
    insurers: tuple[Insurer, ...]
    persons: tuple[int, ...]
    numbers: IndividualNumbers
    _offsets: tuple[int, ...]
    _order: Shuffle
    _positions: Shuffle = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_positions", self._order.inverse())

    @classmethod
    def drawn(cls, persons: int, municipalities: int, seed: int, prefecture: str, base_day: date) -> PrefecturePlan:
        """Raises :class:`InvalidValue` (KKH-C010) for fewer persons than municipalities, or a negative seed."""
        if persons < municipalities or seed < 0:
            raise InvalidValue(Problem("KKH-C010", field="persons" if seed >= 0 else "seed"))
        insurers = make_insurers(prefecture, municipalities)
        shares = _shares(persons, municipalities)
        offsets = (0, *accumulate(_household_count(share) for share in shares))
        random = Random(seed)  # invented data, the same for the same seed # nosec B311
        numbers = IndividualNumbers.drawn(random)
        return cls(seed, base_day, insurers, tuple(shares), numbers, offsets, Shuffle.drawn(offsets[-1], random))

    @property
    def households(self) -> int:
        """世帯数 in the initial load."""
        return self._offsets[-1]

    def sites(self) -> list[range]:
        """The household indexes of each municipality."""
        return [range(start, end) for start, end in zip(self._offsets, self._offsets[1:], strict=False)]

    def site(self, index: int, municipality: int | None = None) -> HouseholdSite:
        """Where household ``index`` stands."""
        if municipality is None:
            municipality = next(m for m, end in enumerate(self._offsets[1:]) if index < end)
        local = index - self._offsets[municipality]
        full = self.persons[municipality] // _SIZES_TOTAL * len(_SIZES)
        size = _SIZES[local % len(_SIZES)] if local < full else 1
        return HouseholdSite(index, municipality, local, size, self._positions.at(index))

    def seed_of(self, site: HouseholdSite) -> int:
        """By which the life of a household is told, the same each time."""
        return self.seed * 1_000_000_007 + site.index

    def at_position(self, position: int) -> HouseholdSite:
        return self.site(self._order.at(position))

    def partner_of(self, position: int) -> HouseholdSite:
        """合流先: the quiet household that a merger at ``position`` goes to; another one for every position."""
        return self.at_position(self.households - 1 - position)

    @property
    def told_per_sequence(self) -> int:
        """How many households have a change in each of the files of :data:`CHANGE_SEQUENCES`."""
        return min(round(self.households * _TOLD_PER_SEQUENCE), self.changing // len(CHANGE_SEQUENCES))

    @property
    def changing(self) -> int:
        """Positions below have a change, on whatever day it is told."""
        return int(self.households * _CHANGING)

    def change_at(self, position: int) -> Change:
        return _DECK[(position * 37 + 11) % len(_DECK)]

    def past_at(self, position: int) -> Past:
        place = position - self.changing
        eventful = int(self.households * _EVENTFUL)
        if not 0 <= place < eventful:
            return Past.NONE
        return next(past for share, past in _PASTS if place < share * eventful or share == 1.0)

    def sequence_at(self, position: int) -> int | None:
        """The change file in which the household at ``position`` has its change; None if on a further day or never."""
        place = position // self.told_per_sequence if self.told_per_sequence else len(CHANGE_SEQUENCES)
        return CHANGE_SEQUENCES[place] if place < len(CHANGE_SEQUENCES) else None

    def positions_of_day(self, day: int, changes: int) -> range:
        """Positions told on further day ``day`` (from 1), ``changes`` on each; KKH-C010 where there are no more."""
        start = self.told_per_sequence * len(CHANGE_SEQUENCES) + (day - 1) * changes
        if day < 1 or changes < 1 or start + changes > self.changing:
            raise InvalidValue(Problem("KKH-C010", field="changes"))
        return range(start, start + changes)

    def created_at(self, sequence: int) -> datetime:
        """作成日時 of the files with ``sequence``."""
        last = CHANGE_SEQUENCES[-1]
        days = _DAYS_AFTER_LOAD[min(sequence, last)] + max(0, sequence - last)
        return datetime(self.base_day.year, self.base_day.month, self.base_day.day, 21) + timedelta(days=days)

    def elderly_birthday(self, position: int) -> date:
        """The 75th birthday of the one who goes over to 後期 at ``position``: before the file that tells it is made."""
        told = self.created_at(self.sequence_at(position) or CHANGE_SEQUENCES[-1]).date()
        birthday = told - timedelta(days=3 + position % 7)
        # Born on 29 February 75 years ago does not exist.
        return birthday if (birthday.month, birthday.day) != (2, 29) else birthday - timedelta(days=1)


def _shares(persons: int, municipalities: int) -> list[int]:
    """被保険者数 of each municipality: few large ones, many small ones."""
    weights = [1 / (place + 1) ** 0.8 for place in range(municipalities)]
    free, total = persons - municipalities, sum(weights)
    shares = [1 + int(free * weight / total) for weight in weights]
    shares[0] += persons - sum(shares)
    return shares


def _household_count(persons: int) -> int:
    blocks, rest = divmod(persons, _SIZES_TOTAL)
    return blocks * len(_SIZES) + rest
