"""一括計算: the same results as one household at a time, whatever the blocks, processes and the screen."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_adapters.benefit import bulk
from kokuho_adapters.benefit.bulk import COLUMNS, HISTORY_COLUMNS, BulkMonth, settle_file
from kokuho_adapters.benefit.household_blocks import household_blocks
from kokuho_adapters.benefit.receipt_frames import Screen, frame_of
from kokuho_adapters.cli.commands import cli
from kokuho_core.benefit.choices import Choices, DiseaseOnMove, WholeHousehold
from kokuho_core.benefit.law_tables import AgeGroup, Setting
from kokuho_core.benefit.receipts import Disease, HouseholdMonth
from kokuho_core.benefit.settlement import settle
from kokuho_core.benefit.steps import StepKind
from kokuho_core.errors import FileRefused, RecordRefused, SetupFault
from kokuho_core.high_cost_history.history import HighCostMonth
from kokuho_core.usecases.benefit import KnownMonths, settle_months
from kokuho_core.vocabulary.month import Month

from .households import LAW, cases

CHOICES = Choices(specific_disease_on_move=DiseaseOnMove.DIVIDED)
_DISEASES = {Disease.DIALYSIS: 1, Disease.HAEMOPHILIA: 2, Disease.HIV: 3, None: None}


def lines_of(household: str, case: HouseholdMonth) -> list[list[Any]]:
    """The lines of one household month: one for each part, receipts without an institution get one of their own."""
    persons = {person.name: person for person in case.persons}
    lines = []
    for number, receipt in enumerate(case.receipts):
        person = persons[receipt.person]
        for part in receipt.parts:
            assert part.cost is not None
            lines.append(
                [household, str(case.month), case.class_under_70, case.class_from_70, int(case.share == 2), person.name,
                 1 if person.age_group is AgeGroup.UNDER_70 else 2, int(person.is_halved),
                 receipt.institution or f"#{number}", 1 if receipt.setting is Setting.INPATIENT else 2,
                 int(receipt.is_dental), part.cost // 10, receipt.share_percent, receipt.copay, int(receipt.in_kind),
                 receipt.prescribed_by, _DISEASES[receipt.disease],
                 part.subsidy and part.subsidy.houbetsu, part.subsidy and part.subsidy.monthly_cap]
            )  # fmt: skip
    return lines


def write(path: Path, columns: tuple[str, ...], lines: Iterable[list[Any]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    path.write_text(text.getvalue(), "utf-8")
    return path


@st.composite
def prefectures(draw: st.DrawFn) -> list[tuple[str, list[HouseholdMonth], list[HighCostMonth]]]:
    """Some households, each with months in a row and months known before."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        first = draw(st.integers(Month.of(2012, 4).ordinal, Month.of(2028, 1).ordinal))
        months = [draw(cases(month=Month(first + n))) for n in range(draw(st.integers(1, 4)))]
        known = [
            HighCostMonth(Month(first - n), draw(st.sampled_from("12"))) for n in range(1, draw(st.integers(1, 4)))
        ]
        # one person keeps one age and name over the months of the file; a month without receipts has no line
        made.append((f"{number:03d}", [each for each in months if each.receipts], sorted(known)))
    return made


def one_by_one(prefecture: list[tuple[str, list[HouseholdMonth], list[HighCostMonth]]]) -> list[BulkMonth]:
    found = []
    for household, months, known in prefecture:
        for settled in settle_months(months, KnownMonths(own=tuple(known)), LAW, CHOICES):
            if settled.settlement.in_kind or settled.settlement.refund:
                found.append(BulkMonth.of(household, settled))
    return found


