"""Logs (S-3): canary numbers in every form, through every way into a log line."""

from __future__ import annotations

import base64
import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from kokuho_adapters.security.redaction import MASK, configure_logging, redact, redact_numbers, redact_text

from .bench import Bench, digits_of, number_of

CANARY = digits_of(87654321098)
FULL_WIDTH = CANARY.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})


def grouped(text: str, gap: str) -> str:
    return gap.join((text[:4], text[4:8], text[8:]))


FORMS = [
    CANARY,
    FULL_WIDTH,
    *(
        grouped(text, gap)
        for text in (CANARY, FULL_WIDTH)
        for gap in ("-", " ", "\u3000", "\u2010", "\u2212", "－", "ー", "ｰ", " - ", "\t", "\xa0", "\n")
    ),
    f"{CANARY[:4]} {CANARY[4:]}",
    f"{CANARY[:8]}-{CANARY[8:]}",
    CANARY[:6] + FULL_WIDTH[6:],
    base64.b64encode(CANARY.encode()).decode(),
    repr(CANARY.encode()),
]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def holds_canary(text: str) -> bool:
    """Whether a number can be read out of ``text``: digits of all widths, gaps removed."""
    digits = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)
    kept = "".join(sign for sign in digits if sign.isalnum())
    return CANARY in kept or base64.b64encode(CANARY.encode()).decode() in text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("frame", ["{}", "number={};", "「{}」です", "x{}y", '{{"n": "{}"}}', "({},{})", "a,{},b\n{}"])
def test_every_form_is_masked(form: str, frame: str) -> None:
    """Rules: S-3."""
    shown = redact_text(frame.format(form, form))
    assert not holds_canary(shown)
    assert MASK in shown


