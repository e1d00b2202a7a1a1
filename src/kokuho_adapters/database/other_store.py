"""その他の受信レコードの保管 (FUZOKU, SHOTOKU, KAIJO)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection

from kokuho_adapters.database import fact_store
from kokuho_adapters.database.statements import bulk_insert
from kokuho_adapters.database.tables import other_record

_records = other_record.c
_COLUMNS: Final = ("file_no", "line", "insurer_number", "file_id", "identity", "update_kind", "content")


def _line_and_kind(
    _file_no: int, _file_id: str, _identity: str, line: int, update_kind: str | None
) -> tuple[int, str | None]:
    return (line, update_kind)


@frozen
class SqlOtherRecordStore:
    """:class:`kokuho_core.ports.stores.OtherRecordStore` on SQL tables; the content is kept as JSON by layout key."""

    connection: Connection

    def add(self, file_no: int, file_id: str, records: Sequence[tuple[int, str, Mapping[str, Any]]]) -> None:
        rows = (
            (file_no, line, content["insurer_number"], file_id, identity, content.get("update_kind"), _json(content))
            for line, identity, content in records
        )
        bulk_insert(self.connection, other_record, _COLUMNS, rows)

    def groups_to_judge(
        self, file_no: int
    ) -> Iterator[tuple[list[tuple[int, str | None]], list[tuple[int, str | None]]]]:
        key = (_records.file_id, _records.identity)
        columns = (_records.file_no, *key, _records.line, _records.update_kind)
        return fact_store.groups_to_judge(self.connection, other_record, key, columns, _line_and_kind, file_no)

    def discard(self, file_no: int, lines: Iterable[int]) -> None:
        fact_store.discard(self.connection, other_record, file_no, lines)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in content.items() if value is not None}, ensure_ascii=False, default=str)
