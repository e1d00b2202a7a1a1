"""Limits: what they let through and what they stop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.gates.thresholds import GateKind, GateLimits, GateSettings, Measure, Threshold, closed_gates

from ..prefecture.office import A, B


class TestThresholds:
    @given(st.integers(0, 100), st.integers(1, 500), st.integers(0, 5000), st.integers(0, 5000))
    def test_both_the_share_and_the_number_must_be_reached(
        self, percent: int, at_least: int, affected: int, standing: int
    ) -> None:
        """Rules: S-28."""
        reached = Threshold(percent, at_least).is_reached(affected, standing)
        assert reached == (affected >= at_least and affected / max(standing, 1) >= percent / 100 - 1e-12)

    def test_at_the_limit_it_closes_and_one_below_it_does_not(self) -> None:
        """Rules: S-28."""
        limit = Threshold(10, 50)
        assert limit.is_reached(50, 500)
        assert not limit.is_reached(49, 10)
        assert not limit.is_reached(50, 501)

    def test_the_gravest_share_comes_first(self) -> None:
        """Rules: S-28."""
        measures = [
            Measure(GateKind.CHANGE, "household_number", 60, 100),
            Measure(GateKind.EMPTY, "card_symbol", 99, 100),
            Measure(GateKind.LOSS, "", 4, 100),
        ]
        stops = closed_gates(measures, GateLimits())
        assert [(stop.code, stop.measure.field) for stop in stops] == [
            ("KKH-G002", "card_symbol"),
            ("KKH-G001", "household_number"),
        ]

    def test_a_sender_may_have_limits_of_its_own(self) -> None:
        """Rules: S-28."""
        own = GateLimits(loss=Threshold(1, 1))
        settings = GateSettings().with_sender(A, own)
        assert settings.limits_of(A) == own
        assert settings.limits_of(B) == GateLimits()
        assert own.smallest == 1
        assert GateLimits().smallest == 20
