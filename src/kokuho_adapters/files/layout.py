"""レイアウト: the definition of each interface file, read from TOML and checked when it is read (KKH-C009)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from kokuho_core.errors import Problem, SetupFault

FIXED_LENGTHS: Final = {"date": 8, "month": 6, "datetime": 14, "flag": 1}
"""Types whose length is given by their form."""
TYPES: Final = frozenset({"digits", "int", "text", "code", *FIXED_LENGTHS})

_LAYOUT_KEYS: Final = {"id", "name", "version", "direction", "end_convention", "field"}
_FIELD_KEYS: Final = {"no", "key", "name", "type", "length", "max_length", "required", "codes", "end"}
_PARTIES: Final = {"municipality", "aggregation", "intermediate"}
_KEPT_AS_TEXT: Final = {"digits", "text", "code", "flag"}
_RULE_CODES: Final = {"update_kind", "insured_kind", "head_kind", "occurrence_kind", "special_case", "decision"}
"""Codes that rules are written in: another layout may leave values out, but cannot bring new ones."""

Codes = Mapping[str, str]


@frozen
class Field:
    """項目. ``key`` carries the meaning; number, Japanese name and length are the layout's own.

    ``is_end`` marks an end date that an inclusive layout gives as the last day covered (P-1).
    """

    no: int
    key: str
    name: str
    type: str
    length: int | None
    max_length: int | None
    required: bool
    codes: Codes | None
    is_end: bool = False


@frozen
class Layout:
    """レイアウト: one interface file in one version. ``fields`` are in the order of their columns."""

    id: str
    name: str
    version: str
    direction: str
    end_convention: str
    fields: tuple[Field, ...]

    @property
    def is_inclusive(self) -> bool:
        """Whether ends are written as the last day covered instead of the first day not covered (P-1)."""
        return self.end_convention == "inclusive"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(item.key for item in self.fields)


def _newest_last(layouts: Iterable[Layout]) -> Mapping[str, Mapping[str, Layout]]:
    book: dict[str, dict[str, Layout]] = {}
    for layout in sorted(layouts, key=lambda one: [int(part) for part in one.version.split(".")]):
        book.setdefault(layout.id, {})[layout.version] = layout
    return book


@frozen
class LayoutBook:
    """レイアウト一覧: the layouts known here, by file ID and version."""

    _layouts: Mapping[str, Mapping[str, Layout]] = field(converter=_newest_last)

    @classmethod
    def shipped(cls) -> LayoutBook:
        """The open format, version 1."""
        return _shipped()

    def with_files(self, paths: Iterable[Path]) -> LayoutBook:
        """This book and a vendor's own layouts: the same ID and version replaces, another version is added.

        Raises :class:`SetupFault` (KKH-C009) for a file that is no layout, or that lacks or changes what the rules need
        of the layout it takes after.
        """
        added: dict[tuple[str, str], Layout] = {}
        for path in paths:
            try:
                with path.open("rb") as file:
                    source = tomllib.load(file)
            except (OSError, ValueError):
                raise _fault(path.name, "cannot be read as TOML") from None
            layout = parse_layout(source, path.name, _shipped_reasons())
            if (layout.id, layout.version) in added:
                raise _fault(path.name, f"{layout.id} {layout.version} is given twice")
            known = self._layouts.get(layout.id)
            if known:
                _check_against(layout, next(iter(known.values())), path.name)
            added[layout.id, layout.version] = layout
        return LayoutBook([one for one in self if (one.id, one.version) not in added] + list(added.values()))

    def get(self, file_id: str, version: str) -> Layout | None:
        return self._layouts.get(file_id, {}).get(version)

    def newest(self, file_id: str) -> Layout | None:
        """The highest version of ``file_id``."""
        versions = self._layouts.get(file_id)
        return versions[next(reversed(list(versions)))] if versions else None

    def __iter__(self) -> Iterator[Layout]:
        return (layout for versions in self._layouts.values() for layout in versions.values())

    def __contains__(self, file_id: object) -> bool:
        return file_id in self._layouts


@cache
def _shipped_reasons() -> Mapping[str, Codes]:
    text = resources.files(__package__).joinpath("layouts", "reasons.toml").read_text("utf-8")
    return {
        table: {code: reason["name"] for code, reason in reasons.items()}
        for table, reasons in tomllib.loads(text).items()
    }


@cache
def _shipped() -> LayoutBook:
    folder = resources.files(__package__).joinpath("layouts")
    return LayoutBook(
        parse_layout(tomllib.loads(file.read_text("utf-8")), file.name, _shipped_reasons())
        for file in sorted(folder.iterdir(), key=lambda one: one.name)
        if file.name.endswith(".toml") and file.name != "reasons.toml"
    )


def _fault(source: str, what: str, field_key: str = "") -> SetupFault:
    """KKH-C009 with file, field and cause; a layout holds no personal value, so the cause may be named."""
    return SetupFault(Problem("KKH-C009", field=": ".join(part for part in (source, field_key, what) if part)))


def parse_layout(source: Mapping[str, Any], origin: str, reasons: Mapping[str, Codes]) -> Layout:
    """Check one TOML definition strictly. ``origin`` names it in the :class:`SetupFault` (KKH-C009)."""
    unknown = source.keys() - _LAYOUT_KEYS
    if unknown:
        raise _fault(origin, f"unknown key {min(unknown)}")
    head = {key: source.get(key) for key in ("id", "name", "version", "direction", "end_convention")}
    for key, value in head.items():
        if not isinstance(value, str) or not value:
            raise _fault(origin, f"{key} is missing or no text")
    if not re.fullmatch(r"[A-Z][A-Z0-9]{0,19}", str(head["id"])):
        raise _fault(origin, "id is not upper-case ASCII")
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}", str(head["version"])):
        raise _fault(origin, "version is not like 1.0")
    parties = str(head["direction"]).split("->")
    if len(parties) < 2 or not _PARTIES.issuperset(parties):
        raise _fault(origin, "direction is unknown")
    if head["end_convention"] not in ("exclusive", "inclusive"):
        raise _fault(origin, "end_convention is neither exclusive nor inclusive")
    definitions = source.get("field")
    if not isinstance(definitions, list) or not definitions or not all(isinstance(one, dict) for one in definitions):
        raise _fault(origin, "no fields")
    fields = sorted((_parse_field(one, origin, reasons) for one in definitions), key=lambda one: one.no)
    seen: set[str] = set()
    for no, item in enumerate(fields, 1):
        if item.no != no:
            raise _fault(origin, f"number {no} is missing or {item.no} stands twice", item.key)
        if item.key in seen:
            raise _fault(origin, "key stands twice", item.key)
        seen.add(item.key)
    return Layout(**{key: str(value) for key, value in head.items()}, fields=tuple(fields))


def _parse_field(source: Mapping[str, Any], origin: str, reasons: Mapping[str, Codes]) -> Field:
    key = source.get("key")
    if not isinstance(key, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", key):
        raise _fault(origin, "key is missing or not lower-case ASCII", f"field {source.get('no')}")

    def fault(what: str) -> SetupFault:
        return _fault(origin, what, key)

    unknown = source.keys() - _FIELD_KEYS
    if unknown:
        raise fault(f"unknown key {min(unknown)}")
    no, name, kind, required = (source.get(part) for part in ("no", "name", "type", "required"))
    length, max_length, end = (source.get(part) for part in ("length", "max_length", "end"))
    if type(no) is not int or no < 1:
        raise fault("no is missing or no positive number")
    if not isinstance(name, str) or not name:
        raise fault("name is missing")
    if not isinstance(kind, str) or kind not in TYPES:
        raise fault("type is unknown")
    if not isinstance(required, bool):
        raise fault("required is missing or neither true nor false")
    for part, value in (("length", length), ("max_length", max_length)):
        if value is not None and (type(value) is not int or not 1 <= value <= 100_000):
            raise fault(f"{part} is no positive number")
    if length is not None and max_length is not None:
        raise fault("both length and max_length")
    if kind in FIXED_LENGTHS and (max_length is not None or length not in (None, FIXED_LENGTHS[kind])):
        raise fault(f"length of {kind} is {FIXED_LENGTHS[kind]}")
    if kind in ("digits", "int", "text") and length is None and max_length is None:
        raise fault("length or max_length is missing")
    if end is not None and (not isinstance(end, bool) or kind != "date"):
        raise fault("end is for dates, true or false")
    return Field(
        no=no,
        key=key,
        name=name,
        type=kind,
        length=length,
        max_length=max_length,
        required=required,
        codes=_parse_codes(source.get("codes"), kind, length, max_length, reasons, fault),
        is_end=end if end is not None else kind == "date" and (key.endswith("_end") or key == "qualification_lost"),
    )


def _parse_codes(
    codes: Any, kind: str, length: int | None, max_length: int | None, reasons: Mapping[str, Codes], fault: Any
) -> Codes | None:
    if kind != "code":
        if codes is not None:
            raise fault("codes are for type code")
        return None
    if isinstance(codes, str):
        prefix, _, table = codes.partition(".")
        if prefix != "reasons" or table not in reasons:
            raise fault(f"code table {codes} is unknown")
        codes = reasons[table]
    if not isinstance(codes, dict) or not codes:
        raise fault("codes are missing")
    for code, text in codes.items():
        if not isinstance(text, str) or not re.fullmatch(r"[0-9A-Za-z]+", code):
            raise fault("codes are ASCII letters and digits, each with a text")
        if (length is not None and len(code) != length) or (max_length is not None and len(code) > max_length):
            raise fault(f"code {code} has another length")
    return dict(codes)


def _check_against(layout: Layout, base: Layout, origin: str) -> None:
    """Whether ``layout`` still gives what the rules take from ``base``: required keys, kinds of value, codes."""
    if layout.direction != base.direction:
        raise _fault(origin, f"direction is not {base.direction}")
    own = {item.key: item for item in layout.fields}
    for item in base.fields:
        mine = own.get(item.key)
        if mine is None:
            if item.required:
                raise _fault(origin, "a required field is missing", item.key)
            continue
        if item.required and not mine.required:
            raise _fault(origin, "must stay required", item.key)
        if mine.type != item.type and not _KEPT_AS_TEXT.issuperset((mine.type, item.type)):
            raise _fault(origin, f"type must stay {item.type}", item.key)
        bound = item.codes is not None and (item.key in _RULE_CODES or item.key.endswith("_reason"))
        if bound and not (item.codes or {}).keys() >= (mine.codes or {"": ""}).keys():
            raise _fault(origin, "has a code no rule knows", item.key)
