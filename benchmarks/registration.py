"""登録の性能測定: registering people server to server beside posting the same rows raw, on one machine and over real TLS.

    python benchmarks/registration.py --persons 20000 100000 --repeat 3

The product sends batches through its gateway to the simulated intermediate server, which judges and keeps them, and fetches
every result. Beside it the same rows in as many requests of the same size, as JSON, with the same certificates, from a client
that knows nothing of them: *posted raw* to the same simulator and the same results fetched, which shows what the gateway costs;
and to a *bare server* that puts them into one table and says nothing, which shows what the receiver's judgement costs. Client and
server are processes of their own; what starting them takes is not counted. Beside wall seconds stand the processor seconds of
both, which other work on the machine does not lengthen (those of the server on Linux alone).
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson
import uvicorn

from kokuho_adapters.files import LayoutBook
from kokuho_adapters.garbage import collect_rarely
from kokuho_adapters.registry.server_channel import BATCH_LINES, ServerAddress, ServerGateway
from kokuho_adapters.registry_simulator.server import FEDERATION, prepare
from kokuho_adapters.registry_simulator.tls import server_context
from kokuho_core.ports.registry import Batch, Exchange, RecordKey, RegistrationLine
from kokuho_core.vocabulary.check_digits import individual_number_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId
from kokuho_core.vocabulary.individual_number import IndividualNumber

INSURER = InsurerNumber("139519")
MADE_AT = datetime(2026, 4, 1, 9)
START, NOTICE = date(2026, 4, 1), date(2026, 4, 2)
TEXTS = ("東見", "見本太郎", "ミホンタロウ", "東見本市本町一丁目2番3号")
ADDED = timedelta(days=1)


def digits(person: int) -> str:
    """An invented number."""
    payload = f"97{person:09d}"
    return payload + str(individual_number_digit(payload))


def lines(first: int, last: int) -> Iterator[RegistrationLine]:
    """People as the use cases have them."""
    symbol, name, kana, address = TEXTS
    for person in range(first, last):
        yield RegistrationLine(
            INSURER, RecordKey(f"K{person:09d}"), "1", IndividualNumber.checked(digits(person)),
            MunicipalInsuredId(f"M{person:08d}"), symbol, f"{person:07d}", "01", name, kana, None, None, None, None, "0",
            date(1940 + person % 80, 1 + person % 12, 1 + person % 28), "2", address, START, None, None, START, None, "0",
            "0", NOTICE,
        )  # fmt: skip


def rows(first: int, last: int) -> Iterator[list[str]]:
    """The same people as texts."""
    symbol, name, kana, address = TEXTS
    for person in range(first, last):
        born = f"{1940 + person % 80:04d}{1 + person % 12:02d}{1 + person % 28:02d}"
        yield [
            INSURER, f"K{person:09d}", "1", digits(person), f"M{person:08d}", symbol, f"{person:07d}", "01", name, kana, "", "",
            "", "", "0", born, "2", address, "20260401", "", "", "20260401", "", "0", "0", "20260402",
        ]  # fmt: skip


def batches(persons: int) -> Iterator[tuple[int, int, int]]:
    """Number, first and one past the last person of each batch."""
    for number, first in enumerate(range(0, persons, BATCH_LINES), 1):
        yield number, first, min(first + BATCH_LINES, persons)


# --- the clients ---


def send_product(url: str, folder: Path, persons: int) -> None:
    """Every batch through the gateway, and its results."""
    certificates = folder / "certificates"
    address = ServerAddress(
        url, certificates / f"{FEDERATION}.pem", certificates / f"{FEDERATION}.key", certificates / "ca.pem"
    )
    done = 0
    with ServerGateway(address, LayoutBook.shipped()) as gateway:
        for number, first, last in batches(persons):
            batch = Batch(
                Exchange.REGISTRATION,
                INSURER,
                number,
                MADE_AT + number * ADDED,
                last - first,
                lambda a=first, b=last: lines(a, b),
            )
            reception = gateway.send(batch)
            results = gateway.results(Exchange.REGISTRATION, INSURER, number, reception)
            done += sum(each.result == "1" and each.internal_branch_number is not None for each in results or ())
    if done != persons:
        raise SystemExit(f"{done} of {persons} were registered")


@contextmanager
def bare_client(url: str, folder: Path) -> Iterator[httpx.Client]:
    """HTTP with our certificate, and nothing else."""
    certificates = folder / "certificates"
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / f"{FEDERATION}.pem", certificates / f"{FEDERATION}.key")
    with httpx.Client(base_url=url, verify=context, trust_env=False, timeout=60) as client:
        yield client


def send_bare(url: str, folder: Path, persons: int) -> None:
    """Every batch as it is, to a server that only keeps it."""
    with bare_client(url, folder) as client:
        for _, first, last in batches(persons):
            client.post("/", content=orjson.dumps(list(rows(first, last)))).raise_for_status()


def send_raw(url: str, folder: Path, persons: int) -> None:
    """Every batch as it is, to the simulator, and the bytes of its results."""
    path = f"/v1/partitions/{INSURER}/registrations"
    with bare_client(url, folder) as client:
        for number, first, last in batches(persons):
            content = orjson.dumps({"version": "1.0", "number": number, "rows": list(rows(first, last))})
            answer = client.post(path, content=content, headers={"Idempotency-Key": f"K{number}"}).raise_for_status()
            client.get(f"{path}/{answer.json()['reception_number']}").raise_for_status()


SENDERS = {"bare": send_bare, "raw": send_raw, "product": send_product}


# --- the raw server ---


def serve_bare(folder: Path) -> None:
    """Puts every row it gets into one table, one transaction per request."""
    connection = sqlite3.connect(folder / "raw.sqlite3", isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"CREATE TABLE row ({', '.join(f'c{each}' for each in range(26))})")
    statement = f"INSERT INTO row VALUES ({', '.join('?' * 26)})"

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = [], True
        while more:
            message = await receive()
            body.append(message.get("body", b""))
            more = message.get("more_body", False)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, orjson.loads(b"".join(body)))
        connection.execute("COMMIT")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    certificates = folder / "certificates"
    config = uvicorn.Config(application, http="h11", lifespan="off", access_log=False, log_config=None)
    config.load()
    config.ssl = server_context(
        certificates / "server.pem", certificates / "server.key", certificates / "ca.pem", lambda why: None
    )
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(f"https://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listening])


# --- measuring ---


def _resident_mb(pid: int) -> float:
    """The highest resident memory of a living process, Linux alone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0.0
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _processor_seconds(pid: int) -> float:
    """What a living process has used so far, Linux alone."""
    try:
        used = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def measure(way: str, persons: int, work: Path) -> dict[str, float]:
    """Wall seconds of the client; processor seconds and the highest memory of both sides."""
    folder = work / f"{way}-{persons}-{time.monotonic_ns()}"
    prepare(folder, [INSURER])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(each).resolve()) for each in sys.path if each)}
    if way != "bare":
        command = ["-m", "kokuho_adapters.cli", "simulate-server", "--dir", str(folder), "--port", "0"]
    else:
        command = [__file__, "serve-bare", str(folder)]
    server = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, encoding="utf-8", env=environment)
    try:
        assert server.stdout is not None
        url = next(line[line.index("https://") :].split()[0] for line in server.stdout if "https://" in line)
        before = _processor_seconds(server.pid)
        client = subprocess.run(
            [sys.executable, __file__, f"send-{way}", url, str(folder), str(persons)],
            stdout=subprocess.PIPE, check=True, encoding="utf-8", env=environment,
        )  # fmt: skip
        used = _processor_seconds(server.pid) - before
        return {**json.loads(client.stdout), "server_cpu": used, "server_mb": _resident_mb(server.pid)}
    finally:
        server.kill()
        server.wait()


