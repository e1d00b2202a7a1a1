"""No 個人番号 in any form anywhere it does not belong: database, journal, logs, exceptions, delivered files (I-5, S-3)."""

from __future__ import annotations

import base64
import logging
import os
import stat
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kokuho_core.errors import KokuhoError
from kokuho_core.reception.ledger import FileResult

from ..prefecture.contents import ask, bytes_of_tables, dump, refusing_rows
from ..prefecture.office import A, B, C, PrefectureOffice, high_cost, household, nominal_head, number, person
from .support import entered, insured, put, set_cell
from .test_bad_input import STRUCTURE, small


def wrong_digit(serial: int) -> str:
    good = number(serial)
    return good[:11] + str((int(good[11]) + 5) % 10)


def forms(digits: str) -> Iterator[bytes]:
    """Every way a number could stand somewhere by mistake."""
    wide = digits.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    for text in (digits, wide):
        for mark in ("", "-", "－", " "):
            joined = mark.join((text[:4], text[4:8], text[8:]))
            for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp932"):
                try:
                    yield joined.encode(encoding)
                except UnicodeEncodeError:
                    continue
    for shift in range(3):
        inner = base64.b64encode(b"\0" * shift + digits.encode() + b"\0\0")
        yield inner[4 if shift else 0 : 4 * ((shift + 12) // 3)]
    yield digits.encode().hex().encode()
    for size in (5, 6, 8):
        yield int(digits).to_bytes(size, "little")
        yield int(digits).to_bytes(size, "big")
    yield f"{int(digits):x}".encode()


@cache
def canaries(serials: tuple[int, ...]) -> frozenset[bytes]:
    digits = [each(serial) for serial in serials for each in (number, wrong_digit)]
    return frozenset(form for each in digits for form in forms(each))


ALL = tuple(range(1, 10))


def leaks(content: bytes, serials: tuple[int, ...] = ALL) -> list[bytes]:
    return [form for form in canaries(serials) if form in content]


def require_clean(office: PrefectureOffice, caplog: Any, capsys: Any, serials: tuple[int, ...] = ALL) -> None:
    """Nothing in any file but the inbox, in no log and in no output."""
    scanned = 0
    for path in office.folder.rglob("*"):
        if path.is_file() and office.inbox not in path.parents:
            assert leaks(path.read_bytes(), serials) == [], path.name
            assert leaks(path.name.encode(), serials) == []
            scanned += 1
    assert scanned >= 1
    if isinstance(office.stored_in, str):  # on a server; a file was among the others
        for table, content in bytes_of_tables(office.stored_in):
            assert leaks(content, serials) == [], table
    assert leaks(caplog.text.encode()) == []
    logged = "\n".join(repr((record.msg, record.args, record.exc_text)) for record in caplog.records)
    assert leaks(logged.encode()) == []
    caplog.clear()
    out, err = capsys.readouterr()
    assert leaks(out.encode()) == leaks(err.encode()) == []


def require_clean_exception(error: BaseException) -> None:
    texts = ["".join(traceback.format_exception(error))]
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        texts += [str(each), repr(each), repr(each.args), repr(vars(each)), *getattr(each, "__notes__", ())]
        waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
    assert leaks("\n".join(texts).encode()) == []


@pytest.fixture(autouse=True)
def _listen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "sqlalchemy.pool", "alembic"):
        caplog.set_level(logging.DEBUG, logger=name)


def test_the_forms_are_found_where_they_are() -> None:
    """Rules: I-5, S-3."""
    digits = number(1)
    for content in (
        digits.encode(),
        b"x" + base64.b64encode(b"a" + digits.encode() + b"b"),
        f"{digits[:4]}-{digits[4:8]}-{digits[8:]}".encode("utf-16"),
        int(digits).to_bytes(8, "little"),
    ):
        assert leaks(content) != []


def test_the_whole_job(office: PrefectureOffice, caplog: Any, capsys: Any) -> None:
    """Rules: I-5, I-1, I-4, X-2, X-6, S-3."""
    later = office.write("SKKOJIN", A, [insured(A, "6", 6, name="保留者")], sequence=3)
    assert office.receive(later)[0].result is FileResult.HELD
    require_clean(office, caplog, capsys)
    kept = b"".join(
        content for (content,) in ask(office.stored_in, "select content from held_content order by block_no")
    )
    assert "保留者".encode() not in kept
    assert later.read_bytes()[:40] not in kept

    office.persons(A, insured(A, "1", 1, end="2024-04-01"), nominal_head(A, "2", number=number(2)), insured(A, "3", 3))
    office.households(A, household(A, "1", "1"))
    office.months(A, high_cost(A, "1", "202401"))
    office.persons(B, entered(B, "7", 1, start="2024-04-01"), insured(B, "8", 3, sex="1"), person(B, "9"))
    office.persons(C, insured(C, "5", 4, start="2021-01-01", previous=number(5)))
    path = set_cell(
        office, office.write("SKKOJIN", A, [insured(A, "4", 4)], sequence=2), 2, "individual_number", wrong_digit(4)
    )
    answers = office.receive(path)
    assert [answer.result for answer in answers] == [FileResult.APPLIED] * 2
    assert leaks(repr(answers).encode()) == []
    office.persons(B, entered(B, "7", 8, start="2024-04-01", kind="2", previous=number(1)))
    office.resolve()
    for insurer in (A, B, C):
        office.deliver(insurer)
    office.persons(A, insured(A, "1", 1, end="2024-04-01", kind="3"))
    office.resolve()
    office.deliver(B, everything=True)
    require_clean(office, caplog, capsys)
    assert leaks(repr((office.findings(), office.candidates())).encode()) == []
    office.close()
    require_clean(office, caplog, capsys)


def test_after_each_broken_file(office: PrefectureOffice, caplog: Any, capsys: Any) -> None:
    """Rules: X-1, I-5, S-3."""
    name, content = small(office)
    for case, (change, _) in STRUCTURE.items():
        answers = office.receive(put(office, name, change(content)))
        assert answers[0].result is FileResult.REJECTED, case
        assert leaks(repr(answers).encode()) == [], case
        require_clean(office, caplog, capsys, (1, 2))
    office.deliver(A)
    require_clean(office, caplog, capsys, (1, 2))


COLUMNS = (
    "addressee_number",
    "history_number",
    "update_kind",
    "birth_date",
    "sex",
    "postal_code",
    "household_number",
    "application_start",
    "application_start_reason",
    "other_insurer_number",
    "address_withheld",
    "updated_at",
)


@pytest.mark.parametrize("form", ["plain", "wide", "hyphens"])
def test_after_a_number_in_the_wrong_column(office: PrefectureOffice, form: str, caplog: Any, capsys: Any) -> None:
    """Rules: X-1, X-3, I-5, S-3."""
    digits = number(9)
    text = {
        "plain": digits,
        "wide": digits.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}),
        "hyphens": f"{digits[:4]}-{digits[4:8]}-{digits[8:]}",
    }[form]
    for key in COLUMNS:
        if form == "plain" and key in ("addressee_number", "household_number"):
            continue  # twelve digits are a possible addressee or household number
        path = set_cell(office, office.write("SKKOJIN", A, [insured(A, "1", 1)]), 2, key, text)
        answers = office.receive(path)
        assert answers[0].counts.rejected == 1, key
        assert leaks(repr(answers).encode()) == [], key
        require_clean(office, caplog, capsys, (9,))
    office.deliver(A)
    require_clean(office, caplog, capsys, (9,))


