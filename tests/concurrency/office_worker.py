"""A process of many at one prefecture: receives the files of its municipality, judges now and then, decides what may be decided.

``python -m tests.concurrency.office_worker FOLDER DATABASE PLACE SEED DECISIONS FILE…`` prints «ready», waits for a line, and
tells each act when it is over. ``DATABASE`` is «-» for the file in the folder, ``PLACE`` «-» for whoever only judges. Who was
slowed down so much that the others' files were not in yet goes on until ``DECISIONS`` of his were taken: a candidate may be
withdrawn between his looking and his deciding.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

from ..prefecture.office import PrefectureOffice, instruction

_ROUNDS: Final = 6
_DECISIONS: Final = ("1", "2")


def acts(
    office: PrefectureOffice, place: str, random: Random, decisions: int, files: list[Path]
) -> Iterator[Callable[[], dict[str, Any]]]:
    for path in files:
        yield partial(receive, office, path)
        if random.random() < 0.3:
            yield partial(judge, office)
    for turn in count():
        if turn >= _ROUNDS and decisions <= 0:
            return
        yield partial(judge, office)
        if place != "-":
            mine = [each for each in office.candidates() if each.pair.entered.insurer_number == place]
            if mine:
                taken: list[int] = []
                yield partial(decide, office, place, random.choice(mine).number, random.choice(_DECISIONS), taken)
                decisions -= sum(taken)


def receive(office: PrefectureOffice, path: Path) -> dict[str, Any]:
    answers = office.receive(path)
    told = [(each.file, each.result.value, each.counts.accepted, each.counts.held) for each in answers]
    return {"act": "receive", "answers": told}


def judge(office: PrefectureOffice) -> dict[str, Any]:
    office.resolve()
    return {"act": "resolve"}


def decide(
    office: PrefectureOffice, place: str, number: str, decision: str, taken: list[int]
) -> dict[str, Any]:
    answer = office.decide(place, instruction(place, number, decision))
    taken.append(answer.counts.accepted)
    told = [(answer.file, answer.result.value, answer.counts.accepted, answer.counts.held)]
    return {"act": "decide", "answers": told, "candidate": number, "decision": decision}


def main(folder: str, database: str, place: str, seed: int, decisions: int, files: list[str]) -> None:
    url = None if database == "-" else database
    with PrefectureOffice(Path(folder), database=url, is_initialised=True) as office:
        print("ready", flush=True)
        sys.stdin.readline()
        for act in acts(office, place, Random(seed), decisions, [Path(each) for each in files]):
            invoked = time.monotonic_ns()
            told = act()
            print(json.dumps({**told, "invoked": invoked, "completed": time.monotonic_ns()}), flush=True)


if __name__ == "__main__":
    folder, database, place, seed, decisions, *files = sys.argv[1:]
    main(folder, database, place, int(seed), int(decisions), files)
