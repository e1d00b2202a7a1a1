"""この製品自身の登録を、他社の送り手と同じように試験にかける。

    kokuho conformance sender --command "python examples/sender_kokuho.py {in} {state} {as_of} {url} {certificates}"

What municipalities sent is received and judged, what follows is registered with the server, and results are taken. It may be
begun again after any failure: it goes on where it stopped.
"""

import json
import sys
import time
from datetime import date
from pathlib import Path

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.registry.server_channel import ServerAddress, ServerGateway
from kokuho_core.usecases.receive import receive
from kokuho_core.usecases.register import register
from kokuho_core.usecases.registration_results import take_results
from kokuho_core.usecases.resolve import resolve

given, state, certificates = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[5])
insurers = read_insurers(given / "insurers.csv")
database = state / "kokuho.sqlite3"
configuration = Configuration(database=f"sqlite:///{database.as_posix()}", audit_checkpoint=state / "audit")
if not database.exists():
    initialise(configuration, insurers[0].insurer_number[:2], insurers)
address = ServerAddress(
    sys.argv[4], certificates / "federation.pem", certificates / "federation.key", certificates / "ca.pem", pause_seconds=0.05
)
with open_installation(configuration) as opened, ServerGateway(address, opened.book) as gateway:
    arrived = json.loads((given / "step.json").read_text("utf-8"))["files"]
    for file in opened.all_incoming([given / name for name in arrived]):
        receive(opened.office, file)
    resolve(opened.office, date.fromisoformat(sys.argv[3]))
    for insurer in insurers:
        register(opened.office, insurer.insurer_number, gateway)
        for _ in range(20):
            if not take_results(opened.office, insurer.insurer_number, gateway).waiting:
                break
            time.sleep(0.05)
