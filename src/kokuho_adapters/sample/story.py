"""見本県の物語: what happens to whom, storyline by storyline; the files are made from it by ``build.py``.

Everybody and every place is invented. What must come out of each storyline stands in ``expected/README.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from kokuho_adapters.sample.municipal_office import (
    CHILD,
    FEMALE,
    FROM_OUTSIDE,
    JOINED_EMPLOYEE_INSURANCE,
    LEFT_EMPLOYEE_INSURANCE,
    MALE,
    MOVED_IN,
    MOVED_OUT,
    NO,
    RELATIVE,
    REVOKE,
    SPOUSE,
    TO_OUTSIDE,
    YES,
    Municipality,
    MunicipalOffices,
    Round,
    Sending,
    day,
)

EAST: Final = Municipality(951, "東見本市")
WEST: Final = Municipality(952, "西見本市")
SOUTH: Final = Municipality(953, "南見本町")
NORTH: Final = Municipality(954, "北見本村")
ISLAND: Final = Municipality(955, "島見本村")
MUNICIPALITIES: Final = (EAST, WEST, SOUTH, NORTH, ISLAND)

_FIRST: Final = Round(
    "初期登録 / initial load", "round-1", datetime(2025, 3, 28, 18), date(2025, 3, 31),
    "5市町村が、いまの世帯・被保険者と過去の高額該当月を初めて送ります。",
    "Five municipalities send their households, insured persons and past high-cost months for the first time.",
)  # fmt: skip
_SECOND: Final = Round(
    "2か月の異動 / two months of changes", "round-2", datetime(2025, 5, 28, 18), date(2025, 5, 31),
    "4月と5月の異動。引っ越しの多くは両側がそろい、いくつかは重複・空白・本人確認不一致になります。島見本村の1通は前の連番が届かず保留です。",
    "The changes of April and May. Most moves fit; some overlap, leave a gap or conflict. One file waits for its predecessor.",
)  # fmt: skip
_THIRD: Final = Round(
    "判定と訂正 / decisions and corrections", "round-3", datetime(2025, 6, 26, 18), date(2025, 6, 30),
    "転入先が継続世帯を判定し、誤りのあった側が訂正・取消を送ります。届かなかった1通が着き、保留が解けます。",
    "Municipalities decide on continuity; mistakes are corrected or cancelled; the missing file arrives and frees the held one.",
)  # fmt: skip
_FOURTH: Final = Round(
    "後から分かった事実 / later facts", "round-4", datetime(2025, 8, 27, 18), date(2025, 8, 31),
    "後から分かった高額該当月が県内の引っ越し先まで届き、確定の一つは取り消され、取消済みの記録は生き返りません。",
    "High-cost months known late follow the household, one decision is revoked, and a cancelled record stays cancelled.",
)  # fmt: skip
ROUNDS: Final = (_FIRST, _SECOND, _THIRD, _FOURTH)

R1, R2, R3, R4 = (Sending(each, each.told_at) for each in ROUNDS)
LOST: Final = Sending(_THIRD, datetime(2025, 5, 13, 18))
"""Made in May, arrived in June."""
AFTER_LOST: Final = Sending(_SECOND, datetime(2025, 5, 20, 18))
"""Made after :data:`LOST`, arrived before it."""

Telling = Callable[[MunicipalOffices], None]


def normal_move(o: MunicipalOffices) -> None:
    line = o.storyline(
        "normal_move", "Q-4 D-8 H-4 H-5 H-6 X-19 X-20",
        "世帯全員が東見本市から西見本市へ引っ越し、世帯主も同じ。継続を認め、直近12月の高額該当3回を引き継ぐ。",
        "A whole household moves, the head stays head: confirmed, its three high-cost months of twelve are carried over.",
    )  # fmt: skip
    taro = o.person(line, "太郎", "タロウ", "1968-04-10", MALE)
    hanako = o.person(line, "花子", "ハナコ", "1970-09-02", FEMALE, SPOUSE)
    home = o.settle(R1, EAST, [taro, hanako], "2019-04-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202403", "202407", "202411")
    o.high_cost(R1, home, "202501", paid=0)
    o.income(R1, home, "202408", income_class_under70="A03")
    o.leave(R2, home, [taro, hanako], "2025-04-15", MOVED_OUT, WEST)
    new = o.settle(R2, WEST, [taro, hanako], "2025-04-15", MOVED_IN, source=EAST)
    o.income(R2, new, "202504", income_class_under70="A03")
    o.decide(R3, WEST, o.candidate(R2, home, new, "2025-04-15"), YES, "世帯全員・世帯主同一")


def gap(o: MunicipalOffices) -> None:
    line = o.storyline(
        "gap", "P-4 P-5 P-6 Q-4 X-8 X-18",
        "転出と転入の間に3日の空白。空白の間は継続を確定できず、転出元が終了日を訂正すると解消し、確定できる。",
        "Three days between leaving and entering. No «yes» while the gap is open; solved by a correction, then confirmed.",
    )  # fmt: skip
    person = o.person(line, "一郎", "イチロウ", "1979-01-15", MALE)
    home = o.settle(R1, SOUTH, [person], "2021-10-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202410", "202501")
    o.leave(R2, home, [person], "2025-04-28", MOVED_OUT, EAST)
    new = o.settle(R2, EAST, [person], "2025-05-01", MOVED_IN, source=SOUTH)
    candidate = o.candidate(R2, home, new, "2025-05-01")
    o.decide(R3, EAST, candidate, YES, "空白が未解消のうちの指示(拒否される)")
    right = day("2025-05-01")
    o.correct(R3, person, SOUTH, application_end=right, member_end=right)
    o.correct_household(R3, home, head_end=right, household_end=right, changed_on=right)
    o.decide(R4, EAST, candidate, YES, "空白解消後の指示")


def overlap_open(o: MunicipalOffices) -> None:
    line = o.storyline(
        "overlap_open", "P-5 Q-4 H-5 X-9 X-18",
        "転入日が転出日より10日早い重複。訂正が来ないので最後まで未解消。資格は保留、「継続」の指示は拒否される。",
        "Entered ten days before leaving, never corrected: the overlap stays open, qualification is held, «yes» is refused.",
    )  # fmt: skip
    person = o.person(line, "重子", "シゲコ", "1985-06-20", FEMALE)
    home = o.settle(R1, NORTH, [person], "2020-07-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202412")
    o.leave(R2, home, [person], "2025-05-20", MOVED_OUT, SOUTH)
    new = o.settle(R2, SOUTH, [person], "2025-05-10", MOVED_IN, source=NORTH)
    o.decide(R3, SOUTH, o.candidate(R2, home, new, "2025-05-10"), YES, "重複が未解消のうちの指示(拒否される)")


def overlap_solved(o: MunicipalOffices) -> None:
    line = o.storyline(
        "overlap_solved", "P-5 Q-4 X-9 X-13",
        "転出元が転出をまだ送っていないための重複。翌月に転出が届いて解消し、資格は継続になる。",
        "The municipality left had not told of the move yet: an overlap until it does, then one continued qualification.",
    )  # fmt: skip
    person = o.person(line, "二郎", "ジロウ", "1990-12-03", MALE)
    home = o.settle(R1, WEST, [person], "2022-04-01", LEFT_EMPLOYEE_INSURANCE)
    new = o.settle(R2, NORTH, [person], "2025-05-07", MOVED_IN, source=WEST)
    o.leave(R3, home, [person], "2025-05-07", MOVED_OUT, NORTH, notified="2025-06-09")
    o.decide(R4, NORTH, o.candidate(R2, home, new, "2025-05-07"), YES, "重複解消後の指示")


def retroactive(o: MunicipalOffices) -> None:
    line = o.storyline(
        "retroactive", "P-7 Q-9 X-10 X-19",
        "前年11月の引っ越しを翌年6月に届出。日付は異動日で判定し、引き継ぐのは異動月までの12月の高額該当月だけ。",
        "A move of last November told in June: judged by the day it happened; only the twelve months up to it are carried.",
    )  # fmt: skip
    person = o.person(line, "三郎", "サブロウ", "1958-02-11", MALE)
    home = o.settle(R1, EAST, [person], "2016-06-01", MOVED_IN, qualification_acquired=day("2016-06-01"))
    o.high_cost(R1, home, "202310", "202409")
    o.leave(R3, home, [person], "2024-11-15", MOVED_OUT, SOUTH, notified="2025-06-12")
    new = o.settle(R3, SOUTH, [person], "2024-11-15", MOVED_IN, source=EAST, notified="2025-06-12")
    o.decide(R4, SOUTH, o.candidate(R3, home, new, "2024-11-15"), YES, "遡及届出")


def cancelled_record(o: MunicipalOffices) -> None:
    line = o.storyline(
        "cancelled_record", "P-7 Q-7 X-4 H-6",
        "東見本市が誤って転入を登録し、翌月に取消。重複は解消、候補は取下げ。同じ履歴番号の再送は拒否され、生き返らない。",
        "A move-in entered by mistake is cancelled: overlap solved, candidate withdrawn; the same record again is refused.",
    )  # fmt: skip
    person = o.person(line, "四郎", "シロウ", "1975-08-08", MALE)
    home = o.settle(R1, NORTH, [person], "2018-04-01", LEFT_EMPLOYEE_INSURANCE)
    wrong = o.settle(R2, EAST, [person], "2025-05-01", MOVED_IN, source=NORTH)
    o.candidate(R2, home, wrong, "2025-05-01")
    o.cancel(R3, person, EAST)
    o.cancel_household(R3, wrong)
    o.send_again(R4, person, EAST)


def out_and_back(o: MunicipalOffices) -> None:
    line = o.storyline(
        "out_and_back", "D-1 D-3 Q-4 H-3 H-5",
        "県外へ転出し、別の市へ県外から転入。新しい資格で、継続候補にならない。",
        "Out of the prefecture and back into another municipality: a new qualification, no candidate.",
    )  # fmt: skip
    person = o.person(line, "五郎", "ゴロウ", "1988-03-30", MALE)
    home = o.settle(R1, WEST, [person], "2020-01-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202501")
    o.leave(R2, home, [person], "2025-04-05", TO_OUTSIDE)
    o.settle(R2, EAST, [person], "2025-05-20", FROM_OUTSIDE)


def employee_insurance(o: MunicipalOffices) -> None:
    line = o.storyline(
        "employee_insurance", "D-2 D-5 P-6 Q-4",
        "社会保険に加入して資格を失い、1か月後に別の村で社保離脱により取得。空白ではなく新しい資格。",
        "Employee insurance in between: lost the day after it began, acquired anew elsewhere; no gap, a new qualification.",
    )  # fmt: skip
    person = o.person(line, "六郎", "ロクロウ", "1992-05-25", MALE)
    home = o.settle(R1, SOUTH, [person], "2023-04-01", LEFT_EMPLOYEE_INSURANCE)
    o.leave(R2, home, [person], "2025-04-02", JOINED_EMPLOYEE_INSURANCE)
    o.settle(R2, NORTH, [person], "2025-05-01", LEFT_EMPLOYEE_INSURANCE)


def residence_special_case(o: MunicipalOffices) -> None:
    line = o.storyline(
        "residence_special_case", "D-9 Q-4 X-37",
        "南見本町の施設に入所しても保険者は東見本市のまま(住所地特例)。58・08で世帯と番号が変わるだけで資格取得日は切れない。",
        "A care home elsewhere, the same insurer (住所地特例): 58 / 08 change household and number, the qualification goes on.",
    )  # fmt: skip
    person = o.person(line, "七子", "ナナコ", "1953-11-03", FEMALE)
    home = o.settle(R1, EAST, [person], "2018-10-01", LEFT_EMPLOYEE_INSURANCE)
    o.move_within(
        R2, home, person, "2025-05-12",
        address=f"{SOUTH.name}見本町9番 見本苑", special_case="3", special_case_start=day("2025-05-12"),
    )  # fmt: skip


def student(o: MunicipalOffices) -> None:
    line = o.storyline(
        "student", "D-10 Q-1 X-13",
        "進学で南見本町に住んでも西見本市の世帯の被保険者のまま(マル学)。資格に変化はなく、返すものもない。",
        "A student lives elsewhere but stays a member of the household (マル学): nothing changes, nothing is due.",
    )  # fmt: skip
    parent = o.person(line, "八重", "ヤエ", "1972-07-07", FEMALE)
    child = o.person(line, "学", "マナブ", "2006-10-21", MALE, CHILD)
    o.settle(R1, WEST, [parent, child], "2019-10-01", LEFT_EMPLOYEE_INSURANCE)
    o.change(
        R2, child, WEST,
        address=f"{SOUTH.name}見本町5番 学生寮", special_case="1", special_case_start=day("2025-04-03"),
    )  # fmt: skip
    o.unchanged(R2, parent, WEST)


def head_joins_employee_insurance(o: MunicipalOffices) -> None:
    line = o.storyline(
        "head_joins_employee_insurance", "D-5 H-5 H-6 X-14 X-17",
        "世帯主だけが社保に加入して擬制世帯主となり、その後家族全員で引っ越し。世帯主は同じなので継続。",
        "The head alone joins employee insurance and stays as nominal head; then all move: the same head, so continuity.",
    )  # fmt: skip
    head = o.person(line, "九郎", "クロウ", "1976-02-29", MALE)
    wife = o.person(line, "九美", "クミ", "1978-04-18", FEMALE, SPOUSE)
    child = o.person(line, "九太", "キュウタ", "2010-12-24", MALE, CHILD)
    home = o.settle(R1, EAST, [head, wife, child], "2021-04-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202410", "202412")
    o.become_nominal_head(R2, home, head, "2025-05-02")
    o.leave(R2, home, [head, wife, child], "2025-05-20", MOVED_OUT, NORTH)
    new = o.settle(R2, NORTH, [head, wife, child], "2025-05-20", MOVED_IN, source=EAST, is_nominal=True)
    o.decide(R3, NORTH, o.candidate(R2, home, new, "2025-05-20"), YES, "世帯主は擬制世帯主として同一")


def head_changes_inside(o: MunicipalOffices) -> None:
    line = o.storyline(
        "head_changes_inside", "H-2 H-4 H-5 X-20",
        "70歳以上の夫婦が引っ越し、転入先では妻が世帯主。同じ世帯の中の変更なので継続。外来のみの月は引き継ぐが回数に数えない。",
        "A couple over 70 moves and the wife becomes head: one household, so continuity. The outpatient month does not count.",
    )  # fmt: skip
    husband = o.person(line, "十郎", "ジュウロウ", "1952-01-20", MALE)
    wife = o.person(line, "十美", "トミ", "1953-03-03", FEMALE, SPOUSE)
    home = o.settle(R1, EAST, [husband, wife], "2018-04-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202409", "202501")
    o.high_cost(R1, home, "202412", occurrence="2", paid=8_000)
    o.certificate(R1, husband, EAST, "11", "2024-08-01", expires_on=day("2025-07-31"), copay_share="2")
    o.leave(R2, home, [husband, wife], "2025-04-25", MOVED_OUT, WEST)
    new = o.settle(R2, WEST, [wife, husband], "2025-04-25", MOVED_IN, source=EAST)
    o.certificate(
        R2, husband, EAST, "11", "2024-08-01", update_kind="2", expires_on=day("2025-07-31"), copay_share="2",
        collected_on=day("2025-04-25"), collect_notified=day("2025-04-25"), collect_reason_on=day("2025-04-25"),
    )  # fmt: skip
    o.certificate(R2, husband, WEST, "11", "2025-04-28", expires_on=day("2025-07-31"), copay_share="2")
    o.decide(R3, WEST, o.candidate(R2, home, new, "2025-04-25"), YES, "同一世帯内の世帯主変更")


def head_leaves(o: MunicipalOffices) -> None:
    line = o.storyline(
        "head_leaves", "H-1 H-4 H-5 X-16 X-29",
        "世帯主が出て転入先でも世帯主: 回数は本人に続く。残った妻は数え直しで、後に引っ越しても引き継ぐ月がない。",
        "The head leaves and is head again: his counts go on. The wife left behind starts anew and has nothing to carry later.",
    )  # fmt: skip
    head = o.person(line, "正一", "ショウイチ", "1969-05-05", MALE)
    wife = o.person(line, "正子", "マサコ", "1971-06-06", FEMALE, SPOUSE)
    home = o.settle(R1, EAST, [head, wife], "2019-12-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202410", "202412", "202501")
    o.change_head(R2, home, wife, "2025-04-10")
    o.leave(R2, home, [head], "2025-04-10", MOVED_OUT, NORTH)
    his = o.settle(R2, NORTH, [head], "2025-04-10", MOVED_IN, source=EAST)
    o.leave(R2, home, [wife], "2025-05-16", MOVED_OUT, SOUTH)
    hers = o.settle(R2, SOUTH, [wife], "2025-05-16", MOVED_IN, source=EAST)
    o.decide(R3, NORTH, o.candidate(R2, home, his, "2025-04-10"), YES, "世帯主が再び世帯主")
    o.decide(R3, SOUTH, o.candidate(R2, home, hers, "2025-05-16"), YES, "残った世帯の引っ越し")


def member_leaves(o: MunicipalOffices) -> None:
    line = o.storyline(
        "member_leaves", "H-4 H-5 X-16 X-36",
        "世帯員の息子が独立して世帯主に: 息子は非継続。残った父の回数は続き、後の引っ越しで引き継ぐ。",
        "A son leaves to head a household of his own: not continued. The father's counts go on and are carried when he moves.",
    )  # fmt: skip
    father = o.person(line, "正二", "ショウジ", "1962-09-09", MALE)
    son = o.person(line, "独", "ヒトリ", "1999-04-04", MALE, CHILD)
    home = o.settle(R1, WEST, [father, son], "2022-10-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202411", "202501")
    o.leave(R2, home, [son], "2025-04-15", MOVED_OUT, EAST)
    his_own = o.settle(R2, EAST, [son], "2025-04-15", MOVED_IN, source=WEST)
    o.leave(R2, home, [father], "2025-05-25", MOVED_OUT, SOUTH)
    new = o.settle(R2, SOUTH, [father], "2025-05-25", MOVED_IN, source=WEST)
    o.decide(R3, EAST, o.candidate(R2, home, his_own, "2025-04-15"), NO, "世帯員の独立")
    o.decide(R3, SOUTH, o.candidate(R2, home, new, "2025-05-25"), YES, "残った世帯の引っ越し")


def joins_household(o: MunicipalOffices) -> None:
    line = o.storyline(
        "joins_household", "H-4 H-5 X-16",
        "一人世帯の人が別の世帯に加わり、世帯主は元のまま: 加わった人の回数は引き継がない。",
        "Somebody joins another household whose head stays head: his counts are not carried.",
    )  # fmt: skip
    joining = o.person(line, "合", "アウ", "1981-10-10", MALE)
    host = o.person(line, "迎", "ムカエ", "1980-11-11", FEMALE)
    home = o.settle(R1, WEST, [joining], "2020-04-01", LEFT_EMPLOYEE_INSURANCE)
    joined = o.settle(R1, NORTH, [host], "2019-04-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202410", "202501")
    o.high_cost(R1, joined, "202412")
    o.leave(R2, home, [joining], "2025-05-10", MOVED_OUT, NORTH)
    o.join(R2, joined, joining, "2025-05-10", WEST)
    o.decide(R3, NORTH, o.candidate(R2, home, joined, "2025-05-10"), NO, "世帯主は転入先の世帯主")


def becomes_head_over(o: MunicipalOffices) -> None:
    line = o.storyline(
        "becomes_head_over", "H-4 H-5 X-16 X-21",
        "転入した人が既存の世帯の世帯主になる: 転入した世帯主の回数が続き、その世帯の以前の月は数えない。",
        "Somebody moves in and becomes head over another household: his counts go on, its own earlier months no longer count.",
    )  # fmt: skip
    coming = o.person(line, "主水", "モンド", "1966-08-16", MALE)
    resident = o.person(line, "従子", "ヨリコ", "1968-08-26", FEMALE, RELATIVE)
    home = o.settle(R1, SOUTH, [coming], "2021-01-01", LEFT_EMPLOYEE_INSURANCE)
    taken_over = o.settle(R1, EAST, [resident], "2019-07-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202408", "202501")
    o.high_cost(R1, taken_over, "202412")
    o.leave(R2, home, [coming], "2025-05-18", MOVED_OUT, EAST)
    o.join(R2, taken_over, coming, "2025-05-18", SOUTH, as_head=True)
    o.decide(R3, EAST, o.candidate(R2, home, taken_over, "2025-05-18"), YES, "転入した世帯主が世帯主")


def nominal_head(o: MunicipalOffices) -> None:
    line = o.storyline(
        "nominal_head", "H-5 H-6 X-14",
        "会社員の擬制世帯主と国保の妻が引っ越し、世帯主は擬制世帯主のまま: 継続。",
        "A nominal head (employee insurance) and his insured wife move, he stays nominal head: continuity.",
    )  # fmt: skip
    head = o.person(line, "擬", "ナゾラウ", "1974-01-31", MALE)
    wife = o.person(line, "保子", "ヤスコ", "1977-02-14", FEMALE, SPOUSE)
    home = o.settle(R1, NORTH, [head, wife], "2020-10-01", LEFT_EMPLOYEE_INSURANCE, is_nominal=True)
    o.high_cost(R1, home, "202409", "202411", "202501")
    o.leave(R2, home, [head, wife], "2025-05-15", MOVED_OUT, WEST)
    new = o.settle(R2, WEST, [head, wife], "2025-05-15", MOVED_IN, source=NORTH, is_nominal=True)
    o.decide(R3, WEST, o.candidate(R2, home, new, "2025-05-15"), YES, "擬制世帯主同一")


def unmatched(o: MunicipalOffices) -> None:
    line = o.storyline(
        "unmatched", "P-6 X-11 X-26",
        "県内転出と届け出たのに、どこにも転入していない。30日の待機の後に「相手なし」となる。",
        "Left for another municipality, but nobody entered: told as unmatched once the thirty days' wait is over.",
    )  # fmt: skip
    person = o.person(line, "行方", "ユクエ", "1995-09-19", MALE)
    home = o.settle(R1, WEST, [person], "2023-07-01", LEFT_EMPLOYEE_INSURANCE)
    o.leave(R2, home, [person], "2025-05-15", MOVED_OUT, SOUTH)


def one_sided(o: MunicipalOffices) -> None:
    line = o.storyline(
        "one_sided", "P-6 Q-4 X-9 X-26",
        "日付は合うが、転入側が「県外から」として送った。片側のみ県内異動として、資格は保留、候補は要確認。",
        "The dates meet, but the municipality entered says «from outside»: one-sided, held, candidate unclear.",
    )  # fmt: skip
    person = o.person(line, "片岡", "カタオカ", "1983-03-13", MALE)
    home = o.settle(R1, SOUTH, [person], "2020-05-01", LEFT_EMPLOYEE_INSURANCE)
    o.leave(R2, home, [person], "2025-05-20", MOVED_OUT, EAST)
    new = o.settle(R2, EAST, [person], "2025-05-20", FROM_OUTSIDE)
    o.candidate(R2, home, new, "2025-05-20")


def number_later(o: MunicipalOffices) -> None:
    line = o.storyline(
        "number_later", "I-3 Q-2 X-33",
        "転入先では個人番号がまだ分からず仮の都道府県被保険者IDを発番。番号が届くと元のIDに統合され、旧IDとともに知らせる。",
        "Entered without a number: a provisional ID. When the number comes the known ID survives; HIHOID tells both.",
    )  # fmt: skip
    person = o.person(line, "番", "ツガイ", "1987-12-12", FEMALE)
    home = o.settle(R1, EAST, [person], "2021-06-01", LEFT_EMPLOYEE_INSURANCE)
    o.leave(R2, home, [person], "2025-05-08", MOVED_OUT, SOUTH)
    new = o.settle(R2, SOUTH, [person], "2025-05-08", MOVED_IN, source=EAST, individual_number=None)
    o.correct(R3, person, SOUTH, individual_number=person.number)
    o.candidate(R3, home, new, "2025-05-08")


def identity_conflict(o: MunicipalOffices) -> None:
    line = o.storyline(
        "identity_conflict", "I-1 X-6",
        "転入先が生年月日を誤って送り、本人確認不一致で保留。訂正されると効力を生じ、資格は継続、候補になる。",
        "The birth date is wrong at the municipality entered: held as an identity conflict until corrected, then continued.",
    )  # fmt: skip
    person = o.person(line, "誤", "アヤマル", "1984-04-14", MALE)
    home = o.settle(R1, NORTH, [person], "2022-02-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202501")
    o.leave(R2, home, [person], "2025-05-10", MOVED_OUT, WEST)
    new = o.settle(R2, WEST, [person], "2025-05-10", MOVED_IN, source=NORTH, birth_date=day("1984-04-04"))
    o.correct(R3, person, WEST, birth_date=person.born)
    o.candidate(R3, home, new, "2025-05-10")


def protected(o: MunicipalOffices) -> None:
    line = o.storyline(
        "protected", "Q-5 X-27",
        "不開示該当の人の引っ越し(2日の空白、のち訂正)。転出元には転入先の保険者番号も世帯番号も知らせない。",
        "A protected person moves (a gap, later corrected): the municipality left never learns where to.",
    )  # fmt: skip
    person = o.person(line, "護", "マモル", "1991-01-11", FEMALE, protected=True)
    home = o.settle(R1, WEST, [person], "2021-08-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202501")
    o.leave(R2, home, [person], "2025-05-13", MOVED_OUT)
    new = o.settle(R2, EAST, [person], "2025-05-15", MOVED_IN, source=WEST)
    right = day("2025-05-13")
    o.correct(R3, person, EAST, application_start=right, member_start=right)
    o.correct_household(R3, new, head_start=right, household_start=right, changed_on=right)
    o.decide(R4, EAST, o.candidate(R2, home, new, "2025-05-15"), YES, "転出確定日に訂正済み")


def chain(o: MunicipalOffices) -> None:
    line = o.storyline(
        "chain", "H-7 X-19 Q-4",
        "南見本町→西見本市→北見本村。後から分かった月と取り消された月が、確定した継続をたどって両方の転入先に届く。",
        "South to west to north: months known or cancelled late reach both along the chain of confirmed continuity.",
    )  # fmt: skip
    person = o.person(line, "連子", "レンコ", "1973-10-30", FEMALE)
    first = o.settle(R1, SOUTH, [person], "2019-02-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, first, "202409", "202501")
    o.leave(R2, first, [person], "2025-04-12", MOVED_OUT, WEST)
    second = o.settle(R2, WEST, [person], "2025-04-12", MOVED_IN, source=SOUTH)
    o.leave(R2, second, [person], "2025-05-22", MOVED_OUT, NORTH)
    third = o.settle(R2, NORTH, [person], "2025-05-22", MOVED_IN, source=WEST)
    o.decide(R3, WEST, o.candidate(R2, first, second, "2025-04-12"), YES, "住所異動のみ")
    o.decide(R3, NORTH, o.candidate(R2, second, third, "2025-05-22"), YES, "住所異動のみ")
    o.high_cost(R3, second, "202504", paid=0)
    o.high_cost(R4, first, "202411", "202503")
    o.high_cost(R4, first, "202409", kind="3")


def revoked_decision(o: MunicipalOffices) -> None:
    line = o.storyline(
        "revoked_decision", "H-6 X-28 X-36",
        "継続を確定して1月を引き継いだ後、確定を取消。両側に取消を知らせ、引き継いだ月を取り戻す。",
        "A confirmed continuity is revoked: both sides are told, and the month carried over is taken back.",
    )  # fmt: skip
    person = o.person(line, "戻", "モドル", "1989-07-17", MALE)
    home = o.settle(R1, EAST, [person], "2022-11-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202411")
    o.leave(R2, home, [person], "2025-04-22", MOVED_OUT, NORTH)
    new = o.settle(R2, NORTH, [person], "2025-04-22", MOVED_IN, source=EAST)
    candidate = o.candidate(R2, home, new, "2025-04-22")
    o.decide(R3, NORTH, candidate, YES, "住所異動のみ")
    o.decide(R4, NORTH, candidate, REVOKE, "判定誤り")


def out_of_sequence(o: MunicipalOffices) -> None:
    line = o.storyline(
        "out_of_sequence", "X-2 X-3",
        "島見本村の連番2のファイルが遅れ、連番3(転出)は保留。その間は重複に見え、連番2が着くと保留が解けて解消する。",
        "File 2 is late, so file 3 (a move out) is held and the move looks like an overlap, until 2 arrives and frees 3.",
    )  # fmt: skip
    person = o.person(line, "遅", "オソ", "1986-06-16", MALE)
    home = o.settle(R1, ISLAND, [person], "2020-02-01", LEFT_EMPLOYEE_INSURANCE)
    o.high_cost(R1, home, "202412")
    o.leave(AFTER_LOST, home, [person], "2025-05-12", MOVED_OUT, EAST)
    new = o.settle(R2, EAST, [person], "2025-05-12", MOVED_IN, source=ISLAND)
    o.candidate(R2, home, new, "2025-05-12")


def sent_twice(o: MunicipalOffices) -> None:
    line = o.storyline(
        "sent_twice", "X-3 X-4 P-7",
        "住所変更を、同じ履歴番号の新規としてもう一度送った。そのレコードだけが拒否され、処理結果に載る。",
        "A change of address is sent as new twice under one history number: that record alone is refused, SHOKEKKA says so.",
    )  # fmt: skip
    person = o.person(line, "重信", "シゲノブ", "1965-05-15", MALE)
    o.settle(R1, ISLAND, [person], "2019-05-01", LEFT_EMPLOYEE_INSURANCE)
    o.change(LOST, person, ISLAND, address=f"{ISLAND.name}見本町100番1号")
    o.send_again(R4, person, ISLAND)


STORYLINES: Final[tuple[Telling, ...]] = (
    normal_move,
    gap,
    overlap_open,
    overlap_solved,
    retroactive,
    cancelled_record,
    out_and_back,
    employee_insurance,
    residence_special_case,
    student,
    head_joins_employee_insurance,
    head_changes_inside,
    head_leaves,
    member_leaves,
    joins_household,
    becomes_head_over,
    nominal_head,
    unmatched,
    one_sided,
    number_later,
    identity_conflict,
    protected,
    chain,
    revoked_decision,
    out_of_sequence,
    sent_twice,
)
FEATURED: Final = (NORTH, "chain")
"""The person shown in full by the demonstration: the chain of three municipalities."""


def tell() -> MunicipalOffices:
    """Everything that every municipality of the sample sends."""
    offices = MunicipalOffices()
    for storyline in STORYLINES:
        storyline(offices)
    return offices
