"""What each storyline of the sample must show, said once more in code: one test each, beside the reviewed results."""

from __future__ import annotations

from kokuho_adapters.sample.municipal_office import Municipality
from kokuho_adapters.sample.story import EAST, ISLAND, NORTH, SOUTH, WEST

from .rounds import Played, Row

R1, R2, R3, R4 = "round-1", "round-2", "round-3", "round-4"
LATER = (R2, R3, R4)

Qualified = tuple[str, str, str, str, str, str]
"""状態, 取得日, 喪失日, 引継元, 適用開始, 適用終了."""


def about(played: Played, when: str, place: Municipality, file_id: str, subject: str, key: str = "") -> list[Row]:
    """Rows of one returned file about one addressee, or about the household left of a candidate."""
    column = key or ("addressee_number" if file_id in ("TOKUSO", "HIHOID", "KAKUNIN") else "from_household_number")
    return [row for row in played.rows(when, place.number, file_id) if row[column] == subject]


def qualified(played: Played, when: str, place: Municipality, addressee: str) -> list[Qualified]:
    return [
        (
            row["status"], row["qualification_acquired"], row["qualification_lost"], row["carried_from"],
            row["application_start"], row["application_end"],
        )
        for row in about(played, when, place, "TOKUSO", addressee)
    ]  # fmt: skip


def finding(played: Played, when: str, place: Municipality, addressee: str) -> tuple[str, ...]:
    """区分, 転出元, 転入先, 開始, 終了, 日数, 状態 of the only row."""
    (row,) = about(played, when, place, "KAKUNIN", addressee)
    keys = ("kind", "from_insurer", "to_insurer", "period_start", "period_end", "days", "status")
    return tuple(row[key] for key in keys)


def candidate(played: Played, when: str, left: str, entered: str) -> tuple[int, int, str, str, str]:
    """異動人数, 直近12月該当回数, 状態, 判定参考, 理由."""
    (row,) = (
        row
        for row in played.rounds[when]["candidates.json"]
        if (row["from_household_number"], row["household_number"]) == (left, entered)
    )
    counts = row["moved_members"], row["occurrence_count"]
    return (*counts, row["status"], row["suggestion"], row["suggestion_reason"])


def is_candidate(played: Played, left: str) -> bool:
    rows = (row for when in LATER for row in played.rounds[when]["candidates.json"])
    return any(row["from_household_number"] == left for row in rows)


def decided(played: Played, when: str, place: Municipality, left: str) -> list[tuple[str, str, str]]:
    """転入先世帯, 確定区分, 引継月数."""
    rows = about(played, when, place, "KEIKAKU", left)
    return [(row["household_number"], row["decision"], row["carried_months"]) for row in rows]


def carried(played: Played, when: str, place: Municipality, left: str) -> list[tuple[str, str, str]]:
    """診療年月, 該当区分, 更新区分."""
    rows = about(played, when, place, "KOHIKI", left)
    return [(row["treatment_month"], row["occurrence_kind"], row["update_kind"]) for row in rows]


def carry_result(played: Played, when: str, place: Municipality, left: str) -> list[tuple[str, str, str]]:
    """引継結果, 引継月数, 直近12月該当回数."""
    rows = about(played, when, place, "KOHIKEKKA", left)
    return [(row["result"], row["carried_months"], row["occurrence_count"]) for row in rows]


def answer(played: Played, when: str, file: str) -> Row:
    """The answer to the file whose name begins so."""
    (found,) = (each for each in played.rounds[when]["answers.json"] if each["file"].startswith(file))
    return dict(found)


def no_finding(played: Played, *addressees: str) -> bool:
    rows = (
        row
        for when in (R1, *LATER)
        for place in (EAST, WEST, SOUTH, NORTH, ISLAND)
        for row in played.rows(when, place.number, "KAKUNIN")
    )
    return not any(row["addressee_number"] in addressees for row in rows)


