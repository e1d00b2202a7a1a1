"""自庁の口: what the municipal office's use cases need of a store, whoever keeps it, and of the resident register.

A vendor who has tables of his own fulfils :class:`MunicipalStore` on them; the library's own store is one of the ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from attrs import frozen

from kokuho_core.municipal_office.desk import Ground, Known
from kokuho_core.municipal_office.history_row import HouseholdRow, PersonRow
from kokuho_core.municipal_office.other_rows import OtherRow
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.municipal_office.returned import QualificationDates, ReturnedItem
from kokuho_core.ports.keys import KeyRegister
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex


@frozen
class Notice:
    """受理した届出, as the office's journal has it."""

    number: int
    kind: str
    event_on: date
    notified_on: date
    recorded_at: datetime
    grounds: tuple[Ground, ...] = ()


@frozen
class SentFile:
    """自庁から送ったファイル."""

    file_id: str
    sequence: int
    name: str
    records: int
    created_at: datetime
    is_published: bool


@frozen
class SentLine:
    """送ったレコード: which of our rows stood on a line. ``subject`` is the addressee or household number, or the identity."""

    line: int
    subject: str
    history_number: int
    update_kind: UpdateKind
    result: str | None = None
    error_code: str | None = None
    error_field: str | None = None


@frozen
class WaitingSubject:
    """送付待ち: somebody whose rows wait, with the earliest notice among what changed."""

    kind: str
    subject: str
    notice: int
    notified_on: date


PersonMessage = tuple[UpdateKind, PersonRow]
HouseholdMessage = tuple[UpdateKind, HouseholdRow]
OtherMessage = tuple[UpdateKind, OtherRow]


class MunicipalStore(Protocol):
    """自庁の保管. Everything is one municipality's, named by its insurer number."""

    def known(
        self,
        insurer_number: InsurerNumber,
        persons: Iterable[AddresseeNumber],
        households: Iterable[HouseholdNumber] = (),
        notice: int | None = None,
    ) -> Known:
        """関係世帯: these, those that ``notice`` concerned, their households, and everybody who ever belonged to one of them."""
        ...

    def next_notice(self, insurer_number: InsurerNumber) -> int: ...

    def keep(
        self, insurer_number: InsurerNumber, notice: Notice, persons: Iterable[OwnPerson], households: Iterable[OwnHousehold]
    ) -> None:
        """The notice with everybody it changed, as they stand now. What stood before stays on record (P-7)."""
        ...

    def notices(self, insurer_number: InsurerNumber, addressee: AddresseeNumber | None = None) -> list[Notice]: ...

    # --- cut-over ---

    def begin_load(self, insurer_number: InsurerNumber, at: datetime) -> bool:
        """Notice 0 stands for what was taken over. False where notices were taken already."""
        ...

    def load_persons(self, insurer_number: InsurerNumber, rows: Iterable[PersonRow], at: datetime) -> None:
        """Rows taken over, many at once; the same row again replaces what was taken over before."""
        ...

    def load_households(self, insurer_number: InsurerNumber, rows: Iterable[HouseholdRow], at: datetime) -> None: ...

    # --- individual numbers ---

    def keep_numbers(self, sealed: Iterable[SealedNumber]) -> None: ...

    def sealed_numbers(
        self, insurer_number: InsurerNumber, indexes: Sequence[NumberIndex]
    ) -> Mapping[NumberIndex, SealedNumber]: ...

    # --- sending ---

    def waiting_persons(self, insurer_number: InsurerNumber) -> Iterator[PersonMessage]:
        """By addressee and history number."""
        ...

    def waiting_households(self, insurer_number: InsurerNumber) -> Iterator[HouseholdMessage]:
        """By household and history number."""
        ...

    def waiting_others(self, insurer_number: InsurerNumber, file_id: str) -> Iterator[OtherMessage]: ...

    def waiting(self, insurer_number: InsurerNumber) -> list[WaitingSubject]: ...

    def next_sequence(self, insurer_number: InsurerNumber, file_id: str) -> int: ...

    def mark_sent(self, insurer_number: InsurerNumber, file: SentFile, folder: str) -> None:
        """All that waited for this kind of file is in it, in the order in which it was read."""
        ...

    def unpublished(self, insurer_number: InsurerNumber, folder: str) -> list[str]: ...

    def mark_published(self, insurer_number: InsurerNumber, names: Iterable[str]) -> None: ...

    def sent_files(self, insurer_number: InsurerNumber) -> list[SentFile]: ...

    def sent_line(self, insurer_number: InsurerNumber, name: str, line: int) -> SentLine | None: ...

    def answer_line(self, insurer_number: InsurerNumber, name: str, line: SentLine) -> None:
        """Keep what became of a line; a new row that was refused was never taken."""
        ...

    def refuse_file(self, insurer_number: InsurerNumber, name: str) -> bool:
        """A whole file was refused: its rows wait again, its sequence number is free (X-2). False where that is known."""
        ...

    def refused_lines(self, insurer_number: InsurerNumber) -> list[tuple[str, SentLine]]:
        """Lines that were refused or are held, with the name of their file."""
        ...

    # --- certificates, income, months ---

    def other(self, insurer_number: InsurerNumber, file_id: str, identity: str) -> OtherRow | None: ...

    def keep_other(self, insurer_number: InsurerNumber, row: OtherRow) -> None: ...

    def others_of(self, insurer_number: InsurerNumber, file_id: str, subject: str) -> list[OtherRow]: ...

    # --- what came back ---

    def returned(self, insurer_number: InsurerNumber, file_id: str, items: Iterable[str]) -> Mapping[str, ReturnedItem]: ...

    def keep_returned(self, insurer_number: InsurerNumber, items: Iterable[ReturnedItem]) -> None: ...

    def returned_of(
        self, insurer_number: InsurerNumber, file_id: str, subjects: Iterable[str] | None = None
    ) -> Iterator[ReturnedItem]:
        """Items about these subjects, all of them for None; by item."""
        ...

    # --- the resident register ---

    def handed_over(
        self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber]
    ) -> Mapping[AddresseeNumber, QualificationDates]: ...

    def keep_handed_over(self, insurer_number: InsurerNumber, dates: Iterable[QualificationDates]) -> None: ...

    def persons(self, insurer_number: InsurerNumber) -> Iterator[OwnPerson]:
        """Everybody, by addressee number."""
        ...


class MunicipalWork(Protocol):
    """一件の処理 of a municipal office: everything in it happens together or not at all."""

    @property
    def municipal(self) -> MunicipalStore: ...

    @property
    def keys(self) -> KeyRegister: ...


class ResidentRegister(Protocol):
    """住民記録システム: takes the dates for 住民票 (Q-8). The same dates may come again."""

    def hand_over(self, insurer_number: InsurerNumber, dates: Sequence[QualificationDates], at: datetime) -> str:
        """Returns the name of what was handed over."""
        ...
