"""エラーコード一覧: every code once, with its meaning, an example and what to do, in Japanese and English."""

from __future__ import annotations

from enum import Enum
from typing import Final

from attrs import frozen


class Severity(Enum):
    """影響範囲: how much one code stops."""

    FILE = "file"  # the whole file is refused
    RECORD = "record"  # one record is refused
    HELD = "held"  # file or record is kept until something else happens
    WARNING = "warning"  # nothing is stopped
    SETUP = "setup"  # the command is refused


@frozen
class ErrorEntry:
    """One catalogue entry. ``example`` and the remedies are for the documentation; the messages go into results."""

    code: str
    severity: Severity
    message_ja: str
    message_en: str
    example: str
    remedy_ja: str
    remedy_en: str


_F, _R, _H, _W, _S = Severity.FILE, Severity.RECORD, Severity.HELD, Severity.WARNING, Severity.SETUP

CATALOGUE: Final = {
    row[0]: ErrorEntry(*row)
    for row in (
        # --- file structure (X-1, X-2) ---
        ("KKH-F001", _F, "ファイル名が規定の形式ではありません。", "The file name does not follow the rule.",
         "SKKOJIN-130001.csv", "{FILE_ID}_{保険者番号}_{作成日時}_{連番4桁}.csv に直してください。",
         "Rename to {FILE_ID}_{SENDER}_{CREATED_AT}_{SEQUENCE:04d}.csv."),
        ("KKH-F002", _F, "レイアウトまたはその版が登録されていません。", "The layout or its version is not known.",
         "control record says SKKOJIN 9.9", "送信側のレイアウト版を確認するか、レイアウト定義を追加してください。",
         "Check the sender's layout version, or add its layout file."),
        ("KKH-F003", _F, "コントロールレコードがファイル名と一致しません。", "The control record disagrees with the file name.",
         "name says sequence 0002, control record 3", "ファイルを作り直してください。名前だけの変更はできません。",
         "Make the file again; a file cannot be renamed by hand."),
        ("KKH-F004", _F, "送信元の保険者番号が都道府県の保険者一覧にありません。", "The sender is no insurer of this prefecture.",
         "a file of another prefecture", "宛先を確認してください。新設の保険者なら init で一覧を更新してください。",
         "Check the destination; load a new insurer with init."),
        ("KKH-F005", _F, "エンドレコードがありません(途中で切れています)。", "The end record is missing (the file was cut).",
         "transfer stopped half way", "もう一度転送してください。", "Transfer the file again."),
        ("KKH-F006", _F, "エンドレコードの件数がデータ件数と一致しません。", "The end record's count differs from the data records.",
         "9,120 after 119 records", "ファイルを作り直して送ってください。", "Make and send the file again."),
        ("KKH-F007", _F, "項目数がレイアウトと一致しません。", "The number of columns differs from the layout.",
         "44 fields instead of 45", "レイアウトの版と項目数を確認してください。", "Check the layout version and the number of fields."),
        ("KKH-F008", _F, "CSVの形式が正しくありません(引用符・NUL・改行)。", "The CSV form is wrong (quote, NUL or line end).",
         "an unclosed quote", "RFC 4180の引用とCRLF改行で作り直してください。", "Write RFC 4180 quoting with CRLF line ends."),
        ("KKH-F009", _F, "UTF-8のファイルにBOMがあります。", "A BOM stands in a utf-8 file.",
         "EF BB BF at the start", "BOMなしで作るか、文字コードをutf-8-sigと指定してください。",
         "Write without BOM, or declare the encoding utf-8-sig."),
        ("KKH-F010", _F, "指定の文字コードで読めないバイトがあります。", "Bytes cannot be decoded in the declared encoding.",
         "a CP932 file read as utf-8", "文字コードの指定を確認してください(insurers.csv または --encoding)。",
         "Check the declared encoding (insurers.csv or --encoding)."),
        ("KKH-F011", _F, "レコードの保険者番号が送信元と一致しません。", "A record's insurer number is not the sender's.",
         "another municipality's record", "他保険者のレコードを除いて作り直してください。", "Make the file again without foreign records."),
        ("KKH-F012", _F, "レコード種別または並びが正しくありません。", "A record kind is unknown or out of place.",
         "a line after the end record", "1(先頭)・2(データ)・9(末尾)の順に作り直してください。", "Write 1 (control), 2 (data), 9 (end) in this order."),
        ("KKH-F013", _F, "このファイルはここでは受け付けません。", "This kind of file is not taken here.",
         "TOKUSO given to receive", "市区町村から集約へ送るファイルか確認してください。", "Check that it is a municipality → aggregation file."),
        ("KKH-F014", _F, "コントロールレコードが正しくありません。", "The control record is malformed.",
         "no control record", "先頭行を 1,FILE_ID,版,送信元,作成日時,連番 にしてください。",
         "Begin with 1,FILE_ID,VERSION,SENDER,CREATED_AT,SEQUENCE."),
        ("KKH-F015", _F, "ファイルがないか、読めません。", "The file is not there or cannot be read.",
         "a mistyped path", "パスと権限を確認してください。", "Check path and permissions."),
        ("KKH-F016", _F, "改行がCRLFではありません(LFだけです)。", "A line ends with LF alone, not with CRLF.",
         "saved by an editor set to LF", "エディタの改行をCRLFにして保存し直してください。", "Save it again with CRLF line ends."),
        ("KKH-F017", _F, "行が長すぎます。", "A line is too long.", "a file of another kind, without line ends",
         "ファイルの内容と改行を確認してください。", "Check what the file is and its line ends."),
        ("KKH-F018", _F, "ファイルが読取り中に変わりました。", "The file changed while it was read.", "a writer that is not finished",
         "書き終えてから、もう一度渡してください。", "Give it again when it is written completely."),
        ("KKH-F020", _F, "同じ連番が別の名前または別の内容で使われています。", "This sequence number was used under another name or content.",
         "sequence 0003 sent twice with other content", "内容を訂正するときは次の連番で送ってください。",
         "Send a correction under the next sequence number."),
        ("KKH-F021", _H, "前の連番が未着のため保留しました。", "Held: an earlier sequence number has not arrived.",
         "0003 before 0002", "未着の連番のファイルを送ってください。到着後に順に適用します。",
         "Send the missing file; held ones are then applied in order."),
        ("KKH-F022", _W, "同じファイルを受付済みです(影響なし)。", "This file was already received (no effect).",
         "the same file twice", "対応は不要です。", "Nothing to do."),
        ("KKH-F023", _F, "保留中の内容を開けません。もう一度送ってください。", "The held content cannot be opened; send the file again.",
         "the kept bytes were damaged", "同じファイルをもう一度送ってください。", "Send the same file again."),
        # --- exchange of files (S-6, S-12, S-13, S-20, S-33) ---
        ("KKH-E001", _F, "送付状が正しくありません。", "The manifest of a sending is malformed.", "a manifest changed by hand",
         "送信側で送り直してください。", "Have it sent again."),
        ("KKH-E002", _F, "ファイルが送付状と一致しません(大きさまたはSHA-256)。", "A file is not what the manifest says (size or SHA-256).",
         "a file replaced after sending", "隔離しました。送信側で送り直してください。", "It was set aside; have it sent again."),
        ("KKH-E003", _F, "ファイル名または種類が許されません。", "A file name or kind of file is not allowed.",
         "../a.csv, CON.csv, a link, a name twice", "フォルダを含まない普通の名前のファイルにしてください。", "Use plain files with plain names."),
        ("KKH-E004", _F, "数または大きさが上限を超えています。", "A limit of number or size is exceeded.", "10,001 files in one sending",
         "分けて送ってください。", "Send it in parts."),
        ("KKH-E005", _H, "送付状のファイルがまだ揃っていません。", "Files of the manifest have not all arrived.", "the sender is still copying",
         "揃ってからもう一度実行してください。続くようなら送信側に確認してください。", "Run it again later; ask the sender if it stays so."),
        ("KKH-E006", _F, "媒体パッケージが壊れているか、途中で切れているか、改ざんされています。", "The media package is damaged, cut or changed.",
         "a package cut while copying", "何も取り出していません。送信側で作り直してください。", "Nothing was taken out; have it made again."),
        ("KKH-E007", _F, "署名者または宛先が指定と異なります。", "The signer or the addressee is not the one expected.",
         "signed by another municipality", "送信元の証明書と宛先を確認してください。", "Check the sender's certificate and the addressee."),
        ("KKH-E008", _S, "鍵または証明書を使えません(形式・アルゴリズム・鍵長・期限・パスフレーズ)。",
         "A key or certificate cannot be used (form, algorithm, length, validity or passphrase).", "an RSA key of 2,048 bits",
         "RSA 3072ビット以上(署名はECDSA P256・P384も可)の有効なPEMを指定してください。", "Give valid PEM files: RSA of 3,072 bits or more (ECDSA P256 or P384 to sign)."),
        ("KKH-E009", _F, "個人番号と思われる値が、あるはずのない所にあります。送信しません。", "What looks like an individual number stands where none may be; nothing was sent.",
         "a number in the name column", "ファイルの作り方を確認してください。値は表示しません。", "Check how the file was made; the value is not shown."),
        ("KKH-E010", _S, "接続先のホスト鍵が登録と一致しません。", "The host key of the server is not the registered one.", "another server answers",
         "接続先の管理者に指紋を確認してください。確認できるまで送受信しないでください。", "Confirm the fingerprint with the server's operator before going on."),
        ("KKH-E011", _S, "SFTPの通信に失敗しました。", "The SFTP transfer failed.", "the server cannot be reached",
         "接続先・利用者・鍵を確認し、もう一度実行してください。送り終えた分は繰り返しません。", "Check host, user and key and run it again; what arrived is not repeated."),
        ("KKH-E012", _S, "媒体の受渡簿にその番号がないか、状態が合いません。", "The media ledger has no such entry, or it is settled already.",
         "returned twice", "kokuho media ledger で番号と状態を確認してください。", "See kokuho media ledger."),
        ("KKH-E013", _F, "同じ名前で内容の異なるファイルが既にあります。", "Another file of this name exists already.", "taken into a folder in use",
         "上書きしません。既にあるファイルを確認してください。", "Nothing was overwritten; look at the existing file."),
        ("KKH-E014", _S, "この機能に要る追加の部品が入っていません。", "An extra needed for this is not installed.", "sftp without asyncssh",
         "kokuho[sftp] または kokuho[media] を導入してください。", "Install kokuho[sftp] or kokuho[media]."),
        ("KKH-E015", _W, "返却または廃棄の期限を過ぎた媒体があります。", "A medium was neither returned nor destroyed in time.", "due last week",
         "相手に確認し、kokuho media return で記録してください。", "Ask for it, and record it with kokuho media return."),
        # --- field values (X-1) ---
        ("KKH-V001", _R, "必須項目が空です。", "A required field is empty.", "no 氏名漢字", "値を入れて再送してください。",
         "Fill the field and send again."),
        ("KKH-V002", _R, "半角数字ではありません。", "Not ASCII digits.", "full-width digits", "半角数字で再送してください。",
         "Send ASCII digits."),
        ("KKH-V003", _R, "桁数が規定と異なります。", "The length is wrong.", "7 digits where 6 are due", "桁数を直して再送してください。",
         "Correct the length."),
        ("KKH-V004", _R, "実在しない日付です。", "Not a real date.", "20230230", "YYYYMMDDの実在日で再送してください。",
         "Send a real day as YYYYMMDD."),
        ("KKH-V005", _R, "実在しない年月です。", "Not a real month.", "202313", "YYYYMMで再送してください。", "Send YYYYMM."),
        ("KKH-V006", _R, "実在しない日時です。", "Not a real date and time.", "20230101250000", "YYYYMMDDHHMMSSで再送してください。",
         "Send YYYYMMDDHHMMSS."),
        ("KKH-V007", _R, "0以上の整数ではありません。", "Not a non-negative integer.", "-1", "整数で再送してください。",
         "Send a non-negative integer."),
        ("KKH-V008", _R, "コード表にない値です。", "The value is not in the code table.", "update_kind 4", "コード表の値で再送してください。",
         "Send a value of the code table."),
        ("KKH-V009", _R, "フラグは0または1です。", "A flag is 0 or 1.", "Y", "0か1で再送してください。", "Send 0 or 1."),
        ("KKH-V010", _R, "制御文字が含まれています。", "A control character stands in the text.", "a tab in a name",
         "制御文字を除いて再送してください。", "Remove the control character."),
        ("KKH-V011", _W, "外字(私用領域の文字)が含まれています。バイトのまま保持しました。",
         "A private-use character (外字) was kept byte for byte.", "U+E000 in a name", "必要なら標準文字への置換を検討してください。",
         "Consider a standard character where one exists."),
        ("KKH-V012", _R, "被保険者には適用開始年月日とその事由が必要です。", "An insured person needs application start and its reason.",
         "insured_kind 1 without application_start", "適用開始年月日と事由を入れて再送してください。", "Send start and reason."),
        ("KKH-V013", _R, "擬制世帯主に適用期間があります。", "A nominal head has no application period.",
         "insured_kind 2 with application_start", "適用開始・終了を空にして再送してください。", "Leave start and end empty."),
        ("KKH-V014", _R, "終了年月日には事由が必要です。", "An end needs its reason.", "application_end without reason",
         "終了事由を入れて再送してください。", "Send the reason too."),
        ("KKH-V015", _R, "終了年月日がないのに終了事由があります。", "A reason of end stands without an end.",
         "application_end_reason alone", "終了年月日を入れるか、事由を空にしてください。", "Send the end, or leave the reason empty."),
        ("KKH-V016", _R, "終了なしを表す年9999の日付は使えません。", "A day of the year 9999 cannot stand for an open end.", "99991231",
         "終了していないときは空で送ってください。", "Leave the field empty while there is no end."),
        ("KKH-V017", _W, "CP932で、Windowsと異なる符号の文字があります。文字は同じまま保持しました。",
         "A character stands in another CP932 code than Windows writes; it was kept as the same character.",
         "ED40 (NEC) instead of FA5C (IBM)", "対応は不要です。CP932で書き戻すとWindowsの符号になります。",
         "Nothing to do; written back in CP932 it gets the code of Windows."),
        # --- individual number ---
        ("KKH-I010", _R, "個人番号が半角数字12桁ではありません。", "The individual number is not 12 ASCII digits.",
         "11 digits", "個人番号を確認して再送してください。", "Check the number and send again."),
        ("KKH-I011", _R, "個人番号がすべて0です。", "The individual number is all zeros.", "a placeholder",
         "不明なときは空で送ってください。", "Leave it empty if it is not known."),
        ("KKH-I012", _R, "個人番号の検査用数字が一致しません。", "The individual number's check digit is wrong.",
         "a typing error", "個人番号を確認して再送してください。", "Check the number and send again."),
        ("KKH-I001", _H, "本人確認不一致のため保留しました。", "Held: identity conflict on the individual number.",
         "same number, other birth date", "確認リスト(KAKUNIN)を見て、誤っている側が訂正または取消を送ってください。",
         "See the confirmation list; the wrong side sends a correction or cancellation."),
        ("KKH-I002", _S, "未解消の本人確認不一致ではありません。", "Not an open identity conflict.", "the number of an overlap",
         "findings で確認番号を確認してください。", "Check the finding number with findings."),
        # --- records and periods ---
        ("KKH-P002", _R, "終了年月日が開始年月日より前です。", "The period ends before it starts.", "start 0401, end 0331",
         "日付を直して再送してください。", "Correct the dates."),
        ("KKH-P003", _R, "同一市区町村内で適用期間が重複します。", "Application periods overlap inside one municipality.",
         "a second period while one is open", "先の期間の終了を同じファイルで送るか、開始日を直してください。",
         "Close the earlier period in the same file, or correct the start."),
        ("KKH-P007", _R, "取消済みのレコードは訂正も再作成もできません。", "A cancelled record is neither corrected nor made again.",
         "history number 3 again after its cancellation", "新しい履歴番号で送ってください。", "Send it under a new history number."),
        ("KKH-R001", _R, "訂正・取消の対象レコードを受け付けていません。", "The record to correct or cancel was never received.",
         "update_kind 2 without a first", "更新区分1で送るか、履歴番号を確認してください。",
         "Send it as new, or check the history number."),
        ("KKH-R002", _R, "同じ識別のレコードを受付済みです。", "A record of this identity was already received as new.",
         "update_kind 1 twice", "変更は更新区分2で送ってください。", "Send a change with update_kind 2."),
        # --- decisions on continuity ---
        ("KKH-H001", _R, "候補番号が見つかりません。", "No such candidate of this municipality.", "a number never delivered",
         "継続候補世帯リスト(KEIKOHO)の候補番号を確認してください。", "Check the number in KEIKOHO."),
        ("KKH-H002", _R, "資格未解消または世帯主不明のため継続を確定できません。",
         "Cannot be confirmed: a finding is open or a head is unknown.", "decision 1 while an overlap is open",
         "確認リストの解消を待って再度指示してください。", "Wait until the finding is solved."),
        ("KKH-H003", _R, "取り消す確定がありません。", "There is no decision to revoke.", "decision 3 first",
         "確定区分を確認してください。", "Check the decision code."),
        ("KKH-H004", _R, "取下げ済みの候補です。", "The candidate was withdrawn.", "the move was cancelled",
         "対応は不要です。", "Nothing to do."),
        # --- warnings ---
        ("KKH-D001", _W, "日付がその異動事由と合いません。", "A date contradicts its reason.", "birth, but another start day",
         "日付と事由を確認し、誤りなら訂正を送ってください。", "Check date and reason; send a correction if wrong."),
        ("KKH-Q001", _W, "転入前・転出先保険者番号が事実と一致しません。", "The other insurer number contradicts the facts.",
         "moved from A, but says B", "保険者番号を確認してください。判定には使いません。", "Check it; nothing is judged by it."),
        # --- setup ---
        ("KKH-C001", _S, "保険者番号の形式または検査数字が正しくありません。", "The insurer number's form or check digit is wrong.",
         "130000", "insurers.csv を直してください。", "Correct insurers.csv."),
        ("KKH-C002", _S, "市町村コードの形式または検査数字が正しくありません。", "The municipality code's form or check digit is wrong.",
         "131010", "insurers.csv を直してください。", "Correct insurers.csv."),
        ("KKH-C003", _S, "有効期間が逆転しています。", "The validity is reversed.", "valid_until before valid_from",
         "insurers.csv を直してください。", "Correct insurers.csv."),
        ("KKH-C004", _S, "文字コードは utf-8、utf-8-sig、cp932 のいずれかです。", "The encoding is none of utf-8, utf-8-sig, cp932.",
         "shift_jis", "指定を直してください。", "Correct it."),
        ("KKH-C005", _S, "保険者が指定の都道府県のものではありません。", "An insurer belongs to another prefecture.",
         "prefecture 13, insurer 14…", "--prefecture と insurers.csv を確認してください。", "Check --prefecture and insurers.csv."),
        ("KKH-C006", _S, "insurers.csv の見出しまたは形式が正しくありません。", "insurers.csv has a wrong header or form.",
         "no header line", "見出しを insurer_number,municipality_code,name にしてください。",
         "Begin with insurer_number,municipality_code,name."),
        ("KKH-C007", _S, "データベースが初期化されていません。", "The database is not initialised.", "receive before init",
         "kokuho init を実行してください。", "Run kokuho init."),
        ("KKH-C008", _S, "鍵ファイルがないか、壊れているか、他人が読めます。", "The key ring is missing, damaged or readable by others.",
         "the key file was moved", "鍵ファイルを元の場所に戻してください(権限0600)。鍵なしでは個人番号を復元できません。",
         "Put the key ring back (mode 0600); without it no number can be read."),
        ("KKH-C009", _S, "レイアウト定義が正しくありません。", "A layout definition is wrong.", "two fields with one number",
         "TOMLの該当箇所を直してください。", "Correct the TOML file."),
        ("KKH-C010", _S, "設定が正しくありません。", "A setting is wrong.", "an unknown key in the configuration",
         "設定ファイルまたはオプションを直してください。", "Correct the configuration or the option."),
        ("KKH-C011", _S, "暗号化された値を復号できません(改ざんまたは別の鍵)。", "An encrypted value cannot be opened (changed, or another key).",
         "a row copied from another database", "鍵ファイルとデータベースの組合せを確認してください。", "Check that key ring and database belong together."),
        ("KKH-C012", _S, "データベースの処理に失敗しました。", "The database failed.", "disk full",
         "空き容量と権限を確認してください。処理は取り消されています。", "Check disk space and permissions; nothing was half applied."),
        ("KKH-C013", _S, "保険者一覧のファイルがないか、読めません。", "The list of insurers is not there or cannot be read.",
         "--insurers with a mistyped path", "パスと権限を確認してください。", "Check path and permissions."),
        ("KKH-C014", _S, "許可されていない暗号アルゴリズムまたは鍵長です。", "The algorithm or key length is not allowed.",
         "a provider that wraps with AES-ECB", "鍵の提供元を AES-256-GCM などに設定してください(鍵の管理を参照)。",
         "Set the key provider to AES-256-GCM or another of the list."),
        ("KKH-C015", _S, "この保険者の鍵がありません。", "There is no key for this insurer.", "a new insurer without init",
         "保険者一覧を指定して kokuho init を実行してください。", "Run kokuho init with the list of insurers."),
        ("KKH-C016", _S, "この鍵はありません(破棄されたか、提供元にない)。", "The key is gone (destroyed, or not with the provider).",
         "a backup opened after its key was destroyed", "鍵ファイルまたは提供元の設定を確認してください。破棄した鍵は戻せません。",
         "Check key ring and provider; a destroyed key does not come back."),
        ("KKH-C017", _S, "この鍵の使用回数が上限に達しました。", "The key has been used as often as allowed.", "2^31 encryptions",
         "kokuho rotate-keys --data を実行してください。", "Run kokuho rotate-keys --data."),
        ("KKH-C018", _S, "この鍵は使用中のため破棄できません。", "The key is in use and cannot be destroyed.",
         "destroy-key with a current key", "先に kokuho rotate-keys --data を実行してください。", "Run kokuho rotate-keys --data first."),
        ("KKH-C019", _S, "鍵の提供元を利用できません。", "The key provider is not available.", "the HSM does not answer",
         "提供元の設定と接続を確認してください。", "Check its configuration and connection."),
        ("KKH-N001", _S, "該当する人が見つかりません。", "No such person.", "an unknown ID", "IDを確認してください。", "Check the ID."),
        ("KKH-N002", _S, "該当する保険者が見つかりません。", "No such insurer.", "--insurer 999999", "保険者番号を確認してください。",
         "Check the insurer number."),
        ("KKH-N003", _S, "該当する鍵が見つかりません。", "No such key.", "an unknown key id", "kokuho keys で鍵番号を確認してください。",
         "Check the key id with kokuho keys."),
        ("KKH-X001", _S, "他の処理が同じデータを更新しました。", "Somebody else changed the same data.", "two workers at once",
         "もう一度実行してください。", "Run it again."),
    )
}


def entry(code: str) -> ErrorEntry:
    """The catalogue entry of ``code``; an unknown code is a programming error (:class:`KeyError`)."""
    return CATALOGUE[code]
