"""端末の監査記録: the audit log of a terminal that has no database, as that of a municipality which only opens media (S-4, S-5).

A folder with the entries (``entries.jsonl``), chained like those of an installation, a key of its own (``key.json``) and the
checkpoint. No rights are kept here: whoever may write this folder works at this terminal, and what he does is on record
before it happens. Where that cannot be, nothing happens (KKH-A005).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import field, frozen

from kokuho_adapters.security.audit_chain import ChainedAuditLog, Verification
from kokuho_adapters.security.audit_checkpoint import CheckpointFile
from kokuho_adapters.security.data_keys import audit_digest
from kokuho_adapters.security.entry_file import EntryFile
from kokuho_adapters.security.file_lock import locked
from kokuho_adapters.security.key_ring import KeyRing
from kokuho_adapters.security.session_identity import new_session_id
from kokuho_core.access import AccessContext, Operation
from kokuho_core.errors import AccessDenied, KokuhoError, Problem
from kokuho_core.ports.audit import AuditEntry, AuditResult, ChainedEntry
from kokuho_core.ports.stores import Clock
from kokuho_core.usecases.audit import AuditFilter
from kokuho_core.usecases.gatekeeper import code_of, masked, reference_of
from kokuho_core.vocabulary.identifiers import InsurerNumber

_WAIT_SECONDS: Final = 30.0


@frozen(eq=False)
class TerminalLog:
    """端末の監査記録 in ``folder``: an :class:`~kokuho_adapters.recorded_acts.ActLog`. ``checkpoint`` None: in the folder too."""

    folder: Path
    context: AccessContext
    clock: Clock
    checkpoint: Path | None = None
    session: str = field(factory=new_session_id)

    @contextmanager
    def admitted(
        self, operation: Operation, subject: str = "", insurer: InsurerNumber | None = None
    ) -> Iterator[TerminalAct]:
        """Raises :class:`AccessDenied` (KKH-A005) where it cannot be recorded."""
        act = TerminalAct(self, operation, reference_of(subject), insurer)
        self._record(act, AuditResult.ADMITTED)
        try:
            yield act
        except BaseException as error:
            with suppress(AccessDenied):  # the error itself matters more; that nothing is «done» stands in the log anyway
                result = AuditResult.DENIED if isinstance(error, AccessDenied) else AuditResult.FAILED
                self._record(act, result, code_of(error))
            raise

    def entries(self, wanted: AuditFilter) -> list[ChainedEntry]:
        """監査記録 that ``wanted`` keeps, in order. Raises :class:`AccessDenied` (KKH-A005) for an unreadable log."""
        with self.admitted(Operation.READ_AUDIT):
            listed = None
            with suppress(OSError, ValueError):
                listed = [each for each in self._file.read() if wanted.keeps(each)]
            if listed is None:
                raise AccessDenied(Problem("KKH-A005", field="entries"))
        return listed

    def verify(self) -> Verification:
        """検証 of all that was recorded before (S-5); it goes on record when it is over, for a log that does not hold too.

        Raises :class:`AccessDenied` (KKH-A005) without the key.
        """
        found = None
        with suppress(OSError, ValueError, KokuhoError), locked(self._lock, _WAIT_SECONDS):
            found = self._log().verify(self._file.read())
        if found is None:
            raise AccessDenied(Problem("KKH-A005", field="key"))
        with suppress(AccessDenied):  # a log that is damaged at its end takes no further entry, and that is the answer
            self._record(TerminalAct(self, Operation.VERIFY_AUDIT, "", None), AuditResult.ADMITTED)
        return found

    @property
    def _file(self) -> EntryFile:
        return EntryFile(self.folder / "entries.jsonl")

    @property
    def _lock(self) -> Path:
        return self.folder / "entries.lock"

    def _log(self) -> ChainedAuditLog:
        material = KeyRing.load(self.folder / "key.json").keys[0].material
        checkpoint = CheckpointFile(self.checkpoint or self.folder / "checkpoint", audit_digest(material, "checkpoint"))
        return ChainedAuditLog(audit_digest(material, "entry"), checkpoint)

    def _begin(self) -> None:
        """The key, made with the first entry and never after it: without its key a log is not continued."""
        path = self.folder / "key.json"
        if self._file.path.exists():
            return
        ring = KeyRing.load(path) if path.exists() else KeyRing.create(path)
        if not ring.keys:
            ring.with_new(1).replace(path)

    def _record(self, act: TerminalAct, result: AuditResult, code: str = "", **counts: int) -> None:
        entry = AuditEntry(
            at=self.clock.now(), session=self.session, operator=self.context.operator, terminal=self.context.terminal,
            role=None, operation=act.operation, result=result, subject=act.subject, insurer=act.insurer,
            purpose=masked(self.context.purpose), code=code, counts=counts,
        )  # fmt: skip
        fault = "terminal log"
        with suppress(OSError, ValueError, IndexError, KokuhoError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self._lock, _WAIT_SECONDS):
                self._begin()
                log, file = self._log(), self._file
                file.cut_off_unfinished()
                log.witness(log.append(file, entry))
            fault = ""
        if fault:
            raise AccessDenied(Problem("KKH-A005", field=fault))


@frozen(eq=False)
class TerminalAct:
    """許可された行為 at a terminal."""

    log: TerminalLog
    operation: Operation
    subject: str
    insurer: InsurerNumber | None

    def done(self, subject: str, **counts: int) -> None:
        """Raises :class:`AccessDenied` (KKH-A005)."""
        done = TerminalAct(self.log, self.operation, reference_of(subject), self.insurer)
        self.log._record(done, AuditResult.DONE, "", **counts)
