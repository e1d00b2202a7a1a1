"""記録: the log that an act on files goes into, that of the installation or, without one, this terminal's own (S-4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kokuho_adapters.cli.session import Session
from kokuho_adapters.composition import has_database, terminal_log
from kokuho_adapters.recorded_acts import ActLog
from kokuho_core.vocabulary.identifiers import InsurerNumber

AGGREGATION = "000000"


@contextmanager
def act_log(session: Session) -> Iterator[ActLog]:
    """The audit log of the prefecture or municipality whose database is here; else this terminal's."""
    if has_database(session.configuration):
        with session.installation() as opened:
            yield opened.acts()
    else:
        yield terminal_log(session.configuration, session.context)


def insurer_of(party: str) -> InsurerNumber | None:
    """Whose files a party's are; the aggregation's are nobody's alone."""
    return None if party == AGGREGATION else InsurerNumber(party)
