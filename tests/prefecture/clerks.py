"""Operators of single municipalities, who see their own rows alone (S-1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve

from kokuho_core.access import AccessContext, Grant, Role, fiscal_year_end, operator_id
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.receive import FileAnswer, receive
from kokuho_core.vocabulary.identifiers import InsurerNumber

from .office import PrefectureOffice


def in_session_of(site: PrefectureOffice, name: str, **changes: Any) -> Office:
    """The office as ``name`` works in it, with the rights he was given."""
    office = site.office
    keeper = evolve(office.gatekeeper, context=AccessContext(operator_id(name), "試験端末"))
    return evolve(office, gatekeeper=keeper, database=evolve(office.database, gatekeeper=keeper), **changes)


def grant(
    site: PrefectureOffice, name: str, role: Role, insurer: InsurerNumber | None = None, at: datetime | None = None
) -> None:
    """A right as an administrator would give it; whoever set the installation up keeps his."""
    with site.installation.database.begin() as work:
        at = at or site.office.gatekeeper.clock.now()
        if not work.rights.all().of(operator_id(name), at):
            operator, day = operator_id(name), at.date()
            work.rights.save(
                [Grant(work.rights.next_number(), operator, role, insurer, day, fiscal_year_end(day), "sato", at)]
            )
            work.commit()


def as_clerk(site: PrefectureOffice, insurer: str, **changes: Any) -> Office:
    """The office as the clerk of one municipality works in it."""
    name = f"clerk-{insurer}"
    grant(site, name, Role.MUNICIPALITY, InsurerNumber(insurer))
    return in_session_of(site, name, **changes)


class ClerksAtWork(PrefectureOffice):
    """A prefecture in which each municipality sends its files and takes its deliveries itself."""

    def receive(self, path: Path, encoding: str | None = None) -> list[FileAnswer]:
        office = as_clerk(self, path.name.split("_")[1])
        return receive(office, self.installation.incoming(path, self.installation.register(), encoding), encoding)

    def deliver(self, insurer: str, *, everything: bool = False) -> dict[str, list[Mapping[str, Any]]]:  # type: ignore[override]
        outgoing = self.installation.outgoing(self.outbox)
        office = as_clerk(self, insurer)
        files = deliver(office, InsurerNumber(insurer), outgoing, str(self.outbox), everything=everything)
        return {each.file_id: self.read(self.outbox / each.file) for each in files}
