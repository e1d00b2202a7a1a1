// 小さな集約システム: a small aggregation of qualifications, as a vendor of his own might have one. No dependencies.
//
//   node vendor.mjs IN OUT STATE AS_OF
//
// IN holds the files of one step (order.txt: in which order they came), OUT gets the files for the municipalities, STATE keeps
// what is known from step to step, AS_OF is the business date.
// Where IN holds step-0001, step-0002 … instead, it takes them all from the start and returns all that stands after the last.
// VENDOR_BUG=inclusive-end | revived | gap-without-claim | any-member puts a mistake in, for the harness to find.
import fs from "node:fs";
import path from "node:path";

import { judgeCandidates } from "./candidates.mjs";
import { plusDays } from "./days.mjs";
import { tellCandidates } from "./household-telling.mjs";
import { Households } from "./households.mjs";
import { conflictsOf, people } from "./identity.mjs";
import { readFile, readSuccessors, writeFile } from "./open-format.mjs";
import { findings, qualifications, sameOffice } from "./qualification.mjs";
import { addresseeOf, periodsOf, receive } from "./reception.mjs";

const EMPTY = {
  successors: {}, // which municipality was taken over by which
  ledgers: {}, received: {}, others: {}, standing: {}, held: [], links: {}, // what came in
  ids: {}, issued: 0, findings: {}, candidates: {}, // what was judged
  told: {}, toldIds: {}, sequences: {}, // what went out
};

function main([given, out, stateFolder, asOfText]) {
  const stateFile = path.join(stateFolder, "state.json");
  const state = fs.existsSync(stateFile) ? JSON.parse(fs.readFileSync(stateFile, "utf8")) : EMPTY;
  const asOf = asOfText.replaceAll("-", "");
  const due = new Map();
  const tell = (fileId, insurer, row) => {
    const key = `${fileId}/${insurer}`;
    due.set(key, [...(due.get(key) ?? []), { insurer_number: insurer, ...row }]);
  };
  const steps = fs.readdirSync(given).filter((name) => name.startsWith("step-")).sort();
  if (steps.length === 0 || fs.existsSync(path.join(given, "order.txt"))) {
    takeStep(state, given, asOf, tell);
  } else {
    for (const step of steps.map((name) => path.join(given, name))) {
      const day = JSON.parse(fs.readFileSync(path.join(step, "step.json"), "utf8")).as_of.replaceAll("-", "");
      Object.assign(state, { told: {}, toldIds: {} });
      takeStep(state, step, day, (fileId, insurer, row) => fileId === "SHOKEKKA" && tell(fileId, insurer, row));
    }
    Object.assign(state, { told: {}, toldIds: {} });
    judge(state, asOf, tell);
  }
  for (const [key, rows] of due) {
    const [fileId, insurer] = key.split("/");
    const sequence = (state.sequences[key] = (state.sequences[key] ?? 0) + 1);
    writeFile(out, fileId, insurer, `${asOf}090000`, sequence, rows);
  }
  fs.writeFileSync(stateFile, JSON.stringify(state));
}

/** One step: its files in the order in which they came, then the judgement. */
function takeStep(state, folder, asOf, tell) {
  state.successors = readSuccessors(folder);
  for (const name of fs.readFileSync(path.join(folder, "order.txt"), "utf8").split("\n").filter(Boolean)) {
    for (const receipt of receive(state, readFile(folder, name))) tell("SHOKEKKA", receipt.insurer_number, receipt);
  }
  judge(state, asOf, tell);
}

/** Judges everybody anew and tells what differs from what was told last. */
function judge(state, asOf, tell) {
  const tellIfNew = (fileId, insurer, name, row) => {
    const key = `${fileId}/${insurer}/${name}`;
    const text = JSON.stringify(row);
    if (state.told[key] === text) return;
    state.told[key] = text;
    tell(fileId, insurer, row);
  };
  const open = new Map();
  const everybody = people(state).sort((one, other) => (addresseeOf(one[0]) < addresseeOf(other[0]) ? -1 : 1));
  const taken = new Set();
  const judged = [];
  for (const rows of everybody) {
    const id = insuredId(state, rows, taken);
    for (const who of new Set(rows.map(addresseeOf))) tellId(state, who, id, tellIfNew);
    const periods = applicationPeriods(rows);
    const found = findings(periods, asOf, state.successors);
    const isProtected = rows.reduce((one, other) => (one.updated_at > other.updated_at ? one : other)).address_withheld === "1";
    judged.push({ id, periods, found, isProtected });
    for (const each of found) open.set(findingKey(each), findingRows(each, isProtected));
    for (const each of qualifications(periods, found, state.successors)) tellQualification(each, id, tellIfNew);
  }
  for (const each of state.held) open.set(`3/${each.identity}`, identityRows(state, each));
  tellFindings(state, open, asOf, tellIfNew);
  continueHouseholds(state, judged, tellIfNew);
}

/** 世帯の継続性, when it is known who is whom. Only who has a standing record can be known as a head. */
function continueHouseholds(state, judged, tellIfNew) {
  const known = new Set(Object.values(state.standing).map(addresseeOf));
  const rows = Object.values(state.others.SKSETAI ?? {}).filter((row) => !row.isCancelled);
  const households = new Households(judged, rows, (who) => (known.has(who) ? state.ids[who] : undefined));
  judgeCandidates(state, judged, households, sameOffice(state.successors));
  tellCandidates(state, households, (row) => row && municipal(row.insurer_number, row.head_addressee_number), tellIfNew);
}

