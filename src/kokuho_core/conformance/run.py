"""試験の実行: many life stories through a system under test, judged step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field, frozen

from kokuho_core.conformance.expectation import Expectation, Key, Prefecture
from kokuho_core.conformance.judgement import FORM, Deviation, failed, judge
from kokuho_core.conformance.returned import Returned
from kokuho_core.conformance.rules import ALL_CAPABILITIES, Capability
from kokuho_core.conformance.story import DECISION, Pair, Row, Step, Story
from kokuho_core.conformance.system import FileToSend, MakeAggregation, ReturnedRows, SystemFailed

_FIRST_MOMENT: Final = datetime(2024, 5, 31, 8)


@frozen
class Played:
    """上演の結果: what was expected and judged after each step, up to the first one with a deviation.

    ``failure``: why the system gave no answer to the last step, where that is the deviation.
    """

    story: Story
    expectations: tuple[Expectation, ...]
    exercised: Mapping[str, int]
    deviations: tuple[Deviation, ...]
    returned: Returned
    failure: SystemFailed | None = None


class Post:
    """発送: turns the steps of a story into files with names and moments, decisions into KEISHIJI by what was listed."""

    def __init__(self) -> None:
        self._created: dict[tuple[str, str, int], datetime] = {}
        self._sequences: dict[str, int] = {}

    def files(self, step: Step, returned: Returned, known: Collection[Pair]) -> list[FileToSend]:
        """Files of one step. A decision on a candidate that nobody should know is left out."""
        files: list[FileToSend] = []
        rows: dict[str, list[dict[str, object]]] = {}
        for each in step.decisions:
            number = returned.candidate_numbers.get(each.pair)
            if each.pair in known and number is not None:
                rows.setdefault(each.pair.insurer_number, []).append(
                    {
                        "insurer_number": each.pair.insurer_number, "candidate_number": number, "decision": each.decision,
                        "decided_on": each.decided_on, "decided_by": "tanto01", "reason": "確認済",
                    }
                )  # fmt: skip
        for insurer, listed in sorted(rows.items()):
            self._sequences[insurer] = sequence = self._sequences.get(insurer, 0) + 1
            files.append(self._file(DECISION, insurer, sequence, tuple(listed)))
        files += [self._file(each.file_id, each.sender, each.sequence, each.rows) for each in step.sendings]
        return files

    def _file(self, file_id: str, sender: str, sequence: int, rows: tuple[Row, ...]) -> FileToSend:
        moment = self._created.setdefault(
            (file_id, sender, sequence), _FIRST_MOMENT + timedelta(seconds=len(self._created))
        )
        return FileToSend(file_id, sender, moment, sequence, rows)


@define
class _Performance:
    """One story on its way: its own model of the rules and all that came back for its municipalities."""

    story: Story
    capabilities: Collection[Capability]
    model: Prefecture
    returned: Returned = field(factory=Returned)
    expectations: list[Expectation] = field(factory=list)
    exercised: Counter[str] = field(factory=Counter)
    deviations: tuple[Deviation, ...] = ()
    told_before: set[Key] = field(factory=set)
    failure: SystemFailed | None = None

    def known(self) -> Collection[Pair]:
        return self.expectations[-1].candidates if self.expectations else ()

    def judge(self, step: Step, rows: ReturnedRows) -> None:
        """After the first deviation nothing more is judged: what follows from a fault is no fault of its own."""
        if self.deviations:
            return
        own = {each.insurer_number for each in self.story.insurers}
        self.expectations.append(self.model.take(step))
        self.returned.add({key: listed for key, listed in rows.items() if key[0] in own})
        verdict = judge(self.expectations[-1], self.returned, self.capabilities, self.told_before)
        self.exercised.update(verdict.exercised)
        self.exercised[FORM] += 1
        self.deviations = verdict.deviations

    def fail(self, step: Step, failure: SystemFailed) -> None:
        """The step has no answer; what would have been due is kept for those who look at it."""
        if not self.deviations:
            self.expectations.append(self.model.take(step))
            self.failure, self.deviations = failure, (failed(failure),)

    def played(self) -> Played:
        return Played(self.story, tuple(self.expectations), self.exercised, self.deviations, self.returned, self.failure)


def play(
    stories: Sequence[Story],
    make: MakeAggregation,
    capabilities: Collection[Capability] = ALL_CAPABILITIES,
    *,
    wait_days: int = 30,
) -> list[Played]:
    """上演: stories with municipalities of their own, at the same time in one fresh prefecture (see :func:`side_by_side`).

    Where the system gives no answer to a step (:class:`SystemFailed`), all of them end with it.
    """
    performances = [_Performance(story, capabilities, Prefecture(story.insurers, wait_days)) for story in stories]
    post = Post()
    insurers = sorted((each for story in stories for each in story.insurers), key=lambda each: each.insurer_number)
    with make(insurers) as system:
        for steps in zip(*(story.steps for story in stories), strict=True):
            files: list[FileToSend] = []
            for each, step in zip(performances, steps, strict=True):
                files += post.files(step, each.returned, each.known())
            try:
                rows = system.take(files, steps[0].as_of)
            except SystemFailed as failure:
                for each, step in zip(performances, steps, strict=True):
                    each.fail(step, failure)
                break
            for each, step in zip(performances, steps, strict=True):
                each.judge(step, rows)
    return [each.played() for each in performances]
