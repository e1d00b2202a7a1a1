"""What a municipality was told bit by bit is what stands: nothing corrected stays behind with it (S-24)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import field, mutable
from hypothesis import given
from hypothesis import strategies as st

from ..prefecture.office import PrefectureOffice
from ..prefecture.worlds import Worlds
from .histories import MUNICIPALITIES, Sent, histories, orders
from .test_order import AS_OF, HISTORIES, decide_all, examples

KEYS = {
    "TOKUSO": ("addressee_number", "application_start"),
    "HIHOID": ("addressee_number",),
    "KAKUNIN": ("finding_number", "addressee_number"),
    "KEIKOHO": ("candidate_number",),
    "KEIKAKU": ("candidate_number",),
    "KOHIKI": ("household_number", "from_insurer", "from_household_number", "treatment_month", "occurrence_kind"),
    "KOHIKEKKA": ("candidate_number",),
}
TAKEN_BACK = "3"
OPEN = "1"

Key = tuple[Any, ...]


@mutable
class Municipality:
    """A receiver that joins all it was ever told, as a system that keeps no more than these files would."""

    number: str
    rows: dict[str, dict[Key, dict[str, Any]]] = field(factory=lambda: {file_id: {} for file_id in KEYS})

    def take(self, told: dict[str, list[dict[str, Any]]]) -> None:
        for file_id, names in KEYS.items():
            for row in told.get(file_id, ()):
                key = tuple(row[name] for name in names)
                if file_id == "KOHIKI" and row["update_kind"] == TAKEN_BACK:
                    del self.rows[file_id][key]  # what was never told cannot be taken back
                else:
                    self.rows[file_id][key] = row


def own_periods(files: Sequence[Sent], insurer: str) -> set[Key]:
    """Addressee and start of the periods that stand by what the municipality itself sent last (P-3, X-12)."""
    rows: dict[Key, dict[str, Any]] = {}
    for sent in files:
        if sent.sender == insurer and sent.file_id == "SKKOJIN":
            for row in sent.rows:
                rows[row["addressee_number"], row["history_number"]] = row
    periods: dict[Key, dict[str, Any]] = {}
    for _, row in sorted(rows.items()):
        if row["update_kind"] != TAKEN_BACK and row["insured_kind"] == "1" and row.get("application_start") is not None:
            periods[row["addressee_number"], row["application_start"]] = row
    return {key for key, row in periods.items() if row.get("application_end") != row["application_start"]}


def check(office: PrefectureOffice, municipality: Municipality, files: Sequence[Sent]) -> None:
    stands = Municipality(municipality.number)
    stands.take(office.deliver(municipality.number, everything=True))
    for file_id in ("TOKUSO", "KEIKOHO", "KEIKAKU", "KOHIKEKKA"):
        for key, row in stands.rows[file_id].items():
            assert municipality.rows[file_id].get(key) == row, (file_id, key)
    for key, row in stands.rows["HIHOID"].items():
        known = municipality.rows["HIHOID"][key]
        assert known["prefectural_insured_id"] == row["prefectural_insured_id"]
    told, standing = (
        {key for key, row in each.rows["KAKUNIN"].items() if row["status"] == OPEN} for each in (municipality, stands)
    )
    assert told == standing
    assert municipality.rows["KOHIKI"].keys() == stands.rows["KOHIKI"].keys()
    left_behind = municipality.rows["TOKUSO"].keys() - stands.rows["TOKUSO"].keys()
    assert not left_behind & own_periods(files, municipality.number)


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, 2))])
def test_every_correction_reaches_who_was_told_otherwise(worlds: Worlds, part: int) -> None:
    """Rules: S-24, X-13, X-28, H-7, Q-5. Random histories in random order, delivered now and then."""

    @examples(worlds.examples(HISTORIES))
    @given(st.data())
    def run(data: st.DataObject) -> None:
        files = data.draw(histories(), label="files")
        order = data.draw(orders(files), label="order")
        receivers = [Municipality(number) for number in MUNICIPALITIES]
        with worlds.office() as office:
            for each in order:
                office.receive(office.write(each.file_id, each.sender, each.rows, each.sequence))
                if data.draw(st.booleans(), label="deliver now"):
                    office.resolve(AS_OF)
                    if data.draw(st.booleans(), label="decide now"):
                        decide_all(office)
                    for receiver in receivers:
                        receiver.take(office.deliver(receiver.number))
            office.resolve(AS_OF)
            decide_all(office)
            for receiver in receivers:
                receiver.take(office.deliver(receiver.number))
            for receiver in receivers:
                check(office, receiver, files)

    run()
