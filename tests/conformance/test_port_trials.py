"""The library's door for ports: our own adapters keep the rules; one mistake in an adapter is found in a short history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from kokuho_adapters.conformance.certificate import certificate, content_hash, verify_certificate
from kokuho_adapters.conformance.embedded import ServerPrefectures, SqlitePrefectures
from kokuho_adapters.conformance.junit import junit
from kokuho_adapters.conformance.own_ports import ADDRESSEE, OwnExchange, OwnStores, own_folder_exchange, own_vault
from kokuho_adapters.conformance.report_json import as_json
from kokuho_adapters.conformance.terminal import text
from kokuho_adapters.exchange.folder import ExchangeFolder
from kokuho_adapters.exchange.manifest import Manifest
from kokuho_adapters.exchange.sftp_client import Server, put_files
from kokuho_adapters.exchange.sftp_server import INCOMING, DropBox
from kokuho_core.conformance import ConformanceSettings
from kokuho_core.conformance.report import RuleState
from kokuho_core.conformance.trials import (
    PORT_RULES,
    ExchangeTrial,
    PortReport,
    StoresTrial,
    Trial,
    VaultTrial,
    run_port_conformance,
)
from kokuho_core.conformance.trials.in_memory import memory_exchange, memory_stores
from kokuho_core.conformance.trials.strategies import histories, require
from kokuho_core.synthetic.numbers import synthetic_number

from ..exchange.samples import BOOK, MUNICIPALITY
from ..exchange.test_sftp import make_key, running
from ..prefecture.servers import Server as DatabaseServer
from .port_mutants import MUTANTS


def judged(trial: Trial[Any], stories: int) -> PortReport:
    report = run_port_conformance([trial], ConformanceSettings(stories=stories))
    assert report.is_conformant, "\n".join(each.text for each in report.faults)
    assert all(report.exercised(trial.port).values()), report.exercised(trial.port)
    return report


@pytest.mark.parametrize(
    "trial",
    [StoresTrial(memory_stores), StoresTrial(OwnStores(SqlitePrefectures()).open), ExchangeTrial(memory_exchange),
     ExchangeTrial(own_folder_exchange), VaultTrial(own_vault)],
    ids=["stores in memory", "SQLite", "exchange in memory", "folder", "vault"],
)  # fmt: skip
def test_own_adapters_keep_the_rules(trial: Trial[Any]) -> None:
    """Rules: S-1, S-3, S-8, S-9, S-13, S-14, S-15, S-21, S-26, S-27, P-7, X-2."""
    report = judged(trial, 4)
    states = {each.state for each in report.results if each.rule.capability is not trial.port}
    assert states == {RuleState.NOT_APPLICABLE}


def test_postgresql_keeps_the_rules(server: DatabaseServer) -> None:
    """Rules: S-1, S-21, S-26, S-27, P-7, X-2. Nothing is left on the server."""
    with ServerPrefectures(server.uri) as prefectures:
        judged(StoresTrial(OwnStores(prefectures).open), 3)
        assert "kokuho_conformance_" in _databases(server)
    assert "kokuho_conformance_" not in _databases(server)


def _databases(server: DatabaseServer) -> str:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    with create_engine(server.uri, poolclass=NullPool).connect() as connection:
        return " ".join(connection.exec_driver_sql("SELECT datname FROM pg_database").scalars())


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Our SFTP client and our drop box, a box of its own for each history."""
    keys = tmp_path / "admitted"
    keys.mkdir()
    key = make_key(tmp_path / f"{MUNICIPALITY}.key")
    (tmp_path / f"{MUNICIPALITY}.pub").rename(keys / f"{MUNICIPALITY}.pub")
    settings = DropBox(tmp_path / "boxes", keys, make_key(tmp_path / "host.key"))
    made = iter(range(1000))
    with running(settings) as box:

        @contextmanager
        def make() -> Iterator[OwnExchange]:
            folder = tmp_path / f"{next(made)}"
            shared = settings.root / MUNICIPALITY / INCOMING
            shared.mkdir(parents=True, exist_ok=True)
            for each in shared.iterdir():
                each.unlink()
            server = Server(
                "127.0.0.1", MUNICIPALITY, key, f"/{INCOMING}", box.port, fingerprint=box.fingerprint, pause_seconds=0.05
            )

            def send(paths: Sequence[Path], moment: datetime, record: Callable[[Manifest], None]) -> Manifest:
                return put_files(server, paths, MUNICIPALITY, ADDRESSEE, moment, BOOK, record)

            taker = ExchangeFolder(shared, folder / "received", folder / "records", ADDRESSEE)
            folder.mkdir()
            yield OwnExchange(send, shared, taker, folder / "own", lambda: None)

        yield make


def test_sftp_keeps_the_rules(sftp: Any) -> None:
    """Rules: S-13, S-14, S-15."""
    judged(ExchangeTrial(sftp), 2)


