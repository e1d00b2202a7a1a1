"""The two example counters as they run: real servers over HTTP, their files received by the aggregation, its files taken in."""

from __future__ import annotations

import csv
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import frozen

from kokuho_adapters.files import OpenFormatFile
from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.notice_json import read_notice
from kokuho_core.reception.ledger import FileResult
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.check import check
from kokuho_core.usecases.deliver import deliver
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..docs.pages import same_package
from ..prefecture.office import PrefectureOffice, number
from .counter import AT
from .own_tables import MADOGUCHI

EAST, WEST = InsurerNumber("139519"), InsurerNumber("139527")
Form = dict[str, list[str]]


def form(event_on: str, notified_on: str, **fields: Any) -> Form:
    listed = {path.replace("__", "."): each if isinstance(each, list) else [each] for path, each in fields.items()}
    return {"event_on": [event_on], "notified_on": [notified_on], **listed}


def household(home: str, head: str) -> dict[str, str]:
    return {
        "household__household_number": home, "household__card_symbol": "東", "household__card_number": home,
        "household__head__addressee_number": head,
    }  # fmt: skip


def somebody(path: str, addressee: str, born: str, sex: str, relationship: str = "99") -> dict[str, str]:
    items = f"{path}__items__"
    return {
        f"{path}__addressee_number": addressee, f"{path}__relationship": relationship, f"{items}name": f"見本　{addressee}",
        f"{items}name_kana": "ミホン　カナ", f"{items}birth_date": born, f"{items}sex": sex, f"{items}address": "東見本市１丁目",
        f"{items}individual_number": number(int(addressee)),
    }  # fmt: skip


NOTICES: list[tuple[str, Form]] = [
    ("cover_ended", form("2022-03-31", "2022-04-05", cover="employee_insurance", **household("10", "101"),
                         **somebody("entrants__0", "101", "1980-05-05", "1", "01"), **somebody("entrants__1", "102", "1982-02-02", "2", "02"))),
    ("born", form("2022-08-01", "2022-08-05", household="10", **somebody("child", "103", "2022-08-01", "1", "03"))),
    ("moved_in", form("2022-09-10", "2022-09-10", **household("20", "201"), **somebody("entrants__0", "201", "1949-01-01", "2", "01"),
                      **somebody("entrants__1", "202", "1948-01-01", "1", "02"))),
    ("head_changed", form("2022-10-01", "2022-10-02", household="20", head__addressee_number="202")),
    ("died", form("2022-11-30", "2022-12-02", person="202", new_head__addressee_number="201")),
    ("cover_began", form("2023-01-01", "2023-01-20", cover="welfare", people=["201", "", ""])),
    ("moved_out", form("2023-05-10", "2023-05-08", people=["101", "102", "103"], to_insurer=WEST)),
]  # fmt: skip
MOVED_ON = form(
    "2023-05-10", "2023-05-12", from_insurer=EAST, **household("77", "101"), **somebody("entrants__0", "101", "1980-05-05", "1", "01"),
    **somebody("entrants__1", "102", "1982-02-02", "2", "02"), **somebody("entrants__2", "103", "2022-08-01", "1", "03"),
)  # fmt: skip
DATES = {"101": ("2022年4月1日", "D-2"), "103": ("2022年8月1日", "D-1"), "202": ("2022年12月1日", "D-4"), "201": ("2023年1月1日", "D-6")}