def test_normal_move(played: Played) -> None:
    """Rules: Q-4, D-8, X-10, X-11, H-4, H-5, H-6, X-19, X-20."""
    for person in ("01", "02"):
        assert qualified(played, R2, EAST, f"101{person}") == [("1", "20190401", "", "", "20190401", "20250415")]
        assert qualified(played, R2, WEST, f"201{person}") == [("2", "20190401", "", EAST.number, "20250415", "")]
    assert candidate(played, R2, "1011", "2011") == (2, 3, "1", "1", "1")
    assert decided(played, R3, EAST, "1011") == decided(played, R3, WEST, "1011") == [("2011", "1", "3")]
    assert carried(played, R3, WEST, "1011") == [("202407", "1", "1"), ("202411", "1", "1"), ("202501", "1", "1")]
    assert carry_result(played, R3, WEST, "1011") == [("1", "3", "3")]
    assert no_finding(played, "10101", "20101", "10102", "20102")


def test_gap_and_its_correction(played: Played) -> None:
    """Rules: P-5, P-6, X-8, Q-4, X-18, X-19."""
    gap = ("2", SOUTH.number, EAST.number, "20250428", "20250501", "3")
    assert finding(played, R2, SOUTH, "30201") == finding(played, R2, EAST, "10201") == (*gap, "1")
    assert qualified(played, R2, EAST, "10201") == [("1", "20250501", "", "", "20250501", "")]
    assert candidate(played, R2, "3021", "1021") == (1, 2, "1", "3", "9")
    assert answer(played, R3, "KEISHIJI_139519")["errors"] == ["2 KKH-H002 decision"]
    assert finding(played, R3, SOUTH, "30201") == finding(played, R3, EAST, "10201") == (*gap, "2")
    assert qualified(played, R3, EAST, "10201") == [("2", "20211001", "", SOUTH.number, "20250501", "")]
    assert candidate(played, R3, "3021", "1021") == (1, 2, "1", "1", "1")
    assert carried(played, R3, EAST, "3021") == []
    assert candidate(played, R4, "3021", "1021") == (1, 2, "3", "1", "1")
    assert carried(played, R4, EAST, "3021") == [("202410", "1", "1"), ("202501", "1", "1")]


def test_overlap_left_open(played: Played) -> None:
    """Rules: P-5, Q-4, X-9, H-5, X-18."""
    overlap = ("1", NORTH.number, SOUTH.number, "20250510", "20250520", "10", "1")
    assert finding(played, R2, NORTH, "40301") == finding(played, R2, SOUTH, "30301") == overlap
    assert qualified(played, R2, NORTH, "40301") == [("9", "", "", "", "20200701", "20250520")]
    assert qualified(played, R2, SOUTH, "30301") == [("9", "", "", "", "20250510", "")]
    assert answer(played, R3, "KEISHIJI_139535")["errors"] == ["2 KKH-H002 decision"]
    for when in LATER:
        assert candidate(played, when, "4031", "3031") == (1, 1, "1", "3", "9")
    assert decided(played, R3, SOUTH, "4031") == decided(played, R3, NORTH, "4031") == []
    open_at_end = {row["kind"] for row in played.rounds[R4]["findings.json"] if row["status"] == "open"}
    assert open_at_end == {"overlap", "one_sided", "unmatched"}


def test_overlap_solved(played: Played) -> None:
    """Rules: P-5, Q-4, X-9, X-13, H-6."""
    overlap = ("1", WEST.number, NORTH.number, "20250507", "", "")
    assert finding(played, R2, WEST, "20401") == finding(played, R2, NORTH, "40401") == (*overlap, "1")
    assert [each[0] for each in qualified(played, R2, WEST, "20401") + qualified(played, R2, NORTH, "40401")] == [
        "9",
        "9",
    ]
    assert finding(played, R3, WEST, "20401") == finding(played, R3, NORTH, "40401") == (*overlap, "2")
    assert qualified(played, R3, WEST, "20401") == [("1", "20220401", "", "", "20220401", "20250507")]
    assert qualified(played, R3, NORTH, "40401") == [("2", "20220401", "", WEST.number, "20250507", "")]
    assert decided(played, R4, NORTH, "2041") == [("4041", "1", "0")]
    assert carry_result(played, R4, NORTH, "2041") == [("2", "0", "0")]


