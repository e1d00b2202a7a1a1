"""項目の対応表: fields of the open format beside the record items of a municipality, as published (``field_mapping.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from attrs import frozen


@frozen
class Published:
    """出典."""

    title: str
    place: str


@frozen
class RecordItem:
    """記録項目 of one source. ``no`` None: the source does not number it. ``is_near``: to be read otherwise or put together."""

    source: str
    no: int | None
    name: str
    is_near: bool


@frozen
class MappedField:
    """One field by its layout key. Without ``items``, nothing that was published is it."""

    key: str
    items: tuple[RecordItem, ...]
    note: str


@frozen
class MappedFile:
    """One file. ``standard`` is its name in the published table of contents of the standard system, empty where unknown.

    What the standard system's fields are called was not published there, so no field has such a name.
    """

    file_id: str
    standard: str
    fields: tuple[MappedField, ...]


@frozen
class FieldMapping:
    """項目の対応表."""

    sources: Mapping[str, Published]
    standard: Published
    files: tuple[MappedFile, ...]


@cache
def field_mapping() -> FieldMapping:
    """The table that ships with the library."""
    told = tomllib.loads(resources.files(__package__).joinpath("field_mapping.toml").read_text("utf-8"))
    files = (
        MappedFile(
            file["id"],
            file["standard"],
            tuple(
                MappedField(
                    each["key"],
                    tuple(
                        RecordItem(item["of"], item.get("no"), item["name"], item.get("near", False)) for item in each["items"]
                    ),
                    each.get("note", ""),
                )
                for each in file["field"]
            ),
        )
        for file in told["file"]
    )
    sources = {name: Published(**each) for name, each in told["sources"].items()}
    return FieldMapping(sources, Published(**told["standard"]), tuple(files))
