"""住民票への引渡し (Q-8): a file per hand-over, complete under a temporary name before it gets its own (S-17)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from attrs import frozen

from kokuho_adapters.durable_files import text_put_at
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.municipal_office.returned import QualificationDates
from kokuho_core.vocabulary.identifiers import InsurerNumber

COLUMNS: Final = (
    "保険者番号", "宛名番号", "適用開始年月日", "適用終了年月日", "国保資格取得年月日", "国保資格喪失年月日",
)  # fmt: skip
"""Header line of the file. Days are YYYYMMDD, an empty one is not set."""


@frozen
class ResidentRegisterFolder:
    """A :class:`~kokuho_core.ports.municipal.ResidentRegister` that writes ``JUKI_{保険者番号}_{日時}.csv`` into a folder."""

    folder: Path

    def hand_over(self, insurer: InsurerNumber, dates: Sequence[QualificationDates], at: datetime) -> str:
        """One that came in the same second stays, and this one is named a second later.

        Raises :class:`SetupFault` (KKH-C020) when the folder does not take it.
        """
        names = (f"JUKI_{insurer}_{at + timedelta(seconds=later):%Y%m%d%H%M%S}.csv" for later in count())
        name = next(each for each in names if not (self.folder / each).exists())
        fault = False
        try:
            with text_put_at(self.folder / name) as file:
                write = csv.writer(file, lineterminator="\r\n")
                write.writerow(COLUMNS)
                write.writerows(
                    (
                        insurer, each.addressee_number, _day(each.application_start), _day(each.application_end),
                        _day(each.qualification_acquired), _day(each.qualification_lost),
                    )
                    for each in dates
                )  # fmt: skip
        except OSError:
            fault = True
        if fault:
            raise SetupFault(Problem("KKH-C020", field="folder"))
        return name


def _day(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day is not None else ""
