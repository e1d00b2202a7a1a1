"""一件の処理: all stores on one connection and one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import field, frozen
from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.key_register import SqlKeyRegister
from kokuho_adapters.database.rounds import ReturnRounds
from kokuho_adapters.database.statements import upsert
from kokuho_adapters.database.tables import installation, insurer
from kokuho_adapters.database.turns import Turns
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister

if TYPE_CHECKING:
    from kokuho_adapters.database.approval_store import SqlApprovalStore
    from kokuho_adapters.database.audit_store import SqlAuditStore
    from kokuho_adapters.database.candidate_store import SqlCandidateStore
    from kokuho_adapters.database.card_use_store import SqlCardUseStore
    from kokuho_adapters.database.cover_store import SqlCoverStore
    from kokuho_adapters.database.delivery_store import SqlDeliveryStore
    from kokuho_adapters.database.factor_store import SqlFactorStore
    from kokuho_adapters.database.file_store import SqlFileStore
    from kokuho_adapters.database.finding_store import SqlFindingStore
    from kokuho_adapters.database.gate_store import SqlGateStore
    from kokuho_adapters.database.high_cost_store import SqlHighCostStore
    from kokuho_adapters.database.household_store import SqlHouseholdStore
    from kokuho_adapters.database.id_store import SqlIdStore
    from kokuho_adapters.database.look_up_store import SqlLookUpStore
    from kokuho_adapters.database.municipal_store import SqlMunicipalStore
    from kokuho_adapters.database.newcomer_store import SqlNewcomerStore
    from kokuho_adapters.database.other_store import SqlOtherRecordStore
    from kokuho_adapters.database.person_store import SqlPersonStore
    from kokuho_adapters.database.recall_store import SqlRecallStore
    from kokuho_adapters.database.registration_store import SqlRegistrationStore
    from kokuho_adapters.database.retention_store import SqlRetentionStore
    from kokuho_adapters.database.return_store import SqlReturnStore
    from kokuho_adapters.database.rights_store import SqlRightsStore
    from kokuho_adapters.database.second_look_store import SqlSecondLookStore
    from kokuho_adapters.database.span_store import SqlSpanStore
    from kokuho_adapters.database.status_store import SqlStatusStore


def prefecture_of(connection: Connection) -> str | None:
    """The prefecture of an initialised database."""
    if not inspect(connection).has_table(installation.name):
        return None
    return connection.execute(select(installation.c.prefecture)).scalar()


@frozen
class SqlUnitOfWork:
    """:class:`kokuho_core.ports.stores.UnitOfWork` on one SQL transaction."""

    connection: Connection
    known_prefecture: str | None = None
    counters: Counters = field(init=False)
    turns: Turns = field(init=False)
    keys: SqlKeyRegister = field(init=False)
    rounds: ReturnRounds = field(init=False)

    def __attrs_post_init__(self) -> None:
        counters = Counters(self.connection)
        for name, made in (
            ("counters", counters),
            ("turns", Turns(self.connection, counters)),
            ("rounds", ReturnRounds(self.connection)),
            ("keys", SqlKeyRegister(self.connection)),
        ):
            object.__setattr__(self, name, made)

    # --- stores, made and loaded when they are asked for: no command uses all of them, and a small file hardly one ---

    @cached_property
    def files(self) -> SqlFileStore:
        from kokuho_adapters.database.file_store import SqlFileStore

        return SqlFileStore(self.connection, self.turns)

    @cached_property
    def persons(self) -> SqlPersonStore:
        from kokuho_adapters.database.person_store import SqlPersonStore

        return SqlPersonStore(self.connection)

    @cached_property
    def households(self) -> SqlHouseholdStore:
        from kokuho_adapters.database.household_store import SqlHouseholdStore

        return SqlHouseholdStore(self.connection)

    @cached_property
    def high_cost(self) -> SqlHighCostStore:
        from kokuho_adapters.database.high_cost_store import SqlHighCostStore

        return SqlHighCostStore(self.connection)

    @cached_property
    def others(self) -> SqlOtherRecordStore:
        from kokuho_adapters.database.other_store import SqlOtherRecordStore

        return SqlOtherRecordStore(self.connection)

    @cached_property
    def ids(self) -> SqlIdStore:
        from kokuho_adapters.database.id_store import SqlIdStore

        return SqlIdStore(self.connection, self.counters, self.known_prefecture or "")

    @cached_property
    def newcomers(self) -> SqlNewcomerStore:
        from kokuho_adapters.database.newcomer_store import SqlNewcomerStore

        return SqlNewcomerStore(self.connection, self.rounds)

    @cached_property
    def spans(self) -> SqlSpanStore:
        from kokuho_adapters.database.span_store import SqlSpanStore

        return SqlSpanStore(self.connection)

    @cached_property
    def findings(self) -> SqlFindingStore:
        from kokuho_adapters.database.finding_store import SqlFindingStore

        return SqlFindingStore(self.connection, self.counters, self.known_prefecture or "")

    @cached_property
    def candidates(self) -> SqlCandidateStore:
        from kokuho_adapters.database.candidate_store import SqlCandidateStore

        return SqlCandidateStore(self.connection, self.counters, self.known_prefecture or "")

    @cached_property
    def returns(self) -> SqlReturnStore:
        from kokuho_adapters.database.return_store import SqlReturnStore

        return SqlReturnStore(self.connection, self.rounds)

    @cached_property
    def deliveries(self) -> SqlDeliveryStore:
        from kokuho_adapters.database.delivery_store import SqlDeliveryStore

        return SqlDeliveryStore(self.connection)

    @cached_property
    def gates(self) -> SqlGateStore:
        from kokuho_adapters.database.gate_store import SqlGateStore

        return SqlGateStore(self.connection)

    @cached_property
    def rights(self) -> SqlRightsStore:
        from kokuho_adapters.database.rights_store import SqlRightsStore

        return SqlRightsStore(self.connection, self.counters)

    @cached_property
    def audit(self) -> SqlAuditStore:
        from kokuho_adapters.database.audit_store import SqlAuditStore

        return SqlAuditStore(self.connection)

    @cached_property
    def factors(self) -> SqlFactorStore:
        from kokuho_adapters.database.factor_store import SqlFactorStore

        return SqlFactorStore(self.connection)

    @cached_property
    def looks(self) -> SqlSecondLookStore:
        from kokuho_adapters.database.second_look_store import SqlSecondLookStore

        return SqlSecondLookStore(self.connection)

    @cached_property
    def recalls(self) -> SqlRecallStore:
        from kokuho_adapters.database.recall_store import SqlRecallStore

        return SqlRecallStore(self.connection)

    @cached_property
    def status(self) -> SqlStatusStore:
        from kokuho_adapters.database.status_store import SqlStatusStore

        return SqlStatusStore(self.connection)

    @cached_property
    def retention(self) -> SqlRetentionStore:
        from kokuho_adapters.database.retention_store import SqlRetentionStore

        return SqlRetentionStore(self.connection)

    @cached_property
    def approvals(self) -> SqlApprovalStore:
        from kokuho_adapters.database.approval_store import SqlApprovalStore

        return SqlApprovalStore(self.connection, self.counters)

    @cached_property
    def registrations(self) -> SqlRegistrationStore:
        from kokuho_adapters.database.registration_store import SqlRegistrationStore

        return SqlRegistrationStore(self.connection, self.counters)

    @cached_property
    def card_use(self) -> SqlCardUseStore:
        from kokuho_adapters.database.card_use_store import SqlCardUseStore

        return SqlCardUseStore(self.connection, self.counters)

    @cached_property
    def covers(self) -> SqlCoverStore:
        from kokuho_adapters.database.cover_store import SqlCoverStore

        return SqlCoverStore(self.connection)

    @cached_property
    def municipal(self) -> SqlMunicipalStore:
        from kokuho_adapters.database.municipal_store import SqlMunicipalStore

        return SqlMunicipalStore(self.connection)

    @cached_property
    def look_ups(self) -> SqlLookUpStore:
        from kokuho_adapters.database.look_up_store import SqlLookUpStore

        return SqlLookUpStore(self.connection)

    def prefecture(self) -> str:
        known = self.known_prefecture or prefecture_of(self.connection)
        if known is None:
            raise SetupFault(Problem("KKH-C007"))
        return known

    def register(self) -> InsurerRegister:
        self.prefecture()
        rows = self.connection.execute(select(insurer).order_by(insurer.c.insurer_number))
        return InsurerRegister(
            Insurer(
                row.insurer_number,
                row.municipality_code,
                row.name,
                row.valid_from,
                row.valid_until,
                row.successor,
                row.encoding,
            )
            for row in rows
        )

    def save_register(self, prefecture: str, insurers: Iterable[Insurer]) -> None:
        known = self.known_prefecture or prefecture_of(self.connection)
        if known is not None and known != prefecture:
            raise SetupFault(Problem("KKH-C005", field="prefecture"))
        if known is None:
            self.connection.execute(insert(installation).values(prefecture=prefecture))
        for each in insurers:
            self.connection.execute(
                upsert(self.connection, insurer).values(
                    insurer_number=each.insurer_number,
                    municipality_code=each.municipality_code,
                    name=each.name,
                    valid_from=each.valid_from,
                    valid_until=each.valid_until,
                    successor=each.successor,
                    encoding=each.encoding,
                )
            )

    def alone(self) -> None:
        self.turns.alone()

    def prefecture_wide(self) -> AbstractContextManager[None]:
        return prefecture_wide(self.connection)

    def commit(self) -> None:
        self.counters.save()
        self.keys.save()
        try:
            self.connection.commit()
        except DBAPIError:
            self.connection.invalidate()  # SQLite would leave the transaction open for the next one who gets the connection
            raise
        self.turns.done()
        self.rounds.forget()
