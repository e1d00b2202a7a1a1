"""項目値: text of a field to typed value and back, compiled once because it runs for every field of every record."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final

from kokuho_adapters.files.layout import Field
from kokuho_adapters.files.naming import format_timestamp, parse_timestamp
from kokuho_adapters.known_results import MOMENTS, KnownResults
from kokuho_core.errors import InvalidValue
from kokuho_core.vocabulary.individual_number import IndividualNumber, individual_number_problem
from kokuho_core.vocabulary.month import Month

INDIVIDUAL_NUMBER_KEYS: Final = frozenset({"individual_number", "previous_individual_number"})
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
"""制御文字 (KKH-V010)."""
PRIVATE_USE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
"""外字: the private use areas (KKH-V011)."""
ONE_DAY: Final = timedelta(days=1)
_NO_MARKS: Final = str.maketrans("", "", "-:T")

_INTS: Final = frozenset({int})

Parse = Callable[[str], Any]
ParseColumn = Callable[[Sequence[str]], Sequence[Any]]
Format = Callable[[Any], str]
FormatColumn = Callable[[Sequence[Any]], Sequence[str]]


class FieldFault(Exception):
    """What is wrong with one field: the code alone, never the text."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class _Closed(dict[Any, str]):
    """A closed set of codes; any other text is a fault."""

    def __init__(self, codes: Any, fault: str) -> None:
        super().__init__({code: code for code in codes})
        self._fault = fault

    def __missing__(self, text: Any) -> str:
        raise FieldFault(self._fault)


def compile_field(field: Field, inclusive: bool) -> Parse:
    """The parser of one field for text that is not empty. It raises :class:`FieldFault`."""
    if field.key in INDIVIDUAL_NUMBER_KEYS:
        return _individual_number
    match field.type:
        case "digits":
            return _digits(field)
        case "int":
            return _int(field)
        case "text":
            return _text(field)
        case "date":
            return (_LAST_DAYS if inclusive and field.is_end else _DAYS).__getitem__
        case "month":
            return _MONTHS.__getitem__
        case "datetime":
            return KnownResults(_datetime, MOMENTS).__getitem__
        case "flag":
            return _Closed(("0", "1"), "KKH-V009").__getitem__
        case _:
            return _Closed(field.codes, "KKH-V008").__getitem__


def compile_column(field: Field, parse: Parse) -> ParseColumn:
    """The parser of one field for many records at once, where an empty text gives None.

    It raises :class:`FieldFault` if any of them is wrong, without saying which: :func:`compile_field` tells.
    """
    if field.type in ("digits", "text") and field.key not in INDIVIDUAL_NUMBER_KEYS:
        return _text_column(field)

    def parse_column(texts: Sequence[str]) -> Sequence[Any]:
        if all(texts):
            return list(map(parse, texts))
        if field.required:
            raise FieldFault("KKH-V001")
        return [parse(text) if text else None for text in texts]

    return parse_column


def _text_column(field: Field) -> ParseColumn:
    """Texts stay what they are."""
    has_empty = _text_check(field)

    def parse_column(texts: Sequence[str]) -> Sequence[Any]:
        return [text or None for text in texts] if has_empty(texts) else texts

    return parse_column


def _text_check(field: Field) -> Callable[[Sequence[str]], bool]:
    """Looking at all texts of a column together is enough. Tells whether some are empty; raises :class:`FieldFault`."""
    least, most = _limits(field)
    must_be_digits = field.type == "digits"

    def has_empty(texts: Sequence[str]) -> bool:
        lengths = set(map(len, texts))
        some_empty = 0 in lengths
        lengths.discard(0)
        if some_empty and field.required:
            raise FieldFault("KKH-V001")
        if lengths and not least <= min(lengths) <= max(lengths) <= most:
            raise FieldFault("KKH-V003")
        if must_be_digits and lengths and not _is_digits("".join(texts)):
            raise FieldFault("KKH-V002")
        return some_empty

    return has_empty


def _is_digits(text: str) -> bool:
    # int() and str.isdigit() take full-width digits too
    return text.isascii() and text.isdigit()


