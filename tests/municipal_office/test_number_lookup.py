"""A number that was looked up by basic items: linked on five matching ones, else held and not sent (I-2, S-23)."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from kokuho_adapters.number_answer import MOST_CANDIDATES, AnswerFile
from kokuho_core.access import AccessContext, Role, operator_id
from kokuho_core.errors import AccessDenied, Conflict, InvalidValue, NotApproved, NotFound
from kokuho_core.identity.basic_items import ITEMS, BasicItems
from kokuho_core.identity.number_lookup import LookUpOutcome, NumberLookUp, judge_candidates
from kokuho_core.municipal_office.notification import ItemsChanged
from kokuho_core.usecases import municipal_office
from kokuho_core.usecases.number_lookup import look_up_number, open_look_ups
from kokuho_core.usecases.office import Office
from kokuho_core.vocabulary.individual_number import IndividualNumber

from ..prefecture.clerks import grant
from ..prefecture.contents import dump
from ..prefecture.office import A, B, PrefectureOffice, SteppingClock, number
from .counter import items, told
from .test_office import ONE, TWO, moved_in

REASON = "住基端末の画面で確認"
SELF = {"name": "見本　太郎", "name_kana": "ミホン　タロウ", "birth_date": "1970-05-05", "sex": "1", "address": "見本町１丁目"}
OTHER = {"name": "見本　次郎子", "name_kana": "ミホン　ジロウ", "birth_date": "1970-05-06", "sex": "2", "address": "別町２丁目"}
VARIANT = {"name": "見夲　太郎"}
Answer = Callable[..., AnswerFile]
AT = datetime(2026, 6, 1, 9, 0)


@pytest.fixture
def answer(tmp_path: Path) -> Answer:
    def write(*candidates: dict[str, Any]) -> AnswerFile:
        path = tmp_path / "answer.json"
        path.write_text(json.dumps([{**SELF, "individual_number": number(7), **each} for each in candidates]), "utf-8")
        return AnswerFile(path)

    return write


@pytest.fixture
def site(office: PrefectureOffice) -> PrefectureOffice:
    """Somebody is insured in A, and his number is not known."""
    municipal_office.notify(office.office, A, moved_in("2020-04-01"))
    return office


def clerk(site: PrefectureOffice, name: str, at: datetime = AT) -> Office:
    """One of several clerks of A."""
    grant(site, name, Role.MUNICIPALITY, A, AT)
    keeper = evolve(site.office.gatekeeper, context=AccessContext(operator_id(name), "窓口1"), clock=SteppingClock(at))
    return evolve(site.office, gatekeeper=keeper, database=evolve(site.office.database, gatekeeper=keeper))


def ask(site: PrefectureOffice, register: AnswerFile, by: str = "ito", at: datetime = AT) -> NumberLookUp:
    return look_up_number(clerk(site, by, at), A, ONE, register, REASON)


def sent_numbers(site: PrefectureOffice) -> list[str]:
    """The numbers that the next file of A says, of whoever is in it."""
    folder = site.installation.sending(site.inbox, A)
    built = municipal_office.build(site.office, A, folder, str(site.inbox))
    names = [each.name for each in built if each.file_id == "SKKOJIN"]
    found = []
    for name in names:
        with (site.inbox / name).open(encoding="utf-8", newline="") as file:
            found += [cell for row in csv.reader(file) for cell in row if cell in (number(7), number(8))]
    return found


class TestJudgement:
    ASKED = BasicItems(SELF["name"], SELF["name_kana"], date(1970, 5, 5), "1", SELF["address"])

    def of(self, **changes: Any) -> BasicItems:
        return evolve(self.ASKED, **changes)

    def test_one_of_several_in_whom_five_match(self) -> None:
        """Rules: I-2, S-23."""
        found = judge_candidates(self.ASKED, [self.of(sex="2"), self.of(name="見本太郎"), self.of(address="別町")])
        assert (found.outcome, found.place) == (LookUpOutcome.LINKED, 1)

    def test_two_in_whom_five_match_are_none(self) -> None:
        """Rules: I-2, S-23."""
        found = judge_candidates(self.ASKED, [self.ASKED, self.ASKED])
        assert (found.outcome, found.place) == (LookUpOutcome.HELD, None)

    def test_nobody(self) -> None:
        """Rules: I-2, S-23."""
        found = judge_candidates(self.ASKED, [])
        assert (found.outcome, found.place, found.evidence.differing) == (LookUpOutcome.HELD, None, ITEMS)

    @pytest.mark.parametrize(
        ("changes", "outcome"),
        [
            ({"name": "見夲　太郎"}, LookUpOutcome.WAITING),
            ({"name": "見本󠄁　太郎"}, LookUpOutcome.WAITING),
            ({"name": "見\ue000　太郎"}, LookUpOutcome.WAITING),
            ({"name": "見\uf8ff　太郎"}, LookUpOutcome.WAITING),  # the last of the private use area
            ({"name": "見\uf900　太郎"}, LookUpOutcome.WAITING),  # a compatibility ideograph, normalised to 豈
            ({"name": "見夲太郎"}, LookUpOutcome.WAITING),  # blanks count for nothing
            *[({"name": f"見夲{selector}　太郎"}, LookUpOutcome.WAITING) for selector in "\ufe00\ufe0f\U000e0100\U000e01ef"],
            ({"address": "見夲町１丁目"}, LookUpOutcome.WAITING),
            ({"name": "見夲　太郎", "address": "見夲町１丁目"}, LookUpOutcome.WAITING),
            ({"name": "見本　太郎子"}, LookUpOutcome.HELD),
            ({"name": "見ほ　太郎"}, LookUpOutcome.HELD),
            ({"address": "見本町２丁目"}, LookUpOutcome.HELD),
            ({"name": "見夲　太郎", "sex": "2"}, LookUpOutcome.HELD),
            ({"name": "見夲　太郎", "birth_date": date(1970, 5, 6)}, LookUpOutcome.HELD),
            ({"name": "見夲　太郎", "name_kana": "ミモト　タロウ"}, LookUpOutcome.HELD),
        ],
    )
    def test_only_characters_that_may_be_variants_go_to_a_person(self, changes: Any, outcome: LookUpOutcome) -> None:
        """Rules: I-2, S-23, S-17."""
        found = judge_candidates(self.ASKED, [self.of(**changes)])
        assert (found.outcome, found.place) == (outcome, 0 if outcome is LookUpOutcome.WAITING else None)
        assert not found.evidence.may_link

    def test_two_who_may_be_variants_are_none(self) -> None:
        """Rules: I-2, S-23."""
        found = judge_candidates(self.ASKED, [self.of(name="見夲　太郎"), self.of(name="観本　太郎")])
        assert (found.outcome, found.place, found.evidence.differing) == (LookUpOutcome.HELD, None, ("name",))

    def test_of_those_who_do_not_fit_the_nearest_is_told(self) -> None:
        """Rules: I-2, S-23."""
        far, near = self.of(sex="2", birth_date=date(1970, 5, 6)), self.of(sex="2")
        for candidates in ([far, near], [near, far]):
            found = judge_candidates(self.ASKED, candidates)
            assert (found.outcome, found.place, found.evidence.differing) == (LookUpOutcome.HELD, None, ("sex",))


class TestLinking:
    def test_five_items_link_and_the_evidence_stays_with_the_link(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: I-2, S-4, S-23."""
        found = ask(site, answer({"individual_number": number(8), "sex": "2"}, {}))
        assert (found.outcome, found.evidence.differing, found.candidates) == (LookUpOutcome.LINKED, (), 2)
        view = municipal_office.person(site.office, A, ONE)
        assert view.notices[-1].number == found.notice and view.notices[-1].kind == "ItemsChanged"
        assert open_look_ups(site.office, A) == []
        assert sent_numbers(site) == [number(7)]
        kept = site.installation.database.begin(read_only=True)
        with kept as work:
            assert work.look_ups.latest(A) == [found]
            entries = [each.entry for each in work.audit.read() if each.entry.operation.value == "look_up_number"]
        assert [(each.operator, each.result.value, each.insurer, each.subject) for each in entries] == [
            ("ito", "admitted", A, ONE), ("ito", "done", A, ONE)
        ]  # fmt: skip
        assert entries[-1].counts == {"candidates": 2, "linked": 1}

    def test_every_item_and_every_pair_that_differs_holds_it_and_nothing_is_sent(
        self, site: PrefectureOffice, answer: Answer
    ) -> None:
        """Rules: I-2, S-23. Three that match among them."""
        for count in (1, 2):
            for differing in combinations(ITEMS, count):
                found = ask(site, answer({item: OTHER[item] for item in differing}))
                assert (found.outcome, found.code) == (LookUpOutcome.HELD, "KKH-I022"), differing
                assert found.evidence.differing == tuple(item for item in ITEMS if item in differing)
        [open_one] = open_look_ups(site.office, A)
        assert open_one.addressee_number == ONE and open_one.notice is None
        assert sent_numbers(site) == []
        assert dump(site.stored_in)["number_vault"] == []
        assert number(7) not in repr(dump(site.stored_in))

    def test_the_number_is_looked_up_once(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-22, S-23. Another number is a notice."""
        ask(site, answer({}))
        with pytest.raises(Conflict, match="KKH-I021"):
            ask(site, answer({"individual_number": number(8)}))

    def test_the_number_of_somebody_else_here_is_not_linked(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: I-1, S-22, S-23."""
        notice = moved_in("2021-04-01", "11", "2")
        municipal_office.notify(site.office, A, notice, {TWO: IndividualNumber(number(7))})
        found = ask(site, answer({}))
        assert (found.outcome, found.code) == (LookUpOutcome.HELD, "KKH-I023")

    def test_two_answers_with_one_number_are_one_and_two_numbers_are_none(
        self, site: PrefectureOffice, answer: Answer
    ) -> None:
        """Rules: I-2, S-23."""
        assert ask(site, answer({}, {"individual_number": number(8)})).outcome is LookUpOutcome.HELD
        assert ask(site, answer({}, {})).outcome is LookUpOutcome.LINKED

    def test_for_somebody_known_of_the_own_municipality(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-1, S-4."""
        with pytest.raises(NotFound, match="KKH-N001"):
            look_up_number(clerk(site, "ito"), A, TWO, answer({}))
        with pytest.raises(AccessDenied, match="KKH-A004"):
            look_up_number(clerk(site, "ito"), B, ONE, answer({}))
        with pytest.raises(AccessDenied, match="KKH-A004"):
            open_look_ups(clerk(site, "ito"), B)


class TestVariants:
    """What differs in a variant character is linked by two people, or not at all."""

    def wait(self, site: PrefectureOffice, register: AnswerFile, by: str = "ito", at: datetime = AT) -> None:
        with pytest.raises(NotApproved, match="KKH-A007"):
            ask(site, register, by, at)
        [waiting] = open_look_ups(site.office, A)
        assert (waiting.outcome, waiting.notice) == (LookUpOutcome.WAITING, None)

    def test_a_second_person_links_it(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-7, S-23."""
        self.wait(site, answer(VARIANT))
        assert dump(site.stored_in)["number_vault"] == []
        self.wait(site, answer(VARIANT))  # the same one again
        self.wait(site, answer(VARIANT), "ITO")
        found = ask(site, answer(VARIANT), "kato")
        assert (found.outcome, found.asked_by, found.agreed_by) == (LookUpOutcome.LINKED, "ito", "kato")
        assert found.evidence.differing == ("name",) and open_look_ups(site.office, A) == []
        assert sent_numbers(site) == [number(7)]

    def test_one_person_alone_never_does_even_in_a_trial(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-7, S-23."""
        for _ in range(2):
            with pytest.raises(NotApproved, match="KKH-A007"):
                look_up_number(site.office, A, ONE, answer(VARIANT), REASON)
        assert sent_numbers(site) == []

    def test_a_request_that_is_too_old_is_none(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-7."""
        self.wait(site, answer(VARIANT))
        self.wait(site, answer(VARIANT), "kato", AT + timedelta(days=8))

    def test_another_number_is_another_request(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-7, S-23."""
        self.wait(site, answer(VARIANT))
        self.wait(site, answer({**VARIANT, "individual_number": number(8)}), "kato")
        assert ask(site, answer(VARIANT), "kato").outcome is LookUpOutcome.LINKED
        assert sent_numbers(site) == [number(7)]

    def test_a_person_who_has_changed_since_is_another_request(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-7, S-23."""
        self.wait(site, answer(VARIANT))
        moved = items("1970-05-05", number=None, postal_code="1000001")
        municipal_office.notify(site.office, A, ItemsChanged(**told("2024-05-01"), person=ONE, items=moved))
        self.wait(site, answer(VARIANT), "kato")

    def test_a_reason_is_needed_to_ask(self, site: PrefectureOffice, answer: Answer) -> None:
        """Rules: S-7."""
        with pytest.raises(InvalidValue, match="KKH-A021"):
            look_up_number(clerk(site, "ito"), A, ONE, answer(VARIANT))


class TestAnswerFile:
    @pytest.mark.parametrize(
        ("content", "code"),
        [
            ("", "KKH-I020"),
            ("{}", "KKH-I020"),
            ('[{"name": "見本"}]', "KKH-I020"),
            (json.dumps([{**SELF, "individual_number": number(7), "more": "x"}]), "KKH-I020"),
            (json.dumps([{**SELF, "individual_number": 7}]), "KKH-I020"),
            (json.dumps([{**SELF, "birth_date": "1970-02-30", "individual_number": number(7)}]), "KKH-I020"),
            (json.dumps([{**SELF, "individual_number": number(7)}] * (MOST_CANDIDATES + 1)), "KKH-I020"),
            (json.dumps([{**SELF, "individual_number": number(7)[:11] + "x"}]), "KKH-I010"),
            (json.dumps([{**SELF, "individual_number": number(7)[:11] + str((int(number(7)[11]) + 1) % 10)}]), "KKH-I012"),
        ],
    )
    def test_what_is_no_answer_is_refused_without_a_value(
        self, site: PrefectureOffice, tmp_path: Path, content: str, code: str
    ) -> None:
        """Rules: S-3, S-6, S-18."""
        path = tmp_path / "wrong.json"
        path.write_text(content, "utf-8")
        with pytest.raises(InvalidValue) as refused:
            ask(site, AnswerFile(path))
        assert refused.value.code == code
        said = f"{refused.value!r} {refused.value} {refused.value.__context__!r} {refused.value.__cause__!r}"
        assert not any(value in said for value in (*SELF.values(), number(7)) if len(value) > 1)

    def test_one_that_is_not_there(self, site: PrefectureOffice, tmp_path: Path) -> None:
        """Rules: S-18."""
        with pytest.raises(InvalidValue, match="KKH-I020"):
            ask(site, AnswerFile(tmp_path / "none.json"))
