"""適合性試験: point it at a system that takes change files and returns results, and learn which rules it keeps.

    from kokuho_core.conformance import run_conformance

    report = run_conformance(my_system, system="自社システム 1.2")
    assert report.is_conformant, report

``my_system`` is called with the municipalities of a prefecture and gives a context manager; inside it stands a fresh, empty
system (:class:`~kokuho_core.conformance.system.Aggregation`). The harness makes life stories, sends their files, and judges what
comes back by models of the rules that share no code with the library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

from attrs import evolve, field, frozen

from kokuho_core.conformance.bundle import side_by_side
from kokuho_core.conformance.choices import SeededChoices
from kokuho_core.conformance.lives import tell
from kokuho_core.conformance.report import Fault, Report, results_of
from kokuho_core.conformance.rules import ALL_CAPABILITIES, Capability
from kokuho_core.conformance.run import Played, play
from kokuho_core.conformance.shrinking import shrink
from kokuho_core.conformance.story import Story
from kokuho_core.conformance.system import MakeAggregation

ReportProgress = Callable[[int, int], None]
"""Called with the stories played so far and the faults found."""

Kind = tuple[str, str, str]
"""What makes two deviations the same fault (:attr:`Deviation.kind`)."""


@frozen
class ConformanceSettings:
    """設定. ``stories``: how many life stories; ``together``: how many side by side in one prefecture (1: each alone);
    ``most_faults``: the run ends when so many different ones are found; ``most_tries``: runs of the system to shorten one story;
    ``wait_days``: days until a move that nobody answers is told (P-6)."""

    seed: str = "1"
    stories: int = 200
    together: int = 8
    most_faults: int = 10
    most_tries: int = 200
    wait_days: int = 30
    exceptions: Mapping[str, str] = field(factory=dict)


def run_conformance(
    make: MakeAggregation,
    capabilities: Collection[Capability] = ALL_CAPABILITIES,
    settings: ConformanceSettings | None = None,
    *,
    system: str = "試験対象",
    progress: ReportProgress = lambda played, faults: None,
) -> Report:
    """Play the stories of a seed, shorten each kind of fault to a small story, and report rule by rule."""
    settings = settings or ConformanceSettings()
    run = _Run(make, frozenset(capabilities), settings)
    exercised: Counter[str] = Counter()
    faults: list[Fault] = []
    known: set[Kind] = set()
    wrong: set[str] = set()
    only_together: dict[Kind, Fault] = {}
    number = 0
    for stories in _lots(settings):
        for played in run.play(side_by_side(stories) if len(stories) > 1 else stories):
            number += 1
            exercised.update(played.exercised)
            wrong |= {each.rule for each in played.deviations}
            new = [each for each in played.deviations if each.kind not in known]
            if new and len(faults) < settings.most_faults:
                fault = run.fault(played, number)
                if fault is None:
                    only_together.setdefault(new[0].kind, Fault(new[0].rule, played, played.story.name, number, 0))
                    continue
                known |= {each.kind for each in played.deviations} | {each.kind for each in fault.played.deviations}
                if not any(fault.deviation.kind == each.deviation.kind for each in faults):
                    faults.append(fault)
        progress(number, len(faults))
        if len(faults) >= settings.most_faults:
            break
    faults += [fault for kind, fault in only_together.items() if kind not in known]
    results = results_of(faults, exercised, run.capabilities, settings.exceptions, wrong)
    return Report(system, settings.seed, number, run.capabilities, results)


def story_of(seed: str, number: int) -> Story:
    """The story of a seed under its number, the same everywhere."""
    name = f"{seed}/{number}"
    return tell(name, SeededChoices(name))


def _lots(settings: ConformanceSettings) -> Iterator[list[Story]]:
    for first in range(0, settings.stories, settings.together):
        last = min(first + settings.together, settings.stories)
        yield [story_of(settings.seed, number) for number in range(first, last)]


@frozen
class _Run:
    make: MakeAggregation
    capabilities: frozenset[Capability]
    settings: ConformanceSettings

    def play(self, stories: Collection[Story]) -> list[Played]:
        return play(list(stories), self.make, self.capabilities, wait_days=self.settings.wait_days)

    def fault(self, played: Played, number: int) -> Fault | None:
        """The fault as its shortest story; None where it does not show without the stories beside it.

        Such a fault is reported as it was played: a system may mix up what belongs to different municipalities.
        """
        kinds = {each.kind for each in played.deviations}

        def shows(story: Story) -> bool:
            return any(each.kind in kinds for each in self.play([story])[0].deviations)

        if not shows(played.story):
            return None
        most_tries = self.settings.most_tries
        if played.failure is not None and played.failure.tries is not None:
            most_tries = min(most_tries, played.failure.tries)
        shortest, tries = shrink(played.story, shows, most_tries=most_tries)
        again = self.play([evolve(shortest, name=played.story.name)])[0]
        first = next((each for each in again.deviations if each.kind in kinds), None)
        if first is None:  # a system that answers differently from one time to the next
            return None
        return Fault(first.rule, again, played.story.name, number, tries)