def _individual_number(text: str) -> IndividualNumber:
    code = individual_number_problem(text)
    if code is not None:
        raise FieldFault(code)
    return IndividualNumber.checked(text)


def _limits(field: Field) -> tuple[int, int]:
    if field.length is not None:
        return field.length, field.length
    return 1, field.max_length or 1


def _digits(field: Field) -> Parse:
    least, most = _limits(field)

    def parse(text: str) -> str:
        if not (text.isascii() and text.isdigit()):
            raise FieldFault("KKH-V002")
        if not least <= len(text) <= most:
            raise FieldFault("KKH-V003")
        return text

    return parse


def _int(field: Field) -> Parse:
    least, most = _limits(field)

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()):
            raise _form_fault(text, "KKH-V007")
        if not least <= len(text) <= most:
            raise FieldFault("KKH-V003")
        return int(text)

    return parse


def _text(field: Field) -> Parse:
    least, most = _limits(field)

    def parse(text: str) -> str:
        if not least <= len(text) <= most:
            raise FieldFault("KKH-V003")
        return text

    return parse


def _form_fault(text: str, code: str) -> FieldFault:
    """``code``, or that full-width digits are used: they look right on paper, so the message must name them."""
    is_full_width = any(character.isdigit() and not character.isascii() for character in text)
    return FieldFault("KKH-V002" if is_full_width else code)


def _day(text: str) -> date:
    if len(text) == 8 and _is_digits(text):
        if text.startswith("9999") and text[4:] != "9999":
            raise FieldFault("KKH-V016")  # P-1: an open end is an empty field, never a day far away
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    raise _form_fault(text, "KKH-V004")


def _last_day(text: str) -> date:
    """P-1: the file gives the last day covered, the library the first day no longer covered."""
    return _day(text) + ONE_DAY


def _month(text: str) -> Month:
    if len(text) == 6 and _is_digits(text):
        try:
            return Month.parse(text)
        except InvalidValue:
            pass
    raise _form_fault(text, "KKH-V005")


def _datetime(text: str) -> datetime:
    moment = parse_timestamp(text)
    if moment is None:
        raise _form_fault(text, "KKH-V006")
    return moment


# The same days and months occur in all fields and files.
_DAYS: Final = KnownResults(_day)
_LAST_DAYS: Final = KnownResults(_last_day)
_MONTHS: Final = KnownResults(_month)


def compile_format(field: Field, inclusive: bool) -> Format:
    """The formatter of one field for a value that is not empty. It raises :class:`FieldFault` like the parser does."""
    parse = compile_field(field, inclusive)
    if field.key in INDIVIDUAL_NUMBER_KEYS:
        return _number_text
    match field.type:
        case "int":
            return _int_text(parse)
        case "date" | "month":
            return _TEXTS[_kind_of_day(field, inclusive)].__getitem__
        case "datetime":
            return _datetime_text
        case "digits":
            return _checked_text(parse, "KKH-V002")
        case "text":
            return _printable_text(_checked_text(parse, "KKH-V010"))
        case _:
            return parse


def compile_format_column(field: Field, inclusive: bool) -> FormatColumn:
    """The formatter of one field for many records at once, where no value gives an empty text.

    It raises :class:`FieldFault` if any of them is wrong, without saying which.
    """
    write = compile_format(field, inclusive)
    if field.type == "int":
        return _int_text_column(field, write)
    return _empty_or(field, _column_of(field, inclusive, write))


def _empty_or(field: Field, write_some: FormatColumn) -> FormatColumn:
    def write_column(values: Sequence[Any]) -> Sequence[str]:
        if not field.required and values and values[0] is None and values.count(None) == len(values):
            return ("",) * len(values)  # as most fields of most records are
        return write_some(values)

    return write_column


