"""返却レコード: the rows of the files that go back, with the layout keys as attribute names (Q-5, H-6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from attrs import astuple, fields, frozen

from kokuho_core.household_continuity.candidate import Candidate
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.vocabulary.codes import CarryResult, Decision
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber
from kokuho_core.vocabulary.month import Month


@frozen
class TokusoRow:
    """国保資格取得喪失年月日連携 (TOKUSO)."""

    insurer_number: str
    addressee_number: str
    municipal_insured_id: str
    prefectural_insured_id: str
    qualification_acquired: date | None
    qualification_acquired_reason: str | None
    qualification_lost: date | None
    qualification_lost_reason: str | None
    carried_from: str | None
    status: str
    application_start: date
    application_end: date | None


@frozen
class HihoidRow:
    """市町村被保険者ID連携 (HIHOID)."""

    insurer_number: str
    addressee_number: str
    municipal_insured_id: str
    prefectural_insured_id: str
    update_kind: str
    previous_prefectural_insured_id: str | None


@frozen
class KakuninRow:
    """資格重複・空白確認リスト (KAKUNIN)."""

    insurer_number: str
    finding_number: str
    kind: str
    municipal_insured_id: str | None
    addressee_number: str
    from_insurer: str | None
    to_insurer: str | None
    period_start: date | None
    period_end: date | None
    days: int | None
    status: str
    detected_on: date


@frozen
class KeikohoRow:
    """継続候補世帯リスト (KEIKOHO)."""

    insurer_number: str
    candidate_number: str
    household_number: str
    from_insurer: str
    from_household_number: str
    moved_on: date
    head_municipal_insured_id: str | None
    moved_members: int
    occurrence_count: int
    status: str
    suggestion: str
    suggestion_reason: str


@frozen
class KeikakuRow:
    """継続世帯確定リスト (KEIKAKU)."""

    insurer_number: str | None
    candidate_number: str
    household_number: str | None
    from_insurer: str
    from_household_number: str
    moved_on: date
    decision: str
    decided_on: date
    carried_months: int


@frozen
class KohikiRow:
    """高額該当引継情報連携 (KOHIKI)."""

    insurer_number: str
    household_number: str
    from_insurer: str
    from_household_number: str
    treatment_month: Month
    occurrence_kind: str
    update_kind: str


@frozen
class KohikekkaRow:
    """高額該当引継結果 (KOHIKEKKA)."""

    insurer_number: str
    candidate_number: str
    household_number: str
    from_insurer: str
    from_household_number: str
    result: str
    carried_months: int
    occurrence_count: int


@frozen
class RiyotoRow:
    """利用登録情報連携 (RIYOTO)."""

    insurer_number: str
    municipal_insured_id: str
    snapshot_on: date
    card_registration: str
    certificate_expires_on: date | None


@frozen
class KaijokekkaRow:
    """利用登録解除結果 (KAIJOKEKKA)."""

    insurer_number: str
    municipal_insured_id: str
    applied_on: date
    result: str
    effective_on: date | None


Row = (
    TokusoRow | HihoidRow | KakuninRow | KeikohoRow | KeikakuRow | KohikiRow | KohikekkaRow | RiyotoRow | KaijokekkaRow
)

ROW_TYPES: Final[Mapping[str, type[Any]]] = {
    "TOKUSO": TokusoRow,
    "HIHOID": HihoidRow,
    "KAKUNIN": KakuninRow,
    "KEIKOHO": KeikohoRow,
    "KEIKAKU": KeikakuRow,
    "KOHIKI": KohikiRow,
    "KOHIKEKKA": KohikekkaRow,
    "RIYOTO": RiyotoRow,
    "KAIJOKEKKA": KaijokekkaRow,
}
"""Row class of each returned file."""
RETURNED_FILES: Final = (*ROW_TYPES, "SHOKEKKA")
"""File ids that go back to a municipality, in the order they are written."""


def row_keys(file_id: str) -> tuple[str, ...]:
    """The layout keys of a returned file."""
    return tuple(attribute.name for attribute in fields(ROW_TYPES[file_id]))


def kept_values(row: Row) -> tuple[Any, ...]:
    """The values of a row in the order of its attributes, as they are kept and written: days and months as text."""
    return tuple(str(value) if isinstance(value, date | Month) else value for value in astuple(row, recurse=False))


class ReturnKey(NamedTuple):
    """返却レコードの識別: who is told, by which file, about whom or what (``subject``), and which item of it."""

    subject: str
    file_id: str
    insurer_number: InsurerNumber
    item: str = ""


Returned = Mapping[ReturnKey, Row]


def addressee_subject(addressee: Addressee) -> str:
    return f"{addressee.insurer_number}/{addressee.addressee_number}"


def qualification_rows(
    qualifications: Iterable[Qualification], municipal_ids: Mapping[Addressee, str], prefectural_id: str
) -> dict[ReturnKey, Row]:
    """TOKUSO rows of one person, each for the municipality it was sent under (Q-5, X-31)."""
    rows: dict[ReturnKey, Row] = {}
    for q in qualifications:
        addressee = q.key.addressee
        key = ReturnKey(
            addressee_subject(addressee), "TOKUSO", addressee.insurer_number, str(q.key.history_number)
        )
        rows[key] = TokusoRow(
            insurer_number=addressee.insurer_number,
            addressee_number=addressee.addressee_number,
            municipal_insured_id=municipal_ids[addressee],
            prefectural_insured_id=prefectural_id,
            qualification_acquired=q.acquired,
            qualification_acquired_reason=q.acquired_reason,
            qualification_lost=q.lost,
            qualification_lost_reason=q.lost_reason,
            carried_from=q.carried_from,
            status=q.status.value,
            application_start=q.period.days.start,
            application_end=q.period.days.end_day,
        )
    return rows


def insured_id_row(addressee: Addressee, municipal_id: str, prefectural_id: str) -> tuple[ReturnKey, Row]:
    """HIHOID row as it stands now; kind and previous ID follow from what was told before (I-3)."""
    key = ReturnKey(addressee_subject(addressee), "HIHOID", addressee.insurer_number)
    row = HihoidRow(addressee.insurer_number, addressee.addressee_number, municipal_id, prefectural_id, "1", None)
    return key, row


def person_rows(
    addressees: Iterable[Addressee],
    qualifications: Iterable[Qualification],
    municipal_ids: Mapping[Addressee, str],
    prefectural_id: str,
) -> dict[ReturnKey, Row]:
    """All that is to stand about one person but findings: TOKUSO of each qualification, HIHOID of each addressee (Q-5, I-3)."""
    rows = qualification_rows(qualifications, municipal_ids, prefectural_id)
    rows.update(insured_id_row(each, municipal_ids[each], prefectural_id) for each in addressees)
    return rows


_KIND_CODES: Final = {
    FindingKind.OVERLAP: "1",
    FindingKind.GAP: "2",
    FindingKind.IDENTITY: "3",
    FindingKind.ONE_SIDED: "4",
    FindingKind.UNMATCHED: "5",
}


@frozen
class FindingSide:
    """確認事項の片側: a municipality that is told, with its own names for the person."""

    addressee: Addressee
    municipal_insured_id: str | None
    is_left: bool


@frozen
class NumberedFinding:
    """番号を持つ確認事項, as it stands now."""

    number: str
    kind: FindingKind
    sides: Sequence[FindingSide]
    from_insurer: InsurerNumber | None
    to_insurer: InsurerNumber | None
    period_start: date | None
    period_end: date | None
    days: int | None
    is_open: bool
    detected_on: date
    is_protected: bool


def finding_rows(finding: NumberedFinding) -> dict[ReturnKey, Row]:
    """KAKUNIN rows for both sides; the municipality left does not learn where a protected person went (Q-5)."""
    rows: dict[ReturnKey, Row] = {}
    for side in finding.sides:
        insurer = side.addressee.insurer_number
        hide_other = finding.is_protected and side.is_left and finding.to_insurer != insurer
        key = ReturnKey(finding.number, "KAKUNIN", insurer, side.addressee.addressee_number)
        rows[key] = KakuninRow(
            insurer_number=insurer,
            finding_number=finding.number,
            kind=_KIND_CODES[finding.kind],
            municipal_insured_id=side.municipal_insured_id,
            addressee_number=side.addressee.addressee_number,
            from_insurer=finding.from_insurer,
            to_insurer=None if hide_other else finding.to_insurer,
            period_start=finding.period_start,
            period_end=finding.period_end,
            days=finding.days,
            status="1" if finding.is_open else "2",
            detected_on=finding.detected_on,
        )
    return rows


def candidate_rows(candidate: Candidate, head_municipal_id: str | None) -> dict[ReturnKey, Row]:
    """KEIKOHO, KEIKAKU, KOHIKI and KOHIKEKKA rows of one candidate (H-6)."""
    left, entered = candidate.pair.left, candidate.pair.entered
    number, insurer = candidate.number, entered.insurer_number
    rows: dict[ReturnKey, Row] = {
        ReturnKey(number, "KEIKOHO", insurer): KeikohoRow(
            insurer_number=insurer,
            candidate_number=number,
            household_number=entered.household_number,
            from_insurer=left.insurer_number,
            from_household_number=left.household_number,
            moved_on=candidate.moved_on,
            head_municipal_insured_id=head_municipal_id,
            moved_members=len(candidate.movers),
            occurrence_count=candidate.left_count,
            status=candidate.status.value,
            suggestion=candidate.comparison.suggestion.value,
            suggestion_reason=candidate.comparison.reason.value,
        )
    }
    if candidate.decision is None or candidate.decided_on is None:
        return rows
    told_decision = Decision.REVOKED if candidate.is_withdrawn else candidate.decision
    for told in (entered.insurer_number, left.insurer_number):
        hide = candidate.is_protected and told == left.insurer_number
        rows[ReturnKey(number, "KEIKAKU", told)] = KeikakuRow(
            insurer_number=None if hide else insurer,
            candidate_number=number,
            household_number=None if hide else entered.household_number,
            from_insurer=left.insurer_number,
            from_household_number=left.household_number,
            moved_on=candidate.moved_on,
            decision=told_decision.value,
            decided_on=candidate.decided_on,
            carried_months=candidate.carried_count,
        )
    result = CarryResult.TAKEN_BACK
    if candidate.is_confirmed:
        result = CarryResult.CARRIED if candidate.carried_count else CarryResult.NO_MONTHS
    rows[ReturnKey(number, "KOHIKEKKA", insurer)] = KohikekkaRow(
        insurer_number=insurer,
        candidate_number=number,
        household_number=entered.household_number,
        from_insurer=left.insurer_number,
        from_household_number=left.household_number,
        result=result.value,
        carried_months=candidate.carried_count,
        occurrence_count=candidate.entered_count,
    )
    for month in candidate.carried_months:
        rows[ReturnKey(number, "KOHIKI", insurer, f"{month.month}/{month.kind}")] = KohikiRow(
            insurer_number=insurer,
            household_number=entered.household_number,
            from_insurer=left.insurer_number,
            from_household_number=left.household_number,
            treatment_month=month.month,
            occurrence_kind=month.kind,
            update_kind="1",
        )
    return rows
