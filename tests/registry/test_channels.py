"""経路: both channels do the same job with the running simulator, and repeat without a second effect."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from kokuho_adapters.exchange.manifest import SUFFIX
from kokuho_adapters.registry.folder_channel import FolderGateway
from kokuho_adapters.registry_simulator.receiver import CARDS, DUPLICATES
from kokuho_core.errors import ChannelFault, ChannelRefused, FileRefused, InvalidValue
from kokuho_core.ports.registry import Exchange, ReceptionNumber, RegistrationLine, RegistryGateway

from .kit import (
    BOOK,
    EAST,
    FEDERATION,
    MOMENT,
    OPERATOR,
    PATIENCE,
    WEST,
    Side,
    batch,
    cancelled,
    exchanged,
    line,
    local_now,
    number,
    symbol,
    told,
    withdrawal,
)


def keys_shown(gateway: RegistryGateway) -> list[str]:
    return [each.record_key for each in gateway.shown(EAST)]


class TestRegistration:
    def test_sent_answered_and_shown(self, side: Side, channel: str) -> None:
        """Rules: R-3, R-4. What is shown is what was sent, without 個人番号, with the number the server issued."""
        gateway = side.gateway(channel)
        assert gateway.channel == channel
        sent = line("K1", end=date(2026, 6, 1), lost=date(2026, 6, 1), name_on_card="通称", true_name="見本1")
        [result] = exchanged(gateway, batch(1, [sent]))
        assert (result.insurer_number, result.record_key, result.result) == (EAST, "K1", "1")
        assert result.internal_branch_number and result.verification == "1" and result.error_code is None
        [shown] = gateway.shown(EAST)
        for key in set(shown._fields) & set(RegistrationLine._fields):
            assert getattr(shown, key) == getattr(sent, key), key
        assert shown.internal_branch_number == result.internal_branch_number

    def test_cancelled_and_registered_anew(self, side: Side, channel: str) -> None:
        """Rules: R-8, P-7. A cancelled record is shown no more, and the number of the person stays."""
        gateway, first = side.gateway(channel), line("K1")
        [before] = exchanged(gateway, batch(1, [first]))
        results = exchanged(gateway, batch(2, [cancelled(first), line("K2", start=date(2026, 4, 2))]))
        assert [(each.record_key, each.result) for each in results] == [("K1", "1"), ("K2", "1")]
        assert {each.internal_branch_number for each in results} == {before.internal_branch_number}
        assert keys_shown(gateway) == ["K2"]

    def test_the_same_batch_again(self, side: Side, channel: str) -> None:
        """Rules: R-3, S-14. One effect, the same 受付番号 and the same results, also after they were fetched."""
        gateway, sent = side.gateway(channel), batch(1, [line("K1"), line("K2", 2)])
        reception = gateway.send(sent)
        assert gateway.send(sent) == reception
        first = told(gateway, sent, reception)
        assert gateway.send(sent) == reception
        assert {tuple(each) for each in told(gateway, sent, reception)} == {tuple(each) for each in first}
        # by folder each sending has an answer of its own, and the second may be there by now
        assert {(each.record_key, each.result) for each in first} == {("K1", "1"), ("K2", "1")}
        assert keys_shown(gateway) == ["K1", "K2"]

    def test_a_number_used_for_another_content(self, side: Side, channel: str) -> None:
        """Rules: R-3, S-14. Refused, and what was registered stands."""
        gateway = side.gateway(channel)
        exchanged(gateway, batch(1, [line("K1")]))
        other = batch(1, [line("K9", 9)], created_at=MOMENT)

        def sent_and_waited_for() -> None:
            reception = gateway.send(other)
            eventually(lambda: gateway.results(other.exchange, EAST, 1, reception) is None)

        with pytest.raises(ChannelRefused) as refused:
            sent_and_waited_for()
        assert refused.value.code == "KKH-K104" and keys_shown(gateway) == ["K1"]

    def test_a_number_that_is_not_the_next(self, side: Side) -> None:
        """Rules: R-3, S-15. Server to server it is refused; by folder it waits, and takes effect in the order of the numbers."""
        with pytest.raises(ChannelRefused) as refused:
            side.server_gateway().send(batch(2, [line("K2", 2)]))
        assert refused.value.code == "KKH-K104"
        gateway, late, early = side.folder_gateway(), batch(2, [cancelled(line("K1"))]), batch(1, [line("K1")])
        reception = gateway.send(late)
        assert gateway.results(late.exchange, EAST, 2, reception) is None
        gateway.send(early)
        assert [each.result for each in told(gateway, late, reception)] == ["1"]
        assert keys_shown(gateway) == []

    def test_one_channel_goes_on_where_the_other_stopped(self, side: Side) -> None:
        """Rules: R-3, R-8. One numbering for both; the same batch by the other channel has no second effect."""
        by_file, by_server, sent = side.folder_gateway(), side.server_gateway(), batch(1, [line("K1")])
        exchanged(by_file, sent)
        reception = by_server.send(sent)
        assert [each.result for each in told(by_server, sent, reception)] == ["1"]
        exchanged(by_server, batch(2, [line("K2", 2)]))
        assert keys_shown(by_server) == keys_shown(by_file) == ["K1", "K2"]

    def test_two_municipalities_have_a_numbering_each(self, side: Side, channel: str) -> None:
        """Rules: R-1, R-3."""
        gateway = side.gateway(channel)
        for insurer in (EAST, WEST):
            [result] = exchanged(gateway, batch(1, [line("K1", insurer=insurer)], insurer))
            assert result.insurer_number == insurer
        assert [each.insurer_number for each in gateway.shown(WEST)] == [WEST]

    def test_more_than_a_page(self, side: Side, channel: str) -> None:
        """Rules: R-3, R-4. In the order of (市町村被保険者ID, 適用開始年月日), complete."""
        gateway = side.gateway(channel)
        persons = range(1, 5602)
        per_batch = 1867  # three batches
        for number_ in (1, 2, 3):
            some = persons[(number_ - 1) * per_batch : number_ * per_batch]
            results = exchanged(gateway, batch(number_, [line(f"K{each}", each) for each in reversed(some)]))
            assert {each.result for each in results} == {"1"} and len(results) == len(some)
        ids = [each.municipal_insured_id for each in gateway.shown(EAST)]
        assert ids == [f"M{each:08d}" for each in persons]

    def test_a_value_the_layout_cannot_hold_is_never_sent(self, side: Side, channel: str) -> None:
        """Rules: S-3, S-18. Told with line and field, without the value, and nothing arrives."""
        gateway = side.gateway(channel)
        with pytest.raises(InvalidValue) as wrong:
            gateway.send(batch(1, [line("K1"), line("K2", 2, card_number="1" * 21)]))
        assert wrong.value.problems[0].field == "card_number" and "1" * 21 not in str(wrong.value)
        assert side.receiver.next_number("KANYUSHA", EAST) == 1 and not list(_offered(side))

    def test_a_number_in_the_wrong_column_is_never_sent(self, side: Side, channel: str) -> None:
        """Rules: S-3, S-6."""
        gateway, digits = side.gateway(channel), number(77).reveal()
        with pytest.raises(FileRefused) as refused:
            gateway.send(batch(1, [line("K1", address=f"{digits} 見本市")]))
        assert refused.value.code == "KKH-E009" and digits not in str(refused.value)
        assert side.receiver.next_number("KANYUSHA", EAST) == 1 and not list(_offered(side))


def _offered(side: Side) -> list[Path]:
    folder = side.simulator.settings.to_server(FEDERATION)
    return list(folder.iterdir()) if folder.exists() else []


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what the other side does in its own time."""
    due = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < due, "it did not happen"
        time.sleep(0.02)


