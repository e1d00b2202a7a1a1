"""資格重複状況結果の保管 (R-7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, cast

from attrs import frozen
from sqlalchemy import Connection, insert, select

from kokuho_adapters.database.return_store import load_row
from kokuho_adapters.database.statements import batches, bulk_insert, insert_or_ignore, one_of
from kokuho_adapters.database.tables import (
    cover_list,
    cover_listing,
    ex_officio_loss,
    known_addressee,
    returned_row,
)
from kokuho_core.entrusted_partition.duplicate_cover import StandingQualification
from kokuho_core.entrusted_partition.exchanged import DuplicateCover
from kokuho_core.ports.registration import DecidedLoss
from kokuho_core.returning.rows import TokusoRow, addressee_subject
from kokuho_core.vocabulary.identifiers import Addressee, InsurerNumber, MunicipalInsuredId

_list, _listing, _loss = cover_list.c, cover_listing.c, ex_officio_loss.c
_LOSS_COLUMNS: Final = (
    "insurer_number", "municipal_id", "other_insurer_number", "other_acquired_on", "lost_on", "listed_on", "asked_by",
    "agreed_by", "reason", "decided_at",
)  # fmt: skip


@frozen
class SqlCoverStore:
    """:class:`kokuho_core.ports.registration.CoverStore` on SQL tables."""

    connection: Connection

    def lists(self, insurer: InsurerNumber) -> list[date]:
        query = select(_list.listed_on).where(_list.insurer_number == insurer).order_by(_list.listed_on)
        return list(self.connection.execute(query).scalars())

    def add_list(self, insurer: InsurerNumber, listed_on: date, rows: Sequence[DuplicateCover], at: datetime) -> None:
        self.connection.execute(
            insert(cover_list).values(insurer_number=insurer, listed_on=listed_on, taken_at=at, listed=len(rows))
        )
        columns = ("insurer_number", "municipal_id", "listed_on", "other_insurer_number", "other_acquired_on")
        values = (
            (insurer, each.municipal_insured_id, listed_on, each.other_insurer_number, each.other_acquired_on)
            for each in rows
        )
        bulk_insert(self.connection, cover_listing, columns, values, insert_or_ignore(self.connection, cover_listing))

    def listings(
        self, insurer: InsurerNumber, person: MunicipalInsuredId | None = None
    ) -> dict[MunicipalInsuredId, dict[date, list[tuple[str, date]]]]:
        query = select(
            _listing.municipal_id, _listing.listed_on, _listing.other_insurer_number, _listing.other_acquired_on
        ).where(_listing.insurer_number == insurer)
        if person is not None:
            query = query.where(_listing.municipal_id == person)
        found: dict[MunicipalInsuredId, dict[date, list[tuple[str, date]]]] = {}
        for who, listed_on, other, acquired_on in self.connection.execute(query.order_by(*cover_listing.primary_key)):
            found.setdefault(MunicipalInsuredId(who), {}).setdefault(listed_on, []).append((other, acquired_on))
        return found

    def standing(
        self, insurer: InsurerNumber, persons: Sequence[MunicipalInsuredId]
    ) -> dict[MunicipalInsuredId, StandingQualification | None]:
        own, row = known_addressee.c, returned_row.c
        found: dict[MunicipalInsuredId, StandingQualification | None] = {}
        for batch in batches(persons, 1000):
            addressees = self.connection.execute(
                select(own.municipal_id, own.insurer_number, own.addressee_number).where(
                    own.insurer_number == insurer, one_of(self.connection, own.municipal_id, batch)
                )
            ).all()
            subjects = [addressee_subject(Addressee(each[1], each[2])) for each in addressees]
            query = select(row.stands).where(
                one_of(self.connection, row.subject, subjects), row.file_id == "TOKUSO", row.stands.is_not(None)
            )
            rows = [cast(TokusoRow, load_row("TOKUSO", text)) for text in self.connection.execute(query).scalars()]
            for told in sorted(rows, key=lambda each: each.application_start):
                acquired = told.qualification_acquired
                found[MunicipalInsuredId(told.municipal_insured_id)] = (
                    None if acquired is None else StandingQualification(acquired, told.application_end)
                )
        return found

    def decide(self, loss: DecidedLoss) -> None:
        listed = " ".join(day.isoformat() for day in loss.listed_on)
        row = (*loss[:5], listed, *loss[6:])
        bulk_insert(self.connection, ex_officio_loss, _LOSS_COLUMNS, [row])

    def decided(self, insurer: InsurerNumber) -> list[DecidedLoss]:
        query = select(*(_loss[name] for name in _LOSS_COLUMNS)).where(_loss.insurer_number == insurer)
        found = []
        for row in self.connection.execute(query.order_by(_loss.decided_at, _loss.municipal_id)):
            listed = tuple(date.fromisoformat(each) for each in row.listed_on.split())
            found.append(DecidedLoss._make([*row])._replace(listed_on=listed))
        return found
