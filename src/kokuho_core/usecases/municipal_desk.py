"""自庁の手順 over the ports alone, for whoever keeps the store: notices in, files out, what comes back taken in (Q-1, Q-6, Q-8).

A vendor with tables of his own calls these inside his transaction. The library's own store goes through
:mod:`kokuho_core.usecases.municipal_office`, which asks for rights and records the act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, islice
from operator import attrgetter
from typing import Any, Final

from attrs import evolve, field, frozen

from kokuho_core.errors import FileRefused, NotificationRefused, Problem, RecordRefused
from kokuho_core.household.record import HOUSEHOLD_KEYS, HouseholdRecord
from kokuho_core.insured_person.record import PERSON_KEYS, PersonRecord
from kokuho_core.municipal_office.acceptance import Outcome, accept, named_household, named_persons
from kokuho_core.municipal_office.desk import Ground, Known
from kokuho_core.municipal_office.history_row import HouseholdRow, PersonRow
from kokuho_core.municipal_office.notification import Notification, Withdrawn
from kokuho_core.municipal_office.other_rows import OTHER_KEYS, OtherRecord, OtherRow, identity_of, stated, withdrawn
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.municipal_office.returned import (
    CarryOver,
    Contradiction,
    QualificationDates,
    ReturnedChange,
    ReturnedItem,
    carry_overs,
    changed,
    contradictions,
    item_of,
    qualification_dates,
    taken,
)
from kokuho_core.ports.files import Columns, IncomingFile, OutgoingFiles, PreparedLines, ReadRecord
from kokuho_core.ports.municipal import (
    CutOver,
    HistoryAndHandOvers,
    HistoryAndOthers,
    HistoryAndResults,
    HouseholdMessage,
    Notice,
    OtherMessage,
    OtherRows,
    OutgoingRows,
    OwnHistory,
    PersonMessage,
    ResidentRegister,
    ReturnedResults,
    SentFile,
    SentLine,
    WaitingSubject,
)
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.returning.rows import ROW_TYPES, KohikekkaRow, KohikiRow, TokusoRow, row_keys
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex

BATCH: Final = 1000
SENT_FILES: Final = ("SKSETAI", "SKKOJIN", "KOGAKU", "SHOTOKU", "FUZOKU")
"""Files of the office, in the order in which they are sent."""
SENT_KEYS: Final[Mapping[str, Sequence[str]]] = {"SKSETAI": HOUSEHOLD_KEYS, "SKKOJIN": PERSON_KEYS, **OTHER_KEYS}
"""What a line of each says, in the order of its record's attributes."""
REGISTRATION_DAYS: Final = 5
"""中間サーバーへの登録期限: calendar days after the notice (R-5; 令和5年6月 省令改正)."""

Refusals = Callable[[str, Sequence[str], "Iterable[Sequence[Any]]"], Sequence[Problem]]
"""What of the rows of a kind of file, given by keys, could not be written (:class:`~kokuho_core.ports.files.Writability`)."""
Reveal = Callable[[Sequence[NumberIndex]], "dict[NumberIndex, IndividualNumber]"]
"""Opens the individual numbers of one batch of records."""
Lines = Callable[[str], "Iterator[Columns | PreparedLines]"]
"""The lines of one kind of file, many at a time, as :meth:`~kokuho_core.ports.files.OutgoingFiles.write_columns` takes them: for
each key of :data:`SENT_KEYS` the values of all, numbers in clear (I-5)."""


# --- notices ---


@frozen
class TakenNotice:
    """受理した届出 with what it led to."""

    number: int
    outcome: Outcome