class TestCardsAndLists:
    def test_withdrawal_of_a_card_registration(self, side: Side, channel: str) -> None:
        """Rules: C-1, C-3. Effect at the end of the following month; told to who is not registered too; shown from that day."""
        gateway = side.gateway(channel)
        exchanged(gateway, batch(1, [line("K1"), line("K2", 2)]))
        side.receiver.register_card(OPERATOR, EAST, "M00000001", True, date(2028, 3, 31))
        sent = batch(
            1, [withdrawal(1, date(2026, 12, 3)), withdrawal(2, date(2026, 12, 3))], exchange=Exchange.CARD_WITHDRAWAL
        )
        first, second = exchanged(gateway, sent)
        assert (first.municipal_insured_id, first.result, first.effective_on) == ("M00000001", "1", date(2027, 1, 31))
        assert (second.result, second.effective_on) == ("2", None)
        for day, state in ((date(2027, 1, 30), "1"), (date(2027, 1, 31), "3")):
            side.receiver.cut(OPERATOR, CARDS, EAST, day)
            due = [("M00000001", day, state, date(2028, 3, 31)), ("M00000002", day, "2", None)]
            _cards(gateway, due)

    def test_no_snapshot_yet(self, side: Side, channel: str) -> None:
        """Rules: C-1, R-7."""
        gateway = side.gateway(channel)
        assert gateway.card_registrations(EAST) is None and gateway.duplicates(EAST) is None

    def test_duplicate_covers(self, side: Side, channel: str) -> None:
        """Rules: R-7. With another insurer in the prefecture or beyond, while both are valid; an empty list is a list too."""
        gateway = side.gateway(channel)
        exchanged(gateway, batch(1, [line("K1"), line("K2", 2), line("K3", 3, end=date(2026, 5, 1))]))
        exchanged(gateway, batch(1, [line("W1", 2, insurer=WEST, start=date(2026, 4, 20))], WEST))
        side.receiver.add_other_cover(OPERATOR, EAST, "M00000001", "06139999", date(2026, 4, 10))
        side.receiver.add_other_cover(OPERATOR, EAST, "M00000003", "06139999", date(2026, 4, 10))
        day, none = date(2026, 5, 1), date(2026, 4, 5)
        side.receiver.cut(OPERATOR, DUPLICATES, EAST, day)
        due = [("M00000001", day, "06139999", date(2026, 4, 10)), ("M00000002", day, WEST, date(2026, 4, 1))]
        _duplicates(gateway, day, due)
        side.receiver.cut(OPERATOR, DUPLICATES, EAST, none)
        _duplicates(gateway, none, [])

    def test_symbols(self, side: Side, channel: str) -> None:
        """Rules: R-10. For those who are registered."""
        gateway = side.gateway(channel)
        exchanged(gateway, batch(1, [line("K1")]))
        sent = batch(1, [symbol(1), symbol(2)], exchange=Exchange.INSTITUTION_SYMBOL)
        assert [(each.municipal_insured_id, each.result) for each in exchanged(gateway, sent)] == [
            ("M00000001", "1"),
            ("M00000002", "2"),
        ]

    def test_what_the_check_of_a_person_found_later(self, side: Side, channel: str) -> None:
        """Rules: R-6. The results fetched again say it, and so does what is shown."""
        gateway, sent = side.gateway(channel), batch(1, [line("K1")])
        reception = gateway.send(sent)
        assert [each.verification for each in told(gateway, sent, reception)] == ["1"]
        side.receiver.verify(OPERATOR, EAST, "M00000001", "3")
        eventually(lambda: told(gateway, sent, reception)[-1].verification == "3")
        assert [each.verification for each in gateway.shown(EAST)] == ["3"]


