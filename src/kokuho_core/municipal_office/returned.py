"""返ってきた結果の取込み (Q-6): what the aggregation told is kept beside the office's own rows and never put in their place.

Every item has a name of its own and remembers the file it was last told by. The same file again changes nothing, and an older
one that comes late changes nothing either, so the order of the files does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from attrs import frozen

from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.returning.rows import ROW_TYPES, KohikekkaRow, KohikiRow, Row, TokusoRow
from kokuho_core.vocabulary.codes import CarryResult, OccurrenceKind, QualificationStatus, UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber

ITEM_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "TOKUSO": ("addressee_number", "application_start"),
    "HIHOID": ("addressee_number",),
    "KAKUNIN": ("finding_number", "addressee_number"),
    "KEIKOHO": ("candidate_number",),
    "KEIKAKU": ("candidate_number",),
    "KOHIKI": ("household_number", "from_insurer", "from_household_number", "treatment_month", "occurrence_kind"),
    "KOHIKEKKA": ("candidate_number",),
    "RIYOTO": ("municipal_insured_id",),
    "KAIJOKEKKA": ("municipal_insured_id", "applied_on"),
}
"""What names one item of each returned file."""
_SUBJECTS: Final[Mapping[str, str]] = {
    "TOKUSO": "addressee_number",
    "HIHOID": "addressee_number",
    "KAKUNIN": "addressee_number",
    "KOHIKI": "household_number",
    "RIYOTO": "municipal_insured_id",
    "KAIJOKEKKA": "municipal_insured_id",
}
_FILE_OF: Final = {kind: file_id for file_id, kind in ROW_TYPES.items()}


@frozen
class ReturnedItem:
    """返却された1項目, as the file with ``sequence`` told it on ``line``."""

    file_id: str
    item: str
    subject: str
    sequence: int
    line: int
    row: Row


@frozen
class ReturnedChange:
    """取込みで変わったこと: what is known now and was known before, and the line that says so."""

    before: Row | None
    now: ReturnedItem


def item_of(row: Row, sequence: int, line: int) -> ReturnedItem:
    """The item that a row tells."""
    file_id = _FILE_OF[type(row)]
    name = "/".join(str(getattr(row, key)) for key in ITEM_NAMES[file_id])
    subject = getattr(row, _SUBJECTS.get(file_id, "candidate_number"))
    return ReturnedItem(file_id, name, subject, sequence, line, row)


def taken(known: ReturnedItem | None, told: ReturnedItem) -> ReturnedItem | None:
    """What is to be kept, None where ``told`` is no news: told before, or by an earlier file than what is known."""
    if known is not None and (told.sequence, told.line) <= (known.sequence, known.line):
        return None
    return told


def changed(known: ReturnedItem | None, kept: ReturnedItem) -> ReturnedChange | None:
    """The change, None where the same was told by another file."""
    if known is not None and known.row == kept.row:
        return None
    return ReturnedChange(known.row if known is not None else None, kept)


# --- our own rows beside theirs ---


@frozen
class Contradiction:
    """食い違い: the aggregation's date is not ours. Both stay as they are until a person has decided (Q-6)."""

    code: str
    addressee_number: AddresseeNumber
    field: str
    application_start: date
    ours: Any
    theirs: Any


def contradictions(
    addressee: AddresseeNumber, person: OwnPerson | None, rows: Iterable[TokusoRow]
) -> list[Contradiction]:
    """Where the returned dates of one person say otherwise than our rows.

    KKH-M016: nobody known here. KKH-M017: a period we never had, or another day. A period that we took back or moved to another
    day is no contradiction: its row just is not told again (X-13). Dates that are carried over from another municipality, or
    held (保留), are the aggregation's alone.
    """
    if person is None or not person.rows:
        return [Contradiction("KKH-M016", addressee, "addressee_number", each.application_start, None, None) for each in rows]
    own = {period.days.start: period for period in person.application_periods()}
    former = person.former_starts | {
        row.record.application_start for row in person.rows if row.is_cancelled and row.record.application_start
    }
    found = []
    for row in rows:
        start = row.application_start
        period = own.get(start)
        if period is None:
            if start not in former:
                found.append(Contradiction("KKH-M017", addressee, "application_start", start, None, start))
            continue
        ours, current = [("application_end", period.days.end_day, row.application_end)], period.current
        if row.status != QualificationStatus.HELD:
            if row.carried_from is None and current.qualification_acquired is not None:
                ours.append(("qualification_acquired", current.qualification_acquired, row.qualification_acquired))
            ours.append(("qualification_lost", current.qualification_lost, row.qualification_lost))
        found += [
            Contradiction("KKH-M017", addressee, key, start, mine, theirs) for key, mine, theirs in ours if mine != theirs
        ]
    return found


@frozen
class QualificationDates:
    """資格の日付 of the last application period: the prefecture's where it has told them, else our own (Q-6, Q-8)."""

    addressee_number: AddresseeNumber
    application_start: date
    application_end: date | None
    qualification_acquired: date | None
    qualification_lost: date | None


def qualification_dates(person: OwnPerson, rows: Iterable[TokusoRow]) -> QualificationDates | None:
    """What 住民票 shows of a person; None for somebody who never was insured here, or not for a single day."""
    periods = [period for period in person.application_periods() if not period.days.is_empty]
    if not periods:
        return None
    last = periods[-1]
    told = {row.application_start: row for row in rows if row.status != QualificationStatus.HELD}
    theirs = told.get(last.days.start)
    acquired, lost = last.current.qualification_acquired, last.current.qualification_lost
    if theirs is not None:
        acquired, lost = theirs.qualification_acquired, theirs.qualification_lost
    return QualificationDates(person.addressee_number, last.days.start, last.days.end_day, acquired, lost)


# --- 4-6 ---


@frozen
class CarryOver:
    """高額該当の引継確認 (4-6): the months that came against the number that was told."""

    candidate_number: str
    household_number: str
    from_insurer: InsurerNumber
    from_household_number: str
    told: int
    came: int
    is_taken_back: bool

    @property
    def is_confirmed(self) -> bool:
        return self.told == self.came


def carry_overs(results: Iterable[KohikekkaRow], months: Iterable[KohikiRow]) -> list[CarryOver]:
    """Each told result with the months of kind 1 that stand for its pair; outpatient months are not counted (X-20)."""
    came: dict[tuple[str, str, str], int] = {}
    for month in months:
        if month.update_kind != UpdateKind.CANCELLATION and month.occurrence_kind == OccurrenceKind.HOUSEHOLD:
            pair = (month.household_number, month.from_insurer, month.from_household_number)
            came[pair] = came.get(pair, 0) + 1
    found = []
    for result in results:
        pair = (result.household_number, result.from_insurer, result.from_household_number)
        is_back = result.result == CarryResult.TAKEN_BACK
        told = 0 if is_back else result.carried_months
        found.append(
            CarryOver(result.candidate_number, pair[0], InsurerNumber(pair[1]), pair[2], told, came.get(pair, 0), is_back)
        )
    return found
