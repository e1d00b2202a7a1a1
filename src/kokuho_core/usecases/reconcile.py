"""照合: what the receiver shows against ours, for every person and every date of the history (R-8, S-24).

Both sides come sorted by person, so they are walked side by side; memory does not grow with the partition. What the receiver
shows of the check of a person is no difference but news, and is kept (R-6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from attrs import field, frozen, mutable

from kokuho_core.access import Operation
from kokuho_core.eligibility_history.reconciliation import Difference, OurPerson, OurRecord, differences_of
from kokuho_core.entrusted_partition.exchanged import ShownRecord, Verification
from kokuho_core.errors import FileRefused, Problem
from kokuho_core.ports.registry import RegistryGateway
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import admitted, count
from kokuho_core.usecases.listings import require_short
from kokuho_core.usecases.office import BATCH, Office
from kokuho_core.usecases.register import require_insurer
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId


@mutable
class Reconciliation:
    """照合の結果. ``unexplained`` counts differences that do not go away by themselves, ``verified`` persons whose 本人確認状態
    is another now."""

    insurer_number: InsurerNumber
    at: datetime
    persons: int = 0
    records: int = 0
    agreeing: int = 0
    unexplained: int = 0
    verified: int = 0
    differences: list[Difference] = field(factory=list)

    @property
    def agrees(self) -> bool:
        return not self.differences


@admitted(Operation.RECONCILE, subject=lambda given: given["insurer"], insurer=lambda given: given["insurer"])
def reconcile(
    office: Office, insurer: InsurerNumber, gateway: RegistryGateway, *, bulk_reason: str | None = None
) -> Reconciliation:
    """照合 of one municipality. Nothing is changed but the 本人確認状態 of persons, which becomes what the receiver shows (R-6).

    Raises :class:`NotFound` (KKH-N002), :class:`FileRefused` (KKH-K011) when another municipality's record is shown, and what the
    gateway raises; with more differences than a list may have as :func:`~kokuho_core.usecases.listings.list_findings` (S-6).
    """
    found = Reconciliation(insurer, office.clock.now())
    with office.database.begin(read_only=True) as work:
        require_insurer(work, insurer)
        people: list[_Pair] = []
        for pair in _side_by_side(_ours(work, insurer), _shown(gateway, insurer)):
            people.append(pair)
            if len(people) >= BATCH:
                _compare(work, insurer, people, found)
                _verify(office, work, insurer, people, found)
                people = []
                office.progress("reconcile", found.persons)
        _compare(work, insurer, people, found)
        _verify(office, work, insurer, people, found)
    require_short(office, Operation.RECONCILE, len(found.differences), insurer, bulk_reason)
    return found


@frozen
class _Pair:
    """One person on both sides."""

    person: MunicipalInsuredId
    ours: Sequence[OurRecord]
    shown: Sequence[ShownRecord]


def _ours(work: UnitOfWork, insurer: InsurerNumber) -> Iterator[tuple[str, list[OurRecord]]]:
    for person, rows in groupby(work.registrations.ours(insurer), key=itemgetter(0)):
        yield person, [record for _, record in rows]


def _shown(gateway: RegistryGateway, insurer: InsurerNumber) -> Iterator[tuple[str, list[ShownRecord]]]:
    last = ""
    for person, rows in groupby(gateway.shown(insurer), key=lambda each: each.municipal_insured_id):
        listed = list(rows)
        if any(each.insurer_number != insurer for each in listed):
            raise FileRefused(Problem("KKH-K011", field="insurer_number"))
        if person <= last and last:
            raise FileRefused(Problem("KKH-F012", field="municipal_insured_id"))
        last = person
        yield person, listed


def _side_by_side(
    ours: Iterator[tuple[str, list[OurRecord]]], shown: Iterator[tuple[str, list[ShownRecord]]]
) -> Iterator[_Pair]:
    mine, theirs = next(ours, None), next(shown, None)
    while mine is not None or theirs is not None:
        person = min(each[0] for each in (mine, theirs) if each is not None)
        records: Sequence[OurRecord] = ()
        others: Sequence[ShownRecord] = ()
        if mine is not None and mine[0] == person:
            records, mine = mine[1], next(ours, None)
        if theirs is not None and theirs[0] == person:
            others, theirs = theirs[1], next(shown, None)
        yield _Pair(MunicipalInsuredId(person), records, others)


def _compare(work: UnitOfWork, insurer: InsurerNumber, people: Iterable[_Pair], found: Reconciliation) -> None:
    listed = list(people)
    blocked = work.registrations.blocked_days(insurer, [each.person for each in listed])
    unknown = [
        shown.record_key
        for each in listed
        for shown in each.shown
        if all(shown.record_key != ours.record_key for ours in each.ours)
    ]
    ended = work.registrations.ended(insurer, unknown) if unknown else {}
    for each in listed:
        ours = OurPerson(each.person, each.ours, blocked.get(each.person, ()), ended)
        differences = list(differences_of(ours, each.shown))
        found.persons += 1
        found.records += len(each.ours)
        found.agreeing += not differences
        found.unexplained += sum(not difference.cause.is_under_way for difference in differences)
        found.differences += differences


def _verify(
    office: Office, work: UnitOfWork, insurer: InsurerNumber, people: Sequence[_Pair], found: Reconciliation
) -> None:
    """Keep what is shown of the checks of these; some at a time, so that nothing piles up."""
    shown = {each.person: Verification(each.shown[-1].verification) for each in people if each.shown}
    known = work.registrations.registered_persons(insurer, list(shown))
    news = {person: shown[person] for person, before in known.items() if before.verification is not shown[person]}
    if not news:
        return

    def keep() -> None:
        with office.database.begin() as writing:
            writing.registrations.verify(insurer, news)
            count(persons=len(news))
            writing.commit()

    office.database.repeated(keep)
    found.verified += len(news)
