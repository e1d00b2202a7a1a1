"""安全弁: whether a file may take effect by itself, and what becomes of one that may not (S-28, S-7).

A file behind closed gates is held with its content encrypted; nothing of it is applied, and later files of its sender wait for
it. Two people release it, or one refuses it, whereupon its sequence number is free for a file that is right.
"""

from __future__ import annotations

from collections.abc import Sequence

from kokuho_core.access import Operation
from kokuho_core.approval import Act, ApprovalKind
from kokuho_core.errors import NotFound, Problem
from kokuho_core.gates.thresholds import GateStop, closed_gates
from kokuho_core.ports.files import FileHeader
from kokuho_core.ports.gates import StoppedFile, StopState
from kokuho_core.ports.stores import RecordOutcome, UnitOfWork
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases.admission import admitted, operator_of
from kokuho_core.usecases.approvals import Consent, ask_consent
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import InsurerNumber


class GatesClosed(Exception):
    """安全弁が閉じた: undoes what was received so far; the file is held instead."""

    def __init__(self, stops: Sequence[GateStop]) -> None:
        self.stops = tuple(stops)
        super().__init__(", ".join(stop.code for stop in stops))


def pass_gates(office: Office, work: UnitOfWork, header: FileHeader, file_no: int, records: int, held: int | None) -> None:
    """Judge the file that was just received, before it is committed. Raises :class:`GatesClosed`.

    The first file of a sender meets no gate: there is nothing it could change. ``held`` is the number under which it waited; if
    two people released that, it passes.
    """
    limits = office.settings.gates.limits_of(header.sender)
    if header.sequence == 1 or records < limits.smallest:
        return
    if held is not None and work.gates.is_released(held):
        return
    stops = closed_gates(work.gates.measure(file_no, header.sender, header.file_id, limits), limits)
    if stops:
        raise GatesClosed(stops)


@admitted(Operation.SHOW_STATUS, insurer=lambda given: given["insurer"])
def stopped_files(
    office: Office, insurer: InsurerNumber | None = None, *, stopped_only: bool = True
) -> list[StoppedFile]:
    """安全弁で停止したファイル, with what was measured."""
    with office.database.begin(read_only=True) as work:
        return list(work.gates.files(insurer, stopped_only=stopped_only))


def _release_of(stopped: StoppedFile) -> Act:
    """What two people must agree to: to let this very content through these gates."""
    measured = ",".join(
        f"{stop.code}:{stop.measure.field}:{stop.measure.affected}/{stop.measure.standing}" for stop in stopped.stops
    )
    content = {"fingerprint": stopped.fingerprint.hex(), "measured": measured}
    return Act(ApprovalKind.HOLD_RELEASE, f"file {stopped.file_no}", content, stopped.insurer_number)


@admitted(Operation.RELEASE_GATE, subject=lambda given: str(given["file_no"]))
def release_stopped(office: Office, file_no: int, reason: str = "") -> StoppedFile:
    """安全弁の解除. The file is applied by the next :func:`~kokuho_core.usecases.receive.release_held`, in its turn.

    Raises :class:`NotFound` (KKH-G005), :class:`NotApproved` (KKH-A007) while it waits for a second person.
    """

    def release() -> Consent:
        with office.database.begin() as work:
            consent = ask_consent(office, work, _release_of(_stopped(work, file_no)), reason)
            agreed = consent.agreement
            if agreed is not None:
                now = office.clock.now()
                work.gates.settle(file_no, StopState.RELEASED, agreed.asked_by, agreed.agreed_by, agreed.reason, now)
            work.commit()
            return consent

    office.database.repeated(release).require()
    return _found(office, file_no)


@admitted(Operation.RELEASE_GATE, subject=lambda given: str(given["file_no"]))
def refuse_stopped(office: Office, file_no: int, reason: str) -> StoppedFile:
    """差戻し: the file is not applied, and its sender is told (KKH-G004). One person suffices: it takes nothing from anybody.

    Raises :class:`NotFound` (KKH-G005).
    """

    def refuse() -> None:
        with office.database.begin() as work:
            stopped = _stopped(work, file_no)
            now = office.clock.now()
            work.gates.settle(file_no, StopState.REFUSED, operator_of(office), None, reason, now)
            work.files.release(file_no)
            told = work.files.enter(stopped.name, None, stopped.insurer_number, b"", FileResult.REJECTED, now)
            work.files.add_outcomes(told, [RecordOutcome(0, "2", Problem("KKH-G004"))])
            work.commit()

    office.database.repeated(refuse)
    return _found(office, file_no)


def _stopped(work: UnitOfWork, file_no: int) -> StoppedFile:
    found = work.gates.find(file_no)
    if found is None or found.state is not StopState.STOPPED:
        raise NotFound(Problem("KKH-G005", field="file_no"))
    return found


def _found(office: Office, file_no: int) -> StoppedFile:
    with office.database.begin(read_only=True) as work:
        found = work.gates.find(file_no)
    if found is None:
        raise NotFound(Problem("KKH-G005", field="file_no"))
    return found
