"""鍵の破棄: what stands under a destroyed key can never be read again, in no backup of the database either (S-29).

The provider destroys every key that ever wrapped it; copies of a key ring file must be destroyed besides. The record of the
disposal stands first, so that one that was interrupted is brought to its end.
"""

from __future__ import annotations

from kokuho_adapters.database.key_register import KeyDisposal
from kokuho_adapters.database.key_rotation_store import SqlKeyRotationStore
from kokuho_adapters.database.unit_of_work import SqlUnitOfWork
from kokuho_adapters.security.content_protection import key_id_of
from kokuho_adapters.security.key_custody import KeyCustody
from kokuho_core.approval import Act, ApprovalKind
from kokuho_core.errors import NotFound, Problem, SetupFault
from kokuho_core.ports.keys import KeyPurpose, KeyState, StoredKey
from kokuho_core.usecases.approvals import ask_consent
from kokuho_core.usecases.office import Office


def dispose_of_key(custody: KeyCustody, office: Office, key_id: str, reason: str) -> KeyDisposal:
    """鍵の破棄 by two people (S-7), with its record. Only a retired key is destroyed: rotate first, and nothing is lost.

    A key that is destroyed already is passed over. Raises :class:`NotFound` (KKH-N003), :class:`NotApproved` (KKH-A007) while it
    waits for a second person, :class:`SetupFault`: KKH-C018 for a key in use, KKH-C019 or others of the provider: then it is to
    be called again.
    """
    with custody.database.begin() as work:
        key = _destroyable(work, key_id)
        consent = None
        if key is not None:
            act = Act(ApprovalKind.KEY_DISPOSAL, key_id, {"version": str(key.version)}, key.insurer_number)
            consent = ask_consent(office, work, act, reason)
            if consent.agreement is not None:
                _record(custody, work, key, consent.agreement.agreed_by, consent.agreement.reason)
        work.commit()
    if consent is not None:
        consent.require()
    return _completed(custody, key_id)


def destroy_key(custody: KeyCustody, key_id: str, decided_by: str, reason: str) -> KeyDisposal:
    """鍵の破棄 as part of an act that two people have agreed to. Raises as :func:`dispose_of_key`, without KKH-A007."""
    with custody.database.begin() as work:
        key = _destroyable(work, key_id)
        if key is not None:
            _record(custody, work, key, decided_by, reason)
        work.commit()
    return _completed(custody, key_id)


def _destroyable(work: SqlUnitOfWork, key_id: str) -> StoredKey | None:
    """The retired key that nothing stands under any more; None if it is destroyed already."""
    key = work.keys.find(key_id)
    if key is None:
        raise NotFound(Problem("KKH-N003", field="key_id"))
    if key.state is KeyState.DESTROYED:
        return None
    sealed = SqlKeyRotationStore(work.connection)
    held = sum(key_id_of(block) == key_id for _, block in sealed.held_files())
    values = sealed.count_by_index_version().get(key.version, 0)
    if key.purpose is not KeyPurpose.INDEX:
        values = sealed.count_by_key().get(key_id, 0) + held
    if key.state is not KeyState.RETIRED or values:
        raise SetupFault(Problem("KKH-C018", field=key.state.value))
    return key


def _record(custody: KeyCustody, work: SqlUnitOfWork, key: StoredKey, decided_by: str, reason: str) -> None:
    now = custody.clock.now()
    work.keys.add_disposal(
        KeyDisposal(key.key_id, key.purpose, key.insurer_number, key.version, decided_by, reason, now)
    )
    work.keys.set_state(key, KeyState.DESTROYED, now)


def _completed(custody: KeyCustody, key_id: str) -> KeyDisposal:
    complete_disposals(custody)
    with custody.database.begin(read_only=True) as work:
        return next(each for each in work.keys.disposals() if each.key_id == key_id)


def complete_disposals(custody: KeyCustody) -> int:
    """Bring disposals that were interrupted to their end; how many there were. Raises :class:`SetupFault` of the provider."""
    with custody.database.begin(read_only=True) as work:
        pending = {each.key_id: work.keys.wrapping_keys(each.key_id) for each in work.keys.disposals(open_only=True)}
    for key_id, wrapping_key_ids in pending.items():
        custody.data_keys.forget(key_id)
        custody.data_keys.provider.destroy_keys(wrapping_key_ids)
        with custody.database.begin() as work:
            work.keys.complete_disposal(key_id, custody.clock.now())
            work.commit()
    return len(pending)
