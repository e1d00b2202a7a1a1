"""Numbers, months, insurers and codes (I-1, Q-10, X-31), and what an individual number never tells (I-5)."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections import Counter
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.errors import CATALOGUE, InvalidValue, KokuhoError, Problem, Severity, entry
from kokuho_core.vocabulary import codes
from kokuho_core.vocabulary.check_digits import (
    individual_number_digit,
    is_ascii_digits,
    luhn_digit,
    municipality_digit,
)
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, individual_number_problem
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister
from kokuho_core.vocabulary.month import Month
from kokuho_core.vocabulary.reasons import ACQUISITION

from . import strategies
from .builders import A, insurer, insurer_number


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


# --- check digits, each by another way than the library's ---


def individual_number_digit_by_ordinance(payload: str) -> int:
    """行政手続における特定の個人を識別するための番号の利用等に関する法律施行令・総務省令: 11 − Σ Pn × Qn mod 11.

    Pn is the n-th digit from the right, Qn is n + 1 for n up to 6 and n − 5 from there; a remainder of 0 or 1 gives 0.
    """
    total = 0
    for n in range(1, 12):
        p = int(payload[-n])
        total += p * (n + 1 if n <= 6 else n - 5)
    return {0: 0, 1: 0}.get(total % 11, 11 - total % 11)


@strategies.some
@given(digits(11))
def test_check_digit_of_an_individual_number(payload: str) -> None:
    """Rules: I-1."""
    assert individual_number_digit(payload) == individual_number_digit_by_ordinance(payload)


def test_check_digit_of_many_individual_numbers() -> None:
    """Rules: I-1."""
    rng = Random("individual numbers")
    seen = set()
    for _ in range(strategies.examples(10_000)):
        payload = f"{rng.randrange(10**11):011d}"
        digit = individual_number_digit(payload)
        seen.add(digit)
        assert digit == individual_number_digit_by_ordinance(payload)
        wrong = [other for other in range(10) if individual_number_problem(f"{payload}{other}") is None]
        assert wrong == ([digit] if int(payload) else [])
    assert seen == set(range(10))


def luhn_sum(number: str) -> int:
    """Every second digit from the right doubled and its own digits added; 0 mod 10 for a right number."""
    return sum(sum(map(int, str(int(c) * (1 + i % 2)))) for i, c in enumerate(reversed(number))) % 10


@strategies.some
@given(st.integers(1, 15).flatmap(digits))
def test_luhn_digit(payload: str) -> None:
    """Rules: X-1 (保険者番号)."""
    assert luhn_sum(f"{payload}{luhn_digit(payload)}") == 0
    assert 0 <= luhn_digit(payload) <= 9


@strategies.some
@given(digits(5))
def test_municipality_digit(payload: str) -> None:
    """Rules: X-1 (全国地方公共団体コード)."""
    total = sum(int(c) * w for c, w in zip(payload, (6, 5, 4, 3, 2), strict=True))
    remainder = 11 - total % 11 if total >= 11 else 11 - total
    assert municipality_digit(payload) == int(str(remainder)[-1])


@pytest.mark.parametrize("code", ["011002", "131016", "271004", "472018", "401307"])
def test_published_municipality_codes(code: str) -> None:
    """札幌市, 千代田区, 大阪市, 那覇市, 福岡市."""
    assert f"{code[:5]}{municipality_digit(code[:5])}" == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [("123", True), ("12", False), ("1234", False), ("１２３", False), ("12a", False), ("1 3", False), ("²12", False), ("-12", False)],
)
def test_ascii_digits(text: str, expected: bool) -> None:
    """Rules: X-1."""
    assert is_ascii_digits(text, 3) is expected


# --- the individual number ---

DIGITS = "900000000016"[:11] + str(individual_number_digit_by_ordinance("90000000001"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12345678901", "KKH-I010"), ("1234567890123", "KKH-I010"), ("１２３４５６７８９０１８", "KKH-I010"), ("", "KKH-I010"),
        ("12345678901a", "KKH-I010"), ("000000000000", "KKH-I011"), (DIGITS[:-1] + str((int(DIGITS[-1]) + 1) % 10), "KKH-I012"),
    ],
)  # fmt: skip
def test_what_is_no_individual_number(text: str, code: str) -> None:
    """Rules: I-1."""
    assert individual_number_problem(text) == code
    with pytest.raises(InvalidValue) as refused:
        IndividualNumber(text)
    assert refused.value.code == code
    assert refused.value.problems[0].field == "individual_number"
    told = "".join(traceback.format_exception(refused.value))
    if text:
        assert text not in told
    assert refused.value.__cause__ is None


@strategies.some
@given(digits(11).filter(lambda payload: int(payload) > 0))
def test_an_individual_number_tells_itself_to_nobody(payload: str) -> None:
    """Rules: I-5: not by repr, str, format, pickle, copy or traceback; only by ``reveal``."""
    clear = f"{payload}{individual_number_digit(payload)}"
    for number in (IndividualNumber(clear), IndividualNumber.checked(clear)):
        told = [repr(number), str(number), f"{number}", f"{number!r:>40}", f"{number:>30}", format(number, "d"), f"{[number]}"]
        assert not any(clear in text for text in told)
        assert set(told[1]) == {"*"}
        assert len(told[1]) == 12
        for escape in (pickle.dumps, copy.copy, copy.deepcopy, hash, vars, iter, len, int):
            with pytest.raises(TypeError) as refused:
                escape(number)
            assert clear not in "".join(traceback.format_exception(refused.value))
        try:
            raise ValueError(number)
        except ValueError as error:
            shown = traceback.TracebackException.from_exception(error, capture_locals=False)
            assert clear not in "".join(shown.format())
        assert number.reveal() == clear
        assert not hasattr(number, "__dict__")


def test_numbers_are_compared_but_not_hashed() -> None:
    """Rules: I-5."""
    assert IndividualNumber(DIGITS) == IndividualNumber(DIGITS)
    assert IndividualNumber(DIGITS) != IndividualNumber("123456789018")
    assert IndividualNumber(DIGITS) != DIGITS
    with pytest.raises(TypeError, match="NumberIndex"):
        hash(IndividualNumber(DIGITS))
    with pytest.raises(TypeError, match="vault"):
        pickle.dumps(IndividualNumber(DIGITS))


# --- months ---

all_months = st.builds(Month.of, st.integers(1, 9999), st.integers(1, 12))


@strategies.some
@given(st.integers(1900, 2200), st.integers(1, 12), st.integers(-400, 400), st.integers(-400, 400))
def test_arithmetic_of_months(year: int, month: int, one: int, other: int) -> None:
    """Rules: H-2."""
    each = Month.of(year, month)
    assert each.plus(one).plus(other) == each.plus(one + other)
    assert each.plus(0) == each
    assert (each.plus(one) < each) == (one < 0)
    assert each.plus(12).first_day == date(year + 1, month, 1)
    assert Month.containing(each.first_day) == each
    assert (each.first_day.year, each.first_day.month, each.first_day.day) == (year, month, 1)
    assert Month.containing(date(year, month, 28)) == each
    assert Month.parse(str(each)) == each
    assert str(each) == f"{year:04d}{month:02d}"
    assert sorted([each.plus(1), each, each.plus(-1)]) == [each.plus(-1), each, each.plus(1)]


@pytest.mark.parametrize(("year", "month"), [(2024, 0), (2024, 13), (0, 1), (10000, 1), (-1, 5)])
def test_months_that_do_not_exist(year: int, month: int) -> None:
    """Rules: X-1."""
    with pytest.raises(InvalidValue) as refused:
        Month.of(year, month)
    assert refused.value.code == "KKH-V005"


def test_the_first_and_last_months_there_are() -> None:
    """Rules: X-1."""
    assert [str(Month.of(*m)) for m in ((1, 1), (9999, 12))] == ["000101", "999912"]


# --- insurers ---


def test_an_insurer_tells_all_that_is_wrong() -> None:
    """Rules: Q-10, X-22."""
    right = insurer(901, valid_from=date(2020, 1, 1), valid_until=date(2020, 1, 1), encoding="cp932")
    assert right.insurer_number == A
    with pytest.raises(InvalidValue) as refused:
        Insurer(
            InsurerNumber("130000"), "131010", "x", date(2020, 1, 2), date(2020, 1, 1), encoding="shift_jis"  # type: ignore[arg-type]
        )  # fmt: skip
    assert [(p.code, p.field) for p in refused.value.problems] == [
        ("KKH-C001", "insurer_number"), ("KKH-C002", "municipality_code"), ("KKH-C003", "valid_until"), ("KKH-C004", "encoding"),
    ]  # fmt: skip
    for number in ("13901", "1390144", "１３９０１４", "139013"):
        with pytest.raises(InvalidValue, match="KKH-C001"):
            Insurer(InsurerNumber(number), right.municipality_code, "x")
    for code in (right.municipality_code[:5], "13a016"):
        with pytest.raises(InvalidValue, match="KKH-C002"):
            Insurer(A, code, "x")  # type: ignore[arg-type]
    for encoding in ("utf-8", "utf-8-sig", "cp932"):
        assert insurer(901, encoding=encoding).encoding == encoding


N = [insurer_number(serial) for serial in range(1, 8)]


def register(*successors: int | None) -> InsurerRegister:
    return InsurerRegister(
        insurer(serial, successor=None if to is None else N[to]) for serial, to in enumerate(successors, 1)
    )


def test_mergers() -> None:
    """Rules: Q-10, X-31: 1 and 2 become 3, which becomes 4."""
    merged = register(2, 2, 3, None, None)
    one = {(a, b) for a in range(6) for b in range(6) if merged.is_one_municipality(N[a], N[b])}
    chain = {(0, 2), (1, 2), (0, 3), (1, 3), (2, 3)}
    assert one == chain | {(b, a) for a, b in chain} | {(n, n) for n in range(6)}


def test_a_ring_of_successors_ends() -> None:
    """Rules: Q-10."""
    ring = register(1, 2, 0, None)
    assert ring.is_one_municipality(N[0], N[2])
    assert not ring.is_one_municipality(N[0], N[3])
    assert not ring.is_one_municipality(N[3], N[0])


@strategies.some
@given(st.lists(st.one_of(st.none(), st.integers(0, 6)), min_size=7, max_size=7))
def test_one_municipality_is_symmetric_and_follows_successors(successors: list[int | None]) -> None:
    """Rules: Q-10, X-31."""
    merged = register(*successors)
    for a in range(7):
        line, at = set(), successors[a]
        while at is not None and at not in line:
            line.add(at)
            at = successors[at]
        for b in range(7):
            assert merged.is_one_municipality(N[a], N[b]) == merged.is_one_municipality(N[b], N[a])
            if b in line or a == b:
                assert merged.is_one_municipality(N[a], N[b])


def test_the_register() -> None:
    """Rules: Q-10."""
    listed = register(None, None)
    assert len(listed) == 2
    assert [each.insurer_number for each in listed] == N[:2]
    assert N[0] in listed
    assert N[5] not in listed
    assert listed.get(N[1]) is not None
    assert listed.get(N[5]) is None


# --- codes and errors ---


def test_codes_of_the_open_format() -> None:
    """The values rules are written in."""
    assert [kind.value for kind in codes.UpdateKind] == ["1", "2", "3"]
    assert [each.value for each in codes.SuggestionReason] == ["1", "2", "3", "4", "5", "6", "9"]
    assert [each.value for each in codes.QualificationStatus] == ["1", "2", "3", "9"]
    assert ACQUISITION["07"].intra


def test_every_error_is_told_once_in_two_languages() -> None:
    """Rules: X-3."""
    for code, each in CATALOGUE.items():
        assert each.code == code
        assert all((each.message_ja, each.message_en, each.example, each.remedy_ja, each.remedy_en))
        assert not each.message_ja.isascii()
        assert each.message_en.isascii() or "外字" in each.message_en or "→" in each.message_en
    assert entry("KKH-P002").severity is Severity.RECORD
    with pytest.raises(KeyError):
        entry("KKH-Z999")
    assert max(Counter(each.message_ja for each in CATALOGUE.values()).values()) == 1


def test_a_problem_has_its_place_and_its_rule() -> None:
    """Rules: X-3."""
    problem = Problem("KKH-D001", 3, "application_end", "D-7")
    assert problem.is_warning
    assert problem.message.endswith(" [D-7]")
    assert problem.at(9) == Problem("KKH-D001", 9, "application_end", "D-7")
    plain = Problem("KKH-P002", 4, "member_end")
    assert not plain.is_warning
    assert plain.message == f"{plain.entry.message_ja} / {plain.entry.message_en}"
    error = KokuhoError(plain, problem)
    assert error.problems == (plain, problem)
    assert error.code == "KKH-P002"
    assert str(error) == f"KKH-P002 line 4 member_end: {plain.message}; KKH-D001 line 3 application_end: {problem.message}"
