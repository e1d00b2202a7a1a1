"""画面: what each page shows, as a template with its values. The frameworks only carry it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from counter import words
from counter.desk import Counter
from counter.forms import said
from kokuho_core.errors import FileRefused, KokuhoError, Problem

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer: these pages are about people, so nothing of them stays in a browser or leaves it."""

SHOWN = (
    "history_number", "household_number", "insured_kind", "relationship", "member_start", "member_end", "application_start",
    "application_start_reason", "application_end", "application_end_reason", "qualification_acquired", "qualification_lost",
)  # fmt: skip


class Page(NamedTuple):
    template: str
    values: Mapping[str, Any]
    status: int = 200


def home(counter: Counter) -> Page:
    found = counter.lists()
    return Page("home.html", {"lists": found, "messages": _messages(found.contradictions)})


def notice(counter: Counter, kind: str, fields: Mapping[str, Sequence[str]] | None = None) -> Page:
    """The form of one kind of notice, or what became of it."""
    if kind not in words.KINDS:
        return missing()
    values: dict[str, Any] = {
        "kind": kind, "insurers": [each for each in counter.installation.register() if each.insurer_number != counter.insurer],
        "relationships": words.code_names("SKKOJIN", "relationship"), "problems": (), "filled": {},
    }  # fmt: skip
    if fields is None:
        return Page("notice.html", values)
    try:
        taken = counter.notify(said(kind, fields))
    except KokuhoError as refusal:
        filled = {path: each for path, each in fields.items() if not path.endswith("individual_number")}
        return Page("notice.html", {**values, "filled": filled, "problems": refusal.problems}, 422)
    return Page("taken.html", {**values, "taken": taken})


def person(counter: Counter, addressee: str) -> Page:
    view = counter.person(addressee)
    if view is None:
        return missing()
    columns = [(key, words.item_name("SKKOJIN", key)) for key in SHOWN]
    return Page(
        "person.html", {"view": view, "columns": columns, "messages": _messages(view.contradictions)}
    )


def household(counter: Counter, number: str) -> Page:
    found = counter.household(number)
    return missing() if found is None else Page("household.html", {"household": found[0], "members": found[1]})


def sending(counter: Counter, *, build: bool = False) -> Page:
    built = counter.build() if build else None
    return Page("sending.html", {"built": built, "names": counter.sent_names()})


def returned(counter: Counter, files: Iterable[tuple[str, bytes]] | None = None) -> Page:
    """Uploaded files, what each changed and why, or why it was refused."""
    answers: list[dict[str, Any]] = []
    for name, content in files or ():
        try:
            applied = counter.apply(name, content)
            answers.append({"name": applied.file, "applied": applied, "messages": _messages(applied.contradictions)})
        except FileRefused as refusal:
            shown = "名前が規定と異なるファイル" if refusal.code == "KKH-F001" else name  # who knows what it says
            answers.append({"name": shown, "problems": refusal.problems})
    return Page("returned.html", {"answers": answers, "asked": files is not None})


def missing() -> Page:
    return Page("missing.html", {}, 404)


def globals_of_pages() -> dict[str, Any]:
    """What every template may call."""
    return {
        "kinds": words.KINDS, "covers": words.COVERS, "class_names": words.KINDS_OF_CLASSES, "shown": words.shown,
        "item_name": words.item_name, "changed_items": words.changed_items, "message_of": Problem,
    }  # fmt: skip


def _messages(found: Iterable[Any]) -> dict[str, Problem]:
    return {each.code: Problem(each.code) for each in found}
