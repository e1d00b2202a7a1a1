"""Rotation (S-10): online, nothing lost, nothing left under an old key, from any point on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.security import KeyCustody
from kokuho_adapters.security.key_custody import overview
from kokuho_adapters.security.key_rotation import (
    Rotated,
    RotatedKeys,
    rotate_data_keys,
    rotate_index_key,
    rotate_wrapping_keys,
)
from kokuho_core.errors import Conflict, KokuhoError, NotFound, SetupFault
from kokuho_core.ports.keys import ENCRYPTION_DUE, ENCRYPTION_LIMIT, KeyPurpose, KeyState
from kokuho_core.reception.ledger import FileResult
from kokuho_core.vocabulary.insurers import Insurer

from ..aggregation.support import dump, entered, insured
from ..prefecture.office import INSURERS, A, B, C, PrefectureOffice, insurer_number, municipality_code
from .sealed import by_number, key_ids_in, numbers

ROTATIONS: dict[str, Callable[[KeyCustody], Rotated]] = {
    "data": rotate_data_keys,
    "index": rotate_index_key,
    "master": rotate_wrapping_keys,
}


def custody_of(office: PrefectureOffice, batch: int = 7, progress: Any = None) -> KeyCustody:
    """In small batches, without waiting between them."""
    made = evolve(office.installation.custody, batch=batch, pause_seconds=0)
    return made if progress is None else evolve(made, progress=progress)


def fill(office: PrefectureOffice, persons: int = 40) -> None:
    """Persons of A, half of whom moved to B, some under a second number; one file of A waits, held."""
    office.persons(A, *[insured(A, str(n), n, str(n), end=["2024-04-01", None][n % 2]) for n in range(1, persons + 1)])
    office.persons(B, *[entered(B, f"8{n}", n, str(n), start="2024-04-01") for n in range(2, persons + 1, 2)])
    office.persons(
        C, *[entered(C, f"9{n}", 500 + n, str(n), start="2024-04-01", previous=number_text(n)) for n in range(2, 12, 4)]
    )
    office.resolve()
    late = office.write("SKKOJIN", A, [insured(A, "700", 700)], sequence=3)
    assert office.receive(late)[0].result is FileResult.HELD


def number_text(serial: int) -> str:
    from ..prefecture.office import number

    return number(serial)


def delivered(office: PrefectureOffice) -> list[Any]:
    """What every municipality is told, whatever it was told before."""
    return [
        {file_id: rows for file_id, rows in office.deliver(each, everything=True).items() if file_id != "SHOKEKKA"}
        for each in (A, B, C)
    ]


def send_the_missing_file(office: PrefectureOffice) -> None:
    """The held file is opened, applied and its number sealed."""
    answers = office.receive(office.write("SKKOJIN", A, [insured(A, "600", 600)], sequence=2))
    assert [answer.result for answer in answers] == [FileResult.APPLIED, FileResult.APPLIED]


class TestData:
    def test_nothing_is_left_under_the_old_keys_and_everything_opens(self, office: PrefectureOffice) -> None:
        """Rules: S-10."""
        fill(office)
        before = by_number(office.installation, office.database_file)
        told = delivered(office)
        old = key_ids_in(office.database_file)
        done = rotate_data_keys(custody_of(office))
        assert old <= set(done.retired)
        assert (done.kind, done.values, done.resumed) == (RotatedKeys.DATA, len(before["number_vault"]) + 1, False)
        assert key_ids_in(office.database_file) & old == set()
        assert by_number(office.installation, office.database_file) == before
        assert delivered(office) == told
        send_the_missing_file(office)
        assert key_ids_in(office.database_file) & old == set()

    def test_a_municipality_alone(self, office: PrefectureOffice) -> None:
        """Rules: S-1, S-10."""
        fill(office)
        with office.installation.database.begin(read_only=True) as work:
            ids = {key.insurer_number: key.key_id for key in work.keys.in_state(KeyPurpose.DATA, KeyState.CURRENT)}
        assert len(set(ids.values())) == len(INSURERS)
        assert rotate_data_keys(custody_of(office), B).retired == (ids[B],)
        kept = key_ids_in(office.database_file)
        assert ids[B] not in kept and {ids[A], ids[C]} <= kept
        with pytest.raises(NotFound, match="KKH-N002"):
            rotate_data_keys(custody_of(office), insurer_number(999))

    def test_again_and_again(self, office: PrefectureOffice) -> None:
        """Rules: S-10."""
        fill(office, 10)
        before = by_number(office.installation, office.database_file)
        for _ in range(4):
            rotate_data_keys(custody_of(office))
            rotate_index_key(custody_of(office))
        assert by_number(office.installation, office.database_file) == before
        keys = overview(custody_of(office)).keys
        assert [key.version for key in keys if key.insurer_number == A] == [1, 2, 3, 4, 5]
        assert [key.state for key in keys if key.insurer_number == A] == [KeyState.RETIRED] * 4 + [KeyState.CURRENT]


class TestIndex:
    def test_no_old_index_is_left_and_every_row_still_names_its_number(self, office: PrefectureOffice) -> None:
        """Rules: S-9, S-10."""
        fill(office)
        before = by_number(office.installation, office.database_file)
        told = delivered(office)
        old = {index for _, index in numbers(office.installation)}
        done = rotate_index_key(custody_of(office))
        assert (done.kind, done.values) == (RotatedKeys.INDEX, len(before["number_vault"]))
        values = [value for rows in dump(office.database_file).values() for row in rows for value in row]
        assert not old & {value for value in values if isinstance(value, bytes)}
        assert by_number(office.installation, office.database_file) == before
        assert delivered(office) == told
        send_the_missing_file(office)
        office.resolve()
        assert delivered(office) != told

    def test_the_same_number_is_found_in_all_municipalities_afterwards(self, office: PrefectureOffice) -> None:
        """Rules: S-9, S-10."""
        office.persons(A, insured(A, "1", 1, end="2024-04-01"))
        rotate_index_key(custody_of(office))
        office.persons(B, entered(B, "7", 1, start="2024-04-01"))
        office.resolve()
        with office.installation.database.begin(read_only=True) as work:
            assert work.connection.execute(text("select count(*) from prefectural_person")).scalar() == 1

    @pytest.mark.parametrize("batch", [1, 2, 3, 1000])
    def test_a_number_of_many_municipalities_is_never_taken_apart(self, office: PrefectureOffice, batch: int) -> None:
        """Rules: S-10."""
        for insurer in (A, B, C):
            office.persons(insurer, *[insured(insurer, str(n), n) for n in range(1, 6)])
        seen: list[Any] = []
        before = by_number(office.installation, office.database_file)

        def look(step: str, done: int, total: int | None = None) -> None:
            assert by_number(office.installation, office.database_file) == before
            seen.append(done)

        rotate_index_key(custody_of(office, batch, look))
        assert seen[-1] == 15
        assert by_number(office.installation, office.database_file) == before


class TestMaster:
    def test_every_key_is_wrapped_anew_and_backups_still_open(self, office: PrefectureOffice, tmp_path: Path) -> None:
        """Rules: S-10."""
        fill(office, 10)
        before = by_number(office.installation, office.database_file)
        backup = tmp_path / "backup"
        shutil.copytree(office.folder, backup)
        with office.installation.database.begin(read_only=True) as work:
            wrapping = {key.key_id: key.wrapping_key_id for key in work.keys.all()}
        done = rotate_wrapping_keys(custody_of(office))
        with office.installation.database.begin(read_only=True) as work:
            now = {key.key_id: key.wrapping_key_id for key in work.keys.all()}
        assert set(done.retired) == set(wrapping.values())
        assert not set(wrapping.values()) & set(now.values())
        with open_installation(office.configuration) as reopened:
            assert by_number(reopened, office.database_file) == before
        # the database of before, with the key ring of now
        ring = next(office.folder.glob("*.keys.json"))
        shutil.copy(ring, backup / ring.name)
        restored = evolve(office.configuration, database=f"sqlite:///{(backup / office.database_file.name).as_posix()}")
        with open_installation(restored) as opened:
            assert by_number(opened, backup / office.database_file.name) == before


# --- others meanwhile ---


def work_between(office: PrefectureOffice, turns: Iterator[int]) -> None:
    """What a day brings: a file with known and new numbers, a move, a resolve."""
    turn = next(turns, None)
    if turn is None:
        return
    n = 1 + turn % 40
    office.persons(
        C,
        entered(C, f"5{turn}", n, f"5{turn}", start="2024-05-01"),
        insured(C, f"6{turn}", 1000 + turn, f"6{turn}"),
        entered(C, f"7{turn}", 2000 + turn, f"7{turn}", start="2024-05-01", previous=number_text(1 + (7 * turn) % 40)),
    )
    office.resolve()


class TestMeanwhile:
    @pytest.mark.parametrize("kind", ROTATIONS)
    def test_work_between_any_two_batches_ends_as_without_a_rotation(self, tmp_path: Path, kind: str) -> None:
        """Rules: S-10."""
        outcomes = []
        for is_rotated in (False, True):
            with PrefectureOffice(tmp_path / f"{is_rotated}") as office:
                fill(office)
                turns = iter(range(12))

                def between(
                    step: str, done: int, total: int | None = None, office: Any = office, turns: Any = turns
                ) -> None:
                    work_between(office, turns)
                    numbers(office.installation)  # everything opens at any time

                if is_rotated:
                    old = key_ids_in(office.database_file)
                    ROTATIONS[kind](custody_of(office, 5, between))
                    if kind == "data":
                        assert not key_ids_in(office.database_file) & old
                for turn in turns:
                    work_between(office, iter([turn]))
                send_the_missing_file(office)
                office.resolve()
                state = by_number(office.installation, office.database_file)
                outcomes.append((state, delivered(office)))
                by_version = overview(custody_of(office)).keys
                assert all(key.values in (0, None) for key in by_version if key.state is not KeyState.CURRENT)
        assert outcomes[0] == outcomes[1]

    @given(st.lists(st.sampled_from(["data", "index", "master", "A", "stop"]), max_size=12), st.integers(1, 9))
    @settings(max_examples=12, print_blob=True)
    def test_any_order_of_rotations_that_end_early(self, steps: list[str], batch: int) -> None:
        """Rules: S-10. «stop»: the next rotation ends after a few batches; later ones go on."""
        import tempfile

        class Stop(Exception):
            pass

        with tempfile.TemporaryDirectory() as folder, PrefectureOffice(Path(folder)) as office:
            fill(office, 12)
            before = by_number(office.installation, office.database_file)
            told = delivered(office)
            left: list[int] = []

            def maybe(step: str, done: int, total: int | None = None) -> None:
                if left and left.pop() == 0:
                    left.clear()
                    raise Stop

            for place, step in enumerate(steps):
                if step == "stop":
                    left[:] = [0, *range(1, 1 + place % 3)]
                    continue
                try:
                    if step == "A":
                        rotate_data_keys(custody_of(office, batch, maybe), A)
                    else:
                        ROTATIONS[step](custody_of(office, batch, maybe))
                except Stop:
                    pass
                assert by_number(office.installation, office.database_file) == before
            for kind in ("data", "index"):
                if any(key.state is KeyState.REPLACED for key in overview(custody_of(office)).keys):
                    ROTATIONS[kind](custody_of(office))
                    ROTATIONS[kind](custody_of(office))
            assert overview(custody_of(office)).is_settled
            assert by_number(office.installation, office.database_file) == before
            assert delivered(office) == told

    def test_two_rotations_and_a_writer_at_once(self, office: PrefectureOffice) -> None:
        """Rules: S-10, S-26."""
        fill(office)
        before = by_number(office.installation, office.database_file)["number_vault"]
        failures: list[BaseException] = []

        def rotate(kind: str) -> None:
            try:
                with open_installation(office.configuration) as own:
                    ROTATIONS[kind](evolve(own.custody, batch=3, pause_seconds=0.001))
            except BaseException as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [threading.Thread(target=rotate, args=(kind,)) for kind in ("data", "index", "data", "index", "master")]
        for thread in threads:
            thread.start()
        for turn in range(6):
            work_between(office, iter([turn]))
        for thread in threads:
            thread.join()
        assert failures == []
        for kind in ("data", "index"):
            ROTATIONS[kind](custody_of(office))
        after = by_number(office.installation, office.database_file)["number_vault"]
        assert set(before) <= set(after)
        assert overview(custody_of(office)).is_settled


    def test_a_rotation_that_another_process_ended_is_not_begun_again(self, office: PrefectureOffice) -> None:
        """Rules: S-10. What was retired meanwhile stays so, whatever this one still holds in its hands."""
        fill(office, 10)
        for kind in ("data", "index"):
            ended: list[bool] = []

            def end_it(step: str, done: int, total: int | None = None, kind: str = kind, ended: Any = ended) -> None:
                if not ended:
                    ended.append(True)
                    assert ROTATIONS[kind](custody_of(office, 3)).resumed
                    for key in overview(custody_of(office)).keys:
                        assert key.state is not KeyState.REPLACED

            versions = len(overview(custody_of(office)).keys)
            ROTATIONS[kind](custody_of(office, 3, end_it))
            found = overview(custody_of(office))
            assert found.is_settled
            assert len(found.keys) == versions + (len(INSURERS) if kind == "data" else 1)

    def test_a_key_changed_meanwhile_is_a_conflict(self, office: PrefectureOffice) -> None:
        """Rules: S-10, S-26."""
        with office.installation.custody.database.begin(read_only=True) as work:
            key = work.keys.current(KeyPurpose.DATA, A)
        rotate_data_keys(custody_of(office), A)
        with office.installation.custody.database.begin() as work:
            assert not work.keys.hold_against_writers(key)
            with pytest.raises(Conflict, match="KKH-X001"):
                work.keys.set_state(key, KeyState.REPLACED, custody_of(office).clock.now())


# --- counting ---


class TestCounter:
    def used(self, office: PrefectureOffice, insurer: str) -> int:
        keys = overview(custody_of(office)).keys
        [found] = [key for key in keys if key.insurer_number == insurer and key.state is KeyState.CURRENT]
        assert found.encryptions is not None
        return found.encryptions

    def set_used(self, office: PrefectureOffice, insurer: str, count: int) -> None:
        with office.installation.database.begin() as work:
            key = work.keys.current(KeyPurpose.DATA, insurer)
            statement = text("update key_usage set encryptions = :count where key_id = :key")
            work.connection.execute(statement, {"count": count, "key": key.key_id})
            work.commit()

    def test_every_encryption_is_counted_for_its_key(self, office: PrefectureOffice) -> None:
        """Rules: S-10."""
        office.persons(A, *[insured(A, str(n), n) for n in range(1, 6)])
        office.persons(A, insured(A, "9", 9, previous=number_text(8)))
        office.persons(B, insured(B, "1", 1))
        assert [self.used(office, each) for each in (A, B, C)] == [7, 1, 0]
        office.persons(A, insured(A, "1", 1, kind="2"))
        assert self.used(office, A) == 8
        rotate_data_keys(custody_of(office))
        assert [self.used(office, each) for each in (A, B, C)] == [7, 1, 0]

    def test_at_the_limit_nothing_is_taken_until_the_key_is_rotated(self, office: PrefectureOffice) -> None:
        """Rules: S-10."""
        assert ENCRYPTION_DUE < ENCRYPTION_LIMIT < 2**32
        office.persons(A, insured(A, "1", 1))
        self.set_used(office, A, ENCRYPTION_LIMIT - 2)
        before = dump(office.database_file)
        rows = [insured(A, str(n), n) for n in (2, 3, 4)]
        path = office.write("SKKOJIN", A, rows, sequence=2)
        with pytest.raises(SetupFault, match="KKH-C017"):
            office.receive(path)
        assert dump(office.database_file) == before
        assert office.persons(B, insured(B, "1", 1)).counts.accepted == 1
        rotate_data_keys(custody_of(office), A)
        assert office.receive(path)[0].counts.accepted == 3
        assert self.used(office, A) == 4

    def test_up_to_the_limit_it_is_used(self, office: PrefectureOffice) -> None:
        """Rules: S-10."""
        self.set_used(office, A, ENCRYPTION_LIMIT - 2)
        assert office.persons(A, insured(A, "1", 1), insured(A, "2", 2)).counts.accepted == 2
        assert self.used(office, A) == ENCRYPTION_LIMIT

    def test_due_by_age_and_by_use(self, office: PrefectureOffice) -> None:
        """Rules: S-10."""
        custody = custody_of(office)
        assert overview(custody).is_settled
        self.set_used(office, A, ENCRYPTION_DUE)
        due = [key.insurer_number for key in overview(custody).keys if key.is_due]
        assert due == [A]
        rotate_data_keys(custody)
        assert overview(custody).is_settled

        class Later:
            def now(self) -> Any:
                return custody.clock.now()

            def today(self) -> Any:
                return max(key.created_at for key in overview(custody).keys).date() + timedelta(days=366)

        later = overview(evolve(custody, clock=Later()))
        assert {key.purpose for key in later.keys if key.is_due} == {KeyPurpose.DATA, KeyPurpose.INDEX}
        assert not any(key.is_due for key in later.keys if key.state is not KeyState.CURRENT)


# --- setting up ---


def test_a_new_insurer_gets_a_key_and_the_others_keep_theirs(office: PrefectureOffice) -> None:
    """Rules: S-1."""
    with office.installation.database.begin(read_only=True) as work:
        before = {key.key_id for key in work.keys.all()}
    new = Insurer(insurer_number(905), municipality_code(905), "しん市")
    initialise(office.configuration, "13", [*INSURERS, new])
    with office.installation.database.begin(read_only=True) as work:
        after = {key.key_id: key.insurer_number for key in work.keys.all()}
    assert [after[key_id] for key_id in set(after) - before] == [new.insurer_number]
    assert before <= set(after)


def test_another_key_ring_is_noticed_at_the_start(office: PrefectureOffice, tmp_path: Path) -> None:
    """Rules: S-9."""
    with PrefectureOffice(tmp_path / "other") as other:
        foreign = next(other.folder.glob("*.keys.json"))
        mixed = evolve(office.configuration, key_ring=foreign)
        for use in (open_installation, lambda configuration: initialise(configuration, "13", INSURERS)):
            with pytest.raises(KokuhoError, match="KKH-C016"):
                use(mixed)
