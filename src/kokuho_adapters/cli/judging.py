"""``resolve``, ``findings``, ``candidates``, ``identity``: what changed is judged, and what came of it (2-①, 3-4)."""

from __future__ import annotations

from datetime import date

import click

from kokuho_adapters.cli import output
from kokuho_adapters.cli.answers import show_candidates, show_findings, show_resolved, summary_data
from kokuho_adapters.cli.output import DONE, FOUND
from kokuho_adapters.cli.parameters import REQUEST_BULK, Day, insurer_given
from kokuho_adapters.cli.session import JSON, SESSION, Session
from kokuho_core.insured_person.fact import IdentityVerdict
from kokuho_core.usecases import resolve as resolving
from kokuho_core.usecases.identity import decide_identity
from kokuho_core.usecases.listings import list_candidates, list_findings


@click.command()
@click.option("--as-of", type=Day(), metavar="DATE", help="業務日付(既定 今日) / Business date, today if not given.")
@JSON
@SESSION
def resolve(session: Session, as_of: date | None, as_json: bool) -> int:
    """変更分の同一人・資格継続・継続候補を判定します。 / Judge continuation, findings and candidates over what changed."""
    with session.installation() as opened:
        summary = resolving.resolve(opened.office, as_of)
    if as_json:
        output.print_json(summary_data(summary))
    else:
        show_resolved(summary)
    return FOUND if summary.findings_open else DONE


@click.command()
@click.option("--insurer", metavar="CODE", help="保険者番号(どちらかの側) / Insurer on either side.")
@REQUEST_BULK
@click.option("--open", "open_only", is_flag=True, help="未解消のみ / Open ones only.")
@JSON
@SESSION
def findings(session: Session, insurer: str | None, bulk_reason: str | None, open_only: bool, as_json: bool) -> int:
    """確認事項(重複・空白・本人確認不一致など)の一覧。 / List overlaps, gaps, identity conflicts and unanswered moves."""
    with session.installation() as opened:
        listed = list_findings(opened.office, insurer_given(insurer), open_only=open_only, bulk_reason=bulk_reason)
        register = opened.register()
    if as_json:
        output.print_json(listed)
    else:
        show_findings(listed, register)
    return DONE


@click.command()
@click.option("--insurer", metavar="CODE", help="転入先の保険者番号 / Insurer moved into.")
@REQUEST_BULK
@JSON
@SESSION
def candidates(session: Session, insurer: str | None, bulk_reason: str | None, as_json: bool) -> int:
    """継続候補世帯の一覧。 / List the households whose continuity is to be decided."""
    with session.installation() as opened:
        listed = list_candidates(opened.office, insurer_given(insurer), bulk_reason=bulk_reason)
        register = opened.register()
    if as_json:
        output.print_json(listed)
    else:
        show_candidates(listed, register, opened.book)
    return DONE


# --- identity conflicts ---


@click.command()
@click.argument("finding_number", metavar="FINDING")
@click.option(
    "--verdict", required=True, type=click.Choice([each.value for each in IdentityVerdict]),
    help="same=同一人として適用 different=別人として番号なしで適用 / The person known under the number, or somebody else.",
)  # fmt: skip
@click.option("--reason", default="", metavar="TEXT", help="理由(2人で行うとき必須) / Why; needed where it takes two.")
@JSON
@SESSION
def identity(session: Session, finding_number: str, verdict: str, reason: str, as_json: bool) -> int:
    """本人確認不一致(保留)を判定します。 / Decide a held identity conflict; it takes effect with the next resolve."""
    with session.installation() as opened:
        decide_identity(opened.office, finding_number, IdentityVerdict(verdict), reason)
    answer = {"finding_number": finding_number, "verdict": verdict}
    if as_json:
        output.print_json(answer)
    else:
        output.say(f"{finding_number}: {verdict}")
        output.say("次に kokuho resolve を実行してください。判定はそのとき効力を持ちます。")
        output.say("Run kokuho resolve next: the verdict takes effect with it.")
    return DONE
