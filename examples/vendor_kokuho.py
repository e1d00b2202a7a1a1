"""この製品自身の集約を、他社のコマンドと同じように試験にかける。

    kokuho conformance files --command "python examples/vendor_kokuho.py {in} {out} {state} {as_of}"

One step of the prefecture's work as a command: what a vendor who builds on this library would put in front of the harness.
Further arguments are layouts (TOML).
"""

import json
import sys
from datetime import date
from pathlib import Path

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import read_insurers
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.receive import receive
from kokuho_core.usecases.resolve import resolve

given, out, state, as_of = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), date.fromisoformat(sys.argv[4])
insurers = read_insurers(given / "insurers.csv")
configuration = Configuration(
    database=f"sqlite:///{(state / 'kokuho.sqlite3').as_posix()}",
    audit_checkpoint=state / "audit",
    layouts=tuple(map(Path, sys.argv[5:])),
)
if not (state / "kokuho.sqlite3").exists():
    initialise(configuration, insurers[0].insurer_number[:2], insurers)
with open_installation(configuration) as opened:
    arrived = json.loads((given / "step.json").read_text("utf-8"))["files"]
    for file in opened.all_incoming([given / name for name in arrived]):
        receive(opened.office, file)
    resolve(opened.office, as_of)
    for insurer in insurers:
        list(deliver(opened.office, insurer.insurer_number, opened.outgoing(out), str(out)))
