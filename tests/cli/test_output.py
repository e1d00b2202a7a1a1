"""Tables on terminals of every width: dates, numbers and names of files stay whole."""

from __future__ import annotations

import sys
from datetime import date

import pytest
from rich.cells import cell_len
from rich.console import Console

from kokuho_adapters.cli import output

from ..prefecture.office import A, B, number, person
from .conftest import Desk


@pytest.fixture
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    def narrow() -> Console:
        return Console(file=sys.stdout, width=request.param, markup=False, highlight=False, emoji=False, color_system=None)

    monkeypatch.setattr(output, "console", narrow)
    return int(request.param)


COLUMNS = ("番号", "日付 date", "内容 message", "件数")
MESSAGE = "終了年月日が開始年月日より前です。日付を直して、もう一度送ってください。 / The period ends before it starts."
ROWS = [("F130000000001", date(2025, 5, 10), MESSAGE, 120), ("F130000000002", None, "短い", 1234567)]


@pytest.mark.parametrize("width", [60, 70, 80, 120, 200], indirect=True)
def test_long_texts_wrap_and_the_rest_stays_whole(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("表", COLUMNS, ROWS)
    out = capsys.readouterr().out
    assert max(cell_len(line) for line in out.splitlines()) <= width
    assert "─" in out
    for whole in ("F130000000001", "2025-05-10", "1234567"):
        assert whole in out
    assert (MESSAGE in out) == (width >= 200)


@pytest.mark.parametrize("width", [24, 40, 50], indirect=True)
def test_a_terminal_narrower_than_the_table_gets_lists(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("表", COLUMNS, ROWS)
    out = capsys.readouterr().out
    assert max(cell_len(line) for line in out.splitlines()) <= width
    assert "─" not in out
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["表"]
    for shown in (["番号"], ["日付", "date"], ["件数"]):
        assert sum(line[: len(shown)] == shown for line in lines) == len(ROWS)
    if width >= 40:
        for whole in ("F130000000001", "F130000000002", "2025-05-10", "1234567"):
            assert whole in out


@pytest.mark.parametrize("width", [80], indirect=True)
def test_everything_at_80_columns(desk: Desk, width: int) -> None:
    assert desk.init().code == 0
    left = person(A, "1", number=number(1), end="2024-05-20", end_reason="57")
    names = [
        desk.write("SKKOJIN", A, left).name,
        desk.write("SKKOJIN", B, person(B, "7", number=number(1), start="2024-05-10", reason="07")).name,
    ]
    for command, wholes in (
        (["check", "inbox"], names),
        (["receive", "inbox"], names),
        (["resolve", "--as-of", "2024-06-01"], ["2024-06-01"]),
        (["findings"], ["2024-05-10", "2024-05-20", "P130000000013"]),
        (["person", f"{A}/1", "--why"], ["2020-04-01〜2024-05-20", f"{names[0]}:2", "2024-05-10"]),
        (["deliver", "--insurer", "all", "--out", "out"], [A, B]),
    ):
        answer = desk.run(*command)
        assert answer.code in (0, 3), command
        assert max(cell_len(line) for line in answer.out.splitlines()) <= width or command[0] == "person"
        for whole in wholes:
            assert whole in answer.out, (command, answer.out)
