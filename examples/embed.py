"""組み込みの例: the whole job from a program of your own, on invented data, in a temporary SQLite database."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from kokuho_adapters.composition import initialise, open_installation
from kokuho_adapters.configuration import Configuration
from kokuho_adapters.insurers_list import read_insurers
from kokuho_adapters.synthetic import generate_prefecture
from kokuho_core.usecases.deliver import deliver
from kokuho_core.usecases.listings import list_candidates, list_findings
from kokuho_core.usecases.receive import receive
from kokuho_core.usecases.resolve import resolve


def run(folder: Path) -> None:
    """Receive, resolve and deliver in ``folder``, and tell what happened."""
    made = generate_prefecture(persons=300, municipalities=4, seed=1, directory=folder / "sent")
    configuration = Configuration(f"sqlite:///{(folder / 'kokuho.sqlite3').as_posix()}")
    insurers = read_insurers(folder / "sent" / "insurers.csv", "13")
    initialise(configuration, "13", insurers)
    with open_installation(configuration) as opened:
        register = opened.register()
        for name in made.names:
            for answer in receive(opened.office, opened.incoming(folder / "sent" / name, register)):
                print(f"{answer.file}: {answer.result.value}, {answer.counts.accepted} accepted")
        summary = resolve(opened.office, as_of=date(2024, 12, 31))
        print(f"{summary.persons} persons, {summary.findings_open} open findings")
        print(f"{len(list_findings(opened.office))} findings, {len(list_candidates(opened.office))} candidates")
        out = folder / "returned"
        out.mkdir()
        for insurer in insurers:
            for file in deliver(opened.office, insurer.insurer_number, opened.outgoing(out), str(out)):
                print(f"{file.file}: {file.records} records")


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        run(Path(temporary))
