"""``receive``, ``decide``, ``check``: files of municipalities (1-③ … 1-⑤)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import answer_data, is_clean, show_answers
from kokuho_adapters.cli.incoming import GivenPaths, expand
from kokuho_adapters.cli.output import DONE, FAILED, FOUND
from kokuho_adapters.cli.parameters import ANY_PATH, ENCODING, FILE
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import layouts_of
from kokuho_adapters.files import OpenFormatFile
from kokuho_adapters.insurers_list import read_insurers
from kokuho_core.errors import FileRefused, Problem, entry
from kokuho_core.usecases import check as checking
from kokuho_core.usecases import receive as receiving
from kokuho_core.usecases.receive import FileAnswer
from kokuho_core.vocabulary.insurers import InsurerRegister

SECOND_LOOK: Final = "KKH-H005"
"""A decision was received and waits for a second person."""


@click.command()
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH, metavar="PATH…")
@ENCODING
@JSON
@SESSION
def receive(session: Session, paths: tuple[Path, ...], encoding: str | None, as_json: bool) -> int:
    """市区町村のファイルまたはフォルダを受け付けます。 / Take files of municipalities, or folders of them."""
    given = expand(paths)
    answers = list(_received(session, given.files, encoding)) if given.files else []
    if not (answers or given.missing or as_json):
        output.say("受け付けるファイルがありません。 / There is no file to receive.")
    return _answered(answers, given, as_json)


@click.command()
@click.argument("file", type=ANY_PATH)
@ENCODING
@JSON
@SESSION
def decide(session: Session, file: Path, encoding: str | None, as_json: bool) -> int:
    """継続世帯確定指示(KEISHIJI)を受け付けます。 / Take a file of decisions on continuity."""
    given = expand([file]) if not file.is_dir() else GivenPaths((), (file,))
    if given.files and not file.name.startswith("KEISHIJI_"):
        raise FileRefused(Problem("KKH-F013", field=f"{file.name}: not KEISHIJI"))
    answers = list(_received(session, given.files, encoding)) if given.files else []
    code = _answered(answers, given, as_json)
    if not as_json and any(problem.code == SECOND_LOOK for answer in answers for problem in answer.errors):
        output.say("別の人が kokuho decisions で内容を見て、確認(confirm)または差戻し(refuse)をします。")
        output.say("Another person looks at it with kokuho decisions, and confirms or refuses it.")
    if not as_json and any(answer.file_id == "KEISHIJI" and answer.counts.accepted for answer in answers):
        output.say("判定は二つの市区町村にすぐ効きます。その先へ続く候補には、次の resolve で反映されます。")
        output.say("次に kokuho resolve を実行してください。")
        output.say("It holds at once for the two municipalities; candidates further on follow with kokuho resolve.")
    return code


def _received(session: Session, files: Iterable[Path], encoding: str | None) -> Iterator[FileAnswer]:
    with session.installation() as opened:
        for incoming in opened.all_incoming(list(files), encoding):
            yield from receiving.receive(opened.office, incoming, encoding)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH, metavar="PATH…")
@click.option(
    "--insurers", type=FILE, metavar="FILE", help="保険者一覧(送信元と文字コードも点検) / Check senders too."
)
@ENCODING
@JSON
@SESSION
def check(session: Session, paths: tuple[Path, ...], insurers: Path | None, encoding: str | None, as_json: bool) -> int:
    """送信前の点検: 受け付けずに誤りを調べます。 / The sender's dry run; nothing is stored, no database is needed."""
    configuration = session.configuration
    book = layouts_of(configuration)
    register = InsurerRegister(read_insurers(insurers)) if insurers is not None else None
    given = expand(paths)
    with output.progress() as progress:
        answers = [
            checking.check(OpenFormatFile.from_path(path, book, register, encoding), configuration.settings, progress)
            for path in given.files
        ]
    if not (answers or given.missing or as_json):
        output.say("検査するファイルがありません。 / There is no file to check.")
    return _answered(answers, given, as_json, checked=True)


def _answered(answers: Sequence[FileAnswer], given: GivenPaths, as_json: bool, *, checked: bool = False) -> int:
    if as_json:
        output.print_json({"files": [answer_data(answer) for answer in answers]})
    elif answers:
        show_answers(answers, checked=checked)
    for path in given.missing:
        unreadable = entry("KKH-F015")
        output.complain(f"{unreadable.code} {path}: {unreadable.message_ja} / {unreadable.message_en}")
    if given.missing:
        return FAILED
    return DONE if all(is_clean(answer) for answer in answers) else FOUND
