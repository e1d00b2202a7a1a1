"""入口: what makes a function of an office a use case, admitted and recorded by the gatekeeper (S-4)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from kokuho_core.access import Operation, OperatorId, Role
from kokuho_core.errors import AccessDenied, Problem
from kokuho_core.usecases.gatekeeper import Admission, Gatekeeper, current_admission
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import InsurerNumber

P = ParamSpec("P")
Answer = TypeVar("Answer")
Given = Mapping[str, Any]


def count(**counts: int) -> None:
    """Sum up, for the log, what the next commit of the admitted operation changes."""
    lasting = current_admission()
    if lasting is not None:
        lasting.counts = counts


def about(subject: str) -> None:
    """Name, for the log, whom the admitted operation turned out to concern: an ID of this office, never what was typed."""
    lasting = current_admission()
    if lasting is not None:
        lasting.subject = subject


def admitted(
    operation: Operation,
    subject: Callable[[Given], str] = lambda given: "",
    insurer: Callable[[Given], InsurerNumber | None] = lambda given: None,
    purpose: Callable[[Given], str | None] = lambda given: None,
) -> Callable[[Callable[Concatenate[Office, P], Answer]], Callable[Concatenate[Office, P], Answer]]:
    """Make a function of an office a use case, admitted and recorded as ``operation``.

    ``subject``, ``insurer`` and ``purpose`` find in the arguments whom it is about. A generator is run to its end at once: an
    admission does not stay open while somebody else's code runs.
    """

    def decorated(use_case: Callable[Concatenate[Office, P], Answer]) -> Callable[Concatenate[Office, P], Answer]:
        signature = inspect.signature(use_case)
        is_generator = inspect.isgeneratorfunction(use_case)

        @wraps(use_case)
        def step(office: Office, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
            gatekeeper = _gatekeeper(office)
            bound = signature.bind(office, *args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            with gatekeeper.admitted(operation, subject(given), insurer(given), purpose(given)):
                answer = use_case(office, *args, **kwargs)
                return cast(Answer, iter(list(cast(Any, answer)))) if is_generator else answer

        step.operation = operation  # type: ignore[attr-defined]
        return step

    return decorated


def operator_of(office: Office) -> OperatorId:
    """The operator of this session. Raises :class:`AccessDenied` (KKH-A001)."""
    return _gatekeeper(office).context.operator


def role_of(office: Office) -> Role | None:
    """The role in which the operation was admitted. Raises :class:`AccessDenied` (KKH-A001)."""
    return _lasting(office).role


def purpose_of(office: Office) -> str:
    """The purpose for which the operation was admitted, as it went on record. Raises :class:`AccessDenied` (KKH-A001)."""
    return _lasting(office).purpose


def now_of(office: Office) -> datetime:
    """The time of rights and records. Raises :class:`AccessDenied` (KKH-A001)."""
    return _gatekeeper(office).clock.now()


def _lasting(office: Office) -> Admission:
    lasting = current_admission()
    if lasting is None or lasting.gatekeeper is not _gatekeeper(office):
        raise AccessDenied(Problem("KKH-A001", field="operator"))
    return lasting


def _gatekeeper(office: Office) -> Gatekeeper:
    if office.gatekeeper is None:
        raise AccessDenied(Problem("KKH-A001", field="operator"))
    return office.gatekeeper
