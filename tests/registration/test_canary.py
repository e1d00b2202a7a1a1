"""No 個人番号 anywhere it does not belong, from the counter to the intermediate server and back: commands, logs, databases, folders.

With the log of every program at its most talkative, and with faults on the line and in the input (S-3, S-9).
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from kokuho_adapters.cli.commands import cli

from ..aggregation.test_canary import leaks, wrong_digit
from ..prefecture.office import number
from ..registry.kit import FEDERATION, PATIENCE, running

EAST = "139519"
SERIALS = (1, 2, 3, 4)
HOLDERS = {"told.json", "wrong.json", "answer.json", "SKKOJIN_139519_*.csv"}
"""What holds numbers because it has to: what was told, and what goes to the aggregation. What goes to the intermediate server by
folder (KANYUSHA) is gone once it was taken there."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A counter whose people told their numbers, all but one."""
    monkeypatch.chdir(tmp_path)
    Path("insurers.csv").write_text(f"insurer_number,municipality_code,name\n{EAST},139513,東見本市\n", "utf-8")
    said = {"name": "見本　太郎", "name_kana": "ミホン　タロウ", "birth_date": "1980-05-05", "sex": "1", "address": "東見本市１丁目"}
    people = [{"addressee_number": str(n), "items": {**said, "individual_number": number(n)}} for n in (1, 2, 3)]
    household = {"household_number": "10", "card_symbol": "東", "card_number": "10", "head": {"addressee_number": "1"}}
    entered = {
        "notice": "moved_in", "event_on": "2024-04-01", "notified_on": "2024-04-05", "household": household,
        "entrants": [*people, {"addressee_number": "4", "items": said}],
    }  # fmt: skip
    Path("told.json").write_text(json.dumps([entered]), "utf-8")
    wrong = {"notice": "items_changed", "event_on": "2024-04-01", "notified_on": "2024-04-05", "person": "1"}
    Path("wrong.json").write_text(json.dumps([{**wrong, "items": {**said, "individual_number": wrong_digit(4)}}]), "utf-8")
    Path("answer.json").write_text(json.dumps([{**said, "individual_number": number(4)}]), "utf-8")
    return tmp_path


class Talk:
    """Everything that was printed."""

    def __init__(self) -> None:
        self.said = ""

    def run(self, *words: object, code: int | tuple[int, ...] = (0, 3)) -> str:
        result = CliRunner().invoke(cli, ["--verbose", *map(str, words)])
        assert result.exit_code in ((code,) if isinstance(code, int) else code), result.output
        self.said += f"{result.stdout}{result.stderr}{result.exception!r}"
        return result.stdout


def holders(folder: Path) -> set[str]:
    """Files with any form of a number in them, and the pattern that allows it."""
    found = set()
    for path in folder.rglob("*"):
        assert leaks(path.name.encode(), SERIALS) == []
        if path.is_file() and leaks(path.read_bytes(), SERIALS):
            found.add(next((each for each in HOLDERS if path.match(each)), str(path.relative_to(folder))))
    return found


def exchange(talk: Talk, way: tuple[object, ...]) -> None:
    """Until everybody is registered."""
    talk.run("register", "--insurer", EAST, *way)
    registered, until = 0, time.monotonic() + PATIENCE
    while registered < len(SERIALS):
        assert time.monotonic() < until
        [taken] = json.loads(talk.run("register-results", "--insurer", EAST, *way, "--json"))["insurers"]
        registered += taken["registered"]
    talk.run("reconcile", "--insurer", EAST, *way, code=0)


@pytest.mark.parametrize("channel", [pytest.param("file", marks=pytest.mark.long), "server"])
def test_from_the_counter_to_the_intermediate_server(
    desk: Path, tmp_path: Path, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Rules: I-5, R-1, R-3, S-3, S-9."""
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "httpx", "httpcore", "uvicorn", "uvicorn.access"):
        caplog.set_level(logging.DEBUG, logger=name)
    talk = Talk()
    with running(tmp_path) as side:
        settings = side.simulator.settings
        where = side.address()
        ways: dict[str, tuple[object, ...]] = {
            "file": ("--out", settings.to_server(FEDERATION), "--in", settings.from_server(FEDERATION)),
            "server": (
                "--server", where.url, "--certificate", where.certificate, "--key", where.key, "--authority", where.authority,
            ),
        }  # fmt: skip
        talk.run("init", "--prefecture", "13", "--insurers", "insurers.csv", code=0)
        talk.run("office", "notify", "--insurer", EAST, "told.json", code=0)
        assert "KKH-I012" in talk.run("office", "notify", "--insurer", EAST, "wrong.json", "--json", code=1)
        talk.run("office", "look-up", "--insurer", EAST, "4", "--answer", "answer.json", code=0)
        talk.run("office", "build", "--insurer", EAST, "--out", "outbox", code=0)
        talk.run("receive", "outbox")
        talk.run("resolve")
        if channel == "server":
            side.order("lost_answer@send")
            side.order("cut_answer@results")
        exchange(talk, ways[channel])
        talk.run("register", "--insurer", EAST, "--again", *ways[channel])
        for words in (("due",), ("documents", "--insurer", EAST), ("office", "list", "--insurer", EAST), ("status",)):
            talk.run(*words)
        talk.run("deliver", "--insurer", EAST, "--out", "back")
        talk.run("office", "apply", "--insurer", EAST, "--juki", "juki", "back")
        talk.run("audit", "--json", code=0)
        assert len(talk.said) > 5000
    assert holders(tmp_path) == HOLDERS
    assert leaks(talk.said.encode(), SERIALS) == []
    logged = "\n".join(repr((record.name, record.msg, record.args, record.exc_text)) for record in caplog.records)
    assert logged and leaks(logged.encode(), SERIALS) == leaks(caplog.text.encode(), SERIALS) == []
