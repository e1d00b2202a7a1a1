"""A client of the registration interface in the standard library alone, as a vendor might write it; ``BUG`` names a mistake.

    python small_sender.py {in} {state} {url} {certificates}

What it registered it keeps in ``{state}``: the batch that is on its way is kept before it is sent, so that after any failure the
very same batch goes out again.
"""

import http.client
import json
import os
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

given, state, url, certificates = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
BUG = os.environ.get("BUG", "")
KEPT = state / "registered.json"
COLUMNS = (
    "insurer_number", "record_key", "update_kind", "individual_number", "municipal_insured_id", "card_symbol", "card_number",
    "branch_number", "name", "name_kana", "name_on_card", "name_kana_on_card", "true_name", "true_name_kana", "sex_on_back",
    "birth_date", "sex", "address", "qualification_acquired", "qualification_lost", "reason_of_loss", "application_start",
    "application_end", "address_withheld", "self_view_stopped", "notified_on",
)  # fmt: skip


class NoAnswer(Exception):
    """Nobody knows what became of it."""


def ask(method: str, path: str, batch: dict | None = None) -> dict:
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / "federation.pem", certificates / "federation.key")
    address = urlsplit(url)
    line = http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=10)
    headers = {"Content-Type": "application/json"}
    if batch is not None:
        headers["Idempotency-Key"] = f"{path.split('/')[3]}-{batch['number']}"
    try:
        line.request(method, path, None if batch is None else json.dumps(batch), headers)
        answer = line.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException):
        raise NoAnswer from None
    finally:
        line.close()
    if answer.status >= 500:
        raise NoAnswer
    if answer.status not in (200, 202):
        sys.exit(f"refused {answer.status}")
    return json.loads(content)


def again(act, *arguments):
    for _ in range(6):
        try:
            return act(*arguments)
        except NoAnswer:
            time.sleep(0.01)
    sys.exit("no answer")


known = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {"keys": 0, "numbers": {}, "live": {}, "outgoing": None}


def keep() -> None:
    KEPT.with_suffix(".part").write_text(json.dumps(known), "utf-8")
    KEPT.with_suffix(".part").replace(KEPT)


def send(insurer: str, rows: list[list[str]]) -> None:
    number = known["numbers"].get(insurer, 0) + 1
    known["outgoing"] = {"insurer": insurer, "version": "1.0", "number": number, "rows": rows}
    keep()
    deliver()


def deliver() -> None:
    batch = dict(known["outgoing"])
    insurer = batch.pop("insurer")
    path = f"/v1/partitions/{insurer}/registrations"
    try:
        answer = ask("POST", path, batch) if BUG in ("forgets", "doubles", "next number") else again(ask, "POST", path, batch)
    except NoAnswer:
        if BUG == "forgets":
            answer = None  # it will have arrived
        else:  # sent anew, as if it had not arrived
            known["outgoing"], known["numbers"][insurer] = None, batch["number"]
            if BUG == "doubles":
                for row in batch["rows"]:
                    row[1] += "B" if row[2] == "1" else ""
            send(insurer, batch["rows"])
            return
    known["numbers"][insurer] = batch["number"]
    for row in batch["rows"]:
        if row[2] == "3":
            known["live"].pop(row[1], None)
        else:
            known["live"][row[1]] = row
    known["outgoing"] = None
    keep()
    if answer is not None:
        results(f"{path}/{answer['reception_number']}")


def results(path: str) -> None:
    for _ in range(30):
        found = again(ask, "GET", path)
        if found["status"] == "done":
            if any(row[2] == "2" for row in found["rows"]) and not BUG:
                sys.exit("a record was refused")
            return
        time.sleep(0.01)


def content(row: list[str]) -> list[str]:
    return [text for column, text in zip(COLUMNS, row, strict=True) if column not in ("record_key", "update_kind")]


if known["outgoing"] is not None:
    deliver()
wanted = json.loads((given / "records.json").read_text("utf-8"))
insurers = sorted({each["insurer_number"] for each in wanted} | {row[0] for row in known["live"].values()})
for insurer in insurers:
    rows = [["" if column in ("record_key", "update_kind") else each[column] for column in COLUMNS] for each in wanted
            if each["insurer_number"] == insurer]  # fmt: skip
    standing = {key: row for key, row in known["live"].items() if row[0] == insurer}
    gone = [row for row in standing.values() if content(row) not in [content(each) for each in rows]]
    new = [row for row in rows if content(row) not in [content(each) for each in standing.values()]]
    batch = [] if BUG == "no invalidation" else [[row[0], row[1], "3", *row[3:]] for row in gone]
    for row in new:
        known["keys"] += 1
        key = f"K{known['keys']:06d}"
        if BUG == "key of the person":
            key = f"K{row[4]}"
        if BUG == "inclusive end" and row[22]:
            row[22] = f"{int(row[22]) - 1}"
        batch.append([row[0], key, "1", *row[3:]])
    if batch:
        send(insurer, batch)
