"""コマンドの一覧: every command under its heading, and the module that has it.

A command's module is loaded when the command is called; the list of commands needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

import click
from attrs import frozen


@frozen
class Listed:
    """One command: its ``module`` in this package, which has it under its own name, and the first line of its help."""

    name: str
    module: str
    japanese: str
    english: str

    @property
    def about(self) -> str:
        return f"{self.japanese} / {self.english}"

    def load(self) -> click.Command:
        command: click.Command = getattr(import_module(f"kokuho_adapters.cli.{self.module}"), self.name.replace("-", "_"))
        return command


HEADINGS: Final[Mapping[str, tuple[Listed, ...]]] = {
    "はじめに / To begin with": (
        Listed(
            "init", "setting_up", "データベースと鍵を用意し、保険者一覧を登録します。",
            "Create or migrate the database, load the insurers.",
        ),
        Listed(
            "demo", "demo", "見本ファイルで主な業務を最初から最後まで実行します。",
            "Run the whole main job on the shipped sample files.",
        ),
        Listed(
            "generate", "setting_up", "架空の県のファイルを作ります(実在の情報は含みません)。",
            "Make realistic synthetic files, never real data.",
        ),
    ),
    "日々の仕事 / Daily work": (
        Listed(
            "check", "receiving", "送信前の点検: 受け付けずに誤りを調べます。",
            "The sender's dry run; nothing is stored, no database is needed.",
        ),
        Listed(
            "receive", "receiving", "市区町村のファイルまたはフォルダを受け付けます。",
            "Take files of municipalities, or folders of them.",
        ),
        Listed(
            "resolve", "judging", "変更分の同一人・資格継続・継続候補を判定します。",
            "Judge continuation, findings and candidates over what changed.",
        ),
        Listed(
            "deliver", "delivering", "市区町村へ返すファイルを作ります。",
            "Write what changed for a municipality since its last delivery.",
        ),
        Listed(
            "status", "safety", "受信の状況: 最後に届いた日、未着、保留・停止、配信待ち。",
            "What came from whom, what is overdue, what waits.",
        ),
    ),
    "確認と決定 / What to look into and decide": (
        Listed(
            "findings", "judging", "確認事項(重複・空白・本人確認不一致など)の一覧。",
            "List overlaps, gaps, identity conflicts and unanswered moves.",
        ),
        Listed(
            "identity", "judging", "本人確認不一致(保留)を判定します。",
            "Decide a held identity conflict; it takes effect with the next resolve.",
        ),
        Listed(
            "candidates", "judging", "継続候補世帯の一覧。",
            "List the households whose continuity is to be decided.",
        ),
        Listed(
            "decide", "receiving", "継続世帯確定指示(KEISHIJI)を受け付けます。",
            "Take a file of decisions on continuity.",
        ),
        Listed(
            "decisions", "decisions", "二人目の確認を待つ確定指示の一覧・確認・差戻し。",
            "Decisions that wait for a second look: list, confirm, refuse.",
        ),
        Listed(
            "person", "person", "一人の適用期間・資格・確認事項・履歴。",
            "One person's periods, qualification, findings and history.",
        ),
        Listed(
            "gates", "safety", "安全弁で停止したファイルの一覧・解除・差戻し。",
            "Files stopped by a gate: list, release, refuse.",
        ),
        Listed(
            "recall", "safety", "受け付けたファイルを取り消します(2人で)。FILEなしは取消しの一覧。",
            "Recall an applied file; takes two people.",
        ),
    ),
    "資格の登録とカード / Registration and cards": (
        Listed(
            "register", "registration", "変更のあった加入者を中間サーバーに登録します。",
            "Register what changed with the intermediate server.",
        ),
        Listed("register-results", "registration", "登録結果を取り込みます。", "Take the results of registrations."),
        Listed(
            "unanswered", "unanswered", "中間サーバーから結果が揃っていない送信を表示し、失われたものを送り直します。",
            "What has no answer yet.",
        ),
        Listed(
            "due", "registration", "まだ登録されていない変更と、その期限(届出から5日)。",
            "What is not registered yet, and by when it must be.",
        ),
        Listed(
            "reconcile", "registration", "中間サーバーの表示内容と当方の資格履歴を、全員・全期間で照合します。",
            "Compare both sides, every person and date.",
        ),
        Listed(
            "card-use", "card_use", "マイナンバーカードの利用登録情報を受け取り、解除申請を送り、その結果を受け取ります。",
            "Exchange card registrations.",
        ),
        Listed(
            "documents", "card_use", "資格確認書か資格情報のお知らせか、その理由・有効期限・交付の要否。",
            "Which document each person gets, and why.",
        ),
        Listed(
            "duplicates", "card_use", "資格が重複している人の一覧と、職権喪失の決定。",
            "People with another valid cover, and the ex-officio loss.",
        ),
        Listed(
            "symbols", "card_use", "機関別符号の取得を依頼し、状況を確かめます。",
            "Request institution symbols, and see how far they are.",
        ),
        Listed(
            "simulate-server", "registry_simulator", "模擬の中間サーバーを動かします(試験・練習用)。",
            "Run a simulated intermediate server, for trials.",
        ),
    ),
    "給付 / Benefits": (
        Listed(
            "benefit", "benefit", "高額療養費などの給付を計算し、根拠とともに示します。",
            "Compute benefits, each figure with its ground.",
        ),
        Listed(
            "benefit-bulk", "benefit", "県全体のレセプト(CSV)をまとめて計算します。",
            "Compute the receipts of a whole prefecture in one stream.",
        ),
        Listed(
            "ceiling", "benefit", "その月に適用される自己負担限度額の表、または一つの限度額。",
            "The ceilings in force in a month, or one ceiling.",
        ),
    ),
    "市区町村と授受 / Municipal office, exchange of files": (
        Listed(
            "office", "office", "市区町村の窓口: 届出、送付ファイル、返ってきた結果。",
            "The municipal office: notices, files, what comes back.",
        ),
        Listed(
            "exchange", "exchange", "授受フォルダで送付・受取をします。",
            "Send and take files by an exchange folder.",
        ),
        Listed(
            "media", "exchange", "媒体で送付・受取をし、受渡簿を付けます。",
            "Signed and encrypted packages for media, and their ledger.",
        ),
        Listed("sftp", "exchange", "SFTPで送付・受取をします。", "Send and fetch by SFTP, and serve a drop box."),
    ),
    "鍵と権限 / Keys and rights": (
        Listed(
            "access", "access", "利用者の権限: 一覧・付与・更新・失効・引継ぎ。",
            "Rights of operators: list, grant, renew, revoke, transfer.",
        ),
        Listed(
            "approvals", "access", "二人による承認: 一覧・承認・却下・取下げ。",
            "Approval by a second person: list, approve, refuse, withdraw.",
        ),
        Listed(
            "login", "login", "符号を入力してログインします(12時間)。",
            "Log in with a code, for 12 hours on this terminal.",
        ),
        Listed("logout", "login", "ログアウトします。", "Log out."),
        Listed("reveal", "reveal", "個人番号を一件、画面に表示します。", "Show one individual number on the screen."),
        Listed(
            "keys", "keys", "鍵の一覧: 版・状態・鍵ごとの値の件数・次の入替えの日。",
            "List the keys, what stands under them, and when they are due.",
        ),
        Listed(
            "rotate-keys", "keys", "鍵を入れ替えます。業務を止めずに行い、途中で止まれば続きから行います。",
            "Rotate keys, online; run again, it goes on.",
        ),
        Listed(
            "destroy-key", "keys", "退役した鍵を破棄します(2人で)。元に戻せません。",
            "Destroy a retired key, by two people. It cannot be undone.",
        ),
    ),
    "記録と保存 / Records and how long they are kept": (
        Listed(
            "audit", "audit", "監査記録: だれが、いつ、何を、だれについて、なぜ行い、どうなったか。",
            "Who did what, when, about whom and why.",
        ),
        Listed(
            "verify-audit", "audit", "監査記録の改ざん・欠落を検証します。",
            "Verify that no entry was changed, removed, added or moved.",
        ),
        Listed("retention", "safety", "保存期間の満了と廃棄。", "What is due for disposal, and its disposal."),
    ),
    "システムの試験 / Testing systems": (
        Listed(
            "conformance", "conformance", "システムが規則を守るかを、架空の生活史で試します。",
            "Test any system against the rules, with invented lives.",
        ),
    ),
}

_LISTED: Final = {each.name: each for listed in HEADINGS.values() for each in listed}


class Commands(Mapping[str, click.Command]):
    """The commands by name, each loaded when it is looked up."""

    def __getitem__(self, name: str) -> click.Command:
        return _LISTED[name].load()

    def __iter__(self) -> Iterator[str]:
        return iter(_LISTED)

    def __len__(self) -> int:
        return len(_LISTED)
