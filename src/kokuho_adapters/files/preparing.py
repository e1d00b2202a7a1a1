"""行の用意: data records written as far as that is possible without their individual numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kokuho_adapters.files.outbound_scan import ColumnScan
from kokuho_adapters.files.prepared import MARK, LineForm, LinesWithMarks
from kokuho_adapters.files.values import INDIVIDUAL_NUMBER_KEYS
from kokuho_adapters.files.writer import RowFormatter, as_csv, encoded


class LinePreparer:
    """行を用意する: the lines of one file, in its order."""

    def __init__(self, form: LineForm) -> None:
        self._encoding = form.encoding
        self._scan = ColumnScan(aside=True)
        self._formatter = RowFormatter(form.layout, form.keys, self._scan, is_kept=True)
        self._marked = [place for place, key in enumerate(form.layout.keys, 1) if key in INDIVIDUAL_NUMBER_KEYS]

    def prepared(self, given: Sequence[Sequence[Any]], number: int, first: int) -> LinesWithMarks | None:
        """``number`` rows as they are kept, of which the first is to be written on line ``first``.

        None for what the encoding cannot hold. Raises :class:`InvalidValue` and :class:`FileRefused` as the writer does.
        """
        columns = self._formatter.columns(given, number, first)
        for place in self._marked:
            columns[place] = (MARK,) * number
        raw = encoded(as_csv(columns), self._encoding)
        return LinesWithMarks(number, self._scan.set_aside(), raw) if raw is not None else None
