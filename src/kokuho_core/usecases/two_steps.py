"""二段階の実行: one person asks for an act, another one does it; neither can alone (S-7).

The request is bound to the content of the act: to the fingerprint of a file, to what was measured or counted. Once any of that is
another, it is a new act, and must be asked for anew.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from attrs import frozen

from kokuho_core.access import Operation
from kokuho_core.access.operators import is_same_operator
from kokuho_core.approval import ApprovalKind, ContentDigest
from kokuho_core.approval import digest_of as approved_digest
from kokuho_core.errors import Conflict, InvalidValue, Problem
from kokuho_core.ports.second_person import Act, ActRequest, Agreement
from kokuho_core.ports.stores import Clock, UnitOfWork
from kokuho_core.usecases.admission import admitted
from kokuho_core.usecases.office import Office

VALID_DAYS: Final = 7
"""依頼の有効日数."""


@admitted(
    Operation.ASK_SECOND_PERSON,
    subject=lambda given: f"{given['act'].kind}/{given['act'].subject}",
    insurer=lambda given: given["act"].insurer,
)
def ask(office: Office, act: Act, by: str, reason: str) -> ActRequest | None:
    """依頼する. The request that now waits for a second person, or None if ``by`` is the second person of one that waited.

    Raises :class:`InvalidValue` (KKH-G011) without a person, or without a reason for a new request.
    """
    if not by.strip():
        raise InvalidValue(Problem("KKH-G011", field="by"))

    def put() -> ActRequest | None:
        with office.database.begin() as work:
            waiting = work.requests.find(act.kind, act.subject)
            now = office.clock.now()
            if waiting is not None and waiting.digest == digest_of(act) and now <= waiting.asked_at + timedelta(VALID_DAYS):
                return waiting if is_same_operator(waiting.asked_by, by) else None
            if not reason.strip():
                raise InvalidValue(Problem("KKH-G011", field="reason"))
            request = ActRequest(act.kind, act.subject, digest_of(act), by, reason, now)
            work.requests.put(request)
            work.commit()
            return request

    return office.database.repeated(put)


@frozen
class SecondStep:
    """二人目 (:class:`kokuho_core.ports.second_person.SecondPerson`): ``by`` does what somebody else asked for."""

    by: str
    clock: Clock

    def agreed(self, work: UnitOfWork, act: Act) -> Agreement:
        """Raises :class:`Conflict` (KKH-G010): nobody asked, the same person asked, the act changed, or too long ago."""
        request = work.requests.find(act.kind, act.subject)
        if (
            request is None
            or not self.by.strip()
            or is_same_operator(request.asked_by, self.by)
            or request.digest != digest_of(act)
            or self.clock.now() > request.asked_at + timedelta(VALID_DAYS)
        ):
            raise Conflict(Problem("KKH-G010", field=act.kind))
        work.requests.remove(act.kind, act.subject)
        return Agreement(request.asked_by, self.by, request.reason)



def digest_of(act: Act) -> ContentDigest:
    """行為の要約値: over everything that makes it this act."""
    content = {**act.content, "insurer": act.insurer or ""}
    return approved_digest(ApprovalKind(act.kind), act.subject, content)