def _column_of(field: Field, inclusive: bool, write: Format) -> FormatColumn:
    """For what occurs again and again, one look-up per value does it all."""
    if field.key in INDIVIDUAL_NUMBER_KEYS:
        return _number_texts(field, write)
    match field.type:
        case "datetime":
            return _moment_texts(_some_texts(field, write))
        case "date" | "month":
            return _known_texts(field, write)
        case "flag" | "code":
            return _code_texts(field, ("0", "1") if field.type == "flag" else field.codes or ())
        case _:
            return _some_texts(field, write)


def _known_texts(field: Field, text_of: Format) -> FormatColumn:
    def write_known(values: Sequence[Any]) -> Sequence[str]:
        texts = list(map(text_of, values))
        if field.required and "" in texts:
            raise FieldFault("KKH-V001")
        return texts

    return write_known


def _code_texts(field: Field, codes: Iterable[str]) -> FormatColumn:
    """Codes stay what they are."""
    known: frozenset[Any] = frozenset(codes) if field.required else frozenset((*codes, "", None))

    def write_codes(values: Sequence[Any]) -> Sequence[str]:
        if not known.issuperset(values):
            raise FieldFault("KKH-V008")
        return values if None not in values else ["" if value is None else value for value in values]

    return write_codes


def _number_texts(field: Field, write: Format) -> FormatColumn:
    write_each = _some_texts(field, write)

    def write_numbers(values: Sequence[Any]) -> Sequence[str]:
        types = set(map(type, values))
        if types == {IndividualNumber}:
            return [value.reveal() for value in values]
        if not field.required and types == {IndividualNumber, type(None)}:
            return ["" if value is None else value.reveal() for value in values]
        return write_each(values)

    return write_numbers


def _moment_texts(write_each: FormatColumn) -> FormatColumn:
    """Moments seldom occur twice, so all are written together."""

    def write_moments(values: Sequence[Any]) -> Sequence[str]:
        if set(map(type, values)) != {datetime}:
            return write_each(values)
        texts = ",".join(map(datetime.isoformat, values)).translate(_NO_MARKS).split(",")
        return texts if set(map(len, texts)) == {14} else write_each(values)  # else some have a zone or part of a second

    return write_moments


def _some_texts(field: Field, write: Format) -> FormatColumn:
    def write_each(values: Sequence[Any]) -> Sequence[str]:
        types = set(map(type, values))  # days are slow to compare with an empty text
        may_be_empty = str in types and "" in values
        if not may_be_empty and type(None) not in types:
            return list(map(write, values))
        if field.required:
            raise FieldFault("KKH-V001")
        return ["" if value is None or (may_be_empty and value == "") else write(value) for value in values]

    if field.type not in ("digits", "text") or field.key in INDIVIDUAL_NUMBER_KEYS:
        return write_each
    require_lengths = _text_check(field)

    def write_texts(values: Sequence[Any]) -> Sequence[str]:
        texts = values if None not in values else ["" if value is None else value for value in values]
        try:
            joined = "".join(texts)
        except TypeError:  # some value is no text
            return write_each(values)
        require_lengths(texts)
        if not joined.isprintable() and CONTROL.search(joined):
            raise FieldFault("KKH-V010")
        return texts

    return write_texts


def _int_text_column(field: Field, write: Format) -> FormatColumn:
    least, most = _limits(field)

    def write_column(values: Sequence[Any]) -> Sequence[str]:
        if _INTS.issuperset(map(type, values)) and values and min(values) >= 0:
            texts = list(map(str, values))
            if least <= min(map(len, texts)) <= max(map(len, texts)) <= most:
                return texts
        if field.required and not all(value is not None and value != "" for value in values):
            raise FieldFault("KKH-V001")
        return ["" if value is None or value == "" else write(value) for value in values]

    return write_column


def _number_text(value: Any) -> str:
    if isinstance(value, IndividualNumber):  # it is one
        return value.reveal()
    if not isinstance(value, str):
        raise FieldFault("KKH-I010")
    _individual_number(value)
    return value


def _checked_text(parse: Parse, fault: str) -> Format:
    def write(value: Any) -> str:
        if not isinstance(value, str):
            raise FieldFault(fault)
        return str(parse(value))

    return write


