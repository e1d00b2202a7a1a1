"""Whatever is told, in whatever order: a notice is refused or kept, and what is sent is taken by those who receive it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import evolve
from hypothesis import given, note
from hypothesis import strategies as st

from kokuho_core.errors import NotificationRefused
from kokuho_core.household.household import HOUSEHOLD_FACT_KEYS, Household, HouseholdFact
from kokuho_core.household.household import judge_file as judge_households
from kokuho_core.insured_person.fact import FACT_KEYS, PersonFact
from kokuho_core.insured_person.person import InsuredPerson
from kokuho_core.insured_person.person import judge_file as judge_persons
from kokuho_core.municipal_office.notification import Notification
from kokuho_core.qualification.date_rules import DateRules

from .counter import AT, Counter
from .notices import notices

PLAIN = tuple(key for key in FACT_KEYS if key not in ("file_no", "line", "number", "previous_number"))


class Receiver:
    """The aggregation's side of one municipality, by its own rules of reception."""

    def __init__(self) -> None:
        self.persons: dict[str, list[PersonFact]] = {}
        self.households: dict[str, list[HouseholdFact]] = {}
        self.files = 0

    def take(self, persons: Iterable[Any], households: Iterable[Any]) -> None:
        self.files += 1
        sent: dict[str, list[PersonFact]] = {}
        for line, (kind, row) in enumerate(persons, 2):
            record = evolve(row.record, update_kind=kind.value)
            assert DateRules().warnings(record, line, AT) == []
            fact = PersonFact(
                file_no=self.files, line=line, number=row.number, previous_number=row.previous_number,
                **{key: getattr(record, key) for key in PLAIN},
            )  # fmt: skip
            sent.setdefault(record.addressee_number, []).append(fact)
        for number, facts in sent.items():
            known = self.persons.setdefault(number, [])
            assert judge_persons(known, facts) == {}
            known += facts
        told: dict[str, list[HouseholdFact]] = {}
        for line, (kind, row) in enumerate(households, 2):
            record = evolve(row.record, update_kind=kind.value)
            given = {key: getattr(record, key) for key in HOUSEHOLD_FACT_KEYS[2:]}
            told.setdefault(record.household_number, []).append(HouseholdFact(self.files, line, **given))
        for number, heads in told.items():
            before = self.households.setdefault(number, [])
            assert judge_households(before, heads) == {}
            before += heads


def heads_are_right(counter: Counter) -> None:
    """Every household with somebody insured in it has a head who is insured in it, or a nominal one (X-14)."""
    members: dict[str, dict[str, str]] = {}
    for person in counter.persons.values():
        row = person.current
        if row is not None and row.record.member_end is None:
            members.setdefault(row.record.household_number, {})[person.addressee_number] = row.record.insured_kind
    for number, kinds in members.items():
        assert "1" in kinds.values(), "nobody insured, but somebody stayed"
        rows = [row.record for row in counter.households[number].rows if not row.is_cancelled]  # type: ignore[index]
        assert rows[-1].household_end is None and rows[-1].head_end is None
        assert kinds[rows[-1].head_addressee_number] == rows[-1].head_kind
    for household in counter.households.values():
        if household.is_open:
            assert household.household_number in members, "a household of nobody goes on"


@given(st.lists(st.tuples(notices(), st.booleans()), min_size=1, max_size=14))
def test_a_notice_is_refused_or_kept_and_what_is_sent_is_taken(stream: list[tuple[Notification, bool]]) -> None:
    """Rules: P-2, P-3, P-7, D-1 … D-10, Q-1, X-4, X-14."""
    counter, receiver = Counter(at=datetime(2026, 4, 1, 9, 0, 0)), Receiver()
    for notice, is_sent in stream:
        note(f"{notice!r} {is_sent}")
        before = dict(counter.persons)
        try:
            outcome = counter.take(notice)
        except NotificationRefused:
            assert counter.persons == before
            continue
        heads_are_right(counter)
        for person in outcome.persons:
            numbers = [row.history_number for row in person.rows]
            assert numbers == list(range(1, len(numbers) + 1))
        if is_sent:
            receiver.take(*counter.send())
    receiver.take(*counter.send())
    for number, person in counter.persons.items():
        received = InsuredPerson(tuple(receiver.persons.get(number, [])))
        theirs = [(each.days, each.start_reason, each.end_reason) for each in received.application_periods()]
        ours = [(each.days, each.start_reason, each.end_reason) for each in person.application_periods()]
        assert theirs == ours
    for number, household in counter.households.items():
        headships = Household(tuple(receiver.households.get(number, []))).headships()
        if household.is_open:
            assert headships[0].head.addressee_number == household.head
            assert headships[0].is_nominal == household.has_nominal_head
    assert counter.send() == ([], [])
