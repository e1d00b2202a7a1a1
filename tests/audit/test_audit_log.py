"""The audit log (S-4, S-5, S-31, S-32): every act is in it before it happens, and nothing of it can be changed unnoticed."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from attrs import evolve

from kokuho_adapters.composition import Installation, audit_checkpoint_path, initialise, open_installation
from kokuho_adapters.configuration import Configuration, load_configuration
from kokuho_adapters.security.audit_chain import ChainFault, Verification
from kokuho_core import usecases
from kokuho_core.access import AccessContext, BusinessHours, Operation, Role, operator_id
from kokuho_core.approval import Act, ApprovalKind, ApprovalState
from kokuho_core.errors import AccessDenied, KokuhoError, NotApproved, SetupFault
from kokuho_core.ports.audit import AuditResult, ChainedEntry
from kokuho_core.usecases.approvals import approve, ask_consent, list_approvals
from kokuho_core.usecases.audit import AuditFilter, list_audit
from kokuho_core.usecases.listings import list_findings
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.resolve import resolve
from kokuho_core.usecases.rights import grant_right, list_rights, revoke_right

from ..prefecture.office import INSURERS, PREFECTURE, A, B


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 6, 1, 10, 0)

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.date()


class Site:
    """An installation set up by «sato», opened by anybody."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "k.sqlite3"
        self.configuration = Configuration(f"sqlite:///{self.database.as_posix()}")
        self.watch = Watch()
        initialise(self.configuration, PREFECTURE, INSURERS, self.who("sato"), self.watch)

    def who(self, name: str, role: Role | None = None) -> AccessContext:
        return AccessContext(operator_id(name), "terminal-1", role, purpose="試験")

    def open(self, name: str = "sato", role: Role | None = None) -> Installation:
        return open_installation(self.configuration, context=self.who(name, role), watch=self.watch)

    def rows(self, columns: str = "operation, result") -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(f"select {columns} from audit_entry order by sequence").fetchall()

    def tamper(self, *statements: str) -> None:
        """As whoever owns the file could: the triggers dropped first."""
        with closing(sqlite3.connect(self.database)) as connection:
            for verb in ("update", "delete"):
                connection.execute(f"drop trigger audit_entry_stays_{verb}")
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def verified(self) -> Verification:
        with self.open() as opened, opened.database.begin(read_only=True) as work:
            return opened._log.verify(work.audit.read())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def work_a_little(site: Site) -> None:
    with site.open() as opened:
        list_findings(opened.office)
        resolve(opened.office, date(2026, 6, 1))


class TestEntries:
    def test_reading_leaves_one_entry_before_and_changing_one_with_the_change(self, site: Site) -> None:
        """Rules: S-4, S-32."""
        work_a_little(site)
        assert site.rows() == [
            ("initialise", "done"),
            ("open_session", "admitted"),
            ("list_findings", "admitted"),
            ("resolve", "admitted"),
            ("resolve", "done"),
            ("close_session", "done"),
        ]
        assert set(site.rows("operator, terminal")) == {("sato", "terminal-1")}
        assert set(site.rows("purpose")[1:-1]) == {("試験",)}

    def test_what_is_denied_is_recorded_too(self, site: Site) -> None:
        """Rules: S-4, S-31."""
        with site.open("nobody") as opened, pytest.raises(AccessDenied, match="KKH-A002"):
            list_findings(opened.office)
        assert site.rows("operator, operation, result, code")[-1] == ("nobody", "list_findings", "denied", "KKH-A002")

    def test_a_failure_is_recorded_with_its_code(self, site: Site) -> None:
        """Rules: S-4."""
        from kokuho_core.usecases.person import inspect_person

        with site.open() as opened, pytest.raises(KokuhoError, match="KKH-N001"):
            inspect_person(opened.office, "P1300000000000")
        assert ("show_person", "failed", "KKH-N001") in site.rows("operation, result, code")

    def test_twelve_digits_never_get_into_the_log(self, site: Site) -> None:
        """Rules: S-3."""
        from kokuho_core.usecases.person import inspect_person

        with site.open() as opened, pytest.raises(KokuhoError):
            inspect_person(opened.office, "123456789018")
        assert b"123456789018" not in b"".join(path.read_bytes() for path in site.database.parent.glob("k.sqlite3*"))

    @pytest.mark.parametrize("how", ["table", "checkpoint"])
    def test_no_log_no_access(self, site: Site, how: str) -> None:
        """Rules: S-4."""
        with site.open() as opened:
            if how == "table":
                with closing(sqlite3.connect(site.database)) as connection:
                    connection.execute(
                        "create trigger full before insert on audit_entry begin select raise(abort, 'disk full'); end"
                    )
                    connection.commit()
            else:
                path = audit_checkpoint_path(site.configuration)
                path.write_text("damaged\n", encoding="ascii")
            with pytest.raises(KokuhoError, match="KKH-A005" if how == "checkpoint" else "KKH-X002|KKH-C012|KKH-X001"):
                resolve(opened.office, date(2026, 6, 1))
        assert ("resolve", "done") not in site.rows()

    def test_a_change_whose_entry_fails_does_not_happen(self, site: Site) -> None:
        """Rules: S-4."""
        with site.open() as opened:
            with closing(sqlite3.connect(site.database)) as connection:
                connection.execute(
                    "create trigger full before insert on audit_entry when new.result = 'done'"
                    " begin select raise(abort, 'disk full'); end"
                )
                connection.commit()
            with pytest.raises(KokuhoError):
                grant_right(opened.office, "tanaka", Role.AUDITOR)
            assert {grant.operator for grant in list_rights(opened.office)} == {"sato"}

    def test_without_a_session_nothing_is_read(self, site: Site) -> None:
        """Rules: S-4, S-31."""
        with site.open() as opened:
            with pytest.raises(AccessDenied, match="KKH-A001"), opened.office.database.begin(read_only=True):
                pass
            office = opened.office
            bare = Office(office.database, office.vault, office.protection, office.clock, office.reopen)
            with pytest.raises(AccessDenied, match="KKH-A001"):
                list_findings(bare)


