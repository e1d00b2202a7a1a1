"""取消しの口: what the recall of a received file needs of a database (S-24)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from attrs import frozen

from kokuho_core.approval import Agreement
from kokuho_core.high_cost_history.history import HighCostFact
from kokuho_core.household.household import HouseholdFact
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class AppliedFile:
    """適用済みのファイル. ``fingerprint`` is the keyed digest of its content, ``recalled_at`` set when it was recalled."""

    file_no: int
    name: str
    file_id: str
    sender: InsurerNumber
    sequence: int
    fingerprint: bytes
    recalled_at: datetime | None


@frozen
class Recalled:
    """取り消したファイル: when, by whom, why, and how many records no longer count."""

    file_no: int
    name: str
    insurer_number: InsurerNumber
    recalled_at: datetime
    asked_by: str
    agreed_by: str
    reason: str
    records: int


@frozen
class OtherMessage:
    """その他の受信レコード of one identity: its place and update kind."""

    file_no: int
    line: int
    update_kind: str | None


class RecallStore(Protocol):
    """取消しの保管. Each ``later_…`` gives, per subject of the file with anything received after it, all messages in order."""

    def applied(self, file_no: int) -> AppliedFile | None: ...

    def find_applied(self, name: str) -> list[AppliedFile]:
        """Applied files of this name; one, or none."""
        ...

    def later_persons(self, file_no: int) -> Iterator[list[PersonFact]]: ...

    def later_households(self, file_no: int) -> Iterator[list[HouseholdFact]]: ...

    def later_months(self, file_no: int) -> Iterator[list[HighCostFact]]: ...

    def later_others(self, file_no: int) -> Iterator[list[OtherMessage]]: ...

    def later_decisions(self, file_no: int) -> list[int]:
        """Files with later decisions on candidates that this file decided."""
        ...

    def mark_concerned(self, file_no: int) -> None:
        """Whoever the file is about, whoever shares a number with its records, and their households wait for resolve."""
        ...

    def decided_candidates(self, file_no: int) -> list[str]:
        """Candidates the file decided."""
        ...

    def set_aside(self, file: AppliedFile, agreement: Agreement, at: datetime) -> int:
        """From ``at`` on the file's records count no more; they are kept aside for what was known before (P-7). How many."""
        ...

    def names_of(self, file_nos: list[int]) -> list[str]: ...

    def all(self, insurer: InsurerNumber | None = None) -> list[Recalled]:
        """取り消したファイル in order."""
        ...
