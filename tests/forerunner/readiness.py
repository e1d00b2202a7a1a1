"""Waiting for the second process, which gets ready while the work goes on."""

from __future__ import annotations

import time
from typing import Any

from kokuho_adapters.composition import Installation
from kokuho_adapters.forerunner.process import SecondProcess


def ready(opened: Installation) -> SecondProcess:
    forerunner: Any = opened.office.forerunner
    assert isinstance(forerunner, SecondProcess)
    forerunner.start()
    until = time.monotonic() + 60
    while not forerunner.is_ready:
        assert time.monotonic() < until, "the second process never got ready"
        time.sleep(0.01)
    return forerunner