def take_notice(
    store: OwnHistory,
    insurer: InsurerNumber,
    notification: Notification,
    at: datetime,
    rules: DateRules | None = None,
    refusals: Refusals | None = None,
) -> TakenNotice:
    """Accept a notice and keep what follows. Raises :class:`NotificationRefused`; then nothing was kept.

    ``refusals`` says what of the rows could not be written: a name that is too long, a number that is none (KKH-V…, KKH-F010).
    """
    household = named_household(notification)
    if isinstance(notification, Withdrawn) and notification.notice_number < 1:
        raise NotificationRefused(Problem("KKH-M015", field="notice_number"))
    known = known_here(
        store,
        insurer,
        named_persons(notification),
        () if household is None else (household,),
        notification.notice_number if isinstance(notification, Withdrawn) else None,
    )
    number = store.next_notice(insurer)
    outcome = accept(notification, known, number, at, rules)
    if refusals is not None and (problems := _unwritable(outcome, number, refusals)):
        raise NotificationRefused(*problems)
    kind = type(notification).__name__
    notice = Notice(number, kind, notification.event_on, notification.notified_on, at, outcome.grounds)
    store.keep(insurer, notice, outcome.persons, outcome.households)
    return TakenNotice(number, outcome)


def _unwritable(outcome: Outcome, notice: int, refusals: Refusals) -> list[Problem]:
    """What could not be sent of the rows that this notice made or changed, each code and field once."""
    persons = [row.record for each in outcome.persons for row in each.live_rows if row.changed_by == notice]
    households = [row.record for each in outcome.households for row in each.live_rows if row.changed_by == notice]
    found = [
        *refusals("SKKOJIN", PERSON_KEYS, map(_person_values, persons)),
        *refusals("SKSETAI", HOUSEHOLD_KEYS, map(attrgetter(*HOUSEHOLD_KEYS), households)),
    ]
    return list(dict.fromkeys(problem.at(0) for problem in found))


def known_here(
    store: OwnHistory,
    insurer: InsurerNumber,
    persons: Iterable[AddresseeNumber],
    households: Iterable[HouseholdNumber] = (),
    notice: int | None = None,
) -> Known:
    """関係世帯: these, those ``notice`` concerned, their households, and everybody who ever belonged to one of them (Q-1)."""
    named, homes = set(persons), set(households)
    if notice is not None:
        concerned = store.concerned_by(insurer, notice)
        named |= concerned[0]
        homes |= concerned[1]
    homes |= store.homes_of(insurer, named)
    named |= store.ever_in(insurer, homes)
    return Known(
        insurer,
        {each.addressee_number: each for each in store.persons(insurer, named)},
        {each.household_number: each for each in store.households(insurer, homes)},
        store.insurers(),
    )


def state_other(
    store: HistoryAndOthers,
    insurer: InsurerNumber,
    file_id: str,
    record: OtherRecord,
    refusals: Refusals | None = None,
) -> OtherRow:
    """付属証・所得区分・高額該当月 as they stand now.

    Raises :class:`NotificationRefused`: KKH-P007, KKH-M005, KKH-M007, and what ``refusals`` says as :func:`take_notice`.
    """
    _require_known(store, insurer, record)
    keys = OTHER_KEYS[file_id]
    if refusals is not None and (problems := refusals(file_id, keys, [attrgetter(*keys)(record)])):
        raise NotificationRefused(*(problem.at(0) for problem in problems))
    row = stated(store.other(insurer, file_id, identity_of(record)), file_id, record)
    store.keep_other(insurer, row)
    return row


def withdraw_other(store: OtherRows, insurer: InsurerNumber, file_id: str, identity: str) -> OtherRow:
    """取消. Raises :class:`NotificationRefused` (KKH-R001)."""
    row = withdrawn(store.other(insurer, file_id, identity))
    store.keep_other(insurer, row)
    return row


def _require_known(store: OwnHistory, insurer: InsurerNumber, record: OtherRecord) -> None:
    addressee = getattr(record, "addressee_number", None)
    household = getattr(record, "household_number", None)
    if addressee is not None and not any(True for _ in store.persons(insurer, (addressee,))):
        raise NotificationRefused(Problem("KKH-M005", field="addressee_number"))
    if household is not None and not any(True for _ in store.households(insurer, (household,))):
        raise NotificationRefused(Problem("KKH-M007", field="household_number"))


