"""受け手: what the intermediate server does for a client, whatever the channel, and what its operator can make it do."""

from __future__ import annotations

import random
import sqlite3
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import count
from typing import Final

from attrs import field, frozen

from kokuho_adapters.files.layout import Layout, LayoutBook
from kokuho_adapters.files.naming import format_timestamp
from kokuho_adapters.registry_simulator import faults, judgement
from kokuho_adapters.registry_simulator.answers import Refusal, Refused
from kokuho_adapters.registry_simulator.audit import ADMITTED, REFUSED, AuditEntry, read_entries, write_entry
from kokuho_adapters.registry_simulator.contents import Fault, RecordCheck
from kokuho_adapters.registry_simulator.faults import FaultKind, FaultPlace
from kokuho_adapters.registry_simulator.settings import Settings
from kokuho_adapters.registry_simulator.state import KEPT, SEPARATOR, TELLING, TO_TELL, TOLD, State
from kokuho_core.errors import Problem, SetupFault

REGISTRATION: Final = "KANYUSHA"
WITHDRAWAL: Final = "KAIJO"
SYMBOL: Final = "FUGO"
RESULT_OF: Final = {REGISTRATION: "KANKEKKA", WITHDRAWAL: "KAIJOKEKKA", SYMBOL: "FUGOKEKKA"}
"""The file id of the results of each exchange."""
CARDS: Final = "RIYOTO"
DUPLICATES: Final = "CHOFUKU"
SHOWN: Final = "SHOKAIKEKKA"

_PAGE: Final = 5000
_CHUNK: Final = 1000
_WITHHELD: Final = 2
_SECOND: Final = timedelta(seconds=1)
_RESULT_FAULTS: Final = frozenset({FaultKind.LATE_RESULT, FaultKind.REPEATED_RESULT, FaultKind.SHUFFLED_RESULT})


@frozen
class Caller:
    """呼び手: ``subject`` is whom the channel knows it by (certificate or folder)."""

    channel: str
    subject: str


@frozen
class Reception:
    """受付."""

    serial: int
    insurer_number: str
    exchange: str
    number: int
    received_at: str

    @property
    def text(self) -> str:
        """受付番号."""
        return f"R{self.serial:011d}"


def layout_of(file_id: str) -> Layout:
    """The newest open-format layout of ``file_id``. Raises :class:`SetupFault` (KKH-F002) for one that is not shipped."""
    layout = LayoutBook.shipped().newest(file_id)
    if layout is None:
        raise SetupFault(Problem("KKH-F002", field=file_id))
    return layout


