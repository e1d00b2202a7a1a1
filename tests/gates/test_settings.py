"""Limits and intervals in the configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kokuho_adapters.configuration import load_configuration
from kokuho_core.errors import SetupFault
from kokuho_core.gates.feeds import FeedSettings
from kokuho_core.gates.thresholds import GateLimits, GateSettings, Threshold

from ..prefecture.office import A, B


def configured(tmp_path: Path, text: str) -> tuple[GateSettings, FeedSettings]:
    path = tmp_path / "kokuho.toml"
    path.write_text(text, "utf-8")
    settings = load_configuration(path).settings
    return settings.gates, settings.feeds


def test_without_them_the_defaults_hold(tmp_path: Path) -> None:
    """Rules: S-28, R-5."""
    gates, feeds = configured(tmp_path, "")
    assert gates == GateSettings()
    assert (feeds.interval(A, "SKKOJIN"), feeds.interval(A, "KOGAKU"), feeds.interval(A, "FUZOKU")) == (2, 25, 0)


def test_for_all_and_for_one_sender(tmp_path: Path) -> None:
    """Rules: S-28."""
    gates, feeds = configured(
        tmp_path,
        f"""
        [gates]
        loss = {{ percent = 7 }}
        [gates.sender.{A}]
        change = {{ percent = 20, at_least = 300 }}
        [feeds]
        FUZOKU = 5
        [feeds.sender.{A}]
        SKKOJIN = 0
        """,
    )
    assert gates.limits == GateLimits(loss=Threshold(7, 50))
    assert gates.limits_of(B) == gates.limits
    assert gates.limits_of(A) == GateLimits(change=Threshold(20, 300), loss=Threshold(7, 50))
    assert [feeds.interval(A, kind) for kind in ("SKKOJIN", "SKSETAI", "FUZOKU")] == [0, 2, 5]
    assert feeds.interval(B, "SKKOJIN") == 2


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("gates = 1", ["gates"]),
        ("[gates]\nchange = { percent = 101 }", ["gates.change"]),
        ("[gates]\nchange = { at_least = 0 }", ["gates.change"]),
        ("[gates]\nchange = { percent = true }", ["gates.change"]),
        ("[gates]\nchange = { percents = 1 }", ["gates.change"]),
        ("[gates]\noff = true", ["gates.off"]),
        ("[gates]\nsender = 1", ["gates.sender"]),
        ("[gates.sender.13]\nloss = { percent = 1 }", ["gates.sender.13"]),
        ("[feeds]\nTOKUSO = 1", ["feeds.TOKUSO"]),
        ("[feeds]\nSKKOJIN = -1", ["feeds.SKKOJIN"]),
        ("feeds = []", ["feeds"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, fields: list[str]) -> None:
    """Rules: S-28. No gate can be switched off by a setting."""
    with pytest.raises(SetupFault) as caught:
        configured(tmp_path, text)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [("KKH-C010", f) for f in fields]
