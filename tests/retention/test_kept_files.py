"""What is left outside the database: unfinished files, and sendings that were set aside (S-29)."""

from __future__ import annotations

import os
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kokuho_adapters.disposal import KeptFiles
from kokuho_adapters.exchange.folder import ExchangeFolder, Outcome, send_files
from kokuho_adapters.files import LayoutBook
from kokuho_core.errors import NotFound, SetupFault
from kokuho_core.retention.rules import RULES, RecordKind
from kokuho_core.usecases.retention import disposals, due_records, run_disposal

from ..aggregation.support import insured
from ..prefecture.office import A, PrefectureOffice, number
from ..prefecture.two_people import REASON, by_two
from .test_retention import FIVE_YEARS_ON, lose

TEMPORARY, QUARANTINE = RecordKind.TEMPORARY, RecordKind.QUARANTINE


def written_on(path: Path, day: date) -> Path:
    """As if nobody had touched it since noon of that day."""
    noon = datetime(day.year, day.month, day.day, 12).timestamp()
    os.utime(path, (noon, noon))
    return path


def file(path: Path, day: date, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return written_on(path, day)


@pytest.mark.parametrize("kind", [TEMPORARY, QUARANTINE])
def test_to_the_day(tmp_path: Path, kind: RecordKind) -> None:
    """Rules: S-29."""
    today = date(2024, 6, 30)
    place = tmp_path / ("a.csv.part" if kind is TEMPORARY else "quarantine/a.csv")
    kept = KeptFiles((tmp_path, tmp_path))
    for days, due in ((RULES[kind].days - 1, {}), (RULES[kind].days, {(kind, None): 1})):
        file(place, today - timedelta(days=days))
        assert kept.due(today) == due
    kept.destroy(today)
    assert not place.exists() and kept.due(today) == {}


def test_what_is_unfinished_and_what_is_not(tmp_path: Path) -> None:
    """Rules: S-29. Folders of a run that was killed go with all that is in them; what is complete stays."""
    old, today = date(2024, 1, 1), date(2024, 6, 30)
    gone = [file(tmp_path / name, old) for name in ("a.csv.part", ".kokuho-x.part", ".ring.json.0f.tmp")]
    staging = tmp_path / ".kokuho-abc.staging"
    file(staging / "b.csv", old)
    gone.append(written_on(staging, old))
    stays = [file(tmp_path / name, old) for name in ("c.csv", "parts.csv", "taken/d.json", "below/e.csv.part", "quarantined.csv")]
    kept = KeptFiles((tmp_path, tmp_path / "none"))
    assert kept.due(today) == {(TEMPORARY, None): 4}
    kept.destroy(today)
    assert not any(each.exists() for each in gone) and all(each.exists() for each in stays)


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    """Rules: S-29, S-20."""
    elsewhere = file(tmp_path / "elsewhere" / "f.csv", date(2024, 1, 1)).parent
    (tmp_path / "quarantine").mkdir()
    link = tmp_path / "quarantine" / "s"
    link.symlink_to(elsewhere)
    noon = datetime(2024, 1, 1, 12).timestamp()
    os.utime(link, (noon, noon), follow_symlinks=False)
    KeptFiles((tmp_path,)).destroy(date(2024, 6, 30))
    assert not link.is_symlink() and (elsewhere / "f.csv").exists()


def test_nothing_of_a_sending_that_was_set_aside_is_left(office: PrefectureOffice, tmp_path: Path) -> None:
    """Rules: S-29, S-13. Changed on its way, it stays 90 days; then the record of the disposal is all that is left of it."""
    shared, records = tmp_path / "shared", tmp_path / "records"
    shared.mkdir()
    path = office.write("SKKOJIN", A, [insured(A, "1", 1)])
    moment = datetime(2024, 1, 1, 9)
    send_files([path], shared, A, "139999", moment, LayoutBook.shipped())
    content = bytearray((shared / path.name).read_bytes())
    content[-20] ^= 1
    (shared / path.name).write_bytes(content)
    path.unlink()
    (taking,) = ExchangeFolder(shared, tmp_path / "in", records, "139999").take()
    assert taking.outcome is Outcome.QUARANTINED
    (aside,) = (records / "quarantine").iterdir()
    written_on(aside, date(2024, 3, 3))
    kept = KeptFiles((records,))

    def holds_the_number() -> bool:
        found = (each for each in tmp_path.rglob("*") if each.is_file() and each.suffix == ".csv")
        return any(number(1).encode() in each.read_bytes() for each in found)

    assert due_records(office.office, date(2024, 5, 31), kept) == {}
    assert holds_the_number()
    with pytest.raises(NotFound, match="KKH-G009"):
        run_disposal(office.office, date(2024, 5, 31), REASON, kept)
    assert due_records(office.office, date(2024, 6, 1), kept) == {(QUARANTINE, None): 1}
    done = by_two(office, lambda office: run_disposal(office, date(2024, 6, 1), REASON, kept))
    assert done.counts == {(QUARANTINE, None): 1}
    assert disposals(office.office) == [done]
    assert not holds_the_number() and list((records / "quarantine").iterdir()) == []


def test_a_day_to_come_takes_nothing_of_today(office: PrefectureOffice, tmp_path: Path) -> None:
    """Rules: S-29. Files are at work now, whatever day the records are counted for."""
    part = file(tmp_path / "a.csv.part", office.clock.today() - timedelta(days=1))
    assert due_records(office.office, date(2090, 1, 1), KeptFiles((tmp_path,))) == {}
    assert part.exists()


def test_what_cannot_be_deleted_is_told_and_goes_with_the_next_run(
    office: PrefectureOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: S-29, S-7. Under the agreement that was given; it is on record before it goes."""
    lose(office)
    stuck = file(tmp_path / "quarantine" / "s" / "a.csv", date(2020, 1, 1)).parent
    written_on(stuck, date(2020, 1, 1))
    kept = KeptFiles((tmp_path,))

    def refused(path: Path) -> None:
        raise PermissionError(13, "not allowed")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refused)
        with pytest.raises(SetupFault, match="KKH-C021") as told:
            by_two(office, lambda office: run_disposal(office, FIVE_YEARS_ON, REASON, kept))
    assert (told.value.problems[0].field, stuck.exists()) == ("1", True)
    assert [each.completed_at for each in disposals(office.office)] == [None]
    done = run_disposal(office.office, FIVE_YEARS_ON, files=kept)
    assert done.completed_at is not None and not stuck.exists()
    assert done.counts[QUARANTINE, None] >= 1 and done.counts[RecordKind.PERSON, A] == 1
