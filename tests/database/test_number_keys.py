"""番号の照合: two numbers whose indexes begin alike are two numbers, whatever looks records up by number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from kokuho_adapters.database import SqlDatabase
from kokuho_adapters.database.key_rotation_store import SqlKeyRotationStore
from kokuho_adapters.database.tables import NUMBER_KEY_BYTES, number_vault, pending_person, person_record, received_file
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

from ..core.builders import record
from ..prefecture.office import A, B, C
from .schema_versions import revise

BEFORE_KEYS = "0012"
AT = datetime(2024, 4, 1)
NUMBERS = [NumberIndex(head * 4 + bytes(27) + tail) for head in (b"\x00", b"\xff") for tail in (b"\x00", b"\x01", b"\xff")]
"""Three that begin alike, twice: the first and the last ones there can be."""

Named = tuple[InsurerNumber, str, NumberIndex | None, NumberIndex | None]
"""A record: municipality, addressee, number, previous number."""
some_number = st.none() | st.sampled_from(NUMBERS)
named = st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from("12"), some_number, some_number), min_size=1, max_size=8)


def sealed(insurer: InsurerNumber, index: NumberIndex | None) -> SealedNumber | None:
    return None if index is None else SealedNumber(insurer, index, 1, "k", b"")


def keep(work: Any, records: list[Named], fields: Sequence[dict[str, Any]] = ()) -> None:
    """Each record in a file of its own."""
    for number, (insurer, addressee, index, previous) in enumerate(records, 1):
        further = fields[number - 1] if fields else {}
        work.connection.execute(
            insert(received_file).values(
                file_no=number, name=f"{number}", file_id="SKKOJIN", sender=insurer, sequence=number, created_at=AT,
                layout_version="1", fingerprint=b"", result="applied", recorded_at=AT, accepted=1, rejected=0, held=0,
                is_waiting=False, is_reported=False,
            )
        )  # fmt: skip
        sent = record(insurer_number=insurer, addressee_number=AddresseeNumber(addressee), history_number=number, **further)
        work.persons.add(number, [(2, sent, sealed(insurer, index), sealed(insurer, previous))])


def numbers_of(records: list[Named], who: Addressee) -> set[NumberIndex]:
    return {each for insurer, own, *both in records if (insurer, own) == who for each in both if each is not None}


def everybody(records: list[Named]) -> set[Addressee]:
    return {Addressee(insurer, AddresseeNumber(own)) for insurer, own, *_ in records}


def sharing(records: list[Named], who: set[Addressee]) -> set[Addressee]:
    wanted = {number for each in who for number in numbers_of(records, each)}
    return {each for each in everybody(records) - who if numbers_of(records, each) & wanted}


def is_suspect(records: list[Named], sent: Named) -> bool:
    """Whether a record of these, all of one birth date and sex, may stand in a conflict."""
    insurer, own, number, previous = sent
    if previous is not None:
        return True
    return number is not None and any(
        before == number or (there == insurer and (theirs == number) != (who == own) and theirs is not None)
        for there, who, theirs, before in records
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # every example undoes what it kept
@given(records=named)
def test_who_shares_a_number(database: SqlDatabase, records: list[Named]) -> None:
    """Rules: I-1, X-25. As comparing everybody with everybody, now and as known at a time, and after a recall."""
    with database.begin() as work:
        keep(work, records)
        for who in everybody(records):
            expected = sharing(records, {who})
            assert work.persons.sharing_with([who]) == expected
            assert work.persons.sharing_with([who], AT) == expected
        for number, (insurer, own, *_) in enumerate(records, 1):
            expected = {Addressee(insurer, AddresseeNumber(own))} if is_suspect(records, records[number - 1]) else set()
            assert set(work.persons.sharing_numbers(number)) == expected


def test_whose_move_meets_whose(database: SqlDatabase) -> None:
    """Rules: X-23. He who came in from B met nobody there: who left on that day has a number that begins alike."""
    left: dict[str, Any] = {"application_end": AT.date(), "application_end_reason": "57", "other_insurer_number": A}
    came: dict[str, Any] = {"application_start": AT.date(), "application_start_reason": "07", "other_insurer_number": C}
    for number, contradicted in ((NUMBERS[0], [2]), (NUMBERS[1], [])):
        with database.begin() as work:
            keep(work, [(B, "1", number, None), (A, "1", NUMBERS[0], None)], [left, came])
            assert work.persons.contradicted_other_insurers(2) == contradicted


@pytest.mark.parametrize("kept_too", [False, True])
def test_what_is_destroyed_and_what_is_put_under_another_index(database: SqlDatabase, kept_too: bool) -> None:
    """Rules: S-10, S-35. One number alone of two that begin alike."""
    records: list[Named] = [(A, "1", NUMBERS[0], None), (A, "2", NUMBERS[1], NUMBERS[2])]
    with database.begin() as work:
        keep(work, records)
        other = NumberIndex(bytes(31) + b"\x07")
        old = [SealedNumber(A, NUMBERS[1], 1, "k", b"")]
        SqlKeyRotationStore(work.connection).move(old, [SealedNumber(A, other, 2, "k", b"")])
        held = select(person_record.c.number_index).order_by(person_record.c.file_no)
        assert list(work.connection.execute(held).scalars()) == [NUMBERS[0], other]
        work.connection.execute(delete(person_record).where(person_record.c.file_no == (2 if kept_too else 1)))
        work.retention._delete_numbers({(A, index) for index in (NUMBERS[0], NUMBERS[2], other)})
        left = select(number_vault.c.number_index).order_by(number_vault.c.number_index)
        kept = [NUMBERS[0]] if kept_too else sorted([NUMBERS[2], other])
        assert list(work.connection.execute(left).scalars()) == kept


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=named)
def test_whom_a_recall_concerns(database: SqlDatabase, records: list[Named]) -> None:
    """Rules: P-7, I-1."""
    with database.begin() as work:
        keep(work, records)
        work.recalls.mark_concerned(1)
        waiting = {Addressee(*row) for row in work.connection.execute(select(pending_person))}
    insurer, own, *both = records[0]
    about = {number for number in both if number is not None}
    assert waiting == {Addressee(insurer, AddresseeNumber(own))} | {
        each for each in everybody(records) if numbers_of(records, each) & about
    }


def test_keys_are_made_by_the_script_too(database: SqlDatabase) -> None:
    """Rules: P-7, I-1. Of the records that were there before, and taken away again."""
    records: list[Named] = [
        (A, "1", NUMBERS[0], None), (A, "2", NUMBERS[1], None), (B, "1", NUMBERS[0], None), (B, "2", None, NUMBERS[1]),
    ]  # fmt: skip
    with database.begin() as work:
        keep(work, records)
        work.commit()
    revise(database, BEFORE_KEYS)
    database.migrate()
    with database.begin(read_only=True) as work:
        for who in everybody(records):
            assert work.persons.sharing_with([who]) == sharing(records, {who})


@pytest.mark.parametrize("number", NUMBERS)
def test_a_key_is_shorter_than_what_it_stands_for(number: NumberIndex) -> None:
    """Rules: I-1. Or these tests would compare nothing that begins alike."""
    alike = [each for each in NUMBERS if each[:NUMBER_KEY_BYTES] == number[:NUMBER_KEY_BYTES]]
    assert len(alike) == 3
