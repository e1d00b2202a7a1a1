"""Without the source tree: in an empty folder, with what the wheel holds and nothing on PYTHONPATH, our own adapters go through
the doors that a vendor uses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from kokuho_core.conformance.lives import INSURERS

from ..prefecture.servers import Server

ROOT = Path(__file__).parents[2]
STORY = ("--seed", "28", "--stories", "1")
"""One story of one step and many files: starting a program takes longer than all that happens in it."""
PACKAGES = ("kokuho_core", "kokuho_adapters")
"""What the wheel is made of (pyproject.toml)."""


@frozen
class Place:
    """An empty folder, and a Python that has the wheel."""

    folder: Path
    python: Path

    def kokuho(self, *words: str) -> Any:
        """What a command says as JSON."""
        done = subprocess.run(
            [self.python, "-m", "kokuho_adapters.cli", *words, "--json"],
            cwd=self.folder, env=_environment(), capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV_"))}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """«make test» has the wheel installed; a source tree on the path is copied, as the wheel would hold it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    paths = {"base": str(folder), "platbase": str(folder)}
    own = Path(sysconfig.get_path("purelib", "venv", paths))
    others = [sysconfig.get_path("purelib")]
    if not entry_points(group="console_scripts", name="kokuho"):
        for each in PACKAGES:
            shutil.copytree(ROOT / "src" / each, own / each)
    (own / "others.pth").write_text("\n".join(others), encoding="utf-8")
    python = Path(sysconfig.get_path("scripts", "venv", paths)) / ("python.exe" if os.name == "nt" else "python")
    found = Place(tmp_path_factory.mktemp("empty"), python)
    where = [python, "-c", "import kokuho_core; print(kokuho_core.__file__)"]
    said = subprocess.run(where, cwd=found.folder, env=_environment(), capture_output=True, text=True, check=True).stdout
    assert "site-packages" in said and ROOT / "src" not in Path(said.strip()).parents
    return found


def test_the_aggregation_on_sqlite_and_the_ports_in_memory(place: Place) -> None:
    """Rules: X-2, S-13, S-27."""
    assert place.kokuho("conformance", "own", *STORY)["is_conformant"]
    report = place.kokuho("conformance", "ports", "--in-memory", "--stories", "20")
    assert report["is_conformant"] and report["capabilities"] == ["exchange", "stores"]


def test_the_aggregation_on_postgresql(place: Place, server: Server) -> None:
    """Rules: X-2, S-1. As the role that row-level security binds."""
    assert place.kokuho("conformance", "own", "--database", server.uri, *STORY)["is_conformant"]


def test_the_ports_on_sqlite_the_folder_and_the_vault(place: Place) -> None:
    """Rules: S-1, S-8, S-13, S-27."""
    _keeps_the_rules(place.kokuho("conformance", "ports", "--stories", "4"))


def test_the_ports_on_postgresql(place: Place, server: Server) -> None:
    """Rules: S-1, S-8, S-13, S-27."""
    _keeps_the_rules(place.kokuho("conformance", "ports", "--database", server.uri, "--stories", "4"))


def _keeps_the_rules(report: Any) -> None:
    """All three ports, each with values to judge."""
    assert report["is_conformant"] and report["capabilities"] == ["exchange", "stores", "vault"]
    states = {each["state"] for each in report["rules"] if each["capability"] in report["capabilities"]}
    assert states == {"kept"}


def test_the_file_door_with_kokuho_as_the_command_of_a_vendor(place: Place) -> None:
    """Rules: X-1."""
    shutil.copy(ROOT / "examples" / "vendor_kokuho.py", place.folder)
    line = f'"{place.python}" vendor_kokuho.py {{in}} {{out}} {{state}} {{as_of}}'
    report = place.kokuho("conformance", "files", "--command", line, *STORY)
    assert report["is_conformant"] and report["stories"] == 1


def test_the_file_door_with_kokuho_on_postgresql(place: Place, server: Server) -> None:
    """Rules: X-1. The same command, on a database of a server."""
    on_sqlite = """database=f"sqlite:///{(state / 'kokuho.sqlite3').as_posix()}","""
    source = (ROOT / "examples" / "vendor_kokuho.py").read_text("utf-8")
    assert source.count(on_sqlite) == 1
    database = server.new_database()
    on_server = f'database={database!r}, key_ring=state / "keys.json", allow_unbound_role=True,'
    (place.folder / "vendor_on_server.py").write_text(source.replace(on_sqlite, on_server), encoding="utf-8")
    line = f'"{place.python}" vendor_on_server.py {{in}} {{out}} {{state}} {{as_of}}'
    report = place.kokuho("conformance", "files", "--command", line, *STORY)
    assert report["is_conformant"] and report["stories"] == 1
    server.drop(database)


@contextmanager
def simulated(place: Place) -> Iterator[dict[str, str]]:
    """The simulated server as a process of its own, and where it is."""
    rows = "".join(f"{each.insurer_number},{each.municipality_code},{each.name}\n" for each in INSURERS)
    (place.folder / "insurers.csv").write_text(f"insurer_number,municipality_code,name\n{rows}", encoding="utf-8")
    words = ["simulate-server", "--insurers", "insurers.csv", "--port", "0", "--json"]
    process = subprocess.Popen(
        [place.python, "-m", "kokuho_adapters.cli", *words], cwd=place.folder, env=_environment(), stdout=subprocess.PIPE,
        text=True, encoding="utf-8",
    )  # fmt: skip
    try:
        assert process.stdout is not None
        told = ""
        while not told.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "the server ended"
            told += line
        yield json.loads(told)
    finally:
        process.terminate()
        process.communicate()


def test_the_receiver_over_tls(place: Place) -> None:
    """Rules: R-1, R-3, R-4, R-8. The simulated server, asked as a vendor's would be."""
    with simulated(place) as server:
        certificates = Path(server["certificates"])
        report = place.kokuho(
            "conformance", "receiver", "--url", server["url"], "--certificate", str(certificates / "federation.pem"),
            "--key", str(certificates / "federation.key"), "--authority", str(certificates / "ca.pem"),
            *(word for each in INSURERS[:2] for word in ("--partition", each.insurer_number)),
        )  # fmt: skip
    assert report["is_conformant"] and report["stories"] == 1


def test_the_sender(place: Place) -> None:
    """Rules: R-3."""
    shutil.copy(ROOT / "examples" / "sender_kokuho.py", place.folder)
    line = f'"{place.python}" sender_kokuho.py {{in}} {{state}} {{as_of}} {{url}} {{certificates}}'
    report = place.kokuho("conformance", "sender", "--command", line, "--seed", "6", "--stories", "1")
    assert report["is_conformant"] and report["stories"] == 1


