"""記録の伏字: the last guard of the logs, which must not show a 個人番号 in any form (S-3).

Nothing logs a number on purpose. This processor is for what slips through: a line of a file inside a message, a parameter
inside a database driver's exception, an object whose ``repr`` says too much. It prefers masking too much: every run of twelve
or more digits goes, half-width or full-width, in groups of four or not, except a date and time (``YYYYMMDDhhmmss``).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import date, datetime
from itertools import islice
from pathlib import PurePath
from typing import Any, Final, TextIO

import structlog
from structlog.types import Processor

from kokuho_core.vocabulary.individual_number import IndividualNumber

MASK: Final = "************"

_GAP: Final = r"[\s\-\u2010-\u2015\u2212\u30fc\uff0d\uff70]{0,3}"
_DIGITS: Final = re.compile(rf"(?<!\d)\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}(?!\d)|\d{{12,}}")
_STAMP: Final = re.compile(r"(?:19|20)\d{12}", re.ASCII)
# base64 writes three ASCII digits as four characters of a narrow choice
_BASE64_NUMBER: Final = re.compile(r"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){4}")
# 32 bytes as hexadecimal or base64: what a number index looks like
_DIGEST: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=)(?![0-9A-Za-z=])")
# ``repr`` of a byte string, as it stands inside the message of an exception
_BYTES_REPR: Final = re.compile(r"""\bb(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""")

_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 1000


def redact_text(text: str) -> str:
    """``text`` with every number, encoded number and index masked."""
    if len(text) < len(MASK):
        return text
    text = _BYTES_REPR.sub(_mask_bytes_repr, text)
    text = _DIGEST.sub(MASK, text)
    text = _BASE64_NUMBER.sub(MASK, text)
    return _DIGITS.sub(_mask_digits, text)


def redact(value: object) -> Any:
    """``value`` as plain data for a log (text, numbers, lists, dicts), with nothing of a 個人番号 in it.

    Byte strings show their length alone: they may be indexes, which are guarded like the number (S-9).
    """
    return _redacted(value, _MAX_DEPTH)


def redact_numbers(logger: object, method_name: str, event_dict: MutableMapping[str, Any]) -> dict[str, Any]:
    """structlog processor; stands directly before the renderer, after exceptions have become text."""
    return {redact_text(str(key)): redact(value) for key, value in event_dict.items()}


def configure_logging(*, json: bool = False, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send all logs, masked, to ``stream`` (standard error): one JSON object per line, or lines for people.

    Logs of other libraries (:mod:`logging`) go the same way from WARNING on. Standard output carries results only, so it
    is refused with :class:`ValueError`.
    """
    target = sys.stderr if stream is None else stream
    if target is sys.stdout or target is sys.__stdout__:
        raise ValueError("logs must not go to standard output")
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*first, redact_numbers, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact_numbers, renderer],
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if type(old.formatter) is structlog.stdlib.ProcessorFormatter]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)


def _mask_digits(match: re.Match[str]) -> str:
    return match[0] if _is_stamp(match[0]) else MASK


def _is_stamp(text: str) -> bool:
    if not _STAMP.fullmatch(text):
        return False
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True


def _mask_bytes_repr(match: re.Match[str]) -> str:
    """Byte strings of 12 and more are masked whole: an index in ``repr`` form has no pattern of its own."""
    return match[0] if len(match[0]) < len("b''") + len(MASK) else f"b'{MASK}'"


def _redacted(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, IndividualNumber):
        return MASK
    if type(value) is str:
        return redact_text(value)
    if type(value) is int:
        # without its leading zero a number has eleven digits; a count that large is none of ours
        return MASK if 10**10 <= abs(value) < 10**12 else value
    if type(value) is float:
        return MASK if value.is_integer() and 1e10 <= abs(value) < 1e12 else value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{memoryview(value).nbytes} bytes>"
    if depth and isinstance(value, Mapping):
        return {redact_text(_shown(key)): _redacted(item, depth - 1) for key, item in islice(value.items(), _MAX_ITEMS)}
    if depth and isinstance(value, list | tuple | set | frozenset) and not hasattr(value, "_fields"):
        return _redacted_items(value, depth)
    return redact_text(_shown(value))


def _redacted_items(values: Iterable[object], depth: int) -> list[Any]:
    return [_redacted(item, depth - 1) for item in islice(values, _MAX_ITEMS)]


def _shown(value: object) -> str:
    """Text of any object; one whose ``repr`` fails is named by its type alone."""
    try:
        return str(value) if isinstance(value, str | date | PurePath) else repr(value)
    except Exception:  # noqa: BLE001 - a log call must not fail because of what is logged
        return f"<{type(value).__name__}>"
