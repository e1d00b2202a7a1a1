"""What PostgreSQL itself keeps in its files: tables, indexes, samples of values, write-ahead log, server log (S-3, S-29)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from kokuho_adapters.database import open_database
from kokuho_adapters.database.scrubbing import scrub
from kokuho_core.usecases.retention import run_disposal

from ..aggregation.support import insured
from ..aggregation.test_canary import leaks
from ..prefecture.contents import ask, bytes_of_tables
from ..prefecture.office import A, B, PrefectureOffice, high_cost, household, number
from ..prefecture.servers import Server, name_of, started
from ..prefecture.two_people import REASON, by_two
from ..retention.test_retention import FIVE_YEARS_ON, lose

KEEPER = "keeper"
"""The owner of the tables, who is no superuser."""


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server whose log is thrown away when it is no longer needed, instead of being kept for use again."""
    with started(tempfile.mkdtemp(prefix="kokuho-postgresql-")) as opened:
        opened.execute(
            "ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()", f"CREATE ROLE {KEEPER} LOGIN CREATEROLE"
        )
        yield opened


@contextmanager
def office_of_a_plain_owner(server: Server, folder: Path) -> Iterator[PrefectureOffice]:
    url = server.new_database()
    server.execute(f"ALTER DATABASE {name_of(url)} OWNER TO {KEEPER}")
    owner = make_url(url).set(username=KEEPER).render_as_string(hide_password=False)
    PrefectureOffice(folder, database=owner).close()
    with PrefectureOffice(folder, database=owner, worker=server.as_worker(url), is_initialised=True) as office:
        yield office


def files(server: Server) -> dict[str, bytes]:
    """Every file of the server, after all that was committed is in its place."""
    server.execute("CHECKPOINT")
    [(folder,)] = ask(server.uri, "SELECT current_setting('data_directory')")
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def naming(server: Server, *traces: str) -> set[str]:
    return {name for name, content in files(server).items() if any(trace.encode() in content for trace in traces)}


def test_no_number_in_any_file(own_server: Server, tmp_path: Path) -> None:
    """Rules: S-3, S-8, I-5. Nor in the log of the server, where a statement that fails is told."""
    with office_of_a_plain_owner(own_server, tmp_path) as office:
        office.persons(A, insured(A, "1", 1, end="2024-04-01", name="記録　花子"), insured(A, "2", 2))
        office.persons(B, insured(B, "7", 1, start="2024-04-01", reason="07"))
        office.resolve()
        office.deliver(A)
        own_server.execute("CHECKPOINT")
        assert naming(own_server, "記録　花子")  # what is in a table is found
        for name, content in files(own_server).items():
            assert leaks(content, (1, 2)) == [], name


def test_deleted_rows_are_gone_after_the_owner_wrote_everything_anew(own_server: Server, tmp_path: Path) -> None:
    """Rules: S-29, S-35. What a disposal leaves in the files of a server, and what takes it away."""
    traces = ("消える　花子", "70001", "88001")
    with office_of_a_plain_owner(own_server, tmp_path) as office:
        assert isinstance(office.stored_in, str)
        lose(office, addressee="70001", household="88001", serial=77)
        office.households(A, household(A, "88001", "70001"), household(A, "2", "2"))
        office.months(A, high_cost(A, "88001", "201905"))
        office.persons(A, *(insured(A, str(n), n, "2", name="残る　太郎") for n in range(2, 60)))
        office.resolve()
        office.deliver(A)
        owner = open_database(office.stored_in)
        with owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")  # as the server does by itself: samples of values
        by_two(office, lambda office: run_disposal(office, FIVE_YEARS_ON, REASON))
        for table, content in bytes_of_tables(office.stored_in):
            assert not any(trace.encode() in content for trace in traces), table
        assert {name.split("/")[0] for name in naming(own_server, *traces)} == {"base", "pg_wal"}
        assert not scrub(office.installation.database.engine)  # not for the daily work
        assert scrub(owner.engine)
        assert not any(name.startswith("base") for name in naming(own_server, *traces))
        own_server.execute("SELECT pg_switch_wal()", "CHECKPOINT")  # the superuser's part
        assert naming(own_server, *traces) == set()
        assert naming(own_server, "残る　太郎")
        assert number(77) not in repr(files(own_server).keys())
        owner.close()
