"""ファイル授受: the open-format files (CSV), their layouts, reader and writer.

Layouts are data (TOML): a vendor's own layout file takes the place of a shipped one by file ID and version, and nothing
about a field is hard-wired outside its layout.
"""

from kokuho_adapters.files.layout import Field, Layout, LayoutBook
from kokuho_adapters.files.naming import FileName
from kokuho_adapters.files.reader import OpenFormatFile
from kokuho_adapters.files.writer import OpenFormatFolder, as_table, format_value

__all__ = [
    "Field",
    "FileName",
    "Layout",
    "LayoutBook",
    "OpenFormatFile",
    "OpenFormatFolder",
    "as_table",
    "format_value",
]
