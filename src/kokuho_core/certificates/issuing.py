"""交付と回収: which document is to be issued still, which to be collected, by what the municipality told (C-2, C-4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from attrs import frozen

from kokuho_core.certificates.documents import Document, DocumentDecision


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


def is_to_be_issued(
    decision: DocumentDecision, made_out_since: date, held: Iterable[HeldDocument], as_of: date
) -> bool:
    """要交付: nobody holds this document made out for the present number and issuer (C-4).

    A notice without expiry is one for somebody under 70: from then on another is due, with the share on it (C-2). Nothing is
    issued that would have expired already: from the 75th birthday on it is for 後期高齢者医療 to do so (D-7).
    """
    if decision.expires_on is not None and decision.expires_on < as_of:
        return False
    return not any(
        each.document is decision.document
        and each.issued_on >= made_out_since
        and each.is_held_on(as_of)
        and not _lacks_share(each, decision)
        for each in held
    )


def _lacks_share(held: HeldDocument, decision: DocumentDecision) -> bool:
    return held.document is Document.NOTICE and held.expires_on is None and decision.expires_on is not None


def to_be_collected(
    decision: DocumentDecision, made_out_since: date, held: Sequence[HeldDocument], as_of: date
) -> list[HeldDocument]:
    """要回収: valid documents of the other kind, or made out for a number or issuer of before."""
    return [
        each
        for each in held
        if each.is_held_on(as_of) and (each.document is not decision.document or each.issued_on < made_out_since)
    ]
