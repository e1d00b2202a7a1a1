"""One 個人番号 at a time, for a purpose, so many a day, on record before it is seen (S-3)."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from kokuho_adapters.configuration import load_configuration
from kokuho_core.access import Role
from kokuho_core.errors import AccessDenied, KokuhoError, NotFound, SetupFault
from kokuho_core.ports.audit import AuditEntry
from kokuho_core.usecases.office import Office, Settings
from kokuho_core.usecases.person import inspect_person
from kokuho_core.usecases.reveal import reveal_number
from kokuho_core.vocabulary.reasons import DEATH

from ..aggregation.test_canary import leaks, require_clean_exception
from ..cli.conftest import Desk
from ..prefecture.clerks import as_clerk, grant, in_session_of
from ..prefecture.office import A, B, PrefectureOffice, number, person

PURPOSE = "窓口での本人確認"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PrefectureOffice]:
    with PrefectureOffice(tmp_path, Settings(reveal_daily_limit=3)) as made:
        made.persons(A, person(A, "1", number=number(1)), person(A, "2", number=None), person(A, "3", number=number(3)))
        made.persons(B, person(B, "7", number=number(7)))
        made.resolve()
        yield made


class Watch:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.date()


def on_watch(office: Office, watch: Watch) -> Office:
    keeper = evolve(office.gatekeeper, clock=watch)  # type: ignore[type-var]
    return evolve(office, gatekeeper=keeper, database=evolve(office.database, gatekeeper=keeper))  # type: ignore[type-var]


def entries(site: PrefectureOffice) -> list[AuditEntry]:
    with site.installation.database.begin(read_only=True) as work:
        return [each.entry for each in work.audit.read() if each.entry.operation.value == "reveal_number"]


def told(entry: AuditEntry) -> tuple[str, str, str, str | None]:
    return entry.result.value, entry.code, entry.subject, entry.insurer


class TestWhoseNumber:
    def test_by_addressee_by_municipal_and_by_prefectural_id(self, site: PrefectureOffice) -> None:
        """Rules: S-3."""
        known = inspect_person(site.office, _insured_id(site, A, "1"))
        [municipal] = known.municipal_ids.values()
        for whose in (f"{A}/1", municipal, known.person):
            assert reveal_number(site.office, whose, PURPOSE).reveal() == number(1)

    def test_the_number_received_last_and_not_held(self, site: PrefectureOffice) -> None:
        """Rules: S-3, I-1, I-4. A changed number takes the place of the old one; one that is held does not."""
        changed = person(A, "1", number=number(11), previous=number(1), kind="2", updated_at=datetime(2024, 5, 1))
        site.persons(A, changed)
        site.resolve()
        assert reveal_number(site.office, f"{A}/1", PURPOSE).reveal() == number(11)
        site.persons(A, {**changed, "individual_number": number(7), "previous_individual_number": None, "birth_date": date(1999, 1, 1)})
        site.resolve()
        assert any(each.kind.value == "identity" for each in site.findings())
        assert reveal_number(site.office, f"{A}/1", PURPOSE).reveal() == number(11)

    @pytest.mark.parametrize(
        ("whose", "code"),
        [(f"{A}/2", "KKH-N004"), (f"{A}/9", "KKH-N001"), ("P1399999999999", "KKH-N001"), (f"M{A}9999999999", "KKH-N001")],
    )
    def test_nobody_or_no_number(self, site: PrefectureOffice, whose: str, code: str) -> None:
        """Rules: S-3, S-4. It is no reveal, and does not count; it is on record as a failure."""
        for _ in range(5):
            with pytest.raises(NotFound, match=code):
                reveal_number(site.office, whose, PURPOSE)
        assert {told(each)[:2] for each in entries(site)} == {("admitted", ""), ("failed", code)}
        assert reveal_number(site.office, f"{A}/1", PURPOSE).reveal() == number(1)

    def test_of_somebody_who_died(self, site: PrefectureOffice) -> None:
        """Rules: S-3, S-35. For a purpose, on record, up to the same limit, and shown nowhere else."""
        ended = person(A, "1", number=number(1), end="2024-05-02", end_reason=DEATH, kind="2", updated_at=datetime(2024, 5, 2))
        site.persons(A, ended)
        site.resolve()
        assert leaks(repr((site.deliver(A), inspect_person(site.office, _insured_id(site, A, "1")))).encode()) == []
        with pytest.raises(AccessDenied, match="KKH-A018"):
            reveal_number(site.office, f"{A}/1", " ")
        for _ in range(3):
            assert reveal_number(site.office, f"{A}/1", PURPOSE).reveal() == number(1)
        with pytest.raises(AccessDenied, match="KKH-A022"):
            reveal_number(site.office, f"{A}/1", PURPOSE)

    def test_a_value_that_was_changed_does_not_open(self, site: PrefectureOffice) -> None:
        """Rules: S-3, S-8."""
        with closing(sqlite3.connect(site.database_file)) as connection:
            connection.execute("UPDATE number_vault SET ciphertext = zeroblob(40)")
            connection.commit()
        with pytest.raises(SetupFault, match="KKH-C011") as error:
            reveal_number(site.office, f"{A}/1", PURPOSE)
        require_clean_exception(error.value)


def _insured_id(site: PrefectureOffice, insurer: str, addressee: str) -> str:
    with site.installation.database.begin(read_only=True) as work:
        return str(
            work.connection.exec_driver_sql(
                "SELECT p.insured_id FROM known_addressee k JOIN prefectural_person p ON p.serial = k.serial"
                f" WHERE k.insurer_number = '{insurer}' AND k.addressee_number = '{addressee}'"
            ).scalar_one()
        )


class TestWhoMay:
    def test_a_clerk_sees_those_of_his_municipality_alone(self, site: PrefectureOffice) -> None:
        """Rules: S-1, S-3."""
        clerk = as_clerk(site, A)
        assert reveal_number(clerk, f"{A}/1", PURPOSE).reveal() == number(1)
        [municipal] = inspect_person(site.office, _insured_id(site, A, "3")).municipal_ids.values()
        assert reveal_number(clerk, municipal, PURPOSE).reveal() == number(3)
        [theirs] = inspect_person(site.office, _insured_id(site, B, "7")).municipal_ids.values()
        for whose in (f"{B}/7", theirs, _insured_id(site, B, "7"), _insured_id(site, A, "1")):
            with pytest.raises(AccessDenied, match="KKH-A004"):
                reveal_number(clerk, whose, PURPOSE)
        denied = [told(each) for each in entries(site) if each.result.value == "denied"]
        assert [each[1] for each in denied] == ["KKH-A004"] * 4

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR])
    def test_administrators_and_auditors_see_none(self, site: PrefectureOffice, role: Role) -> None:
        """Rules: S-3, S-31."""
        grant(site, "suzuki", role)
        with pytest.raises(AccessDenied, match="KKH-A002"):
            reveal_number(in_session_of(site, "suzuki"), f"{A}/1", PURPOSE)
        assert told(entries(site)[-1])[:2] == ("denied", "KKH-A002")

    def test_a_setting_takes_it_from_a_role(self, site: PrefectureOffice) -> None:
        """Rules: S-3, S-4."""
        settings = Settings(reveal_roles=frozenset({Role.FEDERATION}))
        with pytest.raises(AccessDenied, match="KKH-A002"):
            reveal_number(as_clerk(site, A, settings=settings), f"{A}/1", PURPOSE)
        assert told(entries(site)[-1])[:2] == ("denied", "KKH-A002")
        assert reveal_number(evolve(site.office, settings=settings), f"{A}/1", PURPOSE).reveal() == number(1)

    @pytest.mark.parametrize("purpose", ["", "  ", "\u3000"])
    def test_not_without_a_purpose(self, site: PrefectureOffice, purpose: str) -> None:
        """Rules: S-3, S-4."""
        with pytest.raises(AccessDenied, match="KKH-A018"):
            reveal_number(site.office, f"{A}/1", purpose)
        assert told(entries(site)[-1])[:2] == ("denied", "KKH-A018")


class TestOnRecord:
    def test_it_is_recorded_before_it_is_shown(self, site: PrefectureOffice) -> None:
        """Rules: S-3, S-4. Where the entry cannot be written, no number leaves."""
        with closing(sqlite3.connect(site.database_file)) as connection:
            connection.execute(
                "CREATE TRIGGER full_disk BEFORE INSERT ON audit_entry WHEN NEW.result = 'done'"
                " AND NEW.operation = 'reveal_number' BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
            connection.commit()
        with pytest.raises(KokuhoError) as error:
            reveal_number(site.office, f"{A}/1", PURPOSE)
        require_clean_exception(error.value)
        with closing(sqlite3.connect(site.database_file)) as connection:
            connection.execute("DROP TRIGGER full_disk")
            connection.commit()
        assert reveal_number(site.office, f"{A}/1", PURPOSE).reveal() == number(1)
        assert [each.result.value for each in entries(site)] == ["admitted", "failed", "admitted", "done"]

    def test_the_entry_says_who_whom_and_why(self, site: PrefectureOffice) -> None:
        """Rules: S-3, S-4."""
        reveal_number(site.office, f"{A}/1", PURPOSE)
        before, done = entries(site)
        [municipal] = inspect_person(site.office, _insured_id(site, A, "1")).municipal_ids.values()
        assert told(before) == ("admitted", "", f"{A}/1", A)
        assert told(done) == ("done", "", municipal, A)
        assert done.purpose == PURPOSE and done.counts == {"revealed": 1}

    def test_a_number_typed_where_it_does_not_belong_is_not_recorded(self, site: PrefectureOffice) -> None:
        """Rules: S-3. As a purpose or as an addressee, in any width and with hyphens."""
        wide = number(1).translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
        hyphened = f"{number(1)[:4]}-{number(1)[4:8]}-{number(1)[8:]}"
        for typed in (number(1), wide, hyphened):
            with pytest.raises(NotFound):
                reveal_number(site.office, f"{A}/{typed}", f"番号 {typed} の確認")
        for each in entries(site):
            assert leaks(repr(each).encode()) == [] and leaks(repr(each).encode("utf-16")) == []


class TestLimit:
    def test_the_limit_is_reached_and_not_passed(self, site: PrefectureOffice) -> None:
        """Rules: S-3, S-4. Of one operator on one day, whatever he sees and however he writes his name."""
        watch = Watch(datetime(2026, 11, 20, 23, 59, 58))
        grant(site, "tanaka", Role.FEDERATION, at=watch.at)
        office = on_watch(in_session_of(site, "tanaka"), watch)
        for whose in (f"{A}/1", f"{A}/1", f"{B}/7"):
            reveal_number(office, whose, PURPOSE)
        shouting = on_watch(in_session_of(site, "TANAKA"), watch)
        for each in (office, shouting):
            with pytest.raises(AccessDenied, match="KKH-A022"):
                reveal_number(each, f"{A}/3", PURPOSE)
        assert [told(each)[:2] for each in entries(site)][-2:] == [("admitted", ""), ("denied", "KKH-A022")]
        grant(site, "kimura", Role.FEDERATION, at=watch.at)
        assert reveal_number(on_watch(in_session_of(site, "kimura"), watch), f"{A}/3", PURPOSE).reveal() == number(3)
        watch.at = datetime(2026, 11, 21, 0, 0, 0)
        assert reveal_number(office, f"{A}/3", PURPOSE).reveal() == number(3)

    def test_a_limit_of_zero_shows_none(self, site: PrefectureOffice) -> None:
        """Rules: S-3."""
        with pytest.raises(AccessDenied, match="KKH-A022"):
            reveal_number(evolve(site.office, settings=Settings(reveal_daily_limit=0)), f"{A}/1", PURPOSE)

    def test_the_default_is_thirty(self) -> None:
        """Rules: S-3."""
        assert Settings().reveal_daily_limit == 30

    def test_sessions_side_by_side_do_not_pass_it_together(self, site: PrefectureOffice) -> None:
        """Rules: S-3, S-26."""

        def look(_: int) -> str:
            try:
                return reveal_number(in_session_of(site, "tanaka"), f"{A}/1", PURPOSE).reveal()
            except AccessDenied as denied:
                return denied.code

        grant(site, "tanaka", Role.FEDERATION)
        with ThreadPoolExecutor(6) as pool:
            seen = sorted(pool.map(look, range(9)))
        assert seen == [number(1)] * 3 + ["KKH-A022"] * 6

    def test_older_entries_than_one_page_are_counted(self, site: PrefectureOffice, monkeypatch: pytest.MonkeyPatch) -> None:
        """Rules: S-3."""
        monkeypatch.setattr("kokuho_adapters.database.audit_store._READ_TOGETHER", 2)
        for _ in range(3):
            reveal_number(site.office, f"{A}/1", PURPOSE)
        for _ in range(5):
            inspect_person(site.office, _insured_id(site, A, "1"))
        with pytest.raises(AccessDenied, match="KKH-A022"):
            reveal_number(site.office, f"{A}/1", PURPOSE)


class TestSettings:
    def test_they_are_read_from_the_file(self, tmp_path: Path) -> None:
        """Rules: S-3."""
        path = tmp_path / "kokuho.toml"
        path.write_text('reveal_daily_limit = 5\nreveal_roles = ["municipality"]\n', encoding="utf-8")
        settings = load_configuration(path).settings
        assert (settings.reveal_daily_limit, settings.reveal_roles) == (5, frozenset({Role.MUNICIPALITY}))

    @pytest.mark.parametrize(
        "line", ["reveal_daily_limit = -1", 'reveal_daily_limit = "x"', 'reveal_roles = ["auditor"]', "reveal_roles = 1"]
    )
    def test_what_is_wrong_is_told(self, tmp_path: Path, line: str) -> None:
        """Rules: S-3."""
        path = tmp_path / "kokuho.toml"
        path.write_text(line, encoding="utf-8")
        with pytest.raises(SetupFault, match="KKH-C010"):
            load_configuration(path)


class TestCommand:
    @pytest.fixture
    def desk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
        monkeypatch.chdir(tmp_path)
        desk = Desk(tmp_path)
        desk.init()
        desk.write("SKKOJIN", A, person(A, "1", number=number(1)))
        desk.run("receive", "inbox")
        desk.run("resolve")
        return desk

    def test_on_a_screen_the_number_and_nowhere_else(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Rules: S-3."""
        caplog.set_level(logging.DEBUG)
        monkeypatch.setattr("kokuho_adapters.cli.reveal._is_screen", lambda: True)
        shown = desk.run("--verbose", "reveal", f"{A}/1", "--purpose", PURPOSE)
        assert (shown.code, shown.out, shown.err) == (0, f"{number(1)}\n", "")
        other = [
            desk.run("person", f"{A}/1"),
            desk.run("person", f"{A}/1", "--why", "--json"),
            desk.run("audit", "--json"),
            desk.run("findings", "--json"),
            desk.run("candidates", "--json"),
            desk.run("deliver", "--insurer", A, "--out", "outbox"),
            desk.run("--verbose", "reveal", f"{A}/9", "--purpose", PURPOSE),
        ]
        assert [each.code for each in other] == [0, 0, 0, 0, 0, 0, 1]
        for each in other:
            assert leaks((each.out + each.err).encode()) == []
        assert leaks(caplog.text.encode()) == []
        scanned = [path for path in desk.folder.rglob("*") if path.is_file() and "inbox" not in path.parts]
        assert len(scanned) >= 4
        for path in scanned:
            assert leaks(path.read_bytes()) == [], path.name

    def test_not_into_a_pipe_or_a_file(self, desk: Desk) -> None:
        """Rules: S-3. Nothing is opened for it, and nothing counted."""
        refused = desk.run("reveal", f"{A}/1", "--purpose", PURPOSE)
        assert (refused.code, refused.out) == (1, "") and "KKH-A023" in refused.err
        assert "reveal_number" not in desk.run("audit", "--json").out

    def test_the_purpose_must_be_given(self, desk: Desk) -> None:
        """Rules: S-3."""
        assert desk.run("reveal", f"{A}/1").code == 2


def test_every_list_and_view_stays_masked(site: PrefectureOffice) -> None:
    """Rules: S-3. What the library gives of a person holds no number and no index."""
    view: Any = inspect_person(site.office, _insured_id(site, A, "1"))
    assert leaks(repr(view).encode()) == []
