"""実演: the whole main job on the shipped sample files, step by step, in a fresh database."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click
from attrs import frozen

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import (
    answer_data,
    heading,
    show_candidates,
    show_delivered_in_short,
    show_findings,
    show_received_in_short,
    show_resolved,
    summary_data,
)
from kokuho_adapters.cli.incoming import csv_files
from kokuho_adapters.cli.offices_sample import demonstrate_offices
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.parameters import FOLDER
from kokuho_adapters.cli.person import draw_person, find_addressee
from kokuho_adapters.cli.registered_sample import registered_sample_data, show_registered_sample
from kokuho_adapters.cli.session import JSON
from kokuho_adapters.cli.story import FeaturedPerson, Round, Story, copy_sample, read_story, shipped_sample
from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.sample.registration import register_sample
from kokuho_core.usecases.deliver import DeliveredFile, deliver
from kokuho_core.usecases.listings import list_candidates, list_findings
from kokuho_core.usecases.receive import receive
from kokuho_core.usecases.resolve import resolve
from kokuho_core.vocabulary.identifiers import InsurerNumber

DATABASE: Final = "demo.sqlite3"
OFFICES: Final = "offices"
INTERMEDIATE: Final = "intermediate-server"


@click.command()
@click.option(
    "--dir",
    "folder",
    type=FOLDER,
    default=Path("kokuho-demo"),
    show_default=True,
    metavar="DIR",
    help="作業フォルダ / Folder to work in.",
)
@JSON
def demo(folder: Path, as_json: bool) -> int:
    """見本ファイルで主な業務を最初から最後まで実行します。 / Run the whole main job on the shipped sample files."""
    told = run_demo(folder, quiet=as_json)
    if as_json:
        output.print_json(told)
    return DONE


def run_demo(folder: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Run the story in ``folder`` and tell every step, unless ``quiet``; returns what happened as data.

    What an earlier run left in ``folder`` is replaced, nothing else.
    """
    _clear(folder)
    sample = folder / "sample"
    copy_sample(shipped_sample(), sample)
    story = read_story(sample / "story.toml")
    configuration = Configuration(f"sqlite:///{(folder / DATABASE).as_posix()}")
    insurers = read_insurers(sample / story.insurers, story.prefecture)
    made = initialise(configuration, story.prefecture, insurers)
    steps: list[dict[str, Any]] = []
    with open_installation(configuration) as opened:
        play = _Play(opened, story, folder, sample, quiet)
        if not quiet:
            output.say("国保情報集約の主な業務を、架空の見本ファイルで順に実行します。")
            output.say("The main job of the aggregation, step by step, on invented sample files.")
            heading(f"準備 / init — 都道府県 {made.prefecture}, 保険者 {made.insurers}")
            output.say(f"データベース / database: {folder / DATABASE}")
        steps.extend(play.round(number, each) for number, each in enumerate(story.rounds, 1))
        registered = register_sample(opened, folder / INTERMEDIATE, story.rounds[-1].as_of)
        if not quiet:
            show_registered_sample(len(story.rounds) + 1, registered, opened.register())
        picture = play.featured(story.featured_person)
    offices = demonstrate_offices(folder / OFFICES, story.prefecture, insurers, quiet=quiet)
    if not quiet:
        heading("ファイル / files")
        output.say(f"見本 / sample: {sample}")
        output.say(f"配信 / delivered: {folder / 'delivered'}")
        output.say(f"模擬中間サーバー / simulated intermediate server: {folder / INTERMEDIATE}")
    return {
        "folder": folder,
        "init": made,
        "rounds": steps,
        "registration": [registered_sample_data(each) for each in registered],
        "picture": picture,
        "offices": offices,
    }


def _clear(folder: Path) -> None:
    """Remove what an earlier demo made; without its database nothing here is ours."""
    if (folder / DATABASE).exists():
        made = ("", "-wal", "-shm", ".keys.json", ".audit", ".audit.lock")
        for name in ("person.svg", *(f"{DATABASE}{suffix}" for suffix in made)):
            (folder / name).unlink(missing_ok=True)
        for name in ("sample", "delivered", OFFICES, INTERMEDIATE):
            shutil.rmtree(folder / name, ignore_errors=True)


@frozen
class _Play:
    """The demo while it runs."""

    opened: Installation
    story: Story
    folder: Path
    sample: Path
    quiet: bool

    def round(self, number: int, told: Round) -> dict[str, Any]:
        """受信 → 判定 → 候補 → 配信 of one round; decisions are among the files received."""
        office, register, book = self.opened.office, self.opened.register(), self.opened.book
        if not self.quiet:
            heading(f"{number}. {told.name} — 業務日付 / business date {told.as_of.isoformat()}")
            for text in filter(None, (told.text_ja, told.text_en)):
                output.say(text)
        answers = [
            answer
            for path in csv_files(self.sample / told.folder)
            for answer in receive(office, self.opened.incoming(path, register))
        ]
        summary = resolve(office, told.as_of)
        findings, candidates = list_findings(office, open_only=True), list_candidates(office)
        delivered = self._delivered(told, (insurer.insurer_number for insurer in register))
        if not self.quiet:
            show_received_in_short(answers, register)
            show_resolved(summary)
            show_findings(findings, register)
            show_candidates(candidates, register, book)
            show_delivered_in_short(delivered, register, self.folder / "delivered" / told.folder)
        return {
            "name": told.name,
            "received": [answer_data(answer) for answer in answers],
            "resolved": summary_data(summary),
            "findings": findings,
            "candidates": candidates,
            "delivered": delivered,
        }

    def _delivered(self, told: Round, insurers: Iterable[InsurerNumber]) -> dict[InsurerNumber, list[DeliveredFile]]:
        out = (self.folder / "delivered" / told.folder).resolve()
        out.mkdir(parents=True, exist_ok=True)
        outgoing = self.opened.outgoing(out)
        return {insurer: deliver(self.opened.office, insurer, outgoing, str(out)) for insurer in insurers}

    def featured(self, person: FeaturedPerson | None) -> Path | None:
        """One person's timeline, as a picture beside the files."""
        if person is None:
            return None
        insured_id = find_addressee(self.opened, person.insurer_number, person.addressee_number)
        picture = self.folder / "person.svg"
        return (
            picture if draw_person(self.opened, insured_id, picture, self.story.rounds[-1].as_of, self.quiet) else None
        )