TAMPERING: list[tuple[str, str, ChainFault, int]] = [
    ("operator changed", "update audit_entry set operator = 'other' where sequence = 3", ChainFault.CHANGED, 3),
    (
        "time changed",
        "update audit_entry set recorded_at = '2026-01-01 00:00:00.000000' where sequence = 2",
        ChainFault.CHANGED,
        2,
    ),
    ("denial made a success", "update audit_entry set result = 'failed' where sequence = 5", ChainFault.CHANGED, 5),
    ("nonsense", "update audit_entry set operation = 'nonsense' where sequence = 4", ChainFault.UNREADABLE, 1),
    ("deleted", "delete from audit_entry where sequence = 3", ChainFault.MISSING, 3),
    ("first deleted", "delete from audit_entry where sequence = 1", ChainFault.MISSING, 1),
    ("cut", "delete from audit_entry where sequence > 4", ChainFault.TRUNCATED, 5),
    ("emptied", "delete from audit_entry", ChainFault.TRUNCATED, 1),
    ("digest changed", "update audit_entry set mac = zeroblob(32) where sequence = 1", ChainFault.CHANGED, 1),
]


class TestTampering:
    @pytest.mark.parametrize(
        ("statement", "fault", "first_bad"), [each[1:] for each in TAMPERING], ids=[each[0] for each in TAMPERING]
    )
    def test_the_first_bad_entry_is_named(self, site: Site, statement: str, fault: ChainFault, first_bad: int) -> None:
        """Rules: S-5."""
        work_a_little(site)
        with site.open() as opened:
            assert opened.verify_audit().holds
            site.tamper(statement)
            with opened.database.begin(read_only=True) as work:
                found = opened._log.verify(work.audit.read())
        assert found.fault is fault
        if fault is not ChainFault.UNREADABLE:
            assert found.first_bad == first_bad

    def test_every_single_entry_may_be_the_one(self, site: Site) -> None:
        """Rules: S-5."""
        work_a_little(site)
        with site.open() as opened:
            kept = list(_read(opened))
            for place, one in enumerate(kept):
                others = [*kept[:place], *kept[place + 1 :]]
                changed = evolve(one, entry=evolve(one.entry, subject="x"))
                inserted = evolve(one, sequence=len(kept) + 1)
                found = opened._log.verify(iter(others))
                assert found.fault in (ChainFault.MISSING, ChainFault.TRUNCATED) and found.first_bad == one.sequence
                found = opened._log.verify(iter([*kept[:place], changed, *kept[place + 1 :]]))
                assert (found.fault, found.first_bad) == (ChainFault.CHANGED, one.sequence)
                found = opened._log.verify(iter([*kept, inserted]))
                assert (found.fault, found.first_bad) == (ChainFault.CHANGED, len(kept) + 1)
                found = opened._log.verify(iter(kept[:place]))
                assert (found.fault, found.first_bad) == (ChainFault.TRUNCATED, one.sequence)
            assert opened._log.verify(iter(kept)).holds

    def test_a_log_that_was_cut_and_has_grown_again_is_found(self, site: Site) -> None:
        """Rules: S-5. Beyond the last line of the checkpoint: it keeps earlier ones too."""
        work_a_little(site)
        kept = len(site.rows())
        site.tamper(f"delete from audit_entry where sequence > {kept - 2}")
        work_a_little(site)
        assert len(site.rows()) > kept
        found = site.verified()
        assert (found.fault, found.first_bad) == (ChainFault.TRUNCATED, kept - 1)

    def test_swapped_entries(self, site: Site) -> None:
        """Rules: S-5."""
        work_a_little(site)
        site.tamper(
            "update audit_entry set sequence = 100 where sequence = 3",
            "update audit_entry set sequence = 3 where sequence = 4",
            "update audit_entry set sequence = 4 where sequence = 100",
        )
        assert site.verified().first_bad == 3

    @pytest.mark.parametrize(
        "statement",
        [
            "update audit_entry set operator = 'x'",
            "delete from audit_entry",
            "insert or replace into audit_entry select * from audit_entry where sequence = 1",
            "delete from operator_grant",
            "update operator_grant set valid_until = '2099-03-31'",
            "update operator_grant set role = 'auditor'",
        ],
    )
    def test_the_database_itself_refuses(self, site: Site, statement: str) -> None:
        """Rules: S-5, S-31."""
        with closing(sqlite3.connect(site.database)) as connection:
            connection.execute("pragma recursive_triggers = on")
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(statement)

    def test_what_walks_past_the_triggers_is_found(self, site: Site) -> None:
        """Rules: S-5. REPLACE deletes without a trigger where ``recursive_triggers`` is off, as it is unless somebody sets it."""
        work_a_little(site)
        with closing(sqlite3.connect(site.database)) as connection:
            columns = [name for _, name, *_ in connection.execute("pragma table_info(audit_entry)")]
            told = ", ".join("'other'" if name == "operator" else name for name in columns)
            connection.execute(f"insert or replace into audit_entry select {told} from audit_entry where sequence = 3")
            connection.commit()
        found = site.verified()
        assert (found.fault, found.first_bad) == (ChainFault.CHANGED, 3)

    def test_a_missing_checkpoint_is_told(self, site: Site) -> None:
        """Rules: S-5."""
        with site.open() as opened:
            audit_checkpoint_path(site.configuration).unlink()
            with opened.database.begin(read_only=True) as work:
                assert opened._log.verify(work.audit.read()).fault is ChainFault.NO_CHECKPOINT


