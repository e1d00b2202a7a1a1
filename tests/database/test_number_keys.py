"""番号の照合: two numbers whose indexes begin alike are two numbers, in every question that looks records up by number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from kokuho_adapters.database import SqlDatabase
from kokuho_adapters.database.tables import NUMBER_KEY_BYTES, pending_person, received_file
from kokuho_core.ports.vault import SealedNumber
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import NumberIndex

from ..core.builders import record
from ..prefecture.office import A, B
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


def keep(work: Any, records: list[Named]) -> None:
    """Each record in a file of its own."""
    for number, (insurer, addressee, index, previous) in enumerate(records, 1):
        work.connection.execute(
            insert(received_file).values(
                file_no=number, name=f"{number}", file_id="SKKOJIN", sender=insurer, sequence=number, created_at=AT,
                layout_version="1", fingerprint=b"", result="applied", recorded_at=AT, accepted=1, rejected=0, held=0,
                is_waiting=False, is_reported=False,
            )
        )  # fmt: skip
        sent = record(insurer_number=insurer, addressee_number=AddresseeNumber(addressee), history_number=number)
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
