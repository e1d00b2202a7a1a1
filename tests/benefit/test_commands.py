"""``kokuho benefit``, ``kokuho ceiling``, ``kokuho benefit-bulk``, and the JSON they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.benefit.json_input import parse_requests
from kokuho_adapters.cli.commands import cli
from kokuho_adapters.configuration import load_configuration
from kokuho_core.benefit.choices import Turning75
from kokuho_core.errors import FileRefused, InvalidValue, KokuhoError, Problem, SetupFault

PERSON = {"name": "夫", "age_group": "under70"}
HOSPITAL = {"person": "夫", "setting": "inpatient", "points": 100_000, "copay_rate": 0.3}


def month(**given: Any) -> dict[str, Any]:
    return {"month": "2026-08", "income_class_under70": "ウ", "persons": [PERSON], "receipts": [HOSPITAL]} | given


def run(folder: Path, content: Any, *args: str) -> Result:
    path = folder / "in.json"
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return CliRunner().invoke(cli, ["benefit", str(path), *args])


def refused(result: Result, code: str) -> bool:
    """The command failed with ``code``, which is told on standard error."""
    return result.exit_code == 1 and result.stderr.startswith(code)


def answered(folder: Path, content: Any, *args: str) -> list[dict[str, Any]]:
    result = run(folder, content, "--json", *args)
    assert result.exit_code == 0, result.output
    listed: list[dict[str, Any]] = json.loads(result.stdout)["results"]
    return listed


def test_a_month_as_json_and_as_text(tmp_path: Path) -> None:
    [answer] = answered(tmp_path, {"months": [month()]})
    [found] = answer["months"]
    assert (found["refund"], found["patient_total"], found["multiple_occurrence"]) == (207_060, 92_940, False)
    assert found["steps"][0]["limit"] == 92_940 and found["steps"][0]["source"]
    assert found["persons"] == [
        {"person": "夫", "benefits": {"whole_household": 207_060}, "outpatient_rest": 0, "inpatient_rest": 92_940,
         "not_aggregated": 0}
    ]  # fmt: skip
    told = run(tmp_path, {"months": [month()]}).stdout
    for line in found["explanation"]:
        assert line["ja"] in told and line["en"] in told and line["source"] in told
    assert "85,800円 + (1,000,000円 - 286,000円) × 1% = 92,940円" in told


def test_the_history_decides_about_the_fourth_month(tmp_path: Path) -> None:
    """Rules: H-2, H-3."""
    known = [{"month": f"2026-0{n}"} for n in (5, 6, 7)]
    for content, expected in (
        ({"history": known}, True),
        ({"carried_over": known, "moved_in": "2026-08"}, True),
        ({"carried_over": known, "moved_in": "2026-06"}, False),
        ({"history": [known[0] | {"kind": "outpatient"}, *known[1:]]}, False),
        ({"history": known[:2]}, False),
    ):
        [answer] = answered(tmp_path, content | {"months": [month()]})
        assert answer["months"][0]["multiple_occurrence"] is expected


def test_whether_it_is_the_fourth_month_may_be_told(tmp_path: Path) -> None:
    """Rules: H-2: told of one month, counted for the others; not beside a history, which would say it a second time."""
    later = month(month="2026-09")
    [answer] = answered(tmp_path, {"months": [month(multiple_occurrence=True), later]})
    assert [each["patient_total"] for each in answer["months"]] == [44_400, 92_940]
    assert [each["multiple_occurrence"] for each in answer["months"]] == [True, False]
    told = {"history": [{"month": "2026-07"}], "months": [month(multiple_occurrence=False)]}
    twice = run(tmp_path, told)
    assert refused(twice, "KKH-T005") and "multiple_occurrence" in twice.stderr


@pytest.mark.parametrize(("rate", "paid"), [(0, 0), (0.3, 300_000), (0.07, 70_000), (0.2, 200_000)])
def test_shares_with_and_without_a_fraction(tmp_path: Path, rate: float, paid: int) -> None:
    [answer] = answered(tmp_path, {"months": [month(receipts=[HOSPITAL | {"copay_rate": rate}])]})
    assert answer["months"][0]["institutions"][0]["copay"] == paid
    assert refused(run(tmp_path, {"months": [month(receipts=[HOSPITAL | {"copay_rate": 3}])]}), "KKH-T007")


def test_the_other_benefits(tmp_path: Path) -> None:
    answers = answered(
        tmp_path,
        [
            {"kind": "outpatient_year", "year": 2025, "income_class_70plus": "一般",
             "months": [{"month": f"2026-0{n}", "left_over": 50_000, "active_income": n == 1} for n in range(1, 5)]},
            {"kind": "annual_cap", "year": 2026, "age_group": "under70", "income_class": "ウ",
             "paid_after_monthly_benefit": 600_000},
            {"kind": "annual_cap", "year": 2026, "age_group": "70-74", "income_class": "一般", "low_income_200": True,
             "months": [{"month": "2026-08", "aggregated": 500_000, "excluded": 3_000}], "outpatient_year_benefit": 10_000},
            {"kind": "care_combined", "year": 2024, "income_class_70plus": "一般", "income_class_under70": "ウ",
             "from_70": {"medical": 300_000, "care": 400_000}, "under_70": {"medical": 0, "care": 0}},
            {"kind": "funeral", "died_on": "2026-05-01", "recipient": "長男",
             "rates": [{"from": "2020-04-01", "amount": 50_000, "ordinance": "見本市国民健康保険条例"}]},
        ],
        "--choose", "annual_cap_amounts=all",
    )  # fmt: skip
    assert [each.get("benefit") for each in answers[:3]] == [6_000, 70_000, 83_000]
    assert (answers[3]["medical"], answers[3]["care"]) == (60_000, 80_000)
    assert answers[4]["amount"] == 50_000
    shown = run(tmp_path, [{"kind": "annual_cap", "year": 2026, "age_group": "under70", "income_class": "ウ",
                            "paid_after_monthly_benefit": 600_000}]).stdout  # fmt: skip
    assert "累計 600,000円、上限 530,000円、支給額 70,000円" in shown


def test_kogaku_is_written_beside_the_answer(tmp_path: Path) -> None:
    """Rules: H-1."""
    content = {"insurer_number": "130013", "household_number": "1001", "months": [month()]}
    result = run(tmp_path, content, "--kogaku", str(tmp_path / "out"), "--sequence", "12", "--json")
    [name] = json.loads(result.stdout)["kogaku"]
    assert name.startswith("KOGAKU_130013_") and name.endswith("_0012.csv")
    assert ",202608,1,1,2,,207060," in (tmp_path / "out" / name).read_text("utf-8")
    assert refused(run(tmp_path, {"months": [month()]}, "--kogaku", str(tmp_path)), "KKH-T026")


def test_choices_come_from_the_command_line_and_from_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "kokuho.toml"
    config.write_text('[benefit]\nturning_75 = "refuse"\n', "utf-8")
    assert load_configuration(config).benefit.turning_75 is Turning75.REFUSE
    person = {"name": "父", "birth_date": "1951-08-15"}
    content = {"months": [month(persons=[person], receipts=[HOSPITAL | {"person": "父"}], income_class_70plus="一般")]}
    path = tmp_path / "in.json"
    path.write_text(json.dumps(content), "utf-8")
    runner = CliRunner()
    assert refused(runner.invoke(cli, ["--config", str(config), "benefit", str(path)]), "KKH-T019")
    arguments = ["--config", str(config), "benefit", str(path), "--choose", "turning_75=person_first"]
    assert runner.invoke(cli, arguments).exit_code == 0
    config.write_text('[benefit]\nturning_75 = "maybe"\n', "utf-8")
    with pytest.raises(SetupFault) as error:
        load_configuration(config)
    assert [(each.code, each.field) for each in error.value.problems] == [("KKH-C010", "benefit.turning_75")]
    config.write_text("benefit = 3\n", "utf-8")
    with pytest.raises(SetupFault):
        load_configuration(config)


# --- what is wrong is told with its place ---


def wrong_month(**given: Any) -> dict[str, Any]:
    return {"months": [month(**given)]}


FAULTS: list[tuple[Any, list[tuple[str, str]]]] = [
    ([], [("KKH-T005", "[]")]),
    (3, [("KKH-T005", ""), ("KKH-T005", "months")]),
    ({"kind": "dental"}, [("KKH-T005", "kind")]),
    ({}, [("KKH-T005", "months")]),
    ({"months": [{}]}, [("KKH-T005", f"months[0].{key}") for key in ("month", "persons", "receipts")]),
    (wrong_month(nobody=1), [("KKH-T005", "months[0].nobody")]),
    (wrong_month(month="2026-13"), [("KKH-T005", "months[0].month")]),
    (wrong_month(persons=[{}]), [("KKH-T005", "months[0].persons[0].name"), ("KKH-T005", "months[0].persons[0].age_group")]),
    (wrong_month(persons=[PERSON | {"age_group": "75+"}]), [("KKH-T022", "months[0].persons[0].age_group")]),
    (wrong_month(persons=[PERSON | {"birth_date": "1960-01-01"}]), [("KKH-T005", "months[0].persons[0].age_group")]),
    (wrong_month(persons=[{"name": "夫", "birth_date": "1949-01-01"}]), [("KKH-T022", "months[0].persons[0].birth_date")]),
    (wrong_month(persons=[PERSON, PERSON]), [("KKH-T005", "months[0].persons")]),
    (wrong_month(receipts=[{}]), [("KKH-T005", f"months[0].receipts[0].{key}") for key in ("person", "setting")]),
    (wrong_month(receipts=[HOSPITAL | {"person": "妻"}]), [("KKH-T005", "months[0].person")]),
    (wrong_month(receipts=[HOSPITAL | {"copay_rate": 0.35}]), [("KKH-T007", "months[0].receipts[0].copay_rate")]),
    (wrong_month(receipts=[HOSPITAL | {"copay_rate": 0.125}]), [("KKH-T007", "months[0].receipts[0].copay_rate")]),
    (wrong_month(receipts=[HOSPITAL | {"copay_rate": "0.3"}]), [("KKH-T005", "months[0].receipts[0].copay_rate"), ("KKH-T007", "months[0].receipts[0].copay_rate")]),
    (wrong_month(receipts=[HOSPITAL | {"points": -1}]), [("KKH-T007", "months[0].receipts[0].points")]),
    (wrong_month(receipts=[HOSPITAL | {"points": 1.5}]), [("KKH-T005", "months[0].receipts[0].points")]),
    (wrong_month(receipts=[HOSPITAL | {"points": True}]), [("KKH-T005", "months[0].receipts[0].points")]),
    (wrong_month(receipts=[HOSPITAL | {"total_cost": 999_990}]), [("KKH-T005", "months[0].receipts[0].points")]),
    (wrong_month(receipts=[HOSPITAL | {"copay": 1_000_001}]), [("KKH-T007", "months[0].receipts[0].copay")]),
    (wrong_month(receipts=[HOSPITAL | {"parts": [{"points": 1}]}]), [("KKH-T005", "months[0].receipts[0].parts")]),
    (wrong_month(receipts=[HOSPITAL | {"institution": "あ\u202e"}]), [("KKH-T005", "months[0].receipts[0].institution")]),
    (wrong_month(receipts=[HOSPITAL | {"institution": "長" * 61}]), [("KKH-T005", "months[0].receipts[0].institution")]),
    (wrong_month(receipts=[HOSPITAL | {"specific_disease": "gout"}]), [("KKH-T005", "months[0].receipts[0].specific_disease")]),
    (wrong_month(receipts=[{"person": "夫", "setting": "inpatient", "copay_rate": 0.3,
                            "parts": [{"points": 1, "public_subsidy": {"monthly_cap": -1}}]}]),
     [("KKH-T007", "months[0].receipts[0].parts[0].public_subsidy.monthly_cap"),
      ("KKH-T005", "months[0].receipts[0].parts[0].public_subsidy.houbetsu")]),
    (wrong_month() | {"insurer_number": "13001x"}, [("KKH-T005", "insurer_number")]),
    (wrong_month() | {"history": [{"month": "2026-05", "kind": "dental"}]}, [("KKH-T005", "history[0].kind")]),
    ({"kind": "annual_cap", "year": 2026, "age_group": "under70", "income_class": "ウ"}, [("KKH-T005", "paid_after_monthly_benefit")]),
    ({"kind": "outpatient_year", "year": 1, "income_class_70plus": "一般", "months": []}, [("KKH-T005", "year")]),
    ({"kind": "care_combined", "year": 2024}, [("KKH-T005", "from_70")]),
    ({"kind": "funeral", "rates": [{}]}, [("KKH-T005", "rates[0].from"), ("KKH-T005", "died_on")]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "problems"), FAULTS)
def test_every_fault_is_told_with_its_place(content: Any, problems: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidValue) as error:
        parse_requests(json.dumps(content))
    assert [(each.code, each.field) for each in error.value.problems] == problems


@pytest.mark.parametrize("text", ["", "{", "[1,]", '{"months": [], "months": []}', '{"year": NaN}', "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(FileRefused, match="KKH-T021"):
        parse_requests(text)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    missing = CliRunner().invoke(cli, ["benefit", str(tmp_path / "none.json")])
    assert refused(missing, "KKH-F015")
    (tmp_path / "cp932.json").write_bytes('{"kind": "月"}'.encode("cp932"))
    wrong = CliRunner().invoke(cli, ["benefit", str(tmp_path / "cp932.json")])
    assert refused(wrong, "KKH-T021")


SOMETHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**13) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
    | st.sampled_from(["2026-08", "under70", "70-74", "inpatient", "夫", "ウ", "一般", "54"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["kind", "months", "month", "persons", "receipts", "name", "age_group", "birth_date", "person", "setting", "points",
         "copay_rate", "copay", "parts", "public_subsidy", "houbetsu", "monthly_cap", "history", "year", "from_70"]), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(SOMETHING)
def test_whatever_is_sent_is_taken_or_refused_with_a_code(content: Any) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        parse_requests(json.dumps(content))
    except KokuhoError as error:
        problems = error.problems
    assert all(each.code.startswith("KKH-") for each in problems)


# --- ceiling ---


def ceiling(*args: str) -> Result:
    return CliRunner().invoke(cli, ["ceiling", *args])


def test_one_ceiling_and_the_tables_in_force() -> None:
    found = ceiling("--month", "2026-08", "--age", "under70", "--class", "ウ", "--cost", "1000000", "--json")
    assert json.loads(found.stdout)["limit"] == 92_940
    quarter = ceiling("--month", "2018-08", "--age", "70-74", "--class", "一般", "--share", "quarter", "--json")
    assert json.loads(quarter.stdout)["limit"] == 14_400
    many = ceiling("--month", "2026-08", "--age", "under70", "--class", "ウ", "--multiple")
    assert "44,400円" in many.stdout and "令和8年政令第240号" in many.stdout
    tables = json.loads(ceiling("--month", "2026-08", "--json").stdout)
    assert [len(each["rows"]) for each in tables] == [5, 6] and all(each["in_force"] for each in tables)
    [table] = json.loads(ceiling("--month", "2027-08", "--age", "under70", "--json").stdout)
    assert len(table["rows"]) == 13 and table["in_force"] is False
    shown = ceiling("--month", "2026-08").stdout
    assert "85,800円 + (医療費 - 286,000円) × 1%" in shown and "410,000円" in shown


@pytest.mark.parametrize(
    ("code", "args"),
    [
        ("KKH-V005", ("--month", "202608")),
        ("KKH-T001", ("--month", "2007-03")),
        ("KKH-T002", ("--month", "2026-08", "--age", "under70", "--class", "上位")),
        ("KKH-T004", ("--month", "2026-08", "--age", "under70", "--class", "ウ")),
        ("KKH-T005", ("--month", "2026-08", "--class", "ウ")),
    ],
)
def test_ceilings_that_cannot_be_told(code: str, args: tuple[str, ...]) -> None:
    assert refused(ceiling(*args), code)
