"""``keys``, ``rotate-keys``, ``destroy-key``: the keys of the prefecture (S-10, S-29)."""

from __future__ import annotations

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.security.key_custody import KeyOverview, overview
from kokuho_adapters.security.key_disposal import complete_disposals, dispose_of_key
from kokuho_adapters.security.key_rotation import (
    Rotated,
    RotatedKeys,
    rotate_data_keys,
    rotate_index_key,
    rotate_wrapping_keys,
)
from kokuho_core.access import Operation
from kokuho_core.ports.keys import KeyPurpose, KeyState
from kokuho_core.vocabulary.identifiers import InsurerNumber

_PURPOSES = {KeyPurpose.DATA: "データ data", KeyPurpose.INDEX: "索引 index", KeyPurpose.FINGERPRINT: "指紋 fingerprint"}
_STATES = {
    KeyState.CURRENT: "現用 current",
    KeyState.REPLACED: "入替え中 replaced",
    KeyState.RETIRED: "退役 retired",
    KeyState.DESTROYED: "破棄済み destroyed",
}
_KINDS = {
    RotatedKeys.DATA: "データ鍵 / data keys",
    RotatedKeys.INDEX: "索引の鍵 / index key",
    RotatedKeys.MASTER: "鍵を包む鍵 / wrapping keys",
}


@click.command("keys")
@JSON
@SESSION
def keys(session: Session, as_json: bool) -> int:
    """鍵の一覧: 版・状態・鍵ごとの値の件数・次の入替えの日。 / List the keys, what stands under them, and when they are due.

    入替えの期日を過ぎた鍵、途中で止まった入替えや破棄があれば、終了コード3になります。

    Ends with 3 when a rotation is due, or a rotation or disposal is not complete.
    """
    with session.installation() as opened, opened.admitted_custody(Operation.LIST_KEYS) as custody:
        found = overview(custody)
    if as_json:
        output.print_json(found)
    else:
        _show(found)
    return DONE if found.is_settled else FOUND


def _show(found: KeyOverview) -> None:
    output.print_table(
        "鍵 / keys",
        ("鍵番号 key", "用途 purpose", "保険者 insurer", "版", "状態 state", "件数 values", "暗号化の回数", "次の入替え next"),
        (
            (
                key.key_id, _PURPOSES[key.purpose], key.insurer_number, key.version, _STATES[key.state], key.values,
                key.encryptions, key.next_rotation_on,
            )
            for key in found.keys
        ),
    )  # fmt: skip
    if found.disposals:
        output.print_table(
            "破棄の記録 / disposals",
            ("鍵番号 key", "保険者 insurer", "版", "日時", "決定者 by", "理由 reason", "完了 completed"),
            (
                (each.key_id, each.insurer_number, each.version, each.decided_at, each.decided_by, each.reason,
                 each.completed_at)
                for each in found.disposals
            ),
        )  # fmt: skip
    if found.unused_wrapping_keys:
        output.say(
            f"提供元に、このデータベースが使わない鍵が {found.unused_wrapping_keys} 個あります。"
            f" / The provider has {found.unused_wrapping_keys} keys that this database does not use."
        )
    if any(key.state is KeyState.REPLACED for key in found.keys):
        output.say("途中の入替えがあります。もう一度 rotate-keys を実行してください。 / A rotation is to be run again.")
    if any(key.is_due for key in found.keys):
        output.say("入替えの期日を過ぎた鍵があります。 / A rotation is due.")
    if any(each.completed_at is None for each in found.disposals):
        output.say("途中の破棄があります。destroy-key を実行してください。 / A disposal is to be run again.")


@click.command("rotate-keys")
@click.option("--data", "kind", flag_value="data", help="データ鍵: 値を新しい鍵で暗号化し直す / Data keys.")
@click.option("--index", "kind", flag_value="index", help="索引の鍵: 索引を作り直す / Index key.")
@click.option("--master", "kind", flag_value="master", help="鍵を包む鍵 / Wrapping keys of the provider.")
@click.option("--insurer", metavar="CODE", help="データ鍵をこの保険者だけ / Data key of one insurer.")
@JSON
@SESSION
def rotate_keys(session: Session, kind: str | None, insurer: str | None, as_json: bool) -> int:
    """鍵を入れ替えます。業務を止めずに行い、途中で止まれば続きから行います。 / Rotate keys, online; run again, it goes on.

    古い鍵は退役し、古いバックアップのために残ります。消すのは destroy-key です。

    The old keys are retired and kept for older backups; destroy-key destroys them.
    """
    if kind is None:
        raise click.UsageError("--data、--index、--master のどれかを指定してください。 / Give one of them.")
    if insurer is not None and kind != "data":
        raise click.UsageError("--insurer は --data とだけ使えます。 / --insurer goes with --data only.")
    with session.installation() as opened, opened.admitted_custody(Operation.ROTATE_KEYS, kind) as custody:
        complete_disposals(custody)
        if kind == RotatedKeys.DATA.value:
            done = rotate_data_keys(custody, InsurerNumber(insurer) if insurer is not None else None)
        elif kind == RotatedKeys.INDEX.value:
            done = rotate_index_key(custody)
        else:
            done = rotate_wrapping_keys(custody)
    _tell(done, as_json=as_json)
    return DONE


def _tell(done: Rotated, *, as_json: bool) -> None:
    if as_json:
        output.print_json(done)
        return
    went_on = "(途中からの続き / resumed)" if done.resumed else ""
    output.say(f"入れ替えました / rotated: {_KINDS[done.kind]} {went_on}".rstrip())
    output.say(f"退役した鍵 / retired: {len(done.retired)}、作り直した値 / renewed: {done.values}")


@click.command("destroy-key")
@click.argument("key_id", metavar="KEY")
@click.option("--reason", default="", metavar="TEXT", help="理由(依頼のとき必須) / Why; needed to ask.")
@JSON
@SESSION
def destroy_key(session: Session, key_id: str, reason: str, as_json: bool) -> int:
    """退役した鍵を破棄します(2人で)。元に戻せません。 / Destroy a retired key, by two people. It cannot be undone.

    その鍵の値は、バックアップの中のものも読めなくなります。鍵ファイルの控えは別に消してください。

    What stands under it cannot be read any more, in backups neither. Destroy copies of the key ring file too.
    """
    with session.installation() as opened, opened.admitted_custody(Operation.DESTROY_KEY, key_id) as custody:
        disposal = dispose_of_key(custody, opened.office, key_id, reason)
        complete_disposals(custody)
    if as_json:
        output.print_json(disposal)
    else:
        output.say(f"破棄しました / destroyed: {disposal.key_id}")
        output.say("鍵ファイルの控えがあれば、それも消してください。 / Destroy copies of the key ring file too.")
    return DONE
