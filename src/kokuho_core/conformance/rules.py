"""規則の表: what each rule says, in one sentence for people, and which part of a system it belongs to.

Rule numbers: P 期間, D 得喪日, Q 資格継続, I 同一人, H 高額該当と世帯の継続性, X decisions where the rules are silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import frozen


class Capability(StrEnum):
    """能力: parts a system may have; a system is judged on those it says it has."""

    QUALIFICATION = "qualification"
    """資格継続: HIHOID and TOKUSO."""
    FINDINGS = "findings"
    """重複・空白の確認リスト: KAKUNIN."""
    CANDIDATES = "candidates"
    """継続候補世帯リスト: KEIKOHO."""
    CARRY_OVER = "carry_over"
    """確定と高額該当の引継ぎ: KEISHIJI in; KEIKAKU, KOHIKI, KOHIKEKKA out."""
    RECEIPTS = "receipts"
    """処理結果: SHOKEKKA."""


ALL_CAPABILITIES: Final = frozenset(Capability)

FILES_OF: Final[Mapping[Capability, tuple[str, ...]]] = {
    Capability.QUALIFICATION: ("HIHOID", "TOKUSO"),
    Capability.FINDINGS: ("KAKUNIN",),
    Capability.CANDIDATES: ("KEIKOHO",),
    Capability.CARRY_OVER: ("KEIKAKU", "KOHIKI", "KOHIKEKKA"),
    Capability.RECEIPTS: ("SHOKEKKA",),
}
"""The returned files by which a capability is judged."""


@frozen
class Rule:
    """規則: number, who must keep it (None: every system), and what it says."""

    number: str
    capability: Capability | None
    ja: str
    en: str


_Q, _F, _C, _O, _R = (
    Capability.QUALIFICATION, Capability.FINDINGS, Capability.CANDIDATES, Capability.CARRY_OVER, Capability.RECEIPTS,
)  # fmt: skip

RULES: Final = (
    Rule("P-1", _Q, "終了日は適用の最後の日の翌日である(終了日当日は含まない)。", "An end date is the first day no longer covered."),
    Rule("P-2", _Q, "同日得喪はどの日も覆わず、重複・空白の判定にも返却にも加わらない。", "A same-day period covers no day and takes no part."),
    Rule("P-3", _R, "一つの市町村の中で同じ人の適用期間は重ならない。重なる記録は受け付けない。", "Periods of one person never overlap inside one municipality."),
    Rule("P-4", _F, "市町村の間の重複と空白は、両方の市町村へ知らせる。", "Overlaps and gaps are told to both municipalities."),
    Rule("P-5", _F, "重複と空白の日数と期間は、日付から正しく求める。", "Days and dates of an overlap or a gap follow from the periods."),
    Rule("P-6", _F, "県内異動の届出があるときだけ空白とし、片側だけ・相手なしを区別する。", "A gap needs a claim of an intra-prefecture move; one-sided and unmatched are told apart."),
    Rule("P-7", _Q, "訂正と取消は新しい記録として効き、取り消した記録は二度と生きない。", "Corrections and cancellations take effect; what is cancelled never lives again."),
    Rule("D-9", _Q, "住所地特例による世帯・番号の変更では、資格取得日は途切れない。", "A change by residence exception does not break the acquisition date."),
    Rule("Q-2", _Q, "個人番号で同じ人を認め、都道府県被保険者IDを一つだけ付ける。", "The same number is the same person, with one prefectural ID."),
    Rule("Q-4", _Q, "県内異動で接する期間だけが一つの資格となり、取得日を引き継ぐ。", "Only periods that touch by an intra-prefecture move are one qualification."),
    Rule("Q-5", _Q, "どの市町村にも自分の被保険者だけを返し、不開示の人の行き先は知らせない。", "Each municipality sees its own people alone; a protected person's new place is not told."),
    Rule("Q-9", _Q, "2018年4月1日より前の県内異動は、実際の喪失と取得である。", "Before 2018-04-01 a move inside the prefecture was a real loss and acquisition."),
    Rule("Q-10", _Q, "合併した市町村は一つであり、その間に重複・空白・継続候補はなく、接する期間は事由によらず続く。", "Merged municipalities are one: nothing is found between them, and periods that touch continue."),
    Rule("X-11", _Q, "資格喪失日は、つながりの最後の市町村にだけ知らせる。", "The loss is told in the row of the last municipality alone."),
    Rule("X-37", _Q, "引継元は、直前の別の市町村である。", "«carried_from» is the nearest other municipality before."),
    Rule("I-1", _Q, "同じ番号で生年月日か性別が違う記録は保留し、決して統合しない。", "A record whose birth date or sex contradicts the number is held, never merged."),
    Rule("I-3", _Q, "番号が後から分かった人も、番号の前と後で同じ一人である。", "Somebody whose number comes later is one person before and after."),
    Rule("I-4", _Q, "番号の変更は、前の番号を示すことで同じ人のものとなる。", "A changed number belongs to the same person when the record names the one before."),
    Rule("H-2", _O, "診療月を含む12か月の該当を、ひと月一回として数える(外来のみは数えない)。", "Months of the twelve that end with the month count, once each; outpatient-only months do not."),
    Rule("H-3", _O, "該当月は、継続する世帯にだけ、2018年4月診療分から引き継ぐ。", "Months carry over only along continued households, from 2018-04."),
    Rule("H-4", _C, "世帯の継続性は世帯主から見て判断し、分離・合併では世帯主が続く世帯だけが継続する。", "Continuity is seen from the head; in a split or merger only his household continues."),
    Rule("H-6", _C, "県内を移った世帯の組を継続候補として、転入先の市町村に知らせる。", "Each pair of households with a mover is a candidate, told to the municipality entered."),
    Rule("H-7", _O, "確定の後に分かった該当月や取消も、引き継ぎ先へ届ける。", "Months that become known or are cancelled after the decision are passed on too."),
    Rule("X-1", None, "渡されたファイルを読んで正常に終わり、返すファイルは様式どおりである。", "What is given is read without a failure, and what is returned has the form of its layout."),
    Rule("X-4", _R, "取り消した記録の再送と、送られていない記録の訂正は受け付けない。", "A cancelled record is not taken anew, nor a correction of one never sent."),
    Rule("X-2", _R, "ファイルは送り手の通し番号の順に効き、同じファイルは一度だけ効く。", "Files take effect in the sender's sequence, and the same file once."),
    Rule("X-18", _O, "重複や空白が残る候補の「継続」は受け付けない。", "«Continue» is refused while a finding is open on the candidate."),
    Rule("X-27", _O, "不開示の人がいる世帯の行き先を、転出元へ知らせない。", "The municipality left is not told where a household with a protected person went."),
)  # fmt: skip

RULE: Final[Mapping[str, Rule]] = {each.number: each for each in RULES}