def passed(path: Path, choices: Choices) -> int:
    """How many lines the screen lets through."""
    return sum(Screen(choices).passed(frame_of(block)).height for block in household_blocks(path, COLUMNS))


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(prefectures(), st.sampled_from([200, 1000, 1 << 24]))
def test_the_stream_gives_what_one_household_at_a_time_gives(
    tmp_path: Path, prefecture: list[tuple[str, list[HouseholdMonth], list[HighCostMonth]]], block: int
) -> None:
    """Rules: H-2, H-8: screened or not, in blocks of any size."""
    lines = [line for household, months, _ in prefecture for month in months for line in lines_of(household, month)]
    receipts = write(tmp_path / "receipts.csv", COLUMNS, lines)
    known = [[household, str(each.month), each.kind] for household, _, months in prefecture for each in months]
    history = write(tmp_path / "history.csv", HISTORY_COLUMNS, known)
    expected = one_by_one(prefecture)
    for screened in (True, False):
        assert list(settle_file(receipts, history, CHOICES, screened=screened, block_bytes=block)) == expected


@given(cases(), st.booleans())
def test_what_the_screen_leaves_out_is_never_paid(
    tmp_path_factory: pytest.TempPathFactory, case: HouseholdMonth, always: bool
) -> None:
    """Core on the screened equals core on all: the bounds come from the tables, and this holds them to it."""
    choices = evolve(CHOICES, whole_household=WholeHousehold.ALWAYS) if always else CHOICES
    if not case.receipts:
        return
    path = write(tmp_path_factory.getbasetemp() / "one.csv", COLUMNS, lines_of("1", case))
    if not passed(path, choices):
        assert not settle(case, LAW, choices).is_paid


@st.composite
def lines_at_the_bounds(draw: st.DrawFn) -> list[list[Any]]:
    """Lines of one or two households around the amounts at which something begins, mostly plain ones, of few institutions."""
    month = draw(st.sampled_from([201706, 201711, 202405, 202608, 202709]))
    rows = LAW.at(Month.parse(str(month))).tables
    lines = []
    for household in range(draw(st.integers(1, 2))):
        younger = draw(st.sampled_from(sorted(rows[AgeGroup.UNDER_70].rows)))
        elder = draw(st.sampled_from(sorted(rows[AgeGroup.FROM_70].rows)))
        ages = {name: draw(st.sampled_from([1, 2])) for name in "甲乙丙"[: draw(st.integers(1, 3))]}
        for _ in range(draw(st.integers(1, 8))):
            person, setting = draw(st.sampled_from(sorted(ages))), draw(st.sampled_from([1, 2, 2, 2]))
            share = draw(st.sampled_from([10, 20, 30, 30]))
            limit = draw(st.sampled_from([7_000, 8_000, 10_000, 14_000, 18_000, 21_000, 22_000, 24_600, 44_400, 57_600, 80_100]))
            points = limit * 10 // share // draw(st.integers(1, 3)) + draw(st.integers(-1, 1))
            pharmacy = draw(st.sampled_from(["A", None, None])) if setting == 2 else None
            special = draw(st.sampled_from([0] * 9 + [1, 2, 3]))
            lines.append(
                [str(household), month, younger, elder, 0, person, ages[person], 0, draw(st.sampled_from(["A", "B", "薬", None])),
                 setting, draw(st.sampled_from([0, 0, 0, 1])), points, share, None, int(special == 1), pharmacy,
                 1 if special == 2 else None, "54" if special == 3 else None, 10_000 if special == 3 else None]
            )  # fmt: skip
    return lines


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(lines_at_the_bounds(), st.booleans())
def test_lines_that_only_add_up_make_no_difference(tmp_path: Path, lines: list[list[Any]], always: bool) -> None:
    """Condensed and screened, or each line and month through the calculation: the same yen, by every step."""
    path = write(tmp_path / "receipts.csv", COLUMNS, sorted(lines, key=lambda line: line[0]))
    choices = Choices(whole_household=WholeHousehold.ALWAYS) if always else Choices()
    assert list(settle_file(path, None, choices)) == list(settle_file(path, None, choices, screened=False))


def left(path: Path) -> list[tuple[Any, ...]]:
    return [row for block in household_blocks(path, COLUMNS) for row in Screen(Choices()).left(frame_of(block)).rows()]


