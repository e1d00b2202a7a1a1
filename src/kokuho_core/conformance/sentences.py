"""文: how each record, decision and file of a story is said, in Japanese and in English."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, Protocol

from attrs import field, frozen

from kokuho_core.conformance.cast import Who
from kokuho_core.conformance.story import HOUSEHOLD, PERSON, DecisionMade, Row
from kokuho_core.conformance.wording import EnglishWording, Wording
from kokuho_core.errors import entry
from kokuho_core.vocabulary.insurers import Insurer
from kokuho_core.vocabulary.month import Month

_NOMINAL: Final = "2"
_OUTPATIENT: Final = "2"
_WITHHELD: Final = "1"
_OVERLAP: Final = "1"
_DECISIONS_JA: Final = {"1": "継続を認める", "2": "継続を認めない", "3": "前の確定を取り消す"}
_DECISIONS_EN: Final = {"1": "is continued", "2": "is not continued", "3": "is no longer decided (revoked)"}
_UNNAMED: Final = {"same_person": "同じIDを持つ宛名", "other_side_is_told": "相手側へも知らせる", "stands": "引継ぎ"}
"""What a judgement asks beside the fields of the layouts."""


class Sentences(Protocol):
    """What a narration and a comparison need to say, in one language."""

    def title(self, name: str) -> str: ...
    def merger(self, number: str, successor: str, since: date | None) -> str: ...
    def someone(self, number: int, name: str, addressees: Sequence[str], is_about: bool) -> str: ...
    def person(self, number: int, name: str) -> str: ...
    def stranger(self, addressee: str) -> str: ...
    def addressee(self, who: Who) -> str: ...
    def municipality(self, number: str | None) -> str: ...
    def step(self, place: int, as_of: date, *, is_empty: bool) -> str: ...
    def decisions(self) -> str: ...
    def sent_again(self) -> str: ...
    def waits(self, due: int) -> str: ...
    def releases(self) -> str: ...
    def new(self, file_id: str, row: Row, who: str, *, is_again: bool) -> str: ...
    def corrected(self, file_id: str, row: Row, who: str, before: Row | None, changes: Collection[str]) -> str: ...
    def cancelled(self, file_id: str, row: Row, who: str) -> str: ...
    def decided(self, decision: DecisionMade) -> str: ...
    def field(self, file_id: str, key: str) -> str: ...
    def value(self, file_id: str, key: str, value: Any) -> str: ...
    def file(self, file_id: str) -> str: ...
    def nothing(self) -> str: ...
    def finding(self, values: Mapping[str, Any]) -> str: ...
    def fields(self, values: Sequence[tuple[str, str]]) -> str: ...
    def period(self, who: str, start: date) -> str: ...
    def pair(self, left: tuple[str, str], entered: tuple[str, str]) -> str: ...
    def record(self, source: str, line: int) -> str: ...
    def compared(self, insurer: str, file_id: str, subject: str, expected: str, actual: str) -> str: ...

    def unanswered(self, code: str, actual: str) -> str: ...


class _OfRecords(ABC):
    """What every language tells alike: a record speaks of a person, of the head of a household or of one of its months."""

    __slots__ = ()
    wording: Wording

    def told(self, file_id: str, row: Row, who: str) -> str:
        """What a record says as a whole."""
        if file_id == PERSON:
            return self._person_told(row, who)
        return self._head_told(row, who) if file_id == HOUSEHOLD else self._month_told(row)

    def subject(self, file_id: str, row: Row, who: str) -> str:
        """What a record is about."""
        if file_id == PERSON:
            start = row["application_start"]
            return self._nominal_head(who) if start is None else self.period(who, start)
        return self._head(row, who) if file_id == HOUSEHOLD else self._month(row)

    def _reason_of_change(self, row: Row) -> str:
        return self.wording.code(HOUSEHOLD, "change_reason", row["change_reason"])

    def _reason(self, row: Row, key: str) -> str:
        return self.wording.code(PERSON, key, row[key])

    @abstractmethod
    def period(self, who: str, start: date) -> str: ...
    @abstractmethod
    def _person_told(self, row: Row, who: str) -> str: ...
    @abstractmethod
    def _head_told(self, row: Row, who: str) -> str: ...
    @abstractmethod
    def _month_told(self, row: Row) -> str: ...
    @abstractmethod
    def _nominal_head(self, who: str) -> str: ...
    @abstractmethod
    def _head(self, row: Row, who: str) -> str: ...
    @abstractmethod
    def _month(self, row: Row) -> str: ...


@frozen
class JapaneseSentences(_OfRecords):
    """日本語. ``wording``: the names of the layouts."""

    insurers: tuple[Insurer, ...]
    wording: Wording
    _names: Mapping[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_names", {each.insurer_number: each.name for each in self.insurers})

    def title(self, name: str) -> str:
        return f"生活史 {name}"

    def merger(self, number: str, successor: str, since: date | None) -> str:
        when = f"{since}に" if since is not None else ""
        return f"{self.municipality(number)}は{when}{self.municipality(successor)}と合併した(Q-10)"

    def someone(self, number: int, name: str, addressees: Sequence[str], is_about: bool) -> str:
        concerned = " ← この不適合の人" if is_about else ""
        return f"{self.person(number, name)}: 宛名番号 {'、'.join(addressees)}{concerned}"

    def person(self, number: int, name: str) -> str:
        return f"{name}さん(人{number})" if name else f"人{number}"

    def stranger(self, addressee: str) -> str:
        return f"個人の記録がない宛名{addressee}"

    def addressee(self, who: Who) -> str:
        return f"{self.municipality(who[0])}の{who[1]}"

    def municipality(self, number: str | None) -> str:
        return "なし" if number is None else self._names.get(number, number)

    def step(self, place: int, as_of: date, *, is_empty: bool) -> str:
        nothing = "(届いたものはない)" if is_empty else ""
        return f"第{place}回 — {as_of}までに届いたファイル{nothing}"

    def decisions(self) -> str:
        return "確定指示"

    def sent_again(self) -> str:
        return " — 同じファイルをもう一度送る"

    def waits(self, due: int) -> str:
        return f" — 通番{due:04d}のファイルより先に着く(それを待つ)"

    def releases(self) -> str:
        return " — これを待っていたファイルも続けて効く"

    def new(self, file_id: str, row: Row, who: str, *, is_again: bool) -> str:
        again = "(同じ履歴番号で改めて)" if is_again else ""
        return f"{self.municipality(row['insurer_number'])}は、{self.told(file_id, row, who)}と届け出る{again}。"

    def _head_told(self, row: Row, who: str) -> str:
        nominal = "(擬制世帯主)" if row["head_kind"] == _NOMINAL else ""
        until = f"{row['head_end']}まで" if row["head_end"] else ""
        whom = f"{row['head_start']}から{until}{who}{nominal}"
        return f"世帯{row['household_number']}の世帯主が{whom}である({self._reason_of_change(row)})"

    def _month_told(self, row: Row) -> str:
        kind = "高額該当(外来のみ)" if row["occurrence_kind"] == _OUTPATIENT else "高額該当"
        return f"世帯{row['household_number']}の{_month(row)}診療分が{kind}である(支給額{row['paid_amount']:,}円)"

    def _person_told(self, row: Row, who: str) -> str:
        number = row["individual_number"]
        details = [f"世帯{row['household_number']}", f"{row['birth_date']}生", self.wording.code(PERSON, "sex", row["sex"])]
        details.append(f"番号{number}" if number else "番号なし")
        if row.get("previous_individual_number"):
            details.append(f"前の番号{row['previous_individual_number']}")
        if row["address_withheld"] == _WITHHELD:
            details.append("住所は不開示")
        told = "、".join(details)
        if row["application_start"] is None:
            return f"{who}が擬制世帯主で、自身は被保険者でない({told})"
        start = f"{row['application_start']}に{self._reason(row, 'application_start_reason')}で適用開始"
        if row["application_end"] is None:
            return f"{who}が{start}した({told})"
        end = f"{row['application_end']}に{self._reason(row, 'application_end_reason')}で適用終了"
        return f"{who}が{start}し、{end}した({told})"

    def corrected(self, file_id: str, row: Row, who: str, before: Row | None, changes: Collection[str]) -> str:
        office = self.municipality(row["insurer_number"])
        if before is None:
            return f"{office}は、送ったことのない記録を訂正する: {self.told(file_id, row, who)}。"
        subject = self.subject(file_id, row, who)
        ends = {"application_end", "application_end_reason"}
        if file_id == PERSON and set(changes) == ends and before["application_end"] is None:
            reason = self._reason(row, "application_end_reason")
            return f"{office}は、{subject}が{row['application_end']}に{reason}で適用終了したと届け出る。"
        if not changes:
            return f"{office}は、{subject}の記録を変えずに訂正として送る。"
        changed = "、".join(
            f"{self.field(file_id, key)}を{self.value(file_id, key, before.get(key))}から{self.value(file_id, key, row[key])}へ"
            for key in changes
        )
        return f"{office}は、{subject}の記録を訂正する: {changed}。"

    def _nominal_head(self, who: str) -> str:
        return f"擬制世帯主{who}"

    def _head(self, row: Row, who: str) -> str:
        return f"世帯{row['household_number']}の世帯主{who}({row['head_start']}から)"

    def _month(self, row: Row) -> str:
        return f"世帯{row['household_number']}の{_month(row)}診療分"

    def cancelled(self, file_id: str, row: Row, who: str) -> str:
        return f"{self.municipality(row['insurer_number'])}は、{self.subject(file_id, row, who)}の記録を取り消す。"

    def decided(self, decision: DecisionMade) -> str:
        left, left_number, entered, number = decision.pair
        candidate = f"{self.municipality(left)}の世帯{left_number}から{self.municipality(entered)}の世帯{number}へ"
        return f"{self.municipality(entered)}は、{candidate}の{_DECISIONS_JA[decision.decision]}({decision.decided_on})。"

    def field(self, file_id: str, key: str) -> str:
        return _UNNAMED.get(key) or self.wording.field(file_id, key)

    def value(self, file_id: str, key: str, value: Any) -> str:
        if key.endswith("individual_number"):
            return f"番号{value}" if value else "番号なし"
        if key == "same_person":
            return "、".join(self.addressee(who) for who in value) or "なし"
        if value is None or value == "":
            return "なし"
        if isinstance(value, bool):
            return "あり" if value else "なし"
        if key.endswith("insurer") or key in ("insurer_number", "carried_from"):
            return self.municipality(str(value))
        text = str(value)
        said = self.wording.code(file_id, key, text)
        return said if said == text else f"{said}({text})"

    def file(self, file_id: str) -> str:
        return f"{self.wording.file(file_id)}({file_id})"

    def nothing(self) -> str:
        return "なし"

    def finding(self, values: Mapping[str, Any]) -> str:
        kind = self.wording.code("KAKUNIN", "kind", values["kind"])
        start, days = values["period_start"], values.get("days")
        if not days:
            open_end = "〜" if values["kind"] == _OVERLAP else ""
            return f"{kind} {start}{open_end}" if start is not None else kind
        return f"{kind} {days}日 {start}〜{start + timedelta(days=days - 1)}"

    def fields(self, values: Sequence[tuple[str, str]]) -> str:
        return "、".join(f"{name} {value}" for name, value in values) or "ある"

    def period(self, who: str, start: date) -> str:
        return f"{who}の{start}からの適用"

    def pair(self, left: tuple[str, str], entered: tuple[str, str]) -> str:
        return f"{self.municipality(left[0])}の世帯{left[1]}から{self.municipality(entered[0])}の世帯{entered[1]}へ"

    def record(self, source: str, line: int) -> str:
        return f"{source}の{line}行目"

    def compared(self, insurer: str, file_id: str, subject: str, expected: str, actual: str) -> str:
        head = "、".join(part for part in (f"{self.municipality(insurer)}へ返す{self.file(file_id)}", subject) if part)
        return f"{head} — 期待: {expected}。返却: {actual}。"

    def unanswered(self, code: str, actual: str) -> str:
        return f"試験対象は答えなかった — {actual}: {entry(code).message_ja}"


@frozen
class EnglishSentences(_OfRecords):
    """English (ASCII): municipalities by their numbers and people by theirs."""

    wording: Wording = EnglishWording()

    def title(self, name: str) -> str:
        return f"Story {name}"

    def merger(self, number: str, successor: str, since: date | None) -> str:
        when = f" on {since}" if since is not None else ""
        return f"{self.municipality(number)} was taken over by {self.municipality(successor)}{when} (Q-10)"

    def someone(self, number: int, name: str, addressees: Sequence[str], is_about: bool) -> str:
        concerned = " <- whom the fault is about" if is_about else ""
        return f"person {number}: addressee {', '.join(addressees)}{concerned}"

    def person(self, number: int, name: str) -> str:
        return f"person {number}"

    def stranger(self, addressee: str) -> str:
        return f"addressee {addressee} (without a record)"

    def addressee(self, who: Who) -> str:
        return f"{who[1]} of {self.municipality(who[0])}"

    def municipality(self, number: str | None) -> str:
        return "nobody" if number is None else f"municipality {number}"

    def step(self, place: int, as_of: date, *, is_empty: bool) -> str:
        return f"Step {place} - {'nothing arrived' if is_empty else 'files that arrived'} until {as_of}"

    def decisions(self) -> str:
        return "Decisions"

    def sent_again(self) -> str:
        return " - the same file once more"

    def waits(self, due: int) -> str:
        return f" - arrives before the file of sequence {due:04d} and waits for it"

    def releases(self) -> str:
        return " - files that waited for it take effect too"

    def new(self, file_id: str, row: Row, who: str, *, is_again: bool) -> str:
        again = " (anew under the same history number)" if is_again else ""
        return f"{_capital(self.municipality(row['insurer_number']))} tells: {self.told(file_id, row, who)}{again}."

    def _head_told(self, row: Row, who: str) -> str:
        until = f" until {row['head_end']}" if row["head_end"] else ""
        nominal = " as nominal head" if row["head_kind"] == _NOMINAL else ""
        when = f"from {row['head_start']}{until} ({self._reason_of_change(row)})"
        return f"household {row['household_number']} has {who}{nominal} as head {when}"

    def _month_told(self, row: Row) -> str:
        kind = "outpatient-only high-cost month" if row["occurrence_kind"] == _OUTPATIENT else "high-cost month"
        return f"household {row['household_number']} had a {kind} in {row['treatment_month']} (paid {row['paid_amount']} yen)"

    def _person_told(self, row: Row, who: str) -> str:
        number = row["individual_number"]
        details = [
            f"household {row['household_number']}", f"born {row['birth_date']}", self.wording.code(PERSON, "sex", row["sex"]),
            f"number {number}" if number else "no number",
        ]  # fmt: skip
        if row.get("previous_individual_number"):
            details.append(f"number before {row['previous_individual_number']}")
        if row["address_withheld"] == _WITHHELD:
            details.append("address withheld")
        told = ", ".join(details)
        if row["application_start"] is None:
            return f"{who} is nominal head and not insured himself ({told})"
        cover = f"{who} is covered from {row['application_start']} ({self._reason(row, 'application_start_reason')})"
        if row["application_end"] is not None:
            cover += f" until before {row['application_end']} ({self._reason(row, 'application_end_reason')})"
        return f"{cover} ({told})"

    def corrected(self, file_id: str, row: Row, who: str, before: Row | None, changes: Collection[str]) -> str:
        office = _capital(self.municipality(row["insurer_number"]))
        if before is None:
            return f"{office} corrects a record it never sent: {self.told(file_id, row, who)}."
        subject = self.subject(file_id, row, who)
        if not changes:
            return f"{office} sends {subject} unchanged as a correction."
        changed = ", ".join(
            f"{self.field(file_id, key)} from {self.value(file_id, key, before.get(key))} to "
            f"{self.value(file_id, key, row[key])}"
            for key in changes
        )
        return f"{office} corrects {subject}: {changed}."

    def _nominal_head(self, who: str) -> str:
        return f"the nominal head {who}"

    def _head(self, row: Row, who: str) -> str:
        return f"the head {who} of household {row['household_number']} from {row['head_start']}"

    def _month(self, row: Row) -> str:
        return f"the month {row['treatment_month']} of household {row['household_number']}"

    def cancelled(self, file_id: str, row: Row, who: str) -> str:
        return f"{_capital(self.municipality(row['insurer_number']))} cancels {self.subject(file_id, row, who)}."

    def decided(self, decision: DecisionMade) -> str:
        left, left_number, entered, number = decision.pair
        return (
            f"{_capital(self.municipality(entered))} decides on {decision.decided_on}: household {left_number} of "
            f"{self.municipality(left)} {_DECISIONS_EN[decision.decision]} as household {number}."
        )

    def field(self, file_id: str, key: str) -> str:
        return self.wording.field(file_id, key)

    def value(self, file_id: str, key: str, value: Any) -> str:
        if key == "same_person":
            return " = ".join(self.addressee(who) for who in value) or "nobody"
        if value is None or value == "":
            return "none"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if not str(value).isascii():
            return "(Japanese text)"
        if key.endswith("insurer") or key in ("insurer_number", "carried_from"):
            return self.municipality(str(value))
        text = str(value)
        said = self.wording.code(file_id, key, text)
        return said if said == text else f"{said} ({text})"

    def file(self, file_id: str) -> str:
        return f"{self.wording.file(file_id)} ({file_id})"

    def nothing(self) -> str:
        return "nothing"

    def finding(self, values: Mapping[str, Any]) -> str:
        kind = self.wording.code("KAKUNIN", "kind", values["kind"])
        start, days = values["period_start"], values.get("days")
        if not days:
            return f"{kind} from {start}" if start is not None else kind
        return f"{kind} of {days} days, {start} to {start + timedelta(days=days - 1)}"

    def fields(self, values: Sequence[tuple[str, str]]) -> str:
        return ", ".join(f"{name}: {value}" for name, value in values) or "a row"

    def period(self, who: str, start: date) -> str:
        return f"the cover of {who} from {start}"

    def pair(self, left: tuple[str, str], entered: tuple[str, str]) -> str:
        return (
            f"household {left[1]} of {self.municipality(left[0])} to household {entered[1]} of "
            f"{self.municipality(entered[0])}"
        )

    def record(self, source: str, line: int) -> str:
        return f"line {line} of {source}"

    def compared(self, insurer: str, file_id: str, subject: str, expected: str, actual: str) -> str:
        head = ", ".join(part for part in (f"{self.file(file_id)} to {self.municipality(insurer)}", subject) if part)
        return f"{_capital(head)} - expected: {expected}; returned: {actual}."

    def unanswered(self, code: str, actual: str) -> str:
        return f"The system gave no answer - {actual}: {entry(code).message_en}"


def _month(row: Row) -> str:
    month = row["treatment_month"]
    first = month.first_day if isinstance(month, Month) else month
    return f"{first.year}年{first.month}月"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
