"""Crypto-shredding (S-29): what stands under a destroyed key is gone, in backups too, and the record says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.security.key_custody import overview
from kokuho_adapters.security.key_disposal import complete_disposals, destroy_key
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys
from kokuho_core.errors import NotFound, SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyState
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..aggregation.support import insured
from ..prefecture.office import A, B, PrefectureOffice
from .sealed import by_number, numbers


def filled(office: PrefectureOffice) -> None:
    for insurer in (A, B):
        office.persons(insurer, *[insured(insurer, str(n), n) for n in range(1, 6)])


def retired(office: PrefectureOffice, insurer: InsurerNumber) -> str:
    [found] = rotate_data_keys(evolve(office.installation.custody, pause_seconds=0), insurer).retired
    return found


def test_backups_lose_what_stood_under_the_key_and_nothing_else(office: PrefectureOffice, tmp_path: Path) -> None:
    """Rules: S-1, S-29."""
    filled(office)
    custody = office.installation.custody
    before = by_number(office.installation, office.database_file)
    first, second = tmp_path / "first", tmp_path / "second"
    shutil.copytree(office.folder, first)
    rotate_wrapping_keys(custody)  # so that two keys of the provider have wrapped it
    shutil.copytree(office.folder, second)
    disposal = destroy_key(custody, retired(office, A), "係長", "保存期間の満了")
    assert disposal.completed_at is not None
    assert (disposal.insurer_number, disposal.version, disposal.decided_by) == (A, 1, "係長")
    assert by_number(office.installation, office.database_file) == before
    ring = next(office.folder.glob("*.keys.json"))
    for backup in (first, second):
        restored = evolve(office.configuration, database=f"sqlite:///{(backup / office.database_file.name).as_posix()}")
        if backup is first:  # a copy of the key ring that was not destroyed would still open it
            with open_installation(restored) as opened:
                assert by_number(opened, backup / office.database_file.name) == before
        shutil.copy(ring, backup / ring.name)
        with open_installation(restored) as opened:
            with pytest.raises(SetupFault, match="KKH-C016"):
                numbers(opened)
            with opened.custody.database.begin(read_only=True) as work:
                key = work.keys.current(KeyPurpose.DATA, B)
            assert opened.custody.data_keys.opened(key).key_id == key.key_id
    shown = overview(custody)
    assert [each.key_id for each in shown.disposals] == [disposal.key_id]
    [gone] = [key for key in shown.keys if key.key_id == disposal.key_id]
    assert (gone.state, gone.wrapping_key_id, gone.values) == (KeyState.DESTROYED, None, 0)
    assert gone.destroyed_at is not None
    assert shown.is_settled


def test_no_part_of_the_key_is_left_in_the_ring(office: PrefectureOffice) -> None:
    """Rules: S-29."""
    filled(office)
    custody = office.installation.custody
    key_id = retired(office, A)
    with office.installation.database.begin(read_only=True) as work:
        wrapping = work.keys.wrapping_keys(key_id)
    ring = next(office.folder.glob("*.keys.json"))
    assert all(each in ring.read_text() for each in wrapping)
    destroy_key(custody, key_id, "係長", "満了")
    assert not any(each in ring.read_text() for each in wrapping)
    assert not set(wrapping) & custody.data_keys.provider.key_ids()
    assert [path.name for path in office.folder.glob("*.tmp")] == []


def test_a_key_in_use_is_not_destroyed(office: PrefectureOffice) -> None:
    """Rules: S-29."""
    filled(office)
    custody = office.installation.custody
    for key in overview(custody).keys:
        with pytest.raises(SetupFault, match="KKH-C018"):
            destroy_key(custody, key.key_id, "係長", "試し")

    class Stop(Exception):
        pass

    def stop(step: str, done: int, total: int | None = None) -> None:
        raise Stop

    for rotate in (rotate_data_keys, rotate_index_key):
        with pytest.raises(Stop):
            rotate(evolve(custody, batch=2, progress=stop))
    for key in overview(custody).keys:
        with pytest.raises(SetupFault, match="KKH-C018"):
            destroy_key(custody, key.key_id, "係長", "試し")
    with pytest.raises(NotFound, match="KKH-N003"):
        destroy_key(custody, "unknown", "係長", "試し")
    assert overview(custody).disposals == ()


def test_an_old_index_key_is_destroyed_too(office: PrefectureOffice) -> None:
    """Rules: S-9, S-29."""
    filled(office)
    custody = office.installation.custody
    before = by_number(office.installation, office.database_file)
    [old] = rotate_index_key(custody).retired
    assert destroy_key(custody, old, "係長", "索引の鍵の入替え").purpose is KeyPurpose.INDEX
    assert by_number(office.installation, office.database_file) == before


def test_a_disposal_that_was_interrupted_is_brought_to_its_end(
    office: PrefectureOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: S-27, S-29."""
    from kokuho_adapters.security import FileKeyProvider

    filled(office)
    custody = office.installation.custody
    key_id = retired(office, A)
    destroy = FileKeyProvider.destroy_keys

    def fail(self: Any, key_ids: Iterable[str]) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(FileKeyProvider, "destroy_keys", fail)
    with pytest.raises(SetupFault, match="KKH-C019"):
        destroy_key(custody, key_id, "係長", "満了")
    [open_one] = overview(custody).disposals
    assert open_one.completed_at is None
    assert not overview(custody).is_settled
    monkeypatch.setattr(FileKeyProvider, "destroy_keys", destroy)
    assert complete_disposals(custody) == 1
    assert overview(custody).is_settled
    again = destroy_key(custody, key_id, "別の人", "もう一度")
    assert (again.decided_by, again.reason) == ("係長", "満了")
    assert complete_disposals(custody) == 0


def test_init_makes_no_new_key_in_the_place_of_a_destroyed_one(office: PrefectureOffice) -> None:
    """Rules: S-29."""
    from ..prefecture.office import INSURERS

    filled(office)
    destroy_key(office.installation.custody, retired(office, A), "係長", "満了")
    before = [(key.key_id, key.state) for key in overview(office.installation.custody).keys]
    initialise(office.configuration, "13", INSURERS)
    assert [(key.key_id, key.state) for key in overview(office.installation.custody).keys] == before