def test_retroactive_notice(played: Played) -> None:
    """Rules: P-7, Q-9, X-10, X-19, X-30."""
    assert no_finding(played, "10501", "30501")
    assert qualified(played, R3, EAST, "10501") == [("1", "20160601", "", "", "20160601", "20241115")]
    assert qualified(played, R3, SOUTH, "30501") == [("2", "20160601", "", EAST.number, "20241115", "")]
    (listed,) = about(played, R3, SOUTH, "KEIKOHO", "1051")
    assert (listed["moved_on"], listed["occurrence_count"]) == ("20241115", "1")
    assert carried(played, R4, SOUTH, "1051") == [("202409", "1", "1")]
    assert carry_result(played, R4, SOUTH, "1051") == [("1", "1", "1")]


def test_cancelled_record_is_not_revived(played: Played) -> None:
    """Rules: P-7, Q-7, X-4, X-13, H-6."""
    overlap = ("1", NORTH.number, EAST.number, "20250501", "", "")
    assert finding(played, R2, EAST, "10601") == finding(played, R2, NORTH, "40601") == (*overlap, "1")
    assert candidate(played, R2, "4061", "1061") == (1, 0, "1", "3", "9")
    assert finding(played, R3, EAST, "10601") == finding(played, R3, NORTH, "40601") == (*overlap, "2")
    assert qualified(played, R3, NORTH, "40601") == [("1", "20180401", "", "", "20180401", "")]
    assert qualified(played, R3, EAST, "10601") == []
    assert candidate(played, R3, "4061", "1061")[2] == "2"
    assert [row["status"] for row in about(played, R3, EAST, "KEIKOHO", "4061")] == ["2"]
    assert answer(played, R4, "SKKOJIN_139519")["errors"] == ["2 KKH-P007 history_number"]
    assert qualified(played, R4, NORTH, "40601") == qualified(played, R4, EAST, "10601") == []
    assert played.rounds[R4]["summary.json"][0]["findings_opened"] == 0


def test_out_of_the_prefecture_and_back(played: Played) -> None:
    """Rules: D-1, D-3, Q-4, H-3, H-5."""
    assert qualified(played, R2, WEST, "20701") == [("3", "20200101", "20250405", "", "20200101", "20250405")]
    assert qualified(played, R2, EAST, "10701") == [("1", "20250520", "", "", "20250520", "")]
    assert no_finding(played, "20701", "10701")
    assert not is_candidate(played, "2071")


def test_employee_insurance_in_between(played: Played) -> None:
    """Rules: D-2, D-5, P-6, Q-4."""
    (lost,) = about(played, R2, SOUTH, "TOKUSO", "30801")
    assert (lost["status"], lost["qualification_lost"], lost["qualification_lost_reason"]) == ("3", "20250402", "53")
    assert qualified(played, R2, NORTH, "40801") == [("1", "20250501", "", "", "20250501", "")]
    assert no_finding(played, "30801", "40801")
    assert not is_candidate(played, "3081")


def test_residence_special_case(played: Played) -> None:
    """Rules: D-9, Q-4, X-37."""
    assert qualified(played, R2, EAST, "10901") == [
        ("1", "20181001", "", "", "20181001", "20250512"),
        ("2", "20181001", "", "", "20250512", ""),
    ]
    assert no_finding(played, "10901")
    assert not is_candidate(played, "1091")


def test_student(played: Played) -> None:
    """Rules: D-10, Q-1, X-13."""
    assert answer(played, R2, "SKKOJIN_139527")["rejected"] == 0
    for addressee in ("21001", "21002"):
        assert qualified(played, R1, WEST, addressee) == [("1", "20191001", "", "", "20191001", "")]
        for when in LATER:
            for file_id in ("TOKUSO", "HIHOID", "KAKUNIN"):
                assert about(played, when, WEST, file_id, addressee) == []
    assert not is_candidate(played, "2101")


