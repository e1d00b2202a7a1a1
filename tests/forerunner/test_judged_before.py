"""What was judged before its turn, when some of it was judged with others meanwhile (S-26)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.cli.incoming import csv_files
from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers
from kokuho_adapters.synthetic import generate_day, generate_prefecture
from kokuho_core.usecases.assigning import Judged, judged_around
from kokuho_core.usecases.receive import receive
from kokuho_core.usecases.resolve import resolve
from kokuho_core.vocabulary.identifiers import Addressee

from ..crash.commands import configuration

PREFECTURE = "13"
AS_OF = date(2024, 6, 30)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Many who moved, of whom some are known already and some are not."""
    folder = tmp_path_factory.mktemp("office")
    files, day = folder / "files", folder / "day"
    generate_prefecture(1500, 4, 3, files, PREFECTURE)
    generate_day(1500, 4, 3, day, PREFECTURE, changes=40)
    initialise(configuration(folder), PREFECTURE, read_insurers(files / INSURERS_FILE, PREFECTURE))
    (day / INSURERS_FILE).write_bytes((files / INSURERS_FILE).read_bytes())
    with open_installation(configuration(folder)) as installation:
        for incoming in installation.all_incoming(csv_files(files)):
            receive(installation.office, incoming)
        resolve(installation.office, AS_OF)
        for incoming in installation.all_incoming(csv_files(day)):
            receive(installation.office, incoming)
        yield installation


def everybody_in(opened: Installation) -> list[Addressee]:
    with opened.database.begin() as work:  # left without a commit: they go on waiting
        return work.persons.take_pending(10_000)


def judged(opened: Installation, waiting: list[Addressee]) -> Judged:
    with opened.database.begin(read_only=True) as work:
        return judged_around(opened.office, work, waiting, work.register(), AS_OF)


class TestWithout:
    @given(data=st.data())
    def test_it_is_what_judging_the_rest_gives(self, data: st.DataObject, opened: Installation) -> None:
        """Rules: S-26, I-1. Who was judged in an earlier batch went with everybody connected to him."""
        waiting = everybody_in(opened)
        assert len(waiting) > 50
        split = data.draw(st.integers(1, len(waiting) - 1))
        shuffled = data.draw(st.permutations(waiting))
        first, second = sorted(shuffled[:split]), sorted(shuffled[split:])
        met = judged(opened, first).everybody
        rest = [each for each in second if each not in met]
        whole = judged(opened, second)
        assert whole.without(rest) == judged(opened, rest)
        assert whole.without(second) is whole

    def test_some_are_connected_and_some_known(self, opened: Installation) -> None:
        """Rules: S-26. Otherwise the property above would say little."""
        waiting = everybody_in(opened)
        early, late = judged(opened, waiting[::2]), judged(opened, waiting[1::2])
        assert early.everybody.intersection(late.waiting)
        assert late.known and late.under_number
