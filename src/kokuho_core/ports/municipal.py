"""自庁の口: what the municipal office's use cases need of a store, whoever keeps it, and of the resident register.

A vendor who has tables of his own fulfils these protocols on them, each for a job of its own, and leaves out what he does not do;
the library's own store is one of the ways. A store reads and writes and decides nothing: every rule stays in the core.

=========================  ==============================  ==============================
protocol                   what it keeps                   first asked for by
=========================  ==============================  ==============================
:class:`OwnHistory`        届出, 個人と世帯の履歴          ``take_notice``
:class:`OutgoingRows`      送付待ち, 送付ファイル          ``build_files``
:class:`ReturnedResults`   返却された結果                  ``apply_file``
:class:`OtherRows`         付属証, 所得区分, 高額該当月    ``state_other``
:class:`HandOvers`         住民票への引渡し                ``hand_over``
:class:`CutOver`           初期移行                        ``load_file``
=========================  ==============================  ==============================

All methods are called inside one transaction of the vendor's, and everything is one municipality's, named by its insurer number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import Flag, auto
from typing import Any, Protocol

from attrs import field, frozen

from kokuho_core.municipal_office.desk import Ground
from kokuho_core.municipal_office.history_row import HouseholdRow, PersonRow
from kokuho_core.municipal_office.other_rows import OtherRow
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.municipal_office.returned import QualificationDates, ReturnedItem
from kokuho_core.ports.vault import SealedColumn, SealedNumber
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

RowPlace = tuple[str, int]
"""Where a row stands in the order of its file: subject and history number; the identity and 0 for what has no history."""


class LineParts(Flag):
    """送付する行の部分."""

    CONTENT = auto()
    NUMBERS = auto()
    ALL = CONTENT | NUMBERS


@frozen(slots=False)  # lives for one batch only
class LinesGoingOut:
    """送付する行のひとまとまり, in the order of the file.

    ``rows`` says which they are. ``columns``: for each attribute of the record the values of all lines, with their 更新区分
    and without individual numbers, days, months and moments in ISO text; none where the content was not asked for.
    ``numbers`` and ``previous``: those, sealed; None where no line has any, or they were not asked for.
    """

    rows: Sequence[RowPlace]
    columns: list[Sequence[Any]] = field(repr=False)
    numbers: SealedColumn | None = None
    previous: SealedColumn | None = None


class OwnHistory(Protocol):
    """自庁の履歴: the journal of notices, and the rows of persons and households that followed from them (P-7)."""

    def insurers(self) -> frozenset[InsurerNumber]:
        """都道府県内の保険者, the own one among them."""
        ...

    def persons(
        self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber] | None = None
    ) -> Iterator[OwnPerson]:
        """Those of ``addressees`` who have a row, cancelled or not; everybody for None. By addressee number."""
        ...

    def households(self, insurer_number: InsurerNumber, numbers: Iterable[HouseholdNumber]) -> Iterator[OwnHousehold]:
        """Those of ``numbers`` that have a row, cancelled or not."""
        ...

    def homes_of(self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber]) -> set[HouseholdNumber]:
        """所属したことのある世帯: every household that a row of these persons names, cancelled or not."""
        ...

    def ever_in(self, insurer_number: InsurerNumber, households: Iterable[HouseholdNumber]) -> set[AddresseeNumber]:
        """Everybody who has a row, cancelled or not, that names one of these households."""
        ...

    def concerned_by(self, insurer_number: InsurerNumber, notice: int) -> tuple[set[AddresseeNumber], set[HouseholdNumber]]:
        """Persons and households of whom this notice made a row, or told the death."""
        ...

    def next_notice(self, insurer_number: InsurerNumber) -> int:
        """届出の番号 of the next one; the first is 1."""
        ...

    def keep(
        self, insurer_number: InsurerNumber, notice: Notice, persons: Iterable[OwnPerson], households: Iterable[OwnHousehold]
    ) -> None:
        """The notice with everybody it changed, all rows as they stand now.

        A row with another content, cancellation or ``changed_by`` than the one kept replaces it, and what stood before stays on
        record with the time until which it stood (P-7); ``is_sent`` and ``is_waiting`` are marks, and no change by themselves.
        """
        ...

    def notices(self, insurer_number: InsurerNumber, addressee: AddresseeNumber | None = None) -> list[Notice]:
        """By number: all, or those that ever made or changed a row of one person."""
        ...


class CutOver(Protocol):
    """初期移行の口: taking over an older system's files. Who fills his tables himself needs none of it."""

    def begin_load(self, insurer_number: InsurerNumber, at: datetime) -> bool:
        """Notice 0 stands for what was taken over. False where notices were taken already."""
        ...

    def load_persons(self, insurer_number: InsurerNumber, rows: Iterable[PersonRow], at: datetime) -> None:
        """Rows taken over, many at once; the same row again replaces what was taken over before."""
        ...

    def load_households(self, insurer_number: InsurerNumber, rows: Iterable[HouseholdRow], at: datetime) -> None: ...


