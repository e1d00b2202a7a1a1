// 継続候補世帯と確定: pairs of households with somebody who moved, what the move suggests, and what was decided (H-3 … H-7).
import { earlierEnd } from "./days.mjs";
import { dayBefore, householdKey, householdOn } from "./households.mjs";
import { claimsIn, claimsOut, inOrder } from "./qualification.mjs";

export const [CONTINUED, NOT_CONTINUED, REVOKED] = ["1", "2", "3"];
export const UNCLEAR = "3";
const [LIKELY, UNLIKELY] = ["1", "2"];
const REASON = { address: "1", head: "2", more: "3", fewer: "4", split: "5", merger: "6", unsolved: "9" };
const CARRIED_SINCE = "201804";

/** 県内異動: each step of a person from a household of one municipality into one of another (H-6, X-15, X-26). */
function movesOf({ id, periods, found }, isOne) {
  const live = inOrder(periods);
  const steps = [];
  for (const [place, from] of live.entries()) {
    for (const to of live.slice(place + 1)) {
      const isFound = found.some((each) => ["1", "2"].includes(each.kind) && each.from === from && each.to === to);
      if (isOne(from, to) || !(claimsOut(from) || claimsIn(to)) || !(from.end === to.start || isFound)) continue;
      const last = dayBefore(earlierEnd(from.end, to.start));
      const left = householdOn(from, last < from.start ? from.start : last);
      const entered = householdOn(to, to.start);
      if (left && entered) steps.push({ id, left, entered, to });
    }
  }
  return steps;
}

/** Judges every pair anew. A pair keeps its number and its decision, even where it goes and comes again. */
export function judgeCandidates(state, people, households, isOne) {
  const pairs = new Map();
  for (const person of people) {
    for (const move of movesOf(person, isOne)) {
      const key = `${move.left}>${move.entered}`;
      pairs.set(key, [...(pairs.get(key) ?? []), { ...move, person }]);
    }
  }
  for (const each of Object.values(state.candidates)) each.isListed = false;
  for (const [key, moves] of pairs) {
    const number = `K${String(Object.keys(state.candidates).length + 1).padStart(10, "0")}`;
    const candidate = (state.candidates[key] ??= { number, left: moves[0].left, entered: moves[0].entered, toldMonths: {} });
    const movedOn = moves.map(({ to }) => to.start).sort()[0];
    Object.assign(candidate, {
      isListed: true,
      movedOn,
      people: new Set(moves.map(({ id }) => id)).size,
      isProtected: moves.some(({ person }) => person.isProtected),
      ...suggestionOf(households, candidate, moves, movedOn),
    });
  }
}

/** 判定参考: seen from the head; in a split or a merger his household alone goes on (H-4, H-5, X-16 … ). */
function suggestionOf(households, { left, entered }, moves, day) {
  const eve = dayBefore(day);
  const [was, is] = [households.headOn(left, eve), households.headOn(entered, day)];
  const isUnsolved = moves.some(({ person, to }) => person.found.some((each) => each.from === to || each.to === to));
  if (isUnsolved || was === undefined || is === undefined) return { suggestion: UNCLEAR, reason: REASON.unsolved };
  const moved = moves.map(({ id }) => id);
  const before = new Set([...households.membersOn(left, eve), ...moved]);
  const now = new Set([...households.membersOn(entered, day), ...moved]);
  const gone = [...before].filter((person) => !now.has(person));
  const come = [...now].filter((person) => !before.has(person));
  const isSplit = gone.some((person) => households.wentElsewhere(person, left, day));
  const isMerger = (was !== is && !before.has(is)) || come.some((person) => households.cameFromElsewhere(person, entered, day));
  if (isSplit || isMerger) {
    // わざと入れた誤り / seeded bug: whoever moves takes the months along, head or not
    const goesOn = was === is || process.env.VENDOR_BUG === "any-member";
    return { suggestion: goesOn ? LIKELY : UNLIKELY, reason: isMerger ? REASON.merger : REASON.split };
  }
  if (was !== is) return { suggestion: LIKELY, reason: REASON.head };
  return { suggestion: LIKELY, reason: come.length > 0 ? REASON.more : gone.length > 0 ? REASON.fewer : REASON.address };
}

/** 確定指示 of the municipality entered; false where it is refused. */
export function decide(state, row) {
  const candidate = Object.values(state.candidates).find((each) => each.number === row.candidate_number);
  if (!candidate?.isListed || !candidate.entered.startsWith(`${row.insurer_number}/`)) return false;
  if (row.decision === CONTINUED && candidate.suggestion === UNCLEAR) return false;
  if (row.decision === REVOKED && [undefined, REVOKED].includes(candidate.decision)) return false;
  Object.assign(candidate, { decision: row.decision, decidedOn: row.decided_on });
  return true;
}

const isContinued = (candidate) => candidate.isListed && candidate.decision === CONTINUED;

/** 引継月: of the household left, its own months and those carried into it before, as month/kind (H-3, H-7, X-19, X-29). */
export function carriedMonths(state, households, { left, movedOn }) {
  const segment = households.segmentOf(left, dayBefore(movedOn));
  const found = ownMonths(state, households, left, segment);
  for (const each of Object.values(state.candidates)) {
    if (!isContinued(each) || each.entered !== left || each.movedOn >= movedOn) continue;
    if (households.segmentOf(left, each.movedOn) === segment) found.push(...carriedMonths(state, households, each));
  }
  return [...new Set(found)].filter((month) => month >= CARRIED_SINCE && isInYearOf(month, movedOn)).sort();
}

/** 直近12月該当回数 of the household entered as of the move, with what is carried in (H-2, X-20, X-36). */
export function countEntered(state, households, { entered, movedOn }) {
  const segment = households.segmentOf(entered, movedOn);
  const found = ownMonths(state, households, entered, segment);
  for (const each of Object.values(state.candidates)) {
    if (!isContinued(each) || each.entered !== entered || each.movedOn > movedOn) continue;
    if (households.segmentOf(entered, each.movedOn) === segment) found.push(...carriedMonths(state, households, each));
  }
  return countOf(found.filter((month) => isInYearOf(month, movedOn)));
}

/** Months that count: of kind 1, each once (H-2). */
export const countOf = (months) => new Set(months.filter((month) => month.endsWith("/1"))).size;

/** A month belongs to the segment of its first day. */
function ownMonths(state, households, household, segment) {
  return Object.values(state.others.KOGAKU ?? {})
    .filter((row) => row.insurer_number && householdKey(row.insurer_number, row.household_number) === household)
    .filter((row) => households.segmentOf(household, `${row.treatment_month}01`) === segment)
    .map((row) => `${row.treatment_month}/${row.occurrence_kind}`);
}

/** Whether a month lies in the twelve that end with the month of a day. */
function isInYearOf(month, day) {
  const count = (text) => Number(text.slice(0, 4)) * 12 + Number(text.slice(4, 6));
  const earlier = count(day) - count(month);
  return earlier >= 0 && earlier < 12;
}
