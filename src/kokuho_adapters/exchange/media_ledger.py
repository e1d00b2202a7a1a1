"""媒体の受渡簿: which packages were handed over, by whom, when, what and to whom, and whether they came back (S-33).

Entries are only added: a handover, and later its settlement (返却 or 廃棄). Reconciliation is the difference of the two.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from enum import Enum

from attrs import frozen
from sqlalchemy import Connection, and_, insert, select
from sqlalchemy.exc import IntegrityError

from kokuho_adapters.database.tables import media_handover, media_settlement
from kokuho_adapters.exchange.manifest import ListedFile, Manifest
from kokuho_adapters.exchange.staging import Digest
from kokuho_core.errors import Conflict, InvalidValue, NotFound, Problem


class Direction(Enum):
    """受渡の向き, seen from here."""

    OUT = "out"
    IN = "in"


class Settlement(Enum):
    """返却・廃棄."""

    RETURNED = "returned"
    DESTROYED = "destroyed"


@frozen
class Handover:
    """受渡簿の一件. ``number`` is that of the manifest; ``insurer_number`` the other side; ``medium`` its label.

    ``due_on`` is the day by which the medium must be back or destroyed, None where it is not expected back. Times are local.
    """

    number: str
    direction: Direction
    insurer_number: str
    package: str
    digest: Digest
    files: tuple[ListedFile, ...]
    medium: str
    handed_by: str
    handed_at: datetime
    due_on: date | None = None
    outcome: Settlement | None = None
    settled_by: str | None = None
    settled_at: datetime | None = None

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        direction: Direction,
        package: str,
        digest: Digest,
        medium: str,
        handed_by: str,
        handed_at: datetime,
        due_on: date | None = None,
    ) -> Handover:
        """The entry for a package made or opened here. Raises :class:`InvalidValue` (KKH-C010) without medium or person."""
        for name, value in (("medium", medium), ("by", handed_by)):
            if not value.strip() or not value.isprintable() or len(value) > 80:
                raise InvalidValue(Problem("KKH-C010", field=name))
        other = manifest.addressee if direction is Direction.OUT else manifest.sender
        return cls(
            manifest.number, direction, other, package, digest, manifest.files, medium, handed_by, handed_at, due_on
        )

    def is_overdue(self, today: date) -> bool:
        """Whether it should have been settled before ``today``."""
        return self.outcome is None and self.due_on is not None and self.due_on < today


@frozen
class MediaLedger:
    """受渡簿 on one connection, whose transaction belongs to the caller."""

    connection: Connection

    def enter(self, handover: Handover) -> None:
        """Raises :class:`Conflict` (KKH-E012) when the package stands there already."""
        files = [[each.name, each.digest.size, each.digest.sha256] for each in handover.files]
        try:
            self.connection.execute(
                insert(media_handover).values(
                    number=handover.number,
                    direction=handover.direction.value,
                    insurer_number=handover.insurer_number,
                    package=handover.package,
                    size=handover.digest.size,
                    sha256=handover.digest.sha256,
                    files=json.dumps(files, ensure_ascii=False),
                    medium=handover.medium,
                    handed_by=handover.handed_by,
                    handed_at=handover.handed_at,
                    due_on=handover.due_on,
                )
            )
        except IntegrityError:
            raise Conflict(Problem("KKH-E012", field=handover.number)) from None

    def settle(self, number: str, direction: Direction, outcome: Settlement, by: str, moment: datetime) -> None:
        """返却または廃棄. Raises :class:`NotFound` (KKH-E012) for an unknown number, :class:`Conflict` when it is settled."""
        if not by.strip() or not by.isprintable() or len(by) > 80:
            raise InvalidValue(Problem("KKH-C010", field="by"))
        known = [each for each in self.entries() if (each.number, each.direction) == (number, direction)]
        if not known:
            raise NotFound(Problem("KKH-E012", field="number"))
        if known[0].outcome is not None:
            raise Conflict(Problem("KKH-E012", field=number))
        self.connection.execute(
            insert(media_settlement).values(
                number=number, direction=direction.value, outcome=outcome.value, settled_by=by, settled_at=moment
            )
        )

    def entries(self, insurer: str | None = None) -> list[Handover]:
        """All entries, or those with one municipality, in the order of handing over."""
        handed, settled = media_handover.c, media_settlement.c
        same = and_(handed.number == settled.number, handed.direction == settled.direction)
        query = select(media_handover, settled.outcome, settled.settled_by, settled.settled_at).outerjoin(
            media_settlement, same
        )
        if insurer is not None:
            query = query.where(handed.insurer_number == insurer)
        return [
            Handover(
                row.number,
                Direction(row.direction),
                row.insurer_number,
                row.package,
                Digest(row.size, row.sha256),
                tuple(ListedFile(name, Digest(size, sha256)) for name, size, sha256 in json.loads(row.files)),
                row.medium,
                row.handed_by,
                row.handed_at,
                row.due_on,
                Settlement(row.outcome) if row.outcome else None,
                row.settled_by,
                row.settled_at,
            )
            for row in self.connection.execute(query.order_by(handed.handed_at, handed.number, handed.direction))
        ]
