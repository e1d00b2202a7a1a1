"""``office look-up``, ``office look-ups``: a number by basic items, on five matching ones or not at all (I-2, S-23)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.errors import entry
from kokuho_core.identity.number_lookup import LookUpOutcome, NumberLookUp
from kokuho_core.usecases.number_lookup import look_up_number, open_look_ups
from kokuho_core.vocabulary.identifiers import AddresseeNumber, InsurerNumber

_INSURER = click.option("--insurer", required=True, metavar="CODE", help="自庁の保険者番号 / The own insurer number.")
_OUTCOMES = {
    LookUpOutcome.LINKED: "結付け linked",
    LookUpOutcome.WAITING: "確認待ち waiting",
    LookUpOutcome.HELD: "保留 held",
}
_ITEMS = {"name": "氏名", "name_kana": "カナ", "birth_date": "生年月日", "sex": "性別", "address": "住所"}


@click.command("look-up")
@_INSURER
@click.argument("addressee", metavar="宛名番号")
@click.option(
    "--answer", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="照会先の回答(JSON) / What the register answered.",
)  # fmt: skip
@click.option("--reason", default="", metavar="TEXT", help="理由(異体字の確認を依頼するとき必須) / Why; needed to ask.")
@JSON
@SESSION
def look_up(session: Session, insurer: str, addressee: str, answer: Path, reason: str, as_json: bool) -> int:
    """基本五項目で照会した個人番号を結び付けます。 / Link a number that was looked up by the five basic items.

    五項目がすべて一致したときだけ結び付けます。異体字だけが違うときは、二人目が同じコマンドを実行すると結び付きます。ほかは保留し、番号は
    保存も送付もしません。保留は終了コード3です。回答ファイルは個人番号を含むので、終わったら消してください。

    Linked on five matching items alone; a variant character takes a second person, who runs the same; anything else is held.
    """
    from kokuho_adapters.number_answer import AnswerFile

    with session.installation() as opened:
        found = look_up_number(
            opened.office, InsurerNumber(insurer), AddresseeNumber(addressee), AnswerFile(answer), reason
        )
    _show([found], as_json=as_json)
    return FOUND if found.is_open else DONE


@click.command("look-ups")
@_INSURER
@JSON
@SESSION
def look_ups(session: Session, insurer: str, as_json: bool) -> int:
    """番号の照会のうち、保留と確認待ち。あれば終了コード3。 / Look-ups that are held or wait; ends with 3 if any."""
    with session.installation() as opened:
        listed = open_look_ups(opened.office, InsurerNumber(insurer))
    _show(listed, as_json=as_json)
    return FOUND if listed else DONE


def _show(listed: Iterable[NumberLookUp], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"look_ups": [_data(each) for each in listed]})
        return
    output.print_table(
        "番号の照会 / look-ups",
        ("番号", "宛名番号", "結果 outcome", "候補", "一致しない項目 differing", "理由 why", "照会 asked by", "確認 agreed by"),
        (
            (
                each.number, each.addressee_number, _OUTCOMES[each.outcome], each.candidates,
                " ".join(_ITEMS[item] for item in each.evidence.differing), _reason(each), each.asked_by, each.agreed_by,
            )
            for each in listed
        ),
    )  # fmt: skip


def _reason(each: NumberLookUp) -> str | None:
    return f"{each.code} {entry(each.code).message_ja}" if each.code else None


def _data(each: NumberLookUp) -> dict[str, Any]:
    return {
        "number": each.number, "addressee_number": each.addressee_number, "at": each.at, "outcome": each.outcome.value,
        "candidates": each.candidates, "matched": sorted(each.evidence.matched), "differing": list(each.evidence.differing),
        "code": each.code or None, "asked_by": each.asked_by, "agreed_by": each.agreed_by, "notice": each.notice,
    }  # fmt: skip
