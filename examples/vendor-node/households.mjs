// 世帯: who is in which household on a day, who heads it, and since when its months count (H-1, X-14 … ).
import { plusDays } from "./days.mjs";
import { covers } from "./qualification.mjs";

const within = (day, start, end) => (!start || start <= day) && (!end || day < end);
const newest = (rows) => rows.reduce((one, other) => (Number(one.history_number) > Number(other.history_number) ? one : other));

export const dayBefore = (day) => plusDays(day, -1);
export const householdKey = (insurer, number) => `${insurer}/${number}`;

/** 所属世帯 of a period on a day: by its newest row that holds the day. */
export function householdOn(period, day) {
  const rows = covers(period, day) ? period.rows.filter((row) => within(day, row.member_start, row.member_end)) : [];
  return rows.length > 0 ? householdKey(period.insurer, newest(rows).household_number) : undefined;
}

/** People (id and periods) and rows of SKSETAI, seen household by household and day by day. */
export class Households {
  #periods = new Map(); // person to periods
  #stays = new Map(); // household to the people who are or were in it
  #heads = new Map(); // household to its rows of SKSETAI
  #begins = new Map();

  constructor(people, headRows, personOf) {
    const add = (map, key, value) => map.set(key, [...(map.get(key) ?? []), value]);
    for (const { id, periods } of people) {
      this.#periods.set(id, periods);
      for (const period of periods) {
        const named = new Set(period.rows.map((row) => householdKey(period.insurer, row.household_number)));
        for (const household of named) add(this.#stays, household, { id, period });
      }
    }
    for (const row of headRows) {
      const person = personOf(`${row.insurer_number}/${row.head_addressee_number}`);
      add(this.#heads, householdKey(row.insurer_number, row.household_number), { ...row, person });
    }
  }

  /** 世帯主の行 on a day: of rows with one start the newest counts, and of those the newest that holds the day. */
  headRowOn(household, day) {
    const rows = this.#heads.get(household) ?? [];
    const current = rows.filter((row) => row === newest(rows.filter((each) => each.head_start === row.head_start)));
    const today = current.filter((row) => within(day, row.head_start, row.head_end));
    return today.length > 0 ? newest(today) : undefined;
  }

  /** The head's person; undefined where nobody knows him. */
  headOn(household, day) {
    return this.headRowOn(household, day)?.person;
  }

  /** 世帯員: the insured, and a nominal head (擬制世帯主). */
  membersOn(household, day) {
    const here = (this.#stays.get(household) ?? []).filter(({ period }) => householdOn(period, day) === household);
    const members = new Set(here.map(({ id }) => id));
    const head = this.headRowOn(household, day);
    if (head?.head_kind === "2" && head.person !== undefined) members.add(head.person);
    return members;
  }

  /** He left for another household: insured elsewhere, gone by a move, or head of what he left. Not by death or 社保. */
  wentElsewhere(person, household, day) {
    if (this.#coveredBy(person, day).length > 0 || this.headOn(household, day) === person) return true;
    return this.#coveredBy(person, dayBefore(day)).some(({ end, endReason }) => end === day && ["57", "51"].includes(endReason));
  }

  /** He came from another household: insured elsewhere the day before, or here since today by a move. */
  cameFromElsewhere(person, household, day) {
    if (this.#coveredBy(person, dayBefore(day)).length > 0) return true;
    return this.#coveredBy(person, day).some(
      (period) => period.start === day && ["07", "01"].includes(period.startReason) && householdOn(period, day) === household,
    );
  }

  /** 通算区分: the day since when months count together with `day`; the head parted, or another's head took over (H-4, X-21). */
  segmentOf(household, day) {
    return this.#segmentStarts(household).findLast((start) => start <= day) ?? "";
  }

  #segmentStarts(household) {
    if (!this.#begins.has(household)) {
      const days = new Set((this.#heads.get(household) ?? []).flatMap((row) => [row.head_start, row.head_end]).filter(Boolean));
      this.#begins.set(household, [...days].sort().filter((day) => this.#beginsAnew(household, day)));
    }
    return this.#begins.get(household);
  }

  #beginsAnew(household, day) {
    const eve = dayBefore(day);
    const [was, is] = [this.headOn(household, eve), this.headOn(household, day)];
    if (was === is) return false;
    const [before, now] = [this.membersOn(household, eve), this.membersOn(household, day)];
    const hasParted = was !== undefined && !now.has(was) && now.size > 0 && this.wentElsewhere(was, household, day);
    const tookOver = is !== undefined && !before.has(is) && before.size > 0 && this.cameFromElsewhere(is, household, day);
    return hasParted || tookOver;
  }

  #coveredBy(person, day) {
    return (this.#periods.get(person) ?? []).filter((period) => covers(period, day));
  }
}
