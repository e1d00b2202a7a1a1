"""第二の認証 (S-31): who does not show that it is he does nothing, whatever rights he has."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import define, evolve, frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kokuho_adapters.composition import Installation, initialise, open_installation
from kokuho_adapters.security.one_time_codes import STEP_SECONDS, Credentials, code_at
from kokuho_core.access import AccessContext, Grant, Role, fiscal_year_end, operator_id
from kokuho_core.access.second_factor import LOGIN_HOURS, MOST_FAILURES, SecondFactor
from kokuho_core.errors import AccessDenied, KokuhoError, NotFound, SetupFault
from kokuho_core.usecases.authentication import enrol, list_factors, log_in, log_out, unlock
from kokuho_core.usecases.listings import list_findings

from ..prefecture.clerks import grant
from ..prefecture.contents import dump
from ..prefecture.office import INSURERS, PREFECTURE, B, PrefectureOffice
from ..prefecture.two_people import as_operator

T0 = datetime(2026, 6, 1, 9, 0, 10)
ADMIN = operator_id("kanri01")


@frozen
class Fixed:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def today(self) -> date:
        return self.at.date()


@define
class Device:
    """The operator's authenticator."""

    secret: bytes

    @classmethod
    def of(cls, uri: str) -> Device:
        text = parse_qs(urlsplit(uri).query)["secret"][0]
        return cls(base64.b32decode(text + "=" * (-len(text) % 8)))

    def code(self, at: datetime = T0) -> str:
        return code_at(self.secret, int(at.timestamp()) // STEP_SECONDS)

    def wrong(self, at: datetime = T0) -> str:
        right = {self.code(at + timedelta(seconds=STEP_SECONDS * n)) for n in (-1, 0, 1)}
        return next(text for text in ("000000", "111111", "222222", "333333") if text not in right)


@contextmanager
def session(
    site: PrefectureOffice,
    operator: str,
    code: str | None = None,
    token: str | None = None,
    at: datetime = T0,
    terminal: str = "端末1",
) -> Iterator[Installation]:
    configuration = evolve(site.configuration, requires_second_factor=True)
    context = AccessContext(operator_id(operator), terminal)
    with open_installation(configuration, context=context, watch=Fixed(at), credentials=Credentials(code, token)) as opened:
        yield opened


def tried(site: PrefectureOffice, operator: str = "sato", *, at: datetime = T0, **presented: Any) -> str:
    """What becomes of one operation: nothing, or the code of the refusal."""
    with session(site, operator, at=at, **presented) as opened:
        try:
            list_findings(opened.office)
        except KokuhoError as fault:
            return fault.code
    return ""


@define
class Desk:
    """An office with an administrator and «sato» of the federation, both with devices."""

    site: PrefectureOffice
    admin: Device
    sato: Device


@pytest.fixture
def desk(office: PrefectureOffice) -> Desk:
    as_operator(office, "sato", T0)
    with office.installation.database.begin() as work:
        day = T0.date()
        right = Grant(work.rights.next_number(), ADMIN, Role.ADMINISTRATOR, None, day, fiscal_year_end(day), ADMIN, T0)
        work.rights.save([right])
        work.commit()
    with session(office, ADMIN) as opened:
        admin = Device.of(enrol(opened.office, opened.codes, ADMIN))
    with session(office, ADMIN, admin.code(T0 - timedelta(seconds=STEP_SECONDS))) as opened:
        sato = Device.of(enrol(opened.office, opened.codes, "Sato"))
    return Desk(office, admin, sato)


def later(steps: float) -> datetime:
    return T0 + timedelta(seconds=STEP_SECONDS * steps)


class TestCodes:
    def test_nothing_without_a_code(self, desk: Desk) -> None:
        """Rules: S-31, S-4. The refusal is recorded before anything is read."""
        assert tried(desk.site) == "KKH-A031"
        rows = [row for row in dump_of_log(desk.site) if row["operation"] == "list_findings"]
        assert [(row["operator"], row["result"], row["code"]) for row in rows] == [("sato", "denied", "KKH-A031")]

    def test_a_code_opens_one_session(self, desk: Desk) -> None:
        """Rules: S-31. It counts once; the next one counts again."""
        code = desk.sato.code()
        assert tried(desk.site, code=code) == ""
        assert tried(desk.site, code=code) == "KKH-A032"
        assert tried(desk.site, code=desk.sato.code(later(-1))) == "KKH-A032"
        assert tried(desk.site, code=desk.sato.code(later(1)), at=later(1)) == ""

    def test_all_operations_of_the_session_and_no_other(self, desk: Desk) -> None:
        """Rules: S-31. A session that is kept open for ever ends with the working day."""
        with session(desk.site, "sato", desk.sato.code()) as opened:
            list_findings(opened.office)
            list_findings(opened.office)
            keeper = evolve(opened.office.gatekeeper, clock=Fixed(T0 + timedelta(hours=LOGIN_HOURS)))
            office = evolve(opened.office, gatekeeper=keeper, database=evolve(opened.office.database, gatekeeper=keeper))
            with pytest.raises(AccessDenied, match="KKH-A034"):
                list_findings(office)

    def test_a_wrong_code_ends_the_attempt(self, desk: Desk) -> None:
        """Rules: S-31. Without another code nothing more is admitted in that session."""
        with session(desk.site, "sato", desk.sato.wrong()) as opened:
            with pytest.raises(AccessDenied, match="KKH-A032"):
                list_findings(opened.office)
            with pytest.raises(AccessDenied, match="KKH-A031"):
                list_findings(opened.office)

    def test_another_ones_code(self, desk: Desk) -> None:
        """Rules: S-31."""
        assert tried(desk.site, "sato", code=desk.admin.code()) == "KKH-A032"

    def test_locked_after_wrong_ones_until_unlocked(self, desk: Desk) -> None:
        """Rules: S-31. The right code does not help; an administrator does. Every try is on record."""
        refused = [tried(desk.site, code=desk.sato.wrong()) for _ in range(MOST_FAILURES)]
        assert refused == ["KKH-A032"] * MOST_FAILURES
        assert tried(desk.site, code=desk.sato.code()) == "KKH-A033"
        denied = [row["code"] for row in dump_of_log(desk.site) if row["operator"] == "sato" and row["result"] == "denied"]
        assert denied == ["KKH-A032"] * MOST_FAILURES + ["KKH-A033"]
        with session(desk.site, ADMIN, desk.admin.code()) as opened:
            assert [(each.operator, each.locked_at) for each in list_factors(opened.office) if each.locked_at] == [("sato", T0)]
            unlock(opened.office, "SATO")
            with pytest.raises(NotFound, match="KKH-A036"):
                unlock(opened.office, "nobody")
        assert tried(desk.site, code=desk.sato.code()) == ""

    def test_a_right_code_forgives_the_wrong_ones_before(self, desk: Desk) -> None:
        """Rules: S-31."""
        for n in range(2):
            for _ in range(MOST_FAILURES - 1):
                assert tried(desk.site, code=desk.sato.wrong(), at=later(n)) == "KKH-A032"
            assert tried(desk.site, code=desk.sato.code(later(n)), at=later(n)) == ""

    def test_who_is_not_enrolled(self, desk: Desk) -> None:
        """Rules: S-31."""
        as_operator(desk.site, "suzuki", T0)
        assert tried(desk.site, "suzuki", code="123456") == "KKH-A031"

    def test_enrolled_anew_the_old_device_is_worth_nothing(self, desk: Desk) -> None:
        """Rules: S-31."""
        old = desk.sato
        with session(desk.site, ADMIN, desk.admin.code()) as opened:
            new = Device.of(enrol(opened.office, opened.codes, "sato"))
        assert tried(desk.site, code=old.code()) == "KKH-A032"
        assert tried(desk.site, code=new.code()) == ""

    def test_only_an_administrator_enrols(self, desk: Desk) -> None:
        """Rules: S-31."""
        with session(desk.site, "sato", desk.sato.code()) as opened, pytest.raises(AccessDenied, match="KKH-A002"):
            enrol(opened.office, opened.codes, "sato")

    def test_the_first_one_alone_needs_no_code(self, desk: Desk) -> None:
        """Rules: S-31. Once anybody is enrolled, the administrator shows a code too."""
        with session(desk.site, ADMIN) as opened, pytest.raises(AccessDenied, match="KKH-A031"):
            enrol(opened.office, opened.codes, ADMIN)

    def test_a_code_gives_no_right(self, desk: Desk) -> None:
        """Rules: S-31."""
        with session(desk.site, ADMIN, desk.admin.code()) as opened:
            device = Device.of(enrol(opened.office, opened.codes, "stranger"))
        assert tried(desk.site, "stranger", code=device.code()) == "KKH-A002"

    def test_shown_twice_at_once_it_counts_once(self, desk: Desk) -> None:
        """Rules: S-31, S-26."""
        code = desk.sato.code()
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: tried(desk.site, code=code), range(4)))
        assert sorted(found) == ["", "KKH-A032", "KKH-A032", "KKH-A032"]

    def test_a_secret_that_was_changed_in_the_database(self, desk: Desk) -> None:
        """Rules: S-31, S-8. One operator's secret under the name of another opens nothing, and that is recorded."""
        with desk.site.installation.database.begin() as work:
            mine, theirs = work.factors.of("sato"), work.factors.of(ADMIN)
            assert mine is not None and theirs is not None
            work.factors.save(evolve(mine, sealed=theirs.sealed, version=mine.version + 1))
            work.commit()
        assert tried(desk.site, code=desk.admin.code()) == "KKH-C011"
        assert dump_of_log(desk.site)[-1]["code"] == "KKH-C011"

    def test_preparing_the_installation_again_takes_a_code(self, desk: Desk) -> None:
        """Rules: S-31."""
        configuration = evolve(desk.site.owners_configuration, requires_second_factor=True)

        def again(code: str | None) -> None:
            context = AccessContext(ADMIN, "端末1")
            initialise(configuration, PREFECTURE, INSURERS, context, Fixed(T0), Credentials(code))

        for code, refusal in ((None, "KKH-A031"), (desk.admin.wrong(), "KKH-A032")):
            with pytest.raises(AccessDenied, match=refusal):
                again(code)
        again(desk.admin.code())
        with pytest.raises(AccessDenied, match="KKH-A032"):
            again(desk.admin.code())


