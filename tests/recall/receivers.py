"""What a municipality knows after all its deliveries, as its own system would have applied them (S-24)."""

from __future__ import annotations

from typing import Any

from attrs import field, mutable

from ..prefecture.office import PrefectureOffice

_IDS = (
    "head_municipal_insured_id",
    "municipal_insured_id",
    "prefectural_insured_id",
    "previous_prefectural_insured_id",
)


@mutable
class Receiver:
    """受信側の市区町村: takes every delivery, and forgets what it is told to be solved, withdrawn or taken back."""

    insurer: str
    findings: dict[str, tuple[Any, ...]] = field(factory=dict)
    candidates: dict[str, tuple[Any, ...]] = field(factory=dict)
    months: set[tuple[Any, ...]] = field(factory=set)
    periods: dict[tuple[Any, ...], tuple[Any, ...]] = field(factory=dict)
    results: list[tuple[str, int, str | None]] = field(factory=list)

    def take_delivery(self, office: PrefectureOffice) -> None:
        files = office.deliver(self.insurer)
        for row in files.get("KAKUNIN", []):
            number, told = row["finding_number"], _without(row, "finding_number", "detected_on", "status", *_IDS)
            self._keep(self.findings, number, None if row["status"] == "2" else told)
        for row in files.get("KEIKOHO", []):
            number, told = row["candidate_number"], _without(row, "candidate_number", *_IDS)
            self._keep(self.candidates, number, None if row["status"] == "2" else told)
        for row in files.get("KOHIKI", []):
            told = _without(row, "candidate_number", "update_kind", *_IDS)
            (self.months.discard if row["update_kind"] == "3" else self.months.add)(told)
        for row in files.get("TOKUSO", []):
            key = (row["addressee_number"], row["application_start"])
            self.periods[key] = _without(row, *_IDS)
        self.results += [(r["source_file"], r["line"], r["error_code"]) for r in files.get("SHOKEKKA", [])]

    @staticmethod
    def _keep(known: dict[str, tuple[Any, ...]], number: str, told: tuple[Any, ...] | None) -> None:
        if told is None:
            known.pop(number, None)
        else:
            known[number] = told

    def view(self) -> dict[str, list[Any]]:
        """Without numbers, which depend on what came before."""
        return {
            "findings": sorted(self.findings.values(), key=repr),
            "candidates": sorted(self.candidates.values(), key=repr),
            "months": sorted(self.months, key=repr),
        }


def _without(row: dict[str, Any], *left_out: str) -> tuple[Any, ...]:
    return tuple((key, value) for key, value in row.items() if key not in left_out)
