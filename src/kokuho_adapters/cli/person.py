"""一人の照会の表示: one person as tables, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import click
from attrs import evolve, frozen

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import code_texts, heading, insurer_name, show_candidates, show_findings
from kokuho_adapters.cli.output import DONE
from kokuho_adapters.cli.parameters import FILE, Day, Moment
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_adapters.composition import Installation
from kokuho_adapters.timeline import (
    Bar,
    BarStyle,
    DotKind,
    Lane,
    Mark,
    MarkKind,
    MonthDot,
    MoveArrow,
    QualificationSpan,
    Timeline,
    render_svg,
)
from kokuho_core.access import Operation
from kokuho_core.errors import NotFound, Problem
from kokuho_core.explanation.conclusions import Conclusion
from kokuho_core.explanation.grounds import Explanation
from kokuho_core.high_cost_history.history import HighCostMonth, histories_of
from kokuho_core.insured_person.application_period import ApplicationPeriod, PeriodKey
from kokuho_core.ports.stores import StoredFinding
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.findings import Finding, FindingKind
from kokuho_core.returning.rows import KeikohoRow, candidate_rows
from kokuho_core.usecases.listings import ListedFinding
from kokuho_core.usecases.person import PersonView, inspect_person
from kokuho_core.vocabulary.codes import (
    Decision,
    InsuredKind,
    OccurrenceKind,
    QualificationStatus,
    Suggestion,
    SuggestionReason,
)
from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, HouseholdKey, InsurerNumber
from kokuho_core.vocabulary.insurers import InsurerRegister
from kokuho_core.vocabulary.month import Month
from kokuho_core.vocabulary.reasons import ACQUISITION, LOSS

_STATES: Final = {
    "current": "現在有効 current",
    "superseded": "訂正済 superseded",
    "cancelled": "取消済 cancelled",
    "cancellation": "取消 cancellation",
    "held": "保留 held",
}
_STATUS: Final = {
    QualificationStatus.NEW: "新規",
    QualificationStatus.CONTINUED: "継続",
    QualificationStatus.LOST: "喪失",
    QualificationStatus.HELD: "保留",
}


_WORDS: Final = {
    "status": {status.name: word for status, word in _STATUS.items()},
    "suggestion": {
        Suggestion.CONTINUED.name: "継続相当",
        Suggestion.NOT_CONTINUED.name: "非継続相当",
        Suggestion.UNCLEAR.name: "要確認",
        SuggestionReason.ADDRESS_ONLY.name: "住所異動のみ",
        SuggestionReason.HEAD_CHANGED.name: "世帯主変更",
        SuggestionReason.MORE_MEMBERS.name: "増員",
        SuggestionReason.FEWER_MEMBERS.name: "減員",
        SuggestionReason.SPLIT.name: "世帯分離",
        SuggestionReason.MERGER.name: "世帯合併",
        SuggestionReason.UNRESOLVED.name: "資格未解消",
    },
    "decision": {
        Decision.CONTINUED.name: "継続",
        Decision.NOT_CONTINUED.name: "非継続",
        Decision.REVOKED.name: "取消",
    },
}
"""Words for the values of conclusions, by the kind of conclusion and the name of the code."""


@frozen
class HouseholdMonth:
    """高額該当月 of a household the person belonged to in that month."""

    household: HouseholdKey
    month: Month
    kind: str
    is_carried: bool


@frozen
class PersonReport:
    """照会結果 with what the picture and the tables add to it."""

    view: PersonView
    register: InsurerRegister
    findings: tuple[ListedFinding, ...]
    candidates: tuple[KeikohoRow, ...]
    months: tuple[HouseholdMonth, ...]

    @property
    def periods(self) -> list[ApplicationPeriod]:
        """適用期間 in order of time."""
        found = [period for each in self.view.known for period in each.judgement.periods]
        return sorted(found, key=ApplicationPeriod.order)

    @property
    def qualifications(self) -> list[Qualification]:
        """国保資格 of each period, in order of time."""
        found = [q for each in self.view.known for q in each.judgement.qualifications]
        return sorted(found, key=lambda q: q.period.order())


def find_addressee(opened: Installation, insurer: str, addressee: str) -> str:
    """The prefectural ID of a 宛名番号. Raises :class:`NotFound` (KKH-N001)."""
    key = Addressee(InsurerNumber(insurer), AddresseeNumber(addressee))
    admitted = opened.admitted(Operation.SHOW_PERSON, f"{insurer}/{addressee}")
    with admitted, opened.office.database.begin(read_only=True) as work:
        known = work.ids.of_addressees({key}).get(key)
    if known is None:
        raise NotFound(Problem("KKH-N001", field="ID"))
    return known.issued.insured_id


def look_up(
    opened: Installation, insured_id: str, as_of: date | None, known_at: datetime | None = None, *, why: bool = False
) -> PersonReport:
    """Everything about one person. ``insured_id`` is a prefectural or municipal ID, or ``保険者番号/宛名番号``."""
    with opened.admitted(Operation.SHOW_PERSON, insured_id):
        if insured_id.count("/") == 1:
            insured_id = find_addressee(opened, *insured_id.split("/"))
        view = inspect_person(opened.office, insured_id, as_of, known_at, why=why)
        return PersonReport(
            view=view,
            register=opened.register(),
            findings=tuple(_findings(view)),
            candidates=tuple(_candidates(opened, view)),
            months=tuple(sorted(_months(opened, view), key=lambda each: (each.month, each.kind, each.household))),
        )


@click.command()
@click.argument("insured_id", metavar="ID")
@click.option("--as-of", type=Day(), metavar="DATE", help="基準日 / The day looked at.")
@click.option("--known-at", type=Moment(), metavar="TIME", help="その時点で分かっていたこと / As known at that time.")
@click.option("--why", is_flag=True, help="導出の根拠(ファイル・行・規則番号) / The facts and rules behind each value.")
@click.option("--svg", type=FILE, metavar="FILE", help="経過図をSVGで保存 / Save the timeline as a picture.")
@JSON
@SESSION
def person(
    session: Session,
    insured_id: str,
    as_of: date | None,
    known_at: datetime | None,
    why: bool,
    svg: Path | None,
    as_json: bool,
) -> int:
    """一人の適用期間・資格・確認事項・履歴。 / One person's periods, qualification, findings and history.

    ID は都道府県被保険者ID、市町村被保険者ID、または 保険者番号/宛名番号(例 139519/50001)です。

    ID is a prefectural or municipal insured ID, or insurer/addressee number.
    """
    with session.installation() as opened:
        report = look_up(opened, insured_id, as_of, known_at, why=why)
        if svg is not None:
            write_picture(report, svg)
        if as_json:
            output.print_json(person_data(report))
            return DONE
        show_report(report, opened)
        if why:
            _show_explanations(report.view)
        if svg is not None:
            output.say(f"経過図 / timeline: {svg}")
    return DONE


def draw_person(opened: Installation, insured_id: str, picture: Path, as_of: date, quiet: bool) -> bool:
    """One person for the demo: the short tables and the picture."""
    report = look_up(opened, insured_id, as_of)
    write_picture(report, picture)
    if not quiet:
        heading(f"一人の経過 / one person's timeline — {report.view.person}")
        show_report(report, opened)
        output.say(f"経過図 / timeline: {picture}")
    return True


def write_picture(report: PersonReport, path: Path) -> None:
    """The timeline as an SVG file."""
    path.write_text(render_svg(timeline_of(report)), encoding="utf-8", newline="\n")


# --- what is shown ---


def _findings(view: PersonView) -> Iterable[ListedFinding]:
    """What holds on the day, under the numbers known; solved and identity findings only as of now."""
    stored = {finding.identity: finding for finding in view.findings}
    for each in view.known:
        for finding in each.judgement.findings:
            known = stored.pop((finding.kind, _side(finding.left), _side(finding.entered)), None)
            yield _listed(finding, view, known)
    if view.known_at is None:
        for left in sorted(stored.values(), key=lambda finding: finding.number):
            yield ListedFinding.of(left)


def _side(key: PeriodKey | None) -> tuple[Addressee, int] | None:
    return (key.addressee, key.history_number) if key is not None else None


def _listed(finding: Finding, view: PersonView, stored: StoredFinding | None) -> ListedFinding:
    return ListedFinding(
        finding_number=stored.number if stored is not None else "",
        kind=finding.kind,
        prefectural_insured_id=view.person,
        from_insurer=finding.left.addressee.insurer_number if finding.left is not None else None,
        to_insurer=finding.entered.addressee.insurer_number if finding.entered is not None else None,
        period_start=finding.period_start,
        period_end=finding.period_end,
        days=finding.days,
        status="open",
    )


def _candidates(opened: Installation, view: PersonView) -> Iterable[KeikohoRow]:
    with opened.office.database.begin(read_only=True) as work:
        heads = work.ids.of_addressees({each.head for each in view.candidates if each.head is not None})
    for each in view.candidates:
        known = heads.get(each.head) if each.head is not None else None
        rows = candidate_rows(each, known.municipal_id if known is not None else None)
        yield from (row for row in rows.values() if isinstance(row, KeikohoRow))


def _months(opened: Installation, view: PersonView) -> Iterable[HouseholdMonth]:
    """The months of each household while the person was in it, and which of them were carried over."""
    periods = [period for each in view.known for period in each.judgement.periods if not period.days.is_empty]
    keys = {HouseholdKey(row.insurer_number, row.household_number) for period in periods for row in period.rows}
    with opened.office.database.begin(read_only=True) as work:
        histories = histories_of(work.high_cost.facts_of(keys, view.known_at))
    carried: set[tuple[HouseholdKey, HighCostMonth]] = {
        (candidate.pair.left, month) for candidate in view.candidates for month in candidate.carried_months
    }
    for key in sorted(histories):
        for month in histories[key].months():
            if any(_was_in(period, key, month.month) for period in periods):
                yield HouseholdMonth(key, month.month, month.kind, (key, month) in carried)


def _was_in(period: ApplicationPeriod, household: HouseholdKey, month: Month) -> bool:
    first, end = month.first_day, period.days.end_day
    begins = max(period.days.start, first)
    return (
        begins < month.plus(1).first_day and (end is None or begins < end) and period.household_on(begins) == household
    )


# --- JSON ---


def person_data(report: PersonReport) -> dict[str, Any]:
    """照会結果 as JSON data. Names of reasons and codes stay codes."""
    view = report.view
    data: dict[str, Any] = {
        "prefectural_insured_id": view.person,
        "as_of": view.as_of,
        "known_at": view.known_at,
        "municipalities": [
            {
                "insurer_number": addressee.insurer_number,
                "addressee_number": addressee.addressee_number,
                "municipal_insured_id": municipal_id,
            }
            for addressee, municipal_id in sorted(view.municipal_ids.items())
        ],
        "periods": [_period_data(period) for period in report.periods],
        "qualifications": [_qualification_data(q) for q in report.qualifications],
        "findings": report.findings,
        "candidates": report.candidates,
        "high_cost_months": [
            {
                "insurer_number": each.household.insurer_number,
                "household_number": each.household.household_number,
                "treatment_month": str(each.month),
                "occurrence_kind": each.kind,
                "carried": each.is_carried,
            }
            for each in report.months
        ],
        "history": [_history_data(view, line.fact, line.state) for line in view.history],
    }
    if view.explanations:
        data["explanations"] = [_explanation_data(view, each) for each in view.explanations]
    return data


def _period_data(period: ApplicationPeriod) -> dict[str, Any]:
    addressee = period.key.addressee
    return {
        "insurer_number": addressee.insurer_number,
        "addressee_number": addressee.addressee_number,
        "history_number": period.key.history_number,
        "application_start": period.days.start,
        "application_start_reason": period.start_reason,
        "application_end": period.days.end_day,
        "application_end_reason": period.end_reason,
        "household_number": period.current.household_number,
    }


def _qualification_data(q: Qualification) -> dict[str, Any]:
    return {
        "insurer_number": q.period.insurer_number,
        "application_start": q.period.days.start,
        "status": q.status.value,
        "qualification_acquired": q.acquired,
        "qualification_acquired_reason": q.acquired_reason,
        "qualification_lost": q.lost,
        "qualification_lost_reason": q.lost_reason,
        "carried_from": q.carried_from,
        "rules": q.rules,
    }


def _history_data(view: PersonView, fact: Any, state: str) -> dict[str, Any]:
    return {
        **_source_data(view, fact.file_no, fact.line),
        "state": state,
        "insurer_number": fact.insurer_number,
        "addressee_number": fact.addressee_number,
        "history_number": fact.history_number,
        "update_kind": fact.update_kind,
        "insured_kind": fact.insured_kind,
        "application_start": fact.application_start,
        "application_start_reason": fact.application_start_reason,
        "application_end": fact.application_end,
        "application_end_reason": fact.application_end_reason,
        "household_number": fact.household_number,
    }


def _source_data(view: PersonView, file_no: int, line: int) -> dict[str, Any]:
    name, recorded_at = view.sources.get(file_no, (None, None))
    return {"file": name, "line": line, "recorded_at": recorded_at}


def _explanation_data(view: PersonView, explanation: Explanation) -> dict[str, Any]:
    conclusion = explanation.conclusion
    return {
        "name": "/".join(conclusion.name),
        "label": conclusion.label,
        "value": conclusion.value,
        "rules": conclusion.rules,
        "grounds": [
            [_source_data(view, source.file_no, source.line) for source in sorted(ground)]
            for ground in explanation.grounds
        ],
    }


# --- tables ---


def show_report(report: PersonReport, opened: Installation) -> None:
    """照会結果 as tables."""
    view, register = report.view, report.register
    known = f"、{view.known_at.isoformat(timespec='seconds')} 時点の情報" if view.known_at is not None else ""
    output.print_table(
        f"{view.person} — 基準日 / as of {view.as_of.isoformat()}{known}",
        ("市区町村 insurer", "宛名番号", "市町村被保険者ID"),
        (
            (insurer_name(addressee.insurer_number, register), addressee.addressee_number, municipal_id)
            for addressee, municipal_id in sorted(view.municipal_ids.items())
        ),
    )
    by_period = {q.key: q for q in report.qualifications}
    output.print_table(
        "適用期間と国保資格 / periods and qualification",
        ("市区町村", "適用開始", "事由", "適用終了", "事由", "世帯", "資格状態", "資格取得", "資格喪失", "引継元"),
        (
            (
                insurer_name(period.insurer_number, register),
                period.days.start,
                _acquisition(period.start_reason),
                period.days.end_day,
                _loss(period.end_reason),
                period.current.household_number,
                *_qualification_cells(by_period.get(period.key)),
            )
            for period in report.periods
        ),
    )
    if report.findings:
        show_findings(report.findings, register)
    if report.candidates:
        show_candidates(report.candidates, register, opened.book)
    if report.months:
        kinds = code_texts(opened.book, "KOGAKU")
        output.print_table(
            "高額該当 / high-cost months",
            ("市区町村", "世帯", "診療年月", "区分", "引継"),
            (
                (
                    insurer_name(each.household.insurer_number, register),
                    each.household.household_number,
                    str(each.month),
                    kinds.get(("occurrence_kind", each.kind), each.kind),
                    "引継 carried" if each.is_carried else None,
                )
                for each in report.months
            ),
        )
    _show_history(view, register)


def _qualification_cells(q: Qualification | None) -> Sequence[Any]:
    return (None, None, None, None) if q is None else (_STATUS[q.status], q.acquired, q.lost, q.carried_from)


def _show_history(view: PersonView, register: InsurerRegister) -> None:
    output.print_table(
        "受信した履歴 / received records",
        ("市区町村", "履歴", "更新区分", "状態", "適用開始", "適用終了", "ファイル file", "行"),
        (
            (
                insurer_name(line.fact.insurer_number, register),
                line.fact.history_number,
                line.fact.update_kind,
                _STATES.get(line.state, line.state),
                line.fact.application_start,
                line.fact.application_end,
                view.sources.get(line.fact.file_no, (None, None))[0],
                line.fact.line,
            )
            for line in view.history
        ),
    )


def _worded(conclusion: Conclusion) -> str:
    """The value with the words of its codes before it: «継続 CONTINUED»."""
    words = _WORDS.get(conclusion.name[0])
    if words is None:
        return conclusion.value
    return " / ".join(f"{words[part]} {part}" if part in words else part for part in conclusion.value.split(" / "))


def _show_explanations(view: PersonView) -> None:
    def grounds_text(explanation: Explanation) -> str:
        return "; ".join(
            " + ".join(f"{view.sources[source.file_no][0]}:{source.line}" for source in sorted(ground))
            for ground in explanation.grounds
        )

    output.print_table(
        "根拠 / why",
        ("項目", "値 value", "規則 rules", "根拠(ファイル:行) / facts (file:line)"),
        (
            (each.conclusion.label, _worded(each.conclusion), " ".join(each.conclusion.rules), grounds_text(each))
            for each in view.explanations
        ),
    )
    if view.explanations:
        output.say("根拠の読み方: 「;」で区切ったものは、どれが欠けてもその値にならない。「+」は同じことを述べた記録の組。")
        output.say("How to read: «;» between facts that are each needed, «+» for one fact said several times.")


def _acquisition(code: str | None) -> str:
    reason = ACQUISITION.get(code) if code is not None else None
    return reason.name if reason is not None else code or ""


def _loss(code: str | None) -> str:
    reason = LOSS.get(code) if code is not None else None
    return reason.name if reason is not None else code or ""


# --- picture ---


def timeline_of(report: PersonReport) -> Timeline:
    """The view model of the picture."""
    view = report.view
    lanes = _lanes(report)
    place = {addressee: number for number, (addressee, _) in enumerate(lanes)}
    known = f" · {view.known_at.isoformat(sep=' ', timespec='minutes')} 時点の情報" if view.known_at is not None else ""
    return Timeline(
        title=f"被保険者 {view.person} の経過",
        subtitle=f"適用期間・国保資格・確認事項・高額該当{known}",
        as_of=view.as_of,
        lanes=tuple(lane for _, lane in lanes),
        qualifications=tuple(_spans(report.qualifications)),
        marks=tuple(_marks(report, place)),
        arrows=tuple(_arrows(report, place)),
        months=tuple(_dots(report.months)),
    )


def _lanes(report: PersonReport) -> list[tuple[Addressee, Lane]]:
    status = {q.key: q for q in report.qualifications}
    bars: dict[Addressee, list[Bar]] = {}
    for period in report.periods:
        q = status.get(period.key)
        style = BarStyle.HELD if q is not None and q.status is QualificationStatus.HELD else BarStyle.NORMAL
        bars.setdefault(period.key.addressee, []).append(
            Bar(
                period.days.start,
                period.days.end_day,
                "" if period.days.is_empty else f"世帯 {period.current.household_number}",
                _acquisition(period.start_reason),
                _loss(period.end_reason),
                BarStyle.SAME_DAY if period.days.is_empty else style,
            )
        )
    for bar_of, bar in _past_bars(report):
        bars.setdefault(bar_of, []).append(bar)
    ordered = sorted(bars, key=lambda each: (min(bar.start for bar in bars[each]), each))
    return [(each, _lane(each, bars[each], report.register)) for each in ordered]


def _lane(addressee: Addressee, bars: Sequence[Bar], register: InsurerRegister) -> Lane:
    insurer = register.get(addressee.insurer_number)
    return Lane(
        insurer.name if insurer is not None else addressee.insurer_number,
        tuple(sorted(bars, key=lambda bar: bar.start)),
        f"{addressee.insurer_number} · 宛名 {addressee.addressee_number}",
    )


def _past_bars(report: PersonReport) -> Iterable[tuple[Addressee, Bar]]:
    """Cancelled and held periods that stand nowhere now."""
    standing = {(period.key.addressee, period.days.start) for period in report.periods}
    latest: dict[tuple[Addressee, int], Any] = {}
    for line in report.view.history:
        fact = line.fact
        if line.state in ("cancelled", "held") and fact.insured_kind == InsuredKind.INSURED:
            if fact.application_start is not None and (fact.addressee, fact.application_start) not in standing:
                latest[fact.addressee, fact.history_number] = line
    for line in latest.values():
        fact = line.fact
        style = BarStyle.HELD if line.state == "held" else BarStyle.CANCELLED
        label = "本人確認不一致 保留" if line.state == "held" else "取消"
        start, end = _acquisition(fact.application_start_reason), _loss(fact.application_end_reason)
        yield fact.addressee, Bar(fact.application_start, fact.application_end, label, start, end, style)


def _spans(qualifications: Iterable[Qualification]) -> list[QualificationSpan]:
    """One span per qualification, however many municipalities it went through (Q-4)."""
    spans: list[QualificationSpan] = []
    for q in qualifications:
        end = q.period.days.end_day
        if q.status is QualificationStatus.HELD:
            last = spans[-1] if spans else None
            if last is not None and last.is_held and last.until is not None and q.period.days.start <= last.until:
                spans[-1] = evolve(last, until=None if end is None else max(end, last.until))
            else:
                spans.append(QualificationSpan(q.period.days.start, until=end, is_held=True))
            continue
        told = QualificationSpan(
            acquired=q.acquired or q.period.days.start,
            lost=q.lost,
            until=end,
            label="国保資格",
            start_text=_acquisition(q.acquired_reason),
            end_text=_loss(q.lost_reason),
        )
        if spans and not spans[-1].is_held and spans[-1].lost is None and spans[-1].acquired == told.acquired:
            spans[-1] = told
        else:
            spans.append(told)
    return spans


def _marks(report: PersonReport, place: dict[Addressee, int]) -> Iterable[Mark]:
    for each in report.view.known:
        for finding in each.judgement.findings:
            if (start := finding.period_start) is not None:
                sides = (side.addressee for side in (finding.left, finding.entered) if side is not None)
                yield _mark(finding, start, (place[side] for side in sides if side in place), is_open=True)
    if report.view.known_at is None:
        for stored in report.view.findings:
            if stored.kind is FindingKind.IDENTITY and (start := stored.period_start) is not None:
                held = stored.entered[0] if stored.entered is not None else None
                yield _mark(stored, start, (place[side] for side in (held,) if side in place), is_open=stored.is_open)


def _mark(finding: Finding | StoredFinding, start: date, lanes: Iterable[int], *, is_open: bool) -> Mark:
    return Mark(MarkKind(finding.kind.value), start, finding.period_end, tuple(lanes), is_open=is_open)


def _arrows(report: PersonReport, place: dict[Addressee, int]) -> Iterable[MoveArrow]:
    """Only where the periods touch; a gap or an overlap is marked as such."""
    ends = {period.key: period.days for period in report.periods}
    for each in report.view.known:
        for move in each.judgement.moves:
            if ends[move.left].touches(ends[move.entered]):
                yield MoveArrow(move.moved_on, place[move.left.addressee], place[move.entered.addressee])


def _dots(months: Iterable[HouseholdMonth]) -> Iterable[MonthDot]:
    for each in months:
        kind = DotKind.HOUSEHOLD if each.kind == OccurrenceKind.HOUSEHOLD else DotKind.OUTPATIENT
        label = f"世帯 {each.household.household_number}"
        yield MonthDot(each.month.first_day, DotKind.CARRIED if each.is_carried else kind, label)