@frozen
class Receiver:
    """中間サーバー. Every act names its caller, is judged by his partitions and leaves an entry in the audit."""

    settings: Settings
    state: State
    now: Callable[[], datetime]
    _checks: dict[str, RecordCheck] = field(init=False, repr=False)

    @_checks.default
    def _(self) -> dict[str, RecordCheck]:
        return {each: RecordCheck(layout_of(each), self.settings.characters) for each in RESULT_OF}

    # --- admission ---

    def admit(self, caller: Caller, act: str, insurer: str = "") -> None:
        """Let a caller do what he is about to, if he may reach the partition of ``insurer``; without one, if he is an operator.

        Raises :class:`Refused`. Nothing in the refusal says whether the partition exists.
        """
        with self._admitted(caller, act, insurer):
            pass

    @contextmanager
    def _admitted(self, caller: Caller, act: str, insurer: str) -> Iterator[sqlite3.Connection]:
        """One transaction for what is admitted, with its entry in the audit; what is refused in it is entered too."""
        refusal = self._objection(caller, insurer)
        if refusal is not None:
            raise self.refuse(caller, act, insurer, refusal)
        refused: Refused | None = None
        try:
            with self.state.work() as work:
                write_entry(work, self._stamp(), caller.channel, caller.subject, act, insurer, ADMITTED, "")
                yield work
        except Refused as error:
            refused = error
        if refused is not None:
            self.note(caller, act, insurer, None)
            raise self.refuse(caller, act, insurer, refused.refusal)

    def _objection(self, caller: Caller, insurer: str) -> Refusal | None:
        client = self.settings.clients.get(caller.subject)
        if client is None:
            return Refusal.UNKNOWN_CLIENT
        is_let_in = insurer in client.partitions if insurer else client.operator
        return None if is_let_in else Refusal.PARTITION

    def note(self, caller: Caller, act: str, insurer: str, refusal: Refusal | None, reason: str = "") -> None:
        """One entry of the audit."""
        outcome = ADMITTED if refusal is None and not reason else REFUSED
        with self.state.work() as work:
            write_entry(
                work, self._stamp(), caller.channel, caller.subject, act, insurer, outcome,
                reason or (refusal.value if refusal else ""),
            )  # fmt: skip

    def refuse(self, caller: Caller, act: str, insurer: str, refusal: Refusal) -> Refused:
        """The exception to raise, written into the audit."""
        self.note(caller, act, insurer, refusal)
        return Refused(refusal)

    # --- batches ---

    def take(
        self,
        caller: Caller,
        exchange: str,
        insurer: str,
        number: int,
        rows: Iterable[Sequence[str]],
        idempotency_key: str | None = None,
    ) -> tuple[Reception, bool]:
        """Take one batch; ``rows`` hold the texts of its records in the order of the layout.

        Returns the reception and whether it is a new one: the same content under the same number has no second effect.
        ``idempotency_key`` stands for one batch for ever. Raises :class:`Refused`: a partition of somebody else, number or key
        used otherwise, a number that is not the next, a record that names another insurer, records that cannot be told apart.
        """
        with self._admitted(caller, f"send {exchange}", insurer) as work:
            return self._take(work, caller, exchange, insurer, number, rows, idempotency_key)

    def _take(
        self,
        work: sqlite3.Connection,
        caller: Caller,
        exchange: str,
        insurer: str,
        number: int,
        rows: Iterable[Sequence[str]],
        idempotency_key: str | None,
    ) -> tuple[Reception, bool]:
        judgement.empty(work)
        checked = self._checked(exchange, insurer, rows)
        others: list[tuple[int, Sequence[str], Fault | None]] = []
        if exchange == REGISTRATION:
            content = judgement.load(work, self.state, checked)
        else:
            others = list(checked)
            content = self.state.content_mac("\x1e".join("\x1f".join(texts) for _, texts, _ in others).encode("utf-8"))
        known = work.execute(
            "SELECT reception, received_at, content FROM reception WHERE insurer_number = ? AND exchange = ? AND number = ?",
            (insurer, exchange, number),
        ).fetchone()
        if known is not None:
            if known[2] != content:
                raise Refused(Refusal.NUMBER_USED)
            return Reception(known[0], insurer, exchange, number, known[1]), False
        used = "SELECT 1 FROM reception WHERE insurer_number = ? AND exchange = ? AND idempotency_key = ?"
        if work.execute(used, (insurer, exchange, idempotency_key)).fetchone() is not None:
            raise Refused(Refusal.NUMBER_USED)
        if number != self._next_number(work, exchange, insurer):
            raise Refused(Refusal.NUMBER_GAP)
        at = self._stamp()
        work.execute(
            "INSERT INTO reception (insurer_number, exchange, number, channel, content, received_at, idempotency_key)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (insurer, exchange, number, caller.channel, content, at, idempotency_key),
        )
        serial = int(work.execute("SELECT last_insert_rowid()").fetchone()[0])
        if exchange == REGISTRATION:
            judgement.judge(work, insurer, serial, self.settings.verified_at_once)
        else:
            answer = self._withdraw if exchange == WITHDRAWAL else self._symbol
            for place, (_, insured_id, day), _ in others:
                result, effective_on = answer(work, insurer, insured_id, day)
                work.execute(
                    "INSERT INTO result (reception, place, subject, day, result, effective_on) VALUES (?, ?, ?, ?, ?, ?)",
                    (serial, place, insured_id, day, result, effective_on),
                )
        return Reception(serial, insurer, exchange, number, at), True

    def _checked(
        self, exchange: str, insurer: str, rows: Iterable[Sequence[str]]
    ) -> Iterator[tuple[int, Sequence[str], Fault | None]]:
        check, places = self._checks[exchange], count()
        chunk: list[Sequence[str]] = []

        def judged() -> Iterator[tuple[int, Sequence[str], Fault | None]]:
            for row, fault, place in zip(chunk, check.faults(chunk), places, strict=False):
                if fault is not None and (exchange != REGISTRATION or fault[1] == "record_key"):
                    raise Refused(Refusal.UNANSWERABLE)
                yield place, row, fault

        width = len(layout_of(exchange).fields)
        for row in rows:
            if len(row) != width:
                raise Refused(Refusal.MALFORMED)
            if row[0] != insurer:
                raise Refused(Refusal.FOREIGN_RECORD)
            chunk.append(row)
            if len(chunk) == _CHUNK:
                yield from judged()
                chunk.clear()
        yield from judged()

    @staticmethod
    def _next_number(work: sqlite3.Connection, exchange: str, insurer: str) -> int:
        [last] = work.execute(
            "SELECT coalesce(max(number), 0) FROM reception WHERE insurer_number = ? AND exchange = ?",
            (insurer, exchange),
        ).fetchone()
        return int(last) + 1

    def next_number(self, exchange: str, insurer: str) -> int:
        """The number of the batch that is to come next."""
        with self.state.work() as work:
            return self._next_number(work, exchange, insurer)

    def _withdraw(self, work: sqlite3.Connection, insurer: str, insured_id: str, applied_on: str) -> tuple[str, str]:
        """C-3: taken is what is registered; it ends with the end of the following month."""
        number = self._person(work, insurer, insured_id)
        card = work.execute("SELECT registered, withdrawn_from FROM card WHERE number = ?", (number,)).fetchone()
        if number is None or card is None or not card[0]:
            return "2", ""
        effective = card[1] or _end_of_next_month(applied_on)
        work.execute("UPDATE card SET withdrawn_from = ? WHERE number = ?", (effective, number))
        return "1", effective

    def _symbol(self, work: sqlite3.Connection, insurer: str, insured_id: str, _: str) -> tuple[str, str]:
        """R-10: for whom a record was registered, a symbol can be had."""
        return ("1" if self._person(work, insurer, insured_id) is not None else "2"), ""

    # --- results ---

    def reception(self, caller: Caller, exchange: str, insurer: str, text: str) -> Reception:
        """The reception of that 受付番号. Raises :class:`Refused` when there is none in this partition."""
        has_form = text.startswith("R") and text[1:].isascii() and text[1:].isdigit() and len(text) == 12
        with self._admitted(caller, f"results {exchange}", insurer) as work:
            found = work.execute(
                "SELECT reception, insurer_number, exchange, number, received_at FROM reception"
                " WHERE reception = ? AND insurer_number = ? AND exchange = ?",
                (int(text[1:]) if has_form else 0, insurer, exchange),
            ).fetchone()
            if found is None:
                raise Refused(Refusal.NOT_FOUND)
        return Reception(*found)

    def results(self, reception: Reception) -> tuple[Iterator[tuple[str, ...]], bool] | None:
        """The results of a batch in the columns of its result file, and whether they are to be told twice; None: not yet."""
        with self.state.work() as work:
            [withheld] = work.execute(
                "SELECT withheld FROM reception WHERE reception = ?", (reception.serial,)
            ).fetchone()
            if withheld:
                self._withhold(work, reception, withheld - 1)
                return None
            fault = faults.next_fault(work, FaultPlace.RESULTS, _RESULT_FAULTS)
            kind = fault.kind if fault is not None else None
            if kind is FaultKind.LATE_RESULT:
                self._withhold(work, reception, _WITHHELD)
                return None
            work.execute(
                "UPDATE reception SET withheld = 0"
                " WHERE insurer_number = ? AND exchange = ? AND reception < ? AND withheld > 0",
                (reception.insurer_number, reception.exchange, reception.serial),
            )
        rows = self._result_rows(reception)
        if kind is FaultKind.SHUFFLED_RESULT:
            mixed = list(rows)
            random.Random(reception.serial).shuffle(mixed)  # noqa: S311 - an order, no secret  # nosec B311
            rows = iter(mixed)
        return rows, kind is FaultKind.REPEATED_RESULT

    @staticmethod
    def _withhold(work: sqlite3.Connection, reception: Reception, times: int) -> None:
        work.execute("UPDATE reception SET withheld = ? WHERE reception = ?", (times, reception.serial))

    def _result_rows(self, reception: Reception) -> Iterator[tuple[str, ...]]:
        insurer, at, after = reception.insurer_number, reception.received_at, -1
        while True:
            with self.state.work() as work:
                page = work.execute(
                    "SELECT r.place, r.subject, r.day, r.result, r.error_code, r.error_field, r.effective_on,"
                    " p.internal_branch, p.verification FROM result r LEFT JOIN person p"
                    " ON p.insurer_number = ? AND p.number = r.number AND r.result <> '2'"
                    " WHERE r.reception = ? AND r.place > ? ORDER BY r.place LIMIT ?",
                    (insurer, reception.serial, after, _PAGE),
                ).fetchall()
            for _, subject, day, result, code, key, effective_on, branch, verification in page:
                if reception.exchange == REGISTRATION:
                    number = f"{branch:08d}" if branch is not None else ""
                    yield insurer, subject, result, number, code or "", key or "", verification or "", at
                elif reception.exchange == WITHDRAWAL:
                    yield insurer, subject, day, result, effective_on or ""
                else:
                    yield insurer, subject, result, at
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    # --- what is shown ---

    def shown_page(self, caller: Caller, insurer: str, after: str, limit: int) -> list[tuple[str, ...]]:
        """Live records after the one of record key ``after`` (empty: from the first), as SHOKAIKEKKA has them (R-4)."""
        self.admit(caller, "shown", insurer)
        with self.state.work() as work:
            start: tuple[str, ...] = ("", "", "")
            if after:
                found = work.execute(
                    "SELECT municipal_insured_id, application_start, record_key FROM record"
                    " WHERE insurer_number = ? AND record_key = ?",
                    (insurer, after),
                ).fetchone()
                if found is None:
                    found = ("\U0010ffff", "", "")
                start = found
            rows = work.execute(
                "SELECT r.record_key, p.internal_branch, p.verification, r.sent FROM record r JOIN person p"
                " ON p.insurer_number = r.insurer_number AND p.number = r.number"
                " WHERE r.insurer_number = ? AND r.cancelled_in IS NULL"
                " AND (r.municipal_insured_id, r.application_start, r.record_key) > (?, ?, ?)"
                " ORDER BY r.municipal_insured_id, r.application_start, r.record_key LIMIT ?",
                (insurer, *start, limit),
            ).fetchall()
        return [_as_shown(insurer, *row) for row in rows]

    def shown(self, caller: Caller, insurer: str) -> Iterator[tuple[str, ...]]:
        """All live records of a partition, page by page."""
        after = ""
        while page := self.shown_page(caller, insurer, after, _PAGE):
            yield from page
            after = page[-1][2]

    # --- lists and snapshots ---

    def cut(self, caller: Caller, file_id: str, insurer: str, listed_on: date) -> int:
        """Make the snapshot of card registrations (C-1) or the list of duplicates (R-7) of one day. Returns its records."""
        self._operate(caller, f"cut {file_id}")
        day = f"{listed_on:%Y%m%d}"
        with self.state.work() as work:
            [last] = work.execute(
                "SELECT coalesce(max(sequence), 0) FROM listing WHERE insurer_number = ? AND file_id = ?",
                (insurer, file_id),
            ).fetchone()
            listing = work.execute(
                "INSERT INTO listing (insurer_number, file_id, sequence, listed_on) VALUES (?, ?, ?, ?)",
                (insurer, file_id, last + 1, day),
            ).lastrowid
            made = work.execute(
                _CARDS if file_id == CARDS else _DUPLICATES, {"listing": listing, "insurer": insurer, "day": day}
            )
            return made.rowcount

    def listing(
        self, caller: Caller, file_id: str, insurer: str, sequence: int | None = None
    ) -> tuple[int, int, str] | None:
        """The last list or snapshot made, or the one of that ``sequence``: (id, sequence, day)."""
        self.admit(caller, f"listing {file_id}", insurer)
        with self.state.work() as work:
            found = work.execute(
                "SELECT listing, sequence, listed_on FROM listing WHERE insurer_number = ? AND file_id = ?"
                " AND (? IS NULL OR sequence = ?) ORDER BY sequence DESC LIMIT 1",
                (insurer, file_id, sequence, sequence),
            ).fetchone()
        return (found[0], found[1], found[2]) if found is not None else None

    def listed(
        self, listing: int, insurer: str, day: str, after: int = -1, limit: int = _PAGE
    ) -> list[tuple[str, ...]]:
        """One page of a list or snapshot, in the columns of its file."""
        with self.state.work() as work:
            rows = work.execute(
                "SELECT municipal_insured_id, first, second FROM listed WHERE listing = ? AND place > ? ORDER BY place LIMIT ?",
                (listing, after, limit),
            ).fetchall()
        return [(insurer, row[0], day, row[1], row[2]) for row in rows]

    # --- the operator ---

    def _operate(self, caller: Caller, act: str) -> None:
        self.admit(caller, act)

    def verify(self, caller: Caller, insurer: str, insured_id: str, verification: str) -> None:
        """Say what came out of the check of a person (R-6); his results are told anew.

        Raises :class:`Refused` when there is no such person.
        """
        self._operate(caller, "verify")
        with self.state.work() as work:
            number = self._person(work, insurer, insured_id)
            if number is not None:
                work.execute(
                    "UPDATE person SET verification = ? WHERE insurer_number = ? AND number = ?",
                    (verification, insurer, number),
                )
                work.execute(
                    "UPDATE reception SET published = ? WHERE insurer_number = ? AND reception IN (SELECT registered_in"
                    " FROM record WHERE insurer_number = ? AND number = ? AND cancelled_in IS NULL)",
                    (TO_TELL, insurer, insurer, number),
                )
                return
        raise self.refuse(caller, "verify", "", Refusal.NOT_FOUND)

    def register_card(
        self, caller: Caller, insurer: str, insured_id: str, registered: bool, expires_on: date | None
    ) -> None:
        """A person registers his card, or it ends (C-1). It belongs to the person and survives moves (C-4)."""
        self._operate(caller, "card")
        with self.state.work() as work:
            number = self._person(work, insurer, insured_id)
            if number is not None:
                expires = f"{expires_on:%Y%m%d}" if expires_on is not None else ""
                work.execute("INSERT OR REPLACE INTO card VALUES (?, ?, ?, '')", (number, int(registered), expires))
                return
        raise self.refuse(caller, "card", "", Refusal.NOT_FOUND)

    def add_other_cover(
        self,
        caller: Caller,
        insurer: str,
        insured_id: str,
        other_insurer: str,
        acquired_on: date,
        lost_on: date | None = None,
    ) -> None:
        """A person has, or had, cover elsewhere (R-7)."""
        self._operate(caller, "other cover")
        with self.state.work() as work:
            number = self._person(work, insurer, insured_id)
            if number is not None:
                work.execute(
                    "INSERT OR REPLACE INTO other_cover VALUES (?, ?, ?, ?)",
                    (
                        number,
                        other_insurer,
                        f"{acquired_on:%Y%m%d}",
                        f"{lost_on:%Y%m%d}" if lost_on is not None else "",
                    ),
                )
                return
        raise self.refuse(caller, "other cover", "", Refusal.NOT_FOUND)

    def order_fault(self, caller: Caller, fault: faults.Fault | None) -> None:
        """Let something go wrong; None: nothing any more."""
        self._operate(caller, "fault")
        with self.state.work() as work:
            if fault is None:
                faults.cancel_all(work)
            else:
                faults.order(work, fault)

    def next_fault(self, place: FaultPlace, kinds: frozenset[FaultKind]) -> faults.Fault | None:
        """What is to go wrong with the request at hand."""
        with self.state.work() as work:
            return faults.next_fault(work, place, kinds)

    def audit(self, caller: Caller, after: int, limit: int) -> list[AuditEntry]:
        """The audit, for an operator."""
        self._operate(caller, "audit")
        with self.state.work() as work:
            return read_entries(work, after, limit)

    # --- publishing by folder ---

    def unpublished(self, partitions: frozenset[str]) -> list[Reception]:
        """Receptions by folder whose results have not been put out."""
        with self.state.work() as work:
            rows = work.execute(
                "SELECT reception, insurer_number, exchange, number, received_at FROM reception"
                " WHERE channel = 'file' AND published <> 1 ORDER BY reception"
            ).fetchall()
        return [Reception(*row) for row in rows if row[1] in partitions]

    def unpublished_listings(self, partitions: frozenset[str]) -> list[tuple[int, str, str, int, str]]:
        """(id, file id, insurer, sequence, day) of lists and snapshots that have not been put out."""
        with self.state.work() as work:
            rows = work.execute(
                "SELECT listing, file_id, insurer_number, sequence, listed_on FROM listing WHERE published = 0 ORDER BY listing"
            ).fetchall()
        return [row for row in rows if row[2] in partitions]

    def begin_publishing(self, reception: Reception) -> None:
        """The results are about to be read and put out."""
        with self.state.work() as work:
            work.execute("UPDATE reception SET published = ? WHERE reception = ?", (TELLING, reception.serial))

    def set_published(self, reception: Reception) -> None:
        """The results were put out as they were at :meth:`begin_publishing`; what changed since stays to be told."""
        with self.state.work() as work:
            work.execute(
                "UPDATE reception SET published = ? WHERE reception = ? AND published = ?",
                (TOLD, reception.serial, TELLING),
            )

    def publish_again(self, reception: Reception) -> None:
        """The results shall be put out, whether they were or not."""
        with self.state.work() as work:
            work.execute("UPDATE reception SET published = ? WHERE reception = ?", (TO_TELL, reception.serial))

    def set_listing_published(self, listing: int) -> None:
        """The list was put out."""
        with self.state.work() as work:
            work.execute("UPDATE listing SET published = 1 WHERE listing = ?", (listing,))

    def fresh_stamp(self) -> datetime:
        """A time of making that no file had before: now, or a second after the last one."""
        with self.state.work() as work:
            [last] = work.execute("SELECT max(made_at) FROM made").fetchone()
            moment = self.now().replace(microsecond=0, tzinfo=None)
            if last is not None:
                moment = max(moment, datetime.fromisoformat(last) + _SECOND)
            work.execute("DELETE FROM made")
            work.execute("INSERT INTO made VALUES (?)", (moment.isoformat(),))
        return moment

    # --- small ---

    def _stamp(self) -> str:
        return format_timestamp(self.now())

    @staticmethod
    def _person(work: sqlite3.Connection, insurer: str, insured_id: str) -> int | None:
        """Who is meant by a 市町村被保険者ID: whoever has a live record under it, else the last who had one."""
        found = work.execute(
            "SELECT number FROM record WHERE insurer_number = ? AND municipal_insured_id = ?"
            " ORDER BY cancelled_in IS NOT NULL, registered_in DESC LIMIT 1",
            (insurer, insured_id),
        ).fetchone()
        return int(found[0]) if found is not None else None


