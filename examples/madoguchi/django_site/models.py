"""自庁の表. A person and a household stand for themselves, their history hangs on them."""

from __future__ import annotations

from typing import Any

from django.db import models


def _code(name: str, length: int = 2, *, optional: bool = False) -> Any:
    return models.CharField(name, max_length=length, null=optional)


def _text(name: str, *, optional: bool = False) -> Any:
    return models.TextField(name, null=optional)


def _day(name: str, *, optional: bool = True) -> Any:
    return models.DateField(name, null=optional)


class Notice(models.Model):
    """届出の受付簿."""

    number = models.IntegerField("届出番号", primary_key=True)
    kind = _text("種類")
    event_on = _day("異動日", optional=False)
    notified_on = _day("届出日", optional=False)
    recorded_at = models.DateTimeField("受理日時")
    grounds = models.JSONField("根拠")


class Person(models.Model):
    """個人."""

    addressee_number = models.CharField("宛名番号", max_length=15, primary_key=True)
    died_on = _day("死亡日")
    death_notice = models.ForeignKey(Notice, models.PROTECT, null=True, verbose_name="死亡届", related_name="+")
    former_starts = models.JSONField("訂正前の適用開始日")


class Household(models.Model):
    """世帯."""

    household_number = models.CharField("世帯番号", max_length=15, primary_key=True)


class HistoryRow(models.Model):
    """履歴行: which notice made it, and what the aggregation knows of it."""

    history_number = models.IntegerField("履歴番号")
    card_symbol = _text("記号", optional=True)
    card_number = _text("番号")
    other_insurer_number = _code("相手保険者番号", 6, optional=True)
    updated_at = models.DateTimeField("更新日時")
    notice = models.ForeignKey(Notice, models.PROTECT, verbose_name="作成した届出", related_name="+")
    changed_by = models.ForeignKey(Notice, models.PROTECT, verbose_name="最後の届出", related_name="+")
    is_cancelled = models.BooleanField("取消")
    is_sent = models.BooleanField("送付済")
    is_waiting = models.BooleanField("送付待ち", db_index=True)

    class Meta:
        abstract = True


class PersonHistory(HistoryRow):
    """個人の履歴. 個人番号 is not here, only the keyed index under which the vault has it."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="rows", verbose_name="個人")
    household = models.ForeignKey(Household, models.PROTECT, related_name="members", verbose_name="世帯")
    number = models.BinaryField("番号索引", null=True)
    previous_number = models.BinaryField("旧番号索引", null=True)
    name = _text("氏名")
    name_kana = _text("氏名カナ")
    alias = _text("通称名", optional=True)
    name_on_card = _text("券面氏名", optional=True)
    name_kana_on_card = _text("券面氏名カナ", optional=True)
    true_name = _text("本名", optional=True)
    true_name_kana = _text("本名カナ", optional=True)
    sex_on_back = _text("裏面性別", optional=True)
    birth_date = _day("生年月日", optional=False)
    sex = _code("性別")
    postal_code = _text("郵便番号", optional=True)
    address = _text("住所")
    branch_number = _code("枝番", optional=True)
    member_start = _day("世帯所属開始日")
    member_end = _day("世帯所属終了日")
    relationship = _code("続柄")
    insured_kind = _code("被保険者区分")
    application_start = _day("適用開始日")
    application_start_reason = _code("適用開始事由", optional=True)
    application_start_notified = _day("適用開始届出日")
    application_end = _day("適用終了日")
    application_end_reason = _code("適用終了事由", optional=True)
    application_end_notified = _day("適用終了届出日")
    qualification_acquired = _day("資格取得日")
    qualification_acquired_reason = _code("資格取得事由", optional=True)
    qualification_acquired_notified = _day("資格取得届出日")
    qualification_lost = _day("資格喪失日")
    qualification_lost_reason = _code("資格喪失事由", optional=True)
    qualification_lost_notified = _day("資格喪失届出日")
    special_case = _code("特例区分")
    special_case_start = _day("特例開始日")
    special_case_end = _day("特例終了日")
    address_withheld = _code("住所不開示")
    self_view_stopped = _code("自己情報提供不可")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "history_number"), name="one_row_of_a_person"),)


class HouseholdHistory(HistoryRow):
    """世帯の履歴. Its head may be told before he has a row of his own, so he is named by his number."""

    household = models.ForeignKey(Household, models.PROTECT, related_name="rows", verbose_name="世帯")
    head_addressee_number = models.CharField("世帯主宛名番号", max_length=15)
    head_kind = _code("世帯主区分")
    head_start = _day("世帯主開始日", optional=False)
    head_start_notified = _day("世帯主開始届出日")
    head_end = _day("世帯主終了日")
    head_end_notified = _day("世帯主終了届出日")
    household_start = _day("世帯開始日", optional=False)
    household_end = _day("世帯終了日")
    change_reason = _code("異動事由")
    changed_on = _day("異動日", optional=False)
    notified_on = _day("届出日", optional=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("household", "history_number"), name="one_row_of_a_household"),)


class FormerRow(models.Model):
    """訂正・取消の前の行, with the time until which it stood."""

    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="former_rows")
    household = models.ForeignKey(Household, models.PROTECT, null=True, related_name="former_rows")
    history_number = models.IntegerField("履歴番号")
    content = models.JSONField("内容")
    changed_by = models.ForeignKey(Notice, models.PROTECT, verbose_name="最後の届出", related_name="+")
    is_cancelled = models.BooleanField("取消")
    stood_until = models.DateTimeField("有効終了日時")


class OutgoingFile(models.Model):
    """送付ファイル."""

    name = models.CharField("ファイル名", max_length=80, primary_key=True)
    file_id = models.CharField("種類", max_length=10)
    sequence = models.IntegerField("連番")
    records = models.IntegerField("件数")
    created_at = models.DateTimeField("作成日時")
    folder = _text("フォルダ")
    is_published = models.BooleanField("公開済")
    is_refused = models.BooleanField("拒否", default=False)


class OutgoingLine(models.Model):
    """送付ファイルの行: the row of a person or of a household that stood on it."""

    file = models.ForeignKey(OutgoingFile, models.PROTECT, related_name="lines")
    line = models.IntegerField("行")
    person_row = models.ForeignKey(PersonHistory, models.PROTECT, null=True)
    household_row = models.ForeignKey(HouseholdHistory, models.PROTECT, null=True)
    update_kind = _code("更新区分")
    result = _code("結果", optional=True)
    error_code = _code("エラーコード", 10, optional=True)
    error_field = _text("エラー項目", optional=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("file", "line"), name="one_line_of_a_file"),)


class ReturnedItem(models.Model):
    """集約から返ったこと, the last word of each item."""

    file_id = models.CharField("種類", max_length=10)
    item = models.CharField("項目", max_length=200)
    subject = models.CharField("対象", max_length=40, db_index=True)
    sequence = models.IntegerField("連番")
    line = models.IntegerField("行")
    content = models.JSONField("内容")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("file_id", "item"), name="one_word_of_an_item"),)
