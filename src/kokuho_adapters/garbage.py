"""不要物の回収: how often the interpreter looks for objects that refer to each other in a ring."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """For processes of our own, before they load anything: bulk work and modules make many small objects and hardly a ring."""
    gc.set_threshold(250_000, 20, 20)
