"""Rights over the years (S-31): grant, renewal, revocation, transfer and expiry, in any order, against a plain model."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kokuho_core.access import AccessContext, Grant, Operation, Rights, Role, fiscal_year_end, operator_id
from kokuho_core.errors import AccessDenied, InvalidValue, KokuhoError, NotFound
from kokuho_core.vocabulary.identifiers import InsurerNumber

A = InsurerNumber("139014")
T0 = datetime(2026, 6, 1, 9, 0)
SATO, TANAKA, SUZUKI = (operator_id(name) for name in ("sato", "tanaka", "suzuki"))


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 4, 1), date(2027, 3, 31)),
        (date(2026, 12, 31), date(2027, 3, 31)),
        (date(2027, 1, 1), date(2027, 3, 31)),
        (date(2027, 3, 31), date(2027, 3, 31)),
    ],
)
def test_the_fiscal_year_ends_with_march(day: date, end: date) -> None:
    """Rules: S-31."""
    assert fiscal_year_end(day) == end


class TestGrants:
    def test_none_goes_beyond_its_fiscal_year(self) -> None:
        """Rules: S-31."""
        for until in (date(2027, 4, 1), date(2026, 5, 31)):
            with pytest.raises(InvalidValue, match="KKH-A015"):
                Grant("1", SATO, Role.AUDITOR, None, date(2026, 6, 1), until, "x", T0)

    @pytest.mark.parametrize(("role", "scope"), [(Role.MUNICIPALITY, None), (Role.FEDERATION, A), (Role.AUDITOR, A)])
    def test_a_municipality_goes_with_its_role_alone(self, role: Role, scope: InsurerNumber | None) -> None:
        """Rules: S-31, S-1."""
        with pytest.raises(InvalidValue, match="KKH-A020"):
            Grant("1", SATO, role, scope, date(2026, 6, 1), date(2026, 6, 1), "x", T0)

    def test_revocation_holds_from_its_moment_on(self) -> None:
        """Rules: S-31."""
        grant = Grant("1", SATO, Role.AUDITOR, None, date(2026, 6, 1), date(2027, 3, 31), "x", T0)
        ended = grant.revoked("x", T0 + timedelta(hours=1))
        assert ended.is_valid(T0 + timedelta(minutes=59))
        assert not ended.is_valid(T0 + timedelta(hours=1))
        with pytest.raises(NotFound, match="KKH-A016"):
            ended.revoked("x", T0 + timedelta(hours=2))

    def test_the_last_day_is_included(self) -> None:
        """Rules: S-31."""
        grant = Grant("1", SATO, Role.AUDITOR, None, date(2026, 6, 1), date(2027, 3, 31), "x", T0)
        assert grant.is_valid(datetime(2027, 3, 31, 23, 59, 59))
        assert not grant.is_valid(datetime(2027, 4, 1))
        assert not grant.is_valid(datetime(2026, 5, 31, 23, 59))


class TestBeginning:
    def test_whoever_sets_up_is_all_of_it_until_a_second_person_comes(self) -> None:
        """Rules: S-31."""
        numbers = map(str, itertools.count(1))
        rights = Rights(tuple(Rights().first(numbers, SATO, T0)))
        assert {grant.role for grant in rights.of("sato", T0)} == {Role.FEDERATION, Role.ADMINISTRATOR, Role.AUDITOR}
        assert rights.is_sole(T0)
        changed = rights.grant("9", TANAKA, Role.FEDERATION, None, SATO, T0)
        after = Rights((*rights.grants, *changed)).latest()
        assert {grant.role for grant in after.of("sato", T0)} == {Role.ADMINISTRATOR}
        assert {grant.role for grant in after.of("tanaka", T0)} == {Role.FEDERATION}
        assert not after.is_sole(T0)

    def test_with_an_administrator_there_it_changes_nothing(self) -> None:
        """Rules: S-31."""
        numbers = map(str, itertools.count(1))
        rights = Rights(tuple(Rights().first(numbers, SATO, T0)))
        assert rights.first(numbers, TANAKA, T0) == []

    def test_without_one_the_next_is_administrator_alone(self) -> None:
        """Rules: S-31."""
        numbers = map(str, itertools.count(1))
        later = datetime(2027, 4, 1, 9, 0)
        rights = Rights((Grant("1", TANAKA, Role.FEDERATION, None, date(2027, 4, 1), date(2028, 3, 31), "x", T0),))
        assert [grant.role for grant in rights.first(numbers, SATO, later)] == [Role.ADMINISTRATOR]


class TestOperators:
    @pytest.mark.parametrize("name", ["", " ", "a b", "a" * 65, "a\nb", "123456789012", "x123456789012", "<b>"])
    def test_malformed_names(self, name: str) -> None:
        """Rules: S-31, S-3."""
        with pytest.raises(InvalidValue) as refused:
            AccessContext(operator_id(name), "host")
        assert refused.value.code == "KKH-A020" and (not name.strip() or name not in str(refused.value))

    @pytest.mark.parametrize("name", ["sato", "東見本_佐藤", "DOMAIN\\sato", "sato@city.example.jp", "ｓａｔｏ"])
    def test_names_of_accounts(self, name: str) -> None:
        """Rules: S-31."""
        assert AccessContext(operator_id(name), "host").operator

    def test_what_was_typed_stays_on_one_line(self) -> None:
        """Rules: S-4."""
        context = AccessContext(SATO, "a\r\nb", purpose="窓口\x00照会\n" + "x" * 500)
        assert context.terminal == "a b" and context.purpose.startswith("窓口 照会 xx") and len(context.purpose) == 200


OF_PERSONS = {
    Operation.SHOW_PERSON, Operation.REVEAL_NUMBER, Operation.LIST_FINDINGS, Operation.LIST_CANDIDATES, Operation.RECEIVE,
    Operation.SHOW_HIGH_COST, Operation.DELIVER, Operation.RESOLVE, Operation.DECIDE_IDENTITY, Operation.EXCHANGE_FILES, Operation.RECALL_FILE,
}  # fmt: skip


class TestRoles:
    def test_administrators_and_auditors_see_no_person(self) -> None:
        """Rules: S-31."""
        for operation in OF_PERSONS:
            assert not operation.is_open_to(Role.ADMINISTRATOR), operation
            assert not operation.is_open_to(Role.AUDITOR), operation

    def test_auditors_read_the_log_and_nothing_else(self) -> None:
        """Rules: S-31."""
        assert {operation for operation in Operation if operation.is_open_to(Role.AUDITOR)} == {
            Operation.OPEN_SESSION, Operation.CLOSE_SESSION, Operation.LOG_IN, Operation.LOG_OUT, Operation.SHOW_INSURERS,
            Operation.READ_AUDIT, Operation.VERIFY_AUDIT,
        }  # fmt: skip

    def test_only_administrators_give_rights_and_change_keys(self) -> None:
        """Rules: S-31."""
        for operation in (Operation.CHANGE_RIGHTS, Operation.ROTATE_KEYS, Operation.DESTROY_KEY, Operation.INITIALISE):
            assert [role for role in Role if operation.is_open_to(role)] == [Role.ADMINISTRATOR]

    def test_a_municipality_judges_nothing_for_the_prefecture(self) -> None:
        """Rules: S-1, S-31."""
        for operation in (Operation.RESOLVE, Operation.DECIDE_IDENTITY, Operation.RECALL_FILE, Operation.RELEASE_GATE):
            assert not operation.is_open_to(Role.MUNICIPALITY)

    def test_every_operation_is_open_to_somebody(self) -> None:
        """Rules: S-4."""
        for operation in Operation:
            assert any(operation.is_open_to(role) for role in Role)


PEOPLE = st.sampled_from([SATO, TANAKA, SUZUKI])
ROLES = st.sampled_from(list(Role))


class RightsLife(RuleBasedStateMachine):
    """Years of an office: whatever is done, no right outlives its term, and separation holds."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = map(str, itertools.count(1))
        self.now = T0
        self.rights = Rights()
        self.revoked: set[str] = set()
        self.first_seen: dict[str, Grant] = {}
        self.refusals: set[str] = set()

    @initialize()
    def set_up(self) -> None:
        self._do(lambda: self.rights.first(self.numbers, SATO, self.now))

    def _do(self, command: Callable[[], list[Grant]]) -> None:
        try:
            changed = command()
        except KokuhoError as error:
            self.refusals.add(error.code)
            return
        self.rights = Rights((*self.rights.grants, *changed)).latest()
        for grant in changed:
            self.first_seen.setdefault(grant.number, grant)

    @rule(days=st.integers(1, 300))
    def time_goes_by(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(to=PEOPLE, by=PEOPLE, role=ROLES, ahead=st.integers(0, 400), term=st.integers(0, 500) | st.none())
    def grant(self, to: str, by: str, role: Role, ahead: int, term: int | None) -> None:
        start = self.now.date() + timedelta(days=ahead)
        until = None if term is None else start + timedelta(days=term)
        scope = A if role.needs_scope else None
        self._do(
            lambda: self.rights.grant(next(self.numbers), operator_id(to), role, scope, by, self.now, start, until)
        )

    @rule(by=PEOPLE, pick=st.integers(0, 10_000))
    def renew(self, by: str, pick: int) -> None:
        self._do(lambda: self.rights.renew(next(self.numbers), self._picked(pick), by, self.now))

    @rule(by=PEOPLE, pick=st.integers(0, 10_000))
    def revoke(self, by: str, pick: int) -> None:
        number = self._picked(pick)
        self._do(lambda: self.rights.revoke(number, by, self.now))
        self.revoked.add(number)

    @rule(to=PEOPLE, by=PEOPLE, pick=st.integers(0, 10_000))
    def transfer(self, to: str, by: str, pick: int) -> None:
        self._do(lambda: self.rights.transfer(next(self.numbers), self._picked(pick), operator_id(to), by, self.now))

    @rule(who=PEOPLE)
    def set_up_again(self, who: str) -> None:
        self._do(lambda: self.rights.first(self.numbers, operator_id(who), self.now))
        assert self.rights.has_administrator(self.now)

    def _picked(self, pick: int) -> str:
        return self.rights.grants[pick % len(self.rights.grants)].number

    @invariant()
    def no_right_outlives_its_term(self) -> None:
        """Rules: S-31."""
        for grant in self.rights.grants:
            first = self.first_seen[grant.number]
            assert (grant.valid_from, grant.valid_until, grant.role, grant.operator) == (
                first.valid_from, first.valid_until, first.role, first.operator,
            )  # fmt: skip
            assert grant.valid_until <= fiscal_year_end(grant.valid_from)
            if grant.is_valid(self.now):
                assert grant.valid_from <= self.now.date() <= grant.valid_until
                assert grant.number not in self.revoked

    @invariant()
    def refusals_are_those_of_rights(self) -> None:
        """Rules: S-31."""
        assert self.refusals <= {"KKH-A014", "KKH-A015", "KKH-A016"}

    @invariant()
    def administrators_are_nothing_else(self) -> None:
        """Rules: S-31."""
        holding = [grant for grant in self.rights.grants if grant.is_valid(self.now)]
        people = {grant.operator for grant in holding}
        if len(people) > 1:
            for person in people:
                roles = {grant.role for grant in holding if grant.operator == person}
                assert Role.ADMINISTRATOR not in roles or roles == {Role.ADMINISTRATOR}


TestRightsLife = RightsLife.TestCase


def test_a_transferred_right_goes_with_its_term() -> None:
    """Rules: S-31."""
    rights = Rights((Grant("1", SATO, Role.AUDITOR, None, date(2026, 6, 1), date(2026, 9, 30), "x", T0),))
    ended, made = rights.transfer("2", "1", TANAKA, SUZUKI, T0 + timedelta(days=3))
    assert (ended.operator, ended.revoked_by) == (SATO, SUZUKI)
    assert (made.operator, made.role, made.valid_from, made.valid_until) == (
        TANAKA, Role.AUDITOR, date(2026, 6, 4), date(2026, 9, 30),
    )  # fmt: skip


def test_an_administrator_gets_no_other_role_beside_other_people() -> None:
    """Rules: S-31."""
    rights = Rights(
        (
            Grant("1", SATO, Role.ADMINISTRATOR, None, date(2026, 6, 1), date(2027, 3, 31), "x", T0),
            Grant("2", TANAKA, Role.FEDERATION, None, date(2026, 6, 1), date(2027, 3, 31), "x", T0),
        )
    )
    for who, role in ((SATO, Role.FEDERATION), (SATO, Role.AUDITOR), (TANAKA, Role.ADMINISTRATOR)):
        with pytest.raises(AccessDenied, match="KKH-A014"):
            rights.grant("3", who, role, None, SATO, T0)


def test_next_years_right_is_given_once_ahead() -> None:
    """Rules: S-31."""
    rights = Rights((Grant("1", SATO, Role.AUDITOR, None, date(2026, 6, 1), date(2027, 3, 31), "x", T0),))
    [ahead] = rights.renew("2", "1", SUZUKI, T0)
    assert (ahead.valid_from, ahead.valid_until) == (date(2027, 4, 1), date(2028, 3, 31))
    with pytest.raises(InvalidValue, match="KKH-A015"):
        Rights((*rights.grants, ahead)).renew("3", "2", SUZUKI, T0)
