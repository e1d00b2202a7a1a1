"""返却の蓄積: what stands for every municipality after what it was told so far, whatever names the system gives to things.

Rows are told when they differ from those told last, so what stands is the last one about each thing. IDs, finding numbers and
candidate numbers are the system's own: only that equal things have equal ones can be judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from attrs import define, field

from kokuho_core.conformance.expectation import Key
from kokuho_core.conformance.story import Pair
from kokuho_core.conformance.system import ReturnedRows

_Fields = Mapping[str, Any]
_IDENTITY: Final = "3"
"""``kind`` of KAKUNIN: 本人確認不一致. It is told to both sides, and which of a person's addressees is the other one is open."""

_FINDING: Final = ("kind", "addressee_number", "from_insurer", "to_insurer", "period_start")


@define
class Returned:
    """返却されたもの. ``fresh``: the keys of TOKUSO rows of the last step; ``foreign``: rows for somebody else's municipality."""

    fresh: list[Key] = field(factory=list)
    foreign: list[tuple[Key, _Fields]] = field(factory=list)
    receipts: dict[tuple[str, str, int, int], str] = field(factory=dict)
    candidate_numbers: dict[Pair, str] = field(factory=dict)
    _last: dict[tuple[str, str, tuple[Any, ...]], _Fields] = field(factory=dict)

    def add(self, rows: ReturnedRows) -> None:
        """Take in what came back in one step."""
        self.fresh, self.foreign = [], []
        for (insurer, file_id), listed in sorted(rows.items(), key=lambda each: each[0]):
            for row in listed:
                self._add_one(insurer, file_id, row)

    def _add_one(self, insurer: str, file_id: str, row: _Fields) -> None:
        if file_id == "SHOKEKKA":
            self._add_receipt(row)
            return
        if row["insurer_number"] not in (insurer, None) and file_id != "KEIKAKU":
            self.foreign.append((Key(insurer, file_id, ()), row))
        own = _OWN_NAME[file_id](row)
        self._last[insurer, file_id, own] = row
        if file_id == "TOKUSO":
            self.fresh.append(Key(insurer, file_id, own))
        elif file_id == "KEIKOHO":
            self.candidate_numbers[_pair(row)] = row["candidate_number"]

    def _add_receipt(self, row: _Fields) -> None:
        file_id, sender, _, sequence = str(row["source_file"]).removesuffix(".csv").split("_")
        self.receipts[file_id, sender, int(sequence), row["line"]] = row["result"]

    def standing(self, known: Collection[tuple[str, str]]) -> dict[Key, _Fields]:
        """What stands now, under the names that expectations use; ``known``: the addressees with a live record."""
        return dict(self._standing(known))

    def _standing(self, known: Collection[tuple[str, str]]) -> Iterator[tuple[Key, _Fields]]:
        pairs = {number: pair for pair, number in self.candidate_numbers.items()}
        people = self._people(known)
        sides = Counter(own[0] for (_, file_id, own) in self._last if file_id == "KAKUNIN")
        for (insurer, file_id, own), row in self._last.items():
            match file_id:
                case "HIHOID":
                    yield Key(insurer, file_id, own), {"same_person": people.get(row["prefectural_insured_id"], ())}
                case "KAKUNIN" if row["status"] != "1":
                    pass
                case "KAKUNIN" if row["kind"] == _IDENTITY:
                    told = {"period_start": row["period_start"], "other_side_is_told": sides[row["finding_number"]] > 1}
                    yield Key(insurer, file_id, (_IDENTITY, row["addressee_number"])), told
                case "KAKUNIN":
                    subject = tuple(row[each] for each in _FINDING)
                    yield Key(insurer, file_id, subject), row
                case "KEIKOHO":
                    yield Key(insurer, file_id, _pair(row)), row
                case "KEIKAKU" | "KOHIKEKKA":
                    pair = pairs.get(row["candidate_number"])
                    yield Key(insurer, file_id, own if pair is None else pair), row
                case "KOHIKI":
                    if row["update_kind"] != "3":
                        yield Key(insurer, file_id, own), {"stands": True}
                case _:
                    yield Key(insurer, file_id, own), row

    def _people(self, known: Collection[tuple[str, str]]) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Prefectural ID to the addressees that have it now."""
        people: dict[str, list[tuple[str, str]]] = {}
        for (insurer, file_id, own), row in self._last.items():
            if file_id == "HIHOID" and (insurer, *own) in known:
                people.setdefault(row["prefectural_insured_id"], []).append((insurer, own[0]))
        return {insured_id: tuple(sorted(each)) for insured_id, each in people.items()}


def _pair(row: _Fields) -> Pair:
    return Pair(row["from_insurer"], row["from_household_number"], row["insurer_number"], row["household_number"])


_OWN_NAME: Mapping[str, Any] = {
    "TOKUSO": lambda row: (row["addressee_number"], row["application_start"]),
    "HIHOID": lambda row: (row["addressee_number"],),
    "KAKUNIN": lambda row: (row["finding_number"], row["addressee_number"]),
    "KEIKOHO": lambda row: (row["candidate_number"],),
    "KEIKAKU": lambda row: (row["candidate_number"],),
    "KOHIKI": lambda row: (*_pair(row), f"{row['treatment_month']}", row["occurrence_kind"]),
    "KOHIKEKKA": lambda row: (row["candidate_number"],),
}
"""How a row is named by the one who tells it, so that a later row replaces it."""