def test_head_alone_joins_employee_insurance(played: Played) -> None:
    """Rules: D-5, H-5, X-14, X-17."""
    assert qualified(played, R2, EAST, "11101") == [("3", "20210401", "20250502", "", "20210401", "20250502")]
    assert qualified(played, R2, NORTH, "41101") == []
    (head,) = about(played, R2, NORTH, "HIHOID", "41101")
    for addressee in ("41102", "41103"):
        assert qualified(played, R2, NORTH, addressee) == [("2", "20210401", "", EAST.number, "20250520", "")]
    assert candidate(played, R2, "1111", "4111") == (2, 2, "1", "1", "1")
    (listed,) = about(played, R2, NORTH, "KEIKOHO", "1111")
    assert listed["head_municipal_insured_id"] == head["municipal_insured_id"]
    assert carry_result(played, R3, NORTH, "1111") == [("1", "2", "2")]


def test_head_changes_inside_the_household(played: Played) -> None:
    """Rules: H-2, H-4, H-5, X-20."""
    assert candidate(played, R2, "1121", "2121") == (2, 2, "1", "1", "2")
    assert carried(played, R3, WEST, "1121") == [("202409", "1", "1"), ("202412", "2", "1"), ("202501", "1", "1")]
    assert carry_result(played, R3, WEST, "1121") == [("1", "2", "2")]


def test_head_leaves_and_is_head_again(played: Played) -> None:
    """Rules: H-1, H-4, H-5, X-16, X-29."""
    assert candidate(played, R2, "1131", "4131") == (1, 3, "1", "1", "5")
    assert carry_result(played, R3, NORTH, "1131") == [("1", "3", "3")]
    assert candidate(played, R2, "1131", "3131") == (1, 0, "1", "1", "1")
    assert carry_result(played, R3, SOUTH, "1131") == [("2", "0", "0")]
    assert carried(played, R3, SOUTH, "1131") == []
    assert decided(played, R3, EAST, "1131") == [("4131", "1", "3"), ("3131", "1", "0")]


def test_member_leaves_and_becomes_head(played: Played) -> None:
    """Rules: H-4, H-5, X-16, X-36."""
    assert candidate(played, R2, "2141", "1141") == (1, 2, "1", "2", "5")
    assert decided(played, R3, EAST, "2141") == [("1141", "2", "0")]
    assert carry_result(played, R3, EAST, "2141") == carried(played, R3, EAST, "2141") == []
    assert candidate(played, R2, "2141", "3141") == (1, 2, "1", "1", "1")
    assert carried(played, R3, SOUTH, "2141") == [("202411", "1", "1"), ("202501", "1", "1")]


def test_joins_another_household(played: Played) -> None:
    """Rules: H-4, H-5, X-16."""
    assert qualified(played, R2, NORTH, "41501") == [("2", "20200401", "", WEST.number, "20250510", "")]
    assert candidate(played, R2, "2151", "4151") == (1, 2, "1", "2", "6")
    assert decided(played, R3, NORTH, "2151") == decided(played, R3, WEST, "2151") == [("4151", "2", "0")]
    assert carry_result(played, R3, NORTH, "2151") == carried(played, R3, NORTH, "2151") == []


def test_becomes_head_over_another_household(played: Played) -> None:
    """Rules: H-4, H-5, X-16, X-21."""
    assert candidate(played, R2, "3161", "1161") == (1, 2, "1", "1", "6")
    assert carried(played, R3, EAST, "3161") == [("202408", "1", "1"), ("202501", "1", "1")]
    assert carry_result(played, R3, EAST, "3161") == [("1", "2", "2")]


def test_nominal_head_stays_head(played: Played) -> None:
    """Rules: H-5, H-6, X-14, X-20."""
    assert qualified(played, R1, NORTH, "41701") == qualified(played, R2, WEST, "21701") == []
    assert len(about(played, R2, WEST, "HIHOID", "21701")) == 1
    assert candidate(played, R2, "4171", "2171") == (1, 3, "1", "1", "1")
    assert carry_result(played, R3, WEST, "4171") == [("1", "3", "3")]


def test_unmatched_after_the_wait(played: Played) -> None:
    """Rules: P-6, X-11, X-26."""
    assert qualified(played, R2, WEST, "21801") == [("1", "20230701", "", "", "20230701", "20250515")]
    assert about(played, R2, WEST, "KAKUNIN", "21801") == []
    assert finding(played, R3, WEST, "21801") == ("5", WEST.number, "", "20250515", "", "", "1")
    assert about(played, R4, WEST, "KAKUNIN", "21801") == []
    (listed,) = (row for row in played.rounds[R3]["findings.json"] if row["kind"] == "unmatched")
    assert listed["to_insurer"] is None
    assert [row for row in played.rows(R3, SOUTH.number, "KAKUNIN") if row["kind"] == "5"] == []


