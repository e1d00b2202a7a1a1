"""Folders become files in the order in which sequences ascend."""

from __future__ import annotations

from pathlib import Path

from kokuho_adapters.cli.incoming import csv_files, expand


def touched(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def test_files_of_a_folder_by_creation_sequence_and_name(tmp_path: Path) -> None:
    touched(
        tmp_path,
        "SKSETAI_139014_20240501080000_0001.csv",
        "SKKOJIN_139014_20240601080000_0002.csv",
        "SKKOJIN_139014_20240501080000_0010.csv",
        "SKKOJIN_139014_20240501080000_0001.csv",
        "insurers.csv",
        "notes.txt",
        "SKKOJIN_139014_20240501080000_0003.csv.part",
        "wrong.csv",
    )
    (tmp_path / "folder.csv").mkdir()
    assert [path.name for path in csv_files(tmp_path)] == [
        "SKKOJIN_139014_20240501080000_0001.csv",
        "SKSETAI_139014_20240501080000_0001.csv",
        "SKKOJIN_139014_20240501080000_0010.csv",
        "SKKOJIN_139014_20240601080000_0002.csv",
        "wrong.csv",
    ]


def test_given_files_stay_in_their_order(tmp_path: Path) -> None:
    touched(tmp_path, "b.csv", "a.txt")
    given = expand([tmp_path / "b.csv", tmp_path / "none.csv", tmp_path / "a.txt"])
    assert given.files == (tmp_path / "b.csv", tmp_path / "a.txt")
    assert given.missing == (tmp_path / "none.csv",)
