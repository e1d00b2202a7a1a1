"""鍵の入替えの保管: sealed values in batches, read and put back under other keys and indexes (S-10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, LargeBinary, and_, bindparam, delete, func, select, tuple_, update

from kokuho_adapters.database.number_keys import is_number
from kokuho_adapters.database.number_lookup import in_all_municipalities
from kokuho_adapters.database.statements import batches
from kokuho_adapters.database.tables import (
    held_content,
    number_vault,
    office_row,
    person_number,
    person_record,
    recalled_person_record,
    received_file,
)
from kokuho_core.ports.stores import HeldFile
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.identifiers import InsurerNumber

Place = tuple[str, bytes]
"""(municipality, index): where a value stands; batches go from place to place."""

_vault, _held = number_vault.c, held_content.c
_NAMING: Final = (
    (person_record, person_record.c.number_index),
    (person_record, person_record.c.previous_number_index),
    (person_number, person_number.c.number_index),
    (recalled_person_record, recalled_person_record.c.number_index),
    (recalled_person_record, recalled_person_record.c.previous_number_index),
    (office_row, office_row.c.number_index),
    (office_row, office_row.c.previous_number_index),
)
"""Every column besides the vault's in which an index stands."""
_OLD: Final = bindparam("old", type_=LargeBinary())


def place_of(sealed: SealedNumber) -> Place:
    """Where a value stands."""
    return (sealed.insurer_number, sealed.index)


@frozen
class SqlKeyRotationStore:
    """封印した値の入替え on SQL tables."""

    connection: Connection

    # --- individual numbers ---

    def under_keys(self, key_ids: Sequence[str], after: Place | None, limit: int) -> list[SealedNumber]:
        """Values sealed with one of ``key_ids``, by place."""
        return self._sealed(_vault.key_id.in_(key_ids), after, limit)

    def under_index(self, version: int, after: Place | None, limit: int) -> list[SealedNumber]:
        """``limit`` values under an index key's version, by place; before them those of the same numbers elsewhere."""
        found = self._sealed(_vault.index_version == version, after, limit)
        places = {place_of(each) for each in found}
        elsewhere: list[SealedNumber] = []
        for batch in batches({each.index for each in found}):
            same = self._sealed(and_(*in_all_municipalities(batch)), None, None)
            elsewhere += [each for each in same if place_of(each) not in places]
        return [*elsewhere, *found]

    def put(self, renewed: Sequence[SealedNumber]) -> None:
        """Put values back that were sealed with another key."""
        statement = (
            update(number_vault)
            .where(_vault.number_index == bindparam("at_index"), _vault.insurer_number == bindparam("of_insurer"))
            .values(key_id=bindparam("by_key"), ciphertext=bindparam("sealed"))
        )
        self.connection.execute(
            statement,
            [
                {"at_index": e.index, "of_insurer": e.insurer_number, "by_key": e.key_id, "sealed": e.ciphertext}
                for e in renewed
            ],
        )

    def move(self, sealed: Sequence[SealedNumber], renewed: Sequence[SealedNumber]) -> None:
        """Put values back under other indexes, and give those to every row that names the old one."""
        self.connection.execute(
            delete(number_vault).where(
                _vault.insurer_number == bindparam("of_insurer"), _vault.number_index == bindparam("old")
            ),
            [{"of_insurer": each.insurer_number, "old": each.index} for each in sealed],
        )
        self.connection.execute(
            number_vault.insert(),
            [
                {
                    "insurer_number": each.insurer_number,
                    "number_index": each.index,
                    "index_version": each.index_version,
                    "key_id": each.key_id,
                    "ciphertext": each.ciphertext,
                }
                for each in renewed
            ],
        )
        indexes = {old.index: new.index for old, new in zip(sealed, renewed, strict=True)}
        pairs = [{"old": old, "new": new} for old, new in indexes.items()]
        for table, column in _NAMING:
            statement = update(table).where(is_number(column, _OLD)).values({column.name: bindparam("new")})
            self.connection.execute(statement, pairs)

    def count_by_key(self) -> dict[str, int]:
        """How many values stand under each data key."""
        query = select(_vault.key_id, func.count()).group_by(_vault.key_id)
        return {row[0]: int(row[1]) for row in self.connection.execute(query)}

    def count_by_index_version(self) -> dict[int, int]:
        """How many values stand under each version of the index key."""
        query = select(_vault.index_version, func.count()).group_by(_vault.index_version)
        return {row[0]: int(row[1]) for row in self.connection.execute(query)}

    def _sealed(self, wanted: Any, after: Place | None, limit: int | None) -> list[SealedNumber]:
        query = select(
            _vault.insurer_number, _vault.number_index, _vault.index_version, _vault.key_id, _vault.ciphertext
        ).where(wanted)
        if after is not None:
            query = query.where(tuple_(_vault.insurer_number, _vault.number_index) > after)
        query = query.order_by(_vault.insurer_number, _vault.number_index).limit(limit)
        return [SealedNumber(*row) for row in self.connection.execute(query)]

    # --- held files ---

    def held_files(self) -> list[tuple[HeldFile, bytes]]:
        """Every file that waits, with the first block of its content."""
        files = received_file.c
        rows = self.connection.execute(
            select(files.file_no, files.sender, files.name, _held.encoding, _held.content)
            .join(held_content, _held.file_no == files.file_no)
            .where(_held.block_no == 0)
            .order_by(files.file_no)
        )
        return [(HeldFile(row[0], InsurerNumber(row[1]), row[2], row[3]), row[4]) for row in rows]

    def blocks(self, file_no: int) -> Iterator[bytes]:
        """The content of a held file, one block after another: it may be larger than the memory."""
        number = 0
        while True:
            query = select(_held.content).where(_held.file_no == file_no, _held.block_no == number)
            block = self.connection.execute(query).scalar()
            if block is None:
                return
            yield block
            number += 1

    def replace_blocks(self, held: HeldFile, blocks: Iterator[bytes]) -> None:
        """Put ``blocks``, which may be read from the old ones, in the place of the old content."""
        for aside, block in enumerate(blocks, 1):
            self.connection.execute(
                held_content.insert().values(
                    file_no=held.file_no,
                    block_no=-aside,
                    insurer_number=held.sender,
                    content=block,
                    encoding=held.encoding,
                )
            )
        self.connection.execute(delete(held_content).where(_held.file_no == held.file_no, _held.block_no >= 0))
        self.connection.execute(
            update(held_content).where(_held.file_no == held.file_no).values(block_no=-1 - _held.block_no)
        )
