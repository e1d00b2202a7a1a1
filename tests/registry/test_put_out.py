"""結果の配信: news that comes while the answer before it is being put out is told too (R-6, S-27)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kokuho_adapters.registry_simulator import folders
from kokuho_adapters.registry_simulator.folders import FolderService
from kokuho_adapters.registry_simulator.receiver import Receiver
from kokuho_adapters.registry_simulator.state import State
from kokuho_core.ports.registry import Batch, ReceptionNumber

from .kit import EAST, OPERATOR, Ticking, batch, folder_gateway, line, settings_in, told


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    settings = settings_in(tmp_path / "server")
    made = Receiver(settings, State(settings.state_folder), Ticking())
    yield made
    made.state.close()


def verification(receiver: Receiver, own: Path, sent: Batch, reception: str) -> Any:
    gateway = folder_gateway(receiver.settings, own)
    return told(gateway, sent, ReceptionNumber(reception))[-1].verification


@pytest.mark.parametrize("is_before", [True, False], ids=["before the file is there", "as soon as the file is there"])
def test_news_while_an_answer_is_put_out(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_before: bool
) -> None:
    """Rules: R-6. A check of a person that ends between the reading of the results and the note that they were put out."""
    gateway, service, sent = folder_gateway(receiver.settings, tmp_path / "own"), FolderService(receiver), batch(1, [line("K1")])
    reception = gateway.send(sent)
    put_out = folders.send_files

    def with_news(*given: Any) -> Any:
        if is_before:
            receiver.verify(OPERATOR, EAST, "M00000001", "3")
        done = put_out(*given)
        if not is_before:
            receiver.verify(OPERATOR, EAST, "M00000001", "3")
        monkeypatch.undo()
        return done

    monkeypatch.setattr(folders, "send_files", with_news)
    assert service.work_once() == 2  # taken, and answered
    assert verification(receiver, tmp_path / "own", sent, reception) == "1"
    assert service.work_once() == 1
    assert verification(receiver, tmp_path / "own", sent, reception) == "3"
    assert service.work_once() == 0


def test_an_answer_that_could_not_be_put_out_is_put_out_later(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules: R-3, S-27."""
    gateway, service, sent = folder_gateway(receiver.settings, tmp_path / "own"), FolderService(receiver), batch(1, [line("K1")])
    reception = gateway.send(sent)

    def fails(*_: Any) -> Any:
        raise OSError("no room")

    monkeypatch.setattr(folders, "send_files", fails)
    with pytest.raises(OSError, match="no room"):
        service.work_once()
    monkeypatch.undo()
    assert service.work_once() == 1
    assert verification(receiver, tmp_path / "own", sent, reception) == "1"
    assert service.work_once() == 0