def test_one_sided(played: Played) -> None:
    """Rules: P-6, Q-4, X-9, X-26."""
    told = ("4", SOUTH.number, EAST.number, "20250520", "20250520", "0", "1")
    assert finding(played, R2, SOUTH, "31901") == finding(played, R2, EAST, "11901") == told
    assert qualified(played, R2, SOUTH, "31901") == [("9", "", "", "", "20200501", "20250520")]
    assert qualified(played, R2, EAST, "11901") == [("9", "", "", "", "20250520", "")]
    assert candidate(played, R4, "3191", "1191") == (1, 0, "1", "3", "9")


def test_number_comes_later(played: Played) -> None:
    """Rules: I-3, Q-2, X-33, P-6."""
    (known,) = about(played, R1, EAST, "HIHOID", "12001")
    (provisional,) = about(played, R2, SOUTH, "HIHOID", "32001")
    (changed,) = about(played, R3, SOUTH, "HIHOID", "32001")
    assert provisional["prefectural_insured_id"] != known["prefectural_insured_id"]
    assert (changed["update_kind"], changed["previous_prefectural_insured_id"]) == (
        "2", provisional["prefectural_insured_id"],
    )  # fmt: skip
    assert changed["prefectural_insured_id"] == known["prefectural_insured_id"]
    assert changed["municipal_insured_id"] == provisional["municipal_insured_id"]
    assert about(played, R3, EAST, "HIHOID", "12001") == []
    assert qualified(played, R2, SOUTH, "32001") == [("1", "20250508", "", "", "20250508", "")]
    assert qualified(played, R3, SOUTH, "32001") == [("2", "20210601", "", EAST.number, "20250508", "")]
    assert candidate(played, R3, "1201", "3201") == (1, 0, "1", "1", "1")
    assert no_finding(played, "12001", "32001")


def test_identity_conflict_corrected(played: Played) -> None:
    """Rules: I-1, X-6."""
    assert answer(played, R2, "SKKOJIN_139527")["errors"] == ["16 KKH-I001 individual_number"]
    conflict = ("3", NORTH.number, WEST.number, "20250510", "", "")
    assert finding(played, R2, NORTH, "42101") == finding(played, R2, WEST, "22101") == (*conflict, "1")
    assert about(played, R2, WEST, "HIHOID", "22101") == []
    assert qualified(played, R2, WEST, "22101") == []
    assert finding(played, R3, NORTH, "42101") == finding(played, R3, WEST, "22101") == (*conflict, "2")
    assert qualified(played, R3, WEST, "22101") == [("2", "20220201", "", NORTH.number, "20250510", "")]
    (before,), (now,) = about(played, R1, NORTH, "HIHOID", "42101"), about(played, R3, WEST, "HIHOID", "22101")
    assert (now["update_kind"], now["prefectural_insured_id"]) == ("1", before["prefectural_insured_id"])
    assert candidate(played, R3, "4211", "2211") == (1, 1, "1", "1", "1")


def test_protected_person_moves(played: Played) -> None:
    """Rules: Q-5, X-27, P-5."""
    gap = ("20250513", "20250515", "2")
    assert finding(played, R2, WEST, "22201") == ("2", WEST.number, "", *gap, "1")
    assert finding(played, R2, EAST, "12201") == ("2", WEST.number, EAST.number, *gap, "1")
    assert finding(played, R3, WEST, "22201") == ("2", WEST.number, "", *gap, "2")
    assert qualified(played, R3, EAST, "12201") == [("2", "20210801", "", WEST.number, "20250513", "")]
    (hidden,), (told,) = about(played, R4, WEST, "KEIKAKU", "2221"), about(played, R4, EAST, "KEIKAKU", "2221")
    assert (hidden["insurer_number"], hidden["household_number"], hidden["carried_months"]) == ("", "", "1")
    assert (told["insurer_number"], told["household_number"], told["carried_months"]) == (EAST.number, "1221", "1")
    for when in LATER:
        for file_id in ("TOKUSO", "HIHOID", "KAKUNIN", "KEIKAKU"):
            for row in about(played, when, WEST, file_id, "2221" if file_id == "KEIKAKU" else "22201"):
                assert EAST.number not in row.values()


