"""ファイル名 (KKH-F001)."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_adapters.files import FileName
from kokuho_core.errors import FileRefused


@given(
    st.datetimes(max_value=datetime(9999, 12, 31)).map(lambda moment: moment.replace(microsecond=0)),
    st.integers(1, 999_999_999),
    st.from_regex(r"[A-Z][A-Z0-9]{0,19}", fullmatch=True),
    st.from_regex(r"[0-9]{6}", fullmatch=True),
)
def test_names_read_back(moment: datetime, sequence: int, file_id: str, sender: str) -> None:
    name = FileName(file_id, sender, moment, sequence)
    assert FileName.parse(str(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "SKKOJIN-130001.csv",
        "SKKOJIN_130013_20230403093015_1.csv",
        "SKKOJIN_130013_20230403093015_0000.csv",
        "SKKOJIN_130013_20230403093015_00001.csv",
        "SKKOJIN_130013_20230403093015_1234567890.csv",
        "SKKOJIN_130013_20230403093015_0001.CSV",
        "SKKOJIN_130013_20230403093015_0001.csv\n",
        "SKKOJIN_130013_20230403093015_0001.csv.part",
        "skkojin_130013_20230403093015_0001.csv",
        "SKKOJIN_13001_20230403093015_0001.csv",
        "SKKOJIN_\uff11\uff13\uff10\uff10\uff11\uff13_20230403093015_0001.csv",
        "SKKOJIN_130013_20230230093015_0001.csv",
        "SKKOJIN_130013_20230403240000_0001.csv",
        "SKKOJIN_130013_2023040309301_0001.csv",
        "../SKKOJIN_130013_20230403093015_0001.csv",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(FileRefused) as caught:
        FileName.parse(name)
    assert caught.value.code == "KKH-F001"


@pytest.mark.parametrize(("file_id", "sequence"), [("KAIJO", 0), ("KAIJO", -1), ("kaijo", 1), ("KAIJO", 10**9)])
def test_parts_that_make_no_name_are_refused(file_id: str, sequence: int) -> None:
    with pytest.raises(FileRefused, match="KKH-F001"):
        FileName(file_id, "130013", datetime(2023, 4, 3), sequence)


def test_the_sequence_has_at_least_four_digits() -> None:
    assert str(FileName("KAIJO", "130013", datetime(2023, 4, 3), 7)).endswith("_0007.csv")
    assert str(FileName("KAIJO", "130013", datetime(2023, 4, 3), 12345)).endswith("_12345.csv")