def test_what_only_adds_up_is_one_line(tmp_path: Path) -> None:
    """Three visits of somebody from 70 on are one; under 70 those at one institution, and what stays below 21,000 yen goes."""
    elder = ["1", 202405, "ウ", "一般", 0, "甲", 2, 0, "A", 2, 0, 5_000, 20, None, 0, None, None, None, None]
    younger = [*elder[:5], "乙", 1, 0, "B", 2, 0, 6_999, 30, None, 0, None, None, None, None]
    lines = [elder, [*elder[:8], "B", *elder[9:]], [*elder[:8], None, *elder[9:]], younger]
    assert [(row[5], row[11]) for row in left(write(tmp_path / "one.csv", COLUMNS, lines))] == [("甲", 15_000)]
    more = [*younger[:11], 1, *younger[12:]]
    apart = [*more[:8], "C", *more[9:]]
    for last, expected in ((more, [("甲", 15_000), ("乙", 7_000)]), (apart, [("甲", 15_000)])):
        path = write(tmp_path / "two.csv", COLUMNS, [*lines, last])
        assert [(row[5], row[11]) for row in left(path)] == expected
    # nobody reaches a ceiling of his own, though both together are above that of one
    twice = [[*elder[:11], 9_000, *elder[12:]], [*elder[:5], "丙", *elder[6:11], 9_000, *elder[12:]]]
    assert left(write(tmp_path / "three.csv", COLUMNS, twice)) == []


def test_lines_of_one_month_must_agree(tmp_path: Path) -> None:
    """About the classes, the move, and the age of a person: the calculation would follow the first line without a word."""
    line = ["1", 202405, "ウ", "一般", 0, "甲", 1, 0, "A", 1, 0, 60_000, 30, None, 0, None, None, None, None]
    for place, other in ((2, "エ"), (3, "低所得Ⅱ"), (4, 1), (6, 2), (7, 1)):
        path = write(tmp_path / "receipts.csv", COLUMNS, [line, [*line[:place], other, *line[place + 1 :]]])
        with pytest.raises(RecordRefused, match="KKH-T029 line 2"):
            list(settle_file(path))


def test_small_months_are_left_out(tmp_path: Path) -> None:
    """The screen screens: most months of a prefecture never reach the calculation."""
    line = ["1", "202405", "ウ", "一般", 0, "甲", 2, 0, "A", 2, 0, 900, 20, None, 0, None, None, None, None]
    small = write(tmp_path / "small.csv", COLUMNS, [line])
    assert passed(small, CHOICES) == 0
    big = write(tmp_path / "big.csv", COLUMNS, [[*line[:11], 9_001, *line[12:]]])
    assert passed(big, CHOICES) == 1


def test_several_processes_give_the_same(tmp_path: Path) -> None:
    line = ["ウ", "一般", 0, "甲", 1, 0, "A", 1, 0, 60_000, 30, None, 0, None, None, None, None]
    lines = [[f"{n:04d}", 202400 + month, *line] for n in range(300) for month in (1, 2, 3, 4)]
    path = write(tmp_path / "receipts.csv", COLUMNS, lines)
    one, two = list(settle_file(path)), list(settle_file(path, processes=2, block_bytes=4_000))
    assert one == two and len(one) == 1_200
    assert [month.is_multiple for month in one[:4]] == [False, False, False, True]


def test_the_columns_of_the_answer_are_the_steps(tmp_path: Path) -> None:
    assert set(bulk._COLUMN_OF) == set(StepKind)


def test_line_ends_and_the_last_line_of_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "receipts.csv"
    lines = [
        ",".join(COLUMNS),
        LINE.strip(),
        LINE.strip().replace("202405", "202406"),
        LINE.strip().replace("1,", "2,", 1),
    ]
    path.write_bytes("\n".join(lines).encode() + b"\n")
    expected = list(settle_file(path))
    assert len(expected) == 3
    for end in ("\r\n", "\n"):
        path.write_bytes(end.join(lines).encode())
        assert list(settle_file(path, block_bytes=60)) == expected


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("KKH-T029", "household,month\n1,202405\n"),
        ("KKH-T029", "household,month,kind\n1,202405\n"),
        ("KKH-T029", "household,month,kind\n1,202413,1\n"),
        ("KKH-T029", "household,month,kind\n1,202405,3\n"),
        ("KKH-T029", "household,month,kind\n1,may,1\n"),
        ("KKH-T028", "household,month,kind\n1,202405,1\n0,202405,1\n"),
    ],
)
def test_a_history_that_cannot_be_used_is_refused(tmp_path: Path, code: str, text: str) -> None:
    receipts, history = tmp_path / "receipts.csv", tmp_path / "history.csv"
    receipts.write_text(",".join(COLUMNS) + "\n" + LINE, "utf-8")
    history.write_text(text, "utf-8")
    with pytest.raises(FileRefused, match=code):
        list(settle_file(receipts, history))


