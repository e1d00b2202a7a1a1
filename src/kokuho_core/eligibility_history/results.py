"""登録結果の判定: what one answer of the receiver means for the record it is about, and when it cannot be believed (R-3).

====================================================  =========  =====================================================
the answer                                            code       effect
====================================================  =========  =====================================================
is about another municipality's record                KKH-K011   none
is about no record of this batch                      KKH-K010   none
says once more what was said                          KKH-K012   none, but for the 本人確認状態: that is the newest told (R-6)
contradicts what was said                             KKH-K013   none: what was said first stands, and people look at it
names another 被保険者枝番 than the person has        KKH-K014   none
took a registration but names no 被保険者枝番         KKH-K015   none: the record stays unanswered
refused the record                                    KKH-K016   the record is an error until something about it changes
took the record (again)                               (none)     it is in effect
====================================================  =========  =====================================================
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kokuho_core.entrusted_partition.exchanged import RecordKey, RegistrationResult, ResultCode
from kokuho_core.entrusted_partition.subscriber import RegisteredPerson
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId

UNKNOWN_RECORD: Final = "KKH-K010"
REPEATED: Final = "KKH-K012"


class SentMessage(NamedTuple):
    """送信済みの1件: a line of a batch, with what was answered about it so far (``result`` None: nothing)."""

    number: int
    record_key: RecordKey
    update_kind: str
    municipal_insured_id: MunicipalInsuredId
    result: str | None
    error_code: str | None


def problem_with(
    answer: RegistrationResult, insurer: InsurerNumber, message: SentMessage | None, person: RegisteredPerson
) -> str | None:
    """Error code of an answer that has no effect, by the table above; None for one that is to be applied."""
    if answer.insurer_number != insurer:
        return "KKH-K011"
    if message is None:
        return UNKNOWN_RECORD
    if message.result is not None:
        return REPEATED if _says_the_same(answer, message, person) else "KKH-K013"
    if answer.result == ResultCode.ERROR:
        return None
    known = person.internal_branch_number
    if answer.internal_branch_number is not None and known not in (None, answer.internal_branch_number):
        return "KKH-K014"
    if message.update_kind == UpdateKind.NEW and answer.internal_branch_number is None and known is None:
        return "KKH-K015"
    return None


def _says_the_same(answer: RegistrationResult, message: SentMessage, person: RegisteredPerson) -> bool:
    """1 and 3 say the same of the record: it is in effect, once."""
    if (answer.result == ResultCode.ERROR) != (message.result == ResultCode.ERROR):
        return False
    if answer.result == ResultCode.ERROR:
        return (answer.error_code or None) == message.error_code
    return answer.internal_branch_number in (None, person.internal_branch_number)
