"""氏名・地名の部品: common names in kanji and kana, and places that do not exist."""

from __future__ import annotations

from typing import Final

Written = tuple[str, str]
"""Kanji and kana."""


def _pairs(text: str) -> tuple[Written, ...]:
    pairs = (word.split("/") for word in text.split())
    return tuple((written, read) for written, read in pairs)


SURNAMES: Final = _pairs(
    "佐藤/サトウ 鈴木/スズキ 高橋/タカハシ 田中/タナカ 伊藤/イトウ 渡辺/ワタナベ 山本/ヤマモト 中村/ナカムラ "
    "小林/コバヤシ 加藤/カトウ 吉田/ヨシダ 山田/ヤマダ 佐々木/ササキ 山口/ヤマグチ 松本/マツモト 井上/イノウエ "
    "木村/キムラ 林/ハヤシ 斎藤/サイトウ 清水/シミズ 山崎/ヤマザキ 森/モリ 池田/イケダ 橋本/ハシモト 阿部/アベ "
    "石川/イシカワ 山下/ヤマシタ 中島/ナカジマ 石井/イシイ 小川/オガワ 前田/マエダ 岡田/オカダ 長谷川/ハセガワ "
    "藤田/フジタ 後藤/ゴトウ 近藤/コンドウ 村上/ムラカミ 遠藤/エンドウ 青木/アオキ 坂本/サカモト 斉藤/サイトウ "
    "福田/フクダ 太田/オオタ 西村/ニシムラ 藤井/フジイ 金子/カネコ 岡本/オカモト 藤原/フジワラ 三浦/ミウラ "
    "中野/ナカノ 髙橋/タカハシ 渡邊/ワタナベ 濵田/ハマダ 﨑山/サキヤマ"
)
"""姓. The last four need the IBM extension of CP932, as real registers do."""

GIVEN_NAMES: Final = {
    "1": _pairs(
        "清/キヨシ 実/ミノル 勇/イサム 茂/シゲル 進/ススム 正/タダシ 弘/ヒロシ 博/ヒロシ 勝/マサル 豊/ユタカ "
        "明/アキラ 和夫/カズオ 正雄/マサオ 隆/タカシ 誠/マコト 修/オサム 健一/ケンイチ 浩二/コウジ 達也/タツヤ "
        "直樹/ナオキ 大輔/ダイスケ 翔太/ショウタ 蓮/レン 湊/ミナト 陽翔/ハルト"
    ),
    "2": _pairs(
        "和子/カズコ 幸子/サチコ 節子/セツコ 洋子/ヨウコ 弘子/ヒロコ 美代子/ミヨコ 恵子/ケイコ 京子/キョウコ "
        "悦子/エツコ 久美子/クミコ 由美子/ユミコ 真由美/マユミ 明美/アケミ 直美/ナオミ 智子/トモコ 陽子/ヨウコ "
        "裕子/ユウコ 愛/アイ 彩/アヤ 美咲/ミサキ 葵/アオイ 結衣/ユイ 陽菜/ヒナ 凛/リン 紬/ツムギ"
    ),
}
"""名, by 性別."""

FOREIGN_NAMES: Final = (
    ("SAMPLE MARIA", "サンプル　マリア", "見本　真理", "ミホン　マリ"),
    ("SAMPLE ALEX", "サンプル　アレックス", "見本　礼", "ミホン　レイ"),
    ("EXAMPLE LIN", "エグザンプル　リン", "例示　林", "レイジ　リン"),
    ("EXAMPLE KIM", "エグザンプル　キム", "例示　金", "レイジ　キン"),
)
"""外国人の氏名: name, kana, alias (通称名), kana of the alias."""

PREFECTURE_NAME: Final = "見本県"
TOWNS: Final = ("架空町", "例示台", "見本通", "仮想ケ丘", "試験町", "模擬が原", "雛形町", "標本台")
"""町名 that do not exist."""

_PLACES: Final = tuple(
    (
        "あさひ ひばり わかば かえで こはる そらの ほしの つきみ はなの ゆうひ こだま せせらぎ しらかば もみじ "
        "すずらん たんぽぽ ひまわり かわせみ うぐいす めじろ ほたる とんぼ やまぶき りんどう あやめ なでしこ すみれ "
        "こすもす いちょう けやき くすのき ひのき あかね るり こはく ひすい さんご ゆりかご かざぐるま こもれび"
    ).split()
)
_BEFORE: Final = ("", *"北南東西中上下新本大小前奥里浜原川池森岡島谷高")
_KINDS: Final = ("市", "市", "町", "市", "町", "村")


def municipality_name(place: int) -> str:
    """市町村名 of the municipality at ``place`` (from 0): different for every place below 960."""
    before, word = divmod(place, len(_PLACES))
    return f"{_BEFORE[before]}{_PLACES[word]}{_KINDS[place % len(_KINDS)]}"


MOST_MUNICIPALITIES: Final = len(_PLACES) * len(_BEFORE)
"""How many names there are."""
