"""二つの窓口: a family moves from one municipality to the next, from the notices to the returned dates and months (Q-1 … Q-6).

Both offices and the aggregation work on a database of their own in one folder; between them there are files alone. Everybody is
invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_core.high_cost_history.record import HighCostRecord
from kokuho_core.municipal_office.notification import (
    CoverEnded,
    Entrant,
    Head,
    MovedIn,
    MovedOut,
    NewHousehold,
    Notification,
    OtherCover,
    PersonItems,
)
from kokuho_core.municipal_office.returned import CarryOver
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.check import check
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.municipal_desk import AppliedFile, OfficeLists, PersonView, TakenNotice
from kokuho_core.usecases.receive import FileAnswer, receive
from kokuho_core.usecases.resolve import resolve
from kokuho_core.vocabulary.codes import Decision, OccurrenceKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.insurers import Insurer
from kokuho_core.vocabulary.month import Month

DATABASE: Final = "offices.sqlite3"
AS_OF: Final = date(2025, 6, 1)
_MOVED_ON: Final = date(2025, 5, 10)
_MONTHS: Final = ("202408", "202411", "202502")
_FAMILY: Final = (
    ("1", "太郎", "タロウ", date(1980, 5, 5), "1", "900000000010"),
    ("2", "花子", "ハナコ", date(1982, 2, 2), "2", "900000000028"),
)


@frozen
class OfficeView:
    """一つの窓口の結果: what it was told and had to do, and what it sees in the end."""

    insurer_number: InsurerNumber
    notices: Sequence[TakenNotice]
    applied: Sequence[AppliedFile]
    persons: Sequence[PersonView]
    lists: OfficeLists

    @property
    def agrees(self) -> bool:
        """Whether nothing waits, is refused, is missing or contradicts, and all carried months came."""
        lists = self.lists
        is_quiet = not (lists.waiting or lists.refused or lists.awaited or lists.contradictions or lists.findings)
        return is_quiet and all(each.is_confirmed for each in self.carry_overs)

    @property
    def carry_overs(self) -> Sequence[CarryOver]:
        return self.lists.carry_overs


@frozen
class PlayedOffices:
    """窓口の実演の結果: the files that went out, each checked and received, and both offices' views."""

    received: Sequence[FileAnswer]
    views: Sequence[OfficeView]

    @property
    def agree(self) -> bool:
        """Whether every file was taken without a word, and both offices know the same people by the same dates."""
        said = [
            {each.insured_id.prefectural_insured_id: each.dates.qualification_acquired for each in view.persons if each.dates}
            for view in self.views
        ]
        is_silent = not any(each.errors or each.warnings for each in self.received)
        return is_silent and all(view.agrees for view in self.views) and all(each == said[0] for each in said)


def play_offices(folder: Path, prefecture: str, insurers: Sequence[Insurer]) -> PlayedOffices:
    """Play it in ``folder``, which is new, for the first two of ``insurers``."""
    folder.mkdir(parents=True)
    configuration = Configuration(f"sqlite:///{(folder / DATABASE).as_posix()}")
    initialise(configuration, prefecture, insurers)
    left, entered = (each.insurer_number for each in insurers[:2])
    with open_installation(configuration) as opened:
        play = _Play(opened, folder)
        notices = {left: play.notify(left, _leaving(entered)), entered: play.notify(entered, _entering(left))}
        play.state_months(left)
        received = play.there((left, entered))
        applied = {each: play.back(each) for each in (left, entered)}
        received += play.decide(entered)
        for each in applied:
            applied[each] += play.back(each)
        return PlayedOffices(received, [play.view(each, notices[each], applied[each]) for each in (left, entered)])


def _leaving(to: InsurerNumber) -> list[Notification]:
    """Insured after employee insurance, and moved out a year later."""
    return [
        CoverEnded(
            event_on=date(2024, 3, 31), notified_on=date(2024, 4, 5), cover=OtherCover.EMPLOYEE_INSURANCE,
            household=_household("10", "東"), entrants=_entrants("東見本市１丁目"),
        ),
        MovedOut(event_on=_MOVED_ON, notified_on=date(2025, 5, 8), people=_addressees(), to_insurer=to),
    ]  # fmt: skip


