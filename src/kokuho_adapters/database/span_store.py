"""資格の区間の保管: what the database itself keeps from overlapping (S-21)."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen
from sqlalchemy import Connection, delete

from kokuho_adapters.database.statements import bulk_insert, under_keys
from kokuho_adapters.database.tables import qualification_span
from kokuho_core.ports.stores import QualificationSpan
from kokuho_core.vocabulary.identifiers import Addressee

_span = qualification_span.c
SPAN_COLUMNS = ("insurer_number", "addressee_number", "history_number", "serial", "start_day", "end_day")


@frozen
class SqlSpanStore:
    """:class:`kokuho_core.ports.stores.SpanStore` on SQL tables."""

    connection: Connection

    def replace(self, addressees: Iterable[Addressee], spans: Iterable[QualificationSpan]) -> None:
        keys = ((each.insurer_number, each.addressee_number) for each in addressees)
        for wanted in under_keys(self.connection, _span.insurer_number, _span.addressee_number, keys):
            self.connection.execute(delete(qualification_span).where(wanted))
        rows = ((*key.addressee, key.history_number, serial, start, end) for key, serial, start, end in spans)
        bulk_insert(self.connection, qualification_span, SPAN_COLUMNS, rows)
