"""高額該当情報ファイル: KOGAKU as a municipality sends it, from what was settled (H-1, X-4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from kokuho_adapters.benefit.json_input import MonthsRequest
from kokuho_adapters.files import LayoutBook
from kokuho_adapters.files.writer import OpenFormatFolder
from kokuho_core.benefit.occurrences import records_of
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS, HighCostRecord
from kokuho_core.usecases.benefit import SettledMonth
from kokuho_core.vocabulary.identifiers import InsurerNumber

Settled = tuple[MonthsRequest, Sequence[SettledMonth]]


def write_kogaku(folder: Path, settled: Iterable[Settled], sequence: int, created_at: datetime) -> list[str]:
    """One file per insurer, published when it is whole; returns the names.

    Raises :class:`InvalidValue` (KKH-T026) for a household without its numbers, and what the writer raises.
    """
    records: dict[InsurerNumber, list[HighCostRecord]] = {}
    for request, months in settled:
        if request.household is None:
            raise InvalidValue(Problem("KKH-T026", field="insurer_number"))
        requested = {each.case.month: each for each in request.months}
        of_insurer = records.setdefault(request.household.insurer_number, [])
        for each in months:
            own = requested[each.settlement.case.month]
            of_insurer += records_of(
                request.household, own.case.month, each.occurrence, created_at, own.sent, own.paid_on
            )
    names = []
    for insurer, listed in sorted(records.items()):
        outgoing = OpenFormatFolder(folder, LayoutBook.shipped(), sender=insurer)
        rows = ([getattr(record, key) for key in HIGH_COST_KEYS] for record in listed)
        name, _ = outgoing.write("KOGAKU", insurer, created_at, sequence, HIGH_COST_KEYS, rows)
        outgoing.publish(name)
        names.append(name)
    return names
