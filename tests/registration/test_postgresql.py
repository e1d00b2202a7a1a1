"""The same exchange on PostgreSQL, as the role of the daily work, bound by row-level security."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.composition import open_installation
from kokuho_adapters.database.tables import metadata, registration_version

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B
from ..prefecture.servers import Server, server
from .counter import Counter
from .test_card_use import apply, exchange, snapshot
from .test_duplicate_covers import COVER, JUNE, MAY, take

__all__ = ["server"]

KEPT = (
    "registration_version", "registration_message", "registration_batch", "registration_block", "subscriber",
    "card_registration", "card_withdrawal", "document_decision", "cover_listing", "relay_certificate",
)  # fmt: skip
_TIMES = ("recorded_at", "ended_at", "created_at", "sent_at", "settled_at", "decided_at", "processed_at")


@pytest.fixture
def both(server: Server, tmp_path: Path) -> Iterator[tuple[Counter, Counter]]:
    made = Counter(tmp_path / "postgresql", database=server.new_database())
    made.close()
    made.configuration = evolve(made.configuration, database=server.as_worker(made.configuration.database))
    made.installation = open_installation(made.configuration, clock=made.clock)
    with Counter(tmp_path / "sqlite") as other, made:
        yield other, made


def play(counter: Counter) -> None:
    counter.told(A, insured(A, "10", 1, branch_number="01"), insured(A, "20", 2), insured(A, "30", 3, name="\ue000"))
    counter.exchange()
    counter.told(A, insured(A, "10", 1, kind="2", end="2024-06-01"), insured(A, "20", 2, kind="3"))
    counter.told(B, entered(B, "70", 1, start="2024-06-01", branch_number="01"))
    for insurer in (A, B):
        counter.exchange(insurer)
    snapshot(counter, "2024-06-01", ("10", "1"))
    apply(counter)
    exchange(counter)
    take(counter, MAY, COVER)
    take(counter, JUNE, COVER)


def test_it_ends_in_the_same(both: tuple[Counter, Counter]) -> None:
    """Rules: R-1, R-3, R-8, S-1."""
    kept = []
    for counter in both:
        play(counter)
        assert [counter.reconcile(insurer).agrees for insurer in (A, B)] == [True, True]
        rows = {}
        with counter.installation.database.begin(read_only=True) as work:
            for name in KEPT:
                table = metadata.tables[name]
                columns = [column for column in table.c if column.name not in _TIMES]
                rows[name] = sorted((tuple(row) for row in work.connection.execute(select(*columns))), key=repr)
        kept.append((rows, counter.live(A), counter.live(B)))
    assert kept[0] == kept[1]


def test_another_municipality_sees_nothing_of_it(both: tuple[Counter, Counter]) -> None:
    """Rules: S-1, R-1."""
    for counter in both:
        play(counter)
        for scope, expected in ((A, {A}), (B, {B})):
            with counter.installation.database.begin(scope=scope) as work:
                found = set(work.connection.execute(select(registration_version.c.insurer_number)).scalars())
            assert found == expected


def test_a_version_is_never_changed_or_deleted(both: tuple[Counter, Counter]) -> None:
    """Rules: R-8, S-24."""
    for counter in both:
        play(counter)
        for statement in ("delete from registration_version", "update registration_version set content = '[]'"):
            with counter.installation.database.begin() as work, pytest.raises(DBAPIError, match="only ends"):
                work.connection.execute(text(statement))
