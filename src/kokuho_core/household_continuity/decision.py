"""確定指示: what a municipality decided about a candidate, as it was received (H-6)."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class DecisionFact:
    """確定指示: one accepted KEISHIJI record."""

    file_no: int
    line: int
    insurer_number: InsurerNumber
    candidate_number: str
    decision: str
    decided_on: date
    decided_by: str
    reason: str | None