def _entering(came_from: InsurerNumber) -> list[Notification]:
    return [
        MovedIn(
            event_on=_MOVED_ON, notified_on=date(2025, 5, 12), household=_household("77", "西"),
            entrants=_entrants("西見本市２丁目"), from_insurer=came_from,
        )
    ]  # fmt: skip


def _addressees() -> tuple[AddresseeNumber, ...]:
    return tuple(AddresseeNumber(each[0]) for each in _FAMILY)


def _household(number: str, symbol: str) -> NewHousehold:
    return NewHousehold(HouseholdNumber(number), number, Head(_addressees()[0]), symbol)


def _entrants(address: str) -> tuple[Entrant, ...]:
    return tuple(
        Entrant(AddresseeNumber(number), PersonItems(f"見本　{name}", f"ミホン　{kana}", born, sex, address), f"0{number}")
        for number, name, kana, born, sex, _ in _FAMILY
    )


@frozen
class _Play:
    opened: Installation
    folder: Path

    def notify(self, insurer: InsurerNumber, notices: Sequence[Notification]) -> list[TakenNotice]:
        taken = []
        for notice in notices:
            described = {each.addressee_number for each in getattr(notice, "entrants", ())}
            numbers = {
                AddresseeNumber(who): IndividualNumber(number) for who, *_, number in _FAMILY if who in described
            }
            taken.append(municipal_office.notify(self.opened.office, insurer, notice, numbers))
        return taken

    def state_months(self, insurer: InsurerNumber) -> None:
        told_at = datetime(2025, 5, 8, 18)
        for month in map(Month.parse, _MONTHS):
            record = HighCostRecord(
                insurer, HouseholdNumber("10"), month, "1", OccurrenceKind.HOUSEHOLD.value, "2", None, 25_000, told_at
            )
            municipal_office.state(self.opened.office, insurer, "KOGAKU", record)

    def there(self, insurers: Sequence[InsurerNumber]) -> list[FileAnswer]:
        """送付ファイルの作成 → 点検 → 受付 → 判定."""
        answers: list[FileAnswer] = []
        for insurer in insurers:
            out = self._folder("outbox", insurer)
            built = municipal_office.build(self.opened.office, insurer, self.opened.sending(out, insurer), str(out))
            for file in built:
                answers += self._received(out / file.name)
        resolve(self.opened.office, AS_OF)
        return answers

    def back(self, insurer: InsurerNumber) -> list[AppliedFile]:
        """配信 → 取込み."""
        out = self._folder("returned", insurer)
        delivered = deliver(self.opened.office, insurer, self.opened.outgoing(out), str(out))
        return [
            municipal_office.apply(self.opened.office, insurer, self.opened.returned(out / each.file)) for each in delivered
        ]

    def decide(self, insurer: InsurerNumber) -> list[FileAnswer]:
        """継続候補への確定指示 (H-6)."""
        out = self._folder("outbox", insurer)
        keys = ("insurer_number", "candidate_number", "decision", "decided_on", "decided_by", "reason")
        rows: list[tuple[Any, ...]] = [
            (insurer, each.candidate_number, Decision.CONTINUED.value, AS_OF, "mihon", "世帯全員・世帯主同一")
            for each in municipal_office.lists(self.opened.office, insurer).candidates
        ]
        sending = self.opened.sending(out, insurer)
        name, _ = sending.write("KEISHIJI", insurer, self.opened.office.clock.now(), 1, keys, rows)
        sending.publish(name)
        answers = self._received(out / name)
        resolve(self.opened.office, AS_OF)
        return answers

    def view(self, insurer: InsurerNumber, notices: Sequence[TakenNotice], applied: Sequence[AppliedFile]) -> OfficeView:
        office = self.opened.office
        persons = [municipal_office.person(office, insurer, each) for each in _addressees()]
        return OfficeView(insurer, notices, applied, persons, municipal_office.lists(office, insurer))

    def _received(self, path: Path) -> list[FileAnswer]:
        register = self.opened.register()
        checked = check(self.opened.incoming(path, register))
        answers = list(receive(self.opened.office, self.opened.incoming(path, register)))
        return [checked, *answers] if checked.errors or checked.warnings else answers

    def _folder(self, name: str, insurer: InsurerNumber) -> Path:
        folder = (self.folder / name / insurer).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return folder
