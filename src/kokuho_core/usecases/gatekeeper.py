"""受付係: nothing is read or changed but inside an admission, which is recorded before it begins (S-4, S-5, S-31).

1. the operator's rights are read anew each time, so that a revocation holds at once
2. admission or denial is written to the audit log and witnessed outside the database: no log, no access
3. the use case works; its database refuses whatever is asked outside of an admission
4. each committed change carries its own entry, in the same transaction
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final, cast

from attrs import field, frozen, mutable

from kokuho_core.access import AccessContext, AccessKind, Grant, Operation, Rights, Role
from kokuho_core.errors import AccessDenied, KokuhoError, Problem
from kokuho_core.ports.audit import AuditEntry, AuditLog, AuditResult, ChainedEntry
from kokuho_core.ports.authentication import Authentication
from kokuho_core.ports.stores import Clock, Database, UnitOfWork
from kokuho_core.vocabulary.identifiers import InsurerNumber

_LONGEST_SUBJECT: Final = 100
AUDIT_LANE: Final = "audit"
"""Entries are written beside whoever judges, not after him."""
_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9])(?:\d{4}[-－‐ー\s]?){2}\d{4}(?!\d)")


@mutable(eq=False)
class Admission:
    """許可された一つの操作, while it lasts. ``counts`` goes into the entry of the next commit."""

    gatekeeper: Gatekeeper
    operation: Operation
    role: Role | None
    scope: InsurerNumber | None
    subject: str
    insurer: InsurerNumber | None
    purpose: str
    counts: Mapping[str, int] = field(factory=dict)


_CURRENT: Final[ContextVar[Admission | None]] = ContextVar("kokuho_admission", default=None)


@frozen(eq=False)
class Gatekeeper:
    """受付係 of one session: decides and records every operation of its operator.

    ``clock`` is that of rights and records; business dates have the office's.
    """

    database: Database
    log: AuditLog
    context: AccessContext
    clock: Clock
    session: str
    authentication: Authentication | None = None
    """本人の確認; without one, the operator is who he says he is."""
    _begun: set[str] = field(factory=set, init=False, repr=False)
    """Holds the session once it is on record: a login is recorded with the first operation (S-32)."""

    @contextmanager
    def admitted(
        self,
        operation: Operation,
        subject: str = "",
        insurer: InsurerNumber | None = None,
        purpose: str | None = None,
    ) -> Iterator[Admission]:
        """Admit ``operation`` for the time of the block. Inside one of the same operation, it is part of that.

        Raises :class:`AccessDenied`: KKH-A002 no right for it, KKH-A003 expired or revoked, KKH-A004 another municipality,
        KKH-A005 the checkpoint cannot be kept, KKH-A018 no purpose where one is due, KKH-A031 … KKH-A034 not shown
        to be he; where the entry itself cannot be written, the database's own error, of another process that writes (KKH-X001)
        or of a full disk (KKH-C012).
        """
        current = _CURRENT.get()
        if current is not None and current.gatekeeper is self and current.operation is operation:
            yield current
            return
        admission = self._admit(operation, reference_of(subject), insurer, masked(purpose or self.context.purpose))
        token = _CURRENT.set(admission)
        try:
            yield admission
        except BaseException as error:
            with suppress(Exception):  # the error itself matters more; that nothing is «done» stands in the log anyway
                result = AuditResult.DENIED if isinstance(error, AccessDenied) else AuditResult.FAILED
                self._record(admission, result, code_of(error))
            raise
        finally:
            _CURRENT.reset(token)

    def close_session(self) -> None:
        """ログアウト. It is recorded as well as possible: a session that ends with its process leaves no entry."""
        if not self._begun:
            return
        closing = Admission(self, Operation.CLOSE_SESSION, None, None, "", None, "")
        with suppress(KokuhoError, OSError):
            self._record(closing, AuditResult.DONE, "")

    def done(self, work: UnitOfWork, admission: Admission) -> ChainedEntry:
        """The entry of a change, in its own transaction. Raises :class:`AccessDenied` (KKH-A005): then it must not commit."""
        return self._appended(work, self._entry(admission, AuditResult.DONE, ""))

    def _admit(self, operation: Operation, subject: str, insurer: InsurerNumber | None, purpose: str) -> Admission:
        refusal: AccessDenied | None = None
        admission = Admission(self, operation, None, None, subject, insurer, purpose)
        with self.database.begin(lane=AUDIT_LANE) as work:
            try:
                self._require_authentic(work, operation)
                grant = self._allowing(work.rights.all(), operation, insurer)
                if operation.kind is AccessKind.REVEAL and not purpose.strip():
                    raise AccessDenied(Problem("KKH-A018", field="purpose"))
                admission.role, admission.scope = grant.role, grant.scope
            except AccessDenied as denied:
                refusal = denied
            begins = refusal is None and not self._begun
            if begins:
                login = Admission(self, Operation.OPEN_SESSION, admission.role, admission.scope, "", None, purpose)
                self._appended(work, self._entry(login, AuditResult.ADMITTED, ""))
            result = AuditResult.ADMITTED if refusal is None else AuditResult.DENIED
            code = "" if refusal is None else refusal.code
            chained = self._appended(work, self._entry(admission, result, code))
            work.commit()
        if begins:
            self._begun.add(self.session)
        witness(self.log, chained)
        if refusal is not None:
            raise refusal
        return admission

    def _require_authentic(self, work: UnitOfWork, operation: Operation) -> None:
        if self.authentication is not None:
            refusal = self.authentication.check(work, self.context, operation, self.clock.now())
            if refusal:
                raise AccessDenied(Problem(refusal, field=operation.value))

    def _allowing(self, rights: Rights, operation: Operation, insurer: InsurerNumber | None) -> Grant:
        """The grant that allows it."""
        now = self.clock.now()
        held = [
            grant
            for grant in rights.of(self.context.operator, now)
            if self.context.role in (None, grant.role) and self.context.scope in (None, grant.scope)
        ]
        if not held:
            code = "KKH-A003" if rights.had_any(self.context.operator) else "KKH-A002"
            raise AccessDenied(Problem(code, field=operation.value))
        able = [grant for grant in held if operation.is_open_to(grant.role)]
        if not able:
            raise AccessDenied(Problem("KKH-A002", field=operation.value))
        for grant in able:
            if grant.scope is None or operation in _WITHOUT_INSURER or grant.scope == insurer:
                return grant
        raise AccessDenied(Problem("KKH-A004", field=operation.value))

    def _record(self, admission: Admission, result: AuditResult, code: str) -> None:
        with self.database.begin(lane=AUDIT_LANE) as work:
            chained = self._appended(work, self._entry(admission, result, code))
            work.commit()
        witness(self.log, chained)

    def _appended(self, work: UnitOfWork, entry: AuditEntry) -> ChainedEntry:
        return self.log.append(work.audit, entry)

    def _entry(self, admission: Admission, result: AuditResult, code: str) -> AuditEntry:
        return AuditEntry(
            at=self.clock.now(),
            session=self.session,
            operator=self.context.operator,
            terminal=self.context.terminal,
            role=admission.role,
            operation=admission.operation,
            result=result,
            subject=admission.subject,
            insurer=admission.insurer or admission.scope,
            purpose=admission.purpose,
            code=code,
            counts=dict(admission.counts) if result is AuditResult.DONE else {},
        )


_WITHOUT_INSURER: Final = frozenset(
    {
        Operation.OPEN_SESSION, Operation.CLOSE_SESSION, Operation.LOG_IN, Operation.LOG_OUT, Operation.SHOW_INSURERS,
        Operation.MAKE_MEDIA_KEYS,
    }
)  # fmt: skip


@frozen(eq=False)
class GuardedDatabase:
    """番のいるデータベース: a :class:`~kokuho_core.ports.stores.Database` that opens only inside an admission.

    What it opens sees the admitted municipality alone, and each commit takes its audit entry with it.
    """

    gatekeeper: Gatekeeper

    @contextmanager
    def begin(
        self, *, read_only: bool = False, lane: str | None = None, scope: InsurerNumber | None = None
    ) -> Iterator[UnitOfWork]:
        """A unit of work that sees the admitted municipality alone (S-1); the federation may narrow its own by ``scope``.

        Raises :class:`AccessDenied`: KKH-A001 outside of an admission, KKH-A004 for another municipality than the admitted one.
        """
        admission = _CURRENT.get()
        if admission is None or admission.gatekeeper is not self.gatekeeper:
            raise AccessDenied(Problem("KKH-A001", field="operation"))
        if admission.scope is not None and scope not in (None, admission.scope):
            raise AccessDenied(Problem("KKH-A004", field=admission.operation.value))
        seen = admission.scope or scope
        with self.gatekeeper.database.begin(read_only=read_only, lane=lane, scope=seen) as work:
            yield work if read_only else cast(UnitOfWork, _AuditedUnit(work, admission))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gatekeeper.database, name)


class _AuditedUnit:
    """A unit of work whose commit writes the entry of its change first."""

    __slots__ = ("_admission", "_work")

    def __init__(self, work: UnitOfWork, admission: Admission) -> None:
        self._work = work
        self._admission = admission

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def commit(self) -> None:
        gatekeeper = self._admission.gatekeeper
        chained = gatekeeper.done(self._work, self._admission)
        self._work.commit()
        with suppress(AccessDenied):  # the change stands; the next admission is refused until the checkpoint can be kept
            witness(gatekeeper.log, chained)
        self._admission.counts = {}


def witness(log: AuditLog, chained: ChainedEntry) -> None:
    """Keep a committed entry outside the database too. Raises :class:`AccessDenied` (KKH-A005)."""
    fault = ""
    try:
        log.witness(chained)
    except (OSError, ValueError, KokuhoError):
        fault = "checkpoint"
    if fault:
        raise AccessDenied(Problem("KKH-A005", field=fault))


def current_admission() -> Admission | None:
    """The admission that lasts, if any."""
    return _CURRENT.get()


def reference_of(text: str) -> str:
    """A reference for the log: one line, never twelve digits that may be a 個人番号."""
    return masked("".join(each if each.isprintable() else "?" for each in text)[:_LONGEST_SUBJECT])


def masked(text: str) -> str:
    """Whatever somebody typed, without what may be a 個人番号."""
    return _NUMBER.sub("*" * 12, text)


def code_of(error: BaseException) -> str:
    """What the log says of a failure: never its message."""
    return error.code if isinstance(error, KokuhoError) else type(error).__name__
