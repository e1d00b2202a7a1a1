"""``init``, ``generate``: the database of a prefecture, and made-up files to try it with."""

from __future__ import annotations

from pathlib import Path

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.parameters import FILE, FOLDER, Prefecture
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import initialise, layouts_of
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import INSURERS_FILE, read_insurers


@click.command()
@click.option("--prefecture", required=True, type=Prefecture(), help="都道府県番号 / Prefecture, 01 to 47.")
@click.option("--insurers", required=True, type=FILE, metavar="FILE", help="保険者一覧 insurers.csv / The insurers.")
@JSON
@SESSION
def init(session: Session, prefecture: str, insurers: Path, as_json: bool) -> int:
    """データベースと鍵を用意し、保険者一覧を登録します。 / Create or migrate the database, load the insurers.

    何度実行しても構いません。 / May be repeated.
    """
    listed = read_insurers(insurers, prefecture)
    done = initialise(session.configuration, prefecture, listed, session.context, credentials=session.presented())
    if as_json:
        output.print_json(done)
        return DONE
    output.say(f"データベース / database: {done.database}")
    output.say(f"鍵 / key ring: {done.key_ring} ({'作成 / made' if done.key_ring_made else '既存 / kept'})")
    output.say(f"保険者 / insurers: {done.insurers} (都道府県 / prefecture {done.prefecture})")
    if done.key_ring_made:
        output.say("鍵はデータベースと別に控えを保管してください。失うと個人番号は復元できません。")
        output.say("Keep a copy of the key ring apart from the database: without it no number can be read.")
    return DONE


@click.command()
@click.option("--persons", required=True, type=click.IntRange(min=1), help="人数 / Persons.")
@click.option("--municipalities", required=True, type=click.IntRange(min=1), help="市区町村数 / Municipalities.")
@click.option("--seed", default=1, show_default=True, type=int, help="乱数の種 / Seed: the same gives the same files.")
@click.option("--out", required=True, type=FOLDER, metavar="DIR", help="出力先 / Folder to write into.")
@click.option("--prefecture", default="13", show_default=True, type=Prefecture(), help="都道府県番号 / Prefecture.")
@click.option(
    "--stories", default=0, show_default=True, type=click.IntRange(min=0),
    help="適合性試験の生活史をいくつ混ぜるか / Life stories of the conformance run among them.",
)
@JSON
def generate(
    persons: int, municipalities: int, seed: int, out: Path, prefecture: str, stories: int, as_json: bool
) -> int:
    """架空の県のファイルを作ります(実在の情報は含みません)。 / Make realistic synthetic files, never real data."""
    from kokuho_adapters.synthetic import generate_prefecture

    out.mkdir(parents=True, exist_ok=True)
    with output.progress() as progress:
        made = generate_prefecture(
            persons, municipalities, seed, out, prefecture=prefecture, progress=progress, stories=stories
        )
    if as_json:
        output.print_json(
            {"folder": out, "insurers": out / INSURERS_FILE, "files": made.names, "records": made.records}
        )
        return DONE
    names = {layout.id: layout.name for layout in layouts_of(Configuration())}
    output.print_table(
        f"合成ファイル / generated → {out}",
        ("ファイルID", "内容", "件数 records"),
        ((file_id, names.get(file_id), count) for file_id, count in made.records.items()),
    )
    output.say(f"{len(made.names)} ファイル / files; 保険者一覧 / insurers: {out / INSURERS_FILE}")
    return DONE
