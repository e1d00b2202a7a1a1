"""What the file tests share: invented insurers, files as text, one sample row set per layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from kokuho_adapters.files import FileName, Layout, LayoutBook, OpenFormatFile, OpenFormatFolder, as_table
from kokuho_core.ports.files import ReadRecord
from kokuho_core.vocabulary.check_digits import individual_number_digit, luhn_digit, municipality_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalityCode
from kokuho_core.vocabulary.individual_number import IndividualNumber
from kokuho_core.vocabulary.insurers import Insurer, InsurerRegister
from kokuho_core.vocabulary.month import Month

SAMPLES: Final = Path(__file__).parent / "samples"
BOOK: Final = LayoutBook.shipped()
CREATED: Final = datetime(2023, 4, 3, 9, 30, 15)
STAMP: Final = "20230403093015"


def insurer_number(payload: str) -> InsurerNumber:
    return InsurerNumber(payload + str(luhn_digit(payload)))


def individual_number(payload: str) -> IndividualNumber:
    return IndividualNumber(payload + str(individual_number_digit(payload)))


def _insurer(payload: str, municipality: str, encoding: str = "utf-8") -> Insurer:
    code = MunicipalityCode(municipality + str(municipality_digit(municipality)))
    return Insurer(insurer_number(payload), code, "架空市", encoding=encoding)


SENDER: Final = insurer_number("13001")
OTHER: Final = insurer_number("13002")
CP932: Final = insurer_number("13003")
STRANGER: Final = insurer_number("13999")
REGISTER: Final = InsurerRegister(
    [_insurer("13001", "13101"), _insurer("13002", "13102"), _insurer("13003", "13103", "cp932")]
)


def name_of(file_id: str = "KAIJO", sender: str = SENDER, sequence: int = 1) -> str:
    return str(FileName(file_id, sender, CREATED, sequence))


def kaijo(*bodies: str, sender: str = SENDER, count: int | None = None) -> str:
    """A KAIJO file; ``bodies`` are its data records without record kind and insurer number."""
    lines = [f"1,KAIJO,1.0,{sender},{STAMP},1", *(f"2,{sender},{body}" for body in bodies)]
    return "".join(line + "\r\n" for line in [*lines, f"9,{len(bodies) if count is None else count}"])


GOOD: Final = ("M001,20230401", "M002,20230402")
KAIJO_KEYS: Final = ("insurer_number", "municipal_insured_id", "applied_on")


def pieces(content: bytes, size: int = 65536) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def incoming(content: str | bytes, name: str | None = None, size: int = 65536, **options: Any) -> OpenFormatFile:
    raw = content.encode() if isinstance(content, str) else content
    options = {"book": BOOK, "register": REGISTER, **options}
    return OpenFormatFile.from_blocks(name or name_of(), lambda: pieces(raw, size), **options)


def read(content: str | bytes, keys: tuple[str, ...] = KAIJO_KEYS, **options: Any) -> list[ReadRecord]:
    return list(incoming(content, **options).records(keys))


def is_municipal(layout: Layout) -> bool:
    return layout.direction.startswith("municipality->aggregation")


def write(directory: Path, layout: Layout, rows: list[Mapping[str, Any]], encoding: str = "utf-8") -> Path:
    """Write and publish ``rows`` in ``layout``, as the side that makes such files."""
    sender = SENDER if is_municipal(layout) else None
    folder = OpenFormatFolder(directory, LayoutBook([layout]), encoding, sender)
    name, count = folder.write(layout.id, SENDER, CREATED, 1, *as_table(rows))
    assert count == len(rows)
    folder.publish(name)
    return directory / name


def read_back(path: Path, layout: Layout, encoding: str | None = None) -> list[ReadRecord]:
    accept: Any = "municipality" if is_municipal(layout) else "aggregation"
    file = OpenFormatFile.from_path(path, LayoutBook([layout]), REGISTER, encoding, accept)
    assert file.header().sender == SENDER
    return list(file.records(layout.keys))


_MOMENT: Final = datetime(2023, 4, 2, 23, 59, 59)
_HOUSEHOLD: Final = {"insurer_number": SENDER, "household_number": "700"}

SAMPLE_ROWS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "SKKOJIN": (
        {
            "insurer_number": SENDER, "addressee_number": "1001", "history_number": 1, "update_kind": "1",
            "individual_number": individual_number("12345678901"),
            "previous_individual_number": individual_number("10987654321"),
            "name": "試験　太郎", "name_kana": "シケン　タロウ", "alias": '通称 "タロ", 試験',
            "name_on_card": "試験太郎",
            "name_kana_on_card": "シケンタロウ", "true_name": "本名", "true_name_kana": "ホンミョウ",
            "sex_on_back": "0",
            "birth_date": date(1960, 2, 29), "sex": "1", "postal_code": "0000001", "address": "架空県試験市一丁目1番",
            "card_symbol": "架01", "card_number": "000123", "branch_number": "01", "household_number": "700",
            "member_start": date(2018, 4, 1), "member_end": date(2023, 4, 1), "relationship": "01", "insured_kind": "1",
            "application_start": date(2018, 4, 1), "application_start_reason": "07",
            "application_start_notified": date(2018, 4, 10), "application_end": date(2023, 4, 1),
            "application_end_reason": "57", "application_end_notified": date(2023, 4, 2),
            "qualification_acquired": date(2010, 1, 1), "qualification_acquired_reason": "01",
            "qualification_acquired_notified": date(2010, 1, 5), "qualification_lost": date(2023, 4, 1),
            "qualification_lost_reason": "52", "qualification_lost_notified": date(2023, 4, 2), "special_case": "1",
            "special_case_start": date(2019, 4, 1), "special_case_end": date(2020, 4, 1), "other_insurer_number": OTHER,
            "address_withheld": "1", "self_view_stopped": "0", "updated_at": _MOMENT,
        },
        {
            "insurer_number": SENDER, "addressee_number": "1002", "history_number": 12, "update_kind": "2",
            "name": "試験　花子", "name_kana": "シケン　ハナコ", "birth_date": date(1985, 12, 31), "sex": "2",
            "address": "架空県試験市二丁目", "card_number": "124", "household_number": "700", "relationship": "02",
            "insured_kind": "2", "special_case": "0", "address_withheld": "0", "self_view_stopped": "0",
            "updated_at": _MOMENT,
        },
    ),
    "SKSETAI": (
        {
            **_HOUSEHOLD, "history_number": 1, "update_kind": "1", "card_symbol": "架01", "card_number": "000123",
            "head_addressee_number": "1001", "head_kind": "1", "head_start": date(2018, 4, 1),
            "head_start_notified": date(2018, 4, 2), "head_end": date(2023, 4, 1),
            "head_end_notified": date(2023, 4, 2),
            "household_start": date(2018, 4, 1), "household_end": date(2023, 4, 1), "change_reason": "07",
            "changed_on": date(2023, 4, 1), "notified_on": date(2023, 4, 2), "other_insurer_number": OTHER,
            "updated_at": _MOMENT,
        },
        {
            **_HOUSEHOLD, "history_number": 2, "update_kind": "3", "card_number": "124",
            "head_addressee_number": "1002",
            "head_kind": "2", "head_start": date(2018, 4, 1), "household_start": date(2018, 4, 1),
            "change_reason": "99",
            "changed_on": date(2023, 4, 1), "notified_on": date(2023, 4, 2), "updated_at": _MOMENT,
        },
    ),
    "KOGAKU": (
        {
            **_HOUSEHOLD, "treatment_month": Month.of(2022, 12), "update_kind": "1", "occurrence_kind": "1",
            "payment_kind": "1", "paid_on": date(2023, 3, 31), "paid_amount": 57600, "updated_at": _MOMENT,
        },
        {
            **_HOUSEHOLD, "treatment_month": Month.of(2023, 1), "update_kind": "2", "occurrence_kind": "2",
            "paid_amount": 0, "updated_at": _MOMENT,
        },
    ),
    "SHOTOKU": (
        {
            **_HOUSEHOLD, "valid_from": Month.of(2022, 8), "valid_until": Month.of(2023, 7),
            "income_class_under70": "A03", "income_class_70plus": "B04", "updated_at": _MOMENT,
        },
        {**_HOUSEHOLD, "valid_from": Month.of(2023, 8), "updated_at": _MOMENT},
    ),
    "FUZOKU": (
        {
            "insurer_number": SENDER, "addressee_number": "1001", "history_number": 1, "update_kind": "1",
            "certificate_kind": "21", "issue_kind": "1", "issued_on": date(2022, 8, 1),
            "issue_notified": date(2022, 7, 1),
            "collected_on": date(2023, 4, 1), "collect_notified": date(2023, 4, 1),
            "collect_reason_on": date(2023, 4, 1), "effective_on": date(2022, 8, 1), "expires_on": date(2023, 7, 31),
            "copay_share": "3", "income_class": "ウ", "specific_disease": "1", "updated_at": _MOMENT,
        },
        {
            "insurer_number": SENDER, "addressee_number": "1002", "history_number": 1, "update_kind": "1",
            "certificate_kind": "01", "issue_kind": "3", "issued_on": date(2022, 8, 1),
            "effective_on": date(2022, 8, 1), "updated_at": _MOMENT,
        },
    ),
    "KEISHIJI": (
        {
            "insurer_number": SENDER, "candidate_number": "C0001", "decision": "1", "decided_on": date(2023, 4, 2),
            "decided_by": "staff01", "reason": "住所異動のみ, 同一世帯",
        },
        {
            "insurer_number": SENDER, "candidate_number": "C0002", "decision": "2", "decided_on": date(2023, 4, 2),
            "decided_by": "staff02",
        },
    ),
    "KAIJO": (
        {"insurer_number": SENDER, "municipal_insured_id": "M001", "applied_on": date(2023, 4, 1)},
        {"insurer_number": SENDER, "municipal_insured_id": "M002", "applied_on": date(2023, 4, 2)},
    ),
    "HIHOID": (
        {
            "insurer_number": SENDER, "addressee_number": "1001", "municipal_insured_id": "M001",
            "prefectural_insured_id": "P001", "update_kind": "2", "previous_prefectural_insured_id": "P009",
        },
        {
            "insurer_number": SENDER, "addressee_number": "1002", "municipal_insured_id": "M002",
            "prefectural_insured_id": "P002", "update_kind": "1",
        },
    ),
    "TOKUSO": (
        {
            "insurer_number": SENDER, "addressee_number": "1001", "municipal_insured_id": "M001",
            "prefectural_insured_id": "P001", "qualification_acquired": date(2010, 1, 1),
            "qualification_acquired_reason": "01", "qualification_lost": date(2023, 4, 1),
            "qualification_lost_reason": "52", "carried_from": OTHER, "status": "3",
            "application_start": date(2018, 4, 1), "application_end": date(2023, 4, 1),
        },
        {
            "insurer_number": SENDER, "addressee_number": "1002", "municipal_insured_id": "M002",
            "prefectural_insured_id": "P002", "status": "9", "application_start": date(2018, 4, 1),
        },
    ),
    "KEIKOHO": (
        {
            **_HOUSEHOLD, "candidate_number": "C0001", "from_insurer": OTHER, "from_household_number": "55",
            "moved_on": date(2023, 4, 1), "head_municipal_insured_id": "M001", "moved_members": 2,
            "occurrence_count": 3, "status": "1", "suggestion": "1", "suggestion_reason": "1",
        },
        {
            **_HOUSEHOLD, "candidate_number": "C0002", "from_insurer": OTHER, "from_household_number": "56",
            "moved_on": date(2023, 4, 1), "moved_members": 1, "occurrence_count": 0, "status": "2", "suggestion": "3",
            "suggestion_reason": "9",
        },
    ),
    "KEIKAKU": (
        {
            **_HOUSEHOLD, "candidate_number": "C0001", "from_insurer": OTHER, "from_household_number": "55",
            "moved_on": date(2023, 4, 1), "decision": "1", "decided_on": date(2023, 4, 2), "carried_months": 3,
        },
        {
            "candidate_number": "C0002", "from_insurer": SENDER, "from_household_number": "56",
            "moved_on": date(2023, 4, 1), "decision": "3", "decided_on": date(2023, 4, 2), "carried_months": 0,
        },
    ),
    "KOHIKI": (
        {
            **_HOUSEHOLD, "from_insurer": OTHER, "from_household_number": "55", "treatment_month": Month.of(2022, 12),
            "occurrence_kind": "1", "update_kind": "1",
        },
    ),
    "KOHIKEKKA": (
        {
            **_HOUSEHOLD, "candidate_number": "C0001", "from_insurer": OTHER, "from_household_number": "55",
            "result": "1", "carried_months": 3, "occurrence_count": 4,
        },
    ),
    "KAKUNIN": (
        {
            "insurer_number": SENDER, "finding_number": "F0001", "kind": "1", "municipal_insured_id": "M001",
            "addressee_number": "1001", "from_insurer": OTHER, "to_insurer": SENDER, "period_start": date(2023, 3, 1),
            "period_end": date(2023, 4, 1), "days": 31, "status": "1", "detected_on": date(2023, 4, 2),
        },
        {
            "insurer_number": SENDER, "finding_number": "F0002", "kind": "3", "addressee_number": "1002", "status": "2",
            "detected_on": date(2023, 4, 2),
        },
    ),
    "SHOKEKKA": (
        {"insurer_number": SENDER, "source_file": name_of("SKKOJIN"), "line": 2, "result": "1"},
        {
            "insurer_number": SENDER, "source_file": name_of("SKKOJIN"), "line": 3, "result": "2",
            "error_code": "KKH-V004", "error_field": "birth_date", "message": "実在しない日付です。 / Not a real date.",
        },
    ),
    "KANYUSHA": (
        {
            "insurer_number": SENDER, "record_key": "R0001", "update_kind": "1",
            "individual_number": individual_number("12345678901"), "municipal_insured_id": "M001",
            "card_symbol": "架01",
            "card_number": "000123", "branch_number": "01", "name": "試験　太郎", "name_kana": "シケン　タロウ",
            "name_on_card": "試験太郎", "name_kana_on_card": "シケンタロウ", "true_name": "本名",
            "true_name_kana": "ホンミョウ", "sex_on_back": "1", "birth_date": date(1960, 2, 29), "sex": "3",
            "address": "架空県試験市一丁目1番", "qualification_acquired": date(2010, 1, 1),
            "qualification_lost": date(2023, 4, 1), "reason_of_loss": "03", "application_start": date(2018, 4, 1),
            "application_end": date(2023, 4, 1), "address_withheld": "1", "self_view_stopped": "1",
            "notified_on": date(2023, 4, 2),
        },
    ),
    "KANKEKKA": (
        {
            "insurer_number": SENDER, "record_key": "R0001", "result": "1", "internal_branch_number": "B01",
            "error_code": "E1", "error_field": "name", "verification": "1", "processed_at": _MOMENT,
        },
        {"insurer_number": SENDER, "record_key": "R0002", "result": "3", "processed_at": _MOMENT},
    ),
    "FUGO": (
        {"insurer_number": SENDER, "municipal_insured_id": "M001", "requested_on": date(2023, 4, 1)},
        {"insurer_number": SENDER, "municipal_insured_id": "M002", "requested_on": date(2023, 4, 2)},
    ),
    "FUGOKEKKA": (
        {"insurer_number": SENDER, "municipal_insured_id": "M001", "result": "1", "processed_at": _MOMENT},
        {"insurer_number": SENDER, "municipal_insured_id": "M002", "result": "2", "processed_at": _MOMENT},
    ),
    "CHOFUKU": (
        {
            "insurer_number": SENDER, "municipal_insured_id": "M001", "listed_on": date(2023, 4, 30),
            "other_insurer_number": "06139999", "other_acquired_on": date(2023, 4, 1),
        },
        {
            "insurer_number": SENDER, "municipal_insured_id": "M002", "listed_on": date(2023, 4, 30),
            "other_insurer_number": "139527", "other_acquired_on": date(2023, 4, 2),
        },
    ),
    "SHOKAI": ({"insurer_number": SENDER, "requested_at": _MOMENT},),
    "SHOKAIKEKKA": (
        {
            "insurer_number": SENDER, "municipal_insured_id": "M001", "record_key": "R0001", "internal_branch_number": "00000001",
            "verification": "1", "card_symbol": "東見", "card_number": "5001", "branch_number": "01", "name": "見本 花子",
            "name_kana": "ミホン ハナコ", "birth_date": date(1980, 2, 29), "sex": "2",
            "qualification_acquired": date(2023, 4, 1), "qualification_lost": date(2023, 6, 1), "reason_of_loss": "99",
            "application_start": date(2023, 4, 1), "application_end": date(2023, 6, 1), "address_withheld": "1",
            "self_view_stopped": "0",
        },
        {
            "insurer_number": SENDER, "municipal_insured_id": "M002", "record_key": "R0002", "verification": "0",
            "card_number": "5002", "name": "見本 次郎", "name_kana": "ミホン ジロウ", "birth_date": date(1981, 3, 1), "sex": "1",
            "qualification_acquired": date(2023, 4, 1), "application_start": date(2023, 4, 1), "address_withheld": "0",
            "self_view_stopped": "1",
        },
    ),
    "RIYOTO": (
        {
            "insurer_number": SENDER, "municipal_insured_id": "M001", "snapshot_on": date(2023, 4, 1),
            "card_registration": "1", "certificate_expires_on": date(2028, 2, 29),
        },
        {
            "insurer_number": SENDER, "municipal_insured_id": "M002", "snapshot_on": date(2023, 4, 1),
            "card_registration": "2",
        },
    ),
    "KAIJOKEKKA": (
        {
            "insurer_number": SENDER, "municipal_insured_id": "M001", "applied_on": date(2023, 4, 1), "result": "1",
            "effective_on": date(2023, 5, 31),
        },
        {"insurer_number": SENDER, "municipal_insured_id": "M002", "applied_on": date(2023, 4, 2), "result": "9"},
    ),
}  # fmt: skip
