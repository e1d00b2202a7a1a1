"""公開: files that were committed under a temporary name get their own (S-17); whoever was interrupted does it the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kokuho_core.ports.files import OutgoingFiles
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.usecases.office import Office


def publish_committed_files(
    office: Office,
    outgoing: OutgoingFiles,
    unpublished: Callable[[UnitOfWork], Sequence[str]],
    mark_published: Callable[[UnitOfWork, Sequence[str]], None],
) -> None:
    """Publish what ``unpublished`` names, and have it marked afterwards: an interruption publishes it once more.

    Raises :class:`NotFound` (KKH-F015) and :class:`SetupFault` (KKH-C020) as the folder does.
    """
    with office.database.begin(read_only=True) as work:
        names = unpublished(work)
    if not names:
        return
    outgoing.publish(*names)

    def mark() -> None:
        with office.database.begin() as work:
            mark_published(work, names)
            work.commit()

    office.database.repeated(mark)
