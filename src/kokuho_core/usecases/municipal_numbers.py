"""自庁の個人番号: into the vault, and out of it for a file (I-5, S-3).

For the library's own store the numbers go in and out with the act itself. Who keeps everything else in tables of his own uses
:func:`notify_elsewhere` and :func:`build_elsewhere`: an installation beside his tables keeps the numbers, and its rights and
records hold for these acts too (S-4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kokuho_core.access import Operation
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.municipal_office.notification import Notification, with_numbers
from kokuho_core.ports.municipal import SentFile
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.admission import Given, admitted, count
from kokuho_core.usecases.municipal_desk import Refusals, Reveal, TakenNotice
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.register import require_insurer
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex


def insurer_of(given: Given) -> InsurerNumber | None:
    insurer: InsurerNumber = given["insurer"]
    return insurer


def sealed_in(
    office: Office, work: UnitOfWork, insurer: InsurerNumber, numbers: Sequence[IndividualNumber]
) -> list[NumberIndex]:
    """The keyed indexes of ``numbers``, in order, which are in the vault with the commit."""
    sealed = office.vault.seal(work.keys, insurer, numbers)
    work.municipal.keep_numbers(sealed)
    return [each.index for each in sealed]


def revealing(office: Office, work: UnitOfWork, insurer: InsurerNumber) -> Reveal:
    """What opens the numbers of one batch, while ``work`` lasts; raises :class:`SetupFault` (KKH-C011) for an unknown index."""

    def reveal(indexes: Sequence[NumberIndex]) -> dict[NumberIndex, IndividualNumber]:
        sealed = work.municipal.sealed_numbers(insurer, indexes)
        if not all(index in sealed for index in indexes):
            raise SetupFault(Problem("KKH-C011", field="individual_number"))
        return {index: office.vault.reveal(work.keys, each) for index, each in sealed.items()}

    return reveal


def refusals_of(office: Office, work: UnitOfWork, insurer: InsurerNumber) -> Refusals:
    """What a municipality could not send, by the layouts here and in its encoding (X-22)."""
    known = work.register().get(insurer)
    return partial(office.writability, known.encoding if known is not None else "utf-8")


def numbered(
    office: Office,
    work: UnitOfWork,
    insurer: InsurerNumber,
    notification: Notification,
    numbers: Mapping[AddresseeNumber, IndividualNumber],
) -> Notification:
    """The notice with the indexes of the numbers that came with it, which are in the vault with the commit."""
    indexes = sealed_in(office, work, insurer, list(numbers.values()))
    return with_numbers(notification, dict(zip(numbers, indexes, strict=True)))


@admitted(Operation.TAKE_NOTICE, subject=lambda given: type(given["notification"]).__name__, insurer=insurer_of)
def notify_elsewhere(
    office: Office,
    insurer: InsurerNumber,
    notification: Notification,
    numbers: Mapping[AddresseeNumber, IndividualNumber],
    take: Callable[[Notification, Refusals], TakenNotice],
) -> TakenNotice:
    """届出を自分の表に受理する: ``take`` gets the notice with its indexes, and calls the desk in a transaction of its own.

    It hands on to the desk what says of a row that it could not be sent.

    When ``take`` raises, no number is kept either. Call this inside that transaction and commit it afterwards: a number in the
    vault that nobody refers to does no harm, a reference to none would.
    Raises :class:`NotFound` (KKH-N002), and what ``take`` raises.
    """
    with office.database.begin() as work:
        require_insurer(work, insurer)
        told = numbered(office, work, insurer, notification, numbers)
        answer = take(told, refusals_of(office, work, insurer))
        count(persons=len(answer.outcome.persons), households=len(answer.outcome.households))
        work.commit()
    return answer


@admitted(Operation.BUILD_FILES, subject=lambda given: given["insurer"], insurer=insurer_of)
def build_elsewhere(
    office: Office, insurer: InsurerNumber, make: Callable[[Reveal], list[SentFile]]
) -> list[SentFile]:
    """自分の表から送付ファイルを作る: ``make`` gets what opens the numbers, and calls the desk.

    Raises :class:`NotFound` (KKH-N002), :class:`SetupFault` for a number that does not open, and what ``make`` raises.
    """
    with office.database.begin() as work:
        require_insurer(work, insurer)
        built = make(revealing(office, work, insurer))
        count(**{each.file_id: each.records for each in built})
        work.commit()
    return built
