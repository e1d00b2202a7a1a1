"""The two offices of the demonstration: what they are told, what goes out, and what both see in the end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from attrs import evolve

from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.sample.offices import PlayedOffices, play_offices
from kokuho_core.municipal_office.returned import Contradiction
from kokuho_core.vocabulary.identifiers import AddresseeNumber

from ..prefecture.office import INSURERS


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> PlayedOffices:
    return play_offices(tmp_path_factory.mktemp("demo") / "offices", "13", INSURERS)


def test_both_know_the_family_by_the_same_dates(played: PlayedOffices) -> None:
    """Rules: Q-1, Q-4, Q-5, Q-6, D-2, D-8."""
    assert played.agree
    assert [each.file_id for each in played.received] == ["SKSETAI", "SKKOJIN", "KOGAKU", "SKSETAI", "SKKOJIN", "KEISHIJI"]
    left, entered = played.views
    for view, carried_from in ((left, None), (entered, left.insurer_number)):
        rows = [row for person in view.persons for row in person.qualifications]
        assert [(row.qualification_acquired, row.carried_from) for row in rows] == [(date(2024, 4, 1), carried_from)] * 2


def test_the_months_are_carried_over(played: PlayedOffices) -> None:
    """Rules: H-6, X-20."""
    left, entered = played.views
    [carry_over] = entered.carry_overs
    assert (carry_over.told, carry_over.came, carry_over.is_confirmed) == (3, 3, True)
    assert left.carry_overs == () and "KEIKAKU" in {each.file_id for each in left.applied}


def test_whatever_is_amiss_is_no_agreement(played: PlayedOffices) -> None:
    """Rules: Q-6."""
    left, entered = played.views
    other = Contradiction("KKH-M017", AddresseeNumber("1"), "application_end", date(2024, 4, 1), None, date(2025, 5, 9))
    amiss = evolve(left, lists=evolve(left.lists, contradictions=(other,)))
    assert not evolve(played, views=(amiss, entered)).agree
    one, two = entered.persons
    assert one.dates is not None
    later = evolve(one, dates=evolve(one.dates, qualification_acquired=date(2025, 5, 10)))
    assert not evolve(played, views=(left, evolve(entered, persons=(later, two)))).agree
    first = evolve(played.received[0], warnings=[object()])
    assert not evolve(played, received=(first, *played.received[1:])).agree


def test_there_is_nothing_but_files_between_them(played: PlayedOffices, tmp_path: Path) -> None:
    """Rules: S-6. The shipped insurers do as well; what goes out and what comes back lies in folders of each office."""
    from kokuho_adapters import sample

    insurers = read_insurers(Path(sample.__file__).parent / "insurers.csv", "13")
    assert play_offices(tmp_path / "offices", "13", insurers).agree
    folders = {path.relative_to(tmp_path / "offices").parts[:2] for path in (tmp_path / "offices").rglob("*.csv")}
    two = [each.insurer_number for each in insurers[:2]]
    assert folders == {(name, each) for name in ("outbox", "returned") for each in two}