class TestLogin:
    def token(self, desk: Desk) -> str:
        with session(desk.site, "sato", desk.sato.code()) as opened:
            return log_in(opened.office, opened.codes).token

    def test_for_a_working_day(self, desk: Desk) -> None:
        """Rules: S-31, S-32."""
        token = self.token(desk)
        end = T0 + timedelta(hours=LOGIN_HOURS)
        found = [tried(desk.site, token=token, at=at) for at in (T0, end - timedelta(seconds=1), end)]
        assert found == ["", "", "KKH-A034"]

    def test_here_and_for_him_alone(self, desk: Desk) -> None:
        """Rules: S-31."""
        token = self.token(desk)
        as_operator(desk.site, "suzuki", T0)
        assert tried(desk.site, token=token, terminal="端末2") == "KKH-A034"
        assert tried(desk.site, "suzuki", token=token) == "KKH-A034"
        assert tried(desk.site, token=token + "x") == tried(desk.site, token="") == "KKH-A034"
        assert tried(desk.site, token=token) == ""

    def test_a_login_opens_no_login(self, desk: Desk) -> None:
        """Rules: S-31. Or it would never end."""
        token = self.token(desk)
        with session(desk.site, "sato", token=token) as opened, pytest.raises(AccessDenied, match="KKH-A031"):
            log_in(opened.office, opened.codes)

    def test_over_after_logout_and_after_a_new_enrolment(self, desk: Desk) -> None:
        """Rules: S-31, S-32."""
        token = self.token(desk)
        with session(desk.site, "sato", desk.sato.code(later(1)), at=later(1)) as opened:
            other = log_in(opened.office, opened.codes).token
        with session(desk.site, "sato", token=token) as opened:
            log_out(opened.office, opened.codes, token)
        assert (tried(desk.site, token=token), tried(desk.site, token=other, at=later(1))) == ("KKH-A034", "")
        with session(desk.site, ADMIN, desk.admin.code()) as opened:
            enrol(opened.office, opened.codes, "sato")
        assert tried(desk.site, token=other, at=later(1)) == "KKH-A034"

    def test_a_clerk_of_one_municipality_too(self, desk: Desk) -> None:
        """Rules: S-31, S-1. Logins are nobody's data, and he works inside his own rows alone."""
        grant(desk.site, "kato", Role.MUNICIPALITY, B, T0)
        with session(desk.site, ADMIN, desk.admin.code()) as opened:
            device = Device.of(enrol(opened.office, opened.codes, "kato"))
        with session(desk.site, "kato", device.code()) as opened:
            token = log_in(opened.office, opened.codes).token
        with session(desk.site, "kato", token=token) as opened:
            assert list_findings(opened.office, B) == []
            with pytest.raises(AccessDenied, match="KKH-A004"):
                list_findings(opened.office)
            log_out(opened.office, opened.codes, token)
        assert tried(desk.site, "kato", token=token) == "KKH-A034"

    def test_no_token_without_a_code(self, desk: Desk) -> None:
        """Rules: S-31. Where the setting is off, there is none to be kept for later."""
        office = as_operator(desk.site, "sato", T0)
        with pytest.raises(SetupFault, match="KKH-A035"):
            log_in(office, desk.site.installation.codes)

    def test_logins_are_on_record(self, desk: Desk) -> None:
        """Rules: S-31, S-32."""
        token = self.token(desk)
        with session(desk.site, "sato", token=token) as opened:
            log_out(opened.office, opened.codes, token)
        told = [(row["operation"], row["result"]) for row in dump_of_log(desk.site) if row["operator"] == "sato"]
        kept = [each for each in told if each[0] in ("log_in", "log_out")]
        assert kept == [("log_in", "admitted"), ("log_in", "done"), ("log_out", "admitted"), ("log_out", "done")]


