"""The configuration file: every key, and every fault told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kokuho_adapters.composition import initialise, key_ring_path, open_installation
from kokuho_adapters.configuration import Configuration, load_configuration
from kokuho_core.errors import SetupFault
from kokuho_core.qualification.date_rules import LateElderlyLoss

from ..prefecture.office import INSURERS


def written(folder: Path, text: str) -> Path:
    path = folder / "kokuho.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything(tmp_path: Path) -> None:
    found = load_configuration(
        written(
            tmp_path,
            """
            database = "sqlite:///other.sqlite3"
            key_ring = "keys/ring.json"
            layouts = ["own/SKKOJIN.toml"]
            unmatched_wait_days = 45
            late_elderly_loss = "birthday"
            second_look_at_decisions = true
            second_factor = "required"
            retention_folders = ["hikae"]
            """,
        )
    )
    assert found.settings.second_look_at_decisions and found.requires_second_factor
    assert found.retention_folders == (tmp_path / "hikae",)
    assert found.database == "sqlite:///other.sqlite3"
    assert found.key_ring == tmp_path / "keys" / "ring.json"
    assert found.layouts == (tmp_path / "own" / "SKKOJIN.toml",)
    assert found.settings.unmatched_wait_days == 45
    assert found.settings.date_rules.late_elderly_loss is LateElderlyLoss.BIRTHDAY


def test_nothing_is_the_default(tmp_path: Path) -> None:
    assert load_configuration(written(tmp_path, "")) == Configuration()


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("databse = 'x'", ["databse"]),
        ("database = 1", ["database"]),
        ("key_ring = ''", ["key_ring"]),
        ("layouts = 'x'", ["layouts"]),
        ("layouts = [1]", ["layouts"]),
        ("unmatched_wait_days = true", ["unmatched_wait_days"]),
        ("unmatched_wait_days = -1", ["unmatched_wait_days"]),
        ("late_elderly_loss = 'DAY_AFTER'", ["late_elderly_loss"]),
        ("retention_folders = 'x'", ["retention_folders"]),
        ("second_factor = true", ["second_factor"]),
        ("second_look_at_decisions = 1", ["second_look_at_decisions"]),
        ("colour = 1\nlate_elderly_loss = 0", ["colour", "late_elderly_loss"]),
        ("a = ", ["kokuho.toml: not TOML"]),
    ],
)
def test_faults(tmp_path: Path, text: str, fields: list[str]) -> None:
    with pytest.raises(SetupFault) as raised:
        load_configuration(written(tmp_path, text))
    assert [(problem.code, problem.field) for problem in raised.value.problems] == [("KKH-C010", f) for f in fields]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SetupFault, match="KKH-C010"):
        load_configuration(tmp_path / "none.toml")


def test_the_command_line_goes_before_the_file() -> None:
    configuration = Configuration("sqlite:///a.sqlite3", Path("a.json"))
    assert configuration.overridden() == configuration
    changed = configuration.overridden("sqlite:///b.sqlite3", Path("b.json"))
    assert (changed.database, changed.key_ring) == ("sqlite:///b.sqlite3", Path("b.json"))


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ("sqlite:///kokuho.sqlite3", Path("kokuho.sqlite3.keys.json")),
        ("sqlite:////srv/a/b.db", Path("/srv/a/b.db.keys.json")),
        ("sub/own.db", Path("sub/own.db.keys.json")),
        ("postgresql+psycopg://user@host/kokuho", Path("kokuho.keys.json")),
        ("postgresql://host/kokuho", Path("kokuho.keys.json")),
    ],
)
def test_where_the_key_ring_is(database: str, expected: Path) -> None:
    assert key_ring_path(Configuration(database)) == expected
    assert key_ring_path(Configuration(database, Path("x.json"))) == Path("x.json")


def test_a_url_that_is_none_is_told_without_its_password() -> None:
    with pytest.raises(SetupFault) as raised:
        key_ring_path(Configuration("no url: secret"))
    assert raised.value.code == "KKH-C010"
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql+asyncpg://user:secret@host/kokuho", "mysql://user:secret@host/x", "sqlite+aiosqlite:///x", "oracle://"],
)  # fmt: skip
def test_no_other_database_is_supported(url: str, tmp_path: Path) -> None:
    for use in (key_ring_path, open_installation, lambda configuration: initialise(configuration, "13", INSURERS)):
        with pytest.raises(SetupFault) as raised:
            use(Configuration(url))
        [problem] = raised.value.problems
        assert problem.code == "KKH-C010"
        assert "sqlite:///PATH" in problem.field and "postgresql+psycopg://" in problem.field
        assert "secret" not in str(raised.value)


def test_a_sqlite_url_with_too_few_slashes() -> None:
    with pytest.raises(SetupFault) as raised:
        open_installation(Configuration("sqlite://kokuho.sqlite3"))
    assert "sqlite:///PATH" in raised.value.problems[0].field


def test_a_database_may_be_a_plain_path(tmp_path: Path) -> None:
    made = initialise(Configuration(str(tmp_path / "own.sqlite3")), "13", INSURERS)
    assert (tmp_path / "own.sqlite3").exists()
    assert made.key_ring == str(tmp_path / "own.sqlite3.keys.json")
    open_installation(load_configuration(written(tmp_path, "database = 'own.sqlite3'"))).close()


# --- composition ---


def at(folder: Path) -> Configuration:
    return Configuration(f"sqlite:///{(folder / 'kokuho.sqlite3').as_posix()}")


def test_initialise_twice_keeps_the_key_ring(tmp_path: Path) -> None:
    first = initialise(at(tmp_path), "13", INSURERS)
    keys = Path(first.key_ring).read_bytes()
    again = initialise(at(tmp_path), "13", INSURERS[:2])
    assert (first.key_ring_made, again.key_ring_made) == (True, False)
    assert Path(first.key_ring).read_bytes() == keys
    assert again.insurers == 2


def test_a_lost_key_ring_is_never_replaced(tmp_path: Path) -> None:
    first = initialise(at(tmp_path), "13", INSURERS)
    Path(first.key_ring).unlink()
    with pytest.raises(SetupFault, match="KKH-C008"):
        initialise(at(tmp_path), "13", INSURERS)
    assert not Path(first.key_ring).exists()
    with pytest.raises(SetupFault, match="KKH-C008"):
        open_installation(at(tmp_path))


def test_a_database_stays_with_its_prefecture(tmp_path: Path) -> None:
    initialise(at(tmp_path), "13", INSURERS)
    with pytest.raises(SetupFault, match="KKH-C005"):
        initialise(at(tmp_path), "14", [])


def test_nothing_is_opened_before_init(tmp_path: Path) -> None:
    with pytest.raises(SetupFault, match="KKH-C007"):
        open_installation(at(tmp_path))
    assert list(tmp_path.iterdir()) == []