@pytest.mark.parametrize(
    "text",
    [number(9)[:11], number(9) + "1", wrong_digit(9), number(9)[:4] + "-" + number(9)[4:8] + "-" + number(9)[8:]],
)
def test_after_a_wrong_number(office: PrefectureOffice, text: str, caplog: Any, capsys: Any) -> None:
    """Rules: X-1, I-1, I-5, S-3."""
    for key in ("individual_number", "previous_individual_number"):
        path = set_cell(office, office.write("SKKOJIN", A, [insured(A, "1", 1)]), 2, key, text)
        answers = office.receive(path)
        assert leaks(repr(answers).encode()) == []
    office.deliver(A)
    require_clean(office, caplog, capsys)
    assert number(9)[:11] not in repr(dump(office.stored_in))


class TestFailures:
    """The database or the vault fails in the middle of a file."""

    @pytest.mark.parametrize("table", ["person_record", "number_vault", "record_outcome", "pending_person", "counter"])
    def test_a_failing_table(self, office: PrefectureOffice, table: str, caplog: Any, capsys: Any) -> None:
        """Rules: X-1, I-5, S-3."""
        office.persons(B, insured(B, "1", 8))
        path = office.write(
            "SKKOJIN", A, [insured(A, "1", 1), insured(A, "2", 2, start="2020-04-01", end="2020-03-01")]
        )
        set_cell(office, path, 3, "sex", "9")
        with refusing_rows(office.stored_in, table):
            with pytest.raises(KokuhoError) as raised:
                office.receive(path)
            require_clean_exception(raised.value)
            require_clean(office, caplog, capsys)
        assert ask(office.stored_in, "select count(*) from received_file") == [(1,)]
        [answer] = office.receive(path)
        assert (answer.counts.accepted, answer.counts.rejected) == (1, 1)

    @pytest.mark.parametrize("worlds", ["sqlite"], indirect=True)
    def test_a_full_disk(self, office: PrefectureOffice, caplog: Any, capsys: Any) -> None:
        """Rules: X-1, I-5, S-3."""
        path = office.write("SKKOJIN", A, [insured(A, str(n), n % 9 + 1, address="住所" * 90) for n in range(1, 3000)])
        engine = office.office.database.engine
        with engine.connect() as connection:
            connection.exec_driver_sql("pragma max_page_count = 150")
        with pytest.raises(KokuhoError) as raised:
            office.receive(path)
        assert raised.value.code == "KKH-C012"
        require_clean_exception(raised.value)
        require_clean(office, caplog, capsys)

    def test_a_failing_vault(
        self, office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch, caplog: Any, capsys: Any
    ) -> None:
        """Rules: I-5, S-3."""

        def fail(self: Any, keys: Any, insurer: Any, numbers: Any) -> Any:
            raise OSError(repr(list(numbers)))

        monkeypatch.setattr(type(office.office.vault), "seal", fail)
        path = office.write("SKKOJIN", A, [insured(A, "1", 1)])
        with pytest.raises(OSError, match=r"IndividualNumber|\*") as raised:
            office.receive(path)
        require_clean_exception(raised.value)
        require_clean(office, caplog, capsys)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_only_the_owner_reads_the_key_ring(office: PrefectureOffice) -> None:
    """Rules: I-5, S-3."""
    [ring] = Path(office.folder).glob("*.keys.json")
    assert stat.S_IMODE(ring.stat().st_mode) == 0o600
