"""Who is who, and what is held (I-1 … I-4, X-6, X-7, X-33, X-34), compared with the model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import permutations
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.conformance.reference import identity as model
from kokuho_core.identity.connection import group_connected
from kokuho_core.identity.insured_ids import IssuedId, assign_ids, municipal_id, prefectural_id
from kokuho_core.identity.settlement import ConflictCause, SettledPerson, Settlement, is_alone, settle
from kokuho_core.insured_person.fact import IdentityVerdict, PersonFact
from kokuho_core.insured_person.person import live_rows
from kokuho_core.vocabulary.identifiers import Addressee, PrefecturalInsuredId
from kokuho_core.vocabulary.individual_number import NumberIndex

from . import strategies
from .builders import A, B, D, addressee, fact, index_of

BORN, OTHER_BORN = date(1980, 1, 2), date(1980, 1, 3)


def modelled(messages: Sequence[PersonFact]) -> list[model.Message]:
    return [
        model.Message(
            m.insurer_number, m.addressee_number, m.history_number, m.update_kind,
            None if m.number is None else m.number.decode(),
            None if m.previous_number is None else m.previous_number.decode(),
            m.birth_date, m.sex,
        )
        for m in messages
    ]  # fmt: skip


def standing(messages: Sequence[PersonFact], settlement: Settlement) -> list[PersonFact]:
    by_addressee: dict[Addressee, list[PersonFact]] = {}
    for message in messages:
        by_addressee.setdefault(message.addressee, []).append(message)
    return [row for each in by_addressee.values() for row in live_rows(each, settlement.held)]


def check_settlement(messages: list[PersonFact]) -> None:
    settlement = settle(messages)
    expected = model.identities(modelled(messages))
    assert expected.refused == []
    assert [messages.index(conflict.held) for conflict in settlement.conflicts] == expected.held
    assert {messages.index(row) for row in standing(messages, settlement)} == set(expected.standing.values())
    groups = {
        frozenset((who.insurer_number, who.addressee_number) for who in person.addressees) for person in settlement.persons
    }
    assert groups == {frozenset(group) for group in expected.groups}
    assert len(groups) == len(settlement.persons)
    rows = standing(messages, settlement)
    for person in settlement.persons:
        own = {row.number for row in rows if row.addressee in person.addressees} - {None}
        assert own <= person.numbers
        assert bool(own) == bool(person.numbers)
        assert list(person.addressees) == sorted(person.addressees)
        assert {row.source for row in person.rows} == {row.source for row in rows if row.addressee in person.addressees}
        assert [row.row for row in person.rows] == sorted({row.row for row in person.rows})
    numbers = [number for person in settlement.persons for number in person.numbers]
    assert len(numbers) == len(set(numbers))
    for conflict in settlement.conflicts:
        assert conflict.known in rows
        assert conflict.known is not conflict.held


def test_settlement_as_modelled() -> None:
    """Rules: I-1, I-3, I-4, X-6, X-34, S-22."""
    for seed, messages in strategies.seeded(strategies.identity_streams, 10_000):
        try:
            check_settlement(messages)
        except Exception as error:
            raise AssertionError(seed, [tuple(m)[2:] for m in modelled(messages)], modelled(messages)) from error


@strategies.some
@given(strategies.drawn(strategies.identity_streams))
def test_settlement_shrinking(messages: list[PersonFact]) -> None:
    """Rules: I-1, I-3, I-4, X-6, X-34."""
    check_settlement(messages)


def test_streams_are_of_every_kind() -> None:
    """The generator: records are held in many streams, several at once in some, and many persons are in two places."""
    held, joined = [], 0
    for number in range(500):
        result = model.identities(modelled(strategies.identity_streams(Random(f"identity_streams/{number}"))))
        held.append(len(result.held))
        joined += any(len(group) > 1 for group in result.groups)
    assert 0.3 < sum(each == 0 for each in held) / 500 < 0.7
    assert sum(each > 1 for each in held) > 50
    assert joined > 100


def interleaved(rng: Random, messages: Sequence[PersonFact]) -> list[PersonFact]:
    """Another order, in which the messages of one row keep theirs (P-7)."""
    rows: dict[Any, list[PersonFact]] = {}
    for message in messages:
        rows.setdefault(message.row, []).append(message)
    order = [row for row, each in rows.items() for _ in each]
    rng.shuffle(order)
    return [rows[row].pop(0) for row in order]


@strategies.some
@given(strategies.drawn(strategies.agreeing_streams), strategies.randoms)
def test_the_order_of_messages_does_not_matter_without_conflicts(messages: list[PersonFact], rng: Random) -> None:
    """Rules: X-7."""
    settlement = settle(messages)
    assert settlement.conflicts == ()
    assert settle(interleaved(rng, messages)) == settlement


@strategies.some
@given(strategies.drawn(strategies.identity_streams))
def test_nothing_is_held_that_would_take_effect(messages: list[PersonFact]) -> None:
    """Rules: X-6: what is held was conflicting, and each row has at most one waiting version."""
    settlement = settle(messages)
    waiting = [conflict.held.row for conflict in settlement.conflicts]
    assert len(waiting) == len(set(waiting))
    assert settlement.held >= {conflict.held.source for conflict in settlement.conflicts}
    assert not {conflict.held.update_kind for conflict in settlement.conflicts} & {"3"}


# --- by hand: the cause, and the record that is told as the known side ---


def m(insurer: str, name: str, history: int, number: str | None, line: int, **more: Any) -> PersonFact:
    fields: dict[str, Any] = {"birth_date": BORN, "sex": "1", **more}
    return fact(insurer, name, history, number=number, line=line, **fields)


CAUSES = [
    ("birth date (I-1)", [m(A, "1", 1, "N1", 2), m(B, "5", 1, "N1", 3, birth_date=OTHER_BORN)], 1, 0, "BIRTH_OR_SEX"),
    ("sex (I-1)", [m(A, "1", 1, "N1", 2), m(B, "5", 1, "N1", 3, sex="2")], 1, 0, "BIRTH_OR_SEX"),
    ("second addressee", [m(A, "1", 1, "N1", 2), m(A, "2", 1, "N1", 3)], 1, 0, "SECOND_ADDRESSEE"),
    ("second number", [m(A, "1", 1, "N1", 2), m(A, "1", 2, "N2", 3)], 1, 0, "SECOND_NUMBER"),
    ("the only record (X-34)", [m(A, "1", 1, "N1", 2), m(A, "1", 1, "N2", 3, kind="2")], 1, 0, "SECOND_NUMBER"),
    ("known is the newest row of the other",
     [m(A, "1", 2, "N1", 2), m(A, "1", 1, "N1", 3, birth_date=OTHER_BORN), m(B, "5", 1, "N1", 4, birth_date=OTHER_BORN)],
     2, 0, "BIRTH_OR_SEX"),
    ("known by any row, told by the newest",
     [m(A, "1", 1, "N1", 2), m(A, "1", 2, None, 3), m(A, "2", 1, "N1", 4)], 2, 1, "SECOND_ADDRESSEE"),
    ("one whom somebody has looked at, and one beyond him (X-25)",
     [m(B, "5", 1, "N1", 2, sex="2", verdict=IdentityVerdict.SAME), m(A, "1", 1, "N1", 3), m(D, "8", 1, "N1", 4, sex="2")],
     2, 1, "BIRTH_OR_SEX"),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "held", "known", "cause"), [c[1:] for c in CAUSES], ids=[c[0] for c in CAUSES])
def test_what_is_held_and_why(messages: list[PersonFact], held: int, known: int, cause: str) -> None:
    """Rules: I-1, X-6, X-34."""
    (conflict,) = settle(messages).conflicts
    assert (conflict.held, conflict.known) == (messages[held], messages[known])
    assert conflict.cause is ConflictCause[cause]
    assert settle(messages).held == {messages[held].source}


def test_what_would_overlap_an_older_version_waits_for_the_newer_one() -> None:
    """Rules: P-3, X-6: the correction that ends the first period is held, so the period after it would overlap."""
    end = {"end": "2021-01-01", "end_reason": "51", "kind": "2"}
    messages = [
        m(B, "5", 1, "N1", 2, start="2019-01-01", end="2020-01-01", end_reason="57"),
        m(A, "1", 1, "N1", 3, start="2020-01-01", reason="07"),
        m(A, "1", 1, "N1", 4, start="2020-01-01", reason="07", sex="2", **end),
        m(A, "1", 2, "N1", 5, start="2021-02-01"),
        m(A, "2", 1, None, 6, start="2015-01-01"),  # another one's periods are nothing to it
    ]
    by_sex, by_days = settle(messages).conflicts
    assert (by_sex.held, by_sex.known, by_sex.cause) == (messages[2], messages[0], ConflictCause.BIRTH_OR_SEX)
    assert (by_days.held, by_days.known, by_days.cause) == (messages[3], messages[1], ConflictCause.OVERLAP)
    mended = [*messages, m(A, "1", 1, "N1", 7, start="2020-01-01", reason="07", **end)]
    assert settle(mended).conflicts == ()
    assert set(standing(mended, settle(mended))) == {mended[0], *mended[3:]}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([m(A, "1", 1, "N1", 2)], True),
        ([m(A, "1", 1, None, 2)], True),
        ([m(A, "1", 1, "N2", 2, previous="N1")], False),
        ([m(A, "1", 1, "N1", 2, kind="3")], False),
        ([m(A, "1", 1, "N1", 2), m(A, "1", 1, "N1", 3, kind="2")], False),
    ],
)
def test_of_whom_there_is_nothing_to_settle(messages: list[PersonFact], expected: bool) -> None:
    """Rules: I-1, I-4."""
    assert is_alone(messages) is expected


def test_a_version_replaced_while_it_waited_never_takes_effect() -> None:
    """Rules: X-6: the old version stands on, or none where there was none."""
    first = [m(A, "1", 1, "N1", 2), m(B, "5", 1, "N1", 3)]
    twice = [m(B, "5", 1, "N1", line, kind="2", sex="2") for line in (4, 5)]
    messages = [*first, *twice]
    assert set(map(messages.index, standing(messages, settle(messages)))) == {0, 1}
    messages = [first[0], m(B, "5", 1, "N1", 3, sex="2"), twice[0]]
    assert standing(messages, settle(messages)) == [messages[0]]


def test_two_corrections_that_block_only_each_other_take_effect_together() -> None:
    """Rules: X-6."""
    messages = [
        m(A, "1", 1, "N1", 2),
        m(B, "5", 1, "N1", 3),
        m(A, "1", 1, "N1", 4, kind="2", birth_date=OTHER_BORN),
    ]
    assert settle(messages).held == {messages[2].source}
    both = [*messages, m(B, "5", 1, "N1", 5, kind="2", birth_date=OTHER_BORN)]
    assert settle(both).held == frozenset()
    three = [*messages[:2], m(D, "8", 1, "N1", 1), *both[2:]]
    assert len(settle(three).held) == 2
    third = [*three, m(D, "8", 1, "N1", 6, kind="2", birth_date=OTHER_BORN)]
    assert settle(third).held == frozenset()


def test_a_number_that_is_taken_out_is_known_no_more() -> None:
    """Rules: I-3, I-4: also where there is only one addressee."""
    alone = [m(A, "1", 1, "N1", 2), m(A, "1", 1, None, 3, kind="2")]
    assert settle(alone).persons == (SettledPerson((addressee(A, "1"),), frozenset()),)
    with_other = [*alone, m(B, "5", 1, None, 4)]
    assert settle(with_other).persons[0] == settle(alone).persons[0]


def test_nobody_is_left_when_all_is_cancelled() -> None:
    """Rules: P-7."""
    assert settle([m(A, "1", 1, "N1", 2), m(A, "1", 1, "N1", 3, kind="3")]) == Settlement((), ())


def test_numbers_of_a_person_grow_by_accepted_changes() -> None:
    """Rules: I-4, S-22."""
    messages = [m(A, "1", 1, "N1", 2), m(A, "1", 2, "N2", 3, previous="N1"), m(B, "5", 1, "N3", 4, previous="N2")]
    (person,) = settle(messages).persons
    assert person.numbers == {index_of("N1"), index_of("N2"), index_of("N3")}
    assert person.addressees == (addressee(A, "1"), addressee(B, "5"))


def test_a_link_goes_with_its_row_and_not_before() -> None:
    """Rules: I-4: a corrected row keeps what it linked; a cancelled one takes it along."""
    linked = [
        m(A, "1", 1, "N2", 2, previous="N1"), m(A, "1", 2, "N2", 3), m(B, "5", 1, "N1", 4), m(D, "8", 1, "N2", 5),
    ]  # fmt: skip
    assert len(settle(linked).persons) == 1
    assert len(settle([*linked, m(A, "1", 1, "N2", 6, kind="2")]).persons) == 1
    apart = settle([*linked, m(A, "1", 1, "N2", 6, kind="3")]).persons
    assert [each.addressees for each in apart] == [(addressee(A, "1"), addressee(D, "8")), (addressee(B, "5"),)]
    assert [each.numbers for each in apart] == [{index_of("N2")}, {index_of("N1")}]


def test_links_reach_over_several_changes() -> None:
    """Rules: I-1, I-4: whoever comes under the first number is compared with the person of the third."""
    messages = [
        m(A, "1", 1, "N3", 2, previous="N2"), m(A, "1", 2, "N2", 3, previous="N1"), m(A, "1", 2, "N3", 4, kind="2"),
        m(D, "8", 1, "N1", 5, sex="2"),
    ]  # fmt: skip
    assert settle(messages).held == {messages[3].source}


def test_one_with_two_numbers_joins_both_sides() -> None:
    """Rules: I-1: left with two numbers by a cancelled link, he is one person with those under either."""
    messages = [
        m(A, "1", 1, "N1", 2), m(B, "5", 1, "N2", 3), m(D, "8", 1, "N1", 4), m(D, "8", 2, "N2", 5, previous="N1"),
        m(D, "8", 3, "N2", 6), m(D, "8", 2, "N2", 7, kind="3"),
    ]  # fmt: skip
    (everybody,) = settle(messages).persons
    assert everybody.numbers == {index_of("N1"), index_of("N2")}
    assert len(everybody.addressees) == 3


def test_one_alone_has_his_rows_too() -> None:
    """Rules: Q-3: also where nothing can conflict."""
    alone = [m(A, "1", 1, "N1", 2), m(A, "1", 2, None, 3)]
    assert settle(alone).persons == (SettledPerson((addressee(A, "1"),), frozenset({index_of("N1")}), tuple(alone)),)
    assert settle(alone).persons[0].rows == tuple(alone)


def test_persons_are_in_the_order_of_their_lowest_addressee() -> None:
    """Rules: X-7: so that what is issued does not depend on arrival."""
    messages = [m(D, "8", 1, "N1", 2), m(B, "5", 1, "N2", 3), m(A, "1", 1, "N1", 4)]
    assert [each.addressees[0] for each in settle(messages).persons] == [addressee(A, "1"), addressee(B, "5")]


# --- what a person decided about a held record ---


def test_the_same_person_takes_effect_as_it_is() -> None:
    """Rules: X-25."""
    messages = [m(A, "1", 1, "N1", 2), m(B, "5", 1, "N1", 3, sex="2", verdict=IdentityVerdict.SAME)]
    settlement = settle(messages)
    assert (settlement.conflicts, settlement.held) == ((), frozenset())
    (both,) = settlement.persons
    assert both.addressees == (addressee(A, "1"), addressee(B, "5"))
    assert both.rows == tuple(messages)


def test_different_persons_take_effect_without_the_number() -> None:
    """Rules: X-25, I-3: the number and its link stay with whom they were."""
    verdict = IdentityVerdict.DIFFERENT
    other = m(B, "5", 1, "N1", 3, sex="2", previous="N2", verdict=verdict)
    settlement = settle([m(A, "1", 1, "N1", 2), other, m(D, "8", 1, "N2", 4)])
    assert (settlement.conflicts, settlement.held) == ((), frozenset())
    assert [each.addressees for each in settlement.persons] == [(addressee(A, "1"),), (addressee(B, "5"),), (addressee(D, "8"),)]
    assert [each.numbers for each in settlement.persons] == [{index_of("N1")}, frozenset(), {index_of("N2")}]
    assert settlement.persons[1].rows == (evolve(other, number=None, previous_number=None),)


# --- IDs ---


def test_forms_of_ids() -> None:
    """Rules: Q-2; examples with their Luhn digits worked out by hand."""
    assert prefectural_id("13", 1) == "P130000000013"
    assert municipal_id("139014", 23) == "M1390140000000232"
    assert prefectural_id("13", 999_999_999)[:-1] == "P13999999999"


def test_provisional_means_without_numbers() -> None:
    """Rules: I-3."""
    assert issued(1).is_provisional
    assert not issued(1, "N1").is_provisional


def issued(serial: int, *numbers: str) -> IssuedId:
    return IssuedId(serial, PrefecturalInsuredId(f"P{serial}"), frozenset(NumberIndex(n.encode()) for n in numbers))


def person(*names: str, numbers: str = "") -> SettledPerson:
    return SettledPerson(
        tuple(addressee(A, name) for name in names), frozenset(NumberIndex(n.encode()) for n in numbers.split())
    )


def assigned(
    persons: Sequence[SettledPerson], of_addressees: dict[str, IssuedId], under_numbers: Sequence[IssuedId] = ()
) -> list[int]:
    serials = iter(range(100, 200))
    found = assign_ids(
        persons, {addressee(A, name): each for name, each in of_addressees.items()}, under_numbers, lambda: issued(next(serials))
    )
    return [found[each].serial for each in persons]


IDS = [
    ("nobody known: new", [person("1"), person("2")], {}, [], [100, 101]),
    ("known by his addressee", [person("1")], {"1": issued(7)}, [], [7]),
    ("known by his number from elsewhere", [person("1", numbers="N1")], {}, [issued(9, "N1")], [9]),
    ("a number goes before a provisional one issued first (X-33)",
     [person("1", "2", numbers="N1")], {"1": issued(3), "2": issued(8, "N1")}, [issued(8, "N1")], [8]),
    ("a number goes before, also by addressee alone (X-33)",
     [person("1", "2", numbers="N5")], {"1": issued(3), "2": issued(8, "N1")}, [], [8]),
    ("two under numbers: issued first (X-33)",
     [person("1", "2", numbers="N1 N2")], {"1": issued(8, "N1"), "2": issued(4, "N2")},
     [issued(8, "N1"), issued(4, "N2")], [4]),
    ("two provisional: issued first (X-33)", [person("1", "2")], {"1": issued(8), "2": issued(4)}, [], [4]),
    ("split: who keeps the number keeps the ID (X-33)",
     [person("1", numbers="N9"), person("2", numbers="N1")], {"1": issued(4, "N1"), "2": issued(4, "N1")},
     [issued(4, "N1")], [100, 4]),
    ("split without numbers: one keeps it", [person("1"), person("2")], {"1": issued(4), "2": issued(4)}, [], [4, 100]),
    ("an ID merged away is given to nobody else",
     [person("1", numbers="N1 N2"), person("2")], {"1": issued(4, "N1"), "2": issued(8, "N2")},
     [issued(4, "N1"), issued(8, "N2")], [4, 100]),
]  # fmt: skip


@pytest.mark.parametrize(("persons", "known", "under", "serials"), [c[1:] for c in IDS], ids=[c[0] for c in IDS])
def test_which_id_a_person_gets(
    persons: list[SettledPerson], known: dict[str, IssuedId], under: list[IssuedId], serials: list[int]
) -> None:
    """Rules: I-3, I-4, X-33."""
    assert assigned(persons, known, under) == serials


@st.composite
def id_worlds(draw: st.DrawFn) -> tuple[list[SettledPerson], dict[str, IssuedId], list[IssuedId]]:
    """A settled group whose addressees and numbers were known otherwise before."""
    names = [str(n) for n in range(draw(st.integers(1, 6)))]
    side = {name: draw(st.integers(0, 3)) for name in names}
    numbers = {f"N{n}": draw(st.integers(0, 4)) for n in range(5)}
    persons = [
        person(*(n for n in names if side[n] == each), numbers=" ".join(n for n, owner in numbers.items() if owner == each))
        for each in sorted(set(side.values()))
    ]
    owner = {number: draw(st.integers(1, 4)) for number in numbers if draw(st.booleans())}
    ids = {
        serial: issued(serial, *(n for n, each in owner.items() if each == serial)) for serial in range(1, 5)
    }
    known = {name: ids[draw(st.integers(1, 4))] for name in names if draw(st.booleans())}
    under = [each for each in ids.values() if each.numbers]
    return persons, known, under


@strategies.some
@given(id_worlds())
def test_ids_are_injective_and_follow_the_numbers(
    world: tuple[list[SettledPerson], dict[str, IssuedId], list[IssuedId]],
) -> None:
    """Rules: Q-2, I-3, I-4, X-33."""
    persons, known, under = world
    serials = assigned(persons, known, under)
    assert len(set(serials)) == len(serials)
    taken: set[int] = set()
    for each, serial in zip(persons, serials, strict=True):
        candidates = {issued_id.serial for issued_id in under if issued_id.numbers & each.numbers} - taken
        if candidates:
            assert serial == min(candidates)
            taken |= candidates


def test_ids_do_not_depend_on_the_order_of_addressees() -> None:
    """Rules: X-33."""
    for names in permutations(("1", "2", "3")):
        assert assigned([person(*names)], {"1": issued(5), "2": issued(2), "3": issued(9)}) == [2]


# --- who must be judged together ---


def check_groups(messages: list[PersonFact]) -> None:
    facts: dict[Addressee, list[PersonFact]] = {}
    for message in messages:
        facts.setdefault(message.addressee, []).append(message)
    facts[addressee(D, "nobody")] = []
    numbers = {
        who: {n for each in sent for n in (each.number, each.previous_number) if n is not None} for who, sent in facts.items()
    }
    groups = [{who} for who, sent in facts.items() if sent]
    joined = True
    while joined:
        joined = False
        for one, other in permutations(range(len(groups)), 2):
            if {n for who in groups[one] for n in numbers[who]} & {n for who in groups[other] for n in numbers[who]}:
                groups[one] |= groups.pop(other)
                joined = True
                break
    found = group_connected(facts)
    assert [{each.addressee for each in group} for group in found] == sorted(groups, key=min)
    assert all(group == sorted(group, key=lambda each: (each.file_no, each.line)) for group in found)
    assert sorted(each.line for group in found for each in group) == sorted(each.line for each in messages)


def test_groups_that_share_a_number() -> None:
    """Rules: I-1: all messages of everybody who was ever sent under a common number, in received order."""
    for seed, messages in strategies.seeded(strategies.identity_streams, 3_000):
        try:
            check_groups(messages)
        except Exception as error:
            raise AssertionError(seed, modelled(messages)) from error


@strategies.some
@given(strategies.drawn(strategies.identity_streams))
def test_groups_are_settled_alone_as_together(messages: list[PersonFact]) -> None:
    """Rules: I-1, X-6: who shares no number cannot conflict, so each group may be settled by itself."""
    facts: dict[Addressee, list[PersonFact]] = {}
    for message in messages:
        facts.setdefault(message.addressee, []).append(message)
    alone = [settle(group) for group in group_connected(facts)]
    together = settle(messages)
    assert {person for each in alone for person in each.persons} == set(together.persons)
    assert {conflict.held for each in alone for conflict in each.conflicts} == {c.held for c in together.conflicts}
    assert frozenset().union(*(each.held for each in alone)) == together.held
