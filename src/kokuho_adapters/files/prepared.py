"""用意された行: data records as bytes that lack their individual numbers, written by one process for another's file (I-5).

In the place of each number stands a mark that no field can hold. Whoever prepared the lines looked them through like any others
(S-6), except for what all records of a file together show: that is counted by who writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final

from attrs import field, frozen

from kokuho_adapters.files.layout import Layout
from kokuho_adapters.files.outbound_scan import OtherDigits

MARK: Final = "\0"


@frozen
class LineForm:
    """行の形: in which layout and encoding lines are written, and in the order of which keys their values are given."""

    layout: Layout
    encoding: str
    keys: Sequence[str]


@frozen(slots=False)  # lives for one batch only
class LinesWithMarks:
    """Lines of a :class:`LineForm`: so many, and what of them is counted with all others."""

    number: int
    other_digits: OtherDigits = field(repr=False)
    raw: bytes = field(repr=False)

    def filled(self, columns: Sequence[Sequence[str]]) -> bytes:
        """With digits in the place of the marks; for each marked column of the layout, in its order, those of all lines."""
        if not columns:
            return self.raw
        digits = ",".join(chain.from_iterable(zip(*columns, strict=True))).encode("ascii").split(b",")
        return b"".join(chain.from_iterable(zip(self.raw.split(MARK.encode()), [*digits, b""], strict=True)))
