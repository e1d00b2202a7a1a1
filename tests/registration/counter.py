"""窓口: a prefecture with a model receiver at the other end of the line, and the words the tests speak in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from kokuho_core.eligibility_history.reconciliation import Difference
from kokuho_core.ports.registration import PartitionCounts
from kokuho_core.usecases.reconcile import Reconciliation, reconcile
from kokuho_core.usecases.register import Registered, prepare, register
from kokuho_core.usecases.registration_results import ResultSummary, take_results
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..prefecture.office import A, PrefectureOffice
from .model_receiver import ModelReceiver


class Counter(PrefectureOffice):
    """What people at the federation do about registration, one call each."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.receiver = ModelReceiver()

    def __enter__(self) -> Counter:
        return self

    def told(self, sender: str, *rows: Mapping[str, Any], as_of: str = "2024-06-30") -> None:
        """A municipality sends records, and they are resolved."""
        answer = self.persons(sender, *rows)
        assert not [each for each in answer.errors if not each.is_warning], answer.errors
        self.resolve(as_of)

    def register(self, insurer: str = A, *, again: bool = False) -> Registered:
        return register(self.office, InsurerNumber(insurer), self.receiver, again=again)

    def results(self, insurer: str = A) -> ResultSummary:
        return take_results(self.office, InsurerNumber(insurer), self.receiver)

    def exchange(self, insurer: str = A) -> ResultSummary:
        """Register, and take the results."""
        self.register(insurer)
        return self.results(insurer)

    def reconcile(self, insurer: str = A) -> Reconciliation:
        return reconcile(self.office, InsurerNumber(insurer), self.receiver)

    def differences(self, insurer: str = A) -> list[Difference]:
        return self.reconcile(insurer).differences

    def counts(self, insurer: str = A) -> PartitionCounts:
        prepare(self.office, InsurerNumber(insurer))
        with self.installation.database.begin(read_only=True) as work:
            counts: PartitionCounts = work.registrations.counts(InsurerNumber(insurer))
            return counts

    def live(self, insurer: str = A) -> list[tuple[date, date | None, date, date | None]]:
        """(application start, end, acquired, lost) of everything that is live at the receiver."""
        return sorted(
            (each.application_start, each.application_end, each.qualification_acquired, each.qualification_lost)
            for each in self.receiver.of(insurer).live.values()
        )

    def municipal_id(self, insurer: str, addressee: str) -> str:
        rows = self.deliver(insurer, everything=True)["HIHOID"]
        return next(str(row["municipal_insured_id"]) for row in rows if row["addressee_number"] == addressee)
