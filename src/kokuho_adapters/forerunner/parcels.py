"""受渡し: what the two processes say to each other, one message after another, through pipes that nobody else holds.

Messages are pickled, which is safe only because both ends are this program. No 個人番号 goes through: it refuses to be pickled.
"""

from __future__ import annotations

import io
import os
import pickle  # nosec B403 - both ends of the pipe are this program
from collections.abc import Callable
from enum import Enum
from operator import attrgetter
from typing import IO, Any, Final

from attrs import fields

from kokuho_adapters.database.statements import BoundRows
from kokuho_core.identity.insured_ids import IssuedId
from kokuho_core.identity.settlement import IdentityConflict, SettledPerson, Settlement
from kokuho_core.insured_person.application_period import ApplicationPeriod
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.periods import DayRange
from kokuho_core.ports.assigned import Assigned, AssignedGroup
from kokuho_core.ports.stores import KnownAddressee
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.findings import Finding
from kokuho_core.qualification.judgement import PersonJudgement
from kokuho_core.qualification.moves import Move
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey, Source

_SIZE: Final = 8


class Question(Enum):
    """依頼の種類."""

    REGISTER = "register"
    """The insurers against whom files are read from here on; not answered."""
    FILE = "file"
    """Path and encoding of a file; answered in parts."""
    BEGIN_JUDGING = "begin judging"
    """The business date; the database is viewed as it stands now. Not answered."""
    JUDGE = "judge"
    """Addressees who wait, and the numbers issued before; None in place of these: after what was judged last."""
    PREPARE = "prepare"
    """Addressees about whom the next question to judge will be; not answered."""
    END_JUDGING = "end judging"
    LINES = "lines"
    """Municipality, kind of file, form, the row behind which to begin, and the line of the first; answered in parts."""


_FREQUENT: Final = (
    PersonFact, DayRange, ApplicationPeriod, Qualification, Assigned, AssignedGroup, Settlement, SettledPerson, IssuedId,
    KnownAddressee, IdentityConflict, PersonJudgement, Finding, Move,
)  # fmt: skip


def _as_call(made: type) -> Callable[[Any], tuple[type, tuple[Any, ...]]]:
    """Pickled as a call of the class with all its values: a third of the time that pickling by state takes."""
    names = [attribute.name for attribute in fields(made)]
    values = attrgetter(*names) if len(names) > 1 else lambda each: (getattr(each, names[0]),)
    return lambda each: (made, values(each))


def _plainly(bound: BoundRows) -> tuple[Callable[[bytes], BoundRows], tuple[bytes]]:
    """Packed for itself, without looking for each value whether it occurred before: that takes half the time."""
    packed = io.BytesIO()
    pickler = pickle.Pickler(packed, pickle.HIGHEST_PROTOCOL)
    pickler.fast = True
    pickler.dump((bound.columns, bound.rows))
    return _bound_rows, (packed.getvalue(),)


def _bound_rows(packed: bytes) -> BoundRows:
    return BoundRows(*unpacked(packed))


def _as_key(key: tuple[Any, ...]) -> tuple[type, tuple[Any, ...]]:
    """A named tuple would be asked for its values by a method of its own."""
    return type(key), tuple(key)


_BY_CALL: Final[dict[type, Callable[[Any], Any]]] = {
    **{made: _as_call(made) for made in _FREQUENT},
    **dict.fromkeys((Addressee, HouseholdKey, Source), _as_key),
    BoundRows: _plainly,
}


def send(message: Any, to: IO[bytes]) -> None:
    """Raises :class:`OSError` when nobody reads any more."""
    packed = io.BytesIO()
    packed.write(bytes(_SIZE))
    pickler = pickle.Pickler(packed, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _BY_CALL
    pickler.dump(message)
    size = packed.tell() - _SIZE
    packed.seek(0)
    packed.write(size.to_bytes(_SIZE, "big"))
    # Past the buffer of ``to``: that of CPython 3.11 begins anew with a message in which the process was stopped (Ctrl-Z).
    unsent = packed.getbuffer()
    while unsent:
        unsent = unsent[os.write(to.fileno(), unsent) :]


def receive_packed(source: IO[bytes]) -> bytes | None:
    """One message as it came, None when the other end is closed."""
    head = source.read(_SIZE)
    if len(head) < _SIZE:
        return None
    size = int.from_bytes(head, "big")
    packed = source.read(size)
    return packed if len(packed) == size else None


def unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)  # noqa: S301 - see above # nosec B301


def receive(source: IO[bytes]) -> Any:
    """One message. Raises :class:`EOFError` when the other end is closed."""
    packed = receive_packed(source)
    if packed is None:
        raise EOFError
    return unpacked(packed)
