"""口の適合性試験: histories of a seed on a port, each on a fresh system, shortened to the acts that show a fault.

    from kokuho_core.conformance.trials import StoresTrial, run_port_conformance

    report = run_port_conformance([StoresTrial(my_stores)], system="自社の保管 1.2")
    assert report.is_conformant, report
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from attrs import define, field, frozen

from kokuho_core.conformance.choices import SeededChoices
from kokuho_core.conformance.harness import ConformanceSettings
from kokuho_core.conformance.trials.report import PortFault, PortReport, PortRuleKey, port_results
from kokuho_core.conformance.trials.trial import Check, NothingFresh, Trial
from kokuho_core.errors import KokuhoError

Progress = Callable[[int, int], None]


@frozen
class Difference:
    """差異: the first check that failed, after the last of ``acts``."""

    acts: tuple[Any, ...]
    check: Check


def run_port_conformance(
    trials: Iterable[Trial[Any]],
    settings: ConformanceSettings | None = None,
    *,
    system: str = "試験対象",
    progress: Progress = lambda played, faults: None,
) -> PortReport:
    """Play ``settings.stories`` histories on each port, shorten what shows a fault, and report rule by rule.

    After the first difference nothing more of a history is judged: what follows from a fault is no fault of its own. What of
    ``settings`` is about life stories alone (``together``, ``wait_days``) has no meaning here.
    """
    settings = settings or ConformanceSettings()
    run = _Run(settings)
    listed = list(trials)
    for trial in listed:
        run.try_port(trial, progress)
    ports = frozenset(trial.port for trial in listed)
    results = port_results(run.faults, run.exercised, run.wrong, ports, settings.exceptions)
    return PortReport(system, settings.seed, run.played, ports, results)


def play(trial: Trial[Any], acts: Sequence[Any], exercised: Counter[PortRuleKey] | None = None) -> Difference | None:
    """One history on a fresh system: its first difference, None where everything is as it must be."""
    with trial.open() as stage:
        for number, act in enumerate(acts, 1):
            with closing(_checked(trial, stage, act)) as checks:  # what it holds open ends before the system does
                for check in checks:
                    if exercised is not None:
                        exercised[trial.port, check.rule] += 1
                    if check.expected != check.actual:
                        return Difference(tuple(acts[:number]), check)
    return None


def _checked(trial: Trial[Any], stage: Callable[[Any], Iterator[Check]], act: Any) -> Generator[Check, None, None]:
    """The checks of one act; a failure of the system is one of them. Its text is not repeated, as it may hold anything (S-3)."""
    try:
        yield from stage(act)
    except Exception as error:  # noqa: BLE001 - whatever a vendor's system raises is its answer
        said = error.code if isinstance(error, KokuhoError) else ""
        yield Check(trial.rule_of_failures, "正常に終わる", "終わる", f"{type(error).__name__} {said}".strip())


@define
class _Run:
    settings: ConformanceSettings
    played: int = 0
    faults: list[PortFault] = field(factory=list)
    exercised: Counter[PortRuleKey] = field(factory=Counter)
    wrong: set[PortRuleKey] = field(factory=set)

    def try_port(self, trial: Trial[Any], progress: Progress) -> None:
        try:
            self._play_all(trial, progress)
        except NothingFresh:
            progress(self.played, len(self.faults))

    def _play_all(self, trial: Trial[Any], progress: Progress) -> None:
        found = 0
        for number in range(self.settings.stories):
            name = f"{self.settings.seed}/{trial.port.value}/{number}"
            difference = play(trial, tuple(trial.history(SeededChoices(name))), self.exercised)
            self.played += 1
            if difference is not None:
                key = (trial.port, difference.check.rule)
                if key not in self.wrong:
                    self.faults.append(self._shortest(trial, difference, name, number + 1))
                    found += 1
                self.wrong.add(key)
            progress(self.played, len(self.faults))
            if found >= self.settings.most_faults:
                return

    def _shortest(self, trial: Trial[Any], found: Difference, name: str, number: int) -> PortFault:
        """Without one act after the other, then with less in one act after the other, while the same rule is broken."""
        tries, again = 0, True
        while again:
            again = False
            for shorter in _shorter(trial, found.acts):
                if tries >= self.settings.most_tries:
                    break
                tries += 1
                try:
                    difference = play(trial, shorter)
                except NothingFresh:
                    break
                if difference is not None and difference.check.rule == found.check.rule:
                    found, again = difference, True
                    break
        check = found.check
        acts = tuple(map(str, found.acts))
        return PortFault(
            check.rule, trial.port, acts, check.what, f"{check.expected}", f"{check.actual}", name, number, tries
        )


def _shorter(trial: Trial[Any], acts: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    if len(acts) > 1:
        for place in range(len(acts)):
            yield (*acts[:place], *acts[place + 1 :])
    for place, act in enumerate(acts):
        for simpler in trial.simpler(act):
            yield (*acts[:place], simpler, *acts[place + 1 :])
