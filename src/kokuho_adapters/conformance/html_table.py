"""HTMLの表: one form for every table of the report."""

from __future__ import annotations

from collections.abc import Iterable

from kokuho_adapters.conformance.markup import Markup, tag


def table(
    caption: str,
    heads: Iterable[str],
    rows: Iterable[Iterable[Markup]],
    style: str = "scroll",
) -> Markup:
    """Style «named»: the heading before it says what the caption says."""
    body = [tag("tr", *cells) for cells in rows]
    whole = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", each, scope="col") for each in heads))),
        tag("tbody", *body),
    )
    return tag("div", whole, class_=style, tabindex="0", role="region", aria_label=caption)
