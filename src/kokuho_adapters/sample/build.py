"""見本ファイルの作成: ``python -m kokuho_adapters.sample.build [FOLDER]`` makes the files from the story.

Without a folder they are made where they are shipped. The same story gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from kokuho_adapters.files import LayoutBook, OpenFormatFolder, as_table
from kokuho_adapters.insurers_list import INSURERS_FILE, REQUIRED
from kokuho_adapters.sample.municipal_office import FILE_IDS, PREFECTURE, CandidateMark, Entry, MunicipalOffices, Row
from kokuho_adapters.sample.story import FEATURED, MUNICIPALITIES, ROUNDS, tell
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber

STORY_FILE: Final = "story.toml"

_FileKey = tuple[datetime, int, int, str]
"""When it was made, sender and kind in sending order, and the folder it arrives in."""


def build(folder: Path) -> list[str]:
    """Write rounds, ``insurers.csv`` and ``story.toml`` into ``folder``; returns the names of the files, in sending order."""
    offices = tell()
    made = _write_rounds(folder, offices.entries, offices.candidate_numbers())
    lines = [",".join(REQUIRED), *(f"{each.number},{each.code},{each.name}" for each in MUNICIPALITIES)]
    _write_text(folder / INSURERS_FILE, "".join(f"{line}\r\n" for line in lines))
    _write_text(folder / STORY_FILE, _story(offices))
    return made


def _write_rounds(folder: Path, entries: Iterable[Entry], numbers: Mapping[CandidateMark, str]) -> list[str]:
    senders = [each.number for each in MUNICIPALITIES]
    files: dict[_FileKey, list[Row]] = {}
    for entry in entries:
        place = (senders.index(entry.sender), FILE_IDS.index(entry.file_id))
        files.setdefault((entry.sending.made_at, *place, entry.sending.round.folder), []).append(_row(entry, numbers))
    for round_ in ROUNDS:
        (folder / round_.folder).mkdir(parents=True, exist_ok=True)
        for old in (folder / round_.folder).glob("*.csv"):
            old.unlink()
    book = LayoutBook.shipped()
    sequences: dict[tuple[int, int], int] = {}
    made = []
    for key in sorted(files):
        made_at, sender, kind, round_folder = key
        sequence = sequences[sender, kind] = sequences.get((sender, kind), 0) + 1
        number = InsurerNumber(senders[sender])
        outgoing = OpenFormatFolder(folder / round_folder, book, "utf-8", number)
        created_at = made_at + timedelta(minutes=sender, seconds=10 * kind)
        name, _ = outgoing.write(FILE_IDS[kind], number, created_at, sequence, *as_table(files[key]))
        outgoing.publish(name)
        made.append(f"{round_folder}/{name}")
    return made


def _row(entry: Entry, numbers: Mapping[CandidateMark, str]) -> Row:
    row = dict(entry.row)
    if row.get("individual_number"):
        row["individual_number"] = IndividualNumber(row["individual_number"])
    if entry.candidate is not None:
        row["candidate_number"] = numbers[entry.candidate]
    return row


def _story(offices: MunicipalOffices) -> str:
    """``story.toml``: the rounds in order, and what each storyline shows."""
    place, storyline = FEATURED
    line = f"{[each.name for each in offices.captions].index(storyline) + 1:02d}"
    person = next(each for each in offices.people if each.serial.startswith(line))
    featured = f'insurer_number = "{place.number}", addressee_number = "{person.addressee(place)}"'
    parts = [
        f'prefecture = "{PREFECTURE}"\ninsurers = "{INSURERS_FILE}"\nfeatured_person = {{ {featured} }}\n',
    ]
    parts += [
        _table(
            "round", name=each.name, as_of=each.as_of, folder=each.folder, text_ja=each.text_ja, text_en=each.text_en
        )
        for each in ROUNDS
    ]
    for place_in_story, caption in enumerate(offices.captions, 1):
        parts.append(
            _table(
                "storyline", name=caption.name, persons=_addressees(offices, f"{place_in_story:02d}"),
                rules=caption.rules.split(), text_ja=caption.text_ja, text_en=caption.text_en,
            )
        )  # fmt: skip
    return "\n".join(parts)


def _addressees(offices: MunicipalOffices, line: str) -> list[str]:
    """Everybody of a storyline, as «insurer number/addressee number» of each municipality that sends him."""
    known: dict[str, None] = {}
    for entry in offices.entries:
        addressee = entry.row.get("addressee_number", "")
        if addressee[1:3] == line:
            known[f"{entry.sender}/{addressee}"] = None
    return sorted(known)


def _table(name: str, /, **values: Any) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in values.items()]
    return "".join(f"{line}\n" for line in (f"[[{name}]]", *lines))


def _value(value: Any) -> str:
    """A TOML value; a JSON string is a TOML string too."""
    if isinstance(value, (str, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value.isoformat())


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else Path(__file__).parent
    made = build(folder)
    sys.stdout.write(f"{folder}: {len(made)} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