def timed(way: str, url: str, folder: Path, persons: int) -> None:
    """One client's work, told as JSON."""
    collect_rarely()  # as the command does
    began, used = time.perf_counter(), time.process_time()
    SENDERS[way](url, folder, persons)
    cost = {"seconds": time.perf_counter() - began, "client_cpu": time.process_time() - used}
    print(json.dumps({**cost, "client_mb": _resident_mb(os.getpid())}))


COLUMNS = (
    "seconds", "÷ raw", "÷ bare", "persons/s", "client cpu", "server cpu", "cpu ÷ raw", "client MB", "server MB",
)  # fmt: skip


def _both_sides(cost: dict[str, float]) -> float:
    return cost["client_cpu"] + cost["server_cpu"]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--persons", type=int, nargs="*", default=[20_000, 100_000])
    parser.add_argument("--repeat", type=int, default=3, help="turns of which the median is told")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kokuho-registration-") as temporary:
        print(f"| persons | way | {' | '.join(COLUMNS)} |")
        print("|---:|---|" + "---:|" * len(COLUMNS))
        for persons in options.persons:
            found: dict[str, list[dict[str, float]]] = {way: [] for way in SENDERS}
            for _ in range(options.repeat):
                for way, each in found.items():
                    each.append(measure(way, persons, Path(temporary)))
            middle = {way: {key: median(one[key] for one in each) for key in each[0]} for way, each in found.items()}
            for way, cost in middle.items():
                by_raw, by_bare = (cost["seconds"] / middle[other]["seconds"] for other in ("raw", "bare"))
                by_cpu = _both_sides(cost) / _both_sides(middle["raw"])
                print(
                    f"| {persons:,} | {way} | {cost['seconds']:.2f} | {by_raw:.2f} | {by_bare:.1f}"
                    f" | {persons / cost['seconds']:,.0f}"
                    f" | {cost['client_cpu']:.2f} | {cost['server_cpu']:.2f} | {by_cpu:.2f}"
                    f" | {cost['client_mb']:.0f} | {cost['server_mb']:.0f} |"
                )
    return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve-bare", folder]:
            serve_bare(Path(folder))
        case [("send-bare" | "send-raw" | "send-product") as way, url, folder, persons]:
            timed(way.removeprefix("send-"), url, Path(folder), int(persons))
        case rest:
            raise SystemExit(main(rest))