@frozen
class Site:
    """A counter in its own process, with its folder."""

    folder: Path
    client: httpx.Client
    log: Path
    seen: list[str]

    def get(self, path: str, status: int = 200) -> str:
        return self._told(self.client.get(path, follow_redirects=True), status)

    def post(self, path: str, fields: Form | None = None, files: Any = None, status: int = 200) -> str:
        """As a browser does it: the form first, then what was filled in, with the form's token."""
        token = re.search(r'<input type="hidden" name="(\w+)" value="([^"]+)">', self.get(path))
        assert token is not None
        return self._told(self.client.post(path, data={token[1]: [token[2]], **(fields or {})}, files=files), status)

    def _told(self, answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status, answer.text
        assert answer.headers["Cache-Control"] == "no-store" and "default-src 'none'" in answer.headers["Content-Security-Policy"]
        self.seen.append(f"{answer.url}\n{answer.text}")
        return answer.text

    def sent(self) -> dict[str, Path]:
        return {path.name.split("_")[0]: path for path in sorted((self.folder / "outbox").glob("*.csv"))}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """Both counters at once; each is ended by its own handle."""
    folder = tmp_path_factory.mktemp("madoguchi")
    started: list[tuple[str, subprocess.Popen[bytes], int]] = []
    try:
        for name in ("flask", "django"):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            with (folder / f"{name}.log").open("wb") as log:
                command = [sys.executable, str(MADOGUCHI / f"on_{name}.py"), "--folder", str(folder / name), "--port", str(port)]
                env = {**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", **same_package()}
                for key in ("MADOGUCHI_FOLDER", "DJANGO_SETTINGS_MODULE"):
                    env.pop(key, None)
                process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=folder)
            started.append((name, process, port))
        yield {
            name: Site(folder / name, _ready(process, port, folder / f"{name}.log"), folder / f"{name}.log", [])
            for name, process, port in started
        }
    finally:
        for _, process, _ in started:
            process.terminate()
            process.wait(60)


def _ready(process: subprocess.Popen[bytes], port: int, log: Path) -> httpx.Client:
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    deadline = time.monotonic() + 60
    while True:
        try:
            client.get("/style.css").raise_for_status()
            return client
        except httpx.TransportError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectureOffice]:
    """The aggregation, whose own store is the east's embedded one, too."""
    insurers = read_insurers(MADOGUCHI / "insurers.csv", "13")
    with PrefectureOffice(tmp_path_factory.mktemp("madoguchi-prefecture"), insurers=insurers) as made:
        yield made


def embedded(site: PrefectureOffice, kind: str, fields: Form, insurer: InsurerNumber = EAST) -> Any:
    """The same form, read by the same reader, into the library's own store."""
    sys.path.append(str(MADOGUCHI))
    from counter.forms import said

    read: Any = read_notice(said(kind, fields), insurer, AT)
    return municipal_office.notify(site.office, insurer, read.notification, read.numbers)


def built_by(site: PrefectureOffice, insurer: InsurerNumber) -> dict[str, Path]:
    """What the library's own store sends."""
    outbox = site.installation.sending(site.inbox, insurer)
    built = municipal_office.build(site.office, insurer, outbox, str(site.inbox))
    return {each.file_id: site.inbox / each.name for each in built}


def contents(path: Path) -> list[list[str]]:
    """All that a file says but the time at which it was said."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [[each for each in row if not re.fullmatch(r"\d{14}", each)] for row in rows]


def test_a_whole_case(sites: dict[str, Site], site: PrefectureOffice) -> None:
    """Rules: Q-1, Q-4, Q-6, D-1, D-2, D-4, D-6, D-8, P-2, P-7, X-1, X-3, S-3, S-8. Each step rests on those before it."""
    the_same_notices_lead_to_the_same_files(sites, site)
    for name in sites:
        a_person_and_a_household_are_seen(sites, name)
        a_refused_notice_says_why_and_keeps_what_was_written(sites, name)
        nobody_else_can_fill_in_a_form(sites, name)
    the_aggregation_takes_the_files_and_each_counter_takes_the_answer(sites, site)
    for name in sites:
        a_refused_record_comes_back_into_the_list(sites, name)
        clerks_at_the_same_time_get_a_number_each(sites, name)
        no_individual_number_is_to_be_seen_anywhere(sites, name)


def the_same_notices_lead_to_the_same_files(sites: dict[str, Site], site: PrefectureOffice) -> None:
    """The library's own store, Flask and Django (Q-1)."""
    for kind, fields in NOTICES:
        taken = embedded(site, kind, fields)
        for each in sites.values():
            page = each.post(f"/notices/{kind}", fields)
            assert f"届出番号 <b>{taken.number}</b>" in page
            assert all(ground.rule in page for ground in taken.outcome.grounds)
    expected = {file_id: contents(path) for file_id, path in built_by(site, EAST).items()}
    assert {file_id: len(rows) - 2 for file_id, rows in expected.items()} == {"SKSETAI": 2 + 6, "SKKOJIN": 3 * 2 + 4 + 3}
    for each in sites.values():
        page = each.post("/sending")
        assert "2ファイルを作りました" in page and "送付待ちはありません" in each.post("/sending")
        assert {file_id: contents(path) for file_id, path in each.sent().items()} == expected


