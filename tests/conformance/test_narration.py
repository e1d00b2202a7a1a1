"""The story in sentences: nothing that was sent goes untold, and nothing that must not be told stands there."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest
from attrs import evolve
from hypothesis import given, settings

from kokuho_adapters.conformance.layout_wording import LayoutWording, japanese
from kokuho_core.conformance import DecisionMade, Pair, Report, Sending, Step, Story, story_of
from kokuho_core.conformance.cast import Cast
from kokuho_core.conformance.comparison import about, comparisons
from kokuho_core.conformance.lives import INSURERS
from kokuho_core.conformance.narration import Narration, narrate
from kokuho_core.conformance.sentences import EnglishSentences
from kokuho_core.conformance.story import CANCELLED, CORRECTED, HIGH_COST, HOUSEHOLD, PERSON
from kokuho_core.conformance.strategies import stories
from kokuho_core.vocabulary.month import Month

ASAHI, MINATO, _ = (each.insurer_number for each in INSURERS)
PERSON_ROW = {
    "insurer_number": ASAHI, "addressee_number": "1", "history_number": 1, "individual_number": 1,
    "previous_individual_number": None, "name": "見本　太郎", "name_kana": "ミホン　タロウ", "birth_date": date(1980, 1, 2),
    "sex": "1", "address": "あさひ市見本町1丁目", "card_number": "1", "household_number": "1", "member_start": None,
    "member_end": None, "relationship": "01", "insured_kind": "1", "application_start": date(2022, 2, 1),
    "application_start_reason": "07", "application_end": None, "application_end_reason": None, "special_case": "0",
    "address_withheld": "0", "self_view_stopped": "0", "update_kind": "1", "updated_at": datetime(2024, 1, 1, 9),
}  # fmt: skip
HOUSEHOLD_ROW = {
    "insurer_number": ASAHI, "household_number": "1", "history_number": 1, "update_kind": "1", "card_number": "1",
    "head_addressee_number": "1", "head_kind": "1", "head_start": date(2022, 2, 1), "head_end": None,
    "household_start": date(2022, 2, 1), "change_reason": "01", "changed_on": date(2022, 2, 1),
    "notified_on": date(2022, 2, 1), "updated_at": datetime(2024, 1, 1, 9),
}  # fmt: skip
MONTH_ROW = {
    "insurer_number": ASAHI, "household_number": "1", "treatment_month": Month.of(2022, 3), "update_kind": "1",
    "occurrence_kind": "1", "paid_amount": 12_000, "updated_at": datetime(2024, 1, 1, 9),
}  # fmt: skip


def _records(story: Story) -> int:
    return sum(len(each.rows) for each in story.sendings()) + sum(len(step.decisions) for step in story.steps)


def _check(story: Story, told: Narration) -> None:
    assert [each.number for each in told.sentences] == list(range(1, _records(story) + 1))
    assert all(each.text for each in told.sentences)
    assert not re.search(r"[0-9]{12}", told.text), "twelve digits may be a 個人番号"
    assert "None" not in told.text and "{" not in told.text
    assert len(told.steps) == len(story.steps)


@pytest.mark.parametrize(
    ("kind", "days", "told"),
    [
        ("1", None, "重複 2022-02-01〜"),
        ("1", 3, "重複 3日 2022-02-01〜2022-02-03"),
        ("2", 1, "空白 1日 2022-02-01〜2022-02-01"),
        ("5", None, "相手なし 2022-02-01"),
    ],
)
def test_a_finding_is_told_by_its_days(kind: str, days: int | None, told: str) -> None:
    """Rules: P-5, P-6. An overlap that goes on is told as open."""
    say = japanese(story_of("narration", 0))
    assert say.finding({"kind": kind, "period_start": date(2022, 2, 1), "days": days}) == told


@pytest.mark.parametrize("number", range(0, 120, 3))
def test_every_record_is_told_in_japanese_and_english(number: int) -> None:
    """Rules: S-13. And no 個人番号 is."""
    story = story_of("narration", number)
    _check(story, narrate(story, japanese(story)))
    english = narrate(story, EnglishSentences())
    _check(story, english)
    assert english.text.isascii()


@settings(max_examples=30)
@given(stories())
def test_whatever_story_is_drawn_can_be_told(story: Story) -> None:
    """Rules: S-13."""
    _check(story, narrate(story, japanese(story)))


def _told(*sendings: Sending, language: str = "ja") -> list[str]:
    story = Story("試験", INSURERS, (Step(date(2022, 3, 13), sendings),))
    say = japanese(story) if language == "ja" else EnglishSentences()
    return [each.text for each in narrate(story, say).sentences]


def _sending(file_id: str, *rows: dict[str, object], sequence: int = 1) -> Sending:
    return Sending(file_id, ASAHI, sequence, rows)


def test_what_is_said_of_a_person() -> None:
    ended = {"application_end": date(2022, 3, 1), "application_end_reason": "57", "update_kind": CORRECTED}
    moved = {**ended, "application_end": date(2022, 3, 5)}
    told = _told(
        _sending(PERSON, PERSON_ROW, {**PERSON_ROW, **ended}, {**PERSON_ROW, **moved}, {**PERSON_ROW, "update_kind": CANCELLED})
    )
    assert told == [
        "あさひ市は、見本 太郎さん(人1)が2022-02-01に転入(県内)で適用開始した(世帯1、1980-01-02生、男、番号1)と届け出る。",
        "あさひ市は、見本 太郎さん(人1)の2022-02-01からの適用が2022-03-01に転出(県内)で適用終了したと届け出る。",
        "あさひ市は、見本 太郎さん(人1)の2022-02-01からの適用の記録を訂正する: 適用終了年月日を2022-03-01から2022-03-05へ。",
        "あさひ市は、見本 太郎さん(人1)の2022-02-01からの適用の記録を取り消す。",
    ]


def test_what_is_special_about_a_person_is_said() -> None:
    """Rules: I-4, P-7, X-4, H-4. A number before, a withheld address, a nominal head, a cancelled record sent anew."""
    changed = {"individual_number": 7, "previous_individual_number": 1, "address_withheld": "1"}
    nominal = {"application_start": None, "application_start_reason": None, "insured_kind": "2", "individual_number": None}
    first, again, head, unknown = _told(
        _sending(
            PERSON, {**PERSON_ROW, **changed}, PERSON_ROW, {**PERSON_ROW, **nominal, "history_number": 2},
            {**PERSON_ROW, "history_number": 3, "update_kind": CORRECTED},
        )
    )  # fmt: skip
    assert "番号7、前の番号1、住所は不開示" in first
    assert again.endswith("(同じ履歴番号で改めて)。")
    assert "擬制世帯主で、自身は被保険者でない" in head and "番号なし" in head
    assert "送ったことのない記録を訂正する" in unknown


def test_what_is_said_of_households_months_and_decisions() -> None:
    story = Story(
        "試験",
        INSURERS,
        (
            Step(
                date(2022, 3, 13),
                (
                    _sending(PERSON, PERSON_ROW),
                    _sending(HOUSEHOLD, HOUSEHOLD_ROW, {**HOUSEHOLD_ROW, "history_number": 2, "head_addressee_number": "9"}),
                    _sending(HIGH_COST, MONTH_ROW, {**MONTH_ROW, "update_kind": CANCELLED}),
                ),
                (DecisionMade(Pair(MINATO, "4", ASAHI, "1"), "1", date(2022, 3, 12)),),
            ),
        ),
    )
    assert [each.text for each in narrate(story, japanese(story)).sentences] == [
        "あさひ市は、みなと市の世帯4からあさひ市の世帯1への継続を認める(2022-03-12)。",
        "あさひ市は、見本 太郎さん(人1)が2022-02-01に転入(県内)で適用開始した(世帯1、1980-01-02生、男、番号1)と届け出る。",
        "あさひ市は、世帯1の世帯主が2022-02-01から見本 太郎さん(人1)である(世帯新規)と届け出る。",
        "あさひ市は、世帯1の世帯主が2022-02-01から個人の記録がない宛名9である(世帯新規)と届け出る。",
        "あさひ市は、世帯1の2022年3月診療分が高額該当である(支給額12,000円)と届け出る。",
        "あさひ市は、世帯1の2022年3月診療分の記録を取り消す。",
    ]


def test_files_out_of_order_and_twice_are_told() -> None:
    """Rules: X-2."""
    first, second = _sending(PERSON, PERSON_ROW), _sending(PERSON, {**PERSON_ROW, "history_number": 2}, sequence=2)
    story = Story("試験", INSURERS, (Step(date(2022, 3, 13), (second, first)), Step(date(2022, 3, 14), (first,))))
    (late, awaited), (again,) = (step.files for step in narrate(story, japanese(story)).steps)
    assert late.remark == " — 通番0001のファイルより先に着く(それを待つ)"
    assert awaited.remark == " — これを待っていたファイルも続けて効く"
    assert again.remark == " — 同じファイルをもう一度送る" and not again.sentences


def test_who_is_one_person() -> None:
    """Rules: Q-2, I-1. By the number; not with another birth date."""
    other = {**PERSON_ROW, "insurer_number": MINATO, "addressee_number": "8"}
    impostor = {**other, "addressee_number": "9", "birth_date": date(1999, 9, 9)}
    story = Story(
        "試験", INSURERS, (Step(date(2022, 3, 13), (_sending(PERSON, PERSON_ROW), Sending(PERSON, MINATO, 1, (other, impostor)))),)
    )
    cast = Cast.of(story)
    assert [each.addressees for each in cast.people] == [((ASAHI, "1"), (MINATO, "8")), ((MINATO, "9"),)]


def test_those_concerned_are_marked() -> None:
    story = story_of("narration", 3)
    someone = Cast.of(story).people[0]
    told = narrate(story, japanese(story), [someone.addressees[-1]])
    marked = [each.text for each in told.sentences if each.is_about]
    assert marked and all(f"(人{someone.number})" in each for each in marked)
    assert "この不適合の人" in told.people[0] and not any("この不適合の人" in each for each in told.people[1:])


def test_each_difference_says_what_was_expected_and_what_came_back(clumsy_report: Report) -> None:
    """Rules: P-5, P-6."""
    assert len(clumsy_report.faults) >= 5
    for fault in clumsy_report.faults:
        say = japanese(fault.played.story)
        rows = comparisons(fault.played, say)
        assert rows and about(fault.played)
        for each in rows:
            assert "期待: " in each.sentence and "返却: " in each.sentence
            assert any(one.differs for one in each.fields)
            assert not re.search(r"[0-9]{12}", each.sentence)
        for each in comparisons(fault.played, EnglishSentences()):
            assert each.sentence.isascii() and "expected: " in each.sentence


def test_a_gap_that_is_none_is_told_in_days(clumsy_report: Report) -> None:
    """Rules: P-6."""
    fault = next(each for each in clumsy_report.faults if each.rule == "P-6")
    sentence = comparisons(fault.played, japanese(fault.played.story))[0].sentence
    assert re.search(r"期待: なし。返却: 空白 3日 \d{4}-\d\d-\d\d〜\d{4}-\d\d-\d\d。$", sentence), sentence


def test_fields_are_called_as_the_layouts_call_them() -> None:
    words = LayoutWording()
    assert words.field("TOKUSO", "qualification_acquired") == "国保資格取得年月日"
    assert words.code("KAKUNIN", "kind", "2") == "空白"
    assert (words.file("NOTHING"), words.field("NOTHING", "key"), words.code("TOKUSO", "status", "?")) == ("NOTHING", "key", "?")


def test_every_field_and_code_that_can_differ_has_a_name(clumsy_report: Report) -> None:
    for fault in clumsy_report.faults:
        for each in comparisons(fault.played, japanese(fault.played.story)):
            assert not any(re.fullmatch(r"[a-z_]+", one.name) for one in each.fields), each


def test_a_story_of_nothing_can_be_told() -> None:
    story = evolve(story_of("narration", 1), steps=(Step(date(2022, 1, 1)),))
    assert narrate(story, japanese(story)).steps[0].heading.endswith("(届いたものはない)")
