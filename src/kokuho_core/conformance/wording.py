"""呼び名: what files, fields and code values of the open format are called in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol


class Wording(Protocol):
    """Names of one language. The Japanese ones stand in the layouts, which a door reads."""

    def file(self, file_id: str) -> str:
        """What the file is called."""
        ...

    def field(self, file_id: str, key: str) -> str:
        """What the field is called; the key itself where it has no name."""
        ...

    def code(self, file_id: str, key: str, value: str) -> str:
        """What a code value says; the value itself where it is none."""
        ...


class EnglishWording:
    """English (ASCII): the keys of the layouts as words, and the codes that rules are written in."""

    def file(self, file_id: str) -> str:
        return _FILES.get(file_id, file_id)

    def field(self, file_id: str, key: str) -> str:
        return key.replace("_", " ")

    def code(self, file_id: str, key: str, value: str) -> str:
        table = _CODES.get((file_id, key)) or _CODES.get(("", key.removeprefix("qualification_"))) or {}
        return table.get(value, value)


_FILES: Final = {
    "SKKOJIN": "changes of persons",
    "SKSETAI": "changes of households",
    "KOGAKU": "high-cost months",
    "KEISHIJI": "decisions",
    "HIHOID": "prefectural IDs",
    "TOKUSO": "dates of qualification",
    "KAKUNIN": "overlaps and gaps",
    "KEIKOHO": "candidate households",
    "KEIKAKU": "confirmed continuity",
    "KOHIKI": "carried months",
    "KOHIKEKKA": "results of carrying over",
    "SHOKEKKA": "results of records",
}
_ACQUIRED: Final = {
    "01": "moved in from another prefecture", "02": "birth", "03": "left employee insurance", "04": "welfare ended",
    "05": "left a society", "06": "left the late-elderly scheme", "07": "moved in inside the prefecture",
    "08": "residence exception again", "99": "other",
}  # fmt: skip
_LOST: Final = {
    "51": "moved out of the prefecture", "52": "death", "53": "employee insurance", "54": "welfare", "55": "joined a society",
    "56": "late-elderly scheme", "57": "moved out inside the prefecture", "58": "residence exception", "59": "by the office",
    "99": "other",
}  # fmt: skip
_CODES: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("", "application_start_reason"): _ACQUIRED,
    ("", "acquired_reason"): _ACQUIRED,
    ("", "application_end_reason"): _LOST,
    ("", "lost_reason"): _LOST,
    ("", "sex"): {"1": "male", "2": "female", "3": "not set"},
    ("", "occurrence_kind"): {"1": "household", "2": "outpatient only"},
    ("", "change_reason"): {
        "01": "new household", "02": "moved in from another prefecture", "03": "moved in inside the prefecture",
        "04": "other head", "05": "split", "06": "merger", "07": "moved out inside the prefecture",
        "08": "moved out of the prefecture", "09": "household ended", "99": "other",
    },
    ("", "suggestion"): {"1": "continued", "2": "not continued", "3": "to be checked"},
    ("", "suggestion_reason"): {
        "1": "address only", "2": "other head", "3": "more members", "4": "fewer members", "5": "split", "6": "merger",
        "9": "qualification unresolved",
    },
    ("KEISHIJI", "decision"): {"1": "continued", "2": "not continued", "3": "revoked"},
    ("KEIKAKU", "decision"): {"1": "continued", "2": "not continued", "3": "revoked"},
    ("KAKUNIN", "kind"): {"1": "overlap", "2": "gap", "3": "identity conflict", "4": "one side only", "5": "unmatched"},
    ("KAKUNIN", "status"): {"1": "open", "2": "solved"},
    ("TOKUSO", "status"): {"1": "new", "2": "continued", "3": "lost", "9": "held"},
    ("KEIKOHO", "status"): {"1": "waiting", "2": "withdrawn", "3": "decided"},
    ("SHOKEKKA", "result"): {"1": "accepted", "2": "refused", "3": "held", "4": "duplicate"},
    ("KOHIKEKKA", "result"): {"1": "carried", "2": "no months", "3": "taken back"},
}  # fmt: skip
