"""書類と交付理由の名称, as the tables of the command line show them (C-2)."""

from __future__ import annotations

from typing import Final

from kokuho_core.certificates.documents import Document, DocumentReason

DOCUMENT_NAMES: Final = {Document.CERTIFICATE: "資格確認書", Document.NOTICE: "資格情報のお知らせ"}
REASON_NAMES: Final = {
    DocumentReason.VIEWING_STOPPED: "自己情報提供不可",
    DocumentReason.VERIFICATION_MISMATCH: "本人確認不一致",
    DocumentReason.UNVERIFIED: "本人確認が未了",
    DocumentReason.NOT_VIEWABLE: "中間サーバーに未登録",
    DocumentReason.WITHDRAWAL_APPLIED: "利用登録解除の申請",
    DocumentReason.CARD_RETURNED: "カードの返納",
    DocumentReason.NO_SNAPSHOT: "利用登録情報なし",
    DocumentReason.NOT_REGISTERED: "利用登録なし",
    DocumentReason.REGISTRATION_CANCELLED: "利用登録の解除",
    DocumentReason.CERTIFICATE_EXPIRED: "電子証明書の期限切れ",
    DocumentReason.CARE_ON_REQUEST: "要配慮者の申請",
    DocumentReason.REGISTERED: "利用登録あり",
}
