"""自庁の表. The attribute of a column is the key that the library uses, its name in the database is this system's own."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """自庁のデータベース."""


class Marks:
    """履歴行のしるし: which notice made a row, and what the aggregation knows of it."""

    notice: Mapped[int] = mapped_column("作成届出", index=True)
    changed_by: Mapped[int] = mapped_column("最終届出")
    is_cancelled: Mapped[bool] = mapped_column("取消")
    is_sent: Mapped[bool] = mapped_column("送付済")
    is_waiting: Mapped[bool] = mapped_column("送付待ち", index=True)


class PersonHistory(Marks, Base):
    """個人の履歴. 個人番号 is not here, only the keyed index under which the vault has it."""

    __tablename__ = "個人履歴"

    addressee_number: Mapped[str] = mapped_column("宛名番号", String(15), primary_key=True)
    history_number: Mapped[int] = mapped_column("履歴番号", primary_key=True)
    number: Mapped[bytes | None] = mapped_column("番号索引", LargeBinary(32))
    previous_number: Mapped[bytes | None] = mapped_column("旧番号索引", LargeBinary(32))
    name: Mapped[str] = mapped_column("氏名")
    name_kana: Mapped[str] = mapped_column("氏名カナ")
    alias: Mapped[str | None] = mapped_column("通称名")
    name_on_card: Mapped[str | None] = mapped_column("券面氏名")
    name_kana_on_card: Mapped[str | None] = mapped_column("券面氏名カナ")
    true_name: Mapped[str | None] = mapped_column("本名")
    true_name_kana: Mapped[str | None] = mapped_column("本名カナ")
    sex_on_back: Mapped[str | None] = mapped_column("裏面性別")
    birth_date: Mapped[date] = mapped_column("生年月日")
    sex: Mapped[str] = mapped_column("性別")
    postal_code: Mapped[str | None] = mapped_column("郵便番号")
    address: Mapped[str] = mapped_column("住所")
    card_symbol: Mapped[str | None] = mapped_column("記号")
    card_number: Mapped[str] = mapped_column("番号")
    branch_number: Mapped[str | None] = mapped_column("枝番")
    household_number: Mapped[str] = mapped_column("世帯番号", String(15), index=True)
    member_start: Mapped[date | None] = mapped_column("世帯所属開始")
    member_end: Mapped[date | None] = mapped_column("世帯所属終了")
    relationship: Mapped[str] = mapped_column("続柄")
    insured_kind: Mapped[str] = mapped_column("被保険者区分")
    application_start: Mapped[date | None] = mapped_column("適用開始日")
    application_start_reason: Mapped[str | None] = mapped_column("適用開始事由")
    application_start_notified: Mapped[date | None] = mapped_column("適用開始届出日")
    application_end: Mapped[date | None] = mapped_column("適用終了日")
    application_end_reason: Mapped[str | None] = mapped_column("適用終了事由")
    application_end_notified: Mapped[date | None] = mapped_column("適用終了届出日")
    qualification_acquired: Mapped[date | None] = mapped_column("資格取得日")
    qualification_acquired_reason: Mapped[str | None] = mapped_column("資格取得事由")
    qualification_acquired_notified: Mapped[date | None] = mapped_column("資格取得届出日")
    qualification_lost: Mapped[date | None] = mapped_column("資格喪失日")
    qualification_lost_reason: Mapped[str | None] = mapped_column("資格喪失事由")
    qualification_lost_notified: Mapped[date | None] = mapped_column("資格喪失届出日")
    special_case: Mapped[str] = mapped_column("特例区分")
    special_case_start: Mapped[date | None] = mapped_column("特例開始日")
    special_case_end: Mapped[date | None] = mapped_column("特例終了日")
    other_insurer_number: Mapped[str | None] = mapped_column("相手保険者番号")
    address_withheld: Mapped[str] = mapped_column("住所不開示")
    self_view_stopped: Mapped[str] = mapped_column("自己情報提供不可")
    updated_at: Mapped[datetime] = mapped_column("更新日時")


class HouseholdHistory(Marks, Base):
    """世帯の履歴."""

    __tablename__ = "世帯履歴"

    household_number: Mapped[str] = mapped_column("世帯番号", String(15), primary_key=True)
    history_number: Mapped[int] = mapped_column("履歴番号", primary_key=True)
    card_symbol: Mapped[str | None] = mapped_column("記号")
    card_number: Mapped[str] = mapped_column("番号")
    head_addressee_number: Mapped[str] = mapped_column("世帯主宛名番号", String(15))
    head_kind: Mapped[str] = mapped_column("世帯主区分")
    head_start: Mapped[date] = mapped_column("世帯主開始日")
    head_start_notified: Mapped[date | None] = mapped_column("世帯主開始届出日")
    head_end: Mapped[date | None] = mapped_column("世帯主終了日")
    head_end_notified: Mapped[date | None] = mapped_column("世帯主終了届出日")
    household_start: Mapped[date] = mapped_column("世帯開始日")
    household_end: Mapped[date | None] = mapped_column("世帯終了日")
    change_reason: Mapped[str] = mapped_column("異動事由")
    changed_on: Mapped[date] = mapped_column("異動日")
    notified_on: Mapped[date] = mapped_column("届出日")
    other_insurer_number: Mapped[str | None] = mapped_column("相手保険者番号")
    updated_at: Mapped[datetime] = mapped_column("更新日時")


class FormerRow(Base):
    """訂正・取消の前の行, with the time until which it stood."""

    __tablename__ = "訂正前履歴"

    id: Mapped[int] = mapped_column("通番", primary_key=True)
    table: Mapped[str] = mapped_column("表")
    subject: Mapped[str] = mapped_column("番号", index=True)
    history_number: Mapped[int] = mapped_column("履歴番号")
    content: Mapped[str] = mapped_column("内容")
    changed_by: Mapped[int] = mapped_column("最終届出")
    is_cancelled: Mapped[bool] = mapped_column("取消")
    stood_until: Mapped[datetime] = mapped_column("有効終了日時")


class Person(Base):
    """個人: what is no row of the history."""

    __tablename__ = "個人"

    addressee_number: Mapped[str] = mapped_column("宛名番号", String(15), primary_key=True)
    died_on: Mapped[date | None] = mapped_column("死亡日")
    death_notice: Mapped[int | None] = mapped_column("死亡届", index=True)
    former_starts: Mapped[str] = mapped_column("訂正前適用開始日")


class NoticeEntry(Base):
    """届出の受付簿."""

    __tablename__ = "届出"

    number: Mapped[int] = mapped_column("届出番号", primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column("種類")
    event_on: Mapped[date] = mapped_column("異動日")
    notified_on: Mapped[date] = mapped_column("届出日")
    recorded_at: Mapped[datetime] = mapped_column("受理日時")
    grounds: Mapped[str] = mapped_column("根拠")


class Outgoing(Base):
    """送付ファイル."""

    __tablename__ = "送付ファイル"

    name: Mapped[str] = mapped_column("ファイル名", primary_key=True)
    file_id: Mapped[str] = mapped_column("種類")
    sequence: Mapped[int] = mapped_column("連番")
    records: Mapped[int] = mapped_column("件数")
    created_at: Mapped[datetime] = mapped_column("作成日時")
    folder: Mapped[str] = mapped_column("フォルダ")
    is_published: Mapped[bool] = mapped_column("公開済")
    is_refused: Mapped[bool] = mapped_column("拒否")


class OutgoingLine(Base):
    """送付ファイルの行."""

    __tablename__ = "送付行"

    name: Mapped[str] = mapped_column("ファイル名", primary_key=True)
    line: Mapped[int] = mapped_column("行", primary_key=True)
    subject: Mapped[str] = mapped_column("番号")
    history_number: Mapped[int] = mapped_column("履歴番号")
    update_kind: Mapped[str] = mapped_column("更新区分")
    result: Mapped[str | None] = mapped_column("結果")
    error_code: Mapped[str | None] = mapped_column("エラーコード")
    error_field: Mapped[str | None] = mapped_column("エラー項目")


class Returned(Base):
    """集約から返ったこと, the last word of each item."""

    __tablename__ = "返却"

    file_id: Mapped[str] = mapped_column("種類", primary_key=True)
    item: Mapped[str] = mapped_column("項目", primary_key=True)
    subject: Mapped[str] = mapped_column("対象", index=True)
    sequence: Mapped[int] = mapped_column("連番")
    line: Mapped[int] = mapped_column("行")
    content: Mapped[str] = mapped_column("内容")