LINE = "1,202405,ウ,一般,0,甲,1,0,A,1,0,60000,30,,0,,,,\n"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("KKH-T029", ""),
        ("KKH-T029", ",".join(COLUMNS) + "\n" + '"1"' + LINE[1:]),
        ("KKH-T029", ",".join(COLUMNS) + "\n" + LINE.replace("202405", "")),
        ("KKH-T028", ",".join(COLUMNS) + "\n" + LINE + "2" + LINE[1:] + LINE),
        ("KKH-T029", "household,month\n" + LINE),
        ("KKH-T029", ",".join(COLUMNS) + "\n" + LINE.replace("60000", "many")),
        ("KKH-T029", ",".join(COLUMNS) + "\n" + LINE.replace("1,2024", ",2024", 1)),
        ("KKH-T028", ",".join(COLUMNS) + "\n2" + LINE[1:] + LINE),
        ("KKH-T028", ",".join(COLUMNS) + "\n" + LINE.replace("202405", "202406") + LINE),
    ],
)
def test_files_that_cannot_be_used_are_refused(tmp_path: Path, code: str, text: str) -> None:
    path = tmp_path / "receipts.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(FileRefused) as error:
        list(settle_file(path))
    assert error.value.code == code
    with pytest.raises(FileRefused, match="KKH-F015"):
        list(settle_file(tmp_path / "none.csv"))


@pytest.mark.parametrize("processes", [1, 2])
def test_a_month_that_cannot_be_calculated_is_refused_with_its_line(tmp_path: Path, processes: int) -> None:
    lines = [
        LINE,
        LINE.replace("1,202405", "2,202405"),
        LINE.replace("1,202405,ウ", "2,202406,上位"),
        LINE.replace("1,", "3,", 1),
    ]
    path = tmp_path / "receipts.csv"
    path.write_text(",".join(COLUMNS) + "\n" + "".join(lines), "utf-8")
    found = []
    with pytest.raises(RecordRefused) as error:
        found.extend(settle_file(path, processes=processes))
    assert [(each.code, each.line) for each in error.value.problems] == [("KKH-T002", 4)]
    path.write_text(",".join(COLUMNS) + "\n" + LINE.replace(",30,", ",45,"), "utf-8")
    with pytest.raises(RecordRefused, match="KKH-T007 line 2"):
        list(settle_file(path, processes=processes))
    path.write_text(",".join(COLUMNS) + "\n" + LINE.replace("甲,1,", "甲,3,"), "utf-8")
    with pytest.raises(RecordRefused, match="KKH-T029 line 2"):
        list(settle_file(path, processes=processes))


def test_without_the_extra_package_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    path = tmp_path / "receipts.csv"
    path.write_text(",".join(COLUMNS) + "\n" + LINE, "utf-8")
    with pytest.raises(SetupFault, match="KKH-T030"):
        list(settle_file(path))


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "receipts.csv"
    path.write_text(",".join(COLUMNS) + "\n" + LINE, "utf-8")
    arguments = ["benefit-bulk", str(path), "--out", str(tmp_path / "out.csv")]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text("utf-8").splitlines()))
    assert [(row["household"], row["month"], row["refund"], row["kind"]) for row in rows] == [
        ("1", "202405", "96570", "1")
    ]
    path.write_text(",".join(COLUMNS) + "\n" + LINE + LINE.replace("1,", "0,", 1), "utf-8")
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1 and result.stderr.startswith("KKH-T028")
    assert (tmp_path / "out.csv").read_text("utf-8").count("96570") == 2 and not list(tmp_path.glob("*.part"))
