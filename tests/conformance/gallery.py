"""誤りの標本: systems with one seeded mistake each, as vendors have made them or might.

Each is this library with one passage of its source replaced; it runs in a process of its own. The harness judges by models that
share no code with what is changed here.
"""

from __future__ import annotations

from attrs import frozen

DAYS = "kokuho_core.periods.day_range"
COVERAGE = "kokuho_core.periods.coverage"
FINDINGS = "kokuho_core.qualification.findings"
DERIVATION = "kokuho_core.qualification.derivation"
JUDGEMENT = "kokuho_core.qualification.judgement"
MOVES = "kokuho_core.qualification.moves"
PERIOD = "kokuho_core.insured_person.application_period"
PERSON = "kokuho_core.insured_person.person"
IDENTITY = "kokuho_core.identity.settlement"
COMPARISON = "kokuho_core.household_continuity.comparison"
SEGMENTS = "kokuho_core.household_continuity.counting_segments"
PAIR = "kokuho_core.household_continuity.judgement"
CANDIDATE = "kokuho_core.household_continuity.candidate"
RESIDENTS = "kokuho_core.household_continuity.residents"
HOUSEHOLD = "kokuho_core.household.household"
HIGH_COST = "kokuho_core.high_cost_history.history"
ROWS = "kokuho_core.returning.rows"
TELLING = "kokuho_core.returning.telling"
LIFECYCLE = "kokuho_core.reception.lifecycle"
LEDGER = "kokuho_core.reception.ledger"
DELIVER = "kokuho_core.usecases.deliver"
REASONS = "kokuho_core.vocabulary.reasons"
INSURERS = "kokuho_core.vocabulary.insurers"


@frozen
class Mutant:
    """誤りの標本: ``name`` says the mistake; ``old`` stands exactly once in the source of ``module``."""

    name: str
    module: str
    old: str
    new: str