def a_person_and_a_household_are_seen(sites: dict[str, Site], name: str) -> None:
    for addressee, (day, rule) in DATES.items():
        page = sites[name].get(f"/persons?number={addressee}")
        assert day in page and f"[{rule}]" in page and "●●●●●●●●●●●●" in page and f"見本　{addressee}" in page
    home = sites[name].get("/households/20")
    assert "終わった世帯" in home and "202" in home and "2022年12月1日" in home
    assert "見つかりません" in sites[name].get("/persons/999", 404)
    assert "見つかりません" in sites[name].get("/households/999", 404)


def a_refused_notice_says_why_and_keeps_what_was_written(sites: dict[str, Site], name: str) -> None:
    page = sites[name].post("/notices/died", form("2022-11-30", "2022-12-02", person="999"), status=422)
    assert "KKH-M005" in page and 'value="999"' in page
    wrong = form("2024-04-01", "2024-04-01", **household("30", "301"), **somebody("entrants__0", "301", "1980-05-05", "1"))
    wrong["entrants.0.items.individual_number"] = ["900000000011"]
    page = sites[name].post("/notices/moved_in", wrong, status=422)
    assert "KKH-I012" in page and "見本　301" in page
    both = form("2024-04-01", "2024-04-01", household="20", **household("30", "301"), **somebody("entrants__0", "301", "1980-05-05", "1"))
    assert "KKH-M019" in sites[name].post("/notices/moved_in", both, status=422)
    assert "KKH-M019" in sites[name].post("/notices/died", form("x", "2022-12-02", person="101"), status=422)
    long = form("2024-04-01", "2024-04-01", **household("30", "301"), **somebody("entrants__0", "301", "1980-05-05", "1"))
    long["entrants.0.items.name_kana"] = ["ア" * 200]
    assert "KKH-V003" in sites[name].post("/notices/moved_in", long, status=422)
    sites[name].get("/notices/never", 404)


def clerks_at_the_same_time_get_a_number_each(sites: dict[str, Site], name: str) -> None:
    """Six notices at once; the forms were opened before."""
    moves = [
        form("2023-06-01", "2023-06-01", **household(f"5{each}", f"50{each}"), **somebody("entrants__0", f"50{each}", "1980-05-05", "1", "01"))
        for each in range(6)
    ]
    with ThreadPoolExecutor(6) as clerks:
        pages = list(clerks.map(lambda fields: sites[name].post("/notices/moved_in", fields), moves))
    numbers = sorted(int(re.findall(r"届出番号 <b>(\d+)</b>", page)[0]) for page in pages)
    assert numbers == list(range(numbers[0], numbers[0] + 6))
    assert "2ファイルを作りました" in sites[name].post("/sending")


def nobody_else_can_fill_in_a_form(sites: dict[str, Site], name: str) -> None:
    """Without the token of a form nothing is taken."""
    before = sites[name].get("/")
    for path, fields in (("/notices/died", form("2023-06-01", "2023-06-01", person="103")), ("/sending", {}), ("/returned", {})):
        assert sites[name].client.post(path, data=fields).status_code in (400, 403)
    assert sites[name].get("/") == before