def _cards(gateway: RegistryGateway, due: list[Any]) -> None:
    """That the newest snapshot comes to say ``due``."""

    def says() -> bool:
        found = gateway.card_registrations(EAST)
        return found is not None and [each[1:] for each in found] == due

    eventually(says)


def _duplicates(gateway: RegistryGateway, day: date, due: list[Any]) -> None:
    """That the newest list comes to be the one of ``day``, and what it says."""

    def says() -> bool:
        found = gateway.duplicates(EAST)
        return found is not None and found.listed_on == day

    eventually(says)
    found = gateway.duplicates(EAST)
    assert found is not None and [each[1:] for each in found.rows] == due


class TestFolder:
    """What only files can have."""

    def test_only_complete_files_are_offered(self, side: Side) -> None:
        """Rules: S-13, S-27. A batch that fails while it is written leaves nothing, and a 送付状 stands only when all is there."""
        gateway, shared = side.folder_gateway(), side.simulator.settings.to_server(FEDERATION)
        side.order("error@send*50")  # the server takes nothing for a while
        seen: list[set[str]] = []

        def lines() -> object:
            for person in range(1, 2500):
                if person % 1000 == 0:
                    seen.append(
                        {each.name for each in shared.glob("*.csv")} | {each.name for each in shared.glob(f"*{SUFFIX}")}
                    )
                yield line(f"K{person}", person)

        gateway.send(evolve(batch(1, []), count=2499, lines=lines))
        assert seen == [set(), set()]

        def broken() -> object:
            yield line("K1")
            raise OSError("disk")

        with pytest.raises(ChannelFault):
            gateway.send(evolve(batch(2, []), count=2, lines=broken))
        assert not [each for each in shared.iterdir() if "_0002" in each.name or each.name.startswith(".kokuho")]

    def test_sent_twice_before_it_is_taken(self, tmp_path: Path) -> None:
        """Rules: S-14. One file and one 送付状."""
        gateway = FolderGateway(tmp_path / "to", tmp_path / "from", tmp_path / "own", BOOK, local_now)
        sent = batch(1, [line("K1")])
        assert gateway.send(sent) == gateway.send(sent) == "KANYUSHA_139519_20260401090100_0001.csv"
        assert sorted(each.suffix for each in (tmp_path / "to").iterdir()) == [".csv", ".json"]
        with pytest.raises(ChannelRefused) as refused:
            gateway.send(evolve(sent, lines=lambda: iter([line("K2")])))
        assert refused.value.code == "KKH-K104"

    def test_an_answer_that_was_damaged_on_its_way(self, side: Side) -> None:
        """Rules: S-13, S-16. It is set aside and told, nothing of it counts; sent again, the batch is answered again."""
        gateway, sent = side.folder_gateway(), batch(1, [line("K1")])
        reception = gateway.send(sent)
        shared = side.simulator.settings.from_server(FEDERATION)
        while not list(shared.glob(f"*{SUFFIX}")):
            pass
        [answer] = shared.glob("KANKEKKA_*.csv")
        answer.write_bytes(answer.read_bytes()[::-1])
        with pytest.raises(FileRefused) as refused:
            gateway.results(sent.exchange, EAST, 1, reception)
        assert refused.value.code == "KKH-E002"
        assert gateway.results(sent.exchange, EAST, 1, reception) is None
        gateway.send(sent)
        assert [each.result for each in told(gateway, sent, reception)] == ["1"]

    def test_an_inquiry_that_is_answered_later(self, tmp_path: Path) -> None:
        """Rules: R-3. Who does not wait is told so; the next call takes the answer, or asks again for the same one."""
        gateway = FolderGateway(tmp_path / "to", tmp_path / "from", tmp_path / "own", BOOK, local_now, wait_seconds=0)
        for _ in range(2):
            with pytest.raises(ChannelFault) as fault:
                gateway.shown(EAST)
            assert fault.value.code == "KKH-K101"
        assert len(list((tmp_path / "to").glob("SHOKAI_*.csv"))) == 1

    def test_nothing_with_a_number_stays(self, side: Side) -> None:
        """Rules: S-3, S-9. When all is answered, no 個人番号 stands in a folder or in the state of either side."""
        gateway = side.folder_gateway()
        exchanged(gateway, batch(1, [line("K1", 4711)]))
        list(gateway.shown(EAST))
        digits = number(4711).reveal().encode()
        settings = side.simulator.settings
        looked_at = [each for place in (settings.folder, side.own) for each in place.rglob("*") if each.is_file()]
        assert len(looked_at) > 5
        assert not [each.name for each in looked_at if digits in each.read_bytes()]

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        """Rules: R-3, S-27."""
        (tmp_path / "to").write_text("a file")
        gateway = FolderGateway(tmp_path / "to", tmp_path / "to", tmp_path / "own", BOOK, local_now)
        for call in (
            lambda: gateway.send(batch(1, [line("K1")])),
            lambda: gateway.results(Exchange.REGISTRATION, EAST, 1, ReceptionNumber("x")),
        ):
            with pytest.raises(ChannelFault) as fault:
                call()
            assert fault.value.code == "KKH-K101"


def test_the_clock_of_answers_never_stands(side: Side) -> None:
    """Rules: S-13. Two answers under one number have different names, so that none overwrites the other."""
    stamps = [side.receiver.fresh_stamp() for _ in range(5)]
    assert stamps == sorted(set(stamps)) and stamps[-1] - stamps[0] >= timedelta(seconds=4)


def test_answers_do_not_stay(side: Side) -> None:
    """Rules: R-3. Whoever sends a prefecture keeps one request at a time, not all until somebody looks for rings of objects."""

    def kept() -> int:
        return sum(isinstance(each, httpx.Response) for each in gc.get_objects())

    gateway = side.server_gateway()
    gc.collect()
    before = kept()
    gc.disable()
    try:
        for number_ in range(1, 4):
            exchanged(gateway, batch(number_, [line(f"K{number_}", number_)]))
        assert len(list(gateway.shown(EAST))) == 3
        assert kept() == before
    finally:
        gc.enable()
