"""届出: what the office is told, each with the day it happened (異動日) and the day it was told (届出日).

``event_on`` is the day of the event as people say it; the dates of the insurance follow from it by D-1 … D-10. Names and
addresses are kept out of every ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Final

from attrs import evolve, field, frozen

from kokuho_core.vocabulary.codes import SpecialCase
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex
from kokuho_core.vocabulary.reasons import (
    EMPLOYEE_INSURANCE,
    JOINED_SOCIETY,
    LATE_ELDERLY,
    LEFT_EMPLOYEE_INSURANCE,
    LEFT_LATE_ELDERLY,
    LEFT_SOCIETY,
    LOST_BY_AUTHORITY,
    OTHER,
    WELFARE_BEGAN,
    WELFARE_ENDED,
)

RELATIONSHIP_HEAD: Final = "01"
RELATIONSHIP_OTHER: Final = "99"
"""続柄."""


@frozen(repr=False)
class PersonItems:
    """基本項目と券面の項目 of one person. ``number`` is the keyed index of his 個人番号, None while it is not known (I-3)."""

    name: str
    name_kana: str
    birth_date: date
    sex: str
    address: str
    postal_code: str | None = None
    alias: str | None = None
    name_on_card: str | None = None
    name_kana_on_card: str | None = None
    true_name: str | None = None
    true_name_kana: str | None = None
    sex_on_back: str | None = None
    address_withheld: str = "0"
    self_view_stopped: str = "0"
    number: NumberIndex | None = None


@frozen
class Entrant:
    """加入する人. ``items`` None: known here already, and unchanged."""

    addressee_number: AddresseeNumber
    items: PersonItems | None = field(default=None, repr=False)
    relationship: str = RELATIONSHIP_OTHER


@frozen
class Head:
    """世帯主. ``is_nominal``: 擬制世帯主, head without being insured; only such a head needs no insurance here."""

    addressee_number: AddresseeNumber
    is_nominal: bool = False
    items: PersonItems | None = field(default=None, repr=False)


@frozen
class NewHousehold:
    """新しい世帯 with its card (記号・番号) and its head."""

    household_number: HouseholdNumber
    card_number: str
    head: Head
    card_symbol: str | None = None


HouseholdChoice = HouseholdNumber | NewHousehold
"""A household that is there, by its number, or a new one."""


class OtherCover(Enum):
    """他の制度, with the reason codes of leaving it for 国保 and of leaving 国保 for it."""

    EMPLOYEE_INSURANCE = (LEFT_EMPLOYEE_INSURANCE, EMPLOYEE_INSURANCE)  # 社保
    WELFARE = (WELFARE_ENDED, WELFARE_BEGAN)  # 生活保護
    SOCIETY = (LEFT_SOCIETY, JOINED_SOCIETY)  # 国保組合
    LATE_ELDERLY = (LEFT_LATE_ELDERLY, LATE_ELDERLY)  # 後期高齢者医療
    AUTHORITY = (OTHER, LOST_BY_AUTHORITY)  # 職権
    OTHER = (OTHER, OTHER)

    @property
    def left(self) -> str:
        return self.value[0]

    @property
    def joined(self) -> str:
        return self.value[1]


@frozen(kw_only=True)
class Notification:
    """届出: ``event_on`` 異動年月日, ``notified_on`` 届出年月日."""

    event_on: date
    notified_on: date


@frozen(kw_only=True)
class MovedIn(Notification):
    """転入届. ``event_on``: the day of moving in. ``from_insurer`` None: from outside the prefecture (D-1), else D-8."""

    household: HouseholdChoice
    entrants: tuple[Entrant, ...]
    from_insurer: InsurerNumber | None = None
    new_head: Head | None = None


@frozen(kw_only=True)
class Born(Notification):
    """出生届. ``event_on``: the day of birth (D-1)."""

    household: HouseholdNumber
    child: Entrant


@frozen(kw_only=True)
class CoverEnded(Notification):
    """国保加入の届出 (社保離脱・扶養離脱, 生保廃止 …).

    ``event_on``: the last day of employee insurance or 後期 (D-2), else the day the other cover ended (D-1).
    """

    cover: OtherCover
    household: HouseholdChoice
    entrants: tuple[Entrant, ...]
    new_head: Head | None = None


@frozen(kw_only=True)
class MovedOut(Notification):
    """転出届. ``event_on``: the day of moving out; inside the prefecture 転出確定日 (D-8). ``to_insurer`` None: out of it (D-3).

    ``new_address_on``: the day the new address was taken, where known. ``new_head``: of those who stay.
    """

    people: tuple[AddresseeNumber, ...]
    to_insurer: InsurerNumber | None = None
    new_address_on: date | None = None
    new_head: Head | None = None


@frozen(kw_only=True)
class Died(Notification):
    """死亡届. ``event_on``: the day of death (D-4)."""

    person: AddresseeNumber
    new_head: Head | None = None


@frozen(kw_only=True)
class CoverBegan(Notification):
    """国保喪失の届出 (社保加入・扶養認定, 生保開始, 国保組合加入, 後期加入 …).

    ``event_on``: the day the other cover began (D-5 … D-7); for 後期 the 75th birthday or the day a disability was recognised.
    A head of others who stay insured remains head as 擬制世帯主, unless ``new_head`` names another.
    """

    cover: OtherCover
    people: tuple[AddresseeNumber, ...]
    new_head: Head | None = None


@frozen(kw_only=True)
class HouseholdChanged(Notification):
    """世帯変更 (分離・合併・世帯間の異動) inside the municipality. ``new_head``: of those who stay in the former household."""

    people: tuple[AddresseeNumber, ...]
    household: HouseholdChoice
    relationships: Mapping[AddresseeNumber, str] = field(factory=dict)
    new_head: Head | None = None


@frozen(kw_only=True)
class HeadChanged(Notification):
    """世帯主変更届. ``relationships``: 続柄 of the others to the new head, where they change."""

    household: HouseholdNumber
    head: Head
    relationships: Mapping[AddresseeNumber, str] = field(factory=dict)


@frozen(kw_only=True)
class ResidenceSpecial(Notification):
    """住所地特例 (D-9): to a facility elsewhere; household and number change, insurer and 資格取得日 stay."""

    person: AddresseeNumber
    household: NewHousehold
    address: str = field(repr=False)
    postal_code: str | None = field(default=None, repr=False)
    new_head: Head | None = None


@frozen(kw_only=True)
class StaysElsewhere(Notification):
    """マル学・マル遠 (D-10): stays a member of the household, with the address elsewhere."""

    person: AddresseeNumber
    case: SpecialCase
    address: str = field(repr=False)
    postal_code: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class StayEnded(Notification):
    """特例の終了: マル学・マル遠・住所地特例 is over; ``address`` is the one from then on."""

    person: AddresseeNumber
    address: str = field(repr=False)
    postal_code: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class ItemsChanged(Notification):
    """氏名・住所・券面の項目・個人番号の変更: a further row of the history from now on."""

    person: AddresseeNumber
    items: PersonItems = field(repr=False)


@frozen(kw_only=True)
class ItemsCorrected(Notification):
    """氏名・住所などの訂正: the row in force was wrong from its beginning."""

    person: AddresseeNumber
    items: PersonItems = field(repr=False)


class PeriodSide(Enum):
    """適用期間のどちらの日か."""

    START = "start"
    END = "end"


@frozen(kw_only=True)
class DateCorrected(Notification):
    """異動日の訂正: the event of the last application period's start or end happened on ``event_on``; the reason stays."""

    people: tuple[AddresseeNumber, ...]
    side: PeriodSide
    new_address_on: date | None = None


@frozen(kw_only=True)
class Withdrawn(Notification):
    """取消: all that the notice ``notice_number`` led to never was. ``event_on`` is of no account."""

    notice_number: int


def with_numbers(
    notification: Notification, numbers: Mapping[AddresseeNumber, NumberIndex]
) -> Notification:
    """The notice with the indexes of the individual numbers that came with it, in the items of whom they belong to."""

    def numbered(who: AddresseeNumber, items: PersonItems | None) -> PersonItems | None:
        return evolve(items, number=numbers[who]) if items is not None and who in numbers else items

    def each(value: object) -> object:
        match value:
            case Entrant() | Head():
                return evolve(value, items=numbered(value.addressee_number, value.items))
            case NewHousehold():
                return evolve(value, head=evolve(value.head, items=numbered(value.head.addressee_number, value.head.items)))
            case tuple():
                return tuple(each(part) for part in value)
            case _:
                return value

    changes = {
        key: each(value)
        for key in ("household", "entrants", "new_head", "head", "child")
        if (value := getattr(notification, key, None)) is not None
    }
    if isinstance(notification, ItemsChanged | ItemsCorrected):
        changes["items"] = numbered(notification.person, notification.items)
    return evolve(notification, **changes)  # type: ignore[arg-type]
