"""Which records of a file are judged beside others of their key, against a plain model, on both databases (X-4, P-3)."""

from __future__ import annotations

from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from kokuho_adapters.database import SqlDatabase
from kokuho_adapters.database.other_store import SqlOtherRecordStore
from kokuho_adapters.database.tables import received_file

from ..prefecture.office import A

Known = list[tuple[str, str | None]]
records = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["1", "1", "2", "3", None])), max_size=6)


def _model(files: list[Known], last: int) -> list[tuple[Known, Known]]:
    """A key of the last file, unless its one record is new and there is no other: all of it, in received order."""
    found = []
    for key in sorted({key for key, _ in files[last]}):
        of_key = [
            (number, (str(line), kind))
            for number, listed in enumerate(files)
            for line, (other, kind) in enumerate(listed, 2)
            if other == key
        ]
        if len(of_key) > 1 or of_key[0][1][1] in ("2", "3"):
            known = [each for number, each in of_key if number != last]
            found.append((known, [each for number, each in of_key if number == last]))
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # every example undoes what it kept
@given(st.lists(records, min_size=1, max_size=3))
def test_against_a_model(database: SqlDatabase, files: list[Known]) -> None:
    """Rules: X-4, P-3."""
    with database.begin() as work:
        store = SqlOtherRecordStore(work.connection)
        for number, listed in enumerate(files, 1):
            work.connection.execute(
                insert(received_file).values(
                    file_no=number, name=f"{number}", file_id="FUZOKU", sender=A, sequence=number,
                    created_at=datetime(2024, 4, 1), layout_version="1", fingerprint=b"", result="applied",
                    recorded_at=datetime(2024, 4, 1), accepted=0, rejected=0, held=0, is_waiting=False, is_reported=False,
                )
            )  # fmt: skip
            rows = [
                (line, key, {"insurer_number": A, "update_kind": kind}) for line, (key, kind) in enumerate(listed, 2)
            ]
            store.add(number, "FUZOKU", rows)
        for last in range(len(files)):
            found = [
                ([(str(line), kind) for line, kind in known], [(str(line), kind) for line, kind in sent])
                for known, sent in store.groups_to_judge(last + 1)
            ]
            assert found == _model(files, last)