def test_chain_carries_later_months_on(played: Played) -> None:
    """Rules: H-7, X-19, X-20, Q-4."""
    assert qualified(played, R2, WEST, "22301") == [("2", "20190201", "", SOUTH.number, "20250412", "20250522")]
    assert qualified(played, R2, NORTH, "42301") == [("2", "20190201", "", WEST.number, "20250522", "")]
    assert carried(played, R3, WEST, "3231") == [("202409", "1", "1"), ("202501", "1", "1")]
    assert carry_result(played, R3, WEST, "3231") == [("1", "2", "3")]
    assert carried(played, R3, NORTH, "2231") == [("202409", "1", "1"), ("202501", "1", "1"), ("202504", "1", "1")]
    later = [("202409", "1", "3"), ("202411", "1", "1"), ("202503", "1", "1")]
    assert carried(played, R4, WEST, "3231") == carried(played, R4, NORTH, "2231") == later
    assert carry_result(played, R4, WEST, "3231") == [("1", "3", "4")]
    assert carry_result(played, R4, NORTH, "2231") == [("1", "4", "4")]
    assert decided(played, R4, SOUTH, "3231") == [("2231", "1", "3")]


def test_revoked_decision(played: Played) -> None:
    """Rules: H-6, X-28, X-36."""
    assert carried(played, R3, NORTH, "1241") == [("202411", "1", "1")]
    assert candidate(played, R3, "1241", "4241") == (1, 1, "3", "1", "1")
    assert decided(played, R4, EAST, "1241") == decided(played, R4, NORTH, "1241") == [("4241", "3", "0")]
    assert carried(played, R4, NORTH, "1241") == [("202411", "1", "3")]
    assert carry_result(played, R4, NORTH, "1241") == [("3", "0", "0")]
    assert candidate(played, R4, "1241", "4241") == (1, 1, "1", "1", "1")


def test_file_out_of_sequence(played: Played) -> None:
    """Rules: X-2, X-3, P-5, X-9."""
    assert answer(played, R2, "SKKOJIN_139550")["result"] == "held"
    held = next(row for row in played.rows(R2, ISLAND.number, "SHOKEKKA") if row["result"] == "3")
    assert (held["line"], held["error_code"]) == ("0", "KKH-F021")
    assert finding(played, R2, EAST, "12501") == ("1", ISLAND.number, EAST.number, "20250512", "", "", "1")
    assert qualified(played, R2, EAST, "12501") == [("9", "", "", "", "20250512", "")]
    first, released = (each for each in played.rounds[R3]["answers.json"] if each["file"].startswith("SKKOJIN_139550"))
    assert (first["file"][-8:], first["result"], released["file"][-8:], released["result"]) == (
        "0002.csv", "applied", "0003.csv", "applied",
    )  # fmt: skip
    assert finding(played, R3, ISLAND, "52501") == ("1", ISLAND.number, EAST.number, "20250512", "", "", "2")
    assert qualified(played, R3, ISLAND, "52501") == [("1", "20200201", "", "", "20200201", "20250512")]
    assert qualified(played, R3, EAST, "12501") == [("2", "20200201", "", ISLAND.number, "20250512", "")]


def test_sent_twice(played: Played) -> None:
    """Rules: X-3, X-4, P-7."""
    given = answer(played, R4, "SKKOJIN_139550")
    assert (given["accepted"], given["rejected"], given["errors"]) == (0, 1, ["2 KKH-R002 history_number"])
    (row,) = played.rows(R4, ISLAND.number, "SHOKEKKA")
    assert (row["line"], row["result"], row["error_code"], row["error_field"]) == (
        "2",
        "2",
        "KKH-R002",
        "history_number",
    )
    for when in LATER:
        assert about(played, when, ISLAND, "TOKUSO", "52601") == []
