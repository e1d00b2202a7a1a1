"""What is wrong with an input: where it stands and which catalogue entry explains it, never the value itself."""

from __future__ import annotations

from attrs import frozen

from kokuho_core.errors.catalogue import ErrorEntry, Severity, entry


@frozen
class Problem:
    """One violation (エラー・警告 1件).

    ``line`` counts the control record as 1; 0 speaks of the whole file (X-3). ``field`` is the layout key.
    ``rule`` is the rule number a warning rests on. The text comes from the catalogue alone, so it cannot carry a
    personal value.
    """

    code: str
    line: int = 0
    field: str = ""
    rule: str = ""

    @property
    def entry(self) -> ErrorEntry:
        return entry(self.code)

    @property
    def is_warning(self) -> bool:
        return self.entry.severity is Severity.WARNING

    def at(self, line: int) -> Problem:
        """The same problem, placed at ``line``."""
        return Problem(self.code, line, self.field, self.rule)

    @property
    def message(self) -> str:
        """Japanese and English text for people, with the rule number where one is named."""
        text = f"{self.entry.message_ja} / {self.entry.message_en}"
        return f"{text} [{self.rule}]" if self.rule else text


class KokuhoError(Exception):
    """Root of everything this library raises on purpose. ``problems`` lists all violations of the input together."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.code} line {p.line} {p.field}: {p.message}" for p in problems))

    @property
    def code(self) -> str:
        return self.problems[0].code


class InvalidValue(KokuhoError):
    """A value that cannot exist (wrong check digit, impossible date, reversed period …)."""


class RecordRefused(KokuhoError):
    """One record of a file is refused (拒否); the others are not concerned (X-1)."""


class NotificationRefused(KokuhoError):
    """A notice (届出) the municipal office cannot take; nothing of it is kept."""


class FileRefused(KokuhoError):
    """A whole file is refused (ファイル拒否); nothing of it is applied and it uses no sequence number (X-1, X-2)."""


class NotFound(KokuhoError):
    """Nothing is known under the name given."""


class Conflict(KokuhoError):
    """Somebody else changed the same thing meanwhile; read again and repeat."""


class SetupFault(KokuhoError):
    """The installation is not ready: no database, no key ring, wrong configuration."""


class AccessDenied(KokuhoError):
    """The operator may not do this, or it could not be recorded that he does (S-4); nothing was done."""


class NotApproved(KokuhoError):
    """What needs two persons has not been agreed to by a second one, or not in this form (S-7); nothing was done."""


class ChannelFault(KokuhoError):
    """The other side could not be reached or gave no answer. It is safe to repeat, and must be repeated (R-3)."""


class ChannelRefused(KokuhoError):
    """The other side refused, or is not who it should be (certificate, partition): repeating changes nothing (R-1, R-3)."""
