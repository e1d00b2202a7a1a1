"""The date rules as their sources say them, typed from those texts and from nothing in the code.

Each line: rule, source (see ``SOURCES``) with the place in it, what it says there, the event, and the days that follow: 適用開始,
適用終了, 資格取得, 資格喪失, and for the special cases 特例開始 or 特例終了.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SOURCES: Final = {
    "法": "国民健康保険法(昭和33年法律第192号)",
    "旧法": "国民健康保険法(平成30年3月31日まで: 市町村が行う国民健康保険)",
    "須恵町": "須恵町「国保の加入・脱退手続きについて」(2022年4月27日更新)",
    "広島市": "広島市「加入する日・脱退する日」(2019年10月21日更新)",
    "原村": "原村「入学・入所等のために村外(遠隔地)へ転出するときの国民健康保険の特例」(2022年4月20日更新)",
    "忍野村": "忍野村「後期高齢者医療制度について」(2023年11月27日更新、山梨県)",
    "事務の内容": "国民健康保険の業務委託とシステムの関係(事務の内容)",
    "民法": "民法第143条・年齢計算ニ関スル法律",
}
"""Where each text stands. A source that is a page of a municipality is cited with the day of its last change."""


class Line(NamedTuple):
    rule: str
    source: str
    place: str
    says: str
    event: str
    on: str
    begins: str | None = None
    ends: str | None = None
    acquired: str | None = None
    lost: str | None = None
    new_address: str | None = None
    born: str = "1980-05-05"
    special_from: str | None = None
    special_until: str | None = None


ACQUIRED, LOST = "取得事由と取得日", "喪失事由と喪失日"
TABLE: Final = [
    # --- D-1: the day itself ---
    Line("D-1", "法", "第7条", "住所を有するに至った日から取得", "moved in", "2025-05-10", begins="2025-05-10", acquired="2025-05-10"),
    Line("D-1", "須恵町", ACQUIRED, "他市区町村から転入: 転入した日(年末)", "moved in", "2025-12-31", begins="2025-12-31", acquired="2025-12-31"),
    Line("D-1", "広島市", "加入する日", "転入してきた日(うるう日)", "moved in", "2024-02-29", begins="2024-02-29", acquired="2024-02-29"),
    Line("D-1", "須恵町", ACQUIRED, "出生した場合: 生まれた日", "born", "2025-02-28", begins="2025-02-28", acquired="2025-02-28", born="2025-02-28"),
    Line("D-1", "広島市", "加入する日", "子供が生まれた日(うるう日)", "born", "2024-02-29", begins="2024-02-29", acquired="2024-02-29", born="2024-02-29"),
    Line("D-1", "須恵町", ACQUIRED, "生活保護: 保護を廃止された日", "welfare ended", "2025-05-10", begins="2025-05-10", acquired="2025-05-10"),
    Line("D-1", "須恵町", ACQUIRED, "国保組合: 被保険者でなくなった日", "society left", "2025-05-10", begins="2025-05-10", acquired="2025-05-10"),
    # --- D-2: the day after the last day of the other cover ---
    Line("D-2", "須恵町", ACQUIRED, "職場の健康保険: 資格がなくなった日(退職した翌日)", "employee ended", "2025-03-31", begins="2025-04-01", acquired="2025-04-01"),
    Line("D-2", "広島市", "加入する日", "健康保険を脱退した日(退職日の翌日)、翌日がうるう日", "employee ended", "2024-02-28", begins="2024-02-29", acquired="2024-02-29"),
    Line("D-2", "広島市", "加入する日", "同じく、平年の2月末", "employee ended", "2025-02-28", begins="2025-03-01", acquired="2025-03-01"),
    Line("D-2", "法", "第7条", "第6条各号のいずれにも該当しなくなった日: 被扶養者であった最後の日の翌日", "employee ended", "2025-12-31",
         begins="2026-01-01", acquired="2026-01-01"),
    Line("D-2", "広島市", "加入する日", "後期の障害認定の撤回日の翌日", "late elderly ended", "2025-05-10", begins="2025-05-11", acquired="2025-05-11",
         born="1958-01-01"),
    # --- D-3: the day after, or the same day where a new address is taken on it ---
    Line("D-3", "法", "第8条第1項本文", "住所を有しなくなった日の翌日から喪失", "moved out", "2025-05-10", ends="2025-05-11", lost="2025-05-11"),
    Line("D-3", "須恵町", LOST, "他市区町村へ転出した日の翌日(うるう日の前日)", "moved out", "2024-02-28", ends="2024-02-29", lost="2024-02-29"),
    Line("D-3", "法", "第8条第1項ただし書", "その日に他に住所を有するに至ったときは、その日から喪失", "moved out", "2025-05-10", ends="2025-05-10",
         lost="2025-05-10", new_address="2025-05-10"),
    Line("D-3", "須恵町", LOST, "転出の日に他市区町村に住所を有するに至った時はその転出の日(月末)", "moved out", "2025-03-31", ends="2025-03-31",
         lost="2025-03-31", new_address="2025-03-31"),
    Line("D-3", "法", "第8条第1項", "住所を有するに至ったのが後の日なら本文のとおり", "moved out", "2025-05-10", ends="2025-05-11", lost="2025-05-11",
         new_address="2025-05-11"),
    # --- D-4 ---
    Line("D-4", "須恵町", LOST, "死亡した日の翌日(年末)", "died", "2025-12-31", ends="2026-01-01", lost="2026-01-01"),
    Line("D-4", "広島市", "脱退する日", "死亡した日の翌日(うるう日)", "died", "2024-02-29", ends="2024-03-01", lost="2024-03-01"),
    # --- D-5: one day of both covers ---
    Line("D-5", "須恵町", LOST, "被保険者資格を取得した日の翌日(1日だけ国保の資格と重複する)", "employee began", "2025-04-01", ends="2025-04-02", lost="2025-04-02"),
    Line("D-5", "須恵町", LOST, "被扶養者の資格を取得した日の翌日(年末)", "employee began", "2025-12-31", ends="2026-01-01", lost="2026-01-01"),
    Line("D-5", "法", "第8条第1項本文", "第6条各号(第9号・第10号を除く)に該当するに至った日の翌日: 職権による喪失も同じ", "authority", "2025-04-01",
         ends="2025-04-02", lost="2025-04-02"),
    # --- D-6: the day itself ---
    Line("D-6", "法", "第8条第2項", "第6条第9号(生活保護)に該当するに至った日から喪失", "welfare began", "2025-05-10", ends="2025-05-10", lost="2025-05-10"),
    Line("D-6", "広島市", "脱退する日", "生活保護を受けはじめた日(月初)", "welfare began", "2025-05-01", ends="2025-05-01", lost="2025-05-01"),
    Line("D-6", "法", "第8条第2項", "第6条第10号(国保組合)に該当するに至った日から喪失", "society joined", "2025-05-10", ends="2025-05-10", lost="2025-05-10"),
    Line("D-6", "須恵町", LOST, "国保組合の被保険者となった日(うるう日)", "society joined", "2024-02-29", ends="2024-02-29", lost="2024-02-29"),
    # --- D-7: the day after, by the default setting ---
    Line("D-7", "法", "第8条第1項本文", "第6条第8号(後期)に該当するに至った日の翌日", "late elderly", "2025-06-15", ends="2025-06-16", lost="2025-06-16",
         born="1950-06-15"),
    Line("D-7", "民法", "暦による満了", "2月29日生まれは、平年には3月1日が75歳の誕生日", "late elderly", "2023-03-01", ends="2023-03-02", lost="2023-03-02",
         born="1948-02-29"),
    Line("D-7", "広島市", "脱退する日", "後期に加入した日の翌日: 65歳からの障害認定", "late elderly", "2025-06-15", ends="2025-06-16", lost="2025-06-16",
         born="1958-06-15"),
    # --- D-8: neither acquisition nor loss ---
    Line("D-8", "事務の内容", "(備考)1. 資格継続業務 第1項", "県内の住所異動では資格の取得が生じない: 適用開始だけ", "moved in inside", "2025-05-10", begins="2025-05-10"),
    Line("D-8", "事務の内容", "(備考)1. 資格継続業務 第2項", "県内の住所異動では資格の喪失が生じない: 適用終了だけ", "moved out inside", "2025-05-10", ends="2025-05-10"),
    Line("D-8", "事務の内容", "(2) 2-①", "適用終了日(転出)と適用開始日(転入)は重ならず空かない: 2018-04-01 の転入", "moved in inside", "2018-04-01",
         begins="2018-04-01"),
    Line("D-8", "事務の内容", "(2) 2-①", "同じく 2018-04-01 の転出", "moved out inside", "2018-04-01", ends="2018-04-01"),
    Line("D-8", "旧法", "第7条", "2018-03-31 までは市町村ごとに取得", "moved in inside", "2018-03-31", begins="2018-03-31", acquired="2018-03-31"),
    Line("D-8", "旧法", "第8条第1項ただし書", "2018-03-31 までは市町村ごとに喪失", "moved out inside", "2018-03-31", ends="2018-03-31", lost="2018-03-31"),
    # --- D-9: another household and number, the acquisition stays ---
    Line("D-9", "法", "第116条の2", "入所で住所を移しても前の市町村に住所があるとみなす: 資格取得日は続く", "facility", "2025-05-10", begins="2025-05-10",
         acquired="2010-04-01", special_from="2025-05-10"),
    Line("D-9", "原村", "マル学・マル遠・住所地特例とは", "前の世帯の資格を一度やめ、一人の世帯として入り直す", "left for facility", "2025-05-10",
         ends="2025-05-10"),
    Line("D-9", "法", "第116条の2", "入所が終わっても資格は続き、特例だけが終わる", "facility left", "2025-09-30", begins="2025-05-10",
         acquired="2010-04-01", special_from="2025-05-10", special_until="2025-09-30"),
    # --- D-10: the same household, the address elsewhere ---
    Line("D-10", "法", "第116条", "修学のため他に住所を移しても、家族の世帯に属するとみなす", "student", "2025-04-05", begins="2010-04-01",
         acquired="2010-04-01", special_from="2025-04-05"),
    Line("D-10", "原村", "マル学・マル遠・住所地特例とは", "児童福祉施設などへの入所(マル遠)も前の世帯のまま", "remote", "2025-04-05", begins="2010-04-01",
         acquired="2010-04-01", special_from="2025-04-05"),
    Line("D-10", "原村", "前文", "卒業・退所で特例は終わる", "student back", "2026-03-31", begins="2010-04-01", acquired="2010-04-01",
         special_from="2025-04-05", special_until="2026-03-31"),
]  # fmt: skip

OTHER_SETTING: Final = [
    Line("D-7", "忍野村", "対象となるかた", "後期に加入するのは75歳の誕生日当日", "late elderly", "2025-06-15", ends="2025-06-15", lost="2025-06-15",
         born="1950-06-15"),
    Line("D-7", "忍野村", "対象となるかた", "障害の認定では認定を受けた日", "late elderly", "2025-06-15", ends="2025-06-15", lost="2025-06-15",
         born="1958-06-15"),
]  # fmt: skip
"""With the setting by which 国保 ends on the day 後期 begins."""
