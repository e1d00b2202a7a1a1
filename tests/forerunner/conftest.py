"""A second process that is there and asked, however little there is to do and however busy the machine."""

from __future__ import annotations

from typing import Any

import pytest

from kokuho_adapters.forerunner import process
from kokuho_adapters.forerunner.process import SecondProcess


@pytest.fixture
def helped(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every answer that somebody got from a second process. Nothing is too little for it here."""
    for worth in ("WORTH_WAITING", "WORTH_BYTES", "WORTH_WRITING"):
        monkeypatch.setattr(process, worth, 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (1.0, 1.0, 1.0), raising=False)
    answers: list[Any] = []
    ask = SecondProcess.answer

    def answer(self: SecondProcess, wanted: int) -> Any:
        answers.append(ask(self, wanted))
        return answers[-1]

    monkeypatch.setattr(SecondProcess, "answer", answer)
    return answers
