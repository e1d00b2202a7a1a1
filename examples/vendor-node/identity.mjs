// 同一人: one number is one person; what contradicts that is held and never merged (I-1, I-3, I-4, X-6, X-34).

const addressee = (row) => `${row.insurer_number}/${row.addressee_number}`;

/** A record takes effect, or waits; `row` is undefined where its record is cancelled. Whatever waits is tried anew. */
export function settle(state, identity, row) {
  state.held = state.held.filter((each) => each.identity !== identity);
  if (row === undefined) {
    delete state.standing[identity];
    delete state.links[identity];
  } else {
    state.held.push({ identity, row });
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const attempt of [...state.held.map((each) => [each]), ...heldTogether(state)]) {
      if (attempt.length > 0 && attempt.every((each) => conflictsOf(state, each, attempt).length === 0)) {
        for (const each of attempt) accept(state, each);
        changed = true;
        break;
      }
    }
  }
}

function accept(state, { identity, row }) {
  state.held = state.held.filter((each) => each.identity !== identity);
  state.standing[identity] = row;
  if (row.previous_individual_number && row.individual_number) {
    (state.links[identity] ??= []).push([row.previous_individual_number, row.individual_number]);
  }
}

/** Records that wait for each other: two corrections of one wrong birth date. */
function heldTogether(state) {
  const lots = new Map();
  for (const each of state.held) {
    const number = each.row.individual_number;
    lots.set(number, [...(lots.get(number) ?? []), each]);
  }
  return [...lots.values()].filter((lot) => lot.length > 1);
}

/** All numbers of the person who has or had `number`, as far as number changes say so. */
function numbersOf(state, number, ownLink = []) {
  const links = [...Object.values(state.links).flat(), ...ownLink];
  const known = new Set([number]);
  for (let size = 0; size !== known.size; ) {
    size = known.size;
    for (const [one, other] of links) {
      if (known.has(one)) known.add(other);
      else if (known.has(other)) known.add(one);
    }
  }
  return known;
}

/** The records against which a waiting one stands; itself where its own addressee is in the way. */
export function conflictsOf(state, { identity, row }, together = []) {
  if (!row.individual_number) return [];
  const link = row.previous_individual_number ? [[row.previous_individual_number, row.individual_number]] : [];
  const mine = numbersOf(state, row.individual_number, link);
  const world = { ...state.standing, [identity]: row };
  for (const each of together) world[each.identity] = each.row;
  const byAddressee = new Map();
  for (const [key, each] of Object.entries(world)) {
    byAddressee.set(addressee(each), [...(byAddressee.get(addressee(each)) ?? []), { key, each }]);
  }
  const found = [];
  for (const [who, rows] of byAddressee) {
    if (who === addressee(row) || !rows.some(({ each }) => mine.has(each.individual_number))) continue;
    const newest = rows.map(({ each }) => each).reduce((one, other) => (Number(one.history_number) > Number(other.history_number) ? one : other));
    const isOther = newest.birth_date !== row.birth_date || newest.sex !== row.sex;
    if (isOther || newest.insurer_number === row.insurer_number) found.push(newest);
  }
  const own = byAddressee.get(addressee(row)).filter(({ key, each }) => key !== identity && each.individual_number);
  if (own.length > 0 && !own.some(({ each }) => mine.has(each.individual_number))) found.push(own[0].each);
  const was = state.standing[identity]?.individual_number;
  if (was && !mine.has(was)) {
    const old = numbersOf(state, was);
    const isLeftAlone = !Object.entries(state.standing).some(([key, each]) => key !== identity && old.has(each.individual_number));
    if (isLeftAlone) found.push(state.standing[identity]);
  }
  return found;
}

/** 人: groups of addressees that are one person, each with its standing rows. */
export function people(state) {
  const rootOf = new Map();
  const root = (number) => {
    while (rootOf.has(number)) number = rootOf.get(number);
    return number;
  };
  const join = (one, other) => root(one) !== root(other) && rootOf.set(root(one), root(other));
  for (const [one, other] of Object.values(state.links).flat()) join(one, other);
  for (const row of Object.values(state.standing)) {
    if (row.individual_number) join(`@${addressee(row)}`, row.individual_number);
  }
  const groups = new Map();
  for (const row of Object.values(state.standing)) {
    const key = root(`@${addressee(row)}`);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}