def _as_shown(insurer: str, key: str, branch: int, verification: str, sent: str) -> tuple[str, ...]:
    """One record in the columns of SHOKAIKEKKA."""
    values = dict(zip(KEPT, sent.split(SEPARATOR), strict=True))
    values |= {
        "insurer_number": insurer,
        "record_key": key,
        "internal_branch_number": f"{branch:08d}",
        "verification": verification,
    }
    return tuple(values[key] for key in layout_of(SHOWN).keys)


_LIVE: Final = (
    "SELECT DISTINCT number, municipal_insured_id FROM record WHERE insurer_number = :insurer"
    " AND cancelled_in IS NULL AND application_start <= :day AND (application_end = '' OR application_end > :day)"
)
_CARDS: Final = f"""
    INSERT INTO listed (listing, place, municipal_insured_id, first, second)
    SELECT :listing, row_number() OVER (ORDER BY l.municipal_insured_id) - 1, l.municipal_insured_id,
        CASE WHEN c.registered IS NULL OR (NOT c.registered AND c.withdrawn_from = '') THEN '2'
            WHEN c.withdrawn_from <> '' AND c.withdrawn_from <= :day THEN '3' ELSE '1' END,
        coalesce(c.certificate_expires_on, '')
    FROM ({_LIVE}) l LEFT JOIN card c ON c.number = l.number
"""  # noqa: S608 - names of this module alone # nosec B608
_DUPLICATES: Final = f"""
    INSERT INTO listed (listing, place, municipal_insured_id, first, second)
    SELECT :listing, row_number() OVER (ORDER BY municipal_insured_id, other, began) - 1, municipal_insured_id, other, began
    FROM (
        SELECT l.municipal_insured_id, o.other_insurer_number AS other, o.acquired_on AS began FROM ({_LIVE}) l
        JOIN other_cover o ON o.number = l.number AND o.acquired_on <= :day
            AND (o.lost_on = '' OR o.lost_on > :day)
        UNION
        SELECT l.municipal_insured_id, r.insurer_number, min(r.qualification_acquired) FROM ({_LIVE}) l
        JOIN record r ON r.number = l.number AND r.insurer_number <> :insurer AND r.cancelled_in IS NULL
            AND r.application_start <= :day AND (r.application_end = '' OR r.application_end > :day)
        GROUP BY l.municipal_insured_id, r.insurer_number
    )
"""  # noqa: S608 - names of this module alone # nosec B608


def _end_of_next_month(day: str) -> str:
    months = int(day[:4]) * 12 + int(day[4:6])  # the following month, counted from 0
    year, month = divmod(months, 12)
    return f"{year:04d}{month + 1:02d}{monthrange(year, month + 1)[1]:02d}"
