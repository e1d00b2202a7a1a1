"""一覧: findings and continuity candidates as the federation looks at them (2-①, 3-4)."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.approval import Act, ApprovalKind
from kokuho_core.errors import AccessDenied, NotFound, Problem
from kokuho_core.ports.stores import StoredFinding, UnitOfWork
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.returning.rows import KeikohoRow, candidate_rows
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.approvals import ask_consent
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import InsurerNumber, PrefecturalInsuredId


@frozen
class ListedFinding:
    """確認事項 of the list. ``period_end`` is exclusive; ``status`` is ``open`` or ``solved``."""

    finding_number: str
    kind: FindingKind
    prefectural_insured_id: PrefecturalInsuredId | None
    from_insurer: InsurerNumber | None
    to_insurer: InsurerNumber | None
    period_start: date | None
    period_end: date | None
    days: int | None
    status: str

    @classmethod
    def of(cls, finding: StoredFinding) -> ListedFinding:
        """As the list shows it."""
        return cls(
            finding_number=finding.number,
            kind=finding.kind,
            prefectural_insured_id=finding.person,
            from_insurer=finding.left[0].insurer_number if finding.left is not None else None,
            to_insurer=finding.entered[0].insurer_number if finding.entered is not None else None,
            period_start=finding.period_start,
            period_end=finding.period_end,
            days=finding.days,
            status="open" if finding.is_open else "solved",
        )


@admitted(Operation.LIST_FINDINGS, subject=lambda given: given["insurer"] or "", insurer=lambda given: given["insurer"])
def list_findings(
    office: Office, insurer: InsurerNumber | None = None, *, open_only: bool = False, bulk_reason: str | None = None
) -> list[ListedFinding]:
    """確認事項 by number, of the whole prefecture or of one insurer on either side.

    Raises :class:`NotFound` (KKH-N002) for an unknown insurer; beyond the limit :class:`AccessDenied` (KKH-A013), with
    ``bulk_reason`` :class:`NotApproved` (KKH-A007) until a second person approved (S-6).
    """
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        listed = [ListedFinding.of(finding) for finding in work.findings.all(insurer, open_only=open_only)]
    require_short(office, Operation.LIST_FINDINGS, len(listed), insurer, bulk_reason)
    return sorted(listed, key=lambda finding: finding.finding_number)


@admitted(Operation.LIST_CANDIDATES, subject=lambda given: given["insurer"] or "", insurer=lambda given: given["insurer"])
def list_candidates(
    office: Office, insurer: InsurerNumber | None = None, *, bulk_reason: str | None = None
) -> list[KeikohoRow]:
    """継続候補世帯 by number, in the form of KEIKOHO; ``insurer`` is the municipality moved into (X-24).

    Raises as :func:`list_findings` does.
    """
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        candidates = [
            each for each in work.candidates.all(insurer) if insurer in (None, each.pair.entered.insurer_number)
        ]
        with work.prefecture_wide():  # the head lives in the household entered; who is who, the federation alone knows
            heads = work.ids.of_addressees({each.head for each in candidates if each.head is not None})
    listed: list[KeikohoRow] = []
    for each in candidates:
        known = heads.get(each.head) if each.head is not None else None
        rows = candidate_rows(each, known.municipal_id if known is not None else None)
        listed.extend(row for row in rows.values() if isinstance(row, KeikohoRow))
    require_short(office, Operation.LIST_CANDIDATES, len(listed), insurer, bulk_reason)
    return sorted(listed, key=lambda row: row.candidate_number)


def require_short(
    office: Office, operation: Operation, rows: int, insurer: InsurerNumber | None, bulk_reason: str | None
) -> None:
    """一覧の上限 (S-6). Raises :class:`AccessDenied` (KKH-A013), with ``bulk_reason`` :class:`NotApproved` (KKH-A007)."""
    if office.settings.is_short(rows):
        return
    if bulk_reason is None:
        raise AccessDenied(Problem("KKH-A013", field=operation.value))
    with office.database.begin() as work:
        subject = f"{operation.value}/{insurer or '*'}"
        consent = ask_consent(office, work, Act(ApprovalKind.BULK_LISTING, subject, insurer=insurer), bulk_reason)
        work.commit()
    consent.require()


def require_insurer(work: UnitOfWork, insurer: InsurerNumber | None) -> None:
    """Raises :class:`NotFound` (KKH-N002) unless ``insurer`` is one of the prefecture; None asks for all."""
    if insurer not in work.register() and insurer is not None:
        raise NotFound(Problem("KKH-N002", field="insurer"))
