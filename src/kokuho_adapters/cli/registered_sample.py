"""見本の登録の表示: what the demonstration says of the registration with the intermediate server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import heading, insurer_name
from kokuho_adapters.sample.registration import RegisteredInsurer
from kokuho_core.certificates.documents import Document
from kokuho_core.vocabulary.insurers import InsurerRegister


def show_registered_sample(number: int, registered: Iterable[RegisteredInsurer], register: InsurerRegister) -> None:
    """Section ``number``: one line per municipality."""
    heading(f"{number}. 中間サーバーへの登録 / registration with the intermediate server")
    output.say("全員を模擬の中間サーバーにファイルで登録し、結果を取り込み、両側を照合し、利用登録情報から交付する書類を決めます。")
    output.say("Everybody is registered by file, results are taken, both sides compared, and documents decided from card use.")
    output.print_table(
        "登録・照合・書類 / registered, compared, decided",
        (
            "保険者 insurer", "登録 registered", "登録不可 blocked", "差異 differences", "資格確認書 certificates",
            "お知らせ notices",
        ),
        (
            (
                insurer_name(each.insurer_number, register), each.results.registered, each.results.counts.blocked,
                len(each.reconciliation.differences), each.number_of(Document.CERTIFICATE), each.number_of(Document.NOTICE),
            )
            for each in registered
        ),
    )  # fmt: skip


def registered_sample_data(each: RegisteredInsurer) -> dict[str, Any]:
    """One municipality as JSON."""
    return {
        "insurer_number": each.insurer_number,
        "registered": each.results.registered,
        "blocked": each.results.counts.blocked,
        "differences": len(each.reconciliation.differences),
        "snapshot_on": each.snapshot_on,
        "documents": [
            {"municipal_insured_id": item.municipal_insured_id, "document": item.document, "reason": item.reason}
            for item in each.documents
        ],
    }