def test_neither_secret_nor_code_nor_token_stands_in_the_database(desk: Desk) -> None:
    """Rules: S-31, S-3, S-9."""
    with session(desk.site, "sato", desk.sato.code()) as opened:
        token = log_in(opened.office, opened.codes).token
    text = repr(dump(desk.site.stored_in)) + repr(dump_of_log(desk.site))
    secret = desk.sato.secret
    for part in (repr(secret)[2:-1], secret.hex(), base64.b32encode(secret).decode().rstrip("="), token):
        assert part not in text
    assert "operator_factor" in text


def dump_of_log(site: PrefectureOffice) -> list[dict[str, Any]]:
    with site.installation.database.begin(read_only=True) as work:
        return [
            {
                "operation": each.entry.operation.value,
                "operator": each.entry.operator,
                "result": each.entry.result.value,
                "code": each.entry.code,
            }
            for each in work.audit.read()
        ]


# --- any course of events ---


class Tries(RuleBasedStateMachine):
    """Codes right, wrong and used, an administrator now and then; beside what must have come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = SecondFactor(operator_id("sato"), b"sealed", "admin", T0)
        self.accepted: list[int] = []
        self.wrong_in_a_row = 0
        self.now = 100

    @rule(steps=st.integers(0, 3))
    def time_passes(self, steps: int) -> None:
        self.now += steps

    @rule(around=st.integers(-1, 1))
    def a_right_code(self, around: int) -> None:
        step = self.now + around
        self.factor, refusal = self.factor.judged(step, T0)
        if self.wrong_in_a_row >= MOST_FAILURES:
            assert refusal == "KKH-A033"
        elif any(step <= each for each in self.accepted):
            assert refusal == "KKH-A032"
        else:
            assert refusal == ""
            self.accepted.append(step)
            self.wrong_in_a_row = 0

    @rule()
    def a_wrong_code(self) -> None:
        self.factor, refusal = self.factor.judged(None, T0)
        assert refusal == ("KKH-A033" if self.wrong_in_a_row >= MOST_FAILURES else "KKH-A032")
        self.wrong_in_a_row = min(MOST_FAILURES, self.wrong_in_a_row + 1)

    @rule()
    def unlocked(self) -> None:
        self.factor = self.factor.unlocked()
        self.wrong_in_a_row = 0

    @rule()
    def enrolled_anew(self) -> None:
        self.factor = self.factor.enrolled_anew(b"other", "admin", T0)
        self.accepted, self.wrong_in_a_row = [], 0

    @invariant()
    def locked_exactly_after_too_many(self) -> None:
        assert (self.factor.locked_at is not None) == (self.wrong_in_a_row >= MOST_FAILURES)


TestTries = Tries.TestCase
TestTries.__doc__ = "Rules: S-31."
