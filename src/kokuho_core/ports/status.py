"""状況の口: what came from whom and went to whom, counted per municipality (S-28, S-33)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from attrs import frozen

from kokuho_core.vocabulary.identifiers import InsurerNumber


@frozen
class LastReceived:
    """最後に適用したファイル of one kind from one sender."""

    sender: InsurerNumber
    file_id: str
    name: str
    sequence: int
    recorded_at: datetime


@frozen
class OnMedium:
    """媒体での受渡し of one delivered file, from the ledger of media. ``outcome`` is None until it is returned or destroyed."""

    number: str
    medium: str
    handed_by: str
    handed_at: datetime
    due_on: date | None
    outcome: str | None


@frozen
class UnknownOnMedium:
    """提供記録にないファイル: handed over on a medium to a municipality to which it was never delivered (S-33)."""

    number: str
    insurer_number: InsurerNumber
    file: str


@frozen
class Provided:
    """提供記録の1行: one file delivered to a municipality, by whom and what for (S-33).

    ``provided_by`` and ``purpose`` are None for what was delivered before they were kept; ``media`` are its handovers.
    """

    insurer_number: InsurerNumber
    file_id: str
    sequence: int
    name: str
    records: int
    created_at: datetime
    is_published: bool
    provided_by: str | None
    purpose: str | None
    media: tuple[OnMedium, ...] = ()


Counts = Mapping[InsurerNumber, int]


class StatusStore(Protocol):
    """状況の保管: everything is counted by the database."""

    def last_received(self) -> list[LastReceived]: ...

    def waiting(self) -> Counts:
        """Files held for an earlier one."""
        ...

    def stopped(self) -> Counts:
        """Files behind closed gates."""
        ...

    def rejected(self) -> Counts:
        """Refused files the sender has not been told of yet."""
        ...

    def pending(self) -> Counts:
        """Persons waiting for resolve."""
        ...

    def untold(self) -> Counts:
        """Rows that the next delivery will tell."""
        ...

    def last_delivered(self) -> Mapping[InsurerNumber, datetime]: ...

    def provided(self, insurer: InsurerNumber | None, since: date | None, until: date | None) -> list[Provided]:
        """提供記録 in order of time, ``until`` inclusive, each with its handovers."""
        ...

    def unknown_on_media(self, insurer: InsurerNumber | None) -> list[UnknownOnMedium]:
        """Files that left on a medium and are no delivery to that municipality."""
        ...
