"""見張る項目: per kind of file, the fields whose sudden change, or sudden emptiness, has harmed people before (S-28)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen


@frozen
class Watched:
    """見張る項目 of one kind of file, by layout key.

    ``changes``: fields that stay the same for most people from one file to the next. ``emptied``: fields that, once filled, do
    not become empty by themselves. ``ends``: fields whose filling in ends something. Where ``together`` is set, records are
    compared only with records of the same value there (a certificate with one of its own kind).
    """

    changes: tuple[str, ...]
    emptied: tuple[str, ...]
    ends: tuple[str, ...] = ()
    together: str | None = None


WATCHED: Final[Mapping[str, Watched]] = {
    "SKKOJIN": Watched(
        changes=("insured_kind", "household_number", "application_start", "birth_date", "sex", "individual_number"),
        emptied=(
            "individual_number", "alias", "name_on_card", "postal_code", "card_symbol", "branch_number",
            "application_start_notified", "qualification_acquired", "qualification_acquired_reason",
        ),
        ends=("application_end", "qualification_lost"),
    ),
    "SKSETAI": Watched(
        changes=("head_addressee_number", "head_kind"),
        emptied=("card_symbol", "head_start_notified"),
        ends=("household_end",),
    ),
    "KOGAKU": Watched(changes=("payment_kind",), emptied=("payment_kind",)),
    "FUZOKU": Watched(
        changes=("copay_share", "income_class"),
        emptied=("copay_share", "income_class", "expires_on"),
        together="certificate_kind",
    ),
    "SHOTOKU": Watched(
        changes=(),  # the yearly judgement in August changes many households' class at once, and rightly
        emptied=("income_class_under70", "income_class_70plus", "valid_until"),
    ),
}  # fmt: skip
"""Decisions (KEISHIJI) and applications (KAIJO) say something new each time: nothing of them stands to be compared with."""