# --- cut-over ---


@frozen
class LoadedFile:
    """初期移行の結果 of one file: what was taken over, and the records that could not be."""

    file: str
    file_id: str
    records: int
    problems: tuple[Problem, ...]


Seal = Callable[[Sequence[IndividualNumber]], Sequence[NumberIndex]]
"""Puts the individual numbers of one batch into the vault."""


def load_file(
    store: CutOver, insurer: InsurerNumber, incoming: IncomingFile, at: datetime, seal: Seal, *, is_sent: bool
) -> LoadedFile:
    """初期移行: take over the history of an older system from its SKKOJIN or SKSETAI file, as a stream.

    ``is_sent``: the aggregation knows it already; else all of it waits to be sent as new.
    Raises :class:`FileRefused`: KKH-M018 another municipality's or kind of file, KKH-M020 after the first notice.
    """
    header = incoming.header()
    if header.sender != insurer or header.file_id not in ("SKKOJIN", "SKSETAI"):
        raise FileRefused(Problem("KKH-M018"))
    if not store.begin_load(insurer, at):
        raise FileRefused(Problem("KKH-M020"))
    keys = PERSON_KEYS if header.file_id == "SKKOJIN" else HOUSEHOLD_KEYS
    problems: list[Problem] = []
    total = 0
    records = incoming.records(keys)
    while batch := list(islice(records, BATCH)):
        total += len(batch)
        good = [each for each in batch if not each.problems]
        problems += [problem for each in batch for problem in each.problems]
        if header.file_id == "SKKOJIN":
            store.load_persons(insurer, _loaded_persons(good, problems, seal, is_sent=is_sent), at)
        else:
            store.load_households(insurer, _loaded_households(good, problems, is_sent=is_sent), at)
    return LoadedFile(incoming.name, header.file_id, total, tuple(problems))


def _loaded_persons(
    batch: Iterable[ReadRecord], problems: list[Problem], seal: Seal, *, is_sent: bool
) -> Iterator[PersonRow]:
    made: list[PersonRecord] = []
    for each in batch:
        try:
            made.append(PersonRecord(*each.values))
        except RecordRefused as refusal:
            problems += [problem.at(each.line) for problem in refusal.problems]
    numbers = [n for record in made for n in (record.individual_number, record.previous_individual_number) if n is not None]
    indexes = iter(seal(numbers))
    rows: dict[tuple[str, int], PersonRow] = {}
    for record in made:
        number = next(indexes) if record.individual_number is not None else None
        previous = next(indexes) if record.previous_individual_number is not None else None
        bare = evolve(record, update_kind="1", individual_number=None, previous_individual_number=None)
        is_cancelled = record.update_kind == UpdateKind.CANCELLATION
        waits = not is_sent and not is_cancelled
        row = PersonRow(bare, 0, 0, is_cancelled, is_sent, waits, number, previous)
        rows[record.addressee_number, record.history_number] = row  # the last of a batch stands
    yield from rows.values()


def _loaded_households(batch: Iterable[ReadRecord], problems: list[Problem], *, is_sent: bool) -> Iterator[HouseholdRow]:
    rows: dict[tuple[str, int], HouseholdRow] = {}
    for each in batch:
        try:
            record = HouseholdRecord(*each.values)
        except RecordRefused as refusal:
            problems += [problem.at(each.line) for problem in refusal.problems]
            continue
        is_cancelled = record.update_kind == UpdateKind.CANCELLATION
        row = HouseholdRow(evolve(record, update_kind="1"), 0, 0, is_cancelled, is_sent, not is_sent and not is_cancelled)
        rows[record.household_number, record.history_number] = row
    yield from rows.values()


# --- sending ---


