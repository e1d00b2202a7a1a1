// 世帯についての返却: KEIKOHO and, where it was decided, KEIKAKU, KOHIKI and KOHIKEKKA (H-6, H-7, X-27, X-36).
import { CONTINUED, NOT_CONTINUED, REVOKED, UNCLEAR, carriedMonths, countEntered, countOf } from "./candidates.mjs";

const split = (household) => household.split("/");

export function tellCandidates(state, households, municipalIdOf, tellIfNew) {
  for (const candidate of Object.values(state.candidates)) {
    const [insurer, household] = split(candidate.entered);
    const [fromInsurer, fromHousehold] = split(candidate.left);
    const pair = { household_number: household, from_insurer: fromInsurer, from_household_number: fromHousehold };
    const months = carriedMonths(state, households, candidate);
    tellIfNew("KEIKOHO", insurer, candidate.number, {
      ...pair,
      candidate_number: candidate.number,
      moved_on: candidate.movedOn,
      head_municipal_insured_id: municipalIdOf(households.headRowOn(candidate.entered, candidate.movedOn)),
      moved_members: candidate.people,
      occurrence_count: countOf(months),
      status: statusOf(candidate),
      suggestion: candidate.suggestion,
      suggestion_reason: candidate.reason,
    });
    if (candidate.decision !== undefined && candidate.isListed) candidate.wasToldDecided = true;
    if (!candidate.wasToldDecided) continue; // undecided, or gone again before anybody heard of the decision
    const decision = candidate.isListed ? candidate.decision : REVOKED;
    const carried = decision === CONTINUED ? months : [];
    tellDecision(candidate, decision, countOf(carried), pair, tellIfNew);
    tellMonths(candidate, carried, pair, tellIfNew);
    tellResult(candidate, decision, countOf(carried), countEntered(state, households, candidate), pair, tellIfNew);
  }
}

/** 状態: decided, unless something came up since that leaves «continue» open again. */
function statusOf({ isListed, decision, suggestion }) {
  if (!isListed) return "2";
  return decision === NOT_CONTINUED || (decision === CONTINUED && suggestion !== UNCLEAR) ? "3" : "1";
}

/** To both municipalities; the one left does not learn where a protected person's household is. */
function tellDecision(candidate, decision, count, pair, tellIfNew) {
  const [insurer] = split(candidate.entered);
  for (const reader of [insurer, pair.from_insurer]) {
    const isHidden = candidate.isProtected && reader === pair.from_insurer;
    tellIfNew("KEIKAKU", reader, candidate.number, {
      ...pair,
      insurer_number: isHidden ? "" : insurer,
      household_number: isHidden ? "" : pair.household_number,
      candidate_number: candidate.number,
      moved_on: candidate.movedOn,
      decision,
      decided_on: candidate.decidedOn,
      carried_months: count,
    });
  }
}

/** Each month as long as it is carried over; one that is no more, once, as cancelled. */
function tellMonths(candidate, carried, pair, tellIfNew) {
  const [insurer] = split(candidate.entered);
  for (const month of carried) candidate.toldMonths[month] = true;
  for (const month of Object.keys(candidate.toldMonths)) {
    const [treatmentMonth, kind] = month.split("/");
    tellIfNew("KOHIKI", insurer, `${candidate.number}/${month}`, {
      ...pair,
      treatment_month: treatmentMonth,
      occurrence_kind: kind,
      update_kind: carried.includes(month) ? "1" : "3",
    });
  }
}

/** Nothing where nothing was ever carried over. */
function tellResult(candidate, decision, count, entered, pair, tellIfNew) {
  if (decision === CONTINUED) candidate.hasResult = true;
  if (!candidate.hasResult) return;
  tellIfNew("KOHIKEKKA", split(candidate.entered)[0], candidate.number, {
    ...pair,
    candidate_number: candidate.number,
    result: decision !== CONTINUED ? "3" : count > 0 ? "1" : "2",
    carried_months: count,
    occurrence_count: entered,
  });
}
