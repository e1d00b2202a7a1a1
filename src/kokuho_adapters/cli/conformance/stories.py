"""``kokuho conformance stories``: the input files of a story, to look at."""

from __future__ import annotations

from pathlib import Path

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.conformance.options import ENCODING, LAYOUTS, STORY_SEED, empty_folder, form_of
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.parameters import FOLDER
from kokuho_adapters.cli.session import JSON
from kokuho_core.conformance.harness import story_of
from kokuho_core.errors import Problem, SetupFault


@click.command()
@STORY_SEED
@click.option("--number", default=0, show_default=True, type=click.IntRange(0), help="生活史の番号 / Number of the story.")
@click.option(
    "--out", required=True, type=FOLDER, metavar="DIR", callback=empty_folder, help="書く先(空のフォルダ) / An empty folder."
)
@LAYOUTS
@ENCODING
@JSON
def stories(seed: str, number: int, out: Path, layouts: tuple[Path, ...], encoding: str, as_json: bool) -> int:
    """一つの生活史の入力ファイルを書き出します(確定指示を除く)。 / Write the files of one story, without decisions."""
    from kokuho_adapters.conformance.fault_folder import STORY_FILE, sent_files, write_steps
    from kokuho_adapters.conformance.story_json import dump_story

    story = story_of(seed, number)
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = sent_files(story)
        write_steps(out, form_of(layouts, encoding), story, taken)
        (out / STORY_FILE).write_text(dump_story(story), encoding="utf-8", newline="\n")
    except OSError:
        raise SetupFault(Problem("KKH-C020", field="--out")) from None
    if as_json:
        output.print_json({"story": story.name, "folder": out, "steps": len(taken), "files": story.files})
        return DONE
    output.print_table(
        f"生活史 / story {story.name} → {out}",
        ("回 step", "業務日 as of", "ファイル file"),
        ((step, as_of, each.name) for step, (files, as_of) in enumerate(taken, 1) for each in files),
    )
    return DONE
