"""窓口の実演の表示: what the demonstration says of the two municipal offices."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import answer_data, heading, insurer_name, show_received_in_short
from kokuho_adapters.sample.offices import AS_OF, OfficeView, PlayedOffices, play_offices
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister


def demonstrate_offices(folder: Path, prefecture: str, insurers: list[Insurer], *, quiet: bool) -> dict[str, Any]:
    """Play them in ``folder`` and tell it, unless ``quiet``; returns what happened as data."""
    played = play_offices(folder, prefecture, insurers)
    if not quiet:
        _show(played, InsurerRegister(insurers), folder)
    return {
        "received": [answer_data(each) for each in played.received],
        "offices": [_data(each) for each in played.views],
        "agree": played.agree,
    }


def _show(played: PlayedOffices, register: InsurerRegister, folder: Path) -> None:
    heading(f"市区町村の窓口 / municipal offices — 業務日付 / business date {AS_OF.isoformat()}")
    output.say("一家が引っ越します。両市の届出から送付ファイルを作り、集約が判定し、返ったファイルを両市が取り込みます。継続も確定します。")
    output.say("A family moves: notices, files, the aggregation, and what it returns taken in by both; continuity is confirmed.")
    output.print_table(
        "届出と日付 / notices and dates",
        ("保険者 insurer", "届出 notice", "宛名番号", "項目 field", "日付 date", "規則 rule"),
        (
            (insurer_name(view.insurer_number, register), notice.number, ground.addressee_number, ground.field, ground.day,
             ground.rule)
            for view in played.views for notice in view.notices for ground in notice.outcome.grounds
        ),
    )  # fmt: skip
    show_received_in_short(played.received, register)
    output.print_table(
        "両市から見た資格 / as both see it",
        ("保険者 insurer", "宛名番号", "適用開始", "適用終了", "資格取得", "資格喪失", "引継元", "引継月数"),
        (row for view in played.views for row in _seen(view, register)),
    )
    output.say(f"一致 / views agree: {'○' if played.agree else '×'} ({folder})")


def _seen(view: OfficeView, register: InsurerRegister) -> Iterable[tuple[Any, ...]]:
    carried = sum(each.came for each in view.carry_overs)
    for person in view.persons:
        for row in person.qualifications:
            yield (
                insurer_name(view.insurer_number, register), row.addressee_number, row.application_start, row.application_end,
                row.qualification_acquired, row.qualification_lost, row.carried_from, carried or None,
            )  # fmt: skip


def _data(view: OfficeView) -> dict[str, Any]:
    return {
        "insurer_number": view.insurer_number,
        "notices": len(view.notices),
        "applied": [each.file_id for each in view.applied],
        "qualifications": [
            {
                "addressee_number": row.addressee_number,
                "application_start": row.application_start,
                "application_end": row.application_end,
                "qualification_acquired": row.qualification_acquired,
                "carried_from": row.carried_from,
            }
            for person in view.persons
            for row in person.qualifications
        ],
        "carried_months": sum(each.came for each in view.carry_overs),
        "agrees": view.agrees,
    }