def build_files(
    store: OutgoingRows,
    insurer: InsurerNumber,
    outgoing: OutgoingFiles,
    folder: str,
    at: datetime,
    reveal: Reveal,
    lines: Lines | None = None,
) -> list[SentFile]:
    """Write what waits, one file of each kind (Q-1). Files are published by :func:`publish_files`, after the commit.

    ``lines``: of a store that can give those of a whole file without making an object of each row.
    """
    built = []
    for file_id in SENT_FILES:
        given: Iterator[Any] = lines(file_id) if lines is not None else _rows(store, insurer, file_id, reveal)
        first = next(given, None)
        if first is None:
            continue
        sequence = store.next_sequence(insurer, file_id)
        write = outgoing.write_columns if lines is not None else outgoing.write
        name, records = write(file_id, insurer, at, sequence, SENT_KEYS[file_id], chain([first], given))
        file = SentFile(file_id, sequence, name, records, at, is_published=False)
        store.mark_sent(insurer, file, folder)
        built.append(file)
    return built


def publish_files(store: OutgoingRows, insurer: InsurerNumber, outgoing: OutgoingFiles, folder: str) -> list[str]:
    """Give their names to files that were committed and not yet published; once more does no harm (S-17). Their names."""
    names = store.unpublished(insurer, folder)
    for name in names:
        outgoing.publish(name)
    store.mark_published(insurer, names)
    return names


def _rows(store: OutgoingRows, insurer: InsurerNumber, file_id: str, reveal: Reveal) -> Iterator[Sequence[Any]]:
    match file_id:
        case "SKKOJIN":
            return _person_rows(store.waiting_persons(insurer), reveal)
        case "SKSETAI":
            return _household_rows(store.waiting_households(insurer))
        case _:
            return _other_rows(store.waiting_others(insurer, file_id), OTHER_KEYS[file_id])


_KIND: Final = PERSON_KEYS.index("update_kind")
NUMBER_PLACE: Final = PERSON_KEYS.index("individual_number")
PREVIOUS_NUMBER_PLACE: Final = PERSON_KEYS.index("previous_individual_number")
"""Where the individual numbers of a line of SKKOJIN belong."""


_person_values: Final = attrgetter(*PERSON_KEYS)


def _person_rows(messages: Iterator[PersonMessage], reveal: Reveal) -> Iterator[Sequence[Any]]:
    """The numbers are in clear between here and the file alone, a batch at a time (I-5)."""
    while batch := list(islice(messages, BATCH)):
        wanted = {each for _, row in batch for each in (row.number, row.previous_number) if each is not None}
        numbers = reveal(sorted(wanted)) if wanted else {}
        for kind, row in batch:
            values = list(_person_values(row.record))
            values[_KIND] = kind.value
            if row.number is not None:
                values[NUMBER_PLACE] = numbers[row.number]
            if row.previous_number is not None:
                values[PREVIOUS_NUMBER_PLACE] = numbers[row.previous_number]
            yield values


def _household_rows(messages: Iterator[HouseholdMessage]) -> Iterator[Sequence[Any]]:
    for kind, row in messages:
        yield [kind.value if key == "update_kind" else getattr(row.record, key) for key in HOUSEHOLD_KEYS]


def _other_rows(messages: Iterator[OtherMessage], keys: Sequence[str]) -> Iterator[Sequence[Any]]:
    for kind, row in messages:
        yield [kind.value if key == "update_kind" else getattr(row.record, key) for key in keys]


# --- what comes back ---


@frozen
class RefusedLine:
    """拒否または保留されたレコード of ours; ``line`` 0 is the whole file."""

    file: str
    line: int
    subject: str | None
    result: str
    error_code: str | None
    error_field: str | None


