"""合成都道府県: what is generated is whole, legal and the same every time."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import define, field

from kokuho_adapters.files import LayoutBook, OpenFormatFile
from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.synthetic import generate_day, generate_prefecture
from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.high_cost_history import history as high_cost
from kokuho_core.high_cost_history.history import HIGH_COST_FACT_KEYS, HighCostFact
from kokuho_core.high_cost_history.record import HIGH_COST_KEYS, HighCostRecord
from kokuho_core.household import household as households
from kokuho_core.household.household import HOUSEHOLD_FACT_KEYS, HouseholdFact
from kokuho_core.household.record import HOUSEHOLD_KEYS, HouseholdRecord
from kokuho_core.identity.settlement import settle
from kokuho_core.insured_person import person as persons
from kokuho_core.insured_person.fact import FACT_KEYS, PersonFact
from kokuho_core.insured_person.record import PERSON_KEYS, PersonRecord
from kokuho_core.qualification.date_rules import DateRules
from kokuho_core.qualification.findings import Finding, FindingKind
from kokuho_core.qualification.judgement import judge_person
from kokuho_core.synthetic.numbers import IndividualNumbers, Shuffle
from kokuho_core.synthetic.plan import Change, PrefecturePlan
from kokuho_core.vocabulary.identifiers import Addressee, HouseholdKey
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex, individual_number_problem
from kokuho_core.vocabulary.insurers import InsurerRegister

Judge = Callable[[Any, Any], dict[int, Problem]]

PERSONS, MUNICIPALITIES, SEED = 9000, 7, 5
CHANGES_PER_DAY = 300


def digest(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        content.update(path.name.encode() + b"\0" + path.read_bytes())
    return content.hexdigest()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefecture with two further days."""
    made = tmp_path_factory.mktemp("prefecture")
    generate_prefecture(PERSONS, MUNICIPALITIES, SEED, made)
    for day in (1, 2):
        generate_day(PERSONS, MUNICIPALITIES, SEED, made, changes=CHANGES_PER_DAY, day=day)
    return made


@define
class Reading:
    """Everything read back, judged file by file as it would be received."""

    register: InsurerRegister
    persons: dict[Addressee, list[PersonFact]] = field(factory=lambda: defaultdict(list))
    records: list[PersonRecord] = field(factory=list)
    households: dict[HouseholdKey, list[HouseholdFact]] = field(factory=lambda: defaultdict(list))
    months: dict[HouseholdKey, list[HighCostFact]] = field(factory=lambda: defaultdict(list))
    problems: list[tuple[str, Problem]] = field(factory=list)

    def receive(self, file_no: int, path: Path) -> None:
        incoming = OpenFormatFile.from_path(path, LayoutBook.shipped(), self.register)
        header = incoming.header()
        sent: dict[Any, list[Any]] = defaultdict(list)
        keys = {"SKKOJIN": PERSON_KEYS, "SKSETAI": HOUSEHOLD_KEYS, "KOGAKU": HIGH_COST_KEYS}[header.file_id]
        for read in incoming.records(keys):
            self.problems += [(path.name, each) for each in (*read.problems, *read.warnings)]
            match header.file_id:
                case "SKKOJIN":
                    record = PersonRecord(*read.values)
                    self.records.append(record)
                    self.problems += [
                        (path.name, each) for each in DateRules().warnings(record, read.line, header.created_at)
                    ]
                    fact = person_fact(file_no, read.line, record)
                    sent[fact.addressee].append(fact)
                case "SKSETAI":
                    made = household_fact(file_no, read.line, HouseholdRecord(*read.values))
                    sent[made.key].append(made)
                case _:
                    month = high_cost_fact(file_no, read.line, HighCostRecord(*read.values))
                    sent[month.key].append(month)
        judging: dict[str, tuple[Judge, dict[Any, list[Any]]]] = {
            "SKKOJIN": (persons.judge_file, self.persons),
            "SKSETAI": (households.judge_file, self.households),
            "KOGAKU": (high_cost.judge_file, self.months),
        }
        judge, known = judging[header.file_id]
        for key, facts in sent.items():
            refused = judge(known[key], facts)
            self.problems += [(path.name, each) for each in refused.values()]
            known[key].extend(facts)

    def people(self) -> Iterator[list[PersonFact]]:
        """Messages of each person, in received order: addressees that share a number are one."""
        leader: dict[Addressee, Addressee] = {each: each for each in self.persons}
        owner: dict[NumberIndex, Addressee] = {}

        def find(each: Addressee) -> Addressee:
            while leader[each] != each:
                each = leader[each]
            return each

        for addressee, facts in self.persons.items():
            for fact in facts:
                for number in (fact.number, fact.previous_number):
                    if number is not None:
                        leader[find(addressee)] = find(owner.setdefault(number, addressee))
        groups: dict[Addressee, list[PersonFact]] = defaultdict(list)
        for addressee, facts in self.persons.items():
            groups[find(addressee)].extend(facts)
        return (sorted(group, key=lambda fact: fact.received) for group in groups.values())


