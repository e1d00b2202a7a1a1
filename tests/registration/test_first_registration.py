"""Whoever is registered for the first time from one record is told of as everybody else."""

from __future__ import annotations

from kokuho_core.vocabulary.identifiers import Addressee, AddresseeNumber, InsurerNumber

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B, nominal_head
from .counter import Counter
from .two_ways import judged_both_ways


def everybody(counter: Counter) -> None:
    """Of each kind somebody, in one municipality."""
    counter.told(
        A,
        insured(A, "10", 1, branch_number="01", card_number="7"),
        insured(A, "11", 2, branch_number="01", card_number="7"),  # the same card
        insured(A, "12", 3, name="\ue000"),
        {**insured(A, "13", 4), "individual_number": None},
        insured(A, "14", 5, start="2020-04-01", end="2020-04-01", end_reason="53"),
        insured(A, "15", 6, start="2020-04-01", end="2024-04-01", end_reason="52"),
        nominal_head(A, "16"),
        insured(A, "17", 7),
        insured(A, "18", 8),
        insured(A, "19", 9, start="2024-05-01", reason="03"),
    )
    counter.told(A, insured(A, "17", 7, kind="2", name="見本　改"), insured(A, "18", 8, kind="3"))
    counter.told(B, entered(B, "70", 9, start="2024-06-01"))  # both cover: held


def test_the_short_way_says_what_the_long_one_says(counter: Counter) -> None:
    """Rules: R-1, R-2, R-5, R-8, S-24. Word for word, whatever hinders a registration."""
    everybody(counter)
    short, long, alone = judged_both_ways(counter, A)
    assert short == long
    assert alone == 8
    codes = {block.code for each in short for block in each.blocks}
    assert codes == {"KKH-K001", "KKH-K002", "KKH-K003", "KKH-K004"}


def test_nobody_who_was_registered_goes_the_short_way(counter: Counter) -> None:
    """Rules: R-8. What was told before must be compared."""
    everybody(counter)
    counter.exchange()
    counter.resolve("2024-07-31")
    with counter.installation.database.begin() as work:
        work.registrations.mark(Addressee(InsurerNumber(A), AddresseeNumber(str(each))) for each in range(10, 20))
        work.commit()
    short, long, alone = judged_both_ways(counter, A)
    assert short == long
    assert alone == 6  # four who are blocked, the same-day period, the nominal head
    assert not any(each.changes for each in short)
