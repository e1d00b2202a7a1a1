"""A municipality registers by file with the simulated intermediate server, step by step; each step may be made again (R-3)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen
from sqlalchemy import text

from kokuho_adapters.registry.folder_channel import FolderGateway
from kokuho_adapters.registry_simulator.folders import CHANNEL, FolderService
from kokuho_adapters.registry_simulator.receiver import CARDS, Caller, Receiver
from kokuho_adapters.registry_simulator.server import FEDERATION, OPERATOR, open_receiver, prepare
from kokuho_adapters.registry_simulator.settings import load_settings
from kokuho_core.usecases.card_use import exchange_card_use
from kokuho_core.usecases.due_registrations import due_registrations
from kokuho_core.usecases.reconcile import reconcile
from kokuho_core.usecases.register import register
from kokuho_core.usecases.registration_results import take_results
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import insured
from ..prefecture.office import A, PrefectureOffice, day
from .operations import Meet, watched

INSURER: Final = InsurerNumber(A)
OFFICE, SERVER = "office", "server"
MOMENT: Final = datetime(2024, 6, 1, 9)
BATCH_LINES: Final = 2
_TABLES: Final = (
    "registration_version", "registration_message", "registration_batch", "registration_block", "subscriber",
    "card_registration", "card_withdrawal", "returned_row",
)  # fmt: skip


@frozen
class SmallBatches(FolderGateway):
    """So that a few people make several files."""

    @property
    def batch_lines(self) -> int:
        return BATCH_LINES


@define
class Registering:
    """Both sides, in one folder; every step opens them anew, as another process would."""

    folder: Path
    meet: Meet | None = field(default=None)

    def make(self) -> None:
        """A prefecture with five people, one of whom wants his card withdrawn, and a server that knows nobody."""
        (self.folder / OFFICE).mkdir(parents=True)
        prepare(self.folder / SERVER, [A])
        with PrefectureOffice(self.folder / OFFICE) as site:
            people = [insured(A, f"{each}0", each, branch_number=f"0{each}") for each in range(1, 6)]
            site.persons(A, *people, insured(A, "60", 6, name="\ue000"))
            site.resolve()

    @contextmanager
    def site(self) -> Iterator[PrefectureOffice]:
        if self.meet is None:
            with PrefectureOffice(self.folder / OFFICE, is_initialised=True) as site:
                yield site
            return
        with watched(self.folder, self.meet), PrefectureOffice(self.folder / OFFICE, is_initialised=True) as site:
            yield site

    @contextmanager
    def receiver(self) -> Iterator[Receiver]:
        receiver = open_receiver(load_settings(self.folder / SERVER), lambda: MOMENT)
        try:
            yield receiver
        finally:
            receiver.state.close()

    def gateway(self, site: PrefectureOffice) -> FolderGateway:
        folders = self.folder / SERVER / "folders" / FEDERATION
        return SmallBatches(
            folders / "to-server", folders / "from-server", self.folder / OFFICE / "own", site.installation.book,
            lambda: MOMENT, wait_seconds=0,
        )  # fmt: skip

    # --- steps ---

    def send(self) -> None:
        with self.site() as site:
            register(site.office, INSURER, self.gateway(site))

    def fetch(self) -> None:
        with self.site() as site:
            take_results(site.office, INSURER, self.gateway(site))

    def cards(self) -> None:
        with self.site() as site:
            exchange_card_use(site.office, INSURER, self.gateway(site))

    def due(self) -> None:
        with self.site() as site:
            due_registrations(site.office, INSURER, date(2024, 7, 1))

    def serve(self) -> None:
        with self.receiver() as receiver:
            service = FolderService(receiver)
            if self.meet is None:
                _until_idle(service)
            else:
                with watched(self.folder, self.meet):
                    _until_idle(service)

    def correct(self) -> None:
        """What happens in between; not a step of the exchange, so it is never stopped."""
        with PrefectureOffice(self.folder / OFFICE, is_initialised=True) as site:
            changed = insured(A, "10", 1, branch_number="01", start="2020-05-01", kind="2")
            cancelled = insured(A, "20", 2, branch_number="02", kind="3")
            [answer] = site.receive(site.write("SKKOJIN", A, [changed, cancelled], sequence=2))
            assert answer.counts.accepted == 2
            site.resolve()
            person = min(str(each["municipal_insured_id"]) for each in site.deliver(A, everything=True)["HIHOID"])
            site.send("KAIJO", A, [{"insurer_number": A, "municipal_insured_id": person, "applied_on": day("2024-06-10")}])
        with self.receiver() as receiver:
            operator = Caller(CHANNEL, OPERATOR)
            receiver.register_card(operator, A, person, registered=True, expires_on=date(2027, 1, 1))
            receiver.cut(operator, CARDS, A, date(2024, 6, 15))

    # --- what is there in the end ---

    def outcome(self) -> dict[str, Any]:
        """Both sides, without times of making and random keys; and that they agree."""
        self.meet = None
        with self.receiver() as receiver:
            shown = list(receiver.shown(Caller(CHANNEL, FEDERATION), A))
            with receiver.state.work() as work:
                taken = work.execute("SELECT exchange, number FROM reception ORDER BY 1, 2").fetchall()
                answers = work.execute("SELECT subject, result FROM result ORDER BY reception, place").fetchall()
        with PrefectureOffice(self.folder / OFFICE, is_initialised=True) as site:
            found = {table: _rows(site, table) for table in _TABLES}
            gateway = _Showing(self.gateway(site), self)
            agreement = reconcile(site.office, INSURER, gateway)  # type: ignore[arg-type]
            assert agreement.agrees, agreement.differences
            with site.installation.database.begin(read_only=True) as work:
                counts = work.registrations.counts(INSURER)
        return {"shown": shown, "taken": taken, "answers": answers, "counts": counts, **found}


@frozen
class _Showing:
    """The gateway while the other side is asked what it shows."""

    gateway: FolderGateway
    both: Registering

    def shown(self, insurer: InsurerNumber) -> Iterator[Any]:
        number, _ = self.gateway._inquire(insurer)  # the question is on its way
        assert number == 1
        self.both.serve()
        return self.gateway.shown(insurer)


STEPS: Final[tuple[str, ...]] = (
    "send", "serve", "fetch", "correct", "send", "serve", "fetch", "cards", "serve", "cards", "due",
)  # fmt: skip
"""The whole exchange. Each is made again after it was stopped; «correct» is not one of them."""
STOPPED: Final = tuple(place for place, name in enumerate(STEPS) if name != "correct")


def step(both: Registering, place: int) -> None:
    act: Callable[[], None] = getattr(both, STEPS[place])
    act()


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def _until_idle(service: FolderService) -> None:
    while service.work_once():
        pass


def _rows(site: PrefectureOffice, table: str) -> list[str]:
    with site.installation.database.begin(read_only=True) as work:
        rows = work.connection.execute(text(f"SELECT * FROM {table}")).mappings().all()
    return sorted(repr({key: value for key, value in row.items() if key not in _TIMES}) for row in rows)


_TIMES: Final = frozenset({"recorded_at", "ended_at", "created_at", "sent_at", "settled_at", "processed_at", "reception"})
