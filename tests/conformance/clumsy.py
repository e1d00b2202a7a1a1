"""A system that answers at once and is wrong in several ways: faults of every form, for the tests of what is said about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from attrs import define, field

from kokuho_core.conformance import FileToSend
from kokuho_core.conformance.story import HIGH_COST, HOUSEHOLD, PERSON
from kokuho_core.vocabulary.insurers import Insurer

_Answer = dict[tuple[str, str], list[dict[str, Any]]]


@define
class Clumsy:
    """Accepts every record, takes every period for a qualification of its own, and a same-day period for the beginning of a gap."""

    taken: set[str] = field(factory=set)

    def take(self, files: Sequence[FileToSend], as_of: date) -> _Answer:
        answer: _Answer = {}
        for each in files:
            if each.name in self.taken or each.file_id not in (PERSON, HOUSEHOLD, HIGH_COST):
                continue
            self.taken.add(each.name)
            for line, row in enumerate(each.rows, 2):
                receipt = {"source_file": each.name, "line": line, "result": "1"}
                answer.setdefault((each.sender, "SHOKEKKA"), []).append(receipt)
                if each.file_id == PERSON and row["application_start"] is not None:
                    self._tell(answer, row)
        return answer

    def _tell(self, answer: _Answer, row: Any) -> None:
        insurer, addressee = row["insurer_number"], row["addressee_number"]
        start, end = row["application_start"], row["application_end"]
        whose = {"insurer_number": insurer, "addressee_number": addressee}
        answer.setdefault((insurer, "HIHOID"), []).append({**whose, "prefectural_insured_id": f"{insurer}-{addressee}"})
        answer.setdefault((insurer, "TOKUSO"), []).append(
            {
                **whose, "application_start": start, "application_end": end, "qualification_acquired": start,
                "qualification_acquired_reason": row["application_start_reason"], "qualification_lost": end,
                "qualification_lost_reason": row["application_end_reason"], "carried_from": None,
                "status": "1" if end is None else "3",
            }
        )  # fmt: skip
        if end == start:
            answer.setdefault((insurer, "KAKUNIN"), []).append(
                {
                    **whose, "finding_number": f"{insurer}-{addressee}-{start}", "kind": "2", "from_insurer": insurer,
                    "to_insurer": insurer, "period_start": end, "period_end": end + timedelta(days=3), "days": 3, "status": "1",
                }
            )  # fmt: skip


@contextmanager
def clumsy(insurers: Sequence[Insurer]) -> Iterator[Clumsy]:
    yield Clumsy()


class Silent:
    """Tells nobody anything."""

    def take(self, files: Sequence[FileToSend], as_of: date) -> _Answer:
        return {}


@contextmanager
def silent(insurers: Sequence[Insurer]) -> Iterator[Silent]:
    yield Silent()
