"""All mutants of the gallery, played and written as the table of docs/conformance-gallery.md: ``python -m tests.conformance.figures``."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .gallery import GALLERY

STORIES = 400
_SUMMED = (
    ("stories", "見つけるまでの生活史"), ("files", "縮めた後のファイル"), ("people", "縮めた後の人数"),
    ("cpu_seconds", "見つけて縮めるまでのプロセッサ時間(秒)"),
)  # fmt: skip
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance-gallery.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def play(number: int) -> dict[str, Any]:
    """One mutant in a process of its own: whether it was caught, by which rule, and how long its shortest story is."""
    command = [sys.executable, "-m", "tests.conformance.mutant", str(number), str(STORIES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(found: list[dict[str, Any]]) -> str:
    """The rows in the order of the gallery, and what they say together."""
    caught = [each for each in found if each["caught"]]
    lines = ["| 誤り | 見つけた規則 | 生活史 | ファイル | 人 |", "|---|---|---:|---:|---:|"]
    for each in found:
        shown = (each["rule"], each["stories"], each["files"], each["people"]) if each["caught"] else ("—", "見つからない", "", "")
        lines.append("| " + " | ".join(str(cell) for cell in (each["name"], *shown)) + " |")
    summary = [
        f"{len(found)}のうち{len(caught)}を見つけました。",
        *(
            f"{what}: 中央値 {statistics.median(each[key] for each in caught):g}、最大 {max(each[key] for each in caught)}。"
            for key, what in _SUMMED
        ),
    ]
    return "\n".join([*lines, "", *summary]) + "\n"


def main() -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(play, range(len(GALLERY))))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{after}", "utf-8", newline="\n")


if __name__ == "__main__":
    main()
