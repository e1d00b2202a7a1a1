"""``kokuho benefit`` and ``kokuho ceiling``: 高額療養費 of a household, and the ceilings in force. Neither needs a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.benefit.ceiling import Share
from kokuho_core.benefit.choices import Choices
from kokuho_core.benefit.explanation import Line, explain, formula, yen
from kokuho_core.benefit.law_tables import AgeGroup, CeilingRow, CeilingTable, Law, month_of
from kokuho_core.errors import InvalidValue, Problem, SetupFault

if TYPE_CHECKING:
    from kokuho_adapters.benefit.json_input import FuneralRequest, MonthsRequest, OtherRequest
    from kokuho_core.usecases.benefit import KnownMonths, SettledMonth

_SHARES: Final = {"whole": Share.WHOLE, "half": Share.HALF, "quarter": Share.QUARTER}


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--choose", multiple=True, metavar="NAME=VALUE", help="給付の設定(繰返し可) / A choice of the calculation."
)
@click.option(
    "--kogaku", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="高額該当情報(KOGAKU)をこのフォルダに書く / Write KOGAKU into this folder.",
)  # fmt: skip
@click.option("--sequence", default=1, show_default=True, type=click.IntRange(min=1), help="KOGAKUの連番 / Sequence.")
@click.option(
    "--from-records", is_flag=True,
    help="これまでの該当月を県のデータベースの記録(引継を含む)から取る / Take the months known from the database.",
)  # fmt: skip
@JSON
@SESSION
def benefit(
    session: Session,
    file: Path,
    choose: tuple[str, ...],
    kogaku: Path | None,
    sequence: int,
    from_records: bool,
    as_json: bool,
) -> int:
    """高額療養費などの給付を計算し、根拠とともに示します。 / Compute benefits, each figure with its ground.

    FILE はJSONです(docs/benefit.md)。--from-records のほかは、データベースは要りません。
    / FILE is JSON; no database is needed but with --from-records.
    """
    from kokuho_adapters.benefit.json_input import MonthsRequest, read_requests
    from kokuho_core.usecases.benefit import settle_months

    choices, law = _chosen(session, choose), Law.shipped()
    answers: list[dict[str, Any]] = []
    settled: list[tuple[MonthsRequest, list[SettledMonth]]] = []
    shown: list[tuple[str, Sequence[Line]]] = []
    requests = read_requests(file)
    records = _recorded(session, [each for each in requests if isinstance(each, MonthsRequest)] if from_records else [])
    for request in requests:
        if isinstance(request, MonthsRequest):
            known = next(records) if from_records else request.known
            months = settle_months([each.case for each in request.months], known, law, choices, request.judged)
            settled.append((request, months))
            answers.append(_months_data(request, months))
            shown.extend(_months_lines(request, months))
        else:
            data, lines = _other(request, law, choices)
            answers.append(data)
            shown.append(lines)
    written = None if kogaku is None else _write_kogaku(kogaku, settled, sequence)
    if as_json:
        output.print_json({"results": answers, "kogaku": written})
        return DONE
    for title, told in shown:
        _show(title, told)
    for name in written or ():
        output.say(f"高額該当情報 / KOGAKU: {name}")
    return DONE


def _recorded(session: Session, requests: Sequence[MonthsRequest]) -> Iterator[KnownMonths]:
    """What the database knows of each household.

    Raises :class:`InvalidValue` (KKH-T031) for a household that is not named, or whose months the request tells itself.
    """
    households = []
    for request in requests:
        if request.household is None or request.is_told:
            raise InvalidValue(Problem("KKH-T031", field="household_number"))
        households.append(request.household)
    if not households:
        return iter(())
    from kokuho_core.usecases.high_cost import known_months

    with session.installation() as opened:
        return iter([known_months(opened.office, household) for household in households])


def _chosen(session: Session, choose: Iterable[str]) -> Choices:
    """Choices of the configuration, then those of the command line."""
    given = {name: value for name, _, value in (each.partition("=") for each in choose)}
    return Choices.from_names(given, session.configuration.benefit)


def _months_data(request: MonthsRequest, months: Sequence[SettledMonth]) -> dict[str, Any]:
    from kokuho_adapters.benefit.answers import month_answer

    household = request.household
    return {
        "kind": "months",
        "insurer_number": household.insurer_number if household is not None else None,
        "household_number": household.household_number if household is not None else None,
        "months": [month_answer(each) for each in months],
    }


def _months_lines(request: MonthsRequest, months: Sequence[SettledMonth]) -> list[tuple[str, Sequence[Line]]]:
    from kokuho_adapters.benefit.answers import month_text

    told: list[tuple[str, Sequence[Line]]] = []
    for each in months:
        counted = "、".join(map(month_text, each.counted.counted)) or "なし"
        many = "多数回該当" if each.counted.is_multiple else "多数回該当ではない"
        month = month_text(each.settlement.case.month)
        title = f"{month} 高額療養費(直近12か月の該当月: {counted}。{many})"
        told.append((title, explain(each.settlement)))
    return told


def _other(request: OtherRequest, law: Law, choices: Choices) -> tuple[dict[str, Any], tuple[str, Sequence[Line]]]:
    from kokuho_adapters.benefit.answers import annual_answer, care_answer
    from kokuho_adapters.benefit.json_input import AnnualCapRequest, CareRequest, OutpatientYearRequest
    from kokuho_core.benefit.annual import accumulated, annual_cap, outpatient_year
    from kokuho_core.benefit.care_combined import care_combined

    if isinstance(request, OutpatientYearRequest):
        outpatient = outpatient_year(request.year, request.income_class, request.months, law, choices)
        data = annual_answer("outpatient_year", outpatient)
        return data, ("外来年間合算", [_annual_line(data)])
    if isinstance(request, AnnualCapRequest):
        paid = request.paid
        if paid is None:
            paid = accumulated(request.year, request.months, request.outpatient_year_benefit, choices)
        capped = annual_cap(
            request.year, request.age_group, request.income_class, paid, law, is_confirmed_low=request.is_confirmed_low
        )
        data = annual_answer("annual_cap", capped)
        return data, ("年間上限", [_annual_line(data)])
    if isinstance(request, CareRequest):
        combined = care_combined(
            request.year, law, from_70=request.from_70, class_from_70=request.class_from_70,
            under_70=request.under_70, class_under_70=request.class_under_70,
            has_several_care_users=request.has_several_care_users, choices=choices,
        )  # fmt: skip
        line = Line(
            f"医療保険から {yen(combined.medical)}、介護保険から {yen(combined.care)}",
            f"From the health insurance {combined.medical:,} yen, from the care insurance {combined.care:,} yen",
            row=combined.basis.text,
            source=combined.basis.source,
        )
        return care_answer(combined), ("高額介護合算療養費", [line])
    return _funeral(request)


def _funeral(request: FuneralRequest) -> tuple[dict[str, Any], tuple[str, Sequence[Line]]]:
    from kokuho_adapters.benefit.answers import funeral_answer
    from kokuho_core.benefit.funeral import funeral_grant

    grant = funeral_grant(request.died_on, request.recipient, request.rates)
    told = Line(
        f"葬祭費 {yen(grant.amount)}(喪主 {grant.recipient})", f"Funeral grant {grant.amount:,} yen", "国保法58条1項",
        grant.ordinance, "条例",
    )  # fmt: skip
    return funeral_answer(grant), ("葬祭費", [told])


def _annual_line(data: dict[str, Any]) -> Line:
    return Line(
        f"{data['from']}〜{data['to']} 累計 {yen(data['paid'])}、上限 {yen(data['cap'])}、支給額 {yen(data['benefit'])}",
        f"Sum {data['paid']:,} yen, cap {data['cap']:,} yen, benefit {data['benefit']:,} yen",
        row=data["row"],
        source=data["source"],
    )


def _show(title: str, lines: Iterable[Line]) -> None:
    output.say(f"■ {title}")
    for line in lines:
        output.say(f"・{line.ja}")
        output.say(f"  {line.en}")
        told = [part for part in (line.rule, f"表: {line.row}" if line.row else "", line.source) if part]
        if told:
            output.say(f"    根拠: {' / '.join(told)}")


def _write_kogaku(
    folder: Path, settled: Sequence[tuple[MonthsRequest, Sequence[SettledMonth]]], sequence: int
) -> list[str]:
    """One file per insurer. Raises :class:`InvalidValue` (KKH-T026) where a household is not named."""
    from kokuho_adapters.benefit.kogaku import write_kogaku
    from kokuho_adapters.composition import SystemClock

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise SetupFault(Problem("KKH-C020", field="folder")) from None
    return write_kogaku(folder, settled, sequence, SystemClock().now().replace(microsecond=0))


# --- in bulk ---


@click.command("benefit-bulk")
@click.argument("receipts", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="結果(CSV)の出力先 / Results as CSV.",
)  # fmt: skip
@click.option(
    "--history", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="これまでの高額該当月(CSV) / Months known before.",
)  # fmt: skip
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="並行処理数 / Processes.")
@click.option(
    "--choose", multiple=True, metavar="NAME=VALUE", help="給付の設定(繰返し可) / A choice of the calculation."
)
@JSON
@SESSION
def benefit_bulk(
    session: Session,
    receipts: Path,
    out: Path,
    history: Path | None,
    processes: int,
    choose: tuple[str, ...],
    as_json: bool,
) -> int:
    """県全体のレセプト(CSV)をまとめて計算します。 / Compute the receipts of a whole prefecture in one stream.

    kokuho[bulk] が要ります。世帯・診療年月の順のファイルを、少しずつ読みます。 / Needs kokuho[bulk].
    """
    import csv

    from kokuho_adapters.benefit.bulk import BulkMonth, settle_file
    from kokuho_adapters.durable_files import text_put_at

    months = settle_file(receipts, history, _chosen(session, choose), processes=processes)
    total = paid = 0
    with text_put_at(out) as file:
        writer = csv.writer(file)
        writer.writerow(BulkMonth._fields)
        for month in months:
            writer.writerow(month)
            total += 1
            paid += month.in_kind + month.refund
    if as_json:
        output.print_json({"file": out, "months": total, "benefit": paid})
        return DONE
    output.say(f"支給のあった世帯・月 / household months paid: {total:,}、支給額 / benefit: {yen(paid)} → {out}")
    return DONE


# --- ceilings ---


@click.command()
@click.option("--month", required=True, metavar="YYYY-MM", help="診療年月 / Month of treatment.")
@click.option("--age", type=click.Choice([each.value for each in AgeGroup]), help="年齢区分 / Age group.")
@click.option("--class", "income_class", metavar="CLASS", help="所得区分(ア〜オ、一般、…) / Income class.")
@click.option("--cost", type=click.IntRange(min=0), metavar="YEN", help="医療費(10割) / Medical cost.")
@click.option("--multiple", is_flag=True, help="多数回該当 / Fourth month or later.")
@click.option(
    "--share", default="whole", show_default=True, type=click.Choice(list(_SHARES)),
    help="半額・4分の1の特例 / Half or quarter.",
)  # fmt: skip
@JSON
def ceiling(
    month: str, age: str | None, income_class: str | None, cost: int | None, multiple: bool, share: str, as_json: bool
) -> int:
    """その月に適用される自己負担限度額の表、または一つの限度額。 / The ceilings in force in a month, or one ceiling."""
    law = Law.shipped().at(month_of(month))
    if income_class is None:
        groups = [AgeGroup(age)] if age is not None else list(AgeGroup)
        return _tables([law.tables[group] for group in groups], as_json=as_json)
    if age is None:
        raise InvalidValue(Problem("KKH-T005", field="--age"))
    row = law.row(AgeGroup(age), income_class)
    found = row.ceiling(multiple=multiple, share=_SHARES[share])
    limit = found.of(cost)
    if as_json:
        output.print_json({"limit": limit, "share": share, "row": row.basis.text, "source": row.basis.source})
        return DONE
    output.say(f"限度額 / ceiling: {formula(found, cost, limit)}")
    output.say(f"    根拠: 表: {row.basis.text}({row.criterion}) / {row.basis.source}")
    return DONE


_AMOUNTS: Final = ("base", "threshold", "multiple", "outpatient", "outpatient_annual", "annual_cap", "annual_cap_low")


def _tables(tables: Sequence[CeilingTable], *, as_json: bool) -> int:
    if as_json:
        output.print_json([_table_data(table) for table in tables])
        return DONE
    for table in tables:
        output.print_table(
            table.name,
            ("区分", "基準", "限度額", "多数回", "外来(個人)", "外来年間", "年間上限"),
            (
                (
                    row.income_class, row.criterion, _first(row), _amount(row.multiple), _amount(row.outpatient),
                    _amount(row.outpatient_annual), _annual(row),
                )
                for row in table.rows.values()
            ),
        )  # fmt: skip
        output.say(f"    根拠: {next(iter(table.rows.values())).basis.source}")
    return DONE


def _table_data(table: CeilingTable) -> dict[str, Any]:
    rows = [
        {"income_class": row.income_class, "criterion": row.criterion}
        | {name: getattr(row, name) for name in _AMOUNTS}
        | {"source": row.basis.source, "mark": row.basis.mark.value}
        for row in table.rows.values()
    ]
    return {"table": table.name, "age_group": table.age_group.value, "in_force": table.is_in_force, "rows": rows}


def _amount(amount: int | None) -> str | None:
    return None if amount is None else yen(amount)


def _first(row: CeilingRow) -> str:
    more = "" if row.threshold is None else f" + (医療費 - {yen(row.threshold)}) × 1%"
    return f"{yen(row.base)}{more}"


def _annual(row: CeilingRow) -> str | None:
    low = "" if row.annual_cap_low is None else f"(年収約200万円以下は{yen(row.annual_cap_low)})"
    return None if row.annual_cap is None else f"{yen(row.annual_cap)}{low}"
