"""What comes back: kept beside our own rows, whatever the order of the files; what contradicts them is listed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.errors import NotificationRefused
from kokuho_core.high_cost_history.record import HighCostRecord
from kokuho_core.municipal_office.notification import (
    CoverBegan,
    DateCorrected,
    MovedIn,
    OtherCover,
    PeriodSide,
    Withdrawn,
)
from kokuho_core.municipal_office.other_rows import CertificateRecord, IncomeRecord, stated, withdrawn
from kokuho_core.municipal_office.returned import (
    ITEM_NAMES,
    ReturnedItem,
    carry_overs,
    changed,
    contradictions,
    item_of,
    qualification_dates,
    taken,
)
from kokuho_core.returning.rows import ROW_TYPES, KohikekkaRow, KohikiRow, TokusoRow
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import AddresseeNumber, HouseholdNumber
from kokuho_core.vocabulary.month import Month

from ..prefecture.office import A, B
from .counter import AT, Counter, addressee, d, entrant, new_home, told

ONE = AddresseeNumber("1")


def tokuso(start: str = "2020-04-01", end: str | None = None, **more: Any) -> TokusoRow:
    row = TokusoRow(A, "1", "M1", "P1", d("2020-04-01"), "01", None, None, None, "1", d(start), d(end) if end else None)
    return evolve(row, **more)


@pytest.fixture
def counter() -> Counter:
    made = Counter()
    made.take(MovedIn(**told("2020-04-01"), household=new_home("10", "1"), entrants=(entrant("1"),)))
    return made


def found(counter: Counter, *rows: TokusoRow) -> list[tuple[str, str, Any, Any]]:
    person = counter.persons.get(ONE)
    return [(each.code, each.field, each.ours, each.theirs) for each in contradictions(ONE, person, rows)]


class TestContradictions:
    def test_none_where_both_say_the_same(self, counter: Counter) -> None:
        """Rules: Q-6."""
        assert found(counter, tokuso()) == []

    def test_an_end_that_they_do_not_know(self, counter: Counter) -> None:
        """Rules: Q-6."""
        counter.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.EMPLOYEE_INSURANCE, people=(addressee("1"),)))
        assert found(counter, tokuso()) == [
            ("KKH-M017", "application_end", d("2025-04-02"), None), ("KKH-M017", "qualification_lost", d("2025-04-02"), None),
        ]  # fmt: skip
        assert found(counter, tokuso(end="2025-04-02", qualification_lost=d("2025-04-02"), status="3")) == []

    def test_another_day_of_acquisition(self, counter: Counter) -> None:
        """Rules: Q-6, X-10."""
        other = d("2019-04-01")
        assert found(counter, tokuso(qualification_acquired=other)) == [
            ("KKH-M017", "qualification_acquired", d("2020-04-01"), other)
        ]
        assert found(counter, tokuso(qualification_acquired=other, carried_from=B, status="2")) == []
        held = tokuso(qualification_acquired=None, qualification_acquired_reason=None, status="9")
        assert found(counter, held) == [], "held (X-9): there is nothing to compare"

    def test_a_period_we_never_had(self, counter: Counter) -> None:
        """Rules: Q-6."""
        assert found(counter, tokuso("2021-01-01")) == [("KKH-M017", "application_start", None, d("2021-01-01"))]

    def test_nobody_known_here(self) -> None:
        """Rules: Q-6."""
        assert found(Counter(), tokuso()) == [("KKH-M016", "addressee_number", None, None)]

    def test_a_period_that_was_corrected_or_taken_back_is_none(self, counter: Counter) -> None:
        """Rules: X-13, P-7."""
        counter.take(DateCorrected(**told("2020-04-10"), people=(ONE,), side=PeriodSide.START))
        assert found(counter, tokuso()) == []
        other = Counter()
        other.take(MovedIn(**told("2020-04-01"), household=new_home("10", "1"), entrants=(entrant("1"),)))
        other.take(Withdrawn(**told("2020-04-02"), notice_number=1))
        assert found(other, tokuso()) == []


class TestDatesForTheResidentRegister:
    def test_theirs_where_they_told_them(self, counter: Counter) -> None:
        """Rules: Q-8."""
        person = counter.persons[ONE]
        ours = qualification_dates(person, [])
        assert ours is not None and (ours.qualification_acquired, ours.qualification_lost) == (d("2020-04-01"), None)
        theirs = qualification_dates(person, [tokuso(qualification_acquired=d("2015-01-01"), carried_from=B)])
        assert theirs is not None and theirs.qualification_acquired == d("2015-01-01")
        held = qualification_dates(person, [tokuso(qualification_acquired=None, status="9")])
        assert held == ours, "held: the dates known before stand"

    def test_nothing_of_a_nominal_head_or_of_a_single_empty_day(self) -> None:
        """Rules: Q-8, X-12."""
        counter = Counter()
        nominal = entrant("9", "1950-01-01")
        counter.take(MovedIn(**told("2025-04-01"), household=new_home("10", "9", nominal=nominal), entrants=(entrant("1"),)))
        counter.take(CoverBegan(**told("2025-04-01"), cover=OtherCover.WELFARE, people=(ONE,)))
        assert qualification_dates(counter.persons[ONE], []) is None
        assert qualification_dates(counter.persons[AddresseeNumber("9")], []) is None


@given(st.permutations([(sequence, line) for sequence in (1, 2, 3) for line in (2, 3)]), st.data())
def test_the_newest_file_stands_whatever_came_first(order: list[tuple[int, int]], data: st.DataObject) -> None:
    """Rules: Q-6, X-2."""
    end = {place: date(2024, 1, data.draw(st.integers(1, 3))) for place in order}
    known: ReturnedItem | None = None
    for sequence, line in order + order:
        item = item_of(evolve(tokuso(), application_end=end[sequence, line]), sequence, line)
        kept = taken(known, item)
        if kept is not None:
            change = changed(known, kept)
            assert (change is None) == (known is not None and known.row == kept.row)
            known = kept
    assert known is not None and (known.sequence, known.line) == (3, 3)
    assert isinstance(known.row, TokusoRow) and known.row.application_end == end[3, 3]
    assert taken(known, known) is None


def test_every_returned_file_has_items_with_names() -> None:
    """Rules: Q-6."""
    for file_id, kind in ROW_TYPES.items():
        assert set(ITEM_NAMES[file_id]) <= {attribute.name for attribute in fields(kind)}, file_id
    assert set(ITEM_NAMES) == set(ROW_TYPES)


def test_a_carry_over_is_confirmed_when_all_its_months_came() -> None:
    """Rules: H-6, X-20."""
    result = KohikekkaRow(A, "K1", "10", B, "77", "1", 2, 2)
    months = [KohikiRow(A, "10", B, "77", Month.parse(f"20240{month}"), kind, update)
              for month, kind, update in ((1, "1", "1"), (2, "1", "2"), (3, "2", "1"), (4, "1", "3"))]  # fmt: skip
    [carry_over] = carry_overs([result], months)
    assert (carry_over.told, carry_over.came, carry_over.is_confirmed) == (2, 2, True)
    assert not carry_overs([result], months[:1])[0].is_confirmed
    back = evolve(result, result="3")
    assert [each.is_confirmed for each in carry_overs([back], [evolve(each, update_kind="3") for each in months])] == [True]
    assert not carry_overs([back], months)[0].is_confirmed


class TestOtherRows:
    MONTH = HighCostRecord(A, HouseholdNumber("10"), Month.parse("202404"), "1", "1", "2", None, 25_000, AT)
    CARD = CertificateRecord(A, ONE, 1, "1", "01", "1", d("2025-04-01"), None, None, None, None, d("2025-04-01"),
                             d("2026-07-31"), None, None, None, AT)  # fmt: skip

    def test_a_month_is_corrected_cancelled_and_told_anew(self) -> None:
        """Rules: X-4, H-1."""
        row = stated(None, "KOGAKU", self.MONTH)
        assert row.waits_as is UpdateKind.NEW
        assert withdrawn(row).waits_as is None, "nobody was told of it"
        row = stated(row.sent(), "KOGAKU", evolve(self.MONTH, paid_amount=0))
        assert row.waits_as is UpdateKind.CORRECTION
        row = withdrawn(row.sent())
        assert row.waits_as is UpdateKind.CANCELLATION and row.sent().waits_as is None
        row = stated(row.sent(), "KOGAKU", self.MONTH)
        assert row.waits_as is UpdateKind.NEW

    def test_a_cancelled_certificate_is_never_told_again(self) -> None:
        """Rules: X-4."""
        row = withdrawn(stated(None, "FUZOKU", self.CARD).sent())
        with pytest.raises(NotificationRefused, match="KKH-P007"):
            stated(row, "FUZOKU", self.CARD)
        with pytest.raises(NotificationRefused, match="KKH-R001"):
            withdrawn(row)

    @pytest.mark.parametrize("changes", [{"collected_on": d("2025-03-31")}, {"expires_on": d("2025-03-31")}])
    def test_no_certificate_ends_before_it_begins(self, changes: dict[str, date]) -> None:
        """Rules: P-2."""
        with pytest.raises(NotificationRefused, match="KKH-P002"):
            evolve(self.CARD, **changes)

    def test_income_classes_replace_each_other(self) -> None:
        """Rules: X-4."""
        record = IncomeRecord(A, HouseholdNumber("10"), Month.parse("202508"), None, "A03", None, AT)
        row = stated(None, "SHOTOKU", record).sent()
        assert stated(row, "SHOTOKU", evolve(record, income_class_under70="A04")).waits_as is UpdateKind.CORRECTION
        with pytest.raises(NotificationRefused, match="KKH-R001"):
            withdrawn(row)
        with pytest.raises(NotificationRefused, match="KKH-P002"):
            evolve(record, valid_until=Month.parse("202507"))
