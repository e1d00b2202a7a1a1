"""登録の送り手の口: a vendor's client of the registration interface, started before our simulated intermediate server.

For every step the command is run, and run again while it ends with another code than 0. ``{url}`` is the server,
``{certificates}`` a folder with ``federation.pem``, ``federation.key`` and ``ca.pem``, ``{in}`` a folder with what municipalities
sent (as at the file door) and ``records.json``: everything that must be registered now. ``{state}`` is the client's own folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol

from attrs import define, field

from kokuho_adapters.conformance.embedded import temporary_folder
from kokuho_adapters.conformance.step_folder import FileForm
from kokuho_adapters.files import LayoutBook
from kokuho_adapters.files.writer import RowFormatter
from kokuho_adapters.registry_simulator.effects import records_in_effect, refused
from kokuho_adapters.registry_simulator.faults import Fault, FaultKind
from kokuho_adapters.registry_simulator.receiver import Caller, layout_of
from kokuho_adapters.registry_simulator.server import OPERATOR, RunningSimulator, prepare
from kokuho_core.conformance.system import FileToSend, SystemFailed
from kokuho_core.conformance.trials.sender import Answer, Effect, Subscription, insurers_of
from kokuho_core.conformance.trials.trial import NothingFresh
from kokuho_core.ports.registry import REGISTRATION_KEYS, Exchange
from kokuho_core.synthetic.numbers import synthetic_number
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.insurers import Insurer

NEEDED: Final = ("{in}", "{url}", "{certificates}")
RECORDS_FILE: Final = "records.json"
_MOST_RUNS: Final = 4
_MOST_HISTORIES: Final = 450
_PEOPLE: Final = 10
_SLOW_SECONDS: Final = 0.2
_GIVEN: Final = tuple(key for key in REGISTRATION_KEYS if key not in ("record_key", "update_kind"))


class Run(Protocol):
    """A client that can be begun, such as a :class:`~kokuho_adapters.conformance.vendor_command.VendorCommand`."""

    def run(self, places: Mapping[str, str]) -> None:
        """Begin it once. Raises :class:`SystemFailed` where it ended badly."""
        ...


@define
class SenderDoor:
    """送り手の口; use it in a ``with`` block. ``door.open`` is the ``make`` of a SenderTrial.

    Raises :class:`SetupFault` as :class:`RunningSimulator` does.
    """

    command: Run
    form: FileForm = field(factory=lambda: FileForm(LayoutBook.shipped()))
    _simulator: RunningSimulator = field(init=False)
    _places: Iterator[int] = field(init=False, factory=count)
    _open: ExitStack = field(init=False, factory=ExitStack)

    def __enter__(self) -> SenderDoor:
        with ExitStack() as stack:
            folder = stack.enter_context(temporary_folder())
            partitions = [each.insurer_number for place in range(_MOST_HISTORIES) for each in insurers_of(place)]
            self._simulator = stack.enter_context(RunningSimulator(prepare(folder / "server", partitions)))
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    @contextmanager
    def open(self) -> Iterator[Client]:
        """A client that was never run, before partitions that nobody used. Raises :class:`NothingFresh` after 450 of them."""
        place = next(self._places)
        if place >= _MOST_HISTORIES:
            raise NothingFresh
        with temporary_folder() as folder:
            yield Client(self.command, self.form, self._simulator, folder, insurers_of(place), _PEOPLE * place)


@define
class Client:
    """送り手 of one history (:class:`~kokuho_core.conformance.trials.sender.SenderUnderTest`)."""

    _command: Run
    _form: FileForm
    _simulator: RunningSimulator
    _folder: Path
    insurers: Sequence[Insurer]
    people_from: int
    _steps: int = 0

    def register(self, files: Sequence[FileToSend], wanted: Sequence[Subscription], as_of: date, fault: str) -> str:
        self._steps += 1
        given, state = self._folder / f"step-{self._steps:04d}", self._folder / "state"
        state.mkdir(exist_ok=True)
        self._form.write_step(given, self.insurers, self._steps, as_of, files)
        text = json.dumps([self._record(each) for each in wanted], ensure_ascii=False, indent=1)
        (given / RECORDS_FILE).write_text(text + "\n", encoding="utf-8", newline="\n")
        places = {
            "in": str(given), "state": str(state), "as_of": as_of.isoformat(), "url": self._simulator.url,
            "certificates": str(self._simulator.settings.certificates),
        }  # fmt: skip
        self._order(fault)
        try:
            return self._run(places)
        finally:
            self._order("")

    def _run(self, places: dict[str, str]) -> str:
        said = ""
        for _ in range(_MOST_RUNS):
            try:
                self._command.run(places)
            except SystemFailed as failed:
                said = " ".join(f"{each.code} {each.field or ''}".strip() for each in failed.problems)
                continue
            return ""
        return said

    def _order(self, text: str) -> None:
        operator, receiver = Caller("conformance", OPERATOR), self._simulator.receiver
        receiver.order_fault(operator, None)
        if text:
            fault = Fault.parse(text)
            seconds = _SLOW_SECONDS if fault.kind is FaultKind.SLOW else fault.seconds
            receiver.order_fault(operator, Fault(fault.kind, fault.place, fault.skip, fault.times, seconds))

    def effects(self) -> Sequence[Effect]:
        found = records_in_effect(self._simulator.receiver, {each.insurer_number for each in self.insurers})
        people = self._people()
        return [
            Effect(insurer, each.record_key, people.get(each.number_index), each.is_live, each.texts)
            for each in found
            for insurer in [next(own.insurer_number for own in self.insurers if own.insurer_number == each.insurer_number)]
        ]

    def refusals(self) -> Sequence[Answer]:
        insurers, people = {each.insurer_number for each in self.insurers}, self._people()
        found = refused(self._simulator.receiver, insurers)
        return [Answer(key, code, people.get(index) if index is not None else None) for key, code, index in found]

    def _people(self) -> dict[bytes, int]:
        index = self._simulator.receiver.state.number_index
        own = range(self.people_from + 1, self.people_from + _PEOPLE)
        return {index(synthetic_number(person)): person for person in own}

    def _record(self, each: Subscription) -> dict[str, str]:
        """One record in the texts of the columns of KANYUSHA, without what the client itself gives it."""
        layout = layout_of(Exchange.REGISTRATION.value)
        values: dict[str, Any] = {
            "record_key": "-", "update_kind": "1",  # not given on
            "insurer_number": each.insurer_number, "individual_number": IndividualNumber(synthetic_number(each.person)),
            "municipal_insured_id": f"M{each.person:08d}", "card_number": f"{each.person:07d}",
            "branch_number": "01", "name": each.name, "name_kana": "ミホン", "sex_on_back": "0", "birth_date": each.born,
            "sex": "2", "address": each.texts["address"], "qualification_acquired": each.start,
            "qualification_lost": each.end, "reason_of_loss": each.texts["reason_of_loss"] or None,
            "application_start": each.start, "application_end": each.end, "address_withheld": "0",
            "self_view_stopped": "0", "notified_on": each.start,
        }  # fmt: skip
        row = tuple(values.get(key) for key in REGISTRATION_KEYS)
        [cells] = RowFormatter(layout, REGISTRATION_KEYS).lines([row], 1)
        return {key: text for key, text in zip(REGISTRATION_KEYS, cells[1:], strict=True) if key in _GIVEN}
