"""口の規則: what the numbered rules say of each port, one sentence for people.

Rule numbers: S 安全管理, R 登録, X and P as in :mod:`kokuho_core.conformance.rules`.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from attrs import frozen


class Port(StrEnum):
    """口: what a system may bring of its own; it is judged on what it brings."""

    STORES = "stores"
    """保管: files, persons, identifiers, spans and candidates inside units of work (:mod:`kokuho_core.ports.stores`)."""
    EXCHANGE = "exchange"
    """ファイル授受: a sender, a receiver, and a way for files between them."""
    VAULT = "vault"
    """番号保管庫 (:class:`kokuho_core.ports.vault.NumberVault`)."""
    RECEIVER = "receiver"
    """登録の受け手 (:class:`kokuho_core.ports.registry.RegistryGateway`)."""
    SENDER = "sender"
    """登録の送り手: a client of the registration interface."""


@frozen
class PortRule:
    """口の規則: number, the port it is judged on, and what it says there."""

    number: str
    capability: Port
    ja: str
    en: str

    @property
    def name(self) -> str:
        """Port and number: a number may stand for several ports."""
        return f"{self.capability.value}/{self.number}"


PORT_RULES: Final = (
    PortRule("S-27", Port.STORES, "確定した書込みはそのまま読め、確定しなかった書込みは何も残らない。",
             "What is committed is read back; what is not committed leaves nothing."),
    PortRule("P-7", Port.STORES, "受けた事実は受けた順に残り、過去のどの時点に分かっていたことも読める。",
             "Facts stay in the order received, and what was known at any time can be read."),
    PortRule("X-2", Port.STORES, "受渡簿は、送り手とファイルの種類ごとに、適用した通し番号を覚えている。",
             "The ledger knows the sequence numbers applied, by sender and kind of file."),
    PortRule("S-26", Port.STORES, "読んだ後に他者が変えたものは、上書きせずに拒む。",
             "What somebody else changed since it was read is refused, not overwritten."),
    PortRule("S-21", Port.STORES, "県内で一人の資格の区間が重なる書込みを拒む(P-3)。",
             "Overlapping spans of one person are refused (P-3)."),
    PortRule("S-1", Port.STORES, "一つの市町村の範囲では、その市町村の記録だけが見える。",
             "Within the scope of a municipality its own records alone are seen."),
    PortRule("S-13", Port.EXCHANGE, "受け手が読むのは完全なファイルだけで、送られたとおりの内容である。",
             "The receiver reads complete files alone, byte by byte as sent."),
    PortRule("S-14", Port.EXCHANGE, "同じファイルは二度送られても一度だけ効き、同名で別の内容は受け取らない。",
             "A file sent twice takes effect once; another content under its name is not taken."),
    PortRule("S-15", Port.EXCHANGE, "送り手が送った順に届く。", "Files arrive in the order in which they were sent."),
    PortRule("S-8", Port.VAULT, "封印した番号は元どおりに開き、変えられたもの、他所のもの、別の鍵では開かない。",
             "A sealed number opens as it was; changed, moved or under another key it does not."),
    PortRule("S-9", Port.VAULT, "番号の索引は県内で一つで、鍵がなければ求められず、保管する値に番号は現れない。",
             "The index of a number is one in the prefecture and keyed; nothing kept shows the number."),
    PortRule("S-3", Port.VAULT, "表示にも例外にも番号は現れない。", "No number appears in a representation or an exception."),
    PortRule("R-1", Port.RECEIVER, "どの委託区画にも、その市町村の記録だけがある。",
             "Each partition shows its own municipality's records alone."),
    PortRule("R-3", Port.RECEIVER, "一括登録は番号の順に一度だけ効き、記録ごとに結果が返る。",
             "A batch takes effect once, in order, with a result per record."),
    PortRule("R-4", Port.RECEIVER, "登録した記録は、送った値と被保険者枝番で表示される。",
             "A registered record is shown with the values sent and its branch number."),
    PortRule("R-8", Port.RECEIVER, "取り消した記録は二度と表示されず、表示はいつも当方と一致する。",
             "A cancelled record is shown no more; what is shown equals what was sent."),
    PortRule("R-1", Port.SENDER, "それぞれの市町村の委託区画にだけ送る。", "Records go to their own partition alone."),
    PortRule("R-3", Port.SENDER, "回答が届かなくても、遅れても、どの記録も失われず、一度だけ登録される。",
             "Whatever happens to the answers, no record is lost and each is registered once."),
    PortRule("R-4", Port.SENDER, "記録の値を変えずに登録する。", "Records are registered with the values they have."),
    PortRule("R-8", Port.SENDER, "訂正は、元の記録を取り消し、新しい記録を登録する。番号は二度と使わない(S-24)。",
             "A correction cancels the record and registers another; no record key is used again (S-24)."),
)  # fmt: skip


def rules_of(ports: Collection[Port]) -> tuple[PortRule, ...]:
    """The rules of some ports, in the order of the table."""
    return tuple(each for each in PORT_RULES if each.capability in ports)