def person_fact(file_no: int, line: int, record: PersonRecord) -> PersonFact:
    def index(number: IndividualNumber | None) -> NumberIndex | None:
        return None if number is None else NumberIndex(number.reveal().encode())

    values = {key: getattr(record, key) for key in _SHARED_PERSON_KEYS}
    return PersonFact(
        file_no=file_no,
        line=line,
        number=index(record.individual_number),
        previous_number=index(record.previous_individual_number),
        **values,
    )


_SHARED_PERSON_KEYS = [key for key in FACT_KEYS if key in PERSON_KEYS]
_SHARED_HOUSEHOLD_KEYS = [key for key in HOUSEHOLD_FACT_KEYS if key in HOUSEHOLD_KEYS]
_SHARED_MONTH_KEYS = [key for key in HIGH_COST_FACT_KEYS if key in HIGH_COST_KEYS]


def household_fact(file_no: int, line: int, record: HouseholdRecord) -> HouseholdFact:
    return HouseholdFact(file_no, line, **{key: getattr(record, key) for key in _SHARED_HOUSEHOLD_KEYS})


def high_cost_fact(file_no: int, line: int, record: HighCostRecord) -> HighCostFact:
    return HighCostFact(file_no, line, **{key: getattr(record, key) for key in _SHARED_MONTH_KEYS})


@pytest.fixture(scope="session")
def reading(folder: Path) -> Reading:
    read = Reading(InsurerRegister(read_insurers(folder / "insurers.csv", "13")))
    names = [path for path in folder.iterdir() if path.name != "insurers.csv"]
    for file_no, path in enumerate(sorted(names, key=lambda path: (path.name[-8:], path.name)), 1):
        read.receive(file_no, path)
    return read


@pytest.fixture(scope="session")
def findings(reading: Reading) -> list[Finding]:
    return [
        finding
        for group in reading.people()
        for finding in judge_person(
            [
                row
                for addressee in {fact.addressee for fact in group}
                for row in persons.live_rows(reading.persons[addressee])
            ],
            reading.register,
            date(2024, 6, 30),
        ).findings
    ]


def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    generate_prefecture(PERSONS, MUNICIPALITIES, SEED, tmp_path)
    for day in (1, 2):
        generate_day(PERSONS, MUNICIPALITIES, SEED, tmp_path, changes=CHANGES_PER_DAY, day=day)
    assert digest(tmp_path) == digest(folder)