def _read(opened: Installation) -> Iterator[ChainedEntry]:
    with opened.database.begin(read_only=True) as work:
        yield from work.audit.read()


class TestRights:
    def test_a_revocation_holds_in_open_sessions_at_once(self, site: Site) -> None:
        """Rules: S-31."""
        with site.open() as administrator:
            [granted, *ended] = grant_right(administrator.office, "tanaka", Role.FEDERATION)
            assert {grant.role for grant in ended} == {Role.FEDERATION, Role.AUDITOR}
            with site.open("tanaka") as opened:
                list_findings(opened.office)
                revoke_right(administrator.office, granted.number)
                with pytest.raises(AccessDenied, match="KKH-A003"):
                    list_findings(opened.office)

    def test_no_right_outlives_the_fiscal_year(self, site: Site) -> None:
        """Rules: S-31."""
        with site.open() as opened:
            site.watch.at = datetime(2027, 3, 31, 23, 59)
            list_findings(opened.office)
            site.watch.at = datetime(2027, 4, 1)
            with pytest.raises(AccessDenied, match="KKH-A003"):
                list_findings(opened.office)

    def test_a_municipality_sees_its_own_alone(self, site: Site) -> None:
        """Rules: S-1, S-31."""
        with site.open() as administrator:
            grant_right(administrator.office, "tanaka", Role.MUNICIPALITY, A)
        with site.open("tanaka") as opened:
            assert list_findings(opened.office, A) == []
            refused: list[Callable[[], object]] = [
                lambda: list_findings(opened.office, B),
                lambda: list_findings(opened.office),
            ]
            for step in refused:
                with pytest.raises(AccessDenied, match="KKH-A004"):
                    step()
            with pytest.raises(AccessDenied, match="KKH-A002"):
                resolve(opened.office)


class TestConsent:
    def test_a_second_person_must_agree(self, site: Site) -> None:
        """Rules: S-7."""
        with site.open() as administrator:
            for name in ("tanaka", "suzuki"):
                grant_right(administrator.office, name, Role.FEDERATION)

        def act(opened: Installation, verdict: str) -> None:
            office = opened.office
            with opened.admitted(Operation.DECIDE_IDENTITY), office.database.begin() as work:
                consent = ask_consent(office, work, Act(ApprovalKind.NUMBER_LINK, "F-1", {"verdict": verdict}), "窓口で確認")
                work.commit()
            consent.require()

        with site.open("tanaka") as tanaka, site.open("suzuki") as suzuki:
            with pytest.raises(NotApproved, match="KKH-A007"):
                act(tanaka, "same")
            [asked] = list_approvals(suzuki.office, waiting_only=True)
            with pytest.raises(NotApproved, match="KKH-A008"):
                approve(tanaka.office, asked.number, asked.digest)
            approve(suzuki.office, asked.number, asked.digest)
            with pytest.raises(NotApproved, match="KKH-A007"):
                act(tanaka, "different")  # another content is another request
            act(tanaka, "same")
            with pytest.raises(NotApproved, match="KKH-A007"):
                act(tanaka, "same")  # it was used up
            act(suzuki, "same")  # to do what another one asked for is to approve it
            states = [each.state for each in list_approvals(tanaka.office)]
        assert states == [ApprovalState.USED, ApprovalState.REQUESTED, ApprovalState.USED]


