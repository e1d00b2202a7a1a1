"""授受する値: what goes to the intermediate server and what comes back, as the layouts name it (R-3).

Tuples, because the bulk path makes millions of them. None shows a personal value in its ``repr``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Final, NamedTuple, NewType

from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId
from kokuho_core.vocabulary.individual_number import IndividualNumber

ReceptionNumber = NewType("ReceptionNumber", str)
"""受付番号: by which the receiver knows a batch it took. Printable ASCII, at most 64 characters."""
RecordKey = NewType("RecordKey", str)
"""レコード識別番号: names one version of one fact, for ever (R-8). At most 20 ASCII letters and digits."""
InternalBranchNumber = NewType("InternalBranchNumber", str)
"""被保険者枝番: the intermediate server's own key for a person, issued on registration."""


class Exchange(Enum):
    """授受の種別. The value is the file id of what is sent."""

    REGISTRATION = "KANYUSHA"
    """加入者情報一括登録, answered by KANKEKKA (R-3)."""
    CARD_WITHDRAWAL = "KAIJO"
    """利用登録解除申請, answered by KAIJOKEKKA (C-3)."""
    INSTITUTION_SYMBOL = "FUGO"
    """機関別符号の取得依頼 (R-10)."""


class ResultCode(StrEnum):
    """結果区分 of a registration."""

    DONE = "1"
    ERROR = "2"
    RECEIVED_BEFORE = "3"
    """重複受付: this record with this 更新区分 was taken before; nothing happened a second time."""


class Verification(StrEnum):
    """本人確認状態 of a person: how the check of his number came out, which the receiver makes later, and again (R-6)."""

    UNVERIFIED = "0"
    """未確認: the check is still to come; until then nothing of him is visible."""
    MATCHED = "1"
    MISMATCHED = "2"
    """不一致: viewing stops until it is corrected, or confirmed to be no doubt."""
    NO_DOUBT = "3"
    """理由付き疑いなし."""


OPEN_CHECKS: Final = frozenset({Verification.UNVERIFIED, Verification.MISMATCHED})
"""本人確認状態 that the receiver will tell anew: the check is still to come, or is to be corrected (R-6)."""


class RegistrationLine(NamedTuple):
    """加入者情報: the values of one KANYUSHA record under its layout keys and in their order.

    A cancellation (``update_kind`` 3) carries the ``record_key`` and all the other values of the record that it cancels; a line
    before it in the same partition registered that one. A tuple, because the bulk path makes millions of them.
    """

    insurer_number: InsurerNumber
    record_key: RecordKey
    update_kind: str
    individual_number: IndividualNumber
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
    notified_on: date

    def __repr__(self) -> str:
        return f"RegistrationLine(record_key={self.record_key!r}, update_kind={self.update_kind!r})"


REGISTRATION_KEYS: Final = RegistrationLine._fields
"""The layout keys of KANYUSHA in the order of :class:`RegistrationLine`."""


class WithdrawalLine(NamedTuple):
    """利用登録解除申請: one KAIJO record."""

    insurer_number: InsurerNumber
    municipal_insured_id: MunicipalInsuredId
    applied_on: date


class SymbolLine(NamedTuple):
    """機関別符号の取得依頼 for one person."""

    insurer_number: InsurerNumber
    municipal_insured_id: MunicipalInsuredId
    requested_on: date


Line = RegistrationLine | WithdrawalLine | SymbolLine


class RegistrationResult(NamedTuple):
    """加入者情報登録結果: one KANKEKKA record, as it came."""

    insurer_number: str
    record_key: str
    result: str
    internal_branch_number: str | None
    error_code: str | None
    error_field: str | None
    verification: str | None
    processed_at: datetime


RESULT_KEYS: Final = RegistrationResult._fields


class WithdrawalResult(NamedTuple):
    """利用登録解除結果: one KAIJOKEKKA record."""

    insurer_number: str
    municipal_insured_id: str
    applied_on: date
    result: str
    """1 受理, 2 登録なし, 9 エラー."""
    effective_on: date | None


WITHDRAWAL_RESULT_KEYS: Final = WithdrawalResult._fields


class SymbolResult(NamedTuple):
    """機関別符号の取得結果. The symbol itself stays where it is used; here it is only known that it is there."""

    insurer_number: str
    municipal_insured_id: str
    result: str
    """1 取得, 2 対象なし, 9 エラー."""
    processed_at: datetime


Result = RegistrationResult | WithdrawalResult | SymbolResult


class CardRegistration(NamedTuple):
    """利用登録情報: one RIYOTO record of a monthly snapshot (C-1)."""

    insurer_number: str
    municipal_insured_id: str
    snapshot_on: date
    card_registration: str
    """1 登録あり, 2 登録なし, 3 解除."""
    certificate_expires_on: date | None


CARD_REGISTRATION_KEYS: Final = CardRegistration._fields


class DuplicateCover(NamedTuple):
    """資格重複状況結果一覧: a person of the partition with another valid cover, as listed on one day (R-7)."""

    insurer_number: str
    municipal_insured_id: str
    listed_on: date
    other_insurer_number: str
    """保険者番号 of the other cover, 6 or 8 digits."""
    other_acquired_on: date


class DuplicateList(NamedTuple):
    """資格重複状況結果一覧 of one day. ``rows`` may be empty: then nobody has another cover, which ends every row of listings."""

    listed_on: date
    rows: Iterable[DuplicateCover]


class ShownRecord(NamedTuple):
    """照会結果: one live record of the 資格履歴 as the receiver shows it, without 個人番号 (R-4). Keys as in KANYUSHA."""

    insurer_number: str
    municipal_insured_id: str
    record_key: str
    internal_branch_number: str | None
    verification: str
    card_symbol: str | None
    card_number: str
    branch_number: str | None
    name: str
    name_kana: str
    birth_date: date
    sex: str
    qualification_acquired: date
    qualification_lost: date | None
    reason_of_loss: str | None
    application_start: date
    application_end: date | None
    address_withheld: str
    self_view_stopped: str

    def __repr__(self) -> str:
        return f"ShownRecord(record_key={self.record_key!r})"


SHOWN_KEYS: Final = ShownRecord._fields
