"""Every act that writes and is no step of the daily round: rights, approvals, gates, recall, disposal, keys, media, and those
of the municipal office and the second factor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final

from attrs import evolve

from kokuho_adapters.exchange.manifest import ListedFile, Manifest
from kokuho_adapters.exchange.media_ledger import Direction, Handover, MediaLedger, Settlement
from kokuho_adapters.exchange.staging import Digest
from kokuho_adapters.security.key_custody import overview
from kokuho_adapters.security.key_disposal import dispose_of_key
from kokuho_adapters.security.key_rotation import rotate_data_keys, rotate_index_key, rotate_wrapping_keys
from kokuho_core.access import Operation, Role
from kokuho_core.errors import NotApproved
from kokuho_core.insured_person.fact import IdentityVerdict
from kokuho_core.ports.keys import KeyState
from kokuho_core.usecases.approvals import approve, list_approvals, refuse, withdraw
from kokuho_core.usecases.gates import refuse_stopped, release_stopped, stopped_files
from kokuho_core.usecases.identity import decide_identity
from kokuho_core.usecases.listings import list_findings
from kokuho_core.usecases.office import Office, Settings
from kokuho_core.usecases.recall import recall
from kokuho_core.usecases.receive import receive, release_held
from kokuho_core.usecases.retention import run_disposal
from kokuho_core.usecases.rights import grant_right, list_rights, renew_right, revoke_right, transfer_right
from kokuho_core.usecases.second_look import confirm_decision, list_second_looks, refuse_decision

from ..crash.effects import watch_effects
from ..prefecture.clerks import grant, in_session_of
from ..prefecture.office import A, B, PrefectureOffice, household, instruction, number, person
from .office_acts import office_acts, prepare_factor, prepare_office

FIRST, SECOND = "tanto01", "kakari02"
REASON = "送信元に電話で確認"
LISTED = ListedFile("SKKOJIN_139014_20260601090000_0001.csv", Digest(1, "0" * 64))
MEDIUM = "00000000000000aa"
FAR_ON = date(2045, 1, 1)
Act = Callable[[PrefectureOffice], object]


def prepare(folder: Path) -> None:
    """A prefecture in which each act is possible, and one person has asked for what takes two."""
    with PrefectureOffice(folder, Settings(second_look_at_decisions=True)) as site:
        prepare_office(site)
        people = [person(A, str(n), number=number(n)) for n in range(1, 121)]
        lost = person(A, "200", number=number(200), start="2010-04-01", end="2011-04-01", end_reason="53")
        moved = person(A, "300", number=number(300), end="2024-05-01", end_reason="57", household="30")
        site.persons(A, *people, lost, moved)
        site.households(A, household(A, "1", "1"))
        other = person(B, "1", number=number(1), birth_date=date(1999, 1, 1))
        site.persons(B, other, person(B, "301", number=number(300), start="2024-05-01", reason="07", household="31"))
        site.households(B, household(B, "31", "301", start="2024-05-01"))
        site.resolve()
        [pair] = site.candidates()
        site.decide(B, instruction(B, pair.number, "2"))
        site.persons(A, *({**each, "update_kind": "2", "birth_date": date(1961, 1, 1)} for each in people))
        custody = evolve(site.installation.custody, batch=50, pause_seconds=0)
        rotate_data_keys(custody)
        for name in (FIRST, SECOND):
            grant(site, name, Role.FEDERATION)
        grant(site, "kansa", Role.AUDITOR)
        prepare_factor(site, FIRST)
        asked = in_session_of(site, FIRST)
        for ask in (release, recall_households, dispose, destroy_key, decide, long_list):
            with suppress(NotApproved):
                ask(site, asked)
        database = site.database_file
    watch_effects(database)


# --- what takes two people: asked for in the beginning, done by the second ---


def release(site: PrefectureOffice, office: Office) -> None:
    release_stopped(office, stopped_files(office)[0].file_no, REASON)
    list(release_held(office))


def recall_households(site: PrefectureOffice, office: Office) -> None:
    [path] = site.inbox.glob(f"SKSETAI_{A}_*")
    recall(office, path.name, REASON)


def dispose(site: PrefectureOffice, office: Office) -> None:
    run_disposal(office, FAR_ON, REASON)


def destroy_key(site: PrefectureOffice, office: Office) -> None:
    keeper = office.gatekeeper
    assert keeper is not None
    opened = evolve(site.installation, office=office)
    with keeper.admitted(Operation.RUN_RETENTION), opened.admitted_custody(Operation.RUN_RETENTION) as custody:
        [old, *_] = [key.key_id for key in overview(custody).keys if key.state is KeyState.RETIRED]
        dispose_of_key(custody, office, old, REASON)


def decide(site: PrefectureOffice, office: Office) -> None:
    [conflict] = [each for each in site.findings() if each.kind.value == "identity"]
    decide_identity(office, conflict.number, IdentityVerdict.DIFFERENT, REASON)


def confirm(site: PrefectureOffice, office: Office) -> None:
    confirm_decision(office, list_second_looks(office)[0].number, reason=REASON)


def long_list(site: PrefectureOffice, office: Office) -> None:
    list_findings(evolve(office, settings=Settings(list_limit=0)), bulk_reason=REASON)


def by_second(act: Callable[[PrefectureOffice, Office], None]) -> Act:
    return lambda site: act(site, in_session_of(site, SECOND))


# --- the others ---


def _given_to(site: PrefectureOffice, operator: str) -> str:
    return next(each.number for each in list_rights(site.office) if each.operator == operator)


def _waiting(site: PrefectureOffice, kind: str) -> tuple[str, str]:
    found = next(each for each in list_approvals(site.office, waiting_only=True) if each.kind.value == kind)
    return found.number, found.digest


def ask_for_another_list(site: PrefectureOffice) -> None:
    with suppress(NotApproved):
        list_findings(evolve(in_session_of(site, FIRST), settings=Settings(list_limit=0)), B, bulk_reason=REASON)


def approve_one(site: PrefectureOffice) -> None:
    number_of_it, digest = _waiting(site, "hold_release")
    approve(in_session_of(site, SECOND), number_of_it, digest)  # type: ignore[arg-type]


def _rotated(rotate: Callable[..., object]) -> Act:
    def act(site: PrefectureOffice) -> None:
        with site.installation.admitted_custody(Operation.ROTATE_KEYS) as custody:
            rotate(evolve(custody, batch=50, pause_seconds=0))

    return act


def hand_over(site: PrefectureOffice) -> None:
    manifest = Manifest(MEDIUM, "000000", A, datetime(2026, 6, 1, 9), (LISTED,))
    entry = Handover.of(manifest, Direction.OUT, "p.kkp", Digest(1, "0" * 64), "USB-1", FIRST, datetime(2026, 6, 1, 9))
    with site.installation.admitted(Operation.EXCHANGE_FILES), site.installation.ledger() as work:
        MediaLedger(work.connection).enter(entry)
        work.commit()


def hand_over_and_settle(site: PrefectureOffice) -> None:
    hand_over(site)
    with site.installation.admitted(Operation.EXCHANGE_FILES), site.installation.ledger() as work:
        MediaLedger(work.connection).settle(
            MEDIUM, Direction.OUT, Settlement.DESTROYED, SECOND, datetime(2026, 6, 2, 9)
        )
        work.commit()


def send_again(site: PrefectureOffice) -> None:
    """A duplicate, which changes the 受渡簿 alone."""
    [path] = site.inbox.glob(f"SKSETAI_{A}_*")
    receive(site.office, site.installation.incoming(path, site.installation.register()))


ACTS: Final[dict[str, Act]] = {
    "release_stopped": by_second(release),
    "recall": by_second(recall_households),
    "run_disposal": by_second(dispose),
    "destroy_key": by_second(destroy_key),
    "decide_identity": by_second(decide),
    "long list": by_second(long_list),
    "ask": ask_for_another_list,
    "approve": approve_one,
    "refuse": lambda site: refuse(in_session_of(site, SECOND), _waiting(site, "file_recall")[0], REASON),
    "withdraw": lambda site: withdraw(in_session_of(site, FIRST), _waiting(site, "file_recall")[0]),
    "confirm_decision": by_second(confirm),
    "refuse_decision": lambda site: refuse_decision(site.office, list_second_looks(site.office)[0].number, reason=REASON),
    "refuse_stopped": lambda site: refuse_stopped(site.office, stopped_files(site.office)[0].file_no, REASON),
    "grant_right": lambda site: grant_right(site.office, "suzuki", Role.MUNICIPALITY, A),  # type: ignore[arg-type]
    "renew_right": lambda site: renew_right(site.office, _given_to(site, "kansa")),
    "revoke_right": lambda site: revoke_right(site.office, _given_to(site, "kansa")),
    "transfer_right": lambda site: transfer_right(site.office, _given_to(site, "kansa"), "kansa02"),
    "rotate data": _rotated(rotate_data_keys),
    "rotate index": _rotated(rotate_index_key),
    "rotate master": _rotated(rotate_wrapping_keys),
    "media": hand_over_and_settle,
    "duplicate": send_again,
    **office_acts(FIRST),
}
