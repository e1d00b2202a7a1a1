"""提供記録: who gave what to whom, what for, on which medium it left, and what left that is not on record (S-33)."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from attrs import evolve
from click.testing import CliRunner, Result

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.composition import key_ring_path
from kokuho_adapters.exchange.manifest import ListedFile, Manifest
from kokuho_adapters.exchange.media_ledger import Direction, Handover, MediaLedger, Settlement
from kokuho_adapters.exchange.staging import Digest
from kokuho_core.access import Operation
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.office import Office
from kokuho_core.usecases.status import provided, unknown_on_media
from kokuho_core.vocabulary.identifiers import InsurerNumber

from ..prefecture.clerks import as_clerk
from ..prefecture.office import A, B, PrefectureOffice, number, person

AT = datetime(2024, 6, 3, 9)
FIRST, OTHER = "00000000000000a1", "00000000000000a2"


@pytest.fixture
def site(office: PrefectureOffice) -> PrefectureOffice:
    """Delivered to A by its clerk, for a purpose, and to B by the federation."""
    for serial, place in enumerate((A, B), 1):
        office.persons(place, person(place, "1", number=number(serial)))
    office.resolve()
    outgoing = office.installation.outgoing(office.outbox)
    deliver(for_purpose(as_clerk(office, A), "月次の返却"), A, outgoing, str(office.outbox))
    deliver(office.office, B, outgoing, str(office.outbox))
    return office


def for_purpose(office: Office, purpose: str) -> Office:
    keeper = evolve(office.gatekeeper, context=office.gatekeeper.context.for_purpose(purpose))  # type: ignore[type-var, union-attr]
    return evolve(office, gatekeeper=keeper, database=evolve(office.database, gatekeeper=keeper))  # type: ignore[type-var]


def names(site: PrefectureOffice, insurer: str) -> list[str]:
    return [each.name for each in provided(site.office, InsurerNumber(insurer))]


def hand_over(site: PrefectureOffice, handover: str, to: str, *files: str, direction: Direction = Direction.OUT) -> None:
    listed = tuple(ListedFile(name, Digest(1, "0" * 64)) for name in files)
    parties = ("000000", to) if direction is Direction.OUT else (to, "000000")
    entry = Handover.of(
        Manifest(handover, *parties, AT, listed), direction, "p.kkp", Digest(1, "0" * 64), "USB-7", "tanaka", AT
    )
    with site.installation.admitted(Operation.EXCHANGE_FILES), site.installation.ledger() as work:
        MediaLedger(work.connection).enter(entry)
        work.commit()


def settle(site: PrefectureOffice, handover: str) -> None:
    with site.installation.admitted(Operation.EXCHANGE_FILES), site.installation.ledger() as work:
        MediaLedger(work.connection).settle(handover, Direction.OUT, Settlement.DESTROYED, "suzuki", AT)
        work.commit()


class TestWho:
    def test_operator_and_purpose_are_those_of_the_admission(self, site: PrefectureOffice) -> None:
        """Rules: S-33, S-4. The same as in the audit log."""
        found = {(each.insurer_number, each.provided_by, each.purpose) for each in provided(site.office)}
        own = site.office.gatekeeper.context.operator
        assert found == {(A, f"clerk-{A}", "月次の返却"), (B, own, "")}
        with site.installation.database.begin(read_only=True) as work:
            recorded = {
                (each.entry.insurer, each.entry.operator, each.entry.purpose)
                for each in work.audit.read()
                if each.entry.operation is Operation.DELIVER and each.entry.result.value == "done"
            }
        assert found == recorded

    def test_what_was_delivered_before_it_was_kept_names_nobody(self, site: PrefectureOffice) -> None:
        """Rules: S-33."""
        with site.installation.database.begin() as work:
            work.connection.exec_driver_sql("UPDATE delivery SET provided_by = NULL, purpose = NULL")
            work.commit()
        assert {(each.provided_by, each.purpose) for each in provided(site.office)} == {(None, None)}


class TestMedia:
    def test_each_delivery_shows_the_media_it_left_on(self, site: PrefectureOffice) -> None:
        """Rules: S-33."""
        first, *others = names(site, A)
        hand_over(site, FIRST, A, first)
        hand_over(site, OTHER, A, first)
        settle(site, FIRST)
        shown = {each.name: [(m.number, m.handed_by, m.outcome) for m in each.media] for each in provided(site.office, A)}
        assert shown == {first: [(FIRST, "tanaka", "destroyed"), (OTHER, "tanaka", None)], **{name: [] for name in others}}
        assert shown == {
            each.name: [(m.number, m.handed_by, m.outcome) for m in each.media] for each in provided(as_clerk(site, A), A)
        }
        assert unknown_on_media(site.office) == []

    def test_what_left_without_a_delivery_is_told(self, site: PrefectureOffice) -> None:
        """Rules: S-33. Invented, or another municipality's; what came in and what went elsewhere is no delivery."""
        theirs, own = names(site, B)[0], names(site, A)[0]
        hand_over(site, FIRST, A, own, theirs, "TOKUSO_139014_20240601090000_0009.csv")
        hand_over(site, OTHER, A, "SKKOJIN_139014_20240601090000_0009.csv", direction=Direction.IN)
        hand_over(site, "00000000000000a3", "000000", "SKKOJIN_139014_20240601090000_0009.csv")
        due = [(FIRST, A, "TOKUSO_139014_20240601090000_0009.csv"), (FIRST, A, theirs)]
        for each in (unknown_on_media(site.office), unknown_on_media(as_clerk(site, A), A)):
            assert sorted((u.number, u.insurer_number, u.file) for u in each) == sorted(due)
        assert unknown_on_media(site.office, B) == []


def run(site: PrefectureOffice, *arguments: str) -> Result:
    configuration = site.configuration
    where = ["--database", configuration.database, "--key-ring", str(key_ring_path(configuration))]
    return CliRunner().invoke(cli, [*where, "status", "--deliveries", *arguments])


def test_the_command_shows_who_and_what_is_not_on_record(site: PrefectureOffice) -> None:
    """Rules: S-33."""
    hand_over(site, FIRST, A, names(site, A)[0])
    shown = run(site)
    assert shown.exit_code == 0 and f"clerk-{A}" in shown.output and "月次の返却" in shown.output and "USB-7" in shown.output
    hand_over(site, OTHER, A, "TOKUSO_139014_20240601090000_0009.csv")
    told = run(site, "--json")
    assert told.exit_code == 3
    assert [each["number"] for each in json.loads(told.output)["unknown_on_media"]] == [OTHER]