@pytest.mark.parametrize("text", [f"1{CANARY}", f"{CANARY}1", f"99999{CANARY}99999", f"000{FULL_WIDTH}"])
def test_numbers_inside_longer_runs_are_masked(text: str) -> None:
    """Rules: S-3."""
    assert not holds_canary(redact_text(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "受付しました",
        "SKKOJIN-130001_20261120014440_0001.csv",
        "2026-11-20T01:44:40.123456Z",
        "2026-11-20 01:44:40",
        "12345678901",
        "1234-5678",
        "131016 138008 5 records",
        "KKH-C011 line 12",
        "03-1234-5678",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize("text", ["20261320014440", "19991231245959", "30260101000000"])
def test_fourteen_digits_that_are_no_time_are_masked(text: str) -> None:
    """Rules: S-3."""
    assert redact_text(text) == MASK


def test_indexes_and_bytes_are_masked(bench: Bench) -> None:
    """Rules: S-3, S-9. An index is guarded as the number is."""
    [sealed] = bench.seal(1)
    index = bytes(sealed.index)
    forms = [index.hex(), base64.b64encode(index).decode(), base64.urlsafe_b64encode(index).decode(), repr(index)]
    for form in forms:
        assert form not in redact_text(f"lookup {form} failed")
    assert redact(index) == "<32 bytes>"
    assert redact(bytearray(CANARY.encode())) == "<12 bytes>"
    assert redact(memoryview(CANARY.encode())) == "<12 bytes>"
    assert redact({"sealed": sealed})["sealed"].startswith("SealedNumber(insurer_number=")


class Telling:
    def __repr__(self) -> str:
        return f"Telling({CANARY})"


class Failing:
    def __repr__(self) -> str:
        raise RuntimeError(CANARY)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        Text(CANARY),
        int(CANARY),
        -int(CANARY),
        float(CANARY),
        CANARY.encode(),
        FULL_WIDTH.encode(),
        FULL_WIDTH.encode("cp932"),
        [CANARY],
        (CANARY, [CANARY]),
        {CANARY},
        frozenset({CANARY}),
        {CANARY: 1},
        {int(CANARY): 1},
        {CANARY.encode(): 1},
        {"a": {"b": [{"c": CANARY.encode()}]}},
        Telling(),
        [Telling()],
        Failing(),
        ValueError(CANARY),
        Path(f"/data/{CANARY}.csv"),
        number_of(87654321098),
        [number_of(87654321098)],
        range(int(CANARY), int(CANARY) + 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_value_is_masked(value: object) -> None:
    """Rules: S-3."""
    for shown in (redact(value), redact({"deep": [value]})):
        text = json.dumps(shown, ensure_ascii=False)
        assert not holds_canary(text)
        assert CANARY.encode().hex() not in text
        assert repr(FULL_WIDTH.encode("cp932"))[2:-1] not in text


def test_number_without_its_leading_zero_is_masked() -> None:
    """Rules: S-3."""
    assert redact(int(digits_of(1234567890))) == MASK
    assert redact([9_999_999_999, 10**12, 0, 12, 1.5, True, None]) == [9_999_999_999, 10**12, 0, 12, 1.5, True, None]


def test_plain_values_stay_readable() -> None:
    event = {"event": "受付", "file": Path("in") / "a.csv", "day": date(2026, 4, 1), "counts": {"accepted": 3}}
    shown = redact_numbers(None, "info", event)
    assert shown == {"event": "受付", "file": str(Path("in") / "a.csv"), "day": "2026-04-01", "counts": {"accepted": 3}}
    assert redact(datetime(2026, 4, 1, 12, tzinfo=UTC)) == "2026-04-01 12:00:00+00:00"


def test_deep_and_circular_values_end() -> None:
    """Rules: S-3."""
    circle: list[Any] = [CANARY]
    circle.append(circle)
    assert not holds_canary(json.dumps(redact(circle)))
    deep: Any = CANARY
    for _ in range(100):
        deep = [deep]
    assert not holds_canary(json.dumps(redact(deep)))


# --- the whole way ---


@pytest.mark.parametrize("as_json", [True, False])
def test_no_log_line_shows_a_number(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules: S-3. Messages, fields, their names, context, exceptions, and what other libraries log."""
    stream = io.StringIO()
    configure_logging(json=as_json, stream=stream)
    log = structlog.get_logger().bind(bound=CANARY)
    grouped_canary = grouped(CANARY, "-")
    log.info(grouped_canary, row={"number": FULL_WIDTH}, **{f"key_{CANARY}": 1})
    log.warning("line %s", CANARY)
    structlog.contextvars.bind_contextvars(subject=CANARY)
    try:
        raise ValueError(f"bad value {CANARY}, {CANARY.encode()!r}")
    except ValueError:
        log.exception("failed", stack_info=True)
        logging.getLogger("driver").exception("statement %s", [CANARY])
    finally:
        structlog.contextvars.clear_contextvars()
    logging.getLogger("driver").warning("parameters %r", (CANARY.encode(), int(CANARY)))
    written = stream.getvalue()
    assert not holds_canary(written)
    assert written.count(MASK) >= 8
    assert "ValueError" in written
    assert capsys.readouterr().out == ""
    if as_json:
        lines = [json.loads(line) for line in written.splitlines()]
        assert [line["level"] for line in lines] == ["info", "warning", "error", "error", "warning"]
        assert all(line["timestamp"].endswith("Z") for line in lines)


def test_logs_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(json=True)
    structlog.get_logger().info("受付")
    logging.getLogger("driver").warning("遅延")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [json.loads(line)["event"] for line in captured.err.splitlines()] == ["受付", "遅延"]


def test_standard_output_is_refused() -> None:
    with pytest.raises(ValueError, match="standard output"):
        configure_logging(stream=sys.stdout)


def test_configuring_twice_writes_each_line_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging(stream=first)
    configure_logging(stream=second)
    logging.getLogger("driver").warning("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_level_is_kept() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream, level=logging.WARNING)
    structlog.get_logger().info("not shown")
    assert stream.getvalue() == ""
