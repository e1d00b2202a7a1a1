// オープン形式(docs/layouts.md): reads and writes the CSV files, by the tables of the layouts this vendor knows.
import fs from "node:fs";
import path from "node:path";

const columns = (text) => text.trim().split(/\s+/);

export const LAYOUTS = {
  SKKOJIN: columns(`insurer_number addressee_number history_number update_kind individual_number previous_individual_number
    name name_kana alias name_on_card name_kana_on_card true_name true_name_kana sex_on_back birth_date sex postal_code address
    card_symbol card_number branch_number household_number member_start member_end relationship insured_kind application_start
    application_start_reason application_start_notified application_end application_end_reason application_end_notified
    qualification_acquired qualification_acquired_reason qualification_acquired_notified qualification_lost
    qualification_lost_reason qualification_lost_notified special_case special_case_start special_case_end other_insurer_number
    address_withheld self_view_stopped updated_at`),
  SKSETAI: columns(`insurer_number household_number history_number update_kind card_symbol card_number head_addressee_number
    head_kind head_start head_start_notified head_end head_end_notified household_start household_end change_reason changed_on
    notified_on other_insurer_number updated_at`),
  KOGAKU: columns(`insurer_number household_number treatment_month update_kind occurrence_kind payment_kind paid_on paid_amount
    updated_at`),
  KEISHIJI: columns("insurer_number candidate_number decision decided_on decided_by reason"),
  TOKUSO: columns(`insurer_number addressee_number municipal_insured_id prefectural_insured_id qualification_acquired
    qualification_acquired_reason qualification_lost qualification_lost_reason carried_from status application_start
    application_end`),
  HIHOID: columns(`insurer_number addressee_number municipal_insured_id prefectural_insured_id update_kind
    previous_prefectural_insured_id`),
  KAKUNIN: columns(`insurer_number finding_number kind municipal_insured_id addressee_number from_insurer to_insurer period_start
    period_end days status detected_on`),
  KEIKOHO: columns(`insurer_number candidate_number household_number from_insurer from_household_number moved_on
    head_municipal_insured_id moved_members occurrence_count status suggestion suggestion_reason`),
  KEIKAKU: columns(`insurer_number candidate_number household_number from_insurer from_household_number moved_on decision decided_on
    carried_months`),
  KOHIKI: columns(`insurer_number household_number from_insurer from_household_number treatment_month occurrence_kind
    update_kind`),
  KOHIKEKKA: columns(`insurer_number candidate_number household_number from_insurer from_household_number result carried_months
    occurrence_count`),
  SHOKEKKA: columns("insurer_number source_file line result error_code error_field message"),
};

/** 一行をRFC 4180で分ける。 One line, split by RFC 4180. */
function split(line) {
  const cells = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      let text = "";
      for (at++; ; at++) {
        if (at >= line.length) throw new Error("open quote");
        if (line[at] !== '"') text += line[at];
        else if (line[at + 1] === '"') text += line[at++];
        else break;
      }
      cells.push(text);
      at += 2;
    } else {
      const end = line.indexOf(",", at);
      cells.push(line.slice(at, end < 0 ? line.length : end));
      if (end < 0) break;
      at = end + 1;
    }
  }
  return cells;
}

/** 合併: the number of each municipality that was taken over, to its successor's (insurers.csv). */
export function readSuccessors(folder) {
  const [header, ...rows] = fs.readFileSync(path.join(folder, "insurers.csv"), "utf8").split("\r\n").slice(0, -1).map(split);
  const [number, successor] = ["insurer_number", "successor"].map((key) => header.indexOf(key));
  return Object.fromEntries(rows.filter((row) => row[successor]).map((row) => [row[number], row[successor]]));
}

/** One received file. `rows` carry their line in the file: the control record is line 1. */
export function readFile(folder, name) {
  const [fileId, sender, , sequence] = path.basename(name, ".csv").split("_");
  const keys = LAYOUTS[fileId];
  const text = new TextDecoder("utf-8", { fatal: true }).decode(fs.readFileSync(path.join(folder, name)));
  const lines = text.split("\r\n").slice(0, -1).map(split);
  const [control, end] = [lines.shift(), lines.pop()];
  if (control[0] !== "1" || end[0] !== "9" || Number(end[1]) !== lines.length) throw new Error(`${name}: cut`);
  const rows = lines.map((cells, index) => {
    const row = { line: index + 2 };
    keys.forEach((key, place) => (row[key] = cells[place + 1]));
    return row;
  });
  return { name, fileId, sender, sequence: Number(sequence), rows };
}

const quoted = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One returned file for one municipality. */
export function writeFile(folder, fileId, insurer, createdAt, sequence, rows) {
  const lines = [
    ["1", fileId, "1.0", "000000", createdAt, sequence],
    ...rows.map((row) => ["2", ...LAYOUTS[fileId].map((key) => row[key])]),
    ["9", rows.length],
  ];
  const name = `${fileId}_${insurer}_${createdAt}_${String(sequence).padStart(4, "0")}.csv`;
  fs.writeFileSync(path.join(folder, name), lines.map((cells) => `${cells.map(quoted).join(",")}\r\n`).join(""));
}
