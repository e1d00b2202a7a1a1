"""レイアウトの呼び名: the Japanese names of files, fields and codes, as the layouts have them."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from kokuho_adapters.files import Field, LayoutBook
from kokuho_core.conformance.sentences import JapaneseSentences
from kokuho_core.conformance.story import Story


@frozen
class LayoutWording:
    """The words of a layout book; a newer version of a layout has the say."""

    book: LayoutBook = field(factory=LayoutBook.shipped)

    def file(self, file_id: str) -> str:
        layout = self.book.newest(file_id)
        return file_id if layout is None else layout.name

    def field(self, file_id: str, key: str) -> str:
        return next((each.name for each in self._fields(file_id) if each.key == key), key)

    def code(self, file_id: str, key: str, value: str) -> str:
        codes = next((each.codes for each in self._fields(file_id) if each.key == key), None)
        return (codes or {}).get(value, value)

    def columns(self, file_id: str) -> tuple[str, ...]:
        """The keys of a file in the order of its columns."""
        layout = self.book.newest(file_id)
        return () if layout is None else layout.keys

    def _fields(self, file_id: str) -> Iterable[Field]:
        layout = self.book.newest(file_id)
        return () if layout is None else layout.fields


def japanese(story: Story) -> JapaneseSentences:
    """日本語の文 for the municipalities of a story."""
    return JapaneseSentences(story.insurers, LayoutWording())
