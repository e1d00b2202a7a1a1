"""Three municipal offices and their aggregation, with a ledger beside them that knows nothing of either.

Each office is told by notices; what it accepts is written into the ledger, what it refuses is not. Files go there and back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import date, datetime
from typing import Any

from attrs import define, field

from kokuho_adapters.files import OpenFormatFile
from kokuho_core.conformance.reference.continuity import Continued, World, candidates
from kokuho_core.conformance.reference.counting import Month as ModelMonth
from kokuho_core.errors import NotificationRefused
from kokuho_core.high_cost_history.record import HighCostRecord
from kokuho_core.municipal_office.notification import Entrant, Head, NewHousehold, Withdrawn
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.check import check
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.municipal_desk import AppliedFile
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.month import Month

from ..prefecture.office import A, B, C, PrefectureOffice, instruction, number
from .counter import items
from .ledger import Ledger, MunicipalLedger

MUNICIPALITIES = (A, B, C)
AS_OF = date(2024, 12, 31)
TOLD_AT = datetime(2024, 6, 1, 9, 0, 0)
YES, NO, REVOKED = "1", "2", "3"
"""確定区分."""

Pair = tuple[tuple[str, str], tuple[str, str]]


def addressees(names: Iterable[str]) -> tuple[AddresseeNumber, ...]:
    return tuple(AddresseeNumber(each) for each in names)


def described(name: str) -> Entrant:
    """Everybody has one birth date and one number, and the same addressee number everywhere."""
    return Entrant(AddresseeNumber(name), items(f"196{name}-05-05", "2", number=None))


def as_head(name: str, *, is_nominal: bool = False) -> Head:
    return Head(AddresseeNumber(name), is_nominal, described(name).items if is_nominal else None)


@define(eq=False)
class ThreeOffices:
    """What happens, told to the offices and written into the ledger."""

    site: PrefectureOffice
    ledger: Ledger = field(factory=lambda: Ledger({each: MunicipalLedger() for each in MUNICIPALITIES}))
    taken: dict[InsurerNumber, list[tuple[int, MunicipalLedger]]] = field(factory=dict)
    """By office, the notices it took, each with what stood before it."""
    decisions: dict[Pair, str] = field(factory=dict)
    seen: Counter[str] = field(factory=Counter)
    made: int = 0

    # --- notices ---

    def tell(self, insurer: InsurerNumber, notice: Any, effect: Callable[[MunicipalLedger], object] | None = None) -> bool:
        """Tell an office; False where it refuses. ``effect`` writes into the ledger what follows."""
        own = self.ledger.municipalities[insurer]
        numbers = {AddresseeNumber(name): IndividualNumber(number(int(name))) for name in self._described_in(notice)}
        try:
            answer = municipal_office.notify(self.site.office, insurer, notice, numbers)
        except NotificationRefused as refused:
            self.seen[f"refused {type(notice).__name__} {refused.problems[0].code}"] += 1
            return False
        self.taken.setdefault(insurer, []).append((answer.number, deepcopy(own)))
        if effect is not None:
            effect(own)
        self.seen[type(notice).__name__] += 1
        return True

    @staticmethod
    def _described_in(notice: Any) -> set[str]:
        named = {each.addressee_number for each in getattr(notice, "entrants", ())}
        choice = getattr(notice, "household", None)
        heads = (choice.head if isinstance(choice, NewHousehold) else None, getattr(notice, "head", None))
        return named | {head.addressee_number for head in (*heads, getattr(notice, "new_head", None)) if head and head.items}

    def withdraw_last(self, insurer: InsurerNumber, day: date) -> None:
        """The last notice of an office never was; the ledger of that office is what it was before."""
        if not self.taken.get(insurer):
            return
        told, before = self.taken[insurer][-1]
        if self.tell(insurer, Withdrawn(event_on=day, notified_on=day, notice_number=told)):
            self.ledger.municipalities[insurer] = before
            self.taken[insurer] = []

    def new_home(self, head: str, *, is_nominal: bool = False) -> NewHousehold:
        self.made += 1
        household = HouseholdNumber(f"{900 + self.made}")
        return NewHousehold(household, household, as_head(head, is_nominal=is_nominal))

    def state_month(self, insurer: InsurerNumber, household: str, month: ModelMonth, kind: str, paid: int) -> None:
        record = HighCostRecord(
            insurer, HouseholdNumber(household), Month.parse(f"{month[0]}{month[1]:02d}"), "1", kind, "2", None, paid, TOLD_AT
        )
        municipal_office.state(self.site.office, insurer, "KOGAKU", record)
        self.ledger.months.setdefault((insurer, household), set()).add((month, kind))
        self.seen["month"] += 1

    def withdraw_month(self, insurer: InsurerNumber, household: str, month: ModelMonth, kind: str) -> None:
        identity = f"{household}/{month[0]}{month[1]:02d}/{kind}"
        municipal_office.withdraw(self.site.office, insurer, "KOGAKU", identity)
        self.ledger.months[insurer, household].remove((month, kind))
        self.seen["month withdrawn"] += 1

    # --- files there and back ---

    def send(self, insurer: InsurerNumber) -> None:
        """Build what waits; every file passes the check and the reception without a word."""
        folder = self.site.installation.sending(self.site.inbox, insurer)
        for file in municipal_office.build(self.site.office, insurer, folder, str(self.site.inbox)):
            path = self.site.inbox / file.name
            checked = check(OpenFormatFile.from_path(path, self.site.book))
            assert not checked.errors and not checked.warnings, checked
            assert checked.counts.accepted == file.records
            for answer in self.site.receive(path):
                assert answer.result is FileResult.APPLIED and not answer.errors and not answer.warnings, answer
                assert answer.counts.accepted == file.records
            self.seen[file.file_id] += 1

    def take_back(self, insurer: InsurerNumber) -> list[Any]:
        """Deliver to one office; the files, to be applied in any order."""
        outgoing = self.site.installation.outgoing(self.site.outbox)
        files = deliver(self.site.office, insurer, outgoing, str(self.site.outbox))
        return [self.site.installation.returned(self.site.outbox / each.file) for each in files]

    def apply(self, insurer: InsurerNumber, file: Any, refused: set[str]) -> AppliedFile:
        """Take in one returned file. ``refused``: the codes that 処理結果 may tell, of decisions that cannot be taken."""
        answer = municipal_office.apply(self.site.office, insurer, file)
        assert not answer.problems, answer
        assert {each.error_code for each in answer.refused} <= refused, answer
        return answer

    # --- continuity ---

    def world(self) -> World:
        """The world of the ledger, with the decisions in force: those whose pair still stands (H-6, X-28)."""
        world = self.ledger.world(AS_OF)
        standing = candidates(world)
        world.continued = [
            Continued(*pair, standing[pair].moved_on)
            for pair, decision in self.decisions.items()
            if decision == YES and pair in standing
        ]
        return world

    def decide(self, insurer: InsurerNumber, candidate: str, pair: Pair, decision: str, expected: str | None) -> None:
        """確定指示 (KEISHIJI). ``expected``: the code it is to be refused with."""
        answer = self.site.decide(insurer, instruction(insurer, candidate, decision))
        assert [each.code for each in answer.errors] == ([expected] if expected else []), answer
        self.seen[f"decision {decision}{' refused' if expected else ''}"] += 1
        if expected is None:
            self.decisions[pair] = decision