@frozen
class AppliedFile:
    """取込結果 of one returned file: what changed, and what contradicts our own rows (Q-6)."""

    file: str
    file_id: str
    records: int
    changes: tuple[ReturnedChange, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    refused: tuple[RefusedLine, ...] = ()
    problems: tuple[Problem, ...] = ()


_RESULT_KEYS: Final = ("insurer_number", "source_file", "line", "result", "error_code", "error_field")
_ACCEPTED: Final = "1"
_REFUSED: Final = "2"
_HELD: Final = "3"


def apply_file(store: HistoryAndResults, insurer: InsurerNumber, incoming: IncomingFile) -> AppliedFile:
    """Take one returned file in. Repeating it changes nothing, and the order of files does not matter.

    Raises :class:`FileRefused`: KKH-M018 for another municipality or of another kind, and what reading finds.
    """
    header = incoming.header()
    if header.sender != insurer or header.file_id not in (*ROW_TYPES, "SHOKEKKA"):
        raise FileRefused(Problem("KKH-M018"))
    if header.file_id == "SHOKEKKA":
        return _apply_results(store, insurer, incoming)
    keys, kind = row_keys(header.file_id), ROW_TYPES[header.file_id]
    changes: list[ReturnedChange] = []
    contradicting: list[Contradiction] = []
    problems: list[Problem] = []
    total = 0
    records = incoming.records(keys)
    while batch := list(islice(records, BATCH)):
        total += len(batch)
        problems += [problem for record in batch for problem in record.problems]
        told = [item_of(kind(*each.values), header.sequence, each.line) for each in batch if not each.problems]
        known = dict(store.returned(insurer, header.file_id, [each.item for each in told]))
        kept = {}
        for each in told:
            item = taken(known.get(each.item), each)
            if item is None:
                continue
            change = changed(known.get(each.item), item)
            known[each.item] = kept[each.item] = item
            if change is not None:
                changes.append(change)
        store.keep_returned(insurer, kept.values())
        contradicting += _contradicted(store, insurer, {each.item for each in kept.values()}, header.file_id, kept)
    return AppliedFile(incoming.name, header.file_id, total, tuple(changes), tuple(contradicting), (), tuple(problems))


def _contradicted(
    store: OwnHistory, insurer: InsurerNumber, items: set[str], file_id: str, kept: dict[str, Any]
) -> list[Contradiction]:
    """Contradictions of the rows just taken in, and people we do not know."""
    if file_id not in ("TOKUSO", "HIHOID") or not kept:
        return []
    by_person: dict[AddresseeNumber, list[TokusoRow]] = {}
    for item in kept.values():
        rows = by_person.setdefault(AddresseeNumber(item.subject), [])
        if isinstance(item.row, TokusoRow):
            rows.append(item.row)
    persons = {each.addressee_number: each for each in store.persons(insurer, by_person)}
    found = []
    for addressee, rows in sorted(by_person.items()):
        person = persons.get(addressee)
        if person is None and not rows:
            found.append(Contradiction("KKH-M016", addressee, "addressee_number", date.min, None, None))
        found += contradictions(addressee, person, rows)
    return found


def _apply_results(store: OutgoingRows, insurer: InsurerNumber, incoming: IncomingFile) -> AppliedFile:
    """処理結果: plain acceptance needs nothing; what was refused is listed, and sent as new again when it is corrected."""
    refused: list[RefusedLine] = []
    total = 0
    for record in incoming.records(_RESULT_KEYS):
        total += 1
        if record.problems:
            continue
        _, source, line, result, code, field_name = record.values
        if result not in (_REFUSED, _HELD):
            continue
        if line == 0:
            if result == _REFUSED and store.refuse_file(insurer, source):
                refused.append(RefusedLine(source, 0, None, result, code, field_name))
            continue
        sent = store.sent_line(insurer, source, line)
        if sent is not None and (sent.result, sent.error_code) == (result, code):
            continue
        if sent is not None:
            told = evolve(sent, result=result, error_code=code, error_field=field_name)
            store.answer_line(insurer, source, told)
        refused.append(RefusedLine(source, line, sent.subject if sent is not None else None, result, code, field_name))
    return AppliedFile(incoming.name, "SHOKEKKA", total, refused=tuple(refused))


# --- the resident register ---


def hand_over(
    store: HistoryAndHandOvers, insurer: InsurerNumber, register: ResidentRegister, at: datetime
) -> list[QualificationDates]:
    """住民票への引渡し (Q-8): dates that are new or other than those handed over last."""
    due: list[QualificationDates] = []
    persons = store.persons(insurer)
    while batch := list(islice(persons, BATCH)):
        numbers = [each.addressee_number for each in batch]
        told = _tokuso(store, insurer, numbers)
        before = store.handed_over(insurer, numbers)
        for person in batch:
            dates = qualification_dates(person, told.get(person.addressee_number, ()))
            if dates is not None and dates != before.get(person.addressee_number):
                due.append(dates)
    if due:
        register.hand_over(insurer, due, at)
        store.keep_handed_over(insurer, due)
    return due


def _tokuso(
    store: ReturnedResults, insurer: InsurerNumber, addressees: Iterable[AddresseeNumber]
) -> dict[AddresseeNumber, list[TokusoRow]]:
    found: dict[AddresseeNumber, list[TokusoRow]] = {}
    for item in store.returned_of(insurer, "TOKUSO", addressees):
        if isinstance(item.row, TokusoRow):
            found.setdefault(AddresseeNumber(item.subject), []).append(item.row)
    return found


# --- lists ---


@frozen
class DueSubject:
    """5日以内の登録期限 of somebody whose change has not been sent (R-5)."""

    waiting: WaitingSubject
    due_on: date
    is_overdue: bool


@frozen
class CameBack:
    """返却されたもの: how many items of one kind of file are known, and the 連番 of the last file that told of one."""

    file_id: str
    items: int
    last_sequence: int


@frozen
class Reconciled:
    """照合: our application periods beside those the aggregation told (Q-6). Each is in agreement, contradicted or awaited."""

    periods: int
    agreeing: int
    contradicted: int
    awaited: int
    strangers: int
    """People the aggregation told of whom we do not know."""


@frozen
class OfficeLists:
    """一覧: what waits to be sent and by when, what came back, what was refused or contradicts, and both sides compared."""

    waiting: tuple[DueSubject, ...] = ()
    refused: tuple[tuple[str, SentLine], ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    awaited: tuple[tuple[AddresseeNumber, date], ...] = field(default=())
    """Application periods of which the aggregation has told nothing yet (Q-6)."""
    findings: tuple[Any, ...] = ()
    """Open findings of 確認リスト."""
    candidates: tuple[Any, ...] = ()
    """継続候補 that wait for a decision here."""
    carry_overs: tuple[CarryOver, ...] = ()
    came_back: tuple[CameBack, ...] = ()
    reconciled: Reconciled = Reconciled(0, 0, 0, 0, 0)

    @property
    def rows(self) -> int:
        """件数: how many rows tell of somebody; what is only counted is none (S-6)."""
        told = (self.waiting, self.refused, self.contradictions, self.awaited, self.findings, self.candidates, self.carry_overs)
        return sum(map(len, told))


def office_lists(store: HistoryAndResults, insurer: InsurerNumber, today: date) -> OfficeLists:
    """Everything a clerk has to look at."""
    waiting = []
    for each in store.waiting(insurer):
        due_on = each.notified_on + timedelta(days=REGISTRATION_DAYS)
        waiting.append(DueSubject(each, due_on, is_overdue=due_on < today))
    found: list[Contradiction] = []
    awaited: list[tuple[AddresseeNumber, date]] = []
    known: set[AddresseeNumber] = set()
    periods = contradicted = 0
    persons = store.persons(insurer)
    while batch := list(islice(persons, BATCH)):
        told = _tokuso(store, insurer, [each.addressee_number for each in batch])
        for person in batch:
            known.add(person.addressee_number)
            rows = told.get(person.addressee_number, [])
            amiss = contradictions(person.addressee_number, person, rows)
            found += amiss
            own = {period.days.start for period in person.application_periods() if not period.days.is_empty}
            periods += len(own)
            contradicted += len(own & {each.application_start for each in amiss})
            awaited += [(person.addressee_number, start) for start in sorted(own - {row.application_start for row in rows})]
    came_back = _CameBack(store, insurer)
    strangers: set[str] = set()
    for item in came_back.items("TOKUSO"):
        if item.subject not in known and isinstance(item.row, TokusoRow):
            strangers.add(item.subject)
            found += contradictions(AddresseeNumber(item.subject), None, [item.row])
    results = [each.row for each in came_back.items("KOHIKEKKA") if isinstance(each.row, KohikekkaRow)]
    months = [each.row for each in came_back.items("KOHIKI") if isinstance(each.row, KohikiRow)]
    findings = tuple(each.row for each in came_back.items("KAKUNIN") if getattr(each.row, "status", "") == "1")
    candidates = tuple(each.row for each in came_back.items("KEIKOHO") if getattr(each.row, "status", "") == "1")
    agreeing = periods - contradicted - len(awaited)
    return OfficeLists(
        waiting=tuple(waiting),
        refused=tuple(store.refused_lines(insurer)),
        contradictions=tuple(found),
        awaited=tuple(awaited),
        findings=findings,
        candidates=candidates,
        carry_overs=tuple(carry_overs(results, months)),
        came_back=came_back.counted(),
        reconciled=Reconciled(periods, agreeing, contradicted, len(awaited), len(strangers)),
    )


class _CameBack:
    """Returned items as they are read, counted on the way."""

    def __init__(self, store: ReturnedResults, insurer: InsurerNumber) -> None:
        self._store, self._insurer = store, insurer
        self._counts: dict[str, CameBack] = {}

    def items(self, file_id: str) -> Iterator[ReturnedItem]:
        number = last = 0
        for item in self._store.returned_of(self._insurer, file_id):
            number, last = number + 1, max(last, item.sequence)
            yield item
        self._counts[file_id] = CameBack(file_id, number, last)

    def counted(self) -> tuple[CameBack, ...]:
        """Every kind of file of which something came; what was not read so far is read now."""
        for file_id in ROW_TYPES.keys() - self._counts.keys():
            for _ in self.items(file_id):
                pass
        return tuple(each for file_id in ROW_TYPES if (each := self._counts[file_id]).items)


@frozen
class PersonView:
    """一人の記録: our own history beside what the aggregation told (Q-6)."""

    person: OwnPerson
    notices: tuple[Notice, ...]
    qualifications: tuple[TokusoRow, ...]
    """The prefecture's rows of periods that we have."""
    insured_id: Any
    findings: tuple[Any, ...]
    contradictions: tuple[Contradiction, ...]
    dates: QualificationDates | None

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """The rule behind each date of this person, by notice."""
        mine = self.person.addressee_number
        return tuple(each for notice in self.notices for each in notice.grounds if each.addressee_number == mine)


def person_view(store: HistoryAndResults, insurer: InsurerNumber, addressee: AddresseeNumber) -> PersonView | None:
    """Everything known of one person here, None for nobody."""
    person = next(iter(store.persons(insurer, (addressee,))), None)
    if person is None:
        return None
    rows = _tokuso(store, insurer, (addressee,)).get(addressee, [])
    starts = {period.days.start for period in person.application_periods()}
    ids = [each.row for each in store.returned_of(insurer, "HIHOID", (addressee,))]
    return PersonView(
        person,
        tuple(store.notices(insurer, addressee)),
        tuple(sorted((row for row in rows if row.application_start in starts), key=lambda row: row.application_start)),
        ids[0] if ids else None,
        tuple(each.row for each in store.returned_of(insurer, "KAKUNIN", (addressee,))),
        tuple(contradictions(addressee, person, rows)),
        qualification_dates(person, rows),
    )
