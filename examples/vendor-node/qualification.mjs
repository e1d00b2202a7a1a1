// 資格継続: findings between municipalities (P-4 … P-6) and the qualification that follows, for one person.
import { daysBetween, earlierEnd } from "./days.mjs";

const SINCE = "20180401";
export const claimsOut = (period) => period.endReason === "57" && period.end >= SINCE;
export const claimsIn = (period) => period.startReason === "07" && period.start >= SINCE;
export const covers = (period, day) => period.start <= day && (!period.end || day < period.end);

/** 同じ市町村: one number, or a municipality and the one that took it over. `successors`: number to number. */
export const sameOffice = (successors) => (one, other) => {
  const heirs = (number) => {
    const found = [number];
    while (successors[found.at(-1)] && !found.includes(successors[found.at(-1)])) found.push(successors[found.at(-1)]);
    return found;
  };
  return heirs(one.insurer).includes(other.insurer) || heirs(other.insurer).includes(one.insurer);
};

function continues(one, next, isOne) {
  if (one === next || !one.end || one.end !== next.start) return false;
  if (claimsOut(one) && claimsIn(next)) return true;
  if (one.insurer === next.insurer) return one.endReason === "58" && next.startReason === "08";
  return isOne(one, next);
}

/** Periods that cover a day at least, by start, end and municipality. */
export function inOrder(periods) {
  const key = (period) => [period.start, period.end || "99999999", period.insurer, String(period.history).padStart(4, "0")].join("/");
  return periods.filter((period) => period.start !== period.end).sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

export function findings(periods, asOf, successors, waitDays = 30) {
  const live = inOrder(periods);
  const isOne = sameOffice(successors);
  const pairs = live.flatMap((from, place) => live.slice(place + 1).map((to) => [from, to]));
  const apart = pairs.filter(([from, to]) => !isOne(from, to));
  const found = [];
  for (const [from, to] of apart) {
    if (from.end && from.end <= to.start) continue;
    const end = earlierEnd(from.end, to.end);
    found.push({ kind: "1", from, to, start: to.start, end, days: end ? daysBetween(to.start, end) : "" });
  }
  for (const [from, to] of apart) {
    if (!from.end || from.end >= to.start || live.some((each) => each.start < to.start && (!each.end || each.end > from.end))) continue;
    // わざと入れた誤り / seeded bug: a gap though nobody claims a move inside the prefecture
    if (!claimsOut(from) && !claimsIn(to) && process.env.VENDOR_BUG !== "gap-without-claim") continue;
    found.push({ kind: "2", from, to, start: from.end, end: to.start, days: daysBetween(from.end, to.start) });
  }
  for (const [from, to] of apart) {
    if (from.end === to.start && claimsOut(from) !== claimsIn(to)) {
      found.push({ kind: "4", from, to, start: to.start, end: to.start, days: 0 });
    }
  }
  const gaps = found.filter(({ kind }) => kind === "2");
  for (const period of live) {
    const others = live.filter((each) => !isOne(each, period));
    if (claimsOut(period) && daysBetween(period.end, asOf) > waitDays) {
      const isAnswered = live.some((next) => continues(period, next, isOne))
        || others.some((each) => covers(each, period.end)) || gaps.some(({ from }) => from === period);
      if (!isAnswered) found.push({ kind: "5", from: period, to: null, start: period.end, end: "", days: "" });
    }
    if (claimsIn(period) && daysBetween(period.start, asOf) > waitDays) {
      const isAnswered = live.some((before) => continues(before, period, isOne))
        || others.some((each) => covers(each, period.start) || each.end === period.start) || gaps.some(({ to }) => to === period);
      if (!isAnswered) found.push({ kind: "5", from: null, to: period, start: period.start, end: "", days: "" });
    }
  }
  return found;
}

/** One row per period: what is known of the qualification at that municipality. */
export function qualifications(periods, found, successors) {
  const live = inOrder(periods);
  const isOne = sameOffice(successors);
  const held = new Set(found.filter(({ kind }) => kind === "1" || kind === "4").flatMap(({ from, to }) => [from, to]));
  for (let size = -1; size !== held.size; ) {
    size = held.size;
    for (const one of live) for (const next of live) if (held.has(one) && continues(one, next, isOne)) held.add(next);
  }
  return live.map((period) => {
    if (held.has(period)) return { period, status: "9" };
    let first = period;
    let carriedFrom = "";
    for (let before; (before = live.findLast((each) => continues(each, first, isOne))); ) {
      first = before;
      if (!carriedFrom && !isOne(first, period)) carriedFrom = first.insurer;
    }
    const isLast = !live.some((next) => continues(period, next, isOne)) && !claimsOut(period);
    const lost = isLast && period.end ? period.lost || period.end : "";
    return {
      period,
      acquired: first.acquired || first.start,
      acquiredReason: (first.acquired && first.acquiredReason) || first.startReason,
      lost,
      lostReason: lost ? period.lostReason || period.endReason : "",
      carriedFrom,
      status: lost ? "3" : first === period ? "1" : "2",
    };
  });
}
