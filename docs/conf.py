"""Sphinx: Japanese pages in Markdown; everything is built and read without a network."""

from importlib import metadata

project = "kokuho"
author = "kokuho contributors"
copyright = "kokuho contributors"
try:
    release = metadata.version("kokuho")
except metadata.PackageNotFoundError:
    release = "0.1.0"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
language = "ja"
root_doc = "index"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = f"kokuho {release}"
html_static_path = ["_static"]
html_css_files = ["kokuho.css"]
html_copy_source = False
html_show_sphinx = False
html_search_language = "ja"
pygments_style = "friendly"
