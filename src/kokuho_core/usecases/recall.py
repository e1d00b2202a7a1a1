"""受付済みファイルの取消し: a wrongly sent file is undone as a correction, never by forgetting (S-24, P-7).

From the recall on none of its records counts; what was known before it can still be asked. Everybody it concerned is judged anew
by the next resolve, so that the next deliveries tell each municipality the corrected state, and its sender is told in the results
of its files (KKH-G007). The sequence number stays used: the right content comes in the next file.

A later file may rest on records of this one: a correction or cancellation of a record it began, a period that only fits because
this one ended another. Then the recall is refused, naming the later files: they are recalled first, in reverse order. Whether it
is so is found by judging what would remain once more, by the rules of the reception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from attrs import evolve

from kokuho_core.access import Operation
from kokuho_core.approval import Act, Agreement, ApprovalKind
from kokuho_core.errors import Conflict, NotFound, Problem
from kokuho_core.high_cost_history import history as high_cost
from kokuho_core.household import household as households
from kokuho_core.insured_person import person as persons
from kokuho_core.ports.recall import AppliedFile, OtherMessage, Recalled
from kokuho_core.ports.stores import RecordOutcome, UnitOfWork
from kokuho_core.reception.ledger import FileResult
from kokuho_core.reception.lifecycle import refusals_of
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.approvals import Consent, ask_consent
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.returns import retell_candidates
from kokuho_core.vocabulary.codes import Decision
from kokuho_core.vocabulary.identifiers import InsurerNumber, Source

_NAMED: Final = 10
"""Later files named in a refusal at most."""


@admitted(Operation.RECALL_FILE, subject=lambda given: given["file"])
def recall(office: Office, file: str, reason: str = "") -> Recalled:
    """受付済みファイルの取消し, of this very content. ``file`` is a file name or number of the 受渡簿.

    Raises :class:`NotFound` (KKH-G008), :class:`Conflict` when later files rest on it (KKH-G006) or an application of it was
    passed on to the intermediate server (KKH-K026), :class:`NotApproved` (KKH-A007) while it waits for a second person.
    """

    def undo() -> tuple[int, Consent]:
        with office.database.begin() as work:
            found = _applied(work, file)
            _require_nothing_rests_on(work, found)
            consent = ask_consent(office, work, _act(found), reason)
            if consent.agreement is not None:
                _set_aside(office, work, found, consent.agreement)
            work.commit()
            return found.file_no, consent

    file_no, consent = office.database.repeated(undo)
    consent.require()
    return next(each for each in recalled_files(office) if each.file_no == file_no)


def _set_aside(office: Office, work: UnitOfWork, file: AppliedFile, agreement: Agreement) -> None:
    now = office.clock.now()
    work.recalls.mark_concerned(file.file_no)
    decided = work.recalls.decided_candidates(file.file_no)
    work.recalls.set_aside(file, agreement, now)
    _decide_by_what_remains(work, decided)
    told = work.files.enter(file.name, None, file.sender, b"", FileResult.REJECTED, now)
    work.files.add_outcomes(told, [RecordOutcome(0, "2", Problem("KKH-G007"))])


@admitted(Operation.SHOW_STATUS, insurer=lambda given: given["insurer"])
def recalled_files(office: Office, insurer: InsurerNumber | None = None) -> list[Recalled]:
    """取り消したファイルの一覧."""
    with office.database.begin(read_only=True) as work:
        return work.recalls.all(insurer)


def _act(file: AppliedFile) -> Act:
    content = {"fingerprint": file.fingerprint.hex(), "name": file.name}
    return Act(ApprovalKind.FILE_RECALL, f"file {file.file_no}", content, file.sender)


def _applied(work: UnitOfWork, file: str) -> AppliedFile:
    found = [work.recalls.applied(int(file))] if file.isdecimal() else work.recalls.find_applied(file)
    standing = [each for each in found if each is not None and each.recalled_at is None]
    if len(standing) != 1:
        raise NotFound(Problem("KKH-G008", field="file"))
    return standing[0]


# --- what rests on the file ---


def _require_nothing_rests_on(work: UnitOfWork, file: AppliedFile) -> None:
    if file.file_id == "KAIJO" and work.card_use.has_left(file.sender, file.file_no):
        raise Conflict(Problem("KKH-K026", field=file.name))  # the receiver knows no way to take it back (C-3)
    resting = sorted(_resting_on(work, file))
    if resting:
        raise Conflict(*(Problem("KKH-G006", field=name) for name in work.recalls.names_of(resting[:_NAMED])))


def _resting_on(work: UnitOfWork, file: AppliedFile) -> set[int]:
    """Later files with records that the reception would not have taken without this one."""
    recalls, number = work.recalls, file.file_no
    if file.file_id == "SKKOJIN":
        held = work.persons.held_by(file.sender)

        def judge(known: Sequence[Any], sent: Sequence[Any]) -> Any:
            return persons.judge_file(known, sent, held & _sources(known))

        return _refused_without(number, recalls.later_persons(number), judge)
    if file.file_id == "SKSETAI":
        return _refused_without(number, recalls.later_households(number), households.judge_file)
    if file.file_id == "KOGAKU":
        return _refused_without(number, recalls.later_months(number), high_cost.judge_file)
    if file.file_id == "KEISHIJI":
        return set(recalls.later_decisions(number))
    return _refused_without(number, recalls.later_others(number), _judge_others)


def _sources(facts: Iterable[Any]) -> frozenset[Source]:
    return frozenset(fact.source for fact in facts)


def _refused_without(
    file_no: int, subjects: Iterable[Sequence[Any]], judge: Callable[[Sequence[Any], Sequence[Any]], Any]
) -> set[int]:
    """Judge each subject's later files again, one after the other, as if ``file_no`` had never come."""
    refused: set[int] = set()
    for messages in subjects:
        known: list[Any] = []
        remaining = (message for message in messages if message.file_no != file_no)
        for received, sent in groupby(remaining, key=attrgetter("file_no")):
            listed = list(sent)
            if received > file_no and judge(known, listed):
                refused.add(received)
            known += listed
    return refused


def _judge_others(known: Sequence[OtherMessage], sent: Sequence[OtherMessage]) -> bool:
    return any(refusals_of((each.update_kind for each in known), (each.update_kind for each in sent)))


def _decide_by_what_remains(work: UnitOfWork, numbers: Iterable[str]) -> None:
    """Candidates go back to the last decision that still counts, or to none (X-18)."""
    for number in numbers:
        candidate = work.candidates.by_number(number)
        if candidate is None:
            continue
        left = work.candidates.decisions([number])
        decision = Decision(left[-1].decision) if left else None
        again = evolve(candidate, decision=decision, decided_on=left[-1].decided_on if left else None)
        work.candidates.save([again])
        work.households.mark_households([candidate.pair.entered, candidate.pair.left])
        retell_candidates(work, [again])
