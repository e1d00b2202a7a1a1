"""中間サーバーの口: registration with the 医療保険者等向け中間サーバー, whatever the channel (R-3).

All kinds of exchange have one shape: a numbered *batch* is sent and answered with a 受付番号, and its *results*, one per line,
are fetched later. The caller keeps every batch with its number before it is sent, so that after a lost answer or a crash exactly
the same batch goes out again; the gateway's part is that sending it again has no second effect and gives the same 受付番号.

One gateway serves one channel with one identity. It may see the partitions (委託区画) of the municipalities it is let into, and
never answers about another one (R-1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from attrs import field, frozen

from kokuho_core.entrusted_partition.exchanged import (
    CARD_REGISTRATION_KEYS,
    REGISTRATION_KEYS,
    RESULT_KEYS,
    SHOWN_KEYS,
    WITHDRAWAL_RESULT_KEYS,
    CardRegistration,
    DuplicateCover,
    DuplicateList,
    Exchange,
    InternalBranchNumber,
    Line,
    ReceptionNumber,
    RecordKey,
    RegistrationLine,
    RegistrationResult,
    Result,
    ResultCode,
    ShownRecord,
    SymbolLine,
    SymbolResult,
    Verification,
    WithdrawalLine,
    WithdrawalResult,
)
from kokuho_core.vocabulary.identifiers import InsurerNumber

__all__ = [
    "CARD_REGISTRATION_KEYS",
    "REGISTRATION_KEYS",
    "RESULT_KEYS",
    "SHOWN_KEYS",
    "WITHDRAWAL_RESULT_KEYS",
    "Batch",
    "CardRegistration",
    "DuplicateCover",
    "DuplicateList",
    "Exchange",
    "InternalBranchNumber",
    "Line",
    "ReceptionNumber",
    "RecordKey",
    "RegistrationLine",
    "RegistrationResult",
    "RegistryGateway",
    "Result",
    "ResultCode",
    "ShownRecord",
    "SymbolLine",
    "SymbolResult",
    "Verification",
    "WithdrawalLine",
    "WithdrawalResult",
]


@frozen
class Batch:
    """一括送信: the lines of one municipality, in the order in which they must take effect.

    ``number`` counts from 1 without a gap per municipality and exchange: it is the sequence number of the file, and the receiver
    takes batches in this order. A batch names no ``record_key`` twice. ``lines`` may be called again and gives the same lines.
    """

    exchange: Exchange
    insurer_number: InsurerNumber
    number: int
    created_at: datetime
    count: int
    lines: Callable[[], Iterable[Line]] = field(repr=False)


class RegistryGateway(Protocol):
    """中間サーバーとの授受. Every method raises, beside what it names:

    - :class:`ChannelFault` when the receiver could not be reached or gave no answer, after the gateway's own retries with
      back-off: the same call may be made again later and is safe;
    - :class:`ChannelRefused` when it was reached and refused, or is not who it should be (certificate): do not repeat;
    - :class:`FileRefused` when what came back has a broken structure: nothing of it may be applied. It may come while an answer
      is being iterated.

    Answers are streamed and complete: what has not come whole raises.
    """

    @property
    def channel(self) -> str:
        """``file`` or ``server``."""
        ...

    @property
    def batch_lines(self) -> int:
        """The most lines that one batch may have here."""
        ...

    def send(self, batch: Batch) -> ReceptionNumber:
        """Send a batch. The same batch (municipality, exchange, number, content) sent again has no second effect.

        Raises :class:`ChannelRefused` also when its number was used for another content, or is not the next one.
        """
        ...

    def results(
        self, exchange: Exchange, insurer: InsurerNumber, number: int, reception: ReceptionNumber
    ) -> Iterable[Any] | None:
        """The results of a batch as far as they are there, in any order and possibly some twice; None while there are none.

        Each is of the result class of the exchange. May be called again.
        """
        ...

    def shown(self, insurer: InsurerNumber) -> Iterator[ShownRecord]:
        """The live records of a partition in ascending order of (municipal_insured_id, application_start), for the reconciliation
        (R-8)."""
        ...

    def card_registrations(self, insurer: InsurerNumber) -> Iterable[CardRegistration] | None:
        """The latest snapshot of a partition, None if there is none (C-1)."""
        ...

    def duplicates(self, insurer: InsurerNumber) -> DuplicateList | None:
        """The latest 資格重複状況結果一覧 of a partition, None if there is none yet (R-7)."""
        ...
