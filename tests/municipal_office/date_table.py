"""The date rules as their sources say them, typed from those texts and from nothing in the code.

Each line: rule, what the source says, the event, and the days that follow: 適用開始, 適用終了, 資格取得, 資格喪失.
"""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    rule: str
    says: str
    event: str
    on: str
    begins: str | None = None
    ends: str | None = None
    acquired: str | None = None
    lost: str | None = None
    new_address: str | None = None
    born: str = "1980-05-05"


TABLE = [
    # 須恵町「国民健康保険の加入・喪失」: 他の市区町村から転入したときは転入日から
    Line("D-1", "転入(県外): 転入した日", "moved in", "2025-05-10", begins="2025-05-10", acquired="2025-05-10"),
    Line("D-1", "転入(県外): 月末も同じ", "moved in", "2025-12-31", begins="2025-12-31", acquired="2025-12-31"),
    # 須恵町: 子どもが生まれたときは出生日から
    Line("D-1", "出生: 生まれた日", "born", "2025-02-28", begins="2025-02-28", acquired="2025-02-28", born="2025-02-28"),
    # 須恵町: 生活保護を受けなくなったときはその日から
    Line("D-1", "生保廃止: 廃止の日", "welfare ended", "2025-05-10", begins="2025-05-10", acquired="2025-05-10"),
    Line("D-1", "国保組合離脱: 離脱の日", "society left", "2025-05-10", begins="2025-05-10", acquired="2025-05-10"),
    # 須恵町・広島市: 職場の健康保険をやめた日(最後に被保険者だった日)の翌日から
    Line("D-2", "社保離脱: やめた日の翌日", "employee ended", "2025-03-31", begins="2025-04-01", acquired="2025-04-01"),
    Line("D-2", "社保離脱: うるう日の前日", "employee ended", "2024-02-28", begins="2024-02-29", acquired="2024-02-29"),
    Line("D-2", "後期離脱: 翌日", "late elderly ended", "2025-05-10", begins="2025-05-11", acquired="2025-05-11", born="1958-01-01"),
    # 国民健康保険法第8条第1項本文: 住所を有しなくなった日の翌日
    Line("D-3", "転出(県外): 転出した日の翌日", "moved out", "2025-05-10", ends="2025-05-11", lost="2025-05-11"),
    # 同項ただし書: その日に他の市町村の区域内に住所を有するに至ったときはその日
    Line("D-3", "転出(県外): その日に新住所なら当日", "moved out", "2025-05-10", ends="2025-05-10", lost="2025-05-10",
         new_address="2025-05-10"),
    Line("D-3", "転出(県外): 新住所が翌日なら翌日", "moved out", "2025-05-10", ends="2025-05-11", lost="2025-05-11",
         new_address="2025-05-11"),
    # 須恵町: 死亡した日の翌日
    Line("D-4", "死亡: 死亡した日の翌日", "died", "2025-12-31", ends="2026-01-01", lost="2026-01-01"),
    # 須恵町: 職場の健康保険に加入した日の翌日
    Line("D-5", "社保加入: 加入した日の翌日", "employee began", "2025-04-01", ends="2025-04-02", lost="2025-04-02"),
    Line("D-5", "職権喪失: 他の資格を得た日の翌日", "authority", "2025-04-01", ends="2025-04-02", lost="2025-04-02"),
    # 国民健康保険法第8条第2項: 第6条第9号・第10号に該当した日(その日)
    Line("D-6", "生保開始: 開始の日", "welfare began", "2025-05-10", ends="2025-05-10", lost="2025-05-10"),
    Line("D-6", "国保組合加入: 加入の日", "society joined", "2025-05-10", ends="2025-05-10", lost="2025-05-10"),
    # 国民健康保険法第8条第1項・広島市: 75歳の誕生日の翌日
    Line("D-7", "後期: 75歳の誕生日の翌日", "late elderly", "2025-06-15", ends="2025-06-16", lost="2025-06-16", born="1950-06-15"),
    Line("D-7", "後期: 2月29日生まれは3月1日に75歳", "late elderly", "2023-03-01", ends="2023-03-02", lost="2023-03-02",
         born="1948-02-29"),
    Line("D-7", "後期: 65歳からの障害認定の日の翌日", "late elderly", "2025-06-15", ends="2025-06-16", lost="2025-06-16",
         born="1958-06-15"),
    # 国民健康保険法(平成30年4月1日改正)・四街道市: 県内の異動は取得でも喪失でもなく、適用の開始・終了だけ
    Line("D-8", "転入(県内): 適用開始だけ、その日", "moved in inside", "2025-05-10", begins="2025-05-10"),
    Line("D-8", "転出(県内): 適用終了だけ、転出確定日", "moved out inside", "2025-05-10", ends="2025-05-10"),
    Line("D-8", "2018-03-31 までは取得であった", "moved in inside", "2018-03-31", begins="2018-03-31", acquired="2018-03-31"),
    Line("D-8", "2018-03-31 までは喪失であった", "moved out inside", "2018-03-31", ends="2018-03-31", lost="2018-03-31"),
]  # fmt: skip
