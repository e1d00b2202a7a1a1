"""The audit log on PostgreSQL (S-5): the role that works can only add, the owner is stopped, and who is not is found out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from kokuho_adapters.composition import audit_checkpoint_path
from kokuho_adapters.security.audit_chain import ChainFault, Verification
from kokuho_core.errors import SetupFault
from kokuho_core.usecases.listings import list_findings
from kokuho_core.usecases.resolve import resolve

from ..prefecture.office import PrefectureOffice
from ..prefecture.worlds import Worlds

NOT_ALLOWED = "42501"


@pytest.fixture
def site(postgresql_worlds: Worlds, tmp_path: Path) -> Any:
    made = postgresql_worlds.make(tmp_path / "office")
    list_findings(made.office)
    resolve(made.office, date(2026, 6, 1))
    yield made
    postgresql_worlds.end(made)


def as_owner(site: PrefectureOffice, *statements: str) -> None:
    """As whoever administers the server, whom no policy binds."""
    assert isinstance(site.stored_in, str)
    engine = create_engine(site.stored_in)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def as_worker(site: PrefectureOffice, statement: str) -> None:
    with site.installation.database.begin() as work:
        work.connection.execute(text(statement))
        work.commit()


def verified(site: PrefectureOffice) -> Verification:
    return site.installation.verify_audit()


ADD_AGAIN = "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE sequence = 1 ON CONFLICT (sequence)"
FORBIDDEN = [
    "UPDATE audit_entry SET operator = 'x'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
    "TRUNCATE installation, audit_entry CASCADE",
    f"{ADD_AGAIN} DO UPDATE SET operator = 'x'",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_entry_stays_rows ON audit_entry",
    "ALTER TABLE audit_entry DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit_entry RENAME TO other",
    "DROP TABLE audit_entry",
    "CREATE OR REPLACE FUNCTION kokuho_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    "SET session_replication_role = replica",
    "GRANT ALL ON audit_entry TO kokuho_work; DELETE FROM audit_entry",
    "DELETE FROM operator_grant",
    "TRUNCATE operator_grant",
]


class TestTheRoleThatWorks:
    def test_it_cannot_take_back_what_was_recorded(self, site: PrefectureOffice) -> None:
        """Rules: S-5, S-31."""
        before = verified(site)
        for statement in FORBIDDEN:
            with pytest.raises(SetupFault) as refused:
                as_worker(site, statement)
            assert refused.value.code == "KKH-B002", statement
        after = verified(site)
        assert after.holds and after.entries == before.entries + 1

    def test_what_it_adds_by_itself_is_found_out(self, site: PrefectureOffice) -> None:
        """Rules: S-5. An entry without the key."""
        entries = verified(site).entries
        with site.installation.database.begin() as work:
            columns = "recorded_at, session, operator, terminal, role, operation, result, subject, insurer, purpose, code, counts, mac"
            work.connection.execute(
                text(f"INSERT INTO audit_entry SELECT {entries + 1}, {columns} FROM audit_entry WHERE sequence = 2")
            )
            work.commit()
        found = verified(site)
        assert (found.fault, found.first_bad) == (ChainFault.CHANGED, entries + 1)


TAMPERING: list[tuple[str, list[str], ChainFault, int | None]] = [
    ("operator changed", ["UPDATE audit_entry SET operator = 'x' WHERE sequence = 3"], ChainFault.CHANGED, 3),
    (
        "time changed by a microsecond",
        ["UPDATE audit_entry SET recorded_at = recorded_at + interval '1 microsecond' WHERE sequence = 2"],
        ChainFault.CHANGED,
        2,
    ),
    ("purpose added", ["UPDATE audit_entry SET purpose = 'x' WHERE sequence = 1"], ChainFault.CHANGED, 1),
    ("result changed", ["UPDATE audit_entry SET result = 'failed' WHERE sequence = 4"], ChainFault.CHANGED, 4),
    (
        "digest changed",
        [r"UPDATE audit_entry SET mac = decode(repeat('00', 32), 'hex') WHERE sequence = 1"],
        ChainFault.CHANGED,
        1,
    ),
    ("deleted", ["DELETE FROM audit_entry WHERE sequence = 3"], ChainFault.MISSING, 3),
    ("first deleted", ["DELETE FROM audit_entry WHERE sequence = 1"], ChainFault.MISSING, 1),
    (
        "deleted and closed up",
        [
            "DELETE FROM audit_entry WHERE sequence = 3",
            "UPDATE audit_entry SET sequence = sequence + 1000 WHERE sequence > 3",
            "UPDATE audit_entry SET sequence = sequence - 1001 WHERE sequence > 1000",
        ],
        ChainFault.CHANGED,
        3,
    ),
    (
        "swapped",
        [
            "UPDATE audit_entry SET sequence = 1000 WHERE sequence = 3",
            "UPDATE audit_entry SET sequence = 3 WHERE sequence = 4",
            "UPDATE audit_entry SET sequence = 4 WHERE sequence = 1000",
        ],
        ChainFault.CHANGED,
        3,
    ),
    ("cut", ["DELETE FROM audit_entry WHERE sequence > 4"], ChainFault.TRUNCATED, 5),
    ("emptied", ["TRUNCATE audit_entry"], ChainFault.TRUNCATED, 1),
    ("nonsense", ["UPDATE audit_entry SET operation = 'nonsense' WHERE sequence = 2"], ChainFault.UNREADABLE, None),
]

REFUSED_TO_THE_OWNER = [
    "UPDATE audit_entry SET operator = 'x' WHERE sequence = 1",
    "DELETE FROM audit_entry WHERE sequence = 1",
    "TRUNCATE audit_entry",
    f"{ADD_AGAIN} DO UPDATE SET operator = 'x'",
    "DELETE FROM operator_grant",
    "TRUNCATE operator_grant",
    "UPDATE operator_grant SET valid_until = DATE '2099-03-31'",
    "UPDATE operator_grant SET role = 'auditor'",
]


class TestTheOwner:
    def test_triggers_refuse_even_him(self, site: PrefectureOffice) -> None:
        """Rules: S-5, S-31."""
        for statement in REFUSED_TO_THE_OWNER:
            with pytest.raises(DBAPIError) as refused:
                as_owner(site, statement)
            assert getattr(refused.value.orig, "sqlstate", None) == NOT_ALLOWED, statement
        assert verified(site).holds

    @pytest.mark.parametrize(
        ("statements", "fault", "first_bad"), [each[1:] for each in TAMPERING], ids=[each[0] for each in TAMPERING]
    )
    def test_who_takes_the_triggers_away_is_found_out(
        self, site: PrefectureOffice, statements: list[str], fault: ChainFault, first_bad: int | None
    ) -> None:
        """Rules: S-5. The log as it is read, before the reading itself is added to it."""
        assert verified(site).holds
        as_owner(site, "ALTER TABLE audit_entry DISABLE TRIGGER USER", *statements)
        with site.installation.database.begin(read_only=True) as work:
            found = site.installation._log.verify(work.audit.read())
        assert found.fault is fault and (first_bad is None or found.first_bad == first_bad)

    def test_a_log_from_before_is_found_out_by_the_checkpoint(self, site: PrefectureOffice) -> None:
        """Rules: S-5. All of it whole, but not all of it."""
        with site.installation.database.begin(read_only=True) as work:
            last = work.audit.last()
        assert last is not None
        list_findings(site.office)
        as_owner(
            site, "ALTER TABLE audit_entry DISABLE TRIGGER USER", f"DELETE FROM audit_entry WHERE sequence > {last[0]}"
        )
        with site.installation.database.begin(read_only=True) as work:
            found = site.installation._log.verify(work.audit.read())
        assert (found.fault, found.first_bad) == (ChainFault.TRUNCATED, last[0] + 1)
        audit_checkpoint_path(site.configuration).unlink()
        with site.installation.database.begin(read_only=True) as work:
            assert site.installation._log.verify(work.audit.read()).fault is ChainFault.NO_CHECKPOINT
