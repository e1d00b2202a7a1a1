"""One generator behind ``kokuho generate`` and the conformance run: its choices may come from a seed or from Hypothesis."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.synthetic import generate_prefecture
from kokuho_adapters.synthetic.generation import write_files
from kokuho_core.conformance.choices import SeededChoices
from kokuho_core.conformance.in_prefecture import tell_stories
from kokuho_core.conformance.strategies import households
from kokuho_core.errors import InvalidValue
from kokuho_core.insured_person import person as persons
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.qualification.judgement import judge_person
from kokuho_core.synthetic.plan import CHANGE_SEQUENCES, INITIAL_LOAD, Change, Past, PrefecturePlan
from kokuho_core.synthetic.rows import PERSON, Message
from kokuho_core.vocabulary.insurers import InsurerRegister

from .test_prefecture import Reading

PLAN = PrefecturePlan.drawn(4000, 2, 5, "13", date(2024, 4, 1))
TOLD = range(PLAN.told_per_sequence * len(CHANGE_SEQUENCES))
STORIES = 90


def _positions() -> dict[str, int]:
    """One household for each kind of change and of past. A merger needs its partner's own records, which are not told here."""
    found: dict[str, int] = {}
    for position in TOLD:
        found.setdefault(PLAN.change_at(position).name, position)
    assert found.keys() == set(Change.__members__)
    del found[Change.MERGER.name]
    return found | {past.name: next(n for n in range(PLAN.households) if PLAN.past_at(n) is past) for past in Past}


@pytest.mark.parametrize("position", [pytest.param(place, id=name) for name, place in _positions().items()])
def test_every_life_that_can_be_drawn_is_legal(position: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rules: P-2, P-3, X-4, S-17. Whatever is chosen, at the edge of every distribution: nothing is refused or warned of."""

    @settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
    @given(households(PLAN, position))
    def receive(told: list[Message]) -> None:
        folder = tmp_path_factory.mktemp("household")
        made = write_files(folder, PLAN, (INITIAL_LOAD, *CHANGE_SEQUENCES), [told])
        read = Reading(InsurerRegister(PLAN.insurers))
        for number, name in enumerate(made.names, 1):
            read.receive(number, folder / name)
        assert read.problems == []

    receive()


def test_a_share_and_a_number_below_come_from_one_source() -> None:
    one, other = SeededChoices("7"), SeededChoices("8").begun("7")
    assert [one.below(10) for _ in range(20)] == [int(other.share() * 10) for _ in range(20)]


# --- life stories among the households ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("with-stories")
    generate_prefecture(120, 5, 3, made, stories=STORIES)
    return made


def _is_of_a_story(line: str) -> bool:
    return line.startswith("2,") and len(line.split(",")[2]) == len("800000001")


def test_the_prefecture_itself_stays_what_it_is_without_them(folder: Path, tmp_path: Path) -> None:
    plain = generate_prefecture(120, 5, 3, tmp_path)
    assert (folder / "insurers.csv").read_bytes() == (tmp_path / "insurers.csv").read_bytes()
    among = 0
    for name in plain.names:
        with_stories = (folder / name).read_text("utf-8").splitlines()
        own = [each for each in with_stories if not _is_of_a_story(each)]
        among += len(with_stories) - len(own)
        assert own[:-1] == (tmp_path / name).read_text("utf-8").splitlines()[:-1]
        assert with_stories[-1] == f"9,{len(with_stories) - 2}"
    assert among == sum(map(len, tell_stories(PrefecturePlan.drawn(120, 5, 3, "13", date(2024, 4, 1)), STORIES)))


def test_they_bring_what_a_clean_prefecture_lacks(folder: Path) -> None:
    """Rules: P-3, P-4, P-6, P-7, X-4. Records that are refused, and every kind of finding of periods; nothing of wrong form."""
    read = Reading(InsurerRegister(read_insurers(folder / "insurers.csv", "13")))
    names = [path for path in folder.iterdir() if path.name != "insurers.csv"]
    for file_no, path in enumerate(sorted(names, key=lambda path: (path.name[-8:], path.name)), 1):
        read.receive(file_no, path)
    codes = Counter(problem.code for _, problem in read.problems)
    refused = {"KKH-P003", "KKH-P007", "KKH-R001"}
    assert refused <= codes.keys() <= refused | {"KKH-D001"}, codes
    kinds: Counter[FindingKind] = Counter()
    for group in read.people():
        rows = [
            row
            for addressee in {fact.addressee for fact in group}
            for row in persons.live_rows(read.persons[addressee])
        ]
        kinds.update(each.kind for each in judge_person(rows, read.register, date(2024, 6, 30)).findings)
    assert set(FindingKind) - {FindingKind.IDENTITY} <= kinds.keys()


def test_numbers_of_stories_are_nobody_elses(folder: Path) -> None:
    """Rules: I-1."""
    own: set[str] = set()
    in_stories: set[str] = set()
    for path in folder.glob(f"{PERSON}_*.csv"):
        for line in path.read_text("utf-8").splitlines()[1:-1]:
            (in_stories if _is_of_a_story(line) else own).add(line.split(",")[5])
    assert len(in_stories) > STORIES and not own & in_stories - {""}


def test_too_few_municipalities_for_a_story(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue) as caught:
        generate_prefecture(30, 2, 1, tmp_path / "none", stories=1)
    assert caught.value.problems[0].field == "stories"
    assert not (tmp_path / "none").exists()
