"""A process in which one passage of the library's source is replaced: ``python -m tests.conformance.mutant NUMBER``."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import time
from types import ModuleType
from typing import Any

from .gallery import GALLERY, Mutant


class _Replacing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the mutant's module with its passage replaced, and every other module as ever."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != self.mutant.module:
            return None
        return importlib.util.spec_from_loader(name, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        source = source_of(self.mutant.module)
        exec(compile(source.replace(self.mutant.old, self.mutant.new), self.mutant.module, "exec"), module.__dict__)


def source_of(name: str) -> str:
    """The source as installed, without importing it."""
    package, _, last = name.rpartition(".")
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations
    found = importlib.machinery.PathFinder.find_spec(name, list(spec.submodule_search_locations))
    assert found is not None and isinstance(found.loader, importlib.machinery.SourceFileLoader), last
    source = found.loader.get_source(name)
    assert source is not None
    return source


def main(number: int, stories: int) -> dict[str, Any]:
    mutant = GALLERY[number]
    sys.meta_path.insert(0, _Replacing(mutant))
    assert mutant.module not in sys.modules, f"{mutant.module} was imported before it could be changed"

    from kokuho_adapters.conformance.embedded import embedded
    from kokuho_core.conformance import ConformanceSettings, run_conformance

    settings = ConformanceSettings(stories=stories, most_faults=1)
    report = run_conformance(embedded, settings=settings, system=mutant.name)
    found: dict[str, Any] = {"name": mutant.name, "stories": report.stories, "caught": bool(report.faults)}
    for fault in report.faults[:1]:
        story = fault.played.story
        found |= {
            "rule": fault.rule,
            "field": f"{fault.deviation.key.file_id}.{fault.deviation.field}",
            "stories": fault.story_number,
            "files": story.files,
            "people": story.people,
            "tries": fault.tries,
        }
    return {**found, "cpu_seconds": round(time.process_time(), 1)}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2])), ensure_ascii=False))
