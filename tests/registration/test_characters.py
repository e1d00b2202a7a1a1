"""Characters that the receiver cannot hold: listed, replaced only by an explicit rule, the original kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.entrusted_partition.characters import Repertoire
from kokuho_core.entrusted_partition.subscriber import Subscriber
from kokuho_core.errors import InvalidValue
from kokuho_core.usecases.due_registrations import due_registrations
from kokuho_core.usecases.office import Settings
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

from ..aggregation.support import insured
from ..prefecture.office import A
from .counter import Counter

GAIJI = "\ue000"


@pytest.mark.parametrize(
    ("encoding", "held", "not_held"),
    [
        (None, "髙﨑𠮷〜～①", GAIJI + "\x07\ufffe\U000f0000"),
        ("cp932", "髙﨑～①", "𠮷〜" + GAIJI),
        ("euc_jis_2004", "𠮟①", GAIJI),
    ],
)
def test_what_is_held(encoding: str | None, held: str, not_held: str) -> None:
    """Rules: S-17, X-22."""
    repertoire = Repertoire(encoding)
    assert all(map(repertoire.holds, held))
    assert not any(map(repertoire.holds, not_held))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Repertoire("no such set"),
        lambda: Repertoire(None, {"二字": "字"}),
        lambda: Repertoire(None, {GAIJI: "\ue001"}),
        lambda: Repertoire("cp932", {"𠮷": "𠮷"}),
    ],
)
def test_rules_that_lead_nowhere(make: object) -> None:
    """Rules: S-17."""
    with pytest.raises(InvalidValue, match="KKH-K005"):
        make()  # type: ignore[operator]


_PLAIN = Subscriber(
    MunicipalInsuredId("M1"), None, "0001", None, "", "", None, None, None, None, "0", date(1960, 5, 5), "2", "",
    date(2020, 4, 1), None, None, date(2020, 4, 1), None, "0", "0",
)  # fmt: skip


@given(name=st.text(max_size=20), address=st.text(max_size=20))
def test_what_fits_is_left_alone_and_what_does_not_is_named(name: str, address: str) -> None:
    """Rules: S-17. Byte for byte: without a rule no character becomes another one, and none that cannot be held passes."""
    repertoire, given = Repertoire(), _PLAIN._replace(name=name, address=address)
    fitted, replaced, unfit = repertoire.fitted(given)
    assert (fitted, replaced) == (given, ())
    texts = {"name": name, "address": address}
    assert set(unfit) == {key for key, text in texts.items() if not all(map(repertoire.holds, text))}


def test_it_is_listed_with_its_field_and_not_sent(counter: Counter) -> None:
    """Rules: S-17, R-2."""
    counter.told(A, insured(A, "10", 1, name=f"見本　{GAIJI}子", address=f"見本町{GAIJI}"), insured(A, "20", 2))
    counter.exchange()
    (item,) = due_registrations(counter.office, InsurerNumber(A))
    assert (item.registration.code, item.registration.fields) == ("KKH-K003", ("name", "address"))
    assert len(counter.receiver.of(A).live) == 1


def test_an_explicit_rule_replaces_it_and_the_original_stays(tmp_path: Path) -> None:
    """Rules: S-17, R-2."""
    settings = Settings(repertoire=Repertoire("cp932", {GAIJI: "花", "𠮷": "吉"}))
    with Counter(tmp_path, settings=settings) as counter:
        counter.told(A, insured(A, "10", 1, name=f"𠮷田　{GAIJI}子", name_kana="ヨシダ　ハナコ"))
        counter.exchange()
        (line,) = counter.receiver.of(A).live.values()
        assert line.name == "吉田　花子"
        assert counter.reconcile().agrees
        with closing(sqlite3.connect(counter.database_file)) as connection:
            assert connection.execute("select replaced from registration_version").fetchall() == [("name",)]
            assert connection.execute("select name from person_record").fetchall() == [(f"𠮷田　{GAIJI}子",)]


def test_with_a_rule_later_it_goes_out(tmp_path: Path) -> None:
    """Rules: S-17, R-5."""
    with Counter(tmp_path) as counter:
        counter.told(A, insured(A, "10", 1, name=f"見本　{GAIJI}子"))
        assert counter.register().counts.blocked == 1
    with Counter(tmp_path, settings=Settings(repertoire=Repertoire(None, {GAIJI: "花"}))) as counter:
        assert counter.register().counts.blocked == 0
        assert [each.name for each in counter.receiver.of(A).live.values()] == ["見本　花子"]
