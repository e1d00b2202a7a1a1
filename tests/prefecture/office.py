"""A prefecture in a folder: files written as municipalities would, received, resolved and delivered for real."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve

from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.files import LayoutBook, OpenFormatFile, OpenFormatFolder, as_table
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.office import Settings
from kokuho_core.usecases.receive import FileAnswer, receive
from kokuho_core.usecases.resolve import ResolveSummary, resolve
from kokuho_core.vocabulary.check_digits import individual_number_digit, luhn_digit, municipality_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalityCode
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.insurers import Insurer
from kokuho_core.vocabulary.month import Month

from .contents import Place

PREFECTURE = "13"


def _with_digit(payload: str, digit: int) -> str:
    return f"{payload}{digit}"


def insurer_number(serial: int) -> InsurerNumber:
    payload = f"{PREFECTURE}{serial:03d}"
    return InsurerNumber(_with_digit(payload, luhn_digit(payload)))


def municipality_code(serial: int) -> MunicipalityCode:
    payload = f"{PREFECTURE}{serial:03d}"
    return MunicipalityCode(_with_digit(payload, municipality_digit(payload)))


A, B, C, D = (insurer_number(serial) for serial in (901, 902, 903, 904))
INSURERS = [
    Insurer(insurer_number(serial), municipality_code(serial), name)
    for serial, name in ((901, "あさひ市"), (902, "みなと市"), (903, "やまて町"), (904, "かわべ村"))
]


def number(serial: int) -> str:
    """A synthetic 個人番号 with a valid check digit."""
    payload = f"{90_000_000_000 + serial:011d}"
    return _with_digit(payload, individual_number_digit(payload))


def day(text: str) -> date:
    return date.fromisoformat(text)


def _days(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields given as ISO text become dates where they look like one."""
    typed = {
        key: date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 and value[4] == "-" else value
        for key, value in fields.items()
    }
    updated_at = typed.get("updated_at")
    if isinstance(updated_at, date) and not isinstance(updated_at, datetime):
        typed["updated_at"] = datetime(updated_at.year, updated_at.month, updated_at.day)
    return typed


def person(
    insurer: str, addressee: str, history: int = 1, start: str | None = "2020-04-01", **fields: Any
) -> dict[str, Any]:
    """One SKKOJIN record; short names: number, previous, household, start, reason, end, end_reason, kind."""
    short = {
        "number": "individual_number",
        "previous": "previous_individual_number",
        "household": "household_number",
        "reason": "application_start_reason",
        "end": "application_end",
        "end_reason": "application_end_reason",
        "kind": "update_kind",
    }
    record: dict[str, Any] = {
        "insurer_number": insurer,
        "addressee_number": addressee,
        "history_number": history,
        "update_kind": "1",
        "individual_number": None,
        "name": "見本　花子",
        "name_kana": "ミホン　ハナコ",
        "birth_date": date(1960, 5, 5),
        "sex": "2",
        "address": "見本町１丁目",
        "card_number": "0001",
        "household_number": "1",
        "relationship": "01",
        "insured_kind": "1",
        "application_start": start,
        "application_start_reason": "03" if start else None,
        "special_case": "0",
        "address_withheld": "0",
        "self_view_stopped": "0",
        "updated_at": datetime(2024, 4, 1, 9, 0, 0),
    }
    record.update({short.get(key, key): value for key, value in fields.items()})
    return _days(record)


def nominal_head(insurer: str, addressee: str, history: int = 1, **fields: Any) -> dict[str, Any]:
    """One SKKOJIN record of a nominal head (擬制世帯主)."""
    return person(insurer, addressee, history, start=None, insured_kind="2", **fields)


def household(
    insurer: str, number: str, head: str, history: int = 1, start: str = "2020-04-01", **fields: Any
) -> dict[str, Any]:
    """One SKSETAI record."""
    record: dict[str, Any] = {
        "insurer_number": insurer,
        "household_number": number,
        "history_number": history,
        "update_kind": "1",
        "card_number": "0001",
        "head_addressee_number": head,
        "head_kind": "1",
        "head_start": start,
        "household_start": start,
        "change_reason": "01",
        "changed_on": start,
        "notified_on": start,
        "updated_at": datetime(2024, 4, 1, 9, 0, 0),
    }
    record.update({"update_kind" if key == "kind" else key: value for key, value in fields.items()})
    return _days(record)


def high_cost(
    insurer: str, number: str, month: str, kind: str = "1", occurrence: str = "1", amount: int = 12000
) -> dict[str, Any]:
    """One KOGAKU record."""
    return {
        "insurer_number": insurer,
        "household_number": number,
        "treatment_month": Month.parse(month.replace("-", "")),
        "update_kind": kind,
        "occurrence_kind": occurrence,
        "paid_amount": amount,
        "updated_at": datetime(2024, 4, 1, 9, 0, 0),
    }


def instruction(insurer: str, candidate: str, decision: str, on: str = "2024-06-10") -> dict[str, Any]:
    """One KEISHIJI record."""
    return {
        "insurer_number": insurer,
        "candidate_number": candidate,
        "decision": decision,
        "decided_on": date.fromisoformat(on),
        "decided_by": "tanto01",
        "reason": "確認済",
    }


