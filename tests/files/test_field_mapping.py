"""項目の対応表: every field that a municipality sends stands in it once, and nothing else."""

from __future__ import annotations

import pytest

from kokuho_adapters.files import LayoutBook
from kokuho_adapters.files.field_mapping import MappedFile, field_mapping

FILES = field_mapping().files


@pytest.mark.parametrize("file", FILES, ids=[each.file_id for each in FILES])
def test_a_file_has_the_fields_of_its_layout_in_their_order(file: MappedFile) -> None:
    layout = LayoutBook.shipped().newest(file.file_id)
    assert layout is not None and tuple(each.key for each in file.fields) == layout.keys
    assert file.standard in ("", layout.name)


def test_the_files_are_those_of_the_municipal_office() -> None:
    """Rules: Q-1."""
    from kokuho_core.usecases.municipal_desk import SENT_FILES

    assert {each.file_id for each in FILES} == set(SENT_FILES)


def test_each_item_is_of_a_named_source_and_has_one_name() -> None:
    mapping = field_mapping()
    items = [item for file in FILES for each in file.fields for item in each.items]
    assert {item.source for item in items} == set(mapping.sources)
    assert all(published.title and published.place for published in (*mapping.sources.values(), mapping.standard))
    numbered = {(item.source, item.no, item.name) for item in items if item.no is not None}
    assert len({(source, no) for source, no, _ in numbered}) == len(numbered)
    for file in FILES:
        for each in file.fields:
            assert len(set(each.items)) == len(each.items), each.key
