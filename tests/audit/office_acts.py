"""Every act of a municipal office and of the second factor that writes (S-4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from attrs import evolve

from kokuho_adapters.composition import open_installation
from kokuho_adapters.number_answer import AnswerFile
from kokuho_adapters.resident_register import ResidentRegisterFolder
from kokuho_adapters.security.one_time_codes import Credentials
from kokuho_core.access import AccessContext, operator_id
from kokuho_core.errors import AccessDenied
from kokuho_core.high_cost_history.record import HighCostRecord
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.authentication import enrol, log_in, log_out, unlock
from kokuho_core.usecases.number_lookup import look_up_number
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber
from kokuho_core.vocabulary.month import Month

from ..access.test_second_factor import Device, Fixed
from ..municipal_office.test_office import moved_in, numbers
from ..prefecture.office import C, D, PrefectureOffice, number, person

Act = Callable[[PrefectureOffice], object]
MADE: Final = datetime(2024, 4, 1, 9, 0, 0)
DEVICE, TOKEN = "device", "token"


def prepare_office(site: PrefectureOffice) -> None:
    """C's counter: files sent and answered, something that waits, a month on record, a history of D to take over."""
    municipal_office.notify(site.office, C, moved_in("2020-04-01", "10", "601", "602"), numbers("601", "602"))
    for each in build(site):
        site.receive(site.inbox / each.name)
    site.resolve()
    site.deliver(C)
    municipal_office.notify(site.office, C, moved_in("2024-05-01", "11", "603"), numbers("603"))
    municipal_office.notify(site.office, C, moved_in("2024-05-01", "13", "605"))
    municipal_office.state(site.office, C, "KOGAKU", _month("202404"))
    site.write("SKKOJIN", D, [person(D, str(n), number=number(800 + n)) for n in range(1, 4)])


@cache
def logged_in_at() -> datetime:
    """Asked when rights have just been given: they hold from that day on."""
    return datetime.now()  # noqa: DTZ005 - the clock of an office is a local one


def later() -> datetime:
    """A code is good once; by then there is another one."""
    return logged_in_at() + timedelta(minutes=10)


def prepare_factor(site: PrefectureOffice, operator: str) -> None:
    """A device that is enrolled, a login of another terminal, and somebody who is locked out."""
    device = Device.of(enrol(site.office, site.installation.codes, operator))
    (site.folder / DEVICE).write_bytes(device.secret)
    with factor_session(site, operator, logged_in_at(), device.code(logged_in_at())) as opened:
        (site.folder / TOKEN).write_text(log_in(opened.office, opened.codes).token)
    locked = Device.of(enrol(site.office, site.installation.codes, "kansa"))
    while True:
        with factor_session(site, "kansa", logged_in_at(), locked.wrong(logged_in_at())) as opened:
            try:
                log_in(opened.office, opened.codes)
            except AccessDenied as denied:
                if denied.code == "KKH-A033":
                    break


@contextmanager
def factor_session(
    site: PrefectureOffice, operator: str, at: datetime, code: str | None = None, token: str | None = None
) -> Any:
    configuration = evolve(site.configuration, requires_second_factor=True)
    context = AccessContext(operator_id(operator), "端末1")
    with open_installation(configuration, context=context, watch=Fixed(at), credentials=Credentials(code, token)) as opened:
        yield opened


def _month(month: str) -> HighCostRecord:
    return HighCostRecord(C, HouseholdNumber("10"), Month.parse(month), "1", "1", None, None, 12_000, MADE)


def build(site: PrefectureOffice) -> list[Any]:
    folder = site.installation.sending(site.inbox, C)
    return municipal_office.build(site.office, C, folder, str(site.inbox))


def apply_all(site: PrefectureOffice) -> None:
    for path in sorted(site.outbox.glob(f"TOKUSO_{C}_*")):
        municipal_office.apply(site.office, C, site.installation.returned(path))


def look_up(site: PrefectureOffice) -> None:
    """Somebody of C without a number, whose five items match."""
    answer = site.folder / "answer.json"
    said = {"name": "見本　太郎", "name_kana": "ミホン　タロウ", "birth_date": "1970-05-05", "sex": "1", "address": "見本町１丁目"}
    answer.write_text(json.dumps([{**said, "individual_number": number(605)}]), "utf-8")
    look_up_number(site.office, C, AddresseeNumber("605"), AnswerFile(answer))


def hand_over(site: PrefectureOffice) -> None:
    apply_all(site)
    (site.folder / "juki").mkdir(exist_ok=True)
    municipal_office.hand_over(site.office, C, ResidentRegisterFolder(site.folder / "juki"))


def load(site: PrefectureOffice) -> None:
    [path] = site.inbox.glob(f"SKKOJIN_{D}_*")
    incoming = site.installation.incoming(path, site.installation.register())
    municipal_office.load(site.office, D, incoming, is_sent=False)


def log_in_with_code(site: PrefectureOffice, operator: str) -> None:
    code = Device((site.folder / DEVICE).read_bytes()).code(later())
    with factor_session(site, operator, later(), code) as opened:
        log_in(opened.office, opened.codes)


def log_out_with_token(site: PrefectureOffice, operator: str) -> None:
    token = (site.folder / TOKEN).read_text()
    with factor_session(site, operator, later(), token=token) as opened:
        log_out(opened.office, opened.codes, token)


def office_acts(operator: str) -> dict[str, Act]:
    return {
        "notify": lambda site: municipal_office.notify(site.office, C, moved_in("2024-05-02", "12", "604"), numbers("604")),
        "state": lambda site: municipal_office.state(site.office, C, "KOGAKU", _month("202405")),
        "withdraw other": lambda site: municipal_office.withdraw(site.office, C, "KOGAKU", "10/202404/1"),
        "load": load,
        "build": build,
        "apply": apply_all,
        "hand over": hand_over,
        "look up": look_up,
        "enrol": lambda site: enrol(site.office, site.installation.codes, "atarashii"),
        "unlock": lambda site: unlock(site.office, "kansa"),
        "log in": lambda site: log_in_with_code(site, operator),
        "log out": lambda site: log_out_with_token(site, operator),
    }