def _printable_text(write: Format) -> Format:
    def write_printable(value: Any) -> str:
        text = write(value)
        if not text.isprintable() and CONTROL.search(text):
            raise FieldFault("KKH-V010")
        return text

    return write_printable


def _int_text(parse: Parse) -> Format:
    def write(value: Any) -> str:
        if type(value) is not int:
            raise FieldFault("KKH-V007")
        text = str(value)
        parse(text)
        return text

    return write


def _day_text(value: Any) -> str:
    if type(value) is not date:
        raise FieldFault("KKH-V004")
    if value.year == date.max.year:
        raise FieldFault("KKH-V016")
    return f"{value.year:04d}{value.month:02d}{value.day:02d}"


def _last_day_text(value: Any) -> str:
    if type(value) is not date or value == date.min:
        raise FieldFault("KKH-V004")
    return _day_text(value - ONE_DAY)


def _month_text(value: Any) -> str:
    if not isinstance(value, Month) or not 12 <= value.ordinal < 120_000:
        raise FieldFault("KKH-V005")
    return str(value)


def _datetime_text(value: Any) -> str:
    if not isinstance(value, datetime):
        raise FieldFault("KKH-V006")
    return format_timestamp(value)


def _kind_of_day(field: Field, inclusive: bool) -> str:
    return "last day" if field.type == "date" and inclusive and field.is_end else field.type


_WRITTEN: Final[Mapping[str, Format]] = {
    "date": _day_text, "last day": _last_day_text, "month": _month_text
}  # fmt: skip


def _or_none(write: Format) -> Format:
    return lambda value: "" if value is None or value == "" else write(value)


_TEXTS: Final = {kind: KnownResults(_or_none(write)) for kind, write in _WRITTEN.items()}
"""Days and months as text, empty where there is none: the same in all fields and files."""


# --- values as they are kept ---


def compile_kept(field: Field, inclusive: bool) -> Format:
    """As :func:`compile_format` for a value as a database row keeps it: days, months and moments as their ISO text."""
    match field.type:
        case "date" | "month":
            return _KEPT_TEXTS[_kind_of_day(field, inclusive)].__getitem__
        case "datetime":
            return _kept_moment_text
        case _:
            return compile_format(field, inclusive)


def compile_kept_column(field: Field, inclusive: bool) -> FormatColumn:
    """As :func:`compile_format_column` for values as :func:`compile_kept` takes them."""
    write = compile_kept(field, inclusive)
    match field.type:
        case "date" | "month":
            return _empty_or(field, _known_texts(field, write))
        case "datetime":
            return _empty_or(field, _kept_moment_texts(_some_texts(field, write)))
        case _:
            return compile_format_column(field, inclusive)


def _kept_moment_texts(write_each: FormatColumn) -> FormatColumn:
    """All are read, which shows that each is a moment, and nearly always their digits are what is written."""

    def write_moments(values: Sequence[Any]) -> Sequence[str]:
        try:
            deque(map(datetime.fromisoformat, values), maxlen=0)
        except (TypeError, ValueError):
            return write_each(values)
        joined = ",".join(values).translate(_NO_MARKS)
        texts = joined.split(",")
        is_plain = set(map(len, texts)) == {14} and _is_digits(joined.replace(",", ""))
        return texts if is_plain else write_each(values)

    return write_moments


def _from(read: Callable[[str], Any], fault: str, write: Format) -> Format:
    """What is kept is read as a value first, so that it is checked like one."""

    def write_kept(text: Any) -> str:
        value = None
        if isinstance(text, str):
            with suppress(ValueError, InvalidValue):
                value = read(text)
        if value is None:
            raise FieldFault(fault)
        return write(value)

    return write_kept


_KEPT_TEXTS: Final = {
    kind: KnownResults(_or_none(_from(read, fault, _WRITTEN[kind])))
    for kind, read, fault in (
        ("date", date.fromisoformat, "KKH-V004"),
        ("last day", date.fromisoformat, "KKH-V004"),
        ("month", Month.parse, "KKH-V005"),
    )
}
_kept_moment_text: Final = _from(datetime.fromisoformat, "KKH-V006", _datetime_text)
