"""自庁の送付する行, many at a time out of the library's own store, with their individual numbers opened (Q-1, I-5).

While a forerunner works, it has the content of lines written already, and only their numbers are opened here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen, mutable

from kokuho_core.ports.files import FIRST_LINE, Columns, PreparedLines
from kokuho_core.ports.forerunner import WritingAhead
from kokuho_core.ports.municipal import LineParts, LinesGoingOut, RowPlace
from kokuho_core.ports.stores import UnitOfWork
from kokuho_core.ports.vault import SealedColumn
from kokuho_core.usecases.municipal_desk import NUMBER_PLACE, PREVIOUS_NUMBER_PLACE, SENT_KEYS
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber


@frozen
class OutgoingLines:
    """送付する行 of one municipality in one unit of work. Iterating raises :class:`SetupFault` (KKH-C011, KKH-C016)."""

    _office: Office
    _work: UnitOfWork
    _insurer: InsurerNumber
    _ahead: WritingAhead

    def of(self, file_id: str) -> Iterator[Columns | PreparedLines]:
        """All that waits for one kind of file, in its order."""
        reached = _Reached()
        while not reached.end:
            yield from self._written_here(file_id, reached)
            if not reached.end:
                yield from self._written_ahead(file_id, reached)

    def _written_here(self, file_id: str, reached: _Reached) -> Iterator[Columns]:
        """Until somebody else can go on."""
        for batch in self._work.municipal.lines_going_out(self._insurer, file_id, reached.after):
            for place, sealed in ((NUMBER_PLACE, batch.numbers), (PREVIOUS_NUMBER_PLACE, batch.previous)):
                if sealed is not None:
                    batch.columns[place] = self._opened(sealed)
            yield batch.columns
            reached.passed(batch)
            if self._ahead.is_ready:
                return
        reached.end = True

    def _written_ahead(self, file_id: str, reached: _Reached) -> Iterator[PreparedLines]:
        """As long as what was prepared is of the same rows: a number must never come to stand on another's line."""
        self._ahead.ask(file_id, SENT_KEYS[file_id], reached.after, reached.line)
        for batch in self._work.municipal.lines_going_out(self._insurer, file_id, reached.after, LineParts.NUMBERS):
            prepared = self._ahead.answer()
            if prepared is None or prepared.rows != batch.rows:
                self._ahead.forget()
                return
            numbers = {"individual_number": batch.numbers, "previous_individual_number": batch.previous}
            opened = {key: None if sealed is None else self._opened(sealed) for key, sealed in numbers.items()}
            yield PreparedLines(prepared.lines, opened)
            reached.passed(batch)
        reached.end = True

    def _opened(self, sealed: SealedColumn) -> Sequence[IndividualNumber | None]:
        return self._office.vault.reveal_column(self._work.keys, sealed)


@mutable
class _Reached:
    """到達点 in one file."""

    after: RowPlace | None = None
    line: int = FIRST_LINE
    end: bool = False

    def passed(self, batch: LinesGoingOut) -> None:
        self.after = batch.rows[-1]
        self.line += len(batch.rows)