class SteppingClock:
    """A clock that moves one second with each look, from a fixed day."""

    def __init__(self, start: datetime = datetime(2024, 6, 1, 9, 0, 0)) -> None:
        self._ticks = itertools.count()
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=next(self._ticks))

    def today(self) -> date:
        return self._start.date()


class PrefectureOffice:
    """集約 in a folder, with what a municipality needs to send and read files.

    ``database``: URL of a PostgreSQL database as its owner, who initialises it; ``worker``: the same as whoever does the daily work.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings | None = None,
        insurers: Sequence[Insurer] = INSURERS,
        prefix: str = "kokuho",
        layouts: Sequence[Path] = (),
        database: str | None = None,
        worker: str | None = None,
        is_initialised: bool = False,
    ) -> None:
        self.folder = folder
        self.inbox = folder / "inbox"
        self.outbox = folder / "outbox"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.outbox.mkdir(parents=True, exist_ok=True)
        self.database_file = folder / f"{prefix}.sqlite3"
        self.stored_in: Place = database or self.database_file
        self.owners_configuration = Configuration(
            database=database or f"sqlite:///{self.database_file.as_posix()}",
            key_ring=folder / f"{prefix}.keys.json" if database else None,
            layouts=tuple(layouts),
            settings=settings or Settings(),
            allow_unbound_role=True,
        )
        self.configuration = self.owners_configuration
        if worker is not None:
            self.configuration = evolve(self.owners_configuration, database=worker, allow_unbound_role=False)
        if not is_initialised:
            initialise(self.owners_configuration, PREFECTURE, insurers)
        self.clock = SteppingClock()
        self.installation: Installation = open_installation(self.configuration, clock=self.clock)
        self.book = LayoutBook.shipped().with_files(tuple(layouts))
        self._sequences: dict[tuple[str, str], int] = {}
        self._created = datetime(2024, 5, 31, 8, 0, 0)

    @property
    def office(self) -> Any:
        return self.installation.office

    def close(self) -> None:
        self.installation.close()

    def __enter__(self) -> PrefectureOffice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the municipality's side ---

    def write(self, file_id: str, sender: str, rows: Iterable[Mapping[str, Any]], sequence: int | None = None) -> Path:
        """Write a file as ``sender`` would; the next sequence number unless one is given."""
        key = (sender, file_id)
        if sequence is None:
            sequence = self._sequences.get(key, 0) + 1
            self._sequences[key] = sequence
        self._created += timedelta(seconds=1)
        folder = OpenFormatFolder(self.inbox, self.book, "utf-8", InsurerNumber(sender))
        prepared = [
            {k: IndividualNumber(v) if k.endswith("individual_number") and v else v for k, v in row.items()}
            for row in rows
        ]
        name, _ = folder.write(file_id, InsurerNumber(sender), self._created, sequence, *as_table(prepared))
        folder.publish(name)
        return self.inbox / name

    def send(
        self, file_id: str, sender: str, rows: Iterable[Mapping[str, Any]], sequence: int | None = None
    ) -> list[FileAnswer]:
        return self.receive(self.write(file_id, sender, rows, sequence))

    def persons(self, sender: str, *rows: Mapping[str, Any]) -> FileAnswer:
        return self.send("SKKOJIN", sender, rows)[0]

    def households(self, sender: str, *rows: Mapping[str, Any]) -> FileAnswer:
        return self.send("SKSETAI", sender, rows)[0]

    def months(self, sender: str, *rows: Mapping[str, Any]) -> FileAnswer:
        return self.send("KOGAKU", sender, rows)[0]

    def decide(self, sender: str, *rows: Mapping[str, Any]) -> FileAnswer:
        return self.send("KEISHIJI", sender, rows)[0]

    # --- the aggregation's side ---

    def receive(self, path: Path, encoding: str | None = None) -> list[FileAnswer]:
        return receive(self.office, self.installation.incoming(path, self.installation.register(), encoding), encoding)

    def resolve(self, as_of: str = "2024-06-30") -> ResolveSummary:
        return resolve(self.office, date.fromisoformat(as_of))

    def deliver(self, insurer: str, *, everything: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Deliver to one municipality and read the files back: rows by file id."""
        outgoing = self.installation.outgoing(self.outbox)
        files = deliver(self.office, InsurerNumber(insurer), outgoing, str(self.outbox), everything=everything)
        return {each.file_id: self.read(self.outbox / each.file) for each in files}

    def read(self, path: Path) -> list[dict[str, Any]]:
        file = OpenFormatFile.from_path(path, self.book, None, accept="aggregation")
        layout = self.book.newest(file.header().file_id)
        assert layout is not None
        return [dict(zip(layout.keys, record.values, strict=True)) for record in file.records(layout.keys)]

    def findings(self) -> list[Any]:
        with self.installation.database.begin(read_only=True) as work:
            return list(work.findings.all(None, open_only=False))

    def candidates(self) -> list[Any]:
        with self.installation.database.begin(read_only=True) as work:
            return list(work.candidates.all(None))
