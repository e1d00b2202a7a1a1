"""加入者情報: what the intermediate server is told of one person in one application period (R-2)."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple, Protocol

from kokuho_core.entrusted_partition.exchanged import InternalBranchNumber, Verification
from kokuho_core.vocabulary.identifiers import MunicipalInsuredId, Source
from kokuho_core.vocabulary.individual_number import NumberIndex

NOTHING: Final = "0"


class CardDetails(NamedTuple):
    """資格情報(個人)のうち、登録に要る項目: of one history row, beside what the rules judge of it."""

    card_symbol: str | None
    card_number: str
    branch_number: str | None
    name: str
    name_kana: str
    name_on_card: str | None
    name_kana_on_card: str | None
    true_name: str | None
    true_name_kana: str | None
    sex_on_back: str | None
    address: str
    self_view_stopped: str
    start_notified: date | None
    end_notified: date | None

    def __repr__(self) -> str:
        return "CardDetails(…)"


CARD_DETAIL_KEYS: Final = (
    "card_symbol", "card_number", "branch_number", "name", "name_kana", "name_on_card", "name_kana_on_card", "true_name",
    "true_name_kana", "sex_on_back", "address", "self_view_stopped", "application_start_notified", "application_end_notified",
)  # fmt: skip
"""The layout keys of :class:`CardDetails` in SKKOJIN."""


class Subscriber(NamedTuple):
    """加入者情報: four basic items, qualification, 券面 items and the two non-disclosure flags (R-2).

    The values of KANYUSHA under its keys and in its order, from ``municipal_insured_id`` to ``self_view_stopped``. The 個人番号
    is not among them: it stays in the number vault until the line is written. A tuple, because the bulk path compares millions.
    """

    municipal_insured_id: MunicipalInsuredId
    card_symbol: str | None
    card_number: str
    branch_number: str | None
    name: str
    name_kana: str
    name_on_card: str | None
    name_kana_on_card: str | None
    true_name: str | None
    true_name_kana: str | None
    sex_on_back: str
    birth_date: date
    sex: str
    address: str | None
    qualification_acquired: date
    qualification_lost: date | None
    reason_of_loss: str | None
    application_start: date
    application_end: date | None
    address_withheld: str
    self_view_stopped: str

    def __repr__(self) -> str:
        return f"Subscriber(municipal_insured_id={self.municipal_insured_id!r})"

    @property
    def card(self) -> tuple[str | None, str]:
        """記号・番号."""
        return (self.card_symbol, self.card_number)

    @property
    def flags(self) -> tuple[str, str]:
        """不開示該当フラグ・自己情報提供不可フラグ."""
        return (self.address_withheld, self.self_view_stopped)

    def with_flags(self, flags: tuple[str, str]) -> Subscriber:
        """The record as it is, under other flags."""
        return self._replace(address_withheld=flags[0], self_view_stopped=flags[1])

    def meets(self, start: date, end: date | None) -> bool:
        """Whether the application period shares a day with ``[start, end)``."""
        return (end is None or self.application_start < end) and (
            self.application_end is None or start < self.application_end
        )

    def covers(self, day: date) -> bool:
        """Whether ``day`` lies in the application period (P-1)."""
        return self.application_start <= day and (self.application_end is None or day < self.application_end)


_LOSS_CODES: Final = {"52": "01", "54": "02", "53": "03", "55": "03", "56": "03", "59": "03"}
OTHER_LOSS: Final = "99"


def reason_of_loss(code: str | None) -> str | None:
    """資格喪失事由 of KANYUSHA from a reason of loss: 01 死亡, 02 生活保護, 03 他の医療保険等 (職権喪失 too: R-7), 99 その他."""
    return None if code is None else _LOSS_CODES.get(code, OTHER_LOSS)


class DerivedQualification(NamedTuple):
    """導出した資格 of one application period, as the last resolve left it (Q-4); ``acquired`` is None while it is held."""

    municipal_insured_id: MunicipalInsuredId
    acquired: date | None
    lost: date | None
    lost_reason: str | None
    start: date
    end: date | None


class RowInForce(Protocol):
    """効力のある履歴行: what registration takes from it beside :class:`CardDetails`."""

    @property
    def source(self) -> Source: ...
    @property
    def number(self) -> NumberIndex | None: ...
    @property
    def birth_date(self) -> date: ...
    @property
    def sex(self) -> str: ...
    @property
    def address_withheld(self) -> str: ...
    @property
    def updated_on(self) -> date: ...


class LoneRecord(NamedTuple):
    """唯一の記録: of somebody of whom one record alone was ever sent, in effect, and nothing is registered so far.

    Most people, the first time. ``derived`` is None where the record tells of no day covered.
    """

    source: Source
    history_number: int
    number: NumberIndex | None
    birth_date: date
    sex: str
    address_withheld: str
    updated_on: date
    details: CardDetails
    derived: DerivedQualification | None

    def __repr__(self) -> str:
        return f"LoneRecord(source={self.source!r})"


def subscriber_of(row: RowInForce, details: CardDetails, derived: DerivedQualification, acquired: date) -> Subscriber:
    """加入者情報 of one application period: its row in force, and the prefecture-level dates derived for it (Q-4)."""
    return Subscriber(
        derived.municipal_insured_id,
        details.card_symbol,
        details.card_number,
        details.branch_number,
        details.name,
        details.name_kana,
        details.name_on_card,
        details.name_kana_on_card,
        details.true_name,
        details.true_name_kana,
        details.sex_on_back or NOTHING,
        row.birth_date,
        row.sex,
        details.address,
        acquired,
        derived.lost,
        reason_of_loss(derived.lost_reason),
        derived.start,
        derived.end,
        row.address_withheld,
        details.self_view_stopped,
    )


class RegisteredPerson(NamedTuple):
    """登録済みの加入者: what the receiver answered about a person, whatever happens to his records (R-3, R-6)."""

    internal_branch_number: InternalBranchNumber | None = None
    verification: Verification | None = None
