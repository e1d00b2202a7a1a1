// 受付: sequence numbers, what may be corrected or cancelled (X-4, P-7), one municipality's own periods (P-3).
import { decide } from "./candidates.mjs";
import { settle } from "./identity.mjs";

const KEYS = {
  SKKOJIN: ["insurer_number", "addressee_number", "history_number"],
  SKSETAI: ["insurer_number", "household_number", "history_number"],
  KOGAKU: ["insurer_number", "household_number", "treatment_month", "occurrence_kind"],
};
const ACCEPTED = "1", REFUSED = "2", HELD = "3";
const [NEW, CANCELLED] = ["1", "3"];

export const identityOf = (fileId, row) => KEYS[fileId].map((key) => row[key]).join("/");
export const addresseeOf = (row) => `${row.insurer_number}/${row.addressee_number}`;

/** Takes one file; returns receipts for it and for files that had waited for it. A file received before has no effect. */
export function receive(state, file) {
  const ledger = (state.ledgers[`${file.fileId}/${file.sender}`] ??= { due: 1, waiting: {} });
  if (file.sequence < ledger.due) return [];
  ledger.waiting[file.sequence] = file;
  const receipts = [];
  while (ledger.waiting[ledger.due]) {
    const next = ledger.waiting[ledger.due];
    delete ledger.waiting[ledger.due++];
    const results = (APPLY[next.fileId] ?? applyOthers)(state, next);
    for (const [line, [result, code]] of results) {
      receipts.push({ insurer_number: next.sender, source_file: next.name, line, result, error_code: code });
    }
  }
  return receipts;
}

const APPLY = { SKKOJIN: applyPersons, KEISHIJI: applyDecisions };

/** 世帯と高額該当. A cancelled month may be sent anew, a cancelled household record may not. */
function applyOthers(state, file) {
  const known = (state.others[file.fileId] ??= {});
  return file.rows.map((row) => {
    const identity = identityOf(file.fileId, row);
    const stands = identity in known && !known[identity].isCancelled;
    const isGone = known[identity]?.isCancelled && file.fileId !== "KOGAKU";
    if (isGone || stands === (row.update_kind === NEW)) return [row.line, [REFUSED, "N-KIND"]];
    known[identity] = row.update_kind === CANCELLED ? { isCancelled: true } : row;
    return [row.line, [ACCEPTED, ""]];
  });
}

/** 確定指示, on what was listed last. */
function applyDecisions(state, file) {
  return file.rows.map((row) => [row.line, decide(state, row) ? [ACCEPTED, ""] : [REFUSED, "N-DECISION"]]);
}

function applyPersons(state, file) {
  const results = new Map();
  const before = {};
  const taken = [];
  for (const row of file.rows) {
    const identity = identityOf("SKKOJIN", row);
    const who = addresseeOf(row);
    const own = (state.received[who] ??= {});
    before[who] ??= structuredClone(own);
    const last = own[identity];
    if (last?.isCancelled || (last === undefined) !== (row.update_kind === NEW)) {
      results.set(row.line, [REFUSED, "N-KIND"]);
      continue;
    }
    own[identity] = row.update_kind === CANCELLED ? cancelledFrom(last) : { row, was: last?.row };
    taken.push({ row, who, identity });
  }
  const overlapping = new Set(Object.keys(before).filter((who) => overlapsItself(Object.values(state.received[who]))));
  for (const who of overlapping) state.received[who] = before[who];
  for (const { row, who, identity } of taken) {
    if (overlapping.has(who)) {
      results.set(row.line, [REFUSED, "N-OVERLAP"]);
      continue;
    }
    const kept = state.received[who][identity];
    settle(state, identity, row.update_kind === CANCELLED ? kept.row : row);
    results.set(row.line, [ACCEPTED, ""]);
  }
  for (const { row, identity } of taken) {
    if (state.held.some((each) => each.identity === identity && each.row.line === row.line && each.row.updated_at === row.updated_at)) {
      results.set(row.line, [HELD, "N-IDENTITY"]);
    }
  }
  return [...results].sort(([one], [other]) => one - other);
}

/** What is left of a cancelled record: nothing but that it was. */
function cancelledFrom(last) {
  // わざと入れた誤り / seeded bug: the version before the last correction lives again
  if (process.env.VENDOR_BUG === "revived" && last.was) return { row: last.was };
  return { isCancelled: true };
}

/** 適用期間 of some records: rows with one start are one period, the row with the highest history number gives its end. */
export function periodsOf(rows) {
  const byStart = new Map();
  for (const row of rows.filter((each) => each.insured_kind === "1")) {
    byStart.set(row.application_start, [...(byStart.get(row.application_start) ?? []), row]);
  }
  return [...byStart.values()].map((same) => {
    same.sort((one, other) => Number(one.history_number) - Number(other.history_number));
    return { first: same[0], last: same.at(-1), rows: same };
  });
}

function overlapsItself(kept) {
  const spans = periodsOf(kept.filter((each) => !each.isCancelled).map((each) => each.row))
    .map(({ last }) => [last.application_start, last.application_end])
    .filter(([start, end]) => start !== end)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return spans.some(([, end], place) => place + 1 < spans.length && (!end || end > spans[place + 1][0]));
}
