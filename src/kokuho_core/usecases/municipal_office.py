"""自庁の業務 on the library's own store: each act is admitted and recorded (S-4), the steps are those of the municipal desk.

Seeds 1-① … 1-② (notices and files out), 2-④ … 2-⑥, 3-6, 4-5 and 4-6 (what comes back), 住民票 (Q-8).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.errors import NotFound, Problem
from kokuho_core.municipal_office.notification import Notification
from kokuho_core.municipal_office.other_rows import OtherRecord, OtherRow
from kokuho_core.municipal_office.returned import QualificationDates
from kokuho_core.ports.files import IncomingFile, OutgoingFiles
from kokuho_core.ports.municipal import ResidentRegister, SentFile
from kokuho_core.usecases import municipal_desk
from kokuho_core.usecases.admission import admitted, count
from kokuho_core.usecases.listings import require_short
from kokuho_core.usecases.municipal_desk import AppliedFile, LoadedFile, OfficeLists, PersonView, TakenNotice
from kokuho_core.usecases.municipal_documents import DocumentDue, documents_due
from kokuho_core.usecases.municipal_lines import OutgoingLines
from kokuho_core.usecases.municipal_numbers import insurer_of, numbered, refusals_of, revealing, sealed_in
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.publishing import publish_committed_files
from kokuho_core.usecases.register import require_insurer
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber


@admitted(Operation.TAKE_NOTICE, subject=lambda given: type(given["notification"]).__name__, insurer=insurer_of)
def notify(
    office: Office,
    insurer: InsurerNumber,
    notification: Notification,
    numbers: Mapping[AddresseeNumber, IndividualNumber] | None = None,
) -> TakenNotice:
    """届出を受理する. ``numbers``: individual numbers that came with it, by addressee; they go to the vault (I-5).

    Raises :class:`NotificationRefused`, :class:`NotFound` (KKH-N002).
    """

    def take() -> TakenNotice:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            told = numbered(office, work, insurer, notification, numbers) if numbers else notification
            at = office.clock.now()
            rules, refusals = office.settings.date_rules, refusals_of(office, work, insurer)
            answer = municipal_desk.take_notice(work.municipal, insurer, told, at, rules, refusals)
            count(persons=len(answer.outcome.persons), households=len(answer.outcome.households))
            work.commit()
            return answer

    return office.database.repeated(take)


@admitted(Operation.TAKE_NOTICE, subject=lambda given: given["file_id"], insurer=insurer_of)
def state(office: Office, insurer: InsurerNumber, file_id: str, record: OtherRecord) -> OtherRow:
    """付属証・所得区分・高額該当月を記録する. Raises :class:`NotificationRefused`."""

    def keep() -> OtherRow:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            refusals = refusals_of(office, work, insurer)
            row = municipal_desk.state_other(work.municipal, insurer, file_id, record, refusals)
            work.commit()
            return row

    return office.database.repeated(keep)


@admitted(Operation.TAKE_NOTICE, subject=lambda given: given["file_id"], insurer=insurer_of)
def withdraw(office: Office, insurer: InsurerNumber, file_id: str, identity: str) -> OtherRow:
    """付属証・高額該当月の取消. Raises :class:`NotificationRefused` (KKH-R001)."""

    def keep() -> OtherRow:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            row = municipal_desk.withdraw_other(work.municipal, insurer, file_id, identity)
            work.commit()
            return row

    return office.database.repeated(keep)


@admitted(Operation.TAKE_NOTICE, subject=lambda given: given["incoming"].name, insurer=insurer_of)
def load(office: Office, insurer: InsurerNumber, incoming: IncomingFile, *, is_sent: bool) -> LoadedFile:
    """初期移行: an older system's history, from its own file. Raises :class:`FileRefused` (KKH-M018, KKH-M020 …)."""

    def take() -> LoadedFile:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            seal, at = partial(sealed_in, office, work, insurer), office.clock.now()
            answer = municipal_desk.load_file(work.municipal, insurer, incoming, at, seal, is_sent=is_sent)
            count(records=answer.records, refused=len({each.line for each in answer.problems}))
            work.commit()
            return answer

    return office.database.repeated(take)


@admitted(Operation.BUILD_FILES, subject=lambda given: given["insurer"], insurer=insurer_of)
def build(office: Office, insurer: InsurerNumber, outgoing: OutgoingFiles, folder: str) -> list[SentFile]:
    """被保険者異動情報などのファイルを作る (Q-1). Complete under a temporary name before the commit, named after it (S-17)."""
    _publish(office, insurer, outgoing, folder)
    built = office.database.repeated(partial(_build, office, insurer, outgoing, folder))
    _publish(office, insurer, outgoing, folder)
    return built


