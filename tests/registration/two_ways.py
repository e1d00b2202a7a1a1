"""二つの道: people with one record are judged from one question to the database, everybody else from four."""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

from kokuho_adapters.database.registration_store import SqlRegistrationStore
from kokuho_core.ports.registration import Judged
from kokuho_core.usecases.register import _Preparation
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber

from .counter import Counter

MANY = 10_000


def judged_both_ways(counter: Counter, insurer: str) -> tuple[list[Judged], list[Judged], int]:
    """What would be told of everybody who waits: by the short way where it can be gone, and without it; how many went it."""
    alone: dict[Addressee, object] = {}
    real = SqlRegistrationStore.lone_records

    def noted(store: SqlRegistrationStore, of: InsurerNumber, addressees: Sequence[Addressee]) -> object:
        found = real(store, of, addressees)
        alone.update(found)
        return found

    office, number = counter.office, InsurerNumber(insurer)
    with counter.installation.database.begin() as work:  # and nothing of it is committed
        work.registrations.wake_blocked(number)
        waiting = work.registrations.take_pending(number, MANY)
        step = _Preparation(office.settings.repertoire, number, work, office.clock.today())
        with mock.patch.object(SqlRegistrationStore, "lone_records", noted):
            short = step.judge(waiting)
        with mock.patch.object(SqlRegistrationStore, "lone_records", return_value={}):
            long = step.judge(waiting)
    return short, long, len(alone)