GALLERY = (
    # --- periods ---
    Mutant("終了日当日も適用中とみなす", PERIOD, "DayRange.of(start, rows[-1].application_end)", "DayRange.of(start, rows[-1].application_end and rows[-1].application_end + __import__('datetime').timedelta(days=1))"),
    Mutant("終了日の翌日に始まる期間を「接する」とみなす", DAYS, "self.end == later.start", "(later.start - self.end).days == 1"),
    Mutant("重複の日数を両端含みで数える", DAYS, "(self.end - self.start).days", "(self.end - self.start).days + 1"),
    Mutant("接しただけの期間を重複とする", DAYS, "self.end <= day", "self.end < day"),
    Mutant("同日得喪を一日と数える", DAYS, "return self.end is not OPEN and self.end <= self.start", "return False"),
    Mutant("隣り合う期間だけで重複を調べる", COVERAGE, "pairs.extend((other, position) for other in running)", "pairs.extend((other, position) for other in running[-1:])"),
    Mutant("空白の終わりを一日早くする", COVERAGE, "DayRange(begin, end),", "DayRange(begin, end - __import__('datetime').timedelta(days=1)),"),
    # --- findings ---
    Mutant("県内異動の届出がなくても空白とする", FINDINGS, "if before.claims_exit or after.claims_entry:\n                    run", "if True:\n                    run"),
    Mutant("両方が県内異動と届け出たときだけ空白とする", FINDINGS, "if before.claims_exit or after.claims_entry:\n                    run", "if before.claims_exit and after.claims_entry:\n                    run"),
    Mutant("片側だけの県内異動を見逃す", FINDINGS, "before.claims_exit != after.claims_entry:", "False:"),
    Mutant("相手なしを一日早く知らせる", FINDINGS, "days=wait_days + 1", "days=wait_days"),
    Mutant("相手なしを一日遅く知らせる", FINDINGS, "days=wait_days + 1", "days=wait_days + 2"),
    Mutant("待つ日数が過ぎただけでは相手なしを知らせない", FINDINGS, "look_again.append(told_from)", "pass"),
    Mutant("転入の相手なしを見逃す", FINDINGS, "if period.claims_entry and period.key not in entered_in_gap:", "if False:"),
    Mutant("空白で知らせたことを相手なしでも知らせる", FINDINGS, "left_in_gap = {finding.left for finding in gap_findings}", "left_in_gap = set()"),
    Mutant("片方だけの届出でも資格を継続させる", FINDINGS, "if before.claims_exit and after.claims_entry:\n        return True", "if before.claims_exit or after.claims_entry:\n        return True"),
    Mutant("住所地特例で資格を切る", FINDINGS, "return before.ends_for_residence_special and after.begins_for_residence_special", "return False"),
    Mutant("確認リストを転入先だけに送る", ROWS, "for side in finding.sides:", "for side in [each for each in finding.sides if not each.is_left] or finding.sides:"),
    Mutant("解消した重複を未解消のまま残す", ROWS, 'status="1" if finding.is_open else "2"', 'status="1"'),
    # --- qualification ---
    Mutant("資格取得日を引き継がない", DERIVATION, "first = chain[-1].current", "first = chain[0].current"),
    Mutant("県内転出で資格喪失とする", DERIVATION, "if not period.claims_exit:", "if True:"),
    Mutant("喪失日をすべての市町村に知らせる", DERIVATION, "if is_last and period.days.end_day is not None:", "if period.days.end_day is not None:"),
    Mutant("喪失日を最後の適用日とする", DERIVATION, "lost = period.current.qualification_lost or period.days.end_day", "lost = period.current.qualification_lost or period.days.end_day - __import__('datetime').timedelta(days=1)"),
    Mutant("引継元を最初の市町村とする", DERIVATION, "for each in chain[1:])", "for each in reversed(chain[1:]))"),
    Mutant("重複のある資格を保留しない", DERIVATION, "if finding.kind in (FindingKind.OVERLAP, FindingKind.ONE_SIDED)", "if finding.kind is FindingKind.ONE_SIDED"),
    Mutant("片側だけの県内異動を保留しない", DERIVATION, "if finding.kind in (FindingKind.OVERLAP, FindingKind.ONE_SIDED)", "if finding.kind is FindingKind.OVERLAP"),
    Mutant("保留をその先の期間に及ぼさない", DERIVATION, "if predecessor is not None and predecessor.key in held:", "if False:"),
    Mutant("2018年4月より前の県内異動も継続させる", REASONS, "INTRA_PREFECTURE_SINCE: Final = date(2018, 4, 1)", "INTRA_PREFECTURE_SINCE: Final = date(2008, 4, 1)"),
    # --- mergers of municipalities ---
    Mutant("合併した市町村を別の市町村とする", INSURERS, "return one == other or self._is_successor(one, other) or self._is_successor(other, one)", "return one == other"),
    Mutant("合併の日に資格を切る", FINDINGS, "return register.is_one_municipality(before.insurer_number, after.insurer_number)", "return False"),
    Mutant("合併した市町村の間を継続候補とする", MOVES, "if register.is_one_municipality(left.insurer_number, entered.insurer_number):", "if left.insurer_number == entered.insurer_number:"),
    # --- corrections, cancellations, reception ---
    Mutant("取り消した記録を生かし続ける", PERSON, "rows.pop(message.history_number, None)", "pass"),
    Mutant("訂正を無視する", PERSON, "elif not held or message.source not in held:", "elif (not held or message.source not in held) and message.history_number not in rows:"),
    Mutant("一つの市町村の中の重なりを受け付ける", PERSON, "raise RecordRefused(Problem(\"KKH-P003\", field=\"application_start\"))", "return"),
    Mutant("取り消した履歴番号の再送を受け付ける", LIFECYCLE, "return Standing.CANCELLED if", "return Standing.NEVER_SENT if"),
    # --- identity ---
    Mutant("番号だけで同じ人とする(検査数字が合えばよい)", IDENTITY, "if (newest.birth_date, newest.sex) != (message.birth_date, message.sex):", "if False:"),
    Mutant("番号の変更をつながない", IDENTITY, "self.links.setdefault(message.row, []).append((message.previous_number, message.number))", "pass"),
    Mutant("市町村ごとに別の人とする", IDENTITY, "if numbers & other_numbers:", "if False:"),
    # --- households ---
    Mutant("世帯の継続を世帯員で判断する", COMPARISON, "goes_on = head_before == head_now", "goes_on = bool(before & now)"),
    Mutant("世帯の分離に気づかない", COMPARISON, "is_split = any(", "is_split = False and any("),
    Mutant("世帯の合併に気づかない", COMPARISON, "is_merger = head_now not in before | {head_before} or any(", "is_merger = False and any("),
    Mutant("世帯主の交代を非継続とする", COMPARISON, "reason = SuggestionReason.HEAD_CHANGED", "return Comparison(Suggestion.NOT_CONTINUED, SuggestionReason.HEAD_CHANGED, ())"),
    Mutant("増員を住所異動と区別しない", COMPARISON, "elif now - before:", "elif False:"),
    Mutant("減員を住所異動と区別しない", COMPARISON, "elif before - now:", "elif False:"),
    Mutant("社保加入も世帯の分離とする", RESIDENTS, "if resident.period_on(day) is not None or resident.left_by_move(day):", "if True:"),
    Mutant("前の日ではなく当日の世帯主と比べる", COMPARISON, "head_before = residents.head_on(left, day_before)", "head_before = residents.head_on(left, moved_on)"),
    Mutant("空白のある異動を候補にしない", MOVES, "pairs.update((i, j) for gap in gaps(days) for i in gap.before for j in gap.after)", "pass"),
    Mutant("空白が残る候補の継続を受け付ける", CANDIDATE, "if decision == Decision.CONTINUED and self.comparison.suggestion == Suggestion.UNCLEAR:\n            raise", "if False:\n            raise"),
    Mutant("確定の取消を無視する", CANDIDATE, "return evolve(self, decision=decision, decided_on=decided_on)", "return self if decision == Decision.REVOKED else evolve(self, decision=decision, decided_on=decided_on)"),
    Mutant("重複が起きても確定済のままとする", CANDIDATE, "if self.decision == Decision.CONTINUED and self.comparison.suggestion != Suggestion.UNCLEAR:", "if self.decision == Decision.CONTINUED:"),
    # --- high-cost months ---
    Mutant("13か月を数える", HIGH_COST, "WINDOW_MONTHS: Final = 12", "WINDOW_MONTHS: Final = 13"),
    Mutant("11か月しか数えない", HIGH_COST, "WINDOW_MONTHS: Final = 12", "WINDOW_MONTHS: Final = 11"),
    Mutant("外来のみの月も数える", HIGH_COST, "if month.kind == OccurrenceKind.HOUSEHOLD)", ")"),
    Mutant("取り消した該当月を数え続ける", HIGH_COST, "live.discard(message.high_cost_month)", "pass"),
    Mutant("2018年3月以前の月も引き継ぐ", HIGH_COST, "if month.month >= CARRIED_SINCE]", "]"),
    Mutant("確定していない候補の月を引き継ぐ", CANDIDATE, "return self.left_months if self.is_confirmed else ()", "return self.left_months"),
    Mutant("前の世帯の月まで通算する", SEGMENTS, "return head_split_off or head_came_in", "return False"),
    Mutant("引き継いだ月を次の異動へ渡さない", PAIR, "if came_before and segment_of(starts, carried.moved_on) == segment:", "if False:"),
    Mutant("取り消された引継月を取り消さない", TELLING, "if isinstance(told, KohikiRow) and stands_told:", "if False:"),
    # --- returning ---
    Mutant("不開示の人の転出先を転出元に知らせる", ROWS, "hide_other = finding.is_protected and", "hide_other = False and"),
    Mutant("不開示の世帯の転出先を確定リストで知らせる", ROWS, "hide = candidate.is_protected and told == left.insurer_number", "hide = False"),
    Mutant("確定リストを転入先だけに送る", ROWS, "for told in (entered.insurer_number, left.insurer_number):", "for told in (entered.insurer_number,):"),
    Mutant("一度知らせた行の変更を知らせない", DELIVER, "row = what_to_tell(current, told)", "row = what_to_tell(current, told) if told is None else None"),
    Mutant("処理結果をすべて受理とする", DELIVER, "told = _told_result(by_line[line]) if line in by_line else _ACCEPTED", "told = _ACCEPTED"),
    Mutant("処理結果を一行ずらす", DELIVER, "range(FIRST_LINE, FIRST_LINE + total)", "range(FIRST_LINE - 1, FIRST_LINE - 1 + total)"),
    Mutant("別の市町村の行を送る", DELIVER, "work.returns.due(insurer, file_id, everything=everything)", "work.returns.due(sorted(each.insurer_number for each in work.register())[0] if file_id == 'TOKUSO' else insurer, file_id, everything=everything)"),
)  # fmt: skip
