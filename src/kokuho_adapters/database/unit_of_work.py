"""一件の処理: all stores on one connection and one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import field, frozen
from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.database.audit_store import SqlAuditStore
from kokuho_adapters.database.beyond_scope import prefecture_wide
from kokuho_adapters.database.candidate_store import SqlCandidateStore
from kokuho_adapters.database.counters import Counters
from kokuho_adapters.database.delivery_store import SqlDeliveryStore
from kokuho_adapters.database.file_store import SqlFileStore
from kokuho_adapters.database.finding_store import SqlFindingStore
from kokuho_adapters.database.gate_store import SqlGateStore
from kokuho_adapters.database.high_cost_store import SqlHighCostStore
from kokuho_adapters.database.household_store import SqlHouseholdStore
from kokuho_adapters.database.id_store import SqlIdStore
from kokuho_adapters.database.key_register import SqlKeyRegister
from kokuho_adapters.database.newcomer_store import SqlNewcomerStore
from kokuho_adapters.database.other_store import SqlOtherRecordStore
from kokuho_adapters.database.person_store import SqlPersonStore
from kokuho_adapters.database.return_store import SqlReturnStore
from kokuho_adapters.database.rights_store import SqlRightsStore
from kokuho_adapters.database.rounds import ReturnRounds
from kokuho_adapters.database.span_store import SqlSpanStore
from kokuho_adapters.database.statements import upsert
from kokuho_adapters.database.tables import installation, insurer
from kokuho_adapters.database.turns import Turns
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister

if TYPE_CHECKING:
    from kokuho_adapters.database.approval_store import SqlApprovalStore
    from kokuho_adapters.database.card_use_store import SqlCardUseStore
    from kokuho_adapters.database.cover_store import SqlCoverStore
    from kokuho_adapters.database.factor_store import SqlFactorStore
    from kokuho_adapters.database.look_up_store import SqlLookUpStore
    from kokuho_adapters.database.municipal_store import SqlMunicipalStore
    from kokuho_adapters.database.recall_store import SqlRecallStore
    from kokuho_adapters.database.registration_store import SqlRegistrationStore
    from kokuho_adapters.database.retention_store import SqlRetentionStore
    from kokuho_adapters.database.second_look_store import SqlSecondLookStore
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
    files: SqlFileStore = field(init=False)
    persons: SqlPersonStore = field(init=False)
    households: SqlHouseholdStore = field(init=False)
    high_cost: SqlHighCostStore = field(init=False)
    others: SqlOtherRecordStore = field(init=False)
    ids: SqlIdStore = field(init=False)
    rounds: ReturnRounds = field(init=False)
    newcomers: SqlNewcomerStore = field(init=False)
    spans: SqlSpanStore = field(init=False)
    findings: SqlFindingStore = field(init=False)
    candidates: SqlCandidateStore = field(init=False)
    returns: SqlReturnStore = field(init=False)
    deliveries: SqlDeliveryStore = field(init=False)
    gates: SqlGateStore = field(init=False)
    rights: SqlRightsStore = field(init=False)
    audit: SqlAuditStore = field(init=False)

    def __attrs_post_init__(self) -> None:
        counters = Counters(self.connection)
        turns = Turns(self.connection, counters)
        rounds = ReturnRounds(self.connection)
        prefecture = self.known_prefecture or ""
        for name, store in (
            ("counters", counters),
            ("turns", turns),
            ("keys", SqlKeyRegister(self.connection)),
            ("files", SqlFileStore(self.connection, turns)),
            ("persons", SqlPersonStore(self.connection)),
            ("households", SqlHouseholdStore(self.connection)),
            ("high_cost", SqlHighCostStore(self.connection)),
            ("others", SqlOtherRecordStore(self.connection)),
            ("ids", SqlIdStore(self.connection, counters, prefecture)),
            ("rounds", rounds),
            ("newcomers", SqlNewcomerStore(self.connection, rounds)),
            ("spans", SqlSpanStore(self.connection)),
            ("findings", SqlFindingStore(self.connection, counters, prefecture)),
            ("candidates", SqlCandidateStore(self.connection, counters, prefecture)),
            ("returns", SqlReturnStore(self.connection, rounds)),
            ("deliveries", SqlDeliveryStore(self.connection)),
            ("gates", SqlGateStore(self.connection)),
            ("rights", SqlRightsStore(self.connection, counters)),
            ("audit", SqlAuditStore(self.connection)),
        ):
            object.__setattr__(self, name, store)

    # --- stores of rarer work, loaded when they are asked for: a command uses hardly one of them ---

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