def test_another_seed_gives_other_files(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate_prefecture(30, 2, seed, tmp_path / str(seed))
    assert digest(tmp_path / "1") != digest(tmp_path / "2")


def test_nothing_is_refused_and_nothing_warned_of(reading: Reading) -> None:
    assert reading.problems == []


def test_no_record_is_held_for_identity(reading: Reading) -> None:
    conflicts = [conflict for group in reading.people() for conflict in settle(group).conflicts]
    assert conflicts == []


def test_no_number_repeats(reading: Reading) -> None:
    """One number, one birth date and sex; and in one municipality one addressee."""
    people: dict[bytes, set[tuple[date, str]]] = defaultdict(set)
    addressees: dict[tuple[bytes, str], set[str]] = defaultdict(set)
    for facts in reading.persons.values():
        for fact in facts:
            if fact.number is not None:
                people[fact.number].add((fact.birth_date, fact.sex))
                addressees[fact.number, fact.insurer_number].add(fact.addressee_number)
    assert {len(each) for each in people.values()} == {1}
    assert {len(each) for each in addressees.values()} == {1}


def test_as_many_are_insured_in_the_initial_load_as_asked_for(folder: Path) -> None:
    insured = set()
    for path in folder.glob("SKKOJIN_*_0001.csv"):
        for line in path.read_text("utf-8").splitlines()[1:-1]:
            cells = line.split(",")
            if cells[26] == "1" and cells[22][0] == "1":  # 被保険者 of a household at home here
                insured.add((cells[1], cells[2]))
    assert len(insured) == PERSONS


def test_every_kind_of_change_comes_up_in_the_change_files() -> None:
    plan = PrefecturePlan.drawn(PERSONS, MUNICIPALITIES, SEED, "13", date(2024, 4, 1))
    told = {plan.change_at(position) for position in range(plan.told_per_sequence * 2)}
    assert told == set(Change)


def test_what_the_files_must_hold_is_there(reading: Reading) -> None:
    records = reading.records
    reasons = Counter(each.application_end_reason for each in records) + Counter(
        each.application_start_reason for each in records
    )
    assert {"01", "02", "03", "07", "08", "51", "52", "53", "56", "57", "58"} <= reasons.keys()
    assert {"1", "2", "3"} == {each.update_kind for each in records}
    assert {"0", "1", "3"} == {each.special_case for each in records}
    assert {"1", "2"} == {each.insured_kind for each in records}
    assert any(each.address_withheld == "1" and each.application_start_reason == "07" for each in records)
    assert any(each.previous_individual_number is not None for each in records)
    assert any(each.individual_number is None for each in records)
    assert any(each.alias for each in records)
    assert {"1", "2", "3"} == {fact.update_kind for facts in reading.months.values() for fact in facts}
    came = [
        facts
        for facts in reading.persons.values()
        if facts[0].number is None and any(fact.number is not None for fact in facts)
    ]
    assert came


def test_history_numbers_count_up_without_a_break(reading: Reading) -> None:
    histories: list[list[Any]] = [*reading.persons.values(), *reading.households.values()]
    for facts in histories:
        new = [fact.history_number for fact in facts if fact.update_kind == "1"]
        assert new == list(range(1, len(new) + 1))


def test_most_moves_are_clean_and_every_conflict_comes_up(reading: Reading, findings: list[Finding]) -> None:
    moved = 0
    for facts in reading.persons.values():
        last = facts[-1]
        if last.application_start is not None and last.application_start > date(2023, 1, 1):
            moved += last.application_start_reason == "07"
    kinds = Counter(finding.kind for finding in findings)
    assert {FindingKind.GAP, FindingKind.OVERLAP, FindingKind.ONE_SIDED} <= kinds.keys()
    assert 0.01 < len(findings) / moved < 0.08


def test_people_are_elderly_and_households_small(reading: Reading) -> None:
    base = date(2024, 4, 1)
    births = {
        addressee: facts[0].birth_date for addressee, facts in reading.persons.items() if facts[0].insured_kind == "1"
    }
    ages = [(base - born).days / 365.25 for born in births.values()]
    assert max(ages) < 75.1
    assert 0.5 < sum(age >= 60 for age in ages) / len(ages) < 0.7
    assert 1.3 < len(births) / len(reading.households) < 1.7


def test_every_head_is_somebody_who_was_sent(reading: Reading) -> None:
    heads = {
        Addressee(fact.insurer_number, fact.head_addressee_number)
        for facts in reading.households.values()
        for fact in facts
    }
    assert heads <= reading.persons.keys()


def test_every_household_named_was_sent(reading: Reading) -> None:
    named = {HouseholdKey(f.insurer_number, f.household_number) for facts in reading.persons.values() for f in facts}
    assert named == reading.households.keys()
    assert reading.months.keys() <= reading.households.keys()


@pytest.mark.parametrize("persons", [1, 2, 7, 61, 200])
def test_small_prefectures_are_whole(persons: int, tmp_path: Path) -> None:
    made = generate_prefecture(persons, 1, 3, tmp_path)
    read = Reading(InsurerRegister(read_insurers(tmp_path / "insurers.csv")))
    for file_no, name in enumerate(made.names, 1):
        read.receive(file_no, tmp_path / name)
    assert read.problems == []


def test_the_days_run_out(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue) as caught:
        generate_day(300, 2, 1, tmp_path, changes=50, day=3)
    assert caught.value.code == "KKH-C010"


@pytest.mark.parametrize(
    ("persons", "municipalities", "seed", "prefecture"),
    [(0, 1, 1, "13"), (5, 6, 1, "13"), (9, 0, 1, "13"), (5000, 1001, 1, "13"), (9, 1, -1, "13"), (9, 1, 1, "48")],
)
def test_arguments_that_make_no_prefecture(
    persons: int, municipalities: int, seed: int, prefecture: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue) as caught:
        generate_prefecture(persons, municipalities, seed, tmp_path, prefecture)
    assert caught.value.code == "KKH-C010"


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    generate_prefecture(
        10_500, 2, 1, tmp_path, progress=lambda step, done, total=None: told.append((step, done, total))
    )
    assert told == [("generate", 10_000, 10_500)]


def test_a_shuffle_meets_everything_once_and_leads_back() -> None:
    for size in (1, 2, 10, 97, 1000):
        shuffle = Shuffle.drawn(size, Random(size))
        assert sorted(shuffle.at(each) for each in range(size)) == list(range(size))
        assert all(shuffle.inverse().at(shuffle.at(each)) == each for each in range(size))


def test_no_number_is_all_zeros() -> None:
    numbers = IndividualNumbers(Shuffle(10**11, 1, 0))
    assert individual_number_problem(numbers.of(0)) is None