@pytest.mark.parametrize(("trial", "rule"), MUTANTS.values(), ids=MUTANTS.keys())
def test_a_mistake_is_found_in_a_short_history(trial: Trial[Any], rule: str) -> None:
    """Rules: S-1, S-3, S-8, S-9, S-13, S-14, S-15, S-21, S-26, S-27, P-7, X-2. Told in at most four acts, without a number."""
    report = run_port_conformance([trial], ConformanceSettings(stories=40, most_faults=3))
    broken = {each.rule: each for each in report.faults}
    assert rule in broken and not report.is_conformant
    for fault in report.faults:
        assert len(fault.acts) <= 4, fault.text
        assert fault.expected != fault.actual and fault.sentence in fault.text
        assert not any(synthetic_number(person) in fault.text for person in range(1, 8))


def test_every_rule_of_the_ports_has_a_mutant_that_breaks_it() -> None:
    """Rules: S-1, S-3, S-8, S-9, S-13, S-14, S-15, S-21, S-26, S-27, P-7, X-2."""
    ports = {trial.port for trial, _ in MUTANTS.values()}
    assert {rule for _, rule in MUTANTS.values()} == {each.number for each in PORT_RULES if each.capability in ports}


@given(histories(StoresTrial(memory_stores)))
@settings(max_examples=25)
def test_histories_are_a_strategy_of_hypothesis(acts: Any) -> None:
    """Rules: S-26, S-27, P-7."""
    require(StoresTrial(memory_stores), acts)


def test_hypothesis_shrinks_a_history_to_few_acts() -> None:
    """Rules: S-26."""
    trial, rule = MUTANTS["lost update"]

    @given(histories(trial))
    @settings(max_examples=200, database=None, derandomize=True)
    def tried(acts: Any) -> None:
        require(trial, acts)

    with pytest.raises(AssertionError) as failed:
        tried()
    lines = str(failed.value).splitlines()
    assert lines[0] == rule and len(lines) == 3 and lines[1].startswith("1. 候補")


def test_exceptions_may_break_and_must() -> None:
    """Rules: S-26. What is announced may break; what was announced in vain fails the run."""
    trial, _ = MUTANTS["lost update"]
    announced = ConformanceSettings(stories=20, exceptions={"S-26": "次の版で直す"})
    state = {each.rule.number: each for each in run_port_conformance([trial], announced).results}["S-26"]
    assert (state.state, state.reason) == (RuleState.EXCEPTED, "次の版で直す")
    in_vain = run_port_conformance([StoresTrial(memory_stores)], announced)
    assert not in_vain.is_conformant
    assert [each.rule.number for each in in_vain.results if each.state is RuleState.EXCEPTION_OUTDATED] == ["S-26"]


def test_a_system_that_fails_breaks_a_rule() -> None:
    """Rules: S-3, S-27. By the name of what it raises alone: its text may hold anything."""

    class Failing:
        def begin(self, **_: Any) -> Any:
            raise RuntimeError(synthetic_number(1))

    @contextmanager
    def make(insurers: Any) -> Iterator[Any]:
        yield Failing()

    [fault] = run_port_conformance([StoresTrial(make)], ConformanceSettings(stories=3)).faults
    assert (fault.rule, fault.actual, len(fault.acts)) == ("S-27", "RuntimeError", 1)


class TestForms:
    """The same report for people and for programs."""

    @pytest.fixture
    def report(self) -> PortReport:
        trials = [MUTANTS["lost update"][0], ExchangeTrial(memory_exchange)]
        return run_port_conformance(trials, ConformanceSettings(stories=20), system="見本<保管>")

    def test_terminal_json_and_junit_say_the_same(self, report: PortReport) -> None:
        """Rules: S-13. Verdict, rules and the story of the fault."""
        [fault] = report.faults
        shown, data = text(report), as_json(report)
        assert "不適合" in shown and fault.sentence in shown and all(each in shown for each in fault.acts)
        assert "R-3" not in shown and "S-13" in shown
        [told] = [each for rule in data["rules"] for each in rule["faults"]]
        assert told["story"] == list(fault.acts) and told["sentence"] == fault.sentence
        assert data["capabilities"] == ["exchange", "stores"] and not data["is_conformant"]
        suite = ET.fromstring(junit(report))
        [failure] = suite.iter("failure")
        assert failure.text == fault.text
        names = [case.attrib["classname"] for case in suite.iter("testcase")]
        assert names.count("kokuho.conformance.exchange") == 3

    def test_a_certificate_shows_what_was_changed(self, report: PortReport) -> None:
        """Rules: S-13."""
        made = json.loads(json.dumps(certificate(report)))
        assert verify_certificate(made) == ()
        assert [each["rule"] for each in made["results"]] == [each.name for each in PORT_RULES]
        changed = {**made, "is_conformant": True}
        assert verify_certificate(changed)
        whole = {key: value for key, value in changed.items() if key != "sha256"}
        assert verify_certificate({**whole, "sha256": content_hash(whole)})
        fewer = {**{key: value for key, value in made.items() if key != "sha256"}, "results": made["results"][1:]}
        assert any("規則の表" in each for each in verify_certificate({**fewer, "sha256": content_hash(fewer)}))