def the_aggregation_takes_the_files_and_each_counter_takes_the_answer(
    sites: dict[str, Site], site: PrefectureOffice
) -> None:
    """What Django sent is received, both take in what comes back; the family moved on into the west (Q-4)."""
    embedded(site, "moved_in", MOVED_ON, WEST)
    for path in (*sites["django"].sent().values(), *built_by(site, WEST).values()):
        checked = check(OpenFormatFile.from_path(path, site.book))
        assert not checked.errors and not checked.warnings
        [answer] = site.receive(path)
        assert answer.result is FileResult.APPLIED and not answer.errors and not answer.warnings
    site.resolve("2023-07-01")
    outgoing = site.installation.outgoing(site.outbox)
    files = [each.file for each in deliver(site.office, EAST, outgoing, str(site.outbox))]
    foreign = [each.file for each in deliver(site.office, WEST, outgoing, str(site.outbox), everything=True)]
    assert {name.split("_")[0] for name in (*files, *foreign)} >= {"TOKUSO", "HIHOID", "SHOKEKKA", "KEIKOHO"} and foreign
    contents_of = {each: (site.outbox / each).read_bytes() for each in (*files, *foreign)}
    for each in sites.values():
        page = each.post("/returned", files=[("files", (name, contents_of[name], "text/csv")) for name in files])
        assert "国保資格取得年月日" in page and "2022年4月1日" in page and "食い違い" not in page
        again = each.post("/returned", files=[("files", (name, contents_of[name], "text/csv")) for name in files])
        assert "0件が変わりました" in again
        person = each.get("/persons/101")
        assert "都道府県被保険者ID" in person and "まだ届いていません" not in person
        for name in foreign:
            refused = each.post("/returned", files=[("files", (name, contents_of[name], "text/csv"))])
            assert "KKH-M018" in refused
        misnamed = each.post("/returned", files=[("files", (f"{number(101)}.csv", b"x", "text/csv"))])
        assert "KKH-F001" in misnamed and number(101) not in misnamed


def a_refused_record_comes_back_into_the_list(sites: dict[str, Site], name: str) -> None:
    [person] = [path for file_id, path in sites[name].sent().items() if file_id == "SKKOJIN"]
    results = f"SHOKEKKA_{EAST}_20250701090000_0007.csv"
    said = f"1,SHOKEKKA,1.0,000000,20250701090000,7\r\n2,{EAST},{person.name},3,2,KKH-V001,address,住所がありません。\r\n9,1\r\n"
    page = sites[name].post("/returned", files=[("files", (results, said.encode(), "text/csv"))])
    assert "KKH-V001" in page
    assert person.name in sites[name].get("/") and "拒否・保留されたレコード" in sites[name].get("/")


def no_individual_number_is_to_be_seen_anywhere(sites: dict[str, Site], name: str) -> None:
    """In no address, page or log, and in no file but the one that is sent."""
    numbers = [number(serial) for serial in (101, 102, 103, 201, 202, 301, 500, 505)]
    assert len(sites[name].seen) > 20
    told = "\n".join(sites[name].seen) + sites[name].log.read_text("utf-8")
    assert not any(each in told for each in (*numbers, "900000000011"))
    kept = [path for path in sites[name].folder.rglob("*") if path.is_file() and path.parent.name != "outbox"]
    assert any(path.name == f"{name}.sqlite3" for path in kept) and any(path.name == "numbers.sqlite3" for path in kept)
    for path in kept:
        assert not any(each.encode() in path.read_bytes() for each in numbers), path.name
    sent = "".join(path.read_text("utf-8") for path in (sites[name].folder / "outbox").glob("SKKOJIN_*.csv"))
    assert numbers[0] in sent and number(505) in sent