class TestReading:
    @pytest.mark.parametrize(
        ("at", "is_off"),
        [
            (datetime(2026, 6, 1, 8, 29, 59), True),
            (datetime(2026, 6, 1, 8, 30), False),
            (datetime(2026, 6, 1, 17, 14, 59), False),
            (datetime(2026, 6, 1, 17, 15), True),
            (datetime(2026, 6, 6, 10, 0), True),  # Saturday
            (datetime(2026, 5, 5, 10, 0), True),  # こどもの日
            (datetime(2026, 5, 6, 10, 0), True),  # its substitute
            (datetime(2026, 12, 29, 10, 0), True),
        ],
    )
    def test_off_hours_and_holidays(self, at: datetime, is_off: bool) -> None:
        """Rules: S-32."""
        assert BusinessHours().covers(at) != is_off

    @pytest.mark.parametrize(
        ("at", "is_off"),
        [
            (datetime(2026, 6, 4, 18, 59, 59), False),  # Thursday, open late
            (datetime(2026, 6, 4, 19, 0), True),
            (datetime(2026, 6, 5, 10, 0), True),  # Friday, closed
            (datetime(2026, 6, 3, 8, 59, 59), True),
            (datetime(2026, 6, 3, 9, 0), False),
            (datetime(2026, 4, 29, 10, 0), True),  # 昭和の日, a Wednesday
        ],
    )
    def test_hours_of_ones_own(self, tmp_path: Path, at: datetime, is_off: bool) -> None:
        """Rules: S-32."""
        path = tmp_path / "kokuho.toml"
        path.write_text(
            '[business_hours]\nusual = ["09:00", "17:00"]\nthursday = ["09:00", "19:00"]\nfriday = []\n', encoding="utf-8"
        )
        assert load_configuration(path).settings.business_hours.covers(at) != is_off

    @pytest.mark.parametrize(
        "line",
        [
            'usual = ["17:00", "09:00"]',
            'usual = ["09:00", "09:00"]',
            "usual = []",
            'monday = ["9:00", "17:00"]',
            'monday = ["09:00"]',
            'monday = "09:00-17:00"',
            'saturday = ["09:00", "12:00"]',
            "monday = [9, 17]",
        ],
    )
    def test_wrong_hours_are_told(self, tmp_path: Path, line: str) -> None:
        """Rules: S-32."""
        path = tmp_path / "kokuho.toml"
        path.write_text(f"[business_hours]\n{line}\n", encoding="utf-8")
        with pytest.raises(SetupFault, match=r"business_hours"):
            load_configuration(path)

    def test_the_list_is_complete(self, site: Site) -> None:
        """Rules: S-32."""
        site.watch.at = datetime(2026, 6, 6, 10, 0)  # a Saturday
        work_a_little(site)
        site.watch.at = datetime(2026, 6, 8, 10, 0)
        with site.open() as opened:
            listed = list_audit(opened.office, AuditFilter(off_hours=BusinessHours()))
        assert [(each.entry.operation.value, each.entry.result) for each in listed] == [
            ("open_session", AuditResult.ADMITTED),
            ("list_findings", AuditResult.ADMITTED),
            ("resolve", AuditResult.ADMITTED),
            ("resolve", AuditResult.DONE),
            ("close_session", AuditResult.DONE),
        ]


NO_ADMISSION = {"check", "send_batches", "update_partition", "batch_to_send", "require_short", "publish_committed_files"}
"""A sender's dry run has no database; the others are parts of use cases, and open it inside an admission alone."""
STEPS = {"UnitOfWork", "PersonStore"}
"""What takes one of these is a step inside an admitted use case: nobody else has one."""


def test_every_use_case_is_admitted() -> None:
    """Rules: S-4, S-6."""
    found = {}
    for module in iter_modules(usecases.__path__):
        loaded = import_module(f"{usecases.__name__}.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            if name.startswith("_") or function.__module__ != loaded.__name__ or name in NO_ADMISSION:
                continue
            taken = [each.annotation for each in inspect.signature(function).parameters.values()]
            if taken[:1] == ["Office"] and not STEPS & set(taken) and module.name not in ("admission", "reception_kinds"):
                found[f"{module.name}.{name}"] = getattr(function, "operation", None)
    assert len(found) >= 15
    assert [name for name, operation in found.items() if not isinstance(operation, Operation)] == []
