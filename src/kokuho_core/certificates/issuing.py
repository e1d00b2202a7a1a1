"""交付と回収: which document is to be issued still, which to be collected, by what the municipality told (C-2, C-4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from attrs import frozen

from kokuho_core.certificates.documents import Document


@frozen
class HeldDocument:
    """交付済みの書類 (FUZOKU 証区分 01, 02)."""

    history_number: int
    document: Document
    issued_on: date
    expires_on: date | None
    collected_on: date | None

    def is_held_on(self, day: date) -> bool:
        """Issued, not collected, still valid on ``day``."""
        return (
            self.issued_on <= day
            and (self.collected_on is None or day < self.collected_on)
            and (self.expires_on is None or day <= self.expires_on)
        )


def is_to_be_issued(document: Document, made_out_since: date, held: Iterable[HeldDocument], as_of: date) -> bool:
    """要交付: nobody holds this document made out for the present number and issuer (C-4)."""
    return not any(
        each.document is document and each.issued_on >= made_out_since and each.is_held_on(as_of) for each in held
    )


def to_be_collected(
    document: Document, made_out_since: date, held: Sequence[HeldDocument], as_of: date
) -> list[HeldDocument]:
    """要回収: valid documents of the other kind, or made out for a number or issuer of before."""
    return [
        each
        for each in held
        if each.is_held_on(as_of) and (each.document is not document or each.issued_on < made_out_since)
    ]