function applicationPeriods(rows) {
  const byAddressee = new Map();
  for (const row of rows) byAddressee.set(addresseeOf(row), [...(byAddressee.get(addresseeOf(row)) ?? []), row]);
  return [...byAddressee.values()].flatMap(periodsOf).map(({ first, last, rows: all }) => ({
    rows: all,
    insurer: last.insurer_number,
    addressee: last.addressee_number,
    history: Number(first.history_number),
    start: last.application_start,
    end: readEnd(last.application_end),
    toldEnd: last.application_end,
    startReason: last.application_start_reason,
    endReason: last.application_end_reason,
    acquired: last.qualification_acquired,
    acquiredReason: last.qualification_acquired_reason,
    lost: last.qualification_lost,
    lostReason: last.qualification_lost_reason,
  }));
}

/** 終了日 is the first day no longer covered (P-1). */
function readEnd(day) {
  // わざと入れた誤り / seeded bug: taken for the last day covered
  return day && process.env.VENDOR_BUG === "inclusive-end" ? plusDays(day, 1) : day;
}

/** 都道府県被保険者ID: one per person. Of several that turn out to be one, the first issued stays. */
function insuredId(state, rows, taken) {
  const known = [...new Set(rows.map((row) => state.ids[addresseeOf(row)]))].filter((id) => id !== undefined && !taken.has(id));
  const id = known.length > 0 ? Math.min(...known) : ++state.issued;
  taken.add(id);
  return id;
}

const prefectural = (id) => `P${String(id).padStart(8, "0")}`;
const municipal = (insurer, addressee) => `M${insurer}${addressee}`.slice(0, 20);

function tellId(state, who, id, tellIfNew) {
  const before = state.toldIds[who];
  state.ids[who] = id;
  if (before === id) return;
  state.toldIds[who] = id;
  const [insurer, addressee] = who.split("/");
  tellIfNew("HIHOID", insurer, addressee, {
    addressee_number: addressee,
    municipal_insured_id: municipal(insurer, addressee),
    prefectural_insured_id: prefectural(id),
    update_kind: before === undefined ? "1" : "2",
    previous_prefectural_insured_id: before === undefined ? "" : prefectural(before),
  });
}

function tellQualification({ period, ...known }, id, tellIfNew) {
  tellIfNew("TOKUSO", period.insurer, `${period.addressee}/${period.start}`, {
    addressee_number: period.addressee,
    municipal_insured_id: municipal(period.insurer, period.addressee),
    prefectural_insured_id: prefectural(id),
    qualification_acquired: known.acquired,
    qualification_acquired_reason: known.acquiredReason,
    qualification_lost: known.lost,
    qualification_lost_reason: known.lostReason,
    carried_from: known.carriedFrom,
    status: known.status,
    application_start: period.start,
    application_end: period.toldEnd,
  });
}

const side = (period) => (period ? `${period.insurer}/${period.addressee}/${period.history}` : "-");
const findingKey = ({ kind, from, to }) => [kind, side(from), side(to)].join("|");

/** A finding as each side sees it; the municipality left does not learn where a protected person went. */
function findingRows({ kind, from, to, start, end, days }, isProtected) {
  return [from, to].filter(Boolean).map((own) => ({
    insurer: own.insurer,
    row: {
      kind,
      municipal_insured_id: municipal(own.insurer, own.addressee),
      addressee_number: own.addressee,
      from_insurer: from?.insurer,
      to_insurer: isProtected && own === from && to?.insurer !== own.insurer ? "" : to?.insurer,
      period_start: start,
      period_end: end,
      days,
    },
  }));
}

/** 本人確認不一致: both sides learn of it, with the start of the record that waits. */
function identityRows(state, held) {
  const sides = new Map([held.row, ...conflictsOf(state, held)].map((row) => [addresseeOf(row), row]));
  return [...sides.values()].map((row) => ({
    insurer: row.insurer_number,
    row: {
      kind: "3",
      municipal_insured_id: municipal(row.insurer_number, row.addressee_number),
      addressee_number: row.addressee_number,
      period_start: held.row.application_start,
    },
  }));
}

/** Open ones as they are now; those that are no more, once, as solved. A finding keeps its number. */
function tellFindings(state, open, asOf, tellIfNew) {
  for (const [key, sides] of open) {
    const known = (state.findings[key] ??= { number: `F${Object.keys(state.findings).length + 1}`, detected: asOf, sides: [] });
    known.sides = sides;
    known.isOpen = true;
  }
  for (const [key, known] of Object.entries(state.findings)) {
    if (!open.has(key)) known.isOpen = false;
    const wasTold = ({ insurer, row }) => `KAKUNIN/${insurer}/${known.number}/${row.addressee_number}` in state.told;
    if (!known.isOpen && !known.sides.some(wasTold)) continue; // solved before anybody heard of it
    for (const { insurer, row } of known.sides) {
      tellIfNew("KAKUNIN", insurer, `${known.number}/${row.addressee_number}`, {
        finding_number: known.number,
        ...row,
        status: known.isOpen ? "1" : "2",
        detected_on: known.detected,
      });
    }
  }
}

main(process.argv.slice(2));
