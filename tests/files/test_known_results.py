"""Results kept for what comes again: each is converted once, and memory stays bounded."""

from __future__ import annotations

import pytest

from kokuho_adapters.known_results import KnownResults


def test_a_known_input_is_converted_once() -> None:
    asked: list[str] = []

    def convert(text: str) -> int:
        asked.append(text)
        return int(text)

    known = KnownResults(convert)
    assert [known[text] for text in ("1", "2", "1", "1")] == [1, 2, 1, 1]
    assert asked == ["1", "2"]


def test_what_cannot_be_converted_is_not_kept() -> None:
    known = KnownResults(int)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            known["x"]
    assert not known


def test_it_holds_no_more_than_it_may() -> None:
    known = KnownResults(int, most=3)
    for n in range(20):
        assert known[str(n)] == n
        assert len(known) <= 3
