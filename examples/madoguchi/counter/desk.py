"""窓口の仕事: each act over the system's own store, in one transaction of its own, admitted and recorded by the library (S-4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from kokuho_adapters.composition import Installation
from kokuho_adapters.files import OpenFormatFile
from kokuho_adapters.notice_json import ReadNotice, read_notice
from kokuho_core.access import Operation
from kokuho_core.errors import FileRefused, InvalidValue, Problem
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.ports.municipal import HistoryAndResults, SentFile
from kokuho_core.usecases import municipal_desk
from kokuho_core.usecases.municipal_desk import AppliedFile, OfficeLists, PersonView, TakenNotice
from kokuho_core.usecases.municipal_numbers import build_elsewhere, notify_elsewhere
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber

OwnTables = Callable[[], AbstractContextManager[HistoryAndResults]]
"""一件の処理: a store in a transaction of the system's own, committed at the end of the block unless something is raised."""


@frozen
class Counter:
    """窓口 of one municipality."""

    installation: Installation
    insurer: InsurerNumber
    folder: Path
    own_tables: OwnTables

    def notify(self, said: dict[str, Any]) -> TakenNotice:
        """届出を受理する. Raises :class:`InvalidValue` for what is no notice, :class:`NotificationRefused`."""
        office = self.installation.office
        at = office.clock.now()
        read = read_notice(said, self.insurer, at)
        if not isinstance(read, ReadNotice):
            raise InvalidValue(Problem("KKH-M019", field="notice"))
        with self.own_tables() as store:
            return notify_elsewhere(
                office, self.insurer, read.notification, read.numbers,
                lambda told, refusals: municipal_desk.take_notice(
                    store, self.insurer, told, at, office.settings.date_rules, refusals
                ),
            )  # fmt: skip

    def build(self) -> list[SentFile]:
        """送付ファイルを作る: complete before the commit, with their names after it (S-17)."""
        office, folder = self.installation.office, str(self.outbox)
        outgoing = self.installation.sending(self.outbox, self.insurer)
        self._publish(outgoing, folder)
        with self.own_tables() as store:
            built = build_elsewhere(
                office, self.insurer,
                lambda reveal: municipal_desk.build_files(
                    store, self.insurer, outgoing, folder, office.clock.now(), reveal
                ),
            )  # fmt: skip
        self._publish(outgoing, folder)
        return built

    def _publish(self, outgoing: Any, folder: str) -> None:
        with self.own_tables() as store:
            municipal_desk.publish_files(store, self.insurer, outgoing, folder)

    def apply(self, name: str, content: bytes) -> AppliedFile:
        """返却ファイルを取り込む. Raises :class:`FileRefused`."""

        def blocks() -> Iterator[bytes]:
            yield content

        file = OpenFormatFile.from_blocks(name, blocks, self.installation.book, accept="aggregation")
        with self._recorded(Operation.APPLY_FILES, file.name), self.own_tables() as store:
            applied = municipal_desk.apply_file(store, self.insurer, file)
            if applied.problems:  # nothing of a file that does not read as it should
                raise FileRefused(*applied.problems)
            return applied

    def lists(self) -> OfficeLists:
        with self._recorded(Operation.LIST_OFFICE, self.insurer), self.own_tables() as store:
            return municipal_desk.office_lists(store, self.insurer, self.installation.office.clock.today())

    def person(self, addressee: str) -> PersonView | None:
        with self._recorded(Operation.LIST_OFFICE, addressee), self.own_tables() as store:
            return municipal_desk.person_view(store, self.insurer, AddresseeNumber(addressee))

    def household(self, number: str) -> tuple[OwnHousehold, Sequence[OwnPerson]] | None:
        """世帯と、そこにいる人."""
        with self._recorded(Operation.LIST_OFFICE, number), self.own_tables() as store:
            known = municipal_desk.known_here(store, self.insurer, (), (HouseholdNumber(number),))
            household = known.households.get(HouseholdNumber(number))
            members = [each for each in known.persons.values() if each.was_ever_in(HouseholdNumber(number))]
            return None if household is None else (household, members)

    @property
    def outbox(self) -> Path:
        return (self.folder / "outbox").resolve()

    def sent_names(self) -> list[str]:
        """送付ファイル that have their names."""
        return sorted((each.name for each in self.outbox.glob("*.csv")), reverse=True)

    @contextmanager
    def _recorded(self, operation: Operation, subject: str) -> Iterator[None]:
        keeper = self.installation.office.gatekeeper
        if keeper is None:
            raise RuntimeError("opened without a gatekeeper")
        with keeper.admitted(operation, subject, self.insurer):
            yield
