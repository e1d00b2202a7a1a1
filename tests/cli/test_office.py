"""``kokuho office``: notices as JSON, files, what comes back; nothing wrong in a notice shows a value."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.notice_json import NOTICES, ReadNotice, ReadRecord, ReadWithdrawal, read_notices
from kokuho_core.errors import InvalidValue
from kokuho_core.municipal_office.notification import (
    HouseholdChanged,
    MovedIn,
    NewHousehold,
    OtherCover,
    PeriodSide,
)
from kokuho_core.vocabulary.codes import SpecialCase

from ..prefecture.office import INSURERS, A, B, number

AT = datetime(2025, 4, 1, 9, 0, 0)
ITEMS = {"name": "見本　太郎", "name_kana": "ミホン　タロウ", "birth_date": "1980-05-05", "sex": "1", "address": "見本町"}
MOVED_IN = {
    "notice": "moved_in", "event_on": "2024-04-01", "notified_on": "2024-04-05",
    "household": {"household_number": "10", "card_number": "10", "head": {"addressee_number": "1"}},
    "entrants": [{"addressee_number": "1", "relationship": "01", "items": {**ITEMS, "individual_number": number(1)}}],
}  # fmt: skip


def read(*said: Any) -> list[Any]:
    return read_notices(json.dumps(list(said)).encode(), A, AT)


def when(**more: Any) -> dict[str, Any]:
    return {"event_on": "2024-04-01", "notified_on": "2024-04-05", **more}


class TestJson:
    def test_a_notice_and_the_number_apart_from_it(self) -> None:
        """Rules: S-3, I-5."""
        [each] = read(MOVED_IN)
        assert isinstance(each, ReadNotice) and isinstance(each.notification, MovedIn)
        assert isinstance(each.notification.household, NewHousehold)
        [entrant] = each.notification.entrants
        assert entrant.items is not None and entrant.items.number is None
        assert each.numbers["1"].reveal() == number(1)  # type: ignore[index]
        assert number(1) not in repr(each)

    @pytest.mark.parametrize(
        ("said", "key", "value"),
        [
            ({"notice": "born", "household": "10", "child": MOVED_IN["entrants"][0]}, "household", "10"),  # type: ignore[index]
            ({"notice": "cover_ended", "cover": "welfare", "household": "10", "entrants": []}, "cover", OtherCover.WELFARE),
            ({"notice": "moved_out", "people": ["1"], "to_insurer": B}, "to_insurer", B),
            ({"notice": "died", "person": "1"}, "person", "1"),
            ({"notice": "cover_began", "cover": "late_elderly", "people": ["1"]}, "cover", OtherCover.LATE_ELDERLY),
            ({"notice": "household_changed", "people": ["1"], "household": "20"}, "people", ("1",)),
            ({"notice": "head_changed", "household": "10", "head": {"addressee_number": "2"}}, "household", "10"),
            ({"notice": "residence_special", "person": "1", "household": MOVED_IN["household"], "address": "施設"}, "address", "施設"),
            ({"notice": "stays_elsewhere", "person": "1", "case": "1", "address": "町"}, "case", SpecialCase.STUDENT),
            ({"notice": "stay_ended", "person": "1", "address": "町"}, "person", "1"),
            ({"notice": "items_changed", "person": "1", "items": ITEMS}, "person", "1"),
            ({"notice": "items_corrected", "person": "1", "items": ITEMS}, "person", "1"),
            ({"notice": "date_corrected", "people": ["1"], "side": "end"}, "side", PeriodSide.END),
            ({"notice": "withdrawn", "notice_number": 3}, "notice_number", 3),
        ],
        ids=lambda each: each.get("notice", "") if isinstance(each, dict) else "",
    )
    def test_every_kind(self, said: dict[str, Any], key: str, value: Any) -> None:
        [each] = read(when(**said))
        assert type(each.notification) is NOTICES[said["notice"]] and getattr(each.notification, key) == value

    def test_a_changed_number_belongs_to_the_person_named(self) -> None:
        """Rules: I-4."""
        [each] = read(when(notice="items_changed", person="7", items={**ITEMS, "individual_number": number(2)}))
        assert list(each.numbers) == ["7"]
        [other] = read(when(notice="household_changed", people=["1"], household="20", relationships={"1": "03"}))
        assert isinstance(other.notification, HouseholdChanged) and other.notification.relationships == {"1": "03"}

    def test_records_and_what_takes_them_back(self) -> None:
        """Rules: H-1."""
        month = {"record": "KOGAKU", "household_number": "10", "treatment_month": "202404", "occurrence_kind": "1", "paid_amount": 0}
        income = {"record": "SHOTOKU", "household_number": "10", "valid_from": "202408", "income_class_under70": "A03"}
        card = {"record": "FUZOKU", "addressee_number": "1", "history_number": 1, "certificate_kind": "01", "issue_kind": "1",
                "issued_on": "2024-04-01", "effective_on": "2024-04-01"}  # fmt: skip
        found = read(month, income, card, {"withdraw": "KOGAKU", "identity": "10/202404/1"})
        assert [type(each) for each in found] == [ReadRecord] * 3 + [ReadWithdrawal]
        assert [each.file_id for each in found] == ["KOGAKU", "SHOTOKU", "FUZOKU", "KOGAKU"]

    @pytest.mark.parametrize(
        ("said", "place"),
        [
            ({**MOVED_IN, "notice": "moved_away"}, "$[0].notice"),
            ({**MOVED_IN, "colour": "red"}, "$[0]"),
            ({**MOVED_IN, "event_on": "2024-02-30"}, "$[0].event_on"),
            ({**MOVED_IN, "entrants": [{"addressee_number": 123456789012}]}, "$[0].entrants[0].addressee_number"),
            ({key: value for key, value in MOVED_IN.items() if key != "entrants"}, "$[0]"),
            ({"record": "TOKUSO"}, "$[0].record"),
            ({"withdraw": "KOGAKU"}, "$[0].withdraw"),
            (when(notice="cover_began", cover="private", people=[]), "$[0].cover"),
        ],
    )
    def test_what_is_not_of_this_form_is_refused_with_its_place_and_without_a_value(self, said: Any, place: str) -> None:
        """Rules: S-3."""
        with pytest.raises(InvalidValue) as refused:
            read(said)
        [problem] = refused.value.problems
        assert problem.code == "KKH-M019" and problem.field.startswith(place)
        assert refused.value.__context__ is None
        assert "123456789012" not in str(refused.value) and "見本" not in str(refused.value)

    @pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'"text"'])
    def test_no_json_of_notices(self, content: bytes) -> None:
        with pytest.raises(InvalidValue, match="KKH-M019"):
            read_notices(content, A, AT)

    def test_a_number_with_a_wrong_digit(self) -> None:
        """Rules: I-1, S-3."""
        wrong = number(1)[:-1] + str((int(number(1)[-1]) + 1) % 10)
        entrant = {"addressee_number": "1", "items": {**ITEMS, "individual_number": wrong}}
        with pytest.raises(InvalidValue, match="KKH-I012") as refused:
            read({**MOVED_IN, "entrants": [entrant]})
        assert wrong not in str(refused.value)


    @pytest.mark.parametrize(
        "entrants",
        [
            [{"addressee_number": "1", "items": {**ITEMS, "individual_number": int(number(1))}}],
            [{"addressee_number": "1", "items": {**ITEMS, "individual_number": [number(1)]}}],
            [{"addressee_number": 1, "items": {**ITEMS, "individual_number": number(1)}}],
            [{"addressee_number": "1", "individual_number": number(1), "items": ITEMS}],
            [{"addressee_number": "1", "items": {**ITEMS, "individual_number": number(n)}} for n in (1, 2)],
        ],
        ids=["a number of JSON", "a list", "of nobody", "beside the items", "two of one person"],
    )
    def test_no_number_that_was_told_is_passed_over(self, entrants: Any) -> None:
        """Rules: S-3, S-18, S-22."""
        with pytest.raises(InvalidValue, match="KKH-M019") as refused:
            read({**MOVED_IN, "entrants": entrants})
        assert number(1) not in f"{refused.value} {refused.value.__context__!r}"

    def test_a_number_that_is_not_known_may_be_said_so(self) -> None:
        """Rules: I-3."""
        entrant = {"addressee_number": "1", "items": {**ITEMS, "individual_number": None}}
        assert read({**MOVED_IN, "entrants": [entrant]})[0].numbers == {}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lines = [f"{each.insurer_number},{each.municipality_code},{each.name}" for each in INSURERS]
    Path("insurers.csv").write_text("\n".join(["insurer_number,municipality_code,name", *lines]) + "\n", "utf-8")
    assert run("init", "--prefecture", "13", "--insurers", "insurers.csv").exit_code == 0
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def answer(*arguments: str, exit_code: int = 0) -> Any:
    result = run("office", *arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_the_circle_on_the_command_line(folder: Path) -> None:
    """Rules: Q-1, Q-6, Q-8."""
    (folder / "a.json").write_text(json.dumps([MOVED_IN, when(notice="died", person="99")]), "utf-8")
    taken = answer("notify", "--insurer", A, "a.json", exit_code=3)["notices"]
    assert [(each["number"], each["result"]) for each in taken] == [(1, "accepted"), (None, "refused")]
    assert taken[0]["grounds"][0]["rule"] == "D-1" and taken[1]["errors"][0]["code"] == "KKH-M005"
    waiting = answer("list", "--insurer", A, exit_code=3)["waiting"]
    assert [(each["kind"], each["is_overdue"]) for each in waiting] == [("P", True), ("H", True)]
    assert run("office", "list", "--insurer", A).exit_code == 3
    files = answer("build", "--insurer", A, "--out", "out")["files"]
    assert [(each["file_id"], each["records"]) for each in files] == [("SKSETAI", 1), ("SKKOJIN", 1)]
    assert run("check", "out").exit_code == run("receive", "out").exit_code == run("resolve").exit_code == 0
    assert run("deliver", "--insurer", A, "--out", "back").exit_code == 0
    applied = answer("apply", "--insurer", A, "--juki", "juki", "back")
    assert applied["handed_over"] == 1 and applied["refused_files"] == []
    [tokuso] = [each for each in applied["files"] if each["file_id"] == "TOKUSO"]
    assert tokuso["changes"][0]["changed"]["qualification_acquired"] == {"before": None, "now": "2024-04-01"}
    again = answer("apply", "--insurer", A, "--juki", "juki", "back")
    assert again["handed_over"] == 0 and not any(each["changes"] for each in again["files"])
    assert len(list((folder / "juki").glob("JUKI_*.csv"))) == 1
    person = answer("person", "--insurer", A, "1")
    assert person["qualifications"][0]["status"] == "1" and person["contradictions"] == []
    assert number(1) not in json.dumps(person)
    assert answer("list", "--insurer", A)["waiting"] == []
    for arguments in (("list",), ("person", "1"), ("build", "--out", "out")):
        assert run("office", arguments[0], "--insurer", A, *arguments[1:]).exit_code == 0


def test_what_contradicts_and_what_is_not_ours(folder: Path) -> None:
    """Rules: Q-6."""
    (folder / "a.json").write_text(json.dumps(MOVED_IN), "utf-8")
    assert run("office", "notify", "--insurer", A, "a.json").exit_code == 0
    assert run("office", "build", "--insurer", A, "--out", "out").exit_code == 0
    assert run("receive", "out").exit_code == run("resolve").exit_code == 0
    assert run("deliver", "--insurer", A, "--out", "back").exit_code == 0
    ended = when(notice="moved_out", people=["1"], to_insurer=B, event_on="2024-05-01", notified_on="2024-05-01")
    (folder / "b.json").write_text(json.dumps(ended), "utf-8")
    assert run("office", "notify", "--insurer", A, "b.json").exit_code == 0
    applied = answer("apply", "--insurer", A, "back", exit_code=3)
    [found] = [one for each in applied["files"] for one in each["contradictions"]]
    assert (found["code"], found["field"], found["ours"], found["theirs"]) == ("KKH-M017", "application_end", "2024-05-01", None)
    assert run("office", "person", "--insurer", A, "1").exit_code == run("office", "list", "--insurer", A).exit_code == 3
    other = answer("apply", "--insurer", B, "back", exit_code=3)
    assert {each["errors"][0]["code"] for each in other["refused_files"]} == {"KKH-M018"}
    assert run("office", "apply", "--insurer", B, "back").exit_code == 3
    assert run("office", "person", "--insurer", A, "99").exit_code == 1


class TestCutOver:
    """An older system's files, taken over and built again."""

    @pytest.fixture
    def old_system(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[Path]]:
        monkeypatch.chdir(tmp_path)
        assert run("generate", "--persons", "400", "--municipalities", "2", "--seed", "5", "--out", "old").exit_code == 0
        [insurers] = Path("old").rglob("insurers.csv")
        assert run("init", "--prefecture", "13", "--insurers", str(insurers)).exit_code == 0
        files = sorted(path for path in Path("old").rglob("SK*_0001.csv"))
        insurer = files[0].name.split("_")[1]
        return insurer, [path for path in files if f"_{insurer}_" in path.name]

    @staticmethod
    def rows(paths: list[Path]) -> dict[str, list[list[str]]]:
        """Data records by file id, sorted, without the update kind."""
        found: dict[str, list[list[str]]] = {}
        for path in paths:
            lines = path.read_bytes().decode().split("\r\n")[1:-2]
            kept = [[cell for place, cell in enumerate(line.split(",")) if place != 4] for line in lines]
            assert len(kept) > 100
            found[path.name.split("_")[0]] = sorted(kept)
        return found

    def test_everything_is_built_again_as_it_was(self, old_system: tuple[str, list[Path]]) -> None:
        """Rules: Q-1, I-5."""
        insurer, files = old_system
        loaded = answer("load", "--insurer", insurer, *map(str, files))
        assert [each["errors"] for each in loaded["files"]] == [[], []] and all(each["records"] > 100 for each in loaded["files"])
        built = answer("build", "--insurer", insurer, "--out", "new")["files"]
        assert self.rows([Path("new") / each["file"] for each in built]) == self.rows(files)
        assert run("check", "new").exit_code == run("receive", "new").exit_code == 0
        assert answer("build", "--insurer", insurer, "--out", "new")["files"] == []

    def test_what_was_sent_before_waits_only_when_it_changes(self, old_system: tuple[str, list[Path]]) -> None:
        """Rules: Q-1, P-7."""
        insurer, files = old_system
        assert run("receive", *map(str, files)).exit_code == 0
        assert run("resolve").exit_code == 3, "the other municipality has told nothing yet"
        assert run("deliver", "--insurer", insurer, "--out", "back").exit_code == 0
        assert run("office", "load", "--insurer", insurer, "--sent", *map(str, files)).exit_code == 0
        assert answer("build", "--insurer", insurer, "--out", "new")["files"] == []
        applied = answer("apply", "--insurer", insurer, "back")
        assert not any(each["contradictions"] for each in applied["files"]), "the reconciliation of the cut-over"
        assert answer("list", "--insurer", insurer)["awaited"] == []
        cells = next(
            line.split(",")
            for line in files[0].read_bytes().decode().split("\r\n")
            if line.startswith("2,") and line.split(",")[26] == "1" and line.split(",")[30] == ""
        )
        notice = when(notice="cover_began", cover="welfare", people=[cells[2]], event_on="2026-03-01", notified_on="2026-03-02")
        Path("n.json").write_text(json.dumps(notice), "utf-8")
        [taken] = answer("notify", "--insurer", insurer, "n.json")["notices"]
        assert taken["number"] == 1
        assert run("office", "build", "--insurer", insurer, "--out", "new").exit_code == 0
        assert run("office", "load", "--insurer", insurer, *map(str, files)).exit_code == 1
        withdrawn = when(notice="withdrawn", notice_number=0)
        Path("n.json").write_text(json.dumps(withdrawn), "utf-8")
        [refused] = answer("notify", "--insurer", insurer, "n.json", exit_code=3)["notices"]
        assert refused["errors"][0]["code"] == "KKH-M015"