class OutgoingRows(Protocol):
    """送付の口: which rows wait, and what became of those that were sent."""

    def waiting_persons(self, insurer_number: InsurerNumber) -> Iterator[PersonMessage]:
        """Rows whose ``waits_as`` is not None, with it; by addressee and history number."""
        ...

    def waiting_households(self, insurer_number: InsurerNumber) -> Iterator[HouseholdMessage]:
        """By household and history number."""
        ...

    def waiting_others(self, insurer_number: InsurerNumber, file_id: str) -> Iterator[OtherMessage]:
        """By identity."""
        ...

    def waiting(self, insurer_number: InsurerNumber) -> list[WaitingSubject]:
        """送付待ち: each person and household of whom a row waits, with the earliest notice that changed such a row."""
        ...

    def next_sequence(self, insurer_number: InsurerNumber, file_id: str) -> int:
        """連番: the smallest from 1 on that no file of this kind has, files refused whole left aside (X-2)."""
        ...

    def mark_sent(self, insurer_number: InsurerNumber, file: SentFile, folder: str) -> None:
        """All that waits for this kind of file is in it, in the order in which it was read: the first row on line 2.

        Each row becomes as :func:`~kokuho_core.municipal_office.history_row.sent` has it, and its line is remembered.
        """
        ...

    def unpublished(self, insurer_number: InsurerNumber, folder: str) -> list[str]:
        """Names of files that were marked sent and not yet published."""
        ...

    def mark_published(self, insurer_number: InsurerNumber, names: Iterable[str]) -> None: ...

    def sent_line(self, insurer_number: InsurerNumber, name: str, line: int) -> SentLine | None: ...

    def answer_line(self, insurer_number: InsurerNumber, name: str, line: SentLine) -> None:
        """Keep what became of a line; a new row that was refused was never taken."""
        ...

    def refuse_file(self, insurer_number: InsurerNumber, name: str) -> bool:
        """A whole file was refused: its rows wait again, its sequence number is free (X-2). False where that is known.

        Rows that were new in it become as :func:`~kokuho_core.municipal_office.history_row.never_taken` has it.
        """
        ...

    def refused_lines(self, insurer_number: InsurerNumber) -> list[tuple[str, SentLine]]:
        """Lines that were refused or are held, with the name of their file."""
        ...


class OtherRows(Protocol):
    """付属証・所得区分・高額該当月の口."""

    def other(self, insurer_number: InsurerNumber, file_id: str, identity: str) -> OtherRow | None: ...

    def keep_other(self, insurer_number: InsurerNumber, row: OtherRow) -> None: ...

    def others_of(self, insurer_number: InsurerNumber, file_id: str, subjects: Iterable[str]) -> Iterator[OtherRow]:
        """Of these persons or households, by identity for each."""
        ...


class ReturnedResults(Protocol):
    """返却の口: what the aggregation told, item by item, the last word of each."""

    def returned(self, insurer_number: InsurerNumber, file_id: str, items: Iterable[str]) -> Mapping[str, ReturnedItem]: ...

    def keep_returned(self, insurer_number: InsurerNumber, items: Iterable[ReturnedItem]) -> None: ...

    def returned_of(
        self, insurer_number: InsurerNumber, file_id: str, subjects: Iterable[str] | None = None
    ) -> Iterator[ReturnedItem]:
        """Items about these subjects, all of them for None; by item."""
        ...


class HandOvers(Protocol):
    """住民票への引渡しの口: what was handed over last (Q-8)."""

    def handed_over(
        self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber]
    ) -> Mapping[AddresseeNumber, QualificationDates]: ...

    def keep_handed_over(self, insurer_number: InsurerNumber, dates: Iterable[QualificationDates]) -> None: ...


class HistoryAndOthers(OwnHistory, OtherRows, Protocol):
    """For what belongs to a person or household that must be known."""


class HistoryAndDocuments(OwnHistory, OtherRows, ReturnedResults, Protocol):
    """For the documents that are due: our own rows, what was issued, and what the aggregation told of people's cards."""


class HistoryAndResults(OwnHistory, OutgoingRows, ReturnedResults, Protocol):
    """For taking results in and for the lists: our own rows beside the returned ones."""


class HistoryAndHandOvers(OwnHistory, ReturnedResults, HandOvers, Protocol):
    """For handing dates over: our own rows, the returned ones, and what was handed over before."""


class MunicipalStore(HistoryAndResults, OtherRows, HandOvers, CutOver, Protocol):
    """自庁の保管: all of the above."""


class NumberedStore(MunicipalStore, Protocol):
    """自庁の保管 of the library itself, which keeps the sealed individual numbers beside it, and lists its files."""

    def keep_numbers(self, sealed: Iterable[SealedNumber]) -> None: ...

    def sealed_numbers(
        self, insurer_number: InsurerNumber, indexes: Sequence[NumberIndex]
    ) -> Mapping[NumberIndex, SealedNumber]: ...

    def lines_going_out(
        self,
        insurer_number: InsurerNumber,
        file_id: str,
        after: RowPlace | None = None,
        parts: LineParts = LineParts.ALL,
    ) -> Iterator[LinesGoingOut]:
        """All that waits for one kind of file behind ``after``, as :class:`OutgoingRows` has it, without an object for each row.

        So many lines come together each time, whichever ``parts`` of them are asked for.
        """
        ...

    def count_going_out(self, insurer_number: InsurerNumber) -> int:
        """How many rows of persons and households go out."""
        ...

    def sent_files(self, insurer_number: InsurerNumber) -> list[SentFile]: ...


class ResidentRegister(Protocol):
    """住民記録システム: takes the dates for 住民票 (Q-8). The same dates may come again."""

    def hand_over(self, insurer_number: InsurerNumber, dates: Sequence[QualificationDates], at: datetime) -> str:
        """Returns the name of what was handed over."""
        ...