def _build(office: Office, insurer: InsurerNumber, outgoing: OutgoingFiles, folder: str) -> list[SentFile]:
    with office.database.begin() as work:
        require_insurer(work, insurer)
        reveal, at = revealing(office, work, insurer), office.clock.now()
        with office.forerunner.writing(outgoing, insurer, work.municipal.count_going_out(insurer)) as ahead:
            lines = OutgoingLines(office, work, insurer, ahead)
            built = municipal_desk.build_files(work.municipal, insurer, outgoing, folder, at, reveal, lines.of)
        count(**{each.file_id: each.records for each in built})
        work.commit()
        return built


def _publish(office: Office, insurer: InsurerNumber, outgoing: OutgoingFiles, folder: str) -> None:
    """Give their names to files that were committed but not yet published."""
    publish_committed_files(
        office,
        outgoing,
        lambda work: work.municipal.unpublished(insurer, folder),
        lambda work, names: work.municipal.mark_published(insurer, names),
    )


@admitted(Operation.APPLY_FILES, subject=lambda given: given["incoming"].name, insurer=insurer_of)
def apply(office: Office, insurer: InsurerNumber, incoming: IncomingFile) -> AppliedFile:
    """返却ファイルを取り込む (Q-6). One file is one transaction. Raises :class:`FileRefused` (KKH-M018 …)."""

    def take() -> AppliedFile:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            answer = municipal_desk.apply_file(work.municipal, insurer, incoming)
            count(records=answer.records, changes=len(answer.changes), contradictions=len(answer.contradictions))
            work.commit()
            return answer

    return office.database.repeated(take)


@admitted(Operation.HAND_OVER, subject=lambda given: given["insurer"], insurer=insurer_of)
def hand_over(office: Office, insurer: InsurerNumber, register: ResidentRegister) -> list[QualificationDates]:
    """資格取得日・喪失日を住民票へ渡す (Q-8). Handed over before the commit, so an interruption hands it over once more."""

    def hand() -> list[QualificationDates]:
        with office.database.begin() as work:
            require_insurer(work, insurer)
            due = municipal_desk.hand_over(work.municipal, insurer, register, office.clock.now())
            count(persons=len(due))
            work.commit()
            return due

    return office.database.repeated(hand)


@frozen
class OfficeOverview:
    """窓口の一覧: all that a clerk has to look at, and the documents to issue and to collect, as of one moment."""

    lists: OfficeLists
    documents: tuple[DocumentDue, ...]


@admitted(Operation.LIST_OFFICE, subject=lambda given: given["insurer"], insurer=insurer_of)
def overview(office: Office, insurer: InsurerNumber, *, bulk_reason: str | None = None) -> OfficeOverview:
    """:func:`lists` and :func:`documents` together; the limit holds for the sum of their rows, and one approval opens both.

    Raises :class:`NotFound` (KKH-N002); beyond the limit of a list as :func:`~kokuho_core.usecases.listings.list_findings` (S-6).
    """
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        today = office.clock.today()
        found = OfficeOverview(
            municipal_desk.office_lists(work.municipal, insurer, today),
            tuple(documents_due(work.municipal, insurer, today)),
        )
    rows = found.lists.rows + len(found.documents)
    require_short(office, Operation.LIST_OFFICE, rows, insurer, bulk_reason)
    return found


@admitted(Operation.LIST_OFFICE, subject=lambda given: given["insurer"], insurer=insurer_of)
def lists(office: Office, insurer: InsurerNumber, *, bulk_reason: str | None = None) -> OfficeLists:
    """送付待ち, 5日期限, 拒否, 食い違い, 確認事項, 候補, 引継. Raises as :func:`overview` does."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        found = municipal_desk.office_lists(work.municipal, insurer, office.clock.today())
    require_short(office, Operation.LIST_OFFICE, found.rows, insurer, bulk_reason)
    return found


@admitted(Operation.LIST_OFFICE, subject=lambda given: given["insurer"], insurer=insurer_of)
def documents(office: Office, insurer: InsurerNumber, *, bulk_reason: str | None = None) -> list[DocumentDue]:
    """資格確認書・資格情報のお知らせの要交付・要回収 (C-2 … C-5). Raises as :func:`overview` does."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        due = list(documents_due(work.municipal, insurer, office.clock.today()))
    require_short(office, Operation.LIST_OFFICE, len(due), insurer, bulk_reason)
    return due


@admitted(Operation.LIST_OFFICE, subject=lambda given: given["addressee"], insurer=insurer_of)
def person(office: Office, insurer: InsurerNumber, addressee: AddresseeNumber) -> PersonView:
    """一人の記録. Raises :class:`NotFound` (KKH-N001)."""
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        view = municipal_desk.person_view(work.municipal, insurer, addressee)
    if view is None:
        raise NotFound(Problem("KKH-N001", field="addressee_number"))
    return view
