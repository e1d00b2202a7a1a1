"""Errors: one root, one class per cause, a stable code with Japanese and English text for each.

Two kinds of «wrong» are told apart. A broken invariant or bad input is an *error* and is refused with one of the classes
here. A conflict between municipalities is a *finding* (:mod:`kokuho_core.qualification`): data that is kept and followed.
"""

from kokuho_core.errors.catalogue import CATALOGUE, ErrorEntry, Severity, entry
from kokuho_core.errors.problem import (
    AccessDenied,
    ChannelFault,
    ChannelRefused,
    Conflict,
    FileRefused,
    InvalidValue,
    KokuhoError,
    NotApproved,
    NotFound,
    NotificationRefused,
    Problem,
    RecordRefused,
    SetupFault,
)

__all__ = [
    "CATALOGUE",
    "AccessDenied",
    "ChannelFault",
    "ChannelRefused",
    "Conflict",
    "ErrorEntry",
    "FileRefused",
    "InvalidValue",
    "KokuhoError",
    "NotApproved",
    "NotFound",
    "NotificationRefused",
    "Problem",
    "RecordRefused",
    "SetupFault",
    "Severity",
    "entry",
]
