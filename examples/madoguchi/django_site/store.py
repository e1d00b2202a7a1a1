"""自庁の保管: the ports of the library on the models of this system.

:class:`~kokuho_core.ports.municipal.HistoryAndResults` is all this counter needs. It has no 付属証, no 住民票への引渡し and no
初期移行, so it leaves those ports out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from attrs import fields
from django.db.models import Max, Q

from django_site import models
from kokuho_adapters.database.row_text import RowText
from kokuho_core.household.record import HouseholdRecord
from kokuho_core.insured_person.record import PersonRecord
from kokuho_core.municipal_office.desk import Ground
from kokuho_core.municipal_office.history_row import HouseholdRow, PersonRow, never_taken, sent
from kokuho_core.municipal_office.own_household import OwnHousehold
from kokuho_core.municipal_office.own_person import OwnPerson
from kokuho_core.municipal_office.returned import ReturnedItem
from kokuho_core.ports.municipal import (
    HouseholdMessage,
    Notice,
    OtherMessage,
    PersonMessage,
    SentFile,
    SentLine,
    WaitingSubject,
)
from kokuho_core.returning.rows import ROW_TYPES
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber, InsurerNumber

PERSONS, HOUSEHOLDS = RowText(PersonRecord), RowText(HouseholdRecord)
GROUNDS = RowText(Ground)
ROWS = {file_id: RowText(kind) for file_id, kind in ROW_TYPES.items()}
REFUSED, HELD = "2", "3"
BATCH = 500
FIXED = {"update_kind": UpdateKind.NEW.value, "individual_number": None, "previous_individual_number": None}
"""Of every record that is kept: the numbers are in the vault, and the kind of update is decided when it is sent."""
_KEPT_BY_KEY = ("addressee_number", "household_number")


class ModelStore:
    """One municipality's models, in a transaction of its caller's."""

    def __init__(self, insurer: InsurerNumber, insurers: Iterable[InsurerNumber]) -> None:
        self.insurer, self._insurers = insurer, frozenset(insurers)

    # --- 履歴 ---

    def insurers(self) -> frozenset[InsurerNumber]:
        return self._insurers

    def persons(
        self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber] | None = None
    ) -> Iterator[OwnPerson]:
        everybody = models.Person.objects.order_by("addressee_number")
        if addressees is None:
            chosen = [everybody.iterator(chunk_size=BATCH)]
        else:
            chosen = [everybody.filter(pk__in=some) for some in _some(sorted(set(addressees)))]
        for people in chosen:
            for person in people:
                rows = person.rows.select_related("household").order_by("history_number")
                yield OwnPerson(
                    insurer_number, AddresseeNumber(person.pk), tuple(map(self._person_row, rows)), person.died_on,
                    person.death_notice_id, frozenset(map(date.fromisoformat, person.former_starts)),
                )  # fmt: skip

    def households(self, insurer_number: InsurerNumber, numbers: Iterable[HouseholdNumber]) -> Iterator[OwnHousehold]:
        for household in models.Household.objects.filter(pk__in=list(numbers)).order_by("pk"):
            rows = tuple(map(self._household_row, household.rows.order_by("history_number")))
            if rows:
                yield OwnHousehold(insurer_number, HouseholdNumber(household.pk), rows)

    def homes_of(self, insurer_number: InsurerNumber, addressees: Iterable[AddresseeNumber]) -> set[HouseholdNumber]:
        rows = models.PersonHistory.objects.filter(person__in=list(addressees))
        return set(map(HouseholdNumber, rows.values_list("household_id", flat=True).distinct()))

    def ever_in(self, insurer_number: InsurerNumber, households: Iterable[HouseholdNumber]) -> set[AddresseeNumber]:
        rows = models.PersonHistory.objects.filter(household__in=list(households))
        return set(map(AddresseeNumber, rows.values_list("person_id", flat=True).distinct()))

    def concerned_by(
        self, insurer_number: InsurerNumber, notice: int
    ) -> tuple[set[AddresseeNumber], set[HouseholdNumber]]:
        people = models.Person.objects.filter(Q(rows__notice=notice) | Q(death_notice=notice))
        households = models.Household.objects.filter(rows__notice=notice)
        return (
            set(map(AddresseeNumber, people.values_list("pk", flat=True))),
            set(map(HouseholdNumber, households.values_list("pk", flat=True))),
        )

    def next_notice(self, insurer_number: InsurerNumber) -> int:
        return (models.Notice.objects.aggregate(last=Max("number"))["last"] or 0) + 1

    def keep(
        self, insurer_number: InsurerNumber, notice: Notice, persons: Iterable[OwnPerson], households: Iterable[OwnHousehold]
    ) -> None:
        told = models.Notice.objects.create(
            number=notice.number, kind=notice.kind, event_on=notice.event_on, notified_on=notice.notified_on,
            recorded_at=notice.recorded_at, grounds=[GROUNDS.dump(each) for each in notice.grounds],
        )  # fmt: skip
        for own in persons:
            former = sorted(day.isoformat() for day in own.former_starts)
            person, _ = models.Person.objects.update_or_create(
                pk=own.addressee_number,
                defaults={"died_on": own.died_on, "death_notice_id": own.death_notice, "former_starts": former},
            )
            kept = {row.history_number: row for row in person.rows.all()}
            for row in own.rows:
                before = kept.get(row.history_number)
                stood = None if before is None else self._person_row(before)
                if stood is not None and _stood_otherwise(stood, row):
                    self._set_aside(stood, told, PERSONS.dump(stood.record), person=person)
                if stood != row:
                    home, _ = models.Household.objects.get_or_create(pk=row.record.household_number)
                    values = {**_values(row), "number": row.number, "previous_number": row.previous_number}
                    person.rows.update_or_create(
                        history_number=row.history_number, defaults={**values, "household": home}
                    )
        for place in households:
            household, _ = models.Household.objects.get_or_create(pk=place.household_number)
            found = {row.history_number: row for row in household.rows.all()}
            for line in place.rows:
                was = found.get(line.history_number)
                earlier = None if was is None else self._household_row(was)
                if earlier is not None and _stood_otherwise(earlier, line):
                    self._set_aside(earlier, told, HOUSEHOLDS.dump(earlier.record), household=household)
                if earlier != line:
                    household.rows.update_or_create(history_number=line.history_number, defaults=_values(line))

    def _set_aside(self, row: PersonRow | HouseholdRow, notice: models.Notice, content: str, **whose: Any) -> None:
        models.FormerRow.objects.create(
            history_number=row.history_number, content=content, changed_by_id=row.changed_by,
            is_cancelled=row.is_cancelled, stood_until=notice.recorded_at, **whose,
        )  # fmt: skip

    def notices(self, insurer_number: InsurerNumber, addressee: AddresseeNumber | None = None) -> list[Notice]:
        found = models.Notice.objects.order_by("number")
        if addressee is not None:
            rows = models.PersonHistory.objects.filter(person=addressee)
            former = models.FormerRow.objects.filter(person=addressee)
            found = found.filter(
                Q(pk__in=rows.values("notice")) | Q(pk__in=rows.values("changed_by")) | Q(pk__in=former.values("changed_by"))
            )
        return [
            Notice(
                each.number, each.kind, each.event_on, each.notified_on, each.recorded_at, tuple(map(GROUNDS.load, each.grounds))
            )
            for each in found
        ]

    # --- 送付 ---

    def waiting_persons(self, insurer_number: InsurerNumber) -> Iterator[PersonMessage]:
        return ((kind, row) for _, kind, row in self._waiting_persons())

    def _waiting_persons(self) -> Iterator[tuple[models.PersonHistory, UpdateKind, PersonRow]]:
        rows = models.PersonHistory.objects.filter(is_waiting=True).order_by("person_id", "history_number")
        for kept in rows.iterator(chunk_size=BATCH):
            row = self._person_row(kept)
            if (kind := row.waits_as) is not None:
                yield kept, kind, row

    def waiting_households(self, insurer_number: InsurerNumber) -> Iterator[HouseholdMessage]:
        return ((kind, row) for _, kind, row in self._waiting_households())

    def _waiting_households(self) -> Iterator[tuple[models.HouseholdHistory, UpdateKind, HouseholdRow]]:
        rows = models.HouseholdHistory.objects.filter(is_waiting=True).order_by("household_id", "history_number")
        for kept in rows.iterator(chunk_size=BATCH):
            row = self._household_row(kept)
            if (kind := row.waits_as) is not None:
                yield kept, kind, row

    def waiting_others(self, insurer_number: InsurerNumber, file_id: str) -> Iterator[OtherMessage]:
        return iter(())  # 付属証・所得区分・高額該当月 are another system's

    def waiting(self, insurer_number: InsurerNumber) -> list[WaitingSubject]:
        told = dict(models.Notice.objects.values_list("number", "notified_on"))
        changed: dict[tuple[str, str], set[int]] = {}
        for person, _, _ in self._waiting_persons():
            changed.setdefault(("P", person.person_id), set()).add(person.changed_by_id)
        for home, _, _ in self._waiting_households():
            changed.setdefault(("H", home.household_id), set()).add(home.changed_by_id)
        return [
            WaitingSubject(kind, subject, min(notices), min(told[each] for each in notices))
            for (kind, subject), notices in changed.items()
        ]

    def next_sequence(self, insurer_number: InsurerNumber, file_id: str) -> int:
        files = models.OutgoingFile.objects.filter(file_id=file_id, is_refused=False)
        used = set(files.values_list("sequence", flat=True))
        return next(number for number in range(1, len(used) + 2) if number not in used)

    def mark_sent(self, insurer_number: InsurerNumber, file: SentFile, folder: str) -> None:
        kept = models.OutgoingFile.objects.create(
            name=file.name, file_id=file.file_id, sequence=file.sequence, records=file.records,
            created_at=file.created_at, folder=folder, is_published=file.is_published,
        )  # fmt: skip
        key = "person_row" if file.file_id == "SKKOJIN" else "household_row"
        waiting: Iterator[tuple[Any, UpdateKind, Any]]
        waiting = self._waiting_persons() if file.file_id == "SKKOJIN" else self._waiting_households()
        for line, (model, kind, row) in enumerate(list(waiting), 2):
            kept.lines.create(line=line, update_kind=kind.value, **{key: model})
            after = sent(row, kind)
            model.is_sent, model.is_waiting = after.is_sent, after.is_waiting
            model.save(update_fields=("is_sent", "is_waiting"))

    def unpublished(self, insurer_number: InsurerNumber, folder: str) -> list[str]:
        files = models.OutgoingFile.objects.filter(folder=folder, is_published=False).order_by("name")
        return list(files.values_list("name", flat=True))

    def mark_published(self, insurer_number: InsurerNumber, names: Iterable[str]) -> None:
        models.OutgoingFile.objects.filter(pk__in=list(names)).update(is_published=True)

    def sent_line(self, insurer_number: InsurerNumber, name: str, line: int) -> SentLine | None:
        found = _lines().filter(file=name, line=line).first()
        return None if found is None else _sent_line(found)

    def answer_line(self, insurer_number: InsurerNumber, name: str, line: SentLine) -> None:
        kept = _lines().get(file=name, line=line.line)
        kept.result, kept.error_code, kept.error_field = line.result, line.error_code, line.error_field
        kept.save()
        if line.result == REFUSED and line.update_kind is UpdateKind.NEW:
            self._never_taken(kept)

    def refuse_file(self, insurer_number: InsurerNumber, name: str) -> bool:
        if not models.OutgoingFile.objects.filter(pk=name, is_refused=False).update(is_refused=True):
            return False
        for line in _lines().filter(file=name):
            if line.update_kind == UpdateKind.NEW.value:
                self._never_taken(line)
            kept = line.person_row or line.household_row
            kept.is_waiting = True
            kept.save(update_fields=("is_waiting",))
        return True

    def _never_taken(self, line: models.OutgoingLine) -> None:
        kept = line.person_row or line.household_row
        row = self._person_row(kept) if line.person_row is not None else self._household_row(kept)
        kept.is_sent = never_taken(row).is_sent
        kept.save(update_fields=("is_sent",))

    def refused_lines(self, insurer_number: InsurerNumber) -> list[tuple[str, SentLine]]:
        found = _lines().filter(result__in=(REFUSED, HELD)).order_by("file", "line")
        return [(each.file_id, _sent_line(each)) for each in found]

    # --- 返却 ---

    def returned(self, insurer_number: InsurerNumber, file_id: str, items: Iterable[str]) -> Mapping[str, ReturnedItem]:
        found = models.ReturnedItem.objects.filter(file_id=file_id, item__in=list(items))
        return {each.item: _returned_item(each) for each in found}

    def keep_returned(self, insurer_number: InsurerNumber, items: Iterable[ReturnedItem]) -> None:
        for each in items:
            models.ReturnedItem.objects.update_or_create(
                file_id=each.file_id,
                item=each.item,
                defaults={
                    "subject": each.subject, "sequence": each.sequence, "line": each.line,
                    "content": ROWS[each.file_id].dump(each.row),
                },
            )  # fmt: skip

    def returned_of(
        self, insurer_number: InsurerNumber, file_id: str, subjects: Iterable[str] | None = None
    ) -> Iterator[ReturnedItem]:
        found = models.ReturnedItem.objects.filter(file_id=file_id).order_by("item")
        if subjects is not None:
            found = found.filter(subject__in=list(subjects))
        return map(_returned_item, found)

    # --- 行から ---

    def _person_row(self, kept: models.PersonHistory) -> PersonRow:
        known = {"addressee_number": kept.person_id, "household_number": kept.household_id}
        return PersonRow(self._record(PersonRecord, kept, known), *_marks(kept), kept.number, kept.previous_number)

    def _household_row(self, kept: models.HouseholdHistory) -> HouseholdRow:
        return HouseholdRow(self._record(HouseholdRecord, kept, {"household_number": kept.household_id}), *_marks(kept))

    def _record(self, kind: Any, kept: models.HistoryRow, known: Mapping[str, Any]) -> Any:
        known = {**FIXED, "insurer_number": self.insurer, **known}
        names = (attribute.name for attribute in fields(kind))
        return kind(**{name: known[name] if name in known else getattr(kept, name) for name in names})


def _values(row: PersonRow | HouseholdRow) -> dict[str, Any]:
    """The row as its model keeps it: its record without what is fixed or is the key, its marks."""
    record = {each.name: getattr(row.record, each.name) for each in fields(type(row.record))}
    own = {key: value for key, value in record.items() if key not in FIXED}
    for key in ("insurer_number", "history_number", *_KEPT_BY_KEY):
        own.pop(key, None)
    marks = {"notice_id": row.notice, "changed_by_id": row.changed_by}
    return {**own, **marks, "is_cancelled": row.is_cancelled, "is_sent": row.is_sent, "is_waiting": row.is_waiting}


def _marks(kept: models.HistoryRow) -> tuple[Any, ...]:
    return (kept.notice_id, kept.changed_by_id, kept.is_cancelled, kept.is_sent, kept.is_waiting)


def _stood_otherwise(before: Any, now: Any) -> bool:
    """Whether something else stood before than marks of sending."""

    def said(row: Any) -> tuple[Any, ...]:
        return (row.record, row.changed_by, row.is_cancelled, getattr(row, "number", None))

    return said(before) != said(now)


def _some(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH))


def _lines() -> Any:
    return models.OutgoingLine.objects.select_related("person_row", "household_row")


def _sent_line(each: models.OutgoingLine) -> SentLine:
    row = each.person_row or each.household_row
    subject = each.person_row.person_id if each.person_row is not None else each.household_row.household_id
    kind = UpdateKind(each.update_kind)
    return SentLine(each.line, subject, row.history_number, kind, each.result, each.error_code, each.error_field)


def _returned_item(each: models.ReturnedItem) -> ReturnedItem:
    row = ROWS[each.file_id].load(each.content)
    return ReturnedItem(each.file_id, each.item, each.subject, each.sequence, each.line, row)
